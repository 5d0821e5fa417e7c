//! `exp`, `expm1` and `tanh`.
//!
//! Reduction to `x = k ln 2 + r`, `|r| <= ln 2 / 2`, with `k ln 2` in two parts (Cody and Waite 1980) and the leading sum
//! `1 + r` carried without error (Dekker 1971), as in Tang (1989), *ACM TOMS* 15(2), but with a longer polynomial
//! instead of a table, which no vector unit reads quickly.

use super::polynomial;

pub(super) const LN_2_HI: f64 = f64::from_bits(0x3fe6_2e42_fefa_3800); // 42 bits: k LN_2_HI is exact
pub(super) const LN_2_LO: f64 = f64::from_bits(0x3d2e_f357_93c7_6730);

/// Adding this rounds to an integer `k` and leaves `k + 2046` in the low bits of the sum.
const ROUND: f64 = 6_755_399_441_055_744.0 + 2046.0;

/// `(exp(r) - 1 - r) / r^2` for `|r| <= ln 2 / 2`: least squares on Chebyshev nodes at 80 digits, each coefficient
/// rounded before the next was fitted. Error relative to `exp(r)`: 2^-57.7.
const EXP: [f64; 10] = [
    0.5000000000000012,
    0.16666666666666474,
    0.041666666666519775,
    0.008333333333457052,
    0.0013888888945909434,
    0.00019841269584433205,
    2.4801491046162982e-5,
    2.755751893327528e-6,
    2.763090128333047e-7,
    2.502088777939859e-8,
];

/// The same with one coefficient more, for results near zero, where the error relative to `r` counts: 2^-63.
const EXPM1: [f64; 11] = [
    0.5,
    0.16666666666666685,
    0.041666666666666526,
    0.008333333333315995,
    0.0013888888888967978,
    0.00019841269898512615,
    2.480158715534032e-5,
    2.7557233041846633e-6,
    2.7557417608323076e-7,
    2.5112592843813825e-8,
    2.0871095014209773e-9,
];

/// `e^x`, within 1 ulp. `exp(-inf) = 0`, overflow is `inf`, underflow is gradual.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    // Beyond these the result is 0 or infinite; NaN compares false and stays.
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -746.0 { -746.0 } else { x };
    exp_of_sum(x, 0.0)
}

/// [`exp`] of each lane.
#[inline(always)]
pub fn exp_block<const L: usize>(x: &[f64; L], out: &mut [f64; L]) {
    for lane in 0..L {
        out[lane] = exp(x[lane]);
    }
}

/// `e^(x + tail)` for `-746 <= x <= 710` and a `tail` below an ulp of `x`.
#[inline(always)]
pub(super) fn exp_of_sum(x: f64, tail: f64) -> f64 {
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let hi = x - k * LN_2_HI;
    let lo = k * LN_2_LO - tail;
    let r = hi - lo;
    let square = r * r;
    let bent = square * polynomial(r, square, &EXP);
    let sum = 1.0 + hi;
    let lost = hi - (sum - 1.0);
    let significand = sum + (lost + (bent - lo));
    // 2^k as a product of two normal numbers: only the last product rounds, also below the normal range.
    let exponents = shifted.to_bits() & 0xfff;
    let half = exponents >> 1;
    let rest = exponents - half;
    significand * f64::from_bits(half << 52) * f64::from_bits(rest << 52)
}

/// `e^x - 1`, within 1 ulp, also where `e^x` is close to 1.
#[inline(always)]
pub fn expm1(x: f64) -> f64 {
    let clamped = if x > 710.0 { 710.0 } else { x };
    let clamped = if clamped < -40.0 { -40.0 } else { clamped };
    let (sum, rest) = half_expm1(clamped);
    // Halving a subnormal number would lose its last bit; there the result is x itself.
    if x.abs() < 1e-300 { x } else { (sum + rest) * 2.0 }
}

/// `(e^x - 1) / 2` for `-40 <= x <= 710` as a sum of two: half, because 2^1024 is not a number.
#[inline(always)]
fn half_expm1(x: f64) -> (f64, f64) {
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let hi = x - k * LN_2_HI;
    let lo = k * LN_2_LO;
    let r = hi - lo;
    let square = r * r;
    let bent = square * polynomial(r, square, &EXPM1);
    // k + 2046 - 1024 is the exponent field of 2^(k-1).
    let scale = f64::from_bits((shifted.to_bits() & 0xfff).wrapping_sub(1024) << 52);
    let power = scale - 0.5;
    let linear = scale * hi;
    let sum = power + linear;
    let lost = linear - (sum - power);
    (sum, lost + scale * (bent - lo))
}

/// Hyperbolic tangent, within 1 ulp.
#[inline(always)]
pub fn tanh(x: f64) -> f64 {
    tanh_of_half_expm1(x, half_expm1(doubled_magnitude(x)))
}

/// `2 |x|`, up to 40: `tanh` rounds to 1 from 19.07 on.
#[inline(always)]
fn doubled_magnitude(x: f64) -> f64 {
    let doubled = 2.0 * x.abs();
    if doubled > 40.0 { 40.0 } else { doubled }
}

