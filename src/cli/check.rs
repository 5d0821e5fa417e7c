//! `levada check`: every finding of a model.

use super::arguments::{Check, Colour};
use super::exit_status::ExitStatus;
use super::load::load;
use super::messages::show;
use crate::compile::{Request, compile};
use crate::diagnostic::Diagnostic;

/// Runs the command.
pub fn check(arguments: &Check, colour: Colour) -> ExitStatus {
    let (checked, mut diagnostics) = load(&arguments.model);
    if let Some(checked) = &checked
        && let Err(faults) = compile(checked, &Request::default())
    {
        diagnostics.extend(faults);
    }
    show(&diagnostics, colour);
    if diagnostics.iter().any(Diagnostic::is_error) { ExitStatus::Findings } else { ExitStatus::Done }
}
