//! Everything that can be typed.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Simulate, calibrate and compare stock-and-flow models.
#[derive(Debug, Parser)]
#[command(name = "levada", version, about, long_about = None, arg_required_else_help = true, after_help = EXIT_STATUS)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    /// Colour in messages.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto)]
    pub colour: Colour,
}

const EXIT_STATUS: &str = "Exit status: 0 done; 1 findings; 2 usage; 3 did not converge; 4 data or model cannot be used;\n\
     130 interrupted, and the same command goes on; 141 the reader of standard output closed it.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "read once from the command line")]
pub enum Command {
    /// Is the model sound? Names, units, order of evaluation, feedback loops.
    Check(Check),
    /// Which feedback loops drive the model, and when? Loop scores over time, and what happens when a loop is cut.
    Feedback(FeedbackCommand),
    /// What does the model do? One table of all variables over time.
    Run(Run),
    /// Write a model as XMILE or Vensim text, or a study from Vensim's control files.
    Convert(Convert),
    /// Which parameters does the history support? Estimates with standard errors, the fit of each series.
    Calibrate(StepCommand),
    /// Which of them does the data pin down, and which trade off? Profiles, directions, what informs what.
    Identify(StepCommand),
    /// With what uncertainty? Posterior draws and their diagnostics.
    Sample(StepCommand),
    /// Would it have forecast? Residual tests, predictive checks, forecasts from earlier dates, recovery.
    Validate(StepCommand),
    /// What would other policies have done, with bands, and which policy did how much?
    Compare(CompareCommand),
    /// Which inputs drive the conclusions?
    Sensitivity(CompareCommand),
    /// Which policy does best, for one aim or the trade-off of several? Levers, limits and aims stand in [[search]].
    Search(CompareCommand),
    /// Figures from a description in TOML and tables of results in CSV, without model or study.
    Figures(FiguresCommand),
    /// The paper from one command: estimates, policies compared, figures and tables, recorded.
    Study(StudyCommand),
    /// Cut a long command into numbered shards, for one machine or a cluster.
    Plan(PlanCommand),
    /// Do one shard of a plan.
    Shard(ShardCommand),
    /// Put the shards of a plan together: the results of the command, to the byte.
    Merge(MergeCommand),
    /// How far has a plan come? Pieces done, the cluster's queue, and what failed tasks said last.
    Jobs(JobsCommand),
}

/// Examples: `levada check models/zgc/zgc.mdl`, `levada check model.xmile --json`.
#[derive(Debug, Args)]
pub struct Check {
    /// Vensim .mdl, or XMILE .xmile, .stmx, .itmx, .xml.
    pub model: PathBuf,
    /// Unit conflicts are errors.
    #[arg(long)]
    pub strict_units: bool,
    /// How many feedback loops to list, shortest first.
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    pub loops: usize,
    /// Machine-readable findings on standard output.
    #[arg(long)]
    pub json: bool,
}

/// Examples: `levada feedback models/bass/bass.mdl`, `levada feedback zgc.mdl --set "on mass campaign=0" --out out/feedback`.
///
/// Scores follow the loops-that-matter method (Schoenberg, Davidsen and Eberlein 2020): how much of the change of all
/// stocks each loop explains at each time.
#[derive(Debug, Args)]
pub struct FeedbackCommand {
    /// Vensim .mdl, or XMILE .xmile, .stmx, .itmx, .xml.
    pub model: PathBuf,
    /// Give a constant another value; may be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub sets: Vec<String>,
    /// Scenario file (TOML): constants to set and policies to switch. `--set` goes before it.
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// As in `levada run`; without it the method of the model file holds.
    #[arg(long)]
    pub method: Option<String>,
    /// How many loops to list, those that explain most first.
    #[arg(long, default_value_t = 10, value_name = "COUNT")]
    pub loops: usize,
    /// Loops that are all looked for; of more than these the shortest independent set and the strongest are taken.
    #[arg(long, default_value_t = 1000, value_name = "COUNT")]
    pub most: usize,
    /// Cut a link, "cause -> effect", and show what the stocks do without it: the effect sees its cause as --held says.
    #[arg(long, value_name = "LINK")]
    pub cut: Option<String>,
    /// What the effect sees of the cause of a cut link: its value at the start, or its path in a run without --set and
    /// --scenario, so that the link carries nothing of what these do.
    #[arg(long, value_enum, default_value_t = HeldCause::Start, requires = "cut")]
    pub held: HeldCause,
    /// Folder for tables and figures; without it nothing is written.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HeldCause {
    Start,
    Path,
}

