//! Integration methods: order of convergence, switches off the grid, the same bits in every lane.

use crate::model_text;
use levada::compile::{Landing, Program, Request, compile};
use levada::simulate::{Member, Method, Save, Settings, accuracy, run, run_members};

const METHODS: [Method; 3] = [Method::Euler, Method::RungeKutta2, Method::RungeKutta4];

fn program(equations: &str, step: f64, landing: Landing) -> Program {
    let text = format!(
        "{equations}\nINITIAL TIME = 0 ~ Year ~ |\nFINAL TIME = 5 ~ Year ~ |\nTIME STEP = {step} ~ Year ~ |\nSAVEPER = 1 ~ Year ~ |\n"
    );
    let checked = model_text(&text);
    compile(&checked, &Request { landing, ..Request::default() }).expect("compiles")
}

fn end(program: &Program, method: Method, column: &str) -> f64 {
    let table = run(program, &Settings { method, ..Settings::default() }).expect("runs");
    let values = table.column(column).expect("a column");
    values[values.len() - 1]
}

/// `y' = cos(t) - y`, `y(0) = 1`: `y = (cos t + sin t + exp(-t)) / 2`.
#[test]
fn each_fixed_step_method_has_its_order() {
    let exact = (5f64.cos() + 5f64.sin() + (-5f64).exp()) / 2.0;
    for (method, order) in METHODS.into_iter().zip([1.0, 2.0, 4.0]) {
        let error = |step: f64| {
            let program = program("y = INTEG(COS(Time) - y, 1) ~ Dmnl ~ |", step, Landing::Exact);
            (end(&program, method, "y") - exact).abs()
        };
        let measured = (error(1.0 / 16.0) / error(1.0 / 32.0)).log2();
        assert!((measured - order).abs() < 0.15, "{method}: order {measured}");
    }
}

#[test]
fn a_jump_off_the_grid_does_not_cost_the_order() {
    // y' = STEP(1, 2.3) - y from 0: 1 - exp(-(t - 2.3)) afterwards.
    let exact = 1.0 - (-2.7f64).exp();
    for (method, order) in METHODS.into_iter().zip([1.0, 2.0, 4.0]) {
        let error = |step: f64| {
            let program = program("y = INTEG(STEP(1, 2.3) - y, 0) ~ Dmnl ~ |", step, Landing::Exact);
            (end(&program, method, "y") - exact).abs()
        };
        let measured = (error(1.0 / 8.0) / error(1.0 / 16.0)).log2();
        assert!((measured - order).abs() < 0.35, "{method}: order {measured}");
    }
}

#[test]
fn error_control_follows_its_tolerance() {
    let exact = (5f64.cos() + 5f64.sin() + (-5f64).exp()) / 2.0;
    let program = program("y = INTEG(COS(Time) - y, 1) ~ Dmnl ~ |", 0.5, Landing::Exact);
    for tolerance in [1e-4, 1e-6, 1e-8, 1e-10] {
        let settings = Settings {
            method: Method::DormandPrince,
            relative: tolerance,
            absolute: tolerance,
            save: Save::At(vec![5.0]),
            ..Settings::default()
        };
        let table = run(&program, &settings).expect("runs");
        let error = (table.column("y").expect("y")[0] - exact).abs();
        assert!(error < 5.0 * tolerance, "tolerance {tolerance}: error {error}");
    }
}

#[test]
fn no_method_steps_over_a_narrow_pulse() {
    let equations = "y = INTEG(IF THEN ELSE(Time >= 2.71 :AND: Time < 2.72, 1, 0), 0) ~ Dmnl ~ |";
    let program = program(equations, 0.5, Landing::Exact);
    for method in [Method::Euler, Method::RungeKutta2, Method::RungeKutta4, Method::DormandPrince] {
        assert!((end(&program, method, "y") - 0.01).abs() < 1e-12, "{method}");
    }
}

#[test]
fn a_switch_changes_nothing_before_its_date() {
    let with = |date: f64| {
        let equations = format!("y = INTEG(y * (0.1 + STEP(0.2, {date})), 1) ~ Dmnl ~ |");
        let program = program(&equations, 0.25, Landing::Exact);
        run(&program, &Settings { method: Method::RungeKutta4, ..Settings::default() }).expect("runs")
    };
    let (early, late) = (with(2.3), with(3.7));
    for row in 0..3 {
        assert_eq!(early.column("y").expect("y")[row].to_bits(), late.column("y").expect("y")[row].to_bits());
    }
    assert_ne!(early.column("y").expect("y")[3], late.column("y").expect("y")[3]);
}

