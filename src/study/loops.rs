//! What the feedback loops of a run come to, in words, tables and stacked bands; and what a model does without a link.

use crate::compile::{Opened, Part};
use crate::feedback::{Analysis, KnockOut, Link, ScoredLoop};
use crate::present::{
    Cell, Column, Decimals, Exhibit, Frame, Head, Quantity, Refusal, Row, Shares, SharesPanel, SharesPart, Table,
};
use crate::series;

/// Bands of a figure that carry a loop's name; the rest are put together.
const NAMED_BANDS: usize = 7;

/// Sets of stocks with loops of their own that a figure shows.
pub const LOOP_PANELS: usize = 4;

/// `stock +> flow -> stock`, with the sign of each link in the run; `?>` for one that has changed sign.
pub fn loop_chain(opened: &Opened, analysis: &Analysis, each: &ScoredLoop) -> String {
    let name = |at: usize| opened.equations[at].name.as_str();
    let mut text = each.equations.first().map_or(String::new(), |first| name(*first).to_owned());
    for link in &each.links {
        let sign = sign(&analysis.links.scores[*link]);
        text += &format!(" {sign}> {}", name(analysis.links.links[*link].effect));
    }
    text
}

/// A loop's name with the first variables on it.
fn short(opened: &Opened, each: &ScoredLoop) -> String {
    let names: Vec<&str> = each.equations.iter().take(3).map(|at| opened.equations[*at].name.as_str()).collect();
    let more = if each.equations.len() > 3 { ", ..." } else { "" };
    format!("{}: {}{more}", each.name, names.join(", "))
}

fn sign(scores: &[f64]) -> &'static str {
    match (scores.iter().any(|score| *score > 0.0), scores.iter().any(|score| *score < 0.0)) {
        (true, false) => "+",
        (false, true) => "-",
        _ => "?",
    }
}

/// Loops by component, the component of most loops at work first.
pub fn loop_components(analysis: &Analysis) -> Vec<Vec<&ScoredLoop>> {
    let of = |number: usize| -> Vec<&ScoredLoop> {
        analysis.loops.iter().filter(|each| each.component == number && each.weight() > 0.0).collect()
    };
    let mut all: Vec<Vec<&ScoredLoop>> = (0..analysis.links.components.len()).map(of).collect();
    all.retain(|loops| !loops.is_empty());
    all.sort_by_key(|loops| std::cmp::Reverse(loops.len()));
    all
}

/// The stocks of a component by name.
pub fn loop_stocks(opened: &Opened, loops: &[&ScoredLoop]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for at in loops.iter().flat_map(|each| &each.equations) {
        let equation = &opened.equations[*at];
        if equation.part != Part::Auxiliary && !names.contains(&equation.name.as_str()) {
            names.push(&equation.name);
        }
    }
    match names.len() {
        0..=3 => names.join(", "),
        more => format!("{}, {} and {} more stocks", names[0], names[1], more - 2),
    }
}

/// Stretches of time in which one loop is the strongest: first and last step's end, and its name.
pub fn loop_phases<'a>(analysis: &Analysis, loops: &[&'a ScoredLoop]) -> Vec<(f64, f64, &'a str)> {
    let mut phases: Vec<(f64, f64, &str)> = Vec::new();
    for (at, time) in analysis.links.times.iter().enumerate() {
        let strongest = loops.iter().max_by(|a, b| a.shares[at].abs().total_cmp(&b.shares[at].abs()));
        let Some(each) = strongest.filter(|each| each.shares[at] != 0.0) else { continue };
        match phases.last_mut() {
            Some((_, to, name)) if *name == each.name => *to = *time,
            _ => phases.push((*time, *time, &each.name)),
        }
    }
    phases
}

