//! What a study estimates: constants of the model, coverages of series, scales of noise.

use super::constants::Constants;
use super::entry::{Observe, ParameterEntry, PoolEntry, ProcessEntry, ProcessScale, ScaleEntry, Study};
use super::fault::{Fault, Finding};
use crate::check::CheckedModel;
use crate::diagnostic::{Diagnostic, Span};
use crate::estimate::objective::{Amount, Family, Observation, Pool, Process, Role, Use};
use crate::estimate::{Finding as ParameterFinding, Parameter, Prior, Transform};
use statrs::distribution::{ContinuousCDF, Normal};

/// In what series of one group of noise differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupReason {
    Kind,
    Prior,
    Family,
    Unit,
}

impl GroupReason {
    pub(super) fn words(self) -> &'static str {
        match self {
            GroupReason::Kind => "one states its scale, the other estimates it",
            GroupReason::Prior => "their priors of the scale differ",
            GroupReason::Family => "their noise is of different kinds",
            GroupReason::Unit => "their scales are in different units",
        }
    }
}

/// Parameters gathered in the order of the study: constants, then what observations bring.
pub(super) struct Unknowns<'s> {
    study: &'s Study,
    checked: &'s CheckedModel,
    constants: &'s Constants<'s>,
    parameters: Vec<(Parameter, Role)>,
    shared: Vec<Shared>,
    pools: Vec<Pool>,
}

/// What the series of a group of noise have in common.
struct Shared {
    group: String,
    /// Of the first series.
    first: String,
    estimated: bool,
    prior: Prior,
    family: Family,
    unit: String,
    parameter: usize,
}

impl<'s> Unknowns<'s> {
    pub fn new(study: &'s Study, checked: &'s CheckedModel, constants: &'s Constants<'s>) -> Self {
        Unknowns { study, checked, constants, parameters: Vec::new(), shared: Vec::new(), pools: Vec::new() }
    }

    pub fn into_parts(self) -> (Vec<(Parameter, Role)>, Vec<Pool>) {
        (self.parameters, self.pools)
    }

    /// The study's `[[parameter]]`s.
    pub fn constants(&mut self, findings: &mut Vec<Finding>, diagnostics: &mut Vec<Diagnostic>) {
        for entry in &self.study.parameters {
            let constant = match self.constants.resolve(&entry.name.value) {
                Ok(constant) if constant.structural => Err(Fault::Structural { name: constant.name.clone() }),
                found => found,
            };
            let constant = match constant {
                Ok(constant) => constant,
                Err(fault) => {
                    findings.push(Finding::new(fault, &self.study.source, entry.name.span));
                    continue;
                }
            };
            let variable = &self.checked.model().variables[constant.variable];
            let prior = entry.prior.as_ref().map_or(Prior::Flat, |prior| prior.value.clone());
            let Some((lower, upper)) =
                entry.bounds.as_ref().map(|bounds| bounds.value).or_else(|| reach(&prior, self.study.calibrate.reach))
            else {
                let fault = Fault::NoBounds { parameter: entry.name.value.clone() };
                findings.push(Finding::new(fault, &self.study.source, entry.span));
                continue;
            };
            let median = prior.quantile(0.5).filter(|_| !prior.is_flat());
            let inside = Some(constant.value).filter(|value| lower < *value && *value < upper);
            let start = entry.start.as_ref().map(|start| start.value).or(median).or(inside);
            let transform = entry.transform.as_ref().map(|transform| transform.value);
            let parameter = Parameter {
                name: constant.name.clone(),
                meaning: entry.meaning.clone().unwrap_or_else(|| first_sentence(&variable.documentation)),
                unit: variable.units.as_ref().map(|units| units.text.clone()).unwrap_or_default(),
                lower,
                upper,
                start: start.unwrap_or(lower + (upper - lower) / 2.0),
                transform: transform.unwrap_or_else(|| usual_transform(&prior, lower)),
                prior,
            };
            let check = parameter.check();
            diagnostics.extend(check.iter().map(|finding| self.placed(finding, entry)));
            match entry.by_experiment {
                Some(_) => self.by_experiment(entry, parameter, diagnostics),
                None => self.parameters.push((parameter, Role::Constant(constant.name.clone()))),
            }
        }
    }

