//! Whether a design gives back what it was given: data drawn from known parameters, estimated again; intervals that should
//! hold them, and ranks among posterior draws that should be uniform.

mod coverage;
mod ranks;

pub use coverage::{Kind, Recovered, Recovery, Replication};
pub use ranks::{RankStudy, Ranks};

use super::{Infeasible, Structured};
use crate::random::Stream;

/// A problem that can draw data of its own kind.
pub trait Drawn: Structured + Sized {
    /// The same problem with data drawn at a point in search coordinates.
    ///
    /// # Errors
    /// No data can be drawn there.
    fn drawn(&self, point: &[f64], stream: &mut Stream) -> Result<Self, Infeasible>;
}
