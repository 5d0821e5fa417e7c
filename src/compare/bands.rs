//! What draws say of a number: its middle, its bands, and how surely one exceeds another.

use crate::estimate::uncertainty::quantile;

/// Draws of one number, summed up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub mean: f64,
    pub median: f64,
    /// Holds the middle half.
    pub half: (f64, f64),
    /// Holds nine in ten.
    pub ninety: (f64, f64),
    /// Share of draws above zero, ties counted by half.
    pub above_zero: f64,
    pub count: usize,
}

impl Spread {
    /// Equal-tailed bands by quantiles of type 7 (Hyndman and Fan 1996). Draws without a value are left out; all is NaN
    /// where none is left.
    pub fn of(draws: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = draws.into_iter().filter(|value| !value.is_nan()).collect();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let share = |test: &dyn Fn(f64) -> bool| sorted.iter().filter(|v| test(**v)).count() as f64 / count as f64;
        let at = |share: f64| quantile(&sorted, share);
        Spread {
            mean: sorted.iter().sum::<f64>() / count as f64,
            median: at(0.5),
            half: (at(0.25), at(0.75)),
            ninety: (at(0.05), at(0.95)),
            above_zero: share(&|v| v > 0.0) + share(&|v| v == 0.0) / 2.0,
            count,
        }
    }

    /// Whether nine draws in ten agree on the sign.
    pub fn is_signed(&self) -> bool {
        self.ninety.0 > 0.0 || self.ninety.1 < 0.0
    }
}

/// The value at a share of sorted values.
pub fn quantile_of(sorted: &[f64], share: f64) -> f64 {
    quantile(sorted, share)
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn bands_of_whole_numbers() {
        let spread = Spread::of((0..=100).map(f64::from).chain([f64::NAN]));
        assert_eq!((spread.median, spread.half, spread.ninety), (50.0, (25.0, 75.0), (5.0, 95.0)));
        assert_eq!((spread.count, spread.mean), (101, 50.0));
        assert!(spread.is_signed());
        assert!((spread.above_zero - 100.5 / 101.0).abs() < 1e-15);
        assert!(!Spread::of([-1.0, 1.0]).is_signed() && Spread::of([]).median.is_nan());
    }
}
