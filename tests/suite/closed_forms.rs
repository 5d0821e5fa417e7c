//! The small models against what mathematics knows of them.

use crate::models::{Run, distance, inside, model, run};
use levada::compile::{Landing, Request};
use levada::simulate::Method;

const TEACUP: &str = "models/teacup/teacup.mdl";
const SIR: &str = "models/sir/sir.mdl";
const BASS: &str = "models/bass/bass.mdl";

/// A run of a model with other constants.
fn with(path: &'static str, sets: &[(&str, f64)], method: Method) -> Run {
    let overrides = sets.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    run(model(path), &Request { landing: Landing::Grid, overrides, ..Request::default() }, method)
}

/// `log2` of the factor by which the error falls when the step is halved.
fn order(error: impl Fn(f64) -> f64, step: f64) -> f64 {
    (error(step) / error(step / 2.0)).log2()
}

#[test]
fn tea_cools_as_newton_says() {
    let error = |method, step| {
        let run = with(TEACUP, &[("TIME STEP", step)], method);
        let exact: Vec<f64> = run.time.iter().map(|t| 20.0 + 70.0 * (-t / 12.0).exp()).collect();
        distance(run.of("tea temperature"), &exact)
    };
    assert!(error(Method::RungeKutta4, 0.25) < 1e-9);
    for (method, expected) in [(Method::Euler, 1.0), (Method::RungeKutta2, 2.0), (Method::RungeKutta4, 4.0)] {
        let found = order(|step| error(method, step), 0.5);
        assert!((found - expected).abs() < 0.05, "{method} converges with order {found}");
    }
    assert!(error(Method::DormandPrince, 0.25) < 1e-6);
}

#[test]
fn an_outbreak_ends_where_its_final_size_says() {
    let run =
        with(SIR, &[("TIME STEP", 1.0 / 64.0), ("SAVEPER", 1.0 / 64.0), ("FINAL TIME", 80.0)], Method::RungeKutta4);
    let (population, first, reproduction) = (763.0, 762.0, 8.0 * 0.21 * 2.2);
    assert!((run.last("reproduction number") - reproduction).abs() < 1e-12);
    for row in 0..run.time.len() {
        let all: f64 = ["susceptible", "infectious", "recovered"].iter().map(|stock| run.of(stock)[row]).sum();
        assert!((all / population - 1.0).abs() < 1e-12, "people are conserved");
    }
    // Kermack and McKendrick (1927): who never falls ill.
    let spared = run.last("susceptible");
    let gap = (first / spared).ln() - reproduction * (population - spared) / population;
    assert!(gap.abs() < 1e-7, "final size misses by {gap}");
    // At the peak each case causes one other.
    let infectious = run.of("infectious");
    let peak = (0..infectious.len()).max_by(|a, b| infectious[*a].total_cmp(&infectious[*b])).expect("rows");
    let threshold = population / reproduction;
    let exact = 1.0 + first - threshold * (1.0 + (first / threshold).ln());
    assert!((infectious[peak] / exact - 1.0).abs() < 1e-4, "peak {} against {exact}", infectious[peak]);
    assert!(run.of("susceptible")[peak - 1] > threshold && run.of("susceptible")[peak + 1] < threshold);
}

#[test]
fn no_outbreak_below_one() {
    let run = with(SIR, &[("contact rate", 2.0)], Method::RungeKutta4);
    assert!(run.last("reproduction number") < 1.0);
    assert!(run.of("infectious").windows(2).all(|pair| pair[1] < pair[0]));
}

#[test]
fn a_product_spreads_as_bass_says() {
    for (p, q) in [(0.03, 0.38), (0.01, 0.6), (0.2, 0.1)] {
        let run = with(BASS, &[("innovation", p), ("imitation", q)], Method::RungeKutta4);
        let exact: Vec<f64> = run
            .time
            .iter()
            .map(|t| {
                let decay = (-(p + q) * t).exp();
                1000.0 * (1.0 - decay) / (1.0 + q / p * decay)
            })
            .collect();
        let found = distance(run.of("adopters"), &exact);
        assert!(found < 1e-8, "p {p}, q {q}: {found}");
    }
    let fine = with(BASS, &[("SAVEPER", 1.0 / 16.0)], Method::RungeKutta4);
    let adoption = fine.of("adoption");
    let peak = (0..adoption.len()).max_by(|a, b| adoption[*a].total_cmp(&adoption[*b])).expect("rows");
    assert!((fine.time[peak] - (0.38_f64 / 0.03).ln() / 0.41).abs() < 1.0 / 16.0);
    assert!((adoption[peak] / (1000.0 * 0.41 * 0.41 / (4.0 * 0.38)) - 1.0).abs() < 1e-3);
}

/// Every number that a README states as a closed form's value is computed here.
#[test]
fn readmes_state_the_values_of_the_closed_forms() {
    for (path, value) in [
        ("models/teacup/README.md", format!("{:.2}", 20.0 + 70.0 / std::f64::consts::E)),
        ("models/bass/README.md", format!("{:.2} years", (0.38_f64 / 0.03).ln() / 0.41)),
    ] {
        let text = std::fs::read_to_string(inside(path)).expect(path);
        assert!(text.contains(&value), "{path} does not say {value}");
    }
}
