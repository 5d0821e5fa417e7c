//! Vensim text: what is wrong with the models in `rejected/vensim` is said in the words beside them, and the community's
//! models are all read without error.

use levada::diagnostic::{Source, render};
use std::path::{Path, PathBuf};

pub const COMMUNITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/sd-test-models");

/// Every file below `folder` whose extension is `extension` in any case.
pub fn files(folder: &Path, extension: &str, into: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            files(&entry, extension, into);
        } else if entry.extension().is_some_and(|own| own.eq_ignore_ascii_case(extension)) {
            into.push(entry);
        }
    }
}

#[test]
fn rejected_models_are_told_why() {
    let mut models = Vec::new();
    files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/language/rejected/vensim")), "mdl", &mut models);
    assert!(models.len() > 20);
    for path in &models {
        let text = std::fs::read_to_string(path).expect("the model is text");
        let source = Source::new(path.file_name().expect("a file has a name"), text);
        let (_, diagnostics) = levada::parse::vensim::read(&source, Path::new(""));
        let said: String = diagnostics.iter().map(render).collect();
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path.with_extension("expected"), &said).expect("the text can be written");
        }
        let expected = std::fs::read_to_string(path.with_extension("expected")).unwrap_or_default();
        assert_eq!(said, expected, "{}", path.display());
    }
}

#[test]
fn community_models_are_read_without_error() {
    let mut models = Vec::new();
    files(Path::new(COMMUNITY), "mdl", &mut models);
    if models.is_empty() {
        println!("skipped: the community's models are not at {COMMUNITY}");
        return;
    }
    let mut errors = String::new();
    for path in &models {
        let (model, diagnostics) = levada::parse::read_file(path);
        let variables = model.map_or(0, |(_, model)| model.variables.len());
        assert!(variables > 0, "{} has no variables", path.display());
        for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.is_error()) {
            errors += &render(diagnostic);
        }
    }
    assert!(errors.is_empty(), "{errors}");
    assert!(models.len() > 150);
}

/// A folder beside this file.
pub fn inside_language(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/language").join(folder)
}

/// What was read, written as Vensim would; `BLESS=1` writes it anew for review.
#[test]
fn accepted_models_are_read_as_they_are_meant() {
    let mut models = Vec::new();
    files(&inside_language("accepted/vensim"), "mdl", &mut models);
    assert!(models.len() > 5);
    for path in &models {
        let text = std::fs::read_to_string(path).expect("the model is text");
        let source = Source::new(path.file_name().expect("a file has a name"), text);
        let (model, diagnostics) = levada::parse::vensim::read(&source, Path::new(""));
        let said: String = diagnostics.iter().map(render).collect();
        let written = levada::write::vensim::write(&model).expect("Vensim can say it");
        let (equations, _) = written.split_once("\\\\\\---///").expect("a sketch follows");
        let found = said + equations;
        let expected = path.with_extension("expected");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&expected, &found).expect("the folder can be written to");
        }
        assert_eq!(found, std::fs::read_to_string(expected).unwrap_or_default(), "{}", path.display());
    }
}
