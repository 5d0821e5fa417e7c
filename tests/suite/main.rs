//! The integration tests: one binary, a module per subject, data beside the modules.

mod architecture;
mod closed_forms;
mod command_line;
mod community;
mod data;
mod delays;
mod derivatives;
mod dual_numbers;
mod ensembles;
mod feedback;
mod figures;
mod filter;
mod jacobian;
mod knock_out;
mod language;
mod loops_that_matter;
mod methods;
mod models;
mod objective;
mod opened;
mod problems;
mod slurm;
mod stiff;
mod stores;
mod zgc;
mod zgc_core;

/// A checked model from Vensim text that is expected to be sound.
fn model_text(text: &str) -> levada::check::CheckedModel {
    let source = levada::diagnostic::Source::new("test.mdl", text);
    let (model, found) = levada::parse::vensim::read(&source, std::path::Path::new(""));
    assert!(found.iter().all(|diagnostic| !diagnostic.is_error()), "{found:?}");
    let (checked, found) = levada::check::check(&source, model, &Default::default());
    checked.unwrap_or_else(|| panic!("{found:?}"))
}
