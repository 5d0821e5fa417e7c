//! The text before the sketch, cut into statements: equations with their units, comment and flag, group headings, and
//! the heads and ends of macros. Where a `|` is missing, the next equation is found by its look.

use super::cursor::Cursor;
use super::fault::{Fault, Found};
use super::token::{Braces, Keyword, Lexer, Symbol, Token, TokenKind};
use crate::diagnostic::Span;
use crate::model::Name;

/// One statement.
pub enum Piece {
    Equation(Statement),
    Group { name: String },
    Macro(Heading),
    EndOfMacro(Span),
}

/// `tokens ~ units ~ comment ~ flag |`.
pub struct Statement {
    pub tokens: Vec<Token>,
    /// Where the tokens end.
    pub body: Span,
    /// The parts behind the tildes.
    pub parts: Vec<Span>,
    /// From the first token to the `|`.
    pub span: Span,
    /// The words of its tokens were sound.
    pub sound: bool,
}

/// `:MACRO: name(parameters : outputs)`.
pub struct Heading {
    pub name: Name,
    pub parameters: Vec<Name>,
    pub outputs: Vec<Name>,
    pub span: Span,
}

/// Cuts `text[..end]` into statements.
pub struct Statements<'a> {
    text: &'a str,
    at: usize,
    end: usize,
    braces: Braces,
    pub faults: Vec<Found>,
}

impl<'a> Statements<'a> {
    pub fn new(text: &'a str, end: usize) -> Self {
        Statements { text, at: 0, end, braces: Braces::of(&text[..end]), faults: Vec::new() }
    }

    fn fault(&mut self, fault: Fault, span: Span) {
        self.faults.push(Found::new(fault, span));
    }

    fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.range()).unwrap_or("")
    }

    pub fn next_piece(&mut self) -> Option<Piece> {
        loop {
            let mut lexer = self.lexer(self.end);
            lexer.skip_gap();
            self.at = lexer.at;
            if self.text[self.at..self.end].starts_with('*') {
                return Some(Piece::Group { name: self.group() });
            }
            let first = lexer.token();
            self.braces = lexer.braces;
            match first.kind {
                TokenKind::Keyword(Keyword::Macro) => {
                    let heading = self.heading(lexer, first.span);
                    if let Some(heading) = heading {
                        return Some(Piece::Macro(heading));
                    }
                }
                TokenKind::Keyword(Keyword::EndOfMacro) => {
                    self.at = lexer.at;
                    return Some(Piece::EndOfMacro(first.span));
                }
                TokenKind::End if lexer.faults.is_empty() => return None,
                // A `|` too many is an empty statement.
                TokenKind::Symbol(Symbol::Bar) => {
                    self.faults.append(&mut lexer.faults);
                    self.at = lexer.at;
                }
                _ => return Some(Piece::Equation(self.equation())),
            }
        }
    }

    /// `**** .name ****~ comment |`; nothing if it has no name.
    fn group(&mut self) -> String {
        let start = self.at;
        let rest = &self.text[start..self.end];
        let length = rest.find('|').unwrap_or(rest.len());
        self.at = (start + length + 1).min(self.end);
        let heading = rest[..length].split('~').next().unwrap_or_default();
        let name = heading.trim_matches(|character: char| character == '*' || character.is_whitespace());
        let name = name.strip_prefix('.').unwrap_or(name).trim();
        let line = heading.trim_end().lines().next().unwrap_or_default();
        let span = Span::new(start, start + line.len());
        if name.is_empty() || name.contains('\n') {
            self.fault(Fault::GroupNameMissing, span);
        } else if length == rest.len() {
            self.fault(Fault::EquationTruncated { name: name.to_owned() }, span);
        }
        name.to_owned()
    }

    fn heading(&mut self, mut lexer: Lexer<'a>, keyword: Span) -> Option<Heading> {
        let mut tokens = Vec::new();
        loop {
            let token = lexer.token();
            let last = token.kind == TokenKind::Symbol(Symbol::CloseRound);
            let ended = matches!(
                token.kind,
                TokenKind::End | TokenKind::Keyword(_) | TokenKind::Symbol(Symbol::Bar | Symbol::Tilde | Symbol::Equal)
            );
            if !ended {
                tokens.push(token);
            }
            if last || ended {
                break;
            }
        }
        let mut cursor = Cursor::new(self.text, &tokens, lexer.at);
        let heading = heading(&mut cursor, keyword);
        self.braces = lexer.braces;
        self.at = if heading.is_some() {
            lexer.at
        } else {
            self.fault(Fault::MacroHeader, keyword);
            self.text[keyword.end..self.end].find('\n').map_or(self.end, |length| keyword.end + length)
        };
        heading
    }

    fn equation(&mut self) -> Statement {
        let start = self.at;
        let (mut tokens, mut lexer, next) = self.tokens(self.end);
        if let Some(next) = next {
            (tokens, lexer, _) = self.tokens(next);
            let name = self.name(&tokens);
            let last = tokens.last().map_or(Span::new(start, start), |token| token.span);
            self.fault(Fault::BarMissing { name }, last);
            return self.finish(tokens, lexer, start, Vec::new(), next);
        }
        let mut parts = Vec::new();
        let mut at = lexer.at;
        let mut closed = self.text[..at].ends_with('|');
        while !closed && at < self.end {
            let length = self.text[at..self.end].find(['~', '|']).unwrap_or(self.end - at);
            parts.push(Span::new(at, at + length));
            closed = self.text[at + length..self.end].starts_with('|');
            at = (at + length + 1).min(self.end);
            if parts.len() == 4 && self.next_in_parts(&parts, closed).is_some() {
                break;
            }
        }
        if let Some((part, next)) = self.next_in_parts(&parts, closed) {
            parts.truncate(part + 1);
            parts[part].end = next;
            let before = self.text[start..next].trim_end();
            let last = before.chars().next_back().map_or(0, char::len_utf8);
            let end = start + before.len();
            let name = self.name(&tokens);
            self.fault(Fault::BarMissing { name }, Span::new(end - last, end));
            return self.finish(tokens, lexer, start, parts, next);
        }
        let name = self.name(&tokens);
        if !closed {
            let whole = self.text[start..at].trim_end().len();
            let line = self.text[start..start + whole].find('\n').unwrap_or(whole);
            lexer.faults = vec![Found::new(Fault::EquationTruncated { name }, Span::new(start, start + line))];
        } else if parts.len() < 2 {
            self.fault(Fault::TildesMissing { name, found: parts.len() }, Span::new(at - 1, at));
        } else if let Some(flag) = parts.get(2) {
            let text = self.slice(*flag).trim();
            if !text.is_empty() && !is_flag(text) {
                let from = flag.start + self.slice(*flag).find(text).unwrap_or(0);
                let line = text.lines().next().unwrap_or_default().trim_end();
                self.fault(Fault::UnknownFlag { text: line.to_owned() }, Span::new(from, from + line.len()));
            }
        }
        self.finish(tokens, lexer, start, parts, at)
    }

    fn finish(
        &mut self,
        tokens: Vec<Token>,
        lexer: Lexer<'a>,
        start: usize,
        parts: Vec<Span>,
        next: usize,
    ) -> Statement {
        self.at = next;
        let body = Span::new(start, tokens.last().map_or(start, |token| token.span.end));
        let sound = lexer.faults.is_empty();
        self.braces = lexer.braces;
        self.faults.extend(lexer.faults);
        let length = self.text[start..next].trim_end().len();
        Statement { tokens, body, parts, span: Span::new(start, start + length), sound }
    }

    /// The tokens up to the first `~` or `|`, which the lexer has passed; or up to where another equation starts.
    fn tokens(&self, end: usize) -> (Vec<Token>, Lexer<'a>, Option<usize>) {
        let mut lexer = self.lexer(end);
        let mut tokens = Vec::new();
        let mut depth = 0usize;
        let mut assigned = false;
        loop {
            let token = lexer.token();
            match &token.kind {
                TokenKind::End | TokenKind::Symbol(Symbol::Tilde | Symbol::Bar) => return (tokens, lexer, None),
                TokenKind::Symbol(Symbol::OpenRound | Symbol::OpenSquare) => depth += 1,
                TokenKind::Symbol(Symbol::CloseRound | Symbol::CloseSquare) => depth = depth.saturating_sub(1),
                TokenKind::Symbol(Symbol::Equal | Symbol::DoubleEqual | Symbol::ColonEqual) if depth == 0 => {
                    let next = next_equation(&tokens, self.text);
                    if assigned && next.is_some() {
                        return (tokens, lexer, next);
                    }
                    assigned = true;
                }
                _ => {}
            }
            tokens.push(token);
        }
    }

    fn lexer(&self, end: usize) -> Lexer<'a> {
        Lexer::new(self.text, self.at, end, self.braces)
    }

    fn name(&self, tokens: &[Token]) -> String {
        match tokens.first().map(|token| (&token.kind, token.span)) {
            Some((TokenKind::Name { text, .. }, _)) => text.clone(),
            Some((_, span)) => self.slice(span).to_owned(),
            None => String::new(),
        }
    }

    /// Where another equation starts inside units, comment or flag, the `|` before it being missing.
    fn next_in_parts(&self, parts: &[Span], closed: bool) -> Option<(usize, usize)> {
        let flag = parts.get(2).map_or("", |part| self.slice(*part).trim());
        let crowded = parts.len() > 3 || !(flag.is_empty() || is_flag(flag)) || !closed;
        parts.iter().take(3).enumerate().find_map(|(index, part)| {
            let text = self.slice(*part);
            let suspicious = crowded || (index == 0 && text.contains('=')) || text.contains(":MACRO:");
            if !suspicious && !text.contains("MACRO:") {
                return None;
            }
            let mut lines = Vec::new();
            let mut from = 0;
            while let Some(length) = text[from..].find('\n') {
                from += length + 1;
                lines.push(from);
            }
            let starts = |from: &&usize| {
                let line = text[**from..].lines().next().unwrap_or_default();
                let head = line.trim_start().trim_start_matches('"');
                let keyword = head.starts_with(":MACRO:") || head.starts_with(":END OF MACRO:");
                let named = head.starts_with(|first: char| first.is_alphabetic());
                keyword || (crowded || index == 0) && named && line.contains(['=', ':'])
            };
            let flush = |from: &&usize| !text[**from..].starts_with([' ', '\t']);
            let found = lines.iter().filter(flush).find(starts).or_else(|| lines.iter().find(starts))?;
            Some((index, part.start + found))
        })
    }
}

