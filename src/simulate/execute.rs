//! The executor: a program's instructions over blocks of lanes, one lane for each run of a batch.
//!
//! One source serves one lane and many. Lanes never meet: no operation reads across them, so a run's bits do not depend
//! on its neighbours. Operand blocks are copied before the result is stored, which lets registers be reused freely.

use super::vectors;
use crate::compile::{Binary, Code, Operation, Program, Table, Unary};

/// All registers of a batch of `L` runs: `[register][lane]`.
pub type Registers<const L: usize> = [[f64; L]];

/// Fresh registers with the program's numbers in place.
pub fn registers<const L: usize>(program: &Program) -> Vec<[f64; L]> {
    let mut registers = vec![[0.0; L]; program.registers];
    for (register, value) in &program.numbers {
        registers[*register as usize] = [*value; L];
    }
    registers
}

#[inline(always)]
fn each<const L: usize>(a: [f64; L], apply: impl Fn(f64) -> f64) -> [f64; L] {
    let mut out = a;
    for x in &mut out {
        *x = apply(*x);
    }
    out
}

#[inline(always)]
fn both<const L: usize>(a: [f64; L], b: [f64; L], apply: impl Fn(f64, f64) -> f64) -> [f64; L] {
    let mut out = a;
    for (x, y) in out.iter_mut().zip(b) {
        *x = apply(*x, y);
    }
    out
}

/// Runs straight-line code on the registers.
pub fn execute<const L: usize>(code: &Code, tables: &[Table], registers: &mut Registers<L>) {
    for instruction in &code.instructions {
        let a = instruction.a as usize;
        let result = match instruction.operation {
            Operation::Unary(operation) => unary(operation, registers[a]),
            Operation::Binary(operation) => binary(operation, registers[a], registers[instruction.b as usize]),
            Operation::Select => {
                let (condition, then) = (registers[a], registers[instruction.b as usize]);
                let mut out = registers[instruction.c as usize];
                for lane in 0..L {
                    out[lane] = if condition[lane] != 0.0 { then[lane] } else { out[lane] };
                }
                out
            }
            Operation::Lookup => {
                let table = &tables[instruction.b as usize];
                each(registers[a], |x| table.at(x))
            }
            Operation::Vector => {
                vectors::execute(&code.vectors[a], tables, registers);
                continue;
            }
        };
        registers[instruction.to as usize] = result;
    }
}

#[inline(always)]
fn unary<const L: usize>(operation: Unary, a: [f64; L]) -> [f64; L] {
    // The operation is named in each arm so that it is inlined into the loop over lanes.
    macro_rules! over {
        ($($name:ident),*) => {
            match operation { $(Unary::$name => each(a, |x| Unary::$name.apply(x)),)* }
        };
    }
    over!(
        Negate,
        Absolute,
        Exponential,
        NaturalLogarithm,
        DecimalLogarithm,
        SquareRoot,
        Sine,
        Cosine,
        Tangent,
        ArcSine,
        ArcCosine,
        ArcTangent,
        HyperbolicSine,
        HyperbolicCosine,
        HyperbolicTangent,
        Truncate,
        Floor,
        Not,
        Sign,
        GammaLogarithm,
        NormalQuantile,
        NormalProbability
    )
}

#[inline(always)]
fn binary<const L: usize>(operation: Binary, a: [f64; L], b: [f64; L]) -> [f64; L] {
    macro_rules! over {
        ($($name:ident),*) => {
            match operation { $(Binary::$name => both(a, b, |x, y| Binary::$name.apply(x, y)),)* }
        };
    }
    over!(
        Add,
        Subtract,
        Multiply,
        Divide,
        Power,
        Minimum,
        Maximum,
        Modulo,
        Remainder,
        Less,
        LessOrEqual,
        Equal,
        NotEqual,
        And,
        Or
    )
}
