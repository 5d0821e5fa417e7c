//! Experiments, and what a study says of those that share parameters: which series observes which, and which parameters
//! are the same, different, or alike.

use super::constants::Constants;
use super::document::{Fields, Located};
use super::entry::{ExperimentEntry, PoolEntry, Study};
use super::fault::{Fault, Finding, Words};
use super::file::positive;
use super::parameter::prior;
use super::scenario;
use crate::diagnostic::nearest;
use crate::estimate::objective::Experiment;
use crate::model::Name;

/// What can be wrong with the experiments of a study.
#[derive(Clone, Debug, PartialEq)]
pub enum PanelFault {
    UnknownExperiment {
        name: String,
        nearest: Option<String>,
        known: Vec<String>,
    },
    /// A series that does not say which experiment it observes.
    WhichExperiment {
        series: String,
        known: Vec<String>,
    },
    /// Nothing observes it.
    Unobserved {
        name: String,
    },
    /// Different by experiment, of which there are none, or pooled without being different.
    NotByExperiment {
        parameter: String,
    },
    NoExperiments {
        parameter: String,
    },
    /// Residuals of counts have no memory.
    MemoryOfCounts {
        series: String,
    },
}

impl PanelFault {
    pub(super) fn words(&self) -> Words {
        let words = |code, message: String, label: &str, help: String| (code, message, label.to_owned(), help);
        let list = |known: &[String]| known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        match self {
            PanelFault::UnknownExperiment { name, nearest, known } => words(
                "unknown-experiment",
                format!("the study has no experiment `{name}`"),
                "unknown experiment",
                match (nearest, known.as_slice()) {
                    (Some(near), _) => format!("did you mean `{near}`?"),
                    (None, []) => format!("declare it: [[experiment]] with name = \"{name}\""),
                    (None, known) => format!("experiments are {}", list(known)),
                },
            ),
            PanelFault::WhichExperiment { series, known } => words(
                "which-experiment",
                format!("`{series}` does not say which experiment it observes"),
                "of which experiment?",
                format!("add `experiment = …` with one of {}", list(known)),
            ),
            PanelFault::Unobserved { name } => words(
                "unobserved-experiment",
                format!("no series observes the experiment `{name}`"),
                "not observed",
                format!("remove it, or add `experiment = \"{name}\"` to a series"),
            ),
            PanelFault::NotByExperiment { parameter } => words(
                "pool-needs-experiments",
                format!("`{parameter}` is pooled but the same in every experiment"),
                "nothing to pool",
                "add `by = \"experiment\"`, or remove `pool`".to_owned(),
            ),
            PanelFault::NoExperiments { parameter } => words(
                "no-experiments",
                format!("`{parameter}` differs by experiment, and the study has fewer than two"),
                "by what?",
                "declare them under [[experiment]], or remove `by`".to_owned(),
            ),
            PanelFault::MemoryOfCounts { series } => words(
                "memory-of-counts",
                format!("the noise of `{series}` is of counts, which have no residual to remember"),
                "no memory",
                "remove `memory`, or use normal, lognormal or logit noise".to_owned(),
            ),
        }
    }
}

/// An `[[experiment]]`.
pub(super) fn experiment(table: &Fields) -> Option<ExperimentEntry> {
    let name = table.required("name", table.text("name"));
    let set = table.table("set").map(|table| scenario::settings(&table)).unwrap_or_default();
    Some(ExperimentEntry { name: name?, set, span: table.span })
}

/// The key `pool`: a spread, or its prior.
pub(super) fn pool(table: &Fields) -> Option<Located<PoolEntry>> {
    let span = table.key_span("pool");
    let entry = match table.is_table("pool") {
        true => PoolEntry::Estimated(prior(&table.table("pool")?)?),
        false => {
            let spread = table.number("pool")?;
            PoolEntry::Stated(positive(table, "pool", spread)?.value)
        }
    };
    Some(Located::new(entry, span))
}

/// The experiments with their constants, and the number of the experiment that each series observes.
pub(super) fn experiments(
    study: &Study,
    constants: &Constants,
    findings: &mut Vec<Finding>,
) -> (Vec<Experiment>, Vec<usize>) {
    let key = |name: &str| Name::new(name).key().to_owned();
    let known: Vec<String> = study.experiments.iter().map(|entry| entry.name.value.clone()).collect();
    let mut observed = vec![false; known.len()];
    let mut report = |fault, span| findings.push(Finding::new(Fault::Panel(fault), &study.source, span));
    let mut of_series = Vec::with_capacity(study.observe.len());
    for entry in &study.observe {
        let number = match &entry.experiment {
            None if known.is_empty() => 0,
            None => {
                let fault = PanelFault::WhichExperiment { series: entry.name.value.clone(), known: known.clone() };
                report(fault, entry.name.span);
                0
            }
            Some(name) => known.iter().position(|known| key(known) == key(&name.value)).unwrap_or_else(|| {
                let nearest = nearest(&name.value, known.iter().map(String::as_str)).map(str::to_owned);
                let fault = PanelFault::UnknownExperiment { name: name.value.clone(), nearest, known: known.clone() };
                report(fault, name.span);
                0
            }),
        };
        if let Some(observed) = observed.get_mut(number) {
            *observed = true;
        }
        of_series.push(number);
    }
    for (entry, observed) in study.experiments.iter().zip(observed) {
        if !observed {
            report(PanelFault::Unobserved { name: entry.name.value.clone() }, entry.name.span);
        }
    }
    for entry in &study.parameters {
        let parameter = || entry.name.value.clone();
        match (&entry.by_experiment, &entry.pool) {
            (Some(span), _) if known.len() < 2 => report(PanelFault::NoExperiments { parameter: parameter() }, *span),
            (None, Some(pool)) => report(PanelFault::NotByExperiment { parameter: parameter() }, pool.span),
            _ => {}
        }
    }
    for entry in &study.observe {
        if let (Some(memory), false) = (&entry.noise.memory, entry.noise.noise.is_located()) {
            report(PanelFault::MemoryOfCounts { series: entry.name.value.clone() }, memory.span);
        }
    }
    let each = study.experiments.iter().map(|entry| {
        let set = entry.set.iter().filter_map(|setting| {
            let span = setting.constant.span;
            let estimated = study.parameters.iter().any(|p| key(&p.name.value) == key(&setting.constant.value));
            if estimated {
                let fault = Fault::SetAndEstimated { name: setting.constant.value.clone() };
                findings.push(Finding::new(fault, &study.source, span));
            }
            let name = constants.checked_name(&setting.constant.value, &study.source, span, findings);
            name.map(|name| (name, setting.value))
        });
        Experiment { name: entry.name.value.clone(), constants: set.collect() }
    });
    (each.collect(), of_series)
}
