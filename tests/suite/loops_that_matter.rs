//! Scores of textbook models against published and closed forms.

use levada::check::check;
use levada::compile::{Opened, Request, open};
use levada::diagnostic::Source;
use levada::feedback::{Analysis, Coverage, LinkScores, ScoredLoop, analyse, link_scores};
use levada::parse::vensim;
use levada::simulate::{Method, Settings};
use std::collections::HashMap;
use std::path::Path;

fn opened(equations: &str, stop: f64, step: f64) -> Opened {
    let control = format!("INITIAL TIME = 0 ~~| FINAL TIME = {stop} ~~| TIME STEP = {step} ~~| SAVEPER = {step} ~~|");
    let source = Source::new("m.mdl", format!("{equations}\n{control}\n"));
    let (model, faults) = vensim::read(&source, Path::new(""));
    assert_eq!(faults, []);
    let (checked, faults) = check(&source, model, &HashMap::new());
    let checked = checked.unwrap_or_else(|| panic!("{faults:?}"));
    open(&checked, &Request::default()).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn analysed(opened: &Opened) -> Analysis {
    analyse(opened, &Settings::default(), 1000).expect("the model runs")
}

/// `name: a -> b` of every loop.
fn paths(opened: &Opened, analysis: &Analysis) -> Vec<String> {
    let name = |at: &usize| opened.equations[*at].name.as_str();
    let path = |each: &ScoredLoop| each.equations.iter().map(name).collect::<Vec<_>>().join(" -> ");
    analysis.loops.iter().map(|each| format!("{}: {}", each.name, path(each))).collect()
}

/// The loop through exactly these equations.
fn through<'a>(opened: &Opened, analysis: &'a Analysis, names: &[&str]) -> &'a ScoredLoop {
    let mut wanted = names.to_vec();
    wanted.sort_unstable();
    let found = analysis.loops.iter().find(|each| {
        let mut own: Vec<&str> = each.equations.iter().map(|at| opened.equations[*at].name.as_str()).collect();
        own.sort_unstable();
        own == wanted
    });
    found.unwrap_or_else(|| panic!("no loop through {names:?} in {:?}", paths(opened, analysis)))
}

fn score(opened: &Opened, scores: &LinkScores, cause: &str, effect: &str) -> Vec<f64> {
    let name = |at: usize| opened.equations[at].name.as_str();
    let place = scores.links.iter().position(|link| name(link.cause) == cause && name(link.effect) == effect);
    scores.scores[place.unwrap_or_else(|| panic!("no link {cause} -> {effect}"))].clone()
}

fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found} is not {expected}");
}

/// Table 3 of Schoenberg, Davidsen and Eberlein (2020): the model of its section on Bass diffusion. Where the printed
/// number has four digits, so has the comparison. A score of the step from T is printed under T.
#[test]
fn bass_diffusion_as_published() {
    let opened = opened(
        "potential adopters = INTEG(-adopting, 999999) ~~| adopters = INTEG(adopting, 1) ~~|
        adopting = adoption from word of mouth ~~| adoption from word of mouth = potentials contacts * 0.015 ~~|
        potentials contacts = adopter contacts * probability of contact ~~| adopter contacts = adopters * 100 ~~|
        probability of contact = potential adopters / 1000000 ~~|",
        15.0625,
        0.0625,
    );
    let analysis = analysed(&opened);
    let times = &analysis.links.times;
    let probability = score(&opened, &analysis.links, "probability of contact", "potentials contacts");
    let contacts = score(&opened, &analysis.links, "adopter contacts", "potentials contacts");
    let reinforcing = &analysis.loops.iter().find(|each| each.name == "R1").expect("one reinforces").shares;
    let balancing = &analysis.loops.iter().find(|each| each.name == "B1").expect("one balances").shares;
    assert_eq!(analysis.loops.len(), 2);
    for (time, by_probability, by_contacts, b1, r1) in [
        (1.0, 0.000, 1.000, 0.000, 1.000),
        (9.5, 9.958, 11.46, -0.465, 0.535),
        (9.5625, 9358.0, 9806.0, -0.488, 0.512),
        (9.625, 10.91, 10.41, -0.512, 0.488),
        (15.0, 1.000, 0.000, -1.000, 0.000),
    ] {
        let at = times.iter().position(|end| (end - time - 0.0625f64).abs() < 1e-9).expect("a time of the run");
        for (found, printed, what) in
            [(probability[at], by_probability, "by probability"), (contacts[at], by_contacts, "by contacts")]
        {
            near(found, printed, 5e-4f64.max(5e-4 * f64::abs(printed)), &format!("{what} at {time}"));
        }
        near(balancing[at], b1, 5e-4, &format!("B1 at {time}"));
        near(reinforcing[at], r1, 5e-4, &format!("R1 at {time}"));
    }
}

