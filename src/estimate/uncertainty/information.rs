//! The information about the parameters at an optimum, and the covariance it implies.

use super::bound_of;
use crate::estimate::{GroupKind, Infeasible, Linearisation, Parameter, Structured};
use nalgebra::{DMatrix, DVector, SymmetricEigen};

/// Where a covariance comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Expected (Fisher) information of the rows: the usual standard errors of nonlinear regression.
    Expected,
    /// Hessian of the negative log posterior at the optimum.
    Observed,
    /// Robust to noise that is correlated in time or of another shape than assumed.
    Sandwich,
}

/// Information about the search coordinates at a point. Parameters on a bound are held there.
#[derive(Clone, Debug)]
pub struct Information {
    pub source: Source,
    pub point: Vec<f64>,
    /// `[parameter, parameter]`, held parameters included.
    pub matrix: DMatrix<f64>,
    /// Whether a parameter is off its bounds, `[parameter]`.
    pub free: Vec<bool>,
    pub linearisation: Linearisation,
}

/// Covariance of the search coordinates.
#[derive(Clone, Debug)]
pub struct Covariance {
    pub source: Source,
    /// `[parameter, parameter]`; zero in the rows of parameters that are held or not identified.
    pub matrix: DMatrix<f64>,
    /// Off its bounds and informed in every direction, `[parameter]`.
    pub identified: Vec<bool>,
}

impl Information {
    /// Share of a normalised information below which a direction is not informed. The expected information of rows by
    /// central differences carries about nine digits of each row, its square eighteen; the Hessian by differences of
    /// gradients about seven.
    const LEAST_EXPECTED: f64 = 1e-13;
    const LEAST_OBSERVED: f64 = 1e-7;

    /// Expected information: `Σ information · J Jᵀ` over the rows.
    ///
    /// # Errors
    /// The point, or one beside it, is infeasible.
    pub fn expected<P: Structured + ?Sized>(problem: &P, point: &[f64]) -> Result<Self, Infeasible> {
        let linearisation = linearise(problem, point)?;
        let matrix = linearisation.information(|_| true);
        let free = off_bounds(problem.parameters(), point);
        Ok(Information { source: Source::Expected, point: point.to_vec(), matrix, free, linearisation })
    }

    /// Observed information.
    ///
    /// # Method
    /// Central differences of the gradient, made symmetric; a fiftieth of a standard error apart, at most a twentieth of a
    /// typical change. All gradients are asked for in one batch.
    /// # Source
    /// Efron and Hinkley (1978) for the use of the observed information.
    ///
    /// # Errors
    /// The point, or one beside it, is infeasible.
    pub fn observed<P: Structured + ?Sized>(problem: &P, point: &[f64]) -> Result<Self, Infeasible> {
        let mut information = Information::expected(problem, point)?;
        let parameters = problem.parameters();
        let size = parameters.len();
        let spacing: Vec<f64> = (0..size)
            .map(|k| {
                let (low, high) = parameters[k].search_bounds();
                let room = if information.free[k] { (point[k] - low).min(high - point[k]) } else { f64::INFINITY };
                let error = 1.0 / information.matrix[(k, k)].sqrt();
                (0.02 * error).min(0.05 * parameters[k].typical()).min(room / 2.0)
            })
            .collect();
        let free: Vec<usize> = (0..size).filter(|k| information.free[*k]).collect();
        let beside = |k: usize, by: f64| {
            let mut beside = point.to_vec();
            beside[k] += by;
            beside
        };
        let points: Vec<Vec<f64>> =
            free.iter().flat_map(|k| [1.0, -1.0].map(|s| beside(*k, s * spacing[*k]))).collect();
        let gradients = problem.linearise(&points).into_iter().map(|l| Ok(l?.gradient()));
        let gradients: Vec<DVector<f64>> = gradients.collect::<Result<_, Infeasible>>()?;
        let mut hessian = DMatrix::zeros(size, size);
        for (k, pair) in free.iter().zip(gradients.chunks(2)) {
            hessian.set_column(*k, &((&pair[0] - &pair[1]) / (2.0 * spacing[*k])));
        }
        information.matrix = (&hessian + hessian.transpose()) / 2.0;
        information.source = Source::Observed;
        Ok(information)
    }

