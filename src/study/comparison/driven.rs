//! What drives an outcome, or the difference that a policy makes: Sobol indices, Morris screening, and what would have to
//! be true for a ranking to turn round.

use super::{Bench, Made, undrawn};
use crate::compare::sensitivity::{Effect, Indices, Morris, Saltelli, Turn, nearest, turning_point};
use crate::compare::{Draws, Policy, Trial, paired};
use crate::diagnostic::Diagnostic;
use crate::estimate::Parameter;
use crate::estimate::objective::Role;
use crate::present::{BarInterval, Cell, Column, Decimals, Exhibit, Head, Intervals, Quantity, Row, Table};
use crate::study::Progress;
use crate::study::manifest::slug;

/// A number whose drivers are asked for: an outcome under the baseline, or a policy's difference to it.
struct Target {
    outcome: usize,
    /// `None` for the level under the baseline.
    policy: Option<usize>,
}

/// Places tried along one input on either side of its centre, in standard deviations.
const REACH: [f64; 9] = [-3.0, -2.25, -1.5, -0.75, 0.0, 0.75, 1.5, 2.25, 3.0];

pub(super) fn made(bench: &Bench) -> Result<Made, Vec<Diagnostic>> {
    let Some(asked) = &bench.opened.study.sensitivity else { return Err(vec![not_asked()]) };
    let inputs: Vec<&Parameter> = bench
        .opened
        .prepared
        .design
        .parameters
        .iter()
        .filter_map(|(parameter, role)| matches!(role, Role::Constant(_)).then_some(parameter))
        .collect();
    if inputs.is_empty() || bench.draws.count() < 2 {
        return Err(vec![nothing_varies()]);
    }
    let named = |names: &[crate::study::Located<String>]| {
        names.iter().filter_map(|name| bench.outcomes.iter().position(|o| o.name == name.value)).collect::<Vec<_>>()
    };
    let outcomes = named(&asked.outcomes);
    let scenarios = asked.scenarios.iter().filter_map(|name| bench.policies.iter().position(|p| p.name == name.value));
    let policies: Vec<usize> = scenarios.collect();
    let targets: Vec<Target> = outcomes
        .iter()
        .flat_map(|outcome| {
            let level = Target { outcome: *outcome, policy: None };
            std::iter::once(level)
                .chain(policies.iter().map(|policy| Target { outcome: *outcome, policy: Some(*policy) }))
        })
        .collect();
    let mut made = Made::default();

    let saltelli = Saltelli { inputs: inputs.len(), points: asked.points, seed: bench.opened.study.run.seed };
    let design = saltelli.design().map_err(|limit| vec![too_large(&limit.to_string())])?;
    (bench.progress)(Progress::Step("running the design for Sobol indices"));
    let runs = run(bench, "sobol", &places(bench, &design), &policies, &mut made)?;
    let indices: Vec<Indices> = targets.iter().map(|target| saltelli.indices(&runs.of(target))).collect();

    let morris = Morris { inputs: inputs.len(), walks: asked.walks, seed: bench.opened.study.run.seed };
    (bench.progress)(Progress::Step("screening inputs"));
    let screened = run(bench, "morris", &places(bench, &morris.design()), &policies, &mut made)?;
    let effects: Vec<Vec<Effect>> = targets.iter().map(|target| morris.effects(&screened.of(target))).collect();

    made.exhibits.push(("tables", shares(bench, &inputs, &targets, &indices, &effects).exhibit().map_err(undrawn)?));
    made.shown.push("sensitivity".to_owned());
    for (target, indices) in targets.iter().zip(&indices) {
        let figures = bars(bench, &inputs, target, indices)?;
        made.exhibits.extend(figures.into_iter().map(|exhibit| ("figures", exhibit)));
    }
    if !policies.is_empty() {
        (bench.progress)(Progress::Step("looking for what turns rankings round"));
        let table = turned(bench, &inputs, &targets, &policies, &mut made)?;
        made.exhibits.push(("tables", table));
        made.shown.push("turned".to_owned());
    }
    Ok(made)
}

