//! Whether chains have forgotten their starts and how many independent draws they are worth.

use crate::elementary::log10;
use crate::estimate::uncertainty::quantile;
use crate::random::normal_quantile;
use serde::{Deserialize, Serialize};

/// Diagnostics of one quantity over several chains, or over ensembles of chains that propose to one another.
///
/// # Method
/// Chains are split in halves and their draws replaced by the normal scores of their ranks. R̂ is the larger of that of the
/// ranks and that of the ranks of distances from the median; effective sizes sum autocorrelations over all chains by Geyer's
/// initial monotone sequence. The walkers of an ensemble are no chains of their own: R̂ compares whole ensembles, half
/// against half, and effective sizes follow from the autocorrelation of the mean over the walkers.
/// # Source
/// Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), eqs. 1-15; of ensembles, R̂: Margossian, Hoffman, Sountsov,
/// Riou-Durand, Vehtari and Gelman (2024), nested R̂ with an ensemble for a superchain; autocorrelation: Goodman and Weare
/// (2010), section 3.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Convergence {
    /// R̂, rank-normalised, split and folded; 1 where chains agree.
    pub r_hat: f64,
    /// Effective draws for the centre.
    pub bulk: f64,
    /// Effective draws for the 5 % and 95 % quantiles, the smaller of the two.
    pub tail: f64,
    /// Effective draws for the mean.
    pub mean: f64,
    /// Standard error of the posterior mean from the finite number of draws, in the quantity's unit.
    pub error_of_mean: f64,
}

/// What draws must satisfy before an interval may be read from them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trust {
    pub r_hat: f64,
    pub effective: f64,
}

impl Default for Trust {
    /// Vehtari et al. (2021), section 4: R̂ below 1.01 and an effective size above 400.
    fn default() -> Self {
        Trust { r_hat: 1.01, effective: 400.0 }
    }
}

impl Convergence {
    /// Of independent chains, `[chain][draw]`.
    pub fn of(chains: &[Vec<f64>]) -> Self {
        Convergence::of_ensembles(chains, 1)
    }

    /// Of `[chain][draw]`, each `together` successive chains being the walkers of one ensemble.
    pub fn of_ensembles(chains: &[Vec<f64>], together: usize) -> Self {
        let (halves, together) = (split(chains, together.max(1)), together.max(1));
        let all: Vec<f64> = sorted(&halves);
        let median = quantile(&all, 0.5);
        let folded: Vec<Vec<f64>> = map(&halves, |x| (x - median).abs());
        let ranked = normal_scores(&halves);
        let tails = [0.05, 0.95].map(|share| {
            let end = quantile(&all, share);
            effective(&map(&halves, |x| f64::from(u8::from(x <= end))), together)
        });
        let mean = effective(&halves, together);
        let count = all.len() as f64;
        let centre = all.iter().sum::<f64>() / count;
        let variance = all.iter().map(|x| (x - centre).powi(2)).sum::<f64>() / (count - 1.0);
        Convergence {
            r_hat: r_hat(&ranked, together).max(r_hat(&normal_scores(&folded), together)),
            bulk: effective(&ranked, together),
            tail: tails[0].min(tails[1]),
            mean,
            error_of_mean: (variance / mean).sqrt(),
        }
    }

    pub fn is_trusted(&self, trust: &Trust) -> bool {
        self.r_hat <= trust.r_hat && self.bulk >= trust.effective && self.tail >= trust.effective
    }
}

/// Both halves of each ensemble, one after the other.
fn split(chains: &[Vec<f64>], together: usize) -> Vec<Vec<f64>> {
    let half = chains.iter().map(Vec::len).min().unwrap_or(0) / 2;
    // The middle draw of an odd number is left out.
    let first = |chain: &Vec<f64>| chain[..half].to_vec();
    let last = |chain: &Vec<f64>| chain[chain.len() - half..].to_vec();
    chains.chunks(together).flat_map(|walkers| walkers.iter().map(first).chain(walkers.iter().map(last))).collect()
}

fn map(chains: &[Vec<f64>], f: impl Fn(f64) -> f64) -> Vec<Vec<f64>> {
    chains.iter().map(|chain| chain.iter().map(|x| f(*x)).collect()).collect()
}

