//! Shapley values of many switches from random orders.

use super::Coalition;
use crate::random::Stream;
use std::collections::BTreeMap;

/// Estimates and how far they may be off.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampled {
    pub values: Vec<f64>,
    /// Half-width of the 95 % interval of each, from the scatter of the pairs of orders.
    pub bounds: Vec<f64>,
    pub orders: usize,
}

/// Shapley values of `switches` from `pairs` of random orders, each with its reverse; `run` gives the outcome of every
/// coalition asked for.
///
/// # Method
/// The mean gain of a switch when thrown at its place, over orders; an order and its reverse balance early and late places.
/// The parts of every order sum to the whole, and so do the estimates.
/// # Source
/// Castro, Gómez and Tejada (2009), algorithm 1; antithetic orders: Mitchell et al. (2022), section 3.
pub fn sampled<F>(
    switches: usize,
    pairs: usize,
    seed: u64,
    run: impl FnOnce(&[Coalition]) -> Result<Vec<f64>, F>,
) -> Result<Sampled, F> {
    let orders: Vec<Vec<usize>> = (0..pairs.max(2) as u64)
        .flat_map(|number| {
            let mut stream = Stream::new(seed, number);
            let mut order: Vec<usize> = (0..switches).collect();
            for place in (1..switches).rev() {
                order.swap(place, stream.below_at(place as u64, place as u64 + 1) as usize);
            }
            let reverse = order.iter().rev().copied().collect();
            [order, reverse]
        })
        .collect();
    let mut wanted: BTreeMap<Coalition, usize> = BTreeMap::new();
    for order in &orders {
        for coalition in steps(order) {
            let next = wanted.len();
            wanted.entry(coalition).or_insert(next);
        }
    }
    let mut asked: Vec<(Coalition, usize)> = wanted.iter().map(|(coalition, place)| (*coalition, *place)).collect();
    asked.sort_by_key(|(_, place)| *place);
    let asked: Vec<Coalition> = asked.into_iter().map(|(coalition, _)| coalition).collect();
    let values = run(&asked)?;
    let value = |coalition: Coalition| wanted.get(&coalition).and_then(|p| values.get(*p)).copied().unwrap_or(f64::NAN);
    // `[pair][switch]`
    let gains: Vec<Vec<f64>> = orders
        .chunks(2)
        .map(|pair| {
            let mut gains = vec![0.0; switches];
            for order in pair {
                let reached = steps(order);
                for (place, switch) in order.iter().enumerate() {
                    gains[*switch] += (value(reached[place + 1]) - value(reached[place])) / pair.len() as f64;
                }
            }
            gains
        })
        .collect();
    let count = gains.len() as f64;
    let mean = |switch: usize| gains.iter().map(|gains| gains[switch]).sum::<f64>() / count;
    let bound = |switch: usize| {
        let mean = mean(switch);
        let squares = gains.iter().map(|gains| (gains[switch] - mean).powi(2)).sum::<f64>();
        crate::random::normal_quantile(0.975) * (squares / (count - 1.0) / count).sqrt()
    };
    let (values, bounds) = ((0..switches).map(mean).collect(), (0..switches).map(bound).collect());
    Ok(Sampled { values, bounds, orders: orders.len() })
}

/// Coalitions on the way of an order, from none to all.
fn steps(order: &[usize]) -> Vec<Coalition> {
    let thrown = order.iter().scan(0u64, |coalition, switch| {
        *coalition |= 1 << switch;
        Some(*coalition)
    });
    std::iter::once(0).chain(thrown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::attribution::{exact, subsets};

    /// Fifteen switches that add, and three pairs that work together.
    fn outcome(coalition: Coalition) -> f64 {
        let on = |k: usize| f64::from((coalition >> k & 1) as u8);
        (0..15).map(|k| k as f64 * on(k)).sum::<f64>() + 5.0 * on(0) * on(1) - 8.0 * on(2) * on(3)
            + 30.0 * on(4) * on(5) * on(6)
    }

    #[test]
    fn estimates_lie_within_their_bounds_and_sum_to_the_whole() {
        let all: Vec<f64> = subsets(15).into_iter().map(outcome).collect();
        let truth = exact(15, &all);
        let found = sampled(15, 200, 7, |asked| Ok::<_, ()>(asked.iter().map(|c| outcome(*c)).collect())).unwrap();
        let outside = (0..15).filter(|k| (found.values[*k] - truth[*k]).abs() > 1e-9 + found.bounds[*k]).count();
        assert!(outside <= 1, "{found:?}");
        assert!((found.values.iter().sum::<f64>() - all[(1 << 15) - 1]).abs() < 1e-9);
        // A pair gains alike in an order and in its reverse, and only what takes three or more is left to chance.
        assert!(found.bounds[0] < 1e-9 && found.bounds[3] < 1e-9 && found.bounds[5] > 0.1 && found.bounds[5] < 1.5);
    }
}
