//! Profile likelihoods with the threshold that cuts out the confidence interval.

use crate::present::plain::{Head, Quantity};

#[derive(Clone, Debug, PartialEq)]
pub struct Profiles {
    pub head: Head,
    /// Title of the vertical axis: `Likelihood ratio 2Δℓ`.
    pub deviance: String,
    /// In units of the deviance: 3.84 for a pointwise 95 % interval of one parameter.
    pub threshold: f64,
    /// How the threshold is named: `95 %`.
    pub threshold_label: String,
    pub panels: Vec<ProfilePanel>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ProfilePanel {
    pub parameter: Quantity,
    pub values: Vec<f64>,
    /// At `values`; zero at the estimate.
    pub deviance: Vec<f64>,
    pub estimate: f64,
    /// Ends of the interval; `None` where the profile never crosses the threshold.
    pub lower: Option<f64>,
    pub upper: Option<f64>,
}
