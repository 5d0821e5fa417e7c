//! `levada run --vary`: an ensemble into summaries, and one of its members alone.

use super::arguments::{Colour, Run};
use super::exit_status::ExitStatus;
use super::messages::{answer, refuse, show};
use super::shards::Share;
use super::study::stop_on_signals;
use crate::check::CheckedModel;
use crate::compile::Program;
use crate::diagnostic::Diagnostic;
use crate::ensemble::{
    DrawsFile, Ensemble, Halt, KEPT_NUMBERS, MembersFile, Order, Plan, Shards, Variation, Watch, walk,
    write_histograms, write_summary,
};
use crate::series::{Format, NewFile, Table, WriteFault};
use crate::shard::{self, Part};
use crate::simulate::{self, Settings};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Whether these arguments ask for more than one run, or for one of many.
pub fn is_asked(arguments: &Run) -> bool {
    let files = [&arguments.members_out, &arguments.draws_out, &arguments.histogram_out];
    !arguments.vary.is_empty()
        || arguments.members.is_some()
        || arguments.member.is_some()
        || files.iter().any(|file| file.is_some())
}

/// The members of a model's program.
pub fn plan(
    arguments: &Run,
    variation: &Variation,
    set: &[(String, f64)],
    checked: &CheckedModel,
    program: &Program,
) -> Result<Plan, Vec<Diagnostic>> {
    let seed = arguments.seed.or(variation.seed).unwrap_or(1);
    let plan = Plan::new(Order { variation, set, members: arguments.members, seed }, checked, program)?;
    if arguments.member.is_none() && plan.len() == u64::MAX {
        let found = Diagnostic::error("members-unknown", "how many members are to be run?");
        return Err(vec![found.help("add --members N, or --member K to run member K alone")]);
    }
    Ok(plan)
}

/// One member alone, to the same bits as in the ensemble.
pub fn member(program: &Program, settings: &Settings, plan: &Plan, number: u64) -> Result<Table, Diagnostic> {
    let member = plan.find(number)?;
    let mut runs = simulate::run_members(program, settings, std::slice::from_ref(&member));
    match runs.pop() {
        Some(Ok(saved)) => Ok(simulate::table(program, saved)),
        Some(Err(failure)) => Err(failure.diagnostic()),
        None => Err(Diagnostic::error("no-such-member", format!("there is no member {number}"))),
    }
}

/// Runs all members, or the share of them that a plan asks for, and writes what was asked for; no file appears unless all
/// do.
pub fn ensemble(
    arguments: &Run,
    program: &Program,
    settings: &Settings,
    plan: &Plan,
    share: &Share,
    colour: Colour,
) -> ExitStatus {
    let stop = stop_on_signals(colour);
    let work = match &share.plan {
        Some(cut) => Work::Shards(Shards::new(program, settings, plan, &cut.results), cut),
        None => Work::Members(program, settings),
    };
    let kept = match (&work, share.part) {
        (Work::Shards(shards, _), part @ Part::Shard { .. }) => kept(shards, part, plan.len(), &stop),
        (Work::Shards(shards, cut), Part::Whole) => {
            (0..cut.shards).try_for_each(|index| kept(shards, Part::Shard { index, of: cut.shards }, plan.len(), &stop))
        }
        _ => Ok(()),
    };
    if let Err(found) = kept {
        let status = ExitStatus::of(std::slice::from_ref(&found));
        return refuse(&[found], colour, status);
    }
    if let Part::Shard { .. } = share.part {
        return ExitStatus::Done;
    }
    let ensemble = match streamed(arguments, program, plan, &work, &stop) {
        Ok(ensemble) => ensemble,
        Err(found) => {
            let status = ExitStatus::of(std::slice::from_ref(&found));
            return refuse(&[found], colour, status);
        }
    };
    let mut notes: Vec<Diagnostic> = ensemble.failure().into_iter().collect();
    let error = ensemble.summary.rank_error();
    if error > 0.0 {
        let message = format!("no quantile's rank is off by more than {:.2} % of the members", error * 100.0);
        notes.push(
            Diagnostic::note("quantile-error", message).help("save fewer variables with --save for a smaller error"),
        );
    }
    show(&notes, colour);
    match arguments.out {
        Some(_) => ExitStatus::Done,
        None => answer(colour, |out| {
            let mut table = Vec::new();
            write_summary(program, &ensemble.summary, &mut table, Format::Csv)?;
            out.write_all(&table)
        }),
    }
}

/// Where members come from.
enum Work<'a> {
    Members(&'a Program, &'a Settings),
    Shards(Shards<'a>, &'a shard::Plan),
}

/// Does what is missing of a shard.
fn kept(shards: &Shards, part: Part, members: u64, stop: &AtomicBool) -> Result<(), Diagnostic> {
    let teller = Teller::new();
    let done = shards.run(part, stop, &|done, total| teller.tell(done, total));
    teller.clear();
    done.map_err(|halt| halted(halt, members, true, Path::new("")))
}

/// A file that was asked for, and where it goes.
struct Wanted {
    path: PathBuf,
    format: Format,
    file: NewFile,
}

impl Wanted {
    fn new(path: Option<&PathBuf>) -> Result<Option<Wanted>, WriteFault> {
        let wanted =
            path.map(|path| Ok(Wanted { path: path.clone(), format: Format::of(path), file: NewFile::create(path)? }));
        wanted.transpose()
    }
}

