//! Expressions that are a power of one variable times something that does not depend on it.

use crate::check::{CheckedModel, Symbol};
use crate::model::{BinaryOperator, Expression, ExpressionKind, Subscript, SubscriptKind, UnaryOperator};

/// Degrees in one variable, all of whose references name the same element.
pub struct Degrees<'a> {
    checked: &'a CheckedModel,
    variable: usize,
}

impl<'a> Degrees<'a> {
    /// `None` if the expressions refer to different elements of the variable, which move apart.
    pub fn of<'e>(
        checked: &'a CheckedModel,
        variable: usize,
        expressions: impl IntoIterator<Item = &'e Expression>,
    ) -> Option<Self> {
        let mut element: Option<Vec<&SubscriptKind>> = None;
        let mut same = true;
        for expression in expressions {
            expression.walk(&mut |part| {
                if let ExpressionKind::Reference { name, subscripts } = &part.kind
                    && checked.names().symbol(name) == Some(Symbol::Variable(variable))
                {
                    let kinds: Vec<&SubscriptKind> = subscripts.iter().map(|subscript| &subscript.kind).collect();
                    same &= subscripts.iter().all(is_named) && element.as_ref().is_none_or(|first| *first == kinds);
                    element = Some(kinds);
                }
            });
        }
        same.then_some(Degrees { checked, variable })
    }

    /// The power of the variable, if the expression is one.
    pub fn degree(&self, expression: &Expression) -> Option<f64> {
        match &expression.kind {
            _ if !self.mentions(expression) => Some(0.0),
            ExpressionKind::Reference { .. } => Some(1.0),
            ExpressionKind::Unary { operator: UnaryOperator::Minus | UnaryOperator::Plus, operand } => {
                self.degree(operand)
            }
            ExpressionKind::Binary { operator, left, right } => match operator {
                BinaryOperator::Multiply => Some(self.degree(left)? + self.degree(right)?),
                BinaryOperator::Divide => Some(self.degree(left)? - self.degree(right)?),
                BinaryOperator::Add | BinaryOperator::Subtract => {
                    let (left, right) = (self.degree(left)?, self.degree(right)?);
                    (left == right).then_some(left)
                }
                BinaryOperator::Power => match right.kind {
                    ExpressionKind::Number(power) => Some(self.degree(left)? * power),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    fn mentions(&self, expression: &Expression) -> bool {
        let mut found = false;
        expression.walk(&mut |part| {
            if let ExpressionKind::Reference { name, .. } | ExpressionKind::Call { function: name, .. } = &part.kind {
                found |= self.checked.names().symbol(name) == Some(Symbol::Variable(self.variable));
            }
        });
        found
    }
}

fn is_named(subscript: &Subscript) -> bool {
    matches!(subscript.kind, SubscriptKind::Name(_) | SubscriptKind::Position(_))
}

/// The terms of a sum, and whether each is subtracted.
pub fn terms(expression: &Expression) -> Vec<(&Expression, bool)> {
    match &expression.kind {
        ExpressionKind::Binary { operator: BinaryOperator::Add, left, right } => {
            terms(left).into_iter().chain(terms(right)).collect()
        }
        ExpressionKind::Binary { operator: BinaryOperator::Subtract, left, right } => {
            let subtracted = terms(right).into_iter().map(|(term, negative)| (term, !negative));
            terms(left).into_iter().chain(subtracted).collect()
        }
        _ => vec![(expression, false)],
    }
}
