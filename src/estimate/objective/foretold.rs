//! A posterior with a quantity that no data observe, as prediction profiles ask for it.

use super::{Datum, Design, Family, Gauge, Noise, Objective, Observation, Use};
use crate::calendar::Window;
use crate::check::CheckedModel;
use crate::diagnostic::Diagnostic;
use crate::estimate::uncertainty::Predicting;
use crate::estimate::{Evaluation, Group, Infeasible, Linearisation, Parameter, Problem, Slope, Structured, Term};

/// An objective whose last observation is of the quantity foretold; it counts as a datum of its own scale.
#[derive(Clone, Debug)]
pub struct Foretold(Objective);

impl Foretold {
    /// Adds what is read by a gauge over a window to a design.
    ///
    /// # Errors
    /// As [`Objective::new`].
    pub fn new(
        checked: &CheckedModel,
        mut design: Design,
        gauge: Gauge,
        window: Window,
    ) -> Result<Self, Vec<Diagnostic>> {
        let datum = Datum { window, label: String::new(), value: 0.0, scale: 1.0, purpose: Use::Fit };
        design.observations.push(Observation {
            name: "Prediction".to_owned(),
            vendor: String::new(),
            unit: String::new(),
            shown: (1.0, String::new()),
            gauge,
            noise: Noise::new(Family::Normal),
            coverage: None,
            inflation: None,
            noise_before_coverage: false,
            memory: None,
            experiment: 0,
            judgement: true,
            data: vec![datum],
        });
        Objective::new(checked, design).map(Foretold)
    }

    fn place(&self) -> usize {
        self.0.observations().len() - 1
    }

    /// Number of the row of the prediction.
    fn row(&self, terms: &[Term]) -> Option<usize> {
        let group = self.0.group[self.place()];
        terms.iter().position(|term| term.group == group)
    }
}

impl Predicting for Foretold {
    fn predicted_value(&self, point: &[f64]) -> Option<f64> {
        let terms = self.0.terms(&[point.to_vec()]).pop()?.ok()?;
        Some(terms[self.row(&terms)?].predictor)
    }

    fn predicted_slope(&self, point: &[f64]) -> Option<Vec<f64>> {
        let linearisation = self.0.linearise(&[point.to_vec()]).pop()?.ok()?;
        let row = self.row(&linearisation.terms)?;
        Some(linearisation.jacobian.row(row).iter().copied().collect())
    }

    fn drawn_towards(&self, value: f64, scale: f64) -> Self {
        let mut drawn = self.clone();
        let place = self.place();
        for datum in &mut drawn.0.observations[place].data {
            (datum.value, datum.scale) = (value, scale);
        }
        drawn
    }

    fn height(&self, point: &[f64]) -> Option<f64> {
        let terms = self.0.terms(&[point.to_vec()]).pop()?.ok()?;
        let row = self.row(&terms)?;
        Some(terms.iter().enumerate().filter(|(k, _)| *k != row).map(|(_, term)| term.value).sum())
    }
}

impl Problem for Foretold {
    fn parameters(&self) -> &[Parameter] {
        self.0.parameters()
    }

    fn evaluate(&self, points: &[Vec<f64>]) -> Vec<Evaluation> {
        self.0.evaluate(points)
    }

    fn gradients(&self, points: &[Vec<f64>]) -> Vec<Result<Slope, Infeasible>> {
        self.0.gradients(points)
    }

    fn spacing(&self, parameter: usize, at: f64) -> f64 {
        self.0.spacing(parameter, at)
    }
}

impl Structured for Foretold {
    fn groups(&self) -> &[Group] {
        self.0.groups()
    }

    fn log_scales(&self) -> Vec<usize> {
        self.0.log_scales()
    }

    fn terms(&self, points: &[Vec<f64>]) -> Vec<Result<Vec<Term>, Infeasible>> {
        self.0.terms(points)
    }

    fn linearise(&self, points: &[Vec<f64>]) -> Vec<Result<Linearisation, Infeasible>> {
        self.0.linearise(points)
    }
}
