//! What is estimated from what: parameters and what they act on, experiments that share them, and observations.

use super::Observation;
use crate::estimate::Parameter;
use crate::simulate::Settings;

/// What a parameter acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// A constant of the model, by its element's name, in every experiment.
    Constant(String),
    /// A constant of the model in one experiment only.
    Local { constant: String, experiment: usize },
    /// Predictions of the observations that refer to it.
    Coverage,
    /// Noise scales of the observations that refer to it.
    Scale,
    /// The correlation of the residuals of the observations that refer to it, one unit of time apart: 0 up to 1.
    Memory,
    /// The noise that the stocks which refer to it receive.
    Process,
    /// Other parameters, of whose distribution it is the centre or the spread.
    Pool,
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

/// One run of the model among several that share parameters: a region, a treatment, a repetition.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    pub name: String,
    /// Constants of the model that hold in this experiment, by element.
    pub constants: Vec<(String, f64)>,
}

/// Parameters of several experiments that are alike without being the same (partial pooling).
///
/// The search coordinates of the members are normal around the search coordinate of `centre` with `spread` as their
/// deviation (Gelman and Hill 2007, section 12.4). The priors of the members themselves should be flat.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    pub members: Vec<usize>,
    pub centre: usize,
    pub spread: Amount,
}

/// A number that is known or estimated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    Known(f64),
    /// The natural value of the parameter of this number.
    Estimated(usize),
}

impl Amount {
    pub fn of(self, natural: &[f64]) -> f64 {
        match self {
            Amount::Known(value) => value,
            Amount::Estimated(parameter) => natural[parameter],
        }
    }
}

/// Noise that a stock receives all the time: Brownian motion of the stock itself, or of its logarithm.
#[derive(Clone, Debug, PartialEq)]
pub struct Process {
    /// The stock, by element.
    pub stock: String,
    /// The standard deviation of what comes in over one unit of time: in the unit of the stock, or dimensionless where
    /// `relative`.
    pub scale: Amount,
    /// Whether the logarithm of the stock moves, so that it stays above zero.
    pub relative: bool,
    /// The standard deviation of where the stock starts around its initial value, in the unit of `scale`.
    pub initial: f64,
}

/// What a study estimates from what.
#[derive(Clone, Debug)]
pub struct Design {
    pub parameters: Vec<(Parameter, Role)>,
    pub observations: Vec<Observation>,
    /// One run with the constants as they are where empty.
    pub experiments: Vec<Experiment>,
    pub pools: Vec<Pool>,
    /// The likelihood is a Kalman filter's where there are any.
    pub processes: Vec<Process>,
    /// Constants of the model, run controls included, that hold throughout.
    pub overrides: Vec<(String, f64)>,
    pub settings: Settings,
    pub density: Density,
}

impl Design {
    /// Constants of the model in an experiment at natural values of the parameters, by element.
    pub fn constants_in(&self, experiment: usize, natural: &[f64]) -> Vec<(String, f64)> {
        let fixed = self.experiments.get(experiment).map_or(&[][..], |experiment| &experiment.constants);
        let own = self.parameters.iter().zip(natural).filter_map(|((_, role), value)| match role {
            Role::Local { constant, experiment: of } if *of == experiment => Some((constant.clone(), *value)),
            _ => None,
        });
        fixed.iter().cloned().chain(self.constants(natural)).chain(own).collect()
    }

    /// Constants of the model at natural values of the parameters, by element; those of single experiments left out.
    pub fn constants(&self, natural: &[f64]) -> Vec<(String, f64)> {
        let named = |((_, role), value): (&(Parameter, Role), &f64)| match role {
            Role::Constant(name) => Some((name.clone(), *value)),
            _ => None,
        };
        self.parameters.iter().zip(natural).filter_map(named).collect()
    }
}
