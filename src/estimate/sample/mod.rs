//! Draws from the posterior, how far they can be trusted, and what they say.

mod chains;
mod convergence;
mod ensemble;
mod loo;
mod nuts;
mod posterior;
mod unbounded;

pub use chains::Chains;
pub use convergence::{Convergence, Trust};
use ensemble::place_around;
pub use ensemble::{Ensemble, Sampling};
pub use loo::{LeaveOneOut, LeftOut, log_likelihoods};
pub use nuts::{Nuts, Walk, Walks};
pub use posterior::{Marginal, Posterior};
