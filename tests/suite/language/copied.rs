//! One text that stands for several computations: macros called twice, elements of one equation, defaults of
//! parameters. Each has states of its own.

use levada::check::check;
use levada::compile::{Request, compile};
use levada::diagnostic::{Source, render};
use levada::parse::{vensim, xmile};
use levada::simulate::{Settings, run};
use std::path::Path;

/// The last values of a model, by column.
fn last(name: &str, text: &str) -> impl Fn(&str) -> f64 + use<> {
    let source = Source::new(name, text);
    let (model, found) = match name.ends_with("mdl") {
        true => vensim::read(&source, Path::new("")),
        false => xmile::read(&source, Path::new("")),
    };
    assert!(!found.iter().any(|one| one.is_error()), "{}", found.iter().map(render).collect::<String>());
    let (checked, found) = check(&source, model, &Default::default());
    let checked = checked.unwrap_or_else(|| panic!("{}", found.iter().map(render).collect::<String>()));
    let program = compile(&checked, &Request::default());
    let program = program.unwrap_or_else(|found| panic!("{}", found.iter().map(render).collect::<String>()));
    let table = run(&program, &Settings::default()).expect("the model runs");
    move |column| {
        let place = table.columns.iter().position(|own| own.name == column);
        let place = place.unwrap_or_else(|| panic!("no {column} among {:?}", table.columns));
        table.values[(table.time.len() - 1, place)]
    }
}

fn within(variables: &str, tail: &str) -> String {
    format!(
        "<xmile version=\"1.0\" xmlns=\"http://docs.oasis-open.org/xmile/ns/XMILE/v1.0\"><sim_specs><start>0</start>\
         <stop>8</stop><dt>0.5</dt></sim_specs><model><variables>{variables}</variables></model>{tail}</xmile>"
    )
}

/// `x` smoothed over `time` by Euler steps of a half from 0 to 8, from `start`.
fn smoothed(x: f64, time: f64, start: f64) -> f64 {
    (0..16).fold(start, |level, _| level + 0.5 * (x - level) / time)
}

#[test]
fn a_default_that_remembers_does_so_for_each_call() {
    let text = within(
        "<aux name=\"p\"><eqn>m(3)</eqn></aux><aux name=\"q\"><eqn>m(5) + m(7, 1)</eqn></aux>",
        "<macro name=\"m\"><parm>x</parm><parm default=\"SMTH1(x, 2, 0)\">y</parm><eqn>x + y</eqn></macro>",
    );
    let value = last("defaults.xmile", &text);
    assert!((value("p") - 3.0 - smoothed(3.0, 2.0, 0.0)).abs() < 1e-12);
    assert!((value("q") - 5.0 - smoothed(5.0, 2.0, 0.0) - 8.0).abs() < 1e-12);
}

#[test]
fn macros_and_elements_have_stocks_of_their_own() {
    let text = "{UTF-8}
:MACRO: HOLD(input, time)
HOLD = INTEG((input - HOLD) / time, 0) ~~|
:END OF MACRO:
d: a, b ~~|
target[a] = 3 ~~|
target[b] = 5 ~~|
x[d] = HOLD(target[d], 2) ~~|
y = HOLD(3, 2) + HOLD(5, 2) ~~|
z[d] = SMOOTHI(target[d], 2, 0) + SUM(x[d!]) ~~|
nested = HOLD(HOLD(7, 1), 2) ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = 8 ~~|
TIME STEP = .5 ~~|
SAVEPER = 1 ~~|
";
    let value = last("macros.mdl", text);
    let (three, five) = (smoothed(3.0, 2.0, 0.0), smoothed(5.0, 2.0, 0.0));
    for (column, expected) in [
        ("x[a]", three),
        ("x[b]", five),
        ("y", three + five),
        ("z[a]", three + three + five),
        ("z[b]", five + three + five),
    ] {
        assert!((value(column) - expected).abs() < 1e-12, "{column}: {}, {expected}", value(column));
    }
    let (mut inner, mut outer) = (0.0, 0.0);
    for _ in 0..16 {
        (inner, outer) = (inner + 0.5 * (7.0 - inner), outer + 0.5 * (inner - outer) / 2.0);
    }
    assert!((value("nested") - outer).abs() < 1e-12);
}

/// Of `sin`, which falls first: the largest value so far, and the time it came, with its own earlier value in the test.
#[test]
fn a_sample_may_name_itself() {
    let text = "{UTF-8}
wave = SIN(-Time) ~~|
peak = SAMPLE IF TRUE(wave > peak, wave, -.5) ~~|
top = SAMPLE IF TRUE(wave > top, MAX(top, wave), wave - 1) ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = 8 ~~|
TIME STEP = .5 ~~|
SAVEPER = 1 ~~|
";
    let value = last("sample.mdl", text);
    let largest = (0..=16).map(|step| (-0.5 * f64::from(step)).sin()).fold(-0.5, f64::max);
    assert_eq!((value("peak"), value("top")), (largest, largest));
}
