//! The equations of all elements as one graph in which equal computations are one node.
//!
//! A node's operands have smaller numbers than the node, so the order of numbers is an order of evaluation.

use super::operation::{Binary, Unary};
use super::store::{Belt, Line};
use super::table::Table;
use rustc_hash::FxHashMap as HashMap;

/// A node's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(pub u32);

/// Something that stands in a register when a program starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    Time,
    /// A constant of the model.
    Parameter(u32),
    /// An integrated state.
    State(u32),
    /// A value carried from step to step.
    Memory(u32),
    /// A value fixed at the start of the run.
    Held(u32),
    /// A uniform random number in (0, 1), drawn anew each step.
    Random(u32),
    /// How far the time at hand moves with a constant that moves switches; the number of the shift.
    Shift(u32),
    /// A variable's value that another equation reads, set from outside; see `opened`.
    Given(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// The bits of a number, so that -0 and 0 differ.
    Constant(u64),
    Slot(Slot),
    Unary(Unary, Value),
    Binary(Binary, Value, Value),
    /// `condition != 0 ? then : otherwise`.
    Select(Value, Value, Value),
    Lookup(u32, Value),
    /// An output of a vector operation.
    Part(u32, u32),
}

/// An operation on many values at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Vector {
    pub operation: VectorOperation,
    pub inputs: Vec<Value>,
    pub outputs: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum VectorOperation {
    /// `inputs[0]` is an index from 0 into the rest; outside it the result is missing.
    Pick,
    /// Places of the sorted values, from 0; `inputs[0]` > 0 is ascending.
    SortOrder,
    /// Ranks from 1; `inputs[0]` > 0 is ascending.
    Rank,
    /// Inverse of a square matrix, row by row.
    Invert,
    /// Vensim ALLOCATE BY PRIORITY: supply, width, then requests, then priorities.
    AllocateByPriority,
    /// Vensim ALLOCATE AVAILABLE: available, then requests, then four profile columns for each.
    AllocateAvailable,
    /// Area under a lookup between two values; the table's number.
    LookupArea(u32),
    /// LOOKUP INVERT.
    LookupInvert(u32),
    /// The sum, in order.
    Total,
    /// A conveyor's state at the start: slats of its way, step, leak fractions, then its content, whole or by slats.
    BeltFill(Belt),
    /// What leaves a conveyor in a step: step, arrest, leak fractions, then its state. Gives what leaves at its end and
    /// by each leak, then the contents of slats that stay, then the carries.
    BeltLeave(Belt),
    /// A conveyor's state after a step without carries: arrest, slats of the way of what enters, its amount, the
    /// amount that is put evenly along the way, then the contents of slats that stay, then shares.
    BeltMove(Belt),
    /// What may still enter in a time unit: time, start, step, limit, what entered in it already. Gives that amount, and
    /// whether the next step still lies in the unit.
    UnitBudget,
    /// What leaves a queue in a step: amounts that enter, amounts that each outlet may pass, then batches. Gives the
    /// amount at each outlet, then the batches that stay.
    QueueServe(Line),
    /// An oven at the start of a step: step, arrest, cooking time, content, stage, steps left. Gives what leaves it,
    /// whether it takes anything, and the steps left when it cooks.
    OvenOpen,
    /// An oven's content, stage and steps left after a step: step, arrest, capacity, filling and cleaning time, amount
    /// that enters, content, stage, steps left, and those that `OvenOpen` gives.
    OvenMove,
    /// The tangents of an operation's outputs: its inputs, then the inputs' tangents.
    Tangent(Box<VectorOperation>),
}

impl VectorOperation {
    /// Whether the operation is a part of a conveyor, queue or oven.
    pub fn is_store(&self) -> bool {
        use VectorOperation as V;
        matches!(
            self,
            V::BeltFill(_)
                | V::BeltLeave(_)
                | V::BeltMove(_)
                | V::UnitBudget
                | V::QueueServe(_)
                | V::OvenOpen
                | V::OvenMove
        )
    }
}

/// How often a node's value can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pace {
    Never,
    /// Once for each run: depends on parameters only.
    Run,
    /// Whenever time moves: depends on time and parameters only.
    Clock,
    /// Whenever a state moves.
    Moving,
}

#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    paces: Vec<Pace>,
    index: HashMap<Node, Value>,
    pub vectors: Vec<Vector>,
    vector_index: HashMap<(VectorOperation, Vec<Value>), u32>,
    pub tables: Vec<Table>,
}

impl Graph {
    pub fn node(&self, value: Value) -> Node {
        self.nodes[value.0 as usize]
    }

