//! What can be wrong with a file of observations, and the words for it.

use crate::calendar::DateFault;
use crate::diagnostic::{Diagnostic, Source, Span};
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

#[cfg(test)]
mod tests {
    use crate::calendar::Calendar;
    use crate::diagnostic::{Source, render};
    use crate::series::read_observations;

    fn refusals(text: &str) -> String {
        let (_, diagnostics) = read_observations(&Source::new("data.csv", text), &Calendar::Years);
        diagnostics.iter().map(render).collect()
    }

    #[test]
    fn every_fault_of_a_file_in_one_run() {
        let text = "series,period_start,period_end,value,unit\n\
                    rent,2015-01-01,2015-12-31,high,CNY\n\
                    rent,2016-01-01,2016-12-31,\"1,200\",CNY\n\
                    rent,2017-02-30,2017-12-31,3,CNY\n\
                    rent,2018-01-01,31/12/2018,3,CNY\n\
                    rent,2019-12-31,2019-01-01,3,CNY\n\
                    rent,2020-01-01\n\
                    ,2020-01-01,2020-12-31,3,CNY\n\
                    rent,2021-01-01,2021-12-31,3,CNY\n\
                    rent,2021,2021,4,CNY\n\
                    rent,2022,2022,4,CNY,x,y\n\
                    rent,,2022,4,CNY\n";
        assert_eq!(
            refusals(text),
            r#"error[not-a-number]: `high` is not a number
 --> data.csv:2:28
  |
2 | rent,2015-01-01,2015-12-31,high,CNY
  |                            ^^^^ expected a number
  |
  = help: leave the cell empty, or write . or NA, where the value is missing
error[not-a-number]: `1,200` is not a number
 --> data.csv:3:28
  |
3 | rent,2016-01-01,2016-12-31,"1,200",CNY
  |                            ^^^^^^^ expected a number
  |
  = help: write numbers without thousands separators and with a decimal point
error[not-a-date]: there is no date `2017-02-30`
 --> data.csv:4:6
  |
4 | rent,2017-02-30,2017-12-31,3,CNY
  |      ^^^^^^^^^^ expected a date or period
  |
  = help: check the month, quarter and day
error[not-a-date]: `31/12/2018` does not tell the day from the month
 --> data.csv:5:17
  |
5 | rent,2018-01-01,31/12/2018,3,CNY
  |                 ^^^^^^^^^^ expected a date or period
  |
  = help: write the year first: 1990-03-15 for 15 March 1990
error[end-before-start]: the period ends (2019-01-01) before it starts (2019-12-31)
 --> data.csv:6:17
  |
6 | rent,2019-12-31,2019-01-01,3,CNY
  |                 ^^^^^^^^^^ ends too early
  |
  = help: exchange the two dates, or correct one
error[truncated-row]: the row has 2 cells where the header has 5
 --> data.csv:7:1
  |
7 | rent,2020-01-01
  | ^^^^^^^^^^^^^^^ ends too early
  |
  = help: fill the row up; a missing value is an empty cell between its commas
error[no-series-name]: the row does not say which series it belongs to
 --> data.csv:8:1
  |
8 | ,2020-01-01,2020-12-31,3,CNY
  | ^ empty name
  |
  = help: write the name of the series in every row
error[duplicate-observation]: `rent` is observed twice in 2021
  --> data.csv:10:16
   |
 9 | rent,2021-01-01,2021-12-31,3,CNY
   |                            - first value
10 | rent,2021,2021,4,CNY
   |                ^ second value
   |
   = help: keep one of the two; two sources of one quantity are two series, each with its own name
error[overlong-row]: the row has 7 cells where the header has 5
  --> data.csv:11:1
   |
11 | rent,2022,2022,4,CNY,x,y
   | ^^^^^^^^^^^^^^^^^^^^^^^^ too many cells
   |
   = help: put a cell that holds commas between quotation marks
error[not-a-date]: the row has no date
  --> data.csv:12:6
   |
12 | rent,,2022,4,CNY
   |      ^ expected a date or period
   |
   = help: write 1990, 1990H1, 1990Q1, 1990-03 or 1990-03-15
"#
        );
    }

    #[test]
    fn a_column_that_is_missing_is_sought_among_the_others() {
        assert_eq!(
            refusals("series,period_start,period_ned,valeu\nrent,2015,2015,3\n"),
            r#"error[missing-column]: the file has no column `period_end`
 --> data.csv:1:21
  |
1 | series,period_start,period_ned,valeu
  |                     ^^^^^^^^^^ did you mean this `period_ned` to be `period_end`?
  |
  = help: one observation a row needs series, period_start, period_end (or one column period) and value
error[missing-column]: the file has no column `value`
 --> data.csv:1:32
  |
1 | series,period_start,period_ned,valeu
  |                                ^^^^^ did you mean this `valeu` to be `value`?
  |
  = help: one observation a row needs series, period_start, period_end (or one column period) and value
"#
        );
        assert_eq!(
            refusals("series,period_start,period_end\nrent,2015,2015\n"),
            r#"error[missing-column]: the file has no column `value`
 --> data.csv:1:1
  |
1 | series,period_start,period_end
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ header without it
  |
  = help: one observation a row needs series, period_start, period_end (or one column period) and value
"#
        );
    }

    #[test]
    fn files_that_are_no_table() {
        let empty = "error[empty-file]: the file holds no observations\n--> data.csv\n \
                     = help: expected a header row and at least one row below it\n";
        assert_eq!(refusals(""), empty);
        assert_eq!(refusals("date,rent\n"), empty);
        assert_eq!(
            refusals("date;rent\n2015;3,5\n"),
            r#"error[wrong-separator]: columns are separated by semicolons
 --> data.csv:1:1
  |
1 | date;rent
  | ^^^^^^^^^ no comma in the header
  |
  = help: save the file with commas between cells and points in decimal numbers
"#
        );
        assert_eq!(
            refusals("date,rent\n2015,\"3,5\n2016,6\n"),
            r#"error[open-quote]: a quotation mark is never closed
 --> data.csv:2:6
  |
2 | 2015,"3,5
  |      ^ opened here
  |
  = help: close the cell with ", and write a quotation mark inside a cell as ""
"#
        );
        assert_eq!(
            refusals("date,rent,Rent,\n2015,3,3,6\n"),
            r#"error[repeated-column]: two columns are called `Rent`
 --> data.csv:1:11
  |
1 | date,rent,Rent,
  |           ^^^^ second column of that name
  |
  = help: give every column its own name
error[unnamed-column]: a column with values has no name
 --> data.csv:1:16
  |
1 | date,rent,Rent,
  |                ^ no name here
  |
  = help: name the column in the header, or remove it
"#
        );
    }
}
