//! XMILE that no tool would write: the reader survives it, what it says of it points into it, and what it makes of it
//! can be written and read again.
//!
//! `endurance` runs millions of them.

use super::vensim::files;
use levada::diagnostic::{Source, render};
use levada::model::Model;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const OWN: &str = env!("CARGO_MANIFEST_DIR");
const COMMUNITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/sd-test-models");

/// What equations, names and elements are made of, to be set in anywhere between two tags or quotation marks.
const PIECES: [&str; 58] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "&quot;",
    "&lt;",
    "&gt;",
    "&amp;",
    "&#955;",
    "&#x22;",
    "<![CDATA[ a < b ]]>",
    "<!-- c -->",
    "\\",
    "\\n",
    "\n",
    ",",
    ";",
    ":",
    ".",
    "..",
    "=",
    "&lt;&gt;",
    "!",
    "?",
    "???",
    "^",
    "-",
    "+",
    "*",
    "/",
    "//",
    "%",
    "@1",
    "1e",
    "1e999",
    ".5",
    " AND ",
    " NOT ",
    " MOD ",
    "IF a THEN b ELSE c",
    " THEN ",
    "[*]",
    "[*, 1]",
    "SELF",
    "SUM(",
    "LOOKUP(",
    "PREVIOUS(SELF, 0)",
    "vensim.ACTIVE_INITIAL(1, 2)",
    "-0",
    "1:3",
    "*:a",
    "a!",
    "_",
    "é",
];

/// Elements to be set in between two others.
const ELEMENTS: [&str; 32] = [
    "<aux name=\"a\"><eqn>b</eqn></aux>",
    "<aux name=\"a\"><dimensions><dim name=\"d\"/><dim name=\"d\"/></dimensions><eqn>1, 2</eqn></aux>",
    "<gf/>",
    "<gf name=\"a\"><xscale min=\"0\" max=\"0\"/><ypts>1</ypts></gf>",
    "<element subscript=\"1, 2\"><eqn>1</eqn></element>",
    "<element subscript=\"a\"/>",
    "<non_negative/>",
    "<conveyor exponential_leak=\"true\"><len/></conveyor>",
    "<conveyor discrete=\"true\" one_at_a_time=\"false\"><len>a</len><capacity>1e9</capacity></conveyor>",
    "<conveyor isee:fifo=\"true\"><len>1</len><sample>a</sample><arrest>b</arrest></conveyor>",
    "<queue/>",
    "<queue purge=\"1\"><len>1</len></queue>",
    "<oven><len>a</len></oven>",
    "<oven batch_integrity=\"true\"><cook_time>1</cook_time><fill_time>0</fill_time><clean_time>a</clean_time></oven>",
    "<leak/>",
    "<leak>0.5</leak>",
    "<leak_integers/>",
    "<overflow/>",
    "<len>-1</len>",
    "<in_limit>INF</in_limit>",
    "<stock name=\"a\"><eqn>1, 2, 3</eqn><inflow>b</inflow><outflow>b</outflow><queue/></stock>",
    "<flow name=\"b\" leak_start=\"0.5\" leak_end=\"0.25\"><leak>a</leak></flow>",
    "<inflow>a</inflow>",
    "<outflow>a b</outflow>",
    "<module name=\"a\"><connect to=\"a.b\" from=\".c\"/></module>",
    "<model name=\"a\"><variables/></model>",
    "<dimensions><dim name=\"d\" size=\"3\"/></dimensions>",
    "<dim name=\"d\"><elem name=\"a\"/></dim>",
    "<macro name=\"a\"><parm default=\"a(a)\">a</parm><eqn>a(a)</eqn></macro>",
    "<isee:x y=\"z\"/>",
    "<sim_specs><start>1</start></sim_specs>",
    "<group name=\"g\"><entity name=\"a\"/></group>",
];

