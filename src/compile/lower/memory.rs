//! Functions that remember: smooths and delays as states, samples and pipelines as memories, INITIAL as held values.

use super::scope::Context;
use super::{Failed, Held, Key, Lowered, Lowering, Memory, MemoryKind, Origin, Phase, Site};
use crate::compile::fault::Fault;
use crate::compile::graph::{Pace, Slot, Value};
use crate::compile::operation::Binary;
use crate::model::{Definition, Expression, Function};

/// Parts of a call from here on are delay times of earlier steps.
const LAG: usize = 1 << 20;

/// The shapes of a chain of first-order stages.
#[derive(Clone, Copy, PartialEq)]
enum Chain {
    /// Information: each stage adjusts its level to what comes in; the output is the last level.
    Smooth,
    /// Material: each stage holds what came in; the output is the last outflow.
    Delay,
    /// Material, as Vensim's DELAY N: a change of the delay time reaches the stages one step apart, the output with
    /// the second.
    LaggedDelay,
}

impl<'a> Lowering<'a> {
    pub(super) fn memory_function(
        &mut self,
        function: Function,
        arguments: &'a [Expression],
        expression: &'a Expression,
        context: &Context,
    ) -> Lowered {
        use Function as F;
        let [input, rest @ ..] = arguments else { return Err(Failed) };
        match function {
            F::Smooth => self.chain(Chain::Smooth, input, &rest[0], rest.get(1), 1, expression, context),
            F::Smooth3 => self.chain(Chain::Smooth, input, &rest[0], rest.get(1), 3, expression, context),
            F::Delay1 => self.chain(Chain::Delay, input, &rest[0], rest.get(1), 1, expression, context),
            F::Delay3 => self.chain(Chain::Delay, input, &rest[0], rest.get(1), 3, expression, context),
            // Vensim: input, delay, initial, order. XMILE: input, delay, order, initial.
            F::SmoothN | F::DelayN => {
                let delay = (function == F::DelayN).then_some(&rest[0]);
                let order = self.order(&rest[2], delay, context)?;
                let chain = if function == F::SmoothN { Chain::Smooth } else { Chain::LaggedDelay };
                self.chain(chain, input, &rest[0], Some(&rest[1]), order, expression, context)
            }
            F::SmoothOrder | F::DelayOrder => {
                let order = self.order(&rest[1], None, context)?;
                let chain = if function == F::SmoothOrder { Chain::Smooth } else { Chain::Delay };
                self.chain(chain, input, &rest[0], rest.get(2), order, expression, context)
            }
            F::DelayFixed => self.pipeline(input, &rest[0], Some(&rest[1]), expression, context),
            F::DelayMaterial | F::DelayInformation => self.discrete_delay(function, arguments, expression, context),
            F::DelayConveyor => self.conveyor_delay(arguments, expression, context),
            F::DelayPipeline => self.pipeline(input, &rest[0], rest.get(1), expression, context),
            F::Trend | F::TrendInitial => self.trend(input, &rest[0], rest.get(1), expression, context),
            F::Forecast | F::ForecastInitial => {
                let horizon = self.expression(&rest[1], context)?;
                let trend = self.trend(input, &rest[0], rest.get(2), expression, context)?;
                let input = self.expression(input, context)?;
                let one = self.number(1.0);
                let growth = self.graph.binary(Binary::Multiply, trend, horizon);
                let growth = self.graph.binary(Binary::Add, one, growth);
                Ok(self.graph.binary(Binary::Multiply, input, growth))
            }
            F::NetPresentValue => self.net_present_value(arguments, expression, context),
            F::SampleIfTrue => self.sample(arguments, expression, context),
            F::Initial => self.initial(input, expression, context),
            F::ActiveInitial => match context.phase {
                Phase::Initial => self.expression(&rest[0], context),
                Phase::Moving => self.expression(input, context),
            },
            F::Previous => self.previous(input, rest.first(), expression, context),
            _ => Err(self.unsupported(function, expression, context)),
        }
    }

    pub(super) fn origin(&self, expression: &Expression, context: &Context, part: usize) -> Origin {
        Origin::Call { instance: context.instance, site: Site::of(expression), bindings: context.bindings(), part }
    }

