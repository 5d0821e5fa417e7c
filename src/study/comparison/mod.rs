//! `levada compare` and `levada sensitivity`: policies under every draw, which switch did how much, and what drives the
//! answer, each with its exhibits and a record beside the results.

mod attributed;
mod draws;
mod driven;
mod paths;
mod searched;
mod tables;

use super::calibration::Calibration;
use super::manifest::Hashed;
use super::opened::{Opened, open, pieces};
use super::outcomes::PreparedOutcome;
use super::progress::Progress;
use super::walk::{Order, measures};
use crate::compare::{Draws, Outcome, Panel, Policy, Question, Trial, columns, outcomes_of, refusal, with};
use crate::diagnostic::Diagnostic;
use crate::present::Exhibit;
use crate::series::write_text;
use crate::shard::Part;
use draws::Origin;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Draws and trials of a piece: enough to fill the lanes, few enough to be lost with little harm.
const DRAWS_AT_ONCE: usize = 128;
const TRIALS_AT_ONCE: usize = 1024;

/// What a comparison left behind.
#[derive(Debug)]
pub struct Compared {
    pub inquiry: Inquiry,
    pub title: String,
    pub folder: PathBuf,
    /// The tables to look at first, as text.
    pub shown: Vec<String>,
    pub outputs: Vec<Hashed>,
    pub notes: Vec<Diagnostic>,
}

/// The record of a comparison.
#[derive(Serialize)]
struct Record<'a> {
    program: &'a str,
    version: &'a str,
    /// Of every input.
    hash: &'a str,
    draws: usize,
    draws_from: &'a str,
    runs: usize,
    /// Seconds that the runs took.
    seconds: f64,
    outputs: &'a [Hashed],
}

/// What the exhibits of a comparison are made from.
struct Bench<'a> {
    opened: &'a Opened,
    draws: &'a Draws,
    origin: Origin,
    /// Constants that hold in every run, the estimates among them.
    fixed: Vec<(String, f64)>,
    /// Outcomes that are one number.
    outcomes: Vec<Outcome>,
    policies: Vec<Policy>,
    stop: &'a AtomicBool,
    progress: &'a (dyn Fn(Progress) + Sync),
}

/// Exhibits by folder, what to show first, and how many runs they took.
#[derive(Default)]
struct Made {
    exhibits: Vec<(&'static str, Exhibit)>,
    shown: Vec<String>,
    notes: Vec<Diagnostic>,
    runs: usize,
}

/// What is asked of a study's policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inquiry {
    /// Every scenario under every draw, and which switch did how much.
    Policies,
    /// Which inputs drive the outcomes that the study's `[sensitivity]` names.
    Drivers,
    /// Which policies the study's searches find.
    Search,
}

impl Inquiry {
    /// The command that asks it.
    pub fn verb(self) -> &'static str {
        match self {
            Inquiry::Policies => "compare",
            Inquiry::Drivers => "sensitivity",
            Inquiry::Search => "search",
        }
    }

    fn record(self) -> &'static str {
        match self {
            Inquiry::Policies => "comparison",
            Inquiry::Drivers => "sensitivity",
            Inquiry::Search => "search",
        }
    }
}

/// Draws under which policies are run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub count: usize,
    /// Those of the sampler go before the approximation, where they stand beside the results.
    pub sampled: bool,
}

