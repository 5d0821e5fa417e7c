//! Writes a study from what a Vensim user has: model, payoff definition, optimisation control, changes, data.

use super::manifest::slug;
use crate::diagnostic::Diagnostic;
use crate::parse::control::{Change, Payoff, Scale, Search, Transformation, Weighing};
use std::fmt::Write;
use std::path::Path;

/// What the study is made of; paths as the study is to name them.
#[derive(Clone, Debug)]
pub struct Materials<'a> {
    pub title: &'a str,
    pub model: &'a Path,
    /// A table of series over time; the study must name it later where absent.
    pub data: Option<&'a Path>,
    pub payoffs: &'a [Payoff],
    /// The unit of each payoff's variable, in which Vensim takes the data to be; empty where the model states none.
    pub units: &'a [String],
    pub search: &'a Search,
    pub changes: &'a [Change],
}

/// The text of the study.
///
/// # Errors
/// What cannot be carried over.
pub fn study_from_vensim(materials: &Materials) -> Result<String, Vec<Diagnostic>> {
    let mut refused = Vec::new();
    let mut text = format!("title = {}\nmodel = {}\n", quoted(materials.title), quoted(&path(materials.model)));
    text += "\n[run]\ncalendar = \"numbers\"                   # times are those of the model\n";
    let data = materials.data.map_or_else(|| "data.csv".to_owned(), path);
    let _ = write!(text, "\n[data]\ndata = {}\n", quoted(&data));
    if !materials.changes.is_empty() {
        text += "\n[set]\n";
        let sought = |name: &str| materials.search.sought.iter().any(|sought| slug(&sought.name) == slug(name));
        // What is searched starts from the change instead.
        for change in materials.changes.iter().filter(|change| !sought(&change.name)) {
            let _ = writeln!(text, "{} = {}", quoted(&change.name), number(change.value));
        }
    }
    let mut scales: Vec<String> = Vec::new();
    let units = materials.units.iter().map(String::as_str).chain(std::iter::repeat(""));
    for (payoff, unit) in materials.payoffs.iter().zip(units) {
        let noise = noise(payoff, materials.search, &mut scales, &mut refused);
        let unit = if unit.is_empty() { String::new() } else { format!("unit = {}\n", quoted(unit)) };
        let _ = write!(
            text,
            "\n[[observe]]\nname = {}\nseries = {}\nfile = \"data\"\n{unit}quantity = {}\noperator = \"level-start\"\nnoise = {noise}\n",
            quoted(&payoff.data),
            quoted(&payoff.data),
            quoted(&payoff.variable)
        );
    }
    for sought in materials.search.sought.iter().filter(|sought| !scales.contains(&slug(&sought.name))) {
        let _ = write!(text, "\n[[parameter]]\nname = {}\n", quoted(&sought.name));
        match (sought.lower, sought.upper) {
            (Some(lower), Some(upper)) => {
                let _ = writeln!(text, "bounds = [{}, {}]", number(lower), number(upper));
            }
            _ => refused.push(
                Diagnostic::error(
                    "open-bounds",
                    format!("`{}` lacks a bound, and nothing else says where to look", sought.name),
                )
                .help("write both: `0 <= name = 0.5 <= 1`"),
            ),
        }
        let changed = materials.changes.iter().find(|change| slug(&change.name) == slug(&sought.name));
        if let Some(start) = changed.map(|change| change.value).or(sought.start) {
            let _ = writeln!(text, "start = {}", number(start));
        }
    }
    if let Some(starts) = materials.search.starts {
        let _ = write!(text, "\n[calibrate]\nstarts = {starts}\n");
    }
    if materials.payoffs.is_empty() {
        refused.push(
            Diagnostic::error("nothing-compared", "no variable is compared with data")
                .help("give a payoff definition (.vpd) with `*C` and lines `variable|data/weight`"),
        );
    }
    if refused.is_empty() { Ok(text) } else { Err(refused) }
}

