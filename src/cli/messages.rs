//! Answers to standard output, messages to standard error.

use super::arguments::Colour;
use super::exit_status::ExitStatus;
use crate::diagnostic::{Diagnostic, render, render_styled};
use std::io::{self, ErrorKind, IsTerminal, Write};

/// Prints diagnostics, errors last so that they stand next to the prompt.
pub fn show(diagnostics: &[Diagnostic], colour: Colour) {
    let styled = match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    };
    let mut ordered: Vec<&Diagnostic> = diagnostics.iter().collect();
    ordered.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.severity));
    for diagnostic in ordered {
        let text = if styled { render_styled(diagnostic) } else { render(diagnostic) };
        // A reader that closes the stream early has seen enough.
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

/// Writes an answer to standard output. A reader that closed it early ends the work without a word; a full disk does not.
pub fn answer(colour: Colour, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> ExitStatus {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match fill(&mut out).and_then(|()| out.flush()) {
        Ok(()) => ExitStatus::Done,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitStatus::ReaderGone,
        Err(error) => {
            let why = match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                    "the disk is full".into()
                }
                _ => error.to_string(),
            };
            let found = Diagnostic::error("answer-not-written", format!("cannot write to standard output: {why}"));
            refuse(&[found.help("make room, or send the output elsewhere")], colour, ExitStatus::Unusable)
        }
    }
}

/// Prints diagnostics that end the work.
pub fn refuse(diagnostics: &[Diagnostic], colour: Colour, status: ExitStatus) -> ExitStatus {
    show(diagnostics, colour);
    status
}