#[derive(Clone, Debug)]
pub enum Mutation {
    /// Within the text of an element or the value of an attribute.
    Insert {
        place: usize,
        at: usize,
        piece: usize,
    },
    Cut {
        place: usize,
        at: usize,
        length: usize,
    },
    /// One text or value in the place of another.
    Copy {
        from: usize,
        to: usize,
    },
    /// Between two elements.
    Element {
        place: usize,
        element: usize,
    },
    RemoveLines {
        at: usize,
        count: usize,
    },
    RepeatLines {
        at: usize,
        count: usize,
        times: usize,
    },
    /// Anywhere, whatever it breaks.
    Byte {
        at: usize,
        byte: u8,
    },
    Truncate {
        at: usize,
    },
}

pub fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let at = any::<usize>();
    let one = prop_oneof![
        6 => (at, at, 0..PIECES.len()).prop_map(|(place, at, piece)| Mutation::Insert { place, at, piece }),
        3 => (at, at, 1..20usize).prop_map(|(place, at, length)| Mutation::Cut { place, at, length }),
        4 => (at, at).prop_map(|(from, to)| Mutation::Copy { from, to }),
        3 => (at, 0..ELEMENTS.len()).prop_map(|(place, element)| Mutation::Element { place, element }),
        1 => (at, 1..5usize).prop_map(|(at, count)| Mutation::RemoveLines { at, count }),
        1 => (at, 1..5usize, 2..5usize).prop_map(|(at, count, times)| Mutation::RepeatLines { at, count, times }),
        1 => (at, any::<u8>()).prop_map(|(at, byte)| Mutation::Byte { at, byte }),
        1 => at.prop_map(|at| Mutation::Truncate { at }),
    ];
    prop::collection::vec(one, 1..6)
}

/// The ranges of texts between tags and of values of attributes.
fn texts(xml: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut open = None;
    for (at, byte) in xml.bytes().enumerate() {
        match (byte, open) {
            (b'>', _) => open = Some((at + 1, b'<')),
            (b'"', Some((start, b'"'))) => {
                found.push(start..at);
                open = None;
            }
            (b'"', None) => open = Some((at + 1, b'"')),
            (b'<', Some((start, b'<'))) => {
                if !xml[start..at].trim().is_empty() {
                    found.push(start..at);
                }
                open = None;
            }
            _ => {}
        }
    }
    found
}

pub fn mutate(xml: &mut String, mutation: &Mutation) {
    let boundary =
        |text: &str, at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
    let text = |place: usize, xml: &str| {
        let texts = texts(xml);
        (!texts.is_empty()).then(|| texts[place % texts.len()].clone())
    };
    let lines = |xml: &str, at: usize, count: usize| {
        let starts: Vec<usize> = std::iter::once(0).chain(xml.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let first = at % starts.len();
        starts[first]..starts.get(first + count).copied().unwrap_or(xml.len())
    };
    match *mutation {
        Mutation::Insert { place, at, piece } => {
            if let Some(range) = text(place, xml) {
                let at = boundary(xml, range.start + at % (range.len() + 1));
                xml.insert_str(at, PIECES[piece]);
            }
        }
        Mutation::Cut { place, at, length } => {
            if let Some(range) = text(place, xml) {
                let start = boundary(xml, range.start + at % (range.len() + 1));
                let end = boundary(xml, (start + length).min(range.end)).max(start);
                xml.replace_range(start..end, "");
            }
        }
        Mutation::Copy { from, to } => {
            if let (Some(from), Some(to)) = (text(from, xml), text(to, xml)) {
                let copied = xml[from].to_owned();
                xml.replace_range(to, &copied);
            }
        }
        Mutation::Element { place, element } => {
            let places: Vec<usize> = xml.match_indices('>').map(|(at, _)| at + 1).collect();
            if !places.is_empty() {
                xml.insert_str(places[place % places.len()], ELEMENTS[element]);
            }
        }
        Mutation::RemoveLines { at, count } => xml.replace_range(lines(xml, at, count), ""),
        Mutation::RepeatLines { at, count, times } => {
            let range = lines(xml, at, count);
            let repeated = xml[range.clone()].repeat(times);
            xml.replace_range(range, &repeated);
        }
        Mutation::Byte { at, byte } => {
            let at = boundary(xml, at % (xml.len() + 1));
            let end = (at + 1..=xml.len()).find(|end| xml.is_char_boundary(*end)).unwrap_or(at);
            xml.replace_range(at..end, &char::from(byte).to_string());
        }
        Mutation::Truncate { at } => {
            let at = boundary(xml, at % (xml.len() + 1));
            xml.truncate(at);
        }
    }
}

/// Models of this repository, and the community's where they are at hand; none so large that a run takes long.
pub fn seeds() -> Vec<String> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for extension in ["xmile", "stmx"] {
        files(&Path::new(OWN).join("tests/suite/language"), extension, &mut paths);
        files(Path::new(COMMUNITY), extension, &mut paths);
    }
    let texts = paths.iter().filter_map(|path| std::fs::read_to_string(path).ok());
    texts.filter(|text| text.len() < 12_000).collect()
}

