//! The optimisers by name, each run from one start.

use super::{
    CmaEs, DifferentialEvolution, Ended, Lbfgs, Optimum, ScatterSearch, TrustRegion, nelder_mead, particle_swarm, run,
};
use crate::estimate::Structured;
use serde::{Deserialize, Serialize};
use std::sync::atomic::AtomicBool;

/// How one start is searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    #[default]
    TrustRegion,
    Lbfgs,
    NelderMead,
    /// The population methods end with a trust-region search from the best member.
    DifferentialEvolution {
        /// Ten for each parameter if zero.
        members: usize,
    },
    CmaEs {
        /// λ; the usual number if zero.
        members: usize,
    },
    ParticleSwarm {
        /// Forty if zero.
        members: usize,
    },
    /// Local searches sent out by a small population; a global search by itself.
    ScatterSearch {
        /// The usual number if zero.
        members: usize,
    },
}

impl Method {
    /// Whether the search can be broken into legs, each going on from where the last ended.
    pub(super) fn is_local(self) -> bool {
        matches!(self, Method::TrustRegion | Method::Lbfgs | Method::NelderMead)
    }

    /// Searches from `start`; `seed` matters to populations only.
    pub fn search<P: Structured + ?Sized>(
        self,
        problem: &P,
        start: &[f64],
        seed: u64,
        iterations: u64,
        stop: &AtomicBool,
    ) -> Optimum {
        let polished = |optimum: Optimum| match optimum.ended {
            Ended::Interrupted | Ended::Infeasible => optimum,
            _ => {
                let polished = run(problem, TrustRegion::default(), &optimum.point, iterations.max(100), stop);
                Optimum {
                    iterations: optimum.iterations + polished.iterations,
                    evaluations: optimum.evaluations + polished.evaluations,
                    slopes: optimum.slopes + polished.slopes,
                    ..if polished.height() <= optimum.height() { polished } else { optimum }
                }
            }
        };
        match self {
            Method::TrustRegion => run(problem, TrustRegion::default(), start, iterations, stop),
            Method::Lbfgs => run(problem, Lbfgs::default(), start, iterations, stop),
            Method::NelderMead => nelder_mead(problem, start, iterations, stop),
            Method::DifferentialEvolution { members } => {
                polished(run(problem, DifferentialEvolution::new(members, seed), start, iterations, stop))
            }
            Method::CmaEs { members } => polished(run(problem, CmaEs::new(members, seed), start, iterations, stop)),
            Method::ScatterSearch { members } => {
                run(problem, ScatterSearch::new(members, seed), start, iterations, stop)
            }
            Method::ParticleSwarm { members } => polished(particle_swarm(problem, members, seed, iterations, stop)),
        }
    }
}
