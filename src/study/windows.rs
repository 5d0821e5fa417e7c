//! The stretches of time over which policies are compared: years of the run, within the window that the study names.

use super::entry::Study;
use super::fault::{Fault, Finding};
use crate::calendar::{Calendar, Window};

/// The calendar years of the run, or its whole time units where time carries no dates.
pub fn years(calendar: &Calendar, run: Window) -> Vec<Window> {
    let near = nearly(run);
    let years: Vec<Window> =
        (1..=4000).filter_map(|year| calendar.year_window(year)).filter(|year| near.covers(*year)).collect();
    if !years.is_empty() {
        return years;
    }
    let count = (run.length() + 1e-9).floor().clamp(0.0, 2000.0) as usize;
    (0..count).map(|k| Window { start: run.start + k as f64, end: run.start + k as f64 + 1.0 }).collect()
}

/// The windows of the comparison: the years within `compared`, or all of the run. A window that the run does not cover, or
/// that holds no year, is reported.
pub(super) fn windows(
    study: &Study,
    run: Window,
    compared: Option<Window>,
    findings: &mut Vec<Finding>,
) -> Vec<Window> {
    let all = years(&study.run.calendar, run);
    let (Some(window), Some(text)) = (compared, &study.compare.window) else { return all };
    let mut report = |fault| findings.push(Finding::new(fault, &study.source, text.span));
    let near = nearly(run);
    let before = window.start.is_finite() && window.start < near.start;
    let after = window.end.is_finite() && window.end > near.end;
    if before || after {
        report(Fault::WindowOutsideRun { text: text.value.clone(), start: run.start, stop: run.end });
        return Vec::new();
    }
    let within: Vec<Window> = all.into_iter().filter(|year| window.covers(*year)).collect();
    if within.is_empty() {
        report(Fault::NoWholePeriod { text: text.value.clone() });
    }
    within
}

/// A run ends a rounding error from where its dates lie.
fn nearly(run: Window) -> Window {
    Window { start: run.start - 1e-9, end: run.end + 1e-9 }
}
