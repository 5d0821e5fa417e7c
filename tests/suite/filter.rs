//! The Kalman filter's likelihood against the normal density of all data at once, and what it recovers.

use super::model_text;
use levada::calendar::{Fraction, Window};
use levada::diagnostic::Source;
use levada::estimate::objective::{
    Amount, Datum, Density, Design, Family, Gauge, Noise, Objective, Observation, Operator, Process, Reading, Role, Use,
};
use levada::estimate::optimise::{MultiStart, Searched};
use levada::estimate::recovery::Drawn;
use levada::estimate::{Parameter, Problem, Transform};
use levada::parse::vensim::read_expression;
use levada::random::Stream;
use levada::simulate::{Method, Settings};
use nalgebra::{DMatrix, DVector};
use std::sync::atomic::AtomicBool;

/// Two stocks in a row, the second fed by the first: linear.
const LINEAR: &str = "{UTF-8}
first= INTEG (inflow - first/life, 3) ~ t ~ |
second= INTEG (first/life - loss*second, 5) ~ t ~ |
inflow= 2 ~ t/Year ~ |
life= 4 ~ Year ~ |
loss= 0.3 ~ 1/Year ~ |
INITIAL TIME= 0 ~ Year ~ |
FINAL TIME= 12 ~ Year ~ |
TIME STEP= 0.0625 ~ Year ~ |
SAVEPER= 1 ~ Year ~ |
";

fn observation(name: &str, quantity: &str, reading: Reading, noise: Noise, data: Vec<Datum>) -> Observation {
    let source = Source::new("quantity", quantity);
    let expression = read_expression(&source, 0..quantity.len()).unwrap();
    Observation {
        name: name.to_owned(),
        vendor: String::new(),
        unit: String::new(),
        shown: (1.0, String::new()),
        gauge: Gauge::new(expression, Operator::Of(reading)).unwrap(),
        noise,
        coverage: None,
        inflation: None,
        noise_before_coverage: false,
        memory: None,
        experiment: 0,
        judgement: false,
        data,
    }
}

fn datum(start: f64, end: f64, value: f64, scale: f64) -> Datum {
    Datum { window: Window { start, end }, label: end.to_string(), value, scale, purpose: Use::Fit }
}

fn process(stock: &str, scale: Amount, relative: bool, initial: f64) -> Process {
    Process { stock: stock.to_owned(), scale, relative, initial }
}

fn design(parameters: Vec<(Parameter, Role)>, observations: Vec<Observation>, processes: Vec<Process>) -> Design {
    Design {
        parameters,
        observations,
        experiments: Vec::new(),
        pools: Vec::new(),
        processes,
        overrides: Vec::new(),
        settings: Settings { method: Method::RungeKutta4, ..Settings::default() },
        density: Density::Natural,
    }
}

/// Levels of the second stock at uneven times, totals of the flow between them, levels of both at once.
fn linear_data() -> Vec<Observation> {
    let plain = Noise::new(Family::Normal);
    let level = Reading::Level(Fraction::End);
    let values = [5.6, 6.1, 4.4, 7.0, 6.6, 5.2];
    let times = [0.0, 1.0, 1.5, 4.0, 7.0, 11.0];
    let levels = times.iter().zip(values).map(|(time, value)| datum(*time, *time, value, 0.4)).collect();
    let firsts = [2.0, 4.0, 9.0].iter().zip([5.0, 6.1, 9.0]).map(|(time, value)| datum(*time, *time, value, 0.7));
    let totals = [1.0, 2.0, 4.0].iter().zip([1.4, 1.2, 2.0]).map(|(time, value)| datum(*time, time + 1.0, value, 0.2));
    vec![
        observation("levels", "second", level, plain, levels),
        observation("firsts", "2*first + second", level, plain, firsts.collect()),
        observation("totals", "first/life", Reading::Total, plain, totals.collect()),
    ]
}

