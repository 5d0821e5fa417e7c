//! The whole walk of a study: calibrate, run, compare, draw, record. What is done for the same inputs is not done again,
//! and an interrupted calibration goes on where it stopped.

use super::calibration::{Calibration, Effort, calibrate};
use super::comparison::{Compared, Wanted, inquire, inquiries};
use super::entry::Study;
use super::exhibits::{Results, exhibits};
use super::manifest::{Hashed, Manifest, sha256};
use super::opened::{Opened, halted, open};
use super::package;
use super::prepare::{IdentityRule, Prepared};
use super::progress::Progress;
use super::report::{REPORT, Told, report};
use super::steps::{Step, StepRecord, take_all};
use super::windows::years;
use crate::compare::{Account, Kept, Measure, Policy, accounts, compare, with};
use crate::compile::{Landing, Outputs, Program, Request, compile};
use crate::diagnostic::Diagnostic;
use crate::estimate::objective::Objective;
use crate::estimate::optimise::{Searched, Trail};
use crate::model::{Definition, ExpressionKind, Model};
use crate::series::{Table, workbook_path, write_text};
use crate::shard::Part;
use crate::simulate::{self, Difference, Save, Settings};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// What the command line asks of a study.
#[derive(Clone, Debug)]
pub struct Order {
    pub study: PathBuf,
    /// Folder of the results; `out/NAME` where absent.
    pub out: Option<PathBuf>,
    /// Fewer starts and a longer step, as the study's `[quick]` says.
    pub quick: bool,
}

/// How a study went.
#[derive(Debug)]
pub struct Done {
    pub folder: PathBuf,
    pub manifest: Manifest,
    /// Nothing had to be done.
    pub unchanged: bool,
    /// `None` where nothing had to be done or nothing is estimated.
    pub calibration: Option<Calibration>,
    /// The steps that the study has tables for.
    pub steps: Vec<StepRecord>,
    /// Policies under draws and what drives them, as far as the study asks.
    pub compared: Vec<Compared>,
    pub accounts: Vec<Kept>,
    pub notes: Vec<Diagnostic>,
}

/// The state of a calibration between two commands.
#[derive(Serialize, Deserialize)]
struct Checkpoint {
    hash: String,
    searched: Searched,
}

const CHECKPOINT: &str = "calibration.json";

