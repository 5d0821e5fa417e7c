//! Process noise as study files write it, and what it needs of model and observations.

use super::document::{Fields, Located};
use super::entry::{ProcessEntry, ProcessScale, Study};
use super::fault::{Fault, Finding, Words};
use super::parameter::prior;
use crate::compile::{Program, element_key};
use crate::diagnostic::nearest;
use crate::estimate::objective::Tail;

/// What can be wrong with the process noise of a study.
#[derive(Clone, Debug, PartialEq)]
pub enum ProcessFault {
    NotAStock {
        name: String,
        nearest: Option<String>,
    },
    /// What the model keeps in no stock.
    Remembers {
        name: String,
    },
    NotNormal {
        series: String,
    },
    Negative {
        key: &'static str,
        value: f64,
    },
}

impl ProcessFault {
    pub(super) fn words(&self) -> Words {
        let words = |code, message: String, label: &str, help: &str| (code, message, label.to_owned(), help.to_owned());
        match self {
            ProcessFault::NotAStock { name, nearest } => {
                let help = match nearest {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "process noise is of stocks; `levada check` lists them".to_owned(),
                };
                words("not-a-stock", format!("the model has no stock `{name}`"), "no stock", &help)
            }
            ProcessFault::Remembers { name } => words(
                "filter-needs-stocks",
                format!("a model with `{name}` cannot be filtered: it keeps what is in no stock"),
                "needs a state of stocks",
                "replace fixed delays and samples by material delays, or leave process noise out",
            ),
            ProcessFault::NotNormal { series } => words(
                "filter-needs-normal-noise",
                format!("with process noise, the noise of `{series}` must be normal in some scale"),
                "not normal",
                "use kind = \"normal\", \"lognormal\" or \"logit\" with tail = \"normal\" and without memory",
            ),
            ProcessFault::Negative { key, value } => words(
                "negative-scale",
                format!("`{key}` is {value} and must not be below zero"),
                "below zero",
                "state zero or a positive number, or scale = \"estimated\" with a prior",
            ),
        }
    }
}

/// A `[[process-noise]]`.
pub(super) fn process(table: &Fields) -> Option<ProcessEntry> {
    let stock = table.required("stock", table.text("stock"));
    let kind = table.required("kind", table.choice("kind", &[("normal", false), ("lognormal", true)]));
    let initial = table.number("initial").and_then(|initial| not_negative(table, "initial", initial));
    let scale = match table.is_text("scale") {
        true => table.choice("scale", &[("estimated", ())]).and_then(|_| {
            let prior = table.required("prior", table.table("prior")).and_then(|table| prior(&table));
            prior.map(ProcessScale::Estimated)
        }),
        false => table
            .required("scale", table.number("scale"))
            .and_then(|scale| not_negative(table, "scale", scale))
            .map(ProcessScale::Stated),
    };
    let (relative, initial) = (kind?.value, initial.unwrap_or(0.0));
    Some(ProcessEntry { stock: stock?, relative, scale: scale?, initial, span: table.span })
}

fn not_negative(table: &Fields, key: &'static str, number: Located<f64>) -> Option<f64> {
    if number.value >= 0.0 && number.value.is_finite() {
        return Some(number.value);
    }
    table.report(Fault::Process(ProcessFault::Negative { key, value: number.value }), number.span);
    None
}

/// The name of a stock in the program's spelling, as far as each entry has one; what cannot be filtered is reported.
pub(super) fn stocks(study: &Study, program: &Program, findings: &mut Vec<Finding>) -> Vec<Option<String>> {
    let mut report = |fault, span| findings.push(Finding::new(Fault::Process(fault), &study.source, span));
    let Some(first) = study.processes.first() else { return Vec::new() };
    let remembered = program.memories.first().map(|memory| memory.name.clone()).or(program.store.clone());
    let random = (!program.randoms.is_empty()).then(|| "a random function".to_owned());
    if let Some(name) = remembered.or(random) {
        report(ProcessFault::Remembers { name }, first.span);
    }
    for entry in &study.observe {
        let noise = entry.noise.noise;
        if !noise.is_located() || noise.tail != Tail::Normal {
            report(ProcessFault::NotNormal { series: entry.name.value.clone() }, entry.noise.span);
        }
    }
    let names = || program.states[..program.own_states].iter().map(|state| state.name.as_str());
    let each = study.processes.iter().map(|entry| {
        let key = element_key(&entry.stock.value);
        let known = names().find(|name| element_key(name) == key).map(str::to_owned);
        if known.is_none() {
            let nearest = nearest(&entry.stock.value, names()).map(str::to_owned);
            report(ProcessFault::NotAStock { name: entry.stock.value.clone(), nearest }, entry.stock.span);
        }
        known
    });
    each.collect()
}
