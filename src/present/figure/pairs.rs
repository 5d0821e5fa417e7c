//! How parameters trade off: scatter plots of draws for each pair, and the matrix of correlations.

use super::axis::{Axis, Range, drawable};
use super::canvas::{Anchor, Canvas, Marker, Place};
use super::panel::{Drawing, Layer, Plot};
use super::ticks::Tick;
use super::{exhibits, font, placing, style, ticks};
use crate::present::exhibit::Exhibit;
use crate::present::plain::{Head, Quantity};
use crate::present::refusal::{Refusal, Remark};

/// Scatter below the diagonal, histograms on it, correlations above.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairs {
    pub head: Head,
    pub parameters: Vec<Quantity>,
    /// `[draw, parameter]`
    pub draws: Vec<Vec<f64>>,
    /// A point to mark, such as the maximum a posteriori.
    pub estimate: Option<Vec<f64>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Correlation {
    pub head: Head,
    pub parameters: Vec<String>,
    /// `[parameter, parameter]`, within −1 and 1.
    pub matrix: Vec<Vec<f64>>,
}

const EDGE: f64 = 0.6;
const LINE: f64 = style::TEXT * style::POINT * style::LEADING;
/// Between two cells, in millimetres.
const GAP: f64 = 1.6;
/// More parameters make cells too small to read.
const MOST_PAIRED: usize = 10;
const MOST_CORRELATED: usize = 40;
/// More points than this in a cell hide each other: their counts are shown as shades.
const MOST_POINTS: usize = 400;
const BINS: usize = 20;

