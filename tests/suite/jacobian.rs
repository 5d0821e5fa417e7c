//! The exact derivatives of rates against differences, function by function.

use crate::model_text;
use levada::compile::{Program, Request, compile};
use levada::simulate::linearise;

fn program(text: &str) -> Program {
    compile(&model_text(text), &Request { jacobian: true, ..Request::default() }).expect("compiles")
}

#[test]
fn derivatives_agree_with_central_differences() {
    let each = [
        "-x + y - (x - 3) * (y + Time) / (2 + y^2)",
        "x^1.7 + 2^y + x^y + (1 + y)^Time",
        "EXP(-x) + LN(x + y) + LOG(x + 1, 10) + SQRT(x * y) + ABS(x - 2) + ABS(y - 2)",
        "SIN(x) * COS(y) + TAN(x / 4) + ARCTAN(y * Time)",
        "ARCSIN(x / 9) + ARCCOS(y / 9) + SINH(x) + COSH(y) + TANH(x - y)",
        "MIN(x, y) + MAX(x * y, 3) + MODULO(x * 5, y) + INTEGER(x) + IF THEN ELSE(x > y, x^2, y^3)",
        "curve(x) + curve(y * 10) + curve(-y) + slope(x - 3 * y) + curve(Time / 3)",
        "LOOKUP AREA(curve, y - 1, x) + LOOKUP BACKWARD(curve, x) + LOOKUP INVERT(slope, y)",
        "SUM(line[side!] * x) + VECTOR ELM MAP(line[a], INTEGER(y)) * y + PROD(line[side!])",
        "rank[b] * x + DELAY1(x * y, 2) + SMOOTH3(x / y, 4)",
        "inverse[a, a] + 2 * inverse[b, a] - inverse[a, b] * inverse[b, b]",
    ];
    for expression in each {
        let text = format!(
            "
            side: a, b ~~|
            other: a, b ~~|
            curve( (0,1),(1,1.3),(1.5,0.7),(3,0.4),(9,2) ) ~ Dmnl ~ |
            slope( (-10,-3),(0,1),(2,3),(10,5) ) ~ Dmnl ~ |
            line[a] = x * y ~ Dmnl ~ |
            line[b] = y^2 + x ~ Dmnl ~ |
            rank[side] = VECTOR SORT ORDER(line[side], 1) ~ Dmnl ~ |
            square[side, other] = line[side] + IF THEN ELSE(side = other, 7, y) ~ Dmnl ~ |
            inverse[side, other] = INVERT MATRIX(square[side, other], ELMCOUNT(side)) ~ Dmnl ~ |
            x = INTEG({expression}, 1.3) ~ Dmnl ~ |
            y = INTEG(x - y, 0.8) ~ Dmnl ~ |
            INITIAL TIME = 0 ~~|\nFINAL TIME = 1 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = 1 ~~|"
        );
        let program = program(&text);
        let initial: Vec<f64> = (0..program.states.len()).map(|state| 1.37 - 0.31 * state as f64).collect();
        let found = linearise(&program, 0.7, &initial).expect("derivatives");
        for column in 0..=initial.len() {
            let step = 1e-5;
            let moved = |sign: f64| {
                let mut states = initial.clone();
                if let Some(state) = states.get_mut(column) {
                    *state += sign * step;
                }
                let time = if column == initial.len() { 0.7 + sign * step } else { 0.7 };
                linearise(&program, time, &states).expect("derivatives").rates
            };
            for (row, (above, below)) in moved(1.0).into_iter().zip(moved(-1.0)).enumerate() {
                let difference = (above - below) / (2.0 * step);
                let exact = if column == initial.len() { found.by_time[row] } else { found.by_state[(row, column)] };
                let gap = (exact - difference).abs();
                assert!(gap < 1e-8 * (1.0 + difference.abs()), "{expression}, column {column}: {gap}");
            }
        }
    }
}

#[test]
fn a_kink_has_the_slope_of_the_branch_taken() {
    let program = program(
        "x = INTEG(MAX(x, 1) + curve(x) + SQRT(x - 1), 1) ~ Dmnl ~ |
         curve( (0,0),(1,5),(2,5) ) ~ Dmnl ~ |
         INITIAL TIME = 0 ~~|\nFINAL TIME = 1 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = 1 ~~|",
    );
    // At the kink: of MAX the second, of the lookup the segment that begins; the root has an infinite slope.
    let slope = |x: f64| linearise(&program, 0.0, &[x]).expect("derivatives").by_state[(0, 0)];
    assert_eq!(slope(1.0), f64::INFINITY);
    assert_eq!(slope(1.25), 1.0 + 1.0);
}
