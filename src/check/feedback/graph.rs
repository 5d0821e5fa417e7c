//! Directed graphs over numbered nodes: strongly connected components and shortest loops.

use std::collections::VecDeque;

/// Successors of every node, in ascending order.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    successors: Vec<Vec<usize>>,
    predecessors: Vec<Vec<usize>>,
}

impl Graph {
    pub fn new(nodes: usize, edges: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut graph = Graph { successors: vec![Vec::new(); nodes], predecessors: vec![Vec::new(); nodes] };
        for (from, to) in edges {
            graph.successors[from].push(to);
            graph.predecessors[to].push(from);
        }
        for list in graph.successors.iter_mut().chain(&mut graph.predecessors) {
            list.sort_unstable();
            list.dedup();
        }
        graph
    }

    pub fn successors(&self, node: usize) -> &[usize] {
        &self.successors[node]
    }

    /// Strongly connected components (Tarjan 1972), a component after all that it leads to; without recursion, since
    /// models may have chains of any length.
    pub fn components(&self) -> Vec<Vec<usize>> {
        const UNSEEN: usize = usize::MAX;
        let nodes = self.successors.len();
        let mut number = vec![UNSEEN; nodes];
        let mut low = vec![UNSEEN; nodes];
        let mut on_stack = vec![false; nodes];
        let mut stack = Vec::new();
        let mut components = Vec::new();
        let mut next_number = 0;
        for root in 0..nodes {
            if number[root] != UNSEEN {
                continue;
            }
            let mut calls = vec![(root, 0)];
            while let Some((node, place)) = calls.last_mut() {
                let node = *node;
                if *place == 0 {
                    number[node] = next_number;
                    low[node] = next_number;
                    next_number += 1;
                    stack.push(node);
                    on_stack[node] = true;
                }
                if let Some(&successor) = self.successors[node].get(*place) {
                    *place += 1;
                    if number[successor] == UNSEEN {
                        calls.push((successor, 0));
                    } else if on_stack[successor] {
                        low[node] = low[node].min(number[successor]);
                    }
                    continue;
                }
                calls.pop();
                if let Some((parent, _)) = calls.last() {
                    low[*parent] = low[*parent].min(low[node]);
                }
                if low[node] == number[node] {
                    let start = stack.iter().rposition(|member| *member == node).unwrap_or(0);
                    let mut component = stack.split_off(start);
                    for member in &component {
                        on_stack[*member] = false;
                    }
                    component.sort_unstable();
                    components.push(component);
                }
            }
        }
        components
    }

    /// For every node from which `target` can be reached, the next node on a shortest way; `usize::MAX` elsewhere.
    /// Among ways of one length the one through the smaller numbers is taken.
    pub fn next_towards(&self, target: usize) -> Vec<usize> {
        let mut distance = vec![usize::MAX; self.successors.len()];
        let mut next = vec![usize::MAX; self.successors.len()];
        let mut queue = VecDeque::from([target]);
        distance[target] = 0;
        while let Some(node) = queue.pop_front() {
            for &before in &self.predecessors[node] {
                if distance[before] == usize::MAX {
                    distance[before] = distance[node] + 1;
                    next[before] = node;
                    queue.push_back(before);
                } else if distance[before] == distance[node] + 1 && node < next[before] {
                    next[before] = node;
                }
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_come_after_what_they_lead_to() {
        let graph = Graph::new(6, [(0, 1), (1, 2), (2, 1), (2, 3), (4, 4), (3, 5)]);
        assert_eq!(graph.components(), [vec![5], vec![3], vec![1, 2], vec![0], vec![4]]);
    }

    #[test]
    fn long_chains_need_no_deep_stack() {
        let graph = Graph::new(200_000, (1..200_000).map(|node| (node - 1, node)).chain([(199_999, 0)]));
        assert_eq!(graph.components().len(), 1);
        assert_eq!(graph.next_towards(0)[199_999], 0);
    }

    #[test]
    fn ways_are_shortest() {
        let graph = Graph::new(5, [(0, 1), (0, 2), (1, 4), (2, 3), (3, 4), (4, 0)]);
        assert_eq!(graph.next_towards(4), [1, 4, 3, 4, usize::MAX]);
    }
}