impl Pairs {
    pub fn draw(&self) -> Result<Vec<Exhibit>, Refusal> {
        let exhibit = self.head.name.clone();
        let count = self.parameters.len();
        if count < 2 || self.draws.is_empty() {
            return Err(Refusal::Empty { exhibit });
        }
        if count > MOST_PAIRED {
            let what = "parameters".into();
            return Err(Refusal::TooMany { exhibit, what, found: count, limit: MOST_PAIRED });
        }
        let lengths = self.draws.iter().map(|draw| ("draw", draw.len()));
        for (series, found) in lengths.chain(self.estimate.iter().map(|e| ("estimate", e.len()))) {
            if found != count {
                return Err(Refusal::Lengths { exhibit, series: series.into(), expected: count, found });
            }
        }
        let mut remarks = Vec::new();
        let columns: Vec<Vec<f64>> = (0..count).map(|p| self.draws.iter().map(|draw| draw[p]).collect()).collect();
        if self.draws.len() > MOST_POINTS {
            remarks.push(Remark::Binned { draws: self.draws.len() });
        }
        let axes = columns
            .iter()
            .zip(&self.parameters)
            .map(|(values, parameter)| {
                Axis::new(parameter, values, Range::Margin, &mut remarks)
                    .ok_or_else(|| Refusal::NothingFinite { exhibit: exhibit.clone(), series: parameter.title.clone() })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let (sheet, axes) = Cells::new(style::width(self.head.width), axes);
        let (left, cell, names) = (sheet.left, sheet.cell, &sheet.names);
        let lines = names.iter().map(Vec::len).max().unwrap_or(0) as f64;
        let height = EDGE + (cell + GAP) * count as f64 + style::TICK + style::TICK_GAP + LINE * (lines + 1.0) + EDGE;
        let mut canvas = Canvas::new(style::width(self.head.width), (height * 100.0).ceil() / 100.0);
        for row in 0..count {
            for column in 0..count {
                let plot = Plot {
                    left: left + (cell + GAP) * column as f64,
                    top: EDGE + (cell + GAP) * row as f64,
                    width: cell,
                    height: cell,
                };
                if column > row {
                    let r = correlation(&columns[column], &columns[row]);
                    write_correlation(&mut canvas, plot, r, style::TITLE);
                    continue;
                }
                if column == row {
                    histogram(&mut canvas, plot, &axes[row], &columns[row]);
                } else {
                    let drawing = Drawing { x: &axes[column], y: &axes[row], plot };
                    self.cloud(&mut canvas, &drawing, &columns[column], &columns[row]);
                    if let Some(estimate) = &self.estimate {
                        let (x, y) = (vec![estimate[column]], vec![estimate[row]]);
                        let (colour, marker) = (style::VERMILLION, Marker::Cross);
                        drawing.layer(
                            &mut canvas,
                            &Layer::Points { name: String::new(), x, y, marker, colour, hollow: None },
                        );
                    }
                }
                frame(&mut canvas, plot);
                if row + 1 == count {
                    below(&mut canvas, plot, &axes[column], &names[column]);
                }
                if column == 0 {
                    beside(&mut canvas, plot, &axes[row], &names[row], row > 0);
                }
            }
        }
        let alt = self.describe(&columns);
        exhibits(&self.head, &[canvas], alt, &remarks)
    }

    fn cloud(&self, canvas: &mut Canvas, drawing: &Drawing, x: &[f64], y: &[f64]) {
        if self.draws.len() <= MOST_POINTS {
            for (x, y) in x.iter().zip(y) {
                if let (Some(sx), Some(sy)) = (drawing.x.share(*x), drawing.y.share(*y)) {
                    canvas.dot(drawing.plot.at((sx, sy)), 0.28, style::BLUE);
                }
            }
            return;
        }
        let mut counts = vec![0usize; BINS * BINS];
        for (x, y) in x.iter().zip(y) {
            if let (Some(i), Some(j)) = (bin(drawing.x, *x), bin(drawing.y, *y)) {
                counts[i * BINS + j] += 1;
            }
        }
        let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
        for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let (i, j) = ((at / BINS) as f64, (at % BINS) as f64);
            let size = BINS as f64;
            let (from, to) =
                (drawing.plot.at((i / size, j / size)), drawing.plot.at(((i + 1.0) / size, (j + 1.0) / size)));
            // The square root keeps single draws in sight.
            let shade = 0.12 + 0.88 * (*count as f64 / most).sqrt();
            canvas.rectangle((from.0, to.1), (to.0, from.1), style::BLUE.tint(shade));
        }
    }

    fn describe(&self, columns: &[Vec<f64>]) -> String {
        let names: Vec<&str> = self.parameters.iter().map(|parameter| parameter.title.as_str()).collect();
        let strongest = strongest(&names, |i, j| correlation(&columns[i], &columns[j]));
        format!("Pairs plot of {} draws of {} parameters. {strongest}", self.draws.len(), names.len())
    }
}

/// The three strongest correlations in words.
fn strongest(names: &[&str], r: impl Fn(usize, usize) -> Option<f64>) -> String {
    let pairs = (0..names.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    let mut pairs: Vec<(f64, usize, usize)> = pairs.filter_map(|(i, j)| r(i, j).map(|r| (r, j, i))).collect();
    pairs.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    pairs.truncate(3);
    let named = pairs.iter().map(|(r, i, j)| format!("{} with {} {}", names[*i], names[*j], ticks::number(*r, 2, 1e3)));
    format!("Strongest correlations: {}.", named.collect::<Vec<_>>().join("; "))
}

/// The square cells of a pairs plot.
struct Cells {
    /// From the page's edge to the first cell: names, turned, and tick labels.
    left: f64,
    cell: f64,
    /// Broken to the cell.
    names: Vec<Vec<String>>,
}

impl Cells {
    /// Names and tick labels make the margin, the margin the cell, and the cell breaks the names: two passes settle it.
    fn new(total: f64, axes: Vec<Axis>) -> (Cells, Vec<Axis>) {
        let count = axes.len() as f64;
        let mut cells = Cells { left: 0.0, cell: (total / count - GAP).max(6.0), names: Vec::new() };
        let mut ticked = axes.clone();
        for _ in 0..2 {
            let cell = cells.cell;
            ticked = axes
                .iter()
                .map(|axis| {
                    let mut axis = axis.clone().with_ticks(|axis, ticks| few(axis, ticks, cell));
                    let ends = axis.clone();
                    axis.ticks.retain(|tick| inside(&ends, tick, cell));
                    axis
                })
                .collect();
            cells.names = axes.iter().map(|axis| placing::wrap(&axis.named(), style::TEXT, cell)).collect();
            let lines = cells.names.iter().map(Vec::len).max().unwrap_or(0) as f64;
            let labels = ticked.iter().flat_map(|axis| &axis.ticks).map(|tick| &tick.label);
            cells.left =
                EDGE + LINE * lines + 1.0 + placing::widest(labels, style::TEXT) + style::TICK + style::TICK_GAP;
            cells.cell = ((total - cells.left - EDGE) / count - GAP).max(6.0);
        }
        (cells, ticked)
    }
}

/// At most three ticks, with room between their labels.
fn few(axis: &Axis, ticks: &[Tick], cell: f64) -> bool {
    let place = |tick: &Tick| axis.share(tick.at).unwrap_or(0.0) * cell;
    let widest = ticks.iter().map(|t| font::width(&t.label, style::TEXT)).fold(0.0, f64::max);
    ticks.len() <= 3 && ticks.windows(2).all(|pair| place(&pair[1]) - place(&pair[0]) >= widest + 1.2)
}

/// Whether a label stays within its cell, so that it cannot meet one of the next cell.
fn inside(axis: &Axis, tick: &Tick, cell: f64) -> bool {
    let (at, half) = (axis.share(tick.at).unwrap_or(0.0) * cell, font::width(&tick.label, style::TEXT) / 2.0);
    at - half >= -GAP / 2.0 && at + half <= cell + GAP / 2.0
}

/// Pearson's correlation over the draws in which both are finite; `None` for a constant.
fn correlation(x: &[f64], y: &[f64]) -> Option<f64> {
    let both: Vec<(f64, f64)> =
        x.iter().zip(y).filter(|(x, y)| drawable(**x) && drawable(**y)).map(|(x, y)| (*x, *y)).collect();
    let n = both.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| both.iter().map(of).sum::<f64>() / n;
    let (mx, my) = (mean(|p| p.0), mean(|p| p.1));
    let sum = |f: &dyn Fn(f64, f64) -> f64| both.iter().map(|(x, y)| f(x - mx, y - my)).sum::<f64>();
    let r = sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt();
    r.is_finite().then_some(r)
}

fn bin(axis: &Axis, value: f64) -> Option<usize> {
    let share = if drawable(value) { axis.share(value)? } else { return None };
    (0.0..=1.0).contains(&share).then_some(((share * BINS as f64) as usize).min(BINS - 1))
}

fn frame(canvas: &mut Canvas, plot: Plot) {
    let corners: [Place; 5] = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)];
    canvas.line(corners.map(|c| plot.at(c)).to_vec(), style::solid(style::HAIRLINE, style::AXIS_WIDTH));
}

