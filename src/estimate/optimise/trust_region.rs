//! Bounded Gauss-Newton in a trust region: the method of choice for a posterior that is a sum over data.

use super::model::Quadratic;
use super::reflective::{Bounds, Proposal, Reflective};
use super::{Iterate, STALLED, Target, state_without_point};
use crate::estimate::{Linearisation, Structured, Term};
use argmin::core::{Error, KV, Problem, Solver, TerminationReason, TerminationStatus};
use nalgebra::DVector;

/// Levenberg and Marquardt's idea for a sum of negative log densities, within bounds.
///
/// # Method
/// The Hessian is replaced by the expected information of the rows (Fisher scoring; plain Gauss-Newton where the rows are
/// residuals). Steps are those of `reflective`. Each iteration tries the radii 2Δ, Δ, Δ/2 and Δ/4 in one batch, the same
/// steps bent along the curvature of the predictors in a second one, and keeps the lowest point. Noise scales move by the
/// closed form for normal noise, `ln s + ln(1 + 2δ)/2` for a scoring step δ, which to first order is the step itself.
/// # Order, cost
/// Quadratic for small residuals, linear otherwise. A linearisation and at most twelve evaluations an iteration.
/// # Assumptions
/// Differentiable predictors; coordinates in which one unit of [`Parameter::typical`] is an ordinary change.
/// # Fails when
/// The start is infeasible; residuals are large and curved (slow); the slopes are wrong by more than the promise.
/// # Source
/// Levenberg (1944), Marquardt (1963); Branch, Coleman and Li (1999); scoring for mean and variance: Smyth (2002), eq. 3;
/// bent steps: Transtrum and Sethna (2012), eqs. 5-7.
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
        TrustRegion { tolerance: 1e-12, radius: 1.0, ground: None, end: None, gains: [f64::INFINITY; 3] }
    }
}

/// What holds around the current point.
struct Ground {
    scale: Vec<f64>,
    bounds: Bounds,
    /// Whether a coordinate is the logarithm of a noise scale, `[parameter]`.
    log_scales: Vec<bool>,
    /// The point in units of `scale`.
    at: DVector<f64>,
    linearisation: Linearisation,
}

impl Ground {
    /// Search coordinates of a point in units of `scale`.
    fn coordinates(&self, at: &DVector<f64>) -> Vec<f64> {
        at.iter().zip(&self.scale).map(|(at, scale)| at * scale).collect()
    }

    /// Where a step leads, still inside the box.
    fn moved(&self, step: &DVector<f64>) -> DVector<f64> {
        let step =
            DVector::from_fn(step.len(), |k, _| if self.log_scales[k] { along_log_scale(step[k]) } else { step[k] });
        self.bounds.interior(&(&self.at + step), f64::EPSILON * self.at.amax().max(1.0))
    }

    /// Second derivatives of the weighted predictors along a step, from rows a share `h` of it away, `[row]`.
    fn curvature(&self, step: &DVector<f64>, probe: &[Term], h: f64) -> Vec<f64> {
        let slopes = &self.linearisation.jacobian * step.component_mul(&DVector::from_column_slice(&self.scale));
        let rows = self.linearisation.terms.iter().zip(probe).zip(slopes.iter());
        rows.map(|((base, there), slope)| {
            base.information.sqrt() * 2.0 / h * ((there.predictor - base.predictor) / h - slope)
        })
        .collect()
    }
}

/// The closed form for the logarithm of a normal scale, given its scoring step: with mean squared standardised residual
/// `q` the step is `(q - 1)/2` and the optimum is `ln(q)/2` away. At most e² down at once, where `q` says little.
fn along_log_scale(step: f64) -> f64 {
    (1.0 + 2.0 * step).max((-4.0_f64).exp()).ln() / 2.0
}

