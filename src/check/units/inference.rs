//! The unit of an expression, from the inside out. A sub-expression at fault is reported once and then unknown.

use super::ModelUnits;
use super::finding::{Relation, UnitsFinding};
use super::functions::{Outcome, Part, signature};
use super::macros::{MacroResult, Opened};
use crate::check::{CheckedModel, Symbol};
use crate::model::{BinaryOperator, Expression, ExpressionKind, Function, Name, UnaryOperator};
use crate::units::{Exponent, Unit};

/// What is known of an expression's unit.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    Unit(Unit),
    /// A number as written: whatever unit its partner has in a sum, none in a product.
    Number,
    Unknown,
}

impl Measure {
    fn combine(self, other: Measure, unit: impl Fn(&Unit, &Unit) -> Unit) -> Measure {
        let none = Unit::dimensionless();
        match (self, other) {
            (Measure::Unknown, _) | (_, Measure::Unknown) => Measure::Unknown,
            (Measure::Number, Measure::Number) => Measure::Number,
            (Measure::Unit(one), Measure::Number) => Measure::Unit(unit(&one, &none)),
            (Measure::Number, Measure::Unit(other)) => Measure::Unit(unit(&none, &other)),
            (Measure::Unit(one), Measure::Unit(other)) => Measure::Unit(unit(&one, &other)),
        }
    }

    fn map(self, change: impl Fn(Unit) -> Option<Unit>) -> Measure {
        match self {
            Measure::Unit(unit) => change(unit).map_or(Measure::Unknown, Measure::Unit),
            other => other,
        }
    }
}

/// Infers units of expressions of the model and collects what is wrong.
pub struct Inference<'a> {
    pub(super) checked: &'a CheckedModel,
    pub(super) units: &'a ModelUnits,
    pub(super) findings: Vec<UnitsFinding>,
    /// Macros whose results have no unit that can be told.
    pub(super) unmeasured: Vec<Name>,
    /// The macros being read, the innermost last.
    pub(super) opened: Vec<Opened>,
    /// What calls of macros gave so far.
    pub(super) results: Vec<MacroResult>,
    /// Expressions within expressions, and within the macros and variables that they name.
    pub(super) depth: usize,
}

impl<'a> Inference<'a> {
    pub fn new(checked: &'a CheckedModel, units: &'a ModelUnits) -> Self {
        let (findings, unmeasured) = (Vec::new(), Vec::new());
        Inference { checked, units, findings, unmeasured, opened: Vec::new(), results: Vec::new(), depth: 0 }
    }

    pub fn report(&mut self, finding: UnitsFinding) {
        self.findings.push(finding);
    }

    pub fn into_findings(mut self) -> Vec<UnitsFinding> {
        if !self.unmeasured.is_empty() {
            self.findings.push(UnitsFinding::MacrosSkipped { macros: self.unmeasured });
        }
        self.findings
    }

    /// The unit of `expression`. `expected` is the unit its place asks for; it decides which side of a disagreement is
    /// named, and is not enforced here.
    pub fn measure(&mut self, expression: &Expression, expected: Option<&Unit>) -> Measure {
        self.depth += 1;
        let measure = self.measure_of(expression, expected);
        self.depth -= 1;
        measure
    }

    fn measure_of(&mut self, expression: &Expression, expected: Option<&Unit>) -> Measure {
        match &expression.kind {
            ExpressionKind::Number(_) | ExpressionKind::Missing => Measure::Number,
            ExpressionKind::Text(_) | ExpressionKind::Lookup(_) => Measure::Unknown,
            ExpressionKind::Reference { name, .. } => self.reference(name),
            ExpressionKind::Unary { operator, operand } => match operator {
                UnaryOperator::Plus | UnaryOperator::Minus => self.measure(operand, expected),
                UnaryOperator::Not => {
                    self.measure(operand, None);
                    Measure::Unit(Unit::dimensionless())
                }
            },
            ExpressionKind::Binary { operator, left, right } => self.binary(*operator, left, right, expected),
            ExpressionKind::Conditional { condition, then, otherwise } => {
                self.measure(condition, None);
                self.agree(&[then, otherwise], Relation::Branches, expected)
            }
            ExpressionKind::Call { function, arguments, .. } => self.call(function, arguments, expected),
        }
    }

    /// Reports a duration that is not in the unit of time.
    pub fn time(&mut self, of: &Name, duration: &Expression) {
        self.argument(of, duration, self.units.time.clone());
    }

    pub(super) fn declared(&self, variable: usize) -> Measure {
        self.units.variables.get(variable).cloned().flatten().map_or(Measure::Unknown, Measure::Unit)
    }

