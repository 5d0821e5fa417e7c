//! The speed of ensembles and single runs against the same equations written out in Rust. Everything is timed in rounds
//! that alternate between the candidates; a ratio is the median over rounds, given with its quartiles.
//!
//! `cargo bench --bench ratios [-- ROUNDS]`

mod setting;

use levada::compile::Program;
use levada::simulate::{Method, Settings, run, run_members};
use rayon::ThreadPool;
use setting::written_out::WrittenOut;
use setting::{members, program, sectors, text_of};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

/// Members of an ensemble.
const MEMBERS: u64 = 256;

fn main() {
    let rounds = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(9);
    let one = pool(1);
    println!("one thread, {MEMBERS} members, medians of {rounds} rounds (quartiles)\n");
    println!(
        "{:<34}{:>12}   {:<22}{:<22}{:<22}",
        "model, method", "written out", "one run", "member", "member, all saved"
    );
    for (name, path, output, varied) in [
        ("flagship", "models/zgc/zgc.mdl", "unemployment rate", 20),
        ("outbreak", "models/sir/sir.mdl", "infectious", 3),
    ] {
        let (path, text) = text_of(path);
        let (slim, full) = (program(&path, &text, &[output]), program(&path, &text, &[]));
        let reference = WrittenOut::new(name, &slim);
        for method in [Method::Euler, Method::RungeKutta4] {
            compare(name, method, &slim, &full, varied, &reference, rounds, &one);
        }
    }
    let text = sectors(30, 400);
    let path = Path::new("sectors.mdl");
    let (slim, full) = (program(path, &text, &["stock 0"]), program(path, &text, &[]));
    let reference = WrittenOut::new("sectors", &slim);
    compare("300 variables, 400 steps", Method::Euler, &slim, &full, 20, &reference, rounds, &one);

    let (path, text) = text_of("models/zgc/zgc.mdl");
    let first = quartiles(
        (0..rounds)
            .map(|_| {
                seconds(|| {
                    let program = program(&path, &text, &[]);
                    run(&program, &Settings::default()).map(|table| table.time.len())
                })
            })
            .collect(),
    );
    println!("\nmodel text to first result, flagship, Euler: {}", milliseconds(first));

    let slim = program(&path, &text, &["unemployment rate"]);
    let (two, all) = (pool(2), members(&slim, MEMBERS, 20));
    let gain = (0..rounds).map(|_| {
        let time = |pool: &ThreadPool| seconds(|| pool.install(|| run_members(&slim, &Settings::default(), &all)));
        let single = time(&one);
        single / time(&two)
    });
    println!("two threads against one, flagship, Euler: {}", ratio(quartiles(gain.collect())));
}

#[allow(clippy::too_many_arguments)]
fn compare(
    name: &str,
    method: Method,
    slim: &Program,
    full: &Program,
    varied: usize,
    reference: &WrittenOut,
    rounds: usize,
    one: &ThreadPool,
) {
    let settings = Settings { method, ..Settings::default() };
    let (few, all) = (members(slim, MEMBERS, varied), members(full, MEMBERS, varied));
    check(slim, &settings, reference);
    // Repeat what is short, so that a timing lasts some milliseconds.
    let repetitions = (2e-3 / reference.run(method, 3).seconds).ceil().clamp(2.0, 1000.0) as usize;
    let mut columns: [Vec<f64>; 4] = Default::default();
    for _ in 0..rounds {
        let written = reference.run(method, repetitions).seconds;
        let best = |work: &mut dyn FnMut()| (0..repetitions).map(|_| seconds(&mut *work)).fold(f64::INFINITY, f64::min);
        let single = best(&mut || {
            black_box(run(slim, &settings)).ok();
        });
        let ensemble = |program: &Program, members: &[levada::simulate::Member]| {
            let time = || {
                seconds(|| {
                    one.install(|| {
                        let runs = run_members(program, &settings, members);
                        assert!(runs.iter().all(Result::is_ok));
                        runs
                    })
                })
            };
            (0..2).map(|_| time()).fold(f64::INFINITY, f64::min) / MEMBERS as f64
        };
        let (few, all) = (ensemble(slim, &few), ensemble(full, &all));
        for (column, value) in columns.iter_mut().zip([written, single / written, few / written, all / written]) {
            column.push(value);
        }
    }
    let [written, single, few, all] = columns.map(quartiles);
    let with_time = |ratios: [f64; 3]| format!("{} = {:.3} ms", ratio(ratios), ratios[1] * written[1] * 1e3);
    println!(
        "{:<34}{:<14}{:<20}{:<32}{:<32}",
        format!("{name}, {method}"),
        format!("{:.3} ms", written[1] * 1e3),
        ratio(single),
        with_time(few),
        with_time(all)
    );
}

/// The two programs must compute the same.
fn check(slim: &Program, settings: &Settings, reference: &WrittenOut) {
    let expected = reference.run(settings.method, 1).checksum;
    let table = run(slim, settings).unwrap_or_else(|failure| panic!("{failure:?}"));
    let got: f64 = table.values.rows().into_iter().next_back().map_or(f64::NAN, |row| row.sum());
    assert!((got - expected).abs() <= 1e-9 * expected.abs(), "{got:e} here, {expected:e} written out");
}

fn pool(threads: usize) -> ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
}

fn seconds<T>(work: impl FnOnce() -> T) -> f64 {
    let clock = Instant::now();
    black_box(work());
    clock.elapsed().as_secs_f64()
}

/// Lower quartile, median, upper quartile.
fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    [at(0.25), at(0.5), at(0.75)]
}

fn ratio([low, middle, high]: [f64; 3]) -> String {
    format!("{middle:.2} ({low:.2}-{high:.2})")
}

fn milliseconds([low, middle, high]: [f64; 3]) -> String {
    format!("{:.1} ms ({:.1}-{:.1})", middle * 1e3, low * 1e3, high * 1e3)
}
