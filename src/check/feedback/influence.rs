//! One variable's influence on another: bounds of values and signs of partial derivatives, by rule through every
//! expression.

use super::degree::{Degrees, terms};
use super::interval::{Interval, Signs};
use crate::check::{CheckedModel, Symbol, left_hand_side};
use crate::diagnostic::{Source, Span};
use crate::model::{
    BinaryOperator, Dialect, Equation, Expression, ExpressionKind, Extrapolation, Function, LookupTable, Name,
    Subscript, SubscriptKind, UnaryOperator, Variable,
};

/// Why the sign of an influence cannot be told.
#[derive(Clone, Debug, PartialEq)]
pub enum Doubt {
    /// It works through a condition.
    Condition,
    /// It raises one part of the equation and lowers another.
    Opposed,
    /// It is multiplied by something that may be positive or negative.
    Factor(Span),
    /// The lookup rises and falls.
    Lookup(Name),
    /// Nothing is known of this function or macro.
    Function(Name),
}

impl Doubt {
    /// The reason in words; `source` is the model's text.
    pub fn reason(&self, source: &Source) -> String {
        match self {
            Doubt::Condition => "through a condition".to_owned(),
            Doubt::Opposed => "raises one part of the equation and lowers another".to_owned(),
            Doubt::Factor(span) => format!("the sign of {} is not fixed", source.quote(*span)),
            Doubt::Lookup(name) => format!("the lookup `{name}` rises and falls"),
            Doubt::Function(name) => format!("nothing is known of the slope of `{name}`"),
        }
    }
}

/// Bounds of a value and the sign of its derivative.
#[derive(Clone, Copy, Debug)]
pub struct Slope {
    pub value: Interval,
    pub derivative: Signs,
}

impl Slope {
    fn constant(value: Interval) -> Slope {
        Slope { value, derivative: Signs::ZERO }
    }

    fn depends(self) -> bool {
        self.derivative != Signs::ZERO
    }
}

/// What is known of the values of the variables.
pub struct Values<'a> {
    pub checked: &'a CheckedModel,
    /// Of each variable of the model.
    pub variables: Vec<Interval>,
    /// What holds besides for one element of a stock.
    pub element: Option<ElementValues>,
    pub time: Interval,
}

/// Values where one element of a stock has a given value: of that element, and of the elements of other variables with
/// the same coordinates.
pub struct ElementValues {
    pub variables: Vec<Interval>,
    /// The subscripts of the stock's equation; none for a stock without subscripts.
    pub coordinates: Vec<Name>,
}

/// The derivative of one equation's right-hand side in one variable.
pub struct Influence<'a> {
    values: &'a Values<'a>,
    /// The subscripts of the equation's left-hand side.
    left: &'a [Name],
    /// The variable that moves.
    by: Option<usize>,
    pub doubt: Option<Doubt>,
}

impl<'a> Influence<'a> {
    pub fn new(values: &'a Values<'a>, variable: &'a Variable, equation: &'a Equation, by: Option<usize>) -> Self {
        Influence { values, left: left_hand_side(variable, equation), by, doubt: None }
    }

    /// Bounds of the expression and the sign of its derivative.
    pub fn slope(&mut self, expression: &Expression) -> Slope {
        match &expression.kind {
            ExpressionKind::Number(value) => Slope::constant(Interval::point(*value)),
            ExpressionKind::Missing | ExpressionKind::Text(_) | ExpressionKind::Lookup(_) => {
                Slope::constant(Interval::ANY)
            }
            ExpressionKind::Reference { name, subscripts } => self.reference(name, subscripts),
            ExpressionKind::Unary { operator, operand } => {
                let slope = self.slope(operand);
                match operator {
                    UnaryOperator::Plus => slope,
                    UnaryOperator::Minus => negated(slope),
                    UnaryOperator::Not => self.condition(&[slope]),
                }
            }
            ExpressionKind::Binary { operator, left, right } => self.binary(*operator, left, right),
            ExpressionKind::Conditional { condition, then, otherwise } => {
                let condition = self.slope(condition);
                let (then, otherwise) = (self.slope(then), self.slope(otherwise));
                let mut slope = self.either(then, otherwise, then.value.or(otherwise.value));
                if condition.depends() {
                    slope.derivative = self.doubtful(Doubt::Condition);
                }
                slope
            }
            ExpressionKind::Call { function, subscripts, arguments } => self.call(function, subscripts, arguments),
        }
    }