    /// A whole number of stages, known before the run. Vensim gives a material delay no more stages than its delay time
    /// has steps.
    fn order(
        &mut self,
        expression: &'a Expression,
        delay: Option<&'a Expression>,
        context: &Context,
    ) -> Result<usize, Failed> {
        let at_start = context.in_phase(Phase::Initial);
        let value = self.expression(expression, &at_start)?;
        let mut most = f64::INFINITY;
        if let Some(delay) = delay {
            let delay = self.expression(delay, &at_start)?;
            let step = self.control("TIME STEP", Phase::Initial)?;
            if let (Some(delay), Some(step)) = (self.value_at_start(delay), self.value_at_start(step)) {
                most = (delay / step * (1.0 + 1e-9)).floor().max(1.0);
            }
        }
        match self.value_at_start(value) {
            Some(order) if (1.0..=1000.0).contains(&order.floor()) => {
                let order = order.floor().min(most) as usize;
                self.count_reads(order, expression, context)?;
                Ok(order)
            }
            _ => {
                let variable = self.reading(context);
                let argument = "the order of the delay (1 to 1000)".to_owned();
                Err(self.fail(Fault::NotConstant { argument, variable, span: expression.span }))
            }
        }
    }

    /// A chain of `order` stages, each with an equal share of the delay time.
    #[allow(clippy::too_many_arguments)]
    fn chain(
        &mut self,
        chain: Chain,
        input: &'a Expression,
        delay: &'a Expression,
        initial: Option<&'a Expression>,
        order: usize,
        expression: &'a Expression,
        context: &Context,
    ) -> Lowered {
        if context.phase == Phase::Initial {
            return self.expression(initial.unwrap_or(input), context);
        }
        let mut levels = Vec::with_capacity(order);
        let mut fresh = false;
        for stage in 0..order {
            let origin = self.origin(expression, context, stage);
            let name = format!("{} (delay, stage {})", self.reading(context), stage + 1);
            let (state, new) = self.state(origin, name, None);
            fresh |= new;
            levels.push(state);
        }
        if fresh {
            let context = context.clone();
            let levels = levels.clone();
            self.defer(move |lowering| {
                let Ok(shares) = lowering.shares(chain, delay, order, expression, &context) else { return };
                let at_start = context.in_phase(Phase::Initial);
                let initial = lowering.expression(initial.unwrap_or(input), &at_start);
                let initial = match (chain, initial, lowering.share(delay, order, &at_start)) {
                    (Chain::Smooth, initial, _) => initial,
                    (Chain::Delay | Chain::LaggedDelay, Ok(initial), Ok(share)) => {
                        Ok(lowering.graph.binary(Binary::Multiply, initial, share))
                    }
                    _ => Err(Failed),
                };
                let Ok(mut incoming) = lowering.expression(input, &context) else { return };
                for (state, share) in levels.into_iter().zip(shares) {
                    let level = lowering.graph.slot(Slot::State(state));
                    let derivative = match chain {
                        Chain::Smooth => {
                            let gap = lowering.graph.binary(Binary::Subtract, incoming, level);
                            incoming = level;
                            lowering.graph.binary(Binary::Divide, gap, share)
                        }
                        Chain::Delay | Chain::LaggedDelay => {
                            let outflow = lowering.graph.binary(Binary::Divide, level, share);
                            let net = lowering.graph.binary(Binary::Subtract, incoming, outflow);
                            incoming = outflow;
                            net
                        }
                    };
                    lowering.complete(state, initial, Ok(derivative));
                }
            });
        }
        let last = self.graph.slot(Slot::State(levels[order - 1]));
        match chain {
            Chain::Smooth => Ok(last),
            Chain::Delay | Chain::LaggedDelay => {
                let shares = self.shares(chain, delay, order, expression, context)?;
                let share = if chain == Chain::Delay { shares[0] } else { shares[1] };
                Ok(self.graph.binary(Binary::Divide, last, share))
            }
        }
    }

    /// Each stage's part of the delay time.
    fn shares(
        &mut self,
        chain: Chain,
        delay: &'a Expression,
        stages: usize,
        expression: &'a Expression,
        context: &Context,
    ) -> Result<Vec<Value>, Failed> {
        let share = self.share(delay, stages, context)?;
        let mut shares = vec![share];
        while shares.len() < stages.max(2) {
            let before = shares[shares.len() - 1];
            if chain != Chain::LaggedDelay || self.graph.pace(share) <= Pace::Run {
                shares.push(share);
                continue;
            }
            let origin = self.origin(expression, context, LAG + shares.len());
            let name = format!("{} (delay time)", self.reading(context));
            let (memory, new) = self.memory(origin, name, MemoryKind::Sample);
            if new {
                self.memories[memory as usize].input = before;
                let context = context.in_phase(Phase::Initial);
                self.defer(move |lowering| {
                    if let Ok(start) = lowering.share(delay, stages, &context) {
                        lowering.memories[memory as usize].initial = start;
                    }
                });
            }
            shares.push(self.graph.slot(Slot::Memory(memory)));
        }
        Ok(shares)
    }

    fn share(&mut self, delay: &'a Expression, order: usize, context: &Context) -> Lowered {
        let delay = self.expression(delay, context)?;
        let order = self.number(order as f64);
        Ok(self.graph.binary(Binary::Divide, delay, order))
    }

