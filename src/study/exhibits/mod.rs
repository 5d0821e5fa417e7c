//! Results of a study into the plain input of figures and tables. Which exhibits a study has is decided here; how they look,
//! in `present`.

mod fit;
mod policies;
mod stocks;
mod tables;

pub(super) use fit::starts;
pub(super) use tables::{estimates, fit_statistics};

use super::calibration::Calibration;
use super::entry::Study;
use super::prepare::Prepared;
use crate::compare::{Comparison, Kept};
use crate::estimate::objective::Use;
use crate::present::{Exhibit, Frame, Period, Refusal, Rule};
use crate::series::Table;

/// Everything that exhibits show.
pub struct Results<'a> {
    pub study: &'a Study,
    pub prepared: &'a Prepared,
    /// `None` for a study without parameters.
    pub calibration: Option<&'a Calibration>,
    pub comparison: &'a Comparison,
    pub accounts: &'a [Kept],
    /// The baseline run at the estimates: all variables over time.
    pub baseline: &'a Table,
    /// Constants that hold in every run, the estimates among them.
    pub fixed: &'a [(String, f64)],
}

/// Figures and tables of a study, by the folder they belong to.
///
/// # Errors
/// The first exhibit that cannot be made.
pub fn exhibits(results: &Results) -> Result<Vec<(&'static str, Exhibit)>, Refusal> {
    let mut all = Vec::new();
    let mut figures = |exhibits: Vec<Exhibit>| all.extend(exhibits.into_iter().map(|exhibit| ("figures", exhibit)));
    if let Some(calibration) = results.calibration {
        figures(fit::fit(results, calibration)?);
        figures(fit::residuals(results, calibration)?);
        figures(fit::starts(calibration)?);
    }
    figures(stocks::stocks(results)?);
    figures(stocks::cohorts(results)?);
    figures(policies::figures(results)?);
    all.extend(tables::tables(results)?.into_iter().map(|exhibit| ("tables", exhibit)));
    Ok(all)
}

impl Results<'_> {
    fn frame(&self) -> Frame {
        frame(self.study, self.prepared)
    }

    fn time_title(&self) -> String {
        time_title(self.study)
    }
}

/// What the panels of a figure over time share: the shaded policies, and the line before held-out data.
pub(in crate::study) fn frame(study: &Study, prepared: &Prepared) -> Frame {
    let run = prepared.run;
    let periods = prepared.shaded.iter().filter(|policy| policy.on).map(|policy| Period {
        label: policy.name.clone(),
        start: policy.start.unwrap_or(run.start),
        end: policy.end.unwrap_or(f64::INFINITY).min(run.end),
    });
    Frame {
        time: time_title(study),
        window: Some((run.start, run.end)),
        periods: periods.collect(),
        rule: prepared.hold_out.map(|window| Rule {
            at: last_fitted(prepared).map_or(window.start, |last| window.start.max(last.next_up())),
            label: "held out".to_owned(),
        }),
    }
}

/// Where the last fitted value is drawn: the end of a year is the beginning of the next.
fn last_fitted(prepared: &Prepared) -> Option<f64> {
    let fitted = prepared.design.observations.iter().flat_map(|observation| {
        let fitted = observation.data.iter().filter(|datum| datum.purpose == Use::Fit);
        fitted.map(|datum| fit::place(observation, datum.window))
    });
    fitted.max_by(f64::total_cmp)
}

fn time_title(study: &Study) -> String {
    match study.run.calendar {
        crate::calendar::Calendar::Years => "Year".to_owned(),
        _ => "Time".to_owned(),
    }
}
