//! Permutations addressed by number: the place of one item without shuffling all.

/// One permutation of `0..count` for each key.
///
/// *Method*: a balanced Feistel network of six rounds (Luby and Rackoff 1988) on the smallest even number of
/// bits that holds `count`, eight at least, walked along its cycle until it lands below `count` (Black and Rogaway 2002, section 3).
#[derive(Clone, Copy, Debug)]
pub struct Shuffle {
    count: u64,
    key: u64,
    half: u32,
}

const ROUNDS: u64 = 6;

/// On fewer bits the orders of few items are not equally frequent.
const LEAST_HALF: u32 = 4;

impl Shuffle {
    pub fn new(count: u64, key: u64) -> Shuffle {
        let bits = u64::BITS - count.saturating_sub(1).leading_zeros();
        Shuffle { count, key, half: bits.div_ceil(2).max(LEAST_HALF) }
    }

    /// Where item `number` goes; a number of no item stays where it is.
    pub fn at(&self, number: u64) -> u64 {
        let mut place = number;
        if number < self.count {
            loop {
                place = self.network(place);
                if place < self.count {
                    break;
                }
            }
        }
        place
    }

    fn network(&self, number: u64) -> u64 {
        let mask = (1 << self.half) - 1;
        let (mut left, mut right) = (number >> self.half, number & mask);
        for round in 0..ROUNDS {
            let mixed = mix(right ^ mix(self.key.wrapping_add(round)));
            (left, right) = (right, left ^ (mixed & mask));
        }
        left << self.half | right
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

#[cfg(test)]
mod tests {
    use super::Shuffle;

    #[test]
    fn every_place_is_taken_once() {
        for count in [0, 1, 2, 3, 7, 64, 1000, 4097] {
            for key in 0..3 {
                let shuffle = Shuffle::new(count, key);
                let mut places: Vec<u64> = (0..count).map(|number| shuffle.at(number)).collect();
                places.sort_unstable();
                assert!(places.into_iter().eq(0..count), "{count}, {key}");
            }
        }
        assert_eq!(Shuffle::new(5, 0).at(9), 9);
    }

    /// Over many keys each of four items stands at each of four places, and before each other, about equally often.
    #[test]
    fn keys_shuffle_evenly() {
        let keys = 24_000;
        let mut orders = std::collections::BTreeMap::new();
        for key in 0..keys {
            let shuffle = Shuffle::new(4, key);
            let order: Vec<u64> = (0..4).map(|number| shuffle.at(number)).collect();
            *orders.entry(order).or_insert(0) += 1;
        }
        assert_eq!(orders.len(), 24);
        let expected = keys as f64 / 24.0;
        let chi_squared: f64 = orders.values().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
        // The 0.999 quantile with 23 degrees of freedom.
        assert!(chi_squared < 49.7, "{chi_squared}");
    }
}
