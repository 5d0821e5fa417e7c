//! Panels in rows and columns over as many pages as they need: gutters from their labels, headings, one key on top.

use super::axis::{Axis, Range};
use super::canvas::{Anchor, Canvas};
use super::key::{self, KeyItem, Sample};
use super::panel::{Across, Drawing, EndLabel, LEADER, Layer, Panel, Plot, Rows};
use super::periods::{self, Strip};
use super::ticks::Tick;
use super::{font, placing, style};
use crate::present::plain::{Frame, Width};
use crate::present::refusal::{Refusal, Remark};
use std::cmp::Ordering;

pub struct Grid {
    pub width: Width,
    pub columns: usize,
    /// Of each panel's plot area, in millimetres.
    pub plot_height: f64,
    /// Panels under their headings; an empty heading takes no room.
    pub groups: Vec<(String, Vec<Panel>)>,
    /// Time axis, periods and rule; unused when every panel has a horizontal axis of its own.
    pub frame: Frame,
    pub key: Vec<KeyItem>,
}

/// Gaps in millimetres: around the page, between columns, between rows, below a title, from a heading to its panels.
const EDGE: f64 = 0.6;
const COLUMN_GAP: f64 = 2.6;
const ROW_GAP: f64 = 3.0;
const TITLE_GAP: f64 = 1.5;
const HEADING: f64 = 5.0;
const TITLE_LINE: f64 = style::TITLE * style::POINT * style::LEADING;
const TEXT_LINE: f64 = style::TEXT * style::POINT * style::LEADING;
/// Labels wider than this share of a panel, or than this many millimetres, go to the key.
const LABEL_SHARE: f64 = 0.32;
const LABEL_WIDEST: f64 = 29.0;
/// More labels than this push each other so far that their leaders cannot be followed.
const MOST_LABELS: usize = 5;
/// Row names break at this share of the figure's width.
const ROW_NAME_SHARE: f64 = 0.36;

/// A panel with what its layout needs.
struct Cell<'a> {
    panel: &'a Panel,
    column: usize,
    y: Axis,
    x: Axis,
    title: Vec<String>,
    x_title: Vec<String>,
    key_rows: usize,
    /// Nothing stands below it on its page.
    lowest: bool,
}

struct Columns {
    /// Where labels stand beside their lines: the width at which they break.
    labels: Option<f64>,
    left: Vec<f64>,
    right: Vec<f64>,
    plot: f64,
}

impl Columns {
    fn start(&self, column: usize) -> f64 {
        let before: f64 = (0..column).map(|c| self.left[c] + self.plot + self.right[c] + COLUMN_GAP).sum();
        EDGE + before + self.left[column]
    }
}

impl Grid {
    /// The pages of the figure.
    pub fn pages(&self, exhibit: &str, remarks: &mut Vec<Remark>) -> Result<Vec<Canvas>, Refusal> {
        let panels: Vec<&Panel> = self.groups.iter().flat_map(|(_, panels)| panels).collect();
        if panels.is_empty() {
            return Err(Refusal::Empty { exhibit: exhibit.into() });
        }
        let columns = self.columns.min(self.groups.iter().map(|(_, panels)| panels.len()).max().unwrap_or(1)).max(1);
        let total = style::width(self.width);
        let window = self.window(exhibit, &panels)?;
        let ys = self.vertical_axes(exhibit, &panels, window, remarks)?;
        let labels = (total / columns as f64 * LABEL_SHARE).min(LABEL_WIDEST);
        let labels = self.labels_fit(&panels, labels).then_some(labels);
        let gutters = self.gutters(&panels, &ys, columns, total, labels);
        let xs = self.horizontal_axes(exhibit, &panels, window, gutters.plot, remarks)?;
        let strip = periods::strip(&self.frame, window, gutters.plot, panels.len() > 1);

        let mut key = self.key.clone();
        if labels.is_none() {
            key.splice(0..0, line_samples(&panels));
        }
        key.extend(strip.key.iter().cloned());

        let mut rows: Vec<(Option<&str>, Vec<Cell>)> = Vec::new();
        let mut number = 0;
        for (heading, panels) in &self.groups {
            for (first, chunk) in panels.chunks(columns).enumerate() {
                let cells = chunk.iter().enumerate().map(|(column, panel)| {
                    let i = number + column;
                    let room = gutters.left[column] + gutters.plot + gutters.right[column] - 1.0;
                    Cell {
                        panel,
                        column,
                        y: ys[i].clone(),
                        x: xs[i].clone(),
                        title: if panel.turned {
                            Vec::new()
                        } else {
                            placing::wrap(&ys[i].named(), style::TITLE, room)
                        },
                        x_title: placing::wrap(&xs[i].named(), style::TEXT, gutters.plot + 6.0),
                        key_rows: key::rows(&panel.key, room),
                        lowest: false,
                    }
                });
                rows.push(((first == 0 && !heading.is_empty()).then_some(heading.as_str()), cells.collect()));
                number += chunk.len();
            }
        }
        let key_height = if key.is_empty() { 0.0 } else { key::rows(&key, total - 2.0 * EDGE) as f64 * key::ROW + 2.0 };
        let pages = self.paginate(rows, key_height, strip.height);
        Ok(pages.into_iter().map(|rows| self.page(rows, total, &gutters, &key, key_height, &strip)).collect())
    }

