//! The tangent of each operation of the graph: how a value moves when its operands move, as further nodes.
//!
//! Method: the forward mode of differentiation (Griewank and Walther 2008, chapter 3). A tangent that is zero whatever
//! the run is `None`, so that nothing is computed for it.
//! At kinks the derivative is that of the branch the run takes: MIN, MAX and IF by their comparison, ABS at 0 and lookups
//! at their points from the right. Comparisons and whole numbers have no slope.

use super::graph::{Graph, Node, Slot, Value, VectorOperation};
use super::operation::{Binary, Unary};
use super::slope::{self, Slope, is_flat, is_truth};
use crate::model::{Extrapolation, Interpolation};
use std::collections::HashMap;

/// Which nodes can have a tangent, given the slots that have one. `of` says so for each node.
pub fn active(graph: &Graph, seeded: impl Fn(Slot) -> bool) -> Vec<bool> {
    let mut of = vec![false; graph.len()];
    for number in 0..graph.len() {
        let on = |value: Value| of[value.0 as usize];
        of[number] = match graph.node(Value(number as u32)) {
            Node::Constant(_) => false,
            Node::Slot(slot) => seeded(slot),
            Node::Unary(operation, a) => !is_flat(operation) && on(a),
            Node::Binary(operation, a, b) => !is_truth(operation) && (on(a) || on(b)),
            Node::Select(_, a, b) => on(a) || on(b),
            Node::Lookup(table, x) => graph.tables[table as usize].interpolation == Interpolation::Linear && on(x),
            Node::Part(vector, _) => {
                let vector = &graph.vectors[vector as usize];
                match vector.operation {
                    VectorOperation::SortOrder | VectorOperation::Rank => false,
                    VectorOperation::Pick => vector.inputs[1..].iter().any(|input| on(*input)),
                    _ => vector.inputs.iter().any(|input| on(*input)),
                }
            }
        };
    }
    of
}

/// The tangents along one direction.
pub struct Tangents<'a> {
    graph: &'a mut Graph,
    /// Tangents of the slots that have one.
    seeds: &'a HashMap<Slot, Value>,
    of: HashMap<Value, Value>,
}

impl<'a> Tangents<'a> {
    pub fn new(graph: &'a mut Graph, seeds: &'a HashMap<Slot, Value>) -> Self {
        Tangents { graph, seeds, of: HashMap::new() }
    }

    /// Adds the tangents of `values`, which stand in an order of evaluation and with all that they depend on.
    pub fn follow(&mut self, values: impl Iterator<Item = Value>) {
        for value in values {
            if let Some(tangent) = self.tangent(value) {
                self.of.insert(value, tangent);
            }
        }
    }

    /// The tangent of a value that has been followed.
    pub fn of(&self, value: Value) -> Option<Value> {
        self.of.get(&value).copied()
    }

    fn tangent(&mut self, value: Value) -> Option<Value> {
        match self.graph.node(value) {
            Node::Constant(_) => None,
            Node::Slot(slot) => self.seeds.get(&slot).copied(),
            Node::Unary(operation, a) => self.unary(operation, value, a),
            Node::Binary(operation, a, b) => self.binary(operation, value, a, b),
            Node::Select(condition, then, otherwise) => {
                let (then, otherwise) = (self.of(then), self.of(otherwise));
                self.choose(condition, then, otherwise)
            }
            Node::Lookup(table, x) => {
                let moves = self.of(x)?;
                let slope = slope::of_table(&self.graph.tables[table as usize])?;
                let slope = self.graph.table(slope);
                let slope = self.graph.lookup(slope, x);
                Some(self.multiply(slope, moves))
            }
            Node::Part(vector, part) => self.part(vector, part),
        }
    }

    fn unary(&mut self, operation: Unary, value: Value, a: Value) -> Option<Value> {
        let moves = self.of(a)?;
        let slope = slope::unary(self.graph, operation, a, value);
        self.along(slope, moves)
    }

    /// A tangent by the slope it meets.
    fn along(&mut self, slope: Slope, moves: Value) -> Option<Value> {
        match slope {
            Slope::Flat | Slope::Unknown => None,
            Slope::One => Some(moves),
            Slope::MinusOne => Some(self.graph.unary(Unary::Negate, moves)),
            Slope::By(slope) => Some(self.multiply(slope, moves)),
            Slope::Steep(slope) => {
                let (product, zero) = (self.multiply(slope, moves), self.graph.constant(0.0));
                Some(self.graph.select(moves, product, zero))
            }
        }
    }

