//! The equations of an opened model at values set from outside, without running it.

use super::execute::{execute, registers};
use crate::compile::Opened;

/// Registers in which an opened model's equations are evaluated.
#[derive(Clone, Debug)]
pub struct Equations<'o> {
    opened: &'o Opened,
    registers: Vec<f64>,
}

impl<'o> Equations<'o> {
    /// Constants take the model's values; what INITIAL keeps, its value at the start.
    pub fn new(opened: &'o Opened) -> Self {
        let program = &opened.apart;
        let mut registers = registers(program);
        for (constant, register) in program.constants.iter().zip(&program.constant_registers) {
            registers[*register as usize] = constant.value;
        }
        execute(&program.run, &program.tables, &mut registers);
        registers[program.time as usize] = registers[program.controls.start as usize];
        execute(&program.initial, &program.tables, &mut registers);
        let held: Vec<(u32, f64)> = program.helds.iter().map(|(to, from)| (*to, registers[*from as usize])).collect();
        for (to, value) in held {
            registers[to as usize] = value;
        }
        Equations { opened, registers }
    }

    /// What each equation gives at a time, where the others have these values; both `[equation]`. For a stock that is its
    /// net flow, for a memory what enters.
    pub fn at(&mut self, time: f64, values: &[f64], results: &mut [f64]) {
        let (opened, program) = (self.opened, &self.opened.apart);
        let registers = &mut self.registers;
        registers[program.time as usize] = time;
        for (register, value) in opened.given.iter().zip(values) {
            registers[*register as usize] = *value;
        }
        // Results stand in registers that the next code uses again: states come first, then memories, then the rest.
        let (states, rest) = (program.states.len(), program.states.len() + program.memories.len());
        for (code, part) in
            [(&program.rate, 0..states), (&program.advance, states..rest), (&program.save, rest..opened.result.len())]
        {
            execute(code, &program.tables, registers);
            for equation in part {
                results[equation] = registers[opened.result[equation] as usize];
            }
        }
    }

    /// TIME STEP after [`Self::at`] has been called.
    pub fn step(&self) -> f64 {
        self.registers[self.opened.apart.controls.step as usize]
    }
}
