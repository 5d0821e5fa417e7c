//! Messages to standard error.

use super::arguments::Colour;
use super::exit_status::ExitStatus;
use crate::diagnostic::{Diagnostic, render, render_styled};
use std::io::{IsTerminal, Write};

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

/// Prints diagnostics that end the work.
pub fn refuse(diagnostics: &[Diagnostic], colour: Colour, status: ExitStatus) -> ExitStatus {
    show(diagnostics, colour);
    status
}
