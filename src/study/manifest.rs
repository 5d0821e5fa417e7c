//! The record of a study: what went in, how it was done, what came out, each with its hash.

use crate::series::{WriteFault, write_text};
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
    pub inputs: Vec<Hashed>,
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
    /// What the results rest on that no source supports, and other remarks.
    pub remarks: Vec<String>,
}

/// A file and the SHA-256 of its bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hashed {
    pub file: PathBuf,
    pub sha256: String,
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
        !self.outputs.is_empty() && self.outputs.iter().all(same)
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
