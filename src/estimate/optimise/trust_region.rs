//! Bounded Gauss-Newton in a trust region: the method of choice for a posterior that is a sum over data.

use super::ground::Ground;
use super::model::Quadratic;
use super::reflective::{Proposal, Reflective};
use super::{Iterate, STALLED, Target, state_without_point};
use crate::estimate::{Structured, Term};
use argmin::core::{Error, KV, Problem, Solver, TerminationReason, TerminationStatus};
use nalgebra::DVector;

/// Levenberg and Marquardt's idea for a sum of negative log densities, within bounds.
///
/// # Method
/// Two pictures of the objective compete. In the first the Hessian is the expected information of the rows (Fisher scoring;
/// plain Gauss-Newton where the rows are residuals); the second adds what that leaves out, learnt from the steps taken, and
/// is the better one where residuals are large. Steps are those of `reflective`, for the radii 2Δ, Δ, Δ/2 and Δ/4 by both
/// pictures in one batch; those of the first are tried again bent along the curvature of the predictors. The lowest point
/// is kept. Noise scales move by the closed form for normal noise, which to first order is the step itself.
/// # Order, cost
/// Quadratic for small residuals, superlinear otherwise. A linearisation and at most sixteen evaluations an iteration.
/// # Assumptions
/// Differentiable predictors; coordinates in which one unit of [`Parameter::typical`] is an ordinary change.
/// # Fails when
/// The start is infeasible, or flat all around; the slopes are wrong by more than the promise.
/// # Source
/// Levenberg (1944), Marquardt (1963); Branch, Coleman and Li (1999); scoring for mean and variance: Smyth (2002), eq. 3;
/// the second picture: Dennis, Gay and Welsch (1981), sections 3-5, with the update of Conn, Gould and Toint (1991); bent
/// steps: Transtrum and Sethna (2012), eqs. 5-7.
///
/// [`Parameter::typical`]: crate::estimate::Parameter::typical
pub struct TrustRegion {
    /// Promise of a full step, in units of the log posterior, below which the search has converged.
    pub tolerance: f64,
    /// First radius, in typical changes of the coordinates.
    pub radius: f64,
    ground: Option<Ground>,
    end: Option<TerminationReason>,
    /// Reduction by the last accepted steps, latest first.
    gains: [f64; 3],
}

impl Default for TrustRegion {
    fn default() -> Self {
        TrustRegion { tolerance: 1e-14, radius: 1.0, ground: None, end: None, gains: [f64::INFINITY; 3] }
    }
}

/// A point tried, and the step that leads there.
struct Trial {
    proposal: Proposal,
    /// In units of the scale.
    end: DVector<f64>,
    cost: f64,
}

impl TrustRegion {
    /// Radii tried together, as multiples of the current one.
    const TRIALS: [f64; 4] = [2.0, 1.0, 0.5, 0.25];
    /// Share of the promised reduction that a step must keep.
    const KEPT: f64 = 1e-4;
    /// Radius below which no step can matter.
    const LEAST_RADIUS: f64 = 1e-10;
    /// Sum of three gains below which a search moves no more, and below which one without an acceptable step has arrived.
    const STILL: f64 = 1e-9;
    const NEGLIGIBLE: f64 = 1e-4;
    /// Share of a step over which the predictors' curvature is measured (Transtrum and Sethna 2012, section 3).
    const PROBE: f64 = 0.1;

