//! Cells of spreadsheets and delimited text, as the GET XLS and GET DIRECT functions of Vensim address them.
//!
//! Opens a file whole and answers for single cells and named areas; what the cells mean is left to `compile`.

use crate::diagnostic::nearest;
use calamine::{Data, Reader, open_workbook_auto};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Why a file, sheet or cell cannot be used.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkbookFault {
    Missing {
        path: PathBuf,
    },
    Unreadable {
        path: PathBuf,
        why: String,
    },
    NoSheet {
        path: PathBuf,
        sheet: String,
        nearest: Option<String>,
    },
    /// Neither a cell address such as `B3` nor a name of the workbook.
    NoAddress {
        address: String,
    },
    NotNumeric {
        cell: String,
        text: String,
    },
    Empty {
        cell: String,
    },
    /// Fewer series or names than the subscript has elements.
    NoTimes {
        address: String,
    },
}

impl WorkbookFault {
    /// In words, to follow "cannot be read: ".
    pub fn words(&self) -> String {
        match self {
            WorkbookFault::Missing { path } => format!("there is no file {}", path.display()),
            WorkbookFault::Unreadable { path, why } => format!("{} is not a readable table ({why})", path.display()),
            WorkbookFault::NoSheet { path, sheet, nearest } => {
                let hint = nearest.as_ref().map_or(String::new(), |name| format!(" (did you mean `{name}`?)"));
                format!("{} has no sheet `{sheet}`{hint}", path.display())
            }
            WorkbookFault::NoAddress { address } => {
                format!("`{address}` is neither a cell such as B3 nor a name of the workbook")
            }
            WorkbookFault::NotNumeric { cell, text } => format!("cell {cell} holds `{text}`, which is not a number"),
            WorkbookFault::Empty { cell } => format!("cell {cell} is empty"),
            WorkbookFault::NoTimes { address } => format!("`{address}` holds no times"),
        }
    }
}

/// A cell's content.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Empty,
    Number(f64),
    Text(String),
}

/// A place in a sheet, counted from 0, and for a named area its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    pub row: u32,
    pub column: u32,
    /// Rows and columns of a named area.
    pub size: Option<(u32, u32)>,
}

/// Whether a series runs along a row or down a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Across,
    Down,
}

/// A named column: its name and points `(time, value)`.
pub type NamedPoints = (String, Vec<(f64, f64)>);

/// Where a series has its times.
struct Times {
    direction: Direction,
    /// The row or column that holds them.
    line: u32,
    /// First place and length of a named area.
    extent: Option<(u32, u32)>,
}

/// A spreadsheet, or a delimited text as its only sheet.
#[derive(Debug)]
pub struct Workbook {
    path: PathBuf,
    sheets: Vec<(String, Sheet)>,
    /// Names and the areas they stand for.
    names: Vec<(String, String)>,
    delimited: bool,
}

#[derive(Debug, Default)]
struct Sheet {
    cells: HashMap<(u32, u32), Cell>,
    rows: u32,
    columns: u32,
}

/// Where the file named by a GET function lies. `?name` is a name that Vensim resolves for the user's machine; the plain
/// name is tried in `folder`.
pub fn workbook_path(folder: &Path, file: &str) -> PathBuf {
    folder.join(file.trim().trim_start_matches('?').replace('\\', "/"))
}

