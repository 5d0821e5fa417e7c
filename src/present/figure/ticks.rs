//! Where ticks stand and how numbers are written: steps of 1, 2 or 5 times a power of ten, the finest whose labels have
//! room; thousands in groups; large magnitudes moved into the unit.

/// One tick: its place in data units and its label.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub at: f64,
    pub label: String,
}

/// More ticks than anyone reads, whatever the room.
const MOST: usize = 9;

/// Ticks on a linear axis; labels count in units of `factor`. `fit` says whether the labels have room.
pub fn linear(lo: f64, hi: f64, factor: f64, grouped_from: f64, fit: impl Fn(&[Tick]) -> bool) -> Vec<Tick> {
    let span = hi - lo;
    if !(span.is_finite() && span > 0.0) {
        return Vec::new();
    }
    let mut few = Vec::new();
    for step in steps(span / MOST as f64).take(12) {
        let (first, last) = ((lo / step - 1e-9).ceil(), (hi / step + 1e-9).floor());
        if last - first + 1.0 > MOST as f64 {
            continue;
        }
        let count = (last - first + 1.0).max(0.0) as usize;
        let decimals = decimals_of(step / factor);
        let ticks: Vec<Tick> = (0..count)
            .map(|i| {
                let at = (first + i as f64) * step;
                Tick { at, label: number(at / factor, decimals, grouped_from) }
            })
            .collect();
        if ticks.len() < 2 && !few.is_empty() {
            break;
        }
        let fits = fit(&ticks);
        few = ticks;
        if fits {
            break;
        }
    }
    few
}

/// 1-2-5 steps from the first that is at least `least`.
fn steps(least: f64) -> impl Iterator<Item = f64> {
    let power = least.log10().floor() as i32;
    (power..).flat_map(|p| [1.0, 2.0, 5.0].map(move |m| m * 10f64.powi(p))).filter(move |s| *s >= least * 0.999_999)
}

fn decimals_of(step: f64) -> usize {
    (-(step * 1.000_001).log10().floor()).clamp(0.0, 12.0) as usize
}

/// Ticks on a logarithmic axis whose ends are given as logarithms to base ten; labels count in units of `factor`.
pub fn logarithmic(lo: f64, hi: f64, factor: f64, fit: impl Fn(&[Tick]) -> bool) -> Vec<Tick> {
    if !(lo.is_finite() && hi.is_finite() && hi > lo) {
        return Vec::new();
    }
    // Less than a decade has no rhythm of its own: linear steps, placed by their logarithms.
    if hi - lo < 0.9 {
        return linear(10f64.powf(lo), 10f64.powf(hi), factor, 1e3, fit);
    }
    let shift = factor.log10().round();
    let powers = lo - shift < -3.0 - 1e-9 || hi - shift >= 6.0;
    let label = |m: f64, p: i32| match (powers, m == 1.0) {
        (true, true) => format!("10{}", superscript(p)),
        (true, false) => format!("{m}×10{}", superscript(p)),
        (false, _) => number(m * 10f64.powi(p), usize::try_from(-p).unwrap_or(0), 1e3),
    };
    let (first, last) = (lo.floor() as i32, hi.ceil() as i32);
    let every = |stride: i32, within: &[f64]| -> Vec<Tick> {
        (first..=last)
            .filter(|p| p.rem_euclid(stride) == 0)
            .flat_map(|p| within.iter().map(move |m| (*m, p)))
            .map(|(m, p)| Tick { at: m * 10f64.powi(p), label: label(m, p - shift as i32) })
            .filter(|tick| (lo - 1e-9..=hi + 1e-9).contains(&tick.at.log10()))
            .collect()
    };
    let mut few = Vec::new();
    let candidates: [(i32, &[f64]); 9] = [
        (1, &[1.0, 2.0, 5.0]),
        (1, &[1.0, 3.0]),
        (1, &[1.0]),
        (2, &[1.0]),
        (5, &[1.0]),
        (10, &[1.0]),
        (20, &[1.0]),
        (50, &[1.0]),
        (100, &[1.0]),
    ];
    for (stride, within) in candidates {
        let ticks = every(stride, within);
        if ticks.len() < 2 && !few.is_empty() {
            break;
        }
        let fits = ticks.len() <= MOST && fit(&ticks);
        few = ticks;
        if fits {
            break;
        }
    }
    few
}

/// The power of a thousand that keeps the labels of an axis reaching to `largest` short.
pub fn factor(largest: f64) -> f64 {
    let power = largest.abs().log10();
    if !power.is_finite() || (-3.0..6.0).contains(&power) {
        return 1.0;
    }
    10f64.powi(3 * (power / 3.0).floor() as i32)
}

