//! Tokens into expressions, by precedence climbing.
//!
//! From weak to strong: `:OR:`, `:AND:`, `:NOT:`, comparisons, `+ -`, `* /`, signs, `^`. Powers group from the right
//! and bind closer than a sign on their left, as the runs published with the community's `arithmetics` and
//! `exponentiation` models show: `4^3^2` is 262144 and `-2^2` is -4.

use super::cursor::{Cursor, Output, OutputCall};
use super::fault::{Fault, Found, HEIGHT_LIMIT, NESTING_LIMIT};
use super::lookup;
use super::token::{Keyword, Symbol, TokenKind};
use crate::diagnostic::Span;
use crate::model::{BinaryOperator, Expression, ExpressionKind, Name, Subscript, SubscriptKind, UnaryOperator};

/// An expression and the height of its tree, which is kept low enough to be walked by recursion.
struct Tree {
    expression: Expression,
    height: usize,
}

/// `(a, b : c)`.
struct Arguments {
    values: Vec<Expression>,
    outputs: Vec<Output>,
    /// Of the highest tree among the values.
    height: usize,
}

const NOT: u8 = 3;
const COMPARISON: u8 = 4;
const POWER: u8 = 8;

fn binary(kind: &TokenKind) -> Option<(BinaryOperator, u8)> {
    use BinaryOperator::*;
    Some(match kind {
        TokenKind::Keyword(Keyword::Or) => (Or, 1),
        TokenKind::Keyword(Keyword::And) => (And, 2),
        TokenKind::Symbol(Symbol::Equal) => (Equal, COMPARISON),
        TokenKind::Symbol(Symbol::NotEqual) => (NotEqual, COMPARISON),
        TokenKind::Symbol(Symbol::Less) => (Less, COMPARISON),
        TokenKind::Symbol(Symbol::LessOrEqual) => (LessOrEqual, COMPARISON),
        TokenKind::Symbol(Symbol::Greater) => (Greater, COMPARISON),
        TokenKind::Symbol(Symbol::GreaterOrEqual) => (GreaterOrEqual, COMPARISON),
        TokenKind::Symbol(Symbol::Plus) => (Add, 5),
        TokenKind::Symbol(Symbol::Minus) => (Subtract, 5),
        TokenKind::Symbol(Symbol::Star) => (Multiply, 6),
        TokenKind::Symbol(Symbol::Slash) => (Divide, 6),
        TokenKind::Symbol(Symbol::Caret) => (Power, POWER),
        _ => return None,
    })
}

/// Reads one expression; what follows it is left to the caller.
pub fn expression(cursor: &mut Cursor) -> Result<Expression, Found> {
    Ok(Parser { cursor, depth: 0 }.climb(1)?.expression)
}

/// Reads the arguments of a call whose opening bracket stands here, e.g. `(a, b)`.
pub fn arguments(cursor: &mut Cursor) -> Result<Vec<Expression>, Found> {
    let Arguments { values, outputs, .. } = Parser { cursor, depth: 0 }.arguments()?;
    match outputs.first() {
        Some(output) => Err(Found::new(Fault::OutputsOfFunction { name: output.name.text().to_owned() }, output.span)),
        None => Ok(values),
    }
}

/// Subscripts of a variable that is being defined: names alone.
pub fn plain_names(subscripts: Vec<Subscript>) -> Result<Vec<Name>, Found> {
    let plain = |subscript: Subscript| match subscript.kind {
        SubscriptKind::Name(name) => Ok(name),
        SubscriptKind::Reduced(name) => {
            Err(Found::new(Fault::ReducedOnLeft { name: name.text().to_owned() }, subscript.span))
        }
        _ => Err(Found::new(Fault::SubscriptMissing, subscript.span)),
    };
    subscripts.into_iter().map(plain).collect()
}

/// Reads subscripts whose opening bracket stands here, e.g. `[region, age!]`.
pub fn subscripts(cursor: &mut Cursor) -> Result<Vec<Subscript>, Found> {
    let open = cursor.step();
    let mut subscripts = Vec::new();
    loop {
        let Some((name, span)) = cursor.take_name() else {
            let token = cursor.peek();
            let fault = match &token.kind {
                TokenKind::Number(_) => Fault::SubscriptNumber { text: cursor.written(token) },
                TokenKind::End => return Err(Found::new(Fault::BracketNotClosed { bracket: '[' }, open.span)),
                _ => Fault::SubscriptMissing,
            };
            return Err(Found::new(fault, token.span));
        };
        let mark = cursor.peek().span;
        subscripts.push(if cursor.take(Symbol::Exclamation) {
            Subscript { kind: SubscriptKind::Reduced(name), span: span.to(mark) }
        } else {
            Subscript { kind: SubscriptKind::Name(name), span }
        });
        if cursor.take(Symbol::CloseSquare) {
            return Ok(subscripts);
        }
        if !cursor.take(Symbol::Comma) {
            return Err(match &cursor.peek().kind {
                TokenKind::Name { .. } | TokenKind::Number(_) => cursor.leftover(),
                _ => Found::new(Fault::BracketNotClosed { bracket: '[' }, open.span),
            });
        }
    }
}

