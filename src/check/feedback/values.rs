//! The signs that the variables of a model may have during a run, as far as equations alone tell.
//!
//! *Method.* Signs of auxiliaries follow from their equations in order of evaluation. A stock that starts at or above
//! zero stays there if, wherever it is zero and the others are not negative, its net flow is not negative
//! (Nagumo 1942; quasi-positivity); all stocks that start so are supposed to stay, and those that fail are dropped
//! until the supposition bears itself out.
//!
//! *Cost.* Stocks times auxiliaries for each round; large models skip the rounds and use declared ranges alone.

use super::graph::Graph;
use super::influence::{Influence, Values};
use super::sign::Signs;
use super::{causes, range, rule};
use crate::check::CheckedModel;
use crate::model::{Definition, Equation, Expression, ExpressionKind, Name, Variable};

/// Stocks times variables beyond which stocks are not examined.
const LARGEST: usize = 5_000_000;

/// The signs of all variables.
pub fn values(checked: &CheckedModel) -> Values<'_> {
    let variables = &checked.model().variables;
    let mut values = Values { checked, variables: vec![Signs::ANY; variables.len()], own: None, time: Signs::ANY };
    let order = evaluation_order(checked);
    let stocks: Vec<usize> = (0..variables.len()).filter(|index| is_stock(&variables[*index])).collect();

    // Before anything is supposed of stocks: constants, and the start of time.
    evaluate(&mut values, &order);
    values.time = match starting_time(&values) {
        signs if signs.within(Signs::NOT_NEGATIVE) => Signs::NOT_NEGATIVE,
        _ => Signs::ANY,
    };
    let mut supposed: Vec<usize> = Vec::new();
    for &stock in &stocks {
        if declared_not_negative(&variables[stock]) {
            values.variables[stock] = Signs::NOT_NEGATIVE;
        } else if stocks.len().saturating_mul(variables.len()) <= LARGEST {
            supposed.push(stock);
        }
    }
    for &stock in &supposed {
        values.variables[stock] = Signs::NOT_NEGATIVE;
    }
    evaluate(&mut values, &order);
    loop {
        let stays = |stock: &usize| starts_not_negative(&values, *stock) && stays_not_negative(&values, &order, *stock);
        let kept: Vec<usize> = supposed.iter().copied().filter(stays).collect();
        if kept.len() == supposed.len() {
            return values;
        }
        for stock in supposed.iter().filter(|stock| !kept.contains(stock)) {
            values.variables[*stock] = Signs::ANY;
        }
        supposed = kept;
        // Auxiliaries start from nothing known again.
        for index in &order {
            values.variables[*index] = Signs::ANY;
        }
        evaluate(&mut values, &order);
    }
}

fn starting_time(values: &Values) -> Signs {
    let named = values.checked.names().variable(&Name::new("INITIAL TIME"));
    match (named, &values.checked.model().control.start) {
        (Some(variable), _) => values.variables[variable],
        (None, Some(Expression { kind: ExpressionKind::Number(start), .. })) => Signs::of(*start),
        _ => Signs::ANY,
    }
}

fn is_stock(variable: &Variable) -> bool {
    variable.equations.iter().any(|equation| matches!(equation.definition, Definition::Stock(_)))
}

fn declared_not_negative(variable: &Variable) -> bool {
    let by_range = variable.range.and_then(|range| range.low).is_some_and(|low| low >= 0.0);
    let by_rule = variable
        .equations
        .iter()
        .all(|equation| matches!(&equation.definition, Definition::Stock(stock) if stock.non_negative));
    by_range || by_rule
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
        values.variables[index] = signs_of(values, &checked.model().variables[index]);
    }
}

/// All signs that the equations of a variable may give.
fn signs_of(values: &Values, variable: &Variable) -> Signs {
    let stated = match variable.range.and_then(|range| range.low) {
        Some(low) if low >= 0.0 => Signs::NOT_NEGATIVE,
        _ => Signs::ANY,
    };
    let found = variable.equations.iter().map(|equation| signs_of_equation(values, equation)).reduce(Signs::or);
    match found {
        Some(found) if found.within(stated) => found,
        Some(_) => stated,
        None => Signs::ANY,
    }
}

fn signs_of_equation(values: &Values, equation: &Equation) -> Signs {
    match &equation.definition {
        Definition::Auxiliary(expression) | Definition::Unchangeable(expression) => match expression.kind {
            // A constant of zero is a switch or a floor: it will be set above zero, not below.
            ExpressionKind::Number(0.0) => Signs::NOT_NEGATIVE,
            _ => Influence::new(values, equation, None).slope(expression).value,
        },
        Definition::Values(numbers) => {
            numbers.iter().map(|number| Signs::of(*number)).reduce(Signs::or).unwrap_or(Signs::ANY)
        }
        Definition::Lookup(table) => range(&[table]),
        _ => Signs::ANY,
    }
}

fn starts_not_negative(values: &Values, stock: usize) -> bool {
    let variable = &values.checked.model().variables[stock];
    variable.equations.iter().all(|equation| match &equation.definition {
        Definition::Stock(stock) => {
            Influence::new(values, equation, None).slope(&stock.initial).value.within(Signs::NOT_NEGATIVE)
        }
        _ => false,
    })
}

/// Whether the net flow is not negative where the stock is zero.
fn stays_not_negative(values: &Values, order: &[usize], stock: usize) -> bool {
    let checked = values.checked;
    let variables = &checked.model().variables;
    let mut at_zero =
        Values { checked, variables: values.variables.clone(), own: Some(values.variables.clone()), time: values.time };
    let set = |values: &mut Values, index: usize, signs: Signs| {
        if let Some(own) = &mut values.own {
            own[index] = signs;
        }
    };
    set(&mut at_zero, stock, Signs::ZERO);
    for &index in order {
        let signs = signs_of(&at_zero, &variables[index]);
        set(&mut at_zero, index, signs);
    }
    variables[stock].equations.iter().all(|equation| match &equation.definition {
        Definition::Stock(stock) => {
            !Influence::new(&at_zero, equation, None).slope(&stock.derivative).value.may_be_negative()
        }
        _ => false,
    })
}
