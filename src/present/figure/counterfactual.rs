//! Counterfactual paths against the baseline: levels, and differences around a zero line.

use super::axis::{Range, drawable};
use super::panel::Panel;
use super::paths::Strokes;
use super::{Sheet, columns, paths, plot_height, style};
use crate::present::exhibit::Exhibit;
use crate::present::plain::{Frame, Head, Path, Quantity};
use crate::present::refusal::Refusal;

/// A row for each outcome: levels at the left, differences from the baseline at the right.
#[derive(Clone, Debug, PartialEq)]
pub struct Counterfactual {
    pub head: Head,
    pub frame: Frame,
    pub panels: Vec<CounterfactualPanel>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CounterfactualPanel {
    pub quantity: Quantity,
    pub baseline: Path,
    pub alternatives: Vec<Path>,
    /// Alternative less baseline, under the alternatives' labels; with paired draws their bands are not those of the levels.
    /// Empty for levels alone.
    pub differences: Vec<Path>,
}

impl Counterfactual {
    pub fn draw(&self) -> Result<Vec<Exhibit>, Refusal> {
        let name = &self.head.name;
        let mut remarks = Vec::new();
        let labels = |panel: &CounterfactualPanel| -> Vec<String> {
            std::iter::once(&panel.baseline).chain(&panel.alternatives).map(|path| path.label.clone()).collect()
        };
        let labels: Vec<Vec<String>> = self.panels.iter().map(labels).collect();
        let strokes = Strokes::new(labels.iter().map(|panel| panel.iter().map(String::as_str).collect()));
        let mut panels = Vec::new();
        for panel in &self.panels {
            let mut levels = Vec::new();
            for (place, path) in std::iter::once(&panel.baseline).chain(&panel.alternatives).enumerate() {
                let stroke = strokes.of(&path.label, place);
                levels.extend(paths::path(name, path, stroke, &path.label, &mut remarks)?);
            }
            panels.push(Panel::over_time(panel.quantity.clone(), levels));
            if panel.differences.is_empty() {
                continue;
            }
            let mut differences = Vec::new();
            for (place, path) in panel.differences.iter().enumerate() {
                // The baseline has the first stroke.
                let stroke = strokes.of(&path.label, place + 1);
                differences.extend(paths::path(name, path, stroke, &path.label, &mut remarks)?);
            }
            let title = format!("Difference from {}", panel.baseline.label.to_lowercase());
            // A difference of shares is in points, not in per cent of anything.
            let unit = if panel.quantity.unit == "%" { "percentage points" } else { &panel.quantity.unit };
            let quantity = Quantity::new(title, unit);
            let levels = std::iter::once(&panel.baseline).chain(&panel.alternatives).flat_map(|path| &path.values);
            let reach = levels.copied().filter(|v| drawable(*v)).fold(0.0, |most: f64, v| most.max(v.abs()));
            panels.push(Panel {
                range: Range::WithZero,
                counted_like: Some(reach),
                ..Panel::over_time(quantity, differences)
            });
        }
        let paired = self.panels.iter().any(|panel| !panel.differences.is_empty());
        let all = self.panels.iter().flat_map(|panel| panel.alternatives.iter().chain(&panel.differences));
        let key = paths::band_key(all, style::BLACK);
        let columns = if paired { 2 } else { columns(self.head.width, panels.len()) };
        let plot_height = if panels.len() <= 2 { 42.0 } else { plot_height(self.head.width, panels.len()) };
        Sheet {
            head: &self.head,
            kind: "Counterfactual paths against the baseline",
            columns,
            plot_height,
            key,
            remarks,
        }
        .over_time(vec![(String::new(), panels)], &self.frame)
    }
}
