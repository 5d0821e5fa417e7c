//! Text of equations into tokens: names of several words, numbers, keywords between colons, symbols, each with its
//! place. Comments in braces and continued lines vanish here. What the tokens mean is left to the parsers.

use super::fault::{Fault, Found};
use crate::diagnostic::Span;

#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub kind: TokenKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TokenKind {
    /// A name without its quotation marks, gaps between words closed up to one space. `line_break` is the place of
    /// the last line break inside it that no backslash excuses.
    Name {
        text: String,
        line_break: Option<usize>,
    },
    Number(f64),
    /// Text between apostrophes.
    Text(String),
    Keyword(Keyword),
    Symbol(Symbol),
    /// Nothing is left.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbol {
    OpenRound,
    CloseRound,
    OpenSquare,
    CloseSquare,
    Comma,
    Semicolon,
    Plus,
    Minus,
    Star,
    Slash,
    Caret,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    DoubleEqual,
    NotEqual,
    Colon,
    ColonEqual,
    Exclamation,
    Arrow,
    DoubleArrow,
    Question,
    Tilde,
    Bar,
}

/// Longest first, so that `<->` is not read as `<` and `->`.
const SYMBOLS: [(&str, Symbol); 26] = [
    ("<->", Symbol::DoubleArrow),
    ("->", Symbol::Arrow),
    ("<=", Symbol::LessOrEqual),
    (">=", Symbol::GreaterOrEqual),
    ("<>", Symbol::NotEqual),
    ("==", Symbol::DoubleEqual),
    (":=", Symbol::ColonEqual),
    ("(", Symbol::OpenRound),
    (")", Symbol::CloseRound),
    ("[", Symbol::OpenSquare),
    ("]", Symbol::CloseSquare),
    (",", Symbol::Comma),
    (";", Symbol::Semicolon),
    ("+", Symbol::Plus),
    ("-", Symbol::Minus),
    ("*", Symbol::Star),
    ("/", Symbol::Slash),
    ("^", Symbol::Caret),
    ("<", Symbol::Less),
    (">", Symbol::Greater),
    ("=", Symbol::Equal),
    (":", Symbol::Colon),
    ("!", Symbol::Exclamation),
    ("?", Symbol::Question),
    ("~", Symbol::Tilde),
    ("|", Symbol::Bar),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {
    And,
    Or,
    Not,
    Missing,
    Except,
    Interpolate,
    LookForward,
    HoldBackward,
    Raw,
    Macro,
    EndOfMacro,
    TheCondition,
    Implies,
    TestInput,
    Is,
    Ignore,
    Crossing,
    AtLeastOnce,
    Supplementary,
}

/// The keywords as written between colons (Vensim reference, "Keywords").
const KEYWORDS: [(&str, Keyword); 20] = [
    ("AND", Keyword::And),
    ("OR", Keyword::Or),
    ("NOT", Keyword::Not),
    ("NA", Keyword::Missing),
    ("EXCEPT", Keyword::Except),
    ("INTERPOLATE", Keyword::Interpolate),
    ("LOOK FORWARD", Keyword::LookForward),
    ("HOLD BACKWARD", Keyword::HoldBackward),
    ("RAW", Keyword::Raw),
    ("MACRO", Keyword::Macro),
    ("END OF MACRO", Keyword::EndOfMacro),
    ("THE CONDITION", Keyword::TheCondition),
    ("IMPLIES", Keyword::Implies),
    ("TEST INPUT", Keyword::TestInput),
    ("IS", Keyword::Is),
    ("IGNORE", Keyword::Ignore),
    ("CROSSING", Keyword::Crossing),
    ("AT LEAST ONCE", Keyword::AtLeastOnce),
    ("SUPPLEMENTARY", Keyword::Supplementary),
    ("SUP", Keyword::Supplementary),
];

impl Keyword {
    pub fn text(self) -> &'static str {
        KEYWORDS.iter().find(|(_, keyword)| *keyword == self).map_or("", |(text, _)| text)
    }

    /// The spellings, for suggestions.
    pub fn spellings() -> impl Iterator<Item = &'static str> {
        KEYWORDS.iter().map(|(text, _)| *text)
    }
}

