//! Posterior predictive checks: does the record look like data that the model would give?

use super::draws::normal_draws;
use super::replicate::{drawn, natural, scale};
use super::{Bench, sampled};
use crate::diagnostic::Diagnostic;
use crate::estimate::Problem;
use crate::estimate::fit::Coverage;
use crate::estimate::objective::{Objective, Observation, Use};
use crate::present::{Cell, Column, Decimals, Row, Table};
use crate::random::Stream;

/// Draws of the parameters behind a check.
const DRAWS: usize = 1000;
/// Streams of the draws of parameters and of noise: far from those of other steps.
const PARAMETERS: u64 = 1 << 40;
const NOISE: u64 = (1 << 40) + 1;

/// How one series compares with replications of it.
struct Check {
    name: String,
    count: usize,
    half: Coverage,
    ninety: Coverage,
    /// Share of replications with a larger statistic, ties counted half; `None` where the statistic does not exist.
    mean: Option<f64>,
    spread: Option<f64>,
    memory: Option<f64>,
}

/// One row for each series: how many fitted values lie in the predictive bands, and three posterior predictive p-values.
///
/// # Source
/// Rubin (1984), section 5; Gelman, Meng and Stern (1996), section 2.3.
pub(super) fn checks(bench: &Bench) -> Result<Table, Vec<Diagnostic>> {
    let (opened, calibration) = (bench.opened, bench.calibration);
    let (objective, points, origin) = match &opened.study.steps.sample {
        Some(settings) => {
            let drawn = sampled::chains(bench, settings)?;
            let points: Vec<Vec<f64>> = drawn.chains.spread(DRAWS).into_iter().map(<[f64]>::to_vec).collect();
            (drawn.objective, points, "posterior draws")
        }
        None => {
            let objective = Objective::new(&opened.prepared.checked, opened.prepared.design.clone())?;
            let points = match &calibration.covariance {
                Some(covariance) => {
                    let seed = opened.study.run.seed;
                    normal_draws(objective.parameters(), &calibration.point, covariance, DRAWS, seed, PARAMETERS)
                }
                None => vec![calibration.point.clone(); DRAWS],
            };
            (objective, points, "draws of the normal approximation at the estimates")
        }
    };
    let design = &opened.prepared.design;
    let predictions: Vec<_> = objective.predictions(&points).into_iter().zip(&points).collect();
    let mut stream = Stream::new(opened.study.run.seed, NOISE);
    let rows = design.observations.iter().enumerate().filter(|(_, observation)| !observation.judgement);
    let rows = rows.filter_map(|(number, observation)| {
        let fitted: Vec<usize> =
            (0..observation.data.len()).filter(|k| observation.data[*k].purpose == Use::Fit).collect();
        let replications: Vec<Vec<f64>> = predictions
            .iter()
            .filter_map(|(prediction, point)| {
                let prediction = prediction.as_ref().ok()?;
                let natural = natural(design, point);
                let one = |k: &usize| {
                    let value = prediction[number][*k].value;
                    drawn(&observation.noise, value, scale(observation, *k, &natural), &mut stream)
                };
                Some(fitted.iter().map(one).collect::<Vec<f64>>())
            })
            .filter(|replication| replication.iter().all(|value| value.is_finite()))
            .collect();
        let observed: Vec<f64> = fitted.iter().map(|k| observation.data[*k].value).collect();
        (!observed.is_empty() && !replications.is_empty()).then(|| check(observation, &observed, &replications))
    });
    let cells = |check: Check| {
        let held = |coverage: &Coverage| Cell::Number(coverage.held as f64);
        Row::Cells(vec![
            Cell::text(check.name),
            Cell::Number(check.count as f64),
            held(&check.half),
            held(&check.ninety),
            Cell::number(check.mean),
            Cell::number(check.spread),
            Cell::number(check.memory),
        ])
    };
    let p = "Predictive p";
    Ok(Table {
        name: "predictive".to_owned(),
        title: format!("Posterior predictive checks. {}", opened.study.title),
        label: "tab:predictive".to_owned(),
        columns: vec![
            Column::new("Series", Decimals::Text),
            Column::new("n", Decimals::Whole),
            Column::new("in 50 %", Decimals::Whole).group("Values in the band"),
            Column::new("in 90 %", Decimals::Whole).group("Values in the band"),
            Column::new("mean", Decimals::Fixed(2)).group(p),
            Column::new("std. dev.", Decimals::Fixed(2)).group(p),
            Column::new("memory", Decimals::Fixed(2)).group(p),
        ],
        rows: rows.map(cells).collect(),
        notes: vec![format!(
            "From {} {origin}. Predictive p: share of replications with a larger mean, standard deviation or lag-one \
             autocorrelation, in the scale of the noise; near 0 or 1 the model would hardly give such data.",
            predictions.len()
        )],
    })
}

