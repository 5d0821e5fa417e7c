//! What cannot be written as XMILE, and the words for it.

use crate::diagnostic::Diagnostic;

/// A reason not to write the file.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// The equation could not be read.
    Unreadable { variable: String },
    /// No dimension holds all elements that the equations define.
    NoDimension { variable: String, place: usize },
    /// An array of too many elements to write one by one.
    TooManyElements { variable: String },
}

impl Refusal {
    /// The words.
    pub(super) fn diagnostic(&self) -> Diagnostic {
        match self {
            Refusal::Unreadable { variable } => Diagnostic::error(
                "not-writable",
                format!("`{variable}` cannot be written: its equation could not be read"),
            )
            .help("correct the equation in the model first"),
            Refusal::NoDimension { variable, place } => Diagnostic::error(
                "not-writable",
                format!("`{variable}` cannot be written: no dimension holds all elements of its subscript {place}"),
            )
            .help("define a dimension with these elements"),
            Refusal::TooManyElements { variable } => Diagnostic::error(
                "not-writable",
                format!(
                    "`{variable}` cannot be written: it has more than a million elements with equations of their own"
                ),
            )
            .help("write one equation for all elements"),
        }
    }
}
