//! `levada run`: one run into one table.

use super::arguments::{Colour, Run, Switches};
use super::ensemble;
use super::exit_status::ExitStatus;
use super::load::{Loaded, load};
use super::messages::{answer, refuse, show};
use super::shards::Share;
use crate::calendar::Calendar;
use crate::check::CheckedModel;
use crate::compare::with;
use crate::compile::{DataSeries, Landing, Outputs, Program, Request, compile};
use crate::diagnostic::{Diagnostic, Severity};
use crate::ensemble::Variation;
use crate::parse::control::read_changes;
use crate::series::{Workbook, open_text};
use crate::simulate::{self, Accuracy, Difference, Method, Settings};
use crate::study::scenario_settings;
use std::path::Path;

/// Runs the command.
pub fn run(arguments: &Run, share: &Share, colour: Colour) -> ExitStatus {
    let mut faults = Vec::new();
    let sets = overrides(arguments, &mut faults);
    let method = arguments.method.as_deref().and_then(|text| method(text, &mut faults));
    let variation = Variation::read(&arguments.vary).unwrap_or_else(|found| {
        faults.extend(found);
        Variation::default()
    });
    if !faults.is_empty() {
        return refuse(&faults, colour, ExitStatus::Usage);
    }
    let overrides = with(&changes(arguments, &mut faults), &sets);
    let data = data(arguments, &mut faults);
    if !faults.is_empty() {
        return refuse(&faults, colour, ExitStatus::Unusable);
    }
    let Loaded { checked, mut diagnostics, .. } = load(&arguments.model);
    let Some(checked) = checked else { return refuse(&diagnostics, colour, ExitStatus::Unusable) };
    // Notes are for `levada check`.
    diagnostics.retain(|diagnostic| diagnostic.severity != Severity::Note);
    let landing = match arguments.switches {
        Some(Switches::Land) => Landing::Exact,
        Some(Switches::Grid) => Landing::Grid,
        None if method.is_some() => Landing::Exact,
        None => Landing::Grid,
    };
    let stated = checked.model().control.method.as_ref().map(|stated| stated.text.clone());
    let method = method.unwrap_or_else(|| {
        stated.as_deref().map_or(Method::Euler, |text| {
            text.parse().unwrap_or_else(|()| {
                diagnostics.push(unknown_method(
                    text,
                    "the model file asks for a method that Levada does not have, Euler is used",
                ));
                Method::Euler
            })
        })
    });
    let overrides = match arguments.scenario.as_deref().map(|path| scenario(path, &checked, &overrides)) {
        None => overrides,
        Some(Ok(settings)) => with(&settings, &overrides),
        Some(Err(faults)) => return refuse(&faults, colour, ExitStatus::Unusable),
    };
    let request = Request {
        landing,
        overrides: overrides.clone(),
        outputs: if arguments.saves.is_empty() { Outputs::All } else { Outputs::Chosen(arguments.saves.clone()) },
        data,
        jacobian: method.wants_jacobian(),
        ..Request::default()
    };
    let program = match compile(&checked, &request) {
        Ok(program) => program,
        Err(faults) => {
            diagnostics.extend(faults);
            return refuse(&diagnostics, colour, ExitStatus::Unusable);
        }
    };
    if let (Some(Switches::Land), Some(store)) = (&arguments.switches, &program.store) {
        let fault = simulate::Failure::NeedsGrid { variable: store.clone() }.diagnostic();
        return refuse(&[fault], colour, ExitStatus::Usage);
    }
    if let Some(fault) = arguments.step.as_ref().and_then(|_| beyond_run(&program)) {
        return refuse(&[fault], colour, ExitStatus::Usage);
    }
    let settings = Settings {
        method,
        relative: arguments.tolerance,
        absolute: arguments.tolerance * 1e-3,
        seed: arguments.seed.or(variation.seed).unwrap_or(1),
        budget: arguments.max_steps,
        ..Settings::default()
    };
    let plan = match ensemble::is_asked(arguments) {
        true => match ensemble::plan(arguments, &variation, &overrides, &checked, &program) {
            Ok(plan) => Some(plan),
            Err(found) => {
                diagnostics.extend(found);
                return refuse(&diagnostics, colour, ExitStatus::Usage);
            }
        },
        false => None,
    };
    show(&diagnostics, colour);
    let table = match (&plan, arguments.member) {
        (Some(plan), None) => return ensemble::ensemble(arguments, &program, &settings, plan, share, colour),
        (Some(plan), Some(number)) => ensemble::member(&program, &settings, plan, number),
        (None, _) => simulate::run_once(&program, &settings).map_err(|failure| failure.diagnostic()).map(|saved| {
            show(&saved.stiff.map(|since| stiff(method, since, saved.steps)).into_iter().collect::<Vec<_>>(), colour);
            simulate::table(&program, saved)
        }),
    };
    let table = match table {
        Ok(table) => table,
        Err(found) => return refuse(&[found], colour, ExitStatus::Unusable),
    };
    // The finer runs have the model's own constants, not a member's.
    if !arguments.unchecked && plan.is_none() {
        show(&[integration_error(&simulate::accuracy(&program, &settings, &table))], colour);
    }
    match &arguments.out {
        Some(path) => match table.write(path) {
            Ok(()) => ExitStatus::Done,
            Err(fault) => refuse(&[fault.diagnostic()], colour, ExitStatus::Unusable),
        },
        None => answer(colour, |out| table.csv(out)),
    }
}

