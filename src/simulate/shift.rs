//! How far the ends of steps move with constants that move switches, saves or the run's controls.
//!
//! Method: where a constant moves the time t* at which a step ends, the step's length and the times of its stages have
//! tangents too. Carried through the stages, they leave behind the switch the jump (f before - f after) dt*/dp of the
//! state's tangent (Hairer, Norsett and Wanner 1993, section II.6, "Discontinuous equations"), with f as the method computes it: the derivative is that of
//! the computed values, not of the exact solution.
//! One side: a switch that falls on a save or on the grid is taken as moving behind it.
//! Steps that error control proposes or the model computes count as fixed.

use super::clock::{Aim, Clock, SAME};
use super::registers::Registers;
use super::settings::{Save, Settings};
use super::slopes::stretch;
use super::split::Place;
use crate::compile::{Program, Register, Shift};

/// The tangents of times of all lanes, `[shift][lane]`.
pub struct Shifts<'a, const L: usize> {
    pub all: &'a [Shift],
    /// Of the time at which the step begins.
    pub now: Vec<[f64; L]>,
    /// Of the time at which it ends.
    pub target: Vec<[f64; L]>,
    /// Of the switch on which the step ended, where something else that moves otherwise set its end.
    pub pending: Vec<[Option<f64>; L]>,
    /// Times and tangents of the switches, `[shift][lane]`, without those that do not move.
    switches: Vec<Vec<Vec<(f64, f64)>>>,
    /// The model computes its step, which then counts as fixed.
    step_moves: bool,
    start: Vec<[f64; L]>,
    stop: Vec<[f64; L]>,
    step: Vec<[f64; L]>,
    save_every: Vec<[f64; L]>,
}

impl<'a, const L: usize> Shifts<'a, L> {
    /// Reads the tangents of times that the run program has left.
    pub fn new(program: &'a Program, settings: &Settings, registers: &Registers<L>, clocks: &[Clock]) -> Self {
        let all = &program.tangents.shifts[..];
        let read = |register: Option<Register>| match register {
            Some(register) => registers.block(registers.kept(register)),
            None => [0.0; L],
        };
        let scaled = |block: [f64; L]| block.map(|step| step * settings.step_share);
        let switches = all.iter().map(|shift| {
            let each = 0..L;
            each.map(|lane| {
                let clock = &clocks[lane.min(clocks.len() - 1)];
                let at = |register: Register| registers.read(registers.kept(register), lane);
                switches(program, shift, clock, &at)
            })
            .collect()
        });
        let start: Vec<[f64; L]> = all.iter().map(|shift| read(shift.start)).collect();
        Shifts {
            all,
            now: start.clone(),
            target: start.clone(),
            pending: vec![[None; L]; all.len()],
            switches: switches.collect(),
            step_moves: program.controls.step_moves,
            stop: all.iter().map(|shift| read(shift.stop)).collect(),
            step: all.iter().map(|shift| scaled(read(shift.step))).collect(),
            save_every: all.iter().map(|shift| read(shift.save_every)).collect(),
            start,
        }
    }

    /// Takes the tangents of the ends that the clocks aim at.
    pub fn aim(&mut self, clocks: &[Clock], settings: &Settings) {
        for (shift, target) in self.target.iter_mut().enumerate() {
            for lane in 0..L {
                let clock = &clocks[lane.min(clocks.len() - 1)];
                let start = self.start[shift][lane];
                let switch = || {
                    let coming = clock.coming_switch()?;
                    let near = SAME * clock.step;
                    self.switches[shift][lane].iter().find(|(time, _)| (time - coming).abs() <= near).map(|(_, t)| *t)
                };
                target[lane] = match clock.aim {
                    Aim::Step(_) if settings.method.is_adaptive() || self.step_moves => self.now[shift][lane],
                    Aim::Step(number) => start + number as f64 * self.step[shift][lane],
                    Aim::Save(_) if settings.save != Save::Every => 0.0,
                    Aim::Save(number) if clock.is_last_save(number) => self.stop[shift][lane],
                    Aim::Save(number) => start + number as f64 * self.save_every[shift][lane],
                    Aim::Stop => self.stop[shift][lane],
                    Aim::Switch => switch().unwrap_or(0.0),
                };
                self.pending[shift][lane] =
                    if clock.to_switch && clock.aim != Aim::Switch { Some(switch().unwrap_or(0.0)) } else { None };
            }
        }
    }

