//! The posterior: draws that can be resumed, what they say of each parameter, and whether they may be trusted.

use super::draws::long_table;
use super::settings::Sample;
use super::{Bench, Found, interrupted, undrawn};
use crate::diagnostic::Diagnostic;
use crate::estimate::Problem;
use crate::estimate::objective::{Density, Design, Objective};
use crate::estimate::sample::{Chains, Ensemble, Posterior, Sampling, Trust};
use crate::estimate::uncertainty::Information;
use crate::present::{Cell, Column, Decimals, Exhibit, Head, Pairs, Quantity, Row, Table};
use crate::series::write_text;
use crate::study::manifest::sha256;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A sampling between two commands.
#[derive(Serialize, Deserialize)]
struct Checkpoint {
    hash: String,
    sampling: Sampling,
}

const CHECKPOINT: &str = "steps/sampling.json";

/// Parameters drawn in pairs, at most; those that the data inform least are left out.
const PAIRED: usize = 6;
/// Draws behind a figure of pairs.
const SCATTERED: usize = 2000;

/// Draws, marginals and pairs.
pub(super) fn found(bench: &Bench) -> Result<Found, Vec<Diagnostic>> {
    let settings = bench.opened.study.steps.sample.clone().unwrap_or_default();
    let (objective, chains) = chains(bench, &settings)?;
    let parameters = objective.parameters();
    let trust = Trust::default();
    let posterior = Posterior::of(&chains, parameters, settings.level, &trust);
    let findings = posterior.findings(&trust).iter().map(|finding| finding.diagnostic()).collect();
    let draws = long_table(&chains, parameters).map_err(|error| vec![unwritten(&error)])?;
    let mut exhibits = vec![("tables", table(bench, &posterior, parameters).exhibit().map_err(undrawn)?)];
    exhibits.extend(pairs(bench, &chains, &objective)?.into_iter().map(|exhibit| ("figures", exhibit)));
    Ok(Found {
        exhibits,
        files: vec![(PathBuf::from("draws.csv"), draws)],
        findings,
        shown: vec!["posterior"],
        trusted: posterior.is_trusted() && bench.calibration.converged(),
    })
}

/// The draws of the study's posterior, from where they stand, and the objective that they are of.
pub(super) fn chains(bench: &Bench, settings: &Sample) -> Result<(Objective, Chains), Vec<Diagnostic>> {
    let (opened, calibration) = (bench.opened, bench.calibration);
    // Samplers count the change of variables themselves.
    let design = Design { density: Density::Natural, ..opened.prepared.design.clone() };
    let objective = Objective::new(&opened.prepared.checked, design)?;
    let ensemble = Ensemble {
        ensembles: settings.ensembles,
        walkers: settings.walkers,
        warm_up: settings.warm_up,
        draws: settings.draws,
        thin: settings.thin,
        seed: opened.study.run.seed,
    };
    let hash = sha256(format!("{} {ensemble:?}", opened.hash).as_bytes());
    let path = opened.folder.join(CHECKPOINT);
    let kept: Option<Checkpoint> = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let kept = kept.filter(|kept| kept.hash == hash).map(|kept| kept.sampling);
    if let Some(done) = kept.as_ref().filter(|sampling| ensemble.is_done(sampling)) {
        let chains = done.chains();
        return Ok((objective, chains));
    }
    (bench.progress)(crate::study::Progress::Step("sampling the posterior"));
    let start = match kept {
        Some(sampling) => sampling,
        None => {
            let covariance = calibration.covariance.clone().or_else(|| {
                Information::expected(&objective, &calibration.point).ok().map(|information| information.covariance())
            });
            let placed = covariance.and_then(|covariance| ensemble.start(&objective, &calibration.point, &covariance));
            placed.ok_or_else(|| vec![nowhere()])?
        }
    };
    let report = |share: f64| (bench.progress)(crate::study::Progress::Share(share));
    let sampling = ensemble.run(&objective, start, bench.stop, &report);
    let done = ensemble.is_done(&sampling);
    let checkpoint = Checkpoint { hash, sampling };
    let text = serde_json::to_string(&checkpoint).unwrap_or_default();
    write_text(&path, &text).map_err(|fault| vec![fault.diagnostic()])?;
    match done {
        true => Ok((objective, checkpoint.sampling.chains())),
        false => Err(interrupted()),
    }
}

