//! Vensim's delays in whole steps: conveyors by hand and by the manual's own account of what is on them, and the delays
//! that a fixed delay time makes the same.

use crate::model_text;
use levada::compile::{Landing, Request, compile};
use levada::series::Table;
use levada::simulate::{Settings, run};

fn table(equations: &str, stop: f64) -> Table {
    let text = format!(
        "{{UTF-8}}\n{equations}\nflat([(0,0)-(1,1)],(0,1),(1,1)) ~~|\nINITIAL TIME = 0 ~~|\nFINAL TIME = {stop} ~~|\n\
         TIME STEP = 0.5 ~~|\nSAVEPER = TIME STEP ~~|\n"
    );
    let program = compile(&model_text(&text), &Request { landing: Landing::Grid, ..Request::default() });
    run(&program.unwrap_or_else(|found| panic!("{found:?}")), &Settings::default()).expect("the model runs")
}

fn column(run: &Table, name: &str) -> Vec<f64> {
    run.column(name).unwrap_or_else(|| panic!("no column {name}")).to_vec()
}

fn assert_near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-14 * expected.abs().max(1.0), "{found} for {expected}");
    }
}

/// Four places, of which each step keeps 0.95. The content of 40 leaves at 40/2 = 20 a unit, less what leaks until then;
/// what enters at time t leaves two units later, times 0.95^4.
#[test]
fn a_conveyor_by_hand() {
    let run = table(
        "entering = 10 + 4 * Time ~~|\nleaving = DELAY CONVEYOR(entering, 2, 0.1, flat, 40, 2) ~~|\n\
         at first = INITIAL(leaving) ~~|",
        3.0,
    );
    let share = 0.95f64.powi(4);
    let expected = [20.0, 19.0, 18.05, 17.1475, 10.0 * share, 12.0 * share, 14.0 * share];
    assert_near(&column(&run, "leaving"), &expected);
    assert_near(&column(&run, "at first"), &[20.0; 7]);
}

/// Leaks of 0.1, 0.1, 0.4, 0.4, ... per unit: the steps keep 0.95, 0.95, 0.8, 0.8, ...
#[test]
fn a_leak_that_changes_takes_its_share_of_all_that_is_on_the_belt() {
    let run = table(
        "entering = 10 + 4 * Time ~~|\nleak = IF THEN ELSE(Time < 1, 0.1, 0.4) ~~|\n\
         leaving = DELAY CONVEYOR(entering, 1.5, leak, flat, 30, 1.5) ~~|",
        3.0,
    );
    let expected = [
        20.0,
        20.0 * 0.95,
        20.0 * 0.95 * 0.95,
        10.0 * 0.95 * 0.95 * 0.8,
        12.0 * 0.95 * 0.8 * 0.8,
        14.0 * 0.8 * 0.8 * 0.8,
        16.0 * 0.8 * 0.8 * 0.8,
    ];
    assert_near(&column(&run, "leaving"), &expected);
}

/// Vensim's manual tells a conveyor's leakage and content by `ahead level = convey total + TIME STEP*(input - convey
/// out)` and `total leakage = ahead level * leak rate`. When nothing enters any more, nothing stays.
#[test]
fn a_conveyor_holds_what_the_manual_says() {
    let run = table(
        "entering = IF THEN ELSE(Time < 6, 10 + 4 * Time, 0) ~~|\nleak = 0.2 + 0.1 * SIN(Time) ~~|\n\
         leaving = DELAY CONVEYOR(entering, 4, leak, flat, 40, 4) ~~|\n\
         content = INTEG(entering - leaving - leakage, 40) ~~|\nleakage = ahead * leak ~~|\n\
         ahead = content + TIME STEP * (entering - leaving) ~~|",
        11.0,
    );
    let (content, leaving) = (column(&run, "content"), column(&run, "leaving"));
    assert!(content.iter().take(20).all(|content| *content > 1.0), "{content:?}");
    let last = run.time.iter().position(|time| *time == 10.0).unwrap();
    assert!(content[last..].iter().all(|content| content.abs() < 1e-12), "{content:?}");
    assert!(leaving[last - 1] > 1.0 && leaving[last..].iter().all(|leaving| *leaving == 0.0), "{leaving:?}");
}

#[test]
fn with_a_fixed_delay_time_all_delays_are_the_same() {
    let run = table(
        "entering = 10 + 4 * Time ~~|\nwait = 2 ~~|\nfixed = DELAY FIXED(entering, wait, 7) ~~|\n\
         material = DELAY MATERIAL(entering, wait, 7, 0) ~~|\ninformation = DELAY INFORMATION(entering, wait, 7) ~~|\n\
         conveyed = DELAY CONVEYOR(entering, wait, 0, flat, 14, wait) ~~|\n\
         empty = DELAY CONVEYOR(entering, 2 * wait, 0, rising, 0, 2 * wait) ~~|\n\
         rising([(0,0)-(1,1)],(0,0),(1,1)) ~~|",
        4.0,
    );
    let fixed = [7.0, 7.0, 7.0, 7.0, 10.0, 12.0, 14.0, 16.0, 18.0];
    for name in ["fixed", "material", "information", "conveyed"] {
        assert_eq!(column(&run, name), fixed, "{name}");
    }
    assert_eq!(column(&run, "empty"), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 10.0]);
}

/// Each region has a belt of its own.
#[test]
fn conveyors_have_subscripts() {
    let run = table(
        "region: north, south ~~|\nentering[region] = 1, 2 ~~|\ncontent[region] = 4, 0 ~~|\n\
         leaving[region] = DELAY CONVEYOR(entering[region], 1, 0, flat, content[region], 1) ~~|",
        1.5,
    );
    assert_eq!(column(&run, "leaving[north]"), [4.0, 4.0, 1.0, 1.0]);
    assert_eq!(column(&run, "leaving[south]"), [0.0, 0.0, 2.0, 2.0]);
}