    /// Takes the ends of these lanes' steps as reached.
    pub fn arrive(&mut self, moves: &[bool; L]) {
        for ((now, target), pending) in self.now.iter_mut().zip(&self.target).zip(&mut self.pending) {
            for lane in 0..L {
                if moves[lane] {
                    now[lane] = target[lane];
                    pending[lane] = pending[lane].filter(|switch| *switch != now[lane]);
                } else {
                    pending[lane] = None;
                }
            }
        }
    }

    /// Whether a switch moves away from the end of the last step.
    pub fn is_pending(&self) -> bool {
        self.pending.iter().flatten().any(Option::is_some)
    }

    /// The tangent of the time at a share of the step.
    pub fn at(&self, shift: usize, share: f64) -> [f64; L] {
        let (now, target) = (&self.now[shift], &self.target[shift]);
        std::array::from_fn(|lane| now[lane] + share * (target[lane] - now[lane]))
    }

    /// The tangents behind the switches that move away from the ends of steps, by steps of length zero up to them;
    /// derivatives are those just before the switches.
    pub fn pass(
        &mut self,
        states: &mut [[f64; L]],
        registers: &mut Registers<L>,
        derivatives: &[Place],
        blocks: &[usize],
    ) {
        for ((shift, now), pending) in self.all.iter().zip(&mut self.now).zip(&mut self.pending) {
            for (own, tangent) in &shift.states {
                let slope = registers.block(derivatives[*own]);
                for lane in 0..L {
                    if let Some(switch) = pending[lane] {
                        states[*tangent][lane] += (switch - now[lane]) * slope[lane];
                    }
                }
                registers.lanes[blocks[*tangent]] = states[*tangent];
            }
            for lane in 0..L {
                now[lane] = pending[lane].take().unwrap_or(now[lane]);
            }
        }
    }

    /// Adds to the tangents at a stage, which stand in the blocks `to` of `lanes`, what the step's length moves.
    pub fn stretch(&self, weights: &[f64], slopes: &[Vec<[f64; L]>], lanes: &mut [[f64; L]], to: &[usize]) {
        for (shift, length) in self.lengths() {
            for (own, tangent) in &shift.states {
                stretch(&mut lanes[to[*tangent]], &length, weights, slopes, *own);
            }
        }
    }

    /// As [`Self::stretch`] at the end of the step, in the lanes that move.
    pub fn stretch_ends(
        &self,
        moves: &[bool; L],
        weights: &[f64],
        slopes: &[Vec<[f64; L]>],
        states: &mut [[f64; L]],
        lanes: &mut [[f64; L]],
        to: &[usize],
    ) {
        for (shift, length) in self.lengths() {
            let length = std::array::from_fn(|lane| if moves[lane] { length[lane] } else { 0.0 });
            for (own, tangent) in &shift.states {
                stretch(&mut states[*tangent], &length, weights, slopes, *own);
                lanes[to[*tangent]] = states[*tangent];
            }
        }
    }

    /// The tangents of the step's length that are not zero in all lanes.
    fn lengths(&self) -> impl Iterator<Item = (&'a Shift, [f64; L])> {
        self.all.iter().zip(self.now.iter().zip(&self.target)).filter_map(|(shift, (now, target))| {
            let length: [f64; L] = std::array::from_fn(|lane| target[lane] - now[lane]);
            length.iter().any(|length| *length != 0.0).then_some((shift, length))
        })
    }
}

/// The times of the switches that move, and how far.
fn switches(program: &Program, shift: &Shift, clock: &Clock, read: &impl Fn(Register) -> f64) -> Vec<(f64, f64)> {
    let tangent = |register: Option<Register>| register.map_or(0.0, read);
    let single = program.switches.iter().zip(&shift.switches);
    let mut all: Vec<(f64, f64)> = single.map(|(time, moves)| (read(*time), tangent(*moves))).collect();
    for ((first, period, _), [first_moves, period_moves, _]) in program.recurring.iter().zip(&shift.recurring) {
        let (first, period) = (read(*first), read(*period));
        let (first_moves, period_moves) = (tangent(*first_moves), tangent(*period_moves));
        if first_moves == 0.0 && period_moves == 0.0 {
            continue;
        }
        all.extend(clock.switches.iter().filter_map(|time| {
            let number = ((time - first) / period).round();
            let own = first + number * period;
            ((own - time).abs() <= SAME * clock.step).then_some((own, first_moves + number * period_moves))
        }));
    }
    all.retain(|(_, moves)| *moves != 0.0);
    all
}
