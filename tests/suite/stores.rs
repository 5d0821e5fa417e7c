//! Conveyors, queues and ovens: nothing is lost or made, every run of a block is the run alone, and what cannot be run
//! is refused. Their values by hand stand in `language/accepted`.

use levada::check::{CheckedModel, check};
use levada::compile::{Landing, Program, Request, compile};
use levada::diagnostic::{Diagnostic, Source, render};
use levada::model::{Definition, Store};
use levada::parse::xmile;
use levada::series::Table;
use levada::simulate::{Failure, Member, Method, Save, Settings, run, run_members};
use proptest::prelude::*;
use std::path::Path;

const ACCEPTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/language/accepted");

fn checked(text: &str) -> Result<CheckedModel, Vec<Diagnostic>> {
    let source = Source::new("stores.xmile", text);
    let (model, mut found) = xmile::read(&source, Path::new(""));
    let (checked, more) = check(&source, model, &Default::default());
    found.extend(more);
    found.retain(Diagnostic::is_error);
    checked.filter(|_| found.is_empty()).ok_or(found)
}

fn program(text: &str) -> Program {
    let told = |found: Vec<Diagnostic>| format!("{}\n{text}", found.iter().map(render).collect::<String>());
    let program = checked(text).and_then(|checked| compile(&checked, &Request::default()));
    program.map_err(told).unwrap()
}

fn model(stop: f64, per_unit: u32, variables: &str) -> String {
    format!(
        "<xmile version=\"1.0\" xmlns=\"http://docs.oasis-open.org/xmile/ns/XMILE/v1.0\" \
         xmlns:isee=\"http://iseesystems.com/XMILE\"><header><vendor>isee systems, inc.</vendor><product>Stella</product></header>\
         <sim_specs><start>0</start><stop>{stop}</stop><dt reciprocal=\"true\">{per_unit}</dt></sim_specs>\
         <model><variables>{variables}</variables></model></xmile>"
    )
}

/// The largest part of what a store holds or moves in a step that is missing from it after the step or was not there.
fn imbalance(checked: &CheckedModel, table: &Table, step: f64) -> (f64, usize) {
    let column = |variable: usize, coordinates: &[_]| table.column(&checked.element_name(variable, coordinates));
    let (mut largest, mut stores) = (0.0f64, 0);
    for (number, variable) in checked.model().variables.iter().enumerate() {
        let stocks = variable.equations.iter().filter_map(|equation| match &equation.definition {
            Definition::Stock(stock) if stock.store != Store::Reservoir => Some(stock),
            _ => None,
        });
        let Some(stock) = stocks.into_iter().next() else { continue };
        for coordinates in &checked.scope(0).elements[number].order {
            stores += 1;
            let content = column(number, coordinates).unwrap();
            let flows = |names: &[levada::model::Name]| -> Vec<Vec<f64>> {
                let own = names.iter().map(|name| checked.names().variable(name).unwrap());
                own.map(|flow| column(flow, coordinates).unwrap().to_vec()).collect()
            };
            let (inflows, outflows) = (flows(&stock.inflows), flows(&stock.outflows));
            for row in 1..content.len() {
                let sum = |flows: &[Vec<f64>]| flows.iter().map(|flow| flow[row - 1] * step).sum::<f64>();
                let (gained, lost) = (sum(&inflows), sum(&outflows));
                let scale = content[row - 1].abs() + gained.abs() + lost.abs() + 1.0;
                largest = largest.max((content[row] - content[row - 1] - gained + lost).abs() / scale);
                assert!(content[row] >= -1e-12 * scale, "`{}` is {} in row {row}", variable.name, content[row]);
                let outflows = outflows.iter().chain(&inflows);
                assert!(outflows.clone().all(|flow| flow[row - 1] >= -1e-12 * scale), "a flow runs backwards");
            }
        }
    }
    (largest, stores)
}

#[test]
fn nothing_is_lost_or_made() {
    let mut all = 0;
    for file in ["conveyors", "conveyors_that_change", "queues_and_ovens", "containers"] {
        let text = std::fs::read_to_string(format!("{ACCEPTED}/{file}.xmile")).unwrap();
        let checked = checked(&text).unwrap();
        let program = compile(&checked, &Request::default()).unwrap();
        let table = run(&program, &Settings::default()).unwrap();
        let step = table.time[1] - table.time[0];
        let (imbalance, stores) = imbalance(&checked, &table, step);
        assert!(imbalance <= 1e-12, "{file}: {imbalance}");
        all += stores;
    }
    assert!(all > 40, "{all}");
}

