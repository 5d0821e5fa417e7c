//! A problem with one parameter held at a value.

use crate::estimate::{Evaluation, Group, Infeasible, Linearisation, Parameter, Problem, Slope, Structured, Term};

/// The problem without parameter `index`, which is held at search coordinate `at`.
pub struct Fixed<'a, P: ?Sized> {
    problem: &'a P,
    index: usize,
    at: f64,
    parameters: Vec<Parameter>,
}

impl<'a, P: Problem + ?Sized> Fixed<'a, P> {
    pub fn new(problem: &'a P, index: usize, at: f64) -> Self {
        let kept = problem.parameters().iter().enumerate().filter(|(k, _)| *k != index);
        Fixed { problem, index, at, parameters: kept.map(|(_, parameter)| parameter.clone()).collect() }
    }

    /// The point of the whole problem.
    pub fn whole(&self, point: &[f64]) -> Vec<f64> {
        let mut whole = point.to_vec();
        whole.insert(self.index, self.at);
        whole
    }

    fn wholes(&self, points: &[Vec<f64>]) -> Vec<Vec<f64>> {
        points.iter().map(|point| self.whole(point)).collect()
    }
}

impl<P: Problem + ?Sized> Problem for Fixed<'_, P> {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn evaluate(&self, points: &[Vec<f64>]) -> Vec<Evaluation> {
        self.problem.evaluate(&self.wholes(points))
    }

    fn gradients(&self, points: &[Vec<f64>]) -> Vec<Result<Slope, Infeasible>> {
        let slopes = self.problem.gradients(&self.wholes(points)).into_iter();
        slopes
            .map(|slope| {
                let mut slope = slope?;
                slope.gradient.remove(self.index);
                Ok(slope)
            })
            .collect()
    }

    fn spacing(&self, parameter: usize, at: f64) -> f64 {
        self.problem.spacing(parameter + usize::from(parameter >= self.index), at)
    }
}

impl<P: Structured + ?Sized> Structured for Fixed<'_, P> {
    fn groups(&self) -> &[Group] {
        self.problem.groups()
    }

    fn log_scales(&self) -> Vec<usize> {
        let others = self.problem.log_scales().into_iter().filter(|k| *k != self.index);
        others.map(|k| k - usize::from(k > self.index)).collect()
    }

    fn terms(&self, points: &[Vec<f64>]) -> Vec<Result<Vec<Term>, Infeasible>> {
        self.problem.terms(&self.wholes(points))
    }

    fn linearise(&self, points: &[Vec<f64>]) -> Vec<Result<Linearisation, Infeasible>> {
        let whole = self.problem.linearise(&self.wholes(points)).into_iter();
        whole
            .map(|linearisation| {
                let Linearisation { terms, jacobian } = linearisation?;
                Ok(Linearisation { terms, jacobian: jacobian.remove_column(self.index) })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::known::bass;

    #[test]
    fn what_is_left_is_the_problem_with_one_number_filled_in() {
        let problem = bass();
        let fixed = Fixed::new(&problem, 1, -1.0);
        let (part, whole) = ([vec![-4.6, 9.8, 5.0]], [vec![-4.6, -1.0, 9.8, 5.0]]);
        assert_eq!(fixed.whole(&part[0]), whole[0]);
        assert_eq!(fixed.evaluate(&part), problem.evaluate(&whole));
        assert_eq!(fixed.log_scales(), [2]);
        let names: Vec<&str> = fixed.parameters().iter().map(|parameter| parameter.name.as_str()).collect();
        assert_eq!(names, ["p", "m", "sigma"]);
        let mut gradient = problem.gradients(&whole)[0].clone().unwrap().gradient;
        gradient.remove(1);
        assert_eq!(fixed.gradients(&part)[0].clone().unwrap().gradient, gradient);
        let jacobian = problem.linearise(&whole)[0].clone().unwrap().jacobian;
        assert_eq!(fixed.linearise(&part)[0].clone().unwrap().jacobian, jacobian.remove_column(1));
    }
}
