//! Commands in shards: the same bytes however they are cut, ordered, killed or damaged.

use super::{levada, text};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// An empty folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("levada-shards-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Numbers from a seed, so that a failure can be seen again.
struct Numbers(u64);

impl Numbers {
    /// Below `end` (Steele, Lea and Flood 2014).
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % end
    }
}

const FILES: [&str; 4] = ["summary.csv", "members.parquet", "draws.csv", "histograms.csv"];

/// An ensemble of which a tenth fails, with all its files in a folder.
fn ensemble(out: &Path, members: &str) -> Vec<String> {
    let [summary, members_out, draws, histograms] = FILES.map(|name| out.join(name).display().to_string());
    let fixed = ["run", "models/sir/sir.mdl", "--save", "infectious", "--vary", "contact rate=uniform(4, 12)"];
    let more = ["--vary", "duration=choice(0, 1, 1.5, 2, 2, 2, 2.5, 3, 3, 4)", "--members", members];
    let files =
        ["--out", &summary, "--members-out", &members_out, "--draws-out", &draws, "--histogram-out", &histograms];
    [&fixed[..], &more, &files].concat().into_iter().map(str::to_owned).collect()
}

fn words(command: &[String]) -> Vec<&str> {
    command.iter().map(String::as_str).collect()
}

fn bytes(out: &Path) -> Vec<Vec<u8>> {
    FILES.iter().map(|name| std::fs::read(out.join(name)).unwrap_or_else(|_| panic!("{name} is not there"))).collect()
}

