//! The cost of derivatives: runs with 10 and 20 directions against one run of the same equations written out in Rust,
//! without derivatives. Timed in rounds that alternate between the two; a ratio is the median over rounds, with its
//! quartiles.
//!
//! `cargo bench --bench gradients [-- ROUNDS]`

mod setting;

use levada::compile::{Direction, differentiate};
use levada::simulate::{Method, Settings, run_tangents};
use setting::written_out::WrittenOut;
use setting::{members, program, text_of};
use std::time::Instant;

const MEMBERS: u64 = 256;

fn main() {
    let rounds = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(9);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("threads");
    println!("one thread, {MEMBERS} members, ratio for each member to one run written out: median (quartiles)\n");
    let (path, text) = text_of("models/zgc/zgc.mdl");
    let program = program(&path, &text, &["unemployment rate"]);
    let reference = WrittenOut::new("flagship", &program);
    for method in [Method::Euler, Method::RungeKutta4] {
        let settings = Settings { method, ..Settings::default() };
        for count in [10, 20] {
            let all = members(&program, MEMBERS, count);
            let directions: Vec<Direction> =
                all[0].changes.iter().map(|(constant, _)| Direction::Constant(*constant)).collect();
            let clock = Instant::now();
            let differentiated = differentiate(&program, &directions);
            let made = clock.elapsed().as_secs_f64();
            let mut ratios: Vec<f64> = (0..rounds)
                .map(|_| {
                    let written = reference.run(method, 20).seconds;
                    let clock = Instant::now();
                    let runs = one.install(|| run_tangents(&differentiated, &settings, &all));
                    assert!(runs.iter().all(Result::is_ok));
                    clock.elapsed().as_secs_f64() / MEMBERS as f64 / written
                })
                .collect();
            ratios.sort_by(f64::total_cmp);
            let at = |share: f64| ratios[((ratios.len() - 1) as f64 * share).round() as usize];
            println!(
                "flagship, {method}, {} directions: {:.2} ({:.2}-{:.2}); made in {:.0} ms",
                directions.len(),
                at(0.5),
                at(0.25),
                at(0.75),
                made * 1e3
            );
        }
    }
}
