//! The command line: arguments into calls of the library, results into text and exit status. The only room that prints.

mod arguments;
mod check;
mod convert;
mod exit_status;
mod load;
mod messages;
mod run;
mod study;

use arguments::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;

/// Runs the program on the process's arguments.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let colour = arguments.colour;
    let status = match &arguments.command {
        Command::Check(check) => check::check(check, colour),
        Command::Convert(convert) => convert::convert(convert, colour),
        Command::Run(run) => run::run(run, colour),
        Command::Study(study) => study::study(study, colour),
    };
    status.into()
}
