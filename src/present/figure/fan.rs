//! A fan chart: a median within nested bands, observations on top.

use super::panel::{Layer, Panel};
use super::{Sheet, paths, plot_height, style};
use crate::present::exhibit::Exhibit;
use crate::present::plain::{Frame, Head, Observed, Path, Quantity};
use crate::present::refusal::Refusal;

/// The frame's rule is where history ends and projection begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Fan {
    pub head: Head,
    pub frame: Frame,
    pub quantity: Quantity,
    /// The median with its bands.
    pub median: Path,
    pub observed: Vec<Observed>,
}

impl Fan {
    pub fn draw(&self) -> Result<Vec<Exhibit>, Refusal> {
        let name = &self.head.name;
        let mut remarks = Vec::new();
        let stroke = style::solid(style::BLUE, style::LINE_WIDTH);
        let label = if self.median.bands.is_empty() { "" } else { self.median.label.as_str() };
        let mut layers = paths::path(name, &self.median, stroke, label, &mut remarks)?;
        // The upper edge of each band carries its name.
        let edge = style::solid(style::BLUE.tint(0.6), 0.3);
        for band in &self.median.bands {
            let (x, y) = (self.median.times.clone(), band.upper.clone());
            layers.push(Layer::Line { x, y, stroke: edge, label: paths::percent(band.probability), fades: None });
        }
        let rule = self.frame.rule.as_ref().map(|rule| rule.at);
        let (points, key) = paths::observed(name, &self.observed, rule, &mut remarks)?;
        layers.extend(points);
        let panel = Panel { key, ..Panel::over_time(self.quantity.clone(), layers) };
        let plot_height = plot_height(self.head.width, 1);
        Sheet { head: &self.head, kind: "Fan chart", columns: 1, plot_height, key: Vec::new(), remarks }
            .over_time(vec![(String::new(), vec![panel])], &self.frame)
    }
}
