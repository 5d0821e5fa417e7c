//! What is to vary, as the user wrote it: laws on the command line, a TOML file of laws, or a CSV file of draws.

use super::fault::{Fault, Finding};
use super::formula;
use super::law::Law;
use crate::diagnostic::{Diagnostic, Source, Span, nearest};
use crate::series::{labelled, open_text};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// How members are spread over the laws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Design {
    /// Independent draws.
    #[default]
    Random,
    /// A scrambled Sobol sequence.
    Sobol,
    /// One member in each of as many slices of every law as there are members.
    LatinHypercube,
}

impl Design {
    pub const WORDS: [(&'static str, Design); 3] =
        [("random", Design::Random), ("sobol", Design::Sobol), ("latin-hypercube", Design::LatinHypercube)];
}

/// A name in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    pub name: String,
    pub source: Arc<Source>,
    pub span: Span,
}

/// A correlation of two varied constants, of the normal numbers that their laws are drawn by.
#[derive(Clone, Debug, PartialEq)]
pub struct Correlation {
    pub between: [Named; 2],
    pub rho: f64,
}

/// Rows of draws from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Draws {
    pub names: Vec<Named>,
    /// The members' numbers, in the order of the rows.
    pub numbers: Vec<u64>,
    /// `[row][name]`
    pub rows: Vec<Vec<f64>>,
}

/// Everything that the user asked to vary.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variation {
    pub laws: Vec<(Named, Law)>,
    pub draws: Option<Draws>,
    pub correlations: Vec<Correlation>,
    pub design: Design,
    pub seed: Option<u64>,
    pub members: Option<u64>,
}

impl Variation {
    /// Reads what stands behind each `--vary`: a file's name, or `name=law(numbers)`. All faults are returned at once.
    pub fn read(arguments: &[String]) -> Result<Variation, Vec<Diagnostic>> {
        let mut reader = Reader { variation: Variation::default(), findings: Vec::new() };
        for argument in arguments {
            reader.argument(argument);
        }
        match reader.findings.as_slice() {
            [] => Ok(reader.variation),
            found => Err(found.iter().map(Finding::diagnostic).collect()),
        }
    }
}

struct Reader {
    variation: Variation,
    findings: Vec<Finding>,
}

impl Reader {
    fn argument(&mut self, text: &str) {
        let path = Path::new(text);
        let typed = Source::new("--vary", text);
        let whole = Span::new(0, text.len());
        if !path.is_file() && text.contains('=') {
            return self.specification(&typed);
        }
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let read: fn(&mut Reader, &Arc<Source>) = match extension.to_ascii_lowercase().as_str() {
            "toml" => Reader::toml,
            "csv" => Reader::csv,
            _ if path.is_file() => return self.findings.push(Finding::at(Fault::UnknownFileType, &typed, whole)),
            _ => return self.findings.push(Finding::at(Fault::NotAVariation, &typed, whole)),
        };
        match open_text(path) {
            Ok(source) => read(self, &source),
            Err(fault) => self.findings.push(Finding::new(Fault::Open(fault))),
        }
    }

    /// `name=law(numbers)`.
    fn specification(&mut self, source: &Arc<Source>) {
        let equals = source.text.find('=').unwrap_or(0);
        let name = formula::trimmed(source, Span::new(0, equals));
        if name.start == name.end {
            return self.findings.push(Finding::at(Fault::NotAVariation, source, Span::new(0, source.text.len())));
        }
        self.law(source, name, Span::new(equals + 1, source.text.len()));
    }

    fn law(&mut self, source: &Arc<Source>, name: Span, law: Span) {
        let named = Named { name: source.text[name.range()].to_owned(), source: source.clone(), span: name };
        if let Some(law) = formula::law(source, law, &mut self.findings) {
            self.variation.laws.push((named, law));
        }
    }

