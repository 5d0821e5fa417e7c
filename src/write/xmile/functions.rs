//! Vensim's functions in XMILE's words: the same function under Stella's name, equal arithmetic, or the function itself
//! in the namespace `vensim`.

use super::arrays::Arrays;
use crate::diagnostic::Span;
use crate::model::{BinaryOperator, Dialect, Expression, ExpressionKind, Function, Name, UnaryOperator};

/// Vensim's `:NA:`.
pub(super) const MISSING: f64 = -649_037_107_316_853_453_566_312_041_152_512.0; // -2^109

/// Whether a function of XMILE runs over the dimensions in its arguments.
pub(super) fn reduces(function: &Name, arguments: usize) -> bool {
    match Function::named(Dialect::Xmile, function) {
        Some(Function::Sum | Function::Product | Function::Mean | Function::StandardDeviation | Function::Size) => true,
        Some(Function::Minimum | Function::Maximum) => arguments == 1,
        _ => false,
    }
}

/// An expression of a Vensim model as XMILE means it.
pub(super) fn translate(expression: &Expression, arrays: &Arrays) -> Expression {
    let span = expression.span;
    let inner = |expression: &Expression| translate(expression, arrays);
    let boxed = |expression: &Expression| Box::new(inner(expression));
    let kind = match &expression.kind {
        ExpressionKind::Call { function, subscripts, arguments } => {
            let known = Function::named(Dialect::Vensim, function);
            if known == Some(Function::ElementCount) {
                let count = match arguments.first().map(|argument| &argument.kind) {
                    Some(ExpressionKind::Reference { name, .. }) => arrays.elements(name).len(),
                    _ => 0,
                };
                return Expression::number(count as f64, span);
            }
            let arguments: Vec<Expression> = arguments.iter().map(inner).collect();
            match known {
                Some(known) if subscripts.is_empty() => return call(known, function, arguments, span),
                _ => ExpressionKind::Call { function: function.clone(), subscripts: subscripts.clone(), arguments },
            }
        }
        ExpressionKind::Reference { name, subscripts } if subscripts.is_empty() && is_element(name, arrays) => {
            ExpressionKind::Number(arrays.position(name).unwrap_or(0) as f64)
        }
        ExpressionKind::Missing => ExpressionKind::Number(MISSING),
        ExpressionKind::Unary { operator, operand } => {
            ExpressionKind::Unary { operator: *operator, operand: boxed(operand) }
        }
        ExpressionKind::Binary { operator, left, right } => {
            ExpressionKind::Binary { operator: *operator, left: boxed(left), right: boxed(right) }
        }
        ExpressionKind::Conditional { condition, then, otherwise } => {
            ExpressionKind::Conditional { condition: boxed(condition), then: boxed(then), otherwise: boxed(otherwise) }
        }
        other => other.clone(),
    };
    Expression::new(kind, span)
}

/// A name that is an element and no variable.
fn is_element(name: &Name, arrays: &Arrays) -> bool {
    !arrays.is_variable(name) && !arrays.is_dimension(name) && arrays.position(name).is_some()
}

