//! Policies that no other beats in both of two aims, in the plane of the aims, with what is to be bettered.

use super::canvas::Marker;
use super::key::{KeyItem, Sample};
use super::panel::{Across, Layer, Panel};
use super::ticks::short;
use super::{Sheet, plot_height, style};
use crate::present::exhibit::Exhibit;
use crate::present::plain::{Head, Quantity};
use crate::present::refusal::Refusal;

#[derive(Clone, Debug, PartialEq)]
pub struct Front {
    pub head: Head,
    pub across: Quantity,
    pub up: Quantity,
    /// In order along the front.
    pub points: Vec<(f64, f64)>,
    /// Where one stands without a choice; left out where it is not finite.
    pub baseline: (f64, f64),
}

impl Front {
    pub fn draw(&self) -> Result<Vec<Exhibit>, Refusal> {
        if self.points.is_empty() {
            return Err(Refusal::Empty { exhibit: self.head.name.clone() });
        }
        let (x, y): (Vec<f64>, Vec<f64>) = self.points.iter().copied().unzip();
        let points = |name: &str, x: Vec<f64>, y: Vec<f64>, marker, colour, hollow| {
            let name = name.to_owned();
            Layer::Points { name, x, y, marker, colour, hollow }
        };
        let stroke = style::solid(style::BLUE.tint(0.5), 0.5);
        let mut layers = vec![
            Layer::Line { x: x.clone(), y: y.clone(), stroke, label: String::new(), fades: None },
            points("policies of the front", x, y, Marker::Disc, style::BLUE, None),
        ];
        let sample = |marker, filled, colour| Sample::Marker { marker, filled, colour };
        let mut key = vec![KeyItem::new(sample(Marker::Disc, true, style::BLUE), "Policies that none beats in both")];
        let (across, up) = self.baseline;
        if across.is_finite() && up.is_finite() {
            layers.push(points("baseline", vec![across], vec![up], Marker::Diamond, style::BLACK, None));
            key.push(KeyItem::new(sample(Marker::Diamond, true, style::BLACK), "Baseline"));
        }
        let ends = [self.points.first(), self.points.last()].map(|end| end.copied().unwrap_or_default());
        let facts = format!(
            "{} policies from {} and {} to {} and {} in {} and {}",
            self.points.len(),
            short(ends[0].0),
            short(ends[0].1),
            short(ends[1].0),
            short(ends[1].1),
            self.across.title,
            self.up.title
        );
        let panel = Panel { key, ..Panel::new(self.up.clone(), Across::Values(self.across.clone()), layers) };
        let plot_height = plot_height(self.head.width, 1);
        Sheet {
            head: &self.head,
            kind: "Trade-off of two aims",
            columns: 1,
            plot_height,
            key: Vec::new(),
            remarks: Vec::new(),
        }
        .over_values(vec![panel], &[facts])
    }
}