    /// Rows into pages no taller than the tallest, and which cells are the lowest of their column on their page.
    fn paginate<'a>(
        &self,
        rows: Vec<(Option<&'a str>, Vec<Cell<'a>>)>,
        key_height: f64,
        strip_height: f64,
    ) -> Vec<Vec<(Option<&'a str>, Vec<Cell<'a>>)>> {
        let mut pages = vec![Vec::new()];
        let first = key_height + strip_height + 2.0 * EDGE + TEXT_LINE * 2.0;
        let mut height = first;
        for row in rows {
            // As if every row had tick labels: a little too much, never too little.
            let needed = self.row_height(&row.1) + row.0.map_or(0.0, |_| HEADING) + TEXT_LINE;
            if height + needed > style::TALLEST && pages.last().is_some_and(|page| !page.is_empty()) {
                pages.push(Vec::new());
                height = first;
            }
            height += needed;
            if let Some(page) = pages.last_mut() {
                page.push(row);
            }
        }
        for page in &mut pages {
            let lengths: Vec<usize> = page.iter().map(|(_, cells)| cells.len()).collect();
            for (r, (_, cells)) in page.iter_mut().enumerate() {
                for cell in cells {
                    let below = lengths[r + 1..].iter().any(|length| *length > cell.column);
                    cell.lowest = !below || cell.panel.x != Across::Time;
                }
            }
        }
        pages
    }

    fn row_height(&self, cells: &[Cell]) -> f64 {
        header(cells) + self.plot_height + footer(cells) + ROW_GAP
    }

    fn page(
        &self,
        rows: Vec<(Option<&str>, Vec<Cell>)>,
        total: f64,
        gutters: &Columns,
        key: &[KeyItem],
        key_height: f64,
        strip: &Strip,
    ) -> Canvas {
        let headings = rows.iter().filter(|(heading, _)| heading.is_some()).count() as f64 * HEADING;
        let body: f64 = rows.iter().map(|(_, cells)| self.row_height(cells)).sum();
        let height = EDGE * 2.0 + key_height + strip.height + headings + body - ROW_GAP;
        let mut canvas = Canvas::new(total, (height * 100.0).ceil() / 100.0);
        key::draw(&mut canvas, key, (EDGE, EDGE), total - 2.0 * EDGE);
        let mut top = EDGE + key_height;
        for (r, (heading, cells)) in rows.iter().enumerate() {
            if let Some(heading) = heading {
                let hair = style::solid(style::HAIRLINE, style::AXIS_WIDTH);
                canvas.segment((EDGE, top + 0.3), (total - EDGE, top + 0.3), hair);
                let baseline = top + 0.6 + style::TITLE * style::POINT;
                canvas.text(heading, (EDGE, baseline), style::TITLE, style::GREY, Anchor::Start);
                top += HEADING;
            }
            let strip_height = if r == 0 { strip.height } else { 0.0 };
            for cell in cells {
                let left = gutters.start(cell.column);
                let plot_top = top + header(cells) + strip_height;
                let plot = Plot { left, top: plot_top, width: gutters.plot, height: self.plot_height };
                write_title(&mut canvas, cell, left - gutters.left[cell.column], plot_top - strip_height, gutters);
                if cell.panel.x == Across::Time {
                    periods::shade(&mut canvas, &self.frame, &cell.x, plot);
                    if r == 0 {
                        strip.draw(&mut canvas, plot);
                    }
                }
                self.cell(&mut canvas, cell, plot, gutters.labels);
            }
            top += strip_height + self.row_height(cells);
        }
        canvas
    }

    fn cell(&self, canvas: &mut Canvas, cell: &Cell, plot: Plot, labels: Option<f64>) {
        let drawing = Drawing { x: &cell.x, y: &cell.y, plot };
        if let Some(rule) = self.frame.rule.as_ref().filter(|_| cell.panel.x == Across::Time) {
            drawing.layer(canvas, &Layer::Upright { x: rule.at, stroke: periods::RULE });
        }
        let (lo, hi) = cell.y.ends();
        if lo < 0.0 && hi > 0.0 && cell.panel.rows.is_none() {
            let zero = style::solid(style::AXIS, style::AXIS_WIDTH);
            drawing.layer(canvas, &Layer::Level { y: 0.0, stroke: zero });
        }
        draw_axes(canvas, cell, plot);
        // Grounds first, so that no band hides a line.
        let (grounds, lines): (Vec<&Layer>, Vec<&Layer>) =
            cell.panel.layers.iter().partition(|layer| layer.is_ground());
        for layer in grounds.into_iter().chain(lines) {
            drawing.layer(canvas, layer);
        }
        if let Some(room) = labels {
            let labels: Vec<EndLabel> = labelled(cell.panel)
                .filter_map(|(x, y, stroke, label)| {
                    let end = drawing.end_of(x, y)?;
                    let lines = placing::wrap(label, style::TEXT, room);
                    Some(EndLabel { end, lines, colour: style::legible(stroke.colour) })
                })
                .collect();
            drawing.end_labels(canvas, &labels);
        }
    }

    /// The window given, or the span of what can be drawn.
    fn window(&self, exhibit: &str, panels: &[&Panel]) -> Result<(f64, f64), Refusal> {
        let refuse = |what: &str, from, to| Refusal::Range { exhibit: exhibit.into(), what: what.into(), from, to };
        for period in &self.frame.periods {
            if period.start.partial_cmp(&period.end) != Some(Ordering::Less) {
                return Err(refuse(&format!("the period `{}`", period.label), period.start, period.end));
            }
        }
        if let Some((from, to)) = self.frame.window {
            let sound = from < to && (to - from).is_finite();
            return if sound { Ok((from, to)) } else { Err(refuse("the window", from, to)) };
        }
        let times = panels.iter().filter(|p| p.x == Across::Time).flat_map(|p| &p.layers).flat_map(Layer::x_values);
        let (from, to) = times.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), t| (lo.min(t), hi.max(t)));
        Ok(if from < to {
            (from, to)
        } else if from == to {
            (from - 0.5, to + 0.5)
        } else {
            (0.0, 1.0)
        })
    }

    fn vertical_axes(
        &self,
        exhibit: &str,
        panels: &[&Panel],
        window: (f64, f64),
        remarks: &mut Vec<Remark>,
    ) -> Result<Vec<Axis>, Refusal> {
        let values = |panel: &Panel| -> Vec<f64> {
            let everywhere = (f64::NEG_INFINITY, f64::INFINITY);
            let window = if panel.x == Across::Time { window } else { everywhere };
            panel.layers.iter().flat_map(|layer| layer.y_values(window)).map(|y| y.min(panel.most)).collect()
        };
        panels
            .iter()
            .map(|panel| {
                if let Some(rows) = &panel.rows {
                    let name = |name: &String| row_name(name, self.width).join("\n");
                    return Ok(Axis::of_rows(rows.names.iter().map(name).collect()));
                }
                let values = match panel.shared {
                    None => values(panel),
                    same => panels.iter().filter(|p| p.shared == same).flat_map(|p| values(p)).collect(),
                };
                let axis = Axis::new(&panel.y, &values, panel.range, remarks)
                    .ok_or_else(|| Refusal::NothingFinite { exhibit: exhibit.into(), series: panel.y.title.clone() })?;
                let axis = match panel.counted_like {
                    Some(reach) => axis.counted_like(reach, &panel.y),
                    None => axis,
                };
                let height = self.plot_height;
                Ok(axis.with_ticks(|axis, ticks| far_apart(axis, ticks, height, |_| 2.0, 3.2)))
            })
            .collect()
    }

    fn horizontal_axes(
        &self,
        exhibit: &str,
        panels: &[&Panel],
        window: (f64, f64),
        width: f64,
        remarks: &mut Vec<Remark>,
    ) -> Result<Vec<Axis>, Refusal> {
        panels
            .iter()
            .map(|panel| {
                let counts = matches!(panel.x, Across::Counts(_));
                let axis = match panel.x.quantity() {
                    None => Axis::of_time(&self.frame.time, window),
                    Some(quantity) => {
                        let places = panel.layers.iter().flat_map(Layer::x_values);
                        // A whole number has a place of width one.
                        let places = places.flat_map(|x| if counts { vec![x - 0.5, x + 0.5] } else { vec![x] });
                        let range = if counts { Range::Exact } else { panel.across_range() };
                        Axis::new(quantity, &places.collect::<Vec<_>>(), range, remarks).ok_or_else(|| {
                            Refusal::NothingFinite { exhibit: exhibit.into(), series: quantity.title.clone() }
                        })?
                    }
                };
                let label = |tick: &Tick| font::width(&tick.label, style::TEXT);
                let mut axis = axis.with_ticks(|axis, ticks| far_apart(axis, ticks, width, label, 2.6));
                if counts {
                    axis.keep_whole_ticks();
                }
                Ok(axis)
            })
            .collect()
    }

    /// Whether every panel has room for its labels beside its lines.
    fn labels_fit(&self, panels: &[&Panel], widest: f64) -> bool {
        panels.iter().all(|panel| {
            let lines: Vec<Vec<String>> =
                labelled(panel).map(|(_, _, _, label)| placing::wrap(label, style::TEXT, widest)).collect();
            let count: usize = lines.iter().map(Vec::len).sum();
            placing::widest(lines.iter().flatten(), style::TEXT) <= widest
                && lines.len() <= MOST_LABELS
                && lines.iter().all(|lines| lines.len() <= 3)
                && count as f64 * TEXT_LINE <= self.plot_height
        })
    }

    fn gutters(&self, panels: &[&Panel], ys: &[Axis], columns: usize, total: f64, labels: Option<f64>) -> Columns {
        let mut left = vec![0.0f64; columns];
        let mut right = vec![1.6f64; columns];
        let mut number = 0;
        for (_, group) in &self.groups {
            for i in 0..group.len() {
                let (column, panel, axis) = (i % columns, panels[number + i], &ys[number + i]);
                let ticks = tick_width(axis);
                let name = if panel.turned && !axis.named().is_empty() { TEXT_LINE + 0.6 } else { 0.0 };
                if let Some(Rows { notes, .. }) = &panel.rows {
                    right[column] = right[column].max(LEADER + placing::widest(notes, style::TEXT));
                }
                left[column] = left[column].max(ticks + style::TICK + style::TICK_GAP + name);
                if let Some(widest) = labels {
                    for (_, _, _, label) in labelled(panel) {
                        let lines = placing::wrap(label, style::TEXT, widest);
                        right[column] = right[column].max(LEADER + placing::widest(&lines, style::TEXT));
                    }
                }
            }
            number += group.len();
        }
        // The last tick label of a time axis is centred on the plot's edge and may stand over it.
        if let Some(last) = right.last_mut() {
            *last = last.max(3.4);
        }
        let taken: f64 = left.iter().chain(&right).sum::<f64>() + COLUMN_GAP * (columns as f64 - 1.0) + 2.0 * EDGE;
        Columns { labels, left, right, plot: ((total - taken) / columns as f64).max(8.0) }
    }
}

