//! A replication package made again from its own copies, and whatever does not come out as recorded, by file, row and column.

use super::differences::{Difference, compare};
use super::within;
use crate::diagnostic::Diagnostic;
use crate::study::manifest::{Manifest, content_hash};
use crate::study::progress::Progress;
use crate::study::walk::{Order, walk};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Which package to make again, and how.
#[derive(Clone, Debug)]
pub struct Check {
    pub folder: PathBuf,
    /// Where it is made; beside the package where absent, and then it goes if nothing differs.
    pub out: Option<PathBuf>,
    /// Relative difference at which two numbers count as the same.
    pub tolerance: f64,
}

/// How the check went.
#[derive(Debug)]
pub struct Verified {
    pub title: String,
    /// Results compared, and the cells of their tables.
    pub files: usize,
    pub cells: usize,
    /// What could not be reproduced.
    pub findings: Vec<Diagnostic>,
    pub notes: Vec<Diagnostic>,
    /// Where the results made again stand, if they were kept.
    pub kept: Option<PathBuf>,
}

/// Differences of one file that are told one by one.
const TOLD: usize = 10;

/// Makes a package again and compares everything.
///
/// # Errors
/// A folder without a record, or what kept the study from ending.
pub fn verify(
    check: &Check,
    stop: &AtomicBool,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Verified, Vec<Diagnostic>> {
    let manifest = Manifest::read(&check.folder).ok_or_else(|| vec![no_record(&check.folder)])?;
    let mut found = inputs(&manifest, &check.folder);
    let mut notes = Vec::new();
    if manifest.version != env!("CARGO_PKG_VERSION") {
        let (old, new) = (&manifest.version, env!("CARGO_PKG_VERSION"));
        notes.push(
            Diagnostic::note("other-version", format!("the results are of levada {old}; this is levada {new}"))
                .help(format!("to rule the version out, use levada {old}")),
        );
    }
    let done = |found: Vec<Difference>, files, cells, notes, kept| Verified {
        title: manifest.title.clone(),
        files,
        cells,
        findings: told(&found),
        notes,
        kept,
    };
    let whole = !found.iter().any(|difference| matches!(difference, Difference::InputMissing { .. }));
    let Some(study) = manifest.inputs.first().filter(|_| whole) else {
        notes.push(
            Diagnostic::note("not-made-again", "without its inputs nothing can be made again")
                .help("put the files back as the record has them"),
        );
        return Ok(done(found, 0, 0, notes, None));
    };
    let out = check.out.clone().unwrap_or_else(|| beside(&check.folder));
    let order = Order { study: check.folder.join(&study.copy), out: Some(out.clone()), quick: manifest.quick };
    let again = match walk(&order, stop, progress) {
        Ok(again) => again.manifest,
        // Inputs that were changed until they can no longer be read are told as changed, and why.
        Err(mut errors) => {
            let changed = told(&found);
            errors.splice(0..0, changed);
            return Err(errors);
        }
    };
    progress(Progress::Step("comparing every number"));
    let (mut files, mut cells) = (0, 0);
    for output in &manifest.outputs {
        let file = &output.file;
        let made = again.outputs.iter().any(|other| &other.file == file);
        let read = |folder: &Path| std::fs::read(folder.join(file)).ok();
        match (read(&check.folder), read(&out).filter(|_| made)) {
            (None, _) => found.push(Difference::ResultMissing { file: file.clone() }),
            (Some(_), None) => found.push(Difference::NotMade { file: file.clone() }),
            (Some(recorded), Some(reproduced)) => {
                let (differences, compared) = compare(file, &recorded, &reproduced, check.tolerance);
                found.extend(differences);
                files += 1;
                cells += compared;
            }
        }
    }
    let listed = |file: &PathBuf| manifest.outputs.iter().any(|output| &output.file == file);
    let more = again.outputs.iter().filter(|output| !listed(&output.file));
    found.extend(more.map(|output| Difference::NotListed { file: output.file.clone() }));
    if !check.folder.join(super::README).is_file() {
        found.push(Difference::ResultMissing { file: super::README.into() });
    }
    // Within a tolerance the numbers agree, and what is drawn or printed from them may differ in its last digit.
    if check.tolerance > 0.0 && !found.iter().any(Difference::of_numbers) && !found.is_empty() {
        let message =
            format!("{} drawn or printed files differ, their numbers agree within the tolerance", found.len());
        notes.push(Diagnostic::note("drawn-otherwise", message).help("give --tolerance 0 to see them"));
        found.clear();
    }
    let keep = !found.is_empty() || check.out.is_some();
    if !keep {
        let _ = std::fs::remove_dir_all(&out);
    }
    Ok(done(found, files, cells, notes, keep.then_some(out)))
}

/// `out/zgc` is made again in `out/zgc-again`.
fn beside(folder: &Path) -> PathBuf {
    let full =
        std::path::absolute(folder).map_or_else(|_| folder.to_path_buf(), |path| crate::study::walk::plain(&path));
    let name = full.file_name().map_or_else(|| "package".into(), |name| name.to_string_lossy().into_owned());
    full.with_file_name(format!("{name}-again"))
}

/// Copies that are gone, or are not what the results were made from.
fn inputs(manifest: &Manifest, folder: &Path) -> Vec<Difference> {
    let all = manifest.inputs.iter().chain(&manifest.documents);
    all.filter_map(|input| {
        let file = input.copy.clone();
        match content_hash(&folder.join(&file)).filter(|_| within(&file)) {
            None => Some(Difference::InputMissing { file }),
            Some(hash) => (hash != input.sha256).then_some(Difference::InputChanged { file }),
        }
    })
    .collect()
}

fn no_record(folder: &Path) -> Diagnostic {
    let message = format!("{} is not a folder of results: it has no manifest.json that can be read", folder.display());
    Diagnostic::error("no-record", message).help("name the folder that `levada study` wrote")
}

/// Every difference in words, those of one file up to a number.
fn told(found: &[Difference]) -> Vec<Diagnostic> {
    let mut of_file: BTreeMap<&Path, usize> = BTreeMap::new();
    let mut told = Vec::new();
    for difference in found {
        let seen = of_file.entry(file(difference)).or_insert(0);
        *seen += 1;
        if *seen <= TOLD {
            told.push(words(difference));
        }
    }
    for (file, count) in of_file.into_iter().filter(|(_, count)| *count > TOLD) {
        let message = format!("{}: {} further values differ", file.display(), count - TOLD);
        told.push(Diagnostic::error("more-differences", message).help("compare the two files"));
    }
    told
}

fn file(difference: &Difference) -> &Path {
    match difference {
        Difference::InputMissing { file }
        | Difference::InputChanged { file }
        | Difference::ResultMissing { file }
        | Difference::NotMade { file }
        | Difference::NotListed { file }
        | Difference::Cell { file, .. }
        | Difference::Shape { file, .. }
        | Difference::Line { file, .. }
        | Difference::Bytes { file } => file,
    }
}

/// The only place where differences are worded.
fn words(difference: &Difference) -> Diagnostic {
    let name = file(difference).display();
    let (code, message, help) = match difference {
        Difference::InputMissing { .. } => (
            "input-missing",
            format!("{name} is gone: the results were made from it"),
            "put the file back as it was when the results were made",
        ),
        Difference::InputChanged { .. } => (
            "input-changed",
            format!("{name} is not the file that the results were made from"),
            "put the file back, or make the results anew with `levada study`",
        ),
        Difference::ResultMissing { .. } => {
            ("result-missing", format!("{name} is gone"), "make the results anew with `levada study`")
        }
        Difference::NotMade { .. } => (
            "result-not-made",
            format!("{name} is recorded but not made by the study"),
            "make the results anew with `levada study`",
        ),
        Difference::NotListed { .. } => (
            "result-not-recorded",
            format!("{name} is made by the study but not recorded"),
            "make the results anew with `levada study`",
        ),
        Difference::Cell { row, label, column, recorded, reproduced, .. } => (
            "value-differs",
            format!(
                "{name}, row {row} (`{label}`), column `{column}`: recorded {}, reproduced {}",
                or_nothing(recorded),
                or_nothing(reproduced)
            ),
            "the file, the inputs or the program were changed since; --tolerance allows for another machine",
        ),
        Difference::Shape { recorded, reproduced, .. } => (
            "table-differs",
            format!("{name}: recorded {recorded}, reproduced {reproduced}"),
            "the file, the inputs or the program were changed since",
        ),
        Difference::Line { line, recorded, reproduced, .. } => (
            "text-differs",
            format!("{name}, line {line}: recorded `{recorded}`, reproduced `{reproduced}`"),
            "the file, the inputs or the program were changed since",
        ),
        Difference::Bytes { .. } => (
            "file-differs",
            format!("{name} differs from what the study makes"),
            "the file, the inputs or the program were changed since",
        ),
    };
    Diagnostic::error(code, message).help(help)
}

fn or_nothing(cell: &str) -> &str {
    if cell.is_empty() { "nothing" } else { cell }
}

#[cfg(test)]
mod tests {
    use super::{Check, Verified, verify};
    use crate::diagnostic::{Diagnostic, render};
    use crate::study::manifest::Manifest;
    use crate::study::tutorial::tutorial;
    use crate::study::{Order, walk};
    use std::path::Path;
    use std::sync::atomic::AtomicBool;

    fn verified(folder: &Path) -> Result<Verified, Vec<Diagnostic>> {
        let check = Check { folder: folder.to_path_buf(), out: None, tolerance: 0.0 };
        verify(&check, &AtomicBool::new(false), &|_| {})
    }

    /// Findings without their help.
    fn told(folder: &Path) -> Vec<String> {
        let all = verified(folder).map_or_else(|found| found, |done| done.findings);
        all.iter().map(|finding| render(finding).lines().next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn a_package_comes_out_again_and_what_was_changed_is_named() {
        let folder = tutorial("verify", "[package]\nauthors = [\"A. Author\"]\n");
        std::fs::write(folder.join("data/SOURCES.md"), "# Where from\n\n`pelts.csv`: Hewitt (1921).\n").unwrap();
        let out = folder.join("out");
        let order = Order { study: folder.join("study.toml"), out: Some(out.clone()), quick: true };
        walk(&order, &AtomicBool::new(false), &|_| {}).unwrap();

        // The folder stands alone: the originals may go.
        for file in ["study.toml", "lynx-hare.mdl", "data/pelts.csv", "data/SOURCES.md"] {
            std::fs::remove_file(folder.join(file)).unwrap();
        }
        let whole = verified(&out).unwrap();
        assert_eq!(whole.findings.iter().map(render).collect::<String>(), "");
        assert!(whole.cells > 1000 && whole.files == Manifest::read(&out).unwrap().outputs.len(), "{whole:?}");
        assert!(!folder.join("out-again").exists());

        let readme = std::fs::read_to_string(out.join("README.md")).unwrap();
        for said in [
            "## Authors\n\nA. Author",
            "| Hare pelts | Hudson's Bay Company | `inputs/data/pelts.csv` | hare |",
            "#### Where from",
            "`pelts.csv`: Hewitt (1921).",
            "streams of the seed 1921",
            "| `figures/policies.pdf` | `levada study inputs/study.toml --quick` |",
            "levada study --verify .",
            "**To be filled in by the authors:** the licence of the data and of the study files (`licence` under `[package]`",
        ] {
            assert!(readme.contains(said), "{said}\n{readme}");
        }

        let kept = |file: &str| std::fs::read(out.join(file)).unwrap();
        let (table, data, figure) =
            (kept("tables/estimates.csv"), kept("inputs/data/pelts.csv"), kept("figures/fit.svg"));
        let text = String::from_utf8(table.clone()).unwrap();
        let number =
            text.lines().nth(1).and_then(|line| line.split(',').find(|cell| cell.starts_with("0.54"))).unwrap();
        std::fs::write(out.join("tables/estimates.csv"), text.replacen(number, "0.55", 1)).unwrap();
        std::fs::remove_file(out.join("figures/fit.svg")).unwrap();
        let found = told(&out);
        let column = text.lines().next().unwrap().split(',').nth(4).unwrap();
        let cell = format!(
            "error[value-differs]: tables/estimates.csv, row 1 (`birth rate`), column `{column}`: recorded 0.55, reproduced \
             {number}"
        );
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.contains(&cell), "{found:?} {cell}");
        assert!(found.contains(&"error[result-missing]: figures/fit.svg is gone".to_owned()), "{found:?}");
        std::fs::write(out.join("tables/estimates.csv"), table).unwrap();
        std::fs::write(out.join("figures/fit.svg"), figure).unwrap();

        // Changed data are named, and so are the numbers that follow from them.
        let changed = String::from_utf8(data.clone()).unwrap().replace("1900,30,", "1900,31,");
        std::fs::write(out.join("inputs/data/pelts.csv"), changed).unwrap();
        let found = told(&out);
        let input = "error[input-changed]: inputs/data/pelts.csv is not the file that the results were made from";
        assert!(found[0] == input && found.len() > 10, "{found:?}");
        assert!(found.iter().any(|line| line.starts_with("error[value-differs]: tables/estimates.csv, row 1")));
        std::fs::write(out.join("inputs/data/pelts.csv"), "year\n").unwrap();
        let found = told(&out);
        assert!(found[0] == input && found.len() > 1, "{found:?}");
        std::fs::remove_file(out.join("inputs/data/pelts.csv")).unwrap();
        assert_eq!(told(&out), ["error[input-missing]: inputs/data/pelts.csv is gone: the results were made from it"]);
        std::fs::remove_file(out.join("manifest.json")).unwrap();
        assert!(told(&out)[0].starts_with("error[no-record]"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
