//! The block bootstrap: refits to data rebuilt from residuals that are drawn in runs, so that their correlation survives.

use crate::elementary::{log10, pow};
use crate::estimate::Structured;
use crate::estimate::optimise::{Ended, Optimum, TrustRegion, run};
use crate::random::Stream;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// Refits to resampled residuals.
///
/// # Method
/// The residuals of each series are laid on a circle and drawn in blocks of fixed length; the objective adds them to its
/// fitted values and the parameters are estimated again from the optimum.
/// # Cost
/// A warm search for each replicate, in parallel. Replicate k depends on the seed and k alone.
/// # Assumptions
/// Residuals of a series are stationary once standardised; blocks are longer than their memory ([`block_length`]) and much
/// shorter than the series.
/// # Fails when
/// Series are so short that a handful of blocks make one; a trend is left in the residuals.
/// # Source
/// Künsch (1989); the circle: Politis and Romano (1992).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlockBootstrap {
    pub replicates: usize,
    pub seed: u64,
    /// Iterations of each refit.
    pub iterations: u64,
}

impl Default for BlockBootstrap {
    fn default() -> Self {
        BlockBootstrap { replicates: 500, seed: 1, iterations: 200 }
    }
}

/// One refit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replicate {
    pub number: usize,
    pub optimum: Optimum,
}

impl BlockBootstrap {
    /// Which residual stands in the place of each datum in replicate `number`: `[series][datum]`, for series of
    /// `(number of data, block length)`.
    pub fn indices(&self, number: usize, series: &[(usize, usize)]) -> Vec<Vec<usize>> {
        let mut stream = Stream::new(self.seed, number as u64);
        let draw = |&(count, block): &(usize, usize)| {
            let mut indices = Vec::with_capacity(count);
            while indices.len() < count {
                let first = (stream.uniform() * count as f64) as usize;
                let room = count - indices.len();
                indices.extend((first..first + block.max(1)).take(room).map(|index| index % count));
            }
            indices
        };
        series.iter().map(draw).collect()
    }

    /// Goes on from what is `done` until every replicate is fitted or `stop` is raised. `rebuilt` makes the problem whose
    /// data are rebuilt from the residuals of the given [`indices`](Self::indices).
    pub fn run<P: Structured>(
        &self,
        series: &[(usize, usize)],
        rebuilt: impl Fn(&[Vec<usize>]) -> P + Sync,
        optimum: &[f64],
        done: BTreeMap<usize, Replicate>,
        stop: &AtomicBool,
        report: &(dyn Fn(&Replicate) + Sync),
    ) -> BTreeMap<usize, Replicate> {
        let missing: Vec<usize> = (0..self.replicates).filter(|number| !done.contains_key(number)).collect();
        let fitted: Vec<Replicate> = missing
            .into_par_iter()
            .filter(|_| !stop.load(Ordering::Relaxed))
            .map(|number| {
                let problem = rebuilt(&self.indices(number, series));
                let optimum = run(&problem, TrustRegion::default(), optimum, self.iterations, stop);
                Replicate { number, optimum }
            })
            .filter(|replicate| replicate.optimum.ended != Ended::Interrupted)
            .inspect(|replicate| report(replicate))
            .collect();
        done.into_iter().chain(fitted.into_iter().map(|replicate| (replicate.number, replicate))).collect()
    }
}

/// Length of blocks for a series of residuals in order of time.
///
/// # Method
/// Minimises the mean squared error of the variance of a mean over circular blocks, with a flat-top window whose width is
/// twice the lag after which correlations vanish.
/// # Source
/// Politis and White (2004), section 3.2, with the constant corrected by Patton, Politis and White (2009).
pub fn block_length(residuals: &[f64]) -> usize {
    let count = residuals.len();
    let n = count as f64;
    if count < 4 {
        return 1;
    }
    let mean = residuals.iter().sum::<f64>() / n;
    let autocovariance = |lag: usize| {
        let pairs = residuals.iter().zip(&residuals[lag..]);
        pairs.map(|(early, late)| (early - mean) * (late - mean)).sum::<f64>() / n
    };
    let variance = autocovariance(0);
    if variance <= 0.0 {
        return 1;
    }
    let quiet = 5.max(log10(n).sqrt() as usize);
    let most = (n.sqrt().ceil() as usize + quiet).min(count - 1);
    let limit = 2.0 * (log10(n) / n).sqrt();
    let small = |lag: usize| lag > most || (autocovariance(lag) / variance).abs() < limit;
    let memory = (0..most).find(|memory| (1..=quiet).all(|k| small(memory + k))).unwrap_or(most);
    let width = (2 * memory.max(1)).min(most);
    let (mut spread, mut level) = (0.0, variance);
    for lag in 1..=width {
        let share = lag as f64 / width as f64;
        let window = if share <= 0.5 { 1.0 } else { 2.0 * (1.0 - share) };
        spread += 2.0 * window * lag as f64 * autocovariance(lag);
        level += 2.0 * window * autocovariance(lag);
    }
    let best = pow(2.0 * spread * spread / (4.0 / 3.0 * level * level) * n, 1.0 / 3.0);
    let longest = (3.0 * n.sqrt()).min(n / 3.0).ceil();
    best.min(longest).ceil().max(1.0) as usize
}

