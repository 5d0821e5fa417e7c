//! A program into one that also computes first derivatives: for each direction the tangents of states, memories and
//! outputs are further states, memories and outputs, with equations derived from the model's.
//!
//! An explicit method applied to states and tangents together gives the exact derivative of what it computes, so that
//! executors and stepping loop need to know little of derivatives. What no direction can reach is left out.

use super::derivative::Obstacle;
use super::events;
use super::graph::{Graph, Node, Pace, Slot, Value, VectorOperation};
use super::layout::needed;
use super::lower::{Memory, MemoryKind, State};
use super::operation::{Binary, Unary};
use super::program::{Parts, Program, assemble};
use super::request::Landing;
use super::slope::{is_flat, is_truth};
use super::tangent::{Tangents, active};
use crate::model::Interpolation;
use std::collections::{BTreeSet, HashMap};

/// What a derivative is taken with respect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// A constant of the program, by its index in [`Program::constants`].
    Constant(usize),
    /// The initial value of one state, by its index in [`Program::states`], all other initial values as they are.
    Initial(usize),
}

/// A program that computes derivatives along directions beside the values of the program that it was made from.
#[derive(Clone, Debug)]
pub struct Differentiated {
    /// Its outputs are those of the original, then the derivatives that are not zero throughout.
    pub program: Program,
    pub directions: Vec<Direction>,
    /// Number of outputs of the original program.
    pub outputs: usize,
    /// `[direction][output]`: the column of the derivative, `None` where it is zero whatever the run.
    pub columns: Vec<Vec<Option<usize>>>,
    /// Where the derivatives of a run say less than one might think.
    pub misleading: Vec<Misleading>,
}

/// A constant whose derivative misses something: the value also jumps or bends with the constant, which no derivative
/// of the branch taken shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Misleading {
    /// The constant, or the state whose initial value it is.
    pub direction: String,
    pub why: Why,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Its value shaped the program (an order of a delay, a subscript): the derivative misses that.
    Structural,
    /// It moves a switch of the variable while steps keep to the grid: no derivative shows the move.
    SwitchOnGrid { variable: String },
    /// It moves the point at which a comparison in the variable's equation turns, other than by time alone.
    Comparison { variable: String },
    /// It is rounded, or a table of steps is read at it.
    Rounded { variable: String },
    /// It reaches a conveyor, queue or oven; derivatives that depend on those are not numbers.
    Discrete { variable: String },
    /// It is the length of a delay in whole steps.
    WholeSteps { variable: String },
}

/// What the stepping loop needs to know of a program with tangents.
#[derive(Clone, Debug, Default)]
pub struct TangentSlots {
    /// `(state, its tangent)`, by numbers of states.
    pub of_states: Vec<(usize, usize)>,
    pub shifts: Vec<Shift>,
}

/// A direction that moves the times at which steps end, and how far it moves each: tangents as `T`, graph values while the
/// program is laid out, registers valid after `run` in the program. `None` is zero.
#[derive(Clone, Debug, Default)]
pub struct Shift<T = u32> {
    /// Index of the direction.
    pub direction: usize,
    /// The register in which the program reads how far the time at hand moves.
    pub time: T,
    /// `(state, its tangent)`, by numbers of states; every state of the model has one here.
    pub states: Vec<(usize, usize)>,
    pub start: Option<T>,
    pub stop: Option<T>,
    pub step: Option<T>,
    pub save_every: Option<T>,
    /// As [`Program::switches`] and [`Program::recurring`].
    pub switches: Vec<Option<T>>,
    pub recurring: Vec<[Option<T>; 3]>,
}

impl<T: Copy> Shift<T> {
    pub fn map<U>(&self, to: impl Fn(T) -> U) -> Shift<U> {
        Shift {
            direction: self.direction,
            time: to(self.time),
            states: self.states.clone(),
            start: self.start.map(&to),
            stop: self.stop.map(&to),
            step: self.step.map(&to),
            save_every: self.save_every.map(&to),
            switches: self.switches.iter().map(|value| value.map(&to)).collect(),
            recurring: self.recurring.iter().map(|values| values.map(|value| value.map(&to))).collect(),
        }
    }

    /// The tangents that are not zero throughout.
    pub fn times(&self) -> impl Iterator<Item = T> {
        let single = [self.start, self.stop, self.step, self.save_every].into_iter();
        single.chain(self.switches.iter().copied()).chain(self.recurring.iter().flatten().copied()).flatten()
    }
}

/// Adds to a program the derivatives of its outputs along `directions`.
///
/// The result is made once and serves any number of runs ([`crate::simulate::run_tangents`]). A direction with an index
/// that the program does not have is taken as one that moves nothing.
pub fn differentiate(program: &Program, directions: &[Direction]) -> Differentiated {
    let source = &*program.parts;
    let mut parts = source.clone();
    // Those of the tangents are not known.
    parts.partials = Err(Obstacle::NotAsked);
    let roots = source.roots();
    let order = needed(&source.graph, &roots, |_| true);
    let mut columns = Vec::with_capacity(directions.len());
    let mut misleading = BTreeSet::new();
    let unmet = Unmet::of(source, &order);
    for (number, direction) in directions.iter().enumerate() {
        let reach = Reach::of(source, *direction);
        misleading.extend(reach.misleading(source, &order, &unmet, *direction));
        columns.push(add(&mut parts, source, &order, number, *direction, &reach));
    }
    Differentiated {
        program: assemble(parts),
        directions: directions.to_vec(),
        outputs: source.outputs.len(),
        columns,
        misleading: misleading.into_iter().collect(),
    }
}