    /// The inverse on the free parameters. Directions without information take the parameters that lie along them out.
    pub fn covariance(&self) -> Covariance {
        let size = self.free.len();
        let informed: Vec<usize> = (0..size).filter(|k| self.free[*k] && self.matrix[(*k, *k)] > 0.0).collect();
        let scale: Vec<f64> = informed.iter().map(|k| self.matrix[(*k, *k)].sqrt()).collect();
        let count = informed.len();
        let mut identified = vec![false; size];
        let mut matrix = DMatrix::zeros(size, size);
        if count == 0 {
            return Covariance { source: self.source, matrix, identified };
        }
        let normalised =
            DMatrix::from_fn(count, count, |i, j| self.matrix[(informed[i], informed[j])] / (scale[i] * scale[j]));
        let least = match self.source {
            Source::Observed => Self::LEAST_OBSERVED,
            Source::Expected | Source::Sandwich => Self::LEAST_EXPECTED,
        };
        let axes = SymmetricEigen::new(normalised);
        let known = |axis: usize| axes.eigenvalues[axis] > least;
        for (i, k) in informed.iter().enumerate() {
            // A parameter that a direction without information moves by more than rounding is not identified.
            identified[*k] = (0..count).all(|axis| known(axis) || axes.eigenvectors[(i, axis)].abs() < 1e-4);
        }
        for (i, row) in informed.iter().enumerate().filter(|(_, k)| identified[**k]) {
            for (j, column) in informed.iter().enumerate().filter(|(_, k)| identified[**k]) {
                let along = (0..count)
                    .filter(|axis| known(*axis))
                    .map(|axis| axes.eigenvectors[(i, axis)] * axes.eigenvectors[(j, axis)] / axes.eigenvalues[axis]);
                matrix[(*row, *column)] = along.sum::<f64>() / (scale[i] * scale[j]);
            }
        }
        Covariance { source: self.source, matrix, identified }
    }

    /// The covariance that allows for correlation of the data of a series over `lags` neighbours and for noise of another
    /// spread or shape than assumed.
    ///
    /// # Method
    /// `A⁻¹ B A⁻¹` with `A` this information and `B` the sum of products of the data's scores, neighbours within a
    /// series weighted by `1 - lag/(lags + 1)`, times n/(n - p). With `lags` zero it is White's.
    /// # Assumptions
    /// Many more data than parameters; scores far apart are independent. Priors count as fixed, not as data.
    /// # Fails when
    /// Data are few: the errors come out too small.
    /// # Source
    /// Huber (1967); White (1982), theorem 3.2; Newey and West (1987), eq. 5; the factor: MacKinnon and White (1985), HC1.
    pub fn sandwich<P: Structured + ?Sized>(&self, problem: &P, lags: usize) -> Covariance {
        let bread = self.covariance();
        let scores = scores(problem, &self.linearisation);
        let size = self.free.len();
        let mut filling = DMatrix::zeros(size, size);
        let mut count = 0;
        for series in &scores {
            count += series.len();
            for lag in 0..=lags.min(series.len().saturating_sub(1)) {
                let weight = 1.0 - lag as f64 / (lags + 1) as f64;
                for (early, late) in series.iter().zip(&series[lag..]) {
                    filling.ger(weight, early, late, 1.0);
                    if lag > 0 {
                        filling.ger(weight, late, early, 1.0);
                    }
                }
            }
        }
        let used = bread.identified.iter().filter(|identified| **identified).count();
        let correction = if count > used { count as f64 / (count - used) as f64 } else { f64::INFINITY };
        let matrix = &bread.matrix * filling * &bread.matrix * correction;
        Covariance { source: Source::Sandwich, matrix, identified: bread.identified }
    }
}

