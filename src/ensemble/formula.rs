//! The text of a law into the law: `normal(6, 1) in [2, 10]`, `lognormal(median=0.3, gsd=1.5)`.

use super::fault::{Fault, Finding};
use super::law::{Law, Shape};
use crate::diagnostic::{Source, Span, nearest};
use crate::elementary::ln;
use crate::random::Distribution;
use std::sync::Arc;

/// A word and the names of its numbers, in each way to give them; the first way is meant where no names are given.
type Form = (&'static str, &'static [&'static [&'static str]]);

const FORMS: &[Form] = &[
    ("uniform", &[&["low", "high"]]),
    ("loguniform", &[&["low", "high"]]),
    ("normal", &[&["mean", "sd"]]),
    ("lognormal", &[&["log_mean", "log_sd"], &["median", "gsd"]]),
    ("triangular", &[&["low", "mode", "high"]]),
    ("beta", &[&["a", "b"]]),
    ("gamma", &[&["shape", "scale"]]),
    ("exponential", &[&["mean"]]),
    ("weibull", &[&["shape", "scale"]]),
    ("poisson", &[&["mean"]]),
    ("choice", &[]),
];

/// Reads the law that stands at `span` of a source; every fault in it is added to `findings`.
pub fn law(source: &Arc<Source>, span: Span, findings: &mut Vec<Finding>) -> Option<Law> {
    let before = findings.len();
    let mut report = |fault, span| findings.push(Finding::at(fault, source, span));
    let text = &source.text[span.range()];
    let part = |from: usize, to: usize| trimmed(source, Span::new(span.start + from, span.start + to));
    let Some((open, close)) = text.find('(').and_then(|open| Some((open, open + text[open..].find(')')?))) else {
        report(Fault::NotALaw, trimmed(source, span));
        return None;
    };
    let word_span = part(0, open);
    let word = source.text[word_span.range()].to_lowercase();
    let form = FORMS.iter().find(|(known, _)| *known == word);
    if form.is_none() {
        let near = nearest(&word, FORMS.iter().map(|(known, _)| *known));
        let near = FORMS.iter().map(|(known, _)| *known).find(|known| Some(*known) == near);
        report(Fault::UnknownLaw { word, nearest: near }, word_span);
    }
    let mut arguments = Vec::new();
    let mut at = open + 1;
    for piece in text[open + 1..close].split(',') {
        let end = at + piece.len();
        let (name, from) = match piece.find('=') {
            Some(equals) => (Some(part(at, at + equals)), at + equals + 1),
            None => (None, at),
        };
        let value = part(from, end);
        let parsed = number(&source.text[value.range()]).filter(|value| value.is_finite());
        if parsed.is_none() {
            report(Fault::NotANumber { text: source.text[value.range()].to_owned() }, value);
        }
        arguments.push((name, parsed));
        at = end + 1;
    }
    let bounds = bounds(source, part(close + 1, text.len()), &mut report);
    let (word, ways) = *form?;
    let whole = part(0, close + 1);
    if ways.is_empty() {
        let numbers: Option<Vec<f64>> = arguments.into_iter().map(|(_, value)| value).collect();
        if let (Some(values), Some((lower, upper))) = (numbers, bounds) {
            if let Some(outside) = values.iter().find(|value| **value < lower || **value > upper) {
                let why = format!("the choice {outside} lies outside {lower} to {upper}");
                report(Fault::Impossible { why }, whole);
            } else if findings.len() == before {
                return Some(Law { shape: Shape::Choice(values), lower, upper });
            }
        }
        return None;
    }
    let (way, numbers) = arrange(source, word, ways, &arguments, whole, &mut report)?;
    let shape = shape(word, way, &numbers).unwrap_or_else(|why| {
        report(Fault::Impossible { why }, whole);
        None
    })?;
    let (lower, upper) = bounds?;
    let (lower, upper) = match shape {
        Shape::Logarithm(_) => (lower.max(numbers[0]), upper.min(numbers[1])),
        _ => (lower, upper),
    };
    let law = Law { shape, lower, upper };
    if !law.has_mass() {
        report(Fault::NothingBetween { lower, upper }, trimmed(source, span));
    }
    (findings.len() == before).then_some(law)
}

/// The interval behind a law; all numbers where there is none.
fn bounds(source: &Source, span: Span, report: &mut impl FnMut(Fault, Span)) -> Option<(f64, f64)> {
    let text = &source.text[span.range()];
    if text.is_empty() {
        return Some((f64::NEG_INFINITY, f64::INFINITY));
    }
    let inside = text.strip_prefix("in").and_then(|rest| rest.trim().strip_prefix('[')?.strip_suffix(']'));
    let Some((low, high)) = inside.and_then(|inside| inside.split_once(',')) else {
        report(Fault::NotALaw, span);
        return None;
    };
    let mut read = |text: &str| {
        let value = number(text);
        if value.is_none() {
            report(Fault::NotANumber { text: text.trim().to_owned() }, span);
        }
        value
    };
    let (low, high) = (read(low), read(high));
    let (low, high) = (low?, high?);
    if low > high {
        report(Fault::Impossible { why: format!("the lower bound {low} lies above the upper bound {high}") }, span);
        return None;
    }
    Some((low, high))
}

