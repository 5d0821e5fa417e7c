//! Numbers with which allocations are computed: plain ones, and ones that carry a tangent.

use crate::elementary;
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Sub};

/// A number, or a number that moves.
pub trait Amount:
    Copy + PartialOrd + From<f64> + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    fn value(self) -> f64;
    fn exp(self) -> Self;
    fn erfc(self) -> Self;

    /// The lesser, the first of equals.
    fn lesser(self, other: Self) -> Self {
        if other < self { other } else { self }
    }
}

impl Amount for f64 {
    fn value(self) -> f64 {
        self
    }
    fn exp(self) -> f64 {
        elementary::exp(self)
    }
    fn erfc(self) -> f64 {
        elementary::erfc(self)
    }
}

/// A value and its tangent; compared by value.
#[derive(Clone, Copy, Debug)]
pub struct Moving {
    pub value: f64,
    pub moves: f64,
}

impl Moving {
    /// Values with their tangents.
    pub fn all(values: &[f64], moves: &[f64]) -> Vec<Moving> {
        values.iter().zip(moves).map(|(value, moves)| Moving { value: *value, moves: *moves }).collect()
    }

    fn by(self, value: f64, slope: f64) -> Moving {
        Moving { value, moves: slope * self.moves }
    }
}

impl From<f64> for Moving {
    fn from(value: f64) -> Moving {
        Moving { value, moves: 0.0 }
    }
}

impl PartialEq for Moving {
    fn eq(&self, other: &Moving) -> bool {
        self.value == other.value
    }
}

impl PartialOrd for Moving {
    fn partial_cmp(&self, other: &Moving) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl Add for Moving {
    type Output = Moving;
    fn add(self, other: Moving) -> Moving {
        Moving { value: self.value + other.value, moves: self.moves + other.moves }
    }
}

impl Sub for Moving {
    type Output = Moving;
    fn sub(self, other: Moving) -> Moving {
        Moving { value: self.value - other.value, moves: self.moves - other.moves }
    }
}

impl Mul for Moving {
    type Output = Moving;
    fn mul(self, other: Moving) -> Moving {
        Moving { value: self.value * other.value, moves: self.moves * other.value + self.value * other.moves }
    }
}

impl Div for Moving {
    type Output = Moving;
    fn div(self, other: Moving) -> Moving {
        let value = self.value / other.value;
        Moving { value, moves: (self.moves - value * other.moves) / other.value }
    }
}

impl Amount for Moving {
    fn value(self) -> f64 {
        self.value
    }
    fn exp(self) -> Moving {
        let value = elementary::exp(self.value);
        self.by(value, value)
    }
    fn erfc(self) -> Moving {
        let slope = -2.0 / std::f64::consts::PI.sqrt() * elementary::exp(-self.value * self.value);
        self.by(elementary::erfc(self.value), slope)
    }
}
