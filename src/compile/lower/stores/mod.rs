//! XMILE's stocks with an inside: conveyors, queues and ovens, their contents as memories, their flows as results of
//! vector operations on these.
//!
//! A flow that leaves one is set by it; a flow that enters one is cut to what it takes. The content is the sum of the
//! memories, so nothing is lost or made between steps.

mod belt;
mod line;
mod oven;

use super::scope::Context;
use super::{Failed, Key, Lowered, Lowering, Memory, MemoryKind, Phase};
use crate::check::{CheckedModel, ElementId, left_hand_side};
use crate::compile::fault::Fault;
use crate::compile::graph::{Node, Pace, Slot, Value, VectorOperation};
use crate::compile::operation::{Binary, Unary};
use crate::diagnostic::Span;
use crate::model::{
    Definition, Dialect, Equation, Expression, ExpressionKind, Function, Name, Stock, Store, Subscript, SubscriptKind,
    Variable,
};
use std::collections::HashMap;

/// More places than this in one conveyor or queue are refused.
const MOST_PLACES: f64 = 100_000.0;
/// More than this in all of them are refused.
const MOST_IN_ALL: usize = 2_000_000;

/// Which conveyors, queues and ovens flows leave and enter: variables of the model.
#[derive(Debug, Default)]
pub struct Ties {
    leaves: HashMap<usize, usize>,
    enters: HashMap<usize, usize>,
    /// Flows that leave two stocks, or enter two.
    torn: Vec<usize>,
}

/// An element of a store: variable and coordinates.
type Element = (usize, Box<[ElementId]>);
/// An element of a store at the start or later.
type Moment = (Phase, usize, Box<[ElementId]>);

/// Conveyors, queues and ovens met so far.
#[derive(Debug, Default)]
pub struct Stores {
    ties: Ties,
    /// What is known of a store's step, by phase and element.
    steps: HashMap<Moment, Step>,
    /// The memory of the content.
    contents: HashMap<Element, u32>,
    /// The first of the memories of its places, and how many there are.
    places: HashMap<Element, (u32, usize)>,
    /// The steps of the run are being counted, which a queue in the run's own settings would ask for again.
    counting: bool,
    /// What discrete conveyors may still take in the time unit.
    budgets: HashMap<Moment, Value>,
}

/// What happens to a store in a step.
#[derive(Clone, Debug)]
struct Step {
    /// Amounts that leave, by outflow in the stock's order.
    amounts: Vec<Value>,
    /// What else the operation that computes them gives.
    rest: Vec<Value>,
}

/// One element of a store.
#[derive(Clone)]
struct At<'a> {
    variable: usize,
    name: &'a Name,
    stock: &'a Stock,
    context: Context,
    coordinates: Box<[ElementId]>,
    span: Span,
}

impl Stores {
    pub fn of(checked: &CheckedModel) -> Self {
        let mut ties = Ties::default();
        let (mut drained, mut filled) = (HashMap::new(), HashMap::new());
        for (number, variable) in checked.model().variables.iter().enumerate() {
            for equation in &variable.equations {
                let Definition::Stock(stock) = &equation.definition else { continue };
                for flow in stock.outflows.iter().filter_map(|flow| checked.names().variable(flow)) {
                    if drained.insert(flow, number).is_some_and(|other| other != number) {
                        ties.torn.push(flow);
                    }
                    if stock.store != Store::Reservoir {
                        ties.leaves.insert(flow, number);
                    }
                }
                for flow in stock.inflows.iter().filter_map(|flow| checked.names().variable(flow)) {
                    if filled.insert(flow, number).is_some_and(|other| other != number) {
                        ties.torn.push(flow);
                    }
                    if stock.store != Store::Reservoir {
                        ties.enters.insert(flow, number);
                    }
                }
            }
        }
        Stores { ties, ..Stores::default() }
    }

    /// The model has none.
    pub fn is_empty(&self) -> bool {
        self.ties.leaves.is_empty()
    }
}

