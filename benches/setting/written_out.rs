//! A model's equations written out as plain Rust, one statement each, and compiled by `rustc` with full optimisation:
//! the program that a careful modeller would write by hand for one model. It calls the standard library's functions and
//! knows nothing of Levada.

use levada::compile::{Binary, Code, Operation, Pair, Program, Unary};
use levada::simulate::Method;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;

/// A compiled program.
pub struct WrittenOut {
    binary: PathBuf,
}

/// What one call of the program measured.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Of the fastest repetition.
    pub seconds: f64,
    /// Sum of the saved values at the end, to be compared.
    pub checksum: f64,
}

impl WrittenOut {
    /// Panics on operations that it cannot write.
    pub fn new(name: &str, program: &Program) -> WrittenOut {
        let folder = std::env::temp_dir().join(format!("levada-written-out-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let (source, binary) = (folder.join(format!("{name}.rs")), folder.join(name));
        std::fs::write(&source, text(program)).expect("a temporary file");
        let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        let status = Command::new(rustc)
            .args(["--edition", "2024", "-C", "opt-level=3", "-C", "codegen-units=1", "-A", "warnings", "-o"])
            .args([&binary, &source])
            .status();
        assert!(status.is_ok_and(|status| status.success()), "rustc failed on {}", source.display());
        WrittenOut { binary }
    }

    /// Runs the model `repetitions` times.
    pub fn run(&self, method: Method, repetitions: usize) -> Measured {
        let output = Command::new(&self.binary).args([method.word(), &repetitions.to_string()]).output();
        let text = String::from_utf8(output.expect("the program runs").stdout).expect("the program writes text");
        let mut numbers = text.split_whitespace().map(|word| word.parse().expect("the program writes numbers"));
        let (Some(seconds), Some(checksum)) = (numbers.next(), numbers.next()) else { panic!("two numbers: {text}") };
        Measured { seconds, checksum }
    }
}

impl Drop for WrittenOut {
    fn drop(&mut self) {
        if let Some(folder) = self.binary.parent() {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn text(program: &Program) -> String {
    let mut names = vec![String::new(); program.registers];
    for (register, value) in &program.numbers {
        names[*register as usize] = format!("{value:?}_f64");
    }
    for (number, register) in program.constant_registers.iter().enumerate() {
        names[*register as usize] = format!("p[{number}]");
    }
    for (number, state) in program.states.iter().enumerate() {
        names[state.register as usize] = format!("x[{number}]");
    }
    names[program.time as usize] = "t".to_owned();
    let constants: Vec<f64> = program.constants.iter().map(|constant| constant.value).collect();
    let (states, count) = (program.states.len(), constants.len());
    let mut text = String::new();
    for (number, table) in program.tables.iter().enumerate() {
        let _ = writeln!(text, "const X{number}: [f64; {}] = {:?};", table.x.len(), table.x);
        let _ = writeln!(text, "const Y{number}: [f64; {}] = {:?};", table.y.len(), table.y);
    }
    let function = |head: &str, codes: &[(&Code, &str)], ends: &[u32], text: &mut String| {
        let mut names = names.clone();
        let _ = writeln!(text, "#[inline(never)]\nfn {head} {{");
        for (code, prefix) in codes {
            statements(code, prefix, &mut names, text);
        }
        for (number, end) in ends.iter().enumerate() {
            let _ = writeln!(text, "    out[{number}] = {};", names[*end as usize]);
        }
        text.push_str("}\n");
    };
    let signature = format!("(t: f64, p: &[f64; {count}], x: &[f64; {states}], out: &mut [f64; {states}])");
    let derivatives: Vec<u32> = program.states.iter().map(|state| state.derivative).collect();
    let initials: Vec<u32> = program.states.iter().map(|state| state.initial).collect();
    function(&format!("rates{signature}"), &[(&program.run, "k"), (&program.rate, "r")], &derivatives, &mut text);
    function(&format!("initial{signature}"), &[(&program.run, "k"), (&program.initial, "i")], &initials, &mut text);
    let outputs: Vec<u32> = program.outputs.iter().map(|output| output.register).collect();
    let head = format!("saved(t: f64, p: &[f64; {count}], x: &[f64; {states}], out: &mut [f64; {}])", outputs.len());
    function(&head, &[(&program.run, "k"), (&program.save, "s")], &outputs, &mut text);
    let controls = [program.controls.start, program.controls.stop, program.controls.step];
    let head = format!("controls(t: f64, p: &[f64; {count}], out: &mut [f64; 3])");
    function(&head, &[(&program.run, "k")], &controls, &mut text);
    let _ = writeln!(text, "const OUTPUTS: usize = {};", outputs.len());
    let _ = writeln!(text, "const STATES: usize = {states};\nconst PARAMETERS: [f64; {count}] = {constants:?};");
    text.push_str(MAIN);
    text
}

const MAIN: &str = r#"
fn lookup(x: &[f64], y: &[f64], at: f64) -> f64 {
    let last = x.len() - 1;
    if at <= x[0] {
        return y[0];
    }
    if at >= x[last] {
        return y[last];
    }
    let i = x.partition_point(|point| *point <= at) - 1;
    y[i] + (y[i + 1] - y[i]) * ((at - x[i]) / (x[i + 1] - x[i]))
}

type States = [f64; STATES];

fn euler(p: &[f64; PARAMETERS.len()], mut x: States, start: f64, step: f64, steps: usize) -> States {
    let mut d = [0.0; STATES];
    for n in 0..steps {
        rates(start + n as f64 * step, p, &x, &mut d);
        for i in 0..STATES {
            x[i] += step * d[i];
        }
    }
    x
}

fn rk4(p: &[f64; PARAMETERS.len()], mut x: States, start: f64, step: f64, steps: usize) -> States {
    let mut k = [[0.0; STATES]; 4];
    let mut y = x;
    for n in 0..steps {
        let t = start + n as f64 * step;
        rates(t, p, &x, &mut k[0]);
        for i in 0..STATES {
            y[i] = x[i] + 0.5 * step * k[0][i];
        }
        rates(t + 0.5 * step, p, &y, &mut k[1]);
        for i in 0..STATES {
            y[i] = x[i] + 0.5 * step * k[1][i];
        }
        rates(t + 0.5 * step, p, &y, &mut k[2]);
        for i in 0..STATES {
            y[i] = x[i] + step * k[2][i];
        }
        rates(t + step, p, &y, &mut k[3]);
        for i in 0..STATES {
            x[i] += step / 6.0 * (k[0][i] + 2.0 * k[1][i] + 2.0 * k[2][i] + k[3][i]);
        }
    }
    x
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let repetitions: usize = words[2].parse().unwrap();
    let mut best = f64::INFINITY;
    let mut sum = 0.0;
    for _ in 0..repetitions {
        let clock = std::time::Instant::now();
        let p = std::hint::black_box(PARAMETERS);
        let mut c = [0.0; 3];
        controls(0.0, &p, &mut c);
        let [start, stop, step] = c;
        let steps = ((stop - start) / step).round() as usize;
        let mut x = [0.0; STATES];
        initial(start, &p, &[0.0; STATES], &mut x);
        let end = if words[1] == "rk4" { rk4(&p, x, start, step, steps) } else { euler(&p, x, start, step, steps) };
        let end = std::hint::black_box(end);
        best = best.min(clock.elapsed().as_secs_f64());
        let mut last = [0.0; OUTPUTS];
        saved(stop, &p, &end, &mut last);
        sum = last.iter().sum();
    }
    println!("{best:e} {sum:e}");
}
"#;

fn statements(code: &Code, prefix: &str, names: &mut [String], text: &mut String) {
    for (number, instruction) in code.instructions.iter().enumerate() {
        let name = |register: u32| names.get(register as usize).map_or("", String::as_str);
        let (a, b, c) = (name(instruction.a), name(instruction.b), name(instruction.c));
        let value = match instruction.operation {
            Operation::Unary(operation) => unary(operation, a),
            Operation::Binary(operation) => binary(operation, a, b),
            Operation::Pair(Pair { first, second, turned: false }) => binary(second, &binary(first, a, b), c),
            Operation::Pair(Pair { first, second, turned: true }) => binary(second, c, &binary(first, a, b)),
            Operation::Select => format!("if {a} != 0.0 {{ {b} }} else {{ {c} }}"),
            Operation::Lookup => format!("lookup(&X{0}, &Y{0}, {a})", instruction.b),
            Operation::Vector => panic!("vector operations are not written out"),
        };
        let _ = writeln!(text, "    let {prefix}{number}: f64 = {value};");
        names[instruction.to as usize] = format!("{prefix}{number}");
    }
}

fn unary(operation: Unary, x: &str) -> String {
    let method = match operation {
        Unary::Negate => return format!("(-({x}))"),
        Unary::Absolute => "abs",
        Unary::Exponential => "exp",
        Unary::NaturalLogarithm => "ln",
        Unary::DecimalLogarithm => "log10",
        Unary::SquareRoot => "sqrt",
        Unary::Sine => "sin",
        Unary::Cosine => "cos",
        Unary::HyperbolicTangent => "tanh",
        Unary::Truncate => "trunc",
        Unary::Floor => "floor",
        Unary::Not => return format!("if {x} == 0.0 {{ 1.0 }} else {{ 0.0 }}"),
        other => panic!("{} is not written out", other.word()),
    };
    format!("({x}).{method}()")
}

fn binary(operation: Binary, a: &str, b: &str) -> String {
    let comparison = |sign: &str| format!("(if {a} {sign} {b} {{ 1.0 }} else {{ 0.0 }})");
    match operation {
        Binary::Add => format!("({a} + {b})"),
        Binary::Subtract => format!("({a} - {b})"),
        Binary::Multiply => format!("({a} * {b})"),
        Binary::Divide => format!("({a} / {b})"),
        Binary::Power => format!("({a}).powf({b})"),
        Binary::Minimum => format!("({a}).min({b})"),
        Binary::Maximum => format!("({a}).max({b})"),
        Binary::Modulo => format!("({a} % {b})"),
        Binary::Less => comparison("<"),
        Binary::LessOrEqual => comparison("<="),
        Binary::Equal => comparison("=="),
        Binary::NotEqual => comparison("!="),
        Binary::And => format!("(if {a} != 0.0 && {b} != 0.0 {{ 1.0 }} else {{ 0.0 }})"),
        Binary::Or => format!("(if {a} != 0.0 || {b} != 0.0 {{ 1.0 }} else {{ 0.0 }})"),
        Binary::Remainder => panic!("remainders are not written out"),
    }
}
