//! The negative log posterior of a study: one run of the model for each point, many points in lanes.

use super::{Misfit, Observation, Readout, Use};
use crate::check::CheckedModel;
use crate::compile::{Landing, Outputs, Program, Request, compile};
use crate::diagnostic::Diagnostic;
use crate::estimate::{
    Evaluation, Group, GroupKind, Infeasible, Parameter, Prior, Problem, Structured, Term, Transform, evaluation,
    prior_terms,
};
use crate::simulate::{Member, Save, Settings, run_members};
use std::collections::HashMap;

/// What a parameter acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// A constant of the model, by its element's name.
    Constant(String),
    /// Predictions of the observations that refer to it.
    Coverage,
    /// Noise scales of the observations that refer to it.
    Scale,
}

/// Of what the prior is a density. A mode depends on it, a posterior does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Density {
    /// Of the natural values, as samplers want it.
    #[default]
    Natural,
    /// Of the search coordinates, in which a lognormal prior is a normal one and is centred on its median.
    Search,
}

/// What a study estimates from what.
#[derive(Clone, Debug)]
pub struct Design {
    pub parameters: Vec<(Parameter, Role)>,
    pub observations: Vec<Observation>,
    /// Constants of the model, run controls included, that hold throughout.
    pub overrides: Vec<(String, f64)>,
    pub settings: Settings,
    pub density: Density,
}

impl Design {
    /// Constants of the model at natural values of the parameters, by element.
    pub fn constants(&self, natural: &[f64]) -> Vec<(String, f64)> {
        let named = |((_, role), value): (&(Parameter, Role), &f64)| match role {
            Role::Constant(name) => Some((name.clone(), *value)),
            _ => None,
        };
        self.parameters.iter().zip(natural).filter_map(named).collect()
    }
}

/// A design compiled with its model.
#[derive(Debug)]
pub struct Objective {
    parameters: Vec<Parameter>,
    /// `(parameter, constant of the program)`.
    constants: Vec<(usize, usize)>,
    scales: Vec<bool>,
    observations: Vec<Observation>,
    program: Program,
    settings: Settings,
    readout: Readout,
    /// Number of the first reading of each observation.
    first: Vec<usize>,
    groups: Vec<Group>,
    /// Group of each observation.
    group: Vec<usize>,
    density: Density,
}

/// A datum and what the model says of it at one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// In the unit of the datum, coverage included.
    pub value: f64,
    /// `None` where the noise has no place for the prediction.
    pub misfit: Option<Misfit>,
}

impl Objective {
    /// Compiles the model for a design.
    ///
    /// # Errors
    /// What is wrong with quantities and constants, pointing into the study that wrote them.
    pub fn new(checked: &CheckedModel, design: Design) -> Result<Self, Vec<Diagnostic>> {
        let mut readout = Readout::default();
        let first = design
            .observations
            .iter()
            .map(|observation| readout.add(&observation.gauge, observation.data.iter().map(|datum| datum.window)))
            .collect();
        let request = Request {
            landing: Landing::Exact,
            overrides: design.overrides,
            outputs: Outputs::Chosen(Vec::new()),
            expressions: readout.expressions(),
            data: Vec::new(),
        };
        let program = compile(checked, &request)?;
        let mut groups: Vec<Group> = Vec::new();
        let mut group = Vec::new();
        // Priors come last, judgements among them.
        for judgement in [false, true] {
            for observation in design.observations.iter().filter(|observation| observation.judgement == judgement) {
                let kind = if judgement { GroupKind::Prior } else { GroupKind::Series };
                groups.push(Group { name: observation.name.clone(), kind });
            }
        }
        for observation in &design.observations {
            group.extend(groups.iter().position(|group| group.name == observation.name));
        }
        groups.push(Group { name: "Priors".to_owned(), kind: GroupKind::Prior });
        let mut constants = Vec::new();
        for (number, (_, role)) in design.parameters.iter().enumerate() {
            if let Role::Constant(name) = role {
                let place = program.constants.iter().position(|constant| constant.name == *name);
                constants.extend(place.map(|place| (number, place)));
            }
        }
        let settings = Settings { save: Save::At(readout.times().to_vec()), ..design.settings };
        let scales = design.parameters.iter().map(|(_, role)| *role == Role::Scale).collect();
        let parameters = design.parameters.into_iter().map(|(parameter, _)| parameter).collect();
        let observations = design.observations;
        Ok(Objective {
            parameters,
            constants,
            scales,
            observations,
            program,
            settings,
            readout,
            first,
            groups,
            group,
            density: design.density,
        })
    }

    pub fn observations(&self) -> &[Observation] {
        &self.observations
    }

    /// The constants of the program that a point sets, in natural values.
    pub fn changes(&self, natural: &[f64]) -> Vec<(usize, f64)> {
        self.constants.iter().map(|&(parameter, constant)| (constant, natural[parameter])).collect()
    }

    /// Natural values of a point in search coordinates.
    pub fn natural(&self, point: &[f64]) -> Vec<f64> {
        self.parameters.iter().zip(point).map(|(parameter, at)| parameter.natural(*at)).collect()
    }

