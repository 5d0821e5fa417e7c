//! First derivatives against closed forms, differences and dual numbers written out.

use levada::compile::{Differentiated, Direction, Landing, Program, Request, Why, compile, differentiate};
use levada::simulate::{Failure, Member, Method, SavedWithTangents, Settings, run_members, run_tangents};

const METHODS: [Method; 4] = [Method::Euler, Method::RungeKutta2, Method::RungeKutta4, Method::DormandPrince];

/// A program for a model of these equations, which are one a line.
fn program(equations: &str, landing: Landing) -> Program {
    let mut text = String::from("{UTF-8}\n");
    for equation in equations.lines().map(str::trim).filter(|line| !line.is_empty()) {
        text.push_str(&format!("{equation}\n\t~\t\n\t~\t\n\t|\n\n"));
    }
    compile(&crate::model_text(&text), &Request { landing, ..Request::default() }).unwrap_or_else(|f| panic!("{f:#?}"))
}

fn constant(program: &Program, name: &str) -> usize {
    program.constants.iter().position(|constant| constant.name == name).unwrap_or_else(|| panic!("no {name}"))
}

fn output(program: &Program, name: &str) -> usize {
    program.outputs.iter().position(|output| output.name == name).unwrap_or_else(|| panic!("no {name}"))
}

fn differentiated(program: &Program, names: &[&str]) -> Differentiated {
    let directions: Vec<_> = names.iter().map(|name| Direction::Constant(constant(program, name))).collect();
    differentiate(program, &directions)
}

/// A run with derivatives, whose values must be those of the run without.
fn one(program: &Program, differentiated: &Differentiated, settings: &Settings) -> SavedWithTangents {
    let member = Member { number: 0, changes: Vec::new() };
    let members = [member];
    let run =
        run_tangents(differentiated, settings, &members).remove(0).unwrap_or_else(|failure| panic!("{failure:?}"));
    let plain = run_members(program, settings, &members).remove(0).unwrap_or_else(|failure| panic!("{failure:?}"));
    assert!(same_bits(&run.saved.rows, &plain.rows) && same_bits(&run.saved.times, &plain.times));
    assert_eq!(run.saved.steps, plain.steps);
    run
}

fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()))
}

/// Derivatives of the last row by central differences with one step of Richardson's extrapolation, `[output]`.
fn differences(program: &Program, settings: &Settings, index: usize, h: f64) -> Vec<f64> {
    let at = |value: f64| Member { number: 0, changes: vec![(index, value)] };
    let base = program.constants[index].value;
    let members = [h, -h, h / 2.0, -h / 2.0].map(|h| at(base + h));
    let runs: Vec<_> = run_members(program, settings, &members).into_iter().map(Result::unwrap).collect();
    let width = program.outputs.len();
    let last = |run: usize| &runs[run].rows[runs[run].rows.len() - width..];
    (0..width)
        .map(|output| {
            let slope = |first: usize, h: f64| (last(first)[output] - last(first + 1)[output]) / (2.0 * h);
            (4.0 * slope(2, h / 2.0) - slope(0, h)) / 3.0
        })
        .collect()
}

fn near(name: &str, found: f64, expected: f64, tolerance: f64) {
    let gap = (found - expected).abs();
    assert!(gap <= tolerance * expected.abs().max(1e-6), "{name}: {found:e}, not {expected:e}");
}

const GROWTH: &str = "
    level = INTEG(rate * level, start)
    rate = 0.1
    start = 3
    double start = 2 * start
    INITIAL TIME = 0
    FINAL TIME = 10
    TIME STEP = 0.125
    SAVEPER = 1";

#[test]
fn growth_moves_with_its_rate_as_the_method_says() {
    let program = program(GROWTH, Landing::Exact);
    let level = output(&program, "level");
    let (rate, start) = (0.1_f64, 3.0);
    for method in METHODS {
        let settings = Settings { method, relative: 1e-10, absolute: 1e-10, ..Settings::default() };
        let mut directions = vec![Direction::Constant(constant(&program, "rate"))];
        directions.push(Direction::Constant(constant(&program, "start")));
        directions.push(Direction::Initial(0));
        let run = one(&program, &differentiate(&program, &directions), &settings);
        for (row, time) in run.saved.times.iter().enumerate() {
            // A step multiplies by the method's polynomial in z = rate * step.
            let z = rate * 0.125;
            let steps = time / 0.125;
            let (factor, slope) = match method {
                Method::Euler => (1.0 + z, 1.0),
                Method::RungeKutta2 => (1.0 + z + z * z / 2.0, 1.0 + z),
                Method::RungeKutta4 => (
                    1.0 + z + z * z / 2.0 + z.powi(3) / 6.0 + z.powi(4) / 24.0,
                    1.0 + z + z * z / 2.0 + z.powi(3) / 6.0,
                ),
                _ => (z.exp(), z.exp()),
            };
            let grown = factor.powf(steps);
            let tolerance = if method.is_adaptive() { 1e-8 } else { 1e-12 };
            near("by rate", run.row(0, row)[level], start * time * grown / factor * slope, tolerance);
            near("by start", run.row(1, row)[level], grown, tolerance);
            assert_eq!(run.row(1, row)[level], run.row(2, row)[level]);
            assert_eq!(run.row(1, row)[output(&program, "double start")], 2.0);
            assert_eq!(run.row(2, row)[output(&program, "double start")], 0.0);
        }
    }
}

