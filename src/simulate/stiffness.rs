//! Whether a run of an explicit method is stiff: steps held down by stability, not by accuracy.

use super::slopes::combine;
use crate::elementary::max;
use multiversion::multiversion;

/// Beyond this product of step and rate of change Dormand and Prince's method is unstable on the negative axis.
const BOUNDARY: f64 = 3.25;

/// Steps at the boundary that make a run stiff, and steps within it in a row that clear the count.
const STIFF: u32 = 15;
const CLEAR: u32 = 6;

/// Of how many steps one is tested while none has been found at the boundary.
pub const RARELY: u32 = 100;

/// What is known of one run (Hairer and Wanner 1996, section IV.2).
#[derive(Clone, Copy, Debug, Default)]
pub struct Watch {
    steps: u32,
    at_boundary: u32,
    within: u32,
    /// When the run was found to be stiff.
    pub since: Option<f64>,
}

impl Watch {
    /// Counts a step; whether it is to be tested, as every one in `every` is.
    pub fn is_due(&mut self, every: u32) -> bool {
        self.steps = self.steps.wrapping_add(1);
        self.since.is_none() && (self.at_boundary > 0 || self.steps.is_multiple_of(every))
    }

    /// Takes the result of a test: the square of the rate at which two states at the end of a step grow apart.
    pub fn test(&mut self, square: f64, length: f64, time: f64) {
        if square * length * length > BOUNDARY * BOUNDARY {
            self.within = 0;
            self.at_boundary += 1;
            if self.at_boundary == STIFF {
                self.since = Some(time);
            }
        } else {
            self.within += 1;
            if self.within == CLEAR {
                (self.at_boundary, self.within) = (0, 0);
            }
        }
    }
}

/// For each lane the squared ratio of the difference of the last two stages' slopes to that of their states, over
/// the first `states`.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
pub fn squared_rates<const L: usize>(
    length: &[f64; L],
    weights: &[&[f64]],
    slopes: &[Vec<[f64; L]>],
    states: usize,
) -> [f64; L] {
    let [.., before, last] = slopes else { return [0.0; L] };
    let [.., weights_before, weights_last] = weights else { return [0.0; L] };
    let (mut above, mut below) = ([0.0; L], [0.0; L]);
    for number in 0..states {
        let end = combine(&[0.0; L], length, weights_last, slopes, number);
        let other = combine(&[0.0; L], length, weights_before, slopes, number);
        for lane in 0..L {
            let (slope, state) = (last[number][lane] - before[number][lane], end[lane] - other[lane]);
            above[lane] += slope * slope;
            below[lane] += state * state;
        }
    }
    let mut rates = [0.0; L];
    for lane in 0..L {
        rates[lane] = above[lane] / max(below[lane], f64::MIN_POSITIVE);
    }
    rates
}
