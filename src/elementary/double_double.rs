//! Sums of two numbers as one of about 104 bits: the reference against which the tests measure errors.

use std::ops::{Add, Div, Mul, Neg, Sub};

#[derive(Clone, Copy, Debug)]
pub struct DoubleDouble {
    hi: f64,
    lo: f64,
}

const LN_2: DoubleDouble = DoubleDouble { hi: std::f64::consts::LN_2, lo: 2.3190468138462996e-17 };
pub const LN_10: DoubleDouble = DoubleDouble { hi: std::f64::consts::LN_10, lo: -2.1707562233822494e-16 };

impl DoubleDouble {
    pub fn from(hi: f64) -> Self {
        DoubleDouble { hi, lo: 0.0 }
    }

    fn normal(a: f64, b: f64) -> Self {
        let hi = a + b;
        DoubleDouble { hi, lo: b - (hi - a) }
    }

    fn scaled(self, power_of_two: f64) -> Self {
        DoubleDouble { hi: self.hi * power_of_two, lo: self.lo * power_of_two }
    }

    /// `(e^r - 1) 2^k` and `2^k` with `x = k ln 2 + r`: Taylor's series of `r / 1024`, squared ten times.
    fn exp_parts(self) -> (Self, Self) {
        let k = (self.hi / std::f64::consts::LN_2).round();
        let r = (self - LN_2 * DoubleDouble::from(k)).scaled(1.0 / 1024.0);
        let mut term = r;
        let mut sum = r;
        for n in 2..10 {
            term = term * r / DoubleDouble::from(n as f64);
            sum = sum + term;
        }
        for _ in 0..10 {
            sum = sum.scaled(2.0) + sum * sum;
        }
        let scale = 2.0_f64.powi(k as i32);
        (sum.scaled(scale), DoubleDouble::from(scale))
    }

    pub fn exp_m1(self) -> Self {
        let (fraction, scale) = self.exp_parts();
        scale - DoubleDouble::from(1.0) + fraction
    }

    pub fn exp(self) -> Self {
        let (fraction, scale) = self.exp_parts();
        scale + fraction
    }

    /// One Newton step from the platform's logarithm.
    pub fn ln(self) -> Self {
        let first = DoubleDouble::from(self.hi.ln());
        first + (self * (-first).exp() - DoubleDouble::from(1.0))
    }

    /// Error of `value` as an approximation to this, in units of the last place of the true value.
    pub fn error_of(self, value: f64) -> f64 {
        let exponent = ((self.hi.to_bits() >> 52) & 0x7ff) as i32 - 1023;
        ((value - self.hi) - self.lo).abs() * 2.0_f64.powi(52) / 2.0_f64.powi(exponent)
    }
}

impl Add for DoubleDouble {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let hi = self.hi + other.hi;
        let part = hi - self.hi;
        let lost = (self.hi - (hi - part)) + (other.hi - part);
        DoubleDouble::normal(hi, lost + self.lo + other.lo)
    }
}

impl Neg for DoubleDouble {
    type Output = Self;
    fn neg(self) -> Self {
        DoubleDouble { hi: -self.hi, lo: -self.lo }
    }
}

impl Sub for DoubleDouble {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for DoubleDouble {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let hi = self.hi * other.hi;
        let lost = self.hi.mul_add(other.hi, -hi);
        DoubleDouble::normal(hi, lost + self.hi * other.lo + self.lo * other.hi)
    }
}

impl Div for DoubleDouble {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let first = self.hi / other.hi;
        let rest = self - other * DoubleDouble::from(first);
        DoubleDouble::normal(first, rest.hi / other.hi)
    }
}
