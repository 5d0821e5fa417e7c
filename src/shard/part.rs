//! The share of the work that one process does.

use std::ops::Range;

/// All pieces, or those of one shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// Whatever is missing.
    #[default]
    Whole,
    /// The pieces of shard `index` of `of`, and nothing behind them.
    Shard { index: u64, of: u64 },
    /// Nothing but putting together what so many shards have done.
    Merge { of: u64 },
}

impl Part {
    /// Which of so many pieces are this part's: shards differ by one piece at most.
    pub fn range(self, pieces: u64) -> Range<u64> {
        match self {
            Part::Whole | Part::Merge { .. } => 0..pieces,
            Part::Shard { index, of } => {
                // Wide, for pieces times shards may exceed 64 bits.
                let at = |shard: u64| (u128::from(pieces) * u128::from(shard) / u128::from(of.max(1))) as u64;
                at(index.min(of))..at((index + 1).min(of))
            }
        }
    }

    /// Number and count of the shard under which its journal is filed.
    pub fn place(self) -> (u64, u64) {
        match self {
            Part::Whole | Part::Merge { .. } => (0, 1),
            Part::Shard { index, of } => (index, of),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Part;

    #[test]
    fn shards_cover_every_piece_once() {
        for pieces in [0, 1, 6, 7, 40, 1_000_003, u64::MAX] {
            for of in [1, 2, 7, 50] {
                let ranges: Vec<_> = (0..of).map(|index| Part::Shard { index, of }.range(pieces)).collect();
                assert_eq!((ranges[0].start, ranges[of as usize - 1].end), (0, pieces));
                assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
                let lengths = || ranges.iter().map(|range| range.end - range.start);
                assert!(lengths().max().unwrap() - lengths().min().unwrap() <= 1, "{pieces} {of}");
            }
        }
        assert_eq!(Part::Whole.range(5), 0..5);
    }
}
