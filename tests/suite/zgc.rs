//! The Zhongguancun model: bookkeeping, bounds, units, symmetry, steady state, signs, steps, and runs of other programs.

use crate::models::{Run, checked, constant, declared, distance, inside, model, program, run, runs};
use levada::check::CheckedModel;
use levada::compile::{Landing, OutputExpression, Outputs, Program, Request};
use levada::diagnostic::Span;
use levada::model::{Definition, Expression, ExpressionKind, Model, Name};
use levada::simulate::Method;
use levada::units::{Synonyms, Unit};
use std::path::PathBuf;

const ZGC: &str = "models/zgc/zgc.mdl";
const SCENARIOS: &str = "calibration/zgc/scenarios";

/// What a scenario file sets, what it extends first.
fn scenario(path: PathBuf) -> Vec<(String, f64)> {
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let below = table.get("extends").and_then(toml::Value::as_str);
    let mut sets = below.map(|below| scenario(path.with_file_name(below))).unwrap_or_default();
    for (name, value) in table["set"].as_table().expect("a table of constants") {
        let number = value.as_float().or(value.as_integer().map(|whole| whole as f64));
        sets.push((name.clone(), number.expect("a number")));
    }
    sets
}

fn preset(name: &str) -> Vec<(String, f64)> {
    scenario(inside(SCENARIOS).join(format!("{name}.toml")))
}

/// The baseline, then every scenario of the folder.
fn presets() -> Vec<(String, Vec<(String, f64)>)> {
    let folder = std::fs::read_dir(inside(SCENARIOS)).expect("the folder of scenarios");
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.expect("a readable folder").path()).collect();
    files.sort();
    let stem = |path: &PathBuf| path.file_stem().expect("a file").to_string_lossy().into_owned();
    let mut presets = vec![("baseline".to_owned(), Vec::new())];
    presets.extend(files.iter().map(|path| (stem(path), scenario(path.clone()))));
    presets
}

fn indices(program: &Program, sets: &[(String, f64)]) -> Vec<(usize, f64)> {
    sets.iter().map(|(name, value)| (constant(program, name), *value)).collect()
}

/// How an experiment changes constants.
#[derive(Clone, Copy)]
enum Edit {
    To(f64),
    By(f64),
}

/// The constants of a name, of all its elements, or of all names that begin with `prefix*`.
fn edited(program: &Program, edits: &[(&str, Edit)]) -> Vec<(usize, f64)> {
    let mut changes = Vec::new();
    for (pattern, edit) in edits {
        let before = changes.len();
        for (index, constant) in program.constants.iter().enumerate() {
            let matches = match pattern.strip_suffix('*') {
                Some(prefix) => constant.name.starts_with(prefix),
                None => constant.name == *pattern || constant.name.split('[').next() == Some(pattern),
            };
            if matches {
                let value = match edit {
                    Edit::To(value) => *value,
                    Edit::By(factor) => constant.value * factor,
                };
                changes.push((index, value));
            }
        }
        assert!(changes.len() > before, "the model has no constant `{pattern}`");
    }
    changes
}

/// The baseline as the model file has it.
fn history() -> Run {
    run(model(ZGC), &request(&[]), Method::RungeKutta4)
}

fn request(sets: &[(&str, f64)]) -> Request {
    Request { overrides: sets.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(), ..Request::default() }
}

#[test]
fn ledgers_and_stocks_agree_at_every_save_of_every_preset() {
    let mut wish = request(&[]);
    wish.outputs = Outputs::Chosen(vec!["balance*".to_owned()]);
    let program = program(model(ZGC), &wish);
    assert_eq!(program.outputs.len(), 6);
    let presets = presets();
    assert_eq!(presets.len(), 15);
    let changes = presets.iter().map(|(_, sets)| indices(&program, sets)).collect();
    for method in [Method::RungeKutta4, Method::DormandPrince] {
        for ((preset, _), run) in presets.iter().zip(runs(&program, method, Vec::clone(&changes))) {
            for (balance, values) in &run.columns {
                let worst = values.iter().fold(0.0_f64, |worst, value| worst.max((value - 1.0).abs()));
                assert!(worst < 1e-9, "{preset}, {method}: {balance} is off by {worst}");
            }
        }
    }
}

