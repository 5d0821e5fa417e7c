//! Dates and periods as statistical offices write them, turned into model time and back.
//!
//! `1990`, `1990H1`, `1990Q1`, `1990-03` and `1990-03-15` are periods with a first and a last day; in model time a period
//! runs from the first instant of its first day to the last instant of its last day. A plain number with a decimal point is
//! an instant of model time. Files, columns and series are the business of `series`.

mod axis;
mod period;

pub use axis::{Calendar, Fraction, Origin, TimeUnit, Window};
pub use period::{DateFault, Period};
