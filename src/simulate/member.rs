//! One run of many, and what it saved.

/// One run of a batch.
#[derive(Clone, Debug)]
pub struct Member {
    /// Number of the run, which addresses its random streams.
    pub number: u64,
    /// Constants that differ from the program's: index and value.
    pub changes: Vec<(usize, f64)>,
}

/// What a run saved: `[time, output]`, row by row.
#[derive(Clone, Debug, Default)]
pub struct Saved {
    pub times: Vec<f64>,
    pub rows: Vec<f64>,
    pub steps: u64,
    /// When an explicit method with error control was found to take its steps for stability only.
    pub stiff: Option<f64>,
}
