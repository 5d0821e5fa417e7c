//! The tangent of each operation of the graph: how a value moves when its operands move, as further nodes.
//!
//! Method: the forward mode of differentiation (Griewank and Walther 2008, chapter 3). A tangent that is zero whatever
//! the run is `None`, so that nothing is computed for it.
//! At kinks the derivative is that of the branch the run takes: MIN, MAX and IF by their comparison, ABS at 0 and lookups
//! at their points from the right. Comparisons and whole numbers have no slope.

use super::graph::{Graph, Node, Slot, Value, VectorOperation};
use super::operation::{Binary, Unary};
use super::table::Table;
use crate::model::{Extrapolation, Interpolation};
use std::collections::HashMap;
use std::f64::consts::{LN_10, PI, SQRT_2};

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

/// Whether an operation is constant between its jumps.
pub fn is_flat(operation: Unary) -> bool {
    matches!(operation, Unary::Truncate | Unary::Floor | Unary::Not | Unary::Sign)
}

/// Whether an operation answers yes or no.
pub fn is_truth(operation: Binary) -> bool {
    use Binary as B;
    matches!(operation, B::Less | B::LessOrEqual | B::Equal | B::NotEqual | B::And | B::Or)
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
                let slope = slopes(&self.graph.tables[table as usize])?;
                let slope = self.graph.table(slope);
                let slope = self.graph.lookup(slope, x);
                Some(self.multiply(slope, moves))
            }
            Node::Part(vector, part) => self.part(vector, part),
        }
    }

    fn unary(&mut self, operation: Unary, value: Value, a: Value) -> Option<Value> {
        let moves = self.of(a)?;
        if operation == Unary::Negate {
            return Some(self.graph.unary(Unary::Negate, moves));
        }
        let one = self.graph.constant(1.0);
        let slope = match operation {
            Unary::Absolute => {
                let zero = self.graph.constant(0.0);
                let negative = self.graph.binary(Binary::Less, a, zero);
                let minus = self.graph.constant(-1.0);
                self.graph.select(negative, minus, one)
            }
            Unary::Exponential => value,
            Unary::NaturalLogarithm => self.divide(one, a),
            Unary::DecimalLogarithm => {
                let scale = self.graph.constant(1.0 / LN_10);
                self.divide(scale, a)
            }
            Unary::SquareRoot => {
                let half = self.graph.constant(0.5);
                self.divide(half, value)
            }
            Unary::Sine => self.graph.unary(Unary::Cosine, a),
            Unary::Cosine => {
                let sine = self.graph.unary(Unary::Sine, a);
                self.graph.unary(Unary::Negate, sine)
            }
            Unary::Tangent => {
                let square = self.multiply(value, value);
                self.graph.binary(Binary::Add, one, square)
            }
            Unary::ArcSine | Unary::ArcCosine => {
                let square = self.multiply(a, a);
                let rest = self.graph.binary(Binary::Subtract, one, square);
                let root = self.graph.unary(Unary::SquareRoot, rest);
                let sign = self.graph.constant(if operation == Unary::ArcSine { 1.0 } else { -1.0 });
                self.divide(sign, root)
            }
            Unary::ArcTangent => {
                let square = self.multiply(a, a);
                let sum = self.graph.binary(Binary::Add, one, square);
                self.divide(one, sum)
            }
            Unary::HyperbolicSine => self.graph.unary(Unary::HyperbolicCosine, a),
            Unary::HyperbolicCosine => self.graph.unary(Unary::HyperbolicSine, a),
            Unary::HyperbolicTangent => {
                // 1 - tanh² without cancellation.
                let cosine = self.graph.unary(Unary::HyperbolicCosine, a);
                let square = self.multiply(cosine, cosine);
                self.divide(one, square)
            }
            Unary::GammaLogarithm => self.graph.unary(Unary::Digamma, a),
            Unary::Digamma => self.graph.unary(Unary::Trigamma, a),
            // The inverse of the density at the quantile.
            Unary::NormalQuantile => {
                let exponent = self.half_square(value, 0.5);
                let inverse = self.graph.unary(Unary::Exponential, exponent);
                let scale = self.graph.constant((2.0 * PI).sqrt());
                self.multiply(scale, inverse)
            }
            Unary::NormalProbability => {
                let exponent = self.half_square(a, -0.5);
                let density = self.graph.unary(Unary::Exponential, exponent);
                let scale = self.graph.constant(1.0 / (PI.sqrt() * SQRT_2));
                self.multiply(scale, density)
            }
            Unary::Negate | Unary::Trigamma | Unary::Truncate | Unary::Floor | Unary::Not | Unary::Sign => return None,
        };
        let product = self.multiply(slope, moves);
        // Where the slope can be infinite beside finite values, what does not move does not count.
        Some(match operation {
            Unary::SquareRoot | Unary::ArcSine | Unary::ArcCosine => self.if_it_moves(moves, product),
            _ => product,
        })
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
                let left = da.map(|da| {
                    let slope = self.power_slope(value, a, b);
                    let product = self.multiply(slope, da);
                    self.if_it_moves(da, product)
                });
                let right = db.map(|db| {
                    let logarithm = self.graph.unary(Unary::NaturalLogarithm, a);
                    let slope = self.multiply(value, logarithm);
                    // A base of 0 stays 0 under every positive power.
                    let slope = self.if_it_moves(value, slope);
                    let product = self.multiply(slope, db);
                    self.if_it_moves(db, product)
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
                let taken = db.map(|db| {
                    let whole = self.graph.binary(Binary::Subtract, a, value);
                    let times = self.divide(whole, b);
                    self.multiply(times, db)
                });
                match (da, taken) {
                    (da, None) => da,
                    (None, Some(taken)) => Some(self.graph.unary(Unary::Negate, taken)),
                    (Some(da), Some(taken)) => Some(self.graph.binary(Binary::Subtract, da, taken)),
                }
            }
            Binary::Less | Binary::LessOrEqual | Binary::Equal | Binary::NotEqual | Binary::And | Binary::Or => None,
        }
    }

    /// `b * a^(b-1)`, as `value * b / a` but where `a` is 0.
    fn power_slope(&mut self, value: Value, a: Value, b: Value) -> Value {
        let numerator = self.multiply(value, b);
        let away = self.divide(numerator, a);
        let [zero, one, infinite] = [0.0, 1.0, f64::INFINITY].map(|number| self.graph.constant(number));
        let above = self.graph.binary(Binary::Less, one, b);
        let at_one = self.graph.binary(Binary::Equal, b, one);
        let at_zero = self.graph.binary(Binary::Equal, b, zero);
        let steep = self.graph.select(at_zero, zero, infinite);
        let straight = self.graph.select(at_one, one, steep);
        let at_origin = self.graph.select(above, zero, straight);
        self.graph.select(a, away, at_origin)
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
                let slope = slopes(&self.graph.tables[table as usize].turned())?;
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

    fn half_square(&mut self, x: Value, factor: f64) -> Value {
        let square = self.multiply(x, x);
        let factor = self.graph.constant(factor);
        self.multiply(factor, square)
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

    fn if_it_moves(&mut self, moves: Value, product: Value) -> Value {
        let zero = self.graph.constant(0.0);
        self.graph.select(moves, product, zero)
    }
}

/// The slope of a table at each argument, itself a table of steps; `None` if it is zero everywhere.
pub fn slopes(table: &Table) -> Option<Table> {
    let points = table.x.len();
    if table.interpolation != Interpolation::Linear || points < 2 {
        return None;
    }
    let slope = |i: usize| (table.y[i + 1] - table.y[i]) / (table.x[i + 1] - table.x[i]);
    let beyond = |i: usize| if table.extrapolation == Extrapolation::Extend { slope(i) } else { 0.0 };
    let (mut x, mut y) = (vec![f64::NEG_INFINITY], vec![beyond(0)]);
    for point in 0..points {
        let last = point + 1 == points;
        // Of points at one place the last is read, as in the table itself.
        if !last && table.x[point + 1] == table.x[point] {
            continue;
        }
        x.push(table.x[point]);
        y.push(if last { beyond(points - 2) } else { slope(point) });
    }
    Some(Table { x, y, interpolation: Interpolation::Step, extrapolation: Extrapolation::Hold })
}
