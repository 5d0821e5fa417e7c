//! How cost grows with variables, members, varied constants and threads: a table, and the figure `docs/growth.svg`.
//!
//! Models are chains of equal sectors over 400 Euler steps that save one series; members go through streaming summaries.
//!
//! `cargo bench --bench growth [-- FIGURE]`

mod setting;

use levada::compile::Program;
use levada::ensemble::{KEPT_NUMBERS, Order, Plan, Variation, Watch, walk};
use levada::simulate::{Save, Settings, run, run_members};
use plotters::prelude::*;
use setting::{checked, members, program, sectors, text_of};
use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Values by size.
struct Curve {
    name: &'static str,
    points: Vec<(f64, f64)>,
}

struct Panel {
    across: &'static str,
    up: &'static str,
    curves: Vec<Curve>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let figure = std::env::args().skip(1).find(|word| word.ends_with(".svg"));
    let figure = figure.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/growth.svg"), PathBuf::from);
    let panels = [by_variables(), by_members()?, by_varied(), by_threads()];
    for panel in &panels {
        for curve in &panel.curves {
            println!("\n{}, {} ({})", curve.name, panel.up, panel.across);
            curve.points.iter().for_each(|(x, y)| println!("{x:>10} {y:>14.4}"));
        }
    }
    draw(&panels, &figure)?;
    println!("\n{}", figure.display());
    Ok(())
}

/// Seconds of the fastest of some repetitions.
fn fastest<T>(repetitions: usize, mut work: impl FnMut() -> T) -> f64 {
    let time = |_| {
        let clock = Instant::now();
        black_box(work());
        clock.elapsed().as_secs_f64()
    };
    (0..repetitions).map(time).fold(f64::INFINITY, f64::min)
}

fn model(variables: usize) -> Program {
    program(Path::new("sectors.mdl"), &sectors(variables / 10, 400), &["stock 0"])
}

fn on<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(work)
}

fn by_variables() -> Panel {
    let settings = Settings::default();
    let mut curves = ["text to program", "one run", "member"].map(|name| Curve { name, points: Vec::new() });
    for variables in [100, 300, 1000, 3000, 10_000] {
        let text = sectors(variables / 10, 400);
        let compiled = fastest(2, || program(Path::new("sectors.mdl"), &text, &["stock 0"]));
        let program = model(variables);
        let all = members(&program, 64, 20);
        let ensemble = on(1, || fastest(3, || run_members(&program, &settings, &all))) / 64.0;
        let single = fastest(3, || run(&program, &settings));
        for (curve, seconds) in curves.iter_mut().zip([compiled, single, ensemble]) {
            curve.points.push((variables as f64, seconds * 1e3));
        }
    }
    Panel { across: "variables", up: "milliseconds", curves: curves.into() }
}

/// By summaries of the outbreak at eleven times.
fn by_members() -> Result<Panel, Box<dyn Error>> {
    let (path, text) = text_of("models/sir/sir.mdl");
    let (checked, program) = (checked(&path, &text), program(&path, &text, &["infectious"]));
    let laws = ["contact rate=uniform(4, 12)", "duration=uniform(1, 4)"].map(str::to_owned);
    let variation = Variation::read(&laws).map_err(|found| format!("{found:?}"))?;
    let settings = Settings { save: Save::At((0..=10).map(|k| f64::from(k) * 6.0).collect()), ..Settings::default() };
    let mut points = Vec::new();
    for count in [1, 10, 100, 1000, 10_000, 100_000, 1_000_000] {
        let order = Order { variation: &variation, set: &[], members: Some(count), seed: 1 };
        let plan = Plan::new(order, &checked, &program).map_err(|found| format!("{found:?}"))?;
        let seconds = on(1, || {
            fastest(if count > 10_000 { 1 } else { 3 }, || {
                let stop = AtomicBool::new(false);
                let watch = Watch { stop: &stop, progress: &|_, _| {}, each: &mut |_| Ok(()) };
                walk(&program, &settings, &plan, KEPT_NUMBERS, watch).map(|ensemble| ensemble.failed()).ok()
            })
        });
        points.push((count as f64, seconds * 1e6 / count as f64));
    }
    Ok(Panel {
        across: "members",
        up: "microseconds a member",
        curves: vec![Curve { name: "outbreak, summaries", points }],
    })
}

fn by_varied() -> Panel {
    let (program, settings) = (model(1000), Settings::default());
    let mut points = Vec::new();
    for varied in [1, 3, 10, 30, 100] {
        let all = members(&program, 64, varied);
        let seconds = on(1, || fastest(3, || run_members(&program, &settings, &all)));
        points.push((varied as f64, seconds * 1e3 / 64.0));
    }
    Panel {
        across: "varied constants",
        up: "milliseconds a member",
        curves: vec![Curve { name: "1000 variables", points }],
    }
}

fn by_threads() -> Panel {
    let (program, settings) = (model(300), Settings::default());
    let all = members(&program, 512, 20);
    let most = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    let counts: Vec<usize> = (0..).map(|power| 1 << power).take_while(|threads| *threads <= most).collect();
    let rate = |threads: &usize| {
        let seconds = on(*threads, || fastest(3, || run_members(&program, &settings, &all)));
        (*threads as f64, 512.0 / seconds)
    };
    let points = counts.iter().map(rate).collect();
    Panel { across: "threads", up: "members a second", curves: vec![Curve { name: "300 variables", points }] }
}

/// Four panels, both axes logarithmic.
fn draw(panels: &[Panel], path: &Path) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::new(path, (900, 640)).into_drawing_area();
    area.fill(&WHITE)?;
    let colours = [RGBColor(0, 90, 160), RGBColor(200, 80, 0), RGBColor(0, 130, 90)];
    for (cell, panel) in area.split_evenly((2, 2)).iter().zip(panels) {
        let points = || panel.curves.iter().flat_map(|curve| curve.points.iter().copied());
        let ends = |values: Vec<f64>| {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            (low / 1.5)..(high * 1.5)
        };
        let (across, up) =
            (ends(points().map(|point| point.0).collect()), ends(points().map(|point| point.1).collect()));
        // Whole decades of room, so that every axis has a labelled tick.
        let up = 10f64.powf(up.start.log10().floor())..10f64.powf(up.end.log10().ceil());
        let mut chart = ChartBuilder::on(cell)
            .margin(14)
            .x_label_area_size(38)
            .y_label_area_size(62)
            .build_cartesian_2d(across.log_scale(), up.log_scale())?;
        chart.configure_mesh().x_desc(panel.across).y_desc(panel.up).light_line_style(WHITE).draw()?;
        for (curve, colour) in panel.curves.iter().zip(colours) {
            chart.draw_series(LineSeries::new(curve.points.iter().copied(), colour.stroke_width(2)))?;
            chart.draw_series(curve.points.iter().map(|point| Circle::new(*point, 3, colour.filled())))?;
            if let Some((x, y)) = curve.points.get(curve.points.len() / 2) {
                let style = ("sans-serif", 13).into_font().color(&colour);
                chart.draw_series([Text::new(curve.name, (*x, y * 1.25), style)])?;
            }
        }
    }
    area.present()?;
    Ok(())
}
