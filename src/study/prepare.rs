//! A study held against its model, data and scenarios: everything resolved, every fault found, nothing estimated yet.

use super::archive::{Archive, stretch};
use super::constants::{Constants, Policy};
use super::entry::*;
use super::fault::{Fault, Finding};
use super::observations::Setting;
use super::outcomes::{self, PreparedAttribution, PreparedOutcome};
use super::scenario::{self, Scenario};
use super::search::{self, PreparedSearch};
use super::unknowns;
use super::windows::windows;
use super::{panel, process};
use crate::calendar::Window;
use crate::check::{CheckedModel, check, check_expression, expression_unit, external_subscripts};
use crate::compile::{Landing, OutputExpression, Outputs, Program, Request, compile};
use crate::diagnostic::{Diagnostic, Source, Span, nearest};
use crate::estimate::objective::{Density, Design, Gauge, Observation, Operator, Reading};
use crate::parse;
use crate::simulate::{self, Method, Save, Settings};
use std::sync::Arc;

/// A study ready to run.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub checked: CheckedModel,
    /// What is estimated from what.
    pub design: Design,
    /// First and last time of the run.
    pub run: Window,
    pub fit: Option<Window>,
    pub hold_out: Option<Window>,
    /// The years by which policies are compared.
    pub windows: Vec<Window>,
    /// In the model's time unit.
    pub step: f64,
    /// The baseline first.
    pub scenarios: Vec<PreparedScenario>,
    pub outcomes: Vec<PreparedOutcome>,
    pub attributions: Vec<PreparedAttribution>,
    pub searches: Vec<PreparedSearch>,
    pub identities: Vec<PreparedIdentity>,
    /// Every policy of the model, and those to shade.
    pub policies: Vec<Policy>,
    pub shaded: Vec<Policy>,
    /// Every file read: study, model, data, scenarios.
    pub sources: Vec<Arc<Source>>,
    /// Warnings and notes.
    pub notes: Vec<Diagnostic>,
}

