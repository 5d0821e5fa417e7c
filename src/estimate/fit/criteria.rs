//! Criteria that weigh fit against the number of parameters.

use crate::elementary::ln;
use serde::{Deserialize, Serialize};

/// Information criteria; smaller is better, and differences count between models of the same data.
///
/// # Source
/// Akaike (1974); the correction for few data: Hurvich and Tsai (1989); Schwarz (1978).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Criteria {
    pub aic: f64,
    /// Infinite where parameters are as many as data but one.
    pub aicc: f64,
    pub bic: f64,
}

impl Criteria {
    /// From the negative log likelihood with full constants, the number of estimated parameters (noise scales included)
    /// and of data.
    pub fn of(negative_log_likelihood: f64, parameters: usize, data: usize) -> Self {
        let (k, n) = (parameters as f64, data as f64);
        let aic = 2.0 * negative_log_likelihood + 2.0 * k;
        let room = n - k - 1.0;
        Criteria {
            aic,
            aicc: if room > 0.0 { aic + 2.0 * k * (k + 1.0) / room } else { f64::INFINITY },
            bic: 2.0 * negative_log_likelihood + k * ln(n),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Criteria;

    #[test]
    fn by_hand() {
        let criteria = Criteria::of(84.590598, 4, 13);
        assert!((criteria.aic - 177.181196).abs() < 1e-9 && (criteria.aicc - 182.181196).abs() < 1e-9);
        assert!((criteria.bic - (169.181196 + 4.0 * 13f64.ln())).abs() < 1e-9);
        assert_eq!(Criteria::of(1.0, 4, 5).aicc, f64::INFINITY);
    }
}
