//! A program at one point: its rates and how they depend on states and time.

use super::execute::{execute, registers};
use crate::compile::{Obstacle, Program};
use ndarray::Array2;

/// Rates around a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Linearisation {
    /// `[state]`.
    pub rates: Vec<f64>,
    /// `[rate, state]`.
    pub by_state: Array2<f64>,
    /// `[rate]`, between switches.
    pub by_time: Vec<f64>,
}

/// The rates at a time and states (in the order of the program's), with their exact derivatives; constants are the
/// program's own.
///
/// # Errors
/// Why the program has no derivatives.
pub fn linearise(program: &Program, time: f64, states: &[f64]) -> Result<Linearisation, Obstacle> {
    let jacobian = program.jacobian.as_ref().map_err(Obstacle::clone)?;
    let mut registers = registers(program);
    for (constant, register) in program.constants.iter().zip(&program.constant_registers) {
        registers[*register as usize] = constant.value;
    }
    execute(&program.run, &program.tables, &mut registers);
    registers[program.time as usize] = time;
    execute(&program.initial, &program.tables, &mut registers);
    let held: Vec<(u32, f64)> = program.helds.iter().map(|(to, from)| (*to, registers[*from as usize])).collect();
    for (to, value) in held {
        registers[to as usize] = value;
    }
    for (slot, state) in program.states.iter().zip(states) {
        registers[slot.register as usize] = *state;
    }
    execute(&jacobian.code, &program.tables, &mut registers);
    let size = program.states.len();
    let mut all = Linearisation {
        rates: jacobian.rates.iter().map(|register| registers[*register as usize]).collect(),
        by_state: Array2::zeros((size, size)),
        by_time: vec![0.0; size],
    };
    for (row, column, register) in &jacobian.entries {
        all.by_state[(*row as usize, *column as usize)] = registers[*register as usize];
    }
    for (row, register) in &jacobian.time {
        all.by_time[*row as usize] = registers[*register as usize];
    }
    Ok(all)
}
