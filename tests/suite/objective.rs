//! The posterior of a small panel: slopes against differences, and data drawn from it recovered.

use super::model_text;
use levada::calendar::{Fraction, Window};
use levada::diagnostic::Source;
use levada::estimate::objective::{
    Amount, Datum, Density, Design, Experiment, Family, Foretold, Gauge, Noise, Objective, Observation, Operator, Pool,
    Reading, Role, Tail, Use,
};
use levada::estimate::optimise::{Ended, TrustRegion, run};
use levada::estimate::recovery::{Drawn, Kind, Recovery};
use levada::estimate::sample::log_likelihoods;
use levada::estimate::uncertainty::{Information, PredictionProfiler, Profiler};
use levada::estimate::{Parameter, Prior, Problem, Structured, Transform, linearise_by_differences};
use levada::parse::vensim::read_expression;
use levada::random::Stream;
use levada::simulate::{Method, Settings};
use std::sync::atomic::AtomicBool;

const MODEL: &str = "{UTF-8}
fish= INTEG (growth - catch, first) ~ t ~ |
growth= rate*fish*(1 - fish/room) ~ t/Year ~ |
catch= effort*fish ~ t/Year ~ |
rate= 0.5 ~ 1/Year ~ |
room= 100 ~ t ~ |
effort= 0.1 ~ 1/Year ~ |
first= 10 ~ t ~ |
INITIAL TIME= 0 ~ Year ~ |
FINAL TIME= 20 ~ Year ~ |
TIME STEP= 0.125 ~ Year ~ |
SAVEPER= 1 ~ Year ~ |
";

fn observation(name: &str, quantity: &str, operator: Operator, noise: Noise, experiment: usize) -> Observation {
    let source = Source::new("quantity", quantity);
    let expression = read_expression(&source, 0..quantity.len()).unwrap();
    let data = (2..20).map(|year| Datum {
        window: Window { start: f64::from(year), end: f64::from(year + 1) },
        label: year.to_string(),
        value: 1.0,
        scale: 1.0,
        purpose: if year == 19 { Use::HoldOut } else { Use::Fit },
    });
    Observation {
        name: format!("{name} {experiment}"),
        vendor: String::new(),
        unit: String::new(),
        shown: (1.0, String::new()),
        gauge: Gauge::new(expression, operator).unwrap(),
        noise,
        coverage: None,
        inflation: None,
        noise_before_coverage: false,
        memory: None,
        experiment,
        judgement: false,
        data: data.collect(),
    }
}

/// Two lakes with rates of their own around a common one.
fn panel(density: Density) -> Objective {
    panel_by(density, Settings { method: Method::RungeKutta4, ..Settings::default() })
}

fn panel_by(density: Density, settings: Settings) -> Objective {
    let log = |name: &str, start: f64| Parameter::new(name, start).within(1e-3, 1e3).on(Transform::Log);
    let local = |experiment| Role::Local { constant: "rate".to_owned(), experiment };
    let spread = log("spread", 0.3).believed(Prior::HalfNormal { sd: 0.5 });
    let memory = Parameter::new("memory", 0.4).within(0.0, 0.95).on(Transform::Logit);
    let parameters = vec![
        (log("rate of A", 0.5), local(0)),
        (log("rate of B", 0.7), local(1)),
        (log("common rate", 0.6).believed(Prior::LogNormal { log_mean: -0.5, log_sd: 0.5 }), Role::Pool),
        (spread, Role::Pool),
        (log("room", 80.0), Role::Constant("room".to_owned())),
        (Parameter::new("coverage", 0.9).within(0.1, 3.0), Role::Coverage),
        (log("noise of stock", 0.1), Role::Scale),
        (log("noise of catch", 0.3), Role::Scale),
        (memory, Role::Memory),
    ];
    let lognormal = Noise { family: Family::LogNormal, tail: Tail::StudentT { degrees: 6.0 } };
    let mut observations = Vec::new();
    for lake in 0..2 {
        let stock = Operator::Of(Reading::Level(Fraction::End));
        observations.push(Observation {
            coverage: Some(5),
            inflation: Some(6),
            memory: Some(8),
            ..observation("stock", "fish", stock, lognormal, lake)
        });
        observations.push(Observation {
            coverage: Some(5),
            inflation: Some(7),
            noise_before_coverage: true,
            ..observation("catch", "catch", Operator::Of(Reading::Total), Noise::new(Family::Normal), lake)
        });
        observations.push(Observation {
            inflation: Some(6),
            ..observation("growth", "fish", Operator::Growth(Reading::Mean), Noise::new(Family::Normal), lake)
        });
        let share = Operator::Share(Reading::Total);
        observations.push(Observation {
            inflation: Some(7),
            ..observation("share", "catch/(catch + growth)", share, Noise::new(Family::Logit), lake)
        });
        let base = Window { start: 1.0, end: 2.0 };
        let index = Operator::Index { of: Reading::Total, base, level: 100.0 };
        let counts = Noise::new(Family::NegativeBinomial);
        observations.push(Observation { inflation: Some(7), ..observation("index", "catch", index, counts, lake) });
    }
    let experiment =
        |name: &str, effort: f64| Experiment { name: name.to_owned(), constants: vec![("effort".to_owned(), effort)] };
    let design = Design {
        parameters,
        observations,
        experiments: vec![experiment("A", 0.1), experiment("B", 0.2)],
        pools: vec![Pool { members: vec![0, 1], centre: 2, spread: Amount::Estimated(3) }],
        processes: Vec::new(),
        overrides: Vec::new(),
        settings,
        density,
    };
    Objective::new(&model_text(MODEL), design).unwrap_or_else(|found| panic!("{found:?}"))
}

