//! A problem's folder into a model, data and bounds.

use levada::calendar::{Fraction, Window};
use levada::check::CheckedModel;
use levada::diagnostic::Source;
use levada::estimate::objective::{
    Datum, Density, Design, Experiment, Gauge, Noise, Objective, Observation, Operator, Reading, Role, Use,
};
use levada::estimate::{Parameter, Transform};
use levada::parse::vensim;
use levada::simulate::{Method, Settings};
use std::path::PathBuf;

/// One recorded value.
pub struct Record {
    pub observable: String,
    pub time: f64,
    pub value: f64,
    pub condition: String,
}

/// A number of the description: `name: [lower, upper, …]` or `name: {start1: …, …}`.
pub struct Entry {
    pub name: String,
    pub numbers: Vec<f64>,
}

pub struct Folder {
    pub checked: CheckedModel,
    pub records: Vec<Record>,
    pub entries: Vec<Entry>,
    pub experiments: Vec<Experiment>,
}

/// What one observable observes.
pub struct Observed<'a> {
    pub observable: &'a str,
    pub quantity: &'a str,
    /// The length over which the datum is a total up to its time; zero for a level.
    pub total: f64,
    pub noise: Noise,
    pub coverage: Option<usize>,
    pub scale: Option<usize>,
}

impl Folder {
    /// `None`, and a word about it, where the problems do not stand beside the repository.
    pub fn open(id: &str) -> Option<Folder> {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/problems")).join(id);
        let text = |file: &str| std::fs::read_to_string(folder.join(file));
        let (Ok(model), Ok(data), Ok(problem)) = (text("model.mdl"), text("data.csv"), text("problem.md")) else {
            eprintln!("skipped: no problem {id} beside the repository");
            return None;
        };
        let source = Source::new("model.mdl", model);
        let (model, _) = vensim::read(&source, &folder);
        let (checked, found) = levada::check::check(&source, model, &Default::default());
        let checked = checked.unwrap_or_else(|| panic!("{found:?}"));
        let records = data.lines().skip(1).map(|line| {
            let cells: Vec<&str> = line.trim().split(',').collect();
            Record {
                observable: cells[0].to_owned(),
                time: cells[1].parse().unwrap(),
                value: cells[2].parse().unwrap(),
                condition: cells.get(3).copied().unwrap_or_default().to_owned(),
            }
        });
        let records = records.collect();
        let mut folder = Folder { checked, records, entries: Vec::new(), experiments: Vec::new() };
        let mut section = String::new();
        for line in problem.lines() {
            let Some((key, rest)) = line.split_once(':') else { continue };
            let indented = line.starts_with(' ');
            let key = key.trim().to_owned();
            if !indented {
                section.clone_from(&key);
            }
            match (section.as_str(), indented) {
                ("parameters", true) => folder.entries.push(Entry { name: key, numbers: numbers(rest) }),
                ("bounds", false) => {
                    let inside = rest.trim().trim_start_matches('{');
                    for part in inside.split(']') {
                        let Some((name, range)) = part.split_once(": [") else { continue };
                        let name = name.trim_matches([',', ' ', '{']).to_owned();
                        folder.entries.push(Entry { name, numbers: numbers(&format!("[{range}]")) });
                    }
                }
                ("conditions", true) => {
                    let inside = rest.trim().trim_matches(['{', '}', ' ']);
                    let constants = inside.split(',').map(|pair| {
                        let (name, value) = pair.split_once(':').unwrap();
                        (folder.constant(name.trim()), value.trim().parse().unwrap())
                    });
                    let experiment = Experiment { name: key, constants: constants.collect() };
                    folder.experiments.push(experiment);
                }
                _ => {}
            }
        }
        Some(folder)
    }

    /// The model's spelling of a name of the description.
    pub fn constant(&self, name: &str) -> String {
        let names = || self.checked.model().variables.iter().map(|variable| variable.name.text());
        let spaced = |name: &str| name.replace('_', " ").to_lowercase();
        let exact = names().find(|known| *known == name);
        exact.or_else(|| names().find(|known| spaced(known) == spaced(name))).unwrap_or(name).to_owned()
    }

    pub fn entry(&self, name: &str) -> &Entry {
        self.entries.iter().find(|entry| entry.name == name).unwrap_or_else(|| panic!("no {name}"))
    }

    /// A parameter searched by its logarithm between the bounds of the description, from their geometric centre.
    pub fn parameter(&self, name: &str) -> Parameter {
        let [lower, upper] = self.entry(name).numbers[..2] else { panic!("no bounds of {name}") };
        Parameter::new(name, (lower * upper).sqrt()).within(lower, upper).on(Transform::Log)
    }

    /// Parameters of the description that are constants of the model.
    pub fn constants(&self) -> Vec<(Parameter, Role)> {
        let known = |name: &str| {
            let spelled = self.constant(name);
            self.checked.model().variables.iter().any(|variable| variable.name.text() == spelled)
        };
        let entries = self.entries.iter().filter(|entry| known(&entry.name));
        entries.map(|entry| (self.parameter(&entry.name), Role::Constant(self.constant(&entry.name)))).collect()
    }

    pub fn objective(
        &self,
        parameters: Vec<(Parameter, Role)>,
        observed: &[Observed],
        settings: Settings,
    ) -> Objective {
        let mut observations = Vec::new();
        for observed in observed {
            for experiment in 0..self.experiments.len().max(1) {
                let condition = self.experiments.get(experiment).map_or("", |experiment| &experiment.name);
                let records = self
                    .records
                    .iter()
                    .filter(|record| record.observable == observed.observable && record.condition == condition);
                let data: Vec<Datum> = records
                    .map(|record| Datum {
                        window: Window { start: record.time - observed.total, end: record.time },
                        label: record.time.to_string(),
                        value: record.value,
                        scale: 1.0,
                        purpose: Use::Fit,
                    })
                    .collect();
                if !data.is_empty() {
                    observations.push(self.observation(observed, experiment, data));
                }
            }
        }
        let design = Design {
            parameters,
            observations,
            experiments: self.experiments.clone(),
            pools: Vec::new(),
            processes: Vec::new(),
            overrides: Vec::new(),
            settings,
            density: Density::Natural,
        };
        Objective::new(&self.checked, design).unwrap_or_else(|found| panic!("{found:?}"))
    }

    fn observation(&self, observed: &Observed, experiment: usize, data: Vec<Datum>) -> Observation {
        let source = Source::new("quantity", observed.quantity);
        let quantity = vensim::read_expression(&source, 0..observed.quantity.len()).unwrap();
        let reading = if observed.total > 0.0 { Reading::Total } else { Reading::Level(Fraction::End) };
        Observation {
            name: observed.observable.to_owned(),
            vendor: String::new(),
            unit: String::new(),
            shown: (1.0, String::new()),
            gauge: Gauge::new(quantity, Operator::Of(reading)).unwrap(),
            noise: observed.noise,
            coverage: observed.coverage,
            inflation: observed.scale,
            noise_before_coverage: observed.coverage.is_some(),
            memory: None,
            experiment,
            judgement: false,
            data,
        }
    }
}

fn numbers(text: &str) -> Vec<f64> {
    let text = text.split('#').next().unwrap_or_default();
    text.split([',', '[', ']', '{', '}', ' ']).filter_map(|word| word.parse().ok()).collect()
}

pub fn adaptive(method: Method, relative: f64) -> Settings {
    Settings { method, relative, absolute: relative * 1e-3, budget: 200_000, ..Settings::default() }
}
