//! One stage of a command: its pieces from the journals, those that are missing computed, all of them in order.

use super::fault::Fault;
use super::journal::{Entry, Head, Journal, Reader};
use super::memo::Memo;
use super::part::Part;
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The folder of journals among the results.
const FOLDER: &str = "shards";

/// Pieces of one kind.
#[derive(Clone, Debug)]
pub struct Stage<'a> {
    /// Where the results go.
    pub results: &'a Path,
    /// Part of a file's name.
    pub name: &'a str,
    /// Hash of all that the pieces depend on.
    pub key: String,
    pub pieces: u64,
    pub part: Part,
}

/// Why a stage did not come to its end.
#[derive(Debug)]
pub enum Halt {
    /// The stop flag was raised; what was done is kept.
    Stopped,
    /// This process has done its share; the rest is for others to do.
    Shared,
    Fault(Fault),
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Halt::Fault(fault)
    }
}

impl Stage<'_> {
    pub fn folder(&self) -> PathBuf {
        self.results.join(FOLDER).join(self.name)
    }

    pub fn head(&self) -> Head {
        let (shard, of) = self.part.place();
        Head { key: self.key.clone(), stage: self.name.to_owned(), pieces: self.pieces, shard, of }
    }

    /// What is known of a piece on its way. `None` where nothing can be kept: it then begins anew after a kill.
    pub fn memo(&self, piece: u64) -> Option<Memo> {
        let folder = self.folder().join(format!("piece-{piece:05}"));
        Memo::open(&folder, &Head { shard: piece, of: self.pieces, ..self.head() }).ok()
    }

    /// The results of all pieces in order. What is not in a journal yet is computed, as far as it is of this process's part,
    /// and kept as it is done; `compute` gives `None` where it was stopped. `told` hears how many pieces of how many are
    /// done.
    ///
    /// # Errors
    /// The work was stopped, or is for others to go on with, or journals cannot be written.
    pub fn run<T: Serialize + DeserializeOwned + Send>(
        &self,
        stop: &AtomicBool,
        told: &(dyn Fn(u64, u64) + Sync),
        compute: &(dyn Fn(u64) -> Option<T> + Sync),
    ) -> Result<Vec<T>, Halt> {
        let mut known: BTreeMap<u64, T> = BTreeMap::new();
        self.known(&mut known);
        let mine = self.part.range(self.pieces);
        let missing: Vec<u64> = mine.clone().filter(|piece| !known.contains_key(piece)).collect();
        if !missing.is_empty() {
            if let Part::Merge { of } = self.part {
                return Err(self.incomplete(&known, of).into());
            }
            let journal = Journal::open(&self.folder(), &self.head(), drop)?;
            let count = AtomicU64::new(mine.end - mine.start - missing.len() as u64);
            let journal = Mutex::new(journal);
            let one = |piece: u64| -> Option<Result<(u64, T), Fault>> {
                let result = if stop.load(Ordering::Relaxed) { None } else { compute(piece) }?;
                let kept = match (postcard::to_stdvec(&result), journal.lock()) {
                    (Ok(bytes), Ok(mut journal)) => journal.add(piece, &bytes),
                    // What cannot be written down is computed again next time.
                    _ => Ok(()),
                };
                told(count.fetch_add(1, Ordering::Relaxed) + 1, mine.end - mine.start);
                Some(kept.map(|()| (piece, result)))
            };
            let done: Result<Vec<(u64, T)>, Fault> = missing.par_iter().filter_map(|piece| one(*piece)).collect();
            known.extend(done?);
            if let Ok(mut journal) = journal.into_inner() {
                match mine.clone().all(|piece| known.contains_key(&piece)) {
                    true => journal.finish()?,
                    false => journal.sync()?,
                }
            }
            if !mine.clone().all(|piece| known.contains_key(&piece)) {
                return Err(Halt::Stopped);
            }
            // Others may have been at work meanwhile.
            self.known(&mut known);
        }
        match (0..self.pieces).all(|piece| known.contains_key(&piece)) {
            true => Ok(known.into_iter().filter(|(piece, _)| *piece < self.pieces).map(|(_, result)| result).collect()),
            false => Err(Halt::Shared),
        }
    }

    /// The pieces that stand in journals.
    pub fn kept<T: DeserializeOwned>(&self) -> BTreeMap<u64, T> {
        let mut known = BTreeMap::new();
        self.known(&mut known);
        known.retain(|piece, _| *piece < self.pieces);
        known
    }

    /// Adds what stands in the journals of this key.
    fn known<T: DeserializeOwned>(&self, known: &mut BTreeMap<u64, T>) {
        for path in journals(&self.folder()) {
            let Some(reader) = Reader::open(&path) else { continue };
            if reader.head.key != self.key {
                continue;
            }
            for Entry { number, bytes } in reader {
                if let (false, Ok(result)) = (known.contains_key(&number), postcard::from_bytes(&bytes)) {
                    known.insert(number, result);
                }
            }
        }
    }

    fn incomplete<T>(&self, known: &BTreeMap<u64, T>, of: u64) -> Fault {
        let lacks =
            |index: &u64| Part::Shard { index: *index, of }.range(self.pieces).any(|piece| !known.contains_key(&piece));
        Fault::Incomplete { shards: (0..of).filter(lacks).collect(), of }
    }
}

