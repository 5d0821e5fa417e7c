//! Profile likelihoods with the threshold that cuts out the confidence interval.

use super::axis::Range;
use super::canvas::{Marker, Stroke};
use super::key::{KeyItem, Sample};
use super::panel::{Across, Layer, Panel};
use super::ticks::short;
use super::{Sheet, columns, describe, paths, style};
use crate::present::exhibit::Exhibit;
use crate::present::plain::{Head, Quantity};
use crate::present::refusal::Refusal;

#[derive(Clone, Debug, PartialEq)]
pub struct Profiles {
    pub head: Head,
    /// Title of the vertical axis: `Likelihood ratio 2Δℓ`.
    pub deviance: String,
    /// In units of the deviance: 3.84 for a pointwise 95 % interval of one parameter.
    pub threshold: f64,
    /// How the threshold is named: `95 %`.
    pub threshold_label: String,
    pub panels: Vec<ProfilePanel>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ProfilePanel {
    pub parameter: Quantity,
    pub values: Vec<f64>,
    /// At `values`; zero at the estimate.
    pub deviance: Vec<f64>,
    pub estimate: f64,
    /// Ends of the interval; `None` where the profile never crosses the threshold.
    pub lower: Option<f64>,
    pub upper: Option<f64>,
}

/// Profiles are drawn up to this many thresholds; what lies higher does not matter.
const HIGHEST: f64 = 3.0;

/// The ground of the interval, and the line at the estimate.
const INTERVAL: f64 = 0.12;
const ESTIMATE: Stroke = style::solid(style::GREY, style::AXIS_WIDTH);

impl Profiles {
    pub fn draw(&self) -> Result<Vec<Exhibit>, Refusal> {
        let name = &self.head.name;
        if !(self.threshold > 0.0 && self.threshold.is_finite()) {
            let what = "the threshold".into();
            return Err(Refusal::Range { exhibit: name.clone(), what, from: 0.0, to: self.threshold });
        }
        let mut remarks = Vec::new();
        let columns = columns(self.head.width, self.panels.len());
        let dashed = Stroke { dash: &[3.0, 2.0], ..style::solid(style::GREY, 0.6) };
        let mut panels = Vec::new();
        for (number, profile) in self.panels.iter().enumerate() {
            let title = &profile.parameter.title;
            paths::check(name, title, &profile.values, &profile.deviance, &mut remarks)?;
            if !profile.estimate.is_finite() {
                return Err(Refusal::NothingFinite { exhibit: name.clone(), series: format!("estimate of {title}") });
            }
            let mut order: Vec<usize> = (0..profile.values.len()).collect();
            order.sort_by(|a, b| profile.values[*a].total_cmp(&profile.values[*b]));
            let x: Vec<f64> = order.iter().map(|i| profile.values[*i]).collect();
            let y: Vec<f64> = order.iter().map(|i| profile.deviance[*i]).collect();
            let ends = x.first().zip(x.last()).map_or((0.0, 0.0), |(a, b)| (*a, *b));
            let (from, to) = (profile.lower.unwrap_or(ends.0), profile.upper.unwrap_or(ends.1));
            let stroke = style::solid(style::BLUE, style::LINE_WIDTH);
            let layers = vec![
                Layer::Columns { from, to, colour: style::BLUE, opacity: INTERVAL },
                Layer::Level { y: self.threshold, stroke: dashed },
                Layer::Upright { x: profile.estimate, stroke: ESTIMATE },
                Layer::Line { x: x.clone(), y: y.clone(), stroke, label: String::new(), fades: None },
                Layer::Points { name: String::new(), x, y, marker: Marker::Disc, colour: style::BLUE, hollow: None },
            ];
            let title = if number % columns == 0 { self.deviance.as_str() } else { "" };
            let mut panel = Panel::new(Quantity::new(title, ""), Across::Values(profile.parameter.clone()), layers);
            (panel.turned, panel.shared, panel.range) = (true, Some(0), Range::WithZero);
            panel.most = HIGHEST * self.threshold;
            panels.push(panel);
        }
        let facts: Vec<String> = self.panels.iter().map(|panel| panel.describe(&self.threshold_label)).collect();
        let open = self.panels.iter().any(|panel| panel.lower.is_none() || panel.upper.is_none());
        let interval = if open { "interval (open where it reaches the last point)" } else { "interval" };
        let key = vec![
            KeyItem::new(Sample::Line(dashed), format!("{} threshold", self.threshold_label)),
            KeyItem::new(Sample::Ground { colour: style::BLUE, opacity: INTERVAL }, interval),
            KeyItem::new(Sample::Line(ESTIMATE), "estimate"),
        ];
        let head = &self.head;
        let plot_height = if panels.len() == 1 { 46.0 } else { 32.0 };
        Sheet { head, kind: "Profile likelihoods", columns, plot_height, key, remarks }.over_values(panels, &facts)
    }
}

impl ProfilePanel {
    /// `Rent pass-through 0.0450, 95 % interval from 0.0310 to open`
    fn describe(&self, threshold: &str) -> String {
        let end = |end: Option<f64>| end.map_or("open".into(), short);
        let (name, estimate) = (describe::named(&self.parameter), short(self.estimate));
        format!("{name} {estimate}, {threshold} interval from {} to {}", end(self.lower), end(self.upper))
    }
}
