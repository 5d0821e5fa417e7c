//! A plan of shards into the scripts of a scheduler, and what the scheduler says into progress.
//!
//! There is no scheduler here and no library of one: scripts are handed to the programs that a cluster's users know. What a
//! shard does is for `shard` and its callers to say.

mod fault;
mod profile;
mod queue;
mod script;

pub use fault::Fault;
pub use profile::Profile;
pub use queue::{Jobs, Task, cancel, submit, tasks};
pub use script::{Scripts, log, scripts};
