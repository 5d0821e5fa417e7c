//! The tokens of an equation into an expression, by operator strength (XMILE 1.0, section 3.3.1). What names mean is
//! asked of the [`Scope`].

use super::arrays;
use super::fault::{Fault, Faults};
use super::lexer::{Keyword, Placed, Symbol, Token, WrittenName, tokens};
use super::scope::{Index, Scope};
use super::text::PlacedText;
use crate::diagnostic::Span;
use crate::model::{BinaryOperator, Expression, ExpressionKind, Name, Subscript, SubscriptKind, UnaryOperator};

/// Nested brackets and signs.
const DEEPEST: usize = 200;
/// Height of the tree, which long sums reach without brackets.
pub(super) const HIGHEST: usize = 1000;

/// Reads one equation; `None` when it could not be read, which a fault explains.
pub(super) fn expression(text: &PlacedText, scope: &Scope, faults: &mut Faults) -> Option<Expression> {
    let (tokens, found) = tokens(&text.text);
    if !found.is_empty() {
        found.into_iter().for_each(|(fault, span)| faults.push(fault, text.locate(span)));
        return None;
    }
    let (turned, dimension) = (Vec::new(), None);
    let mut parser = Parser { tokens: &tokens, at: 0, text, scope, depth: 0, dimension, reducing: false, turned };
    let whole = parser.whole();
    parser.turned.into_iter().for_each(|span| faults.push(Fault::NotBehind, span));
    match whole {
        Ok(mut expression) => {
            arrays::make_explicit(&mut expression, scope);
            Some(expression)
        }
        Err((fault, span)) => {
            faults.push(fault, span);
            None
        }
    }
}

/// `1, 2, 3; 4, 5, 6`: the numbers of a constant array, where the text is such a list of two or more.
pub(super) fn numbers(text: &PlacedText) -> Option<Vec<f64>> {
    let (tokens, faults) = tokens(&text.text);
    let mut tokens = tokens.iter().map(|placed| &placed.token).peekable();
    let mut values = Vec::new();
    while tokens.peek().is_some_and(|token| **token != Token::End) {
        let mut sign = 1.0;
        while let Some(Token::Symbol(symbol @ (Symbol::Minus | Symbol::Plus))) = tokens.peek() {
            sign = if *symbol == Symbol::Minus { -sign } else { sign };
            tokens.next();
        }
        let Some(Token::Number(value)) = tokens.next() else { return None };
        values.push(sign * value);
        match tokens.next()? {
            Token::Symbol(Symbol::Comma | Symbol::Semicolon) => {}
            Token::End => break,
            _ => return None,
        }
    }
    (values.len() > 1 && faults.is_empty()).then_some(values)
}

/// No token but comments and blanks.
pub(super) fn is_blank(text: &PlacedText) -> bool {
    let (tokens, faults) = tokens(&text.text);
    faults.is_empty() && tokens.len() == 1
}

/// The strength at which the right side of AND is read: weaker than any comparison.
const WEAKEST_COMPARED: u8 = 3;

type Read<T> = Result<T, (Fault, Span)>;

/// An expression and the height of its tree.
struct Grown {
    expression: Expression,
    height: usize,
}

struct Parser<'p> {
    tokens: &'p [Placed],
    at: usize,
    text: &'p PlacedText,
    scope: &'p Scope<'p>,
    depth: usize,
    /// The dimension whose elements may be named, within an index.
    dimension: Option<usize>,
    /// Within the arguments of a function that turns arrays into numbers.
    reducing: bool,
    /// Where NOT stands behind its operand.
    turned: Vec<Span>,
}

