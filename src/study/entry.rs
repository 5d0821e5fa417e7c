//! What a study file says, field by field and not yet held against model or data.

use super::document::Located;
use crate::calendar::Calendar;
use crate::compare::search::Judge;
use crate::diagnostic::{Source, Span};
use crate::estimate::objective::{Noise, Reading};
use crate::estimate::{Prior, Transform};
use crate::model::Expression;
use std::path::PathBuf;
use std::sync::Arc;

/// A study file.
#[derive(Clone, Debug)]
pub struct Study {
    pub source: Arc<Source>,
    /// Where paths of the file start.
    pub folder: PathBuf,
    /// Names the folder of results.
    pub name: String,
    pub title: String,
    pub question: String,
    /// What the results rest on that no source supports, for whoever reads them.
    pub assumptions: Vec<String>,
    pub model: Located<PathBuf>,
    pub run: Run,
    pub data: Vec<NamedPath>,
    /// Constants of the model that this study sets for all that it does.
    pub set: Vec<Setting>,
    pub fit: Fit,
    /// Runs of the model that share parameters; a single run where there are none.
    pub experiments: Vec<ExperimentEntry>,
    pub observe: Vec<Observe>,
    pub parameters: Vec<ParameterEntry>,
    pub processes: Vec<ProcessEntry>,
    pub scenarios: Vec<ScenarioEntry>,
    pub outcomes: Vec<Outcome>,
    pub conserved: Vec<Conserved>,
    pub calibrate: Calibrate,
    pub compare: Compare,
    pub attributions: Vec<AttributionEntry>,
    pub searches: Vec<SearchEntry>,
    pub sensitivity: Option<SensitivityEntry>,
    pub exhibits: Exhibits,
    pub quick: Quick,
    pub steps: super::Steps,
    pub package: Package,
}

impl Study {
    /// Every quantity of the file.
    pub fn quantities(&self) -> Vec<&Quantity> {
        let observed = self.observe.iter().map(|entry| &entry.quantity);
        let compared = self.outcomes.iter().map(|entry| &entry.quantity);
        let conserved = self.conserved.iter().flat_map(|entry| match &entry.rule {
            ConservedRule::Equal { level, equals } => vec![level, equals],
            ConservedRule::Balance { level, change } => vec![level, change],
        });
        let shown = self.exhibits.cohorts.iter().flat_map(|entry| entry.groups.iter().map(|(_, quantity)| quantity));
        observed.chain(compared).chain(conserved).chain(shown).collect()
    }
}

/// A file under the name by which the study refers to it.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedPath {
    pub name: String,
    pub path: Located<PathBuf>,
}

/// A constant of the model and the value it is given.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// As the file writes it: `selfrel rate`, `entry rate formal[elite]`.
    pub constant: Located<String>,
    /// In the constant's unit.
    pub value: f64,
}

/// How the model is run. What the file leaves out, the model file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub calendar: Calendar,
    pub method: Option<Located<String>>,
    /// In the model's time unit.
    pub step: Option<Located<f64>>,
    /// In model time.
    pub start: Option<Located<f64>>,
    pub stop: Option<Located<f64>>,
    pub seed: u64,
}

/// Which observations estimate and which test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fit {
    /// All of them where absent.
    pub window: Option<Located<String>>,
    pub hold_out: Option<Located<String>>,
    /// Prior of the factor by which stated noise scales are multiplied, one for each group; absent where stated scales
    /// hold as they are.
    pub inflate: Option<Prior>,
}

/// An expression in Vensim's syntax, with its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    pub text: String,
    /// Its spans point into the study file.
    pub expression: Expression,
    /// The text in the file, quotation marks included.
    pub span: Span,
}

