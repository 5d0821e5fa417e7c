//! How well each datum is predicted by the others: leave-one-out densities from the draws of one posterior.

use crate::elementary::{exp, expm1, ln, ln_1p, log10};
use crate::estimate::{Finding, GroupKind, Structured};
use serde::{Deserialize, Serialize};

/// One datum left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Index into [`Structured::groups`], and the number of the datum within.
    pub group: usize,
    pub datum: usize,
    /// Log density of the datum given all others.
    pub log_density: f64,
    /// Shape of the tail of its importance ratios (Pareto k): above the limit the density is not to be trusted.
    pub shape: f64,
}

/// Expected log predictive density by Pareto-smoothed importance sampling.
///
/// # Method
/// The ratios `1/p(y | draw)` turn draws from the whole posterior into draws without the datum. Their largest are replaced
/// by quantiles of a generalised Pareto distribution fitted to them.
/// # Assumptions
/// Data are independent given the parameters; a datum whose residual remembers the one before is left out given it.
/// # Fails when
/// A datum is so influential that the posterior without it lies elsewhere: its shape is above the limit.
/// # Source
/// Vehtari, Gelman and Gabry (2017), section 2; limit and tail length: Vehtari, Simpson, Gelman, Yao and Gabry (2024), sections
/// 2.4 and 3.2.3; the fit: Zhang and Stephens (2009), sections 3 and 4.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeaveOneOut {
    pub data: Vec<LeftOut>,
    /// Sum of the log densities.
    pub total: f64,
    /// Standard error of the sum from the spread over data.
    pub error: f64,
    /// Effective number of parameters: how much better the data are predicted by themselves.
    pub parameters: f64,
    /// Shapes above it make the sum unreliable.
    pub limit: f64,
}

impl LeaveOneOut {
    /// Of log densities `[draw][datum]`, the data being `(group, datum)`. `efficiency` is the number of effective draws by
    /// that of draws.
    pub fn of(data: &[(usize, usize)], log_likelihoods: &[Vec<f64>], efficiency: f64) -> Self {
        let draws = log_likelihoods.len() as f64;
        let limit = (1.0 - 1.0 / log10(draws)).min(0.7);
        let mut whole = 0.0;
        let left_out = data.iter().enumerate().map(|(place, &(group, datum))| {
            let log_densities: Vec<f64> = log_likelihoods.iter().map(|draw| draw[place]).collect();
            whole += log_mean_exp(&log_densities);
            let (weights, shape) = smoothed(&log_densities, efficiency);
            let weighted: Vec<f64> = weights.iter().zip(&log_densities).map(|(w, l)| w + l).collect();
            LeftOut { group, datum, log_density: log_mean_exp(&weighted) - log_mean_exp(&weights), shape }
        });
        let data: Vec<LeftOut> = left_out.collect();
        let count = data.len() as f64;
        let total: f64 = data.iter().map(|datum| datum.log_density).sum();
        let spread: f64 = data.iter().map(|datum| (datum.log_density - total / count).powi(2)).sum();
        let error = (count * spread / (count - 1.0)).sqrt();
        LeaveOneOut { data, total, error, parameters: whole - total, limit }
    }

    /// The data that cannot be left out on paper, by series; `label` names a datum of a group.
    pub fn findings<P: Structured + ?Sized>(
        &self,
        problem: &P,
        label: impl Fn(usize, usize) -> String,
    ) -> Vec<Finding> {
        let of_group = |group: usize| {
            let high = self.data.iter().filter(move |datum| datum.group == group && datum.shape > self.limit);
            high.map(|datum| label(group, datum.datum)).collect::<Vec<String>>()
        };
        let groups = problem.groups().iter().enumerate();
        groups
            .map(|(number, group)| (group.name.clone(), of_group(number)))
            .filter(|(_, labels)| !labels.is_empty())
            .map(|(series, labels)| Finding::ParetoShape { series, labels, limit: self.limit })
            .collect()
    }
}

/// Log densities of the data of all series at draws in search coordinates, `[draw][datum]`, and which data they are;
/// infeasible draws are left out.
pub fn log_likelihoods<P: Structured + ?Sized>(
    problem: &P,
    draws: &[Vec<f64>],
) -> (Vec<(usize, usize)>, Vec<Vec<f64>>) {
    let mut data: Vec<(usize, usize)> = Vec::new();
    let mut densities = Vec::with_capacity(draws.len());
    for terms in problem.terms(draws).into_iter().flatten() {
        let mut keys: Vec<(usize, usize)> = Vec::new();
        let mut row: Vec<f64> = Vec::new();
        for term in &terms {
            if problem.groups().get(term.group).is_none_or(|group| group.kind == GroupKind::Prior) {
                continue;
            }
            let key = (term.group, term.datum);
            if keys.last() == Some(&key) {
                *row.last_mut().unwrap_or(&mut 0.0) -= term.value;
            } else {
                keys.push(key);
                row.push(-term.value);
            }
        }
        data = keys;
        densities.push(row);
    }
    (data, densities)
}

fn log_mean_exp(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most + ln(logs.iter().map(|log| exp(log - most)).sum::<f64>() / logs.len() as f64)
}

