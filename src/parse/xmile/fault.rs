//! What can be wrong with an XMILE file, and the words for it.

use crate::diagnostic::{Diagnostic, Source, Span, nearest};
use std::sync::Arc;

/// A finding of the reader; its place stands beside it in [`Faults`].
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    // the file
    FileTooLarge { bytes: usize },
    Malformed(String),
    UndeclaredPrefix(String),
    NotXmile { root: String },
    NoModel,
    UnknownElement { name: String, within: &'static str, known: &'static [&'static str] },
    UnknownVendorElement { name: String, variable: String },
    UnusedModel(String),
    // settings
    MissingSimSpecs,
    MissingTime(&'static str),
    BadStep(String),
    DifferentSimSpecs { model: Option<String> },
    EmptyDimension(String),
    DimensionTooLarge { name: String, size: String },
    // variables
    MissingName(&'static str),
    Duplicate { what: &'static str, name: String, first: Span },
    MissingEquation { name: String, is_input: bool },
    Placeholder { name: String },
    UnknownDimension { name: String, variable: String, nearest: Option<String> },
    UnknownTarget { name: String, dimension: String, nearest: Option<String> },
    BadElementSubscript { text: String, variable: String, expected: usize },
    UnknownElementSubscript { text: String, dimension: String, nearest: Option<String> },
    MissingElements { variable: String, missing: Vec<String>, more: usize },
    ValueCount { variable: String, found: usize, expected: usize },
    UnknownFlow { flow: String, stock: String, nearest: Option<String> },
    NotAFlow { flow: String, stock: String },
    // graphical functions
    TableWithoutPoints(String),
    TableCounts { name: String, x: usize, y: usize },
    TableWithoutScale(String),
    TableNotAscending(String),
    TableNumber(String),
    TableType { name: String, text: String },
    // modules
    UnknownModule { name: String, nearest: Option<String> },
    RecursiveModule(String),
    ModuleTwice(String),
    ConnectionTo { name: String, module: String, nearest: Option<String> },
    ConnectionFrom { name: String, module: String, nearest: Option<String> },
    ConnectionNotInput { name: String, module: String },
    ConnectionTwice { name: String, first: Span },
    ConnectionCycle { name: String },
    // macros
    RecursiveMacro(String),
    // equations
    UnexpectedCharacter(char),
    UnclosedComment,
    UnclosedQuote,
    NumberOutOfRange,
    UnclosedBracket { open: char },
    UnopenedBracket { close: char },
    ExpectedValue { found: Option<String> },
    ExpectedOperator { found: String },
    NotBehind,
    MissingCondition,
    MissingThen,
    MissingElse,
    BadIndex,
    NotCallable { name: String },
    TooDeep { levels: usize },
    // what is not run
    Unsupported { construct: String, variable: Option<String>, instead: &'static str },
    Ignored { construct: String, effect: &'static str },
}

/// Faults after which no more are kept: the text is then no model.
const MOST_FAULTS: usize = 1_000;

/// The findings of one file in the order found.
pub(super) struct Faults {
    source: Arc<Source>,
    found: Vec<(Fault, Span)>,
}

impl Faults {
    pub fn of(source: &Arc<Source>) -> Self {
        Faults { source: source.clone(), found: Vec::new() }
    }

    pub fn push(&mut self, fault: Fault, span: Span) {
        if self.found.len() < MOST_FAULTS {
            self.found.push((fault, span));
        }
    }

    /// Diagnostics in the order of the file.
    pub fn into_diagnostics(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|(_, span)| span.start);
        let source = self.source;
        self.found.iter().map(|(fault, span)| diagnostic(fault, *span, &source)).collect()
    }
}

/// The words for every fault.
fn diagnostic(fault: &Fault, span: Span, source: &Arc<Source>) -> Diagnostic {
    let error = |code, message: String, label: &str| Diagnostic::error(code, message).at(source, span, label);
    let warning = |code, message: String, label: &str| Diagnostic::warning(code, message).at(source, span, label);
    let suggestion = |near: &Option<String>, otherwise: &str| match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => otherwise.to_owned(),
    };
    match fault {
        Fault::FileTooLarge { bytes } => {
            Diagnostic::error("file-too-large", format!("the file has {} MB, more than the 64 MB that are read", bytes >> 20))
                .in_file(source)
                .help("save the model without pictures and stored runs")
        }
        Fault::Malformed(reason) => error("malformed-xml", format!("this is not well-formed XML: {reason}"), "here")
            .help(match reason {
                reason if reason.contains("entity reference") => "write `&amp;` for `&`, and AND in equations",
                reason if reason.contains("the file ends") => "the file was cut off: fetch it again, or save it again from the tool that wrote it",
                _ => "mend the file at this place, or save it again from the tool that wrote it",
            }),
        Fault::UndeclaredPrefix(prefix) => Diagnostic::note(
            "undeclared-prefix",
            format!("the prefix `{prefix}` is used and never declared; its elements are read as a vendor's"),
        )
        .at(source, span, "first used here")
        .help(format!("write xmlns:{prefix}=\"...\" in the xmile element")),
        Fault::NotXmile { root } => {
            error("not-xmile", format!("this is not an XMILE file: its outermost element is `{root}`, not `xmile`"), "this element")
                .help("export the model as XMILE (.xmile, .stmx, .itmx)")
        }
        Fault::NoModel => error("no-model", "the file holds no `model` element".into(), "within this element")
            .help("export the model as XMILE with its equations"),
        Fault::UnknownElement { name, within, known } => {
            error("unknown-element", format!("`{name}` is not an element of {within}"), "unknown to XMILE").help(
                match nearest(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("elements that may stand here: {}", known.join(", ")),
                },
            )
        }
        Fault::UnknownVendorElement { name, variable } => warning(
            "unknown-vendor-element",
            format!("`{name}` of `{variable}` belongs to another tool and is ignored"),
            "not understood",
        )
        .help("make sure that it does not change the numbers, or write its meaning as an equation"),
        Fault::UnusedModel(name) => {
            warning("unused-model", format!("the model `{name}` is in no module and is not run"), "this model")
                .help(format!("add <module name=\"{name}\"/> to the variables of the model that uses it"))
        }
        Fault::MissingSimSpecs => {
            error("missing-sim-specs", "the file does not say from when to when to simulate".into(), "within this element")
                .help("add <sim_specs><start>0</start><stop>100</stop><dt>0.25</dt></sim_specs>")
        }
        Fault::MissingTime(what) => error("missing-sim-specs", format!("`sim_specs` has no `{what}`"), "within this element")
            .help(format!("add <{what}> with a number")),
        Fault::BadStep(text) => error("bad-step", format!("the time step `{text}` is not a positive number"), "not a step")
            .help("write a positive number such as <dt>0.25</dt> or <dt reciprocal=\"true\">4</dt>"),
        Fault::DifferentSimSpecs { model } => error(
            "unsupported",
            format!(
                "{} has simulation settings of its own, which differ from those of the file",
                model.as_ref().map_or("the root model".to_owned(), |name| format!("the model `{name}`"))
            ),
            "these settings",
        )
        .help("give all models of the file one start, stop and dt"),
        Fault::EmptyDimension(name) => {
            error("empty-dimension", format!("the dimension `{name}` has no elements"), "this dimension")
                .help("give it a size=\"...\" or <elem name=\"...\"/> elements")
        }
        Fault::DimensionTooLarge { name, size } => {
            error("bad-dimension-size", format!("`{size}` is not a size for the dimension `{name}`"), "this dimension")
                .help("write a whole number from 1 to 1000000")
        }
        Fault::MissingName(what) => {
            error("missing-name", format!("this `{what}` has no name"), "this element").help("add name=\"...\"")
        }
        Fault::Duplicate { what, name, first } => {
            error("duplicate-name", format!("the {what} `{name}` is defined twice"), "second definition")
                .also(*first, "first definition")
                .help("rename or remove one of them")
        }
        Fault::MissingEquation { name, is_input } => {
            error("missing-equation", format!("`{name}` has no equation"), "no equation within").help(if *is_input {
                "connect this input in the module that holds it, or give it an equation"
            } else {
                "add <eqn>...</eqn>"
            })
        }
        Fault::Placeholder { name } => error(
            "placeholder-equation",
            format!("the equation of `{name}` is the placeholder `???`"),
            "not an equation",
        )
        .help("the tool that exported this file could not translate the equation: write it here, or read the original model"),
        Fault::UnknownDimension { name, variable, nearest } => {
            error("unknown-dimension", format!("`{variable}` uses the dimension `{name}`, which is not defined"), "not defined")
                .help(suggestion(nearest, "define it in the <dimensions> of the file"))
        }
        Fault::UnknownTarget { name, dimension, nearest } => {
            error("unknown-dimension", format!("`{dimension}` maps to the dimension `{name}`, which is not defined"), "not defined")
                .help(suggestion(nearest, "define it in the <dimensions> of the file"))
        }
        Fault::BadElementSubscript { text, variable, expected } => error(
            "bad-element",
            format!("`{text}` does not name an element of `{variable}`, which has {}", counted(*expected, "dimension")),
            "this element",
        )
        .help("name one element for each dimension, separated by commas"),
        Fault::UnknownElementSubscript { text, dimension, nearest } => {
            error("bad-element", format!("`{text}` is not an element of the dimension `{dimension}`"), "not an element")
                .help(suggestion(nearest, "use the names in the <dimensions> of the file"))
        }
        Fault::MissingElements { variable, missing, more } => {
            let mut list = missing.iter().map(|name| format!("[{name}]")).collect::<Vec<_>>().join(", ");
            if *more > 0 {
                list.push_str(&format!(" and {more} more"));
            }
            error("missing-elements", format!("`{variable}` has no equation for {list}"), "this variable")
                .help("add an <element> for each, or an <eqn> for all that have none of their own")
        }
        Fault::ValueCount { variable, found, expected } => error(
            "value-count",
            format!("`{variable}` has {} and {} listed", counted(*expected, "element"), counted(*found, "number")),
            "this list",
        )
        .help("list one number for each element, the last dimension fastest"),
        Fault::UnknownFlow { flow, stock, nearest } => {
            error("unknown-flow", format!("the stock `{stock}` names the flow `{flow}`, which does not exist"), "no such flow")
                .help(suggestion(nearest, "define the flow, or remove it from the stock"))
        }
        Fault::NotAFlow { flow, stock } => {
            error("not-a-flow", format!("the stock `{stock}` names `{flow}` as a flow, which is a stock itself"), "a stock")
                .help("name a flow")
        }
        Fault::TableWithoutPoints(name) => {
            error("bad-graphical-function", format!("the graphical function of `{name}` has no points"), "no points within")
                .help("add <ypts>...</ypts>")
        }
        Fault::TableCounts { name, x, y } => error(
            "bad-graphical-function",
            format!("the graphical function of `{name}` has {} and {}", counted(*x, "x value"), counted(*y, "y value")),
            "these points",
        )
        .help("give one x value for each y value"),
        Fault::TableWithoutScale(name) => error(
            "bad-graphical-function",
            format!("the graphical function of `{name}` has neither x values nor an x scale"),
            "this function",
        )
        .help("add <xscale min=\"...\" max=\"...\"/> or <xpts>...</xpts>"),
        Fault::TableNotAscending(name) => error(
            "bad-graphical-function",
            format!("the x values of the graphical function of `{name}` are not in ascending order"),
            "these values",
        )
        .help("sort the points by x"),
        Fault::TableNumber(text) if text.is_empty() => {
            error("bad-graphical-function", "a number is missing in this list".into(), "nothing here")
                .help("remove the separator, or write the number")
        }
        Fault::TableNumber(text) => {
            error("bad-graphical-function", format!("`{text}` is not a number"), "in this list").help("list finite numbers, separated by commas")
        }
        Fault::TableType { name, text } => {
            error("bad-graphical-function", format!("the graphical function of `{name}` has the unknown type `{text}`"), "this type")
                .help("write continuous, extrapolate or discrete")
        }
        Fault::UnknownModule { name, nearest } => {
            error("unknown-module", format!("the file has no model `{name}` for this module"), "this module")
                .help(suggestion(nearest, "add a <model> of this name, or paste the module's file into this one"))
        }
        Fault::RecursiveModule(name) => {
            error("recursive-module", format!("the module `{name}` contains itself"), "this module").help("remove one of the modules on the way")
        }
        Fault::ModuleTwice(name) => error("module-twice", format!("the model `{name}` is in two modules"), "second module")
            .help("give each module a model of its own name"),
        Fault::ConnectionTo { name, module, nearest } => {
            error("bad-connection", format!("the module `{module}` connects to `{name}`, which does not exist"), "this connection")
                .help(suggestion(nearest, "connect to a variable with access=\"input\""))
        }
        Fault::ConnectionFrom { name, module, nearest } => {
            error("bad-connection", format!("the module `{module}` connects from `{name}`, which does not exist"), "this connection")
                .help(suggestion(nearest, "connect from a variable of another module, or of the root as `.name`"))
        }
        Fault::ConnectionNotInput { name, module } => warning(
            "bad-connection",
            format!("the module `{module}` connects to `{name}`, which is not marked as an input; the connection replaces its equation"),
            "this connection",
        )
        .help("add access=\"input\" to the variable"),
        Fault::ConnectionTwice { name, first } => {
            error("bad-connection", format!("the input `{name}` is connected twice"), "second connection")
                .also(*first, "first connection")
                .help("remove one of them")
        }
        Fault::ConnectionCycle { name } => {
            error("bad-connection", format!("the connections of `{name}` lead back to itself"), "this connection")
                .help("connect one of the inputs on the way to a variable with an equation")
        }
        Fault::RecursiveMacro(name) => {
            error("recursive-macro", format!("the macro `{name}` calls itself"), "this macro").help("write the repetition out")
        }
        Fault::UnexpectedCharacter(character) => error(
            "unexpected-character",
            format!("the character `{}` has no meaning in an equation", character.escape_debug()),
            "unexpected",
        )
        .help(replacement(*character)),
        Fault::UnclosedComment => {
            error("unclosed-comment", "a comment is not closed".into(), "opened here").help("close it with `}`")
        }
        Fault::UnclosedQuote => {
            error("unclosed-quote", "a quotation is not closed".into(), "opened here").help("close it with the same mark")
        }
        Fault::NumberOutOfRange => error("number-out-of-range", "this number is too large to be represented".into(), "this number")
            .help("numbers reach from -1.797e308 to 1.797e308; infinity is written INF"),
        Fault::UnclosedBracket { open } => {
            let close = if *open == '(' { ')' } else { ']' };
            error("unbalanced-bracket", format!("`{open}` is not closed"), "opened here").help(format!("add the missing `{close}`"))
        }
        Fault::UnopenedBracket { close } => {
            error("unbalanced-bracket", format!("`{close}` closes nothing"), "nothing is open here").help("remove it, or add its partner")
        }
        Fault::ExpectedValue { found: None } => {
            error("expected-value", "the equation ends where a value is expected".into(), "after this").help("complete the equation")
        }
        Fault::ExpectedValue { found: Some(found) } => {
            error("expected-value", format!("a value is expected before `{found}`"), "value missing here").help("complete the equation")
        }
        Fault::ExpectedOperator { found } => {
            error("expected-operator", format!("an operator is expected before `{found}`"), "not expected here").help(
                match found.to_ascii_lowercase().as_str() {
                    "not" => "NOT stands before what it negates",
                    "," => "a comma separates arguments and indices only; decimals stand behind a point",
                    "(" => "multiplication is written with `*`",
                    "!" => "inequality is written `<>`",
                    _ => "names with spaces are written with underscores, or within quotation marks",
                },
            )
        }
        Fault::NotBehind => warning("not-behind", "NOT stands behind what it negates".into(), "read as if it stood before it")
            .help("early XMUtil wrote it so: write NOT before its operand"),
        Fault::MissingCondition => error("missing-condition", "this IF has no condition".into(), "before THEN")
            .help("write IF condition THEN a ELSE b; IF THEN ELSE(condition, a, b) is Vensim's"),
        Fault::MissingThen => error("missing-then", "this IF has no THEN".into(), "this IF").help("write IF ... THEN ... ELSE ..."),
        Fault::MissingElse => error("missing-else", "this IF has no ELSE".into(), "this IF").help("write IF ... THEN ... ELSE ..."),
        Fault::BadIndex => error("bad-index", "this is not an index of an array".into(), "this index")
            .help("write an element, a dimension, `*`, or a number from 1"),
        Fault::NotCallable { name } => {
            error("not-a-function", format!("`{name}` is a variable, not a function or graphical function"), "applied here")
                .help("write `*` for a product, or [ ] around indices")
        }
        Fault::TooDeep { levels } => {
            error("too-deep", format!("the equation has more than {levels} levels"), "too deep here")
                .help("divide it among several variables")
        }
        Fault::Unsupported { construct, variable, instead } => {
            let message = match variable {
                Some(variable) => format!("`{variable}` has {construct}, which cannot be run"),
                None => format!("{construct} cannot be run"),
            };
            error("unsupported", message, "not supported").help(*instead)
        }
        Fault::Ignored { construct, effect } => {
            warning("ignored", format!("{construct} is ignored: {effect}"), "ignored").help("remove it if this is not what you want")
        }
    }
}

fn counted(number: usize, noun: &str) -> String {
    match number {
        0 => format!("no {noun}s"),
        1 => format!("one {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

fn replacement(character: char) -> String {
    let instead = match character {
        '\u{2212}' | '\u{2013}' | '\u{2014}' => "-",
        '\u{d7}' | '\u{b7}' => "*",
        '\u{f7}' => "/",
        '\u{2264}' => "<=",
        '\u{2265}' => ">=",
        '\u{2260}' | '!' => "<>",
        '\u{201c}' | '\u{201d}' => "\"",
        '&' => "AND",
        '|' => "OR",
        '}' => return "add the `{` that opens the comment, or remove it".into(),
        _ => return "remove it; a name that contains it is written within quotation marks".into(),
    };
    format!("write `{instead}`")
}
