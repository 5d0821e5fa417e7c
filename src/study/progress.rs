//! What a long study tells while it works.

/// A sign of life. Whoever shows it decides how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress<'a> {
    /// A step begins.
    Step(&'a str),
    /// A start of the calibration has ended, at this height of the negative log posterior.
    Start { done: usize, total: usize, height: Option<f64> },
    /// A share of a long step is done, 0 to 1.
    Share(f64),
    /// An exhibit was written.
    Written { done: usize },
}