    pub(super) fn time_unit(&self) -> Measure {
        self.units.time.clone().map_or(Measure::Unknown, Measure::Unit)
    }

    fn reference(&mut self, name: &Name) -> Measure {
        match self.symbol(name) {
            Some(Symbol::Variable(index)) if !self.opened.is_empty() => self.within_macro(index),
            Some(Symbol::Variable(index) | Symbol::Global(index)) => self.declared(index),
            Some(Symbol::Parameter(number)) => self.parameter(number),
            Some(Symbol::Time) => self.time_unit(),
            // The number of an element in its dimension.
            Some(Symbol::Dimension(_) | Symbol::Element) => Measure::Number,
            Some(Symbol::Macro(_)) | None => self.call(name, &[], None),
        }
    }

    fn binary(
        &mut self,
        operator: BinaryOperator,
        left: &Expression,
        right: &Expression,
        expected: Option<&Unit>,
    ) -> Measure {
        match operator {
            BinaryOperator::Add => self.agree(&[left, right], Relation::Sum, expected),
            BinaryOperator::Subtract => self.agree(&[left, right], Relation::Difference, expected),
            BinaryOperator::Remainder => self.agree(&[left, right], Relation::Remainder, expected),
            BinaryOperator::Multiply => self.measure(left, None).combine(self.measure(right, None), Unit::times),
            BinaryOperator::Divide => self.measure(left, None).combine(self.measure(right, None), Unit::per),
            BinaryOperator::Power => self.power(left, right),
            BinaryOperator::Less
            | BinaryOperator::LessOrEqual
            | BinaryOperator::Greater
            | BinaryOperator::GreaterOrEqual
            | BinaryOperator::Equal
            | BinaryOperator::NotEqual => {
                self.agree(&[left, right], Relation::Comparison, None);
                Measure::Unit(Unit::dimensionless())
            }
            BinaryOperator::And | BinaryOperator::Or => {
                self.measure(left, None);
                self.measure(right, None);
                Measure::Unit(Unit::dimensionless())
            }
        }
    }

    /// The common unit of parts that must have one.
    fn agree(&mut self, parts: &[&Expression], relation: Relation, expected: Option<&Unit>) -> Measure {
        let mut common: Option<(&Expression, Unit)> = None;
        let mut unknown = false;
        let mut agreed = true;
        for part in parts {
            match self.measure(part, expected) {
                Measure::Number => {}
                Measure::Unknown => unknown = true,
                Measure::Unit(unit) => match &common {
                    None => common = Some((part, unit)),
                    Some((_, first)) if *first == unit => {}
                    Some((other, first)) => {
                        agreed = false;
                        self.findings.push(UnitsFinding::Disagreement {
                            relation: relation.clone(),
                            one: (other.span, first.clone()),
                            other: (part.span, unit.clone()),
                            first_at_fault: expected == Some(&unit),
                        });
                    }
                },
            }
        }
        match common {
            _ if !agreed => Measure::Unknown,
            Some((_, unit)) => Measure::Unit(unit),
            None if unknown => Measure::Unknown,
            None => Measure::Number,
        }
    }

    /// A unit is raised to a power only if that is written as a number (Vensim: "any other powers require
    /// dimensionless units").
    fn power(&mut self, base: &Expression, exponent: &Expression) -> Measure {
        if let Measure::Unit(unit) = self.measure(exponent, None)
            && !unit.is_dimensionless()
        {
            self.report(UnitsFinding::Exponent { unit, span: exponent.span });
            self.measure(base, None);
            return Measure::Unknown;
        }
        match (self.measure(base, None), constant(exponent)) {
            (Measure::Unit(unit), _) if unit.is_dimensionless() => Measure::Unit(unit),
            (Measure::Unit(unit), Some(power)) => match Exponent::from_f64(power).and_then(|power| unit.power(power)) {
                Some(unit) => Measure::Unit(unit),
                None => {
                    self.report(UnitsFinding::PowerBase { unit, span: base.span, exponent: exponent.span });
                    Measure::Unknown
                }
            },
            (Measure::Unit(unit), None) => {
                self.report(UnitsFinding::PowerBase { unit, span: base.span, exponent: exponent.span });
                Measure::Unknown
            }
            (other, _) => other,
        }
    }

    /// Reports an argument that is not in the unit its place asks for.
    fn argument(&mut self, function: &Name, argument: &Expression, wanted: Option<Unit>) {
        if let (Measure::Unit(unit), Some(wanted)) = (self.measure(argument, wanted.as_ref()), wanted)
            && unit != wanted
        {
            self.report(UnitsFinding::Argument { function: function.clone(), wanted, unit, span: argument.span });
        }
    }

