//! The waterfall of a multi-start: objective by rank, so that a plateau of equal optima shows.

use crate::present::plain::Head;

#[derive(Clone, Debug, PartialEq)]
pub struct Starts {
    pub head: Head,
    /// Title of the objective axis: `Negative log posterior`.
    pub objective: String,
    pub starts: Vec<Start>,
    /// Starts this near to the best, in units of the objective, found the same optimum.
    pub tolerance: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Start {
    /// The final objective, smaller is better.
    pub objective: f64,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Converged,
    /// Stopped by a limit on iterations or time.
    Stopped,
    /// The run failed; it is counted in the figure and not drawn.
    Failed,
}
