//! The feedback loops of a model: a small set that contains every link which lies on any loop.
//!
//! *Method.* Within each strongly connected component, the shortest loop through every link is a candidate; in order
//! of length, each is taken that has a link which no loop before it has. This is the shortest independent loop set of
//! R. Oliva (2004), "Model structure analysis through graph theory", System Dynamics Review 20(4), 313-336, whose
//! candidates, the geodetic cycles, bring no further loop into the set: one that is not the shortest through any of
//! its links comes after those that are. A component of E links and V variables has E - V + 1 independent loops
//! (C. E. Kampmann 2012, "Feedback loop gains and system behavior", System Dynamics Review 28(4), 370-395).
//!
//! *Cost.* One breadth-first search for each variable on a loop.

use super::graph::Graph;
use super::{Link, Polarity};
use std::collections::{BTreeMap, BTreeSet};

/// Loops listed at most; a model with more says how many links are left uncovered.
const MOST: usize = 2_000;

/// Variables on loops beyond which only loops through stocks are searched.
const MANY_VARIABLES: usize = 4_000;

/// A closed chain of links.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedbackLoop {
    /// `R1`, `B1`, `U1`: reinforcing, balancing, of unknown polarity; numbered by length.
    pub name: String,
    /// Variables in causal order, by index; the first, a stock where there is one, follows the last.
    pub variables: Vec<usize>,
    pub polarity: Polarity,
    /// Places in `Feedback::links`, the first from the first variable to the second.
    pub links: Vec<usize>,
    /// Part of the independent set; the others are the shortest through some stock.
    pub independent: bool,
}

/// The loops of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loops {
    /// By length.
    pub list: Vec<FeedbackLoop>,
    /// Sets of variables each of which acts on all others of its set.
    pub components: Vec<Vec<usize>>,
    /// The number of independent loops, listed or not.
    pub independent: usize,
    /// For each stock on a loop, the place in `list` of a shortest loop through it.
    pub through_stock: BTreeMap<usize, usize>,
    /// Links on loops that no listed loop has.
    pub uncovered: usize,
}

impl Loops {
    /// The loops of links between the nodes `0..stocks.len()`; `stocks` says which of them are stocks.
    pub fn of(stocks: &[bool], links: &[Link]) -> Self {
        let graph = Graph::new(stocks.len(), links.iter().map(|link| (link.cause, link.effect)));
        let mut place = BTreeMap::new();
        for (index, link) in links.iter().enumerate() {
            place.insert((link.cause, link.effect), index);
        }
        let mut components: Vec<Vec<usize>> = graph.components();
        components.retain(|nodes| nodes.len() > 1 || graph.successors(nodes[0]).contains(&nodes[0]));
        components.sort();

        let is_stock = |node: usize| stocks[node];
        let mut loops = Loops { components, ..Loops::default() };
        let mut candidates: BTreeSet<(usize, Vec<usize>)> = BTreeSet::new();
        let mut shortest: BTreeMap<usize, (usize, Vec<usize>)> = BTreeMap::new();
        let mut to_cover: BTreeSet<(usize, usize)> = BTreeSet::new();
        for nodes in &loops.components {
            let inside: BTreeSet<usize> = nodes.iter().copied().collect();
            let edges: Vec<(usize, usize)> = nodes
                .iter()
                .flat_map(|node| graph.successors(*node).iter().map(|next| (*node, *next)))
                .filter(|(_, next)| inside.contains(next))
                .collect();
            loops.independent += edges.len() + 1 - nodes.len();
            to_cover.extend(&edges);
            for &node in nodes {
                if nodes.len() > MANY_VARIABLES && !is_stock(node) {
                    continue;
                }
                let next = graph.next_towards(node);
                for &successor in graph.successors(node).iter().filter(|successor| inside.contains(successor)) {
                    let mut path = vec![node];
                    let mut step = successor;
                    while step != node {
                        path.push(step);
                        step = next[step];
                    }
                    let candidate = (path.len(), rotated(path, is_stock));
                    if is_stock(node) && shortest.get(&node).is_none_or(|known| candidate < *known) {
                        shortest.insert(node, candidate.clone());
                    }
                    candidates.insert(candidate);
                }
            }
        }

        for candidate in candidates {
            let steps = steps(&candidate.1);
            let independent = steps.iter().any(|step| to_cover.contains(step)) && loops.list.len() < MOST;
            let of_stock: Vec<usize> =
                shortest.iter().filter(|(_, loop_)| **loop_ == candidate).map(|(stock, _)| *stock).collect();
            if !independent && of_stock.is_empty() {
                continue;
            }
            for step in &steps {
                to_cover.remove(step);
            }
            let links_on: Vec<usize> = steps.iter().filter_map(|step| place.get(step).copied()).collect();
            let polarity = links_on.iter().map(|link| links[*link].polarity).fold(Polarity::Positive, Polarity::times);
            loops.through_stock.extend(of_stock.into_iter().map(|stock| (stock, loops.list.len())));
            loops.list.push(FeedbackLoop {
                name: String::new(),
                variables: candidate.1,
                polarity,
                links: links_on,
                independent,
            });
        }
        loops.uncovered = to_cover.len();
        name(&mut loops.list);
        loops
    }
}

/// The loop begun at its first stock, or at its first variable.
fn rotated(mut path: Vec<usize>, is_stock: impl Fn(usize) -> bool) -> Vec<usize> {
    let first =
        path.iter().enumerate().min_by_key(|(_, node)| (!is_stock(**node), **node)).map_or(0, |(place, _)| place);
    path.rotate_left(first);
    path
}

/// The links of a loop, as pairs.
fn steps(path: &[usize]) -> Vec<(usize, usize)> {
    path.iter().copied().zip(path.iter().copied().cycle().skip(1)).collect()
}

fn name(loops: &mut [FeedbackLoop]) {
    let mut numbers = BTreeMap::new();
    for feedback_loop in loops {
        let letter = match feedback_loop.polarity {
            Polarity::Positive => "R",
            Polarity::Negative => "B",
            Polarity::Unknown => "U",
        };
        let number = numbers.entry(letter).or_insert(0);
        *number += 1;
        feedback_loop.name = format!("{letter}{number}");
    }
}
