//! Arrays written short made explicit: indices left out (XMILE 3.7.1), `*`, and elements by number become dimensions
//! and elements by name, so that everything downstream sees one form. What cannot be told apart by name, as the two
//! indices of an array over one dimension twice, stays as written.

use super::scope::{Scope, named};
use crate::diagnostic::Span;
use crate::model::{Expression, ExpressionKind, Name, Subscript, SubscriptKind};

/// Functions that turn arrays into numbers (XMILE 3.7.1.3); MIN and MAX do so with one argument.
const REDUCTIONS: [&str; 6] = ["sum", "mean", "stddev", "size", "prod", "rank"];

/// Whether a dimension within the arguments of `function` may be run over.
pub(super) fn may_reduce(function: &str) -> bool {
    let key = function.to_ascii_lowercase();
    REDUCTIONS.contains(&key.as_str()) || is_extreme(&key)
}

fn is_extreme(key: &str) -> bool {
    key == "min" || key == "max"
}

/// Makes the arrays in an equation explicit.
pub(super) fn make_explicit(expression: &mut Expression, scope: &Scope) {
    rewrite(expression, scope, false);
}

fn rewrite(expression: &mut Expression, scope: &Scope, reducing: bool) {
    rewrite_parts(expression, scope, reducing);
    if let Some(size) = size(expression, scope) {
        expression.kind = ExpressionKind::Number(size as f64);
    }
}

fn rewrite_parts(expression: &mut Expression, scope: &Scope, reducing: bool) {
    let span = expression.span;
    match &mut expression.kind {
        ExpressionKind::Reference { name, subscripts } => index(name, subscripts, span, scope, reducing),
        ExpressionKind::Call { function, subscripts, arguments } => {
            index(function, subscripts, span, scope, reducing);
            let extreme = is_extreme(function.key());
            let within = reducing || REDUCTIONS.contains(&function.key()) || (extreme && arguments.len() == 1);
            let several = arguments.len() > 1;
            for argument in arguments.iter_mut() {
                rewrite(argument, scope, within || (extreme && several && stands_for_all(argument, scope)));
                // MAX(A[*], 0) is the largest of A and 0: MAX(MAX(A[*]), 0).
                if extreme && !within && runs_over(argument) {
                    let inner = std::mem::replace(argument, Expression::number(0.0, span));
                    let span = inner.span;
                    let (function, arguments) = (function.clone(), vec![inner]);
                    let kind = ExpressionKind::Call { function, subscripts: Vec::new(), arguments };
                    *argument = Expression::new(kind, span);
                }
            }
        }
        ExpressionKind::Unary { operand, .. } => rewrite(operand, scope, reducing),
        ExpressionKind::Binary { left, right, .. } => {
            rewrite(left, scope, reducing);
            rewrite(right, scope, reducing);
        }
        ExpressionKind::Conditional { condition, then, otherwise } => {
            rewrite(condition, scope, reducing);
            rewrite(then, scope, reducing);
            rewrite(otherwise, scope, reducing);
        }
        ExpressionKind::Number(_) | ExpressionKind::Missing | ExpressionKind::Text(_) | ExpressionKind::Lookup(_) => {}
    }
}

/// The indices of one array.
fn index(array: &Name, subscripts: &mut Vec<Subscript>, span: Span, scope: &Scope, reducing: bool) {
    for subscript in subscripts.iter_mut() {
        if let SubscriptKind::Computed(index) = &mut subscript.kind {
            rewrite(index, scope, false);
        }
    }
    let Some(dimensions) = scope.dimensions_of(array) else { return };
    let names: Vec<Name> = dimensions.iter().map(|place| scope.file.dimensions[*place].name.clone()).collect();
    let distinct = (1..names.len()).all(|place| !names[..place].contains(&names[place]));
    if subscripts.is_empty() && distinct {
        let owned = dimensions.iter().all(|dimension| scope.owner_has_once(*dimension));
        if reducing {
            let reduced = |name| Subscript { kind: SubscriptKind::Reduced(name), span };
            subscripts.extend(names.into_iter().map(reduced));
        } else if owned {
            subscripts.extend(names.into_iter().map(|name| named(name, span)));
        }
        return;
    }
    for (place, subscript) in subscripts.iter_mut().enumerate().take(names.len()) {
        match subscript.kind {
            SubscriptKind::All if distinct => subscript.kind = SubscriptKind::Reduced(names[place].clone()),
            SubscriptKind::Position(position) => {
                let shape = &scope.file.dimensions[dimensions[place]];
                if let Some(element) = position.checked_sub(1).and_then(|index| shape.element(index)) {
                    subscript.kind = SubscriptKind::Name(element);
                }
            }
            _ => {}
        }
    }
}

