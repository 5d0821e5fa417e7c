//! Many searches from points spread over what is known beforehand, so that a local optimum is not taken for the best.

use super::screening::most_promising;
use super::{Ended, Method, Optimum};
use crate::estimate::{Finding, Parameter, Structured};
use crate::random::{LatinHypercube, Sobol, Stream};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// How starts are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Design {
    /// Scrambled Sobol points: the first ones fill the space as well as all do. Beyond the limits of the sequence (65,536
    /// points, 256 parameters) a Latin hypercube takes its place.
    #[default]
    Sobol,
    LatinHypercube,
}

/// Searches from many starts, in rounds.
///
/// # Method
/// Start 0 is the one that the parameters state; each other is the most promising of `pool` points of the
/// design. A local search
/// is cut into legs; it is abandoned after a leg if even the gain of that leg, kept up for all iterations left, would not
/// bring it to the best optimum of the earlier rounds. After each round the search ends if the best optimum has been
/// reached `found` times.
/// # Cost
/// The starts of a round run in parallel. What is decided depends on finished rounds alone, so that results depend neither
/// on the number of threads nor on interruptions.
/// # Fails when
/// The basin of the best optimum is narrower than the design is fine.
/// # Source
/// Raue et al. (2013) for starts, waterfall and agreement; the rule of abandonment is ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MultiStart {
    pub starts: usize,
    /// Design points evaluated for each start.
    pub pool: usize,
    pub design: Design,
    pub method: Method,
    pub seed: u64,
    /// Most iterations of a start.
    pub iterations: u64,
    /// Iterations of a leg.
    pub leg: u64,
    /// Starts of a round.
    pub round: usize,
    /// End after this many starts reached the best optimum; never if zero.
    pub found: usize,
    /// Difference of log posterior within which two optima are one.
    pub agreement: f64,
}

impl Default for MultiStart {
    fn default() -> Self {
        MultiStart {
            starts: 40,
            pool: 4,
            design: Design::default(),
            method: Method::default(),
            seed: 1,
            iterations: 300,
            leg: 25,
            round: 8,
            found: 5,
            agreement: 0.01,
        }
    }
}

/// What became of one start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    pub number: usize,
    /// Search coordinates, `[parameter]`.
    pub from: Vec<f64>,
    pub optimum: Optimum,
    /// Given up as hopeless.
    pub abandoned: bool,
    /// Why the start cannot be evaluated, if it cannot.
    pub infeasible: Option<String>,
}

/// A start searched to its end, leg by leg, without regard to other starts: a function of settings and number alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trail {
    from: Vec<f64>,
    /// Where each leg ended.
    legs: Vec<Optimum>,
    infeasible: Option<String>,
}

/// The starts searched so far; all that is needed to go on after an interruption.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Searched {
    starts: BTreeMap<usize, Start>,
    agreement: f64,
    /// Whether the search came to its own end.
    pub finished: bool,
}

impl Searched {
    /// Every start, lowest first: the rows of a waterfall plot.
    pub fn waterfall(&self) -> Vec<&Start> {
        let mut starts: Vec<&Start> = self.starts.values().collect();
        starts.sort_by(|a, b| a.optimum.height().total_cmp(&b.optimum.height()).then(a.number.cmp(&b.number)));
        starts
    }

    /// The best start; `None` while no feasible point is known.
    pub fn best(&self) -> Option<&Start> {
        self.waterfall().into_iter().next().filter(|start| start.optimum.value.is_some())
    }

    /// How many starts reached the best optimum.
    pub fn times_found(&self) -> usize {
        let Some(best) = self.best() else { return 0 };
        let reached = best.optimum.height() + self.agreement;
        self.starts.values().filter(|start| start.optimum.height() <= reached && !start.abandoned).count()
    }

