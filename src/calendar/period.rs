//! Periods of whole days: how they are written and read.

use jiff::civil::Date;
use std::fmt;

/// A stretch of whole days, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Period {
    pub first: Date,
    pub last: Date,
}

/// Why a text is no period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DateFault {
    /// Nothing that this module knows.
    Unreadable,
    /// The parts are there, but no such day, month or quarter exists.
    Impossible,
    /// `03/04/1990`: day and month cannot be told apart.
    Ambiguous,
    /// Days beyond the years 1 to 9999.
    OutOfRange,
}

impl Period {
    pub fn day(date: Date) -> Self {
        Period { first: date, last: date }
    }

    pub fn year(year: i16) -> Result<Self, DateFault> {
        Period::months(year, 1, 12)
    }

    /// `count` months from month `first` (1 to 12) on, within one year.
    fn months(year: i16, first: i8, count: i8) -> Result<Self, DateFault> {
        if !(1..=9999).contains(&year) {
            return Err(DateFault::OutOfRange);
        }
        let start = Date::new(year, first, 1).map_err(|_| DateFault::Impossible)?;
        let end = Date::new(year, first + count - 1, 1).map_err(|_| DateFault::Impossible)?;
        Ok(Period { first: start, last: end.last_of_month() })
    }

    /// Reads `1990`, `1990H1`, `1990Q1`, `1990-03`, `1990M03` and `1990-03-15`.
    pub fn read(text: &str) -> Result<Self, DateFault> {
        let text = text.trim();
        if text.matches('/').count() == 2 || text.matches('.').count() == 2 {
            return Err(DateFault::Ambiguous);
        }
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        if digits != 4 {
            return Err(DateFault::Unreadable);
        }
        let year: i16 = number(&text[..4])?;
        let rest = &text[4..];
        if rest.is_empty() {
            return Period::year(year);
        }
        let part = rest.strip_prefix('-').unwrap_or(rest);
        let mut letters = part.chars();
        match letters.next().map(|c| c.to_ascii_uppercase()) {
            Some('Q') => match number(letters.as_str())? {
                quarter @ 1..=4 => Period::months(year, 3 * quarter as i8 - 2, 3),
                _ => Err(DateFault::Impossible),
            },
            Some('H') => match number(letters.as_str())? {
                half @ 1..=2 => Period::months(year, 6 * half as i8 - 5, 6),
                _ => Err(DateFault::Impossible),
            },
            Some('M') => Period::month(year, number(letters.as_str())?),
            _ if rest.starts_with('-') => match part.split_once('-') {
                None => Period::month(year, number(part)?),
                Some((month, day)) => {
                    let (month, day) = (number(month)?, number(day)?);
                    let small = |n: i16| i8::try_from(n).map_err(|_| DateFault::Impossible);
                    if year == 0 {
                        return Err(DateFault::OutOfRange);
                    }
                    Date::new(year, small(month)?, small(day)?).map(Period::day).map_err(|_| DateFault::Impossible)
                }
            },
            _ => Err(DateFault::Unreadable),
        }
    }

    fn month(year: i16, month: i16) -> Result<Self, DateFault> {
        match month {
            1..=12 => Period::months(year, month as i8, 1),
            _ => Err(DateFault::Impossible),
        }
    }

    /// From the first day of `self` to the last of `other`; `None` where that is no stretch.
    pub fn to(self, other: Period) -> Option<Period> {
        (self.first <= other.last).then_some(Period { first: self.first, last: other.last })
    }

    /// Whether every day of `other` lies in `self`.
    pub fn covers(self, other: Period) -> bool {
        self.first <= other.first && other.last <= self.last
    }
}

fn number(text: &str) -> Result<i16, DateFault> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DateFault::Unreadable);
    }
    text.parse().map_err(|_| DateFault::Unreadable)
}

/// The shortest of the written forms: `1990`, `1990H1`, `1990Q1`, `1990-03`, `1990-03-15`, else `1990-01-01/1990-11-30`.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.first, self.last);
        if first == last {
            return write!(f, "{first}");
        }
        let whole_months = first.day() == 1 && last == last.last_of_month() && first.year() == last.year();
        let year = first.year();
        match (whole_months, first.month(), last.month() - first.month() + 1) {
            (true, 1, 12) => write!(f, "{year:04}"),
            (true, month @ (1 | 7), 6) => write!(f, "{year:04}H{}", month / 6 + 1),
            (true, month @ (1 | 4 | 7 | 10), 3) => write!(f, "{year:04}Q{}", month / 3 + 1),
            (true, month, 1) => write!(f, "{year:04}-{month:02}"),
            _ => write!(f, "{first}/{last}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DateFault, Period};

    #[test]
    fn periods_are_read_with_their_first_and_last_day() {
        for (text, days) in [
            ("1990", "1990-01-01 1990-12-31"),
            ("1990H2", "1990-07-01 1990-12-31"),
            ("1990Q1", "1990-01-01 1990-03-31"),
            ("1990q4", "1990-10-01 1990-12-31"),
            ("1990-Q2", "1990-04-01 1990-06-30"),
            ("1992-02", "1992-02-01 1992-02-29"),
            ("1990M3", "1990-03-01 1990-03-31"),
            (" 1990-03-15 ", "1990-03-15 1990-03-15"),
        ] {
            let period = Period::read(text).unwrap();
            assert_eq!(format!("{} {}", period.first, period.last), days, "{text}");
            assert_eq!(Period::read(&period.to_string()), Ok(period), "{text} written again");
        }
        let months = Period::read("2014-01-01").unwrap().to(Period::read("2014-11-30").unwrap()).unwrap();
        assert_eq!(months.to_string(), "2014-01-01/2014-11-30");
    }

    #[test]
    fn what_is_no_period_is_said_to_be_none() {
        for (text, fault) in [
            ("", DateFault::Unreadable),
            ("90", DateFault::Unreadable),
            ("1990Q", DateFault::Unreadable),
            ("1990-", DateFault::Unreadable),
            ("March 1990", DateFault::Unreadable),
            ("1990é", DateFault::Unreadable),
            ("1990Q5", DateFault::Impossible),
            ("1990-13", DateFault::Impossible),
            ("1990-02-30", DateFault::Impossible),
            ("1990-300-02", DateFault::Impossible),
            ("0000", DateFault::OutOfRange),
            ("0000-01-01", DateFault::OutOfRange),
            ("03/04/1990", DateFault::Ambiguous),
            ("3.4.1990", DateFault::Ambiguous),
        ] {
            assert_eq!(Period::read(text), Err(fault), "{text:?}");
        }
    }
}
