//! Sets of signs and their arithmetic: what can be said of a quantity when only signs are known.

use std::fmt;

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

    pub fn of(value: f64) -> Signs {
        match value.partial_cmp(&0.0) {
            Some(std::cmp::Ordering::Less) => Signs::NEGATIVE,
            Some(std::cmp::Ordering::Equal) => Signs::ZERO,
            Some(std::cmp::Ordering::Greater) => Signs::POSITIVE,
            None => Signs::ANY,
        }
    }

    pub fn within(self, other: Signs) -> bool {
        self.0 & !other.0 == 0
    }

    pub fn or(self, other: Signs) -> Signs {
        Signs(self.0 | other.0)
    }

    pub fn may_be_negative(self) -> bool {
        self.0 & Signs::NEGATIVE.0 != 0
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

    /// Also of quotients: division by zero stops a run, so that a divisor has the sign of its reciprocal.
    pub fn times(self, other: Signs) -> Signs {
        self.pairs(other, |one, two| Signs::single(one * two))
    }

    pub fn smaller(self, other: Signs) -> Signs {
        self.pairs(other, |one, two| Signs::single(one.min(two)))
    }

    pub fn larger(self, other: Signs) -> Signs {
        self.pairs(other, |one, two| Signs::single(one.max(two)))
    }

    /// Without zero: of a divisor.
    pub fn nonzero(self) -> Signs {
        Signs(self.0 & !Signs::ZERO.0)
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

    /// Every operation on sets holds what the operation on numbers of those signs gives.
    #[test]
    fn set_arithmetic_encloses_number_arithmetic() {
        let numbers = [-2.0, -1.0, 0.0, 1.0, 2.0];
        for a in numbers {
            for b in numbers {
                let (x, y) = (Signs::of(a), Signs::of(b));
                for (sum, signs) in [
                    (a + b, x.plus(y)),
                    (a - b, x.plus(y.negated())),
                    (a * b, x.times(y)),
                    (a.min(b), x.smaller(y)),
                    (a.max(b), x.larger(y)),
                    (-a, x.negated()),
                ] {
                    assert!(Signs::of(sum).within(signs), "{a} and {b}: {signs:?}");
                }
            }
        }
        assert_eq!(Signs::NOT_NEGATIVE.times(Signs::NOT_POSITIVE), Signs::NOT_POSITIVE);
        assert_eq!(Signs::POSITIVE.plus(Signs::NOT_NEGATIVE), Signs::POSITIVE);
        assert_eq!(Signs::POSITIVE.plus(Signs::NEGATIVE), Signs::ANY);
    }
}
