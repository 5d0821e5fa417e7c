//! Turns plain result data into figures (SVG, PDF, PNG), tables (CSV, LaTeX, plain text) and a page of HTML.
//!
//! It never runs a model, knows nothing of estimation and writes no file: a figure or a table becomes an [`Exhibit`],
//! bytes with their endings, and whoever asked for it puts them where they belong. The same input gives the same bytes.

mod exhibit;
mod figure;
pub mod page;
mod plain;
mod refusal;
mod table;

pub use exhibit::Exhibit;
pub use figure::{
    BarInterval, CohortRow, Cohorts, Correlation, Counterfactual, CounterfactualPanel, Fan, Fit, FitPanel, Front,
    Intervals, Outcome, Pairs, ProfilePanel, Profiles, ResidualPanel, Residuals, RunPanel, Runs, Sector, Shares,
    SharesPanel, SharesPart, Start, Starts, Stocks, Swing, Tornado, short_number,
};
pub use plain::{Band, Frame, Head, Observed, Path, Period, Quantity, Rule, Scale, Width};
pub use refusal::Refusal;
pub use table::{
    Bound, Cell, ChangeRow, Column, Decimals, EstimateRow, FitRow, FitStatistics, Heading, OutcomeColumn, OutcomePath,
    PosteriorRow, Row, Table, annual_table, change_table, estimates_table, fit_table, posterior_table,
};
