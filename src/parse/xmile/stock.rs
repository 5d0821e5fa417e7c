//! Stocks: initial value, flows in and out. `store` reads what kind of container they are.

use super::document::Element;
use super::fault::Fault;
use super::lexer::{Token, tokens};
use super::scope::{Declared, Kind, named};
use super::store::store;
use super::text::PlacedText;
use super::variable::Reader;
use crate::diagnostic::Span;
use crate::model::{BinaryOperator, Definition, Expression, ExpressionKind, Name, Stock, Store, UnaryOperator};
use roxmltree::Node;

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
        Some(initial) => with_initial(reader, element, subscripts, initial, Vec::new(), declared),
        None => Definition::Unreadable,
    }
}

/// `contents` are the amounts listed for a conveyor or queue, of which `initial` is the sum.
pub(super) fn with_initial(
    reader: &mut Reader,
    element: Node,
    subscripts: &[Name],
    initial: Expression,
    contents: Vec<f64>,
    declared: &Declared,
) -> Definition {
    let inflows = flows(reader, element, "inflow", declared);
    let outflows = flows(reader, element, "outflow", declared);
    let (Some(inflows), Some(outflows)) = (inflows, outflows) else { return Definition::Unreadable };
    let store = store(reader, element, declared, contents, &inflows, &outflows);
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
pub(super) struct Flow {
    pub declared: Declared,
    pub span: Span,
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
