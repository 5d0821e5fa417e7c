//! Every kind of figure on data of the size that a study has: text present, places finite, size in millimetres, the same
//! bytes twice. `LEVADA_GALLERY=<folder> cargo test figures` writes them all to a folder, to be looked at.

mod gallery;

use gallery::{Shown, gallery};
use levada::present::*;
use std::collections::BTreeSet;

#[test]
fn every_kind_prints() {
    let mut faults = Vec::new();
    for Shown { kind, draw, words } in gallery() {
        let exhibits = draw().unwrap_or_else(|refusal| panic!("{kind}: {refusal}"));
        assert_eq!(draw().as_ref(), Ok(&exhibits), "{kind}: two draws give the same bytes");
        for exhibit in &exhibits {
            faults.extend(faults_of_print(exhibit).into_iter().map(|fault| format!("{}: {fault}", exhibit.name)));
            if let Ok(folder) = std::env::var("LEVADA_GALLERY") {
                for (ending, bytes) in &exhibit.files {
                    std::fs::write(format!("{folder}/{}.{ending}", exhibit.name), bytes).expect("a folder to write to");
                }
            }
        }
        let drawn: BTreeSet<String> = exhibits.iter().flat_map(|exhibit| words_of(&text_of(exhibit, "svg"))).collect();
        let wanted = words.iter().flat_map(|text| words_of(text));
        faults.extend(wanted.filter(|word| !drawn.contains(word)).map(|word| format!("{kind}: `{word}` is not drawn")));
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// What would look wrong on paper: a size that no journal has, places that are no numbers, text outside of the page or
/// over other text, a bitmap of another size, an empty description.
fn faults_of_print(exhibit: &Exhibit) -> Vec<String> {
    let mut faults = Vec::new();
    let svg = text_of(exhibit, "svg");
    let millimetres = |name: &str| -> f64 {
        let text = svg.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split("mm\"").next());
        text.and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
    };
    let (width, height) = (millimetres("width"), millimetres("height"));
    if ![88.0, 127.0, 180.0].contains(&width) || !(10.0..=232.0).contains(&height) {
        faults.push(format!("it is {width} by {height} mm"));
    }
    faults.extend(["NaN", "inf"].iter().filter(|odd| svg.contains(*odd)).map(|odd| format!("it holds {odd}")));
    let dots = |mm: f64| (mm / 25.4 * 300.0).round();
    let png = exhibit.file("png").expect("a bitmap");
    let pixels = |at: usize| f64::from(u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]));
    if (pixels(16) - dots(width)).abs() > 1.0 || (pixels(20) - dots(height)).abs() > 1.0 {
        faults.push(format!("the bitmap is {} by {}", pixels(16), pixels(20)));
    }
    if !exhibit.file("pdf").is_some_and(|pdf| pdf.starts_with(b"%PDF-1.7")) {
        faults.push("there is no PDF".into());
    }
    for (ending, text) in [("caption.txt", &exhibit.caption), ("alt.txt", &exhibit.alt)] {
        if text.len() < 10 || text_of(exhibit, ending).trim_end() != *text {
            faults.push(format!("{ending} holds {text:?}"));
        }
    }
    let boxes = text_boxes(&svg);
    let per_mm = 96.0 / 25.4;
    for (i, (text, a)) in boxes.iter().enumerate() {
        if a.left < 0.0 || a.top < 0.0 || a.right > width * per_mm || a.bottom > height * per_mm {
            faults.push(format!("`{text}` leaves the page"));
        }
        for (other, b) in &boxes[..i] {
            if a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom {
                faults.push(format!("`{text}` lies over `{other}`"));
            }
        }
    }
    faults
}

