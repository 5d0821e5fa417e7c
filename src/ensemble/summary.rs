//! Members' values into summaries that forget the members: for each time and variable the moments, the extremes and the
//! quantiles. Members are taken in order whatever the number of threads, so that a summary has one value.

use super::quantile::Quantiles;
use crate::elementary::sqrt;
use crate::simulate::Saved;
use rayon::prelude::*;

/// The shares whose quantiles are written.
pub const SHARES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Numbers kept for the quantiles of all times and variables together: some 96 megabytes.
pub const KEPT_NUMBERS: usize = 12 << 20;

/// Summaries by time and variable.
#[derive(Clone, Debug)]
pub struct Summary {
    pub times: Vec<f64>,
    variables: usize,
    /// Members to come.
    expected: u64,
    kept_numbers: usize,
    /// Summarised members that reach each time.
    counts: Vec<u64>,
    /// `[time, variable]`
    cells: Vec<Cell>,
}

/// One variable at one time.
#[derive(Clone, Debug)]
struct Cell {
    mean: f64,
    /// Sum of squared deviations from the mean.
    squares: f64,
    least: f64,
    most: f64,
    quantiles: Quantiles,
}

/// What is known of a variable at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub count: u64,
    pub mean: f64,
    /// Of a sample, with `count - 1`; NaN for a single member.
    pub deviation: f64,
    pub least: f64,
    /// At [`SHARES`].
    pub quantiles: Vec<f64>,
    pub most: f64,
}

/// A member that saved at other times than those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherTimes;

impl Summary {
    /// For so many members, keeping at most so many numbers for quantiles.
    pub fn new(variables: usize, expected: u64, kept_numbers: usize) -> Summary {
        Summary { times: Vec::new(), variables, expected, kept_numbers, counts: Vec::new(), cells: Vec::new() }
    }

    /// Adds members in their order. For each whether its times are those of the others; one whose run is longer adds
    /// times of its own.
    pub fn add(&mut self, members: &[&Saved]) -> Vec<Result<(), OtherTimes>> {
        let fits: Vec<Result<(), OtherTimes>> = members.iter().map(|saved| self.fit(&saved.times)).collect();
        let fitting: Vec<&Saved> =
            members.iter().zip(&fits).filter(|(_, fit)| fit.is_ok()).map(|(saved, _)| *saved).collect();
        let width = self.variables;
        let counts = &self.counts;
        // A tile is small enough for its rows of all members to be walked member by member.
        const TILE: usize = 64;
        self.cells.par_chunks_mut(TILE).enumerate().for_each(|(tile, cells)| {
            let first = tile * TILE;
            let mut reached: Vec<u64> = cells.iter().enumerate().map(|(k, _)| counts[(first + k) / width]).collect();
            for saved in &fitting {
                let values = saved.rows.get(first..).unwrap_or_default();
                for ((cell, count), value) in cells.iter_mut().zip(&mut reached).zip(values) {
                    *count += 1;
                    cell.add(*value, *count);
                }
            }
        });
        for saved in &fitting {
            self.counts.iter_mut().take(saved.times.len()).for_each(|count| *count += 1);
        }
        fits
    }

    fn fit(&mut self, times: &[f64]) -> Result<(), OtherTimes> {
        if times.iter().zip(&self.times).any(|(own, common)| own.to_bits() != common.to_bits()) {
            return Err(OtherTimes);
        }
        if times.len() > self.times.len() {
            let capacity = match self.cells.first() {
                Some(cell) => cell.quantiles.capacity(),
                None => Quantiles::capacity_for(self.expected, times.len() * self.variables, self.kept_numbers),
            };
            self.times.extend_from_slice(&times[self.times.len()..]);
            self.counts.resize(times.len(), 0);
            self.cells.resize_with(times.len() * self.variables, || Cell {
                mean: 0.0,
                squares: 0.0,
                least: f64::INFINITY,
                most: f64::NEG_INFINITY,
                quantiles: Quantiles::new(capacity),
            });
        }
        Ok(())
    }