    /// What speaks against the best optimum.
    pub fn findings(&self) -> Vec<Finding> {
        let starts = self.starts.len();
        let Some(best) = self.best() else {
            let why = self.starts.values().find_map(|start| start.infeasible.clone()).unwrap_or_default();
            return vec![Finding::NothingFeasible { starts, why }];
        };
        let mut findings = Vec::new();
        let Optimum { ended, iterations, .. } = best.optimum;
        if ended != Ended::Converged {
            findings.push(Finding::SearchNotConverged { ended, iterations });
        }
        let found = self.times_found();
        if starts >= Self::ENOUGH_TO_AGREE && found < 2 {
            findings.push(Finding::RarelyFound { found, starts });
        }
        findings
    }

    /// Starts from which on the best optimum should have been found more than once.
    const ENOUGH_TO_AGREE: usize = 8;

    /// Adds a start that has ended, so that a search that is killed can go on from there.
    pub fn add(&mut self, start: Start) {
        self.starts.insert(start.number, start);
    }

    fn best_before(&self, number: usize) -> f64 {
        self.starts.range(..number).map(|(_, start)| start.optimum.height()).fold(f64::INFINITY, f64::min)
    }
}

impl MultiStart {
    /// Goes on from what was `searched` before (or nothing) until done or stopped. `report` is told of each start as it
    /// ends, from any thread.
    pub fn run<P: Structured + ?Sized>(
        &self,
        problem: &P,
        searched: Searched,
        stop: &AtomicBool,
        report: &(dyn Fn(&Start) + Sync),
    ) -> Searched {
        self.run_along(problem, searched, &BTreeMap::new(), stop, report)
    }

    /// As [`run`](Self::run), to the same bits, where starts may have been searched elsewhere: their trails take the place of
    /// a search.
    pub fn run_along<P: Structured + ?Sized>(
        &self,
        problem: &P,
        mut searched: Searched,
        trails: &BTreeMap<usize, Trail>,
        stop: &AtomicBool,
        report: &(dyn Fn(&Start) + Sync),
    ) -> Searched {
        searched.agreement = self.agreement;
        let round = self.round.max(1);
        let points = self.points(problem.parameters());
        for first in (0..self.starts).step_by(round) {
            let numbers = first..(first + round).min(self.starts);
            let reference = searched.best_before(first);
            let missing: Vec<usize> = numbers.clone().filter(|number| !searched.starts.contains_key(number)).collect();
            let done: Vec<Start> = missing
                .into_par_iter()
                .filter_map(|number| match trails.get(&number) {
                    Some(trail) => self.start(number, trail.clone(), reference),
                    None => {
                        let hopeless = |legs: &[Optimum]| self.is_hopeless(legs, reference);
                        let trail = self.search(problem, number, &points[number], &hopeless, stop)?;
                        self.start(number, trail, reference)
                    }
                })
                .inspect(|start| report(start))
                .collect();
            searched.starts.extend(done.into_iter().map(|start| (start.number, start)));
            if numbers.into_iter().any(|number| !searched.starts.contains_key(&number)) {
                return searched;
            }
            if self.found > 0 && searched.times_found() >= self.found {
                break;
            }
        }
        searched.finished = true;
        searched
    }

    /// One start to its end, whatever others find; `None` if interrupted.
    pub fn trail<P: Structured + ?Sized>(&self, problem: &P, number: usize, stop: &AtomicBool) -> Option<Trail> {
        let points = self.points(problem.parameters());
        self.search(problem, number, points.get(number)?, &|_| false, stop)
    }