/// The negative log density of all data at once. With x' = A x + b + noise, mean and covariance of the data follow from
/// those of the states and their integrals at every pair of times, which a fine grid of exact transitions gives.
fn density_of_all(noise: [f64; 2], initial: [f64; 2]) -> f64 {
    // States, and the integral of first/life since the start; exact transition over h by the exponential series.
    let rates = DMatrix::from_row_slice(3, 3, &[-0.25, 0.0, 0.0, 0.25, -0.3, 0.0, 0.25, 0.0, 0.0]);
    let feed = DVector::from_vec(vec![2.0, 0.0, 0.0]);
    let h = 0.5;
    let per_step = 40;
    let fine = h / f64::from(per_step);
    let exponential = |time: f64| {
        let mut sum = DMatrix::identity(3, 3);
        let mut term = DMatrix::identity(3, 3);
        for k in 1..30 {
            term = &term * &rates * (time / f64::from(k));
            sum += &term;
        }
        sum
    };
    let integrate = |f: &dyn Fn(f64) -> DMatrix<f64>| {
        // Simpson over half a year.
        let mut sum = f(0.0) + f(h);
        for k in 1..2 * per_step {
            sum += f(fine / 2.0 * f64::from(k)) * if k % 2 == 1 { 4.0 } else { 2.0 };
        }
        sum * (fine / 6.0)
    };
    let transition = exponential(h);
    let push = integrate(&|time| exponential(time) * DMatrix::from_diagonal(&feed)) * DVector::repeat(3, 1.0);
    let intensity = DMatrix::from_diagonal(&DVector::from_vec(vec![noise[0].powi(2), noise[1].powi(2), 0.0]));
    let shock = integrate(&|time| exponential(time) * &intensity * exponential(time).transpose());
    let steps = 24;
    let mut means = vec![DVector::from_vec(vec![3.0, 5.0, 0.0])];
    let start = DMatrix::from_diagonal(&DVector::from_vec(vec![initial[0].powi(2), initial[1].powi(2), 0.0]));
    let mut covariances = vec![start];
    for k in 0..steps {
        means.push(&transition * &means[k] + &push);
        covariances.push(&transition * &covariances[k] * transition.transpose() + &shock);
    }
    let at = |time: f64| (time / h).round() as usize;
    // Covariance of the states at two times.
    let between = |a: usize, b: usize| {
        let (early, late) = (a.min(b), a.max(b));
        let mut later = covariances[early].clone();
        for _ in early..late {
            later = &transition * later;
        }
        if a <= b { later.transpose() } else { later }
    };
    // Every datum as weights of states at times.
    type Weights = Vec<(usize, DVector<f64>)>;
    let mut data: Vec<(Weights, f64, f64)> = Vec::new();
    for (number, series) in linear_data().iter().enumerate() {
        for datum in &series.data {
            let row = |weights: [f64; 3]| DVector::from_column_slice(&weights);
            let (start, end) = (at(datum.window.start), at(datum.window.end));
            let weights = match number {
                0 => vec![(end, row([0.0, 1.0, 0.0]))],
                1 => vec![(end, row([2.0, 1.0, 0.0]))],
                _ => vec![(end, row([0.0, 0.0, 1.0])), (start, row([0.0, 0.0, -1.0]))],
            };
            data.push((weights, datum.value, datum.scale));
        }
    }
    let residuals = DVector::from_iterator(
        data.len(),
        data.iter()
            .map(|(weights, value, _)| value - weights.iter().map(|(time, row)| row.dot(&means[*time])).sum::<f64>()),
    );
    let covariance = DMatrix::from_fn(data.len(), data.len(), |i, j| {
        let own = if i == j { data[i].2.powi(2) } else { 0.0 };
        let pairs = data[i].0.iter().flat_map(|left| data[j].0.iter().map(move |right| (left, right)));
        own + pairs.map(|((a, left), (b, right))| left.dot(&(between(*a, *b) * right))).sum::<f64>()
    });
    let factor = covariance.cholesky().unwrap();
    let half_log: f64 = factor.l().diagonal().iter().map(|pivot| pivot.ln()).sum();
    residuals.dot(&factor.solve(&residuals)) / 2.0
        + half_log
        + data.len() as f64 / 2.0 * (2.0 * std::f64::consts::PI).ln()
}

fn linear(noise: [f64; 2], initial: [f64; 2]) -> Objective {
    let processes = (["first", "second"].iter().zip(noise).zip(initial))
        .map(|((stock, noise), initial)| process(stock, Amount::Known(noise), false, initial));
    let life = (Parameter::new("life", 4.0).within(0.1, 100.0), Role::Constant("life".to_owned()));
    Objective::new(&model_text(LINEAR), design(vec![life], linear_data(), processes.collect())).unwrap()
}

#[test]
fn a_linear_model_has_the_density_of_all_its_data_at_once() {
    for (noise, initial) in
        [([0.5, 0.3], [0.0, 0.0]), ([0.5, 0.0], [0.6, 0.8]), ([0.0, 1.5], [0.0, 0.4]), ([2.0, 2.0], [1.0, 1.0])]
    {
        let value = linear(noise, initial).evaluate(&[vec![4.0]]).remove(0).unwrap().likelihood;
        let exact = density_of_all(noise, initial);
        assert!((value - exact).abs() < 1e-5 * exact.abs(), "{noise:?} {initial:?}: {value} {exact}");
    }
}

