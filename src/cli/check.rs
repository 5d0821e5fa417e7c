//! `levada check`: every finding of a model, and what it is made of: variables, units, feedback loops.

use super::arguments::{Check, Colour};
use super::exit_status::ExitStatus;
use super::load::{Loaded, load};
use super::messages::{answer, show};
use crate::check::{
    CheckedModel, Feedback, FeedbackLoop, ModelUnits, Polarity, VariableKind, feedback, make_units_strict,
};
use crate::compile::{Request, compile};
use crate::diagnostic::{Diagnostic, Severity};
use serde::Serialize;

/// Links shown of one loop.
const LONGEST_CHAIN: usize = 12;

/// Runs the command.
pub fn check(arguments: &Check, colour: Colour) -> ExitStatus {
    let Loaded { read, checked, mut diagnostics } = load(&arguments.model);
    if let Some(checked) = &checked
        && let Err(faults) = compile(checked, &Request::default())
    {
        diagnostics.extend(faults);
    }
    if arguments.strict_units {
        make_units_strict(&mut diagnostics);
    }
    let structure = checked.as_ref().map(|checked| (checked, feedback(checked)));
    let told = answer(colour, |out| match arguments.json {
        true => {
            let report = Report {
                model: arguments.model.to_string_lossy().into_owned(),
                findings: &diagnostics,
                structure: structure.as_ref().map(|(checked, feedback)| Structure::of(checked, feedback)),
            };
            serde_json::to_string_pretty(&report)
                .map_err(std::io::Error::other)
                .and_then(|text| writeln!(out, "{text}"))
        }
        false => {
            show(&diagnostics, colour);
            let text = structure.as_ref().map(|(checked, feedback)| summary(checked, feedback, arguments.loops));
            writeln!(out, "{}{}", text.unwrap_or_default(), tally(&diagnostics))
        }
    });
    if told != ExitStatus::Done {
        return told;
    }
    if !read {
        return ExitStatus::Unusable;
    }
    if diagnostics.iter().any(Diagnostic::is_error) { ExitStatus::Findings } else { ExitStatus::Done }
}

/// `2 errors, 1 warning, no notes`.
fn tally(diagnostics: &[Diagnostic]) -> String {
    let counted = |severity: Severity| {
        let count = diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        counted(count, severity.word())
    };
    [Severity::Error, Severity::Warning, Severity::Note].map(counted).join(", ")
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// How many variables, and elements of them, a model has of one kind.
fn count(checked: &CheckedModel, kind: VariableKind) -> Count {
    let variables = checked.model().variables.iter().enumerate();
    let of_kind = variables.filter(|(_, variable)| VariableKind::of(variable) == kind).map(|(index, _)| index);
    of_kind.fold(Count::default(), |count, index| Count {
        variables: count.variables + 1,
        elements: count.elements + checked.scope(0).elements[index].order.len(),
    })
}

#[derive(Clone, Copy, Default, Serialize)]
struct Count {
    variables: usize,
    elements: usize,
}

impl Count {
    fn text(self, one: &str, several: &str) -> String {
        let noun = if self.variables == 1 { one } else { several };
        match self.variables == self.elements {
            true => format!("{} {noun}", self.variables),
            false => format!("{} {noun} ({} with their elements)", self.variables, self.elements),
        }
    }
}

/// Variables with a unit, of those that should have one.
fn with_units(checked: &CheckedModel, units: &ModelUnits) -> (usize, usize) {
    let takes_part = |kind| !matches!(kind, VariableKind::Control | VariableKind::Skipped);
    let kinds = checked.model().variables.iter().map(VariableKind::of);
    let taking_part = kinds.zip(&units.variables).filter(|(kind, _)| takes_part(*kind));
    taking_part.fold((0, 0), |(declared, all), (_, unit)| (declared + usize::from(unit.is_some()), all + 1))
}

fn summary(checked: &CheckedModel, feedback: &Feedback, loops_shown: usize) -> String {
    let name = |index: &usize| checked.model().variables[*index].name.text();
    let kinds = [
        (VariableKind::Stock, "stock", "stocks"),
        (VariableKind::Auxiliary, "auxiliary", "auxiliaries"),
        (VariableKind::Constant, "constant", "constants"),
        (VariableKind::Lookup, "lookup", "lookups"),
        (VariableKind::Data, "data series", "data series"),
    ];
    let counts = kinds.map(|(kind, one, several)| count(checked, kind).text(one, several));
    let mut text = format!("variables  {}\n", counts.join(", "));

    let (declared, all) = with_units(checked, checked.units());
    text += &match &checked.units().time {
        Some(time) => format!("units      {declared} of {all} variables declare one; time is in {time}\n"),
        None => format!("units      {declared} of {all} variables declare one\n"),
    };

    let loops = &feedback.loops;
    let on_loops: usize = loops.components.iter().map(Vec::len).sum();
    text += &format!(
        "feedback   {}, {} on loops; {}\n",
        counted(feedback.links.len(), "link"),
        counted(on_loops, "variable"),
        counted(loops.independent, "independent loop"),
    );
    for each in loops.list.iter().take(loops_shown) {
        text += &format!("  {:<5}{}\n", each.name, chain(checked, feedback, each));
        if let Some(doubt) = doubt(checked, feedback, each) {
            text += &format!("       {doubt}\n");
        }
    }
    if loops.list.len() > loops_shown && loops_shown > 0 {
        text += &format!("  {} more: --loops {}, or --json\n", loops.list.len() - loops_shown, loops.list.len());
    }
    if loops.uncovered > 0 {
        text += &format!("  {} lie on loops that are not listed\n", counted(loops.uncovered, "link"));
    }
    if !feedback.supposed.is_empty() && loops_shown > 0 {
        let stocks: Vec<&str> = feedback.supposed.iter().map(name).collect();
        text += &format!("  polarity supposes that these stay above zero: {}\n", stocks.join(", "));
    }
    text
}

/// `stock +> flow -> stock`: `+>` for a link that raises, `->` for one that lowers, `?>` for one of unknown sign.
fn chain(checked: &CheckedModel, feedback: &Feedback, each: &FeedbackLoop) -> String {
    let name = |index: usize| checked.model().variables[index].name.text();
    let mut text: String = each.variables.first().map_or(String::new(), |first| name(*first).to_owned());
    for link in each.links.iter().take(LONGEST_CHAIN).map(|link| &feedback.links[*link]) {
        text += &format!(" {}> {}", link.polarity.symbol(), name(link.effect));
    }
    if each.links.len() > LONGEST_CHAIN {
        text += &format!(" ... {}", counted(each.links.len() - LONGEST_CHAIN, "further link"));
    }
    text
}

/// Why the polarity of a loop is unknown: the first of its links that is.
fn doubt(checked: &CheckedModel, feedback: &Feedback, each: &FeedbackLoop) -> Option<String> {
    let name = |index: usize| checked.model().variables[index].name.text();
    let link = each.links.iter().map(|link| &feedback.links[*link]).find(|link| link.polarity == Polarity::Unknown)?;
    let reason = link.doubt.as_ref()?.reason(checked.source());
    Some(format!("`{}` to `{}`: {reason}", name(link.cause), name(link.effect)))
}

/// The answer for programs.
#[derive(Serialize)]
struct Report<'a> {
    model: String,
    findings: &'a [Diagnostic],
    /// `null` if an error stopped the check.
    structure: Option<Structure<'a>>,
}

