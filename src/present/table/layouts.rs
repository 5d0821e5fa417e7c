//! The layouts of the tables that a study prints, from plain rows.

use super::{Cell, Column, Decimals, Row, Table};
use crate::present::plain::Quantity;

/// One estimated parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct EstimateRow {
    pub name: String,
    pub meaning: String,
    pub unit: String,
    /// As the study states it: `lognormal(0.1, 0.5)`.
    pub prior: String,
    pub estimate: f64,
    pub standard_error: Option<f64>,
    /// The 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// The bound that the estimate lies on.
    pub at_bound: Option<Bound>,
    /// The standard deviation that the data leave, over that of the prior; both in the coordinate of the search.
    pub spread_left: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    Lower,
    Upper,
}

/// One parameter's posterior.
#[derive(Clone, Debug, PartialEq)]
pub struct PosteriorRow {
    pub name: String,
    pub meaning: String,
    pub unit: String,
    pub mean: f64,
    pub deviation: f64,
    /// The 5 % and 95 % quantiles.
    pub interval: (f64, f64),
    pub r_hat: f64,
    pub effective_size: f64,
}

/// One series' fit, inside and outside the fitting window.
#[derive(Clone, Debug, PartialEq)]
pub struct FitRow {
    pub series: String,
    pub source: String,
    pub unit: String,
    pub window: Option<FitStatistics>,
    pub hold_out: Option<FitStatistics>,
}

/// What does not exist for a series (R² of two points) is not a number and prints as missing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitStatistics {
    pub observations: usize,
    pub r_squared: f64,
    /// In the unit of the series.
    pub rmse: f64,
    /// As a fraction: 0.12 is 12 %.
    pub mape: f64,
    /// Theil's shares of bias, variance and covariance; they sum to one.
    pub theil_bias: f64,
    pub theil_variance: f64,
    pub theil_covariance: f64,
}

/// One outcome by year: the baseline, and each alternative's level and difference.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeColumn {
    pub quantity: Quantity,
    /// The baseline's name and its values at the table's times.
    pub baseline: (String, Vec<f64>),
    pub alternatives: Vec<OutcomePath>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OutcomePath {
    pub label: String,
    pub levels: Vec<f64>,
    /// Less the baseline.
    pub differences: Vec<f64>,
}

/// One outcome under one alternative, as a change against the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeRow {
    pub outcome: String,
    pub unit: String,
    pub alternative: String,
    pub baseline: f64,
    pub level: f64,
    pub difference: f64,
    /// The 90 % band of the difference, where there are draws.
    pub band: Option<(f64, f64)>,
    /// The share of draws in which the difference is above zero.
    pub probability_above: Option<f64>,
}

/// The head of a table and what its notes add to those that the layout writes itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heading {
    /// The file name without an ending.
    pub name: String,
    pub title: String,
    /// The LaTeX label.
    pub label: String,
    /// Data, sample and method, a paragraph each.
    pub notes: Vec<String>,
}

impl Heading {
    fn table(&self, columns: Vec<Column>, rows: Vec<Row>, own_notes: Vec<String>) -> Table {
        let notes = self.notes.iter().cloned().chain(own_notes).collect();
        let (name, title, label) = (self.name.clone(), self.title.clone(), self.label.clone());
        Table { name, title, label, columns, rows, notes }
    }
}

const DIGITS: Decimals = Decimals::Significant(3);

/// Two-sided normal quantiles at 10, 5 and 1 %, and their stars.
const STARS: [(f64, &str); 3] = [(2.576, "***"), (1.960, "**"), (1.645, "*")];

/// Above this share of the prior's standard deviation, an estimate repeats its prior.
const REPEATS: f64 = 0.9;

