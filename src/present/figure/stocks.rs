//! Small multiples of the stocks, sector by sector, over as many pages as they need.

use super::paths::Strokes;
use super::runs::RunPanel;
use super::{Sheet, columns, paths, plot_height, style};
use crate::present::exhibit::Exhibit;
use crate::present::plain::{Frame, Head};
use crate::present::refusal::Refusal;

#[derive(Clone, Debug, PartialEq)]
pub struct Stocks {
    pub head: Head,
    pub frame: Frame,
    pub sectors: Vec<Sector>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Sector {
    pub title: String,
    pub panels: Vec<RunPanel>,
}

impl Stocks {
    pub fn draw(&self) -> Result<Vec<Exhibit>, Refusal> {
        let mut remarks = Vec::new();
        let all = || self.sectors.iter().flat_map(|sector| &sector.panels);
        let strokes = Strokes::new(all().map(RunPanel::labels));
        let mut groups = Vec::new();
        for sector in &self.sectors {
            let panels = sector
                .panels
                .iter()
                .map(|panel| panel.layers(&self.head.name, &strokes, &mut remarks))
                .collect::<Result<Vec<_>, _>>()?;
            groups.push((sector.title.clone(), panels));
        }
        let key = paths::band_key(all().flat_map(|panel| &panel.paths), style::BLACK);
        let widest = self.sectors.iter().map(|sector| sector.panels.len()).max().unwrap_or(0);
        let (columns, plot_height) = (columns(self.head.width, widest), plot_height(self.head.width, all().count()));
        Sheet { head: &self.head, kind: "Stocks by sector over time", columns, plot_height, key, remarks }
            .over_time(groups, &self.frame)
    }
}
