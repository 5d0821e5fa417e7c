//! Observations as study files write them: quantities, operators and noise.

use super::document::{Fields, Located};
use super::entry::*;
use super::fault::Fault;
use super::file::positive;
use super::parameter::prior;
use crate::calendar::Fraction;
use crate::diagnostic::{Diagnostic, Span};
use crate::estimate::objective::{Family, Noise, Reading, Tail};
use crate::parse::vensim;

/// An `[[observe]]`. `tail` is that of noise which states none; `refused` takes what is wrong with expressions.
pub(super) fn observe(table: &Fields, tail: Tail, refused: &mut Vec<Diagnostic>) -> Option<Observe> {
    let name = table.text("name");
    let vendor = table.text("vendor").map(|vendor| vendor.value).unwrap_or_default();
    let data = data(table);
    let quantity = quantity(table, "quantity", refused);
    let operator = operator(table, None);
    let unit = table.text("unit");
    let factor = table.number("factor").map_or(1.0, |factor| factor.value);
    let rate = table.table("multiply-by").and_then(|rate| series_name(&rate));
    let noise = table.required("noise", table.table("noise")).and_then(|noise| noise_entry(&noise, tail));
    let coverage = table.table("coverage").and_then(|table| prior(&table));
    let judgement = table.flag("judgement").is_some_and(|flag| flag.value);
    let experiment = table.text("experiment");
    let data = data?;
    let name = name.or_else(|| match &data {
        Data::File { series, .. } => Some(series.series.clone()),
        Data::Here(_) => table.required("name", None),
    });
    Some(Observe {
        name: name?,
        vendor,
        data,
        quantity: quantity?,
        operator: operator?,
        unit,
        factor,
        rate,
        noise: noise?,
        coverage,
        judgement,
        experiment,
        span: table.span,
    })
}

fn data(table: &Fields) -> Option<Data> {
    if table.has("values") {
        if table.has("series") {
            table.report(Fault::Either { first: "values", second: "series" }, table.key_span("series"));
            table.know(&["series", "file", "sources", "from", "until", "drop"]);
        }
        let values = table.table("values")?;
        let mut here = Vec::new();
        for period in values.names() {
            if let Some(value) = values.number_of(&period.value) {
                here.push((period, value));
            }
        }
        return Some(Data::Here(here));
    }
    let series = series_name(table);
    let sources = table.texts("sources");
    let (from, until) = (table.period("from"), table.period("until"));
    let drop = table.texts("drop");
    Some(Data::File { series: series?, sources, from, until, drop })
}

fn series_name(table: &Fields) -> Option<SeriesName> {
    let series = table.required("series", table.text("series"));
    let file = table.required("file", table.text("file"));
    Some(SeriesName { series: series?, file: file? })
}

/// A required expression under `key`.
pub(super) fn quantity(table: &Fields, key: &'static str, refused: &mut Vec<Diagnostic>) -> Option<Quantity> {
    let text = table.required(key, table.text(key))?;
    expression(table, text, refused)
}

/// The expression under a name of the user's own.
pub(super) fn quantity_of(table: &Fields, name: &str, refused: &mut Vec<Diagnostic>) -> Option<Quantity> {
    expression(table, table.text_of(name)?, refused)
}

fn expression(table: &Fields, text: Located<String>, refused: &mut Vec<Diagnostic>) -> Option<Quantity> {
    let written = table.source().text.get(text.span.range()).unwrap_or_default();
    let Some(offset) = written.find(&text.value) else {
        table.report(Fault::Escapes, text.span);
        return None;
    };
    let start = text.span.start + offset;
    match vensim::read_expression(table.source(), start..start + text.value.len()) {
        Ok(expression) => Some(Quantity { text: text.value.trim().to_owned(), expression, span: text.span }),
        Err(diagnostics) => {
            refused.extend(diagnostics);
            None
        }
    }
}

#[derive(Clone, Copy)]
enum Word {
    Reading(Reading),
    Growth,
    Index,
    Share,
}

