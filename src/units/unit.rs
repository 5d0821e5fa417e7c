//! A unit as a product of named units with rational exponents, and its algebra.

use super::names::TIME_UNITS;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Neg;
use std::sync::Arc;

/// A named unit that is not broken down: `Year`, or a multiple of one, such as `bn CNY` (10^9 `cny`).
///
/// Two named units are one when multiple and base are; the text keeps the spelling to show.
#[derive(Clone, Debug)]
pub(super) struct NamedUnit {
    /// In the form in which names are compared; empty for a bare number.
    pub base: Arc<str>,
    pub multiple: u64,
    pub text: Arc<str>,
}

impl NamedUnit {
    fn key(&self) -> (&str, u64) {
        (&self.base, self.multiple)
    }
}

impl PartialEq for NamedUnit {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for NamedUnit {}

impl PartialOrd for NamedUnit {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for NamedUnit {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// A rational exponent, counted in sixtieths: halves, thirds, quarters, fifths and their products are exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exponent(i64);

const PARTS: i64 = 60;

impl Exponent {
    pub const ONE: Exponent = Exponent(PARTS);

    /// The exponent of this value; `None` if it is no multiple of 1/60 or beyond 60.
    pub fn from_f64(value: f64) -> Option<Self> {
        let parts = value * PARTS as f64;
        let whole = parts.round();
        ((parts - whole).abs() < 1e-9 && whole.abs() <= (PARTS * PARTS) as f64).then_some(Exponent(whole as i64))
    }

    pub fn ratio(numerator: i64, denominator: i64) -> Option<Self> {
        let parts = numerator.checked_mul(PARTS)?;
        (denominator != 0 && parts % denominator == 0).then(|| Exponent(parts / denominator))
    }

    fn plus(self, other: Exponent) -> Exponent {
        Exponent(self.0.saturating_add(other.0))
    }

    fn times(self, other: Exponent) -> Option<Exponent> {
        let product = self.0.checked_mul(other.0)?;
        (product % PARTS == 0).then_some(Exponent(product / PARTS))
    }

    /// The exponent as a whole number, if it is one.
    pub(super) fn whole(self) -> Option<i64> {
        (self.0 % PARTS == 0).then_some(self.0 / PARTS)
    }
}

impl Neg for Exponent {
    type Output = Exponent;

    fn neg(self) -> Exponent {
        Exponent(self.0.saturating_neg())
    }
}

impl fmt::Display for Exponent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.whole() {
            Some(whole) => write!(formatter, "{whole}"),
            None => {
                let divisor = greatest_common_divisor(self.0.unsigned_abs(), PARTS as u64) as i64;
                write!(formatter, "({}/{})", self.0 / divisor, PARTS / divisor)
            }
        }
    }
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// A product of named units; without any, dimensionless.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    factors: BTreeMap<NamedUnit, Exponent>,
}

impl Unit {
    pub fn dimensionless() -> Self {
        Unit::default()
    }

    pub(super) fn named(name: NamedUnit) -> Self {
        Unit { factors: BTreeMap::from([(name, Exponent::ONE)]) }
    }

    pub fn is_dimensionless(&self) -> bool {
        self.factors.is_empty()
    }

    pub(super) fn factors(&self) -> impl Iterator<Item = (&NamedUnit, Exponent)> {
        self.factors.iter().map(|(name, exponent)| (name, *exponent))
    }

    /// The named unit, if the unit is one and nothing more.
    pub(super) fn as_named(&self) -> Option<&NamedUnit> {
        match self.factors.iter().next() {
            Some((name, &Exponent::ONE)) if self.factors.len() == 1 => Some(name),
            _ => None,
        }
    }

    /// The units of time among the factors, by their standard names: `day`, `year`.
    pub fn named_times(&self) -> impl Iterator<Item = &str> {
        self.factors.keys().map(|name| name.base.as_ref()).filter(|base| TIME_UNITS.contains(base))
    }

    pub fn times(&self, other: &Unit) -> Unit {
        let mut factors = self.factors.clone();
        for (name, exponent) in &other.factors {
            let sum = factors.get(name).map_or(*exponent, |own| own.plus(*exponent));
            if sum == Exponent(0) {
                factors.remove(name);
            } else {
                factors.insert(name.clone(), sum);
            }
        }
        Unit { factors }
    }

