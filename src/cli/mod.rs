//! The command line: arguments into calls of the library, results into text and exit status. The only room that prints.

mod arguments;
mod check;
mod compare;
mod convert;
mod ensemble;
mod exit_status;
mod feedback;
mod figures;
mod jobs;
mod load;
mod messages;
mod run;
mod shards;
mod steps;
mod study;
mod verify;

use crate::study::{Inquiry, Step};
use arguments::{Arguments, Command};
use clap::Parser;
use exit_status::ExitStatus;
use shards::Share;
use std::process::ExitCode;

/// Runs the program on the process's arguments.
pub fn main() -> ExitCode {
    execute(&Arguments::parse(), &Share::default()).into()
}

/// Runs a command, or the share of it that a plan asks for.
fn execute(arguments: &Arguments, share: &Share) -> ExitStatus {
    let colour = arguments.colour;
    match &arguments.command {
        Command::Compare(order) => compare::compare(order, Inquiry::Policies, share, colour),
        Command::Sensitivity(order) => compare::compare(order, Inquiry::Drivers, share, colour),
        Command::Search(order) => compare::compare(order, Inquiry::Search, share, colour),
        Command::Check(check) => check::check(check, colour),
        Command::Convert(convert) => convert::convert(convert, colour),
        Command::Feedback(order) => feedback::feedback(order, colour),
        Command::Run(run) => run::run(run, share, colour),
        Command::Calibrate(study) => steps::step(study, Step::Calibrate, share, colour),
        Command::Identify(study) => steps::step(study, Step::Identify, share, colour),
        Command::Sample(study) => steps::step(study, Step::Sample, share, colour),
        Command::Validate(study) => steps::step(study, Step::Validate, share, colour),
        Command::Figures(figures) => figures::figures(figures, colour),
        Command::Study(study) => study::study(study, colour),
        Command::Plan(plan) => shards::plan(plan, colour),
        Command::Shard(shard) => shards::shard(shard, colour),
        Command::Merge(merge) => shards::merge(merge, colour),
        Command::Jobs(plan) => jobs::jobs(plan, colour),
    }
}
