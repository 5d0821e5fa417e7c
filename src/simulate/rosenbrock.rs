//! The Rosenbrock method in lanes: each step solves linear systems with the exact derivatives of the rates.
//!
//! *Method*: Rodas5P, eight stages, stiffly accurate, L-stable. *Order*: 5, embedded 4; where a fast state follows a slow
//! one the order falls to 3, and the error falls with the fast state's rate. *Cost*: eight rates, one Jacobian and one factorisation a step. *Fails when* rates have no
//! derivatives: [`crate::compile::Obstacle`]. A derivative that is not finite counts as zero, and the error estimate then
//! shortens the steps. *Source*: Steinebach (2023), BIT Numerical Mathematics 63, 27; form without products by the
//! Jacobian: Hairer and Wanner (1996), equation IV.7.25.

use super::clock::{Clock, times};
use super::elimination::{Elimination, Factors};
use super::registers::Registers;
use super::slopes::not_finite;
use super::split::{Place, Section};
use crate::compile::Jacobian;
use multiversion::multiversion;

const STAGES: usize = 8;

/// Steinebach (2023), in the variables of Hairer and Wanner's equation IV.7.25.
const GAMMA: f64 = 0.21193756319429014;

/// Shares of the step at which stages stand.
const NODES: [f64; STAGES] =
    [0.0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664, 1.0, 1.0, 1.0];

/// Weights of the rates' derivative with respect to time.
const DRIFTS: [f64; STAGES] =
    [GAMMA, -0.42387512638858027, -0.3384627126235924, 1.8046452872882734, 2.325825639765069, 0.0, 0.0, 0.0];

/// Weights of earlier stages in a stage's states. The last stage's states and its increment are the step's result.
const STATES: [&[f64]; STAGES] = [
    &[],
    &[3.0],
    &[2.849394379747939, 0.45842242204463923],
    &[-6.954028509809101, 2.489845061869568, -10.358996098473584],
    &[2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641],
    &[-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946],
    &[-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946, 1.0],
    &[-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946, 1.0, 1.0],
];

/// Weights of earlier stages in a stage's right-hand side.
const RATES: [&[f64]; STAGES] = [
    &[],
    &[-14.155112264123755],
    &[-17.97296035885952, -2.859693295451294],
    &[147.12150275711716, -1.41221402718213, 71.68940251302358],
    &[165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306],
    &[24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471],
    &[
        30.91273214028599,
        -3.1208243349937974,
        77.79954646070892,
        34.28646028294783,
        -19.097331116725623,
        -28.087943162872662,
    ],
    &[
        37.80277123390563,
        -3.2571969029072276,
        112.26918849496327,
        66.9347231244047,
        -40.06618937091002,
        -54.66780262877968,
        -9.48861652309627,
    ],
];

/// The method's share of a batch.
pub struct Rosenbrock<const L: usize> {
    /// The lanes that step by it.
    pub lanes: [bool; L],
    plan: Elimination,
    factors: Factors<L>,
    /// Rows, columns and where the derivatives stand; where those with respect to time do; and the rates.
    entries: Vec<(usize, Place)>,
    diagonal: Vec<usize>,
    time: Vec<(usize, Place)>,
    rates: Vec<Place>,
    /// The derivatives at the start of the step, as `entries`, and by state with respect to time.
    slopes: Vec<[f64; L]>,
    drifts: Vec<[f64; L]>,
    first_rates: Vec<[f64; L]>,
    /// All three hold for the step to come.
    known: bool,
    /// What counts as a small change, by step of the elimination.
    scale: Vec<[f64; L]>,
    /// `[stage][state][lane]`.
    increments: Vec<Vec<[f64; L]>>,
    right: Vec<[f64; L]>,
    ends: Vec<[f64; L]>,
}

/// What a step begins with.
#[derive(Clone, Copy)]
pub struct Start<'a, const L: usize> {
    pub clocks: &'a [Clock],
    pub states: &'a [[f64; L]],
    pub lengths: &'a [f64; L],
    pub active: &'a [bool; L],
    /// Absolute and relative.
    pub tolerances: (f64, f64),
    /// Where time and states stand.
    pub time: Place,
    pub places: &'a [usize],
}

