//! Plans of ensembles on a small model: members by number, designs, correlations, and everything that cannot be varied.

use levada::check::CheckedModel;
use levada::compile::{Program, Request, compile};
use levada::diagnostic::render;
use levada::ensemble::{Design, Order, Plan, Variation};

fn program(text: &str) -> (CheckedModel, Program) {
    let checked = super::model_text(text);
    let program = compile(&checked, &Request::default()).unwrap();
    (checked, program)
}

const MODEL: &str = "{UTF-8}\n\
    place: north, south ~~|\n\
    rate[place]= 0.1, 0.2 ~~|\n\
    birth= 3 ~~|\n\
    double birth= 2*birth ~~|\n\
    stock[place]= INTEG(birth - rate[place]*stock[place], 5) ~~|\n\
    INITIAL TIME = 0 ~~|\nFINAL TIME = 4 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = TIME STEP ~~|\n";

fn plan(specs: &[&str], design: Design, members: Option<u64>) -> Result<Plan, String> {
    let (checked, program) = program(MODEL);
    let specs: Vec<String> = specs.iter().map(|spec| (*spec).to_owned()).collect();
    let variation = Variation { design, ..Variation::read(&specs).unwrap() };
    let order = Order { variation: &variation, set: &[("birth".to_owned(), 2.0)], members, seed: 7 };
    Plan::new(order, &checked, &program)
        .map_err(|found| found.iter().map(|found| render(found).trim_end().to_owned() + "\n").collect())
}

#[test]
fn members_are_functions_of_their_number() {
    let specs = ["rate=uniform(0, 1)", "stock never=uniform(0,1)"];
    for design in [Design::Random, Design::Sobol, Design::LatinHypercube] {
        let plan = plan(&specs[..1], design, Some(100)).unwrap();
        let values: Vec<f64> = (0..100).map(|number| plan.values(number)[0]).collect();
        let backwards: Vec<f64> = (0..100).rev().map(|number| plan.clone().values(number)[0]).collect();
        assert!(values.iter().eq(backwards.iter().rev()));
        // Both elements of the array have the value.
        let member = plan.member(3);
        assert_eq!((member.number, member.changes.len()), (3, 2));
        assert!(member.changes.iter().all(|(_, value)| *value == values[3]));
        let mean = values.iter().sum::<f64>() / 100.0;
        assert!((mean - 0.5).abs() < if design == Design::Random { 0.12 } else { 0.01 }, "{design:?} {mean}");
        if design == Design::LatinHypercube {
            let mut slices: Vec<usize> = values.iter().map(|value| (value * 100.0) as usize).collect();
            slices.sort_unstable();
            assert!(slices.into_iter().eq(0..100));
        }
    }
    // How many there are matters to Latin hypercubes only.
    let first = |members| plan(&specs[..1], Design::Sobol, Some(members)).unwrap().values(5);
    assert_eq!(first(10), first(1000));
}

/// Correlations of the normal numbers behind the laws, by their estimates from many members.
#[test]
fn correlations_are_met() {
    let folder = std::env::temp_dir().join(format!("levada-plan-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("vary.toml");
    let text = "design = \"latin-hypercube\"\nmembers = 4000\n[vary]\n\"rate[north]\" = \"normal(0, 1)\"\n\
                \"rate[south]\" = \"normal(5, 2)\"\nbirth = \"uniform(0, 1)\"\n\
                [[correlation]]\nbetween = [\"rate[north]\", \"rate[south]\"]\nrho = -0.6\n";
    std::fs::write(&path, text).unwrap();
    let (checked, program) = program(MODEL);
    let variation = Variation::read(&[path.display().to_string()]).unwrap();
    let plan =
        Plan::new(Order { variation: &variation, set: &[], members: None, seed: 1 }, &checked, &program).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    let rows: Vec<Vec<f64>> = (0..plan.len()).map(|number| plan.values(number)).collect();
    let mean = |f: &dyn Fn(&Vec<f64>) -> f64| rows.iter().map(f).sum::<f64>() / rows.len() as f64;
    let product = mean(&|row| row[0] * (row[1] - 5.0) / 2.0);
    assert!((product + 0.6).abs() < 0.03, "{product}");
    assert!(mean(&|row| row[0] * (row[2] - 0.5)).abs() < 0.03);
    assert!((mean(&|row| row[1]) - 5.0).abs() < 0.1);
}

#[test]
fn all_mistakes_are_said_at_once() {
    let specs = [
        "raet=uniform(0, 1)",
        "double birth=uniform(0, 1)",
        "TIME STEP=uniform(0, 1)",
        "birth=normal(1, 2)",
        "rate=normal(1, 2)",
        "rate[north]=normal(1, 2)",
    ];
    assert_eq!(
        plan(&specs, Design::LatinHypercube, None).unwrap_err(),
        r#"error[unknown-constant]: the model has no constant `raet` to vary
 --> --vary:1:1
  |
1 | raet=uniform(0, 1)
  | ^^^^ this name
  |
  = help: a constant is a variable that the model defines by a number
error[not-constant]: `double birth` is computed by the model and cannot be varied
 --> --vary:1:1
  |
1 | double birth=uniform(0, 1)
  | ^^^^^^^^^^^^ this name
  |
  = help: vary one of the constants it is computed from
error[control-varied]: `TIME STEP` decides when values are saved; summaries need the same times in every member
 --> --vary:1:1
  |
1 | TIME STEP=uniform(0, 1)
  | ^^^^^^^^^ this name
  |
  = help: run one ensemble for each of its values, with --set
error[set-and-varied]: `birth` is both set and varied
 --> --vary:1:1
  |
1 | birth=normal(1, 2)
  | ^^^^^ varied here
  |
  = help: leave out one of --set and --vary
error[varied-twice]: `rate[north]` is varied twice
 --> --vary:1:1
  |
1 | rate[north]=normal(1, 2)
  | ^^^^^^^^^^^ again here
  |
  = help: keep one of the two
error[members-unknown]: how many members are there?
 |
 = help: add --members N; a Latin hypercube's members depend on their number
"#
    );
}
