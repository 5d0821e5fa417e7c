//! What draws say of each parameter, if they may be trusted.

use super::{Chains, Convergence, Trust};
use crate::estimate::uncertainty::quantile;
use crate::estimate::{Finding, Parameter};
use serde::{Deserialize, Serialize};

/// The posterior of one parameter; numbers in its unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Marginal {
    pub name: String,
    pub unit: String,
    pub mean: f64,
    pub sd: f64,
    pub median: f64,
    /// Equal-tailed; `None` where the draws may not be trusted.
    pub interval: Option<(f64, f64)>,
    pub convergence: Convergence,
}

/// Marginals of all parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Posterior {
    pub level: f64,
    pub marginals: Vec<Marginal>,
}

impl Posterior {
    /// Summarises draws. Intervals are given for all parameters or for none: chains that have not settled in one have not
    /// in any.
    pub fn of(chains: &Chains, parameters: &[Parameter], level: f64, trust: &Trust) -> Self {
        let mut marginals: Vec<Marginal> = parameters
            .iter()
            .enumerate()
            .map(|(k, parameter)| {
                let natural = chains.of(k, |at| parameter.natural(at));
                let convergence = chains.convergence(k, |at| parameter.natural(at));
                let mut all = natural.concat();
                all.sort_by(f64::total_cmp);
                let count = all.len() as f64;
                let mean = all.iter().sum::<f64>() / count;
                let sd = (all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt();
                let ends = (quantile(&all, (1.0 - level) / 2.0), quantile(&all, (1.0 + level) / 2.0));
                Marginal {
                    name: parameter.name.clone(),
                    unit: parameter.unit.clone(),
                    mean,
                    sd,
                    median: quantile(&all, 0.5),
                    interval: Some(ends),
                    convergence,
                }
            })
            .collect();
        if marginals.iter().any(|marginal| !marginal.convergence.is_trusted(trust)) {
            marginals.iter_mut().for_each(|marginal| marginal.interval = None);
        }
        Posterior { level, marginals }
    }

    pub fn is_trusted(&self) -> bool {
        !self.marginals.is_empty() && self.marginals.iter().all(|marginal| marginal.interval.is_some())
    }

    /// The parameters that withhold trust.
    pub fn findings(&self, trust: &Trust) -> Vec<Finding> {
        let distrusted = self.marginals.iter().filter(|marginal| !marginal.convergence.is_trusted(trust));
        distrusted
            .map(|marginal| Finding::ChainsNotConverged {
                parameter: marginal.name.clone(),
                r_hat: marginal.convergence.r_hat,
                effective: marginal.convergence.bulk.min(marginal.convergence.tail),
                wanted_r_hat: trust.r_hat,
                wanted_effective: trust.effective,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Transform;
    use crate::random::Stream;

    fn chains(shift: f64) -> Chains {
        let mut stream = Stream::new(4, 4);
        let draws = (0..4).map(|chain| {
            (0..1000).map(|_| vec![stream.normal(), stream.normal() + shift * f64::from(chain)]).collect()
        });
        Chains { draws: draws.collect(), heights: vec![vec![0.0; 1000]; 4], together: 1 }
    }

    #[test]
    fn settled_chains_give_natural_intervals() {
        let parameters = [Parameter::new("a", 1.0).within(0.0, 1e9).on(Transform::Log), Parameter::new("b", 0.0)];
        let posterior = Posterior::of(&chains(0.0), &parameters, 0.9, &Trust::default());
        assert!(posterior.is_trusted() && posterior.findings(&Trust::default()).is_empty());
        let (low, high) = posterior.marginals[0].interval.unwrap();
        assert!((low.ln() + 1.645).abs() < 0.1 && (high.ln() - 1.645).abs() < 0.1);
        // Mean of a lognormal value: e^(1/2).
        assert!((posterior.marginals[0].mean - 0.5f64.exp()).abs() < 0.12);
    }

    #[test]
    fn intervals_from_chains_that_disagree_are_refused_in_words() {
        let parameters = [Parameter::new("a", 1.0), Parameter::new("b", 0.0)];
        let posterior = Posterior::of(&chains(0.5), &parameters, 0.9, &Trust::default());
        assert!(posterior.marginals.iter().all(|marginal| marginal.interval.is_none()));
        let diagnostics: Vec<_> = posterior.findings(&Trust::default()).iter().map(Finding::diagnostic).collect();
        assert_eq!(diagnostics.len(), 1);
        assert!(
            diagnostics[0].message.starts_with("the chains have not converged for b: R-hat 1.1"),
            "{diagnostics:?}"
        );
    }
}
