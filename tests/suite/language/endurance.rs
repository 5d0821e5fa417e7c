//! Millions of mutated models, read, checked and compiled: none panics or asks for much memory, none is read and
//! checked for a second or compiled for ten.
//!
//! Off by default. `MUTATIONS=10000000 cargo test --release --test suite endurance -- --nocapture --test-threads=1` runs
//! as many of each format; `MUTATIONS_FROM=123456` starts at a number that an earlier run printed, `MUTATIONS_SHOW=1`
//! writes each text to standard error before it is read. An input is its number: it is the same in every run.

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
use std::time::{Duration, Instant};

type Reader = fn(&std::sync::Arc<Source>, &Path) -> (Model, Vec<Diagnostic>);

/// A whole number from the environment.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.replace('_', "").parse().ok()
}

/// How far a text came, and how long it was read and checked.
fn walk(source: &std::sync::Arc<Source>, read: Reader) -> (&'static str, Duration) {
    let started = Instant::now();
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
        return ("refused by the reader", started.elapsed());
    }
    let (checked, found) = check(source, model, &Default::default());
    inside(&found);
    let took = started.elapsed();
    let Some(checked) = checked else { return ("refused by the check", took) };
    match compile(&checked, &Request::default()) {
        Ok(_) => ("compiled", took),
        Err(found) => {
            inside(&found);
            ("refused by the compiler", took)
        }
    }
}

/// The largest memory of this process so far in megabytes, where the system tells.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn endure<S: Strategy>(what: &str, read: Reader, inputs: &S, text: impl Fn(S::Value) -> String) {
    const MEMORY: u64 = 2_000;
    let Some(count) = setting("MUTATIONS") else {
        println!("skipped: MUTATIONS says how many texts are tried");
        return;
    };
    let (first, show) = (setting("MUTATIONS_FROM").unwrap_or(0), setting("MUTATIONS_SHOW").is_some());
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut failures, mut slowest, mut peak) = (Vec::new(), Duration::ZERO, peak_memory());
    for number in first..first + count {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&number.to_le_bytes());
        let config = Config { failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
        let text = text(inputs.new_tree(&mut runner).expect("no case is rejected").current());
        if show {
            eprintln!("--- {what} {number}\n{text}\n");
        }
        let source = Source::new(what, text);
        let started = Instant::now();
        let walked = catch_unwind(AssertUnwindSafe(|| walk(&source, read)));
        let (outcome, took) = walked.unwrap_or(("panicked", Duration::ZERO));
        let whole = started.elapsed();
        *outcomes.entry(outcome).or_default() += 1;
        slowest = slowest.max(took);
        let grown = peak_memory_every(number).map_or(0, |now| now.saturating_sub(std::mem::replace(&mut peak, now)));
        let slow = took > Duration::from_secs(1) || whole > Duration::from_secs(10);
        if outcome == "panicked" || slow || grown > MEMORY {
            println!("{what} {number}: {outcome}, {took:?} of {whole:?}, {grown} MB more");
            failures.push(number);
        }
        if (number + 1) % 100_000 == 0 {
            println!("{what} up to {number}: {outcomes:?}, slowest {slowest:?}, peak {peak} MB");
        }
    }
    println!("{what}: {count} texts, {outcomes:?}, slowest {slowest:?}, peak {} MB", peak_memory());
    assert!(failures.is_empty(), "{what}: {} failures: {failures:?}", failures.len());
}

/// Asking the system costs more than reading a model, so it is asked now and then.
fn peak_memory_every(number: u64) -> Option<u64> {
    number.is_multiple_of(64).then(peak_memory)
}

#[test]
fn millions_of_mutated_vensim_texts_are_survived() {
    let seeds = mutation::seeds("mdl");
    let inputs = (0..seeds.len(), mutation::mutations());
    endure("vensim", levada::parse::vensim::read, &inputs, |(seed, mutations)| {
        let mut bytes = seeds[seed].clone();
        mutations.iter().for_each(|change| mutation::mutate(&mut bytes, change));
        String::from_utf8_lossy(&bytes).into_owned()
    });
}

#[test]
fn millions_of_mutated_xmile_texts_are_survived() {
    let seeds = mutated_xmile::seeds();
    let inputs = (0..seeds.len(), mutated_xmile::mutations());
    endure("xmile", levada::parse::xmile::read, &inputs, |(seed, mutations)| {
        let mut text = seeds[seed].clone();
        mutations.iter().for_each(|change| mutated_xmile::mutate(&mut text, change));
        text
    });
}