impl<const L: usize> Rosenbrock<L> {
    pub fn new(jacobian: &Jacobian, registers: &Registers<L>, lanes: [bool; L]) -> Self {
        let size = jacobian.rates.len();
        let at = |register| registers.after(Section::Jacobian, register);
        let cells = jacobian.entries.iter().map(|(row, column, _)| (*row as usize, *column as usize));
        let plan = Elimination::new(size, cells);
        let none = vec![[0.0; L]; size];
        Rosenbrock {
            lanes,
            factors: Factors::new(&plan),
            entries: (jacobian.entries.iter())
                .map(|(row, column, register)| (plan.number(*row as usize, *column as usize), at(*register)))
                .collect(),
            diagonal: (0..size).map(|state| plan.number(state, state)).collect(),
            time: jacobian.time.iter().map(|(row, register)| (*row as usize, at(*register))).collect(),
            rates: jacobian.rates.iter().map(|register| at(*register)).collect(),
            plan,
            slopes: vec![[0.0; L]; jacobian.entries.len()],
            drifts: none.clone(),
            first_rates: none.clone(),
            known: false,
            scale: none.clone(),
            increments: vec![none.clone(); STAGES],
            right: none.clone(),
            ends: none,
        }
    }

    /// Whether some active lane steps by this method.
    pub fn is_wanted(&self, active: &[bool; L]) -> bool {
        self.lanes.iter().zip(active).any(|(own, active)| *own && *active)
    }

    /// A lane steps by this method from now on.
    pub fn take_over(&mut self, lane: usize) {
        self.known &= self.lanes[lane];
        self.lanes[lane] = true;
    }

    /// What is known of the start of the step is no longer true.
    pub fn forget(&mut self) {
        self.known = false;
    }

    /// Tries a step in all lanes. Rates are those of `rates` after the section of rates.
    pub fn attempt(&mut self, registers: &mut Registers<L>, rates: &[Place], start: Start<L>) {
        let (absolute, relative) = start.tolerances;
        if !self.known {
            for (block, state) in start.places.iter().zip(start.states) {
                registers.lanes[*block] = *state;
            }
            registers.set(start.time, times(start.clocks, |clock| clock.inside(0.0)));
            registers.evaluate(Section::Jacobian);
            for (slope, (_, place)) in self.slopes.iter_mut().zip(&self.entries) {
                *slope = finite(registers.block(*place));
            }
            for (row, place) in &self.time {
                self.drifts[*row] = finite(registers.block(*place));
            }
            for (rate, place) in self.first_rates.iter_mut().zip(&self.rates) {
                *rate = registers.block(*place);
            }
            for (number, state) in start.states.iter().enumerate() {
                self.scale[self.plan.step(number)] = state.map(|value| absolute + relative * value.abs());
            }
        }
        self.known = true;
        let inverse = start.lengths.map(|length| 1.0 / length);
        self.factors.numbers.fill([0.0; L]);
        for (slope, (number, _)) in self.slopes.iter().zip(&self.entries) {
            self.factors.numbers[*number] = slope.map(|slope| -slope);
        }
        for number in &self.diagonal {
            let number = &mut self.factors.numbers[*number];
            for lane in 0..L {
                number[lane] += inverse[lane] / GAMMA;
            }
        }
        let wanted = std::array::from_fn(|lane| self.lanes[lane] && start.active[lane]);
        self.factors.factorise(&self.plan, &self.scale, &wanted);
        for (stage, node) in NODES.into_iter().enumerate() {
            if stage > 0 {
                stage_states(start.states, stage, &self.increments, &mut registers.lanes, start.places);
                registers.set(start.time, times(start.clocks, |clock| clock.inside(node)));
                registers.evaluate(Section::Rate);
            }
            for (number, place) in rates.iter().enumerate() {
                let rate = if stage == 0 { self.first_rates[number] } else { registers.block(*place) };
                self.right[self.plan.step(number)] = rate;
            }
            let lengths = (start.lengths, &inverse);
            add_earlier(stage, lengths, &self.increments, &self.drifts, &self.plan, &mut self.right);
            self.factors.solve(&self.plan, &mut self.right);
            for (number, increment) in self.increments[stage].iter_mut().enumerate() {
                *increment = self.right[self.plan.step(number)];
            }
        }
        for (number, end) in self.ends.iter_mut().enumerate() {
            let (last, increment) = (&registers.lanes[start.places[number]], &self.increments[STAGES - 1][number]);
            for lane in 0..L {
                end[lane] = last[lane] + increment[lane];
            }
        }
    }

