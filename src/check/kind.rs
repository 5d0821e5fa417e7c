//! What a variable is, by its equations.

use super::is_skipped;
use crate::model::{Definition, Expression, ExpressionKind, UnaryOperator, Variable};

/// A variable's part in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VariableKind {
    Stock,
    Auxiliary,
    /// Numbers written in the file or read from another.
    Constant,
    Lookup,
    /// Follows a series from outside.
    Data,
    /// INITIAL TIME, FINAL TIME, TIME STEP, SAVEPER.
    Control,
    /// Read, and not part of a run.
    Skipped,
}

impl VariableKind {
    pub fn word(self) -> &'static str {
        match self {
            VariableKind::Stock => "stock",
            VariableKind::Auxiliary => "auxiliary",
            VariableKind::Constant => "constant",
            VariableKind::Lookup => "lookup",
            VariableKind::Data => "data",
            VariableKind::Control => "control",
            VariableKind::Skipped => "skipped",
        }
    }

    /// A variable with several equations is what the most demanding of them makes it.
    pub fn of(variable: &Variable) -> Self {
        if matches!(variable.name.key(), "initial time" | "final time" | "time step" | "saveper") {
            return VariableKind::Control;
        }
        if is_skipped(variable) {
            return VariableKind::Skipped;
        }
        let kinds = variable.equations.iter().filter_map(|equation| match &equation.definition {
            Definition::Stock(_) => Some(VariableKind::Stock),
            Definition::Auxiliary(expression) | Definition::Unchangeable(expression) if is_number(expression) => {
                Some(VariableKind::Constant)
            }
            Definition::Auxiliary(_) | Definition::Unchangeable(_) | Definition::Driven => {
                Some(VariableKind::Auxiliary)
            }
            Definition::Values(_) | Definition::External(_) => Some(VariableKind::Constant),
            Definition::Lookup(_) => Some(VariableKind::Lookup),
            Definition::Data { .. } => Some(VariableKind::Data),
            Definition::Skipped(_) | Definition::Unreadable => None,
        });
        kinds.min().unwrap_or(VariableKind::Auxiliary)
    }
}

fn is_number(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Number(_) => true,
        ExpressionKind::Unary { operator: UnaryOperator::Minus | UnaryOperator::Plus, operand } => is_number(operand),
        _ => false,
    }
}
