//! What the data can tell apart: directions without information in words, collinear groups, and which series informs
//! which parameter.

mod collinearity;
mod directions;
mod informs;

pub use collinearity::{CollinearGroup, collinear_groups};
pub use directions::{Direction, Invariant, Move, Strength, directions};
pub use informs::{Informed, informs};
