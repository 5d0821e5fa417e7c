//! What a program computes step by step: two operations made one where nothing else needs the first, and equal
//! operations beside each other, so that the executor chooses an operation once for many instructions.

use super::graph::{Graph, Node, Pace, Value};
use super::operation::{Binary, Pair, Unary};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// How far an evaluation may be brought forward, in instructions. Longer stretches save choices of operations; longer
/// lives of values take more registers.
const REACH: usize = 128;

/// What is one operation to the executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Unary(Unary),
    Binary(Binary),
    Pair(Pair),
    Select,
    Lookup,
    Vector,
}

/// The computing of one value.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub value: Value,
    /// The first operation's value for a pair, otherwise `value`.
    pub first: Value,
    pub kind: Kind,
    pub operands: Vec<Value>,
    /// Number of the table or vector operation.
    pub number: u32,
}

/// The steps that compute `order`, values in an order of evaluation; `roots` are needed beyond them. Values that nothing
/// computes are left out.
pub fn steps(graph: &Graph, order: &[Value], roots: &[Value]) -> Vec<Step> {
    // By value; models may have millions.
    let mut uses = vec![0u32; graph.len()];
    let mut is_root = vec![false; graph.len()];
    let mut is_here = vec![false; graph.len()];
    let mut is_pair = vec![false; graph.len()];
    let mut vanished = vec![false; graph.len()];
    for value in order {
        is_here[value.0 as usize] = true;
        for operand in graph.operands(*value) {
            uses[operand.0 as usize] += 1;
        }
    }
    for root in roots {
        is_root[root.0 as usize] = true;
    }
    // A first operation that can vanish into `user`: simple, at the same pace, used by it alone.
    let vanishes = |value: Value, user: Value, is_pair: &[bool]| match graph.node(value) {
        Node::Binary(first, a, b) if matches!(first, Binary::Add | Binary::Subtract | Binary::Multiply) => {
            let place = value.0 as usize;
            let alone = uses[place] == 1 && is_here[place] && !is_root[place];
            (alone && graph.pace(value) == graph.pace(user) && !is_pair[place]).then_some((first, a, b))
        }
        _ => None,
    };
    let mut all: Vec<Step> = Vec::with_capacity(order.len());
    for value in order.iter().copied() {
        let step =
            |kind, operands: &[Value], number| Step { value, first: value, kind, operands: operands.to_vec(), number };
        all.push(match graph.node(value) {
            Node::Constant(_) | Node::Slot(_) => continue,
            Node::Unary(operation, a) => step(Kind::Unary(operation), &[a], 0),
            Node::Select(condition, then, otherwise) => step(Kind::Select, &[condition, then, otherwise], 0),
            Node::Lookup(table, x) => step(Kind::Lookup, &[x], table),
            Node::Part(vector, _) => step(Kind::Vector, &graph.operands(value), vector),
            Node::Binary(second, a, b) => {
                let pairable = Pair::SECONDS.contains(&second) && a != b;
                let first_of = |operand| if pairable { vanishes(operand, value, &is_pair) } else { None };
                let pair = match (first_of(a), first_of(b)) {
                    (Some((first, x, y)), _) => Some((Pair { first, second, turned: false }, [x, y, b], a)),
                    (None, Some((first, x, y))) => {
                        let turned = !matches!(second, Binary::Add | Binary::Multiply);
                        Some((Pair { first, second, turned }, [x, y, a], b))
                    }
                    _ => None,
                };
                match pair {
                    Some((pair, operands, first)) => {
                        is_pair[value.0 as usize] = true;
                        vanished[first.0 as usize] = true;
                        Step { first, ..step(Kind::Pair(pair), &operands, 0) }
                    }
                    None => step(Kind::Binary(second), &[a, b], 0),
                }
            }
        });
    }
    all.retain(|step| !vanished[step.value.0 as usize]);
    all
}

/// Whether a step belongs to the part of a program that depends on time and constants only.
pub fn is_clock(graph: &Graph, step: &Step) -> bool {
    graph.pace(step.value) == Pace::Clock
}

