//! The kinds of figure. Each is plain data with a `draw` that returns one exhibit for each page it fills.

mod bars;
mod cohorts;
mod counterfactual;
mod fan;
mod fit;
mod pairs;
mod profiles;
mod residuals;
mod runs;
mod starts;
mod stocks;

pub use bars::{BarInterval, Intervals, Swing, Tornado};
pub use cohorts::{CohortRow, Cohorts};
pub use counterfactual::{Counterfactual, CounterfactualPanel};
pub use fan::Fan;
pub use fit::{Fit, FitPanel};
pub use pairs::{Correlation, Pairs};
pub use profiles::{ProfilePanel, Profiles};
pub use residuals::{ResidualPanel, Residuals};
pub use runs::{RunPanel, Runs};
pub use starts::{Outcome, Start, Starts};
pub use stocks::{Sector, Stocks};
