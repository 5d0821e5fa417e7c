//! A place in the tokens of one equation, and the steps every parser takes from it.

use super::fault::{Fault, Found};
use super::token::{Symbol, Token, TokenKind};
use crate::diagnostic::Span;
use crate::model::{Expression, Name};

/// A call of a macro that names variables for the macro's further outputs: `macro(a, b : c, d)`.
#[derive(Clone)]
pub struct OutputCall {
    pub function: Name,
    pub arguments: Vec<Expression>,
    pub outputs: Vec<Output>,
}

/// A variable that a call defines.
#[derive(Clone)]
pub struct Output {
    pub name: Name,
    pub subscripts: Vec<Name>,
    pub span: Span,
}

/// Reads the tokens of one equation from left to right.
#[derive(Clone)]
pub struct Cursor<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    /// What stands behind the last token.
    end: Token,
    /// What is legal and suspicious.
    pub remarks: Vec<Found>,
    /// How many more elements ranges such as `(A1-A5)` may name.
    pub elements_left: u64,
    pub calls: Vec<OutputCall>,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str, tokens: &'a [Token], end: usize) -> Self {
        Cursor {
            text,
            tokens,
            at: 0,
            end: Token { kind: TokenKind::End, span: Span::new(end, end) },
            remarks: Vec::new(),
            elements_left: 0,
            calls: Vec::new(),
        }
    }

    pub fn peek(&self) -> &Token {
        self.ahead(0)
    }

    pub fn ahead(&self, count: usize) -> &Token {
        self.tokens.get(self.at + count).unwrap_or(&self.end)
    }

    pub fn step(&mut self) -> Token {
        let token = self.peek().clone();
        self.at = (self.at + 1).min(self.tokens.len());
        token
    }

    pub fn last(&self) -> Option<&Token> {
        self.at.checked_sub(1).and_then(|before| self.tokens.get(before))
    }

    /// The end of the token before.
    pub fn here(&self) -> usize {
        self.last().map_or(self.peek().span.start, |token| token.span.end)
    }

    pub fn is(&self, symbol: Symbol) -> bool {
        self.peek().kind == TokenKind::Symbol(symbol)
    }

    pub fn at_end(&self) -> bool {
        self.peek().kind == TokenKind::End
    }

    /// Steps over `symbol` if it stands here.
    pub fn take(&mut self, symbol: Symbol) -> bool {
        let here = self.is(symbol);
        if here {
            self.step();
        }
        here
    }

    /// Steps over the name that stands here.
    pub fn take_name(&mut self) -> Option<(Name, Span)> {
        match &self.peek().kind {
            TokenKind::Name { text, .. } => {
                let name = Name::new(text);
                Some((name, self.step().span))
            }
            _ => None,
        }
    }

    /// Whether a name equal to `wanted` (in lower case) stands here.
    pub fn is_name(&self, wanted: &str) -> bool {
        matches!(&self.peek().kind, TokenKind::Name { text, .. } if Name::new(text).key() == wanted)
    }

    /// The token as the file writes it.
    pub fn written(&self, token: &Token) -> String {
        let text = self.text.get(token.span.range()).unwrap_or_default();
        let mut words = text.split_whitespace().filter(|word| *word != "\\").collect::<Vec<_>>().join(" ");
        if words.chars().count() > 60 {
            words = words.chars().take(57).collect::<String>() + "...";
        }
        words
    }

    /// The place to mark when something is missing here: the token that stands here, or the end of the last one.
    pub fn gap(&self) -> Span {
        if self.at_end() { self.last().map_or(self.end.span, |token| token.span) } else { self.peek().span }
    }

    /// What is wrong with the token that stands here, after an expression that could have ended before it.
    pub fn leftover(&self) -> Found {
        let token = self.peek();
        let fault = match &token.kind {
            TokenKind::Symbol(Symbol::CloseRound) => Fault::BracketNotOpened { bracket: ')' },
            TokenKind::Symbol(Symbol::CloseSquare) => Fault::BracketNotOpened { bracket: ']' },
            TokenKind::Symbol(Symbol::DoubleEqual) => Fault::DoubleEqual,
            TokenKind::Keyword(keyword) => Fault::MisplacedKeyword { keyword: *keyword },
            TokenKind::Name { .. }
            | TokenKind::Number(_)
            | TokenKind::Text(_)
            | TokenKind::Symbol(Symbol::OpenRound | Symbol::OpenSquare) => Fault::OperatorMissing {
                left: self.last().map(|last| self.written(last)).unwrap_or_default(),
                right: self.written(token),
            },
            _ => Fault::Unexpected { text: self.written(token) },
        };
        Found::new(fault, token.span)
    }
}
