//! `macro` elements.

use super::document::Element;
use super::fault::{Fault, Faults};
use super::grammar;
use super::module::{declare, holder};
use super::scope::{Declarations, Declared, Kind, ModelNames, Scope};
use super::settings::{Behaviour, declared_name};
use super::text::PlacedText;
use super::variable::Reader;
use crate::diagnostic::Span;
use crate::model::{Expression, ExpressionKind, Macro, MacroParameter, Name, Variable};
use roxmltree::Node;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Reads the parameters of all macros, which calls need to know. A default may name the parameters before it.
pub(super) fn signatures(
    root: Node,
    raw: &str,
    file: &Declarations,
    faults: &mut Faults,
) -> HashMap<String, Vec<MacroParameter>> {
    let mut signatures = HashMap::new();
    for element in root.children_named("macro") {
        let Some(name) = declared_name(element) else { continue };
        let mut names = ModelNames { closed: true, ..ModelNames::default() };
        let mut parameters = Vec::new();
        for parm in element.children_named("parm") {
            let text = PlacedText::within(parm, raw);
            let parameter = Name::new(text.text.trim().trim_matches('"'));
            if parameter.text().is_empty() {
                faults.push(Fault::MissingName("parm"), parm.tag_span(raw));
            }
            let default = parm.attribute_node("default").map(|attribute| PlacedText::of_attribute(attribute, raw));
            let tables_used = RefCell::default();
            let scope = Scope { file, model: &names, owner: None, tables_used: &tables_used };
            let default = default.and_then(|text| grammar::expression(&text, &scope, faults));
            names.variables.insert(parameter.key().to_owned(), parameter_declared(&parameter, parm, text.span));
            parameters.push(MacroParameter { name: parameter, default });
        }
        signatures.entry(name.key().to_owned()).or_insert(parameters);
    }
    signatures
}

/// Parts of a default with its parameters filled in.
const LARGEST_DEFAULT: usize = 10_000;

/// The arguments of a call with those left out filled in from the defaults; `None` when they grow without measure.
pub(super) fn complete(parameters: &[MacroParameter], arguments: &mut Vec<Expression>) -> Option<()> {
    for place in arguments.len()..parameters.len() {
        let Some(default) = &parameters[place].default else { break };
        let mut default = default.clone();
        substitute(&mut default, &parameters[..place], arguments);
        let mut parts = 0;
        default.walk(&mut |_| parts += 1);
        if parts > LARGEST_DEFAULT {
            return None;
        }
        arguments.push(default);
    }
    Some(())
}

/// Puts arguments in the place of the parameters that stand for them.
fn substitute(expression: &mut Expression, parameters: &[MacroParameter], arguments: &[Expression]) {
    match &mut expression.kind {
        ExpressionKind::Reference { name, .. } => {
            let place = parameters.iter().position(|parameter| parameter.name == *name);
            if let Some(argument) = place.and_then(|place| arguments.get(place)) {
                *expression = argument.clone();
            }
        }
        ExpressionKind::Call { arguments: inner, .. } => {
            inner.iter_mut().for_each(|one| substitute(one, parameters, arguments));
        }
        ExpressionKind::Unary { operand, .. } => substitute(operand, parameters, arguments),
        ExpressionKind::Binary { left, right, .. } => {
            substitute(left, parameters, arguments);
            substitute(right, parameters, arguments);
        }
        ExpressionKind::Conditional { condition, then, otherwise } => {
            substitute(condition, parameters, arguments);
            substitute(then, parameters, arguments);
            substitute(otherwise, parameters, arguments);
        }
        ExpressionKind::Number(_) | ExpressionKind::Missing | ExpressionKind::Text(_) | ExpressionKind::Lookup(_) => {}
    }
}

/// Reads all macros of the file.
pub(super) fn read(root: Node, raw: &str, file: &Declarations, faults: &mut Faults) -> Vec<Macro> {
    let mut macros: Vec<Macro> = Vec::new();
    for element in root.children_named("macro") {
        let span = element.tag_span(raw);
        let Some(name) = declared_name(element) else {
            faults.push(Fault::MissingName("macro"), span);
            continue;
        };
        if let Some(first) = macros.iter().find(|other| other.name == name) {
            let (what, first) = ("macro", first.span);
            faults.push(Fault::Duplicate { what, name: name.text().to_owned(), first }, span);
            continue;
        }
        if !runnable(element, &name, raw, faults) {
            continue;
        }
        macros.push(one(element, name, raw, file, faults));
    }
    refuse_recursion(&macros, faults);
    macros
}

fn runnable(element: Node, name: &Name, raw: &str, faults: &mut Faults) -> bool {
    let refused = if element.has_attribute("filter") {
        Some(("an option filter", "write the rule into the equations of the flows"))
    } else if element.child("sim_specs").is_some() {
        Some(("a simulation of its own", "write the result of the inner simulation as an equation"))
    } else {
        None
    };
    if let Some((construct, instead)) = refused {
        let (construct, variable) = (construct.to_owned(), Some(name.text().to_owned()));
        faults.push(Fault::Unsupported { construct, variable, instead }, element.tag_span(raw));
    }
    refused.is_none()
}