/// Reorders steps: repeatedly the operation of which most are ready among the next ones, ties to the one on the longest
/// chain.
pub fn cluster(steps: Vec<Step>) -> Vec<Step> {
    let place: FxHashMap<Value, usize> = steps.iter().enumerate().map(|(place, step)| (step.value, place)).collect();
    let mut waits_for = vec![0; steps.len()];
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for (user, step) in steps.iter().enumerate() {
        for operand in step.operands.iter().filter_map(|operand| place.get(operand)) {
            waits_for[user] += 1;
            users[*operand].push(user);
        }
    }
    let mut chain = vec![0; steps.len()];
    for place in (0..steps.len()).rev() {
        chain[place] = users[place].iter().map(|user| chain[*user] + 1).max().unwrap_or(0);
    }

    let mut ready: BTreeMap<Kind, BTreeSet<usize>> = BTreeMap::new();
    for (place, step) in steps.iter().enumerate() {
        if waits_for[place] == 0 {
            ready.entry(step.kind).or_default().insert(place);
        }
    }
    let mut done = vec![false; steps.len()];
    let mut first = 0;
    let mut order = Vec::with_capacity(steps.len());
    while order.len() < steps.len() {
        while done[first] {
            first += 1;
        }
        let near = ..first + REACH;
        let urgency = |places: &BTreeSet<usize>| {
            let places = places.range(near);
            places.fold((0, 0), |(count, longest), place| (count + 1, longest.max(chain[*place])))
        };
        let Some((_, next)) = ready.iter().map(|(kind, places)| (urgency(places), *kind)).max() else { break };
        while let Some(place) = ready.get(&next).and_then(|places| places.range(near).next().copied()) {
            ready.entry(next).or_default().remove(&place);
            done[place] = true;
            order.push(place);
            for user in &users[place] {
                waits_for[*user] -= 1;
                if waits_for[*user] == 0 {
                    ready.entry(steps[*user].kind).or_default().insert(*user);
                }
            }
        }
    }
    let mut steps: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
    order.into_iter().filter_map(|place| steps[place].take()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::graph::Slot;
    use super::*;

    fn slots(graph: &mut Graph, count: u32) -> Vec<Value> {
        (0..count).map(|number| graph.slot(Slot::State(number))).collect()
    }

    #[test]
    fn operands_stay_before_users_and_equal_operations_meet() {
        let mut graph = Graph::default();
        let x = slots(&mut graph, 40);
        let mut order = Vec::new();
        for pair in x.chunks(2) {
            let ratio = graph.binary(Binary::Divide, pair[0], pair[1]);
            let least = graph.binary(Binary::Minimum, ratio, pair[1]);
            let root = graph.unary(Unary::SquareRoot, least);
            order.extend([ratio, least, root]);
        }
        let all = steps(&graph, &order, &order);
        let clustered = cluster(all.clone());
        let values = |steps: &[Step]| steps.iter().map(|step| step.value).collect::<BTreeSet<_>>();
        assert_eq!(values(&clustered), values(&all));
        for (place, step) in clustered.iter().enumerate() {
            assert!(clustered[place..].iter().all(|later| !step.operands.contains(&later.value)));
        }
        assert_eq!(clustered.windows(2).filter(|pair| pair[0].kind != pair[1].kind).count(), 2);
    }

    #[test]
    fn an_operation_used_once_joins_its_user() {
        let mut graph = Graph::default();
        let x = slots(&mut graph, 3);
        let product = graph.binary(Binary::Multiply, x[0], x[1]);
        let difference = graph.binary(Binary::Subtract, x[2], product);
        let found = steps(&graph, &[product, difference], &[difference]);
        let pair = Pair { first: Binary::Multiply, second: Binary::Subtract, turned: true };
        let operands = vec![x[0], x[1], x[2]];
        let expected = Step { value: difference, first: product, kind: Kind::Pair(pair), operands, number: 0 };
        assert_eq!(found, [expected]);
        // Not where the product is wanted for itself, or twice.
        assert_eq!(steps(&graph, &[product, difference], &[product, difference]).len(), 2);
        let square = graph.binary(Binary::Add, product, product);
        assert_eq!(steps(&graph, &[product, square], &[square]).len(), 2);
    }
}
