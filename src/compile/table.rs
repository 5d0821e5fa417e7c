//! Lookup tables ready to be read: sorted, finite, with the rule for each side.

use super::operation::MISSING;
use crate::model::{Extrapolation, Interpolation, LookupTable};

/// A lookup table in columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    pub interpolation: Interpolation,
    pub extrapolation: Extrapolation,
}

impl Table {
    /// Sorts the points by `x`; of points at one `x` the order is kept, so that a jump stays a jump.
    pub fn new(lookup: &LookupTable) -> Self {
        let mut points = lookup.points.clone();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        Table {
            x: points.iter().map(|point| point.0).collect(),
            y: points.iter().map(|point| point.1).collect(),
            interpolation: lookup.interpolation,
            extrapolation: lookup.extrapolation,
        }
    }

    /// Whether every value lies on a segment between two points or on the continuation of one.
    pub fn is_linear(&self) -> bool {
        self.interpolation == Interpolation::Linear && self.extrapolation != Extrapolation::Missing
    }

    /// Whether the table keeps its first and last value beyond them.
    pub fn is_held(&self) -> bool {
        self.extrapolation == Extrapolation::Hold
    }

    /// The largest value, where the table has one.
    pub fn ceiling(&self) -> Option<f64> {
        self.is_held().then(|| self.y.iter().copied().reduce(f64::max)).flatten()
    }

    /// The value at `x`.
    #[inline]
    pub fn at(&self, x: f64) -> f64 {
        let (Some(first), Some(last)) = (self.x.first(), self.x.last()) else { return MISSING };
        if x.is_nan() {
            return x;
        }
        let n = self.x.len();
        if x < *first || x > *last {
            let high = x > *last;
            return match self.extrapolation {
                Extrapolation::Hold => self.y[if high { n - 1 } else { 0 }],
                Extrapolation::Missing => MISSING,
                Extrapolation::Extend if n < 2 => self.y[0],
                Extrapolation::Extend => self.segment(if high { n - 2 } else { 0 }, x),
            };
        }
        // The number of points at or before x, at least 1 here.
        let after = self.x.partition_point(|point| *point <= x);
        let before = after - 1;
        if self.x[before] == x || after == n {
            return self.y[before];
        }
        match self.interpolation {
            Interpolation::Linear => self.segment(before, x),
            Interpolation::Step => self.y[before],
            Interpolation::StepForward => self.y[after],
            Interpolation::Raw => MISSING,
        }
    }

    #[inline]
    fn segment(&self, i: usize, x: f64) -> f64 {
        let (x0, x1, y0, y1) = (self.x[i], self.x[i + 1], self.y[i], self.y[i + 1]);
        y0 + (y1 - y0) * ((x - x0) / (x1 - x0))
    }

    /// The argument at which a rising table takes the value `y`; as Vensim's LOOKUP INVERT, held outside.
    pub fn invert(&self, y: f64) -> f64 {
        self.turned().at(y)
    }

    /// The table with arguments and values exchanged, lines between its points, its ends held.
    pub fn turned(&self) -> Table {
        Table::new(&LookupTable {
            points: self.y.iter().copied().zip(self.x.iter().copied()).collect(),
            interpolation: Interpolation::Linear,
            extrapolation: Extrapolation::Hold,
            range: None,
        })
    }

    /// The area under the table from `from` to `to`, its ends held, lines between its points.
    pub fn area(&self, from: f64, to: f64) -> f64 {
        if to < from {
            return -self.area(to, from);
        }
        let (Some(first), Some(last)) = (self.x.first(), self.x.last()) else { return MISSING };
        let outside = |width: f64, value: f64| width.max(0.0) * value;
        let before = outside(first.min(to) - from, self.y[0]);
        let after = outside(to - last.max(from), self.y[self.y.len() - 1]);
        // Between two points the table is one line, even where a jump ends it.
        let within: f64 = (1..self.x.len())
            .filter(|end| self.x[*end] > self.x[end - 1])
            .map(|end| {
                let (left, right) = (self.x[end - 1].max(from), self.x[end].min(to));
                let height = 0.5 * (self.segment(end - 1, left) + self.segment(end - 1, right));
                (right - left).max(0.0) * height
            })
            .sum();
        before + within + after
    }

    pub fn with(&self, interpolation: Interpolation, extrapolation: Extrapolation) -> Self {
        Table { interpolation, extrapolation, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(interpolation: Interpolation, extrapolation: Extrapolation) -> Table {
        Table::new(&LookupTable {
            points: vec![(2.0, 30.0), (0.0, 10.0), (1.0, 20.0), (1.0, 25.0)],
            interpolation,
            extrapolation,
            range: None,
        })
    }

    #[test]
    fn each_rule_reads_its_own_value() {
        let linear = table(Interpolation::Linear, Extrapolation::Hold);
        for (x, y) in [(-1.0, 10.0), (0.0, 10.0), (0.5, 15.0), (1.0, 25.0), (1.5, 27.5), (2.0, 30.0), (9.0, 30.0)] {
            assert_eq!(linear.at(x), y, "at {x}");
        }
        let extended = table(Interpolation::Linear, Extrapolation::Extend);
        assert_eq!(extended.at(-1.0), 0.0);
        assert_eq!(extended.at(3.0), 35.0);
        assert_eq!(table(Interpolation::Step, Extrapolation::Hold).at(1.9), 25.0);
        assert_eq!(table(Interpolation::StepForward, Extrapolation::Hold).at(1.1), 30.0);
        assert_eq!(table(Interpolation::Raw, Extrapolation::Missing).at(1.1), MISSING);
        assert_eq!(linear.invert(15.0), 0.5);
        assert_eq!(linear.area(0.0, 2.0), 15.0 + 27.5);
        assert_eq!(linear.area(-1.0, 0.5), 10.0 + 6.25);
        assert_eq!(linear.area(3.0, 2.0), -30.0);
    }
}
