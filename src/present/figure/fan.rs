//! A fan chart: a median within nested bands, observations on top.

use crate::present::plain::{Frame, Head, Observed, Path, Quantity};

/// The frame's rule is where history ends and projection begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Fan {
    pub head: Head,
    pub frame: Frame,
    pub quantity: Quantity,
    /// The median with its bands.
    pub median: Path,
    pub observed: Vec<Observed>,
}
