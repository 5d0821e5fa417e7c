//! All simple loops of a directed graph, up to a bound.
//!
//! *Method.* D. B. Johnson (1975), "Finding all the elementary circuits of a directed graph", SIAM Journal on Computing
//! 4(1), 77-84. *Cost.* Nodes and links, times the loops found.

use crate::check::Graph;
use std::collections::BTreeSet;

/// The simple loops among nodes `0..nodes`, each begun at its smallest node, and whether these are all. With more than
/// `most` the search ends there.
pub fn simple_loops(nodes: usize, links: &[(usize, usize)], most: usize) -> (Vec<Vec<usize>>, bool) {
    let mut loops = Vec::new();
    let whole = Graph::new(nodes, links.iter().copied());
    // By node, its component if it can be on a loop.
    let mut home = vec![None; nodes];
    for (number, component) in whole.components().into_iter().enumerate() {
        if component.len() > 1 || whole.successors(component[0]).contains(&component[0]) {
            component.iter().for_each(|node| home[*node] = Some(number));
        }
    }
    for start in (0..nodes).filter(|start| home[*start].is_some()) {
        // Only loops whose smallest node this is: within its component of what is not smaller.
        let beside = |node: usize| node >= start && home[node] == home[start];
        let left = links.iter().copied().filter(|(from, to)| beside(*from) && beside(*to));
        let graph = Graph::new(nodes, left);
        let Some(component) = graph.components().into_iter().find(|component| component.contains(&start)) else {
            continue;
        };
        let inside: BTreeSet<usize> = component.into_iter().collect();
        if inside.len() == 1 && !graph.successors(start).contains(&start) {
            continue;
        }
        let mut search = Search {
            graph: &graph,
            inside: &inside,
            blocked: vec![false; nodes],
            waiting: vec![BTreeSet::new(); nodes],
        };
        if !search.from(start, most, &mut loops) {
            return (loops, false);
        }
    }
    (loops, true)
}

struct Search<'g> {
    graph: &'g Graph,
    inside: &'g BTreeSet<usize>,
    blocked: Vec<bool>,
    /// Nodes to unblock with each.
    waiting: Vec<BTreeSet<usize>>,
}

impl Search<'_> {
    /// Adds the loops through `start`; false when there would be more than `most`.
    fn from(&mut self, start: usize, most: usize, loops: &mut Vec<Vec<usize>>) -> bool {
        // Of each node on the path: its next successor to try, and whether a loop was closed below it.
        let mut path = vec![(start, 0, false)];
        self.blocked[start] = true;
        while let Some((node, next, _)) = path.last().copied() {
            if let Some(&successor) = self.graph.successors(node).get(next) {
                if let Some(last) = path.last_mut() {
                    last.1 += 1;
                }
                if successor == start {
                    if loops.len() == most {
                        return false;
                    }
                    loops.push(path.iter().map(|(node, ..)| *node).collect());
                    if let Some(last) = path.last_mut() {
                        last.2 = true;
                    }
                } else if self.inside.contains(&successor) && !self.blocked[successor] {
                    self.blocked[successor] = true;
                    path.push((successor, 0, false));
                }
                continue;
            }
            let closed = path.pop().is_some_and(|(.., closed)| closed);
            if closed {
                self.unblock(node);
                if let Some(last) = path.last_mut() {
                    last.2 = true;
                }
            } else {
                for successor in self.graph.successors(node).iter().filter(|each| self.inside.contains(each)) {
                    self.waiting[*successor].insert(node);
                }
            }
        }
        true
    }

    fn unblock(&mut self, node: usize) {
        let mut free = vec![node];
        while let Some(node) = free.pop() {
            if std::mem::replace(&mut self.blocked[node], false) {
                free.extend(std::mem::take(&mut self.waiting[node]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complete_graphs_have_the_loops_that_counting_gives() {
        // Loops of length k among n nodes: n! / ((n - k)! k).
        for (nodes, expected) in [(2, 1), (3, 5), (4, 20), (5, 84), (6, 409)] {
            let all = |from: usize| (0..nodes).filter(move |to| *to != from).map(move |to| (from, to));
            let links: Vec<(usize, usize)> = (0..nodes).flat_map(all).collect();
            let (loops, complete) = simple_loops(nodes, &links, 1000);
            let different: BTreeSet<&Vec<usize>> = loops.iter().collect();
            assert_eq!((different.len(), loops.len(), complete), (expected, expected, true), "{nodes} nodes");
        }
    }

    #[test]
    fn a_bound_is_kept_and_said() {
        let links = [(0, 0), (0, 1), (1, 0), (1, 2), (2, 1)];
        assert_eq!(simple_loops(3, &links, 9), (vec![vec![0], vec![0, 1], vec![1, 2]], true));
        assert!(simple_loops(3, &links, 3).1);
        assert_eq!(simple_loops(3, &links, 2), (vec![vec![0], vec![0, 1]], false));
        assert_eq!(simple_loops(3, &[(0, 1), (1, 2)], 9), (vec![], true));
    }
}
