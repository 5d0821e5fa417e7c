//! A description of figures, read and not yet held against the tables that it names.

use super::columns::Chosen;
use crate::present::{Frame, Head, Period, Quantity, Rule, Width};
use crate::study::document::{Fields, Located};

/// One figure.
pub struct Figure {
    pub head: Head,
    pub frame: Frame,
    pub kind: Kind,
}

pub enum Kind {
    /// A median with bands, and observations.
    Fan(Panel),
    /// Small multiples.
    Paths(Vec<Panel>),
    /// The first line of each panel is the baseline; differences stand on the right.
    Differences(Vec<Panel>),
    Bars(Rows),
    Tornado {
        rows: Rows,
        base: f64,
    },
    Front(Front),
    Pairs {
        chosen: Chosen,
        columns: Vec<Located<String>>,
    },
}

pub struct Panel {
    pub quantity: Quantity,
    pub lines: Vec<Line>,
    pub points: Vec<Line>,
}

/// A column over another.
pub struct Line {
    pub label: String,
    pub chosen: Chosen,
    pub x: Located<String>,
    /// Added to `x`: tables name a period by its beginning, and its mean stands in its middle.
    pub shift: f64,
    pub y: Located<String>,
    pub bands: Vec<Span>,
    /// Of the difference to the first line, where the table has it: bands of differences are no differences of bands.
    pub difference: Option<Located<String>>,
    pub difference_bands: Vec<Span>,
}

/// Two columns and what lies between them.
pub struct Span {
    pub holds: f64,
    pub from: Located<String>,
    pub to: Located<String>,
}

pub struct Rows {
    pub quantity: Quantity,
    pub chosen: Chosen,
    pub label: Located<String>,
    pub value: Option<Located<String>>,
    /// The narrow and the wide interval, or the two ends of a swing.
    pub inner: Option<Span>,
    pub outer: Option<Span>,
}

pub struct Front {
    pub x: Quantity,
    pub y: Quantity,
    pub chosen: Chosen,
    pub columns: (Located<String>, Located<String>),
    /// Whether more of it is better.
    pub more: (bool, bool),
    /// A column of names, and those to mark.
    pub label: Option<Located<String>>,
    pub mark: Vec<String>,
}

#[derive(Clone, Copy)]
enum Named {
    Fan,
    Paths,
    Differences,
    Bars,
    Tornado,
    Front,
    Pairs,
}

const KINDS: &[(&str, Named)] = &[
    ("fan", Named::Fan),
    ("paths", Named::Paths),
    ("differences", Named::Differences),
    ("bars", Named::Bars),
    ("tornado", Named::Tornado),
    ("front", Named::Front),
    ("pairs", Named::Pairs),
];

/// Every figure of a file.
pub fn figures(fields: &Fields) -> Vec<Figure> {
    let periods: Vec<Period> = fields.tables("period").iter().filter_map(period).collect();
    fields.tables("figure").iter().filter_map(|table| figure(table, &periods)).collect()
}

fn text(table: &Fields, key: &'static str) -> Option<String> {
    table.text(key).map(|text| text.value)
}

fn period(table: &Fields) -> Option<Period> {
    let label = table.required("label", text(table, "label"));
    let start = table.required("start", table.number("start"));
    let end = table.number("end").map_or(f64::INFINITY, |end| end.value);
    Some(Period { label: label?, start: start?.value, end })
}

fn figure(table: &Fields, periods: &[Period]) -> Option<Figure> {
    const WIDTHS: &[(&str, Width)] =
        &[("single", Width::Single), ("one-and-a-half", Width::OneAndHalf), ("double", Width::Double)];
    let kind = table.required("kind", table.choice("kind", KINDS));
    let name = table.required("name", text(table, "name"));
    let caption = table.required("caption", text(table, "caption"));
    let alt = text(table, "alt");
    let width = table.choice("width", WIDTHS).map_or(Width::Double, |width| width.value);
    let shaded = table.flag("shade").is_none_or(|shade| shade.value);
    let rule = table.table("rule").and_then(|rule| {
        let at = rule.required("at", rule.number("at"));
        Some(Rule { label: text(&rule, "label").unwrap_or_default(), at: at?.value })
    });
    let frame = Frame {
        time: text(table, "time").unwrap_or_else(|| "Year".to_owned()),
        window: table.pair("window").map(|window| window.value),
        periods: if shaded { periods.to_vec() } else { Vec::new() },
        rule,
    };
    let kind = kind.and_then(|kind| described(table, kind.value));
    let head = Head { name: crate::study::manifest::slug(&name?), caption: caption?, alt, width };
    Some(Figure { head, frame, kind: kind? })
}

