//! Variables: stocks, flows, auxiliaries and graphical functions.

use super::Refusal;
use super::arrays::Arrays;
use super::expression::{Printer, number, quoted};
use super::tags::{Tags, attribute, escaped_name};
use crate::model::{
    Batches, BinaryOperator, Definition, Dialect, Equation, Expression, ExpressionKind, Extrapolation, Interpolation,
    Leak, LookupTable, Model, Name, Role, Stock, Store, SubscriptKind, UnaryOperator, Variable,
};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

/// Writes the variables of a model or macro.
pub(super) struct Writer<'w> {
    dialect: Dialect,
    all: &'w [Variable],
    arrays: &'w Arrays,
    refusals: &'w mut Vec<Refusal>,
    /// Variables that a stock names as flows.
    flows: HashSet<Name>,
    leaks: HashMap<Name, Leak>,
    /// Flows that are put evenly along a conveyor.
    spread: HashSet<Name>,
    /// Outflows of queues that run only where one of higher priority is blocked.
    overflows: HashSet<Name>,
    tables: RefCell<Vec<(Name, LookupTable)>>,
}

/// What an element of XML holds besides its equation.
#[derive(Default)]
struct Body {
    eqn: Option<String>,
    table: Option<LookupTable>,
}

impl<'w> Writer<'w> {
    pub fn new(model: &Model, all: &'w [Variable], arrays: &'w Arrays, refusals: &'w mut Vec<Refusal>) -> Self {
        let mut writer = Writer {
            dialect: model.dialect,
            all,
            arrays,
            refusals,
            flows: HashSet::new(),
            leaks: HashMap::new(),
            spread: HashSet::new(),
            overflows: HashSet::new(),
            tables: RefCell::default(),
        };
        for variable in all {
            for stock in variable.equations.iter().filter_map(stock_of) {
                writer.flows.extend(stock.inflows.iter().chain(&stock.outflows).cloned());
                match &stock.store {
                    Store::Conveyor(conveyor) => {
                        writer.spread.extend(conveyor.spread.iter().cloned());
                        writer.leaks.extend(conveyor.leaks.iter().map(|leak| (leak.flow.clone(), leak.clone())));
                    }
                    Store::Queue(queue) => writer.overflows.extend(queue.overflows.iter().cloned()),
                    Store::Reservoir | Store::Oven(_) => {}
                }
            }
            if let Some((inflows, outflows)) = writer.named_flows(variable) {
                writer.flows.extend(inflows.into_iter().chain(outflows));
            }
        }
        writer
    }

    /// Tables that stood in the middle of equations.
    pub fn tables(&self, tags: &mut Tags) {
        for (name, table) in self.tables.borrow().iter() {
            tags.open(&format!("gf{}{}", attribute("name", &escaped_name(name.text())), kind(table)));
            points(table, tags);
            tags.close();
        }
    }

