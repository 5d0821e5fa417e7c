//! The stepping loop: `L` runs side by side, on one clock where all step alike, otherwise each on its own.

use super::blame::blame;
use super::clock::{Clock, SAME, moves_saves};
use super::failure::Failure;
use super::method::Tableau;
use super::pipeline::Line;
use super::recorder::Recorder;
use super::registers::Registers;
use super::settings::{Save, Settings, needs_grid};
use super::shift::Shifts;
use super::slopes::{finish, not_finite, squared_errors, stage, take, worst};
use super::split::{Place, Section, Split};
use crate::compile::Program;
use crate::elementary::{max, pow};
use crate::random::Stream;

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
    failure: Option<Failure>,
    stream: Option<Stream>,
    lines: Vec<Line>,
    steps: u64,
}

/// Runs up to `L` members, all with the constants of `split` but for those that it leaves to the members.
pub fn run_lanes<const L: usize>(
    program: &Program,
    settings: &Settings,
    split: Option<&Split>,
    members: &[Member],
) -> Vec<Result<Saved, Failure>> {
    let mut batch = Batch::<L>::begin(program, settings, split, members);
    batch.advance();
    let lanes = batch.lanes.into_iter().zip(batch.recorder.finish());
    lanes.map(|(lane, saved)| lane.failure.map_or(Ok(Saved { steps: lane.steps, ..saved }), Err)).collect()
}

struct Batch<'a, const L: usize> {
    program: &'a Program,
    settings: &'a Settings,
    tableau: &'static Tableau,
    registers: Registers<'a, L>,
    places: Places,
    /// States at the start of the step, `[state][lane]`.
    states: Vec<[f64; L]>,
    /// Derivatives, `[stage][state][lane]`.
    slopes: Vec<Vec<[f64; L]>>,
    inputs: Vec<[f64; L]>,
    /// Lengths of the steps being tried.
    lengths: [f64; L],
    /// One for all lanes, or one for each.
    clocks: Vec<Clock>,
    lanes: Vec<Lane>,
    /// The lanes whose run goes on.
    active: [bool; L],
    recorder: Recorder<L>,
    /// Whether the first stage of the next step is known from the last of this one.
    first_known: bool,
    shifts: Shifts<'a, L>,
}

/// Where the stepping loop finds values.
struct Places {
    time: Place,
    states: Vec<usize>,
    derivatives: Vec<Place>,
    memories: Vec<Place>,
    inputs: Vec<Place>,
    randoms: Vec<Place>,
    outputs: Vec<Place>,
    shifts: Vec<Place>,
    stop: Place,
    step: Place,
    save_every: Place,
}

impl Places {
    fn new<const L: usize>(program: &Program, registers: &Registers<L>) -> Self {
        let after = |section, register| registers.after(section, register);
        Places {
            time: registers.kept(program.time),
            states: program.states.iter().map(|state| registers.kept(state.register).number()).collect(),
            derivatives: program.states.iter().map(|state| after(Section::Rate, state.derivative)).collect(),
            memories: program.memories.iter().map(|memory| registers.kept(memory.register)).collect(),
            inputs: program.memories.iter().map(|memory| after(Section::Advance, memory.input)).collect(),
            randoms: program.randoms.iter().map(|register| registers.kept(*register)).collect(),
            outputs: program.outputs.iter().map(|output| after(Section::Save, output.register)).collect(),
            shifts: program.tangents.shifts.iter().map(|shift| registers.kept(shift.time)).collect(),
            stop: after(Section::Save, program.controls.stop),
            step: after(Section::Save, program.controls.step),
            save_every: after(Section::Save, program.controls.save_every),
        }
    }
}