#[test]
fn one_two_and_seven_shards_give_the_bytes_of_the_whole_on_any_number_of_threads() {
    let folder = folder("counts");
    let alone = |threads: &str| {
        let out = folder.join(format!("threads-{threads}"));
        let done = Command::new(env!("CARGO_BIN_EXE_levada"))
            .args(ensemble(&out, "1000"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap();
        assert!(text(&done.stderr).contains("members failed and are not in the summaries"), "{}", text(&done.stderr));
        bytes(&out)
    };
    let whole = alone("1");
    assert!(alone("2") == whole);
    for shards in ["1", "2", "7"] {
        let (work, out) = (folder.join(format!("work-{shards}")), folder.join(format!("out-{shards}")));
        let work = work.display().to_string();
        let command = ensemble(&out, "1000");
        let planned = levada(&[&["plan", &work, "--shards", shards, "--"], &words(&command)[..]].concat());
        assert!(planned.status.success(), "{}", text(&planned.stderr));
        let count: u64 = shards.parse().unwrap();
        let refused = levada(&["merge", &work]);
        assert_eq!(refused.status.code(), Some(4));
        assert!(text(&refused.stderr).contains(&format!("{count} of {count} shards are not complete: 0")));
        for index in (0..count).rev() {
            let done = levada(&["shard", &work, &index.to_string()]);
            assert!(done.status.success() && done.stdout.is_empty(), "{}", text(&done.stderr));
            assert!(FILES.iter().all(|name| !out.join(name).exists()), "a shard writes no results");
        }
        let merged = levada(&["merge", &work]);
        assert!(merged.status.success(), "{}", text(&merged.stderr));
        assert!(bytes(&out) == whole, "{shards} shards");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_shard_that_is_cut_off_or_changed_is_named_and_done_again() {
    let folder = folder("damage");
    let (work, out) = (folder.join("work").display().to_string(), folder.join("out"));
    let command = ensemble(&out, "500");
    let planned = levada(&[&["plan", &work, "--shards", "3", "--on", "here", "--"], &words(&command)[..]].concat());
    assert!(planned.status.success(), "{}", text(&planned.stderr));
    let whole = bytes(&out);
    let shard = folder.join("work/shards/members/00001-of-00003.shard");
    let sound = std::fs::read(&shard).unwrap();
    let mut numbers = Numbers(5);
    for case in 0..6 {
        let mut damaged = sound.clone();
        let place = numbers.below(sound.len() as u64) as usize;
        match case % 2 {
            0 => damaged.truncate(place),
            _ => damaged[place] ^= 1 << numbers.below(8),
        }
        std::fs::write(&shard, damaged).unwrap();
        std::fs::remove_dir_all(&out).unwrap();
        let refused = levada(&["merge", &work]);
        assert_eq!(refused.status.code(), Some(4), "{case} {place}");
        let said = text(&refused.stderr);
        assert!(said.starts_with("error[shards-incomplete]: 1 of 3 shards are not complete: 1\n"), "{said}");
        assert!(FILES.iter().all(|name| !out.join(name).exists()), "a merge that fails leaves nothing");
        match case % 3 {
            0 => assert!(levada(&["merge", &work, "--finish"]).status.success()),
            _ => assert!(levada(&["shard", &work, "1"]).status.success() && levada(&["merge", &work]).status.success()),
        }
        assert!(bytes(&out) == whole && std::fs::read(&shard).unwrap() == sound, "{case} {place}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// Kills a command again and again after random times, then lets it end. Gives how often it was killed.
fn killed(arguments: &[&str], most: u64, longest: u64, numbers: &mut Numbers) -> u64 {
    for kill in 0..most {
        let mut child = Command::new(env!("CARGO_BIN_EXE_levada"))
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(numbers.below(longest)));
        if child.try_wait().unwrap().is_some() {
            return kill;
        }
        // SIGKILL: nothing can be said or saved.
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let done = levada(arguments);
    // Chains so short have not converged.
    assert!(matches!(done.status.code(), Some(0 | 3)), "{}", text(&done.stderr));
    most
}

#[test]
fn an_ensemble_that_is_killed_again_and_again_ends_in_the_same_bytes() {
    let folder = folder("killed");
    let whole = folder.join("whole");
    levada(&words(&ensemble(&whole, "4000")));
    let (work, out) = (folder.join("work").display().to_string(), folder.join("out"));
    let command = ensemble(&out, "4000");
    let arguments = [&["plan", &work, "--shards", "3", "--on", "here", "--"], &words(&command)[..]].concat();
    let kills = killed(&arguments, 12, 400, &mut Numbers(11));
    assert!(kills > 1, "{kills}");
    assert!(bytes(&out) == bytes(&whole));
    let parts = std::fs::read_dir(&out).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        !FILES.contains(&name.to_string_lossy().as_ref())
    });
    // What a kill left of an unfinished result is hidden, and there is one at most for each file and kill.
    assert!(parts.count() as u64 <= kills * FILES.len() as u64);
    std::fs::remove_dir_all(folder).unwrap();
}

/// Tables, figures and draws below a folder of results, by name.
fn results(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for part in ["tables", "figures"] {
        for entry in std::fs::read_dir(out.join(part)).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if !name.starts_with('.') {
                all.insert(format!("{part}/{name}"), std::fs::read(&path).unwrap());
            }
        }
    }
    all.extend(std::fs::read(out.join("draws.csv")).ok().map(|draws| ("draws.csv".to_owned(), draws)));
    all
}

/// Every step of a study, killed after times at random: once each by default, `KILLS=20` so often each.
#[test]
fn studies_that_are_killed_end_in_the_same_bytes() {
    let folder = folder("studies");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("calibration/lynx-hare");
    std::fs::create_dir_all(folder.join("data")).unwrap();
    for file in ["lynx-hare.mdl", "data/pelts.csv"] {
        std::fs::copy(shipped.join(file), folder.join(file)).unwrap();
    }
    let study = std::fs::read_to_string(shipped.join("study.toml")).unwrap();
    let study = study.replace("window = \"1900..1919\"", "window = \"1900..1919\"\ndraws = 300");
    let more = "[sample]\nmethod = \"ensemble\"\nchains = 2\nwarm-up = 30\ndraws = 10\nthin = 1\n\
                [validate]\norigins = [\"1912\"]\nhorizon = 2\nrecovery = 3\n[[outcome]]\nname = \"most\"\n\
                quantity = \"hare\"\nover = \"1905..1914\"\ntake = \"peak\"\n[sensitivity]\noutcomes = [\"most\"]\npoints = 64\n";
    std::fs::write(folder.join("study.toml"), format!("{study}\n{more}")).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    let (study, whole, killed_out) = (path("study.toml"), path("whole"), path("killed"));
    let most = std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(1);
    let mut numbers = Numbers(23);
    let mut kills = 0;
    for verb in ["calibrate", "identify", "sample", "validate", "compare", "sensitivity"] {
        let begun = Instant::now();
        let done = levada(&[verb, &study, "--quick", "--out", &whole]);
        assert!(matches!(done.status.code(), Some(0 | 3)), "{verb}: {}", text(&done.stderr));
        let longest = begun.elapsed().as_millis() as u64 + 1;
        kills += killed(&[verb, &study, "--quick", "--out", &killed_out], most, longest, &mut numbers);
        let (whole, killed) = (results(Path::new(&whole)), results(Path::new(&killed_out)));
        assert!(whole.keys().eq(killed.keys()), "{verb}: {:?} {:?}", whole.keys(), killed.keys());
        let differing: Vec<&String> = whole.keys().filter(|name| whole[*name] != killed[*name]).collect();
        assert!(differing.is_empty(), "{verb}: {differing:?}");
    }
    println!("{kills} kills");
    std::fs::remove_dir_all(folder).unwrap();
}