    fn call(&mut self, name: &Name, arguments: &[Expression], expected: Option<&Unit>) -> Measure {
        match self.symbol(name) {
            // The argument of a lookup may have any unit: tables over time are common.
            Some(Symbol::Variable(_) | Symbol::Global(_) | Symbol::Parameter(_)) => {
                for argument in arguments {
                    self.measure(argument, None);
                }
                return self.reference(name);
            }
            Some(Symbol::Macro(number)) => return self.macro_call(number, arguments),
            _ => {}
        }
        match (Function::named(self.checked.model().dialect, name), arguments) {
            (None, _) => Measure::Unknown,
            (Some(Function::Power), [base, exponent]) => self.power(base, exponent),
            (Some(Function::ZeroIfDivisionByZero | Function::SafeDivision), [numerator, denominator]) => {
                self.measure(numerator, None).combine(self.measure(denominator, None), Unit::per)
            }
            (Some(Function::ElseIfDivisionByZero | Function::SafeDivision), [numerator, denominator, otherwise]) => {
                let ratio = self.measure(numerator, None).combine(self.measure(denominator, None), Unit::per);
                match (ratio, self.measure(otherwise, None)) {
                    (Measure::Unit(ratio), Measure::Unit(other)) if ratio != other => {
                        self.report(UnitsFinding::Disagreement {
                            relation: Relation::Quotient(name.clone()),
                            one: (numerator.span.to(denominator.span), ratio),
                            other: (otherwise.span, other),
                            first_at_fault: false,
                        });
                        Measure::Unknown
                    }
                    (Measure::Unit(unit), _) | (_, Measure::Unit(unit)) => Measure::Unit(unit),
                    (Measure::Number, Measure::Number) => Measure::Number,
                    _ => Measure::Unknown,
                }
            }
            (Some(function), _) => self.builtin(name, function, arguments, expected),
        }
    }

    fn builtin(
        &mut self,
        name: &Name,
        function: Function,
        arguments: &[Expression],
        expected: Option<&Unit>,
    ) -> Measure {
        let signature = signature(function);
        let mut shared = Vec::new();
        for (place, argument) in arguments.iter().enumerate() {
            match signature.part(place) {
                Part::Shared => shared.push(argument),
                Part::Pure => self.argument(name, argument, Some(Unit::dimensionless())),
                Part::Time => self.argument(name, argument, self.units.time.clone()),
                Part::PerTime => self.argument(name, argument, self.units.time.as_ref().map(Unit::inverse)),
                Part::Any => {
                    self.measure(argument, None);
                }
            }
        }
        let keeps = signature.outcome == Outcome::Shared;
        let common = self.agree(&shared, Relation::Arguments(name.clone()), expected.filter(|_| keeps));
        let time = self.time_unit();
        match signature.outcome {
            Outcome::Shared => common,
            Outcome::SharedTimesTime if common == Measure::Number => Measure::Number,
            Outcome::SharedTimesTime => common.combine(time, Unit::times),
            Outcome::SharedPerTime if common == Measure::Number => Measure::Number,
            Outcome::SharedPerTime => common.combine(time, Unit::per),
            Outcome::Root => common.map(|unit| Exponent::ratio(1, 2).and_then(|half| unit.power(half))),
            Outcome::Inverse => common.map(|unit| Some(unit.inverse())),
            // A product over elements has a unit only if it is the pure number.
            Outcome::Product => common.map(|unit| unit.is_dimensionless().then_some(unit)),
            Outcome::Pure => Measure::Unit(Unit::dimensionless()),
            Outcome::Number => Measure::Number,
            Outcome::Time => time,
            Outcome::PerTime => time.map(|unit| Some(unit.inverse())),
            Outcome::Unknown => Measure::Unknown,
        }
    }
}

/// The value of an expression of numbers alone.
fn constant(expression: &Expression) -> Option<f64> {
    match &expression.kind {
        ExpressionKind::Number(value) => Some(*value),
        ExpressionKind::Unary { operator: UnaryOperator::Minus, operand } => constant(operand).map(|value| -value),
        ExpressionKind::Unary { operator: UnaryOperator::Plus, operand } => constant(operand),
        ExpressionKind::Binary { operator, left, right } => {
            let (left, right) = (constant(left)?, constant(right)?);
            match operator {
                BinaryOperator::Add => Some(left + right),
                BinaryOperator::Subtract => Some(left - right),
                BinaryOperator::Multiply => Some(left * right),
                BinaryOperator::Divide => Some(left / right),
                _ => None,
            }
        }
        _ => None,
    }
}