    /// What is known of a variable at a time, both by number.
    pub fn row(&self, time: usize, variable: usize) -> Row {
        let (cell, count) = (&self.cells[time * self.variables + variable], self.counts[time]);
        let spread = if count > 1 { sqrt(cell.squares / (count - 1) as f64) } else { f64::NAN };
        Row {
            count,
            mean: cell.mean,
            deviation: spread,
            least: cell.least,
            quantiles: cell.quantiles.at(&SHARES),
            most: cell.most,
        }
    }

    /// Equal intervals from the least to the largest value: their edges, and how many members lie in each.
    pub fn histogram(&self, time: usize, variable: usize, bins: usize) -> (Vec<f64>, Vec<u64>) {
        let cell = &self.cells[time * self.variables + variable];
        let bins = if cell.most > cell.least { bins.max(1) } else { 1 };
        let width = (cell.most - cell.least) / bins as f64;
        let edges = (0..=bins).map(|edge| if edge == bins { cell.most } else { cell.least + width * edge as f64 });
        (edges.collect(), cell.quantiles.histogram(cell.least, cell.most, bins))
    }

    /// No quantile's rank is wrong by more than this share of the members; zero where all numbers are kept.
    pub fn rank_error(&self) -> f64 {
        self.cells.iter().map(|cell| cell.quantiles.rank_error()).fold(0.0, f64::max)
    }
}

impl Cell {
    /// The `count`-th value (Welford 1962).
    #[inline]
    fn add(&mut self, value: f64, count: u64) {
        let gap = value - self.mean;
        self.mean += gap / count as f64;
        self.squares += gap * (value - self.mean);
        self.least = if value < self.least { value } else { self.least };
        self.most = if value > self.most { value } else { self.most };
        self.quantiles.add(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    /// Against the definitions, on values whose mean is large against their spread.
    #[test]
    fn moments_are_those_of_the_definitions() {
        let members: Vec<Saved> = (0..1000)
            .map(|number| {
                let mut stream = Stream::new(1, number);
                let rows = (0..3 * 2).map(|_| 1e6 + stream.normal()).collect();
                Saved { times: vec![0.0, 1.0, 2.0], rows, ..Saved::default() }
            })
            .collect();
        let mut summary = Summary::new(2, 1000, KEPT_NUMBERS);
        for chunk in members.chunks(7) {
            assert!(summary.add(&chunk.iter().collect::<Vec<_>>()).iter().all(Result::is_ok));
        }
        for (time, variable) in [(0, 0), (1, 1), (2, 0)] {
            let mut values: Vec<f64> = members.iter().map(|saved| saved.rows[time * 2 + variable]).collect();
            let mean = values.iter().map(|value| value - 1e6).sum::<f64>() / 1000.0 + 1e6;
            let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 999.0).sqrt();
            values.sort_by(f64::total_cmp);
            let row = summary.row(time, variable);
            assert!((row.mean - mean).abs() < 1e-9 && (row.deviation - deviation).abs() < 1e-9);
            assert_eq!((row.count, row.least, row.most), (1000, values[0], values[999]));
            assert!((row.quantiles[2] - 0.5 * (values[499] + values[500])).abs() < 1e-9);
            assert_eq!(summary.histogram(time, variable, 10).1.iter().sum::<u64>(), 1000);
        }
        assert_eq!(summary.rank_error(), 0.0);
    }

    #[test]
    fn other_times_are_refused_and_longer_runs_are_kept() {
        let saved = |times: &[f64]| Saved { times: times.to_vec(), rows: times.to_vec(), ..Saved::default() };
        let mut summary = Summary::new(1, 4, KEPT_NUMBERS);
        let members = [saved(&[0.0, 1.0]), saved(&[0.0, 2.0]), saved(&[0.0, 1.0, 2.0]), saved(&[0.0])];
        let fits = summary.add(&members.iter().collect::<Vec<_>>());
        assert_eq!(fits, [Ok(()), Err(OtherTimes), Ok(()), Ok(())]);
        let counts: Vec<u64> = (0..3).map(|time| summary.row(time, 0).count).collect();
        assert_eq!(counts, [3, 2, 1]);
    }
}
