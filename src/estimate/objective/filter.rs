//! The likelihood of a model that is wrong by a little all the time: stocks receive noise, and each datum is predicted from
//! those before it.
//!
//! Method: between data the state's mean and covariance are carried by runs from sigma points at a distance of √3 standard
//! deviations; noise enters at three Gauss-Legendre nodes of each stretch, whose weights integrate its covariance to sixth
//! order. At a datum, state and prediction are taken as jointly normal and the state is conditioned on what was recorded;
//! the data of one time come in one after the other, which for independent noise is the same as together.
//! Order / cost: exact for linear models but for the error of integration, of second order in the spread else. `2 n + 1` runs
//! for `n` stocks, in lanes, cut at four times as many places as there are times of data.
//! Assumptions: normal noise of the value, its logarithm or its log odds; what the model remembers is in its stocks.
//! Fails when: a sigma point leaves what the noise admits.
//! Source: Nørgaard, Poulsen and Ravn (2000), Automatica 36, section 4, for mean and covariance (its mean is that of Julier and
//! Uhlmann 2004 with n + κ = 3; its covariance cannot turn negative); Harvey (1989), section 3.4, for the likelihood.

use super::belief::Belief;
use super::{Amount, Family, Noise, Objective, Prediction, Probe, Process, Tail, Use};
use crate::compile::{Program, element_key};
use crate::diagnostic::{Diagnostic, nearest};
use crate::elementary::{exp, ln};
use crate::estimate::Infeasible;
use crate::random::Stream;
use crate::simulate::{Member, Save, Settings, Standing, run_halting};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Why a model or a study cannot be filtered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfiltered {
    /// No stock has this name.
    NotAStock { name: String, known: Vec<String> },
    /// The model keeps something that is no stock.
    Remembers { name: String },
    /// The series has noise that is not normal in any scale, or a memory of its own.
    NotNormal { observation: usize },
}

impl Unfiltered {
    /// In words; `name` is that of an observation.
    pub fn diagnostic<'n>(&self, name: impl Fn(usize) -> &'n str) -> Diagnostic {
        match self {
            Unfiltered::NotAStock { name, known } => {
                let near = nearest(name, known.iter().map(String::as_str));
                let help = near.map_or_else(
                    || format!("stocks of the model are {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                Diagnostic::error(
                    "not-a-stock",
                    format!("process noise is of stocks, and the model has no stock `{name}`"),
                )
                .help(help)
            }
            Unfiltered::Remembers { name } => Diagnostic::error(
                "filter-needs-stocks",
                format!("the state of this model cannot be filtered: {name} keeps what is in no stock"),
            )
            .help("replace fixed delays and samples by material delays, or leave process noise out"),
            Unfiltered::NotNormal { observation } => Diagnostic::error(
                "filter-needs-normal-noise",
                format!("`{}` has noise that a Kalman filter cannot take in", name(*observation)),
            )
            .help("use normal, lognormal or logit noise with a normal tail and without memory"),
        }
    }
}

/// How a program and its observations are filtered.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    /// Of every state of the program that is a stock.
    stocks: Vec<Stock>,
    /// Places of the states that are integrals of readings.
    integrals: Vec<usize>,
    settings: Settings,
    halts: Vec<Halt>,
    /// Of each experiment.
    agendas: Vec<Agenda>,
}

#[derive(Clone, Debug)]
struct Stock {
    state: usize,
    name: String,
    process: Option<Process>,
}

/// Where runs halt.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Halt {
    Start,
    /// Noise comes in for this length of time.
    Noise(f64),
    /// What is due at the time of this number of the readout.
    Data(usize),
}

/// A number read from a run before the datum that needs it is complete.
type Held = (usize, Probe);

/// What happens at each time of the readout.
#[derive(Clone, Debug, Default)]
struct Agenda(Vec<Item>);

#[derive(Clone, Debug, Default)]
struct Item {
    /// Read now and needed later.
    holds: Vec<Held>,
    /// Needed for the last time.
    drops: Vec<Held>,
    /// `(observation, datum)` to be predicted.
    data: Vec<(usize, usize)>,
}

/// What data are: as recorded, or drawn from what is predicted.
pub(super) enum Record<'s> {
    Given,
    Drawn(&'s mut Stream),
}

/// One experiment at one point on its way.
struct Course {
    experiment: usize,
    natural: Vec<f64>,
    belief: Belief,
    held: Vec<Held>,
    /// Values in force after the last halt, `[sigma point][component]`.
    points: Vec<Vec<f64>>,
    predictions: Vec<(usize, usize, Prediction, f64)>,
    failure: Option<Infeasible>,
}

