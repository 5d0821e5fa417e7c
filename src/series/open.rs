//! Text files opened with an answer for everything that can be wrong with them as files.

use crate::diagnostic::{Diagnostic, Source, nearest};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a text file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenFault {
    pub path: PathBuf,
    pub kind: OpenFaultKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenFaultKind {
    /// No file of that name; the nearest one stands in the same folder.
    NotFound {
        nearest: Option<String>,
    },
    Folder,
    /// The system refuses to read it.
    Refused {
        reason: String,
    },
    /// The first byte that is not UTF-8 stands on this line.
    NotUtf8 {
        line: usize,
    },
}

/// Opens a text file; a byte order mark is left out.
pub fn open_text(path: &Path) -> Result<Arc<Source>, OpenFault> {
    let fault = |kind| OpenFault { path: path.to_path_buf(), kind };
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => fault(OpenFaultKind::NotFound { nearest: similar(path) }),
        std::io::ErrorKind::IsADirectory => fault(OpenFaultKind::Folder),
        _ => fault(OpenFaultKind::Refused { reason: error.to_string() }),
    })?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(path, text.strip_prefix('\u{feff}').unwrap_or(&text))),
        Err(error) => {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            Err(fault(OpenFaultKind::NotUtf8 { line: 1 + valid.iter().filter(|byte| **byte == b'\n').count() }))
        }
    }
}

fn similar(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names: Vec<String> =
        std::fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    nearest(wanted, names.iter().map(String::as_str)).map(|name| path.with_file_name(name).display().to_string())
}

impl OpenFault {
    /// Code, message and next step: the only place where they are worded. A file that names another adds its own place.
    pub fn words(&self) -> (&'static str, String, String) {
        let path = self.path.display();
        match &self.kind {
            OpenFaultKind::NotFound { nearest: Some(nearest) } => {
                ("file-not-found", format!("there is no file {path}"), format!("did you mean {nearest}?"))
            }
            OpenFaultKind::NotFound { nearest: None } => (
                "file-not-found",
                format!("there is no file {path}"),
                "paths in a file are relative to the folder of that file".to_owned(),
            ),
            OpenFaultKind::Folder => {
                ("file-unreadable", format!("{path} is a folder"), "name a file inside it".to_owned())
            }
            OpenFaultKind::Refused { reason } => (
                "file-unreadable",
                format!("cannot read {path}: {reason}"),
                "check that it is a file and that you may read it".to_owned(),
            ),
            OpenFaultKind::NotUtf8 { line } => (
                "not-utf8",
                format!("{path} is not UTF-8 text: the first foreign byte stands on line {line}"),
                "save it again as UTF-8".to_owned(),
            ),
        }
    }

    pub fn diagnostic(&self) -> Diagnostic {
        let (code, message, help) = self.words();
        Diagnostic::error(code, message).help(help)
    }
}

#[cfg(test)]
mod tests {
    use super::open_text;
    use crate::diagnostic::render;

    #[test]
    fn files_that_cannot_be_opened() {
        let folder = std::env::temp_dir().join(format!("levada-open-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("finance.csv"), b"date,rent\n2015,3 \xe9\n").unwrap();
        let words = |name: &str| {
            let text = render(&open_text(&folder.join(name)).unwrap_err().diagnostic());
            text.replace(&folder.display().to_string(), "DIR")
        };
        let all: String = ["finanse.csv", "macro.csv", ".", "finance.csv"].map(words).concat();
        assert_eq!(
            all,
            r#"error[file-not-found]: there is no file DIR/finanse.csv
 |
 = help: did you mean DIR/finance.csv?
error[file-not-found]: there is no file DIR/macro.csv
 |
 = help: paths in a file are relative to the folder of that file
error[file-unreadable]: DIR/. is a folder
 |
 = help: name a file inside it
error[not-utf8]: DIR/finance.csv is not UTF-8 text: the first foreign byte stands on line 2
 |
 = help: save it again as UTF-8
"#
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
