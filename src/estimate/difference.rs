//! Slopes by central differences, all points of a request in one batch.
//!
//! Method: (f(x + h) - f(x - h)) / 2h along each coordinate; at a bound, or where one side is infeasible, the one-sided
//! three-point formula (-3 f(x) + 4 f(x + h) - f(x + 2h)) / 2h.
//! Order / cost: error of second order in h either way; 2 evaluations per parameter, and 2 more where one side fails.
//! Assumptions: twice differentiable within 2h. Spacing: [`Problem::spacing`].
//! Fails when: both sides of a coordinate are infeasible.
//! Source: Abramowitz and Stegun (1964), table 25.2; spacing by Dennis and Schnabel (1983), section 5.4.

use super::{Infeasible, Linearisation, NegativeLog, Parameter, Problem, Slope, Structured, Term};
use nalgebra::DMatrix;

/// [`Problem::gradients`] from evaluations alone.
pub fn gradients_by_differences<P: Problem + ?Sized>(
    problem: &P,
    points: &[Vec<f64>],
) -> Vec<Result<Slope, Infeasible>> {
    let columns = differentiate(
        problem,
        points,
        |batch| problem.evaluate(batch),
        |value: &NegativeLog, out| {
            out.push(value.posterior());
        },
    );
    columns
        .into_iter()
        .map(|slopes| {
            let (value, columns) = slopes?;
            Ok(Slope { value, gradient: columns.into_iter().map(|column| column[0]).collect() })
        })
        .collect()
}

/// [`Structured::linearise`] from rows alone.
pub fn linearise_by_differences<P: Structured + ?Sized>(
    problem: &P,
    points: &[Vec<f64>],
) -> Vec<Result<Linearisation, Infeasible>> {
    let columns = differentiate(
        problem,
        points,
        |batch| problem.terms(batch),
        |terms: &Vec<Term>, out| {
            out.extend(terms.iter().map(|term| term.predictor));
        },
    );
    columns
        .into_iter()
        .map(|slopes| {
            let (terms, columns) = slopes?;
            let jacobian = DMatrix::from_fn(terms.len(), columns.len(), |row, column| columns[column][row]);
            Ok(Linearisation { terms, jacobian })
        })
        .collect()
}

/// Two abscissae beside the base point, as multiples of the spacing.
#[derive(Clone, Copy)]
enum Stencil {
    Central,
    Forward,
    Backward,
}

impl Stencil {
    fn offsets(self) -> [f64; 2] {
        match self {
            Stencil::Central => [1.0, -1.0],
            Stencil::Forward => [1.0, 2.0],
            Stencil::Backward => [-1.0, -2.0],
        }
    }

    /// Slope times `h` from the base value and the two beside it.
    fn combine(self, base: f64, first: f64, second: f64) -> f64 {
        match self {
            Stencil::Central => (first - second) / 2.0,
            Stencil::Forward => (-3.0 * base + 4.0 * first - second) / 2.0,
            Stencil::Backward => (3.0 * base - 4.0 * first + second) / 2.0,
        }
    }
}

/// Base value, and the slope of each extracted number, `[parameter][number]`, at every point.
type Columns<T> = Result<(T, Vec<Vec<f64>>), Infeasible>;

fn differentiate<P: Problem + ?Sized, T>(
    problem: &P,
    points: &[Vec<f64>],
    evaluate: impl Fn(&[Vec<f64>]) -> Vec<Result<T, Infeasible>>,
    extract: impl Fn(&T, &mut Vec<f64>),
) -> Vec<Columns<T>> {
    let parameters = problem.parameters();
    let numbers = |value: &T| {
        let mut out = Vec::new();
        extract(value, &mut out);
        out
    };
    let stencils: Vec<Vec<(Stencil, f64)>> = points.iter().map(|point| stencils(problem, parameters, point)).collect();
    let mut batch = Vec::new();
    for (point, stencils) in points.iter().zip(&stencils) {
        batch.push(point.clone());
        for (parameter, &(stencil, h)) in stencils.iter().enumerate() {
            batch.extend(stencil.offsets().map(|offset| moved(point, parameter, offset * h)));
        }
    }
    let mut answers = evaluate(&batch).into_iter();
    let mut results = Vec::with_capacity(points.len());
    for (point, stencils) in points.iter().zip(&stencils) {
        let base = answers.next();
        let beside: Vec<_> = answers.by_ref().take(2 * stencils.len()).collect();
        let base = match base {
            Some(Ok(base)) => base,
            Some(Err(infeasible)) => {
                results.push(Err(infeasible));
                continue;
            }
            None => {
                results.push(Err(Infeasible::new("the objective returned fewer answers than points")));
                continue;
            }
        };
        let at_base = numbers(&base);
        let columns = stencils.iter().zip(beside.chunks(2)).enumerate().map(|(parameter, (&(stencil, h), pair))| {
            let (stencil, [first, second]) = match (stencil, pair) {
                (stencil, [Ok(first), Ok(second)]) => (stencil, [numbers(first), numbers(second)]),
                (Stencil::Central, [Ok(above), Err(_)]) => (
                    Stencil::Forward,
                    [numbers(above), one(&evaluate, moved(point, parameter, 2.0 * h)).map(|v| numbers(&v))?],
                ),
                (Stencil::Central, [Err(_), Ok(below)]) => (
                    Stencil::Backward,
                    [numbers(below), one(&evaluate, moved(point, parameter, -2.0 * h)).map(|v| numbers(&v))?],
                ),
                _ => return Err(unsloped(parameters, parameter)),
            };
            let column = (0..at_base.len())
                .map(|number| stencil.combine(at_base[number], first[number], second[number]) / h)
                .collect::<Vec<f64>>();
            if column.iter().all(|slope| slope.is_finite()) { Ok(column) } else { Err(unsloped(parameters, parameter)) }
        });
        results.push(columns.collect::<Result<Vec<_>, _>>().map(|columns| (base, columns)));
    }
    results
}

