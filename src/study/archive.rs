//! The data files of a study, opened once each, and the values that an observation takes from them.

use super::document::Located;
use super::entry::{Data, SeriesName, Study};
use super::fault::{EmptyReason, Fault, Finding};
use crate::calendar::{Calendar, Window};
use crate::diagnostic::{Diagnostic, Source, Span, nearest};
use crate::series::{DataFile, ObservedSeries, open_text, read_observations};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Data files by path.
pub(super) struct Archive<'s> {
    study: &'s Study,
    files: BTreeMap<PathBuf, DataFile>,
}

/// A value with its place in time and in a file.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    pub window: Window,
    pub label: String,
    pub value: f64,
    pub unit: String,
    pub source: Arc<Source>,
    pub span: Span,
}

/// A stretch of time written `1995..2016`, `..2009`, `2010..` or as one period.
pub(super) fn stretch(
    text: &Located<String>,
    calendar: &Calendar,
    source: &Arc<Source>,
    findings: &mut Vec<Finding>,
) -> Option<Window> {
    let mut report = |fault| findings.push(Finding::new(fault, source, text.span));
    let mut end_of = |part: &str, open: f64| {
        let part = part.trim();
        if part.is_empty() {
            return Some(Window::instant(open));
        }
        let window = calendar.window(part).ok();
        if window.is_none() {
            report(Fault::NotAPeriod { text: part.to_owned(), numbers: *calendar == Calendar::Numbers });
        }
        window
    };
    let window = match text.value.split_once("..") {
        None => end_of(&text.value, f64::NAN)?,
        Some((first, last)) => {
            let (first, last) = (end_of(first, f64::NEG_INFINITY), end_of(last, f64::INFINITY));
            let (first, last) = (first?, last?);
            if first.start > last.start || first.end > last.end {
                report(Fault::EmptyWindow { text: text.value.clone() });
                return None;
            }
            Window { start: first.start, end: last.end }
        }
    };
    Some(window)
}

impl<'s> Archive<'s> {
    /// Opens every file that the study's observations name. What is wrong inside the files joins `diagnostics`.
    pub fn open(study: &'s Study, findings: &mut Vec<Finding>, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut archive = Archive { study, files: BTreeMap::new() };
        let mut tried: Vec<PathBuf> = Vec::new();
        for observe in &study.observe {
            let series = match &observe.data {
                Data::File { series, .. } => Some(series),
                Data::Here(_) => None,
            };
            for name in series.into_iter().chain(&observe.rate) {
                let Some((path, span)) = archive.path(&name.file) else {
                    findings.push(Finding::new(archive.unknown(&name.file.value), &study.source, name.file.span));
                    continue;
                };
                if tried.contains(&path) {
                    continue;
                }
                tried.push(path.clone());
                match open_text(&path) {
                    Ok(source) => {
                        let (file, faults) = read_observations(&source, &study.run.calendar);
                        diagnostics.extend(faults);
                        archive.files.insert(path, file);
                    }
                    Err(fault) => findings.push(Finding::new(Fault::Unusable(fault), &study.source, span)),
                }
            }
        }
        archive
    }

    pub fn sources(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.files.values().map(|file| &file.source)
    }

    /// The path that a name of `[data]` or a path stands for, and where it is written.
    fn path(&self, file: &Located<String>) -> Option<(PathBuf, Span)> {
        if let Some(named) = self.study.data.iter().find(|named| named.name == file.value) {
            return Some((named.path.value.clone(), named.path.span));
        }
        let looks_like_path = file.value.contains(['/', '\\', '.']);
        looks_like_path.then(|| (self.study.folder.join(&file.value), file.span))
    }

    fn unknown(&self, name: &str) -> Fault {
        let known: Vec<String> = self.study.data.iter().map(|named| named.name.clone()).collect();
        let nearest = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
        Fault::UnknownFile { name: name.to_owned(), nearest, known }
    }

