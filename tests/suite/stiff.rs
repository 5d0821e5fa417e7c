//! The method for stiff models against published solutions, its order, its bits in lanes; stiffness found and said.

use crate::model_text;
use levada::compile::{Landing, Outputs, Program, Request, compile};
use levada::simulate::{Failure, Member, Method, Save, Saved, Settings, run_members, run_once};

fn program(equations: &str, stop: f64, step: f64) -> Program {
    let text = format!(
        "{equations}\nINITIAL TIME = 0 ~ Year ~ |\nFINAL TIME = {stop} ~ Year ~ |\nTIME STEP = {step} ~ Year ~ |\nSAVEPER = {stop} ~ Year ~ |\n"
    );
    let request = Request { landing: Landing::Exact, jacobian: true, ..Request::default() };
    compile(&model_text(&text), &request).expect("compiles")
}

fn settings(method: Method, relative: f64, absolute: f64) -> Settings {
    Settings { method, relative, absolute, ..Settings::default() }
}

/// The last saved value of a column.
fn end(program: &Program, saved: &Saved, name: &str) -> f64 {
    let width = program.outputs.len();
    let column = program.outputs.iter().position(|output| output.name == name).expect("a column");
    saved.rows[saved.rows.len() - width + column]
}

/// A problem of the Test Set for Initial Value Problem Solvers (Mazzia and Magherini 2008, release 2.4), which goes back
/// to Hairer and Wanner (1996, section IV.10), with its reference solution at the end.
struct Problem {
    equations: &'static str,
    stop: f64,
    /// Absolute over relative tolerance.
    absolute: f64,
    solution: &'static [(&'static str, f64)],
}

const VAN_DER_POL: Problem = Problem {
    equations: "
        y = INTEG(z, 2) ~ Dmnl ~ |
        z = INTEG(mu * (1 - y^2) * z - y, 0) ~ Dmnl ~ |
        mu = 1000 ~ Dmnl ~ |",
    stop: 2000.0,
    absolute: 1e-3,
    solution: &[("y", 1.706167732170469), ("z", -0.8928097010248125e-3)],
};

const ROBERTSON: Problem = Problem {
    equations: "
        a = INTEG(-slow, 1) ~ Dmnl ~ |
        b = INTEG(slow - fast, 0) ~ Dmnl ~ |
        c = INTEG(fast, 0) ~ Dmnl ~ |
        slow = 0.04 * a - 10000 * b * c ~ Dmnl ~ |
        fast = 3e7 * b * b ~ Dmnl ~ |",
    stop: 1e11,
    absolute: 1e-7,
    solution: &[("a", 0.2083340149701255e-7), ("b", 0.8333360770334713e-13), ("c", 0.999999979166505)],
};

const HIRES: Problem = Problem {
    equations: "
        y1 = INTEG(-1.71 * y1 + 0.43 * y2 + 8.32 * y3 + 0.0007, 1) ~ Dmnl ~ |
        y2 = INTEG(1.71 * y1 - 8.75 * y2, 0) ~ Dmnl ~ |
        y3 = INTEG(-10.03 * y3 + 0.43 * y4 + 0.035 * y5, 0) ~ Dmnl ~ |
        y4 = INTEG(8.32 * y2 + 1.71 * y3 - 1.12 * y4, 0) ~ Dmnl ~ |
        y5 = INTEG(-1.745 * y5 + 0.43 * y6 + 0.43 * y7, 0) ~ Dmnl ~ |
        y6 = INTEG(-280 * y6 * y8 + 0.69 * y4 + 1.71 * y5 - 0.43 * y6 + 0.69 * y7, 0) ~ Dmnl ~ |
        y7 = INTEG(280 * y6 * y8 - 1.81 * y7, 0) ~ Dmnl ~ |
        y8 = INTEG(-280 * y6 * y8 + 1.81 * y7, 0.0057) ~ Dmnl ~ |",
    stop: 321.8122,
    absolute: 1e-4,
    solution: &[
        ("y1", 0.7371312573325668e-3),
        ("y2", 0.1442485726316185e-3),
        ("y3", 0.5888729740967575e-4),
        ("y4", 0.1175651343283149e-2),
        ("y5", 0.2386356198831331e-2),
        ("y6", 0.6238968252742796e-2),
        ("y7", 0.2849998395185769e-2),
        ("y8", 0.2850001604814231e-2),
    ],
};

