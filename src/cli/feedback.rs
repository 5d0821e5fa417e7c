//! `levada feedback`: the loops of a model in a run, what each explains over time, and their tables and figures.

use super::arguments::{Colour, FeedbackCommand, HeldCause};
use super::exit_status::ExitStatus;
use super::load::{Loaded, load};
use super::messages::{answer, refuse, show};
use super::run::{method, scenario, settings};
use crate::check::{CheckedModel, VariableKind};
use crate::compare::with;
use crate::compile::{Landing, Opened, Request, open};
use crate::diagnostic::{Diagnostic, Severity};
use crate::feedback::{Analysis, Coverage, Cut, Held, KnockOut, ScoredLoop, analyse, knock_out};
use crate::present::{
    Cell, Column, Decimals, Exhibit, Frame, Head, Quantity, Refusal, Row, Shares, SharesPanel, SharesPart, Table,
};
use crate::series::write_file;
use crate::simulate::{Method, Settings};
use std::path::Path;

/// Bands of a figure that carry a loop's name; the rest are put together.
const NAMED_BANDS: usize = 7;

/// Sets of stocks with loops of their own that a figure shows.
const PANELS: usize = 4;

/// Phases printed.
const PHASES: usize = 12;

/// Runs the command.
pub fn feedback(arguments: &FeedbackCommand, colour: Colour) -> ExitStatus {
    let mut faults = Vec::new();
    let sets = settings(&arguments.sets, &mut faults);
    let asked = arguments.method.as_deref().and_then(|text| method(text, &mut faults));
    if !faults.is_empty() {
        return refuse(&faults, colour, ExitStatus::Usage);
    }
    let Loaded { checked, mut diagnostics, .. } = load(&arguments.model);
    let Some(checked) = checked else { return refuse(&diagnostics, colour, ExitStatus::Unusable) };
    diagnostics.retain(|diagnostic| diagnostic.severity == Severity::Error);
    let overrides = match arguments.scenario.as_deref().map(|path| scenario(path, &checked, &sets)) {
        None => sets,
        Some(Ok(settings)) => with(&settings, &sets),
        Some(Err(faults)) => return refuse(&faults, colour, ExitStatus::Unusable),
    };
    let stated = checked.model().control.method.as_ref().and_then(|stated| stated.text.parse().ok());
    let landing = if asked.is_some() { Landing::Exact } else { Landing::Grid };
    let method: Method = asked.or(stated).unwrap_or_default();
    if let Some(link) = &arguments.cut {
        let bare = Request { landing, jacobian: method.wants_jacobian(), ..Request::default() };
        return cut(arguments, link, &checked, &bare, &overrides, method, colour);
    }
    let request = Request { landing, overrides, jacobian: method.wants_jacobian(), ..Request::default() };
    let opened = match open(&checked, &request) {
        Ok(opened) => opened,
        Err(faults) => {
            diagnostics.extend(faults);
            return refuse(&diagnostics, colour, ExitStatus::Unusable);
        }
    };
    let run = Settings { method, ..Settings::default() };
    let analysis = match analyse(&opened, &run, arguments.most) {
        Ok(analysis) => analysis,
        Err(failure) => return refuse(&[failure.diagnostic()], colour, ExitStatus::Unusable),
    };
    if analysis.loops.is_empty() {
        let found = Diagnostic::warning("no-feedback", "the model has no feedback loop: nothing acts back on itself")
            .help("`levada check` lists the links it has");
        return refuse(&[found], colour, ExitStatus::Findings);
    }
    if let Some(folder) = &arguments.out {
        let model = &checked.model().name;
        let unit = checked.units().time.as_ref().map(ToString::to_string);
        let written = exhibits(&opened, &analysis, model, unit.as_deref())
            .map_err(|refusal| refusal.diagnostic())
            .and_then(|exhibits| write(folder, &exhibits));
        if let Err(fault) = written {
            return refuse(&[fault], colour, ExitStatus::Unusable);
        }
    }
    show(&coverage(&analysis), colour);
    answer(colour, |out| out.write_all(report(&opened, &analysis, arguments).as_bytes()))
}

/// The stocks with a link and without it.
fn cut(
    arguments: &FeedbackCommand,
    link: &str,
    checked: &CheckedModel,
    bare: &Request,
    settings: &[(String, f64)],
    method: Method,
    colour: Colour,
) -> ExitStatus {
    let held = match arguments.held {
        HeldCause::Start => Held::AtStart,
        HeldCause::Path => Held::OnPath,
    };
    let run = Settings { method, ..Settings::default() };
    let done = Cut::read(link).map_err(|fault| vec![fault]);
    let done = done.and_then(|cut| knock_out(checked, &cut, held, bare, settings, &run));
    let done = match done {
        Ok(done) => done,
        Err(faults) => return refuse(&faults, colour, ExitStatus::Unusable),
    };
    let stocks: Vec<&str> = checked
        .model()
        .variables
        .iter()
        .filter(|variable| VariableKind::of(variable) == VariableKind::Stock)
        .map(|variable| variable.name.text())
        .collect();
    let table = match knocked_out(link, &done, &stocks).exhibit() {
        Ok(exhibit) => exhibit,
        Err(refusal) => return refuse(&[refusal.diagnostic()], colour, ExitStatus::Unusable),
    };
    let text = table.file("txt").map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
    if let Some(folder) = &arguments.out
        && let Err(fault) = write(folder, &[("tables", table)])
    {
        return refuse(&[fault], colour, ExitStatus::Unusable);
    }
    answer(colour, |out| out.write_all(text.as_bytes()))
}

