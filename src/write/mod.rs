//! A declared model into the text of a file that its tools can open. What a format has no words for is said in the
//! words of its extensions, or refused; nothing is left out in silence.

pub mod vensim;
pub mod xmile;

use crate::diagnostic::Diagnostic;
use crate::model::{Definition, Dialect, Model};

/// What no written file carries, named: Vensim's reality checks, test inputs and texts.
pub fn left_out(model: &Model) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for variable in model.variables.iter().filter(|_| model.dialect == Dialect::Vensim) {
        let skipped = variable.equations.iter().find_map(|equation| match equation.definition {
            Definition::Skipped(what) => Some(what),
            _ => None,
        });
        if let Some(what) = skipped {
            found.push(
                Diagnostic::warning("left-out", format!("the {what} `{}` is not written", variable.name))
                    .help("keep the original file beside the new one if the test matters"),
            );
        }
    }
    found
}
