//! Straight-line code on registers.

use super::graph::VectorOperation;
use super::operation::{Binary, Pair, Unary};

/// A register's number.
pub type Register = u32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Unary(Unary),
    Binary(Binary),
    /// Two binary operations, each rounded: of `a` and `b`, and of their result and `c`.
    Pair(Pair),
    /// `a != 0 ? b : c`.
    Select,
    /// Table `b` at `a`.
    Lookup,
    /// Vector operation `a` of the code's list.
    Vector,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    pub operation: Operation,
    pub to: Register,
    pub a: Register,
    pub b: Register,
    pub c: Register,
}

/// An operation on many registers.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorInstruction {
    pub operation: VectorOperation,
    pub inputs: Vec<Register>,
    /// [`Register::MAX`] where nothing reads the output.
    pub outputs: Vec<Register>,
}

/// A straight-line program.
#[derive(Clone, Debug, Default)]
pub struct Code {
    pub instructions: Vec<Instruction>,
    pub vectors: Vec<VectorInstruction>,
    /// For each instruction, the element whose equation it belongs to, an index into `Program::owners`; for a pair that of
    /// its first operation and that of its second.
    pub owners: Vec<(u32, u32)>,
    /// Runs of instructions with one operation.
    pub stretches: Vec<Stretch>,
    /// Leading stretches that depend on time and constants only. Their results stand in registers of their own, so that
    /// they need no second computing at the same time.
    pub clock: usize,
    /// The instructions' `to`, `a`, `b`, `c` in 16 bits each; empty if a number is too large for that.
    pub compact: Vec<[u16; 4]>,
}

/// Instructions `first..end` of a program, which have one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub operation: Operation,
    pub first: usize,
    pub end: usize,
}

impl Code {
    /// Adds an instruction to the end.
    pub fn push(&mut self, instruction: Instruction, owners: (u32, u32)) {
        let number = self.instructions.len();
        let begins = self.stretches.len() == self.clock;
        match self.stretches.last_mut() {
            Some(last) if last.operation == instruction.operation && !begins => last.end = number + 1,
            _ => self.stretches.push(Stretch { operation: instruction.operation, first: number, end: number + 1 }),
        }
        let Instruction { to, a, b, c, .. } = instruction;
        if self.compact.len() == number
            && let Ok(compact) = [to, a, b, c].map(u16::try_from).into_iter().collect::<Result<Vec<u16>, _>>()
            && let Ok(compact) = compact.try_into()
        {
            self.compact.push(compact);
        } else {
            self.compact.clear();
        }
        self.instructions.push(instruction);
        self.owners.push(owners);
    }

    pub fn is_empty(&self) -> bool {
        self.instructions.is_empty()
    }

    /// The registers that an instruction reads, in order.
    pub fn reads(&self, instruction: &Instruction) -> Vec<Register> {
        let Instruction { a, b, c, .. } = *instruction;
        match instruction.operation {
            Operation::Unary(_) | Operation::Lookup => vec![a],
            Operation::Binary(_) => vec![a, b],
            Operation::Select | Operation::Pair(_) => vec![a, b, c],
            Operation::Vector => self.vectors[a as usize].inputs.clone(),
        }
    }

    /// The registers that an instruction writes.
    pub fn writes(&self, instruction: &Instruction) -> Vec<Register> {
        match instruction.operation {
            Operation::Vector => {
                let outputs = self.vectors[instruction.a as usize].outputs.iter();
                outputs.copied().filter(|register| *register != Register::MAX).collect()
            }
            _ => vec![instruction.to],
        }
    }
}