    fn binary(&mut self, operation: Binary, value: Value, a: Value, b: Value) -> Option<Value> {
        let (da, db) = (self.of(a), self.of(b));
        if da.is_none() && db.is_none() {
            return None;
        }
        match operation {
            Binary::Add => self.sum(da, db),
            Binary::Subtract => match (da, db) {
                (da, None) => da,
                (None, Some(db)) => Some(self.graph.unary(Unary::Negate, db)),
                (Some(da), Some(db)) => Some(self.graph.binary(Binary::Subtract, da, db)),
            },
            Binary::Multiply if a == b => {
                let twice = self.graph.binary(Binary::Add, a, a);
                da.map(|da| self.multiply(twice, da))
            }
            Binary::Multiply => {
                let left = da.map(|da| self.multiply(da, b));
                let right = db.map(|db| self.multiply(a, db));
                self.sum(left, right)
            }
            Binary::Divide => {
                let one = self.graph.constant(1.0);
                let inverse = self.divide(one, b);
                let carried = db.map(|db| self.multiply(value, db));
                let rise = match (da, carried) {
                    (da, None) => da?,
                    (None, Some(carried)) => self.graph.unary(Unary::Negate, carried),
                    (Some(da), Some(carried)) => self.graph.binary(Binary::Subtract, da, carried),
                };
                Some(self.multiply(rise, inverse))
            }
            Binary::Power => {
                let left = da.and_then(|da| {
                    let slope = slope::along_base(self.graph, a, b, value);
                    self.along(slope, da)
                });
                let right = db.and_then(|db| {
                    let slope = slope::along_exponent(self.graph, a, value);
                    self.along(slope, db)
                });
                self.sum(left, right)
            }
            Binary::Minimum => {
                let smaller = self.graph.binary(Binary::Less, a, b);
                self.choose(smaller, da, db)
            }
            Binary::Maximum => {
                let larger = self.graph.binary(Binary::Less, b, a);
                self.choose(larger, da, db)
            }
            Binary::Modulo | Binary::Remainder => {
                let taken = db.and_then(|db| {
                    let slope = slope::along_divisor(self.graph, a, b, value);
                    self.along(slope, db)
                });
                self.sum(da, taken)
            }
            Binary::Less | Binary::LessOrEqual | Binary::Equal | Binary::NotEqual | Binary::And | Binary::Or => None,
        }
    }

    fn part(&mut self, vector: u32, part: u32) -> Option<Value> {
        let (operation, inputs, outputs) = {
            let vector = &self.graph.vectors[vector as usize];
            (vector.operation.clone(), vector.inputs.clone(), vector.outputs)
        };
        match operation {
            VectorOperation::SortOrder | VectorOperation::Rank => None,
            VectorOperation::LookupArea(table) => {
                let held = self.graph.tables[table as usize].with(Interpolation::Linear, Extrapolation::Hold);
                let held = self.graph.table(held);
                let mut end = |number: usize| {
                    let moves = self.of(inputs[number])?;
                    let height = self.graph.lookup(held, inputs[number]);
                    Some(self.multiply(height, moves))
                };
                match (end(1), end(0)) {
                    (upper, None) => upper,
                    (None, Some(lower)) => Some(self.graph.unary(Unary::Negate, lower)),
                    (Some(upper), Some(lower)) => Some(self.graph.binary(Binary::Subtract, upper, lower)),
                }
            }
            VectorOperation::LookupInvert(table) => {
                let moves = self.of(inputs[0])?;
                let slope = slope::of_table(&self.graph.tables[table as usize].turned())?;
                let slope = self.graph.table(slope);
                let slope = self.graph.lookup(slope, inputs[0]);
                Some(self.multiply(slope, moves))
            }
            operation => {
                if inputs.iter().all(|input| self.of(*input).is_none()) {
                    return None;
                }
                let zero = self.graph.constant(0.0);
                let mut all = inputs.clone();
                all.extend(inputs.iter().map(|input| self.of(*input).unwrap_or(zero)));
                let operation = VectorOperation::Tangent(Box::new(operation));
                self.graph.vector(operation, all, outputs).get(part as usize).copied()
            }
        }
    }

    fn multiply(&mut self, a: Value, b: Value) -> Value {
        self.graph.binary(Binary::Multiply, a, b)
    }

    fn divide(&mut self, a: Value, b: Value) -> Value {
        self.graph.binary(Binary::Divide, a, b)
    }

    fn sum(&mut self, a: Option<Value>, b: Option<Value>) -> Option<Value> {
        match (a, b) {
            (Some(a), Some(b)) => Some(self.graph.binary(Binary::Add, a, b)),
            (a, b) => a.or(b),
        }
    }

    fn choose(&mut self, condition: Value, then: Option<Value>, otherwise: Option<Value>) -> Option<Value> {
        if then.is_none() && otherwise.is_none() {
            return None;
        }
        let zero = self.graph.constant(0.0);
        Some(self.graph.select(condition, then.unwrap_or(zero), otherwise.unwrap_or(zero)))
    }
}
