//! XMILE text: what is refused and in which words, what is accepted, and the community's models.

use levada::diagnostic::{Diagnostic, Source, render};
use levada::model::{Definition, ExpressionKind, Model, Store};
use std::path::{Path, PathBuf};

const REJECTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/language/rejected");
const ACCEPTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/language/accepted");
const COMMUNITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/sd-test-models");

/// Every XMILE file below `folder`.
fn files(folder: &str) -> Vec<PathBuf> {
    let (mut waiting, mut found) = (vec![PathBuf::from(folder)], Vec::new());
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if entry.is_dir() {
                waiting.push(entry);
            } else if entry.extension().is_some_and(|own| ["xmile", "stmx", "itmx"].iter().any(|known| own == *known)) {
                found.push(entry);
            }
        }
    }
    found.sort();
    found
}

/// Reads a file under its own name, so that messages do not depend on where the repository stands.
fn read(path: &Path) -> (Model, Vec<Diagnostic>) {
    let text = std::fs::read_to_string(path).unwrap();
    let source = Source::new(path.file_name().unwrap(), text);
    levada::parse::xmile::read(&source, path.parent().unwrap())
}

/// The words for everything in `rejected`; `BLESS=1` writes them anew for review.
#[test]
fn refusals_have_their_exact_text() {
    let mut differing = Vec::new();
    let rejected = files(REJECTED);
    for path in &rejected {
        let (_, diagnostics) = read(path);
        let text: String = diagnostics.iter().map(|diagnostic| render(diagnostic) + "\n").collect();
        let expected = path.with_extension("expected");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&expected, &text).unwrap();
        }
        if std::fs::read_to_string(&expected).unwrap_or_default() != text {
            differing.push(format!("{}:\n{text}", path.display()));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    assert!(rejected.len() >= 12);
}

