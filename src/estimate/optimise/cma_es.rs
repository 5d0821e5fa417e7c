//! A cloud of points that learns the shape of the valley it lies in: for rough, ill-scaled objectives without slopes.

use super::{Iterate, Target, state_without_point};
use crate::elementary::{exp, ln, pow};
use crate::estimate::Problem;
use crate::random::Stream;
use argmin::core::{Error, KV, Solver, TerminationReason, TerminationStatus};
use nalgebra::{DMatrix, DVector, SymmetricEigen};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Covariance matrix adaptation with the (μ/μ_w, λ) strategy and active, negative weights.
///
/// # Method
/// Points are drawn from a normal distribution whose mean, step size and covariance follow the ranked successes.
/// Coordinates are shares of the search range; a point outside the box is reflected into it before it is evaluated.
/// # Order, cost
/// Linear convergence; λ evaluations in one batch, and one symmetric eigenvalue problem, a generation.
/// # Assumptions
/// Only ranks matter, so infinite costs do no harm while some points are feasible.
/// # Fails when
/// Optima are many and narrow: restart with a larger λ (Auger and Hansen 2005).
/// # Source
/// Hansen (2016), "The CMA evolution strategy: a tutorial", eqs. 5-17, 24-47 and table 1.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CmaEs {
    pub seed: u64,
    /// λ; the usual `4 + 3 ln n` where zero is asked for.
    pub members: usize,
    /// First step size, as a share of the search range.
    pub step: f64,
    /// Range of the recent best costs below which the search has converged.
    pub tolerance: f64,
    bounds: Vec<(f64, f64)>,
    ranges: Vec<(f64, f64)>,
    weights: Vec<f64>,
    mean: Vec<f64>,
    /// `[parameter, parameter]`, by columns.
    covariance: Vec<f64>,
    path: Vec<f64>,
    step_path: Vec<f64>,
    generation: u64,
    recent: VecDeque<f64>,
    settled: bool,
}

/// Constants of the strategy (Hansen 2016, table 1).
struct Rates {
    effective: f64,
    step: f64,
    damping: f64,
    path: f64,
    rank_one: f64,
    rank_many: f64,
    /// Expected length of a standard normal vector.
    chi: f64,
}

impl CmaEs {
    /// Ratio of the longest to the shortest axis above which the cloud is degenerate.
    const MOST_ELONGATED: f64 = 1e7;

    /// λ is the usual number if `members` is zero.
    pub fn new(members: usize, seed: u64) -> Self {
        CmaEs {
            seed,
            members,
            step: 0.25,
            tolerance: 1e-11,
            bounds: Vec::new(),
            ranges: Vec::new(),
            weights: Vec::new(),
            mean: Vec::new(),
            covariance: Vec::new(),
            path: Vec::new(),
            step_path: Vec::new(),
            generation: 0,
            recent: VecDeque::new(),
            settled: false,
        }
    }

    fn rates(&self) -> Rates {
        let n = self.mean.len() as f64;
        let positive: Vec<f64> = self.weights.iter().copied().filter(|weight| *weight > 0.0).collect();
        let effective = positive.iter().sum::<f64>().powi(2) / positive.iter().map(|w| w * w).sum::<f64>();
        let step = (effective + 2.0) / (n + effective + 5.0);
        let rank_one = 2.0 / ((n + 1.3).powi(2) + effective);
        Rates {
            effective,
            step,
            damping: 1.0 + 2.0 * (((effective - 1.0) / (n + 1.0)).sqrt() - 1.0).max(0.0) + step,
            path: (4.0 + effective / n) / (n + 4.0 + 2.0 * effective / n),
            rank_one,
            rank_many: (1.0 - rank_one)
                .min(2.0 * (0.25 + effective + 1.0 / effective - 2.0) / ((n + 2.0).powi(2) + effective)),
            chi: n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n)),
        }
    }

    /// Recombination weights, `[rank]`; positive ones add up to one, negative ones are scaled so that the covariance
    /// stays positive definite (eqs. 49-53).
    fn set_weights(&mut self) {
        let (n, count) = (self.mean.len() as f64, self.members);
        let raw: Vec<f64> = (1..=count).map(|k| ln((count as f64 + 1.0) / 2.0) - ln(k as f64)).collect();
        self.weights = raw.clone();
        let rates = self.rates();
        let (positive, negative): (Vec<f64>, Vec<f64>) = raw.iter().partition(|weight| **weight > 0.0);
        let against = -negative.iter().sum::<f64>();
        let effective_against = against.powi(2) / negative.iter().map(|w| w * w).sum::<f64>().max(f64::MIN_POSITIVE);
        let share = (1.0 + rates.rank_one / rates.rank_many)
            .min(1.0 + 2.0 * effective_against / (rates.effective + 2.0))
            .min((1.0 - rates.rank_one - rates.rank_many) / (n * rates.rank_many));
        let for_ = positive.iter().sum::<f64>();
        self.weights =
            raw.iter().map(|w| if *w > 0.0 { w / for_ } else { w * share / against.max(f64::MIN_POSITIVE) }).collect();
    }

    fn coordinates(&self, shares: &DVector<f64>) -> Vec<f64> {
        let each = shares.iter().zip(&self.ranges).zip(&self.bounds);
        each.map(|((share, (from, to)), (low, high))| super::fold(from + (to - from) * share, *low, *high)).collect()
    }
}

