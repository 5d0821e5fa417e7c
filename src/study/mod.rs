//! Study and scenario files, and the whole walk from one study file to its results.
//!
//! A study names a model, data, how each series observes the model, parameters with priors, policies to compare and
//! exhibits. Arithmetic belongs to the stages that this room calls.

mod archive;
mod calibration;
mod comparison;
mod constants;
mod document;
mod entry;
mod exhibits;
mod fault;
mod figures;
mod file;
mod finding;
mod from_vensim;
mod loops;
mod manifest;
mod observations;
mod observe;
mod opened;
mod outcomes;
mod package;
mod panel;
mod parameter;
mod prepare;
mod process;
mod progress;
mod questions;
#[cfg(test)]
mod refusals;
mod report;
mod scenario;
mod search;
mod steps;
#[cfg(test)]
mod tutorial;
mod unknowns;
mod walk;
mod windows;

pub use calibration::{Calibration, SeriesFit};
pub use comparison::{Compared, Inquiry, ask};
pub use constants::{Policy, scenario_settings};
pub use document::Located;
pub use entry::*;
pub use fault::{EmptyReason, Fault, Finding};
pub use figures::{Figures, draw_figures};
pub use file::{read_study, read_study_text};
pub use from_vensim::{Materials, study_from_vensim};
pub use loops::{LOOP_PANELS, cut_table, loop_chain, loop_components, loop_exhibits, loop_phases, loop_stocks};
pub use manifest::{Hashed, Input, Listed, MANIFEST, Machine, Manifest};
pub use opened::{SHARD_DONE, results_folder};
pub use outcomes::{PreparedAttribution, PreparedOutcome, Switch};
pub use package::{Check, Verified, verify};
pub use prepare::{IdentityRule, Prepared, PreparedIdentity, PreparedScenario, prepare};
pub use progress::Progress;
pub use scenario::{Change, ChangeKind, Scenario};
pub use steps::{Identify, Sample, Sampler, Step, StepDone, StepRecord, Steps, Validate, take};
pub use walk::{Done, Order, walk};
pub use windows::years;