    /// The ratio of error to tolerance of each state in a lane.
    fn ratio(&self, state: usize, lane: usize, start: f64, (absolute, relative): (f64, f64)) -> f64 {
        let (before, after) = (start.abs(), self.ends[state][lane].abs());
        let size = if before > after { before } else { after };
        self.increments[STAGES - 1][state][lane] / (absolute + relative * size)
    }

    /// The root mean square of the ratios of error to tolerance in a lane.
    pub fn error(&self, states: &[[f64; L]], lane: usize, tolerances: (f64, f64)) -> f64 {
        let mut sum = 0.0;
        for (number, start) in states.iter().enumerate() {
            let ratio = self.ratio(number, lane, start[lane], tolerances);
            sum += ratio * ratio;
        }
        (sum / states.len().max(1) as f64).sqrt()
    }

    /// The state whose error is largest against its tolerance in a lane.
    pub fn worst(&self, states: &[[f64; L]], lane: usize, tolerances: (f64, f64)) -> usize {
        let ratio = |number: &usize| {
            let ratio = self.ratio(*number, lane, states[*number][lane], tolerances).abs();
            if ratio.is_nan() { f64::INFINITY } else { ratio }
        };
        (0..states.len()).max_by(|a, b| ratio(a).total_cmp(&ratio(b))).unwrap_or(0)
    }

    /// Moves the method's lanes for which `moves` is set to the end of the step, as [`super::slopes::finish`] does.
    pub fn finish(
        &mut self,
        moves: &[bool; L],
        states: &mut [[f64; L]],
        lanes: &mut [[f64; L]],
        to: &[usize],
    ) -> [u64; L] {
        let mut unsound = [0; L];
        let moves: [bool; L] = std::array::from_fn(|lane| self.lanes[lane] && moves[lane]);
        if !moves.contains(&true) {
            return unsound;
        }
        self.known = false;
        for (number, state) in states.iter_mut().enumerate() {
            for lane in 0..L {
                state[lane] = if moves[lane] { self.ends[number][lane] } else { state[lane] };
                unsound[lane] |= not_finite(state[lane]);
            }
            lanes[to[number]] = *state;
        }
        unsound
    }
}

fn finite<const L: usize>(block: [f64; L]) -> [f64; L] {
    block.map(|slope| if slope.is_finite() { slope } else { 0.0 })
}

/// The states at a stage, written to the blocks `to` of `lanes`.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
fn stage_states<const L: usize>(
    states: &[[f64; L]],
    stage: usize,
    increments: &[Vec<[f64; L]>],
    lanes: &mut [[f64; L]],
    to: &[usize],
) {
    for (number, block) in to.iter().enumerate() {
        let mut sum = states[number];
        for (weight, earlier) in STATES[stage].iter().zip(increments) {
            for lane in 0..L {
                sum[lane] += weight * earlier[number][lane];
            }
        }
        lanes[*block] = sum;
    }
}

