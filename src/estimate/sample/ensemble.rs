//! An ensemble of walkers that propose to one another: posterior draws without gradients.

use super::Chains;
use crate::elementary::ln;
use crate::estimate::uncertainty::Covariance;
use crate::estimate::{Parameter, Problem};
use crate::random::Stream;
use nalgebra::{DMatrix, DVector, SymmetricEigen};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};

/// Differential evolution Markov chains with snooker updates, in halves.
///
/// # Method
/// Each half of an ensemble moves along differences of walkers of the other half, all in one batch: nine times in ten by
/// `2.38/√(2n)` of a difference (one such in ten by the whole, which jumps between modes), else along the line through a
/// third walker. Several ensembles start apart and run in parallel.
/// # Cost
/// One evaluation for each draw of each walker.
/// # Assumptions
/// Walkers in a half outnumber the parameters. The density is that of the search coordinates, so that flat priors of
/// natural values are flat whatever the transform.
/// # Fails when
/// Parameters are many (above thirty or so), or modes are so narrow and far apart that no difference connects them.
/// # Source
/// ter Braak (2006), eq. 2; ter Braak and Vrugt (2008), eqs. 3-4; halves as in Foreman-Mackey et al. (2013), section 3.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ensemble {
    /// Independent ensembles.
    pub ensembles: usize,
    /// Walkers of each, made even and at least `2 (n + 2)`.
    pub walkers: usize,
    /// Moves of each walker before draws are kept.
    pub warm_up: usize,
    /// Draws kept of each walker.
    pub draws: usize,
    /// Moves for one draw.
    pub thin: usize,
    pub seed: u64,
}

impl Default for Ensemble {
    fn default() -> Self {
        Ensemble { ensembles: 4, walkers: 32, warm_up: 1000, draws: 1000, thin: 2, seed: 1 }
    }
}

/// A sampling on its way: all that is needed to go on after an interruption.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    ensembles: Vec<Walkers>,
}

/// One ensemble.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Walkers {
    /// `[walker][parameter]`
    at: Vec<Vec<f64>>,
    /// Log density of the search coordinates.
    densities: Vec<f64>,
    /// Negative log posterior of the natural values.
    heights: Vec<f64>,
    moves: usize,
    proposed: u64,
    accepted: u64,
    /// `[walker][draw][parameter]`
    draws: Vec<Vec<Vec<f64>>>,
    /// `[walker][draw]`
    drawn_heights: Vec<Vec<f64>>,
}

impl Ensemble {
    /// Walkers around an optimum, spread twice as widely as `covariance` says, and over the prior or the search range
    /// where it says nothing. Walkers that land on infeasible ground are drawn again; `None` if none can be placed.
    pub fn start<P: Problem + ?Sized>(
        &self,
        problem: &P,
        optimum: &[f64],
        covariance: &Covariance,
    ) -> Option<Sampling> {
        let parameters = problem.parameters();
        let count = self.walkers.max(2 * (parameters.len() + 2)).next_multiple_of(2);
        let root = root(covariance);
        let place = |ensemble: usize| {
            let mut stream = Stream::new(self.seed, placing(ensemble));
            let mut at: Vec<Vec<f64>> = Vec::new();
            let (mut densities, mut heights) = (Vec::new(), Vec::new());
            for _ in 0..50 {
                let missing = count - at.len();
                let drawn: Vec<Vec<f64>> =
                    (0..missing).map(|_| around(parameters, optimum, covariance, &root, &mut stream)).collect();
                for (point, (density, height)) in drawn.iter().zip(evaluate(problem, &drawn)) {
                    if density.is_finite() {
                        at.push(point.clone());
                        densities.push(density);
                        heights.push(height);
                    }
                }
                if at.len() == count {
                    let draws = vec![Vec::new(); count];
                    let drawn_heights = vec![Vec::new(); count];
                    return Some(Walkers {
                        at,
                        densities,
                        heights,
                        moves: 0,
                        proposed: 0,
                        accepted: 0,
                        draws,
                        drawn_heights,
                    });
                }
            }
            None
        };
        let ensembles: Option<Vec<Walkers>> = (0..self.ensembles.max(1)).into_par_iter().map(place).collect();
        Some(Sampling { ensembles: ensembles? })
    }

