//! A program split for a batch of runs: what is the same in every lane is computed once and stands in shared registers,
//! the rest in blocks of lanes.
//!
//! Shared are numbers, constants that no member changes, and whatever depends on those and on a common time. The split
//! changes where a value is computed, never how, so that no bit of a result depends on it.

use crate::compile::{Binary, Code, Operation, Program, Register, VectorInstruction};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

/// The programs of a model that run more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Initial,
    Rate,
    Advance,
    Save,
    /// Rates and their derivatives.
    Jacobian,
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
    sections: [SplitCode; 5],
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
            .chain(program.randoms.iter().copied())
            .chain(program.tangents.shifts.iter().map(|shift| shift.time));
        for register in own {
            in_lanes[register as usize] = true;
            kept[register as usize] = true;
        }
        mark(&program.run, program.run.instructions.len(), &mut in_lanes, &mut kept);
        let controls = &program.controls;
        let one_clock = !own_time && !controls.stop_moves && !controls.step_moves && !controls.save_moves && {
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
        let none = Code::default();
        let jacobian = program.jacobian.as_ref().map_or(&none, |jacobian| &jacobian.code);
        let codes = [&program.initial, &program.rate, &program.advance, &program.save, jacobian];
        for code in codes {
            let end = code.clock.checked_sub(1).map_or(0, |last| code.stretches[last].end);
            mark(code, end, &mut in_lanes, &mut kept);
        }
        if !one_clock {
            // Whatever depends on time belongs to a section then and may share its scratch blocks.
            for code in codes {
                for stretch in &code.stretches[..code.clock] {
                    for instruction in &code.instructions[stretch.first..stretch.end] {
                        for register in code.writes(instruction) {
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
                    .chain([program.controls.stop, program.controls.step, program.controls.save_every])
                    .collect(),
                Section::Jacobian => program.jacobian.as_ref().map_or(Vec::new(), |jacobian| {
                    let partials = (jacobian.entries.iter().map(|(_, _, register)| *register))
                        .chain(jacobian.time.iter().map(|(_, register)| *register));
                    jacobian.rates.iter().copied().chain(partials).collect()
                }),
            }
        };
        let mut split = |code: &Code, ends: &[Register]| {
            let (split, used) = split_code(code, &kept, base, ends);
            blocks = blocks.max(used);
            split
        };
        let run = split(&program.run, &[]);
        let all = [Section::Initial, Section::Rate, Section::Advance, Section::Save, Section::Jacobian];
        let sections = all.map(|section| split(codes[section as usize], &ends(section)));
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
            || code.reads(instruction).iter().any(|register| in_lanes[*register as usize]);
        for register in code.writes(instruction) {
            in_lanes[register as usize] |= own;
            kept[register as usize] = true;
        }
    }
}

/// An instruction for lanes before its values have places.
struct Draft {
    operation: Operation,
    /// Number of the table, or of the vector operation in the code.
    number: u32,
    reads: Vec<Source>,
    writes: Vec<Source>,
}

/// Where a value comes from or goes to.
#[derive(Clone, Copy)]
enum Source {
    /// A place of its own.
    Kept(Place),
    /// The section's value of this number, written once.
    Own(usize),
    /// An output that nothing reads.
    Nowhere,
}

/// Splits a section. Values of its own get blocks from `base` on, reused after their last use; returns how many blocks
/// there are then.
fn split_code(code: &Code, kept: &[Option<Place>], base: u32, ends: &[Register]) -> (SplitCode, u32) {
    let mut split = SplitCode::default();
    let (drafts, last) = drafts(code, kept, &mut split.shared);
    let order = spread(&drafts);

    let mut last_use: HashMap<usize, usize> = HashMap::new();
    for (time, draft) in order.iter().map(|number| &drafts[*number]).enumerate() {
        for source in draft.reads.iter().chain(&draft.writes) {
            if let Source::Own(value) = source {
                last_use.insert(*value, time);
            }
        }
    }
    for register in ends {
        if let Some(Source::Own(value)) = last.get(register) {
            last_use.insert(*value, usize::MAX);
        }
    }
    let mut blocks: HashMap<usize, u32> = HashMap::new();
    let mut dying: HashMap<usize, Vec<u32>> = HashMap::new();
    let mut free: Vec<u32> = Vec::new();
    let mut next = base;
    for (time, draft) in order.iter().map(|number| &drafts[*number]).enumerate() {
        for source in &draft.writes {
            if let Source::Own(value) = source {
                let block = free.pop().unwrap_or_else(|| {
                    next += 1;
                    next - 1
                });
                blocks.insert(*value, block);
                dying.entry(last_use[value]).or_default().push(block);
            }
        }
        let at = |source: &Source| match source {
            Source::Kept(place) => Some(*place),
            Source::Own(value) => blocks.get(value).map(|block| Place::lanes(*block)),
            Source::Nowhere => None,
        };
        let reads: Vec<Place> = draft.reads.iter().map(|source| at(source).unwrap_or(Place(0))).collect();
        let writes: Vec<Option<u32>> =
            draft.writes.iter().map(|source| at(source).map(|place| place.number() as u32)).collect();
        let read = |number: usize| reads.get(number).copied().unwrap_or(Place(0));
        let to = writes.first().copied().flatten().unwrap_or(0);
        let instruction = match draft.operation {
            Operation::Vector => {
                let instruction = code.vectors[draft.number as usize].clone();
                split.vectors.push(LaneVector { instruction, inputs: reads, outputs: writes });
                LaneInstruction { to: 0, a: Place(split.vectors.len() as u32 - 1), b: Place(0), c: Place(0) }
            }
            Operation::Lookup => LaneInstruction { to, a: read(0), b: Place(draft.number), c: Place(0) },
            _ => LaneInstruction { to, a: read(0), b: read(1), c: read(2) },
        };
        split.push(draft.operation, instruction);
        free.extend(dying.remove(&time).unwrap_or_default());
    }
    for register in ends {
        let place = match last.get(register) {
            Some(Source::Own(value)) => blocks.get(value).map(|block| Place::lanes(*block)),
            Some(Source::Kept(place)) => Some(*place),
            _ => kept[*register as usize],
        };
        split.ends.insert(*register, place.unwrap_or(Place(0)));
    }
    (split, next)
}

/// The instructions for lanes, and for each register what it holds last; those for shared registers go to `shared`.
fn drafts(code: &Code, kept: &[Option<Place>], shared: &mut Code) -> (Vec<Draft>, HashMap<Register, Source>) {
    let mut current: HashMap<Register, Source> = HashMap::new();
    let mut drafts = Vec::new();
    let mut values = 0;
    for (number, instruction) in code.instructions.iter().enumerate() {
        let written = code.writes(instruction);
        let is_shared = |register: &Register| kept[*register as usize].is_some_and(Place::is_shared);
        if instruction.operation != Operation::Vector && written.iter().all(is_shared) {
            shared.push(*instruction, code.owners[number]);
            continue;
        }
        let read = |register: Register| match (kept[register as usize], current.get(&register)) {
            (Some(place), _) => Source::Kept(place),
            (None, Some(source)) => *source,
            (None, None) => Source::Nowhere,
        };
        let reads = code.reads(instruction).into_iter().map(read).collect();
        let targets = match instruction.operation {
            Operation::Vector => code.vectors[instruction.a as usize].outputs.clone(),
            _ => written,
        };
        let writes = targets
            .into_iter()
            .map(|register| {
                if register == Register::MAX {
                    return Source::Nowhere;
                }
                if let Some(place) = kept[register as usize] {
                    return Source::Kept(place);
                }
                values += 1;
                current.insert(register, Source::Own(values - 1));
                Source::Own(values - 1)
            })
            .collect();
        let number = if instruction.operation == Operation::Vector { instruction.a } else { instruction.b };
        drafts.push(Draft { operation: instruction.operation, number, reads, writes });
    }
    (drafts, current)
}

/// How far an instruction may be brought forward. Values live the longer the farther.
const REACH: usize = 2048;

/// Instructions that may come next: the chain that hangs on each, and its number.
type Ready = BTreeSet<(u64, Reverse<usize>)>;

/// An order in which the processor's divider, which takes as long as several other operations and works beside them, is
/// fed as soon as it is free, and equal operations stand beside each other otherwise.
fn spread(drafts: &[Draft]) -> Vec<usize> {
    // In units of a fraction of an addition's time.
    const ADDITION: u64 = 10;
    const DIVISION: u64 = 64;
    const POWER: u64 = 100;
    let divides = |draft: &Draft| match draft.operation {
        Operation::Binary(operation) => operation == Binary::Divide,
        Operation::Pair(pair) => pair.second == Binary::Divide,
        _ => false,
    };
    let weight = |draft: &Draft| match draft.operation {
        _ if divides(draft) => DIVISION,
        Operation::Binary(Binary::Power) => POWER,
        _ => ADDITION,
    };

    let mut waits_for = vec![0; drafts.len()];
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    let mut writers: HashMap<(bool, usize), usize> = HashMap::new();
    let key = |source: &Source| match source {
        Source::Kept(place) if !place.is_shared() => Some((true, place.number())),
        Source::Own(value) => Some((false, *value)),
        _ => None,
    };
    for (number, draft) in drafts.iter().enumerate() {
        for writer in draft.reads.iter().filter_map(|source| writers.get(&key(source)?)) {
            waits_for[number] += 1;
            users[*writer].push(number);
        }
        writers.extend(draft.writes.iter().filter_map(key).map(|key| (key, number)));
    }
    let mut chain = vec![0; drafts.len()];
    for number in (0..drafts.len()).rev() {
        let longest = users[number].iter().map(|user| chain[*user]).max().unwrap_or(0);
        chain[number] = longest + weight(&drafts[number]);
    }

    // Ready instructions by operation, those at the head of the longest chains last.
    let mut kinds: Vec<(Operation, Ready)> = Vec::new();
    let mut kind_of = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let found = kinds.iter().position(|(operation, _)| *operation == draft.operation);
        kind_of.push(found.unwrap_or(kinds.len()));
        if found.is_none() {
            kinds.push((draft.operation, BTreeSet::new()));
        }
    }
    let mut far: BTreeSet<usize> = (0..drafts.len()).filter(|number| waits_for[*number] == 0).collect();
    let mut done = vec![false; drafts.len()];
    let (mut first, mut now, mut divider_free, mut last) = (0, 0, 0, 0);
    let mut order = Vec::with_capacity(drafts.len());
    while order.len() < drafts.len() {
        while done[first] {
            first += 1;
        }
        while let Some(near) = far.first().copied().filter(|number| *number < first + REACH) {
            far.remove(&near);
            kinds[kind_of[near]].1.insert((chain[near], Reverse(near)));
        }
        let head = |kind: usize| kinds[kind].1.last().copied();
        let is_division = |kind: usize| kinds[kind].1.last().is_some_and(|(_, Reverse(n))| divides(&drafts[*n]));
        let best = |division: bool| {
            let kinds = (0..kinds.len()).filter(|kind| is_division(*kind) == division);
            kinds.filter_map(|kind| Some((head(kind)?, kind))).max().map(|(_, kind)| kind)
        };
        let division = best(true);
        let repeat = (head(last).is_some() && !is_division(last)).then_some(last);
        let next = match division {
            Some(division) if now >= divider_free => Some(division),
            _ => repeat.or_else(|| best(false)).or(division),
        };
        let Some((kind, (_, Reverse(number)))) = next.and_then(|kind| Some((kind, kinds[kind].1.pop_last()?))) else {
            break;
        };
        last = kind;
        done[number] = true;
        order.push(number);
        if divides(&drafts[number]) {
            now += ADDITION;
            divider_free = now.max(divider_free) + DIVISION;
        } else {
            now += weight(&drafts[number]);
        }
        for user in &users[number] {
            waits_for[*user] -= 1;
            if waits_for[*user] == 0 {
                far.insert(*user);
            }
        }
    }
    order
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
