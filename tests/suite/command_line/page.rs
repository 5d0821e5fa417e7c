//! The page of a study in a browser without a window, where there is one: it opens, its script runs, a picture is taken.

use super::{levada, text};
use std::path::PathBuf;
use std::process::Command;

/// Chromium under the names it has, by the search path.
fn browser() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|file| file.is_file())
}

#[test]
fn the_page_opens_in_a_browser() {
    let Some(browser) = browser() else {
        println!("skipped: no Chromium on the search path");
        return;
    };
    let out = std::env::temp_dir().join(format!("levada-browser-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&out);
    let folder = out.to_string_lossy().into_owned();
    let output = levada(&["study", "calibration/lynx-hare/study.toml", "--quick", "--out", &folder]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let open = |arguments: &[&str]| {
        Command::new(&browser)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--enable-logging=stderr",
                "--window-size=1280,2400",
            ])
            .arg(format!("--user-data-dir={folder}/browser"))
            .args(arguments)
            .arg(format!("file://{folder}/report.html"))
            .output()
            .expect("the browser starts")
    };
    let dumped = open(&["--dump-dom"]);
    if !dumped.status.success() {
        println!("skipped: the browser does not run here");
        let _ = std::fs::remove_dir_all(&out);
        return;
    }
    let (page, log) = (String::from_utf8_lossy(&dumped.stdout), String::from_utf8_lossy(&dumped.stderr));
    assert!(!log.contains("Uncaught") && !log.contains("CONSOLE"), "{log}");
    // The script has made every heading of every table one that sorts.
    let (heads, sorting) = (page.matches("<th scope").count(), page.matches("tabindex=\"0\"").count());
    assert!(heads > 5 && heads == sorting, "{heads} headings, {sorting} of them sort");
    let picture = out.join("page.png");
    let shot = open(&[&format!("--screenshot={}", picture.display())]);
    let bytes = std::fs::read(&picture).unwrap_or_default();
    assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 50_000, "{}", String::from_utf8_lossy(&shot.stderr));
    std::fs::remove_dir_all(&out).expect("its own folder");
}
