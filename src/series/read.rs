//! Files of observations: one observation a row (`series, period_start, period_end, value, unit, …`) or one period a row
//! with a column for each series. Every fault of a file is found in one run.

use super::{DataFault, DataFinding, Observation, ObservedSeries};
use crate::calendar::{Calendar, Period, Window};
use crate::diagnostic::{Diagnostic, Source, Span, nearest};
use std::collections::HashMap;
use std::sync::Arc;

/// What a file of observations holds.
#[derive(Clone, Debug, PartialEq)]
pub struct DataFile {
    pub source: Arc<Source>,
    /// In the order in which the file first names them.
    pub series: Vec<ObservedSeries>,
}

impl DataFile {
    pub fn series(&self, name: &str) -> Option<&ObservedSeries> {
        self.series.iter().find(|series| series.name == name)
    }
}

/// Reads the observations of a file with every fault in it.
///
/// A file with columns `series` and `value` has one observation a row; `period` may stand for `period_start` and
/// `period_end`, one period may have a value from each `source_id`, and columns beyond these and `unit` are notes. Any
/// other file has its dates in the first column and one series in each further one, with its unit in brackets behind the
/// name: `hare [thousand pelts]`.
pub fn read_observations(source: &Arc<Source>, calendar: &Calendar) -> (DataFile, Vec<Diagnostic>) {
    let mut reader = Reader { source, calendar, findings: Vec::new(), series: Vec::new(), index: HashMap::new() };
    reader.file();
    for series in &mut reader.series {
        series
            .observations
            .sort_by(|a, b| a.window.start.total_cmp(&b.window.start).then(a.window.end.total_cmp(&b.window.end)));
    }
    let mut findings = reader.findings;
    findings.sort_by_key(|finding| finding.span);
    let diagnostics = findings.iter().map(|finding| finding.diagnostic(source)).collect();
    (DataFile { source: source.clone(), series: reader.series }, diagnostics)
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    calendar: &'a Calendar,
    findings: Vec<DataFinding>,
    series: Vec<ObservedSeries>,
    /// Place in `series` by name.
    index: HashMap<String, usize>,
}

/// A cell without its quotation marks and outer blanks, and its place with them.
struct Cell {
    text: String,
    span: Span,
}

struct Row {
    cells: Vec<Cell>,
    /// From the first cell to the last.
    span: Span,
}

/// Where the columns of a file with one observation a row stand.
struct Tidy {
    series: usize,
    start: usize,
    end: usize,
    value: usize,
    unit: Option<usize>,
    source: Option<usize>,
}

