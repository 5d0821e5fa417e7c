//! What the readers accept and refuse.

mod copied;
mod endurance;
mod mutated_files;
mod mutated_xmile;
mod mutation;
mod read_written;
mod units;
mod unsound;
mod vensim;
mod written;
mod xmile;
