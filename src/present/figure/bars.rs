//! Horizontal bars: the tornado of a sensitivity analysis, and estimates with their intervals.

use crate::present::plain::{Head, Quantity};

/// Swings of one outcome around its base value, the largest on top.
#[derive(Clone, Debug, PartialEq)]
pub struct Tornado {
    pub head: Head,
    pub outcome: Quantity,
    /// In units of the outcome.
    pub base: f64,
    pub swings: Vec<Swing>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Swing {
    /// The input.
    pub label: String,
    /// The outcome with the input at its low end, and how that end is written: `0.05 1/year`.
    pub low: f64,
    pub low_input: String,
    pub high: f64,
    pub high_input: String,
}

/// A point and its intervals for each row, in the order given.
#[derive(Clone, Debug, PartialEq)]
pub struct Intervals {
    pub head: Head,
    pub quantity: Quantity,
    /// Draw a bar from zero to the point, as for shares and attributions; without it, the point alone.
    pub bars: bool,
    pub rows: Vec<BarInterval>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct BarInterval {
    pub label: String,
    pub estimate: f64,
    /// The narrow interval, often 50 %.
    pub inner: Option<(f64, f64)>,
    /// The wide interval, often 90 %.
    pub outer: Option<(f64, f64)>,
}
