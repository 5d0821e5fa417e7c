//! Error control: whether a step of an adaptive method is taken, and how long the next is to be.

use super::clock::Clock;
use crate::elementary::{max, min, pow};

/// Judges a step of Dormand and Prince's method whose error is `error` times its tolerance (Hairer, Norsett and Wanner
/// 1993, section II.4; PI controller of Hairer and Wanner 1996, section IV.2).
pub fn explicit(clock: &mut Clock, error: f64) -> bool {
    let length = clock.length();
    if error <= 1.0 {
        let error = error.max(1e-10);
        let growth = 0.9 / (pow(error, 0.17) / pow(clock.last_error, 0.04));
        let most = if clock.rejected { 1.0 } else { 5.0 };
        take(clock, length, growth.clamp(0.2, most), growth >= 1.0);
        clock.last_error = error.max(1e-4);
        true
    } else {
        let shrink = if error.is_finite() { (0.9 / pow(error, 0.2)).clamp(0.1, 0.9) } else { 0.1 };
        refuse(clock, length * shrink);
        false
    }
}

/// Judges a step of the Rosenbrock method, whose error is of order 5 in the length (predictive controller of Gustafsson
/// 1994, as in Hairer and Wanner 1996, equation IV.8.24).
pub fn rosenbrock(clock: &mut Clock, error: f64) -> bool {
    let length = clock.length();
    let root = |error: f64| pow(error, 0.2);
    if error <= 1.0 {
        let mut growth = 0.9 / root(error.max(1e-10));
        if clock.last_length > 0.0 {
            let trend = 0.9 * (length / clock.last_length) * root(clock.last_error / (error * error).max(1e-20));
            growth = min(growth, max(trend, 0.2));
        }
        let most = if clock.rejected { 1.0 } else { 6.0 };
        take(clock, length, growth.clamp(0.2, most), growth >= 1.0);
        clock.last_error = error.max(1e-2);
        clock.last_length = length;
        true
    } else {
        let shrink = if error.is_finite() { (0.9 / root(error)).clamp(0.2, 0.9) } else { 0.1 };
        refuse(clock, length * shrink);
        false
    }
}

fn take(clock: &mut Clock, length: f64, growth: f64, grows: bool) {
    let next = length * growth;
    // A step cut short by a save or a switch says little against the longer one proposed before.
    let cut = length < 0.999 * clock.proposed && grows;
    clock.proposed = if cut { clock.proposed.max(next) } else { next };
    clock.rejected = false;
}

fn refuse(clock: &mut Clock, next: f64) {
    clock.proposed = next;
    clock.rejected = true;
    clock.steps += 1;
}

/// Whether the next step would be lost in the rounding of time.
pub fn has_vanished(clock: &Clock) -> bool {
    clock.proposed <= 16.0 * f64::EPSILON * clock.time.abs().max(clock.step)
}
