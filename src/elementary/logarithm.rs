//! `ln` and `log10`.
//!
//! `x = 2^k m` with `m` in `[sqrt 1/2, sqrt 2)`, `f = m - 1`, `s = f / (2 + f)`, and
//! `ln m = f - (f^2/2 - s (f^2/2 + R(s^2)))`, the arrangement of K. C. Ng (fdlibm, 1993).

use super::exponential::{LN_2_HI, LN_2_LO};
use super::{leading, polynomial};

const SQRT_HALF_BITS: u64 = 0x3fe6_a09e_667f_3bcd;
/// 2^52: an integer below 2^52 put into its low bits is added to it.
const TWO_52: f64 = 4_503_599_627_370_496.0;
const TWO_54: f64 = 18_014_398_509_481_984.0;

/// `R(z) / z`, that is `(2 artanh(s) / s - 2) / z` with `z = s^2`, for `s <= (sqrt 2 - 1) / (sqrt 2 + 1)`; fitted like
/// `exp`. Error relative to `ln m`: 2^-59.4.
const LN: [f64; 7] = [
    0.6666666666666736,
    0.3999999999940548,
    0.2857142874406432,
    0.22222198425790454,
    0.1818357108149226,
    0.15313894988008175,
    0.14797372079515317,
];

/// Splits a positive normal number into `(k, m)`, `x = 2^k m`, `m` in `[sqrt 1/2, sqrt 2)`.
#[inline(always)]
pub(super) fn split(x: f64) -> (f64, f64) {
    // The bits of x / sqrt(1/2), with 1023 added to the exponent to keep it positive.
    let shifted = x.to_bits().wrapping_add((1023 << 52) - SQRT_HALF_BITS);
    let k = f64::from_bits(shifted >> 52 | TWO_52.to_bits()) - (TWO_52 + 1023.0);
    let m = f64::from_bits((shifted & ((1 << 52) - 1)) + SQRT_HALF_BITS);
    (k, m)
}

/// Whether the short formulas hold: positive, finite, not subnormal.
#[inline(always)]
pub(super) fn is_ordinary(x: f64) -> bool {
    (f64::MIN_POSITIVE..f64::INFINITY).contains(&x)
}

/// Brings subnormal numbers into the normal range: `(2^e x, e)`.
#[inline(always)]
pub(super) fn lift(x: f64) -> (f64, f64) {
    if x < f64::MIN_POSITIVE { (x * TWO_54, 54.0) } else { (x, 0.0) }
}

/// What both logarithms do where no finite logarithm exists.
#[inline(always)]
fn beyond_ordinary(x: f64, logarithm: f64) -> f64 {
    let y = if x < f64::INFINITY { logarithm } else { x }; // inf and NaN
    let y = if x < 0.0 { f64::NAN } else { y };
    if x == 0.0 { f64::NEG_INFINITY } else { y }
}

/// `f` and the `c` of `ln m = f - c`.
#[inline(always)]
fn ln_of_significand(m: f64) -> (f64, f64) {
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let half_square = 0.5 * f * f;
    (f, half_square - s * (half_square + z * polynomial(z, z * z, &LN)))
}

#[inline(always)]
fn ln_ordinary(x: f64, lifted: f64) -> f64 {
    let (k, m) = split(x);
    let k = k - lifted;
    let (f, c) = ln_of_significand(m);
    let whole = k * LN_2_HI;
    let sum = whole + f;
    let lost = f - (sum - whole);
    sum + (lost - (c - k * LN_2_LO))
}

/// Natural logarithm, within 1 ulp. `ln(0) = -inf`; NaN below zero.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    if is_ordinary(x) { ln_ordinary(x, 0.0) } else { ln_any(x) }
}

/// [`ln`] without branches.
#[inline(always)]
fn ln_any(x: f64) -> f64 {
    let (lifted, exponent) = lift(x);
    beyond_ordinary(x, ln_ordinary(lifted, exponent))
}

/// [`ln`] of each lane.
#[inline(always)]
pub fn ln_block<const L: usize>(x: &[f64; L], out: &mut [f64; L]) {
    if all_ordinary(x) {
        for lane in 0..L {
            out[lane] = ln_ordinary(x[lane], 0.0);
        }
    } else {
        for lane in 0..L {
            out[lane] = ln_any(x[lane]);
        }
    }
}

/// Has its highest bit set unless [`is_ordinary`]. An or of these over lanes is a vector operation; an and of truth
/// values is not.
#[inline(always)]
pub(super) fn extraordinary(x: f64) -> u64 {
    let exponent = x.to_bits() >> 52; // with the sign above it
    exponent.wrapping_sub(1) | 2046_u64.wrapping_sub(exponent)
}

#[inline(always)]
fn all_ordinary<const L: usize>(x: &[f64; L]) -> bool {
    let mut found = 0;
    for &x in x {
        found |= extraordinary(x);
    }
    found >> 63 == 0
}

