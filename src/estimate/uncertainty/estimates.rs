//! The rows of a table of estimates, in natural units.

use super::Covariance;
use crate::estimate::{Finding, Parameter, Transform};
use crate::random::{Distribution, normal_quantile};
use serde::{Deserialize, Serialize};

/// The bound an estimate lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Bound {
    Lower,
    Upper,
}

/// An estimate with its uncertainty; numbers in the parameter's unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub name: String,
    pub meaning: String,
    pub unit: String,
    pub prior: String,
    pub value: f64,
    /// By the delta method; `None` where the parameter is held on a bound or not identified.
    pub standard_error: Option<f64>,
    /// Ends of the interval, transformed from the search coordinate and so within the bounds.
    pub interval: Option<(f64, f64)>,
    pub at_bound: Option<Bound>,
    /// Informed in every direction; false too for a parameter held on a bound.
    pub identified: bool,
}

impl Estimate {
    /// That the estimate lies on a bound, if it does.
    pub fn finding(&self) -> Option<Finding> {
        self.at_bound.map(|bound| Finding::AtBound { parameter: self.name.clone(), bound, value: self.value })
    }
}

/// The end of bounds or prior that a search coordinate lies on, to a millionth of a typical change (of the width, for log
/// odds).
pub fn bound_of(parameter: &Parameter, at: f64) -> Option<Bound> {
    let (at, (low, high), room) = match parameter.transform {
        Transform::Logit => (parameter.natural(at), parameter.limits(), parameter.upper - parameter.lower),
        Transform::Identity | Transform::Log => {
            let (low, high) = parameter.search_bounds();
            (at, (low, high), parameter.typical().min(high - low))
        }
    };
    match 1e-6 * room {
        room if at - low <= room => Some(Bound::Lower),
        room if high - at <= room => Some(Bound::Upper),
        _ => None,
    }
}

/// A row for each parameter, with intervals that hold the truth with probability `level` if the covariance does.
///
/// `degrees` of freedom, where given, make the intervals Student's instead of normal.
pub fn estimates(
    parameters: &[Parameter],
    point: &[f64],
    covariance: &Covariance,
    level: f64,
    degrees: Option<f64>,
) -> Vec<Estimate> {
    let share = (1.0 + level.clamp(0.0, 1.0 - 1e-12)) / 2.0;
    let width = degrees.map_or_else(
        || normal_quantile(share),
        |degrees| Distribution::StudentT { degrees, location: 0.0, scale: 1.0 }.quantile(share),
    );
    let row = |(index, (parameter, &at)): (usize, (&Parameter, &f64))| {
        let error = covariance.standard_error(index);
        Estimate {
            name: parameter.name.clone(),
            meaning: parameter.meaning.clone(),
            unit: parameter.unit.clone(),
            prior: parameter.prior.to_string(),
            value: parameter.natural(at),
            standard_error: error.map(|error| error * parameter.natural_slopes(at).0.abs()),
            interval: error.map(|e| (parameter.natural(at - width * e), parameter.natural(at + width * e))),
            at_bound: bound_of(parameter, at),
            identified: covariance.identified[index],
        }
    };
    parameters.iter().zip(point).enumerate().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Prior;
    use crate::estimate::known::{Regression, straight_line};
    use crate::estimate::optimise::{TrustRegion, run};
    use crate::estimate::uncertainty::Information;
    use crate::random::Stream;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn bounds_are_recognised_in_each_coordinate() {
        let level = Parameter::new("level", 5.0).within(0.0, 10.0);
        let rate = Parameter::new("rate", 1.0).within(1e-3, 10.0).on(Transform::Log);
        let share = Parameter::new("share", 0.5).within(0.0, 1.0).on(Transform::Logit);
        let open = Parameter::new("open", 1.0).within(0.0, f64::INFINITY).on(Transform::Log);
        // Ends that only the prior knows.
        let whole = Box::new(Prior::Normal { mean: 0.5, sd: 0.1 });
        let prior = Prior::Truncated { prior: whole, lower: 0.2, upper: 0.7 };
        let cut = Parameter::new("cut", 0.5).within(0.0, 1.0).on(Transform::Logit).believed(prior);
        let half = Parameter::new("half", 0.5).believed(Prior::HalfNormal { sd: 1.0 });
        for (parameter, natural, expected) in [
            (&level, 0.0, Some(Bound::Lower)),
            (&level, 1e-3, None),
            (&rate, 10.0, Some(Bound::Upper)),
            (&rate, 1e-3, Some(Bound::Lower)),
            (&rate, 9.99, None),
            (&share, 1e-9, Some(Bound::Lower)),
            (&share, 0.999, None),
            (&open, 1e-30, None),
            (&cut, 0.2, Some(Bound::Lower)),
            (&cut, 0.3, None),
            (&half, 0.0, Some(Bound::Lower)),
        ] {
            assert_eq!(bound_of(parameter, parameter.search(natural)), expected, "{} {natural}", parameter.name);
        }
    }

    /// Intervals of a line's slope, level and noise over 1000 samples of 12 data.
    #[test]
    fn intervals_cover_at_their_level() {
        let replications = 1000;
        let mut covered = [0; 2];
        for replication in 0..replications {
            let mut stream = Stream::new(11, replication);
            let data: Vec<(f64, f64)> =
                (0..12).map(|k| (f64::from(k), 1.0 + 0.5 * f64::from(k) + 2.0 * stream.normal())).collect();
            let problem: Regression = straight_line(&data);
            let start = [1.0, 0.5, 0.7];
            let point = run(&problem, TrustRegion::default(), &start, 100, &AtomicBool::new(false)).point;
            let covariance = Information::expected(&problem, &point).unwrap().covariance().for_few_data(12, 2);
            let rows = estimates(&problem.parameters, &point, &covariance, 0.95, Some(10.0));
            for (index, truth) in [1.0, 0.5].into_iter().enumerate() {
                let (low, high) = rows[index].interval.unwrap();
                covered[index] += usize::from(low <= truth && truth <= high);
            }
        }
        // Exact for a line; 0.95 ± three binomial standard errors.
        for covered in covered {
            let share = covered as f64 / replications as f64;
            assert!((share - 0.95).abs() < 3.0 * (0.05 * 0.95 / replications as f64).sqrt(), "{share}");
        }
    }

    #[test]
    fn intervals_follow_the_transform_and_stay_within_bounds() {
        let rate = Parameter::new("rate", 1.0).within(1e-3, 2.5).on(Transform::Log);
        let covariance = Covariance {
            source: crate::estimate::uncertainty::Source::Expected,
            matrix: nalgebra::DMatrix::from_element(1, 1, 0.25),
            identified: vec![true],
        };
        let row = &estimates(&[rate], &[0.0], &covariance, 0.95, None)[0];
        let (low, high) = row.interval.unwrap();
        assert_eq!((row.value, row.standard_error, high), (1.0, Some(0.5), 2.5));
        assert!((low - (-0.5 * 1.959963984540054f64).exp()).abs() < 1e-12);
    }
}
