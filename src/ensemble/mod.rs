//! Distributions of constants into members, members into summaries that forget the members.
//!
//! A member is a function of the seed and its number, so that any one can be run again alone, to the same bits. What a
//! constant should be drawn from is for the user to say; what a distribution given data is, for `estimate`.

mod fault;
mod formula;
mod law;
mod plan;
mod quantile;
mod shards;
mod summary;
mod tables;
mod variation;
mod walk;

pub use law::{Law, Shape};
pub use plan::{Order, Plan};
pub use quantile::Quantiles;
pub use shards::Shards;
pub use summary::{KEPT_NUMBERS, Row, SHARES, Summary};
pub use tables::{DrawsFile, MembersFile, write_histograms, write_summary};
pub use variation::{Correlation, Design, Draws, Named, Variation};
pub use walk::{Done, Ensemble, Failed, Halt, Watch, walk};
