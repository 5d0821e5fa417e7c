//! What a Vensim file says besides equations: units and stated range of a variable, its comment, and the settings
//! below the sketch that bear on a run.

use super::fault::{Fault, Found};
use super::token::continuation;
use crate::diagnostic::Span;
use crate::model::{MethodText, StatedRange, UnitsText};

/// Where the sketch starts: a line of backslashes and `---///`. Equations stand before it.
pub fn sketch(text: &str) -> usize {
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        if line.starts_with('\\') && line.trim_start_matches('\\').starts_with("---///") {
            return start;
        }
        start += line.len();
    }
    text.len()
}

/// The units and the stated range in `text[part]`, e.g. `Year [0,?]`.
pub fn units(text: &str, part: Span, faults: &mut Vec<Found>) -> (Option<UnitsText>, Option<StatedRange>) {
    let whole = text.get(part.range()).unwrap_or_default();
    let open = whole.find('[').unwrap_or(whole.len());
    let written = whole[..open].trim().trim_end_matches('\\').trim_end();
    let start = part.start + whole.find(written).unwrap_or(0);
    let units = (!written.is_empty())
        .then(|| UnitsText { text: joined(written), span: Span::new(start, start + written.len()) });
    let bracket = whole[open..].trim();
    if bracket.is_empty() {
        return (units, None);
    }
    let range = stated_range(bracket);
    if range.is_none() {
        let start = part.start + open;
        let fault = Fault::StatedRange { text: joined(bracket) };
        faults.push(Found::new(fault, Span::new(start, start + bracket.len())));
    }
    (units, range.filter(|range| *range != StatedRange::default()))
}

fn stated_range(text: &str) -> Option<StatedRange> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let ends: Vec<Option<f64>> = inner
        .split(',')
        .map(|end| match joined(end).as_str() {
            "?" | "" => Some(None),
            end => end.parse::<f64>().ok().map(|value| value.is_finite().then_some(value)),
        })
        .collect::<Option<_>>()?;
    if ends.len() > 3 {
        return None;
    }
    let end = |index: usize| ends.get(index).copied().flatten();
    Some(StatedRange { low: end(0), high: end(1), step: end(2) })
}

/// Units or a range on one line.
fn joined(text: &str) -> String {
    unfolded(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A comment as its author wrote it: continued lines joined, the margins taken off.
pub fn comment(text: &str) -> String {
    let text = unfolded(text);
    text.trim().lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

/// Joins continued lines: the backslash, the line break and the margin of the next line go.
fn unfolded(text: &str) -> String {
    let mut unfolded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(backslash) = rest.find('\\') {
        unfolded.push_str(&rest[..backslash]);
        rest = &rest[backslash..];
        match continuation(rest) {
            Some(length) => rest = rest[length..].trim_start_matches([' ', '\t']),
            None => {
                unfolded.push('\\');
                rest = &rest[1..];
            }
        }
    }
    unfolded.push_str(rest);
    unfolded
}

/// What the settings block below the sketch says of a run.
#[derive(Default)]
pub struct Settings {
    pub method: Option<MethodText>,
    pub unit_aliases: Vec<Vec<String>>,
}

/// Reads the settings: lines `number:value` behind `///---\\\`. Line 22 lists units that mean the same; the fourth
/// number of line 15 is the integration method, numbered as in Vensim's menu (the numbering is Eberlein's, of
/// Vensim's authors, in his translator of `.mdl` files).
pub fn settings(text: &str, sketch: usize) -> Settings {
    const METHODS: [&str; 6] = ["Euler", "RK4 Auto", "Difference", "RK2 Auto", "RK2", "RK4"];
    let mut settings = Settings::default();
    let Some(block) = text[sketch..].rfind("///---\\\\\\") else {
        return settings;
    };
    let mut at = sketch + block;
    for line in text[at..].split_inclusive(['\n', '\r']) {
        let start = at;
        at += line.len();
        let line = line.trim_end();
        if let Some(units) = line.strip_prefix("22:") {
            let units: Vec<String> = units.split(',').map(|unit| unit.trim().to_owned()).collect();
            settings.unit_aliases.push(units.into_iter().filter(|unit| !unit.is_empty()).collect());
        } else if let Some(numbers) = line.strip_prefix("15:") {
            let number = numbers.split(',').nth(3).and_then(|number| number.trim().parse::<usize>().ok());
            let method = number.and_then(|number| METHODS.get(number));
            settings.method = method.map(|method| MethodText {
                text: (*method).to_owned(),
                span: Some(Span::new(start, start + line.len())),
            });
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_ranges() {
        let read = |text: &str| {
            let mut faults = Vec::new();
            let (units, range) = units(text, Span::new(0, text.len()), &mut faults);
            (units.map(|units| units.text), range, faults.len())
        };
        let range = |low, high, step| Some(StatedRange { low, high, step });
        assert_eq!(read(" Year \\\n\t\t[0,?] "), (Some("Year".to_owned()), range(Some(0.0), None, None), 0));
        assert_eq!(read("[ -1e3 , 5, .5]"), (None, range(Some(-1e3), Some(5.0), Some(0.5)), 0));
        assert_eq!(read("Minute [nan, nan]"), (Some("Minute".to_owned()), None, 0));
        assert_eq!(read("a*b/ c"), (Some("a*b/ c".to_owned()), None, 0));
        assert_eq!(read("m [0,x]").2, 1);
    }

    #[test]
    fn comments_are_unfolded() {
        assert_eq!(comment("\n\tone two \\\n\t\tthree\n\t  four \\ five \n\t"), "one two three\nfour \\ five");
    }

    #[test]
    fn settings_follow_the_sketch() {
        let text = "a=1~~|\n\\\\\\---/// Sketch\n*View\n///---\\\\\\\n:L<%^E!@\n22:$,Dollar\n15:0,0,0,5,0,0\n";
        let settings = settings(text, sketch(text));
        assert_eq!(sketch(text), 7);
        assert_eq!(settings.unit_aliases, [["$", "Dollar"]]);
        assert_eq!(settings.method.map(|method| method.text).as_deref(), Some("RK4"));
    }
}
