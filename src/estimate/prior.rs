//! What is believed of a parameter before the data: a density of its natural value.

use serde::{Deserialize, Serialize};
use statrs::distribution::{
    Beta, Cauchy, Continuous, ContinuousCDF, Exp, Gamma, LogNormal, Normal, StudentsT, Uniform,
};
use std::fmt;

/// A prior density. Location and scale carry the parameter's unit, `log_mean` and `log_sd` are of the natural logarithm,
/// shapes and degrees are dimensionless, a rate is per unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prior {
    /// Constant; improper, and without a say in the posterior.
    #[default]
    Flat,
    Uniform {
        lower: f64,
        upper: f64,
    },
    Normal {
        mean: f64,
        sd: f64,
    },
    LogNormal {
        log_mean: f64,
        log_sd: f64,
    },
    HalfNormal {
        sd: f64,
    },
    HalfCauchy {
        scale: f64,
    },
    StudentT {
        degrees: f64,
        location: f64,
        scale: f64,
    },
    Beta {
        a: f64,
        b: f64,
    },
    Gamma {
        shape: f64,
        rate: f64,
    },
    Exponential {
        rate: f64,
    },
    /// Another prior cut to an interval and renormalised; an end may be infinite.
    Truncated {
        prior: Box<Prior>,
        lower: f64,
        upper: f64,
    },
}

/// A distribution with distribution function and density.
trait Law: ContinuousCDF<f64, f64> + Continuous<f64, f64> {}
impl<D: ContinuousCDF<f64, f64> + Continuous<f64, f64>> Law for D {}

impl Prior {
    /// Share of a prior that may lie outside the bounds before the two are said to contradict each other.
    pub const TOLERATED_MASS_OUTSIDE: f64 = 0.01;

    pub fn is_flat(&self) -> bool {
        matches!(self, Prior::Flat)
    }

    /// Whether the numbers define a distribution.
    pub fn is_proper_or_flat(&self) -> bool {
        self.is_flat() || self.law().is_some_and(|law| law.mass() > 0.0)
    }

    /// ln density of the natural value `x`, constants included; minus infinity outside the support, zero where flat, NaN
    /// where the prior is undefined.
    pub fn log_density(&self, x: f64) -> f64 {
        match (self, self.law()) {
            (Prior::Flat, _) => 0.0,
            (_, None) => f64::NAN,
            (_, Some(law)) if x < law.lower || x > law.upper => f64::NEG_INFINITY,
            (_, Some(law)) => law.whole.ln_pdf(x) - law.mass().ln(),
        }
    }

    /// First and second derivative of [`log_density`](Self::log_density) inside the support.
    pub fn log_density_slopes(&self, x: f64) -> (f64, f64) {
        match *self {
            Prior::Flat | Prior::Uniform { .. } => (0.0, 0.0),
            Prior::Normal { mean, sd } => (-(x - mean) / (sd * sd), -1.0 / (sd * sd)),
            Prior::HalfNormal { sd } => (-x / (sd * sd), -1.0 / (sd * sd)),
            Prior::LogNormal { log_mean, log_sd } => {
                let pull = (x.ln() - log_mean) / (log_sd * log_sd);
                (-(1.0 + pull) / x, (1.0 + pull - 1.0 / (log_sd * log_sd)) / (x * x))
            }
            Prior::HalfCauchy { scale } => t_slopes(1.0, x / scale, scale),
            Prior::StudentT { degrees, location, scale } => t_slopes(degrees, (x - location) / scale, scale),
            Prior::Beta { a, b } => {
                let rest = 1.0 - x;
                ((a - 1.0) / x - (b - 1.0) / rest, -(a - 1.0) / (x * x) - (b - 1.0) / (rest * rest))
            }
            Prior::Gamma { shape, rate } => ((shape - 1.0) / x - rate, -(shape - 1.0) / (x * x)),
            Prior::Exponential { rate } => (-rate, 0.0),
            Prior::Truncated { ref prior, .. } => prior.log_density_slopes(x),
        }
    }