    /// The points of this iteration with their costs.
    fn trials<P: Structured + ?Sized>(
        &self,
        target: &Target<'_, P>,
        ground: &Ground,
        scoring: &Reflective,
        corrected: Option<&Reflective>,
    ) -> Vec<Trial> {
        let propose = |view: &Reflective| {
            let mut proposals: Vec<Proposal> = Vec::new();
            for proposal in Self::TRIALS.iter().filter_map(|multiple| view.propose(multiple * self.radius)) {
                // A full step is the same for every radius that contains it.
                if proposals.last().is_none_or(|last| (&last.step - &proposal.step).amax() > 1e-12) {
                    proposals.push(proposal);
                }
            }
            proposals
        };
        let scored = propose(scoring);
        let probed: Vec<usize> = (0..scored.len()).filter(|k| scored[*k].is_free()).collect();
        let probes = probed.iter().map(|k| &ground.at + &scored[*k].step * Self::PROBE);
        let mut batch: Vec<Vec<f64>> = probes.map(|probe| ground.coordinates(&probe)).collect();
        let mut plain = scored;
        plain.extend(corrected.into_iter().flat_map(propose));
        let ends: Vec<DVector<f64>> = plain.iter().map(|proposal| ground.moved(&proposal.step)).collect();
        batch.extend(ends.iter().map(|end| ground.coordinates(end)));
        let mut answers = target.terms(&batch);
        let mut costs: Vec<f64> = answers.drain(probed.len()..).map(cost).collect();
        let bent: Vec<Proposal> = probed
            .iter()
            .zip(answers)
            .filter_map(|(k, rows)| {
                let curvature = ground.curvature(&plain[*k].step, &rows?, Self::PROBE);
                scoring.bent(&plain[*k], &curvature)
            })
            .collect();
        let further: Vec<DVector<f64>> = bent.iter().map(|proposal| ground.moved(&proposal.step)).collect();
        if !further.is_empty() {
            let batch: Vec<Vec<f64>> = further.iter().map(|end| ground.coordinates(end)).collect();
            costs.extend(target.terms(&batch).into_iter().map(cost));
        }
        let ends = ends.into_iter().chain(further);
        let trials = plain.into_iter().chain(bent).zip(ends).zip(costs);
        trials.map(|((proposal, end), cost)| Trial { proposal, end, cost }).collect()
    }

    /// Ends the search, on the bounds that the point all but touches.
    fn end_with<P: Structured + ?Sized>(
        &mut self,
        reason: TerminationReason,
        target: &Target<'_, P>,
        state: Iterate,
    ) -> Iterate {
        self.end = Some(reason);
        let Some(point) = self.ground.as_ref().and_then(Ground::settled) else { return state };
        match target.costs(std::slice::from_ref(&point))[0] {
            cost if cost <= state.get_cost() => state.param(point).cost(cost),
            _ => state,
        }
    }
}

fn cost(rows: Option<Vec<Term>>) -> f64 {
    rows.map_or(f64::INFINITY, |rows| total(&rows))
}

fn total(rows: &[Term]) -> f64 {
    match rows.iter().map(|row| row.value).sum::<f64>() {
        cost if cost.is_nan() => f64::INFINITY,
        cost => cost,
    }
}

fn stalled() -> TerminationReason {
    TerminationReason::SolverExit(STALLED.to_owned())
}

impl<'a, P: Structured + ?Sized> Solver<Target<'a, P>, Iterate> for TrustRegion {
    fn name(&self) -> &str {
        "trust region"
    }