impl<'a, const L: usize> Batch<'a, L> {
    fn begin(program: &'a Program, settings: &'a Settings, split: Option<&'a Split>, members: &[Member]) -> Self {
        let mut registers = Registers::new(program, split);
        for lane in 0..L {
            // Lanes beyond the members repeat the first.
            let member = members.get(lane).or(members.first());
            for (index, value) in member.iter().flat_map(|member| &member.changes) {
                let place = registers.kept(program.constant_registers[*index]);
                registers.set_lane(place, lane, *value);
            }
        }
        registers.run();
        let one_clock = L == 1 || split.is_some_and(|split| split.one_clock);
        let mut clocks = Vec::new();
        let mut lanes = Vec::with_capacity(L);
        let mut active = [false; L];
        for lane in 0..L {
            let mut failure = None;
            if lane == 0 || !one_clock {
                let clock = Clock::new(program, settings, &|register| registers.read(registers.kept(register), lane));
                clocks.push(clock.unwrap_or_else(|why| {
                    failure = Some(why);
                    Clock::still()
                }));
            } else {
                failure = lanes.first().and_then(|lane: &Lane| lane.failure.clone());
            }
            let failure = failure.or_else(|| needs_grid(program, settings));
            let number = members.get(lane).or(members.first()).map_or(0, |member| member.number);
            active[lane] = lane < members.len() && failure.is_none();
            lanes.push(Lane {
                failure,
                stream: (!program.randoms.is_empty()).then(|| Stream::new(settings.seed, number)),
                lines: Vec::new(),
                steps: 0,
            });
        }
        let tableau = settings.method.tableau();
        let states = vec![[0.0; L]; program.states.len()];
        let shifts = Shifts::new(program, settings, &registers, &clocks);
        let mut batch = Batch {
            program,
            settings,
            tableau,
            places: Places::new(program, &registers),
            registers,
            slopes: vec![states.clone(); tableau.c.len()],
            states,
            inputs: vec![[0.0; L]; program.memories.len()],
            lengths: [0.0; L],
            clocks,
            lanes,
            active,
            recorder: Recorder::new(program.outputs.len(), program.own_outputs, members.len()),
            first_known: false,
            shifts,
        };
        batch.start();
        batch
    }

    fn clock(&self, lane: usize) -> &Clock {
        &self.clocks[lane.min(self.clocks.len() - 1)]
    }

    /// Sets the register of time in all lanes.
    fn set_times(&mut self, time: impl Fn(&Clock) -> f64) {
        let first = time(&self.clocks[0]);
        let mut block = [first; L];
        for (value, clock) in block.iter_mut().zip(&self.clocks).skip(1) {
            *value = time(clock);
        }
        self.registers.set(self.places.time, block);
    }

    /// Sets how far the time moves that is a share of the step away.
    fn set_shifts(&mut self, share: f64) {
        for (number, place) in self.places.shifts.iter().enumerate() {
            self.registers.set(*place, self.shifts.at(number, share));
        }
    }

    /// Takes the lengths of the steps to be tried from the clocks.
    fn measure(&mut self) {
        if self.clocks.len() == 1 {
            let length = self.clocks[0].length();
            if self.lengths[0] != length {
                self.lengths = [length; L];
            }
            return;
        }
        for (length, clock) in self.lengths.iter_mut().zip(&self.clocks) {
            *length = clock.length();
        }
    }

    /// Initial values of states, memories and held values.
    fn start(&mut self) {
        let program = self.program;
        self.set_times(|clock| clock.time);
        self.set_shifts(0.0);
        self.draw();
        self.registers.evaluate(Section::Initial);
        let at = |register| self.registers.after(Section::Initial, register);
        let values: Vec<(Place, [f64; L])> = (program.states.iter().map(|state| (state.register, state.initial)))
            .chain(program.memories.iter().map(|memory| (memory.register, memory.initial)))
            .chain(program.helds.iter().copied())
            .map(|(to, from)| (self.registers.kept(to), self.registers.block(at(from))))
            .collect();
        for memory in &program.memories {
            let Some(delay) = memory.delay else { continue };
            let (delays, initials) = (self.registers.block(at(delay)), self.registers.block(at(memory.initial)));
            for lane in 0..L {
                let clock = self.clock(lane);
                let steps = (delays[lane] / clock.step + 0.5).floor();
                // A pipeline longer than the run never gives back what entered it.
                let longest = ((clock.stop - clock.time) / clock.step).abs() + 2.0;
                let steps = if steps.is_finite() { steps.clamp(1.0, longest.clamp(1.0, 1e8)) } else { 1.0 };
                self.lanes[lane].lines.push(Line::filled(initials[lane], steps as usize));
            }
        }
        for (to, block) in values {
            self.registers.set(to, block);
        }
        let mut unsound = [0; L];
        for (state, block) in self.states.iter_mut().zip(&self.places.states) {
            *state = self.registers.lanes[*block];
        }
        for state in &self.states[..program.own_states] {
            for lane in 0..L {
                unsound[lane] |= not_finite(state[lane]);
            }
        }
        for lane in (0..L).filter(|lane| self.active[*lane]) {
            let rows = self.clock(lane).rows();
            self.recorder.reserve(lane, rows);
        }
        self.fail_unsound(unsound);
    }

