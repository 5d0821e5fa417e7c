//! Which equation first gave a value that is not finite.

use super::execute::execute_one;
use super::failure::Failure;
use crate::compile::{Code, Operation, Program};

/// Runs `code` again on the registers of one run, instruction by instruction.
pub fn blame(program: &Program, code: &Code, registers: Vec<f64>, time: f64) -> Failure {
    let mut single = registers;
    single[program.time as usize] = time;
    // A state may have become infinite itself; start from the values that are still numbers.
    let broken = program.states.iter().find(|state| !single[state.register as usize].is_finite());
    for (number, instruction) in code.instructions.iter().enumerate() {
        let sound = code.reads(instruction).iter().all(|register| single[*register as usize].is_finite());
        let [a, b] =
            [instruction.a, instruction.b].map(|register| single.get(register as usize).copied().unwrap_or_default());
        execute_one(code, number, &program.tables, &mut single);
        let result = single[instruction.to as usize];
        if sound && !result.is_finite() {
            let (first, second) = code.owners.get(number).copied().unwrap_or_default();
            let (owner, operation) = match instruction.operation {
                Operation::Unary(operation) => (second, operation.word()),
                Operation::Binary(operation) => (second, operation.word()),
                Operation::Pair(pair) if !pair.first.apply(a, b).is_finite() => (first, pair.first.word()),
                Operation::Pair(pair) => (second, pair.second.word()),
                Operation::Select => (second, "choice"),
                Operation::Lookup => (second, "lookup"),
                Operation::Vector => (second, "vector function"),
            };
            let variable = program.owners.get(owner as usize).cloned().unwrap_or_default();
            return Failure::NotFinite { variable, time, operation };
        }
    }
    let variable = broken.map(|state| state.name.clone()).unwrap_or_default();
    Failure::NotFinite { variable, time, operation: "integration" }
}