/// `tanh |x| = n / (n + 1)` with `n = (e^2|x| - 1) / 2` as a sum of two.
#[inline(always)]
fn tanh_of_half_expm1(x: f64, (sum, rest): (f64, f64)) -> f64 {
    let numerator = sum + rest;
    let denominator = numerator + 1.0;
    // From |x| = 1 on, 1 - 1 / denominator.
    let large = x.abs() >= 1.0;
    let quotient = (if large { 1.0 } else { numerator }) / denominator;
    // What the two sums lost, to first order; 1 - quotient is 1 / denominator.
    let reciprocal = 1.0 - quotient;
    let numerator_lost = (sum - numerator) + rest;
    let denominator_lost = numerator - (denominator - 1.0);
    let correction = (numerator_lost * reciprocal - quotient * denominator_lost) * reciprocal;
    let result = if large { reciprocal } else { quotient + correction };
    result.copysign(x)
}

/// [`tanh`] of each lane.
#[inline(always)]
pub fn tanh_block<const L: usize>(x: &[f64; L], out: &mut [f64; L]) {
    // Two short loops instead of a long one: a processor overlaps only neighbouring instructions of the lanes.
    let mut rests = [0.0; L];
    for lane in 0..L {
        (out[lane], rests[lane]) = half_expm1(doubled_magnitude(x[lane]));
    }
    for lane in 0..L {
        out[lane] = tanh_of_half_expm1(x[lane], (out[lane], rests[lane]));
    }
}

#[cfg(test)]
mod tests {
    use super::super::certified;
    use super::super::double_double::DoubleDouble;
    use super::super::tests::{Function, bound_error, certify, distance, draws, mixture, same_in_blocks};
    use super::*;

    #[test]
    fn certified_values() {
        certify("exp", &certified::EXP, exp);
        certify("expm1", &certified::EXPM1, expm1);
        certify("tanh", &certified::TANH, tanh);
    }

    #[test]
    fn errors_at_random_points() {
        let tanh_of = |x: DoubleDouble| {
            let t = (x + x).exp_m1();
            t / (t + DoubleDouble::from(2.0))
        };
        bound_error("exp", 0.70, draws(1, 60_000, -700.0, 709.0), exp, DoubleDouble::exp);
        bound_error("exp", 0.65, draws(2, 60_000, -2.0, 2.0), exp, DoubleDouble::exp);
        bound_error("expm1", 1.15, draws(3, 60_000, -36.0, 700.0), expm1, DoubleDouble::exp_m1);
        bound_error("expm1", 1.15, draws(4, 60_000, -2.0, 2.0), expm1, DoubleDouble::exp_m1);
        bound_error("tanh", 1.25, draws(5, 60_000, -19.0, 19.0), tanh, tanh_of);
        bound_error("tanh", 1.25, draws(6, 60_000, -1.0, 1.0), tanh, tanh_of);
    }

    #[test]
    fn close_to_the_platform_everywhere() {
        for x in draws(8, 1_000_000, -746.0, 710.0) {
            assert!(distance(exp(x), x.exp()) <= 2, "{x:e}");
        }
    }

    #[test]
    fn special_values() {
        let inf = f64::INFINITY;
        let cases: [(Function, &[(f64, f64)]); 3] = [
            (
                exp,
                &[
                    (0.0, 1.0),
                    (-0.0, 1.0),
                    (inf, inf),
                    (-inf, 0.0),
                    (709.782712893385, inf),
                    (-745.1332191019412, 0.0),
                    (f64::MAX, inf),
                    (f64::MIN, 0.0),
                ],
            ),
            (
                expm1,
                &[(0.0, 0.0), (-0.0, -0.0), (inf, inf), (-inf, -1.0), (-800.0, -1.0), (1e3, inf), (5e-324, 5e-324)],
            ),
            (
                tanh,
                &[(0.0, 0.0), (-0.0, -0.0), (inf, 1.0), (-inf, -1.0), (20.0, 1.0), (-1e300, -1.0), (5e-324, 5e-324)],
            ),
        ];
        for (function, table) in cases {
            assert!(function(f64::NAN).is_nan());
            for &(x, expected) in table {
                assert_eq!(function(x).to_bits(), expected.to_bits(), "of {x:e}");
            }
        }
    }

    #[test]
    fn increasing_across_the_seams_of_the_reduction() {
        for k in -1000..1000 {
            let seam = (f64::from(k) + 0.5) * std::f64::consts::LN_2;
            // Steps by which the true value grows by at least two units of the last place.
            let step = 4.0 * f64::EPSILON * seam.abs().max(1.0);
            for n in -20..20 {
                let x = seam + f64::from(n) * step;
                assert!(exp(x + step) >= exp(x), "at {x:e}");
            }
        }
        for n in 0..20_000 {
            let x = f64::from(n) * 1e-3;
            assert!(tanh(x + 1e-3) >= tanh(x) && expm1(x + 1e-3) > expm1(x), "at {x}");
        }
    }

    #[test]
    fn lanes_hold_the_bits_of_the_scalar_function() {
        let xs = mixture();
        same_in_blocks::<1>(&xs, exp_block, exp);
        same_in_blocks::<8>(&xs, exp_block, exp);
        same_in_blocks::<32>(&xs, exp_block, exp);
        same_in_blocks::<1>(&xs, tanh_block, tanh);
        same_in_blocks::<8>(&xs, tanh_block, tanh);
        same_in_blocks::<32>(&xs, tanh_block, tanh);
    }
}
