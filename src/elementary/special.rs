//! Functions that are taken from the `libm` crate or follow from exact remainders; too rare in models to be worth lanes.

/// Sine of radians, within 1 ulp.
#[inline(always)]
pub fn sin(x: f64) -> f64 {
    libm::sin(x)
}

/// Cosine of radians, within 1 ulp.
#[inline(always)]
pub fn cos(x: f64) -> f64 {
    libm::cos(x)
}

/// Tangent of radians, within 1 ulp.
#[inline(always)]
pub fn tan(x: f64) -> f64 {
    libm::tan(x)
}

/// Arc sine in radians, within 1 ulp; NaN outside `[-1, 1]`.
#[inline(always)]
pub fn asin(x: f64) -> f64 {
    libm::asin(x)
}

/// Arc cosine in radians, within 1 ulp; NaN outside `[-1, 1]`.
#[inline(always)]
pub fn acos(x: f64) -> f64 {
    libm::acos(x)
}

/// Arc tangent in radians, within 1 ulp.
#[inline(always)]
pub fn atan(x: f64) -> f64 {
    libm::atan(x)
}

/// Hyperbolic sine, within 2 ulp.
#[inline(always)]
pub fn sinh(x: f64) -> f64 {
    libm::sinh(x)
}

/// Hyperbolic cosine, within 2 ulp.
#[inline(always)]
pub fn cosh(x: f64) -> f64 {
    libm::cosh(x)
}

/// `ln(1 + x)` without loss for small `x`, within 1 ulp; NaN below -1.
#[inline(always)]
pub fn ln_1p(x: f64) -> f64 {
    libm::log1p(x)
}

