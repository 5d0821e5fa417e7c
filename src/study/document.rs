//! A TOML text as tables of fields that remember where they stand and which keys were asked for, so that every unknown
//! key, missing key and wrong type of a file is found in one run. What the fields mean is said by the files that ask.

use super::fault::{Fault, Finding};
use crate::calendar::{Calendar, Fraction};
use crate::diagnostic::{Source, Span, nearest};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and its place in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Located<T> {
    pub value: T,
    pub span: Span,
}

impl<T> Located<T> {
    pub fn new(value: T, span: Span) -> Self {
        Located { value, span }
    }

    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Located<U> {
        Located { value: change(self.value), span: self.span }
    }
}

/// Where findings gather while a file is read.
pub(super) struct Notebook<'s> {
    pub source: &'s Arc<Source>,
    findings: RefCell<Vec<Finding>>,
}

impl<'s> Notebook<'s> {
    pub fn new(source: &'s Arc<Source>) -> Self {
        Notebook { source, findings: RefCell::new(Vec::new()) }
    }

    pub fn report(&self, fault: Fault, span: Span) {
        self.findings.borrow_mut().push(Finding::new(fault, self.source, span));
    }

    pub fn into_findings(self) -> Vec<Finding> {
        self.findings.into_inner()
    }
}

/// One table of a file.
pub(super) struct Fields<'t> {
    /// The table's name for messages: `[run]`, `[[observe]]`; empty for the file itself.
    pub place: String,
    /// Where the table is named.
    pub span: Span,
    entries: BTreeMap<&'t str, (Span, Span, &'t DeValue<'t>)>,
    asked: RefCell<Vec<&'static str>>,
    free: Cell<bool>,
    notebook: &'t Notebook<'t>,
}

/// Parses a file and hands its top table to `read`.
pub(super) fn with_document<T>(notebook: &Notebook, read: impl FnOnce(&Fields) -> T) -> T {
    let (document, errors) = DeTable::parse_recoverable(&notebook.source.text);
    for error in &errors {
        let span = error.span().map_or_else(Span::default, |range| Span::new(range.start, range.end));
        notebook.report(Fault::Syntax { reason: error.message().to_owned() }, span);
    }
    let fields = Fields::new(String::new(), Span::new(0, 0), document.get_ref(), notebook);
    read(&fields)
}

fn span<T>(spanned: &Spanned<T>) -> Span {
    let range = spanned.span();
    Span::new(range.start, range.end)
}

impl<'t> Fields<'t> {
    fn new(place: String, at: Span, table: &'t DeTable<'t>, notebook: &'t Notebook<'t>) -> Self {
        let entries =
            table.iter().map(|(key, value)| (key.get_ref().as_ref(), (span(key), span(value), value.get_ref())));
        Fields {
            place,
            span: at,
            entries: entries.collect(),
            asked: RefCell::default(),
            free: Cell::new(false),
            notebook,
        }
    }

    pub fn report(&self, fault: Fault, span: Span) {
        self.notebook.report(fault, span);
    }

    pub fn source(&self) -> &Arc<Source> {
        self.notebook.source
    }

    /// Where a key stands; the table itself where it does not.
    pub fn key_span(&self, key: &str) -> Span {
        self.entries.get(key).map_or(self.span, |(key, ..)| *key)
    }

    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    fn get(&self, key: &'static str) -> Option<(Span, &'t DeValue<'t>)> {
        self.asked.borrow_mut().push(key);
        self.entries.get(key).map(|(_, span, value)| (*span, *value))
    }

    fn wrong(&self, key: &str, wanted: &'static str, found: &DeValue, span: Span) {
        let fault = Fault::WrongType { key: key.to_owned(), wanted, found: kind(found) };
        self.notebook.report(fault, span);
    }

    /// Says that a key is missing, where `value` is none although nothing wrong stands in its place.
    pub fn required<T>(&self, key: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() && !self.has(key) {
            self.notebook.report(Fault::MissingKey { key, place: self.place.clone() }, self.span);
        }
        value
    }

    pub fn text(&self, key: &'static str) -> Option<Located<String>> {
        let (span, value) = self.get(key)?;
        match value.as_str() {
            Some(text) => Some(Located::new(text.to_owned(), span)),
            None => {
                self.wrong(key, "text in quotation marks", value, span);
                None
            }
        }
    }

