//! How a series observes a quantity of the model: at a date, over a period, as growth, index or share.
//!
//! Every operator reads two kinds of numbers from a run, values at times and integrals up to times, both exact at those
//! times: nothing is sampled and summed.

use crate::calendar::{Fraction, Window};

/// What is read of a quantity over a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// The value at a place in the window.
    Level(Fraction),
    /// The integral over the window.
    Total,
    /// The integral over the window by its length.
    Mean,
    /// The integral from a time to the end of the window.
    Cumulative { since: f64 },
}

/// How a datum is made of readings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operator {
    Of(Reading),
    /// The reading over that of the window of equal length before, less one.
    Growth(Reading),
    /// The reading over that of the base window, times `level`.
    Index {
        of: Reading,
        base: Window,
        level: f64,
    },
    /// The reading of a numerator over that of a denominator, each taken before the division.
    Share(Reading),
}

/// Which of an observation's quantities is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    Whole,
    Numerator,
    Denominator,
}

/// A number to read from a run: the value of a quantity at a time, or its integral from the start of the run to a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    pub part: Part,
    pub time: f64,
    pub integral: bool,
}

/// `(plus - minus) / divisor`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Difference {
    plus: Probe,
    minus: Option<Probe>,
    divisor: f64,
}

impl Reading {
    fn over(self, part: Part, window: Window) -> Difference {
        let integral = |time| Probe { part, time, integral: true };
        match self {
            Reading::Level(fraction) => {
                let plus = Probe { part, time: window.at(fraction), integral: false };
                Difference { plus, minus: None, divisor: 1.0 }
            }
            Reading::Total => {
                Difference { plus: integral(window.end), minus: Some(integral(window.start)), divisor: 1.0 }
            }
            Reading::Mean if window.is_instant() => Reading::Level(Fraction::End).over(part, window),
            Reading::Mean => {
                Difference { plus: integral(window.end), minus: Some(integral(window.start)), divisor: window.length() }
            }
            Reading::Cumulative { since } => {
                Difference { plus: integral(window.end), minus: Some(integral(since)), divisor: 1.0 }
            }
        }
    }

    /// Whether the reading takes up the stretch of time as well as the quantity: a total of a rate per year is an amount.
    pub fn integrates(self) -> bool {
        matches!(self, Reading::Total | Reading::Cumulative { .. })
    }
}

impl Operator {
    pub fn reading(self) -> Reading {
        match self {
            Operator::Of(reading) | Operator::Growth(reading) | Operator::Share(reading) => reading,
            Operator::Index { of, .. } => of,
        }
    }

    /// Whether the result is a pure number whatever the quantity's unit.
    pub fn is_pure(self) -> bool {
        !matches!(self, Operator::Of(_))
    }