impl Reader<'_> {
    fn report(&mut self, fault: DataFault, span: Span) {
        self.findings.push(DataFinding { fault, span });
    }

    fn file(&mut self) {
        let rows = self.rows();
        let Some((header, rows)) = rows.split_first().filter(|(_, rows)| !rows.is_empty()) else {
            if self.findings.is_empty() {
                self.report(DataFault::Empty, Span::default());
            }
            return;
        };
        if let [only] = header.cells.as_slice()
            && let Some(found) = [';', '\t'].into_iter().find(|mark| only.text.contains(*mark))
        {
            return self.report(DataFault::Separator { found }, header.span);
        }
        let names: Vec<String> = header.cells.iter().map(|cell| cell.text.to_lowercase()).collect();
        for (i, name) in names.iter().enumerate() {
            if !name.is_empty() && names[..i].contains(name) {
                let column = header.cells[i].text.clone();
                self.report(DataFault::RepeatedColumn { column }, header.cells[i].span);
            }
        }
        let whole: Vec<&Row> = rows.iter().filter(|row| self.has_length_of(header, row)).collect();
        let has = |spellings: &[&str]| names.iter().any(|name| spellings.contains(&name.as_str()));
        if has(SERIES) || (has(VALUE) && (has(START) || has(END))) {
            if let Some(columns) = self.tidy_columns(header, &names) {
                whole.into_iter().for_each(|row| self.tidy_row(row, &columns));
            }
        } else {
            self.wide(header, &whole);
        }
    }

    /// The rows of the file, blank lines left out.
    fn rows(&mut self) -> Vec<Row> {
        let text = &self.source.text;
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut rows = Vec::new();
        // The text is UTF-8 and rows may have any length, so nothing remains that the reader could refuse.
        for record in reader.records().map_while(Result::ok) {
            let start = record.position().map_or(0, |position| position.byte() as usize);
            let (spans, open) = spans(text, start);
            if let Some(open) = open {
                self.report(DataFault::OpenQuote, open);
                break;
            }
            let cells: Vec<Cell> = record
                .iter()
                .zip(&spans)
                .map(|(cell, span)| Cell { text: cell.trim().to_owned(), span: *span })
                .collect();
            if cells.iter().all(|cell| cell.text.is_empty()) {
                continue; // spreadsheets leave rows of bare commas behind
            }
            if let (Some(first), Some(last)) = (spans.first(), spans.last()) {
                rows.push(Row { cells, span: first.to(*last) });
            }
        }
        rows
    }

    fn has_length_of(&mut self, header: &Row, row: &Row) -> bool {
        let (found, wanted) = (row.cells.len(), header.cells.len());
        if found != wanted {
            self.report(DataFault::RowLength { found, wanted }, row.span);
        }
        found == wanted
    }

    fn tidy_columns(&mut self, header: &Row, names: &[String]) -> Option<Tidy> {
        let find = |spellings: &[&str]| names.iter().position(|name| spellings.contains(&name.as_str()));
        let single = find(PERIOD);
        let mut missing = Vec::new();
        let mut need = |spellings: &'static [&'static str]| {
            find(spellings).unwrap_or_else(|| {
                missing.push(spellings[0]);
                0
            })
        };
        let columns = Tidy {
            series: need(SERIES),
            start: single.unwrap_or_else(|| need(START)),
            end: single.unwrap_or_else(|| need(END)),
            value: need(VALUE),
            unit: find(UNIT),
            source: find(SOURCE),
        };
        for column in &missing {
            let known = [SERIES, START, END, PERIOD, VALUE, UNIT, SOURCE].concat();
            let strangers = names.iter().map(String::as_str).filter(|name| !known.contains(name));
            let near = nearest(column, strangers).and_then(|near| names.iter().position(|name| name == near));
            let (nearest, span) = match near {
                Some(i) => (Some(header.cells[i].text.clone()), header.cells[i].span),
                None => (None, header.span),
            };
            self.report(DataFault::MissingColumn { column, nearest }, span);
        }
        missing.is_empty().then_some(columns)
    }

    fn tidy_row(&mut self, row: &Row, columns: &Tidy) {
        let cell = |index: usize| &row.cells[index];
        let name = cell(columns.series);
        if name.text.is_empty() {
            self.report(DataFault::NoSeriesName, name.span);
        }
        let window = self.stretch(cell(columns.start), cell(columns.end));
        let value = self.value(cell(columns.value));
        if name.text.is_empty() {
            return;
        }
        let series = self.series_named(&name.text, name.span);
        if let (Some((window, label)), Some(value)) = (window, value) {
            let text = |column: Option<usize>| column.map(|column| cell(column).text.clone()).unwrap_or_default();
            let (unit, source) = (text(columns.unit), text(columns.source));
            self.add(series, Observation { window, label, value, unit, source, span: cell(columns.value).span });
        }
    }

    fn wide(&mut self, header: &Row, rows: &[&Row]) {
        let mut columns = Vec::new();
        for (index, cell) in header.cells.iter().enumerate().skip(1) {
            let (name, unit) = match cell.text.strip_suffix(']').and_then(|text| text.rsplit_once('[')) {
                Some((name, unit)) => (name.trim(), unit.trim()),
                None => (cell.text.as_str(), ""),
            };
            if !name.is_empty() {
                columns.push((index, self.series_named(name, cell.span), unit));
            } else if rows.iter().any(|row| !row.cells[index].text.is_empty()) {
                self.report(DataFault::UnnamedColumn, cell.span);
            }
        }
        for row in rows {
            let window = self.stretch(&row.cells[0], &row.cells[0]);
            for &(index, series, unit) in &columns {
                let cell = &row.cells[index];
                if let (Some(value), Some((window, label))) = (self.value(cell), window.clone()) {
                    let unit = unit.to_owned();
                    let source = String::new();
                    self.add(series, Observation { window, label, value, unit, source, span: cell.span });
                }
            }
        }
    }

    fn series_named(&mut self, name: &str, span: Span) -> usize {
        if let Some(&place) = self.index.get(name) {
            return place;
        }
        self.series.push(ObservedSeries {
            name: name.to_owned(),
            observations: Vec::new(),
            source: self.source.clone(),
            span,
        });
        self.index.insert(name.to_owned(), self.series.len() - 1);
        self.series.len() - 1
    }

    fn add(&mut self, series: usize, observation: Observation) {
        let same = |other: &&Observation| other.window == observation.window && other.source == observation.source;
        let before = self.series[series].observations.iter().find(same);
        if let Some(before) = before {
            let first = before.span;
            let (series, period) = (self.series[series].name.clone(), observation.label.clone());
            return self.report(DataFault::Duplicate { series, period, first }, observation.span);
        }
        self.series[series].observations.push(observation);
    }

    /// The stretch of time from one cell to another (or of one cell, given twice), and its label.
    fn stretch(&mut self, start: &Cell, end: &Cell) -> Option<(Window, String)> {
        let mut readable = true;
        let ends = if start.span == end.span { vec![start] } else { vec![start, end] };
        for cell in ends {
            if let Err(fault) = self.calendar.window(&cell.text) {
                self.report(DataFault::NotADate { text: cell.text.clone(), fault }, cell.span);
                readable = false;
            }
        }
        let window = if readable { self.calendar.stretch(&start.text, &end.text).ok()? } else { return None };
        let Some(window) = window else {
            let fault = DataFault::EndBeforeStart { start: start.text.clone(), end: end.text.clone() };
            self.report(fault, end.span);
            return None;
        };
        let period = Period::read(&start.text).ok().zip(Period::read(&end.text).ok());
        let label = match period.and_then(|(start, end)| start.to(end)) {
            Some(period) if *self.calendar != Calendar::Numbers => period.to_string(),
            _ if start.text == end.text => start.text.clone(),
            _ => format!("{}/{}", start.text, end.text),
        };
        Some((window, label))
    }

    /// The number in a cell; `None` where it is missing or, reported, none.
    fn value(&mut self, cell: &Cell) -> Option<f64> {
        if MISSING.iter().any(|missing| cell.text.eq_ignore_ascii_case(missing)) {
            return None;
        }
        match cell.text.parse::<f64>() {
            Ok(value) if value.is_finite() => Some(value),
            _ => {
                self.report(DataFault::NotANumber { text: cell.text.clone() }, cell.span);
                None
            }
        }
    }
}

