//! Payoff definitions: which variables are compared with which data, and how errors scatter.

use super::fault::Fault;
use super::{lines, name, number};
use crate::diagnostic::{Diagnostic, Source, Span};
use std::sync::Arc;

/// One comparison of a variable with data.
#[derive(Clone, Debug, PartialEq)]
pub struct Payoff {
    pub variable: String,
    /// The data series; the variable's own name where the file names none.
    pub data: String,
    pub transformation: Transformation,
    pub weighing: Weighing,
    pub span: Span,
}

/// Of what errors are errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transformation {
    Value,
    /// Of the logarithm.
    Logarithm,
}

/// How errors are weighed.
#[derive(Clone, Debug, PartialEq)]
pub enum Weighing {
    /// Normal errors with a standard deviation, in the unit of the variable or dimensionless for logarithms.
    Normal(Scale),
    /// Counts.
    Poisson,
}

/// A standard deviation.
#[derive(Clone, Debug, PartialEq)]
pub enum Scale {
    Stated(f64),
    /// A constant of the model that holds the number of the file, and the power that makes it a standard deviation: -1 for
    /// a weight, 1 for a deviation, 0.5 for a variance.
    Constant {
        name: String,
        power: f64,
    },
}

const FORM: &str = "variable|data/weight";

/// Reads a payoff definition.
pub fn read_payoff(source: &Arc<Source>) -> (Vec<Payoff>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let mut diagnostics = Vec::new();
    let mut kind: Option<String> = None;
    for (span, line) in lines(source) {
        if let Some(rest) = line.strip_prefix('*') {
            let word = rest.trim().to_ascii_uppercase();
            let known = known(&word);
            if let Err(fault) = &known {
                diagnostics.push(fault.diagnostic(source, span));
            }
            // Elements of a type that is refused are not told one by one.
            kind = Some(if known.is_ok() { word } else { String::new() });
            continue;
        }
        match kind.as_deref() {
            None => diagnostics.push(Fault::NoType.diagnostic(source, span)),
            Some("") => {}
            Some(kind) => match element(kind, line, span) {
                Ok(payoff) => found.push(payoff),
                Err(fault) => diagnostics.push(fault.diagnostic(source, span)),
            },
        }
    }
    (found, diagnostics)
}

/// Whether a type can be carried over.
fn known(word: &str) -> Result<(), Fault> {
    let modifiers = match word {
        "CALIBRATION" => "",
        _ => word.strip_prefix('C').ok_or_else(|| Fault::Policy { kind: word.to_owned() })?,
    };
    let instead = |instead| Fault::Distribution { kind: word.to_owned(), instead };
    for modifier in modifiers.chars() {
        match modifier {
            'L' | 'G' | 'K' | 'P' => {}
            'R' => return Err(instead("write `*C`, and `tail = \"soft-l1\"` in the study for errors that stray")),
            'B' => return Err(instead("state `noise = { kind = \"binomial\", trials = … }` in the study")),
            _ => return Err(instead("write `*C`, `*CG`, `*CK` or `*CP`, with `L` for errors of the logarithm")),
        }
    }
    Ok(())
}

fn element(kind: &str, line: &str, span: Span) -> Result<Payoff, Fault> {
    let modifiers = if kind == "CALIBRATION" { "" } else { &kind[1..] };
    // A slash inside quotation marks belongs to a name.
    let slash = outside_quotes(line, '/').last().copied();
    let bar = outside_quotes(line, '|').first().copied();
    let (names, weight) = match slash {
        Some(at) => (&line[..at], Some(line[at + 1..].trim())),
        None => (line, None),
    };
    let (variable, data) = match bar.filter(|at| *at < names.len()) {
        Some(at) => (&names[..at], &names[at + 1..]),
        None => (names, names),
    };
    if variable.trim().is_empty() || data.trim().is_empty() {
        return Err(Fault::NotALine { file: "a payoff definition", form: FORM });
    }
    let transformation = if modifiers.contains('L') { Transformation::Logarithm } else { Transformation::Value };
    let weighing = match weight {
        _ if modifiers.contains('P') => Weighing::Poisson,
        None | Some("") => return Err(Fault::NoWeight { element: name(variable) }),
        Some(text) => {
            let power = match () {
                () if modifiers.contains('G') => 1.0,
                () if modifiers.contains('K') => 0.5,
                () => -1.0,
            };
            Weighing::Normal(match number(text) {
                Some(value) if value > 0.0 => Scale::Stated(match power {
                    0.5 => value.sqrt(),
                    1.0 => value,
                    _ => 1.0 / value,
                }),
                Some(_) => return Err(Fault::NotPositive { text: text.to_owned() }),
                None => Scale::Constant { name: name(text), power },
            })
        }
    };
    Ok(Payoff { variable: name(variable), data: name(data), transformation, weighing, span })
}

