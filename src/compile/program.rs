//! Programs for registers: what to compute once for a run, at its start, for every derivative, at every save.
//!
//! Registers that keep their value come first: numbers, inputs, whatever depends on constants only, and whatever depends
//! on time and constants only. Behind them each program reuses the same scratch registers as soon as a value has been
//! used for the last time.

use super::graph::{Graph, Node, Pace, Slot, Value, VectorOperation};
use super::lower::{Constant, Memory, MemoryKind, State};
use super::operation::{Binary, Unary};
use super::schedule::cluster;
use super::table::Table;
use std::collections::HashMap;

/// A register's number.
pub type Register = u32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Unary(Unary),
    Binary(Binary),
    /// `a != 0 ? b : c`.
    Select,
    /// Table `b` at `a`.
    Lookup,
    /// Vector operation `a` of the code's list.
    Vector,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    pub operation: Operation,
    pub to: Register,
    pub a: Register,
    pub b: Register,
    pub c: Register,
}

/// An operation on many registers.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorInstruction {
    pub operation: VectorOperation,
    pub inputs: Vec<Register>,
    pub outputs: Vec<Register>,
}

/// A straight-line program.
#[derive(Clone, Debug, Default)]
pub struct Code {
    pub instructions: Vec<Instruction>,
    pub vectors: Vec<VectorInstruction>,
    /// For each instruction, the element whose equation it belongs to: an index into `Program::owners`.
    pub owners: Vec<u32>,
    /// Runs of instructions with one operation.
    pub stretches: Vec<Stretch>,
    /// Leading stretches that depend on time and constants only. Their results stand in registers of their own, so that
    /// they need no second computing at the same time.
    pub clock: usize,
}

/// Instructions `first..end` of a program, which have one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub operation: Operation,
    pub first: usize,
    pub end: usize,
}

impl Code {
    /// Adds an instruction to the end.
    pub fn push(&mut self, instruction: Instruction, owner: u32) {
        let number = self.instructions.len();
        let begins = self.stretches.len() == self.clock;
        match self.stretches.last_mut() {
            Some(last) if last.operation == instruction.operation && !begins => last.end = number + 1,
            _ => self.stretches.push(Stretch { operation: instruction.operation, first: number, end: number + 1 }),
        }
        self.instructions.push(instruction);
        self.owners.push(owner);
    }

    pub fn is_empty(&self) -> bool {
        self.instructions.is_empty()
    }
}

/// A saved column.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// `name[a,b]`.
    pub name: String,
    pub unit: String,
    pub register: Register,
}

/// A model ready to run.
#[derive(Clone, Debug)]
pub struct Program {
    pub registers: usize,
    /// Registers that hold a number.
    pub numbers: Vec<(Register, f64)>,
    pub time: Register,
    pub constants: Vec<Constant>,
    pub constant_registers: Vec<Register>,
    pub states: Vec<StateSlot>,
    pub memories: Vec<MemorySlot>,
    /// `(register, register of its value after the initial program)`.
    pub helds: Vec<(Register, Register)>,
    pub randoms: Vec<Register>,
    /// Once for each run, from constants.
    pub run: Code,
    /// At the initial time, for the initial values.
    pub initial: Code,
    /// For the derivatives.
    pub rate: Code,
    /// For the inputs of memories, at the start of each step.
    pub advance: Code,
    /// For what is saved.
    pub save: Code,
    pub outputs: Vec<Output>,
    /// Times of switches, valid after `run`.
    pub switches: Vec<Register>,
    /// `(first, period, last)` of recurring switches.
    pub recurring: Vec<(Register, Register, Option<Register>)>,
    pub controls: Controls,
    pub tables: Vec<Table>,
    pub owners: Vec<String>,
}

/// Registers of the run's controls. All but `stop` are fixed for the run.
#[derive(Clone, Copy, Debug)]
pub struct Controls {
    pub start: Register,
    pub stop: Register,
    /// The final time changes during the run and is read at every save.
    pub stop_moves: bool,
    pub step: Register,
    pub save_every: Register,
    /// The interval between saves changes and is read at every save.
    pub save_moves: bool,
}

#[derive(Clone, Debug)]
pub struct StateSlot {
    pub name: String,
    pub variable: Option<usize>,
    pub register: Register,
    /// After the initial program.
    pub initial: Register,
    /// After the rate program.
    pub derivative: Register,
    /// Kept at zero or above: a step that would leave it negative ends at zero.
    pub floored: bool,
}

