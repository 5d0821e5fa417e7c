//! The constants of a model by name, and what scenarios and studies make of them.

use super::fault::{Fault, Finding};
use super::scenario::{ChangeKind, Scenario};
use crate::calendar::{Calendar, Window};
use crate::check::CheckedModel;
use crate::compile::{Constant, element_key};
use crate::diagnostic::{Diagnostic, Source, Span, nearest};
use crate::model::Name;
use std::path::Path;
use std::sync::Arc;

/// The constants of a compiled model.
pub(super) struct Constants<'m> {
    checked: &'m CheckedModel,
    constants: &'m [Constant],
}

/// A policy of a model: a switch in time.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub name: String,
    pub on: bool,
    /// In model time; where the model has no such constant, the policy has no such edge.
    pub start: Option<f64>,
    pub end: Option<f64>,
}

/// The constants that a scenario file sets in a model, by element; `constants` are those of the compiled model.
///
/// # Errors
/// Every fault of the file and of those it extends, and every constant or policy that the model does not have.
pub fn scenario_settings(
    path: &Path,
    calendar: &Calendar,
    checked: &CheckedModel,
    constants: &[Constant],
) -> Result<Vec<(String, f64)>, Vec<Diagnostic>> {
    let scenario = Scenario::read(path, calendar)?;
    let mut findings = Vec::new();
    let constants = Constants::new(checked, constants);
    let ends = constants.value("INITIAL TIME").zip(constants.value("FINAL TIME"));
    let run = ends.map(|(start, end)| Window { start, end });
    let settings = constants.settings(&scenario, run, &mut findings);
    if findings.is_empty() { Ok(settings) } else { Err(findings.iter().map(Finding::diagnostic).collect()) }
}

impl<'m> Constants<'m> {
    pub fn new(checked: &'m CheckedModel, constants: &'m [Constant]) -> Self {
        Constants { checked, constants }
    }

    fn find(&self, name: &str) -> Option<usize> {
        let key = element_key(name);
        self.constants.iter().position(|constant| element_key(&constant.name) == key)
    }

    pub fn value(&self, name: &str) -> Option<f64> {
        self.find(name).map(|place| self.constants[place].value)
    }

