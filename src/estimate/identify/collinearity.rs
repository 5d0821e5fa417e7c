//! Groups of parameters whose effects on the data can stand in for one another.

use crate::estimate::uncertainty::Information;
use crate::estimate::{Finding, Parameter};
use nalgebra::{DMatrix, SymmetricEigen};
use serde::{Deserialize, Serialize};

/// A group with its collinearity index: a change of the data by one parameter can be undone by the others up to a share
/// of one over the index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CollinearGroup {
    pub parameters: Vec<usize>,
    pub index: f64,
}

impl CollinearGroup {
    pub fn finding(&self, parameters: &[Parameter]) -> Finding {
        let names = self.parameters.iter().map(|k| parameters[*k].name.clone()).collect();
        Finding::Collinear { parameters: names, index: self.index }
    }
}

/// Subsets looked at, at most; larger groups are left out when there are more.
const MOST_SUBSETS: usize = 60_000;

/// Groups of two to four free parameters with an index above `threshold` that contain no smaller such group, highest
/// first.
///
/// # Method
/// One over the root of the smallest eigenvalue of the information of the group, each column normalised.
/// # Source
/// Brun, Reichert and Künsch (2001), eq. 12; critical values between 5 and 20, section 3.3.
pub fn collinear_groups(information: &Information, threshold: f64) -> Vec<CollinearGroup> {
    let matrix = &information.matrix;
    let informed: Vec<usize> = (0..matrix.nrows()).filter(|k| information.free[*k] && matrix[(*k, *k)] > 0.0).collect();
    let mut groups: Vec<CollinearGroup> = Vec::new();
    let mut looked_at = 0;
    for size in 2..=4 {
        let subsets = binomial(informed.len(), size);
        looked_at += subsets;
        if looked_at > MOST_SUBSETS {
            break;
        }
        for parameters in subsets_of(&informed, size) {
            if groups.iter().any(|smaller| smaller.parameters.iter().all(|k| parameters.contains(k))) {
                continue;
            }
            let index = index(matrix, &parameters);
            if index > threshold {
                groups.push(CollinearGroup { parameters, index });
            }
        }
    }
    groups.sort_by(|a, b| b.index.total_cmp(&a.index));
    groups
}

fn index(matrix: &DMatrix<f64>, parameters: &[usize]) -> f64 {
    let normalised = DMatrix::from_fn(parameters.len(), parameters.len(), |i, j| {
        let (a, b) = (parameters[i], parameters[j]);
        matrix[(a, b)] / (matrix[(a, a)] * matrix[(b, b)]).sqrt()
    });
    let least = SymmetricEigen::new(normalised).eigenvalues.min();
    1.0 / least.max(0.0).sqrt()
}

fn binomial(of: usize, size: usize) -> usize {
    (0..size).fold(1, |count: usize, k| count.saturating_mul(of.saturating_sub(k)) / (k + 1))
}

/// All subsets of a size, in order.
fn subsets_of(items: &[usize], size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let each = items.iter().enumerate().flat_map(|(k, first)| {
        let rest = subsets_of(&items[k + 1..], size - 1).into_iter();
        rest.map(|rest| std::iter::once(*first).chain(rest).collect())
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::known::Residuals;

    #[test]
    fn minimal_groups_are_found_and_larger_ones_that_contain_them_left_out() {
        // b repeats a to 1 %; e is the sum of c and d to 1 %.
        let parameters = ["a", "b", "c", "d", "e"].map(|name| Parameter::new(name, 1.0)).to_vec();
        let problem =
            Residuals::new(parameters, |p| vec![p[0] + p[1], 0.01 * p[1], p[2] + p[4], p[3] + p[4], 0.01 * p[4]]);
        let information = Information::expected(&problem, &[1.0; 5]).unwrap();
        let groups = collinear_groups(&information, 10.0);
        let found: Vec<&[usize]> = groups.iter().map(|group| group.parameters.as_slice()).collect();
        assert_eq!(found, [[2, 3, 4].as_slice(), [0, 1].as_slice()]);
        // Two unit vectors at a small angle φ: the smaller eigenvalue is 1 - cos φ, about φ²/2.
        assert!((groups[1].index / (2f64.sqrt() / 0.01) - 1.0).abs() < 1e-3, "{groups:?}");
        assert!(collinear_groups(&information, 1e4).is_empty());
    }

    #[test]
    fn subsets_are_counted_as_they_are_made() {
        for size in 0..=4 {
            assert_eq!(subsets_of(&[0, 1, 2, 3, 4, 5], size).len(), binomial(6, size));
        }
    }
}
