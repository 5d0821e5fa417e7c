//! Outcomes: one number of a run, from what gauges read of it.

use crate::calendar::Window;
use crate::diagnostic::Span;
use crate::estimate::objective::Gauge;
use crate::model::{BinaryOperator, Expression, ExpressionKind, Name};

/// What one number is made of the readings of an outcome.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Take {
    /// The reading over the whole stretch: a level at a date, a total, a mean, a share of totals.
    Value,
    Peak,
    Lowest,
    /// Time during which the readings lie above a threshold, in the model's unit of time; between readings the path is
    /// taken for a straight line.
    TimeAbove(f64),
    TimeBelow(f64),
}

/// A number by which runs are judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub name: String,
    pub title: String,
    /// Of the value shown.
    pub unit: String,
    pub gauge: Gauge,
    /// From the model's unit to the one shown.
    pub factor: f64,
    /// One window for [`Take::Value`], instants in order of time for the others.
    pub windows: Vec<Window>,
    pub take: Take,
}

impl Outcome {
    /// The outcome's value from the readings over its windows; a threshold is in the unit shown.
    pub fn of(&self, readings: &[f64]) -> f64 {
        let mut shown = readings.iter().map(|reading| reading * self.factor);
        match self.take {
            Take::Value => shown.next_back().unwrap_or(f64::NAN),
            Take::Peak => largest(shown),
            Take::Lowest => -largest(shown.map(|value| -value)),
            Take::TimeAbove(threshold) => self.time_above(&shown.map(|value| value - threshold).collect::<Vec<_>>()),
            Take::TimeBelow(threshold) => self.time_above(&shown.map(|value| threshold - value).collect::<Vec<_>>()),
        }
    }

    /// How long the heights lie above zero.
    fn time_above(&self, heights: &[f64]) -> f64 {
        let pieces = heights.windows(2).zip(self.windows.windows(2));
        pieces
            .map(|(heights, windows)| {
                let length = windows[1].end - windows[0].end;
                match (heights[0], heights[1]) {
                    (a, b) if a.is_nan() || b.is_nan() => f64::NAN,
                    (a, b) if a > 0.0 && b > 0.0 => length,
                    (a, b) if a <= 0.0 && b <= 0.0 => 0.0,
                    (a, b) => length * a.max(b) / (a - b).abs(),
                }
            })
            .sum()
    }
}

/// The largest value; NaN where one is.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values
        .fold(f64::NEG_INFINITY, |most, value| if value.is_nan() || most.is_nan() { f64::NAN } else { most.max(value) })
}

/// A quantity discounted at a continuous `rate` per unit of time from time `from` on; its total is a present value.
pub fn discounted(quantity: Expression, rate: f64, from: f64) -> Expression {
    let span: Span = quantity.span;
    let node = |kind| Expression::new(kind, span);
    let binary = |operator, left: Expression, right: Expression| {
        node(ExpressionKind::Binary { operator, left: Box::new(left), right: Box::new(right) })
    };
    let time = node(ExpressionKind::Reference { name: Name::new("Time"), subscripts: Vec::new() });
    let since = binary(BinaryOperator::Subtract, time, Expression::number(from, span));
    let exponent = binary(BinaryOperator::Multiply, Expression::number(-rate, span), since);
    let factor =
        node(ExpressionKind::Call { function: Name::new("EXP"), subscripts: Vec::new(), arguments: vec![exponent] });
    binary(BinaryOperator::Multiply, quantity, factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::objective::{Operator, Reading};

    fn outcome(take: Take, times: &[f64]) -> Outcome {
        let quantity = Expression::number(1.0, Span::default());
        let operator = Operator::Of(Reading::Level(crate::calendar::Fraction::End));
        Outcome {
            name: "o".into(),
            title: "O".into(),
            unit: "%".into(),
            gauge: Gauge { quantity, operator },
            factor: 100.0,
            windows: times.iter().map(|time| Window::instant(*time)).collect(),
            take,
        }
    }

    #[test]
    fn one_number_of_a_path() {
        // A tent: from 0 up to 0.04 at time 4 and down again at time 8.
        let (times, path) = ([0.0, 4.0, 8.0], [0.0, 0.04, 0.0]);
        for (take, expected) in [
            (Take::Value, 0.0),
            (Take::Peak, 4.0),
            (Take::Lowest, 0.0),
            (Take::TimeAbove(3.0), 2.0),
            (Take::TimeBelow(3.0), 6.0),
            (Take::TimeAbove(5.0), 0.0),
        ] {
            let found = outcome(take, &times).of(&path);
            assert!((found - expected).abs() < 1e-12, "{take:?}: {found}");
        }
        assert!(outcome(Take::Peak, &times).of(&[0.0, f64::NAN, 1.0]).is_nan());
        assert!(outcome(Take::TimeAbove(1.0), &times).of(&[0.0, f64::NAN, 1.0]).is_nan());
    }
}
