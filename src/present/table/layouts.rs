//! The layouts of the tables that a study prints, from plain rows.

use crate::present::plain::Quantity;

/// One estimated parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct EstimateRow {
    pub name: String,
    pub meaning: String,
    pub unit: String,
    /// As the study states it: `lognormal(0.1, 0.5)`.
    pub prior: String,
    pub estimate: f64,
    pub standard_error: Option<f64>,
    /// The 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// The bound that the estimate lies on.
    pub at_bound: Option<Bound>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    Lower,
    Upper,
}

/// One parameter's posterior.
#[derive(Clone, Debug, PartialEq)]
pub struct PosteriorRow {
    pub name: String,
    pub meaning: String,
    pub unit: String,
    pub mean: f64,
    pub deviation: f64,
    /// The 5 % and 95 % quantiles.
    pub interval: (f64, f64),
    pub r_hat: f64,
    pub effective_size: f64,
}

/// One series' fit, inside and outside the fitting window.
#[derive(Clone, Debug, PartialEq)]
pub struct FitRow {
    pub series: String,
    pub source: String,
    pub unit: String,
    pub window: Option<FitStatistics>,
    pub hold_out: Option<FitStatistics>,
}

/// What does not exist for a series (R² of two points) is not a number and prints as missing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitStatistics {
    pub observations: usize,
    pub r_squared: f64,
    /// In the unit of the series.
    pub rmse: f64,
    /// As a fraction: 0.12 is 12 %.
    pub mape: f64,
    /// Theil's shares of bias, variance and covariance; they sum to one.
    pub theil_bias: f64,
    pub theil_variance: f64,
    pub theil_covariance: f64,
}

/// One outcome by year: the baseline, and each alternative's level and difference.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeColumn {
    pub quantity: Quantity,
    /// The baseline's name and its values at the table's times.
    pub baseline: (String, Vec<f64>),
    pub alternatives: Vec<OutcomePath>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OutcomePath {
    pub label: String,
    pub levels: Vec<f64>,
    /// Less the baseline.
    pub differences: Vec<f64>,
}

/// One outcome under one alternative, as a change against the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeRow {
    pub outcome: String,
    pub unit: String,
    pub alternative: String,
    pub baseline: f64,
    pub level: f64,
    pub difference: f64,
    /// The 90 % band of the difference, where there are draws.
    pub band: Option<(f64, f64)>,
    /// The share of draws in which the difference is above zero.
    pub probability_above: Option<f64>,
}
