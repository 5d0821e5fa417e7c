//! The stepping loop: `L` runs side by side, each with its own time, step, switches and saves.
//!
//! A step ends at the earliest of: the next grid time (or the step that error control proposes), the next save, the next
//! switch, the end. Where a step begins or ends on a switch, derivatives are taken just inside the step, so that both
//! sides of a jump keep their order of accuracy.

use super::blame::blame;
use super::execute::{execute, registers};
use super::failure::Failure;
use super::method::Tableau;
use super::settings::{Save, Settings};
use crate::compile::{Program, Register};
use crate::elementary::pow;
use crate::random::Stream;

/// Times closer than this share of a step are one time.
const SAME: f64 = 1e-9;

/// One run of a batch.
#[derive(Clone, Debug)]
pub struct Member {
    /// Number of the run, which addresses its random streams.
    pub number: u64,
    /// Constants that differ from the program's: index and value.
    pub changes: Vec<(usize, f64)>,
}

/// What a run saved: `[time, output]`, row by row.
#[derive(Clone, Debug, Default)]
pub struct Saved {
    pub times: Vec<f64>,
    pub rows: Vec<f64>,
    pub steps: u64,
}

struct Lane {
    active: bool,
    failure: Option<Failure>,
    time: f64,
    start: f64,
    stop: f64,
    step: f64,
    /// Fixed steps done on the grid.
    grid: u64,
    saves: Vec<f64>,
    next_save: usize,
    switches: Vec<f64>,
    next_switch: usize,
    /// The step begins on a switch.
    from_switch: bool,
    proposed: f64,
    last_error: f64,
    rejected: bool,
    /// The end of the step being tried, and whether it lies on a switch.
    target: f64,
    to_switch: bool,
    streams: Option<Stream>,
    lines: Vec<Line>,
    saved: Saved,
}

/// A pipeline's content, the oldest at `next`.
struct Line {
    ring: Vec<f64>,
    next: usize,
}

/// Runs up to `L` members. Lanes beyond them repeat the first and are dropped.
pub fn run_lanes<const L: usize>(
    program: &Program,
    settings: &Settings,
    members: &[Member],
) -> Vec<Result<Saved, Failure>> {
    let mut batch = Batch::<L>::begin(program, settings, members);
    batch.advance();
    batch
        .lanes
        .into_iter()
        .take(members.len())
        .map(|lane| match lane.failure {
            Some(failure) => Err(failure),
            None => Ok(lane.saved),
        })
        .collect()
}

struct Batch<'a, const L: usize> {
    program: &'a Program,
    settings: &'a Settings,
    tableau: &'static Tableau,
    registers: Vec<[f64; L]>,
    /// States at the start of the step, `[state][lane]`.
    states: Vec<[f64; L]>,
    /// Derivatives, `[stage][state][lane]`.
    slopes: Vec<Vec<[f64; L]>>,
    inputs: Vec<[f64; L]>,
    lanes: Vec<Lane>,
    /// Whether the first stage of the next step is known from the last of this one.
    first_known: bool,
}

impl<'a, const L: usize> Batch<'a, L> {
    fn begin(program: &'a Program, settings: &'a Settings, members: &[Member]) -> Self {
        let mut registers = registers::<L>(program);
        for lane in 0..L {
            for (constant, register) in program.constants.iter().zip(&program.constant_registers) {
                registers[*register as usize][lane] = constant.value;
            }
            let member = members.get(lane).or(members.first());
            for (index, value) in member.iter().flat_map(|member| &member.changes) {
                registers[program.constant_registers[*index] as usize][lane] = *value;
            }
        }
        execute(&program.run, &program.tables, &mut registers);
        let mut lanes = Vec::with_capacity(L);
        for lane in 0..L {
            let active = lane < members.len();
            let number = members.get(lane).or(members.first()).map_or(0, |member| member.number);
            lanes.push(Lane::new(program, settings, &registers, lane, number, active));
        }
        let tableau = settings.method.tableau();
        let states = vec![[0.0; L]; program.states.len()];
        let mut batch = Batch {
            program,
            settings,
            tableau,
            slopes: vec![states.clone(); tableau.c.len()],
            states,
            inputs: vec![[0.0; L]; program.memories.len()],
            registers,
            lanes,
            first_known: false,
        };
        batch.start();
        batch
    }

