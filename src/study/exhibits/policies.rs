//! Counterfactual policies against the baseline: levels and differences of every outcome.

use super::Results;
use crate::calendar::Fraction;
use crate::present::{Counterfactual, CounterfactualPanel, Exhibit, Head, Path, Quantity, Refusal};

/// Policies to draw: those that the study names, or all.
pub fn drawn(results: &Results) -> Vec<usize> {
    let wanted = &results.study.exhibits.counterfactuals;
    let policies = results.comparison.policies.iter().enumerate().skip(1);
    policies
        .filter(|(_, policy)| wanted.is_empty() || wanted.iter().any(|name| name.value == policy.name))
        .map(|(number, _)| number)
        .collect()
}

/// Outcomes of a figure, so that it fits a page.
const PANELS: usize = 5;

/// Every outcome: levels on the left, differences to the baseline on the right.
pub fn figures(results: &Results) -> Result<Vec<Exhibit>, Refusal> {
    let comparison = results.comparison;
    let policies = drawn(results);
    if policies.is_empty() || comparison.measures.is_empty() {
        return Ok(Vec::new());
    }
    let times: Vec<f64> = comparison.windows.iter().map(|window| window.at(Fraction::Middle)).collect();
    let path =
        |policy: usize, values: Vec<f64>| Path::new(comparison.policies[policy].title.clone(), times.clone(), values);
    let panels: Vec<CounterfactualPanel> = comparison
        .measures
        .iter()
        .enumerate()
        .map(|(measure, outcome)| CounterfactualPanel {
            quantity: Quantity::new(outcome.title.clone(), outcome.unit.clone()),
            baseline: path(0, comparison.levels[0][measure].clone()),
            alternatives: policies.iter().map(|p| path(*p, comparison.levels[*p][measure].clone())).collect(),
            differences: policies.iter().map(|p| path(*p, comparison.differences(*p, measure))).collect(),
        })
        .collect();
    let mut frame = results.frame();
    frame.rule = None;
    frame.window = comparison.windows.first().zip(comparison.windows.last()).map(|(a, b)| (a.start, b.end));
    let mut exhibits = Vec::new();
    for (number, panels) in panels.chunks(PANELS).enumerate() {
        let name = if number == 0 { "policies".to_owned() } else { format!("policies-{}", number + 1) };
        let caption = format!(
            "{}. Outcomes under the baseline and other policies at the estimates (left), and their differences to the \
             baseline (right).",
            results.study.title
        );
        let figure = Counterfactual { head: Head::new(name, caption), frame: frame.clone(), panels: panels.to_vec() };
        exhibits.extend(figure.draw()?);
    }
    Ok(exhibits)
}