/// The largest relative error at the end, and the steps.
fn error(problem: &Problem, method: Method, tolerance: f64) -> (f64, u64) {
    let program = program(problem.equations, problem.stop, 1e-4);
    let saved = run_once(&program, &settings(method, tolerance, tolerance * problem.absolute)).expect("runs");
    let error = |(name, value): &(&str, f64)| ((end(&program, &saved, name) - value) / value).abs();
    (problem.solution.iter().map(error).fold(0.0, f64::max), saved.steps)
}

#[test]
fn published_solutions_are_met_as_the_tolerance_asks() {
    // The last number bounds the steps at the tightest tolerance: the problems are stiff to an explicit method.
    for (name, problem, factor, most) in
        [("Van der Pol", &VAN_DER_POL, 5.0, 3000), ("Robertson", &ROBERTSON, 10.0, 1200), ("HIRES", &HIRES, 5.0, 1000)]
    {
        for method in [Method::Rosenbrock, Method::Automatic] {
            for tolerance in [1e-4, 1e-6, 1e-8] {
                let (error, steps) = error(problem, method, tolerance);
                assert!(error < factor * tolerance, "{name}, {method}, tolerance {tolerance}: error {error}");
                // Explicit steps until stiffness shows, which it does the later the tighter the tolerance.
                let most = if method == Method::Automatic { 5 * most } else { most };
                assert!(steps < most, "{name}, {method}, tolerance {tolerance}: {steps} steps");
            }
        }
    }
}

/// The error of `y` at `stop` with steps of one length: a tolerance that refuses nothing, and saves that cut every step.
fn error_of_steps(equations: &str, stop: f64, steps: usize, exact: f64) -> f64 {
    let length = stop / steps as f64;
    let program = program(equations, stop, length);
    let save = Save::At((0..=steps).map(|step| step as f64 * length).collect());
    let saved = run_once(&program, &Settings { save, ..settings(Method::Rosenbrock, 1e9, 1e9) }).expect("runs");
    assert_eq!(saved.steps, steps as u64);
    (end(&program, &saved, "y") - exact).abs()
}

#[test]
fn the_order_is_five_on_a_smooth_problem_that_depends_on_time() {
    // y' = -2 t y^2, y(0) = 1: y = 1 / (1 + t^2).
    let equations = "y = INTEG(-2 * Time * y^2, 1) ~ Dmnl ~ |";
    let error = |steps| error_of_steps(equations, 2.0, steps, 0.2);
    let order = (error(16) / error(32)).log2();
    assert!((order - 5.0).abs() < 0.3, "order {order}");
}

#[test]
fn on_prothero_and_robinsons_problem_the_error_falls_with_the_stiffness() {
    // y' = -rate (y - sin t) + cos t, y(0) = 0: y = sin t (Prothero and Robinson 1974). The order falls to 3.
    for rate in [1e4, 1e6] {
        let equations = format!("y = INTEG(-{rate} * (y - SIN(Time)) + COS(Time), 0) ~ Dmnl ~ |");
        let error = |steps| error_of_steps(&equations, 2.0, steps, 2f64.sin());
        let (coarse, fine) = (error(8), error(16));
        let order = (coarse / fine).log2();
        assert!(coarse * rate < 2e-4 && (order - 3.0).abs() < 0.2, "rate {rate}: error {coarse}, order {order}");
    }
}

