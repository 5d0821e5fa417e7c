//! One figure of each kind, and the shapes that strain the layout, on data of the size that a study has.

use levada::present::*;

pub struct Shown {
    pub kind: &'static str,
    pub draw: Draw,
    /// Texts of which every word must be drawn.
    pub words: Vec<String>,
}

pub type Draw = Box<dyn Fn() -> Result<Vec<Exhibit>, Refusal>>;

/// One of each kind, and the shapes that strain the layout.
pub fn gallery() -> Vec<Shown> {
    let mut all = Vec::new();
    let mut show = |kind, draw: Draw, words: Vec<String>| all.push(Shown { kind, draw, words });
    let panels = fit_panels();
    let single = panels[0].clone();
    let log = FitPanel { quantity: single.quantity.clone().log(), ..single.clone() };
    for (name, width, panels) in [
        ("fit-single", Width::Single, vec![single.clone()]),
        ("fit-log", Width::OneAndHalf, vec![log]),
        ("fit-double", Width::Double, vec![single]),
        ("fit-all", Width::Double, panels),
    ] {
        let figure = Fit { head: Head::new(name, "Observed series and model.").width(width), frame: frame(), panels };
        let mut words: Vec<String> = figure.frame.periods.iter().map(|period| period.label.clone()).collect();
        for panel in &figure.panels {
            words.push(panel.quantity.title.clone());
            words.extend(panel.observed.iter().map(|series| series.source.clone()));
        }
        words.push("Model Held out Year Hold-out".into());
        show("fit", Box::new(move || figure.draw()), words);
    }
    let figure = stocks();
    let mut words = vec![];
    for sector in &figure.sectors {
        words.push(sector.title.clone());
        for panel in &sector.panels {
            words.push(panel.quantity.title.clone());
            words.extend(panel.paths.iter().map(|path| path.label.clone()));
        }
    }
    show("stocks", Box::new(move || figure.draw()), words);
    for (name, width, alternatives) in [
        ("counterfactual", Width::Double, 3),
        ("counterfactual-many", Width::Double, 6),
        ("counterfactual-one", Width::Single, 1),
    ] {
        let figure = counterfactual(name, width, alternatives);
        let mut words = vec!["Baseline".into(), "Difference from baseline".into()];
        words.extend(ALTERNATIVES[..alternatives].iter().map(|label| label.to_string()));
        words.extend(figure.panels.iter().map(|panel| panel.quantity.title.clone()));
        show("counterfactual", Box::new(move || figure.draw()), words);
    }
    let figure = cohorts();
    show("cohorts", Box::new(move || figure.draw()), vec!["elite grassroots Baseline No campaign Failures,".into()]);
    let figure = fan();
    show("fan", Box::new(move || figure.draw()), vec!["Median 30 60 90 % Projection (percent)".into()]);
    let figure = runs();
    show("runs", Box::new(move || figure.draw()), vec!["Hares (thousand) Lynx north south Time (year)".into()]);
    let figure = residuals();
    show("residuals", Box::new(move || figure.draw()), vec!["(noise scales) independent Held out".into()]);
    let figure = starts();
    let words = vec!["Negative log posterior 18 of 40 within 0.01 3 failed, Stopped by rank".into()];
    show("starts", Box::new(move || figure.draw()), words);
    let parameters = |count: usize| PARAMETERS[..count].iter().map(|p| p.0.to_string()).collect::<Vec<_>>();
    let figure = profiles();
    show("profiles", Box::new(move || figure.draw()), [parameters(6), vec!["2Δℓ 95 %".into()]].concat());
    for (name, count, draws) in [("pairs", 5, 300), ("pairs-binned", 8, 4000)] {
        let figure = pairs(name, count, draws);
        show("pairs", Box::new(move || figure.draw()), parameters(count));
    }
    for (name, count) in [("correlation", 9), ("correlation-many", 26)] {
        let figure = correlation(name, count);
        show("correlation", Box::new(move || figure.draw()), parameters(9));
    }
    let figure = tornado();
    show("tornado", Box::new(move || figure.draw()), [parameters(9), vec!["70,000 to 280,000 CNY".into()]].concat());
    let figure = front();
    let words = vec!["Unemployment, Fiscal cost Market-only on the front beaten in both".into()];
    show("front", Box::new(move || figure.draw()), words);
    for (name, bars) in [("intervals", false), ("interval-bars", true)] {
        let figure = intervals(name, bars);
        let words = ALTERNATIVES.iter().map(|label| label.to_string()).chain(["50 % 90 % interval".into()]).collect();
        show("intervals", Box::new(move || figure.draw()), words);
    }
    all
}

