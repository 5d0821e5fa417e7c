//! Runs of a model under different policies, read by the same gauges over the same windows, and what they differ by: at the
//! estimates or under every draw, which policy did how much, and which inputs drive the answer.
//!
//! Policies arrive as constants to set; which constants a policy means, and what is drawn of the result, is known elsewhere.

mod accounts;
pub mod attribution;
mod bands;
mod lanes;
mod outcome;
mod panel;
mod readings;
pub mod search;
pub mod sensitivity;

pub use accounts::{Account, Kept, accounts};
pub use bands::{Spread, quantile_of};
pub use lanes::{Draws, Laboratory, Trial, Trouble};
pub use outcome::{Outcome, Take, discounted};
pub use panel::{Columns, Panel, Question, columns, of_outcomes, outcomes_of, paired, panel, refusal};
pub use readings::readings;

use crate::calendar::Window;
use crate::check::CheckedModel;
use crate::diagnostic::Diagnostic;
use crate::estimate::objective::Gauge;
use crate::simulate::Settings;

/// A policy: constants of the model and the values it gives them.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub name: String,
    pub title: String,
    pub settings: Vec<(String, f64)>,
}

/// What policies are judged by.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    pub name: String,
    pub title: String,
    /// Of the values shown.
    pub unit: String,
    pub gauge: Gauge,
    /// From the reading to the value shown.
    pub factor: f64,
}

/// Policies side by side; the first is the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub policies: Vec<Policy>,
    pub measures: Vec<Measure>,
    pub windows: Vec<Window>,
    /// `[policy][measure][window]`, in the measures' units.
    pub levels: Vec<Vec<Vec<f64>>>,
}

impl Comparison {
    /// A policy's level less the baseline's, by window.
    pub fn differences(&self, policy: usize, measure: usize) -> Vec<f64> {
        let levels = |policy: usize| self.levels[policy][measure].iter();
        levels(policy).zip(levels(0)).map(|(level, baseline)| level - baseline).collect()
    }
}

/// Runs the model under each policy on top of `fixed` and reads every measure over every window.
///
/// # Errors
/// A policy that cannot be run, named in the diagnostic.
pub fn compare(
    checked: &CheckedModel,
    fixed: &[(String, f64)],
    settings: &Settings,
    policies: &[Policy],
    measures: &[Measure],
    windows: &[Window],
) -> Result<Comparison, Vec<Diagnostic>> {
    let gauges: Vec<(&Gauge, Vec<Window>)> =
        measures.iter().map(|measure| (&measure.gauge, windows.to_vec())).collect();
    let mut levels = Vec::with_capacity(policies.len());
    for policy in policies {
        let overrides = with(fixed, &policy.settings);
        let read = readings(checked, &overrides, settings, &gauges).map_err(|found| under(policy, found))?;
        let shown = read.into_iter().zip(measures);
        levels.push(shown.map(|(row, measure)| row.into_iter().map(|x| x * measure.factor).collect()).collect());
    }
    Ok(Comparison { policies: policies.to_vec(), measures: measures.to_vec(), windows: windows.to_vec(), levels })
}

/// `fixed` with `settings` taking precedence.
pub fn with(fixed: &[(String, f64)], settings: &[(String, f64)]) -> Vec<(String, f64)> {
    let kept = fixed.iter().filter(|(name, _)| !settings.iter().any(|(set, _)| set == name));
    kept.chain(settings).cloned().collect()
}

fn under(policy: &Policy, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let named = |diagnostic: Diagnostic| Diagnostic {
        message: format!("under the policy `{}`: {}", policy.name, diagnostic.message),
        ..diagnostic
    };
    found.into_iter().map(named).collect()
}