/// Whether the part behind the comment marks its variable as supplementary.
pub fn is_flag(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(":sup"))
}

/// Tokens among which the bracket that opens the subscripts of a left-hand side is looked for.
const SUBSCRIPT_TOKENS: usize = 64;

/// Where the left-hand side of another equation starts, if the last of these tokens, before a second `=`, are one: a
/// name at the head of a line where an operator should stand.
fn next_equation(tokens: &[Token], text: &str) -> Option<usize> {
    let mut at = tokens.len().checked_sub(1)?;
    if tokens[at].kind == TokenKind::Symbol(Symbol::CloseSquare) {
        let near = tokens.len().saturating_sub(SUBSCRIPT_TOKENS);
        let open = tokens[near..].iter().rposition(|token| token.kind == TokenKind::Symbol(Symbol::OpenSquare))?;
        at = (near + open).checked_sub(1)?;
    }
    let TokenKind::Name { line_break, .. } = &tokens[at].kind else {
        return None;
    };
    if let Some(line_break) = line_break {
        let rest = &text[*line_break..];
        return Some(line_break + rest.len() - rest.trim_start().len());
    }
    let before = &tokens[at.checked_sub(1)?];
    let complete = matches!(
        before.kind,
        TokenKind::Name { .. }
            | TokenKind::Number(_)
            | TokenKind::Text(_)
            | TokenKind::Symbol(Symbol::CloseRound | Symbol::CloseSquare)
    );
    (complete && text[before.span.end..tokens[at].span.start].contains('\n')).then(|| tokens[at].span.start)
}

fn heading(cursor: &mut Cursor, keyword: Span) -> Option<Heading> {
    let (name, span) = cursor.take_name()?;
    let mut heading = Heading { name, parameters: Vec::new(), outputs: Vec::new(), span: keyword.to(span) };
    if !cursor.take(Symbol::OpenRound) {
        return None;
    }
    let mut outputs = false;
    loop {
        if cursor.take(Symbol::CloseRound) {
            break;
        }
        let (name, _) = cursor.take_name()?;
        if outputs {
            heading.outputs.push(name)
        } else {
            heading.parameters.push(name)
        }
        if cursor.take(Symbol::Colon) {
            outputs = true;
        } else if !cursor.take(Symbol::Comma) && !cursor.is(Symbol::CloseRound) {
            return None;
        }
    }
    heading.span = Span::new(keyword.start, cursor.here());
    Some(heading)
}
