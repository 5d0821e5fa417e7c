//! Draws from the posterior, how far they can be trusted, and what they say.

mod chains;
mod convergence;
mod ensemble;
mod posterior;

pub use chains::Chains;
pub use convergence::{Convergence, Trust};
pub use ensemble::{Ensemble, Sampling};
pub use posterior::{Marginal, Posterior};
