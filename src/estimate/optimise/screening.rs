//! Which of a pool of points a search should start from.

use crate::elementary::{cosh, expm1, ln};
use crate::estimate::Structured;

/// The most promising of `pool`, its noise scales fitted; the first if none can be evaluated.
///
/// # Method
/// The objective of a point says little while its noise scales are arbitrary. As a function of the logarithm z of a normal
/// scale it is `n z + S e^(-2z)/2`; three values on a line give n and S, and with them the best z. Points are compared with
/// their scales so fitted.
/// # Cost
/// Two batches of all points; an objective that shares runs between points that differ in scales only makes one run each in
/// both.
/// # Assumptions
/// Noise scales act on different data, or one after the other does no harm: it is a ranking.
pub(super) fn most_promising<P: Structured + ?Sized>(problem: &P, pool: &[Vec<f64>]) -> Vec<f64> {
    let fitted = with_best_scales(problem, pool);
    let heights = heights(problem, &fitted);
    let lowest = (0..fitted.len()).min_by(|a, b| heights[*a].total_cmp(&heights[*b]));
    lowest.map_or_else(Vec::new, |lowest| fitted[lowest].clone())
}

/// Points with what needs no run at its best: as the problem itself knows, or else the noise scales.
pub(super) fn with_best_scales<P: Structured + ?Sized>(problem: &P, pool: &[Vec<f64>]) -> Vec<Vec<f64>> {
    if let Some(settled) = problem.settled(pool) {
        return settled;
    }
    let scales = problem.log_scales();
    if scales.is_empty() { pool.to_vec() } else { with_fitted_scales(problem, pool, &scales) }
}

fn with_fitted_scales<P: Structured + ?Sized>(problem: &P, pool: &[Vec<f64>], scales: &[usize]) -> Vec<Vec<f64>> {
    let parameters = problem.parameters();
    // From the middle of the range, so that both neighbours are inside.
    let ranges: Vec<(f64, f64)> = scales.iter().map(|k| parameters[*k].search_range()).collect();
    let steps: Vec<f64> = ranges.iter().map(|(low, high)| ((high - low) / 4.0).min(0.5)).collect();
    let mut batch = Vec::new();
    for point in pool {
        let mut middle = point.clone();
        scales.iter().zip(&ranges).for_each(|(k, (low, high))| middle[*k] = (low + high) / 2.0);
        for (k, step) in scales.iter().zip(&steps) {
            batch.extend([-step, *step].map(|step| {
                let mut beside = middle.clone();
                beside[*k] += step;
                beside
            }));
        }
        batch.push(middle);
    }
    let heights = heights(problem, &batch);
    let each = batch.chunks(2 * scales.len() + 1).zip(heights.chunks(2 * scales.len() + 1));
    each.map(|(points, heights)| {
        let mut fitted = points[2 * scales.len()].clone();
        let middle = heights[2 * scales.len()];
        for (place, k) in scales.iter().enumerate() {
            let (below, above, h) = (heights[2 * place] - middle, heights[2 * place + 1] - middle, steps[place]);
            let squares = (below + above) / (2.0 * cosh(2.0 * h) - 2.0);
            let count = (above - squares * expm1(-2.0 * h)) / h;
            let (low, high) = ranges[place];
            let best = ln(2.0 * squares / count) / 2.0;
            fitted[*k] = if best.is_finite() { (fitted[*k] + best).clamp(low, high) } else { fitted[*k] };
        }
        fitted
    })
    .collect()
}

fn heights<P: Structured + ?Sized>(problem: &P, points: &[Vec<f64>]) -> Vec<f64> {
    let values = problem.evaluate(points);
    values.iter().map(|value| value.as_ref().map_or(f64::INFINITY, |value| value.posterior())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Problem;
    use crate::estimate::known::{bass, rastrigin};

    #[test]
    fn the_best_curve_is_chosen_whatever_its_scale_and_its_scale_is_fitted() {
        let problem = bass();
        // A bad curve with a fitting scale, and a good one with an absurd scale.
        let bad = [0.03, 0.1, 30000.0, 1000.0];
        let good = [0.0095, 0.37, 18700.0, 1e-6];
        let search = |natural: [f64; 4]| -> Vec<f64> {
            natural.iter().zip(&problem.parameters).map(|(value, parameter)| parameter.search(*value)).collect()
        };
        let chosen = most_promising(&problem, &[search(bad), search(good)]);
        assert_eq!(chosen[..3], search(good)[..3]);
        let exact = (problem.residual_sum_of_squares(&good) / 13.0).sqrt();
        assert!((chosen[3].exp() / exact - 1.0).abs() < 1e-6, "{} {exact}", chosen[3].exp());
        assert!(problem.evaluate(&[chosen])[0].as_ref().unwrap().posterior() < 85.0);
    }

    #[test]
    fn without_scales_the_lowest_is_chosen_and_without_ground_the_first() {
        let mut problem = rastrigin(2);
        assert_eq!(most_promising(&problem, &[vec![2.0, 2.0], vec![0.1, 0.0], vec![1.0, 3.0]]), [0.1, 0.0]);
        problem.forbidden = |_| true;
        assert_eq!(most_promising(&problem, &[vec![2.0, 2.0], vec![0.1, 0.0]]), [2.0, 2.0]);
    }
}