fn sorted(chains: &[Vec<f64>]) -> Vec<f64> {
    let mut all: Vec<f64> = chains.concat();
    all.sort_by(f64::total_cmp);
    all
}

/// Blom's scores of the ranks, ties sharing their mean rank.
fn normal_scores(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let all = sorted(chains);
    let count = all.len() as f64;
    map(chains, |x| {
        let below = all.partition_point(|other| *other < x) as f64;
        let upto = all.partition_point(|other| *other <= x) as f64;
        normal_quantile(((below + upto + 1.0) / 2.0 - 0.375) / (count + 0.25))
    })
}

struct Moments {
    within: f64,
    /// Variance of all draws, estimated from within and between.
    whole: f64,
}

/// Of chains, or of ensembles of so many chains `together`.
fn moments(chains: &[Vec<f64>], together: usize) -> Moments {
    let length = chains.first().map_or(0, Vec::len);
    let (m, n) = ((chains.len() / together) as f64, (length * together) as f64);
    let sum = |walkers: &[Vec<f64>]| walkers.iter().map(|chain| chain.iter().sum::<f64>()).sum::<f64>();
    let means: Vec<f64> = chains.chunks(together).map(|walkers| sum(walkers) / n).collect();
    let mean = means.iter().sum::<f64>() / m;
    let between = if m > 1.0 { means.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (m - 1.0) } else { 0.0 };
    let squares = |chain: &[f64], mean: f64| chain.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    let variances = chains
        .chunks(together)
        .zip(&means)
        .map(|(walkers, mean)| walkers.iter().map(|chain| squares(chain, *mean)).sum::<f64>() / (n - 1.0));
    let within = variances.sum::<f64>() / m;
    Moments { within, whole: within * (n - 1.0) / n + between }
}

/// NaN where nothing moved.
fn r_hat(chains: &[Vec<f64>], together: usize) -> f64 {
    let moments = moments(chains, together);
    (moments.whole / moments.within).sqrt()
}

/// Effective number of draws; NaN where nothing moved.
fn effective(chains: &[Vec<f64>], together: usize) -> f64 {
    if together == 1 {
        return effective_alone(chains);
    }
    let mean = |walkers: &[Vec<f64>], draw: usize| walkers.iter().map(|chain| chain[draw]).sum::<f64>();
    let means: Vec<Vec<f64>> = chains
        .chunks(together)
        .map(|walkers| (0..walkers[0].len()).map(|draw| mean(walkers, draw) / together as f64).collect())
        .collect();
    // The error of the mean of all draws, as a share of the variance of one.
    effective_alone(&means) * moments(chains, together).whole / moments(&means, 1).whole
}

