//! Operations on whole vectors, lane by lane: picking, ordering, inversion, allocation, discrete stocks.

use super::amount::{Amount, Moving};
use super::{batches, belt};
use crate::compile::{MISSING, Table, VectorInstruction, VectorOperation};
use nalgebra::DMatrix;

/// Runs one vector instruction on the registers of one run.
pub fn execute(instruction: &VectorInstruction, tables: &[Table], registers: &mut [f64]) {
    let inputs: Vec<f64> = instruction.inputs.iter().map(|register| registers[*register as usize]).collect();
    let outputs = apply(&instruction.operation, tables, &inputs, instruction.outputs.len());
    for (register, value) in instruction.outputs.iter().zip(outputs) {
        // An output that nothing reads has no register.
        if let Some(place) = registers.get_mut(*register as usize) {
            *place = value;
        }
    }
}

/// Hands each result to `put(output, lane, value)`.
pub fn apply_to_lanes<const L: usize>(
    instruction: &VectorInstruction,
    tables: &[Table],
    inputs: &[[f64; L]],
    mut put: impl FnMut(usize, usize, f64),
) {
    for lane in 0..L {
        let own: Vec<f64> = inputs.iter().map(|block| block[lane]).collect();
        let outputs = apply(&instruction.operation, tables, &own, instruction.outputs.len());
        for (output, value) in outputs.into_iter().enumerate() {
            put(output, lane, value);
        }
    }
}

fn apply(operation: &VectorOperation, tables: &[Table], inputs: &[f64], outputs: usize) -> Vec<f64> {
    match operation {
        VectorOperation::Pick => {
            let place = inputs[0];
            let picked = if place >= 0.0 { inputs[1..].get(place as usize).copied() } else { None };
            vec![picked.unwrap_or(MISSING)]
        }
        VectorOperation::SortOrder => {
            order(&inputs[1..], inputs[0] > 0.0).into_iter().map(|place| place as f64).collect()
        }
        VectorOperation::Rank => {
            let mut ranks = vec![0.0; outputs];
            for (rank, place) in order(&inputs[1..], inputs[0] > 0.0).into_iter().enumerate() {
                ranks[place] = (rank + 1) as f64;
            }
            ranks
        }
        VectorOperation::Invert => {
            let size = (outputs as f64).sqrt().round() as usize;
            match DMatrix::from_row_slice(size, size, inputs).try_inverse() {
                Some(inverse) => inverse.transpose().as_slice().to_vec(),
                None => vec![f64::NAN; outputs],
            }
        }
        VectorOperation::AllocateByPriority => {
            let (requests, priorities) = inputs[2..].split_at(outputs);
            by_priority(inputs[0], inputs[1], requests, priorities)
        }
        VectorOperation::AllocateAvailable => {
            let (requests, profiles) = inputs[1..].split_at(outputs);
            available(inputs[0], requests, profiles)
        }
        VectorOperation::LookupArea(table) => vec![tables[*table as usize].area(inputs[0], inputs[1])],
        VectorOperation::LookupInvert(table) => vec![tables[*table as usize].invert(inputs[0])],
        VectorOperation::Total => vec![inputs.iter().sum()],
        VectorOperation::BeltFill(belt) => belt::fill(belt, inputs),
        VectorOperation::BeltLeave(belt) => belt::leave(belt, inputs),
        VectorOperation::BeltMove(belt) => belt::advance(belt, inputs),
        VectorOperation::UnitBudget => belt::unit_budget(inputs),
        VectorOperation::QueueServe(line) => batches::serve(line, inputs),
        VectorOperation::OvenOpen => batches::open(inputs),
        VectorOperation::OvenMove => batches::close(inputs),
        VectorOperation::Tangent(operation) => tangent(operation, inputs, outputs),
    }
}