    /// Initial values of states, memories and held values.
    fn start(&mut self) {
        let program = self.program;
        for (lane, state) in self.lanes.iter().enumerate() {
            self.registers[program.time as usize][lane] = state.start;
        }
        self.draw();
        execute(&program.initial, &program.tables, &mut self.registers);
        let read = |registers: &[[f64; L]], register: Register| registers[register as usize];
        let values: Vec<(Register, [f64; L])> = (program.states.iter().map(|s| (s.register, s.initial)))
            .chain(program.memories.iter().map(|m| (m.register, m.initial)))
            .chain(program.helds.iter().copied())
            .map(|(to, from)| (to, read(&self.registers, from)))
            .collect();
        for memory in &program.memories {
            let Some(delay) = memory.delay else { continue };
            for (lane, state) in self.lanes.iter_mut().enumerate() {
                let steps = (self.registers[delay as usize][lane] / state.step + 0.5).floor();
                // A pipeline longer than the run never gives back what entered it.
                let longest = ((state.stop - state.start) / state.step).abs() + 2.0;
                let steps = if steps.is_finite() { steps.clamp(1.0, longest.clamp(1.0, 1e8)) } else { 1.0 };
                let initial = self.registers[memory.initial as usize][lane];
                state.lines.push(Line { ring: vec![initial; steps as usize], next: 0 });
            }
        }
        for (to, block) in values {
            self.registers[to as usize] = block;
        }
        for (state, slot) in self.states.iter_mut().zip(&program.states) {
            *state = self.registers[slot.register as usize];
        }
        self.check_finite();
    }

    fn advance(&mut self) {
        loop {
            self.save();
            if !self.lanes.iter().any(|lane| lane.active) {
                return;
            }
            self.aim();
            self.remember();
            self.stages();
            if self.settings.method.is_adaptive() {
                self.judge();
            } else {
                self.accept(&[true; L]);
            }
            self.check_finite();
        }
    }

    /// New random numbers for the step that begins now.
    fn draw(&mut self) {
        let count = self.program.randoms.len() as u64;
        if count == 0 {
            return;
        }
        for (lane, state) in self.lanes.iter_mut().enumerate() {
            if let Some(stream) = &mut state.streams {
                for (number, register) in (0..).zip(&self.program.randoms) {
                    self.registers[*register as usize][lane] = stream.uniform_at(state.saved.steps * count + number);
                }
            }
        }
    }

    /// Saves the lanes that stand on a save time, and ends those at their final time.
    fn save(&mut self) {
        let program = self.program;
        let due: Vec<bool> = self.lanes.iter().map(|lane| lane.active && lane.is_due()).collect();
        if due.contains(&true) || program.controls.stop_moves {
            for (lane, state) in self.lanes.iter().enumerate() {
                self.registers[program.time as usize][lane] = state.time;
            }
            execute(&program.save, &program.tables, &mut self.registers);
        }
        for (lane, state) in self.lanes.iter_mut().enumerate() {
            if !state.active {
                continue;
            }
            if program.controls.stop_moves {
                state.stop = self.registers[program.controls.stop as usize][lane];
            }
            if due[lane] {
                state.saved.times.push(state.time);
                for output in &program.outputs {
                    state.saved.rows.push(self.registers[output.register as usize][lane]);
                }
                state.pass_saves();
                if program.controls.save_moves && self.settings.save == Save::Every {
                    let every = self.registers[program.controls.save_every as usize][lane];
                    state.saves.push(state.time + every.max(state.step));
                }
            }
            if state.time >= state.stop - SAME * state.step {
                state.active = false;
            }
        }
        for lane in 0..L {
            let bad = due[lane]
                && program.outputs.iter().any(|output| !self.registers[output.register as usize][lane].is_finite());
            if bad && self.lanes[lane].failure.is_none() {
                let failure = blame(program, &program.save, &self.registers, lane, self.lanes[lane].time);
                self.lanes[lane].fail(failure);
            }
        }
    }

    /// Chooses the end of each lane's next step.
    fn aim(&mut self) {
        let adaptive = self.settings.method.is_adaptive();
        for lane in &mut self.lanes {
            if !lane.active {
                lane.target = lane.time;
                continue;
            }
            if lane.saved.steps >= self.settings.budget {
                lane.fail(Failure::Budget { time: lane.time, steps: self.settings.budget });
                continue;
            }
            lane.aim(adaptive);
        }
    }