/// A series and how it observes the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Observe {
    pub name: Located<String>,
    /// The vendor or publisher, as figures name it.
    pub vendor: String,
    pub data: Data,
    pub quantity: Quantity,
    pub operator: OperatorEntry,
    /// Of the data, where it is not what the file says.
    pub unit: Option<Located<String>>,
    /// By which the data are multiplied.
    pub factor: f64,
    /// A series by which the data are multiplied period by period, such as an exchange rate.
    pub rate: Option<SeriesName>,
    pub noise: NoiseEntry,
    /// Prior of the ratio between what the series counts and the quantity; exactly one where absent.
    pub coverage: Option<Prior>,
    /// A belief rather than a record: it counts as a prior.
    pub judgement: bool,
    /// Which experiment it observes.
    pub experiment: Option<Located<String>>,
    /// The `[[observe]]` header.
    pub span: Span,
}

/// Where the values come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// In the study file itself, by period.
    Here(Vec<(Located<String>, Located<f64>)>),
    File {
        series: SeriesName,
        /// Only rows of these `source_id`s; of all where empty.
        sources: Vec<Located<String>>,
        from: Option<Located<String>>,
        until: Option<Located<String>>,
        drop: Vec<Located<String>>,
    },
}

/// A series of a data file.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesName {
    pub series: Located<String>,
    /// A name of `[data]`, or a path.
    pub file: Located<String>,
}

/// An operator with its periods unread.
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorEntry {
    pub kind: OperatorKind,
    pub reading: Reading,
    /// `cumulative` counts from here on; the start of the run where absent.
    pub since: Option<Located<String>>,
    pub base: Option<Located<String>>,
    /// Of an index in its base period.
    pub level: f64,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorKind {
    Plain,
    Growth,
    Index,
    Share,
}

/// How a series scatters.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseEntry {
    pub noise: Noise,
    pub scale: ScaleEntry,
    /// Series of one group share their estimated scale or inflation; each series is its own where absent.
    pub group: Option<Located<String>>,
    /// Prior of the correlation of residuals one unit of time apart; they are independent where absent.
    pub memory: Option<Located<Prior>>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ScaleEntry {
    /// The family has none.
    None,
    /// One number for periods of each stretch, or for all.
    Stated(Vec<(Option<Located<String>>, Located<f64>)>),
    Estimated {
        prior: Prior,
        span: Span,
    },
}

/// A parameter to estimate.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterEntry {
    /// The constant of the model.
    pub name: Located<String>,
    pub meaning: Option<String>,
    pub bounds: Option<Located<(f64, f64)>>,
    pub transform: Option<Located<Transform>>,
    pub prior: Option<Located<Prior>>,
    pub start: Option<Located<f64>>,
    /// Whether each experiment has its own value; where it is said.
    pub by_experiment: Option<Span>,
    pub pool: Option<Located<PoolEntry>>,
    pub span: Span,
}

/// How much the values of experiments differ, in the coordinate that is searched.
#[derive(Clone, Debug, PartialEq)]
pub enum PoolEntry {
    Stated(f64),
    Estimated(Prior),
}

/// A run of the model among several that share parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentEntry {
    pub name: Located<String>,
    /// Constants that hold in it.
    pub set: Vec<Setting>,
    pub span: Span,
}

/// Noise that a stock receives.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessEntry {
    pub stock: Located<String>,
    /// Of its logarithm.
    pub relative: bool,
    pub scale: ProcessScale,
    /// Standard deviation of where the stock starts.
    pub initial: f64,
    /// The `[[process-noise]]` header.
    pub span: Span,
}

/// What comes in over one unit of time.
#[derive(Clone, Debug, PartialEq)]
pub enum ProcessScale {
    Stated(f64),
    Estimated(Prior),
}

/// A scenario of the study: a file, or said in place.
#[derive(Clone, Debug, PartialEq)]
pub enum ScenarioEntry {
    File(Located<PathBuf>),
    Here {
        scenario: super::Scenario,
        extends: Option<Located<String>>,
        /// Its name in the file.
        span: Span,
    },
}

/// A quantity by which policies are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub name: Located<String>,
    pub title: String,
    pub quantity: Quantity,
    pub operator: OperatorEntry,
    /// To show; that of the quantity where absent.
    pub unit: Option<Located<String>>,
    /// By which the quantity is multiplied for show.
    pub factor: f64,
    /// One number instead of a path by year.
    pub sum_up: Option<SumUp>,
}

