//! Which series, or which prior, a parameter owes its precision to.

use crate::estimate::Structured;
use crate::estimate::uncertainty::Information;
use serde::{Deserialize, Serialize};

/// What a group of rows contributes to a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Informed {
    pub parameter: usize,
    pub group: usize,
    /// Share of the parameter's precision that is lost without the group: 1 means that only it identifies the parameter,
    /// 0 that the others do as well without it.
    pub lost: f64,
}

/// The loss of precision of every identified parameter by every group, `[parameter]` then `[group]` in order.
///
/// # Method
/// `1 - variance / variance without the group`, both from expected information, everything else kept at the optimum.
/// # Assumptions
/// Local and linear; the optimum would not move.
pub fn informs<P: Structured + ?Sized>(problem: &P, information: &Information) -> Vec<Informed> {
    let whole = of_groups(information, |_| true).covariance();
    let mut found = Vec::new();
    let without: Vec<_> =
        (0..problem.groups().len()).map(|group| of_groups(information, |other| other != group).covariance()).collect();
    for parameter in (0..information.free.len()).filter(|k| whole.identified[*k]) {
        for (group, rest) in without.iter().enumerate() {
            let lost = match (whole.standard_error(parameter), rest.standard_error(parameter)) {
                (Some(all), Some(rest)) => (1.0 - (all / rest).powi(2)).clamp(0.0, 1.0),
                _ => 1.0,
            };
            found.push(Informed { parameter, group, lost });
        }
    }
    found
}

fn of_groups(information: &Information, mut keep: impl FnMut(usize) -> bool) -> Information {
    let matrix = information.linearisation.information(|term| keep(term.group));
    Information { matrix, source: crate::estimate::uncertainty::Source::Expected, ..information.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::{
        Evaluation, Group, GroupKind, Infeasible, Parameter, Prior, Problem, Term, evaluation, prior_terms,
    };

    /// Series 1 sees a twice as sharply as series 2, which alone sees b; c has a prior and is seen by series 2.
    struct TwoSeries {
        parameters: Vec<Parameter>,
        groups: Vec<Group>,
    }

    impl Problem for TwoSeries {
        fn parameters(&self) -> &[Parameter] {
            &self.parameters
        }
        fn evaluate(&self, points: &[Vec<f64>]) -> Vec<Evaluation> {
            self.terms(points).into_iter().map(|terms| evaluation(&self.groups, &terms?)).collect()
        }
    }

    impl Structured for TwoSeries {
        fn groups(&self) -> &[Group] {
            &self.groups
        }
        fn terms(&self, points: &[Vec<f64>]) -> Vec<Result<Vec<Term>, Infeasible>> {
            let each = points.iter().map(|p| {
                let rows = [(0, 2.0 * p[0]), (1, p[0]), (1, p[1]), (1, p[2])];
                let rows = rows.iter().enumerate().map(|(datum, (group, r))| Term::residual(*group, datum, *r));
                Ok(rows.chain(prior_terms(&self.parameters, p, 2)?).collect())
            });
            each.collect()
        }
    }

    #[test]
    fn precision_is_traced_to_its_source() {
        let group = |name: &str, kind| Group { name: name.to_owned(), kind };
        let problem = TwoSeries {
            parameters: vec![
                Parameter::new("a", 1.0),
                Parameter::new("b", 1.0),
                Parameter::new("c", 1.0).believed(Prior::Normal { mean: 0.0, sd: 0.5 }),
            ],
            groups: vec![
                group("first", GroupKind::Series),
                group("second", GroupKind::Series),
                group("priors", GroupKind::Prior),
            ],
        };
        let information = Information::expected(&problem, &[0.0; 3]).unwrap();
        let lost: Vec<f64> = informs(&problem, &information).iter().map(|informed| informed.lost).collect();
        let expected = [0.8, 0.2, 0.0, 0.0, 1.0, 0.0, 0.0, 0.2, 0.8];
        assert!(lost.iter().zip(expected).all(|(lost, expected)| (lost - expected).abs() < 1e-8), "{lost:?}");
    }
}
