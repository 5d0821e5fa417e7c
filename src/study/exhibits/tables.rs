//! Estimates, fit, accounts and the comparison of policies as tables.

use super::Results;
use super::policies::drawn;
use crate::estimate::fit::FitStatistics;
use crate::estimate::uncertainty;
use crate::present::{
    self, Bound, Cell, Column, Decimals, EstimateRow, Exhibit, FitRow, Heading, OutcomeColumn, OutcomePath, Quantity,
    Refusal, Row, Table, annual_table, estimates_table, fit_table,
};
use crate::study::calibration::Calibration;
use crate::study::entry::Study;
use crate::study::manifest::slug;
use crate::study::prepare::Prepared;

/// Every table of the study.
pub fn tables(results: &Results) -> Result<Vec<Exhibit>, Refusal> {
    let mut all = Vec::new();
    if let Some(calibration) = results.calibration {
        if !calibration.estimates.is_empty() {
            all.push(estimates(results.study, results.prepared, calibration)?);
        }
        all.push(fit_statistics(results.study, results.prepared, calibration)?);
    }
    if !results.accounts.is_empty() {
        all.push(accounts(results)?);
    }
    if results.comparison.policies.len() > 1 && !results.comparison.measures.is_empty() {
        all.push(everything(results)?);
        for measure in 0..results.comparison.measures.len() {
            all.push(annual(results, measure)?);
        }
    }
    Ok(all)
}

fn heading(name: &str, title: String, notes: Vec<String>) -> Heading {
    Heading { name: name.to_owned(), label: format!("tab:{name}"), title, notes }
}

/// The estimates with their standard errors and intervals.
pub(in crate::study) fn estimates(
    study: &Study,
    prepared: &Prepared,
    calibration: &Calibration,
) -> Result<Exhibit, Refusal> {
    let rows: Vec<EstimateRow> = calibration
        .estimates
        .iter()
        .map(|estimate| EstimateRow {
            name: estimate.name.clone(),
            meaning: estimate.meaning.clone(),
            unit: estimate.unit.clone(),
            prior: estimate.prior.clone(),
            estimate: estimate.value,
            standard_error: estimate.standard_error,
            interval: estimate.interval,
            at_bound: estimate.at_bound.map(|bound| match bound {
                uncertainty::Bound::Lower => Bound::Lower,
                uncertainty::Bound::Upper => Bound::Upper,
            }),
            spread_left: spread_left(prepared, estimate),
        })
        .collect();
    let design = &prepared.design;
    let data = design.observations.iter().flat_map(|observation| &observation.data);
    let used = data.clone().filter(|datum| datum.purpose == crate::estimate::objective::Use::Fit).count();
    let notes = vec![
        format!(
            "Maximum a posteriori over {used} observations; {} of {} starts reached the optimum. Negative log posterior \
             {:.3}, of which likelihood {:.3}.",
            calibration.found,
            calibration.searched.waterfall().len(),
            calibration.value.posterior(),
            calibration.value.likelihood,
        ),
        "Standard errors from the observed information of the posterior, by the delta method; intervals are its normal \
         approximation in the search coordinate."
            .to_owned(),
    ];
    let title = format!("Estimates. {}", study.title);
    estimates_table(&heading("estimates", title, notes), &rows, false).exhibit()
}

/// The standard deviation of an estimate over that of its prior within the bounds, in the coordinate of the search.
fn spread_left(prepared: &Prepared, estimate: &uncertainty::Estimate) -> Option<f64> {
    const BELOW: f64 = 0.158_655_253_931_457_05;
    let mut parameters = prepared.design.parameters.iter().map(|(parameter, _)| parameter);
    let parameter = parameters.find(|parameter| parameter.name == estimate.name && !parameter.prior.is_flat())?;
    // An interval that is cut at a bound tells on its other side.
    let (low, high) = estimate.interval?;
    let at = parameter.search(estimate.value);
    let reach = (parameter.search(high) - at).max(at - parameter.search(low));
    let prior = (parameter.search_at(1.0 - BELOW) - parameter.search_at(BELOW)) / 2.0;
    let left = reach / crate::random::normal_quantile(0.975) / prior;
    left.is_finite().then_some(left)
}