/// Tables of loops, links and scores, and the stacked bands.
pub fn loop_exhibits(
    opened: &Opened,
    analysis: &Analysis,
    model: &str,
    unit: Option<&str>,
) -> Result<Vec<(&'static str, Exhibit)>, Refusal> {
    let mut all = vec![
        ("tables", loops_table(opened, analysis).exhibit()?),
        ("tables", links_table(opened, analysis).exhibit()?),
        ("tables", shares_table(analysis).exhibit()?),
    ];
    let unit = unit.filter(|unit| !unit.eq_ignore_ascii_case("year"));
    let time = unit.map_or_else(|| "Time".to_owned(), |unit| format!("Time ({unit})"));
    let panels =
        loop_components(analysis).iter().take(LOOP_PANELS).map(|loops| panel(opened, analysis, loops)).collect();
    let caption = format!(
        "{model}. Share of each feedback loop in the change of the stocks it belongs to (relative loop scores of \
         Schoenberg, Davidsen and Eberlein 2020); reinforcing loops above zero, balancing loops below."
    );
    let frame = Frame { time, ..Frame::default() };
    let figure = Shares { head: Head::new("loop-shares", caption), frame, panels };
    all.extend(figure.draw()?.into_iter().map(|exhibit| ("figures", exhibit)));
    Ok(all)
}

/// The bands of one set of stocks: the heaviest loops by name, the others put together.
fn panel(opened: &Opened, analysis: &Analysis, loops: &[&ScoredLoop]) -> SharesPanel {
    let named = loops.len().min(if loops.len() > NAMED_BANDS { NAMED_BANDS - 1 } else { NAMED_BANDS });
    let part = |each: &&ScoredLoop| SharesPart { label: short(opened, each), values: each.shares.clone() };
    let mut parts: Vec<SharesPart> = loops[..named].iter().map(part).collect();
    for (label, keep) in [("other reinforcing", 1.0), ("other balancing", -1.0)] {
        let at = |time: usize| {
            loops[named..].iter().map(|each| each.shares[time]).filter(|share| share * keep > 0.0).sum::<f64>()
        };
        let values: Vec<f64> = (0..analysis.links.times.len()).map(at).collect();
        if values.iter().any(|value| *value != 0.0) {
            parts.push(SharesPart { label: label.to_owned(), values });
        }
    }
    let quantity = Quantity::new(format!("Loops among {}", loop_stocks(opened, loops)), "share");
    SharesPanel { quantity, times: analysis.links.times.clone(), parts }
}

fn loops_table(opened: &Opened, analysis: &Analysis) -> Table {
    let row = |each: &ScoredLoop| {
        let peak = each.peak();
        Row::Cells(vec![
            Cell::text(each.name.clone()),
            Cell::Number(each.component as f64 + 1.0),
            Cell::Number(each.weight()),
            Cell::number(peak.map(|(_, share)| share)),
            Cell::number(peak.map(|(at, _)| analysis.links.times[at])),
            Cell::text(if each.independent { "yes" } else { "no" }),
            Cell::text(loop_chain(opened, analysis, each)),
        ])
    };
    Table {
        name: "loops".to_owned(),
        title: "Feedback loops and what they explain".to_owned(),
        label: "tab:loops".to_owned(),
        columns: vec![
            Column::new("Loop", Decimals::Text),
            Column::new("Set of stocks", Decimals::Whole),
            Column::new("Mean share", Decimals::Fixed(3)),
            Column::new("Largest share", Decimals::Fixed(3)),
            Column::new("At", Decimals::Time),
            Column::new("Independent", Decimals::Text),
            Column::new("Links", Decimals::Text),
        ],
        rows: analysis.loops.iter().map(row).collect(),
        notes: vec![
            "A share is a loop's score over the sum of the absolute scores of all loops of its set of stocks; its sign is \
             that of the loop. Independent: of the shortest independent loop set (Oliva 2004)."
                .to_owned(),
        ],
    }
}

