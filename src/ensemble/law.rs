//! What a varied constant is drawn from: a number between 0 and 1 into a value.

use crate::elementary::{exp, ln};
use crate::random::Distribution;

/// A distribution of values, whole or cut to an interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Law {
    pub shape: Shape,
    /// Values lie within; infinite where nothing is cut.
    pub lower: f64,
    pub upper: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Plain(Distribution),
    /// The value's logarithm has this distribution.
    Logarithm(Distribution),
    /// Each with the same probability.
    Choice(Vec<f64>),
}

impl Law {
    /// The value below which the share `p` lies; for `p` uniform in (0, 1) a draw.
    pub fn value(&self, p: f64) -> f64 {
        let value = match &self.shape {
            Shape::Plain(distribution) if self.is_whole() => return distribution.quantile(p),
            Shape::Plain(distribution) => distribution.quantile_between(self.lower, self.upper, p),
            Shape::Logarithm(distribution) => exp(distribution.quantile_between(ln(self.lower), ln(self.upper), p)),
            Shape::Choice(values) => {
                let place = (p * values.len() as f64) as usize;
                values.get(place).or(values.last()).copied().unwrap_or(f64::NAN)
            }
        };
        // Rounding in `exp` must not leave the interval.
        if value < self.lower {
            self.lower
        } else if value > self.upper {
            self.upper
        } else {
            value
        }
    }

    /// Whether values lie between the bounds at all.
    pub fn has_mass(&self) -> bool {
        match &self.shape {
            Shape::Choice(values) => !values.is_empty(),
            Shape::Plain(_) if self.is_whole() => true,
            Shape::Plain(distribution) => {
                let below = if distribution.is_discrete() { self.lower.ceil() - 1.0 } else { self.lower };
                distribution.cumulative(self.upper) > distribution.cumulative(below)
                    || distribution.quantile(0.0) == distribution.quantile(1.0)
                        && (self.lower..=self.upper).contains(&distribution.quantile(0.5))
            }
            Shape::Logarithm(distribution) => {
                distribution.cumulative(ln(self.upper)) > distribution.cumulative(ln(self.lower))
            }
        }
    }

    fn is_whole(&self) -> bool {
        self.lower == f64::NEG_INFINITY && self.upper == f64::INFINITY
    }
}

#[cfg(test)]
mod tests {
    use super::{Law, Shape};
    use crate::random::Distribution;

    #[test]
    fn cut_laws_stay_within_and_keep_their_shape() {
        let normal = Distribution::Normal { mean: 6.0, deviation: 2.0 };
        let whole = Law { shape: Shape::Plain(normal), lower: f64::NEG_INFINITY, upper: f64::INFINITY };
        let cut = Law { lower: 5.0, upper: 6.5, ..whole.clone() };
        let (below, above) = (normal.cumulative(5.0), normal.cumulative(6.5));
        for k in 1..100 {
            let p = f64::from(k) / 100.0;
            let expected = whole.value(below + p * (above - below));
            assert!((cut.value(p) - expected).abs() < 1e-12);
            assert!((5.0..=6.5).contains(&cut.value(p)));
        }
        assert!(cut.has_mass() && !Law { lower: 200.0, upper: 300.0, ..whole }.has_mass());
    }

    #[test]
    fn logarithms_are_uniform_and_choices_equal() {
        let logs = Distribution::Uniform { low: 0.01_f64.ln(), high: 1.0_f64.ln() };
        let law = Law { shape: Shape::Logarithm(logs), lower: 0.01, upper: 1.0 };
        assert!((law.value(0.5) - 0.1).abs() < 1e-15);
        for (p, expected) in [(1e-300, 0.01), (1.0 - 1e-16, 1.0)] {
            let value = law.value(p);
            assert!((0.01..=1.0).contains(&value) && (value / expected - 1.0).abs() < 1e-15, "{p} {value}");
        }
        let values = vec![1.0, 5.0, 7.0];
        let law = Law { shape: Shape::Choice(values.clone()), lower: f64::NEG_INFINITY, upper: f64::INFINITY };
        let drawn: Vec<f64> = [0.1, 0.34, 0.99, 1.0].iter().map(|p| law.value(*p)).collect();
        assert_eq!(drawn, [values[0], values[1], values[2], values[2]]);
    }
}
