//! Regularised incomplete gamma and beta functions, each with its complement so that neither tail is lost.

use crate::elementary::{exp, ln, ln_gamma, sqrt};
use std::f64::consts::PI;

/// Enough for arguments up to about 10^12; convergence takes some square roots of the argument.
const MOST_TERMS: u32 = 10_000_000;

/// `ln(Gamma(a + 1)) - ln(sqrt(2 pi a) (a / e)^a)`, the error of Stirling's formula.
fn stirling_error(a: f64) -> f64 {
    if a < 15.0 {
        return ln_gamma(a + 1.0) - (a + 0.5) * ln(a) + a - 0.5 * ln(2.0 * PI);
    }
    let r = 1.0 / (a * a);
    (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r / 1188.0)))) / a
}

/// `x ln(x / m) + m - x` without cancellation (Loader 2000, *Fast and accurate computation of binomial probabilities*).
fn deviance(x: f64, m: f64) -> f64 {
    let difference = x - m;
    if difference.abs() >= 0.1 * (x + m) {
        return x * ln(x / m) + m - x;
    }
    let v = difference / (x + m);
    let mut sum = difference * v;
    let mut term = 2.0 * x * v;
    for k in 1..1000 {
        term *= v * v;
        let next = sum + term / f64::from(2 * k + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// `x^a e^-x / Gamma(a)`, the density of the gamma distribution times `x`.
pub fn gamma_density(a: f64, x: f64) -> f64 {
    sqrt(a / (2.0 * PI)) * exp(-stirling_error(a) - deviance(a, x))
}

/// Regularised incomplete gamma functions `(P(a, x), Q(a, x))` for `a > 0`, `x >= 0`, each with a relative error below
/// 2^-45 for `a` up to 10^6.
///
/// *Method*: power series below `a + 1`, Legendre's continued fraction above (Abramowitz and Stegun 1964, 6.5.29 and
/// 6.5.31), evaluated by Lentz's algorithm.
pub fn gamma(a: f64, x: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if x == f64::INFINITY {
        return (1.0, 0.0);
    }
    let density = gamma_density(a, x);
    if x < a + 1.0 {
        let mut term = 1.0 / a;
        let mut sum = term;
        for n in 1..MOST_TERMS {
            term *= x / (a + f64::from(n));
            sum += term;
            if term < sum * (0.25 * f64::EPSILON) {
                break;
            }
        }
        let p = (density * sum).min(1.0);
        (p, 1.0 - p)
    } else {
        let fraction = Lentz::from(x + 1.0 - a).run(|n| (n * (a - n), x + 2.0 * n + 1.0 - a));
        let q = (density / fraction).min(1.0);
        (1.0 - q, q)
    }
}

/// `x^a y^b / B(a, b)` with `y = 1 - x`, the density of the beta distribution times `x y`.
pub fn beta_density(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    let errors = stirling_error(n) - stirling_error(a) - stirling_error(b);
    sqrt(a * (b / n) / (2.0 * PI)) * exp(errors - deviance(a, n * x) - deviance(b, n * y))
}

/// Regularised incomplete beta function and its complement `(I_x(a, b), I_y(b, a))` for `a, b > 0` and `y = 1 - x`, both
/// given so that neither loses digits: the relative error of each is below 2^-44 for parameters up to 10^5.
///
/// *Method*: continued fraction (Abramowitz and Stegun 1964, 26.5.8) by Lentz's algorithm on the side where it converges fast.
pub fn beta(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        let (complement, value) = beta(b, a, y, x);
        return (value, complement);
    }
    let fraction = Lentz::from(1.0).run(|n| {
        let half = (0.5 * n).floor();
        let numerator = if n % 2.0 == 0.0 {
            half * (b - half) * x / ((a + n - 1.0) * (a + n))
        } else {
            -(a + half) * (a + b + half) * x / ((a + n - 1.0) * (a + n))
        };
        (numerator, 1.0)
    });
    let value = (beta_density(a, b, x, y) / (a * fraction)).min(1.0);
    (value, 1.0 - value)
}

/// `b0 + a1 / (b1 + a2 / (b2 + …))` by the modified method of Lentz (Thompson and Barnett 1986).
struct Lentz {
    value: f64,
}

impl Lentz {
    const TINY: f64 = 1e-290;

    fn from(b0: f64) -> Lentz {
        Lentz { value: if b0 == 0.0 { Lentz::TINY } else { b0 } }
    }

    /// `term(n)` gives `(a_n, b_n)`.
    fn run(self, term: impl Fn(f64) -> (f64, f64)) -> f64 {
        let away_from_zero = |x: f64| if x.abs() < Lentz::TINY { Lentz::TINY } else { x };
        let mut value = self.value;
        let mut c = value;
        let mut d = 0.0;
        for n in 1..MOST_TERMS {
            let (a, b) = term(f64::from(n));
            d = 1.0 / away_from_zero(b + a * d);
            c = away_from_zero(b + a / c);
            value *= c * d;
            if (c * d - 1.0).abs() < f64::EPSILON {
                break;
            }
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certified_values() {
        for (a, x, p, q) in GAMMA {
            let got = gamma(a, x);
            let near = |got: f64, expected: f64| (got - expected).abs() <= 2f64.powi(-45) * expected;
            assert!(near(got.0, p) && near(got.1, q), "gamma({a}, {x}) = {got:?}");
        }
        for (a, b, x, value, complement) in BETA {
            let got = beta(a, b, x, 1.0 - x);
            let near = |got: f64, expected: f64| (got - expected).abs() <= 2f64.powi(-44) * expected;
            assert!(near(got.0, value) && near(got.1, complement), "beta({a}, {b}, {x}) = {got:?}");
        }
    }

    #[test]
    fn ends() {
        assert_eq!((gamma(2.0, 0.0), gamma(2.0, f64::INFINITY)), ((0.0, 1.0), (1.0, 0.0)));
        assert_eq!((beta(2.0, 3.0, 0.0, 1.0), beta(2.0, 3.0, 1.0, 0.0)), ((0.0, 1.0), (1.0, 0.0)));
    }

    // The power series with mpmath 1.3 at 110 digits, rounded to the nearest number.
    const GAMMA: [(f64, f64, f64, f64); 16] = [
        (0.01, 1e-05, 0.8963367982671973, 0.1036632017328028),
        (0.01, 3.0, 0.9998670286434298, 0.0001329713565701555),
        (0.5, 0.3, 0.5614219739190002, 0.4385780260809999),
        (0.5, 30.0, 0.9999999999999906, 9.485737571073848e-15),
        (1.0, 0.7, 0.5034146962085905, 0.4965853037914095),
        (3.3, 0.001, 1.4205656408213888e-11, 0.9999999999857944),
        (3.3, 3.0, 0.5062129802292377, 0.49378701977076234),
        (3.3, 60.0, 1.0, 4.169397086564536e-23),
        (14.9, 10.0, 0.08781629570184298, 0.912183704298157),
        (15.1, 22.0, 0.9498370379427139, 0.05016296205728612),
        (100.0, 60.0, 1.4815276326460468e-06, 0.9999985184723673),
        (100.0, 101.5, 0.5724269463165333, 0.42757305368346665),
        (100.0, 180.0, 0.999999999970517, 2.948294557648285e-11),
        (10000.0, 9800.0, 0.022207543813969693, 0.9777924561860303),
        (10000.0, 10300.0, 0.9985295051036143, 0.0014704948963856813),
        (1000000.0, 1000000.0, 0.5001329807608725, 0.4998670192391274),
    ];
    const BETA: [(f64, f64, f64, f64, f64); 12] = [
        (0.01, 0.02, 0.3, 0.6611784272511073, 0.3388215727488927),
        (0.5, 0.5, 1e-09, 2.0131684845150097e-05, 0.9999798683151548),
        (0.5, 0.5, 0.9, 0.7951672353008665, 0.20483276469913342),
        (1.0, 3.0, 0.2, 0.48800000000000004, 0.512),
        (2.5, 0.3, 0.999, 0.8231543600374319, 0.17684563996256805),
        (8.0, 3.0, 0.1, 3.7360000000000017e-07, 0.9999996264),
        (8.0, 3.0, 0.75, 0.5255928039550781, 0.4744071960449219),
        (100.0, 300.0, 0.2, 0.007994530866879339, 0.9920054691331207),
        (100.0, 300.0, 0.26, 0.6832554641591908, 0.3167445358408092),
        (1000.0, 2.0, 0.99, 0.0004748837215172369, 0.9995251162784827),
        (10000.0, 30000.0, 0.255, 0.9893098319227304, 0.010690168077269586),
        (30.5, 100000.0, 0.0003, 0.4884657742692966, 0.5115342257307034),
    ];
}
