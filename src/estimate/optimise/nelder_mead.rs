//! argmin's Nelder-Mead on a folded box.

use super::{Optimum, run};
use crate::estimate::Problem;
use argmin::solver::neldermead::NelderMead;
use std::sync::atomic::AtomicBool;

/// Runs a simplex that starts at `start` with edges of a quarter of a typical change.
///
/// # Method
/// Reflection, expansion, contraction and shrinkage of a simplex; points outside the box are reflected into it.
/// # Order, cost
/// No order; one or two evaluations an iteration, one after the other, so that lanes do not help.
/// # Assumptions
/// Continuous; a feasible start.
/// # Fails when
/// Parameters are many (about ten), or the simplex collapses away from the optimum: run it again from where it ended.
/// # Source
/// Nelder and Mead (1965).
pub fn nelder_mead<P: Problem + ?Sized>(problem: &P, start: &[f64], iterations: u64, stop: &AtomicBool) -> Optimum {
    let mut simplex = vec![start.to_vec()];
    for (index, parameter) in problem.parameters().iter().enumerate() {
        let mut corner = start.to_vec();
        let edge = parameter.typical() / 4.0;
        // Away from a bound, so that reflection cannot bring the corner back to the start.
        corner[index] += if corner[index] + edge <= parameter.search_bounds().1 { edge } else { -edge };
        simplex.push(corner);
    }
    match NelderMead::new(simplex).with_sd_tolerance(1e-10) {
        Ok(solver) => run::<P, NelderMead<Vec<f64>, f64>>(problem, solver, start, iterations, stop),
        Err(_) => Optimum::infeasible(start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Parameter;
    use crate::estimate::known::rosenbrock;
    use crate::estimate::optimise::Ended;

    #[test]
    fn rosenbrock_free_bounded_and_beside_infeasible_ground() {
        let stop = AtomicBool::new(false);
        let mut problem = rosenbrock();
        let optimum = nelder_mead(&problem, &[-1.2, 1.0], 500, &stop);
        assert!(optimum.ended == Ended::Converged && optimum.height() < 1e-9, "{optimum:?}");
        problem.forbidden = |p| p[1] > 1.5;
        assert!(nelder_mead(&problem, &[-1.2, 1.0], 500, &stop).height() < 1e-9);
        problem.parameters[0] = Parameter::new("x", -1.2).within(-2.0, 0.5);
        let optimum = nelder_mead(&problem, &[-1.2, 1.0], 500, &stop);
        assert!(optimum.point[0] <= 0.5 && (optimum.height() - 0.25).abs() < 1e-6, "{optimum:?}");
        problem.forbidden = |_| true;
        assert_eq!(nelder_mead(&problem, &[-1.2, 1.0], 500, &stop).ended, Ended::Infeasible);
    }
}