/// A line of stores with numbers at random: a stock or queue, a conveyor, and a queue and an oven behind it.
#[derive(Clone, Debug)]
struct Plant {
    per_unit: u32,
    transit: (f64, f64),
    changes: bool,
    sampled: bool,
    arrested: bool,
    discrete: bool,
    queued: bool,
    batches: (bool, bool),
    capacity: Option<f64>,
    limit: Option<f64>,
    initial: f64,
    exponential: bool,
    spread: bool,
    leaks: Vec<(f64, f64, f64, bool)>,
    rates: Vec<f64>,
    oven: (f64, f64, f64, f64),
}

impl Plant {
    fn text(&self) -> String {
        let flag = |set: bool, text: String| if set { text } else { String::new() };
        let option =
            |name: &str, value: Option<f64>| value.map_or(String::new(), |value| format!("<{name}>{value}</{name}>"));
        let points: Vec<String> = self.rates.iter().map(f64::to_string).collect();
        let xs: Vec<String> = (0..points.len()).map(|x| x.to_string()).collect();
        let mut text = format!(
            "<aux name=\"supply\"><eqn>TIME</eqn><gf><xpts>{}</xpts><ypts>{}</ypts></gf></aux>",
            xs.join(","),
            points.join(",")
        );
        if self.queued {
            text += "<stock name=\"Before\"><eqn>3, 1</eqn><inflow>arriving</inflow><outflow>entering</outflow><outflow>balking\
                     </outflow><queue/></stock><flow name=\"arriving\"><eqn>supply</eqn></flow><flow name=\"entering\"/>\
                     <flow name=\"balking\"><overflow/></flow>";
        } else {
            let spread = flag(self.spread, " isee:spreadflow=\"even\"".to_owned());
            text += "<stock name=\"Before\"><eqn>20</eqn><inflow>arriving</inflow><outflow>entering</outflow><non_negative/></stock>\
                     <flow name=\"arriving\"><eqn>supply / 2</eqn></flow>";
            text += &format!("<flow name=\"entering\"{spread}><eqn>supply</eqn></flow>");
        }
        let discrete = self.discrete || self.queued;
        let at_least = |time: f64| time.max(1.0 / f64::from(self.per_unit));
        let (first, second) = (at_least(self.transit.0), at_least(self.transit.1));
        let transit = if self.changes {
            format!("{first} + ({second} - {first}) * (SIN(TIME * 2) + 1) / 2")
        } else {
            first.to_string()
        };
        let outflows: String = (0..self.leaks.len()).map(|leak| format!("<outflow>leak {leak}</outflow>")).collect();
        text += &format!(
            "<stock name=\"Belt\"><eqn>{}</eqn><inflow>entering</inflow><outflow>through</outflow>{outflows}\
             <conveyor discrete=\"{discrete}\" exponential_leak=\"{}\" batch_integrity=\"{}\" one_at_a_time=\"{}\">\
             <len>{transit}</len>{}{}{}{}</conveyor></stock><flow name=\"through\"/>",
            self.initial,
            self.exponential,
            self.batches.0,
            self.batches.1,
            option("capacity", self.capacity),
            option("in_limit", self.limit),
            flag(self.sampled, "<sample>SIN(TIME * 5) &gt; 0</sample>".to_owned()),
            flag(self.arrested, "<arrest>TIME MOD 3 &gt; 2</arrest>".to_owned()),
        );
        for (number, (fraction, start, end, integers)) in self.leaks.iter().enumerate() {
            let zone = flag(!self.changes, format!(" leak_start=\"{start}\" leak_end=\"{end}\""));
            let whole = flag(*integers, "<leak_integers/>".to_owned());
            text +=
                &format!("<flow name=\"leak {number}\"{zone}><leak>{fraction} * (1 + SIN(TIME))</leak>{whole}</flow>");
        }
        let (cook, fill, clean, size) = self.oven;
        text += &format!(
            "<stock name=\"Between\"><eqn>0</eqn><inflow>through</inflow><outflow>loading</outflow><queue/></stock>\
             <flow name=\"loading\"/><stock name=\"Oven\"><eqn>0</eqn><inflow>loading</inflow><outflow>unloading</outflow>\
             <oven batch_integrity=\"{}\" one_at_a_time=\"{}\"><len>{cook}</len><fill_time>{fill}</fill_time>\
             <clean_time>{clean}</clean_time><capacity>{size}</capacity></oven></stock><flow name=\"unloading\"/>",
            self.batches.1, self.batches.0
        );
        model(12.0, self.per_unit, &text)
    }
}

