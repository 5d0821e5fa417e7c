//! Chains that follow the gradient of the posterior: Hamiltonian dynamics that turn back by themselves.

use super::place_around;
use super::together::{Asking, Silence, Told, together};
use super::unbounded::Unbounded;
use super::walks::{Walk, Walks};
use crate::estimate::Problem;
use crate::estimate::uncertainty::Covariance;
use crate::random::Stream;
use nalgebra::{DMatrix, DVector};
use nuts_rs::rand::{SeedableRng, rngs::ChaCha8Rng};
use nuts_rs::{
    Chain, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, HasDims, LogpError, Settings, Storable, Value,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The No-U-Turn sampler.
///
/// # Method
/// Multinomial No-U-Turn trajectories with a diagonal metric and a step size adapted during warm-up, by the crate
/// `nuts-rs`, in coordinates without bounds in which the covariance at the optimum is round. The density is that of the
/// search coordinates with the change of variables counted, so that flat priors of natural values are flat. Chains start
/// around the optimum, twice as far as its covariance says, and take their gradients together.
/// # Cost
/// A gradient for each step of a trajectory; chains share batches of lanes, and groups of chains run in parallel.
/// # Assumptions
/// Slopes are exact or nearly so: kinks and integration error show as divergences.
/// # Fails when
/// Curvature varies by orders of magnitude over the posterior (divergences), modes lie apart (R̂), tails are so heavy that
/// energy diffuses slowly (E-BFMI).
/// # Source
/// Hoffman and Gelman (2014); Betancourt (2017), appendix A; adaptation: Seyboldt, Carlson and Carpenter (2024).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Nuts {
    pub chains: usize,
    /// Draws before draws are kept.
    pub warm_up: usize,
    pub draws: usize,
    pub seed: u64,
    /// Doublings of a trajectory at most.
    pub depth: usize,
    /// Wanted mean acceptance: nearer to one means smaller steps.
    pub acceptance: f64,
}

impl Default for Nuts {
    fn default() -> Self {
        Nuts { chains: 16, warm_up: 100, draws: 250, seed: 1, depth: 10, acceptance: 0.8 }
    }
}

impl fmt::Display for Silence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Silence::Nowhere => "the posterior cannot be evaluated",
            Silence::Stopped => "the sampling was stopped",
        })
    }
}

impl std::error::Error for Silence {}

impl LogpError for Silence {
    /// At an infeasible point a trajectory ends and the chain goes on.
    fn is_recoverable(&self) -> bool {
        *self == Silence::Nowhere
    }
}

/// A posterior as the sampler sees it: free coordinates are `root` times the sampler's.
struct Density<'c, 's, P: ?Sized> {
    unbounded: &'c Unbounded<'c, P>,
    root: &'c DMatrix<f64>,
    asking: &'c mut Asking<'s>,
}

impl<P: ?Sized> HasDims for Density<'_, '_, P> {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([
            ("unconstrained_parameter".to_owned(), self.root.nrows() as u64),
            ("dim".to_owned(), self.root.nrows() as u64),
        ])
    }
}

impl<P: Problem + ?Sized> CpuLogpFunc for Density<'_, '_, P> {
    type LogpError = Silence;
    type FlowParameters = ();
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        self.root.nrows()
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, Silence> {
        let free = turned(self.root, position);
        let search = self.unbounded.search(&free);
        let slope = self.asking.slope(search.clone())?;
        let density = self.unbounded.log_density(&free, &search, &slope, gradient).ok_or(Silence::Nowhere)?;
        let slope = self.root.tr_mul(&DVector::from_column_slice(gradient));
        gradient.copy_from_slice(slope.as_slice());
        Ok(density)
    }

    fn expand_vector<R: nuts_rs::rand::Rng + ?Sized>(
        &mut self,
        _: &mut R,
        position: &[f64],
    ) -> Result<Vec<f64>, CpuMathError> {
        Ok(position.to_vec())
    }
}

