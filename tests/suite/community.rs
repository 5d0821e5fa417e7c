//! The system-dynamics community's shared test models, where a copy stands beside the repository: every model that has
//! expected output runs and agrees with it, but for the exceptions below, each with its reason.

use levada::check::{check, external_subscripts};
use levada::compile::{DataSeries, Landing, Request, compile};
use levada::diagnostic::{Diagnostic, render};
use levada::parse;
use levada::series::{Table, Workbook};
use levada::simulate::{Method, Settings, run};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/sd-test-models");

/// Models that do not agree, and why. A refusal says so; the others are differences between the file and its output.
const EXCEPTIONS: &[(&str, &str)] = &[
    (
        "active_initial/test_active_initial.stmx",
        "the converter dropped ACTIVE INITIAL: the file's own initial value is 0",
    ),
    ("active_initial/test_active_initial.xmile", "as its .stmx"),
    (
        "allocate_available/test_allocate_available.mdl",
        "Vensim's search for the price stops at 4 digits; loose agreement",
    ),
    (
        "get_time_value/test_get_time_value.mdl",
        "refused: asks for calendar dates; and the output beside it is its sister's, from other times",
    ),
    ("macro_expression/test_macro_expression.stmx", "refused: the converter dropped the macro that the file calls"),
    ("macro_expression/test_macro_expression.xmile", "as its .stmx"),
    ("macro_multi_expression/test_macro_multi_expression.stmx", "as macro_expression"),
    ("macro_multi_expression/test_macro_multi_expression.xmile", "as macro_expression"),
    ("macro_multi_macros/test_macro_multi_macros.stmx", "as macro_expression"),
    ("macro_multi_macros/test_macro_multi_macros.xmile", "as macro_expression"),
    ("macro_stock/test_macro_stock.stmx", "as macro_expression"),
    ("macro_stock/test_macro_stock.xmile", "as macro_expression"),
    ("non_negative_flows/test_non_negative_flows.xmile", "refused: the file is not well-formed XML"),
    ("non_negative_flows/test_non_negative_flows_behavior.xmile", "as its sister"),
    ("smooth_and_stock/test_smooth_and_stock.stmx", "the file lacks three variables of the expected output"),
    ("smooth_and_stock/test_smooth_and_stock.xmile", "as its .stmx"),
    ("zeroled_decimals/test_zeroled_decimals.xmile", "the file asks for RK4, the output was computed by Euler"),
    ("Roessler_Chaos/roessler_chaos.mdl", "chaotic, and the output was computed in single precision"),
];

#[test]
fn the_communitys_models_give_their_expected_output() {
    let root = Path::new(MODELS);
    if !root.is_dir() {
        println!("skipped: no copy of the community's test models at {MODELS}");
        return;
    }
    let mut models = Vec::new();
    for top in ["tests", "samples"] {
        collect(&root.join(top), &mut models);
    }
    models.sort();
    let (mut passed, mut wrong) = (0, Vec::new());
    for model in &models {
        let name = name(model);
        let Some(expected) =
            ["output.csv", "output.tab"].iter().map(|file| model.with_file_name(file)).find(|p| p.is_file())
        else {
            continue;
        };
        let skipped = ["model_to_generate_data.mdl", "1style.stmx", "multipoint-connection.stmx", "Query_file.mdl"];
        let defective = model.extension().is_some_and(|extension| extension != "mdl")
            && std::fs::read(model).is_ok_and(|bytes| bytes.windows(3).any(|window| window == b"???"));
        if defective || skipped.iter().any(|file| name.ends_with(file)) {
            continue;
        }
        let excused = EXCEPTIONS.iter().any(|(exception, _)| *exception == name);
        match (agrees(model, &expected), excused) {
            (Ok(()), false) => passed += 1,
            (Ok(()), true) => wrong.push(format!("{name}: passes, and is listed as an exception")),
            (Err(_), true) => {}
            (Err(why), false) => wrong.push(format!("{name}: {why}")),
        }
    }
    println!("{passed} of {} models agree, {} exceptions", passed + EXCEPTIONS.len(), EXCEPTIONS.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(passed > 200, "only {passed} models were found");
}

fn collect(folder: &Path, models: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, models);
        } else if path
            .extension()
            .is_some_and(|e| ["mdl", "xmile", "stmx"].contains(&e.to_string_lossy().to_lowercase().as_str()))
        {
            models.push(path);
        }
    }
}

