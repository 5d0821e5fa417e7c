//! Entries appended to a file, each with its checksum: what was written before a kill, a crash or a full disk is kept, what
//! was being written is not mistaken for an entry, and a flipped bit is found.
//!
//! The file begins with a line of JSON and its SHA-256. An entry is a number and a length, eight bytes each, low byte first,
//! the bytes, and the SHA-256 of all these. A file under way ends in `.part`; once complete it closes with an entry
//! that counts the others, is forced to disk and renamed to `.shard`.

use super::fault::Fault;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a journal is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Hash of all that the results depend on.
    pub key: String,
    pub stage: String,
    /// Of the whole stage.
    pub pieces: u64,
    pub shard: u64,
    pub of: u64,
}

/// The bytes kept under a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub number: u64,
    pub bytes: Vec<u8>,
}

const MAGIC: &str = "levada-shard 1 ";
const HASH: usize = 32;
const LONGEST_HEAD: u64 = 1 << 16;
/// The number of the closing entry.
const CLOSING: u64 = u64::MAX;
/// What is written is forced to disk this often, against power failures; kills do not need it.
const SYNC: Duration = Duration::from_secs(10);

impl Head {
    /// The file of a complete shard.
    pub fn path(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{:05}-of-{:05}.shard", self.shard, self.of))
    }

    fn part(&self, folder: &Path) -> PathBuf {
        self.path(folder).with_extension("part")
    }

    fn line(&self) -> String {
        let json = serde_json::to_string(self).unwrap_or_default();
        let hash: String = Sha256::digest(json.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{MAGIC}{json} {hash}\n")
    }

    fn read(line: &str) -> Option<Head> {
        let head: Head = serde_json::from_str(line.strip_prefix(MAGIC)?.rsplit_once(' ')?.0).ok()?;
        (head.line() == line).then_some(head)
    }
}

/// A journal read from its beginning.
pub struct Reader {
    pub head: Head,
    file: BufReader<File>,
    size: u64,
    /// Where the last whole entry ends.
    sound: u64,
    count: u64,
    closed: bool,
}

impl Reader {
    /// `None` where the file is not there or its head is not whole.
    pub fn open(path: &Path) -> Option<Reader> {
        Reader::of(File::open(path).ok()?)
    }

    fn of(file: File) -> Option<Reader> {
        let size = file.metadata().ok()?.len();
        let mut file = BufReader::with_capacity(1 << 16, file);
        let mut line = Vec::new();
        io::BufRead::read_until(&mut (&mut file).take(LONGEST_HEAD), b'\n', &mut line).ok()?;
        let head = Head::read(std::str::from_utf8(&line).ok()?)?;
        Some(Reader { head, file, size, sound: line.len() as u64, count: 0, closed: false })
    }

    /// Whether the journal was read to its proper end; before that, or where it is damaged, not.
    pub fn is_whole(&self) -> bool {
        self.closed
    }

    fn entry(&mut self) -> Option<Entry> {
        let mut start = [0; 16];
        self.file.read_exact(&mut start).ok()?;
        let word = |from: usize| start[from..from + 8].try_into().map_or(0, u64::from_le_bytes);
        let (number, length) = (word(0), word(8));
        // A damaged length must not ask for memory that no entry could fill.
        let room = self.size.checked_sub(self.sound + 16 + HASH as u64)?;
        if length > room {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(length).ok()?];
        self.file.read_exact(&mut bytes).ok()?;
        let mut hash = [0; HASH];
        self.file.read_exact(&mut hash).ok()?;
        if seal(&self.head.key, &start, &bytes)[..] != hash {
            return None;
        }
        if number == CLOSING {
            self.closed = bytes == self.count.to_le_bytes() && self.sound + 16 + length + HASH as u64 == self.size;
            return None;
        }
        self.sound += 16 + length + HASH as u64;
        self.count += 1;
        Some(Entry { number, bytes })
    }
}

impl Iterator for Reader {
    type Item = Entry;