/// The unit with the axis's factor worked in: `billion CNY`, `10⁻⁶ 1/year`.
pub fn unit(unit: &str, factor: f64) -> String {
    // A pure number's unit is often written as one.
    let unit = if unit == "1" { "" } else { unit };
    if factor == 1.0 {
        return unit.into();
    }
    let power = factor.log10().round() as i32;
    let scaled = ["thousand", "million", "billion", "trillion"];
    let counts = unit.starts_with(|c: char| c.is_ascii_digit()) || scaled.iter().any(|word| unit.starts_with(word));
    let word = match power {
        6 => "million",
        9 => "billion",
        12 => "trillion",
        _ => "",
    };
    if word.is_empty() || counts || unit.is_empty() {
        format!("10{} {unit}", superscript(power)).trim_end().into()
    } else {
        format!("{word} {unit}")
    }
}

/// A number with so many decimals, a true minus sign, and thousands in groups from `grouped_from` on.
pub fn number(value: f64, decimals: usize, grouped_from: f64) -> String {
    let plain = format!("{:.*}", decimals, value.abs());
    let negative = value < 0.0 && plain.bytes().any(|b| (b'1'..=b'9').contains(&b));
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut text = String::from(if negative { "−" } else { "" });
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 && value.abs() >= grouped_from {
            text.push(',');
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// A number with three digits that count, for prose and labels.
pub fn short(value: f64) -> String {
    if !value.is_finite() {
        return "no number".into();
    }
    if value == 0.0 {
        return "0".into();
    }
    let power = value.abs().log10().floor();
    if !(-4.0..9.0).contains(&power) {
        let mantissa = value / 10f64.powf(power);
        return format!("{}×10{}", number(mantissa, 2, 1e3), superscript(power as i32));
    }
    number(value, (2.0 - power).clamp(0.0, 7.0) as usize, 1e3)
}

fn superscript(power: i32) -> String {
    let digits = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    power
        .to_string()
        .chars()
        .map(|c| c.to_digit(10).and_then(|d| digits.get(d as usize).copied()).unwrap_or('⁻'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: Vec<Tick>) -> String {
        ticks.into_iter().map(|t| t.label).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn steps_are_one_two_five_and_as_fine_as_fits() {
        let at_most = |n: usize| move |t: &[Tick]| t.len() <= n;
        for (lo, hi, factor, most, expected) in [
            (0.0, 1.0, 1.0, 6, "0.0 0.2 0.4 0.6 0.8 1.0"),
            (0.0, 1.0, 1.0, 3, "0.0 0.5 1.0"),
            (-3.2, 7.9, 1.0, 7, "−2 0 2 4 6"),
            (0.0, 1_250.0, 1.0, 4, "0 500 1,000"),
            (0.0, 2.4e9, 1e9, 5, "0.0 0.5 1.0 1.5 2.0"),
            (0.0119, 0.0342, 1.0, 9, "0.015 0.020 0.025 0.030"),
            (5.0, 5.0, 1.0, 5, ""),
            (f64::NAN, 5.0, 1.0, 5, ""),
        ] {
            assert_eq!(labels(linear(lo, hi, factor, 1e3, at_most(most))), expected, "{lo} {hi}");
        }
        assert_eq!(labels(linear(1994.0, 2036.0, 1.0, 1e4, at_most(5))), "2000 2010 2020 2030");
        for (lo, hi, most, expected) in [
            (0.0, 2.0, 9, "1 2 5 10 20 50 100"),
            (0.0, 3.0, 5, "1 10 100 1,000"),
            (-1.2, 1.1, 4, "0.1 1 10"),
            (2.0, 12.0, 4, "10⁵ 10¹⁰"),
            (0.3, 0.7, 5, "2 3 4 5"),
        ] {
            assert_eq!(labels(logarithmic(lo, hi, 1.0, at_most(most))), expected, "log {lo} {hi}");
        }
        assert_eq!(labels(logarithmic(10.5, 12.2, 1e9, at_most(6))), "50 100 200 500 1,000");
    }

    #[test]
    fn numbers_and_units_read_as_in_print() {
        for (value, decimals, expected) in
            [(-1234567.891, 1, "−1,234,567.9"), (-0.0, 1, "0.0"), (-0.04, 1, "0.0"), (999.0, 0, "999")]
        {
            assert_eq!(number(value, decimals, 1e3), expected);
        }
        for (value, expected) in
            [(1234.6, "1,235"), (0.04567, "0.0457"), (3.2e12, "3.20×10¹²"), (-5e-7, "−5.00×10⁻⁷"), (12.0, "12.0")]
        {
            assert_eq!(short(value), expected);
        }
        for (name, largest, expected) in [
            ("CNY", 4.0e7, "million CNY"),
            ("CNY", 6.0e9, "billion CNY"),
            ("million CNY", 6.0e6, "10⁶ million CNY"),
            ("1/year", 3.0e-5, "10⁻⁶ 1/year"),
            ("person", 9.0e5, "person"),
            ("CNY", 0.0, "CNY"),
            ("1", 9.0e9, "10⁹"),
            ("1", 9.0, ""),
        ] {
            assert_eq!(unit(name, factor(largest)), expected, "{name} {largest}");
        }
    }
}
