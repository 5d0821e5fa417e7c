//! The negative log posterior of a study: one run of the model for each point, many points in lanes.

use super::filter::Filter;
use super::{Density, Design, Family, Misfit, Observation, Pool, Readout, Role, Unfiltered};
use crate::check::CheckedModel;
use crate::compile::{Differentiated, Direction, Landing, Outputs, Program, Request, compile, differentiate};
use crate::diagnostic::Diagnostic;
use crate::elementary::pow;
use crate::estimate::{
    Evaluation, Group, GroupKind, Infeasible, Linearisation, Parameter, Problem, Slope, Structured, Term, Transform,
    evaluation, linearise_by_differences,
};
use crate::simulate::{Member, Method, Save, Settings, run_members};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// A design compiled with its model.
#[derive(Clone, Debug)]
pub struct Objective {
    pub(super) parameters: Vec<Parameter>,
    /// Of each experiment.
    pub(super) experiments: Vec<Trial>,
    /// Whether a parameter acts on noise scales alone.
    scales: Vec<bool>,
    pub(super) observations: Vec<Observation>,
    pub(super) pools: Vec<Pool>,
    pub(super) program: Program,
    /// The program with the derivatives along every estimated constant; `None` where slopes come from differences.
    pub(super) differentiated: Option<Differentiated>,
    pub(super) settings: Settings,
    pub(super) readout: Readout,
    /// Number of the first reading of each observation.
    pub(super) first: Vec<usize>,
    pub(super) groups: Vec<Group>,
    /// Group of each observation.
    pub(super) group: Vec<usize>,
    pub(super) density: Density,
    /// Where stocks receive noise.
    pub(super) filter: Option<Filter>,
}

/// What an experiment changes in the program.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    /// `(constant of the program, value)`.
    fixed: Vec<(usize, f64)>,
    /// `(parameter, constant of the program)`.
    pub(super) estimated: Vec<(usize, usize)>,
}

