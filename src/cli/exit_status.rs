//! What the program's exit status says.

use crate::diagnostic::Diagnostic;
use std::process::ExitCode;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    Done = 0,
    Findings = 1,
    Usage = 2,
    DidNotConverge = 3,
    Unusable = 4,
    /// Stopped by a signal, as shells count: 128 and the signal's number. The work can be taken up again.
    Interrupted = 130,
    /// Whoever read standard output closed it before the end.
    ReaderGone = 141,
}

impl ExitStatus {
    /// Of work that ended in errors.
    pub fn of(found: &[Diagnostic]) -> Self {
        let interrupted = found.iter().any(|diagnostic| diagnostic.code == "interrupted");
        if interrupted { ExitStatus::Interrupted } else { ExitStatus::Unusable }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        ExitCode::from(status as u8)
    }
}
