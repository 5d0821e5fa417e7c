//! One run, read by gauges over windows.

use crate::calendar::Window;
use crate::check::CheckedModel;
use crate::compile::{Landing, Outputs, Request, compile};
use crate::diagnostic::Diagnostic;
use crate::estimate::objective::{Gauge, Readout};
use crate::simulate::{Member, Save, Settings, run_members};

/// Runs the model with `overrides` and reads each gauge over its windows: `[gauge][window]`, in the model's units.
///
/// # Errors
/// What keeps the model from compiling or the run from ending.
pub fn readings(
    checked: &CheckedModel,
    overrides: &[(String, f64)],
    settings: &Settings,
    gauges: &[(&Gauge, Vec<Window>)],
) -> Result<Vec<Vec<f64>>, Vec<Diagnostic>> {
    let mut readout = Readout::default();
    for (gauge, windows) in gauges {
        readout.add(gauge, windows.iter().copied());
    }
    let request = Request {
        landing: Landing::Exact,
        overrides: overrides.to_vec(),
        outputs: Outputs::Chosen(Vec::new()),
        expressions: readout.expressions(),
        data: Vec::new(),
        jacobian: settings.method.wants_jacobian(),
    };
    let program = compile(checked, &request)?;
    let settings = Settings { save: Save::At(readout.times().to_vec()), ..settings.clone() };
    let member = Member { number: 0, changes: Vec::new() };
    let saved = run_members(&program, &settings, std::slice::from_ref(&member));
    let mut rows = Vec::with_capacity(gauges.len());
    for saved in saved {
        let saved = saved.map_err(|failure| vec![failure.diagnostic()])?;
        let mut all = readout.within(&program).read(&saved).into_iter();
        rows.extend(gauges.iter().map(|(_, windows)| all.by_ref().take(windows.len()).collect()));
    }
    Ok(rows)
}
