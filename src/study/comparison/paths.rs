//! Policies under every draw: a figure for each policy that the study draws, and the tables of levels and differences.

use super::{Bench, Made, tables, undrawn};
use crate::calendar::Fraction;
use crate::compare::{Panel, Spread};
use crate::diagnostic::Diagnostic;
use crate::present::{Counterfactual, CounterfactualPanel, Exhibit, Frame, Head, Path, Quantity};
use crate::study::Progress;
use crate::study::exhibits::frame;
use crate::study::manifest::slug;

/// Outcomes on a page.
const PANELS: usize = 5;

pub(super) fn made(bench: &Bench) -> Result<Made, Vec<Diagnostic>> {
    (bench.progress)(Progress::Step("running every policy under every draw"));
    let panel = bench.panel()?;
    let mut made = Made { runs: panel.policies.len() * panel.draws, ..Made::default() };
    if let Some((count, why)) = &panel.failed {
        let share = 100.0 * *count as f64 / made.runs as f64;
        made.notes.push(
            Diagnostic::warning("runs-failed", format!("{count} of {} runs ({share:.1} %) failed: {why}", made.runs))
                .help("their draws are left out of the bands; the bounds of the parameters may reach too far"),
        );
    }
    if !panel.measures.is_empty() && panel.policies.len() > 1 {
        for policy in drawn(bench) {
            let finite = |measure| panel.difference(policy, measure).iter().any(|spread| spread.median.is_finite());
            if !(0..panel.measures.len()).all(finite) {
                let message = format!("the policy `{}` has no value under any draw", panel.policies[policy].name);
                let warning = Diagnostic::warning("policy-without-values", message);
                made.notes.push(warning.help("run it by itself to see why: levada run MODEL --scenario FILE"));
                continue;
            }
            made.exhibits.extend(figures(bench, &panel, policy)?.into_iter().map(|exhibit| ("figures", exhibit)));
        }
    }
    let (all, shown) = tables::of_panel(bench, &panel)?;
    made.exhibits.extend(all.into_iter().map(|exhibit| ("tables", exhibit)));
    made.shown.extend(shown);
    Ok(made)
}

/// Policies to draw: those that the study names, or all.
fn drawn(bench: &Bench) -> Vec<usize> {
    let wanted = &bench.opened.study.exhibits.counterfactuals;
    let policies = bench.policies.iter().enumerate().skip(1);
    policies
        .filter(|(_, policy)| wanted.is_empty() || wanted.iter().any(|name| name.value == policy.name))
        .map(|(number, _)| number)
        .collect()
}

/// One policy against the baseline, with bands.
fn figures(bench: &Bench, panel: &Panel, policy: usize) -> Result<Vec<Exhibit>, Vec<Diagnostic>> {
    let times: Vec<f64> = panel.windows.iter().map(|window| window.at(Fraction::Middle)).collect();
    let banded = panel.draws > 1;
    let path = |label: &str, spreads: &[Spread], wide_only: bool| {
        let of = |value: &dyn Fn(&Spread) -> f64| spreads.iter().map(value).collect::<Vec<f64>>();
        let mut path = Path::new(label, times.clone(), of(&|spread| spread.median));
        if banded {
            path = path.with_band(0.9, of(&|s| s.ninety.0), of(&|s| s.ninety.1));
            if !wide_only {
                path = path.with_band(0.5, of(&|s| s.half.0), of(&|s| s.half.1));
            }
        }
        path
    };
    let title = &panel.policies[policy].title;
    let panels: Vec<CounterfactualPanel> = panel
        .measures
        .iter()
        .enumerate()
        .map(|(number, measure)| CounterfactualPanel {
            quantity: Quantity::new(measure.title.clone(), measure.unit.clone()),
            baseline: path(&panel.policies[0].title, &panel.path(0, number), true),
            alternatives: vec![path(title, &panel.path(policy, number), true)],
            differences: vec![path(title, &panel.difference(policy, number), false)],
        })
        .collect();
    let ends = panel.windows.first().zip(panel.windows.last()).map(|(a, b)| (a.start, b.end));
    let frame = Frame { rule: None, window: ends, ..frame(&bench.opened.study, &bench.opened.prepared) };
    let mut exhibits = Vec::new();
    for (number, panels) in panels.chunks(PANELS).enumerate() {
        let part = if number == 0 { String::new() } else { format!("-{}", number + 1) };
        let name = format!("draws-{}{part}", slug(&panel.policies[policy].name));
        let caption = format!(
            "{}. {title} against the baseline: medians and bands of levels (left) and of paired differences (right). {}",
            bench.opened.study.title,
            bench.source()
        );
        let figure = Counterfactual { head: Head::new(name, caption), frame: frame.clone(), panels: panels.to_vec() };
        exhibits.extend(figure.draw().map_err(undrawn)?);
    }
    Ok(exhibits)
}
