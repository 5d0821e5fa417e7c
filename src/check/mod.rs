//! A declared model into a checked one: names and subscripts resolved, functions known, units and loops examined.
//!
//! Every finding of a model is reported in one run. Order of evaluation is left to `compile`, which sees elements.

mod dimensions;
mod elements;
mod external;
mod feedback;
mod finding;
mod foreign;
mod kind;
mod names;
mod references;
mod units;
mod unused;

pub use dimensions::{Dimensions, ElementId, ResolvedDimension};
pub use elements::{Elements, left_hand_side, list as list_elements, product};
pub use external::external_subscripts;
pub use feedback::{Doubt, Feedback, FeedbackLoop, Graph, Link, Loops, Polarity, feedback};
pub use finding::Finding;
pub use foreign::instead;
pub use kind::VariableKind;
pub use names::{Names, Symbol};
pub use references::check_expression;
pub use units::{ModelUnits, expression_unit, make_units_strict};

use crate::diagnostic::{Diagnostic, Source, nearest};
use crate::model::{Definition, Dialect, Macro, Model, Name, Variable};
use std::collections::HashMap;
use std::sync::Arc;

/// A model whose names, subscripts and function calls are sound. Made by [`check`] only.
#[derive(Clone, Debug)]
pub struct CheckedModel {
    source: Arc<Source>,
    model: Model,
    dimensions: Dimensions,
    /// The model itself, then each macro.
    scopes: Vec<Scope>,
    units: ModelUnits,
}

/// A space of names: the model's or a macro's.
#[derive(Clone, Debug)]
pub struct Scope {
    pub names: Names,
    /// For each variable of the scope.
    pub elements: Vec<Elements>,
}

impl CheckedModel {
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    pub fn model(&self) -> &Model {
        &self.model
    }

    pub fn dimensions(&self) -> &Dimensions {
        &self.dimensions
    }

    /// The units that the model declares.
    pub fn units(&self) -> &ModelUnits {
        &self.units
    }

    /// The model's own names and elements.
    pub fn names(&self) -> &Names {
        &self.scopes[0].names
    }

    /// Scope 0 is the model, scope `1 + i` macro `i`.
    pub fn scope(&self, number: usize) -> &Scope {
        &self.scopes[number]
    }

    pub fn variables(&self, scope: usize) -> &[Variable] {
        match scope {
            0 => &self.model.variables,
            _ => &self.model.macros[scope - 1].variables,
        }
    }

    pub fn macro_of(&self, scope: usize) -> Option<&Macro> {
        scope.checked_sub(1).map(|index| &self.model.macros[index])
    }

    /// `variable[a,b]`, as Vensim names the element in its exports.
    pub fn element_name(&self, variable: usize, coordinates: &[ElementId]) -> String {
        let name = self.model.variables[variable].name.text();
        if coordinates.is_empty() {
            name.to_owned()
        } else {
            format!("{name}[{}]", list_elements(coordinates, &self.dimensions))
        }
    }
}

/// Checks a declared model. The result is `None` when an error was found; warnings and notes do not stop it.
///
/// `external` gives the element names of the dimensions that are read from files, by index.
pub fn check(
    source: &Arc<Source>,
    model: Model,
    external: &HashMap<usize, Vec<Name>>,
) -> (Option<CheckedModel>, Vec<Diagnostic>) {
    let mut findings = Vec::new();
    if model.variables.is_empty() {
        findings.push(Finding::NoVariables);
    }
    duplicates(&model, &mut findings);
    let dimensions = Dimensions::resolve(&model, external, &mut findings);
    let elements = dimensions.elements().to_vec();
    let mut scopes = Vec::with_capacity(1 + model.macros.len());
    let names = Names::of(&model, &elements);
    let mut left = elements::ELEMENT_LIMIT;
    scopes.push(scope(&model.variables, names, &dimensions, &mut left, &mut findings));
    for definition in &model.macros {
        let names = scopes[0].names.within(definition);
        let scope = scope(&definition.variables, names, &dimensions, &mut left, &mut findings);
        scopes.push(scope);
    }
    let units = ModelUnits::default();
    let mut checked = CheckedModel { source: source.clone(), model, dimensions, scopes, units };
    references::check(&checked, &mut findings);
    let mut diagnostics: Vec<Diagnostic> = findings.iter().map(|finding| finding.diagnostic(source)).collect();
    checked.units = units::check(&checked, &mut diagnostics);
    let sound = !diagnostics.iter().any(Diagnostic::is_error);
    if sound {
        // A misspelt name is no use of the variable that it means.
        unused::check(&checked, &mut diagnostics);
        diagnostics.extend(not_run(checked.model()).map(|(variable, what)| {
            Diagnostic::warning("not-run", format!("`{}` is a {what}, which takes no part in a run", variable.name))
                .at(source, variable.span, "read and left alone")
                .help("set the model's constants with --set, and look at the results, to test what it tests")
        }));
    }
    (sound.then_some(checked), diagnostics)
}

fn scope(
    variables: &[Variable],
    names: Names,
    dimensions: &Dimensions,
    left: &mut usize,
    findings: &mut Vec<Finding>,
) -> Scope {
    let elements =
        variables.iter().map(|variable| Elements::of(variable, &names, dimensions, left, findings)).collect();
    Scope { names, elements }
}

fn duplicates(model: &Model, findings: &mut Vec<Finding>) {
    let mut seen: HashMap<&Name, &Variable> = HashMap::new();
    for variable in &model.variables {
        if let Some(first) = seen.get(&variable.name) {
            findings.push(Finding::DuplicateVariable {
                name: variable.name.clone(),
                span: variable.span,
                first: first.span,
            });
        } else {
            seen.insert(&variable.name, variable);
        }
        if variable.equations.is_empty() {
            findings.push(Finding::NoEquation { variable: variable.name.clone(), span: variable.span });
        }
    }
    let mut seen = HashMap::new();
    for dimension in &model.dimensions {
        if let Some(first) = seen.insert(&dimension.name, dimension.span) {
            findings.push(Finding::DuplicateDimension { name: dimension.name.clone(), span: dimension.span, first });
        }
        let empty = dimension.items.is_empty() && dimension.alias_of.is_none() && dimension.external.is_none();
        if empty {
            findings.push(Finding::EmptyDimension { name: dimension.name.clone(), span: dimension.span });
        }
    }
}

/// The variables of Vensim text that no run executes, and what they are: reality checks, test inputs and texts.
pub fn not_run(model: &Model) -> impl Iterator<Item = (&Variable, &'static str)> {
    let variables = model.variables.iter().filter(|_| model.dialect == Dialect::Vensim);
    variables.filter_map(|variable| {
        variable.equations.iter().find_map(|equation| match equation.definition {
            Definition::Skipped(what) => Some((variable, what)),
            _ => None,
        })
    })
}

/// Whether a variable takes no part in a run.
pub fn is_skipped(variable: &Variable) -> bool {
    variable.equations.iter().all(|equation| matches!(equation.definition, Definition::Skipped(_)))
}

fn nearest_name<'a>(name: &Name, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name.text(), candidates).map(str::to_owned)
}