impl Workbook {
    /// Opens a spreadsheet by its extension, or delimited text with `delimiter` (the place of the sheet's name).
    pub fn open(path: &Path, delimiter: &str) -> Result<Self, WorkbookFault> {
        if !path.is_file() {
            return Err(WorkbookFault::Missing { path: path.to_owned() });
        }
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("csv" | "tab" | "tsv" | "txt") => Self::delimited(path, delimiter),
            _ => Self::spreadsheet(path),
        }
    }

    fn spreadsheet(path: &Path) -> Result<Self, WorkbookFault> {
        let unreadable = |why: String| WorkbookFault::Unreadable { path: path.to_owned(), why };
        let mut book = open_workbook_auto(path).map_err(|error| unreadable(error.to_string()))?;
        let names = book.defined_names().to_vec();
        let mut sheets = Vec::new();
        for name in book.sheet_names() {
            let range = book.worksheet_range(&name).map_err(|error| unreadable(error.to_string()))?;
            let (first_row, first_column) = range.start().unwrap_or_default();
            let mut sheet = Sheet::default();
            for (row, column, value) in range.used_cells() {
                let at = (first_row + row as u32, first_column + column as u32);
                sheet.put(at, cell(value));
            }
            sheets.push((name, sheet));
        }
        Ok(Workbook { path: path.to_owned(), sheets, names, delimited: false })
    }

    fn delimited(path: &Path, delimiter: &str) -> Result<Self, WorkbookFault> {
        let unreadable = |why: String| WorkbookFault::Unreadable { path: path.to_owned(), why };
        let delimiter = match delimiter {
            "\t" | "\\t" => b'\t',
            other => other.bytes().next().unwrap_or(b','),
        };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_path(path)
            .map_err(|error| unreadable(error.to_string()))?;
        let mut sheet = Sheet::default();
        for (row, record) in (0u32..).zip(reader.byte_records()) {
            let record = record.map_err(|error| unreadable(error.to_string()))?;
            for (column, field) in (0u32..).zip(record.iter()) {
                let text = String::from_utf8_lossy(field).trim().trim_start_matches('\u{feff}').to_owned();
                let cell = match text.parse::<f64>() {
                    Ok(value) => Cell::Number(value),
                    Err(_) if text.is_empty() => Cell::Empty,
                    Err(_) => Cell::Text(text),
                };
                sheet.put((row, column), cell);
            }
        }
        Ok(Workbook { path: path.to_owned(), sheets: vec![(String::new(), sheet)], names: Vec::new(), delimited: true })
    }

    fn sheet(&self, name: &str) -> Result<&Sheet, WorkbookFault> {
        if self.delimited {
            return Ok(&self.sheets[0].1);
        }
        let wanted = name.to_lowercase();
        let found = self.sheets.iter().find(|(own, _)| own.to_lowercase() == wanted);
        found.map(|(_, sheet)| sheet).ok_or_else(|| WorkbookFault::NoSheet {
            path: self.path.clone(),
            sheet: name.to_owned(),
            nearest: nearest(name, self.sheets.iter().map(|(own, _)| own.as_str())).map(str::to_owned),
        })
    }

    /// Where an address such as `B3`, or a name of the workbook, begins.
    pub fn area(&self, sheet: &str, address: &str) -> Result<Area, WorkbookFault> {
        self.sheet(sheet)?;
        if let Some((row, column)) = cell_address(address) {
            return Ok(Area { row, column, size: None });
        }
        let wanted = address.to_lowercase();
        let belongs = |reference: &str| {
            let own = reference.split('!').next().unwrap_or_default().trim_matches('\'').to_lowercase();
            own == sheet.to_lowercase()
        };
        let mut named = self.names.iter().filter(|(name, _)| name.to_lowercase() == wanted);
        let best = named.clone().find(|(_, reference)| belongs(reference)).or_else(|| named.next());
        best.and_then(|(_, reference)| named_area(reference))
            .ok_or_else(|| WorkbookFault::NoAddress { address: address.to_owned() })
    }

    pub fn cell(&self, sheet: &str, row: u32, column: u32) -> Result<&Cell, WorkbookFault> {
        Ok(self.sheet(sheet)?.cells.get(&(row, column)).unwrap_or(&Cell::Empty))
    }

    /// The number in a cell.
    pub fn number(&self, sheet: &str, row: u32, column: u32) -> Result<f64, WorkbookFault> {
        match self.cell(sheet, row, column)? {
            Cell::Number(value) => Ok(*value),
            Cell::Empty => Err(WorkbookFault::Empty { cell: address(row, column) }),
            Cell::Text(text) => Err(WorkbookFault::NotNumeric { cell: address(row, column), text: text.clone() }),
        }
    }

    /// The series beside the times at `times` (a row number, column letters, or a name) that begins at `first`,
    /// `offset` series further on. Cells that hold no number are left out.
    pub fn series(&self, sheet: &str, times: &str, first: &str, offset: u32) -> Result<Vec<(f64, f64)>, WorkbookFault> {
        let grid = self.sheet(sheet)?;
        let begin = self.area(sheet, first)?;
        let Times { direction, line, extent } = self.times(sheet, times)?;
        let mut points = Vec::new();
        let (start, end) = match direction {
            Direction::Across => (begin.column, extent.map_or(grid.columns, |(from, count)| from + count)),
            Direction::Down => (begin.row, extent.map_or(grid.rows, |(from, count)| from + count)),
        };
        for place in start..end {
            let (time, value) = match direction {
                Direction::Across => ((line, place), (begin.row + offset, place)),
                Direction::Down => ((place, line), (place, begin.column + offset)),
            };
            if let (Some(Cell::Number(time)), Some(Cell::Number(value))) =
                (grid.cells.get(&time), grid.cells.get(&value))
            {
                points.push((*time, *value));
            }
        }
        if points.is_empty() {
            return Err(WorkbookFault::NoTimes { address: times.to_owned() });
        }
        Ok(points)
    }

    fn times(&self, sheet: &str, times: &str) -> Result<Times, WorkbookFault> {
        if let Ok(row) = times.trim().parse::<u32>()
            && row > 0
        {
            return Ok(Times { direction: Direction::Across, line: row - 1, extent: None });
        }
        if times.len() <= 3
            && let Some(column) = column_number(times.trim())
        {
            return Ok(Times { direction: Direction::Down, line: column, extent: None });
        }
        let area = self.area(sheet, times)?;
        let (rows, columns) = area.size.unwrap_or((1, 1));
        Ok(if rows > columns {
            Times { direction: Direction::Down, line: area.column, extent: Some((area.row, rows)) }
        } else {
            Times { direction: Direction::Across, line: area.row, extent: Some((area.column, columns)) }
        })
    }

    /// Every named column beside the times in the first: name and points. The first row holds the names.
    pub fn columns(&self, sheet: &str) -> Result<Vec<NamedPoints>, WorkbookFault> {
        let grid = self.sheet(sheet)?;
        let number = |row, column| match grid.cells.get(&(row, column)) {
            Some(Cell::Number(value)) => Some(*value),
            _ => None,
        };
        let mut columns = Vec::new();
        for column in 1..grid.columns {
            let Some(Cell::Text(name)) = grid.cells.get(&(0, column)) else { continue };
            let points = (1..grid.rows).filter_map(|row| Some((number(row, 0)?, number(row, column)?))).collect();
            columns.push((name.clone(), points));
        }
        Ok(columns)
    }

    /// The texts from `first` to `last` (a cell, or only a row or column, up to the first empty cell).
    pub fn texts(&self, sheet: &str, first: &str, last: &str) -> Result<Vec<String>, WorkbookFault> {
        let grid = self.sheet(sheet)?;
        let begin = self.area(sheet, first)?;
        let (end_row, end_column, open) = match (cell_address(last), column_number(last), last.parse::<u32>()) {
            (Some((row, column)), ..) => (row, column, false),
            (_, Some(column), _) if column == begin.column => (grid.rows, begin.column, true),
            (_, Some(column), _) => (begin.row, column, true),
            (_, _, Ok(row)) if row == begin.row + 1 => (begin.row, grid.columns, true),
            (_, _, Ok(row)) => (row.saturating_sub(1), begin.column, true),
            _ => return Err(WorkbookFault::NoAddress { address: last.to_owned() }),
        };
        let mut texts = Vec::new();
        for row in begin.row..=end_row {
            for column in begin.column..=end_column {
                match grid.cells.get(&(row, column)) {
                    Some(Cell::Text(text)) => texts.push(text.clone()),
                    Some(Cell::Number(value)) => texts.push(value.to_string()),
                    _ if open => return Ok(texts),
                    _ => return Err(WorkbookFault::Empty { cell: address(row, column) }),
                }
            }
        }
        Ok(texts)
    }
}

