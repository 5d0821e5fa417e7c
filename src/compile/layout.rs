//! Which register each value takes, and the instructions on them.

use super::code::{Code, Instruction, Operation, Register, VectorInstruction};
use super::graph::{Graph, Node, Pace, Slot, Value};
use super::program::Parts;
use super::schedule::{Kind, Step, cluster, is_clock, steps};
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

/// Where values stand.
pub struct Layout {
    /// Registers kept through a run, by value.
    pub kept: HashMap<Value, Register>,
    pub slots: HashMap<Slot, Register>,
    pub numbers: Vec<(Register, f64)>,
    /// Values computed once for each run, in order.
    fixed: Vec<Value>,
    /// Kept registers.
    base: u32,
    pub total: usize,
}

impl Layout {
    /// Gives every value that `roots` need and that keeps its own register one.
    pub fn new(graph: &Graph, parts: &Parts, roots: &[Value]) -> Self {
        let mut layout = Layout {
            kept: HashMap::default(),
            slots: HashMap::default(),
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
        slots.extend((0..parts.shifts.len() as u32).map(Slot::Shift));
        slots.extend((0..parts.givens as u32).map(Slot::Given));
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

    /// The program for what depends on constants only.
    pub fn fixed_code(&mut self, graph: &Graph, owners: &[u32]) -> Code {
        let mut code = Code::default();
        let mut vectors = HashSet::default();
        // Other programs read these values: none may vanish.
        for step in cluster(steps(graph, &self.fixed, &self.fixed)) {
            emit(graph, &step, &self.kept, &mut code, &mut vectors, owners);
        }
        code
    }

    /// The program for `roots`, and where they and its other values stand at the end.
    pub fn code(&mut self, graph: &Graph, roots: &[Value], owners: &[u32]) -> (Code, HashMap<Value, Register>) {
        let fixed = |value: Value| graph.pace(value) <= Pace::Run;
        let order: Vec<Value> =
            needed(graph, roots, |value| !fixed(value)).into_iter().filter(|value| !fixed(*value)).collect();
        let (clock, moving): (Vec<Step>, Vec<Step>) =
            steps(graph, &order, roots).into_iter().partition(|step| is_clock(graph, step));
        let mut code = Code::default();
        let mut vectors = HashSet::default();
        for step in cluster(clock) {
            emit(graph, &step, &self.kept, &mut code, &mut vectors, owners);
        }
        code.clock = code.stretches.len();
        let order = cluster(moving);
        let mut last_use: HashMap<Value, usize> = HashMap::default();
        for (place, step) in order.iter().enumerate() {
            for operand in &step.operands {
                last_use.insert(*operand, place);
            }
            // All outputs of a vector operation are written at once and must not be overwritten before they are read.
            last_use.entry(step.value).or_insert(place);
        }
        for root in roots {
            last_use.insert(*root, usize::MAX);
        }
        let mut free: Vec<Register> = Vec::new();
        let mut next = self.base;
        let mut placed = self.kept.clone();
        let mut dying: HashMap<usize, Vec<Value>> = HashMap::default();
        for step in &order {
            dying.entry(last_use[&step.value]).or_default().push(step.value);
        }
        for (place, step) in order.iter().enumerate() {
            if !placed.contains_key(&step.value) {
                let mut take = || {
                    free.pop().unwrap_or_else(|| {
                        next += 1;
                        next - 1
                    })
                };
                if step.kind == Kind::Vector {
                    // Every output needs a register of its own when the first of them is computed.
                    let outputs = graph.vectors[step.number as usize].outputs as u32;
                    let parts = (0..outputs).filter_map(|part| graph.part(step.number, part));
                    for part in parts.filter(|part| last_use.contains_key(part)) {
                        placed.insert(part, take());
                    }
                } else {
                    placed.insert(step.value, take());
                }
            }
            emit(graph, step, &placed, &mut code, &mut vectors, owners);
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

/// The values that `roots` need, in order of evaluation; `enter` says whether to look below a value.
pub fn needed(graph: &Graph, roots: &[Value], enter: impl Fn(Value) -> bool) -> Vec<Value> {
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

/// Writes the instruction of a step. `vectors` holds the vector operations written already, with the first of their
/// outputs.
fn emit(
    graph: &Graph,
    step: &Step,
    placed: &HashMap<Value, Register>,
    code: &mut Code,
    vectors: &mut HashSet<u32>,
    owners: &[u32],
) {
    let to = placed[&step.value];
    let operand = |number: usize| step.operands.get(number).map_or(0, |value| placed[value]);
    let plain = |operation| Instruction { operation, to, a: operand(0), b: operand(1), c: operand(2) };
    let instruction = match step.kind {
        Kind::Unary(operation) => plain(Operation::Unary(operation)),
        Kind::Binary(operation) => plain(Operation::Binary(operation)),
        Kind::Pair(pair) => plain(Operation::Pair(pair)),
        Kind::Select => plain(Operation::Select),
        Kind::Lookup => Instruction { b: step.number, ..plain(Operation::Lookup) },
        Kind::Vector => {
            if !vectors.insert(step.number) {
                return;
            }
            let parts = 0..graph.vectors[step.number as usize].outputs as u32;
            let outputs = parts.map(|part| {
                let register = graph.part(step.number, part).and_then(|value| placed.get(&value));
                register.copied().unwrap_or(Register::MAX)
            });
            let outputs = outputs.collect();
            let number = code.vectors.len() as u32;
            code.vectors.push(VectorInstruction {
                operation: graph.vectors[step.number as usize].operation.clone(),
                inputs: step.operands.iter().map(|value| placed[value]).collect(),
                outputs,
            });
            Instruction { operation: Operation::Vector, to, a: number, b: 0, c: 0 }
        }
    };
    let owner = |value: Value| owners.get(value.0 as usize).copied().unwrap_or_default();
    code.push(instruction, (owner(step.first), owner(step.value)));
}
