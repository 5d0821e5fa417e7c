//! Observed series with the model's trajectory: one panel, or small multiples of all series.

use super::canvas::Marker;
use super::key::{KeyItem, Sample};
use super::panel::{Layer, Panel};
use super::{Sheet, columns, paths, plot_height, style};
use crate::present::exhibit::Exhibit;
use crate::present::plain::{Frame, Head, Observed, Path, Quantity};
use crate::present::refusal::Refusal;

/// The frame's rule is the start of the hold-out: observations from there on are hollow, the model's line lighter.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    pub head: Head,
    pub frame: Frame,
    pub panels: Vec<FitPanel>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct FitPanel {
    pub quantity: Quantity,
    pub model: Path,
    /// One for each vendor.
    pub observed: Vec<Observed>,
}

impl Fit {
    pub fn draw(&self) -> Result<Vec<Exhibit>, Refusal> {
        let name = &self.head.name;
        let mut remarks = Vec::new();
        let held_out = self.frame.rule.as_ref().map(|rule| rule.at);
        let stroke = style::solid(style::BLUE, style::LINE_WIDTH);
        let mut panels = Vec::new();
        for panel in &self.panels {
            let mut layers = paths::path(name, &panel.model, stroke, "", &mut remarks)?;
            for layer in &mut layers {
                if let Layer::Line { fades, .. } = layer {
                    *fades = held_out;
                }
            }
            let (points, key) = paths::observed(name, &panel.observed, held_out, &mut remarks)?;
            layers.extend(points);
            panels.push(Panel { key, ..Panel::over_time(panel.quantity.clone(), layers) });
        }
        let mut key = vec![KeyItem::new(Sample::Line(stroke), "Model")];
        key.extend(paths::band_key(self.panels.iter().map(|panel| &panel.model), style::BLUE));
        let marker = |filled| Sample::Marker { marker: Marker::Disc, filled, colour: style::INK };
        let hollow = held_out.map(|_| KeyItem::new(marker(false), "Held out"));
        if let [panel] = panels.as_mut_slice() {
            // One panel has one key: the model, the vendors, what hollow markers mean.
            panel.key = key.drain(..).chain(panel.key.drain(..)).chain(hollow).collect();
        } else if let Some(hollow) = hollow {
            key.extend([KeyItem::new(marker(true), "Fitted"), hollow]);
        }
        let (columns, plot_height) =
            (columns(self.head.width, panels.len()), plot_height(self.head.width, panels.len()));
        Sheet { head: &self.head, kind: "Observations and model over time", columns, plot_height, key, remarks }
            .over_time(vec![(String::new(), panels)], &self.frame)
    }
}
