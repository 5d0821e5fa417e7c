//! The operations of a program and what each computes. One definition serves constant folding and every executor.

use crate::{elementary, random};

/// Vensim's `:NA:`.
pub const MISSING: f64 = -f64::from_bits((1023 + 109) << 52); // -2^109

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unary {
    Negate,
    Absolute,
    Exponential,
    NaturalLogarithm,
    DecimalLogarithm,
    SquareRoot,
    Sine,
    Cosine,
    Tangent,
    ArcSine,
    ArcCosine,
    ArcTangent,
    HyperbolicSine,
    HyperbolicCosine,
    HyperbolicTangent,
    Truncate,
    Floor,
    Not,
    Sign,
    GammaLogarithm,
    /// Derivative of the logarithm of the gamma function.
    Digamma,
    Trigamma,
    NormalQuantile,
    NormalProbability,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Minimum,
    Maximum,
    /// The remainder with the dividend's sign.
    Modulo,
    /// The remainder with the divisor's sign.
    Remainder,
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

/// Two operations in one instruction: `(a first b) second c`, or turned `c second (a first b)`. Each is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// Addition, subtraction or multiplication.
    pub first: Binary,
    /// One of [`Pair::SECONDS`]; addition and multiplication are never turned.
    pub second: Binary,
    pub turned: bool,
}

impl Pair {
    pub const SECONDS: [Binary; 6] =
        [Binary::Add, Binary::Subtract, Binary::Multiply, Binary::Divide, Binary::Minimum, Binary::Maximum];
}

#[inline(always)]
fn truth(condition: bool) -> f64 {
    if condition { 1.0 } else { 0.0 }
}

impl Unary {
    #[inline(always)]
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Unary::Negate => -x,
            Unary::Absolute => x.abs(),
            Unary::Exponential => elementary::exp(x),
            Unary::NaturalLogarithm => elementary::ln(x),
            Unary::DecimalLogarithm => elementary::log10(x),
            Unary::SquareRoot => x.sqrt(),
            Unary::Sine => elementary::sin(x),
            Unary::Cosine => elementary::cos(x),
            Unary::Tangent => elementary::tan(x),
            Unary::ArcSine => elementary::asin(x),
            Unary::ArcCosine => elementary::acos(x),
            Unary::ArcTangent => elementary::atan(x),
            Unary::HyperbolicSine => elementary::sinh(x),
            Unary::HyperbolicCosine => elementary::cosh(x),
            Unary::HyperbolicTangent => elementary::tanh(x),
            Unary::Truncate => x.trunc(),
            Unary::Floor => x.floor(),
            Unary::Not => truth(x == 0.0),
            Unary::Sign => {
                if x > 0.0 {
                    1.0
                } else if x < 0.0 {
                    -1.0
                } else {
                    x
                }
            }
            Unary::GammaLogarithm => elementary::ln_gamma(x),
            Unary::Digamma => elementary::digamma(x),
            Unary::Trigamma => elementary::trigamma(x),
            Unary::NormalQuantile => random::normal_quantile(x),
            Unary::NormalProbability => 0.5 * elementary::erfc(-x / std::f64::consts::SQRT_2),
        }
    }

    /// The operation in words, for messages.
    pub fn word(self) -> &'static str {
        match self {
            Unary::Negate => "negation",
            Unary::Absolute => "ABS",
            Unary::Exponential => "EXP",
            Unary::NaturalLogarithm => "LN",
            Unary::DecimalLogarithm => "LOG10",
            Unary::SquareRoot => "SQRT",
            Unary::Sine => "SIN",
            Unary::Cosine => "COS",
            Unary::Tangent => "TAN",
            Unary::ArcSine => "ARCSIN",
            Unary::ArcCosine => "ARCCOS",
            Unary::ArcTangent => "ARCTAN",
            Unary::HyperbolicSine => "SINH",
            Unary::HyperbolicCosine => "COSH",
            Unary::HyperbolicTangent => "TANH",
            Unary::Truncate | Unary::Floor => "INTEGER",
            Unary::Not => "NOT",
            Unary::Sign => "SIGN",
            Unary::GammaLogarithm | Unary::Digamma | Unary::Trigamma => "GAMMA LN",
            Unary::NormalQuantile | Unary::NormalProbability => "RANDOM NORMAL",
        }
    }
}

impl Binary {
    #[inline(always)]
    pub fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Binary::Add => a + b,
            Binary::Subtract => a - b,
            Binary::Multiply => a * b,
            Binary::Divide => a / b,
            Binary::Power => elementary::pow(a, b),
            Binary::Minimum => elementary::min(a, b),
            Binary::Maximum => elementary::max(a, b),
            Binary::Modulo => a % b,
            Binary::Remainder => {
                let remainder = a % b;
                if remainder != 0.0 && (remainder < 0.0) != (b < 0.0) { remainder + b } else { remainder }
            }
            Binary::Less => truth(a < b),
            Binary::LessOrEqual => truth(a <= b),
            Binary::Equal => truth(a == b),
            Binary::NotEqual => truth(a != b),
            Binary::And => truth(a != 0.0 && b != 0.0),
            Binary::Or => truth(a != 0.0 || b != 0.0),
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Binary::Add => "addition",
            Binary::Subtract => "subtraction",
            Binary::Multiply => "multiplication",
            Binary::Divide => "division",
            Binary::Power => "power",
            Binary::Minimum => "MIN",
            Binary::Maximum => "MAX",
            Binary::Modulo | Binary::Remainder => "MODULO",
            Binary::Less | Binary::LessOrEqual | Binary::Equal | Binary::NotEqual => "comparison",
            Binary::And => ":AND:",
            Binary::Or => ":OR:",
        }
    }
}
