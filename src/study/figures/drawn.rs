//! Described figures, with the numbers of their tables, into the plain input of `present`.

use super::columns::{Chosen, Tables};
use super::described::{Figure, Front, Kind, Line, Panel, Rows, Span};
use crate::present::{
    self, BarInterval, Counterfactual, CounterfactualPanel, Exhibit, Fan, Intervals, Observed, Pairs, Path, Quantity,
    Refusal, RunPanel, Runs, Swing, Tornado,
};

/// A figure ready to be drawn.
pub type Picture = Box<dyn FnOnce() -> Result<Vec<Exhibit>, Refusal>>;

/// `None` where a table lacks something, which is then told.
pub fn picture(figure: &Figure, tables: &mut Tables) -> Option<Picture> {
    let (head, frame) = (figure.head.clone(), figure.frame.clone());
    match &figure.kind {
        Kind::Fan(panel) => {
            let observed = points(panel, tables);
            let median = path(panel.lines.first()?, tables)?;
            let fan = Fan { head, frame, quantity: panel.quantity.clone(), median, observed: observed? };
            Some(Box::new(move || fan.draw()))
        }
        Kind::Paths(panels) if panels.iter().any(|panel| !panel.points.is_empty()) => {
            let panels = all(panels, |panel| {
                let observed = points(panel, tables);
                let model = path(panel.lines.first()?, tables)?;
                Some(present::FitPanel { quantity: panel.quantity.clone(), model, observed: observed? })
            })?;
            let fit = present::Fit { head, frame, panels };
            Some(Box::new(move || fit.draw()))
        }
        Kind::Paths(panels) => {
            let panels = all(panels, |panel| {
                let paths = all(&panel.lines, |line| path(line, tables))?;
                Some(RunPanel { quantity: panel.quantity.clone(), paths })
            })?;
            let runs = Runs { head, frame, panels };
            Some(Box::new(move || runs.draw()))
        }
        Kind::Differences(panels) => {
            let panels = all(panels, |panel| differences(panel, tables))?;
            let figure = Counterfactual { head, frame, panels };
            Some(Box::new(move || figure.draw()))
        }
        Kind::Bars(rows) => {
            let probabilities = (holds(&rows.inner, 0.5), holds(&rows.outer, 0.9));
            let bars = Intervals {
                head,
                quantity: rows.quantity.clone(),
                bars: true,
                probabilities,
                rows: bars(rows, tables)?,
            };
            Some(Box::new(move || bars.draw()))
        }
        Kind::Tornado { rows, base } => {
            let swings = swings(rows, tables)?;
            let tornado = Tornado { head, outcome: rows.quantity.clone(), base: *base, swings };
            Some(Box::new(move || tornado.draw()))
        }
        Kind::Front(front) => {
            let (marked, tried) = (marked(front, tables)?, tried(front, tables)?);
            let figure =
                present::Front { head, across: front.x.clone(), up: front.y.clone(), more: front.more, tried, marked };
            Some(Box::new(move || figure.draw()))
        }
        Kind::Pairs { chosen, columns } => {
            let read = all(columns, |column| tables.numbers(chosen, column))?;
            let draws = (0..read[0].len()).map(|row| read.iter().map(|column| column[row]).collect()).collect();
            let parameters = columns.iter().map(|column| Quantity::new(column.value.clone(), "")).collect();
            let pairs = Pairs { head, parameters, draws, estimate: None };
            Some(Box::new(move || pairs.draw()))
        }
    }
}

/// Every one of them, or none; all are tried, so that every fault is told.
fn all<T, U>(items: &[T], mut of: impl FnMut(&T) -> Option<U>) -> Option<Vec<U>> {
    let made: Vec<Option<U>> = items.iter().map(&mut of).collect();
    made.into_iter().collect()
}

fn holds(span: &Option<Span>, usual: f64) -> f64 {
    span.as_ref().map_or(usual, |span| span.holds)
}

fn ends(chosen: &Chosen, span: &Span, tables: &mut Tables) -> Option<(Vec<f64>, Vec<f64>)> {
    let (from, to) = (tables.numbers(chosen, &span.from), tables.numbers(chosen, &span.to));
    Some((from?, to?))
}

fn times(line: &Line, tables: &mut Tables) -> Option<Vec<f64>> {
    Some(tables.numbers(&line.chosen, &line.x)?.into_iter().map(|time| time + line.shift).collect())
}