    /// A value of a constant for each experiment; where they are pooled, around a common value that takes the prior.
    fn by_experiment(&mut self, entry: &ParameterEntry, common: Parameter, diagnostics: &mut Vec<Diagnostic>) {
        let constant = common.name.clone();
        let pooled = entry.pool.as_ref();
        let mut members = Vec::new();
        for (experiment, of) in self.study.experiments.iter().enumerate() {
            let mut own = Parameter { name: format!("{constant} in {}", of.name.value), ..common.clone() };
            if pooled.is_some() {
                own.prior = Prior::Flat;
            }
            members.push(self.parameters.len());
            self.parameters.push((own, Role::Local { constant: constant.clone(), experiment }));
        }
        let Some(pool) = pooled else { return };
        let spread = match &pool.value {
            PoolEntry::Stated(spread) => Amount::Known(*spread),
            PoolEntry::Estimated(prior) => {
                let meaning = match common.transform {
                    Transform::Log => "Standard deviation of its logarithm between experiments",
                    Transform::Logit => "Standard deviation of its log odds between experiments",
                    Transform::Identity => "Standard deviation between experiments",
                };
                let mut spread = positive(format!("spread of {constant}"), meaning.to_owned(), prior);
                // The joint density grows without bound as a spread vanishes with all distances.
                spread.lower = spread.lower.max(prior.quantile(0.009).unwrap_or(spread.lower));
                if common.transform == Transform::Identity {
                    spread.unit.clone_from(&common.unit);
                }
                Amount::Estimated(self.push(spread, Role::Pool, diagnostics, pool.span))
            }
        };
        let centre = self.parameters.len();
        self.parameters.push((Parameter { name: format!("common {constant}"), ..common }, Role::Pool));
        self.pools.push(Pool { members, centre, spread });
    }

    /// A finding of `estimate` at the key that is at fault.
    fn placed(&self, finding: &ParameterFinding, entry: &ParameterEntry) -> Diagnostic {
        let or_name = |span: Option<Span>| span.unwrap_or(entry.name.span);
        let bounds = entry.bounds.as_ref().map(|bounds| bounds.span);
        let prior = entry.prior.as_ref().map(|prior| prior.span);
        let start = entry.start.as_ref().map(|start| start.span);
        let (span, label) = match finding {
            ParameterFinding::BoundsEmpty { .. } => (or_name(bounds), "nothing lies between"),
            ParameterFinding::StartOutside { .. } => (or_name(start.or(bounds)), "starts outside"),
            ParameterFinding::PriorUndefined { .. } => (or_name(prior), "not a distribution"),
            ParameterFinding::PriorOutside { .. } => (or_name(bounds.or(prior)), "too narrow for the prior"),
            _ => (or_name(entry.transform.as_ref().map(|transform| transform.span)), "not for these bounds"),
        };
        finding.diagnostic().at(&self.study.source, span, label)
    }

