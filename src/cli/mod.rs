//! The command line: arguments into calls of the library, results into text and exit status. The only room that prints.

mod arguments;
mod check;
mod compare;
mod convert;
mod ensemble;
mod exit_status;
mod load;
mod messages;
mod run;
mod steps;
mod study;

use crate::study::Step;
use arguments::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;

/// Runs the program on the process's arguments.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let colour = arguments.colour;
    let status = match &arguments.command {
        Command::Compare(order) => compare::compare(order, compare::Question::Policies, colour),
        Command::Sensitivity(order) => compare::compare(order, compare::Question::Drivers, colour),
        Command::Check(check) => check::check(check, colour),
        Command::Convert(convert) => convert::convert(convert, colour),
        Command::Run(run) => run::run(run, colour),
        Command::Calibrate(study) => steps::step(study, Step::Calibrate, colour),
        Command::Identify(study) => steps::step(study, Step::Identify, colour),
        Command::Sample(study) => steps::step(study, Step::Sample, colour),
        Command::Validate(study) => steps::step(study, Step::Validate, colour),
        Command::Study(study) => study::study(study, colour),
    };
    status.into()
}
