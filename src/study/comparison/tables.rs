//! The tables of a comparison under draws: everything by year, numbers of outcomes, pairs of policies, dates of separation.

use super::{Bench, undrawn};
use crate::compare::{Panel, Spread};
use crate::diagnostic::Diagnostic;
use crate::present::{Cell, Column, Decimals, Exhibit, Row, Table};

const DIGITS: Decimals = Decimals::Significant(3);

fn table(name: &str, title: String, columns: Vec<Column>, rows: Vec<Row>, notes: Vec<String>) -> Table {
    Table { name: name.to_owned(), label: format!("tab:{name}"), title, columns, rows, notes }
}

/// The tables, and the names of those to look at first.
pub(super) fn of_panel(bench: &Bench, panel: &Panel) -> Result<(Vec<Exhibit>, Vec<String>), Vec<Diagnostic>> {
    let mut all = Vec::new();
    let mut shown = Vec::new();
    let several = panel.policies.len() > 1;
    if !panel.measures.is_empty() {
        all.push(by_year(bench, panel).exhibit().map_err(undrawn)?);
        if several && panel.draws > 1 {
            all.push(separated(bench, panel).exhibit().map_err(undrawn)?);
        }
    }
    if !panel.outcomes.is_empty() && several {
        all.push(numbers(bench, panel).exhibit().map_err(undrawn)?);
        shown.push("compared".to_owned());
        if panel.draws > 1 {
            all.push(pairs(bench, panel).exhibit().map_err(undrawn)?);
        }
    }
    Ok((all, shown))
}

fn band_columns(group: &str) -> Vec<Column> {
    ["median", "5 %", "25 %", "75 %", "95 %"].map(|name| Column::new(name, DIGITS).group(group)).to_vec()
}

fn band_cells(spread: &Spread) -> [Cell; 5] {
    [spread.median, spread.ninety.0, spread.half.0, spread.half.1, spread.ninety.1].map(Cell::Number)
}

/// Every policy, path and window.
fn by_year(bench: &Bench, panel: &Panel) -> Table {
    let mut columns = vec![
        Column::new("Policy", Decimals::Text),
        Column::new("Outcome", Decimals::Text),
        Column::new("Unit", Decimals::Text),
        Column::new("Time", Decimals::Time),
    ];
    columns.extend(band_columns("Level"));
    columns.extend(band_columns("Difference to baseline"));
    columns.push(Column::new("P(difference > 0)", Decimals::Fixed(2)));
    let mut rows = Vec::new();
    for (policy, named) in panel.policies.iter().enumerate() {
        for (measure, outcome) in panel.measures.iter().enumerate() {
            let spreads = panel.path(policy, measure).into_iter().zip(panel.difference(policy, measure));
            for ((level, difference), window) in spreads.zip(&panel.windows) {
                let mut cells = vec![
                    Cell::text(&named.name),
                    Cell::text(&outcome.name),
                    Cell::text(&outcome.unit),
                    Cell::number(window.start),
                ];
                cells.extend(band_cells(&level));
                cells.extend(band_cells(&difference));
                cells.push(Cell::Number(if policy == 0 { f64::NAN } else { difference.above_zero }));
                rows.push(Row::Cells(cells));
            }
        }
    }
    let title = format!("Every policy and outcome by year under draws. {}", bench.opened.study.title);
    table("draws", title, columns, rows, vec![bench.source(), PAIRED.to_owned()])
}

const PAIRED: &str = "Differences are paired: each draw is run under both policies.";

