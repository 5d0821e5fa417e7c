//! How well an optimum is known: information and standard errors, profile likelihoods, the block bootstrap.

mod bootstrap;
mod estimates;
mod fixed;
mod information;
mod prediction;
mod profile;

pub(crate) use bootstrap::quantile;
pub use bootstrap::{BlockBootstrap, Replicate, block_length, percentile_intervals};
pub use estimates::{Bound, Estimate, bound_of, estimates};
pub use fixed::Fixed;
pub use information::{Covariance, Information, Source};
pub use prediction::{Predicting, PredictionPoint, PredictionProfile, PredictionProfiler};
pub use profile::{Profile, ProfilePoint, Profiler, Side, Verdict};
