//! Which switch did how much of an outcome: Shapley values with bands, pairwise interactions, and the check that the parts
//! sum to the whole.

use super::{Bench, Made, undrawn};
use crate::compare::attribution::{Coalition, EXACT, exact, interactions, sampled, subsets};
use crate::compare::{Outcome, Spread, Trial};
use crate::diagnostic::Diagnostic;
use crate::present::{BarInterval, Cell, Column, Decimals, Exhibit, Head, Intervals, Quantity, Row, Table};
use crate::study::Progress;
use crate::study::manifest::slug;
use crate::study::outcomes::PreparedAttribution;
use std::convert::Infallible;

/// Parts of one outcome.
struct Parts {
    /// `[switch]`, over draws.
    shares: Vec<Spread>,
    whole: Spread,
    none: Spread,
    all: Spread,
    /// Half-width of the 95 % interval from sampling orders, at the median draw; zero where all combinations were run.
    bounds: Vec<f64>,
    /// `[i][j]`, over draws; empty where combinations were sampled.
    pairs: Vec<Vec<Spread>>,
    /// Largest difference of sum and whole, relative to the whole's size.
    gap: f64,
}

pub(super) fn made(bench: &Bench, asked: &PreparedAttribution) -> Result<Made, Vec<Diagnostic>> {
    (bench.progress)(Progress::Step(&format!("attributing: {}", asked.title)));
    let draws = bench.draws.first(asked.draws);
    let outcomes: Vec<Outcome> =
        asked.outcomes.iter().filter_map(|name| bench.outcomes.iter().find(|o| o.name == *name)).cloned().collect();
    let switches = asked.switches.len();
    let coalitions = match switches <= EXACT {
        true => subsets(switches),
        false => wanted(switches, asked.orders, bench.opened.study.run.seed),
    };
    let settings = |coalition: Coalition| {
        let side = asked.switches.iter().enumerate();
        side.flat_map(|(k, switch)| if coalition >> k & 1 == 1 { &switch.on } else { &switch.off }).cloned().collect()
    };
    let trials: Vec<Trial> = coalitions
        .iter()
        .flat_map(|coalition| {
            let settings: Vec<(String, f64)> = settings(*coalition);
            (0..draws.count()).map(move |draw| Trial { draw, settings: settings.clone() })
        })
        .collect();
    let stage = format!("attribution-{}", slug(&asked.name));
    let values = bench.outcomes_of(&stage, &outcomes, &draws, &trials)?;
    let mut made = Made { runs: trials.len(), ..Made::default() };
    let count = draws.count();
    let mut parts = Vec::new();
    for (number, _) in outcomes.iter().enumerate() {
        // `[draw][coalition]`
        let by_draw: Vec<Vec<f64>> =
            (0..count).map(|draw| (0..coalitions.len()).map(|c| values[c * count + draw][number]).collect()).collect();
        parts.push(of_outcome(bench, asked, &by_draw));
    }
    for (outcome, parts) in outcomes.iter().zip(&parts) {
        made.exhibits.extend(figure(bench, asked, outcome, parts)?.into_iter().map(|exhibit| ("figures", exhibit)));
    }
    made.shown.push(format!("attribution-{}", slug(&asked.name)));
    made.exhibits.push(("tables", table(bench, asked, &outcomes, &parts, count).exhibit().map_err(undrawn)?));
    if switches <= EXACT {
        made.exhibits.push(("tables", together(bench, asked, &outcomes, &parts).exhibit().map_err(undrawn)?));
    }
    Ok(made)
}

/// The coalitions that random orders pass through, in the order in which they are asked for.
fn wanted(switches: usize, orders: usize, seed: u64) -> Vec<Coalition> {
    let mut coalitions = Vec::new();
    let note = |asked: &[Coalition]| {
        coalitions = asked.to_vec();
        Ok::<_, Infallible>(vec![0.0; asked.len()])
    };
    let _ = sampled(switches, orders, seed, note);
    coalitions
}

