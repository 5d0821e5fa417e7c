//! What a study file says of the steps behind the calibration: `[identify]`, `[sample]` and `[validate]`.

use crate::study::document::{Fields, Located};
use crate::study::fault::Fault;

/// The steps that `levada study` takes beside the calibration: those of which the file has a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Steps {
    pub identify: Option<Identify>,
    pub sample: Option<Sample>,
    pub validate: Option<Validate>,
}

/// `[identify]`: what the data pin down.
#[derive(Clone, Debug, PartialEq)]
pub struct Identify {
    /// Probability that an interval by profile holds the truth.
    pub level: f64,
    /// Names of outcomes that are one number, to be profiled as predictions.
    pub predictions: Vec<Located<String>>,
}

/// `[sample]`: draws from the posterior.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub sampler: Sampler,
    /// Independent chains; of the ensemble sampler, independent ensembles.
    pub chains: usize,
    /// Of each ensemble; twice the parameters and a few more where zero.
    pub walkers: usize,
    /// Moves before draws are kept.
    pub warm_up: usize,
    /// Draws kept of each chain, or of each walker.
    pub draws: usize,
    /// Moves of a walker for one draw.
    pub thin: usize,
    /// Of the intervals.
    pub level: f64,
}

/// How draws are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampler {
    /// By gradients.
    Nuts,
    /// Without them.
    Ensemble,
}

/// `[validate]`: forecasts from earlier dates, and a recovery study.
#[derive(Clone, Debug, PartialEq)]
pub struct Validate {
    /// Periods at whose ends forecasts start: estimation sees what is recorded by then.
    pub origins: Vec<Located<String>>,
    /// How far forecasts reach, in time units of the model.
    pub horizon: f64,
    /// Simulated data sets that are estimated again; no recovery study where zero.
    pub recovery: usize,
    /// Of the intervals.
    pub level: f64,
}

impl Default for Identify {
    fn default() -> Self {
        Identify { level: 0.95, predictions: Vec::new() }
    }
}

impl Default for Sample {
    fn default() -> Self {
        Sample::of(Sampler::Nuts)
    }
}

impl Sample {
    /// The usual settings of a sampler.
    fn of(sampler: Sampler) -> Self {
        let (chains, warm_up, draws, thin) = match sampler {
            // Two batches of eight lanes; starts are near and coordinates round, so that little is left to warm up.
            Sampler::Nuts => (16, 100, 250, 1),
            Sampler::Ensemble => (4, 1000, 200, 10),
        };
        Sample { sampler, chains, walkers: 0, warm_up, draws, thin, level: 0.9 }
    }
}

impl Default for Validate {
    fn default() -> Self {
        Validate { origins: Vec::new(), horizon: 3.0, recovery: 0, level: 0.9 }
    }
}

/// Reads the tables of the steps.
pub(in crate::study) fn steps(fields: &Fields) -> Steps {
    let identify = fields.table("identify").map(|table| Identify {
        level: level(&table, Identify::default().level),
        predictions: table.texts("predictions"),
    });
    let sample = fields.table("sample").map(|table| {
        const SAMPLERS: &[(&str, Sampler)] = &[("nuts", Sampler::Nuts), ("ensemble", Sampler::Ensemble)];
        let sampler = table.choice("method", SAMPLERS).map_or(Sampler::Nuts, |method| method.value);
        let usual = Sample::of(sampler);
        let count = |key, least, usual| table.count(key, least).map_or(usual, |count| count.value as usize);
        Sample {
            sampler,
            chains: count("chains", 2, usual.chains),
            walkers: count("walkers", 0, usual.walkers),
            warm_up: count("warm-up", 0, usual.warm_up),
            draws: count("draws", 4, usual.draws),
            thin: count("thin", 1, usual.thin),
            level: level(&table, usual.level),
        }
    });
    let validate = fields.table("validate").map(|table| {
        let usual = Validate::default();
        let horizon =
            table.number("horizon").and_then(|number| crate::study::file::positive(&table, "horizon", number));
        Validate {
            origins: table.texts("origins"),
            horizon: horizon.map_or(usual.horizon, |horizon| horizon.value),
            recovery: table.count("recovery", 0).map_or(usual.recovery, |count| count.value as usize),
            level: level(&table, usual.level),
        }
    });
    Steps { identify, sample, validate }
}

/// The probability of an interval, between 0 and 1.
fn level(table: &Fields, usual: f64) -> f64 {
    let Some(level) = table.number("level") else { return usual };
    if level.value > 0.0 && level.value < 1.0 {
        return level.value;
    }
    table.report(Fault::NotAProbability { value: level.value }, level.span);
    usual
}
