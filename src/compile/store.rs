//! Conveyors, queues and ovens as the executor sees them: places for amounts and what happens at each.
//!
//! Their contents are memories of the program; the vector operations on them are pure functions of these. `simulate`
//! computes them, `lower` writes them.

pub use crate::model::Batches;

/// A conveyor: slats, each one step's way long, numbered from 0 at its end.
///
/// Its state is the content of each slat, then for each zone the share of each slat, then the carry of each leak. The
/// share is what a leak of fraction 1 takes from the slat in a step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Belt {
    pub slats: usize,
    pub leaks: Vec<BeltLeak>,
    /// Leaks take their fraction, each time unit, of what is there; there are no shares then.
    pub exponential: bool,
    /// Stretches of slats `(first, last)` over which linear leaks act, each once.
    pub zones: Vec<(usize, usize)>,
    /// What it holds at the start stands at the beginning of each time unit.
    pub discrete: bool,
    /// Amounts enter at changing depths, each with a way of its own. Leaks act on the whole way then.
    pub changing: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BeltLeak {
    /// The slats `(first, last)` from which it leaks.
    pub slats: (usize, usize),
    /// Its zone's number, for a linear leak.
    pub zone: usize,
    /// It takes whole units and carries the rest on to the next step.
    pub integers: bool,
}

impl Belt {
    pub fn state(&self) -> usize {
        self.slats * (1 + self.zones.len()) + self.leaks.len()
    }
}

/// A queue: room for so many batches, the first to leave coming first, and zeros behind them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    pub batches: usize,
    pub inflows: usize,
    /// In order of priority.
    pub outlets: Vec<Outlet>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Outlet {
    /// It runs only where an outlet before it is blocked.
    pub overflow: bool,
    pub into: Beyond,
}

/// What lies beyond an outlet of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Beyond {
    /// A stock or cloud, which takes everything.
    Open,
    /// A conveyor, which may block the outlet and so open overflows.
    Conveyor(Batches),
    /// An oven, which may block the outlet.
    Oven(Batches),
}
