//! Variables that no equation uses: a constant without effect is likely a mistake, anything else may be an output.

use super::references::expressions;
use super::units::is_control;
use super::{CheckedModel, Symbol, is_skipped};
use crate::diagnostic::Diagnostic;
use crate::model::{Definition, Expression, ExpressionKind, Name, Subscript, SubscriptKind, UnaryOperator, Variable};
use std::collections::HashSet;

/// One warning for each constant and lookup without effect, one note for all other variables that nothing uses.
/// Stocks, control parameters and variables that are declared supplementary are none of these.
pub(super) fn check(checked: &CheckedModel, diagnostics: &mut Vec<Diagnostic>) {
    if checked.model().variables.iter().any(is_unreadable) {
        return; // what cannot be read may use anything
    }
    let used = used(checked);
    let mut outputs: Vec<&Name> = Vec::new();
    for (index, variable) in checked.model().variables.iter().enumerate() {
        let exempt = variable.supplementary || variable.hidden || is_control(variable) || is_skipped(variable);
        if exempt || used.contains(&index) {
            continue;
        }
        let name = &variable.name;
        match kind(variable) {
            Kind::Constant(what) => diagnostics.push(
                Diagnostic::warning("unused-constant", format!("the {what} `{name}` is used by no equation"))
                    .at(checked.source(), variable.span, "without effect")
                    .help("remove it, or use it where it was meant to act"),
            ),
            Kind::Auxiliary => outputs.push(name),
            Kind::Stock | Kind::Unread => {}
        }
    }
    if !outputs.is_empty() {
        const SHOWN: usize = 6;
        let names: Vec<String> = outputs.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
        let rest = if outputs.len() > SHOWN { ", ..." } else { "" };
        let message = match outputs.len() {
            1 => format!("{} is used by no equation", names.concat()),
            count => format!("{count} variables are used by no equation: {}{rest}", names.join(", ")),
        };
        diagnostics.push(
            Diagnostic::note("unused-variable", message)
                .in_file(checked.source())
                .help("fine if they are outputs; `:SUPPLEMENTARY` after the comment says so in Vensim"),
        );
    }
}

fn is_unreadable(variable: &Variable) -> bool {
    variable.equations.iter().any(|equation| matches!(equation.definition, Definition::Unreadable))
}

enum Kind {
    /// With the word for it.
    Constant(&'static str),
    Stock,
    Auxiliary,
    Unread,
}

fn kind(variable: &Variable) -> Kind {
    let mut kind = Kind::Unread;
    for equation in &variable.equations {
        kind = match &equation.definition {
            Definition::Stock(_) => return Kind::Stock,
            Definition::Auxiliary(expression) | Definition::Unchangeable(expression) if is_number(expression) => {
                Kind::Constant("constant")
            }
            Definition::Auxiliary(_) | Definition::Unchangeable(_) | Definition::Data { .. } => return Kind::Auxiliary,
            Definition::Values(_) => Kind::Constant("constant"),
            Definition::Lookup(_) => Kind::Constant("lookup"),
            Definition::External(_) => Kind::Constant("table"),
            Definition::Skipped(_) | Definition::Unreadable => kind,
        };
    }
    kind
}

fn is_number(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Number(_) => true,
        ExpressionKind::Unary { operator: UnaryOperator::Minus | UnaryOperator::Plus, operand } => is_number(operand),
        _ => false,
    }
}

/// The variables of the model that some other variable, a macro or a setting of the run names.
fn used(checked: &CheckedModel) -> HashSet<usize> {
    let model = checked.model();
    let mut used = HashSet::new();
    for scope in 0..=model.macros.len() {
        for (index, variable) in checked.variables(scope).iter().enumerate() {
            let itself = (scope == 0).then_some(index);
            for expression in expressions(variable) {
                note(checked, scope, expression, itself, &mut used);
            }
            for equation in &variable.equations {
                if let Definition::Stock(stock) = &equation.definition {
                    let flows = stock.inflows.iter().chain(&stock.outflows);
                    let indices = flows.filter_map(|flow| checked.scope(scope).names.variable(flow));
                    used.extend(indices.filter(|_| scope == 0));
                }
            }
        }
        if let Some(value) = checked.macro_of(scope).and_then(|definition| definition.value.as_ref()) {
            note(checked, scope, value, None, &mut used);
        }
    }
    let control = &model.control;
    for setting in [&control.start, &control.stop, &control.step, &control.save_every].into_iter().flatten() {
        note(checked, 0, setting, None, &mut used);
    }
    used
}

fn note(
    checked: &CheckedModel,
    scope: usize,
    expression: &Expression,
    itself: Option<usize>,
    used: &mut HashSet<usize>,
) {
    expression.walk(&mut |part| {
        let mut names: Vec<&Name> = Vec::new();
        if let ExpressionKind::Reference { name, subscripts }
        | ExpressionKind::Call { function: name, subscripts, .. } = &part.kind
        {
            names.push(name);
            // XMILE computes indices from variables.
            names.extend(subscripts.iter().filter_map(subscript_name));
        }
        for name in names {
            match checked.scope(scope).names.symbol(name) {
                Some(Symbol::Variable(index)) if scope == 0 && Some(index) != itself => {
                    used.insert(index);
                }
                Some(Symbol::Global(index)) => {
                    used.insert(index);
                }
                _ => {}
            }
        }
    });
}

fn subscript_name(subscript: &Subscript) -> Option<&Name> {
    match &subscript.kind {
        SubscriptKind::Name(name) => Some(name),
        _ => None,
    }
}