fn plants() -> impl Strategy<Value = Plant> {
    let share = 0.0..1.0f64;
    let leak = (0.0..0.8f64, 0.0..0.5f64, 0.5..1.0f64, any::<bool>());
    let belt = (1..9u32, (0.1..5.0f64, 0.1..5.0f64), any::<[bool; 6]>(), any::<(bool, bool)>());
    let limits = (prop::option::of(1.0..20.0f64), prop::option::of(0.5..20.0f64), 0.0..15.0f64, any::<bool>());
    let oven = (0.0..3.0f64, 0.0..3.0f64, 0.0..2.0f64, 0.5..10.0f64);
    let rates = prop::collection::vec(prop_oneof![1 => Just(0.0), 3 => share.prop_map(|share| 12.0 * share)], 2..13);
    (belt, limits, prop::collection::vec(leak, 0..4), rates, oven).prop_map(|(belt, limits, leaks, rates, oven)| {
        let (per_unit, transit, [changes, sampled, arrested, discrete, queued, spread], batches) = belt;
        let (capacity, limit, initial, exponential) = limits;
        Plant {
            per_unit,
            transit,
            changes,
            sampled,
            arrested,
            discrete,
            queued,
            batches,
            capacity,
            limit,
            initial,
            exponential,
            spread,
            leaks,
            rates,
            oven,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn nothing_is_lost_or_made_by_numbers_at_random(plant in plants()) {
        let text = plant.text();
        let checked = match checked(&text) {
            Ok(checked) => checked,
            Err(found) => return Err(TestCaseError::fail(format!("{}{text}", found.iter().map(render).collect::<String>()))),
        };
        let program = match compile(&checked, &Request::default()) {
            Ok(program) => program,
            // A zone between the middles of two slats.
            Err(found) => {
                prop_assert!(found.iter().all(|found| found.message.contains("shorter than a step")), "{found:?}");
                return Ok(());
            }
        };
        let table = run(&program, &Settings::default()).map_err(|failure| TestCaseError::fail(format!("{failure:?}\n{text}")))?;
        let (imbalance, _) = imbalance(&checked, &table, 1.0 / f64::from(plant.per_unit));
        prop_assert!(imbalance <= 1e-12, "{} in {}", imbalance, text);
        if let Some(capacity) = plant.capacity.filter(|capacity| *capacity > plant.initial) {
            let most = table.column("Belt").unwrap().iter().fold(0.0, |most: f64, content| most.max(*content));
            prop_assert!(most <= capacity * (1.0 + 1e-9), "{} in {}", most, text);
        }
        let members: Vec<Member> = (0..9).map(|number| Member { number, changes: Vec::new() }).collect();
        for saved in run_members(&program, &Settings::default(), &members) {
            let rows = saved.map_err(|failure| TestCaseError::fail(format!("{failure:?}")))?.rows;
            prop_assert!(rows.iter().zip(table.values.iter()).all(|(own, alone)| own.to_bits() == alone.to_bits()));
        }
    }
}

/// Leaks that together take all before the first time unit of the way ends: a discrete conveyor then has no beginning of a
/// unit to stand on, and holds its content where it entered.
#[test]
fn what_would_leak_before_the_next_time_unit_is_held_where_it_entered() {
    for content in [0.0, 6.0] {
        let text = format!(
            "<stock name=\"Belt\"><eqn>{content}</eqn><outflow>off</outflow><outflow>lost</outflow>\
             <conveyor discrete=\"true\"><len>0.75</len></conveyor></stock><flow name=\"off\"/>\
             <flow name=\"lost\"><leak>3</leak></flow>"
        );
        let table = run(&program(&model(2.0, 4, &text)), &Settings::default()).unwrap();
        let first =
            |name: &str, count: usize| table.column(name).unwrap().iter().take(count).copied().collect::<Vec<_>>();
        assert_eq!(first("Belt", 3), [content, 0.0, 0.0]);
        assert_eq!(first("lost", 2), [4.0 * content, 0.0]);
    }
}

const SIMPLE: &str = "<stock name=\"Belt\"><eqn>8</eqn><inflow>on</inflow><outflow>off</outflow><conveyor><len>2</len></conveyor>\
                      </stock><flow name=\"on\"><eqn>rate</eqn></flow><flow name=\"off\"/><aux name=\"rate\"><eqn>3</eqn></aux>";

/// Ageing and dying, from those who grew up to those who are born: the loops go through the conveyor.
#[test]
fn loops_go_through_conveyors() {
    let text = model(
        6.0,
        4,
        "<stock name=\"Young\"><eqn>8</eqn><inflow>births</inflow><outflow>maturing</outflow><outflow>dying</outflow>\
         <conveyor><len>2</len></conveyor></stock><stock name=\"Adult\"><eqn>4</eqn><inflow>maturing</inflow></stock>\
         <flow name=\"births\"><eqn>Adult / 10</eqn></flow><flow name=\"maturing\"/>\
         <flow name=\"dying\"><leak>MIN(1, Adult / 100)</leak></flow>",
    );
    let checked = checked(&text).unwrap();
    let found = levada::check::feedback(&checked);
    let name = |index: usize| checked.model().variables[index].name.text();
    let lines =
        found.links.iter().map(|link| format!("{} {} {}", name(link.cause), link.polarity.symbol(), name(link.effect)));
    let expected = [
        "Young + maturing",
        "Young + dying",
        "Adult + births",
        "Adult + dying",
        "births + Young",
        "maturing - Young",
        "maturing + Adult",
        "dying - Young",
    ];
    assert_eq!(lines.collect::<Vec<_>>(), expected);
    assert_eq!(found.loops.list.len(), 4);
}

/// Runs of one block with constants of their own are the runs alone, to the last bit.
#[test]
fn members_run_as_they_do_alone() {
    let program = program(&model(6.0, 4, SIMPLE));
    let rate = program.constants.iter().position(|constant| constant.name == "rate").unwrap();
    let members: Vec<Member> =
        (0..40).map(|number| Member { number, changes: vec![(rate, 0.1 + 0.3 * number as f64)] }).collect();
    let together = run_members(&program, &Settings::default(), &members);
    for (member, together) in members.iter().zip(together) {
        let alone = run_members(&program, &Settings::default(), std::slice::from_ref(member)).remove(0).unwrap();
        assert_eq!(together.unwrap().rows, alone.rows);
    }
}

#[test]
fn methods_with_stages_are_refused() {
    let program = program(&model(6.0, 4, SIMPLE));
    for (method, word) in
        [(Method::RungeKutta2, "rk2"), (Method::RungeKutta4, "rk4"), (Method::DormandPrince, "dopri5")]
    {
        let failure = run(&program, &Settings { method, ..Settings::default() }).unwrap_err();
        assert_eq!(failure, Failure::NeedsEuler { variable: "Belt".to_owned(), method: word });
        assert_eq!(
            render(&failure.diagnostic()),
            format!(
                "error[needs-euler]: `Belt` is a conveyor, queue or oven, which moves in whole steps and not within those of \
                 {word}\n |\n = help: use --method euler, as the tools that have them do\n"
            )
        );
    }
    let halved = Settings { step_share: 0.5, ..Settings::default() };
    assert_eq!(run(&program, &halved).unwrap_err(), Failure::NeedsGrid { variable: "Belt".to_owned() });
}

/// How long a queue may grow depends on the end of the run, which may not depend on the queue.
#[test]
fn an_end_that_waits_for_its_queue_is_refused() {
    let text = model(
        6.0,
        4,
        "<stock name=\"Line\"><eqn>1</eqn><inflow>on</inflow><outflow>off</outflow><queue/></stock><flow name=\"on\"><eqn>1</eqn>\
         </flow><flow name=\"off\"/><stock name=\"Bus\"><eqn>0</eqn><inflow>off</inflow><outflow>out</outflow>\
         <conveyor discrete=\"true\"><len>1</len><capacity>1</capacity></conveyor></stock><flow name=\"out\"/>",
    );
    let text = text.replace("<stop>6</stop>", "<stop>6 + SIZE(Line)</stop>");
    let found = checked(&text).and_then(|checked| compile(&checked, &Request::default())).unwrap_err();
    let said = "a queue in a run whose end is not known before it in `Line` cannot be run exactly";
    assert!(found.iter().any(|fault| fault.message == said), "{found:?}");
}

/// A switch between steps acts from the next step on, whatever was asked for; a save between steps is refused.
#[test]
fn steps_keep_to_the_grid() {
    let text = model(6.0, 4, &SIMPLE.replace("<eqn>3</eqn>", "<eqn>3 + STEP(1, 2.1)</eqn>"));
    let checked = checked(&text).unwrap();
    let tables = [Landing::Exact, Landing::Grid].map(|landing| {
        let request = Request { landing, ..Request::default() };
        run(&compile(&checked, &request).unwrap(), &Settings::default()).unwrap()
    });
    assert_eq!(tables[0].values, tables[1].values);
    assert_eq!(tables[0].column("on").unwrap().sum(), 25.0 * 3.0 + 17.0);
    let between = Settings { save: Save::At(vec![0.0, 2.1]), ..Settings::default() };
    assert_eq!(run(&program(&text), &between).unwrap_err(), Failure::NeedsGrid { variable: "Belt".to_owned() });
}