    /// What the model says of every datum, held out or not, at each of `points`: `[point][observation][datum]`.
    pub fn predictions(&self, points: &[Vec<f64>]) -> Vec<Result<Vec<Vec<Prediction>>, Infeasible>> {
        let readings = self.readings(points);
        let each = points.iter().zip(readings).map(|(point, readings)| {
            let readings = readings?;
            let natural = self.natural(point);
            let of = |(number, observation): (usize, &Observation)| {
                let range = self.first[number]..self.first[number] + observation.data.len();
                let pairs = observation.data.iter().zip(&readings[range]);
                pairs
                    .map(|(datum, reading)| {
                        let value = reading * observation.coverage.map_or(1.0, |k| natural[k]);
                        let scale = datum.scale * observation.inflation.map_or(1.0, |s| natural[s]);
                        Prediction { value, misfit: observation.noise.misfit(datum.value, value, scale) }
                    })
                    .collect()
            };
            Ok(self.observations.iter().enumerate().map(of).collect())
        });
        each.collect()
    }

    /// Readings of the run at each point. Points that differ in nothing that the model sees share one run.
    fn readings(&self, points: &[Vec<f64>]) -> Vec<Result<Vec<f64>, Infeasible>> {
        let mut members: Vec<Member> = Vec::new();
        let mut known: HashMap<Vec<u64>, usize> = HashMap::new();
        let mut member_of = Vec::with_capacity(points.len());
        for point in points {
            let changes = self.changes(&self.natural(point));
            let bits = changes.iter().map(|(_, value)| value.to_bits()).collect();
            let place = *known.entry(bits).or_insert_with(|| {
                members.push(Member { number: 0, changes });
                members.len() - 1
            });
            member_of.push(place);
        }
        let reader = self.readout.within(&self.program);
        let runs = run_members(&self.program, &self.settings, &members);
        let readings: Vec<Result<Vec<f64>, Infeasible>> = runs
            .into_iter()
            .map(|run| match run {
                Ok(saved) => Ok(reader.read(&saved)),
                Err(failure) => Err(Infeasible::new(failure.diagnostic().message)),
            })
            .collect();
        member_of.into_iter().map(|place| readings[place].clone()).collect()
    }

    fn rows(&self, point: &[f64], predictions: &[Vec<Prediction>]) -> Result<Vec<Term>, Infeasible> {
        let mut terms = Vec::new();
        for (number, observation) in self.observations.iter().enumerate() {
            let pairs = observation.data.iter().zip(&predictions[number]);
            for (datum_number, (datum, prediction)) in pairs.enumerate() {
                if datum.purpose != Use::Fit {
                    continue;
                }
                let Some(misfit) = prediction.misfit else {
                    return Err(Infeasible::new(format!(
                        "{} of {} would be {}, which its noise does not admit",
                        observation.name, datum.label, prediction.value
                    )));
                };
                let group = self.group[number];
                terms.push(Term {
                    group,
                    datum: datum_number,
                    predictor: misfit.predictor,
                    value: misfit.value,
                    slope: misfit.slope,
                    information: misfit.information,
                });
                if let Some(scale) = observation.inflation {
                    terms.push(Term {
                        group,
                        datum: datum_number,
                        predictor: (datum.scale * self.parameters[scale].natural(point[scale])).ln(),
                        value: 0.0,
                        slope: misfit.scale_slope,
                        information: misfit.scale_information,
                    });
                }
            }
        }
        let priors = self.groups.len() - 1;
        let mut prior = prior_terms(&self.parameters, point, priors)?;
        if self.density == Density::Search {
            for term in &mut prior {
                self.to_search(term);
            }
        }
        terms.extend(prior);
        Ok(terms)
    }

    /// Turns the row of a natural density into that of the search coordinate's.
    fn to_search(&self, term: &mut Term) {
        let parameter = &self.parameters[term.datum];
        let at = term.predictor;
        term.value -= parameter.log_jacobian(at);
        let (dx, ddx) = parameter.natural_slopes(at);
        term.slope -= ddx / dx;
        // Where the curvature of the natural density was lost below zero, that of a lognormal is known.
        if let (Prior::LogNormal { log_sd, .. }, Transform::Log) = (&parameter.prior, parameter.transform) {
            term.information = 1.0 / (log_sd * log_sd);
        }
    }
}

impl Problem for Objective {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn evaluate(&self, points: &[Vec<f64>]) -> Vec<Evaluation> {
        self.terms(points).into_iter().map(|terms| evaluation(&self.groups, &terms?)).collect()
    }

    /// An adaptive run carries the error that its tolerance allows, and differences must rise above it.
    fn spacing(&self, parameter: usize, at: f64) -> f64 {
        let typical = self.parameters[parameter].typical();
        let relative = match self.scales[parameter] {
            true => f64::EPSILON.cbrt(),
            false if self.settings.method.is_adaptive() => self.settings.relative.cbrt(),
            false => FIXED_STEP_SPACING,
        };
        relative * at.abs().max(typical)
    }
}

/// Runs on a fixed step are smooth but for kinks, and carry twelve digits or more: searches of models with a thousand
/// steps converge at spacings from 1e-7 to 5e-6 and stall on kinks above.
const FIXED_STEP_SPACING: f64 = 1e-6;

impl Structured for Objective {
    fn groups(&self) -> &[Group] {
        &self.groups
    }

    fn terms(&self, points: &[Vec<f64>]) -> Vec<Result<Vec<Term>, Infeasible>> {
        let predictions = self.predictions(points);
        points.iter().zip(predictions).map(|(point, predictions)| self.rows(point, &predictions?)).collect()
    }
}
