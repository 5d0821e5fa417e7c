//! The profile likelihood of one parameter: how much worse the best fit becomes as it is moved away from its estimate.

use super::{Bound, Covariance, Fixed};
use crate::estimate::optimise::{Ended, TrustRegion, run};
use crate::estimate::{Finding, Problem, Structured, Transform};
use crate::random::chi_square;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};

/// What one side of a profile says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Verdict {
    /// The fit becomes worse by the threshold at this search coordinate: an end of the interval.
    Closed(f64),
    /// The bound is reached first: the data do not exclude it.
    Bound(f64),
    /// The fit does not become worse by the threshold within reach: the data do not limit the parameter on this side.
    Flat,
    /// Beyond the last point no fit could be evaluated.
    Cut,
    /// The stop flag was raised.
    Interrupted,
}

/// A point of the path: the best fit with the parameter held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProfilePoint {
    /// Search coordinate of the profiled parameter.
    pub at: f64,
    /// Rise of the negative log posterior above the optimum.
    pub rise: f64,
    /// All search coordinates, `[parameter]`.
    pub point: Vec<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Side {
    pub verdict: Verdict,
    /// Outwards, without the optimum.
    pub path: Vec<ProfilePoint>,
}

/// Both sides of a parameter's profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    pub parameter: usize,
    pub below: Side,
    pub above: Side,
    /// Rise at which a side closes.
    pub threshold: f64,
    /// A point that turned out better than the optimum: the search for the optimum has to go on from it.
    pub better: Option<ProfilePoint>,
}

impl Profile {
    /// Ends of the interval in search coordinates, infinite where a side is open; bounds count as ends.
    pub fn interval(&self) -> (f64, f64) {
        let end = |side: &Side, open: f64| match side.verdict {
            Verdict::Closed(at) | Verdict::Bound(at) => at,
            _ => open,
        };
        (end(&self.below, f64::NEG_INFINITY), end(&self.above, f64::INFINITY))
    }

    /// Sides that the data leave open, and a better optimum come upon, for the parameter's `name`.
    pub fn findings(&self, name: &str) -> Vec<Finding> {
        let better =
            self.better.iter().map(|point| Finding::BetterOptimum { parameter: name.to_owned(), fall: -point.rise });
        let sides = [(&self.below, Bound::Lower), (&self.above, Bound::Upper)];
        let open = sides.into_iter().filter(|(side, _)| matches!(side.verdict, Verdict::Flat | Verdict::Bound(_)));
        better.chain(open.map(|(_, side)| Finding::ProfileOpen { parameter: name.to_owned(), side })).collect()
    }

    /// Rises from below to above, the optimum at `estimate` included: `(search coordinate, rise)`.
    pub fn curve(&self, estimate: f64) -> Vec<(f64, f64)> {
        let below = self.below.path.iter().rev().map(|point| (point.at, point.rise));
        let above = self.above.path.iter().map(|point| (point.at, point.rise));
        below.chain(std::iter::once((estimate, 0.0))).chain(above).collect()
    }
}

/// Settings of profiles.
///
/// # Method
/// The parameter is moved outwards in steps that raise the root of twice the rise by about a third each; at every step the
/// others are optimised again, from the line through the last two points. Where the threshold is crossed the end is found by
/// false position on that root.
/// # Order, cost
/// Ten to fifteen warm searches a side; parameters and sides run in parallel.
/// # Assumptions
/// A single optimum, from which the constrained optima change continuously.
/// # Fails when
/// The path jumps to another valley (the rise is then an upper limit) or a better optimum exists (reported).
/// # Source
/// Venzon and Moolgavkar (1988); Murphy and van der Vaart (2000) for the threshold; Raue et al. (2009) for flat sides.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profiler {
    /// Probability that the interval holds the truth.
    pub level: f64,
    /// Points of a side at most.
    pub points: usize,
    /// Iterations of each search.
    pub iterations: u64,
    /// How far an unbounded side is followed, in typical changes (for logarithms and log odds: units).
    pub reach: f64,
}

impl Default for Profiler {
    fn default() -> Self {
        Profiler { level: 0.95, points: 60, iterations: 60, reach: 20.0 }
    }
}

