//! What unit names mean: which spellings are one unit, which words multiply, and what a model declares equivalent.

use super::text::{UnitsFault, read};
use super::unit::{NamedUnit, Unit};
use std::collections::HashMap;
use std::sync::Arc;

/// Names of the pure number.
const DIMENSIONLESS: &[&str] =
    &["dmnl", "dimensionless", "fraction", "unitless", "no unit", "none", "radian", "rad", "-"];

/// Spellings of one unit, the first of which stands for all. Plurals are not listed: the last `s` does not count.
/// The time units, `person` and `dollar` are those of Vensim's default list of synonyms.
const SPELLINGS: &[&[&str]] = &[
    &["second", "sec"],
    &["minute", "min"],
    &["hour", "hr"],
    &["day"],
    &["week", "wk"],
    &["month", "mo", "mth"],
    &["quarter", "qtr"],
    &["year", "yr", "annum"],
    &["person", "people", "capita"],
    &["dollar", "$"],
    &["usd", "us$", "us dollar", "u.s. dollar"],
    &["cny", "rmb", "yuan", "renminbi"],
    &["eur", "euro", "€"],
    &["percent", "%", "per cent", "percentage", "pct"],
    &["permille", "‰", "per mille"],
    &["basis point", "bp"],
    &["degree", "deg", "°"],
];

/// Words that multiply the name beside them.
const MULTIPLES: &[(&[&str], u64)] = &[
    (&["hundred"], 100),
    (&["thousand", "k"], 1_000),
    (&["million", "mn", "mio", "mln"], 1_000_000),
    (&["billion", "bn", "bln"], 1_000_000_000),
    (&["trillion", "tn", "trn"], 1_000_000_000_000),
];

pub(super) const TIME_UNITS: &[&str] = &["second", "minute", "hour", "day", "week", "month", "quarter", "year"];

/// The units that a model declares equivalent, beside those that everybody means by the same words.
#[derive(Clone, Debug, Default)]
pub struct Synonyms {
    meanings: HashMap<(Arc<str>, u64), Unit>,
}

impl Synonyms {
    /// From lists that name one unit in several spellings; a member may be a formula of others. Also returns the
    /// members that cannot be read, with what is wrong with them.
    pub fn new(groups: &[Vec<String>]) -> (Self, Vec<(String, UnitsFault)>) {
        let mut synonyms = Synonyms::default();
        let mut faults = Vec::new();
        for group in groups {
            let mut members = Vec::new();
            for text in group {
                match synonyms.read(text) {
                    Ok(unit) => members.push(unit),
                    Err(fault) => faults.push((text.clone(), fault)),
                }
            }
            // A formula says what the names mean; among names alone, the first stands for all.
            let meaning = members.iter().find(|unit| unit.as_named().is_none()).or(members.first()).cloned();
            for member in &members {
                if let (Some(name), Some(meaning)) = (member.as_named(), &meaning) {
                    synonyms.equate(name, meaning);
                }
            }
        }
        (synonyms, faults)
    }

    /// The unit that a text names.
    pub fn read(&self, text: &str) -> Result<Unit, UnitsFault> {
        read(text, self)
    }

    fn equate(&mut self, name: &NamedUnit, meaning: &Unit) {
        let inside = meaning.factors().any(|(factor, _)| factor == name);
        if inside {
            return; // the same name, or a circular formula, which says nothing
        }
        for known in self.meanings.values_mut() {
            *known = replace(known, name, meaning);
        }
        self.meanings.insert((name.base.clone(), name.multiple), meaning.clone());
    }

    /// The unit called `name` times `multiple`.
    pub(super) fn meaning(&self, multiple: u64, name: &str, text: &str) -> Unit {
        let (own_multiple, base) = split_multiple(name);
        let multiple = multiple.saturating_mul(own_multiple);
        let base: Arc<str> = standard_spelling(&base).into();
        let text: Arc<str> = text.split_whitespace().collect::<Vec<_>>().join(" ").into();
        if let Some(meaning) = self.meanings.get(&(base.clone(), multiple)) {
            return meaning.clone();
        }
        let dimensionless = base.is_empty() || DIMENSIONLESS.contains(&base.as_ref());
        let meaning = match self.meanings.get(&(base.clone(), 1)) {
            _ if dimensionless => Unit::dimensionless(),
            Some(meaning) => meaning.clone(),
            None => return Unit::named(NamedUnit { base, multiple, text }),
        };
        match meaning.as_named() {
            _ if multiple == 1 => meaning,
            Some(name) => {
                let multiple = multiple.saturating_mul(name.multiple);
                Unit::named(NamedUnit { base: name.base.clone(), multiple, text })
            }
            None => {
                meaning.times(&Unit::named(NamedUnit { base: "".into(), multiple, text: multiple.to_string().into() }))
            }
        }
    }
}

fn replace(unit: &Unit, name: &NamedUnit, meaning: &Unit) -> Unit {
    let Some((_, exponent)) = unit.factors().find(|(factor, _)| *factor == name) else {
        return unit.clone();
    };
    let power = |base: &Unit| base.power(exponent);
    match (power(&Unit::named(name.clone())), power(meaning)) {
        (Some(old), Some(new)) => unit.per(&old).times(&new),
        _ => unit.clone(),
    }
}