    /// Inputs of the memories at the start of the step.
    fn remember(&mut self) {
        let program = self.program;
        if program.memories.is_empty() {
            return;
        }
        for (lane, state) in self.lanes.iter().enumerate() {
            self.registers[program.time as usize][lane] = state.inside(0.0);
        }
        execute(&program.advance, &program.tables, &mut self.registers);
        for (input, memory) in self.inputs.iter_mut().zip(&program.memories) {
            *input = self.registers[memory.input as usize];
        }
    }

    fn stages(&mut self) {
        let program = self.program;
        let mut length = [0.0; L];
        for (lane, state) in self.lanes.iter().enumerate() {
            length[lane] = state.target - state.time;
        }
        for stage in 0..self.tableau.c.len() {
            if stage == 0 && self.first_known {
                continue;
            }
            if stage > 0 {
                let weights = self.tableau.a[stage];
                for (number, slot) in program.states.iter().enumerate() {
                    self.registers[slot.register as usize] =
                        combine(&self.states[number], &length, weights, &self.slopes, number);
                }
            }
            for (lane, state) in self.lanes.iter().enumerate() {
                self.registers[program.time as usize][lane] = state.inside(self.tableau.c[stage]);
            }
            execute(&program.rate, &program.tables, &mut self.registers);
            for (number, slot) in program.states.iter().enumerate() {
                self.slopes[stage][number] = self.registers[slot.derivative as usize];
            }
        }
    }

    /// Error control (Hairer, Norsett and Wanner 1993, section II.4, with the PI controller of section IV.2).
    fn judge(&mut self) {
        let mut length = [0.0; L];
        for (lane, state) in self.lanes.iter().enumerate() {
            length[lane] = state.target - state.time;
        }
        let mut sums = [0.0; L];
        let mut worst = [(0.0, 0usize); L];
        let count = self.program.states.len().max(1) as f64;
        for number in 0..self.program.states.len() {
            let start = self.states[number];
            let end = combine(&start, &length, self.tableau.b, &self.slopes, number);
            let gap = combine(&[0.0; L], &length, self.tableau.e, &self.slopes, number);
            for lane in 0..L {
                let size = start[lane].abs().max(end[lane].abs());
                let ratio = gap[lane] / (self.settings.absolute + self.settings.relative * size);
                sums[lane] += ratio * ratio;
                if ratio.abs() > worst[lane].0 || ratio.is_nan() {
                    worst[lane] = (ratio.abs(), number);
                }
            }
        }
        let mut accepted = [false; L];
        for (lane, state) in self.lanes.iter_mut().enumerate() {
            if !state.active {
                continue;
            }
            let error = (sums[lane] / count).sqrt();
            let step = length[lane];
            if error <= 1.0 {
                accepted[lane] = true;
                let error = error.max(1e-10);
                let growth = 0.9 / (pow(error, 0.17) / pow(state.last_error, 0.04));
                let most = if state.rejected { 1.0 } else { 5.0 };
                let next = step * growth.clamp(0.2, most);
                // A step cut short by a save or a switch says little against the longer one proposed before.
                state.proposed =
                    if step < 0.999 * state.proposed && growth >= 1.0 { state.proposed.max(next) } else { next };
                state.last_error = error.max(1e-4);
                state.rejected = false;
            } else {
                let shrink = if error.is_finite() { (0.9 / pow(error, 0.2)).clamp(0.1, 0.9) } else { 0.1 };
                state.proposed = step * shrink;
                state.rejected = true;
                if state.proposed <= 16.0 * f64::EPSILON * state.time.abs().max(state.step) {
                    let variable = self.program.states.get(worst[lane].1).map_or("", |slot| &slot.name).to_owned();
                    state.fail(Failure::StepVanished { time: state.time, variable });
                }
                state.saved.steps += 1;
            }
        }
        self.accept(&accepted);
    }