    /// A series by name; reported where its file, which was read, has none.
    fn series(&self, name: &SeriesName, findings: &mut Vec<Finding>) -> Option<&ObservedSeries> {
        let (path, _) = self.path(&name.file)?;
        let file = self.files.get(&path)?;
        let found = file.series(&name.series.value);
        if found.is_none() {
            let known: Vec<String> = file.series.iter().map(|series| series.name.clone()).collect();
            let nearest = nearest(&name.series.value, known.iter().map(String::as_str)).map(str::to_owned);
            let file = path.strip_prefix(&self.study.folder).unwrap_or(Path::new(&path)).to_path_buf();
            let fault = Fault::UnknownSeries { series: name.series.value.clone(), file, nearest, known };
            findings.push(Finding::new(fault, &self.study.source, name.series.span));
        }
        found
    }

    /// The values that an observation chooses, in order of time; `None` where something is wrong with them.
    pub fn recorded(
        &self,
        data: &Data,
        unit: Option<&Located<String>>,
        findings: &mut Vec<Finding>,
    ) -> Option<Vec<Recorded>> {
        let study = self.study;
        let calendar = &study.run.calendar;
        let stated = |own: &str| unit.map_or_else(|| own.to_owned(), |unit| unit.value.clone());
        match data {
            Data::Here(values) => {
                let mut recorded = Vec::new();
                for (period, value) in values {
                    let window = stretch(period, calendar, &study.source, findings)?;
                    recorded.push(Recorded {
                        window,
                        label: period.value.clone(),
                        value: value.value,
                        unit: stated(""),
                        source: study.source.clone(),
                        span: value.span,
                    });
                }
                recorded.sort_by(|a, b| a.window.start.total_cmp(&b.window.start));
                Some(recorded)
            }
            Data::File { series: name, sources, from, until, drop } => {
                let series = self.series(name, findings)?;
                let before = findings.len();
                let mut read = |text: &Located<String>| stretch(text, calendar, &study.source, findings);
                let from = from.as_ref().and_then(&mut read).map_or(f64::NEG_INFINITY, |window| window.start);
                let until = until.as_ref().and_then(&mut read).map_or(f64::INFINITY, |window| window.end);
                let drop: Vec<Window> = drop.iter().filter_map(&mut read).collect();
                if findings.len() > before {
                    return None;
                }
                let chosen = Window { start: from, end: until };
                let wanted = series.observations.iter().filter(|observation| {
                    let from_source = |source: &Located<String>| source.value == observation.source;
                    (sources.is_empty() || sources.iter().any(from_source))
                        && chosen.covers(observation.window)
                        && !drop.iter().any(|dropped| dropped.covers(observation.window))
                });
                let recorded: Vec<(Recorded, &str)> = wanted
                    .map(|observation| {
                        let recorded = Recorded {
                            window: observation.window,
                            label: observation.label.clone(),
                            value: observation.value,
                            unit: stated(&observation.unit),
                            source: series.source.clone(),
                            span: observation.span,
                        };
                        (recorded, observation.source.as_str())
                    })
                    .collect();
                for pair in recorded.windows(2) {
                    if let [(first, one), (second, other)] = pair
                        && first.window == second.window
                    {
                        let fault = Fault::TwoValues {
                            series: name.series.value.clone(),
                            period: first.label.clone(),
                            sources: vec![(*one).to_owned(), (*other).to_owned()],
                        };
                        findings.push(Finding::new(fault, &study.source, name.series.span));
                        return None;
                    }
                }
                if recorded.is_empty() {
                    let reason = if series.observations.is_empty() { EmptyReason::File } else { EmptyReason::Choice };
                    let fault = Fault::EmptySeries { series: name.series.value.clone(), reason };
                    findings.push(Finding::new(fault, &study.source, name.series.span));
                    return None;
                }
                Some(recorded.into_iter().map(|(recorded, _)| recorded).collect())
            }
        }
    }

    /// The value and unit of a rate in the period that covers `window`.
    pub fn rate(&self, name: &SeriesName, window: Window, findings: &mut Vec<Finding>) -> Option<(f64, String)> {
        let series = self.series(name, findings)?;
        let covering = series.observations.iter().find(|observation| observation.window.covers(window))?;
        Some((covering.value, covering.unit.clone()))
    }
}
