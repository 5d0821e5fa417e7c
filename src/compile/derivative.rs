//! The graph's rates into their partial derivatives with respect to states and time, as further nodes of the graph.
//!
//! Exact, not differenced: forward accumulation over sparse rows (Griewank and Walther 2008, chapter 3), sharing what the
//! graph shares. At a kink the derivative is that of the branch taken. Rounded, compared and ranked values are piecewise
//! constant and have derivative zero; functions without a known derivative are an [`Obstacle`].

use super::graph::{Graph, Node, Pace, Slot, Value, VectorOperation};
use super::operation::{Binary, Unary};
use super::slope::{self, Slope};
use crate::model::{Extrapolation, Interpolation};
use std::collections::BTreeMap;

/// The most states for which derivatives are made: a step solves linear systems of that size.
pub const MOST_STATES: usize = 1000;

/// The most nodes that derivatives may add to the graph.
const MOST_NODES: usize = 1 << 21;

/// Why there are no derivatives of the rates.
#[derive(Clone, Debug, PartialEq)]
pub enum Obstacle {
    /// The request did not ask for them.
    NotAsked,
    /// A variable uses a function whose derivative is not known.
    Function { variable: String, function: &'static str },
    /// The model has more states than [`MOST_STATES`], or derivatives without end.
    Large { states: usize },
}

/// Partial derivatives that are not zero everywhere.
#[derive(Clone, Debug, Default)]
pub struct Partials {
    /// Of rate `row` with respect to state `column`: `(row, column, value)`, by rows.
    pub states: Vec<(u32, u32, Value)>,
    /// Of rate `row` with respect to time, between switches: `(row, value)`.
    pub time: Vec<(u32, Value)>,
}

/// Derivatives of one value, by the number of the state; time has the number behind the last state.
type Row = BTreeMap<u32, Value>;

/// The partial derivatives of `rates`, the rate of state 0 first. `owners` names the variable of each node.
pub fn partials(graph: &mut Graph, rates: &[Value], owners: &[String]) -> Result<Partials, Obstacle> {
    let large = Obstacle::Large { states: rates.len() };
    if rates.len() > MOST_STATES {
        return Err(large);
    }
    let time = rates.len() as u32;
    let before = graph.len();
    let needed = needed(graph, rates);
    let mut rows: Vec<Row> = vec![Row::new(); before];
    for value in (0..before as u32).map(Value).filter(|value| needed[value.0 as usize]) {
        rows[value.0 as usize] = row(graph, value, &rows, time).map_err(|function| {
            let variable = owners.get(value.0 as usize).cloned().unwrap_or_default();
            Obstacle::Function { variable, function }
        })?;
        if graph.len() - before > MOST_NODES {
            return Err(large);
        }
    }
    let mut partials = Partials::default();
    for (number, rate) in (0u32..).zip(rates) {
        for (of, value) in &rows[rate.0 as usize] {
            if *of == time {
                partials.time.push((number, *value));
            } else {
                partials.states.push((number, *of, *value));
            }
        }
    }
    Ok(partials)
}

/// Marks the values that `roots` need and that change during a run.
fn needed(graph: &Graph, roots: &[Value]) -> Vec<bool> {
    let mut marked = vec![false; graph.len()];
    let mut stack: Vec<Value> = roots.to_vec();
    while let Some(value) = stack.pop() {
        if graph.pace(value) > Pace::Run && !std::mem::replace(&mut marked[value.0 as usize], true) {
            stack.extend(graph.operands(value));
        }
    }
    marked
}

/// The derivatives of one value from those of its operands, or the name of a function that has none.
fn row(graph: &mut Graph, value: Value, rows: &[Row], time: u32) -> Result<Row, &'static str> {
    let of = |value: Value| &rows[value.0 as usize];
    let still = |values: &[Value]| values.iter().all(|value| of(*value).is_empty());
    let one = |graph: &mut Graph| graph.constant(1.0);
    Ok(match graph.node(value) {
        Node::Slot(Slot::State(number)) => Row::from([(number, one(graph))]),
        Node::Slot(Slot::Time) => Row::from([(time, one(graph))]),
        // Held values are fixed; what remembers or draws keeps its value through a step.
        Node::Constant(_) | Node::Slot(_) => Row::new(),
        Node::Unary(_, a) | Node::Lookup(_, a) if still(&[a]) => Row::new(),
        Node::Unary(operation, a) => match slope::unary(graph, operation, a, value) {
            Slope::Unknown => return Err("GAMMA LN"),
            slope => combine(graph, &[(slope, of(a))]),
        },
        Node::Binary(_, a, b) if still(&[a, b]) => Row::new(),
        Node::Binary(operation, a, b) => binary(graph, operation, [a, b], value, [of(a), of(b)]),
        Node::Select(condition, a, b) => choose(graph, condition, of(a), of(b)),
        Node::Lookup(table, a) => match slope::of_table(&graph.tables[table as usize]) {
            Some(slopes) => {
                let slopes = graph.table(slopes);
                let slope = graph.lookup(slopes, a);
                combine(graph, &[(Slope::By(slope), of(a))])
            }
            None => Row::new(),
        },
        Node::Part(number, part) => {
            let inputs = graph.vectors[number as usize].inputs.clone();
            if still(&inputs) {
                return Ok(Row::new());
            }
            let rows: Vec<&Row> = inputs.iter().map(|input| of(*input)).collect();
            vector(graph, (number, part), &inputs, &rows)?
        }
    })
}