    /// Goes on until all draws are made or `stop` is raised; `report` is told the share done, from any thread.
    pub fn run<P: Problem + ?Sized>(
        &self,
        problem: &P,
        mut sampling: Sampling,
        stop: &AtomicBool,
        report: &(dyn Fn(f64) + Sync),
    ) -> Sampling {
        let thin = self.thin.max(1);
        let last = self.warm_up + self.draws * thin;
        let every = (last / 50).max(1);
        sampling.ensembles.par_iter_mut().enumerate().for_each(|(number, walkers)| {
            while walkers.moves < last && !stop.load(Ordering::Relaxed) {
                let mut stream = Stream::new(self.seed, moving(number, walkers.moves));
                walkers.step(problem, &mut stream);
                walkers.moves += 1;
                if walkers.moves == self.warm_up {
                    (walkers.proposed, walkers.accepted) = (0, 0);
                }
                if walkers.moves > self.warm_up && (walkers.moves - self.warm_up).is_multiple_of(thin) {
                    walkers.keep();
                }
                if walkers.moves.is_multiple_of(every) {
                    report(walkers.moves as f64 / last as f64);
                }
            }
        });
        sampling
    }

    /// Whether all draws are made.
    pub fn is_done(&self, sampling: &Sampling) -> bool {
        sampling.ensembles.iter().all(|walkers| walkers.draws.iter().all(|draws| draws.len() >= self.draws))
    }
}

impl Sampling {
    /// The draws so far, a chain for each walker; ensembles that are behind set the length.
    pub fn chains(&self) -> Chains {
        let walkers = || self.ensembles.iter().flat_map(|ensemble| ensemble.draws.iter().zip(&ensemble.drawn_heights));
        let length = walkers().map(|(draws, _)| draws.len()).min().unwrap_or(0);
        Chains {
            draws: walkers().map(|(draws, _)| draws[..length].to_vec()).collect(),
            heights: walkers().map(|(_, heights)| heights[..length].to_vec()).collect(),
            together: self.ensembles.first().map_or(1, |ensemble| ensemble.at.len()),
        }
    }

    /// Share of proposals accepted since the warm-up, `[ensemble]`.
    pub fn acceptance(&self) -> Vec<f64> {
        self.ensembles.iter().map(|walkers| walkers.accepted as f64 / walkers.proposed as f64).collect()
    }
}

impl Walkers {
    /// Both halves move once.
    fn step<P: Problem + ?Sized>(&mut self, problem: &P, stream: &mut Stream) {
        let half = self.at.len() / 2;
        for (movers, others) in [(0..half, half..2 * half), (half..2 * half, 0..half)] {
            let others: Vec<&[f64]> = self.at[others].iter().map(Vec::as_slice).collect();
            let proposals: Vec<(Vec<f64>, f64)> =
                movers.clone().map(|walker| propose(&self.at[walker], &others, stream)).collect();
            let chances: Vec<f64> = movers.clone().map(|_| stream.uniform()).collect();
            let points: Vec<Vec<f64>> = proposals.iter().map(|(point, _)| point.clone()).collect();
            let answers = evaluate(problem, &points);
            for (((walker, (point, volume)), chance), (density, height)) in
                movers.zip(proposals).zip(chances).zip(answers)
            {
                self.proposed += 1;
                if ln(chance) < density - self.densities[walker] + volume {
                    self.accepted += 1;
                    (self.at[walker], self.densities[walker], self.heights[walker]) = (point, density, height);
                }
            }
        }
    }

