//! Coordinates without bounds, in which a gradient can be followed anywhere: search coordinates through the log odds of
//! their place in the box, or the logarithm of the distance from its one end.

use crate::elementary::{exp, ln, ln_1p};
use crate::estimate::{Parameter, Problem, Slope};

/// How one search coordinate is spread over the whole line.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Free,
    Above(f64),
    Below(f64),
    Between(f64, f64),
}

pub(super) struct Unbounded<'p, P: ?Sized> {
    problem: &'p P,
    shapes: Vec<Shape>,
}

impl<'p, P: Problem + ?Sized> Unbounded<'p, P> {
    pub fn new(problem: &'p P) -> Self {
        let shape = |parameter: &Parameter| match parameter.search_bounds() {
            (low, high) if low.is_finite() && high.is_finite() => Shape::Between(low, high),
            (low, _) if low.is_finite() => Shape::Above(low),
            (_, high) if high.is_finite() => Shape::Below(high),
            _ => Shape::Free,
        };
        Unbounded { problem, shapes: problem.parameters().iter().map(shape).collect() }
    }

    pub fn search(&self, free: &[f64]) -> Vec<f64> {
        self.shapes.iter().zip(free).map(|(shape, at)| shape.search(*at)).collect()
    }

    pub fn free(&self, search: &[f64]) -> Vec<f64> {
        self.shapes.iter().zip(search).map(|(shape, at)| shape.free(*at)).collect()
    }

    /// `∂ search / ∂ free` at a point of search coordinates, `[parameter]`.
    pub fn stretch(&self, search: &[f64]) -> Vec<f64> {
        self.shapes
            .iter()
            .zip(search)
            .map(|(shape, at)| shape.sign() * exp(shape.log_slope(shape.free(*at)).0))
            .collect()
    }

    /// What the change of variables adds to the log density of the natural values.
    pub fn log_volume(&self, free: &[f64]) -> f64 {
        let each = self.shapes.iter().zip(free).zip(self.problem.parameters());
        each.map(|((shape, free), parameter)| parameter.log_jacobian(shape.search(*free)) + shape.log_slope(*free).0)
            .sum()
    }

    /// Log density of the free coordinates `free` and its gradient, which is written into `gradient`, from the slope of the
    /// objective at their `search` coordinates. `None` where they are not finite.
    pub fn log_density(&self, free: &[f64], search: &[f64], slope: &Slope, gradient: &mut [f64]) -> Option<f64> {
        let mut density = -slope.value.posterior();
        for (k, parameter) in self.problem.parameters().iter().enumerate() {
            let (log_slope, slope_of_log) = self.shapes[k].log_slope(free[k]);
            density += parameter.log_jacobian(search[k]) + log_slope;
            let by_search = parameter.log_jacobian_slope(search[k]) - slope.gradient[k];
            gradient[k] = by_search * self.shapes[k].sign() * exp(log_slope) + slope_of_log;
        }
        (density.is_finite() && gradient.iter().all(|slope| slope.is_finite())).then_some(density)
    }
}

impl Shape {
    fn search(self, free: f64) -> f64 {
        match self {
            Shape::Free => free,
            Shape::Above(low) => low + exp(free),
            Shape::Below(high) => high - exp(free),
            Shape::Between(low, high) => {
                // From the nearer end, for the sake of digits.
                let part = (high - low) / (1.0 + exp(free.abs()));
                if free < 0.0 { low + part } else { high - part }
            }
        }
    }

    fn free(self, search: f64) -> f64 {
        match self {
            Shape::Free => search,
            Shape::Above(low) => ln(search - low),
            Shape::Below(high) => ln(high - search),
            Shape::Between(low, high) => ln((search - low) / (high - search)),
        }
    }

    /// The sign of `∂ search / ∂ free`.
    fn sign(self) -> f64 {
        if matches!(self, Shape::Below(_)) { -1.0 } else { 1.0 }
    }

    /// ln |∂ search / ∂ free| and its derivative.
    fn log_slope(self, free: f64) -> (f64, f64) {
        match self {
            Shape::Free => (0.0, 0.0),
            Shape::Above(_) | Shape::Below(_) => (free, 1.0),
            Shape::Between(low, high) => {
                let away = exp(-free.abs());
                let log_slope = ln(high - low) - free.abs() - 2.0 * ln_1p(away);
                (log_slope, -free.signum() * (1.0 - away) / (1.0 + away))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Shape, Unbounded};
    use crate::estimate::known::Residuals;
    use crate::estimate::{Parameter, Problem};

    #[test]
    fn shapes_are_inverted_and_their_slopes_are_those_of_differences() {
        let shapes = [Shape::Free, Shape::Above(-2.0), Shape::Below(3.0), Shape::Between(-1.0, 4.0)];
        for shape in shapes {
            for free in [-3.0, -0.2, 0.4, 2.5] {
                let h = 1e-5;
                assert!((shape.free(shape.search(free)) - free).abs() < 1e-12, "{shape:?}");
                let rise = shape.search(free + h) - shape.search(free - h);
                let (log_slope, slope) = shape.log_slope(free);
                assert!(
                    (shape.sign() * log_slope.exp() - rise / (2.0 * h)).abs() < 1e-8 * rise.abs() / h,
                    "{shape:?} {free}"
                );
                let curve = (shape.log_slope(free + h).0 - shape.log_slope(free - h).0) / (2.0 * h);
                assert!((slope - curve).abs() < 1e-8, "{shape:?} {free}");
            }
        }
        assert_eq!(Shape::Between(0.0, 1.0).search(900.0), 1.0);
    }

    #[test]
    fn gradients_are_those_of_differences_whatever_the_bounds() {
        let parameters = vec![
            Parameter::new("free", 0.3),
            Parameter::new("above", 1.5).within(1.0, f64::INFINITY),
            Parameter::new("below", 1.5).within(f64::NEG_INFINITY, 2.0),
            Parameter::new("between", 0.4).within(0.0, 1.0),
        ];
        let problem = Residuals::new(parameters, |p| vec![p[0] - p[1] * p[2], p[3] + p[2] * p[2], p[1] - 2.0 * p[3]]);
        let unbounded = Unbounded::new(&problem);
        let at = unbounded.free(&[0.3, 1.5, 1.5, 0.4]);
        let density = |free: &[f64], gradient: &mut [f64]| {
            let search = unbounded.search(free);
            let slope = problem.gradients(std::slice::from_ref(&search)).pop().unwrap().unwrap();
            unbounded.log_density(free, &search, &slope, gradient).unwrap()
        };
        let (mut gradient, mut unused) = (vec![0.0; 4], vec![0.0; 4]);
        density(&at, &mut gradient);
        for k in 0..4 {
            let h = 1e-5;
            let mut beside = |step: f64| {
                let mut moved = at.clone();
                moved[k] += step;
                density(&moved, &mut unused)
            };
            let slope = (beside(h) - beside(-h)) / (2.0 * h);
            assert!((gradient[k] - slope).abs() < 1e-6 * (1.0 + slope.abs()), "{k}: {} {slope}", gradient[k]);
        }
    }
}
