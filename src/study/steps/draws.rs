//! Draws of parameters, from a sampler or from the normal approximation at the optimum, and their long table.

use crate::estimate::Parameter;
use crate::estimate::sample::Chains;
use crate::estimate::uncertainty::Covariance;
use crate::random::Stream;
use crate::series::{label, number};
use nalgebra::{DMatrix, DVector, SymmetricEigen};
use std::io;

/// Draws of the normal approximation of the posterior, in search coordinates `[draw][parameter]`, kept within the bounds.
/// Parameters without a variance stay at the optimum.
pub(super) fn normal_draws(
    parameters: &[Parameter],
    optimum: &[f64],
    covariance: &Covariance,
    count: usize,
    seed: u64,
    stream: u64,
) -> Vec<Vec<f64>> {
    let axes = SymmetricEigen::new(covariance.matrix.clone());
    let root = &axes.eigenvectors * DMatrix::from_diagonal(&axes.eigenvalues.map(|variance| variance.max(0.0).sqrt()));
    let mut stream = Stream::new(seed, stream);
    let within = |(parameter, at): (&Parameter, f64)| {
        let (low, high) = parameter.search_bounds();
        at.max(low).min(high)
    };
    (0..count)
        .map(|_| {
            let normal = DVector::from_fn(optimum.len(), |_, _| stream.normal());
            let moved = &root * normal;
            let point = optimum.iter().zip(moved.iter()).map(|(at, by)| at + by);
            parameters.iter().zip(point).map(within).collect()
        })
        .collect()
}

/// Draws as one row each: `.chain`, `.iteration` and `.draw` counted from one as R's package posterior does, the log
/// posterior `lp__`, then the parameters in their units.
pub(super) fn long_table(chains: &Chains, parameters: &[Parameter]) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for head in [".chain", ".iteration", ".draw", "lp__"] {
        writer.write_field(head)?;
    }
    for parameter in parameters {
        writer.write_field(label(&parameter.name).as_bytes())?;
    }
    writer.write_record(None::<&[u8]>)?;
    let length = chains.length();
    for (chain, (draws, heights)) in chains.draws.iter().zip(&chains.heights).enumerate() {
        for (iteration, (draw, height)) in draws.iter().zip(heights).enumerate() {
            writer.write_field((chain + 1).to_string())?;
            writer.write_field((iteration + 1).to_string())?;
            writer.write_field((chain * length + iteration + 1).to_string())?;
            writer.write_field(number(-height))?;
            for (parameter, at) in parameters.iter().zip(draw) {
                writer.write_field(number(parameter.natural(*at)))?;
            }
            writer.write_record(None::<&[u8]>)?;
        }
    }
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Transform;
    use crate::estimate::uncertainty::Source;

    #[test]
    fn normal_draws_have_the_covariance_and_keep_to_the_bounds() {
        let parameters = [Parameter::new("a", 0.0), Parameter::new("b", 0.0).within(-1.0, 1.0)];
        let matrix = DMatrix::from_row_slice(2, 2, &[4.0, 1.0, 1.0, 1.0]);
        let covariance = Covariance { source: Source::Expected, matrix, identified: vec![true, true] };
        let draws = normal_draws(&parameters, &[0.5, 0.0], &covariance, 4000, 3, 0);
        let mean = |k: usize| draws.iter().map(|draw| draw[k]).sum::<f64>() / 4000.0;
        let product = |i: usize, j: usize| {
            draws.iter().map(|draw| (draw[i] - mean(i)) * (draw[j] - mean(j))).sum::<f64>() / 4000.0
        };
        assert!((mean(0) - 0.5).abs() < 0.13 && (product(0, 0) - 4.0).abs() < 0.4, "{} {}", mean(0), product(0, 0));
        assert!(draws.iter().all(|draw| draw[1].abs() <= 1.0) && product(0, 1) > 0.4);
    }

    #[test]
    fn the_long_table_is_one_row_for_each_draw() {
        let parameters = [Parameter::new("birth rate", 1.0).within(0.0, 9.0).on(Transform::Log)];
        let chains = Chains {
            draws: vec![vec![vec![0.0], vec![0.0]], vec![vec![0.0], vec![0.0]]],
            heights: vec![vec![2.5; 2]; 2],
            together: 1,
        };
        let text = String::from_utf8(long_table(&chains, &parameters).unwrap()).unwrap();
        assert_eq!(
            text,
            ".chain,.iteration,.draw,lp__,birth rate\n1,1,1,-2.5,1\n1,2,2,-2.5,1\n2,1,3,-2.5,1\n2,2,4,-2.5,1\n"
        );
    }
}
