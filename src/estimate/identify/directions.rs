//! The directions of parameter space in which an optimum is flat or nearly so, and what stays the same along them.

use crate::elementary::exp;
use crate::estimate::uncertainty::Information;
use crate::estimate::{Finding, Parameter, Transform};
use nalgebra::{DMatrix, SymmetricEigen};
use serde::{Deserialize, Serialize};

/// How well a direction is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Strength {
    /// Not at all: more than ten typical changes (for a logarithm, a factor of 22,000) either way.
    Flat,
    /// A standard deviation of more than one typical change (a factor of e).
    Weak,
    Known,
}

/// What the data do fix where a direction is not known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Invariant {
    /// A parameter that no datum responds to.
    Nothing { parameter: String },
    /// Parameters searched by logarithm: only this product of powers matters, `(name, power)`.
    Product(Vec<(String, f64)>),
    /// Parameters searched as they are: only this sum of multiples matters, `(name, multiple)`.
    Sum(Vec<(String, f64)>),
    /// Anything else: moves that leave the fit alike when made together.
    Together(Vec<Move>),
}

/// One part of a joint move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Move {
    pub parameter: String,
    /// By the factor `change` if a logarithm is searched, else by the amount `change` in `unit`.
    pub by_factor: bool,
    pub change: f64,
    pub unit: String,
}

/// A direction in which the information is poor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Direction {
    pub strength: Strength,
    /// Standard deviation along it, in typical changes; infinite where flat to rounding.
    pub deviation: f64,
    /// `(parameter, part)` of the direction in typical changes, the largest part being 1; small parts left out.
    pub parts: Vec<(usize, f64)>,
    pub invariant: Invariant,
}

impl Direction {
    pub fn finding(&self) -> Finding {
        let (strength, deviation, invariant) = (self.strength, self.deviation, self.invariant.clone());
        Finding::NotIdentified { strength, deviation, invariant }
    }
}

/// Information below this share of the largest is rounding.
const ROUNDING: f64 = 1e-13;
const FLAT: f64 = 10.0;
const WEAK: f64 = 1.0;
/// Parts of a direction smaller than this share of the largest are left out.
const NEGLIGIBLE: f64 = 0.03;

/// The flat and weak directions, flattest first; parameters on a bound take no part.
///
/// # Method
/// Eigenvectors of the information in typical changes of the free parameters. The flat ones span a space, in which the
/// basis with the fewest parameters in each vector is read off by Gauss-Jordan elimination with full pivoting.
/// # Assumptions
/// Local: what is flat here may be informed elsewhere; a profile tells.
/// # Source
/// Vajda, Rabitz, Walter and Lecourtier (1989), section 3, for the eigenvectors; the elimination is ours.
pub fn directions(parameters: &[Parameter], information: &Information) -> Vec<Direction> {
    let free: Vec<usize> = (0..parameters.len()).filter(|k| information.free[*k]).collect();
    if free.is_empty() {
        return Vec::new();
    }
    let scale: Vec<f64> = free.iter().map(|k| parameters[*k].typical()).collect();
    let scaled =
        DMatrix::from_fn(free.len(), free.len(), |i, j| information.matrix[(free[i], free[j])] * scale[i] * scale[j]);
    let axes = SymmetricEigen::new(scaled);
    let most = axes.eigenvalues.max().max(0.0);
    let deviation = |axis: usize| match axes.eigenvalues[axis] {
        value if value > ROUNDING * most => 1.0 / value.sqrt(),
        _ => f64::INFINITY,
    };
    let flat: Vec<usize> = (0..free.len()).filter(|axis| deviation(*axis) > FLAT).collect();
    let rows = DMatrix::from_fn(flat.len(), free.len(), |row, column| axes.eigenvectors[(column, flat[row])]);
    let flattest = flat.iter().map(|axis| deviation(*axis)).fold(0.0, f64::max);
    let mut found: Vec<(f64, Vec<f64>)> = sparse_basis(rows).into_iter().map(|vector| (flattest, vector)).collect();
    let mut weak: Vec<usize> = (0..free.len()).filter(|axis| (WEAK..=FLAT).contains(&deviation(*axis))).collect();
    weak.sort_by(|a, b| deviation(*b).total_cmp(&deviation(*a)));
    found.extend(
        weak.into_iter().map(|axis| (deviation(axis), axes.eigenvectors.column(axis).iter().copied().collect())),
    );
    let described = found.into_iter().map(|(deviation, vector)| {
        let largest =
            vector.iter().fold(0.0, |largest: f64, part| if part.abs() > largest.abs() { *part } else { largest });
        let parts: Vec<(usize, f64)> = vector
            .iter()
            .enumerate()
            .filter(|(_, part)| part.abs() > NEGLIGIBLE * largest.abs())
            .map(|(k, part)| (free[k], part / largest))
            .collect();
        let strength = if deviation > FLAT { Strength::Flat } else { Strength::Weak };
        let invariant = invariant(parameters, &parts);
        Direction { strength, deviation, parts, invariant }
    });
    described.collect()
}