impl Sheet {
    fn put(&mut self, at: (u32, u32), cell: Cell) {
        if cell != Cell::Empty {
            self.rows = self.rows.max(at.0 + 1);
            self.columns = self.columns.max(at.1 + 1);
            self.cells.insert(at, cell);
        }
    }
}

fn cell(value: &Data) -> Cell {
    match value {
        Data::Float(value) => Cell::Number(*value),
        Data::Int(value) => Cell::Number(*value as f64),
        Data::Bool(value) => Cell::Number(f64::from(u8::from(*value))),
        Data::String(text) => match text.trim().parse::<f64>() {
            Ok(value) => Cell::Number(value),
            Err(_) => Cell::Text(text.clone()),
        },
        Data::DateTime(date) => Cell::Number(date.as_f64()),
        _ => Cell::Empty,
    }
}

/// `B3` into row and column from 0.
fn cell_address(text: &str) -> Option<(u32, u32)> {
    let text = text.trim().replace('$', "");
    let split = text.find(|character: char| character.is_ascii_digit())?;
    let (letters, digits) = text.split_at(split);
    let row = digits.parse::<u32>().ok()?.checked_sub(1)?;
    Some((row, column_number(letters)?))
}

/// `A` into 0, `AA` into 26.
fn column_number(letters: &str) -> Option<u32> {
    if letters.is_empty() || letters.len() > 3 || !letters.bytes().all(|letter| letter.is_ascii_alphabetic()) {
        return None;
    }
    let number = letters.bytes().fold(0, |sum, letter| sum * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1);
    Some(number - 1)
}

