//! What the benchmarks run: models read from files or written for a size, their programs and members.

#![allow(dead_code)] // each benchmark uses a part

pub mod written_out;

use levada::check::{CheckedModel, check};
use levada::compile::{Landing, Outputs, Program, Request, compile};
use levada::diagnostic::Source;
use levada::parse;
use levada::simulate::Member;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A model's text by its path in the repository.
pub fn text_of(path: &str) -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (path, text)
}

/// From text to a program that saves these outputs, all if there are none. Steps keep to the grid, as in the programs
/// that it is compared with.
pub fn program(path: &Path, text: &str, outputs: &[&str]) -> Program {
    let checked = checked(path, text);
    let outputs = match outputs {
        [] => Outputs::All,
        names => Outputs::Chosen(names.iter().map(|name| (*name).to_owned()).collect()),
    };
    let request = Request { landing: Landing::Grid, outputs, ..Request::default() };
    compile(&checked, &request).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// The checked model of a text.
pub fn checked(path: &Path, text: &str) -> CheckedModel {
    let source: Arc<Source> = Source::new(path, text);
    let (model, _) = parse::vensim::read(&source, path.parent().unwrap_or(Path::new("")));
    let (checked, findings) = check(&source, model, &HashMap::new());
    checked.unwrap_or_else(|| panic!("{findings:#?}"))
}

/// Members that differ in about `varied` constants, by up to half a per cent each.
pub fn members(program: &Program, count: u64, varied: usize) -> Vec<Member> {
    let control = |name: &str| ["INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER"].contains(&name);
    let eligible: Vec<(usize, f64)> = (program.constants.iter().enumerate())
        .filter(|(_, constant)| !control(&constant.name) && !constant.structural && constant.value != 0.0)
        // Dates and switches are not varied: they would give each member steps of its own.
        .filter(|(_, constant)| constant.value.abs() < 1000.0 && constant.value != 1.0)
        .map(|(number, constant)| (number, constant.value))
        .collect();
    let stride = (eligible.len() / varied.max(1)).max(1);
    let chosen: Vec<(usize, f64)> = eligible.into_iter().step_by(stride).take(varied).collect();
    (0..count)
        .map(|number| {
            let share = (number as f64 * 0.618_033_988_749_895).fract() * 0.01 - 0.005;
            Member { number, changes: chosen.iter().map(|(index, value)| (*index, value * (1.0 + share))).collect() }
        })
        .collect()
}

/// A model of `sectors` equal sectors with ten variables each, in Vensim's format: a chain of stocks with goals,
/// adjustment times, capacity limits and a table.
pub fn sectors(sectors: usize, steps: usize) -> String {
    let mut text = String::from("{UTF-8}\n");
    for k in 0..sectors {
        let before = (k + sectors - 1) % sectors;
        let equations = [
            format!("stock {k}= INTEG (inflow {k} - outflow {k}, initial {k})"),
            format!("initial {k}= {}", 80 + 7 * (k % 6)),
            format!("inflow {k}= MAX(0, replacement {k} + adjustment {k})"),
            format!("outflow {k}= stock {k}/lifetime {k}*use {k}"),
            format!("replacement {k}= outflow {before}*0.5 + outflow {k}*0.5"),
            format!("adjustment {k}= (goal {k} - stock {k})/4"),
            format!("goal {k}= initial {k}*(1 + 0.2*EXP(-Time/50))*(stock {before}/initial {before})^0.3"),
            format!("use {k}= use table {k}(stock {k}/goal {k})"),
            format!("use table {k}([(0,0)-(2,2)],(0,0.2),(0.5,0.7),(0.8,0.9),(1,1),(1.3,1.1),(2,1.2))"),
            format!("lifetime {k}= {}", 8 + k % 5),
        ];
        for equation in equations {
            text.push_str(&format!("{equation}\n\t~\t\n\t~\t\n\t|\n\n"));
        }
    }
    for (name, value) in [("INITIAL TIME", 0.0), ("FINAL TIME", steps as f64 * 0.25), ("TIME STEP", 0.25)] {
        text.push_str(&format!("{name} = {value}\n\t~\t\n\t~\t\n\t|\n\n"));
    }
    text.push_str("SAVEPER = TIME STEP\n\t~\t\n\t~\t\n\t|\n");
    text
}
