//! Linear systems with one sparse pattern, `L` of them side by side: Gaussian elimination in lanes.
//!
//! The order of elimination is found once from the pattern (Markowitz 1957: least fill, pivots on the diagonal). Where a
//! pivot is too small in a lane, that lane alone is solved again as a full matrix with partial pivoting, so that a lane's
//! bits depend on nothing but its own values.

use multiversion::multiversion;

/// A pivot may be smaller than a number below it by this factor, both scaled (Davis 2004, for pivots on the diagonal).
const THRESHOLD: f64 = 1e-3;

/// Marks a place where a matrix is zero.
const ZERO: u32 = u32::MAX;

/// The order in which unknowns are eliminated, and where numbers stand that are not zero.
pub struct Elimination {
    /// The unknown that each step eliminates.
    order: Vec<usize>,
    /// The step that eliminates each unknown.
    step: Vec<usize>,
    /// The number's place by step of row and step of column, row by row; [`ZERO`] for none.
    places: Vec<u32>,
    count: usize,
    /// By step: the later steps with a number below the pivot, and with one right of it.
    below: Vec<Vec<u32>>,
    right: Vec<Vec<u32>>,
}

impl Elimination {
    /// For matrices of `size` unknowns whose numbers stand at `entries` (row, column) and on the diagonal.
    pub fn new(size: usize, entries: impl Iterator<Item = (usize, usize)>) -> Self {
        let words = size.div_ceil(64);
        let (mut rows, mut columns) = (vec![vec![0u64; words]; size], vec![vec![0u64; words]; size]);
        let set = |bits: &mut [u64], place: usize| bits[place / 64] |= 1 << (place % 64);
        for (row, column) in entries.chain((0..size).map(|place| (place, place))) {
            set(&mut rows[row], column);
            set(&mut columns[column], row);
        }
        let mut open = vec![0u64; words];
        (0..size).for_each(|place| set(&mut open, place));
        let members = |bits: &[u64], open: &[u64]| -> Vec<usize> {
            let both = bits.iter().zip(open).map(|(bits, open)| bits & open).enumerate();
            both.flat_map(|(word, bits)| {
                (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit)
            })
            .collect()
        };
        let count = |bits: &[u64], open: &[u64]| -> u32 {
            bits.iter().zip(open).map(|(bits, open)| (bits & open).count_ones()).sum()
        };
        let mut order = Vec::with_capacity(size);
        let mut step = vec![0; size];
        let (mut lower, mut upper) = (Vec::with_capacity(size), Vec::with_capacity(size));
        for number in 0..size {
            let fill =
                |place: &usize| u64::from(count(&rows[*place], &open)) * u64::from(count(&columns[*place], &open));
            let Some(pivot) = members(&open, &open).into_iter().min_by_key(fill) else { break };
            order.push(pivot);
            step[pivot] = number;
            open[pivot / 64] &= !(1 << (pivot % 64));
            let (below, right) = (members(&columns[pivot], &open), members(&rows[pivot], &open));
            let (row, column) = (rows[pivot].clone(), columns[pivot].clone());
            for place in &below {
                rows[*place].iter_mut().zip(&row).for_each(|(bits, more)| *bits |= more);
            }
            for place in &right {
                columns[*place].iter_mut().zip(&column).for_each(|(bits, more)| *bits |= more);
            }
            lower.push(below);
            upper.push(right);
        }
        let steps = |places: Vec<usize>| -> Vec<u32> {
            let mut steps: Vec<u32> = places.into_iter().map(|place| step[place] as u32).collect();
            steps.sort_unstable();
            steps
        };
        let below: Vec<Vec<u32>> = lower.into_iter().map(steps).collect();
        let right: Vec<Vec<u32>> = upper.into_iter().map(steps).collect();
        let mut places = vec![ZERO; size * size];
        let mut count = 0;
        for pivot in 0..size {
            let line = right[pivot].iter().map(|column| pivot * size + *column as usize);
            let down = below[pivot].iter().map(|row| *row as usize * size + pivot);
            for place in std::iter::once(pivot * size + pivot).chain(line).chain(down) {
                places[place] = count;
                count += 1;
            }
        }
        Elimination { order, step, places, count: count as usize, below, right }
    }

    fn size(&self) -> usize {
        self.order.len()
    }

    /// The step that eliminates an unknown: where its right-hand side and its solution stand.
    pub fn step(&self, unknown: usize) -> usize {
        self.step[unknown]
    }

    #[inline(always)]
    fn place(&self, row: usize, column: usize) -> usize {
        self.places[row * self.order.len() + column] as usize
    }

