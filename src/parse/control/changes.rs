//! Changes of constants: `name = value`, one a line, or what an optimisation left: `0 <= name = value <= 1`.

use super::fault::Fault;
use super::{lines, name, number};
use crate::diagnostic::{Diagnostic, Source, Span};
use std::sync::Arc;

/// A constant and the value it is given, in its unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub name: String,
    pub value: f64,
    pub span: Span,
}

const FORM: &str = "name = 0.5";

/// Reads a file of changes.
pub fn read_changes(source: &Arc<Source>) -> (Vec<Change>, Vec<Diagnostic>) {
    let mut changes = Vec::new();
    let mut diagnostics = Vec::new();
    for (span, line) in lines(source) {
        // An optimisation repeats its options in what it leaves.
        if line.starts_with(':') {
            continue;
        }
        match change(line, span) {
            Ok(change) => changes.push(change),
            Err(fault) => diagnostics.push(fault.diagnostic(source, span)),
        }
    }
    (changes, diagnostics)
}

fn change(line: &str, span: Span) -> Result<Change, Fault> {
    let parts: Vec<&str> = line.split("<=").collect();
    let middle = match parts.as_slice() {
        [_, middle, _] => *middle,
        [first, second] => {
            if first.contains('=') {
                *first
            } else {
                *second
            }
        }
        _ => line,
    };
    let Some((named, value)) = middle.split_once('=') else {
        return Err(match middle.split_once('(') {
            Some((named, _)) if !named.trim().is_empty() => Fault::Lookup { name: name(named) },
            _ => Fault::NotALine { file: "a file of changes", form: FORM },
        });
    };
    let named = name(named);
    if named.is_empty() {
        return Err(Fault::NotALine { file: "a file of changes", form: FORM });
    }
    match number(value) {
        Some(value) => Ok(Change { name: named, value, span }),
        None => Err(Fault::NotANumber { name: named, text: value.trim().to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::render;

    #[test]
    fn changes_and_what_is_none() {
        let text = "contact rate = 0.3\n:COM old\nshare[north]=1e-3\n:OPTIMIZER=Powell\n0<=tau=4.5<=9\n\
                    table((0,0),(1,2))\nx = y\nnothing\n";
        let (changes, found) = read_changes(&Source::new("base.cin", text));
        let short: Vec<(&str, f64)> = changes.iter().map(|change| (change.name.as_str(), change.value)).collect();
        assert_eq!(short, [("contact rate", 0.3), ("share[north]", 1e-3), ("tau", 4.5)]);
        assert_eq!(
            found.iter().map(render).collect::<String>(),
            r#"error[lookup-change]: `table` is a lookup, and changes set numbers only
 --> base.cin:6:1
  |
6 | table((0,0),(1,2))
  | ^^^^^^^^^^^^^^^^^^ a table
  |
  = help: change the table in the model file
error[not-a-number]: `x` is set to `y`, which is no number
 --> base.cin:7:1
  |
7 | x = y
  | ^^^^^ not a number
  |
  = help: write `name = 0.5`
error[not-a-line]: this is no line of a file of changes
 --> base.cin:8:1
  |
8 | nothing
  | ^^^^^^^ not understood
  |
  = help: lines read `name = 0.5`
"#
        );
    }
}
