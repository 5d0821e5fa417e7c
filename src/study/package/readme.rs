//! The README of a replication package, in the order of the Social Science Data Editors' template (Vilhuber, Connolly,
//! Koren, Llull and Morrow, "A template README for social science replication packages", v1.1, 2022), filled from the study
//! and its record. What only the authors can say is marked to be filled in.

use crate::study::entry::{Data, Study};
use crate::study::manifest::{Input, Manifest};
use std::path::Path;

/// The text of the README.
pub fn readme(study: &Study, manifest: &Manifest, folder: &Path) -> String {
    let parts = [
        overview(study, manifest),
        availability(study, manifest, folder),
        files(manifest),
        computation(manifest, folder),
        programs(study, manifest),
        instructions(manifest),
        exhibits(manifest),
        assumptions(manifest),
        references(manifest),
    ];
    parts.join("\n")
}

/// What the authors have to say themselves; the study file's `[package]` says it for every run.
fn blank(what: &str, key: &str) -> String {
    format!("> **To be filled in by the authors:** {what} (`{key}` under `[package]` in the study file).")
}

fn or_blank(text: &str, what: &str, key: &str) -> String {
    if text.trim().is_empty() { blank(what, key) } else { text.trim().to_owned() }
}

/// Text as a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(head.iter().map(|cell| (*cell).to_owned()).collect());
    text += &line(head.iter().map(|_| "---".to_owned()).collect());
    text.extend(rows.into_iter().map(|row| line(row.iter().map(|text| cell(text)).collect())));
    text
}

fn code(path: &Path) -> String {
    format!("`{}`", slashed(path))
}

/// A path as every system reads it.
fn slashed(path: &Path) -> String {
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn study_file(manifest: &Manifest) -> String {
    manifest.inputs.first().map_or_else(|| "inputs/study.toml".to_owned(), |input| slashed(&input.copy))
}

fn overview(study: &Study, manifest: &Manifest) -> String {
    let authors = study.package.authors.join(", ");
    let mut text = format!("# Replication package: {}\n\n", study.title);
    text += &format!("## Authors\n\n{}\n\n", or_blank(&authors, "names of the authors", "authors"));
    if !study.package.paper.is_empty() {
        text += &format!("Paper: {}\n\n", study.package.paper);
    }
    text += "## Overview\n\n";
    if !study.question.trim().is_empty() {
        text += &format!("{}\n\n", study.question.trim());
    }
    text += &format!(
        "One program, Levada {}, reads the study file `{}`, the model and the data that it names, and makes every number, \
         figure and table of this folder. It runs about {} on the machine described below. `manifest.json` records the \
         SHA-256 of every input and output.\n",
        manifest.version,
        study_file(manifest),
        duration(manifest.timings.iter().map(|(_, seconds)| seconds).sum()),
    );
    if manifest.quick {
        text += "\n> **These are results of a quick run** (`--quick`): fewer starts and a longer step. Do not publish them.\n";
    }
    text
}

fn availability(study: &Study, manifest: &Manifest, folder: &Path) -> String {
    let mut text = "## Data availability and provenance statements\n\n### Statement about rights\n\n".to_owned();
    text += &or_blank(
        &study.package.rights,
        "that the authors have legitimate access to the data and permission to use and to redistribute them",
        "rights",
    );
    text += "\n\n### Licence\n\n";
    text += &or_blank(&study.package.licence, "the licence of the data and of the study files", "licence");
    text += "\n\n### Summary of availability\n\nAll data that the results rest on are in this folder.\n\n";
    text += "### What is observed, and where it stands\n\n";
    let rows = study.observe.iter().map(|entry| {
        let (place, series) = match &entry.data {
            Data::Here(values) => ("the study file".to_owned(), format!("{} values written there", values.len())),
            Data::File { series, .. } => {
                let path = study.data.iter().find(|named| named.name == series.file.value);
                let path = path.map_or_else(|| study.folder.join(&series.file.value), |named| named.path.value.clone());
                (copied(manifest, &path), series.series.value.clone())
            }
        };
        let kind = if entry.judgement { "judgement of the authors" } else { entry.vendor.as_str() };
        vec![entry.name.value.clone(), kind.to_owned(), place, series]
    });
    text += &table(&["observation", "source", "file", "series"], rows);
    if study.observe.is_empty() {
        text += "\nThe study estimates nothing from data.\n";
    }
    let speaking: Vec<&Input> = manifest.documents.iter().filter(|input| names_sources(&input.copy)).collect();
    text += "\n### Details of each source\n\n";
    if speaking.is_empty() {
        text += "> **To be filled in by the authors:** provenance, citation, date of access and licence of each source, in a \
                 file `SOURCES.md` beside the data; it is then copied here.\n";
    }
    for input in speaking {
        let said = std::fs::read_to_string(folder.join(&input.copy)).unwrap_or_default();
        text += &format!("As {} says:\n\n{}\n", code(&input.copy), demoted(&said));
    }
    text
}

fn names_sources(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().to_uppercase().starts_with("SOURCES"))
}

/// Where a file of the study lies in the package.
fn copied(manifest: &Manifest, path: &Path) -> String {
    let plain = crate::study::walk::plain(path);
    let input = manifest.inputs.iter().find(|input| input.file == plain);
    input.map_or_else(|| code(&plain), |input| code(&input.copy))
}

