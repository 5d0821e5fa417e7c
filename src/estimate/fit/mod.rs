//! How good a fit and a forecast are: statistics per series, tests of residuals, criteria between models, and scores of
//! forecasts against naive ones.

mod criteria;
mod forecast;
mod residuals;
mod statistics;

pub use criteria::Criteria;
pub use forecast::{Coverage, crps_normal, crps_sample, drift, last_value, log_score_normal};
pub use residuals::{LjungBox, ResidualTests, Runs};
pub use statistics::FitStatistics;
