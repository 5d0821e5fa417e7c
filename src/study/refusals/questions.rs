//! What a study may not ask of its scenarios, outcomes and attributions, and what it is told of its units.

use super::{MODEL, OBSERVE, refused};
use crate::diagnostic::render;
use crate::study::{prepare, read_study};

#[test]
fn names_dates_windows_and_steps() {
    let study = "[run]\nstep = 30\n[compare]\nwindow = \"1990..2010\"\n\
                 [[scenario]]\nname = \"none\"\nset = { \"on campaign\" = 0 }\n\
                 [[scenario]]\nname = \"None\"\npolicy.campaign = { start = \"2031\" }\n\
                 [[scenario]]\nname = \"baseline\"\nset = { \"start campaign\" = 1990 }\n\
                 [[scenario]]\nname = \"last moment\"\nset = { \"start campaign\" = 2019.5 }\n";
    assert_eq!(
        refused("dates", study, &[]),
        r#"error[step-beyond-run]: a step of 30 is longer than the run from 2000 to 2020
 --> DIR/study.toml:5:8
  |
5 | step = 30
  |        ^^ too long
  |
  = help: choose a shorter step
error[window-outside-run]: `1990..2010` reaches beyond the run, which goes from 2000 to 2020
 --> DIR/study.toml:7:10
  |
7 | window = "1990..2010"
  |          ^^^^^^^^^^^^ outside the run
  |
  = help: shorten the window, or lengthen the run with `start` and `stop` of [run]
error[repeated-name]: two scenarios are called `None`
  --> DIR/study.toml:12:8
   |
 9 | name = "none"
   |        ------ first of that name
...
12 | name = "None"
   |        ^^^^^^ second of that name
   |
   = help: give each its own `name`
error[switch-outside-run]: `start campaign` is 2031, but the run goes from 2000 to 2020
  --> DIR/study.toml:13:29
   |
13 | policy.campaign = { start = "2031" }
   |                             ^^^^^^ outside the run
   |
   = help: choose a date within the run, or lengthen the run with `start` and `stop` of [run]; to leave a policy out, set `on = false`
error[repeated-name]: a scenario is called `baseline`, which is the model as it stands
  --> DIR/study.toml:15:8
   |
15 | name = "baseline"
   |        ^^^^^^^^^^ taken
   |
   = help: give the scenario another `name`
error[switch-outside-run]: `start campaign` is 1990, but the run goes from 2000 to 2020
  --> DIR/study.toml:16:9
   |
16 | set = { "start campaign" = 1990 }
   |         ^^^^^^^^^^^^^^^^ outside the run
   |
   = help: choose a date within the run, or lengthen the run with `start` and `stop` of [run]; to leave a policy out, set `on = false`
"#
    );
    assert_eq!(
        refused("short", "[compare]\nwindow = \"2005-03..2005-06\"\n", &[]),
        r#"error[no-whole-period]: `2005-03..2005-06` holds no whole year or unit of time, by which policies are compared
 --> DIR/study.toml:5:10
  |
5 | window = "2005-03..2005-06"
  |          ^^^^^^^^^^^^^^^^^^ too short
  |
  = help: widen the window to a year at least
"#
    );
}