    /// The next whole entry; what is damaged ends the journal.
    fn next(&mut self) -> Option<Entry> {
        if self.closed { None } else { self.entry() }
    }
}

/// The checksum of an entry, which holds for the journals of its key only.
fn seal(key: &str, start: &[u8; 16], bytes: &[u8]) -> [u8; HASH] {
    Sha256::new().chain_update(key.as_bytes()).chain_update(start).chain_update(bytes).finalize().into()
}

/// A journal being written, by one process at a time.
#[derive(Debug)]
pub struct Journal {
    head: Head,
    file: File,
    part: PathBuf,
    path: PathBuf,
    /// Entries written.
    count: u64,
    length: u64,
    synced: Instant,
}

impl Journal {
    /// Opens the journal of a shard where it stands: its whole entries are given to `each`, behind the last of them writing
    /// goes on. A journal of another key is begun again.
    ///
    /// # Errors
    /// Another process writes it, or the folder cannot be written.
    pub fn open(folder: &Path, head: &Head, mut each: impl FnMut(Entry)) -> Result<Journal, Fault> {
        let (part, path) = (head.part(folder), head.path(folder));
        fs::create_dir_all(folder).map_err(Fault::at(&part))?;
        // A complete journal that is opened again is damaged, or of another key.
        if path.exists() {
            fs::rename(&path, &part).map_err(Fault::at(&part))?;
        }
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&part);
        let file = options.map_err(Fault::at(&part))?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(Fault::Busy { path: part, process: None });
        }
        let (mut count, mut length) = (0, 0);
        let before = file.try_clone().ok().and_then(Reader::of).filter(|reader| reader.head == *head);
        if let Some(mut reader) = before {
            reader.by_ref().for_each(&mut each);
            (count, length) = (reader.count, reader.sound);
        }
        let mut journal = Journal { head: head.clone(), file, part, path, count, length, synced: Instant::now() };
        let at = Fault::at(&journal.part);
        let begun = journal.file.set_len(length).and_then(|()| journal.file.seek(SeekFrom::Start(length)));
        begun.map_err(at)?;
        if journal.length == 0 {
            journal.put(head.line().as_bytes())?;
        }
        Ok(journal)
    }

    /// Entries written so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// The disk is full or gone. What had been written before stays.
    pub fn add(&mut self, number: u64, bytes: &[u8]) -> Result<(), Fault> {
        self.write(number, bytes)?;
        self.count += 1;
        if self.synced.elapsed() >= SYNC {
            self.sync()?;
        }
        Ok(())
    }

    fn write(&mut self, number: u64, bytes: &[u8]) -> Result<(), Fault> {
        let mut start = [0; 16];
        start[..8].copy_from_slice(&number.to_le_bytes());
        start[8..].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
        let seal = seal(&self.head.key, &start, bytes);
        self.put(&[&start, bytes, &seal].concat())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if let Err(error) = self.file.write_all(bytes) {
            // The half of an entry would be dropped by a reader; so it need not stay.
            let _ = self.file.set_len(self.length);
            let _ = self.file.seek(SeekFrom::Start(self.length));
            return Err(Fault::at(&self.part)(error));
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Forces what was written to disk.
    pub fn sync(&mut self) -> Result<(), Fault> {
        self.synced = Instant::now();
        self.file.sync_data().map_err(Fault::at(&self.part))
    }

    /// Closes a complete journal and puts it in its place.
    pub fn finish(mut self) -> Result<(), Fault> {
        let count = self.count.to_le_bytes();
        self.write(CLOSING, &count)?;
        self.file.sync_all().map_err(Fault::at(&self.part))?;
        fs::rename(&self.part, &self.path).map_err(Fault::at(&self.path))?;
        match self.path.parent().filter(|_| cfg!(unix)) {
            Some(folder) => File::open(folder).and_then(|folder| folder.sync_all()).map_err(Fault::at(&self.path)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Head, Journal, Reader};
    use std::path::PathBuf;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("levada-journal-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        folder
    }

    fn head(key: &str) -> Head {
        Head { key: key.to_owned(), stage: "starts".to_owned(), pieces: 5, shard: 1, of: 3 }
    }

    fn entries() -> Vec<Entry> {
        (0..4).map(|number| Entry { number, bytes: vec![number as u8; 7 * number as usize] }).collect()
    }

    /// A file cut off after any byte, or with any bit flipped, gives entries from the beginning and never a wrong one; going
    /// on from there gives the whole file again, byte for byte.
    #[test]
    fn cut_and_flipped_journals_lose_no_whole_entry_and_are_mended() {
        let folder = folder("cut");
        let write = |from: usize| {
            let mut known = Vec::new();
            let mut journal = Journal::open(&folder, &head("k"), |entry| known.push(entry)).unwrap();
            assert_eq!(known, entries()[..known.len()], "{from}");
            assert_eq!(journal.count(), known.len() as u64);
            entries()[known.len()..].iter().for_each(|entry| journal.add(entry.number, &entry.bytes).unwrap());
            journal.finish().unwrap();
            known.len()
        };
        write(0);
        let path = head("k").path(&folder);
        let whole = std::fs::read(&path).unwrap();
        let mut kept = Vec::new();
        for size in 0..whole.len() {
            std::fs::write(&path, &whole[..size]).unwrap();
            assert!(!Reader::open(&path).is_some_and(|mut reader| {
                reader.by_ref().for_each(drop);
                reader.is_whole()
            }));
            // Forcing to disk takes its time; every file is read, some are mended.
            if size % 11 == 0 {
                kept.push(write(size));
                assert!(std::fs::read(&path).unwrap() == whole, "cut after {size}");
            }
        }
        assert!(kept.is_sorted() && kept.last() == Some(&4), "{kept:?}");
        for place in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[place] ^= 1 << (place % 8);
            std::fs::write(&path, &flipped).unwrap();
            let whole_still = Reader::open(&path).is_some_and(|mut reader| {
                reader.by_ref().for_each(drop);
                reader.is_whole()
            });
            assert!(!whole_still, "bit flipped in byte {place}");
            if place % 11 == 0 {
                write(place);
                assert!(std::fs::read(&path).unwrap() == whole, "bit flipped in byte {place}");
            }
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn other_keys_begin_again_and_a_second_writer_is_refused() {
        let folder = folder("other");
        let mut journal = Journal::open(&folder, &head("a"), |_| panic!("nothing is there")).unwrap();
        journal.add(0, b"x").unwrap();
        let refused = Journal::open(&folder, &head("a"), drop).unwrap_err();
        assert_eq!(refused.diagnostic().code, "folder-in-use");
        drop(journal);
        let journal = Journal::open(&folder, &head("b"), |_| panic!("it is of another key")).unwrap();
        assert_eq!(journal.count(), 0);
        drop(journal);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
