//! Vensim's text format.
