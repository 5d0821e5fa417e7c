//! Text that no author would write: the readers survive it, and what they say of it points into it.
//!
//! `endurance` runs millions of them.

use super::vensim::files;
use super::written::{kept, parting};
use levada::diagnostic::{Source, render};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const OWN: &str = env!("CARGO_MANIFEST_DIR");
const COMMUNITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/sd-test-models");

/// What Vensim's text is made of, to be set in anywhere.
const PIECES: [&str; 48] = [
    "~",
    "|",
    "~~|",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "\\",
    "\\\n",
    "\n",
    ",",
    ";",
    ":",
    "::",
    "=",
    ":=",
    "==",
    "<->",
    "->",
    "!",
    "?",
    "^",
    "-",
    "+",
    "*",
    "/",
    "<",
    ">",
    "<>",
    "1e",
    "1e9",
    ".5",
    ":AND:",
    ":NOT:",
    ":EXCEPT:",
    ":RAW:",
    ":MACRO:",
    ":END OF MACRO:",
    "INTEG(",
    "WITH LOOKUP(",
    "TABBED ARRAY(",
    "(A1-A99999)",
    "\\\\\\---///",
    "é",
];

#[derive(Clone, Debug)]
pub enum Mutation {
    Cut {
        at: usize,
        length: usize,
    },
    Repeat {
        at: usize,
        length: usize,
        times: usize,
    },
    Insert {
        at: usize,
        piece: usize,
    },
    Replace {
        at: usize,
        byte: u8,
    },
    Move {
        at: usize,
        length: usize,
        to: usize,
    },
    Truncate {
        at: usize,
    },
    /// One name, number or function in the place of another.
    Word {
        from: usize,
        to: usize,
    },
}

pub fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let at = any::<usize>();
    let one = prop_oneof![
        1 => (at, 0..200usize).prop_map(|(at, length)| Mutation::Cut { at, length }),
        1 => (at, 0..60usize, 1..40usize).prop_map(|(at, length, times)| Mutation::Repeat { at, length, times }),
        1 => (at, 0..PIECES.len()).prop_map(|(at, piece)| Mutation::Insert { at, piece }),
        1 => (at, any::<u8>()).prop_map(|(at, byte)| Mutation::Replace { at, byte }),
        1 => (at, 0..200usize, at).prop_map(|(at, length, to)| Mutation::Move { at, length, to }),
        1 => at.prop_map(|at| Mutation::Truncate { at }),
        3 => (at, at).prop_map(|(from, to)| Mutation::Word { from, to }),
    ];
    prop::collection::vec(one, 1..8)
}

pub fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    let place = |at: usize, bytes: &[u8]| at % (bytes.len() + 1);
    let piece = |at: usize, length: usize, bytes: &[u8]| {
        let start = place(at, bytes);
        start..(start + length).min(bytes.len())
    };
    match *mutation {
        Mutation::Cut { at, length } => drop(bytes.drain(piece(at, length, bytes))),
        Mutation::Repeat { at, length, times } => {
            let piece = piece(at, length, bytes);
            let repeated = bytes[piece.clone()].repeat(times);
            bytes.splice(piece, repeated);
        }
        Mutation::Insert { at, piece } => {
            let start = place(at, bytes);
            bytes.splice(start..start, PIECES[piece].bytes());
        }
        Mutation::Replace { at, byte } => {
            let start = place(at, bytes);
            if let Some(old) = bytes.get_mut(start) {
                *old = byte;
            }
        }
        Mutation::Move { at, length, to } => {
            let moved: Vec<u8> = bytes.drain(piece(at, length, bytes)).collect();
            let start = place(to, bytes);
            bytes.splice(start..start, moved);
        }
        Mutation::Truncate { at } => bytes.truncate(place(at, bytes)),
        Mutation::Word { from, to } => {
            let words = words(bytes);
            if !words.is_empty() {
                let from = bytes[words[from % words.len()].clone()].to_vec();
                bytes.splice(words[to % words.len()].clone(), from);
            }
        }
    }
}

