//! Elements of dimensions that a file outside the model lists.

use super::finding::Finding;
use crate::diagnostic::{Diagnostic, Source};
use crate::model::{Model, Name};
use std::collections::HashMap;
use std::sync::Arc;

/// The element names of every dimension read from a file, by index into `model.dimensions`.
pub fn external_subscripts(source: &Arc<Source>, model: &Model) -> (HashMap<usize, Vec<Name>>, Vec<Diagnostic>) {
    let found = HashMap::new();
    let mut faults = Vec::new();
    for dimension in &model.dimensions {
        if let Some(call) = &dimension.external {
            let finding = Finding::ExternalSubscript {
                dimension: dimension.name.clone(),
                why: "reading subscripts from files is not supported yet".to_owned(),
                span: call.span,
            };
            faults.push(finding.diagnostic(source));
        }
    }
    (found, faults)
}
