//! Quantiles of the gamma and beta distributions and of distributions on the integers.
//!
//! A probability comes as a pair `(p, 1 - p)`, so that neither tail loses digits; the smaller of the two is what counts.

use super::incomplete::{beta, beta_density, gamma, gamma_density};
use super::normal::normal_quantile;
use crate::elementary::{exp, ln, ln_gamma, sqrt};

/// A probability and its complement.
pub type Probability = (f64, f64);

/// Standard normal quantile of whichever tail is smaller.
pub fn normal((p, q): Probability) -> f64 {
    if p <= q { normal_quantile(p) } else { -normal_quantile(q) }
}

/// From this shape on, six terms of the expansion in the normal quantile are exact to 1e-14.
const LARGE_SHAPE: f64 = 1e6;

/// Quantile of the gamma distribution with shape `a > 0` and scale 1.
///
/// *Method*: safeguarded Newton iteration on the logarithm of the smaller tail from the start of Wilson and Hilferty
/// (1931); for large shapes the expansion of Goldberg and Levine (1946).
pub fn gamma_quantile(a: f64, (p, q): Probability) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    if q <= 0.0 {
        return f64::INFINITY;
    }
    let z = normal((p, q));
    let root = sqrt(a);
    if a >= LARGE_SHAPE {
        let z2 = z * z;
        return a
            + root * z
            + (z2 - 1.0) / 3.0
            + z * (z2 - 7.0) / (36.0 * root)
            + (16.0 - z2 * (7.0 + 3.0 * z2)) / (810.0 * a)
            + z * (z2 * (9.0 * z2 + 256.0) - 433.0) / (38880.0 * a * root);
    }
    let cube_root = 1.0 - 1.0 / (9.0 * a) + z / (3.0 * root);
    let start = if a > 0.5 && cube_root > 0.2 { ln(a) + 3.0 * ln(cube_root) } else { (ln(p) + ln_gamma(a + 1.0)) / a };
    let lower = p <= q;
    let target = if lower { ln(p) } else { -ln(q) };
    exp(rising_root(target, start, f64::INFINITY, |t| {
        let x = exp(t);
        let (below, above) = gamma(a, x);
        let density = gamma_density(a, x);
        if lower { (ln(below), density / below) } else { (-ln(above), density / above) }
    }))
}

/// Quantile of the beta distribution with shapes `a, b > 0`.
///
/// *Method*: safeguarded Newton iteration on the logarithms of tail and distance from the nearer end.
pub fn beta_quantile(a: f64, b: f64, (p, q): Probability) -> f64 {
    let mean = a / (a + b);
    if p <= beta(a, b, mean, b / (a + b)).0 { beta_distance(a, b, p) } else { 1.0 - beta_distance(b, a, q) }
}

/// The `x` with `I_x(a, b) = p`.
fn beta_distance(a: f64, b: f64, p: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    let ln_mean = ln(a / (a + b));
    let ln_beta = ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let start = ((ln(p) + ln(a) + ln_beta) / a).min(ln_mean);
    exp(rising_root(ln(p), start, 0.0, |t| {
        let x = exp(t);
        let y = 1.0 - x;
        let below = beta(a, b, x, y).0;
        (ln(below), beta_density(a, b, x, y) / (y * below))
    }))
}

/// The `t < ceiling` at which a rising function, given with its slope, reaches `target`: Newton's method, and halving or
/// doubling of the bracket where it leaves it.
fn rising_root(target: f64, start: f64, ceiling: f64, function: impl Fn(f64) -> (f64, f64)) -> f64 {
    let (mut low, mut high) = (f64::NEG_INFINITY, ceiling);
    let mut t = start;
    let mut stride = 1.0;
    for _ in 0..200 {
        let (value, slope) = function(t);
        if value < target {
            low = t;
        } else {
            high = t;
        }
        let newton = t - (value - target) / slope;
        let next = if low < newton && newton < high {
            newton
        } else if low == f64::NEG_INFINITY {
            stride *= 2.0;
            t - stride
        } else if high == f64::INFINITY {
            stride *= 2.0;
            t + stride
        } else {
            0.5 * (low + high)
        };
        if (next - t).abs() <= 0.5 * f64::EPSILON * t.abs().max(1.0) {
            return next;
        }
        t = next;
    }
    t
}

/// The smallest integer `k >= 0` at which the cumulative probability reaches `p`, searched from `guess` in doubling
/// strides and then by halving. `tails(k)` gives the probabilities of `<= k` and of `> k`.
pub fn smallest_integer((p, q): Probability, guess: f64, tails: impl Fn(f64) -> Probability) -> f64 {
    let reached = |k: f64| {
        let (below, above) = tails(k);
        if p <= q { below >= p } else { above <= q }
    };
    let mut stride = 1.0;
    let mut low; // not reached
    let mut high = guess.max(0.0).floor(); // reached
    if reached(high) {
        low = high - stride;
        while low >= 0.0 && reached(low) {
            high = low;
            stride *= 2.0;
            low -= stride;
        }
        low = low.max(-1.0);
    } else {
        low = high;
        high = low + stride;
        while !reached(high) && high < f64::MAX {
            low = high;
            stride *= 2.0;
            high += stride;
        }
    }
    while high - low > 1.0 {
        let middle = (0.5 * (low + high)).floor();
        if middle <= low || middle >= high {
            break;
        }
        if reached(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}
