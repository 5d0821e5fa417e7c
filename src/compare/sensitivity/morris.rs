//! Morris screening: what each input does when it alone takes a step, from many places.

use crate::random::Stream;

/// Walks through a grid of the unit cube in which each input takes one step.
///
/// # Method
/// Each walk starts at a random grid point and moves every input once, in random order, by half the cube and a little.
/// # Cost
/// `walks * (inputs + 1)` runs.
/// # Source
/// Morris (1991), section 3; the mean of absolute effects: Campolongo, Cariboni and Saltelli (2007), eq. 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Morris {
    pub inputs: usize,
    pub walks: usize,
    pub seed: u64,
}

/// What an input does over the whole of its range, by the effects of its steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    pub mean: f64,
    /// Of absolute effects: whether the input matters.
    pub importance: f64,
    /// Standard deviation: whether it matters otherwise elsewhere, by curvature or by others.
    pub scatter: f64,
}

/// Levels of the grid; a step is two of the three gaps between them.
const LEVELS: u64 = 4;
const STEP: f64 = 2.0 / 3.0;

impl Morris {
    fn walk(&self, number: usize) -> (Vec<f64>, Vec<usize>) {
        let mut stream = Stream::new(self.seed, number as u64);
        let mut index = 0;
        let mut below = |bound: u64| {
            index += 1;
            stream.below_at(index, bound)
        };
        // The lower two levels can step up, the upper two down.
        let start = (0..self.inputs).map(|_| below(LEVELS) as f64 / (LEVELS - 1) as f64).collect();
        let mut order: Vec<usize> = (0..self.inputs).collect();
        for place in (1..self.inputs).rev() {
            order.swap(place, below(place as u64 + 1) as usize);
        }
        (start, order)
    }

    /// Places in the unit cube, `[run][input]`, walk by walk.
    pub fn design(&self) -> Vec<Vec<f64>> {
        let walk = |number: usize| {
            let (mut place, order) = self.walk(number);
            let mut places = vec![place.clone()];
            for input in order {
                place[input] += if place[input] < 0.5 { STEP } else { -STEP };
                places.push(place.clone());
            }
            places
        };
        (0..self.walks).flat_map(walk).collect()
    }

    /// Effects of each input from the number at each place of the design; steps to or from a failed run are left out.
    pub fn effects(&self, values: &[f64]) -> Vec<Effect> {
        let mut effects: Vec<Vec<f64>> = vec![Vec::new(); self.inputs];
        for (number, values) in values.chunks(self.inputs + 1).enumerate() {
            let (start, order) = self.walk(number);
            for (input, pair) in order.iter().zip(values.windows(2)) {
                let step = if start[*input] < 0.5 { STEP } else { -STEP };
                let effect = (pair[1] - pair[0]) / step;
                if effect.is_finite() {
                    effects[*input].push(effect);
                }
            }
        }
        let of = |effects: &Vec<f64>| {
            let count = effects.len() as f64;
            let mean = effects.iter().sum::<f64>() / count;
            let importance = effects.iter().map(|effect| effect.abs()).sum::<f64>() / count;
            let squares = effects.iter().map(|effect| (effect - mean).powi(2)).sum::<f64>();
            Effect { mean, importance, scatter: (squares / (count - 1.0)).sqrt() }
        };
        effects.iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn straight_lines_curves_and_products() {
        let morris = Morris { inputs: 4, walks: 40, seed: 3 };
        let design = morris.design();
        assert_eq!(design.len(), 40 * 5);
        assert!(design.iter().flatten().all(|u| (-1e-12..=1.0 + 1e-12).contains(u)));
        let value = |x: &Vec<f64>| 3.0 * x[0] - 2.0 * x[1] + 4.0 * (x[1] - 0.5) * (x[2] - 0.5);
        let found = morris.effects(&design.iter().map(value).collect::<Vec<f64>>());
        assert!((found[0].mean - 3.0).abs() < 1e-9 && found[0].scatter < 1e-9);
        assert!((found[1].mean + 2.0).abs() < 0.5 && found[1].scatter > 0.5);
        // The third acts through the second alone: no mean, yet it matters.
        assert!(found[2].mean.abs() < 0.5 && found[2].importance > 0.7);
        assert_eq!((found[3].importance, found[3].scatter), (0.0, 0.0));
    }
}
