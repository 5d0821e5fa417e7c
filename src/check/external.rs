//! Elements of dimensions that a file outside the model lists.

use super::finding::Finding;
use crate::diagnostic::{Diagnostic, Source};
use crate::model::{Expression, ExpressionKind, Model, Name};
use crate::series::{Workbook, workbook_path};
use std::collections::HashMap;
use std::sync::Arc;

/// The element names of every dimension read from a file, by index into `model.dimensions`.
pub fn external_subscripts(source: &Arc<Source>, model: &Model) -> (HashMap<usize, Vec<Name>>, Vec<Diagnostic>) {
    let mut found = HashMap::new();
    let mut faults = Vec::new();
    for (number, dimension) in model.dimensions.iter().enumerate() {
        let Some(call) = &dimension.external else { continue };
        match elements(model, call) {
            Ok(names) => {
                found.insert(number, names);
            }
            Err(why) => {
                let finding = Finding::ExternalSubscript { dimension: dimension.name.clone(), why, span: call.span };
                faults.push(finding.diagnostic(source));
            }
        }
    }
    (found, faults)
}

/// GET XLS SUBSCRIPT(file, sheet, first cell, last cell, prefix).
fn elements(model: &Model, call: &Expression) -> Result<Vec<Name>, String> {
    let mut texts = Vec::new();
    call.walk(&mut |part| {
        if let ExpressionKind::Text(text) = &part.kind {
            texts.push(text.as_str());
        }
    });
    let [file, sheet, first, last, prefix] = texts[..] else {
        return Err("file, sheet, first cell, last cell and prefix must be texts in quotation marks".to_owned());
    };
    let path = workbook_path(&model.folder, file);
    let names = Workbook::open(&path, sheet).and_then(|book| book.texts(sheet, first.trim(), last.trim()));
    match names {
        Ok(names) if names.is_empty() => Err(format!("there is nothing from {first} on")),
        Ok(names) => Ok(names.iter().map(|name| Name::new(&format!("{prefix}{name}"))).collect()),
        Err(fault) => Err(fault.words()),
    }
}