impl Parser<'_> {
    fn whole(&mut self) -> Read<Expression> {
        let grown = self.expression(0)?;
        match self.token() {
            Token::End => Ok(grown.expression),
            Token::Symbol(Symbol::Close) => Err((Fault::UnopenedBracket { close: ')' }, self.here())),
            Token::Symbol(Symbol::CloseBracket) => Err((Fault::UnopenedBracket { close: ']' }, self.here())),
            _ => Err((Fault::ExpectedOperator { found: self.written() }, self.here())),
        }
    }

    fn expression(&mut self, weakest: u8) -> Read<Grown> {
        let mut left = self.operand()?;
        if weakest <= WEAKEST_COMPARED && self.is_not_behind() {
            left = self.turned(left);
        }
        while let Some((joint, strength)) = binary(self.token()).filter(|(_, strength)| *strength >= weakest) {
            self.at += 1;
            let right = self.expression(strength + 1)?;
            left = self.join(joint, left, right)?;
        }
        Ok(left)
    }

    /// Early XMUtil wrote Vensim's `:NOT: a` as `a not` (SDXorg/test-models, issue 40). In its files that is read where
    /// it can mean nothing else; beside a comparison or a sum it might be of all of it or of the last operand.
    fn is_not_behind(&self) -> bool {
        let next = self.tokens.get(self.at + 1).map_or(&Token::End, |placed| &placed.token);
        let ends = matches!(
            next,
            Token::End
                | Token::Keyword(Keyword::Then | Keyword::Else | Keyword::And | Keyword::Or)
                | Token::Symbol(Symbol::Close | Symbol::Comma)
        );
        self.scope.file.by_xmutil && *self.token() == Token::Keyword(Keyword::Not) && ends
    }

    /// The operand of the NOT that stands behind it.
    fn turned(&mut self, operand: Grown) -> Grown {
        let here = self.here();
        self.turned.push(here);
        self.at += 1;
        let span = operand.expression.span.to(here);
        let kind = ExpressionKind::Unary { operator: UnaryOperator::Not, operand: Box::new(operand.expression) };
        Grown { expression: Expression::new(kind, span), height: operand.height + 1 }
    }

    fn join(&self, joint: Joint, left: Grown, right: Grown) -> Read<Grown> {
        let span = left.expression.span.to(right.expression.span);
        let height = left.height.max(right.height) + 1;
        let (left, right) = (left.expression, right.expression);
        let kind = match joint {
            Joint::Operator(operator) => {
                ExpressionKind::Binary { operator, left: Box::new(left), right: Box::new(right) }
            }
            Joint::SafeDivision => ExpressionKind::Call {
                function: Name::new("SAFEDIV"),
                subscripts: Vec::new(),
                arguments: vec![left, right],
            },
        };
        if height > HIGHEST {
            return Err((Fault::TooDeep { levels: HIGHEST }, span));
        }
        Ok(Grown { expression: Expression::new(kind, span), height })
    }

    fn operand(&mut self) -> Read<Grown> {
        if self.depth >= DEEPEST {
            return Err((Fault::TooDeep { levels: DEEPEST }, self.here()));
        }
        self.depth += 1;
        let operand = self.operand_within();
        self.depth -= 1;
        operand
    }

    fn operand_within(&mut self) -> Read<Grown> {
        let start = self.here();
        let operator = match self.token() {
            Token::Symbol(Symbol::Minus) => UnaryOperator::Minus,
            Token::Symbol(Symbol::Plus) => UnaryOperator::Plus,
            Token::Keyword(Keyword::Not) => UnaryOperator::Not,
            Token::Keyword(Keyword::If) => return self.conditional(),
            _ => return self.power(),
        };
        self.at += 1;
        let operand = self.operand()?;
        let span = start.to(operand.expression.span);
        let kind = ExpressionKind::Unary { operator, operand: Box::new(operand.expression) };
        Ok(Grown { expression: Expression::new(kind, span), height: operand.height + 1 })
    }

    /// `a^b^c` is `a^(b^c)`, and `-a^b` is `-(a^b)`.
    fn power(&mut self) -> Read<Grown> {
        let base = self.primary()?;
        if *self.token() != Token::Symbol(Symbol::Caret) {
            return Ok(base);
        }
        self.at += 1;
        let exponent = self.operand()?;
        self.join(Joint::Operator(BinaryOperator::Power), base, exponent)
    }

    fn conditional(&mut self) -> Read<Grown> {
        let start = self.here();
        self.at += 1;
        if *self.token() == Token::Keyword(Keyword::Then) {
            return Err((Fault::MissingCondition, start.to(self.here())));
        }
        let condition = self.expression(0)?;
        if *self.token() != Token::Keyword(Keyword::Then) {
            return Err(self.misplaced(Fault::MissingThen, start));
        }
        self.at += 1;
        let then = self.expression(0)?;
        if *self.token() != Token::Keyword(Keyword::Else) {
            return Err(self.misplaced(Fault::MissingElse, start));
        }
        self.at += 1;
        let otherwise = self.expression(0)?;
        let span = start.to(otherwise.expression.span);
        let height = condition.height.max(then.height).max(otherwise.height) + 1;
        let kind = ExpressionKind::Conditional {
            condition: Box::new(condition.expression),
            then: Box::new(then.expression),
            otherwise: Box::new(otherwise.expression),
        };
        Ok(Grown { expression: Expression::new(kind, span), height })
    }

    /// `fault` at the end of what can go on; otherwise the token that should not be there.
    fn misplaced(&self, fault: Fault, start: Span) -> (Fault, Span) {
        match self.token() {
            Token::End
            | Token::Keyword(Keyword::Then | Keyword::Else)
            | Token::Symbol(Symbol::Close | Symbol::CloseBracket | Symbol::Comma) => (fault, start),
            _ => (Fault::ExpectedOperator { found: self.written() }, self.here()),
        }
    }

    fn primary(&mut self) -> Read<Grown> {
        let start = self.here();
        let grown = match self.token().clone() {
            Token::Number(value) => {
                self.at += 1;
                Grown { expression: Expression::number(value, start), height: 1 }
            }
            Token::Symbol(Symbol::Open) => {
                self.at += 1;
                let within = self.expression(0)?;
                let end = self.close(Symbol::Close, '(', start)?;
                Grown { expression: Expression::new(within.expression.kind, start.to(end)), height: within.height }
            }
            Token::Text(text) => {
                self.at += 1;
                Grown { expression: Expression::new(ExpressionKind::Text(text), start), height: 1 }
            }
            Token::Name(name) => self.named(&name)?,
            // Some tools write the operator as a function.
            Token::Keyword(Keyword::Mod) if self.next_is(Symbol::Open) => {
                self.named(&WrittenName { rooted: false, parts: vec!["MOD".into()] })?
            }
            Token::End => return Err((Fault::ExpectedValue { found: None }, self.before())),
            _ => return Err((Fault::ExpectedValue { found: Some(self.written()) }, self.here())),
        };
        if *self.token() == Token::Symbol(Symbol::Apostrophe) {
            return Err(self.transposed(self.here()));
        }
        Ok(grown)
    }

    fn transposed(&self, span: Span) -> (Fault, Span) {
        let construct = "transposition by `'`".into();
        let instead = "name the dimensions in the order wanted, as in a[column, row]";
        (Fault::Unsupported { construct, variable: self.scope.owner_name(), instead }, span)
    }

    /// A name with what follows it: indices, arguments or neither.
    fn named(&mut self, name: &WrittenName) -> Read<Grown> {
        let start = self.here();
        if self.scope.is_transposed(name) {
            return Err(self.transposed(start));
        }
        self.at += 1;
        let (mut end, mut height) = (start, 1);
        let mut subscripts = Vec::new();
        if *self.token() == Token::Symbol(Symbol::OpenBracket) {
            (subscripts, end) = self.subscripts(name, &mut height)?;
        }
        if *self.token() != Token::Symbol(Symbol::Open) {
            let span = start.to(end);
            let kind = self.scope.reference(name, subscripts, self.dimension, span)?;
            return Ok(Grown { expression: Expression::new(kind, span), height });
        }
        let open = self.here();
        self.at += 1;
        let mut arguments = Vec::new();
        let around = (self.dimension.take(), self.reducing);
        self.reducing |= name.parts.last().is_some_and(|own| arrays::may_reduce(own));
        if *self.token() != Token::Symbol(Symbol::Close) {
            loop {
                let argument = self.expression(0)?;
                height = height.max(argument.height + 1);
                arguments.push(argument.expression);
                if *self.token() != Token::Symbol(Symbol::Comma) {
                    break;
                }
                self.at += 1;
            }
        }
        (self.dimension, self.reducing) = around;
        let span = start.to(self.close(Symbol::Close, '(', open)?);
        let kind = self.scope.call(name, subscripts, arguments, start)?;
        Ok(Grown { expression: Expression::new(kind, span), height })
    }

    fn subscripts(&mut self, name: &WrittenName, height: &mut usize) -> Read<(Vec<Subscript>, Span)> {
        let open = self.here();
        let around = self.dimension.take();
        self.at += 1;
        let mut subscripts = Vec::new();
        loop {
            self.dimension = self.scope.dimension_at(name, subscripts.len());
            let subscript = self.subscript(height)?;
            subscripts.push(subscript);
            if *self.token() != Token::Symbol(Symbol::Comma) {
                break;
            }
            self.at += 1;
        }
        self.dimension = around;
        let end = self.close(Symbol::CloseBracket, '[', open)?;
        Ok((subscripts, end))
    }

    fn subscript(&mut self, height: &mut usize) -> Read<Subscript> {
        let span = self.here();
        let alone = self.next_is(Symbol::Comma) || self.next_is(Symbol::CloseBracket);
        let kind = match self.token().clone() {
            Token::Symbol(Symbol::Star) if alone => SubscriptKind::All,
            Token::Number(value) if alone => match position(value) {
                Some(position) => SubscriptKind::Position(position),
                None => return Err((Fault::BadIndex, span)),
            },
            Token::Name(name) if alone => match self.scope.index(&name, self.dimension, span)? {
                Index::Named(name) => self.scope.dimension_index(name, self.reducing, span)?,
                Index::Value(kind) => SubscriptKind::Computed(Box::new(Expression::new(kind, span))),
            },
            // Vensim's `dimension!`, which this reader takes as an extension.
            Token::Name(name) if self.next_is(Symbol::Exclamation) => {
                self.at += 1;
                SubscriptKind::Reduced(Name::new(&name.parts.join(".")))
            }
            Token::Symbol(Symbol::At) => return self.position_of_owner(span),
            Token::Symbol(Symbol::Star) => return self.whole_subrange(span),
            _ => {
                let index = self.expression(0)?;
                if *self.token() == Token::Symbol(Symbol::Colon) {
                    return Err(self.range(self.here()));
                }
                *height = (*height).max(index.height + 1);
                let span = index.expression.span;
                return Ok(Subscript { kind: SubscriptKind::Computed(Box::new(index.expression)), span });
            }
        };
        self.at += 1;
        Ok(Subscript { kind, span })
    }

    /// `*:subrange`, which runs over the elements of a smaller dimension.
    fn whole_subrange(&mut self, start: Span) -> Read<Subscript> {
        self.at += 1;
        if *self.token() != Token::Symbol(Symbol::Colon) {
            return Err((Fault::BadIndex, start));
        }
        self.at += 1;
        let span = start.to(self.here());
        let Token::Name(name) = self.token() else { return Err(self.range(span)) };
        let name = Name::new(&name.parts.join("."));
        self.at += 1;
        Ok(Subscript { kind: SubscriptKind::Reduced(name), span })
    }

    /// `@2` is the second dimension of the variable whose equation this is (XMILE 3.7.1.1).
    fn position_of_owner(&mut self, start: Span) -> Read<Subscript> {
        self.at += 1;
        let span = start.to(self.here());
        let position = match self.token() {
            Token::Number(value) => position(*value),
            _ => None,
        };
        self.at += 1;
        let name = self.scope.owner_dimension(position.unwrap_or(0), span)?;
        Ok(Subscript { kind: SubscriptKind::Name(name), span })
    }

    fn range(&self, span: Span) -> (Fault, Span) {
        let construct = "a range of elements".into();
        let instead = "name the elements one by one, or define a variable with just these elements";
        (Fault::Unsupported { construct, variable: self.scope.owner_name(), instead }, span)
    }

    fn close(&mut self, symbol: Symbol, open: char, opened: Span) -> Read<Span> {
        let here = self.here();
        match self.token() {
            Token::Symbol(found) if *found == symbol => {
                self.at += 1;
                Ok(here)
            }
            Token::End | Token::Keyword(Keyword::Then | Keyword::Else) => {
                Err((Fault::UnclosedBracket { open }, opened))
            }
            Token::Symbol(Symbol::Close | Symbol::CloseBracket) => Err((Fault::UnclosedBracket { open }, opened)),
            _ => Err((Fault::ExpectedOperator { found: self.written() }, here)),
        }
    }

    fn token(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |placed| &placed.token)
    }

    fn next_is(&self, symbol: Symbol) -> bool {
        self.tokens.get(self.at + 1).is_some_and(|placed| placed.token == Token::Symbol(symbol))
    }

    /// The place of the current token in the file.
    fn here(&self) -> Span {
        self.text.locate(self.tokens.get(self.at).map_or(Span::default(), |placed| placed.span))
    }

    /// The place of the token before.
    fn before(&self) -> Span {
        let token = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        token.map_or(self.text.span, |placed| self.text.locate(placed.span))
    }

    fn written(&self) -> String {
        let span = self.tokens.get(self.at).map_or(Span::default(), |placed| placed.span);
        self.text.text.get(span.range()).unwrap_or("").to_owned()
    }
}