fn read(text: &str) -> (std::sync::Arc<Source>, Model, Vec<levada::diagnostic::Diagnostic>) {
    let source = Source::new("mutated.xmile", text);
    let (model, diagnostics) = levada::parse::xmile::read(&source, Path::new(""));
    (source, model, diagnostics)
}

#[test]
fn mutated_xmile_is_survived() {
    let seeds = seeds();
    assert!(!seeds.is_empty());
    let config = Config { failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&(0..seeds.len(), mutations()), |(seed, mutations)| {
        let mut text = seeds[seed].clone();
        for mutation in &mutations {
            mutate(&mut text, mutation);
        }
        let started = Instant::now();
        let (source, model, diagnostics) = read(&text);
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
        if let Ok(written) = levada::write::xmile::write(&model) {
            let (_, again, complaints) = read(&written);
            let malformed = complaints.iter().find(|complaint| complaint.code == "malformed-xml");
            prop_assert!(malformed.is_none(), "{malformed:?} in\n{written}");
            if !diagnostics.iter().any(|diagnostic| diagnostic.is_error()) {
                prop_assert_eq!(model.variables.len(), again.variables.len(), "\n{}", written);
            }
        }
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

/// Models with conveyors, queues and ovens that were tampered with end in a result or in words, and lose nothing.
#[test]
fn mutated_stores_are_survived() {
    let files = ["conveyors", "conveyors_that_change", "queues_and_ovens", "containers"];
    let text =
        |file| std::fs::read_to_string(Path::new(OWN).join(format!("tests/suite/language/accepted/{file}.xmile")));
    let seeds: Vec<String> = files.iter().map(|file| text(file).unwrap()).collect();
    let own = Config::default();
    let config = Config { failure_persistence: None, cases: own.cases / 4, ..own };
    let result = TestRunner::new(config).run(&(0..seeds.len(), mutations()), |(seed, mutations)| {
        let mut text = seeds[seed].clone();
        for mutation in &mutations {
            mutate(&mut text, mutation);
        }
        let (source, model, _) = read(&text);
        let (checked, _) = levada::check::check(&source, model, &Default::default());
        let Some(checked) = checked else { return Ok(()) };
        match levada::compile::compile(&checked, &Default::default()) {
            Ok(program) => {
                let settings = levada::simulate::Settings { budget: 200, ..Default::default() };
                if let Err(failure) = levada::simulate::run(&program, &settings) {
                    prop_assert!(!render(&failure.diagnostic()).is_empty());
                }
            }
            Err(faults) => prop_assert!(faults.iter().all(|fault| fault.help.is_some())),
        }
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

fn within(variables: &str) -> String {
    format!(
        "<xmile xmlns=\"http://docs.oasis-open.org/xmile/ns/XMILE/v1.0\"><sim_specs><start>0</start><stop>1</stop>\
         </sim_specs><model><variables>{variables}</variables></model></xmile>"
    )
}

/// Repetitions that would make a reader look through the rest of the text again and again.
#[test]
fn long_repetitions_take_no_time() {
    const LENGTH: usize = 300_000;
    let in_equations = [
        "(",
        "[",
        "-",
        "a+",
        "a^",
        "a[",
        "a(",
        "IF ",
        "IF a THEN ",
        "{",
        "\"",
        "'",
        "a'",
        "a.",
        "1e",
        "a[*",
        "&#65;",
        "é",
        "<![CDATA[a]]>+",
        "<!--x-->",
        "<b/>",
        "<a>",
        "a ",
    ];
    let mut texts: Vec<(String, String)> = Vec::new();
    for unit in in_equations {
        let equation = unit.repeat(LENGTH / unit.len());
        texts.push((unit.to_owned(), within(&format!("<aux name=\"a\"><eqn>{equation}</eqn></aux>"))));
    }
    let numbered = |count: usize, one: fn(usize) -> String| (0..count).map(one).collect::<String>();
    let bare: [(&str, String); 9] = [
        ("one name for many", within(&"<aux name=\"a\"><eqn>1</eqn></aux>".repeat(9_000))),
        ("unknown elements", within(&"<unknown/>".repeat(30_000))),
        (
            "unknown flows",
            within(&numbered(4_000, |n| {
                format!(
                    "<stock name=\"s{n}\"><eqn>1</eqn><inflow>f{n}x</inflow></stock><flow name=\"f{n}\"><eqn>1</eqn></flow>"
                )
            })),
        ),
        (
            "a stock of many flows",
            within(&format!(
                "<stock name=\"s\"><eqn>1</eqn>{}</stock><flow name=\"f\"><eqn>1</eqn></flow>",
                "<inflow>f</inflow>".repeat(15_000)
            )),
        ),
        (
            "unused models",
            within("").replace(
                "</xmile>",
                &format!("{}</xmile>", numbered(6_000, |n| format!("<model name=\"m{n}\"><variables/></model>"))),
            ),
        ),
        ("modules within modules", {
            let models = numbered(4_000, |n| {
                format!("<model name=\"m{n}\"><variables><module name=\"m{}\"/></variables></model>", n + 1)
            });
            within("<module name=\"m0\"/>").replace("</xmile>", &format!("{models}</xmile>"))
        }),
        (
            "macros that call macros",
            within("").replace(
                "</xmile>",
                &format!(
                    "{}</xmile>",
                    numbered(4_000, |n| format!("<macro name=\"m{n}\"><parm>x</parm><eqn>m{}(x)</eqn></macro>", n + 1))
                ),
            ),
        ),
        ("defaults that double", {
            let parameters =
                numbered(60, |n| format!("<parm default=\"p{}+p{}\">p{n}</parm>", n.max(1) - 1, n.max(1) - 1))
                    .replacen(" default=\"p0+p0\"", "", 1);
            within("<aux name=\"a\"><eqn>m(1)</eqn></aux>")
                .replace("</xmile>", &format!("<macro name=\"m\">{parameters}<eqn>p1</eqn></macro></xmile>"))
        }),
        ("undeclared prefixes", within(&numbered(3_000, |n| format!("<p{n}:a/>")))),
    ];
    texts.extend(bare.map(|(what, text)| (what.to_owned(), text)));
    let sized = within("").replace("<model>", "<dimensions><dim name=\"d\" size=\"1000000\"/></dimensions><model>").replace(
        "<variables>",
        "<variables><aux name=\"a\"><dimensions><dim name=\"d\"/><dim name=\"d\"/><dim name=\"d\"/></dimensions><element subscript=\"1,1,1\"><eqn>1</eqn></element></aux>",
    );
    texts.push(("a trillion elements".into(), sized));
    for (what, text) in texts {
        let started = Instant::now();
        let (_, model, _) = read(&text);
        let _ = levada::write::xmile::write(&model);
        assert!(started.elapsed() < Duration::from_secs(2), "{what:?} took {:?}", started.elapsed());
    }
}