/// Names, numbers and functions, with the blanks within them.
fn words(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let within = |byte: &u8| byte.is_ascii_alphanumeric() || b" ._\"".contains(byte) || *byte > 127;
    let mut start = 0;
    let mut words = Vec::new();
    for run in bytes.split_inclusive(|byte| !within(byte)) {
        let word = run.strip_suffix(&run[run.iter().take_while(|byte| within(byte)).count()..]).unwrap_or(run);
        let (blanks, trimmed) = (word.len() - word.trim_ascii_start().len(), word.trim_ascii());
        if !trimmed.is_empty() {
            words.push(start + blanks..start + blanks + trimmed.len());
        }
        start += run.len();
    }
    words
}

/// Models of this repository, and the community's where they are at hand; none so large that a run takes long.
pub fn seeds(extension: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in ["models", "tests/suite/language"] {
        files(&Path::new(OWN).join(folder), extension, &mut paths);
    }
    files(Path::new(COMMUNITY), extension, &mut paths);
    let texts = paths.iter().filter_map(|path| std::fs::read(path).ok());
    texts.map(|text| text[..text.len().min(6_000)].to_vec()).collect()
}

#[test]
fn mutated_vensim_text_is_survived() {
    let seeds = seeds("mdl");
    assert!(!seeds.is_empty());
    let config = Config { failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&(0..seeds.len(), mutations()), |(seed, mutations)| {
        let mut bytes = seeds[seed].clone();
        for mutation in &mutations {
            mutate(&mut bytes, mutation);
        }
        let source = Source::new("mutated.mdl", String::from_utf8_lossy(&bytes));
        let started = Instant::now();
        let (model, diagnostics) = levada::parse::vensim::read(&source, Path::new(""));
        prop_assert!(started.elapsed() < Duration::from_secs(1), "took {:?}", started.elapsed());
        for diagnostic in &diagnostics {
            let (span, _) = diagnostic.label.as_ref().expect("every fault has a place");
            prop_assert!(source.text.get(span.range()).is_some(), "{diagnostic:?} points outside the text");
            prop_assert!(diagnostic.help.is_some() && !diagnostic.message.is_empty());
        }
        diagnostics.iter().take(3).for_each(|diagnostic| drop(render(diagnostic)));
        for variable in &model.variables {
            prop_assert!(source.text.get(variable.span.range()).is_some());
        }
        if diagnostics.iter().any(|diagnostic| diagnostic.is_error()) {
            return Ok(());
        }
        // What is read can be written, and reads back as the same.
        let text = levada::write::vensim::write(&model);
        let text = text.map_err(|faults| TestCaseError::fail(format!("{faults:#?}")))?;
        let (again, found) = levada::parse::vensim::read(&Source::new("mutated.mdl", &*text), Path::new(""));
        prop_assert!(found.is_empty(), "{found:#?}\n{text}");
        let (before, after) = (kept(&model), kept(&again));
        prop_assert!(before == after, "{}", parting(&before, &after));
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

/// Repetitions that would make a reader look through the rest of the text again and again.
#[test]
fn long_repetitions_take_no_time() {
    let units = [
        "=]",
        "|{",
        "{{}|",
        "{",
        "\"|\\",
        "'|",
        ":MACRO:",
        ":MACRO: m(a : b)\n",
        "a=b\n",
        "a = 1 ~\n",
        "a = 1\n",
        "((",
        "-",
        "a+",
        "a:m(1 : b) ~~|\n",
        "d: (A1-A9999) -> (e: (B1-B9999)) ~~|\n",
        "****",
        "a ",
        "\\\n",
        "~",
        "é",
    ];
    for unit in units {
        let source = Source::new("repeated.mdl", unit.repeat(100_000 / unit.len()));
        let started = Instant::now();
        let _ = levada::parse::vensim::read(&source, Path::new(""));
        assert!(started.elapsed() < Duration::from_secs(2), "{unit:?} took {:?}", started.elapsed());
    }
}
