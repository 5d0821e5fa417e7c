//! What the readers accept and refuse.

mod mutation;
mod units;
mod unsound;
mod vensim;
mod xmile;
