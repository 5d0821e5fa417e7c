//! The data of the Zhongguancun study: every row has a source, nothing is from memory, and the drivers follow from what
//! stands beside them.

use levada::calendar::Calendar;
use levada::series::{DataFile, open_text, read_observations};
use std::path::PathBuf;

const FILES: [&str; 5] = ["finance.csv", "zgc.csv", "labour.csv", "macro.csv", "drivers.csv"];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("calibration/zgc/data")
}

fn read(file: &str) -> DataFile {
    let source = open_text(&folder().join(file)).expect("the file is shipped");
    let (data, faults) = read_observations(&source, &Calendar::Years);
    assert_eq!(faults, [], "{file}");
    data
}

/// The value of a series in a year.
fn value(data: &DataFile, series: &str, year: i32) -> Option<f64> {
    let observations = &data.series(series)?.observations;
    observations.iter().find(|observation| observation.window.start == f64::from(year)).map(|found| found.value)
}

#[test]
fn every_row_names_a_source_of_the_list_and_none_is_from_memory() {
    let list = std::fs::read_to_string(folder().join("SOURCES.md")).expect("the list is shipped");
    let known: Vec<&str> =
        list.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next()).map(str::trim).collect();
    for file in FILES {
        let data = read(file);
        for series in &data.series {
            for observation in &series.observations {
                for source in observation.source.split(", ") {
                    assert!(known.contains(&source), "{file}: {} {} names {source}", series.name, observation.label);
                }
            }
        }
        let text = data.source.text.to_lowercase();
        assert!(!text.contains("recalled") && !text.contains("from memory"), "{file}");
    }
}

#[test]
fn the_drivers_follow_from_the_record() {
    let (drivers, macroeconomy, labour) = (read("drivers.csv"), read("macro.csv"), read("labour.csv"));
    let given = |series: &str, year: i32| value(&drivers, series, year);
    let recorded = |series: &str, year: i32| value(&macroeconomy, series, year).expect("the year is recorded");
    let near = |series: &str, year: i32, derived: f64, half_a_digit: f64| {
        let given = given(series, year).unwrap_or_else(|| panic!("{series} {year} is missing"));
        assert!((given - derived).abs() <= half_a_digit, "{series} {year}: {given} against {derived}");
    };
    for year in 1994..=2025 {
        let output = match year {
            2019 | 2020 => recorded("gdp_nominal_usd", year) * recorded("usd_cny", year),
            _ => recorded("gdp_nominal_cny", year),
        };
        near("gdp", year, output, 0.0501);
    }
    let people = |year: i32| value(&labour, "urban_population", year).expect("the year is recorded");
    for year in 1994..=2022 {
        near("lf_growth", year, (people(year + 2) / people(year - 3)).ln() / 5.0, 0.0000501);
    }
    let fitted: Vec<(f64, f64)> =
        (1993..=2022).map(|year| (f64::from(year), recorded("nasdaq_composite_average", year).ln())).collect();
    let count = fitted.len() as f64;
    let (x, y) = fitted.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let slope = fitted.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>()
        / fitted.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>();
    assert!((slope - 0.08107).abs() < 5e-6, "{slope}");
    for year in 1994..=2022 {
        let trend = (y + slope * (f64::from(year) - x)).exp();
        near("nasdaq_cycle", year, recorded("nasdaq_composite_average", year) / trend, 0.000501);
    }
    for year in 1994..=2023 {
        near("consumption_share", year, recorded("household_consumption_gdp", year) / 100.0, 0.0000501);
    }
}