/// Does what a study file says.
///
/// # Errors
/// Every fault of the files, or what kept a step from ending.
pub fn walk(order: &Order, stop: &AtomicBool, progress: &(dyn Fn(Progress) + Sync)) -> Result<Done, Vec<Diagnostic>> {
    let mut timings = Timings::default();
    progress(Progress::Step("reading study, model and data"));
    let begun = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string();
    let opened = open(order)?;
    let earlier = Manifest::read(&opened.folder);
    let whole = |old: &&Manifest| old.hash == opened.hash && old.quick == order.quick && old.is_whole(&opened.folder);
    if let Some(manifest) = earlier.as_ref().filter(whole).cloned() {
        let notes = notes(&opened.study, opened.prepared.notes);
        let folder = opened.folder;
        return Ok(Done {
            folder,
            manifest,
            unchanged: true,
            calibration: None,
            steps: Vec::new(),
            compared: Vec::new(),
            accounts: Vec::new(),
            notes,
        });
    }
    timings.end("read");
    let _held = opened.try_folder()?;
    let calibration = opened.calibrate(stop, progress)?;
    timings.end("calibrate");
    let taken = match &calibration {
        Some(calibration) if !order.quick => take_all(&opened, calibration, stop, progress)?,
        _ => Vec::new(),
    };
    timings.end("steps");
    let compared = match order.quick {
        true => Vec::new(),
        false => under_draws(&opened, calibration.as_ref(), &taken, stop, progress)?,
    };
    timings.end("draws");
    let (study, prepared, folder) = (&opened.study, &opened.prepared, &opened.folder);
    progress(Progress::Step("running the model under every policy"));
    let estimated = calibration.as_ref().map_or(&[][..], |calibration| &calibration.constants);
    let fixed = with(&prepared.design.overrides, estimated);
    let (baseline, integration_error) = baseline(prepared, &fixed)?;
    let policies: Vec<Policy> = prepared
        .scenarios
        .iter()
        .map(|scenario| Policy {
            name: scenario.name.clone(),
            title: scenario.title.clone(),
            settings: scenario.settings.clone(),
        })
        .collect();
    let settings = &prepared.design.settings;
    let comparison = compare(&prepared.checked, &fixed, settings, &policies, &measures(prepared), &prepared.windows)?;
    let every = years(&study.run.calendar, prepared.run);
    let kept = accounts(&prepared.checked, &fixed, settings, &policies, &books(prepared), &every)?;
    timings.end("compare");
    progress(Progress::Step("drawing figures and tables"));
    let results = Results {
        study,
        prepared,
        calibration: calibration.as_ref(),
        comparison: &comparison,
        accounts: &kept,
        baseline: &baseline,
        fixed: &fixed,
    };
    let drawn = exhibits(&results).map_err(|refusal| vec![refusal.diagnostic()])?;
    let mut outputs: Vec<Hashed> = Vec::new();
    let copies = package::copy(&opened, earlier.as_ref())?;
    let mut remarks: Vec<String> = study.assumptions.iter().chain(&copies.remarks).cloned().collect();
    for (place, exhibit) in drawn {
        for (file, bytes) in exhibit.placed(Path::new(place)) {
            outputs.push(Hashed::write(folder, file, bytes)?);
        }
        remarks.extend(exhibit.warnings.iter().map(|warning| warning.message.clone()));
        progress(Progress::Written { done: outputs.len() });
    }
    let mut bytes = Vec::new();
    baseline.csv(&mut bytes).map_err(|error| vec![unwritten(&error)])?;
    outputs.push(Hashed::write(folder, "tables/baseline.csv".into(), &bytes)?);
    timings.end("draw");
    let mut parts: Vec<(&'static str, Vec<Hashed>)> =
        taken.iter().map(|(step, record)| (step.name(), record.outputs.clone())).collect();
    parts.extend(compared.iter().map(|compared| (compared.inquiry.verb(), compared.outputs.clone())));
    parts.push(("study", outputs));
    let exhibits = package::exhibits(folder, &parts);
    let findings = taken.iter().flat_map(|(_, record)| &record.findings);
    let findings = findings.filter_map(|finding| finding.lines().next()).map(str::to_owned);
    let told = once(compared.iter().flat_map(|compared| compared.notes.clone()));
    let page = Told {
        study,
        prepared,
        calibration: calibration.as_ref(),
        accounts: &kept,
        integration_error: &integration_error,
        findings: findings.chain(told.iter().map(|note| note.message.clone())).collect(),
        quick: order.quick,
    };
    let page = report(&page, &exhibits, folder);
    parts.push(("study", vec![Hashed::write(folder, REPORT.into(), page.as_bytes())?]));
    let manifest = Manifest {
        program: "levada".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        study: study.name.clone(),
        title: study.title.clone(),
        hash: opened.hash.clone(),
        inputs: copies.inputs,
        documents: copies.documents,
        seed: study.run.seed,
        method: settings.method.to_string(),
        step: step_of(&fixed, prepared),
        starts: opened.starts,
        quick: order.quick,
        converged: calibration.as_ref().is_none_or(Calibration::converged)
            && taken.iter().all(|(_, step)| step.trusted),
        balanced: kept.iter().all(Kept::holds),
        integration_error,
        timings: timings.ended,
        outputs: latest(parts),
        exhibits,
        begun,
        machine: package::machine(),
        remarks,
    };
    package::write_readme(&opened, &manifest)?;
    manifest.write(folder).map_err(|fault| vec![fault.diagnostic()])?;
    let notes = notes(study, prepared.notes.iter().cloned().chain(told).collect());
    let steps = taken.into_iter().map(|(_, record)| record).collect();
    let folder = opened.folder;
    Ok(Done { folder, manifest, unchanged: false, calibration, steps, compared, accounts: kept, notes })
}

/// Policies under draws. The draws are those of a sampler only if this walk took its step, so that they can be made again.
fn under_draws(
    opened: &Opened,
    calibration: Option<&Calibration>,
    taken: &[(Step, StepRecord)],
    stop: &AtomicBool,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Vec<Compared>, Vec<Diagnostic>> {
    let sampled = taken.iter().any(|(step, _)| *step == Step::Sample);
    let wanted = Wanted { count: opened.study.compare.draws, sampled };
    let asked = inquiries(opened, calibration).into_iter();
    asked.map(|inquiry| inquire(opened, calibration, inquiry, wanted, stop, progress)).collect()
}

/// Every file once: what two steps wrote is the later one's.
fn latest(parts: Vec<(&'static str, Vec<Hashed>)>) -> Vec<Hashed> {
    let mut outputs: Vec<Hashed> = Vec::new();
    for output in parts.into_iter().flat_map(|(_, outputs)| outputs) {
        match outputs.iter_mut().find(|known| known.file == output.file) {
            Some(known) => *known = output,
            None => outputs.push(output),
        }
    }
    outputs
}

/// What the reader of the results must know: the study's assumptions, and what was found on the way.
fn notes(study: &Study, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let assumptions = study.assumptions.iter().map(|text| Diagnostic::note("assumption", text));
    once(assumptions.chain(found))
}

/// What several steps found is told once.
fn once(found: impl Iterator<Item = Diagnostic>) -> Vec<Diagnostic> {
    let mut told: Vec<Diagnostic> = Vec::new();
    for note in found {
        if !told.contains(&note) {
            told.push(note);
        }
    }
    told
}

/// Seconds of each step.
struct Timings {
    begun: Instant,
    ended: Vec<(String, f64)>,
}

impl Default for Timings {
    fn default() -> Self {
        Timings { begun: Instant::now(), ended: Vec::new() }
    }
}

impl Timings {
    fn end(&mut self, step: &str) {
        self.ended.push((step.to_owned(), self.begun.elapsed().as_secs_f64()));
        self.begun = Instant::now();
    }
}

/// A path without the steps back that relative names leave in it.
pub(super) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        let back = part == Component::ParentDir && matches!(plain.components().next_back(), Some(Component::Normal(_)));
        match (back, part) {
            (true, _) => {
                plain.pop();
            }
            (false, Component::CurDir) => {}
            (false, part) => plain.push(part),
        }
    }
    plain
}

/// The files from which the model itself reads data, constants, lookups and subscripts.
pub(super) fn workbooks(model: &Model) -> Vec<Hashed> {
    let definitions =
        model.variables.iter().flat_map(|variable| &variable.equations).map(|equation| &equation.definition);
    let calls = definitions.filter_map(|definition| match definition {
        Definition::External(call) => Some(call),
        Definition::Data { source, .. } => source.as_ref(),
        _ => None,
    });
    let calls = calls.chain(model.dimensions.iter().filter_map(|dimension| dimension.external.as_ref()));
    let files: BTreeSet<PathBuf> = calls
        .filter_map(|call| match call.children().first().map(|first| &first.kind) {
            Some(ExpressionKind::Text(file)) => Some(workbook_path(&model.folder, file)),
            _ => None,
        })
        .collect();
    let read = |file: PathBuf| {
        let bytes = std::fs::read(&file).ok()?;
        Some(Hashed { file: plain(&file), sha256: sha256(&bytes) })
    };
    files.into_iter().filter_map(read).collect()
}

/// Of everything that the results depend on: files, version, effort.
pub(super) fn hash(inputs: &[Hashed], starts: usize, step: Option<f64>) -> String {
    let files: Vec<&str> = inputs.iter().map(|input| input.sha256.as_str()).collect();
    sha256(format!("{} {starts} {step:?} {}", env!("CARGO_PKG_VERSION"), files.join(" ")).as_bytes())
}

pub(super) fn estimate(
    opened: &Opened,
    stop: &AtomicBool,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Option<Calibration>, Vec<Diagnostic>> {
    let Opened { study, prepared, folder, hash, starts, part, .. } = opened;
    if prepared.design.parameters.is_empty() {
        return Ok(None);
    }
    progress(Progress::Step("calibrating"));
    let path = folder.join(CHECKPOINT);
    let kept: Option<Checkpoint> = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let searched = kept.filter(|kept| kept.hash == *hash).map_or_else(Searched::default, |kept| kept.searched);
    let effort = Effort { starts: *starts, method: method(study), seed: study.run.seed };
    let trails = match searched.finished {
        true => BTreeMap::new(),
        false => trails(opened, effort, stop, progress)?,
    };
    let keep = |searched: &Searched| match part {
        // Shards write nothing but shards.
        Part::Shard { .. } => Ok(()),
        Part::Whole | Part::Merge { .. } => {
            let checkpoint = Checkpoint { hash: hash.clone(), searched: searched.clone() };
            write_text(&path, &serde_json::to_string(&checkpoint).unwrap_or_default())
        }
    };
    calibrate(prepared, effort, searched, &trails, stop, progress, &keep).map(Some)
}

/// Starts searched in shards: all of them for a shard or a merge, else those that happen to be there.
fn trails(
    opened: &Opened,
    effort: Effort,
    stop: &AtomicBool,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<BTreeMap<usize, Trail>, Vec<Diagnostic>> {
    let stage = opened.stage("starts", &format!("{effort:?}"), effort.starts);
    if opened.part == Part::Whole {
        return Ok(stage.kept().into_iter().map(|(number, trail)| (number as usize, trail)).collect());
    }
    let objective = Objective::new(&opened.prepared.checked, opened.prepared.design.clone())?;
    let search = effort.search();
    let told = |done: u64, of: u64| progress(Progress::Share(done as f64 / of.max(1) as f64));
    let compute = |number: u64| search.trail(&objective, number as usize, stop);
    let all: Vec<Trail> = stage.run(stop, &told, &compute).map_err(halted)?;
    Ok(all.into_iter().enumerate().collect())
}

fn method(study: &Study) -> crate::estimate::optimise::Method {
    use crate::estimate::optimise::Method;
    match study.calibrate.method.value.as_str() {
        "lbfgs" => Method::Lbfgs,
        "nelder-mead" => Method::NelderMead,
        "differential-evolution" => Method::DifferentialEvolution { members: 0 },
        "cma-es" => Method::CmaEs { members: 0 },
        "scatter-search" => Method::ScatterSearch { members: 0 },
        "particle-swarm" => Method::ParticleSwarm { members: 0 },
        _ => Method::TrustRegion,
    }
}

/// Rows of the baseline run.
const ROWS: usize = 160;

/// All variables of the baseline, and the estimate of the integration error in words.
fn baseline(prepared: &Prepared, fixed: &[(String, f64)]) -> Result<(Table, String), Vec<Diagnostic>> {
    let overrides = with(fixed, &prepared.scenarios[0].settings);
    let jacobian = prepared.design.settings.method.wants_jacobian();
    let request = Request { landing: Landing::Exact, overrides, outputs: Outputs::All, jacobian, ..Request::default() };
    let program = compile(&prepared.checked, &request)?;
    let run = prepared.run;
    let times = (0..=ROWS).map(|row| run.start + run.length() * row as f64 / ROWS as f64).collect();
    let settings = Settings { save: Save::At(times), ..prepared.design.settings.clone() };
    let table = simulate::run(&program, &settings).map_err(|failure| vec![failure.diagnostic()])?;
    let error = integration_error(&program, &settings, &table);
    Ok((table, error))
}

fn integration_error(program: &Program, settings: &Settings, table: &Table) -> String {
    let accuracy = simulate::accuracy(program, settings, table);
    let words = |difference: Option<Difference>| match difference {
        Some(difference) => {
            format!("{:.1e} of its peak (`{}` at {})", difference.relative, difference.variable, difference.time)
        }
        None => "none".to_owned(),
    };
    let halved = accuracy.halved.map_or_else(|failure| failure.diagnostic().message, words);
    let independent = accuracy.independent.map_or_else(|refusal| refusal.words(), words);
    format!("half the step: {halved}; independent code: {independent}")
}

pub(super) fn measures(prepared: &Prepared) -> Vec<Measure> {
    let of = |outcome: &super::outcomes::PreparedOutcome| Measure {
        name: outcome.name.clone(),
        title: outcome.title.clone(),
        unit: outcome.unit.clone(),
        gauge: outcome.gauge.clone(),
        factor: outcome.factor,
    };
    prepared.outcomes.iter().filter(|outcome| outcome.number.is_none()).map(of).collect()
}

fn books(prepared: &Prepared) -> Vec<Account> {
    let of = |identity: &super::prepare::PreparedIdentity| {
        let (name, tolerance) = (identity.name.clone(), identity.tolerance);
        match &identity.rule {
            IdentityRule::Equal { level, equals } => {
                Account::Equal { name, level: level.clone(), equals: equals.clone(), tolerance }
            }
            IdentityRule::Balance { level, change } => {
                Account::Balance { name, level: level.clone(), change: change.clone(), tolerance }
            }
        }
    };
    prepared.identities.iter().map(of).collect()
}

fn step_of(fixed: &[(String, f64)], prepared: &Prepared) -> f64 {
    let key = |name: &str| crate::model::Name::new(name);
    let set = fixed.iter().find(|(name, _)| key(name) == key("TIME STEP")).map(|(_, value)| *value);
    set.unwrap_or(prepared.step)
}

fn unwritten(error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("not-written", format!("the baseline table could not be made: {error}"))
        .help("give the command again")
}

#[cfg(test)]
mod tests {
    use super::{Done, Order, plain, walk};
    use crate::diagnostic::render;
    use crate::study::Progress;
    use crate::study::tutorial::tutorial;
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn quick(folder: &Path) -> Done {
        let order = Order { study: folder.join("study.toml"), out: Some(folder.join("out")), quick: true };
        walk(&order, &AtomicBool::new(false), &|_| {}).unwrap()
    }

    #[test]
    fn what_is_done_is_not_done_again_and_a_change_is_seen() {
        let folder = tutorial("again", "");
        let first = quick(&folder);
        assert!(!first.unchanged && first.manifest.converged && first.manifest.outputs.len() > 20);
        let second = quick(&folder);
        assert!(second.unchanged);
        assert_eq!(second.manifest, first.manifest);
        // A result that was touched is made again, to the same bytes.
        std::fs::write(folder.join("out/tables/estimates.csv"), "touched").unwrap();
        let third = quick(&folder);
        assert!(!third.unchanged);
        assert_eq!(third.manifest.outputs, first.manifest.outputs);
        let data = folder.join("data/pelts.csv");
        let text = std::fs::read_to_string(&data).unwrap().replace("1900,30,", "1900,31,");
        std::fs::write(&data, text).unwrap();
        let fourth = quick(&folder);
        assert!(!fourth.unchanged && fourth.manifest.outputs != first.manifest.outputs);
        // A small setting leaves steps out, even where it starts as often and steps as far as the whole.
        let study = folder.join("study.toml");
        let text = std::fs::read_to_string(&study).unwrap().replace("starts = 20", "starts = 4");
        std::fs::write(&study, text).unwrap();
        let (fifth, whole) = (quick(&folder), Order { study, out: Some(folder.join("out")), quick: false });
        let whole = walk(&whole, &AtomicBool::new(false), &|_| {}).unwrap();
        assert!(!whole.unchanged && whole.manifest.hash == fifth.manifest.hash);
        assert!(whole.manifest.outputs.len() > fifth.manifest.outputs.len());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn neither_threads_nor_interruptions_change_a_byte() {
        let folder = tutorial("threads", "");
        let order = |out: &str| Order { study: folder.join("study.toml"), out: Some(folder.join(out)), quick: true };
        let on = |threads, out: &str| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| walk(&order(out), &AtomicBool::new(false), &|_| {})).unwrap()
        };
        let one = on(1, "one").manifest.outputs;
        assert_eq!(on(3, "three").manifest.outputs, one);
        let stop = AtomicBool::new(false);
        let interrupted = walk(&order("resumed"), &stop, &|progress| {
            if let Progress::Start { .. } = progress {
                stop.store(true, Ordering::Relaxed);
            }
        });
        assert_eq!(interrupted.unwrap_err()[0].code, "interrupted");
        assert!(!folder.join("resumed/manifest.json").exists() && folder.join("resumed/calibration.json").exists());
        let resumed = walk(&order("resumed"), &AtomicBool::new(false), &|_| {}).unwrap();
        assert_eq!(resumed.manifest.outputs, one);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    /// A killed program cannot say goodbye: what it wrote after each start must do.
    #[test]
    fn a_killed_search_goes_on_from_its_last_whole_file() {
        let folder = tutorial("killed", "");
        let order = |out: &str| Order { study: folder.join("study.toml"), out: Some(folder.join(out)), quick: false };
        let (whole, later) = (folder.join("whole"), folder.join("later"));
        let seen = AtomicBool::new(false);
        let first = walk(&order("whole"), &AtomicBool::new(false), &|progress| {
            if let Progress::Start { .. } = progress
                && !seen.swap(true, Ordering::Relaxed)
            {
                std::fs::create_dir_all(&later).unwrap();
                std::fs::copy(whole.join("calibration.json"), later.join("calibration.json")).unwrap();
            }
        });
        let starts = std::sync::atomic::AtomicUsize::new(0);
        let resumed = walk(&order("later"), &AtomicBool::new(false), &|progress| {
            if let Progress::Start { .. } = progress {
                starts.fetch_add(1, Ordering::Relaxed);
            }
        });
        let (first, resumed) = (first.unwrap().manifest, resumed.unwrap().manifest);
        assert!(starts.into_inner() < first.starts);
        assert_eq!(resumed.outputs, first.outputs);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_found_before_the_work() {
        let folder = tutorial("way", "");
        std::fs::write(folder.join("out"), "a file").unwrap();
        let begun = AtomicBool::new(false);
        let order = Order { study: folder.join("study.toml"), out: Some(folder.join("out")), quick: true };
        let refused = walk(&order, &AtomicBool::new(false), &|progress| {
            if let Progress::Start { .. } = progress {
                begun.store(true, Ordering::Relaxed);
            }
        })
        .unwrap_err();
        let text: String = refused.iter().map(render).collect();
        assert_eq!(
            text.replace(&folder.display().to_string(), "DIR"),
            r#"error[folder-not-writable]: cannot write DIR/out/.levada: a part of DIR/out is a file, not a folder
 |
 = help: choose another folder with --out, or move that file away
"#
        );
        assert!(!begun.load(Ordering::Relaxed));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn paths_lose_the_steps_back() {
        for (path, expected) in
            [("a/b/../../m.mdl", "m.mdl"), ("../m.mdl", "../m.mdl"), ("./a/../../m", "../m"), ("/a/./b", "/a/b")]
        {
            assert_eq!(plain(Path::new(path)), Path::new(expected), "{path}");
        }
    }
}