impl<'a> Lowering<'a> {
    /// The content of a conveyor, queue or oven.
    pub(super) fn container(&mut self, key: &Key, variable: &'a Variable, stock: &'a Stock) -> Lowered {
        if key.instance != 0 {
            let construct = format!("{} of a macro", kind(&stock.store));
            return Err(self.cannot(construct, variable.name.text(), variable.span, "put it into the model itself"));
        }
        let at = self.element_of(key.variable, variable, stock, &key.coordinates, key.phase);
        self.content(&at)
    }

    /// A function of many values whose one argument is a conveyor, queue or oven is a function of its slats or batches
    /// (XMILE 3.7.1). `None` for any other argument.
    pub(super) fn over_places(
        &mut self,
        function: Function,
        argument: &'a Expression,
        context: &Context,
    ) -> Option<Lowered> {
        let ExpressionKind::Reference { name, subscripts } = &argument.kind else { return None };
        let checked = self.checked;
        let number = checked.names().variable(name).filter(|_| context.instance == 0)?;
        let variable = &checked.model().variables[number];
        let store = variable.equations.iter().find_map(|equation| match &equation.definition {
            Definition::Stock(stock) if stock.store != Store::Reservoir => Some(&stock.store),
            _ => None,
        })?;
        let all = |subscript: &Subscript| matches!(subscript.kind, SubscriptKind::Reduced(_) | SubscriptKind::All);
        let axes = &checked.scope(0).elements[number].dimensions;
        if subscripts.iter().any(all) || subscripts.len() < axes.len() {
            return None; // a function of the contents of several
        }
        if function == Function::Sum {
            return Some(self.expression(argument, context));
        }
        if function != Function::Size || !matches!(store, Store::Queue(_)) {
            let construct = format!("{} over the inside of {}", function.spelling(Dialect::Xmile)?, kind(store));
            let instead = "use its content, or SUM; SIZE counts the batches of a queue";
            let variable = self.reading(context);
            return Some(Err(self.cannot(construct, &variable, argument.span, instead)));
        }
        let coordinates = match self.coordinates(subscripts, axes, argument.span, context) {
            Ok(coordinates) => coordinates,
            Err(failed) => return Some(Err(failed)),
        };
        Some(self.at(number, &coordinates, context, variable).and_then(|at| self.places(&at)).map(|places| {
            let zero = self.number(0.0);
            let waits = places.into_iter().map(|batch| self.graph.binary(Binary::NotEqual, batch, zero)).collect();
            self.graph.vector(VectorOperation::Total, waits, 1)[0]
        }))
    }

    /// The name of the first conveyor, queue or oven that the program runs.
    pub fn first_store(&self) -> Option<String> {
        let first = self.stores.places.iter().min_by_key(|(_, (first, _))| *first);
        first.map(|((variable, coordinates), _)| self.name_of(0, *variable, coordinates))
    }

    /// A flow that the conveyor, queue or oven it leaves sets.
    pub(super) fn driven(&mut self, key: &Key, equation: &'a Equation, context: &Context) -> Lowered {
        let Some(&store) = self.stores.ties.leaves.get(&key.variable).filter(|_| key.instance == 0) else {
            let construct = "a flow that a conveyor, queue or oven sets".to_owned();
            let variable = self.reading(context);
            return Err(self.cannot(construct, &variable, equation.span, "put it into the model itself"));
        };
        let flow: &'a Variable = &self.checked.model().variables[key.variable];
        self.whole(key.variable, flow)?;
        let at = self.at(store, &key.coordinates, context, flow)?;
        self.unhindered(&at, key, flow)?;
        let step = self.step(&at)?;
        let place = at.stock.outflows.iter().position(|name| *name == flow.name).unwrap_or(0);
        let length = self.control("TIME STEP", at.context.phase)?;
        Ok(self.graph.binary(Binary::Divide, step.amounts[place], length))
    }

