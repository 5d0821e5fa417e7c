//! The text of an equation into tokens with their places. It knows no operators' strength and no names' meaning.

use super::fault::Fault;
use crate::diagnostic::Span;

/// A token and its byte range in the equation's text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed {
    pub token: Token,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Name(WrittenName),
    /// `'...'`, as only Vensim's functions of files take it.
    Text(String),
    Keyword(Keyword),
    Symbol(Symbol),
    End,
}

/// A name as written: `a`, `module.a`, `.a` (of the root model), each part perhaps in quotation marks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct WrittenName {
    pub rooted: bool,
    pub parts: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    And,
    Or,
    Not,
    Mod,
    If,
    Then,
    Else,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol {
    Plus,
    Minus,
    Star,
    Slash,
    DoubleSlash,
    Caret,
    Percent,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Comma,
    Semicolon,
    Colon,
    At,
    Apostrophe,
    Exclamation,
}

impl Keyword {
    fn named(word: &str) -> Option<Keyword> {
        const WORDS: [(&str, Keyword); 7] = [
            ("and", Keyword::And),
            ("or", Keyword::Or),
            ("not", Keyword::Not),
            ("mod", Keyword::Mod),
            ("if", Keyword::If),
            ("then", Keyword::Then),
            ("else", Keyword::Else),
        ];
        WORDS.iter().find(|(text, _)| text.eq_ignore_ascii_case(word)).map(|(_, keyword)| *keyword)
    }
}

/// All tokens of `text`, an [`Token::End`] last, and what is no token.
pub(super) fn tokens(text: &str) -> (Vec<Placed>, Vec<(Fault, Span)>) {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new(), faults: Vec::new() };
    lexer.run();
    (lexer.tokens, lexer.faults)
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    tokens: Vec<Placed>,
    faults: Vec<(Fault, Span)>,
}

impl Lexer<'_> {
    fn run(&mut self) {
        while let Some(character) = self.peek() {
            let start = self.at;
            match character {
                _ if character.is_whitespace() => self.advance(),
                '{' => self.comment(),
                '0'..='9' => self.number(),
                '.' if self.second().is_some_and(|next| next.is_ascii_digit()) => self.number(),
                '.' if self.second().is_some_and(starts_name_part) => self.name(),
                _ if starts_name_part(character) => self.name(),
                '\'' if !self.after_operand() => self.text(),
                _ => match self.symbol(character) {
                    Some((symbol, length)) => {
                        self.at += length;
                        self.push(Token::Symbol(symbol), start);
                    }
                    None => {
                        self.advance();
                        self.faults.push((Fault::UnexpectedCharacter(character), Span::new(start, self.at)));
                    }
                },
            }
        }
        self.push(Token::End, self.text.len());
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn advance(&mut self) {
        self.at += self.peek().map_or(1, char::len_utf8);
    }

    fn push(&mut self, token: Token, start: usize) {
        self.tokens.push(Placed { token, span: Span::new(start, self.at) });
    }

    fn comment(&mut self) {
        match self.rest().find('}') {
            Some(length) => self.at += length + 1,
            None => {
                self.faults.push((Fault::UnclosedComment, Span::new(self.at, self.at + 1)));
                self.at = self.text.len();
            }
        }
    }

    fn number(&mut self) {
        let start = self.at;
        self.digits();
        if self.peek() == Some('.') {
            self.advance();
            self.digits();
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            let mark = self.at;
            self.advance();
            if matches!(self.peek(), Some('+' | '-')) {
                self.advance();
            }
            let exponent = self.at;
            self.digits();
            if self.at == exponent {
                self.at = mark; // the letter begins a name, which the grammar will refuse
            }
        }
        let span = Span::new(start, self.at);
        match self.text[span.range()].parse::<f64>() {
            Ok(value) if value.is_finite() => self.push(Token::Number(value), start),
            _ => {
                self.faults.push((Fault::NumberOutOfRange, span));
                self.push(Token::Number(0.0), start);
            }
        }
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|character| character.is_ascii_digit()) {
            self.advance();
        }
    }

    fn name(&mut self) {
        let start = self.at;
        let rooted = self.peek() == Some('.');
        if rooted {
            self.advance();
        }
        let mut parts = Vec::new();
        let mut quoted = rooted;
        loop {
            if self.peek() == Some('"') {
                quoted = true;
                parts.push(self.quoted());
            } else {
                parts.push(self.bare());
            }
            if self.peek() == Some('.') && self.second().is_some_and(starts_name_part) {
                self.advance();
            } else {
                break;
            }
        }
        let keyword = match parts.as_slice() {
            [word] if !quoted => Keyword::named(word),
            _ => None,
        };
        match keyword {
            Some(keyword) => self.push(Token::Keyword(keyword), start),
            None => self.push(Token::Name(WrittenName { rooted, parts }), start),
        }
    }

    fn bare(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(continues_name) {
            self.advance();
        }
        self.text[start..self.at].to_owned()
    }

    fn after_operand(&self) -> bool {
        let last = self.tokens.last().map(|placed| &placed.token);
        matches!(
            last,
            Some(
                Token::Number(_)
                    | Token::Name(_)
                    | Token::Text(_)
                    | Token::Symbol(Symbol::Close | Symbol::CloseBracket | Symbol::Apostrophe)
            )
        )
    }

    fn text(&mut self) {
        let start = self.at;
        match self.rest().get(1..).and_then(|rest| rest.find('\'')) {
            Some(length) => {
                let text = self.text[start + 1..start + 1 + length].to_owned();
                self.at += length + 2;
                self.push(Token::Text(text), start);
            }
            None => {
                self.at = self.text.len();
                self.faults.push((Fault::UnclosedQuote, Span::new(start, start + 1)));
            }
        }
    }

    /// From an opening to a closing quotation mark, escapes undone.
    fn quoted(&mut self) -> String {
        let start = self.at;
        self.advance();
        let mut escaped = false;
        while let Some(character) = self.peek() {
            self.advance();
            match character {
                '"' if !escaped => return unescape(&self.text[start + 1..self.at - 1]),
                _ => escaped = character == '\\' && !escaped,
            }
        }
        self.faults.push((Fault::UnclosedQuote, Span::new(start, start + 1)));
        unescape(&self.text[start + 1..])
    }

    fn symbol(&self, character: char) -> Option<(Symbol, usize)> {
        let next = self.second();
        Some(match (character, next) {
            ('<', Some('=')) => (Symbol::LessOrEqual, 2),
            ('<', Some('>')) => (Symbol::NotEqual, 2),
            ('>', Some('=')) => (Symbol::GreaterOrEqual, 2),
            ('<', _) => (Symbol::Less, 1),
            ('>', _) => (Symbol::Greater, 1),
            ('=', _) => (Symbol::Equal, 1),
            ('+', _) => (Symbol::Plus, 1),
            ('-', _) => (Symbol::Minus, 1),
            ('*', _) => (Symbol::Star, 1),
            ('/', Some('/')) => (Symbol::DoubleSlash, 2),
            ('/', _) => (Symbol::Slash, 1),
            ('^', _) => (Symbol::Caret, 1),
            ('%', _) => (Symbol::Percent, 1),
            ('(', _) => (Symbol::Open, 1),
            (')', _) => (Symbol::Close, 1),
            ('[', _) => (Symbol::OpenBracket, 1),
            (']', _) => (Symbol::CloseBracket, 1),
            (',', _) => (Symbol::Comma, 1),
            (';', _) => (Symbol::Semicolon, 1),
            (':', _) => (Symbol::Colon, 1),
            ('@', _) => (Symbol::At, 1),
            ('\'', _) => (Symbol::Apostrophe, 1),
            ('!', _) => (Symbol::Exclamation, 1),
            _ => return None,
        })
    }
}

