//! The executor: a program's instructions over blocks of lanes, one lane for each run of a batch.
//!
//! One source serves one lane and many, compiled for each instruction set and chosen at run time. Lanes never meet: no
//! operation reads across them, so a run's bits do not depend on its neighbours. Operand blocks are copied before the
//! result is stored, which lets registers be reused freely.

use super::vectors;
use crate::compile::{Binary, Code, Instruction, Operation, Program, Stretch, Table, Unary};
use crate::elementary::{exp_block, ln_block, log10_block, pow_block, tanh_block};
use multiversion::multiversion;

/// Fresh registers of `L` runs, `[register][lane]`, with the program's numbers in place.
pub fn registers<const L: usize>(program: &Program) -> Vec<[f64; L]> {
    let mut registers = vec![[0.0; L]; program.registers];
    for (register, value) in &program.numbers {
        registers[*register as usize] = [*value; L];
    }
    registers
}

/// Runs straight-line code on the registers.
pub fn execute<const L: usize>(code: &Code, tables: &[Table], registers: &mut [[f64; L]]) {
    execute_stretches(code, &code.stretches, tables, registers);
}

/// Runs code whose values that depend on time only stand already.
pub fn execute_moving<const L: usize>(code: &Code, tables: &[Table], registers: &mut [[f64; L]]) {
    execute_stretches(code, &code.stretches[code.clock..], tables, registers);
}

/// Runs one instruction.
pub fn execute_one<const L: usize>(code: &Code, number: usize, tables: &[Table], registers: &mut [[f64; L]]) {
    if let Some(instruction) = code.instructions.get(number) {
        let stretch = Stretch { operation: instruction.operation, first: number, end: number + 1 };
        execute_stretches(code, &[stretch], tables, registers);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
fn execute_stretches<const L: usize>(code: &Code, stretches: &[Stretch], tables: &[Table], registers: &mut [[f64; L]]) {
    for stretch in stretches {
        run_stretch(code, stretch, tables, registers);
    }
}

/// Instructions of one operation. The operation is chosen once for all of them, and named where it is applied: a
/// function passed as a value would not be compiled for the chosen instruction set.
#[inline(always)]
fn run_stretch<const L: usize>(code: &Code, stretch: &Stretch, tables: &[Table], registers: &mut [[f64; L]]) {
    let instructions = &code.instructions[stretch.first..stretch.end];
    macro_rules! unary {
        ($($name:ident)* ; $($block_name:ident $block:ident)*) => {
            match stretch.operation {
                $(Operation::Unary(Unary::$name) => {
                    for instruction in instructions {
                        let mut out = registers[instruction.a as usize];
                        for x in &mut out {
                            *x = Unary::$name.apply(*x);
                        }
                        registers[instruction.to as usize] = out;
                    }
                })*
                $(Operation::Unary(Unary::$block_name) => {
                    for instruction in instructions {
                        let mut out = [0.0; L];
                        $block(&registers[instruction.a as usize], &mut out);
                        registers[instruction.to as usize] = out;
                    }
                })*
                _ => {}
            }
        };
    }
    macro_rules! binary {
        ($($name:ident)*) => {
            match stretch.operation {
                $(Operation::Binary(Binary::$name) => {
                    for instruction in instructions {
                        let mut out = registers[instruction.a as usize];
                        let b = registers[instruction.b as usize];
                        for lane in 0..L {
                            out[lane] = Binary::$name.apply(out[lane], b[lane]);
                        }
                        registers[instruction.to as usize] = out;
                    }
                })*
                _ => {}
            }
        };
    }
    match stretch.operation {
        Operation::Binary(Binary::Power) => {
            for instruction in instructions {
                let mut out = [0.0; L];
                pow_block(&registers[instruction.a as usize], &registers[instruction.b as usize], &mut out);
                registers[instruction.to as usize] = out;
            }
        }
        Operation::Binary(_) => binary!(
            Add Subtract Multiply Divide Minimum Maximum Modulo Remainder Less LessOrEqual Equal NotEqual And Or
        ),
        Operation::Unary(_) => unary!(
            Negate Absolute SquareRoot Sine Cosine Tangent ArcSine ArcCosine ArcTangent HyperbolicSine HyperbolicCosine
            Truncate Floor Not Sign GammaLogarithm NormalQuantile NormalProbability;
            Exponential exp_block NaturalLogarithm ln_block DecimalLogarithm log10_block HyperbolicTangent tanh_block
        ),
        Operation::Select => {
            for instruction in instructions {
                let condition = registers[instruction.a as usize];
                let then = registers[instruction.b as usize];
                let mut out = registers[instruction.c as usize];
                for lane in 0..L {
                    out[lane] = if condition[lane] != 0.0 { then[lane] } else { out[lane] };
                }
                registers[instruction.to as usize] = out;
            }
        }
        Operation::Lookup => look_up(instructions, tables, registers),
        Operation::Vector => {
            for instruction in instructions {
                vectors::execute(&code.vectors[instruction.a as usize], tables, registers);
            }
        }
    }
}

#[inline(always)]
fn look_up<const L: usize>(instructions: &[Instruction], tables: &[Table], registers: &mut [[f64; L]]) {
    for instruction in instructions {
        let table = &tables[instruction.b as usize];
        let mut out = registers[instruction.a as usize];
        for x in &mut out {
            *x = table.at(*x);
        }
        registers[instruction.to as usize] = out;
    }
}