struct Parser<'c, 't> {
    cursor: &'c mut Cursor<'t>,
    depth: usize,
}

impl Parser<'_, '_> {
    fn climb(&mut self, minimum: u8) -> Result<Tree, Found> {
        self.depth += 1;
        if self.depth > NESTING_LIMIT {
            return Err(Found::new(Fault::TooDeep, self.cursor.peek().span));
        }
        let mut left = self.prefix()?;
        let mut compared = false;
        while let Some((operator, strength)) = binary(&self.cursor.peek().kind) {
            if strength < minimum {
                break;
            }
            let mark = self.cursor.step().span;
            if strength == COMPARISON {
                if compared {
                    return Err(Found::new(Fault::ComparisonChained, mark));
                }
                compared = true;
            } else if strength < COMPARISON {
                compared = false;
            }
            let right = self.climb(if strength == POWER { POWER } else { strength + 1 })?;
            let span = left.expression.span.to(right.expression.span);
            let height = left.height.max(right.height) + 1;
            let kind =
                ExpressionKind::Binary { operator, left: Box::new(left.expression), right: Box::new(right.expression) };
            left = tree(kind, span, height, mark)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn prefix(&mut self) -> Result<Tree, Found> {
        let token = self.cursor.peek();
        let (operator, strength) = match token.kind {
            TokenKind::Keyword(Keyword::Not) => (UnaryOperator::Not, NOT),
            TokenKind::Symbol(Symbol::Minus) => (UnaryOperator::Minus, POWER),
            TokenKind::Symbol(Symbol::Plus) => (UnaryOperator::Plus, POWER),
            _ => return self.operand(),
        };
        let mark = self.cursor.step().span;
        let operand = self.climb(strength)?;
        let span = mark.to(operand.expression.span);
        let kind = match (operator, &operand.expression.kind) {
            // The sign of a number belongs to it, so that a constant stays one.
            (UnaryOperator::Minus, ExpressionKind::Number(value)) => ExpressionKind::Number(-value),
            (UnaryOperator::Plus, ExpressionKind::Number(value)) => ExpressionKind::Number(*value),
            _ => ExpressionKind::Unary { operator, operand: Box::new(operand.expression) },
        };
        tree(kind, span, operand.height + 1, mark)
    }

    fn operand(&mut self) -> Result<Tree, Found> {
        let token = self.cursor.peek().clone();
        let leaf = |kind| Ok(Tree { expression: Expression::new(kind, token.span), height: 1 });
        match token.kind {
            TokenKind::Number(value) => {
                self.cursor.step();
                leaf(ExpressionKind::Number(value))
            }
            TokenKind::Text(text) => {
                self.cursor.step();
                leaf(ExpressionKind::Text(text))
            }
            TokenKind::Keyword(Keyword::Missing) => {
                self.cursor.step();
                leaf(ExpressionKind::Missing)
            }
            TokenKind::Name { text, .. } => {
                self.cursor.step();
                self.named(Name::new(&text), token.span)
            }
            TokenKind::Symbol(Symbol::OpenRound) => {
                self.cursor.step();
                let mut inner = self.climb(1)?;
                let close = self.cursor.peek().span;
                if !self.cursor.take(Symbol::CloseRound) {
                    return Err(if self.cursor.is(Symbol::Comma) {
                        Found::new(Fault::CommaOutsideCall, close)
                    } else {
                        self.not_closed(token.span)
                    });
                }
                inner.expression.span = token.span.to(close);
                Ok(inner)
            }
            TokenKind::Keyword(keyword) if binary(&token.kind).is_none() => {
                Err(Found::new(Fault::MisplacedKeyword { keyword }, token.span))
            }
            _ => Err(self.operand_missing()),
        }
    }

    fn operand_missing(&self) -> Found {
        let after = self.cursor.last().map(|last| self.cursor.written(last));
        let before = (!self.cursor.at_end()).then(|| self.cursor.written(self.cursor.peek()));
        Found::new(Fault::OperandMissing { after, before }, self.cursor.gap())
    }

    /// What stands where a bracket should have been closed.
    fn not_closed(&self, open: Span) -> Found {
        match self.cursor.peek().kind {
            TokenKind::End | TokenKind::Symbol(Symbol::Semicolon) => {
                Found::new(Fault::BracketNotClosed { bracket: '(' }, open)
            }
            _ => self.cursor.leftover(),
        }
    }

    /// A variable, or a call of a function, macro or lookup.
    fn named(&mut self, name: Name, span: Span) -> Result<Tree, Found> {
        let subscripts = if self.cursor.is(Symbol::OpenSquare) { subscripts(self.cursor)? } else { Vec::new() };
        if !self.cursor.is(Symbol::OpenRound) {
            let span = Span::new(span.start, self.cursor.here());
            return Ok(Tree {
                expression: Expression::new(ExpressionKind::Reference { name, subscripts }, span),
                height: 1,
            });
        }
        match name.key() {
            "integ" => return Err(Found::new(Fault::IntegInside, span)),
            "tabbed array" => return Err(Found::new(Fault::TabbedArrayInside, span)),
            "with lookup" => return self.with_lookup(name, span),
            _ => {}
        }
        let Arguments { values: mut arguments, outputs, height } = self.arguments()?;
        if !outputs.is_empty() {
            self.cursor.calls.push(OutputCall { function: name.clone(), arguments: arguments.clone(), outputs });
        }
        let whole = Span::new(span.start, self.cursor.here());
        let kind = if name.key() == "if then else" {
            let found = arguments.len();
            let (Some(otherwise), Some(then), Some(condition), true) =
                (arguments.pop(), arguments.pop(), arguments.pop(), arguments.is_empty())
            else {
                let fault = Fault::Arguments { function: "IF THEN ELSE", wanted: "three arguments", found };
                return Err(Found::new(fault, whole));
            };
            ExpressionKind::Conditional {
                condition: Box::new(condition),
                then: Box::new(then),
                otherwise: Box::new(otherwise),
            }
        } else {
            ExpressionKind::Call { function: name, subscripts, arguments }
        };
        tree(kind, whole, height + 1, span)
    }

    fn arguments(&mut self) -> Result<Arguments, Found> {
        let open = self.cursor.step();
        let mut arguments = Arguments { values: Vec::new(), outputs: Vec::new(), height: 0 };
        if self.cursor.take(Symbol::CloseRound) {
            return Ok(arguments);
        }
        loop {
            if self.cursor.at_end() {
                return Err(self.not_closed(open.span));
            }
            let argument = self.climb(1)?;
            arguments.height = arguments.height.max(argument.height);
            arguments.values.push(argument.expression);
            if self.cursor.take(Symbol::Colon) {
                arguments.outputs = self.outputs()?;
            } else if self.cursor.take(Symbol::Comma) {
                continue;
            }
            if self.cursor.take(Symbol::CloseRound) {
                return Ok(arguments);
            }
            return Err(self.not_closed(open.span));
        }
    }

    /// The variables that take the further outputs of a macro, behind the colon.
    fn outputs(&mut self) -> Result<Vec<Output>, Found> {
        let mut outputs = Vec::new();
        loop {
            let Some((name, span)) = self.cursor.take_name() else {
                return Err(self.operand_missing());
            };
            let indices = if self.cursor.is(Symbol::OpenSquare) { subscripts(self.cursor)? } else { Vec::new() };
            outputs.push(Output { name, subscripts: plain_names(indices)?, span });
            if !self.cursor.take(Symbol::Comma) {
                return Ok(outputs);
            }
        }
    }

    /// `WITH LOOKUP(input, (points))`, whose table is written in place.
    fn with_lookup(&mut self, function: Name, span: Span) -> Result<Tree, Found> {
        let open = self.cursor.step();
        let input = self.climb(1)?;
        if !self.cursor.take(Symbol::Comma) {
            if self.cursor.is(Symbol::CloseRound) {
                let fault = Fault::Arguments { function: "WITH LOOKUP", wanted: "an input and a table", found: 1 };
                return Err(Found::new(fault, span.to(self.cursor.peek().span)));
            }
            return Err(self.not_closed(open.span));
        }
        if !self.cursor.is(Symbol::OpenRound) {
            return Err(Found::new(Fault::LookupInPlace, self.cursor.gap()));
        }
        let start = self.cursor.peek().span;
        let table = lookup::table(self.cursor)?;
        let table = Expression::new(ExpressionKind::Lookup(table), Span::new(start.start, self.cursor.here()));
        if !self.cursor.take(Symbol::CloseRound) {
            return Err(self.not_closed(open.span));
        }
        let whole = Span::new(span.start, self.cursor.here());
        let kind = ExpressionKind::Call { function, subscripts: Vec::new(), arguments: vec![input.expression, table] };
        tree(kind, whole, input.height + 1, span)
    }
}

fn tree(kind: ExpressionKind, span: Span, height: usize, mark: Span) -> Result<Tree, Found> {
    if height > HEIGHT_LIMIT {
        return Err(Found::new(Fault::TooLong, mark));
    }
    Ok(Tree { expression: Expression::new(kind, span), height })
}
