//! Bounds on the values that the variables of a model may take during a run, as far as its equations tell.
//!
//! *Method.* Bounds of auxiliaries follow from their equations by interval arithmetic in order of evaluation; constants
//! have the values of the file. A stock that starts at or above zero stays there if, wherever it is zero and the other
//! stocks are within their bounds, its net flow is not negative; one that starts at or below one stays there if its
//! net flow is not positive at one (M. Nagumo 1942, Proc. Phys.-Math. Soc. Japan 24, 551-559). Such stocks are supposed
//! to stay, and bounds that fail the test are dropped until those left pass it.
//!
//! *Assumptions.* A stock that starts above zero is taken to stay above zero even if it fails the test, as people and
//! money do in models that do not spell out why; such stocks are listed. Time is continuous: a step too long for the
//! model may overshoot any bound.
//!
//! *Cost.* Stocks times auxiliaries for each round; larger models use declared ranges alone.

use super::graph::Graph;
use super::influence::{ElementValues, Influence, Values};
use super::interval::Interval;
use super::{causes, range, rule};
use crate::check::{CheckedModel, left_hand_side};
use crate::model::{Definition, Equation, Expression, ExpressionKind, Name, Stock, Variable};

/// Stocks times variables beyond which stocks are not examined.
const LARGEST: usize = 5_000_000;

/// A bound on a stock, kept though it may fail the test where it is `firm`.
#[derive(Clone, Copy)]
struct Bound {
    stock: usize,
    bounds: Interval,
    firm: bool,
}

/// Bounds of all variables, and the stocks whose bounds are supposed only.
pub fn values(checked: &CheckedModel) -> (Values<'_>, Vec<usize>) {
    let variables = &checked.model().variables;
    let anything = vec![Interval::ANY; variables.len()];
    let mut values = Values { checked, variables: anything, element: None, time: Interval::ANY };
    let order = evaluation_order(checked);
    evaluate(&mut values, &order);
    values.time = Interval { low: starting_time(&values), high: f64::INFINITY };

    let stocks: Vec<usize> = (0..variables.len()).filter(|index| is_stock(&variables[*index])).collect();
    let examined = stocks.len().saturating_mul(variables.len()) <= LARGEST;
    for &stock in &stocks {
        values.variables[stock] = declared(&variables[stock]);
    }
    let mut supposed: Vec<Bound> = Vec::new();
    for &stock in &stocks {
        let start = initial(&values, stock);
        for bounds in [Interval::NOT_NEGATIVE, Interval::SHARE] {
            let firm = start.low > 0.0 && bounds == Interval::NOT_NEGATIVE;
            if start.within(bounds) && (examined || firm) {
                supposed.push(Bound { stock, bounds, firm });
            }
        }
    }
    loop {
        for index in order.iter().chain(&stocks) {
            values.variables[*index] = declared(&variables[*index]);
        }
        for bound in &supposed {
            values.variables[bound.stock] = values.variables[bound.stock].and(bound.bounds);
        }
        evaluate(&mut values, &order);
        let passes = |bound: &Bound| examined && stays(&values, &order, bound.stock, bound.bounds);
        let (kept, failed): (Vec<Bound>, Vec<Bound>) = supposed.iter().partition(|bound| passes(bound));
        if failed.iter().all(|bound| bound.firm) {
            return (values, failed.iter().map(|bound| bound.stock).collect());
        }
        supposed = kept.into_iter().chain(failed.into_iter().filter(|bound| bound.firm)).collect();
    }
}

fn is_stock(variable: &Variable) -> bool {
    stock_equations(variable).next().is_some()
}

fn stock_equations(variable: &Variable) -> impl Iterator<Item = (&Equation, &Stock)> {
    variable.equations.iter().filter_map(|equation| match &equation.definition {
        Definition::Stock(stock) => Some((equation, stock)),
        _ => None,
    })
}

/// What the file says of the values: a stated range, or XMILE's `non_negative`.
fn declared(variable: &Variable) -> Interval {
    let by_rule = is_stock(variable) && stock_equations(variable).all(|(_, stock)| stock.non_negative);
    let low = variable.range.and_then(|range| range.low).unwrap_or(f64::NEG_INFINITY);
    let high = variable.range.and_then(|range| range.high).unwrap_or(f64::INFINITY);
    let low = if by_rule { low.max(0.0) } else { low };
    if low <= high { Interval { low, high } } else { Interval::ANY }
}

