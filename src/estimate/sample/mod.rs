//! Draws from the posterior, how far they can be trusted, and what they say.

mod chains;
mod convergence;
mod ensemble;
mod loo;
mod nuts;
mod posterior;
mod together;
mod unbounded;
mod walks;

pub use chains::Chains;
pub use convergence::{Convergence, Trust};
use ensemble::place_around;
pub use ensemble::{Ensemble, Sampling};
pub use loo::{LeaveOneOut, LeftOut, log_likelihoods};
pub use nuts::Nuts;
pub use posterior::{Marginal, Posterior};
pub use together::Told;
pub use walks::{Walk, Walks};
