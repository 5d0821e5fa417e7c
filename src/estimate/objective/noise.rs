//! How observations scatter around what the model predicts: families, tails and their densities with full constants.
//!
//! A datum's negative log density is a function of two coordinates, η (a monotone function of the prediction) and ln s (of
//! the scale); both come with slope and expected information, which are orthogonal in every family here.

use crate::elementary::{ln, ln_1p, ln_gamma};
use std::f64::consts::PI;

/// What varies around what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Family {
    /// The value itself; s carries the unit of the series. η = m.
    Normal,
    /// The logarithm of a positive value; s is dimensionless. η = ln m.
    LogNormal,
    /// The log odds of a share between 0 and 1; s is dimensionless. η = logit m.
    Logit,
    /// Counts whose variance is their mean; no scale. η = ln m.
    Poisson,
    /// Counts with variance m + (s m)²: s is the relative spread of the rate beyond chance. η = ln m.
    NegativeBinomial,
    /// A share of `trials` independent draws; no scale. η = logit m.
    Binomial { trials: f64 },
}

/// The shape of the distribution of (g(y) - η)/s in the first three families.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Tail {
    #[default]
    Normal,
    /// Student's t: polynomial tails.
    StudentT { degrees: f64 },
    /// The density of which √(1 + z²) - 1 is the negative logarithm (a hyperbolic distribution): quadratic at the centre,
    /// linear in the tails, so that a stray datum pulls with bounded force.
    SoftL1,
}

/// Family and tail of one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    pub family: Family,
    pub tail: Tail,
}

/// The negative log density of one datum and its behaviour in η and in ln s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Misfit {
    pub predictor: f64,
    pub value: f64,
    pub slope: f64,
    pub information: f64,
    /// ∂ value / ∂ ln s, zero in families without a scale.
    pub scale_slope: f64,
    pub scale_information: f64,
    /// (g(y) - η)/s, or the Pearson residual of a count; dimensionless.
    pub standardised: f64,
}

/// Why an observation cannot belong to a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misplaced {
    NotPositive,
    NotAShare,
    NotACount,
}

impl Noise {
    pub fn new(family: Family) -> Self {
        Noise { family, tail: Tail::Normal }
    }

    pub fn has_scale(&self) -> bool {
        !matches!(self.family, Family::Poisson | Family::Binomial { .. })
    }

    /// Whether the family is one of a location and a scale.
    pub fn is_located(&self) -> bool {
        matches!(self.family, Family::Normal | Family::LogNormal | Family::Logit)
    }

    /// Whether a value can have come from this family at all.
    pub fn admits(&self, observed: f64) -> Result<(), Misplaced> {
        let inside = |open: bool| if open { Ok(()) } else { Err(Misplaced::NotAShare) };
        match self.family {
            Family::Normal => Ok(()),
            Family::LogNormal if observed > 0.0 => Ok(()),
            Family::LogNormal => Err(Misplaced::NotPositive),
            Family::Logit => inside(observed > 0.0 && observed < 1.0),
            Family::Binomial { .. } => inside((0.0..=1.0).contains(&observed)),
            Family::Poisson | Family::NegativeBinomial if observed >= 0.0 && observed.fract() == 0.0 => Ok(()),
            Family::Poisson | Family::NegativeBinomial => Err(Misplaced::NotACount),
        }
    }

    /// The predictor η of a prediction; `None` where the family has no place for it.
    pub fn predictor(&self, predicted: f64) -> Option<f64> {
        let eta = match self.family {
            Family::Normal => predicted,
            Family::LogNormal | Family::Poisson | Family::NegativeBinomial if predicted > 0.0 => ln(predicted),
            Family::Logit | Family::Binomial { .. } if predicted > 0.0 && predicted < 1.0 => logit(predicted),
            _ => return None,
        };
        eta.is_finite().then_some(eta)
    }

