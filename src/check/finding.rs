//! What a check can find, and the one place that words it.

use super::dimensions::DEPTH_LIMIT;
use super::elements::ELEMENT_LIMIT;
use crate::diagnostic::{Diagnostic, Source, Span};
use crate::model::Name;
use std::sync::Arc;

/// A finding of the name and subscript checks.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    UnknownName {
        name: Name,
        span: Span,
        nearest: Option<String>,
    },
    UnknownFunction {
        name: Name,
        span: Span,
        advice: Option<String>,
    },
    NotAFunction {
        name: Name,
        span: Span,
    },
    ForeignFunction {
        name: Name,
        span: Span,
        instead: &'static str,
    },
    NotRun {
        name: Name,
        what: &'static str,
        span: Span,
    },
    Arity {
        name: Name,
        span: Span,
        given: usize,
        fewest: usize,
        most: usize,
    },
    DuplicateVariable {
        name: Name,
        span: Span,
        first: Span,
    },
    DuplicateDimension {
        name: Name,
        span: Span,
        first: Span,
    },
    DuplicateElement {
        variable: Name,
        element: String,
        span: Span,
        first: Span,
    },
    UndefinedElement {
        variable: Name,
        element: String,
        span: Span,
    },
    UnknownDimension {
        name: Name,
        span: Span,
        nearest: Option<String>,
    },
    UnknownSubscript {
        name: Name,
        span: Span,
        nearest: Option<String>,
    },
    DimensionCycle {
        name: Name,
        span: Span,
    },
    DimensionDepth {
        name: Name,
        span: Span,
    },
    TooManyElements {
        variable: Name,
        span: Span,
    },
    EmptyDimension {
        name: Name,
        span: Span,
    },
    MappingLength {
        from: Name,
        to: Name,
        own: usize,
        images: usize,
        span: Span,
    },
    SubscriptCount {
        variable: Name,
        given: usize,
        expected: usize,
        dimensions: Vec<String>,
        span: Span,
    },
    SubscriptOutside {
        variable: Name,
        subscript: String,
        span: Span,
    },
    ValueCount {
        variable: Name,
        given: usize,
        expected: usize,
        span: Span,
    },
    NoEquation {
        variable: Name,
        span: Span,
    },
    MissingControl {
        name: &'static str,
    },
    /// The run as the file sets it cannot start.
    BadControl {
        name: &'static str,
        why: &'static str,
        span: Span,
    },
    NoVariables,
    ExternalSubscript {
        dimension: Name,
        why: String,
        span: Span,
    },
}

