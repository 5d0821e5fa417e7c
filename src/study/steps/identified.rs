//! What the data pin down: profiles, directions that are not known, and which series informs which parameter.

use super::{Bench, Found, halted, undrawn};
use crate::diagnostic::Diagnostic;
use crate::estimate::identify::{collinear_groups, directions, informs};
use crate::estimate::objective::Objective;
use crate::estimate::uncertainty::{Information, Profile, Profiler, Source, Verdict};
use crate::estimate::{GroupKind, Infeasible, Parameter, Problem, Structured};
use crate::present::{Cell, Column, Decimals, Exhibit, Head, ProfilePanel, Profiles, Quantity, Row, Table};
use std::sync::atomic::Ordering;

/// Groups with a higher index are reported (Brun, Reichert and Künsch 2001, section 3.3: between 5 and 20).
const COLLINEAR: f64 = 10.0;

/// A series that takes less of a parameter's precision with it is not named.
const NAMED: f64 = 0.1;

/// Panels of one figure of profiles.
const PANELS: usize = 12;

/// Profiles of all parameters, directions and groups that are not known, and what informs what.
pub(super) fn found(bench: &Bench) -> Result<Found, Vec<Diagnostic>> {
    let (prepared, calibration) = (&bench.opened.prepared, bench.calibration);
    let settings = bench.opened.study.steps.identify.clone().unwrap_or_default();
    (bench.progress)(crate::study::Progress::Step("identifying: profiles of every parameter"));
    let objective = Objective::new(&prepared.checked, prepared.design.clone())?;
    let parameters = objective.parameters();
    let whole = Information::expected(&objective, &calibration.point).map_err(no_information)?;
    let covariance = calibration.covariance.clone().unwrap_or_else(|| whole.covariance());
    let profiler = Profiler { level: settings.level, ..Profiler::default() };
    let profile = |number: u64| {
        let found = profiler.run(&objective, &calibration.point, &covariance, &[number as usize], bench.stop).pop();
        (!bench.stop.load(Ordering::Relaxed)).then_some(found)
    };
    let stage = bench.opened.stage("profiles", &format!("{profiler:?}"), parameters.len());
    let found: Vec<Option<Profile>> =
        stage.run(bench.stop, &|done, of| bench.told(done, of), &profile).map_err(halted)?;
    let profiles: Vec<Profile> = found.into_iter().flatten().collect();
    // What the record itself says: priors are left out.
    let by_data = Information {
        source: Source::Expected,
        matrix: whole.linearisation.information(|term| objective.groups()[term.group].kind == GroupKind::Series),
        ..whole.clone()
    };
    let unknown = directions(parameters, &by_data);
    let groups = collinear_groups(&by_data, COLLINEAR);
    let mut findings: Vec<Diagnostic> = unknown.iter().map(|direction| direction.finding().diagnostic()).collect();
    findings.extend(groups.iter().map(|group| group.finding(parameters).diagnostic()));
    for profile in &profiles {
        let name = &parameters[profile.parameter].name;
        findings.extend(profile.findings(name).iter().map(|finding| finding.diagnostic()));
    }
    let informed = informs(&objective, &whole);
    let rows = parameters.iter().enumerate().map(|(number, parameter)| {
        let profile = profiles.iter().find(|profile| profile.parameter == number);
        let by: Vec<String> = {
            let mut by: Vec<_> = informed.iter().filter(|each| each.parameter == number).collect();
            by.sort_by(|a, b| b.lost.total_cmp(&a.lost));
            let named = by.into_iter().filter(|each| each.lost >= NAMED).take(3);
            named.map(|each| format!("{} {:.2}", objective.groups()[each.group].name, each.lost)).collect()
        };
        let natural = |at: f64| Some(parameter.natural(at)).filter(|_| at.is_finite());
        let (low, high) = profile.map_or((f64::NAN, f64::NAN), Profile::interval);
        let error = covariance.standard_error(number);
        Row::Cells(vec![
            Cell::text(&parameter.name),
            Cell::text(if parameter.unit.is_empty() { "1" } else { &parameter.unit }),
            Cell::Number(parameter.natural(calibration.point[number])),
            Cell::number(natural(low)),
            Cell::number(natural(high)),
            Cell::text(profile.map_or(String::new(), sides)),
            Cell::number(error.zip(prior_spread(parameter)).map(|(error, prior)| error / prior)),
            Cell::text(by.join(", ")),
        ])
    });
    let percent = 100.0 * settings.level;
    let interval = format!("{percent:.0} % interval by profile");
    let table = Table {
        name: "identification".to_owned(),
        title: format!("What the record identifies. {}", bench.opened.study.title),
        label: "tab:identification".to_owned(),
        columns: vec![
            Column::new("Parameter", Decimals::Text),
            Column::new("Unit", Decimals::Text),
            Column::new("Estimate", Decimals::Significant(3)),
            Column::new("lower", Decimals::Significant(3)).group(&interval),
            Column::new("upper", Decimals::Significant(3)).group(&interval),
            Column::new("Sides", Decimals::Text),
            Column::new("Posterior/prior", Decimals::Fixed(2)),
            Column::new("Informed by", Decimals::Text),
        ],
        rows: rows.collect(),
        notes: vec![
            "Posterior/prior: standard error over the prior's standard deviation, in the search coordinate; near one, the \
             estimate is the prior. Informed by: the share of the estimate's precision that is lost without a series or \
             without the priors, three at most."
                .to_owned(),
            format!(
                "Without the priors the record informs {} of {} directions of the search coordinates to better than one \
                 typical change.",
                parameters.len() - unknown.len().min(parameters.len()),
                parameters.len()
            ),
        ],
    };
    let mut exhibits = vec![("tables", table.exhibit().map_err(undrawn)?)];
    exhibits.push(("tables", paths(parameters, &profiles, &calibration.point).exhibit().map_err(undrawn)?));
    for figure in figures(parameters, &profiles, &calibration.point, &profiler)? {
        exhibits.push(("figures", figure));
    }
    let (foretold, told) = super::foretold::predictions(bench, &covariance, settings.level)?;
    exhibits.extend(foretold);
    findings.extend(told);
    let trusted = calibration.converged() && profiles.iter().all(|profile| profile.better.is_none());
    Ok(Found { exhibits, files: Vec::new(), findings, shown: vec!["identification"], trusted })
}

