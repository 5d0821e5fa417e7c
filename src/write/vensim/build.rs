//! Short ways to build expressions that stand for others.

use crate::diagnostic::Span;
use crate::model::{BinaryOperator, Expression, ExpressionKind, Name, Subscript, SubscriptKind, UnaryOperator};

/// Builds expressions that point at one place of the source.
#[derive(Clone, Copy)]
pub struct At(pub Span);

impl At {
    pub fn number(self, value: f64) -> Expression {
        Expression::number(value, self.0)
    }

    pub fn name(self, name: &str) -> Expression {
        self.element(&Name::new(name), &[])
    }

    /// `name[subscripts]`.
    pub fn element(self, name: &Name, subscripts: &[Name]) -> Expression {
        let subscripts =
            subscripts.iter().map(|name| Subscript { kind: SubscriptKind::Name(name.clone()), span: self.0 }).collect();
        Expression::new(ExpressionKind::Reference { name: name.clone(), subscripts }, self.0)
    }

    pub fn call(self, function: &str, arguments: Vec<Expression>) -> Expression {
        let kind = ExpressionKind::Call { function: Name::new(function), subscripts: Vec::new(), arguments };
        Expression::new(kind, self.0)
    }

    pub fn minus(self, operand: Expression) -> Expression {
        let kind = ExpressionKind::Unary { operator: UnaryOperator::Minus, operand: Box::new(operand) };
        Expression::new(kind, self.0)
    }

    pub fn binary(self, left: Expression, operator: BinaryOperator, right: Expression) -> Expression {
        let kind = ExpressionKind::Binary { operator, left: Box::new(left), right: Box::new(right) };
        Expression::new(kind, self.0)
    }

    pub fn when(self, condition: Expression, then: Expression, otherwise: Expression) -> Expression {
        let kind = ExpressionKind::Conditional {
            condition: Box::new(condition),
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        };
        Expression::new(kind, self.0)
    }

    /// The largest whole number that is not above `value`; Vensim's INTEGER cuts towards zero.
    pub fn floor(self, value: Expression) -> Expression {
        let cut = self.call("INTEGER", vec![value.clone()]);
        let below = self.binary(value, BinaryOperator::Less, cut.clone());
        let lower = self.binary(cut.clone(), BinaryOperator::Subtract, self.number(1.0));
        self.when(below, lower, cut)
    }

    /// The remainder with the divisor's sign; Vensim's MODULO has the dividend's.
    pub fn remainder(self, value: Expression, divisor: Expression) -> Expression {
        let rest = self.call("MODULO", vec![value, divisor.clone()]);
        let product = self.binary(rest.clone(), BinaryOperator::Multiply, divisor.clone());
        let opposed = self.binary(product, BinaryOperator::Less, self.number(0.0));
        self.when(opposed, self.binary(rest.clone(), BinaryOperator::Add, divisor), rest)
    }
}