/// Fit of each series with Theil's decomposition, within the window and on held-out data.
pub(in crate::study) fn fit_statistics(
    study: &Study,
    prepared: &Prepared,
    calibration: &Calibration,
) -> Result<Exhibit, Refusal> {
    let of = |statistics: &Option<FitStatistics>| {
        statistics.as_ref().map(|fit| present::FitStatistics {
            observations: fit.count,
            r_squared: fit.r_squared,
            rmse: fit.rmse,
            mape: fit.mape.unwrap_or(f64::NAN),
            theil_bias: fit.bias_share,
            theil_variance: fit.variation_share,
            theil_covariance: fit.covariation_share,
        })
    };
    let rows: Vec<FitRow> = calibration
        .fit(prepared)
        .iter()
        .map(|fit| {
            let observation = &prepared.design.observations[fit.observation];
            let (shown, unit) = &observation.shown;
            let in_shown = |statistics: Option<present::FitStatistics>| {
                statistics.map(|fit| present::FitStatistics { rmse: fit.rmse * shown, ..fit })
            };
            FitRow {
                series: observation.name.clone(),
                source: observation.vendor.clone(),
                unit: unit.clone(),
                window: in_shown(of(&fit.window)),
                hold_out: in_shown(of(&fit.hold_out)),
            }
        })
        .collect();
    let title = format!("Fit within the window and on held-out data. {}", study.title);
    fit_table(&heading("fit", title, Vec::new()), &rows).exhibit()
}

fn accounts(results: &Results) -> Result<Exhibit, Refusal> {
    let columns = vec![
        Column::new("Account", Decimals::Text),
        Column::new("Policy", Decimals::Text),
        Column::new("Largest residual", Decimals::Significant(2)),
        Column::new("Time", Decimals::Time),
        Column::new("Balances", Decimals::Text),
    ];
    let rows = results.accounts.iter().map(|kept| {
        Row::Cells(vec![
            Cell::text(kept.account.clone()),
            Cell::text(kept.policy.clone()),
            Cell::number(kept.residual),
            Cell::number(kept.time),
            Cell::text(if kept.holds() { "yes" } else { "no" }),
        ])
    });
    Table {
        name: "accounts".to_owned(),
        title: "Accounts that every run must keep".to_owned(),
        label: "tab:accounts".to_owned(),
        columns,
        rows: rows.collect(),
        notes: vec!["Residuals are relative to the largest level of the account.".to_owned()],
    }
    .exhibit()
}

/// Every policy, outcome and window, one a row.
fn everything(results: &Results) -> Result<Exhibit, Refusal> {
    let comparison = results.comparison;
    let columns = vec![
        Column::new("Policy", Decimals::Text),
        Column::new("Outcome", Decimals::Text),
        Column::new("Unit", Decimals::Text),
        Column::new(results.time_title(), Decimals::Time),
        Column::new("Level", Decimals::Significant(4)),
        Column::new("Difference to baseline", Decimals::Significant(4)),
    ];
    let mut rows = Vec::new();
    for (policy, named) in comparison.policies.iter().enumerate() {
        for (measure, outcome) in comparison.measures.iter().enumerate() {
            let differences = comparison.differences(policy, measure);
            for (window, difference) in differences.into_iter().enumerate() {
                rows.push(Row::Cells(vec![
                    Cell::text(named.name.clone()),
                    Cell::text(outcome.name.clone()),
                    Cell::text(outcome.unit.clone()),
                    Cell::number(comparison.windows[window].start),
                    Cell::number(comparison.levels[policy][measure][window]),
                    Cell::number(difference),
                ]));
            }
        }
    }
    Table {
        name: "comparison".to_owned(),
        title: format!("Every policy and outcome by year. {}", results.study.title),
        label: "tab:comparison".to_owned(),
        columns,
        rows,
        notes: Vec::new(),
    }
    .exhibit()
}

/// One outcome by year: the baseline, and the level and difference of each policy drawn.
fn annual(results: &Results, measure: usize) -> Result<Exhibit, Refusal> {
    let comparison = results.comparison;
    let outcome = &comparison.measures[measure];
    let column = OutcomeColumn {
        quantity: Quantity::new(outcome.title.clone(), outcome.unit.clone()),
        baseline: (comparison.policies[0].title.clone(), comparison.levels[0][measure].clone()),
        alternatives: drawn(results)
            .into_iter()
            .map(|policy| OutcomePath {
                label: comparison.policies[policy].title.clone(),
                levels: comparison.levels[policy][measure].clone(),
                differences: comparison.differences(policy, measure),
            })
            .collect(),
    };
    let name = format!("outcome-{}", slug(&outcome.name));
    let title = format!("{} under the baseline and other policies", outcome.title);
    let times: Vec<f64> = comparison.windows.iter().map(|window| window.start).collect();
    annual_table(&heading(&name, title, Vec::new()), &results.time_title(), &times, &[column]).exhibit()
}