/// Examples: `levada run teacup.mdl`, `levada run zgc.mdl --set "on mass campaign=0" --method rk4 --step 1/16 --out run.csv`.
#[derive(Debug, Args)]
pub struct Run {
    /// Vensim .mdl, or XMILE .xmile, .stmx, .itmx, .xml.
    pub model: PathBuf,
    /// Scenario file (TOML): constants to set and policies to switch. `--set` goes before it.
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Give a constant another value; may be repeated. One element of an array is named with its subscript:
    /// --set "share[elite]=0.2".
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub sets: Vec<String>,
    /// Vensim file of changes (.cin): `name = value`, one a line; `--set` goes before it.
    #[arg(long, value_name = "FILE")]
    pub changes: Option<PathBuf>,
    /// euler, rk2, rk4, dopri5, rodas (for stiff models) or auto (dopri5, then rodas from where the run proves stiff);
    /// without it the method of the model file holds.
    #[arg(long)]
    pub method: Option<String>,
    /// Time step, as a number or a fraction such as 1/16.
    #[arg(long)]
    pub step: Option<String>,
    /// Whether steps land on the model's switch times, or keep to the grid as the model's own tool does.
    /// Without it: `land` when --method is given, else `grid`.
    #[arg(long, value_enum)]
    pub switches: Option<Switches>,
    /// Variables to save: names, `name[element]`, `name[element,*]` or `prefix*`; may be repeated. Without it all are saved.
    #[arg(long = "save", value_name = "NAME")]
    pub saves: Vec<String>,
    /// File of series for data variables (a column `time`, then one for each variable); may be repeated.
    #[arg(long = "data", value_name = "FILE")]
    pub data: Vec<PathBuf>,
    /// Relative tolerance of dopri5, rodas and auto.
    #[arg(long, default_value_t = 1e-6)]
    pub tolerance: f64,
    /// Seed of random functions and of members; 1 unless the file of variations says otherwise.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Steps after which the run is given up.
    #[arg(long, default_value_t = 10_000_000)]
    pub max_steps: u64,
    /// Leave out the estimate of the integration error, which costs further runs.
    #[arg(long)]
    pub unchecked: bool,
    /// Vary a constant, "name=law(numbers)": uniform, loguniform, normal, lognormal, triangular, beta, gamma, exponential,
    /// weibull, poisson or choice, cut by "in [low, high]"; or a .toml file of laws or .csv file of draws. May be repeated.
    #[arg(long, value_name = "LAW|FILE")]
    pub vary: Vec<String>,
    /// How many members the ensemble has. The table then has a row for each time and variable: mean, deviation, extremes,
    /// quantiles.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..u64::MAX))]
    pub members: Option<u64>,
    /// Run the member of this number alone, to the same bits as in the ensemble. Members are numbered from 0.
    #[arg(long, value_name = "K")]
    pub member: Option<u64>,
    /// File of all members' saved values, a row for each member and time (.parquet or .csv).
    #[arg(long, value_name = "FILE", conflicts_with = "member")]
    pub members_out: Option<PathBuf>,
    /// File of all members' varied constants, and which failed (.parquet or .csv); --vary takes the .csv back.
    #[arg(long, value_name = "FILE", conflicts_with = "member")]
    pub draws_out: Option<PathBuf>,
    /// File of histograms, 50 intervals for each time and variable (.parquet or .csv).
    #[arg(long, value_name = "FILE", conflicts_with = "member")]
    pub histogram_out: Option<PathBuf>,
    /// Table to write (.csv or .parquet); without it the table goes to standard output as CSV.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Examples: `levada convert model.mdl model.xmile`, `levada convert model.stmx model.mdl`,
/// `levada convert model.mdl payoff.vpd search.voc base.cin data.csv study.toml`.
#[derive(Debug, Args)]
pub struct Convert {
    /// What to read, and last the file to write: a model as .xmile or .mdl, or a study (.toml) from a model with Vensim's
    /// payoff definition (.vpd), optimisation control (.voc), changes (.cin) and a table of data (.csv).
    #[arg(required = true, num_args = 2.., value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Example: `levada figures docs/gallery/figures.toml --out figures`.
#[derive(Debug, Args)]
pub struct FiguresCommand {
    /// The description (TOML); paths in it start at its own folder. docs/gallery/figures.toml shows every kind.
    pub description: PathBuf,
    /// Folder of the figures: SVG, PDF and PNG, with caption and alternative text.
    #[arg(long, value_name = "FOLDER", default_value = "figures")]
    pub out: PathBuf,
}

/// Examples: `levada study calibration/lynx-hare/study.toml`, `levada study study.toml --quick --out results`,
/// `levada study --verify out/lynx-hare`.
#[derive(Debug, Args)]
pub struct StudyCommand {
    /// The study file (TOML).
    #[arg(required_unless_present = "verify", conflicts_with = "verify")]
    pub study: Option<PathBuf>,
    /// Folder of the results; without it `out/` and the study's name.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Fewer starts and a longer step, as the study's [quick] says.
    #[arg(long, conflicts_with = "verify")]
    pub quick: bool,
    /// Make the results of a folder again from its own copies of study, model and data, and name every file, row and column
    /// that differs. They are made in --out, or beside the folder, and then deleted if nothing differs.
    #[arg(long, value_name = "FOLDER")]
    pub verify: Option<PathBuf>,
    /// Relative difference at which two numbers count as the same, for results of another machine.
    #[arg(long, value_name = "NUMBER", default_value_t = 0.0, requires = "verify")]
    pub tolerance: f64,
}

/// Examples: `levada calibrate calibration/lynx-hare/study.toml`, `levada sample study.toml --out results`.
///
/// A step takes the steps before it as far as they have not been taken with the same inputs, prints its tables and writes
/// them with its figures beside the results of `levada study`. Its settings stand in the study file: [calibrate],
/// [identify], [sample], [validate].
#[derive(Debug, Args)]
pub struct StepCommand {
    /// The study file (TOML).
    pub study: PathBuf,
    /// Folder of the results; without it `out/` and the study's name.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Fewer starts and a longer step, as the study's [quick] says.
    #[arg(long)]
    pub quick: bool,
}

/// Examples: `levada compare calibration/zgc/study.toml`, `levada sensitivity study.toml --draws 200 --out results`.
#[derive(Debug, Args)]
pub struct CompareCommand {
    /// The study file (TOML).
    pub study: PathBuf,
    /// Folder of the results; without it `out/` and the study's name.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Draws of the parameters; without it as many as the study says under [compare].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub draws: Option<u64>,
    /// Fewer starts and a longer step, as the study's [quick] says.
    #[arg(long)]
    pub quick: bool,
}

/// Examples: `levada plan night --shards 20 --on here -- run sir.mdl --vary "rate=uniform(0,1)" --members 100000 --out sir.csv`.
///
/// A shard that is done is never done again, and one that was killed goes on from what it had kept. Results are those of the
/// command by itself, to the byte, whatever the number of shards and the machine that did them.
#[derive(Debug, Args)]
pub struct PlanCommand {
    /// Folder of the plan, made where there is none.
    pub folder: PathBuf,
    /// How many shards.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub shards: u64,
    /// Do the work at once as well: here, one shard after the other, then the merge; or on a Slurm cluster.
    #[arg(long, value_enum)]
    pub on: Option<Where>,
    /// Settings of a cluster's jobs (TOML): partition, account, time, memory, cpus, shards-per-task, modules, retries.
    #[arg(long, value_name = "FILE")]
    pub profile: Option<PathBuf>,
    /// Print the scripts, submit nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// The command to cut, behind `--`: run with --members, calibrate, identify, validate, compare or sensitivity.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// Example: `levada shard night/plan.json 3`.
#[derive(Debug, Args)]
pub struct ShardCommand {
    /// The plan, or its folder.
    pub plan: PathBuf,
    /// Number of the shard, from 0.
    pub index: u64,
}

/// Example: `levada merge night/plan.json`.
#[derive(Debug, Args)]
pub struct MergeCommand {
    /// The plan, or its folder.
    pub plan: PathBuf,
    /// Do here what shards have left undone, instead of refusing.
    #[arg(long)]
    pub finish: bool,
}

/// Example: `levada jobs night/plan.json`.
#[derive(Debug, Args)]
pub struct JobsCommand {
    /// The plan, or its folder.
    pub plan: PathBuf,
    /// End the tasks that have not ended. What is done is kept.
    #[arg(long)]
    pub cancel: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Where {
    Here,
    Slurm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switches {
    Land,
    Grid,
}
