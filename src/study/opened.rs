//! A study read, prepared and given its folder of results: where every step begins.

use super::calibration::Calibration;
use super::entry::Study;
use super::file::read_study;
use super::manifest::{Hashed, sha256, slug};
use super::prepare::{Prepared, prepare};
use super::progress::Progress;
use super::walk::{Order, estimate, hash, plain, workbooks};
use crate::diagnostic::Diagnostic;
use crate::estimate::Memory;
use crate::series::write_text;
use crate::shard::{Halt, Lock, Memo, Part, Stage};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// A study that is ready to be worked on.
pub(super) struct Opened {
    pub study: Study,
    pub prepared: Prepared,
    pub folder: PathBuf,
    pub inputs: Vec<Hashed>,
    /// Of everything that the results depend on.
    pub hash: String,
    pub starts: usize,
    /// What of the work this process is to do.
    pub part: Part,
}

/// Reads a study and all that it names.
///
/// # Errors
/// Every fault of the files.
pub(super) fn open(order: &Order) -> Result<Opened, Vec<Diagnostic>> {
    let study = read_study(&order.study)?;
    let step = order.quick.then(|| study.quick.step.as_ref().map(|step| step.value)).flatten();
    let starts = if order.quick { study.quick.starts } else { study.calibrate.starts };
    let prepared = prepare(&study, step)?;
    let folder = order.out.clone().unwrap_or_else(|| Path::new("out").join(slug(&study.name)));
    let mut inputs: Vec<Hashed> = Vec::new();
    for source in &prepared.sources {
        let input = Hashed { file: plain(&source.path), sha256: sha256(source.text.as_bytes()) };
        // A scenario file that others extend is read more than once.
        if !inputs.contains(&input) {
            inputs.push(input);
        }
    }
    inputs.extend(workbooks(prepared.checked.model()));
    let hash = hash(&inputs, starts, step);
    Ok(Opened { study, prepared, folder, inputs, hash, starts, part: Part::Whole })
}

/// The folder that the results of a study go to, and how many attributions it asks for, from the study file alone.
///
/// # Errors
/// Every fault of that file.
pub fn results_folder(order: &Order) -> Result<(PathBuf, usize), Vec<Diagnostic>> {
    let study = read_study(&order.study)?;
    let folder = order.out.clone().unwrap_or_else(|| Path::new("out").join(slug(&study.name)));
    Ok((std::path::absolute(&folder).unwrap_or(folder), study.attributions.len()))
}

impl Opened {
    /// An output folder that cannot be written is found out before the work, not after it. It is this process's own for as
    /// long as the lock lives; shards work side by side.
    pub fn try_folder(&self) -> Result<Option<Lock>, Vec<Diagnostic>> {
        write_text(&self.folder.join(".levada"), "").map_err(|fault| vec![fault.diagnostic()])?;
        let _ = std::fs::remove_file(self.folder.join(".levada"));
        match self.part {
            Part::Shard { .. } => Ok(None),
            Part::Whole | Part::Merge { .. } => {
                Lock::take(&self.folder).map(Some).map_err(|fault| vec![fault.diagnostic()])
            }
        }
    }

    /// So many pieces of the work, which depend on the inputs and on these `settings` alone.
    pub fn stage<'a>(&'a self, name: &'a str, settings: &str, pieces: usize) -> Stage<'a> {
        let key = sha256(format!("{} {name} {settings}", self.hash).as_bytes());
        Stage { results: &self.folder, name, key, pieces: pieces as u64, part: self.part }
    }

    /// A shard ends before anything but shards is written.
    pub fn ends_here(&self) -> Result<(), Vec<Diagnostic>> {
        match self.part {
            Part::Shard { .. } => Err(halted(Halt::Shared)),
            Part::Whole | Part::Merge { .. } => Ok(()),
        }
    }

    /// The calibration, from where it stands; `None` for a study without parameters.
    pub fn calibrate(
        &self,
        stop: &AtomicBool,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Option<Calibration>, Vec<Diagnostic>> {
        estimate(self, stop, progress)
    }
}

/// The stable word for a shard that is done.
pub const SHARD_DONE: &str = "shard-done";

/// Why a stage did not come to its end, worded.
pub(super) fn halted(halt: Halt) -> Vec<Diagnostic> {
    let found = match halt {
        Halt::Stopped => Diagnostic::error("interrupted", "the work was interrupted; what it found so far is kept")
            .help("give the same command again to go on"),
        Halt::Shared => {
            Diagnostic::note(SHARD_DONE, "this shard is done").help("put all together with: levada merge PLAN")
        }
        Halt::Fault(fault) => fault.diagnostic(),
    };
    vec![found]
}

impl Memory for Memo {
    fn recall(&self, question: &[u8]) -> Option<Vec<u8>> {
        Memo::recall(self, question)
    }