    pub fn variable(&mut self, variable: &Variable, tags: &mut Tags) {
        let runs = |equation: &&Equation| !matches!(equation.definition, Definition::Skipped(_));
        let equations: Vec<&Equation> = variable.equations.iter().filter(runs).collect();
        if equations.is_empty() {
            return; // a reality check or test input, which XMILE has no words for
        }
        if equations.iter().any(|equation| equation.definition == Definition::Unreadable) {
            self.refusals.push(Refusal::Unreadable { variable: variable.name.text().to_owned() });
            return;
        }
        let stock = equations.iter().find_map(|equation| stock_of(equation));
        let element = match variable.role {
            _ if stock.is_some() => "stock",
            Role::Flow | Role::Uniflow => "flow",
            _ if self.flows.contains(&variable.name) => "flow",
            _ => "aux",
        };
        let mut opening = format!("{element}{}", attribute("name", &escaped_name(variable.name.text())));
        if let Definition::Data { interpolation, .. } = &equations[0].definition {
            opening.push_str(&attribute("vensim:data", mode(*interpolation)));
        }
        if self.arrays.is_partial(variable) {
            opening.push_str(" vensim:partial=\"true\"");
        }
        let leak = self.leaks.get(&variable.name).cloned();
        if let Some(leak) = leak.as_ref().filter(|leak| leak.zone != (0.0, 1.0)) {
            opening.push_str(&attribute("leak_start", &number(leak.zone.0)));
            opening.push_str(&attribute("leak_end", &number(leak.zone.1)));
        }
        if self.spread.contains(&variable.name) {
            opening.push_str(&attribute("isee:spreadflow", "even"));
        }
        tags.open(&opening);
        self.describe(variable, tags);
        self.equations(variable, &equations, tags);
        if let Some(stock) = stock {
            self.stock(variable, stock, tags);
        }
        if let Some(leak) = leak {
            let fraction = self.printer(variable, None).print(&leak.fraction);
            tags.element("leak", &fraction);
            if leak.integers {
                tags.line("<leak_integers/>");
            }
        }
        if self.overflows.contains(&variable.name) {
            tags.line("<overflow/>");
        }
        if variable.role == Role::Uniflow {
            tags.line("<non_negative/>");
        }
        tags.close();
        if stock.is_some() && self.named_flows(variable).is_none() {
            self.net_flow(variable, &equations, tags);
        }
    }

    fn describe(&self, variable: &Variable, tags: &mut Tags) {
        if !variable.documentation.is_empty() {
            tags.element("doc", &variable.documentation);
        }
        let dimensions = self.arrays.dimensions(&variable.name);
        if !dimensions.is_empty() {
            tags.open("dimensions");
            for dimension in dimensions {
                tags.line(&format!("<dim{}/>", attribute("name", &escaped_name(dimension.text()))));
            }
            tags.close();
        }
        if let Some(units) = &variable.units {
            tags.element("units", &units.text);
        }
        if let Some(range) = variable.range.filter(|range| range.low.is_some() || range.high.is_some()) {
            let bound = |name, bound: Option<f64>| bound.map_or(String::new(), |bound| attribute(name, &number(bound)));
            tags.line(&format!("<range{}{}/>", bound("min", range.low), bound("max", range.high)));
        }
    }

    /// The equations: one for all elements, or one for each.
    fn equations(&mut self, variable: &Variable, equations: &[&Equation], tags: &mut Tags) {
        let dimensions = self.arrays.dimensions(&variable.name);
        let for_all = |equation: &&Equation| equation.subscripts == dimensions || equation.subscripts.is_empty();
        let listed = |equation: &Equation| matches!(equation.definition, Definition::Values(_));
        if let [only] = equations
            && for_all(only)
            && only.except.is_empty()
            && !listed(only)
        {
            let printer = self.printer(variable, Some(only));
            let body = self.body(&printer, &only.definition, 0);
            write_body(&body, tags);
            return;
        }
        for equation in equations {
            // The cells of a file belong to all elements together.
            let from_file = matches!(equation.definition, Definition::External(_) | Definition::Data { .. });
            let foreign = from_file || self.names_foreign_dimensions(equation);
            let Some(defined) = self.arrays.defined(equation) else {
                self.refusals.push(Refusal::TooManyElements { variable: variable.name.text().to_owned() });
                return;
            };
            if foreign && !listed(equation) {
                let printer = self.printer(variable, Some(equation));
                let body = self.body(&printer, &equation.definition, 0);
                let subscript = attribute("subscript", &subscript_text(&equation.subscripts));
                let lists: Vec<String> = equation.except.iter().map(|list| subscript_text(list)).collect();
                let except =
                    if lists.is_empty() { String::new() } else { attribute("vensim:except", &lists.join("; ")) };
                tags.open(&format!("element{subscript}{except}"));
                write_body(&body, tags);
                tags.close();
                continue;
            }
            for (place, names) in defined {
                let bound = equation.subscripts.iter().cloned().zip(names.iter().cloned().map(Some)).collect();
                let printer = Printer::new(self.dialect, self.arrays).bind(bound).with_tables(&self.tables);
                let body = self.body(&printer, &equation.definition, place);
                tags.open(&format!("element{}", attribute("subscript", &subscript_text(&names))));
                write_body(&body, tags);
                tags.close();
            }
        }
    }