/// Bytes that may stand between quotation marks; more are taken for a missing mark.
const QUOTED_LIMIT: usize = 1_000;

/// What is known of the comments of a text, so that it is not searched to its end again and again.
#[derive(Clone, Copy)]
pub struct Braces {
    /// Where the last `}` stands: no comment that opens behind it is ever closed.
    last: usize,
    /// Comments may hold comments; not so any more when one was found that is never closed.
    nested: bool,
}

impl Braces {
    pub fn of(text: &str) -> Self {
        Braces { last: text.rfind('}').unwrap_or(0), nested: true }
    }
}

/// Walks through a text; `at` is where the next token is looked for, `end` where the text is taken to stop.
pub struct Lexer<'a> {
    text: &'a str,
    pub at: usize,
    end: usize,
    pub braces: Braces,
    pub faults: Vec<Found>,
}

impl<'a> Lexer<'a> {
    /// `at` and `end` must be character boundaries of `text`.
    pub fn new(text: &'a str, at: usize, end: usize, braces: Braces) -> Self {
        Lexer { text, at, end, braces, faults: Vec::new() }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..self.end).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The next token; symbols `~` and `|` are tokens like any other.
    pub fn token(&mut self) -> Token {
        loop {
            self.skip_gap();
            let start = self.at;
            let Some(first) = self.peek() else {
                return Token { kind: TokenKind::End, span: Span::new(start, start) };
            };
            let kind = if starts_name(first) {
                Some(self.name())
            } else if first.is_ascii_digit() || (first == '.' && self.digit_follows()) {
                self.number()
            } else if first == '"' {
                self.quoted_name()
            } else if first == '\'' {
                self.quoted_text()
            } else {
                self.symbol(first)
            };
            if let Some(kind) = kind {
                return Token { kind, span: Span::new(start, self.at) };
            }
        }
    }

    fn fault(&mut self, fault: Fault, start: usize, end: usize) {
        self.faults.push(Found::new(fault, Span::new(start, end)));
    }

    /// Passes white space, continued lines and comments in braces.
    pub fn skip_gap(&mut self) {
        loop {
            self.skip_blank();
            if self.peek() != Some('{') {
                return;
            }
            match self.comment_length() {
                Some(length) => self.at += length,
                None => {
                    let start = self.at;
                    self.at += self.rest().find(['~', '|', '\n']).unwrap_or(self.rest().len());
                    self.fault(Fault::CommentNotClosed, start, start + 1);
                }
            }
        }
    }

    /// The length of the comment that starts here, comments inside it included.
    fn comment_length(&mut self) -> Option<usize> {
        if self.at >= self.braces.last {
            return None;
        }
        if !self.braces.nested {
            return self.rest().find('}').map(|close| close + 1);
        }
        let mut depth = 0usize;
        for (place, byte) in self.rest().bytes().enumerate() {
            match byte {
                b'{' => depth += 1,
                b'}' if depth == 1 => return Some(place + 1),
                b'}' => depth -= 1,
                _ => {}
            }
        }
        self.braces.nested = false;
        None
    }

    /// Passes white space and continued lines; the place of the last bare line break among them.
    fn skip_blank(&mut self) -> Option<usize> {
        let mut line_break = None;
        loop {
            match self.peek() {
                Some('\\') => match continuation(self.rest()) {
                    Some(length) => self.at += length,
                    None => return line_break,
                },
                Some(blank) if is_blank(blank) => {
                    if blank == '\n' || blank == '\r' {
                        line_break = Some(self.at);
                    }
                    self.at += blank.len_utf8();
                }
                _ => return line_break,
            }
        }
    }

    fn name(&mut self) -> TokenKind {
        let mut text = String::new();
        let mut line_break = None;
        loop {
            let rest = self.rest();
            let length = rest.find(|character| !continues_name(character)).unwrap_or(rest.len());
            text.push_str(&rest[..length]);
            self.at += length;
            let word_end = self.at;
            let broken = self.skip_blank();
            match self.peek() {
                Some(next) if self.at > word_end && (starts_name(next) || next.is_numeric()) => {
                    text.push(' ');
                    line_break = broken.or(line_break);
                }
                _ => {
                    self.at = word_end;
                    return TokenKind::Name { text, line_break };
                }
            }
        }
    }

