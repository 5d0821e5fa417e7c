//! How long a model of a megabyte takes to open, to check, and to compile, in both formats.
//!
//! `cargo bench --bench reading`

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use levada::check::check;
use levada::compile::{Request, compile};
use levada::diagnostic::Source;
use levada::model::Model;
use levada::{parse, write};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

fn main() {
    divan::main();
}

/// Vensim text of some `bytes`: sectors of a stock, two flows, a lookup, an array and a smooth, each on the last.
fn vensim_text(bytes: usize) -> String {
    let mut text = String::from("{UTF-8}\nregion: north, east, south, west ~~|\nsmoothed income 0 = 1 ~~|\n");
    let mut number = 0;
    while text.len() < bytes {
        number += 1;
        let last = number - 1;
        let _ = write!(
            text,
            "population {number} = INTEG(births {number} - deaths {number}, initial population {number}) ~ person ~ |\n\
             initial population {number} = {number}00 ~ person ~ The people at the start. |\n\
             births {number} = population {number} * birth rate {number} * effect of income {number}(smoothed income \
             {last}) ~ person/year ~ |\n\
             deaths {number} = population {number} / life expectancy {number} ~ person/year ~ |\n\
             birth rate {number} = 0.03 ~ 1/year ~ |\n\
             life expectancy {number} = IF THEN ELSE(Time > 20, 70, 60 + 0.5 * Time) ~ year ~ |\n\
             effect of income {number}([(0,0)-(10,10)],(0,1),(1,1.2),(2,1.3),(5,1.1),(10,0.9)) ~ Dmnl ~ |\n\
             income {number}[region] = MAX(0, LN(population {number} + 1) / 10 * share {number}[region]) ~ Dmnl ~ |\n\
             share {number}[region] = 0.1, 0.2, 0.3, 0.4 ~ Dmnl ~ |\n\
             smoothed income {number} = SMOOTH(SUM(income {number}[region!]), 3) ~ Dmnl ~ |\n"
        );
    }
    text + "INITIAL TIME = 0 ~~|\nFINAL TIME = 50 ~~|\nTIME STEP = 0.25 ~~|\nSAVEPER = 1 ~~|\n"
}

fn source(extension: &str) -> Arc<Source> {
    let vensim = |bytes| Source::new("bench.mdl", vensim_text(bytes));
    match extension {
        "mdl" => vensim(1_000_000),
        _ => {
            // The text that the writer makes, of about a megabyte.
            let (model, _) = parse::vensim::read(&vensim(450_000), Path::new(""));
            Source::new("bench.xmile", write::xmile::write(&model).expect("the model can be written"))
        }
    }
}

fn read(source: &Arc<Source>) -> Model {
    let reader = if source.path.extension().is_some_and(|extension| extension == "mdl") {
        parse::vensim::read
    } else {
        parse::xmile::read
    };
    let (model, found) = reader(source, Path::new(""));
    assert!(found.iter().all(|one| !one.is_error()), "{:?}", found.first());
    model
}

#[divan::bench(args = ["mdl", "xmile"], sample_count = 10)]
fn open(bencher: Bencher, extension: &str) {
    let source = source(extension);
    bencher.counter(BytesCount::new(source.text.len())).bench_local(|| black_box(read(&source)));
}

#[divan::bench(args = ["mdl", "xmile"], sample_count = 10)]
fn open_and_check(bencher: Bencher, extension: &str) {
    let source = source(extension);
    let work = || black_box(check(&source, read(&source), &Default::default()));
    assert!(work().0.is_some());
    bencher.counter(BytesCount::new(source.text.len())).bench_local(work);
}

#[divan::bench(args = ["mdl", "xmile"], sample_count = 10)]
fn open_check_and_compile(bencher: Bencher, extension: &str) {
    let source = source(extension);
    let work = || {
        let (checked, _) = check(&source, read(&source), &Default::default());
        black_box(compile(&checked.expect("the model is sound"), &Request::default()).is_ok())
    };
    assert!(work());
    bencher.counter(BytesCount::new(source.text.len())).bench_local(work);
}
