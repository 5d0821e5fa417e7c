//! One axis: its range from the data, its ticks, and where a value lies along it.

use super::ticks::{self, Tick};
use crate::present::plain::{Quantity, Scale};
use crate::present::refusal::Remark;

/// Values beyond this cannot be drawn and count as not finite.
const DRAWABLE: f64 = 1e200;

#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    pub title: String,
    /// With the factor of the labels worked in.
    pub unit: String,
    log: bool,
    /// Ends in data units, or their logarithms.
    lo: f64,
    hi: f64,
    factor: f64,
    /// Times write 2014, values 2,014.
    grouped_from: f64,
    pub ticks: Vec<Tick>,
}

/// How the range of an axis follows from its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// With a margin; down to zero when zero is near.
    Around,
    /// With a margin and no more.
    Margin,
    /// Zero is always on the axis.
    WithZero,
    /// The data's own ends.
    Exact,
}

/// Whether figures can show this value.
pub fn drawable(value: f64) -> bool {
    value.abs() <= DRAWABLE
}

impl Axis {
    /// An axis for these values, or `None` when none of them can be drawn. Ticks come with [`Axis::with_ticks`].
    pub fn new(quantity: &Quantity, values: &[f64], range: Range, remarks: &mut Vec<Remark>) -> Option<Axis> {
        let finite = || values.iter().copied().filter(|v| drawable(*v));
        let mut log = quantity.scale == Scale::Log;
        let below = finite().filter(|v| *v <= 0.0).count();
        if log && below > 0 {
            log = finite().any(|v| v > 0.0);
            let axis = quantity.title.clone();
            remarks.push(if log {
                Remark::LeftOffLog { axis, count: below }
            } else {
                Remark::LogWithoutPositive { axis }
            });
        }
        let shown = || finite().filter(|v| !log || *v > 0.0).map(|v| if log { v.log10() } else { v });
        let (mut lo, mut hi) = shown().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
        if lo > hi {
            return None;
        }
        let size = lo.abs().max(hi.abs());
        // Rounding noise is no movement: a constant is drawn as a constant.
        if hi - lo <= 1e-9 * size || hi == lo {
            let half = if log { 0.2 } else { 0.1 * size };
            (lo, hi) = if size == 0.0 && !log { (0.0, 1.0) } else { (lo - half, hi + half) };
        }
        if !log && matches!(range, Range::Around | Range::WithZero) {
            let zero = range == Range::WithZero;
            if lo > 0.0 && (zero || lo < 0.4 * hi) {
                lo = 0.0;
            }
            if hi < 0.0 && (zero || hi > 0.4 * lo) {
                hi = 0.0;
            }
        }
        if range != Range::Exact {
            let margin = 0.05 * (hi - lo);
            lo -= if lo == 0.0 && !log { 0.0 } else { margin };
            hi += if hi == 0.0 && !log { 0.0 } else { margin };
        }
        let factor = ticks::factor(match log {
            // On a log axis the small end counts: 50 to 2,000 billion rather than 0.05 to 2 trillion.
            true if lo > 0.0 => 10f64.powf(lo),
            true => 10f64.powf(hi.min(0.0)),
            false => lo.abs().max(hi.abs()),
        });
        Some(Axis {
            title: quantity.title.clone(),
            unit: ticks::unit(&quantity.unit, factor),
            log,
            lo,
            hi,
            factor,
            grouped_from: 1e3,
            ticks: Vec::new(),
        })
    }

    /// Counts in the units of another axis that reaches to `reach`, unless that would make labels of many decimals.
    pub fn counted_like(mut self, reach: f64, quantity: &Quantity) -> Axis {
        let factor = ticks::factor(reach);
        if !self.log && self.lo.abs().max(self.hi.abs()) >= 0.05 * factor {
            (self.factor, self.unit) = (factor, ticks::unit(&quantity.unit, factor));
        }
        self
    }

    /// A time axis over exactly this window.
    pub fn of_time(title: &str, (lo, hi): (f64, f64)) -> Axis {
        let (title, unit) = (title.to_string(), String::new());
        Axis { title, unit, log: false, lo, hi, factor: 1.0, grouped_from: 1e4, ticks: Vec::new() }
    }

