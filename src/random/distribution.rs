//! The distributions that modelling languages and priors know, drawn by inversion: one uniform number makes one draw,
//! and a truncated draw is exact, without trying again.

use super::incomplete::{beta, gamma};
use super::normal::normal_cumulative;
use super::quantile::{Probability, beta_quantile, gamma_quantile, normal, smallest_integer};
use crate::elementary::{exp, ln, ln_1p, pow, sqrt};

/// A distribution with its parameters, in the units of the variable unless said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    Uniform {
        low: f64,
        high: f64,
    },
    Normal {
        mean: f64,
        deviation: f64,
    },
    /// `exp` of a normal number with this mean and deviation (dimensionless).
    LogNormal {
        mean_of_log: f64,
        deviation_of_log: f64,
    },
    Exponential {
        mean: f64,
    },
    Triangular {
        low: f64,
        mode: f64,
        high: f64,
    },
    Weibull {
        shape: f64,
        scale: f64,
    },
    Logistic {
        mean: f64,
        scale: f64,
    },
    /// On `[scale, inf)`.
    Pareto {
        shape: f64,
        scale: f64,
    },
    /// With mean `shape * scale`.
    Gamma {
        shape: f64,
        scale: f64,
    },
    /// Cauchy's distribution at one degree of freedom.
    StudentT {
        degrees: f64,
        location: f64,
        scale: f64,
    },
    /// On `[0, 1]`, with mean `a / (a + b)`.
    Beta {
        a: f64,
        b: f64,
    },
    Poisson {
        mean: f64,
    },
    /// Successes in a whole number of trials.
    Binomial {
        trials: f64,
        probability: f64,
    },
    /// Failures before the given number of successes, which need not be whole.
    NegativeBinomial {
        successes: f64,
        probability: f64,
    },
}

use Distribution::*;

/// Beyond this variance, counts are rounded normal numbers corrected for skewness; the error in probability is of the
/// order of its inverse.
const LARGE_VARIANCE: f64 = 1e9;

impl Distribution {
    /// Whether the parameters describe a distribution. One that is not valid has NaN for every quantile.
    pub fn is_valid(self) -> bool {
        let finite = |xs: &[f64]| xs.iter().all(|x| x.is_finite());
        let positive = |xs: &[f64]| xs.iter().all(|x| *x > 0.0 && x.is_finite());
        match self {
            Uniform { low, high } => finite(&[low, high, high - low]) && low <= high,
            Normal { mean, deviation: spread }
            | LogNormal { mean_of_log: mean, deviation_of_log: spread }
            | Logistic { mean, scale: spread } => finite(&[mean, spread]) && spread >= 0.0,
            Exponential { mean } | Poisson { mean } => mean.is_finite() && mean >= 0.0,
            Triangular { low, mode, high } => finite(&[low, high, high - low]) && low <= mode && mode <= high,
            Weibull { shape, scale } | Pareto { shape, scale } | Gamma { shape, scale } => positive(&[shape, scale]),
            StudentT { degrees, location, scale } => positive(&[degrees, scale]) && location.is_finite(),
            Beta { a, b } => positive(&[a, b]),
            Binomial { trials, probability } => {
                trials.is_finite() && trials >= 0.0 && trials.fract() == 0.0 && (0.0..=1.0).contains(&probability)
            }
            NegativeBinomial { successes, probability } => positive(&[successes, probability]) && probability <= 1.0,
        }
    }

    /// Whether the values are whole numbers.
    pub fn is_discrete(self) -> bool {
        matches!(self, Poisson { .. } | Binomial { .. } | NegativeBinomial { .. })
    }

    /// The value below which the distribution has probability `p`; for whole numbers, the smallest that reaches `p`.
    /// Its relative error is below 2^-48, or two ulps of its logarithm where that is more, since the iteration is on the
    /// logarithm. For `p` uniform in (0, 1) it is a draw. NaN if the distribution is not valid or `p` is no probability.
    pub fn quantile(self, p: f64) -> f64 {
        self.at((p, 1.0 - p))
    }