#[derive(Serialize)]
struct Structure<'a> {
    stocks: Count,
    auxiliaries: Count,
    constants: Count,
    lookups: Count,
    data: Count,
    time_unit: Option<String>,
    variables: Vec<VariableEntry<'a>>,
    links: Vec<LinkEntry<'a>>,
    loops: Vec<LoopEntry<'a>>,
    independent_loops: usize,
    links_on_unlisted_loops: usize,
    supposed_above_zero: Vec<&'a str>,
}

#[derive(Serialize)]
struct VariableEntry<'a> {
    name: &'a str,
    kind: &'static str,
    unit: Option<String>,
}

#[derive(Serialize)]
struct LinkEntry<'a> {
    cause: &'a str,
    effect: &'a str,
    polarity: &'static str,
    doubt: Option<String>,
}

#[derive(Serialize)]
struct LoopEntry<'a> {
    name: &'a str,
    polarity: &'static str,
    independent: bool,
    variables: Vec<&'a str>,
}

impl<'a> Structure<'a> {
    fn of(checked: &'a CheckedModel, feedback: &'a Feedback) -> Self {
        let variables = &checked.model().variables;
        let name = |index: usize| variables[index].name.text();
        let entries = variables.iter().zip(&checked.units().variables);
        Structure {
            stocks: count(checked, VariableKind::Stock),
            auxiliaries: count(checked, VariableKind::Auxiliary),
            constants: count(checked, VariableKind::Constant),
            lookups: count(checked, VariableKind::Lookup),
            data: count(checked, VariableKind::Data),
            time_unit: checked.units().time.as_ref().map(ToString::to_string),
            variables: entries
                .map(|(variable, unit)| VariableEntry {
                    name: variable.name.text(),
                    kind: VariableKind::of(variable).word(),
                    unit: unit.as_ref().map(ToString::to_string),
                })
                .collect(),
            links: feedback
                .links
                .iter()
                .map(|link| LinkEntry {
                    cause: name(link.cause),
                    effect: name(link.effect),
                    polarity: link.polarity.symbol(),
                    doubt: link.doubt.as_ref().map(|doubt| doubt.reason(checked.source())),
                })
                .collect(),
            loops: feedback
                .loops
                .list
                .iter()
                .map(|each| LoopEntry {
                    name: &each.name,
                    polarity: each.polarity.symbol(),
                    independent: each.independent,
                    variables: each.variables.iter().map(|index| name(*index)).collect(),
                })
                .collect(),
            independent_loops: feedback.loops.independent,
            links_on_unlisted_loops: feedback.loops.uncovered,
            supposed_above_zero: feedback.supposed.iter().map(|index| name(*index)).collect(),
        }
    }
}