/// Parameters with prior, estimate, standard error, interval and bound. Stars, which count standard errors from zero, are
/// asked for; many journals have dropped them.
pub fn estimates_table(heading: &Heading, rows: &[EstimateRow], stars: bool) -> Table {
    let interval = "95 % interval";
    let columns = vec![
        Column::new("Parameter", Decimals::Text),
        Column::new("Meaning", Decimals::Text),
        Column::new("Unit", Decimals::Text),
        Column::new("Prior", Decimals::Text),
        Column::new("Estimate", DIGITS),
        Column::new("Std. error", DIGITS),
        Column::new("lower", DIGITS).group(interval),
        Column::new("upper", DIGITS).group(interval),
        Column::new("Spread left", Decimals::Fixed(2)),
        Column::new("At bound", Decimals::Text),
    ];
    let repeats = |row: &EstimateRow| row.spread_left.is_some_and(|left| left > REPEATS);
    let star = |row: &EstimateRow| {
        let ratio = row.standard_error.map_or(0.0, |error| (row.estimate / error).abs());
        STARS.iter().find(|(quantile, _)| stars && ratio > *quantile).map_or("", |(_, star)| star)
    };
    let cells = |row: &EstimateRow| {
        let mark = star(row);
        Row::Cells(vec![
            Cell::text(&row.name),
            Cell::text(&row.meaning),
            Cell::text(unit_or_one(&row.unit)),
            Cell::text(&row.prior),
            if mark.is_empty() { Cell::Number(row.estimate) } else { Cell::Marked(row.estimate, mark.into()) },
            Cell::number(row.standard_error),
            Cell::number(row.interval.map(|interval| interval.0)),
            Cell::number(row.interval.map(|interval| interval.1)),
            match row.spread_left {
                Some(left) if repeats(row) => Cell::Marked(left, "†".into()),
                left => Cell::number(left),
            },
            Cell::text(match row.at_bound {
                None => "",
                Some(Bound::Lower) => "lower",
                Some(Bound::Upper) => "upper",
            }),
        ])
    };
    let mut notes = Vec::new();
    if rows.iter().any(|row| row.at_bound.is_some()) {
        notes.push("An estimate at a bound is where the search was stopped, not where the data put it.".into());
    }
    if rows.iter().any(|row| row.standard_error.is_none()) {
        notes.push("A dash: the standard error or interval does not exist or was not computed.".into());
    }
    if rows.iter().any(|row| row.spread_left.is_some()) {
        notes.push("Spread left: standard deviation over that of the prior, in the coordinate of the search.".into());
    }
    if rows.iter().any(repeats) {
        notes.push("† The data hardly speak: the estimate repeats its prior.".into());
    }
    if stars {
        notes.push("* p < 0.10, ** p < 0.05, *** p < 0.01, two-sided, against zero.".into());
    }
    heading.table(columns, rows.iter().map(cells).collect(), notes)
}

/// Posterior summaries with the diagnostics of the sampler.
pub fn posterior_table(heading: &Heading, rows: &[PosteriorRow]) -> Table {
    let interval = "5–95 % interval";
    let columns = vec![
        Column::new("Parameter", Decimals::Text),
        Column::new("Meaning", Decimals::Text),
        Column::new("Unit", Decimals::Text),
        Column::new("Mean", DIGITS),
        Column::new("Std. dev.", DIGITS),
        Column::new("lower", DIGITS).group(interval),
        Column::new("upper", DIGITS).group(interval),
        Column::new("R-hat", Decimals::Fixed(3)),
        Column::new("Eff. draws", Decimals::Whole),
    ];
    let cells = |row: &PosteriorRow| {
        let numbers = [row.mean, row.deviation, row.interval.0, row.interval.1, row.r_hat, row.effective_size];
        let texts = [Cell::text(&row.name), Cell::text(&row.meaning), Cell::text(unit_or_one(&row.unit))];
        Row::Cells(texts.into_iter().chain(numbers.map(Cell::Number)).collect())
    };
    let mut notes = Vec::new();
    let poor: Vec<&str> =
        rows.iter().filter(|row| row.r_hat > 1.01 || row.r_hat.is_nan()).map(|row| row.name.as_str()).collect();
    if !poor.is_empty() {
        notes.push(format!("R-hat is above 1.01 for {}: their chains have not mixed.", poor.join(", ")));
    }
    heading.table(columns, rows.iter().map(cells).collect(), notes)
}