/// Values of constants at places of the unit cube: quantiles of the draws, each input by itself.
fn places(bench: &Bench, design: &[Vec<f64>]) -> Draws {
    let sorted: Vec<Vec<f64>> = (0..bench.draws.constants.len()).map(|input| column(bench.draws, input)).collect();
    let value = |(u, sorted): (&f64, &Vec<f64>)| crate::compare::quantile_of(sorted, *u);
    let values = design.iter().map(|place| place.iter().zip(&sorted).map(value).collect()).collect();
    Draws { constants: bench.draws.constants.clone(), values }
}

/// One constant over the draws, ascending.
fn column(draws: &Draws, input: usize) -> Vec<f64> {
    let mut column: Vec<f64> = draws.values.iter().map(|draw| draw[input]).collect();
    column.sort_by(f64::total_cmp);
    column
}

/// Outcomes of a design under the baseline and other policies.
struct Runs {
    /// `[policy][row][outcome]`, the baseline first.
    values: Vec<Vec<Vec<f64>>>,
    policies: Vec<usize>,
}

impl Runs {
    /// The target's number at each row of the design.
    fn of(&self, target: &Target) -> Vec<f64> {
        let under = |place: usize| self.values[place].iter().map(|row| row[target.outcome]).collect::<Vec<f64>>();
        let place = target.policy.and_then(|policy| self.policies.iter().position(|known| *known == policy));
        match place {
            None => under(0),
            Some(place) => paired(&under(place + 1), &under(0)),
        }
    }
}

fn run(bench: &Bench, name: &str, rows: &Draws, policies: &[usize], made: &mut Made) -> Result<Runs, Vec<Diagnostic>> {
    let baseline: &Policy = &bench.policies[0];
    let under: Vec<&Policy> = std::iter::once(baseline).chain(policies.iter().map(|p| &bench.policies[*p])).collect();
    let trials: Vec<Trial> = under
        .iter()
        .flat_map(|policy| (0..rows.count()).map(|draw| Trial { draw, settings: policy.settings.clone() }))
        .collect();
    let mut all = bench.outcomes_of(name, &bench.outcomes, rows, &trials)?.into_iter();
    made.runs += trials.len();
    let values = under.iter().map(|_| all.by_ref().take(rows.count()).collect()).collect();
    Ok(Runs { values, policies: policies.to_vec() })
}

impl Target {
    fn words(&self, bench: &Bench) -> String {
        let outcome = &bench.outcomes[self.outcome];
        match self.policy {
            None => outcome.title.clone(),
            Some(policy) => format!("{}: {} less baseline", outcome.title, bench.policies[policy].title),
        }
    }
}

/// Shares of variance and elementary effects of every target.
fn shares(
    bench: &Bench,
    inputs: &[&Parameter],
    targets: &[Target],
    indices: &[Indices],
    effects: &[Vec<Effect>],
) -> Table {
    let (first, total, morris) = ("Alone (first order)", "In all (total)", "Elementary effects");
    let share = Decimals::Fixed(2);
    let digits = Decimals::Significant(2);
    let columns = vec![
        Column::new("Input", Decimals::Text),
        Column::new("share", share).group(first),
        Column::new("from", share).group(first),
        Column::new("to", share).group(first),
        Column::new("share", share).group(total),
        Column::new("from", share).group(total),
        Column::new("to", share).group(total),
        Column::new("mean", digits).group(morris),
        Column::new("absolute", digits).group(morris),
        Column::new("scatter", digits).group(morris),
    ];
    let mut rows = Vec::new();
    let mut failed = 0;
    for ((target, indices), effects) in targets.iter().zip(indices).zip(effects) {
        let outcome = &bench.outcomes[target.outcome];
        let sd = crate::present::short_number(indices.variance.sqrt());
        rows.push(Row::Heading(
            format!("{}; standard deviation {sd} {}", target.words(bench), outcome.unit).trim_end().to_owned(),
        ));
        failed += indices.failed;
        let mut order: Vec<usize> = (0..inputs.len()).collect();
        order.sort_by(|a, b| indices.total[*b].estimate.total_cmp(&indices.total[*a].estimate));
        for input in order {
            let (first, total) = (indices.first[input], indices.total[input]);
            let effect = effects[input];
            let numbers = [
                first.estimate,
                first.interval.0,
                first.interval.1,
                total.estimate,
                total.interval.0,
                total.interval.1,
                effect.mean,
                effect.importance,
                effect.scatter,
            ];
            let cells = std::iter::once(Cell::text(&inputs[input].name)).chain(numbers.map(Cell::Number));
            rows.push(Row::Cells(cells.collect()));
        }
    }
    let asked = bench.opened.study.sensitivity.as_ref();
    let mut notes = vec![format!(
        "Inputs vary over the marginals of {} {}, each by itself. Sobol indices of {} points (Saltelli et al. 2010; total \
         after Jansen 1999) with 95 % bootstrap intervals; elementary effects over the whole range of an input from {} walks \
         (Morris 1991).",
        bench.draws.count(),
        bench.origin.words(),
        asked.map_or(0, |asked| asked.points),
        asked.map_or(0, |asked| asked.walks),
    )];
    if failed > 0 {
        notes.push(format!("{failed} points were left out because a run failed there."));
    }
    Table {
        name: "sensitivity".to_owned(),
        title: format!("What drives outcomes. {}", bench.opened.study.title),
        label: "tab:sensitivity".to_owned(),
        columns,
        rows,
        notes,
    }
}

