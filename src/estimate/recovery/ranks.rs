//! Simulation-based calibration: parameters drawn from their priors, data from them, and the rank of each among draws of
//! the posterior, which is uniform if likelihood and sampler are right.

use super::Drawn;
use crate::estimate::Parameter;
use crate::estimate::optimise::{TrustRegion, run};
use crate::estimate::sample::Nuts;
use crate::estimate::uncertainty::Information;
use crate::random::{Stream, chi_square};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// A study of ranks.
///
/// # Assumptions
/// Every prior is proper; draws are spread over the chains widely enough to be nearly independent.
/// # Source
/// Talts, Betancourt, Simpson, Vehtari and Gelman (2018), algorithm 2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankStudy {
    pub replications: usize,
    /// Posterior draws among which a parameter is ranked.
    pub draws: usize,
    pub sampler: Nuts,
    pub seed: u64,
}

/// The ranks found so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ranks {
    /// Of each replication, `[parameter]`: from 0 to the number of draws.
    pub ranks: BTreeMap<usize, Vec<usize>>,
    pub draws: usize,
    /// Replications in which nothing could be drawn or sampled.
    pub failed: usize,
}

impl RankStudy {
    /// Goes on from what is `done` until every replication is made or `stop` is raised; `None` where a prior is improper.
    pub fn run<P: Drawn>(
        &self,
        problem: &P,
        done: Ranks,
        stop: &AtomicBool,
        report: &(dyn Fn(usize) + Sync),
    ) -> Option<Ranks> {
        if problem.parameters().iter().any(|parameter| parameter.prior.is_flat()) {
            return None;
        }
        let missing: Vec<usize> = (0..self.replications).filter(|number| !done.ranks.contains_key(number)).collect();
        let made: Vec<(usize, Option<Vec<usize>>)> = missing
            .into_par_iter()
            .filter(|_| !stop.load(Ordering::Relaxed))
            .map(|number| (number, self.replicate(problem, number, stop)))
            .inspect(|(number, _)| report(*number))
            .collect();
        let failed = made.iter().filter(|(_, ranks)| ranks.is_none()).count();
        let found = made.into_iter().filter_map(|(number, ranks)| Some((number, ranks?)));
        Some(Ranks { ranks: done.ranks.into_iter().chain(found).collect(), draws: self.draws, failed })
    }

    fn replicate<P: Drawn>(&self, problem: &P, number: usize, stop: &AtomicBool) -> Option<Vec<usize>> {
        let mut stream = Stream::new(self.seed, number as u64);
        // A truth from which no data can be drawn has no posterior either: the prior counts without it.
        let (truth, drawn) = (0..200).find_map(|_| {
            let truth: Option<Vec<f64>> =
                problem.parameters().iter().map(|parameter| believed(parameter, stream.uniform())).collect();
            let truth = truth?;
            problem.drawn(&truth, &mut stream).ok().map(|drawn| (truth, drawn))
        })?;
        let optimum = run(&drawn, TrustRegion::default(), &truth, 100, stop);
        let covariance = Information::expected(&drawn, &optimum.point).ok()?.covariance();
        let sampler = Nuts { seed: stream.word_at(1 << 40), ..self.sampler.clone() };
        let walks = sampler.run(&drawn, &optimum.point, &covariance, Default::default(), stop, &|_| {});
        if !sampler.is_done(&walks) {
            return None;
        }
        let chains = walks.chains();
        let draws = chains.spread(self.draws);
        let rank = |k: usize| draws.iter().filter(|draw| draw[k] < truth[k]).count();
        (draws.len() == self.draws).then(|| (0..truth.len()).map(rank).collect())
    }
}

/// The search coordinate at a share of the prior within the bounds.
fn believed(parameter: &Parameter, share: f64) -> Option<f64> {
    let (below, above) = (parameter.prior.mass_below(parameter.lower)?, parameter.prior.mass_below(parameter.upper)?);
    Some(parameter.search(parameter.prior.quantile(below + share * (above - below))?))
}

impl Ranks {
    /// Counts of a parameter's ranks in bins of equal width.
    pub fn histogram(&self, parameter: usize, bins: usize) -> Vec<usize> {
        let mut counts = vec![0; bins.max(1)];
        for ranks in self.ranks.values() {
            let place = ranks[parameter] * counts.len() / (self.draws + 1);
            counts[place] += 1;
        }
        counts
    }

    /// Probability of a histogram as uneven as this if ranks are uniform (Pearson's chi-square). Draws plus one should be
    /// a multiple of the bins.
    pub fn chance(&self, parameter: usize, bins: usize) -> f64 {
        let counts = self.histogram(parameter, bins);
        let expected = self.ranks.len() as f64 / counts.len() as f64;
        let statistic = counts.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum::<f64>();
        chi_square(counts.len() as f64 - 1.0).tails(statistic).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_counted_in_bins_and_uneven_ones_are_told() {
        let even = Ranks { ranks: (0..200).map(|k| (k, vec![k % 20])).collect(), draws: 19, failed: 0 };
        assert_eq!(even.histogram(0, 10), [20; 10]);
        assert!(even.chance(0, 10) > 0.999);
        let heaped = Ranks { ranks: (0..200).map(|k| (k, vec![k % 14])).collect(), draws: 19, failed: 0 };
        assert!(heaped.chance(0, 10) < 1e-6);
    }

    #[test]
    fn beliefs_are_kept_to_the_bounds() {
        let prior = crate::estimate::Prior::Normal { mean: 0.0, sd: 1.0 };
        let parameter = Parameter::new("x", 0.5).within(0.0, 9.0).believed(prior);
        assert!((believed(&parameter, 0.5).unwrap() - 0.6744897501960817).abs() < 1e-9);
        assert_eq!(believed(&Parameter::new("x", 0.5), 0.5), None);
    }
}