/// The lines of a panel that want a label: more than one, each with a name.
fn labelled(panel: &Panel) -> impl Iterator<Item = (&Vec<f64>, &Vec<f64>, &super::canvas::Stroke, &str)> {
    panel.layers.iter().filter_map(|layer| match layer {
        Layer::Line { x, y, stroke, label, .. } if !label.is_empty() => Some((x, y, stroke, label.as_str())),
        _ => None,
    })
}

/// One key item for each name, in order of first sight.
fn line_samples(panels: &[&Panel]) -> Vec<KeyItem> {
    let mut items: Vec<KeyItem> = Vec::new();
    for (_, _, stroke, label) in panels.iter().flat_map(|panel| labelled(panel)) {
        let item = KeyItem::new(Sample::Line(*stroke), label);
        if !items.contains(&item) {
            items.push(item);
        }
    }
    items
}

/// Whether neighbouring labels of these extents keep a gap along an axis of this length.
fn far_apart(axis: &Axis, ticks: &[Tick], length: f64, extent: impl Fn(&Tick) -> f64, gap: f64) -> bool {
    let place = |tick: &Tick| axis.share(tick.at).unwrap_or(0.0) * length;
    ticks.windows(2).all(|pair| place(&pair[1]) - place(&pair[0]) >= (extent(&pair[0]) + extent(&pair[1])) / 2.0 + gap)
}

