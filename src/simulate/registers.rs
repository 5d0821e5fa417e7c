//! The registers of a batch, and a program's sections run on them.

use super::execute::{execute, execute_moving, registers};
use super::execute_split::execute_lanes;
use super::split::{Place, Section, Split};
use crate::compile::{Code, Program, Register};

/// Registers of `L` runs of a program, or of one run of a whole program.
pub struct Registers<'a, const L: usize> {
    program: &'a Program,
    /// `None` for one run: every register is a block of one lane with the program's number.
    split: Option<&'a Split>,
    pub lanes: Vec<[f64; L]>,
    shared: Vec<f64>,
    /// For each section the time at which its values that depend on time only were computed, as bits.
    known: [Option<u64>; 5],
}

impl<'a, const L: usize> Registers<'a, L> {
    pub fn new(program: &'a Program, split: Option<&'a Split>) -> Self {
        let mut all = Registers { program, split, lanes: Vec::new(), shared: Vec::new(), known: [None; 5] };
        match split {
            None => {
                all.lanes = registers(program).into_iter().map(|number| [number; L]).collect();
                for (constant, register) in program.constants.iter().zip(&program.constant_registers) {
                    all.lanes[*register as usize] = [constant.value; L];
                }
            }
            Some(split) => {
                all.lanes = vec![[0.0; L]; split.blocks];
                all.shared = registers(program);
                for (value, register) in split.constants.iter().zip(&program.constant_registers) {
                    all.set(all.kept(*register), [*value; L]);
                }
            }
        }
        all
    }

    /// Where a register that keeps its value stands.
    pub fn kept(&self, register: Register) -> Place {
        match self.split {
            None => Place::lanes(register),
            Some(split) => split.kept[register as usize].unwrap_or(Place::lanes(0)),
        }
    }

    /// Where a register stands after a section.
    pub fn after(&self, section: Section, register: Register) -> Place {
        match self.split {
            None => Place::lanes(register),
            Some(split) => split.section(section).ends.get(&register).copied().unwrap_or(Place::lanes(0)),
        }
    }

    #[inline(always)]
    pub fn block(&self, place: Place) -> [f64; L] {
        if place.is_shared() { [self.shared[place.number()]; L] } else { self.lanes[place.number()] }
    }

    #[inline(always)]
    pub fn read(&self, place: Place, lane: usize) -> f64 {
        if place.is_shared() { self.shared[place.number()] } else { self.lanes[place.number()][lane] }
    }

    /// The registers that all lanes share.
    pub fn shared(&self) -> &[f64] {
        &self.shared
    }

    /// A shared register takes the first lane's value.
    #[inline(always)]
    pub fn set(&mut self, place: Place, block: [f64; L]) {
        if place.is_shared() {
            self.shared[place.number()] = block[0];
        } else {
            self.lanes[place.number()] = block;
        }
    }

    /// Sets one lane of a block.
    pub fn set_lane(&mut self, place: Place, lane: usize, value: f64) {
        if place.is_shared() {
            self.shared[place.number()] = value;
        } else {
            self.lanes[place.number()][lane] = value;
        }
    }

    /// Computes what depends on constants only.
    pub fn run(&mut self) {
        let program = self.program;
        let tables = &program.tables;
        match self.split {
            None => execute(&self.program.run, tables, self.lanes.as_flattened_mut()),
            Some(split) => {
                execute(&split.run.shared, tables, &mut self.shared);
                execute_lanes(&split.run, tables, &self.shared, &mut self.lanes);
            }
        }
    }

    /// Runs a section at the time that its register holds. Values that depend on time only are not computed again where
    /// the time is the same for all lanes and has not changed.
    pub fn evaluate(&mut self, section: Section) {
        let program = self.program;
        let tables = &program.tables;
        let place = self.kept(self.program.time);
        let one_time = place.is_shared() || L == 1;
        let time = one_time.then(|| self.read(place, 0).to_bits());
        let stands = time.is_some() && self.known[section as usize] == time;
        match self.split {
            None if stands => execute_moving(self.code(section), tables, self.lanes.as_flattened_mut()),
            None => execute(self.code(section), tables, self.lanes.as_flattened_mut()),
            Some(split) => {
                let code = split.section(section);
                if !stands {
                    execute(&code.shared, tables, &mut self.shared);
                }
                execute_lanes(code, tables, &self.shared, &mut self.lanes);
            }
        }
        if !stands {
            // Sections share registers.
            for known in &mut self.known {
                *known = known.filter(|known| Some(*known) == time);
            }
            self.known[section as usize] = time;
        }
    }

    fn code(&self, section: Section) -> &'a Code {
        match section {
            Section::Initial => &self.program.initial,
            Section::Rate => &self.program.rate,
            Section::Advance => &self.program.advance,
            Section::Save => &self.program.save,
            // Only a method that has made sure of the derivatives asks for them.
            Section::Jacobian => self.program.jacobian.as_ref().map_or(&self.program.rate, |jacobian| &jacobian.code),
        }
    }

    /// One lane's registers, numbered as in the program; those of a section's own are those it left last.
    pub fn lane(&self, lane: usize) -> Vec<f64> {
        match self.split {
            None => self.lanes.iter().map(|block| block[lane]).collect(),
            Some(split) => {
                let kept = split.kept.iter();
                kept.map(|place| place.map_or(f64::NAN, |place| self.read(place, lane))).collect()
            }
        }
    }
}
