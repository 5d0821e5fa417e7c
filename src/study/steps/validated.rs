//! Validation: residual tests and criteria, predictive checks, scores of forecasts from earlier dates, recovery.

use super::rolling::{Forecast, forecasts, origins};
use super::settings::Validate;
use super::{Bench, Found, predictive, recovery, undrawn};
use crate::diagnostic::Diagnostic;
use crate::estimate::fit::{Coverage, Criteria, ResidualTests};
use crate::estimate::objective::{Observation, Use};
use crate::present::{Cell, Column, Decimals, Row, Table};
use crate::study::exhibits;

/// All that the study asks of validation.
pub(super) fn found(bench: &Bench) -> Result<Found, Vec<Diagnostic>> {
    let (opened, calibration) = (bench.opened, bench.calibration);
    let settings = opened.study.steps.validate.clone().unwrap_or_default();
    let origins = origins(bench, &settings)?;
    (bench.progress)(crate::study::Progress::Step("validating: residuals and predictive checks"));
    let mut findings = Vec::new();
    let mut tables = vec![residuals(bench, &mut findings)];
    tables.push(predictive::checks(bench)?);
    if !origins.is_empty() {
        (bench.progress)(crate::study::Progress::Step("validating: forecasts from earlier dates"));
        let all = forecasts(bench, &settings, &origins)?;
        if !all.is_empty() {
            tables.push(scores(bench, &settings, &all));
            tables.push(every(bench, &settings, &all));
        }
    }
    if settings.recovery > 0 {
        (bench.progress)(crate::study::Progress::Step("validating: recovery from simulated data"));
        tables.push(recovery::table(bench, &settings)?);
    }
    let fit = exhibits::fit_statistics(&opened.study, &opened.prepared, calibration).map_err(undrawn)?;
    let mut drawn = vec![("tables", fit)];
    for table in &tables {
        drawn.push(("tables", table.exhibit().map_err(undrawn)?));
    }
    let shown = ["fit", "residual-tests", "predictive", "forecasts", "recovery"];
    let made = |name: &&str| *name == "fit" || tables.iter().any(|table| table.name == *name);
    let shown = shown.into_iter().filter(made).collect();
    Ok(Found { exhibits: drawn, files: Vec::new(), findings, shown, trusted: calibration.converged() })
}

/// Tests of the standardised residuals of each series with four fitted values or more.
fn residuals(bench: &Bench, findings: &mut Vec<Diagnostic>) -> Table {
    let (opened, calibration) = (bench.opened, bench.calibration);
    let observations = opened.prepared.design.observations.iter().zip(&calibration.predictions);
    let mut rows = Vec::new();
    let mut used = 0;
    for (observation, predictions) in observations.filter(|(observation, _)| !observation.judgement) {
        let pairs = observation.data.iter().zip(predictions).filter(|(datum, _)| datum.purpose == Use::Fit);
        let residuals: Vec<f64> =
            pairs.filter_map(|(_, prediction)| Some(prediction.misfit.as_ref()?.standardised)).collect();
        used += residuals.len();
        let count = residuals.len() as f64;
        let squares = residuals.iter().map(|r| r * r).sum::<f64>() / count;
        let tests = (residuals.len() > 3).then(|| ResidualTests::of(&residuals));
        let finding = tests.as_ref().and_then(|tests| tests.finding(&observation.name));
        findings.extend(finding.map(|finding| finding.diagnostic()));
        rows.push(Row::Cells(vec![
            Cell::text(&observation.name),
            Cell::Number(count),
            Cell::Number(residuals.iter().sum::<f64>() / count),
            Cell::Number(squares.sqrt()),
            Cell::number(tests.map(|tests| tests.durbin_watson)),
            Cell::number(tests.and_then(|tests| tests.runs).map(|runs| runs.p)),
            Cell::number(tests.and_then(|tests| tests.ljung_box).map(|test| test.p)),
        ]));
    }
    let parameters = opened.prepared.design.parameters.len();
    let criteria = Criteria::of(calibration.value.likelihood, parameters, used);
    Table {
        name: "residual-tests".to_owned(),
        title: format!("Residuals within the window. {}", opened.study.title),
        label: "tab:residual-tests".to_owned(),
        columns: vec![
            Column::new("Series", Decimals::Text),
            Column::new("n", Decimals::Whole),
            Column::new("Mean", Decimals::Fixed(2)),
            Column::new("Root mean square", Decimals::Fixed(2)),
            Column::new("Durbin-Watson", Decimals::Fixed(2)),
            Column::new("runs", Decimals::Fixed(3)).group("p"),
            Column::new("Ljung-Box", Decimals::Fixed(3)).group("p"),
        ],
        rows,
        notes: vec![
            "Residuals in units of the noise scale. Durbin-Watson is near 2, p above 0.05, where neighbours are unrelated."
                .to_owned(),
            format!(
                "{used} observations, {parameters} parameters: AIC {:.1}, AICc {:.1}, BIC {:.1}; negative log likelihood \
                 {:.3}. They count parameters as free, which priors make fewer.",
                criteria.aic, criteria.aicc, criteria.bic, calibration.value.likelihood
            ),
        ],
    }
}