fn journals(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let is_journal = |path: &PathBuf| path.extension().is_some_and(|end| end == "shard" || end == "part");
    let mut journals: Vec<PathBuf> = entries.filter(is_journal).collect();
    journals.sort();
    journals
}

/// How far a stage has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub stage: String,
    pub pieces: u64,
    pub done: u64,
    pub damaged: u64,
    /// Number and count of the shards whose journals are complete.
    pub whole: BTreeSet<(u64, u64)>,
}

impl Standing {
    /// Which of so many shards are not complete.
    pub fn lacking(&self, of: u64) -> Vec<u64> {
        (0..of).filter(|shard| !self.whole.contains(&(*shard, of))).collect()
    }
}

/// How far the stages have come whose journals stand among the results, by name.
pub fn standing(results: &Path) -> Vec<Standing> {
    let folders = fs::read_dir(results.join(FOLDER)).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut all: Vec<Standing> = Vec::new();
    for folder in folders {
        let mut numbers = BTreeSet::new();
        let mut stage: Option<Standing> = None;
        let mut damaged = 0;
        for path in journals(&folder) {
            let Some(mut reader) = Reader::open(&path) else {
                damaged += 1;
                continue;
            };
            numbers.extend(reader.by_ref().map(|entry| entry.number));
            let Head { stage: name, pieces, shard, of, .. } = reader.head.clone();
            let new = Standing { stage: name, pieces, done: 0, damaged: 0, whole: BTreeSet::new() };
            let stage = stage.get_or_insert(new);
            match (reader.is_whole(), path.extension().is_some_and(|end| end == "shard")) {
                (true, _) => drop(stage.whole.insert((shard, of))),
                (false, true) => damaged += 1,
                (false, false) => {}
            }
        }
        all.extend(stage.map(|stage| Standing { done: numbers.len() as u64, damaged, ..stage }));
    }
    all.sort_by(|a, b| a.stage.cmp(&b.stage));
    all
}

#[cfg(test)]
mod tests {
    use super::{Halt, Part, Stage, standing};
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("levada-stage-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        folder
    }

    fn stage(results: &Path, part: Part) -> Stage<'_> {
        Stage { results, name: "starts", key: "k".to_owned(), pieces: 20, part }
    }

    /// Numbers that no text keeps are kept.
    fn piece(number: u64) -> Vec<f64> {
        vec![number as f64 / 3.0, f64::INFINITY, -0.0, f64::MIN_POSITIVE / 8.0]
    }

    fn run(stage: &Stage, asked: &AtomicU64) -> Result<Vec<Vec<f64>>, Halt> {
        stage.run(&AtomicBool::new(false), &|_, _| {}, &|number| {
            asked.fetch_add(1, Ordering::Relaxed);
            Some(piece(number))
        })
    }

    #[test]
    fn shards_in_any_order_merge_into_the_whole_and_no_piece_is_done_twice() {
        let whole: Vec<Vec<f64>> = (0..20).map(piece).collect();
        for of in [1, 2, 7] {
            let results = folder(&format!("any-{of}"));
            let asked = AtomicU64::new(0);
            for index in (0..of).rev() {
                let done = run(&stage(&results, Part::Shard { index, of }), &asked);
                assert!(if index == 0 { done.is_ok() } else { matches!(done, Err(Halt::Shared)) });
                if index == of / 2 && of > 1 {
                    let Err(Halt::Fault(fault)) = run(&stage(&results, Part::Merge { of }), &asked) else { panic!() };
                    assert_eq!(fault.diagnostic().code, "shards-incomplete");
                }
            }
            assert_eq!(run(&stage(&results, Part::Merge { of }), &asked).unwrap(), whole);
            assert_eq!(asked.into_inner(), 20);
            let stood = standing(&results).remove(0);
            assert_eq!((stood.pieces, stood.done, stood.lacking(of), stood.damaged), (20, 20, vec![], 0));
            std::fs::remove_dir_all(results).unwrap();
        }
    }

    #[test]
    fn stopped_work_goes_on_and_damage_is_done_again() {
        let results = folder("stopped");
        let (stop, asked) = (AtomicBool::new(false), AtomicU64::new(0));
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let halted = one.install(|| {
            stage(&results, Part::Whole)
                .run(&stop, &|done, _| stop.store(done == 6, Ordering::Relaxed), &|number| Some(piece(number)))
        });
        assert!(matches!(halted, Err(Halt::Stopped)));
        let whole = run(&stage(&results, Part::Whole), &asked).unwrap();
        assert_eq!((whole, asked.swap(0, Ordering::Relaxed)), ((0..20).map(piece).collect(), 14));
        let path = stage(&results, Part::Whole).head().path(&stage(&results, Part::Whole).folder());
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(standing(&results)[0].damaged, 1);
        run(&stage(&results, Part::Whole), &asked).unwrap();
        assert!((1..20).contains(&asked.swap(0, Ordering::Relaxed)));
        run(&stage(&results, Part::Whole), &asked).unwrap();
        assert_eq!((asked.into_inner(), standing(&results)[0].damaged), (0, 0));
        std::fs::remove_dir_all(results).unwrap();
    }
}
