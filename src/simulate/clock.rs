//! A run's clock: where steps end, which of their ends are saved, and which lie on switches.
//!
//! A step ends at the earliest of: the next grid time (or the step that error control proposes), the next save, the next
//! switch, the end. Where a step begins or ends on a switch, derivatives are taken just inside the step, so that both
//! sides of a jump keep their order of accuracy.

use super::failure::Failure;
use super::settings::{Save, Settings};
use crate::compile::{Program, Register};

/// Whether saves are planned one at a time.
pub fn moves_saves(program: &Program) -> bool {
    program.controls.save_moves || program.controls.step_moves
}

/// Times closer than this share of a step are one time.
pub const SAME: f64 = 1e-9;

/// What set the end of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aim {
    /// The grid, by the number of the grid time, or error control.
    Step(u64),
    /// A save, by number; its time may lie on a switch.
    Save(usize),
    Switch,
    Stop,
}

pub struct Clock {
    pub time: f64,
    start: f64,
    pub stop: f64,
    pub step: f64,
    /// Where the grid begins: the start, or where the step changed last.
    origin: f64,
    pub steps: u64,
    /// Fixed steps done since the origin.
    grid: u64,
    saves: Vec<f64>,
    next_save: usize,
    pub switches: Vec<f64>,
    next_switch: usize,
    /// The step begins on a switch.
    from_switch: bool,
    pub proposed: f64,
    pub last_error: f64,
    /// Length of the last step that the Rosenbrock method took; 0 before the first.
    pub last_length: f64,
    pub rejected: bool,
    /// The end of the step being tried, and whether it lies on a switch.
    pub target: f64,
    pub to_switch: bool,
    pub aim: Aim,
}

/// A time of each lane: one clock serves them all, or each has its own.
pub fn times<const L: usize>(clocks: &[Clock], time: impl Fn(&Clock) -> f64) -> [f64; L] {
    let mut times = [clocks.first().map_or(0.0, &time); L];
    for (value, clock) in times.iter_mut().zip(clocks).skip(1) {
        *value = time(clock);
    }
    times
}

impl Clock {
    /// A clock at the start of a run whose registers `read` gives.
    pub fn new(program: &Program, settings: &Settings, read: &impl Fn(Register) -> f64) -> Result<Self, Failure> {
        let (start, step, every) =
            (read(program.controls.start), read(program.controls.step), read(program.controls.save_every));
        // A moving step and a moving final time are read before the first step.
        let step = if program.controls.step_moves { 1.0 } else { step * settings.step_share };
        let stop = if program.controls.stop_moves { f64::INFINITY } else { read(program.controls.stop) };
        if !(step > 0.0 && step.is_finite()) {
            return Err(Failure::Control { what: "TIME STEP must be positive", value: step });
        }
        if stop < start || stop.is_nan() || !start.is_finite() {
            return Err(Failure::Control { what: "FINAL TIME must not lie before INITIAL TIME", value: stop });
        }
        let mut clock =
            Clock { time: start, start, stop, step, origin: start, proposed: step, target: start, ..Clock::still() };
        if moves_saves(program) && settings.save == Save::Every {
            clock.saves.push(start);
        } else {
            clock.plan_saves(settings, every)?;
        }
        clock.plan_switches(program, read);
        match program.memories.first() {
            Some(memory) if clock.leaves_grid() => Err(Failure::NeedsGrid { variable: memory.name.clone() }),
            _ => Ok(clock),
        }
    }

    /// Whether a save or a switch cuts a step of the grid, which a memory of whole steps would take for a step.
    fn leaves_grid(&self) -> bool {
        self.saves.iter().chain(&self.switches).any(|time| {
            let steps = (time - self.start) / self.step;
            (steps - steps.round()).abs() > 1e-6
        })
    }

    /// A clock that never moves, for a lane without a run.
    pub fn still() -> Self {
        Clock {
            time: 0.0,
            start: 0.0,
            stop: 0.0,
            step: 1.0,
            origin: 0.0,
            steps: 0,
            grid: 0,
            saves: Vec::new(),
            next_save: 0,
            switches: Vec::new(),
            next_switch: 0,
            from_switch: false,
            proposed: 1.0,
            last_error: 1e-4,
            last_length: 0.0,
            rejected: false,
            target: 0.0,
            to_switch: false,
            aim: Aim::Stop,
        }
    }

    fn plan_saves(&mut self, settings: &Settings, every: f64) -> Result<(), Failure> {
        match &settings.save {
            Save::At(times) => {
                let outside = times
                    .iter()
                    .find(|time| **time < self.start - SAME * self.step || **time > self.stop + SAME * self.step);
                if let Some(time) = outside {
                    return Err(Failure::SaveOutside { time: *time, start: self.start, stop: self.stop });
                }
                self.saves.clone_from(times);
            }
            Save::Every => {
                if !(every > 0.0 && every.is_finite()) {
                    return Err(Failure::Control { what: "SAVEPER must be positive", value: every });
                }
                let every = every.max(self.step);
                // A moving end: enough for any run within the budget.
                let span = if self.stop.is_finite() { self.stop - self.start } else { 1e5 * every };
                let count = (span / every + SAME).floor();
                if count > 1e8 {
                    return Err(Failure::Control { what: "SAVEPER asks for more than 100 million rows", value: every });
                }
                self.saves = (0..=count as u64).map(|number| self.start + number as f64 * every).collect();
                if self.stop.is_finite() && self.saves.last().is_some_and(|last| *last < self.stop - SAME * self.step) {
                    self.saves.push(self.stop);
                }
            }
        }
        Ok(())
    }