fn effective_alone(chains: &[Vec<f64>]) -> f64 {
    let length = chains.first().map_or(0, Vec::len);
    let (m, n) = (chains.len() as f64, length as f64);
    let Moments { within, whole } = moments(chains, 1);
    if length < 4 || whole.is_nan() || whole <= 0.0 {
        return f64::NAN;
    }
    let centred: Vec<Vec<f64>> = chains
        .iter()
        .map(|chain| {
            let mean = chain.iter().sum::<f64>() / n;
            chain.iter().map(|x| x - mean).collect()
        })
        .collect();
    let autocovariance = |lag: usize| {
        let each = centred.iter().map(|chain| chain.iter().zip(&chain[lag..]).map(|(a, b)| a * b).sum::<f64>() / n);
        each.sum::<f64>() / m
    };
    // Variances by n - 1, autocovariances by n: as in the source.
    let correlation = |lag: usize| 1.0 - (within - autocovariance(lag) * n / (n - 1.0)) / whole;
    let mut sum = 0.0;
    let mut least = f64::INFINITY;
    for pair in 0..(length - 1) / 2 {
        let both = match pair {
            0 => 1.0 + correlation(1),
            _ => correlation(2 * pair) + correlation(2 * pair + 1),
        };
        if both <= 0.0 {
            break;
        }
        least = least.min(both);
        sum += least;
    }
    let time = (2.0 * sum - 1.0).max(1.0 / log10(m * n));
    m * n / time
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    /// AR(1) with standard normal margin.
    fn chains(memory: f64, count: usize, length: usize, shift: f64) -> Vec<Vec<f64>> {
        (0..count)
            .map(|chain| {
                let mut stream = Stream::new(17, chain as u64);
                let mut x = stream.normal();
                (0..length)
                    .map(|_| {
                        x = memory * x + (1.0 - memory * memory).sqrt() * stream.normal();
                        x + shift * chain as f64
                    })
                    .collect()
            })
            .collect()
    }

    #[test]
    fn effective_sizes_of_autoregressive_chains_are_those_of_the_closed_form() {
        for memory in [-0.3, 0.0, 0.5, 0.9] {
            let found = Convergence::of(&chains(memory, 4, 10_000, 0.0));
            let exact = 40_000.0 * (1.0 - memory) / (1.0 + memory);
            assert!((found.mean / exact - 1.0).abs() < 0.15, "{memory}: {found:?} {exact}");
            assert!((found.bulk / exact - 1.0).abs() < 0.15 && found.r_hat < 1.01);
            assert!((found.error_of_mean * exact.sqrt() - 1.0).abs() < 0.1);
        }
    }

    /// Walkers of which each is half its ensemble's common, slow part and half its own: counted as chains they would be worth
    /// many times what their means are.
    #[test]
    fn walkers_that_move_together_are_worth_what_their_mean_is() {
        let (ensembles, walkers, length) = (4, 8, 8000);
        let common = chains(0.9, ensembles, length, 0.0);
        let own = chains(0.0, ensembles * walkers, length + 1, 0.0);
        let all: Vec<Vec<f64>> = (0..ensembles * walkers)
            .map(|k| (0..length).map(|t| (common[k / walkers][t] + own[k][t + 1]) / 2f64.sqrt()).collect())
            .collect();
        // Error of the mean: half the variance at 19 draws for one, half at one for each walker's.
        let exact = (ensembles * length) as f64 / (0.5 * 19.0 + 0.5 / walkers as f64);
        let found = Convergence::of_ensembles(&all, walkers);
        assert!((found.mean / exact - 1.0).abs() < 0.2 && found.r_hat < 1.01, "{found:?} {exact}");
        assert!(Convergence::of(&all).mean > 5.0 * exact);
        // One ensemble that stays apart is seen among many walkers.
        let apart: Vec<Vec<f64>> = (all.iter().enumerate())
            .map(|(k, chain)| chain.iter().map(|x| x + f64::from(u8::from(k < walkers))).collect())
            .collect();
        assert!(Convergence::of_ensembles(&apart, walkers).r_hat > 1.05);
    }

    #[test]
    fn chains_that_disagree_in_place_spread_or_time_are_found_out() {
        assert!(Convergence::of(&chains(0.0, 4, 1000, 0.5)).r_hat > 1.05);
        let mut spread = chains(0.0, 4, 1000, 0.0);
        spread[0].iter_mut().for_each(|x| *x *= 3.0);
        assert!(Convergence::of(&spread).r_hat > 1.05);
        let mut drifting = chains(0.0, 4, 1000, 0.0);
        drifting.iter_mut().for_each(|chain| chain.iter_mut().enumerate().for_each(|(k, x)| *x += k as f64 / 500.0));
        let found = Convergence::of(&drifting);
        assert!(found.r_hat > 1.05 && !found.is_trusted(&Trust::default()));
    }

    #[test]
    fn infinite_variance_does_not_fool_the_ranks() {
        let mut stream = Stream::new(2, 0);
        let cauchy: Vec<Vec<f64>> =
            (0..4).map(|_| (0..2000).map(|_| stream.normal() / stream.normal()).collect()).collect();
        let found = Convergence::of(&cauchy);
        assert!(found.r_hat < 1.01 && found.bulk > 6000.0 && found.tail > 6000.0, "{found:?}");
    }

    #[test]
    fn chains_that_never_moved_are_not_trusted() {
        let stuck = vec![vec![1.0; 100]; 4];
        assert!(!Convergence::of(&stuck).is_trusted(&Trust::default()));
        assert!(!Convergence::of(&[]).is_trusted(&Trust::default()));
        assert!(!Convergence::of(&[vec![1.0]]).is_trusted(&Trust::default()));
    }
}
