//! `levada figures`: figures from a description and tables of results.

use super::arguments::{Colour, FiguresCommand};
use super::exit_status::ExitStatus;
use super::messages::{answer, refuse, show};
use crate::study::draw_figures;

/// Runs the command.
pub fn figures(arguments: &FiguresCommand, colour: Colour) -> ExitStatus {
    match draw_figures(&arguments.description, &arguments.out) {
        Ok(done) => {
            show(&done.notes, colour);
            let pictures = done.written.iter().filter(|file| file.extension().is_some_and(|ending| ending == "pdf"));
            let text: String = pictures.map(|file| format!("{}\n", file.display())).collect();
            answer(colour, |out| out.write_all(text.as_bytes()))
        }
        Err(found) => refuse(&found, colour, ExitStatus::of(&found)),
    }
}