/// The variables that are no stocks, each after those it depends on.
fn evaluation_order(checked: &CheckedModel) -> Vec<usize> {
    let variables = &checked.model().variables;
    let edges =
        variables.iter().enumerate().filter(|(_, variable)| !is_stock(variable)).flat_map(|(index, variable)| {
            let rules = variable.equations.iter().filter_map(rule);
            rules.flat_map(|rule| causes(checked, rule)).map(move |cause| (index, cause)).collect::<Vec<_>>()
        });
    let graph = Graph::new(variables.len(), edges);
    graph.components().into_iter().flatten().filter(|index| !is_stock(&variables[*index])).collect()
}

fn evaluate(values: &mut Values, order: &[usize]) {
    let checked = values.checked;
    for &index in order {
        values.variables[index] = bounds_of(values, &checked.model().variables[index]);
    }
}

fn starting_time(values: &Values) -> f64 {
    let named = values.checked.names().variable(&Name::new("INITIAL TIME"));
    match (named, &values.checked.model().control.start) {
        (Some(variable), _) => values.variables[variable].low,
        (None, Some(Expression { kind: ExpressionKind::Number(start), .. })) => *start,
        _ => f64::NEG_INFINITY,
    }
}

/// All values that the equations of a variable may give.
fn bounds_of(values: &Values, variable: &Variable) -> Interval {
    let found = variable.equations.iter().map(|equation| bounds_of_equation(values, variable, equation));
    let found = found.reduce(Interval::or).unwrap_or(Interval::ANY);
    declared(variable).and(found)
}

fn bounds_of_equation(values: &Values, variable: &Variable, equation: &Equation) -> Interval {
    match &equation.definition {
        Definition::Auxiliary(expression) | Definition::Unchangeable(expression) => match expression.kind {
            // A constant of zero is a switch or a floor. What it is off for now still acts when it is set.
            ExpressionKind::Number(0.0) => Interval::SHARE,
            _ => Influence::new(values, variable, equation, None).slope(expression).value,
        },
        Definition::Values(numbers) => {
            numbers.iter().map(|number| Interval::point(*number)).reduce(Interval::or).unwrap_or(Interval::ANY)
        }
        Definition::Lookup(table) => range(&[table]),
        _ => Interval::ANY,
    }
}

/// The values at which a stock may start.
fn initial(values: &Values, stock: usize) -> Interval {
    let variable = &values.checked.model().variables[stock];
    stock_equations(variable)
        .map(|(equation, stock)| Influence::new(values, variable, equation, None).slope(&stock.initial).value)
        .reduce(Interval::or)
        .unwrap_or(Interval::ANY)
}

/// Whether the net flow of a stock does not lead out of its bounds where it is at them.
fn stays(values: &Values, order: &[usize], stock: usize, bounds: Interval) -> bool {
    let variable = &values.checked.model().variables[stock];
    initial(values, stock).within(bounds)
        && stock_equations(variable).all(|(equation, _)| {
            let net_flow = |at: f64| net_flow_at(values, order, stock, equation, at);
            net_flow(bounds.low).low >= 0.0 && (bounds.high == f64::INFINITY || net_flow(bounds.high).high <= 0.0)
        })
}

/// The net flow into the elements that `equation` defines where the stock has the value `at`.
fn net_flow_at(values: &Values, order: &[usize], stock: usize, equation: &Equation, at: f64) -> Interval {
    let checked = values.checked;
    let variables = &checked.model().variables;
    let mut variables_there = values.variables.clone();
    variables_there[stock] = Interval::point(at);
    let mut there = Values {
        checked,
        variables: values.variables.clone(),
        element: Some(ElementValues {
            variables: variables_there,
            coordinates: left_hand_side(&variables[stock], equation).to_vec(),
        }),
        time: values.time,
    };
    for &index in order {
        let bounds = bounds_of(&there, &variables[index]);
        if let Some(element) = &mut there.element {
            element.variables[index] = bounds;
        }
    }
    match &equation.definition {
        Definition::Stock(definition) => {
            Influence::new(&there, &variables[stock], equation, None).slope(&definition.derivative).value
        }
        _ => Interval::ANY,
    }
}
