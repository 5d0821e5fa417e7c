//! Graphical functions: `gf` elements into lookup tables.

use super::document::{Element, is_true};
use super::fault::{Fault, Faults};
use super::text::PlacedText;
use crate::diagnostic::Span;
use crate::model::{Extrapolation, Interpolation, LookupTable};
use roxmltree::Node;

/// Reads a `gf` element; `name` is its variable.
pub(super) fn read(gf: Node, name: &str, raw: &str, faults: &mut Faults) -> Option<LookupTable> {
    let tag = gf.tag_span(raw);
    let kind = kind(gf, name, raw, faults);
    let x = numbers(gf.child("xpts"), raw, faults);
    let y = numbers(gf.child("ypts"), raw, faults);
    let ((interpolation, extrapolation), x, y) = (kind?, x?, y?);
    let mut refuse = |fault, span| {
        faults.push(fault, span);
        None
    };
    if y.is_empty() {
        return refuse(Fault::TableWithoutPoints(name.to_owned()), tag);
    }
    let x_scale = scale(gf, "xscale");
    let x = match x_scale {
        _ if !x.is_empty() => x,
        Some((low, high)) => spread(low, high, y.len()),
        None => return refuse(Fault::TableWithoutScale(name.to_owned()), tag),
    };
    if x.len() != y.len() {
        return refuse(Fault::TableCounts { name: name.to_owned(), x: x.len(), y: y.len() }, tag);
    }
    if x.windows(2).any(|pair| pair[1] < pair[0]) {
        let list = gf.child("xpts").filter(|list| list.has_children()).or_else(|| gf.child("xscale"));
        let span = list.map_or(tag, |list| PlacedText::within(list, raw).span);
        return refuse(Fault::TableNotAscending(name.to_owned()), span);
    }
    let range = (x_scale.unwrap_or_else(|| bounds(&x)), scale(gf, "yscale").unwrap_or_else(|| bounds(&y)));
    Some(LookupTable { points: x.into_iter().zip(y).collect(), interpolation, extrapolation, range: Some(range) })
}

fn kind(gf: Node, name: &str, raw: &str, faults: &mut Faults) -> Option<(Interpolation, Extrapolation)> {
    let text = gf.attribute("type").unwrap_or(if is_true(gf, "discrete") { "discrete" } else { "continuous" });
    match text.trim().to_ascii_lowercase().as_str() {
        "continuous" => Some((Interpolation::Linear, Extrapolation::Hold)),
        "extrapolate" => Some((Interpolation::Linear, Extrapolation::Extend)),
        "discrete" => Some((Interpolation::Step, Extrapolation::Hold)),
        _ => {
            let span = gf
                .attribute_node("type")
                .map_or(gf.tag_span(raw), |attribute| PlacedText::of_attribute(attribute, raw).span);
            faults.push(Fault::TableType { name: name.to_owned(), text: text.to_owned() }, span);
            None
        }
    }
}

/// The numbers of a list element, none where there is no element; `None` when one is no number.
fn numbers(list: Option<Node>, raw: &str, faults: &mut Faults) -> Option<Vec<f64>> {
    let Some(list) = list else { return Some(Vec::new()) };
    let text = PlacedText::within(list, raw);
    let separator = list.attribute("sep").filter(|separator| !separator.is_empty()).unwrap_or(",");
    let (mut values, mut start, mut sound) = (Vec::new(), 0, true);
    for part in text.text.split(separator) {
        let trimmed = part.trim();
        match trimmed.parse::<f64>() {
            Ok(value) if value.is_finite() => values.push(value),
            // A list may end in its separator.
            _ if trimmed.is_empty() && start + part.len() == text.text.len() => {}
            _ => {
                let span = text.locate(Span::new(start, start + part.len()));
                faults.push(Fault::TableNumber(trimmed.to_owned()), span);
                sound = false;
            }
        }
        start += part.len() + separator.len();
    }
    sound.then_some(values)
}

fn scale(gf: Node, name: &str) -> Option<(f64, f64)> {
    let element = gf.child(name)?;
    let bound = |attribute| element.attribute(attribute)?.trim().parse::<f64>().ok().filter(|bound| bound.is_finite());
    Some((bound("min")?, bound("max")?))
}

fn spread(low: f64, high: f64, count: usize) -> Vec<f64> {
    let last = count.saturating_sub(1);
    let step = |index: usize| if index == last { high } else { low + (high - low) * index as f64 / last as f64 };
    if last == 0 { vec![low] } else { (0..count).map(step).collect() }
}

fn bounds(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)))
}