    /// The value below which a share `p` of the prior lies; `None` where flat or undefined.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        let law = self.law()?;
        let below = law.whole.cdf(law.lower);
        let value = law.whole.inverse_cdf((below + p * law.mass()).clamp(0.0, 1.0));
        Some(value.clamp(law.lower, law.upper)).filter(|value| !value.is_nan())
    }

    /// The share of the prior below `x`; `None` where flat or undefined.
    pub fn mass_below(&self, x: f64) -> Option<f64> {
        let law = self.law()?;
        Some((mass(law.whole.as_ref(), law.lower, law.upper.min(x)) / law.mass()).clamp(0.0, 1.0))
    }

    /// The share of the prior outside `lower..upper`; zero where flat or undefined.
    pub fn mass_outside(&self, lower: f64, upper: f64) -> f64 {
        let Some(law) = self.law() else { return 0.0 };
        let inside = mass(law.whole.as_ref(), law.lower.max(lower), law.upper.min(upper));
        (1.0 - inside / law.mass()).clamp(0.0, 1.0)
    }

    fn law(&self) -> Option<Cut> {
        fn cut<D: Law + 'static, E>(law: Result<D, E>, lower: f64, upper: f64) -> Option<Cut> {
            Some(Cut { whole: Box::new(law.ok()?), lower, upper })
        }
        const ALL: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);
        match *self {
            Prior::Flat => None,
            Prior::Uniform { lower, upper } => cut(Uniform::new(lower, upper), lower, upper),
            Prior::Normal { mean, sd } => cut(Normal::new(mean, sd), ALL.0, ALL.1),
            Prior::LogNormal { log_mean, log_sd } => cut(LogNormal::new(log_mean, log_sd), 0.0, ALL.1),
            Prior::HalfNormal { sd } => cut(Normal::new(0.0, sd), 0.0, ALL.1),
            Prior::HalfCauchy { scale } => cut(Cauchy::new(0.0, scale), 0.0, ALL.1),
            Prior::StudentT { degrees, location, scale } => cut(StudentsT::new(location, scale, degrees), ALL.0, ALL.1),
            Prior::Beta { a, b } => cut(Beta::new(a, b), 0.0, 1.0),
            Prior::Gamma { shape, rate } => cut(Gamma::new(shape, rate), 0.0, ALL.1),
            Prior::Exponential { rate } => cut(Exp::new(rate), 0.0, ALL.1),
            Prior::Truncated { ref prior, lower, upper } if prior.is_flat() => {
                cut(Uniform::new(lower, upper), lower, upper)
            }
            Prior::Truncated { ref prior, lower, upper } => {
                let law = prior.law()?;
                Some(Cut { lower: law.lower.max(lower), upper: law.upper.min(upper), ..law })
            }
        }
    }
}

/// A law kept to an interval.
struct Cut {
    whole: Box<dyn Law>,
    lower: f64,
    upper: f64,
}

impl Cut {
    fn mass(&self) -> f64 {
        mass(self.whole.as_ref(), self.lower, self.upper)
    }
}

/// The share of a law between two values, taken from the tail in which it keeps its digits.
fn mass(law: &dyn Law, lower: f64, upper: f64) -> f64 {
    if lower >= upper {
        return 0.0;
    }
    let below = if lower == f64::NEG_INFINITY { 0.0 } else { law.cdf(lower) };
    if below > 0.5 {
        let above = |x: f64| if x == f64::INFINITY { 0.0 } else { law.sf(x) };
        return above(lower) - above(upper);
    }
    (if upper == f64::INFINITY { 1.0 } else { law.cdf(upper) }) - below
}

fn t_slopes(degrees: f64, t: f64, scale: f64) -> (f64, f64) {
    let spread = degrees + t * t;
    (-(degrees + 1.0) * t / (scale * spread), -(degrees + 1.0) * (degrees - t * t) / (scale * scale * spread * spread))
}

