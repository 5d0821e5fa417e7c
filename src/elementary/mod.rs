//! The elementary functions of the executor, from portable arithmetic: the same bits on every machine.
//!
//! `exp`, `ln`, `log10`, `pow` and `tanh` use only `+ - * /`, comparisons, selections and bit patterns, without fused
//! operations, so that the compiler may run them over blocks of lanes at any vector width and the result of a lane
//! never depends on its neighbours. The others come from the `libm` crate, which is the same Rust code everywhere
//! (its `arch` feature replaces only exact operations, whose bits cannot differ).
//! Nothing here knows of equations; what a function means in a dialect is for `compile` to say.

mod exponential;
mod logarithm;
mod power;
mod special;

#[cfg(test)]
mod certified;
#[cfg(test)]
mod double_double;

pub use exponential::{exp, exp_block, expm1, tanh, tanh_block};
pub use logarithm::{ln, ln_block, log10, log10_block};
pub use power::{ConstantPower, pow, pow_block};
pub use special::{
    acos, asin, atan, cos, cosh, digamma, erf, erfc, ln_1p, ln_gamma, modulo, remainder, sin, sinh, tan, trigamma,
};

/// Square root, correctly rounded; NaN below zero.
#[inline(always)]
pub fn sqrt(x: f64) -> f64 {
    x.sqrt()
}

/// Absolute value; clears the sign of NaN too.
#[inline(always)]
pub fn abs(x: f64) -> f64 {
    x.abs()
}

/// The largest integer not above `x`.
#[inline(always)]
pub fn floor(x: f64) -> f64 {
    x.floor()
}

/// `x` without its fraction (Vensim's `INTEGER`).
#[inline(always)]
pub fn trunc(x: f64) -> f64 {
    x.trunc()
}

/// The smaller of the two. NaN if either is: an undefined value must not vanish from a result. Of `0.0` and `-0.0`
/// the second.
#[inline(always)]
pub fn min(a: f64, b: f64) -> f64 {
    let smaller = if a < b { a } else { b };
    if a.is_nan() { a } else { smaller }
}

/// The larger of the two, by the rules of [`min`].
#[inline(always)]
pub fn max(a: f64, b: f64) -> f64 {
    let larger = if a > b { a } else { b };
    if a.is_nan() { a } else { larger }
}

/// The leading 26 bits of a significand: the product of two such numbers is exact (Dekker 1971).
#[inline(always)]
fn leading(x: f64) -> f64 {
    f64::from_bits(x.to_bits() & 0xffff_ffff_f800_0000)
}

/// `c[0] + c[1] x + c[2] x^2 + …`, given `x^2` too: even and odd powers by Horner's rule each, which halves the chain of
/// dependent operations. At least three coefficients.
#[inline(always)]
fn polynomial<const N: usize>(x: f64, square: f64, c: &[f64; N]) -> f64 {
    let (mut even, mut odd, mut next) =
        if N.is_multiple_of(2) { (c[N - 2], c[N - 1], N - 2) } else { (c[N - 1] * square + c[N - 3], c[N - 2], N - 3) };
    while next >= 2 {
        next -= 2;
        even = even * square + c[next];
        odd = odd * square + c[next + 1];
    }
    even + x * odd
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    pub type Function = fn(f64) -> f64;

    /// How many numbers lie between the two, counting one end; 0 if both are NaN.
    pub fn distance(a: f64, b: f64) -> u64 {
        let place = |x: f64| {
            let bits = x.to_bits() as i64;
            if bits < 0 { i64::MIN - bits } else { bits }
        };
        if a.is_nan() && b.is_nan() { 0 } else { place(a).abs_diff(place(b)) }
    }

    /// Pseudo-random numbers in `[low, high)`.
    pub fn draws(seed: u64, count: usize, low: f64, high: f64) -> impl Iterator<Item = f64> {
        let mut source = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        (0..count).map(move |_| low + (high - low) * source.random::<f64>())
    }

    pub fn certify(name: &str, table: &[(f64, f64)], function: impl Fn(f64) -> f64) {
        for &(x, expected) in table {
            let got = function(x);
            assert!(distance(got, expected) <= 1, "{name}({x:e}) = {got:e}, not {expected:e}");
        }
    }

    /// The largest error over `xs`, in units of the last place, must not exceed `limit`.
    pub fn bound_error(
        name: &str,
        limit: f64,
        xs: impl Iterator<Item = f64>,
        function: impl Fn(f64) -> f64,
        truth: impl Fn(double_double::DoubleDouble) -> double_double::DoubleDouble,
    ) {
        for x in xs {
            let error = truth(double_double::DoubleDouble::from(x)).error_of(function(x));
            assert!(error <= limit, "{name}({x:e}) is off by {error} units of the last place");
        }
    }

    /// Whatever the width of the block, each lane holds the bits of the scalar function.
    pub fn same_in_blocks<const L: usize>(xs: &[f64], block: fn(&[f64; L], &mut [f64; L]), scalar: fn(f64) -> f64) {
        for chunk in xs.as_chunks::<L>().0 {
            let mut out = [0.0; L];
            block(chunk, &mut out);
            for lane in 0..L {
                let expected = scalar(chunk[lane]);
                assert!(out[lane].to_bits() == expected.to_bits() || out[lane].is_nan() && expected.is_nan());
            }
        }
    }

    /// Ordinary numbers with every kind of special one among them.
    pub fn mixture() -> Vec<f64> {
        const SPECIAL: [f64; 9] =
            [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 5e-324, -1e-310, -1.5, f64::MAX];
        let mut xs: Vec<f64> = draws(7, 3200, 0.0, 30.0).collect();
        for (place, x) in (0..1600).step_by(11).zip(SPECIAL.iter().cycle()) {
            xs[place] = *x;
        }
        xs
    }

    #[test]
    fn undefined_values_do_not_vanish_in_a_minimum() {
        assert_eq!((min(1.0, 2.0), min(2.0, 1.0), max(1.0, 2.0), max(2.0, 1.0)), (1.0, 1.0, 2.0, 2.0));
        for (a, b) in [(f64::NAN, 1.0), (1.0, f64::NAN)] {
            assert!(min(a, b).is_nan() && max(a, b).is_nan());
        }
        assert_eq!(min(f64::NEG_INFINITY, 3.0), f64::NEG_INFINITY);
    }

    #[test]
    fn polynomials_of_even_and_odd_length() {
        assert_eq!(polynomial(2.0, 4.0, &[1.0, 10.0, 100.0]), 421.0);
        assert_eq!(polynomial(2.0, 4.0, &[1.0, 10.0, 100.0, 1000.0]), 8421.0);
        assert_eq!(polynomial(2.0, 4.0, &[1.0, 10.0, 100.0, 1000.0, 10000.0]), 168_421.0);
    }
}
