//! A parameter to estimate, and the coordinate in which it is searched.

use super::{Finding, Prior};
use crate::elementary::{exp, ln, ln_1p};
use serde::{Deserialize, Serialize};

/// How a natural value becomes a search coordinate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Transform {
    /// The value itself, in a box.
    #[default]
    Identity,
    /// The natural logarithm, in the box of the logarithms of the bounds; for positive values.
    Log,
    /// The log odds of the position between two finite bounds; no box is left.
    Logit,
}

/// A parameter to estimate. Natural values carry `unit`; search coordinates of `Log` and `Logit` are dimensionless.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    pub name: String,
    /// A few words for the table of estimates.
    pub meaning: String,
    pub unit: String,
    /// Natural bounds; infinite where there are none.
    pub lower: f64,
    pub upper: f64,
    pub start: f64,
    pub transform: Transform,
    /// Density of the natural value.
    pub prior: Prior,
}

impl Parameter {
    /// An unbounded parameter with a flat prior, to be narrowed by the `with`-style setters below.
    pub fn new(name: impl Into<String>, start: f64) -> Self {
        Parameter {
            name: name.into(),
            meaning: String::new(),
            unit: String::new(),
            lower: f64::NEG_INFINITY,
            upper: f64::INFINITY,
            start,
            transform: Transform::Identity,
            prior: Prior::Flat,
        }
    }

    pub fn within(mut self, lower: f64, upper: f64) -> Self {
        (self.lower, self.upper) = (lower, upper);
        self
    }

    pub fn on(mut self, transform: Transform) -> Self {
        self.transform = transform;
        self
    }

    pub fn believed(mut self, prior: Prior) -> Self {
        self.prior = prior;
        self
    }

    /// The search coordinate of a natural value.
    pub fn search(&self, natural: f64) -> f64 {
        match self.transform {
            Transform::Identity => natural,
            Transform::Log => ln(natural),
            Transform::Logit => ln((natural - self.lower) / (self.upper - natural)),
        }
    }

    /// The natural value at a search coordinate, never outside the bounds.
    pub fn natural(&self, search: f64) -> f64 {
        let value = match self.transform {
            Transform::Identity => search,
            Transform::Log => exp(search),
            Transform::Logit => self.lower + (self.upper - self.lower) * logistic(search),
        };
        value.max(self.lower).min(self.upper)
    }

    /// Ends of what bounds and prior leave, natural values.
    pub fn limits(&self) -> (f64, f64) {
        let (lower, upper) = self.prior.support();
        (lower.max(self.lower), upper.min(self.upper))
    }

    /// Lower and upper end of the box in search coordinates: of the bounds, or of the prior's support where that is
    /// narrower.
    pub fn search_bounds(&self) -> (f64, f64) {
        let (lower, upper) = self.limits();
        match self.transform {
            Transform::Identity => (lower, upper),
            Transform::Log => (ln(lower.max(0.0)), ln(upper)),
            Transform::Logit => {
                let inside =
                    |end: f64, open: f64| if self.lower < end && end < self.upper { self.search(end) } else { open };
                (inside(lower, f64::NEG_INFINITY), inside(upper, f64::INFINITY))
            }
        }
    }

    /// A finite range of search coordinates to draw starts from: the central 99 % of the prior within the bounds, the
    /// bounds where the prior is flat, and where there are none a factor of 100 (`Log`) or ten typical changes either side
    /// of the start.
    pub fn search_range(&self) -> (f64, f64) {
        let (low, high) = (self.prior.quantile(0.005), self.prior.quantile(0.995));
        let (mut low, mut high) =
            (low.unwrap_or(self.lower).max(self.lower), high.unwrap_or(self.upper).min(self.upper));
        if self.transform == Transform::Logit {
            let inset = 0.005 * (self.upper - self.lower);
            (low, high) = (low.max(self.lower + inset), high.min(self.upper - inset));
        }
        let reach = match self.transform {
            Transform::Log => ln(100.0),
            Transform::Identity | Transform::Logit => 10.0 * self.typical(),
        };
        let start = self.search(self.start);
        let end = |at: f64, otherwise: f64| match self.search(at) {
            end if end.is_finite() => end,
            _ => otherwise,
        };
        let range = (end(low, start - reach), end(high, start + reach));
        if range.0 < range.1 { range } else { (start - reach, start + reach) }
    }

    /// The search coordinate at a share `u` in (0, 1) of what is known beforehand: a quantile of the prior within the
    /// bounds, or where the prior is flat a place in the search range.
    pub fn search_at(&self, u: f64) -> f64 {
        let (low, high) = self.search_range();
        let (below, above) = (self.prior.mass_below(self.natural(low)), self.prior.mass_below(self.natural(high)));
        let quantile = below.zip(above).and_then(|(below, above)| self.prior.quantile(below + u * (above - below)));
        quantile.map_or(low + u * (high - low), |value| self.search(value).clamp(low, high))
    }

    /// First and second derivative of the natural value by the search coordinate.
    pub fn natural_slopes(&self, search: f64) -> (f64, f64) {
        match self.transform {
            Transform::Identity => (1.0, 0.0),
            Transform::Log => (exp(search), exp(search)),
            Transform::Logit => {
                let share = logistic(search);
                let slope = (self.upper - self.lower) * share * logistic(-search);
                (slope, slope * (1.0 - 2.0 * share))
            }
        }
    }

    /// ln |∂ natural / ∂ search|, which turns a density of natural values into one of search coordinates.
    pub fn log_jacobian(&self, search: f64) -> f64 {
        match self.transform {
            Transform::Identity => 0.0,
            Transform::Log => search,
            Transform::Logit => ln(self.upper - self.lower) - softplus(search) - softplus(-search),
        }
    }