/// How a path becomes one number.
#[derive(Clone, Debug, PartialEq)]
pub struct SumUp {
    pub over: Located<String>,
    pub take: TakeEntry,
    /// Where `take` is written; `over` where it is not.
    pub span: Span,
}

/// A number of a stretch, thresholds in the unit shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TakeEntry {
    /// The operator over the whole stretch.
    Value,
    Peak,
    Lowest,
    TimeAbove(f64),
    TimeBelow(f64),
    /// The integral, discounted continuously at this rate per unit of time to the beginning of the stretch.
    PresentValue(f64),
}

/// An identity that every run must keep to rounding error.
#[derive(Clone, Debug, PartialEq)]
pub struct Conserved {
    pub name: Located<String>,
    pub rule: ConservedRule,
    /// Largest relative residual allowed.
    pub tolerance: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ConservedRule {
    /// Two quantities are equal throughout, such as stocks and the ledger of their flows.
    Equal { level: Quantity, equals: Quantity },
    /// The level moves by nothing but the change.
    Balance { level: Quantity, change: Quantity },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Calibrate {
    pub method: Located<String>,
    pub starts: usize,
    /// Bounds of parameters that state none, in standard deviations of their priors.
    pub reach: f64,
}

/// The comparison of policies.
#[derive(Clone, Debug, PartialEq)]
pub struct Compare {
    /// First and last period of the table; the whole run where absent.
    pub window: Option<Located<String>>,
    /// Under which policies are run; as many as there are where fewer.
    pub draws: usize,
}

/// Which switches did how much.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributionEntry {
    pub name: Located<String>,
    pub title: String,
    /// Label, and the policies, or constants to set to zero, that are switched together.
    pub switches: Vec<(String, Vec<Located<String>>)>,
    /// Names of outcomes that are one number.
    pub outcomes: Vec<Located<String>>,
    pub draws: usize,
    /// Pairs of random orders where the switches are too many for all combinations.
    pub orders: usize,
}

/// A search for policies.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchEntry {
    pub name: Located<String>,
    pub title: String,
    pub aims: Vec<AimEntry>,
    pub limits: Vec<LimitEntry>,
    pub levers: Vec<LeverEntry>,
    /// Tried at most.
    pub policies: usize,
    pub draws: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct AimEntry {
    /// One that is one number, as for limits.
    pub outcome: Located<String>,
    pub most: bool,
    pub judge: Judge,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LimitEntry {
    pub outcome: Located<String>,
    pub value: f64,
    /// The number is the least allowed rather than the most.
    pub least: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LeverEntry {
    pub constant: Located<String>,
    pub low: f64,
    pub high: f64,
    pub switch: bool,
}

/// What drives outcomes, or their differences between policies.
#[derive(Clone, Debug, PartialEq)]
pub struct SensitivityEntry {
    /// Names of outcomes that are one number.
    pub outcomes: Vec<Located<String>>,
    /// Scenarios whose difference to the baseline is looked at beside the baseline.
    pub scenarios: Vec<Located<String>>,
    /// Of the design for Sobol indices.
    pub points: usize,
    /// Of Morris screening.
    pub walks: usize,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exhibits {
    /// Policies shaded behind the data.
    pub shade: Vec<Located<String>>,
    /// Scenarios drawn against the baseline; all where empty.
    pub counterfactuals: Vec<Located<String>>,
    pub cohorts: Vec<CohortEntry>,
}

/// One quantity of two groups of people side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct CohortEntry {
    pub title: String,
    pub unit: String,
    /// Label of each group and its quantity.
    pub groups: Vec<(String, Quantity)>,
}

/// What `--quick` does with less effort.
#[derive(Clone, Debug, PartialEq)]
pub struct Quick {
    pub starts: usize,
    pub step: Option<Located<f64>>,
}

/// What only the authors can say of the replication package.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Package {
    pub authors: Vec<String>,
    /// The paper's reference.
    pub paper: String,
    /// The statement that the authors may use and redistribute the data.
    pub rights: String,
    /// Of data and study files.
    pub licence: String,
}
