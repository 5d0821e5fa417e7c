//! Studies that say more than one run and independent noise: a panel of lakes with rates around a common one and residuals
//! that remember, and the tutorial's model with noise in its process.

use super::{levada, text};
use levada::random::Stream;
use std::path::Path;

const MODEL: &str = "{UTF-8}
fish= INTEG (growth - catch, first fish) ~ t ~ Alive. |
growth= growth rate*fish*(1 - fish/room) ~ t/Year ~ Net births. |
catch= effort*fish ~ t/Year ~ Landed. |
growth rate= 0.5 ~ 1/Year ~ Of few fish. |
room= 100 ~ t ~ What the lake holds. |
effort= 0.1 ~ 1/Year ~ Share caught. |
first fish= 10 ~ t ~ At the start. |
INITIAL TIME= 0 ~ Year ~ |
FINAL TIME= 20 ~ Year ~ |
TIME STEP= 0.125 ~ Year ~ |
SAVEPER= 1 ~ Year ~ |
";

/// Rates and efforts of the lakes.
const LAKES: [(&str, f64, f64); 3] = [("north", 0.4, 0.05), ("south", 0.55, 0.1), ("west", 0.7, 0.2)];
const ROOM: f64 = 120.0;
const SPREAD: f64 = 0.08;
const MEMORY: f64 = 0.6;

/// The logistic curve of the model, times noise whose logarithm remembers.
fn data() -> String {
    let mut text = "year".to_owned() + &LAKES.map(|(name, ..)| format!(",{name} [t]")).concat() + "\n";
    let mut stream = Stream::new(5, 0);
    let mut residuals = [0.0; 3];
    for year in 1..=20 {
        text += &year.to_string();
        for ((_, rate, effort), residual) in LAKES.iter().zip(&mut residuals) {
            let (net, top) = (rate - effort, ROOM * (1.0 - effort / rate));
            let fish = top / (1.0 + (top / 10.0 - 1.0) * (-net * f64::from(year)).exp());
            let fresh = stream.normal();
            *residual = if year == 1 { fresh } else { MEMORY * *residual + (1.0 - MEMORY * MEMORY).sqrt() * fresh };
            text += &format!(",{}", fish * (SPREAD * *residual).exp());
        }
        text += "\n";
    }
    text
}

fn study() -> String {
    let mut text = "title = \"Three lakes\"\nmodel = \"lakes.mdl\"\n[run]\nmethod = \"rk4\"\ncalendar = \"numbers\"\n[data]\nd = \"lakes.csv\"\n".to_owned();
    for (name, _, effort) in LAKES {
        text += &format!(
            "[[experiment]]\nname = \"{name}\"\nset = {{ effort = {effort} }}\n\
             [[observe]]\nname = \"fish in the {name}\"\nexperiment = \"{name}\"\nseries = \"{name}\"\nfile = \"d\"\n\
             quantity = \"fish\"\noperator = \"level-end\"\n\
             noise = {{ kind = \"lognormal\", scale = \"estimated\", group = \"all\", \
             prior = {{ kind = \"half-normal\", sd = 0.5 }}, memory = {{ kind = \"beta\", a = 2, b = 2 }} }}\n"
        );
    }
    text + "[[parameter]]\nname = \"growth rate\"\nby = \"experiment\"\npool = { kind = \"half-normal\", sd = 0.5 }\n\
            prior = { kind = \"lognormal\", median = 0.5, sd = 1 }\n\
            [[parameter]]\nname = \"room\"\nbounds = [20, 1000]\ntransform = \"log\"\n"
}

/// Names and estimates of a table.
fn estimates(folder: &Path) -> Vec<(String, f64)> {
    let table = std::fs::read_to_string(folder.join("tables/estimates.csv")).expect("a table of estimates");
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let place =
        rows.headers().unwrap().iter().position(|name| name.eq_ignore_ascii_case("estimate")).expect("estimates");
    let rows = rows.records().map(|row| row.unwrap());
    rows.map(|row| (row[0].to_owned(), row[place].parse().unwrap_or(f64::NAN))).collect()
}

#[test]
fn a_panel_with_partial_pooling_and_memory() {
    let folder = std::env::temp_dir().join(format!("levada-panel-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (file, text) in [("lakes.mdl", MODEL), ("lakes.csv", &data()), ("study.toml", &study())] {
        std::fs::write(folder.join(file), text).unwrap();
    }
    let (study, out) = (folder.join("study.toml"), folder.join("out"));
    let output = levada(&["calibrate", study.to_str().unwrap(), "--quick", "--out", out.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let found = estimates(&out);
    let of =
        |name: &str| found.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("{name}: {found:?}")).1;
    for (name, rate, _) in LAKES {
        let estimate = of(&format!("growth rate in {name}"));
        assert!((estimate / rate).ln().abs() < 0.15, "{name}: {estimate}");
    }
    assert!((of("room") / ROOM).ln().abs() < 0.15, "{found:?}");
    let common = of("common growth rate");
    assert!(of("growth rate in north") < common && common < of("growth rate in west"), "{found:?}");
    let memories = LAKES.map(|(name, ..)| of(&format!("memory of fish in the {name}")));
    assert!(memories.iter().all(|memory| (0.2..0.9).contains(memory)), "{memories:?}");
    // Between pooling all and pooling none.
    assert!((0.02..0.6).contains(&of("spread of growth rate")), "{found:?}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_tutorial_with_noise_in_its_process() {
    let out = std::env::temp_dir().join(format!("levada-process-{}", std::process::id()));
    let study = "calibration/lynx-hare/process-noise.toml";
    let output = levada(&["calibrate", study, "--quick", "--out", out.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let found = estimates(&out);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.contains(&"process noise of hare") && names.contains(&"process noise of lynx"), "{names:?}");
    std::fs::remove_dir_all(&out).unwrap();
}

#[test]
fn a_prediction_is_profiled_and_a_peak_is_said_not_to_be() {
    let folder = std::env::temp_dir().join(format!("levada-foretold-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("data")).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("calibration/lynx-hare");
    for file in ["lynx-hare.mdl", "data/pelts.csv"] {
        std::fs::copy(shipped.join(file), folder.join(file)).unwrap();
    }
    let study = std::fs::read_to_string(shipped.join("study.toml")).unwrap()
        + "\n[[outcome]]\nname = \"last hares\"\nquantity = \"hare\"\nover = \"1919\"\n\
           [[outcome]]\nname = \"top\"\nquantity = \"lynx\"\nover = \"1905..1915\"\ntake = \"peak\"\n\
           [identify]\npredictions = [\"last hares\", \"top\"]\n";
    std::fs::write(folder.join("study.toml"), study).unwrap();
    let (path, out) = (folder.join("study.toml"), folder.join("out"));
    let output = levada(&["identify", path.to_str().unwrap(), "--quick", "--out", out.to_str().unwrap()]);
    let told = text(&output.stdout) + &text(&output.stderr);
    assert!(told.contains("`top` has no prediction profile"), "{told}");
    let table = std::fs::read_to_string(out.join("tables/predictions.csv")).unwrap();
    let row = csv::Reader::from_reader(table.as_bytes()).records().next().unwrap().unwrap();
    let [estimate, lower, upper] = [2, 3, 4].map(|place| row[place].parse::<f64>().unwrap());
    assert!(lower < estimate && estimate < upper, "{table}");
    assert!(out.join("figures/prediction-profiles.svg").is_file());
    std::fs::remove_dir_all(&folder).unwrap();
}
