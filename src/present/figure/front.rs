//! A Pareto front: what was tried by two outcomes, and the line of what nothing beats in both.

use super::axis::{Range, drawable};
use super::canvas::{MARKERS, Marker};
use super::key::{KeyItem, Sample};
use super::panel::{Across, Layer, Panel};
use super::ticks::short;
use super::{Sheet, describe, plot_height, style};
use crate::present::exhibit::Exhibit;
use crate::present::plain::{Head, Quantity};
use crate::present::refusal::Refusal;

#[derive(Clone, Debug, PartialEq)]
pub struct Front {
    pub head: Head,
    pub across: Quantity,
    pub up: Quantity,
    /// Whether more of each is better.
    pub more: (bool, bool),
    pub tried: Vec<(f64, f64)>,
    /// Points with names, such as what was done; they are among those tried or not.
    pub marked: Vec<(String, f64, f64)>,
}

/// Named points that markers tell apart.
const MOST_MARKED: usize = MARKERS.len() - 1;

impl Front {
    pub fn draw(&self) -> Result<Vec<Exhibit>, Refusal> {
        let exhibit = self.head.name.clone();
        if self.tried.is_empty() {
            return Err(Refusal::Empty { exhibit });
        }
        if self.marked.len() > MOST_MARKED {
            let what = "named points".into();
            return Err(Refusal::TooMany { exhibit, what, found: self.marked.len(), limit: MOST_MARKED });
        }
        let named = self.marked.iter().map(|(label, x, y)| (label.as_str(), *x, *y));
        let all = self.tried.iter().map(|(x, y)| ("what was tried", *x, *y)).chain(named);
        if let Some((series, ..)) = all.clone().find(|(_, x, y)| !(drawable(*x) && drawable(*y))) {
            return Err(Refusal::NothingFinite { exhibit, series: series.into() });
        }
        let front = self.front();
        let beaten: Vec<(f64, f64)> = self.tried.iter().filter(|point| !front.contains(point)).copied().collect();
        let split = |points: &[(f64, f64)]| points.iter().copied().unzip::<f64, f64, Vec<f64>, Vec<f64>>();
        let points = |name: &str, (x, y): (Vec<f64>, Vec<f64>), marker, colour, filled: bool| Layer::Points {
            name: name.to_owned(),
            x,
            y,
            marker,
            colour,
            hollow: (!filled).then_some(f64::NEG_INFINITY),
        };
        let stroke = style::solid(style::BLUE, style::LINE_WIDTH);
        let (x, y) = split(&front);
        let mut layers = vec![
            points("Beaten in both", split(&beaten), Marker::Disc, style::AXIS, false),
            Layer::Line { x, y, stroke, label: String::new(), fades: None },
            points("On the front", split(&front), Marker::Disc, style::BLUE, true),
        ];
        let sample = |marker, filled, colour| Sample::Marker { marker, filled, colour };
        let mut key = vec![KeyItem::new(sample(Marker::Disc, true, style::BLUE), "on the front")];
        if !beaten.is_empty() {
            key.push(KeyItem::new(sample(Marker::Disc, false, style::AXIS), "beaten in both"));
        }
        for ((label, x, y), marker) in self.marked.iter().zip(MARKERS.into_iter().skip(1)) {
            layers.push(points(label, (vec![*x], vec![*y]), marker, style::INK, true));
            key.push(KeyItem::new(sample(marker, true, style::INK), label.clone()));
        }
        let mut panel = Panel::new(self.up.clone(), Across::Values(self.across.clone()), layers);
        (panel.turned, panel.range) = (true, Range::Margin);
        let better = |more: bool| if more { "more is better" } else { "less is better" };
        let facts = vec![
            format!("{} across, {}", describe::named(&self.across), better(self.more.0)),
            format!("{} upwards, {}", describe::named(&self.up), better(self.more.1)),
            format!("{} of {} points are on the front", front.len(), self.tried.len()),
            front.first().zip(front.last()).map_or_else(String::new, |(a, b)| {
                format!("it runs from {}, {} to {}, {}", short(a.0), short(a.1), short(b.0), short(b.1))
            }),
        ];
        let (head, plot_height) = (&self.head, plot_height(self.head.width, 1));
        Sheet { head, kind: "Pareto front", columns: 1, plot_height, key, remarks: Vec::new() }
            .over_values(vec![panel], &facts)
    }

    /// What nothing beats in both, from left to right; of equal points one.
    fn front(&self) -> Vec<(f64, f64)> {
        let sign = |more: bool| if more { 1.0 } else { -1.0 };
        let (a, b) = (sign(self.more.0), sign(self.more.1));
        let mut order = self.tried.clone();
        order.sort_by(|p, q| (a * q.0).total_cmp(&(a * p.0)).then((b * q.1).total_cmp(&(b * p.1))));
        let mut front: Vec<(f64, f64)> = Vec::new();
        for point in order {
            if front.last().is_none_or(|best| b * point.1 > b * best.1) {
                front.push(point);
            }
        }
        front.sort_by(|p, q| p.0.total_cmp(&q.0));
        front
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_is_what_nothing_beats() {
        let tried = vec![(1.0, 1.0), (2.0, 3.0), (3.0, 2.0), (2.0, 2.0), (3.0, 2.0), (0.0, 3.0)];
        let front = |more| {
            let quantity = Quantity::new("x", "");
            let head = Head::new("front", "A front.");
            Front { head, across: quantity.clone(), up: quantity, more, tried: tried.clone(), marked: vec![] }.front()
        };
        assert_eq!(front((true, true)), [(2.0, 3.0), (3.0, 2.0)]);
        assert_eq!(front((false, false)), [(0.0, 3.0), (1.0, 1.0)]);
        assert_eq!(front((false, true)), [(0.0, 3.0)]);
        assert_eq!(front((true, false)), [(1.0, 1.0), (3.0, 2.0)]);
    }
}
