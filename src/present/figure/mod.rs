//! The kinds of figure. Each is plain data with a `draw` that returns one exhibit for each page it fills.

mod axis;
mod canvas;
mod describe;
mod font;
mod grid;
mod key;
mod panel;
mod paths;
mod periods;
mod placing;
mod print;
mod style;
mod svg;
mod ticks;

mod bars;
mod cohorts;
mod counterfactual;
mod fan;
mod fit;
mod front;
mod pairs;
mod profiles;
mod residuals;
mod runs;
mod shares;
mod starts;
mod stocks;

pub use bars::{BarInterval, Intervals, Swing, Tornado};
pub use cohorts::{CohortRow, Cohorts};
pub use counterfactual::{Counterfactual, CounterfactualPanel};
pub use fan::Fan;
pub use fit::{Fit, FitPanel};
pub(super) use font::BYTES as FONT;
pub use front::Front;
pub use pairs::{Correlation, Pairs};
pub use profiles::{ProfilePanel, Profiles};
pub use residuals::{ResidualPanel, Residuals};
pub use runs::{RunPanel, Runs};
pub use shares::{Shares, SharesPanel, SharesPart};
pub use starts::{Outcome, Start, Starts};
pub use stocks::{Sector, Stocks};
pub use ticks::short as short_number;

use super::exhibit::Exhibit;
use super::plain::{Frame, Head, Width};
use super::refusal::{Refusal, Remark};
use canvas::{Canvas, Mark};
use grid::Grid;
use key::KeyItem;
use panel::Panel;

/// What a kind of figure says of itself before its panels are laid out and printed.
struct Sheet<'a> {
    head: &'a Head,
    /// For the alternative text.
    kind: &'a str,
    columns: usize,
    /// In millimetres.
    plot_height: f64,
    key: Vec<KeyItem>,
    remarks: Vec<Remark>,
}

impl Sheet<'_> {
    fn over_time(self, groups: Vec<(String, Vec<Panel>)>, frame: &Frame) -> Result<Vec<Exhibit>, Refusal> {
        let panels: Vec<&Panel> = groups.iter().flat_map(|(_, panels)| panels).collect();
        let alt = describe::panels(self.kind, frame, &panels);
        self.lay_out(groups, frame.clone(), alt)
    }

    /// Panels that have horizontal axes of their own, and what they show in words.
    fn over_values(self, panels: Vec<Panel>, facts: &[String]) -> Result<Vec<Exhibit>, Refusal> {
        let alt = format!("{}. {}.", self.kind, facts.join("; "));
        self.lay_out(vec![(String::new(), panels)], Frame::default(), alt)
    }

    fn lay_out(
        mut self,
        groups: Vec<(String, Vec<Panel>)>,
        frame: Frame,
        alt: String,
    ) -> Result<Vec<Exhibit>, Refusal> {
        let width = self.head.width;
        let grid = Grid { width, columns: self.columns, plot_height: self.plot_height, groups, frame, key: self.key };
        let pages = grid.pages(&self.head.name, &mut self.remarks)?;
        exhibits(self.head, &pages, alt, &self.remarks)
    }
}

/// Prints pages: one exhibit each, numbered when there are several.
fn exhibits(head: &Head, pages: &[Canvas], alt: String, remarks: &[Remark]) -> Result<Vec<Exhibit>, Refusal> {
    let alt = head.alt.clone().unwrap_or(alt);
    let several = pages.len() > 1;
    let internal = |fault: String| Refusal::Internal { exhibit: head.name.clone(), fault };
    let mut exhibits = Vec::new();
    for (i, page) in pages.iter().enumerate() {
        let name = if several { format!("{}-{}", head.name, i + 1) } else { head.name.clone() };
        let part = if several { format!(" (part {} of {})", i + 1, pages.len()) } else { String::new() };
        let (caption, alt) = (format!("{}{part}", head.caption), format!("{alt}{part}"));
        let svg = svg::svg(page, &alt).map_err(internal)?;
        let texts = page.marks.iter().filter(|mark| matches!(mark, Mark::Text { .. })).count();
        let printed = print::print(&svg, &name, texts).map_err(internal)?;
        let mut remarks = if i == 0 { remarks.to_vec() } else { Vec::new() };
        if !printed.missing.is_empty() {
            let characters = printed.missing.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
            remarks.push(Remark::MissingGlyphs { characters });
        }
        let files = vec![
            ("svg", svg.into_bytes()),
            ("pdf", printed.pdf),
            ("png", printed.png),
            ("caption.txt", format!("{caption}\n").into_bytes()),
            ("alt.txt", format!("{alt}\n").into_bytes()),
        ];
        let warnings = remarks.iter().map(|remark| remark.diagnostic(&name)).collect();
        exhibits.push(Exhibit { name, files, caption, alt, warnings });
    }
    Ok(exhibits)
}

/// Columns of small multiples.
fn columns(width: Width, panels: usize) -> usize {
    let most = match width {
        Width::Single => 1,
        Width::OneAndHalf => 2,
        Width::Double => 3,
    };
    // Four panels stand better two by two.
    if panels == 4 { most.min(2) } else { most.min(panels.max(1)) }
}

/// The height of a plot in millimetres: alone on the page, or one of several.
fn plot_height(width: Width, panels: usize) -> f64 {
    match (width, panels) {
        (Width::Single, 1) => 46.0,
        (Width::OneAndHalf, 1) => 60.0,
        (Width::Double, 1) => 75.0,
        (_, 2..=4) => 36.0,
        _ => 27.0,
    }
}
