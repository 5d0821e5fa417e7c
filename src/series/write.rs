//! Files written whole or not at all: a temporary file in the same folder, forced to disk, then renamed.

use crate::diagnostic::Diagnostic;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Why a file could not be written. Nothing is left behind.
#[derive(Debug)]
pub struct WriteFault {
    pub path: PathBuf,
    pub error: io::Error,
}

/// Writes a file through `fill`, making its folder where there is none.
///
/// A reader sees the old file or the new one, never a part. What was there stays when writing fails.
pub fn write_file(path: &Path, fill: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>) -> Result<(), WriteFault> {
    let mut file = NewFile::create(path)?;
    fill(&mut file).map_err(|error| WriteFault { path: path.to_path_buf(), error })?;
    file.keep()
}

/// Writes a file with the given text.
pub fn write_text(path: &Path, text: &str) -> Result<(), WriteFault> {
    write_file(path, |file| file.write_all(text.as_bytes()))
}

/// A file under way beside its final place: there when kept, and without a trace when dropped before.
#[derive(Debug)]
pub struct NewFile {
    path: PathBuf,
    part: PathBuf,
    /// `None` once kept.
    file: Option<BufWriter<File>>,
}

impl NewFile {
    /// Begins a file, making its folder where there is none.
    pub fn create(path: &Path) -> Result<NewFile, WriteFault> {
        begin(path).map_err(|error| WriteFault { path: path.to_path_buf(), error })
    }

    /// Puts the file in its place, forced to disk.
    pub fn keep(mut self) -> Result<(), WriteFault> {
        self.settle().map_err(|error| WriteFault { path: self.path.clone(), error })
    }

    fn settle(&mut self) -> io::Result<()> {
        let Some(buffered) = self.file.as_mut() else { return Ok(()) };
        buffered.flush()?;
        buffered.get_ref().sync_all()?;
        fs::rename(&self.part, &self.path)?;
        self.file = None;
        sync_folder(folder_of(&self.path))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Ok(bytes.len()), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // Best effort: there is nobody left to tell.
            let _ = fs::remove_file(&self.part);
        }
    }
}

fn begin(path: &Path) -> io::Result<NewFile> {
    let folder = folder_of(path);
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    fs::create_dir_all(folder)?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.part", std::process::id()));
    let part = folder.join(hidden);
    let file = OpenOptions::new().write(true).create(true).truncate(true).open(&part)?;
    Ok(NewFile { path: path.to_path_buf(), part, file: Some(BufWriter::with_capacity(1 << 16, file)) })
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes the rename itself durable, where the system lets a folder be opened.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

impl WriteFault {
    /// The only place where faults of writing are worded.
    pub fn diagnostic(&self) -> Diagnostic {
        let path = self.path.display();
        let folder = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.display().to_string(),
            _ => ".".to_owned(),
        };
        match self.error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Diagnostic::error("disk-full", format!("cannot write {path}: the disk is full"))
                    .help("make room or choose another folder with --out; finished files are kept, so run again")
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Diagnostic::error(
                "folder-not-writable",
                format!("cannot write {path}: the folder {folder} may not be written to"),
            )
            .help("choose another folder with --out, or change its permissions"),
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => Diagnostic::error(
                "folder-not-writable",
                format!("cannot write {path}: a part of {folder} is a file, not a folder"),
            )
            .help("choose another folder with --out, or move that file away"),
            io::ErrorKind::IsADirectory | io::ErrorKind::DirectoryNotEmpty => {
                Diagnostic::error("cannot-write", format!("cannot write {path}: a folder of that name exists"))
                    .help("choose another name")
            }
            _ => Diagnostic::error("cannot-write", format!("cannot write {path}: {}", self.error))
                .help("check the path and the disk, then run again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{WriteFault, write_file, write_text};
    use crate::diagnostic::render;
    use std::io;
    use std::path::{Path, PathBuf};

    /// An empty folder of this test's own.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("levada-write-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_whole_and_folders_are_made() {
        let folder = folder("whole");
        let path = folder.join("a/b/table.csv");
        write_text(&path, "one").unwrap();
        write_text(&path, "two").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(names(&folder.join("a/b")), ["table.csv"]);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_full_disk_leaves_the_old_file_and_nothing_else() {
        let folder = folder("full");
        let path = folder.join("table.csv");
        write_text(&path, "old").unwrap();
        let fault = write_file(&path, |file| {
            file.write_all(&[b'x'; 100_000])?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        let text = render(&fault.diagnostic()).replace(&folder.display().to_string(), "DIR");
        assert_eq!(
            text,
            r#"error[disk-full]: cannot write DIR/table.csv: the disk is full
 |
 = help: make room or choose another folder with --out; finished files are kept, so run again
"#
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(&folder), ["table.csv"]);
        std::fs::remove_dir_all(folder).unwrap();
    }

    /// A writer that has room for so many bytes.
    struct Full<'w> {
        inner: &'w mut dyn io::Write,
        room: usize,
    }

    impl io::Write for Full<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.room.min(bytes.len()) {
                0 if !bytes.is_empty() => Err(io::ErrorKind::StorageFull.into()),
                count => {
                    self.room -= count;
                    self.inner.write(&bytes[..count])
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            self.inner.flush()
        }
    }

    #[test]
    fn a_disk_that_fills_at_any_byte_of_a_table_leaves_the_old_file() {
        let folder = folder("any-byte");
        let path = folder.join("table.csv");
        let column = |name: &str| crate::series::Column { name: name.into(), units: None };
        let values = ndarray::array![[1.5, 2.0], [0.1, -3.25]];
        let table =
            crate::series::Table::new(vec![1995.0, 1996.0], vec![column("rent"), column("entry, total")], values);
        let mut whole = Vec::new();
        table.csv(&mut whole).unwrap();
        write_text(&path, "old").unwrap();
        for room in 0..whole.len() {
            let fault = write_file(&path, |file| table.csv(&mut Full { inner: file, room })).unwrap_err();
            assert_eq!(fault.error.kind(), io::ErrorKind::StorageFull, "after {room} bytes");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), "old", "after {room} bytes");
            assert_eq!(names(&folder), ["table.csv"], "after {room} bytes");
        }
        write_file(&path, |file| table.csv(&mut Full { inner: file, room: whole.len() })).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_in_the_way_of_the_folder_is_named() {
        let folder = folder("way");
        std::fs::write(folder.join("out"), "a file").unwrap();
        let fault = write_text(&folder.join("out/zgc/table.csv"), "x").unwrap_err();
        let text = render(&fault.diagnostic()).replace(&folder.display().to_string(), "DIR");
        assert_eq!(
            text,
            r#"error[folder-not-writable]: cannot write DIR/out/zgc/table.csv: a part of DIR/out/zgc is a file, not a folder
 |
 = help: choose another folder with --out, or move that file away
"#
        );
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_folder_without_permission_is_named() {
        let fault = WriteFault { path: "out/table.csv".into(), error: io::ErrorKind::PermissionDenied.into() };
        assert_eq!(
            render(&fault.diagnostic()),
            r#"error[folder-not-writable]: cannot write out/table.csv: the folder out may not be written to
 |
 = help: choose another folder with --out, or change its permissions
"#
        );
    }
}
