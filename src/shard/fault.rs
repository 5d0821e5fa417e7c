//! What keeps shards from being written, read or merged, and the one place where that is worded.

use crate::diagnostic::Diagnostic;
use crate::series::WriteFault;
use std::io;
use std::path::PathBuf;

/// Why work in shards cannot go on.
#[derive(Debug)]
pub enum Fault {
    Write(WriteFault),
    /// Another process works in the folder or on the shard.
    Busy {
        path: PathBuf,
        process: Option<u32>,
    },
    /// There is no plan where one is said to be.
    NoPlan {
        path: PathBuf,
        error: io::Error,
    },
    /// The file is none of ours, or of another version.
    NotAPlan {
        path: PathBuf,
        reason: String,
    },
    /// The folder holds the plan of another command.
    OtherPlan {
        path: PathBuf,
    },
    NoSuchShard {
        index: u64,
        shards: u64,
    },
    /// Shards that are not complete: missing, unfinished or damaged.
    Incomplete {
        shards: Vec<u64>,
        of: u64,
    },
}

impl From<WriteFault> for Fault {
    fn from(fault: WriteFault) -> Self {
        Fault::Write(fault)
    }
}

impl Fault {
    /// Wraps an error of writing or reading at a path.
    pub(super) fn at(path: &std::path::Path) -> impl FnOnce(io::Error) -> Fault + use<> {
        let path = path.to_path_buf();
        move |error| Fault::Write(WriteFault { path, error })
    }

    /// The only place where faults of shards are worded.
    pub fn diagnostic(&self) -> Diagnostic {
        match self {
            Fault::Write(fault) => fault.diagnostic(),
            Fault::Busy { path, process } => {
                let path = path.display();
                let who = process.map_or_else(String::new, |process| format!(" (process {process})"));
                let stop = process.map_or_else(String::new, |process| format!(", or end it with: kill {process}"));
                Diagnostic::error("folder-in-use", format!("another levada{who} is at work on {path}"))
                    .help(format!("wait until it has ended{stop}; or choose another folder with --out"))
            }
            Fault::NoPlan { path, error } => {
                Diagnostic::error("no-plan", format!("cannot read the plan {}: {error}", path.display()))
                    .help("make it with: levada plan FOLDER --shards N -- COMMAND")
            }
            Fault::NotAPlan { path, reason } => {
                Diagnostic::error("not-a-plan", format!("{} is not a plan of this version: {reason}", path.display()))
                    .help("make it again with: levada plan FOLDER --shards N -- COMMAND")
            }
            Fault::OtherPlan { path } => {
                Diagnostic::error("other-plan", format!("{} is the plan of another command", path.display()))
                    .help("choose another folder for this one, or remove that file")
            }
            Fault::NoSuchShard { index, shards } => {
                Diagnostic::error("no-such-shard", format!("there is no shard {index}: the plan has {shards}"))
                    .help(format!("shards are numbered from 0 to {}", shards.saturating_sub(1)))
            }
            Fault::Incomplete { shards, of } => {
                const NAMED: usize = 20;
                let named: Vec<String> = shards.iter().take(NAMED).map(u64::to_string).collect();
                let more = if shards.len() > NAMED { ", …" } else { "" };
                let message = format!("{} of {of} shards are not complete: {}{more}", shards.len(), named.join(", "));
                Diagnostic::error("shards-incomplete", message).help(
                    "run them with `levada shard PLAN NUMBER`, or here with `levada merge PLAN --finish`; what they have \
                     done so far is kept",
                )
            }
        }
    }
}