fn start(objective: &Objective) -> Vec<f64> {
    objective.parameters().iter().map(|parameter| parameter.search(parameter.start)).collect()
}

#[test]
fn slopes_of_a_panel_are_those_of_differences() {
    for density in [Density::Natural, Density::Search] {
        let objective = panel(density);
        let point = start(&objective);
        let drawn = objective.drawn(&point, &mut Stream::new(1, 1)).unwrap();
        let exact = drawn.linearise(std::slice::from_ref(&point)).remove(0).unwrap();
        let differences = linearise_by_differences(&drawn, std::slice::from_ref(&point)).remove(0).unwrap();
        assert_eq!(exact.terms, differences.terms);
        for row in 0..exact.terms.len() {
            for column in 0..point.len() {
                let (slope, difference) = (exact.jacobian[(row, column)], differences.jacobian[(row, column)]);
                assert!(
                    (slope - difference).abs() < 1e-6 * (1.0 + difference.abs()),
                    "{row} {column}: {slope} {difference} {:?}",
                    exact.terms[row]
                );
            }
        }
        // The gradient is that of the value itself.
        let slope = drawn.gradients(std::slice::from_ref(&point)).remove(0).unwrap();
        for (k, gradient) in slope.gradient.iter().enumerate() {
            let h = 1e-5;
            let beside = [h, -h].map(|h| {
                let mut beside = point.clone();
                beside[k] += h;
                drawn.evaluate(&[beside])[0].as_ref().unwrap().posterior()
            });
            let difference = (beside[0] - beside[1]) / (2.0 * h);
            assert!((gradient - difference).abs() < 1e-5 * (1.0 + difference.abs()), "{k}: {gradient} {difference}");
        }
    }
}

/// Runs that choose their steps by themselves differ by their tolerance; neighbours that share them do not.
#[test]
fn slopes_by_the_method_for_stiff_models_are_smooth_at_a_loose_tolerance() {
    let by = |method: Method, relative: f64| {
        panel_by(Density::Natural, Settings { method, relative, absolute: relative * 1e-3, ..Settings::default() })
    };
    let exact = by(Method::DormandPrince, 1e-11);
    let point = start(&exact);
    let drawn = |objective: Objective| objective.drawn(&point, &mut Stream::new(1, 1)).unwrap();
    let exact = drawn(exact).linearise(std::slice::from_ref(&point)).remove(0).unwrap().jacobian;
    for method in [Method::Rosenbrock, Method::Automatic] {
        for (relative, wanted) in [(1e-4, 3e-3), (1e-9, 1e-5)] {
            let loose = drawn(by(method, relative));
            let found = loose.linearise(std::slice::from_ref(&point)).remove(0).unwrap().jacobian;
            let error = (&found - &exact).amax() / exact.amax();
            assert!(error < wanted, "{method} {relative}: {error}");
        }
    }
}

#[test]
fn memory_of_residuals_is_the_density_of_the_whole_series() {
    // Three normal residuals with memory: the density of (z₁, z₂, z₃) with correlations 0.4 and 0.16.
    let objective = panel(Density::Natural);
    let mut point = start(&objective);
    point[8] = objective.parameters()[8].search(0.4);
    let drawn = objective.drawn(&point, &mut Stream::new(1, 2)).unwrap();
    let (keys, whole) = log_likelihoods(&drawn, std::slice::from_ref(&point));
    point[8] = f64::NEG_INFINITY;
    let (_, without) = log_likelihoods(&drawn, std::slice::from_ref(&point));
    // The first datum knows nothing before it; the others are better foreseen on average when they were drawn so.
    assert_eq!(whole[0][0], without[0][0]);
    let stock: Vec<usize> = (0..keys.len()).filter(|k| keys[*k].0 == 0 || keys[*k].0 == 5).collect();
    let sum = |rows: &[Vec<f64>]| stock.iter().map(|k| rows[0][*k]).sum::<f64>();
    assert!(sum(&whole) > sum(&without), "{} {}", sum(&whole), sum(&without));
}

