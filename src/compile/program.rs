//! Programs for registers: what to compute once for a run, at its start, for every derivative, at every save.
//!
//! Registers that keep their value come first: numbers, inputs, whatever depends on constants only, and whatever depends
//! on time and constants only. Behind them each program reuses the same scratch registers as soon as a value has been
//! used for the last time.

use super::code::{Code, Register};
use super::derivative::{Obstacle, Partials};
use super::differentiate::{Shift, TangentSlots};
use super::graph::{Graph, Pace, Slot, Value};
use super::layout::Layout;
use super::lower::{Constant, Memory, MemoryKind, State};
use super::request::Landing;
use super::table::Table;
use rustc_hash::FxHashMap as HashMap;
use std::sync::Arc;

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
    /// The first conveyor, queue or oven, for which a step must be one of Euler's.
    pub store: Option<String>,
    /// `(register, register of its value after the initial program)`.
    pub helds: Vec<(Register, Register)>,
    pub randoms: Vec<Register>,
    /// Where values that equations read are set from outside.
    pub givens: Vec<Register>,
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
    /// For the derivatives and their own derivatives.
    pub jacobian: Result<Jacobian, Obstacle>,
    pub outputs: Vec<Output>,
    /// Times of switches, valid after `run`.
    pub switches: Vec<Register>,
    /// `(first, period, last)` of recurring switches.
    pub recurring: Vec<(Register, Register, Option<Register>)>,
    pub controls: Controls,
    pub tables: Vec<Table>,
    pub owners: Vec<String>,
    /// States and outputs of the model itself; behind them stand tangents, which no check or error control regards.
    pub own_states: usize,
    pub own_outputs: usize,
    pub tangents: TangentSlots,
    /// What the program was made from.
    pub(super) parts: Arc<Parts>,
}

/// How rates depend on states and time at one moment.
#[derive(Clone, Debug)]
pub struct Jacobian {
    pub code: Code,
    /// The rates themselves, one for each state.
    pub rates: Vec<Register>,
    /// `(row, column, register)`: the derivative of rate `row` with respect to state `column`. All others are zero.
    pub entries: Vec<(u32, u32, Register)>,
    /// `(row, register)`: the derivative of rate `row` with respect to time.
    pub time: Vec<(u32, Register)>,
}

/// Registers of the run's controls. Those that move are valid after the save program.
#[derive(Clone, Copy, Debug)]
pub struct Controls {
    pub start: Register,
    pub stop: Register,
    /// The final time changes during the run and is read at every save.
    pub stop_moves: bool,
    pub step: Register,
    /// The time step changes during the run and is read at the start of every step.
    pub step_moves: bool,
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
#[derive(Clone)]
pub struct Parts {
    pub graph: Graph,
    pub constants: Vec<Constant>,
    pub states: Vec<State>,
    pub memories: Vec<Memory>,
    pub store: Option<String>,
    pub helds: Vec<Value>,
    pub randoms: usize,
    /// Values that equations read and that are set from outside.
    pub givens: usize,
    pub outputs: Vec<(String, String, Value)>,
    pub switches: Vec<Value>,
    pub recurring: Vec<(Value, Value, Option<Value>)>,
    pub start: Value,
    pub stop: Value,
    pub step: Value,
    pub save_every: Value,
    pub owners: Vec<String>,
    pub landing: Landing,
    /// States and outputs that are not tangents.
    pub own_states: usize,
    pub own_outputs: usize,
    /// `(state, its tangent)`.
    pub of_states: Vec<(usize, usize)>,
    pub shifts: Vec<Shift<Value>>,
    pub partials: Result<Partials, Obstacle>,
}

/// Maps have no order; without them a program is described in the same words every time, and these say all that it does.
impl std::fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Parts")
    }
}

/// The values that a program is to compute, by the code that computes them.
struct Roots {
    run: Vec<Value>,
    initial: Vec<Value>,
    rate: Vec<Value>,
    advance: Vec<Value>,
    save: Vec<Value>,
    jacobian: Vec<Value>,
}

