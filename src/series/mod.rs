//! Tables of simulated output and series of observations, and the CSV files in which both travel.
//!
//! A [`Table`] is `[time, variable]` numbers with names and units. What a series says about a model is the business of
//! `estimate`.

mod table;
mod write;

pub use table::{Column, Table, number};
pub use write::{WriteFault, write_file, write_text};
