//! Forecasts from earlier dates: estimate on what was recorded by then, predict what came, score against naive forecasts.

use super::Bench;
use super::draws::normal_draws;
use super::predictive::ends;
use super::replicate::{drawn, natural, scale};
use super::settings::Validate;
use crate::calendar::Window;
use crate::diagnostic::Diagnostic;
use crate::estimate::fit::crps_sample;
use crate::estimate::objective::{Objective, Observation, Operator, Prediction, Reading, Use};
use crate::estimate::optimise::{Method, Optimum};
use crate::estimate::uncertainty::Information;
use crate::estimate::{Infeasible, Problem};
use crate::random::Stream;
use crate::study::archive::stretch;
use crate::study::fault::Finding;
use crate::study::opened::pieces;
use serde::{Deserialize, Serialize};

/// Draws behind each forecast.
const DRAWS: usize = 500;
/// Iterations of each search.
const ITERATIONS: u64 = 300;
/// Streams of draws of parameters and of noise, two for each origin.
const STREAMS: u64 = 1 << 41;

/// One forecast of one datum. Values are in the unit of the series.
#[derive(Serialize, Deserialize)]
pub(super) struct Forecast {
    /// Number of the origin.
    pub origin: usize,
    pub observation: usize,
    pub datum: usize,
    /// Model time from the origin to the end of the datum's period.
    pub ahead: f64,
    pub observed: f64,
    /// Prediction at the estimates of the origin.
    pub expected: f64,
    pub interval: (f64, f64),
    /// Negative log predictive density.
    pub log_score: f64,
    pub crps: f64,
    /// The last value known, and the line through first and last, or the last where only one was known.
    pub last: f64,
    pub drift: f64,
}

/// The ends of the periods that the study names as origins.
///
/// # Errors
/// What is no period.
pub(super) fn origins(bench: &Bench, settings: &Validate) -> Result<Vec<f64>, Vec<Diagnostic>> {
    let study = &bench.opened.study;
    let mut findings: Vec<Finding> = Vec::new();
    let read = |text| stretch(text, &study.run.calendar, &study.source, &mut findings).map(|window| window.end);
    let ends = settings.origins.iter().filter_map(read).collect();
    if findings.is_empty() { Ok(ends) } else { Err(findings.iter().map(Finding::diagnostic).collect()) }
}

/// Every forecast from every origin of the series of which a value was known. Drivers of the model are taken as known.
///
/// # Method
/// The estimates of an origin are the better of two searches, from the estimates of the whole record and from the starts.
/// Forecasts are mixtures over draws of the normal approximation at them, each with noise drawn around its prediction.
/// # Source
/// Tashman (2000), section 2, for rolling origins; scores: Gneiting and Raftery (2007), sections 4.1 and 4.2.
pub(super) fn forecasts(bench: &Bench, settings: &Validate, origins: &[f64]) -> Result<Vec<Forecast>, Vec<Diagnostic>> {
    let stage = bench.opened.stage("origins", &format!("{origins:?} {settings:?}"), origins.len());
    let from = |number: u64| from_origin(bench, settings, number as usize, origins[number as usize]);
    let all: Vec<Vec<Forecast>> = pieces(&stage, bench.stop, &|done, of| bench.told(done, of), &from)?;
    Ok(all.into_iter().flatten().collect())
}

