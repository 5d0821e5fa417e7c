//! Calls of built-in functions: arithmetic, functions of time, random draws. Delays, vectors and lookups have their own files.

use super::scope::Context;
use super::{Failed, Lowered, Lowering, Origin, Recurring, Site};
use crate::compile::fault::Fault;
use crate::compile::graph::{Slot, Value};
use crate::compile::operation::{Binary, Unary};
use crate::compile::request::Landing;
use crate::model::{Expression, Function, Tool};

impl<'a> Lowering<'a> {
    pub(super) fn function(
        &mut self,
        function: Function,
        arguments: &'a [Expression],
        expression: &'a Expression,
        context: &Context,
    ) -> Lowered {
        use Function as F;
        let function = self.as_its_tool_reads(function);
        if let Some(operation) = unary(function) {
            let x = self.expression(&arguments[0], context)?;
            return Ok(self.graph.unary(operation, x));
        }
        match function {
            F::Smooth
            | F::Smooth3
            | F::SmoothN
            | F::SmoothOrder
            | F::Delay1
            | F::Delay3
            | F::DelayN
            | F::DelayOrder
            | F::DelayFixed
            | F::DelayPipeline
            | F::DelayMaterial
            | F::DelayInformation
            | F::DelayConveyor
            | F::Trend
            | F::TrendInitial
            | F::Forecast
            | F::ForecastInitial
            | F::NetPresentValue
            | F::NetPresentValueDiscount
            | F::SampleIfTrue
            | F::Initial
            | F::ActiveInitial
            | F::Previous => self.memory_function(function, arguments, expression, context),
            F::Sum
            | F::Product
            | F::VectorMinimum
            | F::VectorMaximum
            | F::Mean
            | F::StandardDeviation
            | F::Size
            | F::ElementCount
            | F::VectorSelect
            | F::VectorElementMap
            | F::VectorSortOrder
            | F::VectorReorder
            | F::VectorRank
            | F::RankedIndex
            | F::InvertMatrix
            | F::AllocateByPriority
            | F::AllocateAvailable => self.vector_function(function, arguments, expression, context),
            F::WithLookup
            | F::LookupInvert
            | F::LookupExtrapolate
            | F::LookupForward
            | F::LookupBackward
            | F::LookupArea
            | F::TimeShift
            | F::DataAtTime
            | F::DataBetweenTimes
            | F::DataFirstTime
            | F::DataLastTime => self.lookup_function(function, arguments, expression, context),
            F::Minimum | F::Maximum if arguments.len() == 1 => {
                self.vector_function(function, arguments, expression, context)
            }
            F::GetTimeValue => self.get_time_value(arguments, expression, context),
            F::History | F::SheetConstants | F::SheetData | F::SheetLookups | F::RandomPoisson | F::PoissonDraw => {
                Err(self.unsupported(function, expression, context))
            }
            _ => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    values.push(self.expression(argument, context));
                }
                let values: Vec<Value> = values.into_iter().collect::<Result<_, _>>()?;
                self.scalar_function(function, &values, expression, context)
            }
        }
    }

    /// Vensim writes its own INTEGER and MODULO into XMILE under the standard's names.
    fn as_its_tool_reads(&self, function: Function) -> Function {
        match (self.checked.model().tool, function) {
            (Tool::Vensim, Function::Floor) => Function::Truncate,
            (Tool::Vensim, Function::Remainder) => Function::Modulo,
            _ => function,
        }
    }

    pub(super) fn unsupported(&mut self, function: Function, expression: &Expression, context: &Context) -> Failed {
        let name = function.spelling(self.dialect()).unwrap_or("this function");
        let instead = match function {
            Function::SheetConstants | Function::SheetData | Function::SheetLookups => {
                "make the call the whole right-hand side of a variable of its own"
            }
            Function::GetTimeValue => "use Time, or a lookup of the values wanted",
            Function::History => "use PREVIOUS, DELAY or a stock that keeps the value",
            _ => "use RANDOM UNIFORM, RANDOM NORMAL or RANDOM EXPONENTIAL",
        };
        let variable = self.reading(context);
        self.fail(Fault::Unsupported {
            construct: format!("the function {name}"),
            variable,
            span: expression.span,
            instead: instead.to_owned(),
        })
    }

    fn scalar_function(
        &mut self,
        function: Function,
        values: &[Value],
        expression: &'a Expression,
        context: &Context,
    ) -> Lowered {
        use Function as F;
        let zero = self.number(0.0);
        let one = self.number(1.0);
        Ok(match (function, values) {
            (F::Minimum, values) => self.fold(Binary::Minimum, values),
            (F::Maximum, values) => self.fold(Binary::Maximum, values),
            (F::Logarithm, [x, base]) => {
                if self.graph.as_constant(*base) == Some(10.0) {
                    self.graph.unary(Unary::DecimalLogarithm, *x)
                } else {
                    let (x, base) = (
                        self.graph.unary(Unary::NaturalLogarithm, *x),
                        self.graph.unary(Unary::NaturalLogarithm, *base),
                    );
                    self.graph.binary(Binary::Divide, x, base)
                }
            }
            (F::Power, [x, y]) => self.graph.binary(Binary::Power, *x, *y),
            (F::Modulo, [x, y]) => self.graph.binary(Binary::Modulo, *x, *y),
            (F::Remainder, [x, y]) => self.graph.binary(Binary::Remainder, *x, *y),
            (F::Quantum, [x, y]) => {
                let ratio = self.graph.binary(Binary::Divide, *x, *y);
                let whole = self.graph.unary(Unary::Truncate, ratio);
                let product = self.graph.binary(Binary::Multiply, *y, whole);
                let positive = self.graph.binary(Binary::Less, zero, *y);
                self.graph.select(positive, product, *x)
            }
            (F::RoundHalfUp, [x]) => {
                let half = self.number(0.5);
                let shifted = self.graph.binary(Binary::Add, *x, half);
                self.graph.unary(Unary::Floor, shifted)
            }
            (F::ZeroIfDivisionByZero, [x, y]) => self.safe_division(*x, *y, zero),
            (F::ElseIfDivisionByZero, [x, y, otherwise]) => self.safe_division(*x, *y, *otherwise),
            (F::SafeDivision, [x, y]) => self.exact_division(*x, *y, zero),
            (F::SafeDivision, [x, y, otherwise]) => self.exact_division(*x, *y, *otherwise),
            (F::Pi, _) => self.number(std::f64::consts::PI),
            (F::Infinity, _) => self.number(f64::INFINITY),
            (F::Factorial, [x]) => {
                let next = self.graph.binary(Binary::Add, *x, one);
                let logarithm = self.graph.unary(Unary::GammaLogarithm, next);
                let product = self.graph.unary(Unary::Exponential, logarithm);
                let half = self.number(0.5);
                let shifted = self.graph.binary(Binary::Add, product, half);
                self.graph.unary(Unary::Floor, shifted)
            }
            (F::Game, [x]) => *x,
            (F::TimeValue, _) => self.time(),
            (F::StepLength, _) => self.control("TIME STEP", context.phase)?,
            (F::StartTime, _) => self.control("INITIAL TIME", context.phase)?,
            (F::StopTime, _) => self.control("FINAL TIME", context.phase)?,
            (F::SineCircle, [amplitude, period]) => self.wave(Unary::Sine, *amplitude, *period),
            (F::CosineCircle, [amplitude, period]) => self.wave(Unary::Cosine, *amplitude, *period),
            (F::Step, [height, start]) => {
                let on = self.reached(*start, context)?;
                self.graph.select(on, *height, zero)
            }
            (F::PulseWindow, [start, width]) => {
                let step = self.control("TIME STEP", context.phase)?;
                let width = self.graph.binary(Binary::Maximum, *width, step);
                let end = self.graph.binary(Binary::Add, *start, width);
                self.between(*start, end, context)?
            }
            (F::PulseTrain, [start, width, repeat, end]) => self.pulse_train(*start, *width, *repeat, *end, context)?,
            (F::PulseVolume, values) => self.pulse_volume(values, context)?,
            (F::Ramp, values) => self.ramp(values, context)?,
            (F::RandomStandard, _) => self.uniform(expression, context, 0),
            (F::RandomUniform, [low, high, ..]) => {
                let draw = self.uniform(expression, context, 0);
                let width = self.graph.binary(Binary::Subtract, *high, *low);
                let scaled = self.graph.binary(Binary::Multiply, width, draw);
                self.graph.binary(Binary::Add, *low, scaled)
            }
            (F::RandomNormal, [low, high, mean, deviation, _]) => {
                let draw = self.uniform(expression, context, 0);
                self.truncated_normal(draw, *low, *high, *mean, *deviation)
            }
            (F::NormalDraw, [mean, deviation, ..]) => {
                let draw = self.uniform(expression, context, 0);
                let standard = self.graph.unary(Unary::NormalQuantile, draw);
                let scaled = self.graph.binary(Binary::Multiply, *deviation, standard);
                self.graph.binary(Binary::Add, *mean, scaled)
            }
            (F::RandomExponential, [low, high, shift, stretch, _]) => {
                let draw = self.exponential(expression, context);
                let scaled = self.graph.binary(Binary::Multiply, *stretch, draw);
                let moved = self.graph.binary(Binary::Add, *shift, scaled);
                let capped = self.graph.binary(Binary::Minimum, moved, *high);
                self.graph.binary(Binary::Maximum, capped, *low)
            }
            (F::ExponentialDraw, [mean, ..]) => {
                let draw = self.exponential(expression, context);
                self.graph.binary(Binary::Multiply, *mean, draw)
            }
            (F::RandomTriangular, [low, high, left, peak, right, _]) => {
                let draw = self.uniform(expression, context, 0);
                let value = self.triangular(draw, *left, *peak, *right);
                let capped = self.graph.binary(Binary::Minimum, value, *high);
                self.graph.binary(Binary::Maximum, capped, *low)
            }
            _ => return Err(self.unsupported(function, expression, context)),
        })
    }

    /// GET TIME VALUE(relative to, offset, measure): the current (0) or initial (1) time plus the offset, in units of
    /// time (measure 0). The clock and the calendar are not at hand.
    fn get_time_value(
        &mut self,
        arguments: &'a [Expression],
        expression: &'a Expression,
        context: &Context,
    ) -> Lowered {
        let [base, offset, measure] = arguments else { return Err(Failed) };
        let (base, measure) = (self.expression(base, context)?, self.expression(measure, context)?);
        let offset = self.expression(offset, context)?;
        let from = match (self.constant_value(base), self.constant_value(measure)) {
            (Some(0.0), Some(0.0)) => self.time(),
            (Some(1.0), Some(0.0)) => self.control("INITIAL TIME", context.phase)?,
            _ => return Err(self.unsupported(Function::GetTimeValue, expression, context)),
        };
        Ok(self.graph.binary(Binary::Add, from, offset))
    }

    pub(super) fn fold(&mut self, operation: Binary, values: &[Value]) -> Value {
        let mut all = values.iter().copied();
        let first = all.next().unwrap_or_else(|| self.number(0.0));
        all.fold(first, |sum, value| self.graph.binary(operation, sum, value))
    }

    /// Vensim's rule: a divisor within 1e-6 of zero counts as zero.
    pub(super) fn safe_division(&mut self, x: Value, y: Value, otherwise: Value) -> Value {
        let small = self.number(1e-6);
        let size = self.graph.unary(Unary::Absolute, y);
        let zero = self.graph.binary(Binary::LessOrEqual, size, small);
        let ratio = self.graph.binary(Binary::Divide, x, y);
        self.graph.select(zero, otherwise, ratio)
    }

    fn exact_division(&mut self, x: Value, y: Value, otherwise: Value) -> Value {
        let zero = self.number(0.0);
        let is_zero = self.graph.binary(Binary::Equal, y, zero);
        let ratio = self.graph.binary(Binary::Divide, x, y);
        self.graph.select(is_zero, otherwise, ratio)
    }

    fn wave(&mut self, operation: Unary, amplitude: Value, period: Value) -> Value {
        let time = self.time();
        let full = self.number(2.0 * std::f64::consts::PI);
        let angle = self.graph.binary(Binary::Multiply, full, time);
        let angle = self.graph.binary(Binary::Divide, angle, period);
        let wave = self.graph.unary(operation, angle);
        self.graph.binary(Binary::Multiply, amplitude, wave)
    }

    /// Time as switches see it: on a grid, half a step ahead, so that rounding of the time does not miss a switch
    /// (Vensim reference manual, STEP).
    fn switch_time(&mut self, context: &Context) -> Lowered {
        let time = self.time();
        if self.landing == Landing::Exact {
            return Ok(time);
        }
        let step = self.control("TIME STEP", context.phase)?;
        let half = self.number(0.5);
        let ahead = self.graph.binary(Binary::Multiply, half, step);
        Ok(self.graph.binary(Binary::Add, time, ahead))
    }

    fn reached(&mut self, start: Value, context: &Context) -> Lowered {
        let time = self.switch_time(context)?;
        let operation = if self.landing == Landing::Exact { Binary::LessOrEqual } else { Binary::Less };
        Ok(self.graph.binary(operation, start, time))
    }

    fn between(&mut self, start: Value, end: Value, context: &Context) -> Lowered {
        let on = self.reached(start, context)?;
        let off = self.reached(end, context)?;
        let still = self.graph.unary(Unary::Not, off);
        Ok(self.graph.binary(Binary::And, on, still))
    }

    fn pulse_train(&mut self, start: Value, width: Value, repeat: Value, end: Value, context: &Context) -> Lowered {
        let step = self.control("TIME STEP", context.phase)?;
        let width = self.graph.binary(Binary::Maximum, width, step);
        let time = self.switch_time(context)?;
        let since = self.graph.binary(Binary::Subtract, time, start);
        let phase = self.graph.binary(Binary::Modulo, since, repeat);
        let inside = self.within_pulse(phase, width);
        let window = self.between(start, end, context)?;
        let stop = self.graph.binary(Binary::Add, start, width);
        self.recurring.push(Recurring { first: start, period: repeat, last: end });
        self.recurring.push(Recurring { first: stop, period: repeat, last: end });
        Ok(self.graph.binary(Binary::And, window, inside))
    }

    /// Whether a pulse of `width` is on at `phase` since it began, by the same side of a tie as [`Self::reached`].
    fn within_pulse(&mut self, phase: Value, width: Value) -> Value {
        if self.landing == Landing::Exact {
            return self.graph.binary(Binary::Less, phase, width);
        }
        let zero = self.number(0.0);
        let begun = self.graph.binary(Binary::Less, zero, phase);
        let lasts = self.graph.binary(Binary::LessOrEqual, phase, width);
        self.graph.binary(Binary::And, begun, lasts)
    }

    /// XMILE PULSE(volume, first, interval): the volume within one step, once or again after each interval.
    fn pulse_volume(&mut self, values: &[Value], context: &Context) -> Lowered {
        let step = self.control("TIME STEP", context.phase)?;
        let zero = self.number(0.0);
        let volume = values[0];
        let first = match values.get(1) {
            Some(first) => *first,
            None => self.control("INITIAL TIME", context.phase)?,
        };
        let rate = self.graph.binary(Binary::Divide, volume, step);
        let end = self.graph.binary(Binary::Add, first, step);
        let once = self.between(first, end, context)?;
        let on = match values.get(2) {
            None if values.len() > 1 => once,
            None => self.number(1.0),
            Some(interval) => {
                let time = self.switch_time(context)?;
                let since = self.graph.binary(Binary::Subtract, time, first);
                let phase = self.graph.binary(Binary::Modulo, since, *interval);
                let inside = self.within_pulse(phase, step);
                let stop = self.control("FINAL TIME", context.phase)?;
                self.recurring.push(Recurring { first: end, period: *interval, last: stop });
                let begun = self.reached(first, context)?;
                let again = self.graph.binary(Binary::And, begun, inside);
                let repeats = self.graph.binary(Binary::Less, zero, *interval);
                self.graph.select(repeats, again, once)
            }
        };
        Ok(self.graph.select(on, rate, zero))
    }

    /// RAMP(slope, start, end): the end is optional.
    fn ramp(&mut self, values: &[Value], context: &Context) -> Lowered {
        let time = self.time();
        let zero = self.number(0.0);
        let slope = values[0];
        let start = match values.get(1) {
            Some(start) => *start,
            None => self.control("INITIAL TIME", context.phase)?,
        };
        let reach = match values.get(2) {
            Some(end) => self.graph.binary(Binary::Minimum, time, *end),
            None => time,
        };
        let since = self.graph.binary(Binary::Subtract, reach, start);
        let since = self.graph.binary(Binary::Maximum, since, zero);
        Ok(self.graph.binary(Binary::Multiply, slope, since))
    }

    fn uniform(&mut self, expression: &Expression, context: &Context, part: usize) -> Value {
        let origin =
            Origin::Call { instance: context.instance, site: Site::of(expression), bindings: context.bindings(), part };
        let next = self.randoms as u32;
        let number = *self.random_index.entry(origin).or_insert(next);
        if number == next {
            self.randoms += 1;
        }
        self.graph.slot(Slot::Random(number))
    }

    fn exponential(&mut self, expression: &Expression, context: &Context) -> Value {
        let draw = self.uniform(expression, context, 0);
        let logarithm = self.graph.unary(Unary::NaturalLogarithm, draw);
        self.graph.unary(Unary::Negate, logarithm)
    }

    /// The normal distribution between `low` and `high` by the inverse of its distribution function.
    fn truncated_normal(&mut self, draw: Value, low: Value, high: Value, mean: Value, deviation: Value) -> Value {
        let mut probability = |bound: Value| {
            let distance = self.graph.binary(Binary::Subtract, bound, mean);
            let standard = self.graph.binary(Binary::Divide, distance, deviation);
            self.graph.unary(Unary::NormalProbability, standard)
        };
        let (from, to) = (probability(low), probability(high));
        let width = self.graph.binary(Binary::Subtract, to, from);
        let share = self.graph.binary(Binary::Multiply, width, draw);
        let level = self.graph.binary(Binary::Add, from, share);
        let standard = self.graph.unary(Unary::NormalQuantile, level);
        let scaled = self.graph.binary(Binary::Multiply, deviation, standard);
        let value = self.graph.binary(Binary::Add, mean, scaled);
        let capped = self.graph.binary(Binary::Minimum, value, high);
        self.graph.binary(Binary::Maximum, capped, low)
    }

    fn triangular(&mut self, draw: Value, left: Value, peak: Value, right: Value) -> Value {
        let one = self.number(1.0);
        let width = self.graph.binary(Binary::Subtract, right, left);
        let rise = self.graph.binary(Binary::Subtract, peak, left);
        let fall = self.graph.binary(Binary::Subtract, right, peak);
        let turn = self.graph.binary(Binary::Divide, rise, width);
        let up = self.graph.binary(Binary::Multiply, width, rise);
        let up = self.graph.binary(Binary::Multiply, up, draw);
        let up = self.graph.unary(Unary::SquareRoot, up);
        let up = self.graph.binary(Binary::Add, left, up);
        let rest = self.graph.binary(Binary::Subtract, one, draw);
        let down = self.graph.binary(Binary::Multiply, width, fall);
        let down = self.graph.binary(Binary::Multiply, down, rest);
        let down = self.graph.unary(Unary::SquareRoot, down);
        let down = self.graph.binary(Binary::Subtract, right, down);
        let before = self.graph.binary(Binary::Less, draw, turn);
        self.graph.select(before, up, down)
    }
}

fn unary(function: Function) -> Option<Unary> {
    Some(match function {
        Function::Absolute => Unary::Absolute,
        Function::Exponential => Unary::Exponential,
        Function::NaturalLogarithm => Unary::NaturalLogarithm,
        Function::DecimalLogarithm => Unary::DecimalLogarithm,
        Function::SquareRoot => Unary::SquareRoot,
        Function::Sine => Unary::Sine,
        Function::Cosine => Unary::Cosine,
        Function::Tangent => Unary::Tangent,
        Function::ArcSine => Unary::ArcSine,
        Function::ArcCosine => Unary::ArcCosine,
        Function::ArcTangent => Unary::ArcTangent,
        Function::HyperbolicSine => Unary::HyperbolicSine,
        Function::HyperbolicCosine => Unary::HyperbolicCosine,
        Function::HyperbolicTangent => Unary::HyperbolicTangent,
        Function::Truncate => Unary::Truncate,
        Function::Floor => Unary::Floor,
        Function::Sign => Unary::Sign,
        Function::GammaLogarithm => Unary::GammaLogarithm,
        _ => return None,
    })
}