#[test]
fn without_noise_the_likelihood_is_the_ordinary_one() {
    let parameters = || vec![(Parameter::new("life", 4.0).within(0.1, 100.0), Role::Constant("life".to_owned()))];
    let plain = Objective::new(&model_text(LINEAR), design(parameters(), linear_data(), Vec::new())).unwrap();
    for life in [2.0, 4.0, 7.5] {
        let ordinary = plain.evaluate(&[vec![life]]).remove(0).unwrap().likelihood;
        let filtered = linear([0.0, 0.0], [0.0, 0.0]).evaluate(&[vec![life]]).remove(0).unwrap().likelihood;
        assert!((filtered - ordinary).abs() < 1e-9 * ordinary.abs(), "{life}: {filtered} {ordinary}");
        // And is approached as the noise vanishes.
        let little = linear([1e-6, 1e-6], [0.0, 0.0]).evaluate(&[vec![life]]).remove(0).unwrap().likelihood;
        assert!((little - ordinary).abs() < 1e-6 * ordinary.abs(), "{life}: {little} {ordinary}");
    }
}

const PREY: &str = "{UTF-8}
prey= INTEG (births - eaten, 30) ~ t ~ |
hunters= INTEG (gained - deaths, 5) ~ t ~ |
births= birth*prey ~ t/Year ~ |
eaten= hunt*prey*hunters ~ t/Year ~ |
gained= gain*prey*hunters ~ t/Year ~ |
deaths= death*hunters ~ t/Year ~ |
birth= 0.55 ~ 1/Year ~ |
hunt= 0.028 ~ 1/(Year*t) ~ |
gain= 0.024 ~ 1/(Year*t) ~ |
death= 0.8 ~ 1/Year ~ |
INITIAL TIME= 0 ~ Year ~ |
FINAL TIME= 40 ~ Year ~ |
TIME STEP= 0.0625 ~ Year ~ |
SAVEPER= 1 ~ Year ~ |
";

/// With the data of another objective where there is one.
fn prey(processes: impl Fn(usize) -> Vec<Process>, data: Option<&Objective>) -> Objective {
    let log = |name: &str, start: f64| Parameter::new(name, start).within(1e-3, 10.0).on(Transform::Log);
    let constant = |name: &str, start| (log(name, start), Role::Constant(name.to_owned()));
    let mut parameters = vec![
        constant("birth", 0.5),
        constant("hunt", 0.03),
        constant("gain", 0.02),
        constant("death", 0.7),
        (log("noise", 0.15), Role::Scale),
    ];
    let processes = processes(parameters.len());
    if !processes.is_empty() {
        parameters.push((log("process", 0.05), Role::Process));
    }
    let series = |name: &str| Observation {
        inflation: Some(4),
        ..observation(
            name,
            name,
            Reading::Level(Fraction::End),
            Noise::new(Family::LogNormal),
            (0..=40).map(|year| datum(f64::from(year), f64::from(year), 1.0, 1.0)).collect(),
        )
    };
    let mut observations = vec![series("prey"), series("hunters")];
    if let Some(data) = data {
        observations.clone_from_slice(data.observations());
    }
    Objective::new(&model_text(PREY), design(parameters, observations, processes)).unwrap()
}

/// Natural values of the best fit.
fn estimated(objective: &Objective) -> Vec<f64> {
    let settings = MultiStart { starts: 1, ..MultiStart::default() };
    let searched = settings.run(objective, Searched::default(), &AtomicBool::new(false), &|_| {});
    objective.natural(&searched.best().unwrap().optimum.point)
}

/// A predator and its prey that are pushed off their cycle all the time. Ordinary fits must explain what the pushes do to the
/// phase of the cycle by noise of the data and by other rates; the filter need not.
#[test]
fn pushes_are_told_from_noise_of_the_data_where_the_ordinary_fit_confuses_them() {
    let both =
        |scale: usize| ["prey", "hunters"].map(|stock| process(stock, Amount::Estimated(scale), true, 0.0)).to_vec();
    let filtered = prey(both, None);
    let truth = [0.55, 0.028, 0.024, 0.8, 0.1, 0.12];
    let point: Vec<f64> = filtered.parameters().iter().zip(truth).map(|(p, value)| p.search(value)).collect();
    let (mut logs, mut plain) = (vec![Vec::new(); 6], Vec::new());
    for replication in 0..2 {
        let drawn = filtered.drawn(&point, &mut Stream::new(11, replication)).unwrap();
        for ((estimate, truth), logs) in estimated(&drawn).iter().zip(truth).zip(&mut logs) {
            logs.push((estimate / truth).ln());
        }
        let ordinary = prey(|_| Vec::new(), Some(&drawn));
        plain.push((estimated(&ordinary)[4] / truth[4]).ln());
    }
    let mean = |logs: &[f64]| logs.iter().sum::<f64>() / logs.len() as f64;
    for (place, logs) in logs.iter().enumerate() {
        let wanted = if place == 5 { 0.4 } else { 0.12 };
        assert!(mean(logs).abs() < wanted, "{place}: {logs:?}");
    }
    // More than twice the noise that there is.
    assert!(plain.iter().all(|log| *log > 2f64.ln()), "{plain:?}");
}
