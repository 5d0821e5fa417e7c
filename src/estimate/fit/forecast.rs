//! Naive forecasts, and scores of forecasts against what came.

use crate::elementary::{exp, ln};
use crate::random::normal_cumulative;
use serde::{Deserialize, Serialize};
use std::f64::consts::{PI, TAU};

/// The last value, for each of `horizon` steps; empty for no history.
pub fn last_value(history: &[f64], horizon: usize) -> Vec<f64> {
    history.last().map_or_else(Vec::new, |last| vec![*last; horizon])
}

/// The straight line through the first and the last value (random walk with drift), for each of `horizon` steps.
pub fn drift(history: &[f64], horizon: usize) -> Vec<f64> {
    let (Some(first), Some(last)) = (history.first(), history.last()) else { return Vec::new() };
    let slope = (last - first) / (history.len().max(2) - 1) as f64;
    (1..=horizon).map(|step| last + slope * step as f64).collect()
}

/// Continuous ranked probability score of a normal forecast, in the unit of the quantity; smaller is better.
///
/// # Source
/// Gneiting, Raftery, Westveld and Goldman (2005), eq. 5.
pub fn crps_normal(mean: f64, sd: f64, observed: f64) -> f64 {
    let z = (observed - mean) / sd;
    let density = exp(-z * z / 2.0) / TAU.sqrt();
    sd * (z * (2.0 * normal_cumulative(z) - 1.0) + 2.0 * density - 1.0 / PI.sqrt())
}

/// The same from draws of the forecast distribution; without bias whatever their number. NaN for fewer than two.
///
/// # Source
/// Gneiting and Raftery (2007), eq. 21, with the unbiased mean difference (Ferro 2014).
pub fn crps_sample(draws: &[f64], observed: f64) -> f64 {
    let mut sorted = draws.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let distance = sorted.iter().map(|draw| (draw - observed).abs()).sum::<f64>() / n;
    // Σ over pairs of |x_i - x_j| from the ranks.
    let weighted = sorted.iter().enumerate().map(|(k, draw)| (2.0 * k as f64 + 1.0 - n) * draw).sum::<f64>();
    distance - weighted / (n * (n - 1.0))
}

/// Negative log density of a normal forecast at what came; smaller is better.
pub fn log_score_normal(mean: f64, sd: f64, observed: f64) -> f64 {
    ((observed - mean) / sd).powi(2) / 2.0 + ln(sd) + ln(TAU) / 2.0
}

/// How often intervals held what came.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    pub held: usize,
    pub count: usize,
}

impl Coverage {
    /// Of `(low, high, observed)`.
    pub fn of(intervals: &[(f64, f64, f64)]) -> Self {
        let held = intervals.iter().filter(|(low, high, observed)| low <= observed && observed <= high).count();
        Coverage { held, count: intervals.len() }
    }

    pub fn share(&self) -> f64 {
        self.held as f64 / self.count as f64
    }

    /// Wilson's interval for the true share at two standard errors' confidence (95.4 %): whether a nominal level lies
    /// within it tells if the miss may be chance (Wilson 1927).
    pub fn chance_range(&self) -> (f64, f64) {
        let (n, p, z) = (self.count as f64, self.share(), 2.0_f64);
        let (centre, spread) = (p + z * z / (2.0 * n), z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt());
        let scale = 1.0 + z * z / n;
        ((centre - spread) / scale, (centre + spread) / scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn naive_forecasts() {
        assert_eq!(last_value(&[1.0, 4.0], 2), [4.0, 4.0]);
        assert_eq!(drift(&[1.0, 9.0, 5.0], 2), [7.0, 9.0]);
        assert_eq!(drift(&[3.0], 1), [3.0]);
        assert!(drift(&[], 3).is_empty() && last_value(&[], 3).is_empty());
    }

    #[test]
    fn the_score_of_a_normal_forecast_is_its_integral() {
        // ∫ (F(x) - 1{x ≥ y})² dx by the trapezoidal rule.
        for (mean, sd, observed) in [(0.0, 1.0, 0.0), (2.0, 3.0, -1.0), (1.0, 0.5, 4.0)] {
            let steps = 200_000;
            let (low, width) = (mean - 12.0 * sd, 24.0 * sd / f64::from(steps));
            let integrand = |x: f64| (normal_cumulative((x - mean) / sd) - f64::from(u8::from(x >= observed))).powi(2);
            let integral: f64 = (0..=steps).map(|k| integrand(low + width * f64::from(k))).sum::<f64>() * width;
            assert!((crps_normal(mean, sd, observed) - integral).abs() < 1e-3, "{mean} {sd} {observed} {integral}");
        }
    }

    #[test]
    fn draws_give_the_score_of_their_distribution() {
        let mut stream = Stream::new(1, 1);
        let draws: Vec<f64> = (0..20_000).map(|_| 2.0 + 3.0 * stream.normal()).collect();
        assert!((crps_sample(&draws, 0.5) / crps_normal(2.0, 3.0, 0.5) - 1.0).abs() < 0.02);
        // Pairs by hand: distances 1 and 2 from 1 on average 1.5; mean difference of two draws 3, half of it 1.5.
        assert!((crps_sample(&[0.0, 3.0], 1.0)).abs() < 1e-12);
        assert!(crps_sample(&[1.0], 1.0).is_nan());
    }

    #[test]
    fn scores_prefer_the_truth() {
        let mut stream = Stream::new(1, 2);
        let observed: Vec<f64> = (0..5000).map(|_| stream.normal()).collect();
        let mean = |score: fn(f64, f64, f64) -> f64, sd: f64| {
            observed.iter().map(|y| score(0.0, sd, *y)).sum::<f64>() / 5000.0
        };
        for score in [crps_normal, log_score_normal] {
            assert!(mean(score, 1.0) < mean(score, 0.6) && mean(score, 1.0) < mean(score, 1.6));
        }
    }

    #[test]
    fn coverage_with_its_chance() {
        let coverage = Coverage::of(&[(0.0, 1.0, 0.5), (0.0, 1.0, 1.5), (0.0, 1.0, 1.0), (0.0, 1.0, 0.0)]);
        assert_eq!((coverage.held, coverage.share()), (3, 0.75));
        let (low, high) = Coverage { held: 190, count: 200 }.chance_range();
        assert!(
            low < 0.95 && 0.95 < high && (0.90..0.92).contains(&low) && (0.97..0.98).contains(&high),
            "{low} {high}"
        );
    }
}
