//! `levada study` ends with a replication package, and `levada study --verify` makes it again.

use super::{levada, text};

#[test]
fn a_package_is_verified_and_a_changed_number_named() {
    let out = std::env::temp_dir().join(format!("levada-package-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&out);
    let folder = out.to_string_lossy().into_owned();
    let output = levada(&["study", "calibration/lynx-hare/study.toml", "--quick", "--out", &folder]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains(&format!("Package   {folder}/README.md\n")), "{}", text(&output.stdout));

    let output = levada(&["study", "--verify", &folder]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("none differs.\n"), "{}", text(&output.stdout));

    let table = out.join("tables/fit.csv");
    let whole = std::fs::read_to_string(&table).expect("a table");
    let row = whole.lines().nth(1).expect("a row");
    let number = row.rsplit(',').find(|cell| cell.parse::<f64>().is_ok_and(|x| x.fract() != 0.0)).expect("a number");
    std::fs::write(&table, whole.replacen(number, "77.5", 1)).expect("it can be changed");
    let output = levada(&["study", "--verify", &folder]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let said = text(&output.stderr);
    assert!(said.contains("error[value-differs]: tables/fit.csv, row 1 (`Hare pelts`), column `"), "{said}");
    assert!(said.contains(&format!("recorded 77.5, reproduced {number}\n")), "{said}");
    assert!(text(&output.stdout).contains("; 1 finding.\nMade again in "), "{}", text(&output.stdout));

    let output = levada(&["study", "--verify", "calibration"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stderr).contains("error[no-record]: calibration is not a folder of results"));
    assert_eq!(levada(&["study"]).status.code(), Some(2));
    let again = out.with_file_name(format!("levada-package-{}-again", std::process::id()));
    std::fs::remove_dir_all(&again).expect("kept, because something differs");
    std::fs::remove_dir_all(&out).expect("its own folder");
}