const LOG10_E_HI: f64 = f64::from_bits(0x3fdb_cb7b_1000_0000); // 26 bits
const LOG10_E_LO: f64 = f64::from_bits(0x3e34_9b94_38ca_9aae);
const LOG10_2_HI: f64 = f64::from_bits(0x3fd3_4413_509f_7800); // 42 bits: k LOG10_2_HI is exact
const LOG10_2_LO: f64 = f64::from_bits(0x3d1f_ef31_1f12_b358);

#[inline(always)]
fn log10_ordinary(x: f64, lifted: f64) -> f64 {
    let (k, m) = split(x);
    let k = k - lifted;
    let (f, c) = ln_of_significand(m);
    let ln_hi = leading(f - c);
    let ln_lo = (f - ln_hi) - c;
    let whole = k * LOG10_2_HI;
    let fraction = ln_hi * LOG10_E_HI;
    let sum = whole + fraction;
    let lost = fraction - (sum - whole);
    let small = ln_lo * (LOG10_E_HI + LOG10_E_LO) + ln_hi * LOG10_E_LO;
    sum + (lost + (small + k * LOG10_2_LO))
}

#[inline(always)]
fn log10_any(x: f64) -> f64 {
    let (lifted, exponent) = lift(x);
    beyond_ordinary(x, log10_ordinary(lifted, exponent))
}

/// Logarithm to base ten, within 1 ulp; exact for the powers of ten that are numbers. `log10(0) = -inf`; NaN below zero.
#[inline(always)]
pub fn log10(x: f64) -> f64 {
    if is_ordinary(x) { log10_ordinary(x, 0.0) } else { log10_any(x) }
}

/// [`log10`] of each lane.
#[inline(always)]
pub fn log10_block<const L: usize>(x: &[f64; L], out: &mut [f64; L]) {
    if all_ordinary(x) {
        for lane in 0..L {
            out[lane] = log10_ordinary(x[lane], 0.0);
        }
    } else {
        for lane in 0..L {
            out[lane] = log10_any(x[lane]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::certified;
    use super::super::double_double::{DoubleDouble, LN_10};
    use super::super::tests::{bound_error, certify, distance, draws, mixture, same_in_blocks};
    use super::*;

    #[test]
    fn certified_values() {
        certify("ln", &certified::LN, ln);
        certify("log10", &certified::LOG10, log10);
    }

    #[test]
    fn errors_at_random_points() {
        let wide = |seed| draws(seed, 60_000, -700.0, 700.0).map(f64::exp);
        bound_error("ln", 0.60, wide(1), ln, DoubleDouble::ln);
        bound_error("ln", 0.85, draws(2, 60_000, 0.5, 2.0), ln, DoubleDouble::ln);
        bound_error("log10", 0.60, wide(3), log10, |x| x.ln() / LN_10);
        bound_error("log10", 0.85, draws(4, 60_000, 0.5, 2.0), log10, |x| x.ln() / LN_10);
    }

    #[test]
    fn close_to_the_platform_everywhere() {
        for x in draws(5, 1_000_000, -744.0, 709.0).map(f64::exp) {
            assert!(distance(ln(x), x.ln()) <= 2, "{x:e}");
        }
    }

    #[test]
    fn special_values() {
        for function in [ln, log10] {
            assert_eq!(function(1.0).to_bits(), 0.0_f64.to_bits());
            assert_eq!((function(0.0), function(-0.0)), (f64::NEG_INFINITY, f64::NEG_INFINITY));
            assert_eq!(function(f64::INFINITY), f64::INFINITY);
            assert!(function(-5e-324).is_nan() && function(f64::NEG_INFINITY).is_nan() && function(f64::NAN).is_nan());
        }
        let mut ten = 1.0;
        for n in 0..=22 {
            assert_eq!(log10(ten), f64::from(n));
            ten *= 10.0;
        }
    }

    #[test]
    fn increasing_across_the_seams_of_the_reduction() {
        for k in -1000..1000 {
            let seam = 2.0_f64.powi(k) * std::f64::consts::FRAC_1_SQRT_2;
            for n in -20..20 {
                let x = seam * (1.0 + f64::from(n) * 1e-12);
                assert!(ln(x * (1.0 + 1e-12)) >= ln(x) && log10(x * (1.0 + 1e-12)) >= log10(x), "at {x:e}");
            }
        }
    }

    #[test]
    fn lanes_hold_the_bits_of_the_scalar_function() {
        let xs = mixture();
        same_in_blocks::<1>(&xs, ln_block, ln);
        same_in_blocks::<8>(&xs, ln_block, ln);
        same_in_blocks::<32>(&xs, ln_block, ln);
        same_in_blocks::<8>(&xs, log10_block, log10);
        same_in_blocks::<32>(&xs, log10_block, log10);
    }
}