    fn doubtful(&mut self, doubt: Doubt) -> Signs {
        self.doubt.get_or_insert(doubt);
        Signs::ANY
    }

    fn reference(&mut self, name: &Name, subscripts: &[Subscript]) -> Slope {
        match self.values.checked.names().symbol(name) {
            Some(Symbol::Variable(index)) => {
                let derivative = if self.by == Some(index) { Signs::POSITIVE } else { Signs::ZERO };
                Slope { value: self.value(index, subscripts), derivative }
            }
            Some(Symbol::Time) => Slope::constant(self.values.time),
            Some(Symbol::Dimension(_) | Symbol::Element) => Slope::constant(Interval::new(1.0, f64::INFINITY)),
            None => self.builtin(name, &[]),
            _ => Slope::constant(Interval::ANY),
        }
    }

    fn value(&self, variable: usize, subscripts: &[Subscript]) -> Interval {
        let everywhere = self.values.variables[variable];
        let Some(element) = &self.values.element else { return everywhere };
        // XMILE leaves out subscripts that are those of the left-hand side.
        let understood = subscripts.is_empty() && self.values.checked.model().dialect == Dialect::Xmile;
        let names: Vec<&Name> = match understood {
            true => self.left.iter().collect(),
            false => subscripts
                .iter()
                .filter_map(|subscript| match &subscript.kind {
                    SubscriptKind::Name(name) => Some(name),
                    _ => None,
                })
                .collect(),
        };
        let same = |coordinate: &Name| {
            names.iter().filter(|name| self.left.contains(name) && self.covers(name, coordinate)).count() == 1
        };
        if element.coordinates.iter().all(same) { element.variables[variable] } else { everywhere }
    }

    /// Whether two subscripts have an element in common.
    fn covers(&self, one: &Name, other: &Name) -> bool {
        let checked = self.values.checked;
        let elements = |name: &Name| match checked.names().dimension(name) {
            Some(dimension) => checked.dimensions().get(dimension).elements.clone(),
            None => checked.dimensions().element(name).into_iter().collect(),
        };
        one == other || elements(one).iter().any(|element| elements(other).contains(element))
    }

    fn binary(&mut self, operator: BinaryOperator, left: &Expression, right: &Expression) -> Slope {
        match operator {
            BinaryOperator::Add | BinaryOperator::Subtract => {
                let (left, mut right) = (self.slope(left), self.slope(right));
                if operator == BinaryOperator::Subtract {
                    right = negated(right);
                }
                let derivative = self.together(left.derivative, right.derivative);
                Slope { value: left.value.plus(right.value), derivative }
            }
            BinaryOperator::Multiply => self.product(left, right),
            BinaryOperator::Divide => self.quotient(left, right),
            BinaryOperator::Power => self.power(left, right),
            BinaryOperator::Remainder => {
                let parts = [self.slope(left), self.slope(right)];
                Slope { value: Interval::ANY, ..self.condition(&parts) }
            }
            _ => {
                let parts = [self.slope(left), self.slope(right)];
                self.condition(&parts)
            }
        }
    }

    /// The sum of two derivatives, noting that they oppose each other.
    fn together(&mut self, one: Signs, other: Signs) -> Signs {
        let sum = one.plus(other);
        if !sum.told() && one.told() && other.told() {
            self.doubtful(Doubt::Opposed);
        }
        sum
    }

    /// A derivative times a factor, noting a factor of either sign.
    fn scaled(&mut self, slope: Slope, factor: Signs, span: Span) -> Signs {
        let derivative = slope.derivative.times(factor);
        if !derivative.told() && slope.derivative.told() {
            self.doubtful(Doubt::Factor(span));
        }
        derivative
    }

    fn product(&mut self, left: &Expression, right: &Expression) -> Slope {
        let (one, two) = (self.slope(left), self.slope(right));
        let by_left = self.scaled(one, two.value.signs(), right.span);
        let by_right = self.scaled(two, one.value.signs(), left.span);
        let value = match left.kind == right.kind {
            true => one.value.absolute().times(one.value.absolute()),
            false => one.value.times(two.value),
        };
        Slope { value, derivative: self.together(by_left, by_right) }
    }

