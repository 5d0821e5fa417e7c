//! Holds the sources to ARCHITECTURE.md: rooms import only what its table allows, files stay short and say at their
//! head what they do. The table is read from the page itself, so that page and test cannot part.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const LONGEST_FILE: usize = 600;

#[test]
fn sources_keep_to_the_architecture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = rules_of_page(&fs::read_to_string(root.join("ARCHITECTURE.md")).expect("the page exists"));
    let mut faults = Vec::new();
    let mut rooms_seen = BTreeSet::new();
    for path in rust_files(&root.join("src")) {
        let inside = path.strip_prefix(root.join("src")).expect("the file was found there").to_path_buf();
        let text = fs::read_to_string(&path).expect("a source file is readable");
        faults.extend(faults_of_form(&Path::new("src").join(&inside), &text));
        if let Some(room) = room_of(&inside) {
            faults.extend(faults_of_imports(&rules, &room, &inside, &text));
            rooms_seen.insert(room);
        }
    }
    for path in rust_files(&root.join("tests")) {
        let text = fs::read_to_string(&path).expect("a test file is readable");
        faults.extend(faults_of_form(path.strip_prefix(root).expect("the file was found there"), &text));
    }
    for room in rules.keys().filter(|room| !rooms_seen.contains(*room)) {
        faults.push(format!("ARCHITECTURE.md lists `{room}`, which src/ does not have"));
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn a_planted_import_is_found() {
    let rules = rules_of_page(concat!(
        "| folder | turns what into what | may import |\n|---|---|---|\n| `model` | a | – |\n| `parse` | b | model |\n",
        "| `study` | c | everything but cli |\n| `cli` | d | everything; nobody imports it |\n",
    ));
    let finds = |room: &str, file: &str, text: &str| faults_of_imports(&rules, room, Path::new(file), text);
    for (room, file, text, found) in [
        ("parse", "parse/mod.rs", "use crate::model::Name;\n", 0),
        ("parse", "parse/mod.rs", "use crate::parse::xmile;\n", 0),
        ("parse", "parse/mod.rs", "use super::cli;\n", 1),
        ("parse", "parse/mod.rs", "use crate::study::Study;\n", 1),
        ("model", "model/mod.rs", "use crate::{\n    model::{Name, Span},\n    parse::{self, read},\n};\n", 1),
        ("parse", "parse/a.rs", "fn f() { crate::cli::main(); }\n", 1),
        ("parse", "parse/a.rs", "// unlike crate::cli\nfn f() {}\n", 0),
        ("parse", "parse/a.rs", "use super::super::cli;\n", 1),
        ("parse", "parse/a.rs", "use super::b;\nmod tests {\n    use super::super::b;\n}\n", 0),
        ("parse", "parse/a.rs", "mod tests {\n    use super::super::super::cli;\n}\n", 1),
        ("study", "study/mod.rs", "use crate::{model, parse};\n", 0),
        ("study", "study/mod.rs", "use crate::cli;\n", 1),
        ("cli", "cli/mod.rs", "use crate::{study, parse, model};\n", 0),
        ("attic", "attic/mod.rs", "", 1),
    ] {
        assert_eq!(finds(room, file, text).len(), found, "{file}: {text}");
    }
    assert_eq!(
        finds("parse", "parse/mod.rs", "\nuse crate::cli::main;\n"),
        ["src/parse/mod.rs:2: `parse` may not import `cli` (ARCHITECTURE.md)"]
    );
}

#[test]
fn a_planted_fault_of_form_is_found() {
    let path = Path::new("x.rs");
    assert!(faults_of_form(path, "//! Turns this into that.\n").is_empty());
    assert_eq!(faults_of_form(path, "use std::fmt;\n").len(), 1);
    assert_eq!(faults_of_form(path, &"//! long\n".repeat(LONGEST_FILE)).len(), 0);
    assert_eq!(faults_of_form(path, &"//! long\n".repeat(LONGEST_FILE + 1)).len(), 1);
}

/// What each room may import.
type Rules = BTreeMap<String, BTreeSet<String>>;

/// Reads the table of rooms: `| folder | … | may import |`.
fn rules_of_page(page: &str) -> Rules {
    let rows: Vec<Vec<&str>> = page
        .lines()
        .skip_while(|line| !line.starts_with("| folder"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(!rows.is_empty(), "ARCHITECTURE.md has no table of rooms");
    let rooms: BTreeSet<String> = rows.iter().map(|row| row[0].trim_matches('`').to_string()).collect();
    let mut rules = Rules::new();
    for row in &rows {
        let allowed = match row[2].split(';').next().map(str::trim) {
            Some("–") | None => BTreeSet::new(),
            Some("everything") => rooms.clone(),
            Some(text) => match text.strip_prefix("everything but ") {
                Some(barred) => rooms.iter().filter(|room| *room != barred).cloned().collect(),
                None => text.split(',').map(|room| room.trim().to_string()).collect(),
            },
        };
        for room in &allowed {
            assert!(rooms.contains(room), "ARCHITECTURE.md allows importing `{room}`, which it does not list");
        }
        rules.insert(row[0].trim_matches('`').to_string(), allowed);
    }
    rules
}

/// The first folder (or file) below `src/`; `lib.rs` and `main.rs` belong to no room.
fn room_of(inside_src: &Path) -> Option<String> {
    let first = inside_src.components().next()?.as_os_str().to_str()?;
    match first {
        "lib.rs" | "main.rs" => None,
        _ => Some(first.trim_end_matches(".rs").to_string()),
    }
}

fn faults_of_imports(rules: &Rules, room: &str, inside_src: &Path, text: &str) -> Vec<String> {
    let Some(allowed) = rules.get(room) else {
        return vec![format!("src/{}: ARCHITECTURE.md does not list `{room}`", inside_src.display())];
    };
    let code = without_comments(text);
    let mut faults = Vec::new();
    let mut fault = |position: usize, what: String| {
        let line = code[..position].matches('\n').count() + 1;
        faults.push(format!("src/{}:{line}: {what} (ARCHITECTURE.md)", inside_src.display()));
    };
    for (position, _) in code.match_indices("crate::") {
        for imported in first_segments(&code[position + "crate::".len()..]) {
            if imported != room && rules.contains_key(imported) && !allowed.contains(imported) {
                fault(position, format!("`{room}` may not import `{imported}`"));
            }
        }
    }
    for (position, _) in code.match_indices("super::") {
        if code[..position].ends_with("super::") {
            continue;
        }
        let climbs = code[position..].split("::").take_while(|segment| *segment == "super").count();
        let in_tests = code[..position].contains("mod tests {");
        if climbs >= module_depth(inside_src) + usize::from(in_tests) {
            fault(position, "leave a room through `crate::`, not `super::`".to_string());
        }
    }
    faults
}

/// `a` of `a::b`, and all of `{a::b, c::{d, e}}`.
fn first_segments(path: &str) -> Vec<&str> {
    let identifier = |text: &str| {
        text.find(|character: char| !character.is_alphanumeric() && character != '_').unwrap_or(text.len())
    };
    if !path.starts_with('{') {
        return vec![&path[..identifier(path)]];
    }
    let mut segments = Vec::new();
    let mut depth = 0;
    for (position, character) in path.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && (character == '{' || character == ',') {
            let rest = path[position + 1..].trim_start();
            segments.push(&rest[..identifier(rest)]);
        }
    }
    segments
}

/// How many steps of `super::` lead from the file's module to the crate's root.
fn module_depth(inside_src: &Path) -> usize {
    inside_src.components().count() - usize::from(inside_src.ends_with("mod.rs"))
}

fn without_comments(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.split("//").next().unwrap_or_default())).collect()
}

fn faults_of_form(path: &Path, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let lines = text.lines().count();
    if lines > LONGEST_FILE {
        faults.push(format!("{}: {lines} lines; {LONGEST_FILE} is the limit", path.display()));
    }
    if !text.starts_with("//!") {
        faults.push(format!("{}: does not open with `//!`, what it turns into what", path.display()));
    }
    faults
}

/// All `.rs` files below a folder, in a fixed order.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a source folder is readable") {
            let path = entry.expect("a source folder is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
