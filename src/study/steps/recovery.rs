//! Recovery: data simulated at the estimates, estimated again, and how often intervals hold the truth.

use super::replicate::{drawn, natural, scale};
use super::settings::Validate;
use super::{Bench, halted};
use crate::diagnostic::Diagnostic;
use crate::estimate::fit::Coverage;
use crate::estimate::objective::{Design, Objective, Use};
use crate::estimate::optimise::{Ended, Method};
use crate::estimate::uncertainty::Information;
use crate::estimate::{Parameter, Problem};
use crate::present::{Cell, Column, Decimals, Row, Table};
use crate::random::{Stream, normal_quantile};
use std::sync::atomic::Ordering;

const ITERATIONS: u64 = 300;
/// One stream for each data set.
const STREAMS: u64 = 1 << 42;

/// One data set estimated again: search coordinate and standard error of each parameter.
type Refit = Vec<(f64, Option<f64>)>;

/// How well each parameter is recovered.
///
/// # Method
/// Data sets are simulated at the estimates with the noise of the study, and each is estimated from there by the study's own
/// posterior. Intervals are normal in the search coordinate.
/// # Assumptions
/// The model is right: recovery shows what the design can tell, not whether the model is true.
/// # Fails when
/// A prior disagrees with the estimate: it pulls every refit, and intervals cover less than they promise.
/// # Source
/// Efron and Tibshirani (1993), section 6.5, for the parametric bootstrap.
pub(super) fn table(bench: &Bench, settings: &Validate) -> Result<Table, Vec<Diagnostic>> {
    let (opened, calibration) = (bench.opened, bench.calibration);
    let objective = Objective::new(&opened.prepared.checked, opened.prepared.design.clone())?;
    let truth = &calibration.point;
    let refit = |number: u64| -> Option<Option<Refit>> {
        let design = simulated(bench, number);
        let refit = Objective::new(&opened.prepared.checked, design).ok().and_then(|objective| {
            let found = Method::TrustRegion.search(&objective, truth, number, ITERATIONS, bench.stop);
            found.value.filter(|_| matches!(found.ended, Ended::Converged | Ended::Stalled))?;
            let information = Information::expected(&objective, &found.point).ok()?;
            let covariance = information.covariance();
            Some((0..truth.len()).map(|k| (found.point[k], covariance.standard_error(k))).collect())
        });
        (!bench.stop.load(Ordering::Relaxed)).then_some(refit)
    };
    let stage = opened.stage("recovery", "", settings.recovery);
    let refits = stage.run(bench.stop, &|done, of| bench.told(done, of), &refit).map_err(halted)?;
    let found: Vec<Refit> = refits.into_iter().flatten().collect();
    let width = normal_quantile((1.0 + settings.level) / 2.0);
    let rows =
        objective.parameters().iter().enumerate().map(|(k, parameter)| row(parameter, k, truth[k], &found, width));
    let percent = 100.0 * settings.level;
    Ok(Table {
        name: "recovery".to_owned(),
        title: format!("Recovery of the estimates from simulated data. {}", opened.study.title),
        label: "tab:recovery".to_owned(),
        columns: vec![
            Column::new("Parameter", Decimals::Text),
            Column::new("Truth", Decimals::Significant(3)),
            Column::new("Median estimate", Decimals::Significant(3)),
            Column::new("Error/std. error", Decimals::Fixed(2)),
            Column::new("Covered", Decimals::Fixed(2)),
            Column::new("from", Decimals::Fixed(2)).group("By chance"),
            Column::new("to", Decimals::Fixed(2)).group("By chance"),
        ],
        rows: rows.collect(),
        notes: vec![
            format!(
                "{} of {} data sets, simulated at the estimates, were estimated again. Covered: share of {percent:.0} % \
                 intervals that hold the truth; {percent:.0} % lies between the last two columns if the miss is chance \
                 (Wilson 1927).",
                found.len(),
                settings.recovery
            ),
            "Error/std. error: mean of the estimate less the truth in standard errors. A prior away from the truth pulls it."
                .to_owned(),
        ],
    })
}

/// The design of the study with data drawn at the estimates.
fn simulated(bench: &Bench, number: u64) -> Design {
    let (opened, calibration) = (bench.opened, bench.calibration);
    let mut design = opened.prepared.design.clone();
    let natural = natural(&design, &calibration.point);
    let mut stream = Stream::new(opened.study.run.seed, STREAMS + number);
    for (observation, predictions) in design.observations.iter_mut().zip(&calibration.predictions) {
        if observation.judgement {
            continue;
        }
        for (k, prediction) in predictions.iter().enumerate() {
            let scale = scale(observation, k, &natural);
            let value = drawn(&observation.noise, prediction.value, scale, &mut stream);
            let datum = &mut observation.data[k];
            match observation.noise.admits(value) {
                Ok(()) if value.is_finite() => datum.value = value,
                _ => datum.purpose = Use::Neither,
            }
        }
    }
    design
}

fn row(parameter: &Parameter, k: usize, truth: f64, refits: &[Refit], width: f64) -> Row {
    let mut estimates: Vec<f64> = refits.iter().map(|refit| refit[k].0).collect();
    estimates.sort_by(f64::total_cmp);
    let intervals: Vec<(f64, f64, f64)> = refits
        .iter()
        .filter_map(|refit| {
            let (at, error) = (refit[k].0, refit[k].1?);
            Some((at - width * error, at + width * error, truth))
        })
        .collect();
    let coverage = Coverage::of(&intervals);
    let errors = refits.iter().filter_map(|refit| Some((refit[k].0 - truth) / refit[k].1?));
    let mean = errors.sum::<f64>() / intervals.len() as f64;
    let range = coverage.chance_range();
    Row::Cells(vec![
        Cell::text(&parameter.name),
        Cell::Number(parameter.natural(truth)),
        Cell::number(estimates.get(estimates.len() / 2).map(|at| parameter.natural(*at))),
        Cell::Number(mean),
        Cell::Number(coverage.share()),
        Cell::Number(range.0),
        Cell::Number(range.1),
    ])
}