    fn advance(&mut self) {
        loop {
            self.save();
            if !self.active.contains(&true) {
                return;
            }
            if self.shifts.is_pending() {
                self.set_times(Clock::before);
                self.set_shifts(0.0);
                self.registers.evaluate(Section::Rate);
                let (derivatives, blocks) = (&self.places.derivatives, &self.places.states);
                self.shifts.pass(&mut self.states, &mut self.registers, derivatives, blocks);
            }
            self.aim();
            self.remember();
            self.stages();
            if self.settings.method.is_adaptive() {
                self.judge();
            } else {
                self.accept(self.active);
            }
        }
    }

    /// New random numbers for the step that begins now.
    fn draw(&mut self) {
        let count = self.places.randoms.len() as u64;
        if count == 0 {
            return;
        }
        for lane in 0..L {
            let first = self.clock(lane).steps * count;
            if let Some(stream) = &mut self.lanes[lane].stream {
                for (draw, place) in (first..).zip(&self.places.randoms) {
                    self.registers.set_lane(*place, lane, stream.uniform_at(draw));
                }
            }
        }
    }

    /// Saves the lanes that stand on a save time, and ends those at their final time.
    fn save(&mut self) {
        let stop_moves = self.program.controls.stop_moves;
        let some_due = self.clocks.iter().zip(&self.active).any(|(clock, active)| *active && clock.is_due())
            || self.clocks.len() == 1 && self.clocks[0].is_due();
        let step_moves = self.program.controls.step_moves;
        if some_due || stop_moves || step_moves {
            self.set_times(|clock| clock.time);
            self.set_shifts(0.0);
            self.registers.evaluate(Section::Save);
        }
        if stop_moves {
            let stops = self.registers.block(self.places.stop);
            for (clock, stop) in self.clocks.iter_mut().zip(stops) {
                clock.stop = stop;
            }
        }
        if step_moves {
            self.read_steps();
        }
        if some_due {
            self.save_rows();
        }
        let own = self.clocks.len() > 1;
        if own || self.clocks[0].is_over() {
            for lane in 0..L {
                let clock = &self.clocks[if own { lane } else { 0 }];
                if self.active[lane] && clock.is_over() {
                    self.lanes[lane].steps = clock.steps;
                    self.active[lane] = false;
                }
            }
        }
    }

    /// The length of the next step, where the model computes it.
    fn read_steps(&mut self) {
        let own = self.clocks.len() > 1;
        let steps = self.registers.block(self.places.step);
        for number in 0..self.clocks.len() {
            let step = steps[number] * self.settings.step_share;
            if let Err(failure) = self.clocks[number].set_step(step) {
                for lane in (0..L).filter(|lane| !own || *lane == number) {
                    if self.active[lane] {
                        self.fail(lane, failure.clone());
                    }
                }
            }
        }
    }

    /// Saves a row in each lane that is due.
    fn save_rows(&mut self) {
        let own = self.clocks.len() > 1;
        let (places, shared, lanes) = (&self.places.outputs, self.registers.shared(), &self.registers.lanes);
        let mut which = self.active;
        let unsound = if own {
            for (which, clock) in which.iter_mut().zip(&self.clocks) {
                *which &= clock.is_due();
            }
            let times = |lane: usize| self.clocks[lane].time;
            self.recorder.record_each(&which, times, places, shared, lanes)
        } else {
            self.recorder.record_all(self.clocks[0].time, places, shared, lanes)
        };
        if unsound.iter().fold(0, |all, unsound| all | unsound) >> 63 != 0 {
            for lane in (0..L).filter(|lane| which[*lane] && unsound[*lane] >> 63 != 0) {
                let time = self.clock(lane).time;
                let failure = blame(self.program, &self.program.save, self.registers.lane(lane), time);
                self.fail(lane, failure);
            }
        }
        let save_moves = moves_saves(self.program) && self.settings.save == Save::Every;
        for (number, clock) in self.clocks.iter_mut().enumerate() {
            if which[number] || !own {
                clock.pass_saves();
                if save_moves {
                    clock.save_after(self.registers.read(self.places.save_every, number));
                }
            }
        }
    }