fn call(known: Function, written: &Name, arguments: Vec<Expression>, span: Span) -> Expression {
    let build = Builder { span };
    let once = |expression: &Expression| !draws(expression);
    match (known, arguments.as_slice()) {
        (Function::Power, [base, exponent]) => build.binary(BinaryOperator::Power, base, exponent),
        (Function::Game, [value]) => value.clone(),
        (Function::Logarithm, [value, base]) if matches!(base.kind, ExpressionKind::Number(10.0)) => {
            build.call("LOG10", vec![value.clone()])
        }
        (Function::Logarithm, [value, base]) => {
            let logarithm = |of: &Expression| build.call("LN", vec![of.clone()]);
            build.binary(BinaryOperator::Divide, &logarithm(value), &logarithm(base))
        }
        // INT rounds down, INTEGER towards zero.
        (Function::Truncate, [value]) if once(value) => {
            let down = build.call("INT", vec![value.clone()]);
            let up = build.minus(&build.call("INT", vec![build.minus(value)]));
            build.conditional(build.at_least(value, 0.0), down, up)
        }
        // MOD has the divisor's sign, MODULO the dividend's.
        (Function::Modulo, [value, divisor]) if once(value) && once(divisor) => {
            let size = build.call("ABS", vec![divisor.clone()]);
            let above = build.binary(BinaryOperator::Remainder, value, &size);
            let below = build.minus(&build.binary(BinaryOperator::Remainder, &build.minus(value), &size));
            build.conditional(build.at_least(value, 0.0), above, below)
        }
        // A divisor within 1e-6 of zero counts as zero.
        (Function::ZeroIfDivisionByZero, [value, divisor]) if once(divisor) => {
            build.guarded(value, divisor, build.number(0.0))
        }
        (Function::ElseIfDivisionByZero, [value, divisor, otherwise]) if once(divisor) => {
            build.guarded(value, divisor, otherwise.clone())
        }
        (Function::PulseWindow, [start, width]) if once(start) => {
            let width = build.call("MAX", vec![width.clone(), build.name("DT")]);
            let end = build.binary(BinaryOperator::Add, start, &width);
            let step = |at: &Expression| build.call("STEP", vec![build.number(1.0), at.clone()]);
            build.binary(BinaryOperator::Subtract, &step(start), &step(&end))
        }
        (Function::Ramp, [slope, start, end]) => {
            let reach = build.call("MIN", vec![build.name("TIME"), end.clone()]);
            let since = build.binary(BinaryOperator::Subtract, &reach, start);
            build.binary(BinaryOperator::Multiply, slope, &build.call("MAX", vec![since, build.number(0.0)]))
        }
        (Function::SmoothN, [input, time, initial, order]) => {
            build.call("SMTHN", vec![input.clone(), time.clone(), order.clone(), initial.clone()])
        }
        (Function::DelayFixed, _) => build.call("DELAY", arguments),
        (Function::Trend, _) => build.call("TREND", arguments),
        (Function::Forecast, _) => build.call("FORCST", arguments),
        (Function::VectorMinimum, _) => build.call("MIN", arguments),
        (Function::VectorMaximum, _) => build.call("MAX", arguments),
        (Function::WithLookup, _) => build.call("LOOKUP", arguments),
        _ => match known.spelling(Dialect::Xmile) {
            Some(spelling) => build.call(spelling, arguments),
            None => build.call(&format!("vensim.{}", written.text().to_uppercase()), arguments),
        },
    }
}

/// Whether evaluating an expression twice may give two values: it draws random numbers.
fn draws(expression: &Expression) -> bool {
    let mut found = false;
    expression.walk(&mut |part| {
        if let ExpressionKind::Call { function, .. } = &part.kind {
            let key = function.key();
            found |= ["random", "uniform", "normal", "expon", "poisson"].iter().any(|word| key.contains(word));
        }
    });
    found
}

/// Builds expressions at one place.
struct Builder {
    span: Span,
}

impl Builder {
    fn number(&self, value: f64) -> Expression {
        Expression::number(value, self.span)
    }

    fn name(&self, name: &str) -> Expression {
        let kind = ExpressionKind::Reference { name: Name::new(name), subscripts: Vec::new() };
        Expression::new(kind, self.span)
    }

    fn call(&self, function: &str, arguments: Vec<Expression>) -> Expression {
        let kind = ExpressionKind::Call { function: Name::new(function), subscripts: Vec::new(), arguments };
        Expression::new(kind, self.span)
    }

    fn binary(&self, operator: BinaryOperator, left: &Expression, right: &Expression) -> Expression {
        let (left, right) = (Box::new(left.clone()), Box::new(right.clone()));
        Expression::new(ExpressionKind::Binary { operator, left, right }, self.span)
    }

    fn minus(&self, operand: &Expression) -> Expression {
        let kind = ExpressionKind::Unary { operator: UnaryOperator::Minus, operand: Box::new(operand.clone()) };
        Expression::new(kind, self.span)
    }

    fn conditional(&self, condition: Expression, then: Expression, otherwise: Expression) -> Expression {
        let (condition, then, otherwise) = (Box::new(condition), Box::new(then), Box::new(otherwise));
        Expression::new(ExpressionKind::Conditional { condition, then, otherwise }, self.span)
    }

    fn at_least(&self, value: &Expression, bound: f64) -> Expression {
        self.binary(BinaryOperator::GreaterOrEqual, value, &self.number(bound))
    }

    fn guarded(&self, value: &Expression, divisor: &Expression, otherwise: Expression) -> Expression {
        let size = self.call("ABS", vec![divisor.clone()]);
        let small = self.binary(BinaryOperator::LessOrEqual, &size, &self.number(1e-6));
        self.conditional(small, otherwise, self.binary(BinaryOperator::Divide, value, divisor))
    }
}
