//! The functions of both languages, by meaning. One row each: what it is called where, and how many arguments it takes.

use super::{Dialect, Name};
use std::collections::HashMap;
use std::sync::OnceLock;

macro_rules! functions {
    ($($variant:ident $vensim:tt $xmile:tt;)*) => {
        /// A built-in function. Where Vensim and Stella give one name two meanings there are two variants.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Function { $($variant,)* }

        const ROWS: &[(Function, &[Spelling], &[Spelling])] = &[$((Function::$variant, &$vensim, &$xmile),)*];
    };
}

/// `(name, fewest arguments, most arguments)`; `MANY` is no limit.
type Spelling = (&'static str, usize, usize);

const MANY: usize = usize::MAX;

functions! {
    // arithmetic
    Absolute [("ABS", 1, 1)] [("ABS", 1, 1)];
    Exponential [("EXP", 1, 1)] [("EXP", 1, 1)];
    NaturalLogarithm [("LN", 1, 1)] [("LN", 1, 1)];
    DecimalLogarithm [] [("LOG10", 1, 1)];
    Logarithm [("LOG", 2, 2)] [("LOG", 2, 2)];
    SquareRoot [("SQRT", 1, 1)] [("SQRT", 1, 1)];
    Power [("POWER", 2, 2)] [];
    Sine [("SIN", 1, 1)] [("SIN", 1, 1)];
    Cosine [("COS", 1, 1)] [("COS", 1, 1)];
    Tangent [("TAN", 1, 1)] [("TAN", 1, 1)];
    ArcSine [("ARCSIN", 1, 1)] [("ARCSIN", 1, 1)];
    ArcCosine [("ARCCOS", 1, 1)] [("ARCCOS", 1, 1)];
    ArcTangent [("ARCTAN", 1, 1)] [("ARCTAN", 1, 1)];
    HyperbolicSine [("SINH", 1, 1)] [("SINH", 1, 1)];
    HyperbolicCosine [("COSH", 1, 1)] [("COSH", 1, 1)];
    HyperbolicTangent [("TANH", 1, 1)] [("TANH", 1, 1)];
    SineCircle [] [("SINWAVE", 2, 2)];
    CosineCircle [] [("COSWAVE", 2, 2)];
    // Vensim truncates towards zero, Stella rounds down.
    Truncate [("INTEGER", 1, 1)] [];
    Floor [] [("INT", 1, 1)];
    RoundHalfUp [] [("ROUND", 1, 1)];
    Quantum [("QUANTUM", 2, 2)] [];
    // Vensim's remainder has the dividend's sign, Stella's the divisor's.
    Modulo [("MODULO", 2, 2)] [];
    Remainder [] [("MOD", 2, 2)];
    Minimum [("MIN", 2, 2)] [("MIN", 1, MANY)];
    Maximum [("MAX", 2, 2)] [("MAX", 1, MANY)];
    ZeroIfDivisionByZero [("ZIDZ", 2, 2)] [];
    ElseIfDivisionByZero [("XIDZ", 3, 3)] [];
    SafeDivision [] [("SAFEDIV", 2, 3)];
    Pi [] [("PI", 0, 0)];
    Infinity [] [("INF", 0, 0)];
    GammaLogarithm [("GAMMA LN", 1, 1)] [("GAMMALN", 1, 1)];
    Sign [] [("SIGN", 1, 1)];
    Factorial [] [("FACTORIAL", 1, 1)];
    // time
    Step [("STEP", 2, 2)] [("STEP", 2, 2)];
    Ramp [("RAMP", 2, 3)] [("RAMP", 1, 3)];
    PulseWindow [("PULSE", 2, 2)] [];
    PulseTrain [("PULSE TRAIN", 4, 4)] [];
    PulseVolume [] [("PULSE", 1, 3)];
    TimeValue [] [("TIME", 0, 0)];
    StepLength [] [("DT", 0, 0)];
    StartTime [] [("STARTTIME", 0, 0)];
    StopTime [] [("STOPTIME", 0, 0)];
    GetTimeValue [("GET TIME VALUE", 3, 3)] [];
    // smoothing and delays
    Smooth [("SMOOTH", 2, 2), ("SMOOTHI", 3, 3)] [("SMTH1", 2, 3)];
    Smooth3 [("SMOOTH3", 2, 2), ("SMOOTH3I", 3, 3)] [("SMTH3", 2, 3)];
    SmoothN [("SMOOTH N", 4, 4)] [];
    SmoothOrder [] [("SMTHN", 3, 4)];
    Delay1 [("DELAY1", 2, 2), ("DELAY1I", 3, 3)] [("DELAY1", 2, 3)];
    Delay3 [("DELAY3", 2, 2), ("DELAY3I", 3, 3)] [("DELAY3", 2, 3)];
    DelayN [("DELAY N", 4, 4)] [];
    DelayOrder [] [("DELAYN", 3, 4)];
    DelayFixed [("DELAY FIXED", 3, 3)] [];
    DelayPipeline [] [("DELAY", 2, 3)];
    DelayConveyor [("DELAY CONVEYOR", 6, 6)] [];
    DelayMaterial [("DELAY MATERIAL", 4, 4)] [];
    DelayInformation [("DELAY INFORMATION", 3, 3)] [];
    Trend [("TREND", 3, 3)] [];
    TrendInitial [] [("TREND", 2, 3)];
    Forecast [("FORECAST", 3, 3)] [];
    ForecastInitial [] [("FORCST", 3, 4)];
    NetPresentValue [("NPV", 4, 4)] [];
    NetPresentValueDiscount [] [("NPV", 2, 3)];
    // memory
    SampleIfTrue [("SAMPLE IF TRUE", 3, 3)] [];
    Initial [("INITIAL", 1, 1), ("REINITIAL", 1, 1)] [("INIT", 1, 1)];
    ActiveInitial [("ACTIVE INITIAL", 2, 2)] [];
    Previous [] [("PREVIOUS", 1, 2)];
    History [] [("HISTORY", 2, 3)];
    Game [("GAME", 1, 1)] [];
    // reductions and vectors
    Sum [("SUM", 1, 1)] [("SUM", 1, 1)];
    Product [("PROD", 1, 1)] [("PROD", 1, 1)];
    VectorMinimum [("VMIN", 1, 1)] [];
    VectorMaximum [("VMAX", 1, 1)] [];
    Mean [] [("MEAN", 1, MANY)];
    StandardDeviation [] [("STDDEV", 1, 1)];
    Size [] [("SIZE", 1, 1)];
    ElementCount [("ELMCOUNT", 1, 1)] [];
    VectorSelect [("VECTOR SELECT", 5, 5)] [];
    VectorElementMap [("VECTOR ELM MAP", 2, 2)] [];
    VectorSortOrder [("VECTOR SORT ORDER", 2, 2)] [];
    VectorReorder [("VECTOR REORDER", 2, 2)] [];
    VectorRank [("VECTOR RANK", 2, 2)] [];
    RankedIndex [] [("RANK", 2, 3)];
    InvertMatrix [("INVERT MATRIX", 2, 2)] [];
    AllocateByPriority [("ALLOCATE BY PRIORITY", 5, 5)] [];
    AllocateAvailable [("ALLOCATE AVAILABLE", 3, 3)] [];
    // lookups and data
    WithLookup [("WITH LOOKUP", 2, 2)] [("LOOKUP", 2, 2)];
    LookupInvert [("LOOKUP INVERT", 2, 2)] [];
    LookupExtrapolate [("LOOKUP EXTRAPOLATE", 2, 2)] [];
    LookupForward [("LOOKUP FORWARD", 2, 2)] [];
    LookupBackward [("LOOKUP BACKWARD", 2, 2)] [];
    LookupArea [("LOOKUP AREA", 3, 3)] [];
    TimeShift [("TIME SHIFT", 2, 2)] [];
    DataAtTime [("GET DATA AT TIME", 2, 2)] [];
    DataBetweenTimes [("GET DATA BETWEEN TIMES", 3, 3)] [];
    DataFirstTime [("GET DATA FIRST TIME", 1, 1)] [];
    DataLastTime [("GET DATA LAST TIME", 1, 1)] [];
    SheetConstants [("GET XLS CONSTANTS", 3, 3), ("GET DIRECT CONSTANTS", 3, 3)] [];
    SheetData [("GET XLS DATA", 4, 4), ("GET DIRECT DATA", 4, 4)] [];
    SheetLookups [("GET XLS LOOKUPS", 4, 4), ("GET DIRECT LOOKUPS", 4, 4)] [];
    // random
    RandomStandard [("RANDOM 0 1", 0, 0)] [];
    RandomUniform [("RANDOM UNIFORM", 3, 3)] [("RANDOM", 2, 5), ("UNIFORM", 2, 3)];
    RandomNormal [("RANDOM NORMAL", 5, 5)] [];
    RandomExponential [("RANDOM EXPONENTIAL", 5, 5)] [];
    RandomPoisson [("RANDOM POISSON", 6, 6)] [];
    RandomTriangular [("RANDOM TRIANGULAR", 6, 6)] [];
    NormalDraw [] [("NORMAL", 2, 5)];
    ExponentialDraw [] [("EXPRND", 1, 2)];
    PoissonDraw [] [("POISSON", 1, 5)];
}

impl Function {
    /// The function that `dialect` calls `name`. In XMILE, Vensim's functions have their meaning under `vensim.`.
    pub fn named(dialect: Dialect, name: &Name) -> Option<Function> {
        find(dialect, name).map(|(function, ..)| *function)
    }

    /// Fewest and most arguments of the spelling `name`.
    pub fn arity(dialect: Dialect, name: &Name) -> Option<(usize, usize)> {
        find(dialect, name).map(|(_, fewest, most)| (*fewest, *most))
    }

    /// All spellings of a dialect, in the table's order.
    pub fn spellings(dialect: Dialect) -> impl Iterator<Item = &'static str> {
        ROWS.iter().flat_map(move |row| pick(dialect, row)).map(|(name, ..)| *name)
    }

    /// The first spelling in `dialect`, if the function exists there.
    pub fn spelling(self, dialect: Dialect) -> Option<&'static str> {
        let row = ROWS.iter().find(|row| row.0 == self)?;
        pick(dialect, row).first().map(|(name, ..)| *name)
    }
}

