//! What can be wrong with an estimation, and the one place that words it.

use super::identify::{Invariant, Strength};
use super::optimise::Ended;
use super::uncertainty::Bound;
use crate::diagnostic::Diagnostic;

/// A finding of the estimation stage. Numbers are natural values in the parameter's unit unless said otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    BoundsEmpty {
        parameter: String,
        lower: f64,
        upper: f64,
    },
    LogOfNegative {
        parameter: String,
        lower: f64,
    },
    LogitUnbounded {
        parameter: String,
        lower: f64,
        upper: f64,
    },
    StartOutside {
        parameter: String,
        start: f64,
        lower: f64,
        upper: f64,
    },
    PriorUndefined {
        parameter: String,
        prior: String,
    },
    PriorOutside {
        parameter: String,
        prior: String,
        lower: f64,
        upper: f64,
        mass: f64,
    },
    /// No start has a finite posterior; `why` is that of one of them.
    NothingFeasible {
        starts: usize,
        why: String,
    },
    /// The best start did not end by its own criterion.
    SearchNotConverged {
        ended: Ended,
        iterations: u64,
    },
    /// Few starts agree on the best optimum.
    RarelyFound {
        found: usize,
        starts: usize,
    },
    AtBound {
        parameter: String,
        bound: Bound,
        value: f64,
    },
    NotIdentified {
        strength: Strength,
        /// In typical changes.
        deviation: f64,
        invariant: Invariant,
    },
    Collinear {
        parameters: Vec<String>,
        index: f64,
    },
    /// A profile does not reach its threshold on one side.
    ProfileOpen {
        parameter: String,
        side: Bound,
    },
    /// A profile came upon a point below the optimum by `fall` of log posterior.
    BetterOptimum {
        parameter: String,
        fall: f64,
    },
    RefitsFailed {
        converged: usize,
        replicates: usize,
    },
    ChainsNotConverged {
        parameter: String,
        r_hat: f64,
        effective: f64,
        wanted_r_hat: f64,
        wanted_effective: f64,
    },
    /// Trajectories of the sampler that left the numbers behind.
    Divergences {
        count: usize,
        draws: usize,
    },
    /// Trajectories of the sampler that were cut before they turned.
    TrajectoriesCut {
        count: usize,
        draws: usize,
    },
    /// Energy Bayesian fraction of missing information.
    LowEnergy {
        fraction: f64,
    },
    /// Data whose left-out density the draws cannot tell.
    ParetoShape {
        series: String,
        labels: Vec<String>,
        limit: f64,
    },
    ResidualsCorrelated {
        series: String,
        durbin_watson: f64,
        runs_p: Option<f64>,
        ljung_box_p: Option<f64>,
    },
}

