//! Columns of tables in CSV, chosen by name and by what stands in other columns, and everything that can be wrong with them.

use crate::diagnostic::{Diagnostic, Source, Span, nearest};
use crate::series::open_text;
use crate::study::document::Located;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    pub table: Located<String>,
    /// Columns and the text that stands in them.
    pub filter: Vec<(Located<String>, Located<String>)>,
}

/// Why a column cannot be had.
enum Fault {
    Unreadable { table: String, reason: String },
    NoColumn { table: String, column: String, nearest: Option<String> },
    NoRow { table: String, wanted: String },
    NotANumber { table: String, row: usize, column: String, text: String },
}

struct Read {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// The tables of one description, each read once.
pub struct Tables<'s> {
    folder: PathBuf,
    source: &'s Arc<Source>,
    read: BTreeMap<String, Option<Read>>,
    faults: Vec<Diagnostic>,
}

impl<'s> Tables<'s> {
    pub fn new(folder: &Path, source: &'s Arc<Source>) -> Self {
        Tables { folder: folder.to_path_buf(), source, read: BTreeMap::new(), faults: Vec::new() }
    }

    pub fn into_faults(self) -> Vec<Diagnostic> {
        self.faults
    }

    fn report(&mut self, fault: &Fault, span: Span) {
        let found = fault.diagnostic(self.source, span);
        if !self.faults.contains(&found) {
            self.faults.push(found);
        }
    }

    fn open(&mut self, table: &Located<String>) {
        if self.read.contains_key(&table.value) {
            return;
        }
        let read = match open_text(&self.folder.join(&table.value)) {
            Err(fault) => {
                let (code, message, help) = fault.words();
                self.faults.push(Diagnostic::error(code, message).at(self.source, table.span, "named here").help(help));
                None
            }
            Ok(text) => match parse(&text.text) {
                Ok(read) => Some(read),
                Err(reason) => {
                    self.report(&Fault::Unreadable { table: table.value.clone(), reason }, table.span);
                    None
                }
            },
        };
        self.read.insert(table.value.clone(), read);
    }

    /// The texts of a column in the chosen rows; faults are gathered.
    pub fn texts(&mut self, chosen: &Chosen, column: &Located<String>) -> Option<Vec<String>> {
        Some(self.cells(chosen, column)?.into_iter().map(|(_, text)| text).collect())
    }

    /// The numbers of a column in the chosen rows; an empty cell is a gap.
    pub fn numbers(&mut self, chosen: &Chosen, column: &Located<String>) -> Option<Vec<f64>> {
        let mut numbers = Vec::new();
        for (row, text) in self.cells(chosen, column)? {
            match text.trim() {
                "" => numbers.push(f64::NAN),
                text => match text.parse::<f64>() {
                    Ok(number) => numbers.push(number),
                    Err(_) => {
                        let (table, column_name) = (chosen.table.value.clone(), column.value.clone());
                        let fault = Fault::NotANumber { table, row, column: column_name, text: text.to_owned() };
                        self.report(&fault, column.span);
                        return None;
                    }
                },
            }
        }
        Some(numbers)
    }

    /// Row numbers from 1, and texts.
    fn cells(&mut self, chosen: &Chosen, column: &Located<String>) -> Option<Vec<(usize, String)>> {
        self.open(&chosen.table);
        let mut missing = Vec::new();
        let read = self.read.get(&chosen.table.value)?.as_ref()?;
        let mut place = |column: &Located<String>| {
            let found = read.head.iter().position(|name| *name == column.value);
            if found.is_none() {
                let nearest = nearest(&column.value, read.head.iter().map(String::as_str)).map(str::to_owned);
                let (table, column_name) = (chosen.table.value.clone(), column.value.clone());
                missing.push((Fault::NoColumn { table, column: column_name, nearest }, column.span));
            }
            found
        };
        let wanted = place(column);
        let filter: Vec<(Option<usize>, &str)> =
            chosen.filter.iter().map(|(column, text)| (place(column), text.value.as_str())).collect();
        let fits = |row: &&Vec<String>| {
            filter.iter().all(|(place, text)| place.and_then(|place| row.get(place)).is_some_and(|cell| cell == text))
        };
        let cell = |row: &Vec<String>| wanted.and_then(|place| row.get(place)).cloned().unwrap_or_default();
        let numbered = read.rows.iter().enumerate().filter(|(_, row)| fits(row));
        let cells: Vec<(usize, String)> = numbered.map(|(number, row)| (number + 1, cell(row))).collect();
        let complete = missing.is_empty();
        for (fault, span) in missing {
            self.report(&fault, span);
        }
        if complete && cells.is_empty() {
            let words = chosen.filter.iter().map(|(column, text)| format!("{} = `{}`", column.value, text.value));
            let wanted = words.collect::<Vec<_>>().join(", ");
            self.report(&Fault::NoRow { table: chosen.table.value.clone(), wanted }, chosen.table.span);
            return None;
        }
        complete.then_some(cells)
    }
}

fn parse(text: &str) -> Result<Read, String> {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let head = reader.headers().map_err(|error| error.to_string())?.iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| row.map(|row| row.iter().map(str::to_owned).collect()));
    Ok(Read { head, rows: rows.collect::<Result<_, _>>().map_err(|error| error.to_string())? })
}

impl Fault {
    /// The only place where these are worded.
    fn diagnostic(&self, source: &Arc<Source>, span: Span) -> Diagnostic {
        let (code, message, label, help) = match self {
            Fault::Unreadable { table, reason } => (
                "not-a-table",
                format!("{table} is not CSV: {reason}"),
                "named here",
                "every row has as many cells as the first, which names the columns".to_owned(),
            ),
            Fault::NoColumn { table, column, nearest } => (
                "no-such-column",
                format!("{table} has no column `{column}`"),
                "unknown column",
                match nearest {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => "look at the first row of the table".to_owned(),
                },
            ),
            Fault::NoRow { table, wanted } => (
                "no-such-row",
                match wanted.as_str() {
                    "" => format!("{table} has no rows"),
                    wanted => format!("{table} has no row with {wanted}"),
                },
                "this table",
                "texts under `where` must be those of the table to the letter".to_owned(),
            ),
            Fault::NotANumber { table, row, column, text } => (
                "not-a-number",
                format!("{table}, row {row}, column `{column}`: `{text}` is not a number"),
                "this column",
                "leave missing values empty, and choose rows with `where`".to_owned(),
            ),
        };
        Diagnostic::error(code, message).at(source, span, label).help(help)
    }
}