    /// The place of the number at a row and column of the matrix.
    pub fn number(&self, row: usize, column: usize) -> usize {
        self.place(self.step[row], self.step[column])
    }
}

/// Matrices of `L` lanes, then their factors.
pub struct Factors<const L: usize> {
    /// `[place][lane]`.
    pub numbers: Vec<[f64; L]>,
    /// Lanes that need pivots off the diagonal.
    full: Vec<Option<Full>>,
    before: Vec<[f64; L]>,
}

impl<const L: usize> Factors<L> {
    pub fn new(plan: &Elimination) -> Self {
        let numbers = vec![[0.0; L]; plan.count];
        Factors { before: numbers.clone(), numbers, full: (0..L).map(|_| None).collect() }
    }

    /// Factorises the matrices in `numbers` for the lanes wanted. `scale` holds what counts as a small change of each
    /// unknown, by step.
    pub fn factorise(&mut self, plan: &Elimination, scale: &[[f64; L]], wanted: &[bool; L]) {
        self.before.copy_from_slice(&self.numbers);
        let small = eliminate(plan, &mut self.numbers, scale);
        for lane in 0..L {
            self.full[lane] = (wanted[lane] && small[lane] != 0.0).then(|| Full::new(plan, &self.before, scale, lane));
        }
    }

    /// Solves for right-hand sides `[step][lane]`, in their place.
    pub fn solve(&self, plan: &Elimination, right: &mut [[f64; L]]) {
        if self.full.iter().all(Option::is_none) {
            return substitute(plan, &self.numbers, right);
        }
        let solved = |(lane, full): (usize, &Option<Full>)| {
            full.as_ref().map(|full| (lane, full.solve(right.iter().map(|block| block[lane]).collect())))
        };
        let solutions: Vec<(usize, Vec<f64>)> = self.full.iter().enumerate().filter_map(solved).collect();
        substitute(plan, &self.numbers, right);
        for (lane, solution) in solutions {
            for (block, value) in right.iter_mut().zip(solution) {
                block[lane] = value;
            }
        }
    }
}

