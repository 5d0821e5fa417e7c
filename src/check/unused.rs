//! Variables that no equation uses: a constant without effect is likely a mistake, anything else may be an output. And
//! those that are declared to be of no use and are used.

use super::references::expressions;
use super::{CheckedModel, Symbol, VariableKind};
use crate::diagnostic::Diagnostic;
use crate::model::{Definition, Expression, ExpressionKind, Name, Subscript, SubscriptKind, Variable};
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
        if variable.supplementary && used.contains(&index) {
            diagnostics.push(
                Diagnostic::note(
                    "supplementary-used",
                    format!("`{}` is declared supplementary and is used", variable.name),
                )
                .at(checked.source(), variable.span, "other equations need it")
                .help("take away `:SUPPLEMENTARY`, which says that nothing uses a variable"),
            );
        }
        if variable.supplementary || variable.hidden || used.contains(&index) {
            continue;
        }
        let what = match VariableKind::of(variable) {
            VariableKind::Constant => "constant",
            VariableKind::Lookup => "lookup",
            VariableKind::Auxiliary | VariableKind::Data => {
                outputs.push(&variable.name);
                continue;
            }
            VariableKind::Stock | VariableKind::Control | VariableKind::Skipped => continue,
        };
        diagnostics.push(
            Diagnostic::warning("unused-constant", format!("the {what} `{}` is used by no equation", variable.name))
                .at(checked.source(), variable.span, "without effect")
                .help("remove it, or use it where it was meant to act"),
        );
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
