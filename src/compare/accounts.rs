//! Books that must balance: identities of the model held against every run.

use super::{Policy, readings, with};
use crate::calendar::Window;
use crate::check::CheckedModel;
use crate::diagnostic::Diagnostic;
use crate::estimate::objective::Gauge;
use crate::simulate::Settings;

/// An identity of the model.
#[derive(Clone, Debug, PartialEq)]
pub enum Account {
    /// Two quantities that are equal, such as stocks and the ledger of their flows.
    Equal { name: String, level: Gauge, equals: Gauge, tolerance: f64 },
    /// A level that moves by nothing but what is booked.
    Balance { name: String, level: Gauge, change: Gauge, tolerance: f64 },
}

/// How well an account balanced in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    pub account: String,
    pub policy: String,
    /// Largest residual over the windows, relative to the largest level.
    pub residual: f64,
    /// Time of the largest residual.
    pub time: f64,
    pub tolerance: f64,
}

impl Kept {
    pub fn holds(&self) -> bool {
        self.residual <= self.tolerance
    }
}

/// The residual of every account under every policy.
///
/// # Errors
/// As [`super::compare`].
pub fn accounts(
    checked: &CheckedModel,
    fixed: &[(String, f64)],
    settings: &Settings,
    policies: &[Policy],
    accounts: &[Account],
    windows: &[Window],
) -> Result<Vec<Kept>, Vec<Diagnostic>> {
    let mut kept = Vec::new();
    let mut gauges: Vec<(&Gauge, Vec<Window>)> = Vec::new();
    for account in accounts {
        match account {
            Account::Equal { level: left, equals: right, .. } | Account::Balance { level: left, change: right, .. } => {
                gauges.push((left, windows.to_vec()));
                gauges.push((right, windows.to_vec()));
            }
        }
    }
    if gauges.is_empty() {
        return Ok(kept);
    }
    for policy in policies {
        let mut read = readings(checked, &with(fixed, &policy.settings), settings, &gauges)?.into_iter();
        for account in accounts {
            let (left, right) = (read.next().unwrap_or_default(), read.next().unwrap_or_default());
            let (name, tolerance, residuals) = match account {
                Account::Equal { name, tolerance, .. } => (name, *tolerance, gap(&left, &right)),
                Account::Balance { name, tolerance, .. } => (name, *tolerance, balance(&left, &right)),
            };
            let largest = residuals
                .iter()
                .zip(windows)
                .map(|(residual, window)| (residual.abs(), window.end))
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let (residual, time) = largest.unwrap_or((0.0, 0.0));
            kept.push(Kept { account: name.clone(), policy: policy.name.clone(), residual, time, tolerance });
        }
    }
    Ok(kept)
}

/// One quantity less the other, relative to the largest value of either.
fn gap(left: &[f64], right: &[f64]) -> Vec<f64> {
    let scale = left.iter().chain(right).fold(0.0f64, |scale, value| scale.max(value.abs())).max(f64::MIN_POSITIVE);
    left.iter().zip(right).map(|(left, right)| (left - right) / scale).collect()
}

/// The level less its first value, less what was booked since, relative to the largest level.
fn balance(level: &[f64], change: &[f64]) -> Vec<f64> {
    let scale = level.iter().fold(0.0f64, |scale, value| scale.max(value.abs())).max(f64::MIN_POSITIVE);
    let (Some(first), Some(booked)) = (level.first(), change.first()) else { return Vec::new() };
    level.iter().zip(change).map(|(level, change)| ((level - first) - (change - booked)) / scale).collect()
}

#[cfg(test)]
mod tests {
    use super::{balance, gap};

    #[test]
    fn what_is_booked_balances() {
        assert_eq!(balance(&[10.0, 12.0, 9.0], &[3.0, 5.0, 2.0]), [0.0, 0.0, 0.0]);
        assert!(balance(&[10.0, 12.0], &[0.0, 1.0])[1] > 0.08);
        assert_eq!(gap(&[10.0, 5.0], &[10.0, 4.0]), [0.0, 0.1]);
    }
}
