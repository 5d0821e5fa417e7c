//! What a study file asks of policies: numbers of outcomes, draws, attributions, sensitivities.

use super::document::Fields;
use super::entry::{AttributionEntry, Compare, SensitivityEntry, SumUp, TakeEntry};
use super::file::positive;

/// Draws where the file does not say how many.
const DRAWS: usize = 500;
const ATTRIBUTION_DRAWS: usize = 50;
const ORDERS: usize = 100;
const POINTS: usize = 256;
const WALKS: usize = 20;

pub(super) fn compare(table: Option<Fields>) -> Compare {
    let Some(table) = table else { return Compare { window: None, draws: DRAWS } };
    Compare { window: table.period("window"), draws: count(&table, "draws", DRAWS) }
}

fn count(table: &Fields, key: &'static str, usual: usize) -> usize {
    table.count(key, 1).map_or(usual, |count| count.value as usize)
}

/// The number that an outcome is over a stretch; `None` for a path by year.
pub(super) fn sum_up(table: &Fields) -> Option<SumUp> {
    const TAKES: &[(&str, TakeEntry)] = &[
        ("value", TakeEntry::Value),
        ("peak", TakeEntry::Peak),
        ("lowest", TakeEntry::Lowest),
        ("time-above", TakeEntry::TimeAbove(0.0)),
        ("time-below", TakeEntry::TimeBelow(0.0)),
        ("present-value", TakeEntry::PresentValue(0.0)),
    ];
    let over = table.period("over");
    let take = table.choice("take", TAKES);
    let span = take.as_ref().map(|take| take.span);
    let take = match take.map_or(TakeEntry::Value, |take| take.value) {
        TakeEntry::TimeAbove(_) => TakeEntry::TimeAbove(table.required("threshold", table.number("threshold"))?.value),
        TakeEntry::TimeBelow(_) => TakeEntry::TimeBelow(table.required("threshold", table.number("threshold"))?.value),
        TakeEntry::PresentValue(_) => TakeEntry::PresentValue(table.required("rate", table.number("rate"))?.value),
        take => take,
    };
    table.know(&["threshold", "rate"]);
    let over = if span.is_some() { table.required("over", over) } else { over }?;
    Some(SumUp { span: span.unwrap_or(over.span), over, take })
}

pub(super) fn attribution(table: &Fields) -> Option<AttributionEntry> {
    let name = table.required("name", table.text("name"));
    let title = table.text("title").map(|title| title.value);
    let outcomes = table.texts("outcomes");
    let outcomes = table.required("outcomes", Some(outcomes).filter(|outcomes| !outcomes.is_empty()));
    let draws = count(table, "draws", ATTRIBUTION_DRAWS);
    let orders = count(table, "orders", ORDERS);
    let switches = table.required("switches", table.table("switches"));
    let switches = switches.map(|switches| {
        let names = switches.names().into_iter();
        names.map(|label| (label.value.clone(), switches.texts_of(&label.value))).collect()
    });
    let name = name?;
    let title = title.unwrap_or_else(|| name.value.clone());
    Some(AttributionEntry { name, title, switches: switches?, outcomes: outcomes?, draws, orders })
}

pub(super) fn sensitivity(table: &Fields) -> SensitivityEntry {
    let outcomes = table.texts("outcomes");
    let scenarios = table.texts("scenarios");
    let points = table.number("points").and_then(|number| positive(table, "points", number));
    SensitivityEntry {
        outcomes,
        scenarios,
        // A power of two fills the cube best.
        points: points.map_or(POINTS, |points| (points.value as usize).clamp(2, 1 << 16).next_power_of_two()),
        walks: count(table, "walks", WALKS),
    }
}