fn position(value: f64) -> Option<usize> {
    (value.fract() == 0.0 && (1.0..=1e9).contains(&value)).then_some(value as usize)
}

/// Strengths in ascending order; all but the power, which [`Parser::power`] reads, bind to the left.
fn binary(token: &Token) -> Option<(Joint, u8)> {
    let (operator, strength) = match token {
        Token::Symbol(Symbol::DoubleSlash) => return Some((Joint::SafeDivision, 6)),
        Token::Keyword(Keyword::Or) => (BinaryOperator::Or, 1),
        Token::Keyword(Keyword::And) => (BinaryOperator::And, 2),
        Token::Symbol(Symbol::Equal) => (BinaryOperator::Equal, 3),
        Token::Symbol(Symbol::NotEqual) => (BinaryOperator::NotEqual, 3),
        Token::Symbol(Symbol::Less) => (BinaryOperator::Less, 4),
        Token::Symbol(Symbol::LessOrEqual) => (BinaryOperator::LessOrEqual, 4),
        Token::Symbol(Symbol::Greater) => (BinaryOperator::Greater, 4),
        Token::Symbol(Symbol::GreaterOrEqual) => (BinaryOperator::GreaterOrEqual, 4),
        Token::Symbol(Symbol::Plus) => (BinaryOperator::Add, 5),
        Token::Symbol(Symbol::Minus) => (BinaryOperator::Subtract, 5),
        Token::Symbol(Symbol::Star) => (BinaryOperator::Multiply, 6),
        Token::Symbol(Symbol::Slash) => (BinaryOperator::Divide, 6),
        Token::Keyword(Keyword::Mod) | Token::Symbol(Symbol::Percent) => (BinaryOperator::Remainder, 6),
        _ => return None,
    };
    Some((Joint::Operator(operator), strength))
}

/// What stands between two operands.
#[derive(Clone, Copy)]
enum Joint {
    Operator(BinaryOperator),
    /// Stella's `a // b`, which is 0 where `b` is.
    SafeDivision,
}
