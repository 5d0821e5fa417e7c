//! Quasi-Newton steps within bounds, for objectives without rows.

use super::{Iterate, STALLED, Target, state_without_point};
use crate::estimate::Problem;
use argmin::core::{Error, KV, Solver, TerminationReason, TerminationStatus};
use std::collections::VecDeque;

/// Limited-memory BFGS with projection on the box.
///
/// # Method
/// Coordinates on a bound that descent would cross are held; the others move along the two-loop direction of their own
/// parts of the memory. The path is projected on the box, and the lowest of several points along it that satisfies
/// Armijo's condition is taken; they are evaluated in one batch.
/// # Order, cost
/// Superlinear in practice. One gradient and four evaluations an iteration.
/// # Assumptions
/// Differentiable.
/// # Fails when
/// The start is infeasible; the gradient carries more noise than the objective falls.
/// # Source
/// Nocedal (1980) for the recursion; Bertsekas (1982), eqs. 32-35, for the projection and the held coordinates.
pub struct Lbfgs {
    /// Reduction over five steps, or promised by the next, below which the search has converged.
    pub tolerance: f64,
    /// Pairs of steps and gradient changes remembered.
    pub memory: usize,
    scale: Vec<f64>,
    bounds: Vec<(f64, f64)>,
    gradient: Vec<f64>,
    pairs: VecDeque<Pair>,
    gains: VecDeque<f64>,
    end: Option<TerminationReason>,
}

struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
}

impl Default for Lbfgs {
    fn default() -> Self {
        Lbfgs {
            tolerance: 1e-11,
            memory: 12,
            scale: Vec::new(),
            bounds: Vec::new(),
            gradient: Vec::new(),
            pairs: VecDeque::new(),
            gains: VecDeque::new(),
            end: None,
        }
    }
}

impl Lbfgs {
    /// Multiples of the step evaluated together.
    const TRIALS: [f64; 4] = [2.0, 1.0, 0.5, 0.25];
    /// Armijo's share.
    const KEPT: f64 = 1e-4;
    const WINDOW: usize = 5;

    /// Which coordinates may move from `at`, in units of the scale.
    fn free(&self, at: &[f64]) -> Vec<bool> {
        let each = at.iter().zip(&self.bounds).zip(&self.gradient);
        each.map(|((at, (low, high)), slope)| !(*at <= *low && *slope > 0.0 || *at >= *high && *slope < 0.0)).collect()
    }

    /// The two-loop recursion on the free coordinates; steepest descent, at most one unit long, without memory.
    fn direction(&self, free: &[bool]) -> Vec<f64> {
        let dot = |a: &[f64], b: &[f64]| (0..a.len()).filter(|k| free[*k]).map(|k| a[k] * b[k]).sum::<f64>();
        let mut direction: Vec<f64> =
            self.gradient.iter().zip(free).map(|(g, free)| if *free { -g } else { 0.0 }).collect();
        let curved = |pair: &&Pair| dot(&pair.step, &pair.change) > 1e-10 * dot(&pair.change, &pair.change);
        let pairs: Vec<&Pair> = self.pairs.iter().filter(curved).collect();
        let mut weights = Vec::new();
        for pair in pairs.iter().rev() {
            let weight = dot(&pair.step, &direction) / dot(&pair.step, &pair.change);
            direction.iter_mut().zip(&pair.change).for_each(|(d, y)| *d -= weight * y);
            weights.push(weight);
        }
        let size = match pairs.last() {
            Some(pair) => dot(&pair.step, &pair.change) / dot(&pair.change, &pair.change),
            None => 1.0 / dot(&direction, &direction).sqrt().max(1.0),
        };
        direction.iter_mut().for_each(|d| *d *= size);
        for (pair, weight) in pairs.iter().zip(weights.into_iter().rev()) {
            let back = dot(&pair.change, &direction) / dot(&pair.step, &pair.change);
            direction.iter_mut().zip(&pair.step).for_each(|(d, s)| *d += (weight - back) * s);
        }
        direction.iter_mut().zip(free).filter(|(_, free)| !**free).for_each(|(d, _)| *d = 0.0);
        direction
    }

    fn along(&self, at: &[f64], direction: &[f64], multiple: f64) -> Vec<f64> {
        let each = at.iter().zip(direction).zip(&self.bounds);
        each.map(|((at, d), (low, high))| (at + multiple * d).clamp(*low, *high)).collect()
    }

    fn coordinates(&self, at: &[f64]) -> Vec<f64> {
        at.iter().zip(&self.scale).map(|(at, scale)| at * scale).collect()
    }