/// Each model of `accepted` says itself what it should give: `x expected` is the same as `x`, by simpler means.
#[test]
fn accepted_models_give_what_they_say() {
    let accepted = files(ACCEPTED);
    let mut differing = Vec::new();
    for path in &accepted {
        let (_, diagnostics) = read(path);
        let complaints: String =
            diagnostics.iter().filter(|found| found.code != "undeclared-prefix").map(render).collect();
        let table = match super::read_written::run_file(path) {
            Ok(table) if complaints.is_empty() => table,
            Ok(_) => {
                differing.push(complaints);
                continue;
            }
            Err(why) => {
                differing.push(format!("{}: {why}", path.display()));
                continue;
            }
        };
        let mut pairs = 0;
        for column in &table.columns {
            let Some(name) = column.name.strip_suffix(" expected") else { continue };
            let (values, expected) = (table.column(name).unwrap(), table.column(&column.name).unwrap());
            pairs += 1;
            for (row, (value, expected)) in values.iter().zip(expected).enumerate() {
                if (value - expected).abs() > 1e-12 * expected.abs().max(1.0) {
                    let (file, time) = (path.file_name().unwrap(), table.time[row]);
                    differing.push(format!("{file:?}: `{name}` at {time} is {value}, not {expected}"));
                    break;
                }
            }
        }
        assert!(pairs > 0, "{} says nothing", path.display());
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// Why some of the community's files are no legal models: the code of the first error.
const ILLEGAL: [(&str, &str); 28] = [
    ("samples/display/1style.stmx", "missing-equation"),
    ("samples/display/multipoint-connection.stmx", "missing-equation"),
    // `EXPRESSION MACRO(...)`, a macro that the file does not define and whose name has a space
    ("tests/macro_expression/test_macro_expression.stmx", "expected-operator"),
    ("tests/macro_expression/test_macro_expression.xmile", "expected-operator"),
    ("tests/macro_multi_expression/test_macro_multi_expression.stmx", "expected-operator"),
    ("tests/macro_multi_expression/test_macro_multi_expression.xmile", "expected-operator"),
    ("tests/macro_multi_macros/test_macro_multi_macros.stmx", "expected-operator"),
    ("tests/macro_multi_macros/test_macro_multi_macros.xmile", "expected-operator"),
    ("tests/macro_stock/test_macro_stock.stmx", "expected-operator"),
    ("tests/macro_stock/test_macro_stock.xmile", "expected-operator"),
    ("tests/non_negative_flows/test_non_negative_flows.xmile", "malformed-xml"),
    ("tests/non_negative_flows/test_non_negative_flows_behavior.xmile", "malformed-xml"),
    ("tests/subscript_1d_arrays/test_subscript_1d_arrays.stmx", "placeholder-equation"),
    ("tests/subscript_1d_arrays/test_subscript_1d_arrays.xmile", "placeholder-equation"),
    ("tests/subscript_constant_call/test_subscript_constant_call.stmx", "placeholder-equation"),
    ("tests/subscript_constant_call/test_subscript_constant_call.xmile", "placeholder-equation"),
    ("tests/subscript_mixed_assembly/test_subscript_mixed_assembly.stmx", "bad-element"),
    ("tests/subscript_mixed_assembly/test_subscript_mixed_assembly.xmile", "bad-element"),
    ("tests/subscript_multiples/test_multiple_subscripts.stmx", "placeholder-equation"),
    ("tests/subscript_multiples/test_multiple_subscripts.xmile", "placeholder-equation"),
    ("tests/subscript_subranges/test_subscript_subrange.stmx", "placeholder-equation"),
    ("tests/subscript_subranges/test_subscript_subrange.xmile", "placeholder-equation"),
    ("tests/subscript_subranges_equal/test_subscript_subrange_equal.stmx", "placeholder-equation"),
    ("tests/subscript_subranges_equal/test_subscript_subrange_equal.xmile", "placeholder-equation"),
    ("tests/subscript_updimensioning/test_subscript_updimensioning.stmx", "placeholder-equation"),
    ("tests/subscript_updimensioning/test_subscript_updimensioning.xmile", "placeholder-equation"),
    ("tests/subscripted_flows/test_subscripted_flows.stmx", "placeholder-equation"),
    ("tests/subscripted_flows/test_subscripted_flows.xmile", "placeholder-equation"),
];

#[test]
fn every_legal_model_of_the_community_is_read_without_error() {
    let models = files(COMMUNITY);
    if models.is_empty() {
        println!("skipped: the community's models are not at {COMMUNITY}");
        return;
    }
    let mut refused = Vec::new();
    for path in &models {
        let (model, diagnostics) = read(path);
        match diagnostics.iter().find(|diagnostic| diagnostic.is_error()) {
            Some(error) => {
                let name = path.strip_prefix(COMMUNITY).unwrap().to_string_lossy().replace('\\', "/");
                refused.push((name, error.code));
            }
            None => assert!(!model.variables.is_empty(), "{} has no variables", path.display()),
        }
    }
    let refused: Vec<(&str, &str)> = refused.iter().map(|(name, code)| (name.as_str(), *code)).collect();
    assert_eq!(refused, ILLEGAL);
}

#[test]
fn conveyors_queues_and_ovens_are_read() {
    let (model, diagnostics) = read(&Path::new(ACCEPTED).join("containers.xmile"));
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let definition = |name: &str| {
        let variable = model.variables.iter().find(|variable| variable.name.text() == name).unwrap();
        &variable.equations[0].definition
    };
    let store = |name: &str| match definition(name) {
        Definition::Stock(stock) => &stock.store,
        other => panic!("{other:?}"),
    };
    let Store::Conveyor(conveyor) = store("Students") else { panic!("no conveyor") };
    assert_eq!(conveyor.transit.kind, ExpressionKind::Number(4.0));
    assert_eq!(conveyor.capacity, None);
    assert_eq!(conveyor.inflow_limit.as_ref().map(|limit| &limit.kind), Some(&ExpressionKind::Number(300.0)));
    let [leak] = conveyor.leaks.as_slice() else { panic!("{:?}", conveyor.leaks) };
    assert_eq!((leak.flow.text(), leak.zone, leak.integers), ("attriting", (0.0, 0.25), false));
    assert!(matches!(store("Line"), Store::Queue(queue) if queue.overflows.is_empty() && queue.contents.is_empty()));
    assert!(matches!(store("Kiln"), Store::Oven(oven) if oven.fill.is_none() && oven.capacity.is_some()));
    for flow in ["graduating", "attriting", "served", "unloading"] {
        assert_eq!(*definition(flow), Definition::Driven);
    }
}

/// Early XMUtil wrote NOT behind its operand. In its files, and nowhere else, that is read where it means one thing.
#[test]
fn not_behind_its_operand_is_read_in_files_of_xmutil() {
    let read = |vendor: &str, equation: &str| {
        let text = format!(
            "<xmile xmlns=\"http://docs.oasis-open.org/xmile/ns/XMILE/v1.0\" version=\"1.0\"><header><vendor>{vendor}</vendor>\
             </header><sim_specs><start>0</start><stop>1</stop></sim_specs><model><variables>\
             <aux name=\"a\"><eqn>1</eqn></aux><aux name=\"b\"><eqn>{equation}</eqn></aux></variables></model></xmile>"
        );
        let (model, found) = levada::parse::xmile::read(&Source::new("not.xmile", text), Path::new(""));
        let written = levada::write::xmile::write(&model).unwrap_or_default();
        let equation = written.split("<eqn>").nth(2).and_then(|rest| rest.split("</eqn>").next()).unwrap_or_default();
        let codes: Vec<&str> = found.iter().map(|one| one.code).collect();
        (equation.to_owned(), codes.join(" "))
    };
    const XMUTIL: &str = "Ventana Systems, xmutil";
    let same = |left: &str, right: &str| {
        let ((behind, said), (before, nothing)) = (read(XMUTIL, left), read(XMUTIL, right));
        assert_eq!((behind.as_str(), said.as_str(), nothing.as_str()), (before.as_str(), "not-behind", ""));
    };
    same("IF a not THEN 1 ELSE 0", "IF NOT a THEN 1 ELSE 0");
    same("a AND (a &gt; 2) not OR a", "a AND NOT (a &gt; 2) OR a");
    for equation in ["a &gt; 2 not", "a not &gt; 2", "a + a not", "a not a"] {
        assert_eq!(read(XMUTIL, equation).1, "expected-operator", "{equation}");
    }
    assert_eq!(read("isee systems, inc.", "a not").1, "expected-operator");
}
