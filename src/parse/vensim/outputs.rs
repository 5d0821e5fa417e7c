//! Macros with several outputs, `total = sum(a, b : least, most)`, into macros with one each: every further output
//! that a call asks for becomes a macro of its own, `sum:low`, and a variable that calls it. The later stages know
//! macros of one output only, and `write` puts the call together again.

use super::cursor::OutputCall;
use super::fault::{Fault, Found};
use crate::diagnostic::Span;
use crate::model::{Definition, Equation, Expression, ExpressionKind, Macro, Name, Role, Variable};
use std::collections::HashMap;

/// A call that defines variables.
pub struct Call {
    pub call: OutputCall,
    /// The macro in whose equations it stands, by its place.
    pub within: Option<usize>,
    /// The equation in which it stands.
    pub span: Span,
}

/// How many variables may be copied into macros of one output each, and how many bytes of arguments into calls.
const VARIABLE_LIMIT: usize = 100_000;
const ARGUMENT_LIMIT: usize = 10_000_000;

/// Adds the macros and variables that `calls` ask for.
pub fn define(calls: &[Call], variables: &mut Vec<Variable>, macros: &mut Vec<Macro>, faults: &mut Vec<Found>) {
    if calls.is_empty() {
        return;
    }
    let mut known: HashMap<Name, usize> = HashMap::new();
    for (index, definition) in macros.iter().enumerate() {
        known.entry(definition.name.clone()).or_insert(index);
    }
    let mut defined: HashMap<(Option<usize>, Name), usize> = HashMap::new();
    let scopes = macros.iter().enumerate().map(|(index, definition)| (Some(index), &definition.variables));
    for (scope, variables) in scopes.chain([(None, &*variables)]) {
        defined.extend(variables.iter().enumerate().map(|(index, variable)| ((scope, variable.name.clone()), index)));
    }
    let mut copied_variables = 0;
    let mut copied_arguments = 0;
    // Calls inside macros come first, so that what they define is there when the macro itself is copied.
    let (inside, outside): (Vec<&Call>, Vec<&Call>) = calls.iter().partition(|call| call.within.is_some());
    for Call { call, within, span } in inside.into_iter().chain(outside) {
        let callee = known.get(&call.function).copied();
        let length = match (call.arguments.first(), call.arguments.last()) {
            (Some(first), Some(last)) => first.span.to(last.span).range().len(),
            _ => 0,
        };
        for (index, output) in call.outputs.iter().enumerate() {
            let fault = |fault| Found::new(fault, output.span);
            let Some(definition) = callee.map(|callee| &macros[callee]).filter(|callee| !callee.outputs.is_empty())
            else {
                faults.push(fault(Fault::OutputsOfFunction { name: output.name.text().to_owned() }));
                break;
            };
            let name = definition.name.text().to_owned();
            let Some(formal) = definition.outputs.get(index) else {
                let (wanted, found) = (definition.outputs.len(), call.outputs.len());
                faults.push(fault(Fault::OutputsTooMany { name, wanted, found }));
                break;
            };
            let function = Name::new(&format!("{name}:{}", formal.text()));
            copied_arguments += length;
            copied_variables += if known.contains_key(&function) { 0 } else { definition.variables.len() + 1 };
            if copied_variables > VARIABLE_LIMIT || copied_arguments > ARGUMENT_LIMIT {
                faults.push(fault(Fault::MacroLarge { name }));
                return;
            }
            if !known.contains_key(&function) {
                known.insert(function.clone(), macros.len());
                macros.push(alone(definition, formal, &function));
            }
            let arguments = call.arguments.clone();
            let kind = ExpressionKind::Call { function, subscripts: Vec::new(), arguments };
            let equation = Equation {
                subscripts: output.subscripts.clone(),
                except: Vec::new(),
                definition: Definition::Auxiliary(Expression::new(kind, output.span)),
                span: *span,
            };
            let scope = match within.and_then(|within| macros.get_mut(within)) {
                Some(surrounding) => &mut surrounding.variables,
                None => &mut *variables,
            };
            let place = *defined.entry((*within, output.name.clone())).or_insert(scope.len());
            match scope.get_mut(place) {
                Some(variable) => variable.equations.push(equation),
                None => scope.push(variable(&output.name, output.span, equation)),
            }
        }
    }
}

/// `definition` with `formal` as its only output.
fn alone(definition: &Macro, formal: &Name, name: &Name) -> Macro {
    let value =
        Expression::new(ExpressionKind::Reference { name: formal.clone(), subscripts: Vec::new() }, definition.span);
    let equation = Equation {
        subscripts: Vec::new(),
        except: Vec::new(),
        definition: Definition::Auxiliary(value),
        span: definition.span,
    };
    let mut variables = definition.variables.clone();
    variables.push(variable(name, definition.span, equation));
    Macro {
        name: name.clone(),
        parameters: definition.parameters.clone(),
        outputs: Vec::new(),
        value: None,
        variables,
        span: definition.span,
    }
}

fn variable(name: &Name, span: Span, equation: Equation) -> Variable {
    Variable {
        name: name.clone(),
        span,
        equations: vec![equation],
        units: None,
        documentation: String::new(),
        group: None,
        range: None,
        dimensions: Vec::new(),
        role: Role::default(),
        hidden: false,
        supplementary: false,
    }
}
