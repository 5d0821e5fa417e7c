//! A program split for a batch of runs: what is the same in every lane is computed once and stands in shared registers,
//! the rest in blocks of lanes.
//!
//! Shared are numbers, constants that no member changes, and whatever depends on those and on a common time. The split
//! changes where a value is computed, never how, so that no bit of a result depends on it.

use crate::compile::{Code, Instruction, Operation, Program, Register, VectorInstruction};
use std::collections::HashMap;

/// The programs of a model that run more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Initial,
    Rate,
    Advance,
    Save,
}

/// Where a value stands: a block of lanes, or (with the highest bit set) a shared register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(u32);

const SHARED: u32 = 1 << 31;

impl Place {
    pub fn lanes(block: u32) -> Place {
        Place(block)
    }

    pub fn shared(register: u32) -> Place {
        Place(register | SHARED)
    }

    #[inline(always)]
    pub fn is_shared(self) -> bool {
        self.0 & SHARED != 0
    }

    /// Number of the block or of the shared register.
    #[inline(always)]
    pub fn number(self) -> usize {
        (self.0 & !SHARED) as usize
    }
}

/// Which operands of a stretch are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operands {
    Lanes,
    SecondShared,
    FirstShared,
}

#[derive(Clone, Copy, Debug)]
pub struct LaneInstruction {
    pub to: u32,
    pub a: Place,
    pub b: Place,
    pub c: Place,
}

#[derive(Clone, Copy, Debug)]
pub struct LaneStretch {
    pub operation: Operation,
    pub operands: Operands,
    pub first: usize,
    pub end: usize,
}

/// A vector operation on places; `None` for an output that nothing reads.
#[derive(Clone, Debug)]
pub struct LaneVector {
    pub instruction: VectorInstruction,
    pub inputs: Vec<Place>,
    pub outputs: Vec<Option<u32>>,
}

/// One section of a split program.
#[derive(Clone, Debug, Default)]
pub struct SplitCode {
    /// On shared registers, which are numbered as in the program. All of it depends on time only.
    pub shared: Code,
    pub instructions: Vec<LaneInstruction>,
    pub stretches: Vec<LaneStretch>,
    pub vectors: Vec<LaneVector>,
    /// Where the program's registers stand after the section.
    pub ends: HashMap<Register, Place>,
}

/// A program split for the members of a batch.
#[derive(Clone, Debug)]
pub struct Split {
    /// Values of the constants, those that some members change aside.
    pub constants: Vec<f64>,
    /// Whether all lanes keep one time.
    pub one_clock: bool,
    /// Blocks of lanes needed.
    pub blocks: usize,
    /// Where registers that keep their value stand; scratch registers are not listed.
    pub kept: Vec<Option<Place>>,
    pub run: SplitCode,
    sections: [SplitCode; 4],
}

