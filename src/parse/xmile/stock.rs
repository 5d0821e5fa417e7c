//! Stocks: initial value, flows in and out, and the kind of container.

use super::document::{Element, is_set, is_true};
use super::fault::Fault;
use super::grammar;
use super::lexer::{Token, tokens};
use super::scope::{Declared, Kind, named};
use super::text::PlacedText;
use super::variable::Reader;
use crate::diagnostic::Span;
use crate::model::{
    BinaryOperator, Conveyor, Definition, Expression, ExpressionKind, Leak, Name, Oven, Stock, Store, UnaryOperator,
};
use roxmltree::Node;

/// What takes the place of the equation of a flow that its conveyor, queue or oven sets.
pub const DRIVEN: &str = "set by the conveyor, queue or oven that it leaves";

/// The definition of a stock, or of the elements `subscripts` of an arrayed one.
pub(super) fn definition(
    reader: &mut Reader,
    element: Node,
    subscripts: &[Name],
    text: Option<PlacedText>,
    declared: &Declared,
) -> Definition {
    let Some(text) = text else {
        reader.missing_equation(declared);
        return Definition::Unreadable;
    };
    match reader.expression(&text, declared) {
        Some(initial) => with_initial(reader, element, subscripts, initial, declared),
        None => Definition::Unreadable,
    }
}

pub(super) fn with_initial(
    reader: &mut Reader,
    element: Node,
    subscripts: &[Name],
    initial: Expression,
    declared: &Declared,
) -> Definition {
    let inflows = flows(reader, element, "inflow", declared);
    let outflows = flows(reader, element, "outflow", declared);
    let (Some(inflows), Some(outflows)) = (inflows, outflows) else { return Definition::Unreadable };
    let store = store(reader, element, declared, &inflows, &outflows);
    let derivative = net_flow(reader, subscripts, declared, &inflows, &outflows);
    let (Some(store), Some(derivative)) = (store, derivative) else { return Definition::Unreadable };
    let names = |flows: Vec<Flow>| flows.into_iter().map(|flow| flow.declared.flat).collect();
    Definition::Stock(Stock {
        initial,
        derivative,
        inflows: names(inflows),
        outflows: names(outflows),
        non_negative: store == Store::Reservoir && reader.non_negative(element, declared),
        store,
    })
}

/// A flow as a stock names it.
struct Flow {
    declared: Declared,
    span: Span,
}

fn flows(reader: &mut Reader, element: Node, direction: &str, stock: &Declared) -> Option<Vec<Flow>> {
    let (mut flows, mut sound) = (Vec::new(), true);
    for child in element.children_named(direction) {
        let text = PlacedText::within(child, reader.raw);
        let name = match tokens(&text.text) {
            (found, _) if matches!(found.as_slice(), [_, end] if end.token == Token::End) => match &found[0].token {
                Token::Name(name) => name.parts.last().cloned(),
                _ => None,
            },
            // Some tools write names with spaces here without quotation marks.
            _ => Some(text.text.trim().to_owned()),
        };
        let name = name.unwrap_or_else(|| text.text.trim().to_owned());
        let stock_name = stock.flat.text().to_owned();
        match reader.model.variables.get(Name::new(&name).key()) {
            Some(found) if found.kind == Kind::Stock => {
                reader.faults.push(Fault::NotAFlow { flow: name, stock: stock_name }, text.span);
                sound = false;
            }
            Some(found) => flows.push(Flow { declared: reader.file.source(found).clone(), span: text.span }),
            None => {
                let candidates = reader.model.variables.values();
                let flows =
                    candidates.filter(|declared| declared.kind == Kind::Flow).map(|declared| declared.flat.text());
                let near = reader.file.nearest(&name, flows);
                reader.faults.push(Fault::UnknownFlow { flow: name, stock: stock_name, nearest: near }, text.span);
                sound = false;
            }
        }
    }
    sound.then_some(flows)
}