fn table(bench: &Bench, posterior: &Posterior, parameters: &[crate::estimate::Parameter]) -> Table {
    let percent = 100.0 * posterior.level;
    let interval = format!("{percent:.0} % interval");
    let digits = Decimals::Significant(3);
    let rows = posterior.marginals.iter().zip(parameters).map(|(marginal, parameter)| {
        Row::Cells(vec![
            Cell::text(&marginal.name),
            Cell::text(if parameter.unit.is_empty() { "1" } else { &parameter.unit }),
            Cell::Number(marginal.mean),
            Cell::Number(marginal.sd),
            Cell::Number(marginal.median),
            Cell::number(marginal.interval.map(|interval| interval.0)),
            Cell::number(marginal.interval.map(|interval| interval.1)),
            Cell::Number(marginal.convergence.r_hat),
            Cell::Number(marginal.convergence.bulk),
            Cell::Number(marginal.convergence.tail),
        ])
    });
    let mut notes = vec![
        "R-hat is rank-normalised, split and folded; effective draws are for the centre (bulk) and for the 5 and 95 % \
         quantiles (tail)."
            .to_owned(),
    ];
    if !posterior.is_trusted() {
        notes.push(
            "No interval is given: some R-hat is above 1.01 or some effective number below 400. Ask for more draws."
                .to_owned(),
        );
    }
    Table {
        name: "posterior".to_owned(),
        title: format!("Posterior. {}", bench.opened.study.title),
        label: "tab:posterior".to_owned(),
        columns: vec![
            Column::new("Parameter", Decimals::Text),
            Column::new("Unit", Decimals::Text),
            Column::new("Mean", digits),
            Column::new("Std. dev.", digits),
            Column::new("Median", digits),
            Column::new("lower", digits).group(&interval),
            Column::new("upper", digits).group(&interval),
            Column::new("R-hat", Decimals::Fixed(3)),
            Column::new("bulk", Decimals::Whole).group("Effective draws"),
            Column::new("tail", Decimals::Whole).group("Effective draws"),
        ],
        rows: rows.collect(),
        notes,
    }
}

/// The parameters that are most correlated, in pairs.
fn pairs(bench: &Bench, chains: &Chains, objective: &Objective) -> Result<Vec<Exhibit>, Vec<Diagnostic>> {
    let parameters = objective.parameters();
    let chosen = most_correlated(bench, parameters.len());
    if chosen.len() < 2 {
        return Ok(Vec::new());
    }
    let natural = |point: &[f64]| chosen.iter().map(|k| parameters[*k].natural(point[*k])).collect::<Vec<f64>>();
    let caption = "Posterior draws of the parameters that trade off most; the cross marks the estimate.";
    let figure = Pairs {
        head: Head::new("pairs", caption),
        parameters: chosen
            .iter()
            .map(|k| Quantity::new(parameters[*k].name.clone(), parameters[*k].unit.clone()))
            .collect(),
        draws: chains.spread(SCATTERED).into_iter().map(natural).collect(),
        estimate: Some(natural(&bench.calibration.point)),
    };
    figure.draw().map_err(undrawn)
}

/// Parameters by the largest correlation that each has, in the order of the study.
fn most_correlated(bench: &Bench, count: usize) -> Vec<usize> {
    let Some(covariance) = &bench.calibration.covariance else { return (0..count.min(PAIRED)).collect() };
    let largest = |k: usize| {
        let others = (0..count).filter(|other| *other != k);
        others.filter_map(|other| covariance.correlation(k, other)).fold(0.0_f64, |most, r| most.max(r.abs()))
    };
    let mut order: Vec<(usize, f64)> = (0..count).map(|k| (k, largest(k))).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut chosen: Vec<usize> = order.into_iter().take(PAIRED).map(|(k, _)| k).collect();
    chosen.sort_unstable();
    chosen
}

fn nowhere() -> Diagnostic {
    Diagnostic::error("no-feasible-walker", "no point around the optimum has a finite posterior")
        .help("narrow the bounds or the priors: `levada run` beside the estimates shows what goes wrong")
}

fn unwritten(error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("not-written", format!("the table of draws could not be made: {error}"))
        .help("give the command again")
}