    fn toml(&mut self, source: &Arc<Source>) {
        let (document, errors) = DeTable::parse_recoverable(&source.text);
        for error in &errors {
            let span = error.span().map_or_else(Span::default, |range| Span::new(range.start, range.end));
            self.findings.push(Finding::at(Fault::Syntax { reason: error.message().to_owned() }, source, span));
        }
        const KEYS: [&str; 5] = ["design", "seed", "members", "vary", "correlation"];
        for (key, value) in document.get_ref() {
            let (name, inner) = (key.get_ref().as_ref(), value.get_ref());
            let wanted = match (name, inner) {
                ("design", DeValue::String(word)) => match Design::WORDS.iter().find(|(known, _)| known == word) {
                    Some((_, design)) => {
                        self.variation.design = *design;
                        continue;
                    }
                    None => "\"random\", \"sobol\" or \"latin-hypercube\"",
                },
                ("design", _) => "\"random\", \"sobol\" or \"latin-hypercube\"",
                ("seed" | "members", _) => match whole(inner) {
                    Some(number) if name == "seed" => {
                        self.variation.seed = Some(number);
                        continue;
                    }
                    Some(number) if number > 0 => {
                        self.variation.members = Some(number);
                        continue;
                    }
                    _ => "a whole number",
                },
                ("vary", DeValue::Table(table)) => {
                    self.table(source, table);
                    continue;
                }
                ("vary", _) => "a table of names and laws",
                ("correlation", DeValue::Array(items)) => {
                    for item in items {
                        self.correlation(source, item);
                    }
                    continue;
                }
                ("correlation", _) => "a list of tables, each under its own [[correlation]]",
                _ => {
                    let near = nearest(name, KEYS).map(str::to_owned);
                    let fault = Fault::UnknownKey { key: name.to_owned(), nearest: near };
                    self.findings.push(Finding::at(fault, source, span(key)));
                    continue;
                }
            };
            self.findings.push(Finding::at(Fault::WrongType { key: name.to_owned(), wanted }, source, span(value)));
        }
    }

    /// `[vary]`: a law as text under each name.
    fn table(&mut self, source: &Arc<Source>, table: &DeTable) {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| span(key));
        for (key, value) in entries {
            let name = key.get_ref().as_ref();
            let place = span(value);
            match value.get_ref() {
                DeValue::String(text) => {
                    // Between the quotation marks, if the text stands there as it reads.
                    let plain = source.text.get(place.start + 1..place.end - 1) == Some(text.as_ref());
                    let (text_source, text_span) = match plain {
                        true => (source.clone(), Span::new(place.start + 1, place.end - 1)),
                        false => (Source::new(&source.path, text.as_ref()), Span::new(0, text.len())),
                    };
                    let named = Named { name: name.to_owned(), source: source.clone(), span: span(key) };
                    if let Some(law) = formula::law(&text_source, text_span, &mut self.findings) {
                        self.variation.laws.push((named, law));
                    }
                }
                _ => {
                    let wanted = "a law in quotation marks, such as \"uniform(0, 1)\"";
                    self.findings.push(Finding::at(Fault::WrongType { key: name.to_owned(), wanted }, source, place));
                }
            }
        }
    }

    fn correlation(&mut self, source: &Arc<Source>, item: &Spanned<DeValue>) {
        let table = item.get_ref().as_table();
        let names: Option<Vec<Named>> = table
            .and_then(|table| table.get("between")?.get_ref().as_array())
            .and_then(|names| names.iter().map(|name| Some((name.get_ref().as_str()?, span(name)))).collect())
            .map(|names: Vec<(&str, Span)>| {
                let named = |(name, span): (&str, Span)| Named { name: name.to_owned(), source: source.clone(), span };
                names.into_iter().map(named).collect()
            });
        let rho = table.and_then(|table| number(table.get("rho")?.get_ref()));
        let between: Option<[Named; 2]> = names.and_then(|names| names.try_into().ok());
        match (between, rho) {
            (Some(between), Some(rho)) if rho.abs() < 1.0 => {
                self.variation.correlations.push(Correlation { between, rho });
            }
            _ => self.findings.push(Finding::at(Fault::BadCorrelation, source, span(item))),
        }
        for (key, _) in table.into_iter().flatten() {
            let name = key.get_ref().as_ref();
            if !["between", "rho"].contains(&name) {
                let near = nearest(name, ["between", "rho"]).map(str::to_owned);
                let fault = Fault::UnknownKey { key: name.to_owned(), nearest: near };
                self.findings.push(Finding::at(fault, source, span(key)));
            }
        }
    }

    /// A column for each constant, a row for each member; `member` may number them and `failed` is a note.
    fn csv(&mut self, source: &Arc<Source>) {
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .trim(csv::Trim::All)
            .from_reader(source.text.as_bytes());
        let mut records = reader.records();
        let header = match records.next() {
            Some(Ok(header)) => header,
            _ => return self.findings.push(Finding::at(Fault::NoRows, source, Span::default())),
        };
        let line = |record: &csv::StringRecord| {
            let start = record.position().map_or(0, |position| position.byte() as usize).min(source.text.len());
            let text = &source.text[start..];
            let text = text.trim_start_matches(['\r', '\n']);
            let start = source.text.len() - text.len();
            Span::new(start, start + text.find(['\r', '\n']).unwrap_or(text.len()))
        };
        let key = |cell: &str| cell.to_lowercase();
        let member = header.iter().position(|cell| key(cell) == "member");
        let columns: Vec<usize> = (0..header.len())
            .filter(|column| !["member", "failed"].contains(&key(&header[*column]).as_str()))
            .collect();
        let names = columns.iter().map(|column| Named {
            name: labelled(&header[*column]).to_owned(),
            source: source.clone(),
            span: line(&header),
        });
        let mut draws = Draws { names: names.collect(), numbers: Vec::new(), rows: Vec::new() };
        let mut seen = HashSet::new();
        for record in records {
            let Ok(record) = record else { continue };
            let place = line(&record);
            if record.len() != header.len() {
                let fault = Fault::Ragged { cells: record.len(), columns: header.len() };
                self.findings.push(Finding::at(fault, source, place));
                continue;
            }
            let row: Vec<f64> = (columns.iter().map(|column| &record[*column]))
                .map(|cell| match cell.parse::<f64>() {
                    Ok(value) if value.is_finite() => value,
                    _ => {
                        let fault = Fault::NotANumber { text: cell.to_owned() };
                        self.findings.push(Finding::at(fault, source, place));
                        f64::NAN
                    }
                })
                .collect();
            let number = match member.map(|column| &record[column]) {
                None => draws.rows.len() as u64,
                Some(cell) => cell.parse().unwrap_or_else(|_| {
                    let fault = Fault::NotANumber { text: cell.to_owned() };
                    self.findings.push(Finding::at(fault, source, place));
                    u64::MAX - draws.rows.len() as u64
                }),
            };
            if !seen.insert(number) {
                self.findings.push(Finding::at(Fault::MemberTwice { number }, source, place));
            }
            draws.numbers.push(number);
            draws.rows.push(row);
        }
        if draws.rows.is_empty() {
            self.findings.push(Finding::at(Fault::NoRows, source, line(&header)));
        }
        self.variation.draws = Some(draws);
    }
}

