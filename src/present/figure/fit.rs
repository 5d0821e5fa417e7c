//! Observed series with the model's trajectory: one panel, or small multiples of all series.

use crate::present::plain::{Frame, Head, Observed, Path, Quantity};

/// The frame's rule is the start of the hold-out: observations from there on are hollow, the model's line lighter.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    pub head: Head,
    pub frame: Frame,
    pub panels: Vec<FitPanel>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct FitPanel {
    pub quantity: Quantity,
    pub model: Path,
    /// One for each vendor.
    pub observed: Vec<Observed>,
}
