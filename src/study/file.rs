//! Reads a study file: TOML into [`Study`], with every fault of the file in one run. Model, data and scenario files are
//! not opened here.

use super::document::{Fields, Located, Notebook, with_document};
use super::entry::*;
use super::fault::Fault;
use super::observe::{self, quantity};
use super::{panel, parameter, process, questions, scenario, search};
use crate::calendar::{Calendar, Fraction, Origin, Period, TimeUnit};
use crate::diagnostic::{Diagnostic, Source, Span};
use crate::estimate::objective::Tail;
use crate::series::open_text;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Reads the study file at `path`.
///
/// # Errors
/// Every fault of the file.
pub fn read_study(path: &Path) -> Result<Study, Vec<Diagnostic>> {
    let source = open_text(path).map_err(|fault| vec![fault.diagnostic()])?;
    read_study_text(&source)
}

/// Reads the text of a study file.
///
/// # Errors
/// As [`read_study`].
pub fn read_study_text(source: &Arc<Source>) -> Result<Study, Vec<Diagnostic>> {
    let notebook = Notebook::new(source);
    let (study, mut refused) = with_document(&notebook, |fields| {
        let mut refused = Vec::new();
        (study(fields, source, &mut refused), refused)
    });
    let mut findings = notebook.into_findings();
    // What follows a slip of syntax is read wrongly, so nothing is said about it.
    if findings.iter().any(|finding| matches!(finding.fault, Fault::Syntax { .. })) {
        findings.retain(|finding| matches!(finding.fault, Fault::Syntax { .. }));
        refused.clear();
    }
    let mut diagnostics: Vec<(Span, Diagnostic)> =
        findings.iter().map(|finding| (finding.span, finding.diagnostic())).collect();
    diagnostics.extend(
        refused
            .into_iter()
            .map(|diagnostic| (diagnostic.label.as_ref().map_or_else(Span::default, |(span, _)| *span), diagnostic)),
    );
    diagnostics.sort_by_key(|(span, _)| *span);
    match study {
        Some(study) if diagnostics.is_empty() => Ok(study),
        _ => Err(diagnostics.into_iter().map(|(_, diagnostic)| diagnostic).collect()),
    }
}

