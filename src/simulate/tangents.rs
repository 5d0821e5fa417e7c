//! Runs that also give the first derivatives of what they save.

use super::failure::Failure;
use super::member::{Member, Saved};
use super::run_members;
use super::settings::Settings;
use crate::compile::Differentiated;

/// What a run saved, and how it moves along each direction.
#[derive(Clone, Debug, Default)]
pub struct SavedWithTangents {
    /// Bit for bit what the run saves without derivatives.
    pub saved: Saved,
    /// Derivatives of the saved values, `[direction, time, output]` row by row: output per unit of the constant. Not a
    /// number or infinite where the derivative does not exist.
    pub tangents: Vec<f64>,
    /// Number of outputs.
    pub outputs: usize,
}

impl SavedWithTangents {
    /// The derivatives of one saved row along a direction, `[output]`.
    pub fn row(&self, direction: usize, row: usize) -> &[f64] {
        let first = (direction * self.saved.times.len() + row) * self.outputs;
        self.tangents.get(first..first + self.outputs).unwrap_or_default()
    }
}

/// Runs a program once for each member, with the derivatives of everything saved; in the order of `members`.
///
/// Method: the model and its tangents are integrated together (forward mode), which for explicit methods is the exact
/// derivative of the values computed, to rounding.
/// With error control, step sizes count as fixed: the derivative is that of the steps taken.
/// A constant that moves a switch which steps land on moves the end of a step: the jump of the rates there is in the
/// derivative. A switch on the grid or on a save counts as moving behind it.
/// At kinks (MIN, MAX, IF, tables, a stock at its floor) the derivative is that of the branch the run took.
/// What no derivative can show is named in [`Differentiated::misleading`], but for these: of two switches at one time
/// that move apart, the whole jump goes to the one that moves; a switch at the initial time shows none; a save interval
/// below the step moves nothing; a stock at its floor counts as one that stays.
/// Cost: about one run of an ensemble for each direction, less where a direction reaches little of the model
/// (`cargo bench --bench gradients`).
///
/// # Errors
/// Those of a run without derivatives, and [`Failure::NoTangents`] for the methods for stiff models; a derivative alone
/// never fails a run.
pub fn run_tangents(
    differentiated: &Differentiated,
    settings: &Settings,
    members: &[Member],
) -> Vec<Result<SavedWithTangents, Failure>> {
    if settings.method.wants_jacobian() {
        let method = settings.method.word();
        return members.iter().map(|_| Err(Failure::NoTangents { method })).collect();
    }
    let runs = run_members(&differentiated.program, settings, members);
    runs.into_iter().map(|run| run.map(|saved| take_apart(differentiated, saved))).collect()
}

fn take_apart(differentiated: &Differentiated, saved: Saved) -> SavedWithTangents {
    let (outputs, width) = (differentiated.outputs, differentiated.program.outputs.len());
    let rows = saved.times.len();
    let mut values = Vec::with_capacity(rows * outputs);
    for row in 0..rows {
        values.extend_from_slice(&saved.rows[row * width..row * width + outputs]);
    }
    let mut tangents = vec![0.0; differentiated.columns.len() * rows * outputs];
    for (direction, columns) in differentiated.columns.iter().enumerate() {
        for (output, column) in columns.iter().enumerate() {
            let Some(column) = column else { continue };
            for row in 0..rows {
                tangents[(direction * rows + row) * outputs + output] = saved.rows[row * width + column];
            }
        }
    }
    SavedWithTangents { saved: Saved { rows: values, ..saved }, tangents, outputs }
}
