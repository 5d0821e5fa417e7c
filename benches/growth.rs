//! How cost grows: with variables, members, varied constants and threads, on models of equal sectors over 400 Euler
//! steps that save one series.
//!
//! `cargo bench --bench growth`

mod setting;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use levada::compile::Program;
use levada::simulate::{Settings, run, run_members};
use setting::{members, program, sectors};
use std::path::Path;

fn main() {
    divan::main();
}

fn model(variables: usize) -> Program {
    program(Path::new("sectors.mdl"), &sectors(variables / 10, 400), &["stock 0"])
}

fn ensemble(bencher: Bencher, program: &Program, count: u64, varied: usize, threads: usize) {
    let all = members(program, count, varied);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let settings = Settings::default();
    bencher
        .counter(ItemsCount::new(count))
        .bench_local(|| black_box(pool.install(|| run_members(program, &settings, &all))));
}

#[divan::bench(args = [100, 300, 1000, 3000, 10000], sample_count = 10)]
fn one_run_by_variables(bencher: Bencher, variables: usize) {
    let (program, settings) = (model(variables), Settings::default());
    bencher.bench_local(|| black_box(run(&program, &settings)));
}

#[divan::bench(args = [100, 300, 1000, 3000, 10000], sample_count = 10)]
fn ensemble_by_variables(bencher: Bencher, variables: usize) {
    ensemble(bencher, &model(variables), 64, 20, 1);
}

#[divan::bench(args = [1, 10, 100, 1000, 10000], sample_count = 10)]
fn ensemble_by_members(bencher: Bencher, count: u64) {
    ensemble(bencher, &model(100), count, 10, 1);
}

#[divan::bench(args = [1, 10, 100], sample_count = 10)]
fn ensemble_by_varied_constants(bencher: Bencher, varied: usize) {
    ensemble(bencher, &model(1000), 64, varied, 1);
}

#[divan::bench(args = [1, 2, 4], sample_count = 10)]
fn ensemble_by_threads(bencher: Bencher, threads: usize) {
    ensemble(bencher, &model(300), 512, 20, threads);
}

#[divan::bench(args = [100, 1000, 10000], sample_count = 10)]
fn text_to_program_by_variables(bencher: Bencher, variables: usize) {
    let text = sectors(variables / 10, 400);
    bencher.bench_local(|| program(Path::new("sectors.mdl"), black_box(&text), &["stock 0"]));
}
