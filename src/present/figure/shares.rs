//! Shares that add up to a whole at every time, as bands stacked on both sides of zero: what reinforces above, what
//! balances below.

use super::canvas::Colour;
use super::key::{KeyItem, Sample};
use super::panel::{Layer, Panel};
use super::{Sheet, plot_height, style};
use crate::present::exhibit::Exhibit;
use crate::present::plain::{Frame, Head, Quantity};
use crate::present::refusal::Refusal;

#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    pub head: Head,
    pub frame: Frame,
    pub panels: Vec<SharesPanel>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SharesPanel {
    pub quantity: Quantity,
    pub times: Vec<f64>,
    /// The first stands next to zero.
    pub parts: Vec<SharesPart>,
}

/// A part may change sides; a value that is not finite counts as none.
#[derive(Clone, Debug, PartialEq)]
pub struct SharesPart {
    pub label: String,
    /// At the panel's times.
    pub values: Vec<f64>,
}

/// Neighbours differ in lightness as well as in hue; more parts repeat the colours in a lighter tint.
const GROUNDS: [Colour; 7] =
    [style::BLUE, style::ORANGE, style::GREEN, style::PURPLE, style::VERMILLION, style::SKY, style::SLATE];

impl Shares {
    pub fn draw(&self) -> Result<Vec<Exhibit>, Refusal> {
        let mut panels = Vec::new();
        for panel in &self.panels {
            let (mut above, mut below) = (vec![0.0; panel.times.len()], vec![0.0; panel.times.len()]);
            let (mut grounds, mut edges, mut key) = (Vec::new(), Vec::new(), Vec::new());
            for (place, part) in panel.parts.iter().enumerate() {
                if part.values.len() != panel.times.len() {
                    return Err(Refusal::Lengths {
                        exhibit: self.head.name.clone(),
                        series: part.label.clone(),
                        expected: panel.times.len(),
                        found: part.values.len(),
                    });
                }
                let tint = [0.85, 0.45][place / GROUNDS.len() % 2];
                let colour = GROUNDS[place % GROUNDS.len()].tint(tint);
                key.push(KeyItem::new(Sample::Ground { colour, opacity: 1.0 }, part.label.clone()));
                for (side, keep) in [(&mut above, 1.0f64), (&mut below, -1.0)] {
                    let on_side = |value: &f64| if value * keep > 0.0 && value.is_finite() { *value } else { 0.0 };
                    let next: Vec<f64> = side.iter().zip(&part.values).map(|(from, by)| from + on_side(by)).collect();
                    if next == *side {
                        continue;
                    }
                    let (lower, upper) =
                        if keep > 0.0 { (side.clone(), next.clone()) } else { (next.clone(), side.clone()) };
                    grounds.push(Layer::Band { x: panel.times.clone(), lower, upper, colour, opacity: 1.0 });
                    let stroke = style::solid(style::WHITE, 0.4);
                    edges.push(Layer::Line {
                        x: panel.times.clone(),
                        y: next.clone(),
                        stroke,
                        label: String::new(),
                        fades: None,
                    });
                    *side = next;
                }
            }
            grounds.append(&mut edges);
            grounds.push(Layer::Level { y: 0.0, stroke: style::solid(style::INK, style::AXIS_WIDTH) });
            panels.push(Panel { key, ..Panel::over_time(panel.quantity.clone(), grounds) });
        }
        let facts =
            |panel: &SharesPanel| -> Vec<String> { panel.parts.iter().filter_map(|p| mean(panel, p)).collect() };
        let words: Vec<String> =
            self.panels.iter().map(|panel| format!("{}: {}", panel.quantity.title, facts(panel).join(", "))).collect();
        let plot_height = plot_height(self.head.width, panels.len());
        let mut head = self.head.clone();
        head.alt.get_or_insert_with(|| format!("Stacked shares over time. {}.", words.join("; ")));
        Sheet {
            head: &head,
            kind: "Stacked shares over time",
            columns: 1,
            plot_height,
            key: Vec::new(),
            remarks: Vec::new(),
        }
        .over_time(vec![(String::new(), panels)], &self.frame)
    }
}

/// `R1 45 % on average`.
fn mean(panel: &SharesPanel, part: &SharesPart) -> Option<String> {
    let sum: f64 = part.values.iter().filter(|value| value.is_finite()).map(|value| value.abs()).sum();
    let share = 100.0 * sum / panel.times.len().max(1) as f64;
    (share >= 0.5).then(|| format!("{} {share:.0} % on average", part.label))
}
