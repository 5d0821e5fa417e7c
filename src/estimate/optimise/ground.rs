//! What a trust-region search knows around its current point, in units of typical changes.

use super::reflective::Bounds;
use crate::elementary::{exp, ln};
use crate::estimate::{Linearisation, Parameter, Term};
use nalgebra::{DMatrix, DVector};

pub(super) struct Ground {
    /// A typical change of each search coordinate, `[parameter]`.
    pub scale: Vec<f64>,
    pub bounds: Bounds,
    /// Whether a coordinate is the logarithm of a noise scale, `[parameter]`.
    log_scales: Vec<bool>,
    pub at: DVector<f64>,
    pub linearisation: Linearisation,
    /// What the information leaves out of the Hessian, by secants; `None` before the first step.
    pub rest: Option<DMatrix<f64>>,
}

impl Ground {
    /// Around a point, moved off its bounds; nothing is known of the objective yet.
    pub fn new(parameters: &[Parameter], log_scales: &[usize], point: &[f64]) -> Self {
        let scale: Vec<f64> = parameters.iter().map(Parameter::typical).collect();
        let unit = |values: &mut dyn Iterator<Item = f64>| {
            DVector::from_iterator(scale.len(), values.zip(&scale).map(|(value, scale)| value / scale))
        };
        let bounds = Bounds {
            low: unit(&mut parameters.iter().map(|parameter| parameter.search_bounds().0)),
            high: unit(&mut parameters.iter().map(|parameter| parameter.search_bounds().1)),
        };
        let at = bounds.interior(&unit(&mut point.iter().copied()), 1e-3);
        let log_scales = (0..scale.len()).map(|k| log_scales.contains(&k)).collect();
        let linearisation = Linearisation { terms: Vec::new(), jacobian: DMatrix::zeros(0, scale.len()) };
        Ground { scale, bounds, log_scales, at, linearisation, rest: None }
    }

    /// Search coordinates of a point.
    pub fn coordinates(&self, at: &DVector<f64>) -> Vec<f64> {
        at.iter().zip(&self.scale).map(|(at, scale)| at * scale).collect()
    }

    /// Where a step leads, still inside the box; noise scales go by their closed form.
    pub fn moved(&self, step: &DVector<f64>) -> DVector<f64> {
        let step =
            DVector::from_fn(step.len(), |k, _| if self.log_scales[k] { along_log_scale(step[k]) } else { step[k] });
        self.bounds.interior(&(&self.at + step), f64::EPSILON * self.at.amax().max(1.0))
    }

    /// The scoring step of the noise scales alone; `None` if there are none.
    pub fn scale_step(&self) -> Option<DVector<f64>> {
        let (gradient, information) = self.slopes(&self.linearisation);
        let each = |k: usize, _| if self.log_scales[k] { -gradient[k] / information[(k, k)] } else { 0.0 };
        self.log_scales.contains(&true).then(|| DVector::from_fn(self.at.len(), each))
    }

    /// Second derivatives of the weighted predictors along a step, from rows a share `h` of it away, `[row]`.
    pub fn curvature(&self, step: &DVector<f64>, probe: &[Term], h: f64) -> Vec<f64> {
        let slopes = &self.linearisation.jacobian * step.component_mul(&DVector::from_column_slice(&self.scale));
        let rows = self.linearisation.terms.iter().zip(probe).zip(slopes.iter());
        rows.map(|((base, there), slope)| {
            base.information.sqrt() * 2.0 / h * ((there.predictor - base.predictor) / h - slope)
        })
        .collect()
    }

    /// What is known after a step to `end`, where the rows are those of `next`.
    pub fn after(self, end: &DVector<f64>, next: Linearisation) -> Self {
        let rest = self.rest_at(end, &next);
        Ground { at: end.clone(), linearisation: next, rest, ..self }
    }

