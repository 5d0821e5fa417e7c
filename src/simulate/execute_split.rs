//! The executor of split programs: operands are blocks of lanes or numbers that all lanes share.

use super::pairs::{for_pair, pair_value};
use super::split::{LaneInstruction, LaneStretch, Operands, Place, SplitCode};
use super::vectors;
use crate::compile::{Binary, Operation, Table, Unary};
use crate::elementary::{exp_block, ln_block, log10_block, pow_block, tanh_block};
use multiversion::multiversion;

/// Runs the lanes' part of a section: `shared[register]` is read, `lanes[block][lane]` read and written.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
pub fn execute_lanes<const L: usize>(code: &SplitCode, tables: &[Table], shared: &[f64], lanes: &mut [[f64; L]]) {
    for stretch in &code.stretches {
        run_stretch(code, stretch, tables, shared, lanes);
    }
}

#[inline(always)]
fn load<const L: usize>(place: Place, shared: &[f64], lanes: &[[f64; L]]) -> [f64; L] {
    if place.is_shared() { [shared[place.number()]; L] } else { lanes[place.number()] }
}

#[inline(always)]
fn run_stretch<const L: usize>(
    code: &SplitCode,
    stretch: &LaneStretch,
    tables: &[Table],
    shared: &[f64],
    lanes: &mut [[f64; L]],
) {
    let instructions = &code.instructions[stretch.first..stretch.end];
    // The frequent operations have a loop for each kind of operands.
    macro_rules! arithmetic {
        ($name:ident) => {
            match stretch.operands {
                Operands::Lanes => {
                    for instruction in instructions {
                        let mut out = lanes[instruction.a.number()];
                        let b = lanes[instruction.b.number()];
                        for lane in 0..L {
                            out[lane] = Binary::$name.apply(out[lane], b[lane]);
                        }
                        lanes[instruction.to as usize] = out;
                    }
                }
                Operands::SecondShared => {
                    for instruction in instructions {
                        let mut out = lanes[instruction.a.number()];
                        let b = shared[instruction.b.number()];
                        for x in &mut out {
                            *x = Binary::$name.apply(*x, b);
                        }
                        lanes[instruction.to as usize] = out;
                    }
                }
                Operands::FirstShared => {
                    for instruction in instructions {
                        let a = shared[instruction.a.number()];
                        let mut out = lanes[instruction.b.number()];
                        for x in &mut out {
                            *x = Binary::$name.apply(a, *x);
                        }
                        lanes[instruction.to as usize] = out;
                    }
                }
            }
        };
    }
    macro_rules! binary {
        ($name:ident) => {
            for instruction in instructions {
                let mut out = load(instruction.a, shared, lanes);
                let b = load(instruction.b, shared, lanes);
                for lane in 0..L {
                    out[lane] = Binary::$name.apply(out[lane], b[lane]);
                }
                lanes[instruction.to as usize] = out;
            }
        };
    }
    macro_rules! pair {
        ($first:ident, $second:ident, $order:ident) => {
            for instruction in instructions {
                let mut out = load(instruction.a, shared, lanes);
                let b = load(instruction.b, shared, lanes);
                let c = load(instruction.c, shared, lanes);
                for lane in 0..L {
                    out[lane] = pair_value!($first, $second, $order, out[lane], b[lane], c[lane]);
                }
                lanes[instruction.to as usize] = out;
            }
        };
    }
    macro_rules! unary {
        ($($name:ident)* ; $($block_name:ident $block:ident)*) => {
            match stretch.operation {
                $(Operation::Unary(Unary::$name) => {
                    for instruction in instructions {
                        let mut out = lanes[instruction.a.number()];
                        for x in &mut out {
                            *x = Unary::$name.apply(*x);
                        }
                        lanes[instruction.to as usize] = out;
                    }
                })*
                $(Operation::Unary(Unary::$block_name) => {
                    for instruction in instructions {
                        let mut out = [0.0; L];
                        $block(&lanes[instruction.a.number()], &mut out);
                        lanes[instruction.to as usize] = out;
                    }
                })*
                _ => {}
            }
        };
    }
    match stretch.operation {
        Operation::Binary(operation) => match operation {
            Binary::Add => arithmetic!(Add),
            Binary::Subtract => arithmetic!(Subtract),
            Binary::Multiply => arithmetic!(Multiply),
            Binary::Divide => arithmetic!(Divide),
            Binary::Minimum => arithmetic!(Minimum),
            Binary::Maximum => arithmetic!(Maximum),
            Binary::Modulo => binary!(Modulo),
            Binary::Remainder => binary!(Remainder),
            Binary::Less => binary!(Less),
            Binary::LessOrEqual => binary!(LessOrEqual),
            Binary::Equal => binary!(Equal),
            Binary::NotEqual => binary!(NotEqual),
            Binary::And => binary!(And),
            Binary::Or => binary!(Or),
            Binary::Power => {
                for instruction in instructions {
                    let mut out = [0.0; L];
                    let (x, y) = (load(instruction.a, shared, lanes), load(instruction.b, shared, lanes));
                    pow_block(&x, &y, &mut out);
                    lanes[instruction.to as usize] = out;
                }
            }
        },
        Operation::Pair(pair) => for_pair!(pair, pair),
        Operation::Unary(_) => unary!(
            Negate Absolute SquareRoot Sine Cosine Tangent ArcSine ArcCosine ArcTangent HyperbolicSine HyperbolicCosine
            Truncate Floor Not Sign GammaLogarithm Digamma Trigamma NormalQuantile NormalProbability;
            Exponential exp_block NaturalLogarithm ln_block DecimalLogarithm log10_block HyperbolicTangent tanh_block
        ),
        Operation::Select => {
            for instruction in instructions {
                let condition = load(instruction.a, shared, lanes);
                let then = load(instruction.b, shared, lanes);
                let mut out = load(instruction.c, shared, lanes);
                for lane in 0..L {
                    out[lane] = if condition[lane] != 0.0 { then[lane] } else { out[lane] };
                }
                lanes[instruction.to as usize] = out;
            }
        }
        Operation::Lookup => {
            for instruction in instructions {
                look_up(instruction, &tables[instruction.b.number()], lanes);
            }
        }
        Operation::Vector => {
            for instruction in instructions {
                let vector = &code.vectors[instruction.a.number()];
                let inputs: Vec<[f64; L]> = vector.inputs.iter().map(|place| load(*place, shared, lanes)).collect();
                vectors::apply_to_lanes(&vector.instruction, tables, &inputs, |output, lane, value| {
                    if let Some(block) = vector.outputs[output] {
                        lanes[block as usize][lane] = value;
                    }
                });
            }
        }
    }
}

