//! Members run in rounds of their order, each handed on and forgotten.

use super::plan::Plan;
use super::summary::Summary;
use crate::compile::Program;
use crate::diagnostic::Diagnostic;
use crate::simulate::{Saved, Settings, run_members};
use rayon::prelude::*;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Members of the first round; later ones are as many as fit the time and the memory.
const FIRST_ROUND: u64 = 64;
const MOST_IN_ROUND: u64 = 4096;
const ROUND_TIME: Duration = Duration::from_millis(250);
/// Saved values of a round: some 16 megabytes.
const VALUES_IN_ROUND: u64 = 2 << 20;

/// Numbers of failed members that are named.
const NAMED: usize = 10;

/// A member that ran, or the stable word for why it did not.
pub struct Done<'a> {
    pub number: u64,
    pub outcome: Result<&'a Saved, &'static str>,
}

/// Failures of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Failed {
    pub code: &'static str,
    pub count: u64,
    /// The first members with this failure.
    pub numbers: Vec<u64>,
    /// What the first of them said.
    pub example: String,
}

/// What an ensemble came to.
#[derive(Clone, Debug)]
pub struct Ensemble {
    pub summary: Summary,
    /// In the order in which they first occurred.
    pub failures: Vec<Failed>,
    pub members: u64,
}

/// Why there is no ensemble.
#[derive(Debug)]
pub enum Halt {
    /// Asked to stop, after so many members.
    Stopped { done: u64 },
    /// A member could not be handed on.
    Write(io::Error),
}

/// Where members and summaries go.
pub struct Watch<'a> {
    pub stop: &'a AtomicBool,
    /// Hears of members done, of how many.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
    /// Takes every member in order.
    pub each: &'a mut dyn FnMut(&Done) -> io::Result<()>,
}

/// Runs all members of a plan, keeping at most `kept_numbers` for quantiles.
pub fn walk(
    program: &Program,
    settings: &Settings,
    plan: &Plan,
    kept_numbers: usize,
    watch: Watch,
) -> Result<Ensemble, Halt> {
    let total = plan.len();
    let mut summary = Summary::new(program.outputs.len(), total, kept_numbers);
    let mut failures: Vec<Failed> = Vec::new();
    let mut done = 0;
    let mut round = FIRST_ROUND;
    while done < total {
        if watch.stop.load(Ordering::Relaxed) {
            return Err(Halt::Stopped { done });
        }
        let clock = Instant::now();
        let count = round.min(total - done);
        let numbers: Vec<u64> = (done..done + count).map(|place| plan.number(place)).collect();
        let members: Vec<_> = numbers.par_iter().map(|number| plan.member(*number)).collect();
        let runs = run_members(program, settings, &members);
        let sound: Vec<&Saved> = runs.iter().filter_map(|run| run.as_ref().ok()).collect();
        let mut fits = summary.add(&sound).into_iter();
        for (number, run) in numbers.iter().zip(&runs) {
            let outcome = match run {
                Ok(saved) if fits.next().is_some_and(|fit| fit.is_ok()) => Ok(saved),
                Ok(_) => Err(other_times()),
                Err(failure) => Err(failure.diagnostic()),
            };
            let outcome = outcome.map_err(|diagnostic| count_failure(&mut failures, *number, diagnostic));
            (watch.each)(&Done { number: *number, outcome }).map_err(Halt::Write)?;
        }
        done += count;
        (watch.progress)(done, total);
        let values = (summary.times.len() * program.outputs.len()).max(1) as u64;
        let most = (VALUES_IN_ROUND / values).clamp(FIRST_ROUND, MOST_IN_ROUND);
        round = if clock.elapsed() < ROUND_TIME { round * 2 } else { round / 2 }.clamp(FIRST_ROUND, most);
    }
    Ok(Ensemble { summary, failures, members: total })
}

fn other_times() -> Diagnostic {
    Diagnostic::error("other-times", "the member saves at other times than those before it")
}

fn count_failure(failures: &mut Vec<Failed>, number: u64, diagnostic: Diagnostic) -> &'static str {
    let code = diagnostic.code;
    match failures.iter_mut().find(|failed| failed.code == code) {
        Some(failed) => {
            failed.count += 1;
            if failed.numbers.len() < NAMED {
                failed.numbers.push(number);
            }
        }
        None => failures.push(Failed { code, count: 1, numbers: vec![number], example: diagnostic.message }),
    }
    code
}

impl Ensemble {
    /// Members that are not in the summaries.
    pub fn failed(&self) -> u64 {
        self.failures.iter().map(|failed| failed.count).sum()
    }

    /// Says which members failed, and why; `None` if none did.
    pub fn failure(&self) -> Option<Diagnostic> {
        let first = self.failures.first()?;
        let kinds: Vec<String> = (self.failures.iter())
            .map(|failed| {
                let numbers: Vec<String> = failed.numbers.iter().map(u64::to_string).collect();
                let more = if failed.count > failed.numbers.len() as u64 { ", ..." } else { "" };
                format!("{} {} ({}{more}): {}", failed.count, failed.code, numbers.join(", "), failed.example)
            })
            .collect();
        let message = format!(
            "{} of {} members failed and are not in the summaries: {}",
            self.failed(),
            self.members,
            kinds.join("; ")
        );
        let found = match self.failed() == self.members {
            true => Diagnostic::error("members-failed", message),
            false => Diagnostic::warning("members-failed", message),
        };
        Some(found.help(format!(
            "run one alone with --member {}; --draws-out lists them all",
            first.numbers.first().copied().unwrap_or_default()
        )))
    }
}
