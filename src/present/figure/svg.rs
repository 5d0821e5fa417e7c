//! A canvas into SVG text: the only place that knows plotters.
//!
//! plotters draws on whole pixels, so the page is 40 of them to the millimetre (a fortieth of a point is lost) and the
//! root element gets its size in millimetres afterwards. Its SVG backend knows no dashes, so they are cut here.

use super::canvas::{Anchor, Canvas, Colour, Mark, Place, Stroke, writable};
use super::{font, style};
use plotters::prelude::*;
use plotters::style::FontFamily;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::fmt::Write as _;

const PIXELS: f64 = 40.0;

/// The backend divides font sizes by this.
const SIZE_DIVISOR: f64 = 1.24;

/// The backend moves text anchored at its top down by this share of its size.
const TOP_SHIFT: f64 = 0.76;

pub fn svg(canvas: &Canvas, alt: &str) -> Result<String, String> {
    if canvas.faults > 0 {
        return Err(format!("{} marks lie at places that are not numbers", canvas.faults));
    }
    let size = ((canvas.width * PIXELS).round() as u32, (canvas.height * PIXELS).round() as u32);
    let mut drawn = String::new();
    {
        let area = SVGBackend::with_string(&mut drawn, size).into_drawing_area();
        for mark in &canvas.marks {
            draw(&area, mark).map_err(|error| error.to_string())?;
        }
        area.present().map_err(|error| error.to_string())?;
    }
    Ok(with_millimetres(canvas, size, &drawn, alt))
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

fn draw(area: &Area, mark: &Mark) -> Drawn {
    match mark {
        Mark::Line { points, stroke } => {
            for dash in dashes(points, stroke.dash) {
                area.draw(&PathElement::new(pixels(&dash), line_style(stroke)))?;
            }
            Ok(())
        }
        Mark::Area { points, colour, opacity } => {
            area.draw(&Polygon::new(pixels(points), ink(*colour, *opacity).filled()))
        }
        Mark::Disc { centre, radius, fill, stroke } => {
            if let Some(fill) = fill {
                area.draw(&Circle::new(pixel(centre), (radius * PIXELS).round() as i32, ink(*fill, 1.0).filled()))?;
            }
            if let Some(stroke) = stroke {
                area.draw(&Circle::new(pixel(centre), (radius * PIXELS).round() as i32, line_style(stroke)))?;
            }
            Ok(())
        }
        Mark::Text { text, at, size, colour, anchor, turned } => {
            let size = size * style::POINT * PIXELS;
            let h = match anchor {
                Anchor::Start => HPos::Left,
                Anchor::Middle => HPos::Center,
                Anchor::End => HPos::Right,
            };
            let family = FontDesc::new(FontFamily::Name(font::FAMILIES), size * SIZE_DIVISOR, FontStyle::Normal);
            let (x, y) = pixel(at);
            let shift = (TOP_SHIFT * size).round() as i32;
            let (family, at) = if *turned {
                (family.transform(FontTransform::Rotate270), (x - shift, y))
            } else {
                (family, (x, y - shift))
            };
            let ink = ink(*colour, 1.0);
            let set = TextStyle::from(family).color(&ink).pos(Pos::new(h, VPos::Top));
            area.draw(&Text::new(text.as_str(), at, set))
        }
    }
}

fn pixel(&(x, y): &Place) -> (i32, i32) {
    ((x * PIXELS).round() as i32, (y * PIXELS).round() as i32)
}

fn pixels(points: &[Place]) -> Vec<(i32, i32)> {
    let mut pixels: Vec<(i32, i32)> = points.iter().map(pixel).collect();
    pixels.dedup();
    pixels
}

fn ink(Colour(r, g, b): Colour, opacity: f64) -> RGBAColor {
    RGBAColor(r, g, b, opacity)
}

fn line_style(stroke: &Stroke) -> ShapeStyle {
    let width = (stroke.width * style::POINT * PIXELS).round().max(1.0) as u32;
    ink(stroke.colour, stroke.opacity).stroke_width(width)
}

/// Cuts a line into the pieces that a dash pattern (in points) leaves visible; round corners within a dash are kept.
fn dashes(points: &[Place], pattern: &[f64]) -> Vec<Vec<Place>> {
    if pattern.is_empty() || pattern.iter().sum::<f64>() <= 0.0 {
        return vec![points.to_vec()];
    }
    let mut lengths = pattern.iter().map(|p| p * style::POINT).cycle();
    let mut left = lengths.next().unwrap_or(f64::INFINITY);
    let mut on = true;
    let mut pieces = Vec::new();
    let mut piece: Vec<Place> = points.first().copied().into_iter().collect();
    for pair in points.windows(2) {
        let ((mut x, mut y), (x1, y1)) = (pair[0], pair[1]);
        let mut rest = (x1 - x).hypot(y1 - y);
        while rest > left {
            let share = left / rest;
            (x, y) = (x + (x1 - x) * share, y + (y1 - y) * share);
            rest -= left;
            if on {
                piece.push((x, y));
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![(x, y)];
            }
            on = !on;
            left = lengths.next().unwrap_or(f64::INFINITY);
        }
        left -= rest;
        if on {
            piece.push((x1, y1));
        }
    }
    if on && piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

/// Gives the root element its size in millimetres, a description and round joins, and takes the line breaks out of text
/// elements, which some readers would show as blanks.
fn with_millimetres(canvas: &Canvas, (w, h): (u32, u32), drawn: &str, alt: &str) -> String {
    let alt = writable(alt).replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let mut svg = String::with_capacity(drawn.len() + 1024);
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}mm\" height=\"{}mm\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
         aria-label=\"{alt}\" stroke-linejoin=\"round\">",
        canvas.width, canvas.height
    );
    let _ = writeln!(svg, "<rect width=\"{w}\" height=\"{h}\" fill=\"#FFFFFF\"/>");
    let mut lines = drawn.lines().skip(1);
    while let Some(line) = lines.next() {
        svg.push_str(line);
        if line.starts_with("<text") {
            for rest in lines.by_ref() {
                svg.push_str(rest);
                if rest == "</text>" {
                    break;
                }
            }
        }
        svg.push('\n');
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_keep_length_and_corners() {
        let corner = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)];
        let length = |pieces: &[Vec<Place>]| -> f64 {
            pieces.iter().flat_map(|p| p.windows(2)).map(|p| (p[1].0 - p[0].0).hypot(p[1].1 - p[0].1)).sum()
        };
        let pattern = [3.0, 3.0];
        let pieces = dashes(&corner, &pattern);
        assert!((length(&pieces) - 10.0).abs() < 3.0 * style::POINT, "half of it shows");
        assert_eq!(dashes(&corner, &[]), vec![corner.to_vec()]);
        let long = dashes(&corner, &[200.0, 1.0]);
        assert_eq!(long, vec![corner.to_vec()], "a dash longer than the line goes round the corner");
    }

    #[test]
    fn a_mark_without_a_place_fails_the_figure() {
        let mut canvas = Canvas::new(88.0, 60.0);
        canvas.segment((0.0, 0.0), (f64::NAN, 1.0), style::solid(style::INK, 1.0));
        assert_eq!(svg(&canvas, ""), Err("1 marks lie at places that are not numbers".into()));
    }
}
