//! A path into a checked model, with every finding on the way.

use crate::check::{CheckedModel, check, external_subscripts};
use crate::diagnostic::Diagnostic;
use crate::parse;
use std::path::Path;

/// What became of a model file.
pub struct Loaded {
    /// Whether the file could be read as a model at all.
    pub read: bool,
    pub checked: Option<CheckedModel>,
    /// Warnings too, even where a model comes back.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads and checks the model at `path`.
pub fn load(path: &Path) -> Loaded {
    let (read, mut diagnostics) = parse::read_file(path);
    let Some((source, model)) = read else { return Loaded { read: false, checked: None, diagnostics } };
    let readable = !diagnostics.iter().any(Diagnostic::is_error);
    let (external, faults) = external_subscripts(&source, &model);
    diagnostics.extend(faults);
    let (checked, findings) = check(&source, model, &external);
    // A file that could not be read has no variables for that reason.
    diagnostics.extend(findings.into_iter().filter(|finding| readable || finding.code != "empty-model"));
    Loaded { read: true, checked: checked.filter(|_| readable), diagnostics }
}
