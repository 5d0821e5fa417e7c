//! One panel: layers of data between two axes.

use super::axis::{Axis, Range, drawable};
use super::canvas::{Anchor, Canvas, Colour, Marker, Place, Stroke};
use super::key::KeyItem;
use super::{placing, style};
use crate::present::plain::Quantity;

#[derive(Clone, Debug)]
pub struct Panel {
    /// The vertical axis, named above the panel, or along it when `turned`.
    pub y: Quantity,
    pub turned: bool,
    pub range: Range,
    /// Panels of one number share their vertical axis.
    pub shared: Option<usize>,
    /// The largest value of another panel whose units this one counts in.
    pub counted_like: Option<f64>,
    /// Values above this do not stretch the vertical axis.
    pub most: f64,
    pub x: Across,
    /// Rows with names in place of a vertical axis, the first on top at 0, the next at −1.
    pub rows: Option<Rows>,
    pub layers: Vec<Layer>,
    /// Under the title.
    pub key: Vec<KeyItem>,
}

/// The horizontal axis of a panel.
#[derive(Clone, Debug, PartialEq)]
pub enum Across {
    /// The time axis that all panels of the figure share.
    Time,
    Values(Quantity),
    /// Whole numbers.
    Counts(Quantity),
}

impl Across {
    pub fn quantity(&self) -> Option<&Quantity> {
        match self {
            Across::Time => None,
            Across::Values(quantity) | Across::Counts(quantity) => Some(quantity),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// At the left of the plot.
    pub names: Vec<String>,
    /// At its right; as many, or none.
    pub notes: Vec<String>,
}

impl Panel {
    pub fn over_time(y: Quantity, layers: Vec<Layer>) -> Self {
        Panel::new(y, Across::Time, layers)
    }

    pub fn new(y: Quantity, x: Across, layers: Vec<Layer>) -> Self {
        let (turned, range, shared) = (false, Range::Around, None);
        let (counted_like, most) = (None, f64::INFINITY);
        Panel { y, turned, range, shared, counted_like, most, x, rows: None, layers, key: Vec::new() }
    }
}

impl Panel {
    /// Bars start at zero, so an axis along which they run holds it.
    pub fn across_range(&self) -> Range {
        let bars = self.layers.iter().any(|layer| matches!(layer, Layer::Bar { from, .. } if *from == 0.0));
        if bars { Range::WithZero } else { Range::Margin }
    }
}

/// In data units; drawn in the order given.
#[derive(Clone, Debug)]
pub enum Layer {
    Band {
        x: Vec<f64>,
        lower: Vec<f64>,
        upper: Vec<f64>,
        colour: Colour,
        opacity: f64,
    },
    /// `label` is written at the line's end; after `fades` the line is lighter.
    Line {
        x: Vec<f64>,
        y: Vec<f64>,
        stroke: Stroke,
        label: String,
        fades: Option<f64>,
    },
    /// Markers, hollow from `hollow` on; `name` is for the alternative text.
    Points {
        name: String,
        x: Vec<f64>,
        y: Vec<f64>,
        marker: Marker,
        colour: Colour,
        hollow: Option<f64>,
    },
    /// A thin line from zero to each value.
    Stems {
        x: Vec<f64>,
        y: Vec<f64>,
        stroke: Stroke,
    },
    /// A line across.
    Level {
        y: f64,
        stroke: Stroke,
    },
    Upright {
        x: f64,
        stroke: Stroke,
    },
    /// A bar along a row, in shares of the row's height.
    Bar {
        at: f64,
        thick: f64,
        from: f64,
        to: f64,
        colour: Colour,
    },
    /// A line along a row.
    Along {
        at: f64,
        from: f64,
        to: f64,
        stroke: Stroke,
    },
    /// A ground between two values of the horizontal axis, or of the vertical one.
    Columns {
        from: f64,
        to: f64,
        colour: Colour,
        opacity: f64,
    },
    Rows {
        from: f64,
        to: f64,
        colour: Colour,
        opacity: f64,
    },
}

impl Layer {
    /// Every value that a vertical axis must hold, between these places of the horizontal axis. A line counts there even
    /// where all its points lie outside.
    pub fn y_values(&self, window: (f64, f64)) -> Vec<f64> {
        let within = |x: &[f64], y: &[f64]| -> Vec<f64> {
            let inside = |x: f64| (window.0..=window.1).contains(&x);
            x.iter().zip(y).filter(|(x, _)| inside(**x)).map(|(_, y)| *y).collect()
        };
        let along = |x: &[f64], y: &[f64]| -> Vec<f64> {
            let points: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
            let cuts = [window.0, window.1].into_iter().flat_map(|edge| {
                let crossing = points.windows(2).filter(move |pair| pair[0].0 < edge && edge < pair[1].0);
                crossing.map(move |pair| {
                    let share = (edge - pair[0].0) / (pair[1].0 - pair[0].0);
                    pair[0].1 + share * (pair[1].1 - pair[0].1)
                })
            });
            let cuts: Vec<f64> = cuts.collect();
            [within(x, y), cuts].concat()
        };
        match self {
            Layer::Band { x, lower, upper, .. } => [along(x, lower), along(x, upper)].concat(),
            Layer::Line { x, y, .. } => along(x, y),
            Layer::Points { x, y, .. } => within(x, y),
            Layer::Stems { x, y, .. } => [within(x, y), vec![0.0]].concat(),
            Layer::Level { y, .. } => vec![*y],
            Layer::Rows { from, to, .. } => vec![*from, *to],
            Layer::Bar { at, .. } | Layer::Along { at, .. } => vec![*at],
            Layer::Upright { .. } | Layer::Columns { .. } => Vec::new(),
        }
    }

    pub fn is_ground(&self) -> bool {
        matches!(self, Layer::Band { .. } | Layer::Columns { .. } | Layer::Rows { .. })
    }

    /// The horizontal places of what can be drawn.
    pub fn x_values(&self) -> Vec<f64> {
        let with = |x: &[f64], y: &[f64]| -> Vec<f64> {
            x.iter().zip(y).filter(|(x, y)| drawable(**x) && drawable(**y)).map(|(x, _)| *x).collect()
        };
        match self {
            Layer::Band { x, lower, .. } => with(x, lower),
            Layer::Line { x, y, .. } | Layer::Points { x, y, .. } | Layer::Stems { x, y, .. } => with(x, y),
            Layer::Upright { x, .. } => vec![*x],
            Layer::Columns { from, to, .. } | Layer::Bar { from, to, .. } | Layer::Along { from, to, .. } => {
                vec![*from, *to]
            }
            Layer::Level { .. } | Layer::Rows { .. } => Vec::new(),
        }
    }
}

/// The plot area in millimetres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plot {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Plot {
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// The place of two shares.
    pub fn at(&self, (sx, sy): (f64, f64)) -> Place {
        (self.left + sx * self.width, self.bottom() - sy * self.height)
    }
}

/// The axes of a panel and where it lies.
pub struct Drawing<'a> {
    pub x: &'a Axis,
    pub y: &'a Axis,
    pub plot: Plot,
}