    /// The slope of [`log_jacobian`](Self::log_jacobian).
    pub fn log_jacobian_slope(&self, search: f64) -> f64 {
        match self.transform {
            Transform::Identity => 0.0,
            Transform::Log => 1.0,
            Transform::Logit => 1.0 - 2.0 * logistic(search),
        }
    }

    /// The size of an ordinary change of the search coordinate near the start; sets the scale of differences.
    pub fn typical(&self) -> f64 {
        match self.transform {
            Transform::Log | Transform::Logit => 1.0,
            Transform::Identity if self.start != 0.0 && self.start.is_finite() => self.start.abs(),
            Transform::Identity => match self.upper - self.lower {
                width if width.is_finite() && width > 0.0 => width / 10.0,
                _ => 1.0,
            },
        }
    }

    /// Everything that makes the parameter unusable.
    pub fn check(&self) -> Vec<Finding> {
        let name = || self.name.clone();
        let (lower, upper) = (self.lower, self.upper);
        if lower.is_nan() || upper.is_nan() || lower >= upper {
            return vec![Finding::BoundsEmpty { parameter: name(), lower, upper }];
        }
        let mut findings = Vec::new();
        match self.transform {
            Transform::Log if lower < 0.0 => findings.push(Finding::LogOfNegative { parameter: name(), lower }),
            Transform::Logit if !(lower.is_finite() && upper.is_finite()) => {
                findings.push(Finding::LogitUnbounded { parameter: name(), lower, upper });
            }
            _ => {}
        }
        let inside = match self.transform {
            Transform::Logit => lower < self.start && self.start < upper,
            Transform::Log => lower <= self.start && self.start <= upper && self.start > 0.0,
            Transform::Identity => lower <= self.start && self.start <= upper,
        };
        if !(inside && self.start.is_finite()) {
            findings.push(Finding::StartOutside { parameter: name(), start: self.start, lower, upper });
        }
        if !self.prior.is_proper_or_flat() {
            findings.push(Finding::PriorUndefined { parameter: name(), prior: self.prior.to_string() });
        } else {
            let outside = self.prior.mass_outside(lower, upper);
            if outside > Prior::TOLERATED_MASS_OUTSIDE {
                findings.push(Finding::PriorOutside {
                    parameter: name(),
                    prior: self.prior.to_string(),
                    lower,
                    upper,
                    mass: outside,
                });
            }
        }
        findings
    }
}

fn logistic(z: f64) -> f64 {
    if z >= 0.0 { 1.0 / (1.0 + exp(-z)) } else { exp(z) / (1.0 + exp(z)) }
}

/// ln(1 + e^z) without overflow.
fn softplus(z: f64) -> f64 {
    z.max(0.0) + ln_1p(exp(-z.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each() -> Vec<Parameter> {
        vec![
            Parameter::new("level", 3.0).within(-2.0, 9.0),
            Parameter::new("rate", 0.3).within(1e-5, 1e3).on(Transform::Log),
            Parameter::new("share", 0.3).within(0.1, 0.7).on(Transform::Logit),
        ]
    }

    #[test]
    fn search_and_natural_are_inverse_and_stay_within_bounds() {
        for parameter in each() {
            for share in [0.01, 0.3, 0.999] {
                let x = parameter.lower + share * (parameter.upper - parameter.lower);
                assert!((parameter.natural(parameter.search(x)) - x).abs() < 1e-12 * x.abs().max(1.0));
            }
            let (low, high) = parameter.search_bounds();
            assert!(parameter.natural(low) >= parameter.lower && parameter.natural(high) <= parameter.upper);
        }
    }

    #[test]
    fn slopes_are_those_of_differences() {
        for parameter in each() {
            let (z, h) = (parameter.search(parameter.start), 1e-4);
            let (up, mid, down) = (parameter.natural(z + h), parameter.natural(z), parameter.natural(z - h));
            let (first, second) = parameter.natural_slopes(z);
            assert!((first - (up - down) / (2.0 * h)).abs() < 1e-7);
            assert!((second - (up - 2.0 * mid + down) / (h * h)).abs() < 1e-6);
            assert!((parameter.log_jacobian(z) - first.ln()).abs() < 1e-12);
            assert!((parameter.log_jacobian_slope(z) - second / first).abs() < 1e-12);
        }
    }

    #[test]
    fn ranges_are_finite_and_follow_what_is_known() {
        let normal = Prior::Normal { mean: 1.0, sd: 0.1 };
        let cases = [
            (Parameter::new("a", 1.0).within(-1.0, 2.0), (-1.0, 2.0)),
            (Parameter::new("b", 1.0).within(0.0, 2.0).believed(normal), (0.742417, 1.257583)),
            (Parameter::new("c", 2.0), (-18.0, 22.0)),
            (Parameter::new("d", 1.0).within(0.0, 1.0f64.exp()).on(Transform::Log), (-4.605170, 1.0)),
            (Parameter::new("e", 0.5).within(0.0, 1.0).on(Transform::Logit), (-5.293305, 5.293305)),
        ];
        for (parameter, expected) in cases {
            let range = parameter.search_range();
            assert!(
                (range.0 - expected.0).abs() < 1e-6 && (range.1 - expected.1).abs() < 1e-6,
                "{parameter:?} {range:?}"
            );
        }
    }

    #[test]
    fn logit_far_out_is_finite() {
        let share = &each()[2];
        assert!(share.natural(-800.0) == 0.1 && share.natural(800.0) == 0.7);
        assert!(share.log_jacobian(800.0).is_finite());
    }
}
