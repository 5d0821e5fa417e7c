//! Estimation problems with certified answers, solved from their folders; skipped where those are not at hand.

mod folder;
mod hard;
mod posterior;
mod small;

use levada::estimate::Structured;
use levada::estimate::optimise::{MultiStart, Searched};
use std::sync::atomic::AtomicBool;

/// Digits to which a value agrees with a certified one.
fn digits(value: f64, certified: f64) -> f64 {
    -((value - certified) / certified).abs().max(1e-16).log10()
}

fn search<P: Structured>(problem: &P, settings: &MultiStart) -> Searched {
    settings.run(problem, Searched::default(), &AtomicBool::new(false), &|_| {})
}
