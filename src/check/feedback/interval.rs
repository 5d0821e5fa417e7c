//! Intervals of values and sets of signs: what can be said of a quantity when its bounds alone are known.

use std::fmt;

/// All values from `low` to `high`, which may be infinite. Never empty. Bounds are not rounded outwards: they hold up to
/// rounding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl Interval {
    pub const ANY: Interval = Interval { low: f64::NEG_INFINITY, high: f64::INFINITY };
    pub const NOT_NEGATIVE: Interval = Interval { low: 0.0, high: f64::INFINITY };
    pub const SHARE: Interval = Interval { low: 0.0, high: 1.0 };

    /// From the smaller to the larger; anything, if one is no number.
    pub fn new(one: f64, other: f64) -> Interval {
        if one.is_nan() || other.is_nan() {
            return Interval::ANY;
        }
        Interval { low: one.min(other), high: one.max(other) }
    }

    pub fn point(value: f64) -> Interval {
        Interval::new(value, value)
    }

    pub fn within(self, other: Interval) -> bool {
        self.low >= other.low && self.high <= other.high
    }

    pub fn or(self, other: Interval) -> Interval {
        Interval { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// The values in both; `self`, if there are none.
    pub fn and(self, other: Interval) -> Interval {
        let (low, high) = (self.low.max(other.low), self.high.min(other.high));
        if low <= high { Interval { low, high } } else { self }
    }

    pub fn negated(self) -> Interval {
        Interval { low: -self.high, high: -self.low }
    }

    pub fn plus(self, other: Interval) -> Interval {
        Interval { low: self.low + other.low, high: self.high + other.high }
    }

    pub fn times(self, other: Interval) -> Interval {
        // Zero times anything is zero: infinity stands for large numbers.
        let product = |a: f64, b: f64| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
        let corners = [
            product(self.low, other.low),
            product(self.low, other.high),
            product(self.high, other.low),
            product(self.high, other.high),
        ];
        let (low, high) = corners
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), corner| (low.min(*corner), high.max(*corner)));
        Interval { low, high }
    }

    /// `1/x`; a divisor is never zero, since division by zero stops a run.
    pub fn reciprocal(self) -> Interval {
        let reciprocal = |value: f64, at_zero: f64| if value == 0.0 { at_zero } else { 1.0 / value };
        match self.signs() {
            Signs::ZERO | Signs::ANY => Interval::ANY,
            signs if signs.within(Signs::NOT_NEGATIVE) => {
                Interval { low: reciprocal(self.high, 0.0), high: reciprocal(self.low, f64::INFINITY) }
            }
            _ => Interval { low: reciprocal(self.high, f64::NEG_INFINITY), high: reciprocal(self.low, 0.0) },
        }
    }

    pub fn smaller(self, other: Interval) -> Interval {
        Interval { low: self.low.min(other.low), high: self.high.min(other.high) }
    }

    pub fn larger(self, other: Interval) -> Interval {
        Interval { low: self.low.max(other.low), high: self.high.max(other.high) }
    }

    pub fn absolute(self) -> Interval {
        match self.signs().within(Signs::NOT_NEGATIVE) {
            true => self,
            false => self.larger(self.negated()).larger(Interval::point(0.0)),
        }
    }

    /// What an increasing function of one variable gives, of which only values at 0 and its range are known:
    /// `at_zero` for zero, within `low` and `high`.
    pub fn through(self, low: f64, at_zero: f64, high: f64) -> Interval {
        Interval {
            low: if self.low >= 0.0 { at_zero } else { low },
            high: if self.high <= 0.0 { at_zero } else { high },
        }
    }

    pub fn signs(self) -> Signs {
        let negative = if self.low < 0.0 { Signs::NEGATIVE } else { Signs::NONE };
        let zero = if self.low <= 0.0 && self.high >= 0.0 { Signs::ZERO } else { Signs::NONE };
        let positive = if self.high > 0.0 { Signs::POSITIVE } else { Signs::NONE };
        negative.or(zero).or(positive)
    }
}

/// A set of signs that a quantity may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signs(u8);

const EACH: [i8; 3] = [-1, 0, 1];