#[test]
fn a_fast_state_is_forgotten_in_one_step() {
    // Far from the slow solution, which is cos t + O(1 / rate): what is left of 100 falls as 1 / rate.
    let rest = |rate: &str| {
        let equations = format!("y = INTEG(-{rate} * (y - COS(Time)), 100) ~ Dmnl ~ |");
        error_of_steps(&equations, 0.1, 1, 0.1f64.cos())
    };
    let (stiff, stiffer) = (rest("1e6"), rest("1e8"));
    assert!(stiff < 0.02 && (stiff / stiffer - 100.0).abs() < 5.0, "{stiff} {stiffer}");

    let equations = "y = INTEG(-1e6 * (y - COS(Time)), 100) ~ Dmnl ~ |";
    let program = program(equations, 10.0, 0.1);
    for method in [Method::Rosenbrock, Method::Automatic] {
        let saved = run_once(&program, &settings(method, 1e-6, 1e-9)).expect("runs");
        assert!((end(&program, &saved, "y") - 10f64.cos()).abs() < 1e-5, "{method}");
        assert!(saved.steps < 300, "{method}: {} steps", saved.steps);
    }
}

/// Members of a batch, each with its own value of a constant.
fn members(program: &Program, constant: &str, value: impl Fn(u64) -> f64) -> Vec<Member> {
    let index = program.constants.iter().position(|known| known.name == constant).expect("a constant");
    (0..33).map(|number| Member { number, changes: vec![(index, value(number))] }).collect()
}

#[test]
fn a_stiff_member_has_the_same_bits_in_every_batch() {
    // In the second some members are stiff, others not, and each has its own switch.
    let mixed = "
        y = INTEG(-fast * (y - COS(Time) - STEP(1, on)) + MAX(0, z - 0.3), 1) ~ Dmnl ~ |
        z = INTEG(curve(y) - z * SQRT(y^2 + 1), 0) ~ Dmnl ~ |
        on = INITIAL(2 + fast / 1e4) ~ Year ~ |
        curve( (-2,0),(0,1),(1,1.3),(3,0.4) ) ~ Dmnl ~ |
        fast = 1 ~ Dmnl ~ |";
    // The constant that differs among members: first value and difference.
    let cases = [(VAN_DER_POL.equations, "mu", 100.0, (10.0, 10.0)), (mixed, "fast", 5.0, (1.0, 300.0))];
    for (equations, constant, stop, (first, step)) in cases {
        let program = program(equations, stop, 0.01);
        let members = members(&program, constant, |number| first + step * number as f64);
        for method in [Method::Rosenbrock, Method::Automatic, Method::DormandPrince] {
            let save = Save::At((0..=4).map(|part| stop * f64::from(part) / 4.0).collect());
            let settings = Settings { save, ..settings(method, 1e-5, 1e-8) };
            let all = run_members(&program, &settings, &members);
            for size in [1, 8, 32] {
                for (chunk, expected) in members.chunks(size).zip(all.chunks(size)) {
                    for (got, expected) in run_members(&program, &settings, chunk).iter().zip(expected) {
                        let (got, expected) = (got.as_ref().expect("runs"), expected.as_ref().expect("runs"));
                        let bits = |saved: &Saved| saved.rows.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                        assert_eq!((bits(got), got.steps), (bits(expected), expected.steps), "{method}, {size}");
                        assert_eq!(got.stiff, expected.stiff, "{method}, {size}");
                    }
                }
            }
        }
    }
}

#[test]
fn switches_are_met_by_every_method_with_error_control() {
    let pulse = program("y = INTEG(IF THEN ELSE(Time >= 2.71 :AND: Time < 2.72, 1, 0), 0) ~ Dmnl ~ |", 5.0, 0.5);
    let jump = program("y = INTEG(-1000 * (y - STEP(1, 2.3)), 0) ~ Dmnl ~ |", 2.3005, 0.5);
    for method in [Method::DormandPrince, Method::Rosenbrock, Method::Automatic] {
        let end =
            |program: &Program| end(program, &run_once(program, &settings(method, 1e-8, 1e-11)).expect("runs"), "y");
        assert!((end(&pulse) - 0.01).abs() < 1e-12, "{method}");
        assert!((end(&jump) - (1.0 - (-0.5f64).exp())).abs() < 1e-7, "{method}");
    }
}

