//! Parameters and priors as study files write them.

use super::document::{Fields, Located};
use super::entry::ParameterEntry;
use super::fault::Fault;
use super::file::positive;
use crate::estimate::{Prior, Transform};

/// A `[[parameter]]`.
pub(super) fn parameter(table: &Fields) -> Option<ParameterEntry> {
    const TRANSFORMS: &[(&str, Transform)] =
        &[("none", Transform::Identity), ("log", Transform::Log), ("logit", Transform::Logit)];
    let name = table.required("name", table.text("name"));
    let meaning = table.text("meaning").map(|meaning| meaning.value);
    let bounds = table.pair("bounds");
    let transform = table.choice("transform", TRANSFORMS);
    let place = table.key_span("prior");
    let prior = table.table("prior").and_then(|inner| prior(&inner)).map(|prior| Located::new(prior, place));
    let start = table.number("start");
    let by = table.choice("by", &[("experiment", ())]).map(|by| by.span);
    let pool = if table.has("pool") { super::panel::pool(table) } else { None };
    let entry = ParameterEntry {
        name: name?,
        meaning,
        bounds,
        transform,
        prior,
        start,
        by_experiment: by,
        pool,
        span: table.span,
    };
    Some(entry)
}

#[derive(Clone, Copy)]
enum Shape {
    Flat,
    Uniform,
    Normal,
    LogNormal,
    HalfNormal,
    HalfCauchy,
    StudentT,
    Beta,
    Gamma,
    Exponential,
}

/// A table such as `{ kind = "lognormal", median = 0.11, sd = 0.4 }`; `above` and `below` cut any of them.
pub(super) fn prior(table: &Fields) -> Option<Prior> {
    const SHAPES: &[(&str, Shape)] = &[
        ("flat", Shape::Flat),
        ("uniform", Shape::Uniform),
        ("normal", Shape::Normal),
        ("lognormal", Shape::LogNormal),
        ("half-normal", Shape::HalfNormal),
        ("half-cauchy", Shape::HalfCauchy),
        ("student-t", Shape::StudentT),
        ("beta", Shape::Beta),
        ("gamma", Shape::Gamma),
        ("exponential", Shape::Exponential),
    ];
    let shape = table.required("kind", table.choice("kind", SHAPES))?.value;
    let number = |key: &'static str| Some(table.required(key, table.number(key))?.value);
    let above_zero = |key: &'static str| {
        let number = table.required(key, table.number(key))?;
        Some(positive(table, key, number)?.value)
    };
    let prior = match shape {
        Shape::Flat => Some(Prior::Flat),
        Shape::Uniform => number("lower").zip(number("upper")).map(|(lower, upper)| Prior::Uniform { lower, upper }),
        Shape::Normal => number("mean").zip(above_zero("sd")).map(|(mean, sd)| Prior::Normal { mean, sd }),
        Shape::LogNormal => above_zero("median")
            .zip(above_zero("sd"))
            .map(|(median, log_sd)| Prior::LogNormal { log_mean: median.ln(), log_sd }),
        Shape::HalfNormal => above_zero("sd").map(|sd| Prior::HalfNormal { sd }),
        Shape::HalfCauchy => above_zero("scale").map(|scale| Prior::HalfCauchy { scale }),
        Shape::StudentT => {
            let location = number("location").zip(above_zero("scale"));
            above_zero("degrees").zip(location).map(|(degrees, (location, scale))| Prior::StudentT {
                degrees,
                location,
                scale,
            })
        }
        Shape::Beta => above_zero("a").zip(above_zero("b")).map(|(a, b)| Prior::Beta { a, b }),
        Shape::Gamma => above_zero("shape").zip(above_zero("rate")).map(|(shape, rate)| Prior::Gamma { shape, rate }),
        Shape::Exponential => above_zero("rate").map(|rate| Prior::Exponential { rate }),
    };
    let (above, below) = (table.number("above"), table.number("below"));
    if above.is_none() && below.is_none() {
        return prior;
    }
    let lower = above.map_or(f64::NEG_INFINITY, |above| above.value);
    let upper = below.as_ref().map_or(f64::INFINITY, |below| below.value);
    if lower >= upper {
        let span = below.map_or(table.span, |below| below.span);
        table.report(Fault::EmptyWindow { text: format!("{lower} to {upper}") }, span);
        return None;
    }
    prior.map(|prior| Prior::Truncated { prior: Box::new(prior), lower, upper })
}
