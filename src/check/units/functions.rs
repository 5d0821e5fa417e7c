//! What each built-in function asks of its arguments' units and what unit it gives, after the "Units:" line of each
//! function's page in the Vensim reference and the tables of XMILE 1.0, section 3.5.

use crate::model::Function;

/// What an argument must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The same as all other shared arguments.
    Shared,
    Pure,
    Time,
    PerTime,
    Any,
}

/// The unit of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Shared,
    SharedTimesTime,
    SharedPerTime,
    Root,
    Inverse,
    Product,
    Pure,
    /// Whatever its place asks for.
    Number,
    Time,
    PerTime,
    Unknown,
}

/// The parts of the arguments in order; further arguments are like the last.
pub struct Signature {
    parts: &'static [Part],
    pub outcome: Outcome,
}

impl Signature {
    pub fn part(&self, place: usize) -> Part {
        self.parts.get(place).or(self.parts.last()).copied().unwrap_or(Part::Any)
    }
}

pub fn signature(function: Function) -> Signature {
    use Part::{Any, PerTime, Pure, Shared, Time};
    let (parts, outcome): (&'static [Part], Outcome) = match function {
        Function::Absolute
        | Function::Truncate
        | Function::Floor
        | Function::RoundHalfUp
        | Function::Quantum
        | Function::Modulo
        | Function::Remainder
        | Function::Minimum
        | Function::Maximum
        | Function::Initial
        | Function::ActiveInitial
        | Function::Previous
        | Function::Game
        | Function::Sum
        | Function::VectorMinimum
        | Function::VectorMaximum
        | Function::Mean
        | Function::StandardDeviation
        | Function::PoissonDraw
        | Function::ExponentialDraw => (&[Shared], Outcome::Shared),

        Function::Exponential
        | Function::NaturalLogarithm
        | Function::DecimalLogarithm
        | Function::Logarithm
        | Function::Sine
        | Function::Cosine
        | Function::Tangent
        | Function::ArcSine
        | Function::ArcCosine
        | Function::ArcTangent
        | Function::HyperbolicSine
        | Function::HyperbolicCosine
        | Function::HyperbolicTangent
        | Function::GammaLogarithm
        | Function::Factorial => (&[Pure], Outcome::Pure),
        Function::SquareRoot => (&[Shared], Outcome::Root),
        Function::SineCircle | Function::CosineCircle => (&[Shared, Time], Outcome::Shared),
        Function::Product => (&[Shared], Outcome::Product),
        Function::InvertMatrix => (&[Shared, Any], Outcome::Inverse),
        Function::Sign | Function::Size | Function::ElementCount => (&[Any], Outcome::Pure),
        Function::Pi | Function::RandomStandard => (&[], Outcome::Pure),
        Function::Infinity => (&[], Outcome::Number),

        Function::Step => (&[Shared, Time], Outcome::Shared),
        Function::Ramp => (&[Shared, Time], Outcome::SharedTimesTime),
        Function::PulseWindow | Function::PulseTrain => (&[Time], Outcome::Pure),
        Function::PulseVolume => (&[Shared, Time], Outcome::SharedPerTime),
        Function::TimeValue | Function::StepLength | Function::StartTime | Function::StopTime => (&[], Outcome::Time),

        Function::Smooth
        | Function::Smooth3
        | Function::Delay1
        | Function::Delay3
        | Function::DelayFixed
        | Function::DelayPipeline
        | Function::DelayMaterial
        | Function::DelayInformation
        | Function::History => (&[Shared, Time, Shared], Outcome::Shared),
        Function::SmoothN | Function::DelayN => (&[Shared, Time, Shared, Pure], Outcome::Shared),
        Function::SmoothOrder | Function::DelayOrder => (&[Shared, Time, Pure, Shared], Outcome::Shared),
        // Leak, profile and content: per time, a table, and units times time.
        Function::DelayConveyor => (&[Shared, Time, PerTime, Any, Any, Time], Outcome::Shared),
        Function::Trend | Function::TrendInitial => (&[Any, Time, PerTime], Outcome::PerTime),
        Function::Forecast | Function::ForecastInitial => (&[Shared, Time, Time, PerTime], Outcome::Shared),
        Function::NetPresentValue | Function::NetPresentValueDiscount => {
            (&[Shared, PerTime, Any], Outcome::SharedTimesTime)
        }
        Function::SampleIfTrue => (&[Any, Shared], Outcome::Shared),

        Function::VectorSelect => (&[Any, Shared, Any], Outcome::Shared),
        Function::VectorElementMap | Function::VectorReorder => (&[Shared, Any], Outcome::Shared),
        Function::VectorSortOrder | Function::VectorRank | Function::RankedIndex => (&[Any], Outcome::Pure),
        Function::AllocateByPriority => (&[Shared, Any, Any, Any, Shared], Outcome::Shared),
        Function::AllocateAvailable => (&[Shared, Any, Shared], Outcome::Shared),

        // A table written in place gives the unit of the variable it defines.
        Function::WithLookup => (&[Any], Outcome::Number),
        Function::LookupExtrapolate | Function::LookupForward | Function::LookupBackward => {
            (&[Shared, Any], Outcome::Shared)
        }
        Function::LookupInvert | Function::LookupArea => (&[Any], Outcome::Unknown),
        Function::TimeShift | Function::DataAtTime => (&[Shared, Time], Outcome::Shared),
        Function::DataBetweenTimes => (&[Shared, Time, Any], Outcome::Shared),
        Function::DataFirstTime | Function::DataLastTime => (&[Any], Outcome::Time),
        Function::SheetConstants | Function::SheetData | Function::SheetLookups => (&[Any], Outcome::Number),

        Function::RandomUniform => (&[Shared, Shared, Any], Outcome::Shared),
        Function::RandomNormal | Function::RandomExponential => {
            (&[Shared, Shared, Shared, Shared, Any], Outcome::Shared)
        }
        Function::RandomPoisson | Function::RandomTriangular => {
            (&[Shared, Shared, Shared, Shared, Shared, Any], Outcome::Shared)
        }
        Function::NormalDraw => (&[Shared, Shared, Any], Outcome::Shared),

        // These depend on more than the parts say; `inference` treats the first four.
        Function::Power
        | Function::ZeroIfDivisionByZero
        | Function::ElseIfDivisionByZero
        | Function::SafeDivision
        | Function::GetTimeValue => (&[Any], Outcome::Unknown),
    };
    Signature { parts, outcome }
}
