//! A path into a checked model, with every finding on the way.

use crate::check::{CheckedModel, check, external_subscripts};
use crate::diagnostic::Diagnostic;
use crate::parse;
use std::path::Path;

/// Reads and checks the model at `path`. The diagnostics hold warnings even where a model comes back.
pub fn load(path: &Path) -> (Option<CheckedModel>, Vec<Diagnostic>) {
    let (read, mut diagnostics) = parse::read_file(path);
    let Some((source, model)) = read else { return (None, diagnostics) };
    let readable = !diagnostics.iter().any(Diagnostic::is_error);
    let (external, faults) = external_subscripts(&source, &model);
    diagnostics.extend(faults);
    let (checked, findings) = check(&source, model, &external);
    diagnostics.extend(findings);
    (checked.filter(|_| readable), diagnostics)
}
