//! Quantiles of a stream of numbers in bounded memory, the same bits for the same stream.
//!
//! *Method*: buffers of sorted numbers with weights 1, 2, 4, …; two of one weight become one of twice the weight by
//! keeping every other number, the even and the odd ones in turn (Munro and Paterson 1980; Manku, Rajagopalan and Lindsay
//! 1998). Nothing is left to chance, so the error of a rank is bounded, and the bound is kept beside the numbers.

/// Some numbers, and how often each counts.
#[derive(Clone, Debug)]
pub struct Quantiles {
    /// Numbers in a buffer.
    capacity: usize,
    /// The numbers of weight 1 that fill no buffer yet.
    pending: Vec<f64>,
    /// Sorted buffers by the logarithm of their weight; empty where there is none.
    levels: Vec<Vec<f64>>,
    count: u64,
    /// By how many ranks a number may seem too high or too low.
    over: u64,
    under: u64,
}

impl Quantiles {
    /// Keeps at most `capacity` numbers of each weight. Up to `capacity` numbers quantiles are exact.
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.max(2).next_multiple_of(2);
        Quantiles { capacity, pending: Vec::new(), levels: Vec::new(), count: 0, over: 0, under: 0 }
    }

    /// The largest capacity up to which `streams` streams of `count` numbers each fit into so many numbers in all.
    pub fn capacity_for(count: u64, streams: usize, numbers: usize) -> usize {
        let each = numbers / streams.max(1);
        if count <= each as u64 {
            return count.max(2) as usize;
        }
        let fits = |capacity: &usize| {
            let buffers = u64::BITS - (count / *capacity as u64).leading_zeros();
            (buffers as usize + 1) * capacity <= each
        };
        (6..32).rev().map(|power| 1 << power).find(fits).unwrap_or(1 << 6)
    }

    /// Adds a number, which must not be NaN.
    #[inline]
    pub fn add(&mut self, number: f64) {
        // Room for a whole buffer is taken once it is clear that there is more than a little.
        if self.pending.len() == 64 {
            self.pending.reserve_exact((self.capacity + 1).saturating_sub(64));
        }
        self.pending.push(number);
        self.count += 1;
        if self.pending.len() > self.capacity {
            self.pack();
        }
    }

    /// Moves the first buffer's worth of numbers up.
    fn pack(&mut self) {
        let last = self.pending.pop();
        let mut carried = std::mem::replace(&mut self.pending, Vec::with_capacity(self.capacity + 1));
        self.pending.extend(last);
        carried.sort_unstable_by(f64::total_cmp);
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            if self.levels[level].is_empty() {
                self.levels[level] = carried;
                return;
            }
            let held = std::mem::take(&mut self.levels[level]);
            let weight = 1 << level;
            // In turn, so that the errors of even and odd choices offset each other.
            let odd = self.under < self.over;
            *if odd { &mut self.under } else { &mut self.over } += weight;
            carried = every_other(&held, &carried, odd);
        }
    }

    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// No rank is wrong by more than this share of the count.
    pub fn rank_error(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.over.max(self.under) as f64 / self.count as f64 }
    }

    /// The kept numbers in order, each with its weight.
    pub fn weighted(&self) -> Vec<(f64, u64)> {
        let pending = self.pending.iter().map(|number| (*number, 1));
        let levels = self.levels.iter().enumerate();
        let packed = levels.flat_map(|(level, numbers)| numbers.iter().map(move |number| (*number, 1 << level)));
        let mut all: Vec<(f64, u64)> = pending.chain(packed).collect();
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        all
    }

    /// The numbers below which these shares lie, ascending shares in (0, 1): between neighbouring numbers linearly, as R's type 7
    /// does (Hyndman and Fan 1996). NaN without any number.
    pub fn at(&self, shares: &[f64]) -> Vec<f64> {
        let weighted = self.weighted();
        let mut found = Vec::with_capacity(shares.len());
        let mut before = 0;
        let mut last: Option<(f64, f64)> = None;
        let mut next = weighted.iter().map(|(number, weight)| {
            // A number of weight w stands for w ranks; its own is the one in the middle.
            let rank = before as f64 + (*weight - 1) as f64 * 0.5;
            before += weight;
            (rank, *number)
        });
        let mut ahead = next.next();
        for share in shares {
            let rank = share * self.count.saturating_sub(1) as f64;
            while let Some((at, number)) = ahead.filter(|(at, _)| *at <= rank) {
                last = Some((at, number));
                ahead = next.next();
            }
            found.push(match (last, ahead) {
                (Some((low, a)), Some((high, b))) if low < rank => a + (b - a) * ((rank - low) / (high - low)),
                (Some((_, number)), _) | (None, Some((_, number))) => number,
                (None, None) => f64::NAN,
            });
        }
        found
    }

    /// How many numbers lie in each of `bins` equal intervals from `low` to `high`; those outside count to the ends.
    pub fn histogram(&self, low: f64, high: f64, bins: usize) -> Vec<u64> {
        let mut counts = vec![0; bins];
        let width = (high - low) / bins as f64;
        for (number, weight) in self.weighted() {
            let bin = if width > 0.0 { ((number - low) / width) as usize } else { 0 };
            if let Some(count) = counts.get_mut(bin.min(bins.saturating_sub(1))) {
                *count += weight;
            }
        }
        counts
    }
}

