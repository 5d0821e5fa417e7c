//! What a run must save so that quantities can be read from it over windows, and the reading itself.
//!
//! Values are saved exactly at the times that operators ask for; integrals are carried by the solver as states of their
//! own, with the method and steps of the model's stocks.

use super::{Operator, Part, Probe};
use crate::calendar::Window;
use crate::compile::{OutputExpression, Program};
use crate::model::{BinaryOperator, Expression, ExpressionKind};
use crate::simulate::{Saved, SavedWithTangents};
use std::collections::HashMap;

/// A quantity of the model and how it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    pub quantity: Expression,
    pub operator: Operator,
}

/// A share whose quantity is not a division.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotARatio;

impl Gauge {
    /// # Errors
    /// Of a share, when the quantity is no division.
    pub fn new(quantity: Expression, operator: Operator) -> Result<Self, NotARatio> {
        let gauge = Gauge { quantity, operator };
        match (operator, gauge.ratio()) {
            (Operator::Share(_), None) => Err(NotARatio),
            _ => Ok(gauge),
        }
    }

    /// Numerator and denominator of the quantity.
    fn ratio(&self) -> Option<(&Expression, &Expression)> {
        match &self.quantity.kind {
            ExpressionKind::Binary { operator: BinaryOperator::Divide, left, right } => Some((left, right)),
            _ => None,
        }
    }

    fn part(&self, part: Part) -> &Expression {
        match (part, self.ratio()) {
            (Part::Numerator, Some((numerator, _))) => numerator,
            (Part::Denominator, Some((_, denominator))) => denominator,
            _ => &self.quantity,
        }
    }
}

/// Readings of gauges, numbered in the order in which they are added.
#[derive(Clone, Debug, Default)]
pub struct Readout {
    readings: Vec<(Operator, Window, usize)>,
    gauges: Vec<Gauge>,
    /// Save times, ascending once sealed.
    times: Vec<f64>,
    /// Expressions to save, and the output's number once the program is known.
    outputs: Vec<OutputExpression>,
    /// `(gauge, part, integral)` to its place in `outputs`.
    places: HashMap<(usize, Part, bool), usize>,
}

impl Readout {
    /// Adds the readings of a gauge over windows; they are numbered from the returned number on.
    pub fn add(&mut self, gauge: &Gauge, windows: impl IntoIterator<Item = Window>) -> usize {
        let first = self.readings.len();
        let number = self.gauges.len();
        self.gauges.push(gauge.clone());
        for window in windows {
            for probe in gauge.operator.probes(window) {
                self.times.push(probe.time);
                let outputs = &mut self.outputs;
                self.places.entry((number, probe.part, probe.integral)).or_insert_with(|| {
                    let kind = if probe.integral { "integral" } else { "value" };
                    outputs.push(OutputExpression {
                        name: format!("reading {number} {:?} {kind}", probe.part),
                        expression: gauge.part(probe.part).clone(),
                        cumulated: probe.integral,
                    });
                    outputs.len() - 1
                });
            }
            self.readings.push((gauge.operator, window, number));
        }
        self.times.sort_by(f64::total_cmp);
        self.times.dedup();
        first
    }

    pub fn len(&self) -> usize {
        self.readings.len()
    }

    pub fn is_empty(&self) -> bool {
        self.readings.is_empty()
    }

    /// When the run must save, ascending.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// What the run must save.
    pub fn expressions(&self) -> Vec<OutputExpression> {
        self.outputs.clone()
    }

    /// The name of what is saved for a probe of a gauge.
    pub fn name(&self, gauge: usize, probe: Probe) -> Option<&str> {
        let place = self.places.get(&(gauge, probe.part, probe.integral))?;
        self.outputs.get(*place).map(|output| output.name.as_str())
    }

    /// Finds the expressions among the outputs of the program compiled for them.
    pub fn within(&self, program: &Program) -> Reader<'_> {
        let place: HashMap<&str, usize> =
            program.outputs.iter().enumerate().map(|(place, output)| (output.name.as_str(), place)).collect();
        let columns = self.outputs.iter().map(|output| place.get(output.name.as_str()).copied().unwrap_or(usize::MAX));
        Reader { readout: self, columns: columns.collect(), width: program.outputs.len() }
    }
}

/// Times this close, relative to their size, are one: a run may save a rounding error away from what was asked.
const SAME: f64 = 1e-10;

/// Readings from the runs of one program.
#[derive(Clone, Debug)]
pub struct Reader<'r> {
    readout: &'r Readout,
    /// Column of each expression.
    columns: Vec<usize>,
    width: usize,
}

impl Reader<'_> {
    /// Every reading of a run, in the model's units; NaN where the run did not save what is asked for.
    pub fn read(&self, saved: &Saved) -> Vec<f64> {
        let at = |gauge: usize, probe: Probe| self.at(saved, &saved.rows, gauge, probe);
        let readings = self.readout.readings.iter();
        readings.map(|(operator, window, gauge)| operator.predict(*window, |probe| at(*gauge, probe))).collect()
    }

    /// The slope of every reading of a run along a direction, per unit of the constant.
    pub fn read_slopes(&self, run: &SavedWithTangents, direction: usize) -> Vec<f64> {
        let saved = &run.saved;
        let size = saved.rows.len();
        let tangents = run.tangents.get(direction * size..(direction + 1) * size).unwrap_or_default();
        let readings = self.readout.readings.iter();
        let each = readings.map(|(operator, window, gauge)| {
            let read = |probe| self.at(saved, &saved.rows, *gauge, probe);
            operator.predict_slope(*window, read, |probe| self.at(saved, tangents, *gauge, probe))
        });
        each.collect()
    }

    /// What one saved row holds for a probe of a gauge.
    pub fn of(&self, row: &[f64], gauge: usize, probe: Probe) -> f64 {
        let place = self.readout.places.get(&(gauge, probe.part, probe.integral));
        place.and_then(|place| row.get(self.columns[*place])).copied().unwrap_or(f64::NAN)
    }

    /// What `rows`, laid out as those saved, hold for a probe.
    fn at(&self, saved: &Saved, rows: &[f64], gauge: usize, probe: Probe) -> f64 {
        let near = SAME * probe.time.abs().max(1.0);
        let row = saved.times.partition_point(|time| *time < probe.time - near);
        let found = saved.times.get(row).is_some_and(|time| *time <= probe.time + near);
        let column = self.readout.places.get(&(gauge, probe.part, probe.integral)).map(|place| self.columns[*place]);
        let value = column.filter(|_| found).and_then(|column| rows.get(row * self.width + column));
        value.copied().unwrap_or(f64::NAN)
    }
}
