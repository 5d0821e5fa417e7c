//! What stands on the page of a study, and in which order: question, model, data, fit, identification, policies, attribution,
//! drivers, limits, equations. Exhibits are taken as their steps wrote them; a step that is new here gets a section of its own.

use super::calibration::Calibration;
use super::entry::Study;
use super::manifest::Listed;
use super::prepare::Prepared;
use crate::compare::Kept;
use crate::diagnostic::Source;
use crate::model::{Definition, Dialect, Equation, Variable};
use crate::present::page::{Block, Line, Page, Picture, Section, Sheet, html};
use crate::present::short_number;
use std::path::Path;
use std::sync::Arc;

/// Name of the page in the folder of results.
pub const REPORT: &str = "report.html";

/// What the page tells beside the exhibits.
pub struct Told<'a> {
    pub study: &'a Study,
    pub prepared: &'a Prepared,
    pub calibration: Option<&'a Calibration>,
    pub accounts: &'a [Kept],
    pub integration_error: &'a str,
    /// What steps found, worded.
    pub findings: Vec<String>,
    pub quick: bool,
}

/// Sections in which exhibits stand, after the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Model,
    Fit,
    Identified,
    Policies,
    Attribution,
    Drivers,
    Search,
    Other,
}

const PLACES: [(Place, &str); 8] = [
    (Place::Model, "The model"),
    (Place::Fit, "Estimates and fit"),
    (Place::Identified, "What is identified"),
    (Place::Policies, "Other policies"),
    (Place::Attribution, "What did how much"),
    (Place::Drivers, "What the answers depend on"),
    (Place::Search, "Better policies"),
    (Place::Other, "Further exhibits"),
];

/// Longer tables stand in their files only; those in parts may be longer.
const ROWS: usize = 60;
const ROWS_IN_PARTS: usize = 260;