    fn keep(&self, question: &[u8], answer: &[u8]) {
        Memo::keep(self, question, answer);
    }
}

/// The results of pieces that may also be refused: the first refusal ends the work.
pub(super) fn pieces<T: Serialize + DeserializeOwned + Send>(
    stage: &Stage,
    stop: &AtomicBool,
    told: &(dyn Fn(u64, u64) + Sync),
    compute: &(dyn Fn(u64) -> Result<T, Vec<Diagnostic>> + Sync),
) -> Result<Vec<T>, Vec<Diagnostic>> {
    let refused: Mutex<BTreeMap<u64, Vec<Diagnostic>>> = Mutex::default();
    let refuses = || refused.lock().is_ok_and(|refused| !refused.is_empty());
    let one = |piece: u64| {
        let computed = if refuses() { return None } else { compute(piece) };
        let result =
            computed.map_err(|found| refused.lock().map(|mut refused| refused.insert(piece, found)).is_ok()).ok();
        result.filter(|_| !stop.load(Ordering::Relaxed))
    };
    let done = stage.run(stop, told, &one);
    // The first in order, so that the same fault is named every time it is the only one.
    let refused = refused.into_inner().unwrap_or_default().into_values().next();
    match (done, refused) {
        (Err(Halt::Stopped), Some(found)) => Err(found),
        (done, _) => done.map_err(halted),
    }
}

#[cfg(test)]
mod tests {
    use super::SHARD_DONE;
    use crate::diagnostic::render;
    use crate::shard::Part;
    use crate::study::tutorial::tutorial;
    use crate::study::{Order, Progress, Step, take};
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    fn order(folder: &Path, out: &str) -> Order {
        Order { study: folder.join("study.toml"), out: Some(folder.join(out)), quick: true }
    }

    /// Each step in shards, last shard first: every pass does the next stage, nothing but shards is written before the merge,
    /// and the merge computes no piece.
    #[test]
    fn steps_in_shards_give_the_bytes_of_the_whole() {
        let folder = tutorial("parts", "[validate]\norigins = [\"1910\", \"1912\"]\nhorizon = 2\nrecovery = 5\n");
        let stop = AtomicBool::new(false);
        for (step, passes) in [(Step::Calibrate, 1), (Step::Identify, 2), (Step::Validate, 3)] {
            let whole = take(&order(&folder, "whole"), Part::Whole, step, &stop, &|_| {}).unwrap();
            let of = 3;
            let order = order(&folder, &format!("{}-{of}", step.name()));
            let refused = take(&order, Part::Merge { of }, step, &stop, &|_| {}).unwrap_err();
            assert_eq!(refused[0].code, "shards-incomplete");
            for _ in 0..passes {
                for index in (0..of).rev() {
                    let done = take(&order, Part::Shard { index, of }, step, &stop, &|_| {}).unwrap_err();
                    let said: String = done.iter().map(render).collect();
                    assert_eq!(done[0].code, SHARD_DONE, "{said}");
                }
            }
            assert!(!order.out.as_ref().unwrap().join("tables").exists());
            let done = AtomicUsize::new(0);
            let merged = take(&order, Part::Merge { of }, step, &stop, &|told| {
                if let Progress::Share(_) = told {
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
            assert_eq!(merged.unwrap().record.outputs, whole.record.outputs, "{} {of}", step.name());
            assert_eq!(done.into_inner(), 0);
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_folder_of_results_is_for_one_process() {
        let folder = tutorial("held", "");
        let order = order(&folder, "out");
        let held = crate::shard::Lock::take(&folder.join("out")).unwrap();
        let refused = take(&order, Part::Whole, Step::Calibrate, &AtomicBool::new(false), &|_| {}).unwrap_err();
        assert_eq!(refused[0].code, "folder-in-use");
        drop(held);
        take(&order, Part::Whole, Step::Calibrate, &AtomicBool::new(false), &|_| {}).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