    /// The misfit of an admitted observation; `None` where the prediction is outside the family or nothing is finite.
    /// `scale` is read only in families that have one, where it is positive.
    pub fn misfit(&self, observed: f64, predicted: f64, scale: f64) -> Option<Misfit> {
        let eta = self.predictor(predicted)?;
        let misfit = match self.family {
            Family::Normal | Family::LogNormal | Family::Logit => return self.located(observed, eta, scale),
            Family::Poisson => Misfit {
                predictor: eta,
                value: predicted - observed * eta + ln_gamma(observed + 1.0),
                slope: predicted - observed,
                information: predicted,
                scale_slope: 0.0,
                scale_information: 0.0,
                standardised: (observed - predicted) / predicted.sqrt(),
            },
            Family::NegativeBinomial => negative_binomial(observed, predicted, scale),
            Family::Binomial { trials } => {
                let successes = (observed * trials).round();
                let failures = trials - successes;
                let choose = ln_gamma(trials + 1.0) - ln_gamma(successes + 1.0) - ln_gamma(failures + 1.0);
                let spread = trials * predicted * (1.0 - predicted);
                Misfit {
                    predictor: eta,
                    value: -successes * ln(predicted) - failures * ln_1p(-predicted) - choose,
                    slope: trials * predicted - successes,
                    information: spread,
                    scale_slope: 0.0,
                    scale_information: 0.0,
                    standardised: (successes - trials * predicted) / spread.sqrt(),
                }
            }
        };
        (misfit.value.is_finite() && misfit.slope.is_finite()).then_some(misfit)
    }

    /// The misfit of an admitted observation around a predictor; `None` where nothing is finite, and in families that have
    /// no location and scale.
    pub fn located(&self, observed: f64, eta: f64, scale: f64) -> Option<Misfit> {
        let misfit = match self.family {
            Family::Normal => self.residual(observed, eta, scale, 0.0),
            Family::LogNormal => self.residual(ln(observed), eta, scale, ln(observed)),
            Family::Logit => self.residual(logit(observed), eta, scale, ln(observed * (1.0 - observed))),
            _ => return None,
        };
        (misfit.value.is_finite() && misfit.slope.is_finite()).then_some(misfit)
    }

    /// A location family in the transformed value; `log_slope` is -ln |g'(y)|.
    fn residual(&self, transformed: f64, eta: f64, scale: f64, log_slope: f64) -> Misfit {
        let z = (transformed - eta) / scale;
        let (rho, score) = self.tail.rho(z);
        let (location, spread) = self.tail.informations();
        Misfit {
            predictor: eta,
            value: rho + ln(scale) + self.tail.log_constant() + log_slope,
            slope: -score / scale,
            information: location / (scale * scale),
            scale_slope: 1.0 - z * score,
            scale_information: spread,
            standardised: z,
        }
    }
}

impl Tail {
    /// ρ(z), the negative log density up to its constant, and ρ'(z).
    fn rho(self, z: f64) -> (f64, f64) {
        match self {
            Tail::Normal => (z * z / 2.0, z),
            Tail::StudentT { degrees } => {
                ((degrees + 1.0) / 2.0 * ln_1p(z * z / degrees), (degrees + 1.0) * z / (degrees + z * z))
            }
            Tail::SoftL1 => {
                let root = root_of_squares(z);
                (z * z / (root + 1.0), z / root)
            }
        }
    }

    /// ln ∫ exp(-ρ).
    fn log_constant(self) -> f64 {
        match self {
            Tail::Normal => ln(2.0 * PI) / 2.0,
            Tail::StudentT { degrees } => {
                ln_gamma(degrees / 2.0) - ln_gamma((degrees + 1.0) / 2.0) + ln(degrees * PI) / 2.0
            }
            Tail::SoftL1 => 1.0 + ln(2.0 * K1),
        }
    }

