//! What is believed of a parameter before the data: a density of its natural value.

use crate::elementary::{exp, ln, ln_1p, ln_gamma};
use crate::random::Distribution;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;
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

    /// Ends of the interval that the prior does not exclude; infinite where there is none, or the prior undefined.
    pub fn support(&self) -> (f64, f64) {
        self.law().map_or((f64::NEG_INFINITY, f64::INFINITY), |law| (law.lower, law.upper))
    }

    /// ln density of the natural value `x`, constants included; minus infinity outside the support, zero where flat, NaN
    /// where the prior is undefined.
    pub fn log_density(&self, x: f64) -> f64 {
        match (self, self.law()) {
            (Prior::Flat, _) => 0.0,
            (_, None) => f64::NAN,
            (_, Some(law)) if x < law.lower || x > law.upper => f64::NEG_INFINITY,
            (_, Some(law)) => log_density(law.whole, x) - ln(law.mass()),
        }
    }

    /// First and second derivative of [`log_density`](Self::log_density) inside the support.
    pub fn log_density_slopes(&self, x: f64) -> (f64, f64) {
        match *self {
            Prior::Flat | Prior::Uniform { .. } => (0.0, 0.0),
            Prior::Normal { mean, sd } => (-(x - mean) / (sd * sd), -1.0 / (sd * sd)),
            Prior::HalfNormal { sd } => (-x / (sd * sd), -1.0 / (sd * sd)),
            Prior::LogNormal { log_mean, log_sd } => {
                let pull = (ln(x) - log_mean) / (log_sd * log_sd);
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
        Some(law.whole.quantile_between(law.lower, law.upper, p.clamp(0.0, 1.0))).filter(|value| !value.is_nan())
    }

    /// The share of the prior below `x`; `None` where flat or undefined.
    pub fn mass_below(&self, x: f64) -> Option<f64> {
        let law = self.law()?;
        Some((mass(law.whole, law.lower, law.upper.min(x)) / law.mass()).clamp(0.0, 1.0))
    }

    /// The share of the prior outside `lower..upper`; zero where flat or undefined.
    pub fn mass_outside(&self, lower: f64, upper: f64) -> f64 {
        let Some(law) = self.law() else { return 0.0 };
        let inside = mass(law.whole, law.lower.max(lower), law.upper.min(upper));
        (1.0 - inside / law.mass()).clamp(0.0, 1.0)
    }

    fn law(&self) -> Option<Cut> {
        const ALL: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);
        const POSITIVE: (f64, f64) = (0.0, f64::INFINITY);
        let (whole, (lower, upper)) = match *self {
            Prior::Flat => return None,
            Prior::Uniform { lower, upper } => (Distribution::Uniform { low: lower, high: upper }, (lower, upper)),
            Prior::Normal { mean, sd } => (Distribution::Normal { mean, deviation: sd }, ALL),
            Prior::LogNormal { log_mean, log_sd } => {
                (Distribution::LogNormal { mean_of_log: log_mean, deviation_of_log: log_sd }, POSITIVE)
            }
            Prior::HalfNormal { sd } => (Distribution::Normal { mean: 0.0, deviation: sd }, POSITIVE),
            Prior::HalfCauchy { scale } => (Distribution::StudentT { degrees: 1.0, location: 0.0, scale }, POSITIVE),
            Prior::StudentT { degrees, location, scale } => (Distribution::StudentT { degrees, location, scale }, ALL),
            Prior::Beta { a, b } => (Distribution::Beta { a, b }, (0.0, 1.0)),
            Prior::Gamma { shape, rate } => (Distribution::Gamma { shape, scale: 1.0 / rate }, POSITIVE),
            Prior::Exponential { rate } => (Distribution::Exponential { mean: 1.0 / rate }, POSITIVE),
            Prior::Truncated { ref prior, lower, upper } if prior.is_flat() => {
                (Distribution::Uniform { low: lower, high: upper }, (lower, upper))
            }
            Prior::Truncated { ref prior, lower, upper } => {
                let law = prior.law()?;
                return Some(Cut { lower: law.lower.max(lower), upper: law.upper.min(upper), ..law });
            }
        };
        // A spread of zero is a distribution to draw from, but has no density.
        let spread = match whole {
            Distribution::Uniform { low, high } => high - low,
            Distribution::Normal { deviation, .. } | Distribution::LogNormal { deviation_of_log: deviation, .. } => {
                deviation
            }
            Distribution::Exponential { mean } => mean,
            _ => 1.0,
        };
        (whole.is_valid() && spread > 0.0).then_some(Cut { whole, lower, upper })
    }
}