/// Leaves the reciprocals of the pivots on the diagonal. A lane's result is not 0 if it met a pivot too small.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
fn eliminate<const L: usize>(plan: &Elimination, numbers: &mut [[f64; L]], scale: &[[f64; L]]) -> [f64; L] {
    let mut small = [0.0; L];
    for step in 0..plan.size() {
        let diagonal = plan.place(step, step);
        let pivot = numbers[diagonal];
        let mut reciprocal = [0.0; L];
        for lane in 0..L {
            reciprocal[lane] = 1.0 / pivot[lane];
        }
        numbers[diagonal] = reciprocal;
        for row in plan.below[step].iter().map(|row| *row as usize) {
            let place = plan.place(row, step);
            let mut factor = numbers[place];
            for lane in 0..L {
                let sound =
                    pivot[lane].abs() * scale[row][lane] >= THRESHOLD * (factor[lane].abs() * scale[step][lane]);
                small[lane] = if sound { small[lane] } else { 1.0 };
                factor[lane] *= reciprocal[lane];
            }
            numbers[place] = factor;
            for column in plan.right[step].iter().map(|column| *column as usize) {
                let above = numbers[plan.place(step, column)];
                let number = &mut numbers[plan.place(row, column)];
                for lane in 0..L {
                    number[lane] -= factor[lane] * above[lane];
                }
            }
        }
        for lane in 0..L {
            small[lane] = if pivot[lane] == 0.0 { 1.0 } else { small[lane] };
        }
    }
    small
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
fn substitute<const L: usize>(plan: &Elimination, numbers: &[[f64; L]], right: &mut [[f64; L]]) {
    for step in 0..plan.size() {
        let known = right[step];
        for row in plan.below[step].iter().map(|row| *row as usize) {
            let (factor, block) = (&numbers[plan.place(row, step)], &mut right[row]);
            for lane in 0..L {
                block[lane] -= factor[lane] * known[lane];
            }
        }
    }
    for step in (0..plan.size()).rev() {
        let mut sum = right[step];
        for column in plan.right[step].iter().map(|column| *column as usize) {
            let (factor, known) = (&numbers[plan.place(step, column)], &right[column]);
            for lane in 0..L {
                sum[lane] -= factor[lane] * known[lane];
            }
        }
        let reciprocal = &numbers[plan.place(step, step)];
        for lane in 0..L {
            sum[lane] *= reciprocal[lane];
        }
        right[step] = sum;
    }
}

/// One lane's matrix in full, factorised with scaled partial pivoting (Golub and Van Loan 2013, algorithm 3.4.1).
struct Full {
    size: usize,
    numbers: Vec<f64>,
    /// The row that each step took.
    rows: Vec<usize>,
}

impl Full {
    fn new<const L: usize>(plan: &Elimination, sparse: &[[f64; L]], scale: &[[f64; L]], lane: usize) -> Self {
        let size = plan.size();
        let number = |place: &u32| sparse.get(*place as usize).map_or(0.0, |block| block[lane]);
        let mut numbers: Vec<f64> = plan.places.iter().map(number).collect();
        let mut rows: Vec<usize> = (0..size).collect();
        for step in 0..size {
            let weight = |row: &usize| (numbers[rows[*row] * size + step] / scale[rows[*row]][lane]).abs();
            let pivot = (step..size).max_by(|a, b| weight(a).total_cmp(&weight(b)).then(b.cmp(a))).unwrap_or(step);
            rows.swap(step, pivot);
            let above: Vec<f64> = numbers[rows[step] * size..][step..size].to_vec();
            for row in &rows[step + 1..] {
                let own = &mut numbers[row * size..][step..size];
                if own[0] == 0.0 {
                    continue;
                }
                own[0] /= above[0];
                let factor = own[0];
                for (number, above) in own[1..].iter_mut().zip(&above[1..]) {
                    *number -= factor * above;
                }
            }
        }
        Full { size, numbers, rows }
    }

    fn solve(&self, right: Vec<f64>) -> Vec<f64> {
        let row = |step: usize| &self.numbers[self.rows[step] * self.size..][..self.size];
        let mut solution: Vec<f64> = self.rows.iter().map(|row| right[*row]).collect();
        for step in 0..self.size {
            for known in 0..step {
                solution[step] -= row(step)[known] * solution[known];
            }
        }
        for step in (0..self.size).rev() {
            for known in step + 1..self.size {
                solution[step] -= row(step)[known] * solution[known];
            }
            solution[step] /= row(step)[step];
        }
        solution
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    /// Matrices of several shapes, with zeros and small numbers on the diagonal, in each lane; returns solutions and residuals.
    fn solve<const L: usize>(first: u64) -> Vec<Vec<(f64, f64)>> {
        let mut all = Vec::new();
        for (size, gaps) in [(1, 0), (3, 0), (7, 2), (20, 5), (70, 9)] {
            let cells: Vec<(usize, usize)> = (0..size * size)
                .map(|cell| (cell / size, cell % size))
                .filter(|(row, column)| gaps == 0 || row == column || (row * 7 + column * 3) % (gaps + 1) == 0)
                .collect();
            let plan = Elimination::new(size, cells.iter().copied());
            let mut factors = Factors::<L>::new(&plan);
            let mut matrices = vec![vec![0.0; size * size]; L];
            let mut right = vec![[0.0; L]; size];
            for lane in 0..L {
                let mut stream = Stream::new(7, first + lane as u64);
                for (draw, (row, column)) in cells.iter().enumerate() {
                    let bare = row == column && size > 1 && (row + lane + first as usize).is_multiple_of(3);
                    let weak = if gaps == 0 { 0.0 } else { 1e-5 };
                    let number = if bare { weak } else { stream.uniform_at(draw as u64) - 0.5 };
                    matrices[lane][row * size + column] = number;
                    factors.numbers[plan.number(*row, *column)][lane] = number;
                }
                (0..size).for_each(|row| right[plan.step(row)][lane] = 1.0 + row as f64);
            }
            factors.factorise(&plan, &vec![[1.0; L]; size], &[true; L]);
            factors.solve(&plan, &mut right);
            for (lane, matrix) in matrices.iter().enumerate() {
                let solution: Vec<f64> = (0..size).map(|row| right[plan.step(row)][lane]).collect();
                let largest = solution.iter().fold(1.0f64, |largest, value| largest.max(value.abs()));
                let line = (0..size).map(|row| {
                    let sum: f64 = (0..size).map(|column| matrix[row * size + column] * solution[column]).sum();
                    (solution[row], (sum - 1.0 - row as f64).abs() / largest)
                });
                all.resize(all.len().max(lane + 1), Vec::new());
                all[lane].extend(line);
            }
        }
        all
    }

    #[test]
    fn systems_are_solved_with_any_pivots_and_the_same_bits_in_every_lane() {
        let together = solve::<8>(0);
        for (lane, expected) in together.iter().enumerate() {
            let alone = solve::<1>(lane as u64).remove(0);
            for (got, expected) in alone.iter().zip(expected) {
                assert_eq!(got.0.to_bits(), expected.0.to_bits());
                assert!(got.1 < 1e-12, "residual {}", got.1);
            }
        }
    }
}
