//! Members into shards, and shards into the summaries that the members give when run one after the other.
//!
//! A shard keeps what every member saved, so that a merge takes the members in their order and gives the very bits of a run
//! that was never cut. It reads one stretch of members at a time.

use super::plan::Plan;
use super::walk::{Broken, Ensemble, Gathering, Halt, Ran, Watch, rounds};
use crate::compile::Program;
use crate::shard::{Fault, Head, Journal, Part, Reader};
use crate::simulate::{Saved, Settings};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Members of an entry.
const STRETCH: u64 = 64;
/// Saved values taken into the summaries at once.
const VALUES: usize = 1 << 20;

/// An ensemble to be run in shards.
#[derive(Clone, Debug)]
pub struct Shards<'a> {
    program: &'a Program,
    settings: &'a Settings,
    plan: &'a Plan,
    folder: PathBuf,
    key: String,
}

/// What a member saved; without times where they are those of the member before it in the entry.
#[derive(Serialize, Deserialize)]
struct Kept {
    times: Option<Vec<f64>>,
    rows: Vec<f64>,
}

impl<'a> Shards<'a> {
    /// Shards are kept in a folder among the `results`.
    pub fn new(program: &'a Program, settings: &'a Settings, plan: &'a Plan, results: &Path) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        // Everything that a member depends on is in these three.
        let all = format!("{version} {program:?} {settings:?} {}", plan.words());
        let key = Sha256::digest(all.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        Shards { program, settings, plan, folder: results.join("shards").join("members"), key }
    }

    fn stretches(&self) -> u64 {
        self.plan.len().div_ceil(STRETCH)
    }

    fn head(&self, part: Part) -> Head {
        let (shard, of) = part.place();
        Head { key: self.key.clone(), stage: "members".to_owned(), pieces: self.stretches(), shard, of }
    }

    /// Whether a shard is there from its first member to its last, undamaged.
    pub fn is_complete(&self, part: Part) -> bool {
        let head = self.head(part);
        let Some(mut reader) = Reader::open(&head.path(&self.folder)).filter(|reader| reader.head == head) else {
            return false;
        };
        let in_order = reader.by_ref().map(|entry| entry.number).eq(part.range(head.pieces));
        in_order && reader.is_whole()
    }

    /// Runs the members of a shard that are not there yet. `progress` hears of members done, of how many.
    ///
    /// # Errors
    /// The work was stopped, or the shard cannot be written.
    pub fn run(&self, part: Part, stop: &AtomicBool, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<(), Halt> {
        if self.is_complete(part) {
            return Ok(());
        }
        let head = self.head(part);
        let stretches = part.range(head.pieces);
        let mut journal = Journal::open(&self.folder, &head, drop).map_err(Halt::Shard)?;
        let mut next = stretches.start + journal.count();
        let member = |stretch: u64| (stretch * STRETCH).min(self.plan.len());
        let (first, begin, end) = (member(stretches.start), member(next), member(stretches.end));
        let mut waiting: Vec<Ran> = Vec::new();
        let mut take = |runs: Vec<Ran>, done: u64| {
            waiting.extend(runs);
            let all_run = begin + done == end;
            while waiting.len() as u64 >= STRETCH || (all_run && !waiting.is_empty()) {
                let rest = waiting.split_off(waiting.len().min(STRETCH as usize));
                let bytes = encode(std::mem::replace(&mut waiting, rest));
                journal.add(next, &bytes).map_err(Halt::Shard)?;
                next += 1;
            }
            progress(begin + done - first, end - first);
            Ok(())
        };
        match rounds(self.program, self.settings, self.plan, begin..end, stop, &mut take) {
            Ok(()) => journal.finish().map_err(Halt::Shard),
            Err(halt) => {
                journal.sync().map_err(Halt::Shard)?;
                Err(halt)
            }
        }
    }

    /// The ensemble, from all shards.
    ///
    /// # Errors
    /// Shards are missing, unfinished or damaged, the work was stopped, or a member could not be handed on.
    pub fn merge(&self, of: u64, kept_numbers: usize, watch: Watch) -> Result<Ensemble, Halt> {
        let there = |index: &u64| self.head(Part::Shard { index: *index, of }).path(&self.folder).exists();
        let missing: Vec<u64> = (0..of).filter(|index| !there(index)).collect();
        if !missing.is_empty() {
            return Err(Halt::Shard(Fault::Incomplete { shards: missing, of }));
        }
        let total = self.plan.len();
        let mut gathering = Gathering::new(self.program, total, kept_numbers, watch.each);
        let mut place = 0;
        for index in 0..of {
            let part = Part::Shard { index, of };
            let head = self.head(part);
            let damaged = || Halt::Shard(Fault::Incomplete { shards: vec![index], of });
            let reader = Reader::open(&head.path(&self.folder)).filter(|reader| reader.head == head);
            let mut reader = reader.ok_or_else(damaged)?;
            let mut waiting: Vec<Ran> = Vec::new();
            let mut values = 0;
            for expected in part.range(head.pieces) {
                if watch.stop.load(std::sync::atomic::Ordering::Relaxed) {
                    return Err(Halt::Stopped { done: place });
                }
                let entry = reader.next().filter(|entry| entry.number == expected).ok_or_else(damaged)?;
                let runs = decode(&entry.bytes).ok_or_else(damaged)?;
                for run in runs {
                    values += run.as_ref().map_or(0, |saved| saved.rows.len());
                    waiting.push((self.plan.number(place), run));
                    place += 1;
                }
                if values >= VALUES {
                    gathering.take(&waiting)?;
                    waiting.clear();
                    values = 0;
                    (watch.progress)(place, total);
                }
            }
            gathering.take(&waiting)?;
            (watch.progress)(place, total);
            if reader.next().is_some() || !reader.is_whole() {
                return Err(damaged());
            }
        }
        Ok(gathering.ensemble(total))
    }
}

fn encode(runs: Vec<Ran>) -> Vec<u8> {
    let mut before: Vec<f64> = Vec::new();
    let same = |one: &[f64], other: &[f64]| one.iter().map(|x| x.to_bits()).eq(other.iter().map(|x| x.to_bits()));
    let kept: Vec<Result<Kept, Broken>> = (runs.into_iter())
        .map(|(_, run)| {
            run.map(|saved| {
                let again = same(&saved.times, &before);
                before.clone_from(&saved.times);
                Kept { times: (!again).then_some(saved.times), rows: saved.rows }
            })
        })
        .collect();
    // Numbers and texts are written into memory: nothing can fail.
    postcard::to_stdvec(&kept).unwrap_or_default()
}

fn decode(bytes: &[u8]) -> Option<Vec<Result<Saved, Broken>>> {
    let kept: Vec<Result<Kept, Broken>> = postcard::from_bytes(bytes).ok()?;
    let mut times: Vec<f64> = Vec::new();
    let saved = kept.into_iter().map(|run| {
        run.map(|kept| {
            if let Some(own) = kept.times {
                times = own;
            }
            Saved { times: times.clone(), rows: kept.rows, ..Saved::default() }
        })
    });
    Some(saved.collect())
}
