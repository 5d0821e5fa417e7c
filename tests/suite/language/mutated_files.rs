//! Studies, scenarios, data, laws and draws, changes, profiles, plans and journals that no one would write: all are read or
//! refused in words, none panics and none takes a second.
//!
//! A few hundred of each by default; `MUTATIONS=200000 cargo test --release --test suite mutated_files -- --nocapture` tries
//! as many of each kind. An input is its number: it is the same in every run.

use super::mutation::{mutate, mutations};
use levada::calendar::Calendar;
use levada::cluster::Profile;
use levada::diagnostic::{Diagnostic, Source, render};
use levada::shard::{Head, Journal, Plan, Reader};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const OWN: &str = env!("CARGO_MANIFEST_DIR");

/// What became of a file: what is said of it, and whether it was read.
type Answer = (Vec<Diagnostic>, bool);

/// A file's name, its reader, and sound ones to begin with.
type Kind<'a> = (&'a str, fn(&Path, &[u8]) -> Answer, Vec<Vec<u8>>);

fn study(path: &Path, bytes: &[u8]) -> Answer {
    let source = Source::new(path, String::from_utf8_lossy(bytes));
    match levada::study::read_study_text(&source) {
        Ok(_) => (Vec::new(), true),
        Err(found) => (found, false),
    }
}

fn data(path: &Path, bytes: &[u8]) -> Answer {
    let source = Source::new(path, String::from_utf8_lossy(bytes));
    let (_, found) = levada::series::read_observations(&source, &Calendar::Years);
    let sound = !found.iter().any(Diagnostic::is_error);
    (found, sound)
}

fn changes(path: &Path, bytes: &[u8]) -> Answer {
    let source = Source::new(path, String::from_utf8_lossy(bytes));
    let (_, found) = levada::parse::control::read_changes(&source);
    let sound = !found.iter().any(Diagnostic::is_error);
    (found, sound)
}

/// Through a file, as the program meets it.
fn through(path: &Path, bytes: &[u8], read: impl FnOnce(&Path) -> Result<(), Vec<Diagnostic>>) -> Answer {
    std::fs::write(path, bytes).unwrap();
    match read(path) {
        Ok(()) => (Vec::new(), true),
        Err(found) => (found, false),
    }
}

fn laws(path: &Path, bytes: &[u8]) -> Answer {
    through(path, bytes, |path| levada::ensemble::Variation::read(&[path.display().to_string()]).map(drop))
}

fn scenario(path: &Path, bytes: &[u8]) -> Answer {
    let text = "{UTF-8}\nrent= 3 ~~|\nbounty= 1 ~~|\nstock= INTEG(rent*bounty, 5) ~~|\nINITIAL TIME= 1990 ~~|\n\
                FINAL TIME= 2000 ~~|\nTIME STEP= 1 ~~|\nSAVEPER= 1 ~~|\n";
    let checked = crate::model_text(text);
    let program = levada::compile::compile(&checked, &levada::compile::Request::default()).unwrap();
    let read = |path: &Path| levada::study::scenario_settings(path, &Calendar::Years, &checked, &program.constants);
    through(path, bytes, |path| read(path).map(drop))
}

fn profile(path: &Path, bytes: &[u8]) -> Answer {
    let worded = |faults: Vec<levada::cluster::Fault>| faults.iter().map(|fault| fault.diagnostic()).collect();
    through(path, bytes, |path| Profile::read(path).map(drop).map_err(worded))
}

fn plan(path: &Path, bytes: &[u8]) -> Answer {
    through(path, bytes, |path| Plan::read(path).map(drop).map_err(|fault| vec![fault.diagnostic()]))
}

fn journal(path: &Path, bytes: &[u8]) -> Answer {
    through(path, bytes, |path| {
        let whole = Reader::open(path).is_some_and(|mut reader| {
            reader.by_ref().for_each(drop);
            reader.is_whole()
        });
        if whole { Ok(()) } else { Err(Vec::new()) }
    })
}

fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("levada-mutated-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn shipped(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(OWN).join(path)).unwrap()
}

