//! Observations of a study held against data and model: values in the model's units, windows in the run, scales stated.

use super::archive::{Archive, Recorded, stretch};
use super::entry::{Observe, OperatorEntry, OperatorKind, Quantity, ScaleEntry, Study};
use super::fault::{EmptyReason, Fault, Finding};
use crate::calendar::Window;
use crate::check::{CheckedModel, expression_unit};
use crate::diagnostic::{Diagnostic, Span};
use crate::estimate::objective::{Datum, Family, Gauge, Observation, Operator, Reading, Use};
use crate::units::{Unit, conversion};

/// What observations are held against.
pub(super) struct Setting<'s> {
    pub study: &'s Study,
    pub archive: &'s Archive<'s>,
    pub checked: &'s CheckedModel,
    /// First and last time of the run.
    pub run: Window,
    pub fit: Option<Window>,
    pub hold_out: Option<Window>,
}

impl Setting<'_> {
    fn report(&self, fault: Fault, span: Span, findings: &mut Vec<Finding>) {
        findings.push(Finding::new(fault, &self.study.source, span));
    }

    /// An operator with its periods in model time.
    pub fn operator(&self, entry: &OperatorEntry, findings: &mut Vec<Finding>) -> Option<Operator> {
        let mut read = |text| stretch(text, &self.study.run.calendar, &self.study.source, findings);
        let reading = match (&entry.reading, &entry.since) {
            (Reading::Cumulative { .. }, None) => Reading::Cumulative { since: self.run.start },
            (Reading::Cumulative { .. }, Some(since)) => Reading::Cumulative { since: read(since)?.start },
            (reading, _) => *reading,
        };
        Some(match entry.kind {
            OperatorKind::Plain => Operator::Of(reading),
            OperatorKind::Growth => Operator::Growth(reading),
            OperatorKind::Share => Operator::Share(reading),
            OperatorKind::Index => {
                Operator::Index { of: reading, base: read(entry.base.as_ref()?)?, level: entry.level }
            }
        })
    }

    /// A quantity under an operator.
    pub fn gauge(&self, quantity: &Quantity, operator: &OperatorEntry, findings: &mut Vec<Finding>) -> Option<Gauge> {
        let read = self.operator(operator, findings)?;
        let gauge = Gauge::new(quantity.expression.clone(), read);
        if gauge.is_err() {
            self.report(Fault::NotARatio, quantity.span, findings);
        }
        gauge.ok()
    }

    /// The unit of a gauge's readings; `None` where it cannot be told.
    pub fn unit_of(&self, gauge: &Gauge) -> Option<Unit> {
        if gauge.operator.is_pure() {
            return Some(Unit::dimensionless());
        }
        let (unit, _) = expression_unit(self.checked, &gauge.quantity, &self.study.source);
        let unit = unit?;
        match gauge.operator.reading().integrates() {
            true => Some(unit.times(self.checked.units().time.as_ref()?)),
            false => Some(unit),
        }
    }

    /// The warning that data with a unit are held against a quantity without one.
    pub fn without_unit(&self, entry: &Observe, gauge: &Gauge) -> Option<Diagnostic> {
        let (_, mismatches) = expression_unit(self.checked, &gauge.quantity, &self.study.source);
        let known = self.unit_of(gauge).is_some() || !mismatches.is_empty();
        if known || matches!(gauge.operator, Operator::Index { .. }) {
            return None;
        }
        let recorded = self.archive.recorded(&entry.data, entry.unit.as_ref(), &mut Vec::new())?;
        let unit = recorded.into_iter().map(|record| record.unit).find(|unit| !unit.trim().is_empty())?;
        let (name, text) = (&entry.name.value, &entry.quantity.text);
        let warning = Diagnostic::warning(
            "quantity-without-unit",
            format!(
                "`{name}` is recorded in {unit}, but the model does not say in which unit `{text}` is; no conversion"
            ),
        );
        let help = "declare units of these variables in the model, `Dmnl` for pure numbers";
        Some(warning.at(&self.study.source, entry.quantity.span, "unit unknown").help(help))
    }

    /// An observation in the model's units. `inflation` and `coverage` are filled in by the caller.
    pub fn observation(&self, entry: &Observe, findings: &mut Vec<Finding>) -> Option<Observation> {
        let gauge = self.gauge(&entry.quantity, &entry.operator, findings);
        let recorded = self.archive.recorded(&entry.data, entry.unit.as_ref(), findings);
        let (gauge, recorded) = (gauge?, recorded?);
        let before = findings.len();
        self.stretches(entry, &gauge, &recorded, findings);
        self.within_run(entry, &gauge, &recorded, findings);
        let unit = self.unit_of(&gauge);
        let mut data = Vec::new();
        for record in &recorded {
            let multiplier = self.multiplier(entry, &gauge, unit.as_ref(), record, findings);
            let scale = self.scale(entry, record, findings);
            let (Some(multiplier), Some(scale)) = (multiplier, scale) else { break };
            let value = record.value * multiplier;
            if let Err(misplaced) = entry.noise.noise.admits(value) {
                let (series, period) = (entry.name.value.clone(), record.label.clone());
                let fault = Fault::Misplaced { series, period, value, misplaced };
                findings.push(Finding::new(fault, &record.source, record.span));
            }
            let scale = match entry.noise.noise.family {
                Family::Normal if !matches!(entry.noise.scale, ScaleEntry::Estimated { .. }) => {
                    scale * multiplier.abs()
                }
                _ => scale,
            };
            data.push(Datum {
                window: record.window,
                label: record.label.clone(),
                value,
                scale,
                purpose: self.purpose(entry, record.window),
            });
        }
        if findings.len() > before {
            return None;
        }
        if data.iter().all(|datum| datum.purpose == Use::Neither) {
            let fault = Fault::EmptySeries { series: entry.name.value.clone(), reason: EmptyReason::Window };
            self.report(fault, entry.name.span, findings);
            return None;
        }
        Some(Observation {
            name: entry.name.value.clone(),
            vendor: entry.vendor.clone(),
            shown: shown(unit.as_ref(), &recorded),
            unit: named(unit.as_ref()),
            gauge,
            noise: entry.noise.noise,
            coverage: None,
            inflation: None,
            noise_before_coverage: false,
            memory: None,
            experiment: 0,
            judgement: entry.judgement,
            data,
        })
    }

    fn purpose(&self, entry: &Observe, window: Window) -> Use {
        let inside = |stretch: Option<Window>| stretch.is_some_and(|stretch| stretch.covers(window));
        match (entry.judgement, self.fit) {
            (true, _) => Use::Fit,
            (_, None) if inside(self.hold_out) => Use::HoldOut,
            (_, None) => Use::Fit,
            _ if inside(self.fit) => Use::Fit,
            _ if inside(self.hold_out) => Use::HoldOut,
            _ => Use::Neither,
        }
    }

    /// Totals and growth are read over stretches of time.
    fn stretches(&self, entry: &Observe, gauge: &Gauge, recorded: &[Recorded], findings: &mut Vec<Finding>) {
        let instants = recorded.iter().filter(|record| !gauge.operator.suits(record.window));
        let periods: Vec<String> = instants.map(|record| record.label.clone()).collect();
        if !periods.is_empty() {
            let fault = Fault::NoStretch { series: entry.name.value.clone(), periods };
            self.report(fault, entry.operator.span, findings);
        }
    }

    fn within_run(&self, entry: &Observe, gauge: &Gauge, recorded: &[Recorded], findings: &mut Vec<Finding>) {
        // A day at either end is a matter of rounding, not of coverage.
        const NEAR: f64 = 1e-9;
        let run = Window { start: self.run.start - NEAR, end: self.run.end + NEAR };
        let outside: Vec<&Recorded> =
            recorded.iter().filter(|record| !run.covers(gauge.operator.reach(record.window))).collect();
        if outside.is_empty() {
            return;
        }
        let reach = outside.iter().map(|record| gauge.operator.reach(record.window));
        let fault = Fault::OutsideRun {
            series: entry.name.value.clone(),
            periods: outside.iter().map(|record| record.label.clone()).collect(),
            from: reach.clone().map(|window| window.start).fold(f64::INFINITY, f64::min),
            to: reach.map(|window| window.end).fold(f64::NEG_INFINITY, f64::max),
            start: self.run.start,
            stop: self.run.end,
        };
        self.report(fault, entry.name.span, findings);
    }

    /// By what a recorded value is multiplied to be in the unit of the reading.
    fn multiplier(
        &self,
        entry: &Observe,
        gauge: &Gauge,
        wanted: Option<&Unit>,
        record: &Recorded,
        findings: &mut Vec<Finding>,
    ) -> Option<f64> {
        let mut multiplier = entry.factor;
        let mut rate_unit = None;
        if let Some(name) = &entry.rate {
            let before = findings.len();
            let Some((rate, unit)) = self.archive.rate(name, record.window, findings) else {
                if findings.len() == before {
                    let fault = Fault::NoRate {
                        series: entry.name.value.clone(),
                        rate: name.series.value.clone(),
                        period: record.label.clone(),
                    };
                    self.report(fault, name.series.span, findings);
                }
                return None;
            };
            multiplier *= rate;
            rate_unit = Some(unit);
        }
        // An index counts in units of its own base, which cancels.
        let (Some(wanted), false) = (wanted, matches!(gauge.operator, Operator::Index { .. })) else {
            return Some(multiplier);
        };
        let span = entry.unit.as_ref().map_or(entry.name.span, |unit| unit.span);
        let series = || entry.name.value.clone();
        if record.unit.is_empty() {
            if wanted.is_dimensionless() {
                return Some(multiplier);
            }
            self.report(Fault::NoUnit { series: series(), wanted: wanted.to_string() }, span, findings);
            return None;
        }
        let mut read = |text: &str| match self.checked.units().synonyms.read(text) {
            Ok(unit) => Some(unit),
            Err(fault) => {
                let fault = Fault::UnreadableUnit { unit: text.to_owned(), reason: fault.to_string() };
                self.report(fault, span, findings);
                None
            }
        };
        let mut unit = read(&record.unit)?;
        let mut shown = record.unit.clone();
        if let Some(text) = rate_unit.filter(|text| !text.is_empty()) {
            unit = unit.times(&read(&text)?);
            shown = format!("{shown} times {text}");
        }
        match conversion(&unit, wanted) {
            Ok(factor) => Some(multiplier * factor),
            Err(fault) => {
                let reason = fault.to_string().split_once(": ").map(|(_, why)| format!(": {why}")).unwrap_or_default();
                let fault = Fault::Converts { series: series(), unit: shown, wanted: wanted.to_string(), reason };
                self.report(fault, span, findings);
                None
            }
        }
    }

    /// The stated scale for a value, in the unit in which it is recorded; one where the scale is estimated or there is none.
    fn scale(&self, entry: &Observe, record: &Recorded, findings: &mut Vec<Finding>) -> Option<f64> {
        let ScaleEntry::Stated(stated) = &entry.noise.scale else { return Some(1.0) };
        for (period, scale) in stated {
            let covers = match period {
                None => true,
                Some(period) => {
                    stretch(period, &self.study.run.calendar, &self.study.source, findings)?.covers(record.window)
                }
            };
            if covers {
                return Some(scale.value);
            }
        }
        let fault = Fault::NoScale { series: entry.name.value.clone(), period: record.label.clone() };
        self.report(fault, entry.noise.span, findings);
        None
    }
}

fn named(unit: Option<&Unit>) -> String {
    unit.filter(|unit| !unit.is_dimensionless()).map(Unit::to_string).unwrap_or_default()
}

/// Shares and rates that the record gives in percent are shown in percent, all else in the model's unit.
fn shown(unit: Option<&Unit>, recorded: &[Recorded]) -> (f64, String) {
    let percent = |record: &Recorded| matches!(record.unit.trim(), "%" | "percent" | "per cent" | "pct");
    match unit.is_some_and(Unit::is_dimensionless) && recorded.iter().all(percent) {
        true => (100.0, "%".to_owned()),
        false => (1.0, named(unit)),
    }
}
