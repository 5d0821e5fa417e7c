//! Models written as Vensim text: what Vensim text said reads back as the same model, and what XMILE said runs to the
//! same numbers.

use super::vensim::{COMMUNITY, files, inside_language};
use levada::check::check;
use levada::compile::{Landing, Request, compile};
use levada::diagnostic::{Source, render};
use levada::model::{Definition, Model};
use levada::parse;
use levada::simulate::{Method, Settings, run};
use levada::write;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A model without what a written file does not keep: where things stood, the file's name, and what no run executes.
pub fn kept(model: &Model) -> String {
    let mut model = Model { name: String::new(), folder: PathBuf::new(), ..model.clone() };
    for variable in &mut model.variables {
        variable.equations.retain(|equation| !matches!(equation.definition, Definition::Skipped(_)));
    }
    model.variables.retain(|variable| !variable.equations.is_empty());
    let text = format!("{model:#?}");
    let mut kept = String::with_capacity(text.len());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim_end().ends_with("Span {") {
            lines.by_ref().take(3).for_each(drop);
        } else {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// Where two texts part, with the lines before.
pub fn parting(a: &str, b: &str) -> String {
    let at = a.lines().zip(b.lines()).position(|(a, b)| a != b).unwrap_or_default();
    let around = |text: &str| text.lines().skip(at.saturating_sub(5)).take(10).collect::<Vec<_>>().join("\n");
    format!("{}\n--- became ---\n{}", around(a), around(b))
}

#[test]
fn vensim_text_reads_back_as_the_same_model() {
    let mut paths = Vec::new();
    for folder in ["models", "tests/suite/language/accepted/vensim"] {
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), "mdl", &mut paths);
    }
    let own = paths.len();
    assert!(own > 8);
    files(Path::new(COMMUNITY), "mdl", &mut paths);
    if paths.len() == own {
        println!("without the community's models, which are not at {COMMUNITY}");
    }
    for path in paths {
        let (read, _) = parse::read_file(&path);
        let (_, model) = read.unwrap_or_else(|| panic!("{} is not read", path.display()));
        let text = write::vensim::write(&model).unwrap_or_else(|faults| panic!("{}: {faults:#?}", path.display()));
        let (again, found) = parse::vensim::read(&Source::new(&path, text), Path::new(""));
        assert_eq!(found, [], "{}", path.display());
        let (before, after) = (kept(&model), kept(&again));
        assert!(before == after, "{}: {}", path.display(), parting(&before, &after));
    }
}

/// What a run saves, by name in lower case and without quotation marks.
fn saved(source: &std::sync::Arc<Source>, model: Model) -> Result<HashMap<String, Vec<f64>>, String> {
    let told = |diagnostics: Vec<levada::diagnostic::Diagnostic>| diagnostics.iter().map(render).collect::<String>();
    let (checked, found) = check(source, model, &HashMap::new());
    let checked = checked.ok_or_else(|| told(found))?;
    let program = compile(&checked, &Request { landing: Landing::Grid, ..Request::default() }).map_err(told)?;
    let settings = Settings { method: Method::Euler, ..Settings::default() };
    let table = run(&program, &settings).map_err(|failure| format!("{:?}", failure.diagnostic()))?;
    let column = |index: usize| table.values.column(index).to_vec();
    let named = |name: &str| name.to_lowercase().replace('"', "");
    Ok(table.columns.iter().enumerate().map(|(index, saved)| (named(&saved.name), column(index))).collect())
}

#[test]
fn xmile_runs_the_same_from_vensim_text() {
    let mut paths = Vec::new();
    for extension in ["xmile", "stmx"] {
        files(&inside_language("written"), extension, &mut paths);
    }
    let own = paths.len();
    assert!(own > 3);
    for extension in ["xmile", "stmx"] {
        files(Path::new(COMMUNITY), extension, &mut paths);
    }
    let mut compared = 0;
    for (index, path) in paths.iter().enumerate() {
        let shown = path.display();
        let (Some((source, model)), found) = parse::read_file(path) else { continue };
        if index >= own && found.iter().any(|diagnostic| diagnostic.is_error()) {
            continue;
        }
        let expected = match saved(&source, model.clone()) {
            Ok(expected) => expected,
            Err(told) => {
                assert!(index >= own, "{shown} does not run: {found:#?} {told}");
                continue;
            }
        };
        let text = write::vensim::write(&model).unwrap_or_else(|faults| panic!("{shown}: {faults:#?}"));
        let source = Source::new(path.with_extension("mdl"), text);
        let (again, found) = parse::vensim::read(&source, &model.folder);
        assert_eq!(found, [], "{shown}");
        let given =
            saved(&source, again).unwrap_or_else(|told| panic!("{shown} as Vensim text: {told}\n{}", source.text));
        for (name, values) in expected {
            let own = given.get(&name).unwrap_or_else(|| panic!("{shown}: `{name}` is lost"));
            assert_eq!(own.len(), values.len(), "{shown}: {name}");
            for (own, value) in own.iter().zip(&values) {
                let close = (own - value).abs() <= 1e-12 * value.abs().max(1.0);
                assert!(close, "{shown}: {name} is {own} and was {value}");
            }
        }
        compared += 1;
    }
    println!("{compared} XMILE models run the same from Vensim text");
    assert!(compared == own || compared > 90, "{compared}");
}

/// The words for what Vensim cannot say; `BLESS=1` writes them anew for review.
#[test]
fn what_vensim_cannot_say_is_refused() {
    let mut paths = Vec::new();
    files(&inside_language("unsayable"), "xmile", &mut paths);
    assert!(!paths.is_empty());
    for path in paths {
        let (read, found) = parse::read_file(&path);
        assert!(!found.iter().any(|diagnostic| diagnostic.is_error()), "{found:#?}");
        let (_, model) = read.expect("the model is read");
        let said: String = write::vensim::write(&model).expect_err("not all can be said").iter().map(render).collect();
        let expected = path.with_extension("expected");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&expected, &said).expect("the folder can be written to");
        }
        assert_eq!(said, std::fs::read_to_string(expected).unwrap_or_default());
    }
}
