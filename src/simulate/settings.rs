//! How a run is to be done.

use super::{Failure, Method};
use crate::compile::{Obstacle, Program};

#[derive(Clone, Debug)]
pub struct Settings {
    pub method: Method,
    /// Relative and absolute tolerance of error control, for each state. Fixed-step methods ignore them.
    pub relative: f64,
    pub absolute: f64,
    /// Share of TIME STEP that a fixed step takes; the model's own TIME STEP keeps its value.
    pub step_share: f64,
    pub save: Save,
    /// Of random numbers.
    pub seed: u64,
    /// Steps after which a run is given up.
    pub budget: u64,
}

/// When values are saved.
#[derive(Clone, Debug, PartialEq)]
pub enum Save {
    /// From the start, every SAVEPER, and at the end.
    Every,
    /// At these times, ascending. Steps land on them.
    At(Vec<f64>),
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            method: Method::Euler,
            relative: 1e-6,
            absolute: 1e-9,
            step_share: 1.0,
            save: Save::Every,
            seed: 1,
            budget: 10_000_000,
        }
    }
}

/// Why a model cannot be run with steps of changing length, or within steps, if so.
pub fn unsuited(program: &Program, settings: &Settings) -> Option<Failure> {
    if let Some(variable) = program.store.clone() {
        let method = settings.method;
        return match method {
            // Its contents are as many as the model's own steps.
            Method::Euler if settings.step_share != 1.0 => Some(Failure::NeedsGrid { variable }),
            Method::Euler => None,
            _ => Some(Failure::NeedsEuler { variable, method: method.word() }),
        };
    }
    match (&program.jacobian, settings.method) {
        (Err(obstacle), Method::Rosenbrock) => return Some(Failure::NoJacobian { obstacle: obstacle.clone() }),
        (Err(Obstacle::NotAsked), Method::Automatic) => {
            return Some(Failure::NoJacobian { obstacle: Obstacle::NotAsked });
        }
        _ => {}
    }
    if !settings.method.is_adaptive() {
        return None;
    }
    let memory = program.memories.first().map(|memory| memory.name.clone());
    let random = (!program.randoms.is_empty()).then(|| "a random function".to_owned());
    memory.or(random).map(|variable| Failure::NeedsGrid { variable })
}