    /// Moves the accepted lanes to the end of their step; the others go back to its start.
    fn accept(&mut self, accepted: &[bool; L]) {
        let program = self.program;
        let mut length = [0.0; L];
        for (lane, state) in self.lanes.iter().enumerate() {
            length[lane] = state.target - state.time;
        }
        let last = self.tableau.c.len() - 1;
        for (number, slot) in program.states.iter().enumerate() {
            let end = combine(&self.states[number], &length, self.tableau.b, &self.slopes, number);
            for lane in 0..L {
                if accepted[lane] && self.lanes[lane].active {
                    self.states[number][lane] = if slot.floored { end[lane].max(0.0) } else { end[lane] };
                }
            }
            self.registers[slot.register as usize] = self.states[number];
        }
        self.first_known =
            self.settings.method.is_adaptive() && program.memories.is_empty() && program.randoms.is_empty();
        for (lane, state) in self.lanes.iter_mut().enumerate() {
            if !state.active || !accepted[lane] {
                continue;
            }
            if self.first_known {
                if state.to_switch {
                    self.first_known = false;
                }
                for number in 0..program.states.len() {
                    self.slopes[0][number][lane] = self.slopes[last][number][lane];
                }
            }
            let mut line = 0;
            for (memory, input) in program.memories.iter().zip(&self.inputs) {
                let next = match memory.delay {
                    None => input[lane],
                    Some(_) => {
                        line += 1;
                        state.lines[line - 1].push(input[lane])
                    }
                };
                self.registers[memory.register as usize][lane] = next;
            }
            state.arrive();
        }
        self.draw();
    }

    fn check_finite(&mut self) {
        for lane in 0..L {
            if !self.lanes[lane].active {
                continue;
            }
            if self.states.iter().any(|state| !state[lane].is_finite()) {
                let time = self.lanes[lane].time;
                let failure = blame(self.program, &self.program.rate, &self.registers, lane, time);
                self.lanes[lane].fail(failure);
            }
        }
    }
}

/// A time at which a run stops on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stop {
    pub time: f64,
    pub save: bool,
    pub switch: bool,
}

/// The saves and switches of a run with the program's own constants, in order.
pub fn stops(program: &Program, settings: &Settings, saves: &[f64]) -> Vec<Stop> {
    let member = Member { number: 0, changes: Vec::new() };
    let batch = Batch::<1>::begin(program, settings, std::slice::from_ref(&member));
    let switches = batch.lanes.first().map_or(&[][..], |lane| &lane.switches[..]);
    let mut all: Vec<Stop> = (saves.iter().map(|time| Stop { time: *time, save: true, switch: false }))
        .chain(switches.iter().map(|time| Stop { time: *time, save: false, switch: true }))
        .collect();
    all.sort_by(|a, b| a.time.total_cmp(&b.time));
    let step = batch.lanes.first().map_or(1.0, |lane| lane.step);
    all.dedup_by(|next, kept| {
        let same = next.time - kept.time <= SAME * step;
        if same {
            kept.save |= next.save;
            kept.switch |= next.switch;
        }
        same
    });
    all
}

/// `start + length * sum(weights * slopes)` in a fixed order.
#[inline]
fn combine<const L: usize>(
    start: &[f64; L],
    length: &[f64; L],
    weights: &[f64],
    slopes: &[Vec<[f64; L]>],
    state: usize,
) -> [f64; L] {
    let mut sum = [0.0; L];
    for (weight, stage) in weights.iter().zip(slopes) {
        if *weight != 0.0 {
            for (total, slope) in sum.iter_mut().zip(&stage[state]) {
                *total += weight * slope;
            }
        }
    }
    let mut end = *start;
    for lane in 0..L {
        end[lane] += length[lane] * sum[lane];
    }
    end
}

impl Line {
    fn push(&mut self, input: f64) -> f64 {
        self.ring[self.next] = input;
        self.next = (self.next + 1) % self.ring.len();
        self.ring[self.next]
    }
}