    fn printer<'p>(&'p self, variable: &Variable, equation: Option<&Equation>) -> Printer<'p> {
        let own = self.arrays.dimensions(&variable.name);
        let named = equation.map_or(own, |equation| equation.subscripts.as_slice());
        let bound =
            named.iter().filter(|name| self.arrays.is_dimension(name)).map(|name| (name.clone(), None)).collect();
        Printer::new(self.dialect, self.arrays).bind(bound).with_tables(&self.tables)
    }

    fn body(&self, printer: &Printer, definition: &Definition, place: usize) -> Body {
        match definition {
            Definition::Auxiliary(expression) | Definition::Unchangeable(expression) => {
                match with_table(expression, self.dialect) {
                    Some((input, table)) => Body { eqn: Some(printer.print(input)), table: Some(table.clone()) },
                    None => Body { eqn: Some(printer.print(expression)), table: None },
                }
            }
            Definition::Stock(stock) => {
                let listed: Vec<String> = stock.store.contents().iter().map(|amount| number(*amount)).collect();
                let eqn = if listed.is_empty() { printer.print(&stock.initial) } else { listed.join(", ") };
                Body { eqn: Some(eqn), table: None }
            }
            Definition::Values(values) => Body { eqn: values.get(place).map(|value| number(*value)), table: None },
            Definition::Lookup(table) => Body { eqn: None, table: Some(table.clone()) },
            Definition::External(call) => Body { eqn: Some(printer.print(call)), table: None },
            Definition::Data { source, .. } => {
                Body { eqn: source.as_ref().map(|source| printer.print(source)), table: None }
            }
            Definition::Driven | Definition::Skipped(_) | Definition::Unreadable => Body::default(),
        }
    }

    /// Whether the right-hand side names dimensions that the left-hand side does not: Vensim's mappings.
    fn names_foreign_dimensions(&self, equation: &Equation) -> bool {
        let expression = match &equation.definition {
            Definition::Auxiliary(expression) | Definition::Unchangeable(expression) => expression,
            Definition::Stock(stock) => &stock.initial,
            _ => return false,
        };
        let mut foreign = false;
        expression.walk(&mut |part| {
            let (name, subscripts) = match &part.kind {
                ExpressionKind::Reference { name, subscripts } => (Some(name), subscripts),
                ExpressionKind::Call { subscripts, .. } => (None, subscripts),
                _ => return,
            };
            let named = subscripts.iter().filter_map(|subscript| match &subscript.kind {
                SubscriptKind::Name(name) => Some(name),
                _ => None,
            });
            foreign |= named
                .chain(name.filter(|_| subscripts.is_empty()))
                .any(|name| self.arrays.is_dimension(name) && !equation.subscripts.contains(name));
        });
        foreign
    }

    fn stock(&mut self, variable: &Variable, stock: &Stock, tags: &mut Tags) {
        let (inflows, outflows) = match self.named_flows(variable) {
            Some(flows) => flows,
            None => (vec![net_flow_name(variable)], Vec::new()),
        };
        for inflow in &inflows {
            tags.element("inflow", &quoted(inflow));
        }
        for outflow in &outflows {
            tags.element("outflow", &quoted(outflow));
        }
        if stock.non_negative {
            tags.line("<non_negative/>");
        }
        let printer = self.printer(variable, None);
        let limit = |name: &str, limit: &Option<Expression>, tags: &mut Tags| {
            if let Some(limit) = limit {
                tags.element(name, &printer.print(limit));
            }
        };
        match &stock.store {
            Store::Reservoir => {}
            Store::Queue(_) => tags.line("<queue/>"),
            Store::Conveyor(conveyor) => {
                let option = |name, set: bool| if set { attribute(name, "true") } else { String::new() };
                let discrete = option("discrete", conveyor.discrete);
                let exponential = option("exponential_leak", conveyor.exponential);
                tags.open(&format!("conveyor{discrete}{}{exponential}", batch_options(conveyor.batches)));
                tags.element("len", &printer.print(&conveyor.transit));
                limit("capacity", &conveyor.capacity, tags);
                limit("in_limit", &conveyor.inflow_limit, tags);
                limit("sample", &conveyor.sample, tags);
                limit("arrest", &conveyor.arrest, tags);
                tags.close();
            }
            Store::Oven(oven) => {
                tags.open(&format!("oven{}", batch_options(oven.batches)));
                tags.element("len", &printer.print(&oven.cook));
                limit("fill_time", &oven.fill, tags);
                limit("clean_time", &oven.clean, tags);
                limit("capacity", &oven.capacity, tags);
                limit("arrest", &oven.arrest, tags);
                tags.close();
            }
        }
    }

    /// The flows of a stock: XMILE's own, or those of a net flow that is a sum of variables with inflows first, as
    /// the reader builds it; `None` when the net flow is another expression.
    fn named_flows(&self, variable: &Variable) -> Option<(Vec<Name>, Vec<Name>)> {
        let stocks: Vec<(&Equation, &Stock)> =
            variable.equations.iter().filter_map(|equation| Some((equation, stock_of(equation)?))).collect();
        let (equation, stock) = *stocks.first()?;
        if self.dialect == Dialect::Xmile {
            return Some((stock.inflows.clone(), stock.outflows.clone()));
        }
        let [_] = stocks.as_slice() else { return None };
        let (mut inflows, mut outflows) = (Vec::new(), Vec::new());
        let named = gather(&stock.derivative, &equation.subscripts, &mut inflows, &mut outflows);
        let mut seen = HashSet::new();
        let sound = named
            && inflows.iter().chain(&outflows).all(|name| {
                let flow = self.all.iter().find(|variable| variable.name == *name);
                flow.is_some_and(is_auxiliary)
                    && self.arrays.dimensions(name) == self.arrays.dimensions(&variable.name)
                    && seen.insert(name.clone())
            });
        sound.then_some((inflows, outflows))
    }

    /// The net flow of a Vensim stock as a flow of its own.
    fn net_flow(&mut self, variable: &Variable, equations: &[&Equation], tags: &mut Tags) {
        let name = net_flow_name(variable);
        tags.open(&format!("flow{}", attribute("name", &escaped_name(name.text()))));
        let bare = Variable { documentation: String::new(), units: None, range: None, ..variable.clone() };
        self.describe(&bare, tags);
        let flows: Vec<Equation> = equations
            .iter()
            .filter_map(|equation| {
                let definition = Definition::Auxiliary(stock_of(equation)?.derivative.clone());
                Some(Equation { definition, ..(*equation).clone() })
            })
            .collect();
        self.equations(variable, &flows.iter().collect::<Vec<_>>(), tags);
        tags.close();
    }
}

