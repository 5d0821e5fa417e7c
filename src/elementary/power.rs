//! `pow`, and powers whose constant exponent allows less work.
//!
//! `x^y = exp(y ln x)` with the logarithm carried to about 65 bits as a sum of two, in the manner of fdlibm's `e_pow.c`
//! (1993) but with one division and no table; exact products of 26-bit halves instead of fused operations.

use super::exponential::{LN_2_HI, LN_2_LO, exp_of_sum};
use super::logarithm::{extraordinary, is_ordinary, lift, split};
use super::{leading, polynomial};

/// `(3 artanh(s) / s - 3 - z) / z^2` with `z = s^2`, for `s <= (sqrt 2 - 1) / (sqrt 2 + 1)`; fitted like `exp`.
/// Error relative to `ln m`: 2^-66.
const LN: [f64; 7] = [
    0.6000000000000355,
    0.4285714285508218,
    0.33333333790320496,
    0.2727267573836718,
    0.23080169812296145,
    0.19884506529784746,
    0.19800661937274674,
];

const TWO_THIRDS: f64 = 2.0 / 3.0;
const TWO_THIRDS_HI: f64 = f64::from_bits(0x3fe5_5555_5000_0000); // 26 bits
const TWO_THIRDS_LO: f64 = f64::from_bits(0x3e45_5555_5555_5555);

/// `k`, and `s = (m - 1) / (m + 1)` as a sum of two, with `2^-lifted x = 2^k m`; `x` positive and normal.
#[inline(always)]
fn reduce(x: f64, lifted: f64) -> (f64, f64, f64) {
    let (k, m) = split(x);
    let f = m - 1.0;
    let d = m + 1.0;
    let reciprocal = 1.0 / d;
    let s_hi = leading(f * reciprocal);
    let d_hi = leading(d);
    let d_lo = m - (d_hi - 1.0);
    let s_lo = ((f - s_hi * d_hi) - s_hi * d_lo) * reciprocal;
    (k - lifted, s_hi, s_lo)
}

/// `k ln 2 + 2 artanh(s)` as `(leading 26 bits, rest)`.
#[inline(always)]
fn ln_in_two((k, s_hi, s_lo): (f64, f64, f64)) -> (f64, f64) {
    let s = s_hi + s_lo;
    // 3 artanh(s) / s = 3 + z + r, then times s.
    let square = s_hi * s_hi;
    let cross = s_lo * (s_hi + s);
    let z = square + cross;
    let z_square = z * z;
    let r = z_square * polynomial(z, z_square, &LN) + cross;
    let t_hi = leading(3.0 + square + r);
    let t_lo = r - ((t_hi - 3.0) - square);
    let u = s_hi * t_hi;
    let v = s_lo * t_hi + t_lo * s;
    let p_hi = leading(u + v);
    let p_lo = v - (p_hi - u);

    let fraction = p_hi * TWO_THIRDS_HI;
    let whole = k * LN_2_HI;
    let sum = whole + fraction;
    let lost = fraction - (sum - whole);
    let tail = lost + (p_hi * TWO_THIRDS_LO + p_lo * TWO_THIRDS + k * LN_2_LO);
    let hi = leading(sum);
    (hi, (sum - hi) + tail)
}

/// `y (hi + lo)` as a sum of two, within the range of `exp`. `y` is not NaN.
#[inline(always)]
fn times_in_two(y: f64, (hi, lo): (f64, f64)) -> (f64, f64) {
    // Beyond 2^65 the power of any x but 1 is 0 or infinite already.
    const LARGE: f64 = 36_893_488_147_419_103_232.0;
    let y = if y > LARGE { LARGE } else { y };
    let y = if y < -LARGE { -LARGE } else { y };
    let y_hi = leading(y);
    let y_lo = y - y_hi;
    let product = y_hi * hi;
    let rest = y_lo * hi + y * lo;
    let sum = product + rest;
    let tail = rest - (sum - product);
    let tail = if sum.abs() > 800.0 { 0.0 } else { tail };
    let sum = if sum > 710.0 { 710.0 } else { sum };
    (if sum < -746.0 { -746.0 } else { sum }, tail)
}