    /// Probability of a value at or below `x`.
    pub fn cumulative(self, x: f64) -> f64 {
        self.tails(x).0
    }

    /// The quantile of the distribution restricted to `[lower, upper]`. Where it has next to no probability there, the
    /// bound nearer to it.
    pub fn quantile_between(self, lower: f64, upper: f64, p: f64) -> f64 {
        if lower.is_nan() || upper.is_nan() || lower > upper || !self.is_valid() {
            return f64::NAN;
        }
        let (first, last) = if self.is_discrete() { (lower.ceil() - 1.0, upper.floor()) } else { (lower, upper) };
        let ((below_first, above_first), (below_last, above_last)) = (self.tails(first), self.tails(last));
        if above_first == 0.0 || below_last == 0.0 {
            return if above_first == 0.0 { lower } else { upper };
        }
        let probability = if below_first <= 0.5 {
            let below = below_first + p * (below_last - below_first);
            (below, 1.0 - below)
        } else {
            let above = above_first - p * (above_first - above_last);
            (1.0 - above, above)
        };
        let x = self.at(probability);
        if x < lower {
            lower
        } else if x > upper {
            upper
        } else {
            x
        }
    }

    fn at(self, probability: Probability) -> f64 {
        let (p, q) = probability;
        if !self.is_valid() || !(0.0..=1.0).contains(&p) {
            return f64::NAN;
        }
        match self {
            Uniform { low, high } => low + p * (high - low),
            Normal { mean, deviation } => spread(mean, deviation, normal(probability)),
            LogNormal { mean_of_log, deviation_of_log } => {
                exp(spread(mean_of_log, deviation_of_log, normal(probability)))
            }
            Exponential { mean } => spread(0.0, mean, minus_ln(probability)),
            Triangular { low, mode, high } => {
                let width = high - low;
                if p * width <= mode - low {
                    low + sqrt(p * width * (mode - low))
                } else {
                    high - sqrt(q * width * (high - mode))
                }
            }
            Weibull { shape, scale } => scale * pow(minus_ln(probability), 1.0 / shape),
            Logistic { mean, scale } => spread(mean, scale, ln(p / q)),
            Pareto { shape, scale } => scale * pow(q, -1.0 / shape),
            Gamma { shape, scale } => scale * gamma_quantile(shape, probability),
            StudentT { degrees, location, scale } => location + scale * student(degrees, probability),
            Beta { a, b } => beta_quantile(a, b, probability),
            Poisson { mean } => {
                let most = f64::INFINITY;
                self.count(probability, most, mean, mean, 1.0)
            }
            Binomial { trials, probability: success } => {
                let variance = trials * success * (1.0 - success);
                self.count(probability, trials, trials * success, variance, 1.0 - 2.0 * success)
            }
            NegativeBinomial { successes, probability: success } => {
                let mean = successes * (1.0 - success) / success;
                self.count(probability, f64::INFINITY, mean, mean / success, (2.0 - success) / success)
            }
        }
    }

    /// Quantile of a count in `0..=most` with skewness `skew / sqrt(variance)`.
    fn count(self, (p, q): Probability, most: f64, mean: f64, variance: f64, skew: f64) -> f64 {
        if p <= 0.0 || variance == 0.0 {
            return if variance == 0.0 { mean } else { 0.0 };
        }
        if q <= 0.0 {
            return most;
        }
        let z = normal((p, q));
        let guess = mean + sqrt(variance) * z + skew * (z * z - 1.0) / 6.0;
        if variance > LARGE_VARIANCE {
            return (guess + 0.5).floor().clamp(0.0, most);
        }
        smallest_integer((p, q), guess.clamp(0.0, most), |k| self.tails(k))
    }