fn batch_options(batches: Batches) -> String {
    let whole = if batches.whole { attribute("batch_integrity", "true") } else { String::new() };
    let many = if batches.one_at_a_time { String::new() } else { attribute("one_at_a_time", "false") };
    format!("{whole}{many}")
}

fn net_flow_name(stock: &Variable) -> Name {
    Name::new(&format!("{} net flow", stock.name.text()))
}

fn stock_of(equation: &Equation) -> Option<&Stock> {
    match &equation.definition {
        Definition::Stock(stock) => Some(stock),
        _ => None,
    }
}

fn is_auxiliary(variable: &Variable) -> bool {
    variable.equations.iter().all(|equation| {
        matches!(equation.definition, Definition::Auxiliary(_) | Definition::Unchangeable(_) | Definition::Values(_))
    })
}

/// Gathers the variables of `a + b - c - d`, or of `-c - d`; `false` for any other expression.
fn gather(expression: &Expression, own: &[Name], inflows: &mut Vec<Name>, outflows: &mut Vec<Name>) -> bool {
    match &expression.kind {
        ExpressionKind::Number(0.0) => inflows.is_empty() && outflows.is_empty(),
        ExpressionKind::Reference { .. } => named(expression, own).is_some_and(|name| {
            inflows.push(name);
            true
        }),
        ExpressionKind::Unary { operator: UnaryOperator::Minus, operand } => named(operand, own).is_some_and(|name| {
            outflows.push(name);
            true
        }),
        ExpressionKind::Binary { operator, left, right } => {
            let into_first = gather(left, own, inflows, outflows);
            match (into_first, operator, named(right, own)) {
                (true, BinaryOperator::Add, Some(name)) if outflows.is_empty() => inflows.push(name),
                (true, BinaryOperator::Subtract, Some(name)) => outflows.push(name),
                _ => return false,
            }
            true
        }
        _ => false,
    }
}

