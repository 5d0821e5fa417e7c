//! Policies searched for: levers within bounds and limits, for one aim or the trade-off of several, over draws.
//!
//! A lever is a constant of the model; what a policy costs is judged over all draws, every policy under the same ones. How
//! policies are run is for the caller to say.

mod genetic;

pub use genetic::{Candidate, front};

use super::bands::quantile_of;
use crate::estimate::optimise::{DifferentialEvolution, run};
use crate::estimate::{Evaluation, Infeasible, NegativeLog, Parameter, Problem};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

/// What may be chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Lever {
    /// The constant, by element.
    pub constant: String,
    pub low: f64,
    pub high: f64,
    /// Off or on: one end or the other.
    pub switch: bool,
}

/// How a number that differs between draws is judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Judge {
    Expected,
    /// The value that this share of draws is no worse than.
    Quantile(f64),
    /// The largest regret: over draws, how much worse than the best that could have been done had the draw been known
    /// (Savage 1951).
    Regret,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aim {
    /// Place among the outcomes.
    pub outcome: usize,
    /// The more the better.
    pub most: bool,
    pub judge: Judge,
}

/// The expected value of an outcome must not go beyond a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    pub outcome: usize,
    pub value: f64,
    /// The number is the least allowed rather than the most.
    pub least: bool,
}

/// What is searched for.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    pub levers: Vec<Lever>,
    pub aims: Vec<Aim>,
    pub limits: Vec<Limit>,
    /// Policies tried at most.
    pub policies: usize,
    pub seed: u64,
}

/// A policy that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Constants and their values.
    pub settings: Vec<(String, f64)>,
    /// `[draw][outcome]`
    pub outcomes: Vec<Vec<f64>>,
    /// `[aim]`, in the outcome's unit; for a regret the regret.
    pub judged: Vec<f64>,
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// One policy, or a front in order of the first aim; none where no policy keeps the limits.
    pub choices: Vec<Choice>,
    /// The first aim without any lever pulled: `[draw][outcome]`.
    pub baseline: Vec<Vec<f64>>,
    /// For each draw what the first aim could have been had the draw been known; only for one aim.
    pub informed: Vec<f64>,
    pub runs: usize,
}

impl Chosen {
    /// Gain in the first aim over the baseline, by draw, the better the larger.
    pub fn gain(&self, search: &Search, choice: &Choice) -> Vec<f64> {
        let Some(aim) = search.aims.first() else { return Vec::new() };
        let sign = if aim.most { 1.0 } else { -1.0 };
        let pairs = choice.outcomes.iter().zip(&self.baseline);
        pairs.map(|(chosen, base)| sign * (chosen[aim.outcome] - base[aim.outcome])).collect()
    }

    /// The gain had each draw been known.
    pub fn informed_gain(&self, search: &Search) -> Vec<f64> {
        let Some(aim) = search.aims.first() else { return Vec::new() };
        let sign = if aim.most { 1.0 } else { -1.0 };
        self.informed.iter().zip(&self.baseline).map(|(best, base)| sign * (best - base[aim.outcome])).collect()
    }

    /// Share of draws in which a choice gains.
    pub fn robust(&self, search: &Search, choice: &Choice) -> f64 {
        let gains = self.gain(search, choice);
        gains.iter().filter(|gain| **gain > 0.0).count() as f64 / gains.len().max(1) as f64
    }
}

/// Runs many policies under draws: settings of each, and the draws by number; gives `[policy][draw][outcome]`.
pub type Runner<'r, E> = dyn Fn(&[Vec<(String, f64)>], &[usize]) -> Result<Vec<Vec<Vec<f64>>>, E> + Sync + 'r;

