//! Conveyors.

use super::{At, MOST_PLACES, Step};
use crate::compile::fault::Fault;
use crate::compile::graph::{Pace, Slot, Value, VectorOperation};
use crate::compile::lower::{Failed, Lowered, Lowering, Memory, MemoryKind, Phase};
use crate::compile::operation::{Binary, Unary};
use crate::compile::store::{Belt, BeltLeak};
use crate::model::{Conveyor, Leak};

impl<'a> Lowering<'a> {
    /// The slats of a conveyor and where it leaks; `at` is at the start of the run.
    pub(super) fn belt(&mut self, at: &At<'a>, conveyor: &'a Conveyor) -> Result<Belt, Failed> {
        let later = At { context: at.context.in_phase(Phase::Moving), ..at.clone() };
        let transit = self.expression(&conveyor.transit, &later.context)?;
        let changing = self.graph.pace(transit) > Pace::Run;
        let first = self.depth(at, conveyor)?;
        let first = self.value_at_start(first);
        let slats = match (changing, first) {
            (false, Some(first)) => first,
            (true, Some(first)) => {
                let (longest, run) = (self.ceiling(transit, &mut 1000), self.steps_of_run());
                let step = self.control("TIME STEP", Phase::Initial)?;
                let step = self.constant_value(step);
                let longest = longest.zip(step).map(|(longest, step)| (longest / step + 0.5).floor());
                // What is put on beyond the end of the run does not leave in it.
                let enough = [longest, run.map(|steps| steps + 1.0)].into_iter().flatten().fold(f64::NAN, f64::min);
                enough.max(first)
            }
            (_, None) => {
                let argument = "the transit time at the start".to_owned();
                let (variable, span) = (at.name.text().to_owned(), conveyor.transit.span);
                return Err(self.fail(Fault::NotConstant { argument, variable, span }));
            }
        };
        if !(1.0..=MOST_PLACES).contains(&slats) {
            let up_to = if changing { "up to " } else { "" };
            let construct = format!("a transit time of {up_to}{slats} steps");
            let instead = format!("let it be from 1 to {MOST_PLACES} time steps");
            return Err(self.cannot(construct, at.name.text(), conveyor.transit.span, &instead));
        }
        let slats = slats as usize;
        let mut belt = Belt {
            slats,
            leaks: Vec::new(),
            exponential: conveyor.exponential,
            zones: Vec::new(),
            discrete: conveyor.discrete,
            changing,
        };
        for leak in &conveyor.leaks {
            let zone = self.zone(at, leak, slats, changing)?;
            let number = belt.zones.iter().position(|known| *known == zone).unwrap_or(belt.zones.len());
            if number == belt.zones.len() && !belt.exponential {
                belt.zones.push(zone);
            }
            belt.leaks.push(BeltLeak { slats: zone, zone: number, integers: leak.integers });
        }
        Ok(belt)
    }

    /// The slats whose middles lie in a leak's zone. Zones run from where material enters, slats from where it leaves.
    fn zone(&mut self, at: &At<'a>, leak: &Leak, slats: usize, changing: bool) -> Result<(usize, usize), Failed> {
        if leak.zone == (0.0, 1.0) {
            return Ok((0, slats - 1));
        }
        let (start, end) = leak.zone;
        let span = leak.fraction.span;
        if changing {
            let construct = format!("a leak zone on the conveyor `{}`, whose transit time changes,", at.name);
            let instead = "let it leak on its whole length, or divide it into two conveyors";
            return Err(self.cannot(construct, leak.flow.text(), span, instead));
        }
        let within = |slat: &usize| {
            let middle = 1.0 - (*slat as f64 + 0.5) / slats as f64;
            (start - 1e-9..=end + 1e-9).contains(&middle)
        };
        let first = (0..slats).find(within);
        match first.zip((0..slats).rev().find(within)) {
            Some(zone) => Ok(zone),
            None => {
                let construct = format!("a leak zone on the conveyor `{}` that is shorter than a step", at.name);
                Err(self.cannot(construct, leak.flow.text(), span, "use a shorter time step or a longer zone"))
            }
        }
    }

    /// The transit time in whole steps, halves upwards, at least one.
    fn depth(&mut self, at: &At<'a>, conveyor: &'a Conveyor) -> Lowered {
        let transit = self.expression(&conveyor.transit, &at.context)?;
        let step = self.control("TIME STEP", at.context.phase)?;
        let (half, one) = (self.number(0.5), self.number(1.0));
        let steps = self.graph.binary(Binary::Divide, transit, step);
        let steps = self.graph.binary(Binary::Add, steps, half);
        let steps = self.graph.unary(Unary::Floor, steps);
        if self.graph.pace(transit) <= Pace::Run {
            Ok(steps)
        } else {
            Ok(self.graph.binary(Binary::Maximum, steps, one))
        }
    }

