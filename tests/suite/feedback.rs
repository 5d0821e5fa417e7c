//! Feedback loops: polarities and loops of textbook models, and of random causal structures.

use crate::models::run;
use levada::check::{CheckedModel, Doubt, Feedback, Polarity, check, feedback};
use levada::compile::Request;
use levada::diagnostic::Source;
use levada::parse::vensim;
use levada::simulate::Method;
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

const CONTROL: &str = "INITIAL TIME = 0 ~~| FINAL TIME = 10 ~~| TIME STEP = 1 ~~| SAVEPER = 1 ~~|";

fn model(equations: &str) -> CheckedModel {
    let source = Source::new("model.mdl", format!("{equations}\n{CONTROL}\n"));
    let (model, faults) = vensim::read(&source, Path::new(""));
    assert_eq!(faults, []);
    let (checked, faults) = check(&source, model, &HashMap::new());
    checked.unwrap_or_else(|| panic!("{faults:?}"))
}

/// `cause -> effect +` for every link between variables that are not constants of the run.
fn links(equations: &str) -> Vec<String> {
    let checked = model(equations);
    let name = |index: usize| checked.model().variables[index].name.text();
    let feedback = feedback(&checked);
    let line = |link: &levada::check::Link| {
        format!("{} -> {} {}", name(link.cause), name(link.effect), link.polarity.symbol())
    };
    feedback.links.iter().map(line).collect()
}

/// `R1: stock -> flow` for every loop.
fn loops(equations: &str) -> Vec<String> {
    let checked = model(equations);
    let name = |index: &usize| checked.model().variables[*index].name.text().to_owned();
    let listed = feedback(&checked).loops.list;
    listed
        .iter()
        .map(|l| format!("{}: {}", l.name, l.variables.iter().map(name).collect::<Vec<_>>().join(" -> ")))
        .collect()
}

#[test]
fn predators_and_prey() {
    let equations = "
        Hares = INTEG(hare births - hare deaths, 100) ~~|
        Lynxes = INTEG(lynx births - lynx deaths, 10) ~~|
        hare births = birth rate * Hares ~~|
        hare deaths = encounters ~~|
        encounters = catch * Hares * Lynxes ~~|
        lynx births = efficiency * encounters ~~|
        lynx deaths = Lynxes / lifetime ~~|
        birth rate = 0.5 ~~| catch = 0.01 ~~| efficiency = 0.2 ~~| lifetime = 5 ~~|";
    assert_eq!(
        loops(equations),
        [
            "R1: Hares -> hare births",
            "B1: Lynxes -> lynx deaths",
            "B2: Hares -> encounters -> hare deaths",
            "R2: Lynxes -> encounters -> lynx births",
        ]
    );
    // The great loop of both species has no link of its own.
    assert_eq!(feedback(&model(equations)).loops.independent, 4);
}

#[test]
fn epidemic() {
    assert_eq!(
        loops(
            "Susceptible = INTEG(-infections, 990) ~~|
            Infectious = INTEG(infections - recoveries, 10) ~~|
            Recovered = INTEG(recoveries, 0) ~~|
            infections = contacts * infectivity * Susceptible * Infectious / population ~~|
            population = Susceptible + Infectious + Recovered ~~|
            recoveries = Infectious / duration ~~|
            contacts = 6 ~~| infectivity = 0.05 ~~| duration = 5 ~~|"
        ),
        [
            "B1: Susceptible -> infections",
            "R1: Infectious -> infections",
            "B2: Infectious -> recoveries",
            "R2: Susceptible -> population -> infections",
            "B3: Infectious -> population -> infections",
            "B4: Infectious -> recoveries -> Recovered -> population -> infections",
        ]
    );
}

