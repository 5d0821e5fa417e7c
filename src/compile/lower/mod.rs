//! A checked model into one graph: every element of every variable a scalar computation, delays and smooths as states.
//!
//! Variables are lowered on demand and remembered, so order of evaluation and circular algebra fall out of the walk.
//! The start of a run is a second walk (`Phase::Initial`) in which stocks stand for their initial values.

mod delays;
mod external;
mod functions;
mod lookups;
mod memory;
mod scope;
mod stores;
mod subscripts;
mod variables;
mod vectors;

pub use scope::{Bindings, Context};

use super::fault::Fault;
use super::graph::{Graph, Node, Pace, Slot, Value};
use super::request::{Landing, Request};
use crate::check::{CheckedModel, ElementId};
use crate::model::Expression;
use crate::series::{Workbook, WorkbookFault};
use rustc_hash::{FxHashMap, FxHashSet};
use scope::{Instance, InstanceKey};
use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;
use stores::Stores;

/// Whether a walk computes values at the start or at any later time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    Initial,
    Moving,
}

/// A fault has been recorded; nothing more to say.
#[derive(Clone, Copy, Debug)]
pub struct Failed;

pub type Lowered = Result<Value, Failed>;

/// An element of a variable in an instance of a scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    phase: Phase,
    instance: usize,
    variable: usize,
    coordinates: Box<[ElementId]>,
}

/// What made a state, memory or held value: an element, or a call within an equation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Origin {
    Element { instance: usize, variable: usize, coordinates: Box<[ElementId]> },
    Call { instance: usize, site: Site, bindings: Bindings, part: usize },
}

/// Which expression of the model is meant: its place in memory. Its place in the text will not do, since one text
/// stands for several expressions where a module or a default is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Site(usize);

impl Site {
    fn of(expression: &Expression) -> Site {
        Site(std::ptr::from_ref(expression).addr())
    }
}

/// A model constant as the program sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// `name[a,b]`.
    pub name: String,
    pub variable: usize,
    pub value: f64,
    /// Its value shaped the program and cannot be changed without compiling anew.
    pub structural: bool,
}

/// An integrated state.
#[derive(Clone, Debug)]
pub struct State {
    pub name: String,
    /// The model's variable, unless a function made the state.
    pub variable: Option<usize>,
    pub initial: Value,
    pub derivative: Value,
    /// Kept at zero or above by the integration.
    pub floored: bool,
}

/// A value carried from step to step.
#[derive(Clone, Debug)]
pub struct Memory {
    pub name: String,
    pub kind: MemoryKind,
    pub initial: Value,
    /// The value fed in at each step.
    pub input: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub enum MemoryKind {
    /// The input becomes the value at the next step.
    Sample,
    /// The input comes out after the delay, in whole steps, fixed at the start.
    Line { delay: Value },
}

#[derive(Clone, Debug)]
pub struct Held {
    pub value: Value,
}

/// Times at which a run must land, beside those found from comparisons with time.
#[derive(Clone, Debug)]
pub struct Recurring {
    pub first: Value,
    pub period: Value,
    pub last: Value,
}

type Deferred<'a> = Box<dyn FnOnce(&mut Lowering<'a>) + 'a>;

pub struct Lowering<'a> {
    checked: &'a CheckedModel,
    request: &'a Request,
    pub graph: Graph,
    pub constants: Vec<Constant>,
    pub states: Vec<State>,
    pub memories: Vec<Memory>,
    pub helds: Vec<Held>,
    pub randoms: usize,
    pub recurring: Vec<Recurring>,
    pub faults: Vec<Fault>,
    /// For each node, the element whose equation first needed it.
    pub owners: Vec<String>,
    instances: Vec<Instance<'a>>,
    instance_index: HashMap<InstanceKey, usize>,
    /// Arguments of macros read so far, by instance, number and phase.
    argument_index: HashMap<(usize, usize, Phase), Option<Value>>,
    memo: FxHashMap<Key, Option<Value>>,
    active: Vec<Key>,
    active_set: FxHashSet<Key>,
    /// What samples have kept, while their own equations are read.
    kept_samples: HashMap<Key, Value>,
    constant_index: HashMap<(usize, Box<[ElementId]>), u32>,
    state_index: HashMap<Origin, u32>,
    memory_index: HashMap<Origin, u32>,
    held_index: HashMap<Origin, u32>,
    random_index: HashMap<Origin, u32>,
    pending: VecDeque<Deferred<'a>>,
    limited: HashMap<usize, usize>,
    stores: Stores,
    pub landing: Landing,
    /// Elements whose value is set from outside wherever an equation reads it, and their numbers.
    pub opened: HashMap<(usize, Box<[ElementId]>), u32>,
    overrides: HashMap<String, f64>,
    /// Settings of the run whose expressions are being read.
    settings_open: Vec<&'static str>,
    /// Files read so far, by path and sheet.
    workbooks: HashMap<(PathBuf, String), Result<Rc<Workbook>, WorkbookFault>>,
    /// The initial time itself is being computed.
    starting: bool,
    /// Expressions read so far.
    read: usize,
}

/// How many expressions may be read, each once for every element that it is read for.
const READ_LIMIT: usize = 5_000_000;
/// How many calls of macros a model may open into.
const INSTANCE_LIMIT: usize = 100_000;

