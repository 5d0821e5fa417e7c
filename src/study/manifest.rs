//! The record of a study: what went in, how it was done, what came out, each with its hash.

use crate::diagnostic::Diagnostic;
use crate::series::{WriteFault, write_file, write_text};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The name of the record in the folder of results.
pub const MANIFEST: &str = "manifest.json";

/// What a study did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub program: String,
    pub version: String,
    pub study: String,
    pub title: String,
    /// Of everything that the results depend on.
    pub hash: String,
    /// Every file read, the study file first.
    pub inputs: Vec<Input>,
    /// What is said of the data beside them.
    #[serde(default)]
    pub documents: Vec<Input>,
    pub seed: u64,
    pub method: String,
    /// In the model's time unit.
    pub step: f64,
    pub starts: usize,
    pub quick: bool,
    pub converged: bool,
    /// Every account balanced under every policy.
    pub balanced: bool,
    /// Largest differences to a finer run and to an independent code, in words.
    pub integration_error: String,
    /// Seconds, by step.
    pub timings: Vec<(String, f64)>,
    pub outputs: Vec<Hashed>,
    /// What the outputs are, and the command that makes each.
    #[serde(default)]
    pub exhibits: Vec<Listed>,
    /// When the work began, in coordinated universal time.
    #[serde(default)]
    pub begun: String,
    #[serde(default)]
    pub machine: Machine,
    /// What the results rest on that no source supports, and other remarks.
    pub remarks: Vec<String>,
}

/// A file and the SHA-256 of its bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hashed {
    pub file: PathBuf,
    pub sha256: String,
}

impl Hashed {
    /// Writes `file` of the folder of results.
    pub(super) fn write(folder: &Path, file: PathBuf, bytes: &[u8]) -> Result<Self, Vec<Diagnostic>> {
        write_file(&folder.join(&file), |out| out.write_all(bytes)).map_err(|fault| vec![fault.diagnostic()])?;
        Ok(Hashed { file, sha256: sha256(bytes) })
    }
}

/// A file that was read, and its copy in the folder of results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// As it was found.
    pub file: PathBuf,
    /// Of its bytes, a byte order mark left out.
    pub sha256: String,
    /// From the folder of results.
    #[serde(default)]
    pub copy: PathBuf,
}

/// A figure or table, by its files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    /// The file name without an ending.
    pub name: String,
    pub folder: PathBuf,
    pub caption: String,
    /// The command of the step that makes it: `study`, `identify`, `compare`.
    pub verb: String,
    pub files: Vec<PathBuf>,
}

impl Listed {
    /// The text of the file with this ending, if the exhibit has one.
    pub(super) fn text(&self, results: &Path, ending: &str) -> Option<String> {
        let file = self.folder.join(format!("{}.{ending}", self.name));
        self.files.contains(&file).then(|| std::fs::read_to_string(results.join(file)).ok()).flatten()
    }
}

/// Where a study ran.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    pub system: String,
    pub architecture: String,
    pub processors: usize,
    pub threads: usize,
    /// In bytes, where the system tells.
    pub peak_memory: Option<u64>,
}

impl Manifest {
    /// The record in `folder`, if one is there and can be read.
    pub fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder.join(MANIFEST)).ok()?).ok()
    }

    /// Whether every output stands in `folder` as it was written.
    pub fn is_whole(&self, folder: &Path) -> bool {
        let same = |output: &Hashed| {
            std::fs::read(folder.join(&output.file)).is_ok_and(|bytes| sha256(&bytes) == output.sha256)
        };
        let copied = |input: &Input| content_hash(&folder.join(&input.copy)).is_some_and(|hash| hash == input.sha256);
        let told = folder.join(super::package::README).is_file();
        told && !self.outputs.is_empty()
            && self.outputs.iter().all(same)
            && self.inputs.iter().chain(&self.documents).all(copied)
    }

    pub fn write(&self, folder: &Path) -> Result<(), WriteFault> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        write_text(&folder.join(MANIFEST), &format!("{text}\n"))
    }
}

/// A name as part of a file's: letters, digits and hyphens, so that no name leads out of its folder.
pub fn slug(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let text: String = name.trim().chars().map(plain).collect();
    let parts: Vec<&str> = text.split('-').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "unnamed".to_owned() } else { parts.join("-") }
}

/// The SHA-256 of some bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of what a file holds, a byte order mark left out; `None` for a file that cannot be read.
pub fn content_hash(file: &Path) -> Option<String> {
    let bytes = std::fs::read(file).ok()?;
    Some(sha256(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)))
}