impl Split {
    /// `constants` holds the members' common value of each constant, or `None` where they differ; `own_time` says that
    /// the method steps every lane by itself.
    pub fn new(program: &Program, constants: &[Option<f64>], own_time: bool) -> Split {
        let mut in_lanes = vec![false; program.registers];
        let mut kept = vec![false; program.registers];
        for (register, _) in &program.numbers {
            kept[*register as usize] = true;
        }
        for (register, value) in program.constant_registers.iter().zip(constants) {
            in_lanes[*register as usize] = value.is_none();
            kept[*register as usize] = true;
        }
        let own = (program.states.iter().map(|state| state.register))
            .chain(program.memories.iter().map(|memory| memory.register))
            .chain(program.helds.iter().map(|(register, _)| *register))
            .chain(program.randoms.iter().copied());
        for register in own {
            in_lanes[register as usize] = true;
            kept[register as usize] = true;
        }
        mark(&program.run, program.run.instructions.len(), &mut in_lanes, &mut kept);
        let one_clock = !own_time && !program.controls.stop_moves && !program.controls.save_moves && {
            let controls = [program.controls.start, program.controls.stop, program.controls.step];
            let recurring =
                program.recurring.iter().flat_map(|(first, period, last)| [Some(*first), Some(*period), *last]);
            let mut times = (controls.into_iter().chain([program.controls.save_every]))
                .chain(program.switches.iter().copied())
                .chain(recurring.flatten());
            times.all(|register| !in_lanes[register as usize])
        };
        in_lanes[program.time as usize] = !one_clock;
        kept[program.time as usize] = true;
        let codes = [&program.initial, &program.rate, &program.advance, &program.save];
        for code in codes {
            let end = code.clock.checked_sub(1).map_or(0, |last| code.stretches[last].end);
            mark(code, end, &mut in_lanes, &mut kept);
        }
        if !one_clock {
            // Whatever depends on time belongs to a section then and may share its scratch blocks.
            for code in codes {
                for stretch in &code.stretches[..code.clock] {
                    for instruction in &code.instructions[stretch.first..stretch.end] {
                        for register in results(code, instruction) {
                            kept[register as usize] = !in_lanes[register as usize];
                        }
                    }
                }
            }
        }

        let mut blocks = 0;
        let kept: Vec<Option<Place>> = (0..program.registers)
            .map(|register| {
                (kept[register]).then(|| {
                    if !in_lanes[register] {
                        return Place::shared(register as u32);
                    }
                    blocks += 1;
                    Place::lanes(blocks - 1)
                })
            })
            .collect();
        let base = blocks;
        let ends = |section: Section| -> Vec<Register> {
            match section {
                Section::Initial => (program.states.iter().map(|state| state.initial))
                    .chain(program.memories.iter().flat_map(|memory| [Some(memory.initial), memory.delay]).flatten())
                    .chain(program.helds.iter().map(|(_, from)| *from))
                    .collect(),
                Section::Rate => program.states.iter().map(|state| state.derivative).collect(),
                Section::Advance => program.memories.iter().map(|memory| memory.input).collect(),
                Section::Save => (program.outputs.iter().map(|output| output.register))
                    .chain([program.controls.stop, program.controls.save_every])
                    .collect(),
            }
        };
        let mut split = |code: &Code, ends: &[Register]| {
            let (split, used) = split_code(code, &kept, base, ends);
            blocks = blocks.max(used);
            split
        };
        let run = split(&program.run, &[]);
        let sections = [Section::Initial, Section::Rate, Section::Advance, Section::Save];
        let sections = [0, 1, 2, 3].map(|number: usize| split(codes[number], &ends(sections[number])));
        Split {
            constants: (program.constants.iter().zip(constants))
                .map(|(own, common)| common.unwrap_or(own.value))
                .collect(),
            one_clock,
            blocks: blocks as usize,
            kept,
            run,
            sections,
        }
    }

    pub fn section(&self, section: Section) -> &SplitCode {
        &self.sections[section as usize]
    }
}

/// Marks the results of the first instructions as in lanes where an operand is, and as kept.
fn mark(code: &Code, end: usize, in_lanes: &mut [bool], kept: &mut [bool]) {
    for instruction in &code.instructions[..end] {
        // Vector operations have no form for shared registers.
        let own = instruction.operation == Operation::Vector
            || operands(code, instruction).iter().any(|register| in_lanes[*register as usize]);
        for register in results(code, instruction) {
            in_lanes[register as usize] |= own;
            kept[register as usize] = true;
        }
    }
}

fn operands(code: &Code, instruction: &Instruction) -> Vec<Register> {
    match instruction.operation {
        Operation::Unary(_) | Operation::Lookup => vec![instruction.a],
        Operation::Binary(_) => vec![instruction.a, instruction.b],
        Operation::Select => vec![instruction.a, instruction.b, instruction.c],
        Operation::Vector => code.vectors[instruction.a as usize].inputs.clone(),
    }
}

fn results(code: &Code, instruction: &Instruction) -> Vec<Register> {
    match instruction.operation {
        Operation::Vector => {
            let outputs = code.vectors[instruction.a as usize].outputs.iter();
            outputs.copied().filter(|register| *register != Register::MAX).collect()
        }
        _ => vec![instruction.to],
    }
}