/// A number between −1 and 1 that looks like noise and is the same everywhere.
fn noise(i: usize) -> f64 {
    let mixed = (i as u64).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

fn times() -> Vec<f64> {
    (0..=160).map(|i| 1995.0 + i as f64 / 4.0).collect()
}

fn over(f: impl Fn(f64) -> f64) -> Vec<f64> {
    times().into_iter().map(f).collect()
}

fn logistic(t: f64, middle: f64, pace: f64) -> f64 {
    1.0 / (1.0 + (-(t - middle) / pace).exp())
}

fn frame() -> Frame {
    let period = |label: &str, start, end| Period { label: label.into(), start, end };
    Frame {
        time: "Year".into(),
        window: Some((1995.0, 2035.0)),
        periods: vec![
            period("Guidance funds", 2005.0, 2014.5),
            period("Mass entrepreneurship", 2014.75, 2019.0),
            period("Trade war", 2018.2, f64::INFINITY),
        ],
        rule: Some(Rule { at: 2020.0, label: "Hold-out".into() }),
    }
}

fn fit_panels() -> Vec<FitPanel> {
    let shapes: [(&str, &str, f64, f64, f64); 9] = [
        ("Venture investment", "CNY", 1.2e12, 2014.0, 3.0),
        ("Venture deals", "deals/year", 9400.0, 2012.0, 3.5),
        ("New firms registered in the science park", "firm/year", 31_000.0, 2013.0, 2.0),
        ("Founders", "person", 820_000.0, 2011.0, 5.0),
        ("Graduate unemployment", "percent", 8.4, 2009.0, 6.0),
        ("Office rent", "CNY/(m2 day)", 12.5, 2010.0, 4.0),
        ("Incubators", "1", 5600.0, 2016.0, 2.2),
        ("Research and development share", "1", 0.024, 2005.0, 7.0),
        ("State capital in dry powder", "million CNY", 3.4e6, 2017.0, 2.5),
    ];
    shapes
        .iter()
        .enumerate()
        .map(|(k, &(title, unit, top, middle, pace))| {
            let model = over(|t| top * (0.03 + logistic(t, middle, pace)) * (1.0 + 0.08 * ((t - 2000.0) / 2.3).sin()));
            let source = |name: &str, from: usize, to: usize, shift: f64| {
                let years: Vec<f64> = (from..to).map(|year| year as f64 + 0.5).collect();
                let values = years
                    .iter()
                    .enumerate()
                    .map(|(i, t)| top * (0.03 + logistic(*t, middle, pace)) * (1.0 + 0.15 * noise(97 * k + i) + shift))
                    .collect();
                Observed { source: name.into(), times: years, values }
            };
            let observed = match k % 3 {
                0 => vec![source("Zero2IPO", 2001, 2019, 0.0), source("Asset Management Association", 2014, 2024, 0.1)],
                1 => vec![source("Torch Statistical Yearbook", 1997, 2023, 0.0)],
                _ => vec![
                    source("NBS", 2000, 2024, 0.0),
                    source("Beijing Statistical Yearbook", 2005, 2016, -0.1),
                    source("Park administration", 2010, 2022, 0.07),
                ],
            };
            FitPanel { quantity: Quantity::new(title, unit), model: Path::new("Model", times(), model), observed }
        })
        .collect()
}

fn stocks() -> Stocks {
    let elements: [&[&str]; 4] =
        [&[""], &["elite", "grassroots"], &["state", "private", "foreign"], &["open", "selective"]];
    let sector = |title: &str, names: &[&str], seed: usize| Sector {
        title: title.into(),
        panels: names
            .iter()
            .enumerate()
            .map(|(k, name)| RunPanel {
                quantity: Quantity::new(*name, if k % 2 == 0 { "CNY" } else { "person" }),
                paths: elements[(seed + k) % 4]
                    .iter()
                    .enumerate()
                    .map(|(e, element)| {
                        let size = 10f64.powf(5.0 + 5.0 * noise(seed + 7 * k).abs()) * (1.0 - 0.2 * e as f64);
                        let middle = 2010.0 + 8.0 * noise(3 * k + e);
                        let fall = 2026.0 + 9.0 * noise(k);
                        let values = over(|t| size * (logistic(t, middle, 3.0) - 0.6 * logistic(t, fall, 2.0)));
                        Path::new(*element, times(), values)
                    })
                    .collect(),
            })
            .collect(),
    };
    Stocks {
        head: Head::new("stocks", "Stocks by sector."),
        frame: Frame { rule: None, ..frame() },
        sectors: vec![
            sector("Capital", &["Dry powder", "Portfolio at cost", "Realised gains", "Guidance fund commitments"], 2),
            sector(
                "Founders and firms",
                &["Would-be founders", "Start-ups", "Scale-ups", "Failed founders", "Founder debt"],
                1,
            ),
            sector("Labour", &["Graduates searching", "Employed in start-ups", "Discouraged"], 5),
            sector("Space", &["Incubator seats", "Office stock", "Land price index", "Rent arrears"], 3),
        ],
    }
}

const ALTERNATIVES: [&str; 6] = [
    "No mass entrepreneurship campaign",
    "No guidance funds",
    "Bankruptcy relief",
    "No trade war",
    "No Zero-Covid",
    "Selective incubators only",
];

fn counterfactual(name: &str, width: Width, count: usize) -> Counterfactual {
    let outcomes = [
        ("Unemployed graduates", "person", 4.2e6),
        ("Venture investment", "CNY/year", 1.1e12),
        ("Founder debt", "CNY", 6.0e9),
    ];
    let panels = outcomes
        .iter()
        .take(if count == 1 { 1 } else { 3 })
        .enumerate()
        .map(|(k, &(title, unit, top))| {
            let base = |t: f64| top * (0.1 + logistic(t, 2013.0, 3.0));
            let change = move |a: usize, t: f64| {
                0.14 * top * (noise(5 * k + a) + 0.3 * (t / 3.0).sin()) * logistic(t, 2015.5, 0.8)
            };
            let paths = |difference: bool| -> Vec<Path> {
                ALTERNATIVES[..count]
                    .iter()
                    .enumerate()
                    .map(|(a, label)| {
                        let level = |t: f64| if difference { 0.0 } else { base(t) };
                        let path = Path::new(*label, times(), over(|t| level(t) + change(a, t)));
                        let wide = |t: f64| 0.05 * top * logistic(t, 2016.0, 1.5);
                        let edge = |share: f64| over(|t| level(t) + change(a, t) + share * wide(t));
                        if count < 4 && difference {
                            path.with_band(0.9, edge(-1.0), edge(1.0)).with_band(0.5, edge(-0.4), edge(0.4))
                        } else {
                            path
                        }
                    })
                    .collect()
            };
            CounterfactualPanel {
                quantity: Quantity::new(title, unit),
                baseline: Path::new("Baseline", times(), over(base)),
                alternatives: paths(false),
                differences: paths(true),
            }
        })
        .collect();
    Counterfactual {
        head: Head::new(name, "Counterfactuals against the baseline.").width(width),
        frame: Frame { rule: None, ..frame() },
        panels,
    }
}

fn cohorts() -> Cohorts {
    let row = |title: &str, unit: &str, top: f64| CohortRow {
        quantity: Quantity::new(title, unit),
        paths: [1.0, 0.35]
            .iter()
            .enumerate()
            .map(|(c, share)| {
                ["Baseline", "No campaign"]
                    .iter()
                    .enumerate()
                    .map(|(s, label)| {
                        let bump = 0.3 * s as f64 * (c as f64 + 0.2);
                        let values =
                            over(|t| top * share * logistic(t, 2012.0, 4.0) * (1.0 - bump * logistic(t, 2016.0, 1.0)));
                        Path::new(*label, times(), values)
                    })
                    .collect()
            })
            .collect(),
    };
    Cohorts {
        head: Head::new("cohorts", "Outcomes by cohort."),
        frame: Frame { rule: None, ..frame() },
        cohorts: vec!["elite".into(), "grassroots".into()],
        rows: vec![row("Failures", "person/year", 52_000.0), row("Debt per founder", "CNY", 310_000.0)],
    }
}

fn fan() -> Fan {
    let median = |t: f64| 5.0 + 2.0 * logistic(t, 2014.0, 3.0) + 0.4 * (t / 2.1).sin();
    let edge = |z: f64| over(|t| median(t) + z * 0.35 * (1.0 + 0.25 * (t - 2020.0).max(0.0)));
    let years: Vec<f64> = (1996..2024).map(|y| y as f64 + 0.5).collect();
    let values = years.iter().enumerate().map(|(i, t)| median(*t) + 0.35 * noise(i)).collect();
    Fan {
        head: Head::new("fan", "Unemployment, with projection.").width(Width::OneAndHalf),
        frame: Frame { rule: Some(Rule { at: 2024.0, label: "Projection".into() }), ..frame() },
        quantity: Quantity::new("Urban unemployment rate", "percent"),
        median: Path::new("Median", times(), over(median))
            .with_band(0.9, edge(-1.645), edge(1.645))
            .with_band(0.6, edge(-0.842), edge(0.842))
            .with_band(0.3, edge(-0.385), edge(0.385)),
        observed: vec![Observed { source: "National Bureau of Statistics".into(), times: years, values }],
    }
}

fn runs() -> Runs {
    let wave = |label: &str, shift: f64| Path::new(label, times(), over(|t| 300.0 + 280.0 * ((t - shift) / 1.6).sin()));
    let panel = |title: &str, unit: &str, paths| RunPanel { quantity: Quantity::new(title, unit), paths };
    Runs {
        head: Head::new("runs", "Predator and prey."),
        frame: Frame { time: "Time (year)".into(), ..Frame::default() },
        panels: vec![
            panel("Hares", "thousand", vec![wave("", 0.0)]),
            panel("Lynx", "", vec![wave("north", 1.0), wave("south", 2.0)]),
        ],
    }
}

fn residuals() -> Residuals {
    let panel = |(k, panel): (usize, &FitPanel)| ResidualPanel {
        title: panel.quantity.title.clone(),
        residuals: panel
            .observed
            .iter()
            .map(|series| Observed {
                values: (0..series.times.len()).map(|i| 2.4 * noise(31 * k + i)).collect(),
                ..series.clone()
            })
            .collect(),
    };
    Residuals {
        head: Head::new("residuals", "Standardised residuals."),
        frame: Frame { periods: Vec::new(), ..frame() },
        panels: fit_panels().iter().take(6).enumerate().map(panel).collect(),
    }
}

fn starts() -> Starts {
    let start = |i: usize| {
        let (objective, outcome) = match i {
            0..18 => (412.3 + 1e-4 * noise(i).abs(), Outcome::Converged),
            18..30 => (415.9 + 0.4 * noise(i).abs(), Outcome::Converged),
            30..37 => (430.0 + 90.0 * noise(i).abs(), Outcome::Stopped),
            _ => (f64::NAN, Outcome::Failed),
        };
        Start { objective, outcome }
    };
    Starts {
        head: Head::new("starts", "Multi-start waterfall.").width(Width::Single),
        objective: "Negative log posterior".into(),
        starts: (0..40).map(start).collect(),
        tolerance: 0.01,
    }
}

const PARAMETERS: [(&str, &str, f64); 9] = [
    ("Mean time to failure", "year", 4.2),
    ("Crowding elasticity", "", 0.63),
    ("Guidance leverage", "", 2.4),
    ("Expectation smoothing time of grassroots founders", "year", 1.3),
    ("Share of founders that return to wage work", "1/year", 0.21),
    ("Rent pass-through", "", 0.045),
    ("Search time", "year", 0.4),
    ("Exit multiple", "", 3.1),
    ("Bankruptcy cost", "CNY", 140_000.0),
];

fn profiles() -> Profiles {
    let panel = |(k, &(title, unit, estimate)): (usize, &(&str, &str, f64))| {
        let values: Vec<f64> = (0..17).map(|i| estimate * (0.6 + 0.05 * i as f64)).collect();
        let deviance = |v: &f64| {
            let z = (v / estimate).ln() / (0.06 + 0.05 * k as f64);
            if k == 4 && *v > estimate { 2.2 * (1.0 - (-z).exp()) } else { z * z * (1.0 + 0.2 * z).max(0.3) }
        };
        let spread = 1.96 * (0.06 + 0.05 * k as f64);
        ProfilePanel {
            parameter: Quantity::new(title, unit),
            deviance: values.iter().map(deviance).collect(),
            values,
            estimate,
            lower: (k < 5).then(|| estimate * (-spread).exp()),
            upper: (k < 4).then(|| estimate * spread.exp()),
        }
    };
    Profiles {
        head: Head::new("profiles", "Profile likelihoods."),
        deviance: "Likelihood ratio 2Δℓ".into(),
        threshold: 3.84,
        threshold_label: "95\u{202f}%".into(),
        panels: PARAMETERS[..6].iter().enumerate().map(panel).collect(),
    }
}

fn pairs(name: &str, parameters: usize, draws: usize) -> Pairs {
    let draw = |d: usize| -> Vec<f64> {
        let common = noise(d * 17) + noise(d * 17 + 1);
        let value = |(p, (_, _, estimate)): (usize, &(&str, &str, f64))| {
            let own = noise(d * 31 + p) + noise(d * 37 + p + 5);
            let sign = if p % 3 == 0 { -1.0 } else { 1.0 };
            estimate * (1.0 + 0.08 * (sign * common * (p % 4) as f64 / 2.0 + own))
        };
        PARAMETERS[..parameters].iter().enumerate().map(value).collect()
    };
    Pairs {
        head: Head::new(name, "Posterior draws."),
        parameters: PARAMETERS[..parameters].iter().map(|(title, unit, _)| Quantity::new(*title, *unit)).collect(),
        draws: (0..draws).map(draw).collect(),
        estimate: Some(PARAMETERS[..parameters].iter().map(|p| p.2).collect()),
    }
}

fn correlation(name: &str, count: usize) -> Correlation {
    let title = |i: usize| if i < 9 { PARAMETERS[i].0.to_string() } else { format!("Parameter {i}") };
    let entry = |i: usize, j: usize| if i == j { 1.0 } else { noise(i.max(j) * 40 + i.min(j)) };
    Correlation {
        head: Head::new(name, "Correlations of estimates."),
        parameters: (0..count).map(title).collect(),
        matrix: (0..count).map(|i| (0..count).map(|j| entry(i, j)).collect()).collect(),
    }
}

fn tornado() -> Tornado {
    let swing = |(k, &(label, unit, estimate)): (usize, &(&str, &str, f64))| {
        let size = 260_000.0 * (0.15 + noise(k + 3).abs());
        let (down, up) = if k == 5 { (0.5, 0.2) } else { (-0.8, 1.0) };
        Swing {
            label: label.into(),
            unit: unit.into(),
            inputs: (0.5 * estimate, 2.0 * estimate),
            low: 1.9e6 + down * size,
            high: 1.9e6 + up * size,
        }
    };
    Tornado {
        head: Head::new("tornado", "Sensitivity of unemployment.").width(Width::OneAndHalf),
        outcome: Quantity::new("Unemployed graduates in 2020", "person"),
        base: 1.9e6,
        swings: PARAMETERS.iter().enumerate().map(swing).collect(),
    }
}

fn front() -> Front {
    let tried = (0..60).map(|i| {
        let reach = 0.5 + 0.5 * noise(i);
        let slack = 0.25 + 0.25 * noise(i + 400);
        (90.0 * reach + 25.0 * slack, 4.9 - 0.9 * reach.sqrt() + 0.5 * slack)
    });
    Front {
        head: Head::new("front", "Unemployment and fiscal cost of policies tried.").width(Width::OneAndHalf),
        across: Quantity::new("Fiscal cost", "bn CNY"),
        up: Quantity::new("Unemployment, mean of 2015-18", "%"),
        more: (false, false),
        tried: tried.collect(),
        marked: vec![("As it was".into(), 62.0, 4.45), ("Market-only".into(), 12.0, 4.86)],
    }
}

fn intervals(name: &str, bars: bool) -> Intervals {
    let row = |(k, label): (usize, &&str)| {
        let estimate = 80_000.0 * noise(k + 11);
        let around = |half: f64| Some((estimate - half, estimate + 1.2 * half));
        BarInterval { label: label.to_string(), estimate, inner: around(9_000.0), outer: around(24_000.0) }
    };
    Intervals {
        head: Head::new(name, "What each policy did.").width(Width::Single),
        quantity: Quantity::new("Change in unemployed graduates, 2014 to 2018", "person"),
        bars,
        probabilities: (0.5, 0.9),
        rows: ALTERNATIVES.iter().enumerate().map(row).collect(),
    }
}