    /// Adds what an observation brings with it, and tells the observation where it stands.
    pub fn of_observation(
        &mut self,
        entry: &Observe,
        mut observation: Observation,
        findings: &mut Vec<Finding>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Observation {
        if let Some(prior) = &entry.coverage {
            let parameter = positive(
                format!("coverage of {}", observation.name),
                format!("What {} counts for each one in the model", or(&observation.vendor, "the series")),
                prior,
            );
            observation.coverage = Some(self.push(parameter, Role::Coverage, diagnostics, entry.span));
        }
        if let Some(prior) = &entry.noise.memory {
            let mut parameter = Parameter {
                meaning: "Correlation of residuals one unit of time apart".to_owned(),
                prior: prior.value.clone(),
                ..Parameter::new(format!("memory of {}", observation.name), 0.5).within(0.0, 1.0).on(Transform::Logit)
            };
            if let Some(median) = prior.value.quantile(0.5).filter(|median| 0.0 < *median && *median < 1.0) {
                parameter.start = median;
            }
            observation.memory = Some(self.push(parameter, Role::Memory, diagnostics, prior.span));
        }
        let fitted = observation.data.iter().any(|datum| datum.purpose == Use::Fit);
        let group = entry.noise.group.as_ref().map_or(&observation.name, |group| &group.value).clone();
        let prior = match (&entry.noise.scale, &self.study.fit.inflate) {
            (ScaleEntry::Estimated { prior, .. }, _) => Some(prior),
            (ScaleEntry::Stated(_), Some(prior)) if fitted && !observation.judgement => Some(prior),
            _ => None,
        };
        if let Some(prior) = prior {
            let estimated = matches!(entry.noise.scale, ScaleEntry::Estimated { .. });
            let family = observation.noise.family;
            // Only the scale of a value itself has a unit.
            let unit = if family == Family::Normal { observation.unit.clone() } else { String::new() };
            let known = self.shared.iter().find(|shared| shared.group == group);
            if let Some(shared) = known {
                let reason = match shared {
                    _ if shared.estimated != estimated => Some(GroupReason::Kind),
                    _ if shared.prior != *prior => Some(GroupReason::Prior),
                    _ if estimated && shared.family != family => Some(GroupReason::Family),
                    _ if estimated && shared.unit != unit => Some(GroupReason::Unit),
                    _ => None,
                };
                if let Some(reason) = reason {
                    let span = entry.noise.group.as_ref().map_or(entry.noise.span, |group| group.span);
                    let fault = Fault::GroupDiffers { group, first: shared.first.clone(), reason };
                    findings.push(Finding::new(fault, &self.study.source, span));
                }
                observation.inflation = Some(shared.parameter);
                return observation;
            }
            let meaning = if estimated { "Scale of the noise" } else { "Factor of the stated noise scales" };
            let mut parameter = positive(format!("noise of {group}"), meaning.to_owned(), prior);
            if estimated {
                parameter.unit.clone_from(&unit);
            }
            let parameter = self.push(parameter, Role::Scale, diagnostics, entry.noise.span);
            observation.inflation = Some(parameter);
            let (first, prior) = (observation.name.clone(), prior.clone());
            self.shared.push(Shared { group, first, estimated, prior, family, unit, parameter });
        }
        observation
    }

    /// Adds the scale of a stock's process noise where it is estimated.
    pub fn of_process(&mut self, entry: &ProcessEntry, stock: String, diagnostics: &mut Vec<Diagnostic>) -> Process {
        let scale = match &entry.scale {
            ProcessScale::Stated(scale) => Amount::Known(*scale),
            ProcessScale::Estimated(prior) => {
                let meaning = "What the model does not say, over one unit of time".to_owned();
                let mut parameter = positive(format!("process noise of {stock}"), meaning, prior);
                if !entry.relative {
                    let names = self.checked.names();
                    let bare = crate::model::Name::new(stock.split('[').next().unwrap_or_default());
                    let variable = names.variable(&bare).map(|number| &self.checked.model().variables[number]);
                    parameter.unit = variable.and_then(|v| v.units.as_ref()).map_or(String::new(), |u| u.text.clone());
                }
                Amount::Estimated(self.push(parameter, Role::Process, diagnostics, entry.span))
            }
        };
        Process { stock, scale, relative: entry.relative, initial: entry.initial }
    }

    fn push(&mut self, parameter: Parameter, role: Role, diagnostics: &mut Vec<Diagnostic>, span: Span) -> usize {
        let at = |finding: &ParameterFinding| finding.diagnostic().at(&self.study.source, span, "brings it");
        diagnostics.extend(parameter.check().iter().map(at));
        self.parameters.push((parameter, role));
        self.parameters.len() - 1
    }
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

/// A positive pure number, searched by its logarithm within a prior's far quantiles.
fn positive(name: String, meaning: String, prior: &Prior) -> Parameter {
    const FAR: f64 = 5.0;
    let (lower, upper) = reach(prior, FAR).unwrap_or((1e-6, 1e6));
    let lower = lower.max(upper * 1e-12);
    let start = prior.quantile(0.5).filter(|start| lower < *start && *start < upper).unwrap_or((lower * upper).sqrt());
    Parameter {
        name,
        meaning,
        unit: String::new(),
        lower,
        upper,
        start,
        transform: Transform::Log,
        prior: prior.clone(),
    }
}

/// The interval of a prior that a normal one would have within `reach` standard deviations; `None` where it is flat.
fn reach(prior: &Prior, reach: f64) -> Option<(f64, f64)> {
    if let Prior::Uniform { lower, upper } = prior {
        return Some((*lower, *upper));
    }
    let tail = Normal::standard().cdf(-reach);
    Some((prior.quantile(tail)?, prior.quantile(1.0 - tail)?))
}

/// The logarithm for priors of positive quantities.
fn usual_transform(prior: &Prior, lower: f64) -> Transform {
    match prior {
        Prior::Truncated { prior, .. } => usual_transform(prior, lower),
        Prior::LogNormal { .. } | Prior::Gamma { .. } if lower >= 0.0 => Transform::Log,
        _ => Transform::Identity,
    }
}

fn first_sentence(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.split_once(". ") {
        Some((first, _)) => first.to_owned(),
        None => text.trim_end_matches('.').to_owned(),
    }
}
