//! Standardised residuals over time, a panel for each series.

use crate::present::plain::{Frame, Head, Observed};

/// The frame's rule is the start of the hold-out.
#[derive(Clone, Debug, PartialEq)]
pub struct Residuals {
    pub head: Head,
    pub frame: Frame,
    pub panels: Vec<ResidualPanel>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ResidualPanel {
    pub title: String,
    /// Observed less model in units of the noise scale, by vendor.
    pub residuals: Vec<Observed>,
}
