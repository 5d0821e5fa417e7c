//! Searches for the point of highest posterior: every method is an argmin solver and runs on argmin's executor.
//!
//! [`run`] is the one way in: it hands a problem to a solver, watches the stop flag and says how the search ended.

mod cma_es;
mod differential_evolution;
mod ground;
mod lbfgs;
mod method;
mod model;
mod multi_start;
mod nelder_mead;
mod particle_swarm;
mod reflective;
mod scatter_search;
mod screening;
mod trust_region;

pub use cma_es::CmaEs;
pub use differential_evolution::DifferentialEvolution;
pub use lbfgs::Lbfgs;
pub use method::Method;
pub use multi_start::{Design, MultiStart, Searched, Start, Trail};
pub use nelder_mead::nelder_mead;
pub use particle_swarm::particle_swarm;
pub use scatter_search::ScatterSearch;
pub use trust_region::TrustRegion;

use super::{NegativeLog, Problem, Structured};
use argmin::core::{CostFunction, Error, Executor, IterState, KV, Solver, State, TerminationReason, TerminationStatus};
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Ended {
    /// The method's own criterion says that no better point is near.
    Converged,
    /// No acceptable step is left although the criterion is not met: ground too rough or flat for the spacing of
    /// differences.
    Stalled,
    /// The iterations allowed were used up.
    OutOfIterations,
    /// The stop flag was raised.
    Interrupted,
    /// No point with a finite posterior was found.
    Infeasible,
}

/// The best point of a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Optimum {
    /// Search coordinates, `[parameter]`.
    pub point: Vec<f64>,
    /// `None` where the search ended infeasible.
    pub value: Option<NegativeLog>,
    pub ended: Ended,
    pub iterations: u64,
    /// Points evaluated by themselves, those of differences not counted.
    pub evaluations: u64,
    /// Gradients or linearisations.
    pub slopes: u64,
}

impl Optimum {
    fn infeasible(start: &[f64]) -> Self {
        let (point, value, ended) = (start.to_vec(), None, Ended::Infeasible);
        Optimum { point, value, ended, iterations: 0, evaluations: 0, slopes: 0 }
    }

    /// The negative log posterior, infinite where infeasible, for comparisons.
    pub fn height(&self) -> f64 {
        self.value.map_or(f64::INFINITY, |value| value.posterior())
    }
}

/// A state that holds one point and nothing else; what a method knows besides stays in its solver.
pub type Iterate = IterState<Vec<f64>, (), (), (), (), f64>;

/// A problem as argmin's solvers see it: infeasible points cost infinity, points outside the box are reflected into it.
pub struct Target<'a, P: ?Sized> {
    problem: &'a P,
    evaluations: AtomicU64,
    slopes: AtomicU64,
}

impl<'a, P: Problem + ?Sized> Target<'a, P> {
    pub fn new(problem: &'a P) -> Self {
        Target { problem, evaluations: AtomicU64::new(0), slopes: AtomicU64::new(0) }
    }

    /// The problem itself, for its parameters.
    pub fn problem(&self) -> &'a P {
        self.problem
    }

    /// Costs of many points in one batch; infinite where infeasible.
    pub fn costs(&self, points: &[Vec<f64>]) -> Vec<f64> {
        self.evaluations.fetch_add(points.len() as u64, Ordering::Relaxed);
        let points: Vec<Vec<f64>> = points.iter().map(|point| self.folded(point)).collect();
        let values = self.problem.evaluate(&points);
        (0..points.len())
            .map(|k| values.get(k).and_then(|value| value.as_ref().ok()).map_or(f64::INFINITY, cost))
            .collect()
    }

    /// Counts what a search within the search took.
    fn count(&self, optimum: &Optimum) {
        self.evaluations.fetch_add(optimum.evaluations, Ordering::Relaxed);
        self.slopes.fetch_add(optimum.slopes, Ordering::Relaxed);
    }

    fn folded(&self, point: &[f64]) -> Vec<f64> {
        let ends = self.problem.parameters().iter().map(|parameter| parameter.search_bounds());
        point.iter().zip(ends).map(|(at, (low, high))| fold(*at, low, high)).collect()
    }

    /// Cost and gradient of one point, `None` where infeasible.
    pub fn slope(&self, point: &[f64]) -> Option<super::Slope> {
        self.slopes.fetch_add(1, Ordering::Relaxed);
        self.problem.gradients(&[point.to_vec()]).pop()?.ok()
    }
}

impl<P: Structured + ?Sized> Target<'_, P> {
    /// Rows at many points in one batch, `None` where infeasible.
    pub fn terms(&self, points: &[Vec<f64>]) -> Vec<Option<Vec<super::Term>>> {
        self.evaluations.fetch_add(points.len() as u64, Ordering::Relaxed);
        self.problem.terms(points).into_iter().map(Result::ok).collect()
    }

    /// Rows and Jacobian at one point, `None` where infeasible.
    pub fn linearisation(&self, point: &[f64]) -> Option<super::Linearisation> {
        self.slopes.fetch_add(1, Ordering::Relaxed);
        self.problem.linearise(&[point.to_vec()]).pop()?.ok()
    }
}

fn cost(value: &NegativeLog) -> f64 {
    match value.posterior() {
        cost if cost.is_nan() => f64::INFINITY,
        cost => cost,
    }
}

