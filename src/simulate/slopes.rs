//! Weighted sums of derivatives: the stages and ends of steps, and error norms, over blocks of lanes.
//!
//! Blocks are `[state][lane]`; sums run over stages in order, so that they have one value everywhere.

use super::split::Place;
use multiversion::multiversion;

/// `start + length * sum(weights * slopes)`.
#[inline(always)]
pub fn combine<const L: usize>(
    start: &[f64; L],
    length: &[f64; L],
    weights: &[f64],
    slopes: &[Vec<[f64; L]>],
    state: usize,
) -> [f64; L] {
    let mut sum = [0.0; L];
    for (weight, stage) in weights.iter().zip(slopes) {
        if *weight != 0.0 {
            let slope = &stage[state];
            for lane in 0..L {
                sum[lane] += weight * slope[lane];
            }
        }
    }
    let mut end = *start;
    for lane in 0..L {
        end[lane] += length[lane] * sum[lane];
    }
    end
}

/// Takes the derivatives from where they stand.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
pub fn take<const L: usize>(slopes: &mut [[f64; L]], places: &[Place], shared: &[f64], lanes: &[[f64; L]]) {
    for (slope, place) in slopes.iter_mut().zip(places) {
        *slope = if place.is_shared() { [shared[place.number()]; L] } else { lanes[place.number()] };
    }
}

/// Adds `length * sum(weights * slopes)` of one state to the tangent `to`: what the step's length moves.
pub fn stretch<const L: usize>(
    to: &mut [f64; L],
    length: &[f64; L],
    weights: &[f64],
    slopes: &[Vec<[f64; L]>],
    state: usize,
) {
    *to = combine(to, length, weights, slopes, state);
}

/// The states at a stage, written to the blocks `to` of `lanes`.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
pub fn stage<const L: usize>(
    states: &[[f64; L]],
    length: &[f64; L],
    weights: &[f64],
    slopes: &[Vec<[f64; L]>],
    lanes: &mut [[f64; L]],
    to: &[usize],
) {
    for (number, block) in to.iter().enumerate() {
        lanes[*block] = combine(&states[number], length, weights, slopes, number);
    }
}

/// Moves the states of the lanes for which `moves` is set to the end of the step and writes all to the blocks `to` of
/// `lanes`. Returns for each lane a number whose highest bit is set if one of the first `checked` states is not finite.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
pub fn finish<const L: usize>(
    states: &mut [[f64; L]],
    length: &[f64; L],
    weights: &[f64],
    slopes: &[Vec<[f64; L]>],
    moves: &[bool; L],
    lanes: &mut [[f64; L]],
    (to, checked): (&[usize], usize),
) -> [u64; L] {
    let all = moves.iter().all(|moves| *moves);
    let mut unsound = [0; L];
    for (number, block) in to.iter().enumerate() {
        let mut end = combine(&states[number], length, weights, slopes, number);
        if !all {
            for lane in 0..L {
                end[lane] = if moves[lane] { end[lane] } else { states[number][lane] };
            }
        }
        if number < checked {
            for lane in 0..L {
                unsound[lane] |= not_finite(end[lane]);
            }
        }
        states[number] = end;
        lanes[*block] = end;
    }
    unsound
}

/// Has its highest bit set for infinities and NaN.
#[inline(always)]
pub fn not_finite(x: f64) -> u64 {
    f64::MAX.to_bits().wrapping_sub(x.abs().to_bits())
}

/// For each lane the sum over states of the squared ratio of error to tolerance (Hairer, Norsett and Wanner 1993,
/// equation II.4.11).
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
pub fn squared_errors<const L: usize>(
    states: &[[f64; L]],
    length: &[f64; L],
    (weights, error_weights): (&[f64], &[f64]),
    slopes: &[Vec<[f64; L]>],
    (absolute, relative): (f64, f64),
) -> [f64; L] {
    let mut sums = [0.0; L];
    for (number, start) in states.iter().enumerate() {
        let end = combine(start, length, weights, slopes, number);
        let gap = combine(&[0.0; L], length, error_weights, slopes, number);
        for lane in 0..L {
            let (before, after) = (start[lane].abs(), end[lane].abs());
            let size = if before > after { before } else { after };
            let ratio = gap[lane] / (absolute + relative * size);
            sums[lane] += ratio * ratio;
        }
    }
    sums
}

/// The state whose error is largest against its tolerance in one lane.
pub fn worst<const L: usize>(
    states: &[[f64; L]],
    length: &[f64; L],
    error_weights: &[f64],
    slopes: &[Vec<[f64; L]>],
    (absolute, relative): (f64, f64),
    lane: usize,
) -> usize {
    let ratio = |number: usize| {
        let gap = combine(&[0.0; L], length, error_weights, slopes, number)[lane];
        let ratio = gap.abs() / (absolute + relative * states[number][lane].abs());
        if ratio.is_nan() { f64::INFINITY } else { ratio }
    };
    (0..states.len()).max_by(|a, b| ratio(*a).total_cmp(&ratio(*b))).unwrap_or(0)
}