impl Finding {
    /// The finding in words.
    pub fn diagnostic(&self, source: &Arc<Source>) -> Diagnostic {
        let suggestion = |nearest: &Option<String>, otherwise: &str| match nearest {
            Some(name) => format!("did you mean `{name}`?"),
            None => otherwise.to_owned(),
        };
        match self {
            Finding::UnknownName { name, span, nearest } => {
                Diagnostic::error("unknown-name", format!("`{name}` is not defined"))
                    .at(source, *span, "used here")
                    .help(suggestion(nearest, "define it, or correct its spelling"))
            }
            Finding::UnknownFunction { name, span, advice } => {
                Diagnostic::error("unknown-function", format!("there is no function, macro or lookup called `{name}`"))
                    .at(source, *span, "called here")
                    .help(
                        advice.as_deref().unwrap_or("correct its spelling, or define a macro or a lookup of that name"),
                    )
            }
            Finding::ForeignFunction { name, span, instead } => {
                Diagnostic::error("unsupported", format!("the function {name} cannot be run"))
                    .at(source, *span, "called here")
                    .help(*instead)
            }
            Finding::NotRun { name, what, span } => {
                Diagnostic::error("unsupported", format!("`{name}` is a {what}, which has no value in a run"))
                    .at(source, *span, "used here")
                    .help("write the value wanted as a variable of its own, with IF THEN ELSE for a condition")
            }
            Finding::NotAFunction { name, span } => Diagnostic::error(
                "not-a-function",
                format!("`{name}` is called but is neither a function nor a lookup"),
            )
            .at(source, *span, "called here")
            .help("write `*` between the name and the bracket if a product is meant"),
            Finding::Arity { name, span, given, fewest, most } => {
                let expected = match (fewest, most) {
                    (fewest, most) if fewest == most => format!("{fewest}"),
                    (fewest, &usize::MAX) => format!("at least {fewest}"),
                    (fewest, most) => format!("{fewest} to {most}"),
                };
                Diagnostic::error("wrong-argument-count", format!("`{name}` takes {expected} arguments, not {given}"))
                    .at(source, *span, format!("{given} given"))
                    .help("add or remove arguments")
            }
            Finding::DuplicateVariable { name, span, first } => {
                Diagnostic::error("duplicate-name", format!("`{name}` is defined twice"))
                    .at(source, *span, "second definition")
                    .also(*first, "first definition")
                    .help("remove or rename one of them")
            }
            Finding::DuplicateDimension { name, span, first } => {
                Diagnostic::error("duplicate-name", format!("subscript `{name}` is defined twice"))
                    .at(source, *span, "second definition")
                    .also(*first, "first definition")
                    .help("remove or rename one of them")
            }
            Finding::DuplicateElement { variable, element, span, first } => {
                Diagnostic::error("duplicate-element", format!("`{variable}[{element}]` has two equations"))
                    .at(source, *span, "second equation")
                    .also(*first, "first equation")
                    .help("remove one, or leave the element out of the other with :EXCEPT:")
            }
            Finding::UndefinedElement { variable, element, span } => {
                Diagnostic::error("undefined-element", format!("`{variable}[{element}]` is used but has no equation"))
                    .at(source, *span, "used here")
                    .help(format!("add an equation for `{variable}[{element}]`"))
            }
            Finding::UnknownDimension { name, span, nearest } => {
                Diagnostic::error("unknown-subscript", format!("there is no subscript called `{name}`"))
                    .at(source, *span, "named here")
                    .help(suggestion(nearest, "define the subscript and its elements"))
            }
            Finding::UnknownSubscript { name, span, nearest } => {
                Diagnostic::error("unknown-subscript", format!("`{name}` is neither a subscript nor an element"))
                    .at(source, *span, "named here")
                    .help(suggestion(nearest, "define the subscript and its elements"))
            }
            Finding::DimensionCycle { name, span } => {
                Diagnostic::error("subscript-cycle", format!("subscript `{name}` contains itself"))
                    .at(source, *span, "defined here")
                    .help("list elements, or subranges that do not lead back here")
            }
            Finding::DimensionDepth { name, span } => Diagnostic::error(
                "subscript-depth",
                format!("subscript `{name}` is built of subscripts more than {DEPTH_LIMIT} deep"),
            )
            .at(source, *span, "defined here")
            .help("list its elements"),
            Finding::TooManyElements { variable, span } => Diagnostic::error(
                "too-many-elements",
                format!("with the elements of `{variable}` the model has more than {ELEMENT_LIMIT}"),
            )
            .at(source, *span, "these elements")
            .help("use fewer or smaller subscripts"),
            Finding::EmptyDimension { name, span } => {
                Diagnostic::error("empty-subscript", format!("subscript `{name}` has no elements"))
                    .at(source, *span, "defined here")
                    .help("list its elements, separated by commas")
            }
            Finding::MappingLength { from, to, own, images, span } => Diagnostic::error(
                "mapping-length",
                format!("the mapping of `{from}` ({own} elements) to `{to}` names {images}"),
            )
            .at(source, *span, "mapped here")
            .help("name one element or subrange of the target for each element"),
            Finding::SubscriptCount { variable, given, expected, dimensions, span } => Diagnostic::error(
                "subscript-count",
                format!("`{variable}` has {}, {} given", counted(*expected, "subscript"), given_count(*given)),
            )
            .at(source, *span, "here")
            .help(match (expected, dimensions.join(", ")) {
                (0, _) => format!("write `{variable}` without brackets"),
                (_, names) if names.is_empty() => "give one subscript for each dimension".to_owned(),
                (_, names) => format!("write `{variable}[{names}]`, or name elements in the place of dimensions"),
            }),
            Finding::SubscriptOutside { variable, subscript, span } => Diagnostic::error(
                "subscript-outside",
                format!(
                    "`{subscript}` is not fixed by the left-hand side and does not select one element of `{variable}`"
                ),
            )
            .at(source, *span, "here")
            .help(format!("put `{subscript}` on the left-hand side, map it, or sum over it with `{subscript}!`")),
            Finding::ValueCount { variable, given, expected, span } => {
                let needs = counted(*expected, "number");
                Diagnostic::error("value-count", format!("`{variable}` needs {needs}, {} given", given_count(*given)))
                    .at(source, *span, "in this list")
                    .help(match expected {
                        1 => "write one number, with a point before its decimals",
                        _ => "give one number for each element, row by row, rows ended by `;`",
                    })
            }
            Finding::NoEquation { variable, span } => {
                Diagnostic::error("no-equation", format!("`{variable}` has no equation"))
                    .at(source, *span, "declared here")
                    .help("write its equation")
            }
            Finding::MissingControl { name } => {
                Diagnostic::error("missing-control", format!("the model does not define {name}"))
                    .in_file(source)
                    .help(format!("add `{name} = ...`"))
            }
            Finding::BadControl { name, why, span } => {
                Diagnostic::warning("bad-control", format!("{name} {why}: the model cannot be run as it is"))
                    .at(source, *span, "here")
                    .help(format!("correct it, or give another with --set \"{name}=...\""))
            }
            Finding::NoVariables => Diagnostic::error("empty-model", "the file defines no variables")
                .in_file(source)
                .help("check that this is the model file and that it was saved whole"),
            Finding::ExternalSubscript { dimension, why, span } => {
                Diagnostic::error("external-subscript", format!("the elements of `{dimension}` cannot be read: {why}"))
                    .at(source, *span, "read here")
                    .help("correct the file, sheet or cells named in the call")
            }
        }
    }
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        0 => format!("no {noun}s"),
        1 => format!("one {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

fn given_count(count: usize) -> String {
    match count {
        0 => "none is".to_owned(),
        1 => "one is".to_owned(),
        _ => format!("{count} are"),
    }
}
