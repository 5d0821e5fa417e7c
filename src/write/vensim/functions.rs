//! XMILE's expressions in Vensim's words: the same function under Vensim's name, or equal arithmetic. Where neither
//! exists the construct is refused.

use super::build::At;
use super::fault::Unsayable;
use super::translate::Translator;
use crate::diagnostic::Span;
use crate::model::{
    BinaryOperator, Dialect, Expression, ExpressionKind, Extrapolation, Function, Interpolation, LookupTable, Name,
    Subscript, SubscriptKind, Tool,
};

/// Stages into which a delay of higher order is written out.
const STAGES: f64 = 20.0;

impl Translator<'_> {
    /// An expression as Vensim means it. `whole` tells that it is a whole right-hand side, where alone Vensim lets
    /// some functions stand.
    pub fn expression(&mut self, expression: &Expression, whole: bool) -> Expression {
        let span = expression.span;
        let at = At(span);
        let kind = match &expression.kind {
            ExpressionKind::Reference { name, subscripts } => return self.reference(name, subscripts, span),
            ExpressionKind::Call { function, subscripts, arguments } => {
                return self.call(function, subscripts, arguments, span, whole);
            }
            ExpressionKind::Unary { operator, operand } => {
                ExpressionKind::Unary { operator: *operator, operand: Box::new(self.expression(operand, false)) }
            }
            ExpressionKind::Binary { operator: BinaryOperator::Remainder, left, right } => {
                let (left, right) = (self.expression(left, false), self.expression(right, false));
                return self.remainder(at, left, right);
            }
            ExpressionKind::Binary { operator, left, right } => ExpressionKind::Binary {
                operator: *operator,
                left: Box::new(self.expression(left, false)),
                right: Box::new(self.expression(right, false)),
            },
            ExpressionKind::Conditional { condition, then, otherwise } => ExpressionKind::Conditional {
                condition: Box::new(self.expression(condition, false)),
                then: Box::new(self.expression(then, false)),
                otherwise: Box::new(self.expression(otherwise, false)),
            },
            ExpressionKind::Number(_)
            | ExpressionKind::Missing
            | ExpressionKind::Text(_)
            | ExpressionKind::Lookup(_) => expression.kind.clone(),
        };
        Expression::new(kind, span)
    }

    fn reference(&mut self, name: &Name, subscripts: &[Subscript], span: Span) -> Expression {
        if subscripts.is_empty() && !self.is_variable(name) && self.elements_of(name).is_none() {
            let function = Function::named(Dialect::Xmile, name);
            if let Some(value) = function.and_then(|function| self.value_function(At(span), function)) {
                return value;
            }
        }
        let subscripts = self.subscripts(name, subscripts, span);
        Expression::new(ExpressionKind::Reference { name: name.clone(), subscripts }, span)
    }

    /// Subscripts by name: those understood are written out, numbers become elements.
    fn subscripts(&mut self, array: &Name, subscripts: &[Subscript], span: Span) -> Vec<Subscript> {
        let axes = self.axes_of(array);
        if subscripts.is_empty() {
            let name = |axis: &Name| Subscript { kind: SubscriptKind::Name(axis.clone()), span };
            return axes.iter().map(name).collect();
        }
        let mut named = Vec::with_capacity(subscripts.len());
        for (place, subscript) in subscripts.iter().enumerate() {
            let kind = match &subscript.kind {
                SubscriptKind::Position(position) => {
                    let elements = axes.get(place).and_then(|axis| self.elements_of(axis));
                    match elements.and_then(|elements| elements.get(position.checked_sub(1)?).cloned()) {
                        Some(element) => SubscriptKind::Name(element),
                        None => SubscriptKind::Position(*position),
                    }
                }
                SubscriptKind::All if self.reducing => match axes.get(place) {
                    Some(axis) => SubscriptKind::Reduced(axis.clone()),
                    None => SubscriptKind::All,
                },
                other => other.clone(),
            };
            named.push(Subscript { kind, span: subscript.span });
        }
        named
    }

    /// TIME and its like, which take no argument.
    fn value_function(&mut self, at: At, function: Function) -> Option<Expression> {
        let name = match function {
            Function::TimeValue => "Time",
            Function::StepLength => "TIME STEP",
            Function::StartTime => "INITIAL TIME",
            Function::StopTime => "FINAL TIME",
            Function::Pi => return Some(at.number(std::f64::consts::PI)),
            Function::Infinity => {
                self.fault(Unsayable::Number(f64::INFINITY));
                return Some(at.number(0.0));
            }
            _ => return None,
        };
        Some(at.name(&self.control_name(name)))
    }

    fn call(
        &mut self,
        function: &Name,
        subscripts: &[Subscript],
        arguments: &[Expression],
        span: Span,
        whole: bool,
    ) -> Expression {
        let at = At(span);
        if self.is_variable(function) {
            let table = self.table_kind(function);
            let subscripts = self.subscripts(function, subscripts, span);
            let arguments: Vec<Expression> =
                arguments.iter().map(|argument| self.expression(argument, false)).collect();
            let kind = ExpressionKind::Reference { name: function.clone(), subscripts: subscripts.clone() };
            let table_reference = Expression::new(kind, span);
            return match self.reading_function(table) {
                None => {
                    let kind = ExpressionKind::Call { function: function.clone(), subscripts, arguments };
                    Expression::new(kind, span)
                }
                Some(reader) => at.call(reader, [vec![table_reference], arguments].concat()),
            };
        }
        let known = match self.is_macro(function) {
            true => None,
            false => Function::named(Dialect::Xmile, function),
        };
        if known == Some(Function::WithLookup)
            && let [first, second] = arguments
        {
            return self.lookup(at, first, second);
        }
        let reduces = known.is_some_and(|known| reduces(known, arguments.len()));
        let outer = self.reducing;
        self.reducing |= reduces;
        let arguments: Vec<Expression> = arguments.iter().map(|argument| self.expression(argument, false)).collect();
        self.reducing = outer;
        match known {
            Some(known) => self.known_call(at, known, function, arguments, whole),
            None => {
                // Vensim's own functions stand in a namespace of XMILE.
                let text = function.text();
                let own = text.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("vensim."));
                at.call(if own { &text[7..] } else { text }, arguments)
            }
        }
    }

    /// `LOOKUP(table, x)`, or the graphical function of a variable: its input and the table in place.
    fn lookup(&mut self, at: At, first: &Expression, second: &Expression) -> Expression {
        if let ExpressionKind::Lookup(table) = &second.kind {
            let input = self.expression(first, false);
            return match self.reading_function((table.interpolation, table.extrapolation)) {
                None => at.call("WITH LOOKUP", vec![input, second.clone()]),
                Some(reader) => {
                    let table = self.hoist_table(at, LookupTable { ..table.clone() });
                    at.call(reader, vec![table, input])
                }
            };
        }
        let ExpressionKind::Reference { name, subscripts } = &first.kind else {
            self.fault(Unsayable::Construct("LOOKUP of an expression"));
            return at.number(0.0);
        };
        self.call(name, subscripts, std::slice::from_ref(second), at.0, false)
    }

    /// The function with which Vensim reads a table that is not linear between and constant beyond its points.
    fn reading_function(&mut self, kind: (Interpolation, Extrapolation)) -> Option<&'static str> {
        match kind {
            (Interpolation::Linear, Extrapolation::Hold) => None,
            (Interpolation::Linear, Extrapolation::Extend) => Some("LOOKUP EXTRAPOLATE"),
            (Interpolation::Step, Extrapolation::Hold) => Some("LOOKUP BACKWARD"),
            (Interpolation::StepForward, Extrapolation::Hold) => Some("LOOKUP FORWARD"),
            _ => {
                self.fault(Unsayable::Construct("a table with steps that goes on beyond its last point"));
                None
            }
        }
    }

    fn remainder(&mut self, at: At, value: Expression, divisor: Expression) -> Expression {
        if self.model.tool == Tool::Vensim {
            return at.call("MODULO", vec![value, divisor]);
        }
        self.once(&value, "MOD");
        self.once(&divisor, "MOD");
        at.remainder(value, divisor)
    }

    /// Refuses what would be drawn twice where it is written twice.
    fn once(&mut self, argument: &Expression, function: &'static str) {
        let mut draws = false;
        argument.walk(&mut |part| {
            if let ExpressionKind::Call { function, .. } = &part.kind {
                draws |= function.key().starts_with("random");
            }
        });
        if draws {
            self.fault(Unsayable::Function(format!("{function} of a random number")));
        }
    }

    fn known_call(
        &mut self,
        at: At,
        known: Function,
        written: &Name,
        arguments: Vec<Expression>,
        whole: bool,
    ) -> Expression {
        use BinaryOperator::*;
        use Function as F;
        if let Some(value) = self.value_function(at, known) {
            return value;
        }
        let refuse = |translator: &mut Self| {
            translator.fault(Unsayable::Function(written.text().to_uppercase()));
            at.number(0.0)
        };
        let truth = |condition: Expression| at.when(condition, at.number(1.0), at.number(0.0));
        match (known, arguments.as_slice()) {
            (F::DecimalLogarithm, [x]) => at.call("LOG", vec![x.clone(), at.number(10.0)]),
            (F::SineCircle | F::CosineCircle, [amplitude, period]) => {
                let time = at.name(&self.control_name("Time"));
                let angle = at.binary(at.number(2.0 * std::f64::consts::PI), Multiply, time);
                let angle = at.binary(angle, Divide, period.clone());
                let wave = at.call(if known == F::SineCircle { "SIN" } else { "COS" }, vec![angle]);
                at.binary(amplitude.clone(), Multiply, wave)
            }
            (F::Floor, [x]) if self.model.tool == Tool::Vensim => at.call("INTEGER", vec![x.clone()]),
            (F::Floor, [x]) => {
                self.once(x, "INT");
                at.floor(x.clone())
            }
            (F::RoundHalfUp, [x]) => {
                self.once(x, "ROUND");
                at.floor(at.binary(x.clone(), Add, at.number(0.5)))
            }
            (F::Remainder, [x, y]) => self.remainder(at, x.clone(), y.clone()),
            (F::Factorial, [x]) => {
                self.once(x, "FACTORIAL");
                let next = at.binary(x.clone(), Add, at.number(1.0));
                let product = at.call("EXP", vec![at.call("GAMMA LN", vec![next])]);
                at.floor(at.binary(product, Add, at.number(0.5)))
            }
            (F::Sign, [x]) => {
                self.once(x, "SIGN");
                let positive = truth(at.binary(x.clone(), Greater, at.number(0.0)));
                let negative = truth(at.binary(x.clone(), Less, at.number(0.0)));
                at.binary(positive, Subtract, negative)
            }
            (F::SafeDivision, [x, y, rest @ ..]) => {
                self.once(y, "SAFEDIV");
                let otherwise = rest.first().cloned().unwrap_or(at.number(0.0));
                let is_zero = at.binary(y.clone(), Equal, at.number(0.0));
                at.when(is_zero, otherwise, at.binary(x.clone(), Divide, y.clone()))
            }
            (F::Minimum | F::Maximum, [_]) => at.call(if known == F::Minimum { "VMIN" } else { "VMAX" }, arguments),
            (F::Minimum | F::Maximum, [first, rest @ ..]) => {
                let name = if known == F::Minimum { "MIN" } else { "MAX" };
                rest.iter().fold(first.clone(), |most, next| at.call(name, vec![most, next.clone()]))
            }
            (F::Mean, [first, _, ..]) => {
                let sum = arguments[1..].iter().fold(first.clone(), |sum, next| at.binary(sum, Add, next.clone()));
                at.binary(sum, Divide, at.number(arguments.len() as f64))
            }
            (F::Ramp, [slope]) => {
                let start = at.name(&self.control_name("INITIAL TIME"));
                at.call("RAMP", vec![slope.clone(), start])
            }
            (F::PulseVolume, _) => self.pulse(at, &arguments),
            (F::SmoothOrder, [input, time, order, rest @ ..]) => {
                let initial = rest.first().unwrap_or(input).clone();
                at.call("SMOOTH N", vec![input.clone(), time.clone(), initial, order.clone()])
            }
            (F::DelayOrder, [input, time, order, rest @ ..]) => match order.kind {
                ExpressionKind::Number(stages) if (1.0..=STAGES).contains(&stages) => {
                    self.once(time, "DELAYN");
                    let share = at.binary(time.clone(), Divide, at.number(stages.floor()));
                    let initial = rest.first().unwrap_or(input).clone();
                    (0..stages as usize)
                        .fold(input.clone(), |level, _| at.call("DELAY1I", vec![level, share.clone(), initial.clone()]))
                }
                _ => refuse(self),
            },
            (F::DelayPipeline, [input, time, rest @ ..]) => {
                let initial = rest.first().unwrap_or(input).clone();
                let delay = at.call("DELAY FIXED", vec![input.clone(), time.clone(), initial]);
                self.alone(at, delay, "delay", whole)
            }
            (F::Previous, [input, rest @ ..]) => {
                let initial = rest.first().cloned().unwrap_or(at.number(0.0));
                let step = at.name(&self.control_name("TIME STEP"));
                let delay = at.call("DELAY FIXED", vec![input.clone(), step, initial]);
                self.alone(at, delay, "one step before", whole)
            }
            (F::Initial, [input]) => {
                let initial = at.call("INITIAL", vec![input.clone()]);
                self.alone(at, initial, "at the start", whole)
            }
            (F::TrendInitial, [input, time, rest @ ..]) => {
                let initial = rest.first().cloned().unwrap_or(at.number(0.0));
                at.call("TREND", vec![input.clone(), time.clone(), initial])
            }
            (F::ForecastInitial, [input, time, horizon]) => {
                at.call("FORECAST", vec![input.clone(), time.clone(), horizon.clone()])
            }
            (F::RandomUniform, [low, high, rest @ ..]) if rest.len() < 2 => {
                let seed = rest.first().cloned().unwrap_or(at.number(0.0));
                at.call("RANDOM UNIFORM", vec![low.clone(), high.clone(), seed])
            }
            (F::ExponentialDraw, [mean, rest @ ..]) => {
                let seed = rest.first().cloned().unwrap_or(at.number(0.0));
                let bounds = vec![at.number(0.0), at.number(1e300), at.number(0.0), mean.clone(), seed];
                at.call("RANDOM EXPONENTIAL", bounds)
            }
            _ => {
                let spelling = Function::spellings(Dialect::Vensim).find(|spelling| {
                    let name = Name::new(spelling);
                    let (fewest, most) = Function::arity(Dialect::Vensim, &name).unwrap_or((1, 0));
                    Function::named(Dialect::Vensim, &name) == Some(known) && (fewest..=most).contains(&arguments.len())
                });
                match spelling {
                    Some(spelling) => at.call(spelling, arguments),
                    None => refuse(self),
                }
            }
        }
    }

    /// PULSE(volume, first, interval): the volume within one step, at each step, once, or again after each interval.
    fn pulse(&mut self, at: At, arguments: &[Expression]) -> Expression {
        use BinaryOperator::*;
        let step = at.name(&self.control_name("TIME STEP"));
        let Some(volume) = arguments.first() else { return at.number(0.0) };
        let rate = at.binary(volume.clone(), Divide, step.clone());
        let Some(first) = arguments.get(1) else { return rate };
        let once = at.call("PULSE", vec![first.clone(), step.clone()]);
        let Some(interval) = arguments.get(2) else { return at.binary(rate, Multiply, once) };
        let last = at.name(&self.control_name("FINAL TIME"));
        let end = at.binary(last, Add, step.clone());
        let again = at.call("PULSE TRAIN", vec![first.clone(), step, interval.clone(), end]);
        let pulse = match interval.kind {
            ExpressionKind::Number(length) if length > 0.0 => again,
            ExpressionKind::Number(_) => once,
            _ => at.when(at.binary(interval.clone(), Greater, at.number(0.0)), again, once),
        };
        at.binary(rate, Multiply, pulse)
    }

    /// A call that must be a whole right-hand side: as it is, or as a variable of its own.
    fn alone(&mut self, at: At, call: Expression, what: &str, whole: bool) -> Expression {
        if whole { call } else { self.hoist(at, call, what) }
    }
}

/// Whether a function of XMILE runs over the dimensions in its arguments.
fn reduces(function: Function, arguments: usize) -> bool {
    match function {
        Function::Sum | Function::Product | Function::Mean | Function::StandardDeviation | Function::Size => true,
        Function::Minimum | Function::Maximum => arguments == 1,
        _ => false,
    }
}
