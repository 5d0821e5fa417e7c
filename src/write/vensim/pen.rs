//! Text laid out as Vensim lays it out: lines of some eighty columns, longer ones continued with a backslash.

use std::fmt::Write;

const WIDTH: usize = 80;

/// Writes tokens and breaks lines between them where they grow too long.
#[derive(Default)]
pub struct Pen {
    pub text: String,
    column: usize,
}

impl Pen {
    /// Writes text that holds its own line breaks.
    pub fn plain(&mut self, text: &str) {
        self.text.push_str(text);
        self.column = match text.rfind('\n') {
            Some(line_break) => text.len() - line_break - 1,
            None => self.column + text.len(),
        };
    }

    /// Writes a token of an equation, on a new line if it would stand too far right.
    pub fn token(&mut self, token: &str) {
        if self.column > 0 && self.column + token.len() > WIDTH {
            let blank = self.text.ends_with([' ', '\t']);
            self.plain(if blank { "\\\n\t\t" } else { " \\\n\t\t" });
        }
        self.plain(token);
    }

    pub fn number(&mut self, value: f64) {
        let text = number(value);
        self.token(&text);
    }
}

/// The shortest text that reads back as the same number.
pub fn number(value: f64) -> String {
    let mut text = String::new();
    let _ = write!(text, "{value:?}");
    match text.strip_suffix(".0") {
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// A name as Vensim writes it: in quotation marks where it holds more than words.
pub fn name(text: &str) -> String {
    let word = |character: char| character.is_alphanumeric() || matches!(character, '_' | '$' | '\'');
    let starts = text.starts_with(|first: char| first.is_alphabetic() || first == '_');
    let gaps = text.contains("  ") || text.contains(" '") || text.contains(" $");
    if starts && !gaps && text.chars().all(|character| word(character) || character == ' ') {
        return text.to_owned();
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            // A name has no lines; how wide a gap is does not matter to it.
            '\n' | '\r' => quoted.push(' '),
            _ => quoted.push(character),
        }
    }
    if text.ends_with('\\') {
        quoted.push(' '); // so that the backslash does not take the mark behind it
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{Pen, name, number};

    #[test]
    fn names_are_quoted_where_they_must_be() {
        let cases = [
            ("births per woman", "births per woman"),
            ("children's", "children's"),
            ("Time$", "Time$"),
            ("été_2", "été_2"),
            ("a-b", "\"a-b\""),
            ("1990", "\"1990\""),
            ("a  b", "\"a  b\""),
            ("say \"x\" \\", "\"say \\\"x\\\" \\ \""),
        ];
        for (text, written) in cases {
            assert_eq!(name(text), written);
        }
    }

    #[test]
    fn numbers_read_back() {
        for (value, written) in [(3.0, "3"), (0.1, "0.1"), (1e300, "1e300"), (-2.5e-8, "-2.5e-8"), (-0.0, "-0")] {
            assert_eq!(number(value), written);
            assert_eq!(written.parse(), Ok(value));
        }
    }

    #[test]
    fn long_lines_are_continued() {
        let mut pen = Pen::default();
        for _ in 0..30 {
            pen.token("word ");
        }
        assert!(pen.text.lines().all(|line| line.len() <= 82));
        assert_eq!(pen.text.replace("\\\n\t\t", "").trim_end(), ["word"; 30].join(" "));
    }
}
