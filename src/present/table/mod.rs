//! Tables: one [`Table`] of plain cells that becomes CSV, LaTeX and plain text, and the layouts of a study's tables.

mod csv;
mod latex;
mod layouts;
mod numerals;
mod text;

pub use layouts::{
    Bound, ChangeRow, EstimateRow, FitRow, FitStatistics, Heading, OutcomeColumn, OutcomePath, PosteriorRow,
    annual_table, change_table, estimates_table, fit_table, posterior_table,
};

use super::exhibit::Exhibit;
use super::refusal::Refusal;

/// A table before it has a form. Numbers keep every digit; columns say how many of them print.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The file name without an ending, in kebab case.
    pub name: String,
    pub title: String,
    /// The LaTeX label: `tab:estimates`.
    pub label: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    /// Printed below the table, a paragraph each.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub name: String,
    /// Empty for text and pure numbers.
    pub unit: String,
    /// Neighbouring columns of one group stand under its name.
    pub group: String,
    pub decimals: Decimals,
}

impl Column {
    pub fn new(name: impl Into<String>, decimals: Decimals) -> Self {
        Column { name: name.into(), unit: String::new(), group: String::new(), decimals }
    }

    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = unit.into();
        self
    }

    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = group.into();
        self
    }
}

/// What a column holds and how it prints. CSV ignores this and never rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decimals {
    /// Text, set flush left.
    Text,
    /// Dates: 2014 and 2014.5, without a thousands separator.
    Time,
    /// Whole numbers with a thousands separator.
    Whole,
    /// So many digits after the point.
    Fixed(usize),
    /// So many digits that count, for columns that mix magnitudes.
    Significant(usize),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// One cell for each column.
    Cells(Vec<Cell>),
    /// A heading across the table.
    Heading(String),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Text(String),
    /// One that is not finite prints as missing.
    Number(f64),
    /// A number with a mark behind it that the notes explain; CSV leaves the mark out.
    Marked(f64, String),
    /// Nothing to report: an en dash in print, empty in CSV.
    Missing,
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Self {
        Cell::Text(text.into())
    }

    /// `None` is missing.
    pub fn number(value: impl Into<Option<f64>>) -> Self {
        value.into().map_or(Cell::Missing, Cell::Number)
    }
}

impl Table {
    /// The table in its three forms, `csv`, `tex` and `txt`, and title and notes alone, `notes.txt`.
    pub fn exhibit(&self) -> Result<Exhibit, Refusal> {
        let exhibit = self.name.clone();
        if self.columns.is_empty() || !self.rows.iter().any(|row| matches!(row, Row::Cells(_))) {
            return Err(Refusal::Empty { exhibit });
        }
        for (number, row) in self.rows.iter().enumerate() {
            let expected = self.columns.len();
            if let Row::Cells(cells) = row
                && cells.len() != expected
            {
                let (series, found) = (format!("row {}", number + 1), cells.len());
                return Err(Refusal::Lengths { exhibit, series, expected, found });
            }
        }
        let csv = csv::csv(self).map_err(|fault| Refusal::Internal { exhibit, fault })?;
        let rows = self.rows.iter().filter(|row| matches!(row, Row::Cells(_))).count();
        let columns: Vec<String> = self.columns.iter().map(Column::heading).collect();
        Ok(Exhibit {
            name: self.name.clone(),
            files: vec![
                ("csv", csv),
                ("tex", latex::latex(self).into_bytes()),
                ("txt", text::text(self).into_bytes()),
                ("notes.txt", notes(self).into_bytes()),
            ],
            caption: self.title.clone(),
            alt: format!("Table of {rows} rows. Columns: {}.", columns.join(", ")),
            warnings: Vec::new(),
        })
    }
}

impl Column {
    /// Group, name and unit in one line: `Hold-out RMSE [CNY]`.
    fn heading(&self) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!("[{}]", self.unit) };
        let parts = [self.group.as_str(), self.name.as_str(), unit.as_str()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// The title, and each note as a paragraph.
fn notes(table: &Table) -> String {
    let mut text = format!("{}\n", table.title);
    text.extend(table.notes.iter().map(|note| format!("\n{note}\n")));
    text
}

#[cfg(test)]
pub(crate) mod sample {
    use super::*;

    /// A table with everything that a table may have.
    pub fn table() -> Table {
        let number = |value| Cell::Number(value);
        Table {
            name: "sample".into(),
            title: "What 50% of R&D does".into(),
            label: "tab:sample".into(),
            columns: vec![
                Column::new("Name", Decimals::Text),
                Column::new("Year", Decimals::Time),
                Column::new("n", Decimals::Whole).group("Window"),
                Column::new("RMSE", Decimals::Significant(3)).unit("CNY/m_2").group("Window"),
                Column::new("R²", Decimals::Fixed(2)),
            ],
            rows: vec![
                Row::Heading("Capital".into()),
                Row::Cells(vec![
                    Cell::text("=SUM(A1)"),
                    number(2014.0),
                    number(12345.0),
                    number(0.0123456),
                    number(0.987),
                ]),
                Row::Cells(vec![
                    Cell::text("dry \"powder\", state"),
                    number(2014.5),
                    number(8.0),
                    Cell::Marked(-123_456.789, "*".into()),
                    number(f64::NAN),
                ]),
                Row::Heading("Labour".into()),
                Row::Cells(vec![Cell::text("ρ_x"), number(2015.0), Cell::Missing, number(1.5e-9), number(-0.001)]),
            ],
            notes: vec!["* differs from 0 at 10 %.".into()],
        }
    }
}