/// `Sheet1!$B$2:$D$4` into an area.
fn named_area(reference: &str) -> Option<Area> {
    let cells = reference.rsplit('!').next()?;
    let (first, last) = cells.split_once(':').unwrap_or((cells, cells));
    let (row, column) = cell_address(first)?;
    let (end_row, end_column) = cell_address(last)?;
    let size = (end_row.checked_sub(row)? + 1, end_column.checked_sub(column)? + 1);
    Some(Area { row, column, size: Some(size) })
}

fn address(row: u32, column: u32) -> String {
    let mut letters = String::new();
    let mut rest = column + 1;
    while rest > 0 {
        let digit = (rest - 1) % 26;
        letters.insert(0, char::from(b'A' + digit as u8));
        rest = (rest - 1) / 26;
    }
    format!("{letters}{}", row + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_both_ways() {
        for (text, row, column) in [("A1", 0, 0), ("Z10", 9, 25), ("AA2", 1, 26), ("$C$5", 4, 2)] {
            assert_eq!(cell_address(text), Some((row, column)), "{text}");
            assert_eq!(address(row, column), text.replace('$', ""));
        }
        assert_eq!(cell_address("time_index"), None);
        assert_eq!(named_area("'A sheet'!$B$2:$D$4"), Some(Area { row: 1, column: 1, size: Some((3, 3)) }));
    }

    #[test]
    fn delimited_text_is_read_by_column_and_by_row() {
        let folder = std::env::temp_dir().join(format!("levada-workbook-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("data.csv");
        std::fs::write(&path, "time,a,b\n0,1,10\n1,,20\n2,3,x\n").unwrap();
        let book = Workbook::open(&path, ",").unwrap();
        assert_eq!(book.series(",", "A", "B2", 0).unwrap(), [(0.0, 1.0), (2.0, 3.0)]);
        assert_eq!(book.series(",", "A", "B2", 1).unwrap(), [(0.0, 10.0), (1.0, 20.0)]);
        assert_eq!(book.number(",", 3, 2).unwrap_err().words(), "cell C4 holds `x`, which is not a number");
        assert_eq!(book.texts(",", "B1", "C1").unwrap(), ["a", "b"]);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
