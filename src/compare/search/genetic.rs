//! Points of a box that no other point beats in every aim: NSGA-II.
//!
//! *Method.* K. Deb, A. Pratap, S. Agarwal and T. Meyarivan (2002), "A fast and elitist multiobjective genetic algorithm:
//! NSGA-II", IEEE Transactions on Evolutionary Computation 6(2), 182-197: ranks by non-domination (section III-A), crowding
//! distances (III-B), the best half of parents and children (III-C), domination under constraints (VI-A). Children by
//! simulated binary crossover and polynomial mutation with index 20 (Deb and Agrawal 1995).
//! *Cost.* One batch of the whole population a generation.

use crate::random::Stream;

/// A point and what it costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub point: Vec<f64>,
    /// `[aim]`, the smaller the better; infinite where the point could not be evaluated.
    pub costs: Vec<f64>,
    /// By how much limits are broken; zero where they are kept.
    pub excess: f64,
}

/// Spread of children around their parents; the larger, the closer (Deb and Agrawal 1995).
const INDEX: f64 = 20.0;
/// Share of pairs that are crossed.
const CROSSED: f64 = 0.9;

/// The first front after so many generations, in order of the first cost. `evaluate` answers for many points at once.
///
/// # Errors
/// Those of `evaluate`.
pub fn front<E>(
    bounds: &[(f64, f64)],
    members: usize,
    generations: usize,
    seed: u64,
    mut evaluate: impl FnMut(Vec<Vec<f64>>) -> Result<Vec<Candidate>, E>,
) -> Result<Vec<Candidate>, E> {
    let members = members.max(4).next_multiple_of(2);
    let mut stream = Stream::new(seed, STREAM);
    let within = |stream: &mut Stream| bounds.iter().map(|(low, high)| low + (high - low) * stream.uniform()).collect();
    let mut population = evaluate((0..members).map(|_| within(&mut stream)).collect())?;
    for _ in 0..generations {
        let ranks = ranked(&population);
        let mut children = Vec::with_capacity(members);
        while children.len() < members {
            let (one, other) = (tournament(&ranks, &mut stream), tournament(&ranks, &mut stream));
            let pair = (&population[one].point, &population[other].point);
            let (mut first, mut second) = crossed(pair, bounds, &mut stream);
            mutate(&mut first, bounds, &mut stream);
            mutate(&mut second, bounds, &mut stream);
            children.extend([first, second]);
        }
        population.extend(evaluate(children)?);
        let ranks = ranked(&population);
        let mut order: Vec<usize> = (0..population.len()).collect();
        order.sort_by(|a, b| ranks[*a].0.cmp(&ranks[*b].0).then(ranks[*b].1.total_cmp(&ranks[*a].1)).then(a.cmp(b)));
        population = order.into_iter().take(members).map(|place| population[place].clone()).collect();
    }
    let ranks = ranked(&population);
    let first = population.into_iter().zip(ranks).filter(|(_, rank)| rank.0 == 0).map(|(candidate, _)| candidate);
    let mut first: Vec<Candidate> =
        first.filter(|candidate| candidate.costs.iter().all(|cost| cost.is_finite())).collect();
    let key = |candidate: &Candidate| candidate.costs.first().copied().unwrap_or(0.0);
    first.sort_by(|a, b| key(a).total_cmp(&key(b)));
    first.dedup_by(|a, b| a.costs == b.costs);
    Ok(first)
}

/// A stream that no other search takes.
const STREAM: u64 = 1 << 41;

/// One is better where it keeps limits that the other breaks, breaks them less, or is no worse in any aim and better in
/// one.
fn dominates(one: &Candidate, other: &Candidate) -> bool {
    if one.excess > 0.0 || other.excess > 0.0 {
        return one.excess < other.excess;
    }
    let pairs = || one.costs.iter().zip(&other.costs);
    pairs().all(|(a, b)| a <= b) && pairs().any(|(a, b)| a < b)
}

/// Number of the front and crowding distance of every candidate.
fn ranked(all: &[Candidate]) -> Vec<(usize, f64)> {
    let mut ranks = vec![(usize::MAX, 0.0); all.len()];
    let mut left: Vec<usize> = (0..all.len()).collect();
    let mut number = 0;
    while !left.is_empty() {
        let beaten = |place: usize| left.iter().any(|other| dominates(&all[*other], &all[place]));
        let (rest, front): (Vec<usize>, Vec<usize>) = left.iter().partition(|place| beaten(**place));
        for (place, distance) in front.iter().zip(crowding(all, &front)) {
            ranks[*place] = (number, distance);
        }
        left = rest;
        number += 1;
    }
    ranks
}

fn crowding(all: &[Candidate], front: &[usize]) -> Vec<f64> {
    let mut distances = vec![0.0; front.len()];
    let aims = front.first().map_or(0, |place| all[*place].costs.len());
    for aim in 0..aims {
        let cost = |at: usize| all[front[at]].costs[aim];
        let mut order: Vec<usize> = (0..front.len()).collect();
        order.sort_by(|a, b| cost(*a).total_cmp(&cost(*b)));
        let (first, last) = (order[0], order[order.len() - 1]);
        let range = cost(last) - cost(first);
        (distances[first], distances[last]) = (f64::INFINITY, f64::INFINITY);
        if range > 0.0 && range.is_finite() {
            for around in order.windows(3) {
                distances[around[1]] += (cost(around[2]) - cost(around[0])) / range;
            }
        }
    }
    distances
}