/// The table of Schoenberg, Hayward and Eberlein (2023, section 3): a flow of 5 turns 10 while another of 4 turns 5. The
/// scores do not depend on whether the flows are put together first.
#[test]
fn flows_into_a_stock_as_published() {
    let flows = "in = STEP(5, 2) + 5 + 0 * s ~~| out = STEP(1, 2) + 4 + 0 * s ~~|";
    for (stock, effect) in
        [("s = INTEG(in - out, 100) ~~|", "s"), ("s = INTEG(net, 100) ~~| net = in - out ~~|", "net")]
    {
        let opened = opened(&format!("{stock} {flows}"), 4.0, 1.0);
        let scores = link_scores(&opened, &Settings::default()).expect("the model runs");
        assert_eq!(score(&opened, &scores, "in", effect), [0.0, 1.25, 0.0, 0.0], "{stock}");
        assert_eq!(score(&opened, &scores, "out", effect), [0.0, -0.25, 0.0, 0.0], "{stock}");
    }
}

/// Births of a tenth and deaths of a twentieth: two thirds to one third at every step (Schoenberg and Eberlein 2020,
/// "Seamlessly integrating Loops That Matter into model development and analysis").
#[test]
fn births_and_deaths() {
    let opened = opened("p = INTEG(b - d, 100) ~~| b = 0.1 * p ~~| d = p / 20 ~~|", 10.0, 1.0);
    let analysis = analysed(&opened);
    assert_eq!(paths(&opened, &analysis), ["R1: p -> b", "B1: p -> d"]);
    for (born, died) in analysis.loops[0].shares.iter().zip(&analysis.loops[1].shares) {
        near(*born, 2.0 / 3.0, 1e-12, "births");
        near(*died, -1.0 / 3.0, 1e-12, "deaths");
    }
}

/// Logistic growth with one equation for deaths: over a step from P0 to P1 the reinforcing loop has K / (K + P0 + P1), by
/// the definition, and dominates until the inflection at K / 2, for any method.
#[test]
fn logistic_growth_turns_at_the_inflection() {
    let opened = opened("p = INTEG(b - d, 10) ~~| b = p ~~| d = p * p / 1000 ~~|", 12.0, 1.0 / 64.0);
    for method in [Method::Euler, Method::RungeKutta4] {
        let settings = Settings { method, ..Settings::default() };
        let analysis = analyse(&opened, &settings, 1000).expect("the model runs");
        let run = levada::simulate::run(&opened.whole, &settings).expect("the model runs");
        let column = run.columns.iter().position(|column| column.name == "p").expect("p is saved");
        let (births, deaths) = (through(&opened, &analysis, &["p", "b"]), through(&opened, &analysis, &["p", "d"]));
        for at in 0..births.shares.len() {
            let (p0, p1) = (run.values[(at, column)], run.values[(at + 1, column)]);
            let expected = 1000.0 / (1000.0 + p0 + p1);
            near(births.shares[at], expected, 1e-9, "births");
            near(deaths.shares[at], expected - 1.0, 1e-9, "deaths");
            assert_eq!(births.shares[at] > 0.5, p0 + p1 < 1000.0, "{method:?}");
        }
    }
}

/// Yeast that its alcohol kills (Schoenberg, Davidsen and Eberlein 2020, table 4): growth, then slower births, then deaths
/// by alcohol, then deaths by themselves, each in its turn the strongest loop.
#[test]
fn yeast_and_alcohol_in_four_phases() {
    let opened = opened(
        "c = INTEG(b - d, 1) ~~| a = INTEG(0.01 * c, 0) ~~| b = c * (1.1 - 0.1 * a) / 16 ~~|
        d = c * EXP(a - 11) / 30 ~~|",
        100.0,
        0.5,
    );
    let analysis = analysed(&opened);
    let four = [vec!["c", "b"], vec!["c", "a", "b"], vec!["c", "a", "d"], vec!["c", "d"]];
    let four: Vec<&ScoredLoop> = four.iter().map(|names| through(&opened, &analysis, names)).collect();
    assert_eq!(analysis.loops.len(), 4);
    let strongest = |time: usize| {
        let share = |each: usize| four[each].shares[time].abs();
        (0..4).max_by(|a, b| share(*a).total_cmp(&share(*b))).unwrap_or(0)
    };
    let mut phases: Vec<usize> = (0..analysis.links.times.len()).map(strongest).collect();
    phases.dedup();
    assert_eq!(phases, [0, 1, 2, 3], "births, births slowed, deaths by alcohol, deaths");
}