fn span<T>(spanned: &Spanned<T>) -> Span {
    let range = spanned.span();
    Span::new(range.start, range.end)
}

fn whole(value: &DeValue) -> Option<u64> {
    value.as_integer().and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok())
}

fn number(value: &DeValue) -> Option<f64> {
    match value {
        DeValue::Integer(_) => whole(value).map(|number| number as f64),
        DeValue::Float(number) => number.as_str().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::render;

    /// Reads a file of this name and text.
    fn file(name: &str, text: &str) -> Result<Variation, String> {
        let folder = std::env::temp_dir().join(format!("levada-vary-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        let read = Variation::read(&[path.display().to_string()]);
        std::fs::remove_dir_all(&folder).unwrap();
        let shown =
            |found: &Diagnostic| render(found).replace(&folder.display().to_string(), "DIR").trim_end().to_owned();
        read.map_err(|found| found.iter().map(|found| shown(found) + "\n").collect())
    }

    fn typed(texts: &[&str]) -> Result<Variation, String> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let shown = |found: &Diagnostic| render(found).trim_end().to_owned() + "\n";
        Variation::read(&texts).map_err(|found| found.iter().map(shown).collect())
    }

    #[test]
    fn a_file_of_laws() {
        let text = "design = \"sobol\"\nseed = 9\nmembers = 64\n[vary]\n\"birth rate\" = \"uniform(0.02, 0.05)\"\n\
                    wage = \"normal(6, 1) in [2, 10]\"\n[[correlation]]\nbetween = [\"birth rate\", \"wage\"]\nrho = -0.5\n";
        let variation = file("good.toml", text).unwrap();
        assert_eq!((variation.design, variation.seed, variation.members), (Design::Sobol, Some(9), Some(64)));
        let names: Vec<&str> = variation.laws.iter().map(|(named, _)| named.name.as_str()).collect();
        assert_eq!(names, ["birth rate", "wage"]);
        assert_eq!((variation.laws[1].1.lower, variation.correlations[0].rho), (2.0, -0.5));
    }

    #[test]
    fn mistakes_of_a_file_of_laws() {
        let text = "desing = \"sobol\"\nseed = -1\n[vary]\na = \"unifrom(1, 2)\"\nb = 3\nc = \"normal(1, x)\"\n\
                    [[correlation]]\nbetween = [\"a\"]\nrho = 2\n";
        assert_eq!(
            file("bad.toml", text).unwrap_err(),
            r#"error[bad-correlation]: a correlation needs two different names in `between` and a `rho` between -1 and 1
 --> DIR/bad.toml:7:1
  |
7 | [[correlation]]
  | ^^^^^^^^^^^^^^^ here
  |
  = help: write for example between = ["contact rate", "duration"], rho = 0.5
error[unknown-key]: `desing` means nothing in a file of variations
 --> DIR/bad.toml:1:1
  |
1 | desing = "sobol"
  | ^^^^^^ this key
  |
  = help: did you mean `design`?
error[wrong-type]: `seed` must be a whole number
 --> DIR/bad.toml:2:8
  |
2 | seed = -1
  |        ^^ here
  |
  = help: correct the value
error[unknown-law]: there is no law `unifrom`
 --> DIR/bad.toml:4:6
  |
4 | a = "unifrom(1, 2)"
  |      ^^^^^^^ this word
  |
  = help: did you mean `uniform`?
error[wrong-type]: `b` must be a law in quotation marks, such as "uniform(0, 1)"
 --> DIR/bad.toml:5:5
  |
5 | b = 3
  |     ^ here
  |
  = help: correct the value
error[not-a-number]: `x` is not a number
 --> DIR/bad.toml:6:16
  |
6 | c = "normal(1, x)"
  |                ^ here
  |
  = help: write a number or a fraction
"#
        );
    }

    #[test]
    fn a_file_of_draws() {
        let variation = file("good.csv", "member,\"rate[a,b]\",failed\n7,0.5,\n3,2e-1,not-finite\n").unwrap();
        let draws = variation.draws.unwrap();
        assert_eq!((draws.numbers, draws.rows), (vec![7, 3], vec![vec![0.5], vec![0.2]]));
        assert_eq!(draws.names[0].name, "rate[a,b]");
        assert_eq!(
            file("bad.csv", "member,rate\n1,0.5\n1,x\n2\n").unwrap_err(),
            r#"error[not-a-number]: `x` is not a number
 --> DIR/bad.csv:3:1
  |
3 | 1,x
  | ^^^ here
  |
  = help: write a number or a fraction
error[member-twice]: member 1 has two rows
 --> DIR/bad.csv:3:1
  |
3 | 1,x
  | ^^^ again here
  |
  = help: number the rows differently, or leave out the column `member`
error[ragged-row]: the row has 1 cells, the header 2
 --> DIR/bad.csv:4:1
  |
4 | 2
  | ^ here
  |
  = help: give every row a cell for each column
"#
        );
        assert!(file("empty.csv", "").unwrap_err().starts_with("error[no-draws]: the file has no rows of draws"));
    }

    #[test]
    fn mistakes_on_the_command_line() {
        assert_eq!(
            typed(&["contact rate", "a=uniform(5, 2)", "b=lognormal(sd=1, mean=2)", "c=beta(1)", "d=normal 3"])
                .unwrap_err(),
            r#"error[bad-variation]: `--vary` takes a file or "name=law(numbers)"; this is neither
 --> --vary:1:1
  |
1 | contact rate
  | ^^^^^^^^^^^^ no file has this name
  |
  = help: write for example --vary "contact rate=uniform(4, 12)", or name a .toml or .csv file
error[impossible-law]: low 5 lies above high 2
 --> --vary:1:3
  |
1 | a=uniform(5, 2)
  |   ^^^^^^^^^^^^^ here
  |
  = help: correct the numbers of the law
error[law-arguments]: `lognormal` has no argument `sd`
 --> --vary:1:13
  |
1 | b=lognormal(sd=1, mean=2)
  |             ^^ this argument
  |
  = help: write lognormal(log_mean, log_sd or median, gsd)
error[law-arguments]: `lognormal` has no argument `mean`
 --> --vary:1:19
  |
1 | b=lognormal(sd=1, mean=2)
  |                   ^^^^ this argument
  |
  = help: write lognormal(log_mean, log_sd or median, gsd)
error[law-arguments]: `beta` takes a, b; 1 numbers are given
 --> --vary:1:3
  |
1 | c=beta(1)
  |   ^^^^^^^ here
  |
  = help: write beta(a, b)
error[bad-law]: a law is written word(numbers), and may be cut by: in [low, high]
 --> --vary:1:3
  |
1 | d=normal 3
  |   ^^^^^^^^ here
  |
  = help: write for example normal(6, 1) in [2, 10]
"#
        );
    }
}