    /// Expected information about η in units of 1/s², and about ln s.
    fn informations(self) -> (f64, f64) {
        match self {
            Tail::Normal => (1.0, 2.0),
            Tail::StudentT { degrees } => ((degrees + 1.0) / (degrees + 3.0), 2.0 * degrees / (degrees + 3.0)),
            // With z = sinh t the expectations are integrals of powers of cosh t times exp(-cosh t).
            Tail::SoftL1 => (1.0 - KI1 / K1, ((K3 + 3.0 * K1) / 2.0 - 4.0 * K1 + 2.0 * KI1) / (2.0 * K1) - 1.0),
        }
    }
}

/// Modified Bessel functions of the second kind K₁(1) and K₃(1) (Abramowitz and Stegun 1964, section 9.6), and the
/// Bickley function Ki₁(1), the integral of K₀ from 1 on (section 11.1).
const K1: f64 = 0.601_907_230_197_234_6;
const K3: f64 = 7.101_262_824_737_944;
const KI1: f64 = 0.328_286_478_171_118_35;

/// Variance m + m²/φ with φ = 1/s² (Lawless 1987, Canadian Journal of Statistics 15, equation 2.1). The information about ln s
/// has no closed form: the square of the score, which has it as its expectation, stands for it.
fn negative_binomial(observed: f64, predicted: f64, scale: f64) -> Misfit {
    let phi = 1.0 / (scale * scale);
    let total = phi + predicted;
    let value = ln_gamma(phi) - ln_gamma(observed + phi)
        + ln_gamma(observed + 1.0)
        + phi * ln_1p(predicted / phi)
        + observed * (ln(total) - ln(predicted));
    let by_phi = digamma(phi) - digamma(observed + phi) + ln_1p(predicted / phi) + (observed - predicted) / total;
    let scale_slope = -2.0 * phi * by_phi;
    Misfit {
        predictor: ln(predicted),
        value,
        slope: (predicted - observed) * phi / total,
        information: predicted * phi / total,
        scale_slope,
        scale_information: scale_slope * scale_slope,
        standardised: (observed - predicted) / (predicted + predicted * predicted / phi).sqrt(),
    }
}

/// √(1 + z²), without overflow.
fn root_of_squares(z: f64) -> f64 {
    if z.abs() < 1e100 { (1.0 + z * z).sqrt() } else { z.abs() }
}

