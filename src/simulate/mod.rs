//! A program into trajectories: fixed-step and adaptive methods over one lane or many, landing on saves and switches.

mod accuracy;
mod amount;
mod batch;
mod batches;
mod belt;
mod blame;
mod clock;
mod control;
mod elimination;
mod equations;
mod execute;
mod execute_split;
mod failure;
mod halting;
mod linearise;
mod member;
mod method;
mod pairs;
mod pipeline;
mod places;
mod recorder;
mod registers;
mod rosenbrock;
mod settings;
mod shift;
mod slopes;
mod split;
mod stiffness;
mod stops;
mod tangents;
mod together;
mod vectors;

pub use accuracy::{Accuracy, Difference, Refusal, accuracy, difference};

pub use equations::Equations;
pub use failure::Failure;
pub use halting::{Standing, run_halting};
pub use linearise::{Linearisation, linearise};
pub use member::{Member, Saved};
pub use method::Method;
pub use settings::{Save, Settings};
pub use tangents::{SavedWithTangents, run_tangents};
pub use together::run_together;

use crate::compile::Program;
use crate::series::{Column, Table};
use batch::run_lanes;
use ndarray::Array2;
use rayon::prelude::*;
use split::Split;
use std::collections::BTreeSet;

/// Lanes of a batch. Wide enough for the widest registers, small enough for the first cache.
pub const LANES: usize = 32;

/// Runs a program once with its own constants. The table is `[time, output]`.
pub fn run(program: &Program, settings: &Settings) -> Result<Table, Failure> {
    run_once(program, settings).map(|saved| table(program, saved))
}

/// As [`run`], with what else is known of the run.
pub fn run_once(program: &Program, settings: &Settings) -> Result<Saved, Failure> {
    let member = Member { number: 0, changes: Vec::new() };
    let mut saved = run_lanes::<1>(program, settings, None, std::slice::from_ref(&member));
    match saved.pop() {
        Some(saved) => saved,
        None => Err(Failure::Control { what: "nothing to run", value: 0.0 }),
    }
}

/// Runs a program once for each member, in parallel; results are in the order of `members` and do not depend on how
/// they are spread over lanes and threads.
pub fn run_members(program: &Program, settings: &Settings, members: &[Member]) -> Vec<Result<Saved, Failure>> {
    if members.len() < 4 {
        return members
            .par_iter()
            .flat_map_iter(|member| run_lanes::<1>(program, settings, None, std::slice::from_ref(member)))
            .collect();
    }
    let split = Split::new(program, &common_constants(program, members), settings.method.is_adaptive());
    members
        .par_chunks(if members.len() <= 8 { 8 } else { LANES })
        .flat_map_iter(|chunk| {
            if chunk.len() <= 8 {
                run_lanes::<8>(program, settings, Some(&split), chunk)
            } else {
                run_lanes::<LANES>(program, settings, Some(&split), chunk)
            }
        })
        .collect()
}

/// The value of each constant in all members, `None` where they differ.
fn common_constants(program: &Program, members: &[Member]) -> Vec<Option<f64>> {
    let mut common: Vec<Option<f64>> = program.constants.iter().map(|constant| Some(constant.value)).collect();
    let changed: BTreeSet<usize> = members.iter().flat_map(|member| &member.changes).map(|(index, _)| *index).collect();
    for index in changed {
        let value = |member: &Member| {
            let change = member.changes.iter().rfind(|(changed, _)| *changed == index);
            change.map_or(program.constants[index].value, |(_, value)| *value).to_bits()
        };
        let first = members.first().map(value);
        common[index] = first.filter(|first| members.iter().all(|member| value(member) == *first)).map(f64::from_bits);
    }
    common
}

/// A run's values with names and units.
pub fn table(program: &Program, saved: Saved) -> Table {
    let columns: Vec<Column> = program
        .outputs
        .iter()
        .map(|output| Column {
            name: output.name.clone(),
            units: (!output.unit.is_empty()).then(|| output.unit.clone()),
        })
        .collect();
    let shape = (saved.times.len(), columns.len());
    let values = Array2::from_shape_vec(shape, saved.rows).unwrap_or_else(|_| Array2::zeros(shape));
    Table::new(saved.times, columns, values)
}