    fn plan_switches(&mut self, program: &Program, read: &impl Fn(Register) -> f64) {
        let near = SAME * self.step;
        let within = |time: f64| time >= self.start - near && time < self.stop;
        let mut all: Vec<f64> =
            program.switches.iter().map(|register| read(*register)).filter(|t| within(*t)).collect();
        for (first, period, last) in &program.recurring {
            let (first, period) = (read(*first), read(*period));
            let last = last.map_or(self.stop, read).min(self.stop);
            if !(period > SAME * self.step && period.is_finite() && first.is_finite() && last.is_finite()) {
                continue;
            }
            let begin = ((self.start - first) / period).floor();
            let end = ((last - first) / period).ceil();
            // More recurring switches than steps would only shorten every step.
            if end - begin > 1e6 {
                continue;
            }
            let mut number = begin;
            while number <= end {
                let time = first + number * period;
                if within(time) && time <= last {
                    all.push(time);
                }
                number += 1.0;
            }
        }
        // A run that begins on a switch begins just behind it.
        self.from_switch = all.iter().any(|time| *time <= self.start + near);
        all.retain(|time| *time > self.start + near);
        all.sort_by(f64::total_cmp);
        all.dedup_by(|a, b| (*a - *b).abs() <= 1e-12 * b.abs().max(1.0));
        self.switches = all;
    }

    /// Whether the time now is to be saved.
    pub fn is_due(&self) -> bool {
        self.saves.get(self.next_save).is_some_and(|save| self.time >= save - SAME * self.step)
    }

    /// How many saves are done.
    pub fn saved(&self) -> usize {
        self.next_save
    }

    /// Takes the saves up to now as done.
    pub fn pass_saves(&mut self) {
        while self.is_due() {
            self.next_save += 1;
        }
    }

    /// Saves again after this interval, or after a step if that is longer.
    pub fn save_after(&mut self, interval: f64) {
        self.saves.push(self.time + interval.max(self.step));
    }

    /// Takes another step from now on.
    pub fn set_step(&mut self, step: f64) -> Result<(), Failure> {
        if !(step > 0.0 && step.is_finite()) {
            return Err(Failure::Control { what: "TIME STEP must be positive", value: step });
        }
        if step != self.step {
            (self.step, self.origin, self.grid) = (step, self.time, 0);
            self.proposed = if self.steps == 0 { step } else { self.proposed };
        }
        Ok(())
    }

    /// Chooses the end of the next step.
    pub fn aim(&mut self, adaptive: bool) {
        let near = SAME * self.step;
        let mut target =
            if adaptive { self.time + self.proposed } else { self.origin + (self.grid + 1) as f64 * self.step };
        self.aim = Aim::Step(self.grid + 1);
        if let Some(save) = self.saves.get(self.next_save).filter(|save| **save <= target + near) {
            target = *save;
            self.aim = Aim::Save(self.next_save);
        }
        if self.stop <= target + near {
            target = self.stop;
            self.aim = Aim::Stop;
        }
        self.to_switch = false;
        if let Some(switch) = self.switches.get(self.next_switch) {
            // A save on the switch keeps its own time, which is the same within rounding.
            if *switch <= target + near {
                self.to_switch = true;
                if *switch < target - near {
                    target = *switch;
                    self.aim = Aim::Switch;
                }
            }
        }
        self.target = target;
    }

    /// The time at which the clock stands, if it has not moved and stands on a switch.
    pub fn begins_on_switch(&self) -> Option<f64> {
        (self.from_switch && self.time == self.start).then_some(self.start)
    }

    /// The switch at which the step ends or the next lies.
    pub fn coming_switch(&self) -> Option<f64> {
        self.switches.get(self.next_switch).copied()
    }

    /// A time just before the switch on which the clock stands.
    pub fn before(&self) -> f64 {
        self.time - 8.0 * f64::EPSILON * self.time.abs().max(self.step)
    }

    /// Whether the save of this number is one at the end that no interval gives.
    pub fn is_last_save(&self, number: usize) -> bool {
        number + 1 == self.saves.len() && self.saves.get(number) == Some(&self.stop)
    }

    /// A time within the step, kept off the switches at its ends.
    pub fn inside(&self, share: f64) -> f64 {
        let time = self.time + share * (self.target - self.time);
        let off = 8.0 * f64::EPSILON;
        if share == 0.0 && self.from_switch {
            return self.time + off * self.time.abs().max(self.step);
        }
        if share == 1.0 {
            let end = self.target;
            return if self.to_switch { end - off * end.abs().max(self.step) } else { end };
        }
        time
    }

    /// Moves to the end of the step.
    pub fn arrive(&mut self) {
        self.time = self.target;
        self.steps += 1;
        self.from_switch = self.to_switch;
        let near = SAME * self.step;
        while self.switches.get(self.next_switch).is_some_and(|switch| *switch <= self.time + near) {
            self.next_switch += 1;
        }
        // A long step passes grid times without end: all but the last few at once.
        if self.time - self.origin > (self.grid + 4) as f64 * self.step {
            self.grid = (((self.time - self.origin) / self.step).floor() - 2.0) as u64;
        }
        while self.origin + (self.grid + 1) as f64 * self.step <= self.time + near {
            self.grid += 1;
        }
    }

    /// How many rows a run saves, as far as is known.
    pub fn rows(&self) -> usize {
        if self.stop.is_finite() { self.saves.len() } else { 0 }
    }

    pub fn is_over(&self) -> bool {
        self.time >= self.stop - SAME * self.step
    }

    pub fn length(&self) -> f64 {
        self.target - self.time
    }
}