impl Finding {
    pub fn diagnostic(&self) -> Diagnostic {
        match self {
            Finding::BoundsEmpty { parameter, lower, upper } => Diagnostic::error(
                "bounds-empty",
                format!("the bounds of {parameter} leave nothing: {lower} to {upper}"),
            )
            .help("state a lower bound below the upper bound"),
            Finding::LogOfNegative { parameter, lower } => Diagnostic::error(
                "log-of-negative",
                format!("{parameter} cannot be searched by its logarithm: its lower bound is {lower}"),
            )
            .help("raise the lower bound to zero or above, or search the value itself"),
            Finding::LogitUnbounded { parameter, lower, upper } => Diagnostic::error(
                "logit-unbounded",
                format!("{parameter} cannot be searched by log odds between {lower} and {upper}"),
            )
            .help("state two finite bounds, or choose another transform"),
            Finding::StartOutside { parameter, start, lower, upper } => Diagnostic::error(
                "start-outside",
                format!("the start of {parameter}, {start}, is not inside its bounds, {lower} to {upper}"),
            )
            .help("move the start, or widen the bounds"),
            Finding::PriorUndefined { parameter, prior } => Diagnostic::error(
                "prior-undefined",
                format!("the prior of {parameter}, {prior}, is not a distribution"),
            )
            .help("scales, rates and shapes must be positive, and a lower end below its upper end"),
            Finding::PriorOutside { parameter, prior, lower, upper, mass } => Diagnostic::error(
                "prior-outside-bounds",
                format!(
                    "{:.1} % of the prior of {parameter}, {prior}, lies outside its bounds, {lower} to {upper}",
                    100.0 * mass
                ),
            )
            .help("widen the bounds, or truncate the prior to them"),
            Finding::NothingFeasible { starts, why } => {
                let which = if *starts == 1 { "the start".to_owned() } else { format!("none of the {starts} starts") };
                let verb = if *starts == 1 { "cannot" } else { "can" };
                Diagnostic::error("nothing-feasible", format!("{which} {verb} be evaluated: {why}"))
                    .help("run the model at the start by itself, and narrow the bounds to where it runs")
            }
            Finding::SearchNotConverged { ended, iterations } => search_not_converged(*ended, *iterations),
            Finding::RarelyFound { found, starts } => Diagnostic::warning(
                "rarely-found",
                format!("only {found} of {starts} starts reached the best optimum: there may be a better one"),
            )
            .help("ask for more starts, or for a population method (differential evolution, CMA-ES)"),
            Finding::AtBound { parameter, bound, value } => {
                let (side, end) = match bound {
                    Bound::Lower => ("lower", "below"),
                    Bound::Upper => ("upper", "above"),
                };
                Diagnostic::warning("at-bound", format!("{parameter} is estimated at its {side} bound, {value}"))
                    .help(format!("if values {end} make sense, widen the bound; its standard error is not given"))
            }
            Finding::NotIdentified { strength, deviation, invariant } => {
                let message = invariant_sentence(invariant, *strength, *deviation);
                Diagnostic::warning("not-identified", message)
                    .help("fix one of the parameters, give it a prior with a source, or add a series that it moves")
            }
            Finding::Collinear { parameters, index } => Diagnostic::note(
                "collinear",
                format!(
                    "what {} do to the data is alike: all but {:.1} % of the effect of one can be had by the others",
                    list(parameters),
                    100.0 / index
                ),
            )
            .help("read their estimates together: the profile of one shows how the others follow"),
            Finding::ProfileOpen { parameter, side } => {
                let side = match side {
                    Bound::Lower => "from below",
                    Bound::Upper => "from above",
                };
                Diagnostic::warning("profile-open", format!("the data do not limit {parameter} {side}"))
                    .help("report a one-sided interval, or give the parameter a prior with a source")
            }
            Finding::BetterOptimum { parameter, fall } => Diagnostic::error(
                "better-optimum",
                format!("the profile of {parameter} came upon a fit better by {fall:.3} of log posterior"),
            )
            .help("estimate again from there with more starts; the intervals around the old optimum are void"),
            Finding::RefitsFailed { converged, replicates } => Diagnostic::error(
                "refits-failed",
                format!("{converged} of {replicates} refits converged, too few for an interval"),
            )
            .help("ask for more replicates or iterations, and look at the identification of the parameters"),
            Finding::ChainsNotConverged { parameter, r_hat, effective, wanted_r_hat, wanted_effective } => {
                let help = if r_hat <= wanted_r_hat {
                    "ask for more draws"
                } else {
                    "ask for a longer warm-up and more draws; if that does not help, look at the identification of the \
                     parameter and at its trace"
                };
                Diagnostic::error(
                    "chains-not-converged",
                    format!(
                        "the chains have not converged for {parameter}: R-hat {r_hat:.3} (wanted {wanted_r_hat}), \
                         {effective:.0} effective draws (wanted {wanted_effective}); no interval is given"
                    ),
                )
                .help(help)
            }
            Finding::Divergences { count, draws } => Diagnostic::warning(
                "divergences",
                format!("{count} of {draws} trajectories of the sampler diverged: parts of the posterior may be missing"),
            )
            .help("raise the acceptance towards 0.99, tighten the tolerance of the run, or search the parameter by its logarithm"),
            Finding::TrajectoriesCut { count, draws } => Diagnostic::warning(
                "trajectories-cut",
                format!("{count} of {draws} trajectories of the sampler were cut before they turned: draws cost more than they need"),
            )
            .help("lengthen the warm-up, or fix what `identify` says is not identified"),
            Finding::LowEnergy { fraction } => Diagnostic::warning(
                "low-energy",
                format!("the sampler's energy changes too little from draw to draw (E-BFMI {fraction:.2}): tails may be missing"),
            )
            .help("give scales and weakly identified parameters priors with lighter tails"),
            Finding::ParetoShape { series, labels, limit } => Diagnostic::warning(
                "pareto-shape",
                format!(
                    "leaving out {} of {series} changes the posterior too much for these draws to tell (Pareto k above {limit:.2})",
                    labels.join(", ")
                ),
            )
            .help("look at these data first; to compare models, refit without them, or use more draws"),
            Finding::ResidualsCorrelated { series, durbin_watson, runs_p, ljung_box_p } => {
                let tests = [("runs", runs_p), ("Ljung-Box", ljung_box_p)];
                let tests = tests.iter().filter_map(|(name, p)| p.map(|p| format!(", {name} {}", probability(p))));
                Diagnostic::warning(
                    "residuals-correlated",
                    format!(
                        "the residuals of {series} are correlated in time (Durbin-Watson {durbin_watson:.2}{})",
                        tests.collect::<String>()
                    ),
                )
                .help(
                    "intervals that assume independent noise are too narrow: estimate autoregressive noise, or use the \
                     sandwich or the block bootstrap",
                )
            }
        }
    }
}

