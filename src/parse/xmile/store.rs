//! The kind of container a stock is: conveyors, queues and ovens with their times, limits and leakages.

use super::document::{Element, is_set, is_true};
use super::fault::Fault;
use super::grammar;
use super::scope::Declared;
use super::stock::Flow;
use super::text::PlacedText;
use super::variable::Reader;
use crate::model::{Batches, Conveyor, Expression, ExpressionKind, Leak, Name, Oven, Queue, Store};
use roxmltree::Node;

const CONVEYOR: [&str; 5] = ["len", "capacity", "in_limit", "sample", "arrest"];
const CONVEYOR_OPTIONS: [&str; 4] = ["discrete", "batch_integrity", "one_at_a_time", "exponential_leak"];
const OVEN: [&str; 6] = ["len", "cook_time", "fill_time", "clean_time", "capacity", "arrest"];
const OVEN_OPTIONS: [&str; 2] = ["batch_integrity", "one_at_a_time"];

/// The container; `None` when it cannot be run. It is one for all elements of an array, so that names in it stay with
/// their dimensions even where the stock has an equation for each element.
pub(super) fn store(
    reader: &mut Reader,
    element: Node,
    stock: &Declared,
    contents: Vec<f64>,
    inflows: &[Flow],
    outflows: &[Flow],
) -> Option<Store> {
    let one = std::mem::take(&mut reader.element);
    let store = of_all(reader, element, stock, contents, inflows, outflows);
    reader.element = one;
    store
}

fn of_all(
    reader: &mut Reader,
    element: Node,
    stock: &Declared,
    contents: Vec<f64>,
    inflows: &[Flow],
    outflows: &[Flow],
) -> Option<Store> {
    if let Some(conveyor) = element.child_of_any("conveyor") {
        return self::conveyor(reader, conveyor, stock, contents, inflows, outflows)
            .map(|conveyor| Store::Conveyor(Box::new(conveyor)));
    }
    if let Some(queue) = element.child_of_any("queue").filter(|queue| is_set(*queue, reader.raw)) {
        return self::queue(reader, queue, stock, contents, outflows).map(|queue| Store::Queue(Box::new(queue)));
    }
    match element.child_of_any("oven") {
        Some(oven) => self::oven(reader, oven, stock, inflows, outflows).map(|oven| Store::Oven(Box::new(oven))),
        None => Some(Store::Reservoir),
    }
}

fn conveyor(
    reader: &mut Reader,
    conveyor: Node,
    stock: &Declared,
    contents: Vec<f64>,
    inflows: &[Flow],
    outflows: &[Flow],
) -> Option<Conveyor> {
    let known = options(reader, conveyor, "conveyor", stock, (&CONVEYOR, &CONVEYOR_OPTIONS));
    let spread = spread(reader, conveyor, inflows);
    let known = no_overflow(reader, conveyor, outflows).and(known);
    let [transit, capacity, inflow_limit, arrest] =
        ["len", "capacity", "in_limit", "arrest"].map(|name| limit(reader, conveyor, &[name], stock));
    let sample = match conveyor.child_of_any("sample").map(|sample| PlacedText::within(sample, reader.raw)) {
        // The standard gives the default as `1` in one place and as `DT` in another.
        Some(text) if ["", "1", "dt"].contains(&text.text.trim().to_ascii_lowercase().as_str()) => Some(None),
        _ => limit(reader, conveyor, &["sample"], stock),
    };
    if outflows.iter().filter(|flow| !flow.declared.is_leak).count() != 1 {
        let construct = "a conveyor without just one outflow at its end";
        let instead = "mark all outflows but the one at the end with <leak/>";
        reader.unsupported(construct, stock.flat.text(), instead, conveyor.tag_span(reader.raw));
        return None;
    }
    let leaking = outflows.iter().filter(|flow| flow.declared.is_leak);
    let leaks: Vec<Option<Leak>> = leaking.map(|flow| leak(reader, conveyor, &flow.declared)).collect();
    let leaks = leaks.into_iter().collect::<Option<Vec<_>>>();
    let (transit, capacity, inflow_limit, arrest) = (transit?, capacity?, inflow_limit?, arrest?);
    let (leaks, sample) = (leaks?, sample?);
    known?;
    let spread = spread?;
    let Some(transit) = transit else {
        reader.unsupported(
            "a conveyor without <len>",
            stock.flat.text(),
            "add <len> with the transit time",
            conveyor.tag_span(reader.raw),
        );
        return None;
    };
    Some(Conveyor {
        transit,
        capacity,
        inflow_limit,
        sample,
        arrest,
        leaks,
        spread,
        exponential: is_true(conveyor, "exponential_leak"),
        discrete: is_true(conveyor, "discrete"),
        batches: batches(conveyor),
        contents,
    })
}

