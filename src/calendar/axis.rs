//! The calendar of a model: what one unit of its time is, and which date stands at which time.

use super::{DateFault, Period};
use jiff::civil::Date;

/// The unit in which a model counts time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeUnit {
    #[default]
    Year,
    Quarter,
    Month,
    Week,
    Day,
}

/// A date and the model time at which its first instant stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Origin {
    pub date: Date,
    /// In the model's time unit.
    pub time: f64,
}

/// How dates and model time correspond.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Calendar {
    /// Model time is the calendar year: 1 July 2015 stands near 2015.5.
    Years,
    /// Model time counts `unit`s from `origin`.
    Counted { unit: TimeUnit, origin: Origin },
    /// Model time is not tied to dates: data carry it as plain numbers.
    Numbers,
}

/// A stretch of model time; an instant where both ends are one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    pub start: f64,
    pub end: f64,
}

/// A place within a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fraction {
    Start,
    Middle,
    End,
}

impl Window {
    pub fn instant(time: f64) -> Self {
        Window { start: time, end: time }
    }

    /// In the model's time unit.
    pub fn length(self) -> f64 {
        self.end - self.start
    }

    pub fn is_instant(self) -> bool {
        self.start == self.end
    }

    pub fn at(self, fraction: Fraction) -> f64 {
        match fraction {
            Fraction::Start => self.start,
            Fraction::Middle => self.start + 0.5 * self.length(),
            Fraction::End => self.end,
        }
    }

    pub fn covers(self, other: Window) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

impl Calendar {
    /// The stretch of model time that a text names. Where dates are in use, a number with a decimal point is still an
    /// instant of model time.
    pub fn window(&self, text: &str) -> Result<Window, DateFault> {
        let text = text.trim();
        let as_number = || text.parse::<f64>().ok().filter(|t| t.is_finite()).map(Window::instant);
        match self {
            Calendar::Numbers => as_number().ok_or(DateFault::Unreadable),
            _ => match Period::read(text) {
                Ok(period) => Ok(self.of_period(period)),
                Err(DateFault::Unreadable) if text.contains('.') => as_number().ok_or(DateFault::Unreadable),
                Err(fault) => Err(fault),
            },
        }
    }

    /// From the start of `first` to the end of `last`, each a period or an instant. `Ok(None)` where `last` ends before
    /// `first` begins.
    pub fn stretch(&self, first: &str, last: &str) -> Result<Option<Window>, DateFault> {
        let (first, last) = (self.window(first)?, self.window(last)?);
        let forward = first.start <= last.start && first.end <= last.end;
        Ok(forward.then_some(Window { start: first.start, end: last.end }))
    }

    /// A period of days in model time; on the axis of plain numbers, in calendar years.
    pub fn of_period(&self, period: Period) -> Window {
        Window { start: self.before(period.first), end: self.after(period.last) }
    }

    /// Model time at the first instant of a day.
    pub fn before(&self, date: Date) -> f64 {
        match self {
            Calendar::Years | Calendar::Numbers => years(date),
            Calendar::Counted { unit, origin } => origin.time + count(*unit, date) - count(*unit, origin.date),
        }
    }

    /// Model time at the last instant of a day, which is the first of the next.
    fn after(&self, date: Date) -> f64 {
        match date.tomorrow() {
            Ok(next) => self.before(next),
            Err(_) => self.before(date), // 9999-12-31, the last day there is
        }
    }

    /// The calendar year that begins at the given model time, for tables by year; `None` where time carries no dates.
    pub fn year_window(&self, year: i16) -> Option<Window> {
        match self {
            Calendar::Numbers => None,
            _ => Period::year(year).ok().map(|period| self.of_period(period)),
        }
    }