fn described(table: &Fields, kind: Named) -> Option<Kind> {
    match kind {
        Named::Bars => Some(Kind::Bars(rows(table, true)?)),
        Named::Tornado => {
            let base = table.required("base", table.number("base"));
            Some(Kind::Tornado { rows: rows(table, false)?, base: base?.value })
        }
        Named::Front => Some(Kind::Front(front(table)?)),
        Named::Pairs => {
            let columns = table.required("columns", Some(table.texts("columns")).filter(|list| !list.is_empty()));
            Some(Kind::Pairs { chosen: chosen(table)?, columns: columns? })
        }
        Named::Fan | Named::Paths | Named::Differences => {
            let listed = table.tables("panel");
            table.required("panel", (!listed.is_empty()).then_some(()));
            let mut panels: Vec<Panel> = listed.iter().filter_map(panel).collect();
            match kind {
                Named::Fan if panels.is_empty() => None,
                Named::Fan => Some(Kind::Fan(panels.swap_remove(0))),
                Named::Differences => Some(Kind::Differences(panels)),
                _ => Some(Kind::Paths(panels)),
            }
        }
    }
}

fn chosen(table: &Fields) -> Option<Chosen> {
    let file = table.required("table", table.text("table"));
    let filter = table.table("where").map_or_else(Vec::new, |filter| {
        let names = filter.names().into_iter();
        names.filter_map(|name| filter.text_of(&name.value).map(|text| (name, text))).collect()
    });
    Some(Chosen { table: file?, filter })
}

fn quantity(table: &Fields, title: &'static str, unit: &'static str) -> Option<Quantity> {
    let named = table.required(title, text(table, title));
    Some(Quantity::new(named?, text(table, unit).unwrap_or_default()))
}

fn panel(table: &Fields) -> Option<Panel> {
    let quantity = quantity(table, "title", "unit");
    let log = table.flag("log").is_some_and(|log| log.value);
    let listed = table.tables("line");
    table.required("line", (!listed.is_empty()).then_some(()));
    let lines: Vec<Line> = listed.iter().filter_map(line).collect();
    let points = table.tables("points").iter().filter_map(line).collect();
    let quantity = quantity.map(|quantity| if log { quantity.log() } else { quantity });
    (!lines.is_empty()).then_some(())?;
    Some(Panel { quantity: quantity?, lines, points })
}

fn line(table: &Fields) -> Option<Line> {
    let label = table.required("label", text(table, "label"));
    let chosen = chosen(table);
    let x = table.required("x", table.text("x"));
    let shift = table.number("shift").map_or(0.0, |shift| shift.value);
    let y = table.required("y", table.text("y"));
    let bands = table.tables("band").iter().filter_map(span).collect();
    let difference = table.text("difference");
    let difference_bands = table.tables("difference-band").iter().filter_map(span).collect();
    Some(Line { label: label?, chosen: chosen?, x: x?, shift, y: y?, bands, difference, difference_bands })
}

fn span(table: &Fields) -> Option<Span> {
    let from = table.required("from", table.text("from"));
    let to = table.required("to", table.text("to"));
    let holds = table.number("holds").map_or(0.9, |holds| holds.value);
    Some(Span { holds, from: from?, to: to? })
}

fn rows(table: &Fields, valued: bool) -> Option<Rows> {
    let quantity = quantity(table, "title", "unit");
    let chosen = chosen(table);
    let label = table.required("label", table.text("label"));
    let value = if valued { table.required("value", table.text("value")) } else { None };
    let inner = table.table("inner").and_then(|table| span(&table));
    let outer = table.table("outer");
    let outer = if valued { outer } else { table.required("outer", outer) }.and_then(|table| span(&table));
    if valued && value.is_none() || !valued && outer.is_none() {
        return None;
    }
    Some(Rows { quantity: quantity?, chosen: chosen?, label: label?, value, inner, outer })
}

fn front(table: &Fields) -> Option<Front> {
    const BETTER: &[(&str, bool)] = &[("more", true), ("less", false)];
    let (across, up) = (quantity(table, "x-title", "x-unit"), quantity(table, "y-title", "y-unit"));
    let chosen = chosen(table);
    let x = table.required("x", table.text("x"));
    let y = table.required("y", table.text("y"));
    let better = |key| table.required(key, table.choice(key, BETTER)).map(|better| better.value);
    let more = (better("x-better"), better("y-better"));
    let label = table.text("label");
    let mark = table.texts("mark").into_iter().map(|text| text.value).collect();
    Some(Front { x: across?, y: up?, chosen: chosen?, columns: (x?, y?), more: (more.0?, more.1?), label, mark })
}
