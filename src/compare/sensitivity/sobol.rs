//! Sobol indices: the share of a number's variance that each input brings by itself, and with all it takes part in.

use crate::estimate::uncertainty::quantile;
use crate::random::{DesignLimit, Sobol, Stream};

/// A design of two samples and their crossings.
///
/// # Method
/// Of points A and B, each input in turn is taken from B and all others from A.
/// # Cost
/// `points * (inputs + 2)` runs.
/// # Assumptions
/// Inputs are independent; the number has a finite variance.
/// # Source
/// Saltelli et al. (2010), Table 2: first order (b), total (f), the latter from Jansen (1999).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saltelli {
    pub inputs: usize,
    /// A power of two fills the cube best.
    pub points: usize,
    pub seed: u64,
}

/// An estimate with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Index {
    pub estimate: f64,
    pub interval: (f64, f64),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Indices {
    /// `[input]`
    pub first: Vec<Index>,
    pub total: Vec<Index>,
    pub mean: f64,
    pub variance: f64,
    /// Points of which a run failed; they are left out.
    pub failed: usize,
}

/// First and total indices of every input.
type Estimates = (Vec<f64>, Vec<f64>);

/// Samples drawn from the points for intervals.
const RESAMPLES: u64 = 500;

impl Saltelli {
    /// Places in the unit cube, `[run][input]`: all of A, all of B, then the crossings of each input.
    ///
    /// # Errors
    /// More points or inputs than the sequence has.
    pub fn design(&self) -> Result<Vec<Vec<f64>>, DesignLimit> {
        let both: Vec<Vec<f64>> = Sobol::new(self.points, 2 * self.inputs, self.seed)?.points().collect();
        let part = |point: &Vec<f64>, from: usize| point[from..from + self.inputs].to_vec();
        let a: Vec<Vec<f64>> = both.iter().map(|point| part(point, 0)).collect();
        let b: Vec<Vec<f64>> = both.iter().map(|point| part(point, self.inputs)).collect();
        let mut design = [a.clone(), b.clone()].concat();
        for input in 0..self.inputs {
            design.extend(a.iter().zip(&b).map(|(a, b)| {
                let mut crossed = a.clone();
                crossed[input] = b[input];
                crossed
            }));
        }
        Ok(design)
    }

    /// Indices from the number at each place of the design; intervals by resampling points.
    pub fn indices(&self, values: &[f64]) -> Indices {
        let at = |block: usize, point: usize| values.get(block * self.points + point).copied().unwrap_or(f64::NAN);
        let whole = |point: &usize| (0..self.inputs + 2).all(|block| at(block, *point).is_finite());
        let points: Vec<usize> = (0..self.points).filter(whole).collect();
        let (mean, variance, first, total) = self.estimate(&points, &at);
        let mut resampled: Vec<Estimates> = Vec::new();
        for number in 0..RESAMPLES {
            let mut stream = Stream::new(self.seed, number);
            let bound = points.len() as u64;
            let drawn: Vec<usize> = (0..bound).map(|index| points[stream.below_at(index, bound) as usize]).collect();
            let (_, _, first, total) = self.estimate(&drawn, &at);
            resampled.push((first, total));
        }
        let index = |estimate: f64, drawn: Vec<f64>| {
            let mut drawn: Vec<f64> = drawn.into_iter().filter(|value| value.is_finite()).collect();
            drawn.sort_by(f64::total_cmp);
            Index { estimate, interval: (quantile(&drawn, 0.025), quantile(&drawn, 0.975)) }
        };
        let all = |estimates: &[f64], of: &dyn Fn(&Estimates, usize) -> f64| {
            let inputs = estimates.iter().enumerate();
            inputs.map(|(i, e)| index(*e, resampled.iter().map(|r| of(r, i)).collect())).collect()
        };
        Indices {
            first: all(&first, &|resample, input| resample.0[input]),
            total: all(&total, &|resample, input| resample.1[input]),
            mean,
            variance,
            failed: self.points - points.len(),
        }
    }