    /// TREND: growth of the input against its own smooth (Sterman 2000, section 16.1; Vensim reference manual).
    fn trend(
        &mut self,
        input: &'a Expression,
        period: &'a Expression,
        initial: Option<&'a Expression>,
        expression: &'a Expression,
        context: &Context,
    ) -> Lowered {
        if context.phase == Phase::Initial {
            return match initial {
                Some(initial) => self.expression(initial, context),
                None => Ok(self.number(0.0)),
            };
        }
        let origin = self.origin(expression, context, 0);
        let name = format!("{} (trend)", self.reading(context));
        let (state, new) = self.state(origin, name, None);
        let level = self.graph.slot(Slot::State(state));
        if new {
            let context = context.clone();
            self.defer(move |lowering| {
                let at_start = context.in_phase(Phase::Initial);
                let start = (|| {
                    let value = lowering.expression(input, &at_start)?;
                    let Some(growth) = initial else { return Ok(value) };
                    let growth = lowering.expression(growth, &at_start)?;
                    let period = lowering.expression(period, &at_start)?;
                    let one = lowering.number(1.0);
                    let factor = lowering.graph.binary(Binary::Multiply, growth, period);
                    let factor = lowering.graph.binary(Binary::Add, one, factor);
                    Ok(lowering.graph.binary(Binary::Divide, value, factor))
                })();
                let derivative = (|| {
                    let value = lowering.expression(input, &context)?;
                    let period = lowering.expression(period, &context)?;
                    let gap = lowering.graph.binary(Binary::Subtract, value, level);
                    Ok(lowering.graph.binary(Binary::Divide, gap, period))
                })();
                lowering.complete(state, start, derivative);
            });
        }
        let value = self.expression(input, context)?;
        let period = self.expression(period, context)?;
        let gap = self.graph.binary(Binary::Subtract, value, level);
        let size = self.graph.unary(crate::compile::operation::Unary::Absolute, level);
        let base = self.graph.binary(Binary::Multiply, size, period);
        let zero = self.number(0.0);
        Ok(self.safe_division(gap, base, zero))
    }

    /// NPV(stream, discount rate, initial value, factor), by Vensim's reference manual: the discount factor and the
    /// accumulated stream are states; the current step counts in full.
    fn net_present_value(
        &mut self,
        arguments: &'a [Expression],
        expression: &'a Expression,
        context: &Context,
    ) -> Lowered {
        let [stream, rate, initial, factor] = arguments else { return Err(Failed) };
        if context.phase == Phase::Initial {
            let initial = self.expression(initial, context)?;
            let stream = self.expression(stream, context)?;
            let step = self.control("TIME STEP", context.phase)?;
            let factor = self.expression(factor, context)?;
            let now = self.graph.binary(Binary::Multiply, stream, step);
            let sum = self.graph.binary(Binary::Add, initial, now);
            return Ok(self.graph.binary(Binary::Multiply, sum, factor));
        }
        let name = self.reading(context);
        let (discount, new) =
            self.state(self.origin(expression, context, 0), format!("{name} (discount factor)"), None);
        let (sum, _) = self.state(self.origin(expression, context, 1), format!("{name} (present value)"), None);
        let discount_value = self.graph.slot(Slot::State(discount));
        let sum_value = self.graph.slot(Slot::State(sum));
        if new {
            let context = context.clone();
            self.defer(move |lowering| {
                let one = lowering.number(1.0);
                let falling = (|| {
                    let rate = lowering.expression(rate, &context)?;
                    let step = lowering.control("TIME STEP", context.phase)?;
                    let product = lowering.graph.binary(Binary::Multiply, rate, step);
                    let base = lowering.graph.binary(Binary::Add, one, product);
                    let share = lowering.graph.binary(Binary::Divide, rate, base);
                    let loss = lowering.graph.binary(Binary::Multiply, discount_value, share);
                    Ok(lowering.graph.unary(crate::compile::operation::Unary::Negate, loss))
                })();
                lowering.complete(discount, Ok(one), falling);
                let start = lowering.expression(initial, &context.in_phase(Phase::Initial));
                let inflow = lowering
                    .expression(stream, &context)
                    .map(|stream| lowering.graph.binary(Binary::Multiply, stream, discount_value));
                lowering.complete(sum, start, inflow);
            });
        }
        let stream = self.expression(stream, context)?;
        let step = self.control("TIME STEP", context.phase)?;
        let factor = self.expression(factor, context)?;
        let now = self.graph.binary(Binary::Multiply, stream, step);
        let now = self.graph.binary(Binary::Multiply, now, discount_value);
        let total = self.graph.binary(Binary::Add, sum_value, now);
        Ok(self.graph.binary(Binary::Multiply, total, factor))
    }

