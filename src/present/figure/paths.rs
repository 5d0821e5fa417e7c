//! Plain paths and observations into layers, checked: equal lengths, something finite to show.

use super::axis::drawable;
use super::canvas::{Colour, MARKERS, Stroke};
use super::key::{KeyItem, Sample};
use super::panel::Layer;
use super::style;
use crate::present::plain::{Observed, Path};
use crate::present::refusal::{Refusal, Remark};

/// The strokes of a figure's paths: a label has the same stroke in every panel, as long as there are strokes enough to
/// tell all labels apart; beyond that, strokes go by place within a panel.
pub struct Strokes {
    labels: Vec<String>,
}

impl Strokes {
    /// Each item is the labels of one panel.
    pub fn new<'a>(panels: impl IntoIterator<Item = Vec<&'a str>>) -> Self {
        let mut labels: Vec<String> = Vec::new();
        for panel in panels.into_iter().filter(|panel| panel.len() > 1) {
            for label in panel {
                if !labels.iter().any(|l| l == label) {
                    labels.push(label.into());
                }
            }
        }
        if labels.len() > style::STROKES {
            labels.clear();
        }
        Strokes { labels }
    }

    pub fn of(&self, label: &str, place: usize) -> Stroke {
        style::path_stroke(self.labels.iter().position(|l| l == label).unwrap_or(place))
    }
}

/// The bands of a path, then its line.
pub fn path(
    exhibit: &str,
    path: &Path,
    stroke: Stroke,
    label: &str,
    remarks: &mut Vec<Remark>,
) -> Result<Vec<Layer>, Refusal> {
    check(exhibit, &path.label, &path.times, &path.values, remarks)?;
    let mut bands: Vec<_> = path.bands.iter().collect();
    bands.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let mut layers = Vec::new();
    for band in bands {
        let name = format!("{} (band)", path.label);
        for end in [&band.lower, &band.upper] {
            check(exhibit, &name, &path.times, end, remarks)?;
        }
        if !(band.probability > 0.0 && band.probability <= 1.0) {
            let what = format!("the probability of a band of `{}`", path.label);
            return Err(Refusal::Range { exhibit: exhibit.into(), what, from: 0.0, to: band.probability });
        }
        layers.push(Layer::Band {
            x: path.times.clone(),
            lower: band.lower.clone(),
            upper: band.upper.clone(),
            colour: band_colour(stroke.colour),
            opacity: style::band_opacity(band.probability),
        });
    }
    layers.push(Layer::Line {
        x: path.times.clone(),
        y: path.values.clone(),
        stroke,
        label: label.into(),
        fades: None,
    });
    Ok(layers)
}

/// Black bands would be as dark as policy periods; they are blue-grey instead.
fn band_colour(colour: Colour) -> Colour {
    if colour == style::BLACK { style::SLATE } else { colour }
}

/// Markers for each vendor, hollow from `hollow` on, and the key that names them.
pub fn observed(
    exhibit: &str,
    observed: &[Observed],
    hollow: Option<f64>,
    remarks: &mut Vec<Remark>,
) -> Result<(Vec<Layer>, Vec<KeyItem>), Refusal> {
    let mut layers = Vec::new();
    let mut key = Vec::new();
    for (i, series) in observed.iter().enumerate() {
        check(exhibit, &series.source, &series.times, &series.values, remarks)?;
        let marker = MARKERS[i % MARKERS.len()];
        layers.push(Layer::Points {
            name: series.source.clone(),
            x: series.times.clone(),
            y: series.values.clone(),
            marker,
            colour: style::INK,
            hollow,
        });
        let sample = Sample::Marker { marker, filled: true, colour: style::INK };
        key.push(KeyItem::new(sample, series.source.clone()));
    }
    Ok((layers, key))
}

/// Key items for the bands of these paths, each probability once, the wider last.
pub fn band_key<'a>(paths: impl IntoIterator<Item = &'a Path>, colour: Colour) -> Vec<KeyItem> {
    let mut probabilities: Vec<f64> = paths.into_iter().flat_map(|p| &p.bands).map(|b| b.probability).collect();
    probabilities.sort_by(f64::total_cmp);
    probabilities.dedup();
    let item = |p: f64| {
        let sample = Sample::Ground { colour: band_colour(colour), opacity: style::band_opacity(p) };
        KeyItem::new(sample, format!("{} band", percent(p)))
    };
    probabilities.into_iter().map(item).collect()
}

/// `90 %`, with a narrow no-break space.
pub fn percent(probability: f64) -> String {
    let percent = probability * 100.0;
    let decimals = usize::from((percent - percent.round()).abs() > 0.05);
    format!("{percent:.decimals$}\u{202f}%")
}

/// Equal lengths, and something to draw; what is infinite is remarked.
pub fn check(exhibit: &str, series: &str, x: &[f64], y: &[f64], remarks: &mut Vec<Remark>) -> Result<(), Refusal> {
    let (exhibit, name) = (exhibit.to_string(), series.to_string());
    if x.len() != y.len() {
        return Err(Refusal::Lengths { exhibit, series: name, expected: x.len(), found: y.len() });
    }
    if !x.iter().zip(y).any(|(x, y)| drawable(*x) && drawable(*y)) {
        return Err(Refusal::NothingFinite { exhibit, series: name });
    }
    let count = y.iter().filter(|y| !y.is_nan() && !drawable(**y)).count();
    if count > 0 {
        remarks.push(Remark::Unbounded { series: name, count });
    }
    Ok(())
}
