//! Observed series: values, the stretch of time each speaks of, and where it stands in its file.

use crate::calendar::Window;
use crate::diagnostic::{Source, Span};
use std::sync::Arc;

/// One recorded value.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// In model time.
    pub window: Window,
    /// The period as the file names it, shortened: `2014`, `2014-01-01/2014-11-30`.
    pub label: String,
    /// In `unit`.
    pub value: f64,
    /// As the file states it; empty where it states none.
    pub unit: String,
    /// Where the archive found it (`source_id`); empty where the file does not say.
    pub source: String,
    /// The value's place in the file.
    pub span: Span,
}

/// What an archive recorded of one quantity, in order of time. Missing values are absent.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedSeries {
    pub name: String,
    pub observations: Vec<Observation>,
    pub source: Arc<Source>,
    /// Where the file first names the series.
    pub span: Span,
}
