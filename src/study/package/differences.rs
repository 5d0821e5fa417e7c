//! Two files that ought to be the same, and every place where they are not.

use std::path::{Path, PathBuf};

/// One thing that could not be reproduced.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// A copy that the results were made from is gone.
    InputMissing {
        file: PathBuf,
    },
    /// A copy is not what the results were made from.
    InputChanged {
        file: PathBuf,
    },
    /// A result that the record lists is gone.
    ResultMissing {
        file: PathBuf,
    },
    /// A result that the program no longer makes.
    NotMade {
        file: PathBuf,
    },
    /// A result that the record does not list.
    NotListed {
        file: PathBuf,
    },
    Cell {
        file: PathBuf,
        row: usize,
        label: String,
        column: String,
        recorded: String,
        reproduced: String,
    },
    /// Another number of rows, or other columns.
    Shape {
        file: PathBuf,
        recorded: String,
        reproduced: String,
    },
    Line {
        file: PathBuf,
        line: usize,
        recorded: String,
        reproduced: String,
    },
    /// Files without lines, such as pictures.
    Bytes {
        file: PathBuf,
    },
}

impl Difference {
    /// In numbers rather than in how they are drawn.
    pub fn of_numbers(&self) -> bool {
        !matches!(self, Difference::Line { .. } | Difference::Bytes { .. })
    }
}

/// Compares one result as recorded and as made again, and counts the cells of tables that were compared.
pub fn compare(file: &Path, recorded: &[u8], reproduced: &[u8], tolerance: f64) -> (Vec<Difference>, usize) {
    let table = file.extension().is_some_and(|ending| ending == "csv");
    if recorded == reproduced {
        return (Vec::new(), if table { cells(recorded) } else { 0 });
    }
    if table && let Some((rows, again)) = rows(recorded).zip(rows(reproduced)) {
        return of_tables(file, &rows, &again, tolerance);
    }
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).ok();
    let difference = match text(recorded).zip(text(reproduced)) {
        Some((one, other)) => of_lines(file, &one, &other),
        None => Difference::Bytes { file: file.to_path_buf() },
    };
    (vec![difference], 0)
}

fn rows(bytes: &[u8]) -> Option<Vec<Vec<String>>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let record = |row: Result<csv::StringRecord, csv::Error>| Some(row.ok()?.iter().map(str::to_owned).collect());
    reader.records().map(record).collect()
}

fn cells(bytes: &[u8]) -> usize {
    rows(bytes).map_or(0, |rows| rows.iter().skip(1).map(Vec::len).sum())
}

fn of_tables(
    file: &Path,
    recorded: &[Vec<String>],
    reproduced: &[Vec<String>],
    tolerance: f64,
) -> (Vec<Difference>, usize) {
    let (empty, mut found, mut compared) = (Vec::new(), Vec::new(), 0);
    let (head, again) = (recorded.first().unwrap_or(&empty), reproduced.first().unwrap_or(&empty));
    let shape =
        |recorded: String, reproduced: String| Difference::Shape { file: file.to_path_buf(), recorded, reproduced };
    if head != again {
        found.push(shape(format!("columns {}", head.join(", ")), format!("columns {}", again.join(", "))));
        return (found, 0);
    }
    if recorded.len() != reproduced.len() {
        let words = |rows: usize| format!("{} rows", rows.saturating_sub(1));
        found.push(shape(words(recorded.len()), words(reproduced.len())));
    }
    for (number, (row, again)) in recorded.iter().zip(reproduced).enumerate().skip(1) {
        for column in 0..row.len().max(again.len()) {
            let of = |row: &Vec<String>| row.get(column).cloned().unwrap_or_default();
            let (one, other) = (of(row), of(again));
            compared += 1;
            if !same(&one, &other, tolerance) {
                found.push(Difference::Cell {
                    file: file.to_path_buf(),
                    row: number,
                    label: label(head, row),
                    column: head.get(column).cloned().unwrap_or_else(|| format!("{}", column + 1)),
                    recorded: one,
                    reproduced: other,
                });
            }
        }
    }
    (found, compared)
}

/// What a row is called: its first column, after the part of the table where it has parts.
fn label(head: &[String], row: &[String]) -> String {
    let parts = if head.first().is_some_and(|name| name == "Section") { 2 } else { 1 };
    row.iter().take(parts).cloned().collect::<Vec<_>>().join(", ")
}

/// Equal texts, or numbers within the relative tolerance.
fn same(one: &str, other: &str, tolerance: f64) -> bool {
    if one == other {
        return true;
    }
    match (one.parse::<f64>(), other.parse::<f64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() <= tolerance * a.abs().max(b.abs()),
        _ => false,
    }
}

fn of_lines(file: &Path, recorded: &str, reproduced: &str) -> Difference {
    let (mut one, mut other) = (recorded.lines(), reproduced.lines());
    let mut line = 0;
    loop {
        line += 1;
        match (one.next(), other.next()) {
            (None, None) => return Difference::Bytes { file: file.to_path_buf() },
            (a, b) if a == b => {}
            (a, b) => {
                let words = |line: Option<&str>| line.map_or_else(|| "no such line".to_owned(), short);
                return Difference::Line { file: file.to_path_buf(), line, recorded: words(a), reproduced: words(b) };
            }
        }
    }
}

/// A line cut to what a message holds.
fn short(line: &str) -> String {
    const LONGEST: usize = 80;
    match line.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}...", &line[..cut]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_that_differs_is_found() {
        let file = Path::new("tables/estimates.csv");
        let old = b"Parameter,Estimate,SE\nbirth rate,0.5,0.1\ndeath rate,0.8,0.2\n";
        let new = b"Parameter,Estimate,SE\nbirth rate,0.5,0.1\ndeath rate,0.8000001,0.3\n";
        let (found, compared) = compare(file, old, new, 0.0);
        let cell = |column: &str, recorded: &str, reproduced: &str| Difference::Cell {
            file: file.to_path_buf(),
            row: 2,
            label: "death rate".into(),
            column: column.into(),
            recorded: recorded.into(),
            reproduced: reproduced.into(),
        };
        assert_eq!(found, [cell("Estimate", "0.8", "0.8000001"), cell("SE", "0.2", "0.3")]);
        assert_eq!(compared, 6);
        assert_eq!(compare(file, old, new, 1e-6).0, [cell("SE", "0.2", "0.3")]);
        assert_eq!(compare(file, old, old, 0.0), (Vec::new(), 6));
        let (found, _) = compare(file, old, b"Parameter,Estimate,SE\nbirth rate,0.5,0.1\n", 0.0);
        assert!(matches!(&found[..], [Difference::Shape { recorded, .. }] if recorded == "2 rows"), "{found:?}");
        let (found, _) = compare(Path::new("a.tex"), b"one\ntwo\n", b"one\nzwei\n", 0.0);
        assert!(matches!(&found[..], [Difference::Line { line: 2, .. }]), "{found:?}");
        let (found, _) = compare(Path::new("a.png"), &[255, 1], &[255, 2], 0.0);
        assert!(matches!(&found[..], [Difference::Bytes { .. }]), "{found:?}");
    }
}