    /// Refuses a flow between more than two stocks, where one of them is a conveyor, queue or oven.
    fn whole(&mut self, number: usize, flow: &'a Variable) -> Result<(), Failed> {
        if !self.stores.ties.torn.contains(&number) {
            return Ok(());
        }
        let construct = "a flow between more than two stocks".to_owned();
        Err(self.cannot(construct, flow.name.text(), flow.span, "give each stock a flow of its own"))
    }

    /// A flow from outside cut to what the conveyor or oven it enters takes. What enters one never runs backwards.
    pub(super) fn entering(&mut self, key: &Key, wanted: Value, context: &Context) -> Lowered {
        let Some(&store) = self.stores.ties.enters.get(&key.variable).filter(|_| key.instance == 0) else {
            return Ok(wanted);
        };
        let flow: &'a Variable = &self.checked.model().variables[key.variable];
        self.whole(key.variable, flow)?;
        let at = self.at(store, &key.coordinates, context, flow)?;
        let zero = self.number(0.0);
        let forwards = self.graph.binary(Binary::Maximum, wanted, zero);
        match self.room(&at, &flow.name)? {
            Some(room) => Ok(self.graph.binary(Binary::Minimum, forwards, room)),
            None => Ok(forwards),
        }
    }

    /// What a store takes of one of its inflows, per time unit: what its limits leave after inflows of higher priority.
    /// `None` where it takes everything.
    fn room(&mut self, at: &At<'a>, flow: &Name) -> Result<Option<Value>, Failed> {
        let (room, arrest) = match &at.stock.store {
            Store::Conveyor(conveyor) => (self.belt_room(at, conveyor)?, conveyor.arrest.as_ref()),
            Store::Oven(oven) => (Some(self.oven_room(at, oven)?), oven.arrest.as_ref()),
            Store::Queue(_) | Store::Reservoir => return Ok(None),
        };
        let zero = self.number(0.0);
        let mut left = room;
        if let Some(room) = &mut left {
            for earlier in at.stock.inflows.iter().take_while(|name| *name != flow) {
                let inflow = self.flow(at, earlier)?;
                *room = self.graph.binary(Binary::Subtract, *room, inflow);
            }
            *room = self.graph.binary(Binary::Maximum, *room, zero);
        }
        let Some(arrest) = arrest else { return Ok(left) };
        let arrested = self.expression(arrest, &at.context)?;
        let endless = self.number(f64::INFINITY);
        Ok(Some(self.graph.select(arrested, zero, left.unwrap_or(endless))))
    }

    /// Refuses limits on flows that a conveyor or oven sets: it gives what it gives.
    fn unhindered(&mut self, at: &At<'a>, key: &Key, flow: &'a Variable) -> Result<(), Failed> {
        if matches!(at.stock.store, Store::Queue(_)) {
            return Ok(());
        }
        let Some(&next) = self.stores.ties.enters.get(&key.variable) else { return Ok(()) };
        let next = self.at(next, &key.coordinates, &at.context, flow)?;
        let giver = kind(&at.stock.store);
        let (taker, arrest) = match &next.stock.store {
            Store::Conveyor(conveyor) if conveyor.capacity.is_none() && conveyor.inflow_limit.is_none() => {
                match &conveyor.arrest {
                    None => return Ok(()),
                    Some(arrest) => ("a conveyor that is arrested by a condition of its own", Some(arrest)),
                }
            }
            Store::Conveyor(_) => ("a conveyor with a capacity or inflow limit", None),
            Store::Oven(_) => ("an oven", None),
            Store::Queue(_) | Store::Reservoir => return Ok(()),
        };
        let own = match &at.stock.store {
            Store::Conveyor(conveyor) => conveyor.arrest.as_ref(),
            Store::Oven(oven) => oven.arrest.as_ref(),
            Store::Queue(_) | Store::Reservoir => None,
        };
        if let (Some(own), Some(arrest)) = (own, arrest) {
            let own = self.expression(own, &at.context)?;
            if own == self.expression(arrest, &next.context)? {
                return Ok(());
            }
        }
        let construct = format!("a flow out of {giver} into {taker}");
        let instead = "put a queue between them, which holds what the second does not take";
        Err(self.cannot(construct, flow.name.text(), flow.span, instead))
    }