/// A basis of the space of the rows in which every vector has one parameter of its own.
fn sparse_basis(mut rows: DMatrix<f64>) -> Vec<Vec<f64>> {
    let mut pivoted = vec![false; rows.ncols()];
    for row in 0..rows.nrows() {
        let candidates = (row..rows.nrows()).flat_map(|r| (0..rows.ncols()).map(move |c| (r, c)));
        let largest = candidates.filter(|(_, c)| !pivoted[*c]).max_by(|a, b| {
            // The first of equals, for one answer on every machine.
            rows[*a].abs().total_cmp(&rows[*b].abs()).then(b.cmp(a))
        });
        let Some((from, column)) = largest else { break };
        rows.swap_rows(row, from);
        pivoted[column] = true;
        let pivot = rows[(row, column)];
        for c in 0..rows.ncols() {
            rows[(row, c)] /= pivot;
        }
        for other in (0..rows.nrows()).filter(|other| *other != row) {
            let multiple = rows[(other, column)];
            for c in 0..rows.ncols() {
                let taken = multiple * rows[(row, c)];
                rows[(other, c)] -= taken;
            }
        }
    }
    (0..rows.nrows()).map(|row| rows.row(row).iter().copied().collect()).collect()
}

/// What stays the same along a direction given by its parts in typical changes.
fn invariant(parameters: &[Parameter], parts: &[(usize, f64)]) -> Invariant {
    let name = |k: usize| parameters[k].name.clone();
    let all = |transform: Transform| parts.iter().all(|(k, _)| parameters[*k].transform == transform);
    match *parts {
        [(only, _)] => Invariant::Nothing { parameter: name(only) },
        // Along (a, b) the combination b x - a y stays as it is.
        [(first, a), (second, b)] if all(Transform::Log) => {
            let powers = (first, -b, second, a);
            Invariant::Product(combination(powers, name))
        }
        [(first, a), (second, b)] if all(Transform::Identity) => {
            let (a, b) = (a * parameters[first].typical(), b * parameters[second].typical());
            Invariant::Sum(combination((first, -b, second, a), name))
        }
        _ => {
            let each = parts.iter().map(|(k, part)| {
                let parameter = &parameters[*k];
                let by_factor = parameter.transform == Transform::Log;
                // A tenth of a typical change where the direction is largest.
                let (step, unit) = (0.1 * part, parameter.unit.clone());
                let change = match parameter.transform {
                    Transform::Log => exp(step),
                    Transform::Identity => step * parameter.typical(),
                    Transform::Logit => step * parameter.natural_slopes(parameter.search(parameter.start)).0,
                };
                Move { parameter: parameter.name.clone(), by_factor, change, unit }
            });
            Invariant::Together(each.collect())
        }
    }
}