#[test]
fn stiffness_is_found_where_it_is_and_only_there() {
    let run = |equations: &str, method| {
        let program = program(equations, 10.0, 0.01);
        run_once(&program, &settings(method, 1e-6, 1e-9)).expect("runs")
    };
    let stiff = "y = INTEG(-1e4 * (y - COS(Time)), 1) ~ Dmnl ~ |";
    let (explicit, automatic) = (run(stiff, Method::DormandPrince), run(stiff, Method::Automatic));
    assert!(explicit.stiff.is_some_and(|since| since < 1.0) && explicit.steps > 10_000, "{:?}", explicit.stiff);
    assert!(automatic.stiff.is_some_and(|since| since < 0.1) && automatic.steps < 300, "{} steps", automatic.steps);
    let smooth = "x = INTEG(v, 1) ~ Dmnl ~ |\n v = INTEG(-400 * x, 0) ~ Dmnl ~ |";
    for method in [Method::DormandPrince, Method::Automatic] {
        assert_eq!(run(smooth, method).stiff, None, "{method}");
    }
    let (explicit, automatic) = (run(smooth, Method::DormandPrince), run(smooth, Method::Automatic));
    assert_eq!(explicit.rows, automatic.rows);
}

#[test]
fn a_hopeless_run_ends_within_its_budget_and_says_why() {
    let stiff = program("y = INTEG(-1e7 * (y - COS(Time)), 1) ~ Dmnl ~ |", 100.0, 0.01);
    let budget = Settings { budget: 2000, ..settings(Method::DormandPrince, 1e-6, 1e-9) };
    let failure = run_once(&stiff, &budget).expect_err("gives up").diagnostic();
    assert!(failure.message.starts_with("the run used its 2000 steps at time 0.0"), "{}", failure.message);
    let help = failure.help.expect("a next step");
    assert!(help.starts_with("the model is stiff from time ") && help.ends_with(" on: use --method rodas"), "{help}");

    // y = 1 / (1 - t).
    let explosion = program("y = INTEG(y^2, 1) ~ Dmnl ~ |", 5.0, 0.01);
    for method in [Method::DormandPrince, Method::Rosenbrock, Method::Automatic] {
        let settings = Settings { budget: 2000, ..settings(method, 1e-6, 1e-9) };
        match run_once(&explosion, &settings) {
            Err(Failure::StepVanished { time, variable }) => {
                assert!((time - 1.0).abs() < 1e-6, "{method}: {time}");
                assert_eq!(variable, "y");
            }
            outcome => panic!("{method}: {outcome:?}"),
        }
    }
    for method in [Method::Euler, Method::RungeKutta4] {
        let settings = Settings { budget: 2000, ..settings(method, 1e-6, 1e-9) };
        assert!(matches!(run_once(&explosion, &settings), Err(Failure::NotFinite { .. })), "{method}");
    }
}

#[test]
fn what_has_no_derivative_is_refused_by_name() {
    let equations = "
        need: a, b ~~|
        priority[need] = 1, 2 ~ Dmnl ~ |
        given[need] = ALLOCATE BY PRIORITY(request[need], priority[need], ELMCOUNT(need), 1, y) ~ Dmnl ~ |
        request[need] = 3, 4 ~ Dmnl ~ |
        y = INTEG(given[a] - given[b] - y, 5) ~ Dmnl ~ |";
    let program = program(equations, 1.0, 0.25);
    let failure = run_once(&program, &settings(Method::Rosenbrock, 1e-6, 1e-9)).expect_err("refused").diagnostic();
    assert_eq!(failure.message, "`given[a]` uses ALLOCATE BY PRIORITY, whose derivative rodas does not know");
    assert_eq!(failure.help.as_deref(), Some("use --method auto or dopri5, or rk4 with a short step"));
    assert!(run_once(&program, &settings(Method::Automatic, 1e-6, 1e-9)).is_ok());

    let request = Request { outputs: Outputs::All, ..Request::default() };
    let text =
        "y = INTEG(-y, 1) ~ Dmnl ~ |\nINITIAL TIME = 0 ~~|\nFINAL TIME = 1 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = 1 ~~|";
    let plain = compile(&model_text(text), &request).expect("compiles");
    for method in [Method::Rosenbrock, Method::Automatic] {
        let failure = run_once(&plain, &settings(method, 1e-6, 1e-9)).expect_err("refused").diagnostic();
        assert_eq!(failure.message, "the program was compiled without the derivatives that rodas and auto need");
    }
}
