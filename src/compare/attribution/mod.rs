//! How much of an outcome each of several switches did, by the Shapley value: its mean gain over all orders in which the
//! switches could have been thrown.
//!
//! The parts sum to the whole, whatever the switches do to one another; pairwise interactions say how much of the whole
//! hangs on two of them together.

mod exact;
mod sampled;

pub use exact::{exact, interactions, subsets};
pub use sampled::{Sampled, sampled};

/// Most switches for which all combinations are run.
pub const EXACT: usize = 12;

/// A set of switches that are thrown, one bit each.
pub type Coalition = u64;
