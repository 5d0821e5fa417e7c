//! Figures from a description in TOML and tables of results in CSV, without model or study: for whoever arranges a paper's
//! exhibits by hand. A column becomes a path, a band, a bar; how figures look is decided in `present`.

mod columns;
mod described;
mod drawn;

use super::document::{Notebook, with_document};
use super::scenario::folder;
use crate::diagnostic::Diagnostic;
use crate::series::{open_text, write_file};
use columns::Tables;
use std::path::{Path, PathBuf};

/// Figures that were drawn.
#[derive(Debug)]
pub struct Figures {
    pub written: Vec<PathBuf>,
    pub notes: Vec<Diagnostic>,
}

/// Draws every figure that a file describes into a folder; paths of the file start at its own.
///
/// # Errors
/// Every fault of the file and of the tables that it names, in one run; then nothing is written.
pub fn draw_figures(file: &Path, out: &Path) -> Result<Figures, Vec<Diagnostic>> {
    let source = open_text(file).map_err(|fault| vec![fault.diagnostic()])?;
    let notebook = Notebook::new(&source);
    let described = with_document(&notebook, described::figures);
    let mut findings = notebook.into_findings();
    findings.sort_by_key(|finding| finding.span);
    let faults: Vec<Diagnostic> = findings.iter().map(super::finding::Finding::diagnostic).collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut tables = Tables::new(&folder(&source), &source);
    let mut drawn = Vec::new();
    for figure in &described {
        if let Some(picture) = drawn::picture(figure, &mut tables) {
            drawn.push(picture);
        }
    }
    let mut faults = tables.into_faults();
    let (mut exhibits, mut notes) = (Vec::new(), Vec::new());
    for picture in drawn {
        match picture() {
            Ok(more) => exhibits.extend(more),
            Err(refusal) => faults.push(refusal.diagnostic()),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut written = Vec::new();
    for exhibit in exhibits {
        for (file, bytes) in exhibit.placed(out) {
            write_file(&file, |file| file.write_all(bytes)).map_err(|fault| vec![fault.diagnostic()])?;
            written.push(file);
        }
        notes.extend(exhibit.warnings);
    }
    Ok(Figures { written, notes })
}

#[cfg(test)]
mod tests {
    use super::draw_figures;
    use crate::diagnostic::render;
    use std::path::{Path, PathBuf};

    fn gallery() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/gallery/figures.toml")
    }

    #[test]
    fn the_gallery_is_drawn_to_the_same_bytes() {
        let out = std::env::temp_dir().join(format!("levada-gallery-{}", std::process::id()));
        let draw = |folder: &str| {
            let drawn = draw_figures(&gallery(), &out.join(folder));
            drawn.unwrap_or_else(|found| panic!("{}", found.iter().map(render).collect::<String>()))
        };
        let (one, other) = (draw("one"), draw("other"));
        assert!(one.written.len() >= 40, "five files for each figure");
        for (a, b) in one.written.iter().zip(&other.written) {
            assert_eq!(std::fs::read(a).unwrap(), std::fs::read(b).unwrap(), "{}", a.display());
        }
        std::fs::remove_dir_all(&out).unwrap();
    }

    #[test]
    fn everything_wrong_is_told_with_its_place() {
        let folder = std::env::temp_dir().join(format!("levada-figures-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("t.csv"), "Year,Value\n2000,1\n2001,many\n").unwrap();
        let told = |text: &str| {
            let file = folder.join("figures.toml");
            std::fs::write(&file, text).unwrap();
            let found = draw_figures(&file, &folder.join("out")).unwrap_err();
            found.iter().map(|found| render(found).lines().next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let panel = |line: &str| {
            format!(
                "[[figure]]\nkind = \"paths\"\nname = \"a\"\ncaption = \"A.\"\n[[figure.panel]]\ntitle = \"T\"\n\
                 [[figure.panel.line]]\nlabel = \"L\"\n{line}"
            )
        };
        assert_eq!(
            told(&panel("table = \"t.csv\"\nx = \"Yaer\"\ny = \"Value\"\n")),
            [
                "error[no-such-column]: t.csv has no column `Yaer`",
                "error[not-a-number]: t.csv, row 2, column `Value`: `many` is not a number"
            ]
        );
        assert_eq!(
            told(&panel("table = \"t.csv\"\nx = \"Year\"\ny = \"Value\"\nwhere = { Year = \"1999\" }\n")),
            ["error[no-such-row]: t.csv has no row with Year = `1999`"]
        );
        assert_eq!(
            told(&panel("table = \"t.csv\"\nx = \"Year\"\nshift = \"half\"\ny = \"Year\"\n")),
            ["error[wrong-type]: `shift` is text where it should be a number"]
        );
        assert_eq!(
            told("[[figure]]\nkind = \"pie\"\nname = \"a\"\n"),
            [
                "error[missing-key]: [[figure]] needs the key `caption`",
                "error[unknown-choice]: `pie` is no choice of `kind`"
            ]
        );
        assert!(
            told(&panel("table = \"u.csv\"\nx = \"Year\"\ny = \"Value\"\n"))[0].starts_with("error[file-not-found]")
        );
        assert!(!folder.join("out").exists());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
