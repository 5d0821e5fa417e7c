//! Every model that runs gives the same numbers after it is written in another format and read again.

use levada::check::{check, external_subscripts};
use levada::compile::{DataSeries, Landing, Request, compile};
use levada::diagnostic::{Diagnostic, Source, render};
use levada::model::Model;
use levada::series::{Table, Workbook};
use levada::simulate::{Method, Settings, run};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const COMMUNITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/sd-test-models");

/// Every model file below `folder`.
fn models(folder: &str) -> Vec<PathBuf> {
    let (mut waiting, mut found) = (vec![PathBuf::from(folder)], Vec::new());
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            let extension = entry.extension().map(|own| own.to_string_lossy().to_lowercase()).unwrap_or_default();
            if entry.is_dir() {
                waiting.push(entry);
            } else if ["mdl", "xmile", "stmx", "itmx"].contains(&extension.as_str()) {
                found.push(entry);
            }
        }
    }
    found.sort();
    found
}

/// The series of the data files beside a model.
fn data_beside(path: &Path) -> Vec<DataSeries> {
    let entries = std::fs::read_dir(path.parent().unwrap()).into_iter().flatten().flatten().map(|entry| entry.path());
    let tables = entries.filter(|entry| {
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("data") && name.ends_with(".tab")
    });
    let columns = tables.filter_map(|table| Workbook::open(&table, "\t").ok()?.columns("").ok());
    columns.flatten().map(|(name, points)| DataSeries { name, points }).collect()
}

fn words(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).map(render).collect()
}

/// Runs a model as its file asks, on the grid of its own tool.
fn simulated(source: &Arc<Source>, model: Model, path: &Path) -> Result<Table, String> {
    let method = model.control.method.as_ref().and_then(|method| method.text.parse().ok()).unwrap_or(Method::Euler);
    let (external, mut diagnostics) = external_subscripts(source, &model);
    let (checked, found) = check(source, model, &external);
    diagnostics.extend(found);
    let Some(checked) = checked else { return Err(words(&diagnostics)) };
    let request = Request { landing: Landing::Grid, data: data_beside(path), ..Request::default() };
    let program = compile(&checked, &request).map_err(|faults| words(&faults))?;
    run(&program, &Settings { method, ..Settings::default() }).map_err(|failure| render(&failure.diagnostic()))
}

/// The largest difference between columns of one name, relative to the column's largest value.
fn difference(before: &Table, after: &Table) -> Result<f64, String> {
    if before.time != after.time {
        return Err(format!("{} times became {}", before.time.len(), after.time.len()));
    }
    let mut largest = 0.0f64;
    for (place, column) in before.columns.iter().enumerate() {
        let Some(now) = after.column(&column.name) else { return Err(format!("`{}` is lost", column.name)) };
        let then = before.values.column(place);
        let scale = then.iter().filter(|value| value.is_finite()).fold(0.0f64, |scale, value| scale.max(value.abs()));
        for (row, (then, now)) in then.iter().zip(now).enumerate() {
            if then == now || (then.is_nan() && now.is_nan()) {
                continue;
            }
            let gap = (then - now).abs() / scale.max(f64::MIN_POSITIVE);
            if gap.is_nan() || gap > 1e-12 {
                return Err(format!("`{}` at {}: {then} became {now}", column.name, before.time[row]));
            }
            largest = largest.max(gap);
        }
    }
    Ok(largest)
}

/// Reads and runs a model file.
pub fn run_file(path: &Path) -> Result<Table, String> {
    match levada::parse::read_file(path) {
        (Some((source, model)), diagnostics) if words(&diagnostics).is_empty() => simulated(&source, model, path),
        (_, diagnostics) => Err(words(&diagnostics)),
    }
}

/// What becomes of one model: `None` when it does not run in the first place.
fn through_xmile(path: &Path) -> Option<Result<f64, String>> {
    let (read, diagnostics) = levada::parse::read_file(path);
    let (source, model) = read.filter(|_| !diagnostics.iter().any(Diagnostic::is_error))?;
    let before = simulated(&source, model.clone(), path).ok()?;
    Some(rewritten(&model, path).and_then(|after| difference(&before, &after)))
}

fn rewritten(model: &Model, path: &Path) -> Result<Table, String> {
    let text = levada::write::xmile::write(model).map_err(|refusals| words(&refusals))?;
    if std::env::var_os("SHOW").is_some() {
        println!("{text}");
    }
    let source = Source::new(path.with_extension("xmile"), text);
    let (model, diagnostics) = levada::parse::xmile::read(&source, path.parent().unwrap());
    let errors = words(&diagnostics);
    if !errors.is_empty() {
        return Err(errors);
    }
    let again = levada::write::xmile::write(&model).map_err(|refusals| words(&refusals))?;
    if let Some((once, twice)) =
        source.text.lines().zip(again.lines()).find(|(once, twice)| !once.eq_ignore_ascii_case(twice))
    {
        return Err(format!("written again, `{}` is `{}`", once.trim(), twice.trim()));
    }
    simulated(&source, model, path)
}

/// The first finding is enough to tell.
fn first_lines(text: &str) -> String {
    text.lines().take(6).collect::<Vec<_>>().join("\n")
}

fn check_all(folder: &str) -> usize {
    let (mut ran, mut failed, mut largest) = (0, Vec::new(), 0.0f64);
    let only = std::env::var("ONLY").unwrap_or_default();
    for path in models(folder).iter().filter(|path| path.to_string_lossy().contains(&only)) {
        match through_xmile(path) {
            None => {}
            Some(Ok(gap)) => {
                ran += 1;
                largest = largest.max(gap);
            }
            Some(Err(why)) => failed.push(format!("{}: {}", path.display(), first_lines(&why))),
        }
    }
    assert!(failed.is_empty(), "{} of {} differ\n{}", failed.len(), ran + failed.len(), failed.join("\n"));
    println!("{ran} models of {folder} run the same through XMILE, within {largest:e} of their largest values");
    ran
}

#[test]
fn our_models_are_the_same_through_xmile() {
    let folders = ["models", "tests/suite/language/accepted"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ran: usize = folders.iter().map(|folder| check_all(&root.join(folder).to_string_lossy())).sum();
    assert!(ran >= 12);
}

#[test]
fn the_communitys_models_are_the_same_through_xmile() {
    if !Path::new(COMMUNITY).is_dir() {
        println!("skipped: the community's models are not at {COMMUNITY}");
        return;
    }
    assert!(check_all(COMMUNITY) >= 200);
}
