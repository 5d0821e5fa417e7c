//! A study's data held against the model's runs: the negative log posterior that estimators see.
//!
//! Observations arrive here with their values in the model's units; where they come from is not known.

mod belief;
mod design;
mod draw;
mod filter;
mod foretold;
mod inner;
mod noise;
mod observation;
mod operator;
mod posterior;
mod readout;
mod rows;
mod runs;
mod slopes;

pub use design::{Amount, Density, Design, Experiment, Pool, Process, Role};
pub use filter::Unfiltered;
pub use foretold::Foretold;
pub use noise::{Family, Misfit, Misplaced, Noise, Tail};
pub use observation::{Datum, Observation, Use};
pub use operator::{Operator, Part, Probe, Reading};
pub use posterior::{Objective, Prediction};
pub use readout::{Gauge, NotARatio, Reader, Readout};
