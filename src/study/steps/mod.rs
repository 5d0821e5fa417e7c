//! The steps of a study that can be asked for by themselves: estimates, identification, posterior draws, validation.
//!
//! A step writes its tables and figures and a record of them beside the results; with the same inputs it is not taken again.
//! What the numbers mean is for `estimate` to say, how they look for `present`.

mod calibrated;
mod draws;
mod foretold;
mod identified;
mod predictive;
mod recovery;
mod replicate;
mod rolling;
mod sampled;
mod settings;
mod validated;

pub(super) use settings::steps;
pub use settings::{Identify, Sample, Sampler, Steps, Validate};

use super::calibration::Calibration;
use super::manifest::{Hashed, sha256};
use super::opened::{Opened, halted, open};
use super::progress::Progress;
use super::walk::Order;
use crate::diagnostic::{Diagnostic, render};
use crate::present::Exhibit;
use crate::series::write_text;
use crate::shard::Part;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Calibrate,
    Identify,
    Sample,
    Validate,
}

/// What a step left behind, as its record keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    hash: String,
    /// Search and chains came to an end that can be trusted.
    pub trusted: bool,
    /// What must be known of the results, worded.
    pub findings: Vec<String>,
    /// The tables to look at first, as text.
    pub shown: Vec<PathBuf>,
    /// Every file written, by its path from the folder of results.
    pub outputs: Vec<Hashed>,
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct StepDone {
    pub title: String,
    pub folder: PathBuf,
    pub record: StepRecord,
    /// It had been taken before, with the same inputs.
    pub unchanged: bool,
}

/// What a step found, before it is written.
struct Found {
    exhibits: Vec<(&'static str, Exhibit)>,
    /// Other files, by their path from the folder of results.
    files: Vec<(PathBuf, Vec<u8>)>,
    findings: Vec<Diagnostic>,
    /// Names of the tables to look at first.
    shown: Vec<&'static str>,
    trusted: bool,
}

/// What a step works with.
struct Bench<'a> {
    opened: &'a Opened,
    calibration: &'a Calibration,
    stop: &'a AtomicBool,
    progress: &'a (dyn Fn(Progress) + Sync),
}

impl Bench<'_> {
    /// So many pieces of a stage are done.
    fn told(&self, done: u64, of: u64) {
        (self.progress)(Progress::Share(done as f64 / of.max(1) as f64));
    }
}

impl Step {
    pub fn name(self) -> &'static str {
        match self {
            Step::Calibrate => "calibrate",
            Step::Identify => "identify",
            Step::Sample => "sample",
            Step::Validate => "validate",
        }
    }
}