/// The page as text. `listed` are the exhibits in `folder`. The same results give the same bytes.
pub fn report(told: &Told, listed: &[Listed], folder: &Path) -> String {
    let study = told.study;
    let mut sections = vec![question(told)];
    for (place, title) in PLACES {
        let mut blocks = match place {
            Place::Model => model(told),
            Place::Fit => fit(told),
            _ => Vec::new(),
        };
        let mut here: Vec<&Listed> = listed.iter().filter(|exhibit| place_of(exhibit) == place).collect();
        // Pictures first; what is largest in the record, last.
        here.sort_by_key(|exhibit| exhibit.folder != Path::new("figures"));
        let mut elsewhere = Vec::new();
        for exhibit in here {
            match block(exhibit, folder) {
                Some(block) => blocks.push(block),
                None => elsewhere
                    .extend(exhibit.files.first().map(|file| format!("{}: {}", slashed(file), exhibit.caption))),
            }
        }
        if !elsewhere.is_empty() {
            blocks.push(Block::Prose("In files beside this page:".to_owned()));
            blocks.push(Block::List(elsewhere));
        }
        if !blocks.is_empty() {
            sections.push(Section { title: title.to_owned(), blocks });
        }
        if place == Place::Model {
            sections.extend(data(told));
        }
    }
    sections.push(limits(told));
    sections.push(made(told));
    sections.push(Section { title: "Equations".to_owned(), blocks: equations(told.prepared) });
    html(&Page {
        title: study.title.clone(),
        lead: study.question.trim().to_owned(),
        sections,
        colophon: format!("Made by Levada {} from {}.", env!("CARGO_PKG_VERSION"), file_name(&study.source.path)),
    })
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn slashed(path: &Path) -> String {
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// By the name of an exhibit, else by the step that made it.
fn place_of(exhibit: &Listed) -> Place {
    const NAMES: &[(&str, Place)] = &[
        ("stocks", Place::Model),
        ("baseline", Place::Model),
        ("attribution", Place::Attribution),
        ("interaction", Place::Attribution),
        ("search", Place::Search),
        ("starts", Place::Identified),
        ("recovery", Place::Identified),
        ("estimates", Place::Fit),
        ("fit", Place::Fit),
        ("residual", Place::Fit),
    ];
    if let Some((_, place)) = NAMES.iter().find(|(name, _)| exhibit.name.starts_with(name)) {
        return *place;
    }
    match exhibit.verb.as_str() {
        "calibrate" | "validate" => Place::Fit,
        "identify" | "sample" => Place::Identified,
        "study" | "compare" => Place::Policies,
        "sensitivity" => Place::Drivers,
        "search" => Place::Search,
        _ => Place::Other,
    }
}

/// An exhibit on the page; `None` for one that is too long, or no picture and no table.
fn block(exhibit: &Listed, folder: &Path) -> Option<Block> {
    let text = |ending| exhibit.text(folder, ending);
    let name = super::manifest::slug(&format!("{}-{}", exhibit.folder.display(), exhibit.name));
    if let Some(svg) = text("svg") {
        let alt = text("alt.txt").unwrap_or_default().trim().to_owned();
        return Some(Block::Figure(Picture { name, svg, caption: exhibit.caption.clone(), alt }));
    }
    let mut reader = csv::ReaderBuilder::new().from_reader(std::io::Cursor::new(text("csv")?));
    let head: Vec<String> = reader.headers().ok()?.iter().map(str::to_owned).collect();
    let rows: Vec<Vec<String>> =
        reader.records().map(|row| Some(row.ok()?.iter().map(str::to_owned).collect())).collect::<Option<_>>()?;
    let sectioned = head.first().is_some_and(|name| name == "Section");
    if rows.is_empty() || rows.len() > if sectioned { ROWS_IN_PARTS } else { ROWS } {
        return None;
    }
    // Columns that say nothing take room from the others.
    let told = |column: &usize| rows.iter().any(|row| row.get(*column).is_some_and(|cell| !cell.is_empty()));
    let columns: Vec<usize> = (0..head.len()).filter(told).collect();
    let of = |row: &Vec<String>| columns.iter().filter_map(|column| row.get(*column).cloned()).collect::<Vec<_>>();
    let (head, rows) = (of(&head), rows.iter().map(of).collect());
    let notes = text("notes.txt").unwrap_or_default();
    let mut notes = notes.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned);
    let title = notes.next().unwrap_or_else(|| exhibit.caption.clone());
    Some(Block::Grid(Sheet { name, title, head, rows, sectioned, notes: notes.collect() }))
}

fn question(told: &Told) -> Section {
    let study = told.study;
    let policies = told.prepared.scenarios.iter().skip(1).map(|scenario| match scenario.description.trim() {
        "" => scenario.title.clone(),
        text => format!("{}: {text}", scenario.title),
    });
    let policies: Vec<String> = policies.collect();
    let mut blocks = Vec::new();
    if told.quick {
        blocks.push(Block::Prose(
            "These are results of a quick run, with fewer starts and a longer step. They are no findings.".into(),
        ));
    }
    if !policies.is_empty() {
        blocks.push(Block::Prose("Policies that are compared with what was done:".to_owned()));
        blocks.push(Block::List(policies));
    }
    let outcomes: Vec<String> = told.prepared.outcomes.iter().map(|outcome| outcome.title.clone()).collect();
    if !outcomes.is_empty() {
        blocks.push(Block::Prose(format!("They are compared by: {}.", outcomes.join("; "))));
    }
    if blocks.is_empty() {
        blocks.push(Block::Prose(study.title.clone()));
    }
    Section { title: "The question".to_owned(), blocks }
}

fn variables(prepared: &Prepared) -> impl Iterator<Item = &Variable> {
    prepared.checked.model().variables.iter().filter(|variable| !variable.hidden)
}

fn model(told: &Told) -> Vec<Block> {
    let prepared = told.prepared;
    let is = |variable: &Variable, wanted: fn(&Definition) -> bool| {
        variable.equations.iter().any(|equation| wanted(&equation.definition))
    };
    let stocks = variables(prepared).filter(|v| is(v, |d| matches!(d, Definition::Stock(_)))).count();
    let lookups = variables(prepared).filter(|v| is(v, |d| matches!(d, Definition::Lookup(_)))).count();
    let all = variables(prepared).count();
    let fact = |name: &str, value: String| (name.to_owned(), value);
    let mut facts = vec![
        fact("Model", file_name(&told.study.model.value)),
        fact("Variables", format!("{all}, of which {stocks} stocks and {lookups} tables")),
        fact("Run", format!("{} to {}, step {}", prepared.run.start, prepared.run.end, prepared.step)),
        fact("Method", prepared.design.settings.method.to_string()),
    ];
    let policies: Vec<&str> = prepared.policies.iter().map(|policy| policy.name.as_str()).collect();
    if !policies.is_empty() {
        facts.push(fact("Policies", policies.join(", ")));
    }
    vec![Block::Facts(facts), Block::Prose("Every equation stands at the end of this page.".to_owned())]
}

fn data(told: &Told) -> Option<Section> {
    let observations = &told.prepared.design.observations;
    if observations.is_empty() {
        return None;
    }
    let rows = observations.iter().map(|observation| {
        let quantity = told.study.observe.iter().find(|entry| entry.name.value == observation.name);
        let ends = observation.data.first().zip(observation.data.last());
        let (from, to) = ends.map_or((String::new(), String::new()), |(first, last)| {
            (format!("{}", first.window.start), format!("{}", last.window.end))
        });
        let source = if observation.judgement { "judgement" } else { &observation.vendor };
        vec![
            observation.name.clone(),
            source.to_owned(),
            quantity.map_or_else(String::new, |entry| entry.quantity.text.clone()),
            observation.data.len().to_string(),
            from,
            to,
        ]
    });
    let head = ["Series", "Source", "Observes in the model", "Values", "From", "To"];
    let window = |window: &Option<crate::calendar::Window>| {
        window.map_or_else(|| "all".to_owned(), |window| format!("{} to {}", window.start, window.end))
    };
    let held_out = match &told.prepared.hold_out {
        None => String::new(),
        held => format!(" Values of {} are held out and only predicted.", window(held)),
    };
    let prose = match &told.prepared.fit {
        None => format!("All values inform the estimates.{held_out}"),
        fitted => format!("Values of {} inform the estimates.{held_out}", window(fitted)),
    };
    let sheet = Sheet {
        name: "series".to_owned(),
        title: "Series and what they observe".to_owned(),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
        sectioned: false,
        notes: Vec::new(),
    };
    Some(Section { title: "The data".to_owned(), blocks: vec![Block::Prose(prose), Block::Grid(sheet)] })
}

fn fit(told: &Told) -> Vec<Block> {
    let Some(calibration) = told.calibration else {
        return vec![Block::Prose("Nothing is estimated: constants are those of the model and the study.".to_owned())];
    };
    vec![Block::Prose(format!(
        "{} numbers are estimated from {} starts, of which {} reached the best optimum; negative log posterior {}.",
        calibration.estimates.len(),
        calibration.searched.waterfall().len(),
        calibration.found,
        short_number(calibration.value.posterior()),
    ))]
}

fn limits(told: &Told) -> Section {
    let mut blocks = Vec::new();
    let mut lines: Vec<String> = Vec::new();
    if let Some(calibration) = told.calibration {
        if !calibration.converged() {
            lines.push("The search for the estimates did not end in an optimum that can be trusted.".to_owned());
        }
        let name = |estimate: &crate::estimate::uncertainty::Estimate| estimate.name.clone();
        let loose: Vec<String> =
            calibration.estimates.iter().filter(|e| !e.identified && e.at_bound.is_none()).map(name).collect();
        let bound: Vec<String> = calibration.estimates.iter().filter(|e| e.at_bound.is_some()).map(name).collect();
        if !loose.is_empty() {
            lines.push(format!("Not identified by the data: {}.", loose.join(", ")));
        }
        if !bound.is_empty() {
            lines.push(format!("On a bound: {}.", bound.join(", ")));
        }
    }
    lines.push(format!("Integration error: {}.", told.integration_error));
    if !told.accounts.is_empty() {
        let worst = told.accounts.iter().map(|kept| kept.residual).fold(0.0, f64::max);
        let held = if told.accounts.iter().all(Kept::holds) { "balance" } else { "do not balance" };
        lines.push(format!("Accounts {held} under every policy; the largest relative residual is {worst:.1e}."));
    }
    lines.extend(told.findings.iter().cloned());
    if !told.study.assumptions.is_empty() {
        blocks.push(Block::Prose("The results rest on what no source supports:".to_owned()));
        blocks.push(Block::List(told.study.assumptions.clone()));
        blocks.push(Block::Prose("And of the work itself must be known:".to_owned()));
    }
    blocks.push(Block::List(lines));
    Section { title: "Limits".to_owned(), blocks }
}

fn made(told: &Told) -> Section {
    let fact = |name: &str, value: String| (name.to_owned(), value);
    let facts = vec![
        fact("Program", format!("Levada {}", env!("CARGO_PKG_VERSION"))),
        fact("Seed", told.study.run.seed.to_string()),
        fact("Make it again", format!("levada study {}", file_name(&told.study.source.path))),
        fact("Check it", "levada study --verify FOLDER".to_owned()),
        fact("Record", "manifest.json lists every input and output with its SHA-256".to_owned()),
    ];
    Section { title: "How it was made".to_owned(), blocks: vec![Block::Facts(facts)] }
}

/// Every equation under its group, in the order of the file.
fn equations(prepared: &Prepared) -> Vec<Block> {
    let model = prepared.checked.model();
    // The study is read first, then its model.
    let Some(source) = prepared.sources.get(1) else { return Vec::new() };
    let mut groups: Vec<(String, Vec<Line>)> = Vec::new();
    for variable in variables(prepared) {
        let group = variable.group.clone().unwrap_or_default();
        let equations = variable.equations.iter();
        let line = Line {
            name: variable.name.text().to_owned(),
            unit: variable.units.as_ref().map_or_else(String::new, |units| units.text.trim().to_owned()),
            equations: equations.filter_map(|equation| written(variable, equation, source, model.dialect)).collect(),
            meaning: variable
                .documentation
                .split_whitespace()
                .filter(|word| *word != "\\")
                .collect::<Vec<_>>()
                .join(" "),
        };
        match groups.iter_mut().find(|(name, _)| *name == group) {
            Some((_, lines)) => lines.push(line),
            None => groups.push((group, vec![line])),
        }
    }
    groups.into_iter().map(|(group, equations)| Block::Equations { group, equations }).collect()
}

/// An equation as its file writes it, on one line.
fn written(variable: &Variable, equation: &Equation, source: &Arc<Source>, dialect: Dialect) -> Option<String> {
    let slice = |span: crate::diagnostic::Span| source.text.get(span.range()).map(one_line);
    if dialect == Dialect::Vensim {
        let whole = slice(equation.span)?;
        return Some(whole.split(" ~ ").next().unwrap_or(&whole).trim_end_matches(['~', ' ']).to_owned());
    }
    let name = variable.name.text();
    match &equation.definition {
        Definition::Auxiliary(value) | Definition::Unchangeable(value) => {
            Some(format!("{name} = {}", slice(value.span)?))
        }
        Definition::Stock(stock) => {
            let signed = stock.inflows.iter().map(|flow| format!("+ {}", flow.text()));
            let flows = signed.chain(stock.outflows.iter().map(|flow| format!("\u{2212} {}", flow.text())));
            let flows = flows.collect::<Vec<_>>().join(" ");
            Some(format!("{name}: {} at the start, then {flows}", slice(stock.initial.span)?))
        }
        _ => None,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().filter(|word| *word != "\\").collect::<Vec<_>>().join(" ").replace("\\ ", " ")
}

#[cfg(test)]
mod tests {
    use super::{Place, place_of};
    use crate::study::manifest::Listed;
    use crate::study::tutorial::tutorial;
    use crate::study::{Order, walk};
    use std::collections::BTreeSet;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn exhibits_find_their_sections() {
        for (name, verb, place) in [
            ("fit", "study", Place::Fit),
            ("policies-2", "study", Place::Policies),
            ("attribution-boom", "compare", Place::Attribution),
            ("draws-no-campaign", "compare", Place::Policies),
            ("profiles", "identify", Place::Identified),
            ("sobol-lynx", "sensitivity", Place::Drivers),
            ("something", "new", Place::Other),
        ] {
            let (name, verb) = (name.to_owned(), verb.to_owned());
            let exhibit = Listed { name, verb, folder: "figures".into(), caption: String::new(), files: Vec::new() };
            assert_eq!(place_of(&exhibit), place, "{exhibit:?}");
        }
    }

    /// Values of an attribute in a text of HTML.
    fn values<'a>(text: &'a str, attribute: &str) -> Vec<&'a str> {
        let key = format!(" {attribute}=\"");
        text.split(key.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    #[test]
    fn the_page_stands_alone_and_nothing_on_it_is_broken() {
        let folder = tutorial("page", "");
        let order = Order { study: folder.join("study.toml"), out: Some(folder.join("out")), quick: true };
        walk(&order, &AtomicBool::new(false), &|_| {}).unwrap();
        let page = std::fs::read_to_string(folder.join("out/report.html")).unwrap();
        let ids: Vec<&str> = values(&page, "id");
        let known: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(known.len(), ids.len(), "an id twice: {ids:?}");
        for target in values(&page, "href") {
            assert!(target.strip_prefix('#').is_some_and(|id| known.contains(id)), "{target}");
        }
        // Nothing is loaded: no address but the name space of SVG.
        assert!(values(&page, "src").is_empty() && !page.contains("@import"));
        let addresses = page.matches("http").count();
        assert_eq!(addresses, page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());
        let figures = page.matches("<figure ").count();
        assert_eq!(figures, 5, "fit, residuals, starts, stocks, policies");
        let described = page
            .split("<svg ")
            .skip(1)
            .filter(|svg| values(&format!(" {svg}"), "aria-label").first().is_some_and(|alt| alt.len() > 20));
        assert_eq!(described.count(), figures);
        for tag in ["section", "figure", "table", "tbody", "div", "svg", "dl", "ul", "h2", "p", "pre", "tr", "td"] {
            let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
        for text in [
            "<h2>The question</h2>",
            "<h2>Limits</h2>",
            "<pre>hare= INTEG ( hares born - hares eaten, hare in 1900)</pre>",
            "<p>Snowshoe hare.</p>",
            "<td>Hare pelts</td><td>Hudson&#39;s Bay Company</td><td>hare</td>",
        ] {
            assert!(page.replace('\'', "&#39;").contains(text), "{text}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
