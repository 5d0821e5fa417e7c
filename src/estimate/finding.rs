//! What can be wrong with an estimation, and the one place that words it.

use crate::diagnostic::Diagnostic;

/// A finding of the estimation stage. Numbers are natural values in the parameter's unit unless said otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    BoundsEmpty { parameter: String, lower: f64, upper: f64 },
    LogOfNegative { parameter: String, lower: f64 },
    LogitUnbounded { parameter: String, lower: f64, upper: f64 },
    StartOutside { parameter: String, start: f64, lower: f64, upper: f64 },
    PriorUndefined { parameter: String, prior: String },
    PriorOutside { parameter: String, prior: String, lower: f64, upper: f64, mass: f64 },
    ChainsNotConverged { parameter: String, r_hat: f64, effective: f64, wanted_r_hat: f64, wanted_effective: f64 },
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
        }
    }
}

#[cfg(test)]
mod tests {
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
}
