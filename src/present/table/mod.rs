//! Tables: one [`Table`] of plain cells, and the layouts of the tables that a study prints.

mod layouts;

pub use layouts::{Bound, ChangeRow, EstimateRow, FitRow, FitStatistics, OutcomeColumn, OutcomePath, PosteriorRow};

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

/// What a column holds and how it prints. CSV ignores this and never rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decimals {
    /// Text, set flush left.
    Text,
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
    Number(f64),
    /// A number with a mark behind it that the notes explain.
    Marked(f64, String),
    /// Nothing to report: an en dash in print, empty in CSV.
    Missing,
}