    /// One start as far as it is not hopeless; `None` if interrupted.
    fn search<P: Structured + ?Sized>(
        &self,
        problem: &P,
        number: usize,
        pool: &[Vec<f64>],
        hopeless: &dyn Fn(&[Optimum]) -> bool,
        stop: &AtomicBool,
    ) -> Option<Trail> {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        let from = match pool {
            [only] => only.clone(),
            _ => most_promising(problem, pool),
        };
        let seed = Stream::new(self.seed, number as u64 + 1).word_at(0);
        let leg = if self.method.is_local() { self.leg.max(1) } else { self.iterations };
        let mut optimum = self.method.search(problem, &from, seed, leg.min(self.iterations), stop);
        let mut legs = vec![optimum.clone()];
        while self.goes_on(&optimum) && !hopeless(&legs) {
            let left = self.iterations - optimum.iterations;
            let next = self.method.search(problem, &optimum.point, seed, leg.min(left), stop);
            optimum = Optimum {
                iterations: optimum.iterations + next.iterations.max(1),
                evaluations: optimum.evaluations + next.evaluations,
                slopes: optimum.slopes + next.slopes,
                ..next
            };
            legs.push(optimum.clone());
        }
        let infeasible = match legs.iter().any(|leg| leg.value.is_none()) {
            true => {
                problem.evaluate(std::slice::from_ref(&from)).pop().and_then(Result::err).map(|e| e.why.into_owned())
            }
            false => None,
        };
        (optimum.ended != Ended::Interrupted).then_some(Trail { from, legs, infeasible })
    }

    fn goes_on(&self, optimum: &Optimum) -> bool {
        optimum.ended == Ended::OutOfIterations && optimum.iterations < self.iterations
    }

    /// Whether even the gain of the last leg, kept up for all iterations left, would not lead to the reference.
    fn is_hopeless(&self, legs: &[Optimum], reference: f64) -> bool {
        let [.., last] = legs else { return false };
        let before = legs.len().checked_sub(2).and_then(|place| legs.get(place)).map_or(f64::INFINITY, Optimum::height);
        let leg = if self.method.is_local() { self.leg.max(1) } else { self.iterations };
        let gain = (before - last.height()) / leg as f64;
        let left = self.iterations - last.iterations;
        last.height() - gain * left as f64 > reference + self.agreement
    }

    /// What becomes of a start beside a reference: its trail up to where it is given up.
    fn start(&self, number: usize, trail: Trail, reference: f64) -> Option<Start> {
        let Trail { from, mut legs, infeasible } = trail;
        let given_up = (1..=legs.len())
            .find(|count| self.goes_on(&legs[count - 1]) && self.is_hopeless(&legs[..*count], reference));
        legs.truncate(given_up.unwrap_or(legs.len()));
        let optimum = legs.pop()?;
        let infeasible = infeasible.filter(|_| optimum.value.is_none());
        Some(Start { number, from, optimum, abandoned: given_up.is_some(), infeasible })
    }