fn a_journal(folder: &Path) -> Vec<u8> {
    let head = Head { key: "k".to_owned(), stage: "starts".to_owned(), pieces: 9, shard: 0, of: 1 };
    let mut journal = Journal::open(folder, &head, drop).unwrap();
    (0..9_u8).for_each(|number| journal.add(u64::from(number), &[number; 40]).unwrap());
    journal.finish().unwrap();
    std::fs::read(head.path(folder)).unwrap()
}

#[test]
fn mutated_files_are_read_or_refused() {
    const SCENARIO: &str =
        "title = \"T\"\nset = { rent = 2, bounty = \"3/4\" }\n[policy.bounty]\non = true\nstart = \"1991\"\n";
    const LAWS: &str = "design = \"sobol\"\nmembers = 8\n[vary]\n\"rate[a]\" = \"normal(0, 1) in [-1, 2]\"\n\
                        birth = \"choice(1, 2)\"\n[[correlation]]\nbetween = [\"rate[a]\", \"birth\"]\nrho = -0.6\n";
    const DRAWS: &str = "member,birth,\"rate[a,b]\",failed\n0,1.5,2e-3,\n1,1.25,4,\"step, too small\"\n";
    const CHANGES: &str = "birth = 3\n\"rate\"[a] = 1.5e-3\nshare[x,y]=0.25 \n";
    const PROFILE: &str = "partition = \"short\"\ncpus = 4\nshards-per-task = 2\nmodules = [\"gcc/13\"]\n";
    const PLAN: &str = "{\"version\": \"0.1.0\", \"command\": [\"run\", \"m.mdl\"], \"directory\": \"/a\", \"results\": \"/a\", \
                        \"shards\": 7, \"passes\": 1}\n";
    let folder = folder();
    let kinds: [Kind; 9] = [
        (
            "study.toml",
            study,
            vec![
                shipped("calibration/lynx-hare/study.toml"),
                shipped("calibration/lynx-hare/study.toml"),
                shipped("calibration/zgc/study.toml"),
            ],
        ),
        ("data.csv", data, vec![shipped("calibration/lynx-hare/data/pelts.csv")]),
        ("changes.cin", changes, vec![CHANGES.into()]),
        ("laws.toml", laws, vec![LAWS.into()]),
        ("draws.csv", laws, vec![DRAWS.into()]),
        ("scenario.toml", scenario, vec![SCENARIO.into()]),
        ("profile.toml", profile, vec![PROFILE.into()]),
        ("plan.json", plan, vec![PLAN.into()]),
        ("starts.shard", journal, vec![a_journal(&folder)]),
    ];
    let asked = std::env::var("MUTATIONS").ok().and_then(|count| count.replace('_', "").parse().ok());
    let count: u64 = asked.unwrap_or(300);
    let mut failures = Vec::new();
    for (name, read, seeds) in kinds {
        let path = folder.join(name);
        let inputs = (0..seeds.len(), mutations());
        let (mut sound, mut refused, mut slowest) = (0_u64, 0_u64, Duration::ZERO);
        for number in 0..count {
            let mut seed = [0; 32];
            seed[..8].copy_from_slice(&number.to_le_bytes());
            let config = Config { failure_persistence: None, ..Config::default() };
            let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
            let (which, changes) = inputs.new_tree(&mut runner).expect("no case is rejected").current();
            let mut bytes = seeds[which].clone();
            changes.iter().for_each(|change| mutate(&mut bytes, change));
            let begun = Instant::now();
            let answer = catch_unwind(AssertUnwindSafe(|| {
                let (found, sound) = read(&path, &bytes);
                found.iter().take(3).for_each(|diagnostic| drop(render(diagnostic)));
                sound
            }));
            let took = begun.elapsed();
            slowest = slowest.max(took);
            match answer {
                // Machines that are busy with other things are slow now and then.
                Ok(_) if took > Duration::from_secs(if asked.is_some() { 1 } else { 10 }) => {
                    failures.push((name, number))
                }
                Ok(true) => sound += 1,
                Ok(false) => refused += 1,
                Err(_) => failures.push((name, number)),
            }
        }
        println!("{name}: {count} files, {sound} read, {refused} refused, slowest {slowest:?}");
        assert!(refused > 0, "{name}: no mutation is refused");
    }
    std::fs::remove_dir_all(folder).unwrap();
    assert!(failures.is_empty(), "{failures:?}");
}