/// Log weights of the draws without a datum, smoothed, and the shape of their tail.
fn smoothed(log_densities: &[f64], efficiency: f64) -> (Vec<f64>, f64) {
    let count = log_densities.len();
    let least = log_densities.iter().copied().fold(f64::INFINITY, f64::min);
    // The largest weight is one.
    let mut weights: Vec<f64> = log_densities.iter().map(|log| least - log).collect();
    let tail = (0.2 * count as f64).min(3.0 * (count as f64 / efficiency.max(1e-3)).sqrt()).ceil() as usize;
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| weights[*a].total_cmp(&weights[*b]));
    if tail < 5 || tail >= count {
        return (weights, f64::INFINITY);
    }
    let cut = exp(weights[order[count - tail - 1]]);
    let beyond: Vec<f64> = order[count - tail..].iter().map(|k| exp(weights[*k]) - cut).collect();
    if beyond[tail - 1] <= f64::EPSILON {
        // All draws weigh the same.
        return (weights, f64::NEG_INFINITY);
    }
    let (shape, scale) = fit(&beyond);
    for (place, &k) in order[count - tail..].iter().enumerate() {
        let share = (place as f64 + 0.5) / tail as f64;
        let above = -ln_1p(-share);
        let quantile = if shape.abs() < 1e-12 { scale * above } else { scale * expm1(shape * above) / shape };
        weights[k] = ln(cut + quantile).min(0.0);
    }
    (weights, shape)
}

/// Shape and scale of a generalised Pareto distribution by the quasi-posterior mean, from excesses in ascending order; the
/// shape is drawn towards one half as by ten more data (Vehtari et al. 2024, appendix G).
fn fit(excesses: &[f64]) -> (f64, f64) {
    let n = excesses.len();
    let quartile = excesses[(n as f64 / 4.0 + 0.5) as usize - 1].max(f64::MIN_POSITIVE);
    let (largest, grid) = (excesses[n - 1], 30 + (n as f64).sqrt() as usize);
    let candidates: Vec<f64> = (1..=grid)
        .map(|j| 1.0 / largest + (1.0 - (grid as f64 / (j as f64 - 0.5)).sqrt()) / (3.0 * quartile))
        .collect();
    let shape = |theta: f64| excesses.iter().map(|x| ln_1p(-theta * x)).sum::<f64>() / n as f64;
    let heights: Vec<f64> = candidates
        .iter()
        .map(|theta| {
            let k = shape(*theta);
            n as f64 * (ln(-theta / k) - k - 1.0)
        })
        .collect();
    let most = heights.iter().copied().filter(|height| !height.is_nan()).fold(f64::NEG_INFINITY, f64::max);
    let chances: Vec<f64> =
        heights.iter().map(|height| if height.is_nan() { 0.0 } else { exp(height - most) }).collect();
    let total: f64 = chances.iter().sum();
    let theta = candidates.iter().zip(&chances).map(|(theta, chance)| theta * chance).sum::<f64>() / total;
    let k = shape(theta);
    let scale = -k / theta;
    ((k * n as f64 + 0.5 * 10.0) / (n as f64 + 10.0), scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    /// Data with variance one around a mean with a flat prior: the density of a datum given the others is normal around
    /// their mean with variance `1 + 1/(n - 1)`.
    fn exact(data: &[f64]) -> f64 {
        let (n, sum) = (data.len() as f64, data.iter().sum::<f64>());
        let each = data.iter().map(|y| {
            let (mean, variance) = ((sum - y) / (n - 1.0), 1.0 + 1.0 / (n - 1.0));
            -(y - mean).powi(2) / (2.0 * variance) - (std::f64::consts::TAU * variance).ln() / 2.0
        });
        each.sum()
    }

    fn of_a_mean(data: &[f64]) -> LeaveOneOut {
        let (n, mean) = (data.len() as f64, data.iter().sum::<f64>() / data.len() as f64);
        let mut stream = Stream::new(3, 1);
        let densities: Vec<Vec<f64>> = (0..4000)
            .map(|_| {
                let at = mean + stream.normal() / n.sqrt();
                data.iter().map(|y| -(y - at).powi(2) / 2.0 - std::f64::consts::TAU.ln() / 2.0).collect()
            })
            .collect();
        let keys: Vec<(usize, usize)> = (0..data.len()).map(|k| (0, k)).collect();
        LeaveOneOut::of(&keys, &densities, 1.0)
    }

    #[test]
    fn the_density_of_left_out_data_is_that_of_the_closed_form() {
        let mut stream = Stream::new(3, 0);
        let data: Vec<f64> = (0..20).map(|_| stream.normal()).collect();
        let found = of_a_mean(&data);
        assert!((found.total - exact(&data)).abs() < 0.05, "{} {}", found.total, exact(&data));
        // One parameter; data that stray less than expected make it a little less.
        assert!((0.4..1.5).contains(&found.parameters), "{}", found.parameters);
        assert!(found.data.iter().all(|datum| datum.shape < 0.5) && found.limit == 0.7, "{:?}", found.data);
    }

    #[test]
    fn a_datum_that_decides_is_told_by_its_shape() {
        let mut data = vec![0.1, -0.4, 0.6, -0.2, 0.3];
        data.push(14.0);
        let found = of_a_mean(&data);
        assert!(found.data[5].shape > found.limit, "{:?}", found.data);
        assert!(found.data[..5].iter().all(|datum| datum.shape < found.limit), "{:?}", found.data);
    }

    #[test]
    fn shapes_of_known_tails_are_found() {
        for shape in [0.2, 0.5, 0.9] {
            let mean = (0..20)
                .map(|number| {
                    let mut stream = Stream::new(7, number);
                    let mut excesses: Vec<f64> =
                        (0..500).map(|_| (stream.uniform().powf(-shape) - 1.0) / shape).collect();
                    excesses.sort_by(f64::total_cmp);
                    fit(&excesses).0 / 20.0
                })
                .sum::<f64>();
            assert!((mean - shape).abs() < 0.05, "{shape}: {mean}");
        }
    }
}