fn queue(reader: &mut Reader, queue: Node, stock: &Declared, contents: Vec<f64>, outflows: &[Flow]) -> Option<Queue> {
    let known = options(reader, queue, "queue", stock, (&[], &[]));
    let Some((first, others)) = outflows.split_first() else {
        let instead = "give the queue an outflow";
        reader.unsupported("a queue without outflow", stock.flat.text(), instead, queue.tag_span(reader.raw));
        return None;
    };
    let raw = reader.raw;
    no_overflow(reader, queue, std::slice::from_ref(first)).and(known)?;
    let overflows = others.iter().filter(|flow| overflow(queue, flow, raw).is_some());
    Some(Queue { overflows: overflows.map(|flow| flow.declared.flat.clone()).collect(), contents })
}

fn overflow<'a, 'i>(store: Node<'a, 'i>, flow: &Flow, raw: &str) -> Option<Node<'a, 'i>> {
    let flow = store.document().get_node(flow.declared.node)?;
    flow.child("overflow").filter(|overflow| is_set(*overflow, raw))
}

/// Only a queue has overflows, and not as its first outflow.
fn no_overflow(reader: &mut Reader, store: Node, outflows: &[Flow]) -> Option<()> {
    let mut sound = true;
    for flow in outflows {
        if let Some(overflow) = overflow(store, flow, reader.raw) {
            let instead = "let it be the second or a later outflow of a queue, or remove <overflow/>";
            reader.unsupported("an overflow", flow.declared.flat.text(), instead, overflow.tag_span(reader.raw));
            sound = false;
        }
    }
    sound.then_some(())
}

fn oven(reader: &mut Reader, oven: Node, stock: &Declared, inflows: &[Flow], outflows: &[Flow]) -> Option<Oven> {
    let known = options(reader, oven, "oven", stock, (&OVEN, &OVEN_OPTIONS));
    let cook = limit(reader, oven, &["len", "cook_time"], stock);
    let [fill, clean, capacity, arrest] =
        ["fill_time", "clean_time", "capacity", "arrest"].map(|name| limit(reader, oven, &[name], stock));
    let mut sound = no_overflow(reader, oven, outflows).and(known).is_some();
    let mut refuse = |refused: bool, construct: &str, instead: &'static str| {
        if refused {
            reader.unsupported(construct, stock.flat.text(), instead, oven.tag_span(reader.raw));
            sound = false;
        }
    };
    refuse(
        inflows.len() != 1 || outflows.len() != 1,
        "an oven without just one inflow and one outflow",
        "give the oven one inflow and one outflow, and collect what enters it in a queue before it",
    );
    let (cook, fill, clean, capacity, arrest) = (cook?, fill?, clean?, capacity?, arrest?);
    refuse(cook.is_none(), "an oven without <len>", "add <len> with the time that it cooks");
    refuse(
        fill.is_none() && capacity.is_none(),
        "an oven that is never full",
        "add <capacity>, or <fill_time> after which it cooks what it has",
    );
    sound.then_some(())?;
    Some(Oven { cook: cook?, fill, clean, capacity, arrest, batches: batches(oven) })
}

fn batches(holder: Node) -> Batches {
    let one_at_a_time = holder.attribute("one_at_a_time").is_none() || is_true(holder, "one_at_a_time");
    Batches { whole: is_true(holder, "batch_integrity"), one_at_a_time }
}

