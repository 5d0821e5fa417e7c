//! What can go wrong between a checked model and a program, and the one place that words it.

use crate::diagnostic::{Diagnostic, Source, Span};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Variables that need each other's value at the same time, in order, the first repeated at the end.
    Cycle {
        path: Vec<String>,
        initial: bool,
        span: Span,
    },
    /// What is not executed, in which variable, and what to write instead.
    Unsupported {
        construct: String,
        variable: String,
        span: Span,
        instead: String,
    },
    SubscriptOutside {
        subscript: String,
        variable: String,
        /// Whether the model speaks XMILE.
        xmile: bool,
        span: Span,
    },
    UndefinedElement {
        element: String,
        span: Span,
    },
    /// An argument that must be a number known before the run.
    NotConstant {
        argument: String,
        variable: String,
        span: Span,
    },
    NotALookup {
        name: String,
        span: Span,
    },
    NotAVector {
        variable: String,
        span: Span,
    },
    TextAsNumber {
        span: Span,
    },
    External {
        variable: String,
        why: String,
        span: Span,
    },
    NoData {
        variable: String,
        span: Span,
    },
    /// Why equations have no value by themselves.
    NotOpened {
        what: String,
    },
    UnknownOverride {
        name: String,
        nearest: Option<String>,
    },
    OverrideNotConstant {
        name: String,
    },
    /// A constant with subscripts, set without them.
    OverrideElements {
        name: String,
        elements: Vec<String>,
    },
    UnknownOutput {
        name: String,
        nearest: Option<String>,
    },
    /// A model that opens into more than can be held, by its macros or its reductions.
    TooLarge {
        what: &'static str,
        limit: usize,
        variable: String,
        span: Span,
    },
    BadControl {
        name: &'static str,
        why: String,
    },
}

impl Fault {
    pub fn diagnostic(&self, source: &Arc<Source>) -> Diagnostic {
        let suggestion = |nearest: &Option<String>, otherwise: &str| match nearest {
            Some(name) => format!("did you mean `{name}`?"),
            None => otherwise.to_owned(),
        };
        match self {
            Fault::Cycle { path, initial, span } => {
                let chain = path.join(" -> ");
                let (code, message, help) = if *initial {
                    (
                        "circular-initial-values",
                        format!("initial values depend on each other: {chain}"),
                        "give one of them a number, or break the loop with INITIAL or ACTIVE INITIAL",
                    )
                } else {
                    (
                        "circular-algebra",
                        format!("these variables need each other at the same instant: {chain}"),
                        "put a stock or a delay into the loop",
                    )
                };
                Diagnostic::error(code, message).at(source, *span, "in this equation").help(help)
            }
            Fault::Unsupported { construct, variable, span, instead } => {
                Diagnostic::error("unsupported", format!("{construct} in `{variable}` cannot be run exactly"))
                    .at(source, *span, "here")
                    .help(instead.clone())
            }
            Fault::NotOpened { what } => Diagnostic::error(
                "equations-not-apart",
                format!("the equations of this model cannot be evaluated one by one: {what}"),
            )
            .help("`levada check` lists its links and loops, with signs told from the equations"),
            Fault::SubscriptOutside { subscript, variable, xmile, span } => Diagnostic::error(
                "subscript-outside",
                format!("`{subscript}` does not select one element in the equation of `{variable}`"),
            )
            .at(source, *span, "here")
            .help(if *xmile {
                format!(
                    "name an element, give the variable the dimension `{subscript}`, or take the SUM or MEAN over it"
                )
            } else {
                format!("put `{subscript}` on the left-hand side, map it, or reduce over it with `{subscript}!`")
            }),
            Fault::UndefinedElement { element, span } => {
                Diagnostic::error("undefined-element", format!("`{element}` is used but has no equation"))
                    .at(source, *span, "used here")
                    .help(format!("add an equation for `{element}`"))
            }
            Fault::NotConstant { argument, variable, span } => {
                Diagnostic::error("not-constant", format!("{argument} in `{variable}` must be known before the run"))
                    .at(source, *span, "changes during the run")
                    .help("give a number or a constant")
            }
            Fault::NotALookup { name, span } => Diagnostic::error("not-a-lookup", format!("`{name}` is not a lookup"))
                .at(source, *span, "a lookup is needed here")
                .help("name a lookup variable, or write its points in place"),
            Fault::NotAVector { variable, span } => Diagnostic::error(
                "not-a-vector",
                format!("a vector function in `{variable}` is given what has no subscript to run along"),
            )
            .at(source, *span, "not an array")
            .help("name an array with the subscript that the function runs along, such as `x[region]`"),
            Fault::TextAsNumber { span } => {
                Diagnostic::error("text-as-number", "a text stands where a number is needed")
                    .at(source, *span, "this text")
                    .help("texts are only arguments of the GET functions")
            }
            Fault::External { variable, why, span } => {
                Diagnostic::error("external-data", format!("the values of `{variable}` cannot be read: {why}"))
                    .at(source, *span, "read here")
                    .help("correct the file, sheet or cells named in the call")
            }
            Fault::NoData { variable, span } => {
                Diagnostic::error("no-data", format!("`{variable}` is a data variable without data"))
                    .at(source, *span, "declared here")
                    .help("name a file with its series: `--data FILE`")
            }
            Fault::UnknownOverride { name, nearest } => {
                Diagnostic::error("unknown-constant", format!("the model has no constant `{name}` to set"))
                    .help(suggestion(nearest, "a constant is a variable that the model defines by a number"))
            }
            Fault::OverrideNotConstant { name } => {
                Diagnostic::error("not-constant", format!("`{name}` is computed by the model and cannot be set"))
                    .help("set one of the constants it is computed from")
            }
            Fault::OverrideElements { name, elements } => {
                let first = elements.first().map_or("", String::as_str);
                let all = elements.iter().take(6).map(|element| format!("`{element}`")).collect::<Vec<_>>().join(", ");
                let more = match elements.len().saturating_sub(6) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                Diagnostic::error("which-element", format!("`{name}` has elements: {all}{more}"))
                    .help(format!("set each by its own name: --set \"{first}=0.5\""))
            }
            Fault::UnknownOutput { name, nearest } => {
                Diagnostic::error("unknown-name", format!("the model has no variable `{name}`"))
                    .help(suggestion(nearest, "`levada run MODEL` writes every variable as a column"))
            }
            Fault::TooLarge { what, limit, variable, span } => Diagnostic::error(
                "model-too-large",
                format!("at `{variable}` the model opens into more than {limit} {what}"),
            )
            .at(source, *span, "here")
            .help("use smaller subscripts, and fewer macros within macros"),
            Fault::BadControl { name, why } => Diagnostic::error("bad-control", format!("{name} {why}"))
                .help(format!("correct {name}, or set it with --set")),
        }
    }
}