fn histogram(canvas: &mut Canvas, plot: Plot, axis: &Axis, values: &[f64]) {
    let mut counts = [0usize; BINS];
    for bin in values.iter().filter_map(|value| bin(axis, *value)) {
        counts[bin] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    // One outline for all bars, so that no seam shows between two.
    let mut outline = vec![plot.at((0.0, 0.0))];
    for (i, count) in counts.iter().enumerate() {
        let height = 0.92 * *count as f64 / most;
        outline.extend([i, i + 1].map(|edge| plot.at((edge as f64 / BINS as f64, height))));
    }
    outline.push(plot.at((1.0, 0.0)));
    canvas.area(outline, style::BLUE.tint(0.55), 1.0);
}

/// The correlation as a number, its strength as a ground.
fn write_correlation(canvas: &mut Canvas, plot: Plot, r: Option<f64>, size: f64) {
    let (x, y) = plot.at((0.5, 0.5));
    let text = r.map_or("–".into(), |r| ticks::number(r, 2, 1e3));
    let strength = r.map_or(0.0, f64::abs);
    let (from, to) = ((plot.left, plot.top), (plot.right(), plot.bottom()));
    canvas.rectangle(from, to, style::BLUE.tint(0.35 * strength));
    canvas.text(&text, (x, y + size * style::POINT * style::MIDDLE), size, style::INK, Anchor::Middle);
}

fn below(canvas: &mut Canvas, plot: Plot, axis: &Axis, name: &[String]) {
    let baseline = plot.bottom() + style::TICK + style::TICK_GAP + style::TEXT * style::POINT * 0.72;
    let stroke = style::solid(style::AXIS, style::AXIS_WIDTH);
    for tick in &axis.ticks {
        let x = plot.left + axis.share(tick.at).unwrap_or(0.0) * plot.width;
        canvas.segment((x, plot.bottom()), (x, plot.bottom() + style::TICK), stroke);
        canvas.text(&tick.label, (x, baseline), style::TEXT, style::INK, Anchor::Middle);
    }
    for (i, line) in name.iter().enumerate() {
        let at = (plot.left + plot.width / 2.0, baseline + LINE * (i as f64 + 1.1));
        canvas.text(line, at, style::TEXT, style::INK, Anchor::Middle);
    }
}

fn beside(canvas: &mut Canvas, plot: Plot, axis: &Axis, name: &[String], ticked: bool) {
    let stroke = style::solid(style::AXIS, style::AXIS_WIDTH);
    for tick in axis.ticks.iter().filter(|_| ticked) {
        let y = plot.bottom() - axis.share(tick.at).unwrap_or(0.0) * plot.height;
        canvas.segment((plot.left - style::TICK, y), (plot.left, y), stroke);
        let at = (plot.left - style::TICK - style::TICK_GAP, y + style::TEXT * style::POINT * style::MIDDLE);
        canvas.text(&tick.label, at, style::TEXT, style::INK, Anchor::End);
    }
    for (i, line) in name.iter().enumerate() {
        let at = (EDGE + LINE * (i as f64 + 0.8), plot.top + plot.height / 2.0);
        canvas.turned_text(line, at, style::TEXT, style::INK, Anchor::Middle);
    }
}

impl Correlation {
    pub fn draw(&self) -> Result<Vec<Exhibit>, Refusal> {
        let exhibit = self.head.name.clone();
        let count = self.parameters.len();
        if count == 0 {
            return Err(Refusal::Empty { exhibit });
        }
        if count > MOST_CORRELATED {
            let what = "parameters".into();
            return Err(Refusal::TooMany { exhibit, what, found: count, limit: MOST_CORRELATED });
        }
        let lengths = self.matrix.iter().map(Vec::len).chain([self.matrix.len()]);
        if let Some(found) = lengths.into_iter().find(|length| *length != count) {
            return Err(Refusal::Lengths { exhibit, series: "correlation matrix".into(), expected: count, found });
        }
        let total = style::width(self.head.width);
        let number = font::width("00", style::TEXT) + 1.4;
        let left = EDGE + placing::widest(&self.parameters, style::TEXT) + 1.4 + number;
        // Cells with room for a number are wide and low, others square.
        let wide = ((total - left - EDGE) / count as f64).min(14.0);
        let numbers = wide >= 7.5;
        let high = if numbers { 5.6 } else { wide };
        let top = EDGE + LINE + 0.4;
        let mut canvas = Canvas::new(total, ((top + EDGE + high * count as f64) * 100.0).ceil() / 100.0);
        let lower = style::TEXT * style::POINT * style::MIDDLE;
        for (i, name) in self.parameters.iter().enumerate() {
            let middle = top + (i as f64 + 0.5) * high;
            let write = |canvas: &mut Canvas, text: &str, at: Place, colour, anchor| {
                canvas.text(text, at, style::TEXT, colour, anchor);
            };
            let order = (i + 1).to_string();
            write(&mut canvas, name, (left - number - 1.0, middle + lower), style::INK, Anchor::End);
            write(&mut canvas, &order, (left - 1.0, middle + lower), style::GREY, Anchor::End);
            let head = (left + (i as f64 + 0.5) * wide, EDGE + LINE * 0.8);
            write(&mut canvas, &order, head, style::GREY, Anchor::Middle);
            for (j, r) in self.matrix[i].iter().enumerate().take(i + 1) {
                let plot = Plot { left: left + j as f64 * wide, top: top + i as f64 * high, width: wide, height: high };
                if numbers {
                    write_correlation(&mut canvas, plot, r.is_finite().then_some(*r), style::TEXT);
                } else {
                    disc(&mut canvas, plot, *r);
                }
                frame(&mut canvas, plot);
            }
        }
        let names: Vec<&str> = self.parameters.iter().map(String::as_str).collect();
        let strongest = strongest(&names, |i, j| Some(self.matrix[i][j]).filter(|r| r.is_finite()));
        exhibits(&self.head, &[canvas], format!("Correlations of {count} parameters. {strongest}"), &[])
    }
}

/// Area is strength; filled is positive, hollow negative, so that grey printing keeps the sign.
fn disc(canvas: &mut Canvas, plot: Plot, r: f64) {
    let radius = plot.width / 2.0 * 0.92 * r.abs().min(1.0).sqrt();
    if radius.is_finite() {
        canvas.ring(plot.at((0.5, 0.5)), radius, (r > 0.0).then_some(style::BLUE.tint(0.45)), style::BLUE);
    }
}
