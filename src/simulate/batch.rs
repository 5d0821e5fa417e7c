//! The stepping loop: `L` runs side by side, on one clock where all step alike, otherwise each on its own.

use super::blame::blame;
use super::clock::{Clock, moves_saves, times};
use super::control;
use super::failure::Failure;
use super::member::{Member, Saved};
use super::method::{Method, Tableau};
use super::pipeline::Line;
use super::places::Places;
use super::recorder::Recorder;
use super::registers::Registers;
use super::rosenbrock::{Rosenbrock, Start};
use super::settings::{Save, Settings, unsuited};
use super::shift::Shifts;
use super::slopes::{finish, not_finite, squared_errors, stage, take};
use super::split::{Place, Section, Split};
use super::stiffness::{RARELY, Watch, squared_rates};
use crate::compile::Program;
use crate::elementary::max;
use crate::random::Stream;

pub(super) struct Lane {
    pub(super) failure: Option<Failure>,
    stream: Option<Stream>,
    lines: Vec<Line>,
    steps: u64,
    watch: Watch,
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
    lanes
        .map(|(lane, saved)| {
            let saved = Saved { steps: lane.steps, stiff: lane.watch.since, ..saved };
            lane.failure.map_or(Ok(saved), Err)
        })
        .collect()
}

pub(super) struct Batch<'a, const L: usize> {
    pub(super) program: &'a Program,
    pub(super) settings: &'a Settings,
    pub(super) tableau: &'static Tableau,
    pub(super) registers: Registers<'a, L>,
    pub(super) places: Places,
    /// States at the start of the step, `[state][lane]`.
    pub(super) states: Vec<[f64; L]>,
    /// Derivatives, `[stage][state][lane]`.
    pub(super) slopes: Vec<Vec<[f64; L]>>,
    inputs: Vec<[f64; L]>,
    /// Lengths of the steps being tried.
    pub(super) lengths: [f64; L],
    /// One for all lanes, or one for each.
    pub(super) clocks: Vec<Clock>,
    pub(super) lanes: Vec<Lane>,
    /// The lanes whose run goes on.
    pub(super) active: [bool; L],
    recorder: Recorder<L>,
    /// Whether the first stage of the next step is known from the last of this one.
    pub(super) first_known: bool,
    shifts: Shifts<'a, L>,
    /// The method for stiff lanes, where it may be used.
    pub(super) rosenbrock: Option<Rosenbrock<L>>,
}

