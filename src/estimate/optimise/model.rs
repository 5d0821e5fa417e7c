//! The quadratic picture of an objective around a point, and its lowest point within a given distance.
//!
//! Method: in coordinates scaled by a diagonal `D` the information is `AᵀA` with `A = [R D; √C]`; its singular values
//! turn the trust-region problem into one equation in one unknown, solved by safeguarded Newton steps on `1/‖p‖ - 1/Δ`.
//! Order / cost: one singular value decomposition of `2n × n`, then a few vector operations per radius.
//! Assumptions: positive semidefinite information, so that the hard case does not arise.
//! Source: Moré and Sorensen (1983), algorithm 3.2; rows rather than normal equations as in Moré (1978).

use crate::estimate::Linearisation;
use nalgebra::{DMatrix, DVector, Dyn, QR, SVD};

/// `F(x + s) ≈ F(x) + gᵀs + ‖R s‖²/2`, with `g = Rᵀc + rest`.
pub(super) struct Quadratic {
    /// `R`, `[row, parameter]`.
    root: DMatrix<f64>,
    /// `c`, `[row]`: the part of the gradient that comes with information, before `Rᵀ` is applied.
    target: DVector<f64>,
    /// The part of the gradient that comes from rows without information.
    rest: DVector<f64>,
    pub gradient: DVector<f64>,
    /// The weighted Jacobian's factors, for other right-hand sides.
    factors: QR<f64, Dyn, Dyn>,
    /// Number of rows, filled up to the number of parameters.
    padded: usize,
}

impl Quadratic {
    /// From the rows of a structured problem, coordinates divided by `scale`.
    pub fn new(linearisation: &Linearisation, scale: &[f64]) -> Self {
        let size = scale.len();
        let mut rows = DMatrix::zeros(linearisation.terms.len().max(size), size);
        let mut sides = DVector::zeros(rows.nrows());
        let mut rest = DVector::zeros(size);
        for (row, term) in linearisation.terms.iter().enumerate() {
            let weight = term.information.sqrt();
            for parameter in 0..size {
                let slope = linearisation.jacobian[(row, parameter)] * scale[parameter];
                if weight > 0.0 {
                    rows[(row, parameter)] = weight * slope;
                } else {
                    rest[parameter] += term.slope * slope;
                }
            }
            if weight > 0.0 {
                sides[row] = term.slope / weight;
            }
        }
        let padded = rows.nrows();
        let factors = rows.qr();
        factors.q_tr_mul(&mut sides);
        let (root, target) = (factors.r(), sides.rows(0, size).into_owned());
        let gradient = root.tr_mul(&target) + &rest;
        Quadratic { root, target, rest, gradient, factors, padded }
    }

    /// Change of the objective over a step.
    pub fn change(&self, step: &DVector<f64>) -> f64 {
        self.gradient.dot(step) + (&self.root * step).norm_squared() / 2.0
    }

    /// Numbers of the weighted rows, `[row]`, in the frame of the decomposition.
    pub fn project(&self, rows: &[f64]) -> DVector<f64> {
        let mut padded = DVector::zeros(self.padded);
        padded.rows_mut(0, rows.len()).copy_from_slice(rows);
        self.factors.q_tr_mul(&mut padded);
        padded.rows(0, self.root.ncols()).into_owned()
    }

    /// The decomposition in coordinates `p`, `s = D p`, with `C` added to the information.
    pub fn scaled(&self, d: &DVector<f64>, c: &DVector<f64>) -> Option<Scaled> {
        let size = d.len();
        let mut stacked = DMatrix::zeros(2 * size, size);
        for column in 0..size {
            for row in 0..size {
                stacked[(row, column)] = self.root[(row, column)] * d[column];
            }
            stacked[(size + column, column)] = c[column].sqrt();
        }
        if stacked.iter().any(|entry| !entry.is_finite()) {
            return None;
        }
        let svd = SVD::try_new(stacked, true, true, f64::EPSILON, 500)?;
        let (u, v_t) = (svd.u?, svd.v_t?);
        let sides = u.rows(0, size).tr_mul(&self.target);
        let rest = &v_t * self.rest.component_mul(d);
        let along = DVector::from_fn(size, |k, _| svd.singular_values[k] * sides[k] + rest[k]);
        let u = u.rows(0, size).into_owned();
        Some(Scaled { u, v_t, singular: svd.singular_values, along })
    }
}

/// The quadratic in the coordinates of its axes.
pub(super) struct Scaled {
    /// Rows of `R D` in the coordinates of the axes.
    u: DMatrix<f64>,
    v_t: DMatrix<f64>,
    singular: DVector<f64>,
    /// The gradient along each axis.
    along: DVector<f64>,
}

impl Scaled {
    /// Relative size of a singular value below which an axis is rounding and no slope along it is believed.
    const ROUNDING: f64 = 1e-15;
    /// The same for the question whether a slope is left: differences carry about nine digits.
    const CREDIBLE: f64 = 1e-9;