/// `x^y` for positive normal `x` (times `2^-lifted`) and `y` not NaN.
#[inline(always)]
fn pow_ordinary(x: f64, lifted: f64, y: f64) -> f64 {
    let (exponent, tail) = times_in_two(y, ln_in_two(reduce(x, lifted)));
    exp_of_sum(exponent, tail)
}

/// `x^y`, within 1 ulp, with the special values of IEEE 754-2019, 9.2.1: `pow(x, 0) = 1` and `pow(1, y) = 1` even for NaN;
/// a negative `x` has powers only for integer `y` (and NaN otherwise).
#[inline(always)]
pub fn pow(x: f64, y: f64) -> f64 {
    if is_ordinary(x) & !y.is_nan() { pow_ordinary(x, 0.0, y) } else { pow_any(x, y) }
}

/// [`pow`] without branches.
#[inline(always)]
fn pow_any(x: f64, y: f64) -> f64 {
    let magnitude = x.abs();
    let (lifted, exponent) = lift(magnitude);
    let result = pow_ordinary(lifted, exponent, y);
    let result = if magnitude == 0.0 { power_of_extreme(0.0, y) } else { result };
    let result = if magnitude == f64::INFINITY { power_of_extreme(f64::INFINITY, y) } else { result };

    let integer = y.trunc() == y;
    let odd = integer & (y.abs() < 9_007_199_254_740_992.0) & ((0.5 * y).trunc() != 0.5 * y);
    let negative = x.is_sign_negative();
    let result = if negative & odd { -result } else { result };
    let rootless = (x < 0.0) & (x > f64::NEG_INFINITY) & !integer;
    let result = if rootless | x.is_nan() | y.is_nan() { f64::NAN } else { result };
    if (x == 1.0) | (y == 0.0) { 1.0 } else { result }
}

/// `0^y` from 0 and `inf^y` from infinity.
#[inline(always)]
fn power_of_extreme(extreme: f64, y: f64) -> f64 {
    if y > 0.0 { extreme } else { 1.0 / extreme }
}

/// [`pow`] of each lane.
#[inline(always)]
pub fn pow_block<const L: usize>(x: &[f64; L], y: &[f64; L], out: &mut [f64; L]) {
    let mut found = 0;
    for lane in 0..L {
        // The second difference is negative for NaN only.
        found |= extraordinary(x[lane]) | f64::INFINITY.to_bits().wrapping_sub(y[lane].abs().to_bits());
    }
    if found >> 63 == 0 {
        // Short loops instead of a long one: a processor overlaps only neighbouring instructions of the lanes.
        let mut tails = [0.0; L];
        let mut ks = [0.0; L];
        for lane in 0..L {
            (ks[lane], out[lane], tails[lane]) = reduce(x[lane], 0.0);
        }
        for lane in 0..L {
            (out[lane], tails[lane]) = ln_in_two((ks[lane], out[lane], tails[lane]));
        }
        for lane in 0..L {
            (out[lane], tails[lane]) = times_in_two(y[lane], (out[lane], tails[lane]));
        }
        for lane in 0..L {
            out[lane] = exp_of_sum(out[lane], tails[lane]);
        }
    } else {
        for lane in 0..L {
            out[lane] = pow_any(x[lane], y[lane]);
        }
    }
}

/// A constant exponent for which [`pow`] has a shorter equal: each is within 1 ulp of the true power, as `pow` is, and
/// has the same special values; the last bit may differ from `pow`'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConstantPower {
    /// `x^0 = 1`, also for NaN; exact.
    One,
    /// `x^1 = x`; exact.
    Itself,
    /// `x * x`; correctly rounded.
    Square,
    /// `x * x * x`; two roundings. Where `x * x` leaves the range of normal numbers the cube is 0 or infinite anyway.
    Cube,
    /// `1 / x`; correctly rounded.
    Reciprocal,
    /// `sqrt(x)`, but `+0` for `-0` and `+inf` for `-inf`; correctly rounded.
    SquareRoot,
}

