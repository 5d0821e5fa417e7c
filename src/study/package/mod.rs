//! The folder of results as a replication package: copies of everything that was read, a list of exhibits with the command
//! that makes each, a README after the template of the Social Science Data Editors, and the check that all of it can be made
//! again. What the numbers are is decided elsewhere.

mod differences;
mod readme;
mod verify;

pub use verify::{Check, Verified, verify};

use super::manifest::{Hashed, Input, Listed, Machine, Manifest, content_hash};
use super::opened::Opened;
use super::walk::plain;
use crate::diagnostic::Diagnostic;
use crate::series::{write_file, write_text};
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// The folder of copies within the folder of results.
const INPUTS: &str = "inputs";
/// The file that says what the package is.
pub(super) const README: &str = "README.md";

/// What was copied into the package.
pub(super) struct Copies {
    pub inputs: Vec<Input>,
    /// What stands beside the data and says where they come from, and under which licence.
    pub documents: Vec<Input>,
    /// What keeps the copies from standing alone.
    pub remarks: Vec<String>,
}

/// Copies study, model, data and scenarios, and what is said of the data beside them, keeping their places to one another.
/// Copies that an earlier record lists and that are no longer read go.
pub(super) fn copy(opened: &Opened, earlier: Option<&Manifest>) -> Result<Copies, Vec<Diagnostic>> {
    let full = |path: &Path| std::path::absolute(path).map_or_else(|_| path.to_path_buf(), |path| plain(&path));
    let documents = documents(&opened.inputs);
    let all: Vec<PathBuf> = opened.inputs.iter().map(|input| full(&input.file)).collect();
    let root = common(&all);
    let place = |path: &Path| {
        let full = full(path);
        let inside = full.strip_prefix(&root).map_or_else(|_| below(&full), Path::to_path_buf);
        Path::new(INPUTS).join(inside)
    };
    let mut copies = Copies { inputs: Vec::new(), documents: Vec::new(), remarks: Vec::new() };
    for input in &opened.inputs {
        let copy = place(&input.file);
        put(&input.file, &opened.folder.join(&copy))?;
        copies.inputs.push(Input { file: input.file.clone(), sha256: input.sha256.clone(), copy });
    }
    for file in documents {
        let copy = place(&file);
        put(&file, &opened.folder.join(&copy))?;
        let sha256 = content_hash(&file).unwrap_or_default();
        copies.documents.push(Input { file, sha256, copy });
    }
    let kept: BTreeSet<&Path> = copies.inputs.iter().chain(&copies.documents).map(|c| c.copy.as_path()).collect();
    let before = earlier.iter().flat_map(|earlier| earlier.inputs.iter().chain(&earlier.documents));
    for old in before.filter(|old| !kept.contains(old.copy.as_path()) && within(&old.copy)) {
        let _ = std::fs::remove_file(opened.folder.join(&old.copy));
    }
    copies.remarks.extend(opened.study.data.iter().filter_map(|named| {
        let text = &opened.study.source.text;
        let written = text.get(named.path.span.range())?;
        let rooted = Path::new(written.trim_matches(['"', '\''])).is_absolute();
        rooted.then(|| {
            format!(
                "The study names {} from the root of the file system, so its copy here still reads it from there; a path \
                 relative to the study file would make the package stand alone",
                named.path.value.display()
            )
        })
    }));
    Ok(copies)
}

fn put(from: &Path, to: &Path) -> Result<(), Vec<Diagnostic>> {
    let bytes = std::fs::read(from).map_err(|error| {
        let message = format!("cannot copy {} into the package: {error}", from.display());
        vec![
            Diagnostic::error("input-gone", message)
                .help("the file was there when the work began: put it back and give the command again"),
        ]
    })?;
    // Run from within a package, a file is its own copy.
    if std::fs::read(to).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    write_file(to, |out| out.write_all(&bytes)).map_err(|fault| vec![fault.diagnostic()])
}

/// Whether a path stays below the folder it is joined to.
fn within(path: &Path) -> bool {
    path.starts_with(INPUTS) && path.components().all(|part| matches!(part, Component::Normal(_)))
}

/// A path from the root as one below a folder.
fn below(path: &Path) -> PathBuf {
    path.components().filter(|part| matches!(part, Component::Normal(_))).collect()
}