/// The sum of the inflows less that of the outflows.
fn net_flow(
    reader: &mut Reader,
    subscripts: &[Name],
    stock: &Declared,
    inflows: &[Flow],
    outflows: &[Flow],
) -> Option<Expression> {
    let mut net: Option<Expression> = None;
    for (flow, operator) in inflows
        .iter()
        .map(|flow| (flow, BinaryOperator::Add))
        .chain(outflows.iter().map(|flow| (flow, BinaryOperator::Subtract)))
    {
        let term = reference(flow, subscripts, stock);
        let span = flow.span;
        let kind = match (net.take(), operator) {
            (Some(sum), operator) => ExpressionKind::Binary { operator, left: Box::new(sum), right: Box::new(term) },
            (None, BinaryOperator::Subtract) => {
                ExpressionKind::Unary { operator: UnaryOperator::Minus, operand: Box::new(term) }
            }
            (None, _) => term.kind,
        };
        net = Some(Expression::new(kind, span));
    }
    if inflows.len() + outflows.len() > MOST_FLOWS {
        reader.faults.push(Fault::TooDeep { levels: MOST_FLOWS }, stock.span);
        return None;
    }
    Some(net.unwrap_or_else(|| Expression::number(0.0, stock.span)))
}

const MOST_FLOWS: usize = 1000;

/// The flow at the elements that the equation defines; a flow that the stock's dimensions do not cover stays bare,
/// which the check refuses.
fn reference(flow: &Flow, subscripts: &[Name], stock: &Declared) -> Expression {
    let place = |dimension: &usize| {
        let place = stock.dimensions.iter().position(|other| other == dimension)?;
        subscripts.get(place).map(|name| named(name.clone(), flow.span))
    };
    let same = flow.declared.dimensions == stock.dimensions;
    let index = if same {
        subscripts.iter().map(|name| named(name.clone(), flow.span)).collect()
    } else {
        flow.declared.dimensions.iter().map(place).collect::<Option<Vec<_>>>().unwrap_or_default()
    };
    Expression::new(ExpressionKind::Reference { name: flow.declared.flat.clone(), subscripts: index }, flow.span)
}

/// The container; `None` when it cannot be run.
fn store(reader: &mut Reader, element: Node, stock: &Declared, inflows: &[Flow], outflows: &[Flow]) -> Option<Store> {
    let name = stock.flat.text();
    if let Some(conveyor) = element.child("conveyor") {
        return self::conveyor(reader, conveyor, stock, inflows, outflows)
            .map(|conveyor| Store::Conveyor(Box::new(conveyor)));
    }
    if let Some(queue) = element.child("queue").filter(|queue| is_set(*queue, reader.raw)) {
        if outflows.is_empty() {
            let instead = "give the queue an outflow";
            reader.unsupported("a queue without outflow", name, instead, queue.tag_span(reader.raw));
            return None;
        }
        return Some(Store::Queue);
    }
    let Some(oven) = element.child("oven") else { return Some(Store::Reservoir) };
    let cook = limit(reader, oven, &["len", "cook_time"], stock)?;
    let Some(cook) = cook else {
        reader.missing_equation(stock);
        return None;
    };
    let fill = limit(reader, oven, &["fill_time"], stock)?;
    let capacity = limit(reader, oven, &["capacity"], stock)?;
    options(reader, oven, stock)?;
    Some(Store::Oven(Box::new(Oven { cook, fill, capacity })))
}

fn conveyor(
    reader: &mut Reader,
    conveyor: Node,
    stock: &Declared,
    inflows: &[Flow],
    outflows: &[Flow],
) -> Option<Conveyor> {
    let spread = spread(reader, conveyor, inflows);
    let transit = limit(reader, conveyor, &["len"], stock);
    let capacity = limit(reader, conveyor, &["capacity"], stock);
    let inflow_limit = limit(reader, conveyor, &["in_limit"], stock);
    let options = options(reader, conveyor, stock);
    if outflows.iter().filter(|flow| !flow.declared.is_leak).count() != 1 {
        let construct = "a conveyor without just one outflow at its end";
        let instead = "mark all outflows but the one at the end with <leak/>";
        reader.unsupported(construct, stock.flat.text(), instead, conveyor.tag_span(reader.raw));
        return None;
    }
    let leaking = outflows.iter().filter(|flow| flow.declared.is_leak);
    let leaks: Vec<Option<Leak>> = leaking.map(|flow| leak(reader, conveyor, &flow.declared)).collect();
    let exponential = is_true(conveyor, "exponential_leak") && !leaks.is_empty();
    if exponential {
        let instead = "let the leakage be linear, or write the decay with an ordinary stock and flow";
        reader.unsupported("exponential leakage", stock.flat.text(), instead, conveyor.tag_span(reader.raw));
    }
    let leaks = leaks.into_iter().collect::<Option<Vec<_>>>();
    let (transit, capacity, inflow_limit, leaks) = (transit?, capacity?, inflow_limit?, leaks?);
    spread?;
    options?;
    (!exponential).then_some(())?;
    let Some(transit) = transit else {
        reader.unsupported(
            "a conveyor without <len>",
            stock.flat.text(),
            "add <len> with the transit time",
            conveyor.tag_span(reader.raw),
        );
        return None;
    };
    Some(Conveyor { transit, capacity, inflow_limit, leaks, discrete: is_true(conveyor, "discrete") })
}

