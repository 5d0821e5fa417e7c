//! A population that learns how to mutate: for rough objectives and many optima.

use super::{Iterate, Target, state_without_point};
use crate::estimate::Problem;
use crate::random::Stream;
use argmin::core::{Error, KV, Solver, TerminationReason, TerminationStatus};
use serde::{Deserialize, Serialize};

/// Differential evolution whose scale and crossover rates follow what has succeeded (SHADE).
///
/// # Method
/// Each member moves towards one of the best and along the difference of two others, one of them possibly from an archive
/// of defeated parents; scale factors are Cauchy and crossover rates normal around remembered successes. A coordinate
/// that would leave the box lands half-way to the bound.
/// # Order, cost
/// No order; one batch of the whole population a generation.
/// # Assumptions
/// None but finite ranges ([`Parameter::search_range`]); infeasible members lose against every other.
/// # Fails when
/// The population is too small for the number of optima or parameters, or evaluations are few.
/// # Source
/// Storn and Price (1997); Tanabe and Fukunaga (2013), algorithm 1; archive and p-best: Zhang and Sanderson (2009).
///
/// [`Parameter::search_range`]: crate::estimate::Parameter::search_range
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DifferentialEvolution {
    /// Ten for each parameter if zero.
    pub members: usize,
    pub seed: u64,
    /// Spread of the population's costs below which it has converged.
    pub tolerance: f64,
    bounds: Vec<(f64, f64)>,
    population: Vec<Vec<f64>>,
    costs: Vec<f64>,
    archive: Vec<Vec<f64>>,
    memory: Vec<Habit>,
    oldest: usize,
    generation: u64,
}

/// Scale factor and crossover rate.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Habit {
    scale: f64,
    crossover: f64,
}

impl DifferentialEvolution {
    /// Remembered successes.
    const MEMORY: usize = 20;
    /// Largest share of the population counted among the best.
    const BEST: f64 = 0.2;

    pub fn new(members: usize, seed: u64) -> Self {
        DifferentialEvolution {
            members,
            seed,
            tolerance: 1e-9,
            bounds: Vec::new(),
            population: Vec::new(),
            costs: Vec::new(),
            archive: Vec::new(),
            memory: vec![Habit { scale: 0.5, crossover: 0.5 }; Self::MEMORY],
            oldest: 0,
            generation: 0,
        }
    }

    fn habit(&self, stream: &mut Stream) -> Habit {
        let around = self.memory[below(stream, Self::MEMORY)];
        let crossover = (around.crossover + 0.1 * stream.normal()).clamp(0.0, 1.0);
        let scale = loop {
            // A ratio of two normal numbers is a Cauchy number.
            let scale = around.scale + 0.1 * stream.normal() / stream.normal();
            if scale > 0.0 {
                break scale.min(1.0);
            }
        };
        Habit { scale, crossover }
    }

    /// The child of member `own`.
    fn child(&self, own: usize, ranked: &[usize], habit: Habit, stream: &mut Stream) -> Vec<f64> {
        let size = self.population.len();
        let least = 2.0 / size as f64;
        let share = least + (Self::BEST - least).max(0.0) * stream.uniform();
        let best = ranked[below(stream, ((share * size as f64) as usize).max(1))];
        let other = |avoid: &[usize], bound: usize, stream: &mut Stream| loop {
            let index = below(stream, bound);
            if !avoid.contains(&index) {
                break index;
            }
        };
        let first = other(&[own], size, stream);
        let second = other(&[own, first], size + self.archive.len(), stream);
        let second = self.population.get(second).unwrap_or_else(|| &self.archive[second - size]);
        let (own, best, first) = (&self.population[own], &self.population[best], &self.population[first]);
        let always = below(stream, own.len());
        let mut child = own.clone();
        for k in 0..own.len() {
            if stream.uniform() >= habit.crossover && k != always {
                continue;
            }
            let (low, high) = self.bounds[k];
            child[k] = match own[k] + habit.scale * (best[k] - own[k] + first[k] - second[k]) {
                at if at < low => (low + own[k]) / 2.0,
                at if at > high => (high + own[k]) / 2.0,
                at => at,
            };
        }
        child
    }

    /// Moves the oldest memory to the weighted Lehmer mean of the successes.
    fn learn(&mut self, successes: &[(Habit, f64)]) {
        let weights: f64 = successes.iter().map(|(_, weight)| weight).sum();
        if weights <= 0.0 {
            return;
        }
        let mean =
            |value: fn(&Habit) -> f64| successes.iter().map(|(habit, weight)| weight * value(habit)).sum::<f64>();
        let scale = mean(|habit| habit.scale * habit.scale) / mean(|habit| habit.scale);
        self.memory[self.oldest] = Habit { scale, crossover: mean(|habit| habit.crossover) / weights };
        self.oldest = (self.oldest + 1) % Self::MEMORY;
    }

