//! Chains that follow the gradient of the posterior: Hamiltonian dynamics that turn back by themselves.

use super::unbounded::Unbounded;
use super::{Chains, place_around};
use crate::estimate::uncertainty::Covariance;
use crate::estimate::{Finding, Problem};
use crate::random::Stream;
use nalgebra::{DMatrix, DVector};
use nuts_rs::rand::{SeedableRng, rngs::ChaCha8Rng};
use nuts_rs::{
    Chain, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, HasDims, LogpError, Settings, Storable, Value,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

/// The No-U-Turn sampler.
///
/// # Method
/// Multinomial No-U-Turn trajectories with a diagonal metric and a step size adapted during warm-up, by the crate
/// `nuts-rs`, in coordinates without bounds in which the covariance at the optimum is round. The density is that of the search coordinates with the change of variables
/// counted, so that flat priors of natural values are flat. Chains start around the optimum, twice as far as its covariance
/// says.
/// # Cost
/// A gradient for each step of a trajectory; chains run in parallel.
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
        Nuts { chains: 4, warm_up: 500, draws: 1000, seed: 1, depth: 10, acceptance: 0.8 }
    }
}

/// One finished chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Walk {
    /// Search coordinates, `[draw][parameter]`.
    pub draws: Vec<Vec<f64>>,
    /// Negative log posterior of the natural values, `[draw]`.
    pub heights: Vec<f64>,
    /// Total energy of the trajectory of each draw, dimensionless.
    pub energies: Vec<f64>,
    /// Draws whose trajectory left the numbers behind.
    pub divergent: usize,
    /// Draws whose trajectory was cut at the greatest depth.
    pub cut: usize,
    /// Gradients taken, warm-up included.
    pub gradients: u64,
    /// Step size after warm-up, in the coordinates of the metric.
    pub step: f64,
}

/// The finished chains; all that is needed to go on after an interruption.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Walks {
    pub walks: BTreeMap<usize, Walk>,
}

/// A point at which the posterior cannot be evaluated: the trajectory ends there.
#[derive(Debug)]
struct Nowhere;

impl fmt::Display for Nowhere {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the posterior cannot be evaluated")
    }
}

impl std::error::Error for Nowhere {}

impl LogpError for Nowhere {
    fn is_recoverable(&self) -> bool {
        true
    }
}

/// A posterior as the sampler sees it: free coordinates are `root` times the sampler's.
struct Density<'p, P: ?Sized> {
    unbounded: Unbounded<'p, P>,
    root: DMatrix<f64>,
}

impl<P: ?Sized> HasDims for Density<'_, P> {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([
            ("unconstrained_parameter".to_owned(), self.root.nrows() as u64),
            ("dim".to_owned(), self.root.nrows() as u64),
        ])
    }
}

