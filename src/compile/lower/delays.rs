//! Delays in whole steps: Vensim's fixed, material, information and conveyor delays, as pipelines and rows of memories.
//!
//! What enters a conveyor leaves after its conveyance time, less what leaks on the way.

use super::scope::Context;
use super::{Failed, Lowered, Lowering, MemoryKind, Phase};
use crate::compile::fault::Fault;
use crate::compile::graph::{Pace, Slot, Value};
use crate::compile::operation::Binary;
use crate::model::{Expression, Function};

/// The longest conveyor, in steps.
const MOST_PLACES: f64 = 10_000.0;

impl<'a> Lowering<'a> {
    /// A pure delay: what goes in comes out after a fixed time.
    pub(super) fn pipeline(
        &mut self,
        input: &'a Expression,
        delay: &'a Expression,
        initial: Option<&'a Expression>,
        expression: &'a Expression,
        context: &Context,
    ) -> Lowered {
        if context.phase == Phase::Initial {
            return self.expression(initial.unwrap_or(input), context);
        }
        let origin = self.origin(expression, context, 0);
        let name = format!("{} (pipeline)", self.reading(context));
        let zero = self.number(0.0);
        let (memory, new) = self.memory(origin, name, MemoryKind::Line { delay: zero });
        if new {
            let context = context.clone();
            self.defer(move |lowering| {
                let at_start = context.in_phase(Phase::Initial);
                if let Ok(delay) = lowering.expression(delay, &at_start) {
                    lowering.memories[memory as usize].kind = MemoryKind::Line { delay };
                }
                if let Ok(value) = lowering.expression(input, &context) {
                    lowering.memories[memory as usize].input = value;
                }
                if let Ok(start) = lowering.expression(initial.unwrap_or(input), &at_start) {
                    lowering.memories[memory as usize].initial = start;
                }
            });
        }
        Ok(self.graph.slot(Slot::Memory(memory)))
    }

    /// DELAY MATERIAL and DELAY INFORMATION: "with a fixed delay time all the functions behave the same" as DELAY FIXED
    /// (Vensim modelling guide, chapter 9). The guide shows no more than pictures of what a delay time that changes
    /// does, so that is refused.
    pub(super) fn discrete_delay(
        &mut self,
        function: Function,
        arguments: &'a [Expression],
        expression: &'a Expression,
        context: &Context,
    ) -> Lowered {
        let [input, delay, initial, ..] = arguments else { return Err(Failed) };
        let instead = "write DELAY FIXED if the delay time should not change, or DELAY N (of material) or SMOOTH N (of \
                       information) of a high order";
        self.refuse_if_it_changes(function, "whose delay time changes", instead, delay, context);
        self.pipeline(input, delay, Some(initial), expression, context)
    }

    /// Refuses a duration that changes during the run; later, since what it depends on may be on the walk.
    fn refuse_if_it_changes(
        &mut self,
        function: Function,
        what: &'static str,
        instead: &'static str,
        duration: &'a Expression,
        context: &Context,
    ) {
        let context = context.in_phase(Phase::Moving);
        self.defer(move |lowering| {
            if let Ok(value) = lowering.expression(duration, &context)
                && lowering.graph.pace(value) > Pace::Run
            {
                lowering.not_determined(function, what, instead, duration, &context);
            }
        });
    }

    /// DELAY CONVEYOR(input, conveyance time, leak, initial profile, initial content, initial conveyance time), by the
    /// formulas of Vensim's reference manual: in each step what has arrived leaves, the input is put on, and of all that
    /// is on the belt then, "including newly added input", the fraction `leak * TIME STEP` is lost.
    ///
    /// How a belt changes its pace and how a profile that is not flat is cut into steps the manual does not say.
    pub(super) fn conveyor_delay(
        &mut self,
        arguments: &'a [Expression],
        expression: &'a Expression,
        context: &Context,
    ) -> Lowered {
        let [input, transit, leak, profile, content, first_transit] = arguments else { return Err(Failed) };
        let places = self.conveyor_places(arguments, context)?;
        if !self.is_flat(profile, content, context)? {
            let instead = "write a profile of one height, such as [(0,0)-(1,1)],(0,1),(1,1), or a stock for each part of \
                           the content";
            let what = "whose initial profile is not flat";
            return Err(self.not_determined(Function::DelayConveyor, what, instead, profile, context));
        }
        if context.phase == Phase::Initial {
            let content = self.expression(content, context)?;
            let transit = self.expression(first_transit, context)?;
            return Ok(self.graph.binary(Binary::Divide, content, transit));
        }
        self.count_reads(places, expression, context)?;
        let mut memories = Vec::with_capacity(places);
        let mut fresh = false;
        for place in 0..places {
            let origin = self.origin(expression, context, place);
            let name = format!("{} (conveyor, place {})", self.reading(context), place + 1);
            let (memory, new) = self.memory(origin, name, MemoryKind::Sample);
            fresh |= new;
            memories.push(memory);
        }
        let leaving = self.graph.slot(Slot::Memory(memories[0]));
        if fresh {
            let context = context.clone();
            self.defer(move |lowering| {
                let at_start = context.in_phase(Phase::Initial);
                let start = (|| {
                    let content = lowering.expression(content, &at_start)?;
                    let transit = lowering.expression(transit, &at_start)?;
                    Ok::<Value, Failed>(lowering.graph.binary(Binary::Divide, content, transit))
                })();
                let kept = lowering.kept_share(leak, &context);
                let entering = lowering.expression(input, &context);
                let (Ok(start), Ok(kept), Ok(entering)) = (start, kept, entering) else { return };
                for (place, memory) in memories.iter().enumerate() {
                    let behind = match memories.get(place + 1) {
                        Some(behind) => lowering.graph.slot(Slot::Memory(*behind)),
                        None => entering,
                    };
                    let moved = lowering.graph.binary(Binary::Multiply, behind, kept);
                    let memory = &mut lowering.memories[*memory as usize];
                    (memory.initial, memory.input) = (start, moved);
                }
            });
        }
        Ok(leaving)
    }

