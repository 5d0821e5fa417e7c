//! Whether residuals look like independent noise, as the likelihood assumed.

use crate::elementary::{exp, ln_gamma};
use crate::estimate::Finding;
use crate::random::chi_square;
use serde::{Deserialize, Serialize};

/// Tests of the standardised residuals of a series in order of time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResidualTests {
    /// Durbin and Watson's statistic: about 2 without correlation of neighbours, towards 0 with positive correlation.
    pub durbin_watson: f64,
    pub runs: Option<Runs>,
    pub ljung_box: Option<LjungBox>,
}

/// Runs of one sign.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Runs {
    pub runs: usize,
    /// Expected number under independence.
    pub expected: f64,
    /// Two-sided.
    pub p: f64,
}

/// Correlation over several lags together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LjungBox {
    pub statistic: f64,
    pub lags: usize,
    pub p: f64,
}

/// Below this probability a test speaks against independence.
const SIGNIFICANT: f64 = 0.05;
/// Up to this number of residuals the distribution of runs is summed exactly.
const EXACT_RUNS: usize = 200;

impl ResidualTests {
    /// Lags are a fifth of the data, at most ten.
    ///
    /// # Source
    /// Durbin and Watson (1950); Wald and Wolfowitz (1940); Ljung and Box (1978), eq. 1.3.
    pub fn of(residuals: &[f64]) -> Self {
        let squares: f64 = residuals.iter().map(|r| r * r).sum();
        let steps: f64 = residuals.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum();
        ResidualTests { durbin_watson: steps / squares, runs: runs(residuals), ljung_box: ljung_box(residuals) }
    }

    /// A warning that names the series if a test speaks against independence.
    pub fn finding(&self, series: &str) -> Option<Finding> {
        let runs = self.runs.map(|runs| runs.p).filter(|p| *p < SIGNIFICANT);
        let box_ = self.ljung_box.map(|test| test.p).filter(|p| *p < SIGNIFICANT);
        (runs.is_some() || box_.is_some()).then(|| Finding::ResidualsCorrelated {
            series: series.to_owned(),
            durbin_watson: self.durbin_watson,
            runs_p: self.runs.map(|runs| runs.p),
            ljung_box_p: self.ljung_box.map(|test| test.p),
        })
    }
}

/// `None` unless both signs occur.
fn runs(residuals: &[f64]) -> Option<Runs> {
    let signs: Vec<bool> = residuals.iter().filter(|r| **r != 0.0).map(|r| *r > 0.0).collect();
    let above = signs.iter().filter(|sign| **sign).count();
    let below = signs.len() - above;
    if above == 0 || below == 0 {
        return None;
    }
    let runs = 1 + signs.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let (a, b, n) = (above as f64, below as f64, signs.len() as f64);
    let expected = 2.0 * a * b / n + 1.0;
    let p = if signs.len() <= EXACT_RUNS {
        let chance = |runs: usize| runs_chance(above as u64, below as u64, runs as u64);
        let upto: f64 = (2..=runs).map(chance).sum();
        let from: f64 = (runs..=signs.len()).map(chance).sum();
        (2.0 * upto.min(from)).min(1.0)
    } else {
        let variance = 2.0 * a * b * (2.0 * a * b - n) / (n * n * (n - 1.0));
        2.0 * crate::random::normal_cumulative(-(runs as f64 - expected).abs() / variance.sqrt())
    };
    Some(Runs { runs, expected, p })
}

/// Probability of a number of runs among `above` signs of one kind and `below` of the other.
fn runs_chance(above: u64, below: u64, runs: u64) -> f64 {
    let ways = |k: u64, l: u64| match (k.checked_sub(1), l.checked_sub(1)) {
        (Some(k), Some(l)) if k < above && l < below => exp(ln_binomial(above - 1, k) + ln_binomial(below - 1, l)),
        _ => 0.0,
    };
    let half = runs / 2;
    let ways =
        if runs.is_multiple_of(2) { 2.0 * ways(half, half) } else { ways(half, half + 1) + ways(half + 1, half) };
    ways / exp(ln_binomial(above + below, above))
}