/// Tables up to this length are walked from end to end in all lanes at once; beyond, a search in each lane is faster.
const SHORT_TABLE: usize = 24;

#[inline(always)]
fn look_up<const L: usize>(instruction: &LaneInstruction, table: &Table, lanes: &mut [[f64; L]]) {
    let x = lanes[instruction.a.number()];
    let mut out = x;
    let (xs, ys) = (&table.x[..], &table.y[..]);
    let n = xs.len().min(ys.len());
    if (2..=SHORT_TABLE).contains(&n) && table.is_linear() {
        // The same arithmetic as `Table::at`, on the last segment that begins at or before x.
        let (mut x0, mut width) = ([xs[0]; L], [xs[1] - xs[0]; L]);
        let (mut y0, mut rise) = ([ys[0]; L], [ys[1] - ys[0]; L]);
        for point in 1..n - 1 {
            let (next_x, next_y) = (xs[point], ys[point]);
            let (next_width, next_rise) = (xs[point + 1] - next_x, ys[point + 1] - next_y);
            for lane in 0..L {
                let beyond = x[lane] >= next_x;
                x0[lane] = if beyond { next_x } else { x0[lane] };
                width[lane] = if beyond { next_width } else { width[lane] };
                y0[lane] = if beyond { next_y } else { y0[lane] };
                rise[lane] = if beyond { next_rise } else { rise[lane] };
            }
        }
        let (last_x, last_y) = (xs[n - 1], ys[n - 1]);
        let hold = table.is_held();
        for lane in 0..L {
            let inside = y0[lane] + rise[lane] * ((x[lane] - x0[lane]) / width[lane]);
            let on_point = if x[lane] == x0[lane] { y0[lane] } else { inside };
            let low = if hold & (x[lane] < xs[0]) { ys[0] } else { on_point };
            let high = x[lane] == last_x || hold & (x[lane] > last_x);
            out[lane] = if high { last_y } else { low };
        }
    } else {
        for x in &mut out {
            *x = table.at(*x);
        }
    }
    lanes[instruction.to as usize] = out;
}