impl Filter {
    /// # Errors
    /// What cannot be filtered.
    pub fn new(objective: &Objective, processes: &[Process]) -> Result<Self, Vec<Unfiltered>> {
        let (program, times) = (&objective.program, objective.readout.times());
        let mut faults = Vec::new();
        let remembered = program.memories.first().map(|memory| memory.name.clone());
        let random = (!program.randoms.is_empty()).then(|| "a random function".to_owned());
        faults.extend(remembered.or(program.store.clone()).or(random).map(|name| Unfiltered::Remembers { name }));
        for (observation, series) in objective.observations.iter().enumerate() {
            let normal = series.noise.is_located() && series.noise.tail == Tail::Normal && series.memory.is_none();
            if !normal {
                faults.push(Unfiltered::NotNormal { observation });
            }
        }
        let integral = |name: &str| program.outputs.iter().any(|output| output.name == name);
        let own = program.states[..program.own_states].iter().enumerate();
        let (integrals, stocks): (Vec<_>, Vec<_>) =
            own.partition(|(_, slot)| slot.variable.is_none() && integral(&slot.name));
        let names: Vec<&str> = stocks.iter().map(|(_, slot)| slot.name.as_str()).collect();
        for process in processes {
            if !names.iter().any(|name| element_key(name) == element_key(&process.stock)) {
                let known = names.iter().map(|name| (*name).to_owned()).collect();
                faults.push(Unfiltered::NotAStock { name: process.stock.clone(), known });
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let of = |name: &str| processes.iter().find(|process| element_key(&process.stock) == element_key(name));
        let stocks = stocks.into_iter().map(|(state, slot)| Stock {
            state,
            name: slot.name.clone(),
            process: of(&slot.name).cloned(),
        });
        let silent = processes.iter().all(|process| process.scale == Amount::Known(0.0));
        let (halts, at) = halts(start(program), times, silent);
        let agendas = (0..objective.experiments.len()).map(|number| agenda(objective, times, number)).collect();
        Ok(Filter {
            stocks: stocks.collect(),
            integrals: integrals.into_iter().map(|(state, _)| state).collect(),
            settings: Settings { save: Save::At(at), ..objective.settings.clone() },
            halts,
            agendas,
        })
    }

    fn carried(&self) -> usize {
        self.stocks.len() + self.integrals.len()
    }
}

/// The initial time, as far as constants tell.
fn start(program: &Program) -> Option<f64> {
    let key = element_key("INITIAL TIME");
    program.constants.iter().find(|constant| element_key(&constant.name) == key).map(|constant| constant.value)
}

/// Halts and their times. A gap much longer than others is cut into several.
fn halts(start: Option<f64>, times: &[f64], silent: bool) -> (Vec<Halt>, Vec<f64>) {
    // Abscissae and weights of three nodes on 0 to 1.
    let off = (0.15_f64).sqrt();
    let nodes = [(0.5 - off, 5.0 / 18.0), (0.5, 4.0 / 9.0), (0.5 + off, 5.0 / 18.0)];
    let mut gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_by(f64::total_cmp);
    let usual = gaps.get(gaps.len() / 2).copied();
    let (mut halts, mut at) = (Vec::new(), Vec::new());
    let first = start.or(times.first().copied()).unwrap_or(0.0);
    let mut before = first;
    if times.first().is_some_and(|time| first < *time) {
        halts.push(Halt::Start);
        at.push(first);
    }
    for (number, &time) in times.iter().enumerate() {
        let gap = time - before;
        let pieces = usual.map_or(1.0, |usual| (gap / usual - 1e-6).ceil().clamp(1.0, 1000.0)) as usize;
        let piece = gap / pieces as f64;
        if !silent && gap > 1e-9 * time.abs().max(1.0) {
            for k in 0..pieces {
                for (node, weight) in nodes {
                    halts.push(Halt::Noise(piece * weight));
                    at.push(before + piece * (k as f64 + node));
                }
            }
        }
        halts.push(Halt::Data(number));
        at.push(time);
        before = time;
    }
    (halts, at)
}

fn agenda(objective: &Objective, times: &[f64], experiment: usize) -> Agenda {
    let mut items = vec![Item::default(); times.len()];
    let number = |time: f64| times.partition_point(|known| *known < time);
    let mut last: Vec<(Held, usize, usize)> = Vec::new();
    for (observation, series) in objective.observations.iter().enumerate() {
        if series.experiment != experiment {
            continue;
        }
        for (datum, recorded) in series.data.iter().enumerate() {
            let probes = series.gauge.operator.probes(recorded.window);
            let Some(complete) = probes.iter().map(|probe| number(probe.time)).max() else { continue };
            let Some(item) = items.get_mut(complete) else { continue };
            item.data.push((observation, datum));
            for probe in probes {
                let at = number(probe.time);
                if at >= complete {
                    continue;
                }
                match last.iter_mut().find(|(held, ..)| *held == (observation, probe)) {
                    Some((_, _, until)) => *until = (*until).max(complete),
                    None => last.push(((observation, probe), at, complete)),
                }
            }
        }
    }
    for (held, from, until) in last {
        items[from].holds.push(held);
        items[until].drops.push(held);
    }
    Agenda(items)
}

impl Objective {
    /// Predictions of every datum from those before it, at each point.
    pub(super) fn filtered(
        &self,
        filter: &Filter,
        points: &[Vec<f64>],
    ) -> Vec<Result<Vec<Vec<Prediction>>, Infeasible>> {
        let experiments = self.experiments.len();
        let width = 2 * filter.stocks.len() + 1;
        let pairs: Vec<(usize, usize)> =
            (0..points.len()).flat_map(|point| (0..experiments).map(move |experiment| (point, experiment))).collect();
        let courses: Vec<Course> = pairs
            .par_chunks((crate::simulate::LANES / width).max(1))
            .flat_map_iter(|pairs| {
                let courses = pairs.iter().map(|(point, experiment)| self.course(filter, &points[*point], *experiment));
                self.followed(filter, courses.collect(), &mut Record::Given)
            })
            .collect();
        courses.chunks(experiments).map(|courses| self.gathered(courses).map(|(predictions, _)| predictions)).collect()
    }

    /// Data drawn at a point, `[observation][datum]`, each from what is predicted of it by those before.
    pub(super) fn drawn_along(
        &self,
        filter: &Filter,
        point: &[f64],
        stream: &mut Stream,
    ) -> Result<Vec<Vec<f64>>, Infeasible> {
        let each = (0..self.experiments.len()).flat_map(|experiment| {
            let course = self.course(filter, point, experiment);
            self.followed(filter, vec![course], &mut Record::Drawn(stream))
        });
        self.gathered(&each.collect::<Vec<_>>()).map(|(_, values)| values)
    }

    fn course(&self, filter: &Filter, point: &[f64], experiment: usize) -> Course {
        Course {
            experiment,
            natural: self.natural(point),
            belief: Belief::certain(vec![0.0; filter.carried()]),
            held: Vec::new(),
            points: Vec::new(),
            predictions: Vec::new(),
            failure: None,
        }
    }

    /// Predictions and values of the data from the courses of all experiments.
    #[allow(clippy::type_complexity, reason = "two tables of one shape")]
    fn gathered(&self, courses: &[Course]) -> Result<(Vec<Vec<Prediction>>, Vec<Vec<f64>>), Infeasible> {
        let nothing = Prediction { value: f64::NAN, scale: f64::NAN, misfit: None };
        let mut predictions: Vec<Vec<Prediction>> =
            self.observations.iter().map(|series| vec![nothing; series.data.len()]).collect();
        let mut values: Vec<Vec<f64>> =
            self.observations.iter().map(|series| series.data.iter().map(|datum| datum.value).collect()).collect();
        for course in courses {
            if let Some(failure) = &course.failure {
                return Err(failure.clone());
            }
            for (observation, datum, prediction, value) in &course.predictions {
                predictions[*observation][*datum] = *prediction;
                values[*observation][*datum] = *value;
            }
        }
        Ok((predictions, values))
    }

    /// Runs courses side by side to their end.
    fn followed(&self, filter: &Filter, mut courses: Vec<Course>, record: &mut Record) -> Vec<Course> {
        let width = 2 * filter.stocks.len() + 1;
        let members: Vec<Member> = courses
            .iter()
            .flat_map(|course| {
                let changes = self.changes(&course.natural, course.experiment);
                (0..width).map(move |_| Member { number: 0, changes: changes.clone() })
            })
            .collect();
        let columns = self.readout.within(&self.program);
        let mut begins = true;
        let runs = run_halting(&self.program, &filter.settings, &members, |number, standing| {
            for (course, standing) in courses.iter_mut().zip(standing.chunks_mut(width)) {
                // A course that has failed is left: its belief may hold less than the agenda asks of it.
                if course.failure.is_some() {
                    standing.fill(None);
                    continue;
                }
                let halt = filter.halts.get(number).copied().unwrap_or(Halt::Start);
                let read = |row: &[f64], held: Held| columns.of(row, held.0, held.1);
                let met = match course.points.is_empty() {
                    true => filter.begin(course, standing),
                    false => self.halt(filter, halt, course, standing, record, &read),
                };
                if let Err(why) = met {
                    course.failure = Some(why);
                    standing.fill(None);
                }
            }
            std::mem::take(&mut begins)
        });
        for (course, runs) in courses.iter_mut().zip(runs.chunks(width)) {
            if let Some(Err(failure)) = runs.iter().find(|run| run.is_err()) {
                course.failure = Some(Infeasible::new(failure.diagnostic().message));
            }
        }
        courses
    }

    fn halt(
        &self,
        filter: &Filter,
        halt: Halt,
        course: &mut Course,
        standing: &mut [Option<Standing>],
        record: &mut Record,
        read: &dyn Fn(&[f64], Held) -> f64,
    ) -> Result<(), Infeasible> {
        let Some(item) = (match halt {
            Halt::Data(number) => filter.agendas[course.experiment].0.get(number),
            Halt::Start => return Ok(()),
            Halt::Noise(_) => None,
        }) else {
            let Halt::Noise(weight) = halt else { return Ok(()) };
            let points = filter.arrived(&course.points, standing)?;
            course.belief = Belief::of(&points);
            for (place, stock) in filter.stocks.iter().enumerate() {
                if let Some(process) = &stock.process {
                    let scale = process.scale.of(&course.natural);
                    course.belief.widen(place, weight * scale * scale);
                }
            }
            course.points = course.belief.sigma_points();
            filter.place(&course.points, standing);
            return Ok(());
        };
        if item.data.is_empty() && item.holds.is_empty() {
            return Ok(());
        }
        let mut points = filter.arrived(&course.points, standing)?;
        let simulated = standing.len();
        let row = |point: usize| {
            let member = if point < simulated { point } else { 0 };
            standing[member].as_ref().map(|standing| standing.row.as_slice())
        };
        let held = course.held.clone();
        let carried = filter.carried();
        for (number, point) in points.iter_mut().enumerate() {
            let row = row(number).ok_or_else(broken_off)?;
            let now = |held: Held, point: &[f64]| match held.1.integral {
                // The state itself, which points without a run of their own have moved.
                true => filter.integral(&self.program, self.readout.name(held.0, held.1), point),
                false => Some(read(row, held)),
            };
            let mut more = Vec::with_capacity(item.holds.len() + item.data.len());
            for hold in &item.holds {
                more.push(now(*hold, point).unwrap_or(f64::NAN));
            }
            for (observation, datum) in &item.data {
                let series = &self.observations[*observation];
                let value = series.gauge.operator.predict(series.data[*datum].window, |probe| {
                    match held.iter().position(|known| *known == (*observation, probe)) {
                        Some(place) => point[carried + place],
                        None => now((*observation, probe), point).unwrap_or(f64::NAN),
                    }
                });
                let value = value * series.coverage.map_or(1.0, |k| course.natural[k]);
                let eta = series.noise.predictor(value).ok_or_else(|| {
                    Infeasible::new(format!(
                        "{} of {} would be {value}, which its noise does not admit",
                        series.name, series.data[*datum].label
                    ))
                })?;
                more.push(eta);
            }
            point.extend(more);
        }
        course.held.extend(&item.holds);
        course.belief = Belief::of(&points);
        let predicted = carried + course.held.len();
        for (place, (observation, datum)) in item.data.iter().enumerate() {
            self.meet(course, predicted + place, *observation, *datum, record)?;
        }
        let mut kept: BTreeSet<usize> = (0..predicted).collect();
        for drop in &item.drops {
            kept.retain(|place| *place < carried || course.held[place - carried] != *drop);
        }
        course.belief = course.belief.part(&kept.iter().copied().collect::<Vec<_>>());
        course.held.retain(|held| !item.drops.contains(held));
        course.points = course.belief.sigma_points();
        filter.place(&course.points, standing);
        Ok(())
    }

    /// Predicts a datum, and conditions the state on it where it is fitted.
    fn meet(
        &self,
        course: &mut Course,
        place: usize,
        observation: usize,
        datum: usize,
        record: &mut Record,
    ) -> Result<(), Infeasible> {
        let series = &self.observations[observation];
        let recorded = &series.data[datum];
        let mut own = recorded.scale * series.inflation.map_or(1.0, |k| course.natural[k]);
        if let (true, Some(k)) = (series.noise_before_coverage, series.coverage) {
            own *= course.natural[k].abs();
        }
        let (eta, variance) = course.belief.of_component(place);
        let spread = variance + own * own;
        let (scale, fitted) = (spread.sqrt(), recorded.purpose == Use::Fit);
        let value = match record {
            Record::Drawn(stream) if fitted => back(series.noise, eta + scale * stream.normal()),
            _ => recorded.value,
        };
        let misfit = series.noise.located(value, eta, scale);
        let prediction = Prediction { value: back(series.noise, eta), scale, misfit };
        course.predictions.push((observation, datum, prediction, value));
        if fitted {
            let Some(misfit) = misfit else {
                let (name, label) = (&series.name, &recorded.label);
                return Err(Infeasible::new(format!("{name} of {label} cannot be predicted from the data before it")));
            };
            course.belief.condition(place, misfit.standardised * scale, spread);
        }
        Ok(())
    }
}

impl Filter {
    /// Spreads the runs of a course around where they start.
    fn begin(&self, course: &mut Course, standing: &mut [Option<Standing>]) -> Result<(), Infeasible> {
        let start = standing[0].as_ref().ok_or_else(broken_off)?;
        course.belief = self.initial(&start.states)?;
        course.points = course.belief.sigma_points();
        self.place(&course.points, standing);
        Ok(())
    }

    /// What is known at the start, from where a run stands there.
    fn initial(&self, states: &[f64]) -> Result<Belief, Infeasible> {
        let stocks = self.stocks.iter().map(|stock| stock.coordinate(states[stock.state]));
        let mut mean = stocks.collect::<Result<Vec<f64>, Infeasible>>()?;
        mean.extend(self.integrals.iter().map(|state| states[*state]));
        let mut belief = Belief::certain(mean);
        for (place, stock) in self.stocks.iter().enumerate() {
            if let Some(process) = &stock.process {
                belief.widen(place, process.initial * process.initial);
            }
        }
        Ok(belief)
    }

    /// Where the sigma points are now, `[sigma point][component]`: those of stocks by their runs; the others differ from the
    /// centre in what moves nothing.
    fn arrived(&self, before: &[Vec<f64>], standing: &[Option<Standing>]) -> Result<Vec<Vec<f64>>, Infeasible> {
        let carried = self.carried();
        let mut points: Vec<Vec<f64>> = Vec::with_capacity(before.len());
        for (number, old) in before.iter().enumerate() {
            let Some(standing) = standing.get(number) else {
                let (centre, old_centre) = (&points[0], &before[0]);
                let moved = (0..old.len()).map(|place| centre[place] + (old[place] - old_centre[place]));
                let point = moved.collect();
                points.push(point);
                continue;
            };
            let Some(standing) = standing else { return Err(broken_off()) };
            let mut point = Vec::with_capacity(old.len());
            for stock in &self.stocks {
                point.push(stock.coordinate(standing.states[stock.state])?);
            }
            point.extend(self.integrals.iter().map(|state| standing.states[*state]));
            point.extend_from_slice(&old[carried..]);
            points.push(point);
        }
        Ok(points)
    }

    /// Puts the runs where the sigma points are.
    fn place(&self, points: &[Vec<f64>], standing: &mut [Option<Standing>]) {
        for (point, standing) in points.iter().zip(standing) {
            let Some(standing) = standing else { continue };
            for (place, stock) in self.stocks.iter().enumerate() {
                standing.states[stock.state] = stock.value(point[place]);
            }
            for (place, state) in self.integrals.iter().enumerate() {
                standing.states[*state] = point[self.stocks.len() + place];
            }
        }
    }

    /// The component of a point that is the integral of this name.
    fn integral(&self, program: &Program, name: Option<&str>, point: &[f64]) -> Option<f64> {
        let name = name?;
        let place = self.integrals.iter().position(|state| program.states[*state].name == name)?;
        point.get(self.stocks.len() + place).copied()
    }
}

impl Stock {
    /// The coordinate in which the noise of a stock is added.
    fn coordinate(&self, value: f64) -> Result<f64, Infeasible> {
        match &self.process {
            Some(process) if process.relative && value > 0.0 => Ok(ln(value)),
            Some(process) if process.relative => {
                Err(Infeasible::new(format!("{} is {value}, where relative noise needs it above zero", self.name)))
            }
            _ => Ok(value),
        }
    }

    fn value(&self, coordinate: f64) -> f64 {
        match &self.process {
            Some(process) if process.relative => exp(coordinate),
            _ => coordinate,
        }
    }
}

fn broken_off() -> Infeasible {
    Infeasible::new("a run of the filter broke off")
}

/// The value whose predictor this is.
fn back(noise: Noise, eta: f64) -> f64 {
    match noise.family {
        Family::LogNormal => exp(eta),
        Family::Logit => 1.0 / (1.0 + exp(-eta)),
        _ => eta,
    }
}