    /// The first and last time that a datum of this window asks of a run.
    pub fn reach(self, window: Window) -> Window {
        let times: Vec<f64> = self.probes(window).iter().map(|probe| probe.time).collect();
        Window {
            start: times.iter().copied().fold(f64::INFINITY, f64::min),
            end: times.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }

    /// Whether a datum of this window can be read: totals and growth need a stretch of time, which an instant is not.
    pub fn suits(self, window: Window) -> bool {
        let instant = |window: Window, reading: Reading| window.is_instant() && reading == Reading::Total;
        match self {
            Operator::Growth(_) => !window.is_instant(),
            Operator::Of(reading) | Operator::Share(reading) => !instant(window, reading),
            Operator::Index { of, base, .. } => !instant(window, of) && !instant(base, of),
        }
    }

    /// Everything that must be read from a run for a datum of this window.
    pub fn probes(self, window: Window) -> Vec<Probe> {
        let (first, second) = self.differences(window);
        [Some(first), second]
            .into_iter()
            .flatten()
            .flat_map(|difference| [Some(difference.plus), difference.minus])
            .flatten()
            .collect()
    }

    /// The prediction of a datum, `read` being the numbers of a run; NaN where the window does not [suit](Self::suits).
    pub fn predict(self, window: Window, read: impl Fn(Probe) -> f64) -> f64 {
        if !self.suits(window) {
            return f64::NAN;
        }
        let value =
            |difference: Difference| (read(difference.plus) - difference.minus.map_or(0.0, &read)) / difference.divisor;
        match (self, self.differences(window)) {
            (Operator::Growth(_), (now, Some(before))) => value(now) / value(before) - 1.0,
            (Operator::Index { level, .. }, (now, Some(base))) => level * (value(now) / value(base)),
            (_, (numerator, Some(denominator))) => value(numerator) / value(denominator),
            (_, (only, None)) => value(only),
        }
    }

    /// How the prediction moves when what is read moves: `slope` is that of `read` in some direction.
    pub fn predict_slope(self, window: Window, read: impl Fn(Probe) -> f64, slope: impl Fn(Probe) -> f64) -> f64 {
        if !self.suits(window) {
            return f64::NAN;
        }
        let of = |difference: Difference, read: &dyn Fn(Probe) -> f64| {
            (read(difference.plus) - difference.minus.map_or(0.0, read)) / difference.divisor
        };
        let level = if let Operator::Index { level, .. } = self { level } else { 1.0 };
        match self.differences(window) {
            (only, None) => of(only, &slope),
            (numerator, Some(denominator)) => {
                let (above, below) = (of(numerator, &read), of(denominator, &read));
                level * (of(numerator, &slope) - above / below * of(denominator, &slope)) / below
            }
        }
    }

    fn differences(self, window: Window) -> (Difference, Option<Difference>) {
        match self {
            Operator::Of(reading) => (reading.over(Part::Whole, window), None),
            Operator::Growth(reading) => {
                let before = Window { start: window.start - window.length(), end: window.start };
                (reading.over(Part::Whole, window), Some(reading.over(Part::Whole, before)))
            }
            Operator::Index { of, base, .. } => (of.over(Part::Whole, window), Some(of.over(Part::Whole, base))),
            Operator::Share(reading) => {
                (reading.over(Part::Numerator, window), Some(reading.over(Part::Denominator, window)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Operator, Part, Reading};
    use crate::calendar::{Fraction, Window};

    /// The quantity t², its integral t³/3; as a denominator t.
    fn predict(operator: Operator, window: Window) -> f64 {
        operator.predict(window, |probe| match (probe.part, probe.integral) {
            (Part::Denominator, false) => probe.time,
            (Part::Denominator, true) => probe.time.powi(2) / 2.0,
            (_, false) => probe.time.powi(2),
            (_, true) => probe.time.powi(3) / 3.0,
        })
    }

    #[test]
    fn operators_on_a_known_path() {
        let window = Window { start: 2.0, end: 4.0 };
        let base = Window { start: 1.0, end: 2.0 };
        for (operator, expected) in [
            (Operator::Of(Reading::Level(Fraction::Start)), 4.0),
            (Operator::Of(Reading::Level(Fraction::Middle)), 9.0),
            (Operator::Of(Reading::Level(Fraction::End)), 16.0),
            (Operator::Of(Reading::Total), 56.0 / 3.0),
            (Operator::Of(Reading::Mean), 28.0 / 3.0),
            (Operator::Of(Reading::Cumulative { since: 1.0 }), 21.0),
            (Operator::Growth(Reading::Total), 6.0),
            (Operator::Growth(Reading::Level(Fraction::End)), 3.0),
            (Operator::Index { of: Reading::Mean, base, level: 100.0 }, 400.0),
            (Operator::Share(Reading::Total), 28.0 / 9.0),
            (Operator::Share(Reading::Level(Fraction::End)), 4.0),
        ] {
            let found = predict(operator, window);
            assert!((found - expected).abs() < 1e-12, "{operator:?}: {found}");
        }
        assert_eq!(predict(Operator::Of(Reading::Mean), Window::instant(3.0)), 9.0);
    }

    #[test]
    fn nothing_adds_up_or_grows_in_an_instant() {
        let (instant, year) = (Window::instant(3.0), Window { start: 2.0, end: 3.0 });
        let index = |of, base| Operator::Index { of, base, level: 100.0 };
        for (operator, suits) in [
            (Operator::Of(Reading::Total), false),
            (Operator::Share(Reading::Total), false),
            (Operator::Growth(Reading::Level(Fraction::End)), false),
            (Operator::Growth(Reading::Mean), false),
            (index(Reading::Total, year), false),
            (index(Reading::Mean, instant), true),
            (Operator::Of(Reading::Level(Fraction::End)), true),
            (Operator::Of(Reading::Cumulative { since: 0.0 }), true),
        ] {
            assert_eq!(operator.suits(instant), suits, "{operator:?}");
            assert_eq!(predict(operator, instant).is_nan(), !suits, "{operator:?}");
            assert!(operator.suits(year), "{operator:?}");
        }
        assert!(!index(Reading::Total, instant).suits(year));
    }

    #[test]
    fn an_operator_reaches_back_as_far_as_it_reads() {
        let window = Window { start: 2.0, end: 4.0 };
        assert_eq!(Operator::Growth(Reading::Total).reach(window), Window { start: 0.0, end: 4.0 });
        assert_eq!(Operator::Of(Reading::Level(Fraction::End)).reach(window), Window::instant(4.0));
    }
}