/// Free coordinates of a point of the sampler's.
fn turned(root: &DMatrix<f64>, position: &[f64]) -> Vec<f64> {
    (root * DVector::from_column_slice(position)).as_slice().to_vec()
}

/// Lower triangular `R` with `R Rᵀ` the covariance of the free coordinates at the optimum; one for each coordinate that the
/// data do not inform.
fn root<P: Problem + ?Sized>(unbounded: &Unbounded<'_, P>, optimum: &[f64], covariance: &Covariance) -> DMatrix<f64> {
    let size = optimum.len();
    let stretch = unbounded.stretch(optimum);
    let informed = |k: usize| covariance.identified[k] && stretch[k].is_normal();
    let free = DMatrix::from_fn(size, size, |i, j| match (informed(i) && informed(j), i == j) {
        (true, _) => covariance.matrix[(i, j)] / (stretch[i] * stretch[j]),
        (false, true) => 1.0,
        (false, false) => 0.0,
    });
    free.cholesky().map_or_else(|| DMatrix::identity(size, size), |factor| factor.l())
}

impl Nuts {
    /// Runs the chains that are not `done` until all are or `stop` is raised. `report` is told the share done, from any
    /// thread. A chain that cannot be placed, because nothing around the optimum is feasible, is left out.
    pub fn run<P: Problem + ?Sized>(
        &self,
        problem: &P,
        optimum: &[f64],
        covariance: &Covariance,
        done: Walks,
        stop: &AtomicBool,
        report: &(dyn Fn(f64) + Sync),
    ) -> Walks {
        let Walks { mut walks, mut begun } = done;
        let missing: Vec<(usize, Told)> = (0..self.chains)
            .filter(|number| !walks.contains_key(number))
            .map(|number| (number, begun.remove(&number).unwrap_or_default()))
            .collect();
        let unbounded = Unbounded::new(problem);
        let root = root(&unbounded, optimum, covariance);
        let made = AtomicUsize::new(walks.len() * (self.warm_up + self.draws));
        let all = self.chains * (self.warm_up + self.draws);
        let every = all.div_ceil(100);
        let tell = || {
            let made = made.fetch_add(1, Ordering::Relaxed) + 1;
            if made.is_multiple_of(every) {
                report(made as f64 / all as f64);
            }
        };
        // Before any chain begins: an objective may itself compute on the pool, whose threads then wait for the chains.
        let place = |number: usize| {
            let mut placing = Stream::new(self.seed, 2 * number as u64);
            let start = place_around(problem, optimum, covariance, &mut placing)?;
            root.solve_lower_triangular(&DVector::from_vec(unbounded.free(&start)))
        };
        let starts: HashMap<usize, DVector<f64>> =
            missing.iter().filter_map(|(number, _)| place(*number).map(|start| (*number, start))).collect();
        let walk = |number: usize, asking: &mut Asking| {
            let start = starts.get(&number)?.as_slice();
            self.walk(Density { unbounded: &unbounded, root: &root, asking }, start, number, &tell)
        };
        // As many groups as threads: each group's gradients are one batch.
        let group = missing.len().div_ceil(rayon::current_num_threads()).max(1);
        let walked: Vec<(usize, Option<Walk>, Told)> =
            missing.par_chunks(group).flat_map_iter(|chains| together(problem, chains.to_vec(), stop, &walk)).collect();
        for (number, walk, told) in walked {
            match walk {
                Some(walk) => _ = walks.insert(number, walk),
                None => _ = begun.insert(number, told),
            }
        }
        Walks { walks, begun }
    }

    /// Whether every chain is there.
    pub fn is_done(&self, walks: &Walks) -> bool {
        (0..self.chains).all(|number| walks.walks.contains_key(&number))
    }

