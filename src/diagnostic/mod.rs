//! What can be wrong, where, and how to mend it. Diagnostics are data; `render` turns them into text.
//!
//! Each stage has a closed enum of findings that become [`Diagnostic`]s in one place; nothing here knows a stage.

mod json;
mod render;

pub use render::{render, render_styled};

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// A text that spans point into.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// As the user named it.
    pub path: PathBuf,
    pub text: String,
}

impl Source {
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Source { path: path.into(), text: text.into() })
    }

    /// Line and column of a byte offset. The end of a text that ends in a line break counts to its last line.
    pub fn position(&self, offset: usize) -> Position {
        let before = &self.text[..self.clamp(Span::new(offset, offset)).start];
        let line_start = before.rfind('\n').map_or(0, |line_break| line_break + 1);
        Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }

    /// The text of a sub-expression on one line, in quotation marks, cut if long.
    pub fn quote(&self, span: Span) -> String {
        const LONGEST: usize = 40;
        let text = self.text.get(span.range()).unwrap_or_default();
        // A backslash at the end of a line continues it.
        let text = text.split_whitespace().filter(|word| *word != "\\").collect::<Vec<_>>().join(" ");
        match text.char_indices().nth(LONGEST) {
            _ if text.is_empty() => "a part".to_owned(),
            Some((cut, _)) => format!("`{}...`", text[..cut].trim_end()),
            None => format!("`{text}`"),
        }
    }

    /// The part of a span that lies in the text, on character boundaries.
    fn clamp(&self, span: Span) -> Span {
        let last = self.text.strip_suffix('\n').map_or(self.text.len(), |text| text.trim_end_matches('\r').len());
        let inside = |offset: usize| {
            let offset = if offset >= self.text.len() { last } else { offset };
            (0..=offset).rev().find(|offset| self.text.is_char_boundary(*offset)).unwrap_or(0)
        };
        let start = inside(span.start);
        Span { start, end: inside(span.end).max(start) }
    }
}

/// A place in a text, both counted from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// A byte range of one source. Models are one file each, so a span does not name it; a diagnostic does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    pub fn new(start: usize, end: usize) -> Self {
        Span { start, end }
    }

    /// From the start of `self` to the end of `other`.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The work cannot be done.
    Error,
    /// Legal, and likely a mistake.
    Warning,
    /// A fact the user may want.
    Note,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// Stable, in kebab case: `unknown-name`, `units-mismatch`.
    pub code: &'static str,
    /// One sentence without a full stop.
    pub message: String,
    pub source: Option<Arc<Source>>,
    /// The place at fault, and what to say beside it.
    pub label: Option<(Span, String)>,
    /// Further places.
    pub also: Vec<(Span, String)>,
    /// What to do next.
    pub help: Option<String>,
}

impl Diagnostic {
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            code,
            message: message.into(),
            source: None,
            label: None,
            also: Vec::new(),
            help: None,
        }
    }

    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, message) }
    }

    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Note, ..Diagnostic::error(code, message) }
    }

    pub fn at(mut self, source: &Arc<Source>, span: Span, label: impl Into<String>) -> Self {
        self.source = Some(source.clone());
        self.label = Some((span, label.into()));
        self
    }

    /// Names the file without a place in it.
    pub fn in_file(mut self, source: &Arc<Source>) -> Self {
        self.source = Some(source.clone());
        self
    }

    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.also.push((span, label.into()));
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The candidate nearest to `wanted` by edit distance, if near enough to be a slip of the pen.
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    let limit = (wanted.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(&wanted, &candidate.to_lowercase(), limit), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(b.1)))
        .map(|(_, candidate)| candidate)
}

/// Edit distance with transpositions of neighbours (optimal string alignment), cut off above `limit`.
fn edit_distance(a: &str, b: &str, limit: usize) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    if a.len().abs_diff(b.len()) > limit {
        return limit + 1;
    }
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let substitution = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = substitution.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let names = ["dry powder", "portfolio", "rent"];
        assert_eq!(nearest("dry podwer", names), Some("dry powder"));
        assert_eq!(nearest("portfolo", names), Some("portfolio"));
        assert_eq!(nearest("unemployment", names), None);
    }
}
