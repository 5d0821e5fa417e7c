//! Prediction profiles of the outcomes that a study names under `[identify]`.

use super::{Bench, undrawn};
use crate::compare::Take;
use crate::diagnostic::Diagnostic;
use crate::estimate::objective::Foretold;
use crate::estimate::uncertainty::{Covariance, PredictionProfile, PredictionProfiler};
use crate::present::{Cell, Column, Decimals, Exhibit, Head, ProfilePanel, Profiles, Quantity, Row, Table};
use crate::study::outcomes::PreparedOutcome;

/// An exhibit and its folder.
type Placed = (&'static str, Exhibit);

/// Tables and the figure of the predictions named; what cannot be profiled is told.
pub(super) fn predictions(
    bench: &Bench,
    covariance: &Covariance,
    level: f64,
) -> Result<(Vec<Placed>, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (prepared, calibration) = (&bench.opened.prepared, bench.calibration);
    let wanted = bench.opened.study.steps.identify.iter().flat_map(|entry| &entry.predictions);
    let profiler = PredictionProfiler { level, ..PredictionProfiler::default() };
    let (mut found, mut told) = (Vec::new(), Vec::new());
    for name in wanted {
        let Some(outcome) = prepared.outcomes.iter().find(|outcome| outcome.name == name.value) else { continue };
        let window = match &outcome.number {
            Some((windows, Take::Value)) if prepared.design.processes.is_empty() => windows.first().copied(),
            _ => None,
        };
        let Some(window) = window else {
            told.push(
                Diagnostic::warning("prediction-not-profiled", format!("`{}` has no prediction profile", name.value))
                    .help("profiles are of outcomes with take = \"value\", in studies without process noise"),
            );
            continue;
        };
        (bench.progress)(crate::study::Progress::Step("profiling predictions"));
        let problem = Foretold::new(&prepared.checked, prepared.design.clone(), outcome.gauge.clone(), window)?;
        match profiler.run(&problem, &calibration.point, covariance, bench.stop) {
            Some(profile) => found.push((outcome, profile)),
            None => told.push(
                Diagnostic::warning("prediction-not-profiled", format!("`{}` could not be profiled", name.value))
                    .help("look at the outcome with `levada compare`"),
            ),
        }
    }
    if found.is_empty() {
        return Ok((Vec::new(), told));
    }
    let mut exhibits = vec![("tables", table(&found, level).exhibit().map_err(undrawn)?)];
    exhibits.push(("tables", paths(&found).exhibit().map_err(undrawn)?));
    let panels = found.iter().map(|(outcome, profile)| ProfilePanel {
        parameter: Quantity::new(outcome.title.clone(), outcome.unit.clone()),
        values: profile.path.iter().map(|point| point.value * outcome.factor).collect(),
        deviance: profile.path.iter().map(|point| 2.0 * point.rise.max(0.0)).collect(),
        estimate: profile.estimate * outcome.factor,
        lower: profile.lower.map(|end| end * outcome.factor),
        upper: profile.upper.map(|end| end * outcome.factor),
    });
    let figure = Profiles {
        head: Head::new(
            "prediction-profiles",
            "Twice the rise of the negative log posterior of the best fit with each predicted value.",
        ),
        deviance: "2 × rise".to_owned(),
        threshold: 2.0 * profiler.threshold(),
        threshold_label: format!("{:.0} %", 100.0 * level),
        panels: panels.collect(),
    };
    exhibits.extend(figure.draw().map_err(undrawn)?.into_iter().map(|exhibit| ("figures", exhibit)));
    Ok((exhibits, told))
}

fn table(found: &[(&PreparedOutcome, PredictionProfile)], level: f64) -> Table {
    let interval = format!("{:.0} % interval by profile", 100.0 * level);
    let rows = found.iter().map(|(outcome, profile)| {
        let shown = |end: Option<f64>| Cell::number(end.map(|end| end * outcome.factor));
        Row::Cells(vec![
            Cell::text(&outcome.title),
            Cell::text(if outcome.unit.is_empty() { "1" } else { &outcome.unit }),
            Cell::Number(profile.estimate * outcome.factor),
            shown(profile.lower),
            shown(profile.upper),
        ])
    });
    Table {
        name: "predictions".to_owned(),
        title: "Predictions with intervals by profile".to_owned(),
        label: "tab:predictions".to_owned(),
        columns: vec![
            Column::new("Prediction", Decimals::Text),
            Column::new("Unit", Decimals::Text),
            Column::new("Estimate", Decimals::Significant(4)),
            Column::new("lower", Decimals::Significant(4)).group(&interval),
            Column::new("upper", Decimals::Significant(4)).group(&interval),
        ],
        rows: rows.collect(),
        notes: vec!["An empty end: none was found. The data do not limit the prediction on that side, or parameters stand at their bounds, or no \
             better fit was found: the path shows how far the search came.".to_owned()],
    }
}

fn paths(found: &[(&PreparedOutcome, PredictionProfile)]) -> Table {
    let rows = found.iter().flat_map(|(outcome, profile)| {
        profile.path.iter().map(|point| {
            let value = Cell::Number(point.value * outcome.factor);
            Row::Cells(vec![Cell::text(&outcome.title), value, Cell::Number(point.rise)])
        })
    });
    Table {
        name: "prediction-profiles".to_owned(),
        title: "Profiles of predictions".to_owned(),
        label: "tab:prediction-profiles".to_owned(),
        columns: vec![
            Column::new("Prediction", Decimals::Text),
            Column::new("Value", Decimals::Significant(5)),
            Column::new("Rise", Decimals::Significant(4)),
        ],
        rows: rows.collect(),
        notes: vec![
            "Rise of the negative log posterior of the best fit with this prediction above the optimum.".to_owned(),
        ],
    }
}