#[derive(Clone, Debug)]
pub struct MemorySlot {
    pub name: String,
    pub register: Register,
    pub initial: Register,
    pub input: Register,
    /// The delay of a pipeline, valid after the initial program.
    pub delay: Option<Register>,
}

/// What the lowering hands over, as graph values.
pub struct Parts {
    pub graph: Graph,
    pub constants: Vec<Constant>,
    pub states: Vec<State>,
    pub memories: Vec<Memory>,
    pub helds: Vec<Value>,
    pub randoms: usize,
    pub outputs: Vec<(String, String, Value)>,
    pub switches: Vec<Value>,
    pub recurring: Vec<(Value, Value, Option<Value>)>,
    pub start: Value,
    pub stop: Value,
    pub step: Value,
    pub save_every: Value,
    pub owners: Vec<String>,
}

/// Lays out registers and writes the programs.
pub fn assemble(parts: Parts) -> Program {
    let graph = &parts.graph;
    let initial_roots: Vec<Value> = (parts.states.iter().map(|state| state.initial))
        .chain(parts.memories.iter().map(|memory| memory.initial))
        .chain(parts.memories.iter().filter_map(|memory| match memory.kind {
            MemoryKind::Line { delay } => Some(delay),
            MemoryKind::Sample => None,
        }))
        .chain(parts.helds.iter().copied())
        .collect();
    let rate_roots: Vec<Value> = parts.states.iter().map(|state| state.derivative).collect();
    let advance_roots: Vec<Value> = parts.memories.iter().map(|memory| memory.input).collect();
    let mut save_roots: Vec<Value> = parts.outputs.iter().map(|(_, _, value)| *value).collect();
    save_roots.extend([parts.stop, parts.save_every]);
    let mut run_roots: Vec<Value> = parts.switches.clone();
    run_roots.extend(
        parts.recurring.iter().flat_map(|(first, period, last)| [Some(*first), Some(*period), *last]).flatten(),
    );
    run_roots.extend([parts.start, parts.step]);
    let all: Vec<Value> =
        [&initial_roots, &rate_roots, &advance_roots, &save_roots, &run_roots].into_iter().flatten().copied().collect();

    let mut layout = Layout::new(graph, &parts, &all);
    let (owners, owner_of) = intern_owners(&parts.owners, graph.len());
    let run = layout.fixed_code(graph, &owner_of);
    let initial = layout.code(graph, &initial_roots, &owner_of);
    let rate = layout.code(graph, &rate_roots, &owner_of);
    let advance = layout.code(graph, &advance_roots, &owner_of);
    let save = layout.code(graph, &save_roots, &owner_of);

    let at = |code: &(Code, HashMap<Value, Register>), value: Value| {
        code.1.get(&value).copied().or_else(|| layout.kept.get(&value).copied()).unwrap_or_default()
    };
    let slot = |slot: Slot| layout.slots[&slot];
    let kept = |value: Value| layout.kept.get(&value).copied().unwrap_or_default();
    Program {
        registers: layout.total,
        numbers: layout.numbers.clone(),
        time: slot(Slot::Time),
        constant_registers: (0..parts.constants.len() as u32).map(|number| slot(Slot::Parameter(number))).collect(),
        states: (0u32..)
            .zip(&parts.states)
            .map(|(number, state)| StateSlot {
                name: state.name.clone(),
                variable: state.variable,
                register: slot(Slot::State(number)),
                initial: at(&initial, state.initial),
                derivative: at(&rate, state.derivative),
                floored: state.floored,
            })
            .collect(),
        memories: (0u32..)
            .zip(&parts.memories)
            .map(|(number, memory)| MemorySlot {
                name: memory.name.clone(),
                register: slot(Slot::Memory(number)),
                initial: at(&initial, memory.initial),
                input: at(&advance, memory.input),
                delay: match memory.kind {
                    MemoryKind::Line { delay } => Some(at(&initial, delay)),
                    MemoryKind::Sample => None,
                },
            })
            .collect(),
        helds: (0u32..)
            .zip(&parts.helds)
            .map(|(number, value)| (slot(Slot::Held(number)), at(&initial, *value)))
            .collect(),
        randoms: (0..parts.randoms as u32).map(|number| slot(Slot::Random(number))).collect(),
        outputs: parts
            .outputs
            .iter()
            .map(|(name, unit, value)| Output { name: name.clone(), unit: unit.clone(), register: at(&save, *value) })
            .collect(),
        switches: parts.switches.iter().map(|value| kept(*value)).collect(),
        recurring: parts
            .recurring
            .iter()
            .map(|(first, period, last)| (kept(*first), kept(*period), last.map(kept)))
            .collect(),
        controls: Controls {
            start: kept(parts.start),
            stop: at(&save, parts.stop),
            stop_moves: graph.pace(parts.stop) > Pace::Run,
            step: kept(parts.step),
            save_every: at(&save, parts.save_every),
            save_moves: graph.pace(parts.save_every) > Pace::Run,
        },
        run,
        initial: initial.0,
        rate: rate.0,
        advance: advance.0,
        save: save.0,
        constants: parts.constants.clone(),
        tables: parts.graph.tables.clone(),
        owners,
    }
}