/// Logarithm of the absolute value of the gamma function; `inf` at 0, -1, -2, …
#[inline(always)]
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// Derivative of `ln_gamma`, within a few ulp away from its root; NaN at 0, -1, -2, … (Abramowitz and Stegun 1964, 6.3.5,
/// 6.3.7 and 6.3.18).
pub fn digamma(x: f64) -> f64 {
    if x <= 0.0 {
        let turned = std::f64::consts::PI / tan(std::f64::consts::PI * (x - x.floor()));
        return if x == x.floor() { f64::NAN } else { digamma(1.0 - x) - turned };
    }
    let (mut x, mut below) = (x, 0.0);
    while x < 15.0 {
        below += 1.0 / x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let terms = [-1.0 / 12.0, 1.0 / 120.0, -1.0 / 252.0, 1.0 / 240.0, -1.0 / 132.0, 691.0 / 32760.0, -1.0 / 12.0];
    let series = terms.iter().rev().fold(0.0, |sum, term| (sum + term) * square);
    super::ln(x) - 0.5 / x + series - below
}

/// Derivative of [`digamma`], within a few ulp; infinite at 0, -1, -2, … (Abramowitz and Stegun 1964, 6.4.6, 6.4.7 and
/// 6.4.12).
pub fn trigamma(x: f64) -> f64 {
    if x <= 0.0 {
        let ratio = std::f64::consts::PI / sin(std::f64::consts::PI * (x - x.floor()));
        return if x == x.floor() { f64::INFINITY } else { ratio * ratio - trigamma(1.0 - x) };
    }
    let (mut x, mut below) = (x, 0.0);
    while x < 15.0 {
        below += 1.0 / (x * x);
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let terms = [1.0 / 6.0, -1.0 / 30.0, 1.0 / 42.0, -1.0 / 30.0, 5.0 / 66.0, -691.0 / 2730.0, 7.0 / 6.0];
    let series = terms.iter().rev().fold(0.0, |sum, term| (sum + term) * square);
    (1.0 + series) / x + 0.5 * square + below
}

/// Error function, within 1 ulp.
#[inline(always)]
pub fn erf(x: f64) -> f64 {
    libm::erf(x)
}

/// `1 - erf(x)` without loss for large `x`.
#[inline(always)]
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// `x - y trunc(x / y)`, exact, with the sign of `x` (C's `fmod`); NaN for `y = 0`.
#[inline(always)]
pub fn remainder(x: f64, y: f64) -> f64 {
    libm::fmod(x, y)
}

/// `x - y floor(x / y)`, with the sign of `y`; rounded once. NaN for `y = 0`.
#[inline(always)]
pub fn modulo(x: f64, y: f64) -> f64 {
    let rest = libm::fmod(x, y);
    if (rest != 0.0) & ((rest < 0.0) != (y < 0.0)) { rest + y } else { rest }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Function;
    use super::*;

    /// mpmath 1.3 at 60 digits, rounded to the nearest number.
    #[test]
    fn values() {
        let cases: [(&str, Function, f64, f64); 32] = [
            ("sin", sin, 0.5, 0.479425538604203),
            ("sin", sin, -3.0, -0.1411200080598672),
            ("sin", sin, 1000000.0, -0.34999350217129294),
            ("sin", sin, 1e22, -0.8522008497671888),
            ("cos", cos, 0.5, 0.8775825618903728),
            ("cos", cos, -3.0, -0.9899924966004454),
            ("cos", cos, 1000000.0, 0.9367521275331447),
            ("cos", cos, 1e22, 0.523214785395139),
            ("tan", tan, 0.5, 0.5463024898437905),
            ("tan", tan, 1.57, 1255.7655915007897),
            ("tan", tan, 1000000.0, -0.373624453987599),
            ("asin", asin, 0.25, 0.25268025514207865),
            ("asin", asin, -0.999, -1.526071239626163),
            ("acos", acos, 0.25, 1.318116071652818),
            ("acos", acos, -0.999, 3.09686756642106),
            ("atan", atan, 0.25, 0.24497866312686414),
            ("atan", atan, -30.0, -1.5374753309166493),
            ("sinh", sinh, 0.1, 0.10016675001984403),
            ("sinh", sinh, -5.0, -74.20321057778875),
            ("sinh", sinh, 700.0, 5.0711602736750225e303),
            ("cosh", cosh, 0.1, 1.0050041680558035),
            ("cosh", cosh, -5.0, 74.20994852478785),
            ("cosh", cosh, 700.0, 5.0711602736750225e303),
            ("ln_gamma", ln_gamma, 0.5, 0.5723649429247001),
            ("ln_gamma", ln_gamma, 3.7, 1.428072326665388),
            ("ln_gamma", ln_gamma, 100.5, 361.4355404677776),
            ("ln_gamma", ln_gamma, -1.5, 0.860047015376481),
            ("erf", erf, 0.1, 0.1124629160182849),
            ("erf", erf, -1.3, -0.9340079449406524),
            ("erfc", erfc, 0.1, 0.887537083981715),
            ("erfc", erfc, 3.0, 2.209049699858544e-05),
            ("erfc", erfc, 20.0, 5.395865611607901e-176),
        ];
        for (name, function, x, expected) in cases {
            let error = (function(x) - expected).abs() / expected.abs();
            assert!(error <= 3.0 * f64::EPSILON, "{name}({x}) = {}, not {expected}", function(x));
        }
    }

    #[test]
    fn remainders() {
        assert_eq!([remainder(7.5, 2.0), remainder(-7.5, 2.0), remainder(7.5, -2.0)], [1.5, -1.5, 1.5]);
        assert_eq!([modulo(7.5, 2.0), modulo(-7.5, 2.0), modulo(7.5, -2.0), modulo(-6.0, 2.0)], [1.5, 0.5, -0.5, 0.0]);
        assert!(remainder(1.0, 0.0).is_nan() && modulo(1.0, 0.0).is_nan());
        // Exact where x - y trunc(x / y) is not.
        assert_eq!(remainder(1e22, 3.0), 1.0);
    }
}
