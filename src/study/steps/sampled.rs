//! The posterior: draws that can be resumed, what they say of each parameter, and whether they may be trusted.

use super::draws::long_table;
use super::settings::{Sample, Sampler};
use super::{Bench, Found, interrupted, undrawn};
use crate::diagnostic::Diagnostic;
use crate::estimate::objective::{Density, Design, Objective};
use crate::estimate::sample::{
    Chains, Ensemble, LeaveOneOut, Nuts, Posterior, Sampling, Trust, Walks, log_likelihoods,
};
use crate::estimate::uncertainty::Information;
use crate::estimate::{Finding, Problem, Remembered, Structured};
use crate::present::{Cell, Column, Decimals, Exhibit, Head, Pairs, Quantity, Row, Table};
use crate::series::write_text;
use crate::shard::Part;
use crate::study::Progress;
use crate::study::manifest::sha256;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// A sampling between two commands.
#[derive(Serialize, Deserialize)]
struct Checkpoint {
    hash: String,
    sampling: State,
}

#[derive(Clone, Serialize, Deserialize)]
enum State {
    Nuts(Walks),
    Ensemble(Sampling),
}

/// Draws, and what speaks against them beside R-hat and effective sizes.
pub(super) struct Drawn {
    pub objective: Objective,
    pub chains: Chains,
    pub findings: Vec<Finding>,
}

const CHECKPOINT: &str = "steps/sampling.json";

/// Parameters drawn in pairs, at most; those that the data inform least are left out.
const PAIRED: usize = 6;
/// Draws behind a figure of pairs.
const SCATTERED: usize = 2000;
/// Draws behind the densities of values left out.
const LEFT_OUT: usize = 1000;

/// Draws, marginals and pairs.
pub(super) fn found(bench: &Bench) -> Result<Found, Vec<Diagnostic>> {
    let settings = bench.opened.study.steps.sample.clone().unwrap_or_default();
    let drawn = chains(bench, &settings)?;
    let parameters = drawn.objective.parameters();
    let trust = Trust::default();
    let posterior = Posterior::of(&drawn.chains, parameters, settings.level, &trust);
    let (left_out, note, doubts) = left_out(bench, &drawn, &posterior);
    let all = posterior.findings(&trust).into_iter().chain(drawn.findings.clone()).chain(doubts);
    let findings = all.map(|finding| finding.diagnostic()).collect();
    let draws = long_table(&drawn.chains, parameters).map_err(|error| vec![unwritten(&error)])?;
    let mut summary = table(bench, &posterior, parameters);
    summary.notes.push(note);
    let mut exhibits = vec![("tables", summary.exhibit().map_err(undrawn)?)];
    if !left_out.rows.is_empty() {
        exhibits.push(("tables", left_out.exhibit().map_err(undrawn)?));
    }
    exhibits.extend(pairs(bench, &drawn.chains, &drawn.objective)?.into_iter().map(|exhibit| ("figures", exhibit)));
    Ok(Found {
        exhibits,
        files: vec![(PathBuf::from("draws.csv"), draws)],
        findings,
        shown: vec!["posterior"],
        trusted: posterior.is_trusted() && bench.calibration.converged(),
    })
}

