//! Horizontal bars: the tornado of a sensitivity analysis, and estimates with their intervals.

use super::axis::drawable;
use super::canvas::{Colour, Marker, Stroke};
use super::grid::row_name;
use super::key::{KeyItem, Sample};
use super::panel::{Across, Layer, Panel, Rows};
use super::ticks::short;
use super::{Sheet, describe, paths, style};
use crate::present::exhibit::Exhibit;
use crate::present::plain::{Head, Quantity};
use crate::present::refusal::Refusal;

/// Swings of one outcome around its base value, the largest on top.
#[derive(Clone, Debug, PartialEq)]
pub struct Tornado {
    pub head: Head,
    pub outcome: Quantity,
    /// In units of the outcome.
    pub base: f64,
    pub swings: Vec<Swing>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Swing {
    /// The input.
    pub label: String,
    /// Of the input.
    pub unit: String,
    /// The ends of the input, low and high.
    pub inputs: (f64, f64),
    /// The outcome at the input's low end, and at its high end.
    pub low: f64,
    pub high: f64,
}

/// A point and its intervals for each row, in the order given.
#[derive(Clone, Debug, PartialEq)]
pub struct Intervals {
    pub head: Head,
    pub quantity: Quantity,
    /// Draw a bar from zero to the point, as for shares and attributions; without it, the point alone.
    pub bars: bool,
    /// What the narrow and the wide intervals hold, between 0 and 1.
    pub probabilities: (f64, f64),
    pub rows: Vec<BarInterval>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct BarInterval {
    pub label: String,
    pub estimate: f64,
    /// The narrow interval.
    pub inner: Option<(f64, f64)>,
    /// The wide interval.
    pub outer: Option<(f64, f64)>,
}

/// The usual height of a row in millimetres; it grows with the lines of the longest name and shrinks to them for a page.
const ROW: f64 = 5.2;
const LINE: f64 = style::TEXT * style::POINT * style::LEADING;
const PAGE: f64 = 195.0;
/// Rows that the alternative text tells of.
const MOST_TOLD: usize = 10;
/// The strokes of narrow and wide intervals.
const NARROW: Stroke = style::solid(style::INK, 2.2);
const WIDE: Stroke = style::solid(style::INK, 0.75);
const LOW: Colour = style::SKY;
const HIGH: Colour = style::BLUE;

impl Tornado {
    pub fn draw(&self) -> Result<Vec<Exhibit>, Refusal> {
        let exhibit = &self.head.name;
        if !drawable(self.base) {
            return Err(Refusal::NothingFinite { exhibit: exhibit.clone(), series: "base value".into() });
        }
        let mut swings: Vec<&Swing> = self.swings.iter().collect();
        if let Some(swing) = swings.iter().find(|swing| !(drawable(swing.low) && drawable(swing.high))) {
            return Err(Refusal::NothingFinite { exhibit: exhibit.clone(), series: swing.label.clone() });
        }
        swings.sort_by(|a, b| (b.high - b.low).abs().total_cmp(&(a.high - a.low).abs()));
        let mut layers = Vec::new();
        for (i, swing) in swings.iter().enumerate() {
            let (at, low_is_longer) = (-(i as f64), (swing.low - self.base).abs() > (swing.high - self.base).abs());
            let bar = |to, thick, colour| Layer::Bar { at, thick, from: self.base, to, colour };
            let (low, high) = (bar(swing.low, 0.62, LOW.tint(0.45)), bar(swing.high, 0.62, HIGH));
            // Where both ends move the outcome the same way, the shorter bar lies on the longer.
            layers.extend(if low_is_longer { [low, high] } else { [high, low] });
        }
        layers.push(Layer::Upright { x: self.base, stroke: style::solid(style::INK, 0.75) });
        let rows = Rows {
            names: swings.iter().map(|swing| swing.label.clone()).collect(),
            notes: swings.iter().map(|swing| inputs(swing)).collect(),
        };
        let ground = |colour| Sample::Ground { colour, opacity: 1.0 };
        let key = vec![
            KeyItem::new(ground(LOW.tint(0.45)), "Input at its low end"),
            KeyItem::new(ground(HIGH), "Input at its high end"),
        ];
        let fact = |swing: &&Swing| format!("{} {} to {}", swing.label, short(swing.low), short(swing.high));
        let mut facts = vec![format!("{}, base {}", describe::named(&self.outcome), short(self.base))];
        facts.extend(swings.iter().take(MOST_TOLD).map(fact));
        in_rows(&self.head, "Tornado, largest swing first", &self.outcome, (rows, layers), key, &facts)
    }
}

/// `70,000 to 280,000 CNY`
fn inputs(swing: &Swing) -> String {
    let (low, high) = swing.inputs;
    format!("{} to {} {}", short(low), short(high), swing.unit).trim_end().into()
}

impl Intervals {
    pub fn draw(&self) -> Result<Vec<Exhibit>, Refusal> {
        let exhibit = &self.head.name;
        if let Some(row) = self.rows.iter().find(|row| !drawable(row.estimate)) {
            return Err(Refusal::NothingFinite { exhibit: exhibit.clone(), series: row.label.clone() });
        }
        for row in &self.rows {
            for (from, to) in [row.inner, row.outer].into_iter().flatten() {
                // Negated, so that an end that is not a number is refused too.
                if !(from <= to && drawable(from) && drawable(to)) {
                    let what = format!("an interval of `{}`", row.label);
                    return Err(Refusal::Range { exhibit: exhibit.clone(), what, from, to });
                }
            }
        }
        let mut layers = Vec::new();
        for (i, row) in self.rows.iter().enumerate() {
            let at = -(i as f64);
            if self.bars {
                layers.push(Layer::Bar {
                    at,
                    thick: 0.62,
                    from: 0.0,
                    to: row.estimate,
                    colour: style::BLUE.tint(0.45),
                });
            }
            for (interval, stroke) in [(row.outer, WIDE), (row.inner, NARROW)] {
                layers.extend(interval.map(|(from, to)| Layer::Along { at, from, to, stroke }));
            }
            let (x, y) = (vec![row.estimate], vec![at]);
            layers.push(Layer::Points {
                name: String::new(),
                x,
                y,
                marker: Marker::Disc,
                colour: style::INK,
                hollow: Some(f64::NEG_INFINITY),
            });
        }
        let ends = || self.rows.iter().flat_map(|row| [row.estimate, row.outer.map_or(row.estimate, |outer| outer.0)]);
        if self.bars || (ends().any(|v| v < 0.0) && self.rows.iter().any(|row| row.estimate > 0.0)) {
            layers.insert(0, Layer::Upright { x: 0.0, stroke: style::solid(style::AXIS, style::AXIS_WIDTH) });
        }
        let rows = Rows { names: self.rows.iter().map(|row| row.label.clone()).collect(), notes: Vec::new() };
        let item = |stroke, p: f64| KeyItem::new(Sample::Line(stroke), format!("{} interval", paths::percent(p)));
        let inner = self.rows.iter().any(|row| row.inner.is_some()).then(|| item(NARROW, self.probabilities.0));
        let outer = self.rows.iter().any(|row| row.outer.is_some()).then(|| item(WIDE, self.probabilities.1));
        let key = inner.into_iter().chain(outer).collect();
        let fact = |row: &BarInterval| match row.outer {
            Some((from, to)) => format!("{} {} ({} to {})", row.label, short(row.estimate), short(from), short(to)),
            None => format!("{} {}", row.label, short(row.estimate)),
        };
        let mut facts = vec![describe::named(&self.quantity)];
        facts.extend(self.rows.iter().take(MOST_TOLD).map(fact));
        in_rows(&self.head, "Estimates with intervals", &self.quantity, (rows, layers), key, &facts)
    }
}

fn in_rows(
    head: &Head,
    kind: &str,
    across: &Quantity,
    (rows, layers): (Rows, Vec<Layer>),
    key: Vec<KeyItem>,
    facts: &[String],
) -> Result<Vec<Exhibit>, Refusal> {
    if rows.names.is_empty() {
        return Err(Refusal::Empty { exhibit: head.name.clone() });
    }
    let count = rows.names.len();
    let lines = rows.names.iter().map(|name| row_name(name, head.width).len()).max().unwrap_or(1).max(1);
    let lowest = lines as f64 * LINE + 0.2;
    let limit = (PAGE / lowest) as usize;
    if count > limit {
        return Err(Refusal::TooMany { exhibit: head.name.clone(), what: "rows".into(), found: count, limit });
    }
    let plot_height = count as f64 * ROW.min(PAGE / count as f64).max(lowest) + 1.0;
    let panel = Panel { rows: Some(rows), ..Panel::new(Quantity::new("", ""), Across::Values(across.clone()), layers) };
    Sheet { head, kind, columns: 1, plot_height, key, remarks: Vec::new() }.over_values(vec![panel], facts)
}
