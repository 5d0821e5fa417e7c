//! The order of evaluation within a program: equal operations beside each other, so that the executor chooses an
//! operation once for many instructions.

use super::graph::{Graph, Node, Value};
use super::operation::{Binary, Unary};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How far an evaluation may be brought forward, in instructions. Longer stretches save choices of operations; longer
/// lives of values take more registers.
const REACH: usize = 96;

/// What makes two nodes one operation to the executor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Unary(Unary),
    Binary(Binary),
    Select,
    Lookup,
    Vector,
}

/// Reorders values given in an order of evaluation: repeatedly the operation of which most are ready among the next
/// ones, ties to the one on the longest chain. Values that nothing computes are dropped.
pub fn cluster(graph: &Graph, order: &[Value]) -> Vec<Value> {
    let order: Vec<(Value, Kind)> = order.iter().filter_map(|value| Some((*value, kind(graph, *value)?))).collect();
    let place: HashMap<Value, usize> = order.iter().enumerate().map(|(place, (value, _))| (*value, place)).collect();
    let mut waits_for = vec![0; order.len()];
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); order.len()];
    for (user, (value, _)) in order.iter().enumerate() {
        for operand in graph.operands(*value) {
            if let Some(operand) = place.get(&operand) {
                waits_for[user] += 1;
                users[*operand].push(user);
            }
        }
    }
    let mut chain = vec![0; order.len()];
    for place in (0..order.len()).rev() {
        chain[place] = users[place].iter().map(|user| chain[*user] + 1).max().unwrap_or(0);
    }

    let mut ready: BTreeMap<Kind, BTreeSet<usize>> = BTreeMap::new();
    for (place, (_, kind)) in order.iter().enumerate() {
        if waits_for[place] == 0 {
            ready.entry(*kind).or_default().insert(place);
        }
    }
    let mut done = vec![false; order.len()];
    let mut first = 0;
    let mut out = Vec::with_capacity(order.len());
    while out.len() < order.len() {
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
            out.push(order[place].0);
            for user in &users[place] {
                waits_for[*user] -= 1;
                if waits_for[*user] == 0 {
                    ready.entry(order[*user].1).or_default().insert(*user);
                }
            }
        }
    }
    out
}

fn kind(graph: &Graph, value: Value) -> Option<Kind> {
    match graph.node(value) {
        Node::Constant(_) | Node::Slot(_) => None,
        Node::Unary(operation, _) => Some(Kind::Unary(operation)),
        Node::Binary(operation, ..) => Some(Kind::Binary(operation)),
        Node::Select(..) => Some(Kind::Select),
        Node::Lookup(..) => Some(Kind::Lookup),
        Node::Part(..) => Some(Kind::Vector),
    }
}

#[cfg(test)]
mod tests {
    use super::super::graph::Slot;
    use super::*;

    #[test]
    fn operands_stay_before_users_and_equal_operations_meet() {
        let mut graph = Graph::default();
        let x: Vec<Value> = (0..40).map(|number| graph.slot(Slot::State(number))).collect();
        let mut order = Vec::new();
        for pair in x.chunks(2) {
            let sum = graph.binary(Binary::Add, pair[0], pair[1]);
            let product = graph.binary(Binary::Multiply, sum, pair[1]);
            let root = graph.unary(Unary::SquareRoot, product);
            order.extend([sum, product, root]);
        }
        let clustered = cluster(&graph, &order);
        assert_eq!(clustered.iter().collect::<BTreeSet<_>>(), order.iter().collect::<BTreeSet<_>>());
        for (place, value) in clustered.iter().enumerate() {
            assert!(graph.operands(*value).iter().all(|operand| !clustered[place..].contains(operand)));
        }
        let changes = clustered.windows(2).filter(|pair| kind(&graph, pair[0]) != kind(&graph, pair[1])).count();
        assert_eq!(changes, 2);
    }
}
