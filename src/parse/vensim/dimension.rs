//! Definitions of subscripts: `region: north, south`, numbered elements `(A1-A5)`, mappings `-> other`, aliases `<->`.

use super::cursor::Cursor;
use super::expression;
use super::fault::{Fault, Found};
use super::token::Symbol;
use crate::diagnostic::Span;
use crate::model::{Dimension, DimensionItem, Expression, ExpressionKind, Mapping, Name};

/// Reads what stands behind the colon of `name: ...`.
pub fn elements(cursor: &mut Cursor, name: Name, span: Span) -> Result<Dimension, Found> {
    let mut dimension =
        Dimension { name, items: Vec::new(), mappings: Vec::new(), alias_of: None, external: None, span };
    if lists_elements(cursor) {
        dimension.external = Some(external(cursor)?);
    } else {
        loop {
            dimension.items.push(item(cursor)?);
            if !cursor.take(Symbol::Comma) {
                break;
            }
        }
    }
    if cursor.take(Symbol::Arrow) {
        loop {
            dimension.mappings.push(mapping(cursor)?);
            if !cursor.take(Symbol::Comma) {
                break;
            }
        }
    }
    if cursor.at_end() { Ok(dimension) } else { Err(cursor.leftover()) }
}

/// Reads what stands behind `name <->`.
pub fn alias(cursor: &mut Cursor, name: Name, span: Span) -> Result<Dimension, Found> {
    let (other, _) = cursor.take_name().ok_or_else(|| Found::new(Fault::SubscriptMissing, cursor.gap()))?;
    if !cursor.at_end() {
        return Err(cursor.leftover());
    }
    Ok(Dimension { name, items: Vec::new(), mappings: Vec::new(), alias_of: Some(other), external: None, span })
}

/// Whether a call of a GET function stands here.
fn lists_elements(cursor: &Cursor) -> bool {
    ["get xls subscript", "get direct subscript", "get 123 subscript"].iter().any(|name| cursor.is_name(name))
}

fn external(cursor: &mut Cursor) -> Result<Expression, Found> {
    let Some((function, span)) = cursor.take_name() else {
        return Err(Found::new(Fault::SubscriptMissing, cursor.gap()));
    };
    if !cursor.is(Symbol::OpenRound) {
        return Err(Found::new(
            Fault::OperandMissing { after: Some(function.text().to_owned()), before: None },
            cursor.gap(),
        ));
    }
    let arguments = expression::arguments(cursor)?;
    let span = Span::new(span.start, cursor.here());
    Ok(Expression::new(ExpressionKind::Call { function, subscripts: Vec::new(), arguments }, span))
}

fn item(cursor: &mut Cursor) -> Result<DimensionItem, Found> {
    if cursor.is(Symbol::OpenRound) {
        return numbered(cursor);
    }
    Ok(DimensionItem::Name(element(cursor)?))
}

fn element(cursor: &mut Cursor) -> Result<Name, Found> {
    if let Some((name, _)) = cursor.take_name() {
        return Ok(name);
    }
    let token = cursor.peek();
    Err(match token.kind {
        super::token::TokenKind::Number(_) => {
            Found::new(Fault::SubscriptNumber { text: cursor.written(token) }, token.span)
        }
        _ => Found::new(Fault::SubscriptMissing, cursor.gap()),
    })
}

/// `(A1-A5)`.
fn numbered(cursor: &mut Cursor) -> Result<DimensionItem, Found> {
    let open = cursor.step().span;
    let (Some((first, first_span)), true, Some((last, last_span))) =
        (cursor.take_name(), cursor.take(Symbol::Minus), cursor.take_name())
    else {
        return Err(Found::new(Fault::ElementRange, open.to(cursor.gap())));
    };
    if !cursor.take(Symbol::CloseRound) {
        return Err(Found::new(Fault::BracketNotClosed { bracket: '(' }, open));
    }
    let span = first_span.to(last_span);
    let (first_prefix, low) = split_number(&first, first_span)?;
    let (last_prefix, high) = split_number(&last, last_span)?;
    if Name::new(first_prefix) != Name::new(last_prefix) {
        let fault = Fault::ElementRangePrefixes { first: first.text().to_owned(), last: last.text().to_owned() };
        return Err(Found::new(fault, span));
    }
    if high < low {
        return Err(Found::new(Fault::ElementRangeOrder { first: low, last: high }, span));
    }
    let count = u64::from(high) - u64::from(low) + 1;
    if count > cursor.elements_left {
        return Err(Found::new(Fault::ElementRangeLarge { count }, span));
    }
    cursor.elements_left -= count;
    Ok(DimensionItem::Range { prefix: first_prefix.to_owned(), first: low, last: high })
}

/// `A12` into `A` and 12.
fn split_number(name: &Name, span: Span) -> Result<(&str, u32), Found> {
    let text = name.text();
    let prefix = text.trim_end_matches(|character: char| character.is_ascii_digit());
    let digits = &text[prefix.len()..];
    if digits.len() > 1 && digits.starts_with('0') {
        return Err(Found::new(Fault::ElementRangePadded { text: text.to_owned() }, span));
    }
    let number = digits.parse().map_err(|_| Found::new(Fault::ElementRange, span))?;
    Ok((prefix, number))
}

/// `target`, or `(target: item, item, ...)`.
fn mapping(cursor: &mut Cursor) -> Result<Mapping, Found> {
    let start = cursor.peek().span;
    if !cursor.take(Symbol::OpenRound) {
        let target = element(cursor)?;
        return Ok(Mapping { target, items: Vec::new(), span: start });
    }
    let target = element(cursor)?;
    let mut items = Vec::new();
    if !cursor.take(Symbol::Colon) {
        return Err(cursor.leftover());
    }
    loop {
        match item(cursor)? {
            DimensionItem::Name(name) => items.push(name),
            DimensionItem::Range { prefix, first, last } => {
                items.extend((first..=last).map(|number| Name::new(&format!("{prefix}{number}"))));
            }
        }
        if !cursor.take(Symbol::Comma) {
            break;
        }
    }
    if !cursor.take(Symbol::CloseRound) {
        return Err(Found::new(Fault::BracketNotClosed { bracket: '(' }, start));
    }
    Ok(Mapping { target, items, span: Span::new(start.start, cursor.here()) })
}
