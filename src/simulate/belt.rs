//! Conveyors step by step: what they hold at the start, what leaves and leaks in a step, how they move on.
//!
//! Source: XMILE 1.0, sections 3.7.2 and 4.2.1, and isee systems' Conveyor Computation; `docs/xmile.md` says which is
//! followed where they differ. An amount that no number can be is never hidden: it stays one.

use crate::compile::{Belt, BeltLeak};

/// Whole units of what has been carried are taken although rounding left it this little short.
const NEARLY: f64 = 1e-9;

/// A conveyor's state at the start.
///
/// A content given as a whole is spread so that a steady inflow would keep it: each slat holds what of an equal amount
/// has not leaked on its way there.
pub fn fill(belt: &Belt, inputs: &[f64]) -> Vec<f64> {
    let (depth, step) = (inputs[0], inputs[1]);
    let (fractions, given) = inputs[2..].split_at(belt.leaks.len());
    if inputs[..2 + fractions.len()].iter().any(|input| input.is_nan()) {
        return vec![f64::NAN; belt.state()];
    }
    let way = place(depth, belt.slats) + 1;
    let (kept, shares) = unit_amount(belt, way, step, fractions);
    let contents = if given.len() > 1 { given.to_vec() } else { spread(belt, &kept, given[0], step) };
    let mut state = contents.clone();
    for zone in shares {
        let amounts = contents.iter().zip(&kept);
        state.extend(amounts.zip(zone).map(|((content, kept), share)| match *kept > 0.0 {
            true => share * (content / kept),
            false => 0.0,
        }));
    }
    state.resize(belt.state(), 0.0);
    state
}

/// What remains of an amount of 1 when it comes to each slat, and its share there in each zone.
fn unit_amount(belt: &Belt, way: usize, step: f64, fractions: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let mut kept = vec![0.0; belt.slats];
    let mut shares = vec![vec![0.0; belt.slats]; belt.zones.len()];
    let mut current = vec![0.0; belt.zones.len()];
    let mut remaining = 1.0;
    for slat in (0..way).rev() {
        kept[slat] = remaining;
        for (zone, (first, last)) in belt.zones.iter().enumerate() {
            let last = if belt.changing { way - 1 } else { *last };
            if slat == last {
                current[zone] = remaining / (last + 1 - first) as f64;
            }
            shares[zone][slat] = if (*first..=last).contains(&slat) { current[zone] } else { 0.0 };
        }
        let share = |leak: &BeltLeak| shares.get(leak.zone).map_or(0.0, |zone| zone[slat]);
        let scale = if belt.exponential { moderation(belt, slat, step, fractions) } else { 1.0 };
        let whole = remaining;
        for (leak, fraction) in belt.leaks.iter().zip(fractions).filter(|(leak, _)| leaks_at(leak, slat)) {
            let amount = match belt.exponential {
                true => whole * rate(*fraction) * step * scale,
                false => least(rate(*fraction) * share(leak), remaining),
            };
            remaining -= amount;
        }
    }
    (kept, shares)
}

fn spread(belt: &Belt, kept: &[f64], content: f64, step: f64) -> Vec<f64> {
    let unit = |slat: usize| (slat as f64 * step + NEARLY).floor();
    let begins = |slat: usize| !belt.discrete || slat == 0 || unit(slat) > unit(slat - 1);
    let batches: Vec<f64> =
        kept.iter().enumerate().map(|(slat, kept)| if begins(slat) { *kept } else { 0.0 }).collect();
    // Where leaks leave nothing at the beginning of any time unit, it stands where anything still is.
    let weights = if batches.iter().sum::<f64>() > 0.0 { &batches } else { kept };
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| content * weight / total).collect()
}