#[test]
fn a_member_has_the_same_bits_in_every_batch() {
    let equations = "
        rate = 0.3 ~ 1/Year ~ |
        start = 1.5 ~ Year ~ |
        noise = RANDOM NORMAL(-1, 1, 0, 0.1, 3) ~ Dmnl ~ |
        curve( (0,1),(1,1.3),(3,0.4),(6,2) ) ~ Dmnl ~ |
        y = INTEG(rate * y * curve(Time) ^ 1.7 - STEP(0.1, start) * EXP(-y) + noise * 0.01, 1) ~ Dmnl ~ |
        z = SQRT(ABS(y)) + TANH(y) + LN(1 + y^2) ~ Dmnl ~ |";
    let program = program(equations, 0.125, Landing::Exact);
    let index = |name: &str| program.constants.iter().position(|constant| constant.name == name).expect("a constant");
    let members: Vec<Member> = (0..40)
        .map(|number| Member {
            number,
            changes: vec![(index("rate"), 0.1 + 0.01 * number as f64), (index("start"), 1.0 + 0.037 * number as f64)],
        })
        .collect();
    let settings = Settings { method: Method::RungeKutta4, ..Settings::default() };
    let bits = |rows: &[f64]| rows.iter().map(|value| value.to_bits()).collect::<Vec<u64>>();
    let all = run_members(&program, &settings, &members);
    for size in [1, 3, 7, 8, 33] {
        for (chunk, expected) in members.chunks(size).zip(all.chunks(size)) {
            for (got, expected) in run_members(&program, &settings, chunk).iter().zip(expected) {
                let (got, expected) = (got.as_ref().expect("runs"), expected.as_ref().expect("runs"));
                assert_eq!(bits(&got.rows), bits(&expected.rows), "batches of {size}");
            }
        }
    }
}

#[test]
fn two_codes_agree_and_half_the_step_tells_the_error() {
    let equations = "y = INTEG(COS(Time) - y + STEP(1, 2.3), 1) ~ Dmnl ~ |";
    let program = program(equations, 0.125, Landing::Exact);
    let settings = Settings { method: Method::RungeKutta4, ..Settings::default() };
    let table = run(&program, &settings).expect("runs");
    let found = accuracy(&program, &settings, &table);
    let halved = found.halved.expect("runs").expect("differs");
    let independent = found.independent.expect("runs").expect("differs");
    // Half the step of a method of order 4 shows 15/16 of the error.
    assert!(independent.relative < 1e-5 && (halved.relative / independent.relative - 15.0 / 16.0).abs() < 0.1);
    assert_eq!((halved.variable.as_str(), independent.variable.as_str()), ("y", "y"));
}

#[test]
fn a_value_that_is_no_number_stops_the_run_and_names_the_equation() {
    let equations = "y = INTEG(-1, 2) ~ Dmnl ~ |\n root = SQRT(y - 1) ~ Dmnl ~ |\n z = INTEG(root, 0) ~ Dmnl ~ |";
    let program = program(equations, 0.25, Landing::Exact);
    let failure = run(&program, &Settings::default()).expect_err("stops");
    assert_eq!(
        failure.diagnostic().message,
        "`root` is not finite at time 1.5: the SQRT in its equation gave no number"
    );
}

#[test]
fn a_run_that_begins_on_a_switch_begins_behind_it() {
    let program = program("y = INTEG(IF THEN ELSE(Time > 0, 1, 0), 0) ~ Dmnl ~ |", 1.0, Landing::Exact);
    for method in METHODS {
        assert!((end(&program, method, "y") - 5.0).abs() < 1e-12, "{method}");
    }
}

#[test]
fn a_switch_behind_initial_is_met() {
    let equations = "a = 1.3 ~ Year ~ |\n q = INITIAL(a) ~ Year ~ |\n y = INTEG(STEP(1, q), 0) ~ Dmnl ~ |";
    let program = program(equations, 1.0, Landing::Exact);
    for method in METHODS {
        assert!((end(&program, method, "y") - 3.7).abs() < 1e-12, "{method}");
    }
}

#[test]
fn a_grid_stays_a_grid_beside_a_pulse_train() {
    let equations = "
        pulses = INTEG(PULSE TRAIN(0.3, 0.1, 1, 10), 0) ~ Dmnl ~ |
        late = DELAY FIXED(Time, 1, 0) ~ Year ~ |";
    let program = program(equations, 0.25, Landing::Grid);
    assert_eq!(end(&program, Method::Euler, "late"), 4.0);
    // One step for each pulse: the width is at least a step.
    assert_eq!(end(&program, Method::Euler, "pulses"), 1.25);
}

#[test]
fn what_remembers_whole_steps_refuses_parts_of_one() {
    let text = "late = DELAY FIXED(Time, 1, 0) ~ Year ~ |\n on = STEP(1, 2.3) ~ Dmnl ~ |";
    let landing = program(text, 0.25, Landing::Exact);
    let grid = program(text, 0.25, Landing::Grid);
    let saved_at = |times: &[f64]| Settings { save: Save::At(times.to_vec()), ..Settings::default() };
    assert!(run(&grid, &saved_at(&[1.5, 2.25])).is_ok());
    for outcome in [run(&landing, &Settings::default()), run(&grid, &saved_at(&[1.6]))] {
        assert_eq!(
            outcome.expect_err("refused").diagnostic().message,
            "`late (pipeline)` remembers whole steps and cannot be run with steps of changing length"
        );
    }
}

#[test]
fn a_pulse_half_a_step_off_the_grid_is_not_lost() {
    let program = program("y = INTEG(PULSE TRAIN(2.5, 1, 4, 20), 0) ~ Dmnl ~ |", 1.0, Landing::Grid);
    assert_eq!(end(&program, Method::Euler, "y"), 1.0);
}
