//! Observed series with the model's trajectory, standardised residuals, and the waterfall of the starts.

use super::Results;
use crate::calendar::{Fraction, Window};
use crate::compare::{readings, with};
use crate::estimate::objective::{Gauge, Observation, Operator, Prediction, Reading};
use crate::estimate::optimise::Ended;
use crate::present::{
    Exhibit, Fit, FitPanel, Head, Observed, Outcome, Path, Quantity, Refusal, ResidualPanel, Residuals, Start, Starts,
};
use crate::study::calibration::Calibration;

/// Points of a trajectory that is read at instants.
const POINTS: usize = 240;

/// Every series with the model's trajectory, in small multiples.
pub fn fit(results: &Results, calibration: &Calibration) -> Result<Vec<Exhibit>, Refusal> {
    let design = &results.prepared.design;
    let series: Vec<&Observation> = design.observations.iter().filter(|o| !o.judgement && !o.data.is_empty()).collect();
    if series.is_empty() {
        return Ok(Vec::new());
    }
    let windows: Vec<Vec<Window>> = series.iter().map(|observation| tiles(observation, results.prepared.run)).collect();
    let natural: Vec<f64> = natural(calibration, results);
    let mut read = vec![Vec::new(); series.len()];
    for experiment in 0..design.experiments.len().max(1) {
        let own: Vec<usize> = (0..series.len()).filter(|k| series[*k].experiment == experiment).collect();
        let gauges: Vec<(&Gauge, Vec<Window>)> = own.iter().map(|k| (&series[*k].gauge, windows[*k].clone())).collect();
        let fixed = with(results.fixed, &design.constants_in(experiment, &natural));
        let levels = readings(&results.prepared.checked, &fixed, &design.settings, &gauges)
            .map_err(|found| internal("fit", &found))?;
        own.into_iter().zip(levels).for_each(|(k, levels)| read[k] = levels);
    }
    let filtered = !design.processes.is_empty();
    let numbers = design.observations.iter().enumerate().filter(|(_, o)| !o.judgement && !o.data.is_empty());
    let predictions: Vec<&[Prediction]> =
        numbers.map(|(k, _)| calibration.predictions.get(k).map_or(&[][..], Vec::as_slice)).collect();
    let panels = series
        .iter()
        .zip(&windows)
        .zip(read)
        .zip(predictions)
        .map(|(((observation, windows), levels), predictions)| {
            let coverage = observation.coverage.and_then(|k| natural.get(k)).copied().unwrap_or(1.0);
            let usual = usual_length(observation);
            let times = windows.iter().map(|window| place(observation, *window)).collect();
            let (shown, unit) = &observation.shown;
            let values = levels.iter().map(|level| level * coverage * shown).collect();
            let scaled = |window: Window, value: f64| match observation.gauge.operator {
                // A total over eleven months is shown at the rate of a year.
                Operator::Of(Reading::Total) if window.length() > 0.0 => value * usual / window.length(),
                _ => value,
            };
            let data = observation.data.iter();
            let model = match filtered {
                true => Path::new(
                    "Predicted from the data before",
                    data.clone().map(|datum| place(observation, datum.window)).collect(),
                    (data.clone().zip(predictions))
                        .map(|(datum, prediction)| scaled(datum.window, prediction.value) * shown)
                        .collect(),
                ),
                false => Path::new("Model", times, values),
            };
            FitPanel {
                quantity: Quantity::new(observation.name.clone(), unit.clone()),
                model,
                observed: vec![Observed {
                    source: observation.vendor.clone(),
                    times: data.clone().map(|datum| place(observation, datum.window)).collect(),
                    values: data.map(|datum| scaled(datum.window, datum.value) * shown).collect(),
                }],
            }
        })
        .collect();
    let line =
        if filtered { "what the model predicts of each from those before it" } else { "the model at the estimates" };
    let caption = format!(
        "{}. Observed series (points) and {line} (line), each read as its series observes it.",
        results.study.title
    );
    Fit { head: Head::new("fit", caption), frame: results.frame(), panels }.draw()
}