/// The deepest folder above all of these files.
fn common(files: &[PathBuf]) -> PathBuf {
    let mut folders = files.iter().map(|file| file.parent().unwrap_or(Path::new("")));
    let mut root: Vec<Component> = folders.next().map_or_else(Vec::new, |folder| folder.components().collect());
    for folder in folders {
        let same = folder.components().zip(&root).take_while(|(a, b)| a == *b).count();
        root.truncate(same);
    }
    root.iter().collect()
}

/// Files beside the inputs that speak of provenance and rights.
fn documents(inputs: &[Hashed]) -> Vec<PathBuf> {
    let folders: BTreeSet<&Path> = inputs.iter().map(|input| input.file.parent().unwrap_or(Path::new(""))).collect();
    let speaks = |name: &str| {
        let upper = name.to_uppercase();
        ["SOURCES", "LICENSE", "LICENCE", "CITATION"].iter().any(|known| upper.starts_with(known))
    };
    let mut found = Vec::new();
    for folder in folders {
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let Ok(entries) = std::fs::read_dir(here) else { continue };
        let files = entries.flatten().filter(|entry| entry.path().is_file());
        let mut names: Vec<String> = files.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.retain(|name| speaks(name));
        names.sort();
        found.extend(names.into_iter().map(|name| folder.join(name)));
    }
    found.retain(|file| !inputs.iter().any(|input| &input.file == file));
    found
}

/// Groups files into exhibits, in the order they were written, each with the command that makes it.
pub(super) fn exhibits(folder: &Path, parts: &[(&'static str, Vec<Hashed>)]) -> Vec<Listed> {
    let mut listed: Vec<Listed> = Vec::new();
    for (verb, outputs) in parts {
        for output in outputs {
            let place = output.file.parent().unwrap_or(Path::new("")).to_path_buf();
            let file = output.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let name = file.split('.').next().unwrap_or_default().to_owned();
            // What two steps write is the later one's.
            match listed.iter_mut().find(|known| known.folder == place && known.name == name) {
                Some(known) if known.verb == *verb => known.files.push(output.file.clone()),
                Some(known) => {
                    known.verb = (*verb).to_owned();
                    known.files = vec![output.file.clone()];
                }
                None => {
                    let files = vec![output.file.clone()];
                    let (caption, verb) = (String::new(), (*verb).to_owned());
                    listed.push(Listed { name, folder: place, caption, verb, files });
                }
            }
        }
    }
    for exhibit in &mut listed {
        exhibit.caption = caption(folder, exhibit);
    }
    listed.sort_by_key(|exhibit| exhibit.verb != "study");
    listed
}

/// The caption beside a figure, or the title of a table.
fn caption(folder: &Path, exhibit: &Listed) -> String {
    let read = |ending| exhibit.text(folder, ending);
    if let Some(text) = read("caption.txt") {
        return text.trim().to_owned();
    }
    let title = read("notes.txt").and_then(|text| text.lines().find(|line| !line.trim().is_empty()).map(str::to_owned));
    title.map_or_else(|| "Numbers of every saved row".to_owned(), |title| title.trim().to_owned())
}

/// Writes the README of a package.
pub(super) fn write_readme(opened: &Opened, manifest: &Manifest) -> Result<(), Vec<Diagnostic>> {
    let text = readme::readme(&opened.study, manifest, &opened.folder);
    write_text(&opened.folder.join(README), &text).map_err(|fault| vec![fault.diagnostic()])
}

/// The machine at hand.
pub(super) fn machine() -> Machine {
    let threads = rayon::current_num_threads();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok());
    Machine {
        system: std::env::consts::OS.to_owned(),
        architecture: std::env::consts::ARCH.to_owned(),
        processors: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        threads,
        peak_memory: peak.map(|kilobytes: u64| kilobytes * 1024),
    }
}

#[cfg(test)]
mod tests {
    use super::{common, within};
    use std::path::{Path, PathBuf};

    #[test]
    fn copies_keep_their_places_and_stay_inside() {
        let of = |files: &[&str]| common(&files.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(of(&["/a/b/study.toml", "/a/b/data/x.csv"]), Path::new("/a/b"));
        assert_eq!(of(&["/a/calibration/z/study.toml", "/a/models/z/z.mdl"]), Path::new("/a"));
        assert_eq!(of(&["/a/s.toml", "/b/m.mdl"]), Path::new("/"));
        for (path, inside) in
            [("inputs/data/x.csv", true), ("inputs/../x.csv", false), ("/inputs/x", false), ("figures/x.svg", false)]
        {
            assert_eq!(within(Path::new(path)), inside, "{path}");
        }
    }
}
