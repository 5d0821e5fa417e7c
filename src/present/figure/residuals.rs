//! Standardised residuals over time, a panel for each series.

use super::canvas::Marker;
use super::key::{KeyItem, Sample};
use super::panel::{Layer, Panel};
use super::{Sheet, axis::Range, columns, paths, plot_height, style};
use crate::present::exhibit::Exhibit;
use crate::present::plain::{Frame, Head, Observed, Quantity};
use crate::present::refusal::Refusal;

/// The frame's rule is the start of the hold-out.
#[derive(Clone, Debug, PartialEq)]
pub struct Residuals {
    pub head: Head,
    pub frame: Frame,
    pub panels: Vec<ResidualPanel>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ResidualPanel {
    pub title: String,
    /// Observed less model in units of the noise scale, by vendor.
    pub residuals: Vec<Observed>,
}

/// Of independent normal residuals, 95 % lie within.
const NORMAL_95: f64 = 1.96;

impl Residuals {
    pub fn draw(&self) -> Result<Vec<Exhibit>, Refusal> {
        let name = &self.head.name;
        let mut remarks = Vec::new();
        let held_out = self.frame.rule.as_ref().map(|rule| rule.at);
        let (colour, opacity) = (style::BLUE, 0.12);
        let mut panels = Vec::new();
        for panel in &self.panels {
            let mut layers = vec![Layer::Rows { from: -NORMAL_95, to: NORMAL_95, colour, opacity }];
            let stroke = style::solid(style::GREY, style::AXIS_WIDTH);
            for series in &panel.residuals {
                layers.push(Layer::Stems { x: series.times.clone(), y: series.values.clone(), stroke });
            }
            let (points, key) = paths::observed(name, &panel.residuals, held_out, &mut remarks)?;
            layers.extend(points);
            let quantity = Quantity::new(panel.title.clone(), "noise scales");
            panels.push(Panel { key, range: Range::WithZero, ..Panel::over_time(quantity, layers) });
        }
        let mut key = vec![KeyItem::new(Sample::Ground { colour, opacity }, "95\u{202f}% of independent normal noise")];
        if held_out.is_some() {
            let marker = |filled| Sample::Marker { marker: Marker::Disc, filled, colour: style::INK };
            key.extend([KeyItem::new(marker(true), "Fitted"), KeyItem::new(marker(false), "Held out")]);
        }
        let (columns, plot_height) =
            (columns(self.head.width, panels.len()), plot_height(self.head.width, panels.len()));
        Sheet { head: &self.head, kind: "Standardised residuals over time", columns, plot_height, key, remarks }
            .over_time(vec![(String::new(), panels)], &self.frame)
    }
}