impl Signs {
    pub const NEGATIVE: Signs = Signs(1);
    pub const ZERO: Signs = Signs(2);
    pub const POSITIVE: Signs = Signs(4);
    pub const NOT_NEGATIVE: Signs = Signs(6);
    pub const NOT_POSITIVE: Signs = Signs(3);
    pub const ANY: Signs = Signs(7);
    const NONE: Signs = Signs(0);

    pub fn within(self, other: Signs) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether an influence of this sign goes one way only.
    pub fn told(self) -> bool {
        self.within(Signs::NOT_NEGATIVE) || self.within(Signs::NOT_POSITIVE)
    }

    pub fn or(self, other: Signs) -> Signs {
        Signs(self.0 | other.0)
    }

    /// Of a divisor, which is never zero.
    pub fn nonzero(self) -> Signs {
        Signs(self.0 & !Signs::ZERO.0)
    }

    fn each(self) -> impl Iterator<Item = i8> {
        EACH.into_iter().filter(move |sign| self.0 & Signs::single(*sign).0 != 0)
    }

    fn single(sign: i8) -> Signs {
        match sign {
            -1 => Signs::NEGATIVE,
            0 => Signs::ZERO,
            _ => Signs::POSITIVE,
        }
    }

    fn pairs(self, other: Signs, result: impl Fn(i8, i8) -> Signs) -> Signs {
        self.each().fold(Signs::NONE, |all, one| other.each().fold(all, |all, two| all.or(result(one, two))))
    }

    pub fn plus(self, other: Signs) -> Signs {
        self.pairs(other, |one, two| if one * two < 0 { Signs::ANY } else { Signs::single((one + two).signum()) })
    }

    pub fn negated(self) -> Signs {
        self.each().fold(Signs::NONE, |all, sign| all.or(Signs::single(-sign)))
    }

    pub fn times(self, other: Signs) -> Signs {
        self.pairs(other, |one, two| Signs::single(one * two))
    }
}

impl fmt::Debug for Signs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signs: Vec<&str> = self.each().map(|sign| ["-", "0", "+"][(sign + 1) as usize]).collect();
        write!(formatter, "{{{}}}", signs.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An interval and a number in it.
    fn member() -> impl Strategy<Value = (Interval, f64)> {
        let bound = prop_oneof![Just(f64::NEG_INFINITY), Just(0.0), Just(f64::INFINITY), -3.0..3.0];
        (-2.0..2.0f64, bound.clone(), bound)
            .prop_map(|(value, low, high)| (Interval { low: low.min(value), high: high.max(value) }, value))
    }

    proptest! {
        /// Every operation on sets holds what the operation on their members gives.
        #[test]
        fn intervals_and_signs_enclose((x, a) in member(), (y, b) in member()) {
            for (result, interval) in [
                (a + b, x.plus(y)),
                (-a, x.negated()),
                (a * b, x.times(y)),
                (a.min(b), x.smaller(y)),
                (a.max(b), x.larger(y)),
                (a.abs(), x.absolute()),
                (a.exp(), x.through(0.0, 1.0, f64::INFINITY)),
                (a.tanh(), x.through(-1.0, 0.0, 1.0)),
                (a, x.or(y)),
                (if b == 0.0 { a } else { a / b }, if b == 0.0 { x } else { x.times(y.reciprocal()) }),
            ] {
                let rounding = 1e-12 * (1.0 + result.abs());
                let point = Interval::point(result);
                let rounded = Interval { low: interval.low - rounding, high: interval.high + rounding };
                prop_assert!(point.within(rounded), "{result} in {interval:?} from {x:?} {y:?}");
                prop_assert!(point.signs().within(interval.signs()));
            }
            prop_assert!(Interval::point(a + b).signs().within(x.signs().plus(y.signs())));
            prop_assert!(Interval::point(a * b).signs().within(x.signs().times(y.signs())));
        }
    }

    #[test]
    fn bounds_are_kept() {
        assert_eq!(Interval::SHARE.negated().plus(Interval::point(1.0)), Interval::SHARE);
        assert_eq!(Signs::POSITIVE.plus(Signs::NOT_NEGATIVE), Signs::POSITIVE);
        assert_eq!(Signs::POSITIVE.plus(Signs::NEGATIVE), Signs::ANY);
        assert_eq!(Interval::new(1.0, f64::NAN), Interval::ANY);
    }
}