#[test]
fn nothing_breaks_under_extreme_conditions() {
    use Edit::{By, To};
    let no_state: Vec<(&str, Edit)> = [
        "soe rate",
        "mixed rate",
        "selfrel rate",
        "landlord reinvest",
        "zgc commit",
        "target seed",
        "initial guidance target",
        "initial guidance raised",
        "initial dry powder[state]",
        "initial portfolio[state,elite]",
        "initial portfolio[state,grassroots]",
    ]
    .map(|name| (name, To(0.0)))
    .to_vec();
    let no_capital =
        ["base private", "base foreign", "initial dry powder", "initial portfolio"].map(|name| (name, To(0.0)));
    let empty = [
        "initial nascent",
        "initial funded",
        "initial scaled",
        "initial startup cash",
        "initial startup employees",
        "initial incubator places",
        "initial portfolio",
        "initial founder debt",
        "initial distress debt",
        "initial distressed",
    ];
    let conditions: Vec<(&str, Vec<(&str, Edit)>)> = vec![
        ("no state capital", no_state.clone()),
        ("no venture capital", [no_state, no_capital.to_vec()].concat()),
        ("no entry", vec![("entry rate*", To(0.0)), ("reentry", To(0.0))]),
        (
            "hundredfold venture capital",
            vec![("base private", By(100.0)), ("base foreign", By(100.0)), ("soe rate", By(100.0))],
        ),
        ("all switches off", vec![("on *", To(0.0))]),
        ("all switches on from 1990", vec![("on *", To(1.0)), ("start *", To(1990.0)), ("end *", To(9999.0))]),
        (
            "failure rates sixtyfold",
            vec![("hazard nascent0", By(60.0)), ("hazard funded0", By(60.0)), ("hazard scaled0", By(60.0))],
        ),
        ("no market", vec![("digital base", To(0.0)), ("digital rise", To(0.0))]),
        ("labour demand halved", vec![("initial formal demand", By(0.5))]),
        ("start at 54 % unemployment", vec![("initial formal employed", To(85.0)), ("initial unemployed", To(100.0))]),
        ("no ventures at the start", empty.map(|name| (name, To(0.0))).to_vec()),
    ];
    let program = program(model(ZGC), &request(&[]));
    let changes = conditions.iter().map(|(_, edits)| edited(&program, edits)).collect();
    let shares = [
        "legitimacy",
        "endorsed",
        "tech autonomy",
        "platform dominance",
        "vendor stalls",
        "p2p memory",
        "war adaptation",
    ];
    for ((condition, _), run) in conditions.iter().zip(runs(&program, Method::RungeKutta4, changes)) {
        for (name, values) in &run.columns {
            assert!(values.iter().all(|value| value.is_finite()), "{condition}: {name} is not finite");
            if program.states.iter().any(|state| state.name == *name) && name != "perceived return" {
                let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
                assert!(lowest >= 0.0, "{condition}: {name} falls to {lowest}");
            }
            if shares.contains(&name.split('[').next().unwrap_or(name)) {
                assert!(values.iter().all(|value| (0.0..=1.0).contains(value)), "{condition}: {name} leaves [0, 1]");
            }
        }
    }
}

/// Factors by which the base units shrink; every value of that unit grows.
struct Scale {
    money: f64,
    people: f64,
    firms: f64,
    time: f64,
}