#[test]
fn rules_of_sign() {
    for (equation, link) in [
        ("y = a - x ~~|", "x -> y -"),
        ("y = a / x ~~|", "x -> y -"),
        ("y = -(a - x) ~~|", "x -> y +"),
        ("y = MIN(a, x) ~~|", "x -> y +"),
        ("y = MAX(0, a - x) ~~|", "x -> y -"),
        ("y = EXP(-x / a) ~~|", "x -> y -"),
        ("y = x^2 ~~|", "x -> y +"),
        ("y = x^(-b) ~~|", "x -> y -"),
        ("y = (1 - b)^x ~~|", "x -> y -"),
        ("y = SMOOTH(x, a) ~~|", "x -> y +"),
        ("y = DELAY3I(a - x, b, x) ~~|", "x -> y -"),
        ("y = ZIDZ(a, x) ~~|", "x -> y -"),
        ("y = x / (x + a) ~~|", "x -> y +"),
        ("y = a * x / (1 + b * x) ~~|", "x -> y +"),
        ("y = x^2 / (a^2 + x^2) ~~|", "x -> y +"),
        ("y = a / (x + a) ~~|", "x -> y -"),
        ("y = 1 - MIN(MAX(x, 0), 1) ~~|", "x -> y -"),
        ("y = x * (1 - b * SIN(a)) ~~|", "x -> y ?"),
        ("y = x * (1 - b * MIN(1, a)) ~~|", "x -> y +"),
        ("y = WITH LOOKUP(x, ((0,3),(1,2),(5,2))) ~~|", "x -> y -"),
        ("y = IF THEN ELSE(a > 1, x, 2 * x) ~~|", "x -> y +"),
        ("y = IF THEN ELSE(x > 1, 1, 0) ~~|", "x -> y ?"),
        ("y = x * (1 - x / a) ~~|", "x -> y ?"),
        ("y = SIN(x) ~~|", "x -> y ?"),
    ] {
        let equations = format!("x = INTEG(0, 1) ~~| a = 2 ~~| b = 0.5 ~~| {equation}");
        assert!(links(&equations).contains(&link.to_owned()), "{equation}: {:?}", links(&equations));
    }
    // What counts at the start only, and what is multiplied by nothing, is no link.
    assert!(!links("x = INTEG(0, 1) ~~| y = INITIAL(x) ~~|").contains(&"x -> y +".to_owned()));
    assert_eq!(links("x = INTEG(0, 1) ~~| y = 0 * x ~~|"), [""; 0]);
}

#[test]
fn an_unknown_sign_has_its_reason() {
    let doubt = |equation: &str| {
        let checked = model(&format!("x = INTEG(0, 1) ~~| free = INTEG(0, 0-1) ~~| {equation}"));
        let link = feedback(&checked).links.into_iter().find(|link| link.polarity == Polarity::Unknown);
        link.and_then(|link| link.doubt).map(|doubt| match doubt {
            Doubt::Factor(span) => format!("factor {}", &checked.source().text[span.range()]),
            other => format!("{other:?}"),
        })
    };
    for (equation, expected) in [
        ("y = x * free ~~|", "factor free"),
        ("y = x * (1 - 2 * x) ~~|", "factor (1 - 2 * x)"),
        ("y = EXP(x) - x ~~|", "Opposed"),
        ("y = IF THEN ELSE(x > 1, 2, 3) ~~|", "Condition"),
    ] {
        assert_eq!(doubt(equation).as_deref(), Some(expected), "{equation}");
    }
    assert!(doubt("y = COS(x) ~~|").is_some_and(|doubt| doubt.starts_with("Function")));
    assert!(doubt("t((0,0),(1,1),(2,0)) ~~| y = t(x) ~~|").is_some_and(|doubt| doubt.starts_with("Lookup")));
}