impl Drawing<'_> {
    pub fn layer(&self, canvas: &mut Canvas, layer: &Layer) {
        match layer {
            Layer::Band { x, lower, upper, colour, opacity } => {
                for ring in self.rings(x, lower, upper) {
                    canvas.area(ring, *colour, *opacity);
                }
            }
            Layer::Line { x, y, stroke, fades, .. } => {
                for place in self.isolated(x, y) {
                    canvas.marker(place, Marker::Disc, true, stroke.colour);
                }
                let turn = fades.and_then(|at| self.x.share(at)).unwrap_or(1.0).clamp(0.0, 1.0);
                for run in self.runs(x, y, (0.0, turn)) {
                    canvas.line(run, *stroke);
                }
                if turn < 1.0 {
                    let lighter = Stroke { colour: stroke.colour.tint(0.5), ..*stroke };
                    for run in self.runs(x, y, (turn, 1.0)) {
                        canvas.line(run, lighter);
                    }
                }
            }
            Layer::Points { x, y, marker, colour, hollow, .. } => {
                for (x, y) in x.iter().zip(y) {
                    if let Some(place) = self.inside(*x, *y) {
                        canvas.marker(place, *marker, hollow.is_none_or(|from| *x < from), *colour);
                    }
                }
            }
            Layer::Stems { x, y, stroke } => {
                for (x, y) in x.iter().zip(y) {
                    if let (Some(place), Some(foot)) = (self.inside(*x, *y), self.inside(*x, 0.0)) {
                        canvas.segment(foot, place, *stroke);
                    }
                }
            }
            Layer::Level { y, stroke } => {
                if let Some(share) = self.y.share(*y).filter(|s| (0.0..=1.0).contains(s)) {
                    let (from, to) = (self.plot.at((0.0, share)), self.plot.at((1.0, share)));
                    canvas.segment(from, to, *stroke);
                }
            }
            Layer::Upright { x, stroke } => {
                if let Some(share) = self.x.share(*x).filter(|s| (0.0..=1.0).contains(s)) {
                    canvas.segment(self.plot.at((share, 0.0)), self.plot.at((share, 1.0)), *stroke);
                }
            }
            Layer::Bar { at, thick, from, to, colour } => {
                if let (Some((x0, x1)), Some((y0, y1))) =
                    (clamped(self.x, from.min(*to), from.max(*to)), clamped(self.y, at - thick / 2.0, at + thick / 2.0))
                {
                    let corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)].map(|c| self.plot.at(c)).to_vec();
                    let mut outline = corners.clone();
                    outline.extend_from_slice(&corners[..2]);
                    canvas.area(corners, *colour, 1.0);
                    canvas.line(outline, style::solid(style::INK, style::AXIS_WIDTH));
                }
            }
            Layer::Along { at, from, to, stroke } => {
                if let (Some((x0, x1)), Some(y)) = (clamped(self.x, *from, *to), self.y.share(*at)) {
                    canvas.segment(self.plot.at((x0, y)), self.plot.at((x1, y)), *stroke);
                }
            }
            Layer::Columns { from, to, colour, opacity } => {
                if let Some((from, to)) = clamped(self.x, *from, *to) {
                    let corners = [(from, 0.0), (to, 0.0), (to, 1.0), (from, 1.0)];
                    canvas.area(corners.map(|c| self.plot.at(c)).to_vec(), *colour, *opacity);
                }
            }
            Layer::Rows { from, to, colour, opacity } => {
                if let Some((from, to)) = clamped(self.y, *from, *to) {
                    let corners = [(0.0, from), (1.0, from), (1.0, to), (0.0, to)];
                    canvas.area(corners.map(|c| self.plot.at(c)).to_vec(), *colour, *opacity);
                }
            }
        }
    }

    /// Values with a gap on both sides, which no line reaches.
    fn isolated(&self, x: &[f64], y: &[f64]) -> Vec<Place> {
        let places: Vec<Option<Place>> = x.iter().zip(y).map(|(x, y)| self.inside(*x, *y)).collect();
        let there = |i: Option<usize>| i.and_then(|i| places.get(i).copied().flatten());
        let alone = |i: usize| there(i.checked_sub(1)).is_none() && there(Some(i + 1)).is_none();
        (0..places.len()).filter(|i| alone(*i)).filter_map(|i| places[i]).collect()
    }

    fn inside(&self, x: f64, y: f64) -> Option<Place> {
        (self.x.holds(x) && self.y.holds(y)).then_some((self.x.share(x)?, self.y.share(y)?)).map(|s| self.plot.at(s))
    }

    /// The visible pieces of a line between two shares of the horizontal axis; what cannot be drawn is a gap.
    fn runs(&self, x: &[f64], y: &[f64], across: (f64, f64)) -> Vec<Vec<Place>> {
        let shares: Vec<Option<(f64, f64)>> =
            x.iter().zip(y).map(|(x, y)| Some((self.x.share(*x)?, self.y.share(*y)?))).collect();
        let mut runs: Vec<Vec<Place>> = Vec::new();
        let mut joined = false;
        for pair in shares.windows(2) {
            let piece = match (pair[0], pair[1]) {
                (Some(a), Some(b)) => clip(a, b, across).map(|piece| (piece, b)),
                _ => None,
            };
            let Some(((from, to), end)) = piece else {
                joined = false;
                continue;
            };
            match runs.last_mut() {
                Some(run) if joined => run.push(self.plot.at(to)),
                _ => runs.push(vec![self.plot.at(from), self.plot.at(to)]),
            }
            joined = to == end;
        }
        runs
    }

    /// The visible ground between two lines, cut at the window and held within the plot.
    fn rings(&self, x: &[f64], lower: &[f64], upper: &[f64]) -> Vec<Vec<Place>> {
        // Below a log axis lies its floor.
        let edge = |axis: &Axis, v: f64| if drawable(v) { Some(axis.share(v).unwrap_or(0.0)) } else { None };
        let mut rings = Vec::new();
        let mut run: Vec<(f64, f64, f64)> = Vec::new();
        let mut close = |run: &mut Vec<(f64, f64, f64)>| {
            let held = |s: f64| s.clamp(0.0, 1.0);
            let cut = cut_to_window(run);
            let there = cut.iter().map(|(x, lower, _)| self.plot.at((*x, held(*lower))));
            let back = cut.iter().rev().map(|(x, _, upper)| self.plot.at((*x, held(*upper))));
            rings.push(there.chain(back).collect());
            run.clear();
        };
        for ((x, lower), upper) in x.iter().zip(lower).zip(upper) {
            match (self.x.share(*x), edge(self.y, *lower), edge(self.y, *upper)) {
                (Some(x), Some(lower), Some(upper)) => run.push((x, lower, upper)),
                _ => close(&mut run),
            }
        }
        close(&mut run);
        rings
    }

    /// Labels of the lines at their right ends, pushed apart, a thin leader where one had to move.
    pub fn end_labels(&self, canvas: &mut Canvas, labels: &[EndLabel]) {
        let line = style::TEXT * style::POINT * style::LEADING;
        let heights: Vec<f64> = labels.iter().map(|label| line * label.lines.len() as f64).collect();
        let wanted: Vec<f64> = labels.iter().map(|label| label.end.1).collect();
        let (top, bottom) = (self.plot.top - 2.0, self.plot.bottom() + 1.0);
        let Some(centres) = placing::spread(&wanted, &heights, top, bottom) else { return };
        for ((label, centre), height) in labels.iter().zip(centres).zip(heights) {
            let left = self.plot.right() + LEADER;
            let hair = style::solid(label.colour, 0.4);
            if (centre - label.end.1).abs() > 0.6 || label.end.0 < self.plot.right() - 0.5 {
                canvas.segment((label.end.0 + 0.3, label.end.1), (left - 0.4, centre), hair);
            }
            for (i, text) in label.lines.iter().enumerate() {
                let middle = centre - height / 2.0 + line * (i as f64 + 0.5);
                let baseline = middle + style::TEXT * style::POINT * style::MIDDLE;
                canvas.text(text, (left, baseline), style::TEXT, label.colour, Anchor::Start);
            }
        }
    }

    /// Where a line leaves the plot: its last visible point.
    pub fn end_of(&self, x: &[f64], y: &[f64]) -> Option<Place> {
        self.runs(x, y, (0.0, 1.0)).last().and_then(|run| run.last().copied())
    }
}