    /// The element of a store that has the coordinates of one of its flows.
    fn at(
        &mut self,
        store: usize,
        coordinates: &[ElementId],
        context: &Context,
        flow: &'a Variable,
    ) -> Result<At<'a>, Failed> {
        let checked = self.checked;
        let variable = &checked.model().variables[store];
        let elements = &checked.scope(0).elements[store];
        let defined = elements.defined_by.get(coordinates).map(|(equation, _)| &variable.equations[*equation]);
        let stock = defined.and_then(|equation| match &equation.definition {
            Definition::Stock(stock) => Some(stock),
            _ => None,
        });
        let Some(stock) = stock else {
            let construct = format!("a flow of other dimensions than `{}`", variable.name);
            let instead = "give the flow the dimensions of its conveyor, queue or oven";
            return Err(self.cannot(construct, flow.name.text(), flow.span, instead));
        };
        Ok(self.element_of(store, variable, stock, coordinates, context.phase))
    }

    /// An element of a store. What the store says of itself it says of all its elements, by its dimensions.
    fn element_of(
        &self,
        number: usize,
        variable: &'a Variable,
        stock: &'a Stock,
        coordinates: &[ElementId],
        phase: Phase,
    ) -> At<'a> {
        let (names, elements) = (&self.checked.scope(0).names, &self.checked.scope(0).elements[number]);
        let equation = elements.defined_by.get(coordinates).map(|(equation, _)| &variable.equations[*equation]);
        let left = equation.map_or(&[][..], |equation| left_hand_side(variable, equation));
        let bound: Vec<(usize, ElementId)> = (left.iter().zip(coordinates))
            .chain(variable.dimensions.iter().zip(coordinates))
            .filter_map(|(name, element)| names.dimension(name).map(|dimension| (dimension, *element)))
            .collect();
        let context = Context { variable: number, bound: bound.into(), ..Context::model(phase) };
        At {
            variable: number,
            name: &variable.name,
            stock,
            context,
            coordinates: coordinates.into(),
            span: variable.span,
        }
    }

    /// What happens to a store in a step.
    fn step(&mut self, at: &At<'a>) -> Result<Step, Failed> {
        let key = (at.context.phase, at.variable, at.coordinates.clone());
        if let Some(step) = self.stores.steps.get(&key) {
            return Ok(step.clone());
        }
        let checked = self.checked;
        for flow in at.stock.outflows.iter().filter_map(|flow| checked.names().variable(flow)) {
            let flow = &checked.model().variables[flow];
            if flow.equations.iter().any(|equation| equation.definition != Definition::Driven) {
                let construct = format!("an equation of its own beside that of {} it leaves", kind(&at.stock.store));
                let instead = format!("let the flow stand in the model that has `{}`, without an equation", at.name);
                return Err(self.cannot(construct, flow.name.text(), flow.span, &instead));
            }
        }
        let step = match &at.stock.store {
            Store::Conveyor(conveyor) => self.belt_step(at, conveyor)?,
            Store::Queue(queue) => self.line_step(at, queue)?,
            Store::Oven(oven) => self.oven_step(at, oven)?,
            Store::Reservoir => return Err(Failed),
        };
        self.stores.steps.insert(key, step.clone());
        Ok(step)
    }

    /// What a store holds at the start of the step, place by place.
    fn places(&mut self, at: &At<'a>) -> Result<Vec<Value>, Failed> {
        if at.context.phase == Phase::Initial {
            return match &at.stock.store {
                Store::Conveyor(conveyor) => self.belt_start(at, conveyor),
                Store::Queue(queue) => self.line_start(at, queue),
                Store::Oven(_) | Store::Reservoir => self.oven_start(at),
            };
        }
        let key = (at.variable, at.coordinates.clone());
        let (first, count) = match self.stores.places.get(&key) {
            Some(known) => *known,
            None => {
                let beginning = self.beginning(at);
                let count = match &at.stock.store {
                    Store::Conveyor(conveyor) => self.belt(&beginning, conveyor)?.state(),
                    Store::Queue(queue) => self.line(&beginning, queue)?.batches,
                    Store::Oven(_) | Store::Reservoir => 3,
                };
                let first = self.memories.len() as u32;
                if self.memories.len() + count > MOST_IN_ALL {
                    let construct = format!("conveyors and queues of more than {MOST_IN_ALL} slats and batches in all");
                    let instead = "use a longer time step, or fewer elements";
                    return Err(self.cannot(construct, at.name.text(), at.span, instead));
                }
                let zero = self.number(0.0);
                let name = self.name_of(0, at.variable, &at.coordinates);
                let memory = Memory { name, kind: MemoryKind::Sample, initial: zero, input: zero };
                self.memories.resize(self.memories.len() + count, memory);
                self.stores.places.insert(key, (first, count));
                let own = at.clone();
                self.defer(move |lowering| {
                    let start = lowering.places(&beginning);
                    let next = lowering.next(&own);
                    if let (Ok(start), Ok(next)) = (start, next) {
                        let memories = lowering.memories.iter_mut().skip(first as usize);
                        for (memory, (initial, input)) in memories.zip(start.into_iter().zip(next)) {
                            (memory.initial, memory.input) = (initial, input);
                        }
                    }
                });
                (first, count)
            }
        };
        Ok((first..first + count as u32).map(|number| self.graph.slot(Slot::Memory(number))).collect())
    }

    /// What a store holds after the step, place by place.
    fn next(&mut self, at: &At<'a>) -> Result<Vec<Value>, Failed> {
        match &at.stock.store {
            Store::Conveyor(conveyor) => self.belt_next(at, conveyor),
            Store::Queue(_) => self.step(at).map(|step| step.rest),
            Store::Oven(oven) => self.oven_next(at, oven),
            Store::Reservoir => Err(Failed),
        }
    }

    /// The content at the start of the step. It has a memory of its own, so that what decides how many places there are
    /// may depend on it.
    fn content(&mut self, at: &At<'a>) -> Lowered {
        if at.context.phase == Phase::Initial {
            return self.expression(&at.stock.initial, &at.context);
        }
        let key = (at.variable, at.coordinates.clone());
        if let Some(known) = self.stores.contents.get(&key) {
            return Ok(self.graph.slot(Slot::Memory(*known)));
        }
        let number = self.memories.len() as u32;
        self.stores.contents.insert(key, number);
        let (zero, name) = (self.number(0.0), self.name_of(0, at.variable, &at.coordinates));
        self.memories.push(Memory { name, kind: MemoryKind::Sample, initial: zero, input: zero });
        let own = at.clone();
        self.defer(move |lowering| {
            let beginning = lowering.beginning(&own);
            let Ok(count) = lowering.amounts(&beginning) else { return };
            for (at, later) in [(&beginning, false), (&own, true)] {
                // The memories of the places must exist before what they become is asked for.
                let places = lowering.places(at).and_then(|places| if later { lowering.next(at) } else { Ok(places) });
                let Ok(mut places) = places else { return };
                places.truncate(count);
                let total = lowering.graph.vector(VectorOperation::Total, places, 1)[0];
                let memory = &mut lowering.memories[number as usize];
                *(if later { &mut memory.input } else { &mut memory.initial }) = total;
            }
        });
        Ok(self.graph.slot(Slot::Memory(number)))
    }

    /// How many of a store's places hold amounts; they come first.
    fn amounts(&mut self, beginning: &At<'a>) -> Result<usize, Failed> {
        Ok(match &beginning.stock.store {
            Store::Conveyor(conveyor) => self.belt(beginning, conveyor)?.slats,
            Store::Queue(queue) => self.line(beginning, queue)?.batches,
            Store::Oven(_) | Store::Reservoir => 1,
        })
    }

    fn beginning(&self, at: &At<'a>) -> At<'a> {
        At { context: at.context.in_phase(Phase::Initial), ..at.clone() }
    }

    /// The value of one of a store's flows, per time unit.
    fn flow(&mut self, at: &At<'a>, flow: &Name) -> Lowered {
        let checked = self.checked;
        let Some(number) = checked.names().variable(flow) else { return Err(Failed) };
        if !checked.scope(0).elements[number].defined_by.contains_key(&at.coordinates[..]) {
            let flow = &checked.model().variables[number];
            let construct = format!("a flow of other dimensions than `{}`", at.name);
            let instead = "give the flow the dimensions of its conveyor, queue or oven";
            return Err(self.cannot(construct, flow.name.text(), flow.span, instead));
        }
        self.element(at.context.phase, 0, number, &at.coordinates)
    }

    /// What one of a store's flows carries in the step.
    fn amount(&mut self, at: &At<'a>, flow: &Name) -> Lowered {
        let flow = self.flow(at, flow)?;
        let length = self.control("TIME STEP", at.context.phase)?;
        Ok(self.graph.binary(Binary::Multiply, flow, length))
    }

    /// A condition, or never.
    fn condition(&mut self, condition: Option<&'a Expression>, context: &Context) -> Lowered {
        match condition {
            Some(condition) => self.expression(condition, context),
            None => Ok(self.number(0.0)),
        }
    }

    /// The steps of the run, where its length is known before it.
    fn steps_of_run(&mut self) -> Option<f64> {
        if std::mem::replace(&mut self.stores.counting, true) {
            return None;
        }
        let controls = ["INITIAL TIME", "FINAL TIME", "TIME STEP"].map(|name| self.control(name, Phase::Initial));
        self.stores.counting = false;
        let [Ok(start), Ok(stop), Ok(step)] = controls else { return None };
        let [start, stop, step] = [start, stop, step].map(|value| self.constant_value(value));
        Some(((stop? - start?) / step?).ceil().max(0.0))
    }

    /// The largest value that a value can take, if its computation shows one within so many looks.
    fn ceiling(&mut self, value: Value, looks: &mut usize) -> Option<f64> {
        *looks = looks.checked_sub(1)?;
        if self.graph.pace(value) <= Pace::Run {
            return self.constant_value(value);
        }
        match self.graph.node(value) {
            Node::Select(_, then, otherwise) => Some(self.ceiling(then, looks)?.max(self.ceiling(otherwise, looks)?)),
            Node::Binary(Binary::Maximum, a, b) => Some(self.ceiling(a, looks)?.max(self.ceiling(b, looks)?)),
            Node::Binary(Binary::Minimum, a, b) => match (self.ceiling(a, looks), self.ceiling(b, looks)) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
            Node::Binary(Binary::Add, a, b) => Some(self.ceiling(a, looks)? + self.ceiling(b, looks)?),
            Node::Unary(Unary::Truncate | Unary::Floor, a) => self.ceiling(a, looks).map(|a| a.max(0.0)),
            Node::Lookup(table, _) => self.graph.tables[table as usize].ceiling(),
            _ => None,
        }
    }

    fn cannot(&mut self, construct: String, variable: &str, span: Span, instead: &str) -> Failed {
        let (variable, instead) = (variable.to_owned(), instead.to_owned());
        self.fail(Fault::Unsupported { construct, variable, span, instead })
    }
}

fn kind(store: &Store) -> &'static str {
    match store {
        Store::Conveyor(_) => "a conveyor",
        Store::Queue(_) => "a queue",
        Store::Oven(_) => "an oven",
        Store::Reservoir => "a stock",
    }
}
