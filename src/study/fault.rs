//! What can be wrong with a study or scenario file, by itself and against its model and data, and the words for it.

pub use super::finding::Finding;
use super::unknowns::GroupReason;
use crate::diagnostic::Span;
use crate::estimate::objective::Misplaced;
use crate::series::OpenFault;
use std::path::PathBuf;

/// What can be wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    // The file as TOML.
    Syntax {
        reason: String,
    },
    UnknownKey {
        key: String,
        place: String,
        nearest: Option<String>,
        known: Vec<&'static str>,
    },
    MissingKey {
        key: &'static str,
        place: String,
    },
    WrongType {
        key: String,
        wanted: &'static str,
        found: &'static str,
    },
    UnknownChoice {
        key: &'static str,
        text: String,
        nearest: Option<String>,
        choices: Vec<&'static str>,
    },
    /// Two keys that say the same thing in different ways.
    Either {
        first: &'static str,
        second: &'static str,
    },
    NotPositive {
        key: String,
        value: f64,
    },
    NotAProbability {
        value: f64,
    },
    /// Two entries of a list have one name.
    RepeatedName {
        what: &'static str,
        name: String,
        first: Span,
    },
    Escapes,

    // Files it names.
    Unusable(OpenFault),
    /// `extends` comes back to where it began; the chain begins and ends with the same file.
    Cycle {
        chain: Vec<String>,
    },

    // Names of the model.
    UnknownConstant {
        name: String,
        nearest: Option<String>,
    },
    NotAConstant {
        name: String,
    },
    /// A subscripted constant named without its subscript, or with one too many.
    Subscripts {
        name: String,
        elements: Vec<String>,
    },
    UnknownPolicy {
        name: String,
        nearest: Option<String>,
        known: Vec<String>,
    },
    PolicyLacks {
        policy: String,
        setting: &'static str,
        constant: String,
    },
    UnknownScenario {
        name: String,
        nearest: Option<String>,
    },
    /// Its value decides the shape of the program: an order of a delay, a number of places.
    Structural {
        name: String,
    },
    /// A constant both estimated and set.
    SetAndEstimated {
        name: String,
    },
    LeverRange {
        low: f64,
        high: f64,
    },
    NotAShare {
        key: &'static str,
        value: f64,
    },
    UnknownOutcome {
        name: String,
        nearest: Option<String>,
        known: Vec<String>,
    },
    /// A path where one number is needed.
    NotOneNumber {
        name: String,
    },
    /// Peaks and times are of levels.
    TakeNeedsLevel,
    /// More switches than a coalition can hold.
    TooManySwitches {
        count: usize,
    },
    /// A scenario with the name of the model as it stands.
    NamedBaseline,

    // Times against the run.
    SwitchOutsideRun {
        constant: String,
        time: f64,
        start: f64,
        stop: f64,
    },
    WindowOutsideRun {
        text: String,
        start: f64,
        stop: f64,
    },
    NoWholePeriod {
        text: String,
    },
    StepBeyondRun {
        step: f64,
        start: f64,
        stop: f64,
    },

    // Data.
    UnknownFile {
        name: String,
        nearest: Option<String>,
        known: Vec<String>,
    },
    UnknownSeries {
        series: String,
        file: PathBuf,
        nearest: Option<String>,
        known: Vec<String>,
    },
    EmptySeries {
        series: String,
        reason: EmptyReason,
    },
    TwoValues {
        series: String,
        period: String,
        sources: Vec<String>,
    },
    NotAPeriod {
        text: String,
        numbers: bool,
    },
    EmptyWindow {
        text: String,
    },
    /// A total or growth over an instant.
    NoStretch {
        series: String,
        periods: Vec<String>,
    },
    /// Series of one group of noise that cannot share a parameter.
    GroupDiffers {
        group: String,
        first: String,
        reason: GroupReason,
    },
    OutsideRun {
        series: String,
        periods: Vec<String>,
        from: f64,
        to: f64,
        start: f64,
        stop: f64,
    },
    Converts {
        series: String,
        unit: String,
        wanted: String,
        reason: String,
    },
    UnreadableUnit {
        unit: String,
        reason: String,
    },
    NoUnit {
        series: String,
        wanted: String,
    },
    Misplaced {
        series: String,
        period: String,
        value: f64,
        misplaced: Misplaced,
    },
    NoScale {
        series: String,
        period: String,
    },
    NoRate {
        series: String,
        rate: String,
        period: String,
    },
    NotARatio,

    // What the likelihood is made of.
    Process(super::process::ProcessFault),
    Panel(super::panel::PanelFault),

    // Priors.
    NoBounds {
        parameter: String,
    },
}