impl Covariance {
    /// Standard error of a search coordinate; `None` where it is held or not identified.
    pub fn standard_error(&self, parameter: usize) -> Option<f64> {
        let error = self.matrix[(parameter, parameter)].sqrt();
        (self.identified[parameter] && error.is_finite()).then_some(error)
    }

    /// Correlation of two estimates; `None` where one is held or not identified.
    pub fn correlation(&self, a: usize, b: usize) -> Option<f64> {
        Some((self.matrix[(a, b)] / (self.standard_error(a)? * self.standard_error(b)?)).clamp(-1.0, 1.0))
    }

    /// Multiplied by n/(n - p): the unbiased variance of regression instead of the maximum likelihood one, for `data`
    /// data and `parameters` parameters of the curves (noise scales not counted).
    pub fn for_few_data(mut self, data: usize, parameters: usize) -> Self {
        self.matrix *= data as f64 / data.saturating_sub(parameters) as f64;
        self
    }
}

fn linearise<P: Structured + ?Sized>(problem: &P, point: &[f64]) -> Result<Linearisation, Infeasible> {
    let missing = || Err(Infeasible::new("the objective returned fewer answers than points"));
    problem.linearise(&[point.to_vec()]).pop().unwrap_or_else(missing)
}

fn off_bounds(parameters: &[Parameter], point: &[f64]) -> Vec<bool> {
    parameters.iter().zip(point).map(|(parameter, at)| bound_of(parameter, *at).is_none()).collect()
}

