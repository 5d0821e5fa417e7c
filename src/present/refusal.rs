//! Why a figure or a table cannot be made, and how that is worded.

use crate::diagnostic::Diagnostic;
use std::fmt;

#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// No panel, no row, nothing to show.
    Empty { exhibit: String },
    /// Nothing in this series is a finite number within the window.
    NothingFinite { exhibit: String, series: String },
    /// Values and times (or the two ends of a band, or the cells of a row) differ in number.
    Lengths { exhibit: String, series: String, expected: usize, found: usize },
    /// A window or a period that ends before it begins, a probability outside 0 to 1.
    Range { exhibit: String, what: String, from: f64, to: f64 },
    /// More than a page can show legibly.
    TooMany { exhibit: String, what: String, found: usize, limit: usize },
    /// The bundled font, the drawing or the PDF writer failed: a fault of ours.
    Internal { exhibit: String, fault: String },
}

impl Refusal {
    /// The one place where these are worded.
    pub fn diagnostic(&self) -> Diagnostic {
        match self {
            Refusal::Empty { exhibit } => {
                Diagnostic::error("empty-exhibit", format!("exhibit `{exhibit}` has nothing to show"))
                    .help("name at least one series or variable for it, or remove it from the study")
            }
            Refusal::NothingFinite { exhibit, series } => Diagnostic::error(
                "nothing-finite",
                format!("exhibit `{exhibit}`: `{series}` has no finite value within the window"),
            )
            .help("check the window of the exhibit and the values of the series"),
            Refusal::Lengths { exhibit, series, expected, found } => Diagnostic::error(
                "unequal-lengths",
                format!("exhibit `{exhibit}`: `{series}` needs {expected} values and has {found}"),
            )
            .help("give one value for each time, and one cell for each column"),
            Refusal::Range { exhibit, what, from, to } => Diagnostic::error(
                "empty-range",
                format!("exhibit `{exhibit}`: {what} runs from {from} to {to}, which is no range"),
            )
            .help("let the first be smaller than the second"),
            Refusal::TooMany { exhibit, what, found, limit } => Diagnostic::error(
                "too-many-to-show",
                format!("exhibit `{exhibit}` has {found} {what}, and a page shows {limit} at most"),
            )
            .help("choose the most important, or cut the exhibit in two"),
            Refusal::Internal { exhibit, fault } => Diagnostic::error(
                "drawing-failed",
                format!("exhibit `{exhibit}` could not be drawn: {fault}; this is a bug of Levada"),
            )
            .help("report it with the study that makes this exhibit"),
        }
    }
}

/// What was drawn otherwise than asked, or left out, in a figure that was drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Remark {
    /// A log axis leaves out what is not positive.
    LeftOffLog { axis: String, count: usize },
    /// A log axis with nothing positive became linear.
    LogWithoutPositive { axis: String },
    /// Infinite, or too large to draw.
    Unbounded { series: String, count: usize },
    /// The bundled font lacks these.
    MissingGlyphs { characters: String },
    /// A cloud of points shown as counts in cells.
    Binned { draws: usize },
}

impl Remark {
    /// The one place where these are worded.
    pub(super) fn diagnostic(&self, exhibit: &str) -> Diagnostic {
        match self {
            Remark::LeftOffLog { axis, count } => Diagnostic::warning(
                "left-off-log-axis",
                format!(
                    "figure `{exhibit}`: {count} values of `{axis}` are not positive and are left off its log axis"
                ),
            )
            .help("draw it on a linear axis to show them"),
            Remark::LogWithoutPositive { axis } => Diagnostic::warning(
                "log-axis-without-positive",
                format!("figure `{exhibit}`: no value of `{axis}` is positive, so its axis is linear"),
            )
            .help("ask for a linear axis"),
            Remark::Unbounded { series, count } => Diagnostic::warning(
                "unbounded-values",
                format!("figure `{exhibit}`: {count} values of `{series}` are infinite or too large and are left out"),
            )
            .help("look for a division by zero or a runaway loop in the run behind it"),
            Remark::MissingGlyphs { characters } => Diagnostic::warning(
                "missing-glyphs",
                format!("figure `{exhibit}`: the bundled font has no glyph for {characters}"),
            )
            .help("write titles and labels in Latin, Greek or Cyrillic letters"),
            Remark::Binned { draws } => Diagnostic::note(
                "points-binned",
                format!("figure `{exhibit}`: {draws} draws are shown as counts in cells, not as points"),
            ),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic().message)
    }
}

impl std::error::Error for Refusal {}
