//! The waterfall of a multi-start: objective by rank, so that a plateau of equal optima shows.

use super::canvas::Marker;
use super::key::{KeyItem, Sample};
use super::panel::{Across, Layer, Panel};
use super::ticks::short;
use super::{Sheet, plot_height, style};
use crate::present::exhibit::Exhibit;
use crate::present::plain::{Head, Quantity};
use crate::present::refusal::Refusal;

#[derive(Clone, Debug, PartialEq)]
pub struct Starts {
    pub head: Head,
    /// Title of the objective axis: `Negative log posterior`.
    pub objective: String,
    pub starts: Vec<Start>,
    /// Starts this near to the best, in units of the objective, found the same optimum.
    pub tolerance: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Start {
    /// The final objective, smaller is better.
    pub objective: f64,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Converged,
    /// Stopped by a limit on iterations or time.
    Stopped,
    /// The run failed; it is counted in the figure and not drawn.
    Failed,
}

impl Starts {
    pub fn draw(&self) -> Result<Vec<Exhibit>, Refusal> {
        let exhibit = self.head.name.clone();
        if self.starts.is_empty() {
            return Err(Refusal::Empty { exhibit });
        }
        if !(self.tolerance > 0.0 && self.tolerance.is_finite()) {
            let what = "the tolerance of equal optima".into();
            return Err(Refusal::Range { exhibit, what, from: 0.0, to: self.tolerance });
        }
        let done = |start: &&Start| start.outcome != Outcome::Failed && super::axis::drawable(start.objective);
        let mut ranked: Vec<&Start> = self.starts.iter().filter(done).collect();
        ranked.sort_by(|a, b| a.objective.total_cmp(&b.objective));
        let Some(best) = ranked.first().map(|start| start.objective) else {
            return Err(Refusal::NothingFinite { exhibit, series: self.objective.clone() });
        };
        // The best itself has no logarithm: what lies deep within the tolerance is drawn at a floor.
        let floor = self.tolerance / 10.0;
        let points = |outcome, hollow| {
            let of_kind = ranked.iter().enumerate().filter(|(_, start)| start.outcome == outcome);
            let (x, y) = of_kind.map(|(i, start)| ((i + 1) as f64, (start.objective - best).max(floor))).unzip();
            Layer::Points { name: String::new(), x, y, marker: Marker::Disc, colour: style::INK, hollow }
        };
        let equal = ranked.iter().filter(|start| start.objective - best <= self.tolerance).count();
        let within = self.tolerance;
        let label: String = format!("{equal} of {} within {within} of the best", self.starts.len());
        let (from, to) = (floor * 0.6, self.tolerance);
        let layers = vec![
            Layer::Rows { from, to, colour: style::BLUE, opacity: 0.12 },
            points(Outcome::Converged, None),
            points(Outcome::Stopped, Some(f64::NEG_INFINITY)),
        ];
        let worst = ranked.last().map_or(0.0, |start| start.objective - best);
        let stopped = ranked.iter().filter(|start| start.outcome == Outcome::Stopped).count();
        let failed = self.starts.len() - ranked.len();
        let facts = format!(
            "{}: {label}, the worst {} above it; {stopped} stopped at a limit, {failed} failed",
            self.objective,
            short(worst)
        );
        let marker = |filled| Sample::Marker { marker: Marker::Disc, filled, colour: style::INK };
        let mut key = vec![KeyItem::new(Sample::Ground { colour: style::BLUE, opacity: 0.12 }, label)];
        if stopped > 0 {
            key.push(KeyItem::new(marker(true), "Converged"));
            key.push(KeyItem::new(marker(false), "Stopped at a limit"));
        }
        if failed > 0 {
            key.push(KeyItem::new(Sample::Letter(failed.to_string()), "failed, not shown"));
        }
        let y = Quantity::new(format!("{} above the best", self.objective), "").log();
        let across = Across::Counts(Quantity::new("Start, by rank", ""));
        let panel = Panel { key, ..Panel::new(y, across, layers) };
        let plot_height = plot_height(self.head.width, 1) * 0.8;
        let head = &self.head;
        Sheet {
            head,
            kind: "Objective of each start by rank",
            columns: 1,
            plot_height,
            key: Vec::new(),
            remarks: Vec::new(),
        }
        .over_values(vec![panel], &[facts])
    }
}