    pub fn per(&self, other: &Unit) -> Unit {
        self.times(&other.inverse())
    }

    pub fn inverse(&self) -> Unit {
        Unit { factors: self.factors.iter().map(|(name, exponent)| (name.clone(), -*exponent)).collect() }
    }

    /// Whether every exponent is negative: `1/Year`.
    pub fn is_reciprocal(&self) -> bool {
        !self.is_dimensionless() && self.factors.values().all(|exponent| exponent.0 < 0)
    }

    /// The two names of a quotient such as `firm/company`, as written.
    pub fn swapped_names(&self) -> Option<(String, String)> {
        let mut factors = self.factors();
        match (factors.next(), factors.next(), factors.next()) {
            (Some((one, power)), Some((other, inverse)), None) if power == -inverse => {
                Some((one.text.to_string(), other.text.to_string()))
            }
            _ => None,
        }
    }

    /// The unit raised to a power; `None` if an exponent leaves the multiples of 1/60.
    pub fn power(&self, exponent: Exponent) -> Option<Unit> {
        let mut factors = BTreeMap::new();
        for (name, own) in &self.factors {
            let product = own.times(exponent)?;
            if product != Exponent(0) {
                factors.insert(name.clone(), product);
            }
        }
        Some(Unit { factors })
    }
}

/// As Vensim writes it: `bn CNY/(k firms*Year)`, `1/Year`, `m^2`, `Dmnl`.
impl fmt::Display for Unit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let power = |name: &NamedUnit, exponent: Exponent| match exponent {
            Exponent::ONE => name.text.to_string(),
            _ => format!("{}^{exponent}", name.text),
        };
        let above: Vec<String> =
            self.factors().filter(|(_, exponent)| exponent.0 > 0).map(|(n, e)| power(n, e)).collect();
        let below: Vec<String> =
            self.factors().filter(|(_, exponent)| exponent.0 < 0).map(|(n, e)| power(n, -e)).collect();
        match (above.is_empty(), below.len()) {
            (true, 0) => return formatter.write_str("Dmnl"),
            (true, _) => formatter.write_str("1")?,
            (false, _) => formatter.write_str(&above.join("*"))?,
        }
        match below.as_slice() {
            [] => Ok(()),
            [one] => write!(formatter, "/{one}"),
            several => write!(formatter, "/({})", several.join("*")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(name: &str) -> Unit {
        Unit::named(NamedUnit { base: name.to_lowercase().into(), multiple: 1, text: name.into() })
    }

    #[test]
    fn factors_cancel() {
        let flow = unit("Person").per(&unit("Year"));
        assert_eq!(flow.times(&unit("Year")), unit("Person"));
        assert!(flow.per(&flow).is_dimensionless());
        assert_eq!(flow.inverse().inverse(), flow);
    }

    #[test]
    fn roots_undo_powers() {
        let area = unit("m").times(&unit("m"));
        let half = Exponent::from_f64(0.5).expect("a half is exact");
        assert_eq!(area.power(half), Some(unit("m")));
        assert_eq!(unit("m").power(half).map(|root| root.to_string()), Some("m^(1/2)".to_string()));
        assert_eq!(Exponent::from_f64(1.0 / 7.0), None);
        assert_eq!(Exponent::from_f64(f64::NAN), None);
        assert_eq!(Exponent::ratio(1, 3), Exponent::from_f64(1.0 / 3.0));
    }

    #[test]
    fn huge_exponents_do_not_overflow() {
        let mut power = unit("m").power(Exponent(i64::MAX));
        for _ in 0..4 {
            power = power.and_then(|unit| unit.power(Exponent(i64::MAX)));
        }
        assert_eq!(power, None);
        let most = Unit { factors: unit("m").factors.into_keys().map(|name| (name, Exponent(i64::MAX))).collect() };
        assert_eq!(most.times(&most), most);
    }

    #[test]
    fn units_are_shown_as_written_in_models() {
        let (money, firm, year) = (unit("bn CNY"), unit("k firms"), unit("Year"));
        for (unit, text) in [
            (money.per(&firm.times(&year)), "bn CNY/(k firms*Year)"),
            (Unit::dimensionless().per(&year), "1/Year"),
            (money.times(&money).per(&year.times(&year)), "bn CNY^2/Year^2"),
            (Unit::dimensionless(), "Dmnl"),
        ] {
            assert_eq!(unit.to_string(), text);
        }
    }
}
