//! Counterfactual paths against the baseline: levels, and differences around a zero line.

use crate::present::plain::{Frame, Head, Path, Quantity};

/// A row for each outcome: levels at the left, differences from the baseline at the right.
#[derive(Clone, Debug, PartialEq)]
pub struct Counterfactual {
    pub head: Head,
    pub frame: Frame,
    pub panels: Vec<CounterfactualPanel>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CounterfactualPanel {
    pub quantity: Quantity,
    pub baseline: Path,
    pub alternatives: Vec<Path>,
    /// Alternative less baseline, under the alternatives' labels; with paired draws their bands are not those of the levels.
    /// Empty for levels alone.
    pub differences: Vec<Path>,
}
