//! Scripts to Slurm, and its queue into tasks, through its own programs.

use super::fault::Fault;
use super::script::{Scripts, log};
use crate::series::write_text;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// The numbers under which Slurm knows a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jobs {
    /// An array for each pass.
    pub arrays: Vec<u64>,
    pub merge: Option<u64>,
}

const FILE: &str = "jobs.json";

impl Jobs {
    /// What was submitted from a folder.
    ///
    /// # Errors
    /// Nothing was.
    pub fn read(folder: &Path) -> Result<Jobs, Fault> {
        let bytes = std::fs::read(folder.join(FILE)).ok();
        let jobs = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        jobs.ok_or_else(|| Fault::NoJobs { path: folder.to_path_buf() })
    }

    fn write(&self, folder: &Path) -> Result<(), Fault> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        Ok(write_text(&folder.join(FILE), &format!("{text}\n"))?)
    }

    fn all(&self) -> Vec<String> {
        self.arrays.iter().chain(&self.merge).map(u64::to_string).collect()
    }
}

/// Submits an array for each pass, each behind the one before, and the merge behind the last. Scripts stay in the folder, to
/// be read, changed and submitted by hand.
///
/// # Errors
/// Slurm is not there, or refuses.
pub fn submit(scripts: &Scripts, passes: u64, folder: &Path) -> Result<Jobs, Fault> {
    write_text(&folder.join("array.sh"), &scripts.array)?;
    write_text(&folder.join("merge.sh"), &scripts.merge)?;
    // Slurm makes no folders for its logs.
    write_text(&folder.join("logs").join("README"), "Logs of the tasks, by pass and task.\n")?;
    let mut jobs = Jobs::default();
    let behind = |jobs: &Jobs| jobs.arrays.last().map(|before| format!("--dependency=afterany:{before}"));
    for pass in 1..=passes.max(1) {
        let output = format!("--output={}", log(folder, pass, "%a").display());
        jobs.arrays.push(sbatch(&scripts.array, [Some(output), behind(&jobs)].into_iter().flatten())?);
        // Kept after each, so that none is lost sight of.
        jobs.write(folder)?;
    }
    let output = format!("--output={}", folder.join("logs").join("merge.log").display());
    jobs.merge = Some(sbatch(&scripts.merge, [Some(output), behind(&jobs)].into_iter().flatten())?);
    jobs.write(folder)?;
    Ok(jobs)
}

fn sbatch(script: &str, options: impl Iterator<Item = String>) -> Result<u64, Fault> {
    let said = run("sbatch", std::iter::once("--parsable".to_owned()).chain(options), script)?;
    let number = said.trim().split(';').next().and_then(|number| number.parse().ok());
    number.ok_or(Fault::Refused { program: "sbatch", said })
}

/// A task as the queue shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub job: String,
    /// PENDING, RUNNING, …
    pub state: String,
    /// Why it waits, or where it runs.
    pub remark: String,
}

/// The tasks of these jobs that have not ended.
///
/// # Errors
/// Slurm is not there, or does not answer.
pub fn tasks(jobs: &Jobs) -> Result<Vec<Task>, Fault> {
    // Jobs that ended long ago are not known by number any more: one's own are listed and picked from.
    let options = ["--noheader", "--array", "--me", "--format=%i %T %R"].map(str::to_owned);
    let said = run("squeue", options.into_iter(), "")?;
    let ours = jobs.all();
    let task = |line: &str| {
        let mut words = line.trim().splitn(3, ' ');
        let mut next = || words.next().unwrap_or_default().to_owned();
        let (job, state, remark) = (next(), next(), next());
        let number = job.split('_').next().unwrap_or_default();
        ours.iter().any(|own| own == number).then_some(Task { job, state, remark })
    };
    Ok(said.lines().filter_map(task).collect())
}

/// Ends what has not ended.
///
/// # Errors
/// As [`tasks`].
pub fn cancel(jobs: &Jobs) -> Result<(), Fault> {
    run("scancel", jobs.all().into_iter(), "").map(drop)
}

/// What a program answers to options and input.
fn run(program: &'static str, options: impl Iterator<Item = String>, input: &str) -> Result<String, Fault> {
    let missing = |error| Fault::NoProgram { program, error };
    let mut child = Command::new(program)
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(missing)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read to the end says itself why.
        let _ = stdin.write_all(input.as_bytes());
    }
    let answer = child.wait_with_output().map_err(missing)?;
    match answer.status.success() {
        true => Ok(String::from_utf8_lossy(&answer.stdout).into_owned()),
        false => Err(Fault::Refused { program, said: String::from_utf8_lossy(&answer.stderr).into_owned() }),
    }
}
