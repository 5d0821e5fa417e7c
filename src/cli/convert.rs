//! `levada convert`: a model into XMILE or Vensim text, by the ending of the new file's name.

use super::arguments::{Colour, Convert};
use super::exit_status::ExitStatus;
use super::messages::{refuse, show};
use crate::diagnostic::Diagnostic;
use crate::parse;
use crate::series::write_text;
use crate::write;

/// Runs the command.
pub fn convert(arguments: &Convert, colour: Colour) -> ExitStatus {
    let ending = arguments.to.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let write = match ending.as_str() {
        "mdl" => write::vensim::write,
        "xmile" | "stmx" | "xml" | "itmx" => write::xmile::write,
        _ => {
            let found = Diagnostic::error("unknown-format", format!("`.{ending}` is no format that can be written"))
                .help("end the name of the new file in .xmile or .mdl");
            return refuse(&[found], colour, ExitStatus::Usage);
        }
    };
    let (read, mut diagnostics) = parse::read_file(&arguments.from);
    let Some((_, model)) = read.filter(|_| !diagnostics.iter().any(Diagnostic::is_error)) else {
        return refuse(&diagnostics, colour, ExitStatus::Unusable);
    };
    match write(&model) {
        Ok(text) => {
            show(&diagnostics, colour);
            match write_text(&arguments.to, &text) {
                Ok(()) => ExitStatus::Done,
                Err(fault) => refuse(&[fault.diagnostic()], colour, ExitStatus::Unusable),
            }
        }
        Err(refusals) => {
            diagnostics.extend(refusals);
            refuse(&diagnostics, colour, ExitStatus::Unusable)
        }
    }
}
