//! What is known of several numbers that are jointly normal: mean and covariance, by sigma points and by conditioning.

use nalgebra::{DMatrix, DVector};

/// The square of the distance of sigma points from the centre, in variances: the kurtosis of the normal distribution
/// (Nørgaard, Poulsen and Ravn 2000, section 3.2).
const SQUARED: f64 = 3.0;

#[derive(Clone, Debug)]
pub(super) struct Belief {
    mean: DVector<f64>,
    covariance: DMatrix<f64>,
}

impl Belief {
    pub fn certain(mean: Vec<f64>) -> Self {
        let size = mean.len();
        Belief { mean: DVector::from_vec(mean), covariance: DMatrix::zeros(size, size) }
    }

    /// From the images of sigma points: the centre, then one on either side for each direction.
    pub fn of(points: &[Vec<f64>]) -> Self {
        let Some((centre, pairs)) = points.split_first() else { return Belief::certain(Vec::new()) };
        let size = centre.len();
        let mut mean = DVector::from_column_slice(centre);
        let mut covariance = DMatrix::zeros(size, size);
        for pair in pairs.chunks_exact(2) {
            let slope = DVector::from_fn(size, |k, _| pair[0][k] - pair[1][k]);
            let bend = DVector::from_fn(size, |k, _| (pair[0][k] - centre[k]) + (pair[1][k] - centre[k]));
            mean.axpy(1.0 / (2.0 * SQUARED), &bend, 1.0);
            covariance.ger(1.0 / (4.0 * SQUARED), &slope, &slope, 1.0);
            covariance.ger((SQUARED - 1.0) / (4.0 * SQUARED * SQUARED), &bend, &bend, 1.0);
        }
        Belief { mean, covariance }
    }

    /// Centre and pairs along the columns of a root of the covariance; a column moves no number before its own.
    pub fn sigma_points(&self) -> Vec<Vec<f64>> {
        let root = self.root();
        let mut points = vec![self.mean.as_slice().to_vec()];
        for column in root.column_iter() {
            for side in [1.0, -1.0] {
                points.push((&self.mean + column * (side * SQUARED.sqrt())).as_slice().to_vec());
            }
        }
        points
    }

    /// Lower triangular, with zero columns where nothing is left (Higham 2002, section 10.3, without pivoting).
    fn root(&self) -> DMatrix<f64> {
        /// Share of a variance below which what is left is rounding.
        const ROUNDING: f64 = 1e-13;
        let size = self.mean.len();
        let mut root = DMatrix::<f64>::zeros(size, size);
        for column in 0..size {
            let left = self.covariance[(column, column)] - root.row(column).norm_squared();
            if left.is_nan() || left <= ROUNDING * self.covariance[(column, column)] {
                continue;
            }
            let pivot = left.sqrt();
            root[(column, column)] = pivot;
            for row in column + 1..size {
                let known: f64 = (0..column).map(|k| root[(row, k)] * root[(column, k)]).sum();
                root[(row, column)] = (self.covariance[(row, column)] - known) / pivot;
            }
        }
        root
    }

    /// Adds independent noise to one number.
    pub fn widen(&mut self, place: usize, variance: f64) {
        self.covariance[(place, place)] += variance;
    }

    /// Mean and variance of one number.
    pub fn of_component(&self, place: usize) -> (f64, f64) {
        (self.mean[place], self.covariance[(place, place)].max(0.0))
    }

    /// Conditions on one number having been seen this far from its mean, where `spread` is the variance of what is seen.
    pub fn condition(&mut self, place: usize, innovation: f64, spread: f64) {
        let along = self.covariance.column(place).into_owned();
        self.mean.axpy(innovation / spread, &along, 1.0);
        self.covariance.ger(-1.0 / spread, &along, &along, 1.0);
    }

    /// What is known of the numbers at these places.
    pub fn part(&self, places: &[usize]) -> Self {
        Belief {
            mean: DVector::from_fn(places.len(), |k, _| self.mean[places[k]]),
            covariance: DMatrix::from_fn(places.len(), places.len(), |i, j| self.covariance[(places[i], places[j])]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Belief;
    use nalgebra::{DMatrix, DVector};

    fn belief() -> Belief {
        let covariance = DMatrix::from_row_slice(3, 3, &[4.0, 2.0, 0.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0]);
        Belief { mean: DVector::from_vec(vec![1.0, -2.0, 5.0]), covariance }
    }

    #[test]
    fn sigma_points_have_the_moments_they_were_made_of_and_those_of_squares() {
        let belief = belief();
        let points = belief.sigma_points();
        let again = Belief::of(&points);
        assert!((again.mean - &belief.mean).amax() < 1e-14 && (again.covariance - &belief.covariance).amax() < 1e-13);
        // Of the square of a normal number: mean m² + v, variance 4 m² v + 2 v².
        let squares: Vec<Vec<f64>> = points.iter().map(|point| vec![point[0] * point[0]]).collect();
        let (mean, variance) = Belief::of(&squares).of_component(0);
        assert!((mean - 5.0).abs() < 1e-13 && (variance - (16.0 + 32.0)).abs() < 1e-12, "{mean} {variance}");
    }

    #[test]
    fn conditioning_is_that_of_the_normal_distribution() {
        let mut belief = belief();
        // y = x₁ + noise of variance 1, seen 2 above: mean x₀ + 2·2/4, variance 4 - 2·2/4.
        belief.condition(1, 2.0, 4.0);
        assert_eq!(belief.of_component(0), (2.0, 3.0));
        assert_eq!(belief.of_component(2), (5.0, 0.0));
        assert_eq!(belief.part(&[2, 0]).of_component(1), (2.0, 3.0));
    }
}
