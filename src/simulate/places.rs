//! Where the stepping loop finds the values of a program in the registers of a batch.

use super::registers::Registers;
use super::split::{Place, Section};
use crate::compile::Program;

/// Where the stepping loop finds values.
pub struct Places {
    pub time: Place,
    pub states: Vec<usize>,
    pub derivatives: Vec<Place>,
    pub memories: Vec<Place>,
    pub inputs: Vec<Place>,
    pub randoms: Vec<Place>,
    pub outputs: Vec<Place>,
    pub shifts: Vec<Place>,
    pub stop: Place,
    pub step: Place,
    pub save_every: Place,
}

impl Places {
    pub fn new<const L: usize>(program: &Program, registers: &Registers<L>) -> Self {
        let after = |section, register| registers.after(section, register);
        Places {
            time: registers.kept(program.time),
            states: program.states.iter().map(|state| registers.kept(state.register).number()).collect(),
            derivatives: program.states.iter().map(|state| after(Section::Rate, state.derivative)).collect(),
            memories: program.memories.iter().map(|memory| registers.kept(memory.register)).collect(),
            inputs: program.memories.iter().map(|memory| after(Section::Advance, memory.input)).collect(),
            randoms: program.randoms.iter().map(|register| registers.kept(*register)).collect(),
            outputs: program.outputs.iter().map(|output| after(Section::Save, output.register)).collect(),
            shifts: program.tangents.shifts.iter().map(|shift| registers.kept(shift.time)).collect(),
            stop: after(Section::Save, program.controls.stop),
            step: after(Section::Save, program.controls.step),
            save_every: after(Section::Save, program.controls.save_every),
        }
    }
}
