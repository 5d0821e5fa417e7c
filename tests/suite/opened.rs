//! Models opened at their variables: which equation reads what.

use levada::check::check;
use levada::compile::{Equation, Request, open};
use levada::diagnostic::{Diagnostic, Source};
use levada::parse::vensim;
use std::collections::HashMap;
use std::path::Path;

const CONTROL: &str = "INITIAL TIME = 0 ~~| FINAL TIME = 4 ~~| TIME STEP = 1 ~~| SAVEPER = 1 ~~|";

/// `name <- cause, cause` for every equation.
fn opened(equations: &str) -> Result<Vec<String>, Vec<Diagnostic>> {
    let source = Source::new("m.mdl", format!("{equations}\n{CONTROL}\n"));
    let (model, faults) = vensim::read(&source, Path::new(""));
    assert_eq!(faults, []);
    let (checked, faults) = check(&source, model, &HashMap::new());
    let opened = open(&checked.unwrap_or_else(|| panic!("{faults:?}")), &Request::default())?;
    let line = |equation: &Equation| {
        let causes: Vec<&str> = equation.causes.iter().map(|c| opened.equations[*c].name.as_str()).collect();
        format!("{} <- {}", equation.name, causes.join(", "))
    };
    let mut lines: Vec<String> = opened.equations.iter().map(line).collect();
    lines.sort();
    Ok(lines)
}

#[test]
fn equations_read_variables_and_not_what_these_are_made_of() {
    let lines = opened(
        "s = INTEG(f - s / life, 1) ~~| f = g * 2 ~~| g = same ~~| same = s * k ~~| k = 0.1 * base ~~|
        base = 2 ~~| life = 3 ~~|",
    );
    assert_eq!(lines, Ok(["f <- g", "g <- same", "s <- s, f", "same <- s"].map(str::to_owned).to_vec()));
}

#[test]
fn stages_of_delays_stand_between_cause_and_effect() {
    let lines = opened("s = INTEG(SMOOTH3(s, 2) - SMOOTH(s, 4) , 1) ~~|").expect("it opens");
    let inside = |n: &str, causes: &str| format!("s (delay, stage {n}) <- {causes}");
    assert_eq!(
        lines,
        [
            inside("1) (2", "s, s (delay, stage 1) (2)"),
            inside("1", "s, s (delay, stage 1)"),
            inside("2", "s (delay, stage 1), s (delay, stage 2)"),
            inside("3", "s (delay, stage 2), s (delay, stage 3)"),
            "s <- s (delay, stage 3), s (delay, stage 1) (2)".to_owned(),
        ]
    );
}

#[test]
fn elements_are_equations_of_their_own() {
    let lines = opened("d: a, b ~~| s[d] = INTEG(-out[d], 1) ~~| out[d] = s[d] * total ~~| total = SUM(s[d!]) ~~|");
    let expected = ["out[a] <- s[a], total", "out[b] <- s[b], total", "s[a] <- out[a]", "s[b] <- out[b]"];
    let expected: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
    assert_eq!(lines, Ok([expected, vec!["total <- s[a], s[b]".to_owned()]].concat()));
}

#[test]
fn random_functions_are_refused() {
    let found = opened("s = INTEG(RANDOM UNIFORM(0, 1, 1), 1) ~~|").expect_err("refused");
    assert_eq!(
        found.iter().map(|d| (d.code, d.message.as_str())).collect::<Vec<_>>(),
        [(
            "equations-not-apart",
            "the equations of this model cannot be evaluated one by one: a random function takes part"
        )]
    );
}
