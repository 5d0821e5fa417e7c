//! The quadratic picture of an objective around a point, and its lowest point within a given distance.
//!
//! Method: in coordinates scaled by a diagonal `D` the information is `AᵀA` with `A = [R D; √C]`; its singular values (or,
//! with the rest of the Hessian added, the eigenvalues of the sum) turn the trust-region problem into one equation in one
//! unknown, solved by safeguarded Newton steps on `1/‖p‖ - 1/Δ`.
//! Order / cost: one decomposition of `2n × n`, then a few vector operations per radius.
//! Source: Moré and Sorensen (1983), algorithm 3.2; rows rather than normal equations as in Moré (1978).

use crate::estimate::Linearisation;
use nalgebra::{DMatrix, DVector, Dyn, QR, SVD, SymmetricEigen};

/// `F(x + s) ≈ F(x) + gᵀs + ‖R s‖²/2`, with `g = Rᵀc + rest`.
#[derive(Clone)]
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
    extra: Option<DMatrix<f64>>,
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
        Quadratic { root, target, rest, gradient, factors, padded, extra: None }
    }

    /// With what the rows' information leaves out of the Hessian.
    pub fn with_rest_of_hessian(&self, extra: &DMatrix<f64>) -> Self {
        Quadratic { extra: Some(extra.clone()), ..self.clone() }
    }

    /// Change of the objective over a step.
    pub fn change(&self, step: &DVector<f64>) -> f64 {
        let extra = self.extra.as_ref().map_or(0.0, |extra| step.dot(&(extra * step)));
        self.gradient.dot(step) + ((&self.root * step).norm_squared() + extra) / 2.0
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
        let rows = DMatrix::from_fn(size, size, |row, column| self.root[(row, column)] * d[column]);
        if rows.iter().chain(c).any(|entry| !entry.is_finite()) {
            return None;
        }
        let (v_t, stiffness, along, least);
        match &self.extra {
            None => {
                let mut stacked = DMatrix::zeros(2 * size, size);
                stacked.rows_mut(0, size).copy_from(&rows);
                (0..size).for_each(|k| stacked[(size + k, k)] = c[k].sqrt());
                let svd = SVD::try_new(stacked, true, true, f64::EPSILON, 500)?;
                let (u, axes) = (svd.u?, svd.v_t?);
                let sides = u.rows(0, size).tr_mul(&self.target).component_mul(&svd.singular_values);
                along = sides + &axes * self.rest.component_mul(d);
                (v_t, stiffness) = (axes, svd.singular_values.map(|singular| singular * singular));
                least = stiffness.max() * Self::ROUNDING.powi(2);
            }
            Some(extra) => {
                let whole = rows.tr_mul(&rows)
                    + DMatrix::from_diagonal(c)
                    + DMatrix::from_fn(size, size, |i, j| extra[(i, j)] * d[i] * d[j]);
                if whole.iter().any(|entry| !entry.is_finite()) {
                    return None;
                }
                let eigen = SymmetricEigen::try_new(whole, f64::EPSILON, 500)?;
                (v_t, stiffness) = (eigen.eigenvectors.transpose(), eigen.eigenvalues);
                along = &v_t * self.gradient.component_mul(d);
                least = stiffness.amax() * Self::ROUNDING;
            }
        }
        let rows = rows * v_t.transpose();
        Some(Scaled { rows, v_t, stiffness, along, least })
    }

    /// Relative size of a singular value below which an axis is rounding.
    const ROUNDING: f64 = 1e-15;
}

/// The quadratic in the coordinates of its axes.
pub(super) struct Scaled {
    /// `R D` by axis.
    rows: DMatrix<f64>,
    v_t: DMatrix<f64>,
    /// Second derivative along each axis; negative only where the rest of the Hessian is added.
    stiffness: DVector<f64>,
    /// The gradient along each axis.
    along: DVector<f64>,
    /// Stiffness below which an axis is rounding.
    least: f64,
}

impl Scaled {
    /// Share of the largest stiffness below which no slope along an axis is believed: differences carry about nine digits.
    const CREDIBLE: f64 = 1e-18;

