//! `levada feedback`.

use super::{levada, text};

#[test]
fn loops_of_an_epidemic() {
    let output = levada(&["feedback", "models/sir/sir.mdl"]);
    assert_eq!(
        text(&output.stdout),
        "\
loops      3 scored, all there are; 3 independent; 3 at work in this run
  B1    80 % on average, most 91 % at 60
       infectious +> recovery -> infectious
  R1    15 % on average, most 79 % at 0.25
       infectious +> infection +> infectious
  B2     5 % on average, most 91 % at 6.25
       susceptible +> infection -> susceptible
strongest  among infectious, susceptible
  R1   0.25 to 4.75
  B2   5 to 7
  B1   7.25 to 60
"
    );
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn tables_and_figures_are_the_same_each_time() {
    let folder = std::env::temp_dir().join(format!("levada-feedback-{}", std::process::id()));
    let written = |name: &str| -> Vec<(String, Vec<u8>)> {
        let out = folder.join(name);
        let output = levada(&["feedback", "models/bass/bass.mdl", "--out", &out.to_string_lossy()]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let files = ["figures", "tables"].into_iter().flat_map(|place| {
            let entries = std::fs::read_dir(out.join(place)).expect("the folder is there");
            entries.map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>()
        });
        let named = |path: std::path::PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            (name, std::fs::read(&path).expect("the file is readable"))
        };
        let mut files: Vec<(String, Vec<u8>)> = files.map(named).collect();
        files.sort();
        files
    };
    let (first, second) = (written("first"), written("second"));
    let csv = |name: &str| {
        let found = first.iter().find(|(file, _)| file == name);
        text(&found.unwrap_or_else(|| panic!("no {name}")).1)
    };
    assert!(csv("loops.csv").contains("R1"), "{}", csv("loops.csv"));
    assert!(csv("links.csv").contains("adopters,adoption,positive,"), "{}", csv("links.csv"));
    let shares = csv("loop-shares.csv");
    let mut lines = shares.lines();
    assert_eq!(lines.next(), Some("Time,B1,R1"));
    assert!(lines.next().is_some_and(|line| line.starts_with("0.5,")), "{shares}");
    assert!(first == second);
    std::fs::remove_dir_all(&folder).expect("the folder can go");
}

#[test]
fn what_cannot_be_scored_is_said() {
    let without = levada(&["feedback", "models/sir/sir.mdl", "--set", "contacts"]);
    assert_eq!(without.status.code(), Some(2));
    let circular = levada(&["feedback", "tests/suite/language/unsound/circular.mdl"]);
    assert_eq!(circular.status.code(), Some(4), "{}", text(&circular.stderr));
}

#[test]
fn an_epidemic_without_depletion() {
    let output =
        levada(&["feedback", "models/sir/sir.mdl", "--cut", "susceptible -> infection", "--set", "FINAL TIME=1"]);
    let told = text(&output.stdout);
    assert!(told.starts_with("Without the link susceptible -> infection"), "{told}{}", text(&output.stderr));
    assert!(told.contains("infectious"), "{told}");
    let unknown = levada(&["feedback", "models/sir/sir.mdl", "--cut", "susceptible -> recovery"]);
    assert_eq!(
        text(&unknown.stderr),
        "error[no-such-link]: the equation of `recovery` does not name `susceptible`\n |\n = help: `levada check --json` lists the \
         links\n\n"
    );
    assert_eq!(unknown.status.code(), Some(4));
}
