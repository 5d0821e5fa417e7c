//! Feedback at work: the loops of a model, how much each does over time, and what happens when one is cut.
//!
//! Links and loops are here between elements of variables, with their strength in a run; which signs can be told from
//! the equations alone is for `check` to say, and how scores are drawn for `present`.

mod analysis;
mod cycles;
mod discovery;
mod knockout;
mod scores;

pub use analysis::{Analysis, Coverage, ScoredLoop, analyse};
pub use cycles::simple_loops;
pub use discovery::strongest;
pub use knockout::{Cut, Held, KnockOut, knock_out};
pub use scores::{Link, LinkScores, link_scores};