    /// `(a/b)' = a'/b - a b'/b^2`.
    fn quotient(&mut self, left: &Expression, right: &Expression) -> Slope {
        let (one, two) = (self.slope(left), self.slope(right));
        let value = one.value.times(two.value.reciprocal());
        if one.depends()
            && two.depends()
            && let Some(derivative) = self.homogeneous_quotient(left, right)
        {
            return Slope { value, derivative };
        }
        let by_left = self.scaled(one, two.value.signs().nonzero(), right.span);
        let by_right = self.scaled(two, one.value.signs(), left.span).negated();
        Slope { value, derivative: self.together(by_left, by_right) }
    }

    /// The sign of `(n/d)'` where numerator and the terms of the denominator are powers of the moving variable `x`:
    /// with `n = c x^p` and `d` the sum of `c_i x^q_i` it is that of the sum of `n c_i x^q_i (p - q_i) / x`. So
    /// shares `x/(x + y)` and saturation `x/(1 + x)` rise, though both parts of the fraction do.
    fn homogeneous_quotient(&mut self, left: &Expression, right: &Expression) -> Option<Signs> {
        let by = self.by?;
        let degrees = Degrees::of(self.values.checked, by, [left, right])?;
        let numerator = degrees.degree(left)?;
        let mut sum = Signs::ZERO;
        for (term, negative) in terms(right) {
            let difference = Interval::point(numerator - degrees.degree(term)?).signs();
            let sign = self.slope(term).value.signs();
            sum = sum.plus(if negative { sign.negated() } else { sign }.times(difference));
        }
        let (numerator, moving) = (self.slope(left).value.signs(), self.values.variables[by].signs());
        Some(sum.times(numerator).times(moving)).filter(|signs| signs.told())
    }

    fn power(&mut self, base: &Expression, exponent: &Expression) -> Slope {
        let (one, two) = (self.slope(base), self.slope(exponent));
        let not_negative = one.value.within(Interval::NOT_NEGATIVE);
        let (above_one, below_one) = (one.value.low >= 1.0, one.value.high <= 1.0);
        let (even, odd) = match exponent.kind {
            ExpressionKind::Number(power) => (power % 2.0 == 0.0, (power % 2.0).abs() == 1.0),
            _ => (false, false),
        };
        let rises = two.value.low >= 0.0;
        let value = match () {
            _ if not_negative && (rises || two.value.high <= 0.0) => Interval {
                low: if (rises && above_one) || (!rises && below_one) { 1.0 } else { 0.0 },
                high: if (rises && below_one) || (!rises && above_one) { 1.0 } else { f64::INFINITY },
            },
            _ if even || not_negative => Interval::NOT_NEGATIVE,
            _ => Interval::ANY,
        };
        let by_base = match () {
            _ if !one.depends() => Signs::ZERO,
            _ if not_negative || odd => self.scaled(one, two.value.signs(), exponent.span),
            _ if even => self.scaled(one, one.value.times(two.value).signs(), base.span),
            _ => self.doubtful(Doubt::Factor(base.span)),
        };
        // The derivative in the exponent has the sign of the logarithm of the base.
        let by_exponent = match () {
            _ if !two.depends() => Signs::ZERO,
            _ if above_one => two.derivative,
            _ if not_negative && below_one => two.derivative.negated(),
            _ => self.doubtful(Doubt::Factor(base.span)),
        };
        Slope { value, derivative: self.together(by_base, by_exponent) }
    }

    /// One or the other: minimum, maximum and branches.
    fn either(&mut self, left: Slope, right: Slope, value: Interval) -> Slope {
        let derivative = left.derivative.or(right.derivative);
        if !derivative.told() && left.derivative.told() && right.derivative.told() {
            self.doubtful(Doubt::Opposed);
        }
        Slope { value, derivative }
    }

    fn condition(&mut self, parts: &[Slope]) -> Slope {
        let mut slope = Slope::constant(Interval::SHARE);
        if parts.iter().any(|part| part.depends()) {
            slope.derivative = self.doubtful(Doubt::Condition);
        }
        slope
    }