fn one(element: Node, name: Name, raw: &str, file: &Declarations, faults: &mut Faults) -> Macro {
    let span = element.tag_span(raw);
    let has_variables = element.child("variables").is_some();
    let mut names = if has_variables { declare(element, None, raw, file, faults) } else { Default::default() };
    names.closed = true;
    let parameters = file.macros.get(name.key()).cloned().unwrap_or_default();
    for (parm, parameter) in element.children_named("parm").zip(&parameters) {
        let text = PlacedText::within(parm, raw);
        if let Some(first) = names.variables.get(parameter.name.key()) {
            let (what, first) = ("parameter", first.span);
            faults.push(Fault::Duplicate { what, name: parameter.name.text().to_owned(), first }, text.span);
            continue;
        }
        let declared = parameter_declared(&parameter.name, parm, text.span);
        names.variables.insert(parameter.name.key().to_owned(), declared);
    }
    let tables_used = RefCell::default();
    let equation = element.child("eqn").map(|eqn| PlacedText::within(eqn, raw)).filter(|text| !grammar::is_blank(text));
    let value = match equation {
        Some(text) => {
            let scope = Scope { file, model: &names, owner: None, tables_used: &tables_used };
            grammar::expression(&text, &scope, faults)
        }
        None => {
            faults.push(Fault::MissingEquation { name: name.text().to_owned(), is_input: false }, span);
            None
        }
    };
    let mut variables: Vec<Variable> = Vec::new();
    if has_variables {
        let mut reader = Reader {
            raw,
            file,
            model: &names,
            behaviour: Behaviour::default(),
            tables_used: &tables_used,
            tables: Vec::new(),
            element: Vec::new(),
            faults,
        };
        for child in holder(element).elements() {
            let declared = declared_name(child).and_then(|name| names.variables.get(name.key()));
            if let Some(declared) = declared.filter(|declared| declared.node == child.id()) {
                variables.push(reader.variable(child, declared));
            }
        }
        variables.append(&mut reader.tables);
    }
    let tables: BTreeSet<Name> = tables_used.take();
    variables.extend(super::tables_beside(&variables, &tables));
    let outputs = element.elements().filter(|child| child.vendor_name() == Some("output"));
    let outputs = outputs.map(|output| Name::new(&PlacedText::within(output, raw).text)).collect();
    Macro { name, parameters, outputs, value, variables, span }
}

fn parameter_declared(name: &Name, parm: Node, span: Span) -> Declared {
    Declared {
        flat: name.clone(),
        kind: Kind::Parameter,
        dimensions: Vec::new(),
        has_table: false,
        has_equation: false,
        is_input: false,
        is_driven: false,
        is_leak: false,
        node: parm.id(),
        span,
    }
}

/// Refuses macros that reach themselves through calls.
fn refuse_recursion(macros: &[Macro], faults: &mut Faults) {
    let index: HashMap<&Name, usize> = macros.iter().enumerate().map(|(place, found)| (&found.name, place)).collect();
    let calls: BTreeMap<usize, BTreeSet<usize>> = macros
        .iter()
        .enumerate()
        .map(|(place, found)| {
            let mut called = BTreeSet::new();
            super::each_expression(found, &mut |expression| {
                expression.walk(&mut |part| {
                    if let ExpressionKind::Call { function, .. } = &part.kind {
                        called.extend(index.get(function));
                    }
                });
            });
            (place, called)
        })
        .collect();
    // Macros that call none of the others left cannot be on a way round.
    let mut callers: Vec<Vec<usize>> = vec![Vec::new(); macros.len()];
    let mut open: Vec<usize> = calls.values().map(BTreeSet::len).collect();
    calls.iter().for_each(|(place, called)| called.iter().for_each(|one| callers[*one].push(*place)));
    let mut done: Vec<usize> = (0..macros.len()).filter(|place| open[*place] == 0).collect();
    while let Some(place) = done.pop() {
        for caller in &callers[place] {
            open[*caller] -= 1;
            if open[*caller] == 0 {
                done.push(*caller);
            }
        }
    }
    for (place, found) in macros.iter().enumerate().filter(|(place, _)| open[*place] > 0).take(MOST_RECURSIVE) {
        let mut reached = BTreeSet::new();
        let mut waiting: Vec<usize> = calls[&place].iter().copied().collect();
        while let Some(next) = waiting.pop() {
            if reached.insert(next) {
                waiting.extend(&calls[&next]);
            }
        }
        if reached.contains(&place) {
            faults.push(Fault::RecursiveMacro(found.name.text().to_owned()), found.span);
        }
    }
}

/// Macros that are told to call themselves.
const MOST_RECURSIVE: usize = 100;
