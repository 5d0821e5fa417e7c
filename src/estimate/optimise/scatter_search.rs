//! A small, diverse set of points that learn from one another and send out local searches: for rugged objectives with
//! many optima and wide flats.

use super::screening::with_best_scales;
use super::{Ended, Iterate, Optimum, Target, TrustRegion, run, state_without_point};
use crate::estimate::{Parameter, Structured};
use crate::random::Stream;
use argmin::core::{Error, KV, Problem, Solver, TerminationReason, TerminationStatus};
use std::sync::atomic::AtomicBool;

/// Scatter search with trust-region searches.
///
/// # Method
/// Every member of a reference set is combined with every other: a point is drawn from a box along the line between them,
/// leaning towards the better. The best child of a member takes its place if it is better. Members that no child improves
/// for long are replaced by fresh points. A generation ends with a local search, from the best member that has not been
/// searched yet or, in turns, from the child that is at once good and far from earlier starts. Noise scales and other
/// parameters that need no run are at their best in every comparison.
/// # Cost
/// All children of a generation in one batch, and a local search, which is given up when it cannot reach the best.
/// # Assumptions
/// None but finite ranges ([`Parameter::search_range`]); infeasible points lose.
/// # Fails when
/// The basin of the best optimum is so narrow that neither children nor fresh points come near it.
/// # Source
/// Egea, Martí and Banga (2010), algorithm 1 and eqs. 3-6; with gradient-based local searches: Villaverde, Fröhlich, Weindl,
/// Hasenauer and Banga (2019).
///
/// [`Parameter::search_range`]: crate::estimate::Parameter::search_range
pub struct ScatterSearch {
    seed: u64,
    /// Of the reference set; the usual number if zero.
    members: usize,
    /// Local searches without a better optimum after which the search has converged.
    patience: usize,
    /// Iterations of a local search at most.
    iterations: u64,
    set: Vec<Member>,
    /// Where local searches began or ended.
    searched: Vec<Vec<f64>>,
    ranges: Vec<(f64, f64)>,
    generation: u64,
    fruitless: usize,
}

#[derive(Clone, Debug)]
struct Member {
    point: Vec<f64>,
    cost: f64,
    /// Generations without a better child.
    idle: usize,
}

impl ScatterSearch {
    /// Fall of the cost that counts as a better optimum.
    const BETTER: f64 = 1e-3;
    /// Generations after which a member that does not improve is replaced.
    const IDLE: usize = 12;
    /// Points for each member of the first set.
    const POOL: usize = 10;
    /// Iterations after which a local search is asked whether it is worth going on.
    const LEG: u64 = 20;

    pub fn new(members: usize, seed: u64) -> Self {
        ScatterSearch {
            seed,
            members,
            patience: 25,
            iterations: 120,
            set: Vec::new(),
            searched: Vec::new(),
            ranges: Vec::new(),
            generation: 0,
            fruitless: 0,
        }
    }

    fn fresh(&self, parameters: &[Parameter], count: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
        (0..count).map(|_| parameters.iter().map(|parameter| parameter.search_at(stream.uniform())).collect()).collect()
    }

    /// Points with their scales fitted, and their costs.
    fn rated<P: Structured + ?Sized>(&self, target: &Target<'_, P>, points: Vec<Vec<f64>>) -> Vec<Member> {
        let points = with_best_scales(target.problem(), &points);
        let costs = target.costs(&points);
        points.into_iter().zip(costs).map(|(point, cost)| Member { point, cost, idle: 0 }).collect()
    }

    fn sort(&mut self) {
        self.set.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    }

    /// Root mean square of the distances in shares of the ranges.
    fn distance(&self, a: &[f64], b: &[f64]) -> f64 {
        let each = a.iter().zip(b).zip(&self.ranges).map(|((a, b), (low, high))| (a - b) / (high - low));
        (each.map(|share| share * share).sum::<f64>() / self.ranges.len() as f64).sqrt()
    }

    fn distance_from_searched(&self, point: &[f64]) -> f64 {
        self.searched.iter().map(|searched| self.distance(point, searched)).fold(f64::INFINITY, f64::min)
    }