impl<'a, P: Problem + ?Sized> Solver<Target<'a, P>, Iterate> for CmaEs {
    fn name(&self) -> &str {
        "CMA-ES"
    }

    fn init(
        &mut self,
        problem: &mut argmin::core::Problem<Target<'a, P>>,
        mut state: Iterate,
    ) -> Result<(Iterate, Option<KV>), Error> {
        let target = problem.problem.as_ref().ok_or_else(state_without_point)?;
        let start = state.take_param().ok_or_else(state_without_point)?;
        let parameters = target.problem().parameters();
        let n = parameters.len();
        self.bounds = parameters.iter().map(|parameter| parameter.search_bounds()).collect();
        self.ranges = parameters.iter().map(|parameter| parameter.search_range()).collect();
        self.mean = start.iter().zip(&self.ranges).map(|(at, (from, to))| (at - from) / (to - from)).collect();
        if self.members == 0 {
            self.members = 4 + (3.0 * ln(n as f64)) as usize;
        }
        self.set_weights();
        self.covariance = DMatrix::<f64>::identity(n, n).as_slice().to_vec();
        self.path = vec![0.0; n];
        self.step_path = vec![0.0; n];
        let cost = target.costs(std::slice::from_ref(&start))[0];
        Ok((state.param(start).cost(cost), None))
    }

