//! Steps that stay inside a box: scaled by the distance to the bounds, and reflected where they would leave.
//!
//! Method: coordinates are scaled by the root of the distance to the bound that descent runs into, which turns the
//! first-order conditions of the box into those of an unbounded problem. Of the trust-region step cut at the first bound,
//! the same step reflected there, and steepest descent, the one that lowers the quadratic most is taken.
//! Assumptions: a strictly interior point. Distances count up to one unit of the coordinate, so that far bounds do not
//! stretch the region (the original uses the whole distance, or one where the bound is infinite).
//! Source: Coleman and Li (1996), eqs. 2.2-2.6; Branch, Coleman and Li (1999), section 3 and figure 3.

use super::model::{Quadratic, Scaled};
use nalgebra::DVector;

/// A box, in the units of the quadratic.
pub(super) struct Bounds {
    pub low: DVector<f64>,
    pub high: DVector<f64>,
}

impl Bounds {
    /// Moves a point off its bounds by at most `inset` units, or a hundredth of a narrow box.
    pub fn interior(&self, point: &DVector<f64>, inset: f64) -> DVector<f64> {
        DVector::from_fn(point.len(), |k, _| {
            let inset = inset.min((self.high[k] - self.low[k]) / 100.0);
            point[k].max(self.low[k] + inset).min(self.high[k] - inset)
        })
    }

    fn contains(&self, point: &DVector<f64>) -> bool {
        (0..point.len()).all(|k| self.low[k] < point[k] && point[k] < self.high[k])
    }

    /// How often `step` can be taken from `point` before a bound is met, and which coordinates meet it.
    fn stride(&self, point: &DVector<f64>, step: &DVector<f64>) -> (f64, Vec<bool>) {
        let strides: Vec<f64> = (0..point.len())
            .map(|k| match step[k] {
                s if s > 0.0 => (self.high[k] - point[k]) / s,
                s if s < 0.0 => (self.low[k] - point[k]) / s,
                _ => f64::INFINITY,
            })
            .collect();
        let least = strides.iter().copied().fold(f64::INFINITY, f64::min);
        (least, strides.iter().map(|stride| *stride == least).collect())
    }
}

/// A quadratic seen through the distances to the bounds.
pub(super) struct Reflective<'a> {
    quadratic: &'a Quadratic,
    scaled: Scaled,
    point: &'a DVector<f64>,
    bounds: &'a Bounds,
    /// Root of the distance to the bound that descent runs into, at most one.
    d: DVector<f64>,
    /// Curvature that the scaling adds.
    c: DVector<f64>,
}

/// A step within the box.
pub(super) struct Proposal {
    pub step: DVector<f64>,
    /// Reduction that the scaled quadratic promises; positive.
    pub predicted: f64,
    /// Half the added curvature along the step, which the objective does not have.
    pub added: f64,
    /// Length in scaled coordinates.
    pub length: f64,
    /// The damping of a step that no bound cut; `None` for the others.
    damping: Option<f64>,
}

impl Proposal {
    /// Whether no bound cut the step.
    pub fn is_free(&self) -> bool {
        self.damping.is_some()
    }
}

impl<'a> Reflective<'a> {
    /// `None` if the numbers defeat the decomposition.
    pub fn new(quadratic: &'a Quadratic, point: &'a DVector<f64>, bounds: &'a Bounds) -> Option<Self> {
        let gradient = &quadratic.gradient;
        let distance = DVector::from_fn(point.len(), |k, _| {
            if gradient[k] < 0.0 { bounds.high[k] - point[k] } else { point[k] - bounds.low[k] }
        });
        let d = distance.map(|distance| distance.min(1.0).sqrt());
        let c = DVector::from_fn(point.len(), |k, _| if distance[k] < 1.0 { gradient[k].abs() } else { 0.0 });
        let scaled = quadratic.scaled(&d, &c)?;
        Some(Reflective { quadratic, scaled, point, bounds, d, c })
    }

    /// What a full step promises; zero at a point that satisfies the first-order conditions of the box.
    pub fn promise(&self) -> f64 {
        self.scaled.promise()
    }

