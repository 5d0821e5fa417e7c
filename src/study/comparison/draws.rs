//! The draws under which policies are run: those of the study's sampler where they stand beside the results, else the
//! normal approximation at the optimum, else the one point of the estimates.

use super::Wanted;
use crate::compare::Draws;
use crate::diagnostic::Diagnostic;
use crate::estimate::Parameter;
use crate::estimate::objective::Role;
use crate::random::Stream;
use crate::study::calibration::Calibration;
use crate::study::manifest::sha256;
use crate::study::opened::Opened;
use nalgebra::{DMatrix, DVector, SymmetricEigen};
use std::path::Path;

/// Where draws come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `draws.csv` of `levada sample`.
    Posterior { trusted: bool },
    /// Normal in the search coordinates, with the covariance at the optimum.
    Approximation,
    /// The estimates, or the model's own constants where nothing is estimated.
    Point,
}

impl Origin {
    pub fn words(self) -> &'static str {
        match self {
            Origin::Posterior { .. } => "draws from the posterior",
            Origin::Approximation => "draws from the normal approximation of the posterior at its mode",
            Origin::Point => "one run at the estimates",
        }
    }

    /// What the reader of bands must know of them.
    pub fn doubt(self) -> Option<Diagnostic> {
        match self {
            Origin::Posterior { trusted: true } => None,
            Origin::Posterior { trusted: false } => Some(
                Diagnostic::warning("draws-not-trusted", "the chains that the draws come from have not settled")
                    .help("ask for more draws under [sample] and give `levada sample` again"),
            ),
            Origin::Approximation => Some(
                Diagnostic::note(
                    "draws-approximate",
                    "bands rest on the normal approximation of the posterior; no draws of a sampler stand beside the results",
                )
                .help("give `levada sample` with the same study and folder first"),
            ),
            Origin::Point => Some(
                Diagnostic::note("no-draws", "policies are compared at one point, without bands")
                    .help("estimate parameters in the study to have bands"),
            ),
        }
    }
}

/// Up to so many draws of the constants that are estimated.
pub fn draws(opened: &Opened, calibration: Option<&Calibration>, wanted: Wanted) -> (Draws, Origin) {
    let count = wanted.count;
    let Some(calibration) = calibration else { return (Draws::point(&[]), Origin::Point) };
    let design = &opened.prepared.design;
    if let Some((values, trusted)) = wanted.sampled.then(|| sampled(opened)).flatten() {
        let wanted = count.min(values.values.len());
        // Evenly over all chains, which stand one after the other.
        let place = |k: usize| k * values.values.len() / wanted.max(1);
        let chosen = (0..wanted).map(|k| values.values[place(k)].clone()).collect();
        return (Draws { constants: values.constants, values: chosen }, Origin::Posterior { trusted });
    }
    let Some(covariance) = &calibration.covariance else {
        return (Draws::point(&calibration.constants), Origin::Point);
    };
    let parameters: Vec<&Parameter> = design.parameters.iter().map(|(parameter, _)| parameter).collect();
    let axes = SymmetricEigen::new(covariance.matrix.clone());
    let root = &axes.eigenvectors * DMatrix::from_diagonal(&axes.eigenvalues.map(|variance| variance.max(0.0).sqrt()));
    let mut stream = Stream::new(opened.study.run.seed, APPROXIMATION);
    let point = |_| {
        let normal = DVector::from_fn(calibration.point.len(), |_, _| stream.normal());
        let moved = &root * normal;
        let natural: Vec<f64> = parameters
            .iter()
            .zip(calibration.point.iter().zip(moved.iter()))
            .map(|(parameter, (at, by))| {
                let (low, high) = parameter.search_bounds();
                parameter.natural((at + by).max(low).min(high))
            })
            .collect();
        design.constants(&natural).into_iter().map(|(_, value)| value).collect()
    };
    let constants = calibration.constants.iter().map(|(name, _)| name.clone()).collect();
    (Draws { constants, values: (0..count).map(point).collect() }, Origin::Approximation)
}

/// A stream that no search takes.
const APPROXIMATION: u64 = 1 << 40;

/// Draws that a sampler left beside the results, if they belong to these inputs, and whether they may be trusted.
fn sampled(opened: &Opened) -> Option<(Draws, bool)> {
    let record = std::fs::read(opened.folder.join("steps/sample.json")).ok()?;
    let record: serde_json::Value = serde_json::from_slice(&record).ok()?;
    let bytes = std::fs::read(opened.folder.join("draws.csv")).ok()?;
    let hash = sha256(&bytes);
    let same = |output: &serde_json::Value| {
        let of = |key: &str| output.get(key).and_then(serde_json::Value::as_str);
        of("file").is_some_and(|file| Path::new(file) == Path::new("draws.csv")) && of("sha256") == Some(&hash)
    };
    let current = record.get("hash")?.as_str()? == opened.hash && record.get("outputs")?.as_array()?.iter().any(same);
    if !current {
        return None;
    }
    let constants: Vec<String> = opened
        .prepared
        .design
        .parameters
        .iter()
        .filter(|(_, role)| matches!(role, Role::Constant(_)))
        .map(|(parameter, _)| parameter.name.clone())
        .collect();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let header = reader.headers().ok()?.clone();
    let places: Option<Vec<usize>> =
        constants.iter().map(|name| header.iter().position(|column| column == crate::series::label(name))).collect();
    let places = places?;
    let mut values = Vec::new();
    for row in reader.records() {
        let row = row.ok()?;
        let draw: Option<Vec<f64>> = places.iter().map(|place| row.get(*place)?.parse().ok()).collect();
        values.push(draw?);
    }
    let trusted = record.get("trusted").and_then(serde_json::Value::as_bool).unwrap_or(false);
    (!values.is_empty()).then_some((Draws { constants, values }, trusted))
}