/// Inputs in a figure.
const BARS: usize = 12;

fn bars(
    bench: &Bench,
    inputs: &[&Parameter],
    target: &Target,
    indices: &Indices,
) -> Result<Vec<Exhibit>, Vec<Diagnostic>> {
    let mut order: Vec<usize> = (0..inputs.len()).collect();
    order.sort_by(|a, b| indices.total[*b].estimate.total_cmp(&indices.total[*a].estimate));
    let meaning = |input: usize| match inputs[input].meaning.as_str() {
        "" => inputs[input].name.clone(),
        meaning => meaning.to_owned(),
    };
    let rows: Vec<BarInterval> = order
        .into_iter()
        .take(BARS)
        .map(|input| BarInterval {
            label: meaning(input),
            estimate: indices.total[input].estimate,
            inner: None,
            outer: Some(indices.total[input].interval),
        })
        .filter(|row| row.estimate.is_finite())
        .collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let outcome = &bench.outcomes[target.outcome];
    let of = target.policy.map_or_else(String::new, |policy| format!("-{}", slug(&bench.policies[policy].name)));
    let caption = format!(
        "{}. {}: share of variance in which each input takes part (total Sobol index), with 95 % intervals.",
        bench.opened.study.title,
        target.words(bench)
    );
    Intervals {
        head: Head::new(format!("sobol-{}{of}", slug(&outcome.name)), caption),
        quantity: Quantity::new("Total share of variance", ""),
        bars: true,
        probabilities: (0.5, 0.95),
        rows,
    }
    .draw()
    .map_err(undrawn)
}

