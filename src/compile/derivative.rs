//! The graph's rates into their partial derivatives with respect to states and time, as further nodes of the graph.
//!
//! Exact, not differenced: forward accumulation over sparse rows (Griewank and Walther 2008, chapter 3), sharing what the
//! graph shares. At a kink the derivative is that of the branch taken. Rounded, compared and ranked values are piecewise
//! constant and have derivative zero; functions without a known derivative are an [`Obstacle`].

use super::graph::{Graph, Node, Pace, Slot, Value, VectorOperation};
use super::operation::{Binary, Unary};
use super::table::Table;
use crate::model::{Extrapolation, Interpolation};
use std::collections::BTreeMap;
use std::f64::consts;

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

/// What a derivative is multiplied by on its way.
#[derive(Clone, Copy)]
enum Factor {
    One,
    MinusOne,
    By(Value),
}

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
        Node::Unary(operation, a) => match unary(graph, operation, a, value)? {
            Some(factor) => combine(graph, &[(factor, of(a))]),
            None => Row::new(),
        },
        Node::Binary(_, a, b) if still(&[a, b]) => Row::new(),
        Node::Binary(operation, a, b) => binary(graph, operation, [a, b], value, [of(a), of(b)]),
        Node::Select(condition, a, b) => choose(graph, condition, of(a), of(b)),
        Node::Lookup(table, a) => match slopes(&graph.tables[table as usize]) {
            Some(slopes) => {
                let slopes = graph.table(slopes);
                let slope = graph.lookup(slopes, a);
                combine(graph, &[(Factor::By(slope), of(a))])
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

/// What the derivatives of the operand are multiplied by; `None` where the operation is piecewise constant.
fn unary(graph: &mut Graph, operation: Unary, a: Value, result: Value) -> Result<Option<Factor>, &'static str> {
    let number = |graph: &mut Graph, value: f64| graph.constant(value);
    let over = |graph: &mut Graph, above: f64, below: Value| {
        let above = graph.constant(above);
        graph.binary(Binary::Divide, above, below)
    };
    // 1 + sign * x^2
    let with_square = |graph: &mut Graph, sign: Binary, x: Value| {
        let (one, square) = (graph.constant(1.0), graph.binary(Binary::Multiply, x, x));
        graph.binary(sign, one, square)
    };
    let factor = match operation {
        Unary::Negate => return Ok(Some(Factor::MinusOne)),
        Unary::Truncate | Unary::Floor | Unary::Not | Unary::Sign => return Ok(None),
        Unary::Absolute => {
            let zero = number(graph, 0.0);
            let (below, minus, plus) = (graph.binary(Binary::Less, a, zero), number(graph, -1.0), number(graph, 1.0));
            graph.select(below, minus, plus)
        }
        Unary::Exponential => result,
        Unary::NaturalLogarithm => over(graph, 1.0, a),
        Unary::DecimalLogarithm => over(graph, consts::LOG10_E, a),
        Unary::SquareRoot => over(graph, 0.5, result),
        Unary::Sine => graph.unary(Unary::Cosine, a),
        Unary::Cosine => {
            let sine = graph.unary(Unary::Sine, a);
            graph.unary(Unary::Negate, sine)
        }
        Unary::Tangent => with_square(graph, Binary::Add, result),
        Unary::ArcSine | Unary::ArcCosine => {
            let square = with_square(graph, Binary::Subtract, a);
            let root = graph.unary(Unary::SquareRoot, square);
            over(graph, if operation == Unary::ArcSine { 1.0 } else { -1.0 }, root)
        }
        Unary::ArcTangent => {
            let square = with_square(graph, Binary::Add, a);
            over(graph, 1.0, square)
        }
        Unary::HyperbolicSine => graph.unary(Unary::HyperbolicCosine, a),
        Unary::HyperbolicCosine => graph.unary(Unary::HyperbolicSine, a),
        Unary::HyperbolicTangent => with_square(graph, Binary::Subtract, result),
        Unary::NormalProbability => density(graph, a),
        Unary::NormalQuantile => {
            let density = density(graph, result);
            over(graph, 1.0, density)
        }
        Unary::GammaLogarithm => graph.unary(Unary::Digamma, a),
        Unary::Digamma => graph.unary(Unary::Trigamma, a),
        Unary::Trigamma => return Err("GAMMA LN"),
    };
    Ok(Some(Factor::By(factor)))
}

/// The density of the standard normal distribution.
fn density(graph: &mut Graph, x: Value) -> Value {
    let (half, height) = (graph.constant(-0.5), graph.constant(0.5 * consts::FRAC_2_SQRT_PI * consts::FRAC_1_SQRT_2));
    let square = times(graph, x, x);
    let exponent = times(graph, half, square);
    let curve = graph.unary(Unary::Exponential, exponent);
    times(graph, height, curve)
}

fn binary(graph: &mut Graph, operation: Binary, [a, b]: [Value; 2], result: Value, [of_a, of_b]: [&Row; 2]) -> Row {
    match operation {
        Binary::Add => combine(graph, &[(Factor::One, of_a), (Factor::One, of_b)]),
        Binary::Subtract => combine(graph, &[(Factor::One, of_a), (Factor::MinusOne, of_b)]),
        Binary::Multiply => combine(graph, &[(Factor::By(b), of_a), (Factor::By(a), of_b)]),
        Binary::Divide => {
            let one = graph.constant(1.0);
            let reciprocal = graph.binary(Binary::Divide, one, b);
            let by_b = if of_b.is_empty() {
                Factor::One
            } else {
                let share = times(graph, result, reciprocal);
                Factor::By(graph.unary(Unary::Negate, share))
            };
            combine(graph, &[(Factor::By(reciprocal), of_a), (by_b, of_b)])
        }
        Binary::Power => {
            let by_a = if of_a.is_empty() {
                Factor::One
            } else {
                let one = graph.constant(1.0);
                let less = graph.binary(Binary::Subtract, b, one);
                let power = graph.binary(Binary::Power, a, less);
                Factor::By(times(graph, b, power))
            };
            let by_b = if of_b.is_empty() {
                Factor::One
            } else {
                // 0^b is 0 for every b > 0.
                let zero = graph.constant(0.0);
                let logarithm = graph.unary(Unary::NaturalLogarithm, a);
                let (moves, slope) = (graph.binary(Binary::Less, zero, a), times(graph, result, logarithm));
                Factor::By(graph.select(moves, slope, zero))
            };
            combine(graph, &[(by_a, of_a), (by_b, of_b)])
        }
        Binary::Minimum | Binary::Maximum => {
            let (low, high) = if operation == Binary::Minimum { (a, b) } else { (b, a) };
            let first = graph.binary(Binary::Less, low, high);
            choose(graph, first, of_a, of_b)
        }
        // Both are a - b * n with a whole number n that is constant between jumps.
        Binary::Modulo | Binary::Remainder => {
            let by_b = if of_b.is_empty() {
                Factor::One
            } else {
                let whole = if operation == Binary::Modulo { Unary::Truncate } else { Unary::Floor };
                let ratio = graph.binary(Binary::Divide, a, b);
                let count = graph.unary(whole, ratio);
                Factor::By(graph.unary(Unary::Negate, count))
            };
            combine(graph, &[(Factor::One, of_a), (by_b, of_b)])
        }
        Binary::Less | Binary::LessOrEqual | Binary::Equal | Binary::NotEqual | Binary::And | Binary::Or => Row::new(),
    }
}

/// The sum of rows, each multiplied by its factor.
fn combine(graph: &mut Graph, terms: &[(Factor, &Row)]) -> Row {
    let mut sums = Row::new();
    for (factor, row) in terms {
        if matches!(factor, Factor::By(by) if graph.as_constant(*by) == Some(0.0)) {
            continue;
        }
        for (of, slope) in *row {
            let old = sums.get(of).copied();
            let sum = match (factor, old) {
                (Factor::One, None) => *slope,
                (Factor::One, Some(old)) => graph.binary(Binary::Add, old, *slope),
                (Factor::MinusOne, None) => graph.unary(Unary::Negate, *slope),
                (Factor::MinusOne, Some(old)) => graph.binary(Binary::Subtract, old, *slope),
                (Factor::By(by), None) => times(graph, *by, *slope),
                (Factor::By(by), Some(old)) => {
                    let term = times(graph, *by, *slope);
                    graph.binary(Binary::Add, old, term)
                }
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

/// The slope of a lookup as a table of steps: the segment's that begins at or before the argument. `None` where the
/// lookup is piecewise constant.
fn slopes(table: &Table) -> Option<Table> {
    let n = table.x.len();
    if table.interpolation != Interpolation::Linear || n < 2 {
        return None;
    }
    let slope = |from: usize| {
        let (width, rise) = (table.x[from + 1] - table.x[from], table.y[from + 1] - table.y[from]);
        // Two points at one place are a jump.
        if width > 0.0 { rise / width } else { 0.0 }
    };
    let (before, after) = match table.extrapolation {
        Extrapolation::Extend => (slope(0), slope(n - 2)),
        Extrapolation::Hold | Extrapolation::Missing => (0.0, 0.0),
    };
    let mut x = vec![-f64::MAX];
    x.extend(&table.x);
    let y = std::iter::once(before).chain((0..n - 1).map(slope)).chain([after]).collect();
    Some(Table { x, y, interpolation: Interpolation::Step, extrapolation: Extrapolation::Hold })
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
                terms.push((Factor::By(graph.unary(Unary::Negate, product)), *row));
            }
            Ok(combine(graph, &terms))
        }
        VectorOperation::LookupArea(table) => {
            let held = graph.tables[table as usize].with(Interpolation::Linear, Extrapolation::Hold);
            let held = graph.table(held);
            let (low, high) = (graph.lookup(held, inputs[0]), graph.lookup(held, inputs[1]));
            let low = graph.unary(Unary::Negate, low);
            Ok(combine(graph, &[(Factor::By(low), rows[0]), (Factor::By(high), rows[1])]))
        }
        VectorOperation::LookupInvert(table) => {
            let turned = graph.tables[table as usize].turned();
            let Some(slopes) = slopes(&turned) else { return Ok(Row::new()) };
            let slopes = graph.table(slopes);
            let slope = graph.lookup(slopes, inputs[0]);
            Ok(combine(graph, &[(Factor::By(slope), rows[0])]))
        }
        VectorOperation::Total => {
            let terms: Vec<(Factor, &Row)> = rows.iter().map(|row| (Factor::One, *row)).collect();
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
