//! Levada simulates, calibrates and compares stock-and-flow models.

#![forbid(unsafe_code)]

// Vocabulary: no stage below may be imported here.
pub mod calendar;
pub mod diagnostic;
pub mod elementary;
pub mod model;
pub mod random;
pub mod series;
pub mod units;

// Stages, in the order in which data walks through them.
pub mod check;
pub mod cluster;
pub mod compare;
pub mod compile;
pub mod ensemble;
pub mod estimate;
pub mod feedback;
pub mod parse;
pub mod present;
pub mod shard;
pub mod simulate;
pub mod study;
pub mod write;

pub mod cli;
