//! A page of marks in millimetres, from its top left corner. Layout writes here; `svg` draws what stands here.
//! A mark at a place that is not a finite number is a fault of ours: it is counted, not drawn, and fails the figure.

use super::style;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

impl Colour {
    /// This colour mixed with white; 1 keeps it, 0 is white.
    pub fn tint(self, share: f64) -> Colour {
        let mix = |c: u8| (255.0 - (255.0 - f64::from(c)) * share.clamp(0.0, 1.0)).round() as u8;
        Colour(mix(self.0), mix(self.1), mix(self.2))
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    pub colour: Colour,
    pub opacity: f64,
    /// In points.
    pub width: f64,
    /// On and off lengths in points; empty for a solid line.
    pub dash: &'static [f64],
}

/// Where a point lies, in millimetres right and down.
pub type Place = (f64, f64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// The shapes that tell vendors apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    Disc,
    Square,
    Triangle,
    Diamond,
    Cross,
}

pub const MARKERS: [Marker; 5] = [Marker::Disc, Marker::Square, Marker::Triangle, Marker::Diamond, Marker::Cross];

#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    Line {
        points: Vec<Place>,
        stroke: Stroke,
    },
    Area {
        points: Vec<Place>,
        colour: Colour,
        opacity: f64,
    },
    Disc {
        centre: Place,
        radius: f64,
        fill: Option<Colour>,
        stroke: Option<Stroke>,
    },
    /// `at` is on the baseline; `turned` text reads upwards.
    Text {
        text: String,
        at: Place,
        size: f64,
        colour: Colour,
        anchor: Anchor,
        turned: bool,
    },
}

#[derive(Debug)]
pub struct Canvas {
    /// In millimetres.
    pub width: f64,
    pub height: f64,
    pub marks: Vec<Mark>,
    pub faults: usize,
}

impl Canvas {
    pub fn new(width: f64, height: f64) -> Self {
        Canvas { width, height, marks: Vec::new(), faults: 0 }
    }

    fn put(&mut self, finite: bool, mark: Mark) {
        if finite {
            self.marks.push(mark);
        } else {
            self.faults += 1;
        }
    }

    pub fn line(&mut self, points: Vec<Place>, stroke: Stroke) {
        if points.len() > 1 {
            self.put(points.iter().all(finite), Mark::Line { points, stroke });
        }
    }

    pub fn segment(&mut self, from: Place, to: Place, stroke: Stroke) {
        self.line(vec![from, to], stroke);
    }

    pub fn area(&mut self, points: Vec<Place>, colour: Colour, opacity: f64) {
        if points.len() > 2 {
            self.put(points.iter().all(finite), Mark::Area { points, colour, opacity });
        }
    }

    pub fn rectangle(&mut self, (x0, y0): Place, (x1, y1): Place, colour: Colour) {
        self.area(vec![(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour, 1.0);
    }

    /// A marker of the style's size: hollow ones white inside, filled ones with a white rim that parts neighbours.
    pub fn marker(&mut self, (x, y): Place, marker: Marker, filled: bool, colour: Colour) {
        let r = style::MARKER / 2.0;
        let outline = if filled { style::solid(style::WHITE, 0.35) } else { style::solid(colour, 0.6) };
        let corners: Vec<Place> = match marker {
            Marker::Disc => {
                let fill = Some(if filled { colour } else { style::WHITE });
                let disc = Mark::Disc { centre: (x, y), radius: r, fill, stroke: Some(outline) };
                self.put(finite(&(x, y)), disc);
                return;
            }
            Marker::Cross => {
                let stroke = style::solid(colour, if filled { 1.0 } else { 0.5 });
                let d = r * 0.95;
                self.segment((x - d, y - d), (x + d, y + d), stroke);
                self.segment((x - d, y + d), (x + d, y - d), stroke);
                return;
            }
            Marker::Square => {
                let d = r * 0.9;
                vec![(x - d, y - d), (x + d, y - d), (x + d, y + d), (x - d, y + d)]
            }
            Marker::Triangle => {
                let d = r * 1.2;
                vec![(x, y - d), (x + 0.95 * d, y + 0.75 * d), (x - 0.95 * d, y + 0.75 * d)]
            }
            Marker::Diamond => {
                let d = r * 1.25;
                vec![(x, y - d), (x + d, y), (x, y + d), (x - d, y)]
            }
        };
        let mut outlined = corners.clone();
        outlined.extend_from_slice(&corners[..2]);
        self.area(corners, if filled { colour } else { style::WHITE }, 1.0);
        self.line(outlined, outline);
    }

    /// A filled point of this radius in millimetres.
    pub fn dot(&mut self, centre: Place, radius: f64, colour: Colour) {
        self.put(finite(&centre), Mark::Disc { centre, radius, fill: Some(colour), stroke: None });
    }

    /// A circle with an outline, white or filled inside.
    pub fn ring(&mut self, centre: Place, radius: f64, fill: Option<Colour>, outline: Colour) {
        let stroke = Some(style::solid(outline, 0.6));
        let sound = finite(&centre) && radius.is_finite();
        self.put(sound, Mark::Disc { centre, radius, fill: Some(fill.unwrap_or(style::WHITE)), stroke });
    }

    pub fn text(&mut self, text: &str, at: Place, size: f64, colour: Colour, anchor: Anchor) {
        self.write(text, at, size, colour, anchor, false);
    }

    /// Text that reads upwards, `at` on its baseline.
    pub fn turned_text(&mut self, text: &str, at: Place, size: f64, colour: Colour, anchor: Anchor) {
        self.write(text, at, size, colour, anchor, true);
    }

    fn write(&mut self, text: &str, at: Place, size: f64, colour: Colour, anchor: Anchor, turned: bool) {
        if text.trim().is_empty() {
            return;
        }
        let text = writable(text);
        self.put(finite(&at), Mark::Text { text, at, size, colour, anchor, turned });
    }
}

/// Text without what XML cannot hold; a line break would move the baseline.
pub fn writable(text: &str) -> String {
    let barred = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().map(|c| if barred(c) { ' ' } else { c }).collect()
}

fn finite((x, y): &Place) -> bool {
    x.is_finite() && y.is_finite()
}