/// A datum and what the model says of it at one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// In the unit of the datum, coverage included.
    pub value: f64,
    /// Of the noise, everything that multiplies it included.
    pub scale: f64,
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
            jacobian: design.settings.method.wants_jacobian(),
        };
        let program = compile(checked, &request)?;
        // Priors come last, judgements among them.
        let mut order: Vec<usize> = (0..design.observations.len()).collect();
        order.sort_by_key(|number| design.observations[*number].judgement);
        let mut groups: Vec<Group> = Vec::new();
        let mut group = vec![0; order.len()];
        for number in order {
            let observation = &design.observations[number];
            let kind = if observation.judgement { GroupKind::Prior } else { GroupKind::Series };
            group[number] = groups.len();
            groups.push(Group { name: observation.name.clone(), kind });
        }
        groups.push(Group { name: "Priors".to_owned(), kind: GroupKind::Prior });
        let place = |name: &str| program.constants.iter().position(|constant| constant.name == name);
        let trial = |number: usize, fixed: &[(String, f64)]| Trial {
            fixed: fixed.iter().filter_map(|(name, value)| Some((place(name)?, *value))).collect(),
            estimated: (design.parameters.iter().enumerate())
                .filter_map(|(parameter, (_, role))| match role {
                    Role::Constant(name) => Some((parameter, place(name)?)),
                    Role::Local { constant, experiment } if *experiment == number => {
                        Some((parameter, place(constant)?))
                    }
                    _ => None,
                })
                .collect(),
        };
        let experiments = match design.experiments.as_slice() {
            [] => vec![trial(0, &[])],
            several => several.iter().enumerate().map(|(k, experiment)| trial(k, &experiment.constants)).collect(),
        };
        let estimated: BTreeSet<usize> =
            experiments.iter().flat_map(|trial| &trial.estimated).map(|(_, constant)| *constant).collect();
        let directions: Vec<Direction> = estimated.into_iter().map(Direction::Constant).collect();
        let exact = has_exact_slopes(design.settings.method) && !directions.is_empty() && design.processes.is_empty();
        let differentiated = exact.then(|| differentiate(&program, &directions));
        let mut settings = Settings { save: Save::At(readout.times().to_vec()), ..design.settings };
        if settings.method.is_adaptive() {
            settings.budget = settings.budget.min(MOST_STEPS);
        }
        let scales = design.parameters.iter().map(|(_, role)| *role == Role::Scale).collect();
        let parameters = design.parameters.into_iter().map(|(parameter, _)| parameter).collect();
        let observations = design.observations;
        let mut objective = Objective {
            parameters,
            experiments,
            scales,
            observations,
            pools: design.pools,
            program,
            differentiated,
            settings,
            readout,
            first,
            groups,
            group,
            density: design.density,
            filter: None,
        };
        if !design.processes.is_empty() {
            let filter = Filter::new(&objective, &design.processes);
            objective.filter = Some(filter.map_err(|faults| objective.unfiltered(&faults))?);
        }
        Ok(objective)
    }

    fn unfiltered(&self, faults: &[Unfiltered]) -> Vec<Diagnostic> {
        let name = |observation: usize| self.observations.get(observation).map_or("", |series| series.name.as_str());
        faults.iter().map(|fault| fault.diagnostic(name)).collect()
    }

    pub fn observations(&self) -> &[Observation] {
        &self.observations
    }

    /// The constants of the program that a point sets in an experiment, in natural values. What is estimated comes last
    /// and so has the last word.
    pub(super) fn changes(&self, natural: &[f64], experiment: usize) -> Vec<(usize, f64)> {
        let Trial { fixed, estimated } = &self.experiments[experiment];
        let estimated = estimated.iter().map(|&(parameter, constant)| (constant, natural[parameter]));
        fixed.iter().copied().chain(estimated).collect()
    }

    /// Natural values of a point in search coordinates.
    pub fn natural(&self, point: &[f64]) -> Vec<f64> {
        self.parameters.iter().zip(point).map(|(parameter, at)| parameter.natural(*at)).collect()
    }

    /// What the model says of every datum, held out or not, from the data before it where stocks receive noise, at each of `points`: `[point][observation][datum]`.
    pub fn predictions(&self, points: &[Vec<f64>]) -> Vec<Result<Vec<Vec<Prediction>>, Infeasible>> {
        if let Some(filter) = &self.filter {
            return self.filtered(filter, points);
        }
        let readings = self.readings(points);
        points.iter().zip(readings).map(|(point, readings)| Ok(self.predicted(point, &readings?))).collect()
    }

    /// Predictions from the readings of each experiment.
    pub(super) fn predicted<R: AsRef<Vec<f64>>>(&self, point: &[f64], readings: &[R]) -> Vec<Vec<Prediction>> {
        let natural = self.natural(point);
        let of = |(number, observation): (usize, &Observation)| {
            let range = self.first[number]..self.first[number] + observation.data.len();
            let pairs = observation.data.iter().zip(&readings[observation.experiment].as_ref()[range]);
            let coverage = observation.coverage.map_or(1.0, |k| natural[k]);
            let inflation = observation.inflation.map_or(1.0, |k| natural[k]);
            let inflation = if observation.noise_before_coverage { inflation * coverage.abs() } else { inflation };
            pairs
                .map(|(datum, reading)| {
                    let (value, scale) = (reading * coverage, datum.scale * inflation);
                    Prediction { value, scale, misfit: observation.noise.misfit(datum.value, value, scale) }
                })
                .collect()
        };
        self.observations.iter().enumerate().map(of).collect()
    }

    /// Readings of the runs at each point, `[point][experiment][reading]`. Points that differ in nothing that the model sees
    /// share their runs.
    pub(super) fn readings(&self, points: &[Vec<f64>]) -> Vec<Result<Vec<Rc<Vec<f64>>>, Infeasible>> {
        let mut members: Vec<Member> = Vec::new();
        let mut known: HashMap<Vec<u64>, usize> = HashMap::new();
        let mut place_of = Vec::with_capacity(points.len() * self.experiments.len());
        for point in points {
            let natural = self.natural(point);
            for experiment in 0..self.experiments.len() {
                let changes = self.changes(&natural, experiment);
                let bits = changes.iter().flat_map(|(constant, value)| [*constant as u64, value.to_bits()]).collect();
                let place = *known.entry(bits).or_insert_with(|| {
                    members.push(Member { number: 0, changes });
                    members.len() - 1
                });
                place_of.push(place);
            }
        }
        let reader = self.readout.within(&self.program);
        let runs = run_members(&self.program, &self.settings, &members);
        let readings: Vec<Result<Rc<Vec<f64>>, Infeasible>> = runs
            .into_iter()
            .map(|run| match run {
                Ok(saved) => Ok(Rc::new(reader.read(&saved))),
                Err(failure) => Err(Infeasible::new(failure.diagnostic().message)),
            })
            .collect();
        let each = place_of.chunks(self.experiments.len());
        each.map(|places| places.iter().map(|place| readings[*place].clone()).collect()).collect()
    }
}