/// Numbers of outcomes under each policy, and their differences to the baseline.
fn numbers(bench: &Bench, panel: &Panel) -> Table {
    let group = "90 % band";
    let columns = vec![
        Column::new("Policy", Decimals::Text),
        Column::new("Level", DIGITS),
        Column::new("Difference", DIGITS),
        Column::new("from", DIGITS).group(group),
        Column::new("to", DIGITS).group(group),
        Column::new("P(> 0)", Decimals::Fixed(2)),
    ];
    let mut rows = Vec::new();
    for (number, outcome) in panel.outcomes.iter().enumerate() {
        let unit = if outcome.unit.is_empty() { String::new() } else { format!(" ({})", outcome.unit) };
        rows.push(Row::Heading(format!("{}{unit}", outcome.title)));
        for (policy, named) in panel.policies.iter().enumerate() {
            let level = Spread::of(panel.outcome(policy, number));
            let mut cells = vec![Cell::text(&named.title), Cell::Number(level.median)];
            if policy == 0 {
                let band = [f64::NAN, level.ninety.0, level.ninety.1, f64::NAN];
                cells.extend(band.map(Cell::Number));
            } else {
                let difference = panel.contrast(policy, 0, number);
                let band = [difference.median, difference.ninety.0, difference.ninety.1, difference.above_zero];
                cells.extend(band.map(Cell::Number));
            }
            rows.push(Row::Cells(cells));
        }
    }
    let notes = vec![
        bench.source(),
        "Medians. The band is that of the paired difference; in the row of the baseline, that of the level. P(> 0): share of \
         draws in which the policy's value is above the baseline's."
            .to_owned(),
    ];
    table("compared", format!("Outcomes under every policy. {}", bench.opened.study.title), columns, rows, notes)
}

/// Every pair of policies by every number.
fn pairs(bench: &Bench, panel: &Panel) -> Table {
    let group = "90 % band";
    let columns = vec![
        Column::new("Outcome", Decimals::Text),
        Column::new("A", Decimals::Text),
        Column::new("B", Decimals::Text),
        Column::new("A less B", DIGITS),
        Column::new("from", DIGITS).group(group),
        Column::new("to", DIGITS).group(group),
        Column::new("P(A > B)", Decimals::Fixed(2)),
    ];
    let mut rows = Vec::new();
    for (number, outcome) in panel.outcomes.iter().enumerate() {
        for one in 0..panel.policies.len() {
            for other in 0..one {
                let spread = panel.contrast(one, other, number);
                let mut cells = vec![
                    Cell::text(&outcome.name),
                    Cell::text(&panel.policies[one].title),
                    Cell::text(&panel.policies[other].title),
                ];
                let numbers = [spread.median, spread.ninety.0, spread.ninety.1, spread.above_zero];
                cells.extend(numbers.map(Cell::Number));
                rows.push(Row::Cells(cells));
            }
        }
    }
    table(
        "pairs",
        format!("Every pair of policies. {}", bench.opened.study.title),
        columns,
        rows,
        vec![bench.source(), PAIRED.to_owned()],
    )
}

/// When the bands of differences leave zero, and on which side.
fn separated(bench: &Bench, panel: &Panel) -> Table {
    let columns = vec![
        Column::new("Policy", Decimals::Text),
        Column::new("Outcome", Decimals::Text),
        Column::new("From", Decimals::Time),
        Column::new("To", Decimals::Time),
        Column::new("Side", Decimals::Text),
        Column::new("Largest difference", DIGITS),
        Column::new("Unit", Decimals::Text),
    ];
    let mut rows = Vec::new();
    for policy in 1..panel.policies.len() {
        for (number, measure) in panel.measures.iter().enumerate() {
            let differences = panel.difference(policy, number);
            for (first, last) in panel.separated(policy, number) {
                let within = differences[first..=last].iter().map(|spread| spread.median);
                let largest = within.max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(f64::NAN);
                rows.push(Row::Cells(vec![
                    Cell::text(&panel.policies[policy].title),
                    Cell::text(&measure.title),
                    Cell::number(panel.windows[first].start),
                    Cell::number(panel.windows[last].end),
                    Cell::text(if largest > 0.0 { "above" } else { "below" }),
                    Cell::Number(largest),
                    Cell::text(&measure.unit),
                ]));
            }
        }
    }
    if rows.is_empty() {
        let nothing = [Cell::text("none"), Cell::text("no band leaves zero")];
        rows.push(Row::Cells(nothing.into_iter().chain((0..5).map(|_| Cell::Missing)).collect()));
    }
    let notes =
        vec![bench.source(), "Stretches in which nine draws in ten agree on the sign of the difference.".to_owned()];
    table("separated", format!("When policies separate. {}", bench.opened.study.title), columns, rows, notes)
}