    fn best(&self) -> usize {
        (0..self.costs.len()).min_by(|a, b| self.costs[*a].total_cmp(&self.costs[*b])).unwrap_or(0)
    }
}

/// An index in `0..bound`.
fn below(stream: &mut Stream, bound: usize) -> usize {
    (stream.uniform() * bound as f64) as usize
}

impl<'a, P: Problem + ?Sized> Solver<Target<'a, P>, Iterate> for DifferentialEvolution {
    fn name(&self) -> &str {
        "differential evolution"
    }

    fn init(
        &mut self,
        problem: &mut argmin::core::Problem<Target<'a, P>>,
        mut state: Iterate,
    ) -> Result<(Iterate, Option<KV>), Error> {
        let target = problem.problem.as_ref().ok_or_else(state_without_point)?;
        let start = state.take_param().ok_or_else(state_without_point)?;
        let parameters = target.problem().parameters();
        self.bounds = parameters.iter().map(|parameter| parameter.search_bounds()).collect();
        if self.members == 0 {
            self.members = 10 * parameters.len();
        }
        self.members = self.members.max(5);
        let mut stream = Stream::new(self.seed, 0);
        let mut draw =
            || parameters.iter().map(|parameter| parameter.search_at(stream.uniform())).collect::<Vec<f64>>();
        // The given point is one of the population.
        self.population = std::iter::once(start).chain((1..self.members).map(|_| draw())).collect();
        self.costs = target.costs(&self.population);
        let best = self.best();
        Ok((state.param(self.population[best].clone()).cost(self.costs[best]), None))
    }

    fn next_iter(
        &mut self,
        problem: &mut argmin::core::Problem<Target<'a, P>>,
        state: Iterate,
    ) -> Result<(Iterate, Option<KV>), Error> {
        let target = problem.problem.as_ref().ok_or_else(state_without_point)?;
        self.generation += 1;
        let mut stream = Stream::new(self.seed, self.generation);
        let mut ranked: Vec<usize> = (0..self.population.len()).collect();
        ranked.sort_by(|a, b| self.costs[*a].total_cmp(&self.costs[*b]));
        let habits: Vec<Habit> = ranked.iter().map(|_| self.habit(&mut stream)).collect();
        let children: Vec<Vec<f64>> =
            (0..self.population.len()).map(|own| self.child(own, &ranked, habits[own], &mut stream)).collect();
        let costs = target.costs(&children);
        let mut successes = Vec::new();
        for (own, (child, cost)) in children.into_iter().zip(costs).enumerate() {
            if cost > self.costs[own] {
                continue;
            }
            if cost < self.costs[own] {
                // A parent that was infeasible says only that its child is better.
                let gain = self.costs[own] - cost;
                successes.push((habits[own], if gain.is_finite() { gain } else { 1.0 }));
                self.archive.push(self.population[own].clone());
            }
            self.population[own] = child;
            self.costs[own] = cost;
        }
        while self.archive.len() > self.population.len() {
            let gone = below(&mut stream, self.archive.len());
            self.archive.swap_remove(gone);
        }
        self.learn(&successes);
        let best = self.best();
        Ok((state.param(self.population[best].clone()).cost(self.costs[best]), None))
    }

    fn terminate(&mut self, _state: &Iterate) -> TerminationStatus {
        let (least, most) = self
            .costs
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), cost| (least.min(*cost), most.max(*cost)));
        if most - least <= self.tolerance {
            return TerminationStatus::Terminated(TerminationReason::SolverConverged);
        }
        TerminationStatus::NotTerminated
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::known::{bass, digits, rastrigin};
    use crate::estimate::optimise::{Ended, run};
    use std::sync::atomic::AtomicBool;

    #[test]
    fn the_lowest_of_many_optima_is_found_whatever_the_seed() {
        let problem = rastrigin(5);
        for seed in 0..5 {
            let solver = DifferentialEvolution::new(50, seed);
            let optimum = run(&problem, solver, &[3.0; 5], 800, &AtomicBool::new(false));
            assert!(optimum.ended == Ended::Converged && optimum.height() < 1e-8, "{optimum:?}");
        }
    }

    #[test]
    fn a_likelihood_from_its_bounds_alone() {
        let problem = bass();
        let middle: Vec<f64> = problem.parameters.iter().map(|p| p.search(p.start)).collect();
        let optimum = run(&problem, DifferentialEvolution::new(40, 1), &middle, 1000, &AtomicBool::new(false));
        assert!(digits(optimum.height(), 84.590598) >= 7.0, "{optimum:?}");
    }
}