/// Residuals in units of the noise scale.
pub fn residuals(results: &Results, calibration: &Calibration) -> Result<Vec<Exhibit>, Refusal> {
    let observations = results.prepared.design.observations.iter().zip(&calibration.predictions);
    let panels: Vec<ResidualPanel> = observations
        .filter(|(observation, _)| !observation.judgement && !observation.data.is_empty())
        .map(|(observation, predictions)| {
            let pairs = observation.data.iter().zip(predictions);
            let (times, values) = pairs
                .filter_map(|(datum, prediction)| {
                    let residual = prediction.misfit.as_ref()?.standardised;
                    Some((place(observation, datum.window), residual))
                })
                .unzip();
            ResidualPanel {
                title: observation.name.clone(),
                residuals: vec![Observed { source: observation.vendor.clone(), times, values }],
            }
        })
        .filter(|panel| !panel.residuals[0].times.is_empty())
        .collect();
    if panels.is_empty() {
        return Ok(Vec::new());
    }
    let caption =
        "Observed less model in units of the noise scale; 95 % of independent normal residuals lie in the band.";
    Residuals { head: Head::new("residuals", caption), frame: results.frame(), panels }.draw()
}

/// The end of every start, best first.
pub(in crate::study) fn starts(calibration: &Calibration) -> Result<Vec<Exhibit>, Refusal> {
    let starts: Vec<Start> = calibration
        .searched
        .waterfall()
        .iter()
        .map(|start| Start {
            objective: start.optimum.height(),
            outcome: match start.optimum.ended {
                _ if start.optimum.value.is_none() => Outcome::Failed,
                Ended::Converged | Ended::Stalled => Outcome::Converged,
                _ => Outcome::Stopped,
            },
        })
        .collect();
    if starts.len() < 2 {
        return Ok(Vec::new());
    }
    let caption = "Every start of the calibration by the negative log posterior at which it ended.";
    let head = Head::new("starts", caption).width(crate::present::Width::Single);
    Starts { head, objective: "Negative log posterior".to_owned(), starts, tolerance: 0.01 }.draw()
}

fn natural(calibration: &Calibration, results: &Results) -> Vec<f64> {
    let parameters = results.prepared.design.parameters.iter();
    parameters.zip(&calibration.point).map(|((parameter, _), at)| parameter.natural(*at)).collect()
}

/// The middle length of the series' windows.
fn usual_length(observation: &Observation) -> f64 {
    let mut lengths: Vec<f64> = observation.data.iter().map(|datum| datum.window.length()).collect();
    lengths.sort_by(f64::total_cmp);
    lengths.get(lengths.len() / 2).copied().unwrap_or(0.0)
}

/// Windows like those of the series, one after the other through the run.
fn tiles(observation: &Observation, run: Window) -> Vec<Window> {
    let length = usual_length(observation);
    // A level is followed through the year, whatever the periods of its record.
    let level = matches!(
        observation.gauge.operator,
        Operator::Of(Reading::Level(_))
            | Operator::Share(Reading::Level(_))
            | Operator::Index { of: Reading::Level(_), .. }
    );
    if length <= 0.0 || level {
        let at = |k: usize| run.start + run.length() * k as f64 / POINTS as f64;
        return (0..=POINTS).map(|k| Window::instant(at(k))).collect();
    }
    // Growth and indices reach back before their window.
    let first = observation.data.first().map_or(run.start, |datum| datum.window.start);
    let mut start = first - ((first - run.start) / length).floor() * length;
    let mut tiles = Vec::new();
    while start + length <= run.end + 1e-9 * length && tiles.len() < 2000 {
        let window = Window { start, end: (start + length).min(run.end) };
        if run.covers(observation.gauge.operator.reach(window)) {
            tiles.push(window);
        }
        start += length;
    }
    tiles
}

/// Where a value over a window is drawn.
pub(super) fn place(observation: &Observation, window: Window) -> f64 {
    match observation.gauge.operator.reading() {
        Reading::Level(fraction) => window.at(fraction),
        Reading::Cumulative { .. } => window.end,
        _ => window.at(Fraction::Middle),
    }
}

pub(super) fn internal(exhibit: &str, found: &[crate::diagnostic::Diagnostic]) -> Refusal {
    let fault = found.iter().map(|diagnostic| diagnostic.message.as_str()).collect::<Vec<_>>().join("; ");
    Refusal::Internal { exhibit: exhibit.to_owned(), fault }
}