    /// The probabilities of a value at or below `x` and of one above, each to its own digits.
    pub fn tails(self, x: f64) -> Probability {
        let clamp = |(p, q): Probability| (p.clamp(0.0, 1.0), q.clamp(0.0, 1.0));
        let swap = |(p, q): Probability| (q, p);
        // Distributions without spread are a step.
        let step = |at: f64| if x >= at { (1.0, 0.0) } else { (0.0, 1.0) };
        let standard_normal = |z: f64| (normal_cumulative(z), normal_cumulative(-z));
        let exponential = |z: f64| if z > 0.0 { (-crate::elementary::expm1(-z), exp(-z)) } else { (0.0, 1.0) };
        match self {
            _ if !self.is_valid() || x.is_nan() => (f64::NAN, f64::NAN),
            Uniform { low, high } if low == high => step(low),
            Uniform { low, high } => clamp(((x - low) / (high - low), (high - x) / (high - low))),
            Normal { mean, deviation: 0.0 } | Logistic { mean, scale: 0.0 } => step(mean),
            Normal { mean, deviation } => standard_normal((x - mean) / deviation),
            LogNormal { .. } if x <= 0.0 => (0.0, 1.0),
            LogNormal { mean_of_log, deviation_of_log } => {
                Normal { mean: mean_of_log, deviation: deviation_of_log }.tails(ln(x))
            }
            Exponential { mean: 0.0 } => step(0.0),
            Exponential { mean } => exponential(x / mean),
            Triangular { low, mode, high } => {
                let width = high - low;
                if x < low {
                    (0.0, 1.0)
                } else if x >= high {
                    (1.0, 0.0)
                } else if x < mode {
                    let p = (x - low) / width * ((x - low) / (mode - low));
                    (p, 1.0 - p)
                } else {
                    let q = (high - x) / width * ((high - x) / (high - mode));
                    (1.0 - q, q)
                }
            }
            Weibull { shape, scale } => exponential(if x > 0.0 { pow(x / scale, shape) } else { 0.0 }),
            Logistic { mean, scale } => {
                let z = (x - mean) / scale;
                (1.0 / (1.0 + exp(-z)), 1.0 / (1.0 + exp(z)))
            }
            Pareto { shape, scale } => exponential(if x > scale { shape * ln(x / scale) } else { 0.0 }),
            Gamma { shape, scale } => gamma(shape, x / scale),
            StudentT { degrees, location, scale } => {
                let t = (x - location) / scale;
                let (far, near) = shares(degrees, t);
                let tail = beta(degrees / 2.0, 0.5, far, near).0 / 2.0;
                if t < 0.0 { (tail, 1.0 - tail) } else { (1.0 - tail, tail) }
            }
            Beta { a, b } => beta(a, b, x, 1.0 - x),
            _ if x < 0.0 => (0.0, 1.0),
            Poisson { mean: 0.0 } => (1.0, 0.0),
            Poisson { mean } => swap(gamma(x.floor() + 1.0, mean)),
            Binomial { trials, .. } if x >= trials => (1.0, 0.0),
            Binomial { trials, probability } => {
                beta(trials - x.floor(), x.floor() + 1.0, 1.0 - probability, probability)
            }
            NegativeBinomial { successes, probability } => {
                beta(successes, x.floor() + 1.0, probability, 1.0 - probability)
            }
        }
    }
}

/// The distribution of the sum of `degrees` squared standard normal numbers.
pub fn chi_square(degrees: f64) -> Distribution {
    Gamma { shape: degrees / 2.0, scale: 2.0 }
}

/// `centre + scale * z`; a scale of zero leaves the centre, whatever `z`.
fn spread(centre: f64, scale: f64, z: f64) -> f64 {
    if scale == 0.0 { centre } else { centre + scale * z }
}

/// `ν/(ν + t²)` and `t²/(ν + t²)`, without overflow.
fn shares(degrees: f64, t: f64) -> (f64, f64) {
    let ratio = t * (t / degrees);
    if ratio.is_finite() { (1.0 / (1.0 + ratio), ratio / (1.0 + ratio)) } else { (0.0, 1.0) }
}

/// The quantile of Student's t (Abramowitz and Stegun 1964, 26.7.1): in the tails by the share that is small there, near
/// the centre by the other.
fn student(degrees: f64, (p, q): Probability) -> f64 {
    let tail = p.min(q);
    let size = if tail < 0.25 {
        let far = beta_quantile(degrees / 2.0, 0.5, (2.0 * tail, 1.0 - 2.0 * tail));
        sqrt(degrees * (1.0 - far) / far)
    } else {
        let near = beta_quantile(0.5, degrees / 2.0, ((p - q).abs(), 2.0 * tail));
        sqrt(degrees * near / (1.0 - near))
    };
    if p < q { -size } else { size }
}

