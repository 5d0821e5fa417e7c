//! `levada study`: the paper from one command.

use super::arguments::{Colour, StudyCommand};
use super::exit_status::ExitStatus;
use super::messages::{answer, refuse, show};
use crate::diagnostic::Diagnostic;
use crate::study::{Check, Done, Order, Progress, walk};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs the command.
pub fn study(arguments: &StudyCommand, colour: Colour) -> ExitStatus {
    let Some(study) = &arguments.study else {
        // The command line takes one of the two.
        let folder = arguments.verify.clone().unwrap_or_default();
        let check = Check { folder, out: arguments.out.clone(), tolerance: arguments.tolerance };
        return super::verify::check(&check, colour);
    };
    let stop = stop_on_signals(colour);
    let order = Order { study: study.clone(), out: arguments.out.clone(), quick: arguments.quick };
    let teller = Teller::new();
    let done = match walk(&order, &stop, &|progress| teller.tell(progress)) {
        Ok(done) => done,
        Err(found) => {
            teller.clear();
            let found: Vec<Diagnostic> = found.into_iter().map(|found| resumable(found, "study", &order)).collect();
            return refuse(&found, colour, ExitStatus::of(&found));
        }
    };
    teller.clear();
    show(&done.notes, colour);
    for finding in done.steps.iter().flat_map(|step| &step.findings) {
        let _ = writeln!(std::io::stderr(), "{finding}");
    }
    let told = answer(colour, |out| out.write_all(report(&done).as_bytes()));
    if told != ExitStatus::Done {
        return told;
    }
    if let Some(broken) = done.accounts.iter().find(|kept| !kept.holds()) {
        let found = Diagnostic::error(
            "account-does-not-balance",
            format!(
                "`{}` is off by {:.1e} at time {} under the policy `{}`",
                broken.account, broken.residual, broken.time, broken.policy
            ),
        );
        return refuse(
            &[found.help("a flow of the model is booked once only: compare its equations")],
            colour,
            ExitStatus::Findings,
        );
    }
    match (done.manifest.balanced, done.manifest.converged) {
        (false, _) => ExitStatus::Findings,
        (true, false) => ExitStatus::DidNotConverge,
        (true, true) => ExitStatus::Done,
    }
}

/// An interruption, with the command that goes on.
pub(super) fn resumable(found: Diagnostic, verb: &str, order: &Order) -> Diagnostic {
    if found.code != "interrupted" {
        return found;
    }
    let mut command = format!("levada {verb} {}", order.study.display());
    if let Some(out) = &order.out {
        command += &format!(" --out {}", out.display());
    }
    if order.quick {
        command += " --quick";
    }
    found.help(format!("to go on, give the same command again: {command}"))
}

/// A flag that Ctrl-C raises.
pub(super) fn stop_on_signals(colour: Colour) -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let raised = stop.clone();
    // The first signal asks for an orderly end; a second one ends at once.
    let handler = ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    if let Err(error) = handler {
        let warning = Diagnostic::warning("no-signals", format!("Ctrl-C will end the program at once ({error})"));
        show(&[warning.help("let the work end by itself; a study goes on from what was written last")], colour);
    }
    stop
}

/// What was found, and where to look.
fn report(done: &Done) -> String {
    let manifest = &done.manifest;
    let mut text = format!("{}\n", manifest.title);
    if done.unchanged {
        text += "Nothing to do: inputs, version and results are those of the last time.\n";
    }
    if let Some(calibration) = &done.calibration {
        let width = calibration.estimates.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        text += &format!(
            "\nNegative log posterior {:.3}; {} of {} starts reached the optimum.\n\n",
            calibration.value.posterior(),
            calibration.found,
            calibration.searched.waterfall().len()
        );
        for row in &calibration.estimates {
            let interval = match (row.interval, row.at_bound) {
                (_, Some(_)) => "on its bound".to_owned(),
                (Some((low, high)), None) => format!("[{}, {}]", digits(low), digits(high)),
                (None, None) => "not identified".to_owned(),
            };
            text += &format!("  {:width$}  {:>10}  {interval}  {}\n", row.name, digits(row.value), row.unit);
        }
    }
    for table in done.steps.iter().flat_map(|step| &step.shown) {
        text += &format!("Table     {}\n", done.folder.join(table).display());
    }
    if !done.accounts.is_empty() {
        let worst = done.accounts.iter().map(|kept| kept.residual).fold(0.0, f64::max);
        text += &format!(
            "\nAccounts: largest relative residual {worst:.1e} over {} runs and identities.\n",
            done.accounts.len()
        );
    }
    text += &format!("Integration error: {}.\n", manifest.integration_error);
    text += &format!("\nFigures   {}\n", done.folder.join("figures").display());
    text += &format!("Tables    {}\n", done.folder.join("tables").display());
    text += &format!("Page      {}\n", done.folder.join("report.html").display());
    text += &format!("Package   {}\n", done.folder.join("README.md").display());
    text += &format!("Record    {}\n", done.folder.join(crate::study::MANIFEST).display());
    text
}

fn digits(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e5).contains(&size) { format!("{value:.3e}") } else { format!("{value:.4}") }
}

/// A bar on a terminal; elsewhere a plain line now and then.
pub(super) struct Teller {
    bar: Option<ProgressBar>,
    best: Mutex<f64>,
    /// Tenths of the step that were told.
    tenth: Mutex<usize>,
}

impl Teller {
    pub(super) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0);
            if let Ok(style) = ProgressStyle::with_template("{msg:40} {bar:30} {pos}/{len} {elapsed}") {
                bar.set_style(style);
            }
            bar
        });
        Teller { bar, best: Mutex::new(f64::INFINITY), tenth: Mutex::new(0) }
    }

    pub(super) fn tell(&self, progress: Progress) {
        match (progress, &self.bar) {
            (Progress::Step(step), Some(bar)) => {
                bar.reset();
                bar.set_length(0);
                bar.set_message(step.to_owned());
            }
            (Progress::Step(step), None) => {
                if let Ok(mut told) = self.tenth.lock() {
                    *told = 0;
                }
                eprintln!("{step}");
            }
            (Progress::Start { done, total, height }, bar) => {
                let Ok(mut best) = self.best.lock() else { return };
                *best = height.unwrap_or(f64::INFINITY).min(*best);
                match bar {
                    Some(bar) => {
                        bar.set_length(total as u64);
                        bar.set_position(done as u64);
                        bar.set_message(format!("calibrating, best so far {best:.3}"));
                    }
                    None => eprintln!("  start {done} of {total}, best so far {best:.3}"),
                }
            }
            (Progress::Share(share), Some(bar)) => {
                bar.set_length(100);
                bar.set_position((100.0 * share) as u64);
            }
            (Progress::Share(share), None) => self.tell_tenth(share),
            (Progress::Written { done }, Some(bar)) => bar.set_position(done as u64),
            (Progress::Written { .. }, None) => {}
        }
    }

    /// A line for each tenth of a long step.
    fn tell_tenth(&self, share: f64) {
        let Ok(mut told) = self.tenth.lock() else { return };
        let tenth = (10.0 * share) as usize;
        if tenth > *told {
            *told = tenth;
            eprintln!("  {} %", 10 * tenth);
        }
    }

    pub(super) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
