//! What the readers accept and refuse.

mod vensim;
mod xmile;
