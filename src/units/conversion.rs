//! Factors between units that measure the same thing in different multiples: `bn CNY` and `M CNY`, `1/Month` and
//! `1/Year`, percent and fraction. Only what is certain: a month has no fixed number of days, a dollar none of yuan.

use super::unit::{Exponent, NamedUnit, Unit};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Why one unit cannot be turned into another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversionFault {
    pub from: Unit,
    pub to: Unit,
    pub obstacle: ConversionObstacle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConversionObstacle {
    /// They measure different things.
    Kind,
    /// Days and weeks on one side, months and years on the other.
    Calendar,
    /// A factor would be raised to a fraction.
    FractionalPower,
}

impl fmt::Display for ConversionFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} cannot be converted into {}", self.from, self.to)?;
        formatter.write_str(match self.obstacle {
            ConversionObstacle::Kind => "",
            ConversionObstacle::Calendar => ": months and years have no fixed number of days",
            ConversionObstacle::FractionalPower => ": a unit with a fractional exponent has no exact factor",
        })
    }
}

/// The number by which a value in `from` is multiplied to be in `to`.
///
/// Numerators and denominators are whole numbers below 2^53 in every ordinary case, so that the one division at the
/// end gives the nearest representable factor.
pub fn conversion(from: &Unit, to: &Unit) -> Result<f64, ConversionFault> {
    let fault = |obstacle| ConversionFault { from: from.clone(), to: to.clone(), obstacle };
    if from == to {
        return Ok(1.0);
    }
    let source = Reduced::of(from).ok_or_else(|| fault(ConversionObstacle::FractionalPower))?;
    let target = Reduced::of(to).ok_or_else(|| fault(ConversionObstacle::FractionalPower))?;
    if source.bases == target.bases {
        return Ok((source.numerator * target.denominator) / (source.denominator * target.numerator));
    }
    let without_time = |reduced: &Reduced| {
        let mut bases = reduced.bases.clone();
        bases.retain(|base, _| !matches!(base.as_ref(), "second" | "month"));
        bases
    };
    let time = |reduced: &Reduced| {
        let exponent = |base: &str| reduced.bases.get(base).and_then(|exponent| exponent.whole()).unwrap_or(0);
        exponent("second") + exponent("month")
    };
    let calendar = without_time(&source) == without_time(&target) && time(&source) == time(&target);
    Err(fault(if calendar { ConversionObstacle::Calendar } else { ConversionObstacle::Kind }))
}

/// A unit in terms of one base per family.
struct Reduced {
    bases: BTreeMap<Arc<str>, Exponent>,
    numerator: f64,
    denominator: f64,
}

impl Reduced {
    fn of(unit: &Unit) -> Option<Self> {
        let mut reduced = Unit::dimensionless();
        let (mut numerator, mut denominator) = (1.0, 1.0);
        for (name, exponent) in unit.factors() {
            let (base, above, below) = family(name);
            let (above, below) = (above as f64 * name.multiple as f64, below as f64);
            if above != 1.0 || below != 1.0 {
                let times = exponent.whole()?;
                for _ in 0..times.unsigned_abs() {
                    numerator *= if times > 0 { above } else { below };
                    denominator *= if times > 0 { below } else { above };
                }
            }
            if !base.is_empty() {
                let base = NamedUnit { base: base.into(), multiple: 1, text: base.into() };
                reduced = reduced.times(&Unit::named(base).power(exponent)?);
            }
        }
        let bases = reduced.factors().map(|(name, exponent)| (name.base.clone(), exponent)).collect();
        Some(Reduced { bases, numerator, denominator })
    }
}

/// The base of a named unit's family, and the factor to it as numerator and denominator.
fn family(name: &NamedUnit) -> (&str, u64, u64) {
    match name.base.as_ref() {
        "percent" => ("", 1, 100),
        "permille" => ("", 1, 1_000),
        "basis point" => ("", 1, 10_000),
        "minute" => ("second", 60, 1),
        "hour" => ("second", 3_600, 1),
        "day" => ("second", 86_400, 1),
        "week" => ("second", 604_800, 1),
        "quarter" => ("month", 3, 1),
        "year" => ("month", 12, 1),
        other => (other, 1, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Synonyms;
    use super::*;

    fn convert(from: &str, to: &str) -> Result<f64, String> {
        let read = |text: &str| Synonyms::default().read(text).expect("the text is a unit");
        conversion(&read(from), &read(to)).map_err(|fault| fault.to_string())
    }

    #[test]
    fn factors_are_exact() {
        for (from, to, factor) in [
            ("CNY", "yuan", 1.0),
            ("M CNY", "bn CNY", 0.001),
            ("100 million yuan", "bn CNY", 0.1),
            ("CNY", "bn CNY", 1e-9),
            ("10,000 persons", "million persons", 0.01),
            ("persons", "k people", 0.001),
            ("percent", "Dmnl", 0.01),
            ("fraction", "%", 100.0),
            ("bp", "percent", 0.01),
            ("%/Month", "1/Year", 0.12),
            ("1/Month", "1/Year", 12.0),
            ("bn CNY/Quarter", "bn CNY/Year", 4.0),
            ("Weeks", "Days", 7.0),
            ("k firms/Year", "firms/Month", 1000.0 / 12.0),
            ("bn CNY/k firms", "M CNY/firm", 1.0),
            ("thousand", "Dmnl", 1000.0),
            ("k firms^2", "firms^2", 1e6),
        ] {
            assert_eq!(convert(from, to), Ok(factor), "{from} to {to}");
        }
    }

    #[test]
    fn what_is_not_certain_is_refused() {
        for (from, to, message) in [
            ("USD", "CNY", "USD cannot be converted into CNY"),
            ("Person", "Person/Year", "Person cannot be converted into Person/Year"),
            ("1/Day", "1/Year", "1/Day cannot be converted into 1/Year: months and years have no fixed number of days"),
            (
                "k firms^(1/2)",
                "firms^(1/2)",
                "k firms^(1/2) cannot be converted into firms^(1/2): a unit with a fractional exponent has no exact factor",
            ),
        ] {
            assert_eq!(convert(from, to), Err(message.to_string()));
        }
    }
}
