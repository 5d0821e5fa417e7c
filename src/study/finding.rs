//! A fault of a study or scenario file at its place.

use super::fault::Fault;
use crate::diagnostic::{Diagnostic, Source, Span};
use std::sync::Arc;

/// A fault and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub fault: Fault,
    pub source: Arc<Source>,
    pub span: Span,
}

impl Finding {
    pub fn new(fault: Fault, source: &Arc<Source>, span: Span) -> Self {
        Finding { fault, source: source.clone(), span }
    }

    /// The only place where faults of studies and scenarios are worded.
    pub fn diagnostic(&self) -> Diagnostic {
        let (code, message, label, help) = self.fault.words();
        let diagnostic = Diagnostic::error(code, message).at(&self.source, self.span, label).help(help);
        match &self.fault {
            Fault::RepeatedName { first, .. } => diagnostic.also(*first, "first of that name"),
            _ => diagnostic,
        }
    }
}