    /// The reduction that a full step promises: half the squared Newton decrement (Boyd and Vandenberghe 2004, 9.5.1).
    /// Infinite where the quadratic falls without end.
    pub fn promise(&self) -> f64 {
        let least = (Self::CREDIBLE * self.stiffness.amax()).max(self.least);
        let each = self.stiffness.iter().zip(&self.along).map(|(stiffness, along)| match *stiffness {
            stiffness if stiffness > least => along * along / stiffness / 2.0,
            stiffness if stiffness < -least => f64::INFINITY,
            _ => 0.0,
        });
        each.sum()
    }

    /// The lowest point within `radius`, and the damping λ that holds it there.
    pub fn step(&self, radius: f64) -> (DVector<f64>, f64) {
        let closed = |(stiffness, along): (&f64, &f64)| {
            *stiffness > self.least || along.abs() <= self.least * radius && *stiffness >= -self.least
        };
        let full = self.solve(&self.along, 0.0);
        if self.stiffness.iter().zip(&self.along).all(closed) && full.norm() <= radius {
            return (self.v_t.tr_mul(&full), 0.0);
        }
        let damping = self.damping(radius);
        let mut within = self.solve(&self.along, damping);
        let room = radius * radius - within.norm_squared();
        let softest = self.stiffness.imin();
        if self.stiffness[softest] < -self.least && room > 0.02 * radius * radius {
            // The hard case: no slope along the axis of negative curvature; either way along it is downhill.
            within[softest] += -self.along[softest].signum() * room.sqrt();
        }
        (self.v_t.tr_mul(&within), damping)
    }

    /// The second-order part of a damped step, from the second derivatives of the weighted predictors along it,
    /// `[row]`, in the frame of [`Quadratic::project`].
    pub fn bend(&self, curvature: &DVector<f64>, damping: f64) -> DVector<f64> {
        let along = self.rows.tr_mul(curvature) / 2.0;
        self.v_t.tr_mul(&self.solve(&along, damping))
    }

    /// -(stiffness + λ)⁻¹ g on the axes.
    fn solve(&self, along: &DVector<f64>, damping: f64) -> DVector<f64> {
        DVector::from_fn(along.len(), |k, _| match self.stiffness[k] + damping {
            stiffness if stiffness <= self.least => 0.0,
            stiffness => -along[k] / stiffness,
        })
    }

    /// λ with ‖p(λ)‖ = radius.
    fn damping(&self, radius: f64) -> f64 {
        let length_and_slope = |lambda: f64| {
            let (mut square, mut slope) = (0.0, 0.0);
            for (stiffness, along) in self.stiffness.iter().zip(&self.along) {
                let stiffness = stiffness + lambda;
                if stiffness > 0.0 {
                    let part = along / stiffness;
                    square += part * part;
                    slope -= part * part / stiffness;
                }
            }
            (square.sqrt(), slope)
        };
        let lowest = (-self.stiffness.min()).max(0.0);
        let mut low = lowest;
        let mut high = lowest + self.along.norm() / radius;
        let mut lambda = low + (1e-3 * (high - low)).max(self.least);
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
            let middle = lowest + ((low - lowest) * (high - lowest)).sqrt().max(1e-3 * (high - lowest));
            lambda = if newton > low && newton < high { newton } else { middle };
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

    #[test]
    fn negative_curvature_is_followed_to_the_edge() {
        // -2 added to ∂²/∂y², with a slope along y and without.
        for slope in [0.5, 0.0] {
            let mut quadratic = quadratic();
            quadratic.rest[1] = slope;
            quadratic.target[1] = 0.0;
            quadratic.gradient[1] = slope;
            let corrected = quadratic.with_rest_of_hessian(&DMatrix::from_row_slice(2, 2, &[0.0, 0.0, 0.0, -2.0]));
            let (step, damping) = scaled(&corrected).step(1.0);
            assert!((step.norm() - 1.0).abs() < 0.02 && damping > 0.0, "{step}");
            for turn in 0..100 {
                let angle = std::f64::consts::TAU * turn as f64 / 100.0;
                let other = DVector::from_vec(vec![angle.cos(), angle.sin()]) * step.norm();
                assert!(corrected.change(&step) <= corrected.change(&other) + 2e-2, "{step}");
            }
            assert_eq!(scaled(&corrected).promise(), f64::INFINITY);
        }
    }
}