impl fmt::Display for Prior {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Prior::Flat => formatter.write_str("flat"),
            Prior::Uniform { lower, upper } => write!(formatter, "uniform({lower}, {upper})"),
            Prior::Normal { mean, sd } => write!(formatter, "normal({mean}, {sd})"),
            Prior::LogNormal { log_mean, log_sd } => {
                write!(formatter, "lognormal, median {}, sd of log {log_sd}", short(log_mean.exp()))
            }
            Prior::HalfNormal { sd } => write!(formatter, "half-normal({sd})"),
            Prior::HalfCauchy { scale } => write!(formatter, "half-Cauchy({scale})"),
            Prior::StudentT { degrees, location, scale } => write!(formatter, "t({degrees}, {location}, {scale})"),
            Prior::Beta { a, b } => write!(formatter, "beta({a}, {b})"),
            Prior::Gamma { shape, rate } => write!(formatter, "gamma({shape}, {rate})"),
            Prior::Exponential { rate } => write!(formatter, "exponential({rate})"),
            Prior::Truncated { prior, lower, upper } => write!(formatter, "{prior} on {lower}..{upper}"),
        }
    }
}

/// Six digits, which is more than anyone believes of a median.
fn short(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each() -> Vec<Prior> {
        let normal = Prior::Normal { mean: 1.0, sd: 0.5 };
        vec![
            Prior::Uniform { lower: -1.0, upper: 3.0 },
            normal.clone(),
            Prior::LogNormal { log_mean: -1.0, log_sd: 0.7 },
            Prior::HalfNormal { sd: 2.0 },
            Prior::HalfCauchy { scale: 0.7 },
            Prior::StudentT { degrees: 4.0, location: 1.0, scale: 2.0 },
            Prior::Beta { a: 2.0, b: 5.0 },
            Prior::Gamma { shape: 3.0, rate: 2.0 },
            Prior::Exponential { rate: 5.0 },
            Prior::Truncated { prior: Box::new(normal), lower: 0.2, upper: f64::INFINITY },
        ]
    }

    #[test]
    fn densities_integrate_to_the_share_between_their_quantiles() {
        for prior in each() {
            let (low, high) = (prior.quantile(0.05).unwrap(), prior.quantile(0.9).unwrap());
            let steps = 2000; // Simpson
            let width = (high - low) / steps as f64;
            let density = |k: usize| prior.log_density(low + width * k as f64).exp();
            let weight = |k: usize| if k == 0 || k == steps { 1.0 } else { 2.0 + 2.0 * (k % 2) as f64 };
            let mass: f64 = (0..=steps).map(|k| weight(k) * density(k)).sum::<f64>() * width / 3.0;
            assert!((mass - 0.85).abs() < 1e-6, "{prior}: {mass}");
            assert!((prior.mass_outside(low, high) - 0.15).abs() < 1e-6, "{prior}");
            assert!((prior.mass_below(high).unwrap() - 0.9).abs() < 1e-6, "{prior}");
        }
    }

    #[test]
    fn slopes_are_those_of_differences() {
        for prior in each() {
            for p in [0.2, 0.5, 0.8] {
                let x = prior.quantile(p).unwrap();
                let h = 1e-4 * x.abs();
                let [down, mid, up] = [x - h, x, x + h].map(|x| prior.log_density(x));
                let (first, second) = prior.log_density_slopes(x);
                assert!((first - (up - down) / (2.0 * h)).abs() < 1e-5 * (1.0 + first.abs()), "{prior} at {x}");
                assert!((second - (up - 2.0 * mid + down) / (h * h)).abs() < 1e-3 * (1.0 + second.abs()), "{prior}");
            }
        }
    }

    #[test]
    fn undefined_numbers_are_told() {
        for prior in [
            Prior::Normal { mean: 0.0, sd: -1.0 },
            Prior::Uniform { lower: 2.0, upper: 1.0 },
            Prior::Beta { a: 0.0, b: 1.0 },
            Prior::Truncated { prior: Box::new(Prior::HalfNormal { sd: 1.0 }), lower: -2.0, upper: -1.0 },
        ] {
            assert!(!prior.is_proper_or_flat(), "{prior}");
        }
        assert_eq!(Prior::HalfNormal { sd: 1.0 }.log_density(-0.1), f64::NEG_INFINITY);
    }

    #[test]
    fn tails_keep_their_digits() {
        let far = Prior::Truncated { prior: Box::new(Prior::Normal { mean: 0.0, sd: 1.0 }), lower: 9.0, upper: 10.0 };
        assert!(far.log_density(9.1).is_finite() && far.mass_outside(9.0, 10.0) == 0.0);
    }
}