/// `refused` takes what the reader of expressions says.
fn study(fields: &Fields, source: &Arc<Source>, refused: &mut Vec<Diagnostic>) -> Option<Study> {
    let folder = scenario::folder(source);
    let name = fields.text("name").map(|name| name.value);
    let title = fields.required("title", fields.text("title")).map(|title| title.value);
    let question = fields.text("question").map(|text| text.value).unwrap_or_default();
    let assumptions = fields.texts("assumptions").into_iter().map(|text| text.value).collect();
    let model = fields.required("model", fields.text("model"));
    let run = run(fields);
    let (fit, tail) = fit(fields);
    let data = fields.table("data").map(|table| files(&table, &folder)).unwrap_or_default();
    let set = fields.table("set").map(|table| scenario::settings(&table)).unwrap_or_default();
    let experiments: Vec<ExperimentEntry> = fields.tables("experiment").iter().filter_map(panel::experiment).collect();
    let observe: Vec<Observe> =
        fields.tables("observe").iter().filter_map(|table| observe::observe(table, tail, refused)).collect();
    let parameters: Vec<ParameterEntry> = fields.tables("parameter").iter().filter_map(parameter::parameter).collect();
    let processes: Vec<ProcessEntry> = fields.tables("process-noise").iter().filter_map(process::process).collect();
    let scenarios = fields.tables("scenario").iter().filter_map(|table| scenario_entry(table, &folder, &run)).collect();
    let outcomes: Vec<Outcome> = fields.tables("outcome").iter().filter_map(|table| outcome(table, refused)).collect();
    let conserved: Vec<Conserved> =
        fields.tables("conserved").iter().filter_map(|table| conserved(table, refused)).collect();
    let calibrate = calibrate(fields.table("calibrate"));
    let compare = questions::compare(fields.table("compare"));
    let attributions: Vec<AttributionEntry> =
        fields.tables("attribution").iter().filter_map(questions::attribution).collect();
    let searches = fields.tables("search").iter().filter_map(search::entry).collect();
    let sensitivity = fields.table("sensitivity").map(|table| questions::sensitivity(&table));
    let exhibits = fields.table("exhibits").map(|table| exhibits(&table, refused)).unwrap_or_default();
    let quick = quick(fields.table("quick"));
    let steps = super::steps::steps(fields);
    let package = fields.table("package").map(|table| package(&table)).unwrap_or_default();
    unique(fields, "observations", observe.iter().map(|entry| &entry.name));
    unique(fields, "experiments", experiments.iter().map(|entry| &entry.name));
    unique(fields, "parameters", parameters.iter().map(|entry| &entry.name));
    unique(fields, "stocks with process noise", processes.iter().map(|entry| &entry.stock));
    unique(fields, "outcomes", outcomes.iter().map(|entry| &entry.name));
    unique(fields, "attributions", attributions.iter().map(|entry| &entry.name));
    unique(fields, "identities", conserved.iter().map(|entry| &entry.name));
    for setting in &set {
        let same = |entry: &&ParameterEntry| key(&entry.name.value) == key(&setting.constant.value);
        if parameters.iter().any(|entry| same(&entry)) {
            fields.report(Fault::SetAndEstimated { name: setting.constant.value.clone() }, setting.constant.span);
        }
    }
    let (title, model) = (title?, model?);
    Some(Study {
        source: source.clone(),
        name: name.unwrap_or_else(|| default_name(&folder, &source.path)),
        title,
        question,
        assumptions,
        model: model.map(|path| folder.join(path)),
        folder,
        run,
        data,
        set,
        fit,
        experiments,
        observe,
        parameters,
        processes,
        scenarios,
        outcomes,
        conserved,
        calibrate,
        compare,
        attributions,
        searches,
        sensitivity,
        exhibits,
        quick,
        steps,
        package,
    })
}