    fn keep(&mut self) {
        for walker in 0..self.at.len() {
            self.draws[walker].push(self.at[walker].clone());
            self.drawn_heights[walker].push(self.heights[walker]);
        }
    }
}

/// Share of snooker moves, and of whole differences among the others.
const SNOOKER: f64 = 0.1;
const WHOLE: f64 = 0.1;

/// A proposal and the logarithm of the factor that its density ratio takes.
fn propose(from: &[f64], others: &[&[f64]], stream: &mut Stream) -> (Vec<f64>, f64) {
    let size = from.len() as f64;
    let mut chosen: Vec<usize> = Vec::with_capacity(3);
    while chosen.len() < 3 {
        let index = (stream.uniform() * others.len() as f64) as usize;
        if !chosen.contains(&index) {
            chosen.push(index);
        }
    }
    let [first, second, third] = [others[chosen[0]], others[chosen[1]], others[chosen[2]]];
    let (kind, whole, jitter) = (stream.uniform(), stream.uniform(), stream.normal());
    if kind < SNOOKER {
        let line: Vec<f64> = from.iter().zip(third).map(|(from, third)| from - third).collect();
        let length = line.iter().map(|x| x * x).sum::<f64>();
        if length > 0.0 {
            let along = (0..from.len()).map(|k| (first[k] - second[k]) * line[k]).sum::<f64>() / length;
            let factor = (1.2 + whole) * along;
            let point = from.iter().zip(&line).map(|(from, line)| from + factor * line).collect();
            return (point, (size - 1.0) * ln((1.0 + factor).abs()));
        }
    }
    let factor = if whole < WHOLE { 1.0 } else { 2.38 / (2.0 * size).sqrt() * (1.0 + 0.1 * jitter) };
    let point = (0..from.len()).map(|k| from[k] + factor * (first[k] - second[k]));
    (point.collect(), 0.0)
}

/// A feasible point around an optimum, drawn as walkers are; `None` if a hundred draws found none.
pub(super) fn place_around<P: Problem + ?Sized>(
    problem: &P,
    optimum: &[f64],
    covariance: &Covariance,
    stream: &mut Stream,
) -> Option<Vec<f64>> {
    let root = root(covariance);
    (0..100).find_map(|_| {
        let point = around(problem.parameters(), optimum, covariance, &root, stream);
        let density = evaluate(problem, std::slice::from_ref(&point)).pop()?.0;
        density.is_finite().then_some(point)
    })
}

/// Log density of the search coordinates and negative log posterior; minus infinity outside the box without asking the
/// objective, and where it is infeasible.
fn evaluate<P: Problem + ?Sized>(problem: &P, points: &[Vec<f64>]) -> Vec<(f64, f64)> {
    let parameters = problem.parameters();
    let inside = |point: &Vec<f64>| {
        parameters.iter().zip(point).all(|(parameter, at)| {
            let (low, high) = parameter.search_bounds();
            low <= *at && *at <= high
        })
    };
    let asked: Vec<Vec<f64>> = points.iter().filter(|point| inside(point)).cloned().collect();
    let mut answers = if asked.is_empty() { Vec::new() } else { problem.evaluate(&asked) }.into_iter();
    let each = points.iter().map(|point| {
        let answer = if inside(point) { answers.next().and_then(Result::ok) } else { None };
        let height = answer.map_or(f64::INFINITY, |value| value.posterior());
        let volume: f64 = parameters.iter().zip(point).map(|(parameter, at)| parameter.log_jacobian(*at)).sum();
        match volume - height {
            density if density.is_nan() => (f64::NEG_INFINITY, f64::INFINITY),
            density => (density, height),
        }
    });
    each.collect()
}

/// Streams: even numbers place ensembles, odd ones move them.
fn placing(ensemble: usize) -> u64 {
    2 * ensemble as u64
}

fn moving(ensemble: usize, moves: usize) -> u64 {
    ((ensemble as u64) << 40 | (moves as u64) << 1) + 1
}