/// A row for each stock: with the link and without it at the end, and where they are furthest apart.
fn knocked_out(link: &str, done: &KnockOut, stocks: &[&str]) -> Table {
    let digits = Decimals::Significant(4);
    let (whole, without) = (&done.whole, &done.cut);
    let row = |(place, column): (usize, &crate::series::Column)| {
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
        let last = |table: &crate::series::Table, place: usize| table.values.column(place).last().copied();
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

/// What must be known of the loops that were scored.
fn coverage(analysis: &Analysis) -> Vec<Diagnostic> {
    let Coverage::Strongest { more_than } = analysis.coverage else { return Vec::new() };
    let message = format!(
        "the model has more than {more_than} loops: shares are among {} of them, the shortest independent set and the \
         strongest found at each time",
        analysis.loops.len()
    );
    vec![Diagnostic::note("loops-not-all", message).help("a larger --most lists them all, if there is time")]
}

fn report(opened: &Opened, analysis: &Analysis, arguments: &FeedbackCommand) -> String {
    let all = match analysis.coverage {
        Coverage::All => "all there are".to_owned(),
        Coverage::Strongest { more_than } => format!("of more than {more_than}"),
    };
    let active = analysis.loops.iter().filter(|each| each.weight() > 0.0).count();
    let mut text = format!(
        "loops      {} scored, {all}; {} independent; {active} at work in this run\n",
        analysis.loops.len(),
        analysis.independent,
    );
    let mut listed: Vec<&ScoredLoop> = analysis.loops.iter().filter(|each| each.weight() > 0.0).collect();
    listed.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
    for each in listed.iter().take(arguments.loops) {
        let peak = each.peak().map_or(String::new(), |(at, share)| {
            format!(", most {:.0} % at {}", 100.0 * share.abs(), time(analysis.links.times[at]))
        });
        text += &format!("  {:<5}{:>3.0} % on average{peak}\n", each.name, 100.0 * each.weight());
        text += &format!("       {}\n", chain(opened, analysis, each));
    }
    if listed.len() > arguments.loops {
        text += &format!("  {} more: --loops {}, or --out\n", listed.len() - arguments.loops, listed.len());
    }
    for component in components(analysis).iter().take(PANELS) {
        text += &format!("strongest  among {}\n", stocks(opened, component));
        let phases = phases(analysis, component);
        for (from, to, name) in phases.iter().take(PHASES) {
            text += &format!("  {:<5}{} to {}\n", name, time(*from), time(*to));
        }
        if phases.len() > PHASES {
            text += &format!("  and {} more\n", phases.len() - PHASES);
        }
    }
    if let Some(folder) = &arguments.out {
        text += &format!("Figures   {}\n", folder.join("figures").display());
        text += &format!("Tables    {}\n", folder.join("tables").display());
    }
    text
}

/// A time, to as many digits as tell steps apart.
fn time(time: f64) -> String {
    format!("{}", (time * 1e6).round() / 1e6)
}

/// `stock +> flow -> stock`, with the sign of each link in the run; `?>` for one that has changed sign.
fn chain(opened: &Opened, analysis: &Analysis, each: &ScoredLoop) -> String {
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
fn components(analysis: &Analysis) -> Vec<Vec<&ScoredLoop>> {
    let of = |number: usize| -> Vec<&ScoredLoop> {
        analysis.loops.iter().filter(|each| each.component == number && each.weight() > 0.0).collect()
    };
    let mut all: Vec<Vec<&ScoredLoop>> = (0..analysis.links.components.len()).map(of).collect();
    all.retain(|loops| !loops.is_empty());
    all.sort_by_key(|loops| std::cmp::Reverse(loops.len()));
    all
}

/// The stocks of a component by name.
fn stocks(opened: &Opened, loops: &[&ScoredLoop]) -> String {
    use crate::compile::Part;
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
fn phases<'a>(analysis: &Analysis, loops: &[&'a ScoredLoop]) -> Vec<(f64, f64, &'a str)> {
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

fn write(folder: &Path, exhibits: &[(&str, Exhibit)]) -> Result<(), Diagnostic> {
    for (place, exhibit) in exhibits {
        for (path, bytes) in exhibit.placed(&folder.join(place)) {
            write_file(&path, |out| out.write_all(bytes)).map_err(|fault| fault.diagnostic())?;
        }
    }
    Ok(())
}

/// Tables of loops, links and scores, and the stacked bands.
fn exhibits(
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
    let panels = components(analysis).iter().take(PANELS).map(|loops| panel(opened, analysis, loops)).collect();
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
    let quantity = Quantity::new(format!("Loops among {}", stocks(opened, loops)), "share");
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
            Cell::text(chain(opened, analysis, each)),
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
    let row = |(link, scores): (&crate::feedback::Link, &Vec<f64>)| {
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