/// Spellings of the columns of a file with one observation a row; the first is the one to ask for.
const SERIES: &[&str] = &["series", "observable", "variable"];
const START: &[&str] = &["period_start"];
const END: &[&str] = &["period_end"];
const PERIOD: &[&str] = &["period", "date", "time"];
const VALUE: &[&str] = &["value"];
const UNIT: &[&str] = &["unit", "units"];
const SOURCE: &[&str] = &["source_id", "source"];
/// Cells that stand for a missing value, in any letter case.
const MISSING: &[&str] = &["", ".", "..", "NA", "N/A", "NaN", ":NA:"];

/// The places of the cells of the record that starts at or after `start`, and the quotation mark that nothing closes.
fn spans(text: &str, start: usize) -> (Vec<Span>, Option<Span>) {
    let bytes = text.as_bytes();
    let mut at = start;
    while matches!(bytes.get(at), Some(b'\r' | b'\n')) {
        at += 1;
    }
    let mut spans = Vec::new();
    let mut cell = at;
    let mut quote = None;
    loop {
        match bytes.get(at) {
            Some(b'"') => {
                quote = match quote {
                    Some(_) => None,
                    // Only a mark that opens the cell quotes; a doubled mark inside reopens at once.
                    None if at == cell || bytes[at - 1] == b'"' => Some(cell),
                    None => None,
                }
            }
            Some(b',') if quote.is_none() => {
                spans.push(Span::new(cell, at));
                cell = at + 1;
            }
            Some(b'\r' | b'\n') | None if quote.is_none() => {
                spans.push(Span::new(cell, at));
                return (spans, None);
            }
            None => return (spans, quote.map(|open| Span::new(open, open + 1))),
            Some(_) => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::read_observations;
    use crate::calendar::Calendar;
    use crate::diagnostic::{Diagnostic, Source};

    fn read(text: &str, calendar: Calendar) -> (Vec<String>, Vec<Diagnostic>) {
        let (file, diagnostics) = read_observations(&Source::new("data.csv", text), &calendar);
        let lines = file.series.iter().flat_map(|series| {
            series.observations.iter().map(|o| {
                let place = &file.source.text[o.span.range()];
                format!(
                    "{} {} {}..{} = {} {} `{place}`",
                    series.name, o.label, o.window.start, o.window.end, o.value, o.unit
                )
            })
        });
        (lines.collect(), diagnostics)
    }

    #[test]
    fn one_observation_a_row() {
        let text = "series,period_start,period_end,value,unit,kind,note\r\n\
                    b,2015-01-01,2015-12-31,2.5,mn USD,flow,\"a, \"\"quoted\"\" note\"\r\n\r\n\
                    a,2016-12-31,2016-12-31,.,%,stock,missing\r\n\
                    b,2014-01-01,2014-06-30,\"1\",mn USD,flow,\r\n\
                    ,,,,,,\r\n";
        let (lines, diagnostics) = read(text, Calendar::Years);
        assert_eq!(diagnostics, []);
        assert_eq!(
            lines,
            ["b 2014H1 2014..2014.495890410959 = 1 mn USD `\"1\"`", "b 2015 2015..2016 = 2.5 mn USD `2.5`",]
        );
    }

    #[test]
    fn one_period_a_row() {
        let text = "year,hare [thousand pelts],lynx\n1900,30,4\n1901,NA,6.1\n";
        let (lines, diagnostics) = read(text, Calendar::Years);
        assert_eq!(diagnostics, []);
        assert_eq!(
            lines,
            [
                "hare 1900 1900..1901 = 30 thousand pelts `30`",
                "lynx 1900 1900..1901 = 4  `4`",
                "lynx 1901 1901..1902 = 6.1  `6.1`",
            ]
        );
    }

    #[test]
    fn plain_numbers_as_times() {
        let text = "observable,time,value\nhare,0,30\nhare,0.5,47.2\n";
        let (lines, diagnostics) = read(text, Calendar::Numbers);
        assert_eq!(diagnostics, []);
        assert_eq!(lines, ["hare 0 0..0 = 30  `30`", "hare 0.5 0.5..0.5 = 47.2  `47.2`"]);
    }
}