impl TrustRegion {
    /// Radii tried together, as multiples of the current one.
    const TRIALS: [f64; 4] = [2.0, 1.0, 0.5, 0.25];
    /// Share of the promised reduction that a step must keep.
    const KEPT: f64 = 1e-4;
    /// Radius below which no step can matter.
    const LEAST_RADIUS: f64 = 1e-12;
    /// Share of a step over which the predictors' curvature is measured (Transtrum and Sethna 2012, section 3).
    const PROBE: f64 = 0.1;

    /// The points of this iteration with their costs: steps for several radii, plain and bent.
    fn trials<P: Structured + ?Sized>(&self, target: &Target<'_, P>, ground: &Ground, view: &Reflective) -> Vec<Trial> {
        let mut plain: Vec<Proposal> = Vec::new();
        for proposal in Self::TRIALS.iter().filter_map(|multiple| view.propose(multiple * self.radius)) {
            // A full step is the same for every radius that contains it.
            if plain.last().is_none_or(|last| (&last.step - &proposal.step).amax() > 1e-12) {
                plain.push(proposal);
            }
        }
        let probes: Vec<&Proposal> = plain.iter().filter(|proposal| proposal.is_free()).collect();
        let ends: Vec<DVector<f64>> = plain.iter().map(|proposal| ground.moved(&proposal.step)).collect();
        let mut batch: Vec<Vec<f64>> = ends.iter().map(|end| ground.coordinates(end)).collect();
        batch.extend(probes.iter().map(|p| ground.coordinates(&(&ground.at + &p.step * Self::PROBE))));
        let mut answers = target.terms(&batch);
        let beside = answers.split_off(plain.len());
        let bent: Vec<Proposal> = probes
            .iter()
            .zip(beside)
            .filter_map(|(p, terms)| view.bent(p, &ground.curvature(&p.step, &terms?, Self::PROBE)))
            .collect();
        let further: Vec<DVector<f64>> = bent.iter().map(|proposal| ground.moved(&proposal.step)).collect();
        if !further.is_empty() {
            let batch: Vec<Vec<f64>> = further.iter().map(|end| ground.coordinates(end)).collect();
            answers.extend(target.terms(&batch));
        }
        let costs = answers.into_iter().map(|terms| terms.map_or(f64::INFINITY, |terms| total(&terms)));
        let ends = ends.into_iter().chain(further);
        plain
            .into_iter()
            .chain(bent)
            .zip(ends)
            .zip(costs)
            .map(|((proposal, end), cost)| Trial { proposal, end, cost })
            .collect()
    }

    /// Puts a point that all but touches a bound, and is pushed towards it, on the bound.
    fn settle<P: Structured + ?Sized>(&self, target: &Target<'_, P>, state: Iterate) -> Iterate {
        let Some(ground) = &self.ground else { return state };
        let gradient = ground.linearisation.gradient();
        let settled = DVector::from_fn(ground.at.len(), |k, _| {
            let (at, low, high) = (ground.at[k], ground.bounds.low[k], ground.bounds.high[k]);
            let room = 1e-6_f64.min((high - low) / 100.0);
            match gradient[k] {
                slope if slope > 0.0 && at - low < room => low,
                slope if slope < 0.0 && high - at < room => high,
                _ => at,
            }
        });
        if settled == ground.at {
            return state;
        }
        let point = ground.coordinates(&settled);
        match target.costs(std::slice::from_ref(&point))[0] {
            cost if cost <= state.get_cost() => state.param(point).cost(cost),
            _ => state,
        }
    }
}

struct Trial {
    proposal: Proposal,
    /// Where it leads, in units of the scale.
    end: DVector<f64>,
    cost: f64,
}

fn total(terms: &[Term]) -> f64 {
    match terms.iter().map(|term| term.value).sum::<f64>() {
        cost if cost.is_nan() => f64::INFINITY,
        cost => cost,
    }
}

