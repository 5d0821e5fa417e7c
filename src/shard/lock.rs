//! A folder for one process at a time. The lock is the operating system's: it ends with the process, however that ends.

use super::fault::Fault;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Held for as long as it lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// The file that is locked; it stays behind, empty of meaning.
const NAME: &str = ".levada.lock";

impl Lock {
    /// Takes a folder, making it where there is none.
    ///
    /// # Errors
    /// Another process has it, or the folder cannot be written.
    pub fn take(folder: &Path) -> Result<Lock, Fault> {
        let path = folder.join(NAME);
        fs::create_dir_all(folder).map_err(Fault::at(&path))?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Fault::at(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Whoever holds the lock may not have written its number yet.
                let process = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Err(Fault::Busy { path: folder.to_path_buf(), process });
            }
            // A file system without locks: better to work than to refuse.
            Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(Fault::at(&path)(error)),
        }
        let text = format!("{}\n", std::process::id());
        let written = file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0)));
        written.and_then(|_| file.write_all(text.as_bytes())).map_err(Fault::at(&path))?;
        Ok(Lock { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::Lock;
    use crate::diagnostic::render;

    #[test]
    fn a_folder_in_use_is_refused_and_free_again_afterwards() {
        let folder = std::env::temp_dir().join(format!("levada-lock-{}", std::process::id()));
        let held = Lock::take(&folder).unwrap();
        let refused = render(&Lock::take(&folder).unwrap_err().diagnostic());
        let process = std::process::id();
        assert_eq!(
            refused.replace(&folder.display().to_string(), "DIR").replace(&process.to_string(), "PID"),
            r#"error[folder-in-use]: another levada (process PID) is at work on DIR
 |
 = help: wait until it has ended, or end it with: kill PID; or choose another folder with --out
"#
        );
        drop(held);
        Lock::take(&folder).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
    }
}
