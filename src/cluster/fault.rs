//! What keeps a plan from a cluster, and the one place where that is worded.

use crate::diagnostic::{Diagnostic, Source, Span};
use crate::series::WriteFault;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a plan is not on the cluster.
#[derive(Debug)]
pub enum Fault {
    NoProfile {
        path: PathBuf,
        error: io::Error,
    },
    /// A setting of the profile is none, or has no such value.
    Profile {
        source: Arc<Source>,
        span: Span,
        reason: String,
    },
    Write(WriteFault),
    /// A program of the scheduler is not there.
    NoProgram {
        program: &'static str,
        error: io::Error,
    },
    /// It refused.
    Refused {
        program: &'static str,
        said: String,
    },
    /// Nothing was submitted from this folder.
    NoJobs {
        path: PathBuf,
    },
}

impl From<WriteFault> for Fault {
    fn from(fault: WriteFault) -> Self {
        Fault::Write(fault)
    }
}

impl Fault {
    /// The only place where faults of clusters are worded.
    pub fn diagnostic(&self) -> Diagnostic {
        match self {
            Fault::NoProfile { path, error } => {
                Diagnostic::error("no-profile", format!("cannot read the profile {}: {error}", path.display()))
                    .help("docs/clusters.md shows one; every setting may be left out")
            }
            Fault::Profile { source, span, reason } => Diagnostic::error("bad-profile", reason.clone())
                .at(source, *span, "here")
                .help("settings are partition, account, time, memory, cpus, shards-per-task, modules, retries, warning, options"),
            Fault::Write(fault) => fault.diagnostic(),
            Fault::NoProgram { program, error } => {
                Diagnostic::error("no-scheduler", format!("cannot run {program}: {error}")).help(
                    "give the command on a machine of the cluster; --dry-run shows the scripts anywhere, and docs/clusters.md \
                     how the plan runs under other schedulers",
                )
            }
            Fault::Refused { program, said } => {
                Diagnostic::error("scheduler-refused", format!("{program} refused: {}", said.trim()))
                    .help("mend the profile; what was submitted before is listed by `levada jobs` and ended with --cancel")
            }
            Fault::NoJobs { path } => {
                Diagnostic::error("no-jobs", format!("nothing was submitted from {}", path.display()))
                    .help("submit with: levada plan FOLDER --on slurm -- COMMAND")
            }
        }
    }
}