/// What a direction can move.
struct Reach {
    /// `[node]`
    nodes: Vec<bool>,
    states: Vec<bool>,
    memories: Vec<bool>,
    helds: Vec<bool>,
    /// The times at which steps end.
    times: bool,
}

impl Reach {
    /// States reach what depends on them until nothing is added.
    fn of(parts: &Parts, direction: Direction) -> Reach {
        let mut reach = Reach {
            nodes: Vec::new(),
            states: (0..parts.states.len()).map(|state| direction == Direction::Initial(state)).collect(),
            memories: vec![false; parts.memories.len()],
            helds: vec![false; parts.helds.len()],
            times: false,
        };
        loop {
            let nodes = active(&parts.graph, |slot| match slot {
                Slot::Time => reach.times,
                Slot::Parameter(number) => direction == Direction::Constant(number as usize),
                Slot::State(number) => reach.states[number as usize],
                Slot::Memory(number) => reach.memories[number as usize],
                Slot::Held(number) => reach.helds[number as usize],
                Slot::Random(_) | Slot::Shift(_) | Slot::Given(_) => false,
            });
            let on = |value: Value| nodes[value.0 as usize];
            let mut grown = false;
            let mut grow = |flag: &mut bool, now: bool| {
                grown |= now && !*flag;
                *flag |= now;
            };
            let mut times = parts.switches.iter().copied().chain([parts.start]).chain(
                parts.recurring.iter().flat_map(|(first, period, last)| [Some(*first), Some(*period), *last]).flatten(),
            );
            let ends = [parts.stop, parts.step, parts.save_every]
                .into_iter()
                .filter(|end| parts.graph.pace(*end) <= Pace::Run);
            grow(&mut reach.times, times.any(on) || ends.into_iter().any(on));
            for (flag, state) in reach.states.iter_mut().zip(&parts.states) {
                grow(flag, reach.times || on(state.initial) || on(state.derivative));
            }
            for (flag, memory) in reach.memories.iter_mut().zip(&parts.memories) {
                grow(flag, on(memory.initial) || on(memory.input));
            }
            for (flag, held) in reach.helds.iter_mut().zip(&parts.helds) {
                grow(flag, on(*held));
            }
            reach.nodes = nodes;
            if !grown {
                return reach;
            }
        }
    }

    fn misleading(&self, parts: &Parts, order: &[Value], unmet: &Unmet, direction: Direction) -> BTreeSet<Misleading> {
        let name = match direction {
            Direction::Constant(number) => parts.constants.get(number).map(|constant| constant.name.clone()),
            Direction::Initial(number) => parts.states.get(number).map(|state| state.name.clone()),
        };
        let on = |value: Value| self.nodes[value.0 as usize];
        let graph = &parts.graph;
        let owner = |value: Value| parts.owners.get(value.0 as usize).cloned().unwrap_or_default();
        let mut all = BTreeSet::new();
        let structural = |number: usize| parts.constants.get(number).is_some_and(|constant| constant.structural);
        if matches!(direction, Direction::Constant(number) if structural(number)) {
            all.insert(Why::Structural);
        }
        for value in order.iter().copied() {
            // What moves with time alone is met as a switch, or told of as one that is not met.
            let met = graph.pace(value) == Pace::Clock;
            match graph.node(value) {
                Node::Unary(operation, a) if is_flat(operation) && !met && on(a) => {
                    let variable = owner(value);
                    all.insert(match operation {
                        Unary::Truncate | Unary::Floor => Why::Rounded { variable },
                        _ => Why::Comparison { variable },
                    });
                }
                Node::Binary(operation, a, b) if is_truth(operation) && !met && (on(a) || on(b)) => {
                    all.insert(Why::Comparison { variable: owner(value) });
                }
                Node::Binary(Binary::Modulo | Binary::Remainder, a, b) if !met && (on(a) || on(b)) => {
                    all.insert(Why::Rounded { variable: owner(value) });
                }
                Node::Lookup(table, x)
                    if graph.tables[table as usize].interpolation != Interpolation::Linear && !met && on(x) =>
                {
                    all.insert(Why::Rounded { variable: owner(value) });
                }
                Node::Part(vector, _) => {
                    let vector = &graph.vectors[vector as usize];
                    if vector.operation.is_store() && vector.inputs.iter().any(|x| on(*x)) {
                        all.insert(Why::Discrete { variable: owner(value) });
                    }
                    let turns = match vector.operation {
                        VectorOperation::SortOrder | VectorOperation::Rank => vector.inputs.iter().any(|x| on(*x)),
                        VectorOperation::Pick => on(vector.inputs[0]),
                        _ => false,
                    };
                    if turns {
                        all.insert(Why::Comparison { variable: owner(value) });
                    }
                }
                _ => {}
            }
        }
        for memory in &parts.memories {
            if matches!(memory.kind, MemoryKind::Line { delay } if on(delay)) {
                all.insert(Why::WholeSteps { variable: memory.name.clone() });
            }
        }
        all.extend(unmet.moved_by(direction).map(|node| Why::SwitchOnGrid { variable: owner(node) }));
        all.into_iter().map(|why| Misleading { direction: name.clone().unwrap_or_default(), why }).collect()
    }
}