impl Parts {
    /// All values that a program is to compute.
    pub fn roots(&self) -> Vec<Value> {
        let Roots { run, initial, rate, advance, save, jacobian } = self.roots_by_code();
        [initial, rate, advance, save, jacobian, run].concat()
    }

    fn roots_by_code(&self) -> Roots {
        let delays = self.memories.iter().filter_map(|memory| match memory.kind {
            MemoryKind::Line { delay } => Some(delay),
            MemoryKind::Sample => None,
        });
        let recurring = self.recurring.iter().flat_map(|(first, period, last)| [Some(*first), Some(*period), *last]);
        let rates = self.states.iter().map(|state| state.derivative);
        let jacobian = self.partials.as_ref().map_or(Vec::new(), |partials| {
            let by_state = partials.states.iter().map(|(_, _, value)| *value);
            rates.clone().chain(by_state).chain(partials.time.iter().map(|(_, value)| *value)).collect()
        });
        Roots {
            jacobian,
            run: (self.switches.iter().copied())
                .chain(recurring.flatten())
                .chain([self.start])
                .chain(self.shifts.iter().flat_map(Shift::times))
                .collect(),
            initial: (self.states.iter().map(|state| state.initial))
                .chain(self.memories.iter().map(|memory| memory.initial))
                .chain(delays)
                .chain(self.helds.iter().copied())
                .collect(),
            rate: rates.collect(),
            advance: self.memories.iter().map(|memory| memory.input).collect(),
            save: (self.outputs.iter().map(|(_, _, value)| *value))
                .chain([self.stop, self.step, self.save_every])
                .collect(),
        }
    }
}

/// Lays out registers and writes the programs.
pub fn assemble(parts: Parts) -> Program {
    let graph = &parts.graph;
    let roots = parts.roots_by_code();
    let mut layout = Layout::new(graph, &parts, &parts.roots());
    let (owners, owner_of) = intern_owners(&parts.owners, graph.len());
    let run = layout.fixed_code(graph, &owner_of);
    let initial = layout.code(graph, &roots.initial, &owner_of);
    let rate = layout.code(graph, &roots.rate, &owner_of);
    let advance = layout.code(graph, &roots.advance, &owner_of);
    let save = layout.code(graph, &roots.save, &owner_of);
    let jacobian = layout.code(graph, &roots.jacobian, &owner_of);

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
        store: parts.store.clone(),
        helds: (0u32..)
            .zip(&parts.helds)
            .map(|(number, value)| (slot(Slot::Held(number)), at(&initial, *value)))
            .collect(),
        randoms: (0..parts.randoms as u32).map(|number| slot(Slot::Random(number))).collect(),
        givens: (0..parts.givens as u32).map(|number| slot(Slot::Given(number))).collect(),
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
            step: at(&save, parts.step),
            step_moves: graph.pace(parts.step) > Pace::Run,
            save_every: at(&save, parts.save_every),
            save_moves: graph.pace(parts.save_every) > Pace::Run,
        },
        own_states: parts.own_states,
        own_outputs: parts.own_outputs,
        tangents: TangentSlots {
            of_states: parts.of_states.clone(),
            shifts: (0u32..)
                .zip(&parts.shifts)
                .map(|(number, shift)| Shift { time: slot(Slot::Shift(number)), ..shift.map(kept) })
                .collect(),
        },
        jacobian: parts.partials.clone().map(|partials| Jacobian {
            rates: roots.rate.iter().map(|rate| at(&jacobian, *rate)).collect(),
            entries: partials.states.iter().map(|(row, of, value)| (*row, *of, at(&jacobian, *value))).collect(),
            time: partials.time.iter().map(|(row, value)| (*row, at(&jacobian, *value))).collect(),
            code: jacobian.0,
        }),
        run,
        initial: initial.0,
        rate: rate.0,
        advance: advance.0,
        save: save.0,
        constants: parts.constants.clone(),
        tables: parts.graph.tables.clone(),
        owners,
        parts: Arc::new(parts),
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
