//! The integration methods and their published coefficients.

use std::fmt;
use std::str::FromStr;

/// How derivatives become a trajectory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Method {
    /// Order 1, fixed step.
    #[default]
    Euler,
    /// Heun's method, order 2, fixed step (Heun 1900).
    RungeKutta2,
    /// The classical method, order 4, fixed step (Kutta 1901).
    RungeKutta4,
    /// Order 5 with error control of order 4 (Dormand and Prince 1980, RK5(4)7M).
    DormandPrince,
    /// For stiff models: L-stable, order 5 with error control of order 4 (Steinebach 2023, Rodas5P).
    Rosenbrock,
    /// Dormand and Prince's method, and from where a run proves stiff the Rosenbrock method.
    Automatic,
}

impl Method {
    pub fn is_adaptive(self) -> bool {
        matches!(self, Method::DormandPrince | Method::Rosenbrock | Method::Automatic)
    }

    /// Whether a program needs the derivatives of its rates ([`crate::compile::Request::jacobian`]).
    pub fn wants_jacobian(self) -> bool {
        matches!(self, Method::Rosenbrock | Method::Automatic)
    }

    pub fn word(self) -> &'static str {
        match self {
            Method::Euler => "euler",
            Method::RungeKutta2 => "rk2",
            Method::RungeKutta4 => "rk4",
            Method::DormandPrince => "dopri5",
            Method::Rosenbrock => "rodas",
            Method::Automatic => "auto",
        }
    }

    /// The explicit steps, which a Rosenbrock method has none of.
    pub fn tableau(self) -> &'static Tableau {
        match self {
            Method::Euler => &EULER,
            Method::RungeKutta2 => &HEUN,
            Method::RungeKutta4 => &KUTTA,
            Method::DormandPrince | Method::Automatic => &DORMAND_PRINCE,
            Method::Rosenbrock => &NONE,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

impl FromStr for Method {
    type Err = ();

    /// Levada's words and those of model files; Vensim's and Stella's fixed-step variants map to the plain method.
    fn from_str(text: &str) -> Result<Self, ()> {
        match text.trim().to_ascii_lowercase().as_str() {
            "euler" | "difference" => Ok(Method::Euler),
            "rk2" | "rk2fixed" | "rk2 auto" | "rk2 fixed" => Ok(Method::RungeKutta2),
            "rk4" | "rk4fixed" | "rk4auto" | "rk4 auto" | "rk4 fixed" => Ok(Method::RungeKutta4),
            "dopri5" | "rk45" => Ok(Method::DormandPrince),
            "rodas" => Ok(Method::Rosenbrock),
            "auto" => Ok(Method::Automatic),
            _ => Err(()),
        }
    }
}

/// An explicit Runge-Kutta method: `stages` with nodes `c` and weights `a`, result weights `b`, error weights `e`.
#[derive(Debug)]
pub struct Tableau {
    pub c: &'static [f64],
    pub a: &'static [&'static [f64]],
    pub b: &'static [f64],
    /// `b` less the weights of the embedded method; empty without one.
    pub e: &'static [f64],
}

const NONE: Tableau = Tableau { c: &[], a: &[], b: &[], e: &[] };

const EULER: Tableau = Tableau { c: &[0.0], a: &[&[]], b: &[1.0], e: &[] };

const HEUN: Tableau = Tableau { c: &[0.0, 1.0], a: &[&[], &[1.0]], b: &[0.5, 0.5], e: &[] };

const KUTTA: Tableau = Tableau {
    c: &[0.0, 0.5, 0.5, 1.0],
    a: &[&[], &[0.5], &[0.0, 0.5], &[0.0, 0.0, 1.0]],
    b: &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
    e: &[],
};

/// Hairer, Norsett and Wanner (1993), table II.5.2. The seventh stage is the first of the next step.
const DORMAND_PRINCE: Tableau = Tableau {
    c: &[0.0, 1.0 / 5.0, 3.0 / 10.0, 4.0 / 5.0, 8.0 / 9.0, 1.0, 1.0],
    a: &[
        &[],
        &[1.0 / 5.0],
        &[3.0 / 40.0, 9.0 / 40.0],
        &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
        &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
        &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
        &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
    ],
    b: &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0, 0.0],
    e: &[71.0 / 57600.0, 0.0, -71.0 / 16695.0, 71.0 / 1920.0, -17253.0 / 339200.0, 22.0 / 525.0, -1.0 / 40.0],
};