impl Profiler {
    /// Increase of the root of twice the rise that a step aims at.
    const STRIDE: f64 = 0.35;
    /// Error of the rise at an end.
    const PRECISION: f64 = 1e-3;
    /// Fall below the optimum that counts as a better point, not as rounding.
    const BETTER: f64 = 1e-3;

    /// Half the chi-square quantile with one degree of freedom: 1.92 at 95 %.
    pub fn threshold(&self) -> f64 {
        chi_square(1.0).quantile(self.level.clamp(0.0, 1.0 - 1e-12)) / 2.0
    }

    /// Profiles of the given parameters around an optimum; `covariance` sets the first steps.
    pub fn run<P: Structured + ?Sized>(
        &self,
        problem: &P,
        optimum: &[f64],
        covariance: &Covariance,
        parameters: &[usize],
        stop: &AtomicBool,
    ) -> Vec<Profile> {
        let Some(height) = problem.evaluate(&[optimum.to_vec()]).pop().and_then(Result::ok) else {
            return Vec::new();
        };
        let sides: Vec<(usize, f64)> = parameters.iter().flat_map(|k| [(*k, -1.0), (*k, 1.0)]).collect();
        let traced: Vec<Side> = sides
            .into_par_iter()
            .map(|(parameter, direction)| {
                let error = covariance.standard_error(parameter);
                let walk =
                    Walk { settings: self, problem, optimum, height: height.posterior(), parameter, direction, stop };
                walk.trace(error)
            })
            .collect();
        let profile = |(parameter, sides): (&usize, &[Side])| {
            let lowest = sides.iter().flat_map(|side| &side.path).min_by(|a, b| a.rise.total_cmp(&b.rise));
            Profile {
                parameter: *parameter,
                below: sides[0].clone(),
                above: sides[1].clone(),
                threshold: self.threshold(),
                better: lowest.filter(|point| point.rise < -Self::BETTER).cloned(),
            }
        };
        parameters.iter().zip(traced.chunks(2)).map(profile).collect()
    }
}

/// The way along one side.
struct Walk<'a, P: ?Sized> {
    settings: &'a Profiler,
    problem: &'a P,
    optimum: &'a [f64],
    height: f64,
    parameter: usize,
    /// -1 or 1.
    direction: f64,
    stop: &'a AtomicBool,
}

