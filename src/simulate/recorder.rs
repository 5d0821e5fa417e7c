//! Saved values on their way from blocks of lanes to the rows of each run.

use super::member::Saved;
use super::slopes::not_finite;
use super::split::Place;
use multiversion::multiversion;

/// Blocks gathered before lanes are taken apart: some hundred kilobytes, so that they stay in the second cache.
const GATHERED: usize = 1 << 14;

/// Blocks taken apart at once: they stay in the first cache while lanes are walked.
const TILE: usize = 64;

pub struct Recorder<const L: usize> {
    outputs: usize,
    /// The outputs that must be finite, the first so many.
    checked: usize,
    /// Rows of all lanes that are not taken apart yet: `[row, output][lane]`.
    blocks: Vec<[f64; L]>,
    times: Vec<f64>,
    saved: Vec<Saved>,
}

impl<const L: usize> Recorder<L> {
    /// For the first `runs` lanes; the others are not recorded. The first `checked` outputs must be finite.
    pub fn new(outputs: usize, checked: usize, runs: usize) -> Self {
        Recorder { outputs, checked, blocks: Vec::new(), times: Vec::new(), saved: vec![Saved::default(); runs.min(L)] }
    }

    /// Room for so many rows of a lane.
    pub fn reserve(&mut self, lane: usize, rows: usize) {
        let values = rows.saturating_mul(self.outputs);
        // What would be large is left to grow with the run, which may end early.
        if let Some(saved) = self.saved.get_mut(lane).filter(|_| values < 1 << 24) {
            saved.times.reserve_exact(rows);
            saved.rows.reserve_exact(values);
        }
    }

    /// A row for every lane at one time. Returns for each lane a number whose highest bit is set if a value is not finite.
    pub fn record_all(&mut self, time: f64, places: &[Place], shared: &[f64], lanes: &[[f64; L]]) -> [u64; L] {
        let unsound = gather(places, self.checked, shared, lanes, &mut self.blocks);
        self.times.push(time);
        if self.blocks.len() * L >= GATHERED {
            self.take_apart();
        }
        unsound
    }

    /// A row for each of these lanes at its own time; returns as [`Self::record_all`].
    pub fn record_each(
        &mut self,
        which: &[bool; L],
        times: impl Fn(usize) -> f64,
        places: &[Place],
        shared: &[f64],
        lanes: &[[f64; L]],
    ) -> [u64; L] {
        let unsound = gather(places, self.checked, shared, lanes, &mut self.blocks);
        for (lane, saved) in self.saved.iter_mut().enumerate().filter(|(lane, _)| which[*lane]) {
            saved.times.push(times(lane));
            saved.rows.extend(self.blocks.iter().map(|block| block[lane]));
        }
        self.blocks.clear();
        unsound
    }

    fn take_apart(&mut self) {
        for saved in &mut self.saved {
            saved.times.extend_from_slice(&self.times);
        }
        for tile in self.blocks.chunks(TILE) {
            for (lane, saved) in self.saved.iter_mut().enumerate() {
                saved.rows.extend(tile.iter().map(|block| block[lane]));
            }
        }
        self.times.clear();
        self.blocks.clear();
    }

    /// What the lanes saved.
    pub fn finish(mut self) -> Vec<Saved> {
        self.take_apart();
        self.saved
    }
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
fn gather<const L: usize>(
    places: &[Place],
    checked: usize,
    shared: &[f64],
    lanes: &[[f64; L]],
    blocks: &mut Vec<[f64; L]>,
) -> [u64; L] {
    let mut unsound = [0; L];
    for (number, place) in places.iter().enumerate() {
        let block = if place.is_shared() { [shared[place.number()]; L] } else { lanes[place.number()] };
        if number < checked {
            for lane in 0..L {
                unsound[lane] |= not_finite(block[lane]);
            }
        }
        blocks.push(block);
    }
    unsound
}
