//! What can be wrong with a variation, and the one place that words it.

use crate::diagnostic::{Diagnostic, Source, Span};
use crate::series::OpenFault;
use std::sync::Arc;

/// A fault of what was asked to vary.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Neither a file nor `name=law(...)`.
    NotAVariation,
    UnknownFileType,
    Open(OpenFault),
    Syntax {
        reason: String,
    },
    UnknownKey {
        key: String,
        nearest: Option<String>,
    },
    WrongType {
        key: String,
        wanted: &'static str,
    },
    NotALaw,
    UnknownLaw {
        word: String,
        nearest: Option<&'static str>,
    },
    Arguments {
        law: &'static str,
        wanted: String,
        found: usize,
    },
    UnknownArgument {
        law: &'static str,
        word: String,
        wanted: String,
    },
    NotANumber {
        text: String,
    },
    Impossible {
        why: String,
    },
    /// The law has next to no probability between the bounds.
    NothingBetween {
        lower: f64,
        upper: f64,
    },
    UnknownConstant {
        name: String,
        nearest: Option<String>,
    },
    NotConstant {
        name: String,
    },
    /// A constant that shaped the program.
    Structural {
        name: String,
    },
    Control {
        name: String,
    },
    Twice {
        name: String,
    },
    AlsoSet {
        name: String,
    },
    NothingVaries,
    Design {
        reason: String,
    },
    NotVaried {
        name: String,
    },
    /// Numbers of a correlation outside -1..1, or of a constant with itself.
    BadCorrelation,
    /// The correlations contradict each other.
    Indefinite,
    /// A row of draws with another number of cells than the header.
    Ragged {
        cells: usize,
        columns: usize,
    },
    MemberTwice {
        number: u64,
    },
    NoRows,
    TooFewRows {
        asked: u64,
        rows: u64,
    },
    NoSuchMember {
        number: u64,
        members: u64,
    },
    MembersUnknown,
}

/// A fault and its place, where it has one.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub fault: Fault,
    pub place: Option<(Arc<Source>, Span)>,
}

impl Finding {
    pub fn new(fault: Fault) -> Finding {
        Finding { fault, place: None }
    }

    pub fn at(fault: Fault, source: &Arc<Source>, span: Span) -> Finding {
        Finding { fault, place: Some((source.clone(), span)) }
    }

    pub fn diagnostic(&self) -> Diagnostic {
        let (code, message, label, help) = words(&self.fault);
        let found = Diagnostic::error(code, message).help(help);
        match &self.place {
            Some((source, span)) => found.at(source, *span, label),
            None => found,
        }
    }
}

/// Example of a variation, for help.
const EXAMPLE: &str = "write for example --vary \"contact rate=uniform(4, 12)\", or name a .toml or .csv file";

