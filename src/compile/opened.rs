//! A model opened at its variables: every equation by itself, and what it reads of the others set from outside.
//!
//! It answers what a run cannot: which equation reads what, and what it would give if one of its causes alone had moved.

use super::fault::Fault;
use super::graph::{Node, Pace, Slot, Value};
use super::layout::needed;
use super::{CheckedModel, Program, Register, Request, compile_opened};
use crate::check::ElementId;
use crate::diagnostic::Diagnostic;
use crate::model::Definition;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How far a program is opened.
pub(super) enum Opening {
    /// As it is run.
    Closed,
    /// As it is run; what stands inside functions is saved too.
    Inside,
    /// These elements are set from outside wherever they are read.
    Apart(BTreeSet<String>),
}

impl Opening {
    /// The elements set from outside and their numbers.
    pub fn places(&self, checked: &CheckedModel) -> HashMap<(usize, Box<[ElementId]>), u32> {
        let Opening::Apart(names) = self else { return HashMap::new() };
        let numbers: HashMap<&str, u32> = names.iter().map(String::as_str).zip(0..).collect();
        let mut places = HashMap::new();
        for (variable, elements) in checked.scope(0).elements.iter().enumerate() {
            for coordinates in &elements.order {
                if let Some(number) = numbers.get(checked.element_name(variable, coordinates).as_str()) {
                    places.insert((variable, coordinates.clone().into()), *number);
                }
            }
        }
        places
    }
}

/// What a part of an opened model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// An element of a stock; its equation is the net flow.
    Stock,
    /// A state or memory inside a function: a stage of a delay; its equation is the net flow, or what enters.
    Inside,
    /// An element of any other variable that moves during a run.
    Auxiliary,
}

/// One equation of an opened model.
#[derive(Clone, Debug, PartialEq)]
pub struct Equation {
    /// `name[a,b]`; for what stands inside a function, the variable that uses it and the stage.
    pub name: String,
    pub part: Part,
    /// Column of its value in what [`Opened::whole`] saves.
    pub column: usize,
    /// Equations whose values it reads, in order.
    pub causes: Vec<usize>,
}

/// A model and its equations one by one.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The model as it runs, saving every variable and what stands inside functions.
    pub whole: Program,
    /// The equations, for evaluation only: never run.
    pub apart: Program,
    pub equations: Vec<Equation>,
    /// Where the value of each equation is set for the others to read.
    pub given: Vec<Register>,
    /// Where each equation's result stands after its code.
    pub result: Vec<Register>,
}

/// Opens a model. What is asked for under `request.outputs` is not regarded: everything is saved.
///
/// # Errors
/// What keeps it from compiling; conveyors, queues, ovens and random functions, whose equations have no value by
/// themselves.
pub fn open(checked: &CheckedModel, request: &Request) -> Result<Opened, Vec<Diagnostic>> {
    let request = Request { outputs: Default::default(), expressions: Vec::new(), ..request.clone() };
    let whole = compile_opened(checked, &request, &Opening::Inside)?;
    let beyond = match (&whole.store, whole.randoms.first()) {
        (Some(store), _) => Some(Fault::NotOpened { what: format!("`{store}` keeps material inside a store") }),
        (_, Some(_)) => Some(Fault::NotOpened { what: "a random function takes part".to_owned() }),
        _ => None,
    };
    if let Some(fault) = beyond {
        return Err(vec![fault.diagnostic(checked.source())]);
    }
    let variables = variables(checked);
    let stocks: BTreeSet<&str> =
        whole.states.iter().filter(|state| state.variable.is_some()).map(|state| state.name.as_str()).collect();
    let graph = &whole.parts.graph;
    let moving = whole.parts.outputs.iter().filter(|(name, _, value)| {
        graph.pace(*value) > Pace::Run && variables.contains(name) && !stocks.contains(name.as_str())
    });
    let names: BTreeSet<String> = moving.map(|(name, ..)| name.clone()).collect();
    let request = Request { jacobian: false, ..request };
    let apart = compile_opened(checked, &request, &Opening::Apart(names.clone()))?;
    Ok(assemble(whole, apart, &names))
}

/// The elements of all variables but lookups.
fn variables(checked: &CheckedModel) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (number, variable) in checked.model().variables.iter().enumerate() {
        let lookup = variable.equations.iter().any(|each| matches!(each.definition, Definition::Lookup(_)));
        for coordinates in checked.scope(0).elements[number].order.iter().filter(|_| !lookup) {
            all.insert(checked.element_name(number, coordinates));
        }
    }
    all
}

fn assemble(whole: Program, apart: Program, names: &BTreeSet<String>) -> Opened {
    let mut columns: HashMap<&str, Vec<usize>> = HashMap::new();
    for (column, output) in whole.outputs.iter().enumerate() {
        columns.entry(&output.name).or_default().push(column);
    }
    // Of things with one name, the first in one program is the first in the other.
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut column = |name: &str| {
        let number = seen.entry(name.to_owned()).or_default();
        *number += 1;
        columns.get(name).and_then(|columns| columns.get(*number - 1)).copied()
    };
    let mut equations = Vec::new();
    let (mut given, mut result, mut slots, mut values) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut add = |name: &str, part, (slot, to, from, value): (Slot, Register, Register, Value)| {
        let Some(column) = column(name) else { return };
        equations.push(Equation { name: name.to_owned(), part, column, causes: Vec::new() });
        given.push(to);
        result.push(from);
        slots.push(slot);
        values.push(value);
    };
    for (number, (slot, state)) in (0u32..).zip(apart.states.iter().zip(&apart.parts.states)) {
        let part = if slot.variable.is_some() { Part::Stock } else { Part::Inside };
        add(&slot.name, part, (Slot::State(number), slot.register, slot.derivative, state.derivative));
    }
    for (number, (slot, memory)) in (0u32..).zip(apart.memories.iter().zip(&apart.parts.memories)) {
        add(&slot.name, Part::Inside, (Slot::Memory(number), slot.register, slot.input, memory.input));
    }
    let outputs: BTreeMap<&str, (Register, Value)> = apart
        .outputs
        .iter()
        .zip(&apart.parts.outputs)
        .map(|(output, (_, _, value))| (output.name.as_str(), (output.register, *value)))
        .collect();
    for (number, name) in (0u32..).zip(names) {
        if let (Some((from, value)), Some(to)) = (outputs.get(name.as_str()), apart.givens.get(number as usize)) {
            add(name, Part::Auxiliary, (Slot::Given(number), *to, *from, *value));
        }
    }
    let place: HashMap<Slot, usize> = slots.iter().enumerate().map(|(place, slot)| (*slot, place)).collect();
    for (equation, value) in equations.iter_mut().zip(&values) {
        let graph = &apart.parts.graph;
        for value in needed(graph, &[*value], |_| true) {
            if let Node::Slot(slot) = graph.node(value) {
                equation.causes.extend(place.get(&slot));
            }
        }
        equation.causes.sort_unstable();
    }
    distinguish(&mut equations);
    Opened { equations, given, result, whole, apart }
}

/// Numbers what would have one name: two smooths in one equation.
fn distinguish(equations: &mut [Equation]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for equation in equations {
        let number = seen.entry(equation.name.clone()).or_default();
        *number += 1;
        if *number > 1 {
            equation.name = format!("{} ({number})", equation.name);
        }
    }
}
