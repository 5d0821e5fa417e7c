//! What chains by gradients leave behind, and what speaks against it.

use super::Chains;
use super::together::Told;
use crate::estimate::Finding;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One finished chain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Walk {
    /// Search coordinates, `[draw][parameter]`.
    pub draws: Vec<Vec<f64>>,
    /// Negative log posterior of the natural values, `[draw]`.
    pub heights: Vec<f64>,
    /// Total energy of the trajectory of each draw, dimensionless.
    pub energies: Vec<f64>,
    /// Whether the trajectory of a draw left the numbers behind.
    pub divergent: Vec<bool>,
    /// Doublings of the trajectory of each draw.
    pub depths: Vec<u64>,
    /// Steps of the trajectory of each draw.
    pub leaps: Vec<u64>,
    /// Their size, in the coordinates of the metric.
    pub steps: Vec<f64>,
    /// Draws whose trajectory was cut at the greatest depth.
    pub cut: usize,
    /// Gradients taken, warm-up included.
    pub gradients: u64,
}

/// The finished chains and what the others were told: all that is needed to go on after an interruption.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Walks {
    pub walks: BTreeMap<usize, Walk>,
    pub(super) begun: BTreeMap<usize, Told>,
}

impl Walks {
    pub fn chains(&self) -> Chains {
        Chains {
            draws: self.walks.values().map(|walk| walk.draws.clone()).collect(),
            heights: self.walks.values().map(|walk| walk.heights.clone()).collect(),
            together: 1,
        }
    }

    pub fn divergent(&self) -> usize {
        self.walks.values().map(|walk| walk.divergent.iter().filter(|divergent| **divergent).count()).sum()
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
