//! The estimates and how well they fit, as tables, and the waterfall of the starts.

use super::{Bench, Found, undrawn};
use crate::diagnostic::Diagnostic;
use crate::study::exhibits;

/// Estimates, fit of each series with Theil's decomposition, starts.
pub(super) fn found(bench: &Bench) -> Result<Found, Vec<Diagnostic>> {
    let (study, prepared, calibration) = (&bench.opened.study, &bench.opened.prepared, bench.calibration);
    let mut drawn = Vec::new();
    let mut shown = Vec::new();
    if !calibration.estimates.is_empty() {
        drawn.push(("tables", exhibits::estimates(study, prepared, calibration).map_err(undrawn)?));
        shown.push("estimates");
    }
    drawn.push(("tables", exhibits::fit_statistics(study, prepared, calibration).map_err(undrawn)?));
    shown.push("fit");
    let starts = exhibits::starts(calibration).map_err(undrawn)?;
    drawn.extend(starts.into_iter().map(|exhibit| ("figures", exhibit)));
    let findings = calibration.estimates.iter().filter_map(|row| row.finding());
    let findings = findings.map(|finding| finding.diagnostic()).collect();
    Ok(Found { exhibits: drawn, files: Vec::new(), findings, shown, trusted: calibration.converged() })
}
