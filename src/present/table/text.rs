//! A table for the terminal: columns aligned, numbers by their points, in plain letters.

use super::numerals::{grouped, number_of, printed};
use super::{Cell, Column, Decimals, Row, Table};

/// Notes break at this many letters.
const LINE: usize = 100;
const GAP: &str = "  ";

/// Tables wider than this break the lines of long texts, and beyond that stand in parts, one below the other.
const WIDEST: usize = 132;
/// Letters of a text that is broken.
const CELL: usize = 28;

pub fn text(table: &Table) -> String {
    let cells: Vec<Vec<String>> =
        table.columns.iter().enumerate().map(|(i, column)| cells_of(table, i, column)).collect();
    let whole = Sheet::new(table, cells.into_iter().map(|column| column.into_iter().map(|cell| vec![cell]).collect()));
    let sheet = if whole.width(0..table.columns.len()) > WIDEST { whole.broken() } else { whole };
    let mut lines = vec![table.title.clone()];
    for part in sheet.parts() {
        lines.push(String::new());
        lines.extend(sheet.lines(&part));
    }
    if !table.notes.is_empty() {
        lines.push(String::new());
        lines.extend(table.notes.iter().flat_map(|note| broken(note, LINE)));
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Cells as lines of text, with the width of each column.
struct Sheet<'t> {
    table: &'t Table,
    /// `[column][row][line]`
    cells: Vec<Vec<Vec<String>>>,
    heads: Vec<[String; 2]>,
    widths: Vec<usize>,
}

impl<'t> Sheet<'t> {
    fn new(table: &'t Table, cells: impl Iterator<Item = Vec<Vec<String>>>) -> Self {
        let cells: Vec<Vec<Vec<String>>> = cells.collect();
        let heads: Vec<[String; 2]> = table.columns.iter().map(head).collect();
        let widest = |(cells, head): (&Vec<Vec<String>>, &[String; 2])| {
            cells.iter().flatten().chain(head).map(|text| letters(text)).max().unwrap_or(0)
        };
        let widths = cells.iter().zip(&heads).map(widest).collect();
        Sheet { table, cells, heads, widths }
    }

    /// The same with long texts in several lines.
    fn broken(self) -> Self {
        let columns = self.table.columns.iter();
        let cells = self.cells.iter().zip(columns).map(|(cells, column)| match column.decimals {
            Decimals::Text => cells.iter().map(|lines| broken(&lines.join(" "), CELL)).collect(),
            _ => cells.clone(),
        });
        Sheet::new(self.table, cells)
    }

    fn width(&self, columns: impl IntoIterator<Item = usize>) -> usize {
        let widths: Vec<usize> = columns.into_iter().map(|column| self.widths[column]).collect();
        widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1)
    }

    /// Columns that stand side by side; every part begins with the first column, which names the rows.
    fn parts(&self) -> Vec<Vec<usize>> {
        let mut parts: Vec<Vec<usize>> = Vec::new();
        for column in 0..self.table.columns.len() {
            match parts.last_mut() {
                Some(part) if part.len() < 2 || self.width(part.iter().copied().chain([column])) <= WIDEST => {
                    part.push(column);
                }
                Some(_) => parts.push(vec![0, column]),
                None => parts.push(vec![column]),
            }
        }
        parts
    }

    fn lines(&self, part: &[usize]) -> Vec<String> {
        let mut lines: Vec<String> = self.group_line(part).into_iter().collect();
        for half in 0..2 {
            if part.iter().any(|column| !self.heads[*column][half].is_empty()) {
                lines.push(self.line(part, |column| self.heads[column][half].as_str()));
            }
        }
        lines.push("-".repeat(self.width(part.iter().copied())));
        let mut number = 0;
        for row in &self.table.rows {
            match row {
                Row::Heading(text) => lines.push(text.clone()),
                Row::Cells(_) => {
                    let height = part.iter().map(|column| self.cells[*column][number].len()).max().unwrap_or(0);
                    for down in 0..height {
                        let cell = |column: usize| self.cells[column][number].get(down).map_or("", String::as_str);
                        lines.push(self.line(part, cell));
                    }
                    number += 1;
                }
            }
        }
        lines
    }

    fn line<'s>(&self, part: &[usize], cell: impl Fn(usize) -> &'s str) -> String {
        let padded = part.iter().map(|column| {
            let text = cell(*column);
            let blank = " ".repeat(self.widths[*column].saturating_sub(letters(text)));
            match self.table.columns[*column].decimals {
                Decimals::Text => format!("{text}{blank}"),
                _ => format!("{blank}{text}"),
            }
        });
        padded.collect::<Vec<_>>().join(GAP)
    }

    /// The names of groups, each over its first column.
    fn group_line(&self, part: &[usize]) -> Option<String> {
        let group = |column: usize| self.table.columns[column].group.as_str();
        if part.iter().all(|column| group(*column).is_empty()) {
            return None;
        }
        let mut line = String::new();
        let mut start = 0;
        let mut before = "";
        for column in part {
            if group(*column) != before && !group(*column).is_empty() {
                line.push_str(&" ".repeat(start.max(letters(&line)) - letters(&line)));
                line.push_str(&format!("{}{GAP}", group(*column)));
            }
            before = group(*column);
            start += self.widths[*column] + GAP.len();
        }
        Some(line)
    }
}