    pub fn pace(&self, value: Value) -> Pace {
        self.paces[value.0 as usize]
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn constant(&mut self, value: f64) -> Value {
        self.intern(Node::Constant(value.to_bits()))
    }

    pub fn as_constant(&self, value: Value) -> Option<f64> {
        match self.node(value) {
            Node::Constant(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    pub fn slot(&mut self, slot: Slot) -> Value {
        self.intern(Node::Slot(slot))
    }

    pub fn unary(&mut self, operation: Unary, a: Value) -> Value {
        if let Some(x) = self.as_constant(a) {
            return self.constant(operation.apply(x));
        }
        self.intern(Node::Unary(operation, a))
    }

    /// Folds constants and what is exact for every operand: `x*1`, `x/1`, `x-0`, `x^1`; and `x^2` to `x*x`, which is
    /// correctly rounded.
    pub fn binary(&mut self, operation: Binary, a: Value, b: Value) -> Value {
        match (self.as_constant(a), self.as_constant(b)) {
            (Some(x), Some(y)) => return self.constant(operation.apply(x, y)),
            (Some(1.0), _) if operation == Binary::Multiply => return b,
            (_, Some(1.0)) if matches!(operation, Binary::Multiply | Binary::Divide | Binary::Power) => return a,
            (_, Some(y)) if operation == Binary::Subtract && y.to_bits() == 0 => return a,
            (_, Some(2.0)) if operation == Binary::Power => return self.binary(Binary::Multiply, a, a),
            _ => {}
        }
        self.intern(Node::Binary(operation, a, b))
    }

    pub fn select(&mut self, condition: Value, then: Value, otherwise: Value) -> Value {
        match self.as_constant(condition) {
            Some(0.0) => otherwise,
            Some(_) => then,
            None if then == otherwise => then,
            None => self.intern(Node::Select(condition, then, otherwise)),
        }
    }

    pub fn lookup(&mut self, table: u32, x: Value) -> Value {
        if let Some(x) = self.as_constant(x) {
            let y = self.tables[table as usize].at(x);
            return self.constant(y);
        }
        self.intern(Node::Lookup(table, x))
    }

    /// The number of a table, equal tables sharing one.
    pub fn table(&mut self, table: Table) -> u32 {
        let found = self.tables.iter().position(|old| *old == table);
        found.unwrap_or_else(|| {
            self.tables.push(table);
            self.tables.len() - 1
        }) as u32
    }

    /// A vector operation's outputs.
    pub fn vector(&mut self, operation: VectorOperation, inputs: Vec<Value>, outputs: usize) -> Vec<Value> {
        let key = (operation.clone(), inputs.clone());
        let number = match self.vector_index.get(&key) {
            Some(number) => *number,
            None => {
                let number = self.vectors.len() as u32;
                self.vectors.push(Vector { operation, inputs, outputs });
                self.vector_index.insert(key, number);
                number
            }
        };
        (0..outputs as u32).map(|part| self.intern(Node::Part(number, part))).collect()
    }

    /// An output of a vector operation, where something has asked for it.
    pub fn part(&self, vector: u32, part: u32) -> Option<Value> {
        self.index.get(&Node::Part(vector, part)).copied()
    }

    pub fn operands(&self, value: Value) -> Vec<Value> {
        match self.node(value) {
            Node::Constant(_) | Node::Slot(_) => Vec::new(),
            Node::Unary(_, a) | Node::Lookup(_, a) => vec![a],
            Node::Binary(_, a, b) => vec![a, b],
            Node::Select(c, a, b) => vec![c, a, b],
            Node::Part(vector, 0) => self.vectors[vector as usize].inputs.clone(),
            // All outputs are computed with the first.
            Node::Part(vector, _) => self.part(vector, 0).into_iter().collect(),
        }
    }

    fn intern(&mut self, node: Node) -> Value {
        if let Some(value) = self.index.get(&node) {
            return *value;
        }
        let value = Value(self.nodes.len() as u32);
        self.nodes.push(node);
        self.index.insert(node, value);
        let pace = match node {
            Node::Constant(_) => Pace::Never,
            Node::Slot(Slot::Parameter(_)) => Pace::Run,
            Node::Slot(Slot::Time) => Pace::Clock,
            Node::Slot(_) => Pace::Moving,
            _ => self.operands(value).into_iter().map(|operand| self.pace(operand)).max().unwrap_or(Pace::Never),
        };
        // A vector operation of constants is computed by the executor, once for each run.
        let pace = if matches!(node, Node::Part(..)) { pace.max(Pace::Run) } else { pace };
        self.paces.push(pace);
        value
    }
}
