//! Runs that halt together at their save times, where they may be moved, and go on: what a filter needs.

use super::batch::Batch;
use super::failure::Failure;
use super::member::Member;
use super::settings::{Save, Settings};
use super::split::Split;
use super::{LANES, common_constants};
use crate::compile::Program;

/// A run at one of its save times.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// `[state]`, in the order of the program; it may be changed.
    pub states: Vec<f64>,
    /// What is saved there, `[output]`; to change it means nothing.
    pub row: Vec<f64>,
}

/// Runs a program once for each member. Whenever all have reached the save of a number, `visit` is given that number and
/// where they stand, `None` for those that failed, and may move them; those it sets to `None` go no further. Where it
/// returns true it is called again with where they stand then.
///
/// What a model remembers beside its states goes on as it was.
///
/// # Errors
/// Why a member failed; `settings` must save at stated times.
pub fn run_halting(
    program: &Program,
    settings: &Settings,
    members: &[Member],
    mut visit: impl FnMut(usize, &mut [Option<Standing>]) -> bool,
) -> Vec<Result<(), Failure>> {
    match members.len() {
        0..=1 => halting::<1>(program, settings, members, &mut visit),
        2..=8 => halting::<8>(program, settings, members, &mut visit),
        _ => halting::<LANES>(program, settings, members, &mut visit),
    }
}

fn halting<const L: usize>(
    program: &Program,
    settings: &Settings,
    members: &[Member],
    visit: &mut dyn FnMut(usize, &mut [Option<Standing>]) -> bool,
) -> Vec<Result<(), Failure>> {
    let split = Split::new(program, &common_constants(program, members), settings.method.is_adaptive());
    let split = (L > 1).then_some(&split);
    let mut batches: Vec<Batch<L>> =
        members.chunks(L).map(|members| Batch::begin(program, settings, split, members)).collect();
    let saves = if let Save::At(times) = &settings.save { times.len() } else { 0 };
    for save in 0..saves {
        for batch in &mut batches {
            batch.advance_past(save);
        }
        loop {
            let mut standing = Vec::with_capacity(members.len());
            for (batch, members) in batches.iter_mut().zip(members.chunks(L)) {
                standing.extend(batch.standing(members.len()));
            }
            let again = visit(save, &mut standing);
            for (batch, standing) in batches.iter_mut().zip(standing.chunks(L)) {
                batch.go_on(standing);
            }
            if !again {
                break;
            }
        }
    }
    let each = batches.iter().zip(members.chunks(L)).flat_map(|(batch, members)| {
        (0..members.len()).map(|lane| batch.lanes[lane].failure.clone().map_or(Ok(()), Err))
    });
    each.collect()
}

impl<const L: usize> Batch<'_, L> {
    /// Moves every active lane to where the save of this number is done.
    fn advance_past(&mut self, save: usize) {
        let mut parked = [false; L];
        loop {
            self.save();
            for (lane, parked) in parked.iter_mut().enumerate() {
                if self.active[lane] && self.clock(lane).saved() > save {
                    *parked = true;
                    self.active[lane] = false;
                }
            }
            if !self.active.contains(&true) {
                break;
            }
            self.step();
        }
        self.active = parked;
    }

    /// Of the first lanes, `None` for one that failed.
    fn standing(&mut self, lanes: usize) -> Vec<Option<Standing>> {
        for (state, place) in self.states.iter().zip(&self.places.states) {
            self.registers.lanes[*place] = *state;
        }
        self.read_outputs();
        let of = |lane: usize| Standing {
            states: self.states.iter().map(|state| state[lane]).collect(),
            row: self.places.outputs.iter().map(|place| self.registers.read(*place, lane)).collect(),
        };
        (0..lanes).map(|lane| self.lanes[lane].failure.is_none().then(|| of(lane))).collect()
    }

    /// Puts the lanes where they are said to stand; those that stand nowhere end.
    fn go_on(&mut self, standing: &[Option<Standing>]) {
        for (lane, standing) in standing.iter().enumerate() {
            let Some(standing) = standing else {
                self.active[lane] = false;
                continue;
            };
            for (state, moved) in self.states.iter_mut().zip(&standing.states) {
                state[lane] = *moved;
            }
        }
        for (state, place) in self.states.iter().zip(&self.places.states) {
            self.registers.lanes[*place] = *state;
        }
        self.first_known = false;
        if let Some(rosenbrock) = &mut self.rosenbrock {
            rosenbrock.forget();
        }
    }
}