#[test]
fn stocks_are_bounded_by_their_flows() {
    let supposed = |equations: &str| {
        let checked = model(equations);
        let stocks = feedback(&checked).supposed;
        stocks.iter().map(|stock| checked.model().variables[*stock].name.text().to_owned()).collect::<Vec<_>>()
    };
    // An outflow in proportion to the stock cannot empty it; a fixed one can.
    assert_eq!(supposed("x = INTEG(inflow - x / 5, 1) ~~| inflow = 3 ~~|"), [""; 0]);
    assert_eq!(supposed("x = INTEG(-outflow, 1) ~~| outflow = 3 ~~|"), ["x"]);
    // Each element is emptied by its own outflow, which fills the next.
    assert_eq!(
        supposed(
            "age: young, old ~~|
            people[young] = INTEG(-ageing[young], 5) ~~|
            people[old] = INTEG(ageing[young] - ageing[old], 5) ~~|
            ageing[age] = people[age] / 10 ~~|"
        ),
        [""; 0]
    );
    // A stock that starts at nothing and is pushed below is of either sign, so that its product is too.
    let swing = "angle = INTEG(speed, 1) ~~| speed = INTEG(-angle, 0) ~~| power = speed * angle ~~|";
    assert!(links(swing).contains(&"angle -> power ?".to_owned()));
    // A share is between nothing and all, so that what is left over is not negative.
    let share = "share = INTEG(spread * (1 - share), 0.1) ~~| spread = 0.2 ~~| rest = other * (1 - share) ~~|
        other = 3 ~~|";
    assert!(links(share).contains(&"other -> rest +".to_owned()));
}

#[test]
fn a_loop_through_itself_alone() {
    assert_eq!(loops("x = INTEG(-x / 5, 1) ~~|"), ["B1: x"]);
    assert_eq!(loops("x = INTEG(3 - SMOOTH(x, 2), 1) ~~|"), ["B1: x"]);
    assert_eq!(loops("x = INTEG(3, 1) ~~| y = 2 * x ~~|"), [""; 0]);
}

/// A model of `count` stocks, each fed by those that point at it.
fn structure(count: usize, edges: &BTreeSet<(usize, usize)>) -> String {
    let stock = |index: usize| {
        let inflows: Vec<String> =
            edges.iter().filter(|(_, to)| *to == index).map(|(from, _)| format!("s{from}")).collect();
        let net = if inflows.is_empty() { "0".to_owned() } else { inflows.join(" + ") };
        format!("s{index} = INTEG({net}, 1) ~~|\n")
    };
    (0..count).map(stock).collect()
}

fn reachable(count: usize, edges: &BTreeSet<(usize, usize)>, from: usize) -> Vec<bool> {
    let mut seen = vec![false; count];
    let mut waiting = vec![from];
    while let Some(node) = waiting.pop() {
        for (_, to) in edges.range((node, 0)..(node + 1, 0)) {
            if !std::mem::replace(&mut seen[*to], true) {
                waiting.push(*to);
            }
        }
    }
    seen
}

