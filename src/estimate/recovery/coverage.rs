//! Estimates of data drawn at a known point, and how often each kind of interval holds it.

use super::Drawn;
use crate::estimate::fit::Coverage;
use crate::estimate::optimise::{Ended, Optimum, TrustRegion, run};
use crate::estimate::uncertainty::{Information, Profiler};
use crate::random::{Stream, normal_quantile};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// A recovery study.
///
/// # Method
/// Data are drawn at the truth and estimated again, each by a search from the truth: it asks what the design can tell, not
/// whether the search finds it. Intervals are those of the observed information (expected where that fails) and, on request,
/// of the profile likelihood.
/// # Cost
/// A warm search a replication; some thirty more a parameter where profiles are asked for. Replication k depends on the seed
/// and k alone.
/// # Source
/// Morris, White and Crowther (2019) for the design of such studies and the error of the shares.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    pub replications: usize,
    /// Probability with which an interval should hold the truth.
    pub level: f64,
    pub profiles: bool,
    pub seed: u64,
    /// Iterations of each search.
    pub iterations: u64,
}

impl Default for Recovery {
    fn default() -> Self {
        Recovery { replications: 200, level: 0.95, profiles: false, seed: 1, iterations: 200 }
    }
}

/// A kind of interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    Information,
    Profile,
}

/// One set of drawn data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replication {
    pub number: usize,
    pub optimum: Optimum,
    /// Intervals of the search coordinates, `[parameter]`; `None` where a parameter is on its bound or not identified.
    pub information: Vec<Option<(f64, f64)>>,
    /// Empty unless asked for; an open side is infinite.
    pub profile: Vec<(f64, f64)>,
}

/// The replications made so far; all that is needed to go on after an interruption.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recovered {
    /// Search coordinates, `[parameter]`.
    pub truth: Vec<f64>,
    pub replications: BTreeMap<usize, Replication>,
    /// Replications for which no data could be drawn.
    pub undrawn: usize,
}

impl Recovery {
    /// Goes on from what is `done` until every replication is made or `stop` is raised.
    pub fn run<P: Drawn>(
        &self,
        problem: &P,
        truth: &[f64],
        done: Recovered,
        stop: &AtomicBool,
        report: &(dyn Fn(usize) + Sync),
    ) -> Recovered {
        let missing: Vec<usize> =
            (0..self.replications).filter(|number| !done.replications.contains_key(number)).collect();
        let made: Vec<Option<Replication>> = missing
            .into_par_iter()
            .filter(|_| !stop.load(Ordering::Relaxed))
            .map(|number| self.replicate(problem, truth, number, stop))
            .inspect(|replication| replication.iter().for_each(|replication| report(replication.number)))
            .collect();
        let kept = made.iter().flatten().filter(|replication| replication.optimum.ended != Ended::Interrupted);
        let kept = kept.map(|replication| (replication.number, replication.clone()));
        Recovered {
            truth: truth.to_vec(),
            undrawn: made.iter().filter(|replication| replication.is_none()).count(),
            replications: done.replications.into_iter().chain(kept).collect(),
        }
    }

    fn replicate<P: Drawn>(&self, problem: &P, truth: &[f64], number: usize, stop: &AtomicBool) -> Option<Replication> {
        let drawn = problem.drawn(truth, &mut Stream::new(self.seed, number as u64)).ok()?;
        let optimum = run(&drawn, TrustRegion::default(), truth, self.iterations, stop);
        let size = truth.len();
        let information = Information::observed(&drawn, &optimum.point)
            .or_else(|_| Information::expected(&drawn, &optimum.point))
            .map(|information| information.covariance());
        let Ok(covariance) = information else {
            return Some(Replication { number, optimum, information: vec![None; size], profile: Vec::new() });
        };
        let width = normal_quantile((1.0 + self.level) / 2.0);
        let interval = |k: usize| {
            let error = covariance.standard_error(k)?;
            Some((optimum.point[k] - width * error, optimum.point[k] + width * error))
        };
        let information = (0..size).map(interval).collect();
        let profile = if self.profiles {
            let profiler = Profiler { level: self.level, ..Profiler::default() };
            let all: Vec<usize> = (0..size).collect();
            let profiles = profiler.run(&drawn, &optimum.point, &covariance, &all, stop);
            profiles.iter().map(|profile| profile.interval()).collect()
        } else {
            Vec::new()
        };
        Some(Replication { number, optimum, information, profile })
    }
}

impl Recovered {
    /// How often the intervals of a kind held the truth of a parameter; replications without an interval are left out.
    pub fn coverage(&self, kind: Kind, parameter: usize) -> Coverage {
        let truth = self.truth.get(parameter).copied().unwrap_or(f64::NAN);
        let intervals = self.replications.values().filter_map(|replication| match kind {
            Kind::Information => replication.information.get(parameter).copied().flatten(),
            Kind::Profile => replication.profile.get(parameter).copied(),
        });
        let intervals: Vec<(f64, f64, f64)> = intervals.map(|(low, high)| (low, high, truth)).collect();
        Coverage::of(&intervals)
    }

    /// Mean and standard deviation of the errors of a parameter's search coordinate.
    pub fn errors(&self, parameter: usize) -> (f64, f64) {
        let errors: Vec<f64> =
            self.replications.values().map(|r| r.optimum.point[parameter] - self.truth[parameter]).collect();
        let count = errors.len() as f64;
        let mean = errors.iter().sum::<f64>() / count;
        (mean, (errors.iter().map(|e| (e - mean) * (e - mean)).sum::<f64>() / (count - 1.0)).sqrt())
    }
}