/// The lines of a row's name.
pub fn row_name(name: &str, width: Width) -> Vec<String> {
    placing::wrap(name, style::TEXT, style::width(width) * ROW_NAME_SHARE)
}

/// The width of the widest tick label, of its widest line.
fn tick_width(axis: &Axis) -> f64 {
    let lines = axis.ticks.iter().flat_map(|tick| tick.label.split('\n'));
    lines.map(|line| font::width(line, style::TEXT)).fold(0.0, f64::max)
}

/// The height above the plots of a row.
fn header(cells: &[Cell]) -> f64 {
    let own = |cell: &Cell| {
        let lines = cell.title.len() as f64 * TITLE_LINE + cell.key_rows as f64 * key::ROW;
        if lines > 0.0 { lines + TITLE_GAP } else { 1.2 }
    };
    cells.iter().map(own).fold(0.0, f64::max)
}

/// The height below the plots of a row.
fn footer(cells: &[Cell]) -> f64 {
    let own = |cell: &Cell| {
        let labels = if cell.lowest { style::TICK + style::TICK_GAP + style::TEXT * style::POINT } else { style::TICK };
        labels + if cell.lowest { cell.x_title.len() as f64 * TEXT_LINE + 0.4 } else { 0.0 }
    };
    cells.iter().map(own).fold(0.0, f64::max)
}