    fn call(&mut self, name: &Name, subscripts: &[Subscript], arguments: &[Expression]) -> Slope {
        match self.values.checked.names().symbol(name) {
            Some(Symbol::Variable(index)) => {
                let checked = self.values.checked;
                let tables: Vec<&LookupTable> = super::tables(&checked.model().variables[index]).collect();
                let value = self.value(index, subscripts);
                match arguments {
                    [argument] if !tables.is_empty() => self.lookup(name, &tables, argument, value),
                    _ => self.unknown(name, arguments),
                }
            }
            Some(_) => self.unknown(name, arguments),
            None => self.builtin(name, arguments),
        }
    }

    fn lookup(&mut self, name: &Name, tables: &[&LookupTable], argument: &Expression, value: Interval) -> Slope {
        let slope = self.slope(argument);
        let derivative = match (slope.depends(), direction(tables)) {
            (false, _) => Signs::ZERO,
            (true, Some(direction)) => slope.derivative.times(direction),
            (true, None) => self.doubtful(Doubt::Lookup(name.clone())),
        };
        Slope { value, derivative }
    }

    fn unknown(&mut self, name: &Name, arguments: &[Expression]) -> Slope {
        let depends = arguments.iter().any(|argument| self.slope(argument).depends());
        let derivative = if depends { self.doubtful(Doubt::Function(name.clone())) } else { Signs::ZERO };
        Slope { value: Interval::ANY, derivative }
    }

    /// The argument through a function that rises everywhere.
    fn rising(&mut self, argument: &Expression, value: impl Fn(Interval) -> Interval) -> Slope {
        let slope = self.slope(argument);
        Slope { value: value(slope.value), ..slope }
    }

    fn builtin(&mut self, name: &Name, arguments: &[Expression]) -> Slope {
        let Some(function) = Function::named(self.values.checked.model().dialect, name) else {
            return self.unknown(name, arguments);
        };
        match (function, arguments) {
            (Function::Exponential, [x]) => self.rising(x, |value| value.through(0.0, 1.0, f64::INFINITY)),
            (Function::HyperbolicTangent, [x]) => self.rising(x, |value| value.through(-1.0, 0.0, 1.0)),
            (Function::ArcTangent | Function::HyperbolicSine, [x]) => {
                self.rising(x, |value| value.through(f64::NEG_INFINITY, 0.0, f64::INFINITY))
            }
            (Function::NaturalLogarithm | Function::DecimalLogarithm, [x]) => {
                self.rising(x, |value| value.plus(Interval::point(-1.0)).through(f64::NEG_INFINITY, 0.0, f64::INFINITY))
            }
            (Function::SquareRoot, [x]) => {
                self.rising(x, |value| Interval { low: value.low.max(0.0).sqrt(), high: value.high.max(0.0).sqrt() })
            }
            (Function::Truncate | Function::Floor | Function::RoundHalfUp, [x]) => {
                self.rising(x, |value| Interval { low: value.low.floor(), high: value.high.ceil() })
            }
            (Function::Absolute, [x]) => {
                let slope = self.slope(x);
                let derivative = self.scaled(slope, slope.value.signs(), x.span);
                Slope { value: slope.value.absolute(), derivative }
            }
            (Function::Power, [base, exponent]) => self.power(base, exponent),
            (Function::Minimum | Function::Maximum, [first, rest @ ..]) => {
                let pick = if function == Function::Minimum { Interval::smaller } else { Interval::larger };
                rest.iter().fold(self.slope(first), |so_far, next| {
                    let next = self.slope(next);
                    self.either(so_far, next, pick(so_far.value, next.value))
                })
            }
            (Function::ZeroIfDivisionByZero | Function::SafeDivision, [numerator, denominator]) => {
                let slope = self.quotient(numerator, denominator);
                Slope { value: slope.value.or(Interval::point(0.0)), ..slope }
            }
            (Function::ElseIfDivisionByZero | Function::SafeDivision, [numerator, denominator, otherwise]) => {
                let ratio = self.quotient(numerator, denominator);
                let otherwise = self.slope(otherwise);
                self.either(ratio, otherwise, ratio.value.or(otherwise.value))
            }
            (Function::Initial, [x]) => Slope::constant(self.slope(x).value),
            (function, [first, ..]) if passes_on(function) => self.passed_on(name, function, first, arguments),
            (Function::WithLookup, [x, Expression { kind: ExpressionKind::Lookup(table), .. }]) => {
                self.lookup(name, &[table], x, range(&[table]))
            }
            (Function::Size | Function::ElementCount, _) => Slope::constant(Interval::new(1.0, f64::INFINITY)),
            (Function::Pi, _) => Slope::constant(Interval::point(std::f64::consts::PI)),
            (Function::Infinity | Function::StepLength, _) => Slope::constant(Interval::NOT_NEGATIVE),
            (Function::TimeValue | Function::StartTime | Function::StopTime, _) => Slope::constant(self.values.time),
            (Function::PulseWindow | Function::PulseTrain | Function::RandomStandard, _) => {
                Slope { value: Interval::SHARE, ..self.unknown(name, arguments) }
            }
            (Function::RandomUniform, [low, high, ..]) => {
                let (low, high) = (self.slope(low), self.slope(high));
                self.either(low, high, low.value.or(high.value))
            }
            _ => self.unknown(name, arguments),
        }
    }