    /// A vertical axis of named rows, the first on top at 0, the next at −1; a name may have several lines.
    pub fn of_rows(labels: Vec<String>) -> Axis {
        let count = labels.len() as f64;
        let ticks =
            labels.into_iter().enumerate().map(|(i, label)| Tick { at: -(i as f64), label }).collect::<Vec<_>>();
        let (title, unit) = (String::new(), String::new());
        Axis { title, unit, log: false, lo: 0.5 - count, hi: 0.5, factor: 1.0, grouped_from: 1e3, ticks }
    }

    /// The finest ticks whose labels have room, by `fit`.
    pub fn with_ticks(mut self, fit: impl Fn(&Axis, &[Tick]) -> bool) -> Axis {
        self.ticks = if self.log {
            ticks::logarithmic(self.lo, self.hi, self.factor, |t| fit(&self, t))
        } else {
            ticks::linear(self.lo, self.hi, self.factor, self.grouped_from, |t| fit(&self, t))
        };
        self
    }

    /// Drops ticks between whole numbers, for axes that count.
    pub fn keep_whole_ticks(&mut self) {
        self.ticks.retain(|tick| tick.at.fract() == 0.0);
        for tick in &mut self.ticks {
            tick.label = ticks::number(tick.at, 0, self.grouped_from);
        }
    }

    /// Where a value lies, 0 at the low end and 1 at the high; beyond them outside of the axis. `None` off a log axis.
    pub fn share(&self, value: f64) -> Option<f64> {
        let value = match self.log {
            true if value > 0.0 => value.log10(),
            true => return None,
            false => value,
        };
        let share = (value - self.lo) / (self.hi - self.lo);
        share.is_finite().then_some(share)
    }

    /// `Dry powder (billion CNY)`, the unit held together.
    pub fn named(&self) -> String {
        let unit = self.unit.replace(' ', "\u{a0}");
        match (self.title.is_empty(), unit.is_empty()) {
            (_, true) => self.title.clone(),
            (true, false) => format!("({unit})"),
            (false, false) => format!("{} ({unit})", self.title),
        }
    }

    /// Whether a value lies on the axis, ends included.
    pub fn holds(&self, value: f64) -> bool {
        self.share(value).is_some_and(|share| (-1e-9..=1.0 + 1e-9).contains(&share))
    }

    /// The ends in data units.
    pub fn ends(&self) -> (f64, f64) {
        if self.log { (10f64.powf(self.lo), 10f64.powf(self.hi)) } else { (self.lo, self.hi) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_the_data_whatever_they_are() {
        let linear = Quantity::new("x", "CNY");
        let log = Quantity::new("x", "CNY").log();
        let check = |quantity: &Quantity, values: &[f64], range, expected: Option<(f64, f64)>| {
            let mut remarks = Vec::new();
            let ends = Axis::new(quantity, values, range, &mut remarks).map(|axis| axis.ends());
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs().max(1.0);
            assert!(
                match (ends, expected) {
                    (Some(a), Some(b)) => near(a.0, b.0) && near(a.1, b.1),
                    (a, b) => a == b,
                },
                "{values:?}: {ends:?} for {expected:?}"
            );
            remarks
        };
        let none: Vec<Remark> = Vec::new();
        assert_eq!(check(&linear, &[0.0, 100.0], Range::Around, Some((0.0, 105.0))), none);
        assert_eq!(check(&linear, &[90.0, 100.0, f64::NAN], Range::Around, Some((89.5, 100.5))), none);
        assert_eq!(check(&linear, &[90.0, 100.0], Range::WithZero, Some((0.0, 105.0))), none);
        assert_eq!(check(&linear, &[7.0, 7.0], Range::Exact, Some((6.3, 7.7))), none);
        assert_eq!(check(&linear, &[0.0], Range::Around, Some((0.0, 1.05))), none);
        assert_eq!(check(&linear, &[f64::INFINITY, 1e300, f64::NAN], Range::Around, None), none);
        let left = check(&log, &[-1.0, 0.0, 10.0, 1000.0], Range::Exact, Some((10.0, 1000.0)));
        assert_eq!(left, vec![Remark::LeftOffLog { axis: "x".into(), count: 2 }]);
        let linear_after_all = check(&log, &[-5.0, 0.0], Range::Exact, Some((-5.0, 0.0)));
        assert_eq!(linear_after_all, vec![Remark::LogWithoutPositive { axis: "x".into() }]);
    }
}