    /// The best step of scaled length `radius` or less.
    pub fn propose(&self, radius: f64) -> Option<Proposal> {
        let (through, damping) = self.scaled.step(radius);
        let step = self.d.component_mul(&through);
        if self.bounds.contains(&(self.point + &step)) {
            return self.proposal(through, Some(damping));
        }
        // Stay off the bound by a share that shrinks as the solution is approached.
        let nearness = self.d.component_mul(&self.d).component_mul(&self.quadratic.gradient).amax();
        let share = (1.0 - nearness).max(0.995);
        let (to_bound, met) = self.bounds.stride(self.point, &step);
        let cut = &through * (share * to_bound);
        let downhill = -self.d.component_mul(&self.quadratic.gradient);
        let reflected = DVector::from_fn(through.len(), |k, _| if met[k] { -through[k] } else { through[k] });
        let candidates = [
            Some(cut),
            self.beyond(&through * to_bound, &reflected, radius, share),
            self.beyond(DVector::zeros(through.len()), &downhill, radius, share),
        ];
        let proposals = candidates.into_iter().flatten().filter_map(|through| self.proposal(through, None));
        proposals.max_by(|a, b| a.predicted.total_cmp(&b.predicted))
    }

    /// A step bent by the second derivatives of the weighted predictors along it, `[row]`: geodesic acceleration.
    ///
    /// `None` where the bend is too small to matter, too large to be believed, or leaves the box.
    pub fn bent(&self, proposal: &Proposal, curvature: &[f64]) -> Option<Proposal> {
        let bend = self.scaled.bend(&self.quadratic.project(curvature), proposal.damping?);
        let share = 2.0 * bend.norm() / proposal.length;
        let step = &proposal.step + self.d.component_mul(&bend);
        let usable = Self::NOTICEABLE < share && share < Self::BELIEVED && self.bounds.contains(&(self.point + &step));
        usable.then_some(Proposal { step, ..*proposal })
    }

    /// Bends, as shares of the step, between which acceleration is tried.
    const NOTICEABLE: f64 = 0.02;
    /// Transtrum and Sethna (2012), section 3.
    const BELIEVED: f64 = 0.75;

    /// The lowest point along a ray that starts `from` within the region, up to the region's edge and short of the box.
    fn beyond(&self, from: DVector<f64>, along: &DVector<f64>, radius: f64, share: f64) -> Option<DVector<f64>> {
        let steepness = along.norm_squared();
        if steepness == 0.0 || steepness.is_nan() {
            return None;
        }
        let (ahead, room) = (from.dot(along), radius * radius - from.norm_squared());
        let to_edge = ((ahead * ahead + steepness * room.max(0.0)).sqrt() - ahead) / steepness;
        let origin = self.point + self.d.component_mul(&from);
        let to_bound = self.bounds.stride(&origin, &self.d.component_mul(along)).0;
        let furthest = to_edge.min(share * to_bound);
        // Along the ray the quadratic is value + slope t + curvature t²/2.
        let at = |t: f64| -> f64 { self.change(&(&from + along * t)) };
        let (here, there) = (at(0.0), at(furthest));
        let curvature = {
            let middle = at(furthest / 2.0);
            4.0 * (here - 2.0 * middle + there) / (furthest * furthest)
        };
        let slope = (there - here) / furthest - curvature * furthest / 2.0;
        let lowest = if curvature > 0.0 { (-slope / curvature).clamp(0.0, furthest) } else { furthest };
        let t = if at(lowest) < there { lowest } else { furthest };
        let reached = &from + along * t;
        // A ray that starts on a bound may not end there.
        let inside = self.bounds.contains(&(self.point + self.d.component_mul(&reached)));
        (t.is_finite() && inside).then_some(reached)
    }

    /// Change of the scaled quadratic.
    fn change(&self, through: &DVector<f64>) -> f64 {
        self.quadratic.change(&self.d.component_mul(through)) + self.added(through)
    }

    fn added(&self, through: &DVector<f64>) -> f64 {
        through.component_mul(through).dot(&self.c) / 2.0
    }

    fn proposal(&self, through: DVector<f64>, damping: Option<f64>) -> Option<Proposal> {
        let predicted = -self.change(&through);
        (predicted > 0.0).then(|| Proposal {
            step: self.d.component_mul(&through),
            predicted,
            added: self.added(&through),
            length: through.norm(),
            damping,
        })
    }
}