    /// The reduction that a full step promises: half the squared Newton decrement (Boyd and Vandenberghe 2004, 9.5.1).
    pub fn promise(&self) -> f64 {
        let least = Self::CREDIBLE * self.singular.max();
        let each = self.singular.iter().zip(&self.along).filter(|(singular, _)| **singular > least);
        each.map(|(singular, along)| (along / singular).powi(2) / 2.0).sum()
    }

    /// The lowest point within `radius`, and the damping λ that holds it there.
    pub fn step(&self, radius: f64) -> (DVector<f64>, f64) {
        let least = Self::ROUNDING * self.singular.max();
        let open = self.singular.iter().zip(&self.along).all(|(s, g)| *s > least || g.abs() <= least * radius);
        let full = self.solve(&self.along, 0.0);
        if open && full.norm() <= radius {
            return (self.v_t.tr_mul(&full), 0.0);
        }
        let damping = self.damping(radius, least);
        (self.v_t.tr_mul(&self.solve(&self.along, damping)), damping)
    }

    /// The second-order part of a damped step, from the second derivatives of the weighted predictors along it,
    /// `[row]`, in the frame of [`Quadratic::project`].
    pub fn bend(&self, curvature: &DVector<f64>, damping: f64) -> DVector<f64> {
        let along = self.u.tr_mul(curvature).component_mul(&self.singular) / 2.0;
        self.v_t.tr_mul(&self.solve(&along, damping))
    }

    /// -(S² + λ)⁻¹ g on the axes.
    fn solve(&self, along: &DVector<f64>, damping: f64) -> DVector<f64> {
        let least = Self::ROUNDING * self.singular.max();
        DVector::from_fn(along.len(), |k, _| match self.singular[k] {
            singular if singular <= least && damping == 0.0 => 0.0,
            singular => -along[k] / (singular * singular + damping),
        })
    }

    /// λ with ‖p(λ)‖ = radius.
    fn damping(&self, radius: f64, least: f64) -> f64 {
        let length_and_slope = |lambda: f64| {
            let (mut square, mut slope) = (0.0, 0.0);
            for (singular, along) in self.singular.iter().zip(&self.along) {
                let stiffness = singular * singular + lambda;
                if stiffness > 0.0 {
                    let part = along / stiffness;
                    square += part * part;
                    slope -= part * part / stiffness;
                }
            }
            (square.sqrt(), slope)
        };
        let mut low = 0.0;
        let mut high = self.along.norm() / radius;
        let mut lambda = (1e-3 * high).max(least * least);
        for _ in 0..60 {
            let (length, slope) = length_and_slope(lambda);
            if (length - radius).abs() <= 1e-3 * radius || length == 0.0 {
                break;
            }
            if length > radius {
                low = lambda;
            } else {
                high = lambda;
            }
            let newton = lambda - length * length / slope * (length - radius) / radius;
            lambda = if newton > low && newton < high { newton } else { (low * high).sqrt().max(1e-3 * high) };
        }
        lambda
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Term;

    fn quadratic() -> Quadratic {
        // Rows 3(x-1), (y-2)/10 and a slope of 0.5 along y without information.
        let terms = vec![
            Term::residual(0, 0, -3.0),
            Term::residual(0, 1, -0.2),
            Term { group: 0, datum: 2, predictor: 0.0, value: 0.0, slope: 0.5, information: 0.0 },
        ];
        let jacobian = DMatrix::from_row_slice(3, 2, &[3.0, 0.0, 0.0, 0.1, 0.0, 1.0]);
        Quadratic::new(&Linearisation { terms, jacobian }, &[1.0, 1.0])
    }

    fn scaled(quadratic: &Quadratic) -> Scaled {
        quadratic.scaled(&DVector::repeat(2, 1.0), &DVector::zeros(2)).unwrap()
    }

    #[test]
    fn a_wide_region_gives_the_newton_step_and_its_promise() {
        let quadratic = quadratic();
        let (step, damping) = scaled(&quadratic).step(1e3);
        assert_eq!(damping, 0.0);
        // ∂/∂y: (y - 2)/100 + 0.5 at y = 0 is 0.48; information 0.01.
        assert!((step[0] - 1.0).abs() < 1e-12 && (step[1] + 48.0).abs() < 1e-10, "{step}");
        let promise = scaled(&quadratic).promise();
        assert!((promise + quadratic.change(&step)).abs() < 1e-10 && (promise - 16.02).abs() < 1e-10);
    }

    #[test]
    fn a_narrow_region_binds_and_no_point_within_is_lower() {
        let quadratic = quadratic();
        for radius in [0.1, 1.0, 10.0] {
            let (step, _) = scaled(&quadratic).step(radius);
            assert!((step.norm() / radius - 1.0).abs() < 2e-3);
            for turn in 0..100 {
                let angle = std::f64::consts::TAU * turn as f64 / 100.0;
                let other = DVector::from_vec(vec![angle.cos(), angle.sin()]) * step.norm();
                assert!(quadratic.change(&step) <= quadratic.change(&other) + 1e-6);
            }
        }
    }
}