/// The derivative of ln Γ at a positive value: recurrence up to 10, then the asymptotic series (Abramowitz and Stegun 1964,
/// 6.3.5 and 6.3.18).
fn digamma(x: f64) -> f64 {
    let (mut x, mut value) = (x, 0.0);
    while x < 10.0 {
        value -= 1.0 / x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    const SERIES: [f64; 6] = [1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32760.0];
    let tail = SERIES.iter().rev().fold(0.0, |sum, term| (sum + term) * square);
    value + ln(x) - 0.5 / x - tail
}

fn logit(share: f64) -> f64 {
    ln(share / (1.0 - share))
}

#[cfg(test)]
mod tests {
    use super::{Family, Misfit, Misplaced, Noise, Tail};

    fn tails() -> [Tail; 4] {
        [Tail::Normal, Tail::StudentT { degrees: 4.0 }, Tail::StudentT { degrees: 2.5 }, Tail::SoftL1]
    }

    fn each() -> Vec<(Noise, f64, f64)> {
        let mut each = vec![
            (Noise::new(Family::Poisson), 7.0, 5.5),
            (Noise::new(Family::NegativeBinomial), 7.0, 5.5),
            (Noise::new(Family::Binomial { trials: 50.0 }), 0.3, 0.24),
        ];
        for tail in tails() {
            each.push((Noise { family: Family::Normal, tail }, 2.0, 2.9));
            each.push((Noise { family: Family::LogNormal, tail }, 2.0, 2.9));
            each.push((Noise { family: Family::Logit, tail }, 0.2, 0.35));
        }
        each
    }

    fn at(noise: &Noise, y: f64, m: f64, s: f64) -> Misfit {
        noise.misfit(y, m, s).unwrap()
    }

    #[test]
    fn densities_of_continuous_families_integrate_to_one() {
        let located = |noise: &Noise| matches!(noise.family, Family::Normal | Family::LogNormal | Family::Logit);
        for (noise, _, m) in each().into_iter().filter(|(noise, _, _)| located(noise)) {
            let g = |t: f64| match noise.family {
                Family::LogNormal => (t.exp(), t.exp()),
                Family::Logit => {
                    let share = 1.0 / (1.0 + (-t).exp());
                    (share, share * (1.0 - share))
                }
                _ => (t, 1.0),
            };
            // The transformed value runs over η ± a tan u, which reaches into the heaviest tail.
            let (s, eta) = (0.6, noise.predictor(m).unwrap());
            let steps = 20_000;
            let mut mass = 0.0;
            for k in 0..steps {
                let u = std::f64::consts::PI * ((k as f64 + 0.5) / steps as f64 - 0.5);
                let (y, slope) = g(eta + s * u.tan());
                if y.is_finite() && slope > 0.0 && noise.admits(y).is_ok() {
                    mass += (-at(&noise, y, m, s).value).exp() * slope * s / u.cos().powi(2);
                }
            }
            mass *= std::f64::consts::PI / steps as f64;
            assert!((mass - 1.0).abs() < 1e-3, "{noise:?}: {mass}");
        }
    }

    /// SciPy 1.17.1: `-logpdf` or `-logpmf` of norm, t, genhyperbolic(1, 1, 0), lognorm, norm of the log odds with the change
    /// of variables, poisson, nbinom(1/s², 1/(1 + m s²)) and binom, at the observation, prediction and s = 0.6 of each row.
    #[test]
    fn densities_have_their_full_constants() {
        let shaped = |family, tail| Noise { family, tail };
        let t = |degrees| Tail::StudentT { degrees };
        let rows = [
            (Noise::new(Family::Normal), 2.0, 2.9, 1.533112909438682),
            (shaped(Family::Normal, t(4.0)), 2.0, 2.9, 1.585721385816784),
            (shaped(Family::Normal, t(2.5)), 2.0, 2.9, 1.6290582704961503),
            (shaped(Family::Normal, Tail::SoftL1), 2.0, 2.9, 1.4774452463151964),
            (Noise::new(Family::LogNormal), 2.0, 2.9, 1.293009362871898),
            (shaped(Family::LogNormal, t(4.0)), 2.0, 2.9, 1.3920328077314856),
            (Noise::new(Family::Logit), 0.2, 0.35, -0.6068567913017495),
            (Noise::new(Family::Poisson), 7.0, 5.5, 2.0919247153964378),
            (Noise::new(Family::NegativeBinomial), 7.0, 5.5, 2.6141417298607483),
            (Noise::new(Family::Binomial { trials: 50.0 }), 0.3, 0.24, 2.5697149699187545),
        ];
        for (noise, observed, predicted, expected) in rows {
            let value = at(&noise, observed, predicted, 0.6).value;
            assert!((value - expected).abs() < 1e-12, "{noise:?}: {value}, not {expected}");
        }
    }

    #[test]
    fn digamma_is_that_of_statrs() {
        for x in [1e-3, 0.4, 1.0, 2.5, 7.0, 40.0, 1e6] {
            let peer = statrs::function::gamma::digamma(x);
            assert!((super::digamma(x) - peer).abs() < 1e-12 * peer.abs().max(1.0), "{x}");
        }
    }

    #[test]
    fn probabilities_of_counts_add_up_to_one() {
        for noise in [Noise::new(Family::Poisson), Noise::new(Family::NegativeBinomial)] {
            let mass: f64 = (0..400).map(|y| (-at(&noise, f64::from(y), 5.5, 0.6).value).exp()).sum();
            assert!((mass - 1.0).abs() < 1e-12, "{noise:?}: {mass}");
        }
        let noise = Noise::new(Family::Binomial { trials: 50.0 });
        let mass: f64 = (0..=50).map(|y| (-at(&noise, f64::from(y) / 50.0, 0.24, 0.0).value).exp()).sum();
        assert!((mass - 1.0).abs() < 1e-12, "{mass}");
    }

    #[test]
    fn slopes_are_those_of_differences() {
        for (noise, y, m) in each() {
            let (s, h) = (0.6, 1e-5);
            let here = at(&noise, y, m, s);
            let back = |eta: f64| match noise.family {
                Family::Normal => eta,
                Family::Logit | Family::Binomial { .. } => 1.0 / (1.0 + (-eta).exp()),
                _ => eta.exp(),
            };
            let [up, down] = [h, -h].map(|h| at(&noise, y, back(here.predictor + h), s).value);
            assert!((here.slope - (up - down) / (2.0 * h)).abs() < 1e-7 * (1.0 + here.slope.abs()), "{noise:?} by η");
            let [up, down] = [h, -h].map(|h| at(&noise, y, m, s * f64::exp(h)).value);
            let slope = (up - down) / (2.0 * h);
            assert!((here.scale_slope - slope).abs() < 1e-7 * (1.0 + slope.abs()), "{noise:?} by ln s");
        }
    }

    #[test]
    fn informations_are_the_expected_squares_of_the_slopes() {
        for tail in tails() {
            let noise = Noise { family: Family::Normal, tail };
            let steps = 200_000;
            let (mut by_location, mut by_scale) = (0.0, 0.0);
            for k in 0..steps {
                let u = std::f64::consts::PI * ((k as f64 + 0.5) / steps as f64 - 0.5);
                let misfit = at(&noise, u.tan(), 0.0, 1.0);
                let weight = (-misfit.value).exp() / u.cos().powi(2) * std::f64::consts::PI / steps as f64;
                by_location += misfit.slope.powi(2) * weight;
                by_scale += misfit.scale_slope.powi(2) * weight;
            }
            let misfit = at(&noise, 0.3, 0.0, 1.0);
            assert!((misfit.information - by_location).abs() < 1e-4, "{tail:?}: {by_location}");
            assert!((misfit.scale_information - by_scale).abs() < 1e-4, "{tail:?}: {by_scale}");
        }
        let noise = Noise::new(Family::NegativeBinomial);
        let expected: f64 = (0..400)
            .map(|y| at(&noise, f64::from(y), 5.5, 0.6))
            .map(|misfit| misfit.slope.powi(2) * (-misfit.value).exp())
            .sum();
        assert!((at(&noise, 3.0, 5.5, 0.6).information - expected).abs() < 1e-10);
    }

    #[test]
    fn limits_between_families() {
        let heavy = Noise { family: Family::Normal, tail: Tail::StudentT { degrees: 1e6 } };
        let plain = Noise::new(Family::Normal);
        assert!((at(&heavy, 2.0, 2.9, 0.6).value - at(&plain, 2.0, 2.9, 0.6).value).abs() < 1e-5);
        let tight = at(&Noise::new(Family::NegativeBinomial), 7.0, 5.5, 1e-3).value;
        assert!((tight - at(&Noise::new(Family::Poisson), 7.0, 5.5, 0.0).value).abs() < 1e-5);
    }

    #[test]
    fn values_and_predictions_outside_a_family_are_told() {
        let refused = |family: Family, y: f64| Noise::new(family).admits(y).unwrap_err();
        assert_eq!(refused(Family::LogNormal, 0.0), Misplaced::NotPositive);
        assert_eq!(refused(Family::Logit, 1.0), Misplaced::NotAShare);
        assert_eq!(refused(Family::Binomial { trials: 10.0 }, 1.1), Misplaced::NotAShare);
        assert_eq!(refused(Family::Poisson, 2.5), Misplaced::NotACount);
        for (family, m) in [(Family::LogNormal, 0.0), (Family::Logit, 1.0), (Family::Poisson, -1.0)] {
            assert_eq!(Noise::new(family).misfit(0.5, m, 1.0), None, "{family:?}");
        }
        assert_eq!(Noise::new(Family::Normal).misfit(0.5, f64::NAN, 1.0), None);
    }
}