/// Code, message, label beside the place, next step.
fn words(fault: &Fault) -> (&'static str, String, &'static str, String) {
    let here = "here";
    match fault {
        Fault::NotAVariation => (
            "bad-variation",
            "`--vary` takes a file or \"name=law(numbers)\"; this is neither".to_owned(),
            "no file has this name",
            EXAMPLE.to_owned(),
        ),
        Fault::UnknownFileType => (
            "bad-variation",
            "a file of variations ends in .toml (laws) or .csv (draws)".to_owned(),
            "this file",
            EXAMPLE.to_owned(),
        ),
        Fault::Open(fault) => {
            let (code, message, help) = fault.words();
            (code, message, here, help)
        }
        Fault::Syntax { reason } => {
            ("toml-syntax", format!("the file is not TOML: {reason}"), here, "correct it and run again".to_owned())
        }
        Fault::UnknownKey { key, nearest } => (
            "unknown-key",
            format!("`{key}` means nothing in a file of variations"),
            "this key",
            suggestion(nearest.as_deref(), "known are design, seed, members, [vary] and [[correlation]]"),
        ),
        Fault::WrongType { key, wanted } => {
            ("wrong-type", format!("`{key}` must be {wanted}"), here, "correct the value".to_owned())
        }
        Fault::NotALaw => (
            "bad-law",
            "a law is written word(numbers), and may be cut by: in [low, high]".to_owned(),
            here,
            "write for example normal(6, 1) in [2, 10]".to_owned(),
        ),
        Fault::UnknownLaw { word, nearest } => (
            "unknown-law",
            format!("there is no law `{word}`"),
            "this word",
            suggestion(
                *nearest,
                "known are uniform, loguniform, normal, lognormal, triangular, beta, gamma, exponential, weibull, \
                 poisson and choice",
            ),
        ),
        Fault::Arguments { law, wanted, found } => (
            "law-arguments",
            format!("`{law}` takes {wanted}; {found} numbers are given"),
            here,
            format!("write {law}({wanted})"),
        ),
        Fault::UnknownArgument { law, word, wanted } => (
            "law-arguments",
            format!("`{law}` has no argument `{word}`"),
            "this argument",
            format!("write {law}({wanted})"),
        ),
        Fault::NotANumber { text } if text.is_empty() => {
            ("not-a-number", "a number is missing".to_owned(), here, "write a number or a fraction".to_owned())
        }
        Fault::NotANumber { text } => {
            ("not-a-number", format!("`{text}` is not a number"), here, "write a number or a fraction".to_owned())
        }
        Fault::Impossible { why } => ("impossible-law", why.clone(), here, "correct the numbers of the law".to_owned()),
        Fault::NothingBetween { lower, upper } => (
            "impossible-law",
            format!("the law has no probability between {lower} and {upper}"),
            here,
            "move the bounds or the law".to_owned(),
        ),
        Fault::UnknownConstant { name, nearest } => (
            "unknown-constant",
            format!("the model has no constant `{name}` to vary"),
            "this name",
            suggestion(nearest.as_deref(), "a constant is a variable that the model defines by a number"),
        ),
        Fault::NotConstant { name } => (
            "not-constant",
            format!("`{name}` is computed by the model and cannot be varied"),
            "this name",
            "vary one of the constants it is computed from".to_owned(),
        ),
        Fault::Structural { name } => (
            "structural-constant",
            format!("`{name}` decides what the equations are and cannot differ between members"),
            "this name",
            "run one ensemble for each of its values, with --set".to_owned(),
        ),
        Fault::Control { name } => (
            "control-varied",
            format!("`{name}` decides when values are saved; summaries need the same times in every member"),
            "this name",
            "run one ensemble for each of its values, with --set".to_owned(),
        ),
        Fault::Twice { name } => {
            ("varied-twice", format!("`{name}` is varied twice"), "again here", "keep one of the two".to_owned())
        }
        Fault::AlsoSet { name } => (
            "set-and-varied",
            format!("`{name}` is both set and varied"),
            "varied here",
            "leave out one of --set and --vary".to_owned(),
        ),
        Fault::NothingVaries => (
            "nothing-varies",
            "all members would be the same: nothing is varied and the model draws nothing at random".to_owned(),
            here,
            EXAMPLE.to_owned(),
        ),
        Fault::Design { reason } => (
            "design-limit",
            reason.clone(),
            here,
            "choose design = \"random\" or \"latin-hypercube\", or fewer members".to_owned(),
        ),
        Fault::NotVaried { name } => (
            "not-varied",
            format!("`{name}` is correlated but no law varies it"),
            "this name",
            "add it to [vary]".to_owned(),
        ),
        Fault::BadCorrelation => (
            "bad-correlation",
            "a correlation needs two different names in `between` and a `rho` between -1 and 1".to_owned(),
            here,
            "write for example between = [\"contact rate\", \"duration\"], rho = 0.5".to_owned(),
        ),
        Fault::Indefinite => (
            "bad-correlation",
            "no numbers can have these correlations at once".to_owned(),
            "with this one the matrix is not positive definite",
            "bring one of them nearer to zero".to_owned(),
        ),
        Fault::Ragged { cells, columns } => (
            "ragged-row",
            format!("the row has {cells} cells, the header {columns}"),
            here,
            "give every row a cell for each column".to_owned(),
        ),
        Fault::MemberTwice { number } => (
            "member-twice",
            format!("member {number} has two rows"),
            "again here",
            "number the rows differently, or leave out the column `member`".to_owned(),
        ),
        Fault::NoRows => {
            ("no-draws", "the file has no rows of draws".to_owned(), here, "add one row for each member".to_owned())
        }
        Fault::TooFewRows { asked, rows } => (
            "too-few-draws",
            format!("{asked} members are asked for, but the file has {rows} rows of draws"),
            here,
            "ask for fewer with --members, or leave it out".to_owned(),
        ),
        Fault::NoSuchMember { number, members } => (
            "no-such-member",
            format!("there is no member {number} among {members}"),
            here,
            "members are numbered from 0; --members says how many there are".to_owned(),
        ),
        Fault::MembersUnknown => (
            "members-unknown",
            "how many members are there?".to_owned(),
            here,
            "add --members N; a Latin hypercube's members depend on their number".to_owned(),
        ),
    }
}

fn suggestion(nearest: Option<&str>, otherwise: &str) -> String {
    match nearest {
        Some(name) => format!("did you mean `{name}`?"),
        None => otherwise.to_owned(),
    }
}