    /// `[member][child]`
    fn children(&self, stream: &mut Stream) -> Vec<Vec<f64>> {
        let count = self.set.len();
        let mut children = Vec::with_capacity(count * (count - 1));
        for i in 0..count {
            for j in (0..count).filter(|j| *j != i) {
                let (from, to) = (&self.set[i].point, &self.set[j].point);
                let lean = (i.abs_diff(j) as f64 - 1.0) / (count as f64 - 2.0).max(1.0);
                let lean = if i < j { 1.0 + lean } else { 1.0 - lean };
                let child = from.iter().zip(to).map(|(from, to)| {
                    let half = (to - from) / 2.0 * lean;
                    from + half * (2.0 * stream.uniform() - 1.0)
                });
                children.push(child.collect());
            }
        }
        children
    }

    /// A local search that is given up when it cannot reach `best`.
    fn local<P: Structured + ?Sized>(&self, target: &Target<'_, P>, from: &[f64], best: f64) -> Optimum {
        let (problem, stop) = (target.problem(), &AtomicBool::new(false));
        let mut optimum = run(problem, TrustRegion::default(), from, Self::LEG, stop);
        let mut done = optimum.iterations;
        let mut before = f64::INFINITY;
        target.count(&optimum);
        while optimum.ended == Ended::OutOfIterations && done < self.iterations {
            let gain = (before - optimum.height()) / Self::LEG as f64;
            if optimum.height() - gain * (self.iterations - done) as f64 > best {
                break;
            }
            before = optimum.height();
            optimum = run(problem, TrustRegion::default(), &optimum.point, Self::LEG, stop);
            done += optimum.iterations.max(1);
            target.count(&optimum);
        }
        optimum
    }

    /// Which point is searched next: the best member that is new, or in turns the child that ranks well by cost and by
    /// distance from earlier searches together.
    fn next_start(&self, children: &[Member]) -> Option<Vec<f64>> {
        const NEAR: f64 = 1e-3;
        let new = |point: &[f64]| self.distance_from_searched(point) > NEAR;
        let best = self.set.iter().find(|member| member.cost.is_finite() && new(&member.point));
        if let (Some(best), false) = (best, self.generation % 2 == 1) {
            return Some(best.point.clone());
        }
        let mut by_cost: Vec<usize> = (0..children.len()).filter(|k| children[*k].cost.is_finite()).collect();
        by_cost.sort_by(|a, b| children[*a].cost.total_cmp(&children[*b].cost));
        let mut by_distance = by_cost.clone();
        let distances: Vec<f64> = children.iter().map(|child| self.distance_from_searched(&child.point)).collect();
        by_distance.sort_by(|a, b| distances[*b].total_cmp(&distances[*a]));
        let mut rank = vec![0; children.len()];
        for order in [&by_cost, &by_distance] {
            order.iter().enumerate().for_each(|(place, k)| rank[*k] += place);
        }
        let chosen = by_cost.iter().min_by_key(|k| rank[**k]);
        chosen.map(|k| children[*k].point.clone()).or_else(|| best.map(|best| best.point.clone()))
    }
}

impl<'a, P: Structured + ?Sized> Solver<Target<'a, P>, Iterate> for ScatterSearch {
    fn name(&self) -> &str {
        "scatter search"
    }