/// What is said of a sound study whose units are in doubt.
#[test]
fn units_of_quantities_are_checked_and_missed() {
    let folder = std::env::temp_dir().join(format!("levada-study-{}-doubts", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let model = MODEL.replace("life= 5 ~ Year ~ Mean life. |", "life= 5 ~ ~ Mean life. |");
    std::fs::write(folder.join("m.mdl"), model).unwrap();
    let observe = |name: &str, quantity: &str| {
        format!(
            "[[observe]]\nname = \"{name}\"\nvalues = {{ \"2015\" = 1 }}\nunit = \"k firms\"\n\
             quantity = \"{quantity}\"\noperator = \"level-end\"\nnoise = {{ kind = \"normal\", scale = 1 }}\n"
        )
    };
    let text = format!(
        "title = \"T\"\nmodel = \"m.mdl\"\n{}{}",
        observe("lost", "firms/life"),
        observe("mixed", "firms + rate")
    );
    std::fs::write(folder.join("study.toml"), text).unwrap();
    let prepared = prepare(&read_study(&folder.join("study.toml")).unwrap(), None).unwrap();
    let in_study = |diagnostic: &&crate::diagnostic::Diagnostic| {
        diagnostic.source.as_ref().is_some_and(|source| source.path.ends_with("study.toml"))
    };
    let text: String = prepared.notes.iter().filter(in_study).map(render).collect();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(
        text.replace(&folder.display().to_string(), "DIR"),
        r#"warning[units-mismatch]: `firms` in k firms is added to `rate` in k firms/Year
  --> DIR/study.toml:14:21
   |
14 | quantity = "firms + rate"
   |             -----   ^^^^ k firms/Year
   |             |
   |             k firms
   |
   = help: multiply by a time constant in Year, or leave out a rate in 1/Year
warning[quantity-without-unit]: `lost` is recorded in k firms, but the model does not say in which unit `firms/life` is; no conversion
 --> DIR/study.toml:7:12
  |
7 | quantity = "firms/life"
  |            ^^^^^^^^^^^^ unit unknown
  |
  = help: declare units of these variables in the model, `Dmnl` for pure numbers
"#
    );
}

#[test]
fn instants_and_groups_of_noise() {
    let instant = OBSERVE.replace("file = \"d\"\n", "values = { \"2014.5\" = 3 }\nunit = \"k firms\"\n");
    assert_eq!(
        refused("instants", &instant, &[]),
        r#"error[no-stretch]: `New firms` is a total or growth, but `2014.5` is an instant
 --> DIR/study.toml:9:1
  |
9 | operator = "total"
  | ^^^^^^^^ needs a stretch of time
  |
  = help: give the data periods with a start and an end, or observe a level or a cumulative total
"#
    );
    let (head, _) = OBSERVE.split_once("noise").unwrap();
    let observe = |name: &str, noise: &str| {
        format!("{}series = \"founded\"\nsources = [\"A\"]\nnoise = {noise}\n", head.replace("New firms", name))
    };
    let estimated = |kind: &str, rate: u8| {
        format!(
            "{{ kind = \"{kind}\", scale = \"estimated\", prior = {{ kind = \"exponential\", rate = {rate} }}, \
             group = \"g\" }}"
        )
    };
    let study = [
        observe("First", &estimated("lognormal", 5)),
        observe("Second", &estimated("lognormal", 4)),
        observe("Third", &estimated("normal", 5)),
    ];
    let words = refused("groups", &study.concat(), &[]);
    let told: Vec<&str> = words.lines().filter(|line| line.starts_with("error")).collect();
    assert_eq!(
        told,
        [
            "error[group-differs]: noise group `g` cannot hold this series beside `First`: their priors of the scale differ",
            "error[group-differs]: noise group `g` cannot hold this series beside `First`: their noise is of different kinds",
        ]
    );
}

#[test]
fn outcomes_and_attributions() {
    let study = "[[outcome]]\nname = \"path\"\nquantity = \"firms\"\n\
                 [[outcome]]\nname = \"late\"\nquantity = \"firms\"\nover = \"2015..2025\"\n\
                 [[outcome]]\nname = \"peak\"\nquantity = \"founding\"\noperator = \"total\"\nover = \"2015\"\ntake = \"peak\"\n\
                 [[outcome]]\nname = \"above\"\nquantity = \"firms\"\ntake = \"time-above\"\nthreshold = 3\n\
                 [[attribution]]\nname = \"a\"\noutcomes = [\"path\", \"lat\"]\nswitches = { Campaign = \"campain\" }\n\
                 [sensitivity]\noutcomes = [\"late\"]\nscenarios = [\"peace\"]\n";
    assert_eq!(
        refused("above", study, &[]),
        r#"error[missing-key]: [[outcome]] needs the key `over`
  --> DIR/study.toml:17:1
   |
17 | [[outcome]]
   | ^^^^^^^^^^^ not in this table
   |
   = help: add `over = …`
"#
    );
    assert_eq!(
        refused("questions", &study.replace("threshold = 3", "threshold = 3\nover = \"2015\""), &[]),
        r#"error[window-outside-run]: `2015..2025` reaches beyond the run, which goes from 2000 to 2020
  --> DIR/study.toml:10:8
   |
10 | over = "2015..2025"
   |        ^^^^^^^^^^^^ outside the run
   |
   = help: shorten the window, or lengthen the run with `start` and `stop` of [run]
error[take-needs-level]: peaks, lows and times above a threshold are of levels or shares of levels
  --> DIR/study.toml:14:1
   |
14 | operator = "total"
   | ^^^^^^^^ not of this operator
   |
   = help: leave `operator` out, or write operator = "level-end" or "share"
error[too-many-switches]: an attribution can have 2 to 60 switches, this one has 1
  --> DIR/study.toml:24:8
   |
24 | name = "a"
   |        ^^^ this many
   |
   = help: switch related policies together: Label = ["one", "other"]
error[not-one-number]: the outcome `path` is a path by year, where one number is needed
  --> DIR/study.toml:25:13
   |
25 | outcomes = ["path", "lat"]
   |             ^^^^^^ a path
   |
   = help: give an outcome a stretch: over = "2014..2018", and if you like take = "peak"
error[unknown-outcome]: the study has no outcome `lat`
  --> DIR/study.toml:25:21
   |
25 | outcomes = ["path", "lat"]
   |                     ^^^^^ unknown outcome
   |
   = help: did you mean `late`?
error[unknown-policy]: the model has no policy `campain`: there is no constant `on campain`
  --> DIR/study.toml:26:25
   |
26 | switches = { Campaign = "campain" }
   |                         ^^^^^^^^^ unknown policy
   |
   = help: did you mean `campaign`?
error[unknown-scenario]: the study has no scenario `peace`
  --> DIR/study.toml:29:14
   |
29 | scenarios = ["peace"]
   |              ^^^^^^^ unknown scenario
   |
   = help: list it under [[scenario]]
"#
    );
}