impl<P: Structured + ?Sized> Walk<'_, P> {
    fn trace(&self, error: Option<f64>) -> Side {
        let parameter = &self.problem.parameters()[self.parameter];
        let (low, high) = parameter.search_bounds();
        let origin = self.optimum[self.parameter];
        let bound = if self.direction < 0.0 { low } else { high };
        let reach = match parameter.transform {
            Transform::Log | Transform::Logit => self.settings.reach,
            Transform::Identity => self.settings.reach * parameter.typical(),
        };
        let far = if bound.is_finite() { (bound - origin).abs() } else { reach.max(40.0 * error.unwrap_or(0.0)) };
        let threshold = self.settings.threshold();
        let mut path: Vec<ProfilePoint> = Vec::new();
        let end = |verdict, path| Side { verdict, path };
        if far <= 0.0 {
            return end(Verdict::Bound(bound), path);
        }
        let mut step = (error.unwrap_or(0.1 * parameter.typical()) * Profiler::STRIDE).min(far);
        while path.len() < self.settings.points {
            if self.stop.load(Ordering::Relaxed) {
                return end(Verdict::Interrupted, path);
            }
            let (gone, risen) = path.last().map_or((0.0, 0.0), |last| ((last.at - origin).abs(), root(last.rise)));
            let target = if gone + step >= far * (1.0 - 1e-9) { far } else { gone + step };
            let at = if target == far && bound.is_finite() { bound } else { origin + self.direction * target };
            let Some(point) = self.fit(at, &path) else {
                step /= 4.0;
                if step < 1e-3 * far.min(error.unwrap_or(far)) {
                    return end(Verdict::Cut, path);
                }
                continue;
            };
            let gain = root(point.rise) - risen;
            if point.rise > threshold && gain > 3.0 * Profiler::STRIDE && point.rise > 4.0 * threshold {
                // Too far at once: the path to the end would be lost.
                step /= 4.0;
                continue;
            }
            let crossed = point.rise >= threshold;
            path.push(point);
            if crossed {
                let at = self.close(&mut path, threshold);
                return end(Verdict::Closed(at), path);
            }
            if target == far {
                let verdict = if bound.is_finite() { Verdict::Bound(bound) } else { Verdict::Flat };
                return end(verdict, path);
            }
            step = (target - gone) * (Profiler::STRIDE / gain.max(1e-6)).clamp(0.4, 2.5);
        }
        end(Verdict::Flat, path)
    }

    /// The best fit with the parameter at `at`; `None` where none can be evaluated.
    fn fit(&self, at: f64, path: &[ProfilePoint]) -> Option<ProfilePoint> {
        let fixed = Fixed::new(self.problem, self.parameter, at);
        let without = |point: &[f64]| {
            let mut point = point.to_vec();
            point.remove(self.parameter);
            point
        };
        let last = path.last().map_or(self.optimum, |last| &last.point);
        let before = path.len().checked_sub(2).map_or(self.optimum, |k| &path[k].point);
        let travelled = last[self.parameter] - before[self.parameter];
        let ahead = if travelled == 0.0 { 0.0 } else { (at - last[self.parameter]) / travelled };
        let line: Vec<f64> = last.iter().zip(before).map(|(last, before)| last + ahead * (last - before)).collect();
        if fixed.dimension() == 0 {
            let value = self.problem.evaluate(&[vec![at]]).pop()?.ok()?;
            return Some(ProfilePoint { at, rise: value.posterior() - self.height, point: vec![at] });
        }
        let search = |start: &[f64]| run(&fixed, TrustRegion::default(), start, self.settings.iterations, self.stop);
        let mut best = search(&without(&line));
        if best.ended == Ended::Infeasible {
            best = search(&without(last));
        }
        let rise = best.value?.posterior() - self.height;
        Some(ProfilePoint { at, rise, point: fixed.whole(&best.point) })
    }

    /// Finds the crossing of the threshold between the last two points, by false position on the root of the rise
    /// (Illinois variant), and leaves the points tried on the path in order.
    fn close(&self, path: &mut Vec<ProfilePoint>, threshold: f64) -> f64 {
        let Some(mut outer) = path.pop() else { return f64::NAN };
        let level = root(threshold);
        let origin = self.optimum[self.parameter];
        let (mut inner_at, mut inner_root) = path.last().map_or((origin, 0.0), |last| (last.at, root(last.rise)));
        let mut outer_root = root(outer.rise);
        for _ in 0..20 {
            if (outer.rise - threshold).abs() <= Profiler::PRECISION {
                break;
            }
            let share = ((level - inner_root) / (outer_root - inner_root)).clamp(0.02, 0.98);
            let Some(point) = self.fit(inner_at + share * (outer.at - inner_at), path) else { break };
            if point.rise >= threshold {
                (outer_root, inner_root) = (root(point.rise), (inner_root + level) / 2.0);
                outer = point;
            } else {
                (inner_at, inner_root, outer_root) = (point.at, root(point.rise), (outer_root + level) / 2.0);
                let near = threshold - point.rise <= Profiler::PRECISION;
                path.push(point);
                if near {
                    break;
                }
            }
        }
        let last = path.last().map_or((origin, 0.0), |last| (last.at, last.rise));
        // The end lies between the two nearest points.
        let (low, high) = (root(last.1), root(outer.rise));
        let at = if high > low { last.0 + (level - low) / (high - low) * (outer.at - last.0) } else { outer.at };
        path.push(outer);
        at
    }
}

