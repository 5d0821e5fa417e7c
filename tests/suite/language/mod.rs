//! What the readers accept and refuse.

mod units;
mod unsound;
mod vensim;
mod xmile;