impl Problem for Objective {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn evaluate(&self, points: &[Vec<f64>]) -> Vec<Evaluation> {
        self.terms(points).into_iter().map(|terms| evaluation(&self.groups, &terms?)).collect()
    }

    fn gradients(&self, points: &[Vec<f64>]) -> Vec<Result<Slope, Infeasible>> {
        let each = self.linearise(points).into_iter().map(|linearisation| {
            let linearisation = linearisation?;
            let value = evaluation(&self.groups, &linearisation.terms)?;
            Ok(Slope { value, gradient: linearisation.gradient().iter().copied().collect() })
        });
        each.collect()
    }

    /// An adaptive run carries the error that its tolerance allows, and differences must rise above it.
    fn spacing(&self, parameter: usize, at: f64) -> f64 {
        let typical = self.parameters[parameter].typical();
        let relative = match self.scales[parameter] {
            true => crate::estimate::problem::EXACT,
            false if self.settings.method.is_adaptive() => pow(self.settings.relative, 1.0 / 3.0),
            false => FIXED_STEP_SPACING,
        };
        relative * at.abs().max(typical)
    }
}

/// A run with error control that takes more steps is far from any data worth fitting, and would hold up all others.
const MOST_STEPS: u64 = 30_000;

/// Runs on a fixed step are smooth but for kinks, and carry twelve digits or more: searches of models with a thousand
/// steps converge at spacings from 1e-7 to 5e-6 and stall on kinks above.
pub(super) const FIXED_STEP_SPACING: f64 = 1e-6;

impl Structured for Objective {
    fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Scales of noise around a location, alone in what they multiply.
    fn log_scales(&self) -> Vec<usize> {
        // A filter adds the spread of the state to that of the noise.
        if self.filter.is_some() {
            return Vec::new();
        }
        let scaled = |k: usize| self.observations.iter().filter(move |observation| observation.inflation == Some(k));
        let located = |k: usize| scaled(k).all(|observation| observation.noise.family != Family::NegativeBinomial);
        let is_log = |k: &usize| self.scales[*k] && self.parameters[*k].transform == Transform::Log;
        (0..self.parameters.len()).filter(is_log).filter(|k| located(*k)).collect()
    }

    fn terms(&self, points: &[Vec<f64>]) -> Vec<Result<Vec<Term>, Infeasible>> {
        let predictions = self.predictions(points);
        points.iter().zip(predictions).map(|(point, predictions)| self.rows(point, &predictions?)).collect()
    }

    fn settled(&self, points: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
        self.filter.is_none().then(|| self.with_best_inner(points))
    }

    /// By runs that carry their derivatives, or by differences of runs that share their steps, where there are such; else by
    /// differences.
    fn linearise(&self, points: &[Vec<f64>]) -> Vec<Result<Linearisation, Infeasible>> {
        let runs = match &self.differentiated {
            Some(differentiated) => self.with_tangents(differentiated, points),
            None if self.settings.method.wants_jacobian() && self.filter.is_none() => self.with_neighbours(points),
            None => return linearise_by_differences(self, points),
        };
        let each = points.iter().zip(runs).map(|(point, run)| {
            let (readings, slopes): (Vec<_>, Vec<_>) = run?.into_iter().unzip();
            let predictions = self.predicted(point, &readings);
            let terms = self.rows(point, &predictions)?;
            let jacobian = self.jacobian(point, &predictions, &readings, &slopes, terms.len());
            match jacobian.iter().all(|slope| slope.is_finite()) {
                true => Ok(Linearisation { terms, jacobian }),
                false => Err(Infeasible::new("the slopes of the run are not finite")),
            }
        });
        each.collect()
    }
}

/// Whether runs by a method can carry derivatives.
pub(super) fn has_exact_slopes(method: Method) -> bool {
    !method.is_adaptive() || method == Method::DormandPrince
}