/// Refuses inflows that isee's tools spread over the conveyor rather than put at its start.
fn spread(reader: &mut Reader, conveyor: Node, inflows: &[Flow]) -> Option<()> {
    let mut sound = true;
    for flow in inflows {
        let Some(element) = conveyor.document().get_node(flow.declared.node) else { continue };
        let Some(attribute) = element.vendor_attribute("spreadflow") else { continue };
        if !["", "beginning"].contains(&attribute.value().trim()) {
            let span = PlacedText::of_attribute(attribute, reader.raw).span;
            let instead = "let the flow enter at the start of its conveyor";
            reader.unsupported("spreading over its conveyor", flow.declared.flat.text(), instead, span);
            sound = false;
        }
    }
    sound.then_some(())
}

/// A leakage: its fraction stands in `leak` or, as Stella writes it, in the equation of the flow.
fn leak(reader: &mut Reader, conveyor: Node, flow: &Declared) -> Option<Leak> {
    let element = conveyor.document().get_node(flow.node)?;
    let text = ["leak", "eqn"].iter().find_map(|name| {
        let text = PlacedText::within(element.child(name)?, reader.raw);
        (!grammar::is_blank(&text)).then_some(text)
    });
    let Some(text) = text else {
        reader.missing_equation(flow);
        return None;
    };
    let fraction = reader.expression(&text, flow)?;
    let end = |name: &str, default: f64| {
        let text = element.attribute(name).map(str::to_owned);
        let text = text.or_else(|| element.child(name).map(|child| PlacedText::within(child, reader.raw).text));
        text.and_then(|text| text.trim().parse::<f64>().ok()).unwrap_or(default)
    };
    Some(Leak {
        flow: flow.flat.clone(),
        fraction,
        integers: element.child("leak_integers").is_some_and(|child| is_set(child, reader.raw)),
        zone: (end("leak_start", 0.0), end("leak_end", 1.0)),
    })
}

/// An optional expression within a container: `None` when it cannot be read, `Some(None)` when it is not there.
fn limit(reader: &mut Reader, holder: Node, names: &[&str], stock: &Declared) -> Option<Option<Expression>> {
    let element = names.iter().find_map(|name| holder.child(name));
    let text = element.map(|element| PlacedText::within(element, reader.raw)).filter(|text| !grammar::is_blank(text));
    let Some(text) = text else { return Some(None) };
    let expression = reader.expression(&text, stock)?;
    let endless = matches!(&expression.kind, ExpressionKind::Reference { name, .. } if name.key() == "inf");
    Some((!endless).then_some(expression))
}

/// Options of containers that the model has no words for: their defaults pass, others are refused.
fn options(reader: &mut Reader, holder: Node, stock: &Declared) -> Option<()> {
    let mut sound = true;
    for (name, default) in [("sample", 1.0), ("a condition for its arrest", 0.0)] {
        let Some(element) = holder.child(name) else { continue };
        let text = PlacedText::within(element, reader.raw);
        let plain = text.text.trim();
        let harmless = plain.is_empty()
            || plain.parse() == Ok(default)
            || (name == "sample" && plain.eq_ignore_ascii_case("dt"))
            || (name == "arrest" && plain.eq_ignore_ascii_case("false"));
        if !harmless {
            let (construct, instead) = match name {
                "sample" => {
                    ("a condition for sampling its transit time", "let the transit time be sampled at every step")
                }
                _ => ("a condition for its arrest", "remove <arrest>, or stop the flows by their equations"),
            };
            reader.unsupported(construct, stock.flat.text(), instead, text.span);
            sound = false;
        }
    }
    sound.then_some(())
}
