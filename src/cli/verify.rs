//! `levada study --verify`: a folder of results made again, and what does not come out the same.

use super::arguments::Colour;
use super::exit_status::ExitStatus;
use super::messages::{answer, refuse, show};
use super::study::{Teller, stop_on_signals};
use crate::diagnostic::Diagnostic;
use crate::study::{Check, Verified, verify};

/// Runs the check.
pub fn check(check: &Check, colour: Colour) -> ExitStatus {
    let stop = stop_on_signals(colour);
    let teller = Teller::new();
    let done = verify(check, &stop, &|progress| teller.tell(progress));
    teller.clear();
    match done {
        Ok(done) => {
            show(&done.notes, colour);
            show(&done.findings, colour);
            let told = answer(colour, |out| out.write_all(report(&done).as_bytes()));
            if told == ExitStatus::Done && !done.findings.is_empty() { ExitStatus::Findings } else { told }
        }
        Err(found) => {
            let resumed =
                format!("to go on, give the same command again: levada study --verify {}", check.folder.display());
            let found: Vec<Diagnostic> = found
                .into_iter()
                .map(|found| if found.code == "interrupted" { found.help(resumed.as_str()) } else { found })
                .collect();
            refuse(&found, colour, ExitStatus::of(&found))
        }
    }
}

fn report(done: &Verified) -> String {
    let mut text = format!("{}\n", done.title);
    let compared = format!("{} files and {} values of tables compared", done.files, done.cells);
    text += &match done.findings.len() {
        0 => format!("Reproduced: {compared}, none differs.\n"),
        1 => format!("Not reproduced: {compared}; 1 finding.\n"),
        count => format!("Not reproduced: {compared}; {count} findings.\n"),
    };
    if let Some(kept) = &done.kept {
        text += &format!("Made again in {}\n", kept.display());
    }
    text
}