    /// The points from which each start chooses, `[start][point][parameter]`.
    fn points(&self, parameters: &[Parameter]) -> Vec<Vec<Vec<f64>>> {
        let pool = self.pool.max(1);
        let count = self.starts.saturating_sub(1) * pool;
        let sobol = match self.design {
            Design::Sobol => Sobol::new(count, parameters.len(), self.seed).ok(),
            Design::LatinHypercube => None,
        };
        let shares: Vec<Vec<f64>> = match sobol {
            Some(sobol) => sobol.points().collect(),
            None => LatinHypercube::new(count, parameters.len(), self.seed).points().collect(),
        };
        let place =
            |shares: &Vec<f64>| parameters.iter().zip(shares).map(|(p, u)| p.search_at(*u)).collect::<Vec<f64>>();
        let stated: Vec<f64> = parameters.iter().map(|parameter| parameter.search(parameter.start)).collect();
        let others = shares.chunks(pool).map(|points| points.iter().map(place).collect());
        std::iter::once(vec![stated]).chain(others).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::known::{bass, rastrigin};
    use std::sync::atomic::AtomicUsize;

    fn run(settings: &MultiStart, from: Searched, problem: &impl Structured) -> Searched {
        settings.run(problem, from, &AtomicBool::new(false), &|_| {})
    }

    #[test]
    fn the_best_of_many_optima_is_found_and_the_search_ends_when_it_was_found_often_enough() {
        let problem = rastrigin(2);
        let settings = MultiStart { starts: 200, found: 3, ..MultiStart::default() };
        let searched = run(&settings, Searched::default(), &problem);
        let best = searched.best().unwrap();
        assert!(best.optimum.height() < 1e-9 && searched.finished, "{best:?}");
        assert!(searched.times_found() >= 3 && searched.starts.len() < 200, "{}", searched.starts.len());
        let heights: Vec<f64> = searched.waterfall().iter().map(|start| start.optimum.height()).collect();
        assert!(heights.is_sorted() && searched.findings().is_empty());
        let few = run(&MultiStart { starts: 8, iterations: 1, ..settings }, Searched::default(), &problem);
        assert!(matches!(few.findings()[..], [Finding::SearchNotConverged { .. }, Finding::RarelyFound { .. }]));
    }

    #[test]
    fn threads_do_not_matter() {
        let problem = rastrigin(2);
        let settings = MultiStart { starts: 24, found: 0, ..MultiStart::default() };
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(&settings, Searched::default(), &problem))
        };
        assert_eq!(on(1), on(4));
    }

    #[test]
    fn an_interrupted_search_goes_on_to_the_identical_result() {
        let problem = bass();
        let settings = MultiStart { starts: 20, found: 0, round: 6, ..MultiStart::default() };
        let whole = run(&settings, Searched::default(), &problem);
        for after in [1, 7, 13] {
            let (stop, ended) = (AtomicBool::new(false), AtomicUsize::new(0));
            let report = |_: &Start| {
                if ended.fetch_add(1, Ordering::SeqCst) + 1 == after {
                    stop.store(true, Ordering::SeqCst);
                }
            };
            let part = settings.run(&problem, Searched::default(), &stop, &report);
            assert!(!part.finished && part.starts.len() < 20);
            let kept: Searched = serde_json::from_str(&serde_json::to_string(&part).unwrap()).unwrap();
            assert_eq!(kept, part);
            assert_eq!(run(&settings, kept, &problem), whole);
        }
    }

    /// Trails know nothing of each other, and yet the starts are given up that are given up in turn.
    #[test]
    fn trails_searched_apart_give_the_search_itself() {
        let problem = bass();
        for (found, method) in [(0, Method::NelderMead), (3, Method::NelderMead), (2, Method::TrustRegion)] {
            let settings = MultiStart { starts: 24, leg: 50, iterations: 600, found, method, ..MultiStart::default() };
            let whole = run(&settings, Searched::default(), &problem);
            let stop = AtomicBool::new(false);
            let trails: BTreeMap<usize, Trail> =
                (0..24).rev().map(|number| (number, settings.trail(&problem, number, &stop).unwrap())).collect();
            let some: BTreeMap<usize, Trail> =
                trails.clone().into_iter().filter(|(number, _)| number % 3 == 0).collect();
            for known in [trails, some] {
                assert_eq!(settings.run_along(&problem, Searched::default(), &known, &stop, &|_| {}), whole);
            }
        }
    }

    #[test]
    fn hopeless_starts_are_abandoned_and_the_best_is_not() {
        let settings = MultiStart {
            starts: 32,
            leg: 50,
            iterations: 1000,
            found: 0,
            method: Method::NelderMead,
            ..MultiStart::default()
        };
        let searched = run(&settings, Searched::default(), &bass());
        let abandoned = searched.starts.values().filter(|start| start.abandoned).count();
        assert!(abandoned > 0 && !searched.best().unwrap().abandoned, "{abandoned}");
        assert!((searched.best().unwrap().optimum.height() - 84.590598).abs() < 1e-5);
        let first_round = searched.starts.values().take(settings.round);
        assert!(first_round.into_iter().all(|start| !start.abandoned));
    }

    #[test]
    fn nothing_feasible_is_told() {
        let mut problem = rastrigin(2);
        problem.forbidden = |_| true;
        let searched = run(&MultiStart { starts: 3, ..MultiStart::default() }, Searched::default(), &problem);
        assert!(searched.finished && searched.best().is_none() && searched.times_found() == 0);
        assert_eq!(searched.findings(), [Finding::NothingFeasible { starts: 3, why: "forbidden".to_owned() }]);
    }
}
