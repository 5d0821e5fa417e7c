//! The alternative text of a figure over time that was given none: what its panels show, in numbers.

use super::axis::drawable;
use super::panel::{Layer, Panel};
use super::ticks::short;
use crate::present::plain::{Frame, Quantity};

/// One sentence on the figure, then one for each panel.
pub fn panels(kind: &str, frame: &Frame, panels: &[&Panel]) -> String {
    let mut text = match panels.len() {
        1 => format!("{kind}."),
        count => format!("{kind} in {count} panels."),
    };
    for panel in panels {
        let mut facts: Vec<String> = panel.layers.iter().filter_map(layer).collect();
        if facts.len() > 9 {
            let more = facts.len() - 8;
            facts.truncate(8);
            facts.push(format!("and {more} more"));
        }
        text.push_str(&format!(" {}: {}.", named(&panel.y), facts.join("; ")));
    }
    if !frame.periods.is_empty() {
        let names: Vec<&str> = frame.periods.iter().map(|period| period.label.as_str()).collect();
        text.push_str(&format!(" Shaded periods: {}.", names.join(", ")));
    }
    text
}

fn layer(layer: &Layer) -> Option<String> {
    match layer {
        Layer::Line { x, y, label, .. } => {
            let mut shown = x.iter().zip(y).filter(|(x, y)| drawable(**x) && drawable(**y));
            let first = shown.next()?;
            let last = shown.next_back().unwrap_or(first);
            let name = if label.is_empty() { "line" } else { label };
            let (t0, t1) = (time(*first.0), time(*last.0));
            Some(format!("{name} from {} at {t0} to {} at {t1}", short(*first.1), short(*last.1)))
        }
        Layer::Points { name, y, .. } => {
            let shown: Vec<f64> = y.iter().copied().filter(|y| drawable(*y)).collect();
            let (lo, hi) =
                shown.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(*v), hi.max(*v)));
            Some(format!("{} observations of {name} between {} and {}", shown.len(), short(lo), short(hi)))
        }
        _ => None,
    }
}

pub fn named(quantity: &Quantity) -> String {
    if quantity.unit.is_empty() { quantity.title.clone() } else { format!("{} in {}", quantity.title, quantity.unit) }
}

/// A place on the horizontal axis: a year as it is written.
fn time(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() < 1e5 { format!("{x}") } else { short(x).replace(',', "") }
}