fn from_origin(bench: &Bench, settings: &Validate, number: usize, at: f64) -> Result<Vec<Forecast>, Vec<Diagnostic>> {
    let opened = bench.opened;
    let mut design = opened.prepared.design.clone();
    let near = 1e-9 * (1.0 + at.abs());
    for datum in design.observations.iter_mut().flat_map(|observation| &mut observation.data) {
        datum.purpose = match datum.purpose {
            Use::Neither => Use::Neither,
            _ if datum.window.end <= at + near => Use::Fit,
            _ if datum.window.end <= at + settings.horizon + near => Use::HoldOut,
            _ => Use::Neither,
        };
    }
    let objective = Objective::new(&opened.prepared.checked, design.clone())?;
    let parameters = objective.parameters();
    let starts: Vec<f64> = parameters.iter().map(|parameter| parameter.search(parameter.start)).collect();
    let search =
        |start: &[f64]| Method::TrustRegion.search(&objective, start, opened.study.run.seed, ITERATIONS, bench.stop);
    let (one, other) = (search(&bench.calibration.point), search(&starts));
    let best: Optimum = if other.height() < one.height() { other } else { one };
    if best.value.is_none() {
        return Err(vec![no_origin(&settings.origins[number].value)]);
    }
    let information =
        Information::observed(&objective, &best.point).or_else(|_| Information::expected(&objective, &best.point));
    let stream = STREAMS + 2 * number as u64;
    let points = match information {
        Ok(information) => {
            let covariance = information.covariance();
            normal_draws(parameters, &best.point, &covariance, DRAWS, opened.study.run.seed, stream)
        }
        Err(_) => vec![best.point.clone(); DRAWS],
    };
    let expected = objective.predictions(std::slice::from_ref(&best.point)).pop();
    let Some(Ok(expected)) = expected else { return Err(vec![no_origin(&settings.origins[number].value)]) };
    let drawn_points: Vec<(Vec<Vec<Prediction>>, Vec<f64>)> = objective
        .predictions(&points)
        .into_iter()
        .zip(&points)
        .filter_map(|(prediction, point): (Result<_, Infeasible>, _)| Some((prediction.ok()?, natural(&design, point))))
        .collect();
    let mut noise = Stream::new(opened.study.run.seed, stream + 1);
    let mut found = Vec::new();
    for (index, observation) in design.observations.iter().enumerate().filter(|(_, each)| !each.judgement) {
        let known: Vec<(f64, f64)> = known(observation);
        let Some(&(when, last)) = known.last() else { continue };
        for (place, datum) in observation.data.iter().enumerate().filter(|(_, datum)| datum.purpose == Use::HoldOut) {
            let mut values: Vec<f64> = drawn_points
                .iter()
                .map(|(prediction, natural)| {
                    let value = prediction[index][place].value;
                    drawn(&observation.noise, value, scale(observation, place, natural), &mut noise)
                })
                .filter(|value| value.is_finite())
                .collect();
            values.sort_by(f64::total_cmp);
            let densities = drawn_points
                .iter()
                .map(|(prediction, _)| prediction[index][place].misfit.map_or(0.0, |misfit| (-misfit.value).exp()));
            let density = densities.sum::<f64>() / drawn_points.len() as f64;
            let per = per(observation, datum.window);
            let (first_at, first) = known[0];
            let slope = (last - first) / (when - first_at);
            let ahead = slope * (middle(datum.window) - when);
            let drift = (last + if ahead.is_finite() { ahead } else { 0.0 }) * per;
            found.push(Forecast {
                origin: number,
                observation: index,
                datum: place,
                ahead: datum.window.end - at,
                observed: datum.value,
                expected: expected[index][place].value,
                interval: ends(&values, settings.level),
                log_score: -density.ln(),
                crps: crps_sample(&values, datum.value),
                last: last * per,
                drift,
            });
        }
    }
    Ok(found)
}

/// What was known of a series, `(time, value)`; totals as rates, so that months and years compare.
fn known(observation: &Observation) -> Vec<(f64, f64)> {
    let fitted = observation.data.iter().filter(|datum| datum.purpose == Use::Fit);
    fitted.map(|datum| (middle(datum.window), datum.value / per(observation, datum.window))).collect()
}

fn middle(window: Window) -> f64 {
    (window.start + window.end) / 2.0
}

/// The length by which a total is divided to be a rate.
fn per(observation: &Observation, window: Window) -> f64 {
    match observation.gauge.operator {
        Operator::Of(Reading::Total) if window.length() > 0.0 => window.length(),
        _ => 1.0,
    }
}

fn no_origin(origin: &str) -> Diagnostic {
    Diagnostic::error("origin-infeasible", format!("nothing could be estimated from what was recorded by {origin}"))
        .help("take the origin out of `origins` of [validate], or begin later")
}