/// Equations of one variable over stocks and constants, nested at will.
fn expression() -> impl Strategy<Value = String> {
    // Divisors keep their sign: a derivative says nothing of a jump across a pole.
    let saturating = vec![
        "(x[place] / (x[place] + b))",
        "(a * x[place]^2 / (b + other + x[place]^2))",
        "((low - a) / (1 + x[place] * b))",
        "(x[place] / (x[place]^2 + 1))",
    ];
    let leaf = prop_oneof![
        4 => Just("x[place]".to_owned()),
        4 => prop::sample::select(vec!["a", "b", "low", "other", "0", "1", "2.5", "Time"]).prop_map(str::to_owned),
        1 => prop::sample::select(saturating).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 24, 3, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            (pair.clone(), prop::sample::select(vec!["+", "-", "*"]))
                .prop_map(|((one, two), operator)| format!("({one} {operator} {two})")),
            pair.clone().prop_map(|(one, two)| format!("({one} / (0.5 + ABS({two})))")),
            pair.clone().prop_map(|(one, two)| format!("ZIDZ({one}, 0.1 + ABS({two}))")),
            (pair, prop::sample::select(vec!["MIN", "MAX"]))
                .prop_map(|((one, two), function)| format!("{function}({one}, {two})")),
            (
                inner.clone(),
                prop::sample::select(vec!["EXP(-{})", "TANH({})", "ABS({})", "SQRT(ABS({}))", "SMOOTH({}, 2)"])
            )
                .prop_map(|(one, function)| function.replace("{}", &one)),
            (inner.clone(), prop::sample::select(vec!["2", "3", "(-1)", "b", "(-b)"]))
                .prop_map(|(one, power)| format!("((0.1 + ABS({one}))^{power})")),
            inner.prop_map(|one| format!("IF THEN ELSE(a > 1, {one}, 1)")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Where the sign of an influence is told, larger values of the cause do not move the effect the other way.
    #[test]
    fn told_signs_are_those_of_the_numbers(expression in expression()) {
        let values = [0.05, 0.3, 0.9, 1.0, 1.4, 3.0, 12.0];
        let checked = model(&format!(
            "place: (p1-p7) ~~|
            x[place] = INTEG(0, start[place]) ~~|
            start[place] = {} ~~|
            other = INTEG(-other / 3, 0.7) ~~|
            a = 2 ~~| b = 0.5 ~~| low = -1.5 ~~|
            y[place] = {expression} ~~|",
            values.map(|value| value.to_string()).join(", "),
        ));
        let names = |index: usize| checked.model().variables[index].name.text();
        let links = feedback(&checked).links;
        let link = links.iter().find(|link| names(link.cause) == "x" && names(link.effect) == "y");
        let run = run(&checked, &Request::default(), Method::Euler);
        let columns: Vec<&[f64]> = (1..=7).map(|place| run.of(&format!("y[p{place}]"))).collect();
        for row in 0..run.time.len() {
            for pair in columns.windows(2) {
                let (small, large) = (pair[0][row], pair[1][row]);
                let rounding = 1e-9 * (small.abs() + large.abs());
                match link.map(|link| link.polarity) {
                    None => prop_assert!((small - large).abs() <= rounding, "{small} {large} without a link"),
                    Some(Polarity::Positive) => prop_assert!(large >= small - rounding, "{small} to {large}"),
                    Some(Polarity::Negative) => prop_assert!(large <= small + rounding, "{small} to {large}"),
                    Some(Polarity::Unknown) => {}
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The loops are closed chains of links, no shorter loop runs through their stock, every link that lies on a loop
    /// is on one of them, and no more are called independent than there are.
    #[test]
    fn loops_cover_the_structure(
        count in 1usize..9,
        pairs in proptest::collection::btree_set((0usize..9, 0usize..9), 0..24),
    ) {
        let edges: BTreeSet<(usize, usize)> =
            pairs.into_iter().filter(|(from, to)| *from < count && *to < count).collect();
        let checked = model(&structure(count, &edges));
        let Feedback { links, loops, .. } = feedback(&checked);
        let found: BTreeSet<(usize, usize)> = links.iter().map(|link| (link.cause, link.effect)).collect();
        prop_assert_eq!(&found, &edges);

        let reach: Vec<Vec<bool>> = (0..count).map(|node| reachable(count, &edges, node)).collect();
        let on_loop: BTreeSet<(usize, usize)> =
            edges.iter().copied().filter(|(from, to)| from == to || reach[*to][*from]).collect();
        let mut covered = BTreeSet::new();
        for each in &loops.list {
            let nodes: BTreeSet<usize> = each.variables.iter().copied().collect();
            prop_assert_eq!(nodes.len(), each.variables.len());
            for (place, link) in each.links.iter().enumerate() {
                let next = each.variables[(place + 1) % each.variables.len()];
                prop_assert_eq!((links[*link].cause, links[*link].effect), (each.variables[place], next));
                covered.insert((links[*link].cause, links[*link].effect));
            }
        }
        prop_assert_eq!(&covered, &on_loop);
        prop_assert_eq!(loops.uncovered, 0);
        let independent = loops.list.iter().filter(|each| each.independent).count();
        prop_assert!(independent <= loops.independent);
        let nodes: BTreeSet<usize> = on_loop.iter().map(|(from, _)| *from).collect();
        prop_assert_eq!(loops.independent + nodes.len(), on_loop.len() + loops.components.len());
        for (stock, place) in &loops.through_stock {
            let each = &loops.list[*place];
            prop_assert!(each.variables.contains(stock));
            let shortest = loops.list.iter().filter(|other| other.variables.contains(stock));
            prop_assert!(shortest.map(|other| other.variables.len()).min() == Some(each.variables.len()));
        }
    }
}