fn times(graph: &mut Graph, a: Value, b: Value) -> Value {
    graph.binary(Binary::Multiply, a, b)
}

fn binary(graph: &mut Graph, operation: Binary, [a, b]: [Value; 2], result: Value, [of_a, of_b]: [&Row; 2]) -> Row {
    match operation {
        Binary::Add => combine(graph, &[(Slope::One, of_a), (Slope::One, of_b)]),
        Binary::Subtract => combine(graph, &[(Slope::One, of_a), (Slope::MinusOne, of_b)]),
        Binary::Multiply => combine(graph, &[(Slope::By(b), of_a), (Slope::By(a), of_b)]),
        Binary::Divide => {
            let one = graph.constant(1.0);
            let reciprocal = graph.binary(Binary::Divide, one, b);
            let by_b = slope_of(graph, of_b, |graph| {
                let share = times(graph, result, reciprocal);
                Slope::By(graph.unary(Unary::Negate, share))
            });
            combine(graph, &[(Slope::By(reciprocal), of_a), (by_b, of_b)])
        }
        Binary::Power => {
            let by_a = slope_of(graph, of_a, |graph| slope::along_base(graph, a, b, result));
            let by_b = slope_of(graph, of_b, |graph| slope::along_exponent(graph, a, result));
            combine(graph, &[(by_a, of_a), (by_b, of_b)])
        }
        Binary::Minimum | Binary::Maximum => {
            let (low, high) = if operation == Binary::Minimum { (a, b) } else { (b, a) };
            let first = graph.binary(Binary::Less, low, high);
            choose(graph, first, of_a, of_b)
        }
        Binary::Modulo | Binary::Remainder => {
            let by_b = slope_of(graph, of_b, |graph| slope::along_divisor(graph, a, b, result));
            combine(graph, &[(Slope::One, of_a), (by_b, of_b)])
        }
        Binary::Less | Binary::LessOrEqual | Binary::Equal | Binary::NotEqual | Binary::And | Binary::Or => Row::new(),
    }
}

/// The slope along an operand that moves; any for one that does not.
fn slope_of(graph: &mut Graph, row: &Row, slope: impl FnOnce(&mut Graph) -> Slope) -> Slope {
    if row.is_empty() { Slope::Flat } else { slope(graph) }
}

/// The sum of rows, each multiplied by its factor.
fn combine(graph: &mut Graph, terms: &[(Slope, &Row)]) -> Row {
    let mut sums = Row::new();
    for (slope, row) in terms {
        if matches!(slope, Slope::By(by) if graph.as_constant(*by) == Some(0.0)) {
            continue;
        }
        for (of, moves) in *row {
            let (minus, term) = match *slope {
                Slope::Flat | Slope::Unknown => continue,
                Slope::One => (false, *moves),
                Slope::MinusOne => (true, *moves),
                Slope::By(by) => (false, times(graph, by, *moves)),
                Slope::Steep(by) => {
                    let (product, zero) = (times(graph, by, *moves), graph.constant(0.0));
                    (false, graph.select(*moves, product, zero))
                }
            };
            let sum = match (minus, sums.get(of).copied()) {
                (false, None) => term,
                (true, None) => graph.unary(Unary::Negate, term),
                (false, Some(old)) => graph.binary(Binary::Add, old, term),
                (true, Some(old)) => graph.binary(Binary::Subtract, old, term),
            };
            sums.insert(*of, sum);
        }
    }
    // What cancels for every value is no derivative.
    sums.retain(|_, sum| graph.as_constant(*sum) != Some(0.0));
    sums
}

