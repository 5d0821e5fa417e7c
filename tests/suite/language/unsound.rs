//! Models that can be read and are not sound: everything that is found in them, in its exact text.

use levada::check::{check, external_subscripts, feedback};
use levada::compile::{Request, compile};
use levada::diagnostic::{Diagnostic, Source, render};
use levada::parse::{vensim, xmile};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/language/unsound");

/// Reads, checks and compiles a model under its bare file name.
fn findings(path: &Path) -> Vec<Diagnostic> {
    let text = std::fs::read_to_string(path).expect("the model is text");
    let source = Source::new(path.file_name().expect("a file has a name"), text);
    let (model, mut diagnostics) = match path.extension().is_some_and(|extension| extension == "mdl") {
        true => vensim::read(&source, Path::new("")),
        false => xmile::read(&source, Path::new("")),
    };
    let (external, found) = external_subscripts(&source, &model);
    diagnostics.extend(found);
    let (checked, found) = check(&source, model, &external);
    diagnostics.extend(found);
    if let Some(Err(found)) = checked.map(|checked| compile(&checked, &Request::default())) {
        diagnostics.extend(found);
    }
    diagnostics
}

/// `BLESS=1` writes the texts anew for review.
#[test]
fn findings_have_their_exact_text() {
    let entries = std::fs::read_dir(MODELS).expect("the folder exists");
    let mut models: Vec<PathBuf> = entries.map(|entry| entry.expect("the folder is readable").path()).collect();
    models.retain(|path| path.extension().is_some_and(|extension| extension != "expected"));
    models.sort();
    assert!(!models.is_empty());
    let mut differing = String::new();
    for path in &models {
        let said: Vec<String> = findings(path).iter().map(render).collect();
        let said = said.join("\n");
        let expected = path.with_extension(match path.extension() {
            Some(extension) if extension == "xmile" => "xmile.expected",
            _ => "expected",
        });
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&expected, &said).expect("the text can be written");
        }
        if std::fs::read_to_string(&expected).unwrap_or_default() != said {
            differing += &format!("{}:\n{said}\n", path.display());
        }
    }
    assert!(differing.is_empty(), "{differing}");
}

/// The text with one word after another replaced: by another of its words, or by what confuses.
fn scrambled(text: &str, edits: &[(prop::sample::Index, prop::sample::Index)]) -> String {
    const CONFUSING: [&str; 12] =
        ["0", "Time", "*", "^", ")", "SMOOTH(", "SUM(", "/", "1e308", "m^(1/7)", "~", "[cohort!]"];
    let mut words: Vec<&str> = text.split_inclusive(|character: char| !character.is_alphanumeric()).collect();
    for (place, by) in edits {
        let place = place.index(words.len());
        let by = by.index(words.len() + 200);
        words[place] = if by < words.len() { words[by] } else { CONFUSING[by % CONFUSING.len()] };
    }
    words.concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Models with words astray are checked to the end, whatever is found.
    #[test]
    fn scrambled_models_are_survived(
        file in prop::sample::select(vec!["models/sir/sir.mdl", "models/bass/bass.mdl", "models/zgc/zgc.mdl"]),
        edits in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 1..6),
    ) {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("it is text");
        let source = Source::new(file, scrambled(&text, &edits));
        let (model, mut diagnostics) = vensim::read(&source, Path::new(""));
        let (checked, found) = check(&source, model, &Default::default());
        diagnostics.extend(found);
        if let Some(checked) = checked {
            let structure = feedback(&checked);
            prop_assert!(structure.loops.list.len() <= structure.loops.independent + checked.model().variables.len());
        }
        for diagnostic in &diagnostics {
            prop_assert!(!render(diagnostic).is_empty());
            prop_assert!(serde_json::to_value(diagnostic).is_ok());
        }
    }
}
