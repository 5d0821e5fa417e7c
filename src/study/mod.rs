//! Study and scenario files, and the whole walk from one study file to its results.
//!
//! A study names a model, data, how each series observes the model, parameters with priors, policies to compare and
//! exhibits. Arithmetic belongs to the stages that this room calls.

mod document;
mod entry;
mod fault;
mod file;
mod observe;
mod parameter;
mod scenario;

pub use document::Located;
pub use entry::*;
pub use fault::{EmptyReason, Fault, Finding};
pub use file::{read_study, read_study_text};
pub use scenario::{Change, ChangeKind, Scenario};
