//! Queues and ovens step by step.
//!
//! Source: XMILE 1.0, section 3.7.3, and isee systems' Queue Computation and Oven Computation; `docs/xmile.md` says
//! which is followed where they differ.

use crate::compile::{Batches, Beyond, Line};
use std::collections::VecDeque;

/// A batch goes through whole although rounding left this little less room.
const NEARLY: f64 = 1e-12;

/// The amount at each outlet in a step, then the batches that stay.
pub fn serve(line: &Line, inputs: &[f64]) -> Vec<f64> {
    let (entering, rest) = inputs.split_at(line.inflows);
    let (allowed, waiting) = rest.split_at(line.outlets.len());
    let mut batches: VecDeque<f64> = waiting.iter().chain(entering).copied().filter(|batch| *batch != 0.0).collect();
    let mut amounts = Vec::with_capacity(line.outlets.len() + line.batches);
    let mut blocked = false;
    for (outlet, allowed) in line.outlets.iter().zip(allowed) {
        let idle = outlet.overflow && !blocked;
        let (amount, stuck) = match outlet.into {
            _ if idle => (0.0, false),
            Beyond::Open => (batches.drain(..).sum(), false),
            Beyond::Conveyor(rules) => take(&mut batches, *allowed, rules),
            Beyond::Oven(rules) => (take(&mut batches, *allowed, rules).0, false),
        };
        blocked = stuck || blocked && (idle || !outlet.overflow);
        amounts.push(amount);
    }
    // A queue that has no room for a batch has been given too little by us, and may not lose it in silence.
    let full = batches.len() > line.batches;
    amounts.extend((0..line.batches).map(|place| match batches.get(place) {
        _ if full => f64::NAN,
        Some(batch) => *batch,
        None => 0.0,
    }));
    amounts
}

/// Takes batches from the front up to `allowed`, and says whether less was taken than was wanted.
fn take(batches: &mut VecDeque<f64>, allowed: f64, rules: Batches) -> (f64, bool) {
    let mut taken = 0.0;
    while let Some(front) = batches.front_mut() {
        let room = allowed - taken;
        if *front <= room + NEARLY * front.abs() || front.is_nan() {
            taken += *front;
            batches.pop_front();
        } else {
            if !rules.whole && room > 0.0 {
                taken += room;
                *front -= room;
            }
            return (taken, true);
        }
        if rules.one_at_a_time {
            break;
        }
    }
    (taken, false)
}

/// Stages of an oven.
const FILLS: f64 = 0.0;
const COOKS: f64 = 1.0;
const CLEANS: f64 = 2.0;
/// Steps left that are not known yet: the time is read when the stage begins.
const UNREAD: f64 = -1.0;

/// What leaves an oven in this step, whether it takes anything, and the steps left if it cooks.
pub fn open(inputs: &[f64]) -> Vec<f64> {
    let [step, arrested, cook, content, stage, left] = inputs[..] else { return vec![f64::NAN; 3] };
    let left = if stage == COOKS && left == UNREAD { steps(cook, step) } else { left };
    let running = arrested == 0.0;
    let leaves = match running && stage == COOKS {
        true if left.is_nan() => f64::NAN,
        true if left <= 0.0 => content,
        _ => 0.0,
    };
    vec![leaves, f64::from(running && stage == FILLS), left]
}

/// Content, stage and steps left after this step.
pub fn close(inputs: &[f64]) -> Vec<f64> {
    let [step, arrested, capacity, fill, clean, entering, content, stage, left, leaving, _, cooking] = inputs[..]
    else {
        return vec![f64::NAN; 3];
    };
    if inputs.iter().any(|input| input.is_nan()) {
        return vec![f64::NAN; 3];
    }
    if arrested != 0.0 {
        return vec![content, stage, left];
    }
    if stage == FILLS {
        let content = content + entering;
        let fills_for = if left == UNREAD && content > 0.0 { steps(fill, step).max(1.0) } else { left };
        let left = if fills_for == UNREAD { UNREAD } else { fills_for - 1.0 };
        let full = content > 0.0 && (content >= capacity * (1.0 - NEARLY) || left == 0.0);
        return if full { vec![content, COOKS, UNREAD] } else { vec![content, FILLS, left] };
    }
    if stage == COOKS {
        let rest = content - leaving;
        return match (cooking <= 0.0, steps(clean, step)) {
            (true, cleans) if cleans > 0.0 => vec![rest, CLEANS, cleans],
            (true, _) => vec![rest, FILLS, UNREAD],
            (false, _) => vec![content, COOKS, cooking - 1.0],
        };
    }
    if left <= 1.0 { vec![content, FILLS, UNREAD] } else { vec![content, CLEANS, left - 1.0] }
}

/// A time in whole steps, halves upwards.
fn steps(time: f64, step: f64) -> f64 {
    (time / step + 0.5).floor()
}