    /// A name in quotation marks; `\"` stands for a quotation mark inside it, any other backslash for itself.
    fn quoted_name(&mut self) -> Option<TokenKind> {
        let start = self.at;
        let mut text = String::new();
        self.at += 1;
        while let Some(character) = self.peek() {
            match character {
                '"' => {
                    self.at += 1;
                    if text.trim().is_empty() {
                        self.fault(Fault::EmptyQuotes, start, self.at);
                        return None;
                    }
                    return Some(TokenKind::Name { text, line_break: None });
                }
                '\\' if self.rest().starts_with("\\\"") => {
                    text.push('"');
                    self.at += 2;
                }
                '\\' if continuation(self.rest()).is_some() => self.skip_continuation(),
                '\n' | '\r' => break,
                _ if text.len() > QUOTED_LIMIT => break,
                _ => {
                    text.push(character);
                    self.at += character.len_utf8();
                }
            }
        }
        self.not_closed(start, Fault::QuoteNotClosed)
    }

    fn quoted_text(&mut self) -> Option<TokenKind> {
        let start = self.at;
        let mut text = String::new();
        self.at += 1;
        while let Some(character) = self.peek() {
            match character {
                '\'' => {
                    self.at += 1;
                    return Some(TokenKind::Text(text));
                }
                '\\' if continuation(self.rest()).is_some() => self.skip_continuation(),
                '\n' | '\r' => break,
                _ if text.len() > QUOTED_LIMIT => break,
                _ => {
                    text.push(character);
                    self.at += character.len_utf8();
                }
            }
        }
        self.not_closed(start, Fault::TextNotClosed)
    }

    fn skip_continuation(&mut self) {
        self.at += continuation(self.rest()).unwrap_or(1);
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.at += 1;
        }
    }

    /// Reports quoted text that its line does not close, and goes on where the equation's next part begins.
    fn not_closed(&mut self, start: usize, fault: Fault) -> Option<TokenKind> {
        let line = &self.text[start..self.at];
        let length = line.find(['~', '|']).unwrap_or(line.len());
        self.at = start + line[..length].trim_end().len().max(1);
        self.fault(fault, start, self.at);
        None
    }

    fn digit_follows(&self) -> bool {
        self.rest().chars().nth(1).is_some_and(|next| next.is_ascii_digit())
    }

    fn number(&mut self) -> Option<TokenKind> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut length = digits(0);
        if bytes.get(length) == Some(&b'.') {
            length += 1;
            length += digits(length);
        }
        if matches!(bytes.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
            let exponent = digits((length + 1 + sign).min(bytes.len()));
            if exponent > 0 {
                length += 1 + sign + exponent;
            }
        }
        let start = self.at;
        let tail = &rest[length..];
        let excess = tail.find(|character| !(continues_name(character) || character == '.')).unwrap_or(tail.len());
        self.at += length + excess;
        if excess > 0 {
            let text = self.text[start..self.at].to_owned();
            let starts_like_a_name = tail.starts_with(continues_name);
            let fault = if starts_like_a_name { Fault::NameStartsWithDigit { text } } else { Fault::Number { text } };
            self.fault(fault, start, self.at);
            return None;
        }
        match rest[..length].parse::<f64>() {
            Ok(value) if value.is_finite() => Some(TokenKind::Number(value)),
            _ => {
                self.fault(Fault::Number { text: rest[..length].to_owned() }, start, self.at);
                None
            }
        }
    }

    fn symbol(&mut self, first: char) -> Option<TokenKind> {
        if first == ':'
            && let Some(keyword) = self.keyword()
        {
            return keyword;
        }
        let rest = self.rest();
        if let Some((text, symbol)) = SYMBOLS.iter().find(|(text, _)| rest.starts_with(text)) {
            self.at += text.len();
            return Some(TokenKind::Symbol(*symbol));
        }
        let start = self.at;
        self.at += first.len_utf8();
        self.fault(Fault::Character { character: first }, start, self.at);
        None
    }

    /// A word between colons: `Some(None)` for one that Vensim does not have, `None` if there is no closing colon.
    fn keyword(&mut self) -> Option<Option<TokenKind>> {
        let start = self.at;
        let mut word = String::new();
        self.at += 1;
        loop {
            let before = self.at;
            self.skip_blank();
            match self.peek() {
                Some(':') if !word.is_empty() => {
                    self.at += 1;
                    break;
                }
                Some(letter) if letter.is_ascii_alphabetic() && word.len() < 40 => {
                    if self.at > before && !word.is_empty() {
                        word.push(' ');
                    }
                    word.push(letter.to_ascii_uppercase());
                    self.at += 1;
                }
                _ => {
                    self.at = start;
                    return None;
                }
            }
        }
        let keyword = KEYWORDS.iter().find(|(text, _)| *text == word).map(|(_, keyword)| *keyword);
        if keyword.is_none() {
            self.fault(Fault::UnknownKeyword { text: word }, start, self.at);
        }
        Some(keyword.map(TokenKind::Keyword))
    }
}

fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{feff}' | '\u{1a}')
}

fn starts_name(character: char) -> bool {
    character.is_alphabetic() || character == '_' || (!character.is_ascii() && is_graphic(character))
}

fn is_graphic(character: char) -> bool {
    !is_blank(character) && !character.is_control() && character != '\u{fffd}'
}

fn continues_name(character: char) -> bool {
    starts_name(character) || character.is_numeric() || matches!(character, '$' | '\'')
}

/// The length of a backslash and the line break behind it, if `text` starts so.
pub fn continuation(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('\\')?.trim_start_matches([' ', '\t']);
    let rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\n', '\r']))?;
    Some(text.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::{Braces, Keyword, Lexer, Symbol, TokenKind};

    fn kinds(text: &str) -> Vec<TokenKind> {
        let mut lexer = Lexer::new(text, 0, text.len(), Braces::of(text));
        let mut kinds = Vec::new();
        loop {
            let token = lexer.token();
            if token.kind == TokenKind::End {
                assert_eq!(lexer.faults, [], "{text}");
                return kinds;
            }
            kinds.push(token.kind);
        }
    }

    fn name(text: &str) -> TokenKind {
        TokenKind::Name { text: text.to_owned(), line_break: None }
    }

    #[test]
    fn names_run_over_gaps_and_stop_at_symbols() {
        assert_eq!(kinds("births per \\\n\t\twoman_x"), [name("births per woman_x")]);
        assert_eq!(kinds("\"a \\\"b\\\" | ~ \\ c\""), [name("a \"b\" | ~ \\ c")]);
        assert_eq!(
            kinds("children's {a {nested} comment} *Time$"),
            [name("children's"), TokenKind::Symbol(Symbol::Star), name("Time$")]
        );
        assert_eq!(kinds("a\n b"), [TokenKind::Name { text: "a b".to_owned(), line_break: Some(1) }]);
    }

    #[test]
    fn numbers_in_every_form() {
        for (text, value) in [("3e-05", 3e-5), (".5", 0.5), ("5.", 5.0), ("1.5E+06", 1.5e6), ("007", 7.0)] {
            assert_eq!(kinds(text), [TokenKind::Number(value)], "{text}");
        }
    }

    #[test]
    fn keywords_and_the_symbols_they_abut() {
        let expected = [
            name("revenue"),
            TokenKind::Keyword(Keyword::Raw),
            TokenKind::Symbol(Symbol::ColonEqual),
            TokenKind::Text("data.xls".to_owned()),
        ];
        assert_eq!(kinds("revenue :raw::= 'data.xls'"), expected);
        assert_eq!(
            kinds(":HOLD\\\n\tBACKWARD:a:b"),
            [TokenKind::Keyword(Keyword::HoldBackward), name("a"), TokenKind::Symbol(Symbol::Colon), name("b")]
        );
    }
}