/// A label beside the end of a line.
pub struct EndLabel {
    pub end: Place,
    pub lines: Vec<String>,
    pub colour: Colour,
}

/// From the plot to its end labels.
pub const LEADER: f64 = 2.2;

/// The visible stretch of an axis between two values, as shares.
fn clamped(axis: &Axis, from: f64, to: f64) -> Option<(f64, f64)> {
    let share = |v: f64, beyond: f64| if v.is_finite() { axis.share(v).unwrap_or(0.0) } else { beyond };
    let (from, to) = (share(from, 0.0).max(0.0), share(to, 1.0).min(1.0));
    (from < to).then_some((from, to))
}

/// A segment cut to the unit square between two verticals (Liang and Barsky 1984).
fn clip(a: (f64, f64), b: (f64, f64), across: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut t0, mut t1) = (0.0f64, 1.0f64);
    let slack = 1e-9;
    for (p, q) in [(-dx, a.0 - across.0), (dx, across.1 - a.0), (-dy, a.1 + slack), (dy, 1.0 + slack - a.1)] {
        if p == 0.0 {
            if q < 0.0 {
                return None;
            }
        } else if p < 0.0 {
            t0 = t0.max(q / p);
        } else {
            t1 = t1.min(q / p);
        }
    }
    let at = |t: f64| if t == 1.0 { b } else { (a.0 + t * dx, a.1 + t * dy) };
    (t0 <= t1).then(|| (at(t0), at(t1)))
}

