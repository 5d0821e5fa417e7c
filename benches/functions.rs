//! The elementary functions of the executor: 2048 numbers in blocks of 32 lanes, against the standard library one by one.
//!
//! `cargo bench --bench functions`

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use levada::elementary::{exp, exp_block, ln, ln_block, log10_block, pow, pow_block, tanh, tanh_block};
use multiversion::multiversion;

const LANES: usize = 32;
const BLOCKS: usize = 64;

type Block = [f64; LANES];

fn main() {
    divan::main();
}

fn numbers(low: f64, high: f64) -> Vec<Block> {
    let at = |k: usize| low + (high - low) * (k as f64 * 0.618_033_988_749_895).fract();
    (0..BLOCKS).map(|block| std::array::from_fn(|lane| at(block * LANES + lane))).collect()
}

macro_rules! lanes {
    ($name:ident, $block:ident) => {
        #[divan::bench]
        fn $name(bencher: Bencher) {
            #[multiversion(targets(
                "x86_64+avx512f+avx512dq+avx512vl+avx512bw+avx512vbmi2+avx2+fma",
                "x86_64+avx2+fma"
            ))]
            fn all(x: &[Block], out: &mut [Block]) {
                for (x, out) in x.iter().zip(out) {
                    $block(x, out);
                }
            }
            let x = numbers(0.1, 5.0);
            let mut out = x.clone();
            bencher.counter(ItemsCount::new(BLOCKS * LANES)).bench_local(|| all(black_box(&x), black_box(&mut out)));
        }
    };
}
lanes!(exp_lanes, exp_block);
lanes!(ln_lanes, ln_block);
lanes!(log10_lanes, log10_block);
lanes!(tanh_lanes, tanh_block);

#[divan::bench]
fn pow_lanes(bencher: Bencher) {
    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
    fn all(x: &[Block], y: &[Block], out: &mut [Block]) {
        for ((x, y), out) in x.iter().zip(y).zip(out) {
            pow_block(x, y, out);
        }
    }
    let (x, y) = (numbers(0.1, 5.0), numbers(-3.0, 3.0));
    let mut out = x.clone();
    bencher.counter(ItemsCount::new(BLOCKS * LANES)).bench_local(|| all(black_box(&x), &y, black_box(&mut out)));
}

macro_rules! one_by_one {
    ($name:ident, $function:expr) => {
        #[divan::bench]
        fn $name(bencher: Bencher) {
            let x: Vec<f64> = numbers(0.1, 5.0).into_flattened();
            let function: fn(f64) -> f64 = black_box($function);
            bencher
                .counter(ItemsCount::new(BLOCKS * LANES))
                .bench_local(|| black_box(&x).iter().map(|x| function(*x)).sum::<f64>());
        }
    };
}
one_by_one!(exp_one, exp);
one_by_one!(exp_std, f64::exp);
one_by_one!(ln_one, ln);
one_by_one!(ln_std, f64::ln);
one_by_one!(pow_one, |x| pow(x, 1.7 - x));
one_by_one!(pow_std, |x| x.powf(1.7 - x));
one_by_one!(tanh_one, tanh);
one_by_one!(tanh_std, f64::tanh);
