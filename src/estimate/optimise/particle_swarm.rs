//! argmin's particle swarm on the search range.

use super::{Optimum, Point, run_from};
use crate::estimate::Problem;
use argmin::core::PopulationState;
use argmin::solver::particleswarm::{Particle, ParticleSwarm};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::atomic::AtomicBool;

/// Runs a swarm of `particles` (forty if zero) for `iterations`, all particles in one batch each; the swarm has no criterion of its own, so that it ends
/// out of iterations.
///
/// # Method
/// Particles keep part of their velocity and are drawn to the best points that they and the swarm have seen.
/// # Order, cost
/// No order; one batch of all particles an iteration.
/// # Assumptions
/// Finite ranges ([`Parameter::search_range`]).
/// # Fails when
/// Valleys are narrow and turned against the coordinates: prefer `CmaEs` there.
/// # Source
/// Kennedy and Eberhart (1995); weights of Clerc's standard swarm of 2011, equation 3.2-3.3 (Zambrano-Bigiarini et al. 2013).
///
/// [`Parameter::search_range`]: crate::estimate::Parameter::search_range
pub fn particle_swarm<P: Problem + ?Sized>(
    problem: &P,
    particles: usize,
    seed: u64,
    iterations: u64,
    stop: &AtomicBool,
) -> Optimum {
    let ranges: Vec<(f64, f64)> = problem.parameters().iter().map(|parameter| parameter.search_range()).collect();
    let (low, high): (Vec<f64>, Vec<f64>) = ranges.into_iter().unzip();
    let middle: Vec<f64> = low.iter().zip(&high).map(|(low, high)| (low + high) / 2.0).collect();
    // The standard swarm of 2011 has forty.
    let particles = if particles == 0 { 40 } else { particles.max(2) };
    let solver = ParticleSwarm::new((low, high), particles).with_rng_generator(ChaCha8Rng::seed_from_u64(seed));
    let start = |state: PopulationState<Particle<Vec<f64>, f64>, f64>| state.max_iters(iterations);
    run_from(problem, solver, start, stop).unwrap_or_else(|| Optimum::infeasible(&middle))
}

impl Point for Particle<Vec<f64>, f64> {
    fn coordinates(&self) -> &[f64] {
        &self.position
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::known::{ellipsoid, rastrigin};

    #[test]
    fn a_swarm_finds_the_lowest_optimum_and_repeats_itself() {
        let stop = AtomicBool::new(false);
        let problem = rastrigin(3);
        let swarm = || particle_swarm(&problem, 60, 7, 300, &stop);
        let optimum = swarm();
        assert!(optimum.height() < 1e-6, "{optimum:?}");
        assert_eq!(optimum, swarm());
        assert!(particle_swarm(&ellipsoid(2), 40, 1, 300, &stop).height() < 1e-6);
    }
}
