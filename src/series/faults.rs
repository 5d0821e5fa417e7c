//! What can be wrong with a file of observations, and the words for it.

use crate::calendar::DateFault;
use crate::diagnostic::{Diagnostic, Source, Span};
use std::path::PathBuf;
use std::sync::Arc;

/// A fault and its place in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct DataFinding {
    pub fault: DataFault,
    pub span: Span,
}

/// What can be wrong with a file of observations.
#[derive(Clone, Debug, PartialEq)]
pub enum DataFault {
    /// No file of that name; `similar` stands in the same folder.
    NotFound {
        path: PathBuf,
        similar: Option<String>,
    },
    /// The system refuses to read it.
    Unreadable {
        path: PathBuf,
        reason: String,
    },
    NotUtf8 {
        path: PathBuf,
        line: usize,
    },
    /// No header, or a header and nothing below it.
    Empty,
    /// The header has no comma but many of this character.
    Separator {
        found: char,
    },
    MissingColumn {
        column: &'static str,
        nearest: Option<String>,
    },
    RepeatedColumn {
        column: String,
    },
    UnnamedColumn,
    /// A quotation mark that nothing closes.
    OpenQuote,
    /// A row with another number of cells than the header has.
    RowLength {
        found: usize,
        wanted: usize,
    },
    NotANumber {
        text: String,
    },
    NotADate {
        text: String,
        fault: DateFault,
    },
    EndBeforeStart {
        start: String,
        end: String,
    },
    NoSeriesName,
    /// The same series and period twice; `first` is the earlier value.
    Duplicate {
        series: String,
        period: String,
        first: Span,
    },
}

impl DataFinding {
    /// The only place where faults of data files are worded.
    pub fn diagnostic(&self, source: &Arc<Source>) -> Diagnostic {
        let here = |code, message: String, label: &str, help: &str| {
            Diagnostic::error(code, message).at(source, self.span, label).help(help)
        };
        match &self.fault {
            DataFault::NotFound { path, similar } => {
                let found = Diagnostic::error("file-not-found", format!("there is no file {}", path.display()));
                found.help(match similar {
                    Some(similar) => format!("did you mean {similar}?"),
                    None => "paths in a study are relative to the folder of the study file".to_owned(),
                })
            }
            DataFault::Unreadable { path, reason } => {
                Diagnostic::error("file-unreadable", format!("cannot read {}: {reason}", path.display()))
                    .help("check that it is a file and that you may read it")
            }
            DataFault::NotUtf8 { path, line } => Diagnostic::error(
                "not-utf8",
                format!("{} is not UTF-8 text: the first foreign byte stands on line {line}", path.display()),
            )
            .help("save it again as \"CSV UTF-8\""),
            DataFault::Empty => Diagnostic::error("empty-file", "the file holds no observations")
                .in_file(source)
                .help("expected a header row and at least one row below it"),
            DataFault::Separator { found } => {
                let name = if *found == ';' { "semicolons" } else { "tabs" };
                here(
                    "wrong-separator",
                    format!("columns are separated by {name}"),
                    "no comma in the header",
                    "save the file with commas between cells and points in decimal numbers",
                )
            }
            DataFault::MissingColumn { column, nearest } => {
                let message = format!("the file has no column `{column}`");
                match nearest {
                    Some(nearest) => here(
                        "missing-column",
                        message,
                        &format!("did you mean this `{nearest}` to be `{column}`?"),
                        "one observation a row needs series, period_start, period_end (or one column period) and value",
                    ),
                    None => here(
                        "missing-column",
                        message,
                        "header without it",
                        "one observation a row needs series, period_start, period_end (or one column period) and value",
                    ),
                }
            }
            DataFault::RepeatedColumn { column } => here(
                "repeated-column",
                format!("two columns are called `{column}`"),
                "second column of that name",
                "give every column its own name",
            ),
            DataFault::UnnamedColumn => here(
                "unnamed-column",
                "a column with values has no name".to_owned(),
                "no name here",
                "name the column in the header, or remove it",
            ),
            DataFault::OpenQuote => here(
                "open-quote",
                "a quotation mark is never closed".to_owned(),
                "opened here",
                "close the cell with \", and write a quotation mark inside a cell as \"\"",
            ),
            DataFault::RowLength { found, wanted } if found < wanted => here(
                "truncated-row",
                format!("the row has {} where the header has {wanted}", cells(*found)),
                "ends too early",
                "fill the row up; a missing value is an empty cell between its commas",
            ),
            DataFault::RowLength { found, wanted } => here(
                "overlong-row",
                format!("the row has {} where the header has {wanted}", cells(*found)),
                "too many cells",
                "put a cell that holds commas between quotation marks",
            ),
            DataFault::NotANumber { text } => here(
                "not-a-number",
                format!("`{text}` is not a number"),
                "expected a number",
                if text.contains(',') && text.chars().all(|c| c.is_ascii_digit() || ",.-+ ".contains(c)) {
                    "write numbers without thousands separators and with a decimal point"
                } else {
                    "leave the cell empty, or write . or NA, where the value is missing"
                },
            ),
            DataFault::NotADate { text, fault } => {
                let (message, help) = date_words(text, fault);
                here("not-a-date", message, "expected a date or period", help)
            }
            DataFault::EndBeforeStart { start, end } => here(
                "end-before-start",
                format!("the period ends ({end}) before it starts ({start})"),
                "ends too early",
                "exchange the two dates, or correct one",
            ),
            DataFault::NoSeriesName => here(
                "no-series-name",
                "the row does not say which series it belongs to".to_owned(),
                "empty name",
                "write the name of the series in every row",
            ),
            DataFault::Duplicate { series, period, first } => here(
                "duplicate-observation",
                format!("`{series}` is observed twice in {period}"),
                "second value",
                "keep one of the two; two sources of one quantity are two series, each with its own name",
            )
            .also(*first, "first value"),
        }
    }
}

fn cells(count: usize) -> String {
    if count == 1 { "1 cell".to_owned() } else { format!("{count} cells") }
}

fn date_words(text: &str, fault: &DateFault) -> (String, &'static str) {
    const FORMS: &str = "write 1990, 1990H1, 1990Q1, 1990-03 or 1990-03-15";
    if text.is_empty() {
        return ("the row has no date".to_owned(), FORMS);
    }
    match fault {
        DateFault::Unreadable => (format!("`{text}` is not a date or period"), FORMS),
        DateFault::Impossible => (format!("there is no date `{text}`"), "check the month, quarter and day"),
        DateFault::Ambiguous => (
            format!("`{text}` does not tell the day from the month"),
            "write the year first: 1990-03-15 for 15 March 1990",
        ),
        DateFault::OutOfRange => (format!("`{text}` lies outside the years 1 to 9999"), "check the year"),
    }
}
