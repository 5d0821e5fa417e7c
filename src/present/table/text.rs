//! A table for the terminal: columns aligned, numbers by their points, in plain letters.

use super::numerals::{grouped, number_of, printed};
use super::{Cell, Column, Decimals, Row, Table};

/// Notes break at this many letters.
const LINE: usize = 100;
const GAP: &str = "  ";

pub fn text(table: &Table) -> String {
    let columns: Vec<Vec<String>> =
        table.columns.iter().enumerate().map(|(i, column)| cells_of(table, i, column)).collect();
    let heads: Vec<[String; 2]> = table.columns.iter().map(head).collect();
    let widths: Vec<usize> = columns
        .iter()
        .zip(&heads)
        .map(|(cells, head)| cells.iter().chain(head).map(|text| letters(text)).max().unwrap_or(0))
        .collect();
    let width = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
    let mut lines = vec![table.title.clone(), String::new()];
    lines.extend(group_line(table, &widths));
    for part in 0..2 {
        if heads.iter().any(|head| !head[part].is_empty()) {
            let parts = heads.iter().zip(&table.columns).map(|(head, column)| (head[part].as_str(), column.decimals));
            lines.push(line(parts, &widths));
        }
    }
    lines.push("-".repeat(width));
    let mut number = 0;
    for row in &table.rows {
        match row {
            Row::Heading(text) => lines.push(text.clone()),
            Row::Cells(_) => {
                let cells = columns.iter().zip(&table.columns).map(|(cells, c)| (cells[number].as_str(), c.decimals));
                lines.push(line(cells, &widths));
                number += 1;
            }
        }
    }
    if !table.notes.is_empty() {
        lines.push(String::new());
        lines.extend(table.notes.iter().flat_map(|note| broken(note)));
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
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

/// The names of groups, each over its first column.
fn group_line(table: &Table, widths: &[usize]) -> Option<String> {
    if table.columns.iter().all(|column| column.group.is_empty()) {
        return None;
    }
    let mut line = String::new();
    let mut start = 0;
    for (i, column) in table.columns.iter().enumerate() {
        let begins = i == 0 || table.columns[i - 1].group != column.group;
        if begins && !column.group.is_empty() {
            line.push_str(&" ".repeat(start.max(letters(&line)) - letters(&line)));
            line.push_str(&format!("{}{GAP}", column.group));
        }
        start += widths[i] + GAP.len();
    }
    Some(line)
}

fn line<'a>(cells: impl Iterator<Item = (&'a str, Decimals)>, widths: &[usize]) -> String {
    let padded = cells.zip(widths).map(|((text, decimals), width)| {
        let blank = " ".repeat(width.saturating_sub(letters(text)));
        if decimals == Decimals::Text { format!("{text}{blank}") } else { format!("{blank}{text}") }
    });
    padded.collect::<Vec<_>>().join(GAP)
}

fn broken(note: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in note.split_whitespace() {
        match lines.last_mut() {
            Some(line) if letters(line) + 1 + letters(word) <= LINE => {
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
}
