//! A seed into numbered streams of random numbers, distributions drawn by inversion, and low-discrepancy designs.
//!
//! Every draw has an address (seed, stream, index) and takes exactly one uniform number, so that a result never depends
//! on the order in which members, lanes or threads ask, and a changed parameter moves a draw instead of replacing it.
//! Which stream belongs to which member is for `simulate` and `estimate` to say.

mod design;
mod distribution;
mod incomplete;
mod normal;
mod quantile;
mod shuffle;
mod stream;

pub use design::{DesignLimit, LatinHypercube, Sobol};
pub use distribution::{Distribution, chi_square};
pub use normal::{normal_cumulative, normal_quantile};
pub use shuffle::Shuffle;
pub use stream::Stream;