/// `bn CNY` and `CNY billion` into 10^9 and `cny`. Case counts for `M` alone: `m` may be milli or metre.
fn split_multiple(name: &str) -> (u64, String) {
    let multiple = |word: &str| {
        let lower = word.to_lowercase();
        let listed = MULTIPLES.iter().find(|(words, _)| words.contains(&singular(&lower).as_str()));
        listed.map(|(_, multiple)| *multiple).or((word == "M").then_some(1_000_000))
    };
    let mut words: Vec<&str> = name
        .split(|character: char| character.is_whitespace() || character == '_')
        .filter(|word| !word.is_empty())
        .collect();
    let mut product: u64 = 1;
    while words.len() > 1 {
        if let Some(factor) = multiple(words[0]) {
            product = product.saturating_mul(factor);
            words.remove(0);
        } else if let Some(factor) = multiple(words[words.len() - 1]) {
            product = product.saturating_mul(factor);
            words.pop();
        } else {
            break;
        }
    }
    if let [word] = words.as_slice()
        && word.chars().count() > 1
        && let Some(factor) = multiple(word)
    {
        return (product.saturating_mul(factor), String::new());
    }
    (product, words.join(" ").to_lowercase())
}

/// The name by which a unit is compared: in the singular, and one spelling for all.
pub(super) fn standard_spelling(name: &str) -> String {
    let find = |name: &str| SPELLINGS.iter().find(|spellings| spellings.contains(&name)).map(|spellings| spellings[0]);
    if let Some(standard) = find(name) {
        return standard.to_string();
    }
    let name = match name.rsplit_once(' ') {
        Some((before, last)) => format!("{before} {}", singular(last)),
        None => singular(name),
    };
    find(&name).map_or(name, str::to_string)
}

/// A word without its plural ending. What it makes of a word that is no plural is never shown, only compared.
fn singular(word: &str) -> String {
    let cut = |ending: &str| word.strip_suffix(ending).filter(|stem| !stem.is_empty());
    if let Some(stem) = cut("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    for ending in ["sses", "shes", "ches", "xes"] {
        if word.ends_with(ending) {
            return word[..word.len() - 2].to_string();
        }
    }
    if ["ss", "us", "is"].iter().any(|ending| word.ends_with(ending)) {
        return word.to_string();
    }
    cut("s").unwrap_or(word).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn synonyms(groups: &[&[&str]]) -> Synonyms {
        let groups: Vec<Vec<String>> =
            groups.iter().map(|group| group.iter().map(|name| name.to_string()).collect()).collect();
        let (synonyms, faults) = Synonyms::new(&groups);
        assert!(faults.is_empty(), "{faults:?}");
        synonyms
    }

    #[test]
    fn spellings_everybody_uses() {
        let read = |text: &str| Synonyms::default().read(text).expect("the text is a unit");
        for (a, b) in [
            ("Year", "years"),
            ("mo", "Months"),
            ("people", "Person"),
            ("k firms", "thousand Firm"),
            ("bn CNY", "billion_yuan"),
            ("CNY bn", "bn RMB"),
            ("M EUR", "million euros"),
            ("1000 firms", "k firms"),
            ("10,000 persons", "10^4 people"),
            ("$", "Dollars"),
            ("companies", "Company"),
            ("boxes", "box"),
            ("dmnl", "Fraction"),
            ("widget/person", "Widgets per capita"),
        ] {
            assert_eq!(read(a), read(b), "{a} and {b}");
        }
        for (a, b) in [
            ("Month", "Year"),
            ("k firms", "firms"),
            ("USD", "$"),
            ("USD", "CNY"),
            ("percent", "dmnl"),
            ("m EUR", "M EUR"),
            ("gas", "gallon"),
        ] {
            assert_ne!(read(a), read(b), "{a} and {b}");
        }
    }

    #[test]
    fn a_model_declares_its_own() {
        let synonyms = synonyms(&[
            &["Widget", "Gadget", "Gadgets"],
            &["Euro2015", "EUR"],
            &["Yr", "year", "years", "yr", "Year"],
            &["job", "person"],
            &["Euro2015", "constant money"],
            &["productivity", "Widget/person/Year"],
            &["score", "1"],
        ]);
        let read = |text: &str| synonyms.read(text).expect("the text is a unit");
        for (a, b) in [
            ("gadget/Month", "Widgets/Month"),
            ("bn EUR", "bn Euro2015"),
            ("constant money", "EUR"),
            ("yr", "Years"),
            ("people", "jobs"),
            ("productivity", "gadgets/(job*year)"),
            ("score/Year", "1/Year"),
        ] {
            assert_eq!(read(a), read(b), "{a} and {b}");
        }
        assert_ne!(read("k score"), read("score"));
    }

    #[test]
    fn unreadable_and_circular_declarations_are_harmless() {
        let groups = [vec!["a/".to_string(), "b".to_string()], vec!["c".to_string(), "c*d".to_string()]];
        let (synonyms, faults) = Synonyms::new(&groups);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].0, "a/");
        assert_ne!(synonyms.read("c"), synonyms.read("c*d"));
    }
}
