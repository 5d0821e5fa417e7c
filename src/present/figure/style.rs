//! How every figure looks: sizes at print, in millimetres and points, and the strokes that tell paths apart.
//!
//! Journals ask for 7 to 9 point text and lines of 0.5 to 1 point at final size. The colours are those of Okabe and Ito
//! (2008), ordered by luminance and paired with dashes, so that colour-blind readers and grey printers tell them apart.

use super::canvas::{Colour, Stroke};
use crate::present::plain::Width;

/// One printer's point in millimetres.
pub const POINT: f64 = 25.4 / 72.0;

pub const fn width(width: Width) -> f64 {
    match width {
        Width::Single => 88.0,
        Width::OneAndHalf => 127.0,
        Width::Double => 180.0,
    }
}

/// The tallest figure that leaves room for its caption on an A4 or letter page, in millimetres.
pub const TALLEST: f64 = 225.0;

/// Text sizes in points.
pub const TITLE: f64 = 8.0;
pub const TEXT: f64 = 7.0;
/// From one line of text to the next, in sizes of the text.
pub const LEADING: f64 = 1.22;
/// From the baseline up to half the height of a capital, in sizes of the text.
pub const MIDDLE: f64 = 0.33;

/// Line widths in points.
pub const AXIS_WIDTH: f64 = 0.5;
pub const LINE_WIDTH: f64 = 1.0;

/// Length of a tick and the gap between it and its label, in millimetres.
pub const TICK: f64 = 0.9;
pub const TICK_GAP: f64 = 0.7;

/// Diameter of a marker in millimetres.
pub const MARKER: f64 = 1.35;

pub const BLACK: Colour = Colour(0, 0, 0);
pub const BLUE: Colour = Colour(0, 114, 178);
pub const VERMILLION: Colour = Colour(213, 94, 0);
pub const GREEN: Colour = Colour(0, 158, 115);
pub const PURPLE: Colour = Colour(204, 121, 167);
pub const SKY: Colour = Colour(86, 180, 233);
pub const ORANGE: Colour = Colour(230, 159, 0);

pub const INK: Colour = Colour(20, 20, 20);
/// Text that steps back: units, keys, notes.
pub const GREY: Colour = Colour(90, 90, 90);
pub const AXIS: Colour = Colour(110, 110, 110);
pub const HAIRLINE: Colour = Colour(170, 170, 170);
/// The bar above a policy period.
pub const SHADE_BAR: Colour = Colour(175, 175, 175);
/// Bands around a black line.
pub const SLATE: Colour = Colour(70, 95, 125);
pub const WHITE: Colour = Colour(255, 255, 255);

/// From dark to light. Yellow, the eighth, is too pale for a line on white paper.
pub const COLOURS: [Colour; 7] = [BLACK, BLUE, VERMILLION, GREEN, PURPLE, SKY, ORANGE];

/// Strokes that differ from one another.
pub const STROKES: usize = COLOURS.len() * DASHES.len();

/// On and off lengths in points.
const DASHES: [&[f64]; 7] =
    [&[], &[4.0, 1.6], &[1.3, 1.3], &[6.0, 1.5, 1.3, 1.5], &[8.0, 2.4], &[2.6, 1.6], &[5.0, 1.4, 1.3, 1.4, 1.3, 1.4]];

/// The stroke of the path at this place in its figure: colour and dash move together, and past seven shift against
/// each other, so that no two of the first 49 are the same.
pub fn path_stroke(place: usize) -> Stroke {
    let colour = COLOURS[place % COLOURS.len()];
    let dash = DASHES[(place + place / COLOURS.len()) % DASHES.len()];
    Stroke { colour, opacity: 1.0, width: LINE_WIDTH, dash }
}

pub const fn solid(colour: Colour, width: f64) -> Stroke {
    Stroke { colour, opacity: 1.0, width, dash: &[] }
}

/// A colour dark enough for small text.
pub fn legible(colour: Colour) -> Colour {
    let Colour(r, g, b) = colour;
    let light = 0.30 * f64::from(r) + 0.59 * f64::from(g) + 0.11 * f64::from(b);
    let share = (105.0 / light.max(1.0)).min(1.0);
    let shade = |c: u8| (f64::from(c) * share).round() as u8;
    Colour(shade(r), shade(g), shade(b))
}

/// The opacity of a band's ground: the wider, the fainter.
pub fn band_opacity(probability: f64) -> f64 {
    0.10 + 0.22 * (1.0 - probability.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_grow_lighter_and_strokes_differ() {
        // Relative luminance, WCAG 2.1.
        let luminance = |Colour(r, g, b): Colour| {
            let linear = |c: u8| {
                let c = f64::from(c) / 255.0;
                if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
        };
        let lights: Vec<f64> = COLOURS.iter().map(|c| luminance(*c)).collect();
        assert!(lights.windows(2).all(|pair| pair[0] < pair[1]), "{lights:?}");
        for a in 0..STROKES {
            for b in 0..a {
                assert_ne!(path_stroke(a), path_stroke(b), "{a} {b}");
            }
        }
    }
}