/// Every other number of two sorted lists of one length, merged.
fn every_other(a: &[f64], b: &[f64], odd: bool) -> Vec<f64> {
    let mut kept = Vec::with_capacity(a.len());
    let (mut i, mut j) = (0, 0);
    let mut keep = !odd;
    while i < a.len() || j < b.len() {
        let from_a = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.total_cmp(y).is_le(),
            (x, _) => x.is_some(),
        };
        let number = if from_a { a[i] } else { b[j] };
        if from_a {
            i += 1;
        } else {
            j += 1;
        }
        if keep {
            kept.push(number);
        }
        keep = !keep;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::Quantiles;
    use crate::random::Stream;
    use proptest::prelude::*;

    const SHARES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

    fn filled(capacity: usize, numbers: &[f64]) -> Quantiles {
        let mut quantiles = Quantiles::new(capacity);
        numbers.iter().for_each(|number| quantiles.add(*number));
        quantiles
    }

    /// R: quantile(c(3, 1, 4, 1, 5, 9, 2, 6), c(.05, .25, .5, .75, .95)).
    #[test]
    fn few_numbers_are_exact() {
        let quantiles = filled(8, &[3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]);
        let expected = [1.0, 1.75, 3.5, 5.25, 7.95];
        for (found, expected) in quantiles.at(&SHARES).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
        assert_eq!(quantiles.rank_error(), 0.0);
        assert_eq!(quantiles.histogram(1.0, 9.0, 4), [3, 2, 2, 1]);
        assert!(filled(8, &[]).at(&[0.5])[0].is_nan());
        assert_eq!(filled(8, &[7.0]).at(&[0.05, 0.95]), [7.0, 7.0]);
    }

    /// Ranks of ascending, descending, organ-pipe and random orders are within the bound, and the bound within what
    /// theory allows: half of a weight for each of the buffers that were ever joined, level by level.
    #[test]
    fn ranks_are_within_the_bound() {
        let n = 30_000_usize;
        let mut stream = Stream::new(1, 0);
        let random: Vec<f64> = (0..n).map(|_| stream.uniform()).collect();
        let orders: [Vec<f64>; 4] = [
            (0..n).map(|k| k as f64).collect(),
            (0..n).rev().map(|k| k as f64).collect(),
            (0..n).map(|k| if k % 2 == 0 { k as f64 } else { -(k as f64) }).collect(),
            random,
        ];
        for numbers in &orders {
            for capacity in [64, 256, 1024] {
                let quantiles = filled(capacity, numbers);
                let bound = quantiles.rank_error();
                let levels = (n as f64 / capacity as f64).log2().ceil();
                assert!(bound > 0.0 && bound <= (levels + 1.0) / (4.0 * capacity as f64) + 1e-3, "{capacity} {bound}");
                let mut sorted = numbers.clone();
                sorted.sort_by(f64::total_cmp);
                for (number, share) in quantiles.at(&SHARES).iter().zip(SHARES) {
                    let rank = sorted.partition_point(|x| x < number) as f64 / n as f64;
                    // A kept number stands for as many ranks as it weighs.
                    let grain = (1 << quantiles.levels.len()) as f64 / n as f64;
                    assert!((rank - share).abs() <= bound + grain, "{capacity} {share} {rank} {bound}");
                }
                let total: u64 = quantiles.weighted().iter().map(|(_, weight)| weight).sum();
                assert_eq!(total, n as u64);
            }
        }
    }

    proptest! {
        #[test]
        fn capacities_fit(count in 1u64..10_000_000, streams in 1usize..20_000) {
            let numbers = 1 << 24;
            let capacity = Quantiles::capacity_for(count, streams, numbers);
            let levels = (count as f64 / capacity as f64).log2().ceil().max(0.0) as usize;
            prop_assert!(capacity == 64 || (levels + 1) * capacity * streams <= numbers);
        }
    }
}