/// The inflows that isee's tools spread evenly over the conveyor; other ways of spreading are refused.
fn spread(reader: &mut Reader, conveyor: Node, inflows: &[Flow]) -> Option<Vec<Name>> {
    let (mut even, mut sound) = (Vec::new(), true);
    for flow in inflows {
        let Some(element) = conveyor.document().get_node(flow.declared.node) else { continue };
        let Some(attribute) = element.vendor_attribute("spreadflow") else { continue };
        match attribute.value().trim() {
            "" | "beginning" => {}
            "even" => even.push(flow.declared.flat.clone()),
            _ => {
                let span = PlacedText::of_attribute(attribute, reader.raw).span;
                let instead = "let the flow enter at the start of its conveyor, or spread it evenly";
                reader.unsupported(
                    "spreading by a profile over its conveyor",
                    flow.declared.flat.text(),
                    instead,
                    span,
                );
                sound = false;
            }
        }
    }
    sound.then_some(even)
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
    let mut sound = true;
    let mut end = |name: &str, default: f64| {
        let attribute = element.attribute_node(name).map(|attribute| PlacedText::of_attribute(attribute, reader.raw));
        let text = attribute.or_else(|| element.child(name).map(|child| PlacedText::within(child, reader.raw)));
        let Some(text) = text.filter(|text| !text.text.trim().is_empty()) else { return default };
        match text.text.trim().parse::<f64>() {
            Ok(share) if (0.0..=1.0).contains(&share) => share,
            _ => {
                let instead = "give the zone as two numbers from 0 to 1, as shares of the conveyor's length";
                reader.unsupported(
                    "a leak zone that is no share of its conveyor",
                    flow.flat.text(),
                    instead,
                    text.span,
                );
                sound = false;
                default
            }
        }
    };
    let zone = (end("leak_start", 0.0), end("leak_end", 1.0));
    sound.then_some(())?;
    if zone.0 >= zone.1 {
        let instead = "let the zone end after it starts";
        reader.unsupported("an empty leak zone", flow.flat.text(), instead, element.tag_span(reader.raw));
        return None;
    }
    let integers = element.child("leak_integers").is_some_and(|child| is_set(child, reader.raw));
    Some(Leak { flow: flow.flat.clone(), fraction, integers, zone })
}

/// An optional expression within a container: `None` when it cannot be read, `Some(None)` when it is not there.
fn limit(reader: &mut Reader, holder: Node, names: &[&str], stock: &Declared) -> Option<Option<Expression>> {
    let element = names.iter().find_map(|name| holder.child_of_any(name));
    let text = element.map(|element| PlacedText::within(element, reader.raw)).filter(|text| !grammar::is_blank(text));
    let Some(text) = text else { return Some(None) };
    let expression = reader.expression(&text, stock)?;
    let endless = matches!(&expression.kind, ExpressionKind::Reference { name, .. } if name.key() == "inf");
    Some((!endless).then_some(expression))
}

/// Refuses what a container holds beside the elements and options that are read: it would change how it runs.
fn options(
    reader: &mut Reader,
    holder: Node,
    kind: &'static str,
    stock: &Declared,
    (elements, attributes): (&[&str], &[&str]),
) -> Option<()> {
    let mut sound = true;
    // Ovens are no part of the standard, and neither are some options: their prefix does not matter.
    for child in holder.elements() {
        let name = child.standard_name().or(child.vendor_name());
        if !name.is_some_and(|name| elements.contains(&name)) {
            let name = child.tag_name().name();
            let construct = format!("<{name}> in its {kind}");
            reader.unsupported(&construct, stock.flat.text(), UNKNOWN_OPTION, child.tag_span(reader.raw));
            sound = false;
        }
    }
    for attribute in holder.attributes() {
        let known = attribute.namespace().is_none() && attributes.contains(&attribute.name());
        let off = ["", "false", "0"].contains(&attribute.value().trim());
        if !known && !off {
            let construct = format!("the option `{}` of its {kind}", attribute.name());
            let span = PlacedText::of_attribute(attribute, reader.raw).span;
            reader.unsupported(&construct, stock.flat.text(), UNKNOWN_OPTION, span);
            sound = false;
        }
    }
    sound.then_some(())
}

const UNKNOWN_OPTION: &str = "remove it; docs/xmile.md lists what conveyors, queues and ovens may hold";

/// Says of an equation that the conveyor, queue or oven which the flow leaves overrules it, unless it is the zero that
/// Stella writes in its place.
pub(super) fn overruled(reader: &mut Reader, text: Option<&PlacedText>, flow: &Declared) {
    let Some(text) = text.filter(|text| text.text.trim().parse() != Ok(0.0)) else { return };
    let construct = format!("the equation of `{}`", flow.flat.text());
    let effect = "the conveyor, queue or oven that it leaves sets the flow";
    reader.faults.push(Fault::Ignored { construct, effect }, text.span);
}
