//! A program into trajectories: fixed-step and adaptive methods over one lane or many, landing on saves and switches.

mod accuracy;
mod blame;
mod execute;
mod failure;
mod lanes;
mod method;
mod settings;
mod vectors;

pub use accuracy::{Accuracy, Difference, Refusal, accuracy, difference};
pub use failure::Failure;
pub use lanes::{Member, Saved};
pub use method::Method;
pub use settings::{Save, Settings};

use crate::compile::Program;
use crate::series::{Column, Table};
use ndarray::Array2;
use rayon::prelude::*;

/// Lanes of a batch. Wide enough for the widest registers, small enough for the first cache.
pub const LANES: usize = 32;

/// Runs a program once with its own constants. The table is `[time, output]`.
pub fn run(program: &Program, settings: &Settings) -> Result<Table, Failure> {
    let member = Member { number: 0, changes: Vec::new() };
    let mut saved = lanes::run_lanes::<1>(program, settings, std::slice::from_ref(&member));
    match saved.pop() {
        Some(saved) => saved.map(|saved| table(program, saved)),
        None => Err(Failure::Control { what: "nothing to run", value: 0.0 }),
    }
}

/// Runs a program once for each member, in parallel; results are in the order of `members` and do not depend on how
/// they are spread over lanes and threads.
pub fn run_members(program: &Program, settings: &Settings, members: &[Member]) -> Vec<Result<Saved, Failure>> {
    if members.len() < 4 {
        return members
            .par_iter()
            .flat_map_iter(|member| lanes::run_lanes::<1>(program, settings, std::slice::from_ref(member)))
            .collect();
    }
    members
        .par_chunks(if members.len() <= 8 { 8 } else { LANES })
        .flat_map_iter(|chunk| {
            if chunk.len() <= 8 {
                lanes::run_lanes::<8>(program, settings, chunk)
            } else {
                lanes::run_lanes::<LANES>(program, settings, chunk)
            }
        })
        .collect()
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