    /// The rest of the Hessian by the symmetric rank-one update that explains the change of the gradient which the
    /// information does not, after it was sized down as far as the last step asks.
    fn rest_at(&self, end: &DVector<f64>, next: &Linearisation) -> Option<DMatrix<f64>> {
        let step = end - &self.at;
        let (before, _) = self.slopes(&self.linearisation);
        let (after, information) = self.slopes(next);
        let wanted = after - before - information * &step;
        let mut rest = self.rest.clone().unwrap_or_else(|| DMatrix::zeros(step.len(), step.len()));
        let explained = step.dot(&(&rest * &step)).abs();
        if explained > 0.0 {
            rest *= (step.dot(&wanted).abs() / explained).min(1.0);
        }
        let missing = wanted - &rest * &step;
        let along = missing.dot(&step);
        if along.abs() > 1e-8 * missing.norm() * step.norm() {
            rest.ger(1.0 / along, &missing, &missing, 1.0);
        }
        rest.iter().all(|entry| entry.is_finite()).then_some(rest)
    }

    /// Gradient and information.
    fn slopes(&self, linearisation: &Linearisation) -> (DVector<f64>, DMatrix<f64>) {
        let (mut gradient, mut information) = (linearisation.gradient(), linearisation.information(|_| true));
        for k in 0..self.scale.len() {
            gradient[k] *= self.scale[k];
            information.row_mut(k).scale_mut(self.scale[k]);
            information.column_mut(k).scale_mut(self.scale[k]);
        }
        (gradient, information)
    }

    /// The point with the coordinates put on a bound that they all but touch and are pushed towards; `None` if there is
    /// none.
    pub fn settled(&self) -> Option<Vec<f64>> {
        let gradient = self.linearisation.gradient();
        let settled = DVector::from_fn(self.at.len(), |k, _| {
            let (at, low, high) = (self.at[k], self.bounds.low[k], self.bounds.high[k]);
            let room = 1e-6_f64.min((high - low) / 100.0);
            match gradient[k] {
                slope if slope > 0.0 && at - low < room => low,
                slope if slope < 0.0 && high - at < room => high,
                _ => at,
            }
        });
        (settled != self.at).then(|| self.coordinates(&settled))
    }
}

/// The closed form for the logarithm of a normal scale, given its scoring step: with mean squared standardised residual
/// `q` the step is `(q - 1)/2` and the optimum is `ln(q)/2` away. At most e² down at once, where `q` says little.
fn along_log_scale(step: f64) -> f64 {
    ln((1.0 + 2.0 * step).max(exp(-4.0))) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_the_hessian_is_learnt_from_steps() {
        // Rows r = x - 3 and y² - 4 at weight one: the information leaves (y² - 4) 2 of ∂²/∂y² out.
        let parameters = [Parameter::new("x", 1.0), Parameter::new("y", 1.0)];
        let rows = |at: &DVector<f64>| Linearisation {
            terms: vec![Term::residual(0, 0, at[0] - 3.0), Term::residual(0, 1, at[1] * at[1] - 4.0)],
            jacobian: DMatrix::from_row_slice(2, 2, &[1.0, 0.0, 0.0, 2.0 * at[1]]),
        };
        let mut ground = Ground::new(&parameters, &[], &[1.0, 1.0]);
        ground.linearisation = rows(&ground.at);
        for end in [[1.2, 1.001], [1.1, 1.0]] {
            let end = DVector::from_column_slice(&end);
            let next = rows(&end);
            ground = ground.after(&end, next);
        }
        let rest = ground.rest.unwrap();
        assert!((rest[(1, 1)] + 6.0).abs() < 0.05 && rest[(0, 0)].abs() < 1e-6, "{rest}");
    }

    #[test]
    fn scales_go_to_their_optimum_at_once() {
        for q in [0.3, 1.0, 40.0, 1e6_f64] {
            assert!((along_log_scale((q - 1.0) / 2.0) - q.ln() / 2.0).abs() < 1e-9);
        }
        assert_eq!(along_log_scale(-3.0), -2.0);
    }
}