fn pick(dialect: Dialect, row: &(Function, &'static [Spelling], &'static [Spelling])) -> &'static [Spelling] {
    match dialect {
        Dialect::Vensim => row.1,
        Dialect::Xmile => row.2,
    }
}

fn find(dialect: Dialect, name: &Name) -> Option<&'static (Function, usize, usize)> {
    match name.key().strip_prefix("vensim.") {
        Some(rest) if dialect == Dialect::Xmile => index(Dialect::Vensim).get(rest),
        _ => index(dialect).get(name.key()),
    }
}

type Index = HashMap<String, (Function, usize, usize)>;

fn index(dialect: Dialect) -> &'static Index {
    static VENSIM: OnceLock<Index> = OnceLock::new();
    static XMILE: OnceLock<Index> = OnceLock::new();
    let cell = match dialect {
        Dialect::Vensim => &VENSIM,
        Dialect::Xmile => &XMILE,
    };
    cell.get_or_init(|| {
        let mut index = Index::new();
        for row in ROWS {
            for (name, fewest, most) in pick(dialect, row) {
                index.insert(Name::new(name).key().to_owned(), (row.0, *fewest, *most));
            }
        }
        index
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_may_mean_two_things() {
        let pulse = Name::new("pulse");
        assert_eq!(Function::named(Dialect::Vensim, &pulse), Some(Function::PulseWindow));
        assert_eq!(Function::named(Dialect::Xmile, &pulse), Some(Function::PulseVolume));
        assert_eq!(Function::arity(Dialect::Vensim, &Name::new("smooth_n")), Some((4, 4)));
        assert_eq!(Function::Smooth.spelling(Dialect::Xmile), Some("SMTH1"));
        let prefixed = Name::new("vensim.PULSE");
        assert_eq!(Function::named(Dialect::Xmile, &prefixed), Some(Function::PulseWindow));
        assert_eq!(Function::named(Dialect::Vensim, &prefixed), None);
    }
}