    /// Mean, variance, first and total indices over some points.
    fn estimate(&self, points: &[usize], at: &dyn Fn(usize, usize) -> f64) -> (f64, f64, Vec<f64>, Vec<f64>) {
        let count = points.len() as f64;
        let over = |of: &dyn Fn(usize) -> f64| points.iter().map(|point| of(*point)).sum::<f64>() / count;
        let mean = over(&|p| (at(0, p) + at(1, p)) / 2.0);
        let variance = over(&|p| ((at(0, p) - mean).powi(2) + (at(1, p) - mean).powi(2)) / 2.0);
        let inputs = 2..self.inputs + 2;
        // Less the mean, which changes nothing but the noise.
        let first = inputs.clone().map(|i| over(&|p| (at(1, p) - mean) * (at(i, p) - at(0, p))) / variance).collect();
        let total = inputs.map(|i| over(&|p| (at(0, p) - at(i, p)).powi(2)) / 2.0 / variance).collect();
        (mean, variance, first, total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    fn agree(found: &[Index], truth: &[f64]) {
        for (input, (found, truth)) in found.iter().zip(truth).enumerate() {
            assert!((found.estimate - truth).abs() < 0.02, "{input}: {found:?} {truth}");
            let slack = 0.01;
            let (low, high) = found.interval;
            assert!(low - slack < *truth && *truth < high + slack, "{input}: {found:?} {truth}");
        }
    }

    /// Ishigami and Homma (1990), closed forms in Saltelli et al. (2008), section 4.9.
    #[test]
    fn ishigami() {
        let (a, b) = (7.0, 0.1);
        let design = Saltelli { inputs: 3, points: 1 << 12, seed: 4 };
        let value = |place: &Vec<f64>| {
            let x: Vec<f64> = place.iter().map(|u| PI * (2.0 * u - 1.0)).collect();
            x[0].sin() + a * x[1].sin().powi(2) + b * x[2].powi(4) * x[0].sin()
        };
        let found = design.indices(&design.design().unwrap().iter().map(value).collect::<Vec<f64>>());
        let (pi4, pi8) = (PI.powi(4), PI.powi(8));
        let alone = (1.0 + b * pi4 / 5.0).powi(2) / 2.0;
        let both = b * b * pi8 * (1.0 / 18.0 - 1.0 / 50.0);
        let variance = alone + a * a / 8.0 + both;
        assert!((found.variance / variance - 1.0).abs() < 0.01 && (found.mean - a / 2.0).abs() < 0.01);
        agree(&found.first, &[alone / variance, a * a / 8.0 / variance, 0.0]);
        agree(&found.total, &[(alone + both) / variance, a * a / 8.0 / variance, both / variance]);
    }

    /// Sobol's g (Saltelli and Sobol 1995): the product of (|4x - 2| + a) / (1 + a).
    #[test]
    fn sobol_g() {
        let a = [0.0, 1.0, 4.5, 9.0, 99.0, 99.0];
        let design = Saltelli { inputs: 6, points: 1 << 13, seed: 2 };
        let value = |place: &Vec<f64>| {
            place.iter().zip(a).map(|(x, a)| ((4.0 * x - 2.0).abs() + a) / (1.0 + a)).product::<f64>()
        };
        let found = design.indices(&design.design().unwrap().iter().map(value).collect::<Vec<f64>>());
        let parts: Vec<f64> = a.iter().map(|a| 1.0 / 3.0 / (1.0 + a).powi(2)).collect();
        let all = parts.iter().map(|part| 1.0 + part).product::<f64>();
        let variance = all - 1.0;
        agree(&found.first, &parts.iter().map(|part| part / variance).collect::<Vec<f64>>());
        agree(&found.total, &parts.iter().map(|part| part * all / (1.0 + part) / variance).collect::<Vec<f64>>());
    }

    #[test]
    fn failed_runs_are_left_out_and_counted() {
        let design = Saltelli { inputs: 2, points: 256, seed: 1 };
        let mut values: Vec<f64> = design.design().unwrap().iter().map(|place| place[0]).collect();
        values[300] = f64::NAN;
        let found = design.indices(&values);
        assert_eq!(found.failed, 1);
        assert!((found.total[0].estimate - 1.0).abs() < 0.05 && found.total[1].estimate == 0.0);
    }
}