    /// Cost of a point and its gradient, which is kept, by unit of the scale.
    fn slope<P: Problem + ?Sized>(&self, target: &Target<'_, P>, at: &[f64]) -> Option<(f64, Vec<f64>)> {
        let slope = target.slope(&self.coordinates(at))?;
        let gradient: Vec<f64> = slope.gradient.iter().zip(&self.scale).map(|(slope, scale)| slope * scale).collect();
        gradient.iter().all(|slope| slope.is_finite()).then(|| (slope.value.posterior(), gradient))
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

impl<'a, P: Problem + ?Sized> Solver<Target<'a, P>, Iterate> for Lbfgs {
    fn name(&self) -> &str {
        "L-BFGS within bounds"
    }

    fn init(
        &mut self,
        problem: &mut argmin::core::Problem<Target<'a, P>>,
        mut state: Iterate,
    ) -> Result<(Iterate, Option<KV>), Error> {
        let target = problem.problem.as_ref().ok_or_else(state_without_point)?;
        let start = state.take_param().ok_or_else(state_without_point)?;
        let parameters = target.problem().parameters();
        self.scale = parameters.iter().map(|parameter| parameter.typical()).collect();
        let ends = parameters.iter().map(|parameter| parameter.search_bounds());
        self.bounds = ends.zip(&self.scale).map(|((low, high), scale)| (low / scale, high / scale)).collect();
        let at: Vec<f64> = start.iter().zip(&self.scale).map(|(at, scale)| at / scale).collect();
        let at = self.along(&at, &at, 0.0);
        match self.slope(target, &at) {
            Some((cost, gradient)) => {
                self.gradient = gradient;
                Ok((state.param(self.coordinates(&at)).cost(cost), None))
            }
            None => {
                self.end = Some(TerminationReason::SolverExit(STALLED.to_owned()));
                Ok((state.param(start), None))
            }
        }
    }

    fn next_iter(
        &mut self,
        problem: &mut argmin::core::Problem<Target<'a, P>>,
        mut state: Iterate,
    ) -> Result<(Iterate, Option<KV>), Error> {
        let target = problem.problem.as_ref().ok_or_else(state_without_point)?;
        let point = state.take_param().ok_or_else(state_without_point)?;
        let at: Vec<f64> = point.iter().zip(&self.scale).map(|(at, scale)| at / scale).collect();
        let before = state.get_cost();
        let free = self.free(&at);
        let mut direction = self.direction(&free);
        if dot(&direction, &self.gradient) >= 0.0 {
            self.pairs.clear();
            direction = self.direction(&free);
        }
        let promise = -dot(&direction, &self.gradient) / 2.0;
        if promise <= self.tolerance && (!self.pairs.is_empty() || promise == 0.0) {
            self.end = Some(TerminationReason::SolverConverged);
            return Ok((state.param(point), None));
        }
        for shrink in 0..12 {
            let factor = 0.0625_f64.powi(shrink);
            let ends: Vec<Vec<f64>> = Self::TRIALS.iter().map(|t| self.along(&at, &direction, t * factor)).collect();
            let costs = target.costs(&ends.iter().map(|end| self.coordinates(end)).collect::<Vec<_>>());
            let falls =
                |end: &[f64], cost: f64| cost < before + Self::KEPT * dot(&self.gradient, &difference(end, &at));
            let best =
                (0..ends.len()).filter(|k| falls(&ends[*k], costs[*k])).min_by(|a, b| costs[*a].total_cmp(&costs[*b]));
            let Some((end, (cost, gradient))) = best.and_then(|k| Some((&ends[k], self.slope(target, &ends[k])?)))
            else {
                continue;
            };
            self.pairs.push_back(Pair { step: difference(end, &at), change: difference(&gradient, &self.gradient) });
            if self.pairs.len() > self.memory {
                self.pairs.pop_front();
            }
            self.gradient = gradient;
            self.gains.push_back(before - cost);
            if self.gains.len() > Self::WINDOW {
                self.gains.pop_front();
            }
            let recent: f64 = self.gains.iter().sum();
            if self.gains.len() == Self::WINDOW && recent < self.tolerance.max(16.0 * f64::EPSILON * cost.abs()) {
                self.end = Some(TerminationReason::SolverConverged);
            }
            return Ok((state.param(self.coordinates(end)).cost(cost), None));
        }
        if self.pairs.is_empty() {
            // Steepest descent finds nothing lower: what is promised is below the objective's last digits, or noise.
            let visible = 1e3 * f64::EPSILON * before.abs().max(1.0);
            let reason = if promise <= visible {
                TerminationReason::SolverConverged
            } else {
                TerminationReason::SolverExit(STALLED.to_owned())
            };
            self.end = Some(reason);
        }
        self.pairs.clear();
        Ok((state.param(point), None))
    }

    fn terminate(&mut self, _state: &Iterate) -> TerminationStatus {
        self.end.clone().map_or(TerminationStatus::NotTerminated, TerminationStatus::Terminated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Parameter;
    use crate::estimate::known::{bass, digits, rosenbrock};
    use crate::estimate::optimise::{Ended, Optimum, run};
    use std::sync::atomic::AtomicBool;

    fn search<P: Problem>(problem: &P) -> Optimum {
        let start: Vec<f64> = problem.parameters().iter().map(|parameter| parameter.search(parameter.start)).collect();
        run(problem, Lbfgs::default(), &start, 500, &AtomicBool::new(false))
    }

    #[test]
    fn rosenbrock_free_and_bounded() {
        let mut problem = rosenbrock();
        let optimum = search(&problem);
        assert!(optimum.ended == Ended::Converged && optimum.height() < 1e-10, "{optimum:?}");
        problem.parameters[0] = Parameter::new("x", -1.2).within(-2.0, 0.5);
        let optimum = search(&problem);
        assert_eq!((optimum.ended, optimum.point[0]), (Ended::Converged, 0.5));
        assert!((optimum.point[1] - 0.25).abs() < 1e-5 && (optimum.height() - 0.25).abs() < 1e-10, "{optimum:?}");
    }

    #[test]
    fn a_likelihood_with_its_noise_scale() {
        let optimum = search(&bass());
        assert!(digits(optimum.height(), 84.590598) >= 7.0, "{optimum:?}");
    }

    #[test]
    fn infeasible_ground() {
        let mut problem = rosenbrock();
        problem.forbidden = |p| p[1] > 1.5;
        assert!(search(&problem).height() < 1e-10);
        problem.forbidden = |_| true;
        assert_eq!(search(&problem).ended, Ended::Infeasible);
    }
}
