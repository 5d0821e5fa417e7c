//! Coverages, noise scales and memories at their best for given runs: they need no run of their own, so that a search for
//! the constants of the model can do without them.

use super::{Family, Objective, Use};
use crate::elementary::{exp, ln};
use nalgebra::{DMatrix, DVector};

impl Objective {
    /// Parameters that act on data and not on the model.
    fn inner(&self) -> Vec<usize> {
        let known = self.observations.iter().flat_map(|observation| {
            [observation.coverage, observation.inflation, observation.memory].into_iter().flatten()
        });
        let mut inner: Vec<usize> = known.collect();
        inner.sort_unstable();
        inner.dedup();
        inner
    }

    /// Points with their inner parameters moved to their best; points that cannot be evaluated as they are.
    ///
    /// Method: coverages from sums of data and readings, scales from residuals, then scoring steps with the readings held.
    /// Source: variable projection, Golub and Pereyra (2003); for scales and offsets of dynamic models, Loos, Krause and
    /// Hasenauer (2018).
    pub(super) fn with_best_inner(&self, points: &[Vec<f64>]) -> Vec<Vec<f64>> {
        const STEPS: usize = 8;
        let inner = self.inner();
        if inner.is_empty() {
            return points.to_vec();
        }
        let readings = self.readings(points);
        let each = points.iter().zip(readings).map(|(point, readings)| {
            let Ok(readings) = readings else { return point.clone() };
            let readings: Vec<Vec<f64>> = readings.iter().map(|readings| readings.to_vec()).collect();
            let rough = self.rough(point, &readings);
            let mut best = point.clone();
            let mut least = self.height(point, &readings);
            for start in [rough, point.clone()] {
                let mut at = start;
                let mut height = self.height(&at, &readings);
                for _ in 0..STEPS {
                    let Some((next, lower)) = self.scored(&at, &readings, &inner, height) else { break };
                    let gain = height - lower;
                    (at, height) = (next, lower);
                    if gain < 1e-3 {
                        break;
                    }
                }
                if height < least {
                    (best, least) = (at, height);
                }
                if least.is_finite() {
                    break;
                }
            }
            best
        });
        each.collect()
    }

    /// The negative log posterior for given readings; infinite where infeasible.
    fn height(&self, point: &[f64], readings: &[Vec<f64>]) -> f64 {
        let rows = self.rows(point, &self.predicted(point, readings));
        rows.map_or(f64::INFINITY, |rows| match rows.iter().map(|row| row.value).sum::<f64>() {
            height if height.is_nan() => f64::INFINITY,
            height => height,
        })
    }

    /// Coverages by which readings add up to what the data do, then scales that fit what is left.
    fn rough(&self, point: &[f64], readings: &[Vec<f64>]) -> Vec<f64> {
        let mut point = point.to_vec();
        let natural = |k: usize, value: f64| {
            let parameter = &self.parameters[k];
            let (low, high) = parameter.search_bounds();
            let at = parameter.search(value.max(parameter.lower).min(parameter.upper));
            if at.is_nan() { None } else { Some(at.max(low).min(high)) }
        };
        let fitted = |observation: &super::Observation, number: usize| {
            let first = self.first[number];
            let readings = &readings[observation.experiment][first..first + observation.data.len()];
            let pairs = observation.data.iter().zip(readings).filter(|(datum, _)| datum.purpose == Use::Fit);
            pairs.map(|(datum, reading)| (datum.value, *reading, datum.scale)).collect::<Vec<_>>()
        };
        for k in self.inner() {
            let mut sums = (0.0, 0.0);
            let mut logs = (0.0, 0.0);
            for (number, observation) in self.observations.iter().enumerate() {
                if observation.coverage != Some(k) {
                    continue;
                }
                for (value, reading, scale) in fitted(observation, number) {
                    match observation.noise.family {
                        Family::LogNormal if value > 0.0 && reading > 0.0 => {
                            logs = (logs.0 + ln(value / reading), logs.1 + 1.0);
                        }
                        Family::Normal => {
                            let weight = reading / (scale * scale);
                            sums = (sums.0 + weight * value, sums.1 + weight * reading);
                        }
                        _ => sums = (sums.0 + value, sums.1 + reading),
                    }
                }
            }
            let ratio = if logs.1 > 0.0 { exp(logs.0 / logs.1) } else { sums.0 / sums.1 };
            if ratio.is_finite() && (logs.1 > 0.0 || sums.1 != 0.0) {
                point[k] = natural(k, ratio).unwrap_or(point[k]);
            }
        }
        let predictions = self.predicted(&point, readings);
        for k in self.inner() {
            let (mut squares, mut count) = (0.0, 0.0);
            for (number, observation) in self.observations.iter().enumerate() {
                if observation.inflation != Some(k) || !observation.noise.is_located() {
                    continue;
                }
                let pairs = observation.data.iter().zip(&predictions[number]);
                for (_, prediction) in pairs.filter(|(datum, _)| datum.purpose == Use::Fit) {
                    if let Some(misfit) = prediction.misfit {
                        squares += misfit.standardised * misfit.standardised;
                        count += 1.0;
                    }
                }
            }
            if count > 0.0 && squares > 0.0 && squares.is_finite() {
                let scale = self.parameters[k].natural(point[k]) * (squares / count).sqrt();
                point[k] = natural(k, scale).unwrap_or(point[k]);
            }
        }
        point
    }

    /// A scoring step of the inner parameters that lowers the height; `None` if none does.
    fn scored(&self, point: &[f64], readings: &[Vec<f64>], inner: &[usize], height: f64) -> Option<(Vec<f64>, f64)> {
        let predictions = self.predicted(point, readings);
        let rows = self.rows(point, &predictions).ok()?;
        let none = vec![Vec::new(); readings.len()];
        let jacobian = self.jacobian(point, &predictions, readings, &none, rows.len());
        let size = inner.len();
        let (mut gradient, mut information) = (DVector::zeros(size), DMatrix::zeros(size, size));
        for (row, term) in rows.iter().enumerate() {
            for (i, &k) in inner.iter().enumerate() {
                let slope = jacobian[(row, k)];
                gradient[i] += term.slope * slope;
                for (j, &l) in inner.iter().enumerate() {
                    information[(i, j)] += term.information * slope * jacobian[(row, l)];
                }
            }
        }
        for i in 0..size {
            information[(i, i)] += 1e-9 * (1.0 + information[(i, i)]);
        }
        let step: DVector<f64> = information.cholesky()?.solve(&gradient);
        [1.0, 0.25, 0.0625].into_iter().find_map(|share| {
            let mut next = point.to_vec();
            for (i, &k) in inner.iter().enumerate() {
                let (low, high) = self.parameters[k].search_bounds();
                let typical = self.parameters[k].typical();
                next[k] = (point[k] - (share * step[i]).clamp(-2.0 * typical, 2.0 * typical)).max(low).min(high);
            }
            let lower = self.height(&next, readings);
            (lower < height).then_some((next, lower))
        })
    }
}