fn starts_name_part(character: char) -> bool {
    character == '"' || starts_bare(character)
}

/// XMILE 3.2.2.1 lets any character above 127 stand in a name; signs that people mistake for operators are left out.
fn starts_bare(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_' || (character > '\u{7f}' && !looks_like_operator(character))
}

/// Stella lets an apostrophe stand in a name; at its end it may be the sign of transposition.
fn continues_name(character: char) -> bool {
    starts_bare(character) || character.is_ascii_digit() || character == '$' || character == '\''
}

fn looks_like_operator(character: char) -> bool {
    "\u{2212}\u{2013}\u{2014}\u{d7}\u{f7}\u{b7}\u{2264}\u{2265}\u{2260}\u{201c}\u{201d}\u{2018}\u{2019}"
        .contains(character)
}

/// Undoes `\n`, `\"` and `\\` (XMILE 3.2.2.1); a line break in a name is a space.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('n' | 'r' | 't') => plain.push(' '),
            Some(other @ ('"' | '\\')) => plain.push(other),
            Some(other) => plain.extend(['\\', other]),
            None => plain.push('\\'),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let (tokens, faults) = tokens(text);
        assert!(faults.is_empty(), "{faults:?}");
        tokens
            .iter()
            .filter(|placed| placed.token != Token::End)
            .map(|placed| text[placed.span.range()].into())
            .collect()
    }

    #[test]
    fn tokens_are_found_with_their_places() {
        assert_eq!(texts("a*b {take} + .5e-3<>14."), ["a", "*", "b", "+", ".5e-3", "<>", "14."]);
        assert_eq!(texts("hares.\"hare density\" + .area"), ["hares.\"hare density\"", "+", ".area"]);
        assert_eq!(texts("x aNd nOT y MOD 2"), ["x", "aNd", "nOT", "y", "MOD", "2"]);
    }

    #[test]
    fn quoted_names_lose_their_escapes() {
        let (tokens, _) = tokens(r#""revenue\ngap \"x\" \\""#);
        let Token::Name(name) = &tokens[0].token else { panic!("{tokens:?}") };
        assert_eq!(name.parts, [r#"revenue gap "x" \"#]);
    }

    #[test]
    fn a_number_may_end_in_the_letter_of_a_name() {
        assert_eq!(texts("2e"), ["2", "e"]);
    }
}