/// Fit of each series within the fitting window and, where any is held out, beyond it.
pub fn fit_table(heading: &Heading, rows: &[FitRow]) -> Table {
    let statistics = |group: &str| {
        [
            Column::new("n", Decimals::Whole),
            Column::new("R²", Decimals::Fixed(2)),
            Column::new("RMSE", DIGITS),
            Column::new("MAPE", Decimals::Fixed(1)).unit("%"),
            Column::new("U_m", Decimals::Fixed(2)),
            Column::new("U_s", Decimals::Fixed(2)),
            Column::new("U_c", Decimals::Fixed(2)),
        ]
        .map(|column| column.group(group))
    };
    let mut columns: Vec<Column> = ["Series", "Source", "Unit"].map(|name| Column::new(name, Decimals::Text)).into();
    columns.extend(statistics("Fitted"));
    let held_out = rows.iter().any(|row| row.hold_out.is_some());
    if held_out {
        columns.extend(statistics("Held out"));
    }
    let numbers = |fit: &Option<FitStatistics>| match fit {
        None => vec![Cell::Missing; 7],
        Some(fit) => vec![
            Cell::Number(fit.observations as f64),
            Cell::Number(fit.r_squared),
            Cell::Number(fit.rmse),
            Cell::Number(100.0 * fit.mape),
            Cell::Number(fit.theil_bias),
            Cell::Number(fit.theil_variance),
            Cell::Number(fit.theil_covariance),
        ],
    };
    let cells = |row: &FitRow| {
        let mut cells = vec![Cell::text(&row.series), Cell::text(&row.source), Cell::text(unit_or_one(&row.unit))];
        cells.extend(numbers(&row.window));
        if held_out {
            cells.extend(numbers(&row.hold_out));
        }
        Row::Cells(cells)
    };
    let notes = vec![
        "RMSE in the unit of the series. U_m, U_s and U_c are Theil's shares of bias, unequal variance and unequal \
         covariance in the mean squared error; they sum to one."
            .into(),
    ];
    heading.table(columns, rows.iter().map(cells).collect(), notes)
}

/// Outcomes by date: for each, the baseline, then each alternative's level and difference. Values are at `times`; what is
/// shorter ends in missing cells.
pub fn annual_table(heading: &Heading, time: &str, times: &[f64], outcomes: &[OutcomeColumn]) -> Table {
    let mut columns = vec![Column::new(time, Decimals::Time)];
    let mut series: Vec<&[f64]> = Vec::new();
    for outcome in outcomes {
        let column =
            |name: String| Column::new(name, DIGITS).unit(&outcome.quantity.unit).group(&outcome.quantity.title);
        columns.push(column(outcome.baseline.0.clone()));
        series.push(&outcome.baseline.1);
        for path in &outcome.alternatives {
            columns.push(column(path.label.clone()));
            columns.push(column(format!("{}: difference", path.label)));
            series.extend([path.levels.as_slice(), path.differences.as_slice()]);
        }
    }
    let cells = |(i, at): (usize, &f64)| {
        let values = series.iter().map(|values| Cell::number(values.get(i).copied()));
        Row::Cells(std::iter::once(Cell::Number(*at)).chain(values).collect())
    };
    heading.table(columns, times.iter().enumerate().map(cells).collect(), Vec::new())
}

/// Changes against the baseline, the alternatives under their outcome.
pub fn change_table(heading: &Heading, rows: &[ChangeRow]) -> Table {
    let banded = rows.iter().any(|row| row.band.is_some());
    let likely = rows.iter().any(|row| row.probability_above.is_some());
    let mut columns = vec![
        Column::new("Alternative", Decimals::Text),
        Column::new("Baseline", DIGITS),
        Column::new("Level", DIGITS),
        Column::new("Difference", DIGITS),
    ];
    if banded {
        let group = "90 % band of the difference";
        columns.extend(["lower", "upper"].map(|name| Column::new(name, DIGITS).group(group)));
    }
    if likely {
        columns.push(Column::new("P(difference > 0)", Decimals::Fixed(2)));
    }
    let mut out = Vec::new();
    let mut last: Option<(&str, &str)> = None;
    for row in rows {
        let outcome = (row.outcome.as_str(), row.unit.as_str());
        if last != Some(outcome) {
            let unit = if row.unit.is_empty() { String::new() } else { format!(" ({})", row.unit) };
            out.push(Row::Heading(format!("{}{unit}", row.outcome)));
            last = Some(outcome);
        }
        let mut cells = vec![Cell::text(&row.alternative)];
        cells.extend([row.baseline, row.level, row.difference].map(Cell::Number));
        if banded {
            cells.push(Cell::number(row.band.map(|band| band.0)));
            cells.push(Cell::number(row.band.map(|band| band.1)));
        }
        if likely {
            cells.push(Cell::number(row.probability_above));
        }
        out.push(Row::Cells(cells));
    }
    let notes = if likely {
        vec!["P is the share of parameter draws, the same for both runs, in which the difference is above zero.".into()]
    } else {
        Vec::new()
    };
    heading.table(columns, out, notes)
}