/// A scenario and the constants that it sets, by element.
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedScenario {
    pub name: String,
    pub title: String,
    pub description: String,
    pub settings: Vec<(String, f64)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PreparedIdentity {
    pub name: String,
    pub rule: IdentityRule,
    pub tolerance: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub enum IdentityRule {
    /// Two quantities that are equal.
    Equal { level: Gauge, equals: Gauge },
    /// The level, and the integral of what changes it.
    Balance { level: Gauge, change: Gauge },
}

/// What is gathered on the way.
#[derive(Default)]
struct Found {
    findings: Vec<Finding>,
    diagnostics: Vec<Diagnostic>,
}

/// Reads model, data and scenarios of a study and holds everything against everything. `step` replaces the study's.
///
/// # Errors
/// Every fault found, in the order study, model, data.
pub fn prepare(study: &Study, step: Option<f64>) -> Result<Prepared, Vec<Diagnostic>> {
    let mut found = Found::default();
    let checked = load(study, &mut found).ok_or_else(|| found.all())?;
    let controls = controls(study, step);
    let settings = settings(study, &checked);
    let plain = Request { landing: Landing::Exact, overrides: controls.clone(), ..Request::default() };
    let jacobian = settings.method.wants_jacobian();
    let plain = Request { outputs: Outputs::Chosen(Vec::new()), jacobian, ..plain };
    let program = compile(&checked, &plain)?;
    let constants = Constants::new(&checked, &program.constants);
    let mut overrides = controls;
    for setting in &study.set {
        let span = setting.constant.span;
        let name = constants.checked_name(&setting.constant.value, &study.source, span, &mut found.findings);
        overrides.extend(name.map(|name| (name, setting.value)));
    }
    let run = window_of_run(study, &constants, &program, &settings)?;
    let step_length = step.or(study.run.step.as_ref().map(|step| step.value)).or_else(|| constants.value("TIME STEP"));
    let step_length = step_length.unwrap_or(f64::NAN);
    let archive = Archive::open(study, &mut found.findings, &mut found.diagnostics);
    let read = |text: &Option<super::Located<String>>, findings: &mut Vec<Finding>| {
        text.as_ref().and_then(|text| stretch(text, &study.run.calendar, &study.source, findings))
    };
    let (fit, hold_out) =
        (read(&study.fit.window, &mut found.findings), read(&study.fit.hold_out, &mut found.findings));
    let compared = read(&study.compare.window, &mut found.findings);
    let windows = match (&study.compare.window, compared) {
        (Some(_), None) => Vec::new(),
        _ => windows(study, run, compared, &mut found.findings),
    };
    step_within(study, step, step_length, run, &mut found.findings);
    let sound = found.quantities(study, &checked);
    let setting = Setting { study, archive: &archive, checked: &checked, run, fit, hold_out };
    let mut unknowns = unknowns::Unknowns::new(study, &checked, &constants);
    unknowns.constants(&mut found.findings, &mut found.diagnostics);
    let (experiments, of_series) = panel::experiments(study, &constants, &mut found.findings);
    let observations: Vec<Observation> = study
        .observe
        .iter()
        .zip(of_series)
        .filter_map(|(entry, experiment)| {
            let observation = setting.observation(entry, &mut found.findings)?;
            let observation = Observation { experiment, ..observation };
            let doubt = if sound { setting.without_unit(entry, &observation.gauge) } else { None };
            found.diagnostics.extend(doubt);
            Some(unknowns.of_observation(entry, observation, &mut found.findings, &mut found.diagnostics))
        })
        .collect();
    let stocks = process::stocks(study, &program, &mut found.findings);
    let named = study.processes.iter().zip(stocks).filter_map(|(entry, stock)| Some((entry, stock?)));
    let processes: Vec<_> =
        named.map(|(entry, stock)| unknowns.of_process(entry, stock, &mut found.diagnostics)).collect();
    let (scenarios, scenario_sources) = scenarios(study, &constants, run, &mut found);
    let outcomes: Vec<PreparedOutcome> = study
        .outcomes
        .iter()
        .filter_map(|entry| outcomes::outcome(entry, &setting, step_length, &mut found.findings))
        .collect();
    let identities = study.conserved.iter().filter_map(|entry| identity(entry, &setting)).collect();
    let policies = constants.policies();
    let attributions = outcomes::attributions(study, &constants, &mut found.findings);
    let searches = search::searches(study, &constants, &mut found.findings);
    outcomes::asked_for(study, &mut found.findings);
    let shaded = shaded(study, &policies, &constants, &mut found.findings);
    known_scenarios(study, &scenarios, &mut found.findings);
    let (parameters, pools) = unknowns.into_parts();
    let design = Design {
        parameters,
        observations,
        experiments,
        pools,
        processes,
        overrides,
        settings,
        density: Density::Search,
    };
    let mut prepared = Prepared {
        sources: [study.source.clone(), checked.source().clone()]
            .into_iter()
            .chain(archive.sources().cloned())
            .chain(scenario_sources)
            .collect(),
        checked,
        design,
        run,
        fit,
        hold_out,
        windows,
        step: step_length,
        scenarios,
        outcomes,
        attributions,
        searches,
        identities,
        policies,
        shaded,
        notes: Vec::new(),
    };
    if found.failed() {
        return Err(found.all());
    }
    prepared.notes = found.diagnostics;
    Ok(prepared)
}

impl Found {
    fn failed(&self) -> bool {
        !self.findings.is_empty() || self.diagnostics.iter().any(Diagnostic::is_error)
    }

    fn all(&self) -> Vec<Diagnostic> {
        let mut findings = self.findings.clone();
        findings.sort_by(|a, b| a.source.path.cmp(&b.source.path).then(a.span.cmp(&b.span)));
        findings.dedup();
        findings.iter().map(Finding::diagnostic).chain(self.diagnostics.iter().cloned()).collect()
    }

    /// Checks and compiles every quantity of the study; whether their names and subscripts are sound. Their spans point into
    /// the study, and so must what is said of them.
    fn quantities(&mut self, study: &Study, checked: &CheckedModel) -> bool {
        let mut unsound = Vec::new();
        for quantity in study.quantities() {
            check_expression(checked, &quantity.expression, &mut unsound);
        }
        if !unsound.is_empty() {
            self.diagnostics.extend(unsound.iter().map(|finding| finding.diagnostic(&study.source)));
            return false;
        }
        let named = |(number, quantity): (usize, &Quantity)| OutputExpression {
            name: format!("quantity {number}"),
            expression: quantity.expression.clone(),
            cumulated: false,
        };
        let expressions = study.quantities().into_iter().enumerate().map(named).collect();
        let request = Request { outputs: Outputs::Chosen(Vec::new()), expressions, ..Request::default() };
        if let Err(faults) = compile(checked, &request) {
            let here = |fault| Diagnostic { source: Some(study.source.clone()), ..fault };
            self.diagnostics.extend(faults.into_iter().map(here));
        }
        for quantity in study.quantities() {
            self.diagnostics.extend(expression_unit(checked, &quantity.expression, &study.source).1);
        }
        true
    }
}

/// The model of the study, checked.
fn load(study: &Study, found: &mut Found) -> Option<CheckedModel> {
    if !study.model.value.exists() {
        if let Err(fault) = crate::series::open_text(&study.model.value) {
            found.findings.push(Finding::new(Fault::Unusable(fault), &study.source, study.model.span));
        }
        return None;
    }
    let (read, diagnostics) = parse::read_file(&study.model.value);
    let readable = !diagnostics.iter().any(Diagnostic::is_error);
    found.diagnostics.extend(diagnostics);
    let (source, model) = read?;
    let (external, faults) = external_subscripts(&source, &model);
    found.diagnostics.extend(faults);
    let (checked, diagnostics) = check(&source, model, &external);
    found.diagnostics.extend(diagnostics);
    checked.filter(|_| readable && !found.diagnostics.iter().any(Diagnostic::is_error))
}

/// The run controls that the study sets.
fn controls(study: &Study, step: Option<f64>) -> Vec<(String, f64)> {
    let step = step.or(study.run.step.as_ref().map(|step| step.value));
    let controls = [
        ("INITIAL TIME", study.run.start.as_ref().map(|time| time.value)),
        ("FINAL TIME", study.run.stop.as_ref().map(|time| time.value)),
        ("TIME STEP", step),
    ];
    controls.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Method and seed; where the study names no method, the model file's holds, and Euler where that has none.
fn settings(study: &Study, checked: &CheckedModel) -> Settings {
    let stated = study.run.method.as_ref().map(|method| method.value.as_str());
    let of_model = || checked.model().control.method.as_ref().map(|method| method.text.as_str());
    let method = stated.or_else(of_model).and_then(|text| text.parse().ok()).unwrap_or(Method::Euler);
    Settings { method, seed: study.run.seed, relative: 1e-8, absolute: 1e-11, ..Settings::default() }
}

/// First and last time of the run, from the controls or, where they are computed, from a run.
fn window_of_run(
    study: &Study,
    constants: &Constants,
    program: &Program,
    settings: &Settings,
) -> Result<Window, Vec<Diagnostic>> {
    let start = study.run.start.as_ref().map(|time| time.value).or_else(|| constants.value("INITIAL TIME"));
    let stop = study.run.stop.as_ref().map(|time| time.value).or_else(|| constants.value("FINAL TIME"));
    if let (Some(start), Some(end)) = (start, stop) {
        return Ok(Window { start, end });
    }
    let settings = Settings { save: Save::Every, ..settings.clone() };
    let table = simulate::run(program, &settings).map_err(|failure| vec![failure.diagnostic()])?;
    let ends = table.time.first().copied().zip(table.time.last().copied());
    let (start, end) = ends.unwrap_or((0.0, 0.0));
    Ok(Window { start, end })
}

/// Reports a step of the study, or of `[quick]`, that is longer than the run.
fn step_within(study: &Study, quick: Option<f64>, length: f64, run: Window, findings: &mut Vec<Finding>) {
    let stated = if quick.is_some() { &study.quick.step } else { &study.run.step };
    if let Some(stated) = stated
        && length > run.length()
    {
        let fault = Fault::StepBeyondRun { step: length, start: run.start, stop: run.end };
        findings.push(Finding::new(fault, &study.source, stated.span));
    }
}

fn scenarios(
    study: &Study,
    constants: &Constants,
    run: Window,
    found: &mut Found,
) -> (Vec<PreparedScenario>, Vec<Arc<Source>>) {
    let mut all = vec![Scenario::baseline()];
    let mut places: Vec<Span> = Vec::new();
    for entry in &study.scenarios {
        match entry {
            ScenarioEntry::Here { scenario, extends: None, span } => {
                all.push(scenario.clone());
                places.push(*span);
            }
            ScenarioEntry::Here { scenario, extends: Some(extends), span } => {
                places.push(*span);
                let calendar = &study.run.calendar;
                let mut open = Vec::new();
                all.push(scenario::extended(scenario.clone(), extends, calendar, &mut open, &mut found.findings));
            }
            ScenarioEntry::File(path) if !path.value.exists() => {
                if let Err(fault) = crate::series::open_text(&path.value) {
                    found.findings.push(Finding::new(Fault::Unusable(fault), &study.source, path.span));
                }
            }
            ScenarioEntry::File(path) => match Scenario::read(&path.value, &study.run.calendar) {
                Ok(scenario) => {
                    all.push(scenario);
                    places.push(path.span);
                }
                Err(diagnostics) => found.diagnostics.extend(diagnostics),
            },
        }
    }
    distinct(study, &all, &places, &mut found.findings);
    let sources = all.iter().flat_map(|scenario| scenario.sources.clone()).collect();
    let prepared = all
        .into_iter()
        .map(|scenario| PreparedScenario {
            settings: constants.settings(&scenario, Some(run), &mut found.findings),
            name: scenario.name,
            title: scenario.title,
            description: scenario.description,
        })
        .collect();
    (prepared, sources)
}

/// Reports scenarios of one name; `places` are those of all but the baseline.
fn distinct(study: &Study, scenarios: &[Scenario], places: &[Span], findings: &mut Vec<Finding>) {
    let key = |scenario: &Scenario| crate::model::Name::new(&scenario.name);
    for (number, scenario) in scenarios.iter().enumerate().skip(1) {
        let fault = match scenarios[..number].iter().position(|other| key(other) == key(scenario)) {
            None => continue,
            Some(0) => Fault::NamedBaseline,
            Some(other) => {
                Fault::RepeatedName { what: "scenarios", name: scenario.name.clone(), first: places[other - 1] }
            }
        };
        findings.push(Finding::new(fault, &study.source, places[number - 1]));
    }
}

fn identity(entry: &Conserved, setting: &Setting) -> Option<PreparedIdentity> {
    let level = Operator::Of(Reading::Level(crate::calendar::Fraction::End));
    let total = Operator::Of(Reading::Cumulative { since: setting.run.start });
    let gauge = |quantity: &Quantity, operator| Gauge::new(quantity.expression.clone(), operator).ok();
    let rule = match &entry.rule {
        ConservedRule::Equal { level: one, equals } => {
            gauge(one, level).zip(gauge(equals, level)).map(|(level, equals)| IdentityRule::Equal { level, equals })
        }
        ConservedRule::Balance { level: stock, change } => {
            gauge(stock, level).zip(gauge(change, total)).map(|(level, change)| IdentityRule::Balance { level, change })
        }
    };
    Some(PreparedIdentity { name: entry.name.value.clone(), rule: rule?, tolerance: entry.tolerance })
}

fn shaded(study: &Study, policies: &[Policy], constants: &Constants, findings: &mut Vec<Finding>) -> Vec<Policy> {
    let key = |name: &str| crate::model::Name::new(name);
    let mut shaded = Vec::new();
    for name in &study.exhibits.shade {
        match policies.iter().find(|policy| key(&policy.name) == key(&name.value)) {
            Some(policy) => shaded.push(policy.clone()),
            None => findings.push(Finding::new(constants.unknown_policy(&name.value), &study.source, name.span)),
        }
    }
    shaded
}

fn known_scenarios(study: &Study, scenarios: &[PreparedScenario], findings: &mut Vec<Finding>) {
    let names: Vec<&str> = scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
    let asked = study.sensitivity.iter().flat_map(|entry| &entry.scenarios);
    for wanted in study.exhibits.counterfactuals.iter().chain(asked) {
        if !names.contains(&wanted.value.as_str()) {
            let nearest = nearest(&wanted.value, names.iter().copied()).map(str::to_owned);
            let fault = Fault::UnknownScenario { name: wanted.value.clone(), nearest };
            findings.push(Finding::new(fault, &study.source, wanted.span));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Prepared, prepare};
    use crate::diagnostic::{Diagnostic, render};
    use crate::estimate::objective::{Design, Objective, Use};
    use crate::estimate::{Prior, Problem};
    use crate::study::{read_study, read_study_text};
    use std::path::Path;

    fn shipped(name: &str) -> Prepared {
        let path = format!(concat!(env!("CARGO_MANIFEST_DIR"), "/calibration/{}/study.toml"), name);
        let study = read_study(Path::new(&path)).unwrap();
        prepare(&study, None).unwrap_or_else(|found| panic!("{}", words(&found)))
    }

    fn words(found: &[Diagnostic]) -> String {
        found.iter().map(render).collect()
    }

    /// Carpenter (2018) reports posterior means; the maximum likelihood and its value with full constants were computed
    /// from the same data with a different program.
    #[test]
    fn the_likelihood_of_lynx_and_hare_is_the_published_one() {
        let prepared = shipped("lynx-hare");
        let mut design: Design = prepared.design;
        for (parameter, _) in &mut design.parameters {
            parameter.prior = Prior::Flat;
        }
        let objective = Objective::new(&prepared.checked, design).unwrap();
        let published = [
            ("birth rate", 0.54001353),
            ("death rate", 0.79659948),
            ("predation", 0.027156074),
            ("conversion", 0.023702051),
            ("hare in 1900", 34.599144),
            ("lynx in 1900", 5.8437336),
            ("noise of Hare pelts", 0.21837903),
            ("noise of Lynx pelts", 0.22008464),
        ];
        let point: Vec<f64> = objective
            .parameters()
            .iter()
            .map(|parameter| {
                let (_, value) = published.iter().find(|(name, _)| *name == parameter.name).unwrap();
                parameter.search(*value)
            })
            .collect();
        let value = objective.evaluate(std::slice::from_ref(&point)).pop().unwrap().unwrap().likelihood;
        assert!((value - 122.925949).abs() < 1e-5, "{value}");
    }

    /// The page that explains study files shows one; it must be one.
    #[test]
    fn the_example_of_the_page_on_study_files_is_sound() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("calibration");
        let page = std::fs::read_to_string(folder.join("README.md")).unwrap();
        let text = page.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let source = crate::diagnostic::Source::new(folder.join("README.md"), text);
        let found = read_study_text(&source).and_then(|study| prepare(&study, None));
        let prepared = found.unwrap_or_else(|found| panic!("{}", words(&found)));
        let uses: Vec<usize> = [Use::Fit, Use::HoldOut]
            .map(|purpose| prepared.design.observations[0].data.iter().filter(|d| d.purpose == purpose).count())
            .to_vec();
        assert_eq!(uses, [14, 6]);
    }

    #[test]
    fn the_zhongguancun_study_is_sound() {
        let prepared = shipped("zgc");
        let data = prepared.design.observations.iter().map(|observation| observation.data.len()).sum::<usize>();
        assert_eq!((data, prepared.scenarios.len(), prepared.policies.len()), (88, 15, 29));
        assert_eq!(prepared.identities.len(), 6);
        let of = |name: &str| prepared.design.observations.iter().find(|o| o.name == name).unwrap();
        // 24 000 firms are 24 thousand; 16.8 bn USD at 6.162 are 103.5 bn CNY; 4.56 % are 0.0456.
        assert_eq!(of("New firms in Zhongguancun").data[3].value, 24.0);
        let dollars = &of("Venture investment, in dollars").data[4];
        assert!((dollars.value - 16.8 * 6.162).abs() < 1e-9, "{dollars:?}");
        let unemployment = &of("Unemployment rate").data[12];
        assert!((unemployment.value - 0.0456).abs() < 1e-12 && (unemployment.scale - 0.0025).abs() < 1e-12);
        assert_eq!(of("Venture investment, in dollars").data[3].window.end, 2013.0 + 334.0 / 365.0);
    }
}