/// Weights of two parameters with the smaller one 1, the first positive, and near whole numbers made whole.
fn combination((first, a, second, b): (usize, f64, usize, f64), name: impl Fn(usize) -> String) -> Vec<(String, f64)> {
    let unit = a.abs().min(b.abs()) * a.signum();
    let tidy = |weight: f64| match weight / unit {
        weight if (weight - weight.round()).abs() < NEGLIGIBLE => weight.round(),
        weight => weight,
    };
    vec![(name(first), tidy(a)), (name(second), tidy(b))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::known::Residuals;

    fn log(name: &str) -> Parameter {
        Parameter::new(name, 1.0).within(1e-6, 1e6).on(Transform::Log)
    }

    fn found(parameters: Vec<Parameter>, residuals: fn(&[f64]) -> Vec<f64>, point: &[f64]) -> Vec<Direction> {
        let problem = Residuals::new(parameters, residuals);
        directions(&problem.parameters, &Information::expected(&problem, point).unwrap())
    }

    fn product(a: &str, b: &str, powers: (f64, f64)) -> Invariant {
        Invariant::Product(vec![(a.to_owned(), powers.0), (b.to_owned(), powers.1)])
    }

    #[test]
    fn products_ratios_powers_and_sums_are_recognised() {
        // In logarithms: a b, c/d² and the idle e matter not; f is known.
        let each = found(
            ["a", "b", "c", "d", "e", "f"].map(log).to_vec(),
            |p| vec![100.0 * (p[0] + p[1]), 100.0 * (p[2] - 2.0 * p[3]), 100.0 * p[5]],
            &[0.0; 6],
        );
        let mut invariants: Vec<Invariant> = each.iter().map(|direction| direction.invariant.clone()).collect();
        invariants.sort_by_key(|invariant| format!("{invariant:?}"));
        assert_eq!(
            invariants,
            [
                Invariant::Nothing { parameter: "e".to_owned() },
                product("a", "b", (1.0, 1.0)),
                product("c", "d", (1.0, -2.0)),
            ]
        );
        assert!(each.iter().all(|direction| direction.strength == Strength::Flat));

        let plain = |name| Parameter::new(name, 5.0);
        let each = found(vec![plain("x"), plain("y")], |p| vec![30.0 * (p[0] + p[1])], &[5.0, 5.0]);
        assert_eq!(each.len(), 1);
        assert_eq!(each[0].invariant, Invariant::Sum(vec![("x".to_owned(), 1.0), ("y".to_owned(), 1.0)]));
    }

    #[test]
    fn weak_directions_come_with_their_deviation() {
        let each = found(vec![log("a"), log("b")], |p| vec![100.0 * (p[0] + p[1]), 0.2 * (p[0] - p[1])], &[0.0; 2]);
        assert_eq!((each.len(), each[0].strength), (1, Strength::Weak));
        // 0.2 (a - b) along (1, -1)/√2 has slope 0.2 √2.
        assert!((each[0].deviation - 1.0 / (0.2 * 2f64.sqrt())).abs() < 1e-6);
        assert_eq!(each[0].invariant, product("a", "b", (1.0, 1.0)));
        assert!(found(vec![log("a"), log("b")], |p| vec![9.0 * p[0], 9.0 * p[1]], &[0.0; 2]).is_empty());
    }

    #[test]
    fn three_that_move_together_are_listed_with_their_moves() {
        let mut parameters = vec![log("a"), log("b"), Parameter::new("x", 4.0)];
        parameters[2].unit = "people".to_owned();
        let each = found(parameters, |p| vec![50.0 * (p[0] - p[1]), 50.0 * (p[0] - p[2] / 4.0)], &[0.0, 0.0, 4.0]);
        let [Direction { invariant: Invariant::Together(moves), .. }] = each.as_slice() else { panic!("{each:?}") };
        assert!((moves[0].change - 0.1f64.exp()).abs() < 1e-6 && (moves[2].change - 0.4).abs() < 1e-6, "{moves:?}");
        assert_eq!((moves[0].by_factor, moves[2].by_factor, moves[2].unit.as_str()), (true, false, "people"));
    }
}