fn check(observation: &Observation, observed: &[f64], replications: &[Vec<f64>]) -> Check {
    let band = |share: f64| {
        let held = |k: usize| {
            let mut values: Vec<f64> = replications.iter().map(|replication| replication[k]).collect();
            values.sort_by(f64::total_cmp);
            let (low, high) = ends(&values, share);
            (low, high, observed[k])
        };
        Coverage::of(&(0..observed.len()).map(held).collect::<Vec<_>>())
    };
    // In the scale in which the noise is additive.
    let scaled = |values: &[f64]| -> Vec<f64> {
        let of = |value: &f64| observation.noise.predictor(*value).filter(|_| observation.noise.has_scale());
        values.iter().map(|value| of(value).unwrap_or(*value)).collect()
    };
    let p = |statistic: &dyn Fn(&[f64]) -> Option<f64>| {
        let own = statistic(&scaled(observed))?;
        let above = replications.iter().filter_map(|replication| statistic(&scaled(replication)));
        let (mut count, mut larger) = (0.0, 0.0);
        for other in above {
            count += 1.0;
            larger += if other > own {
                1.0
            } else if other == own {
                0.5
            } else {
                0.0
            };
        }
        (count > 0.0).then_some(larger / count)
    };
    Check {
        name: observation.name.clone(),
        count: observed.len(),
        half: band(0.5),
        ninety: band(0.9),
        mean: p(&|values| Some(mean(values))),
        spread: p(&|values| (values.len() > 2).then(|| moment(values, 0).sqrt())),
        memory: p(&|values| (values.len() > 3).then(|| moment(values, 1) / moment(values, 0))),
    }
}

/// Ends of the central interval of sorted values.
pub(super) fn ends(sorted: &[f64], share: f64) -> (f64, f64) {
    let at = |p: f64| {
        let place = p * (sorted.len().saturating_sub(1)) as f64;
        let (low, part) = (place.floor() as usize, place.fract());
        let next = sorted.get(low + 1).or(sorted.get(low));
        sorted.get(low).zip(next).map_or(f64::NAN, |(low, high)| low + part * (high - low))
    };
    (at((1.0 - share) / 2.0), at((1.0 + share) / 2.0))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Autocovariance at a lag.
fn moment(values: &[f64], lag: usize) -> f64 {
    let centre = mean(values);
    let products = values.iter().zip(&values[lag.min(values.len())..]).map(|(a, b)| (a - centre) * (b - centre));
    products.sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn central_intervals_and_autocovariances() {
        let sorted: Vec<f64> = (0..=100).map(f64::from).collect();
        let (low, high) = ends(&sorted, 0.9);
        assert!((low - 5.0).abs() < 1e-9 && (high - 95.0).abs() < 1e-9, "{low} {high}");
        assert!(ends(&[], 0.9).0.is_nan() && ends(&[2.0], 0.5) == (2.0, 2.0));
        assert_eq!(moment(&[1.0, -1.0, 1.0, -1.0], 0), 1.0);
        assert_eq!(moment(&[1.0, -1.0, 1.0, -1.0], 1), -0.75);
    }
}