    fn walk<P: Problem + ?Sized>(
        &self,
        density: Density<'_, '_, P>,
        start: &[f64],
        number: usize,
        tell: &dyn Fn(),
    ) -> Option<Walk> {
        let mut settings = DiagNutsSettings {
            num_tune: self.warm_up as u64,
            num_draws: self.draws as u64,
            maxdepth: self.depth as u64,
            ..DiagNutsSettings::default()
        };
        settings.adapt_options.step_size_settings.target_accept = self.acceptance;
        let (unbounded, root) = (density.unbounded, density.root);
        let mut random = ChaCha8Rng::seed_from_u64(Stream::new(self.seed, 2 * number as u64 + 1).word_at(0));
        let mut chain = settings.new_chain(number as u64, CpuMath::new(density), &mut random).ok()?;
        chain.set_position(start).ok()?;
        let mut walk = Walk::default();
        for draw in 0..self.warm_up + self.draws {
            let (position, _, mut statistics, progress) = chain.expanded_draw().ok()?;
            tell();
            walk.gradients += progress.num_gradients;
            if draw < self.warm_up {
                continue;
            }
            let free = turned(root, &position);
            let (mut density, mut energy, mut depth, mut cut) = (f64::NAN, f64::NAN, 0, false);
            {
                let math = chain.math();
                for (name, value) in statistics.get_all(&(&*math).into()) {
                    match (name, value) {
                        ("logp", Some(Value::ScalarF64(value))) => density = value,
                        ("energy", Some(Value::ScalarF64(value))) => energy = value,
                        ("depth", Some(Value::ScalarU64(value))) => depth = value,
                        ("maxdepth_reached", Some(Value::ScalarBool(value))) => cut = value,
                        _ => {}
                    }
                }
            }
            walk.draws.push(unbounded.search(&free));
            walk.heights.push(unbounded.log_volume(&free) - density);
            walk.energies.push(energy);
            walk.divergent.push(progress.diverging);
            walk.depths.push(depth);
            walk.leaps.push(progress.num_steps);
            walk.steps.push(progress.step_size);
            walk.cut += usize::from(cut);
        }
        Some(walk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::known::Residuals;
    use crate::estimate::sample::Convergence;
    use crate::estimate::uncertainty::Information;
    use crate::estimate::{Evaluation, Finding, Parameter, Transform};

    fn sample(problem: &Residuals, settings: &Nuts, optimum: &[f64]) -> Walks {
        let covariance = Information::expected(problem, optimum).unwrap().covariance();
        settings.run(problem, optimum, &covariance, Walks::default(), &AtomicBool::new(false), &|_| {})
    }

    #[test]
    fn a_normal_posterior_has_its_mean_and_covariance() {
        // Rows L⁻¹(x - m) with m = (1, -2) and L = [[2, 0], [1.8, 0.5]].
        let parameters = vec![Parameter::new("x", 1.0), Parameter::new("y", 1.0)];
        let problem = Residuals::new(parameters, |p| {
            let a = (p[0] - 1.0) / 2.0;
            vec![a, (p[1] + 2.0 - 1.8 * a) / 0.5]
        });
        let walks = sample(&problem, &Nuts::default(), &[1.0, -2.0]);
        let chains = walks.chains();
        for (k, mean, variance) in [(0, 1.0, 4.0), (1, -2.0, 3.49)] {
            let values = chains.of(k, |x| x);
            let convergence = Convergence::of(&values);
            let all = values.concat();
            let found = all.iter().sum::<f64>() / all.len() as f64;
            let spread = all.iter().map(|x| (x - found).powi(2)).sum::<f64>() / all.len() as f64;
            assert!((found - mean).abs() < 4.0 * convergence.error_of_mean, "{k}: {found} {convergence:?}");
            assert!((spread / variance - 1.0).abs() < 0.15, "{k}: {spread}");
            assert!(convergence.r_hat < 1.01 && convergence.bulk > 2000.0, "{convergence:?}");
        }
        assert!(walks.findings().is_empty() && walks.energy_fraction() > 0.5, "{:?}", walks.findings());
        // Heights are the negative log posterior.
        let (draw, height) = (&chains.draws[0][7], chains.heights[0][7]);
        assert!((problem.evaluate(std::slice::from_ref(draw))[0].as_ref().unwrap().posterior() - height).abs() < 1e-9);
    }

    #[test]
    fn flat_priors_are_of_natural_values_within_bounds_whatever_the_transform() {
        for transform in [Transform::Identity, Transform::Log, Transform::Logit] {
            let parameters = vec![Parameter::new("share", 1.0).within(0.0, 2.0).on(transform)];
            let problem = Residuals::new(parameters, |_| vec![0.0]);
            let start = problem.parameters[0].search(1.0);
            let chains = sample(&problem, &Nuts::default(), &[start]).chains();
            let natural = chains.of(0, |z| problem.parameters[0].natural(z)).concat();
            for share in [0.25, 0.5, 0.75] {
                let below = natural.iter().filter(|x| **x <= 2.0 * share).count() as f64 / natural.len() as f64;
                assert!((below - share).abs() < 0.05, "{transform:?} {share} {below}");
            }
        }
    }

    #[test]
    fn a_funnel_is_told_and_chains_are_kept_whole() {
        // x ~ N(0, 3²), y ~ N(0, e^x) by rows: the determinant needs a row of its own, √(x + 20) squared.
        let parameters = vec![Parameter::new("x", 1.0).within(-19.0, 19.0), Parameter::new("y", 1.0)];
        let problem =
            Residuals::new(parameters, |p| vec![p[0] / 3.0, p[1] * (-p[0] / 2.0).exp(), (p[0] + 20.0).max(0.0).sqrt()]);
        let settings = Nuts { chains: 2, warm_up: 300, draws: 400, ..Nuts::default() };
        let whole = sample(&problem, &settings, &[0.0, 0.0]);
        let told =
            whole.findings().iter().any(|f| matches!(f, Finding::Divergences { .. } | Finding::LowEnergy { .. }));
        assert!(told, "{:?}", whole.findings());
        let part = sample(&problem, &Nuts { chains: 1, ..settings.clone() }, &[0.0, 0.0]);
        assert!(!settings.is_done(&part) && part.walks[&0] == whole.walks[&0]);
        // Broken off in the middle of both chains, the sampling goes on to the same draws.
        let covariance = Information::expected(&problem, &[0.0, 0.0]).unwrap().covariance();
        let stop = AtomicBool::new(false);
        let half = |share: f64| stop.store(share > 0.4, Ordering::SeqCst);
        let part = settings.run(&problem, &[0.0, 0.0], &covariance, Walks::default(), &stop, &half);
        assert!(!settings.is_done(&part));
        let kept: Walks = serde_json::from_str(&serde_json::to_string(&part).unwrap()).unwrap();
        let rest = settings.run(&problem, &[0.0, 0.0], &covariance, kept, &AtomicBool::new(false), &|_| {});
        assert!(rest == whole);
    }

    /// A normal posterior that computes each point in pieces on the pool of threads, as several experiments do.
    struct Pieces(Residuals);

    impl Problem for Pieces {
        fn parameters(&self) -> &[Parameter] {
            self.0.parameters()
        }

        fn evaluate(&self, points: &[Vec<f64>]) -> Vec<Evaluation> {
            let pieces: Vec<_> = (0..64).into_par_iter().map(|_| self.0.evaluate(points)).collect();
            pieces.into_iter().next_back().unwrap_or_default()
        }
    }

    #[test]
    fn a_posterior_computed_on_the_pool_of_threads_does_not_wait_for_itself() {
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let problem = Pieces(Residuals::new(vec![Parameter::new("x", 1.0)], |p| vec![p[0]]));
            let covariance = Information::expected(&problem.0, &[0.0]).unwrap().covariance();
            let settings = Nuts { warm_up: 20, draws: 20, ..Nuts::default() };
            let (done, stop) = (Walks::default(), AtomicBool::new(false));
            let walks = settings.run(&problem, &[0.0], &covariance, done, &stop, &|_| {});
            tell.send(settings.is_done(&walks)).unwrap();
        });
        assert_eq!(told.recv_timeout(std::time::Duration::from_secs(120)), Ok(true));
    }
}
