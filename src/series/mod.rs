//! Tables of simulated output and series of observations, and the CSV files in which both travel.
//!
//! A [`Table`] is `[time, variable]` numbers with names and units; an [`ObservedSeries`] is what an archive recorded,
//! each value with the stretch of time it speaks of and its place in the file. What a series says about a model is the
//! business of `estimate`.

mod columns;
mod faults;
mod observed;
mod open;
mod read;
mod table;
mod workbook;
mod write;

pub use columns::{Cells, ColumnFile, Format, Kind};
pub use faults::{DataFault, DataFinding};
pub use observed::{Observation, ObservedSeries};
pub use open::{OpenFault, OpenFaultKind, open_text};
pub use read::{DataFile, read_observations};
pub use table::{Column, Table, label, labelled, number};
pub use workbook::{Area, Cell, Direction, Workbook, WorkbookFault, workbook_path};
pub use write::{NewFile, WriteFault, write_file, write_text};