/// The switches that steps on a grid do not meet.
struct Unmet {
    graph: Graph,
    /// The node that switches, and the time of the switch.
    switches: Vec<(Value, Value)>,
}

impl Unmet {
    fn of(parts: &Parts, order: &[Value]) -> Unmet {
        let mut graph = parts.graph.clone();
        if parts.landing == Landing::Exact {
            return Unmet { graph, switches: Vec::new() };
        }
        let mut wanted = vec![false; graph.len()];
        for value in order {
            wanted[value.0 as usize] = true;
        }
        let switches = events::switches(&mut graph, &wanted).found_at;
        Unmet { graph, switches }
    }

    fn moved_by(&self, direction: Direction) -> impl Iterator<Item = Value> {
        let seeded =
            |slot| matches!((slot, direction), (Slot::Parameter(a), Direction::Constant(b)) if a as usize == b);
        let moved = if self.switches.is_empty() { Vec::new() } else { active(&self.graph, seeded) };
        self.switches.iter().filter(move |(_, time)| moved[time.0 as usize]).map(|(node, _)| *node)
    }
}

/// Adds the tangents along one direction; returns the columns of the outputs' tangents.
fn add(
    parts: &mut Parts,
    source: &Parts,
    order: &[Value],
    number: usize,
    direction: Direction,
    reach: &Reach,
) -> Vec<Option<usize>> {
    let mut seeds: HashMap<Slot, Value> = HashMap::new();
    let one = parts.graph.constant(1.0);
    if let Direction::Constant(constant) = direction {
        seeds.insert(Slot::Parameter(constant as u32), one);
    }
    let shift = reach.times.then(|| parts.graph.slot(Slot::Shift(parts.shifts.len() as u32)));
    if let Some(shift) = shift {
        seeds.insert(Slot::Time, shift);
    }
    let reached = |flags: &[bool]| (0..flags.len()).filter(|place| flags[*place]).collect::<Vec<usize>>();
    let (states, memories, helds) = (reached(&reach.states), reached(&reach.memories), reached(&reach.helds));
    for (slot, first, places) in [
        (Slot::State as fn(u32) -> Slot, parts.states.len(), &states),
        (Slot::Memory as fn(u32) -> Slot, parts.memories.len(), &memories),
        (Slot::Held as fn(u32) -> Slot, parts.helds.len(), &helds),
    ] {
        for (own, place) in (first as u32..).zip(places) {
            let tangent = parts.graph.slot(slot(own));
            seeds.insert(slot(*place as u32), tangent);
        }
    }
    let zero = parts.graph.constant(0.0);
    let mut tangents = Tangents::new(&mut parts.graph, &seeds);
    tangents.follow(order.iter().copied().filter(|value| reach.nodes[value.0 as usize]));
    let of = |value: Value| tangents.of(value);

    let mut pairs = Vec::with_capacity(states.len());
    for place in states {
        let state = &source.states[place];
        let initial = if direction == Direction::Initial(place) { Some(one) } else { of(state.initial) };
        pairs.push((place, parts.states.len()));
        parts.states.push(State {
            name: format!("tangent of {}", state.name),
            variable: None,
            initial: initial.unwrap_or(zero),
            derivative: of(state.derivative).unwrap_or(zero),
            floored: false,
        });
    }
    for memory in memories.iter().map(|place| &source.memories[*place]) {
        parts.memories.push(Memory {
            name: memory.name.clone(),
            kind: memory.kind.clone(),
            initial: of(memory.initial).unwrap_or(zero),
            input: of(memory.input).unwrap_or(zero),
        });
    }
    parts.helds.extend(helds.iter().map(|place| of(source.helds[*place]).unwrap_or(zero)));
    if let Some(time) = shift {
        let fixed = |value: Value| of(value).filter(|_| source.graph.pace(value) <= Pace::Run);
        parts.shifts.push(Shift {
            direction: number,
            time,
            states: pairs.clone(),
            start: of(source.start),
            stop: fixed(source.stop),
            step: fixed(source.step),
            save_every: fixed(source.save_every),
            switches: source.switches.iter().map(|switch| of(*switch)).collect(),
            recurring: (source.recurring.iter())
                .map(|(first, period, last)| [of(*first), of(*period), last.and_then(of)])
                .collect(),
        });
    }
    let columns = source.outputs.iter().map(|(name, unit, value)| {
        let tangent = of(*value)?;
        parts.outputs.push((name.clone(), unit.clone(), tangent));
        Some(parts.outputs.len() - 1)
    });
    let columns = columns.collect();
    parts.of_states.extend(pairs);
    columns
}