fn of_outcome(bench: &Bench, asked: &PreparedAttribution, by_draw: &[Vec<f64>]) -> Parts {
    let switches = asked.switches.len();
    let all_run = switches <= EXACT;
    let coalitions = if all_run { Vec::new() } else { wanted(switches, asked.orders, bench.opened.study.run.seed) };
    let full = (1u64 << switches) - 1;
    let place = |coalition: u64| match all_run {
        true => coalition as usize,
        false => coalitions.iter().position(|known| *known == coalition).unwrap_or(0),
    };
    let (none, all) = (place(0), place(full));
    let mut bounds = vec![0.0; switches];
    let shares: Vec<Vec<f64>> = by_draw
        .iter()
        .enumerate()
        .map(|(draw, values)| match all_run {
            true => exact(switches, values),
            false => {
                let found = sampled(switches, asked.orders, bench.opened.study.run.seed, |_| {
                    Ok::<_, Infallible>(values.clone())
                });
                let Ok(found) = found;
                if draw == by_draw.len() / 2 {
                    bounds = found.bounds;
                }
                found.values
            }
        })
        .collect();
    let whole: Vec<f64> = by_draw.iter().map(|values| values[all] - values[none]).collect();
    let gap = shares.iter().zip(&whole).map(|(shares, whole)| {
        let size = shares.iter().map(|share| share.abs()).sum::<f64>().max(whole.abs()).max(f64::MIN_POSITIVE);
        (shares.iter().sum::<f64>() - whole).abs() / size
    });
    let pairs = match all_run {
        true => {
            let by_draw: Vec<Vec<Vec<f64>>> = by_draw.iter().map(|values| interactions(switches, values)).collect();
            let spread = |i: usize, j: usize| Spread::of(by_draw.iter().map(|pairs| pairs[i][j]));
            (0..switches).map(|i| (0..switches).map(|j| spread(i, j)).collect()).collect()
        }
        false => Vec::new(),
    };
    Parts {
        gap: gap.fold(0.0, f64::max),
        shares: (0..switches).map(|k| Spread::of(shares.iter().map(|shares| shares[k]))).collect(),
        whole: Spread::of(whole),
        none: Spread::of(by_draw.iter().map(|values| values[none])),
        all: Spread::of(by_draw.iter().map(|values| values[all])),
        bounds,
        pairs,
    }
}

fn figure(
    bench: &Bench,
    asked: &PreparedAttribution,
    outcome: &Outcome,
    parts: &Parts,
) -> Result<Vec<Exhibit>, Vec<Diagnostic>> {
    let row = |label: &str, spread: &Spread| BarInterval {
        label: label.to_owned(),
        estimate: spread.median,
        inner: (spread.count > 1).then_some(spread.half),
        outer: (spread.count > 1).then_some(spread.ninety),
    };
    let mut rows: Vec<BarInterval> =
        asked.switches.iter().zip(&parts.shares).map(|(switch, spread)| row(&switch.label, spread)).collect();
    rows.sort_by(|a, b| b.estimate.abs().total_cmp(&a.estimate.abs()));
    rows.push(row("All together", &parts.whole));
    let caption = format!(
        "{}. {}: what each switch did, as its mean gain over all orders (Shapley value), by draws. {}",
        bench.opened.study.title,
        outcome.title,
        bench.source()
    );
    let unit = if outcome.unit == "%" { "percentage points" } else { &outcome.unit };
    Intervals {
        head: Head::new(format!("attribution-{}-{}", slug(&asked.name), slug(&outcome.name)), caption),
        quantity: Quantity::new(outcome.title.clone(), unit),
        bars: true,
        probabilities: (0.5, 0.9),
        rows,
    }
    .draw()
    .map_err(undrawn)
}

