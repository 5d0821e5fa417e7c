//! The models of this repository as the tests use them: read, checked, compiled, run, compared.

use levada::check::{CheckedModel, check};
use levada::compile::{Program, Request, compile, element_key};
use levada::model::Model;
use levada::parse;
use levada::simulate::{self, Member, Method, Settings};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// A path inside the repository.
pub fn inside(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Reads a model that must be without any finding.
pub fn declared(path: &str) -> (Arc<levada::diagnostic::Source>, Model) {
    let (read, findings) = parse::read_file(&inside(path));
    assert_eq!(findings, [], "{path}");
    read.unwrap_or_else(|| panic!("{path} is not read"))
}

/// Checks a declared model that must be without any finding, units included.
pub fn checked(source: &Arc<levada::diagnostic::Source>, model: Model) -> CheckedModel {
    let (checked, findings) = check(source, model, &HashMap::new());
    assert_eq!(findings, [], "{}", source.path.display());
    checked.expect("a model without findings is sound")
}

/// The checked model of a file, read once.
pub fn model(path: &'static str) -> &'static CheckedModel {
    static MODELS: OnceLock<std::sync::Mutex<HashMap<&'static str, &'static CheckedModel>>> = OnceLock::new();
    let mut models = MODELS.get_or_init(Default::default).lock().expect("no reader of a model panicked");
    models.entry(path).or_insert_with(|| {
        let (source, model) = declared(path);
        Box::leak(Box::new(checked(&source, model)))
    })
}

pub fn program(model: &CheckedModel, request: &Request) -> Program {
    compile(model, request).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// What a run saved, by name.
#[derive(Clone, Debug)]
pub struct Run {
    pub time: Vec<f64>,
    pub columns: Vec<(String, Vec<f64>)>,
}

impl Run {
    pub fn of(&self, name: &str) -> &[f64] {
        let found = self.columns.iter().find(|(column, _)| column == name);
        &found.unwrap_or_else(|| panic!("`{name}` was not saved")).1
    }

    /// The value of a column at a saved time.
    pub fn at(&self, name: &str, time: f64) -> f64 {
        let row = self.time.iter().position(|saved| (saved - time).abs() < 1e-9);
        self.of(name)[row.unwrap_or_else(|| panic!("{time} was not saved"))]
    }

    pub fn last(&self, name: &str) -> f64 {
        *self.of(name).last().expect("a run saves at least its start")
    }
}

/// Runs a program once for each list of changed constants.
pub fn runs(program: &Program, method: Method, changes: Vec<Vec<(usize, f64)>>) -> Vec<Run> {
    let settings = Settings { method, ..Settings::default() };
    let members: Vec<Member> =
        changes.into_iter().enumerate().map(|(number, changes)| Member { number: number as u64, changes }).collect();
    let width = program.outputs.len();
    simulate::run_members(program, &settings, &members)
        .into_iter()
        .map(|saved| {
            let saved = saved.unwrap_or_else(|failure| panic!("{:?}", failure.diagnostic()));
            let column = |index: usize| saved.rows.iter().skip(index).step_by(width).copied().collect();
            let columns =
                program.outputs.iter().enumerate().map(|(index, output)| (output.name.clone(), column(index)));
            Run { columns: columns.collect(), time: saved.times }
        })
        .collect()
}

pub fn run(model: &CheckedModel, request: &Request, method: Method) -> Run {
    runs(&program(model, request), method, vec![Vec::new()]).remove(0)
}

/// The index of a constant: `name` or `name[element]`.
pub fn constant(program: &Program, name: &str) -> usize {
    let key = element_key(name);
    let found = program.constants.iter().position(|constant| element_key(&constant.name) == key);
    found.unwrap_or_else(|| panic!("the model has no constant `{name}`"))
}

/// The largest difference of two columns against the largest value of the second.
pub fn distance(run: &[f64], reference: &[f64]) -> f64 {
    assert_eq!(run.len(), reference.len());
    let largest = reference.iter().fold(f64::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
    run.iter().zip(reference).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / largest
}