    /// A function whose value follows its first argument, from that of the starting argument on.
    fn passed_on(&mut self, name: &Name, function: Function, first: &Expression, arguments: &[Expression]) -> Slope {
        let slope = self.slope(first);
        let start = initial_argument(function);
        let start_value = match (function, start.and_then(|place| arguments.get(place))) {
            (Function::Step, _) => Interval::point(0.0),
            // The number of terms is not followed.
            (Function::Sum, _) => slope.value.times(Interval::new(1.0, f64::INFINITY)),
            (_, Some(argument)) => self.slope(argument).value,
            (_, None) => slope.value,
        };
        let value = slope.value.or(start_value);
        let others = arguments.iter().enumerate().skip(1).filter(|(place, _)| start != Some(*place));
        for (_, argument) in others {
            if self.slope(argument).depends() {
                return Slope { value, derivative: self.doubtful(Doubt::Function(name.clone())) };
            }
        }
        Slope { value, ..slope }
    }
}

fn negated(slope: Slope) -> Slope {
    Slope { value: slope.value.negated(), derivative: slope.derivative.negated() }
}

/// Functions whose value follows the first argument, later, summed or smoothed.
fn passes_on(function: Function) -> bool {
    matches!(
        function,
        Function::Sum
            | Function::VectorMinimum
            | Function::VectorMaximum
            | Function::Mean
            | Function::Game
            | Function::ActiveInitial
            | Function::Previous
            | Function::Smooth
            | Function::Smooth3
            | Function::SmoothN
            | Function::SmoothOrder
            | Function::Delay1
            | Function::Delay3
            | Function::DelayN
            | Function::DelayOrder
            | Function::DelayFixed
            | Function::DelayPipeline
            | Function::DelayInformation
            | Function::Step
    )
}

/// The place of the argument that counts at the start only.
pub fn initial_argument(function: Function) -> Option<usize> {
    match function {
        Function::Initial => Some(0),
        Function::ActiveInitial | Function::Previous => Some(1),
        Function::Smooth
        | Function::Smooth3
        | Function::SmoothN
        | Function::Delay1
        | Function::Delay3
        | Function::DelayN
        | Function::DelayFixed
        | Function::DelayPipeline
        | Function::DelayMaterial
        | Function::DelayInformation
        | Function::SampleIfTrue
        | Function::Trend
        | Function::TrendInitial
        | Function::History => Some(2),
        Function::SmoothOrder | Function::DelayOrder | Function::ForecastInitial => Some(3),
        _ => None,
    }
}

/// The sign of the slope of tables that all rise or all fall.
fn direction(tables: &[&LookupTable]) -> Option<Signs> {
    let mut all = Signs::ZERO;
    for table in tables {
        for pair in table.points.windows(2) {
            all = all.or(Interval::point(pair[1].1 - pair[0].1).signs());
        }
    }
    [Signs::NOT_NEGATIVE, Signs::NOT_POSITIVE].into_iter().find(|direction| all.within(*direction))
}

/// The values of tables.
pub fn range(tables: &[&LookupTable]) -> Interval {
    let held = tables.iter().all(|table| table.extrapolation == Extrapolation::Hold);
    let values = tables.iter().flat_map(|table| &table.points).map(|(_, y)| Interval::point(*y)).reduce(Interval::or);
    values.filter(|_| held).unwrap_or(Interval::ANY)
}
