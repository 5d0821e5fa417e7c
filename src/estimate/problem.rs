//! What an estimator is given: parameters, and a negative log posterior that it may ask for at many points at once.
//!
//! Points are in SEARCH coordinates, one per parameter ([`Parameter::search`]): a box, mostly unbounded or scale-free.
//! The posterior is the density of the NATURAL values, so that the maximum does not depend on the transform; samplers add
//! the log-Jacobian themselves. A point that cannot be evaluated is a fact to report, not a failure.

use super::Parameter;
use super::difference::{gradients_by_differences, linearise_by_differences};
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Why a point has no posterior: the run broke off, a value was not finite, a prior excludes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Infeasible {
    pub why: Cow<'static, str>,
}

impl Infeasible {
    pub fn new(why: impl Into<Cow<'static, str>>) -> Self {
        Infeasible { why: why.into() }
    }
}

/// A negative log posterior in its two parts, full constants included; dimensionless.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NegativeLog {
    pub likelihood: f64,
    /// Of the natural parameters; zero where the priors are flat.
    pub prior: f64,
}

impl NegativeLog {
    pub fn posterior(&self) -> f64 {
        self.likelihood + self.prior
    }
}

/// The cube root of the machine epsilon: the relative spacing of central differences of an exact function.
pub(super) const EXACT: f64 = 6.055454452393343e-6;

/// The objective at one point.
pub type Evaluation = Result<NegativeLog, Infeasible>;

/// The objective and its slope by search coordinate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slope {
    pub value: NegativeLog,
    /// Of the negative log posterior, `[parameter]`.
    pub gradient: Vec<f64>,
}

/// A posterior over parameters.
///
/// Implementors must return one answer per point, in order, and the same answer for the same point whatever else is in
/// the batch: every guarantee about threads and interruption rests on that. Non-finite values are `Infeasible`.
pub trait Problem: Sync {
    fn parameters(&self) -> &[Parameter];

    /// The objective at each of `points`, `[point][parameter]`.
    fn evaluate(&self, points: &[Vec<f64>]) -> Vec<Evaluation>;

    /// The objective and its gradient at each point; by central differences unless overridden.
    fn gradients(&self, points: &[Vec<f64>]) -> Vec<Result<Slope, Infeasible>> {
        gradients_by_differences(self, points)
    }

    /// Half the distance between the two points of a central difference along `parameter`, around coordinate `at`.
    ///
    /// The default balances truncation against rounding of a function known to full precision: the cube root of the
    /// machine epsilon, in units of the coordinate (Dennis and Schnabel 1983, section 5.4). An objective that carries
    /// integration error states a larger one.
    fn spacing(&self, parameter: usize, at: f64) -> f64 {
        let typical = self.parameters().get(parameter).map_or(1.0, Parameter::typical);
        EXACT * at.abs().max(typical)
    }

    fn dimension(&self) -> usize {
        self.parameters().len()
    }
}

/// One row of a posterior that is a sum: the negative log density of a datum (or a prior) as a function of one predicted
/// quantity η, which in turn depends on the parameters.
///
/// A datum whose location and scale both depend on the parameters gives two rows with one `datum` number. Rows of a datum
/// must be orthogonal in expectation, as location and log scale are. For a normal datum `y`, prediction `m`, scale `s`:
///
/// | η     | value                               | slope        | information |
/// |-------|-------------------------------------|--------------|-------------|
/// | m     | ((y - m)/s)²/2 + ln s + ln(2π)/2    | -(y - m)/s²  | 1/s²        |
/// | ln s  | 0 (counted above)                   | 1 - ((y-m)/s)² | 2         |
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// Index into [`Structured::groups`].
    pub group: usize,
    /// Number of the datum within its group, in order of time; the scores of its rows are added.
    pub datum: usize,
    /// η.
    pub predictor: f64,
    /// Contribution to the negative log posterior; the values of all rows add up to it.
    pub value: f64,
    /// ∂ value of the datum / ∂ η.
    pub slope: f64,
    /// Expected (Fisher) information about η, not negative.
    pub information: f64,
}

impl Term {
    /// The row of a standardised residual: value `r²/2`, the classical least-squares form without constants.
    pub fn residual(group: usize, datum: usize, residual: f64) -> Self {
        Term { group, datum, predictor: residual, value: residual * residual / 2.0, slope: residual, information: 1.0 }
    }
}

