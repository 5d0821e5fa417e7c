//! Diagnostics as plain text: severity, code, file, line, caret, next step.

use super::{Diagnostic, Severity};
use std::fmt::Write;

/// The text of one diagnostic, ending in a line break.
pub fn render(diagnostic: &Diagnostic) -> String {
    let word = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut text = format!("{word}[{}]: {}\n", diagnostic.code, diagnostic.message);
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(text, "  = help: {help}");
    }
    text
}