fn search_not_converged(ended: Ended, iterations: u64) -> Diagnostic {
    let (how, help) = match ended {
        Ended::Converged => ("ended by its own criterion", "nothing is to be done"),
        Ended::Stalled => (
            "found no acceptable step though the slope is not zero",
            "tighten the tolerance of the integration, or state a larger spacing of differences",
        ),
        Ended::OutOfIterations => ("used up its iterations", "allow more iterations"),
        Ended::Interrupted => ("was interrupted", "run the command again: it goes on from here"),
        Ended::Infeasible => ("found no point that can be evaluated", "narrow the bounds to where the model runs"),
    };
    Diagnostic::error("search-not-converged", format!("the search {how} after {iterations} iterations")).help(help)
}

fn invariant_sentence(invariant: &Invariant, strength: Strength, deviation: f64) -> String {
    let hardly = strength != Strength::Flat;
    let what = match invariant {
        Invariant::Nothing { parameter } if hardly => {
            return format!("the data hardly inform {parameter}{}", spread(deviation));
        }
        Invariant::Nothing { parameter } => return format!("no datum responds to {parameter}: it is not identified"),
        Invariant::Product(powers) => match powers.as_slice() {
            [(a, 1.0), (b, 1.0)] => format!("the product of {a} and {b}"),
            [(a, 1.0), (b, -1.0)] => format!("the ratio of {a} to {b}"),
            _ => powers.iter().map(|(name, power)| to_power(name, *power)).collect::<Vec<_>>().join(" · "),
        },
        Invariant::Sum(multiples) => match multiples.as_slice() {
            [(a, 1.0), (b, 1.0)] => format!("the sum of {a} and {b}"),
            [(a, 1.0), (b, -1.0)] => format!("the difference of {a} and {b}"),
            _ => {
                let each = multiples.iter().map(|(name, multiple)| format!("{} {name}", round(*multiple)));
                format!("the combination {}", each.collect::<Vec<_>>().join(" + ").replace("+ -", "- "))
            }
        },
        Invariant::Together(moves) => {
            let each = moves.iter().map(|part| match part.by_factor {
                true => format!("{} times {}", part.parameter, round(part.change)),
                false => format!("{} {:+} {}", part.parameter, round(part.change), part.unit).trim_end().to_owned(),
            });
            let alike = if hardly { "nearly the same" } else { "the same" };
            return format!("the fit stays {alike} under {} together", list(&each.collect::<Vec<_>>()));
        }
    };
    match hardly {
        true => format!("the data inform little more than {what}{}", spread(deviation)),
        false => format!("only {what} is identified"),
    }
}

fn spread(deviation: f64) -> String {
    format!(" (standard deviation {} typical changes)", round(deviation))
}

fn to_power(name: &str, power: f64) -> String {
    if power == 1.0 { name.to_owned() } else { format!("{name}^{}", round(power)) }
}

