//! How far a run is from the exact solution: the same run with half the step, and the same run by an independent code.
//!
//! The independent code is Dopri5 of the crate `ode_solvers`. It is driven from one stop to the next (saves and
//! switches) with its local time starting at 0 and sparse output, since its dense output extrapolates at the last point
//! and its start may not lie before 0 (faults 1, 3 and 5 of its version 0.6.2; each has a test below).

use super::execute::{execute, registers};
use super::stops::stops;
use super::{Failure, Save, Settings, run};
use crate::compile::Program;
use crate::series::Table;
use ode_solvers::dop_shared::OutputType;
use ode_solvers::dopri5::Dopri5;
use ode_solvers::{DVector, System};
use std::cell::RefCell;
use std::collections::HashMap;

/// The largest difference between two runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub variable: String,
    pub time: f64,
    /// Of the variable's largest absolute value in the run, or of a billionth of the largest value in its unit, so that
    /// what is zero but for rounding does not count.
    pub relative: f64,
}

/// Estimates of the integration error.
#[derive(Clone, Debug, PartialEq)]
pub struct Accuracy {
    /// Against half the step, or a hundredth of the tolerance. `None` where nothing differs.
    pub halved: Result<Option<Difference>, Failure>,
    /// Against the independent code.
    pub independent: Result<Option<Difference>, Refusal>,
}

/// Why the independent code gave no answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// The model draws at random, remembers whole steps or computes its own step or end, which a solver of differential
    /// equations cannot do.
    NotContinuous,
    /// It stopped: its own words.
    Stopped {
        time: f64,
        why: String,
    },
    NotFinite {
        time: f64,
    },
}

/// Tolerances of the independent run.
const TIGHT: f64 = 1e-10;

/// Estimates the error of `table`, a run of `program` with `settings`.
pub fn accuracy(program: &Program, settings: &Settings, table: &Table) -> Accuracy {
    let finer = Settings {
        step_share: settings.step_share * 0.5,
        relative: settings.relative * 0.01,
        absolute: settings.absolute * 0.01,
        save: Save::At(table.time.clone()),
        budget: settings.budget.saturating_mul(4),
        ..settings.clone()
    };
    Accuracy {
        halved: run(program, &finer).map(|finer| difference(table, &finer)),
        independent: independent(program, settings, &table.time).map(|exact| difference(table, &exact)),
    }
}

/// The largest difference of two tables over the same times and columns.
pub fn difference(table: &Table, reference: &Table) -> Option<Difference> {
    let peak = |number: usize| reference.values.column(number).iter().fold(0.0f64, |peak, value| peak.max(value.abs()));
    let mut of_unit: HashMap<Option<&str>, f64> = HashMap::new();
    for (number, column) in table.columns.iter().enumerate() {
        let largest = of_unit.entry(column.units.as_deref()).or_default();
        *largest = largest.max(peak(number));
    }
    let mut largest: Option<Difference> = None;
    for (number, column) in table.columns.iter().enumerate() {
        let peak = peak(number).max(1e-9 * of_unit[&column.units.as_deref()]);
        // A final time that the model computes may end one of the runs earlier.
        for (row, time) in table.time.iter().enumerate().take(reference.time.len()) {
            let gap = (table.values[(row, number)] - reference.values[(row, number)]).abs();
            if gap > 0.0 && largest.as_ref().is_none_or(|old| gap / peak > old.relative) {
                largest = Some(Difference { variable: column.name.clone(), time: *time, relative: gap / peak });
            }
        }
    }
    largest
}

/// The values at `times` by `ode_solvers`.
pub fn independent(program: &Program, settings: &Settings, times: &[f64]) -> Result<Table, Refusal> {
    let floored = program.states.iter().any(|state| state.floored);
    let moves = program.controls.stop_moves || program.controls.step_moves;
    if floored || moves || !program.memories.is_empty() || !program.randoms.is_empty() {
        return Err(Refusal::NotContinuous);
    }
    let at_start = Settings { save: Save::At(Vec::new()), ..settings.clone() };
    let plan = stops(program, &at_start, times);
    let mut registers = registers(program);
    for (constant, register) in program.constants.iter().zip(&program.constant_registers) {
        registers[*register as usize] = constant.value;
    }
    execute(&program.run, &program.tables, &mut registers);
    let start = registers[program.controls.start as usize];
    registers[program.time as usize] = start;
    execute(&program.initial, &program.tables, &mut registers);
    let initial: Vec<f64> = program.states.iter().map(|state| registers[state.initial as usize]).collect();
    let held: Vec<_> = program.helds.iter().map(|(to, from)| (*to, registers[*from as usize])).collect();
    for (to, value) in held {
        registers[to as usize] = value;
    }
    let mut state = DVector::from_vec(initial);
    let mut rows = Vec::with_capacity(times.len() * program.outputs.len());
    let registers = RefCell::new(registers);
    let mut now = start;
    let mut on_switch = false;
    let mut saved = Vec::with_capacity(times.len());
    for stop in &plan {
        if stop.time > now {
            state = stretch(program, &registers, state, (now, on_switch), (stop.time, stop.switch))?;
            now = stop.time;
            on_switch = stop.switch;
        } else {
            on_switch |= stop.switch;
        }
        if stop.save {
            let mut registers = registers.borrow_mut();
            set(program, &mut registers, now, &state);
            execute(&program.save, &program.tables, &mut registers);
            saved.push(now);
            rows.extend(program.outputs.iter().map(|output| registers[output.register as usize]));
        }
    }
    Ok(super::table(program, super::Saved { times: saved, rows, ..super::Saved::default() }))
}

