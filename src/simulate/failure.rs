//! Why a run stopped early, and what to try.

use crate::compile::{MOST_STATES, Obstacle};
use crate::diagnostic::Diagnostic;

/// The reason for which a run ended before its final time.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// A value that is not a number, or infinite.
    NotFinite { variable: String, time: f64, operation: &'static str },
    /// More steps than the run was allowed; since when it is known to be stiff, if so.
    Budget { time: f64, steps: u64, stiff: Option<f64> },
    /// Error control asked for steps below the spacing of numbers: a singularity, or a stiff model.
    StepVanished { time: f64, variable: String },
    /// The final time lies before the initial time, or a step is not positive.
    Control { what: &'static str, value: f64 },
    /// A pipeline delay or a value of the previous step needs steps of one length.
    NeedsGrid { variable: String },
    /// A conveyor, queue or oven moves once in each step.
    NeedsEuler { variable: String, method: &'static str },
    /// A method for stiff models needs derivatives that the program has not.
    NoJacobian { obstacle: Obstacle },
    /// Derivatives are not known through the steps of a method for stiff models.
    NoTangents { method: &'static str },
    /// A save time outside the run.
    SaveOutside { time: f64, start: f64, stop: f64 },
}

impl Failure {
    pub fn diagnostic(&self) -> Diagnostic {
        match self {
            Failure::NotFinite { variable, time, operation } => Diagnostic::error(
                "not-finite",
                format!("`{variable}` is not finite at time {time}: the {operation} in its equation gave no number"),
            )
            .help("guard the operation (ZIDZ, MAX), or try a smaller step: --step"),
            Failure::Budget { time, steps, stiff } => {
                let error = Diagnostic::error("step-budget", format!("the run used its {steps} steps at time {time}"));
                match stiff {
                    Some(since) => error.help(format!("the model is stiff from time {since} on: use --method rodas")),
                    None => error.help("loosen the tolerance, or allow more with --max-steps"),
                }
            }
            Failure::StepVanished { time, variable } => Diagnostic::error(
                "step-vanished",
                format!("the step became too small at time {time}; `{variable}` changes fastest"),
            )
            .help("the model may jump or grow without bound there: check the equation, or try --method rk4"),
            Failure::Control { what, value } => Diagnostic::error("bad-control", format!("{what}: {value}"))
                .help("correct the model's time settings, or use --set"),
            Failure::NeedsGrid { variable } => Diagnostic::error(
                "needs-fixed-step",
                format!("`{variable}` remembers whole steps and cannot be run with steps of changing length"),
            )
            .help("use euler, rk2 or rk4 with --switches grid, and save at multiples of the step"),
            Failure::NeedsEuler { variable, method } => Diagnostic::error(
                "needs-euler",
                format!("`{variable}` is a conveyor, queue or oven, which moves in whole steps and not within those of {method}"),
            )
            .help("use --method euler, as the tools that have them do"),
            Failure::NoJacobian { obstacle: Obstacle::NotAsked } => Diagnostic::error(
                "no-jacobian",
                "the program was compiled without the derivatives that rodas and auto need",
            )
            .help("ask for them when compiling: Request { jacobian: true, .. }"),
            Failure::NoJacobian { obstacle: Obstacle::Function { variable, function } } => Diagnostic::error(
                "no-jacobian",
                format!("`{variable}` uses {function}, whose derivative rodas does not know"),
            )
            .help("use --method auto or dopri5, or rk4 with a short step"),
            Failure::NoJacobian { obstacle: Obstacle::Large { states } } => Diagnostic::error(
                "no-jacobian",
                format!("{states} states are too many for rodas, which takes {MOST_STATES} at most"),
            )
            .help("use --method auto or dopri5, or rk4 with a short step"),
            Failure::NoTangents { method } => Diagnostic::error(
                "no-derivatives",
                format!("derivatives of what a run saves are not known through the steps of {method}"),
            )
            .help("use euler, rk2, rk4 or dopri5"),
            Failure::SaveOutside { time, start, stop } => Diagnostic::error(
                "save-outside-run",
                format!("time {time} is to be saved, but the run goes from {start} to {stop}"),
            )
            .help("move the period or the run's start and end"),
        }
    }
}
