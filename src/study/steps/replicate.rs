//! Data that the model would have given: a prediction with noise drawn around it.

use crate::estimate::objective::{Design, Family, Noise, Observation, Tail};
use crate::random::{Distribution, Stream};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// One value drawn from the noise around a prediction; NaN where the noise has no place for the prediction. `scale` is read
/// only in families that have one.
pub(super) fn drawn(noise: &Noise, predicted: f64, scale: f64, stream: &mut Stream) -> f64 {
    let u = stream.uniform();
    let Some(eta) = noise.predictor(predicted) else { return f64::NAN };
    match noise.family {
        Family::Normal => eta + scale * deviate(noise.tail, u),
        Family::LogNormal => (eta + scale * deviate(noise.tail, u)).exp(),
        Family::Logit => 1.0 / (1.0 + (-(eta + scale * deviate(noise.tail, u))).exp()),
        Family::Poisson => Distribution::Poisson { mean: predicted }.quantile(u),
        Family::NegativeBinomial => {
            // Variance m + (s m)²: s⁻² successes of probability 1/(1 + s² m).
            let square = scale * scale;
            let (successes, probability) = (1.0 / square, 1.0 / (1.0 + square * predicted));
            Distribution::NegativeBinomial { successes, probability }.quantile(u)
        }
        Family::Binomial { trials } => Distribution::Binomial { trials, probability: predicted }.quantile(u) / trials,
    }
}

/// A standardised deviate at the share `u` of its distribution.
fn deviate(tail: Tail, u: f64) -> f64 {
    match tail {
        Tail::Normal => crate::random::normal_quantile(u),
        Tail::StudentT { degrees } => {
            StudentsT::new(0.0, 1.0, degrees).map_or(f64::NAN, |student| student.inverse_cdf(u))
        }
        Tail::SoftL1 => soft_l1(u),
    }
}

/// Quantile of the density exp(1 - √(1 + z²)), by bisection on its integral (Simpson's rule, steps of 1/32, to z = 40,
/// beyond which less than 1e-16 lies).
fn soft_l1(u: f64) -> f64 {
    const STEP: f64 = 1.0 / 32.0;
    const LAST: usize = 1280;
    static BELOW: std::sync::OnceLock<Vec<f64>> = std::sync::OnceLock::new();
    let density = |z: f64| (1.0 - (1.0 + z * z).sqrt()).exp();
    let below = BELOW.get_or_init(|| {
        let mut sums = vec![0.0];
        for k in 0..LAST {
            let at = k as f64 * STEP;
            let slice = (density(at) + 4.0 * density(at + STEP / 2.0) + density(at + STEP)) * STEP / 6.0;
            sums.push(sums[k] + slice);
        }
        let half = sums[LAST];
        sums.into_iter().map(|sum| 0.5 * sum / half).collect()
    });
    let tail = (u - 0.5).abs();
    let after = below.partition_point(|share| *share < tail).clamp(1, LAST);
    let (low, high) = (below[after - 1], below[after]);
    let within = if high > low { (tail - low) / (high - low) } else { 0.0 };
    let z = (after as f64 - 1.0 + within.min(1.0)) * STEP;
    if u < 0.5 { -z } else { z }
}

/// The scale of each datum of an observation at natural values of the parameters.
pub(super) fn scale(observation: &Observation, datum: usize, natural: &[f64]) -> f64 {
    observation.data[datum].scale * observation.inflation.map_or(1.0, |inflation| natural[inflation])
}

/// Natural values of a point in search coordinates.
pub(super) fn natural(design: &Design, point: &[f64]) -> Vec<f64> {
    design.parameters.iter().zip(point).map(|((parameter, _), at)| parameter.natural(*at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws have the family's mean and spread.
    #[test]
    fn draws_follow_their_family() {
        let noise = |family| Noise::new(family);
        let heavy = |tail| Noise { family: Family::Normal, tail };
        // Family, prediction, scale, mean and variance of the draws.
        let cases: [(Noise, f64, f64, f64, f64); 8] = [
            (noise(Family::Normal), 3.0, 0.5, 3.0, 0.25),
            (noise(Family::LogNormal), 3.0, 0.5, 3.0 * 0.125_f64.exp(), 9.0 * 0.25_f64.exp() * (0.25_f64.exp() - 1.0)),
            (noise(Family::Logit), 0.5, 0.1, 0.5, (0.1 / 4.0_f64).powi(2)),
            (noise(Family::Poisson), 4.0, 0.0, 4.0, 4.0),
            (noise(Family::NegativeBinomial), 4.0, 0.5, 4.0, 8.0),
            (noise(Family::Binomial { trials: 50.0 }), 0.3, 0.0, 0.3, 0.3 * 0.7 / 50.0),
            (heavy(Tail::StudentT { degrees: 12.0 }), 1.0, 1.0, 1.0, 1.2),
            // The hyperbolic density has variance K₂(1)/K₁(1).
            (heavy(Tail::SoftL1), 1.0, 1.0, 1.0, 1.624_838_898_6 / 0.601_907_230_197),
        ];
        for (noise, predicted, scale, mean, variance) in cases {
            let mut stream = Stream::new(5, 5);
            let count = 40_000;
            let draws: Vec<f64> = (0..count).map(|_| drawn(&noise, predicted, scale, &mut stream)).collect();
            let centre = draws.iter().sum::<f64>() / f64::from(count);
            let spread = draws.iter().map(|x| (x - centre).powi(2)).sum::<f64>() / f64::from(count);
            let error = (variance / f64::from(count)).sqrt();
            assert!((centre - mean).abs() < 4.0 * error, "{noise:?}: mean {centre}, not {mean}");
            assert!((spread / variance - 1.0).abs() < 0.06, "{noise:?}: variance {spread}, not {variance}");
        }
    }
}
