//! The answers that a long piece was given on its way, so that when it begins again it comes quickly to where it was.
//!
//! A chain or a global search is a function of the answers of its objective, and the objective is what takes the time. Its
//! questions and answers are kept; no method has to know how to save its own state.

use super::fault::Fault;
use super::journal::{Head, Journal};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

type Key = [u8; 16];

/// Answers by question, from any thread.
#[derive(Debug)]
pub struct Memo {
    inner: Mutex<Inner>,
    folder: PathBuf,
}

#[derive(Debug)]
struct Inner {
    known: HashMap<Key, Vec<u8>>,
    journal: Option<Journal>,
}

impl Memo {
    /// The answers that a piece was given before it was interrupted, if it was. `folder` is the piece's own.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open(folder: &Path, head: &Head) -> Result<Memo, Fault> {
        let mut known = HashMap::new();
        let journal = Journal::open(folder, head, |entry| {
            if let Some((key, answer)) = entry.bytes.split_first_chunk() {
                known.insert(*key, answer.to_vec());
            }
        })?;
        Ok(Memo { inner: Mutex::new(Inner { known, journal: Some(journal) }), folder: folder.to_path_buf() })
    }

    /// The answer that was given to a question before a kill. It is taken out, for few questions are asked twice and memory
    /// is dear.
    pub fn recall(&self, question: &[u8]) -> Option<Vec<u8>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).known.remove(&key(question))
    }

    /// Keeps an answer for after a kill.
    pub fn keep(&self, question: &[u8], answer: &[u8]) {
        let entry = [&key(question), answer].concat();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        // A memo that cannot be written costs time after a kill, not the result.
        if inner.journal.as_mut().is_some_and(|journal| journal.add(0, &entry).is_err()) {
            inner.journal = None;
        }
    }

    /// Answers that were kept and not asked for again yet.
    pub fn pending(&self) -> usize {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).known.len()
    }

    /// The piece is done: its answers are of no more use.
    pub fn forget(self) {
        drop(self.inner);
        // What stays behind is overwritten by the next piece of this number.
        let _ = fs::remove_dir_all(self.folder);
    }
}

fn key(question: &[u8]) -> Key {
    let digest: [u8; 32] = Sha256::digest(question).into();
    let mut key = Key::default();
    key.copy_from_slice(&digest[..16]);
    key
}

#[cfg(test)]
mod tests {
    use super::{Head, Memo};
    use std::cell::Cell;

    #[test]
    fn answers_are_given_again_after_a_kill_and_asked_for_anew_behind_it() {
        let folder = std::env::temp_dir().join(format!("levada-memo-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let head = |key: &str| Head { key: key.to_owned(), stage: "chains".to_owned(), pieces: 1, shard: 0, of: 1 };
        let asked = Cell::new(0);
        let ask = |memo: &Memo, question: u8| {
            let answer = memo.recall(&[question]).unwrap_or_else(|| {
                asked.set(asked.get() + 1);
                memo.keep(&[question], &[question; 3]);
                vec![question; 3]
            });
            assert_eq!(answer, [question; 3]);
        };
        let memo = Memo::open(&folder, &head("a")).unwrap();
        (0..5).for_each(|question| ask(&memo, question));
        drop(memo);
        let memo = Memo::open(&folder, &head("a")).unwrap();
        assert_eq!(memo.pending(), 5);
        (0..7).for_each(|question| ask(&memo, question));
        assert_eq!((asked.get(), memo.pending()), (7, 0));
        drop(memo);
        assert_eq!(Memo::open(&folder, &head("b")).unwrap().pending(), 0);
        Memo::open(&folder, &head("a")).unwrap().forget();
        assert!(!folder.exists());
    }
}
