//! Turns a [`Problem`] — parameters and a negative log posterior over them — into estimates with uncertainty: optima,
//! intervals, identification, posterior draws and scores of fit.
//!
//! How a model run is held against data belongs to the objective, which implements [`Problem`] and [`Structured`].
//! Nothing here knows models, series or files, and nothing here prints.

mod difference;
mod finding;
pub mod fit;
pub mod identify;
#[cfg(test)]
mod known;
pub mod objective;
pub mod optimise;
mod parameter;
mod prior;
mod problem;
pub mod recovery;
mod remembered;
pub mod sample;
pub mod uncertainty;

pub use difference::{gradients_by_differences, linearise_by_differences};
pub use finding::Finding;
pub use parameter::{Parameter, Transform};
pub use prior::Prior;
pub use problem::{
    Evaluation, Group, GroupKind, Infeasible, Linearisation, NegativeLog, Problem, Slope, Structured, Term, evaluation,
    prior_terms,
};
pub use remembered::{Memory, Remembered};
