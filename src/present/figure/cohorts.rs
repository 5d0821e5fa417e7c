//! The same outcomes of several cohorts side by side, on one scale.

use super::panel::Panel;
use super::paths::Strokes;
use super::{Sheet, paths, plot_height, style};
use crate::present::exhibit::Exhibit;
use crate::present::plain::{Frame, Head, Path, Quantity};
use crate::present::refusal::Refusal;

/// A row for each outcome, a column for each cohort; the panels of a row share their axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Cohorts {
    pub head: Head,
    pub frame: Frame,
    /// Column titles: `elite`, `grassroots`.
    pub cohorts: Vec<String>,
    pub rows: Vec<CohortRow>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CohortRow {
    pub quantity: Quantity,
    /// `[cohort, path]`; a path for each scenario.
    pub paths: Vec<Vec<Path>>,
}

impl Cohorts {
    pub fn draw(&self) -> Result<Vec<Exhibit>, Refusal> {
        let name = &self.head.name;
        let mut remarks = Vec::new();
        let all = || self.rows.iter().flat_map(|row| &row.paths);
        let strokes = Strokes::new(all().map(|paths| paths.iter().map(|path| path.label.as_str()).collect()));
        let mut panels = Vec::new();
        for (number, row) in self.rows.iter().enumerate() {
            if row.paths.len() != self.cohorts.len() {
                let (expected, found) = (self.cohorts.len(), row.paths.len());
                let series = row.quantity.title.clone();
                return Err(Refusal::Lengths { exhibit: name.clone(), series, expected, found });
            }
            for (cohort, paths) in self.cohorts.iter().zip(&row.paths) {
                let mut layers = Vec::new();
                for (place, path) in paths.iter().enumerate() {
                    let label = if paths.len() > 1 { path.label.as_str() } else { "" };
                    layers.extend(paths::path(name, path, strokes.of(&path.label, place), label, &mut remarks)?);
                }
                let mut quantity = row.quantity.clone();
                quantity.title = format!("{}, {cohort}", quantity.title);
                panels.push(Panel { shared: Some(number), ..Panel::over_time(quantity, layers) });
            }
        }
        let key = paths::band_key(all().flatten(), style::BLACK);
        let (columns, plot_height) = (self.cohorts.len(), plot_height(self.head.width, panels.len()));
        Sheet { head: &self.head, kind: "Outcomes by cohort over time", columns, plot_height, key, remarks }
            .over_time(vec![(String::new(), panels)], &self.frame)
    }
}