/// Searches. With one aim by differential evolution, with several by NSGA-II.
///
/// # Errors
/// Those of `runner`.
pub fn search<E: Send>(search: &Search, draws: usize, runner: &Runner<E>, stop: &AtomicBool) -> Result<Chosen, E> {
    let all: Vec<usize> = (0..draws).collect();
    let baseline = runner(&[Vec::new()], &all)?.pop().unwrap_or_default();
    let sizes = sizes(search, &baseline);
    let mut trial = Trial {
        search,
        runner,
        draws: all,
        sizes: sizes.clone(),
        informed: Vec::new(),
        trouble: Mutex::new(None),
        runs: Mutex::new(draws),
    };
    let mut informed = Vec::new();
    let regrets = search.aims.iter().any(|aim| aim.judge == Judge::Regret);
    if search.aims.len() == 1 || regrets {
        for draw in 0..draws {
            let mut best = Vec::new();
            for aim in &search.aims {
                let known = Search { aims: vec![Aim { judge: Judge::Expected, ..*aim }], ..search.clone() };
                let one = Trial {
                    search: &known,
                    draws: vec![draw],
                    sizes: sizes.clone(),
                    informed: Vec::new(),
                    runner,
                    trouble: Mutex::new(None),
                    runs: Mutex::new(0),
                };
                let found = one.best(stop)?.filter(|candidate| candidate.excess == 0.0);
                let found = found.map_or(f64::NAN, |candidate| candidate.costs[0]);
                *locked(&trial.runs) += *locked(&one.runs);
                best.push(found);
            }
            informed.push(best);
        }
    }
    trial.informed.clone_from(&informed);
    let mut candidates = match search.aims.len() {
        1 => trial.best(stop)?.into_iter().collect(),
        _ => trial.front()?,
    };
    candidates.retain(|candidate| candidate.excess == 0.0);
    let settings: Vec<_> = candidates.iter().map(|candidate| trial.settings(&candidate.point)).collect();
    let outcomes = runner(&settings, &trial.draws)?;
    let choices = candidates.iter().zip(settings).zip(outcomes).map(|((candidate, settings), outcomes)| Choice {
        settings,
        outcomes,
        judged: candidate.costs.iter().zip(&search.aims).map(|(cost, aim)| shown(*cost, aim)).collect(),
    });
    let first = search.aims.first().filter(|_| search.aims.len() == 1);
    let informed =
        first.map_or(Vec::new(), |aim| informed.iter().map(|best| if aim.most { -best[0] } else { best[0] }).collect());
    let choices = choices.collect();
    Ok(Chosen { choices, baseline, informed, runs: *locked(&trial.runs) })
}

/// Limits of different units count by the size of what they limit: the larger of the limit and of the baseline.
fn sizes(search: &Search, baseline: &[Vec<f64>]) -> Vec<f64> {
    let size = |limit: &Limit| {
        let values = baseline.iter().map(|draw| draw[limit.outcome].abs()).filter(|value| value.is_finite());
        let largest = values.fold(limit.value.abs(), f64::max);
        if largest > 0.0 { largest } else { 1.0 }
    };
    search.limits.iter().map(size).collect()
}

fn shown(cost: f64, aim: &Aim) -> f64 {
    if aim.most && aim.judge != Judge::Regret { -cost } else { cost }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Policies tried under some draws.
struct Trial<'t, E> {
    search: &'t Search,
    runner: &'t Runner<'t, E>,
    draws: Vec<usize>,
    /// Of each limit's outcome, by which its excess is counted.
    sizes: Vec<f64>,
    /// `[draw][aim]`: the least cost within the limits had the draw been known; NaN where nothing keeps them.
    informed: Vec<Vec<f64>>,
    trouble: Mutex<Option<E>>,
    runs: Mutex<usize>,
}