    fn init(
        &mut self,
        problem: &mut Problem<Target<'a, P>>,
        mut state: Iterate,
    ) -> Result<(Iterate, Option<KV>), Error> {
        let target = problem.problem.as_ref().ok_or_else(state_without_point)?;
        let start = state.take_param().ok_or_else(state_without_point)?;
        let parameters = target.problem().parameters();
        self.ranges = parameters.iter().map(Parameter::search_range).collect();
        if self.members == 0 {
            // b² - b = 10 n (Egea et al. 2010, section 2.1).
            self.members = (((1.0 + 40.0 * parameters.len() as f64).sqrt() + 1.0) / 2.0).ceil() as usize;
        }
        let count = self.members.max(4);
        let mut stream = Stream::new(self.seed, 0);
        let mut pool = vec![start.clone()];
        pool.extend(self.fresh(parameters, Self::POOL * count - 1, &mut stream));
        let mut rated = self.rated(target, pool);
        let first = rated.remove(0);
        rated.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        // Half by merit, half for variety.
        let others = rated.split_off((count / 2).min(rated.len()));
        let step = (others.len() / (count - count / 2).max(1)).max(1);
        rated.extend(others.into_iter().step_by(step).take(count - count / 2 - 1));
        rated.push(first);
        self.set = rated;
        self.sort();
        let best = self.set[0].clone();
        Ok((state.param(best.point).cost(best.cost), None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<Target<'a, P>>,
        state: Iterate,
    ) -> Result<(Iterate, Option<KV>), Error> {
        let target = problem.problem.as_ref().ok_or_else(state_without_point)?;
        self.generation += 1;
        let mut stream = Stream::new(self.seed, self.generation);
        let children = self.rated(target, self.children(&mut stream));
        let each = self.set.len() - 1;
        for (member, children) in self.set.iter_mut().zip(children.chunks(each.max(1))) {
            let best = children.iter().min_by(|a, b| a.cost.total_cmp(&b.cost));
            match best.filter(|best| best.cost < member.cost) {
                Some(best) => *member = best.clone(),
                None => member.idle += 1,
            }
        }
        self.sort();
        let before = state.get_best_cost();
        if let Some(from) = self.next_start(&children) {
            let optimum = self.local(target, &from, before);
            let found = Member { point: optimum.point.clone(), cost: optimum.height(), idle: 0 };
            self.searched.push(from);
            let known = self.set.iter().position(|member| self.distance(&member.point, &found.point) < 1e-3);
            match known {
                Some(place) if found.cost < self.set[place].cost => self.set[place] = found.clone(),
                Some(_) => {}
                // The worst makes room, or one that has been idle.
                None => {
                    if let Some(last) = self.set.last_mut().filter(|last| found.cost < last.cost) {
                        *last = found.clone();
                    }
                }
            }
            self.searched.push(found.point);
        }
        let worn: Vec<usize> = (1..self.set.len()).filter(|k| self.set[*k].idle >= Self::IDLE).collect();
        if !worn.is_empty() {
            let fresh = self.fresh(target.problem().parameters(), 4 * worn.len(), &mut stream);
            let mut rated = self.rated(target, fresh);
            rated.sort_by(|a, b| a.cost.total_cmp(&b.cost));
            worn.into_iter().zip(rated).for_each(|(place, member)| self.set[place] = member);
        }
        self.sort();
        let best = &self.set[0];
        self.fruitless = if best.cost < before - Self::BETTER { 0 } else { self.fruitless + 1 };
        if best.cost < before {
            return Ok((state.param(best.point.clone()).cost(best.cost), None));
        }
        Ok((state, None))
    }

    fn terminate(&mut self, _state: &Iterate) -> TerminationStatus {
        match self.fruitless >= self.patience {
            true => TerminationStatus::Terminated(TerminationReason::SolverConverged),
            false => TerminationStatus::NotTerminated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::known::{bass, digits, rastrigin};

    #[test]
    fn the_lowest_of_many_optima_is_found_whatever_the_seed() {
        for seed in 0..4 {
            let optimum = run(&rastrigin(4), ScatterSearch::new(0, seed), &[3.0; 4], 200, &AtomicBool::new(false));
            assert!(optimum.ended == Ended::Converged && optimum.height() < 1e-8, "{optimum:?}");
        }
    }

    #[test]
    fn a_likelihood_from_its_bounds_alone() {
        let problem = bass();
        let start: Vec<f64> = problem.parameters.iter().map(|p| p.search(p.start)).collect();
        let optimum = run(&problem, ScatterSearch::new(0, 3), &start, 60, &AtomicBool::new(false));
        assert!(digits(optimum.height(), 84.590598) >= 7.0, "{optimum:?}");
    }

    #[test]
    fn nowhere_to_go_is_told() {
        let mut problem = rastrigin(2);
        problem.forbidden = |_| true;
        let optimum = run(&problem, ScatterSearch::new(0, 1), &[1.0; 2], 40, &AtomicBool::new(false));
        assert_eq!(optimum.ended, Ended::Infeasible);
    }
}
