//! Millions of mutated models, read, checked and compiled: none panics, asks for much memory or takes a second.
//!
//! Off by default. `MUTATIONS=10000000 cargo test --release --test suite endurance -- --nocapture --test-threads=1` runs
//! as many of each format; `MUTATIONS_FROM=123456` starts at a number that an earlier run printed, `MUTATIONS_SHOW=1`
//! writes each text to standard error before it is read. An input is its number: it is the same in every run. Seven of
//! eight are small models without their drawings, which the readers pass over; the eighth is drawn and may be large.

use super::{mutated_xmile, mutation};
use levada::check::check;
use levada::compile::{Request, compile};
use levada::diagnostic::{Diagnostic, Source, render};
use levada::model::Model;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Reader = fn(&Arc<Source>, &Path) -> (Model, Vec<Diagnostic>);

/// A whole number from the environment.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.replace('_', "").parse().ok()
}

/// How far a text came.
fn walk(source: &Arc<Source>, read: Reader) -> &'static str {
    let (model, found) = read(source, Path::new(""));
    let inside = |found: &[Diagnostic]| {
        for diagnostic in found {
            if let Some((span, _)) = &diagnostic.label {
                assert!(source.text.get(span.range()).is_some(), "{diagnostic:?} points outside the text");
            }
        }
        found.iter().take(3).for_each(|diagnostic| drop(render(diagnostic)));
    };
    inside(&found);
    if found.iter().any(Diagnostic::is_error) {
        return "refused by the reader";
    }
    let (checked, found) = check(source, model, &Default::default());
    inside(&found);
    let Some(checked) = checked else { return "refused by the check" };
    match compile(&checked, &Request::default()) {
        Ok(_) => "compiled",
        Err(found) => {
            inside(&found);
            "refused by the compiler"
        }
    }
}

/// A text that takes longer than this is taken again, in processor time: the machine may have been at other work.
const DOUBTFUL: Duration = Duration::from_millis(200);
const LIMIT: Duration = Duration::from_secs(1);
/// Megabytes that one text may add to the largest memory so far.
const MEMORY: u64 = 1_000;

/// How far a text came, and in what time.
fn timed(source: &Arc<Source>, read: Reader) -> (&'static str, Duration) {
    let once = || catch_unwind(AssertUnwindSafe(|| walk(source, read))).unwrap_or("panicked");
    let started = Instant::now();
    let outcome = once();
    let took = started.elapsed();
    if took < DOUBTFUL {
        return (outcome, took);
    }
    let (clock, started) = (processor_time(), Instant::now());
    once();
    let again = clock.zip(processor_time()).map(|(before, after)| after - before);
    (outcome, took.min(again.unwrap_or(started.elapsed())))
}

/// The processor time of this process, in steps of a hundredth of a second, where the system tells.
fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(10 * ticks))
}

/// The largest memory of this process so far in megabytes, where the system tells.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// The number of an input that is drawn and may be large.
fn is_whole(number: u64) -> bool {
    number.is_multiple_of(8)
}

fn endure<M: std::fmt::Debug>(
    what: &str,
    read: Reader,
    mutations: &impl Strategy<Value = Vec<M>>,
    text: impl Fn(u64, usize, Vec<M>) -> String,
) {
    let Some(count) = setting("MUTATIONS") else {
        println!("skipped: MUTATIONS says how many texts are tried");
        return;
    };
    let (first, show) = (setting("MUTATIONS_FROM").unwrap_or(0), setting("MUTATIONS_SHOW").is_some());
    let inputs = (any::<usize>(), mutations);
    let (began, mut spent) = (Instant::now(), Duration::ZERO);
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut failures, mut slowest, mut peak) = (Vec::new(), (Duration::ZERO, first), peak_memory());
    for number in first..first + count {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&number.to_le_bytes());
        let config = Config { failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
        let (place, mut changes) = inputs.new_tree(&mut runner).expect("no case is rejected").current();
        // Few changes leave something for the check and the compiler to do.
        changes.truncate(1 + (number / 8 % 4) as usize);
        let text = text(number, place, changes);
        if show {
            eprintln!("--- {what} {number}\n{text}\n");
        }
        let source = Source::new(what, text);
        let started = Instant::now();
        let (outcome, took) = timed(&source, read);
        spent += started.elapsed();
        *outcomes.entry(outcome).or_default() += 1;
        slowest = slowest.max((took, number));
        let grown = peak_memory_every(number).map_or(0, |now| now.saturating_sub(std::mem::replace(&mut peak, now)));
        if outcome == "panicked" || took > LIMIT || grown > MEMORY {
            println!("{what} {number}: {outcome} in {took:?}, {grown} MB more");
            failures.push(number);
        }
        if (number + 1) % 100_000 == 0 {
            let seconds = (began.elapsed().as_secs(), spent.as_secs());
            println!("{what} up to {number}: {seconds:?} s, {outcomes:?}, slowest {slowest:?}, peak {peak} MB");
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{what}: {count} texts from {first} in {seconds:.0} s, {outcomes:?}; longest {:?} (text {}), peak {} MB",
        slowest.0,
        slowest.1,
        peak_memory()
    );
    assert!(failures.is_empty(), "{what}: {} failures: {failures:?}", failures.len());
}

/// Asking the system costs more than reading a model, so it is asked now and then.
fn peak_memory_every(number: u64) -> Option<u64> {
    number.is_multiple_of(64).then(peak_memory)
}

#[test]
fn millions_of_mutated_vensim_texts_are_survived() {
    let whole = mutation::seeds("mdl");
    let bare: Vec<Vec<u8>> = whole
        .iter()
        .map(|text| {
            let drawing = text.windows(8).position(|window| window == b"\\\\\\---//");
            text[..drawing.unwrap_or(text.len())].to_vec()
        })
        .filter(|text| text.len() <= 1_000)
        .collect();
    assert!(!bare.is_empty());
    endure("vensim", levada::parse::vensim::read, &mutation::mutations(), |number, place, changes| {
        let seeds = if is_whole(number) { &whole } else { &bare };
        let mut bytes = seeds[place % seeds.len()].clone();
        changes.iter().for_each(|change| mutation::mutate(&mut bytes, change));
        String::from_utf8_lossy(&bytes).into_owned()
    });
}

#[test]
fn millions_of_mutated_xmile_texts_are_survived() {
    let whole = mutated_xmile::seeds();
    let bare: Vec<String> = whole
        .iter()
        .map(|text| match (text.find("<views>"), text.rfind("</views>")) {
            (Some(start), Some(end)) if start < end => text[..start].to_owned() + &text[end + "</views>".len()..],
            _ => text.clone(),
        })
        .filter(|text| text.len() <= 2_000)
        .collect();
    assert!(!bare.is_empty());
    endure("xmile", levada::parse::xmile::read, &mutated_xmile::mutations(), |number, place, changes| {
        let seeds = if is_whole(number) { &whole } else { &bare };
        let mut text = seeds[place % seeds.len()].clone();
        changes.iter().for_each(|change| mutated_xmile::mutate(&mut text, change));
        text
    });
}
