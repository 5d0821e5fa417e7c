//! Members run in rounds of their order, each handed on and forgotten.

use super::plan::Plan;
use super::summary::Summary;
use crate::compile::Program;
use crate::diagnostic::Diagnostic;
use crate::shard::Fault;
use crate::simulate::{Saved, Settings, run_members};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::io;
use std::ops::Range;
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
    pub outcome: Result<&'a Saved, &'a str>,
}

/// Why a member has no values: the stable word, and the sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Broken {
    pub code: String,
    pub message: String,
}

/// A member that was run, by its number.
pub(super) type Ran = (u64, Result<Saved, Broken>);

/// Failures of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Failed {
    pub code: String,
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
    /// Shards cannot be written, or are not there.
    Shard(Fault),
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
    let mut gathering = Gathering::new(program, total, kept_numbers, watch.each);
    rounds(program, settings, plan, 0..total, watch.stop, &mut |round, done| {
        gathering.take(&round)?;
        (watch.progress)(done, total);
        Ok(())
    })?;
    Ok(gathering.ensemble(total))
}

/// Runs the members at these places in rounds of their order; `take` is given each round, and how many are done by then.
pub(super) fn rounds(
    program: &Program,
    settings: &Settings,
    plan: &Plan,
    places: Range<u64>,
    stop: &AtomicBool,
    take: &mut dyn FnMut(Vec<Ran>, u64) -> Result<(), Halt>,
) -> Result<(), Halt> {
    let mut next = places.start;
    let mut round = FIRST_ROUND;
    let mut values = 1;
    while next < places.end {
        let done = next - places.start;
        if stop.load(Ordering::Relaxed) {
            return Err(Halt::Stopped { done });
        }
        let clock = Instant::now();
        let count = round.min(places.end - next);
        let numbers: Vec<u64> = (next..next + count).map(|place| plan.number(place)).collect();
        let members: Vec<_> = numbers.par_iter().map(|number| plan.member(*number)).collect();
        let runs = run_members(program, settings, &members).into_iter().map(|run| {
            run.map_err(|failure| {
                let said = failure.diagnostic();
                Broken { code: said.code.to_owned(), message: said.message }
            })
        });
        let runs: Vec<Ran> = numbers.into_iter().zip(runs).collect();
        values =
            runs.iter().filter_map(|(_, run)| run.as_ref().ok()).map(|saved| saved.rows.len()).fold(values, usize::max);
        next += count;
        take(runs, next - places.start)?;
        let most = (VALUES_IN_ROUND / values as u64).clamp(FIRST_ROUND, MOST_IN_ROUND);
        round = if clock.elapsed() < ROUND_TIME { round * 2 } else { round / 2 }.clamp(FIRST_ROUND, most);
    }
    Ok(())
}

/// Members taken in their order into summaries, failures counted.
pub(super) struct Gathering<'e> {
    summary: Summary,
    failures: Vec<Failed>,
    each: &'e mut dyn FnMut(&Done) -> io::Result<()>,
}

impl<'e> Gathering<'e> {
    pub fn new(
        program: &Program,
        total: u64,
        kept_numbers: usize,
        each: &'e mut dyn FnMut(&Done) -> io::Result<()>,
    ) -> Self {
        Gathering { summary: Summary::new(program.outputs.len(), total, kept_numbers), failures: Vec::new(), each }
    }

    pub fn take(&mut self, runs: &[Ran]) -> Result<(), Halt> {
        let sound: Vec<&Saved> = runs.iter().filter_map(|(_, run)| run.as_ref().ok()).collect();
        let mut fits = self.summary.add(&sound).into_iter();
        let other = other_times();
        for (number, run) in runs {
            let outcome = match run {
                Ok(saved) if fits.next().is_some_and(|fit| fit.is_ok()) => Ok(saved),
                Ok(_) => Err(&other),
                Err(broken) => Err(broken),
            };
            if let Err(broken) = outcome {
                count_failure(&mut self.failures, *number, broken);
            }
            let outcome = outcome.map_err(|broken| broken.code.as_str());
            (self.each)(&Done { number: *number, outcome }).map_err(Halt::Write)?;
        }
        Ok(())
    }

    pub fn ensemble(self, members: u64) -> Ensemble {
        Ensemble { summary: self.summary, failures: self.failures, members }
    }
}

fn other_times() -> Broken {
    let message = "the member saves at other times than those before it".to_owned();
    Broken { code: "other-times".to_owned(), message }
}

fn count_failure(failures: &mut Vec<Failed>, number: u64, broken: &Broken) {
    match failures.iter_mut().find(|failed| failed.code == broken.code) {
        Some(failed) => {
            failed.count += 1;
            if failed.numbers.len() < NAMED {
                failed.numbers.push(number);
            }
        }
        None => failures.push(Failed {
            code: broken.code.clone(),
            count: 1,
            numbers: vec![number],
            example: broken.message.clone(),
        }),
    }
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
