//! Designs: points that fill the unit cube more evenly than random ones.

use super::Stream;
use std::fmt;

/// Why a design cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DesignLimit {
    TooManyPoints { asked: usize, most: usize },
    TooManyDimensions { asked: usize, most: usize },
}

impl fmt::Display for DesignLimit {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            DesignLimit::TooManyPoints { asked, most } => {
                write!(
                    f,
                    "a Sobol design has at most {most} points, {asked} were asked for; Latin hypercubes have no limit"
                )
            }
            DesignLimit::TooManyDimensions { asked, most } => write!(
                f,
                "a Sobol design has at most {most} dimensions, {asked} were asked for; Latin hypercubes have no limit"
            ),
        }
    }
}

impl std::error::Error for DesignLimit {}

/// A scrambled Sobol sequence.
///
/// *Method*: Owen scrambling by hashing (Burley 2020, *JCGT* 9(4)) of the direction numbers of Joe and Kuo (2008). Any
/// aligned run of `2^k` points has one in each of `2^k` equal slices of every dimension; best with `2^k` points in all.
/// Coordinates have 24 bits and lie in the middle of their cell, so never at 0 or 1.
#[derive(Clone, Copy, Debug)]
pub struct Sobol {
    points: u32,
    dimensions: u32,
    seed: u32,
}

impl Sobol {
    pub const MOST_POINTS: usize = 1 << 16;
    pub const MOST_DIMENSIONS: usize = sobol_burley::NUM_DIMENSIONS as usize;

    pub fn new(points: usize, dimensions: usize, seed: u64) -> Result<Sobol, DesignLimit> {
        if points > Sobol::MOST_POINTS {
            return Err(DesignLimit::TooManyPoints { asked: points, most: Sobol::MOST_POINTS });
        }
        if dimensions > Sobol::MOST_DIMENSIONS {
            return Err(DesignLimit::TooManyDimensions { asked: dimensions, most: Sobol::MOST_DIMENSIONS });
        }
        let seed = Stream::new(seed, 0).word_at(0) as u32;
        Ok(Sobol { points: points as u32, dimensions: dimensions as u32, seed })
    }

    /// All points in order, each `[dimension]`.
    pub fn points(self) -> impl ExactSizeIterator<Item = Vec<f64>> {
        (0..self.points as usize)
            .map(move |point| (0..self.dimensions as usize).filter_map(|dimension| self.at(point, dimension)).collect())
    }

    /// One coordinate of one point; `None` beyond the design.
    pub fn at(self, point: usize, dimension: usize) -> Option<f64> {
        let inside = point < self.points as usize && dimension < self.dimensions as usize;
        inside.then(|| f64::from(sobol_burley::sample(point as u32, dimension as u32, self.seed)) + 0.5_f64.powi(25))
    }
}

/// A Latin hypercube: of `n` points one in each of `n` equal slices of every dimension, at random within it.
///
/// *Source*: McKay, Beckman and Conover (1979), *Technometrics* 21(2).
#[derive(Clone, Debug)]
pub struct LatinHypercube {
    /// `[dimension][point]`
    coordinates: Vec<Vec<f64>>,
    points: usize,
}

impl LatinHypercube {
    pub fn new(points: usize, dimensions: usize, seed: u64) -> LatinHypercube {
        let coordinates = (0..dimensions as u64)
            .map(|dimension| {
                let mut stream = Stream::new(seed, dimension);
                let mut slices: Vec<usize> = (0..points).collect();
                for place in (1..points).rev() {
                    slices.swap(place, stream.below_at(place as u64, place as u64 + 1) as usize);
                }
                let within = points as u64; // the draws after those of the shuffle
                (within..)
                    .zip(slices)
                    .map(|(draw, slice)| (slice as f64 + stream.uniform_at(draw)) / points as f64)
                    .collect()
            })
            .collect();
        LatinHypercube { coordinates, points }
    }

    /// All points in order, each `[dimension]`.
    pub fn points(&self) -> impl ExactSizeIterator<Item = Vec<f64>> {
        (0..self.points).map(|point| self.coordinates.iter().map(|column| column[point]).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each of `n` slices of every dimension holds one of the `n` points.
    fn is_stratified(points: &[Vec<f64>]) -> bool {
        let n = points.len();
        (0..points[0].len()).all(|dimension| {
            let mut seen = vec![false; n];
            points.iter().for_each(|point| seen[(point[dimension] * n as f64) as usize] = true);
            seen.into_iter().all(|slice| slice)
        })
    }

    #[test]
    fn every_slice_is_visited_once() {
        for seed in 0..3 {
            let sobol: Vec<Vec<f64>> = Sobol::new(1024, 30, seed).unwrap().points().collect();
            assert!(is_stratified(&sobol));
            // And every run of 64.
            assert!(sobol.chunks(64).all(is_stratified));
            let latin: Vec<Vec<f64>> = LatinHypercube::new(331, 30, seed).points().collect();
            assert!(is_stratified(&latin));
            for x in sobol.iter().chain(&latin).flatten() {
                assert!(0.0 < *x && *x < 1.0);
            }
        }
    }

    #[test]
    fn integrates_better_than_random_points() {
        // The integral of the product of (1 + (x - 1/2) / k) over the cube is 1.
        let error = |points: Vec<Vec<f64>>| {
            let n = points.len() as f64;
            let value =
                |point: &Vec<f64>| point.iter().zip(1..).map(|(x, k)| 1.0 + (x - 0.5) / f64::from(k)).product::<f64>();
            (points.iter().map(value).sum::<f64>() / n - 1.0).abs()
        };
        let mean = |design: &dyn Fn(u64) -> Vec<Vec<f64>>| (0..20).map(|seed| error(design(seed))).sum::<f64>() / 20.0;
        let sobol = mean(&|seed| Sobol::new(1024, 8, seed).unwrap().points().collect());
        let latin = mean(&|seed| LatinHypercube::new(1024, 8, seed).points().collect());
        let random = mean(&|seed| {
            let mut stream = Stream::new(seed, 1);
            (0..1024).map(|_| (0..8).map(|_| stream.uniform()).collect()).collect()
        });
        assert!(sobol < latin / 3.0 && latin < random / 2.0, "{sobol} {latin} {random}");
    }

    #[test]
    fn seeds_change_the_points_and_nothing_else_does() {
        let sobol = |seed| Sobol::new(64, 3, seed).unwrap().points().collect::<Vec<_>>();
        let latin = |seed| LatinHypercube::new(64, 3, seed).points().collect::<Vec<_>>();
        assert!(sobol(1) == sobol(1) && sobol(1) != sobol(2) && latin(1) == latin(1) && latin(1) != latin(2));
        // The first columns do not depend on how many there are.
        let wide = LatinHypercube::new(64, 5, 1).points().map(|point| point[..3].to_vec()).collect::<Vec<_>>();
        assert_eq!(wide, latin(1));
    }

    #[test]
    fn limits_are_said() {
        let most = Sobol::new(1 << 17, 2, 0).unwrap_err();
        assert_eq!(
            most.to_string(),
            "a Sobol design has at most 65536 points, 131072 were asked for; Latin hypercubes have no limit"
        );
        assert_eq!(Sobol::new(8, 300, 0).unwrap_err(), DesignLimit::TooManyDimensions { asked: 300, most: 256 });
        assert_eq!((Sobol::new(0, 0, 0).unwrap().points().len(), LatinHypercube::new(0, 2, 0).points().len()), (0, 0));
    }
}