fn path(line: &Line, tables: &mut Tables) -> Option<Path> {
    let (times, values) = (times(line, tables), tables.numbers(&line.chosen, &line.y));
    let bands = all(&line.bands, |span| Some((span.holds, ends(&line.chosen, span, tables)?)));
    let mut path = Path::new(line.label.clone(), times?, values?);
    for (holds, (from, to)) in bands? {
        path = path.with_band(holds, from, to);
    }
    Some(path)
}

fn points(panel: &Panel, tables: &mut Tables) -> Option<Vec<Observed>> {
    all(&panel.points, |line| {
        let (times, values) = (times(line, tables), tables.numbers(&line.chosen, &line.y));
        Some(Observed { source: line.label.clone(), times: times?, values: values? })
    })
}

fn differences(panel: &Panel, tables: &mut Tables) -> Option<CounterfactualPanel> {
    let paths = all(&panel.lines, |line| path(line, tables))?;
    let (baseline, alternatives) = paths.split_first()?;
    let differences = all(&panel.lines[1..], |line| {
        let own = path(line, tables)?;
        let Some(column) = &line.difference else {
            let values = own.values.iter().zip(&baseline.values).map(|(a, b)| a - b).collect();
            return Some(Path::new(line.label.clone(), own.times, values));
        };
        let values = tables.numbers(&line.chosen, column)?;
        let mut path = Path::new(line.label.clone(), own.times, values);
        for (holds, (from, to)) in
            all(&line.difference_bands, |span| Some((span.holds, ends(&line.chosen, span, tables)?)))?
        {
            path = path.with_band(holds, from, to);
        }
        Some(path)
    })?;
    Some(CounterfactualPanel {
        quantity: panel.quantity.clone(),
        baseline: baseline.clone(),
        alternatives: alternatives.to_vec(),
        differences,
    })
}

fn bars(rows: &Rows, tables: &mut Tables) -> Option<Vec<BarInterval>> {
    let labels = tables.texts(&rows.chosen, &rows.label)?;
    let values = tables.numbers(&rows.chosen, rows.value.as_ref()?)?;
    let mut interval = |span: &Option<Span>| match span {
        None => Some(None),
        Some(span) => Some(Some(ends(&rows.chosen, span, tables)?)),
    };
    let (inner, outer) = (interval(&rows.inner)?, interval(&rows.outer)?);
    let at = |ends: &Option<(Vec<f64>, Vec<f64>)>, row: usize| {
        ends.as_ref().map(|(from, to)| (from[row], to[row])).filter(|(from, to)| from.is_finite() && to.is_finite())
    };
    let numbered = labels.into_iter().zip(values).enumerate();
    Some(
        numbered
            .map(|(row, (label, estimate))| BarInterval {
                label,
                estimate,
                inner: at(&inner, row),
                outer: at(&outer, row),
            })
            .collect(),
    )
}

fn swings(rows: &Rows, tables: &mut Tables) -> Option<Vec<Swing>> {
    let labels = tables.texts(&rows.chosen, &rows.label)?;
    let (low, high) = ends(&rows.chosen, rows.outer.as_ref()?, tables)?;
    let inputs = match &rows.inner {
        None => None,
        Some(span) => Some(ends(&rows.chosen, span, tables)?),
    };
    let of = |(row, label): (usize, String)| {
        let inputs = inputs.as_ref().map_or((f64::NAN, f64::NAN), |(from, to)| (from[row], to[row]));
        Swing { label, unit: String::new(), inputs, low: low[row], high: high[row] }
    };
    Some(labels.into_iter().enumerate().map(of).collect())
}

fn tried(front: &Front, tables: &mut Tables) -> Option<Vec<(f64, f64)>> {
    let (x, y) = &front.columns;
    let (x, y) = (tables.numbers(&front.chosen, x), tables.numbers(&front.chosen, y));
    Some(x?.into_iter().zip(y?).collect())
}

fn marked(front: &Front, tables: &mut Tables) -> Option<Vec<(String, f64, f64)>> {
    let Some(label) = &front.label else { return Some(Vec::new()) };
    let labels = tables.texts(&front.chosen, label)?;
    let places = tried(front, tables)?;
    let named = labels.into_iter().zip(places).filter(|(label, _)| front.mark.contains(label));
    Some(named.map(|(label, (x, y))| (label, x, y)).collect())
}
