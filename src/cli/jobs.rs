//! `levada plan --on slurm` and `levada jobs`: a plan to the cluster, and how far it has come there.

use super::arguments::{Colour, JobsCommand, PlanCommand};
use super::exit_status::ExitStatus;
use super::messages::{answer, refuse};
use crate::cluster::{Jobs, Profile, cancel, log, scripts, submit, tasks};
use crate::diagnostic::Diagnostic;
use crate::shard::{PLAN, Plan, standing};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Submits a plan, or shows the scripts that would be.
pub fn on_slurm(arguments: &PlanCommand, plan: &Plan, folder: &Path, colour: Colour) -> ExitStatus {
    let profile = arguments.profile.as_deref().map_or_else(|| Ok(Profile::default()), Profile::read);
    let profile = match profile {
        Ok(profile) => profile,
        Err(faults) => {
            let found: Vec<Diagnostic> = faults.iter().map(|fault| fault.diagnostic()).collect();
            return refuse(&found, colour, ExitStatus::Usage);
        }
    };
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("levada"));
    let made = scripts(plan, folder, &program, &profile);
    if arguments.dry_run {
        let text = format!("# array, {} times\n{}\n# merge\n{}", plan.passes, made.array, made.merge);
        return answer(colour, |out| out.write_all(text.as_bytes()));
    }
    match submit(&made, plan.passes, folder) {
        Ok(jobs) => {
            let arrays: Vec<String> = jobs.arrays.iter().map(u64::to_string).collect();
            let merge = jobs.merge.map_or_else(String::new, |merge| format!(", merge {merge}"));
            let place = folder.join(PLAN);
            let told = format!(
                "Submitted {} tasks for {} shards: array {}{merge}\nProgress  levada jobs {}\n",
                made.tasks,
                plan.shards,
                arrays.join(", "),
                place.display()
            );
            answer(colour, |out| out.write_all(told.as_bytes()))
        }
        Err(fault) => refuse(&[fault.diagnostic()], colour, ExitStatus::Unusable),
    }
}

/// Lines of a log that are shown.
const LAST: usize = 5;

/// Shows how far a plan has come.
pub fn jobs(arguments: &JobsCommand, colour: Colour) -> ExitStatus {
    let plan = match Plan::read(&arguments.plan) {
        Ok(plan) => plan,
        Err(fault) => return refuse(&[fault.diagnostic()], colour, ExitStatus::Unusable),
    };
    let folder = match arguments.plan.is_dir() {
        true => arguments.plan.clone(),
        false => arguments.plan.parent().map(Path::to_path_buf).unwrap_or_default(),
    };
    if arguments.cancel {
        let done = Jobs::read(&folder).and_then(|jobs| cancel(&jobs));
        return match done {
            Ok(()) => answer(colour, |out| out.write_all(b"Cancelled; what is done is kept.\n")),
            Err(fault) => refuse(&[fault.diagnostic()], colour, ExitStatus::Unusable),
        };
    }
    let stages = standing(&plan.results);
    let mut text = format!("{} shards of: levada {}\n", plan.shards, plan.command.join(" "));
    for stage in &stages {
        let share = 100.0 * stage.done as f64 / stage.pieces.max(1) as f64;
        let complete = plan.shards - stage.lacking(plan.shards).len() as u64;
        text += &format!(
            "{:14} {} of {} pieces ({share:.0} %), {complete} shards complete\n",
            stage.stage, stage.done, stage.pieces
        );
        if stage.damaged > 0 {
            text += &format!("{:14} {} files are damaged: their pieces are done again\n", "", stage.damaged);
        }
    }
    if stages.is_empty() {
        text += "nothing is done yet\n";
    }
    let mut failed = false;
    if let Ok(submitted) = Jobs::read(&folder) {
        let queue = match tasks(&submitted) {
            Ok(queue) => queue,
            Err(fault) => return refuse(&[fault.diagnostic()], colour, ExitStatus::Unusable),
        };
        let mut states: BTreeMap<&str, usize> = BTreeMap::new();
        queue.iter().for_each(|task| *states.entry(&task.state).or_default() += 1);
        let words: Vec<String> =
            states.iter().map(|(state, count)| format!("{count} {}", state.to_lowercase())).collect();
        text += &format!("queue          {}\n", if words.is_empty() { "empty".to_owned() } else { words.join(", ") });
        if queue.is_empty() {
            let logs = complaints(&folder, plan.passes, plan.shards);
            failed = !logs.is_empty();
            text += &logs;
        }
    }
    match answer(colour, |out| out.write_all(text.as_bytes())) {
        ExitStatus::Done if failed => ExitStatus::Findings,
        told => told,
    }
}

/// The last lines of the logs of tasks that ended in an error, and of the merge.
fn complaints(folder: &Path, passes: u64, tasks: u64) -> String {
    let logs = (1..=passes).flat_map(|pass| (0..tasks).map(move |task| log(folder, pass, &task.to_string())));
    let mut text = String::new();
    for path in logs.chain([folder.join("logs").join("merge.log")]) {
        let said = std::fs::read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        // What was gone on with is no complaint.
        let settled = lines.iter().rposition(|line| line.ends_with(": done") || line.ends_with(", queued again"));
        let open = &lines[settled.map_or(0, |place| place + 1)..];
        let wrong =
            |line: &&str| ["error[", "ended with status", "slurmstepd: error"].iter().any(|word| line.contains(word));
        if open.iter().any(wrong) {
            text += &format!("\n{}:\n", path.display());
            let last = &lines[lines.len().saturating_sub(LAST)..];
            last.iter().for_each(|line| text += &format!("    {line}\n"));
        }
    }
    text
}
