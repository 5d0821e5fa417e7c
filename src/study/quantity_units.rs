//! The unit of a quantity, from the units that the model declares.

use crate::check::CheckedModel;
use crate::model::{BinaryOperator, Expression, ExpressionKind, Function, UnaryOperator};
use crate::units::Unit;

/// The unit of an expression; `None` where it cannot be told. A number takes the unit of what it is added to, and
/// multiplies without one.
pub(super) fn unit_of(checked: &CheckedModel, expression: &Expression) -> Option<Unit> {
    let of = |expression: &Expression| unit_of(checked, expression);
    match &expression.kind {
        ExpressionKind::Reference { name, .. } => {
            checked.units().variables.get(checked.names().variable(name)?)?.clone()
        }
        ExpressionKind::Unary { operator: UnaryOperator::Minus | UnaryOperator::Plus, operand } => of(operand),
        ExpressionKind::Binary { operator, left, right } => {
            let factor = |side: &Expression| match side.kind {
                ExpressionKind::Number(_) => Some(Unit::dimensionless()),
                _ => of(side),
            };
            match operator {
                BinaryOperator::Multiply => Some(factor(left)?.times(&factor(right)?)),
                BinaryOperator::Divide => Some(factor(left)?.per(&factor(right)?)),
                BinaryOperator::Add | BinaryOperator::Subtract => of(left).or_else(|| of(right)),
                _ => None,
            }
        }
        ExpressionKind::Call { function, arguments, .. } => match Function::named(checked.model().dialect, function)? {
            Function::Sum | Function::Minimum | Function::Maximum | Function::Absolute => {
                arguments.first().and_then(of)
            }
            _ => None,
        },
        _ => None,
    }
}