/// The draws of the study's posterior, from where they stand.
pub(super) fn chains(bench: &Bench, settings: &Sample) -> Result<Drawn, Vec<Diagnostic>> {
    let (opened, calibration) = (bench.opened, bench.calibration);
    // Samplers count the change of variables themselves.
    let design = Design { density: Density::Natural, ..opened.prepared.design.clone() };
    let objective = Objective::new(&opened.prepared.checked, design)?;
    let seed = opened.study.run.seed;
    let hash = sha256(format!("{} {settings:?} {seed}", opened.hash).as_bytes());
    let path = opened.folder.join(CHECKPOINT);
    let kept: Option<Checkpoint> = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let kept = kept.filter(|kept| kept.hash == hash).map(|kept| kept.sampling);
    let keep = |sampling: &State| {
        let checkpoint = Checkpoint { hash: hash.clone(), sampling: sampling.clone() };
        let text = serde_json::to_string(&checkpoint).unwrap_or_default();
        write_text(&path, &text).map_err(|fault| vec![fault.diagnostic()])
    };
    let covariance = || {
        let computed = || Information::expected(&objective, &calibration.point).ok().map(|found| found.covariance());
        calibration.covariance.clone().or_else(computed).ok_or_else(|| vec![nowhere()])
    };
    let begin = || (bench.progress)(Progress::Step("sampling the posterior"));
    let whole = matches!(opened.part, Part::Whole | Part::Merge { .. });
    // A killed process cannot keep its chains; they come back quickly over the answers that they were given.
    let stage = opened.stage("chains", &format!("{settings:?} {seed}"), 1);
    let memo = if whole { stage.memo(0) } else { None };
    let remembered = Remembered::new(&objective, memo.as_ref());
    let drawn = match settings.sampler {
        Sampler::Nuts => {
            let nuts = Nuts {
                chains: settings.chains,
                warm_up: settings.warm_up,
                draws: settings.draws,
                seed,
                ..Nuts::default()
            };
            let mut walks = match kept {
                Some(State::Nuts(walks)) => walks,
                _ => Walks::default(),
            };
            if !nuts.is_done(&walks) {
                if !whole {
                    return Err(vec![not_sampled()]);
                }
                begin();
                let report = |share: f64| (bench.progress)(Progress::Share(share));
                walks = nuts.run(&remembered, &calibration.point, &covariance()?, walks, bench.stop, &report);
                keep(&State::Nuts(walks.clone()))?;
            }
            match nuts.is_done(&walks) {
                true => Ok((walks.chains(), walks.findings())),
                false if bench.stop.load(Ordering::Relaxed) => Err(interrupted()),
                false => Err(vec![nowhere()]),
            }
        }
        Sampler::Ensemble => {
            let ensemble = Ensemble {
                ensembles: settings.chains,
                walkers: settings.walkers,
                warm_up: settings.warm_up,
                draws: settings.draws,
                thin: settings.thin,
                seed,
            };
            let mut sampling = match kept {
                Some(State::Ensemble(sampling)) => sampling,
                _ if !whole => return Err(vec![not_sampled()]),
                _ => ensemble.start(&remembered, &calibration.point, &covariance()?).ok_or_else(|| vec![nowhere()])?,
            };
            if !ensemble.is_done(&sampling) {
                if !whole {
                    return Err(vec![not_sampled()]);
                }
                begin();
                let report = |share: f64| (bench.progress)(Progress::Share(share));
                sampling = ensemble.run(&remembered, sampling, bench.stop, &report);
                keep(&State::Ensemble(sampling.clone()))?;
            }
            match ensemble.is_done(&sampling) {
                true => Ok((sampling.chains(), Vec::new())),
                false => Err(interrupted()),
            }
        }
    };
    let (chains, findings) = drawn?;
    // What is done, or was kept in good order, needs no memo.
    if let Some(memo) = memo {
        memo.forget();
    }
    Ok(Drawn { objective, chains, findings })
}

/// How well each datum is predicted by the others.
fn left_out(bench: &Bench, drawn: &Drawn, posterior: &Posterior) -> (Table, String, Vec<Finding>) {
    let points: Vec<Vec<f64>> = drawn.chains.spread(LEFT_OUT).into_iter().map(<[f64]>::to_vec).collect();
    let (data, densities) = log_likelihoods(&drawn.objective, &points);
    let effective = posterior.marginals.iter().map(|marginal| marginal.convergence.bulk).fold(f64::INFINITY, f64::min);
    let efficiency = (effective / drawn.chains.count() as f64).min(1.0);
    let loo = LeaveOneOut::of(&data, &densities, efficiency);
    let observations = &bench.opened.prepared.design.observations;
    let groups = drawn.objective.groups();
    let label = |group: usize, datum: usize| {
        let observation = observations.iter().find(|observation| observation.name == groups[group].name);
        let datum = observation.and_then(|observation| observation.data.get(datum));
        datum.map(|datum| datum.label.clone()).unwrap_or_default()
    };
    let rows = loo.data.iter().map(|datum| {
        Row::Cells(vec![
            Cell::text(&groups[datum.group].name),
            Cell::text(label(datum.group, datum.datum)),
            Cell::Number(datum.log_density),
            Cell::Number(datum.shape),
        ])
    });
    let table = Table {
        name: "left-out".to_owned(),
        title: format!("Each value predicted by the others. {}", bench.opened.study.title),
        label: "tab:left-out".to_owned(),
        columns: vec![
            Column::new("Series", Decimals::Text),
            Column::new("Period", Decimals::Text),
            Column::new("Log density", Decimals::Fixed(2)),
            Column::new("Pareto k", Decimals::Fixed(2)),
        ],
        rows: rows.collect(),
        notes: vec![format!("Above a Pareto k of {:.2} the density of a value is not to be trusted.", loo.limit)],
    };
    let note = format!(
        "Expected log predictive density by leave-one-out (PSIS): {:.1}, standard error {:.1}; effective parameters {:.1}.",
        loo.total, loo.error, loo.parameters
    );
    (table, note, loo.findings(&drawn.objective, label))
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

fn not_sampled() -> Diagnostic {
    Diagnostic::error("not-sampled", "the posterior is sampled by one process, and has not been")
        .help("give `levada sample` with the same study and folder first, then the shards")
}

fn nowhere() -> Diagnostic {
    Diagnostic::error("no-feasible-walker", "no point around the optimum has a finite posterior")
        .help("narrow the bounds or the priors: `levada run` beside the estimates shows what goes wrong")
}

fn unwritten(error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("not-written", format!("the table of draws could not be made: {error}"))
        .help("give the command again")
}
