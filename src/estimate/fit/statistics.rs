//! The line of a fit table: how far a simulated series is from the observed one, and in which way.

use serde::{Deserialize, Serialize};

/// Statistics of one series. Means are over the data; numbers in the unit of the series are named so.
///
/// # Source
/// Theil (1966), pp. 30-33, for the decomposition; Sterman (1984) for its use with simulation models.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitStatistics {
    pub count: usize,
    /// 1 - squared errors / squared deviations of the data from their mean; below zero where the mean would fit better.
    /// NaN where the data do not vary.
    pub r_squared: f64,
    /// Correlation of simulated and observed; its square is what much of the literature calls R².
    pub correlation: f64,
    /// Root mean squared error, in the unit of the series.
    pub rmse: f64,
    /// Mean absolute error, in the unit of the series.
    pub mae: f64,
    /// Mean absolute error over the mean of the absolute data, dimensionless.
    pub mae_over_mean: f64,
    /// Mean absolute error relative to each datum, dimensionless; `None` where a datum is zero.
    pub mape: Option<f64>,
    /// Shares of the mean squared error: unequal means, unequal variation, unequal covariation. They add up to one, and are
    /// NaN where there is no error.
    pub bias_share: f64,
    pub variation_share: f64,
    pub covariation_share: f64,
}

impl FitStatistics {
    /// Of pairs `(observed, simulated)`; `None` for no data.
    pub fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        if pairs.is_empty() {
            return None;
        }
        let n = pairs.len() as f64;
        let mean = |of: &dyn Fn(f64, f64) -> f64| {
            pairs.iter().map(|(observed, simulated)| of(*observed, *simulated)).sum::<f64>() / n
        };
        let (observed, simulated) = (mean(&|y, _| y), mean(&|_, m| m));
        let spread = (mean(&|y, _| (y - observed).powi(2)).sqrt(), mean(&|_, m| (m - simulated).powi(2)).sqrt());
        let correlation = mean(&|y, m| (y - observed) * (m - simulated)) / (spread.0 * spread.1);
        let mse = mean(&|y, m| (m - y).powi(2));
        let mae = mean(&|y, m| (m - y).abs());
        let (bias, variation) = ((simulated - observed).powi(2), (spread.1 - spread.0).powi(2));
        let all_nonzero = pairs.iter().all(|(observed, _)| *observed != 0.0);
        Some(FitStatistics {
            count: pairs.len(),
            r_squared: 1.0 - mse / (spread.0 * spread.0),
            correlation,
            rmse: mse.sqrt(),
            mae,
            mae_over_mean: mae / mean(&|y, _| y.abs()),
            mape: all_nonzero.then(|| mean(&|y, m| ((m - y) / y).abs())),
            bias_share: bias / mse,
            variation_share: variation / mse,
            // What is left is 2 (1 - r) s_y s_m; the difference is exact where one of them does not vary.
            covariation_share: ((mse - bias - variation) / mse).max(0.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn each_kind_of_error_shows_in_its_own_share() {
        let data = [1.0, 3.0, 2.0, 5.0, 4.0];
        let with = |change: &dyn Fn(f64) -> f64| FitStatistics::of(&data.map(|y| (y, change(y)))).unwrap();
        let shifted = with(&|y| y + 2.0);
        assert!(close(shifted.bias_share, 1.0) && close(shifted.correlation, 1.0) && close(shifted.rmse, 2.0));
        let stretched = with(&|y| 3.0 + 2.0 * (y - 3.0));
        assert!(close(stretched.variation_share, 1.0) && close(stretched.bias_share, 0.0));
        let mirrored = with(&|y| 6.0 - y);
        assert!(close(mirrored.covariation_share, 1.0) && close(mirrored.correlation, -1.0));
        // Squared errors 4 Σ(y - 3)² = 40, total Σ(y - 3)² = 10.
        assert!(close(mirrored.r_squared, -3.0));
        let perfect = with(&|y| y);
        assert!(close(perfect.r_squared, 1.0) && perfect.rmse == 0.0 && perfect.bias_share.is_nan());
    }

    #[test]
    fn numbers_by_hand() {
        let fit = FitStatistics::of(&[(2.0, 1.0), (4.0, 5.0), (6.0, 9.0)]).unwrap();
        assert!(close(fit.mae, 5.0 / 3.0) && close(fit.mae_over_mean, 5.0 / 12.0));
        assert!(close(fit.mape.unwrap(), (0.5 + 0.25 + 0.5) / 3.0));
        assert!(close(fit.rmse, (11.0f64 / 3.0).sqrt()) && close(fit.r_squared, 1.0 - 11.0 / 8.0));
        assert!(close(fit.bias_share + fit.variation_share + fit.covariation_share, 1.0));
        assert_eq!(FitStatistics::of(&[(0.0, 1.0)]).unwrap().mape, None);
        assert!(FitStatistics::of(&[(2.0, 1.0)]).unwrap().r_squared.is_infinite());
        assert!(FitStatistics::of(&[]).is_none());
    }
}