const SWITCHED: &str = "
    level = INTEG(inflow - level * drain, 5)
    inflow = IF THEN ELSE(Time >= begin, strong, weak) + STEP(1, begin + 2) + PULSE(begin + 3, width)
    begin = 2.3
    width = 0.4
    strong = 4
    weak = 1
    drain = 0.2
    INITIAL TIME = 0
    FINAL TIME = 9
    TIME STEP = 0.25
    SAVEPER = 1.5";

#[test]
fn a_switch_that_moves_leaves_its_jump() {
    let program = program(SWITCHED, Landing::Exact);
    let level = output(&program, "level");
    for method in METHODS {
        let settings = Settings { method, relative: 1e-11, absolute: 1e-11, ..Settings::default() };
        let differentiated = differentiated(&program, &["begin", "width", "drain"]);
        assert!(differentiated.misleading.is_empty(), "{:?}", differentiated.misleading);
        let run = one(&program, &differentiated, &settings);
        let last = run.saved.times.len() - 1;
        for (direction, name) in ["begin", "width", "drain"].iter().enumerate() {
            let expected = differences(&program, &settings, constant(&program, name), 1e-3)[level];
            near(&format!("{name} by {method}"), run.row(direction, last)[level], expected, 2e-8);
        }
        // The jump decays as all that drains: (before - after) at each of the switches.
        let fall = |since: f64| (-0.2 * (9.0 - since)).exp();
        let exact = (1.0 - 4.0) * fall(2.3) - fall(4.3) - fall(5.3) + fall(5.7);
        let tolerance = match method {
            Method::Euler => 5e-2, // of the step's order
            Method::RungeKutta2 => 1e-3,
            _ => 1e-5,
        };
        near("closed form", run.row(0, last)[level], exact, tolerance);
    }
}

#[test]
fn a_switch_on_the_grid_and_on_a_save_moves_behind_it() {
    let at_grid = SWITCHED.replace("begin = 2.3", "begin = 3");
    let program = program(&at_grid, Landing::Exact);
    let level = output(&program, "level");
    let begin = constant(&program, "begin");
    for method in METHODS {
        let settings = Settings { method, relative: 1e-11, absolute: 1e-11, ..Settings::default() };
        let run = one(&program, &differentiate(&program, &[Direction::Constant(begin)]), &settings);
        let last = run.saved.times.len() - 1;
        // Saved at 3, where the switch stands: not moved yet.
        near("saved on the switch", run.row(0, 2)[level], 0.0, 1e-12);
        let at = |h: f64| {
            let member = Member { number: 0, changes: vec![(begin, 3.0 + h)] };
            let run = run_members(&program, &settings, &[member]).remove(0).unwrap();
            run.rows[run.rows.len() - program.outputs.len() + level]
        };
        let forward = |h: f64| (-3.0 * at(0.0) + 4.0 * at(h) - at(2.0 * h)) / (2.0 * h);
        let expected = (4.0 * forward(5e-4) - forward(1e-3)) / 3.0;
        near(&format!("{method}"), run.row(0, last)[level], expected, 1e-6);
    }
}

#[test]
fn methods_for_stiff_models_are_refused() {
    let program = program(GROWTH, Landing::Exact);
    let differentiated = differentiated(&program, &["rate"]);
    for method in [Method::Rosenbrock, Method::Automatic] {
        let members = [Member { number: 0, changes: Vec::new() }];
        let runs = run_tangents(&differentiated, &Settings { method, ..Settings::default() }, &members);
        assert_eq!(runs[0].as_ref().err(), Some(&Failure::NoTangents { method: method.word() }));
    }
}

#[test]
fn what_no_derivative_shows_is_named() {
    let program = program(SWITCHED, Landing::Grid);
    let found = differentiated(&program, &["begin", "drain"]).misleading;
    assert!(!found.is_empty());
    for misleading in found {
        assert_eq!(misleading.direction, "begin");
        assert_eq!(misleading.why, Why::SwitchOnGrid { variable: "inflow".to_owned() });
    }
}