/// Folder and file.
fn name(path: &Path) -> String {
    let parts: Vec<_> = path.iter().rev().take(2).map(|part| part.to_string_lossy().into_owned()).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

fn agrees(model: &Path, expected: &Path) -> Result<(), String> {
    let words = |found: Vec<Diagnostic>| found.iter().filter(|d| d.is_error()).map(render).collect::<Vec<_>>().join("");
    let (read, found) = parse::read_file(model);
    let Some((source, model_read)) = read.filter(|_| !found.iter().any(Diagnostic::is_error)) else {
        return Err(words(found));
    };
    let (external, _) = external_subscripts(&source, &model_read);
    let (checked, found) = check(&source, model_read, &external);
    let checked = checked.ok_or_else(|| words(found))?;
    let data = model.with_file_name("data.tab");
    let data: Vec<DataSeries> = Workbook::open(&data, "\t")
        .and_then(|book| book.columns(""))
        .map(|columns| columns.into_iter().map(|(name, points)| DataSeries { name, points }).collect())
        .unwrap_or_default();
    let request = Request { landing: Landing::Grid, data, ..Request::default() };
    let program = compile(&checked, &request).map_err(words)?;
    let stated = checked.model().control.method.as_ref().and_then(|method| method.text.parse().ok());
    let settings = Settings { method: stated.unwrap_or(Method::Euler), ..Settings::default() };
    let table = run(&program, &settings).map_err(|failure| failure.diagnostic().message)?;
    compare(&table, expected)
}

/// Names are compared without case, spaces, underscores and quotation marks.
fn plain(name: &str) -> String {
    let text = name.trim().trim_matches('\u{feff}').replace("\\\"", "").replace(['"', '\\'], "").to_lowercase();
    let mut text = text
        .split(|c: char| c.is_whitespace() || c == '_')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("_");
    for (from, to) in [("_[", "["), ("[_", "["), ("_,", ","), (",_", ","), ("_]", "]")] {
        text = text.replace(from, to);
    }
    text
}

fn number(text: &str) -> Option<f64> {
    match text.trim().trim_matches('"').to_lowercase().as_str() {
        "" => None,
        "true" => Some(1.0),
        "false" => Some(0.0),
        "nan" | ":na:" | "na" => Some(f64::NAN),
        other => other.parse().ok().map(|value: f64| if value < -6.4e32 && value > -6.5e32 { f64::NAN } else { value }),
    }
}

/// Within 1e-4 of the value, 1e-5, and a millionth of the column's peak, since six digits are printed.
fn compare(table: &Table, expected: &Path) -> Result<(), String> {
    let bytes = std::fs::read(expected).map_err(|error| error.to_string())?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => encoding_rs::WINDOWS_1252.decode(error.as_bytes()).0.into_owned(),
    };
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let delimiter = if text.lines().next().is_some_and(|line| line.contains('\t')) { b'\t' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let head: Vec<String> = reader.headers().map_err(|error| error.to_string())?.iter().map(plain).collect();
    let clock = head.iter().position(|name| name == "time").unwrap_or(0);
    let columns: HashMap<String, usize> =
        table.columns.iter().enumerate().map(|(place, column)| (plain(&column.name), place)).collect();
    let control = |name: &str| {
        ["time", "months", "days", "years", "saveper", "initial_time", "final_time", "intial_time", "time_step", "dt"]
            .contains(&name)
    };
    let records: Vec<csv::StringRecord> = reader.records().filter_map(Result::ok).collect();
    let longest = records.iter().filter_map(|record| number(record.get(clock)?)).fold(1.0, |a: f64, t| a.max(t.abs()));
    for (place, name) in head.iter().enumerate() {
        let values: Vec<(f64, f64)> = records
            .iter()
            .filter_map(|record| Some((number(record.get(clock)?)?, number(record.get(place)?)?)))
            .collect();
        if name.is_empty() || name.contains('#') || control(name) || place == clock || values.is_empty() {
            continue;
        }
        let Some(column) = columns.get(name) else { return Err(format!("no column {name}")) };
        let peak = values.iter().map(|(_, value)| value.abs()).filter(|x| x.is_finite()).fold(0.0, f64::max);
        for (time, value) in values {
            let Some(row) = table.time.iter().position(|own| (own - time).abs() <= 1e-6 * longest) else {
                return Err(format!("no row for time {time}"));
            };
            let own = table.values[(row, *column)];
            let own = if own < -6.4e32 && own > -6.5e32 { f64::NAN } else { own };
            let near = (own - value).abs() <= 1e-5 + 1e-4 * own.abs().max(value.abs()) + 1e-6 * peak;
            if !(near || (own.is_nan() && value.is_nan())) {
                return Err(format!("{name} at {time}: {own}, expected {value}"));
            }
        }
    }
    Ok(())
}
