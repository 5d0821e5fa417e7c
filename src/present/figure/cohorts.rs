//! The same outcomes of several cohorts side by side, on one scale.

use crate::present::plain::{Frame, Head, Path, Quantity};

/// A row for each outcome, a column for each cohort; the panels of a row share their axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Cohorts {
    pub head: Head,
    pub frame: Frame,
    /// Column titles: `elite`, `grassroots`.
    pub cohorts: Vec<String>,
    pub rows: Vec<CohortRow>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CohortRow {
    pub quantity: Quantity,
    /// `[cohort, path]`; a path for each scenario.
    pub paths: Vec<Vec<Path>>,
}
