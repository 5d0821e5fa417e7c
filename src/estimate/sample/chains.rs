//! Draws of a sampler, chain by chain.

use super::Convergence;
use serde::{Deserialize, Serialize};

/// Draws after warm-up; all chains have the same length.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chains {
    /// Search coordinates, `[chain][draw][parameter]`.
    pub draws: Vec<Vec<Vec<f64>>>,
    /// Negative log posterior of the natural values, `[chain][draw]`.
    pub heights: Vec<Vec<f64>>,
    /// So many successive chains are the walkers of one ensemble; 1 or 0 where chains are independent.
    pub together: usize,
}

impl Chains {
    pub fn length(&self) -> usize {
        self.draws.first().map_or(0, Vec::len)
    }

    /// Draws of all chains together.
    pub fn count(&self) -> usize {
        self.draws.len() * self.length()
    }

    /// `map` of a parameter's coordinate, `[chain][draw]`.
    pub fn of(&self, parameter: usize, map: impl Fn(f64) -> f64) -> Vec<Vec<f64>> {
        self.draws.iter().map(|chain| chain.iter().map(|draw| map(draw[parameter])).collect()).collect()
    }

    /// Diagnostics of `map` of a parameter's coordinate.
    pub fn convergence(&self, parameter: usize, map: impl Fn(f64) -> f64) -> Convergence {
        Convergence::of_ensembles(&self.of(parameter, map), self.together)
    }

    /// `count` draws spread evenly over all chains, for runs of the model under the posterior: `(search coordinates)`.
    pub fn spread(&self, count: usize) -> Vec<&[f64]> {
        let all = self.count();
        let wanted = count.min(all);
        let place = |k: usize| k * all / wanted.max(1);
        // Chains are interleaved, so that every chain takes part however few are wanted.
        let chains = self.draws.len();
        (0..wanted).map(|k| (place(k) % chains, place(k) / chains)).map(|(c, d)| self.draws[c][d].as_slice()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_draws_are_distinct_and_take_every_chain() {
        let draws = (0..3).map(|c| (0..10).map(|d| vec![f64::from(10 * c + d)]).collect()).collect();
        let chains = Chains { draws, heights: Vec::new(), together: 1 };
        let mut taken: Vec<f64> = chains.spread(7).iter().map(|draw| draw[0]).collect();
        assert_eq!(taken.len(), 7);
        taken.dedup();
        assert_eq!(taken.len(), 7);
        assert!((0..3).all(|c| taken.iter().any(|value| (value / 10.0) as i32 == c)), "{taken:?}");
        assert_eq!(chains.spread(100).len(), 30);
        assert!(Chains::default().spread(5).is_empty());
    }
}