/// The folder's name, or the file's where it lies in the working folder.
fn default_name(folder: &Path, path: &Path) -> String {
    let name = folder.file_name().or(path.file_stem());
    name.map_or_else(|| "study".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Names are compared as the model compares them.
fn key(name: &str) -> String {
    crate::model::Name::new(name).key().to_owned()
}

fn unique<'a>(fields: &Fields, what: &'static str, names: impl Iterator<Item = &'a Located<String>>) {
    let mut seen: HashMap<String, Span> = HashMap::new();
    for name in names {
        if let Some(first) = seen.get(&key(&name.value)) {
            let fault = Fault::RepeatedName { what, name: name.value.clone(), first: *first };
            fields.report(fault, name.span);
        } else {
            seen.insert(key(&name.value), name.span);
        }
    }
}

fn files(table: &Fields, folder: &Path) -> Vec<NamedPath> {
    let names = table.names().into_iter();
    names
        .filter_map(|name| {
            let path = table.text_of(&name.value)?.map(|path| folder.join(path));
            Some(NamedPath { name: name.value, path })
        })
        .collect()
}

fn run(fields: &Fields) -> Run {
    const METHODS: &[(&str, &str)] = &[
        ("euler", "euler"),
        ("rk2", "rk2"),
        ("rk4", "rk4"),
        ("dopri5", "dopri5"),
        ("rodas", "rodas"),
        ("auto", "auto"),
    ];
    let mut run =
        Run { calendar: Calendar::Years, method: None, step: None, start: None, stop: None, seed: DEFAULT_SEED };
    let Some(table) = fields.table("run") else { return run };
    if table.is_table("calendar") {
        if let Some(inner) = table.table("calendar") {
            run.calendar = counted(&inner).unwrap_or(Calendar::Years);
        }
    } else if let Some(calendar) =
        table.choice("calendar", &[("years", Calendar::Years), ("numbers", Calendar::Numbers)])
    {
        run.calendar = calendar.value;
    }
    run.method = table.choice("method", METHODS).map(|method| method.map(str::to_owned));
    run.step = step(&table, "step");
    run.start = table.time("start", &run.calendar, Fraction::Start);
    run.stop = table.time("stop", &run.calendar, Fraction::End);
    run.seed = table.count("seed", 0).map_or(DEFAULT_SEED, |seed| seed.value);
    run
}

/// Fixed, so that two runs of one study agree; recorded in every result.
const DEFAULT_SEED: u64 = 1;

fn counted(table: &Fields) -> Option<Calendar> {
    const UNITS: &[(&str, TimeUnit)] = &[
        ("year", TimeUnit::Year),
        ("quarter", TimeUnit::Quarter),
        ("month", TimeUnit::Month),
        ("week", TimeUnit::Week),
        ("day", TimeUnit::Day),
    ];
    let unit = table.required("unit", table.choice("unit", UNITS));
    let origin = table.required("origin", table.period("origin"));
    let time = table.number("at").map_or(0.0, |time| time.value);
    let origin = origin?;
    match Period::read(&origin.value) {
        Ok(period) => Some(Calendar::Counted { unit: unit?.value, origin: Origin { date: period.first, time } }),
        Err(_) => {
            table.report(Fault::NotAPeriod { text: origin.value, numbers: false }, origin.span);
            None
        }
    }
}

/// A step in time units: a number, or a fraction such as "1/64".
fn step(table: &Fields, key: &'static str) -> Option<Located<f64>> {
    let step = match table.is_text(key) {
        false => table.number(key)?,
        true => {
            let text = table.text(key)?;
            let parts = text.value.split_once('/').map(|(above, below)| (above.trim().parse(), below.trim().parse()));
            match parts {
                Some((Ok(above), Ok(below))) => {
                    let (above, below): (f64, f64) = (above, below);
                    Located::new(above / below, text.span)
                }
                _ => {
                    let fault = Fault::WrongType {
                        key: key.to_owned(),
                        wanted: "a number, or a fraction such as \"1/64\"",
                        found: "text",
                    };
                    table.report(fault, text.span);
                    return None;
                }
            }
        }
    };
    positive(table, key, step)
}

pub(in crate::study) fn positive(table: &Fields, key: &str, number: Located<f64>) -> Option<Located<f64>> {
    if number.value > 0.0 && number.value.is_finite() {
        return Some(number);
    }
    table.report(Fault::NotPositive { key: key.to_owned(), value: number.value }, number.span);
    None
}

/// The windows, and the tail that noise has where it states none.
fn fit(fields: &Fields) -> (Fit, Tail) {
    let Some(table) = fields.table("fit") else { return (Fit::default(), Tail::Normal) };
    let tail = observe::tail(&table);
    let inflate = table.table("inflate").and_then(|table| parameter::prior(&table));
    (Fit { window: table.period("window"), hold_out: table.period("hold-out"), inflate }, tail.unwrap_or_default())
}

fn scenario_entry(table: &Fields, folder: &Path, run: &Run) -> Option<ScenarioEntry> {
    if let Some(file) = table.text("file") {
        return Some(ScenarioEntry::File(file.map(|path| folder.join(path))));
    }
    let name = table.required("name", table.text("name"))?;
    let (scenario, extends) = scenario::body(table, table.source(), &run.calendar, name.value);
    Some(ScenarioEntry::Here { scenario, extends, span: name.span })
}

fn outcome(table: &Fields, refused: &mut Vec<Diagnostic>) -> Option<Outcome> {
    let name = table.required("name", table.text("name"));
    let title = table.text("title").map(|title| title.value);
    let quantity = quantity(table, "quantity", refused);
    let operator = observe::operator(table, Some("level-end"));
    let unit = table.text("unit");
    let factor = table.number("factor").map_or(1.0, |factor| factor.value);
    let sum_up = questions::sum_up(table);
    let (name, quantity, operator) = (name?, quantity?, operator?);
    let title = title.unwrap_or_else(|| name.value.clone());
    Some(Outcome { name, title, quantity, operator, unit, factor, sum_up })
}

fn conserved(table: &Fields, refused: &mut Vec<Diagnostic>) -> Option<Conserved> {
    let name = table.required("name", table.text("name"));
    let tolerance = table.number("tolerance").and_then(|number| positive(table, "tolerance", number));
    let level = quantity(table, "level", refused);
    let rule = if table.has("change") {
        if table.has("equals") {
            table.report(Fault::Either { first: "change", second: "equals" }, table.key_span("equals"));
            table.know(&["equals"]);
        }
        level.zip(quantity(table, "change", refused)).map(|(level, change)| ConservedRule::Balance { level, change })
    } else {
        level.zip(quantity(table, "equals", refused)).map(|(level, equals)| ConservedRule::Equal { level, equals })
    };
    const TOLERANCE: f64 = 1e-9;
    Some(Conserved { name: name?, rule: rule?, tolerance: tolerance.map_or(TOLERANCE, |number| number.value) })
}

fn calibrate(table: Option<Fields>) -> Calibrate {
    let Some(table) = table else {
        return Calibrate { method: Located::new(TRUST_REGION.to_owned(), Span::default()), starts: 8, reach: 3.0 };
    };
    let method = table.choice("method", CALIBRATION_METHODS).map(|method| method.map(str::to_owned));
    let starts = table.count("starts", 1).map_or(8, |starts| starts.value as usize);
    let reach = table.number("reach").and_then(|number| positive(&table, "reach", number));
    Calibrate {
        method: method.unwrap_or_else(|| Located::new(TRUST_REGION.to_owned(), table.span)),
        starts,
        reach: reach.map_or(3.0, |reach| reach.value),
    }
}

const TRUST_REGION: &str = "trust-region";
const CALIBRATION_METHODS: &[(&str, &str)] = &[
    (TRUST_REGION, TRUST_REGION),
    ("scatter-search", "scatter-search"),
    ("lbfgs", "lbfgs"),
    ("nelder-mead", "nelder-mead"),
    ("differential-evolution", "differential-evolution"),
    ("cma-es", "cma-es"),
    ("particle-swarm", "particle-swarm"),
];

fn quick(table: Option<Fields>) -> Quick {
    let Some(table) = table else { return Quick { starts: 1, step: None } };
    let starts = table.count("starts", 1).map_or(1, |starts| starts.value as usize);
    Quick { starts, step: step(&table, "step") }
}

fn package(table: &Fields) -> Package {
    let text = |key| table.text(key).map(|text| text.value).unwrap_or_default();
    Package {
        authors: table.texts("authors").into_iter().map(|text| text.value).collect(),
        paper: text("paper"),
        rights: text("rights"),
        licence: text("licence"),
    }
}

fn exhibits(table: &Fields, refused: &mut Vec<Diagnostic>) -> Exhibits {
    let cohorts = table.tables("cohorts");
    Exhibits {
        shade: table.texts("shade"),
        counterfactuals: table.texts("counterfactuals"),
        cohorts: cohorts.iter().filter_map(|table| cohort(table, refused)).collect(),
    }
}

fn cohort(table: &Fields, refused: &mut Vec<Diagnostic>) -> Option<CohortEntry> {
    let title = table.required("title", table.text("title"));
    let unit = table.text("unit").map(|unit| unit.value).unwrap_or_default();
    let groups = table.required("groups", table.table("groups"))?;
    let groups = groups
        .names()
        .into_iter()
        .filter_map(|name| Some((name.value.clone(), observe::quantity_of(&groups, &name.value, refused)?)))
        .collect();
    Some(CohortEntry { title: title?.value, unit, groups })
}

#[cfg(test)]
mod tests {
    use super::read_study_text;
    use crate::diagnostic::{Source, render};
    use crate::study::{Data, Study};

    fn read(text: &str) -> Result<Study, String> {
        read_study_text(&Source::new("study.toml", text)).map_err(|found| found.iter().map(render).collect())
    }

    const HEAD: &str = "title = \"T\"\nmodel = \"m.mdl\"\n";

    #[test]
    fn a_small_study_is_read() {
        let study = read(&format!(
            "{HEAD}[run]\nstep = \"1/64\"\nseed = 7\n\
             [[observe]]\nname = \"rent\"\nvalues = {{ \"2015\" = 1, \"2016\" = 1.5 }}\n\
             quantity = 'rent*\"floor space\"'\noperator = \"mean\"\n\
             noise = {{ kind = \"lognormal\", scale = {{ \"..2015\" = 0.3, \"2016..\" = 0.2 }} }}\n\
             [[parameter]]\nname = \"tau rent\"\nprior = {{ kind = \"lognormal\", median = 1.5, sd = 0.2 }}\n"
        ))
        .unwrap();
        assert_eq!((study.run.step.unwrap().value, study.run.seed), (1.0 / 64.0, 7));
        assert_eq!(study.observe[0].quantity.text, "rent*\"floor space\"");
        assert!(matches!(&study.observe[0].data, Data::Here(values) if values.len() == 2));
        assert_eq!(
            study.parameters[0].prior.as_ref().unwrap().value.to_string(),
            "lognormal, median 1.5, sd of log 0.2"
        );
    }

    #[test]
    fn keys_that_are_unknown_missing_or_of_the_wrong_type_are_all_told() {
        let text = "titel = \"T\"\nmodel = 3\n[run]\nstep = \"a/b\"\nmethod = \"rk5\"\nsede = 1\n\
                    [[observe]]\nseries = \"rent\"\nquantity = \"rent +\"\noperator = \"meen\"\n\
                    noise = { kind = \"lognormal\", scale = -1, scala = 2 }\n\
                    [[parameter]]\nname = \"a\"\nbounds = [1]\nprior = { kind = \"normal\", mean = 0 }\n\
                    [[parameter]]\nname = \"A\"\n";
        assert_eq!(
            read(text).unwrap_err(),
            r#"error[missing-key]: the file needs the key `title`
 --> study.toml:1:1
  |
1 | titel = "T"
  | ^ not in this table
  |
  = help: add `title = …`
error[unknown-key]: the file has no key `titel`
 --> study.toml:1:1
  |
1 | titel = "T"
  | ^^^^^ unknown key
  |
  = help: did you mean `title`?
error[wrong-type]: `model` is a number where it should be text in quotation marks
 --> study.toml:2:9
  |
2 | model = 3
  |         ^ expected text in quotation marks
  |
  = help: write `model = …` with text in quotation marks
error[wrong-type]: `step` is text where it should be a number, or a fraction such as "1/64"
 --> study.toml:4:8
  |
4 | step = "a/b"
  |        ^^^^^ expected a number, or a fraction such as "1/64"
  |
  = help: write `step = …` with a number, or a fraction such as "1/64"
error[unknown-choice]: `rk5` is no choice of `method`
 --> study.toml:5:10
  |
5 | method = "rk5"
  |          ^^^^^ unknown word
  |
  = help: did you mean `rk2`?
error[unknown-key]: [run] has no key `sede`
 --> study.toml:6:1
  |
6 | sede = 1
  | ^^^^ unknown key
  |
  = help: did you mean `seed`?
error[missing-key]: [[observe]] needs the key `file`
 --> study.toml:7:1
  |
7 | [[observe]]
  | ^^^^^^^^^^^ not in this table
  |
  = help: add `file = …`
error[missing-operand]: nothing stands after `+`
 --> study.toml:9:18
  |
9 | quantity = "rent +"
  |                  ^ a number, a name or a bracket belongs here
  |
  = help: write what the operator or function applies to
error[unknown-choice]: `meen` is no choice of `operator`
  --> study.toml:10:12
   |
10 | operator = "meen"
   |            ^^^^^^ unknown word
   |
   = help: did you mean `mean`?
error[not-positive]: `scale` is -1 and must be above zero
  --> study.toml:11:39
   |
11 | noise = { kind = "lognormal", scale = -1, scala = 2 }
   |                                       ^^ not above zero
   |
   = help: state a positive number
error[unknown-key]: noise of [[observe]] has no key `scala`
  --> study.toml:11:43
   |
11 | noise = { kind = "lognormal", scale = -1, scala = 2 }
   |                                           ^^^^^ unknown key
   |
   = help: known here: group, kind, scale, tail
error[wrong-type]: `bounds` is a list where it should be two numbers, [low, high]
  --> study.toml:14:10
   |
14 | bounds = [1]
   |          ^^^ expected two numbers, [low, high]
   |
   = help: write `bounds = …` with two numbers, [low, high]
error[missing-key]: prior of [[parameter]] needs the key `sd`
  --> study.toml:15:1
   |
15 | prior = { kind = "normal", mean = 0 }
   | ^^^^^ not in this table
   |
   = help: add `sd = …`
error[repeated-name]: two parameters are called `A`
  --> study.toml:17:8
   |
13 | name = "a"
   |        --- first of that name
...
17 | name = "A"
   |        ^^^ second of that name
   |
   = help: give each its own `name`
"#
        );
    }

    #[test]
    fn what_is_not_toml_is_told_with_its_place() {
        assert_eq!(
            read(&format!("{HEAD}[run]\nstep = \n")).unwrap_err(),
            r#"error[toml-syntax]: this is not TOML: string values must be quoted, expected literal string
 --> study.toml:4:8
  |
4 | step = 
  |        ^ here
  |
  = help: text stands in quotation marks, lists in [ ], and every table under its [header]
"#
        );
        assert_eq!(
            read("").unwrap_err(),
            r#"error[missing-key]: the file needs the key `title`
 --> study.toml:1:1
  |
1 |
  | ^ not in this table
  |
  = help: add `title = …`
error[missing-key]: the file needs the key `model`
 --> study.toml:1:1
  |
1 |
  | ^ not in this table
  |
  = help: add `model = …`
"#
        );
    }

    #[test]
    fn things_said_twice_or_not_at_all() {
        let text = format!(
            "{HEAD}[set]\n\"tau rent\" = 1\n[[parameter]]\nname = \"tau_rent\"\n\
             [[observe]]\nname = \"x\"\nvalues = {{ \"2015\" = 1 }}\nseries = \"s\"\nfile = \"f\"\nquantity = \"rent\"\n\
             operator = \"index\"\nnoise = {{ kind = \"normal\", scale = \"estimated\" }}\n\
             [[conserved]]\nname = \"people\"\nlevel = \"a\"\nchange = \"b\"\nequals = \"c\"\n"
        );
        assert_eq!(
            read(&text).unwrap_err(),
            r#"error[set-and-estimated]: `tau rent` is both set and estimated
 --> study.toml:4:1
  |
4 | "tau rent" = 1
  | ^^^^^^^^^^ also a [[parameter]]
  |
  = help: remove it from [set], or from the parameters
error[missing-key]: [[observe]] needs the key `base`
 --> study.toml:7:1
  |
7 | [[observe]]
  | ^^^^^^^^^^^ not in this table
  |
  = help: add `base = …`
error[two-ways]: `values` and `series` say the same thing twice
  --> study.toml:10:1
   |
10 | series = "s"
   | ^^^^^^ second way
   |
   = help: keep one of the two
error[missing-key]: noise of [[observe]] needs the key `prior`
  --> study.toml:14:1
   |
14 | noise = { kind = "normal", scale = "estimated" }
   | ^^^^^ not in this table
   |
   = help: add `prior = …`
error[two-ways]: `change` and `equals` say the same thing twice
  --> study.toml:19:1
   |
19 | equals = "c"
   | ^^^^^^ second way
   |
   = help: keep one of the two
"#
        );
    }

    #[test]
    fn the_shipped_studies_are_read() {
        for (name, observations, parameters) in [("zgc", 22, 23), ("zgc-core", 19, 16), ("lynx-hare", 2, 6)] {
            let path = format!(concat!(env!("CARGO_MANIFEST_DIR"), "/calibration/{}/study.toml"), name);
            let study = super::read_study(std::path::Path::new(&path))
                .unwrap_or_else(|found| panic!("{}", found.iter().map(render).collect::<String>()));
            assert_eq!((study.observe.len(), study.parameters.len()), (observations, parameters), "{name}");
            assert_eq!(study.name, name);
        }
    }
}