impl<'a, const L: usize> Batch<'a, L> {
    pub(super) fn begin(
        program: &'a Program,
        settings: &'a Settings,
        split: Option<&'a Split>,
        members: &[Member],
    ) -> Self {
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
        for (lane, active) in active.iter_mut().enumerate() {
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
            let failure = failure.or_else(|| unsuited(program, settings));
            let number = members.get(lane).or(members.first()).map_or(0, |member| member.number);
            *active = lane < members.len() && failure.is_none();
            lanes.push(Lane {
                failure,
                stream: (!program.randoms.is_empty()).then(|| Stream::new(settings.seed, number)),
                lines: Vec::new(),
                steps: 0,
                watch: Watch::default(),
            });
        }
        let tableau = settings.method.tableau();
        let states = vec![[0.0; L]; program.states.len()];
        let shifts = Shifts::new(program, settings, &registers, &clocks);
        let jacobian = program.jacobian.as_ref().ok().filter(|_| settings.method.wants_jacobian());
        let rosenbrock =
            jacobian.map(|jacobian| Rosenbrock::new(jacobian, &registers, [settings.method == Method::Rosenbrock; L]));
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
            rosenbrock,
        };
        batch.start();
        batch
    }

    pub(super) fn clock(&self, lane: usize) -> &Clock {
        &self.clocks[lane.min(self.clocks.len() - 1)]
    }

    /// Sets the register of time in all lanes.
    fn set_times(&mut self, time: impl Fn(&Clock) -> f64) {
        self.registers.set(self.places.time, times(&self.clocks, time));
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
            self.lengths = [self.clocks[0].length(); L];
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
        self.save();
        while self.active.contains(&true) {
            self.step();
            self.save();
        }
    }

    /// Tries a step in all active lanes.
    pub(super) fn step(&mut self) {
        if self.shifts.is_pending() {
            self.set_times(Clock::before);
            self.set_shifts(0.0);
            self.registers.evaluate(Section::Rate);
            let (derivatives, blocks) = (&self.places.derivatives, &self.places.states);
            self.shifts.pass(&mut self.states, &mut self.registers, derivatives, blocks);
        }
        self.aim();
        self.remember();
        if self.settings.method.is_adaptive() {
            self.attempt();
            self.judge();
        } else {
            self.stages();
            self.accept(self.active);
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

    pub(super) fn read_outputs(&mut self) {
        self.set_times(|clock| clock.time);
        self.set_shifts(0.0);
        self.registers.evaluate(Section::Save);
    }

    /// Saves the lanes that stand on a save time, and ends those at their final time.
    pub(super) fn save(&mut self) {
        let stop_moves = self.program.controls.stop_moves;
        let some_due = self.clocks.iter().zip(&self.active).any(|(clock, active)| *active && clock.is_due())
            || self.clocks.len() == 1 && self.clocks[0].is_due();
        let step_moves = self.program.controls.step_moves;
        if some_due || stop_moves || step_moves {
            self.read_outputs();
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
        #[allow(clippy::needless_range_loop, reason = "the number is that of the lane in every table")]
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
                let stiff = self.lanes[number].watch.since;
                let failure = Failure::Budget { time: clock.time, steps: budget, stiff };
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

    /// Tries a step of a method with error control.
    fn attempt(&mut self) {
        let stiff = self.rosenbrock.as_ref().map_or([false; L], |rosenbrock| rosenbrock.lanes);
        if (0..L).any(|lane| self.active[lane] && !stiff[lane]) {
            self.stages();
        }
        let tolerances = (self.settings.absolute, self.settings.relative);
        let Some(rosenbrock) = self.rosenbrock.as_mut().filter(|own| own.is_wanted(&self.active)) else { return };
        let start = Start {
            clocks: &self.clocks,
            states: &self.states,
            lengths: &self.lengths,
            active: &self.active,
            tolerances,
            time: self.places.time,
            places: &self.places.states,
        };
        rosenbrock.attempt(&mut self.registers, &self.places.derivatives, start);
    }

    /// Takes or refuses the steps tried.
    fn judge(&mut self) {
        let tolerances = (self.settings.absolute, self.settings.relative);
        let weights = (self.tableau.b, self.tableau.e);
        let count = self.program.own_states;
        let sums = squared_errors(&self.states[..count], &self.lengths, weights, &self.slopes, tolerances);
        if L > 1 && self.clocks.len() == 1 {
            return self.judge_together(sums);
        }
        let mut accepted = [false; L];
        for lane in 0..L {
            if !self.active[lane] {
                continue;
            }
            let clock = &mut self.clocks[lane];
            let stiff = self.rosenbrock.as_ref().filter(|rosenbrock| rosenbrock.lanes[lane]);
            accepted[lane] = match stiff {
                Some(rosenbrock) => control::rosenbrock(clock, rosenbrock.error(&self.states, lane, tolerances)),
                None => control::explicit(clock, (sums[lane] / count.max(1) as f64).sqrt()),
            };
            if !accepted[lane] && control::has_vanished(clock) {
                self.vanish(lane);
            }
        }
        self.watch(&accepted);
        let active = self.active;
        self.accept(std::array::from_fn(|lane| accepted[lane] && active[lane]));
    }

    /// Looks for stiffness in the explicit steps that were taken.
    pub(super) fn watch(&mut self, accepted: &[bool; L]) {
        let stiff = self.rosenbrock.as_ref().map_or([false; L], |rosenbrock| rosenbrock.lanes);
        let every = if self.rosenbrock.is_some() { 1 } else { RARELY };
        let due: [bool; L] = std::array::from_fn(|lane| {
            accepted[lane] && self.active[lane] && !stiff[lane] && self.lanes[lane].watch.is_due(every)
        });
        if !due.contains(&true) {
            return;
        }
        let rates = squared_rates(&self.lengths, self.tableau.a, &self.slopes, self.program.own_states);
        for lane in (0..L).filter(|lane| due[*lane]) {
            let time = self.clock(lane).time;
            self.lanes[lane].watch.test(rates[lane], self.lengths[lane], time);
        }
    }

    /// Moves these lanes to the end of their step; the others go back to its start.
    pub(super) fn accept(&mut self, moves: [bool; L]) {
        let stiff = self.rosenbrock.as_ref().map_or([false; L], |rosenbrock| rosenbrock.lanes);
        let explicit = std::array::from_fn(|lane| moves[lane] && !stiff[lane]);
        let mut unsound = finish(
            &mut self.states,
            &self.lengths,
            self.tableau.b,
            &self.slopes,
            &explicit,
            &mut self.registers.lanes,
            (&self.places.states, self.program.own_states),
        );
        if let Some(rosenbrock) = &mut self.rosenbrock {
            let lanes = &mut self.registers.lanes;
            let own = rosenbrock.finish(&moves, &mut self.states, lanes, &self.places.states);
            unsound = std::array::from_fn(|lane| unsound[lane] | own[lane]);
        }
        let (states, lanes) = (&mut self.states, &mut self.registers.lanes);
        self.shifts.stretch_ends(&moves, self.tableau.b, &self.slopes, states, lanes, &self.places.states);
        self.floor(&moves);
        if self.settings.method.is_adaptive() {
            self.keep_last_slopes(&moves);
            self.hand_over();
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
        let Some(last) = self.tableau.c.len().checked_sub(1) else { return };
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
        let own = self.clocks.len() > 1;
        let moved = |lane: usize| if own { moves[lane] } else { moves.contains(&true) };
        self.first_known = !(0..self.clocks.len()).any(|lane| moved(lane) && self.clocks[lane].to_switch);
    }

    /// Leaves lanes that were found to be stiff to the method for them.
    fn hand_over(&mut self) {
        let Some(rosenbrock) = &mut self.rosenbrock else { return };
        for lane in (0..L).filter(|lane| self.lanes[*lane].watch.since.is_some()) {
            rosenbrock.take_over(lane);
        }
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

    pub(super) fn fail(&mut self, lane: usize, failure: Failure) {
        self.lanes[lane].failure.get_or_insert(failure);
        self.active[lane] = false;
    }
}
