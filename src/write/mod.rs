//! A declared model into the text of a file that its tools can open. What a format has no words for is said in the
//! words of its extensions, or refused; nothing is left out in silence.

pub mod vensim;
pub mod xmile;