impl<E: Send> Trial<'_, E> {
    /// The constants at a point of the unit cube.
    fn settings(&self, point: &[f64]) -> Vec<(String, f64)> {
        let value = |(lever, at): (&Lever, &f64)| match lever.switch {
            true => {
                if *at < 0.5 {
                    lever.low
                } else {
                    lever.high
                }
            }
            false => lever.low + (lever.high - lever.low) * at,
        };
        let levers = self.search.levers.iter();
        levers.zip(point).map(|pair| (pair.0.constant.clone(), value(pair))).collect()
    }

    fn candidates(&self, points: Vec<Vec<f64>>) -> Result<Vec<Candidate>, E> {
        let settings: Vec<_> = points.iter().map(|point| self.settings(point)).collect();
        let outcomes = (self.runner)(&settings, &self.draws)?;
        *locked(&self.runs) += points.len() * self.draws.len();
        Ok(points.into_iter().zip(outcomes).map(|(point, outcomes)| self.judged(point, &outcomes)).collect())
    }

    /// Costs and excess from `[draw][outcome]`.
    fn judged(&self, point: Vec<f64>, outcomes: &[Vec<f64>]) -> Candidate {
        let mean = |place: usize| outcomes.iter().map(|draw| draw[place]).sum::<f64>() / outcomes.len().max(1) as f64;
        let cost = |(number, aim): (usize, &Aim)| {
            let sign = if aim.most { -1.0 } else { 1.0 };
            // A draw without a value counts as the worst.
            let costs = outcomes.iter().map(|draw| sign * draw[aim.outcome]);
            let costs = costs.map(|cost| if cost.is_nan() { f64::INFINITY } else { cost });
            match aim.judge {
                Judge::Expected => costs.sum::<f64>() / outcomes.len().max(1) as f64,
                Judge::Quantile(share) => {
                    let mut sorted: Vec<f64> = costs.collect();
                    sorted.sort_by(f64::total_cmp);
                    quantile_of(&sorted, share)
                }
                Judge::Regret => {
                    // Where nothing keeps the limits there is nothing to regret.
                    let known = costs.zip(&self.informed).filter(|(_, best)| !best[number].is_nan());
                    known.map(|(cost, best)| cost - best[number]).fold(f64::NEG_INFINITY, f64::max)
                }
            }
        };
        let excess = self.search.limits.iter().zip(&self.sizes).map(|(limit, size)| {
            let over = mean(limit.outcome) - limit.value;
            let over = if limit.least { -over } else { over };
            if over.is_nan() { f64::INFINITY } else { over.max(0.0) / size }
        });
        let costs = self.search.aims.iter().enumerate().map(cost).collect();
        Candidate { costs, excess: excess.sum(), point }
    }

    fn best(&self, stop: &AtomicBool) -> Result<Option<Candidate>, E> {
        let parameters: Vec<Parameter> = self
            .search
            .levers
            .iter()
            .map(|lever| Parameter { lower: 0.0, upper: 1.0, ..Parameter::new(lever.constant.clone(), 0.5) })
            .collect();
        let members = (10 * parameters.len()).clamp(10, 60);
        let generations = (self.search.policies / members).max(2) as u64;
        let problem = Levers { trial: self, parameters };
        let start = vec![0.5; problem.parameters.len()];
        let optimum = run(&problem, DifferentialEvolution::new(members, self.search.seed), &start, generations, stop);
        if let Some(trouble) = locked(&self.trouble).take() {
            return Err(trouble);
        }
        match optimum.value {
            Some(_) => Ok(self.candidates(vec![optimum.point])?.pop()),
            None => Ok(None),
        }
    }

    fn front(&self) -> Result<Vec<Candidate>, E> {
        let members = (self.search.policies / 25).clamp(20, 100).next_multiple_of(2);
        let generations = (self.search.policies / members).max(2);
        let bounds = vec![(0.0, 1.0); self.search.levers.len()];
        front(&bounds, members, generations, self.search.seed, |points| self.candidates(points))
    }
}

/// The levers as an optimiser sees them; a policy that breaks a limit is worse than any that keeps it, the worse the more.
struct Levers<'t, E> {
    trial: &'t Trial<'t, E>,
    parameters: Vec<Parameter>,
}

impl<E: Send> Problem for Levers<'_, E> {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn evaluate(&self, points: &[Vec<f64>]) -> Vec<Evaluation> {
        let refused = || points.iter().map(|_| Err(Infeasible::new("the policies could not be run"))).collect();
        if locked(&self.trial.trouble).is_some() {
            return refused();
        }
        match self.trial.candidates(points.to_vec()) {
            Ok(candidates) => candidates
                .iter()
                .map(|candidate| match candidate.costs[0] {
                    cost if candidate.excess == 0.0 && cost.is_finite() => {
                        Ok(NegativeLog { likelihood: cost, prior: 0.0 })
                    }
                    _ if candidate.excess.is_finite() && candidate.excess > 0.0 => {
                        Ok(NegativeLog { likelihood: BROKEN * (1.0 + candidate.excess), prior: 0.0 })
                    }
                    _ => Err(Infeasible::new("an outcome has no value")),
                })
                .collect(),
            Err(trouble) => {
                *locked(&self.trial.trouble) = Some(trouble);
                refused()
            }
        }
    }
}

