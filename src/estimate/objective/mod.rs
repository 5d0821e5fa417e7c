//! A study's data held against the model's runs: the negative log posterior that estimators see.

mod noise;
mod operator;

pub use noise::{Family, Misfit, Misplaced, Noise, Tail};
pub use operator::{Operator, Part, Probe, Reading};
