//! Optimisation control: which constants are searched within which bounds, and from how many starts.

use super::fault::Fault;
use super::{lines, name, number};
use crate::diagnostic::{Diagnostic, Source, Span};
use std::sync::Arc;

/// A search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    pub sought: Vec<Sought>,
    /// Stated where the file asks for several starts and says how many.
    pub starts: Option<u64>,
}

/// A constant that is searched. Bounds and start carry its unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Sought {
    pub name: String,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    /// The model's value where the file states none.
    pub start: Option<f64>,
    pub span: Span,
}

const FORM: &str = "0 <= name = 0.5 <= 1";

/// Reads an optimisation control file, or the `.out` file that an optimisation leaves.
pub fn read_search(source: &Arc<Source>) -> (Search, Vec<Diagnostic>) {
    let mut search = Search::default();
    let mut diagnostics = Vec::new();
    for (span, line) in lines(source) {
        let told = match line.strip_prefix(':') {
            Some(option) => self::option(option, &mut search),
            None => sought(line, span).map(|sought| search.sought.push(sought)),
        };
        diagnostics.extend(told.err().map(|fault| fault.diagnostic(source, span)));
    }
    (search, diagnostics)
}

fn option(text: &str, search: &mut Search) -> Result<(), Fault> {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    let (key, value) = (key.trim().to_ascii_uppercase(), value.trim().to_ascii_uppercase());
    match (key.as_str(), value.as_str()) {
        ("OPTIMIZER", "OFF") => Err(Fault::NoSearch),
        // Levada's search, tolerances and reports are its own.
        ("OPTIMIZER", _) | ("MULTIPLE_START", _) | ("OUTPUT_LEVEL", _) | ("TRACE", _) | ("SENSITIVITY", "OFF") => {
            Ok(())
        }
        ("RESTART_MAX", text) => {
            search.starts = text.parse().ok().filter(|starts| *starts > 0);
            Ok(())
        }
        _ => Err(Fault::NoCounterpart { option: format!(":{}", text.trim()) }),
    }
}

fn sought(line: &str, span: Span) -> Result<Sought, Fault> {
    let fault = || Fault::NotALine { file: "an optimisation control file", form: FORM };
    let parts: Vec<&str> = line.split("<=").collect();
    let (lower, middle, upper) = match parts.as_slice() {
        [lower, middle, upper] => (Some(*lower), *middle, Some(*upper)),
        [first, second] if number(first).is_some() => (Some(*first), *second, None),
        [first, second] => (None, *first, Some(*second)),
        [middle] => (None, *middle, None),
        _ => return Err(fault()),
    };
    let (named, start) = match middle.split_once('=') {
        Some((named, start)) => (named, Some(start)),
        None => (middle, None),
    };
    let named = name(named);
    if named.is_empty() {
        return Err(fault());
    }
    let cut = |text: &str| text.split('|').next().unwrap_or_default().trim().to_owned();
    if line.contains('|') {
        return Err(Fault::Discrete { name: named });
    }
    let bound = |text: Option<&str>| match text {
        None => Ok(None),
        Some(text) => number(text).map(Some).ok_or_else(|| Fault::NamedBound { bound: cut(text) }),
    };
    let (lower, upper) = (bound(lower)?, bound(upper)?);
    if lower.zip(upper).is_some_and(|(lower, upper)| lower >= upper) {
        return Err(Fault::EmptyBounds { name: named });
    }
    let start = match start {
        None => None,
        Some(text) => {
            let value = number(text).ok_or_else(|| Fault::NotANumber { name: named.clone(), text: cut(text) })?;
            Some(value)
        }
    };
    Ok(Sought { name: named, lower, upper, start, span })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::render;

    fn read(text: &str) -> (Search, String) {
        let (search, found) = read_search(&Source::new("fit.voc", text));
        (search, found.iter().map(render).collect())
    }

    #[test]
    fn bounds_and_starts() {
        let (search, found) = read(
            "{UTF-8}\n:OPTIMIZER=Powell\n:MULTIPLE_START=Random\n:RESTART_MAX=12\n:COM by hand\n0.05<=contact rate=0.3<=1\n1 <= share[north]\ntau<=20\ndelay\n",
        );
        assert_eq!(found, "");
        #[allow(clippy::type_complexity, reason = "a table of one test")]
        let short: Vec<(&str, Option<f64>, Option<f64>, Option<f64>)> =
            search.sought.iter().map(|s| (s.name.as_str(), s.lower, s.start, s.upper)).collect();
        assert_eq!(
            short,
            [
                ("contact rate", Some(0.05), Some(0.3), Some(1.0)),
                ("share[north]", Some(1.0), None, None),
                ("tau", None, None, Some(20.0)),
                ("delay", None, None, None)
            ]
        );
        assert_eq!(search.starts, Some(12));
    }

    #[test]
    fn what_cannot_be_carried_over_is_told() {
        assert_eq!(
            read(":OPTIMIZER=OFF\n:PASS_LIMIT=2\nlow<=a<=1\n1<=b<=0\n0<=c<=4|DIS=1\n0<=d=x<=1\n1<=2<=3<=4\n").1,
            r#"warning[optimiser-off]: the file asks for no search; a study always searches
 --> fit.voc:1:1
  |
1 | :OPTIMIZER=OFF
  | ^^^^^^^^^^^^^^ off
  |
  = help: `levada run` runs the model without estimating
note[no-counterpart]: `:PASS_LIMIT=2` has no counterpart and is left out
 --> fit.voc:2:1
  |
2 | :PASS_LIMIT=2
  | ^^^^^^^^^^^^^ left out
error[named-bound]: the bound `low` is a name, and bounds of a study are numbers
 --> fit.voc:3:1
  |
3 | low<=a<=1
  | ^^^^^^^^^ not a number
  |
  = help: write its value
error[bounds-empty]: the bounds of `b` leave nothing between them
 --> fit.voc:4:1
  |
4 | 1<=b<=0
  | ^^^^^^^ empty
  |
  = help: write the lower bound first: `0 <= name = 0.5 <= 1`
error[discrete-parameter]: `c` is restricted to steps, and parameters of a study are continuous
 --> fit.voc:5:1
  |
5 | 0<=c<=4|DIS=1
  | ^^^^^^^^^^^^^ steps
  |
  = help: take the restriction out, or give the constant a value with [set]
error[not-a-number]: `d` is set to `x`, which is no number
 --> fit.voc:6:1
  |
6 | 0<=d=x<=1
  | ^^^^^^^^^ not a number
  |
  = help: write `name = 0.5`
error[not-a-line]: this is no line of an optimisation control file
 --> fit.voc:7:1
  |
7 | 1<=2<=3<=4
  | ^^^^^^^^^^ not understood
  |
  = help: lines read `0 <= name = 0.5 <= 1`
"#
        );
    }
}
