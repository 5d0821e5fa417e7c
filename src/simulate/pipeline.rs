//! The content of a delay in whole steps.

/// A pipeline's content, the oldest at `next`.
pub struct Line {
    ring: Vec<f64>,
    next: usize,
}

impl Line {
    pub fn filled(value: f64, steps: usize) -> Line {
        Line { ring: vec![value; steps], next: 0 }
    }

    /// Puts a step's input in and gives what comes out.
    pub fn push(&mut self, input: f64) -> f64 {
        self.ring[self.next] = input;
        self.next = (self.next + 1) % self.ring.len();
        self.ring[self.next]
    }
}
