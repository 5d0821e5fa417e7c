//! Dimensional analysis: the right-hand side of every equation against the declared unit of its variable.
//!
//! Numbers written in an equation take the unit of whatever they are added to or compared with and multiply without
//! one, as in Vensim; variables without a unit are unknown and spread no findings. Units are compared
//! literally, without conversion: `Month` and `Year` differ.

mod finding;
mod functions;
mod inference;
mod macros;

use self::finding::UnitsFinding;
use self::inference::{Inference, Measure};
use super::{CheckedModel, VariableKind};
use crate::diagnostic::{Diagnostic, Severity, Source};
use crate::model::{Definition, Expression, Model, Name, Store, Variable};
use crate::units::{Synonyms, Unit};
use std::sync::Arc;

/// What the units of a model mean.
#[derive(Clone, Debug, Default)]
pub struct ModelUnits {
    /// For each variable of the model, its unit where it declares a readable one.
    pub variables: Vec<Option<Unit>>,
    /// The unit of time, where the model declares one.
    pub time: Option<Unit>,
    /// Reads further unit texts, such as those of data, with the model's synonyms.
    pub synonyms: Synonyms,
}

/// Whether the variable sets the run and takes no part in the model.
fn is_control(variable: &Variable) -> bool {
    VariableKind::of(variable) == VariableKind::Control
}

/// Makes errors of the warnings about units.
pub fn make_units_strict(diagnostics: &mut [Diagnostic]) {
    for diagnostic in diagnostics {
        if diagnostic.severity == Severity::Warning && diagnostic.code.starts_with("units-") {
            diagnostic.severity = Severity::Error;
        }
    }
}

/// Reads all units of the model and checks its equations. A model that declares units of time alone is not examined.
pub(super) fn check(checked: &CheckedModel, diagnostics: &mut Vec<Diagnostic>) -> ModelUnits {
    let mut findings = Vec::new();
    let units = read(checked.model(), &mut findings);
    let declares = |(variable, unit): (&Variable, &Option<Unit>)| unit.is_some() && !is_control(variable);
    if checked.model().variables.iter().zip(&units.variables).any(declares) {
        undeclared(checked.model(), &mut findings);
        let mut inference = Inference::new(checked, &units);
        for (variable, unit) in checked.model().variables.iter().zip(&units.variables) {
            equations(variable, unit.as_ref(), units.time.as_ref(), &mut inference);
        }
        findings.extend(inference.into_findings());
    }
    let mut seen = Vec::new();
    for finding in findings {
        // Equations for many elements share expressions.
        if !seen.contains(&finding) {
            diagnostics.push(finding.diagnostic(checked.source(), units.time.as_ref()));
            seen.push(finding);
        }
    }
    units
}

/// The unit of an expression over the model's variables, `None` where it cannot be told or is a bare number, and what is
/// wrong with its units. Its spans point into `source`.
pub fn expression_unit(
    checked: &CheckedModel,
    expression: &Expression,
    source: &Arc<Source>,
) -> (Option<Unit>, Vec<Diagnostic>) {
    let units = checked.units();
    let mut inference = Inference::new(checked, units);
    let unit = match inference.measure(expression, None) {
        Measure::Unit(unit) => Some(unit),
        Measure::Number | Measure::Unknown => None,
    };
    let findings = inference.into_findings();
    (unit, findings.iter().map(|finding| finding.diagnostic(source, units.time.as_ref())).collect())
}

fn read(model: &Model, findings: &mut Vec<UnitsFinding>) -> ModelUnits {
    let mut groups = model.unit_aliases.clone();
    let declares_time = |variable: &&Variable| is_control(variable) && variable.units.is_some();
    let time_variable = model.variables.iter().find(declares_time);
    let time_text = time_variable
        .and_then(|variable| variable.units.as_ref().map(|units| &units.text))
        .or(model.control.time_units.as_ref())
        .filter(|text| !is_unnamed_time(text));
    let only_time = only_unit_of_time(model);
    let time_text = time_text.or(only_time.as_ref());
    // Stella writes `people/time` where the unit of time was not chosen.
    groups.extend(time_text.map(|text| vec![text.clone(), "time".to_owned(), "time unit".to_owned()]));
    let (synonyms, faults) = Synonyms::new(&groups);
    let unreadable = faults.into_iter().filter(|(text, _)| Some(text) != time_text);
    findings.extend(unreadable.map(|(text, fault)| UnitsFinding::UnreadableSynonym { text, fault }));

    let mut variables = Vec::with_capacity(model.variables.len());
    for variable in &model.variables {
        let text = variable.units.as_ref().filter(|units| !matches!(units.text.trim(), "" | "?"));
        variables.push(text.and_then(|units| match synonyms.read(&units.text) {
            Ok(unit) => Some(unit),
            Err(fault) => {
                findings.push(UnitsFinding::Unreadable {
                    variable: variable.name.clone(),
                    units: units.clone(),
                    fault,
                });
                None
            }
        }));
    }
    let time = time_text.and_then(|text| synonyms.read(text).ok());
    if let (Some(time), Some(first)) = (&time, time_variable) {
        for (variable, unit) in model.variables.iter().zip(&variables) {
            if let (true, Some(unit), Some(units)) = (is_control(variable), unit, &variable.units)
                && unit != time
            {
                findings.push(UnitsFinding::TimeUnits {
                    variable: variable.name.clone(),
                    unit: unit.clone(),
                    span: units.span,
                    first: first.name.clone(),
                    time: time.clone(),
                    first_span: first.units.as_ref().map(|units| units.span),
                });
            }
        }
    }
    ModelUnits { variables, time, synonyms }
}

