//! How commands end when something stands in their way: what is missing, what does not fit, a reader that goes, a full disk,
//! a signal.

use super::{levada, text};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// An empty folder of a test's own.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("levada-endings-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a writable folder");
    folder
}

#[test]
fn a_model_that_is_not_there_cannot_be_used() {
    for command in ["check", "run"] {
        let output = levada(&[command, "models/none.mdl"]);
        assert_eq!(output.status.code(), Some(4), "{command}");
        assert!(text(&output.stderr).starts_with("error[file-not-found]: "), "{}", text(&output.stderr));
    }
}

#[test]
fn settings_that_do_not_fit() {
    let output = levada(&["run", "models/teacup/teacup.mdl", "--step", "400"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        text(&output.stderr),
        "error[bad-step]: a step of 400 is longer than the run from 0 to 60\n |\n = help: write a shorter step: --step 0.0625, \
         --step 1/16\n\n"
    );
    let output = levada(&["run", "models/zgc/zgc.mdl", "--set", "hype effect=2"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        text(&output.stderr).contains(
            "error[which-element]: `hype effect` has elements: `hype effect[elite]`, `hype effect[grassroots]`\n |\n = help: set \
             each by its own name: --set \"hype effect[elite]=0.5\"\n"
        ),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_scenario_file_is_run() {
    let run = |arguments: &[&str]| {
        let common = ["run", "models/zgc/zgc.mdl", "--save", "legitimacy", "--unchecked", "--step", "1/16"];
        let output = levada(&[&common, arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let scenario = ["--scenario", "calibration/zgc/scenarios/no-campaign.toml"];
    assert_ne!(run(&scenario), run(&[]));
    let by_hand = ["--set", "on mass campaign=0", "--set", "on endorsement=0", "--set", "on incubator subsidy=0"];
    assert_eq!(run(&scenario), run(&by_hand));
    // The command line goes before the file.
    assert_eq!(run(&[&scenario[..], &["--set", "on mass campaign=1"]].concat()), run(&by_hand[2..]));
    let wrong = folder("scenario").join("s.toml");
    std::fs::write(&wrong, "[policy.\"mass campaign\"]\nstart = \"2099\"\n").expect("a writable folder");
    let output = levada(&["run", "models/zgc/zgc.mdl", "--scenario", &wrong.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        text(&output.stderr).starts_with(
            "error[switch-outside-run]: `start mass campaign` is 2099, but the run goes from 1995 to 2035\n"
        ),
        "{}",
        text(&output.stderr)
    );
}

#[cfg(unix)]
fn in_shell(script: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_levada");
    Command::new("sh")
        .args(["-c", &format!("levada() {{ {program} \"$@\"; }}\n{script}")])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("a shell")
}

#[test]
#[cfg(unix)]
fn a_reader_that_goes_is_no_failure_and_no_success() {
    // The reader closes before the table, which is larger than any pipe, is written.
    let output = in_shell("{ levada run models/zgc/zgc.mdl --unchecked --step 1/16; echo $? >&2; } | true");
    assert_eq!(text(&output.stderr).lines().last(), Some("141"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_behind_standard_output_is_told() {
    let output = in_shell("levada run models/teacup/teacup.mdl --unchecked > /dev/full");
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(
        text(&output.stderr),
        "error[answer-not-written]: cannot write to standard output: the disk is full\n |\n = help: make room, or send the output \
         elsewhere\n\n"
    );
}

/// A file may grow to so many blocks; the write that goes beyond fails, whichever file and byte that is.
#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_fills_anywhere_leaves_whole_files_only() {
    let out = folder("full");
    for blocks in [1, 9, 40, 200] {
        let output = in_shell(&format!(
            "trap '' XFSZ; ulimit -f {blocks}; levada study calibration/lynx-hare/study.toml --quick --out {}",
            out.display()
        ));
        assert_eq!(output.status.code(), Some(4), "{blocks}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains("error[disk-full]: cannot write "), "{}", text(&output.stderr));
        assert!(!out.join("manifest.json").exists());
        let left = files(&out);
        assert!(left.iter().all(|file| !file.to_string_lossy().ends_with(".part")), "{left:?}");
    }
    let output = in_shell(&format!("levada study calibration/lynx-hare/study.toml --quick --out {}", out.display()));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    std::fs::remove_dir_all(&out).expect("its own folder");
}

#[cfg(target_os = "linux")]
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("a readable folder").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// A signal ends a study in order: what is done is kept, the message says how to go on.
#[test]
#[cfg(unix)]
fn an_interrupted_study_says_how_to_go_on() {
    let out = folder("signal");
    let mut child = Command::new(env!("CARGO_BIN_EXE_levada"))
        .args(["study", "calibration/zgc/study.toml", "--quick", "--out"])
        .arg(&out)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    // The search begins once the folder is there.
    for _ in 0..600 {
        if out.exists() && std::fs::read_dir(&out).is_ok_and(|mut files| files.next().is_none()) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    std::thread::sleep(std::time::Duration::from_millis(500));
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("a shell");
    assert!(killed.success());
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().expect("piped"), &mut said).expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{said}");
    let help = format!(
        "help: to go on, give the same command again: levada study calibration/zgc/study.toml --out {} --quick",
        out.display()
    );
    assert!(said.contains("error[interrupted]: ") && said.contains(&help), "{said}");
    let _ = std::fs::remove_dir_all(&out);
}
