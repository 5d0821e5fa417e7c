//! Everything that can be wrong with a study, its data and its scenarios, in exact words.

mod questions;
mod structure;

use super::{prepare, read_study};
use crate::diagnostic::render;
use std::path::PathBuf;

const MODEL: &str = "{UTF-8}
cohort: elite, grassroots ~~|
firms= INTEG (founding - firms/life, initial firms) ~ k firms ~ All. |
founding= rate*(1 + pol campaign)*SUM(share[cohort!]) ~ k firms/Year ~ New. |
pol campaign= on campaign*MIN(1, MAX(0, (Time - start campaign)/ramp campaign)) ~ Dmnl ~ Force. |
on campaign= 1 ~ Dmnl ~ Switch. |
start campaign= 2014 ~ Year ~ Start. |
ramp campaign= 1 ~ Year ~ Ramp. |
rate= 2 ~ k firms/Year ~ Founding without campaign. |
share[cohort]= 0.4, 0.6 ~ Dmnl ~ Of each cohort. |
life= 5 ~ Year ~ Mean life. |
initial firms= 10 ~ k firms ~ At the start. |
INITIAL TIME= 2000 ~ Year ~ |
FINAL TIME= 2020 ~ Year ~ |
TIME STEP= 0.25 ~ Year ~ |
SAVEPER= 1 ~ Year ~ |
";

const DATA: &str = "series,period_start,period_end,value,unit,source_id
founded,2014,2014,2.5,k firms,A
founded,2015,2015,3000,firms,A
founded,2015,2015,2900,firms,B
late,2021,2021,3,k firms,A
closed,2015,2015,.,k firms,A
negative,2015,2015,-1,k firms,A
money,2015,2015,3,bn CNY,A
strange,2015,2015,3,k firms//,A
plain,2015,2015,3,,A
";

const OBSERVE: &str = "[[observe]]\nname = \"New firms\"\nfile = \"d\"\nquantity = \"founding\"\noperator = \"total\"\n\
                       noise = { kind = \"lognormal\", scale = 0.1 }\n";

/// A folder with a model, data and the files given, and what is said of its study.
fn refused(name: &str, study: &str, files: &[(&str, &str)]) -> String {
    refused_with(name, "m.mdl", study, files)
}