/// A variable named with just the subscripts `own`.
fn named(expression: &Expression, own: &[Name]) -> Option<Name> {
    let ExpressionKind::Reference { name, subscripts } = &expression.kind else { return None };
    let same = subscripts.len() == own.len()
        && subscripts.iter().zip(own).all(|(subscript, own)| subscript.kind == SubscriptKind::Name(own.clone()));
    same.then(|| name.clone())
}

/// The input and table of an equation that is one table applied to one input.
fn with_table(expression: &Expression, dialect: Dialect) -> Option<(&Expression, &LookupTable)> {
    let ExpressionKind::Call { function, arguments, .. } = &expression.kind else { return None };
    let known = crate::model::Function::named(dialect, function) == Some(crate::model::Function::WithLookup);
    match arguments.as_slice() {
        [input, Expression { kind: ExpressionKind::Lookup(table), .. }] if known => Some((input, table)),
        _ => None,
    }
}

fn write_body(body: &Body, tags: &mut Tags) {
    if let Some(eqn) = &body.eqn {
        tags.element("eqn", eqn);
    }
    if let Some(table) = &body.table {
        tags.open(&format!("gf{}", kind(table)));
        points(table, tags);
        tags.close();
    }
}

fn kind(table: &LookupTable) -> &'static str {
    match (table.interpolation, table.extrapolation) {
        (Interpolation::Step, _) => " type=\"discrete\"",
        (_, Extrapolation::Extend) => " type=\"extrapolate\"",
        _ => "",
    }
}

fn points(table: &LookupTable, tags: &mut Tags) {
    let list = |values: Vec<f64>| values.into_iter().map(number).collect::<Vec<_>>().join(",");
    let values = || table.points.iter().map(|point| point.1);
    let (low, high) = table.range.map_or_else(
        || (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max)),
        |(_, scale)| scale,
    );
    tags.line(&format!("<yscale{}{}/>", attribute("min", &number(low)), attribute("max", &number(high))));
    tags.element("xpts", &list(table.points.iter().map(|point| point.0).collect()));
    tags.element("ypts", &list(table.points.iter().map(|point| point.1).collect()));
}

fn mode(interpolation: Interpolation) -> &'static str {
    match interpolation {
        Interpolation::Linear => "linear",
        Interpolation::Step => "backward",
        Interpolation::StepForward => "forward",
        Interpolation::Raw => "raw",
    }
}

fn subscript_text(names: &[Name]) -> String {
    names.iter().map(|name| escaped_name(name.text())).collect::<Vec<_>>().join(", ")
}