    fn next_iter(
        &mut self,
        problem: &mut argmin::core::Problem<Target<'a, P>>,
        state: Iterate,
    ) -> Result<(Iterate, Option<KV>), Error> {
        let target = problem.problem.as_ref().ok_or_else(state_without_point)?;
        let n = self.mean.len();
        self.generation += 1;
        let rates = self.rates();
        let covariance = DMatrix::from_column_slice(n, n, &self.covariance);
        let axes = SymmetricEigen::new((&covariance + covariance.transpose()) / 2.0);
        let lengths = axes.eigenvalues.map(|value| value.max(0.0).sqrt());
        let mut stream = Stream::new(self.seed, self.generation);
        let mean = DVector::from_column_slice(&self.mean);
        let mut draws: Vec<(DVector<f64>, DVector<f64>)> = Vec::with_capacity(self.members);
        for _ in 0..self.members {
            let round = DVector::from_fn(n, |_, _| stream.normal());
            let shaped = &axes.eigenvectors * round.component_mul(&lengths);
            draws.push((round, shaped));
        }
        let points: Vec<Vec<f64>> =
            draws.iter().map(|(_, shaped)| self.coordinates(&(&mean + shaped * self.step))).collect();
        let costs = target.costs(&points);
        let mut ranked: Vec<usize> = (0..costs.len()).collect();
        ranked.sort_by(|a, b| costs[*a].total_cmp(&costs[*b]));

        let mut drift = DVector::zeros(n);
        for (rank, member) in ranked.iter().enumerate().filter(|(rank, _)| self.weights[*rank] > 0.0) {
            drift += &draws[*member].1 * self.weights[rank];
        }
        self.mean = (&mean + &drift * self.step).as_slice().to_vec();

        // C^(-1/2) drift
        let mut round = axes.eigenvectors.tr_mul(&drift);
        round.iter_mut().zip(&lengths).for_each(|(along, length)| *along /= length.max(f64::MIN_POSITIVE));
        let round = &axes.eigenvectors * round;
        let gain = (rates.step * (2.0 - rates.step) * rates.effective).sqrt();
        let step_path = DVector::from_column_slice(&self.step_path) * (1.0 - rates.step) + round * gain;
        let faded = 1.0 - pow(1.0 - rates.step, 2.0 * self.generation as f64);
        let steady = step_path.norm() / faded.sqrt() < (1.4 + 2.0 / (n as f64 + 1.0)) * rates.chi;
        let gain = if steady { (rates.path * (2.0 - rates.path) * rates.effective).sqrt() } else { 0.0 };
        let path = DVector::from_column_slice(&self.path) * (1.0 - rates.path) + &drift * gain;
        let lost = if steady { 0.0 } else { rates.rank_one * rates.path * (2.0 - rates.path) };

        let total: f64 = self.weights.iter().sum();
        let mut next = covariance * (1.0 + lost - rates.rank_one - rates.rank_many * total);
        next.ger(rates.rank_one, &path, &path, 1.0);
        for (rank, member) in ranked.iter().enumerate() {
            let (round, shaped) = &draws[*member];
            let weight = match self.weights[rank] {
                weight if weight >= 0.0 => weight,
                weight => weight * n as f64 / round.norm_squared().max(f64::MIN_POSITIVE),
            };
            next.ger(rates.rank_many * weight, shaped, shaped, 1.0);
        }
        self.covariance = next.as_slice().to_vec();
        self.path = path.as_slice().to_vec();
        self.step *= exp(((rates.step / rates.damping) * (step_path.norm() / rates.chi - 1.0)).min(1.0));
        self.step_path = step_path.as_slice().to_vec();

        let best = ranked[0];
        self.recent.push_back(costs[best]);
        let window = 10 + 30 * n / self.members;
        if self.recent.len() > window {
            self.recent.pop_front();
        }
        let spread = |values: &mut dyn Iterator<Item = f64>| {
            let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
            high - low
        };
        let flat = self.recent.len() == window && spread(&mut self.recent.iter().copied()) < self.tolerance;
        let tiny = self.step * lengths.max() < 1e-12;
        let degenerate = lengths.max() > Self::MOST_ELONGATED * lengths.min();
        self.settled = (flat && spread(&mut costs.iter().copied()) < self.tolerance) || tiny || degenerate;
        if costs[best] < state.get_best_cost() || state.get_best_cost().is_infinite() {
            return Ok((state.param(points[best].clone()).cost(costs[best]), None));
        }
        Ok((state, None))
    }

    fn terminate(&mut self, _state: &Iterate) -> TerminationStatus {
        match self.settled {
            true => TerminationStatus::Terminated(TerminationReason::SolverConverged),
            false => TerminationStatus::NotTerminated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::known::{bass, digits, ellipsoid, rastrigin, rosenbrock};
    use crate::estimate::optimise::{Ended, run};
    use std::sync::atomic::AtomicBool;

    #[test]
    fn valleys_are_followed_whatever_the_seed() {
        for seed in 0..5 {
            let optimum = run(&rosenbrock(), CmaEs::new(0, seed), &[-1.2, 1.0], 1000, &AtomicBool::new(false));
            assert!(optimum.ended == Ended::Converged && optimum.height() < 1e-9, "{optimum:?}");
            // Axes that differ a thousandfold in length, turned against the coordinates.
            let optimum = run(&ellipsoid(8), CmaEs::new(0, seed), &[2.0; 8], 3000, &AtomicBool::new(false));
            assert!(optimum.ended == Ended::Converged && optimum.height() < 1e-9, "{optimum:?}");
        }
    }

    #[test]
    fn a_wide_cloud_finds_the_lowest_of_many_optima() {
        for seed in 0..3 {
            let optimum = run(&rastrigin(5), CmaEs::new(400, seed), &[3.0; 5], 400, &AtomicBool::new(false));
            assert!(optimum.height() < 1e-8, "{optimum:?}");
        }
    }

    #[test]
    fn a_likelihood_from_its_bounds_alone() {
        let problem = bass();
        let start: Vec<f64> = problem.parameters.iter().map(|p| p.search(p.start)).collect();
        let optimum = run(&problem, CmaEs::new(0, 3), &start, 2000, &AtomicBool::new(false));
        assert!(digits(optimum.height(), 84.590598) >= 7.0, "{optimum:?}");
    }
}
