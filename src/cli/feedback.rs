//! `levada feedback`: the loops of a model in a run and what each explains over time.

use super::arguments::{Colour, FeedbackCommand, HeldCause};
use super::exit_status::ExitStatus;
use super::load::{Loaded, load};
use super::messages::{answer, refuse, show};
use super::run::{method, scenario, settings};
use crate::check::{CheckedModel, VariableKind};
use crate::compare::with;
use crate::compile::{Landing, Opened, Request, open};
use crate::diagnostic::{Diagnostic, Severity};
use crate::feedback::{Analysis, Coverage, Cut, Held, ScoredLoop, analyse, knock_out};
use crate::present::Exhibit;
use crate::series::write_file;
use crate::simulate::{Method, Settings};
use crate::study::{LOOP_PANELS, cut_table, loop_chain, loop_components, loop_exhibits, loop_phases, loop_stocks};
use std::path::Path;

/// Phases printed.
const PHASES: usize = 12;

/// Runs the command.
pub fn feedback(arguments: &FeedbackCommand, colour: Colour) -> ExitStatus {
    let mut faults = Vec::new();
    let sets = settings(&arguments.sets, &mut faults);
    let asked = arguments.method.as_deref().and_then(|text| method(text, &mut faults));
    if !faults.is_empty() {
        return refuse(&faults, colour, ExitStatus::Usage);
    }
    let Loaded { checked, mut diagnostics, .. } = load(&arguments.model);
    let Some(checked) = checked else { return refuse(&diagnostics, colour, ExitStatus::Unusable) };
    diagnostics.retain(|diagnostic| diagnostic.severity == Severity::Error);
    let overrides = match arguments.scenario.as_deref().map(|path| scenario(path, &checked, &sets)) {
        None => sets,
        Some(Ok(settings)) => with(&settings, &sets),
        Some(Err(faults)) => return refuse(&faults, colour, ExitStatus::Unusable),
    };
    let stated = checked.model().control.method.as_ref().and_then(|stated| stated.text.parse().ok());
    let landing = if asked.is_some() { Landing::Exact } else { Landing::Grid };
    let method: Method = asked.or(stated).unwrap_or_default();
    if let Some(link) = &arguments.cut {
        let bare = Request { landing, jacobian: method.wants_jacobian(), ..Request::default() };
        return cut(arguments, link, &checked, &bare, &overrides, method, colour);
    }
    let request = Request { landing, overrides, jacobian: method.wants_jacobian(), ..Request::default() };
    let opened = match open(&checked, &request) {
        Ok(opened) => opened,
        Err(faults) => {
            diagnostics.extend(faults);
            return refuse(&diagnostics, colour, ExitStatus::Unusable);
        }
    };
    let run = Settings { method, ..Settings::default() };
    let analysis = match analyse(&opened, &run, arguments.most) {
        Ok(analysis) => analysis,
        Err(failure) => return refuse(&[failure.diagnostic()], colour, ExitStatus::Unusable),
    };
    if analysis.loops.is_empty() {
        let found = Diagnostic::warning("no-feedback", "the model has no feedback loop: nothing acts back on itself")
            .help("`levada check` lists the links it has");
        return refuse(&[found], colour, ExitStatus::Findings);
    }
    if let Some(folder) = &arguments.out {
        let model = &checked.model().name;
        let unit = checked.units().time.as_ref().map(ToString::to_string);
        let written = loop_exhibits(&opened, &analysis, model, unit.as_deref())
            .map_err(|refusal| refusal.diagnostic())
            .and_then(|exhibits| write(folder, &exhibits));
        if let Err(fault) = written {
            return refuse(&[fault], colour, ExitStatus::Unusable);
        }
    }
    show(&coverage(&analysis), colour);
    answer(colour, |out| out.write_all(report(&opened, &analysis, arguments).as_bytes()))
}

