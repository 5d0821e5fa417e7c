//! How parameters trade off: scatter plots of draws for each pair, and the matrix of correlations.

use crate::present::plain::{Head, Quantity};

/// Scatter below the diagonal, histograms on it, correlations above.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairs {
    pub head: Head,
    pub parameters: Vec<Quantity>,
    /// `[draw, parameter]`
    pub draws: Vec<Vec<f64>>,
    /// A point to mark, such as the maximum a posteriori.
    pub estimate: Option<Vec<f64>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Correlation {
    pub head: Head,
    pub parameters: Vec<String>,
    /// `[parameter, parameter]`, within −1 and 1.
    pub matrix: Vec<Vec<f64>>,
}