/// The slope of each datum's negative log density, by series in order of time, `[series][datum][parameter]`.
fn scores<P: Structured + ?Sized>(problem: &P, linearisation: &Linearisation) -> Vec<Vec<DVector<f64>>> {
    let series = |group: &usize| problem.groups().get(*group).is_some_and(|group| group.kind == GroupKind::Series);
    let mut scores: Vec<Vec<(usize, DVector<f64>)>> = vec![Vec::new(); problem.groups().len()];
    for (row, term) in linearisation.terms.iter().enumerate().filter(|(_, term)| series(&term.group)) {
        let score = linearisation.jacobian.row(row).transpose() * term.slope;
        let of_series = &mut scores[term.group];
        match of_series.iter_mut().find(|(datum, _)| *datum == term.datum) {
            Some((_, sum)) => *sum += score,
            None => of_series.push((term.datum, score)),
        }
    }
    scores
        .into_iter()
        .map(|mut series| {
            series.sort_by_key(|(datum, _)| *datum);
            series.into_iter().map(|(_, score)| score).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::known::{NIST, Regression, Residuals, digits, straight_line};
    use crate::estimate::optimise::{TrustRegion, run};
    use crate::estimate::{Parameter, Problem, Transform};
    use crate::random::Stream;
    use std::sync::atomic::AtomicBool;

    pub(super) fn optimum<P: Structured>(problem: &P) -> Vec<f64> {
        let start: Vec<f64> = problem.parameters().iter().map(|parameter| parameter.search(parameter.start)).collect();
        run(problem, TrustRegion::default(), &start, 500, &AtomicBool::new(false)).point
    }

    #[test]
    fn certified_standard_errors_from_the_hard_start() {
        for certified in &NIST {
            let problem = certified.problem(1);
            let point = optimum(&problem);
            let count = certified.rows.len();
            let covariance = Information::expected(&problem, &point).unwrap().covariance();
            let covariance = covariance.for_few_data(certified.data.len(), count);
            let errors: Vec<f64> = (0..count).map(|k| covariance.standard_error(k).unwrap()).collect();
            let order = certified.certified_positions(&problem.natural(&point));
            for (row, position) in certified.rows.iter().zip(order) {
                assert!(digits(errors[position], row[3]) >= 4.5, "{}: {errors:?}", certified.name);
            }
        }
    }

    #[test]
    fn observed_information_is_the_hessian() {
        // Rosenbrock's Hessian at (1, 1) in the scaling of `known`: [[802, -400], [-400, 200]].
        let problem = crate::estimate::known::rosenbrock();
        let information = Information::observed(&problem, &[1.0, 1.0]).unwrap();
        for ((i, j), exact) in [((0, 0), 802.0), ((0, 1), -400.0), ((1, 0), -400.0), ((1, 1), 200.0)] {
            assert!((information.matrix[(i, j)] / exact - 1.0).abs() < 1e-4, "{}", information.matrix);
        }
    }

    #[test]
    fn what_no_datum_informs_has_no_standard_error() {
        // Two factors of one product, a parameter that occurs nowhere, and one that is well known.
        let log = |name| Parameter::new(name, 2.0).within(1e-6, 1e6).on(Transform::Log);
        let parameters = vec![log("a"), log("b"), Parameter::new("idle", 1.0), Parameter::new("known", 1.0)];
        let problem =
            Residuals::new(parameters, |p| (0..9).map(|k| (p[0] + p[1]).exp() * f64::from(k) + p[3] - 1.0).collect());
        for information in [
            Information::expected(&problem, &[0.0, 0.0, 1.0, 1.0]),
            Information::observed(&problem, &[0.0, 0.0, 1.0, 1.0]),
        ] {
            let covariance = information.unwrap().covariance();
            assert_eq!(covariance.identified, [false, false, false, true]);
            assert!(covariance.standard_error(0).is_none() && covariance.standard_error(3).is_some());
            assert!(covariance.correlation(0, 3).is_none());
        }
    }

    #[test]
    fn a_parameter_on_its_bound_is_held_and_the_rest_is_as_if_it_were_known() {
        let data: Vec<(f64, f64)> =
            (0..20).map(|k| (f64::from(k), 1.0 - 0.5 * f64::from(k) + f64::from(k % 3))).collect();
        let bounded = |slope: Parameter| {
            Regression::new(vec![Parameter::new("level", 1.0), slope], &data, |x, b| b[0] + b[1] * x)
        };
        let problem = bounded(Parameter::new("slope", 0.5).within(0.0, 1.0));
        let point = optimum(&problem);
        assert_eq!(point[1], 0.0);
        let covariance = Information::observed(&problem, &point).unwrap().covariance();
        assert_eq!(covariance.identified, [true, false, true]);
        // The level alone: s/√n.
        let scale = problem.natural(&point)[2];
        assert!((covariance.standard_error(0).unwrap() / (scale / 20f64.sqrt()) - 1.0).abs() < 1e-5);
    }

    /// Standard deviation of the slope of a straight line over 300 samples with AR(1) noise, against the mean of the
    /// standard errors by the model that takes the noise as independent, and by the sandwich.
    #[test]
    fn the_sandwich_allows_for_noise_correlated_in_time() {
        let (mut slopes, mut naive, mut robust) = (Vec::new(), 0.0, 0.0);
        let replications = 300;
        for replication in 0..replications {
            let mut stream = Stream::new(3, replication);
            let mut noise = 0.0;
            let data: Vec<(f64, f64)> = (0..800)
                .map(|k| {
                    noise = 0.6 * noise + stream.normal();
                    (f64::from(k) / 400.0 - 1.0, noise)
                })
                .collect();
            let problem = straight_line(&data);
            let point = optimum(&problem);
            let information = Information::expected(&problem, &point).unwrap();
            slopes.push(point[1]);
            naive += information.covariance().standard_error(1).unwrap() / replications as f64;
            robust += information.sandwich(&problem, 25).standard_error(1).unwrap() / replications as f64;
        }
        let mean = slopes.iter().sum::<f64>() / slopes.len() as f64;
        let spread = (slopes.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / slopes.len() as f64).sqrt();
        assert!(naive / spread < 0.6, "{naive} {spread}");
        assert!((0.85..1.1).contains(&(robust / spread)), "{robust} {spread}");
    }

    #[test]
    fn infeasible_points_are_told() {
        let mut problem = crate::estimate::known::rosenbrock();
        problem.forbidden = |_| true;
        assert_eq!(Information::observed(&problem, &[1.0, 1.0]).unwrap_err().why, "forbidden");
        assert_eq!(problem.dimension(), 2);
    }
}