/// The nearest draw, and the nearest value of one input alone, at which a policy's advantage turns round.
fn turned(
    bench: &Bench,
    inputs: &[&Parameter],
    targets: &[Target],
    policies: &[usize],
    made: &mut Made,
) -> Result<Exhibit, Vec<Diagnostic>> {
    let search = |draw: &Vec<f64>| inputs.iter().zip(draw).map(|(p, x)| p.search(*x)).collect::<Vec<f64>>();
    let points: Vec<Vec<f64>> = bench.draws.values.iter().map(search).collect();
    let count = points.len() as f64;
    let centre: Vec<f64> = (0..inputs.len()).map(|k| points.iter().map(|p| p[k]).sum::<f64>() / count).collect();
    let scale = |k: usize| (points.iter().map(|p| (p[k] - centre[k]).powi(2)).sum::<f64>() / (count - 1.0)).sqrt();
    let scales: Vec<f64> = (0..inputs.len()).map(scale).collect();
    let drawn = run(bench, "turns", bench.draws, policies, made)?;
    // One input at a time, all others at the centre; the first row is the centre itself.
    let natural = |point: &[f64]| inputs.iter().zip(point).map(|(p, at)| p.natural(*at)).collect::<Vec<f64>>();
    let mut rows = vec![natural(&centre)];
    for input in 0..inputs.len() {
        for reach in REACH {
            let mut point = centre.clone();
            let (low, high) = inputs[input].search_bounds();
            point[input] = (centre[input] + reach * scales[input]).max(low).min(high);
            rows.push(natural(&point));
        }
    }
    let along =
        run(bench, "inputs", &Draws { constants: bench.draws.constants.clone(), values: rows }, policies, made)?;
    let digits = Decimals::Significant(3);
    let mut lines = Vec::new();
    for target in targets.iter().filter(|target| target.policy.is_some()) {
        let differences = drawn.of(target);
        let path = along.of(target);
        let reference = path[0];
        let unit = &bench.outcomes[target.outcome].unit;
        lines.push(Row::Heading(format!("{} ({unit})", target.words(bench)).replace(" ()", "")));
        let mut line = |how: &str, what: String, distance: Option<f64>| {
            lines.push(Row::Cells(vec![Cell::text(how), Cell::text(what), Cell::number(distance)]));
        };
        line("At the centre of the draws", format!("difference {}", crate::present::short_number(reference)), None);
        let other = differences.iter().filter(|difference| **difference * reference < 0.0).count();
        match nearest(&points, &centre, &scales, &differences, reference) {
            None => line("Nearest draw of the other sign", "none of the draws".to_owned(), None),
            Some(flip) => {
                let moves: Vec<String> = flip
                    .moves
                    .iter()
                    .take(3)
                    .map(|(input, by)| {
                        let value = crate::present::short_number(inputs[*input].natural(points[flip.draw][*input]));
                        format!("{} = {value} ({by:+.1} sd)", inputs[*input].name)
                    })
                    .collect();
                let share = 100.0 * other as f64 / count;
                line(
                    "Nearest draw of the other sign",
                    format!("{share:.0} % of draws have it; farthest inputs {}", moves.join(", ")),
                    Some(flip.distance),
                );
            }
        }
        let mut turns: Vec<(usize, f64)> = (0..inputs.len())
            .filter_map(|input| {
                let from = 1 + input * REACH.len();
                match turning_point(&REACH, &path[from..from + REACH.len()], 0.0) {
                    Turn::At(place) => Some((input, place)),
                    Turn::Nowhere => None,
                }
            })
            .collect();
        turns.sort_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
        if turns.is_empty() {
            line("One input alone", "none within three standard deviations".to_owned(), None);
        }
        for (input, place) in turns.into_iter().take(3) {
            let value = inputs[input].natural(centre[input] + place * scales[input]);
            let what = format!("{} = {}", inputs[input].name, crate::present::short_number(value));
            line("One input alone", what, Some(place));
        }
    }
    let table = Table {
        name: "turned".to_owned(),
        title: format!("What would have to be true for a ranking to turn round. {}", bench.opened.study.title),
        label: "tab:turned".to_owned(),
        columns: vec![
            Column::new("Change", Decimals::Text),
            Column::new("What", Decimals::Text),
            Column::new("Distance in sd", digits),
        ],
        rows: lines,
        notes: vec![
            "Distances are from the mean of the draws in standard deviations of the draws, in the coordinates of the search; \
             for a draw, over all inputs together."
                .to_owned(),
            bench.source(),
        ],
    };
    table.exhibit().map_err(undrawn)
}

fn not_asked() -> Diagnostic {
    Diagnostic::error("no-sensitivity", "the study does not say whose drivers are wanted")
        .help("add [sensitivity] with outcomes = [\"…\"] and, for differences, scenarios = [\"…\"]")
}

fn nothing_varies() -> Diagnostic {
    Diagnostic::error("nothing-varies", "no constant of the model is estimated, or there is only one draw of them")
        .help("list constants under [[parameter]] with priors")
}

fn too_large(limit: &str) -> Diagnostic {
    Diagnostic::error("design-too-large", limit).help("ask for fewer `points` under [sensitivity]")
}