impl ConstantPower {
    /// The shorter equal of `x^exponent`, if there is one. Higher powers by repeated products err by more than 1 ulp and
    /// are left to [`pow`].
    pub fn of(exponent: f64) -> Option<ConstantPower> {
        [
            (0.0, ConstantPower::One),
            (1.0, ConstantPower::Itself),
            (2.0, ConstantPower::Square),
            (3.0, ConstantPower::Cube),
            (-1.0, ConstantPower::Reciprocal),
            (0.5, ConstantPower::SquareRoot),
        ]
        .into_iter()
        .find(|(value, _)| *value == exponent)
        .map(|(_, power)| power)
    }

    #[inline(always)]
    pub fn apply(self, x: f64) -> f64 {
        match self {
            ConstantPower::One => 1.0,
            ConstantPower::Itself => x,
            ConstantPower::Square => x * x,
            ConstantPower::Cube => x * x * x,
            ConstantPower::Reciprocal => 1.0 / x,
            ConstantPower::SquareRoot => {
                let root = (x + 0.0).sqrt();
                if x == f64::NEG_INFINITY { f64::INFINITY } else { root }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::certified;
    use super::super::double_double::DoubleDouble;
    use super::super::tests::{distance, draws, mixture};
    use super::*;

    #[test]
    fn certified_values() {
        for (x, y, expected) in certified::POW {
            assert!(distance(pow(x, y), expected) <= 1, "{x:e}^{y:e} = {:e}, not {expected:e}", pow(x, y));
        }
    }

    #[test]
    fn errors_at_random_points() {
        let ranges = [
            (-1.0, 2.0, -5.0, 5.0),       // ordinary elasticities
            (-700.0, 700.0, -0.9, 0.9),   // extreme bases
            (-0.7, 0.7, -900.0, 900.0),   // both ends of the range
            (-1e-3, 1e-3, -7e5, 7e5),     // bases near 1
            (-1e-12, 1e-12, -7e14, 7e14), // very near 1
        ];
        for (seed, (low, high, least, most)) in (10..).zip(ranges) {
            for (ln_x, y) in draws(seed, 30_000, low, high).zip(draws(seed + 100, 30_000, least, most)) {
                let x = ln_x.exp();
                let truth = (DoubleDouble::from(x).ln() * DoubleDouble::from(y)).exp();
                let error = truth.error_of(pow(x, y));
                assert!(error <= 0.90, "{x:e}^{y:e} is off by {error} units of the last place");
            }
        }
    }

    #[test]
    fn close_to_the_platform_everywhere() {
        let xs = draws(30, 500_000, -744.0, 709.0).map(f64::exp);
        for (x, log) in xs.zip(draws(31, 500_000, -760.0, 720.0)) {
            let y = log / x.ln();
            assert!(distance(pow(x, y), x.powf(y)) <= 2, "{x:e}^{y:e}");
        }
    }

    /// IEEE 754-2019, 9.2.1, and C99 F.9.4.4: the same rules, one place each.
    #[test]
    fn special_values() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let extremes = [0.0, 1.0, 0.5, 2.0, 1e300, 5e-324, inf];
        for x in extremes.into_iter().chain(extremes.map(|x| -x)).chain([nan]) {
            assert_eq!((pow(x, 0.0), pow(x, -0.0)), (1.0, 1.0));
        }
        for y in [0.3, -7.0, inf, -inf, nan] {
            assert_eq!(pow(1.0, y), 1.0);
        }
        let cases = [
            (0.0, 3.0, 0.0),
            (-0.0, 3.0, -0.0),
            (0.0, -3.0, inf),
            (-0.0, -3.0, -inf),
            (0.0, 2.5, 0.0),
            (-0.0, 2.0, 0.0),
            (-0.0, 0.5, 0.0),
            (0.0, -2.0, inf),
            (-0.0, -2.5, inf),
            (0.0, -inf, inf),
            (-0.0, -inf, inf),
            (0.0, inf, 0.0),
            (-1.0, inf, 1.0),
            (-1.0, -inf, 1.0),
            (0.5, -inf, inf),
            (-0.5, -inf, inf),
            (1.5, -inf, 0.0),
            (0.5, inf, 0.0),
            (-0.5, inf, 0.0),
            (-1.5, inf, inf),
            (inf, 0.1, inf),
            (inf, -0.1, 0.0),
            (-inf, -3.0, -0.0),
            (-inf, -2.0, 0.0),
            (-inf, -0.5, 0.0),
            (-inf, 3.0, -inf),
            (-inf, 2.0, inf),
            (-inf, 0.5, inf),
            (-inf, inf, inf),
            (inf, -inf, 0.0),
            (-8.0, 3.0, -512.0),
            (-8.0, 2.0, 64.0),
            (-2.0, -1.0, -0.5),
            (-1.0, 9_007_199_254_740_991.0, -1.0),
            (-1.0, 9_007_199_254_740_992.0, 1.0),
            (-1.0, 1e300, 1.0),
            (-5e-324, 1.0, -5e-324),
            (2.0, 1e300, inf),
            (2.0, -1e300, 0.0),
            (-2.0, 1e5, inf),
            (-2.0, 100_001.0, -inf),
            (-2.0, -100_001.0, -0.0),
            (1.0 + f64::EPSILON, 1e30, inf),
            (1.0 + f64::EPSILON, -1e30, 0.0),
            (1.0 - f64::EPSILON, f64::MAX, 0.0),
            (f64::MAX, 2.0, inf),
            (f64::MAX, 5e-324, 1.0),
            (5e-324, 5e-324, 1.0),
        ];
        for (x, y, expected) in cases {
            assert_eq!(pow(x, y).to_bits(), expected.to_bits(), "{x:e}^{y:e} = {:e}", pow(x, y));
        }
        for (x, y) in
            [(-1.5, 0.5), (-5e-324, 1.5), (-2.0, 1e-300), (nan, 1.0), (2.0, nan), (nan, nan), (0.0, nan), (-1.0, nan)]
        {
            assert!(pow(x, y).is_nan(), "{x:e}^{y:e}");
        }
    }

    #[test]
    fn lanes_hold_the_bits_of_the_scalar_function() {
        fn check<const L: usize>(xs: &[f64], ys: &[f64]) {
            for (x, y) in xs.as_chunks::<L>().0.iter().zip(ys.as_chunks::<L>().0) {
                let mut out = [0.0; L];
                pow_block(x, y, &mut out);
                for lane in 0..L {
                    let expected = pow(x[lane], y[lane]);
                    assert!(out[lane].to_bits() == expected.to_bits() || out[lane].is_nan() && expected.is_nan());
                }
            }
        }
        let xs = mixture();
        let mut ys: Vec<f64> = draws(40, xs.len(), -3.0, 3.0).collect();
        ys[1500] = f64::NAN;
        for (at, y) in mixture().into_iter().take(300).enumerate() {
            ys[1200 + at] = y;
        }
        check::<1>(&xs, &ys);
        check::<8>(&xs, &ys);
        check::<32>(&xs, &ys);
    }

    #[test]
    fn constant_powers_equal_the_general_one() {
        for exponent in [0.0, 1.0, 2.0, 3.0, -1.0, 0.5] {
            let short = ConstantPower::of(exponent).unwrap();
            for x in mixture().into_iter().chain(draws(50, 20_000, -1e3, 1e3)).chain([1e-103, 1e103, 1e-160, 1e160]) {
                let (got, expected) = (short.apply(x), pow(x, exponent));
                assert!(distance(got, expected) <= 1, "{x:e}^{exponent}: {got:e} and {expected:e}");
                assert!(got != 0.0 || got.is_sign_negative() == expected.is_sign_negative(), "{x:e}^{exponent}");
            }
        }
        assert!([4.0, 2.5, -2.0, f64::NAN].iter().all(|y| ConstantPower::of(*y).is_none()));
    }
}
