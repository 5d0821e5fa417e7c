//! A link cut: models whose run without a loop is known.

use levada::check::check;
use levada::compile::Request;
use levada::diagnostic::{Diagnostic, Source};
use levada::feedback::{Cut, Held, KnockOut, knock_out};
use levada::parse::vensim;
use levada::series::Table;
use levada::simulate::Settings;
use std::collections::HashMap;
use std::path::Path;

const CONTROL: &str = "INITIAL TIME = 0 ~~| FINAL TIME = 4 ~~| TIME STEP = 0.25 ~~| SAVEPER = 1 ~~|";

fn cut(equations: &str, link: &str, held: Held, settings: &[(&str, f64)]) -> Result<KnockOut, Vec<Diagnostic>> {
    let source = Source::new("m.mdl", format!("{equations}\n{CONTROL}\n"));
    let (model, faults) = vensim::read(&source, Path::new(""));
    assert_eq!(faults, []);
    let (checked, faults) = check(&source, model, &HashMap::new());
    let checked = checked.unwrap_or_else(|| panic!("{faults:?}"));
    let settings: Vec<(String, f64)> = settings.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    let cut = Cut::read(link).map_err(|found| vec![found])?;
    knock_out(&checked, &cut, held, &Request::default(), &settings, &Settings::default())
}

fn last(table: &Table, name: &str) -> f64 {
    let column = table.columns.iter().position(|column| column.name == name).expect("it is saved");
    table.values[(table.time.len() - 1, column)]
}

const GROWTH: &str = "s = INTEG(births, 100) ~~| births = rate * s ~~| rate = 0.1 ~~|";

/// Growth without its loop: held at the start it is a straight line; at its path, twice the rate adds what it added.
#[test]
fn growth_without_its_loop() {
    let exponential = 100.0 * 1.025f64.powi(16);
    let start = cut(GROWTH, "s -> births", Held::AtStart, &[]).expect("it runs");
    assert!((last(&start.whole, "s") - exponential).abs() < 1e-9);
    assert!((last(&start.cut, "s") - 140.0).abs() < 1e-9);
    let path = cut(GROWTH, "s -> births", Held::OnPath, &[("rate", 0.2)]).expect("it runs");
    assert!((last(&path.whole, "s") - 100.0 * 1.05f64.powi(16)).abs() < 1e-9);
    assert!((last(&path.cut, "s") - (100.0 + 2.0 * (exponential - 100.0))).abs() < 1e-9);
    // Without a change the held path is the path.
    let same = cut(GROWTH, "s -> births", Held::OnPath, &[]).expect("it runs");
    assert!((last(&same.cut, "s") - exponential).abs() < 1e-9);
}

#[test]
fn all_elements_are_held() {
    let two = "d: a, b ~~| s[a] = INTEG(-out[a], 8) ~~| s[b] = INTEG(-out[b], 4) ~~| out[d] = s[d] / 4 ~~|";
    let start = cut(two, "s -> out", Held::AtStart, &[]).expect("it runs");
    assert!(last(&start.cut, "s[a]").abs() < 1e-9 && last(&start.cut, "s[b]").abs() < 1e-9);
}

#[test]
fn links_that_are_not_there_are_named() {
    for (link, expected) in [
        ("s, births", "`s, births` is no link"),
        ("s -> rate", "the equation of `rate` does not name `s`"),
        ("s -> birth", "the model has no variable `birth`"),
    ] {
        let found = cut(GROWTH, link, Held::AtStart, &[]).expect_err("refused");
        assert_eq!(found.iter().map(|d| d.message.as_str()).collect::<Vec<_>>(), [expected]);
    }
}
