//! The reference posterior of lynx and hare: posteriordb, `hudson_lynx_hare-lotka_volterra`, 10,000 draws of Stan.

use super::folder::Folder;
use super::small::lynx_hare;
use levada::estimate::Problem;
use levada::estimate::optimise::{TrustRegion, run};
use levada::estimate::sample::{Nuts, Posterior, Trust, Walks};
use levada::estimate::uncertainty::Information;
use levada::simulate::{Method, Settings};
use std::sync::atomic::AtomicBool;

/// Mean, and mean of the square.
const REFERENCE: [(f64, f64); 8] = [
    (0.546864499783931, 0.30303629),
    (0.0277472877678081, 0.0007871719),
    (0.800095360233122, 0.6481388153),
    (0.0240859152534545, 0.0005925775),
    (34.0352224770469, 1166.9038171313),
    (5.93589713368062, 35.5163321009),
    (0.24805686320252, 0.0634036795),
    (0.251016914583618, 0.0649094189),
];

#[test]
fn lynx_and_hare_by_gradients_agree_with_the_reference_posterior() {
    let Some(folder) = Folder::open("lynx-hare") else { return };
    // Of a model with steps of 1/1024; those of 1/16 are within 1e-6 of the solution.
    let settings = Settings { method: Method::RungeKutta4, step_share: 64.0, ..Settings::default() };
    let objective = lynx_hare(&folder, true, settings);
    let start: Vec<f64> = objective.parameters().iter().zip(REFERENCE).map(|(p, (mean, _))| p.search(mean)).collect();
    let stop = AtomicBool::new(false);
    let optimum = run(&objective, TrustRegion::default(), &start, 100, &stop);
    let covariance = Information::expected(&objective, &optimum.point).unwrap().covariance();
    let nuts = Nuts { draws: 150, ..Nuts::default() };
    let walks = nuts.run(&objective, &optimum.point, &covariance, Walks::default(), &stop, &|_| {});
    let posterior = Posterior::of(&walks.chains(), objective.parameters(), 0.9, &Trust::default());
    for (marginal, (mean, square)) in posterior.marginals.iter().zip(REFERENCE) {
        let sd = f64::sqrt(square - mean * mean);
        assert!(((marginal.mean - mean) / sd).abs() < 0.1 && (marginal.sd / sd - 1.0).abs() < 0.1, "{marginal:?} {sd}");
        assert!(marginal.convergence.r_hat < 1.02 && marginal.convergence.bulk > 600.0, "{marginal:?}");
    }
}
