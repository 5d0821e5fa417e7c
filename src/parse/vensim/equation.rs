//! The tokens before the first `~` of a statement into an equation or a subscript.

use super::cursor::Cursor;
use super::fault::{Fault, Found};
use super::token::{Keyword, Symbol, TokenKind};
use super::{dimension, expression, lookup};
use crate::diagnostic::Span;
use crate::model::{Definition, Dimension, Expression, ExpressionKind, Interpolation, Name, Stock, Store};

/// What a statement declares.
pub enum Declaration {
    Dimension(Dimension),
    Variable(LeftSide, Definition),
}

/// `name[subscripts] :EXCEPT: [subscripts], ...`.
pub struct LeftSide {
    pub name: Name,
    pub span: Span,
    pub subscripts: Vec<Name>,
    pub except: Vec<Vec<Name>>,
}

/// Reads a whole declaration. What is wrong goes into `faults`; the definition is then `Unreadable`.
pub fn declaration(cursor: &mut Cursor, faults: &mut Vec<Found>) -> Option<Declaration> {
    let Some((name, span)) = cursor.take_name() else {
        let before = cursor.written(cursor.peek());
        faults.push(Found::new(Fault::NameMissing { before }, cursor.peek().span));
        return None;
    };
    let dimension = if cursor.take(Symbol::Colon) {
        if cursor.at_end() {
            Err(Found::new(Fault::DimensionEmpty { name: name.text().to_owned() }, span))
        } else {
            dimension::elements(cursor, name, span)
        }
    } else if cursor.take(Symbol::DoubleArrow) {
        dimension::alias(cursor, name, span)
    } else {
        let mut left = LeftSide { name, span, subscripts: Vec::new(), except: Vec::new() };
        let definition = left_side(cursor, &mut left).and_then(|()| right_side(cursor, &left));
        let definition = definition.unwrap_or_else(|found| {
            faults.push(found);
            Definition::Unreadable
        });
        return Some(Declaration::Variable(left, definition));
    };
    match dimension {
        Ok(dimension) => Some(Declaration::Dimension(dimension)),
        Err(found) => {
            faults.push(found);
            None
        }
    }
}

fn left_side(cursor: &mut Cursor, left: &mut LeftSide) -> Result<(), Found> {
    if cursor.is(Symbol::OpenSquare) {
        left.subscripts = names(cursor)?;
    }
    if cursor.peek().kind != TokenKind::Keyword(Keyword::Except) {
        return Ok(());
    }
    let keyword = cursor.step().span;
    if left.subscripts.is_empty() {
        return Err(Found::new(Fault::ExceptWithoutSubscripts { name: left.name.text().to_owned() }, keyword));
    }
    loop {
        let start = cursor.peek().span;
        if !cursor.is(Symbol::OpenSquare) {
            return Err(Found::new(Fault::SubscriptMissing, cursor.gap()));
        }
        let list = names(cursor)?;
        if list.len() != left.subscripts.len() {
            let fault = Fault::ExceptLength { wanted: left.subscripts.len(), found: list.len() };
            return Err(Found::new(fault, Span::new(start.start, cursor.here())));
        }
        left.except.push(list);
        if !cursor.take(Symbol::Comma) {
            return Ok(());
        }
    }
}

/// Subscripts of a left-hand side.
fn names(cursor: &mut Cursor) -> Result<Vec<Name>, Found> {
    expression::plain_names(expression::subscripts(cursor)?)
}

fn right_side(cursor: &mut Cursor, left: &LeftSide) -> Result<Definition, Found> {
    let interpolation = match &cursor.peek().kind {
        TokenKind::Keyword(Keyword::Interpolate) => Some(Interpolation::Linear),
        TokenKind::Keyword(Keyword::LookForward) => Some(Interpolation::StepForward),
        TokenKind::Keyword(Keyword::HoldBackward) => Some(Interpolation::Step),
        TokenKind::Keyword(Keyword::Raw) => Some(Interpolation::Raw),
        _ => None,
    };
    if interpolation.is_some() {
        cursor.step();
    }
    let token = cursor.peek().clone();
    let data = |source| Definition::Data { source, interpolation: interpolation.unwrap_or_default() };
    match token.kind {
        TokenKind::End => return Ok(data(None)),
        TokenKind::Keyword(Keyword::TheCondition) => return Ok(Definition::Skipped("reality check")),
        TokenKind::Keyword(Keyword::TestInput) => return Ok(Definition::Skipped("test input")),
        TokenKind::Keyword(Keyword::Is) => return Ok(Definition::Skipped("text")),
        TokenKind::Keyword(keyword @ (Keyword::Ignore | Keyword::Crossing | Keyword::AtLeastOnce)) => {
            return Err(Found::new(Fault::UnsupportedKeyword { keyword }, token.span));
        }
        TokenKind::Symbol(Symbol::OpenRound) if interpolation.is_none() => return table(cursor),
        TokenKind::Symbol(Symbol::Equal | Symbol::ColonEqual | Symbol::DoubleEqual) => {
            cursor.step();
        }
        _ => return Err(cursor.leftover()),
    }
    if cursor.at_end() {
        return Err(Found::new(Fault::EquationEmpty { name: left.name.text().to_owned() }, token.span));
    }
    if cursor.is_name("integ") && cursor.ahead(1).kind == TokenKind::Symbol(Symbol::OpenRound) {
        return stock(cursor);
    }
    if cursor.is_name("tabbed array") && cursor.ahead(1).kind == TokenKind::Symbol(Symbol::OpenRound) {
        return tabbed_array(cursor);
    }
    if cursor.is_name("a function of") && cursor.ahead(1).kind == TokenKind::Symbol(Symbol::OpenRound) {
        return Err(Found::new(Fault::FunctionOf { name: left.name.text().to_owned() }, cursor.peek().span));
    }
    let start = cursor.clone();
    let value = expression::expression(cursor)?;
    if cursor.is(Symbol::Comma) || cursor.is(Symbol::Semicolon) {
        *cursor = start;
        return values(cursor);
    }
    if !cursor.at_end() {
        return Err(cursor.leftover());
    }
    Ok(match external(&value) {
        Some(External::Data) => data(Some(value)),
        Some(External::Numbers) => Definition::External(value),
        None if token.kind == TokenKind::Symbol(Symbol::ColonEqual) || interpolation.is_some() => data(Some(value)),
        None if token.kind == TokenKind::Symbol(Symbol::DoubleEqual) => Definition::Unchangeable(value),
        None => Definition::Auxiliary(value),
    })
}

