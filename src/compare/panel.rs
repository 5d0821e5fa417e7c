//! Policies under every draw: paths by window and numbers of outcomes, levels and paired differences.

use super::{Draws, Laboratory, Measure, Outcome, Policy, Spread, Trial, Trouble};
use crate::calendar::Window;
use crate::check::CheckedModel;
use crate::diagnostic::Diagnostic;
use crate::estimate::objective::Gauge;
use crate::simulate::Settings;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::atomic::AtomicBool;

/// Policies side by side under the same draws; the first is the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    pub policies: Vec<Policy>,
    pub measures: Vec<Measure>,
    pub windows: Vec<Window>,
    pub outcomes: Vec<Outcome>,
    pub draws: usize,
    /// `[policy][draw]`: readings of all measures by window, then of all outcomes; NaN where the run failed.
    values: Vec<Vec<Vec<f64>>>,
    /// Runs that failed, and why the first did.
    pub failed: Option<(usize, String)>,
}

impl Panel {
    /// Levels of a measure in a window, by draw.
    pub fn levels(&self, policy: usize, measure: usize, window: usize) -> Vec<f64> {
        let place = measure * self.windows.len() + window;
        self.values[policy].iter().map(|draw| draw[place]).collect()
    }

    /// Values of an outcome, by draw.
    pub fn outcome(&self, policy: usize, outcome: usize) -> Vec<f64> {
        let place = self.measures.len() * self.windows.len() + outcome;
        self.values[policy].iter().map(|draw| draw[place]).collect()
    }

    /// A measure by window under a policy.
    pub fn path(&self, policy: usize, measure: usize) -> Vec<Spread> {
        (0..self.windows.len()).map(|window| Spread::of(self.levels(policy, measure, window))).collect()
    }

    /// Paired differences of a measure to the baseline, by window.
    pub fn difference(&self, policy: usize, measure: usize) -> Vec<Spread> {
        let spread =
            |window| Spread::of(paired(&self.levels(policy, measure, window), &self.levels(0, measure, window)));
        (0..self.windows.len()).map(spread).collect()
    }

    /// Paired difference of an outcome between two policies.
    pub fn contrast(&self, one: usize, other: usize, outcome: usize) -> Spread {
        Spread::of(paired(&self.outcome(one, outcome), &self.outcome(other, outcome)))
    }

    /// The windows in which nine draws in ten agree on the sign of the difference to the baseline, as stretches of one sign
    /// from the first to the last window.
    pub fn separated(&self, policy: usize, measure: usize) -> Vec<(usize, usize)> {
        signed_stretches(&self.difference(policy, measure))
    }
}

fn signed_stretches(spreads: &[Spread]) -> Vec<(usize, usize)> {
    let side = |spread: &Spread| spread.is_signed().then_some(spread.median > 0.0);
    let mut stretches: Vec<(usize, usize)> = Vec::new();
    for (window, spread) in spreads.iter().enumerate() {
        match stretches.last_mut() {
            _ if side(spread).is_none() => {}
            Some((_, last)) if *last + 1 == window && side(&spreads[*last]) == side(spread) => *last = window,
            _ => stretches.push((window, window)),
        }
    }
    stretches
}

/// One less the other, draw by draw.
pub fn paired(one: &[f64], other: &[f64]) -> Vec<f64> {
    one.iter().zip(other).map(|(one, other)| one - other).collect()
}

/// What a panel is asked for.
#[derive(Clone, Debug)]
pub struct Question<'q> {
    pub policies: &'q [Policy],
    pub measures: &'q [Measure],
    pub windows: &'q [Window],
    pub outcomes: &'q [Outcome],
}

/// Runs every policy under every draw on top of `fixed`.
///
/// # Errors
/// What keeps the model from compiling, or a signal to stop.
pub fn panel(
    checked: &CheckedModel,
    fixed: &[(String, f64)],
    settings: &Settings,
    question: &Question,
    draws: &Draws,
    stop: &AtomicBool,
    told: &dyn Fn(usize),
) -> Result<Panel, Trouble> {
    let columns = columns(checked, fixed, settings, question, draws, 0..draws.count(), stop, told)?;
    Ok(Panel::of(question, vec![columns]))
}

/// All policies under some of the draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Columns {
    /// `[policy][draw]`: readings of all measures by window, then of all outcomes; NaN where the run failed.
    values: Vec<Vec<Vec<f64>>>,
    failed: Option<(usize, String)>,
}