/// `L` with `L Lᵀ` the covariance.
fn root(covariance: &Covariance) -> DMatrix<f64> {
    let axes = SymmetricEigen::new(covariance.matrix.clone());
    let lengths = axes.eigenvalues.map(|value| value.max(0.0).sqrt());
    axes.eigenvectors * DMatrix::from_diagonal(&lengths)
}

fn around(
    parameters: &[Parameter],
    optimum: &[f64],
    covariance: &Covariance,
    root: &DMatrix<f64>,
    stream: &mut Stream,
) -> Vec<f64> {
    let normal = DVector::from_fn(parameters.len(), |_, _| 2.0 * stream.normal());
    let step = root * normal;
    let each = parameters.iter().enumerate().map(|(k, parameter)| {
        let share = stream.uniform();
        let at = if covariance.identified[k] { optimum[k] + step[k] } else { parameter.search_at(share) };
        let (low, high) = parameter.search_bounds();
        if low < at && at < high { at } else { parameter.search_at(share) }
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Transform;
    use crate::estimate::known::{Residuals, rastrigin};
    use crate::estimate::uncertainty::Information;

    fn sample(problem: &Residuals, settings: &Ensemble, optimum: &[f64]) -> Sampling {
        let covariance = Information::expected(problem, optimum).unwrap().covariance();
        let start = settings.start(problem, optimum, &covariance).unwrap();
        settings.run(problem, start, &AtomicBool::new(false), &|_| {})
    }

    fn moments(chains: &Chains, parameter: usize) -> (f64, f64) {
        let all = chains.of(parameter, |x| x).concat();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        (mean, all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / all.len() as f64)
    }

    /// Normal with mean (1, -2, 0.5, 3) and, by rows `L⁻¹(x - m)`, covariance `L Lᵀ`.
    fn normal() -> Residuals {
        let parameters = (0..4).map(|k| Parameter::new(format!("x{k}"), 1.0)).collect();
        Residuals::new(parameters, |p| {
            let d = [p[0] - 1.0, p[1] + 2.0, p[2] - 0.5, p[3] - 3.0];
            // L = [[2], [1.8, 0.5], [0, 0.3, 0.1], [1, 0, 0, 5]]
            let a = d[0] / 2.0;
            let b = (d[1] - 1.8 * a) / 0.5;
            vec![a, b, (d[2] - 0.3 * b) / 0.1, (d[3] - a) / 5.0]
        })
    }

    #[test]
    fn a_normal_posterior_has_its_mean_and_covariance() {
        let chains = sample(&normal(), &Ensemble::default(), &[1.0, -2.0, 0.5, 3.0]).chains();
        for (k, (mean, variance)) in [(1.0, 4.0), (-2.0, 3.49), (0.5, 0.1), (3.0, 26.0)].into_iter().enumerate() {
            let found = moments(&chains, k);
            let convergence = chains.convergence(k, |x| x);
            assert!((found.0 - mean).abs() < 4.0 * convergence.error_of_mean, "{k}: {found:?} {convergence:?}");
            assert!((found.1 / variance - 1.0).abs() < 4.0 * (2.0 / convergence.mean).sqrt(), "{k}: {found:?}");
            assert!(convergence.r_hat < 1.01 && convergence.bulk > 2000.0, "{convergence:?}");
        }
        let draws = chains.draws.concat();
        let cross = draws.iter().map(|x| (x[0] - 1.0) * (x[1] + 2.0)).sum::<f64>() / draws.len() as f64;
        assert!((cross - 3.6).abs() < 0.3, "{cross}");
    }

    /// The claimed error of the mean against the spread of the means of 40 runs: walkers of an ensemble are not
    /// independent, so that this has to be shown.
    #[test]
    fn claimed_errors_of_means_are_the_real_ones() {
        let settings = Ensemble { ensembles: 2, walkers: 16, warm_up: 200, draws: 200, thin: 1, seed: 0 };
        let (mut means, mut claimed) = (Vec::new(), 0.0);
        for seed in 0..40 {
            let chains = sample(&normal(), &Ensemble { seed, ..settings.clone() }, &[1.0, -2.0, 0.5, 3.0]).chains();
            means.push(moments(&chains, 0).0);
            claimed += chains.convergence(0, |x| x).error_of_mean / 40.0;
        }
        let real = (means.iter().map(|mean| (mean - 1.0).powi(2)).sum::<f64>() / 40.0).sqrt();
        assert!((0.7..1.4).contains(&(real / claimed)), "{real} {claimed}");
    }

    #[test]
    fn a_bent_posterior_is_followed() {
        // Haario's banana: x ~ N(0, 10²), y + 0.03 (x² - 100) ~ N(0, 1); so E y = 0, var y = 1 + 0.0009 · 2 · 10⁴ = 19.
        let parameters = vec![Parameter::new("x", 1.0), Parameter::new("y", 1.0)];
        let problem = Residuals::new(parameters, |p| vec![p[0] / 10.0, p[1] + 0.03 * (p[0] * p[0] - 100.0)]);
        let settings = Ensemble { draws: 3000, ..Ensemble::default() };
        let chains = sample(&problem, &settings, &[0.0, 3.0]).chains();
        let (x, y) = (moments(&chains, 0), moments(&chains, 1));
        assert!((x.1 / 100.0 - 1.0).abs() < 0.1 && y.0.abs() < 0.3 && (y.1 / 19.0 - 1.0).abs() < 0.15, "{x:?} {y:?}");
    }

    #[test]
    fn flat_priors_are_of_natural_values_within_bounds_whatever_the_transform() {
        // No data: the posterior of the natural value is uniform on 0..2.
        for transform in [Transform::Identity, Transform::Log, Transform::Logit] {
            let parameters = vec![Parameter::new("share", 1.0).within(0.0, 2.0).on(transform)];
            let problem = Residuals::new(parameters, |_| vec![0.0]);
            let start = problem.parameters[0].search(1.0);
            let chains = sample(&problem, &Ensemble { draws: 2000, ..Ensemble::default() }, &[start]).chains();
            let natural = chains.of(0, |z| problem.parameters[0].natural(z)).concat();
            for share in [0.25, 0.5, 0.75] {
                let below = natural.iter().filter(|x| **x <= 2.0 * share).count() as f64 / natural.len() as f64;
                assert!((below - share).abs() < 0.02, "{transform:?} {share} {below}");
            }
        }
    }

    #[test]
    fn interruption_and_threads_do_not_matter_and_hopeless_ground_is_told() {
        let settings = Ensemble { walkers: 8, warm_up: 30, draws: 30, ..Ensemble::default() };
        let whole = sample(&normal(), &settings, &[1.0, -2.0, 0.5, 3.0]);
        assert!(settings.is_done(&whole) && whole.acceptance().iter().all(|share| (0.1..0.6).contains(share)));
        let covariance = Information::expected(&normal(), &[1.0, -2.0, 0.5, 3.0]).unwrap().covariance();
        let stop = AtomicBool::new(false);
        let half = |share: f64| stop.store(share > 0.4, Ordering::SeqCst);
        let start = settings.start(&normal(), &[1.0, -2.0, 0.5, 3.0], &covariance).unwrap();
        let part = settings.run(&normal(), start, &stop, &half);
        assert!(!settings.is_done(&part));
        let kept: Sampling = serde_json::from_str(&serde_json::to_string(&part).unwrap()).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let rest = pool.install(|| settings.run(&normal(), kept, &AtomicBool::new(false), &|_| {}));
        assert_eq!(rest, whole);
        let mut nowhere = rastrigin(4);
        nowhere.forbidden = |_| true;
        assert!(settings.start(&nowhere, &[0.0; 4], &covariance).is_none());
    }
}