fn refused_with(name: &str, model: &str, study: &str, files: &[(&str, &str)]) -> String {
    let folder = std::env::temp_dir().join(format!("levada-study-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |file: &str, text: &str| std::fs::write(folder.join(file), text).unwrap();
    write("m.mdl", MODEL);
    write("d.csv", DATA);
    files.iter().for_each(|(file, text)| write(file, text));
    write("study.toml", &format!("title = \"T\"\nmodel = \"{model}\"\ndata = {{ d = \"d.csv\" }}\n{study}"));
    let path: PathBuf = folder.join("study.toml");
    let found = read_study(&path).and_then(|study| prepare(&study, None));
    let text: String = found.err().iter().flatten().map(render).collect();
    std::fs::remove_dir_all(&folder).unwrap();
    text.replace(&folder.display().to_string(), "DIR")
}

#[test]
fn a_sound_study_is_not_refused() {
    let study = format!(
        "{OBSERVE}series = \"founded\"\nsources = [\"A\"]\n[[parameter]]\nname = \"share[elite]\"\nbounds = [0, 1]\n\
         [[scenario]]\nname = \"none\"\npolicy.campaign = {{ on = false, start = \"2015\" }}\n"
    );
    assert_eq!(refused("sound", &study, &[]), "");
}

#[test]
fn files_that_are_not_there() {
    assert_eq!(
        refused_with("no-model", "n.mdl", "", &[]),
        r#"error[file-not-found]: there is no file DIR/n.mdl
 --> DIR/study.toml:2:9
  |
2 | model = "n.mdl"
  |         ^^^^^^^ named here
  |
  = help: did you mean DIR/m.mdl?
"#
    );
    let study = format!("{OBSERVE}series = \"founded\"\n").replace("\"d\"", "\"e\"");
    assert_eq!(
        refused("no-data", &study, &[]),
        r#"error[unknown-data-file]: [data] names no file `e`
 --> DIR/study.toml:6:8
  |
6 | file = "e"
  |        ^^^ unknown name
  |
  = help: did you mean `d`?
"#
    );
    let study =
        format!("{OBSERVE}series = \"founded\"\n[[scenario]]\nfile = \"peace.toml\"\n").replace("\"d\"", "\"f.csv\"");
    assert_eq!(
        refused("no-file", &study, &[("pease.toml", "")]),
        r#"error[file-not-found]: there is no file DIR/f.csv
 --> DIR/study.toml:6:8
  |
6 | file = "f.csv"
  |        ^^^^^^^ named here
  |
  = help: did you mean DIR/d.csv?
error[file-not-found]: there is no file DIR/peace.toml
  --> DIR/study.toml:12:8
   |
12 | file = "peace.toml"
   |        ^^^^^^^^^^^^ named here
   |
   = help: did you mean DIR/pease.toml?
"#
    );
}

#[test]
fn scenarios() {
    let scenario = "[[scenario]]\nfile = \"s.toml\"\n";
    let unknown = "[policy.campain]\non = true\nstart = 2015\n[policy.campaign]\nend = \"2016\"\nstart = \"soon\"\n\
                   [set]\n\"lief\" = 3\nfounding = 2\nshare = 0.5\n";
    assert_eq!(
        refused("policy", scenario, &[("s.toml", unknown)]),
        r#"error[not-a-period]: `soon` is not a date or period
 --> DIR/s.toml:6:9
  |
6 | start = "soon"
  |         ^^^^^^ cannot be read
  |
  = help: write 1990, 1990Q1, 1990-03 or 1990-03-15, and 1995..2016 for a stretch
"#
    );
    let known = unknown.replace("\"soon\"", "2014");
    assert_eq!(
        refused("constant", scenario, &[("s.toml", &known)]),
        r#"error[unknown-policy]: the model has no policy `campain`: there is no constant `on campain`
 --> DIR/s.toml:1:9
  |
1 | [policy.campain]
  |         ^^^^^^^ unknown policy
  |
  = help: did you mean `campaign`?
error[policy-setting]: the policy `campaign` has no end: there is no constant `end campaign`
 --> DIR/s.toml:5:7
  |
5 | end = "2016"
  |       ^^^^^^ cannot be set
  |
  = help: leave it out, or set the constant you mean under [set]
error[unknown-constant]: the model has no constant `lief`
 --> DIR/s.toml:8:1
  |
8 | "lief" = 3
  | ^^^^^^ unknown name
  |
  = help: did you mean `life`?
error[not-a-constant]: `founding` is computed by an equation and cannot be set
 --> DIR/s.toml:9:1
  |
9 | founding = 2
  | ^^^^^^^^ not a constant
  |
  = help: set the constants that its equation uses
error[which-element]: `share` does not name one element of the constant
  --> DIR/s.toml:10:1
   |
10 | share = 0.5
   | ^^^^^ which element?
   |
   = help: write one of `share[elite]`, `share[grassroots]`
"#
    );
    let circle = [("s.toml", "extends = \"t.toml\"\n"), ("t.toml", "extends = \"s.toml\"\n")];
    assert_eq!(
        refused("circle", scenario, &circle),
        r#"error[scenario-cycle]: scenarios extend one another in a circle: s.toml -> t.toml -> s.toml
 --> DIR/t.toml:1:11
  |
1 | extends = "s.toml"
  |           ^^^^^^^^ comes back here
  |
  = help: let one of them stand by itself
"#
    );
    assert_eq!(
        refused("parent", scenario, &[("s.toml", "extends = \"t.toml\"\ntitel = \"x\"\n")]),
        r#"error[unknown-key]: the file has no key `titel`
 --> DIR/s.toml:2:1
  |
2 | titel = "x"
  | ^^^^^ unknown key
  |
  = help: did you mean `title`?
error[file-not-found]: there is no file DIR/t.toml
 --> DIR/s.toml:1:11
  |
1 | extends = "t.toml"
  |           ^^^^^^^^ named here
  |
  = help: did you mean DIR/s.toml?
"#
    );
}

#[test]
fn series() {
    let observe = |series: &str| format!("{OBSERVE}series = \"{series}\"\n");
    assert_eq!(
        refused("twice", &observe("founded"), &[]),
        r#"error[duplicate-observation]: `founded` has two values for 2015, from A and B
  --> DIR/study.toml:10:10
   |
10 | series = "founded"
   |          ^^^^^^^^^ which of the two?
   |
   = help: choose one with `sources = ["…"]`; two vendors are two observations
"#
    );
    assert_eq!(
        refused("unknown", &observe("foundet"), &[]),
        r#"error[unknown-series]: d.csv has no series `foundet`
  --> DIR/study.toml:10:10
   |
10 | series = "foundet"
   |          ^^^^^^^^^ unknown series
   |
   = help: did you mean `founded`?
"#
    );
    assert_eq!(
        refused("empty", &observe("closed"), &[]),
        r#"error[empty-series]: `closed` has no values in its file
  --> DIR/study.toml:10:10
   |
10 | series = "closed"
   |          ^^^^^^^^ empty
   |
   = help: remove it from the study, or fill it
"#
    );
    assert_eq!(
        refused("left", &format!("{}from = \"2016\"\n", observe("founded")), &[]),
        r#"error[empty-series]: `founded` has no values left
  --> DIR/study.toml:10:10
   |
10 | series = "founded"
   |          ^^^^^^^^^ empty
   |
   = help: widen `sources`, `from`, `until` or `drop`, or remove the series
"#
    );
    assert_eq!(
        refused("window", &format!("{}[fit]\nwindow = \"2001..2003\"\n", observe("money")), &[]),
        r#"error[unit-not-convertible]: `New firms` is recorded in bn CNY, which cannot be converted into k firms
 --> DIR/study.toml:5:8
  |
5 | name = "New firms"
  |        ^^^^^^^^^^^ in another unit
  |
  = help: state the unit of the data with `unit = "…"`, or what it is multiplied by with `factor = …`
"#
    );
    assert_eq!(
        refused("late", &observe("late"), &[]),
        r#"error[outside-run]: `New firms` is observed in `2021`, which the run does not cover
 --> DIR/study.toml:5:8
  |
5 | name = "New firms"
  |        ^^^^^^^^^^^ needs times 2021 to 2022; the run goes from 2000 to 2020
  |
  = help: lengthen the run with `start` and `stop` of [run], or `drop` these periods
"#
    );
    assert_eq!(
        refused("negative", &observe("negative"), &[]),
        r#"error[value-outside-noise]: `New firms` is -1 in 2015, but lognormal noise needs values above zero
 --> DIR/d.csv:7:20
  |
7 | negative,2015,2015,-1,k firms,A
  |                    ^^ not possible
  |
  = help: use kind = "normal"
"#
    );
    assert_eq!(
        refused("strange", &observe("strange"), &[]),
        r#"error[unreadable-unit]: `k firms//` is not a unit: a unit name is missing here
 --> DIR/study.toml:5:8
  |
5 | name = "New firms"
  |        ^^^^^^^^^^^ cannot be read
  |
  = help: write units as in the model: bn CNY/Year
"#
    );
    assert_eq!(
        refused("plain", &observe("plain"), &[]),
        r#"error[no-unit]: the file does not say in which unit `New firms` is recorded; the model's quantity is in k firms
 --> DIR/study.toml:5:8
  |
5 | name = "New firms"
  |        ^^^^^^^^^^^ unit unknown
  |
  = help: add `unit = "…"`
"#
    );
    let bad_file = [("d.csv", "series,period,value\nfounded,2015,3\nfounded,2016,three\n")];
    assert_eq!(
        refused("bad-file", &observe("founded"), &bad_file),
        r#"error[no-unit]: the file does not say in which unit `New firms` is recorded; the model's quantity is in k firms
 --> DIR/study.toml:5:8
  |
5 | name = "New firms"
  |        ^^^^^^^^^^^ unit unknown
  |
  = help: add `unit = "…"`
error[not-a-number]: `three` is not a number
 --> DIR/d.csv:3:14
  |
3 | founded,2016,three
  |              ^^^^^ expected a number
  |
  = help: leave the cell empty, or write . or NA, where the value is missing
"#
    );
}

#[test]
fn quantities_noise_and_periods() {
    let here = OBSERVE.replace("file = \"d\"\n", "");
    let study =
        here.replace("founding", "foundings*shaer[elite]").replace("scale = 0.1", "scale = { \"2016..\" = 0.1 }");
    let study = format!(
        "{study}values = {{ \"2016\" = 1 }}\nunit = \"k firms\"\n\
         [[outcome]]\nname = \"o\"\nquantity = \"firms\"\noperator = \"share\"\n\
         [fit]\nwindow = \"2016..2015\"\n[exhibits]\nshade = [\"campaing\"]\ncounterfactuals = [\"basline\"]\n"
    );
    assert_eq!(
        refused("quantity", &study, &[]),
        r#"error[not-a-ratio]: a share needs a quantity of the form `part / whole`
  --> DIR/study.toml:13:12
   |
13 | quantity = "firms"
   |            ^^^^^^^ no division at the top
   |
   = help: write the part, `/`, and the whole, with parentheses around sums
error[empty-window]: `2016..2015` ends before it starts
  --> DIR/study.toml:16:10
   |
16 | window = "2016..2015"
   |          ^^^^^^^^^^^^ no stretch of time
   |
   = help: write the earlier period first
error[unknown-policy]: the model has no policy `campaing`: there is no constant `on campaing`
  --> DIR/study.toml:18:10
   |
18 | shade = ["campaing"]
   |          ^^^^^^^^^^ unknown policy
   |
   = help: did you mean `campaign`?
error[unknown-scenario]: the study has no scenario `basline`
  --> DIR/study.toml:19:20
   |
19 | counterfactuals = ["basline"]
   |                    ^^^^^^^^^ unknown scenario
   |
   = help: did you mean `baseline`?
error[unknown-name]: `foundings` is not defined
 --> DIR/study.toml:6:13
  |
6 | quantity = "foundings*shaer[elite]"
  |             ^^^^^^^^^ used here
  |
  = help: did you mean `founding`?
error[unknown-name]: `shaer` is not defined
 --> DIR/study.toml:6:23
  |
6 | quantity = "foundings*shaer[elite]"
  |                       ^^^^^^^^^^^^ used here
  |
  = help: did you mean `share`?
"#
    );
    let study =
        format!("{here}values = {{ \"2015\" = 1 }}\nunit = \"k firms\"\n").replace("founding", "share + rate[elite]");
    assert_eq!(
        refused("subscripts", &study, &[]),
        r#"error[subscript-count]: `share` has one subscript, none is given
 --> DIR/study.toml:6:13
  |
6 | quantity = "share + rate[elite]"
  |             ^^^^^ here
  |
  = help: write `share[cohort]`, or name elements in the place of dimensions
error[subscript-count]: `rate` has no subscripts, one is given
 --> DIR/study.toml:6:21
  |
6 | quantity = "share + rate[elite]"
  |                     ^^^^^^^^^^^ here
  |
  = help: write `rate` without brackets
"#
    );
    let study = format!("{here}values = {{ \"2015\" = 1, \"soon\" = 2 }}\nunit = \"k firms\"\n");
    assert_eq!(
        refused("period", &study, &[]),
        r#"error[not-a-period]: `soon` is not a date or period
 --> DIR/study.toml:9:24
  |
9 | values = { "2015" = 1, "soon" = 2 }
  |                        ^^^^^^ cannot be read
  |
  = help: write 1990, 1990Q1, 1990-03 or 1990-03-15, and 1995..2016 for a stretch
"#
    );
    let study = format!("{here}values = {{ \"2015\" = 1 }}\nunit = \"k firms\"\n")
        .replace("scale = 0.1", "scale = { \"2016..\" = 0.1 }");
    assert_eq!(
        refused("scale", &study, &[]),
        r#"error[no-noise-scale]: `scale` says nothing about `New firms` in 2015
 --> DIR/study.toml:8:1
  |
8 | noise = { kind = "lognormal", scale = { "2016.." = 0.1 } }
  | ^^^^^ not covered
  |
  = help: add the period, or a last entry such as "2010.." = 0.2
"#
    );
}

#[test]
fn parameters() {
    let study = "[[parameter]]\nname = \"lief\"\nbounds = [1, 9]\n[[parameter]]\nname = \"share\"\nbounds = [0, 1]\n\
                 [[parameter]]\nname = \"life\"\nbounds = [1, 4]\nstart = 5\n\
                 [[parameter]]\nname = \"rate\"\nbounds = [1, 2]\nprior = { kind = \"normal\", mean = 1, sd = 0.5 }\n\
                 [[parameter]]\nname = \"initial firms\"\n";
    assert_eq!(
        refused("parameters", study, &[]),
        r#"error[unknown-constant]: the model has no constant `lief`
 --> DIR/study.toml:5:8
  |
5 | name = "lief"
  |        ^^^^^^ unknown name
  |
  = help: did you mean `life`?
error[which-element]: `share` does not name one element of the constant
 --> DIR/study.toml:8:8
  |
8 | name = "share"
  |        ^^^^^^^ which element?
  |
  = help: write one of `share[elite]`, `share[grassroots]`
error[no-bounds]: `initial firms` has neither bounds nor a prior that could give them
  --> DIR/study.toml:18:1
   |
18 | [[parameter]]
   | ^^^^^^^^^^^^^ without bounds
   |
   = help: add `bounds = [low, high]` or `prior = { … }`
error[start-outside]: the start of life, 5, is not inside its bounds, 1 to 4
  --> DIR/study.toml:13:9
   |
13 | start = 5
   |         ^ starts outside
   |
   = help: move the start, or widen the bounds
error[prior-outside-bounds]: 52.3 % of the prior of rate, normal(1, 0.5), lies outside its bounds, 1 to 2
  --> DIR/study.toml:16:10
   |
16 | bounds = [1, 2]
   |          ^^^^^^ too narrow for the prior
   |
   = help: widen the bounds, or truncate the prior to them
"#
    );
}