/// The cells of a column, numbers padded so that their points meet.
fn cells_of(table: &Table, column: usize, form: &Column) -> Vec<String> {
    let cells: Vec<(String, usize)> = table
        .rows
        .iter()
        .filter_map(|row| match row {
            Row::Cells(cells) => cells.get(column),
            Row::Heading(_) => None,
        })
        .map(|cell| {
            let Some((value, mark)) = number_of(cell) else {
                return (if let Cell::Text(text) = cell { text.clone() } else { "–".into() }, 0);
            };
            let Some(number) = printed(value, form.decimals) else { return ("–".into(), 0) };
            let shown = if form.decimals == Decimals::Time { number } else { grouped(&number) };
            let behind = shown.find(['.', 'e']).map_or(0, |at| shown.len() - at) + letters(mark);
            (format!("{shown}{mark}"), behind)
        })
        .collect();
    let most = cells.iter().map(|(_, behind)| *behind).max().unwrap_or(0);
    cells.into_iter().map(|(text, behind)| format!("{text}{}", " ".repeat(most - behind))).collect()
}

fn head(column: &Column) -> [String; 2] {
    let unit = if column.unit.is_empty() { String::new() } else { format!("({})", column.unit) };
    [column.name.clone(), unit]
}

/// A text in lines of at most so many letters, if its words allow it.
fn broken(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if letters(line) + 1 + letters(word) <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}

fn letters(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_their_points() {
        let expected = "\
What 50% of R&D does

                             Window
Name                   Year       n            RMSE    R²
                                          (CNY/m_2)
---------------------------------------------------------
Capital
=SUM(A1)             2014    12,345         0.0123   0.99
dry \"powder\", state  2014.5       8  -123,457*       –
Labour
ρ_x                  2015         –         1.50e-9  0.00

* differs from 0 at 10 %.
";
        assert_eq!(text(&super::super::sample::table()), expected);
    }

    #[test]
    fn wide_tables_break_texts_and_then_stand_in_parts() {
        let long = "the mean time between the founding of a venture and its first round of funding";
        let mut columns = vec![Column::new("Name", Decimals::Text), Column::new("Meaning", Decimals::Text)];
        columns.extend((0..12).map(|k| Column::new(format!("Quantile {k}"), Decimals::Whole).group("Draws")));
        let mut cells = vec![Cell::text("tau"), Cell::text(long)];
        cells.extend((0..12).map(|k| Cell::number(f64::from(k))));
        let table = Table {
            name: "wide".into(),
            title: "Wide".into(),
            label: String::new(),
            columns,
            rows: vec![Row::Cells(cells)],
            notes: Vec::new(),
        };
        let expected = "\
Wide

                                  Draws
Name  Meaning                     Quantile 0  Quantile 1  Quantile 2  Quantile 3  Quantile 4  Quantile 5  Quantile 6  Quantile 7
--------------------------------------------------------------------------------------------------------------------------------
tau   the mean time between the            0           1           2           3           4           5           6           7
      founding of a venture and
      its first round of funding

      Draws
Name  Quantile 8  Quantile 9  Quantile 10  Quantile 11
------------------------------------------------------
tau            8           9           10           11
";
        assert_eq!(text(&table), expected);
    }
}
