//! Problems with known answers, for the tests of this room.

use super::{
    Evaluation, Group, GroupKind, Infeasible, NegativeLog, Parameter, Problem, Structured, Term, Transform, evaluation,
    prior_terms,
};
use std::f64::consts::TAU;

/// `y = f(x; b) + normal noise`, its scale estimated as the last parameter.
pub(crate) struct Regression {
    pub parameters: Vec<Parameter>,
    pub data: Vec<(f64, f64)>,
    pub curve: fn(f64, &[f64]) -> f64,
    groups: Vec<Group>,
}

impl Regression {
    pub fn new(parameters: Vec<Parameter>, data: &[(f64, f64)], curve: fn(f64, &[f64]) -> f64) -> Self {
        let groups = vec![
            Group { name: "y".to_owned(), kind: GroupKind::Series },
            Group { name: "priors".to_owned(), kind: GroupKind::Prior },
        ];
        let noise = Parameter::new("sigma", 1.0).within(1e-9, 1e9).on(Transform::Log);
        let parameters = parameters.into_iter().chain([noise]).collect();
        Regression { parameters, data: data.to_vec(), curve, groups }
    }

    pub fn natural(&self, point: &[f64]) -> Vec<f64> {
        self.parameters.iter().zip(point).map(|(parameter, at)| parameter.natural(*at)).collect()
    }

    pub fn residual_sum_of_squares(&self, natural: &[f64]) -> f64 {
        self.data.iter().map(|(x, y)| (y - (self.curve)(*x, natural)).powi(2)).sum()
    }
}

/// The two rows of a normal datum (see [`Term`]).
pub(crate) fn normal_terms(group: usize, datum: usize, y: f64, mean: f64, log_sd: f64) -> [Term; 2] {
    let weight = (-2.0 * log_sd).exp();
    let square = (y - mean).powi(2) * weight;
    [
        Term {
            group,
            datum,
            predictor: mean,
            value: square / 2.0 + log_sd + TAU.ln() / 2.0,
            slope: -(y - mean) * weight,
            information: weight,
        },
        Term { group, datum, predictor: log_sd, value: 0.0, slope: 1.0 - square, information: 2.0 },
    ]
}

impl Problem for Regression {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn evaluate(&self, points: &[Vec<f64>]) -> Vec<Evaluation> {
        self.terms(points).into_iter().map(|terms| evaluation(&self.groups, &terms?)).collect()
    }
}

impl Structured for Regression {
    fn groups(&self) -> &[Group] {
        &self.groups
    }

    fn log_scales(&self) -> Vec<usize> {
        vec![self.parameters.len() - 1]
    }

    fn terms(&self, points: &[Vec<f64>]) -> Vec<Result<Vec<Term>, Infeasible>> {
        let each = points.iter().map(|point| {
            let natural = self.natural(point);
            let log_sd = natural[natural.len() - 1].ln();
            let mut terms = Vec::new();
            for (datum, (x, y)) in self.data.iter().enumerate() {
                let mean = (self.curve)(*x, &natural);
                if !mean.is_finite() {
                    return Err(Infeasible::new("the curve is not finite"));
                }
                terms.extend(normal_terms(0, datum, *y, mean, log_sd));
            }
            terms.extend(prior_terms(&self.parameters, point, 1)?);
            Ok(terms)
        });
        each.collect()
    }
}

/// Residuals `r(z)` with `F = Σ r²/2`, for the classical test functions.
pub(crate) struct Residuals {
    pub parameters: Vec<Parameter>,
    pub residuals: fn(&[f64]) -> Vec<f64>,
    /// Points that cannot be evaluated.
    pub forbidden: fn(&[f64]) -> bool,
    groups: Vec<Group>,
}

impl Residuals {
    pub fn new(parameters: Vec<Parameter>, residuals: fn(&[f64]) -> Vec<f64>) -> Self {
        let groups = vec![Group { name: "residuals".to_owned(), kind: GroupKind::Series }];
        Residuals { parameters, residuals, forbidden: |_| false, groups }
    }
}

impl Problem for Residuals {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn evaluate(&self, points: &[Vec<f64>]) -> Vec<Evaluation> {
        let each = points.iter().map(|point| match (self.forbidden)(point) {
            true => Err(Infeasible::new("forbidden")),
            false => Ok(NegativeLog {
                likelihood: (self.residuals)(point).iter().map(|r| r * r / 2.0).sum::<f64>(),
                prior: 0.0,
            }),
        });
        each.collect()
    }
}

impl Structured for Residuals {
    fn groups(&self) -> &[Group] {
        &self.groups
    }