fn set(program: &Program, registers: &mut [f64], time: f64, state: &DVector<f64>) {
    registers[program.time as usize] = time;
    for (slot, value) in program.states.iter().zip(state.iter()) {
        registers[slot.register as usize] = *value;
    }
}

/// One stretch without a switch inside, as the crate sees it: local time from 0.
struct Stretch<'a> {
    program: &'a Program,
    registers: &'a RefCell<Vec<f64>>,
    begin: f64,
    /// Times are kept within these, just inside the switches at the ends.
    within: (f64, f64),
}

impl System<f64, DVector<f64>> for Stretch<'_> {
    fn system(&self, local: f64, state: &DVector<f64>, derivative: &mut DVector<f64>) {
        let mut registers = self.registers.borrow_mut();
        let time = (self.begin + local).clamp(self.within.0, self.within.1);
        set(self.program, &mut registers, time, state);
        execute(&self.program.rate, &self.program.tables, &mut registers);
        for (value, slot) in derivative.iter_mut().zip(&self.program.states) {
            *value = registers[slot.derivative as usize];
        }
    }
}

fn stretch(
    program: &Program,
    registers: &RefCell<Vec<f64>>,
    state: DVector<f64>,
    (begin, from_switch): (f64, bool),
    (end, to_switch): (f64, bool),
) -> Result<DVector<f64>, Refusal> {
    if state.is_empty() {
        return Ok(state);
    }
    let off = 8.0 * f64::EPSILON * begin.abs().max(end.abs());
    let within = (begin + if from_switch { off } else { 0.0 }, end - if to_switch { off } else { 0.0 });
    let system = Stretch { program, registers, begin, within };
    let length = end - begin;
    let mut solver = Dopri5::new(system, 0.0, length, length, state, TIGHT, TIGHT);
    solver.set_output(OutputType::Sparse);
    let outcome = solver.integrate();
    outcome.map_err(|error| Refusal::Stopped { time: begin, why: error.to_string() })?;
    match (solver.x_out().last(), solver.y_out().last()) {
        // Sparse output ends on the last step, which must be the end itself.
        (Some(reached), Some(last))
            if (reached - length).abs() <= 1e-9 * length && last.iter().all(|x| x.is_finite()) =>
        {
            Ok(last.clone())
        }
        (Some(reached), Some(_)) if (reached - length).abs() > 1e-9 * length => {
            Err(Refusal::Stopped { time: begin + reached, why: "it did not reach the end".to_owned() })
        }
        _ => Err(Refusal::NotFinite { time: begin }),
    }
}

impl Refusal {
    /// In words, to follow "no independent check: ".
    pub fn words(&self) -> String {
        match self {
            Refusal::NotContinuous => {
                "the model draws at random, remembers whole steps, or computes its own step or end".to_owned()
            }
            Refusal::Stopped { time, why } => format!("ode_solvers stopped at time {time}: {why}"),
            Refusal::NotFinite { time } => format!("ode_solvers gave values that are not finite after time {time}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `y' = cos(t)` by the guarded use, from a negative start over a long single stretch.
    #[test]
    fn the_guards_hold_where_the_crate_fails() {
        struct Cosine(f64);
        impl System<f64, DVector<f64>> for Cosine {
            fn system(&self, local: f64, _: &DVector<f64>, derivative: &mut DVector<f64>) {
                derivative[0] = (self.0 + local).cos();
            }
        }
        // Dense output, as the crate offers it: the last point is an extrapolation.
        let mut dense = Dopri5::new(Cosine(0.0), 0.0, 30.0, 30.0, DVector::from_vec(vec![0.0]), 1e-8, 1e-8);
        assert!(dense.integrate().is_ok());
        let unguarded = dense.y_out().last().map_or(0.0, |y| (y[0] - 30f64.sin()).abs());
        assert!(unguarded > 1.0, "the fault is gone ({unguarded}): the guard may be dropped");
        // Sparse output from local time 0, with a start before 0.
        let start = -7.0;
        let state = DVector::from_vec(vec![f64::sin(start)]);
        let mut sparse = Dopri5::new(Cosine(start), 0.0, 30.0, 30.0, state, 1e-10, 1e-10);
        sparse.set_output(OutputType::Sparse);
        assert!(sparse.integrate().is_ok());
        let guarded = sparse.y_out().last().map_or(1.0, |y| (y[0] - 23f64.sin()).abs());
        assert!(guarded < 1e-8, "{guarded}");
    }
}
