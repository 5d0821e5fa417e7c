//! Lookup tables in the forms in which Vensim writes them: points `(x,y)`, with or without the range of the drawing,
//! and the older list of all x followed by all y.

use super::cursor::Cursor;
use super::fault::{Fault, Found};
use super::token::{Symbol, TokenKind};
use crate::model::{Extrapolation, Interpolation, LookupTable};

/// Reads a table whose opening bracket stands here. Points out of order are sorted, as Vensim does, and remarked on.
pub fn table(cursor: &mut Cursor) -> Result<LookupTable, Found> {
    let open = cursor.step();
    let not_closed = Found::new(Fault::BracketNotClosed { bracket: '(' }, open.span);
    let range = if cursor.is(Symbol::OpenSquare) { Some(range(cursor)?) } else { None };
    if range.is_some() {
        cursor.take(Symbol::Comma);
    }
    let mut points = Vec::new();
    if cursor.is(Symbol::OpenRound) {
        loop {
            points.push(point(cursor)?);
            if cursor.take(Symbol::CloseRound) {
                break;
            }
            if !cursor.take(Symbol::Comma) {
                return Err(unseparated(cursor, not_closed));
            }
        }
    } else {
        let mut numbers = Vec::new();
        while !cursor.take(Symbol::CloseRound) {
            let Some(value) = number(cursor) else {
                return Err(match cursor.at_end() {
                    true => not_closed,
                    false => Found::new(Fault::LookupPoint, cursor.peek().span),
                });
            };
            numbers.push(value);
            if !cursor.take(Symbol::Comma) && !cursor.is(Symbol::CloseRound) {
                return Err(unseparated(cursor, not_closed));
            }
        }
        if numbers.len() % 2 == 1 {
            return Err(Found::new(Fault::LookupOdd { count: numbers.len() }, open.span));
        }
        let (xs, ys) = numbers.split_at(numbers.len() / 2);
        points = xs.iter().copied().zip(ys.iter().copied()).collect();
    }
    if points.len() < 2 {
        return Err(Found::new(Fault::LookupShort { count: points.len() }, open.span));
    }
    if points.windows(2).any(|pair| pair[0].0 > pair[1].0) {
        cursor.remarks.push(Found::new(Fault::LookupUnsorted, open.span));
        points.sort_by(|a: &(f64, f64), b| a.0.total_cmp(&b.0));
    }
    Ok(LookupTable { points, interpolation: Interpolation::Linear, extrapolation: Extrapolation::Hold, range })
}

/// What is wrong where a comma or the closing bracket should stand.
fn unseparated(cursor: &Cursor, not_closed: Found) -> Found {
    match cursor.peek().kind {
        TokenKind::End => not_closed,
        TokenKind::Number(_) | TokenKind::Symbol(Symbol::OpenRound) => {
            Found::new(Fault::LookupComma, cursor.peek().span)
        }
        _ => cursor.leftover(),
    }
}

type Range = ((f64, f64), (f64, f64));

/// `[(x min,y min)-(x max,y max), (x,y), ...]`; the points behind the corners are lines of the drawing.
fn range(cursor: &mut Cursor) -> Result<Range, Found> {
    let fault = |cursor: &Cursor| Found::new(Fault::LookupRange, cursor.gap());
    cursor.step();
    let (x_low, y_low) = point(cursor).map_err(|_| fault(cursor))?;
    if !cursor.take(Symbol::Minus) {
        return Err(fault(cursor));
    }
    let (x_high, y_high) = point(cursor).map_err(|_| fault(cursor))?;
    while cursor.take(Symbol::Comma) {
        point(cursor).map_err(|_| fault(cursor))?;
    }
    if !cursor.take(Symbol::CloseSquare) {
        return Err(fault(cursor));
    }
    Ok(((x_low, x_high), (y_low, y_high)))
}

fn point(cursor: &mut Cursor) -> Result<(f64, f64), Found> {
    let fault = |cursor: &Cursor| Found::new(Fault::LookupPoint, cursor.gap());
    if !cursor.take(Symbol::OpenRound) {
        return Err(fault(cursor));
    }
    let x = number(cursor).ok_or_else(|| fault(cursor))?;
    if !cursor.take(Symbol::Comma) {
        return Err(fault(cursor));
    }
    let y = number(cursor).ok_or_else(|| fault(cursor))?;
    if !cursor.take(Symbol::CloseRound) {
        return Err(fault(cursor));
    }
    Ok((x, y))
}

/// A number with its sign.
pub fn number(cursor: &mut Cursor) -> Option<f64> {
    let (sign, count) = match cursor.peek().kind {
        TokenKind::Symbol(Symbol::Minus) => (-1.0, 1),
        TokenKind::Symbol(Symbol::Plus) => (1.0, 1),
        _ => (1.0, 0),
    };
    let TokenKind::Number(value) = cursor.ahead(count).kind else {
        return None;
    };
    if count == 1 {
        cursor.step();
    }
    cursor.step();
    Some(sign * value)
}
