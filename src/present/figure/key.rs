//! Keys: samples with their names in a row that breaks. They stand where labels cannot stand beside what they name.

use super::canvas::{Anchor, Canvas, Colour, Marker, Place, Stroke};
use super::{font, placing, style};

#[derive(Clone, Debug, PartialEq)]
pub enum Sample {
    Line(Stroke),
    Marker { marker: Marker, filled: bool, colour: Colour },
    Ground { colour: Colour, opacity: f64 },
    Letter(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct KeyItem {
    pub sample: Sample,
    pub text: String,
}

/// From one item to the next, and from a sample to its name, in millimetres.
const GAP: f64 = 4.2;
const NEAR: f64 = 0.9;
pub const ROW: f64 = style::TEXT * style::POINT * style::LEADING;

impl KeyItem {
    pub fn new(sample: Sample, text: impl Into<String>) -> Self {
        KeyItem { sample, text: text.into() }
    }

    fn sample_width(&self) -> f64 {
        match &self.sample {
            Sample::Line(_) => 6.5,
            Sample::Marker { .. } => style::MARKER,
            Sample::Ground { .. } => 4.0,
            Sample::Letter(letter) => font::width(letter, style::TEXT),
        }
    }

    fn width(&self) -> f64 {
        self.sample_width() + NEAR + font::width(&self.text, style::TEXT)
    }

    /// The text in lines that fit beside the sample.
    fn lines(&self, width: f64) -> Vec<String> {
        placing::wrap(&self.text, style::TEXT, width - self.sample_width() - NEAR)
    }

    fn draw(&self, canvas: &mut Canvas, (x, baseline): Place, lines: &[String]) {
        let middle = baseline - style::TEXT * style::POINT * style::MIDDLE;
        let width = self.sample_width();
        match &self.sample {
            Sample::Line(stroke) => canvas.segment((x, middle), (x + width, middle), *stroke),
            Sample::Marker { marker, filled, colour } => {
                canvas.marker((x + width / 2.0, middle), *marker, *filled, *colour);
            }
            Sample::Ground { colour, opacity } => {
                let (top, bottom) = (middle - 0.9, middle + 0.9);
                canvas.area(vec![(x, top), (x + width, top), (x + width, bottom), (x, bottom)], *colour, *opacity);
            }
            Sample::Letter(letter) => canvas.text(letter, (x, baseline), style::TEXT, style::INK, Anchor::Start),
        }
        for (i, line) in lines.iter().enumerate() {
            let at = (x + width + NEAR, baseline + i as f64 * ROW);
            canvas.text(line, at, style::TEXT, style::GREY, Anchor::Start);
        }
    }
}

/// How many rows the items fill at this width.
pub fn rows(items: &[KeyItem], width: f64) -> usize {
    flow(items, width).last().map_or(0, |place| place.row + place.lines.len().max(1))
}

/// Draws the items below `at`, breaking at `width`.
pub fn draw(canvas: &mut Canvas, items: &[KeyItem], at: Place, width: f64) {
    for (item, place) in items.iter().zip(flow(items, width)) {
        let baseline = at.1 + ROW * place.row as f64 + style::TEXT * style::POINT * 0.85;
        item.draw(canvas, (at.0 + place.left, baseline), &place.lines);
    }
}

struct ItemPlace {
    row: usize,
    left: f64,
    lines: Vec<String>,
}

/// Where each item stands. Letters start a row of their own unless all items fit in one, and so does an item of several
/// lines.
fn flow(items: &[KeyItem], width: f64) -> Vec<ItemPlace> {
    let one_row = items.iter().map(|item| item.width() + GAP).sum::<f64>() - GAP <= width;
    let first_letter = items.iter().position(|item| matches!(item.sample, Sample::Letter(_)));
    let (mut row, mut left, mut used) = (0, 0.0, 1);
    let mut places = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let letters_begin = !one_row && first_letter == Some(i);
        if left > 0.0 && (letters_begin || left + item.width() > width || used > 1) {
            (row, left, used) = (row + used, 0.0, 1);
        }
        let lines = item.lines(width);
        used = used.max(lines.len());
        places.push(ItemPlace { row, left, lines });
        left += item.width() + GAP;
    }
    places
}
