//! `levada calibrate`, `identify`, `sample`, `validate`, and studies from Vensim's control files.

use super::{levada, text};

/// A folder of a test's own.
fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("levada-steps-cli-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a writable folder");
    folder
}

#[test]
fn every_step_says_what_it_answers() {
    for (step, answers) in [
        (
            "calibrate",
            "Which parameters does the history support? Estimates with standard errors, the fit of each series",
        ),
        (
            "identify",
            "Which of them does the data pin down, and which trade off? Profiles, directions, what informs what",
        ),
        ("sample", "With what uncertainty? Posterior draws and their diagnostics"),
        (
            "validate",
            "Would it have forecast? Residual tests, predictive checks, forecasts from earlier dates, recovery",
        ),
    ] {
        let output = levada(&[step, "--help"]);
        assert_eq!(
            text(&output.stdout),
            format!(
                "\
{answers}

Usage: levada {step} [OPTIONS] <STUDY>

Arguments:
  <STUDY>  The study file (TOML)

Options:
      --out <FOLDER>     Folder of the results; without it `out/` and the study's name
      --quick            Fewer starts and a longer step, as the study's [quick] says
      --colour <COLOUR>  Colour in messages [default: auto] [possible values: auto, always, never]
  -h, --help             Print help
"
            )
        );
    }
}

#[test]
fn a_study_without_parameters_has_no_steps() {
    let folder = folder("nothing");
    let study = folder.join("study.toml");
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/models/sir/sir.mdl");
    std::fs::write(&study, format!("title = \"T\"\nmodel = '{model}'\n[run]\ncalendar = \"numbers\"\n")).unwrap();
    let output = levada(&["identify", study.to_str().unwrap(), "--out", folder.join("out").to_str().unwrap()]);
    assert_eq!(
        text(&output.stderr),
        "reading study, model and data
error[nothing-estimated]: the study estimates nothing: it has no [[parameter]]
 |
 = help: name the constants to estimate, each under [[parameter]] with a prior or bounds

"
    );
    assert_eq!(output.status.code(), Some(4));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_study_is_made_from_what_a_vensim_user_has_and_fits() {
    let folder = folder("vensim");
    let inside = |file: &str| folder.join(file).to_str().unwrap().to_owned();
    std::fs::copy("models/sir/sir.mdl", inside("sir.mdl")).unwrap();
    let truth =
        levada(&["run", "models/sir/sir.mdl", "--save", "infectious", "--out", &inside("data.csv"), "--unchecked"]);
    assert_eq!(truth.status.code(), Some(0), "{}", text(&truth.stderr));
    std::fs::write(inside("fit.vpd"), "*C\ninfectious|infectious/0.1\n").unwrap();
    std::fs::write(inside("fit.voc"), ":OPTIMIZER=Powell\n:RESTART_MAX=2\n1<=contact rate=3<=20\n").unwrap();
    std::fs::write(inside("base.cin"), "infectivity = 0.2\n").unwrap();
    let files = ["sir.mdl", "fit.vpd", "fit.voc", "data.csv", "study.toml"].map(inside);
    let mut arguments = vec!["convert"];
    arguments.extend(files.iter().map(String::as_str));
    let output = levada(&arguments);
    assert_eq!((text(&output.stderr).as_str(), output.status.code()), ("", Some(0)));
    let output = levada(&["calibrate", &inside("study.toml"), "--out", &inside("out")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let estimates = std::fs::read_to_string(folder.join("out/tables/estimates.csv")).unwrap();
    assert!(estimates.contains("contact rate"), "{estimates}");
    // The same file of changes for one run.
    let output =
        levada(&["run", &inside("sir.mdl"), "--changes", &inside("base.cin"), "--save", "infectivity", "--unchecked"]);
    assert!(text(&output.stdout).lines().nth(1).unwrap().ends_with(",0.2"), "{}", text(&output.stdout));
    let refused = levada(&["convert", &inside("fit.vpd"), &inside("study.toml")]);
    assert_eq!(
        text(&refused.stderr),
        "error[no-model]: a study needs a model, and none is given
 |
 = help: give a .mdl or .xmile file among the files to read

"
    );
    assert_eq!(refused.status.code(), Some(2));
    std::fs::remove_dir_all(&folder).unwrap();
}
