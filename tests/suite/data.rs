//! The data of the Zhongguancun studies: every row has a source, nothing is from memory, and the drivers follow from what
//! stands beside them.

use levada::calendar::Calendar;
use levada::model::Definition;
use levada::series::{DataFile, open_text, read_observations};
use std::collections::HashMap;
use std::path::PathBuf;

const STUDIES: [(&str, [&str; 5]); 2] = [
    ("zgc", ["finance.csv", "zgc.csv", "labour.csv", "macro.csv", "drivers.csv"]),
    ("zgc-core", ["finance.csv", "zgc.csv", "labour.csv", "macro.csv", "firms.csv"]),
];

fn folder(study: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("calibration").join(study).join("data")
}

fn read(study: &str, file: &str) -> DataFile {
    let source = open_text(&folder(study).join(file)).expect("the file is shipped");
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
    for (study, files) in STUDIES {
        let list = std::fs::read_to_string(folder(study).join("SOURCES.md")).expect("the list is shipped");
        let known: Vec<&str> =
            list.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next()).map(str::trim).collect();
        for file in files {
            let data = read(study, file);
            for series in &data.series {
                for observation in &series.observations {
                    let (name, label) = (&series.name, &observation.label);
                    for source in observation.source.split(", ") {
                        assert!(known.contains(&source), "{study}, {file}: {name} {label} names {source}");
                    }
                }
            }
            let text = data.source.text.to_lowercase();
            assert!(!text.contains("recalled") && !text.contains("from memory"), "{study}, {file}");
        }
    }
}

/// The knots of a lookup table over time, by the year in the middle of which each lies.
fn table(path: &'static str, name: &str) -> HashMap<i32, f64> {
    let model = crate::models::model(path).model();
    let found = model.variables.iter().find(|variable| variable.name.text() == name).expect("the table exists");
    let Definition::Lookup(lookup) = &found.equations[0].definition else { panic!("{name} is no lookup") };
    lookup.points.iter().map(|(time, value)| (time.floor() as i32, *value)).collect()
}

#[test]
fn the_tables_of_the_compact_model_follow_from_the_record() {
    const CORE: &str = "models/zgc-core/zgc-core.mdl";
    let near = |name: &str, year: i32, given: f64, derived: f64, half_a_digit: f64| {
        assert!((given - derived).abs() <= half_a_digit, "{name} {year}: {given} against {derived}");
    };
    let (drivers, labour, firms) =
        (read("zgc", "drivers.csv"), read("zgc", "labour.csv"), read("zgc-core", "firms.csv"));
    let of = |data: &DataFile, series: &str, year: i32| value(data, series, year).expect("the year is recorded");
    let (output, cycle, growth, climate) = (
        table(CORE, "log gdp table"),
        table(CORE, "cycle table"),
        table(CORE, "lf growth table"),
        table(CORE, "log climate table"),
    );
    for year in 1999..=2025 {
        near("gdp", year, output[&year], of(&drivers, "gdp", year).ln(), 5.1e-9);
    }
    for year in 1999..=2022 {
        near("cycle", year, cycle[&year], of(&drivers, "nasdaq_cycle", year), 0.0056);
    }
    let people = |year| of(&labour, "urban_population", year);
    for year in 1999..=2023 {
        near("lf growth", year, growth[&year], (people(year + 1) / people(year - 1)).ln() / 2.0, 5.1e-5);
    }
    let registered = |year| of(&firms, "new_llc_registrations_wb", year) / of(&firms, "new_llc_registrations_wb", 2013);
    for year in 1999..=2023 {
        let derived = match year {
            ..2010 => registered(2010).ln() + 1.04_f64.ln() * f64::from(year - 2010),
            2010..=2020 => registered(year).ln(),
            _ => registered(2020).ln(),
        };
        near("climate", year, climate[&year], derived, 5.1e-7);
    }
}

/// The points of a table of `models/zgc/zgc.mdl` that lie on calendar years, by year.
fn table_of_model(name: &str) -> Vec<(i32, f64)> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models/zgc/zgc.mdl");
    let text = std::fs::read_to_string(path).expect("the model is shipped");
    let (_, after) = text.split_once(&format!("\n{name}(\n")).expect("the table is there");
    let (body, _) = after.split_once('~').expect("a table ends with its unit");
    let body = body.split_once(']').expect("a table begins with its frame").1.replace(['\\', '\n', '\t'], "");
    let pairs = body.split('(').filter_map(|pair| pair.split_once(')').map(|(pair, _)| pair));
    pairs
        .filter_map(|pair| {
            let (time, value) = pair.split_once(',')?;
            Some(((time.trim().parse::<f64>().ok()? - 0.5) as i32, value.trim().parse().ok()?))
        })
        .collect()
}

#[test]
fn output_in_the_model_is_that_of_the_record() {
    let (drivers, table) = (read("zgc", "drivers.csv"), table_of_model("log gdp table"));
    let compared = table.iter().filter(|(year, _)| *year <= 2025);
    for (year, logarithm) in compared.clone() {
        let recorded = value(&drivers, "gdp", *year).unwrap_or_else(|| panic!("{year} is missing"));
        // Whole bn CNY, but for the two years that are derived.
        let rounding = if matches!(year, 2019 | 2020) { 5.001e-9 * recorded } else { 0.501 };
        assert!((logarithm.exp() - recorded).abs() <= rounding, "{year}: {} against {recorded}", logarithm.exp());
    }
    assert_eq!(compared.count(), 32);
}

#[test]
fn the_drivers_follow_from_the_record() {
    let (drivers, macroeconomy, labour) =
        (read("zgc", "drivers.csv"), read("zgc", "macro.csv"), read("zgc", "labour.csv"));
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
