//! What the readers accept and refuse.

mod unsound;
mod vensim;
mod xmile;