/// The row of the branch taken.
fn choose(graph: &mut Graph, condition: Value, then: &Row, otherwise: &Row) -> Row {
    let zero = graph.constant(0.0);
    let seeds: Vec<u32> = then.keys().chain(otherwise.keys()).copied().collect();
    let slope = |row: &Row, of: u32| row.get(&of).copied().unwrap_or(zero);
    seeds.into_iter().map(|of| (of, graph.select(condition, slope(then, of), slope(otherwise, of)))).collect()
}

/// The derivatives of an output of a vector operation from those of its inputs.
fn vector(graph: &mut Graph, (number, part): (u32, u32), inputs: &[Value], rows: &[&Row]) -> Result<Row, &'static str> {
    let zero = graph.constant(0.0);
    match graph.vectors[number as usize].operation.clone() {
        VectorOperation::SortOrder | VectorOperation::Rank => Ok(Row::new()),
        VectorOperation::Pick => {
            let mut seeds: Vec<u32> = rows[1..].iter().flat_map(|row| row.keys().copied()).collect();
            seeds.sort_unstable();
            seeds.dedup();
            let mut row = Row::new();
            for of in seeds {
                let slopes = rows[1..].iter().map(|row| row.get(&of).copied().unwrap_or(zero));
                let all = std::iter::once(inputs[0]).chain(slopes).collect();
                row.extend(graph.vector(VectorOperation::Pick, all, 1).first().map(|slope| (of, *slope)));
            }
            Ok(row)
        }
        // d(M^-1) = -M^-1 dM M^-1.
        VectorOperation::Invert => {
            let outputs = graph.vectors[number as usize].outputs;
            let inverse = graph.vector(VectorOperation::Invert, inputs.to_vec(), outputs);
            let size = (outputs as f64).sqrt().round() as usize;
            let (line, column) = (part as usize / size, part as usize % size);
            let mut terms = Vec::new();
            for (place, row) in rows.iter().enumerate().filter(|(_, row)| !row.is_empty()) {
                let (left, right) = (inverse[line * size + place / size], inverse[(place % size) * size + column]);
                let product = times(graph, left, right);
                terms.push((Slope::By(graph.unary(Unary::Negate, product)), *row));
            }
            Ok(combine(graph, &terms))
        }
        VectorOperation::LookupArea(table) => {
            let held = graph.tables[table as usize].with(Interpolation::Linear, Extrapolation::Hold);
            let held = graph.table(held);
            let (low, high) = (graph.lookup(held, inputs[0]), graph.lookup(held, inputs[1]));
            let low = graph.unary(Unary::Negate, low);
            Ok(combine(graph, &[(Slope::By(low), rows[0]), (Slope::By(high), rows[1])]))
        }
        VectorOperation::LookupInvert(table) => {
            let turned = graph.tables[table as usize].turned();
            let Some(slopes) = slope::of_table(&turned) else { return Ok(Row::new()) };
            let slopes = graph.table(slopes);
            let slope = graph.lookup(slopes, inputs[0]);
            Ok(combine(graph, &[(Slope::By(slope), rows[0])]))
        }
        VectorOperation::Total => {
            let terms: Vec<(Slope, &Row)> = rows.iter().map(|row| (Slope::One, *row)).collect();
            Ok(combine(graph, &terms))
        }
        VectorOperation::AllocateByPriority => Err("ALLOCATE BY PRIORITY"),
        VectorOperation::AllocateAvailable => Err("ALLOCATE AVAILABLE"),
        VectorOperation::BeltFill(_) | VectorOperation::BeltLeave(_) | VectorOperation::BeltMove(_) => {
            Err("a conveyor")
        }
        VectorOperation::UnitBudget | VectorOperation::QueueServe(_) => Err("a queue"),
        VectorOperation::Tangent(_) => Err("a derivative"),
        VectorOperation::OvenOpen | VectorOperation::OvenMove => Err("an oven"),
    }
}
