//! Loops with their scores over time: found, scored against each other, named.
//!
//! *Method.* A loop's score is the product of the scores of its links, its relative score its share in the sum of the
//! absolute scores of all loops among the same stocks (Schoenberg, Davidsen and Eberlein 2020, eq. 4 and 5). All simple
//! loops take part; where there are too many, the shortest independent loop set (Oliva 2004) and the strongest loops
//! found at every time.

use super::cycles::simple_loops;
use super::discovery::strongest;
use super::scores::{LinkScores, link_scores, stocks};
use crate::check::{Link as Causal, Loops, Polarity};
use crate::compile::Opened;
use crate::elementary::{exp, ln};
use crate::simulate::{Failure, Settings};
use std::collections::{BTreeMap, BTreeSet};

/// Which loops were scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// All there are.
    All,
    /// There are more than this many: the shortest independent set and the strongest found.
    Strongest { more_than: usize },
}

/// A loop and what it did in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredLoop {
    /// `R1`, `B1`, `U1`: reinforcing, balancing, or now one, now the other; numbered by how much they explain.
    pub name: String,
    pub polarity: Polarity,
    /// Places in `Opened::equations`, in causal order; the first, a stock, follows the last.
    pub equations: Vec<usize>,
    /// Places in `LinkScores::links`, the first from the first equation to the second.
    pub links: Vec<usize>,
    /// Place in `LinkScores::components`.
    pub component: usize,
    /// One of the shortest independent loop set.
    pub independent: bool,
    /// `[time]`: the product of its link scores, dimensionless. May be too large for a number near a turning point.
    pub scores: Vec<f64>,
    /// `[time]`: between -1 and 1, the sign its polarity.
    pub shares: Vec<f64>,
}

impl ScoredLoop {
    /// The mean of its absolute shares.
    pub fn weight(&self) -> f64 {
        self.shares.iter().map(|share| share.abs()).sum::<f64>() / self.shares.len().max(1) as f64
    }

    /// The largest share by size, and the place of its time.
    pub fn peak(&self) -> Option<(usize, f64)> {
        let shares = self.shares.iter().copied().enumerate();
        shares.reduce(|best, each| if each.1.abs() > best.1.abs() { each } else { best })
    }
}

/// The loops of a model in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    pub links: LinkScores,
    /// By component, then by weight, the heaviest first.
    pub loops: Vec<ScoredLoop>,
    pub coverage: Coverage,
    /// Loops of the shortest independent set.
    pub independent: usize,
}

/// Finds and scores the loops. With more than `most` loops those that matter are looked for.
///
/// # Errors
/// The run's.
pub fn analyse(opened: &Opened, settings: &Settings, most: usize) -> Result<Analysis, Failure> {
    let links = link_scores(opened, settings)?;
    let stocks = stocks(opened);
    let pairs: Vec<(usize, usize)> = links.links.iter().map(|link| (link.cause, link.effect)).collect();
    let causal = pairs.iter().map(|(cause, effect)| Causal {
        cause: *cause,
        effect: *effect,
        polarity: Polarity::Unknown,
        doubt: None,
    });
    let known = Loops::of(&stocks, &causal.collect::<Vec<_>>());
    let smallest_first = |nodes: &[usize]| rotated(nodes, |place| nodes[place]);
    let independent: BTreeSet<Vec<usize>> =
        known.list.iter().filter(|each| each.independent).map(|each| smallest_first(&each.variables)).collect();
    let (mut found, all) = simple_loops(stocks.len(), &pairs, most);
    let coverage = if all { Coverage::All } else { Coverage::Strongest { more_than: most } };
    if !all {
        let both = strongest(&links, &stocks).into_iter().chain(independent.iter().cloned());
        found = both.collect::<BTreeSet<_>>().into_iter().collect();
    }
    let place: BTreeMap<(usize, usize), usize> = pairs.iter().enumerate().map(|(at, pair)| (*pair, at)).collect();
    let mut component = vec![0; stocks.len()];
    for (number, nodes) in links.components.iter().enumerate() {
        nodes.iter().for_each(|node| component[*node] = number);
    }
    let mut loops: Vec<ScoredLoop> = found
        .iter()
        .map(|nodes| {
            let begun = rotated(nodes, |at| (!stocks[nodes[at]], nodes[at]));
            let next = begun.iter().copied().cycle().skip(1);
            ScoredLoop {
                name: String::new(),
                polarity: Polarity::Unknown,
                links: begun.iter().copied().zip(next).filter_map(|pair| place.get(&pair).copied()).collect(),
                component: nodes.first().map_or(0, |node| component[*node]),
                independent: independent.contains(nodes),
                equations: begun,
                scores: Vec::new(),
                shares: Vec::new(),
            }
        })
        .collect();
    score(&mut loops, &links);
    loops.sort_by(|a, b| {
        let heavier = b.weight().total_cmp(&a.weight());
        a.component.cmp(&b.component).then(heavier).then(a.equations.len().cmp(&b.equations.len()))
    });
    name(&mut loops);
    Ok(Analysis { links, loops, coverage, independent: independent.len() })
}

/// The loop begun at the node of the smallest key; the key is of a place.
fn rotated<K: Ord>(nodes: &[usize], key: impl Fn(usize) -> K) -> Vec<usize> {
    let mut begun = nodes.to_vec();
    begun.rotate_left((0..nodes.len()).min_by_key(|place| key(*place)).unwrap_or(0));
    begun
}

fn score(loops: &mut [ScoredLoop], links: &LinkScores) {
    for time in 0..links.times.len() {
        // Logarithms, since products of scores outgrow numbers where a stock turns.
        let logarithm = |each: &ScoredLoop| -> Option<(f64, f64)> {
            each.links.iter().try_fold((1.0, 0.0), |(sign, sum), link| {
                let score = links.scores[*link][time];
                (score != 0.0).then(|| (sign * score.signum(), sum + ln(score.abs())))
            })
        };
        let all: Vec<Option<(f64, f64)>> = loops.iter().map(logarithm).collect();
        let mut largest = vec![f64::NEG_INFINITY; links.components.len()];
        for (each, (_, size)) in loops.iter().zip(&all).filter_map(|(each, all)| Some((each, (*all)?))) {
            largest[each.component] = largest[each.component].max(size);
        }
        let scaled = |each: &ScoredLoop, size: f64| exp(size - largest[each.component]);
        let mut sums = vec![0.0; links.components.len()];
        for (each, (_, size)) in loops.iter().zip(&all).filter_map(|(each, all)| Some((each, (*all)?))) {
            sums[each.component] += scaled(each, size);
        }
        let both: Vec<(f64, f64)> = loops
            .iter()
            .zip(&all)
            .map(|(each, all)| {
                all.map_or((0.0, 0.0), |(sign, size)| {
                    (sign * exp(size), sign * scaled(each, size) / sums[each.component])
                })
            })
            .collect();
        for (each, (score, share)) in loops.iter_mut().zip(both) {
            each.scores.push(score);
            each.shares.push(share);
        }
    }
}

/// Polarity in the run, and a number for each among those of its kind.
fn name(loops: &mut [ScoredLoop]) {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for each in loops {
        let (up, down) = (each.shares.iter().any(|s| *s > 0.0), each.shares.iter().any(|s| *s < 0.0));
        let (polarity, letter) = match (up, down) {
            (true, false) => (Polarity::Positive, "R"),
            (false, true) => (Polarity::Negative, "B"),
            _ => (Polarity::Unknown, "U"),
        };
        let number = numbers.entry(letter).or_default();
        *number += 1;
        each.name = format!("{letter}{number}");
        each.polarity = polarity;
    }
}
