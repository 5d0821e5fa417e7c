//! Numbered streams of random numbers and low-discrepancy points for searches and samplers.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF, Normal};

/// One of 2^64 independent streams of a seed.
pub(super) struct Stream(ChaCha8Rng);

impl Stream {
    pub fn new(seed: u64, number: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(number);
        Stream(generator)
    }

    /// In (0, 1).
    pub fn uniform(&mut self) -> f64 {
        ((self.0.random::<u64>() >> 12) as f64 + 0.5) * f64::EPSILON
    }

    /// Standard normal, by inversion.
    pub fn normal(&mut self) -> f64 {
        Normal::standard().inverse_cdf(self.uniform())
    }

    /// In `0..bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.0.random::<u64>()) * bound as u128) >> 64) as usize
    }
}
