//! The slope of one operation at its operands, as further nodes of the graph: what tangents and partial derivatives are
//! made of.
//!
//! At a kink it is that of the branch the run takes. Rounding, signs and comparisons are constant between their jumps.

use super::graph::{Graph, Value};
use super::operation::{Binary, Unary};
use super::table::Table;
use crate::model::{Extrapolation, Interpolation};
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, LOG10_E, PI};

/// What the derivative of an operand is multiplied by on its way through an operation.
#[derive(Clone, Copy)]
pub enum Slope {
    /// Constant between jumps.
    Flat,
    One,
    MinusOne,
    By(Value),
    /// Finite or not, as where a root begins: an operand that does not move does not count.
    Steep(Value),
    Unknown,
}

/// Whether an operation is constant between its jumps.
pub fn is_flat(operation: Unary) -> bool {
    matches!(operation, Unary::Truncate | Unary::Floor | Unary::Not | Unary::Sign)
}

/// Whether an operation answers yes or no.
pub fn is_truth(operation: Binary) -> bool {
    use Binary as B;
    matches!(operation, B::Less | B::LessOrEqual | B::Equal | B::NotEqual | B::And | B::Or)
}

/// The slope of `result = operation(a)`.
pub fn unary(graph: &mut Graph, operation: Unary, a: Value, result: Value) -> Slope {
    Slope::By(match operation {
        Unary::Negate => return Slope::MinusOne,
        Unary::Truncate | Unary::Floor | Unary::Not | Unary::Sign => return Slope::Flat,
        Unary::Trigamma => return Slope::Unknown,
        Unary::Absolute => {
            let [zero, minus, plus] = [0.0, -1.0, 1.0].map(|number| graph.constant(number));
            let negative = graph.binary(Binary::Less, a, zero);
            graph.select(negative, minus, plus)
        }
        Unary::Exponential => result,
        Unary::NaturalLogarithm => over(graph, 1.0, a),
        Unary::DecimalLogarithm => over(graph, LOG10_E, a),
        Unary::SquareRoot => return Slope::Steep(over(graph, 0.5, result)),
        Unary::Sine => graph.unary(Unary::Cosine, a),
        Unary::Cosine => {
            let sine = graph.unary(Unary::Sine, a);
            graph.unary(Unary::Negate, sine)
        }
        Unary::Tangent => with_square(graph, Binary::Add, result),
        Unary::ArcSine | Unary::ArcCosine => {
            let square = with_square(graph, Binary::Subtract, a);
            let root = graph.unary(Unary::SquareRoot, square);
            return Slope::Steep(over(graph, if operation == Unary::ArcSine { 1.0 } else { -1.0 }, root));
        }
        Unary::ArcTangent => {
            let square = with_square(graph, Binary::Add, a);
            over(graph, 1.0, square)
        }
        Unary::HyperbolicSine => graph.unary(Unary::HyperbolicCosine, a),
        Unary::HyperbolicCosine => graph.unary(Unary::HyperbolicSine, a),
        Unary::HyperbolicTangent => {
            // 1 - tanh² without cancellation.
            let cosine = graph.unary(Unary::HyperbolicCosine, a);
            let square = times(graph, cosine, cosine);
            over(graph, 1.0, square)
        }
        Unary::GammaLogarithm => graph.unary(Unary::Digamma, a),
        Unary::Digamma => graph.unary(Unary::Trigamma, a),
        Unary::NormalProbability => bell(graph, a, -0.5, 0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2),
        // The inverse of the density at the quantile.
        Unary::NormalQuantile => bell(graph, result, 0.5, (2.0 * PI).sqrt()),
    })
}

/// `scale * exp(factor * x^2)`.
fn bell(graph: &mut Graph, x: Value, factor: f64, scale: f64) -> Value {
    let (factor, scale) = (graph.constant(factor), graph.constant(scale));
    let square = times(graph, x, x);
    let exponent = times(graph, factor, square);
    let curve = graph.unary(Unary::Exponential, exponent);
    times(graph, scale, curve)
}

fn over(graph: &mut Graph, above: f64, below: Value) -> Value {
    let above = graph.constant(above);
    graph.binary(Binary::Divide, above, below)
}

/// `1 + x^2` or `1 - x^2`.
fn with_square(graph: &mut Graph, sign: Binary, x: Value) -> Value {
    let (one, square) = (graph.constant(1.0), times(graph, x, x));
    graph.binary(sign, one, square)
}

fn times(graph: &mut Graph, a: Value, b: Value) -> Value {
    graph.binary(Binary::Multiply, a, b)
}

/// The slope of `result = a^b` along its base, `result * b / a` but where `a` is 0.
pub fn along_base(graph: &mut Graph, a: Value, b: Value, result: Value) -> Slope {
    let numerator = times(graph, result, b);
    let away = graph.binary(Binary::Divide, numerator, a);
    let [zero, one, infinite] = [0.0, 1.0, f64::INFINITY].map(|number| graph.constant(number));
    let above = graph.binary(Binary::Less, one, b);
    let at_one = graph.binary(Binary::Equal, b, one);
    let at_zero = graph.binary(Binary::Equal, b, zero);
    let steep = graph.select(at_zero, zero, infinite);
    let straight = graph.select(at_one, one, steep);
    let at_origin = graph.select(above, zero, straight);
    Slope::Steep(graph.select(a, away, at_origin))
}

/// The slope of `result = a^b` along its exponent. A base of 0 stays 0 under every positive power.
pub fn along_exponent(graph: &mut Graph, a: Value, result: Value) -> Slope {
    let logarithm = graph.unary(Unary::NaturalLogarithm, a);
    let slope = times(graph, result, logarithm);
    let zero = graph.constant(0.0);
    Slope::Steep(graph.select(result, slope, zero))
}

/// The slope of a remainder `result = a - b * n` along `b`, with `n` a whole number between jumps.
pub fn along_divisor(graph: &mut Graph, a: Value, b: Value, result: Value) -> Slope {
    let whole = graph.binary(Binary::Subtract, result, a);
    Slope::By(graph.binary(Binary::Divide, whole, b))
}

/// The slope of a table at each argument, itself a table of steps: that of the segment which begins at or before the
/// argument. `None` if it is zero everywhere.
pub fn of_table(table: &Table) -> Option<Table> {
    let points = table.x.len();
    if table.interpolation != Interpolation::Linear || points < 2 {
        return None;
    }
    let slope = |i: usize| {
        let (width, rise) = (table.x[i + 1] - table.x[i], table.y[i + 1] - table.y[i]);
        // Two points at one place are a jump.
        if width > 0.0 { rise / width } else { 0.0 }
    };
    let beyond = |i: usize| if table.extrapolation == Extrapolation::Extend { slope(i) } else { 0.0 };
    let (mut x, mut y) = (vec![f64::NEG_INFINITY], vec![beyond(0)]);
    for point in 0..points {
        let last = point + 1 == points;
        // Of points at one place the last is read, as in the table itself.
        if !last && table.x[point + 1] == table.x[point] {
            continue;
        }
        x.push(table.x[point]);
        y.push(if last { beyond(points - 2) } else { slope(point) });
    }
    Some(Table { x, y, interpolation: Interpolation::Step, extrapolation: Extrapolation::Hold })
}
