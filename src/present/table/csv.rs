//! A table as CSV (RFC 4180): every digit, a heading as a column of its own, nothing that a spreadsheet would run.

use super::{Cell, Row, Table};
use ::csv::{Terminator, WriterBuilder};

pub fn csv(table: &Table) -> Result<Vec<u8>, String> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    let sections = table.rows.iter().any(|row| matches!(row, Row::Heading(_)));
    let section = |text: &str| sections.then(|| safe(text));
    let header = section("Section").into_iter().chain(table.columns.iter().map(|column| safe(&column.heading())));
    writer.write_record(header).map_err(|error| error.to_string())?;
    let mut heading = "";
    for row in &table.rows {
        match row {
            Row::Heading(text) => heading = text,
            Row::Cells(cells) => {
                let record = section(heading).into_iter().chain(cells.iter().map(field));
                writer.write_record(record).map_err(|error| error.to_string())?;
            }
        }
    }
    writer.into_inner().map_err(|error| error.to_string())
}

fn field(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => safe(text),
        Cell::Number(value) | Cell::Marked(value, _) => exact(*value),
        Cell::Missing => String::new(),
    }
}

/// The shortest text that reads back as the same number.
fn exact(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        String::new()
    } else if size != 0.0 && !(1e-5..1e16).contains(&size) {
        format!("{value:e}")
    } else {
        format!("{value}")
    }
}

/// A spreadsheet runs text that begins like a formula; an apostrophe before it makes it text.
fn safe(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_is_kept_and_no_formula_runs() {
        let text = String::from_utf8(csv(&super::super::sample::table()).expect("CSV")).expect("UTF-8");
        assert_eq!(
            text,
            concat!(
                "Section,Name,Year,Window n,Window RMSE [CNY/m_2],R²\r\n",
                "Capital,'=SUM(A1),2014,12345,0.0123456,0.987\r\n",
                "Capital,\"dry \"\"powder\"\", state\",2014.5,8,-123456.789,\r\n",
                "Labour,ρ_x,2015,,1.5e-9,-0.001\r\n",
            )
        );
        for value in [0.1 + 0.2, f64::MIN_POSITIVE, f64::MAX, -1e15 / 3.0, 123_456_789.123_456_79] {
            assert_eq!(exact(value).parse::<f64>(), Ok(value));
        }
    }
}