struct Area {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

/// Every piece of text and the area of its letters, without the font's allowance above and below them.
fn text_boxes(svg: &str) -> Vec<(String, Area)> {
    fn collect(group: &usvg::Group, boxes: &mut Vec<(String, Area)>) {
        for node in group.children() {
            match node {
                usvg::Node::Group(group) => collect(group, boxes),
                usvg::Node::Text(text) => {
                    let area = text.abs_bounding_box();
                    let content: String = text.chunks().iter().map(|chunk| chunk.text()).collect();
                    // Capitals end 0.26 of the height below its top, descenders 0.16 above its foot, figures 0.28.
                    let foot = if content.chars().any(char::is_alphabetic) { 0.16 } else { 0.28 };
                    let turned = area.height() > area.width() && content.chars().count() > 2;
                    let (left, right) = (f64::from(area.left()), f64::from(area.right()));
                    let (top, bottom) = (f64::from(area.top()), f64::from(area.bottom()));
                    let (wide, high) = (right - left, bottom - top);
                    let area = if turned {
                        Area { left: left + 0.26 * wide, right: right - foot * wide, top, bottom }
                    } else {
                        Area { left, right, top: top + 0.26 * high, bottom: bottom - foot * high }
                    };
                    boxes.push((content, area));
                }
                _ => {}
            }
        }
    }
    let mut options = usvg::Options::default();
    options
        .fontdb_mut()
        .load_font_data(include_bytes!("../../assets/fonts/source-sans-3/SourceSans3-Regular.ttf").into());
    let tree = usvg::Tree::from_str(svg, &options).expect("sound SVG");
    let mut boxes = Vec::new();
    collect(tree.root(), &mut boxes);
    boxes
}

fn text_of(exhibit: &Exhibit, ending: &str) -> String {
    String::from_utf8(exhibit.file(ending).unwrap_or_default().to_vec()).expect("UTF-8")
}

/// The words of a text, or of all text elements of an SVG.
fn words_of(text: &str) -> Vec<String> {
    let content: Vec<&str> = if text.starts_with("<svg") {
        text.split("<text").skip(1).filter_map(|rest| rest.split_once('>')?.1.split("</text>").next()).collect()
    } else {
        vec![text]
    };
    content.iter().flat_map(|text| text.split_whitespace()).map(String::from).collect()
}

#[test]
fn odd_data_is_refused_or_remarked_upon() {
    let time = || vec![2000.0, 2010.0, 2020.0];
    let run = |paths: Vec<Path>| Runs {
        head: Head::new("odd", "Data that strain the axes."),
        frame: Frame::default(),
        panels: vec![RunPanel { quantity: Quantity::new("Rent", "CNY"), paths }],
    };
    let path = |values: Vec<f64>| Path::new("rent", time(), values);
    let refused = |figure: Runs| figure.draw().expect_err("a refusal").diagnostic().message;
    let nan = f64::NAN;
    let empty = Runs { panels: Vec::new(), ..run(Vec::new()) };
    let backwards = Frame { window: Some((2020.0, 2000.0)), ..Frame::default() };
    let nowhere = Frame { window: Some((1900.0, 1950.0)), ..Frame::default() };
    let period = Period { label: "Trade war".into(), start: 2018.0, end: f64::NAN };
    for (figure, expected) in [
        (empty, "exhibit `odd` has nothing to show"),
        (run(vec![path(vec![nan, nan, f64::INFINITY])]), "exhibit `odd`: `rent` has no finite value within the window"),
        (run(vec![path(vec![1.0])]), "exhibit `odd`: `rent` needs 3 values and has 1"),
        (
            run(vec![path(vec![1.0, 2.0, 3.0]).with_band(0.9, vec![0.0], vec![2.0; 3])]),
            "exhibit `odd`: `rent (band)` needs 3 values and has 1",
        ),
        (
            run(vec![path(vec![1.0, 2.0, 3.0]).with_band(90.0, vec![0.0; 3], vec![2.0; 3])]),
            "exhibit `odd`: the probability of a band of `rent` runs from 0 to 90, which is no range",
        ),
        (
            Runs { frame: backwards, ..run(vec![path(vec![1.0, 2.0, 3.0])]) },
            "exhibit `odd`: the window runs from 2020 to 2000, which is no range",
        ),
        (
            Runs { frame: nowhere, ..run(vec![path(vec![1.0, 2.0, 3.0])]) },
            "exhibit `odd`: `Rent` has no finite value within the window",
        ),
        (
            Runs { frame: Frame { periods: vec![period], ..Frame::default() }, ..run(vec![path(vec![1.0, 2.0, 3.0])]) },
            "exhibit `odd`: the period `Trade war` runs from 2018 to NaN, which is no range",
        ),
    ] {
        assert_eq!(refused(figure), expected);
    }

    let remarks = |quantity: Quantity, values: Vec<f64>| -> Vec<String> {
        let mut figure = run(vec![path(values)]);
        figure.panels[0].quantity = quantity;
        let exhibits = figure.draw().expect("it is drawn");
        assert_eq!(faults_of_print(&exhibits[0]), Vec::<String>::new());
        exhibits[0].warnings.iter().map(|warning| warning.message.clone()).collect()
    };
    let rent = || Quantity::new("Rent", "CNY");
    for (quantity, values, expected) in [
        (rent(), vec![5.0, 5.0, 5.0], vec![]),
        (rent(), vec![0.0, 0.0, 0.0], vec![]),
        (rent(), vec![1.0, nan, 3.0], vec![]),
        (rent(), vec![1e-300, 2e-300, 5e-300], vec![]),
        (rent(), vec![-1e199, 0.0, 1e199], vec![]),
        (rent(), vec![1e15, 1e15 + 1.0, 1e15 - 1.0], vec![]),
        (
            rent(),
            vec![1.0, f64::NEG_INFINITY, 3.0],
            vec!["figure `odd`: 1 values of `rent` are infinite or too large and are left out"],
        ),
        (rent().log(), vec![1e-190, 1.0, 1e190], vec![]),
        (
            rent().log(),
            vec![-1.0, 0.0, 10.0],
            vec!["figure `odd`: 2 values of `Rent` are not positive and are left off its log axis"],
        ),
        (
            rent().log(),
            vec![-1.0, 0.0, -10.0],
            vec!["figure `odd`: no value of `Rent` is positive, so its axis is linear"],
        ),
        (Quantity::new("Rent\u{1}\n\u{ffff} \"x\" &amp;", "CNY"), vec![1.0, 2.0, 3.0], vec![]),
        (
            Quantity::new("清科 Rent & <profit>", "CNY"),
            vec![1.0, 2.0, 3.0],
            vec!["figure `odd`: the bundled font has no glyph for `清`, `科`"],
        ),
    ] {
        assert_eq!(remarks(quantity, values.clone()), expected, "{values:?}");
    }
}

#[test]
fn strained_shapes_still_print() {
    let long = "An outcome with a name that nobody would give it but that somebody will, in the end, give it";
    let head = |name: &str| Head::new(name, "A shape that strains the layout.").width(Width::Single);
    let times: Vec<f64> = (0..41).map(|i| 1995.0 + f64::from(i)).collect();
    let wave = |label: &str, shift: f64| {
        Path::new(label, times.clone(), times.iter().map(|t| ((t - shift) / 3.0).sin()).collect())
    };
    let quantity = |title: &str| Quantity::new(title, "CNY/(m2 day)");
    let panel = |title: &str, paths| RunPanel { quantity: quantity(title), paths };
    let period = |i: u32| Period {
        label: format!("Policy number {i}"),
        start: 1990.0 + 3.0 * f64::from(i),
        end: 1999.0 + 3.0 * f64::from(i),
    };
    let runs = |name: &str, panels, periods, window| Runs {
        head: head(name),
        frame: Frame {
            time: "Year".into(),
            window,
            periods,
            rule: Some(Rule { at: 2034.5, label: "Hold-out".into() }),
        },
        panels,
    };
    let start = |objective, outcome| Start { objective, outcome };
    let starts = |name: &str, starts| Starts { head: head(name), objective: long.into(), starts, tolerance: 0.01 };
    let swing = |low, high| Swing { label: long.into(), unit: "CNY".into(), inputs: (0.0, 1e9), low, high };
    let interval = |estimate| BarInterval { label: "same".into(), estimate, inner: None, outer: None };
    let intervals = |name: &str, bars, rows| Intervals {
        head: head(name),
        quantity: quantity(long),
        bars,
        probabilities: (0.5, 0.9),
        rows,
    };
    let profile = |values: Vec<f64>, deviance| ProfilePanel {
        parameter: quantity(long),
        estimate: values[0],
        values,
        deviance,
        lower: None,
        upper: None,
    };
    let many: Vec<Path> = (0..20).map(|i| wave(&format!("element {i}"), f64::from(i))).collect();
    let draws: Vec<Result<Vec<Exhibit>, Refusal>> = vec![
        runs("one-long", vec![panel(long, vec![wave("", 0.0)])], vec![], None).draw(),
        runs("many-paths", vec![panel("Rent", many.clone()), panel("Debt", many)], vec![], None).draw(),
        runs("many-periods", vec![panel("Rent", vec![wave("", 0.0)])], (0..12).map(period).collect(), None).draw(),
        runs("lettered", vec![panel("Rent", vec![wave("", 0.0)]); 2], (0..12).map(period).collect(), None).draw(),
        runs("zoomed", vec![panel("Rent", vec![wave(long, 0.0), wave("b", 1.0)])], vec![], Some((2001.3, 2001.9)))
            .draw(),
        runs("one-point", vec![panel("Rent", vec![Path::new("a", vec![2000.0], vec![7.0])])], vec![], None).draw(),
        runs("sixty", vec![panel("Rent", vec![wave("a", 0.0), wave("b", 2.0)]); 60], vec![], None).draw(),
        starts("one-start", vec![start(3.0, Outcome::Converged)]).draw(),
        starts("equal-starts", vec![start(-1e9, Outcome::Stopped); 500]).draw(),
        Tornado { head: head("flat-tornado"), outcome: quantity("x"), base: 0.0, swings: vec![swing(0.0, 0.0); 3] }
            .draw(),
        Tornado { head: head("tall-tornado"), outcome: quantity(long), base: 1e9, swings: vec![swing(-1e9, 3e9); 15] }
            .draw(),
        intervals("equal-intervals", false, vec![interval(5.0); 2]).draw(),
        intervals("zero-bars", true, vec![interval(0.0)]).draw(),
        Profiles {
            head: head("flat-profiles"),
            deviance: "2Δℓ".into(),
            threshold: 3.84,
            threshold_label: "95 %".into(),
            panels: vec![profile(vec![1.0], vec![0.0]), profile(vec![2.0, 1.0], vec![0.0, 1e12])],
        }
        .draw(),
        Pairs {
            head: head("constant-pairs"),
            parameters: vec![quantity("a"), quantity(long), Quantity::new("c", "").log()],
            draws: vec![vec![1.0, f64::NAN, -1.0], vec![1.0, 5e11, 0.0]],
            estimate: None,
        }
        .draw(),
        Correlation {
            head: Head::new("holes", "A matrix with holes."),
            parameters: vec!["a".into(), long.into()],
            matrix: vec![vec![1.0, f64::NAN], vec![f64::NAN, 1.0]],
        }
        .draw(),
    ];
    let too_tall =
        Tornado { head: head("taller"), outcome: quantity("x"), base: 0.0, swings: vec![swing(0.0, 1.0); 16] };
    let refusal = too_tall.draw().expect_err("a refusal").to_string();
    assert_eq!(refusal, "exhibit `taller` has 16 rows, and a page shows 15 at most");
    let mut faults = Vec::new();
    for exhibit in draws.into_iter().flat_map(|drawn| drawn.expect("it is drawn")) {
        faults.extend(faults_of_print(&exhibit).into_iter().map(|fault| format!("{}: {fault}", exhibit.name)));
        if let Ok(folder) = std::env::var("LEVADA_GALLERY") {
            std::fs::write(format!("{folder}/strained-{}.png", exhibit.name), exhibit.file("png").unwrap_or_default())
                .expect("a folder to write to");
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