/// ln of the number of ways to choose `k` of `n`.
fn ln_binomial(n: u64, k: u64) -> f64 {
    let ln_factorial = |n: u64| ln_gamma(n as f64 + 1.0);
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// `None` for fewer than ten residuals or where they do not vary.
fn ljung_box(residuals: &[f64]) -> Option<LjungBox> {
    let count = residuals.len();
    let lags = (count / 5).min(10);
    if count < 10 {
        return None;
    }
    let n = count as f64;
    let mean = residuals.iter().sum::<f64>() / n;
    let product =
        |lag: usize| residuals.iter().zip(&residuals[lag..]).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    let variance = product(0);
    let each = (1..=lags).map(|lag| (product(lag) / variance).powi(2) / (n - lag as f64));
    let statistic = n * (n + 2.0) * each.sum::<f64>();
    let p = chi_square(lags as f64).tails(statistic).1;
    statistic.is_finite().then_some(LjungBox { statistic, lags, p })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn runs_by_hand() {
        // + + - - - +: two kinds of three; 3 runs. P(2, 3, 4, 5, 6 runs) = (2, 4, 8, 4, 2)/20.
        let found = runs(&[1.0, 2.0, -1.0, -1.0, -3.0, 0.5]).unwrap();
        assert_eq!((found.runs, found.expected), (3, 4.0));
        assert!((found.p - 0.6).abs() < 1e-12, "{found:?}");
        let chances: Vec<f64> = (2..=6).map(|runs| 20.0 * runs_chance(3, 3, runs)).collect();
        assert!(chances.iter().zip([2.0, 4.0, 8.0, 4.0, 2.0]).all(|(a, b)| (a - b).abs() < 1e-9), "{chances:?}");
        let total: f64 = (2..=30).map(|runs| runs_chance(12, 18, runs)).sum();
        assert!((total - 1.0).abs() < 1e-12);
        assert!(runs(&[1.0, 2.0]).is_none());
    }

    #[test]
    fn durbin_watson_and_ljung_box_by_hand() {
        let tests = ResidualTests::of(&[1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0]);
        assert!((tests.durbin_watson - 3.6).abs() < 1e-12);
        // Two lags: correlations -0.9 and 0.8.
        let test = tests.ljung_box.unwrap();
        assert!((test.statistic - 120.0 * (0.81 / 9.0 + 0.64 / 8.0)).abs() < 1e-9 && test.lags == 2);
        assert!((test.p - (-test.statistic / 2.0).exp()).abs() < 1e-12);
    }

    /// False alarms among independent residuals, and detection of AR(1) noise.
    #[test]
    fn tests_keep_their_size_and_have_power() {
        let mut rejected = [[0; 2]; 2];
        for (row, memory) in [0.0, 0.7].into_iter().enumerate() {
            for replication in 0..1000 {
                let mut stream = Stream::new(8, replication);
                let mut x = 0.0;
                let noise: Vec<f64> = (0..40)
                    .map(|_| {
                        x = memory * x + stream.normal();
                        x
                    })
                    .collect();
                let tests = ResidualTests::of(&noise);
                rejected[row][0] += usize::from(tests.runs.unwrap().p < 0.05);
                rejected[row][1] += usize::from(tests.ljung_box.unwrap().p < 0.05);
            }
        }
        let [[runs, box_], [runs_power, box_power]] = rejected;
        // The runs test is discrete and keeps below its level.
        assert!((20..=70).contains(&runs) && (30..=80).contains(&box_), "{rejected:?}");
        assert!(runs_power > 600 && box_power > 800, "{rejected:?}");
    }

    #[test]
    fn the_warning_names_the_series() {
        let drift: Vec<f64> = (0..20).map(|k| f64::from(k) - 9.5).collect();
        let diagnostic = ResidualTests::of(&drift).finding("patents granted").unwrap().diagnostic();
        assert_eq!(
            diagnostic.message,
            "the residuals of patents granted are correlated in time (Durbin-Watson 0.03, runs p < 0.001, Ljung-Box p < 0.001)"
        );
    }
}
