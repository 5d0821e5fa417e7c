//! The compact companion model: bounds, signs, tracers that feed nothing back, steps, and the identities of its stocks.

use crate::models::{Run, constant, distance, model, program, run, runs};
use levada::compile::{Outputs, Program, Request};
use levada::simulate::Method;

const CORE: &str = "models/zgc-core/zgc-core.mdl";

/// What the study estimates from the record, coverages of vendors left out.
const ESTIMATED: [&str; 16] = [
    "diffusion rate",
    "target cap",
    "raise share",
    "state rate",
    "selfrel boost",
    "market rate",
    "market elasticity",
    "hype vc",
    "reform effect",
    "war effect",
    "entry rate",
    "hype entry",
    "tau hype",
    "hazard boot",
    "separation",
    "covid jobs",
];

/// Constants of the tracers: judgement, and without influence on anything else.
const TRACERS: [&str; 7] =
    ["grass entry", "grass odds", "grass hazard", "distress e", "distress g", "tau debt", "founders"];

fn all(path: &'static str) -> Program {
    program(model(path), &Request { outputs: Outputs::All, ..Request::default() })
}

fn value(program: &Program, name: &str) -> f64 {
    program.constants[constant(program, name)].value
}

#[test]
fn stocks_stay_finite_and_above_zero_under_extreme_conditions() {
    let program = all(CORE);
    let to = |sets: &[(&str, f64)]| sets.iter().map(|(name, value)| (constant(&program, name), *value)).collect();
    let conditions: Vec<Vec<(usize, f64)>> = vec![
        Vec::new(),
        to(&[("state rate", 0.0), ("market rate", 0.0)]),
        to(&[("entry rate", 0.0)]),
        to(&[("market rate", 65.0 * value(&program, "market rate"))]),
        to(&[("hazard boot", 20.0), ("hazard funded", 4.0)]),
        to(&[("separation", 1.0)]),
    ];
    let stocks = [
        "guidance target",
        "guidance raised",
        "dry state",
        "dry market",
        "portfolio state",
        "portfolio market",
        "hype",
        "bootstrapped",
        "funded",
        "unemployed",
        "employed",
        "bootstrapped grass",
        "funded grass",
        "indebted",
    ];
    for (number, run) in runs(&program, Method::RungeKutta4, conditions).iter().enumerate() {
        for stock in stocks {
            let least = run.of(stock).iter().copied().fold(f64::INFINITY, f64::min);
            assert!(least >= 0.0, "condition {number}: {stock} falls to {least}");
        }
        assert!(run.of("hype").iter().all(|hype| *hype <= 1.0), "condition {number}");
        for (part, whole) in [("bootstrapped grass", "bootstrapped"), ("funded grass", "funded")] {
            let pairs = run.of(part).iter().zip(run.of(whole));
            assert!(pairs.clone().all(|(part, whole)| part <= whole), "condition {number}: {part} exceeds {whole}");
        }
    }
}

#[test]
fn tracers_move_nothing_but_themselves() {
    let program = all(CORE);
    let plain = runs(&program, Method::RungeKutta4, vec![Vec::new()]).remove(0);
    let of_tracers = |name: &str| {
        let own = ["grass", "indebted", "elite"];
        own.iter().any(|part| name.contains(part)) || TRACERS.contains(&name)
    };
    for tracer in TRACERS {
        let change = vec![(constant(&program, tracer), 0.7 * value(&program, tracer))];
        let moved = runs(&program, Method::RungeKutta4, vec![change]).remove(0);
        let mut felt = false;
        for ((name, before), (_, after)) in plain.columns.iter().zip(&moved.columns) {
            let same = before.iter().zip(after).all(|(before, after)| before.to_bits() == after.to_bits());
            assert!(same || of_tracers(name), "`{tracer}` moves `{name}`");
            felt |= !same && name != tracer;
        }
        assert!(felt, "`{tracer}` moves nothing at all");
    }
}

/// Policies, each turned to what history has not, in the order of the runs after the first.
const SWITCHES: [&str; 7] =
    ["mass campaign", "guidance funds", "trade war", "self reliance", "supply side reform", "zero covid", "safety net"];

/// What every plausible version of the model says, by whether it says so: `runs[0]` is history.
fn signs(runs: &[Run]) -> [(&'static str, bool); 12] {
    let at = |run: usize, name: &str, time: f64| runs[run].at(name, time);
    let higher = |run: usize, name: &str, time: f64| at(0, name, time) > at(run, name, time);
    [
        ("the campaign lowers unemployment in 2016", !higher(1, "unemployment rate", 2016.5)),
        ("the campaign raises entry in 2016", higher(1, "entry", 2016.5)),
        ("the campaign raises venture capital in 2017", higher(1, "vc investment", 2017.5)),
        ("guidance funds raise venture capital in 2019", higher(2, "vc investment", 2019.5)),
        ("the trade war lowers venture capital in 2019", !higher(3, "vc investment", 2019.5)),
        ("self-reliance raises state commitments in 2021", higher(4, "commit state", 2021.5)),
        ("the reform lowers private commitments in 2018", !higher(5, "commit market", 2018.5)),
        ("Zero-Covid raises unemployment in 2022", higher(6, "unemployment rate", 2022.5)),
        ("the safety net cuts debt", higher(7, "indebted", 2020.0)),
        ("venture capital booms", at(0, "vc investment", 2018.5) > 1.5 * at(0, "vc investment", 2014.5)),
        ("entry fades after the campaign", at(0, "entry", 2021.5) < at(0, "entry", 2016.5)),
        (
            "the state's share rises",
            at(0, "state share commitments", 2023.5) > at(0, "state share commitments", 2016.5),
        ),
    ]
}

#[test]
fn signs_hold_with_every_estimate_thirty_per_cent_off() {
    let program = all(CORE);
    let mut versions: Vec<(String, Vec<(usize, f64)>)> = vec![("as estimated".to_owned(), Vec::new())];
    for name in ESTIMATED {
        for factor in [0.7, 1.3] {
            let change = (constant(&program, name), factor * value(&program, name));
            versions.push((format!("{name} times {factor}"), vec![change]));
        }
    }
    for (version, changes) in versions {
        let policies = SWITCHES.iter().map(|switch| {
            let on = constant(&program, &format!("on {switch}"));
            let other = 1.0 - program.constants[on].value;
            [changes.clone(), vec![(on, other)]].concat()
        });
        let members = std::iter::once(changes.clone()).chain(policies).collect();
        for (sign, holds) in signs(&runs(&program, Method::RungeKutta4, members)) {
            assert!(holds, "{sign}: not with {version}");
        }
    }
}

#[test]
fn the_step_is_short_enough() {
    let at = |step: f64| {
        let wish = Request { overrides: vec![("TIME STEP".to_owned(), step)], ..Request::default() };
        run(model(CORE), &wish, Method::RungeKutta4)
    };
    let (coarse, fine) = (at(1.0 / 16.0), at(1.0 / 64.0));
    for name in ["vc investment", "bootstrapped", "funded", "unemployed", "guidance raised", "hype", "indebted"] {
        let difference = distance(coarse.of(name), fine.of(name));
        assert!(difference < 1e-4, "{name}: {difference:.1e}");
    }
}
