//! Runs that differ by little, with error control but on one clock: every step is of one length in all of them, so that their
//! differences are smooth and give derivatives.

use super::batch::Batch;
use super::control;
use super::failure::Failure;
use super::member::{Member, Saved};
use super::settings::Settings;
use super::slopes::worst;
use super::split::Split;
use super::{LANES, common_constants, run_members};
use crate::compile::Program;
use rayon::prelude::*;

/// Runs groups of members, the steps of a group in common: each is as long as the member whose error is largest allows.
/// Results are in the order of `groups`.
///
/// Differences within a group are those of one and the same method of fixed steps (internal numerical differentiation, Bock
/// 1981), where runs that choose their own steps differ by their tolerances. Groups of more than 32, and those whose switches
/// lie at different times, choose their own.
pub fn run_together(
    program: &Program,
    settings: &Settings,
    groups: &[Vec<Member>],
) -> Vec<Vec<Result<Saved, Failure>>> {
    groups
        .par_iter()
        .map(|members| {
            let split = Split::new(program, &common_constants(program, members), false);
            match members.len() {
                0..=1 => run_members(program, settings, members),
                2..=8 if split.one_clock => super::run_lanes::<8>(program, settings, Some(&split), members),
                9..=LANES if split.one_clock => super::run_lanes::<LANES>(program, settings, Some(&split), members),
                _ => run_members(program, settings, members),
            }
        })
        .collect()
}

impl<const L: usize> Batch<'_, L> {
    /// Takes or refuses a step in all lanes alike. `sums` are the squared errors of explicit steps.
    pub(super) fn judge_together(&mut self, sums: [f64; L]) {
        let tolerances = (self.settings.absolute, self.settings.relative);
        let count = self.program.own_states.max(1) as f64;
        let mut largest = (0, 0.0);
        for lane in (0..L).filter(|lane| self.active[*lane]) {
            let error = match self.rosenbrock.as_ref().filter(|rosenbrock| rosenbrock.lanes[lane]) {
                Some(rosenbrock) => rosenbrock.error(&self.states, lane, tolerances),
                None => (sums[lane] / count).sqrt(),
            };
            let error = if error.is_nan() { f64::INFINITY } else { error };
            if error >= largest.1 {
                largest = (lane, error);
            }
        }
        let stiff = self.rosenbrock.as_ref().is_some_and(|rosenbrock| rosenbrock.is_wanted(&self.active));
        let clock = &mut self.clocks[0];
        let taken = if stiff { control::rosenbrock(clock, largest.1) } else { control::explicit(clock, largest.1) };
        if !taken && control::has_vanished(clock) {
            clock.proposed = clock.step;
            self.vanish(largest.0);
        }
        let moves = std::array::from_fn(|lane| taken && self.active[lane]);
        self.watch(&moves);
        let active = self.active;
        self.accept(std::array::from_fn(|lane| moves[lane] && active[lane]));
    }

    /// Ends a lane in which no step is short enough.
    pub(super) fn vanish(&mut self, lane: usize) {
        let tolerances = (self.settings.absolute, self.settings.relative);
        let count = self.program.own_states;
        let state = match self.rosenbrock.as_ref().filter(|rosenbrock| rosenbrock.lanes[lane]) {
            Some(rosenbrock) => rosenbrock.worst(&self.states, lane, tolerances),
            None => worst(&self.states[..count], &self.lengths, self.tableau.e, &self.slopes, tolerances, lane),
        };
        let variable = self.program.states.get(state).map_or(String::new(), |slot| slot.name.clone());
        let time = self.clock(lane).time;
        self.fail(lane, Failure::StepVanished { time, variable });
    }
}