fn table(bench: &Bench, asked: &PreparedAttribution, outcomes: &[Outcome], parts: &[Parts], draws: usize) -> Table {
    let digits = Decimals::Significant(3);
    let all_run = asked.switches.len() <= EXACT;
    let band = "90 % band";
    let mut columns = vec![
        Column::new("Switch", Decimals::Text),
        Column::new("Part", digits),
        Column::new("from", digits).group(band),
        Column::new("to", digits).group(band),
        Column::new("Of the whole", Decimals::Fixed(2)),
        Column::new("P(> 0)", Decimals::Fixed(2)),
    ];
    if !all_run {
        columns.push(Column::new("Sampling error", digits));
    }
    let mut rows = Vec::new();
    for (outcome, parts) in outcomes.iter().zip(parts) {
        let unit = if outcome.unit.is_empty() { String::new() } else { format!(" ({})", outcome.unit) };
        rows.push(Row::Heading(format!("{}{unit}", outcome.title)));
        let mut line = |label: &str, spread: &Spread, share: f64, bound: Option<f64>| {
            let mut cells = vec![Cell::text(label)];
            let numbers = [spread.median, spread.ninety.0, spread.ninety.1, share, spread.above_zero];
            cells.extend(numbers.map(Cell::Number));
            if !all_run {
                cells.push(Cell::number(bound));
            }
            rows.push(Row::Cells(cells));
        };
        for ((switch, spread), bound) in asked.switches.iter().zip(&parts.shares).zip(&parts.bounds) {
            // Of means, which add up; medians do not.
            line(&switch.label, spread, spread.mean / parts.whole.mean, Some(*bound));
        }
        line("All together", &parts.whole, 1.0, None);
        line("Level with none", &parts.none, f64::NAN, None);
        line("Level with all", &parts.all, f64::NAN, None);
    }
    let gap = parts.iter().map(|parts| parts.gap).fold(0.0, f64::max);
    let how = match all_run {
        true => format!("All {} combinations of {} switches", 1u64 << asked.switches.len(), asked.switches.len()),
        false => format!("{} pairs of random orders of {} switches", asked.orders, asked.switches.len()),
    };
    let notes = vec![
        format!("{how} under {draws} {}. Medians; shares are of means, which add up.", bench.origin.words()),
        format!(
            "Shapley values: the mean gain of a switch over all orders of throwing them. The parts sum to the whole within \
             {gap:.1e} of its size."
        ),
    ];
    Table {
        name: format!("attribution-{}", slug(&asked.name)),
        title: format!("{}. {}", asked.title, bench.opened.study.title),
        label: format!("tab:attribution-{}", slug(&asked.name)),
        columns,
        rows,
        notes,
    }
}

/// Interactions of pairs.
fn together(bench: &Bench, asked: &PreparedAttribution, outcomes: &[Outcome], parts: &[Parts]) -> Table {
    let digits = Decimals::Significant(3);
    let band = "90 % band";
    let mut rows = Vec::new();
    for (outcome, parts) in outcomes.iter().zip(parts) {
        for i in 0..asked.switches.len() {
            for j in 0..i {
                let spread = &parts.pairs[i][j];
                rows.push(Row::Cells(vec![
                    Cell::text(&outcome.name),
                    Cell::text(&asked.switches[j].label),
                    Cell::text(&asked.switches[i].label),
                    Cell::Number(spread.median),
                    Cell::Number(spread.ninety.0),
                    Cell::Number(spread.ninety.1),
                ]));
            }
        }
    }
    Table {
        name: format!("interaction-{}", slug(&asked.name)),
        title: format!("What switches do together beyond what they do apart: {}", asked.title),
        label: format!("tab:interaction-{}", slug(&asked.name)),
        columns: vec![
            Column::new("Outcome", Decimals::Text),
            Column::new("Switch", Decimals::Text),
            Column::new("with", Decimals::Text),
            Column::new("Interaction", digits),
            Column::new("from", digits).group(band),
            Column::new("to", digits).group(band),
        ],
        rows,
        notes: vec![
            "Shapley interaction index (Grabisch and Roubens 1999): above zero the two strengthen one another."
                .to_owned(),
            bench.source(),
        ],
    }
}