/// Takes a step of a study, or the share of it that one shard is, and before it the calibration as far as that has not been
/// done.
///
/// # Errors
/// Every fault of the files, or what kept the step from ending; a shard always ends in the note that it is done.
pub fn take(
    order: &Order,
    part: Part,
    step: Step,
    stop: &AtomicBool,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<StepDone, Vec<Diagnostic>> {
    progress(Progress::Step("reading study, model and data"));
    let opened = Opened { part, ..open(order)? };
    let done = |record, unchanged| StepDone {
        title: opened.study.title.clone(),
        folder: opened.folder.clone(),
        record,
        unchanged,
    };
    if let Some(record) = taken(&opened, step) {
        opened.ends_here()?;
        return Ok(done(record, true));
    }
    let _held = opened.try_folder()?;
    let calibration = opened.calibrate(stop, progress)?.ok_or_else(|| vec![nothing_estimated()])?;
    let record = go(&opened, &calibration, step, stop, progress)?;
    Ok(done(record, false))
}

/// The steps of which the study has a table, in order; those that were taken with the same inputs are not taken again.
pub(super) fn take_all(
    opened: &Opened,
    calibration: &Calibration,
    stop: &AtomicBool,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Vec<(Step, StepRecord)>, Vec<Diagnostic>> {
    let steps = &opened.study.steps;
    let wanted = [
        (Step::Identify, steps.identify.is_some()),
        (Step::Sample, steps.sample.is_some()),
        (Step::Validate, steps.validate.is_some()),
    ];
    let wanted = wanted.into_iter().filter(|(_, wanted)| *wanted);
    wanted
        .map(|(step, _)| match taken(opened, step) {
            Some(record) => Ok((step, record)),
            None => go(opened, calibration, step, stop, progress).map(|record| (step, record)),
        })
        .collect()
}

/// The record of a step taken before, if inputs and results are still the same.
fn taken(opened: &Opened, step: Step) -> Option<StepRecord> {
    let bytes = std::fs::read(opened.folder.join(place(step))).ok()?;
    let record: StepRecord = serde_json::from_slice(&bytes).ok()?;
    let same = |output: &Hashed| {
        std::fs::read(opened.folder.join(&output.file)).is_ok_and(|bytes| sha256(&bytes) == output.sha256)
    };
    (record.hash == opened.hash && record.outputs.iter().all(same)).then_some(record)
}

fn place(step: Step) -> PathBuf {
    Path::new("steps").join(format!("{}.json", step.name()))
}

fn go(
    opened: &Opened,
    calibration: &Calibration,
    step: Step,
    stop: &AtomicBool,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<StepRecord, Vec<Diagnostic>> {
    let bench = Bench { opened, calibration, stop, progress };
    let found = match step {
        Step::Calibrate => calibrated::found(&bench),
        Step::Identify => identified::found(&bench),
        Step::Sample => sampled::found(&bench),
        Step::Validate => validated::found(&bench),
    }?;
    opened.ends_here()?;
    let mut files = found.files;
    let mut findings: Vec<String> = found.findings.iter().map(render).collect();
    for (folder, exhibit) in found.exhibits {
        findings.extend(exhibit.warnings.iter().map(render));
        files.extend(exhibit.placed(Path::new(folder)).map(|(file, bytes)| (file, bytes.to_vec())));
    }
    let mut outputs = Vec::new();
    for (file, bytes) in files {
        outputs.push(Hashed::write(&opened.folder, file, &bytes)?);
    }
    let shown = found.shown.iter().map(|name| Path::new("tables").join(format!("{name}.txt"))).collect();
    let record = StepRecord { hash: opened.hash.clone(), trusted: found.trusted, findings, shown, outputs };
    let text = serde_json::to_string_pretty(&record).unwrap_or_default();
    write_text(&opened.folder.join(place(step)), &format!("{text}\n")).map_err(|fault| vec![fault.diagnostic()])?;
    Ok(record)
}

fn nothing_estimated() -> Diagnostic {
    Diagnostic::error("nothing-estimated", "the study estimates nothing: it has no [[parameter]]")
        .help("name the constants to estimate, each under [[parameter]] with a prior or bounds")
}

fn interrupted() -> Vec<Diagnostic> {
    vec![
        Diagnostic::error("interrupted", "the work was interrupted; what it found so far is kept")
            .help("give the same command again to go on"),
    ]
}

fn undrawn(refusal: crate::present::Refusal) -> Vec<Diagnostic> {
    vec![refusal.diagnostic()]
}

#[cfg(test)]
mod tests {
    use super::{Step, StepDone, take};
    use crate::diagnostic::render;
    use crate::shard::Part;
    use crate::study::tutorial::tutorial;
    use crate::study::{Order, Progress};
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    fn taken(folder: &Path, step: Step) -> StepDone {
        let order = Order { study: folder.join("study.toml"), out: Some(folder.join("out")), quick: true };
        take(&order, Part::Whole, step, &AtomicBool::new(false), &|_| {})
            .unwrap_or_else(|found| panic!("{}", found.iter().map(render).collect::<String>()))
    }

    #[test]
    fn every_step_writes_its_tables_and_is_not_taken_twice() {
        let folder = tutorial(
            "each",
            "[sample]\nmethod = \"ensemble\"\nchains = 2\nwarm-up = 20\ndraws = 5\nthin = 1\n\
             [validate]\norigins = [\"1912\"]\nhorizon = 2\nrecovery = 4\n",
        );
        let expected: [(Step, &[&str]); 4] = [
            (Step::Calibrate, &["tables/estimates.txt", "tables/fit.txt"]),
            (Step::Identify, &["tables/identification.txt"]),
            (Step::Sample, &["tables/posterior.txt"]),
            (
                Step::Validate,
                &[
                    "tables/fit.txt",
                    "tables/residual-tests.txt",
                    "tables/predictive.txt",
                    "tables/forecasts.txt",
                    "tables/recovery.txt",
                ],
            ),
        ];
        for (step, shown) in expected {
            let first = taken(&folder, step);
            assert!(!first.unchanged, "{step:?}");
            assert_eq!(first.record.shown, shown.iter().map(PathBuf::from).collect::<Vec<_>>());
            assert!(first.record.shown.iter().all(|table| folder.join("out").join(table).is_file()), "{step:?}");
            let second = taken(&folder, step);
            assert!(second.unchanged && second.record == first.record, "{step:?}");
        }
        // Five draws of each walker are no posterior, and no interval is printed of them.
        let posterior = taken(&folder, Step::Sample);
        assert!(!posterior.record.trusted && posterior.record.findings[0].starts_with("error[chains-not-converged]"));
        let draws = std::fs::read_to_string(folder.join("out/draws.csv")).unwrap();
        assert!(draws.starts_with(".chain,.iteration,.draw,lp__,birth rate,death rate,"));
        // A touched table is made again, to the same bytes.
        let before = taken(&folder, Step::Validate).record;
        std::fs::write(folder.join("out/tables/forecasts.csv"), "touched").unwrap();
        let again = taken(&folder, Step::Validate);
        assert!(!again.unchanged && again.record == before);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn an_interrupted_sampling_goes_on_to_the_same_draws() {
        let folder =
            tutorial("interrupted", "[sample]\nmethod = \"ensemble\"\nchains = 2\nwarm-up = 30\ndraws = 5\nthin = 2\n");
        let whole = taken(&folder, Step::Sample).record;
        let order = Order { study: folder.join("study.toml"), out: Some(folder.join("parts")), quick: true };
        let (stop, told) = (AtomicBool::new(false), AtomicUsize::new(0));
        let part = take(&order, Part::Whole, Step::Sample, &stop, &|progress| {
            if let Progress::Share(_) = progress
                && told.fetch_add(1, Ordering::Relaxed) == 3
            {
                stop.store(true, Ordering::Relaxed);
            }
        });
        assert_eq!(part.unwrap_err()[0].code, "interrupted");
        let rest = take(&order, Part::Whole, Step::Sample, &AtomicBool::new(false), &|_| {}).unwrap();
        assert_eq!(rest.record.outputs, whole.outputs);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn settings_that_mean_nothing_are_told_with_their_place() {
        let folder = tutorial(
            "wrong",
            "[identify]\nlevel = 95\n[sample]\nmethode = \"nuts\"\n[validate]\norigins = [\"soon\"]\nhorizon = 0\n",
        );
        let order = Order { study: folder.join("study.toml"), out: Some(folder.join("out")), quick: true };
        let found = take(&order, Part::Whole, Step::Identify, &AtomicBool::new(false), &|_| {}).unwrap_err();
        let codes: Vec<&str> = found.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, ["not-a-probability", "unknown-key", "not-positive"]);
        let text = std::fs::read_to_string(folder.join("study.toml")).unwrap();
        let text = text.replace("level = 95\n", "").replace("methode = \"nuts\"\n", "").replace("horizon = 0\n", "");
        std::fs::write(folder.join("study.toml"), text).unwrap();
        let found = take(&order, Part::Whole, Step::Validate, &AtomicBool::new(false), &|_| {}).unwrap_err();
        assert_eq!(found[0].code, "not-a-period");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
