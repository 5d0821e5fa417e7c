//! Outcomes and attributions of a study held against its model: units, stretches of time, switches.

use super::archive::stretch;
use super::constants::Constants;
use super::document::Located;
use super::entry::{OperatorKind, Outcome, Study, SumUp, TakeEntry};
use super::fault::{Fault, Finding};
use super::observations::Setting;
use crate::calendar::{Fraction, Window};
use crate::compare::{Take, discounted};
use crate::diagnostic::nearest;
use crate::estimate::objective::{Gauge, Operator, Reading};
use crate::units::{Unit, conversion};

/// An outcome ready to be read from runs.
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedOutcome {
    pub name: String,
    pub title: String,
    /// Of the values shown.
    pub unit: String,
    pub gauge: Gauge,
    /// From the reading's unit to the one shown.
    pub factor: f64,
    /// The windows and what is taken of them; a path by year where absent.
    pub number: Option<(Vec<Window>, Take)>,
}

/// Switches whose part in outcomes is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedAttribution {
    pub name: String,
    pub title: String,
    pub switches: Vec<Switch>,
    /// Names of outcomes.
    pub outcomes: Vec<String>,
    pub draws: usize,
    pub orders: usize,
}

/// Policies, and constants whose effect is gone at zero, that are switched together; by element.
#[derive(Clone, Debug, PartialEq)]
pub struct Switch {
    pub label: String,
    pub on: Vec<(String, f64)>,
    pub off: Vec<(String, f64)>,
}

/// Readings of a peak or a time in one unit of time, at least.
const FINE: f64 = 12.0;

pub(super) fn outcome(
    entry: &Outcome,
    setting: &Setting,
    step: f64,
    findings: &mut Vec<Finding>,
) -> Option<PreparedOutcome> {
    let mut gauge = setting.gauge(&entry.quantity, &entry.operator, findings)?;
    let number = match &entry.sum_up {
        Some(sum_up) => Some(number(entry, sum_up, setting, step, &mut gauge, findings)?),
        None => None,
    };
    let in_time = matches!(number, Some((_, Take::TimeAbove(_) | Take::TimeBelow(_))));
    let plain = Gauge { quantity: entry.quantity.expression.clone(), ..gauge.clone() };
    let unit = setting.unit_of(&plain);
    let mut factor = entry.factor;
    let shown = match (&entry.unit, &unit) {
        (Some(wanted), Some(unit)) => {
            factor *= shown_factor(entry, unit, &wanted.value, setting, findings)?;
            wanted.value.clone()
        }
        (Some(wanted), None) => wanted.value.clone(),
        (None, Some(unit)) if unit.is_dimensionless() => String::new(),
        (None, Some(unit)) => unit.to_string(),
        (None, None) => String::new(),
    };
    let time = || setting.checked.units().time.as_ref().map(Unit::to_string).unwrap_or_default();
    let shown = if in_time { time() } else { shown };
    let (name, title) = (entry.name.value.clone(), entry.title.clone());
    Some(PreparedOutcome { name, title, unit: shown, gauge, factor, number })
}

/// The windows that one number is made of; the gauge becomes what is read over them.
fn number(
    entry: &Outcome,
    sum_up: &SumUp,
    setting: &Setting,
    step: f64,
    gauge: &mut Gauge,
    findings: &mut Vec<Finding>,
) -> Option<(Vec<Window>, Take)> {
    let window = stretch(&sum_up.over, &setting.study.run.calendar, &setting.study.source, findings)?;
    let run = setting.run;
    let window = Window { start: window.start.max(f64::MIN), end: window.end.min(f64::MAX) };
    let open = |at: f64, limit: f64, otherwise: f64| if at == limit { otherwise } else { at };
    let window = Window { start: open(window.start, f64::MIN, run.start), end: open(window.end, f64::MAX, run.end) };
    let near = Window { start: run.start - 1e-9, end: run.end + 1e-9 };
    if !near.covers(gauge.operator.reach(window)) {
        let (text, start, stop) = (sum_up.over.value.clone(), run.start, run.end);
        findings.push(Finding::new(
            Fault::WindowOutsideRun { text, start, stop },
            &setting.study.source,
            sum_up.over.span,
        ));
        return None;
    }
    let take = match sum_up.take {
        TakeEntry::Value => return Some((vec![window], Take::Value)),
        TakeEntry::PresentValue(rate) => {
            gauge.quantity = discounted(gauge.quantity.clone(), rate, window.start);
            gauge.operator = Operator::Of(Reading::Total);
            return Some((vec![window], Take::Value));
        }
        TakeEntry::Peak => Take::Peak,
        TakeEntry::Lowest => Take::Lowest,
        TakeEntry::TimeAbove(threshold) => Take::TimeAbove(threshold),
        TakeEntry::TimeBelow(threshold) => Take::TimeBelow(threshold),
    };
    let level = Reading::Level(Fraction::End);
    gauge.operator = match (entry.operator.kind, entry.operator.reading) {
        (OperatorKind::Plain, Reading::Level(_)) => Operator::Of(level),
        (OperatorKind::Share, _) => Operator::Share(level),
        _ => {
            findings.push(Finding::new(Fault::TakeNeedsLevel, &setting.study.source, entry.operator.span));
            return None;
        }
    };
    // Whole steps, so that reading cuts none.
    let every = (1.0 / (FINE * step)).floor().max(1.0) * step;
    let count = (window.length() / every + 1e-9).floor().min(1e6) as usize;
    let inside = (0..=count).map(|k| window.start + k as f64 * every);
    let mut instants: Vec<Window> = inside.map(Window::instant).collect();
    if instants.last().is_none_or(|last| last.end < window.end - 1e-9) {
        instants.push(Window::instant(window.end));
    }
    Some((instants, take))
}