/// `SIZE` of an array or a slice of one is known beforehand, also that of the variable itself.
fn size(expression: &Expression, scope: &Scope) -> Option<usize> {
    let ExpressionKind::Call { function, arguments, .. } = &expression.kind else { return None };
    let [Expression { kind: ExpressionKind::Reference { name, subscripts }, .. }] = arguments.as_slice() else {
        return None;
    };
    let dimensions = scope.dimensions_of(name).filter(|dimensions| dimensions.len() == subscripts.len())?;
    if function.key() != "size" {
        return None;
    }
    let mut size = 1usize;
    for (subscript, dimension) in subscripts.iter().zip(dimensions) {
        let run_over = match &subscript.kind {
            SubscriptKind::All => Some(*dimension),
            SubscriptKind::Reduced(name) => Some(scope.file.dimension(name)?),
            _ => None,
        };
        if let Some(shape) = run_over.map(|dimension| &scope.file.dimensions[dimension]) {
            size = size.checked_mul(shape.len()).filter(|size| *size > 0)?;
        }
    }
    Some(size)
}

/// Binds the dimensions that an equation of one element names to that element.
pub(super) fn bind(expression: &mut Expression, scope: &Scope, element: &[Name]) {
    let Some(owner) = scope.owner else { return };
    let bound: Vec<(Name, Name, usize)> = owner
        .dimensions
        .iter()
        .zip(element)
        .filter(|(dimension, _)| scope.owner_has_once(**dimension))
        .filter_map(|(dimension, element)| {
            let shape = &scope.file.dimensions[*dimension];
            Some((shape.name.clone(), element.clone(), shape.position(element)?))
        })
        .collect();
    if !bound.is_empty() {
        put(expression, &bound);
    }
}

fn put(expression: &mut Expression, bound: &[(Name, Name, usize)]) {
    let subscripts_of = |subscripts: &mut Vec<Subscript>| {
        for subscript in subscripts {
            match &mut subscript.kind {
                SubscriptKind::Name(name) => {
                    if let Some((_, element, _)) = bound.iter().find(|(dimension, ..)| dimension == name) {
                        *name = element.clone();
                    }
                }
                SubscriptKind::Computed(index) => put(index, bound),
                _ => {}
            }
        }
    };
    match &mut expression.kind {
        ExpressionKind::Reference { name, subscripts } => {
            subscripts_of(subscripts);
            if let Some((.., position)) = bound.iter().find(|(dimension, ..)| dimension == name) {
                expression.kind = ExpressionKind::Number(*position as f64);
            }
        }
        ExpressionKind::Call { subscripts, arguments, .. } => {
            subscripts_of(subscripts);
            arguments.iter_mut().for_each(|argument| put(argument, bound));
        }
        ExpressionKind::Unary { operand, .. } => put(operand, bound),
        ExpressionKind::Binary { left, right, .. } => {
            put(left, bound);
            put(right, bound);
        }
        ExpressionKind::Conditional { condition, then, otherwise } => {
            put(condition, bound);
            put(then, bound);
            put(otherwise, bound);
        }
        ExpressionKind::Number(_) | ExpressionKind::Missing | ExpressionKind::Text(_) | ExpressionKind::Lookup(_) => {}
    }
}

/// A whole array that the equation's own dimensions do not cover.
fn stands_for_all(argument: &Expression, scope: &Scope) -> bool {
    let ExpressionKind::Reference { name, subscripts } = &argument.kind else { return false };
    let dimensions = scope.dimensions_of(name).unwrap_or(&[]);
    subscripts.is_empty() && dimensions.iter().any(|dimension| !scope.owner_has_once(*dimension))
}

/// Whether an index within runs over a dimension, outside reductions of its own.
fn runs_over(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Reference { subscripts, .. } => {
            subscripts.iter().any(|one| matches!(one.kind, SubscriptKind::Reduced(_) | SubscriptKind::All))
        }
        ExpressionKind::Call { function, arguments, .. } => {
            let reduces = REDUCTIONS.contains(&function.key()) || (is_extreme(function.key()) && arguments.len() == 1);
            !reduces && arguments.iter().any(runs_over)
        }
        _ => expression.children().into_iter().any(runs_over),
    }
}