/// What the two sides of a profile say where they do not close.
fn sides(profile: &Profile) -> String {
    let word = |verdict: &Verdict| match verdict {
        Verdict::Closed(_) => None,
        Verdict::Bound(_) => Some("at its bound"),
        Verdict::Flat => Some("open"),
        Verdict::Cut | Verdict::Interrupted => Some("cut off"),
    };
    let sides = [("below", word(&profile.below.verdict)), ("above", word(&profile.above.verdict))];
    let said = sides.into_iter().filter_map(|(side, word)| Some(format!("{} {side}", word?)));
    said.collect::<Vec<_>>().join(", ")
}

/// Standard deviation of the prior in the search coordinate, by the quantiles that lie one to either side of a normal's
/// middle; `None` where the prior is flat.
fn prior_spread(parameter: &Parameter) -> Option<f64> {
    let at = |share: f64| Some(parameter.search(parameter.prior.quantile(share)?));
    let spread = (at(0.841_344_746)? - at(0.158_655_254)?) / 2.0;
    (spread.is_finite() && spread > 0.0).then_some(spread)
}

/// Every point of every profile, with the values of all parameters along it.
fn paths(parameters: &[Parameter], profiles: &[Profile], optimum: &[f64]) -> Table {
    let mut columns = vec![
        Column::new("Parameter", Decimals::Text),
        Column::new("Value", Decimals::Significant(4)),
        Column::new("Rise", Decimals::Significant(4)),
    ];
    columns.extend(parameters.iter().map(|parameter| Column::new(&parameter.name, Decimals::Significant(4))));
    let mut rows = Vec::new();
    for profile in profiles {
        let parameter = &parameters[profile.parameter];
        let row = |at: f64, rise: f64, point: &[f64]| {
            let values = parameters.iter().zip(point).map(|(parameter, at)| Cell::Number(parameter.natural(*at)));
            let head = [Cell::text(&parameter.name), Cell::Number(parameter.natural(at)), Cell::Number(rise)];
            Row::Cells(head.into_iter().chain(values).collect())
        };
        rows.extend(profile.below.path.iter().rev().map(|point| row(point.at, point.rise, &point.point)));
        rows.push(row(optimum[profile.parameter], 0.0, optimum));
        rows.extend(profile.above.path.iter().map(|point| row(point.at, point.rise, &point.point)));
    }
    Table {
        name: "profiles".to_owned(),
        title: "Profiles, with the path of the other parameters".to_owned(),
        label: "tab:profiles".to_owned(),
        columns,
        rows,
        notes: vec![
            "Rise of the negative log posterior above its optimum, all other parameters optimised again.".to_owned(),
        ],
    }
}

fn figures(
    parameters: &[Parameter],
    profiles: &[Profile],
    optimum: &[f64],
    profiler: &Profiler,
) -> Result<Vec<Exhibit>, Vec<Diagnostic>> {
    let panel = |profile: &Profile| {
        let parameter = &parameters[profile.parameter];
        let curve = profile.curve(optimum[profile.parameter]);
        let (low, high) = profile.interval();
        let end = |at: f64, verdict: &Verdict| {
            matches!(verdict, Verdict::Closed(_)).then(|| parameter.natural(at)).filter(|value| value.is_finite())
        };
        ProfilePanel {
            parameter: Quantity::new(parameter.name.clone(), parameter.unit.clone()),
            values: curve.iter().map(|(at, _)| parameter.natural(*at)).collect(),
            deviance: curve.iter().map(|(_, rise)| 2.0 * rise).collect(),
            estimate: parameter.natural(optimum[profile.parameter]),
            lower: end(low, &profile.below.verdict),
            upper: end(high, &profile.above.verdict),
        }
    };
    let mut drawn = Vec::new();
    for (number, some) in profiles.chunks(PANELS).enumerate() {
        let name = if number == 0 { "profiles".to_owned() } else { format!("profiles-{}", number + 1) };
        let caption = "Twice the rise of the negative log posterior along each parameter, all others optimised again.";
        let figure = Profiles {
            head: Head::new(name, caption),
            deviance: "2 × rise".to_owned(),
            threshold: 2.0 * profiler.threshold(),
            threshold_label: format!("{:.0} %", 100.0 * profiler.level),
            panels: some.iter().map(panel).collect(),
        };
        drawn.extend(figure.draw().map_err(undrawn)?);
    }
    Ok(drawn)
}

fn no_information(infeasible: Infeasible) -> Vec<Diagnostic> {
    vec![
        Diagnostic::error("no-information", format!("the optimum has no information matrix: {}", infeasible.why))
            .help("the model breaks off beside the optimum: narrow the bounds, or shorten the step"),
    ]
}