/// Scores of the forecasts of each series, the model's beside the naive ones.
fn scores(bench: &Bench, settings: &Validate, all: &[Forecast]) -> Table {
    let observations = &bench.opened.prepared.design.observations;
    let mut rows = Vec::new();
    let (mut better, mut compared) = (0, 0);
    for (number, observation) in observations.iter().enumerate() {
        let own: Vec<&Forecast> = all.iter().filter(|forecast| forecast.observation == number).collect();
        if own.is_empty() {
            continue;
        }
        let shown = observation.shown.0;
        let root = |error: &dyn Fn(&Forecast) -> f64| {
            let squares = own.iter().map(|forecast| error(forecast).powi(2)).sum::<f64>();
            shown * (squares / own.len() as f64).sqrt()
        };
        let relative = |value: &dyn Fn(&Forecast) -> f64| {
            let parts = own.iter().map(|forecast| ((value(forecast) - forecast.observed) / forecast.observed).abs());
            100.0 * parts.sum::<f64>() / own.len() as f64
        };
        let mean = |value: &dyn Fn(&Forecast) -> f64| {
            own.iter().map(|forecast| value(forecast)).sum::<f64>() / own.len() as f64
        };
        let intervals: Vec<(f64, f64, f64)> =
            own.iter().map(|forecast| (forecast.interval.0, forecast.interval.1, forecast.observed)).collect();
        let model = root(&|forecast| forecast.expected - forecast.observed);
        let last = root(&|forecast| forecast.last - forecast.observed);
        compared += 1;
        better += usize::from(model < last);
        rows.push(Row::Cells(vec![
            Cell::text(&observation.name),
            Cell::text(unit(observation)),
            Cell::Number(own.len() as f64),
            Cell::Number(model),
            Cell::Number(last),
            Cell::Number(root(&|forecast| forecast.drift - forecast.observed)),
            Cell::Number(relative(&|forecast| forecast.expected)),
            Cell::Number(relative(&|forecast| forecast.last)),
            Cell::Number(shown * mean(&|forecast| forecast.crps)),
            Cell::Number(shown * mean(&|forecast| (forecast.last - forecast.observed).abs())),
            Cell::Number(mean(&|forecast| forecast.log_score)),
            Cell::Number(Coverage::of(&intervals).held as f64),
        ]));
    }
    let percent = 100.0 * settings.level;
    let digits = Decimals::Significant(3);
    Table {
        name: "forecasts".to_owned(),
        title: format!("Forecasts from earlier dates. {}", bench.opened.study.title),
        label: "tab:forecasts".to_owned(),
        columns: vec![
            Column::new("Series", Decimals::Text),
            Column::new("Unit", Decimals::Text),
            Column::new("n", Decimals::Whole),
            Column::new("model", digits).group("RMSE"),
            Column::new("last value", digits).group("RMSE"),
            Column::new("drift", digits).group("RMSE"),
            Column::new("model", Decimals::Fixed(1)).group("MAPE (%)"),
            Column::new("last value", Decimals::Fixed(1)).group("MAPE (%)"),
            Column::new("model", digits).group("CRPS"),
            Column::new("last value", digits).group("CRPS"),
            Column::new("Log score", Decimals::Fixed(2)),
            Column::new(format!("in {percent:.0} %"), Decimals::Whole),
        ],
        rows,
        notes: vec![
            format!(
                "{} forecasts up to {} ahead from the ends of {}, each estimated on what was recorded by then; drivers of \
                 the model are taken as known. The model beats the last value in {better} of {compared} series by RMSE.",
                all.len(),
                settings.horizon,
                settings.origins.iter().map(|origin| origin.value.as_str()).collect::<Vec<_>>().join(", ")
            ),
            "Drift: the line through the first and the last value known, the last value where only one is. CRPS of the last value is its absolute error. Log \
             score: mean negative log predictive density; smaller is better in every column but the last."
                .to_owned(),
        ],
    }
}

/// Every forecast, one a row.
fn every(bench: &Bench, settings: &Validate, all: &[Forecast]) -> Table {
    let observations = &bench.opened.prepared.design.observations;
    let digits = Decimals::Significant(4);
    let rows = all.iter().map(|forecast| {
        let observation = &observations[forecast.observation];
        let shown = |value: f64| Cell::Number(value * observation.shown.0);
        Row::Cells(vec![
            Cell::text(&settings.origins[forecast.origin].value),
            Cell::text(&observation.name),
            Cell::text(unit(observation)),
            Cell::text(&observation.data[forecast.datum].label),
            Cell::Number(forecast.ahead),
            shown(forecast.observed),
            shown(forecast.expected),
            shown(forecast.interval.0),
            shown(forecast.interval.1),
            shown(forecast.last),
            shown(forecast.drift),
            Cell::Number(forecast.log_score),
            shown(forecast.crps),
        ])
    });
    Table {
        name: "every-forecast".to_owned(),
        title: "Every forecast from an earlier date".to_owned(),
        label: "tab:every-forecast".to_owned(),
        columns: vec![
            Column::new("Origin", Decimals::Text),
            Column::new("Series", Decimals::Text),
            Column::new("Unit", Decimals::Text),
            Column::new("Period", Decimals::Text),
            Column::new("Ahead", Decimals::Significant(3)),
            Column::new("Observed", digits),
            Column::new("Forecast", digits),
            Column::new("lower", digits),
            Column::new("upper", digits),
            Column::new("Last value", digits),
            Column::new("Drift", digits),
            Column::new("Log score", digits),
            Column::new("CRPS", digits),
        ],
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

fn unit(observation: &Observation) -> &str {
    if observation.shown.1.is_empty() { "1" } else { &observation.shown.1 }
}