impl<P: Problem + ?Sized> CostFunction for Target<'_, P> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, point: &Vec<f64>) -> Result<f64, Error> {
        Ok(self.costs(std::slice::from_ref(point)).pop().unwrap_or(f64::INFINITY))
    }

    fn bulk_cost<B: Borrow<Vec<f64>>>(&self, points: &[B]) -> Result<Vec<f64>, Error> {
        let points: Vec<Vec<f64>> = points.iter().map(|point| point.borrow().clone()).collect();
        Ok(self.costs(&points))
    }
}

/// What a solver that finds no step left says to argmin.
const STALLED: &str = "no acceptable step is left";

/// A solver that also ends when the flag is raised.
struct Stoppable<'a, S> {
    solver: S,
    stop: &'a AtomicBool,
}

impl<O, I: State, S: Solver<O, I>> Solver<O, I> for Stoppable<'_, S> {
    fn name(&self) -> &str {
        self.solver.name()
    }

    fn init(&mut self, problem: &mut argmin::core::Problem<O>, state: I) -> Result<(I, Option<KV>), Error> {
        self.solver.init(problem, state)
    }

    fn next_iter(&mut self, problem: &mut argmin::core::Problem<O>, state: I) -> Result<(I, Option<KV>), Error> {
        self.solver.next_iter(problem, state)
    }

    fn terminate(&mut self, state: &I) -> TerminationStatus {
        if self.stop.load(Ordering::Relaxed) {
            return TerminationStatus::Terminated(TerminationReason::Interrupt);
        }
        self.solver.terminate(state)
    }
}

/// Runs a solver from a point for at most `iterations`, or until `stop` is raised.
pub fn run<'a, P, S>(problem: &'a P, solver: S, start: &[f64], iterations: u64, stop: &AtomicBool) -> Optimum
where
    P: Problem + ?Sized,
    S: Solver<Target<'a, P>, Iterate>,
{
    let from = |state: Iterate| state.param(start.to_vec()).max_iters(iterations);
    run_from(problem, solver, from, stop).unwrap_or_else(|| Optimum::infeasible(start))
}

/// Runs a solver from a configured state of any kind whose parameter is a point.
fn run_from<'a, P, S, I>(problem: &'a P, solver: S, start: impl FnOnce(I) -> I, stop: &AtomicBool) -> Option<Optimum>
where
    P: Problem + ?Sized,
    S: Solver<Target<'a, P>, I>,
    I: State<Float = f64>,
    I::Param: Point,
{
    let executor = Executor::new(Target::new(problem), Stoppable { solver, stop }).configure(start);
    let result = executor.ctrlc(false).timer(false).run().ok()?;
    let target = result.problem.problem?;
    // A last point that is no worse than the best is preferred: it may have been settled on a bound.
    let last = result.state.get_param().filter(|_| result.state.get_cost() <= result.state.get_best_cost());
    let point = target.folded(last.or(result.state.get_best_param())?.coordinates());
    let value = problem.evaluate(std::slice::from_ref(&point)).pop()?.ok();
    let ended = match (value, result.state.get_termination_reason()) {
        (_, Some(TerminationReason::Interrupt)) => Ended::Interrupted,
        (None, _) => Ended::Infeasible,
        (_, Some(TerminationReason::SolverConverged)) => Ended::Converged,
        (_, Some(TerminationReason::SolverExit(_))) => Ended::Stalled,
        _ => Ended::OutOfIterations,
    };
    Some(Optimum {
        point,
        value,
        ended,
        iterations: result.state.get_iter(),
        evaluations: target.evaluations.into_inner() + 1,
        slopes: target.slopes.into_inner(),
    })
}

/// What argmin's states hold as a parameter.
trait Point {
    fn coordinates(&self) -> &[f64];
}

impl Point for Vec<f64> {
    fn coordinates(&self) -> &[f64] {
        self
    }
}

/// argmin's wrapper, with a text where our own code is at fault.
fn state_without_point() -> Error {
    argmin::core::ArgminError::PotentialBug { text: "the state holds no point".to_owned() }.into()
}

/// A coordinate reflected into a box as often as needed.
fn fold(at: f64, low: f64, high: f64) -> f64 {
    if low <= at && at <= high {
        return at;
    }
    match (low.is_finite(), high.is_finite()) {
        (false, false) => at,
        (true, false) => low + (at - low).abs(),
        (false, true) => high - (high - at).abs(),
        (true, true) => {
            let width = high - low;
            let along = (at - low).rem_euclid(2.0 * width);
            (low + if along > width { 2.0 * width - along } else { along }).clamp(low, high)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn folding_reflects_as_often_as_needed() {
        let open = f64::INFINITY;
        for (at, low, high, expected) in [
            (0.3, 0.0, 1.0, 0.3),
            (1.3, 0.0, 1.0, 0.7),
            (-0.3, 0.0, 1.0, 0.3),
            (2.25, 0.0, 1.0, 0.25),
            (-7.75, 0.0, 1.0, 0.25),
            (-3.0, -1.0, open, 1.0),
            (3.0, -open, 1.0, -1.0),
            (3.0, -open, open, 3.0),
        ] {
            assert!((fold(at, low, high) - expected).abs() < 1e-12, "{at} in {low}..{high}");
        }
    }
}