/// The numbers in the order of the way that names or positions choose.
fn arrange(
    source: &Source,
    word: &'static str,
    ways: &'static [&'static [&'static str]],
    arguments: &[(Option<Span>, Option<f64>)],
    whole: Span,
    report: &mut impl FnMut(Fault, Span),
) -> Option<(&'static [&'static str], Vec<f64>)> {
    let wanted = ways.iter().map(|way| way.join(", ")).collect::<Vec<_>>().join(" or ");
    let mut strange = false;
    for name in arguments.iter().filter_map(|(name, _)| *name) {
        let text = &source.text[name.range()];
        if !ways.iter().any(|way| way.contains(&text)) {
            strange = true;
            report(Fault::UnknownArgument { law: word, word: text.to_owned(), wanted: wanted.clone() }, name);
        }
    }
    if strange {
        return None;
    }
    let named = arguments.iter().filter(|(name, _)| name.is_some()).count();
    let fits = |way: &&&'static [&'static str]| {
        let place = |argument: &str| {
            arguments.iter().filter(|(name, _)| name.is_some_and(|name| source.text[name.range()] == *argument)).count()
        };
        arguments.len() == way.len() && (named == 0 || named == way.len() && way.iter().all(|name| place(name) == 1))
    };
    let Some(way) = ways.iter().find(fits) else {
        report(Fault::Arguments { law: word, wanted, found: arguments.len() }, whole);
        return None;
    };
    let ordered: Option<Vec<f64>> = (way.iter().enumerate())
        .map(|(number, wanted)| {
            let by_name = |(name, _): &&(Option<Span>, Option<f64>)| {
                name.is_some_and(|name| source.text[name.range()] == **wanted)
            };
            let argument = if named == 0 { arguments.get(number) } else { arguments.iter().find(by_name) };
            argument.and_then(|(_, value)| *value)
        })
        .collect();
    Some((way, ordered?))
}

/// The distribution with these numbers, or why there is none.
fn shape(word: &str, way: &[&str], numbers: &[f64]) -> Result<Option<Shape>, String> {
    let positive = |names: &[(&str, f64)]| match names.iter().find(|(_, value)| *value <= 0.0) {
        Some((name, value)) => Err(format!("the {name} of a {word} law must lie above zero, it is {value}")),
        None => Ok(()),
    };
    let ascending = |names: &[(&str, f64)]| match names.windows(2).find(|pair| pair[0].1 > pair[1].1) {
        Some(pair) => Err(format!("{} {} lies above {} {}", pair[0].0, pair[0].1, pair[1].0, pair[1].1)),
        None => Ok(()),
    };
    let named: Vec<(&str, f64)> = way.iter().copied().zip(numbers.iter().copied()).collect();
    let spread = |name: &str, value: f64| match value < 0.0 {
        true => Err(format!("the {name} of a {word} law may not be negative, it is {value}")),
        false => Ok(()),
    };
    let distribution = match (word, numbers) {
        ("uniform", &[low, high]) => {
            ascending(&named)?;
            Distribution::Uniform { low, high }
        }
        ("loguniform", &[low, high]) => {
            positive(&named)?;
            ascending(&named)?;
            return Ok(Some(Shape::Logarithm(Distribution::Uniform { low: ln(low), high: ln(high) })));
        }
        ("normal", &[mean, deviation]) => {
            spread("sd", deviation)?;
            Distribution::Normal { mean, deviation }
        }
        ("lognormal", &[median, gsd]) if way[0] == "median" => {
            positive(&named[..1])?;
            if gsd < 1.0 {
                return Err(format!("a geometric standard deviation (gsd) is 1 or more, it is {gsd}"));
            }
            Distribution::LogNormal { mean_of_log: ln(median), deviation_of_log: ln(gsd) }
        }
        ("lognormal", &[mean_of_log, deviation_of_log]) => {
            spread("log_sd", deviation_of_log)?;
            Distribution::LogNormal { mean_of_log, deviation_of_log }
        }
        ("triangular", &[low, mode, high]) => {
            ascending(&named)?;
            Distribution::Triangular { low, mode, high }
        }
        ("beta", &[a, b]) => {
            positive(&named)?;
            Distribution::Beta { a, b }
        }
        ("gamma", &[shape, scale]) => {
            positive(&named)?;
            Distribution::Gamma { shape, scale }
        }
        ("weibull", &[shape, scale]) => {
            positive(&named)?;
            Distribution::Weibull { shape, scale }
        }
        ("exponential", &[mean]) => {
            positive(&named)?;
            Distribution::Exponential { mean }
        }
        ("poisson", &[mean]) => {
            spread("mean", mean)?;
            Distribution::Poisson { mean }
        }
        _ => return Ok(None),
    };
    if !distribution.is_valid() {
        return Err(format!("no {word} law has these numbers"));
    }
    Ok(Some(Shape::Plain(distribution)))
}

