//! Policy periods: grounds behind the data, named once in a strip above the top row of panels. A figure of one panel
//! has room for the names; one of several has letters there, and the names in its key.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, Colour, Stroke};
use super::key::{KeyItem, Sample};
use super::panel::Plot;
use super::{font, placing, style};
use crate::present::plain::Frame;

/// The rule at the start of a hold-out or a projection.
pub const RULE: Stroke = Stroke { colour: style::GREY, opacity: 1.0, width: 0.6, dash: &[2.0, 1.5] };

const GROUND: Colour = style::BLACK;
const OPACITY: f64 = 0.075;
/// All periods on top of each other stay lighter than this.
const DARKEST: f64 = 0.25;
const ROW: f64 = 3.3;
const GAP: f64 = 1.2;

pub struct Strip {
    /// In millimetres; nothing to name takes no room.
    pub height: f64,
    /// What the letters stand for.
    pub key: Vec<KeyItem>,
    /// Text, its row from below, its left edge and the ends of its bar, along the plot.
    names: Vec<Name>,
}

struct Name {
    text: String,
    row: usize,
    left: f64,
    bar: Option<(f64, f64)>,
}

/// The strip above plots of this width.
pub fn strip(frame: &Frame, window: (f64, f64), width: f64, lettered: bool) -> Strip {
    let along = |time: f64| ((time - window.0) / (window.1 - window.0)).clamp(0.0, 1.0) * width;
    let mut key = Vec::new();
    let mut names = Vec::new();
    let visible = frame.periods.iter().filter(|p| p.start < window.1 && p.end > window.0);
    for (i, period) in visible.enumerate() {
        let (from, to) = (along(period.start), along(period.end));
        let text = if lettered { letter(i) } else { period.label.clone() };
        if lettered {
            let dates = format!("{} ({})", period.label, dates(period.start, period.end));
            key.push(KeyItem::new(Sample::Letter(text.clone()), dates));
        }
        names.push(place(text, Some((from, to)), width));
    }
    if let Some(rule) = frame.rule.as_ref().filter(|rule| window.0 < rule.at && rule.at < window.1) {
        if lettered {
            key.push(KeyItem::new(Sample::Line(RULE), format!("{} ({})", rule.label, year(rule.at))));
        } else {
            let at = along(rule.at);
            let mut name = place(rule.label.clone(), None, width);
            name.left = at.min(width - font::width(&name.text, style::TEXT)).max(0.0);
            names.insert(0, name);
        }
    }
    let spans: Vec<(f64, f64)> = names
        .iter()
        .map(|name| {
            let text = (name.left, name.left + font::width(&name.text, style::TEXT));
            name.bar.map_or(text, |bar| (bar.0.min(text.0), bar.1.max(text.1)))
        })
        .collect();
    let rows = placing::rows(&spans, GAP);
    for (name, row) in names.iter_mut().zip(&rows) {
        name.row = *row;
    }
    let height = rows.iter().max().map_or(0.0, |last| (last + 1) as f64 * ROW + 0.4);
    Strip { height, key, names }
}

/// Centred over its bar where it fits, else from the bar's start, held within the plot.
fn place(text: String, bar: Option<(f64, f64)>, width: f64) -> Name {
    let extent = font::width(&text, style::TEXT);
    let (from, to) = bar.unwrap_or((0.0, width));
    let wanted = if extent <= to - from { (from + to - extent) / 2.0 } else { from };
    Name { left: wanted.min(width - extent).max(0.0), text, row: 0, bar }
}

impl Strip {
    /// Draws the names above a plot.
    pub fn draw(&self, canvas: &mut Canvas, plot: Plot) {
        for name in &self.names {
            let bottom = plot.top - 0.4 - name.row as f64 * ROW;
            if let Some((from, to)) = name.bar {
                let (from, to) = (plot.left + from, plot.left + to);
                canvas.rectangle((from, bottom - 0.5), (to, bottom), style::SHADE_BAR);
            }
            let at = (plot.left + name.left, bottom - 1.1);
            canvas.text(&name.text, at, style::TEXT, style::GREY, Anchor::Start);
        }
    }
}

/// The grounds of all periods behind a plot; where two overlap, the ground is darker.
pub fn shade(canvas: &mut Canvas, frame: &Frame, x: &Axis, plot: Plot) {
    let opacity = OPACITY.min(DARKEST / frame.periods.len() as f64);
    for period in &frame.periods {
        let share = |time: f64| {
            if time.is_finite() {
                x.share(time).unwrap_or(0.0).clamp(0.0, 1.0)
            } else if time > 0.0 {
                1.0
            } else {
                0.0
            }
        };
        let (from, to) = (share(period.start), share(period.end));
        if from < to {
            let (left, right) = (plot.left + from * plot.width, plot.left + to * plot.width);
            let corners = vec![(left, plot.top), (right, plot.top), (right, plot.bottom()), (left, plot.bottom())];
            canvas.area(corners, GROUND, opacity);
        }
    }
}

fn letter(place: usize) -> String {
    let letter = char::from(b'A' + (place % 26) as u8);
    if place < 26 { letter.to_string() } else { format!("{letter}{}", place / 26) }
}

fn dates(from: f64, to: f64) -> String {
    match (from.is_finite(), to.is_finite()) {
        (true, true) => format!("{}–{}", year(from), year(to)),
        (true, false) => format!("from {}", year(from)),
        (false, true) => format!("until {}", year(to)),
        (false, false) => "throughout".into(),
    }
}

/// A time in whole units where it lies on one, else with one decimal: the end of August 2014 is 2014.7.
fn year(time: f64) -> String {
    let decimals = usize::from((time - time.round()).abs() > 0.05);
    super::ticks::number(time, decimals, 1e5)
}

#[cfg(test)]
mod tests {
    use super::{dates, year};

    #[test]
    fn dates_within_a_year_are_not_rounded_to_it() {
        for (time, text) in [(2014.0, "2014"), (2014.68, "2014.7"), (2018.98, "2019"), (0.25, "0.2"), (12.0, "12")] {
            assert_eq!(year(time), text);
        }
        assert_eq!(dates(2014.68, 2018.5), "2014.7–2018.5");
        assert_eq!(dates(2018.23, f64::INFINITY), "from 2018.2");
    }
}
