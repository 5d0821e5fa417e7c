//! Problems from the literature with ten parameters and more, stiff or with several experiments. Reaching their optima from
//! random starts takes minutes: `LEVADA_STARTS=20` with optimised code does it and prints what it found.

use super::folder::{Folder, Observed, adaptive};
use levada::estimate::objective::{Family, Noise, Objective, Role};
use levada::estimate::optimise::{Method as Search, MultiStart, Searched, Start, TrustRegion, run};
use levada::estimate::{Parameter, Problem, Transform};
use levada::simulate::Method;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

fn observed<'a>(observable: &'a str, quantity: &'a str, family: Family) -> Observed<'a> {
    Observed { observable, quantity, total: 0.0, noise: Noise::new(family), coverage: None, scale: None }
}

fn scale(name: &str, lower: f64, upper: f64) -> (Parameter, Role) {
    (Parameter::new(name, (lower * upper).sqrt()).within(lower, upper).on(Transform::Log), Role::Scale)
}

fn sneyd(folder: &Folder) -> Objective {
    let mut parameters = folder.constants();
    parameters.push(scale("sigma", 1e-5, 1e3));
    let sigma = Some(parameters.len() - 1);
    let open = Observed { scale: sigma, ..observed("open_probability", "open probability", Family::Normal) };
    folder.objective(parameters, &[open], adaptive(Method::Rosenbrock, 1e-7))
}

fn elowitz(folder: &Folder) -> Objective {
    let mut parameters = folder.constants();
    // The description's scale is of the decimal logarithm.
    let ten = 10f64.ln();
    parameters.push(scale("sigma", 1e-5 * ten, 1e3 * ten));
    let sigma = Some(parameters.len() - 1);
    let light = Observed { scale: sigma, ..observed("fluorescence", "fluorescence", Family::LogNormal) };
    folder.objective(parameters, &[light], adaptive(Method::Rosenbrock, 1e-7))
}

const GELS: [(&str, &str, &str); 8] = [
    ("pErk_20140430_gel1", "pERK", "sigma_pErk"),
    ("pErk_20140430_gel2", "pERK", "sigma_pErk"),
    ("pErk_20140505_gel1", "pERK", "sigma_pErk"),
    ("pErk_20140505_gel2", "pERK", "sigma_pErk"),
    ("pMek_20140430_gel1", "pMEK", "sigma_pMek"),
    ("pMek_20140430_gel2", "pMEK", "sigma_pMek"),
    ("pMek_20140505_gel1", "pMEK", "sigma_pMek"),
    ("pMek_20140505_gel2", "pMEK", "sigma_pMek"),
];

fn fiedler(folder: &Folder) -> Objective {
    let mut parameters: Vec<(Parameter, Role)> = Vec::new();
    for (parameter, role) in folder.constants() {
        // Gel factors act on the data alone.
        let role = if parameter.name.starts_with("s_") { Role::Coverage } else { role };
        parameters.push((parameter, role));
    }
    parameters.extend(["sigma_pErk", "sigma_pMek"].map(|name| (folder.parameter(name), Role::Scale)));
    let place = |name: &str| parameters.iter().position(|(parameter, _)| parameter.name == name);
    let gels: Vec<Observed> = GELS
        .iter()
        .map(|(observable, quantity, sigma)| Observed {
            coverage: place(&format!("s_{observable}")),
            scale: place(sigma),
            ..observed(observable, quantity, Family::Normal)
        })
        .collect();
    folder.objective(parameters.clone(), &gels, adaptive(Method::Rosenbrock, 1e-7))
}

/// The best known point, the third number of each entry, and the value there.
fn nominal(folder: &Folder, objective: &Objective) -> (Vec<f64>, f64) {
    let ten = 10f64.ln();
    let point: Vec<f64> = (objective.parameters().iter())
        .map(|parameter| {
            let known = folder.entry(&parameter.name).numbers[2];
            let known = if parameter.name == "sigma" && parameter.upper > 2e3 { known * ten } else { known };
            parameter.search(known.max(parameter.lower).min(parameter.upper))
        })
        .collect();
    let value = objective.evaluate(std::slice::from_ref(&point)).remove(0).unwrap_or_else(|why| panic!("{why:?}"));
    (point, value.posterior())
}

fn check(id: &str, objective: impl Fn(&Folder) -> Objective, known: f64, best: f64) {
    let Some(folder) = Folder::open(id) else { return };
    let objective = objective(&folder);
    let (best_known, found) = nominal(&folder, &objective);
    assert!((found - known).abs() < 1e-3, "{id}: {found}, not {known}");
    near(id, &objective, &best_known, best + 0.1);
    let Some(starts) = std::env::var("LEVADA_STARTS").ok().and_then(|text| text.parse().ok()) else { return };
    let only = std::env::var("LEVADA_PROBLEM").unwrap_or_default();
    if only.is_empty() || only == id {
        reach(id, &objective, starts, best + 0.1);
    }
}

/// From a point a tenth away in every direction of the logarithms, within the bounds, one search comes back.
fn near(id: &str, objective: &Objective, best_known: &[f64], wanted: f64) {
    let start: Vec<f64> = (objective.parameters().iter().zip(best_known).enumerate())
        .map(|(number, (parameter, at))| {
            let (low, high) = parameter.search_bounds();
            (at + if number % 2 == 0 { 0.1 } else { -0.1 }).clamp(low, high)
        })
        .collect();
    let found = run(objective, TrustRegion::default(), &start, 60, &AtomicBool::new(false));
    assert!(found.height() <= wanted, "{id}: {found:?}");
}

/// Every random start by itself, without regard to the others; the one that the parameters state is not counted.
fn reach(id: &str, objective: &Objective, starts: usize, wanted: f64) {
    let began = Instant::now();
    let settings = MultiStart {
        starts: starts + 1,
        pool: 1,
        found: 0,
        round: starts + 1,
        method: Search::ScatterSearch { members: 0 },
        iterations: 60,
        seed: 7,
        ..MultiStart::default()
    };
    let report = |start: &Start| {
        let optimum = &start.optimum;
        eprintln!(
            "{id} start {} {:.4} {:?} after {} generations, {} evaluations, {} slopes, {:.0} s",
            start.number,
            optimum.height(),
            optimum.ended,
            optimum.iterations,
            optimum.evaluations,
            optimum.slopes,
            began.elapsed().as_secs_f64()
        );
    };
    let searched = settings.run(objective, Searched::default(), &AtomicBool::new(false), &report);
    let random = searched.waterfall().into_iter().filter(|start| start.number > 0);
    let reached = random.filter(|start| start.optimum.height() <= wanted).count();
    eprintln!(
        "{id}: {reached} of {starts} random starts reached {wanted:.3} in {:.0} s",
        began.elapsed().as_secs_f64()
    );
}

#[test]
fn sneyd_and_dufour() {
    check("sneyd", sneyd, -319.7917770, -319.7921064);
}

#[test]
fn elowitz_and_leibler() {
    check("elowitz", elowitz, -63.2027504, -63.2029674);
}

#[test]
fn fiedler_and_others() {
    check("fiedler", fiedler, -58.5838708, -58.5838919);
}