impl<P: Problem + ?Sized> CpuLogpFunc for Density<'_, P> {
    type LogpError = Nowhere;
    type FlowParameters = ();
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        self.root.nrows()
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, Nowhere> {
        let (density, _) = self.unbounded.log_density(&turned(&self.root, position), gradient).ok_or(Nowhere)?;
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
    /// Runs the chains that are not `done` until all are or `stop` is raised. `report` is told of each chain that is
    /// finished, from any thread. A chain that cannot be placed, because nothing around the optimum is feasible, is left
    /// out.
    pub fn run<P: Problem + ?Sized>(
        &self,
        problem: &P,
        optimum: &[f64],
        covariance: &Covariance,
        done: Walks,
        stop: &AtomicBool,
        report: &(dyn Fn(usize) + Sync),
    ) -> Walks {
        let missing: Vec<usize> = (0..self.chains).filter(|number| !done.walks.contains_key(number)).collect();
        let walked: Vec<(usize, Walk)> = missing
            .into_par_iter()
            .filter_map(|number| Some((number, self.walk(problem, optimum, covariance, number, stop)?)))
            .inspect(|(number, _)| report(*number))
            .collect();
        Walks { walks: done.walks.into_iter().chain(walked).collect() }
    }

    /// Whether every chain is there.
    pub fn is_done(&self, walks: &Walks) -> bool {
        (0..self.chains).all(|number| walks.walks.contains_key(&number))
    }

    fn walk<P: Problem + ?Sized>(
        &self,
        problem: &P,
        optimum: &[f64],
        covariance: &Covariance,
        number: usize,
        stop: &AtomicBool,
    ) -> Option<Walk> {
        let mut settings = DiagNutsSettings {
            num_tune: self.warm_up as u64,
            num_draws: self.draws as u64,
            maxdepth: self.depth as u64,
            ..DiagNutsSettings::default()
        };
        settings.adapt_options.step_size_settings.target_accept = self.acceptance;
        let mut placing = Stream::new(self.seed, 2 * number as u64);
        let start = place_around(problem, optimum, covariance, &mut placing)?;
        let unbounded = Unbounded::new(problem);
        let root = root(&unbounded, optimum, covariance);
        let start = root.solve_lower_triangular(&DVector::from_vec(unbounded.free(&start)))?;
        let back = Unbounded::new(problem);
        let density = Density { unbounded, root: root.clone() };
        let mut random = ChaCha8Rng::seed_from_u64(Stream::new(self.seed, 2 * number as u64 + 1).word_at(0));
        let mut chain = settings.new_chain(number as u64, CpuMath::new(density), &mut random).ok()?;
        chain.set_position(start.as_slice()).ok()?;
        let mut walk = Walk {
            draws: Vec::with_capacity(self.draws),
            heights: Vec::with_capacity(self.draws),
            energies: Vec::with_capacity(self.draws),
            divergent: 0,
            cut: 0,
            gradients: 0,
            step: 0.0,
        };
        for draw in 0..self.warm_up + self.draws {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let (position, _, mut statistics, progress) = chain.expanded_draw().ok()?;
            walk.gradients += progress.num_gradients;
            if draw < self.warm_up {
                continue;
            }
            let position = turned(&root, &position);
            let search = back.search(&position);
            let (mut density, mut energy, mut cut) = (f64::NAN, f64::NAN, false);
            {
                let math = chain.math();
                for (name, value) in statistics.get_all(&(&*math).into()) {
                    match (name, value) {
                        ("logp", Some(Value::ScalarF64(value))) => density = value,
                        ("energy", Some(Value::ScalarF64(value))) => energy = value,
                        ("maxdepth_reached", Some(Value::ScalarBool(value))) => cut = value,
                        _ => {}
                    }
                }
            }
            walk.heights.push(back.log_volume(&position) - density);
            walk.draws.push(search);
            walk.energies.push(energy);
            walk.divergent += usize::from(progress.diverging);
            walk.cut += usize::from(cut);
            walk.step = progress.step_size;
        }
        Some(walk)
    }
}

impl Walks {
    pub fn chains(&self) -> Chains {
        Chains {
            draws: self.walks.values().map(|walk| walk.draws.clone()).collect(),
            heights: self.walks.values().map(|walk| walk.heights.clone()).collect(),
        }
    }

    pub fn divergent(&self) -> usize {
        self.walks.values().map(|walk| walk.divergent).sum()
    }

    /// The smallest energy Bayesian fraction of missing information over the chains (Betancourt 2016, eq. 4); NaN without
    /// draws.
    pub fn energy_fraction(&self) -> f64 {
        let fraction = |walk: &Walk| {
            let energies = &walk.energies;
            let mean = energies.iter().sum::<f64>() / energies.len() as f64;
            let steps = energies.windows(2).map(|pair| (pair[1] - pair[0]) * (pair[1] - pair[0])).sum::<f64>();
            steps / energies.iter().map(|energy| (energy - mean) * (energy - mean)).sum::<f64>()
        };
        self.walks.values().map(fraction).fold(f64::NAN, f64::min)
    }

    /// What speaks against the draws beside R̂ and effective sizes.
    pub fn findings(&self) -> Vec<Finding> {
        /// Betancourt (2017), section 6.1.
        const LEAST_ENERGY_FRACTION: f64 = 0.3;
        let draws = self.walks.values().map(|walk| walk.draws.len()).sum();
        let cut: usize = self.walks.values().map(|walk| walk.cut).sum();
        let mut findings = Vec::new();
        if self.divergent() > 0 {
            findings.push(Finding::Divergences { count: self.divergent(), draws });
        }
        if cut * 20 > draws {
            findings.push(Finding::TrajectoriesCut { count: cut, draws });
        }
        let fraction = self.energy_fraction();
        if fraction < LEAST_ENERGY_FRACTION {
            findings.push(Finding::LowEnergy { fraction });
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::known::Residuals;
    use crate::estimate::sample::Convergence;
    use crate::estimate::uncertainty::Information;
    use crate::estimate::{Parameter, Transform};

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
            assert!(convergence.r_hat < 1.01 && convergence.bulk > 1000.0, "{convergence:?}");
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
        let stopped = AtomicBool::new(true);
        let covariance = Information::expected(&problem, &[0.0, 0.0]).unwrap().covariance();
        assert_eq!(settings.run(&problem, &[0.0, 0.0], &covariance, part.clone(), &stopped, &|_| {}), part);
    }
}