    fn terms(&self, points: &[Vec<f64>]) -> Vec<Result<Vec<Term>, Infeasible>> {
        let each = points.iter().map(|point| match (self.forbidden)(point) {
            true => Err(Infeasible::new("forbidden")),
            false => {
                let rows = (self.residuals)(point).into_iter().enumerate();
                Ok(rows.map(|(datum, residual)| Term::residual(0, datum, residual)).collect())
            }
        });
        each.collect()
    }
}

/// Rosenbrock (1960): minimum 0 at (1, 1).
pub(crate) fn rosenbrock() -> Residuals {
    let parameters = vec![Parameter::new("x", -1.2), Parameter::new("y", 1.0)];
    Residuals::new(parameters, |p| vec![200f64.sqrt() * (p[1] - p[0] * p[0]), 2f64.sqrt() * (1.0 - p[0])])
}

/// Powell's singular function (1962): minimum 0 at the origin, where the information has rank 2 of 4.
pub(crate) fn powell() -> Residuals {
    let parameters = ["a", "b", "c", "d"].into_iter().zip([3.0, -1.0, 0.0, 1.0]);
    let parameters = parameters.map(|(name, start)| Parameter::new(name, start)).collect();
    Residuals::new(parameters, |p| {
        vec![
            p[0] + 10.0 * p[1],
            5f64.sqrt() * (p[2] - p[3]),
            (p[1] - 2.0 * p[2]).powi(2),
            10f64.sqrt() * (p[0] - p[3]).powi(2),
        ]
    })
}

/// Brown and Dennis (1971): residuals stay large; minimum 85822.20162635628/2 (Moré, Garbow and Hillstrom 1981, problem 16).
pub(crate) fn brown_dennis() -> Residuals {
    let parameters = ["a", "b", "c", "d"].into_iter().zip([25.0, 5.0, -5.0, -1.0]);
    Residuals::new(parameters.map(|(name, start)| Parameter::new(name, start)).collect(), |p| {
        let each = (1..=20).map(|k| {
            let t = f64::from(k) / 5.0;
            (p[0] + t * p[1] - t.exp()).powi(2) + (p[2] + p[3] * t.sin() - t.cos()).powi(2)
        });
        each.collect()
    })
}

/// Rastrigin (1974) as residuals: a minimum near every integer, the lowest, 0, at the origin.
pub(crate) fn rastrigin(size: usize) -> Residuals {
    let parameters = (0..size).map(|k| Parameter::new(format!("x{k}"), 3.0).within(-5.12, 5.12));
    Residuals::new(parameters.collect(), |p| {
        p.iter().map(|x| (2.0 * (x * x + 10.0 * (1.0 - (TAU * x).cos()))).sqrt()).collect()
    })
}

/// An ellipsoid about the origin whose axes, a thousand times as long at one end as at the other, are turned against
/// the coordinates by Householder reflection in the diagonal.
pub(crate) fn ellipsoid(size: usize) -> Residuals {
    let parameters = (0..size).map(|k| Parameter::new(format!("x{k}"), 2.0).within(-5.0, 5.0));
    Residuals::new(parameters.collect(), |p| {
        let mean = p.iter().sum::<f64>() / p.len() as f64;
        let share = |k: usize| k as f64 / (p.len() - 1) as f64;
        p.iter().enumerate().map(|(k, x)| 1000f64.powf(share(k)) * (x - 2.0 * mean)).collect()
    })
}

/// y = level + slope x + noise.
pub(crate) fn straight_line(data: &[(f64, f64)]) -> Regression {
    Regression::new(vec![Parameter::new("level", 1.0), Parameter::new("slope", 1.0)], data, |x, b| b[0] + b[1] * x)
}

/// A certified problem: model, starts, answers.
pub(crate) struct Certified {
    pub name: &'static str,
    pub data: &'static [(f64, f64)],
    pub curve: fn(f64, &[f64]) -> f64,
    /// Start 1 (the hard one), start 2, estimate, standard error, `[parameter]`.
    pub rows: &'static [[f64; 4]],
    pub residual_sum_of_squares: f64,
}

impl Certified {
    /// Where the certificate's parameters stand among the estimates: the exponentials of Lanczos3 are interchangeable and
    /// certified in the order of their rates.
    pub fn certified_positions(&self, natural: &[f64]) -> Vec<usize> {
        let mut positions: Vec<usize> = (0..self.rows.len()).collect();
        if self.name == "Lanczos3" {
            positions.sort_by(|a, b| natural[a | 1].total_cmp(&natural[b | 1]).then(a.cmp(b)));
        }
        positions
    }

    /// The problem from start 1 or 2.
    pub fn problem(&self, start: usize) -> Regression {
        let parameters =
            self.rows.iter().enumerate().map(|(k, row)| Parameter::new(format!("b{}", k + 1), row[start - 1]));
        Regression::new(parameters.collect(), self.data, self.curve)
    }
}