impl Scale {
    /// The factor of a unit text, found among the products of the four units.
    fn of(&self, text: &str) -> f64 {
        let read = |text: &str| Synonyms::default().read(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
        let bases = [("bn CNY", self.money), ("M persons", self.people), ("k firms", self.firms), ("Year", self.time)];
        let wanted = read(text);
        let mut products: Vec<(Unit, f64)> = vec![(Unit::dimensionless(), 1.0)];
        for (name, factor) in bases {
            let unit = read(name);
            products = products
                .iter()
                .flat_map(|(product, scale)| {
                    [
                        (product.clone(), *scale),
                        (product.times(&unit), scale * factor),
                        (product.per(&unit), scale / factor),
                    ]
                })
                .collect();
        }
        let found = products.into_iter().find(|(unit, _)| *unit == wanted);
        found.unwrap_or_else(|| panic!("`{text}` is no product of the model's four units")).1
    }
}

/// The model with every constant and table in other units.
fn rescaled(model: &Model, scale: &Scale) -> Model {
    let mut model = model.clone();
    for variable in &mut model.variables {
        let factor = scale.of(variable.units.as_ref().map_or("Dmnl", |units| &units.text));
        for equation in &mut variable.equations {
            match &mut equation.definition {
                Definition::Auxiliary(Expression { kind: ExpressionKind::Number(value), .. }) => *value *= factor,
                Definition::Values(values) => values.iter_mut().for_each(|value| *value *= factor),
                Definition::Lookup(table) => table.points.iter_mut().for_each(|point| point.1 *= factor),
                _ => {}
            }
        }
    }
    model
}

#[test]
fn trajectories_scale_with_their_units() {
    let (source, declared) = declared(ZGC);
    let wish = request(&[]);
    let reference = history();
    let compare = |scale: &Scale, same: &dyn Fn(&str, f64, f64, f64)| {
        let model = checked(&source, rescaled(&declared, scale));
        let program = program(&model, &wish);
        let scaled = runs(&program, Method::RungeKutta4, vec![Vec::new()]).remove(0);
        assert_eq!(scaled.time.len(), reference.time.len());
        for output in &program.outputs {
            let factor = scale.of(&output.unit);
            let expected = reference.of(&output.name);
            let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            for (found, expected) in scaled.of(&output.name).iter().zip(expected) {
                same(&output.name, *found, expected * factor, largest * factor);
            }
        }
    };
    // Powers of two change no digit of any sum or product, so the runs must agree to the last bit.
    compare(&Scale { money: 4.0, people: 0.125, firms: 32.0, time: 2.0 }, &|name, found, expected, _| {
        assert_eq!(found.to_bits(), expected.to_bits(), "{name}: {found} against {expected}");
    });
    compare(&Scale { money: 7.3, people: 0.31, firms: 1.7, time: 12.0 }, &|name, found, expected, largest| {
        assert!((found - expected).abs() <= 1e-10 * largest, "{name}: {found} against {expected}");
    });
}

#[test]
fn cohorts_alike_fare_alike() {
    let program = program(model(ZGC), &request(&[]));
    let own = [
        "protect sel",
        "crunch effect",
        "talent effect",
        "mixed effect",
        "zone effect",
        "vendor effect",
        "hukou effect",
        "safety entry",
        "endorse talent",
        "endorse zone",
        "endorse selfrel",
        "endorse mixed",
        "endorse media",
    ];
    let mut changes = edited(&program, &own.map(|name| (name, Edit::To(0.0))));
    changes.extend(edited(&program, &[("grass preference", Edit::To(1.0)), ("on safety net", Edit::To(1.0))]));
    for (index, of_grassroots) in program.constants.iter().enumerate() {
        if of_grassroots.name.ends_with("grassroots]") {
            let elite = constant(&program, &of_grassroots.name.replace("grassroots]", "elite]"));
            changes.push((index, program.constants[elite].value));
        }
    }
    let run = runs(&program, Method::RungeKutta4, vec![changes]).remove(0);
    let mut pairs = 0;
    for (name, elite) in run.columns.iter().filter(|(name, _)| name.ends_with("elite]")) {
        assert_eq!(elite, run.of(&name.replace("elite]", "grassroots]")), "{name}");
        pairs += 1;
    }
    assert!(pairs > 90, "{pairs} pairs");
}

/// The model with every driver held at its value of mid-2015 and no growth of the labour force.
fn frozen() -> CheckedModel {
    let (source, mut model) = declared(ZGC);
    for variable in &mut model.variables {
        for equation in &mut variable.equations {
            let Definition::Lookup(table) = &mut equation.definition else { continue };
            let value = match table.points.iter().position(|point| point.0 >= 2015.5) {
                Some(0) => table.points[0].1,
                Some(after) => {
                    let ((x0, y0), (x1, y1)) = (table.points[after - 1], table.points[after]);
                    y0 + (y1 - y0) * (2015.5 - x0) / (x1 - x0)
                }
                None => table.points.last().expect("a table has points").1,
            };
            let still = variable.name == Name::new("lf growth table");
            table.points.iter_mut().for_each(|point| point.1 = if still { 0.0 } else { value });
        }
    }
    checked(&source, model)
}

#[test]
fn a_still_world_comes_to_rest() {
    let curve =
        |base: f64, rise: f64, midpoint: f64, spread: f64| base + rise / (1.0 + (-(2015.5 - midpoint) / spread).exp());
    let wish = request(&[
        ("FINAL TIME", 2145.0),
        ("SAVEPER", 10.0),
        ("digital base", curve(0.004, 0.036, 2014.0, 3.0)),
        ("digital rise", 0.0),
        ("financial base", curve(0.1, 0.9, 2013.0, 2.0)),
        ("financial rise", 0.0),
        ("foreign midpoint", 1900.0),
    ]);
    let program = program(&frozen(), &wish);
    let off = edited(&program, &[("on *", Edit::To(0.0))]);
    let run = runs(&program, Method::RungeKutta4, vec![off]).remove(0);
    let history = history();
    for name in stocks(&program) {
        if name.starts_with("cumulative") || name.starts_with("ledger") || name == "tech autonomy" {
            continue;
        }
        // What has died out is measured by what it is in history: a thousandth of its peak counts as nothing.
        let peak = history.of(name).iter().copied().fold(0.0, f64::max);
        let (then, later) = (run.at(name, 2095.0), run.at(name, 2145.0));
        assert!((later - then).abs() <= 0.01 * then.abs().max(0.001 * peak), "{name}: {then}, then {later}");
    }
    let drift = run.at("unemployment rate", 2145.0) - run.at("unemployment rate", 2095.0);
    assert!(drift.abs() < 0.0005, "unemployment drifts by {drift}");
}

/// Variables of which years are compared: totals of flows, means of rates.
const TOTALS: [&str; 4] = ["vc investment", "registered entry", "unemployment rate", "tech autonomy"];

fn total_output(name: &str) -> OutputExpression {
    let kind = ExpressionKind::Reference { name: Name::new(name), subscripts: Vec::new() };
    OutputExpression {
        name: format!("total {name}"),
        expression: Expression::new(kind, Span::default()),
        cumulated: true,
    }
}

/// The total of a flow over a year, or the mean of a rate.
fn total(run: &Run, name: &str, year: f64) -> f64 {
    let name = format!("total {name}");
    run.at(&name, year + 1.0) - run.at(&name, year)
}

const POLICIES: [&str; 6] =
    ["baseline", "no-campaign", "no-mobilisation", "no-trade-war", "no-guidance-funds", "equity-safety-net"];

/// The thirteen qualitative results, each with whether it holds for the runs of [`POLICIES`].
fn signs(runs: &[Run]) -> [(&'static str, bool); 13] {
    let [baseline, campaign, mobilisation, war, funds, equity] = runs else { panic!("one run for each policy") };
    let unemployment = |run: &Run, year| total(run, "unemployment rate", year);
    let capital = |run: &Run, year| total(run, "vc investment", year);
    let entry = |run: &Run, year| total(run, "registered entry", year);
    let debt = |run: &Run, year| run.at("distress debt[grassroots]", year);
    let share = |run: &Run, year| run.at("grassroots share of newly funded", year);
    [
        ("the campaign lowers unemployment in 2016", unemployment(campaign, 2016.0) > unemployment(baseline, 2016.0)),
        (
            "mobilisation lowers unemployment in 2016",
            unemployment(mobilisation, 2016.0) > unemployment(baseline, 2016.0),
        ),
        ("the campaign raises unemployment in 2022", unemployment(campaign, 2022.0) < unemployment(baseline, 2022.0)),
        ("the trade war cuts venture capital in 2019", capital(war, 2019.0) > capital(baseline, 2019.0)),
        ("the trade war raises autonomy", war.at("tech autonomy", 2024.0) < baseline.at("tech autonomy", 2024.0)),
        ("guidance funds raise venture capital in 2019", capital(funds, 2019.0) < capital(baseline, 2019.0)),
        ("equity cuts grassroots debt", debt(equity, 2020.0) < debt(baseline, 2020.0)),
        ("equity costs state return", equity.at("state return", 2024.0) < baseline.at("state return", 2024.0)),
        ("venture capital booms", capital(baseline, 2017.0) > 2.0 * capital(baseline, 2013.0)),
        ("venture capital plunges", capital(baseline, 2019.0) < capital(baseline, 2017.0)),
        ("the grassroots share of first rounds fades", share(baseline, 2019.0) < share(baseline, 2015.0)),
        ("grassroots debt rises", debt(baseline, 2020.0) > 2.0 * debt(baseline, 2016.0)),
        ("entry cools", entry(baseline, 2019.0) < entry(baseline, 2017.0)),
    ]
}

/// Every model parameter: no date, driver, initial value, guard or mark of a subscript.
fn parameters(program: &Program) -> Vec<usize> {
    let model = model(ZGC).model();
    let outside = ["Policies", "Drivers", "Indicators", "Guards", "Control"];
    let is_parameter = |name: &str, variable: usize| {
        let group = model.variables[variable].group.as_deref().unwrap_or_default();
        !outside.contains(&group) && !name.starts_with("initial ") && !name.starts_with("is ")
    };
    let constants = program.constants.iter().enumerate();
    constants.filter(|(_, constant)| is_parameter(&constant.name, constant.variable)).map(|(index, _)| index).collect()
}

#[test]
fn signs_hold_with_every_parameter_thirty_per_cent_off() {
    let saves = ["tech autonomy", "distress debt[grassroots]", "state return", "grassroots share of newly funded"];
    let mut wish = request(&[("FINAL TIME", 2024.0), ("SAVEPER", 1.0), ("TIME STEP", 1.0 / 16.0)]);
    wish.outputs = Outputs::Chosen(saves.map(str::to_owned).to_vec());
    wish.expressions = TOTALS.iter().map(|name| total_output(name)).collect();
    let program = program(model(ZGC), &wish);
    let parameters = parameters(&program);
    assert_eq!(parameters.len(), 236);

    let policies: Vec<Vec<(usize, f64)>> = POLICIES
        .iter()
        .map(|policy| if *policy == "baseline" { Vec::new() } else { indices(&program, &preset(policy)) })
        .collect();
    let mut cases = vec![None];
    cases.extend(parameters.iter().flat_map(|index| [Some((*index, 0.7)), Some((*index, 1.3))]));
    let changes = cases
        .iter()
        .flat_map(|case| {
            policies.iter().map(|policy| {
                let moved = case.map(|(index, factor): (usize, f64)| (index, program.constants[index].value * factor));
                moved.into_iter().chain(policy.iter().copied()).collect()
            })
        })
        .collect();
    let mut broken = Vec::new();
    for (case, runs) in cases.iter().zip(runs(&program, Method::RungeKutta4, changes).chunks(POLICIES.len())) {
        let label = case.map_or("as it stands".to_owned(), |(index, factor)| {
            format!("{} times {factor}", program.constants[index].name)
        });
        broken.extend(signs(runs).iter().filter(|(_, holds)| !holds).map(|(sign, _)| format!("{sign}: {label}")));
    }
    broken.sort();
    // Equity stops costing state return where grassroots firms are nearly as competitive as elite firms.
    assert_eq!(
        broken,
        [
            "equity costs state return: cost rel[elite] times 1.3",
            "equity costs state return: cost rel[grassroots] times 0.7",
            "equity costs state return: network[elite] times 0.7",
            "equity costs state return: network[grassroots] times 1.3",
        ]
    );
}

fn stocks(program: &Program) -> impl Iterator<Item = &str> {
    program.states.iter().map(|state| state.name.as_str())
}

#[test]
fn a_shorter_step_or_error_control_changes_little() {
    let program = program(model(ZGC), &request(&[("SAVEPER", 1.0)]));
    let coarse = vec![(constant(&program, "TIME STEP"), 1.0 / 32.0)];
    let fixed = runs(&program, Method::RungeKutta4, vec![Vec::new(), coarse]);
    let adaptive = runs(&program, Method::DormandPrince, vec![Vec::new()]).remove(0);
    for name in stocks(&program) {
        let step = distance(fixed[1].of(name), fixed[0].of(name));
        assert!(step < 1e-4, "{name}: {step} between steps of 1/32 and 1/64");
        let control = distance(adaptive.of(name), fixed[0].of(name));
        assert!(control < 1e-3, "{name}: {control} between error control and fixed steps");
    }
}

/// The largest distance of a run from a table of `models/zgc/reference`, over all 48 stocks.
fn farthest(run: &Run, file: &str) -> f64 {
    let mut table = csv::Reader::from_path(inside("models/zgc/reference").join(file)).expect(file);
    let names: Vec<String> = table.headers().expect(file).iter().map(str::to_owned).collect();
    assert_eq!(names.len(), 49, "{file}");
    let rows: Vec<Vec<f64>> = table.deserialize().map(|row| row.expect(file)).collect();
    let column = |index: usize| rows.iter().map(|row| row[index]).collect::<Vec<f64>>();
    assert_eq!(run.time, column(0), "{file}");
    names.iter().enumerate().skip(1).map(|(index, name)| distance(run.of(name), &column(index))).fold(0.0, f64::max)
}

/// The model with the output of 2019 and 2020 that the reference runs were made with, 98 652 and 101 357 bn CNY.
fn as_referred_to() -> CheckedModel {
    let text = std::fs::read_to_string(inside(ZGC)).expect("the model is shipped");
    let (now, then) = ("(2019.5,11.49930817),(2020.5,11.52689839)", "(2019.5,11.49935378),(2020.5,11.52640422)");
    assert_eq!(text.matches(now).count(), 1);
    let path = std::env::temp_dir().join(format!("levada-zgc-{}.mdl", std::process::id()));
    std::fs::write(&path, text.replace(now, then)).expect("a writable folder");
    let (read, _) = levada::parse::read_file(&path);
    std::fs::remove_file(&path).expect("its own file");
    let (source, model) = read.expect("a readable model");
    levada::check::check(&source, model, &std::collections::HashMap::new()).0.expect("a sound model")
}

#[test]
fn other_programs_find_the_same_numbers() {
    let referred = as_referred_to();
    for (file, sets, method) in [
        ("baseline-euler-pysd.csv", Vec::new(), Method::Euler),
        ("baseline-rk4.csv", Vec::new(), Method::RungeKutta4),
        ("no-campaign-rk4.csv", preset("no-campaign"), Method::RungeKutta4),
        ("market-only-vc-rk4.csv", preset("market-only-vc"), Method::RungeKutta4),
        ("equity-safety-net-rk4.csv", preset("equity-safety-net"), Method::RungeKutta4),
        ("no-trade-war-rk4.csv", preset("no-trade-war"), Method::RungeKutta4),
    ] {
        let mut wish = request(&[("SAVEPER", 1.0)]);
        wish.landing = Landing::Grid;
        wish.overrides.extend(sets);
        let found = farthest(&run(&referred, &wish, method), file);
        assert!(found < 1e-10, "{file}: {found}");
    }
}

#[test]
fn claims_name_variables_of_the_model() {
    let text = std::fs::read_to_string(inside("models/zgc/claims.md")).expect("claims.md");
    let names = model(ZGC).names();
    let rows = text.lines().filter(|line| line.starts_with("| ") && line.split('|').count() == 7);
    let mut claims = 0;
    for row in rows {
        claims += 1;
        for code in row.split('`').skip(1).step_by(2) {
            let name = code.split('[').next().unwrap_or(code);
            assert!(names.variable(&Name::new(name)).is_some(), "claims.md speaks of `{code}`, which the model lacks");
        }
    }
    assert_eq!(claims, 94 + 5, "94 claims and the heads of five tables");
}

/// A difference in percentage points.
fn points(difference: f64) -> String {
    let text = format!("{:+.2}", 100.0 * difference);
    if matches!(text.as_str(), "+0.00" | "-0.00") { "0".to_owned() } else { text }
}

#[test]
fn the_readme_states_what_the_model_does() {
    let mut wish = request(&[("SAVEPER", 1.0)]);
    let saves = ["distress debt[grassroots]", "state return"];
    wish.outputs = Outputs::Chosen(saves.map(str::to_owned).to_vec());
    wish.expressions = TOTALS.iter().map(|name| total_output(name)).collect();
    let program = program(model(ZGC), &wish);
    let labels = [
        ("no-campaign", "no campaign"),
        ("no-mobilisation", "no mobilisation"),
        ("market-only-vc", "market-only venture capital"),
        ("no-guidance-funds", "no guidance funds"),
        ("equity-safety-net", "equity and safety net"),
        ("no-trade-war", "no trade war"),
        ("no-supply-side-reform", "no supply-side reform"),
        ("no-zero-covid", "no Zero-Covid"),
        ("sustained-campaign", "sustained campaign"),
    ];
    let mut changes = vec![Vec::new()];
    changes.extend(labels.iter().map(|(file, _)| indices(&program, &preset(file))));
    let runs = runs(&program, Method::RungeKutta4, changes);
    let years = |run: &Run, name: &str, years: &[f64], join: &str| {
        let totals: Vec<String> = years.iter().map(|year| format!("{:.0}", total(run, name, *year))).collect();
        totals.join(join)
    };
    let text = std::fs::read_to_string(inside("models/zgc/README.md")).expect("README.md");
    let flowing = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let capital = years(&runs[0], "vc investment", &[2010.0, 2013.0, 2015.0, 2017.0, 2019.0], ", ");
    assert!(flowing.contains(&format!("venture investment (bn CNY a year) {capital}.")), "{capital}");
    for (run, label) in runs.iter().zip(std::iter::once("baseline").chain(labels.map(|(_, label)| label))) {
        let unemployment = [2016.0, 2019.0, 2023.0]
            .map(|year| points(total(run, "unemployment rate", year) - total(&runs[0], "unemployment rate", year)));
        let row = format!(
            "| {label} | {} | {} | {} | {:.0} | {:.2} | {:.3} |",
            years(run, "registered entry", &[2016.0, 2019.0], " / "),
            years(run, "vc investment", &[2016.0, 2019.0], " / "),
            if label == "baseline" { String::new() } else { unemployment.join(" / ") },
            run.at("distress debt[grassroots]", 2020.0),
            run.at("state return", 2024.0),
            total(run, "tech autonomy", 2023.0),
        );
        assert!(text.contains(&row), "the README lacks the row {row}");
    }
}