/// The formula along each coordinate that stays within the box.
fn stencils<P: Problem + ?Sized>(problem: &P, parameters: &[Parameter], point: &[f64]) -> Vec<(Stencil, f64)> {
    let each = parameters.iter().zip(point).enumerate().map(|(index, (parameter, &at))| {
        let (low, high) = parameter.search_bounds();
        let wanted = problem.spacing(index, at);
        // A box narrower than the stencil shrinks it.
        let h = wanted.min((high - low) / 4.0);
        let h = (at + h) - at; // exactly representable, so that numerator and denominator agree
        if at + h > high {
            (Stencil::Backward, h)
        } else if at - h < low {
            (Stencil::Forward, h)
        } else {
            (Stencil::Central, h)
        }
    });
    each.collect()
}

fn moved(point: &[f64], parameter: usize, by: f64) -> Vec<f64> {
    let mut moved = point.to_vec();
    moved[parameter] += by;
    moved
}

fn one<T>(evaluate: impl Fn(&[Vec<f64>]) -> Vec<Result<T, Infeasible>>, point: Vec<f64>) -> Result<T, Infeasible> {
    evaluate(&[point]).pop().unwrap_or_else(|| Err(Infeasible::new("the objective returned fewer answers than points")))
}

fn unsloped(parameters: &[Parameter], parameter: usize) -> Infeasible {
    let name = parameters.get(parameter).map_or("", |parameter| parameter.name.as_str());
    Infeasible::new(format!("the objective has no slope along {name}: it cannot be evaluated on either side"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::{Evaluation, Transform};

    /// f = exp(a) + a b², infeasible where b > 2.
    struct Surface(Vec<Parameter>);

    impl Problem for Surface {
        fn parameters(&self) -> &[Parameter] {
            &self.0
        }

        fn evaluate(&self, points: &[Vec<f64>]) -> Vec<Evaluation> {
            let each = points.iter().map(|p| match p[1] {
                b if b > 2.0 => Err(Infeasible::new("beyond 2")),
                b => Ok(NegativeLog { likelihood: p[0].exp() + p[0] * b * b, prior: 0.0 }),
            });
            each.collect()
        }
    }

    #[test]
    fn slopes_agree_with_the_closed_form_inside_at_bounds_and_beside_infeasible_ground() {
        let surface = Surface(vec![Parameter::new("a", 1.0).within(0.0, 1.5), Parameter::new("b", 1.0)]);
        let points = [[0.7, 1.0], [0.0, 1.0], [1.5, -1.0], [0.7, 2.0]].map(|p| p.to_vec());
        for (point, slope) in points.iter().zip(surface.gradients(&points)) {
            let slope = slope.unwrap().gradient;
            let exact = [point[0].exp() + point[1] * point[1], 2.0 * point[0] * point[1]];
            assert!((slope[0] - exact[0]).abs() < 1e-8 && (slope[1] - exact[1]).abs() < 1e-8, "{point:?} {slope:?}");
        }
        assert_eq!(surface.gradients(&[vec![0.7, 3.0]])[0], Err(Infeasible::new("beyond 2")));
    }

    #[test]
    fn an_isolated_point_is_infeasible() {
        struct Needle(Vec<Parameter>);
        impl Problem for Needle {
            fn parameters(&self) -> &[Parameter] {
                &self.0
            }
            fn evaluate(&self, points: &[Vec<f64>]) -> Vec<Evaluation> {
                let each = points.iter().map(|p| match p[0] {
                    0.0 => Ok(NegativeLog::default()),
                    _ => Err(Infeasible::new("off the needle")),
                });
                each.collect()
            }
        }
        let needle = Needle(vec![Parameter::new("x", 1.0).on(Transform::Log)]);
        let why = needle.gradients(&[vec![0.0]])[0].clone().unwrap_err().why;
        assert_eq!(why, "the objective has no slope along x: it cannot be evaluated on either side");
    }
}