    /// Chooses the end of each step.
    fn aim(&mut self) {
        let adaptive = self.settings.method.is_adaptive();
        let budget = self.settings.budget;
        let own = self.clocks.len() > 1;
        for number in 0..self.clocks.len() {
            let clock = &mut self.clocks[number];
            if own && !self.active[number] {
                clock.target = clock.time;
                continue;
            }
            if clock.steps >= budget {
                let failure = Failure::Budget { time: clock.time, steps: budget };
                clock.target = clock.time;
                for lane in (0..L).filter(|lane| !own || *lane == number) {
                    if self.active[lane] {
                        self.fail(lane, failure.clone());
                    }
                }
                continue;
            }
            clock.aim(adaptive);
        }
        self.measure();
        self.shifts.aim(&self.clocks, self.settings);
    }

    /// Inputs of the memories at the start of the step.
    fn remember(&mut self) {
        if self.places.inputs.is_empty() {
            return;
        }
        self.set_times(|clock| clock.inside(0.0));
        self.set_shifts(0.0);
        self.registers.evaluate(Section::Advance);
        for (input, place) in self.inputs.iter_mut().zip(&self.places.inputs) {
            *input = self.registers.block(*place);
        }
    }

    fn stages(&mut self) {
        for number in 0..self.tableau.c.len() {
            if number == 0 && self.first_known {
                continue;
            }
            if number > 0 {
                let lanes = &mut self.registers.lanes;
                let weights = self.tableau.a[number];
                stage(&self.states, &self.lengths, weights, &self.slopes, lanes, &self.places.states);
                self.shifts.stretch(weights, &self.slopes, lanes, &self.places.states);
            }
            let share = self.tableau.c[number];
            self.set_times(|clock| clock.inside(share));
            self.set_shifts(share);
            self.registers.evaluate(Section::Rate);
            let (shared, lanes) = (self.registers.shared(), &self.registers.lanes);
            take(&mut self.slopes[number], &self.places.derivatives, shared, lanes);
        }
    }

    /// Error control (Hairer, Norsett and Wanner 1993, section II.4, with the PI controller of section IV.2).
    fn judge(&mut self) {
        let tolerances = (self.settings.absolute, self.settings.relative);
        let weights = (self.tableau.b, self.tableau.e);
        let count = self.program.own_states;
        let sums = squared_errors(&self.states[..count], &self.lengths, weights, &self.slopes, tolerances);
        let mut accepted = [false; L];
        for lane in 0..L {
            if !self.active[lane] {
                continue;
            }
            let error = (sums[lane] / count.max(1) as f64).sqrt();
            let step = self.lengths[lane];
            let clock = &mut self.clocks[lane];
            if error <= 1.0 {
                accepted[lane] = true;
                let error = error.max(1e-10);
                let growth = 0.9 / (pow(error, 0.17) / pow(clock.last_error, 0.04));
                let most = if clock.rejected { 1.0 } else { 5.0 };
                let next = step * growth.clamp(0.2, most);
                // A step cut short by a save or a switch says little against the longer one proposed before.
                clock.proposed =
                    if step < 0.999 * clock.proposed && growth >= 1.0 { clock.proposed.max(next) } else { next };
                clock.last_error = error.max(1e-4);
                clock.rejected = false;
            } else {
                let shrink = if error.is_finite() { (0.9 / pow(error, 0.2)).clamp(0.1, 0.9) } else { 0.1 };
                clock.proposed = step * shrink;
                clock.rejected = true;
                clock.steps += 1;
                if clock.proposed <= 16.0 * f64::EPSILON * clock.time.abs().max(clock.step) {
                    let time = clock.time;
                    let state =
                        worst(&self.states[..count], &self.lengths, self.tableau.e, &self.slopes, tolerances, lane);
                    let variable = self.program.states.get(state).map_or(String::new(), |slot| slot.name.clone());
                    self.fail(lane, Failure::StepVanished { time, variable });
                }
            }
        }
        let active = self.active;
        self.accept(std::array::from_fn(|lane| accepted[lane] && active[lane]));
    }

