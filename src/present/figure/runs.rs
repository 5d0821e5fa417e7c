//! Chosen variables of one run over time: the picture of `levada run --figure`.

use super::panel::Panel;
use super::paths::Strokes;
use super::{Sheet, columns, paths, plot_height, style};
use crate::present::exhibit::Exhibit;
use crate::present::plain::{Frame, Head, Path, Quantity};
use crate::present::refusal::{Refusal, Remark};

#[derive(Clone, Debug, PartialEq)]
pub struct Runs {
    pub head: Head,
    pub frame: Frame,
    pub panels: Vec<RunPanel>,
}

/// One variable; a path for each of its elements (or for each scenario), labelled directly.
#[derive(Clone, Debug, PartialEq)]
pub struct RunPanel {
    pub quantity: Quantity,
    pub paths: Vec<Path>,
}

impl Runs {
    pub fn draw(&self) -> Result<Vec<Exhibit>, Refusal> {
        let mut remarks = Vec::new();
        let strokes = Strokes::new(self.panels.iter().map(RunPanel::labels));
        let panels = self
            .panels
            .iter()
            .map(|panel| panel.layers(&self.head.name, &strokes, &mut remarks))
            .collect::<Result<Vec<_>, _>>()?;
        let key = paths::band_key(self.panels.iter().flat_map(|panel| &panel.paths), style::BLACK);
        let (columns, plot_height) =
            (columns(self.head.width, panels.len()), plot_height(self.head.width, panels.len()));
        Sheet { head: &self.head, kind: "Model variables over time", columns, plot_height, key, remarks }
            .over_time(vec![(String::new(), panels)], &self.frame)
    }
}

impl RunPanel {
    pub(super) fn labels(&self) -> Vec<&str> {
        self.paths.iter().map(|path| path.label.as_str()).collect()
    }

    pub(super) fn layers(&self, exhibit: &str, strokes: &Strokes, remarks: &mut Vec<Remark>) -> Result<Panel, Refusal> {
        if self.paths.is_empty() {
            return Err(Refusal::NothingFinite { exhibit: exhibit.into(), series: self.quantity.title.clone() });
        }
        let several = self.paths.len() > 1;
        let mut layers = Vec::new();
        for (place, path) in self.paths.iter().enumerate() {
            let (stroke, label) = if several {
                (strokes.of(&path.label, place), path.label.as_str())
            } else {
                (style::path_stroke(0), "")
            };
            layers.extend(paths::path(exhibit, path, stroke, label, remarks)?);
        }
        Ok(Panel::over_time(self.quantity.clone(), layers))
    }
}
