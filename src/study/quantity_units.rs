//! The unit of a quantity, from the units that the model declares.

use crate::check::CheckedModel;
use crate::model::{BinaryOperator, Expression, ExpressionKind, Function, UnaryOperator};
use crate::units::{Synonyms, Unit};

/// The declared units of a model, and how it spells units.
pub(super) struct ModelUnits<'m> {
    checked: &'m CheckedModel,
    pub synonyms: Synonyms,
}

impl<'m> ModelUnits<'m> {
    pub fn new(checked: &'m CheckedModel) -> Self {
        let (synonyms, _) = Synonyms::new(&checked.model().unit_aliases);
        ModelUnits { checked, synonyms }
    }

    /// The unit of time.
    pub fn time(&self) -> Option<Unit> {
        let model = self.checked.model();
        let control = ["TIME STEP", "INITIAL TIME", "FINAL TIME"].into_iter();
        let declared = control.filter_map(|name| self.variable(&crate::model::Name::new(name))).next();
        declared.or_else(|| model.control.time_units.as_ref().and_then(|text| self.synonyms.read(text).ok()))
    }

    fn variable(&self, name: &crate::model::Name) -> Option<Unit> {
        let number = self.checked.names().variable(name)?;
        let units = self.checked.model().variables[number].units.as_ref()?;
        match units.text.trim() {
            "" | "?" => None,
            text => self.synonyms.read(text).ok(),
        }
    }

    /// The unit of an expression; `None` where it cannot be told. A number takes the unit of what it is added to, and
    /// multiplies without one.
    pub fn of(&self, expression: &Expression) -> Option<Unit> {
        match &expression.kind {
            ExpressionKind::Reference { name, .. } => self.variable(name),
            ExpressionKind::Unary { operator: UnaryOperator::Minus | UnaryOperator::Plus, operand } => self.of(operand),
            ExpressionKind::Binary { operator, left, right } => {
                let factor = |side: &Expression| match side.kind {
                    ExpressionKind::Number(_) => Some(Unit::dimensionless()),
                    _ => self.of(side),
                };
                match operator {
                    BinaryOperator::Multiply => Some(factor(left)?.times(&factor(right)?)),
                    BinaryOperator::Divide => Some(factor(left)?.per(&factor(right)?)),
                    BinaryOperator::Add | BinaryOperator::Subtract => self.of(left).or_else(|| self.of(right)),
                    _ => None,
                }
            }
            ExpressionKind::Call { function, arguments, .. } => {
                let dialect = self.checked.model().dialect;
                match Function::named(dialect, function)? {
                    Function::Sum | Function::Minimum | Function::Maximum | Function::Absolute => {
                        arguments.first().and_then(|argument| self.of(argument))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