impl<'a> Lowering<'a> {
    pub fn new(checked: &'a CheckedModel, request: &'a Request) -> Self {
        let overrides = request.overrides.iter().map(|(name, value)| (element_key(name), *value)).collect();
        let stores = Stores::of(checked);
        // Conveyors, queues and ovens move by steps of the grid.
        let landing = if stores.is_empty() { request.landing } else { Landing::Grid };
        Lowering {
            checked,
            request,
            landing,
            graph: Graph::default(),
            constants: Vec::new(),
            states: Vec::new(),
            memories: Vec::new(),
            helds: Vec::new(),
            randoms: 0,
            recurring: Vec::new(),
            faults: Vec::new(),
            owners: Vec::new(),
            instances: vec![Instance::model()],
            instance_index: HashMap::new(),
            argument_index: HashMap::new(),
            memo: FxHashMap::default(),
            active: Vec::new(),
            active_set: FxHashSet::default(),
            kept_samples: HashMap::new(),
            constant_index: HashMap::new(),
            state_index: HashMap::new(),
            memory_index: HashMap::new(),
            held_index: HashMap::new(),
            random_index: HashMap::new(),
            pending: VecDeque::new(),
            limited: variables::limited_flows(checked),
            stores,
            opened: HashMap::new(),
            overrides,
            settings_open: Vec::new(),
            workbooks: HashMap::new(),
            starting: false,
            read: 0,
        }
    }

    /// The states and memories that stand inside functions, as outputs.
    pub fn inside(&mut self) -> Vec<(String, String, Value)> {
        let states = (0u32..).zip(&self.states).filter(|(_, state)| state.variable.is_none());
        let states: Vec<(String, Slot)> = states.map(|(n, state)| (state.name.clone(), Slot::State(n))).collect();
        let memories = (0u32..).zip(&self.memories).map(|(n, memory)| (memory.name.clone(), Slot::Memory(n)));
        let all: Vec<(String, Slot)> = states.into_iter().chain(memories).collect();
        all.into_iter().map(|(name, slot)| (name, String::new(), self.graph.slot(slot))).collect()
    }

    /// Does the work put off while walking: derivatives, initial values, inputs of memories.
    pub fn finish(&mut self) {
        while let Some(work) = self.pending.pop_front() {
            work(self);
        }
    }

    fn fail(&mut self, fault: Fault) -> Failed {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
        Failed
    }

    fn defer(&mut self, work: impl FnOnce(&mut Lowering<'a>) + 'a) {
        self.pending.push_back(Box::new(work));
    }

    fn number(&mut self, value: f64) -> Value {
        self.graph.constant(value)
    }

    fn time(&mut self) -> Value {
        self.graph.slot(Slot::Time)
    }

    /// The number that a computation of constants has, marking the constants it uses as structural.
    pub fn constant_value(&mut self, value: Value) -> Option<f64> {
        if self.graph.pace(value) > Pace::Run { None } else { self.value_at_start(value) }
    }

    /// As [`Self::constant_value`], and time may take part: it is read at the start of the run.
    pub fn value_at_start(&mut self, value: Value) -> Option<f64> {
        Some(match self.graph.node(value) {
            Node::Constant(bits) => f64::from_bits(bits),
            Node::Slot(Slot::Parameter(number)) => {
                let constant = &mut self.constants[number as usize];
                constant.structural = true;
                constant.value
            }
            // Vensim reads an INITIAL TIME that asks for the time at time 0.
            Node::Slot(Slot::Time) if self.starting => 0.0,
            Node::Slot(Slot::Time) => {
                self.starting = true;
                let start =
                    self.control("INITIAL TIME", Phase::Initial).ok().and_then(|start| self.value_at_start(start));
                self.starting = false;
                start?
            }
            Node::Slot(_) | Node::Part(..) => return None,
            Node::Unary(operation, a) => operation.apply(self.value_at_start(a)?),
            Node::Binary(operation, a, b) => operation.apply(self.value_at_start(a)?, self.value_at_start(b)?),
            Node::Select(condition, then, otherwise) => {
                if self.value_at_start(condition)? != 0.0 {
                    self.value_at_start(then)?
                } else {
                    self.value_at_start(otherwise)?
                }
            }
            Node::Lookup(table, x) => {
                let x = self.value_at_start(x)?;
                self.graph.tables[table as usize].at(x)
            }
        })
    }
}

impl Lowering<'_> {
    /// The initial time; one that changes during the run is read once, at the start.
    pub fn start_time(&mut self) -> Option<Value> {
        let start = self.control("INITIAL TIME", Phase::Initial).ok()?;
        if self.graph.pace(start) <= Pace::Run {
            return Some(start);
        }
        let before = std::mem::replace(&mut self.starting, true);
        let value = self.value_at_start(start);
        self.starting = before;
        value.map(|value| self.number(value))
    }
}

/// `Name[a, B]` as it is compared: each part by the rules of names.
pub fn element_key(text: &str) -> String {
    use crate::model::Name;
    let unquoted = |part: &str| Name::new(part.trim().trim_matches('"')).key().to_owned();
    match text.split_once('[') {
        None => unquoted(text),
        Some((name, rest)) => {
            let inside = rest.trim().trim_end_matches(']');
            let parts: Vec<String> = inside.split(',').map(unquoted).collect();
            format!("{}[{}]", unquoted(name), parts.join(","))
        }
    }
}