    /// The constant that a name means: one element, in the model's spelling.
    pub fn resolve(&self, name: &str) -> Result<&'m Constant, Fault> {
        if let Some(place) = self.find(name) {
            return Ok(&self.constants[place]);
        }
        let bare = name.split('[').next().unwrap_or(name).trim().trim_matches('"');
        let Some(variable) = self.checked.names().variable(&Name::new(bare)) else {
            let names = self.constants.iter().map(|constant| constant.name.split('[').next().unwrap_or_default());
            return Err(Fault::UnknownConstant {
                name: name.to_owned(),
                nearest: nearest(bare, names).map(str::to_owned),
            });
        };
        let elements: Vec<String> = self
            .constants
            .iter()
            .filter(|constant| constant.variable == variable)
            .map(|constant| constant.name.clone())
            .collect();
        Err(match elements.is_empty() {
            true => Fault::NotAConstant { name: name.to_owned() },
            false => Fault::Subscripts { name: name.to_owned(), elements },
        })
    }

    /// Every variable `on X`, in the order of the model.
    pub fn policies(&self) -> Vec<Policy> {
        let names = self.constants.iter().filter_map(|constant| constant.name.strip_prefix("on "));
        names
            .map(|name| Policy {
                name: name.to_owned(),
                on: self.value(&format!("on {name}")).is_some_and(|on| on != 0.0),
                start: self.value(&format!("start {name}")),
                end: self.value(&format!("end {name}")),
            })
            .collect()
    }

    /// The constants that a scenario sets, by element, the last setting of each. Its dates must lie in the run, where that
    /// is known.
    pub fn settings(
        &self,
        scenario: &Scenario,
        run: Option<Window>,
        findings: &mut Vec<Finding>,
    ) -> Vec<(String, f64)> {
        let mut settings: Vec<(String, f64)> = Vec::new();
        for change in &scenario.changes {
            let Some(source) = scenario.sources.get(change.source) else { continue };
            let (constant, value, span) = match &change.kind {
                ChangeKind::Set(setting) => {
                    let span = setting.constant.span;
                    (self.checked_name(&setting.constant.value, source, span, findings), setting.value, span)
                }
                ChangeKind::Policy { policy, setting, value, span } => {
                    let name = format!("{setting} {}", policy.value);
                    let found = match self.resolve(&name) {
                        Ok(constant) => Some(constant.name.clone()),
                        Err(_) => {
                            let (fault, span) = self.no_policy(&policy.value, setting, &name, policy.span, *span);
                            let finding = Finding::new(fault, source, span);
                            if !findings.contains(&finding) {
                                findings.push(finding);
                            }
                            None
                        }
                    };
                    (found, *value, *span)
                }
            };
            if let Some(constant) = constant {
                if let Some(fault) = run.and_then(|run| self.outside(&constant, value, run)) {
                    findings.push(Finding::new(fault, source, span));
                }
                settings.retain(|(known, _)| *known != constant);
                settings.push((constant, value));
            }
        }
        settings
    }

    /// What is wrong with the date of a switch. One that ends after the run does not end within it, which may be meant.
    fn outside(&self, constant: &str, time: f64, run: Window) -> Option<Fault> {
        let switch = |edge: &str| constant.strip_prefix(edge).filter(|name| self.find(&format!("on {name}")).is_some());
        let starts = switch("start ").is_some() && !(run.start <= time && time < run.end);
        let ends = switch("end ").is_some() && time < run.start;
        let (start, stop) = (run.start, run.end);
        (starts || ends).then(|| Fault::SwitchOutsideRun { constant: constant.to_owned(), time, start, stop })
    }

    /// The spelling of a constant in the model; reported where there is none.
    pub fn checked_name(
        &self,
        name: &str,
        source: &Arc<Source>,
        span: Span,
        findings: &mut Vec<Finding>,
    ) -> Option<String> {
        match self.resolve(name) {
            Ok(constant) => Some(constant.name.clone()),
            Err(fault) => {
                findings.push(Finding::new(fault, source, span));
                None
            }
        }
    }

    /// Whether the policy is unknown altogether, or only this setting of it, and where to say so.
    fn no_policy(
        &self,
        policy: &str,
        setting: &'static str,
        constant: &str,
        policy_span: Span,
        span: Span,
    ) -> (Fault, Span) {
        if self.find(&format!("on {policy}")).is_some() {
            return (Fault::PolicyLacks { policy: policy.to_owned(), setting, constant: constant.to_owned() }, span);
        }
        (self.unknown_policy(policy), policy_span)
    }

    pub fn unknown_policy(&self, policy: &str) -> Fault {
        let known: Vec<String> = self.policies().into_iter().map(|policy| policy.name).collect();
        let nearest = nearest(policy, known.iter().map(String::as_str)).map(str::to_owned);
        Fault::UnknownPolicy { name: policy.to_owned(), nearest, known }
    }
}

#[cfg(test)]
mod tests {
    use super::scenario_settings;
    use crate::calendar::Calendar;
    use crate::check::check;
    use crate::compile::{Request, compile};
    use crate::parse;
    use std::collections::HashMap;
    use std::path::Path;

    #[test]
    fn the_shipped_scenarios_set_constants_of_the_model_the_nearest_file_last() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (read, _) = parse::read_file(&root.join("models/zgc/zgc.mdl"));
        let (source, model) = read.unwrap();
        let checked = check(&source, model, &HashMap::new()).0.unwrap();
        let program = compile(&checked, &Request::default()).unwrap();
        let settings = |name: &str| {
            let path = root.join("calibration/zgc/scenarios").join(name);
            scenario_settings(&path, &Calendar::Years, &checked, &program.constants).unwrap()
        };
        let market = settings("market-only-vc.toml");
        let of = |name: &str| market.iter().find(|(constant, _)| constant == name).map(|(_, value)| *value);
        // The first is inherited from no-campaign.toml.
        assert_eq!(
            (of("on mass campaign"), of("on guidance funds"), of("selfrel rate")),
            (Some(0.0), Some(0.0), Some(0.0))
        );
        assert_eq!(settings("sustained-campaign.toml").len(), 3);
    }
}