/// Title and key of a panel, ending `TITLE_GAP` above its plot.
fn write_title(canvas: &mut Canvas, cell: &Cell, left: f64, plot_top: f64, gutters: &Columns) {
    let key_height = cell.key_rows as f64 * key::ROW;
    let bottom = plot_top - TITLE_GAP - key_height;
    for (i, line) in cell.title.iter().rev().enumerate() {
        let baseline = bottom - i as f64 * TITLE_LINE - 0.25 * TITLE_LINE;
        canvas.text(line, (left, baseline), style::TITLE, style::INK, Anchor::Start);
    }
    let room = gutters.left[cell.column] + gutters.plot + gutters.right[cell.column] - 1.0;
    key::draw(canvas, &cell.panel.key, (left, bottom), room);
}

fn draw_axes(canvas: &mut Canvas, cell: &Cell, plot: Plot) {
    let stroke = style::solid(style::AXIS, style::AXIS_WIDTH);
    canvas.segment((plot.left, plot.top), (plot.left, plot.bottom()), stroke);
    canvas.segment((plot.left, plot.bottom()), (plot.right(), plot.bottom()), stroke);
    let lower = style::TEXT * style::POINT * style::MIDDLE;
    for tick in &cell.y.ticks {
        let y = plot.bottom() - cell.y.share(tick.at).unwrap_or(0.0) * plot.height;
        if cell.panel.rows.is_none() {
            canvas.segment((plot.left - style::TICK, y), (plot.left, y), stroke);
        }
        let lines = tick.label.split('\n').count() as f64;
        for (i, line) in tick.label.split('\n').enumerate() {
            let middle = y + (i as f64 - (lines - 1.0) / 2.0) * TEXT_LINE;
            let at = (plot.left - style::TICK - style::TICK_GAP, middle + lower);
            canvas.text(line, at, style::TEXT, style::INK, Anchor::End);
        }
    }
    let notes = cell.panel.rows.iter().flat_map(|rows| &rows.notes);
    for (note, tick) in notes.zip(&cell.y.ticks) {
        let y = plot.bottom() - cell.y.share(tick.at).unwrap_or(0.0) * plot.height;
        canvas.text(note, (plot.right() + LEADER, y + lower), style::TEXT, style::GREY, Anchor::Start);
    }
    let baseline = plot.bottom() + style::TICK + style::TICK_GAP + style::TEXT * style::POINT * 0.72;
    for tick in &cell.x.ticks {
        let x = plot.left + cell.x.share(tick.at).unwrap_or(0.0) * plot.width;
        canvas.segment((x, plot.bottom()), (x, plot.bottom() + style::TICK), stroke);
        if cell.lowest {
            canvas.text(&tick.label, (x, baseline), style::TEXT, style::INK, Anchor::Middle);
        }
    }
    if cell.lowest {
        for (i, line) in cell.x_title.iter().enumerate() {
            let at = (plot.left + plot.width / 2.0, baseline + (i + 1) as f64 * TEXT_LINE + 0.3);
            canvas.text(line, at, style::TEXT, style::INK, Anchor::Middle);
        }
    }
    if cell.panel.turned {
        let x = plot.left - style::TICK - style::TICK_GAP - tick_width(&cell.y) - 1.2;
        canvas.turned_text(&cell.y.named(), (x, plot.top + plot.height / 2.0), style::TEXT, style::INK, Anchor::Middle);
    }
}