fn links_table(opened: &Opened, analysis: &Analysis) -> Table {
    let name = |at: usize| Cell::text(opened.equations[at].name.clone());
    let row = |(link, scores): (&Link, &Vec<f64>)| {
        let mean = scores.iter().map(|score| score.abs()).sum::<f64>() / scores.len().max(1) as f64;
        Row::Cells(vec![name(link.cause), name(link.effect), Cell::text(in_words(sign(scores))), Cell::Number(mean)])
    };
    Table {
        name: "links".to_owned(),
        title: "Links on feedback loops".to_owned(),
        label: "tab:links".to_owned(),
        columns: vec![
            Column::new("Cause", Decimals::Text),
            Column::new("Effect", Decimals::Text),
            Column::new("Sign", Decimals::Text),
            Column::new("Mean score", Decimals::Significant(4)),
        ],
        rows: analysis.links.links.iter().zip(&analysis.links.scores).map(row).collect(),
        notes: vec![
            "The sign is that of the run: either where it has changed or the link has not been at work.".to_owned(),
        ],
    }
}

/// A sign as tables write it: spreadsheets take a plus for a formula.
fn in_words(sign: &str) -> &'static str {
    match sign {
        "+" => "positive",
        "-" => "negative",
        _ => "either",
    }
}

/// A row for each time, a column for each loop that was at work.
fn shares_table(analysis: &Analysis) -> Table {
    let loops: Vec<&ScoredLoop> = analysis.loops.iter().filter(|each| each.weight() > 0.0).collect();
    let row = |(at, time): (usize, &f64)| {
        Row::Cells(std::iter::once(*time).chain(loops.iter().map(|each| each.shares[at])).map(Cell::Number).collect())
    };
    let columns = loops.iter().map(|each| Column::new(each.name.clone(), Decimals::Fixed(3)));
    Table {
        name: "loop-shares".to_owned(),
        title: "Shares of feedback loops over time".to_owned(),
        label: "tab:loop-shares".to_owned(),
        columns: std::iter::once(Column::new("Time", Decimals::Time)).chain(columns).collect(),
        rows: analysis.links.times.iter().enumerate().map(row).collect(),
        notes: Vec::new(),
    }
}
/// A row for each stock: with the link and without it at the end, and where they are furthest apart.
pub fn cut_table(link: &str, done: &KnockOut, stocks: &[&str]) -> Table {
    let digits = Decimals::Significant(4);
    let (whole, without) = (&done.whole, &done.cut);
    let row = |(place, column): (usize, &series::Column)| {
        let bare = column.name.split('[').next().unwrap_or_default();
        let other = without.columns.iter().position(|each| each.name == column.name)?;
        stocks.contains(&bare).then_some(())?;
        let (with, cut) = (whole.values.column(place), without.values.column(other));
        let differences = with.iter().zip(cut).map(|(a, b)| b - a);
        let furthest = differences
            .clone()
            .enumerate()
            .filter(|(_, difference)| difference.is_finite())
            .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
        let last = |table: &series::Table, place: usize| table.values.column(place).last().copied();
        Some(Row::Cells(vec![
            Cell::text(column.name.clone()),
            Cell::number(last(whole, place)),
            Cell::number(last(without, other)),
            Cell::number(differences.clone().next_back()),
            Cell::number(furthest.map(|(_, difference)| difference)),
            Cell::number(furthest.and_then(|(at, _)| whole.time.get(at).copied())),
        ]))
    };
    Table {
        name: "cut".to_owned(),
        title: format!("Without the link {link}"),
        label: "tab:cut".to_owned(),
        columns: vec![
            Column::new("Stock", Decimals::Text),
            Column::new("With the link", digits).group("At the end"),
            Column::new("Without", digits).group("At the end"),
            Column::new("Difference", digits).group("At the end"),
            Column::new("Largest difference", digits),
            Column::new("At", Decimals::Time),
        ],
        rows: whole.columns.iter().enumerate().filter_map(row).collect(),
        notes: Vec::new(),
    }
}
