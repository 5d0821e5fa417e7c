//! Shapley values and interactions from the outcomes of all combinations.

use super::Coalition;

/// All combinations of so many switches, in the order of their bits; none comes first, all last.
pub fn subsets(switches: usize) -> Vec<Coalition> {
    (0..1u64 << switches).collect()
}

/// Shapley values of `switches` from the outcome of every combination, `values[coalition]`.
///
/// # Source
/// Shapley (1953): the weight of a coalition of s switches out of n - 1 others is s! (n - s - 1)! / n!.
pub fn exact(switches: usize, values: &[f64]) -> Vec<f64> {
    let weights: Vec<f64> = (0..switches).map(|size| 1.0 / (switches as f64 * choose(switches - 1, size))).collect();
    let of = |switch: usize| {
        let own = 1usize << switch;
        let without = (0..values.len()).filter(|coalition| coalition & own == 0);
        without.map(|s| weights[s.count_ones() as usize] * (values[s | own] - values[s])).sum()
    };
    (0..switches).map(of).collect()
}

/// Interaction of every pair, `[i][j]`, symmetric, zero on the diagonal: the mean of what two switches do together beyond
/// what they do apart, over all orders in which the pair stands together.
///
/// # Source
/// Grabisch and Roubens (1999), definition 3: the weight of s others out of n - 2 is s! (n - s - 2)! / (n - 1)!; Owen (1972).
pub fn interactions(switches: usize, values: &[f64]) -> Vec<Vec<f64>> {
    if switches < 2 {
        return vec![vec![0.0; switches]; switches];
    }
    let weights: Vec<f64> =
        (0..switches - 1).map(|size| 1.0 / ((switches - 1) as f64 * choose(switches - 2, size))).collect();
    let of = |i: usize, j: usize| {
        let (one, other) = (1usize << i, 1usize << j);
        let without = (0..values.len()).filter(|coalition| coalition & (one | other) == 0);
        let together = without.map(|s| {
            let beyond = values[s | one | other] - values[s | one] - values[s | other] + values[s];
            weights[s.count_ones() as usize] * beyond
        });
        if i == j { 0.0 } else { together.sum() }
    };
    (0..switches).map(|i| (0..switches).map(|j| of(i.max(j), i.min(j))).collect()).collect()
}

fn choose(n: usize, k: usize) -> f64 {
    (0..k).map(|i| (n - i) as f64 / (i + 1) as f64).product()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(switches: usize, of: impl Fn(&[bool]) -> f64) -> Vec<f64> {
        let on = |coalition: Coalition| (0..switches).map(|k| coalition >> k & 1 == 1).collect::<Vec<bool>>();
        subsets(switches).into_iter().map(|coalition| of(&on(coalition))).collect()
    }

    #[test]
    fn additive_switches_get_what_they_add() {
        let gains = [3.0, -1.5, 0.25, 0.0, 7.0];
        let values = values(5, |on| on.iter().zip(gains).map(|(on, gain)| if *on { gain } else { 0.0 }).sum());
        for (found, gain) in exact(5, &values).iter().zip(gains) {
            assert!((found - gain).abs() < 1e-12, "{found} {gain}");
        }
        assert!(interactions(5, &values).concat().iter().all(|interaction| interaction.abs() < 1e-12));
    }

    #[test]
    fn switches_that_work_together_only_share_alike() {
        // All three or nothing: a third each; a pair with the third at random works half the time.
        let values = values(3, |on| f64::from(u8::from(on.iter().all(|on| *on))));
        for found in exact(3, &values) {
            assert!((found - 1.0 / 3.0).abs() < 1e-15);
        }
        let pairs = interactions(3, &values);
        assert!((pairs[0][1] - 0.5).abs() < 1e-15 && (pairs[2][1] - 0.5).abs() < 1e-15 && pairs[1][1] == 0.0);
    }

    /// The glove game of Shapley's textbook examples: one left glove, two right ones.
    #[test]
    fn the_glove_game() {
        let values = values(3, |on| f64::from(u8::from(on[0] && (on[1] || on[2]))));
        let found = exact(3, &values);
        for (found, expected) in found.iter().zip([2.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0]) {
            assert!((found - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn parts_sum_to_the_whole() {
        let mut stream = crate::random::Stream::new(5, 1);
        let values: Vec<f64> = subsets(7).iter().map(|_| stream.normal()).collect();
        let whole = values[127] - values[0];
        assert!((exact(7, &values).iter().sum::<f64>() - whole).abs() < 1e-12);
    }
}
