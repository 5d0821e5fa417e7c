//! One compiled model run under many settings and draws, side by side in lanes, read by gauges.
//!
//! A run is numbered by its draw, which addresses its random numbers: under every policy a draw meets the same luck, so
//! that differences between policies are paired.

use super::with;
use crate::calendar::Window;
use crate::check::CheckedModel;
use crate::compile::{Landing, Outputs, Program, Request, compile, element_key};
use crate::diagnostic::Diagnostic;
use crate::estimate::objective::{Gauge, Readout};
use crate::simulate::{Failure, Member, Method, Save, Settings, run_members};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// Values of constants that stand for what is not known of them: draws of a posterior, refits of a bootstrap, or the
/// one point of an estimate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draws {
    /// By element, in the model's spelling.
    pub constants: Vec<String>,
    /// `[draw][constant]`, in the model's units.
    pub values: Vec<Vec<f64>>,
}

impl Draws {
    /// One draw: the constants at these values.
    pub fn point(constants: &[(String, f64)]) -> Self {
        let (names, values) = constants.iter().cloned().unzip();
        Draws { constants: names, values: vec![values] }
    }

    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// The first so many draws.
    pub fn first(&self, count: usize) -> Self {
        Draws { constants: self.constants.clone(), values: self.values.iter().take(count).cloned().collect() }
    }
}

/// One run asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Number of the draw.
    pub draw: usize,
    /// Constants on top of the draw, by element.
    pub settings: Vec<(String, f64)>,
}

/// What a run gave: the readings of every gauge one after the other, or why there are none.
pub type Reading = Result<Vec<f64>, Failure>;

/// Why runs are not there.
#[derive(Debug)]
pub enum Trouble {
    /// The model cannot be compiled with these settings.
    Refused(Vec<Diagnostic>),
    Stopped,
}

impl From<Vec<Diagnostic>> for Trouble {
    fn from(found: Vec<Diagnostic>) -> Self {
        Trouble::Refused(found)
    }
}

/// A model ready to be run under many settings.
#[derive(Debug)]
pub struct Laboratory<'m> {
    checked: &'m CheckedModel,
    fixed: Vec<(String, f64)>,
    settings: Settings,
    readout: Readout,
    program: Program,
    places: HashMap<String, usize>,
    draws: &'m Draws,
    /// Place of each constant of the draws.
    drawn: Vec<usize>,
}

/// Runs handed to the lanes at once: many enough to fill them, few enough to be held in memory.
const AT_ONCE: usize = 512;
/// Runs of one policy from which on they are worth lanes of their own.
const FILLING: usize = 16;

impl<'m> Laboratory<'m> {
    /// Compiles the model with the constants `fixed` for readings of `gauges`.
    ///
    /// # Errors
    /// What keeps the model from compiling.
    pub fn new(
        checked: &'m CheckedModel,
        fixed: &[(String, f64)],
        settings: &Settings,
        gauges: &[(&Gauge, Vec<Window>)],
        draws: &'m Draws,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut readout = Readout::default();
        for (gauge, windows) in gauges {
            readout.add(gauge, windows.iter().copied());
        }
        let program = compile(checked, &request(fixed, &readout, settings.method))?;
        let named = program.constants.iter().enumerate();
        let places: HashMap<String, usize> = named.map(|(place, c)| (element_key(&c.name), place)).collect();
        let drawn: Result<Vec<usize>, Vec<Diagnostic>> = draws
            .constants
            .iter()
            .map(|name| places.get(&element_key(name)).copied().ok_or_else(|| vec![unknown(name)]))
            .collect();
        let drawn = drawn?;
        if let Some(place) = drawn.iter().find(|place| program.constants[**place].structural) {
            return Err(vec![structural(&program.constants[*place].name)]);
        }
        let settings = Settings { save: Save::At(readout.times().to_vec()), ..settings.clone() };
        Ok(Laboratory { checked, fixed: fixed.to_vec(), settings, readout, drawn, program, places, draws })
    }

    /// Runs every trial; results are in their order and depend neither on each other nor on threads. `told` hears how many
    /// are done.
    ///
    /// # Errors
    /// Settings that do not exist, or the signal to stop.
    pub fn run(&self, trials: &[Trial], stop: &AtomicBool, told: &dyn Fn(usize)) -> Result<Vec<Reading>, Trouble> {
        let mut readings = Vec::with_capacity(trials.len());
        while readings.len() < trials.len() {
            if stop.load(Ordering::Relaxed) {
                return Err(Trouble::Stopped);
            }
            let left = &trials[readings.len()..];
            let alike = left.iter().take_while(|trial| trial.settings == left[0].settings).take(AT_ONCE).count();
            let shaping = self.shaping(&left[0].settings);
            if !shaping.is_empty() {
                let fixed = with(&self.fixed, &shaping);
                let program = compile(self.checked, &request(&fixed, &self.readout, self.settings.method))?;
                readings.extend(self.batch(&program, &left[..alike])?);
            } else if alike >= FILLING {
                // Runs of one policy share the work on what it fixes.
                readings.extend(self.batch(&self.program, &left[..alike])?);
            } else {
                let plain = |trial: &&Trial| self.shaping(&trial.settings).is_empty();
                let count = left.iter().take(AT_ONCE).take_while(plain).count();
                readings.extend(self.batch(&self.program, &left[..count])?);
            }
            told(readings.len());
        }
        Ok(readings)
    }

    fn batch(&self, program: &Program, trials: &[Trial]) -> Result<Vec<Reading>, Trouble> {
        let reader = self.readout.within(program);
        let saved = run_members(program, &self.settings, &self.members(trials)?);
        Ok(saved.into_iter().map(|saved| saved.map(|saved| reader.read(&saved))).collect())
    }

    /// Settings of constants that shape the program and cannot differ between lanes.
    fn shaping(&self, settings: &[(String, f64)]) -> Vec<(String, f64)> {
        let place = |name: &str| self.places.get(&element_key(name));
        let shapes = |(name, _): &&(String, f64)| place(name).is_some_and(|p| self.program.constants[*p].structural);
        settings.iter().filter(shapes).cloned().collect()
    }

    fn members(&self, trials: &[Trial]) -> Result<Vec<Member>, Trouble> {
        let member = |trial: &Trial| {
            let values = self.draws.values.get(trial.draw).map(Vec::as_slice).unwrap_or_default();
            let mut changes: Vec<(usize, f64)> = self.drawn.iter().copied().zip(values.iter().copied()).collect();
            for (name, value) in &trial.settings {
                let place = *self.places.get(&element_key(name)).ok_or_else(|| vec![unknown(name)])?;
                changes.retain(|(changed, _)| *changed != place);
                if !self.program.constants[place].structural {
                    changes.push((place, *value));
                }
            }
            Ok(Member { number: trial.draw as u64, changes })
        };
        trials.iter().map(member).collect()
    }
}

fn request(fixed: &[(String, f64)], readout: &Readout, method: Method) -> Request {
    Request {
        landing: Landing::Exact,
        overrides: fixed.to_vec(),
        outputs: Outputs::Chosen(Vec::new()),
        expressions: readout.expressions(),
        data: Vec::new(),
        jacobian: method.wants_jacobian(),
    }
}

fn structural(name: &str) -> Diagnostic {
    Diagnostic::error(
        "structural-constant",
        format!("`{name}` shapes the model's equations and cannot vary between draws"),
    )
    .help("leave it out of the draws; scenarios may set it")
}

fn unknown(name: &str) -> Diagnostic {
    Diagnostic::error("unknown-constant", format!("the model has no constant `{name}` to set"))
        .help("check the name against the model, `levada check` lists them")
}
