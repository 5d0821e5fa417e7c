//! A table of simulated output, `[time, variable]`, and its CSV form.

use super::{Cells, ColumnFile, Format, Kind, WriteFault, write_file};
use ndarray::{Array2, ArrayView1};
use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

/// One variable or element of a [`Table`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// As Vensim writes it: `dry powder[state]`.
    pub name: String,
    /// As the model states them; `None` where it states none.
    pub units: Option<String>,
}

/// Values of named variables at common times.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Model time of each row.
    pub time: Vec<f64>,
    pub columns: Vec<Column>,
    /// `[time, variable]`; a missing value is NaN.
    pub values: Array2<f64>,
}

impl Table {
    /// Panics when the shapes disagree, which is a bug of the caller.
    pub fn new(time: Vec<f64>, columns: Vec<Column>, values: Array2<f64>) -> Self {
        assert_eq!(values.dim(), (time.len(), columns.len()), "this is a bug: shape of a table");
        Table { time, columns, values }
    }

    /// The values over time of the column with exactly this name.
    pub fn column(&self, name: &str) -> Option<ArrayView1<'_, f64>> {
        let index = self.columns.iter().position(|column| column.name == name)?;
        Some(self.values.column(index))
    }

    /// Writes the table as CSV, whole or not at all: `time`, then one column per variable.
    pub fn write_csv(&self, path: &Path) -> Result<(), WriteFault> {
        write_file(path, |file| self.csv(file))
    }

    /// Writes the table, whole or not at all: Parquet if the file's name ends so, else CSV.
    pub fn write(&self, path: &Path) -> Result<(), WriteFault> {
        match Format::of(path) {
            Format::Csv => self.write_csv(path),
            Format::Parquet => write_file(path, |file| self.parquet(file)),
        }
    }

    /// The table as Parquet: `time`, then one column per variable; missing values are NaN.
    fn parquet(&self, out: &mut (dyn Write + Send)) -> io::Result<()> {
        let mut columns = vec![("time", Kind::Real)];
        columns.extend(self.columns.iter().map(|column| (column.name.as_str(), Kind::Real)));
        let mut file = ColumnFile::new(out, Format::Parquet, &columns)?;
        let mut cells = vec![Cells::Real(self.time.clone())];
        cells.extend(self.values.columns().into_iter().map(|column| Cells::Real(column.to_vec())));
        file.write(&cells)?;
        file.finish()
    }

    /// The table as CSV: quoted as RFC 4180 asks, lines ended by a line feed, numbers in the fewest digits that read
    /// back to the same bits, missing values blank.
    pub fn csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        let names = self.columns.iter().map(|column| label(&column.name));
        writer
            .write_record(std::iter::once("time".into()).chain(names).map(|name: Cow<str>| name.into_owned()))
            .map_err(cause)?;
        for (time, row) in self.time.iter().zip(self.values.rows()) {
            writer.write_field(number(*time)).map_err(cause)?;
            for value in row {
                writer.write_field(number(*value)).map_err(cause)?;
            }
            writer.write_record(None::<&[u8]>).map_err(cause)?;
        }
        writer.flush()
    }
}

/// The fault of the disk or the pipe beneath, by which callers tell a full disk from others.
fn cause(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// What a spreadsheet would run as a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A name as CSV cells carry it: a spreadsheet runs text that begins like a formula, an apostrophe before it makes it text.
pub fn label(name: &str) -> Cow<'_, str> {
    if name.starts_with(FORMULA) { format!("'{name}").into() } else { name.into() }
}

/// The name that a cell carries: what [`label`] wrote is read back.
pub fn labelled(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(FORMULA)).unwrap_or(cell)
}

/// A number as CSV cells carry it: the fewest digits that read back to the same bits, blank for a missing value (NaN).
pub fn number(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        String::new()
    } else if size == 0.0 || (1e-5..1e16).contains(&size) || size.is_infinite() {
        format!("{value}")
    } else {
        format!("{value:e}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, Table, label, labelled, number};
    use ndarray::array;
    use proptest::prelude::*;

    fn table() -> Table {
        let column = |name: &str| Column { name: name.into(), units: None };
        Table::new(
            vec![1995.0, 1995.25],
            vec![column("rent"), column("portfolio[state,elite]"), column("\"a \"\"quoted\"\" name\"")],
            array![[1.0, 0.1, 1e-300], [f64::NAN, 1.0 / 3.0, -2.5e20]],
        )
    }

    #[test]
    fn csv_quotes_what_must_be_and_blanks_what_is_missing() {
        let mut text = Vec::new();
        table().csv(&mut text).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "time,rent,\"portfolio[state,elite]\",\"\"\"a \"\"\"\"quoted\"\"\"\" name\"\"\"\n\
             1995,1,0.1,1e-300\n\
             1995.25,,0.3333333333333333,-2.5e20\n"
        );
    }

    #[test]
    fn names_that_begin_like_formulas_are_text_to_spreadsheets_and_read_back() {
        let names = ["=1+1", "+x", "-2 share", "@cmd", "\tx", "'quoted", "'=kept", "rent", "", "\"=q\""];
        for name in names {
            let cell = label(name);
            assert!(!cell.starts_with(super::FORMULA));
            assert!(labelled(&cell) == name || name.starts_with("'="), "{name}");
        }
        let columns = vec![Column { name: "=HYPERLINK(1)".into(), units: None }];
        let mut text = Vec::new();
        Table::new(vec![1.0], columns, array![[-2.0]]).csv(&mut text).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "time,'=HYPERLINK(1)\n1,-2\n");
    }

    #[test]
    fn a_column_is_found_by_its_name() {
        assert_eq!(table().column("portfolio[state,elite]").unwrap().to_vec(), [0.1, 1.0 / 3.0]);
        assert!(table().column("wage").is_none());
    }

    proptest! {
        #[test]
        fn numbers_read_back_to_the_same_bits(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(!value.is_nan());
            prop_assert_eq!(number(value).parse::<f64>().unwrap().to_bits(), value.to_bits());
        }
    }
}
