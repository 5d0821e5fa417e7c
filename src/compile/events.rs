//! The times at which a model switches, found from its equations.
//!
//! A node is followed as long as it is piecewise linear in time with coefficients fixed for the run. Where such a node
//! is compared, clipped, rounded or looked up, the crossing is an event: a further node, computed once for each run.

use super::graph::{Graph, Node, Pace, Slot, Value};
use super::operation::{Binary, Unary};

/// More pieces than this and a node is no longer followed.
const MOST_PIECES: usize = 6;

/// `offset + rate * time`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    offset: Value,
    rate: Value,
}

/// Times of switches: single ones, and series `(first, period)` without end.
#[derive(Clone, Debug, Default)]
pub struct Switches {
    pub single: Vec<Value>,
    pub periodic: Vec<(Value, Value)>,
    /// The node at which each time or first time was found.
    pub found_at: Vec<(Value, Value)>,
    at: Option<Value>,
}

/// Finds the switches among the nodes that `wanted` marks, adding the nodes that compute their times.
pub fn switches(graph: &mut Graph, wanted: &[bool]) -> Switches {
    let mut found = Switches::default();
    let mut pieces: Vec<Vec<Line>> = Vec::with_capacity(wanted.len());
    for (number, wanted) in wanted.iter().enumerate() {
        let value = Value(number as u32);
        found.at = Some(value);
        let lines = if *wanted { follow(graph, value, &pieces, &mut found) } else { Vec::new() };
        pieces.push(if lines.len() > MOST_PIECES { Vec::new() } else { lines });
    }
    found.single.sort();
    found.single.dedup();
    found.periodic.sort();
    found.periodic.dedup();
    found
}

fn follow(graph: &mut Graph, value: Value, pieces: &[Vec<Line>], found: &mut Switches) -> Vec<Line> {
    if graph.pace(value) <= Pace::Run {
        let rate = graph.constant(0.0);
        return vec![Line { offset: value, rate }];
    }
    let of = |value: Value| pieces.get(value.0 as usize).cloned().unwrap_or_default();
    match graph.node(value) {
        Node::Slot(Slot::Time) => {
            let (offset, rate) = (graph.constant(0.0), graph.constant(1.0));
            vec![Line { offset, rate }]
        }
        Node::Unary(Unary::Negate, a) => {
            let turned = of(a).into_iter();
            turned
                .map(|line| Line {
                    offset: graph.unary(Unary::Negate, line.offset),
                    rate: graph.unary(Unary::Negate, line.rate),
                })
                .collect()
        }
        Node::Unary(Unary::Absolute, a) => {
            let zero = graph.constant(0.0);
            let lines = of(a);
            for line in &lines {
                cross(graph, *line, zero, found);
            }
            Vec::new()
        }
        Node::Unary(Unary::Truncate | Unary::Floor, a) => {
            let one = graph.constant(1.0);
            for line in of(a) {
                repeat(graph, line, one, found);
            }
            Vec::new()
        }
        Node::Binary(operation, a, b) => binary(graph, operation, &of(a), &of(b), b, found),
        Node::Select(_, a, b) => {
            let mut lines = of(a);
            if lines.is_empty() || of(b).is_empty() {
                return Vec::new();
            }
            lines.extend(of(b));
            lines
        }
        Node::Lookup(table, x) => {
            for line in of(x) {
                for knot in graph.tables[table as usize].x.clone() {
                    let knot = graph.constant(knot);
                    cross(graph, line, knot, found);
                }
            }
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn binary(
    graph: &mut Graph,
    operation: Binary,
    left: &[Line],
    right: &[Line],
    right_value: Value,
    found: &mut Switches,
) -> Vec<Line> {
    let pairs = || left.iter().flat_map(|a| right.iter().map(move |b| (*a, *b)));
    match operation {
        Binary::Add | Binary::Subtract => {
            let pairs: Vec<_> = pairs().collect();
            pairs
                .into_iter()
                .map(|(a, b)| Line {
                    offset: graph.binary(operation, a.offset, b.offset),
                    rate: graph.binary(operation, a.rate, b.rate),
                })
                .collect()
        }
        Binary::Multiply => {
            let still = |lines: &[Line], graph: &Graph| {
                matches!(lines, [line] if graph.as_constant(line.rate) == Some(0.0)).then(|| lines[0].offset)
            };
            let (factor, lines) = match (still(left, graph), still(right, graph)) {
                (Some(factor), _) => (factor, right),
                (_, Some(factor)) => (factor, left),
                _ => return Vec::new(),
            };
            let mut scale = |value| graph.binary(Binary::Multiply, factor, value);
            lines.iter().map(|line| Line { offset: scale(line.offset), rate: scale(line.rate) }).collect()
        }
        Binary::Divide if graph.pace(right_value) <= Pace::Run => {
            let mut scale = |value| graph.binary(Binary::Divide, value, right_value);
            left.iter().map(|line| Line { offset: scale(line.offset), rate: scale(line.rate) }).collect()
        }
        Binary::Minimum | Binary::Maximum => {
            for (a, b) in pairs().collect::<Vec<_>>() {
                meet(graph, a, b, found);
            }
            if left.is_empty() || right.is_empty() {
                return Vec::new();
            }
            left.iter().chain(right).copied().collect()
        }
        Binary::Less | Binary::LessOrEqual | Binary::Equal | Binary::NotEqual => {
            for (a, b) in pairs().collect::<Vec<_>>() {
                meet(graph, a, b, found);
            }
            Vec::new()
        }
        Binary::Modulo | Binary::Remainder if graph.pace(right_value) <= Pace::Run => {
            for line in left {
                repeat(graph, *line, right_value, found);
            }
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// The time at which two lines meet.
fn meet(graph: &mut Graph, a: Line, b: Line, found: &mut Switches) {
    let rate = graph.binary(Binary::Subtract, a.rate, b.rate);
    let gap = graph.binary(Binary::Subtract, b.offset, a.offset);
    note(graph, gap, rate, found);
}

/// The time at which a line takes the value `level`.
fn cross(graph: &mut Graph, line: Line, level: Value, found: &mut Switches) {
    let gap = graph.binary(Binary::Subtract, level, line.offset);
    note(graph, gap, line.rate, found);
}

fn note(graph: &mut Graph, gap: Value, rate: Value, found: &mut Switches) {
    if graph.as_constant(rate) == Some(0.0) {
        return;
    }
    let at = graph.binary(Binary::Divide, gap, rate);
    found.single.push(at);
    found.found_at.extend(found.at.map(|node| (node, at)));
}

/// The times at which a line takes a multiple of `step`.
fn repeat(graph: &mut Graph, line: Line, step: Value, found: &mut Switches) {
    if graph.as_constant(line.rate) == Some(0.0) {
        return;
    }
    let minus = graph.unary(Unary::Negate, line.offset);
    let first = graph.binary(Binary::Divide, minus, line.rate);
    let period = graph.binary(Binary::Divide, step, line.rate);
    let period = graph.unary(Unary::Absolute, period);
    found.periodic.push((first, period));
    found.found_at.extend(found.at.map(|node| (node, first)));
    found.found_at.extend(found.at.map(|node| (node, period)));
}