/// A law kept to an interval.
struct Cut {
    whole: Distribution,
    lower: f64,
    upper: f64,
}

impl Cut {
    fn mass(&self) -> f64 {
        mass(self.whole, self.lower, self.upper)
    }
}

/// The share of a law between two values, taken from the tail in which it keeps its digits.
fn mass(law: Distribution, lower: f64, upper: f64) -> f64 {
    if lower >= upper {
        return 0.0;
    }
    let tails = |x: f64| match x {
        f64::NEG_INFINITY => (0.0, 1.0),
        f64::INFINITY => (1.0, 0.0),
        x => law.tails(x),
    };
    let ((below, above), (below_upper, above_upper)) = (tails(lower), tails(upper));
    if below > 0.5 { above - above_upper } else { below_upper - below }
}

/// ln density of a whole law inside its support (Abramowitz and Stegun 1964, chapter 26); NaN for laws that are no prior.
fn log_density(law: Distribution, x: f64) -> f64 {
    let normal = |z: f64, sd: f64| -z * z / 2.0 - ln(sd) - ln(TAU) / 2.0;
    // Zero times an infinite logarithm is zero here.
    let power = |exponent: f64, log: f64| if exponent == 0.0 { 0.0 } else { exponent * log };
    match law {
        Distribution::Uniform { low, high } => -ln(high - low),
        Distribution::Normal { mean, deviation } => normal((x - mean) / deviation, deviation),
        Distribution::LogNormal { mean_of_log, deviation_of_log } if x > 0.0 => {
            normal((ln(x) - mean_of_log) / deviation_of_log, deviation_of_log) - ln(x)
        }
        Distribution::LogNormal { .. } => f64::NEG_INFINITY,
        Distribution::StudentT { degrees, location, scale } => {
            let t = (x - location) / scale;
            ln_gamma((degrees + 1.0) / 2.0)
                - ln_gamma(degrees / 2.0)
                - ln(degrees * TAU / 2.0) / 2.0
                - ln(scale)
                - (degrees + 1.0) / 2.0 * ln_1p(t * t / degrees)
        }
        Distribution::Beta { a, b } => {
            ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + power(a - 1.0, ln(x)) + power(b - 1.0, ln_1p(-x))
        }
        Distribution::Gamma { shape, scale } => {
            power(shape - 1.0, ln(x)) - x / scale - shape * ln(scale) - ln_gamma(shape)
        }
        Distribution::Exponential { mean } => -x / mean - ln(mean),
        _ => f64::NAN,
    }
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
                write!(formatter, "lognormal, median {}, sd of log {log_sd}", short(exp(*log_mean)))
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
    fn densities_are_those_of_statrs() {
        use statrs::distribution::{Beta, Cauchy, Continuous, Exp, Gamma, LogNormal, Normal, StudentsT, Uniform};
        let halved = 2f64.ln();
        let cut = Normal::new(1.0, 0.5).unwrap();
        let mass = statrs::distribution::ContinuousCDF::sf(&cut, 0.2).ln();
        for x in [0.21, 0.5, 0.77] {
            let peers = [
                Uniform::new(-1.0, 3.0).unwrap().ln_pdf(x),
                cut.ln_pdf(x),
                LogNormal::new(-1.0, 0.7).unwrap().ln_pdf(x),
                Normal::new(0.0, 2.0).unwrap().ln_pdf(x) + halved,
                Cauchy::new(0.0, 0.7).unwrap().ln_pdf(x) + halved,
                StudentsT::new(1.0, 2.0, 4.0).unwrap().ln_pdf(x),
                Beta::new(2.0, 5.0).unwrap().ln_pdf(x),
                Gamma::new(3.0, 2.0).unwrap().ln_pdf(x),
                Exp::new(5.0).unwrap().ln_pdf(x),
                cut.ln_pdf(x) - mass,
            ];
            for (prior, peer) in each().iter().zip(peers) {
                let found = prior.log_density(x);
                assert!((found - peer).abs() < 1e-11, "{prior} at {x}: {found}, not {peer}");
            }
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