/// What a group of rows is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GroupKind {
    /// Data of one series.
    Series,
    /// Densities of parameters.
    Prior,
}

/// A series, or the priors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub name: String,
    pub kind: GroupKind,
}

/// The rows of a posterior and the slopes of their predictors.
#[derive(Clone, Debug, PartialEq)]
pub struct Linearisation {
    pub terms: Vec<Term>,
    /// ∂ η / ∂ search coordinate, `[term, parameter]`.
    pub jacobian: DMatrix<f64>,
}

impl Linearisation {
    /// Of the negative log posterior, `[parameter]`.
    pub fn gradient(&self) -> DVector<f64> {
        let mut gradient = DVector::zeros(self.jacobian.ncols());
        for (row, term) in self.terms.iter().enumerate() {
            for parameter in 0..gradient.len() {
                gradient[parameter] += term.slope * self.jacobian[(row, parameter)];
            }
        }
        gradient
    }

    /// Expected information of the rows that `keep` lets through, `[parameter, parameter]`.
    pub fn information(&self, mut keep: impl FnMut(&Term) -> bool) -> DMatrix<f64> {
        let size = self.jacobian.ncols();
        let mut information = DMatrix::zeros(size, size);
        for (row, term) in self.terms.iter().enumerate().filter(|(_, term)| keep(term)) {
            for i in 0..size {
                for j in 0..=i {
                    information[(i, j)] += term.information * self.jacobian[(row, i)] * self.jacobian[(row, j)];
                }
            }
        }
        for i in 0..size {
            for j in 0..i {
                information[(j, i)] = information[(i, j)];
            }
        }
        information
    }
}

/// A problem that shows the rows it is the sum of, and so supports least squares, sandwich errors and the question which
/// series informs which parameter.
pub trait Structured: Problem {
    /// The series, and the priors last if there are any.
    fn groups(&self) -> &[Group];

    /// Parameters whose search coordinate is the logarithm of a noise scale: a solver may move them by the closed form that
    /// holds for normal noise instead of by the slope alone.
    fn log_scales(&self) -> Vec<usize> {
        Vec::new()
    }

    /// Points with the parameters that act on data alone, such as scales, moved to their best given the others, so that
    /// points can be compared; `None` where the problem does not know how.
    fn settled(&self, _points: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
        None
    }

    /// The rows at each point. Their number and order do not depend on the point.
    fn terms(&self, points: &[Vec<f64>]) -> Vec<Result<Vec<Term>, Infeasible>>;

    /// Rows and their Jacobian at each point; by central differences of the predictors unless overridden.
    fn linearise(&self, points: &[Vec<f64>]) -> Vec<Result<Linearisation, Infeasible>> {
        linearise_by_differences(self, points)
    }
}

/// Adds rows up to the value of the objective: what `evaluate` of a structured problem returns.
pub fn evaluation(groups: &[Group], terms: &[Term]) -> Evaluation {
    let mut value = NegativeLog::default();
    for term in terms {
        match groups.get(term.group).map(|group| group.kind) {
            Some(GroupKind::Prior) => value.prior += term.value,
            _ => value.likelihood += term.value,
        }
    }
    if value.posterior().is_finite() { Ok(value) } else { Err(Infeasible::new("the likelihood is not finite")) }
}

/// The rows of the priors at a point, η being the search coordinate itself; parameters with flat priors have none.
///
/// # Errors
/// Names the parameter whose prior excludes the point.
pub fn prior_terms(parameters: &[Parameter], point: &[f64], group: usize) -> Result<Vec<Term>, Infeasible> {
    let mut terms = Vec::new();
    for (datum, (parameter, &at)) in parameters.iter().zip(point).enumerate().filter(|(_, (p, _))| !p.prior.is_flat()) {
        let x = parameter.natural(at);
        let log_density = parameter.prior.log_density(x);
        let (first, second) = parameter.prior.log_density_slopes(x);
        if !(log_density.is_finite() && first.is_finite() && second.is_finite()) {
            return Err(Infeasible::new(format!("the prior of {} excludes {x}", parameter.name)));
        }
        let (dx, ddx) = parameter.natural_slopes(at);
        terms.push(Term {
            group,
            datum,
            predictor: at,
            value: -log_density,
            slope: -first * dx,
            information: (-(second * dx * dx + first * ddx)).max(0.0),
        });
    }
    Ok(terms)
}
