//! Searches for policies: what a study's `[[search]]` asks, and the same held against the model.

use super::Study;
use super::constants::Constants;
use super::document::{Fields, Located};
use super::entry::{AimEntry, LeverEntry, LimitEntry, SearchEntry};
use super::fault::{Fault, Finding};
use crate::compare::search::{Aim, Judge, Lever, Limit, Search};

/// Policies tried, and draws each meets, where the file does not say.
const POLICIES: u64 = 1000;
const DRAWS: u64 = 20;

/// A search that a study asks for, ready to be run.
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedSearch {
    pub name: String,
    pub title: String,
    /// Names of the outcomes that aims and limits count among.
    pub outcomes: Vec<String>,
    pub search: Search,
    pub draws: usize,
}

pub(super) fn entry(table: &Fields) -> Option<SearchEntry> {
    let name = table.required("name", table.text("name"));
    let title = table.text("title").map(|title| title.value);
    let aims: Vec<AimEntry> = table.tables("aim").iter().filter_map(aim).collect();
    let aims = if table.has("aim") { Some(aims) } else { table.required("aim", None) };
    let limits = table.tables("limit").iter().filter_map(limit).collect();
    let levers = table.required("levers", table.table("levers"));
    let levers = levers.map(|levers| levers.names().into_iter().filter_map(|name| lever(&levers, name)).collect());
    let policies = table.count("policies", 1).map_or(POLICIES, |count| count.value) as usize;
    let draws = table.count("draws", 1).map_or(DRAWS, |count| count.value) as usize;
    let name = name?;
    let title = title.unwrap_or_else(|| name.value.clone());
    Some(SearchEntry { name, title, aims: aims?, limits, levers: levers?, policies, draws })
}

fn aim(table: &Fields) -> Option<AimEntry> {
    const JUDGES: &[(&str, Judge)] =
        &[("expected", Judge::Expected), ("quantile", Judge::Quantile(0.9)), ("regret", Judge::Regret)];
    let outcome = table.required("outcome", table.text("outcome"));
    let most = table.required("direction", table.choice("direction", &[("most", true), ("least", false)]));
    let judge = table.choice("judge", JUDGES).map_or(Judge::Expected, |judge| judge.value);
    let judge = match judge {
        Judge::Quantile(usual) => Judge::Quantile(share(table, usual)),
        other => {
            table.know(&["share"]);
            other
        }
    };
    Some(AimEntry { outcome: outcome?, most: most?.value, judge })
}

/// The share of draws that a quantile is no worse than.
fn share(table: &Fields, usual: f64) -> f64 {
    let Some(share) = table.number("share") else { return usual };
    if !(0.0..=1.0).contains(&share.value) {
        table.report(Fault::NotAShare { key: "share", value: share.value }, share.span);
    }
    share.value
}

fn limit(table: &Fields) -> Option<LimitEntry> {
    let outcome = table.required("outcome", table.text("outcome"));
    let (most, least) = (table.number("at-most"), table.number("at-least"));
    if let (Some(_), Some(second)) = (&most, &least) {
        table.report(Fault::Either { first: "at-most", second: "at-least" }, second.span);
    }
    let (value, least) = match (most, least) {
        (Some(most), _) => (Some(most.value), false),
        (None, Some(least)) => (Some(least.value), true),
        (None, None) => (table.required("at-most", None), false),
    };
    Some(LimitEntry { outcome: outcome?, value: value?, least })
}

/// `"switch"`, or `{ from = 0, to = 2 }`.
fn lever(levers: &Fields, name: Located<String>) -> Option<LeverEntry> {
    if levers.is_text(&name.value) {
        let text = levers.text_of(&name.value)?;
        if text.value != "switch" {
            let fault =
                Fault::UnknownChoice { key: "levers", text: text.value, nearest: None, choices: vec!["switch"] };
            levers.report(fault, text.span);
            return None;
        }
        return Some(LeverEntry { constant: name, low: 0.0, high: 1.0, switch: true });
    }
    let bounds = levers.table_of(&name.value)?;
    let low = bounds.required("from", bounds.number("from"));
    let high = bounds.required("to", bounds.number("to"));
    let (low, high) = (low?, high?);
    if low.value >= high.value {
        bounds.report(Fault::LeverRange { low: low.value, high: high.value }, high.span);
    }
    Some(LeverEntry { constant: name, low: low.value, high: high.value, switch: false })
}

/// The searches of a study. Outcomes are held against the study elsewhere.
pub(super) fn searches(study: &Study, constants: &Constants, findings: &mut Vec<Finding>) -> Vec<PreparedSearch> {
    let mut all = Vec::new();
    for entry in &study.searches {
        let mut outcomes: Vec<String> = Vec::new();
        let mut place = |name: &Located<String>| {
            outcomes.iter().position(|known| *known == name.value).unwrap_or_else(|| {
                outcomes.push(name.value.clone());
                outcomes.len() - 1
            })
        };
        let aim = |each: &AimEntry, outcome| Aim { outcome, most: each.most, judge: each.judge };
        let aims = entry.aims.iter().map(|each| aim(each, place(&each.outcome))).collect();
        let limit = |each: &LimitEntry, outcome| Limit { outcome, value: each.value, least: each.least };
        let limits = entry.limits.iter().map(|each| limit(each, place(&each.outcome))).collect();
        let mut levers = Vec::new();
        for lever in &entry.levers {
            match constants.resolve(&lever.constant.value) {
                Ok(constant) => {
                    let (low, high, switch) = (lever.low, lever.high, lever.switch);
                    levers.push(Lever { constant: constant.name.clone(), low, high, switch });
                }
                Err(fault) => findings.push(Finding::new(fault, &study.source, lever.constant.span)),
            }
        }
        let search = Search { levers, aims, limits, policies: entry.policies, seed: study.run.seed };
        let (name, title) = (entry.name.value.clone(), entry.title.clone());
        all.push(PreparedSearch { name, title, outcomes, search, draws: entry.draws });
    }
    all
}
