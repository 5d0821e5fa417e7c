//! The rows of a posterior: each datum at a prediction, with its noise, its memory and its part of the priors.

use super::{Amount, Density, Objective, Pool, Prediction, Use};
use crate::elementary::{ln, pow};
use crate::estimate::{Infeasible, Parameter, Prior, Term, Transform, prior_terms};
use std::f64::consts::TAU;

impl Objective {
    /// All rows at a point, from the predictions there.
    pub(super) fn rows(&self, point: &[f64], predictions: &[Vec<Prediction>]) -> Result<Vec<Term>, Infeasible> {
        let mut terms = Vec::new();
        for (number, predictions) in predictions.iter().enumerate() {
            self.rows_of(number, point, predictions, &mut terms)?;
        }
        let priors = self.groups.len() - 1;
        let mut prior = prior_terms(&self.parameters, point, priors)?;
        if self.density == Density::Search {
            for term in &mut prior {
                to_search(&self.parameters[term.datum], term);
            }
        }
        terms.extend(prior);
        for (number, pool) in self.pools.iter().enumerate() {
            self.rows_of_pool(number, pool, point, &mut terms);
        }
        Ok(terms)
    }

    /// The rows of one observation: of the location, and of the scale where anything unknown acts on it.
    ///
    /// Residuals with a memory are an Ornstein-Uhlenbeck process (AR(1) where data are equally spaced): given the residual
    /// before, a datum is expected at `η + ρ s z` with scale `s √(1 - ρ²)`, where `z` is the standardised residual before
    /// and `ρ` the correlation over the time between (Harvey 1989, section 9.1).
    fn rows_of(
        &self,
        number: usize,
        point: &[f64],
        predictions: &[Prediction],
        terms: &mut Vec<Term>,
    ) -> Result<(), Infeasible> {
        let observation = &self.observations[number];
        let group = self.group[number];
        let memory = observation.memory.map(|k| self.parameters[k].natural(point[k]));
        // Time and standardised residual of the datum before.
        let mut before: Option<(f64, f64)> = None;
        for (datum_number, (datum, prediction)) in observation.data.iter().zip(predictions).enumerate() {
            if datum.purpose != Use::Fit {
                continue;
            }
            let misplaced = || {
                Infeasible::new(format!(
                    "{} of {} would be {}, which its noise does not admit",
                    observation.name, datum.label, prediction.value
                ))
            };
            let mut misfit = prediction.misfit.ok_or_else(misplaced)?;
            let mut scale = prediction.scale;
            if let (Some(memory), true) = (memory, observation.noise.is_located()) {
                let time = datum.window.end;
                let (eta, z) = (misfit.predictor, misfit.standardised);
                if let Some((earlier, residual)) = before {
                    let correlation = pow(memory.max(0.0), time - earlier);
                    let expected = eta + correlation * scale * residual;
                    scale *= (1.0 - correlation * correlation).max(0.0).sqrt();
                    misfit = observation.noise.located(datum.value, expected, scale).ok_or_else(misplaced)?;
                }
                before = Some((time, z));
            }
            terms.push(Term {
                group,
                datum: datum_number,
                predictor: misfit.predictor,
                value: misfit.value,
                slope: misfit.slope,
                information: misfit.information,
            });
            if observation.has_free_scale() || self.filter.is_some() {
                terms.push(Term {
                    group,
                    datum: datum_number,
                    predictor: ln(scale),
                    value: 0.0,
                    slope: misfit.scale_slope,
                    information: misfit.scale_information,
                });
            }
        }
        Ok(())
    }

    /// Rows of the distances from the centre, of the spread, and of the change of variables where the density is of natural
    /// values.
    fn rows_of_pool(&self, number: usize, pool: &Pool, point: &[f64], terms: &mut Vec<Term>) {
        let group = self.groups.len() - 1;
        let centre = self.parameters[pool.centre].natural(point[pool.centre]);
        let spread = match pool.spread {
            Amount::Known(spread) => spread,
            Amount::Estimated(k) => self.parameters[k].natural(point[k]),
        };
        // Numbered behind the parameters' own priors.
        let first = self.parameters.len() * (number + 1);
        for (place, &member) in pool.members.iter().enumerate() {
            let parameter = &self.parameters[member];
            let datum = first + place;
            let distance = point[member] - parameter.search(centre);
            let z = distance / spread;
            terms.push(Term {
                group,
                datum,
                predictor: distance,
                value: z * z / 2.0 + ln(spread) + ln(TAU) / 2.0,
                slope: z / spread,
                information: 1.0 / (spread * spread),
            });
            terms.push(Term { group, datum, predictor: ln(spread), value: 0.0, slope: 1.0 - z * z, information: 2.0 });
            if self.density == Density::Natural && parameter.transform != Transform::Identity {
                terms.push(Term {
                    group,
                    datum,
                    predictor: point[member],
                    value: parameter.log_jacobian(point[member]),
                    slope: parameter.log_jacobian_slope(point[member]),
                    information: 0.0,
                });
            }
        }
    }
}

/// Turns the row of a natural density into that of the search coordinate's.
fn to_search(parameter: &Parameter, term: &mut Term) {
    let at = term.predictor;
    term.value -= parameter.log_jacobian(at);
    term.slope -= parameter.log_jacobian_slope(at);
    // Where the curvature of the natural density was lost below zero, that of a lognormal is known.
    if let (Prior::LogNormal { log_sd, .. }, Transform::Log) = (&parameter.prior, parameter.transform) {
        term.information = 1.0 / (log_sd * log_sd);
    }
}
