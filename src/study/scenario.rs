//! Scenarios: TOML files that extend one another, set constants by name, switch policies and move their dates.
//!
//! A policy `X` is the constants `on X`, `start X`, `end X`, `ramp X` and `strength X` of the model. Whether the model has
//! them is the business of `settings`.

use super::Setting;
use super::document::{Fields, Located, Notebook, with_document};
use super::fault::{Fault, Finding};
use crate::calendar::{Calendar, Fraction};
use crate::diagnostic::{Diagnostic, Source, Span};
use crate::series::open_text;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What differs from the model as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    pub name: String,
    pub title: String,
    pub description: String,
    /// In the order in which they apply: what is extended first, and of two settings of one constant the later holds.
    pub changes: Vec<Change>,
    /// Every file read, this one last; spans of the changes point into these.
    pub sources: Vec<Arc<Source>>,
}

/// One change and the file that makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Index into [`Scenario::sources`].
    pub source: usize,
    pub kind: ChangeKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ChangeKind {
    Set(Setting),
    /// A setting of a policy: the constant is `on`, `start`, `end`, `ramp` or `strength` before its name.
    Policy {
        policy: Located<String>,
        setting: &'static str,
        value: f64,
        span: Span,
    },
}

impl Scenario {
    /// The model as it stands.
    pub fn baseline() -> Self {
        Scenario {
            name: "baseline".to_owned(),
            title: "Baseline".to_owned(),
            description: String::new(),
            changes: Vec::new(),
            sources: Vec::new(),
        }
    }

    /// Reads a scenario file and those it extends. Dates are read by the calendar of the study.
    ///
    /// # Errors
    /// Every fault of every file read.
    pub fn read(path: &Path, calendar: &Calendar) -> Result<Self, Vec<Diagnostic>> {
        let source = match open_text(path) {
            Ok(source) => source,
            Err(fault) => return Err(vec![fault.diagnostic()]),
        };
        let mut findings = Vec::new();
        let scenario = chain(&source, calendar, &mut vec![canonical(path)], &mut findings);
        match findings.is_empty() {
            true => Ok(scenario),
            false => Err(findings.iter().map(Finding::diagnostic).collect()),
        }
    }
}

/// A file and those that it extends; `open` are the files whose reading led here.
fn chain(source: &Arc<Source>, calendar: &Calendar, open: &mut Vec<PathBuf>, findings: &mut Vec<Finding>) -> Scenario {
    let notebook = Notebook::new(source);
    let stem = source.path.file_stem().map(|stem| stem.to_string_lossy().replace(['_', '-'], " ")).unwrap_or_default();
    let (scenario, extends) = with_document(&notebook, |fields| body(fields, source, calendar, stem));
    findings.extend(notebook.into_findings());
    match extends {
        Some(extends) => extended(scenario, &extends, calendar, open, findings),
        None => scenario,
    }
}

/// A scenario after those that it extends.
pub(super) fn extended(
    scenario: Scenario,
    extends: &Located<String>,
    calendar: &Calendar,
    open: &mut Vec<PathBuf>,
    findings: &mut Vec<Finding>,
) -> Scenario {
    let Some(source) = scenario.sources.last() else { return scenario };
    let path = folder(source).join(&extends.value);
    let key = canonical(&path);
    if let Some(first) = open.iter().position(|file| *file == key) {
        let chain = open[first..].iter().chain([&key]).map(|file| short(file)).collect();
        findings.push(Finding::new(Fault::Cycle { chain }, source, extends.span));
        return scenario;
    }
    let parent = match open_text(&path) {
        Ok(parent) => parent,
        Err(fault) => {
            findings.push(Finding::new(Fault::Unusable(fault), source, extends.span));
            return scenario;
        }
    };
    open.push(key);
    let below = chain(&parent, calendar, open, findings);
    open.pop();
    let shift = below.sources.len();
    let own = scenario.changes.into_iter().map(|change| Change { source: change.source + shift, ..change });
    Scenario {
        changes: below.changes.into_iter().chain(own).collect(),
        sources: below.sources.into_iter().chain(scenario.sources).collect(),
        ..scenario
    }
}

/// The scenario of one table, and the file it extends.
pub(super) fn body(
    fields: &Fields,
    source: &Arc<Source>,
    calendar: &Calendar,
    default_name: String,
) -> (Scenario, Option<Located<String>>) {
    let name = fields.text("name").map_or(default_name, |name| name.value);
    let title = fields.text("title").map_or_else(|| name.clone(), |title| title.value);
    let description = fields.text("description").map(|text| text.value).unwrap_or_default();
    let extends = fields.text("extends");
    let mut changes: Vec<ChangeKind> = fields
        .table("set")
        .map(|table| settings(&table))
        .unwrap_or_default()
        .into_iter()
        .map(ChangeKind::Set)
        .collect();
    if let Some(policies) = fields.table("policy") {
        for policy in policies.names() {
            if let Some(table) = policies.table_of(&policy.value) {
                changes.extend(policy_changes(&table, &policy, calendar));
            }
        }
    }
    let changes = changes.into_iter().map(|kind| Change { source: 0, kind }).collect();
    (Scenario { name, title, description, changes, sources: vec![source.clone()] }, extends)
}

/// A table of constants and their values.
pub(super) fn settings(table: &Fields) -> Vec<Setting> {
    let names = table.names().into_iter();
    names
        .filter_map(|constant| {
            let value = table.number_of(&constant.value)?.value;
            Some(Setting { constant, value })
        })
        .collect()
}

fn policy_changes(table: &Fields, policy: &Located<String>, calendar: &Calendar) -> Vec<ChangeKind> {
    let mut changes = Vec::new();
    let mut change = |setting, value, span| {
        changes.push(ChangeKind::Policy { policy: policy.clone(), setting, value, span });
    };
    if let Some(on) = table.flag("on") {
        change("on", if on.value { 1.0 } else { 0.0 }, on.span);
    }
    // A period starts a policy when it begins and ends one when it is over.
    for (setting, fraction) in [("start", Fraction::Start), ("end", Fraction::End)] {
        if let Some(time) = table.time(setting, calendar, fraction) {
            change(setting, time.value, time.span);
        }
    }
    for setting in ["ramp", "strength"] {
        if let Some(number) = table.number(setting) {
            change(setting, number.value, number.span);
        }
    }
    changes
}

pub(super) fn folder(source: &Source) -> PathBuf {
    source.path.parent().map(Path::to_path_buf).unwrap_or_default()
}

fn canonical(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

fn short(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