/// Splits a section. Values of its own get blocks from `base` on, reused after their last use; returns how many blocks
/// there are then.
fn split_code(code: &Code, kept: &[Option<Place>], base: u32, ends: &[Register]) -> (SplitCode, u32) {
    let mut split = SplitCode::default();
    let stands = |register: Register| kept[register as usize];
    let is_shared = |register: Register| stands(register).is_some_and(Place::is_shared);

    // Last uses, by the number of the value: registers are written more than once.
    let mut current: HashMap<Register, usize> = HashMap::new();
    let mut last_use: Vec<usize> = Vec::new();
    for (number, instruction) in code.instructions.iter().enumerate() {
        for register in operands(code, instruction) {
            if let Some(value) = current.get(&register) {
                last_use[*value] = number;
            }
        }
        for register in results(code, instruction) {
            if stands(register).is_none() {
                current.insert(register, last_use.len());
                last_use.push(number);
            }
        }
    }
    for register in ends {
        if let Some(value) = current.get(register) {
            last_use[*value] = usize::MAX;
        }
    }

    let mut values = 0;
    let mut placed: HashMap<Register, u32> = HashMap::new();
    let mut dying: HashMap<usize, Vec<u32>> = HashMap::new();
    let mut free: Vec<u32> = Vec::new();
    let mut next = base;
    for (number, instruction) in code.instructions.iter().enumerate() {
        let all_shared = results(code, instruction).iter().all(|register| is_shared(*register));
        if all_shared && instruction.operation != Operation::Vector {
            split.shared.push(*instruction, code.owners.get(number).copied().unwrap_or_default());
            continue;
        }
        let at = |register: Register, placed: &HashMap<Register, u32>| {
            stands(register).or_else(|| placed.get(&register).map(|block| Place::lanes(*block))).unwrap_or(Place(0))
        };
        let inputs: Vec<Place> =
            operands(code, instruction).into_iter().map(|register| at(register, &placed)).collect();
        for register in results(code, instruction) {
            if stands(register).is_none() {
                let block = free.pop().unwrap_or_else(|| {
                    next += 1;
                    next - 1
                });
                placed.insert(register, block);
                dying.entry(last_use[values]).or_default().push(block);
                values += 1;
            }
        }
        let to = |register: Register| at(register, &placed).number() as u32;
        let mut lane = LaneInstruction { to: 0, a: Place(0), b: Place(0), c: Place(0) };
        match instruction.operation {
            Operation::Vector => {
                let vector = &code.vectors[instruction.a as usize];
                lane.a = Place(split.vectors.len() as u32);
                let outputs = vector.outputs.iter().map(|out| (*out != Register::MAX).then(|| to(*out))).collect();
                split.vectors.push(LaneVector { instruction: vector.clone(), inputs, outputs });
            }
            operation => {
                lane.to = to(instruction.to);
                lane.a = inputs[0];
                lane.b = if operation == Operation::Lookup { Place(instruction.b) } else { lane.b };
                lane.b = inputs.get(1).copied().unwrap_or(lane.b);
                lane.c = inputs.get(2).copied().unwrap_or(lane.c);
            }
        }
        split.push(instruction.operation, lane);
        for block in dying.remove(&number).unwrap_or_default() {
            free.push(block);
        }
    }
    for register in ends {
        let place = stands(*register).or_else(|| placed.get(register).map(|block| Place::lanes(*block)));
        split.ends.insert(*register, place.unwrap_or(Place(0)));
    }
    (split, next)
}

impl SplitCode {
    fn push(&mut self, operation: Operation, instruction: LaneInstruction) {
        let operands = match operation {
            Operation::Binary(_) if instruction.a.is_shared() => Operands::FirstShared,
            Operation::Binary(_) if instruction.b.is_shared() => Operands::SecondShared,
            _ => Operands::Lanes,
        };
        let number = self.instructions.len();
        match self.stretches.last_mut() {
            Some(last) if last.operation == operation && last.operands == operands => last.end = number + 1,
            _ => self.stretches.push(LaneStretch { operation, operands, first: number, end: number + 1 }),
        }
        self.instructions.push(instruction);
    }
}
