//! `macro` elements.

use super::document::Element;
use super::fault::{Fault, Faults};
use super::grammar;
use super::module::{declare, holder};
use super::scope::{Declarations, Declared, Kind, Scope};
use super::settings::{Behaviour, declared_name};
use super::text::PlacedText;
use super::variable::Reader;
use crate::diagnostic::Span;
use crate::model::{ExpressionKind, Macro, MacroParameter, Name, Variable};
use roxmltree::Node;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    let mut parameters = Vec::new();
    let mut defaults = Vec::new();
    for parm in element.children_named("parm") {
        let text = PlacedText::within(parm, raw);
        let parameter = Name::new(text.text.trim().trim_matches('"'));
        if parameter.text().is_empty() {
            faults.push(Fault::MissingName("parm"), parm.tag_span(raw));
            continue;
        }
        if let Some(first) = names.variables.get(parameter.key()) {
            let (what, first) = ("parameter", first.span);
            faults.push(Fault::Duplicate { what, name: parameter.text().to_owned(), first }, text.span);
            continue;
        }
        names.variables.insert(parameter.key().to_owned(), parameter_declared(&parameter, parm, text.span));
        defaults.push(parm.attribute_node("default").map(|attribute| PlacedText::of_attribute(attribute, raw)));
        parameters.push(parameter);
    }
    let tables_used = RefCell::default();
    let read = |text: &PlacedText, faults: &mut Faults| {
        let scope = Scope { file, model: &names, owner: None, tables_used: &tables_used };
        grammar::expression(text, &scope, faults)
    };
    let parameters = parameters
        .into_iter()
        .zip(defaults)
        .map(|(name, default)| MacroParameter { name, default: default.and_then(|text| read(&text, faults)) })
        .collect();
    let equation = element.child("eqn").map(|eqn| PlacedText::within(eqn, raw)).filter(|text| !grammar::is_blank(text));
    let value = match equation {
        Some(text) => read(&text, faults),
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
    for (place, found) in macros.iter().enumerate() {
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