/// What leaves at the end and by each leak in a step, then what stays on each slat, then the carries.
pub fn leave(belt: &Belt, inputs: &[f64]) -> Vec<f64> {
    let (step, arrested) = (inputs[0], inputs[1] != 0.0);
    let (fractions, state) = inputs[2..].split_at(belt.leaks.len());
    let (contents, rest) = state.split_at(belt.slats);
    let (shares, carries) = rest.split_at(belt.slats * belt.zones.len());
    if inputs[..2 + belt.leaks.len()].iter().any(|input| input.is_nan()) {
        return vec![f64::NAN; 1 + 2 * belt.leaks.len() + belt.slats];
    }
    let mut left = contents.to_vec();
    let mut carries = carries.to_vec();
    let mut leaked = vec![0.0; belt.leaks.len()];
    if !arrested {
        let scales: Vec<f64> = match belt.exponential {
            true => (0..belt.slats).map(|slat| moderation(belt, slat, step, fractions)).collect(),
            false => Vec::new(),
        };
        for (number, (leak, fraction)) in belt.leaks.iter().zip(fractions).enumerate() {
            let wanted = |slat: usize, left: f64| match belt.exponential {
                true => least(contents[slat] * rate(*fraction) * step * scales[slat], left),
                false => least(rate(*fraction) * shares[leak.zone * belt.slats + slat], left),
            };
            let (first, last) = leak.slats;
            if leak.integers {
                let due: f64 = (first..=last).map(|slat| wanted(slat, left[slat])).sum::<f64>() + carries[number];
                let there: f64 = left[first..=last].iter().sum();
                let mut whole = (least(due, there) + NEARLY).floor();
                for left in &mut left[first..=last] {
                    let taken = least(whole, *left);
                    whole -= taken;
                    leaked[number] += taken;
                    *left -= taken;
                }
                carries[number] = due - leaked[number];
            } else {
                for (slat, left) in left.iter_mut().enumerate().take(last + 1).skip(first) {
                    let amount = wanted(slat, *left);
                    leaked[number] += amount;
                    *left -= amount;
                }
            }
        }
    }
    let mut outputs = vec![if arrested { 0.0 } else { left[0] }];
    outputs.extend(leaked);
    outputs.extend(left);
    outputs.extend(carries);
    outputs
}

/// The state after a step, without carries.
pub fn advance(belt: &Belt, inputs: &[f64]) -> Vec<f64> {
    let (arrested, depth, amount, spread) = (inputs[0] != 0.0, inputs[1], inputs[2], inputs[3]);
    let (contents, shares) = inputs[4..].split_at(belt.slats);
    if arrested {
        return inputs[4..].to_vec();
    }
    let moved = |slats: &[f64]| -> Vec<f64> { slats[1..].iter().copied().chain([0.0]).collect() };
    let entry = place(depth, belt.slats);
    // Of what is put evenly along the way, the part that each slat gets.
    let way = if depth > 1.0 { depth } else { 1.0 };
    let part = spread / way;
    // What would stand behind the last slat leaves after the run, wherever it stands.
    let amount = amount + part * (way - (entry + 1) as f64);
    let mut state = moved(contents);
    state[entry] += if depth.is_nan() { f64::NAN } else { amount };
    if part != 0.0 {
        state[..=entry].iter_mut().for_each(|slat| *slat += part);
    }
    for (zone, (first, last)) in belt.zones.iter().enumerate() {
        let mut own = moved(&shares[zone * belt.slats..(zone + 1) * belt.slats]);
        let way = if belt.changing { depth } else { (last + 1 - first) as f64 };
        if part != 0.0 {
            own[*first..=entry.min(*last)].iter_mut().for_each(|share| *share += part / way);
        }
        if belt.changing {
            own[entry] += amount / way;
        } else {
            own[*last] = state[*last] / way;
        }
        state.extend(own);
    }
    state
}

/// What may still enter in the time unit of this step, and whether the next step lies in it too.
pub fn unit_budget(inputs: &[f64]) -> Vec<f64> {
    let [time, start, step, limit, taken] = inputs[..] else { return vec![f64::NAN; 2] };
    let unit = |time: f64| (time - start + NEARLY).floor();
    let same = unit(time + step) == unit(time);
    vec![if limit > taken { limit - taken } else { 0.0 }, f64::from(same)]
}

/// The slat on which an amount is put that is to leave after so many steps. Beyond the last it leaves after the run.
fn place(depth: f64, slats: usize) -> usize {
    (depth.clamp(1.0, slats as f64) as usize).clamp(1, slats) - 1
}

fn leaks_at(leak: &BeltLeak, slat: usize) -> bool {
    (leak.slats.0..=leak.slats.1).contains(&slat)
}

/// By what exponential leaks are scaled where together they would take more than there is.
fn moderation(belt: &Belt, slat: usize, step: f64, fractions: &[f64]) -> f64 {
    let leaks = belt.leaks.iter().zip(fractions).filter(|(leak, _)| leaks_at(leak, slat));
    let together: f64 = leaks.map(|(_, fraction)| rate(*fraction) * step).sum();
    if together > 1.0 { 1.0 / together } else { 1.0 }
}

/// A fraction below zero leaks nothing.
fn rate(fraction: f64) -> f64 {
    if fraction < 0.0 { 0.0 } else { fraction }
}

/// The lesser; what is not a number stays so.
fn least(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}