/// The operator of a table; `default` stands for a missing one, which is otherwise a fault.
pub(super) fn operator(table: &Fields, default: Option<&'static str>) -> Option<OperatorEntry> {
    // The start of a cumulative total is filled in when the run is known.
    const READINGS: [(&str, Reading); 6] = [
        ("level-start", Reading::Level(Fraction::Start)),
        ("level-mid", Reading::Level(Fraction::Middle)),
        ("level-end", Reading::Level(Fraction::End)),
        ("total", Reading::Total),
        ("mean", Reading::Mean),
        ("cumulative", Reading::Cumulative { since: f64::NEG_INFINITY }),
    ];
    let mut words: Vec<(&'static str, Word)> =
        READINGS.iter().map(|(word, reading)| (*word, Word::Reading(*reading))).collect();
    words.extend([("growth", Word::Growth), ("index", Word::Index), ("share", Word::Share)]);
    let span = table.key_span("operator");
    let word = table.text("operator");
    let word = match (word, default) {
        (Some(word), _) => table.chosen("operator", &word, &words)?,
        (None, Some(default)) if !table.has("operator") => {
            words.iter().find(|(word, _)| *word == default).map(|(_, word)| *word)?
        }
        (None, _) => table.required("operator", None)?,
    };
    let kind = match word {
        Word::Reading(_) => OperatorKind::Plain,
        Word::Growth => OperatorKind::Growth,
        Word::Index => OperatorKind::Index,
        Word::Share => OperatorKind::Share,
    };
    let reading = match word {
        Word::Reading(reading) => reading,
        // What is compared or divided: totals, unless said otherwise.
        _ => table.choice("of", &READINGS).map_or(Reading::Total, |reading| reading.value),
    };
    let cumulative = matches!(reading, Reading::Cumulative { .. });
    let since = if cumulative { table.period("since") } else { None };
    let (base, level) = match kind {
        OperatorKind::Index => {
            let level = table.number("level").map_or(100.0, |level| level.value);
            (table.required("base", table.period("base")), level)
        }
        _ => (None, 1.0),
    };
    Some(OperatorEntry { kind, reading, since, base, level, span })
}

#[derive(Clone, Copy)]
enum TailWord {
    Normal,
    SoftL1,
    StudentT,
}

/// The tail that a table states.
pub(super) fn tail(table: &Fields) -> Option<Tail> {
    const TAILS: &[(&str, TailWord)] =
        &[("normal", TailWord::Normal), ("soft-l1", TailWord::SoftL1), ("student-t", TailWord::StudentT)];
    match table.choice("tail", TAILS)?.value {
        TailWord::Normal => Some(Tail::Normal),
        TailWord::SoftL1 => Some(Tail::SoftL1),
        TailWord::StudentT => degrees(table),
    }
}

fn degrees(table: &Fields) -> Option<Tail> {
    let degrees = table.required("degrees", table.number("degrees"))?;
    Some(Tail::StudentT { degrees: positive(table, "degrees", degrees)?.value })
}

#[derive(Clone, Copy)]
enum Kind {
    Normal,
    LogNormal,
    Logit,
    StudentT,
    Poisson,
    NegativeBinomial,
    Binomial,
}

fn noise_entry(table: &Fields, default_tail: Tail) -> Option<NoiseEntry> {
    const KINDS: &[(&str, Kind)] = &[
        ("normal", Kind::Normal),
        ("lognormal", Kind::LogNormal),
        ("logit", Kind::Logit),
        ("student-t", Kind::StudentT),
        ("poisson", Kind::Poisson),
        ("negative-binomial", Kind::NegativeBinomial),
        ("binomial", Kind::Binomial),
    ];
    let group = table.text("group");
    let kind = table.required("kind", table.choice("kind", KINDS))?.value;
    let shaped = |family| Noise { family, tail: tail(table).unwrap_or(default_tail) };
    let noise = match kind {
        Kind::Normal => shaped(Family::Normal),
        Kind::LogNormal => shaped(Family::LogNormal),
        Kind::Logit => shaped(Family::Logit),
        Kind::StudentT => Noise { family: Family::Normal, tail: degrees(table)? },
        Kind::Poisson => Noise::new(Family::Poisson),
        Kind::NegativeBinomial => Noise::new(Family::NegativeBinomial),
        Kind::Binomial => {
            let trials = table.required("trials", table.count("trials", 1))?;
            Noise::new(Family::Binomial { trials: trials.value as f64 })
        }
    };
    let scale = if noise.has_scale() { scale(table)? } else { ScaleEntry::None };
    let place = table.key_span("memory");
    let memory = table.table("memory").and_then(|inner| prior(&inner)).map(|prior| Located::new(prior, place));
    Some(NoiseEntry { noise, scale, group, memory, span: table.span })
}

fn scale(table: &Fields) -> Option<ScaleEntry> {
    if table.is_table("scale") {
        let by_period = table.table("scale")?;
        let mut stated = Vec::new();
        for period in by_period.names() {
            if let Some(scale) = by_period.number_of(&period.value) {
                let scale = positive(&by_period, &period.value, scale)?;
                stated.push((Some(period), scale));
            }
        }
        return Some(ScaleEntry::Stated(stated));
    }
    if table.is_text("scale") {
        table.choice("scale", &[("estimated", ())])?;
        let span = table.key_span("prior");
        let prior = table.required("prior", table.table("prior"))?;
        return prior_of_scale(&prior, span);
    }
    let scale = table.required("scale", table.number("scale"))?;
    Some(ScaleEntry::Stated(vec![(None, positive(table, "scale", scale)?)]))
}

fn prior_of_scale(table: &Fields, span: Span) -> Option<ScaleEntry> {
    Some(ScaleEntry::Estimated { prior: prior(table)?, span })
}