/// Runs every policy under the draws of these numbers: columns of the [`panel`].
///
/// # Errors
/// As [`panel`].
#[allow(clippy::too_many_arguments)]
pub fn columns(
    checked: &CheckedModel,
    fixed: &[(String, f64)],
    settings: &Settings,
    question: &Question,
    draws: &Draws,
    chosen: Range<usize>,
    stop: &AtomicBool,
    told: &dyn Fn(usize),
) -> Result<Columns, Trouble> {
    let Question { policies, measures, windows, outcomes } = *question;
    let gauges = gauges(measures, windows, outcomes);
    let laboratory = Laboratory::new(checked, fixed, settings, &gauges, draws)?;
    let trials: Vec<Trial> = policies
        .iter()
        .flat_map(|policy| chosen.clone().map(|draw| Trial { draw, settings: policy.settings.clone() }))
        .collect();
    let readings = laboratory.run(&trials, stop, told)?;
    let paths = measures.len() * windows.len();
    let mut failed: Option<(usize, String)> = None;
    let mut rows = Vec::with_capacity(readings.len());
    for reading in readings {
        let row = match reading {
            Ok(read) => {
                let mut row: Vec<f64> = measures
                    .iter()
                    .zip(read.chunks(windows.len().max(1)))
                    .flat_map(|(m, r)| r.iter().map(|x| x * m.factor))
                    .collect();
                row.extend(of_outcomes(outcomes, read.get(paths..).unwrap_or_default()));
                row
            }
            Err(why) => {
                failed.get_or_insert_with(|| (0, why.diagnostic().message)).0 += 1;
                vec![f64::NAN; paths + outcomes.len()]
            }
        };
        rows.push(row);
    }
    let mut rows = rows.into_iter();
    let values = policies.iter().map(|_| rows.by_ref().take(chosen.len()).collect()).collect();
    Ok(Columns { values, failed })
}

impl Panel {
    /// Columns side by side, in the order of their draws.
    pub fn of(question: &Question, columns: Vec<Columns>) -> Panel {
        let Question { policies, measures, windows, outcomes } = *question;
        let mut values: Vec<Vec<Vec<f64>>> = vec![Vec::new(); policies.len()];
        let mut failed: Option<(usize, String)> = None;
        for some in columns {
            for (policy, draws) in values.iter_mut().zip(some.values) {
                policy.extend(draws);
            }
            if let Some((count, why)) = some.failed {
                failed.get_or_insert((0, why)).0 += count;
            }
        }
        Panel {
            policies: policies.to_vec(),
            measures: measures.to_vec(),
            windows: windows.to_vec(),
            outcomes: outcomes.to_vec(),
            draws: values.first().map_or(0, Vec::len),
            values,
            failed,
        }
    }
}

fn gauges<'g>(measures: &'g [Measure], windows: &[Window], outcomes: &'g [Outcome]) -> Vec<(&'g Gauge, Vec<Window>)> {
    let of_paths = measures.iter().map(|measure| (&measure.gauge, windows.to_vec()));
    of_paths.chain(outcomes.iter().map(|outcome| (&outcome.gauge, outcome.windows.clone()))).collect()
}

/// Values of outcomes from their readings, one after the other.
pub fn of_outcomes(outcomes: &[Outcome], mut readings: &[f64]) -> Vec<f64> {
    let mut values = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        let (own, rest) = readings.split_at(outcome.windows.len().min(readings.len()));
        values.push(outcome.of(own));
        readings = rest;
    }
    values
}

/// Outcomes of many trials: `[trial][outcome]`, NaN where a run failed.
///
/// # Errors
/// As [`panel`].
#[allow(clippy::too_many_arguments)]
pub fn outcomes_of(
    checked: &CheckedModel,
    fixed: &[(String, f64)],
    settings: &Settings,
    outcomes: &[Outcome],
    draws: &Draws,
    trials: &[Trial],
    stop: &AtomicBool,
    told: &dyn Fn(usize),
) -> Result<Vec<Vec<f64>>, Trouble> {
    let gauges = gauges(&[], &[], outcomes);
    let laboratory = Laboratory::new(checked, fixed, settings, &gauges, draws)?;
    let readings = laboratory.run(trials, stop, told)?;
    let values = readings.into_iter().map(|reading| match reading {
        Ok(read) => of_outcomes(outcomes, &read),
        Err(_) => vec![f64::NAN; outcomes.len()],
    });
    Ok(values.collect())
}

/// A policy that cannot be run, named.
pub fn refusal(trouble: Trouble) -> Vec<Diagnostic> {
    match trouble {
        Trouble::Refused(found) => found,
        Trouble::Stopped => {
            vec![Diagnostic::error("interrupted", "the comparison was interrupted").help("give the same command again")]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Spread, signed_stretches};

    #[test]
    fn stretches_end_where_the_sign_is_in_doubt_or_changes() {
        let around = |middle: f64| Spread::of([middle - 1.0, middle, middle + 1.0]);
        let spreads = [0.0, 3.0, 4.0, -3.0, -4.0, 0.5, 9.0].map(around);
        assert_eq!(signed_stretches(&spreads), [(1, 2), (3, 4), (6, 6)]);
    }
}
