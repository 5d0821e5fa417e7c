//! `levada check`.

use super::{levada, text};

const UNSOUND: &str = "tests/suite/language/unsound";

#[test]
fn a_sound_model() {
    let output = levada(&["check", "models/sir/sir.mdl"]);
    assert_eq!(
        text(&output.stdout),
        "\
variables  3 stocks, 3 auxiliaries, 6 constants, 0 lookups, 0 data series
units      12 of 12 variables declare one; time is in Day
feedback   14 links, 4 variables on loops; 3 independent loops
  B1   susceptible +> infection -> susceptible
  R1   infectious +> infection +> infectious
  B2   infectious +> recovery -> infectious
no errors, no warnings, no notes
"
    );
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn loops_and_reasons() {
    let output = levada(&["check", &format!("{UNSOUND}/circular.mdl"), "--loops", "1"]);
    assert_eq!(
        text(&output.stdout),
        "\
variables  2 stocks, 3 auxiliaries, 4 constants, 0 lookups, 0 data series
units      9 of 9 variables declare one; time is in Year
feedback   8 links, 3 variables on loops; 2 independent loops
  R1   itself +> itself
  1 more: --loops 2, or --json
3 errors, no warnings, 1 note
"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn strict_units() {
    let file = format!("{UNSOUND}/units.mdl");
    assert_eq!(levada(&["check", &file]).status.code(), Some(0));
    let strict = levada(&["check", &file, "--strict-units"]);
    assert_eq!(strict.status.code(), Some(1));
    assert!(text(&strict.stdout).ends_with("errors, no warnings, 1 note\n"));
    assert!(
        text(&strict.stderr)
            .contains("error[units-mismatch]: `births` is in Person/Year but its equation gives Person\n")
    );
}

#[test]
fn an_unsound_model_has_findings_only() {
    let output = levada(&["check", &format!("{UNSOUND}/unknown_names.mdl")]);
    assert_eq!(text(&output.stdout), "4 errors, 1 warning, no notes\n");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn answers_for_programs() {
    let answer = |file: &str| -> serde_json::Value {
        let output = levada(&["check", file, "--json"]);
        assert_eq!(text(&output.stderr), "");
        serde_json::from_slice(&output.stdout).expect("the answer is JSON")
    };
    let sound = answer("models/sir/sir.mdl");
    assert_eq!(sound["structure"]["stocks"]["variables"], 3);
    assert_eq!(sound["structure"]["time_unit"], "Day");
    assert_eq!(sound["structure"]["loops"][1]["name"], "R1");
    assert_eq!(sound["structure"]["loops"][1]["variables"], serde_json::json!(["infectious", "infection"]));
    assert_eq!(sound["structure"]["variables"][0]["kind"], "stock");

    let unsound = answer(&format!("{UNSOUND}/unknown_names.mdl"));
    assert_eq!(unsound["structure"], serde_json::Value::Null);
    let first = &unsound["findings"][0];
    assert_eq!(first["code"], "unknown-name");
    assert_eq!(first["at"]["start"], serde_json::json!({"line": 2, "column": 29}));
}
