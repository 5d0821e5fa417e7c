//! Where text finds room: labels pushed apart, lines broken, spans stacked in rows.

use super::font;

/// Moves boxes of these heights, wanted at these centres, so that none overlap and all lie within `lo..hi`, each as
/// near to its wish as its neighbours allow (least squares, by pooling neighbours that collide). `None` without room.
pub fn spread(wanted: &[f64], heights: &[f64], lo: f64, hi: f64) -> Option<Vec<f64>> {
    if heights.iter().sum::<f64>() > hi - lo + 1e-9 {
        return None;
    }
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]).then(a.cmp(b)));
    // Each pool is a run of touching boxes: first place in order, height, sum of wished tops (less what lies before them).
    struct Pool {
        first: usize,
        count: usize,
        height: f64,
        wishes: f64,
    }
    let top = |pool: &Pool| (pool.wishes / pool.count as f64).clamp(lo, (hi - pool.height).max(lo));
    let mut pools: Vec<Pool> = Vec::new();
    for (place, &i) in order.iter().enumerate() {
        let mut pool = Pool { first: place, count: 1, height: heights[i], wishes: wanted[i] - heights[i] / 2.0 };
        while let Some(above) = pools.pop_if(|above| top(above) + above.height > top(&pool)) {
            pool = Pool {
                first: above.first,
                count: above.count + pool.count,
                wishes: above.wishes + pool.wishes - above.height * pool.count as f64,
                height: above.height + pool.height,
            };
        }
        pools.push(pool);
    }
    let mut centres = vec![0.0; wanted.len()];
    for pool in &pools {
        let mut at = top(pool);
        for &i in &order[pool.first..pool.first + pool.count] {
            centres[i] = at + heights[i] / 2.0;
            at += heights[i];
        }
    }
    Some(centres)
}

/// Breaks text at blanks (not at no-break spaces) into lines of at most this width in millimetres; a longer word has a
/// line of its own.
pub fn wrap(text: &str, size: f64, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if font::width(line, size) + font::width(" ", size) + font::width(word, size) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}

/// The width of the widest of these lines.
pub fn widest<'a>(lines: impl IntoIterator<Item = &'a String>, size: f64) -> f64 {
    lines.into_iter().map(|line| font::width(line, size)).fold(0.0, f64::max)
}

/// The first row, counted from zero, in which each span has room with this gap, in the order given.
pub fn rows(spans: &[(f64, f64)], gap: f64) -> Vec<usize> {
    let mut taken: Vec<Vec<(f64, f64)>> = Vec::new();
    spans
        .iter()
        .map(|&(from, to)| {
            let free = |row: &Vec<(f64, f64)>| row.iter().all(|(a, b)| to + gap <= *a || b + gap <= from);
            let row = taken.iter().position(free).unwrap_or_else(|| {
                taken.push(Vec::new());
                taken.len() - 1
            });
            taken[row].push((from, to));
            row
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_part_as_little_as_they_must() {
        let h = [2.0; 3];
        assert_eq!(spread(&[1.0, 5.0, 9.0], &h, 0.0, 10.0), Some(vec![1.0, 5.0, 9.0]), "room for all");
        assert_eq!(spread(&[5.0, 5.0, 5.0], &h, 0.0, 10.0), Some(vec![3.0, 5.0, 7.0]), "a tie keeps its order");
        assert_eq!(spread(&[9.9, 9.8, 2.0], &h, 0.0, 10.0), Some(vec![9.0, 7.0, 2.0]), "pushed off the end");
        assert_eq!(spread(&[0.0, 0.5, 2.9], &h, 0.0, 6.0), Some(vec![1.0, 3.0, 5.0]), "packed full");
        assert_eq!(spread(&[1.0, 1.0, 1.0], &h, 0.0, 5.0), None);
        assert_eq!(spread(&[], &[], 0.0, 5.0), Some(vec![]));
    }

    #[test]
    fn spans_stack_and_lines_break() {
        assert_eq!(rows(&[(0.0, 4.0), (3.0, 6.0), (5.0, 7.0), (0.0, 9.0)], 0.5), [0, 1, 0, 2]);
        assert_eq!(wrap("No mass entrepreneurship campaign", 7.0, 20.0), ["No mass", "entrepreneurship", "campaign"]);
        assert!(wrap("  ", 7.0, 20.0).is_empty());
    }
}