/// The noise of a payoff. A scale that is searched becomes an estimated one and leaves the list of parameters.
fn noise(payoff: &Payoff, search: &Search, scales: &mut Vec<String>, refused: &mut Vec<Diagnostic>) -> String {
    let kind = match payoff.transformation {
        Transformation::Value => "normal",
        Transformation::Logarithm => "lognormal",
    };
    match &payoff.weighing {
        Weighing::Poisson => "{ kind = \"poisson\" }".to_owned(),
        Weighing::Normal(Scale::Stated(scale)) => format!("{{ kind = \"{kind}\", scale = {} }}", number(*scale)),
        Weighing::Normal(Scale::Constant { name, power }) => {
            let sought = search.sought.iter().find(|sought| slug(&sought.name) == slug(name));
            match sought.and_then(|sought| Some((sought.lower?, sought.upper?))) {
                Some((lower, upper)) => {
                    scales.push(slug(name));
                    let (mut low, mut high) = (lower.max(f64::MIN_POSITIVE).powf(*power), upper.powf(*power));
                    if low > high {
                        (low, high) = (high, low);
                    }
                    let prior = format!("{{ kind = \"uniform\", lower = {}, upper = {} }}", number(low), number(high));
                    format!("{{ kind = \"{kind}\", scale = \"estimated\", prior = {prior} }}")
                }
                None => {
                    let words =
                        format!("the weight of `{}`, `{name}`, is neither a number nor searched", payoff.variable);
                    refused.push(
                        Diagnostic::error("named-weight", words)
                            .help("write its value in the payoff definition, or search it between two bounds"),
                    );
                    String::new()
                }
            }
        }
    }
}

/// A text in TOML's quotation marks.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Paths are written with slashes on every system.
fn path(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// A number as TOML reads it back.
fn number(value: f64) -> String {
    format!("{value:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Source, render};
    use crate::parse::control::{read_payoff, read_search};

    fn study(payoff: &str, search: &str) -> Result<String, String> {
        let (payoffs, one) = read_payoff(&Source::new("p.vpd", payoff));
        let (search, other) = read_search(&Source::new("s.voc", search));
        assert!(one.is_empty() && other.is_empty(), "{one:?} {other:?}");
        let change = Change { name: "births".into(), value: 2.0, span: Default::default() };
        let materials = Materials {
            title: "SIR",
            model: Path::new("sir.mdl"),
            data: Some(Path::new("cases.csv")),
            payoffs: &payoffs,
            units: &["Person".to_owned()],
            search: &search,
            changes: &[change],
        };
        study_from_vensim(&materials).map_err(|found| found.iter().map(render).collect())
    }

    #[test]
    fn a_study_is_written_that_can_be_read() {
        let text = study(
            "*C\ninfected|infected data/0.1\n*CG\nrecovered|recovered data/sigma\n",
            ":RESTART_MAX=5\n0.01<=sigma=1<=50\n0.05<=contact rate=0.3<=1\n",
        )
        .unwrap();
        assert_eq!(
            text,
            r#"title = "SIR"
model = "sir.mdl"

[run]
calendar = "numbers"                   # times are those of the model

[data]
data = "cases.csv"

[set]
"births" = 2.0

[[observe]]
name = "infected data"
series = "infected data"
file = "data"
unit = "Person"
quantity = "infected"
operator = "level-start"
noise = { kind = "normal", scale = 10.0 }

[[observe]]
name = "recovered data"
series = "recovered data"
file = "data"
quantity = "recovered"
operator = "level-start"
noise = { kind = "normal", scale = "estimated", prior = { kind = "uniform", lower = 0.01, upper = 50.0 } }

[[parameter]]
name = "contact rate"
bounds = [0.05, 1.0]
start = 0.3

[calibrate]
starts = 5
"#
        );
        let read = super::super::read_study_text(&Source::new("study.toml", text));
        assert_eq!(read.map(|study| (study.observe.len(), study.parameters.len())).ok(), Some((2, 1)));
    }

    #[test]
    fn what_is_missing_is_told() {
        assert_eq!(
            study("*C\nx|y/w\n", "a<=1\n").unwrap_err(),
            r#"error[named-weight]: the weight of `x`, `w`, is neither a number nor searched
 |
 = help: write its value in the payoff definition, or search it between two bounds
error[open-bounds]: `a` lacks a bound, and nothing else says where to look
 |
 = help: write both: `0 <= name = 0.5 <= 1`
"#
        );
    }
}