fn tournament(ranks: &[(usize, f64)], stream: &mut Stream) -> usize {
    let mut any = || ((stream.uniform() * ranks.len() as f64) as usize).min(ranks.len() - 1);
    let (one, other) = (any(), any());
    let better = ranks[other].0 < ranks[one].0 || (ranks[other].0 == ranks[one].0 && ranks[other].1 > ranks[one].1);
    if better { other } else { one }
}

fn crossed(parents: (&Vec<f64>, &Vec<f64>), bounds: &[(f64, f64)], stream: &mut Stream) -> (Vec<f64>, Vec<f64>) {
    let (mut one, mut other) = (parents.0.clone(), parents.1.clone());
    if stream.uniform() > CROSSED {
        return (one, other);
    }
    for (k, (low, high)) in bounds.iter().enumerate() {
        let (whether, u, swap) = (stream.uniform(), stream.uniform(), stream.uniform());
        if whether > 0.5 {
            continue;
        }
        let spread = if u <= 0.5 { 2.0 * u } else { 0.5 / (1.0 - u) }.powf(1.0 / (INDEX + 1.0));
        let (middle, half) = ((one[k] + other[k]) / 2.0, spread * (one[k] - other[k]) / 2.0);
        let (a, b) = ((middle + half).clamp(*low, *high), (middle - half).clamp(*low, *high));
        (one[k], other[k]) = if swap < 0.5 { (a, b) } else { (b, a) };
    }
    (one, other)
}

fn mutate(point: &mut [f64], bounds: &[(f64, f64)], stream: &mut Stream) {
    let chance = 1.0 / point.len().max(1) as f64;
    for (x, (low, high)) in point.iter_mut().zip(bounds) {
        let (whether, u) = (stream.uniform(), stream.uniform());
        if whether >= chance {
            continue;
        }
        let power = 1.0 / (INDEX + 1.0);
        let by = if u < 0.5 { (2.0 * u).powf(power) - 1.0 } else { 1.0 - (2.0 * (1.0 - u)).powf(power) };
        *x = (*x + by * (high - low)).clamp(*low, *high);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn found(bounds: &[(f64, f64)], generations: usize, costs: impl Fn(&[f64]) -> (Vec<f64>, f64)) -> Vec<Candidate> {
        let evaluate = |points: Vec<Vec<f64>>| {
            let candidate = |point: Vec<f64>| {
                let (costs, excess) = costs(&point);
                Candidate { point, costs, excess }
            };
            Ok::<_, Infallible>(points.into_iter().map(candidate).collect())
        };
        let Ok(front) = front(bounds, 60, generations, 7, evaluate);
        front
    }

    /// Schaffer (1985): x² against (x - 2)², best for x from 0 to 2, where the square roots of the costs add up to 2; range
    /// and generations as in the source. An end of the front may lie a little beyond.
    #[test]
    fn schaffer() {
        let front = found(&[(-1000.0, 1000.0)], 250, |x| (vec![x[0] * x[0], (x[0] - 2.0) * (x[0] - 2.0)], 0.0));
        assert!(front.len() >= 40, "{}", front.len());
        for each in &front {
            let gap = each.costs[0].sqrt() + each.costs[1].sqrt() - 2.0;
            assert!(gap.abs() < 0.01, "{each:?}");
        }
        // Both ends are reached, and no hole between neighbours is a tenth of the way.
        let roots: Vec<f64> = front.iter().map(|each| each.costs[0].sqrt()).collect();
        assert!(roots[0] < 0.05 && roots[roots.len() - 1] > 1.95, "{roots:?}");
        assert!(roots.windows(2).all(|pair| pair[1] - pair[0] < 0.2), "{roots:?}");
    }

    /// ZDT1 (Zitzler, Deb and Thiele 2000) in ten variables: the front is f2 = 1 - √f1.
    #[test]
    fn zdt1() {
        let front = found(&[(0.0, 1.0); 10], 300, |x| {
            let g = 1.0 + 9.0 * x[1..].iter().sum::<f64>() / 9.0;
            (vec![x[0], g * (1.0 - (x[0] / g).sqrt())], 0.0)
        });
        let gap = |each: &Candidate| each.costs[1] - (1.0 - each.costs[0].sqrt());
        let mean = front.iter().map(gap).sum::<f64>() / front.len() as f64;
        assert!(front.len() >= 50 && mean < 0.01, "{} points, {mean}", front.len());
        assert!(front[0].costs[0] < 0.02 && front[front.len() - 1].costs[0] > 0.98);
    }

    /// A limit cuts the front: of x² against (x - 2)² only x from 1 on is allowed.
    #[test]
    fn limits_are_kept() {
        let front =
            found(&[(-10.0, 10.0)], 80, |x| (vec![x[0] * x[0], (x[0] - 2.0) * (x[0] - 2.0)], (1.0 - x[0]).max(0.0)));
        assert!(front.iter().all(|each| each.point[0] >= 1.0 && each.point[0] < 2.001));
        assert!(front[0].point[0] < 1.02, "{:?}", front[0]);
    }
}
