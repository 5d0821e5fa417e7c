//! First derivatives of models at random against dual numbers carried through the program's instructions one by one.

use levada::compile::{
    Binary, Code, Direction, Landing, Operation, Program, Request, Table, Unary, compile, differentiate,
};
use levada::simulate::{Member, Method, Settings, run_members, run_tangents};
use proptest::prelude::*;

/// A value and its derivative.
#[derive(Clone, Copy, Default)]
struct Dual(f64, f64);

fn unary(operation: Unary, Dual(x, dx): Dual) -> Dual {
    let value = operation.apply(x);
    let slope = match operation {
        Unary::Negate => -1.0,
        Unary::Absolute if x < 0.0 => -1.0,
        Unary::Absolute => 1.0,
        Unary::Exponential => value,
        Unary::NaturalLogarithm => 1.0 / x,
        Unary::SquareRoot => 0.5 / value,
        Unary::Sine => x.cos(),
        Unary::Cosine => -x.sin(),
        Unary::ArcTangent => 1.0 / (1.0 + x * x),
        Unary::HyperbolicTangent => 1.0 / x.cosh().powi(2),
        Unary::Truncate | Unary::Floor | Unary::Not => 0.0,
        other => panic!("{other:?} is not in the models"),
    };
    Dual(value, slope * dx)
}

fn binary(operation: Binary, Dual(a, da): Dual, Dual(b, db): Dual) -> Dual {
    let value = operation.apply(a, b);
    let moves = match operation {
        Binary::Add => da + db,
        Binary::Subtract => da - db,
        Binary::Multiply => da * b + a * db,
        Binary::Divide => (da - value * db) / b,
        Binary::Power => b * a.powf(b - 1.0) * da + value * a.ln() * db,
        Binary::Minimum if a < b => da,
        Binary::Minimum => db,
        Binary::Maximum if a > b => da,
        Binary::Maximum => db,
        Binary::Modulo | Binary::Remainder => da - ((a - value) / b).round() * db,
        _ => 0.0,
    };
    Dual(value, moves)
}

fn look_up(table: &Table, Dual(x, dx): Dual) -> Dual {
    let inside = table.x.windows(2).position(|pair| pair[0] <= x && x < pair[1]);
    let slope = inside.map_or(0.0, |i| (table.y[i + 1] - table.y[i]) / (table.x[i + 1] - table.x[i]));
    Dual(table.at(x), slope * dx)
}

fn execute(code: &Code, program: &Program, all: &mut [Dual]) {
    for i in &code.instructions {
        let [a, b, c] = [i.a, i.b, i.c].map(|register| all.get(register as usize).copied().unwrap_or_default());
        all[i.to as usize] = match i.operation {
            Operation::Unary(operation) => unary(operation, a),
            Operation::Binary(operation) => binary(operation, a, b),
            Operation::Pair(pair) if pair.turned => binary(pair.second, c, binary(pair.first, a, b)),
            Operation::Pair(pair) => binary(pair.second, binary(pair.first, a, b), c),
            Operation::Select => {
                if a.0 != 0.0 {
                    b
                } else {
                    c
                }
            }
            Operation::Lookup => look_up(&program.tables[i.b as usize], a),
            Operation::Vector => panic!("no vectors in the models"),
        };
    }
}

/// Derivatives of the outputs at the end along one constant, by a fixed-step method with these nodes and weights.
fn written_out(program: &Program, constant: usize, c: &[f64], a: &[&[f64]], b: &[f64]) -> Vec<f64> {
    let mut all = vec![Dual::default(); program.registers];
    for (register, value) in &program.numbers {
        all[*register as usize].0 = *value;
    }
    for (number, register) in program.constant_registers.iter().enumerate() {
        all[*register as usize] = Dual(program.constants[number].value, f64::from(number == constant));
    }
    execute(&program.run, program, &mut all);
    let (start, step, stop) = (0.0, 0.25, 5.0);
    all[program.time as usize] = Dual(start, 0.0);
    execute(&program.initial, program, &mut all);
    let mut states: Vec<Dual> = program.states.iter().map(|state| all[state.initial as usize]).collect();
    let steps = ((stop - start) / step) as usize;
    for number in 0..steps {
        let begin = start + number as f64 * step;
        let mut slopes: Vec<Vec<Dual>> = Vec::new();
        let moved = |weights: &[f64], slopes: &[Vec<Dual>], states: &[Dual]| -> Vec<Dual> {
            let each = states.iter().enumerate();
            each.map(|(place, state)| {
                let sum = |of: fn(Dual) -> f64| -> f64 {
                    weights.iter().zip(slopes).map(|(weight, stage)| weight * of(stage[place])).sum()
                };
                Dual(state.0 + step * sum(|d| d.0), state.1 + step * sum(|d| d.1))
            })
            .collect()
        };
        for (share, weights) in c.iter().zip(a) {
            for (slot, value) in program.states.iter().zip(moved(weights, &slopes, &states)) {
                all[slot.register as usize] = value;
            }
            all[program.time as usize] = Dual(begin + share * step, 0.0);
            execute(&program.rate, program, &mut all);
            slopes.push(program.states.iter().map(|state| all[state.derivative as usize]).collect());
        }
        states = moved(b, &slopes, &states);
    }
    for (slot, value) in program.states.iter().zip(&states) {
        all[slot.register as usize] = *value;
    }
    all[program.time as usize] = Dual(stop, 0.0);
    execute(&program.save, program, &mut all);
    program.outputs.iter().map(|output| all[output.register as usize].1).collect()
}