fn streamed(
    arguments: &Run,
    program: &Program,
    plan: &Plan,
    work: &Work,
    stop: &AtomicBool,
) -> Result<Ensemble, Diagnostic> {
    let open = |path: &Option<PathBuf>| Wanted::new(path.as_ref()).map_err(|fault| fault.diagnostic());
    let mut members = open(&arguments.members_out)?;
    let mut draws = open(&arguments.draws_out)?;
    let mut histograms = open(&arguments.histogram_out)?;
    let mut summary = open(&arguments.out)?;
    let teller = Teller::new();
    let ensemble = run_into(&mut members, &mut draws, program, plan, work, stop, &teller);
    teller.clear();
    let ensemble = ensemble?;
    if ensemble.failed() == ensemble.members {
        return Err(ensemble.failure().unwrap_or_else(|| stopped(0, 0)));
    }
    let fault = |wanted: &Wanted, error| WriteFault { path: wanted.path.clone(), error }.diagnostic();
    if let Some(wanted) = &mut summary {
        let written = write_summary(program, &ensemble.summary, &mut wanted.file, wanted.format);
        written.map_err(|error| fault(wanted, error))?;
    }
    if let Some(wanted) = &mut histograms {
        let written = write_histograms(program, &ensemble.summary, &mut wanted.file, wanted.format);
        written.map_err(|error| fault(wanted, error))?;
    }
    for wanted in [members, draws, histograms, summary].into_iter().flatten() {
        wanted.file.keep().map_err(|fault| fault.diagnostic())?;
    }
    Ok(ensemble)
}

/// Runs the members, each into the files that take members.
fn run_into(
    members: &mut Option<Wanted>,
    draws: &mut Option<Wanted>,
    program: &Program,
    plan: &Plan,
    work: &Work,
    stop: &AtomicBool,
    teller: &Teller,
) -> Result<Ensemble, Diagnostic> {
    let path = |wanted: &Option<Wanted>| wanted.as_ref().map_or_else(PathBuf::new, |wanted| wanted.path.clone());
    let (members_path, draws_path) = (path(members), path(draws));
    let fault = |path: &Path, error| WriteFault { path: path.to_path_buf(), error }.diagnostic();
    let mut members = (members.as_mut())
        .map(|wanted| MembersFile::new(program, &mut wanted.file, wanted.format))
        .transpose()
        .map_err(|error| fault(&members_path, error))?;
    let mut draws = (draws.as_mut())
        .map(|wanted| DrawsFile::new(plan, &mut wanted.file, wanted.format))
        .transpose()
        .map_err(|error| fault(&draws_path, error))?;
    let watch = Watch {
        stop,
        progress: &|done, total| teller.tell(done, total),
        each: &mut |done| {
            members.as_mut().map_or(Ok(()), |file| file.add(done))?;
            draws.as_mut().map_or(Ok(()), |file| file.add(done))
        },
    };
    let ensemble = match work {
        Work::Members(program, settings) => walk(program, settings, plan, KEPT_NUMBERS, watch),
        Work::Shards(shards, cut) => shards.merge(cut.shards, KEPT_NUMBERS, watch),
    };
    let written = if members.is_some() { &members_path } else { &draws_path };
    let in_shards = matches!(work, Work::Shards(..));
    let ensemble = ensemble.map_err(|halt| halted(halt, plan.len(), in_shards, written))?;
    members.map_or(Ok(()), MembersFile::finish).map_err(|error| fault(&members_path, error))?;
    draws.map_or(Ok(()), DrawsFile::finish).map_err(|error| fault(&draws_path, error))?;
    Ok(ensemble)
}

fn stopped(done: u64, members: u64) -> Diagnostic {
    Diagnostic::error("stopped", format!("stopped after {done} of {members} members; nothing was written"))
        .help("run again; ask for fewer with --members, or cut the command with `levada plan` to keep what is done")
}

/// Why there is no ensemble; `written` is the file that takes members.
fn halted(halt: Halt, members: u64, in_shards: bool, written: &Path) -> Diagnostic {
    match halt {
        Halt::Stopped { .. } if in_shards => {
            Diagnostic::error("interrupted", "the work was interrupted; the members done so far are kept")
                .help("give the same command again to go on")
        }
        Halt::Stopped { done } => stopped(done, members),
        Halt::Write(error) => WriteFault { path: written.to_path_buf(), error }.diagnostic(),
        Halt::Shard(fault) => fault.diagnostic(),
    }
}

/// A bar on a terminal; elsewhere a plain line now and then.
struct Teller {
    bar: Option<ProgressBar>,
    last: Mutex<Instant>,
}

/// Between two plain lines.
const PAUSE: Duration = Duration::from_secs(10);

impl Teller {
    fn new() -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0);
            if let Ok(style) = ProgressStyle::with_template("members {bar:30} {pos}/{len} {elapsed} of {duration}") {
                bar.set_style(style);
            }
            bar
        });
        Teller { bar, last: Mutex::new(Instant::now()) }
    }

    fn tell(&self, done: u64, total: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
            return;
        }
        let Ok(mut last) = self.last.lock() else { return };
        if last.elapsed() >= PAUSE {
            *last = Instant::now();
            // Progress is not worth an error.
            let _ = writeln!(io::stderr(), "{done} of {total} members");
        }
    }

    fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