/// Root of twice the rise: a straight line in the parameter where the posterior is normal.
fn root(rise: f64) -> f64 {
    (2.0 * rise.max(0.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Parameter;
    use crate::estimate::known::{Residuals, bass, straight_line};
    use crate::estimate::uncertainty::Information;

    fn profiles<P: Structured>(problem: &P) -> (Vec<f64>, Vec<Profile>) {
        let start: Vec<f64> = problem.parameters().iter().map(|parameter| parameter.search(parameter.start)).collect();
        let stop = AtomicBool::new(false);
        let point = run(problem, TrustRegion::default(), &start, 500, &stop).point;
        let covariance = Information::expected(problem, &point).unwrap().covariance();
        let all: Vec<usize> = (0..point.len()).collect();
        let profiles = Profiler::default().run(problem, &point, &covariance, &all, &stop);
        (point, profiles)
    }

    /// For a line with estimated noise the rise at slope b is (n/2) ln(1 + t²/(n - 2)), t the usual statistic.
    #[test]
    fn the_ends_for_a_line_are_those_of_the_closed_form() {
        let data: Vec<(f64, f64)> = (0..9).map(|k| (f64::from(k) - 4.0, f64::from(k * 7 % 5))).collect();
        let problem = straight_line(&data);
        let (point, profiles) = profiles(&problem);
        let natural = problem.natural(&point);
        let variance = problem.residual_sum_of_squares(&natural) / 7.0;
        let error = (variance / data.iter().map(|(x, _)| x * x).sum::<f64>()).sqrt();
        let t = (7.0 * ((2.0 * 1.920729 / 9.0f64).exp() - 1.0)).sqrt();
        let (low, high) = profiles[1].interval();
        assert!((low - (point[1] - t * error)).abs() < 2e-3 * error, "{low} {}", point[1] - t * error);
        assert!((high - (point[1] + t * error)).abs() < 2e-3 * error);
        for side in [&profiles[1].below, &profiles[1].above] {
            assert!(side.path.len() <= 16 && side.path.is_sorted_by(|a, b| a.rise <= b.rise), "{side:?}");
        }
        assert!(profiles.iter().all(|profile| profile.better.is_none()));
    }

    #[test]
    fn open_sides_are_told_apart() {
        // r = 3 exp(-a): falls to nothing as a grows; b is bounded above at 0.2, where its rise is 0.02.
        let parameters = vec![Parameter::new("a", 3.0), Parameter::new("b", 0.0).within(-5.0, 0.2)];
        let problem = Residuals::new(parameters, |p| vec![3.0 * (-p[0]).exp(), p[1]]);
        let (_, profiles) = profiles(&problem);
        assert_eq!(profiles[0].above.verdict, Verdict::Flat);
        assert!(
            matches!(profiles[0].below.verdict, Verdict::Closed(at) if (at - (3.0 / 1.959964f64).ln()).abs() < 1e-3)
        );
        assert_eq!(profiles[1].above.verdict, Verdict::Bound(0.2));
        assert!(matches!(profiles[1].below.verdict, Verdict::Closed(at) if (at + 1.959964).abs() < 1e-3));
        assert_eq!(profiles[1].interval().1, 0.2);
        assert_eq!(profiles[0].findings("a"), [Finding::ProfileOpen { parameter: "a".to_owned(), side: Bound::Upper }]);
    }

    #[test]
    fn a_cliff_cuts_a_side_and_a_better_optimum_is_reported() {
        let mut problem =
            Residuals::new(vec![Parameter::new("a", 0.0), Parameter::new("b", 0.0)], |p| vec![p[0], p[1]]);
        problem.forbidden = |p| p[0] > 1.0;
        let stop = AtomicBool::new(false);
        let covariance = Information::expected(&problem, &[0.0, 0.0]).unwrap().covariance();
        let profile = &Profiler::default().run(&problem, &[0.0, 0.0], &covariance, &[0], &stop)[0];
        assert_eq!(profile.above.verdict, Verdict::Cut);
        assert!(matches!(profile.below.verdict, Verdict::Closed(_)));
        // From a point that is not the optimum.
        let profile = &Profiler::default().run(&problem, &[-0.8, 0.0], &covariance, &[0], &stop)[0];
        assert!(profile.better.as_ref().is_some_and(|better| better.point[0].abs() < 0.5), "{profile:?}");
    }

    #[test]
    fn the_path_shows_how_the_others_follow() {
        let (point, profiles) = profiles(&bass());
        // A larger market is met by slower imitation.
        let above = &profiles[2].above;
        assert!(matches!(above.verdict, Verdict::Closed(_)));
        let last = &above.path[above.path.len() - 1].point;
        assert!(last[2] > point[2] && last[1] < point[1]);
        let curve = profiles[2].curve(point[2]);
        assert!(curve.is_sorted_by(|a, b| a.0 < b.0));
    }
}