/// An expression over stocks, constants and time, finite wherever those are.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec!["x", "y", "p", "q", "Time", "0.7", "2"]).prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 4, |inner| {
        let form = prop::sample::select(vec![
            "(A + B)",
            "(A - B)",
            "(A * B)",
            "(A / (1.5 + B * B))",
            "(A / (1.5 + p * p))",
            "MIN(A, B)",
            "MAX(A, B)",
            "IF THEN ELSE(A > B, C, D)",
            "EXP(-ABS(A))",
            "LN(1 + A * A)",
            "SQRT(0.5 + A * A)",
            "SIN(A)",
            "COS(A)",
            "ARCTAN(A)",
            "TANH(A)",
            "((0.5 + ABS(A)) ^ SIN(B))",
            "((0.5 + ABS(A)) ^ 0.3)",
            "MODULO(A, 2.5)",
            "INTEGER(A)",
            "curve(A)",
            "SMOOTH(A, 2)",
            "DELAY1(A, 3)",
        ]);
        (form, inner.clone(), inner.clone(), inner.clone(), inner).prop_map(|(form, a, b, c, d)| {
            // Letters of the forms stand alone; those of names do not.
            let mut text = String::new();
            let letters: Vec<char> = form.chars().collect();
            for (place, letter) in letters.iter().enumerate() {
                let alone = |other: Option<&char>| other.is_none_or(|other| !other.is_ascii_alphanumeric());
                let single =
                    alone(place.checked_sub(1).and_then(|before| letters.get(before))) && alone(letters.get(place + 1));
                match letter {
                    'A' if single => text.push_str(&a),
                    'B' if single => text.push_str(&b),
                    'C' if single => text.push_str(&c),
                    'D' if single => text.push_str(&d),
                    other => text.push(*other),
                }
            }
            text
        })
    })
}

fn model(first: &str, second: &str, third: &str) -> Program {
    let equations = [
        format!("x = INTEG(SIN({first}) - 0.3 * x, p)"),
        format!("y = INTEG(TANH({second}) - 0.2 * y, q * 0.5)"),
        format!("z = {third}"),
        "p = 0.8".to_owned(),
        "q = 1.7".to_owned(),
        "curve([(-2,-1)-(4,3)],(-2,1),(-0.5,0.2),(1,2),(2,1),(4,3))".to_owned(),
        "INITIAL TIME = 0".to_owned(),
        "FINAL TIME = 5".to_owned(),
        "TIME STEP = 0.25".to_owned(),
        "SAVEPER = 5".to_owned(),
    ];
    let mut text = String::from("{UTF-8}\n");
    for equation in equations {
        text.push_str(&format!("{equation}\n\t~\t\n\t~\t\n\t|\n\n"));
    }
    let request = Request { landing: Landing::Grid, ..Request::default() };
    compile(&crate::model_text(&text), &request).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn derivatives_are_those_of_dual_numbers(first in expression(), second in expression(), third in expression()) {
        let program = model(&first, &second, &third);
        let constants: Vec<usize> = ["p", "q"]
            .iter()
            .map(|name| program.constants.iter().position(|constant| constant.name == *name).expect("a constant"))
            .collect();
        let directions: Vec<Direction> = constants.iter().map(|constant| Direction::Constant(*constant)).collect();
        let differentiated = differentiate(&program, &directions);
        let members: Vec<Member> = (0..40)
            .map(|number| Member {
                number,
                changes: if number == 0 { Vec::new() } else { vec![(constants[0], 0.8 + 0.01 * number as f64)] },
            })
            .collect();
        #[allow(clippy::type_complexity, reason = "a tableau for each method")]
        let methods: [(Method, &[f64], &[&[f64]], &[f64]); 3] = [
            (Method::Euler, &[0.0], &[&[]], &[1.0]),
            (Method::RungeKutta2, &[0.0, 1.0], &[&[], &[1.0]], &[0.5, 0.5]),
            (
                Method::RungeKutta4,
                &[0.0, 0.5, 0.5, 1.0],
                &[&[], &[0.5], &[0.0, 0.5], &[0.0, 0.0, 1.0]],
                &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
            ),
        ];
        for (method, c, a, b) in methods {
            let settings = Settings { method, ..Settings::default() };
            let wide = run_tangents(&differentiated, &settings, &members);
            let run = wide[0].as_ref().expect("a run");
            for (direction, constant) in constants.iter().enumerate() {
                let expected = written_out(&program, *constant, c, a, b);
                let found = run.row(direction, run.saved.times.len() - 1);
                let size = expected.iter().fold(1e-3f64, |size, value| size.max(value.abs()));
                for (output, (found, expected)) in found.iter().zip(&expected).enumerate() {
                    let gap = (found - expected).abs();
                    prop_assert!(
                        gap <= 1e-12 * size,
                        "{method}: {} by {direction}: {found:e}, not {expected:e}",
                        program.outputs[output].name
                    );
                }
            }
            // The same bits alone, in eight lanes, in 32, in two threads; the values those of the run without.
            let plain = run_members(&program, &settings, &members);
            let two = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
            let in_two = two.install(|| run_tangents(&differentiated, &settings, &members));
            let eight = run_tangents(&differentiated, &settings, &members[..8]);
            let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            for number in 0..8 {
                let [wide, in_two, eight] = [&wide, &in_two, &eight].map(|runs| runs[number].as_ref().expect("a run"));
                let alone = run_tangents(&differentiated, &settings, &members[number..=number]).remove(0).expect("a run");
                for other in [in_two, eight, &alone] {
                    prop_assert_eq!(bits(&wide.tangents), bits(&other.tangents));
                    prop_assert_eq!(bits(&wide.saved.rows), bits(&other.saved.rows));
                }
                prop_assert_eq!(bits(&plain[number].as_ref().expect("a run").rows), bits(&wide.saved.rows));
            }
        }
    }
}
