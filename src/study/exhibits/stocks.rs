//! The model's stocks by sector, and quantities of two cohorts side by side.

use super::Results;
use crate::calendar::{Fraction, Window};
use crate::compare::readings;
use crate::estimate::objective::{Gauge, Operator, Reading};
use crate::model::Definition;
use crate::present::{CohortRow, Cohorts, Exhibit, Head, Path, Quantity, Refusal, RunPanel, Sector, Stocks};

/// Every stock of the baseline, in small multiples under the model's own groups.
pub fn stocks(results: &Results) -> Result<Vec<Exhibit>, Refusal> {
    let model = results.prepared.checked.model();
    let mut sectors: Vec<Sector> = Vec::new();
    for variable in &model.variables {
        let stock = variable.equations.iter().any(|equation| matches!(equation.definition, Definition::Stock(_)));
        if !stock || variable.hidden {
            continue;
        }
        let name = variable.name.text();
        let paths: Vec<Path> = results
            .baseline
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| {
                column.name == name || column.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('['))
            })
            .map(|(number, column)| {
                let label = column.name.split_once('[').map_or("", |(_, rest)| rest.trim_end_matches(']'));
                let values = results.baseline.values.column(number).to_vec();
                Path::new(label, results.baseline.time.clone(), values)
            })
            .collect();
        let unit = variable.units.as_ref().map_or("", |units| dimensionless(&units.text));
        let panel = RunPanel { quantity: Quantity::new(name, unit), paths };
        let title = variable.group.clone().unwrap_or_else(|| "Stocks".to_owned());
        match sectors.iter_mut().find(|sector| sector.title == title) {
            Some(sector) => sector.panels.push(panel),
            None => sectors.push(Sector { title, panels: vec![panel] }),
        }
    }
    if sectors.is_empty() {
        return Ok(Vec::new());
    }
    let caption = format!("{}. The stocks of the model by sector, baseline at the estimates.", results.study.title);
    let frame = crate::present::Frame { periods: Vec::new(), rule: None, ..results.frame() };
    Stocks { head: Head::new("stocks", caption), frame, sectors }.draw()
}

fn dimensionless(unit: &str) -> &str {
    let plain = unit.trim();
    if plain.eq_ignore_ascii_case("dmnl") || plain.eq_ignore_ascii_case("dimensionless") { "" } else { plain }
}

/// Points of a path.
const POINTS: usize = 160;

/// Each quantity of the cohorts, a column for each cohort.
pub fn cohorts(results: &Results) -> Result<Vec<Exhibit>, Refusal> {
    let entries = &results.study.exhibits.cohorts;
    let Some(first) = entries.first() else { return Ok(Vec::new()) };
    let run = results.prepared.run;
    let times: Vec<f64> = (0..=POINTS).map(|k| run.start + run.length() * k as f64 / POINTS as f64).collect();
    let windows: Vec<Window> = times.iter().map(|time| Window::instant(*time)).collect();
    let level = Operator::Of(Reading::Level(Fraction::End));
    let gauges: Vec<Gauge> = entries
        .iter()
        .flat_map(|entry| &entry.groups)
        .map(|(_, quantity)| Gauge { quantity: quantity.expression.clone(), operator: level })
        .collect();
    let wanted: Vec<(&Gauge, Vec<Window>)> = gauges.iter().map(|gauge| (gauge, windows.clone())).collect();
    let read = readings(&results.prepared.checked, results.fixed, &results.prepared.design.settings, &wanted)
        .map_err(|found| super::fit::internal("cohorts", &found))?;
    let mut read = read.into_iter();
    let rows = entries
        .iter()
        .map(|entry| CohortRow {
            quantity: Quantity::new(entry.title.clone(), entry.unit.clone()),
            paths: entry
                .groups
                .iter()
                .map(|_| vec![Path::new("Baseline", times.clone(), read.next().unwrap_or_default())])
                .collect(),
        })
        .collect();
    let cohorts = first.groups.iter().map(|(label, _)| label.clone()).collect();
    let caption =
        format!("{}. The two groups of founders side by side, baseline at the estimates.", results.study.title);
    Cohorts { head: Head::new("cohorts", caption), frame: results.frame(), cohorts, rows }.draw()
}
