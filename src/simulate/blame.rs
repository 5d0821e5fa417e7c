//! Which equation first gave a value that is not finite.

use super::execute::execute_one;
use super::failure::Failure;
use crate::compile::{Code, Operation, Program};

/// Runs `code` again on the registers of one run, instruction by instruction.
pub fn blame(program: &Program, code: &Code, registers: Vec<[f64; 1]>, time: f64) -> Failure {
    let mut single = registers;
    single[program.time as usize] = [time];
    // A state may have become infinite itself; start from the values that are still numbers.
    let broken = program.states.iter().find(|state| !single[state.register as usize][0].is_finite());
    for (number, instruction) in code.instructions.iter().enumerate() {
        let operands: &[u32] = match instruction.operation {
            Operation::Unary(_) | Operation::Lookup => &[instruction.a],
            Operation::Binary(_) => &[instruction.a, instruction.b],
            Operation::Select => &[instruction.a, instruction.b, instruction.c],
            Operation::Vector => &[],
        };
        let sound = operands.iter().all(|register| single[*register as usize][0].is_finite());
        execute_one(code, number, &program.tables, &mut single);
        let result = single[instruction.to as usize][0];
        if sound && !result.is_finite() {
            let owner = code.owners.get(number).and_then(|owner| program.owners.get(*owner as usize));
            let operation = match instruction.operation {
                Operation::Unary(operation) => operation.word(),
                Operation::Binary(operation) => operation.word(),
                Operation::Select => "choice",
                Operation::Lookup => "lookup",
                Operation::Vector => "vector function",
            };
            return Failure::NotFinite { variable: owner.cloned().unwrap_or_default(), time, operation };
        }
    }
    let variable = broken.map(|state| state.name.clone()).unwrap_or_default();
    Failure::NotFinite { variable, time, operation: "integration" }
}