    /// The depth at which material is put: that of the last step in which the transit time was read.
    fn entry(&mut self, at: &At<'a>, conveyor: &'a Conveyor) -> Lowered {
        let now = self.depth(at, conveyor)?;
        let Some(sample) = conveyor.sample.as_ref().filter(|_| self.graph.pace(now) > Pace::Run) else {
            return Ok(now);
        };
        let sampled = self.expression(sample, &at.context)?;
        let arrest = self.condition(conveyor.arrest.as_ref(), &at.context)?;
        let first = self.depth(&self.beginning(at), conveyor)?;
        let number = self.memories.len() as u32;
        let kept = self.graph.slot(Slot::Memory(number));
        let value = self.graph.select(sampled, now, kept);
        let value = self.graph.select(arrest, kept, value);
        let name = format!("{} (transit time)", at.name);
        self.memories.push(Memory { name, kind: MemoryKind::Sample, initial: first, input: value });
        Ok(value)
    }

    fn fractions(&mut self, at: &At<'a>, conveyor: &'a Conveyor) -> Result<Vec<Value>, Failed> {
        conveyor.leaks.iter().map(|leak| self.expression(&leak.fraction, &at.context)).collect()
    }

    pub(super) fn belt_start(&mut self, at: &At<'a>, conveyor: &'a Conveyor) -> Result<Vec<Value>, Failed> {
        let belt = self.belt(at, conveyor)?;
        let (depth, step) = (self.depth(at, conveyor)?, self.control("TIME STEP", at.context.phase)?);
        let mut inputs = vec![depth, step];
        inputs.extend(self.fractions(at, conveyor)?);
        if conveyor.contents.is_empty() {
            inputs.push(self.expression(&at.stock.initial, &at.context)?);
        } else {
            let contents = self.listed(at, conveyor, &belt)?;
            inputs.extend(contents.into_iter().map(|amount| self.number(amount)));
        }
        let state = belt.state();
        Ok(self.graph.vector(VectorOperation::BeltFill(belt), inputs, state))
    }

    /// Listed contents by slats: one value for each step of the way, or one for each time unit, spread over its steps or,
    /// on a discrete conveyor, put at its beginning.
    fn listed(&mut self, at: &At<'a>, conveyor: &'a Conveyor, belt: &Belt) -> Result<Vec<f64>, Failed> {
        let (depth, step) = (self.depth(at, conveyor)?, self.control("TIME STEP", at.context.phase)?);
        let (depth, step) = (self.value_at_start(depth), self.value_at_start(step));
        let (Some(depth), Some(step)) = (depth, step) else { return Err(Failed) };
        let way = (depth as usize).clamp(1, belt.slats);
        let unit = |slat: usize| (slat as f64 * step + 1e-9).floor() as usize;
        let (values, units) = (&conveyor.contents, unit(way - 1).saturating_add(1));
        let mut contents = vec![0.0; belt.slats];
        if values.len() == way {
            contents[..way].copy_from_slice(values);
        } else if values.len() == units {
            for (number, value) in values.iter().enumerate() {
                let own: Vec<usize> = (0..way).filter(|slat| unit(*slat) == number).collect();
                let own = if belt.discrete { &own[..1] } else { &own[..] };
                for slat in own {
                    contents[*slat] = value / own.len() as f64;
                }
            }
        } else {
            let construct = format!("a list of {} contents for {units} time units of {way} steps", values.len());
            let instead = "give one content for each time unit of the transit time, or one for each step";
            return Err(self.cannot(construct, at.name.text(), at.stock.initial.span, instead));
        }
        Ok(contents)
    }

    /// What leaves: at the end, and by each leak.
    pub(super) fn belt_step(&mut self, at: &At<'a>, conveyor: &'a Conveyor) -> Result<Step, Failed> {
        let belt = self.belt(&self.beginning(at), conveyor)?;
        let step = self.control("TIME STEP", at.context.phase)?;
        let arrest = self.condition(conveyor.arrest.as_ref(), &at.context)?;
        let mut inputs = vec![step, arrest];
        inputs.extend(self.fractions(at, conveyor)?);
        inputs.extend(self.places(at)?);
        let (leaks, slats) = (belt.leaks.len(), belt.slats);
        let outputs = self.graph.vector(VectorOperation::BeltLeave(belt), inputs, 1 + 2 * leaks + slats);
        let amounts = at.stock.outflows.iter().map(|flow| {
            let leak = conveyor.leaks.iter().position(|leak| leak.flow == *flow);
            outputs[leak.map_or(0, |leak| 1 + leak)]
        });
        Ok(Step { amounts: amounts.collect(), rest: outputs[1 + leaks..].to_vec() })
    }

