//! The tutorial study in a folder of a test's own, with settings added to it.

use std::path::{Path, PathBuf};

/// The folder, named after the test.
pub(super) fn tutorial(name: &str, settings: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("levada-tutorial-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("data")).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("calibration/lynx-hare");
    for file in ["lynx-hare.mdl", "data/pelts.csv"] {
        std::fs::copy(shipped.join(file), folder.join(file)).unwrap();
    }
    let study = std::fs::read_to_string(shipped.join("study.toml")).unwrap();
    let study = study.replace("window = \"1900..1919\"", "window = \"1900..1919\"\ndraws = 20");
    std::fs::write(folder.join("study.toml"), format!("{study}\n{settings}")).unwrap();
    folder
}