    /// What a step leaves of what is on the belt.
    fn kept_share(&mut self, leak: &'a Expression, context: &Context) -> Lowered {
        let leak = self.expression(leak, context)?;
        let step = self.control("TIME STEP", context.phase)?;
        let (one, lost) = (self.number(1.0), self.graph.binary(Binary::Multiply, leak, step));
        Ok(self.graph.binary(Binary::Subtract, one, lost))
    }

    /// The steps of the way: a whole number known before the run, the same from the start on.
    fn conveyor_places(&mut self, arguments: &'a [Expression], context: &Context) -> Result<usize, Failed> {
        let [_, transit, _, _, _, first_transit] = arguments else { return Err(Failed) };
        let function = Function::DelayConveyor;
        let (what, instead) = ("whose conveyance time changes", "let the conveyance time be a constant");
        self.refuse_if_it_changes(function, what, instead, transit, context);
        let at_start = context.in_phase(Phase::Initial);
        let value = self.expression(transit, &at_start)?;
        let first = self.expression(first_transit, &at_start)?;
        let step = self.control("TIME STEP", Phase::Initial)?;
        let mut known = [0.0; 3];
        for (place, (value, argument)) in
            [(value, transit), (first, first_transit), (step, transit)].into_iter().enumerate()
        {
            let Some(number) = self.value_at_start(value) else {
                let variable = self.reading(context);
                let argument_name = "the conveyance time of DELAY CONVEYOR".to_owned();
                return Err(self.fail(Fault::NotConstant { argument: argument_name, variable, span: argument.span }));
            };
            known[place] = number;
        }
        let [transit_time, first_time, step] = known;
        if (transit_time - first_time).abs() > 1e-9 * transit_time.abs() {
            let what = "whose conveyance time at the start is another than later";
            let instead = "let the sixth argument be the same as the second";
            return Err(self.not_determined(function, what, instead, first_transit, context));
        }
        let steps = (transit_time / step).round();
        if (transit_time / step - steps).abs() > 1e-6 || !(1.0..=MOST_PLACES).contains(&steps) {
            let what = format!("of {transit_time} with a time step of {step}");
            let instead = format!("let the conveyance time be a whole number of time steps, from 1 to {MOST_PLACES}");
            return Err(self.not_determined(function, &what, &instead, transit, context));
        }
        Ok(steps as usize)
    }

    /// Whether the initial content is spread evenly, or is nothing at all.
    fn is_flat(&mut self, profile: &'a Expression, content: &'a Expression, context: &Context) -> Result<bool, Failed> {
        let number = self.table_of(profile, context)?;
        let heights = &self.graph.tables[number as usize].y;
        if heights.first().is_some_and(|first| *first > 0.0 && heights.iter().all(|height| height == first)) {
            return Ok(true);
        }
        let content = self.expression(content, &context.in_phase(Phase::Initial))?;
        Ok(self.graph.as_constant(content) == Some(0.0))
    }

    fn not_determined(
        &mut self,
        function: Function,
        what: &str,
        instead: &str,
        at: &Expression,
        context: &Context,
    ) -> Failed {
        let name = function.spelling(self.dialect()).unwrap_or("a delay");
        let (construct, variable) = (format!("{name} {what}"), self.reading(context));
        self.fail(Fault::Unsupported { construct, variable, span: at.span, instead: instead.to_owned() })
    }
}