    /// How a stretch of model time is labelled: as a period of the calendar where it is one, else by its numbers.
    pub fn label(&self, window: Window) -> String {
        let number = |time: f64| format!("{}", (time * 1e4).round() / 1e4);
        if let Calendar::Years = self {
            let year = window.start.round();
            if window.start == year && window.length() == 1.0 {
                return number(year);
            }
        }
        match window.is_instant() {
            true => number(window.start),
            false => format!("{}/{}", number(window.start), number(window.end)),
        }
    }
}

/// Calendar years with the fraction of the year that has passed at the first instant of the day.
fn years(date: Date) -> f64 {
    f64::from(date.year()) + f64::from(date.day_of_year() - 1) / f64::from(date.days_in_year())
}

/// Units of time since a fixed day far back. Months and quarters are calendar ones, counted with the part of the month
/// that has passed; days and weeks are counted exactly.
fn count(unit: TimeUnit, date: Date) -> f64 {
    let months = f64::from(date.year()) * 12.0
        + f64::from(date.month() - 1)
        + f64::from(date.day() - 1) / f64::from(date.days_in_month());
    match unit {
        TimeUnit::Year => years(date),
        TimeUnit::Quarter => months / 3.0,
        TimeUnit::Month => months,
        TimeUnit::Week => days(date) / 7.0,
        TimeUnit::Day => days(date),
    }
}

/// Days since 1 January of the year 1 in the proleptic Gregorian calendar.
fn days(date: Date) -> f64 {
    let before = i32::from(date.year()) - 1;
    let leap = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    f64::from(before * 365 + leap) + f64::from(date.day_of_year() - 1)
}

#[cfg(test)]
mod tests {
    use super::{Calendar, DateFault, Fraction, Origin, TimeUnit, Window};
    use jiff::civil::date;

    #[test]
    fn a_year_runs_from_its_number_to_the_next() {
        let calendar = Calendar::Years;
        let window = calendar.window("2015").unwrap();
        assert_eq!(window, Window { start: 2015.0, end: 2016.0 });
        assert_eq!(window.at(Fraction::Middle), 2015.5);
        assert_eq!(calendar.window("2015-12-31").unwrap().at(Fraction::End), 2016.0);
        assert_eq!(calendar.window("2015-01-01").unwrap().at(Fraction::Start), 2015.0);
        let eleven = calendar.stretch("2014-01-01", "2014-11-30").unwrap().unwrap();
        assert_eq!(eleven, Window { start: 2014.0, end: 2014.0 + 334.0 / 365.0 });
        assert_eq!(calendar.window("2014.6"), Ok(Window::instant(2014.6)));
        assert_eq!(calendar.stretch("2015", "2014"), Ok(None));
    }

    #[test]
    fn consecutive_periods_meet_without_a_gap() {
        for calendar in [
            Calendar::Years,
            counted(TimeUnit::Quarter),
            counted(TimeUnit::Month),
            counted(TimeUnit::Week),
            counted(TimeUnit::Day),
        ] {
            for year in 1995..2031 {
                let quarter = |q: i32| calendar.window(&format!("{year}Q{q}")).unwrap();
                for q in 1..4 {
                    assert_eq!(quarter(q).end, quarter(q + 1).start, "{year} {q} {calendar:?}");
                }
                assert_eq!(quarter(4).end, calendar.window(&format!("{}", year + 1)).unwrap().start);
            }
        }
    }

    #[test]
    fn counted_time_starts_at_its_origin() {
        assert_eq!(counted(TimeUnit::Day).window("2020-03-01"), Ok(Window { start: 60.0, end: 61.0 }));
        assert_eq!(counted(TimeUnit::Week).window("2020-01-08").unwrap().start, 1.0);
        assert_eq!(counted(TimeUnit::Month).window("2020-03"), Ok(Window { start: 2.0, end: 3.0 }));
        assert_eq!(counted(TimeUnit::Year).window("2022"), Ok(Window { start: 2.0, end: 3.0 }));
        let shifted =
            Calendar::Counted { unit: TimeUnit::Month, origin: Origin { date: date(2020, 1, 1), time: 100.0 } };
        assert_eq!(shifted.window("2020-02").unwrap().start, 101.0);
    }

    #[test]
    fn plain_numbers_are_times_only_where_no_dates_are() {
        assert_eq!(Calendar::Numbers.window("0"), Ok(Window::instant(0.0)));
        assert_eq!(Calendar::Numbers.window("1990"), Ok(Window::instant(1990.0)));
        assert_eq!(Calendar::Numbers.window("-1.5e1"), Ok(Window::instant(-15.0)));
        assert_eq!(Calendar::Numbers.window("inf"), Err(DateFault::Unreadable));
        assert_eq!(Calendar::Years.window("12"), Err(DateFault::Unreadable));
    }

    #[test]
    fn windows_are_labelled_as_periods_where_they_are_some() {
        let calendar = Calendar::Years;
        assert_eq!(calendar.label(Window { start: 2015.0, end: 2016.0 }), "2015");
        assert_eq!(calendar.label(Window::instant(2014.6)), "2014.6");
        assert_eq!(calendar.label(Window { start: 2014.0, end: 2014.5 }), "2014/2014.5");
    }

    fn counted(unit: TimeUnit) -> Calendar {
        Calendar::Counted { unit, origin: Origin { date: date(2020, 1, 1), time: 0.0 } }
    }
}
