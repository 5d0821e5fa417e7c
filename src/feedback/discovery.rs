//! The strongest loops of a model that has too many to list.
//!
//! *Method.* The strongest-path search of R. Eberlein and W. Schoenberg (2020), "Finding the loops that matter", at each
//! time: from every stock, depth first along the strongest link first, a path given up where the variable it reaches has
//! been reached by a stronger one. *Fails when.* A loop much like a stronger one may be missed.

use super::scores::LinkScores;
use std::collections::{BTreeMap, BTreeSet};

/// Loops weaker than this share of all found at the same time are left (the source's cut is the same).
const NEGLIGIBLE: f64 = 1e-3;

/// Links followed from one stock at one time at most: ways of equal strength could be without number.
const VISITS: usize = 5_000;

/// The loops found, each begun at its smallest node.
pub fn strongest(scores: &LinkScores, stocks: &[bool]) -> Vec<Vec<usize>> {
    let mut found: BTreeSet<Vec<usize>> = BTreeSet::new();
    let mut outward: Vec<Vec<(f64, usize)>> = vec![Vec::new(); stocks.len()];
    for time in 0..scores.times.len() {
        outward.iter_mut().for_each(Vec::clear);
        for (link, score) in scores.links.iter().zip(&scores.scores) {
            let strength = score[time].abs();
            if strength > 0.0 {
                outward[link.cause].push((strength, link.effect));
            }
        }
        for links in &mut outward {
            links.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        }
        let mut now: BTreeMap<Vec<usize>, f64> = BTreeMap::new();
        for target in (0..stocks.len()).filter(|node| stocks[*node] && !outward[*node].is_empty()) {
            search(target, &outward, &mut now);
        }
        let all: f64 = now.values().sum();
        found.extend(now.into_iter().filter(|(_, strength)| *strength >= NEGLIGIBLE * all).map(|(nodes, _)| nodes));
    }
    found.into_iter().collect()
}

fn search(target: usize, outward: &[Vec<(f64, usize)>], found: &mut BTreeMap<Vec<usize>, f64>) {
    // Begun anew for each stock, where the source keeps it for all of a time: fewer loops are missed.
    let mut best = vec![0.0f64; outward.len()];
    let mut visits = 0;
    let mut on_path = vec![false; best.len()];
    // Of each node on the path: the strength with which it was reached, and its next link.
    let mut path = vec![(target, 1.0, 0)];
    on_path[target] = true;
    best[target] = best[target].max(1.0);
    while let Some((node, strength, next)) = path.last().copied() {
        let link = outward[node].get(next).copied().filter(|_| visits < VISITS);
        let Some((score, effect)) = link else {
            on_path[node] = false;
            path.pop();
            continue;
        };
        if let Some(last) = path.last_mut() {
            last.2 += 1;
        }
        visits += 1;
        if effect == target {
            let mut nodes: Vec<usize> = path.iter().map(|(node, ..)| *node).collect();
            let first = nodes.iter().enumerate().min_by_key(|(_, node)| **node).map_or(0, |(place, _)| place);
            nodes.rotate_left(first);
            found.insert(nodes, strength * score);
        } else if !on_path[effect] && strength * score >= best[effect] {
            best[effect] = strength * score;
            on_path[effect] = true;
            path.push((effect, strength * score, 0));
        }
    }
}