/// What a scenario file sets; `overrides` are settings of the command line, which its dates are held against.
pub fn scenario(
    path: &Path,
    checked: &CheckedModel,
    overrides: &[(String, f64)],
) -> Result<Vec<(String, f64)>, Vec<Diagnostic>> {
    let request = Request { overrides: overrides.to_vec(), outputs: Outputs::Chosen(Vec::new()), ..Request::default() };
    let program = compile(checked, &request)?;
    // Dates are years; in a model of days they would be mistaken for days.
    let in_years = checked.units().time.as_ref().is_none_or(|unit| unit.to_string().eq_ignore_ascii_case("year"));
    let calendar = if in_years { Calendar::Years } else { Calendar::Numbers };
    scenario_settings(path, &calendar, checked, &program.constants)
}

/// That the step is longer than the whole run, where both are known beforehand.
fn beyond_run(program: &Program) -> Option<Diagnostic> {
    let value = |name: &str| program.constants.iter().find(|constant| constant.name == name).map(|c| c.value);
    let (start, stop, step) = (value("INITIAL TIME")?, value("FINAL TIME")?, value("TIME STEP")?);
    let long = step > stop - start;
    long.then(|| {
        Diagnostic::error("bad-step", format!("a step of {step} is longer than the run from {start} to {stop}"))
            .help("write a shorter step: --step 0.0625, --step 1/16")
    })
}

/// What the file of changes sets.
fn changes(arguments: &Run, faults: &mut Vec<Diagnostic>) -> Vec<(String, f64)> {
    let Some(path) = &arguments.changes else { return Vec::new() };
    match open_text(path) {
        Ok(source) => {
            let (changes, found) = read_changes(&source);
            faults.extend(found);
            changes.into_iter().map(|change| (change.name, change.value)).collect()
        }
        Err(fault) => {
            faults.push(fault.diagnostic());
            Vec::new()
        }
    }
}

/// The series of the data files, by the names of their columns.
fn data(arguments: &Run, faults: &mut Vec<Diagnostic>) -> Vec<DataSeries> {
    let mut data = Vec::new();
    for path in &arguments.data {
        let tabs = path.extension().is_some_and(|extension| extension != "csv");
        let columns = Workbook::open(path, if tabs { "\t" } else { "," }).and_then(|book| book.columns(""));
        match columns {
            Ok(columns) => data.extend(columns.into_iter().map(|(name, points)| DataSeries { name, points })),
            Err(fault) => {
                faults.push(Diagnostic::error("data-file", fault.words()).help(
                    "give a table with the times in its first column and a variable's name above each other column",
                ))
            }
        }
    }
    data
}

/// The estimates of the integration error, worded.
fn integration_error(accuracy: &Accuracy) -> Diagnostic {
    let against = |difference: &Option<Difference>| match difference {
        Some(Difference { variable, time, relative }) => {
            format!("{relative:.1e} of its largest value (`{variable}` at time {time})")
        }
        None => "none".to_owned(),
    };
    let halved = match &accuracy.halved {
        Ok(difference) => against(difference),
        Err(_) => "no answer, the finer run failed".to_owned(),
    };
    let independent = match &accuracy.independent {
        Ok(difference) => against(difference),
        Err(refusal) => format!("no answer, {}", refusal.words()),
    };
    Diagnostic::note(
        "integration-error",
        format!("largest difference to a run with half the step: {halved}; to an independent code: {independent}"),
    )
}

/// What a run found to be stiff should be told.
fn stiff(method: Method, since: f64, steps: u64) -> Diagnostic {
    match method {
        Method::Automatic => Diagnostic::note("stiff", format!("the model is stiff: rodas took over at time {since}")),
        _ => Diagnostic::warning(
            "stiff",
            format!(
                "the model is stiff from time {since} on: most of the {steps} steps of {method} keep it stable only"
            ),
        )
        .help("use --method rodas"),
    }
}

fn overrides(arguments: &Run, faults: &mut Vec<Diagnostic>) -> Vec<(String, f64)> {
    let mut overrides = settings(&arguments.sets, faults);
    if let Some(text) = &arguments.step {
        match number(text) {
            Some(step) if step > 0.0 => overrides.push(("TIME STEP".to_owned(), step)),
            _ => faults.push(
                Diagnostic::error("bad-step", format!("`{text}` is not a positive time step"))
                    .help("write a number or a fraction: --step 0.0625, --step 1/16"),
            ),
        }
    }
    overrides
}

/// What every `--set` sets.
pub fn settings(sets: &[String], faults: &mut Vec<Diagnostic>) -> Vec<(String, f64)> {
    let mut overrides = Vec::new();
    for text in sets {
        match text.rsplit_once('=').map(|(name, value)| (name.trim(), number(value))) {
            Some((name, Some(value))) if !name.is_empty() => overrides.push((name.to_owned(), value)),
            _ => faults.push(
                Diagnostic::error("bad-setting", format!("`--set {text}` is not of the form \"name=value\""))
                    .help("write for example --set \"contact rate=0.3\""),
            ),
        }
    }
    overrides
}

/// A number, or a fraction of two.
fn number(text: &str) -> Option<f64> {
    let plain = |text: &str| text.trim().parse::<f64>().ok().filter(|value| value.is_finite());
    match text.split_once('/') {
        None => plain(text),
        Some((above, below)) => Some(plain(above)? / plain(below)?).filter(|value| value.is_finite()),
    }
}

pub fn method(text: &str, faults: &mut Vec<Diagnostic>) -> Option<Method> {
    let parsed = text.parse().ok();
    if parsed.is_none() {
        let mut fault = unknown_method(text, "there is no such method");
        fault.severity = Severity::Error;
        faults.push(fault);
    }
    parsed
}

fn unknown_method(text: &str, what: &str) -> Diagnostic {
    Diagnostic::warning("unknown-method", format!("method `{text}`: {what}"))
        .help("choose euler, rk2, rk4, dopri5, rodas or auto")
}
