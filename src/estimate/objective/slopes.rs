//! The slopes of every row's predictor by the search coordinates, from runs that carry their derivatives.

use super::{Amount, Density, Family, Objective, Prediction, Use};
use crate::elementary::pow;
use crate::estimate::Transform;
use nalgebra::DMatrix;

/// Slopes of the readings of one experiment by its estimated constants: `(parameter, [reading])`, per natural unit.
pub(super) type ReadingSlopes = Vec<(usize, Vec<f64>)>;

impl Objective {
    /// `[row, parameter]`, the rows being those of [`Objective::rows`]. `readings` and `slopes` are of each experiment.
    pub(super) fn jacobian(
        &self,
        point: &[f64],
        predictions: &[Vec<Prediction>],
        readings: &[Vec<f64>],
        slopes: &[ReadingSlopes],
        rows: usize,
    ) -> DMatrix<f64> {
        let mut jacobian = DMatrix::zeros(rows, self.parameters.len());
        let mut row = 0;
        for (number, predictions) in predictions.iter().enumerate() {
            let experiment = self.observations[number].experiment;
            let run = (readings[experiment].as_slice(), &slopes[experiment]);
            self.slopes_of(number, point, predictions, run, &mut jacobian, &mut row);
        }
        for (k, _) in self.parameters.iter().enumerate().filter(|(_, parameter)| !parameter.prior.is_flat()) {
            jacobian[(row, k)] = 1.0;
            row += 1;
        }
        for pool in &self.pools {
            let centre = &self.parameters[pool.centre];
            let (at, slope) = (centre.natural(point[pool.centre]), centre.natural_slopes(point[pool.centre]).0);
            for &member in &pool.members {
                let parameter = &self.parameters[member];
                jacobian[(row, member)] = 1.0;
                jacobian[(row, pool.centre)] -= slope / parameter.natural_slopes(parameter.search(at)).0;
                if let Amount::Estimated(spread) = pool.spread {
                    jacobian[(row + 1, spread)] = self.log_slope(spread, point);
                }
                row += 2;
                if self.density == Density::Natural && parameter.transform != Transform::Identity {
                    jacobian[(row, member)] = 1.0;
                    row += 1;
                }
            }
        }
        jacobian
    }

    /// ∂ ln x / ∂ search coordinate of a positive parameter x.
    fn log_slope(&self, parameter: usize, point: &[f64]) -> f64 {
        let at = point[parameter];
        self.parameters[parameter].natural_slopes(at).0 / self.parameters[parameter].natural(at)
    }

    fn slopes_of(
        &self,
        number: usize,
        point: &[f64],
        predictions: &[Prediction],
        (readings, slopes): (&[f64], &ReadingSlopes),
        jacobian: &mut DMatrix<f64>,
        row: &mut usize,
    ) {
        let observation = &self.observations[number];
        let first = self.first[number];
        let coverage = observation.coverage.map_or(1.0, |k| self.parameters[k].natural(point[k]));
        let natural: Vec<(usize, f64, &Vec<f64>)> =
            slopes.iter().map(|(k, slopes)| (*k, self.parameters[*k].natural_slopes(point[*k]).0, slopes)).collect();
        // Of ln s before any memory.
        let mut of_scale = vec![0.0; self.parameters.len()];
        if let Some(k) = observation.inflation {
            of_scale[k] += self.log_slope(k, point);
        }
        if let (true, Some(k)) = (observation.noise_before_coverage, observation.coverage) {
            of_scale[k] += self.log_slope(k, point);
        }
        let memory = observation.memory.filter(|_| observation.noise.is_located());
        // Time, standardised residual and its slopes, of the datum before.
        let mut before: Option<(f64, f64, Vec<f64>)> = None;
        for (place, (datum, prediction)) in observation.data.iter().zip(predictions).enumerate() {
            if datum.purpose != Use::Fit {
                continue;
            }
            let by_value = match observation.noise.family {
                Family::Normal => 1.0,
                Family::LogNormal | Family::Poisson | Family::NegativeBinomial => 1.0 / prediction.value,
                Family::Logit | Family::Binomial { .. } => 1.0 / (prediction.value * (1.0 - prediction.value)),
            };
            let mut of_eta = vec![0.0; self.parameters.len()];
            for (k, natural, slopes) in &natural {
                of_eta[*k] += by_value * coverage * slopes[first + place] * natural;
            }
            if let Some(k) = observation.coverage {
                of_eta[k] += by_value * readings[first + place] * self.parameters[k].natural_slopes(point[k]).0;
            }
            let mut of_log_scale = of_scale.clone();
            if let (Some(k), Some(misfit)) = (memory, prediction.misfit) {
                let (time, z, scale) = (datum.window.end, misfit.standardised, prediction.scale);
                let of_z: Vec<f64> =
                    of_eta.iter().zip(&of_scale).map(|(eta, log_scale)| -eta / scale - z * log_scale).collect();
                if let Some((earlier, residual, of_residual)) = before {
                    let at = self.parameters[k].natural(point[k]).max(0.0);
                    let gap = time - earlier;
                    let correlation = pow(at, gap);
                    for (j, eta) in of_eta.iter_mut().enumerate() {
                        *eta += correlation * scale * (of_scale[j] * residual + of_residual[j]);
                    }
                    let by_memory = gap * pow(at, gap - 1.0) * self.parameters[k].natural_slopes(point[k]).0;
                    of_eta[k] += by_memory * scale * residual;
                    of_log_scale[k] -= correlation * by_memory / (1.0 - correlation * correlation);
                }
                before = Some((time, z, of_z));
            }
            for (k, slope) in of_eta.iter().enumerate() {
                jacobian[(*row, k)] = *slope;
            }
            *row += 1;
            if observation.has_free_scale() {
                for (k, slope) in of_log_scale.iter().enumerate() {
                    jacobian[(*row, k)] = *slope;
                }
                *row += 1;
            }
        }
    }
}
