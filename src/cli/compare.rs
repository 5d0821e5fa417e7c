//! `levada compare`, `sensitivity` and `search`: policies under every draw, what drives their outcomes, which does best.

use super::arguments::{Colour, CompareCommand};
use super::exit_status::ExitStatus;
use super::messages::{answer, refuse, show};
use super::shards::{Share, is_shard_done};
use super::study::{Teller, resumable, stop_on_signals};
use crate::diagnostic::Diagnostic;
use crate::study::{Compared, Inquiry, Order, ask};

/// Runs the command.
pub fn compare(arguments: &CompareCommand, inquiry: Inquiry, share: &Share, colour: Colour) -> ExitStatus {
    let stop = stop_on_signals(colour);
    let order = Order { study: arguments.study.clone(), out: arguments.out.clone(), quick: arguments.quick };
    let count = arguments.draws.map(|draws| draws as usize);
    let teller = Teller::new();
    let done = ask(&order, share.part, inquiry, count, &stop, &|told| teller.tell(told));
    teller.clear();
    match done {
        Ok(done) => {
            show(&done.notes, colour);
            answer(colour, |out| out.write_all(report(&done).as_bytes()))
        }
        Err(found) if is_shard_done(&found) => ExitStatus::Done,
        Err(found) => {
            let found: Vec<Diagnostic> =
                found.into_iter().map(|found| resumable(found, inquiry.verb(), &order)).collect();
            refuse(&found, colour, ExitStatus::of(&found))
        }
    }
}

/// The tables to look at first, and where the rest is.
fn report(done: &Compared) -> String {
    let mut text = done.shown.join("\n");
    if !text.is_empty() {
        text += "\n";
    }
    text += &format!("Figures   {}\n", done.folder.join("figures").display());
    text += &format!("Tables    {}\n", done.folder.join("tables").display());
    text
}
