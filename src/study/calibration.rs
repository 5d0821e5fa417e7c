//! The step that estimates: many starts, resumable, then the uncertainty of the best.

use super::prepare::Prepared;
use super::progress::Progress;
use crate::diagnostic::Diagnostic;
use crate::estimate::fit::FitStatistics;
use crate::estimate::objective::{Objective, Prediction, Use};
use crate::estimate::optimise::{Ended, Method, MultiStart, Searched, Start, Trail};
use crate::estimate::uncertainty::{Covariance, Estimate, Information, estimates};
use crate::estimate::{NegativeLog, Problem};
use crate::series::WriteFault;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Estimates and what they rest on.
#[derive(Debug)]
pub struct Calibration {
    pub searched: Searched,
    /// Search coordinates of the best start.
    pub point: Vec<f64>,
    pub value: NegativeLog,
    pub ended: Ended,
    /// How many starts reached the best optimum.
    pub found: usize,
    pub estimates: Vec<Estimate>,
    /// `None` where no information could be computed at the optimum.
    pub covariance: Option<Covariance>,
    /// Constants of the model at the estimates, by element.
    pub constants: Vec<(String, f64)>,
    /// `[observation][datum]`.
    pub predictions: Vec<Vec<Prediction>>,
}

/// Fit of one series within the fitting window and beyond.
#[derive(Clone, Debug)]
pub struct SeriesFit {
    pub observation: usize,
    pub window: Option<FitStatistics>,
    pub hold_out: Option<FitStatistics>,
}

impl Calibration {
    /// The search came to an end that can be trusted.
    pub fn converged(&self) -> bool {
        matches!(self.ended, Ended::Converged | Ended::Stalled)
    }

    /// Fit statistics of each series; judgements are no series.
    pub fn fit(&self, prepared: &Prepared) -> Vec<SeriesFit> {
        let observations = prepared.design.observations.iter().enumerate();
        let of = |number: usize, purpose: Use| {
            let data = prepared.design.observations[number].data.iter().zip(&self.predictions[number]);
            let pairs: Vec<(f64, f64)> = data
                .filter(|(datum, _)| datum.purpose == purpose)
                .map(|(datum, prediction)| (datum.value, prediction.value))
                .collect();
            FitStatistics::of(&pairs)
        };
        observations
            .filter(|(_, observation)| !observation.judgement)
            .map(|(number, _)| SeriesFit {
                observation: number,
                window: of(number, Use::Fit),
                hold_out: of(number, Use::HoldOut),
            })
            .collect()
    }
}

/// How the starts are searched.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    pub starts: usize,
    pub method: Method,
    pub seed: u64,
}

impl Effort {
    pub fn search(self) -> MultiStart {
        MultiStart { starts: self.starts, method: self.method, seed: self.seed, round: 2, ..MultiStart::default() }
    }
}

/// Searches on from `searched`, with the `trails` of starts that were searched elsewhere, and computes the uncertainty of the best start. `keep` is given the state of the search
/// after each start, so that a search that is killed goes on from there.
///
/// # Errors
/// The objective cannot be compiled, no start is feasible, or the search was stopped.
pub fn calibrate(
    prepared: &Prepared,
    effort: Effort,
    searched: Searched,
    trails: &BTreeMap<usize, Trail>,
    stop: &AtomicBool,
    progress: &(dyn Fn(Progress) + Sync),
    keep: &(dyn Fn(&Searched) -> Result<(), WriteFault> + Sync),
) -> Result<Calibration, Vec<Diagnostic>> {
    let objective = Objective::new(&prepared.checked, prepared.design.clone())?;
    let search = effort.search();
    let done = AtomicUsize::new(searched.waterfall().len());
    let total = effort.starts;
    let so_far = Mutex::new(searched.clone());
    let report = |start: &Start| {
        if let Ok(mut so_far) = so_far.lock() {
            so_far.add(start.clone());
            // What cannot be written now is written, or refused, at the end.
            let _ = keep(&so_far);
        }
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        progress(Progress::Start { done, total, height: start.optimum.value.map(|value| value.posterior()) });
    };
    let searched = search.run_along(&objective, searched, trails, stop, &report);
    keep(&searched).map_err(|fault| vec![fault.diagnostic()])?;
    if !searched.finished {
        return Err(vec![stopped()]);
    }
    let Some(best) = searched.best() else { return Err(vec![infeasible(&searched)]) };
    let (point, ended) = (best.optimum.point.clone(), best.optimum.ended);
    let value = best.optimum.value.unwrap_or_default();
    let information = Information::observed(&objective, &point).or_else(|_| Information::expected(&objective, &point));
    let covariance = information.ok().map(|information| information.covariance());
    let rows = match &covariance {
        Some(covariance) => estimates(objective.parameters(), &point, covariance, 0.95, None),
        None => Vec::new(),
    };
    let predictions = match objective.predictions(std::slice::from_ref(&point)).pop() {
        Some(Ok(predictions)) => predictions,
        _ => Vec::new(),
    };
    let natural = objective.natural(&point);
    let constants = prepared.design.constants(&natural);
    let found = searched.times_found();
    Ok(Calibration { point, value, ended, found, estimates: rows, covariance, constants, predictions, searched })
}

fn stopped() -> Diagnostic {
    Diagnostic::error("interrupted", "the search was interrupted; what it found so far is kept")
        .help("give the same command again to go on")
}

fn infeasible(searched: &Searched) -> Diagnostic {
    let why = searched.waterfall().len();
    Diagnostic::error("no-feasible-start", format!("none of {why} starts gave the data a finite likelihood"))
        .help("check the bounds and starts of the parameters: `levada run` with them shows what goes wrong")
}