/// Adds earlier stages and the drift to a stage's rates in `right`.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
fn add_earlier<const L: usize>(
    stage: usize,
    (lengths, inverse): (&[f64; L], &[f64; L]),
    increments: &[Vec<[f64; L]>],
    drifts: &[[f64; L]],
    plan: &Elimination,
    right: &mut [[f64; L]],
) {
    for (number, drift) in drifts.iter().enumerate() {
        let block = &mut right[plan.step(number)];
        let mut sum = [0.0; L];
        for (weight, earlier) in RATES[stage].iter().zip(increments) {
            for lane in 0..L {
                sum[lane] += weight * earlier[number][lane];
            }
        }
        let weight = DRIFTS[stage];
        for lane in 0..L {
            block[lane] = block[lane] + sum[lane] * inverse[lane] + lengths[lane] * weight * drift[lane];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::{SMatrix, SVector};

    type Square = SMatrix<f64, STAGES, STAGES>;
    type Line = SVector<f64, STAGES>;

    /// A rooted tree: its branches.
    #[derive(Clone)]
    struct Tree(Vec<Tree>);

    impl Tree {
        fn order(&self) -> usize {
            1 + self.0.iter().map(Tree::order).sum::<usize>()
        }

        fn density(&self) -> f64 {
            self.order() as f64 * self.0.iter().map(Tree::density).product::<f64>()
        }
    }

    /// All trees of an order.
    fn trees(order: usize) -> Vec<Tree> {
        forests(order - 1, order - 1).into_iter().map(Tree).collect()
    }

    /// All forests of an order whose trees have at most so many vertices.
    fn forests(order: usize, most: usize) -> Vec<Vec<Tree>> {
        if order == 0 {
            return vec![Vec::new()];
        }
        let mut all = Vec::new();
        for size in 1..=most.min(order) {
            for (place, tree) in trees(size).into_iter().enumerate() {
                for rest in forests(order - size, size) {
                    // Of equal size in the order of their places only.
                    let later = trees(size).len() > 1
                        && rest.first().is_some_and(|first| first.order() == size && position(first) > place);
                    if !later {
                        all.push([vec![tree.clone()], rest].concat());
                    }
                }
            }
        }
        all
    }

    fn position(tree: &Tree) -> usize {
        trees(tree.order()).iter().position(|other| shape(other) == shape(tree)).expect("a tree")
    }

    fn shape(tree: &Tree) -> String {
        format!("[{}]", tree.0.iter().map(shape).collect::<String>())
    }

    /// The coefficients in Hairer and Wanner's first form: `alpha`, `gamma`, weights, weights of the error.
    fn first_form() -> (Square, Square, Line, Line) {
        let lower =
            |rows: &[&[f64]; STAGES]| Square::from_fn(|row, column| rows[row].get(column).copied().unwrap_or_default());
        let gamma = (Square::identity() / GAMMA - lower(&RATES)).try_inverse().expect("regular");
        let weights = Line::from_fn(|stage, _| STATES[STAGES - 1].get(stage).copied().unwrap_or(1.0));
        let last = Line::from_fn(|stage, _| f64::from(stage == STAGES - 1));
        (lower(&STATES) * gamma, gamma, gamma.transpose() * weights, gamma.transpose() * last)
    }

    #[test]
    fn the_coefficients_meet_the_conditions_of_their_order() {
        let (alpha, gamma, weights, error) = first_form();
        let beta = alpha + gamma;
        // Hairer and Wanner (1996), theorem IV.7.4.
        fn value(tree: &Tree, alpha: &Square, beta: &Square) -> Line {
            let sums = if tree.0.len() == 1 { beta } else { alpha };
            let one = Line::repeat(1.0);
            tree.0.iter().fold(one, |all, branch| all.component_mul(&(sums * value(branch, alpha, beta))))
        }
        let counts: Vec<usize> = (1..=5).map(|order| trees(order).len()).collect();
        assert_eq!(counts, [1, 1, 2, 4, 9]);
        // The published digits leave 2e-14 of the sums of numbers up to 200.
        for tree in (1..=5).flat_map(trees) {
            let value = value(&tree, &alpha, &beta);
            let gap = weights.dot(&value) - 1.0 / tree.density();
            assert!(gap.abs() < 2e-14, "{}: {gap}", shape(&tree));
            let embedded = (weights - error).dot(&value) - 1.0 / tree.density();
            assert!(tree.order() == 5 || embedded.abs() < 2e-14, "{}: {embedded}", shape(&tree));
        }
        for stage in 0..STAGES {
            assert!((alpha.row(stage).sum() - NODES[stage]).abs() < 2e-14);
            assert!((gamma.row(stage).sum() - DRIFTS[stage]).abs() < 2e-14);
            // Stiffly accurate.
            assert!((beta[(STAGES - 1, stage)] - weights[stage]).abs() < 1e-14);
        }
    }

    #[test]
    fn the_method_is_l_stable() {
        let (alpha, gamma, weights, _) = first_form();
        // |R(iy)|, of R(z) = 1 + z b (I - z beta)^-1 1 in real and imaginary parts.
        let modulus = |y: f64| {
            let beta = (alpha + gamma) * y;
            let inverse = (Square::identity() + beta * beta).try_inverse().expect("regular");
            let (real, imaginary) = (inverse * Line::repeat(1.0), inverse * beta * Line::repeat(1.0));
            (1.0 - y * weights.dot(&imaginary)).hypot(y * weights.dot(&real))
        };
        for number in -60..=60 {
            let y = 10f64.powf(f64::from(number) / 20.0);
            assert!(modulus(y) < 1.0 + 1e-12, "{y}: {}", modulus(y));
        }
        let far = 1.0
            - 1e9
                * weights.dot(
                    &((Square::identity() + (alpha + gamma) * 1e9).try_inverse().expect("regular") * Line::repeat(1.0)),
                );
        assert!(far.abs() < 1e-7, "{far}");
    }
}