impl Lane {
    fn new<const L: usize>(
        program: &Program,
        settings: &Settings,
        registers: &[[f64; L]],
        lane: usize,
        number: u64,
        active: bool,
    ) -> Self {
        let read = |register: Register| registers[register as usize][lane];
        let (start, step, every) =
            (read(program.controls.start), read(program.controls.step), read(program.controls.save_every));
        let step = step * settings.step_share;
        // A moving final time is read at the first save.
        let stop = if program.controls.stop_moves { f64::INFINITY } else { read(program.controls.stop) };
        let mut state = Lane {
            active,
            failure: None,
            time: start,
            start,
            stop,
            step,
            grid: 0,
            saves: Vec::new(),
            next_save: 0,
            switches: Vec::new(),
            next_switch: 0,
            from_switch: false,
            proposed: step,
            last_error: 1e-4,
            rejected: false,
            target: start,
            to_switch: false,
            streams: (!program.randoms.is_empty()).then(|| Stream::new(settings.seed, number)),
            lines: Vec::new(),
            saved: Saved::default(),
        };
        if !(step > 0.0 && step.is_finite()) {
            state.fail(Failure::Control { what: "TIME STEP must be positive", value: step });
            return state;
        }
        if stop < start || stop.is_nan() || !start.is_finite() {
            state.fail(Failure::Control { what: "FINAL TIME must not lie before INITIAL TIME", value: stop });
            return state;
        }
        let memory = program.memories.iter().find(|memory| memory.delay.is_some() || settings.method.is_adaptive());
        if let Some(memory) = memory
            && (settings.method.is_adaptive() || !program.switches.is_empty())
        {
            state.fail(Failure::NeedsGrid { variable: memory.name.clone() });
            return state;
        }
        if settings.method.is_adaptive() && !program.randoms.is_empty() {
            state.fail(Failure::NeedsGrid { variable: "a random function".to_owned() });
            return state;
        }
        if program.controls.save_moves && settings.save == Save::Every {
            state.saves.push(start);
        } else {
            state.plan_saves(settings, every);
        }
        state.plan_switches(program, &read);
        state
    }

    fn plan_saves(&mut self, settings: &Settings, every: f64) {
        match &settings.save {
            Save::At(times) => {
                let outside = times
                    .iter()
                    .find(|time| **time < self.start - SAME * self.step || **time > self.stop + SAME * self.step);
                if let Some(time) = outside {
                    self.fail(Failure::SaveOutside { time: *time, start: self.start, stop: self.stop });
                }
                self.saves.clone_from(times);
            }
            Save::Every => {
                if !(every > 0.0 && every.is_finite()) {
                    self.fail(Failure::Control { what: "SAVEPER must be positive", value: every });
                    return;
                }
                let every = every.max(self.step);
                // A moving end: enough for any run within the budget.
                let span = if self.stop.is_finite() { self.stop - self.start } else { 1e5 * every };
                let count = (span / every + SAME).floor();
                if count > 1e8 {
                    self.fail(Failure::Control { what: "SAVEPER asks for more than 100 million rows", value: every });
                    return;
                }
                self.saves = (0..=count as u64).map(|number| self.start + number as f64 * every).collect();
                if self.stop.is_finite() && self.saves.last().is_some_and(|last| *last < self.stop - SAME * self.step) {
                    self.saves.push(self.stop);
                }
            }
        }
    }

    fn plan_switches(&mut self, program: &Program, read: &impl Fn(Register) -> f64) {
        let within = |time: f64| time > self.start && time < self.stop;
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
        all.sort_by(f64::total_cmp);
        all.dedup_by(|a, b| (*a - *b).abs() <= 1e-12 * b.abs().max(1.0));
        self.switches = all;
    }

    fn is_due(&self) -> bool {
        self.saves.get(self.next_save).is_some_and(|save| self.time >= save - SAME * self.step)
    }

    fn pass_saves(&mut self) {
        while self.is_due() {
            self.next_save += 1;
        }
    }

    fn aim(&mut self, adaptive: bool) {
        let near = SAME * self.step;
        let mut target =
            if adaptive { self.time + self.proposed } else { self.start + (self.grid + 1) as f64 * self.step };
        if let Some(save) = self.saves.get(self.next_save) {
            target = if *save <= target + near { *save } else { target };
        }
        if self.stop <= target + near {
            target = self.stop;
        }
        self.to_switch = false;
        if let Some(switch) = self.switches.get(self.next_switch) {
            // A save on the switch keeps its own time, which is the same within rounding.
            if *switch <= target + near {
                self.to_switch = true;
                if *switch < target - near {
                    target = *switch;
                }
            }
        }
        self.target = target;
    }

    /// A time within the step, kept off the switches at its ends.
    fn inside(&self, share: f64) -> f64 {
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

    fn arrive(&mut self) {
        self.time = self.target;
        self.saved.steps += 1;
        self.from_switch = self.to_switch;
        let near = SAME * self.step;
        while self.switches.get(self.next_switch).is_some_and(|switch| *switch <= self.time + near) {
            self.next_switch += 1;
        }
        while self.start + (self.grid + 1) as f64 * self.step <= self.time + near {
            self.grid += 1;
        }
    }

    fn fail(&mut self, failure: Failure) {
        if self.failure.is_none() {
            self.failure = Some(failure);
        }
        self.active = false;
        self.target = self.time;
    }
}
