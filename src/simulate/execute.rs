//! The executor of whole programs: one run's instructions on its registers.
//!
//! Compiled for each instruction set and chosen at run time; the bits are the same in all.

use super::pairs::{for_pair, pair_value};
use super::vectors;
use crate::compile::{Binary, Code, Instruction, Operation, Program, Stretch, Table, Unary};
use multiversion::multiversion;

/// Registers that an index of 16 bits cannot miss, which spares the executor its checks of bounds.
const FULL: usize = 1 << 16;

/// Programs with fewer registers are not worth the time that clearing so many takes.
const WORTH_FULL: usize = 256;

/// Fresh registers with the program's numbers in place.
pub fn registers(program: &Program) -> Vec<f64> {
    let full = (WORTH_FULL..FULL).contains(&program.registers);
    let mut registers = vec![0.0; if full { FULL } else { program.registers }];
    for (register, value) in &program.numbers {
        registers[*register as usize] = *value;
    }
    registers
}

/// Runs straight-line code on the registers.
pub fn execute(code: &Code, tables: &[Table], registers: &mut [f64]) {
    execute_stretches(code, &code.stretches, tables, registers);
}

/// Runs code whose values that depend on time only stand already.
pub fn execute_moving(code: &Code, tables: &[Table], registers: &mut [f64]) {
    execute_stretches(code, &code.stretches[code.clock..], tables, registers);
}

/// Runs one instruction.
pub fn execute_one(code: &Code, number: usize, tables: &[Table], registers: &mut [f64]) {
    if let Some(instruction) = code.instructions.get(number) {
        let stretch = Stretch { operation: instruction.operation, first: number, end: number + 1 };
        execute_stretches(code, &[stretch], tables, registers);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
fn execute_stretches(code: &Code, stretches: &[Stretch], tables: &[Table], registers: &mut [f64]) {
    match <&mut [f64; FULL]>::try_from(&mut *registers) {
        Ok(registers) if !code.compact.is_empty() => {
            for stretch in stretches {
                run_stretch(code, stretch, &code.compact[stretch.first..stretch.end], tables, registers);
            }
        }
        _ => {
            for stretch in stretches {
                run_stretch(code, stretch, &code.instructions[stretch.first..stretch.end], tables, registers);
            }
        }
    }
}

/// An instruction's registers.
trait Operands {
    fn to(&self) -> usize;
    fn a(&self) -> usize;
    fn b(&self) -> usize;
    fn c(&self) -> usize;
}

impl Operands for Instruction {
    #[inline(always)]
    fn to(&self) -> usize {
        self.to as usize
    }
    #[inline(always)]
    fn a(&self) -> usize {
        self.a as usize
    }
    #[inline(always)]
    fn b(&self) -> usize {
        self.b as usize
    }
    #[inline(always)]
    fn c(&self) -> usize {
        self.c as usize
    }
}

impl Operands for [u16; 4] {
    #[inline(always)]
    fn to(&self) -> usize {
        self[0].into()
    }
    #[inline(always)]
    fn a(&self) -> usize {
        self[1].into()
    }
    #[inline(always)]
    fn b(&self) -> usize {
        self[2].into()
    }
    #[inline(always)]
    fn c(&self) -> usize {
        self[3].into()
    }
}

/// Registers of whichever length.
trait Bank {
    fn get(&self, register: usize) -> f64;
    fn set(&mut self, register: usize, value: f64);
    fn slice(&mut self) -> &mut [f64];
}

macro_rules! bank {
    ($bank:ty) => {
        impl Bank for $bank {
            #[inline(always)]
            fn get(&self, register: usize) -> f64 {
                self[register]
            }
            #[inline(always)]
            fn set(&mut self, register: usize, value: f64) {
                self[register] = value;
            }
            #[inline(always)]
            fn slice(&mut self) -> &mut [f64] {
                self
            }
        }
    };
}
bank!([f64]);
bank!([f64; FULL]);

/// Runs instructions of one operation. It is chosen once for all of them, and named where it is applied: a function
/// passed as a value would not be compiled for the chosen instruction set.
#[inline(always)]
fn run_stretch<I: Operands, B: Bank + ?Sized>(
    code: &Code,
    stretch: &Stretch,
    instructions: &[I],
    tables: &[Table],
    registers: &mut B,
) {
    macro_rules! each {
        ($instruction:ident, $value:expr) => {
            for $instruction in instructions {
                let value = $value;
                registers.set($instruction.to(), value);
            }
        };
    }
    macro_rules! unary {
        ($($name:ident)*) => {
            match stretch.operation {
                $(Operation::Unary(Unary::$name) => each!(i, Unary::$name.apply(registers.get(i.a()))),)*
                _ => {}
            }
        };
    }
    macro_rules! binary {
        ($($name:ident)*) => {
            match stretch.operation {
                $(Operation::Binary(Binary::$name) => {
                    each!(i, Binary::$name.apply(registers.get(i.a()), registers.get(i.b())))
                })*
                _ => {}
            }
        };
    }
    macro_rules! pair {
        ($first:ident, $second:ident, $order:ident) => {
            each!(
                i,
                pair_value!($first, $second, $order, registers.get(i.a()), registers.get(i.b()), registers.get(i.c()))
            )
        };
    }
    match stretch.operation {
        Operation::Binary(_) => binary!(
            Add Subtract Multiply Divide Power Minimum Maximum Modulo Remainder Less LessOrEqual Equal NotEqual And Or
        ),
        Operation::Pair(pair) => for_pair!(pair, pair),
        Operation::Unary(_) => unary!(
            Negate Absolute Exponential NaturalLogarithm DecimalLogarithm SquareRoot Sine Cosine Tangent ArcSine
            ArcCosine ArcTangent HyperbolicSine HyperbolicCosine HyperbolicTangent Truncate Floor Not Sign
            GammaLogarithm Digamma Trigamma NormalQuantile NormalProbability
        ),
        Operation::Select => {
            each!(i, if registers.get(i.a()) != 0.0 { registers.get(i.b()) } else { registers.get(i.c()) });
        }
        Operation::Lookup => each!(i, tables[i.b()].at(registers.get(i.a()))),
        Operation::Vector => {
            for instruction in instructions {
                vectors::execute(&code.vectors[instruction.a()], tables, registers.slice());
            }
        }
    }
}
