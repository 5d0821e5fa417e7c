//! Which inputs drive a number: shares of its variance, screening by elementary effects, and the nearest inputs that turn
//! a ranking round.
//!
//! Inputs arrive as places in the unit cube; what a place means is known elsewhere.

mod flip;
mod morris;
mod sobol;

pub use flip::{Flip, Turn, nearest, turning_point};
pub use morris::{Effect, Morris};
pub use sobol::{Index, Indices, Saltelli};
