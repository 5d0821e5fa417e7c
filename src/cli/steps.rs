//! `levada calibrate`, `identify`, `sample` and `validate`: one step of a study, its table, and where its files are.

use super::arguments::{Colour, StepCommand};
use super::exit_status::ExitStatus;
use super::messages::{answer, refuse};
use super::shards::{Share, is_shard_done};
use super::study::{Teller, resumable, stop_on_signals};
use crate::diagnostic::Diagnostic;
use crate::study::{Order, Step, StepDone, take};
use std::io::Write;

/// Runs the command.
pub fn step(arguments: &StepCommand, step: Step, share: &Share, colour: Colour) -> ExitStatus {
    let stop = stop_on_signals(colour);
    let order = Order { study: arguments.study.clone(), out: arguments.out.clone(), quick: arguments.quick };
    let teller = Teller::new();
    let done = take(&order, share.part, step, &stop, &|progress| teller.tell(progress));
    teller.clear();
    match done {
        Ok(done) => {
            for finding in &done.record.findings {
                let _ = writeln!(std::io::stderr(), "{finding}");
            }
            if done.unchanged {
                let told = "Nothing to do: inputs, version and results are those of the last time.";
                let _ = writeln!(std::io::stderr(), "{told}");
            }
            match answer(colour, |out| out.write_all(report(&done).as_bytes())) {
                ExitStatus::Done if !done.record.trusted => ExitStatus::DidNotConverge,
                told => told,
            }
        }
        Err(found) if is_shard_done(&found) => ExitStatus::Done,
        Err(found) => {
            let found: Vec<Diagnostic> = found.into_iter().map(|found| resumable(found, step.name(), &order)).collect();
            refuse(&found, colour, ExitStatus::of(&found))
        }
    }
}

/// The step's tables, and where its files are.
fn report(done: &StepDone) -> String {
    let mut text = String::new();
    for table in &done.record.shown {
        text += &std::fs::read_to_string(done.folder.join(table)).unwrap_or_default();
        text += "\n";
    }
    let ends = |output: &&crate::study::Hashed| {
        output.file.extension().is_some_and(|ending| ending == "csv" || ending == "parquet" || ending == "pdf")
    };
    for output in done.record.outputs.iter().filter(ends) {
        text += &format!("{}\n", done.folder.join(&output.file).display());
    }
    text
}