/// Stella writes `Time` where the unit was not chosen.
fn is_unnamed_time(text: &str) -> bool {
    matches!(text.trim().to_lowercase().as_str(), "" | "time" | "?")
}

/// The unit of time of a model that does not say it, if its variables use one only.
fn only_unit_of_time(model: &Model) -> Option<String> {
    let synonyms = Synonyms::default();
    let texts = model.variables.iter().filter_map(|variable| variable.units.as_ref());
    let mut names: Vec<String> = texts
        .filter_map(|units| synonyms.read(&units.text).ok())
        .flat_map(|unit| unit.named_times().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    names.sort_unstable();
    names.dedup();
    match names.len() {
        1 => names.pop(),
        _ => None,
    }
}

/// One note for all variables that could take part and do not.
fn undeclared(model: &Model, findings: &mut Vec<UnitsFinding>) {
    let blank = |variable: &&Variable| variable.units.as_ref().is_none_or(|units| units.text.trim().is_empty());
    let without: Vec<Name> = model
        .variables
        .iter()
        .filter(blank)
        .filter(|variable| {
            !variable.hidden && !matches!(VariableKind::of(variable), VariableKind::Skipped | VariableKind::Control)
        })
        .map(|variable| variable.name.clone())
        .collect();
    if !without.is_empty() {
        findings.push(UnitsFinding::Undeclared { variables: without });
    }
}

fn equations(variable: &Variable, unit: Option<&Unit>, time: Option<&Unit>, inference: &mut Inference) {
    let declared = variable.units.as_ref().map(|units| units.span);
    for equation in &variable.equations {
        match &equation.definition {
            Definition::Auxiliary(expression) | Definition::Unchangeable(expression) => {
                let found = inference.measure(expression, unit);
                if let (Measure::Unit(found), Some(unit)) = (found, unit)
                    && found != *unit
                {
                    inference.report(UnitsFinding::Equation {
                        variable: variable.name.clone(),
                        declared: unit.clone(),
                        declared_span: declared,
                        found,
                        span: expression.span,
                    });
                }
            }
            Definition::Stock(stock) => {
                let initial = |expression: &Expression, inference: &mut Inference| {
                    if let (Measure::Unit(found), Some(unit)) = (inference.measure(expression, unit), unit)
                        && found != *unit
                    {
                        inference.report(UnitsFinding::Initial {
                            stock: variable.name.clone(),
                            declared: unit.clone(),
                            declared_span: declared,
                            found,
                            span: expression.span,
                        });
                    }
                };
                initial(&stock.initial, inference);
                let flow = unit.zip(time).map(|(unit, time)| unit.per(time));
                if let (Measure::Unit(found), Some(flow)) = (inference.measure(&stock.derivative, flow.as_ref()), &flow)
                    && found != *flow
                {
                    inference.report(UnitsFinding::Flow {
                        stock: variable.name.clone(),
                        expected: flow.clone(),
                        declared_span: declared,
                        found,
                        span: stock.derivative.span,
                    });
                }
                match &stock.store {
                    Store::Reservoir | Store::Queue(_) => {}
                    Store::Conveyor(conveyor) => inference.time(&Name::new("transit time"), &conveyor.transit),
                    Store::Oven(oven) => inference.time(&Name::new("cook time"), &oven.cook),
                }
            }
            Definition::Values(_)
            | Definition::Lookup(_)
            | Definition::External(_)
            | Definition::Data { .. }
            | Definition::Driven
            | Definition::Skipped(_)
            | Definition::Unreadable => {}
        }
    }
}