/// A run of (x, lower, upper) cut to 0..1 of x, with the values at the cuts interpolated.
fn cut_to_window(run: &[(f64, f64, f64)]) -> Vec<(f64, f64, f64)> {
    let mut cut = Vec::new();
    for (i, &(x, lower, upper)) in run.iter().enumerate() {
        if let Some(&before) = i.checked_sub(1).and_then(|i| run.get(i)) {
            let at = |edge: f64| {
                let t = (edge - before.0) / (x - before.0);
                (edge, before.1 + t * (lower - before.1), before.2 + t * (upper - before.2))
            };
            if before.0 < 0.0 && x > 0.0 {
                cut.push(at(0.0));
            }
            if before.0 < 1.0 && x > 1.0 {
                cut.push(at(1.0));
            }
        }
        if (0.0..=1.0).contains(&x) {
            cut.push((x, lower, upper));
        }
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_gaps_and_end_at_the_window() {
        let x = Axis::of_time("", (0.0, 10.0));
        let y = Axis::new(&Quantity::new("", ""), &[0.0, 10.0], Range::Exact, &mut Vec::new()).expect("a range");
        let plot = Plot { left: 0.0, top: 0.0, width: 10.0, height: 10.0 };
        let drawing = Drawing { x: &x, y: &y, plot };
        let nan = f64::NAN;
        let runs = drawing.runs(&[-5.0, 5.0, 6.0, 7.0, 8.0, 20.0], &[0.0, 10.0, 5.0, nan, 5.0, 5.0], (0.0, 1.0));
        assert_eq!(
            runs,
            vec![vec![(0.0, 5.0), (5.0, 0.0), (6.0, 5.0)], vec![(8.0, 5.0), (10.0, 5.0)]],
            "cut at zero, broken at the gap, cut at ten"
        );
        let rings = drawing.rings(&[-1.0, 1.0], &[0.0, 0.0], &[0.0, 10.0]);
        assert_eq!(rings, vec![vec![(0.0, 10.0), (1.0, 10.0), (1.0, 0.0), (0.0, 5.0)]]);
    }
}