fn stalled() -> Option<TerminationReason> {
    Some(TerminationReason::SolverExit(STALLED.to_owned()))
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
        let parameters = target.problem().parameters();
        let scale: Vec<f64> = parameters.iter().map(|parameter| parameter.typical()).collect();
        let unit = |values: &mut dyn Iterator<Item = f64>| {
            DVector::from_iterator(scale.len(), values.zip(&scale).map(|(value, scale)| value / scale))
        };
        let bounds = Bounds {
            low: unit(&mut parameters.iter().map(|parameter| parameter.search_bounds().0)),
            high: unit(&mut parameters.iter().map(|parameter| parameter.search_bounds().1)),
        };
        let at = bounds.interior(&unit(&mut start.iter().copied()), 1e-3);
        let mut log_scales = vec![false; scale.len()];
        target.problem().log_scales().into_iter().for_each(|k| log_scales[k] = true);
        let linearisation = Linearisation { terms: Vec::new(), jacobian: nalgebra::DMatrix::zeros(0, scale.len()) };
        let mut ground = Ground { scale, bounds, log_scales, at, linearisation };
        let Some(linearisation) = target.linearisation(&ground.coordinates(&ground.at)) else {
            self.end = stalled();
            return Ok((state.param(start), None));
        };
        ground.linearisation = linearisation;
        if ground.log_scales.contains(&true) {
            // Scales that fit the residuals of the start, so that the first steps weigh the data sensibly.
            let (gradient, information) = (ground.linearisation.gradient(), ground.linearisation.information(|_| true));
            let step = DVector::from_fn(ground.at.len(), |k, _| {
                if ground.log_scales[k] { -gradient[k] / (information[(k, k)] * ground.scale[k]) } else { 0.0 }
            });
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
        let Some(view) = Reflective::new(&quadratic, &ground.at, &ground.bounds) else {
            self.end = stalled();
            return Ok((state, None));
        };
        let promise = view.promise();
        if promise <= self.tolerance {
            self.end = Some(TerminationReason::SolverConverged);
            return Ok((self.settle(target, state), None));
        }
        let before = state.get_cost();
        let trials = self.trials(target, ground, &view);
        let best = trials.iter().min_by(|a, b| a.cost.total_cmp(&b.cost));
        let kept = best.filter(|best| before - best.cost > Self::KEPT * best.proposal.predicted);
        let next = kept.and_then(|best| Some((best, target.linearisation(&ground.coordinates(&best.end))?)));
        let Some((Trial { proposal, end, cost }, linearisation)) = next else {
            let shortest = trials.iter().map(|trial| trial.proposal.length).fold(self.radius, f64::min);
            self.radius = shortest / 16.0;
            if self.radius < Self::LEAST_RADIUS {
                // A promise below what the objective's last digits can show is rounding, not a slope.
                let visible = 1e3 * f64::EPSILON * before.abs().max(1.0);
                self.end = if promise <= visible { Some(TerminationReason::SolverConverged) } else { stalled() };
                return Ok((self.settle(target, state), None));
            }
            return Ok((state, None));
        };
        self.radius = match (before - cost - proposal.added) / proposal.predicted {
            ratio if ratio < 0.25 => proposal.length / 4.0,
            ratio if ratio > 0.75 => self.radius.max(2.0 * proposal.length),
            _ => self.radius.min(2.0 * proposal.length).max(proposal.length),
        };
        self.gains = [before - cost, self.gains[0], self.gains[1]];
        let state = state.param(ground.coordinates(end)).cost(*cost);
        let at = end.clone();
        self.ground = self.ground.take().map(|ground| Ground { at, linearisation, ..ground });
        if self.gains.iter().sum::<f64>() < self.tolerance.max(16.0 * f64::EPSILON * before.abs()) {
            self.end = Some(TerminationReason::SolverConverged);
            return Ok((self.settle(target, state), None));
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
    use crate::estimate::known::{NIST, Residuals, bass, digits, powell, rosenbrock};
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