/// Byte places of a character that stand outside quotation marks.
fn outside_quotes(line: &str, wanted: char) -> Vec<usize> {
    let mut quoted = false;
    let mut places = Vec::new();
    for (at, c) in line.char_indices() {
        quoted ^= c == '"';
        if c == wanted && !quoted {
            places.push(at);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::render;

    fn read(text: &str) -> (Vec<Payoff>, String) {
        let (payoffs, found) = read_payoff(&Source::new("fit.vpd", text));
        (payoffs, found.iter().map(render).collect())
    }

    #[test]
    fn elements_of_every_type_that_is_carried_over() {
        let (payoffs, found) = read(
            "*C\nInfected|Infected data/0.1\n\"a/b\"/2\n*CG\nrent|rent data/sigma rent\n*CKL\nx[north]|x data[north]/0.04\n*CP\ncases|reported\n",
        );
        assert_eq!(found, "");
        let short: Vec<(&str, &str, Transformation, &Weighing)> =
            payoffs.iter().map(|p| (p.variable.as_str(), p.data.as_str(), p.transformation, &p.weighing)).collect();
        use Transformation::{Logarithm, Value};
        let stated = |value| Weighing::Normal(Scale::Stated(value));
        assert_eq!(
            short,
            [
                ("Infected", "Infected data", Value, &stated(10.0)),
                ("\"a/b\"", "\"a/b\"", Value, &stated(0.5)),
                (
                    "rent",
                    "rent data",
                    Value,
                    &Weighing::Normal(Scale::Constant { name: "sigma rent".into(), power: 1.0 })
                ),
                ("x[north]", "x data[north]", Logarithm, &stated(0.2)),
                ("cases", "reported", Value, &Weighing::Poisson),
            ]
        );
    }

    #[test]
    fn what_cannot_be_carried_over_is_refused_by_name() {
        assert_eq!(
            read("x|y/1\n*PF\nprofit/1\n*CR\nx|y/1\n*C\nx|y\nx|y/-1\n").1,
            r#"error[payoff-without-type]: this element comes before any type of payoff
 --> fit.vpd:1:1
  |
1 | x|y/1
  | ^^^^^ which type?
  |
  = help: write `*C` on a line above it
error[policy-payoff]: `*PF` is a payoff without data, and a study estimates from data
 --> fit.vpd:2:1
  |
2 | *PF
  | ^^^ not a calibration
  |
  = help: take it out; priors stand in the study as `prior = …`, and policies are compared, not optimised
error[unknown-distribution]: `*CR` asks for a distribution of errors that Levada does not have
 --> fit.vpd:4:1
  |
4 | *CR
  | ^^^ not carried over
  |
  = help: write `*C`, and `tail = "soft-l1"` in the study for errors that stray
error[no-weight]: `x` has no weight
 --> fit.vpd:7:1
  |
7 | x|y
  | ^^^ no `/weight`
  |
  = help: write `variable|data/weight`, the weight being one over the standard deviation of the error
error[weight-not-positive]: the weight `-1` is not above zero
 --> fit.vpd:8:1
  |
8 | x|y/-1
  | ^^^^^^ not above zero
  |
  = help: the weight of `*C` is one over the standard deviation of the error
"#
        );
    }
}
