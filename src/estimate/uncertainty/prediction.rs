//! The profile likelihood of a predicted quantity: how much worse the best fit becomes as the prediction is moved.

use super::Covariance;
use crate::estimate::Structured;
use crate::estimate::optimise::{Ended, TrustRegion, run};
use crate::random::chi_square;
use nalgebra::DVector;
use std::sync::atomic::{AtomicBool, Ordering};

/// A posterior that can be asked to predict, and to be drawn towards a prediction.
pub trait Predicting: Structured + Sized {
    /// The prediction at a point; `None` where infeasible.
    fn predicted_value(&self, point: &[f64]) -> Option<f64>;

    /// Its slope by each search coordinate, `[parameter]`.
    fn predicted_slope(&self, point: &[f64]) -> Option<Vec<f64>>;

    /// The same posterior with the prediction as one more datum, normal with this scale around the value.
    fn drawn_towards(&self, value: f64, scale: f64) -> Self;

    /// The posterior without that datum.
    fn height(&self, point: &[f64]) -> Option<f64>;
}

/// A point of the path: the best fit of all with its prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictionPoint {
    pub value: f64,
    /// Rise of the negative log posterior above the optimum.
    pub rise: f64,
    /// Search coordinates, `[parameter]`.
    pub point: Vec<f64>,
}

/// Both sides of a prediction's profile.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictionProfile {
    pub estimate: f64,
    /// Ends of the interval; `None` where the data do not limit the prediction on that side.
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    /// Ascending in value, the estimate included.
    pub path: Vec<PredictionPoint>,
    pub threshold: f64,
}

/// Settings of prediction profiles.
///
/// # Method
/// The prediction is added as a datum that is moved outwards, with a scale of a third of the prediction's standard error.
/// Where the posterior with that datum is best, no other point with the same prediction is better without it: the fit there
/// is a point of the profile, whatever the scale. The end is where the rise crosses the threshold.
/// # Order, cost
/// About ten warm searches a side.
/// # Assumptions
/// As those of [`super::Profiler`].
/// # Fails when
/// The prediction has no slope at the optimum: nothing then draws the fit along.
/// # Source
/// Kreutz, Raue and Timmer (2012), BMC Systems Biology 6:120, equations 5-9.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PredictionProfiler {
    /// Probability that the interval holds the truth.
    pub level: f64,
    /// Points of a side at most.
    pub points: usize,
    /// Iterations of each search.
    pub iterations: u64,
}

impl Default for PredictionProfiler {
    fn default() -> Self {
        PredictionProfiler { level: 0.95, points: 40, iterations: 60 }
    }
}

impl PredictionProfiler {
    /// Increase of the root of twice the rise that a step aims at.
    const STRIDE: f64 = 0.4;
    /// Error of the rise at an end.
    const PRECISION: f64 = 1e-3;

    pub fn threshold(&self) -> f64 {
        chi_square(1.0).quantile(self.level.clamp(0.0, 1.0 - 1e-12)) / 2.0
    }

    /// The profile around an optimum; `None` where nothing can be predicted there or the flag was raised.
    pub fn run<P: Predicting>(
        &self,
        problem: &P,
        optimum: &[f64],
        covariance: &Covariance,
        stop: &AtomicBool,
    ) -> Option<PredictionProfile> {
        let (estimate, height) = (problem.predicted_value(optimum)?, problem.height(optimum)?);
        let slope = DVector::from_vec(problem.predicted_slope(optimum)?);
        let error = slope.dot(&(&covariance.matrix * &slope)).max(0.0).sqrt();
        let error = if error > 0.0 && error.is_finite() { error } else { 1e-2 * estimate.abs().max(1e-9) };
        let origin = PredictionPoint { value: estimate, rise: 0.0, point: optimum.to_vec() };
        let mut sides = Vec::new();
        for direction in [-1.0, 1.0] {
            sides.push(self.side(problem, &origin, height, direction * error, stop));
        }
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        let (above, upper) = sides.pop()?;
        let (below, lower) = sides.pop()?;
        let path = below.into_iter().rev().chain(std::iter::once(origin)).chain(above).collect();
        Some(PredictionProfile { estimate, lower, upper, path, threshold: self.threshold() })
    }

    /// The path outwards and the end; `reach` is a standard error with the sign of the side.
    fn side<P: Predicting>(
        &self,
        problem: &P,
        origin: &PredictionPoint,
        height: f64,
        reach: f64,
        stop: &AtomicBool,
    ) -> (Vec<PredictionPoint>, Option<f64>) {
        let threshold = self.threshold();
        let scale = reach.abs() / 3.0;
        let fit = |wanted: f64, from: &PredictionPoint| {
            let drawn = problem.drawn_towards(wanted, scale);
            let best = run(&drawn, TrustRegion::default(), &from.point, self.iterations, stop);
            let found = best.ended != Ended::Infeasible;
            let (value, own) = (problem.predicted_value(&best.point)?, problem.height(&best.point)?);
            found.then_some(PredictionPoint { value, rise: own - height, point: best.point })
        };
        let mut path: Vec<PredictionPoint> = Vec::new();
        let mut wanted = origin.value;
        let mut step = reach * Self::STRIDE;
        while path.len() < self.points && !stop.load(Ordering::Relaxed) {
            let last = path.last().unwrap_or(origin).clone();
            wanted += step;
            let Some(point) = fit(wanted, &last) else { break };
            if point.rise < threshold {
                let gain = root(point.rise) - root(last.rise);
                step *= (Self::STRIDE / gain.max(1e-6)).clamp(0.5, 2.0);
                path.push(point);
                continue;
            }
            // Between the last two data, by false position on the root of the rise.
            let (mut inner, mut inner_wanted) = (last, wanted - step);
            let (mut outer, mut outer_wanted) = (point, wanted);
            for _ in 0..12 {
                let (low, high) = (root(inner.rise), root(outer.rise));
                if outer.rise - threshold < Self::PRECISION || high <= low {
                    break;
                }
                let share = ((root(threshold) - low) / (high - low)).clamp(0.05, 0.95);
                let between = inner_wanted + share * (outer_wanted - inner_wanted);
                let Some(point) = fit(between, &inner) else { break };
                if point.rise < threshold {
                    path.push(point.clone());
                    (inner, inner_wanted) = (point, between);
                } else {
                    (outer, outer_wanted) = (point, between);
                }
            }
            let (low, high) = (root(inner.rise), root(outer.rise));
            let share = if high > low { (root(threshold) - low) / (high - low) } else { 1.0 };
            let end = inner.value + share * (outer.value - inner.value);
            path.push(outer);
            return (path, Some(end));
        }
        (path, None)
    }
}

/// Root of twice the rise: a straight line in the prediction where the posterior is normal.
fn root(rise: f64) -> f64 {
    (2.0 * rise.max(0.0)).sqrt()
}