/// Three parties that arm against each other (Eberlein and Schoenberg 2020): eight loops, of which the shortest independent
/// set has six, without the two through all three. In the long run each stock grows at the largest rate L of the linear
/// system, so that by 2023, eq. 14, a loop of gain G through n stocks has a score of G / L^n.
#[test]
fn arms_race_beyond_the_independent_loops() {
    let party = |name: &str, start: f64, first: (f64, &str), second: (f64, &str)| {
        format!(
            "{name} = INTEG(change {name}, {start}) ~~|
            change {name} = ({} * {} + {} * {} - {name}) / 10 ~~|",
            first.0, first.1, second.0, second.1
        )
    };
    let text = party("a", 50.0, (0.5, "b"), (0.45, "c"))
        + &party("b", 100.0, (0.5, "a"), (0.55, "c"))
        + &party("c", 150.0, (0.7, "a"), (0.6, "b"));
    let opened = opened(&text, 400.0, 0.125);
    let analysis = analysed(&opened);
    assert_eq!((analysis.loops.len(), analysis.independent), (8, 6));
    let outside: Vec<usize> =
        analysis.loops.iter().filter(|each| !each.independent).map(|each| each.equations.len()).collect();
    assert_eq!(outside, [6, 6]);
    // The largest root of the characteristic polynomial x^3 - pairs x - threes, by Newton.
    let (ab, ac, ba, bc, ca, cb) = (0.5, 0.45, 0.5, 0.55, 0.7, 0.6);
    let (pairs, threes) = (ab * ba + ac * ca + bc * cb, ab * bc * ca + ac * cb * ba);
    let mut root = 2.0f64;
    for _ in 0..60 {
        root -= (root.powi(3) - pairs * root - threes) / (3.0 * root * root - pairs);
    }
    let rate = (root - 1.0) / 10.0;
    let last = analysis.links.times.len() - 1;
    for each in &analysis.loops {
        let name = |at: &usize| opened.equations[*at].name.clone();
        let stocks: Vec<String> = each.equations.iter().map(name).filter(|name| name.len() == 1).collect();
        let gain = |from: &str, to: &str| match (from, to) {
            ("b", "a") => ab,
            ("c", "a") => ac,
            ("a", "b") => ba,
            ("c", "b") => bc,
            ("a", "c") => ca,
            ("b", "c") => cb,
            _ => -1.0,
        };
        let next = stocks.iter().cycle().skip(1);
        let product: f64 = stocks.iter().zip(next).map(|(from, to)| gain(from, to) / 10.0).product();
        // Over a step of Euler's method the change of the net flow is that of growth by 1 + rate * dt.
        let expected = product / rate.powi(stocks.len() as i32);
        near(each.scores[last] / expected, 1.0, 1e-6, &format!("{stocks:?}"));
    }
}

/// With a bound below the number of loops the strongest are looked for, and of this small model all are found.
#[test]
fn beyond_the_bound_the_strongest_are_looked_for() {
    let opened = opened(
        "c = INTEG(b - d, 1) ~~| a = INTEG(0.01 * c, 0) ~~| b = c * (1.1 - 0.1 * a) / 16 ~~|
        d = c * EXP(a - 11) / 30 ~~|",
        100.0,
        0.5,
    );
    let (all, found) = (analysed(&opened), analyse(&opened, &Settings::default(), 2).expect("the model runs"));
    assert_eq!((all.coverage, found.coverage), (Coverage::All, Coverage::Strongest { more_than: 2 }));
    assert_eq!(found.loops, all.loops);
}

/// A delay's stages are stocks of the loop: first-order adjustment of a smooth of itself.
#[test]
fn loops_through_delays() {
    let opened = opened("s = INTEG((SMOOTH(s, 4) - s) / 2 + 1, 5) ~~|", 10.0, 0.125);
    let analysis = analysed(&opened);
    let mut found = paths(&opened, &analysis);
    found.iter_mut().for_each(|path| {
        path.drain(..4);
    });
    found.sort();
    assert_eq!(found, ["s", "s (delay, stage 1)", "s -> s (delay, stage 1)"]);
}

/// In equilibrium nothing changes and nothing has a score.
#[test]
fn nothing_moves_and_nothing_scores() {
    let opened = opened("p = INTEG(b - d, 100) ~~| b = 0.1 * p ~~| d = p * 0.1 ~~|", 4.0, 0.3);
    let analysis = analysed(&opened);
    assert!(analysis.loops.iter().all(|each| each.shares.iter().all(|share| *share == 0.0)));
    assert_eq!(paths(&opened, &analysis), ["U1: p -> b", "U2: p -> d"]);
}