fn intern_owners(names: &[String], count: usize) -> (Vec<String>, Vec<u32>) {
    let mut owners: Vec<String> = Vec::new();
    let mut of = Vec::with_capacity(count);
    for number in 0..count {
        let name = names.get(number).map_or("", String::as_str);
        if owners.last().is_none_or(|last| last != name) {
            owners.push(name.to_owned());
        }
        of.push(owners.len() as u32 - 1);
    }
    (owners, of)
}

struct Layout {
    /// Registers kept through a run, by value.
    kept: HashMap<Value, Register>,
    slots: HashMap<Slot, Register>,
    numbers: Vec<(Register, f64)>,
    /// Values computed once for each run, in order.
    fixed: Vec<Value>,
    /// Kept registers.
    base: u32,
    total: usize,
}

impl Layout {
    fn new(graph: &Graph, parts: &Parts, roots: &[Value]) -> Self {
        let mut layout = Layout {
            kept: HashMap::new(),
            slots: HashMap::new(),
            numbers: Vec::new(),
            fixed: Vec::new(),
            base: 0,
            total: 0,
        };
        let mut slots = vec![Slot::Time];
        slots.extend((0..parts.constants.len() as u32).map(Slot::Parameter));
        slots.extend((0..parts.states.len() as u32).map(Slot::State));
        slots.extend((0..parts.memories.len() as u32).map(Slot::Memory));
        slots.extend((0..parts.helds.len() as u32).map(Slot::Held));
        slots.extend((0..parts.randoms as u32).map(Slot::Random));
        for slot in slots {
            layout.slots.insert(slot, layout.base);
            layout.base += 1;
        }
        for value in needed(graph, roots, |_| true) {
            let register = match graph.node(value) {
                Node::Slot(slot) => layout.slots[&slot],
                Node::Constant(bits) => {
                    layout.numbers.push((layout.base, f64::from_bits(bits)));
                    layout.base += 1;
                    layout.base - 1
                }
                _ if graph.pace(value) <= Pace::Clock => {
                    if graph.pace(value) <= Pace::Run {
                        layout.fixed.push(value);
                    }
                    layout.base += 1;
                    layout.base - 1
                }
                _ => continue,
            };
            layout.kept.insert(value, register);
        }
        layout.total = layout.base as usize;
        layout
    }

    fn fixed_code(&mut self, graph: &Graph, owners: &[u32]) -> Code {
        let mut code = Code::default();
        let mut vectors = HashMap::new();
        for value in cluster(graph, &self.fixed) {
            emit(graph, value, &self.kept, &mut code, &mut vectors, owners);
        }
        code
    }