    /// A period or time: text, or a bare number or date, which is taken as written.
    pub fn period(&self, key: &'static str) -> Option<Located<String>> {
        let (span, value) = self.get(key)?;
        let found = match value {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) => {
                self.notebook.source.text.get(span.range()).map(str::to_owned)
            }
            _ => None,
        };
        if found.is_none() {
            self.wrong(key, "a period such as \"2016\" or \"2016Q1\"", value, span);
        }
        found.map(|text| Located::new(text, span))
    }

    /// A time: a number of model time as it stands, or a place within a period given as text.
    pub fn time(&self, key: &'static str, calendar: &Calendar, fraction: Fraction) -> Option<Located<f64>> {
        let (span, value) = self.get(key)?;
        if let Some(time) = number(value) {
            return Some(Located::new(time, span));
        }
        let Some(text) = value.as_str() else {
            self.wrong(key, "a time such as 2014.6, or a period such as \"2014-08\"", value, span);
            return None;
        };
        match calendar.window(text) {
            Ok(window) => Some(Located::new(window.at(fraction), span)),
            Err(_) => {
                let numbers = *calendar == Calendar::Numbers;
                self.report(Fault::NotAPeriod { text: text.to_owned(), numbers }, span);
                None
            }
        }
    }

    pub fn number(&self, key: &'static str) -> Option<Located<f64>> {
        let (span, value) = self.get(key)?;
        let found = number(value);
        if found.is_none() {
            self.wrong(key, "a number", value, span);
        }
        found.map(|number| Located::new(number, span))
    }

    /// A whole number of at least `least`.
    pub fn count(&self, key: &'static str, least: u64) -> Option<Located<u64>> {
        let (span, value) = self.get(key)?;
        let found = value.as_integer().and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok());
        match found.filter(|count| *count >= least) {
            Some(count) => Some(Located::new(count, span)),
            None => {
                let wanted = if least == 0 { "a whole number, zero or above" } else { "a whole number above zero" };
                self.wrong(key, wanted, value, span);
                None
            }
        }
    }

    pub fn flag(&self, key: &'static str) -> Option<Located<bool>> {
        let (span, value) = self.get(key)?;
        if value.as_bool().is_none() {
            self.wrong(key, "true or false", value, span);
        }
        value.as_bool().map(|flag| Located::new(flag, span))
    }

    /// One of several words.
    pub fn choice<T: Copy>(&self, key: &'static str, choices: &[(&'static str, T)]) -> Option<Located<T>> {
        let word = self.text(key)?;
        self.chosen(key, &word, choices).map(|value| Located::new(value, word.span))
    }

    /// The meaning of a word among several; reported where it is none of them.
    pub fn chosen<T: Copy>(
        &self,
        key: &'static str,
        word: &Located<String>,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        if let Some((_, value)) = choices.iter().find(|(choice, _)| *choice == word.value) {
            return Some(*value);
        }
        let words: Vec<&'static str> = choices.iter().map(|(choice, _)| *choice).collect();
        let near = nearest(&word.value, words.iter().copied()).map(str::to_owned);
        let fault = Fault::UnknownChoice { key, text: word.value.clone(), nearest: near, choices: words };
        self.notebook.report(fault, word.span);
        None
    }

    /// `[low, high]`.
    pub fn pair(&self, key: &'static str) -> Option<Located<(f64, f64)>> {
        let (span, value) = self.get(key)?;
        let numbers: Option<Vec<f64>> =
            value.as_array().and_then(|array| array.iter().map(|item| number(item.get_ref())).collect());
        match numbers.as_deref() {
            Some(&[low, high]) => Some(Located::new((low, high), span)),
            _ => {
                self.wrong(key, "two numbers, [low, high]", value, span);
                None
            }
        }
    }

    /// A list of texts; a single text is a list of one.
    pub fn texts(&self, key: &'static str) -> Vec<Located<String>> {
        let Some((at, value)) = self.get(key) else { return Vec::new() };
        self.listed(key, at, value)
    }

    fn listed(&self, key: &str, at: Span, value: &DeValue) -> Vec<Located<String>> {
        if let Some(text) = value.as_str() {
            return vec![Located::new(text.to_owned(), at)];
        }
        let Some(items) = value.as_array() else {
            self.wrong(key, "a list of texts", value, at);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_str() {
                Some(text) => texts.push(Located::new(text.to_owned(), span(item))),
                None => self.wrong(key, "a list of texts", item.get_ref(), span(item)),
            }
        }
        texts
    }

    pub fn table(&self, key: &'static str) -> Option<Fields<'t>> {
        let (span, value) = self.get(key)?;
        let Some(table) = value.as_table() else {
            self.wrong(key, "a table", value, span);
            return None;
        };
        Some(Fields::new(self.name_of(key), self.header(key, span), table, self.notebook))
    }

    /// The tables of a list, `[[key]]`.
    pub fn tables(&self, key: &'static str) -> Vec<Fields<'t>> {
        let Some((at, value)) = self.get(key) else { return Vec::new() };
        let Some(items) = value.as_array() else {
            self.wrong(key, "a list of tables, each under its own [[header]]", value, at);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_table() {
                Some(table) => tables.push(Fields::new(format!("[[{key}]]"), span(item), table, self.notebook)),
                None => self.wrong(key, "a list of tables, each under its own [[header]]", item.get_ref(), span(item)),
            }
        }
        tables
    }

    /// A key whose value is text or a table, as shorthands are.
    pub fn is_text(&self, key: &str) -> bool {
        self.entries.get(key).is_some_and(|(_, _, value)| value.is_str())
    }

    pub fn is_table(&self, key: &str) -> bool {
        self.entries.get(key).is_some_and(|(_, _, value)| value.is_table())
    }

    /// Every entry of a table whose keys are names of the user's own, in the order of the file.
    pub fn names(&self) -> Vec<Located<String>> {
        self.free.set(true);
        let mut names: Vec<Located<String>> =
            self.entries.iter().map(|(key, (span, ..))| Located::new((*key).to_owned(), *span)).collect();
        names.sort_by_key(|name| name.span);
        names
    }

    /// The number under a name of the user's own.
    pub fn number_of(&self, name: &str) -> Option<Located<f64>> {
        let (_, span, value) = self.entries.get(name)?;
        let found = number(value);
        if found.is_none() {
            self.wrong(name, "a number", value, *span);
        }
        found.map(|number| Located::new(number, *span))
    }

    /// The text under a name of the user's own.
    pub fn text_of(&self, name: &str) -> Option<Located<String>> {
        let (_, span, value) = self.entries.get(name)?;
        if value.as_str().is_none() {
            self.wrong(name, "text in quotation marks", value, *span);
        }
        value.as_str().map(|text| Located::new(text.to_owned(), *span))
    }

    /// The texts under a name of the user's own; a single text is a list of one.
    pub fn texts_of(&self, name: &str) -> Vec<Located<String>> {
        let Some((_, at, value)) = self.entries.get(name) else { return Vec::new() };
        self.listed(name, *at, value)
    }

    /// The table under a name of the user's own.
    pub fn table_of(&self, name: &str) -> Option<Fields<'t>> {
        let (key, at, value) = self.entries.get(name)?;
        let Some(table) = value.as_table() else {
            self.wrong(name, "a table", value, *at);
            return None;
        };
        Some(Fields::new(format!("{} `{name}`", self.place), *key, table, self.notebook))
    }

    /// Keys that are no strangers here although nothing reads them.
    pub fn know(&self, keys: &[&'static str]) {
        self.asked.borrow_mut().extend(keys);
    }

    /// Reports the keys that nothing asked for.
    fn finish(&self) {
        if self.free.get() {
            return;
        }
        let asked = self.asked.borrow();
        for (key, (span, ..)) in &self.entries {
            if asked.contains(key) {
                continue;
            }
            let mut known: Vec<&'static str> = asked.clone();
            known.sort_unstable();
            known.dedup();
            let unused = known.iter().copied().filter(|known| !self.has(known));
            let nearest = nearest(key, unused).map(str::to_owned);
            let fault = Fault::UnknownKey { key: (*key).to_owned(), place: self.place.clone(), nearest, known };
            self.notebook.report(fault, *span);
        }
    }

    fn name_of(&self, key: &str) -> String {
        match self.place.as_str() {
            "" => format!("[{key}]"),
            place => format!("{key} of {place}"),
        }
    }

    /// An inline table is named by its key, a headed one by its header.
    fn header(&self, key: &str, table: Span) -> Span {
        match self.notebook.source.text.get(table.range()) {
            Some(text) if text.starts_with('[') => table,
            _ => self.key_span(key),
        }
    }
}

/// When its reader lets go of a table, what it never asked for is unknown.
impl Drop for Fields<'_> {
    fn drop(&mut self) {
        self.finish();
    }
}

fn number(value: &DeValue) -> Option<f64> {
    match value {
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok().map(|n| n as f64),
        DeValue::Float(n) => n.as_str().parse().ok().filter(|n: &f64| !n.is_nan()),
        _ => None,
    }
}

fn kind(value: &DeValue) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