    pub(super) fn belt_next(&mut self, at: &At<'a>, conveyor: &'a Conveyor) -> Result<Vec<Value>, Failed> {
        let belt = self.belt(&self.beginning(at), conveyor)?;
        let places = self.places(at)?;
        let step = self.step(at)?;
        let mut entering = [self.number(0.0); 2];
        for flow in &at.stock.inflows {
            let amount = self.amount(at, flow)?;
            let sum = &mut entering[usize::from(conveyor.spread.contains(flow))];
            *sum = self.graph.binary(Binary::Add, *sum, amount);
        }
        let arrest = self.condition(conveyor.arrest.as_ref(), &at.context)?;
        let mut inputs = vec![arrest, self.entry(at, conveyor)?];
        inputs.extend(entering);
        let (slats, shares) = (belt.slats, belt.slats * belt.zones.len());
        inputs.extend(&step.rest[..slats]);
        inputs.extend(&places[slats..slats + shares]);
        let mut next = self.graph.vector(VectorOperation::BeltMove(belt), inputs, slats + shares);
        next.extend(&step.rest[slats..]);
        Ok(next)
    }

    /// What a conveyor takes, per time unit: room for what its capacity exceeds its content by, and for what leaves.
    pub(super) fn belt_room(&mut self, at: &At<'a>, conveyor: &'a Conveyor) -> Result<Option<Value>, Failed> {
        let mut room = None;
        if let Some(capacity) = &conveyor.capacity {
            let capacity = self.expression(capacity, &at.context)?;
            let content = self.content(at)?;
            let free = self.graph.binary(Binary::Subtract, capacity, content);
            let step = self.control("TIME STEP", at.context.phase)?;
            let mut free = self.graph.binary(Binary::Divide, free, step);
            for flow in &at.stock.outflows {
                let outflow = self.flow(at, flow)?;
                free = self.graph.binary(Binary::Add, free, outflow);
            }
            room = Some(free);
        }
        if let Some(limit) = &conveyor.inflow_limit {
            let limit = self.expression(limit, &at.context)?;
            let limit = if conveyor.discrete { self.budget(at, limit)? } else { limit };
            room = Some(room.map_or(limit, |room| self.graph.binary(Binary::Minimum, room, limit)));
        }
        Ok(room)
    }

    /// What a discrete conveyor may still take in this time unit, per time unit: all of it may enter in one step.
    fn budget(&mut self, at: &At<'a>, limit: Value) -> Lowered {
        let key = (at.context.phase, at.variable, at.coordinates.clone());
        if let Some(known) = self.stores.budgets.get(&key) {
            return Ok(*known);
        }
        let time = self.time();
        let (start, step) =
            (self.control("INITIAL TIME", Phase::Initial)?, self.control("TIME STEP", at.context.phase)?);
        let zero = self.number(0.0);
        let (taken, number) = match at.context.phase {
            Phase::Initial => (zero, None),
            Phase::Moving => {
                let number = self.memories.len() as u32;
                let name = format!("{} (inflow of the time unit)", at.name);
                self.memories.push(Memory { name, kind: MemoryKind::Sample, initial: zero, input: zero });
                (self.graph.slot(Slot::Memory(number)), Some(number))
            }
        };
        let inputs = vec![time, start, step, limit, taken];
        let parts = self.graph.vector(VectorOperation::UnitBudget, inputs, 2);
        let budget = self.graph.binary(Binary::Divide, parts[0], step);
        self.stores.budgets.insert(key, budget);
        if let Some(number) = number {
            let (at, same) = (at.clone(), parts[1]);
            self.defer(move |lowering| {
                let mut all = taken;
                for flow in &at.stock.inflows {
                    let Ok(amount) = lowering.amount(&at, flow) else { return };
                    all = lowering.graph.binary(Binary::Add, all, amount);
                }
                let zero = lowering.number(0.0);
                lowering.memories[number as usize].input = lowering.graph.select(same, all, zero);
            });
        }
        Ok(budget)
    }
}