/// Headings three levels down, so that a page stands within a section.
fn demoted(text: &str) -> String {
    let mut within_code = false;
    let lines = text.trim().lines().map(|line| {
        within_code ^= line.starts_with("```");
        if line.starts_with('#') && !within_code { format!("###{line}") } else { line.to_owned() }
    });
    lines.map(|line| line + "\n").collect()
}

fn files(manifest: &Manifest) -> String {
    let rows = manifest.inputs.iter().chain(&manifest.documents);
    let rows = rows.map(|input| vec![code(&input.copy), "yes".to_owned(), format!("`{}`", input.sha256)]);
    format!("## Dataset and model list\n\n{}", table(&["file", "provided", "SHA-256"], rows))
}

fn computation(manifest: &Manifest, folder: &Path) -> String {
    let machine = &manifest.machine;
    let mut text = "## Computational requirements\n\n### Software\n\n".to_owned();
    text += &format!(
        "- Levada {}, one program without further requirements: no Python, R or Stata, no system library, no font. With Rust \
         1.92 or later, `cargo install --path .` in its source folder builds it.\n",
        manifest.version
    );
    text += "\n### Controlled randomness\n\n";
    text += &format!(
        "All random numbers come from numbered streams of the seed {}, set as `seed` under `[run]` in `{}`. Results do not \
         depend on the number of threads.\n",
        manifest.seed,
        study_file(manifest)
    );
    text += "\n### Numerical method\n\n";
    text += &format!("Method {}, step {}; {} starts of the search", manifest.method, manifest.step, manifest.starts);
    text += &format!(". Integration error: {}.\n", manifest.integration_error);
    text += "\n### Memory, run time and storage\n\n";
    text += &format!(
        "Last run on {}, {} {} with {} processors, {} threads",
        manifest.begun, machine.system, machine.architecture, machine.processors, machine.threads
    );
    if let Some(bytes) = machine.peak_memory {
        text += &format!(", {:.0} MB of memory at most", bytes as f64 / 1e6);
    }
    let stored: u64 =
        manifest.outputs.iter().filter_map(|out| std::fs::metadata(folder.join(&out.file)).ok()).map(|m| m.len()).sum();
    text += &format!(". Results take {:.1} MB.\n\n", stored as f64 / 1e6);
    let rows = manifest.timings.iter().map(|(step, seconds)| vec![step.clone(), duration(*seconds)]);
    text += &table(&["step", "time"], rows);
    text
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => "less than a second".to_owned(),
        s if s < 120.0 => format!("{s:.0} seconds"),
        s if s < 7200.0 => format!("{:.0} minutes", s / 60.0),
        s => format!("{:.1} hours", s / 3600.0),
    }
}

fn programs(study: &Study, manifest: &Manifest) -> String {
    let mut text = "## Description of programs\n\n".to_owned();
    text += &format!(
        "- `{}`: the study: data, how each series observes the model, parameters with priors, policies, outcomes.\n",
        study_file(manifest)
    );
    text += &format!("- {}: the model, every equation with its unit.\n", copied(manifest, &study.model.value));
    text += "- `figures/`: each figure as SVG, PDF and PNG, with caption (`.caption.txt`) and alternative text (`.alt.txt`).\n\
             - `tables/`: each table as CSV with every digit, LaTeX and text.\n\
             - `report.html`: the study on one page, without network or scripts.\n\
             - `manifest.json`: the record from which this file is filled.\n";
    text
}

fn instructions(manifest: &Manifest) -> String {
    let study = study_file(manifest);
    let quick = if manifest.quick { " --quick" } else { "" };
    format!(
        "## Instructions to replicators\n\nIn this folder, make everything again into another folder:\n\n```\nlevada study \
         {study}{quick} --out replicated\n```\n\nor make it again and compare every number with those here:\n\n```\nlevada study \
         --verify .\n```\n\nThe second command names each file, row and column that differs, with both values; its exit status \
         is 0 when nothing differs and 1 otherwise.\n"
    )
}

fn exhibits(manifest: &Manifest) -> String {
    let study = study_file(manifest);
    let quick = if manifest.quick { " --quick" } else { "" };
    let rows = manifest.exhibits.iter().map(|exhibit| {
        let file =
            exhibit.files.iter().find(|file| file.extension().is_some_and(|ending| ending == "pdf" || ending == "csv"));
        let file = file.or(exhibit.files.first()).map_or_else(String::new, |file| code(file));
        let command = match exhibit.verb.as_str() {
            "study" => format!("`levada study {study}{quick}`"),
            verb => format!("`levada {verb} {study}{quick}`, a step of `levada study`"),
        };
        vec![exhibit.caption.clone(), file, command]
    });
    format!(
        "## List of tables and figures\n\n{}\nThe numbers behind each figure stand in the tables of its step.\n",
        table(&["exhibit", "file", "command"], rows)
    )
}

fn assumptions(manifest: &Manifest) -> String {
    if manifest.remarks.is_empty() {
        return String::new();
    }
    let lines: String = manifest.remarks.iter().map(|remark| format!("- {}\n", cell(remark))).collect();
    format!("## What the results rest on\n\n{lines}")
}

fn references(manifest: &Manifest) -> String {
    format!(
        "## References\n\n- The Levada developers. *Levada: simulates, calibrates and compares stock-and-flow models*, version \
         {}, 2026.\n- Vilhuber, L., Connolly, M., Koren, M., Llull, J., and Morrow, P. *A template README for social science \
         replication packages*, v1.1, 2022. https://doi.org/10.5281/zenodo.7293838\n",
        manifest.version
    )
}