/// More than any outcome costs.
const BROKEN: f64 = 1e100;

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    /// Draws move the best level of a lever: the cost is (x - θ)² with θ of 0, 0.1, 0.2 and 1. The mean is least at the
    /// mean of θ, the largest regret at the middle of its range, and each draw known has no cost.
    #[test]
    fn judges_have_their_own_best() {
        let thetas = [0.0, 0.1, 0.2, 1.0];
        let runner = |policies: &[Vec<(String, f64)>], draws: &[usize]| {
            let cost = |settings: &Vec<(String, f64)>, draw: &usize| {
                let x = settings.first().map_or(2.0, |(_, x)| *x);
                vec![(x - thetas[*draw]).powi(2), x]
            };
            let all = policies.iter().map(|settings| draws.iter().map(|draw| cost(settings, draw)).collect());
            Ok::<_, Infallible>(all.collect())
        };
        for (judge, limits, best) in [
            (Judge::Expected, vec![], 0.325),
            (Judge::Regret, vec![], 0.5),
            // The worst draw is the quantile of all of them.
            (Judge::Quantile(1.0), vec![], 0.5),
            (Judge::Expected, vec![Limit { outcome: 1, value: 0.7, least: true }], 0.7),
        ] {
            let levers = vec![Lever { constant: "x".to_owned(), low: -1.0, high: 3.0, switch: false }];
            let aims = vec![Aim { outcome: 0, most: false, judge }];
            let asked = Search { levers, aims, limits, policies: 1500, seed: 3 };
            let Ok(found) = search(&asked, 4, &runner, &AtomicBool::new(false));
            let choice = &found.choices[0];
            assert!((choice.settings[0].1 - best).abs() < 1e-3, "{judge:?}: {choice:?}");
            if asked.limits.is_empty() {
                assert!(found.informed.iter().all(|cost| *cost < 1e-6), "{:?}", found.informed);
                assert_eq!(found.robust(&asked, choice), 1.0);
            }
        }
    }

    fn lever(low: f64, high: f64) -> Vec<Lever> {
        vec![Lever { constant: "x".to_owned(), low, high, switch: false }]
    }

    /// The cost is -x, and x may be at most 0, which a policy in three hundred is to begin with.
    #[test]
    fn a_limit_of_zero_guides_the_search() {
        let runner = |policies: &[Vec<(String, f64)>], draws: &[usize]| {
            let one = |settings: &Vec<(String, f64)>| settings.first().map_or(1.0, |(_, x)| *x);
            let all = policies.iter().map(|settings| vec![vec![-one(settings), one(settings)]; draws.len()]);
            Ok::<_, Infallible>(all.collect())
        };
        let aims = vec![Aim { outcome: 0, most: false, judge: Judge::Expected }];
        let limits = vec![Limit { outcome: 1, value: 0.0, least: false }];
        let asked = Search { levers: lever(-0.01, 3.0), aims, limits, policies: 1500, seed: 5 };
        let Ok(found) = search(&asked, 2, &runner, &AtomicBool::new(false));
        let x = found.choices[0].settings[0].1;
        assert!(x <= 0.0 && x > -1e-3, "{x}");
    }

    /// The first of three draws has no value above 0.3, where the others are the better the higher.
    #[test]
    fn a_draw_without_a_value_counts_as_the_worst() {
        let runner = |policies: &[Vec<(String, f64)>], draws: &[usize]| {
            let cost = |x: f64, draw: usize| if draw == 0 && x > 0.3 { -f64::NAN } else { (x - 1.0).powi(2) };
            let one = |settings: &Vec<(String, f64)>| settings.first().map_or(0.0, |(_, x)| *x);
            let all = policies
                .iter()
                .map(|settings| draws.iter().map(|draw| vec![cost(one(settings), *draw)]).collect::<Vec<_>>());
            Ok::<_, Infallible>(all.collect())
        };
        for judge in [Judge::Expected, Judge::Quantile(1.0), Judge::Regret] {
            let aims = vec![Aim { outcome: 0, most: false, judge }];
            let asked = Search { levers: lever(0.0, 1.0), aims, limits: vec![], policies: 1500, seed: 7 };
            let Ok(found) = search(&asked, 3, &runner, &AtomicBool::new(false));
            let x = found.choices[0].settings[0].1;
            assert!((x - 0.3).abs() < 1e-3, "{judge:?}: {x}");
        }
    }
}
