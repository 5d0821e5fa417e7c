//! `levada plan`, `shard` and `merge`: a command in pieces that any process may do, and their merge.

use super::arguments::{Arguments, Colour, Command, MergeCommand, PlanCommand, ShardCommand, Where};
use super::execute;
use super::exit_status::ExitStatus;
use super::jobs::on_slurm;
use super::messages::{answer, refuse};
use crate::diagnostic::Diagnostic;
use crate::shard::{Fault, Part, Plan};
use crate::study::{Order, SHARD_DONE, results_folder};
use clap::Parser;
use std::path::{Path, PathBuf};

/// What of a command this process is to do.
#[derive(Clone, Debug, Default)]
pub struct Share {
    pub part: Part,
    /// `None` for a command by itself.
    pub plan: Option<Plan>,
}

/// Makes a plan, and does it if asked to.
pub fn plan(arguments: &PlanCommand, colour: Colour) -> ExitStatus {
    let made = parsed(&arguments.command).and_then(|command| drawn_up(arguments, &command));
    let (plan, path) = match made {
        Ok(made) => made,
        Err((found, status)) => return refuse(&[found], colour, status),
    };
    match arguments.on {
        None => {
            let last = plan.shards - 1;
            let place = path.display();
            let told = format!(
                "{place}: {} shards\nNext      levada shard {place} 0 … levada shard {place} {last}, in any order and \
                 anywhere\nThen      levada merge {place}\n",
                plan.shards
            );
            answer(colour, |out| out.write_all(told.as_bytes()))
        }
        Some(Where::Here) => go(&plan, Part::Whole, colour),
        Some(Where::Slurm) => {
            let folder = plan.directory.join(&arguments.folder);
            on_slurm(arguments, &plan, &folder, colour)
        }
    }
}

/// Does one shard.
pub fn shard(arguments: &ShardCommand, colour: Colour) -> ExitStatus {
    let plan = match Plan::read(&arguments.plan) {
        Ok(plan) => plan,
        Err(fault) => return refuse(&[fault.diagnostic()], colour, ExitStatus::Unusable),
    };
    if arguments.index >= plan.shards {
        let fault = Fault::NoSuchShard { index: arguments.index, shards: plan.shards };
        return refuse(&[fault.diagnostic()], colour, ExitStatus::Usage);
    }
    go(&plan, Part::Shard { index: arguments.index, of: plan.shards }, colour)
}

/// Puts shards together.
pub fn merge(arguments: &MergeCommand, colour: Colour) -> ExitStatus {
    match Plan::read(&arguments.plan) {
        Ok(plan) if arguments.finish => go(&plan, Part::Whole, colour),
        Ok(plan) => go(&plan, Part::Merge { of: plan.shards }, colour),
        Err(fault) => refuse(&[fault.diagnostic()], colour, ExitStatus::Unusable),
    }
}

/// Runs the plan's command, as far as this part goes.
fn go(plan: &Plan, part: Part, colour: Colour) -> ExitStatus {
    let mut command = match parsed(&plan.command) {
        Ok(command) => command,
        Err((found, status)) => return refuse(&[found], colour, status),
    };
    command.colour = colour;
    if let Err(error) = std::env::set_current_dir(&plan.directory) {
        let found = Diagnostic::error("no-directory", format!("cannot enter {}: {error}", plan.directory.display()));
        let help = "the plan was made there; tasks must see the same files under the same names";
        return refuse(&[found.help(help)], colour, ExitStatus::Unusable);
    }
    execute(&command, &Share { part, plan: Some(plan.clone()) })
}

type Refused = (Diagnostic, ExitStatus);

/// A command line without the program's name.
fn parsed(command: &[String]) -> Result<Arguments, Refused> {
    let words = std::iter::once("levada").chain(command.iter().map(String::as_str));
    Arguments::try_parse_from(words).map_err(|error| {
        let said = error.to_string();
        let said = said.trim_start_matches("error: ").lines().next().unwrap_or_default();
        let found = Diagnostic::error("bad-command", format!("the command to cut is not one: {said}"));
        (found.help("write it behind `--` as it is given by itself, without `levada`"), ExitStatus::Usage)
    })
}

/// The plan of a command, written.
fn drawn_up(arguments: &PlanCommand, command: &Arguments) -> Result<(Plan, PathBuf), Refused> {
    let unusable = |fault: Fault| (fault.diagnostic(), ExitStatus::Unusable);
    let write = |error| unusable(Fault::from(crate::series::WriteFault { path: arguments.folder.clone(), error }));
    let directory = std::env::current_dir().map_err(write)?;
    let (results, passes) = cut(command, &directory.join(&arguments.folder))?;
    let plan = Plan {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command: arguments.command.clone(),
        directory,
        results,
        shards: arguments.shards,
        passes,
    };
    let path = plan.write(&arguments.folder).map_err(unusable)?;
    Ok((plan, path))
}

/// Where the shards of a command are kept, and in how many passes they are done.
fn cut(command: &Arguments, folder: &Path) -> Result<(PathBuf, u64), Refused> {
    match &command.command {
        Command::Run(run) if super::ensemble::is_asked(run) && run.member.is_none() => match run.out {
            Some(_) => Ok((folder.to_path_buf(), 1)),
            None => {
                let found = Diagnostic::error("no-file", "a command in shards writes its results to a file");
                Err((found.help("add --out FILE to the command"), ExitStatus::Usage))
            }
        },
        Command::Calibrate(step) => study_folder(&step.study, &step.out, |_| 1),
        Command::Identify(step) => study_folder(&step.study, &step.out, |_| 2),
        Command::Validate(step) => study_folder(&step.study, &step.out, |_| 3),
        // Attributions follow the panel, each with a design of its own.
        Command::Compare(asked) => study_folder(&asked.study, &asked.out, |attributions| 2 + attributions),
        Command::Sensitivity(asked) => study_folder(&asked.study, &asked.out, |_| 5),
        _ => {
            let found = Diagnostic::error("not-cut", "this command is not cut into shards");
            Err((
                found.help("cut run with --members, calibrate, identify, validate, compare or sensitivity"),
                ExitStatus::Usage,
            ))
        }
    }
}

/// The folder of a study's results, in which its shards are kept, and the passes of its command.
fn study_folder(study: &Path, out: &Option<PathBuf>, passes: fn(u64) -> u64) -> Result<(PathBuf, u64), Refused> {
    let order = Order { study: study.to_path_buf(), out: out.clone(), quick: false };
    results_folder(&order).map(|(folder, attributions)| (folder, passes(attributions as u64))).map_err(|mut found| {
        let unread = || Diagnostic::error("bad-study", "the study cannot be read");
        let first = if found.is_empty() { unread() } else { found.remove(0) };
        (first, ExitStatus::Unusable)
    })
}

/// Whether the work ended because this process's share of it is done.
pub fn is_shard_done(found: &[Diagnostic]) -> bool {
    matches!(found, [only] if only.code == SHARD_DONE)
}