/// A number, a fraction of two, or infinity.
fn number(text: &str) -> Option<f64> {
    let plain = |text: &str| text.trim().parse::<f64>().ok().filter(|value| !value.is_nan());
    match text.split_once('/') {
        None => plain(text),
        Some((above, below)) => Some(plain(above)? / plain(below)?).filter(|value| value.is_finite()),
    }
}

/// A span without the blanks at its ends.
pub fn trimmed(source: &Source, span: Span) -> Span {
    let text = &source.text[span.range()];
    let start = span.start + (text.len() - text.trim_start().len());
    Span::new(start, start + text.trim().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Law, Vec<Fault>> {
        let source = Source::new("--vary", text);
        let mut findings = Vec::new();
        let law = law(&source, Span::new(0, text.len()), &mut findings);
        law.ok_or_else(|| findings.into_iter().map(|finding| finding.fault).collect())
    }

    #[test]
    fn laws_are_read() {
        let all = (f64::NEG_INFINITY, f64::INFINITY);
        for (text, distribution, (lower, upper)) in [
            ("uniform(0.02,0.05)", Distribution::Uniform { low: 0.02, high: 0.05 }, all),
            ("Normal( 1/2 , 2e-1 ) in [0, inf]", Distribution::Normal { mean: 0.5, deviation: 0.2 }, (0.0, all.1)),
            ("normal(sd=2, mean=-1)", Distribution::Normal { mean: -1.0, deviation: 2.0 }, all),
            ("lognormal(0, 0.5)", Distribution::LogNormal { mean_of_log: 0.0, deviation_of_log: 0.5 }, all),
            ("lognormal(gsd=1, median=1)", Distribution::LogNormal { mean_of_log: 0.0, deviation_of_log: 0.0 }, all),
            ("triangular(1,2,4)", Distribution::Triangular { low: 1.0, mode: 2.0, high: 4.0 }, all),
            ("beta(2,5)", Distribution::Beta { a: 2.0, b: 5.0 }, all),
            ("gamma(2,5)", Distribution::Gamma { shape: 2.0, scale: 5.0 }, all),
            ("weibull(2,5)", Distribution::Weibull { shape: 2.0, scale: 5.0 }, all),
            ("exponential(3)", Distribution::Exponential { mean: 3.0 }, all),
            ("poisson(3) in [1,9]", Distribution::Poisson { mean: 3.0 }, (1.0, 9.0)),
        ] {
            let expected = Law { shape: Shape::Plain(distribution), lower, upper };
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        let choice = read("choice(1, 2, 4)").unwrap();
        assert_eq!(choice.shape, Shape::Choice(vec![1.0, 2.0, 4.0]));
        let log = read("loguniform(1, 100) in [10, 1000]").unwrap();
        assert_eq!((log.lower, log.upper), (10.0, 100.0));
    }

    #[test]
    fn impossible_laws_say_why() {
        for (text, why) in [
            ("uniform(5, 2)", "low 5 lies above high 2"),
            ("normal(5, -2)", "the sd of a normal law may not be negative, it is -2"),
            ("lognormal(median=0, gsd=2)", "the median of a lognormal law must lie above zero, it is 0"),
            ("lognormal(median=1, gsd=0.5)", "a geometric standard deviation (gsd) is 1 or more, it is 0.5"),
            ("triangular(1, 5, 2)", "mode 5 lies above high 2"),
            ("loguniform(0, 5)", "the low of a loguniform law must lie above zero, it is 0"),
            ("normal(5, 2) in [3, 1]", "the lower bound 3 lies above the upper bound 1"),
            ("choice(1, 2) in [0, 1]", "the choice 2 lies outside 0 to 1"),
        ] {
            assert_eq!(read(text), Err(vec![Fault::Impossible { why: why.to_owned() }]), "{text}");
        }
        assert_eq!(read("normal(0, 1) in [80, 90]"), Err(vec![Fault::NothingBetween { lower: 80.0, upper: 90.0 }]));
    }

    #[test]
    fn no_text_panics() {
        let pieces = ["normal", "(", ")", "1", ",", "=", " in ", "[", "]", "/", "é", "choice", "inf", "sd", "\""];
        let mut stream = crate::random::Stream::new(1, 0);
        for length in 0..12_000_u64 {
            let text: String = (0..length % 12)
                .map(|place| pieces[stream.below_at(length * 16 + place, pieces.len() as u64) as usize])
                .collect();
            let _ = read(&text);
        }
    }
}
