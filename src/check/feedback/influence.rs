//! The sign of one variable's influence on another: the signs of values and of partial derivatives, by rule through
//! every expression.

use super::sign::Signs;
use crate::check::{CheckedModel, Symbol};
use crate::diagnostic::Span;
use crate::model::{
    BinaryOperator, Equation, Expression, ExpressionKind, Extrapolation, Function, LookupTable, Name, Subscript,
    SubscriptKind, UnaryOperator,
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

/// Signs of a value and of its derivative.
#[derive(Clone, Copy, Debug)]
pub struct Slope {
    pub value: Signs,
    pub derivative: Signs,
}

impl Slope {
    fn constant(value: Signs) -> Slope {
        Slope { value, derivative: Signs::ZERO }
    }

    fn depends(self) -> bool {
        self.derivative != Signs::ZERO
    }

    fn told(self) -> bool {
        self.derivative.within(Signs::NOT_NEGATIVE) || self.derivative.within(Signs::NOT_POSITIVE)
    }
}

/// What is known of the signs of the variables.
pub struct Values<'a> {
    pub checked: &'a CheckedModel,
    /// Of each variable of the model.
    pub variables: Vec<Signs>,
    /// Stands for `variables` where an element refers to its own element, as `x[a]` does in an equation of `y[a]`.
    pub own: Option<Vec<Signs>>,
    pub time: Signs,
}

/// The derivative of one equation's right-hand side in one variable.
pub struct Influence<'a> {
    values: &'a Values<'a>,
    equation: &'a Equation,
    /// The variable that moves.
    by: Option<usize>,
    pub doubt: Option<Doubt>,
}

impl<'a> Influence<'a> {
    pub fn new(values: &'a Values<'a>, equation: &'a Equation, by: Option<usize>) -> Self {
        Influence { values, equation, by, doubt: None }
    }

