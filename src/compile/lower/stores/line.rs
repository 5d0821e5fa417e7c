//! Queues.

use super::{At, MOST_PLACES, Step};
use crate::compile::graph::{Value, VectorOperation};
use crate::compile::lower::{Failed, Lowering};
use crate::compile::operation::Binary;
use crate::compile::store::{Beyond, Line, Outlet};
use crate::model::{Definition, Queue, Store};

impl<'a> Lowering<'a> {
    /// A queue's outlets, and room for the batches that can wait in it.
    pub(super) fn line(&mut self, at: &At<'a>, queue: &'a Queue) -> Result<Line, Failed> {
        let checked = self.checked;
        let mut outlets = Vec::new();
        for flow in &at.stock.outflows {
            let number = checked.names().variable(flow);
            let next = number.and_then(|number| self.stores.ties.enters.get(&number)).copied();
            let next = next.map(|next| &checked.model().variables[next]);
            let next = next.and_then(|next| {
                next.equations.iter().find_map(|equation| match &equation.definition {
                    Definition::Stock(stock) => Some((next, &stock.store)),
                    _ => None,
                })
            });
            let into = match next {
                Some((next, Store::Conveyor(conveyor))) if !conveyor.discrete => {
                    let construct = format!("a queue before the conveyor `{}`, which is not discrete,", next.name);
                    return Err(self.cannot(construct, at.name.text(), at.span, "write <conveyor discrete=\"true\">"));
                }
                Some((_, Store::Conveyor(conveyor))) => Beyond::Conveyor(conveyor.batches),
                Some((_, Store::Oven(oven))) => Beyond::Oven(oven.batches),
                _ => Beyond::Open,
            };
            outlets.push(Outlet { overflow: queue.overflows.contains(flow), into });
        }
        let inflows = at.stock.inflows.len();
        let listed = queue.contents.len().max(1);
        let emptied = outlets.iter().any(|outlet| outlet.into == Beyond::Open && !outlet.overflow);
        let batches = if emptied {
            listed
        } else {
            let Some(steps) = self.steps_of_run() else {
                let construct = "a queue in a run whose end is not known before it".to_owned();
                return Err(self.cannot(construct, at.name.text(), at.span, "give the run a fixed end"));
            };
            let most = steps * inflows as f64 + listed as f64;
            if most > MOST_PLACES {
                let construct = format!("a queue that may come to hold {most} batches");
                let instead = format!("shorten the run or use a longer time step: {MOST_PLACES} batches are the limit");
                return Err(self.cannot(construct, at.name.text(), at.span, &instead));
            }
            most as usize
        };
        Ok(Line { batches, inflows, outlets })
    }

    pub(super) fn line_start(&mut self, at: &At<'a>, queue: &'a Queue) -> Result<Vec<Value>, Failed> {
        let batches = self.line(at, queue)?.batches;
        let mut start: Vec<Value> = match queue.contents.is_empty() {
            true => vec![self.expression(&at.stock.initial, &at.context)?],
            false => queue.contents.iter().map(|amount| self.number(*amount)).collect(),
        };
        let zero = self.number(0.0);
        start.resize(batches, zero);
        Ok(start)
    }

    /// What leaves by each outlet, and the batches that stay.
    pub(super) fn line_step(&mut self, at: &At<'a>, queue: &'a Queue) -> Result<Step, Failed> {
        let line = self.line(&self.beginning(at), queue)?;
        let step = self.control("TIME STEP", at.context.phase)?;
        let zero = self.number(0.0);
        let mut inputs = Vec::new();
        for flow in &at.stock.inflows {
            let amount = self.amount(at, flow)?;
            inputs.push(self.graph.binary(Binary::Maximum, amount, zero));
        }
        for flow in &at.stock.outflows {
            let number = self.checked.names().variable(flow).ok_or(Failed)?;
            let room = match self.stores.ties.enters.get(&number).copied() {
                Some(next) => {
                    let flow = &self.checked.model().variables[number];
                    let next = self.at(next, &at.coordinates, &at.context, flow)?;
                    self.room(&next, &flow.name)?
                }
                None => None,
            };
            inputs.push(match room {
                Some(room) => self.graph.binary(Binary::Multiply, room, step),
                None => self.number(f64::INFINITY),
            });
        }
        inputs.extend(self.places(at)?);
        let (outlets, batches) = (line.outlets.len(), line.batches);
        let outputs = self.graph.vector(VectorOperation::QueueServe(line), inputs, outlets + batches);
        Ok(Step { amounts: outputs[..outlets].to_vec(), rest: outputs[outlets..].to_vec() })
    }
}