    fn init(
        &mut self,
        problem: &mut Problem<Target<'a, P>>,
        mut state: Iterate,
    ) -> Result<(Iterate, Option<KV>), Error> {
        let target = problem.problem.as_ref().ok_or_else(state_without_point)?;
        let start = state.take_param().ok_or_else(state_without_point)?;
        let mut ground = Ground::new(target.problem().parameters(), &target.problem().log_scales(), &start);
        let Some(linearisation) = target.linearisation(&ground.coordinates(&ground.at)) else {
            self.end = Some(stalled());
            return Ok((state.param(start), None));
        };
        ground.linearisation = linearisation;
        if let Some(step) = ground.scale_step() {
            // Scales that fit the residuals of the start, so that the first steps weigh the data sensibly.
            let fitted = ground.moved(&step);
            let better = target.linearisation(&ground.coordinates(&fitted));
            if let Some(better) = better.filter(|better| total(&better.terms) < total(&ground.linearisation.terms)) {
                (ground.at, ground.linearisation) = (fitted, better);
            }
        }
        let (point, cost) = (ground.coordinates(&ground.at), total(&ground.linearisation.terms));
        self.ground = Some(ground);
        Ok((state.param(point).cost(cost), None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<Target<'a, P>>,
        state: Iterate,
    ) -> Result<(Iterate, Option<KV>), Error> {
        let target = problem.problem.as_ref().ok_or_else(state_without_point)?;
        let Some(ground) = &self.ground else { return Ok((state, None)) };
        let quadratic = Quadratic::new(&ground.linearisation, &ground.scale);
        let Some(scoring) = Reflective::new(&quadratic, &ground.at, &ground.bounds) else {
            return Ok((self.end_with(stalled(), target, state), None));
        };
        let promise = scoring.promise();
        if promise <= self.tolerance {
            return Ok((self.end_with(TerminationReason::SolverConverged, target, state), None));
        }
        let corrected = ground.rest.as_ref().map(|rest| quadratic.with_rest_of_hessian(rest));
        let corrected = corrected.as_ref().and_then(|quadratic| Reflective::new(quadratic, &ground.at, &ground.bounds));
        let before = state.get_cost();
        let trials = self.trials(target, ground, &scoring, corrected.as_ref());
        let best = trials.iter().min_by(|a, b| a.cost.total_cmp(&b.cost));
        let kept = best.filter(|best| before - best.cost > Self::KEPT * best.proposal.predicted);
        let next = kept.and_then(|best| Some((best, target.linearisation(&ground.coordinates(&best.end))?)));
        let Some((Trial { proposal, end, cost }, linearisation)) = next else {
            let shortest = trials.iter().map(|trial| trial.proposal.length).fold(self.radius, f64::min);
            self.radius = shortest / 16.0;
            if self.radius >= Self::LEAST_RADIUS {
                return Ok((state, None));
            }
            // Where the last steps gained next to nothing, what is promised is rounding or integration error.
            let visible = 1e3 * f64::EPSILON * before.abs().max(1.0);
            let arrived = self.gains.iter().sum::<f64>() < Self::NEGLIGIBLE || promise <= visible;
            let reason = if arrived { TerminationReason::SolverConverged } else { stalled() };
            return Ok((self.end_with(reason, target, state), None));
        };
        self.radius = match (before - cost - proposal.added) / proposal.predicted {
            ratio if ratio < 0.25 => proposal.length / 4.0,
            ratio if ratio > 0.75 => self.radius.max(2.0 * proposal.length),
            _ => self.radius.min(2.0 * proposal.length).max(proposal.length),
        };
        self.gains = [before - cost, self.gains[0], self.gains[1]];
        let state = state.param(ground.coordinates(end)).cost(*cost);
        self.ground = self.ground.take().map(|ground| ground.after(end, linearisation));
        if self.gains.iter().sum::<f64>() < Self::STILL.max(16.0 * f64::EPSILON * before.abs()) {
            return Ok((self.end_with(TerminationReason::SolverConverged, target, state), None));
        }
        Ok((state, None))
    }

    fn terminate(&mut self, _state: &Iterate) -> TerminationStatus {
        self.end.clone().map_or(TerminationStatus::NotTerminated, TerminationStatus::Terminated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::known::{NIST, Residuals, bass, brown_dennis, digits, powell, rosenbrock};
    use crate::estimate::optimise::{Ended, Optimum, run};
    use crate::estimate::{Parameter, Transform};
    use std::sync::atomic::AtomicBool;

    fn search<P: Structured>(problem: &P) -> Optimum {
        let start: Vec<f64> = problem.parameters().iter().map(|parameter| parameter.search(parameter.start)).collect();
        run(problem, TrustRegion::default(), &start, 500, &AtomicBool::new(false))
    }

    #[test]
    fn certified_estimates_are_reached_from_both_starts() {
        for certified in &NIST {
            for start in [1, 2] {
                let problem = certified.problem(start);
                let optimum = search(&problem);
                let name = format!("{} from start {start}: {optimum:?}", certified.name);
                assert_eq!(optimum.ended, Ended::Converged, "{name}");
                let natural = problem.natural(&optimum.point);
                for (position, row) in certified.certified_positions(&natural).into_iter().zip(certified.rows) {
                    let value = natural[position];
                    assert!(digits(value, row[2]) >= 6.0, "{name}: {value} for {}", row[2]);
                }
                let rss = problem.residual_sum_of_squares(&natural);
                assert!((rss / certified.residual_sum_of_squares - 1.0).abs() < 1e-8, "{name}: {rss}");
            }
        }
    }

    #[test]
    fn bass_is_reached_to_the_published_digits() {
        let problem = bass();
        let optimum = search(&problem);
        let natural = problem.natural(&optimum.point);
        for (value, known) in natural.iter().zip([0.0094420774, 0.374762828, 18712.7416]) {
            assert!(digits(*value, known) >= 7.0, "{natural:?}");
        }
        assert!(digits(optimum.height(), 84.590598) >= 7.0, "{optimum:?}");
    }

    #[test]
    fn classical_functions() {
        let optimum = search(&rosenbrock());
        assert!(optimum.height() < 1e-20 && optimum.iterations < 30, "{optimum:?}");
        let optimum = search(&powell());
        assert!(optimum.ended == Ended::Converged && optimum.height() < 1e-10, "{optimum:?}");
    }

    /// Gauss-Newton alone takes hundreds of iterations here.
    #[test]
    fn large_residuals_do_not_slow_the_search_down() {
        let optimum = search(&brown_dennis());
        assert!(optimum.ended == Ended::Converged && optimum.iterations < 40, "{optimum:?}");
        assert!(digits(optimum.height(), 85822.20162635628 / 2.0) > 10.0, "{optimum:?}");
    }

    #[test]
    fn a_bound_that_binds_is_reached_and_the_rest_is_optimal() {
        // Rosenbrock with x at most 0.5: minimum at (0.5, 0.25), where F = 0.25.
        let mut problem = rosenbrock();
        problem.parameters[0] = Parameter::new("x", -1.2).within(-2.0, 0.5);
        let optimum = search(&problem);
        assert_eq!(optimum.ended, Ended::Converged);
        assert_eq!(optimum.point[0], 0.5);
        assert!((optimum.point[1] - 0.25).abs() < 1e-6 && (optimum.height() - 0.25).abs() < 1e-9, "{optimum:?}");
        // A start on the wrong bound.
        problem.parameters[0] = Parameter::new("x", -2.0).within(-2.0, 0.5);
        assert!((search(&problem).height() - 0.25).abs() < 1e-9);
    }

    #[test]
    fn infeasible_ground_is_worked_around_and_told() {
        let mut problem = rosenbrock();
        problem.forbidden = |p| p[1] > 1.5 || (p[0] + 0.5).powi(2) + (p[1] - 1.2).powi(2) < 0.1;
        let optimum = search(&problem);
        assert!(optimum.height() < 1e-18, "{optimum:?}");
        problem.forbidden = |_| true;
        assert_eq!(search(&problem).ended, Ended::Infeasible);
    }

    #[test]
    fn a_direction_without_information_does_not_prevent_convergence() {
        // Only the product is identified.
        let log = |name, start| Parameter::new(name, start).within(1e-6, 1e6).on(Transform::Log);
        let problem = Residuals::new(vec![log("a", 3.0), log("b", 5.0)], |p| {
            (0..5).map(|k| (p[0] + p[1]).exp() * (1.0 + f64::from(k)) - 2.0 * (1.0 + f64::from(k))).collect()
        });
        let optimum = search(&problem);
        assert!(optimum.ended == Ended::Converged && optimum.height() < 1e-15, "{optimum:?}");
    }

    #[test]
    fn a_raised_flag_stops_the_search() {
        let optimum = run(&rosenbrock(), TrustRegion::default(), &[-1.2, 1.0], 500, &AtomicBool::new(true));
        assert_eq!((optimum.ended, optimum.iterations), (Ended::Interrupted, 0));
    }
}