/// Answers one inquiry by itself, or the share of it that one shard is, with `count` draws or as many as the study says.
///
/// # Errors
/// Every fault of the files, or what kept the work from ending; a shard always ends in the note that it is done.
pub fn ask(
    order: &Order,
    part: Part,
    inquiry: Inquiry,
    count: Option<usize>,
    stop: &AtomicBool,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Compared, Vec<Diagnostic>> {
    progress(Progress::Step("reading study, model and data"));
    let opened = Opened { part, ..open(order)? };
    let _held = opened.try_folder()?;
    let calibration = opened.calibrate(stop, progress)?;
    let wanted = Wanted { count: count.unwrap_or(opened.study.compare.draws), sampled: true };
    inquire(&opened, calibration.as_ref(), inquiry, wanted, stop, progress)
}

/// What a study asks of its policies, as steps of the whole walk. Without draws a comparison says what the figures at the
/// estimates say already, unless it attributes or has numbers.
pub(super) fn inquiries(opened: &Opened, calibration: Option<&Calibration>) -> Vec<Inquiry> {
    let prepared = &opened.prepared;
    let numbers = prepared.outcomes.iter().any(|outcome| outcome.number.is_some());
    let several = prepared.scenarios.len() > 1 && !prepared.outcomes.is_empty();
    let compared = several && (calibration.is_some() || numbers) || !prepared.attributions.is_empty();
    let driven = opened.study.sensitivity.is_some() && calibration.is_some();
    let searched = !prepared.searches.is_empty();
    let asked = [(Inquiry::Policies, compared), (Inquiry::Drivers, driven), (Inquiry::Search, searched)];
    asked.into_iter().filter(|(_, asked)| *asked).map(|(inquiry, _)| inquiry).collect()
}

fn make(bench: &Bench, inquiry: Inquiry) -> Result<Made, Vec<Diagnostic>> {
    match inquiry {
        Inquiry::Drivers => return driven::made(bench),
        Inquiry::Search => return searched::made(bench),
        Inquiry::Policies => {}
    }
    let mut made = paths::made(bench)?;
    for attribution in &bench.opened.prepared.attributions {
        let more = attributed::made(bench, attribution)?;
        made.exhibits.extend(more.exhibits);
        made.notes.extend(more.notes);
        made.shown.extend(more.shown);
        made.runs += more.runs;
    }
    Ok(made)
}

/// Answers one inquiry into the folder of results.
pub(super) fn inquire(
    opened: &Opened,
    calibration: Option<&Calibration>,
    inquiry: Inquiry,
    wanted: Wanted,
    stop: &AtomicBool,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Compared, Vec<Diagnostic>> {
    let (draws, origin) = draws::draws(opened, calibration, wanted);
    let estimated = calibration.map_or(&[][..], |calibration: &Calibration| &calibration.constants);
    let prepared = &opened.prepared;
    let policies = prepared.scenarios.iter().map(|scenario| Policy {
        name: scenario.name.clone(),
        title: scenario.title.clone(),
        settings: scenario.settings.clone(),
    });
    let bench = Bench {
        opened,
        draws: &draws,
        origin,
        fixed: with(&prepared.design.overrides, estimated),
        outcomes: prepared.outcomes.iter().filter_map(number).collect(),
        policies: policies.collect(),
        stop,
        progress,
    };
    let begun = Instant::now();
    let made = make(&bench, inquiry)?;
    opened.ends_here()?;
    let seconds = begun.elapsed().as_secs_f64();
    progress(Progress::Step("writing figures and tables"));
    let mut outputs = Vec::new();
    let mut shown = Vec::new();
    for (place, exhibit) in &made.exhibits {
        for (file, bytes) in exhibit.placed(Path::new(place)) {
            outputs.push(Hashed::write(&opened.folder, file, bytes)?);
        }
        if made.shown.contains(&exhibit.name) {
            shown.extend(exhibit.file("txt").map(|bytes| String::from_utf8_lossy(bytes).into_owned()));
        }
    }
    let record = Record {
        program: "levada",
        version: env!("CARGO_PKG_VERSION"),
        hash: &opened.hash,
        draws: draws.count(),
        draws_from: origin.words(),
        runs: made.runs,
        seconds,
        outputs: &outputs,
    };
    let text = serde_json::to_string_pretty(&record).unwrap_or_default();
    let file = opened.folder.join("steps").join(format!("{}.json", inquiry.record()));
    write_text(&file, &format!("{text}\n")).map_err(|fault| vec![fault.diagnostic()])?;
    let warnings = made.exhibits.iter().flat_map(|(_, exhibit)| exhibit.warnings.clone());
    let notes = origin.doubt().into_iter().chain(made.notes).chain(warnings).collect();
    Ok(Compared { inquiry, title: opened.study.title.clone(), folder: opened.folder.clone(), shown, outputs, notes })
}

/// An outcome that is one number.
fn number(outcome: &PreparedOutcome) -> Option<Outcome> {
    let (windows, take) = outcome.number.clone()?;
    Some(Outcome {
        name: outcome.name.clone(),
        title: outcome.title.clone(),
        unit: outcome.unit.clone(),
        gauge: outcome.gauge.clone(),
        factor: outcome.factor,
        windows,
        take,
    })
}

impl Bench<'_> {
    /// All policies under all draws.
    fn panel(&self) -> Result<Panel, Vec<Diagnostic>> {
        let prepared = &self.opened.prepared;
        let measures = measures(prepared);
        let question = Question {
            policies: &self.policies,
            measures: &measures,
            windows: &prepared.windows,
            outcomes: &self.outcomes,
        };
        let (settings, draws) = (&prepared.design.settings, self.draws);
        let key = format!("{question:?} {:?} {draws:?}", self.fixed);
        let count = draws.count();
        let stage = self.opened.stage("panel", &key, count.div_ceil(DRAWS_AT_ONCE));
        let some = |piece: u64| {
            let first = piece as usize * DRAWS_AT_ONCE;
            let chosen = first..(first + DRAWS_AT_ONCE).min(count);
            columns(&prepared.checked, &self.fixed, settings, &question, draws, chosen, self.stop, &|_| {})
                .map_err(refusal)
        };
        Ok(Panel::of(&question, pieces(&stage, self.stop, &|done, of| self.told(done, of), &some)?))
    }

    /// Outcomes of many trials under these draws: `[trial][outcome]`, NaN where a run failed.
    fn outcomes_of(
        &self,
        name: &str,
        outcomes: &[Outcome],
        draws: &Draws,
        trials: &[Trial],
    ) -> Result<Vec<Vec<f64>>, Vec<Diagnostic>> {
        let prepared = &self.opened.prepared;
        let key = format!("{outcomes:?} {:?} {draws:?} {trials:?}", self.fixed);
        let stage = self.opened.stage(name, &key, trials.len().div_ceil(TRIALS_AT_ONCE));
        let some = |piece: u64| {
            let first = piece as usize * TRIALS_AT_ONCE;
            let chosen = &trials[first..(first + TRIALS_AT_ONCE).min(trials.len())];
            let settings = &prepared.design.settings;
            outcomes_of(&prepared.checked, &self.fixed, settings, outcomes, draws, chosen, self.stop, &|_| {})
                .map_err(refusal)
        };
        let all: Vec<Vec<Vec<f64>>> = pieces(&stage, self.stop, &|done, of| self.told(done, of), &some)?;
        Ok(all.into_iter().flatten().collect())
    }

    fn told(&self, done: u64, of: u64) {
        (self.progress)(Progress::Share(done as f64 / of.max(1) as f64));
    }

    /// The sentence under every exhibit.
    fn source(&self) -> String {
        match self.origin {
            Origin::Point => "One run at the estimates; no bands.".to_owned(),
            origin => format!("{} {}, the same for every policy.", self.draws.count(), origin.words()),
        }
    }
}

fn undrawn(refusal: crate::present::Refusal) -> Vec<Diagnostic> {
    vec![refusal.diagnostic()]
}

#[cfg(test)]
mod tests {
    use super::{Inquiry, ask};
    use crate::diagnostic::{Diagnostic, render};
    use crate::shard::Part;
    use crate::study::Order;
    use crate::study::tutorial::tutorial;
    use std::path::Path;
    use std::sync::atomic::AtomicBool;

    const QUESTIONS: &str = "
[[scenario]]
name = \"the same again\"
[[scenario]]
name = \"long lives\"
set = { \"death rate\" = 0.6 }
[[outcome]]
name = \"most hares\"
quantity = \"hare\"
over = \"1905..1914\"
take = \"peak\"
[[outcome]]
name = \"lynx later\"
quantity = \"lynx\"
operator = \"mean\"
over = \"1905..1914\"
[[attribution]]
name = \"lynx later\"
outcomes = [\"lynx later\", \"most hares\"]
switches = { Bounty = \"lynx bounty\", Birth = \"birth rate\", Conversion = \"conversion\" }
draws = 5
[sensitivity]
outcomes = [\"lynx later\"]
scenarios = [\"long lives\"]
points = 16
walks = 3
";

    fn order(folder: &Path, out: &str) -> Order {
        Order { study: folder.join("study.toml"), out: Some(folder.join(out)), quick: true }
    }

    fn words(found: Vec<Diagnostic>) -> String {
        found.iter().map(render).collect()
    }

    /// Rows of a table of results, by the names in its head.
    fn rows(folder: &Path, table: &str) -> Vec<std::collections::HashMap<String, String>> {
        let mut reader = csv::Reader::from_path(folder.join("tables").join(format!("{table}.csv"))).unwrap();
        reader.deserialize().map(|row| row.unwrap()).collect()
    }

    #[test]
    fn draws_are_paired_parts_sum_up_and_threads_change_no_byte() {
        let folder = tutorial("paired", QUESTIONS);
        let on = |threads, out: &str| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let stop = AtomicBool::new(false);
            pool.install(|| ask(&order(&folder, out), Part::Whole, Inquiry::Policies, Some(40), &stop, &|_| {}))
                .map_err(words)
                .unwrap()
        };
        let one = on(1, "one");
        assert_eq!(on(3, "three").outputs, one.outputs);
        let out = folder.join("one");
        let pairs = rows(&out, "pairs");
        let of = |a: &str, b: &str| pairs.iter().find(|row| row["A"] == a && row["B"] == b).unwrap();
        // What changes nothing differs in no draw, and beats the baseline in half of them by the rule of ties.
        let same = of("the same again", "Baseline");
        assert_eq!((same["A less B"].as_str(), same["P(A > B)"].as_str()), ("0", "0.5"));
        let longer = of("long lives", "Baseline");
        assert!(longer["A less B"].parse::<f64>().unwrap() < 0.0, "{longer:?}");
        let text = std::fs::read_to_string(out.join("tables/attribution-lynx-later.txt")).unwrap();
        assert!(text.contains("All 8 combinations of 3 switches under 5 draws"), "{text}");
        let gap = text.split_once("within ").unwrap().1.split_once(' ').unwrap().0;
        assert!(gap.parse::<f64>().unwrap() < 1e-12, "{text}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn drivers_are_found_for_levels_and_for_differences() {
        let folder = tutorial("drivers", QUESTIONS);
        let done =
            ask(&order(&folder, "out"), Part::Whole, Inquiry::Drivers, Some(30), &AtomicBool::new(false), &|_| {});
        let done = done.map_err(words).unwrap();
        assert!(done.shown[0].contains("less baseline"), "{}", done.shown[0]);
        assert!(done.shown[1].starts_with("What would have to be true"), "{}", done.shown[1]);
        let rows = rows(&folder.join("out"), "sensitivity");
        assert_eq!(rows.len(), 2 * 6);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    /// Names are the author's, places are not: none leads out of the folder of results.
    #[test]
    fn names_do_not_lead_out_of_the_folder_of_results() {
        let questions = QUESTIONS
            .replace("long lives", "../../../long lives")
            .replace("\"lynx later\"", "\"/../lynx later\"")
            .replace("the same again", "..");
        let folder = tutorial("out-of-it", &questions);
        let before: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        let done =
            ask(&order(&folder, "out"), Part::Whole, Inquiry::Policies, Some(8), &AtomicBool::new(false), &|_| {});
        let done = done.map_err(words).unwrap();
        let plain = |output: &crate::study::Hashed| {
            output.file.components().all(|c| matches!(c, std::path::Component::Normal(_)))
        };
        assert!(done.outputs.len() > 5 && done.outputs.iter().all(plain));
        let after = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let new: Vec<_> = after.filter(|path| !before.contains(path)).collect();
        assert_eq!(new, [folder.join("out")]);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn comparisons_in_shards_give_the_bytes_of_the_whole() {
        let folder = tutorial("parts-compared", QUESTIONS);
        let stop = AtomicBool::new(false);
        // Calibration, panel and attribution; calibration, two designs, draws and single inputs.
        for (inquiry, draws, passes, of) in [(Inquiry::Policies, 300, 3, 2), (Inquiry::Drivers, 30, 5, 3)] {
            let run = |out: &str, part| ask(&order(&folder, out), part, inquiry, Some(draws), &stop, &|_| {});
            let out = format!("parts-{}", inquiry.verb());
            for _ in 0..passes {
                for index in (0..of).rev() {
                    assert_eq!(run(&out, Part::Shard { index, of }).unwrap_err()[0].code, crate::study::SHARD_DONE);
                }
            }
            let merged = run(&out, Part::Merge { of }).map_err(words).unwrap();
            assert_eq!(
                merged.outputs,
                run(&format!("whole-{}", inquiry.verb()), Part::Whole).map_err(words).unwrap().outputs
            );
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    const MODEL: &str = "{UTF-8}
arriving= size*(5 + MODULO(Time, 3)) ~ k firms/Year ~ In. |
size= 1 ~ k firms/Year ~ Of the inflow. |
order= 3 ~ Dmnl ~ Of the delay: it shapes the equations. |
leaving= DELAY N(arriving, mean stay, arriving, order) ~ k firms/Year ~ Out. |
mean stay= 2 ~ Year ~ Of the delay. |
firms= INTEG (arriving - leaving, 10) ~ k firms ~ All. |
INITIAL TIME= 2000 ~ Year ~ |
FINAL TIME= 2010 ~ Year ~ |
TIME STEP= 0.125 ~ Year ~ |
SAVEPER= 1 ~ Year ~ |
";

    const STUDY: &str = "title = \"T\"
model = \"m.mdl\"
[run]
method = \"rk4\"
[[scenario]]
name = \"first order\"
set = { order = 1 }
[[scenario]]
name = \"half the size\"
set = { size = 0.5 }
[[outcome]]
name = \"firms\"
quantity = \"firms\"
[[outcome]]
name = \"left\"
quantity = \"leaving\"
operator = \"total\"
over = \"2003..2009\"
[[outcome]]
name = \"worth of leaving\"
quantity = \"leaving\"
over = \"2003..2009\"
take = \"present-value\"
rate = 0
";

    /// Lanes, draws and programs of other shapes give what single runs give.
    #[test]
    fn what_lanes_give_is_what_single_runs_give() {
        let folder = std::env::temp_dir().join(format!("levada-compare-{}-lanes", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("m.mdl"), MODEL).unwrap();
        std::fs::write(folder.join("study.toml"), STUDY).unwrap();
        let study = crate::study::read_study(&folder.join("study.toml")).map_err(words).unwrap();
        let prepared = crate::study::prepare(&study, None).map_err(words).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        let policy = |scenario: &crate::study::PreparedScenario| crate::compare::Policy {
            name: scenario.name.clone(),
            title: scenario.title.clone(),
            settings: scenario.settings.clone(),
        };
        let policies: Vec<_> = prepared.scenarios.iter().map(policy).collect();
        let measures = crate::study::walk::measures(&prepared);
        let outcomes: Vec<_> = prepared.outcomes.iter().filter_map(super::number).collect();
        let (settings, windows) = (&prepared.design.settings, &prepared.windows);
        let question =
            crate::compare::Question { policies: &policies, measures: &measures, windows, outcomes: &outcomes };
        // Forty draws of one constant, the last of which is the model's own.
        let values = (0..40).map(|k| vec![1.0 + 0.0625 * f64::from(39 - k)]).collect();
        let draws = crate::compare::Draws { constants: vec!["size".to_owned()], values };
        let stop = AtomicBool::new(false);
        let panel = crate::compare::panel(&prepared.checked, &[], settings, &question, &draws, &stop, &|_| {});
        let panel = panel.map_err(crate::compare::refusal).map_err(words).unwrap();
        let single = crate::compare::compare(&prepared.checked, &[], settings, &policies, &measures, windows).unwrap();
        for policy in 0..policies.len() {
            for window in 0..windows.len() {
                let levels = panel.levels(policy, 0, window);
                let expected = single.levels[policy][0][window];
                // What a scenario sets goes before the draws.
                assert!(
                    (levels[39] - expected).abs() < 1e-12 * expected.abs(),
                    "{policy} {window}: {levels:?} {expected}"
                );
            }
            // Undiscounted, a present value is the total.
            let (total, worth) = (panel.outcome(policy, 0), panel.outcome(policy, 1));
            assert!(total.iter().zip(&worth).all(|(a, b)| (a - b).abs() < 1e-9 * a.abs()), "{policy}");
        }
        // The delay of another order is another path.
        assert!((panel.levels(1, 0, 5)[20] - panel.levels(0, 0, 5)[20]).abs() > 1e-3);
        assert_eq!(panel.levels(2, 0, 5)[0], panel.levels(2, 0, 5)[39]);
        let shaped = crate::compare::Draws { constants: vec!["order".to_owned()], values: vec![vec![1.0], vec![3.0]] };
        let refused = crate::compare::panel(&prepared.checked, &[], settings, &question, &shaped, &stop, &|_| {});
        assert_eq!(
            words(crate::compare::refusal(refused.unwrap_err())),
            "error[structural-constant]: `order` shapes the model's equations and cannot vary between draws\n |\n = help: leave it \
             out of the draws; scenarios may set it\n"
        );
    }
}