    /// The program for `roots`, and where they and its other values stand at the end.
    fn code(&mut self, graph: &Graph, roots: &[Value], owners: &[u32]) -> (Code, HashMap<Value, Register>) {
        let fixed = |value: Value| graph.pace(value) <= Pace::Run;
        let order: Vec<Value> =
            needed(graph, roots, |value| !fixed(value)).into_iter().filter(|v| !fixed(*v)).collect();
        let (clock, moving): (Vec<Value>, Vec<Value>) = order.iter().partition(|v| graph.pace(**v) == Pace::Clock);
        let mut code = Code::default();
        let mut vectors: HashMap<u32, u32> = HashMap::new();
        for value in cluster(graph, &clock) {
            emit(graph, value, &self.kept, &mut code, &mut vectors, owners);
        }
        code.clock = code.stretches.len();
        let order = cluster(graph, &moving);
        let mut last_use: HashMap<Value, usize> = HashMap::new();
        for (place, value) in order.iter().enumerate() {
            for operand in graph.operands(*value) {
                last_use.insert(operand, place);
            }
            // All outputs of a vector operation are written at once and must not be overwritten before they are read.
            last_use.entry(*value).or_insert(place);
        }
        for root in roots {
            last_use.insert(*root, usize::MAX);
        }
        let mut free: Vec<Register> = Vec::new();
        let mut next = self.base;
        let mut placed = self.kept.clone();
        let mut dying: HashMap<usize, Vec<Value>> = HashMap::new();
        for value in &order {
            dying.entry(last_use[value]).or_default().push(*value);
        }
        for (place, value) in order.iter().enumerate() {
            if !placed.contains_key(value) {
                let mut take = || {
                    free.pop().unwrap_or_else(|| {
                        next += 1;
                        next - 1
                    })
                };
                if let Node::Part(vector, _) = graph.node(*value) {
                    // Every output needs a register of its own when the first of them is computed.
                    for part in parts_of(graph, &order, vector) {
                        placed.insert(part, take());
                    }
                } else {
                    placed.insert(*value, take());
                }
            }
            emit(graph, *value, &placed, &mut code, &mut vectors, owners);
            for dead in dying.remove(&place).unwrap_or_default() {
                if let Some(register) = placed.get(&dead) {
                    free.push(*register);
                }
            }
        }
        self.total = self.total.max(next as usize);
        let ends = roots.iter().filter_map(|root| placed.get(root).map(|register| (*root, *register))).collect();
        (code, ends)
    }
}

fn parts_of(graph: &Graph, order: &[Value], vector: u32) -> Vec<Value> {
    order.iter().copied().filter(|value| matches!(graph.node(*value), Node::Part(own, _) if own == vector)).collect()
}

/// The values that `roots` need, in order of evaluation; `enter` says whether to look below a value.
fn needed(graph: &Graph, roots: &[Value], enter: impl Fn(Value) -> bool) -> Vec<Value> {
    let mut marked = vec![false; graph.len()];
    let mut stack: Vec<Value> = roots.to_vec();
    while let Some(value) = stack.pop() {
        if std::mem::replace(&mut marked[value.0 as usize], true) || !enter(value) {
            continue;
        }
        stack.extend(graph.operands(value));
    }
    (0..graph.len() as u32).map(Value).filter(|value| marked[value.0 as usize]).collect()
}

fn emit(
    graph: &Graph,
    value: Value,
    placed: &HashMap<Value, Register>,
    code: &mut Code,
    vectors: &mut HashMap<u32, u32>,
    owners: &[u32],
) {
    let at = |value: Value| placed[&value];
    let to = at(value);
    let instruction = match graph.node(value) {
        Node::Constant(_) | Node::Slot(_) => return,
        Node::Unary(operation, a) => Instruction { operation: Operation::Unary(operation), to, a: at(a), b: 0, c: 0 },
        Node::Binary(operation, a, b) => {
            Instruction { operation: Operation::Binary(operation), to, a: at(a), b: at(b), c: 0 }
        }
        Node::Select(condition, then, otherwise) => {
            Instruction { operation: Operation::Select, to, a: at(condition), b: at(then), c: at(otherwise) }
        }
        Node::Lookup(table, x) => Instruction { operation: Operation::Lookup, to, a: at(x), b: table, c: 0 },
        Node::Part(vector, _) => {
            if vectors.contains_key(&vector) {
                return;
            }
            let number = code.vectors.len() as u32;
            vectors.insert(vector, number);
            let definition = &graph.vectors[vector as usize];
            let mut outputs = vec![Register::MAX; definition.outputs];
            for (value, register) in placed {
                if let Node::Part(own, part) = graph.node(*value)
                    && own == vector
                {
                    outputs[part as usize] = *register;
                }
            }
            code.vectors.push(VectorInstruction {
                operation: definition.operation.clone(),
                inputs: definition.inputs.iter().map(|input| at(*input)).collect(),
                outputs,
            });
            Instruction { operation: Operation::Vector, to, a: number, b: 0, c: 0 }
        }
    };
    code.push(instruction, owners.get(value.0 as usize).copied().unwrap_or_default());
}
