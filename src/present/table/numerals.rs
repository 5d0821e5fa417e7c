//! How many digits of a number print, in plain letters: `-1234.50`, `1.2e-9`.

use super::{Cell, Decimals};

/// The number as it prints, without separators; `None` where there is none to print.
pub fn printed(value: f64, decimals: Decimals) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let text = match decimals {
        Decimals::Text | Decimals::Time => trimmed(format!("{value:.3}")),
        Decimals::Whole => format!("{value:.0}"),
        Decimals::Fixed(places) => format!("{value:.places$}"),
        Decimals::Significant(digits) => significant(value, digits.max(1)),
    };
    // What rounds to zero has no sign.
    let zero = !text.split('e').next().unwrap_or(&text).bytes().any(|b| (b'1'..=b'9').contains(&b));
    Some(if zero { text.trim_start_matches('-').into() } else { text })
}

fn significant(value: f64, digits: usize) -> String {
    // Rounding may carry into a further digit (9.996 to 10.0), so the power is read off the rounded number.
    let scientific = format!("{:.*e}", digits - 1, value);
    let power: i32 = scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    if value != 0.0 && !(-5..9).contains(&power) {
        return scientific;
    }
    let places = usize::try_from(digits as i32 - 1 - power).unwrap_or(0);
    format!("{value:.places$}")
}

fn trimmed(text: String) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

/// Thousands in groups of three, as the terminal shows them.
pub fn grouped(number: &str) -> String {
    let digits_from = usize::from(number.starts_with('-'));
    let whole_to = number.find(['.', 'e']).unwrap_or(number.len());
    let mut text = String::new();
    for (at, c) in number.char_indices() {
        if at > digits_from && at < whole_to && (whole_to - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(c);
    }
    text
}

/// The number of a cell and its mark.
pub fn number_of(cell: &Cell) -> Option<(f64, &str)> {
    match cell {
        Cell::Number(value) => Some((*value, "")),
        Cell::Marked(value, mark) => Some((*value, mark)),
        Cell::Text(_) | Cell::Missing => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_follow_the_column() {
        for (value, decimals, expected) in [
            (1234.5678, Decimals::Significant(3), "1235"),
            (9.996, Decimals::Significant(3), "10.0"),
            (0.000123456, Decimals::Significant(3), "0.000123"),
            (1.5e-9, Decimals::Significant(3), "1.50e-9"),
            (-2.5e12, Decimals::Significant(2), "-2.5e12"),
            (0.0, Decimals::Significant(3), "0.00"),
            (-0.0004, Decimals::Fixed(3), "0.000"),
            (2014.0, Decimals::Time, "2014"),
            (2014.25, Decimals::Time, "2014.25"),
            (1e6, Decimals::Whole, "1000000"),
        ] {
            assert_eq!(printed(value, decimals).as_deref(), Some(expected), "{value}");
        }
        assert_eq!(printed(f64::NAN, Decimals::Whole), None);
        for (number, expected) in [("-1234567.891", "-1,234,567.891"), ("999", "999"), ("1.50e-9", "1.50e-9")] {
            assert_eq!(grouped(number), expected);
        }
    }
}