/// A pure number's unit is one.
fn unit_or_one(unit: &str) -> &str {
    if unit.is_empty() { "1" } else { unit }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heading(title: &str) -> Heading {
        Heading { title: title.into(), name: "t".into(), label: "tab:t".into(), notes: vec!["Data: yearbooks.".into()] }
    }

    fn text(table: &Table) -> String {
        let exhibit = table.exhibit().expect("a sound table");
        String::from_utf8(exhibit.file("txt").expect("text").to_vec()).expect("UTF-8")
    }

    #[test]
    fn estimates_say_what_is_at_a_bound_and_carry_stars_only_when_asked() {
        let row = |name: &str, estimate, error, at_bound| EstimateRow {
            name: name.into(),
            meaning: "mean time".into(),
            unit: "year".into(),
            prior: "lognormal(3, 0.5)".into(),
            estimate,
            standard_error: error,
            interval: error.map(|e| (estimate - 1.96 * e, estimate + 1.96 * e)),
            at_bound,
            spread_left: error.map(|_| 0.95),
        };
        let rows = [row("tau", 3.21234, Some(0.4), None), row("rho", 0.9, None, Some(Bound::Upper))];
        let plain = estimates_table(&heading("Estimates"), &rows, false);
        assert_eq!(
            text(&plain),
            "\
Estimates

                                                                     95 % interval
Parameter  Meaning    Unit  Prior              Estimate  Std. error  lower  upper  Spread left  At bound
--------------------------------------------------------------------------------------------------------
tau        mean time  year  lognormal(3, 0.5)     3.21        0.400   2.43   4.00        0.95†
rho        mean time  year  lognormal(3, 0.5)     0.900       –       –      –           –      upper

Data: yearbooks.
An estimate at a bound is where the search was stopped, not where the data put it.
A dash: the standard error or interval does not exist or was not computed.
Spread left: standard deviation over that of the prior, in the coordinate of the search.
† The data hardly speak: the estimate repeats its prior.
"
        );
        let starred = estimates_table(&heading("Estimates"), &rows, true);
        assert!(text(&starred).contains("3.21***"), "{}", text(&starred));
        assert!(text(&starred).contains("*** p < 0.01"));
    }

    #[test]
    fn fits_leave_out_an_empty_hold_out() {
        let fit = FitStatistics {
            observations: 24,
            r_squared: 0.913,
            rmse: 1236.7,
            mape: 0.081,
            theil_bias: 0.1,
            theil_variance: 0.2,
            theil_covariance: 0.7,
        };
        let row = |hold_out| FitRow {
            series: "Deals".into(),
            source: "Zero2IPO".into(),
            unit: "deal/year".into(),
            window: Some(fit),
            hold_out,
        };
        assert_eq!(fit_table(&heading("Fit"), &[row(None)]).columns.len(), 10);
        let both = fit_table(&heading("Fit"), &[row(None), row(Some(FitStatistics { r_squared: f64::NAN, ..fit }))]);
        assert_eq!(both.columns.len(), 17);
        let text = text(&both);
        assert!(text.contains("Zero2IPO  deal/year  24  0.91  1,237   8.1  0.10  0.20  0.70  24   –  1,237"), "{text}");
    }

    #[test]
    fn comparisons_group_and_align() {
        let quantity = Quantity::new("Unemployed", "person");
        let path = OutcomePath { label: "No funds".into(), levels: vec![110.0, 130.0], differences: vec![10.0] };
        let baseline = ("Baseline".to_string(), vec![100.0, 120.0]);
        let outcome = OutcomeColumn { quantity, baseline, alternatives: vec![path] };
        let table = annual_table(&heading("By year"), "Year", &[2014.0, 2015.0], &[outcome]);
        let missing = Row::Cells(vec![Cell::Number(2015.0), Cell::Number(120.0), Cell::Number(130.0), Cell::Missing]);
        assert_eq!(table.rows[1], missing);

        let change = |outcome: &str, alternative: &str, band| ChangeRow {
            outcome: outcome.into(),
            unit: "person".into(),
            alternative: alternative.into(),
            baseline: 1_900_000.0,
            level: 1_950_000.0,
            difference: 50_000.0,
            band,
            probability_above: band.map(|_| 0.973),
        };
        let rows =
            [change("Unemployed", "No funds", Some((12_000.0, 81_000.0))), change("Unemployed", "No campaign", None)];
        assert_eq!(
            text(&change_table(&heading("Changes"), &rows)),
            "\
Changes

                                               90 % band of the difference
Alternative   Baseline      Level  Difference   lower   upper  P(difference > 0)
--------------------------------------------------------------------------------
Unemployed (person)
No funds     1,900,000  1,950,000      50,000  12,000  81,000               0.97
No campaign  1,900,000  1,950,000      50,000       –       –               –

Data: yearbooks.
P is the share of parameter draws, the same for both runs, in which the difference is above zero.
"
        );
    }
}