    pub(super) fn memory(&mut self, origin: Origin, name: String, kind: MemoryKind) -> (u32, bool) {
        if let Some(number) = self.memory_index.get(&origin) {
            return (*number, false);
        }
        let number = self.memories.len() as u32;
        self.memory_index.insert(origin, number);
        let zero = self.number(0.0);
        self.memories.push(Memory { name, kind, initial: zero, input: zero });
        (number, true)
    }

    /// SAMPLE IF TRUE(condition, input, initial): the last value of the input at which the condition held.
    fn sample(&mut self, arguments: &'a [Expression], expression: &'a Expression, context: &Context) -> Lowered {
        let [condition, input, initial] = arguments else { return Err(Failed) };
        let own = self.active.last().filter(|key| self.is_whole_equation(key, expression)).cloned();
        if context.phase == Phase::Initial {
            let initial = self.expression(initial, context)?;
            let (condition, input) = self.sampled(own, initial, [condition, input], context)?;
            return Ok(self.graph.select(condition, input, initial));
        }
        let origin = self.origin(expression, context, 0);
        let name = format!("{} (sample)", self.reading(context));
        let (memory, new) = self.memory(origin, name, MemoryKind::Sample);
        let kept = self.graph.slot(Slot::Memory(memory));
        let (condition, input) = self.sampled(own, kept, [condition, input], context)?;
        let value = self.graph.select(condition, input, kept);
        if new {
            let context = context.clone();
            self.memories[memory as usize].input = value;
            self.defer(move |lowering| {
                if let Ok(start) = lowering.expression(initial, &context.in_phase(Phase::Initial)) {
                    lowering.memories[memory as usize].initial = start;
                }
            });
        }
        Ok(value)
    }

    /// What a sample tests and takes. A variable that is a sample as a whole may name itself there and means what it
    /// kept until now, as in `peak = SAMPLE IF TRUE(x > peak, x, 0)`.
    fn sampled(
        &mut self,
        own: Option<Key>,
        kept: Value,
        parts: [&'a Expression; 2],
        context: &Context,
    ) -> Result<(Value, Value), Failed> {
        if let Some(key) = &own {
            self.kept_samples.insert(key.clone(), kept);
        }
        let values = parts.map(|part| self.expression(part, context));
        if let Some(key) = &own {
            self.kept_samples.remove(key);
        }
        let [condition, input] = values;
        Ok((condition?, input?))
    }

    fn is_whole_equation(&self, key: &Key, expression: &Expression) -> bool {
        let scope = self.instances[key.instance].scope;
        let equations = &self.checked.variables(scope)[key.variable].equations;
        equations.iter().any(|equation| match &equation.definition {
            Definition::Auxiliary(whole) => std::ptr::eq(whole, expression),
            _ => false,
        })
    }

    /// XMILE PREVIOUS(input, initial): the input one step ago.
    fn previous(
        &mut self,
        input: &'a Expression,
        initial: Option<&'a Expression>,
        expression: &'a Expression,
        context: &Context,
    ) -> Lowered {
        if context.phase == Phase::Initial {
            return match initial {
                Some(initial) => self.expression(initial, context),
                None => Ok(self.number(0.0)),
            };
        }
        let origin = self.origin(expression, context, 0);
        let name = format!("{} (previous)", self.reading(context));
        let (memory, new) = self.memory(origin, name, MemoryKind::Sample);
        if new {
            let context = context.clone();
            self.defer(move |lowering| {
                if let Ok(value) = lowering.expression(input, &context) {
                    lowering.memories[memory as usize].input = value;
                }
                if let Some(initial) = initial
                    && let Ok(start) = lowering.expression(initial, &context.in_phase(Phase::Initial))
                {
                    lowering.memories[memory as usize].initial = start;
                }
            });
        }
        Ok(self.graph.slot(Slot::Memory(memory)))
    }

    /// INITIAL(x): the value of x at the start of the run.
    fn initial(&mut self, input: &'a Expression, expression: &'a Expression, context: &Context) -> Lowered {
        if context.phase == Phase::Initial {
            return self.expression(input, context);
        }
        // What constants alone decide is the same at the start and later, and switches may depend on it.
        let at_start = self.expression(input, &context.in_phase(Phase::Initial))?;
        if self.graph.pace(at_start) <= Pace::Run {
            return Ok(at_start);
        }
        let origin = self.origin(expression, context, 0);
        if let Some(number) = self.held_index.get(&origin) {
            return Ok(self.graph.slot(Slot::Held(*number)));
        }
        let number = self.helds.len() as u32;
        self.helds.push(Held { value: at_start });
        self.held_index.insert(origin, number);
        Ok(self.graph.slot(Slot::Held(number)))
    }
}
