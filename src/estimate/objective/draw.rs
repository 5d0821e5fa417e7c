//! Data drawn from a design: what would have been recorded had the model been true at a point.

use super::{Family, Noise, Objective, Tail, Use};
use crate::elementary::{exp, ln, pow};
use crate::estimate::Infeasible;
use crate::estimate::recovery::Drawn;
use crate::random::{Distribution, Stream};

impl Noise {
    /// An observation around a prediction; `None` where the family has no place for it. `standardised` overrides the
    /// residual in families of a location and a scale.
    fn draw(&self, predicted: f64, scale: f64, standardised: Option<f64>, stream: &mut Stream) -> Option<f64> {
        let eta = self.predictor(predicted)?;
        let mut located = || eta + scale * standardised.unwrap_or_else(|| self.tail.draw(stream));
        let value = match self.family {
            Family::Normal => located(),
            Family::LogNormal => exp(located()),
            Family::Logit => {
                let at = located();
                1.0 / (1.0 + exp(-at))
            }
            Family::Poisson => Distribution::Poisson { mean: predicted }.quantile(stream.uniform()),
            Family::NegativeBinomial => {
                let successes = 1.0 / (scale * scale);
                let probability = successes / (successes + predicted);
                Distribution::NegativeBinomial { successes, probability }.quantile(stream.uniform())
            }
            Family::Binomial { trials } => {
                Distribution::Binomial { trials, probability: predicted }.quantile(stream.uniform()) / trials
            }
        };
        (value.is_finite() && self.admits(value).is_ok()).then_some(value)
    }
}

impl Tail {
    fn draw(self, stream: &mut Stream) -> f64 {
        match self {
            Tail::Normal => stream.normal(),
            Tail::StudentT { degrees } => {
                Distribution::StudentT { degrees, location: 0.0, scale: 1.0 }.quantile(stream.uniform())
            }
            // Laplace numbers, kept with the ratio of the densities.
            Tail::SoftL1 => loop {
                let (side, size) = (stream.uniform() - 0.5, -ln(stream.uniform()));
                if stream.uniform() < exp(size - (1.0 + size * size).sqrt()) {
                    return size * side.signum();
                }
            },
        }
    }
}

impl Drawn for Objective {
    /// Data that are not fitted stay as they are.
    fn drawn(&self, point: &[f64], stream: &mut Stream) -> Result<Self, Infeasible> {
        if let Some(filter) = &self.filter {
            let values = self.drawn_along(filter, point, stream)?;
            let mut drawn = self.clone();
            for (observation, values) in drawn.observations.iter_mut().zip(values) {
                observation.data.iter_mut().zip(values).for_each(|(datum, value)| datum.value = value);
            }
            return Ok(drawn);
        }
        let predictions = match self.predictions(&[point.to_vec()]).pop() {
            Some(predictions) => predictions?,
            None => return Err(Infeasible::new("the model gave no predictions")),
        };
        let mut drawn = self.clone();
        for (observation, predictions) in drawn.observations.iter_mut().zip(predictions) {
            let memory = observation.memory.filter(|_| observation.noise.is_located());
            let memory = memory.map(|k| self.parameters[k].natural(point[k]).max(0.0));
            let mut before: Option<(f64, f64)> = None;
            for (datum, prediction) in observation.data.iter_mut().zip(predictions) {
                if datum.purpose != Use::Fit {
                    continue;
                }
                let standardised = memory.map(|memory| {
                    let fresh = observation.noise.tail.draw(stream);
                    let time = datum.window.end;
                    let residual = before.map_or(fresh, |(earlier, residual)| {
                        let correlation = pow(memory, time - earlier);
                        correlation * residual + (1.0 - correlation * correlation).max(0.0).sqrt() * fresh
                    });
                    before = Some((time, residual));
                    residual
                });
                let value = observation.noise.draw(prediction.value, prediction.scale, standardised, stream);
                datum.value = value.ok_or_else(|| {
                    Infeasible::new(format!(
                        "no value of {} can be drawn around {}",
                        observation.name, prediction.value
                    ))
                })?;
            }
        }
        Ok(drawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_density_that_the_misfit_states() {
        // The mean of value by value over draws is the entropy; here the mean score in η, which is zero, and its square,
        // which is the information.
        let tails = [Tail::Normal, Tail::StudentT { degrees: 5.0 }, Tail::SoftL1];
        let mut families = vec![
            Noise::new(Family::Poisson),
            Noise::new(Family::NegativeBinomial),
            Noise::new(Family::Binomial { trials: 40.0 }),
        ];
        for tail in tails {
            families.extend([Family::Normal, Family::LogNormal, Family::Logit].map(|family| Noise { family, tail }));
        }
        for (number, noise) in families.into_iter().enumerate() {
            let mut stream = Stream::new(6, number as u64);
            let (predicted, scale, count) = (0.4, 0.3, 40_000);
            let (mut score, mut square, mut information) = (0.0, 0.0, 0.0);
            for _ in 0..count {
                let value = noise.draw(predicted, scale, None, &mut stream).unwrap();
                let misfit = noise.misfit(value, predicted, scale).unwrap();
                score += misfit.slope / f64::from(count);
                square += misfit.slope * misfit.slope / f64::from(count);
                information = misfit.information;
            }
            assert!(score.abs() < 4.0 * (information / f64::from(count)).sqrt(), "{noise:?}: {score}");
            assert!((square / information - 1.0).abs() < 0.05, "{noise:?}: {square} {information}");
        }
    }
}