    /// Signs of the expression and its derivative.
    pub fn slope(&mut self, expression: &Expression) -> Slope {
        match &expression.kind {
            ExpressionKind::Number(value) => Slope::constant(Signs::of(*value)),
            ExpressionKind::Missing | ExpressionKind::Text(_) | ExpressionKind::Lookup(_) => {
                Slope::constant(Signs::ANY)
            }
            ExpressionKind::Reference { name, subscripts } => self.reference(name, subscripts),
            ExpressionKind::Unary { operator, operand } => {
                let slope = self.slope(operand);
                match operator {
                    UnaryOperator::Plus => slope,
                    UnaryOperator::Minus => {
                        Slope { value: slope.value.negated(), derivative: slope.derivative.negated() }
                    }
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
                let values = match &self.values.own {
                    Some(own) if self.is_own_element(subscripts) => own,
                    _ => &self.values.variables,
                };
                let derivative = if self.by == Some(index) { Signs::POSITIVE } else { Signs::ZERO };
                Slope { value: values[index], derivative }
            }
            Some(Symbol::Time) => Slope::constant(self.values.time),
            Some(Symbol::Dimension(_) | Symbol::Element) => Slope::constant(Signs::POSITIVE),
            None => self.builtin(name, &[]),
            _ => Slope::constant(Signs::ANY),
        }
    }

    fn is_own_element(&self, subscripts: &[Subscript]) -> bool {
        let own = &self.equation.subscripts;
        own.len() == subscripts.len()
            && own.iter().zip(subscripts).all(|(own, subscript)| match &subscript.kind {
                SubscriptKind::Name(name) => name == own,
                _ => false,
            })
    }

    fn sum(&mut self, left: Slope, right: Slope) -> Slope {
        let derivative = left.derivative.plus(right.derivative);
        let slope = Slope { value: left.value.plus(right.value), derivative };
        if !slope.told() && left.told() && right.told() {
            self.doubtful(Doubt::Opposed);
        }
        slope
    }

    fn negate(slope: Slope) -> Slope {
        Slope { value: slope.value.negated(), derivative: slope.derivative.negated() }
    }

    /// `derivative * factor`, noting a factor of either sign.
    fn scaled(&mut self, slope: Slope, factor: Signs, span: Span) -> Signs {
        let derivative = slope.derivative.times(factor);
        let told = derivative.within(Signs::NOT_NEGATIVE) || derivative.within(Signs::NOT_POSITIVE);
        if !told && slope.told() {
            self.doubtful(Doubt::Factor(span));
        }
        derivative
    }

    fn product(&mut self, left: &Expression, right: &Expression) -> Slope {
        let (one, two) = (self.slope(left), self.slope(right));
        let first = Slope { value: Signs::ZERO, derivative: self.scaled(one, two.value, right.span) };
        let second = Slope { value: Signs::ZERO, derivative: self.scaled(two, one.value, left.span) };
        let mut slope = self.sum(first, second);
        slope.value = match left.kind == right.kind {
            true => one.value.times(one.value).larger(Signs::ZERO),
            false => one.value.times(two.value),
        };
        slope
    }

    /// `(a/b)' = a'/b - a b'/b^2`.
    fn quotient(&mut self, left: &Expression, right: &Expression) -> Slope {
        let (one, two) = (self.slope(left), self.slope(right));
        let first = Slope { value: Signs::ZERO, derivative: self.scaled(one, two.value.nonzero(), right.span) };
        let second = Slope { value: Signs::ZERO, derivative: self.scaled(two, one.value, left.span) };
        let mut slope = self.sum(first, Self::negate(second));
        slope.value = one.value.times(two.value.nonzero());
        slope
    }

    fn power(&mut self, base: &Expression, exponent: &Expression) -> Slope {
        let (one, two) = (self.slope(base), self.slope(exponent));
        let positive = one.value.within(Signs::NOT_NEGATIVE);
        let even = matches!(exponent.kind, ExpressionKind::Number(power) if power % 2.0 == 0.0);
        let odd = matches!(exponent.kind, ExpressionKind::Number(power) if (power % 2.0).abs() == 1.0);
        let value = match () {
            _ if even || positive => Signs::NOT_NEGATIVE,
            _ => Signs::ANY,
        };
        let derivative = match () {
            _ if !one.depends() && !two.depends() => Signs::ZERO,
            // The sign of the logarithm of the base is not followed.
            _ if two.depends() => self.doubtful(Doubt::Factor(base.span)),
            _ if positive || odd => self.scaled(one, two.value, exponent.span),
            _ if even => self.scaled(one, one.value.times(two.value), base.span),
            _ => self.doubtful(Doubt::Factor(base.span)),
        };
        Slope { value, derivative }
    }

    /// One or the other: minimum, maximum and branches.
    fn either(&mut self, left: Slope, right: Slope, value: Signs) -> Slope {
        let slope = Slope { value, derivative: left.derivative.or(right.derivative) };
        if !slope.told() && left.told() && right.told() {
            self.doubtful(Doubt::Opposed);
        }
        slope
    }

    fn condition(&mut self, parts: &[Slope]) -> Slope {
        let mut slope = Slope::constant(Signs::NOT_NEGATIVE);
        if parts.iter().any(|part| part.depends()) {
            slope.derivative = self.doubtful(Doubt::Condition);
        }
        slope
    }

    fn binary(&mut self, operator: BinaryOperator, left: &Expression, right: &Expression) -> Slope {
        match operator {
            BinaryOperator::Add => {
                let (left, right) = (self.slope(left), self.slope(right));
                self.sum(left, right)
            }
            BinaryOperator::Subtract => {
                let (left, right) = (self.slope(left), self.slope(right));
                self.sum(left, Self::negate(right))
            }
            BinaryOperator::Multiply => self.product(left, right),
            BinaryOperator::Divide => self.quotient(left, right),
            BinaryOperator::Power => self.power(left, right),
            BinaryOperator::Remainder => {
                let parts = [self.slope(left), self.slope(right)];
                Slope { value: Signs::ANY, ..self.condition(&parts) }
            }
            _ => {
                let parts = [self.slope(left), self.slope(right)];
                self.condition(&parts)
            }
        }
    }

    fn call(&mut self, name: &Name, subscripts: &[Subscript], arguments: &[Expression]) -> Slope {
        match self.values.checked.names().symbol(name) {
            Some(Symbol::Variable(index)) => {
                let checked = self.values.checked;
                let tables: Vec<&LookupTable> = super::tables(&checked.model().variables[index]).collect();
                let value = self.reference(name, subscripts).value;
                match arguments {
                    [argument] if !tables.is_empty() => self.lookup(name, &tables, argument, value),
                    _ => self.unknown(name, arguments),
                }
            }
            Some(_) => self.unknown(name, arguments),
            None => self.builtin(name, arguments),
        }
    }

    fn lookup(&mut self, name: &Name, tables: &[&LookupTable], argument: &Expression, value: Signs) -> Slope {
        let slope = self.slope(argument);
        let derivative = match slope.depends() {
            false => Signs::ZERO,
            true => match direction(tables) {
                Some(direction) => slope.derivative.times(direction),
                None => self.doubtful(Doubt::Lookup(name.clone())),
            },
        };
        Slope { value, derivative }
    }

    fn unknown(&mut self, name: &Name, arguments: &[Expression]) -> Slope {
        let depends = arguments.iter().any(|argument| self.slope(argument).depends());
        let derivative = if depends { self.doubtful(Doubt::Function(name.clone())) } else { Signs::ZERO };
        Slope { value: Signs::ANY, derivative }
    }

    fn builtin(&mut self, name: &Name, arguments: &[Expression]) -> Slope {
        let function = Function::named(self.values.checked.model().dialect, name);
        match (function, arguments) {
            (Some(Function::Exponential), [x]) => Slope { value: Signs::POSITIVE, ..self.slope(x) },
            (Some(Function::NaturalLogarithm | Function::DecimalLogarithm | Function::GammaLogarithm), [x]) => {
                Slope { value: Signs::ANY, ..self.slope(x) }
            }
            (Some(Function::SquareRoot), [x]) => Slope { value: Signs::NOT_NEGATIVE, ..self.slope(x) },
            (Some(Function::HyperbolicTangent | Function::ArcTangent | Function::HyperbolicSine), [x]) => self.slope(x),
            (Some(Function::Truncate | Function::Floor | Function::RoundHalfUp), [x]) => {
                let slope = self.slope(x);
                Slope { value: slope.value.or(Signs::ZERO), ..slope }
            }
            (Some(Function::Absolute), [x]) => {
                let slope = self.slope(x);
                let derivative = self.scaled(slope, slope.value, x.span);
                Slope { value: slope.value.times(slope.value).larger(Signs::ZERO), derivative }
            }
            (Some(Function::Power), [base, exponent]) => self.power(base, exponent),
            (Some(Function::Minimum), [first, rest @ ..]) => rest.iter().fold(self.slope(first), |so_far, next| {
                let next = self.slope(next);
                self.either(so_far, next, so_far.value.smaller(next.value))
            }),
            (Some(Function::Maximum), [first, rest @ ..]) => rest.iter().fold(self.slope(first), |so_far, next| {
                let next = self.slope(next);
                self.either(so_far, next, so_far.value.larger(next.value))
            }),
            (Some(Function::ZeroIfDivisionByZero | Function::SafeDivision), [numerator, denominator]) => {
                let slope = self.quotient(numerator, denominator);
                Slope { value: slope.value.or(Signs::ZERO), ..slope }
            }
            (Some(Function::ElseIfDivisionByZero | Function::SafeDivision), [numerator, denominator, otherwise]) => {
                let ratio = self.quotient(numerator, denominator);
                let otherwise = self.slope(otherwise);
                self.either(ratio, otherwise, ratio.value.or(otherwise.value))
            }
            (Some(function), [first, ..]) if passes_on(function) => {
                let slope = self.slope(first);
                let start = initial_argument(function).and_then(|place| arguments.get(place));
                let start = start.map_or(slope.value, |argument| self.slope(argument).value);
                let start = if function == Function::Step { Signs::ZERO } else { start };
                let value = slope.value.or(start);
                let others = arguments.iter().enumerate().skip(1);
                let others = others.filter(|(place, _)| initial_argument(function) != Some(*place));
                match others.into_iter().any(|(_, argument)| self.slope(argument).depends()) {
                    true => Slope { value, derivative: self.doubtful(Doubt::Function(name.clone())) },
                    false => Slope { value, ..slope },
                }
            }
            (Some(Function::Initial), [x]) => Slope::constant(self.slope(x).value),
            (Some(Function::WithLookup), [x, Expression { kind: ExpressionKind::Lookup(table), .. }]) => {
                self.lookup(name, &[table], x, range(&[table]))
            }
            (
                Some(
                    Function::Pi | Function::Infinity | Function::StepLength | Function::Size | Function::ElementCount,
                ),
                _,
            ) => Slope::constant(Signs::POSITIVE),
            (Some(Function::TimeValue | Function::StartTime | Function::StopTime), _) => {
                Slope::constant(self.values.time)
            }
            (Some(Function::PulseWindow | Function::PulseTrain | Function::RandomStandard), _) => {
                let slope = self.unknown(name, arguments);
                Slope { value: Signs::NOT_NEGATIVE, ..slope }
            }
            (Some(Function::RandomUniform), [low, high, ..]) => {
                let (low, high) = (self.slope(low), self.slope(high));
                self.either(low, high, low.value.or(high.value))
            }
            _ => self.unknown(name, arguments),
        }
    }
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
            all = all.or(Signs::of(pair[1].1 - pair[0].1));
        }
    }
    [Signs::NOT_NEGATIVE, Signs::NOT_POSITIVE].into_iter().find(|direction| all.within(*direction))
}

/// The signs of the values of tables.
pub fn range(tables: &[&LookupTable]) -> Signs {
    let extended = tables.iter().any(|table| table.extrapolation != Extrapolation::Hold);
    let values = tables.iter().flat_map(|table| &table.points).map(|(_, y)| Signs::of(*y)).reduce(Signs::or);
    match values {
        Some(values) if !extended => {
            // Between a positive and a negative point the line crosses zero.
            if values.may_be_negative() && !values.within(Signs::NOT_POSITIVE) { Signs::ANY } else { values }
        }
        _ => Signs::ANY,
    }
}
