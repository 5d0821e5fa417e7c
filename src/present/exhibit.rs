//! A finished exhibit: bytes and their file endings. It chooses no folder.

use crate::diagnostic::Diagnostic;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, PartialEq)]
pub struct Exhibit {
    /// The file name without an ending.
    pub name: String,
    /// File ending and content. A figure has `svg`, `pdf`, `png`, `caption.txt` and `alt.txt`; a table `csv`, `tex`, `txt` and `notes.txt`.
    pub files: Vec<(&'static str, Vec<u8>)>,
    pub caption: String,
    pub alt: String,
    /// What was left out or drawn otherwise than asked.
    pub warnings: Vec<Diagnostic>,
}

impl Exhibit {
    /// The content of the file with this ending.
    pub fn file(&self, ending: &str) -> Option<&[u8]> {
        self.files.iter().find(|(e, _)| *e == ending).map(|(_, bytes)| bytes.as_slice())
    }

    /// Every file of the exhibit, with its path if it is put into `folder`.
    pub fn placed(&self, folder: &Path) -> impl Iterator<Item = (PathBuf, &[u8])> {
        self.files.iter().map(move |(ending, bytes)| (folder.join(format!("{}.{ending}", self.name)), bytes.as_slice()))
    }
}