/// Three significant digits, without trailing zeros.
fn round(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

fn probability(p: f64) -> String {
    if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {p:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::identify::Move;
    use crate::estimate::{Parameter, Prior, Transform};

    #[test]
    fn unusable_parameters_are_worded() {
        let normal = Prior::Normal { mean: 0.0, sd: 1.0 };
        let cases = [
            (Parameter::new("rate", 1.0).within(2.0, 1.0), "the bounds of rate leave nothing: 2 to 1"),
            (
                Parameter::new("rate", 1.0).within(-1.0, 2.0).on(Transform::Log),
                "rate cannot be searched by its logarithm: its lower bound is -1",
            ),
            (
                Parameter::new("rate", 1.0).within(0.0, f64::INFINITY).on(Transform::Logit),
                "rate cannot be searched by log odds between 0 and inf",
            ),
            (Parameter::new("rate", 3.0).within(0.0, 2.0), "the start of rate, 3, is not inside its bounds, 0 to 2"),
            (
                Parameter::new("rate", 1.0).within(0.0, 2.0).believed(Prior::Normal { mean: 0.0, sd: 0.0 }),
                "the prior of rate, normal(0, 0), is not a distribution",
            ),
            (
                Parameter::new("rate", 1.0).within(0.0, 2.0).believed(normal),
                "52.3 % of the prior of rate, normal(0, 1), lies outside its bounds, 0 to 2",
            ),
        ];
        for (parameter, expected) in cases {
            let messages: Vec<String> = parameter.check().iter().map(|finding| finding.diagnostic().message).collect();
            assert_eq!(messages, [expected]);
        }
        assert!(
            Parameter::new("rate", 0.5).within(0.0, 1.0).believed(Prior::Beta { a: 2.0, b: 2.0 }).check().is_empty()
        );
    }

    #[test]
    fn searches_and_intervals_are_worded() {
        let name = || "rate".to_owned();
        let cases = [
            (
                Finding::NothingFeasible { starts: 1, why: "stock is NaN at 3".into() },
                "the start cannot be evaluated: stock is NaN at 3",
            ),
            (
                Finding::NothingFeasible { starts: 9, why: "stock is NaN at 3".into() },
                "none of the 9 starts can be evaluated: stock is NaN at 3",
            ),
            (
                Finding::SearchNotConverged { ended: Ended::OutOfIterations, iterations: 300 },
                "the search used up its iterations after 300 iterations",
            ),
            (
                Finding::RarelyFound { found: 1, starts: 40 },
                "only 1 of 40 starts reached the best optimum: there may be a better one",
            ),
            (
                Finding::AtBound { parameter: name(), bound: Bound::Upper, value: 0.5 },
                "rate is estimated at its upper bound, 0.5",
            ),
            (
                Finding::Collinear { parameters: vec![name(), "a".into(), "b".into()], index: 25.0 },
                "what rate, a and b do to the data is alike: all but 4.0 % of the effect of one can be had by the others",
            ),
            (Finding::ProfileOpen { parameter: name(), side: Bound::Lower }, "the data do not limit rate from below"),
            (
                Finding::BetterOptimum { parameter: name(), fall: 1.25 },
                "the profile of rate came upon a fit better by 1.250 of log posterior",
            ),
            (
                Finding::RefitsFailed { converged: 20, replicates: 500 },
                "20 of 500 refits converged, too few for an interval",
            ),
            (
                Finding::ChainsNotConverged {
                    parameter: name(),
                    r_hat: 1.2,
                    effective: 31.0,
                    wanted_r_hat: 1.01,
                    wanted_effective: 400.0,
                },
                "the chains have not converged for rate: R-hat 1.200 (wanted 1.01), 31 effective draws (wanted 400); no interval is given",
            ),
        ];
        for (finding, expected) in cases {
            assert_eq!(finding.diagnostic().message, expected);
        }
    }

    #[test]
    fn what_is_identified_is_worded() {
        let pair = |a, b| vec![("A".to_owned(), a), ("B".to_owned(), b)];
        let moves = vec![
            Move { parameter: "A".into(), by_factor: true, change: 1.10517, unit: String::new() },
            Move { parameter: "B".into(), by_factor: false, change: -0.4, unit: "people".into() },
        ];
        let cases = [
            (Invariant::Nothing { parameter: "A".into() }, "no datum responds to A: it is not identified"),
            (Invariant::Product(pair(1.0, 1.0)), "only the product of A and B is identified"),
            (Invariant::Product(pair(1.0, -1.0)), "only the ratio of A to B is identified"),
            (Invariant::Product(pair(1.0, -2.0)), "only A · B^-2 is identified"),
            (Invariant::Sum(pair(1.0, 1.0)), "only the sum of A and B is identified"),
            (Invariant::Sum(pair(1.0, -1.0)), "only the difference of A and B is identified"),
            (Invariant::Sum(pair(1.0, -2.5)), "only the combination 1 A - 2.5 B is identified"),
            (Invariant::Together(moves), "the fit stays the same under A times 1.11 and B -0.4 people together"),
        ];
        for (invariant, expected) in cases {
            let finding = Finding::NotIdentified { strength: Strength::Flat, deviation: f64::INFINITY, invariant };
            assert_eq!(finding.diagnostic().message, expected);
        }
        let weak = Finding::NotIdentified {
            strength: Strength::Weak,
            deviation: 1.2345,
            invariant: Invariant::Product(pair(1.0, 1.0)),
        };
        assert_eq!(
            weak.diagnostic().message,
            "the data inform little more than the product of A and B (standard deviation 1.23 typical changes)"
        );
    }
}