/// From the unit of an outcome's readings to the one in which it is shown.
fn shown_factor(
    entry: &Outcome,
    unit: &Unit,
    wanted: &str,
    setting: &Setting,
    findings: &mut Vec<Finding>,
) -> Option<f64> {
    let span = entry.unit.as_ref().map_or(entry.name.span, |unit| unit.span);
    let fault = match setting.checked.units().synonyms.read(wanted) {
        Err(fault) => Fault::UnreadableUnit { unit: wanted.to_owned(), reason: fault.to_string() },
        Ok(target) => match conversion(unit, &target) {
            Ok(factor) => return Some(factor),
            Err(_) => Fault::Converts {
                series: entry.name.value.clone(),
                unit: unit.to_string(),
                wanted: wanted.to_owned(),
                reason: String::new(),
            },
        },
    };
    findings.push(Finding::new(fault, &setting.study.source, span));
    None
}

/// The attributions of a study.
pub(super) fn attributions(
    study: &Study,
    constants: &Constants,
    findings: &mut Vec<Finding>,
) -> Vec<PreparedAttribution> {
    let mut all = Vec::new();
    for entry in &study.attributions {
        let mut report = |fault, span| findings.push(Finding::new(fault, &study.source, span));
        if !(2..=60).contains(&entry.switches.len()) {
            report(Fault::TooManySwitches { count: entry.switches.len() }, entry.name.span);
        }
        let mut switches = Vec::new();
        for (label, policies) in &entry.switches {
            let mut switch = Switch { label: label.clone(), on: Vec::new(), off: Vec::new() };
            for policy in policies {
                match constants.resolve(&format!("on {}", policy.value)) {
                    Ok(constant) => {
                        // A policy that is off in the model is thrown by one.
                        let thrown = if constant.value == 0.0 { 1.0 } else { constant.value };
                        switch.on.push((constant.name.clone(), thrown));
                        switch.off.push((constant.name.clone(), 0.0));
                    }
                    Err(_) => match constants.resolve(&policy.value) {
                        // An effect that is not there at zero.
                        Ok(constant) => {
                            switch.on.push((constant.name.clone(), constant.value));
                            switch.off.push((constant.name.clone(), 0.0));
                        }
                        Err(_) => report(constants.unknown_policy(&policy.value), policy.span),
                    },
                }
            }
            switches.push(switch);
        }
        all.push(PreparedAttribution {
            name: entry.name.value.clone(),
            title: entry.title.clone(),
            switches,
            outcomes: entry.outcomes.iter().map(|name| name.value.clone()).collect(),
            draws: entry.draws,
            orders: entry.orders,
        });
    }
    all
}

/// Reports outcomes that are asked for and are not there, or not one number.
pub(super) fn asked_for(study: &Study, findings: &mut Vec<Finding>) {
    let of_sensitivity = study.sensitivity.iter().flat_map(|entry| &entry.outcomes);
    let of_searches = study.searches.iter().flat_map(|entry| {
        let aims = entry.aims.iter().map(|aim| &aim.outcome);
        aims.chain(entry.limits.iter().map(|limit| &limit.outcome))
    });
    let of_predictions = study.steps.identify.iter().flat_map(|entry| &entry.predictions);
    let of_attributions = study.attributions.iter().flat_map(|entry| &entry.outcomes);
    let wanted: Vec<&Located<String>> =
        of_attributions.chain(of_sensitivity).chain(of_searches).chain(of_predictions).collect();
    for name in wanted {
        let fault = match study.outcomes.iter().find(|outcome| outcome.name.value == name.value) {
            Some(outcome) if outcome.sum_up.is_some() => continue,
            Some(_) => Fault::NotOneNumber { name: name.value.clone() },
            None => {
                let numbers = study.outcomes.iter().filter(|outcome| outcome.sum_up.is_some());
                let known: Vec<String> = numbers.map(|outcome| outcome.name.value.clone()).collect();
                let near = nearest(&name.value, known.iter().map(String::as_str)).map(str::to_owned);
                Fault::UnknownOutcome { name: name.value.clone(), nearest: near, known }
            }
        };
        findings.push(Finding::new(fault, &study.source, name.span));
    }
}
