//! Operations on whole vectors, lane by lane: picking, ordering, inversion, allocation, discrete stocks.

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
fn by_priority(supply: f64, width: f64, requests: &[f64], priorities: &[f64]) -> Vec<f64> {
    let total: f64 = requests.iter().sum();
    let unusable = |x: &f64| x.is_nan() || *x < 0.0;
    if width <= 0.0 || unusable(&supply) || width.is_nan() || requests.iter().any(unusable) {
        return vec![f64::NAN; requests.len()];
    }
    if supply >= total {
        return requests.to_vec();
    }
    let queue: Vec<usize> = order(priorities, false).into_iter().filter(|place| requests[*place] > 0.0).collect();
    let mut given = vec![0.0; requests.len()];
    let mut left = supply;
    let mut begun = usize::from(!queue.is_empty());
    while left > 0.0 {
        let open = |place: &usize, given: &[f64]| given[*place] < requests[*place];
        let served: Vec<usize> = queue[..begun].iter().copied().filter(|place| open(place, &given)).collect();
        let weight: f64 = served.iter().map(|place| requests[*place]).sum();
        let last = queue[begun - 1];
        // Everyone served grows by the same share of its request.
        let filled = served
            .iter()
            .map(|place| (requests[*place] - given[*place]) / requests[*place])
            .fold(f64::INFINITY, f64::min);
        let mut share = filled.min(left / weight);
        let mut opens = false;
        if begun < queue.len() {
            let gap = ((priorities[last] - priorities[queue[begun]]) / width).min(1.0);
            let until = (gap * requests[last] - given[last]) / requests[last];
            if until <= share {
                share = until.max(0.0);
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
            given[*place] = if request - next <= 1e-14 * request { request } else { next };
            left -= share * request;
        }
        if left <= 1e-14 * supply {
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
    let demand = |price: f64| -> Vec<f64> {
        requests.iter().zip(profiles.chunks(4)).map(|(request, profile)| curve(*request, profile, price)).collect()
    };
    let reach = |sign: f64| {
        profiles.chunks(4).map(|profile| sign * profile[1] + 40.0 * profile[2]).fold(f64::NEG_INFINITY, f64::max)
    };
    let (mut low, mut high) = (-reach(-1.0), reach(1.0));
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if demand(middle).iter().sum::<f64>() > supply {
            low = middle;
        } else {
            high = middle;
        }
    }
    demand(0.5 * (low + high))
}

/// What a claimant still takes at a price, by the kind of its profile.
fn curve(request: f64, profile: &[f64], price: f64) -> f64 {
    let [kind, priority, width, _] = *profile else { return f64::NAN };
    let x = price - priority;
    let half = 0.5 * width;
    match kind as i64 {
        1 if x <= -half => request,
        1 if x < half => request * (0.5 - x / width),
        2 if x <= -half => request,
        2 if x < 0.0 => request * (1.0 - 2.0 * ((x + half) / width).powi(2)),
        2 if x < half => request * 2.0 * ((half - x) / width).powi(2),
        1 | 2 => 0.0,
        3 => request * 0.5 * crate::elementary::erfc(x / (std::f64::consts::SQRT_2 * width)),
        4 if x < 0.0 => request * (1.0 - 0.5 * crate::elementary::exp(x / width)),
        4 => request * 0.5 * crate::elementary::exp(-x / width),
        _ => f64::NAN,
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
