//! What can be wrong with a control file, and the one place that words it.

use crate::diagnostic::{Diagnostic, Source, Span};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    /// A line that has none of the forms of its file.
    NotALine {
        file: &'static str,
        form: &'static str,
    },
    /// An element before any `*C`.
    NoType,
    /// A payoff that is not a comparison with data.
    Policy {
        kind: String,
    },
    /// A distribution of errors that Levada does not have.
    Distribution {
        kind: String,
        instead: &'static str,
    },
    NoWeight {
        element: String,
    },
    NotPositive {
        text: String,
    },
    /// A bound that is another constant.
    NamedBound {
        bound: String,
    },
    /// Bounds that leave nothing between them.
    EmptyBounds {
        name: String,
    },
    /// Values restricted to steps.
    Discrete {
        name: String,
    },
    /// A lookup that is changed.
    Lookup {
        name: String,
    },
    NotANumber {
        name: String,
        text: String,
    },
    /// An option that means nothing to Levada's search.
    NoCounterpart {
        option: String,
    },
    NoSearch,
}

impl Fault {
    pub fn diagnostic(&self, source: &Arc<Source>, span: Span) -> Diagnostic {
        let error = |code, message: String, label: &str, help: &str| {
            Diagnostic::error(code, message).at(source, span, label).help(help)
        };
        match self {
            Fault::NotALine { file, form } => error(
                "not-a-line",
                format!("this is no line of {file}"),
                "not understood",
                &format!("lines read `{form}`"),
            ),
            Fault::NoType => error(
                "payoff-without-type",
                "this element comes before any type of payoff".to_owned(),
                "which type?",
                "write `*C` on a line above it",
            ),
            Fault::Policy { kind } => error(
                "policy-payoff",
                format!("`*{kind}` is a payoff without data, and a study estimates from data"),
                "not a calibration",
                "take it out; priors stand in the study as `prior = …`, and policies are compared, not optimised",
            ),
            Fault::Distribution { kind, instead } => error(
                "unknown-distribution",
                format!("`*{kind}` asks for a distribution of errors that Levada does not have"),
                "not carried over",
                instead,
            ),
            Fault::NoWeight { element } => error(
                "no-weight",
                format!("`{element}` has no weight"),
                "no `/weight`",
                "write `variable|data/weight`, the weight being one over the standard deviation of the error",
            ),
            Fault::NotPositive { text } => error(
                "weight-not-positive",
                format!("the weight `{text}` is not above zero"),
                "not above zero",
                "the weight of `*C` is one over the standard deviation of the error",
            ),
            Fault::NamedBound { bound } => error(
                "named-bound",
                format!("the bound `{bound}` is a name, and bounds of a study are numbers"),
                "not a number",
                "write its value",
            ),
            Fault::EmptyBounds { name } => error(
                "bounds-empty",
                format!("the bounds of `{name}` leave nothing between them"),
                "empty",
                "write the lower bound first: `0 <= name = 0.5 <= 1`",
            ),
            Fault::Discrete { name } => error(
                "discrete-parameter",
                format!("`{name}` is restricted to steps, and parameters of a study are continuous"),
                "steps",
                "take the restriction out, or give the constant a value with [set]",
            ),
            Fault::Lookup { name } => error(
                "lookup-change",
                format!("`{name}` is a lookup, and changes set numbers only"),
                "a table",
                "change the table in the model file",
            ),
            Fault::NotANumber { name, text } => error(
                "not-a-number",
                format!("`{name}` is set to `{text}`, which is no number"),
                "not a number",
                "write `name = 0.5`",
            ),
            Fault::NoCounterpart { option } => {
                Diagnostic::note("no-counterpart", format!("`{option}` has no counterpart and is left out"))
                    .at(source, span, "left out")
            }
            Fault::NoSearch => {
                Diagnostic::warning("optimiser-off", "the file asks for no search; a study always searches")
                    .at(source, span, "off")
                    .help("`levada run` runs the model without estimating")
            }
        }
    }
}