/// Percentile intervals of each search coordinate (Efron 1979), `[parameter]`.
///
/// `None` unless there are enough converged refits for the tails that `level` asks for (four beyond each end), and at
/// least nine in ten converged.
pub fn percentile_intervals(replicates: &BTreeMap<usize, Replicate>, level: f64) -> Option<Vec<(f64, f64)>> {
    let converged: Vec<&Replicate> = replicates.values().filter(|r| r.optimum.ended == Ended::Converged).collect();
    let tail = (1.0 - level) / 2.0;
    if (converged.len() as f64) * tail < 4.0 || converged.len() * 10 < replicates.len() * 9 {
        return None;
    }
    let size = converged[0].optimum.point.len();
    let ends = (0..size).map(|parameter| {
        let mut values: Vec<f64> = converged.iter().map(|replicate| replicate.optimum.point[parameter]).collect();
        values.sort_by(f64::total_cmp);
        (quantile(&values, tail), quantile(&values, 1.0 - tail))
    });
    Some(ends.collect())
}

/// Quantile of sorted values by linear interpolation (Hyndman and Fan 1996, type 7).
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share.clamp(0.0, 1.0) * (sorted.len().saturating_sub(1)) as f64;
    let (low, rest) = (place.floor() as usize, place.fract());
    match (sorted.get(low), sorted.get(low + 1)) {
        (Some(low), Some(high)) => low + rest * (high - low),
        (Some(last), None) => *last,
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::known::straight_line;

    fn autoregressive(memory: f64, count: usize, number: u64) -> Vec<f64> {
        let mut stream = Stream::new(5, number);
        let mut last = stream.normal() / (1.0 - memory * memory).sqrt();
        (0..count)
            .map(|_| {
                last = memory * last + stream.normal();
                last
            })
            .collect()
    }

    #[test]
    fn blocks_lengthen_with_memory() {
        let mean_length =
            |memory: f64| (0..20).map(|k| block_length(&autoregressive(memory, 400, k))).sum::<usize>() / 20;
        let lengths = [0.0, 0.5, 0.8].map(mean_length);
        assert!(lengths[0] <= 4 && lengths[0] < lengths[1] && lengths[1] < lengths[2], "{lengths:?}");
        // AR(1) with coefficient a: (2 G²/D)^(1/3) n^(1/3) = (6 a²/(1 - a²)²)^(1/3) n^(1/3) by its closed form.
        let theory = (6.0 * 0.64 / 0.1296f64).cbrt() * 400f64.cbrt();
        assert!((lengths[2] as f64 / theory - 1.0).abs() < 0.35, "{lengths:?} {theory}");
        assert_eq!(block_length(&[1.0; 30]), 1);
    }

    #[test]
    fn every_residual_can_take_every_place_and_runs_stay_together() {
        let bootstrap = BlockBootstrap::default();
        let drawn = bootstrap.indices(3, &[(20, 5), (7, 1)]);
        assert_eq!((drawn[0].len(), drawn[1].len()), (20, 7));
        for block in drawn[0].chunks(5) {
            assert!(block.windows(2).all(|pair| pair[1] == (pair[0] + 1) % 20));
        }
        let mut seen = [0; 20];
        (0..400).for_each(|k| bootstrap.indices(k, &[(20, 5)])[0].iter().for_each(|index| seen[*index] += 1));
        assert!(seen.iter().all(|count| (300..500).contains(count)), "{seen:?}");
    }

    #[test]
    fn standard_errors_survive_correlation_and_interruption() {
        // The mean of an AR(1) series with coefficient 0.5 and n = 300 has standard error 2/√300.
        let noise = autoregressive(0.5, 300, 9);
        let level = noise.iter().sum::<f64>() / 300.0;
        let block = block_length(&noise);
        let rebuilt = |indices: &[Vec<usize>]| {
            let data: Vec<(f64, f64)> =
                indices[0].iter().enumerate().map(|(k, index)| (k as f64 / 150.0 - 1.0, noise[*index])).collect();
            straight_line(&data)
        };
        let bootstrap = BlockBootstrap { replicates: 400, ..BlockBootstrap::default() };
        let stop = AtomicBool::new(false);
        let go_on = |done, replicates| {
            let bootstrap = BlockBootstrap { replicates, ..bootstrap };
            bootstrap.run(&[(300, block)], rebuilt, &[level, 0.0, 0.0], done, &stop, &|_| {})
        };
        let whole = go_on(BTreeMap::new(), 400);
        assert_eq!(go_on(go_on(BTreeMap::new(), 150), 400), whole);
        let (low, high) = percentile_intervals(&whole, 0.95).unwrap()[0];
        let error = (high - low) / (2.0 * 1.96);
        assert!((error / (2.0 / 300f64.sqrt()) - 1.0).abs() < 0.25, "{error}");
        let few: BTreeMap<usize, Replicate> = whole.into_iter().take(100).collect();
        assert_eq!(percentile_intervals(&few, 0.95), None);
    }

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 0.5), 2.5);
        assert_eq!((quantile(&[1.0, 2.0], 0.0), quantile(&[1.0, 2.0], 1.0)), (1.0, 2.0));
    }
}
