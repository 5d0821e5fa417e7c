//! Long work cut into numbered pieces: results of pieces into checksummed journals, and journals into their merge.
//!
//! A piece is a function of its stage's key, a hash of all that it depends on, and of its number. So it does not matter
//! which process ran it, when, or how often that was killed. What a piece computes is for the caller to say, on which
//! machine a shard of them runs for a scheduler.

mod fault;
mod journal;
mod lock;
mod memo;
mod part;
mod plan;
mod stage;

pub use fault::Fault;
pub use journal::{Entry, Head, Journal, Reader};
pub use lock::Lock;
pub use memo::Memo;
pub use part::Part;
pub use plan::{PLAN, Plan};
pub use stage::{Halt, Stage, Standing, standing};