/// Why no observation of a series is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyReason {
    /// The file has none.
    File,
    /// The study's `sources`, `from`, `until` and `drop` leave none.
    Choice,
    /// None lies in the window of the fit or of the hold-out.
    Window,
}

pub(super) type Words = (&'static str, String, String, String);

impl Fault {
    /// Code, message, label at the place, next step.
    pub(super) fn words(&self) -> Words {
        let words = |code, message: String, label: &str, help: String| (code, message, label.to_owned(), help);
        match self {
            Fault::Syntax { reason } => words(
                "toml-syntax",
                format!("this is not TOML: {reason}"),
                "here",
                "text stands in quotation marks, lists in [ ], and every table under its [header]".to_owned(),
            ),
            Fault::UnknownKey { key, place, nearest, known } => words(
                "unknown-key",
                format!("{} has no key `{key}`", place_name(place)),
                "unknown key",
                meant(nearest).unwrap_or_else(|| format!("known here: {}", known.join(", "))),
            ),
            Fault::MissingKey { key, place } => words(
                "missing-key",
                format!("{} needs the key `{key}`", place_name(place)),
                "not in this table",
                format!("add `{key} = …`"),
            ),
            Fault::WrongType { key, wanted, found } => words(
                "wrong-type",
                format!("`{key}` is {found} where it should be {wanted}"),
                &format!("expected {wanted}"),
                format!("write `{key} = …` with {wanted}"),
            ),
            Fault::UnknownChoice { key, text, nearest, choices } => words(
                "unknown-choice",
                format!("`{text}` is no choice of `{key}`"),
                "unknown word",
                meant(nearest).unwrap_or_else(|| format!("choose one of {}", choices.join(", "))),
            ),
            Fault::Either { first, second } => words(
                "two-ways",
                format!("`{first}` and `{second}` say the same thing twice"),
                "second way",
                "keep one of the two".to_owned(),
            ),
            Fault::NotPositive { key, value } => words(
                "not-positive",
                format!("`{key}` is {value} and must be above zero"),
                "not above zero",
                "state a positive number".to_owned(),
            ),
            Fault::NotAProbability { value } => words(
                "not-a-probability",
                format!("`level` is {value} and must lie between 0 and 1"),
                "not between 0 and 1",
                "write for example `level = 0.95`".to_owned(),
            ),
            Fault::RepeatedName { what, name, .. } => words(
                "repeated-name",
                format!("two {what} are called `{name}`"),
                "second of that name",
                "give each its own `name`".to_owned(),
            ),
            Fault::Escapes => words(
                "escaped-expression",
                "an expression cannot be written with escapes".to_owned(),
                "has escapes",
                "write the text between single quotation marks, '…', which take everything as it stands".to_owned(),
            ),
            Fault::Unusable(fault) => {
                let (code, message, help) = fault.words();
                words(code, message, "named here", help)
            }
            Fault::Cycle { chain } => words(
                "scenario-cycle",
                format!("scenarios extend one another in a circle: {}", chain.join(" -> ")),
                "comes back here",
                "let one of them stand by itself".to_owned(),
            ),
            Fault::UnknownConstant { name, nearest } => words(
                "unknown-constant",
                format!("the model has no constant `{name}`"),
                "unknown name",
                meant(nearest)
                    .unwrap_or_else(|| "check the name against the model, `levada check` lists them".to_owned()),
            ),
            Fault::NotAConstant { name } => words(
                "not-a-constant",
                format!("`{name}` is computed by an equation and cannot be set"),
                "not a constant",
                "set the constants that its equation uses".to_owned(),
            ),
            Fault::Subscripts { name, elements } => words(
                "which-element",
                format!("`{name}` does not name one element of the constant"),
                "which element?",
                format!("write one of {}", few(elements)),
            ),
            Fault::UnknownPolicy { name, nearest, known } => words(
                "unknown-policy",
                format!("the model has no policy `{name}`: there is no constant `on {name}`"),
                "unknown policy",
                meant(nearest).unwrap_or_else(|| match known.as_slice() {
                    [] => "the model declares no policy; set constants by name under [set]".to_owned(),
                    known => format!("the model has {}", few(known)),
                }),
            ),
            Fault::PolicyLacks { policy, setting, constant } => words(
                "policy-setting",
                format!("the policy `{policy}` has no {setting}: there is no constant `{constant}`"),
                "cannot be set",
                "leave it out, or set the constant you mean under [set]".to_owned(),
            ),
            Fault::UnknownScenario { name, nearest } => words(
                "unknown-scenario",
                format!("the study has no scenario `{name}`"),
                "unknown scenario",
                meant(nearest).unwrap_or_else(|| "list it under [[scenario]]".to_owned()),
            ),
            Fault::Structural { name } => words(
                "structural-constant",
                format!("`{name}` shapes the model's equations and cannot vary between runs"),
                "fixed",
                "set it under [set] of the study, for all runs alike".to_owned(),
            ),
            Fault::SetAndEstimated { name } => words(
                "set-and-estimated",
                format!("`{name}` is both set and estimated"),
                "also a [[parameter]]",
                "remove it from [set], or from the parameters".to_owned(),
            ),
            Fault::LeverRange { low, high } => words(
                "lever-range",
                format!("a lever that goes from {low} to {high} has no room"),
                "not above `from`",
                "let `to` be larger than `from`".to_owned(),
            ),
            Fault::NotAShare { key, value } => words(
                "not-a-share",
                format!("`{key}` is {value} and must lie between 0 and 1"),
                "not between 0 and 1",
                format!("write for example `{key} = 0.9`"),
            ),
            Fault::UnknownOutcome { name, nearest, known } => words(
                "unknown-outcome",
                format!("the study has no outcome `{name}`"),
                "unknown outcome",
                meant(nearest).unwrap_or_else(|| match known.as_slice() {
                    [] => "list it under [[outcome]] with a stretch: over = \"2014..2018\"".to_owned(),
                    known => format!("outcomes that are one number: {}", few(known)),
                }),
            ),
            Fault::NotOneNumber { name } => words(
                "not-one-number",
                format!("the outcome `{name}` is a path by year, where one number is needed"),
                "a path",
                "give an outcome a stretch: over = \"2014..2018\", and if you like take = \"peak\"".to_owned(),
            ),
            Fault::TakeNeedsLevel => words(
                "take-needs-level",
                "peaks, lows and times above a threshold are of levels or shares of levels".to_owned(),
                "not of this operator",
                "leave `operator` out, or write operator = \"level-end\" or \"share\"".to_owned(),
            ),
            Fault::TooManySwitches { count } => words(
                "too-many-switches",
                format!("an attribution can have 2 to 60 switches, this one has {count}"),
                "this many",
                "switch related policies together: Label = [\"one\", \"other\"]".to_owned(),
            ),
            Fault::NamedBaseline => words(
                "repeated-name",
                "a scenario is called `baseline`, which is the model as it stands".to_owned(),
                "taken",
                "give the scenario another `name`".to_owned(),
            ),
            Fault::SwitchOutsideRun { constant, time, start, stop } => words(
                "switch-outside-run",
                format!("`{constant}` is {time}, but the run goes from {start} to {stop}"),
                "outside the run",
                "choose a date within the run, or lengthen the run with `start` and `stop` of [run]; to leave a policy out, \
                 set `on = false`"
                    .to_owned(),
            ),
            Fault::WindowOutsideRun { text, start, stop } => words(
                "window-outside-run",
                format!("`{text}` reaches beyond the run, which goes from {start} to {stop}"),
                "outside the run",
                "shorten the window, or lengthen the run with `start` and `stop` of [run]".to_owned(),
            ),
            Fault::NoWholePeriod { text } => words(
                "no-whole-period",
                format!("`{text}` holds no whole year or unit of time, by which policies are compared"),
                "too short",
                "widen the window to a year at least".to_owned(),
            ),
            Fault::StepBeyondRun { step, start, stop } => words(
                "step-beyond-run",
                format!("a step of {step} is longer than the run from {start} to {stop}"),
                "too long",
                "choose a shorter step".to_owned(),
            ),
            Fault::UnknownFile { name, nearest, known } => words(
                "unknown-data-file",
                format!("[data] names no file `{name}`"),
                "unknown name",
                meant(nearest).unwrap_or_else(|| format!("[data] names {}", few(known))),
            ),
            Fault::UnknownSeries { series, file, nearest, known } => words(
                "unknown-series",
                format!("{} has no series `{series}`", file.display()),
                "unknown series",
                meant(nearest).unwrap_or_else(|| format!("it has {}", few(known))),
            ),
            Fault::EmptySeries { series, reason } => {
                let (message, help) = match reason {
                    EmptyReason::File => ("has no values in its file", "remove it from the study, or fill it"),
                    EmptyReason::Choice => {
                        ("has no values left", "widen `sources`, `from`, `until` or `drop`, or remove the series")
                    }
                    EmptyReason::Window => (
                        "has no values in the windows of the fit and the hold-out",
                        "widen `window` or `hold-out` of [fit]",
                    ),
                };
                words("empty-series", format!("`{series}` {message}"), "empty", help.to_owned())
            }
            Fault::TwoValues { series, period, sources } => words(
                "duplicate-observation",
                format!("`{series}` has two values for {period}, from {}", sources.join(" and ")),
                "which of the two?",
                "choose one with `sources = [\"…\"]`; two vendors are two observations".to_owned(),
            ),
            Fault::NotAPeriod { text, numbers } => words(
                "not-a-period",
                format!("`{text}` is not a {}", if *numbers { "time" } else { "date or period" }),
                "cannot be read",
                if *numbers {
                    "times of this study are plain numbers; a stretch is written 0..20".to_owned()
                } else {
                    "write 1990, 1990Q1, 1990-03 or 1990-03-15, and 1995..2016 for a stretch".to_owned()
                },
            ),
            Fault::EmptyWindow { text } => words(
                "empty-window",
                format!("`{text}` ends before it starts"),
                "no stretch of time",
                "write the earlier period first".to_owned(),
            ),
            Fault::NoStretch { series, periods } => words(
                "no-stretch",
                format!("`{series}` is a total or growth, but {} is an instant", few(periods)),
                "needs a stretch of time",
                "give the data periods with a start and an end, or observe a level or a cumulative total".to_owned(),
            ),
            Fault::GroupDiffers { group, first, reason } => words(
                "group-differs",
                format!("noise group `{group}` cannot hold this series beside `{first}`: {}", reason.words()),
                "in this group",
                "give the series a group of its own, or the same noise as the rest of the group".to_owned(),
            ),
            Fault::OutsideRun { series, periods, from, to, start, stop } => words(
                "outside-run",
                format!("`{series}` is observed in {}, which the run does not cover", few(periods)),
                &format!("needs times {from} to {to}; the run goes from {start} to {stop}"),
                "lengthen the run with `start` and `stop` of [run], or `drop` these periods".to_owned(),
            ),
            Fault::Converts { series, unit, wanted, reason } => words(
                "unit-not-convertible",
                format!("`{series}` is recorded in {unit}, which cannot be converted into {wanted}{reason}"),
                "in another unit",
                "state the unit of the data with `unit = \"…\"`, or what it is multiplied by with `factor = …`"
                    .to_owned(),
            ),
            Fault::UnreadableUnit { unit, reason } => words(
                "unreadable-unit",
                format!("`{unit}` is not a unit: {reason}"),
                "cannot be read",
                "write units as in the model: bn CNY/Year".to_owned(),
            ),
            Fault::NoUnit { series, wanted } => words(
                "no-unit",
                format!(
                    "the file does not say in which unit `{series}` is recorded; the model's quantity is in {wanted}"
                ),
                "unit unknown",
                "add `unit = \"…\"`".to_owned(),
            ),
            Fault::Misplaced { series, period, value, misplaced } => {
                let (kind, help) = match misplaced {
                    Misplaced::NotPositive => ("lognormal noise needs values above zero", "use kind = \"normal\""),
                    Misplaced::NotAShare => (
                        "this noise needs shares between 0 and 1",
                        "convert percentages with `unit = \"percent\"`, or use kind = \"normal\"",
                    ),
                    Misplaced::NotACount => {
                        ("this noise needs whole numbers, zero or above", "use kind = \"lognormal\"")
                    }
                };
                words(
                    "value-outside-noise",
                    format!("`{series}` is {value} in {period}, but {kind}"),
                    "not possible",
                    help.to_owned(),
                )
            }
            Fault::NoScale { series, period } => words(
                "no-noise-scale",
                format!("`scale` says nothing about `{series}` in {period}"),
                "not covered",
                "add the period, or a last entry such as \"2010..\" = 0.2".to_owned(),
            ),
            Fault::NoRate { series, rate, period } => words(
                "no-rate",
                format!("`{rate}` has no value for {period}, by which `{series}` is to be multiplied"),
                "missing there",
                "choose a series that covers the period, or drop the period".to_owned(),
            ),
            Fault::NotARatio => words(
                "not-a-ratio",
                "a share needs a quantity of the form `part / whole`".to_owned(),
                "no division at the top",
                "write the part, `/`, and the whole, with parentheses around sums".to_owned(),
            ),
            Fault::Process(fault) => fault.words(),
            Fault::Panel(fault) => fault.words(),
            Fault::NoBounds { parameter } => words(
                "no-bounds",
                format!("`{parameter}` has neither bounds nor a prior that could give them"),
                "without bounds",
                "add `bounds = [low, high]` or `prior = { … }`".to_owned(),
            ),
        }
    }
}

fn place_name(place: &str) -> &str {
    if place.is_empty() { "the file" } else { place }
}

fn meant(nearest: &Option<String>) -> Option<String> {
    nearest.as_ref().map(|nearest| format!("did you mean `{nearest}`?"))
}

/// Up to six names, and how many more there are.
fn few(names: &[String]) -> String {
    const SHOWN: usize = 6;
    let list = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => list,
        more => format!("{list} and {more} more"),
    }
}