#[test]
fn what_needs_no_run_is_put_at_its_best() {
    let objective = panel(Density::Natural);
    let truth = start(&objective);
    let drawn = objective.drawn(&truth, &mut Stream::new(1, 3)).unwrap();
    let mut off = truth.clone();
    (off[5], off[6], off[7]) = (2.9, (50.0f64).ln(), (1e-3f64).ln());
    let settled = drawn.settled(&[off.clone()]).unwrap().remove(0);
    assert_eq!(settled[..5], off[..5]);
    let height = |point: &[f64]| drawn.evaluate(&[point.to_vec()])[0].as_ref().unwrap().posterior();
    assert!(height(&settled) < height(&truth), "{} {}", height(&settled), height(&truth));
    // Nothing beside is lower.
    for k in 5..9 {
        for step in [-0.02, 0.02] {
            let mut beside = settled.clone();
            beside[k] += step;
            assert!(height(&beside) > height(&settled) - 2e-3, "{k} {step}");
        }
    }
}

#[test]
fn a_design_gives_back_what_it_was_given() {
    let objective = panel(Density::Natural);
    let truth = start(&objective);
    let recovery = Recovery { replications: 60, ..Recovery::default() };
    let recovered = recovery.run(&objective, &truth, Default::default(), &AtomicBool::new(false), &|_| {});
    assert_eq!((recovered.replications.len(), recovered.undrawn), (60, 0));
    let room = recovered.coverage(Kind::Information, 4);
    let (low, high) = room.chance_range();
    assert!(low < 0.95 && high > 0.95, "{room:?}");
    let (bias, deviation) = recovered.errors(4);
    assert!(bias.abs() < 4.0 * deviation / 60f64.sqrt() && deviation < 0.3, "{bias} {deviation}");
    // Interrupted half-way, the rest is the same.
    let half = Recovery { replications: 20, ..recovery };
    let part = half.run(&objective, &truth, Default::default(), &AtomicBool::new(false), &|_| {});
    assert!(part.replications.iter().all(|(number, replication)| recovered.replications[number] == *replication));
    let optimum = run(
        &objective.drawn(&truth, &mut Stream::new(9, 9)).unwrap(),
        TrustRegion::default(),
        &truth,
        200,
        &AtomicBool::new(false),
    );
    assert_eq!(optimum.ended, Ended::Converged);
}

/// Of a prediction that is a parameter the profile is that parameter's own; of one that is its square, the ends are squared.
#[test]
fn prediction_profiles_are_those_of_parameters_where_they_predict_them() {
    let (design, drawn) = small();
    let checked = model_text(MODEL);
    let objective = Objective::new(&checked, drawn).unwrap();
    let stop = AtomicBool::new(false);
    let best = run(&objective, TrustRegion::default(), &start(&objective), 200, &stop).point;
    let covariance = Information::expected(&objective, &best).unwrap().covariance();
    let profile = Profiler::default().run(&objective, &best, &covariance, &[0], &stop).remove(0);
    let (low, high) = profile.interval();
    let own = [low, high].map(|at| objective.parameters()[0].natural(at));
    for (quantity, power) in [("rate", 1), ("rate*rate", 2)] {
        let source = Source::new("quantity", quantity);
        let expression = read_expression(&source, 0..quantity.len()).unwrap();
        let gauge = Gauge::new(expression, Operator::Of(Reading::Level(Fraction::End))).unwrap();
        let design = Design { observations: objective.observations().to_vec(), ..design.clone() };
        let problem = Foretold::new(&checked, design, gauge, Window { start: 5.0, end: 5.0 }).unwrap();
        let found = PredictionProfiler::default().run(&problem, &best, &covariance, &stop).unwrap();
        for (end, own) in [found.lower, found.upper].into_iter().zip(own) {
            let (end, own) = (end.unwrap(), own.powi(power));
            assert!((end / own - 1.0).abs() < 2e-3, "{quantity}: {end} {own}");
        }
        assert!(found.path.iter().all(|point| point.rise > -1e-6), "{:?}", found.path);
    }
}

/// One lake, its rate and its room, and the stock recorded with known noise; also with data drawn from it.
fn small() -> (Design, Design) {
    let log = |name: &str, start: f64| Parameter::new(name, start).within(1e-3, 1e3).on(Transform::Log);
    let stock = Operator::Of(Reading::Level(Fraction::End));
    let mut series = observation("stock", "fish", stock, Noise::new(Family::LogNormal), 0);
    series.data.iter_mut().for_each(|datum| datum.scale = 0.1);
    let parameters = vec![
        (log("rate", 0.5), Role::Constant("rate".to_owned())),
        (log("room", 80.0), Role::Constant("room".to_owned())),
    ];
    let design = Design {
        parameters,
        observations: vec![series],
        experiments: Vec::new(),
        pools: Vec::new(),
        processes: Vec::new(),
        overrides: Vec::new(),
        settings: Settings { method: Method::RungeKutta4, ..Settings::default() },
        density: Density::Natural,
    };
    let objective = Objective::new(&model_text(MODEL), design.clone()).unwrap();
    let drawn = objective.drawn(&start(&objective), &mut Stream::new(3, 1)).unwrap();
    (design.clone(), Design { observations: drawn.observations().to_vec(), ..design })
}