/// The tangents of an operation's outputs; `inputs` are its own, then their tangents.
fn tangent(operation: &VectorOperation, inputs: &[f64], outputs: usize) -> Vec<f64> {
    let (values, moves) = inputs.split_at(inputs.len() / 2);
    match operation {
        VectorOperation::Pick => {
            let place = values[0];
            let picked = if place >= 0.0 { moves[1..].get(place as usize).copied() } else { None };
            vec![picked.unwrap_or(0.0)]
        }
        VectorOperation::Invert => {
            let size = (outputs as f64).sqrt().round() as usize;
            let change = DMatrix::from_row_slice(size, size, moves);
            match DMatrix::from_row_slice(size, size, values).try_inverse() {
                Some(inverse) => (-(&inverse * change * &inverse)).transpose().as_slice().to_vec(),
                None => vec![f64::NAN; outputs],
            }
        }
        VectorOperation::AllocateByPriority => {
            let inputs = Moving::all(values, moves);
            let (requests, priorities) = inputs[2..].split_at(outputs);
            let given = by_priority(inputs[0], inputs[1], requests, priorities);
            given.into_iter().map(|part| part.moves).collect()
        }
        VectorOperation::AllocateAvailable => {
            let inputs = Moving::all(values, moves);
            let (requests, profiles) = inputs[1..].split_at(outputs);
            available_tangent(inputs[0], requests, profiles)
        }
        VectorOperation::Total => vec![moves.iter().sum()],
        // Told of by name as `Why::Discrete`.
        _ => vec![f64::NAN; outputs],
    }
}

/// The places of the values in order; equal values keep theirs.
fn order(values: &[f64], ascending: bool) -> Vec<usize> {
    let mut places: Vec<usize> = (0..values.len()).collect();
    places.sort_by(|a, b| {
        let order = values[*a].total_cmp(&values[*b]);
        if ascending { order } else { order.reverse() }
    });
    places
}

/// Vensim's ALLOCATE BY PRIORITY (reference manual). Claimants are served from the highest priority down; the next one
/// begins to share when its predecessor has received the part `min(gap / width, 1)` of its request, and those being
/// served share in proportion to their requests.
fn by_priority<A: Amount>(supply: A, width: A, requests: &[A], priorities: &[A]) -> Vec<A> {
    let (zero, one) = (A::from(0.0), A::from(1.0));
    let total = requests.iter().fold(zero, |sum, request| sum + *request);
    let unusable = |x: &A| x.value().is_nan() || x.value() < 0.0;
    if width.value() <= 0.0 || unusable(&supply) || width.value().is_nan() || requests.iter().any(unusable) {
        return vec![A::from(f64::NAN); requests.len()];
    }
    if supply >= total {
        return requests.to_vec();
    }
    let ranks: Vec<f64> = priorities.iter().map(|priority| priority.value()).collect();
    let queue: Vec<usize> = order(&ranks, false).into_iter().filter(|place| requests[*place] > zero).collect();
    let mut given = vec![zero; requests.len()];
    let mut left = supply;
    let mut begun = usize::from(!queue.is_empty());
    while left > zero {
        let open = |place: &usize, given: &[A]| given[*place] < requests[*place];
        let served: Vec<usize> = queue[..begun].iter().copied().filter(|place| open(place, &given)).collect();
        let weight = served.iter().fold(zero, |sum, place| sum + requests[*place]);
        let last = queue[begun - 1];
        // Everyone served grows by the same share of its request.
        let filled = served
            .iter()
            .map(|place| (requests[*place] - given[*place]) / requests[*place])
            .fold(A::from(f64::INFINITY), A::lesser);
        let mut share = filled.lesser(left / weight);
        let mut opens = false;
        if begun < queue.len() {
            let gap = ((priorities[last] - priorities[queue[begun]]) / width).lesser(one);
            let until = (gap * requests[last] - given[last]) / requests[last];
            if until <= share {
                share = if until < zero { zero } else { until };
                opens = true;
            }
        }
        if served.is_empty() && !opens {
            break;
        }
        for place in &served {
            let request = requests[*place];
            let next = given[*place] + share * request;
            // The last grain is given whole, so that rounding cannot keep a claimant open for ever.
            given[*place] = if request - next <= A::from(1e-14) * request { request } else { next };
            left = left - share * request;
        }
        if left <= A::from(1e-14) * supply {
            break;
        }
        begun += usize::from(opens);
    }
    given
}

/// Vensim's ALLOCATE AVAILABLE (reference manual): the price at which the claimants' demand curves add up to what is
/// available, found by bisection; `profiles` holds kind, priority, width and extra of each.
fn available(supply: f64, requests: &[f64], profiles: &[f64]) -> Vec<f64> {
    let total: f64 = requests.iter().sum();
    if supply >= total {
        return requests.to_vec();
    }
    if supply.is_nan() || supply <= 0.0 {
        return vec![if supply.is_nan() { f64::NAN } else { 0.0 }; requests.len()];
    }
    demands(requests, profiles, price(supply, requests, profiles))
}

