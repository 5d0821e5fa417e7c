//! Ovens.

use super::{At, Step};
use crate::compile::graph::{Value, VectorOperation};
use crate::compile::lower::{Failed, Lowered, Lowering};
use crate::compile::operation::Binary;
use crate::model::{Expression, Oven};

impl<'a> Lowering<'a> {
    /// Content, stage and steps left: an oven begins by filling.
    pub(super) fn oven_start(&mut self, at: &At<'a>) -> Result<Vec<Value>, Failed> {
        let content = self.expression(&at.stock.initial, &at.context)?;
        Ok(vec![content, self.number(0.0), self.number(-1.0)])
    }

    /// What leaves; then whether the oven takes anything, and the steps left when it cooks.
    pub(super) fn oven_step(&mut self, at: &At<'a>, oven: &'a Oven) -> Result<Step, Failed> {
        let step = self.control("TIME STEP", at.context.phase)?;
        let arrest = self.condition(oven.arrest.as_ref(), &at.context)?;
        let mut inputs = vec![step, arrest, self.expression(&oven.cook, &at.context)?];
        inputs.extend(self.places(at)?);
        let outputs = self.graph.vector(VectorOperation::OvenOpen, inputs, 3);
        Ok(Step { amounts: vec![outputs[0]], rest: outputs[1..].to_vec() })
    }

    pub(super) fn oven_next(&mut self, at: &At<'a>, oven: &'a Oven) -> Result<Vec<Value>, Failed> {
        let opened = self.step(at)?;
        let step = self.control("TIME STEP", at.context.phase)?;
        let arrest = self.condition(oven.arrest.as_ref(), &at.context)?;
        let capacity = self.bound(oven.capacity.as_ref(), f64::INFINITY, at)?;
        let fill = self.bound(oven.fill.as_ref(), f64::INFINITY, at)?;
        let clean = self.bound(oven.clean.as_ref(), 0.0, at)?;
        let mut inputs = vec![step, arrest, capacity, fill, clean];
        for flow in &at.stock.inflows {
            inputs.push(self.amount(at, flow)?);
        }
        inputs.extend(self.places(at)?);
        inputs.extend(opened.amounts.iter().chain(&opened.rest));
        Ok(self.graph.vector(VectorOperation::OvenMove, inputs, 3))
    }

    /// What an oven takes, per time unit: nothing unless it fills.
    pub(super) fn oven_room(&mut self, at: &At<'a>, oven: &'a Oven) -> Lowered {
        let opened = self.step(at)?;
        let capacity = self.bound(oven.capacity.as_ref(), f64::INFINITY, at)?;
        let content = self.content(at)?;
        let free = self.graph.binary(Binary::Subtract, capacity, content);
        let step = self.control("TIME STEP", at.context.phase)?;
        let free = self.graph.binary(Binary::Divide, free, step);
        let closed = self.number(0.0);
        Ok(self.graph.select(opened.rest[0], free, closed))
    }

    fn bound(&mut self, bound: Option<&'a Expression>, otherwise: f64, at: &At<'a>) -> Lowered {
        match bound {
            Some(bound) => self.expression(bound, &at.context),
            None => Ok(self.number(otherwise)),
        }
    }
}
