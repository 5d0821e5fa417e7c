//! Text into a declared model. Readers never stop at the first fault: they return the model as far as it could be
//! read and every diagnostic. They resolve no names, check no units and run nothing.

pub mod control;
mod file;
pub mod vensim;
pub mod xmile;

pub use file::read_file;
