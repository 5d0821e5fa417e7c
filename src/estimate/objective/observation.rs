//! Observations ready for a likelihood: data in the model's units, each with its window, its noise and its use.

use super::{Gauge, Noise};
use crate::calendar::Window;

/// What a datum is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Use {
    /// It enters the likelihood.
    Fit,
    /// It is predicted.
    HoldOut,
    /// It lies outside both windows.
    Neither,
}

/// One recorded value.
#[derive(Clone, Debug, PartialEq)]
pub struct Datum {
    pub window: Window,
    /// As the data name the period.
    pub label: String,
    /// In the unit of the reading.
    pub value: f64,
    /// Stated scale of the noise, one where the scale is estimated: in the unit of the reading for noise of the value itself,
    /// dimensionless for noise of its logarithm or log odds.
    pub scale: f64,
    pub purpose: Use,
}

/// A series and how it observes the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    pub name: String,
    /// The vendor or publisher; empty where the study names none.
    pub vendor: String,
    /// Of the values; empty where they are pure numbers or the unit cannot be told.
    pub unit: String,
    /// By what values are multiplied to be shown, and the unit they then have: shares recorded in percent are shown so.
    pub shown: (f64, String),
    pub gauge: Gauge,
    pub noise: Noise,
    /// The parameter by which predictions are multiplied.
    pub coverage: Option<usize>,
    /// The parameter by which scales are multiplied.
    pub inflation: Option<usize>,
    /// Whether the noise is that of the quantity before it is multiplied by its coverage, so that its scale is too.
    pub noise_before_coverage: bool,
    /// The parameter that is the correlation of residuals one unit of time apart.
    pub memory: Option<usize>,
    /// Number of the experiment that is observed.
    pub experiment: usize,
    /// A belief rather than a record: it counts as a prior.
    pub judgement: bool,
    /// In order of time.
    pub data: Vec<Datum>,
}

impl Observation {
    /// Whether anything that is estimated acts on the scale.
    pub fn has_free_scale(&self) -> bool {
        self.noise.has_scale() && (self.inflation.is_some() || self.memory.is_some() || self.noise_before_coverage)
    }
}