/// Nonlinear regressions with certified answers: NIST/ITL Statistical Reference Datasets (StRD), nonlinear regression,
/// <https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml>, datasets Misra1a, Rat42 and Lanczos3; public domain.
pub(crate) const NIST: [Certified; 3] = [
    Certified {
        name: "Misra1a",
        data: &[
            (77.6, 10.07),
            (114.9, 14.73),
            (141.1, 17.94),
            (190.8, 23.93),
            (239.9, 29.61),
            (289.0, 35.18),
            (332.8, 40.02),
            (378.4, 44.82),
            (434.8, 50.76),
            (477.3, 55.05),
            (536.8, 61.01),
            (593.1, 66.4),
            (689.1, 75.47),
            (760.0, 81.78),
        ],
        curve: |x, b| b[0] * (1.0 - (-b[1] * x).exp()),
        rows: &[[500.0, 250.0, 2.3894212918E+02, 2.7070075241E+00], [1e-4, 5e-4, 5.5015643181E-04, 7.2668688436E-06]],
        residual_sum_of_squares: 0.12455138894,
    },
    Certified {
        name: "Rat42",
        data: &[
            (9.0, 8.93),
            (14.0, 10.8),
            (21.0, 18.59),
            (28.0, 22.33),
            (42.0, 39.35),
            (57.0, 56.11),
            (63.0, 61.73),
            (70.0, 64.62),
            (79.0, 67.08),
        ],
        curve: |x, b| b[0] / (1.0 + (b[1] - b[2] * x).exp()),
        rows: &[
            [100.0, 75.0, 7.2462237576E+01, 1.7340283401E+00],
            [1.0, 2.5, 2.6180768402E+00, 8.8295217536E-02],
            [0.1, 0.07, 6.7359200066E-02, 3.4465663377E-03],
        ],
        residual_sum_of_squares: 8.0565229338,
    },
    Certified {
        name: "Lanczos3",
        data: &[
            (0.0, 2.5134),
            (0.05, 2.0443),
            (0.1, 1.6684),
            (0.15, 1.3664),
            (0.2, 1.1232),
            (0.25, 0.9269),
            (0.3, 0.7679),
            (0.35, 0.6389),
            (0.4, 0.5338),
            (0.45, 0.4479),
            (0.5, 0.3776),
            (0.55, 0.3197),
            (0.6, 0.272),
            (0.65, 0.2325),
            (0.7, 0.1997),
            (0.75, 0.1723),
            (0.8, 0.1493),
            (0.85, 0.1301),
            (0.9, 0.1138),
            (0.95, 0.1),
            (1.0, 0.0883),
            (1.05, 0.0783),
            (1.1, 0.0698),
            (1.15, 0.0624),
        ],
        curve: |x, b| b[0] * (-b[1] * x).exp() + b[2] * (-b[3] * x).exp() + b[4] * (-b[5] * x).exp(),
        rows: &[
            [1.2, 0.5, 8.6816414977E-02, 1.7197908859E-02],
            [0.3, 0.7, 9.5498101505E-01, 9.7041624475E-02],
            [5.6, 3.6, 8.4400777463E-01, 4.1488663282E-02],
            [5.5, 4.2, 2.9515951832E+00, 1.0766312506E-01],
            [6.5, 4.0, 1.5825685901E+00, 5.8371576281E-02],
            [7.6, 6.3, 4.9863565084E+00, 3.4436403035E-02],
        ],
        residual_sum_of_squares: 1.6117193594e-08,
    },
];

/// Bass (1969): room air conditioners, United States 1949-1961, thousands; sales of a year are the increase of adopters.
pub(crate) fn bass() -> Regression {
    const SALES: [f64; 13] =
        [96.0, 195.0, 238.0, 380.0, 1045.0, 1230.0, 1267.0, 1828.0, 1586.0, 1673.0, 1800.0, 1580.0, 1500.0];
    let data: Vec<(f64, f64)> = SALES.into_iter().enumerate().map(|(k, sales)| (k as f64 + 1.0, sales)).collect();
    let log = |name, start, low, high| Parameter::new(name, start).within(low, high).on(Transform::Log);
    let parameters = vec![log("p", 0.03, 1e-5, 1.0), log("q", 0.1, 1e-3, 3.0), log("m", 30000.0, 1e3, 1e6)];
    Regression::new(parameters, &data, |t, b| {
        let adopters = |t: f64| {
            let decay = (-(b[0] + b[1]) * t).exp();
            b[2] * (1.0 - decay) / (1.0 + b[1] / b[0] * decay)
        };
        adopters(t) - adopters(t - 1.0)
    })
}

/// Digits that agree: -log10 of the relative error (NIST's LRE).
pub(crate) fn digits(value: f64, certified: f64) -> f64 {
    -((value - certified) / certified).abs().max(1e-16).log10()
}
