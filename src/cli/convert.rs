//! `levada convert`: a model into XMILE or Vensim text, or Vensim's control files into a study, by the ending of the new
//! file's name.

use super::arguments::{Colour, Convert};
use super::exit_status::ExitStatus;
use super::messages::{refuse, show};
use crate::diagnostic::Diagnostic;
use crate::model::Name;
use crate::parse;
use crate::parse::control::{Payoff, Search, read_changes, read_payoff, read_search};
use crate::series::{open_text, write_text};
use crate::study::{Materials, study_from_vensim};
use crate::write;
use std::path::{Path, PathBuf};

/// Runs the command.
pub fn convert(arguments: &Convert, colour: Colour) -> ExitStatus {
    let Some((to, from)) = arguments.files.split_last() else { return ExitStatus::Usage };
    let write = match ending(to).as_str() {
        "toml" => return study(from, to, colour),
        "mdl" => write::vensim::write,
        "xmile" | "stmx" | "xml" | "itmx" => write::xmile::write,
        other => {
            let found = Diagnostic::error("unknown-format", format!("`.{other}` is no format that can be written"))
                .help("end the name of the new file in .xmile, .mdl or, for a study, .toml");
            return refuse(&[found], colour, ExitStatus::Usage);
        }
    };
    let [from] = from else {
        let found =
            Diagnostic::error("several-models", "a model is written from one model, and several files are given")
                .help("give one model and the new file; a study from several files ends in .toml");
        return refuse(&[found], colour, ExitStatus::Usage);
    };
    let (read, mut diagnostics) = parse::read_file(from);
    let Some((_, model)) = read.filter(|_| !diagnostics.iter().any(Diagnostic::is_error)) else {
        return refuse(&diagnostics, colour, ExitStatus::Unusable);
    };
    match write(&model) {
        Ok(text) => {
            diagnostics.extend(write::left_out(&model));
            show(&diagnostics, colour);
            written(to, &text, colour)
        }
        Err(refusals) => {
            diagnostics.extend(refusals);
            refuse(&diagnostics, colour, ExitStatus::Unusable)
        }
    }
}

/// A study from a model and Vensim's control files.
fn study(from: &[PathBuf], to: &Path, colour: Colour) -> ExitStatus {
    let mut found = Vec::new();
    let (mut model, mut data) = (None, None);
    let (mut payoffs, mut search, mut changes) = (Vec::new(), Search::default(), Vec::new());
    for file in from {
        let kind = ending(file);
        match kind.as_str() {
            "mdl" | "xmile" | "stmx" | "itmx" | "xml" if model.is_none() => model = Some(file),
            "csv" if data.is_none() => data = Some(file),
            "vpd" | "voc" | "cin" | "out" => match open_text(file) {
                Ok(source) if kind == "vpd" => {
                    let (read, told) = read_payoff(&source);
                    payoffs.extend(read);
                    found.extend(told);
                }
                Ok(source) if kind == "voc" => {
                    let (read, told) = read_search(&source);
                    search.sought.extend(read.sought);
                    search.starts = read.starts.or(search.starts);
                    found.extend(told);
                }
                Ok(source) => {
                    let (read, told) = read_changes(&source);
                    changes.extend(read);
                    found.extend(told);
                }
                Err(fault) => found.push(fault.diagnostic()),
            },
            _ => found.push(
                Diagnostic::error("not-for-a-study", format!("nothing in a study can be made from {}", file.display()))
                    .help("give one model, one .csv of data, and Vensim's .vpd, .voc, .cin or .out"),
            ),
        }
    }
    let Some(model) = model else {
        found.push(
            Diagnostic::error("no-model", "a study needs a model, and none is given")
                .help("give a .mdl or .xmile file among the files to read"),
        );
        return refuse(&found, colour, ExitStatus::Usage);
    };
    if found.iter().any(Diagnostic::is_error) {
        return refuse(&found, colour, ExitStatus::Unusable);
    }
    let units = units(model, &payoffs);
    let title = model.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let (model, data) = (beside(model, to), data.map(|data| beside(data, to)));
    let materials = Materials {
        title: &title,
        model: &model,
        data: data.as_deref(),
        payoffs: &payoffs,
        units: &units,
        search: &search,
        changes: &changes,
    };
    match study_from_vensim(&materials) {
        Ok(text) => {
            show(&found, colour);
            written(to, &text, colour)
        }
        Err(refused) => {
            found.extend(refused);
            refuse(&found, colour, ExitStatus::Unusable)
        }
    }
}

/// The unit of each payoff's variable; empty where the model cannot be read or states none.
fn units(model: &Path, payoffs: &[Payoff]) -> Vec<String> {
    let (read, _) = parse::read_file(model);
    let unit = |payoff: &Payoff| {
        let wanted = Name::new(payoff.variable.split('[').next().unwrap_or_default());
        let (_, model) = read.as_ref()?;
        let found = model.variables.iter().find(|variable| variable.name.key() == wanted.key())?;
        found.units.as_ref().map(|units| units.text.clone())
    };
    payoffs.iter().map(|payoff| unit(payoff).unwrap_or_default()).collect()
}

/// A path as a study in another folder names it: as it is where both lie in one folder or it is absolute, otherwise made
/// absolute.
fn beside(file: &Path, study: &Path) -> PathBuf {
    let folder = |path: &Path| path.parent().map(Path::to_path_buf).unwrap_or_default();
    if folder(file) == folder(study) {
        return file.file_name().map(PathBuf::from).unwrap_or_else(|| file.to_path_buf());
    }
    match file.strip_prefix(folder(study)) {
        Ok(inside) => inside.to_path_buf(),
        Err(_) => std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf()),
    }
}

fn ending(path: &Path) -> String {
    path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
}

fn written(to: &Path, text: &str, colour: Colour) -> ExitStatus {
    match write_text(to, text) {
        Ok(()) => ExitStatus::Done,
        Err(fault) => refuse(&[fault.diagnostic()], colour, ExitStatus::Unusable),
    }
}