/// The tangents of what [`available`] gives: the price moves so that the demands keep adding up to the supply.
fn available_tangent(supply: Moving, requests: &[Moving], profiles: &[Moving]) -> Vec<f64> {
    let values = |inputs: &[Moving]| -> Vec<f64> { inputs.iter().map(|input| input.value).collect() };
    let (wanted, shapes) = (values(requests), values(profiles));
    if supply.value >= wanted.iter().sum() {
        return requests.iter().map(|request| request.moves).collect();
    }
    if supply.value.is_nan() || supply.value <= 0.0 {
        return vec![if supply.value.is_nan() { f64::NAN } else { 0.0 }; requests.len()];
    }
    let price = price(supply.value, &wanted, &shapes);
    let still = |inputs: &[f64]| -> Vec<Moving> { inputs.iter().map(|input| Moving::from(*input)).collect() };
    let at_price = demands(requests, profiles, Moving::from(price));
    let by_price = demands(&still(&wanted), &still(&shapes), Moving { value: price, moves: 1.0 });
    let moves = |parts: &[Moving]| parts.iter().map(|part| part.moves).sum::<f64>();
    let price_moves = (supply.moves - moves(&at_price)) / moves(&by_price);
    at_price.iter().zip(&by_price).map(|(own, slope)| own.moves + slope.moves * price_moves).collect()
}

fn demands<A: Amount>(requests: &[A], profiles: &[A], price: A) -> Vec<A> {
    requests.iter().zip(profiles.chunks(4)).map(|(request, profile)| curve(*request, profile, price)).collect()
}

fn price(supply: f64, requests: &[f64], profiles: &[f64]) -> f64 {
    let reach = |sign: f64| {
        profiles.chunks(4).map(|profile| sign * profile[1] + 40.0 * profile[2]).fold(f64::NEG_INFINITY, f64::max)
    };
    let (mut low, mut high) = (-reach(-1.0), reach(1.0));
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if demands(requests, profiles, middle).iter().sum::<f64>() > supply {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// What a claimant still takes at a price, by the kind of its profile.
fn curve<A: Amount>(request: A, profile: &[A], price: A) -> A {
    let [kind, priority, width, _] = *profile else { return A::from(f64::NAN) };
    let [zero, half, one, two] = [0.0, 0.5, 1.0, 2.0].map(A::from);
    let x = price - priority;
    let reach = half * width;
    let square = |x: A| x * x;
    match kind.value() as i64 {
        1 if x <= zero - reach => request,
        1 if x < reach => request * (half - x / width),
        2 if x <= zero - reach => request,
        2 if x < zero => request * (one - two * square((x + reach) / width)),
        2 if x < reach => request * two * square((reach - x) / width),
        1 | 2 => zero,
        3 => request * half * (x / (A::from(std::f64::consts::SQRT_2) * width)).erfc(),
        4 if x < zero => request * (one - half * (x / width).exp()),
        4 => request * half * ((zero - x) / width).exp(),
        _ => A::from(f64::NAN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priority_gaps_open_the_next_claimant() {
        // Gap 1 over width 2: the second begins when the first has half of its 10.
        assert_eq!(by_priority(5.0, 2.0, &[10.0, 4.0], &[2.0, 1.0]), [5.0, 0.0]);
        let shared = by_priority(12.0, 2.0, &[10.0, 4.0], &[2.0, 1.0]);
        assert!((shared[0] - 10.0).abs() < 1e-12 && (shared[1] - 2.0).abs() < 1e-12, "{shared:?}");
        assert_eq!(by_priority(20.0, 2.0, &[10.0, 4.0], &[2.0, 1.0]), [10.0, 4.0]);
    }

    #[test]
    fn equal_rectangles_share_equally() {
        let shares = available(6.0, &[6.0, 6.0], &[1.0, 5.0, 2.0, 0.0, 1.0, 5.0, 2.0, 0.0]);
        assert!(shares.iter().all(|share| (share - 3.0).abs() < 1e-9), "{shares:?}");
    }
}