/// `-ln(1 - p)`.
fn minus_ln((p, q): Probability) -> f64 {
    if p <= q { -ln_1p(-p) } else { -ln(q) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use statrs::distribution as peer;
    use statrs::distribution::{ContinuousCDF, DiscreteCDF};

    fn all() -> Vec<Distribution> {
        vec![
            Uniform { low: -2.0, high: 3.0 },
            Normal { mean: 10.0, deviation: 3.0 },
            LogNormal { mean_of_log: 0.5, deviation_of_log: 0.8 },
            Exponential { mean: 4.0 },
            Triangular { low: 1.0, mode: 2.0, high: 5.0 },
            Triangular { low: 1.0, mode: 1.0, high: 5.0 },
            Triangular { low: 1.0, mode: 5.0, high: 5.0 },
            Weibull { shape: 1.7, scale: 3.0 },
            Logistic { mean: 2.0, scale: 0.7 },
            Pareto { shape: 3.5, scale: 2.0 },
            Gamma { shape: 0.05, scale: 2.0 },
            Gamma { shape: 2.3, scale: 2.0 },
            Gamma { shape: 300.0, scale: 0.1 },
            StudentT { degrees: 1.0, location: 2.0, scale: 0.5 },
            StudentT { degrees: 4.5, location: -1.0, scale: 2.0 },
            StudentT { degrees: 60.0, location: 0.0, scale: 1.0 },
            Beta { a: 0.3, b: 0.7 },
            Beta { a: 2.0, b: 5.0 },
            Beta { a: 900.0, b: 50.0 },
            Poisson { mean: 0.3 },
            Poisson { mean: 17.5 },
            Poisson { mean: 40_000.0 },
            Binomial { trials: 10.0, probability: 0.3 },
            Binomial { trials: 5000.0, probability: 0.98 },
            NegativeBinomial { successes: 3.0, probability: 0.4 },
            NegativeBinomial { successes: 0.2, probability: 0.01 },
        ]
    }

    /// Cumulative probabilities by statrs.
    fn peer_cumulative(distribution: Distribution, x: f64) -> f64 {
        match distribution {
            Uniform { low, high } => peer::Uniform::new(low, high).unwrap().cdf(x),
            Normal { mean, deviation } => peer::Normal::new(mean, deviation).unwrap().cdf(x),
            LogNormal { mean_of_log, deviation_of_log } => {
                peer::LogNormal::new(mean_of_log, deviation_of_log).unwrap().cdf(x)
            }
            Exponential { mean } => peer::Exp::new(1.0 / mean).unwrap().cdf(x),
            Triangular { low, mode, high } => peer::Triangular::new(low, high, mode).unwrap().cdf(x),
            Weibull { shape, scale } => peer::Weibull::new(shape, scale).unwrap().cdf(x),
            Logistic { mean, scale } => 1.0 / (1.0 + (-(x - mean) / scale).exp()),
            Pareto { shape, scale } => peer::Pareto::new(scale, shape).unwrap().cdf(x),
            Gamma { shape, scale } => peer::Gamma::new(shape, 1.0 / scale).unwrap().cdf(x),
            StudentT { degrees, location, scale } => peer::StudentsT::new(location, scale, degrees).unwrap().cdf(x),
            Beta { a, b } => peer::Beta::new(a, b).unwrap().cdf(x),
            Poisson { mean } => peer::Poisson::new(mean).unwrap().cdf(x as u64),
            Binomial { trials, probability } => peer::Binomial::new(probability, trials as u64).unwrap().cdf(x as u64),
            NegativeBinomial { successes, probability } => {
                peer::NegativeBinomial::new(successes, probability).unwrap().cdf(x as u64)
            }
        }
    }

    fn probabilities() -> impl Iterator<Item = f64> {
        (1..200).map(|k| f64::from(k) / 200.0).chain([1e-12, 1e-6, 1e-3, 0.999, 0.999999])
    }

    /// What the normal distribution of statrs 0.19 misses by, as `the_normal_distribution_of_statrs_errs` shows.
    const STATRS_NORMAL: f64 = 3e-11;

    #[test]
    fn the_normal_distribution_of_statrs_errs() {
        let peer = peer::Normal::new(0.0, 1.0).unwrap();
        let miss = |of: &dyn Fn(f64) -> f64| {
            crate::random::normal::CERTIFIED.iter().map(|(p, x)| (of(*x) - p).abs()).fold(0.0, f64::max)
        };
        let (theirs, ours) = (miss(&|x| peer.cdf(x)), miss(&normal_cumulative));
        assert!(theirs > 1e-12 && theirs <= STATRS_NORMAL && ours <= 2.0 * f64::EPSILON, "{theirs:e} {ours:e}");
    }

    #[test]
    fn quantiles_agree_with_statrs() {
        for distribution in all() {
            for p in probabilities() {
                let x = distribution.quantile(p);
                let below = peer_cumulative(distribution, x);
                let slack = match distribution {
                    Normal { .. } | LogNormal { .. } => STATRS_NORMAL,
                    _ => 1e-12,
                };
                if distribution.is_discrete() {
                    let before = if x == 0.0 { 0.0 } else { peer_cumulative(distribution, x - 1.0) };
                    assert!(
                        before < p + slack && p <= below + slack,
                        "{distribution:?} at {p}: {x}, {before}..{below}"
                    );
                } else {
                    assert!((below - p).abs() <= slack, "{distribution:?} at {p}: {x} has {below}");
                }
            }
        }
    }

    #[test]
    fn quantile_is_the_inverse_of_cumulative_in_both_tails() {
        for distribution in all().into_iter().filter(|distribution| !distribution.is_discrete()) {
            for p in probabilities().chain([1e-100, 1e-15]) {
                let lower = distribution.at((p, 1.0 - p));
                let upper = distribution.at((1.0 - p, p));
                let located = matches!(distribution, Uniform { .. } | Triangular { .. } | Pareto { .. });
                let slack = 3e-12 * p + if located { 1e-15 } else { 0.0 };
                // Where a number next to 1 or far out cannot resolve the tail, nothing can be asked.
                let resolved = |x: f64| (1e-300..1e300).contains(&x.abs()) && (x - 1.0).abs() > 1e-4;
                if resolved(lower) {
                    let got = distribution.tails(lower).0;
                    assert!((got - p).abs() <= slack, "{distribution:?} below {p:e}: {lower:e} has {got:e}");
                }
                if resolved(upper) && !matches!(distribution, Uniform { .. } | Triangular { .. } | Beta { .. }) {
                    let got = distribution.tails(upper).1;
                    assert!((got - p).abs() <= slack, "{distribution:?} above {p:e}: {upper:e} has {got:e}");
                }
            }
        }
    }

    /// `[distribution, probability, quantile]` of extreme shapes: the cumulative series inverted with mpmath 1.3 at 110
    /// digits, rounded to the nearest number.
    #[test]
    fn certified_quantiles() {
        for (distribution, p, expected) in CERTIFIED {
            let x = distribution.quantile(p);
            let ulp_of_logarithm = f64::EPSILON * expected.ln().abs().log2().floor().exp2();
            let slack = (2.0 * ulp_of_logarithm).max(QUANTILE_ERROR);
            assert!((x - expected).abs() <= slack * expected, "{distribution:?} at {p}: {x:e}, not {expected:e}");
        }
    }

    const QUANTILE_ERROR: f64 = f64::EPSILON * 16.0;

    const CERTIFIED: [(Distribution, f64, f64); 16] = [
        (Gamma { shape: 0.05, scale: 1.0 }, 0.0001, 5.844632057286565e-81),
        (Gamma { shape: 0.05, scale: 1.0 }, 0.3, 2.0378971887326642e-11),
        (Gamma { shape: 0.05, scale: 1.0 }, 0.99, 1.0876274000918096),
        (Gamma { shape: 0.7, scale: 1.0 }, 1e-09, 1.211758473402767e-13),
        (Gamma { shape: 2.3, scale: 1.0 }, 0.5, 1.9766253373137548),
        (Gamma { shape: 2.3, scale: 1.0 }, 0.9999, 12.434357868154569),
        (Gamma { shape: 80.0, scale: 1.0 }, 1e-12, 32.188807213152316),
        (Gamma { shape: 80.0, scale: 1.0 }, 0.75, 85.83760309181825),
        (Gamma { shape: 50000.0, scale: 1.0 }, 0.999, 50693.84776626473),
        (Beta { a: 0.02, b: 3.0 }, 0.2, 2.5434459088065327e-36),
        (Beta { a: 0.3, b: 0.2 }, 0.4, 0.515939926853233),
        (Beta { a: 0.5, b: 0.5 }, 0.25, 0.14644660940672624),
        (Beta { a: 2.0, b: 5.0 }, 1e-10, 2.581997786411184e-06),
        (Beta { a: 2.0, b: 5.0 }, 0.9999, 0.8870314439320781),
        (Beta { a: 900.0, b: 50.0 }, 0.6, 0.9494918980132508),
        (Beta { a: 40.0, b: 3000.0 }, 0.05, 0.009950534258093977),
    ];

    #[test]
    fn draws_follow_the_distribution() {
        // Kolmogorov and Smirnov at the one per cent level; for whole numbers it is conservative.
        let n = 2000;
        for (number, distribution) in (0..).zip(all()) {
            let mut stream = Stream::new(11, number);
            let mut draws: Vec<f64> = (0..n).map(|_| distribution.quantile(stream.uniform())).collect();
            draws.sort_by(f64::total_cmp);
            let mut greatest: f64 = 0.0;
            for k in 0..n {
                if k + 1 < n && draws[k + 1] == draws[k] {
                    continue;
                }
                let below = distribution.cumulative(draws[k]);
                greatest = greatest.max((below - (k + 1) as f64 / n as f64).abs());
            }
            assert!(greatest < 1.63 / (n as f64).sqrt(), "{distribution:?}: {greatest}");
        }
    }

    #[test]
    fn moments() {
        // Mean and variance by closed form.
        let cases = [
            (Normal { mean: 10.0, deviation: 3.0 }, 10.0, 9.0),
            (Triangular { low: 1.0, mode: 2.0, high: 5.0 }, 8.0 / 3.0, 26.0 / 36.0),
            (Gamma { shape: 2.3, scale: 2.0 }, 4.6, 9.2),
            (Beta { a: 2.0, b: 5.0 }, 2.0 / 7.0, 10.0 / 392.0),
            (Poisson { mean: 17.5 }, 17.5, 17.5),
            (Binomial { trials: 10.0, probability: 0.3 }, 3.0, 2.1),
            (NegativeBinomial { successes: 3.0, probability: 0.4 }, 4.5, 11.25),
            (Logistic { mean: 2.0, scale: 0.7 }, 2.0, 0.49 * std::f64::consts::PI.powi(2) / 3.0),
        ];
        for (distribution, mean, variance) in cases {
            // The midpoint rule over probabilities.
            let n = 4000;
            let xs: Vec<f64> = (0..n).map(|k| distribution.quantile((f64::from(k) + 0.5) / f64::from(n))).collect();
            let got = xs.iter().sum::<f64>() / f64::from(n);
            let spread = xs.iter().map(|x| (x - got).powi(2)).sum::<f64>() / f64::from(n);
            assert!(
                (got - mean).abs() < 1e-3 * mean && (spread - variance).abs() < 6e-3 * variance,
                "{distribution:?}"
            );
        }
    }

    #[test]
    fn truncation_is_exact() {
        for distribution in all() {
            let (lower, upper) = (distribution.quantile(0.2), distribution.quantile(0.9));
            let before = if distribution.is_discrete() { lower - 1.0 } else { lower };
            let (first, last) = (distribution.cumulative(before), distribution.cumulative(upper));
            for p in probabilities() {
                let x = distribution.quantile_between(lower, upper, p);
                let share = (distribution.cumulative(x) - first) / (last - first);
                assert!((lower..=upper).contains(&x), "{distribution:?}");
                assert!(share >= p - 1e-9, "{distribution:?} at {p}: {x} has {share}");
                assert!(distribution.is_discrete() || share <= p + 1e-9, "{distribution:?} at {p}: {x} has {share}");
            }
        }
        // Far out in a tail, where 1 - p is 1.
        let normal = Normal { mean: 0.0, deviation: 1.0 };
        let x = normal.quantile_between(10.0, f64::INFINITY, 0.5);
        assert!(
            (x - 10.06841183608143).abs() < 1e-13 && normal.quantile_between(f64::NEG_INFINITY, -10.0, 0.5) == -x,
            "{x}"
        );
        assert_eq!(normal.quantile_between(50.0, 60.0, 0.3), 50.0);
        assert_eq!(normal.quantile_between(2.0, 2.0, 0.3), 2.0);
        assert!(normal.quantile_between(2.0, 1.0, 0.3).is_nan());
    }

    #[test]
    fn degenerate_and_invalid_parameters() {
        let cases = [
            (Normal { mean: 3.0, deviation: 0.0 }, 3.0),
            (Uniform { low: 3.0, high: 3.0 }, 3.0),
            (Triangular { low: 3.0, mode: 3.0, high: 3.0 }, 3.0),
            (Exponential { mean: 0.0 }, 0.0),
            (Poisson { mean: 0.0 }, 0.0),
            (Binomial { trials: 7.0, probability: 1.0 }, 7.0),
            (Binomial { trials: 0.0, probability: 0.5 }, 0.0),
            (NegativeBinomial { successes: 2.0, probability: 1.0 }, 0.0),
        ];
        for (distribution, value) in cases {
            for p in [1e-9, 0.3, 1.0 - 1e-9] {
                assert_eq!(distribution.quantile(p), value, "{distribution:?}");
                assert_eq!(distribution.quantile_between(-10.0, 10.0, p), value, "{distribution:?}");
            }
        }
        for distribution in [
            Normal { mean: 0.0, deviation: -1.0 },
            Uniform { low: 1.0, high: 0.0 },
            Triangular { low: 0.0, mode: 2.0, high: 1.0 },
            Exponential { mean: f64::NAN },
            Gamma { shape: 0.0, scale: 1.0 },
            Beta { a: 1.0, b: f64::INFINITY },
            Binomial { trials: 2.5, probability: 0.5 },
            Binomial { trials: 2.0, probability: 1.5 },
            NegativeBinomial { successes: 1.0, probability: 0.0 },
            Poisson { mean: -1.0 },
        ] {
            assert!(!distribution.is_valid() && distribution.quantile(0.5).is_nan(), "{distribution:?}");
            assert!(distribution.quantile_between(0.0, 1.0, 0.5).is_nan() && distribution.cumulative(0.0).is_nan());
        }
        assert!(Poisson { mean: 3.0 }.quantile(f64::NAN).is_nan() && Poisson { mean: 3.0 }.quantile(1.5).is_nan());
    }

    #[test]
    fn large_parameters_take_bounded_time() {
        for (distribution, mean, deviation) in [
            (Poisson { mean: 1e8 }, 1e8, 1e4),
            (Poisson { mean: 1e15 }, 1e15, 1e15_f64.sqrt()),
            (Binomial { trials: 1e12, probability: 1e-9 }, 1e3, 1e3_f64.sqrt()),
            (NegativeBinomial { successes: 1e7, probability: 0.5 }, 1e7, 2e7_f64.sqrt()),
            (Gamma { shape: 1e12, scale: 1.0 }, 1e12, 1e6),
        ] {
            let (low, middle, high) =
                (distribution.quantile(0.158_655), distribution.quantile(0.5), distribution.quantile(0.841_345));
            assert!((middle - mean).abs() < 0.02 * deviation.max(50.0), "{distribution:?}: {middle}");
            assert!((0.5 * (high - low) / deviation - 1.0).abs() < 0.02, "{distribution:?}: {low} {high}");
        }
    }
}