/// What a GET function fetches.
enum External {
    Data,
    Numbers,
}

fn external(value: &Expression) -> Option<External> {
    let ExpressionKind::Call { function, .. } = &value.kind else {
        return None;
    };
    let kind = function.key().strip_prefix("get ")?.split_once(' ')?.1;
    match kind {
        "data" => Some(External::Data),
        "constants" | "lookups" => Some(External::Numbers),
        _ => None,
    }
}

fn stock(cursor: &mut Cursor) -> Result<Definition, Found> {
    let name = cursor.step().span;
    let mut arguments = expression::arguments(cursor)?;
    if !cursor.at_end() {
        // More than the stock stands on the right: INTEG is part of an expression.
        return Err(match cursor.leftover().fault {
            Fault::Unexpected { .. } => Found::new(Fault::IntegInside, name),
            _ => cursor.leftover(),
        });
    }
    let found = arguments.len();
    let (Some(initial), Some(derivative), true) = (arguments.pop(), arguments.pop(), arguments.is_empty()) else {
        let fault = Fault::Arguments { function: "INTEG", wanted: "a net flow and an initial value", found };
        return Err(Found::new(fault, Span::new(name.start, cursor.here())));
    };
    Ok(Definition::Stock(Stock {
        initial,
        derivative,
        inflows: Vec::new(),
        outflows: Vec::new(),
        non_negative: false,
        store: Store::Reservoir,
    }))
}

/// `name( points )`, or `name( GET XLS LOOKUPS(...) )`.
fn table(cursor: &mut Cursor) -> Result<Definition, Found> {
    let definition = if matches!(cursor.ahead(1).kind, TokenKind::Name { .. }) {
        let open = cursor.step().span;
        let value = expression::expression(cursor)?;
        if !cursor.take(Symbol::CloseRound) {
            return Err(if cursor.at_end() {
                Found::new(Fault::BracketNotClosed { bracket: '(' }, open)
            } else {
                cursor.leftover()
            });
        }
        match external(&value) {
            Some(External::Numbers) => Definition::External(value),
            _ => return Err(Found::new(Fault::LookupPoint, value.span)),
        }
    } else {
        Definition::Lookup(lookup::table(cursor)?)
    };
    if cursor.at_end() { Ok(definition) } else { Err(cursor.leftover()) }
}

/// `1, 2, 3; 4, 5, 6;`.
fn values(cursor: &mut Cursor) -> Result<Definition, Found> {
    let mut values = Vec::new();
    loop {
        values.push(list_item(cursor)?);
        let separated = cursor.take(Symbol::Comma) || cursor.take(Symbol::Semicolon);
        if cursor.at_end() {
            return Ok(Definition::Values(values));
        }
        if !separated {
            return Err(match cursor.peek().kind {
                TokenKind::Number(_) => cursor.leftover(),
                _ => list_fault(cursor),
            });
        }
    }
}

fn list_item(cursor: &mut Cursor) -> Result<f64, Found> {
    if cursor.peek().kind == TokenKind::Keyword(Keyword::Missing) {
        cursor.step();
        return Ok(MISSING);
    }
    lookup::number(cursor).ok_or_else(|| list_fault(cursor))
}

/// Vensim's `:NA:`.
const MISSING: f64 = -649_037_107_316_853_453_566_312_041_152_512.0;

fn list_fault(cursor: &Cursor) -> Found {
    Found::new(Fault::ListItem { text: cursor.written(cursor.peek()) }, cursor.gap())
}

/// `TABBED ARRAY( 1 2 3 ... )`, as pasted from a spreadsheet.
fn tabbed_array(cursor: &mut Cursor) -> Result<Definition, Found> {
    let name = cursor.step().span;
    let open = cursor.step().span;
    let mut values = Vec::new();
    while !cursor.take(Symbol::CloseRound) {
        if cursor.at_end() {
            return Err(Found::new(Fault::BracketNotClosed { bracket: '(' }, open));
        }
        values.push(list_item(cursor)?);
    }
    if cursor.at_end() { Ok(Definition::Values(values)) } else { Err(Found::new(Fault::TabbedArrayInside, name)) }
}
