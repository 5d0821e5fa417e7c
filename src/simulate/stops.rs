//! The times at which a run stops on its way, before it is run.

use super::batch::Batch;
use super::clock::{Clock, SAME};
use super::member::Member;
use super::settings::Settings;
use crate::compile::Program;

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