/// The stocks with a link and without it.
fn cut(
    arguments: &FeedbackCommand,
    link: &str,
    checked: &CheckedModel,
    bare: &Request,
    settings: &[(String, f64)],
    method: Method,
    colour: Colour,
) -> ExitStatus {
    let held = match arguments.held {
        HeldCause::Start => Held::AtStart,
        HeldCause::Path => Held::OnPath,
    };
    let run = Settings { method, ..Settings::default() };
    let done = Cut::read(link).map_err(|fault| vec![fault]);
    let done = done.and_then(|cut| knock_out(checked, &cut, held, bare, settings, &run));
    let done = match done {
        Ok(done) => done,
        Err(faults) => return refuse(&faults, colour, ExitStatus::Unusable),
    };
    let stocks: Vec<&str> = checked
        .model()
        .variables
        .iter()
        .filter(|variable| VariableKind::of(variable) == VariableKind::Stock)
        .map(|variable| variable.name.text())
        .collect();
    let table = match cut_table(link, &done, &stocks).exhibit() {
        Ok(exhibit) => exhibit,
        Err(refusal) => return refuse(&[refusal.diagnostic()], colour, ExitStatus::Unusable),
    };
    let text = table.file("txt").map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
    if let Some(folder) = &arguments.out
        && let Err(fault) = write(folder, &[("tables", table)])
    {
        return refuse(&[fault], colour, ExitStatus::Unusable);
    }
    answer(colour, |out| out.write_all(text.as_bytes()))
}

/// What must be known of the loops that were scored.
fn coverage(analysis: &Analysis) -> Vec<Diagnostic> {
    let Coverage::Strongest { more_than } = analysis.coverage else { return Vec::new() };
    let message = format!(
        "the model has more than {more_than} loops: shares are among {} of them, the shortest independent set and the \
         strongest found at each time",
        analysis.loops.len()
    );
    vec![Diagnostic::note("loops-not-all", message).help("a larger --most lists them all, if there is time")]
}

fn report(opened: &Opened, analysis: &Analysis, arguments: &FeedbackCommand) -> String {
    let all = match analysis.coverage {
        Coverage::All => "all there are".to_owned(),
        Coverage::Strongest { more_than } => format!("of more than {more_than}"),
    };
    let active = analysis.loops.iter().filter(|each| each.weight() > 0.0).count();
    let mut text = format!(
        "loops      {} scored, {all}; {} independent; {active} at work in this run\n",
        analysis.loops.len(),
        analysis.independent,
    );
    let mut listed: Vec<&ScoredLoop> = analysis.loops.iter().filter(|each| each.weight() > 0.0).collect();
    listed.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
    for each in listed.iter().take(arguments.loops) {
        let peak = each.peak().map_or(String::new(), |(at, share)| {
            format!(", most {:.0} % at {}", 100.0 * share.abs(), time(analysis.links.times[at]))
        });
        text += &format!("  {:<5}{:>3.0} % on average{peak}\n", each.name, 100.0 * each.weight());
        text += &format!("       {}\n", loop_chain(opened, analysis, each));
    }
    if listed.len() > arguments.loops {
        text += &format!("  {} more: --loops {}, or --out\n", listed.len() - arguments.loops, listed.len());
    }
    for component in loop_components(analysis).iter().take(LOOP_PANELS) {
        text += &format!("strongest  among {}\n", loop_stocks(opened, component));
        let phases = loop_phases(analysis, component);
        for (from, to, name) in phases.iter().take(PHASES) {
            text += &format!("  {:<5}{} to {}\n", name, time(*from), time(*to));
        }
        if phases.len() > PHASES {
            text += &format!("  and {} more\n", phases.len() - PHASES);
        }
    }
    if let Some(folder) = &arguments.out {
        text += &format!("Figures   {}\n", folder.join("figures").display());
        text += &format!("Tables    {}\n", folder.join("tables").display());
    }
    text
}

/// A time, to as many digits as tell steps apart.
fn time(time: f64) -> String {
    format!("{}", (time * 1e6).round() / 1e6)
}

fn write(folder: &Path, exhibits: &[(&str, Exhibit)]) -> Result<(), Diagnostic> {
    for (place, exhibit) in exhibits {
        for (path, bytes) in exhibit.placed(&folder.join(place)) {
            write_file(&path, |out| out.write_all(bytes)).map_err(|fault| fault.diagnostic())?;
        }
    }
    Ok(())
}
