//! The standard normal distribution: cumulative probability and quantile.

use crate::elementary::{erfc, ln, sqrt};

/// Probability of a standard normal number below `x`, dimensionless; without loss in the lower tail.
pub fn normal_cumulative(x: f64) -> f64 {
    0.5 * erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// The `x` below which a standard normal number lies with probability `p`, within 1e-15 of its value; infinite at 0 and
/// 1, NaN outside.
///
/// *Method*: rational approximations in the centre and in two parts of the tail.
/// *Source*: Wichura (1988), Algorithm AS 241 (PPND16), *Applied Statistics* 37(3).
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(0.180625 - q * q, &CENTRE);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    if tail <= 0.0 || p.is_nan() {
        return if tail == 0.0 { f64::INFINITY.copysign(q) } else { f64::NAN };
    }
    let r = sqrt(-ln(tail));
    let x = if r <= 5.0 { ratio(r - 1.6, &TAIL) } else { ratio(r - 5.0, &FAR_TAIL) };
    x.copysign(q)
}

/// Numerator and denominator by rising powers.
type Ratio = ([f64; 8], [f64; 8]);

fn ratio(x: f64, (numerator, denominator): &Ratio) -> f64 {
    let sum = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, c| sum * x + c);
    sum(numerator) / sum(denominator)
}

const CENTRE: Ratio = (
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_545,
    ],
);

const TAIL: Ratio = (
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
);

const FAR_TAIL: Ratio = (
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
);

/// `[probability, quantile]`: Newton's method on the cumulative probability with mpmath 1.3 at 60 digits, rounded to the nearest number.
#[cfg(test)]
pub(super) const CERTIFIED: [(f64, f64); 32] = [
    (1e-300, -37.0470962993612),
    (1e-100, -21.273453560965326),
    (1e-50, -14.933337534788489),
    (1e-20, -9.262340089798407),
    (1.3e-12, -6.997806948072454),
    (1.3887943864964e-11, -6.657904643501104),
    (1.4e-11, -6.656723091518184),
    (1.1102230246251565e-16, -8.209536151601387),
    (1e-09, -5.9978070150076865),
    (1e-06, -4.753424308822899),
    (0.0001, -3.7190164854556804),
    (0.001, -3.0902323061678136),
    (0.01, -2.326347874040841),
    (0.025, -1.9599639845400543),
    (0.05, -1.6448536269514726),
    (0.0749, -1.4402382675279637),
    (0.075, -1.439531470938456),
    (0.0751, -1.43882539275254),
    (0.1, -1.2815515655446004),
    (0.2, -0.8416212335729142),
    (0.3, -0.5244005127080408),
    (0.4, -0.2533471031357997),
    (0.45, -0.12566134685507402),
    (0.49, -0.025068908258711057),
    (0.499, -0.002506630899571766),
    (0.4999999, -2.5066282747031063e-07),
    (0.6, 0.2533471031357997),
    (0.9, 1.2815515655446006),
    (0.925, 1.4395314709384561),
    (0.93, 1.475791028179171),
    (0.99, 2.3263478740408408),
    (0.999, 3.090232306167813),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certified_quantiles() {
        for (p, expected) in CERTIFIED {
            let x = normal_quantile(p);
            assert!((x - expected).abs() <= 1e-15 * expected.abs(), "{p:e}: {x:e}, not {expected:e}");
            // Symmetric to the last bit where 1 - p is a number.
            if 1.0 - (1.0 - p) == p {
                assert_eq!(normal_quantile(1.0 - p), -x);
            }
        }
    }

    #[test]
    fn cumulative_of_quantile() {
        for k in 1..2000 {
            let p = f64::from(k) / 2000.0;
            assert!((normal_cumulative(normal_quantile(p)) - p).abs() <= 4e-16, "{p}");
        }
    }

    #[test]
    fn ends() {
        assert_eq!((normal_quantile(0.0), normal_quantile(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
        assert_eq!(normal_quantile(0.5), 0.0);
        for p in [-0.1, 1.1, f64::NAN] {
            assert!(normal_quantile(p).is_nan());
        }
    }
}
