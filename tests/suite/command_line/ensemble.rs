//! `levada run --vary`: ensembles, their files, and members run again alone.

use super::{levada, text};
use std::collections::BTreeMap;
use std::path::PathBuf;

const MODEL: &str = "models/sir/sir.mdl";

/// An empty folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("levada-ensemble-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn rows(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Summaries are those of the members that were written, and any member can be run again to the same digits, from its number
/// or from the file of draws.
#[test]
fn summaries_members_and_replays_agree() {
    let folder = folder("agree");
    let path = |name: &str| folder.join(name).display().to_string();
    let (summary, members, draws) = (path("summary.csv"), path("members.csv"), path("draws.csv"));
    let laws = ["--vary", "contact rate=uniform(4, 12)", "--vary", "duration=lognormal(median=2.2, gsd=1.2)"];
    let base = ["run", MODEL, "--save", "infectious", "--members", "101"];
    let files = ["--out", &summary, "--members-out", &members, "--draws-out", &draws];
    let done = levada(&[&base[..], &laws, &files].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));

    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    let mut of_time: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut of_member: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows(&read(&members)).into_iter().skip(1) {
        of_time.entry(row[1].clone()).or_default().push(row[2].parse().unwrap());
        of_member.entry(row[0].clone()).or_default().push(format!("{},{}", row[1], row[2]));
    }
    let table = rows(&read(&summary));
    assert_eq!(table[0].join(","), "time,variable,mean,sd,min,q05,q25,q50,q75,q95,max,n");
    assert_eq!((table.len(), of_time.len(), of_member.len()), (242, 241, 101));
    for row in &table[1..] {
        let values = of_time.get_mut(&row[0]).unwrap();
        values.sort_by(f64::total_cmp);
        let number = |column: usize| row[column].parse::<f64>().unwrap();
        let mean = values.iter().sum::<f64>() / 101.0;
        assert!((number(2) - mean).abs() <= 1e-12 * mean.abs());
        // With 101 members these quantiles are members: the 6th, 26th, 51st, 76th and 96th.
        for (column, place) in [(4, 0), (5, 5), (6, 25), (7, 50), (8, 75), (9, 95), (10, 100)] {
            assert!((number(column) - values[place]).abs() <= 1e-12 * values[place].abs(), "{row:?}");
        }
        assert_eq!((row[1].as_str(), row[11].as_str()), ("infectious", "101"));
    }

    for number in ["0", "57", "100"] {
        for from in [&laws[..], &["--vary", &draws]] {
            let alone = levada(&[&["run", MODEL, "--save", "infectious", "--member", number][..], from].concat());
            let lines: Vec<String> = text(&alone.stdout).lines().skip(1).map(str::to_owned).collect();
            assert!(lines == of_member[number], "member {number} from {from:?}: {}", text(&alone.stderr));
        }
    }
    // From the file of draws the whole comes out again.
    let again = path("again.csv");
    let done = levada(&["run", MODEL, "--save", "infectious", "--vary", &draws, "--out", &again]);
    assert!(done.status.success() && read(&again) == read(&summary), "{}", text(&done.stderr));
    std::fs::remove_dir_all(folder).unwrap();
}

/// Threads and designs: the same bits for any number of threads.
#[test]
fn threads_do_not_change_a_bit() {
    for design in ["random", "sobol", "latin-hypercube"] {
        let folder = folder(design);
        let file = folder.join("vary.toml");
        std::fs::write(&file, format!("design = \"{design}\"\nmembers = 300\n[vary]\ninfectivity = \"beta(2, 7)\"\n"))
            .unwrap();
        let run = |threads: &str| {
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_levada"))
                .args(["run", MODEL, "--method", "dopri5", "--vary", &file.display().to_string()])
                .env("RAYON_NUM_THREADS", threads)
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", text(&output.stderr));
            output.stdout
        };
        assert!(run("1") == run("3"), "{design}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn failed_members_are_counted_and_named() {
    let folder = folder("failed");
    let (model, draws) = (folder.join("m.mdl").display().to_string(), folder.join("draws.csv").display().to_string());
    let equations = "{UTF-8}\nstock = INTEG(stock*stock*rate, 1) ~~|\nrate = 0.1 ~~|\nINITIAL TIME = 0 ~~|\n\
                     FINAL TIME = 30 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = 30 ~~|\n";
    std::fs::write(&model, equations).unwrap();
    let done = levada(&["run", &model, "--vary", "rate=choice(0, 2)", "--members", "20", "--draws-out", &draws]);
    assert_eq!(done.status.code(), Some(0));
    let table = rows(&std::fs::read_to_string(&draws).unwrap());
    let failed: Vec<&str> = table[1..].iter().filter(|row| row[2] == "not-finite").map(|row| row[0].as_str()).collect();
    assert!(!failed.is_empty() && table[1..].iter().all(|row| (row[1] == "2") == (row[2] == "not-finite")));
    let (count, sound) = (failed.len(), 20 - failed.len());
    let named = failed[..count.min(10)].join(", ") + if count > 10 { ", ..." } else { "" };
    let expected = format!("{count} of 20 members failed and are not in the summaries: {count} not-finite ({named}): ");
    assert!(text(&done.stderr).contains(&expected), "{}", text(&done.stderr));
    assert!(text(&done.stdout).ends_with(&format!(",{sound}\n")), "{}", text(&done.stdout));

    // With none left there is nothing to write.
    let none = levada(&["run", &model, "--vary", "rate=uniform(2, 3)", "--members", "5", "--draws-out", &draws]);
    assert_eq!((none.status.code(), text(&none.stdout).as_str()), (Some(4), ""));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn nothing_is_written_where_one_file_cannot_be() {
    let folder = folder("whole");
    std::fs::write(folder.join("file"), "").unwrap();
    let (summary, members) = (folder.join("summary.csv"), folder.join("file/members.parquet"));
    let done = levada(&[
        "run",
        MODEL,
        "--vary",
        "contact rate=uniform(4, 12)",
        "--members",
        "10",
        "--out",
        &summary.display().to_string(),
        "--members-out",
        &members.display().to_string(),
    ]);
    assert_eq!(done.status.code(), Some(4));
    assert!(text(&done.stderr).contains("error[folder-not-writable]"), "{}", text(&done.stderr));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_slip_in_a_name_is_found() {
    let done = levada(&["run", MODEL, "--vary", "contct rate=uniform(4, 12)", "--members", "10"]);
    assert_eq!(done.status.code(), Some(2));
    assert_eq!(
        text(&done.stderr),
        r#"error[unknown-constant]: the model has no constant `contct rate` to vary
 --> --vary:1:1
  |
1 | contct rate=uniform(4, 12)
  | ^^^^^^^^^^^ this name
  |
  = help: did you mean `contact rate`?

"#
    );
    let done = levada(&["run", MODEL, "--members", "10"]);
    assert!(text(&done.stderr).starts_with("error[nothing-varies]: all members would be the same"));
}