    /// Moves these lanes to the end of their step; the others go back to its start.
    fn accept(&mut self, moves: [bool; L]) {
        let unsound = finish(
            &mut self.states,
            &self.lengths,
            self.tableau.b,
            &self.slopes,
            &moves,
            &mut self.registers.lanes,
            (&self.places.states, self.program.own_states),
        );
        let (states, lanes) = (&mut self.states, &mut self.registers.lanes);
        self.shifts.stretch_ends(&moves, self.tableau.b, &self.slopes, states, lanes, &self.places.states);
        self.floor(&moves);
        if self.settings.method.is_adaptive() {
            self.keep_last_slopes(&moves);
        }
        if !self.inputs.is_empty() {
            self.push_memories(&moves);
        }
        let own = self.clocks.len() > 1;
        for (number, clock) in self.clocks.iter_mut().enumerate() {
            if moves[number] || !own && moves.contains(&true) {
                clock.arrive();
            }
        }
        self.shifts.arrive(&moves);
        self.draw();
        self.fail_unsound(unsound);
    }

    /// Ends at zero what may not be negative.
    fn floor(&mut self, moves: &[bool; L]) {
        for (number, _) in self.program.states.iter().enumerate().filter(|(_, slot)| slot.floored) {
            let block = &mut self.states[number];
            let below: [bool; L] = std::array::from_fn(|lane| moves[lane] && block[lane] < 0.0);
            for lane in 0..L {
                block[lane] = if moves[lane] { max(block[lane], 0.0) } else { block[lane] };
            }
            self.registers.lanes[self.places.states[number]] = *block;
            // What stands on its floor does not move.
            let tangents = self.program.tangents.of_states.iter().filter(|(own, _)| *own == number);
            for (_, tangent) in tangents.filter(|_| below.contains(&true)) {
                let block = &mut self.states[*tangent];
                for lane in (0..L).filter(|lane| below[*lane]) {
                    block[lane] = 0.0;
                }
                self.registers.lanes[self.places.states[*tangent]] = *block;
            }
        }
    }

    /// The last stage of an accepted step is the first of the next, unless there is a switch between.
    fn keep_last_slopes(&mut self, moves: &[bool; L]) {
        let last = self.tableau.c.len() - 1;
        let (first, rest) = self.slopes.split_at_mut(1);
        let (first, last) = (&mut first[0], &mut rest[last - 1]);
        if moves.iter().all(|moves| *moves) {
            std::mem::swap(first, last);
        } else {
            for (first, last) in first.iter_mut().zip(last) {
                for lane in 0..L {
                    first[lane] = if moves[lane] { last[lane] } else { first[lane] };
                }
            }
        }
        let mut moved = self.clocks.iter().zip(moves).filter(|(_, moves)| **moves);
        self.first_known = !moved.any(|(clock, _)| clock.to_switch);
    }

    fn push_memories(&mut self, moves: &[bool; L]) {
        for lane in (0..L).filter(|lane| moves[*lane]) {
            let mut line = 0;
            for (number, memory) in self.program.memories.iter().enumerate() {
                let input = self.inputs[number][lane];
                let next = match memory.delay {
                    None => input,
                    Some(_) => {
                        line += 1;
                        self.lanes[lane].lines[line - 1].push(input)
                    }
                };
                self.registers.set_lane(self.places.memories[number], lane, next);
            }
        }
    }

    fn fail_unsound(&mut self, unsound: [u64; L]) {
        if unsound.iter().fold(0, |all, unsound| all | unsound) >> 63 == 0 {
            return;
        }
        for (lane, unsound) in unsound.into_iter().enumerate() {
            if unsound >> 63 != 0 && self.active[lane] {
                let time = self.clock(lane).time;
                let failure = blame(self.program, &self.program.rate, self.registers.lane(lane), time);
                self.fail(lane, failure);
            }
        }
    }

    fn fail(&mut self, lane: usize, failure: Failure) {
        self.lanes[lane].failure.get_or_insert(failure);
        self.active[lane] = false;
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
    let batch = Batch::<1>::begin(program, settings, None, std::slice::from_ref(&member));
    let switches = batch.clocks.first().map_or(&[][..], |clock| &clock.switches[..]);
    let begins = batch.clocks.first().and_then(Clock::begins_on_switch);
    let mut all: Vec<Stop> = (saves.iter().map(|time| Stop { time: *time, save: true, switch: false }))
        .chain(switches.iter().map(|time| Stop { time: *time, save: false, switch: true }))
        .chain(begins.map(|time| Stop { time, save: false, switch: true }))
        .collect();
    all.sort_by(|a, b| a.time.total_cmp(&b.time));
    let step = batch.clocks.first().map_or(1.0, |clock| clock.step);
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
