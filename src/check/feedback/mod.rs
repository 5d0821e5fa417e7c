//! Feedback: which variable acts on which and with what sign, and the loops that this closes.
//!
//! Links and loops are between variables, not their elements. A link's sign is that of a partial derivative, told from
//! signs alone; where it depends on the state of the model, the link says why it is unknown.

mod degree;
mod graph;
mod influence;
mod interval;
mod loops;
mod stores;
mod values;

pub use graph::Graph;
pub use influence::Doubt;
pub use loops::{FeedbackLoop, Loops};

use self::influence::{Influence, initial_argument, range};
use self::interval::Signs;
use self::values::values;
use super::{CheckedModel, Symbol};
use crate::model::{Definition, Equation, Expression, ExpressionKind, Function, LookupTable, Name, Variable};
use std::collections::BTreeMap;

/// How an increase of the cause moves the effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polarity {
    Positive,
    Negative,
    Unknown,
}

impl Polarity {
    fn of(derivative: Signs) -> Self {
        match derivative {
            _ if derivative.within(Signs::NOT_NEGATIVE) => Polarity::Positive,
            _ if derivative.within(Signs::NOT_POSITIVE) => Polarity::Negative,
            _ => Polarity::Unknown,
        }
    }

    pub fn times(self, other: Polarity) -> Polarity {
        match (self, other) {
            (Polarity::Unknown, _) | (_, Polarity::Unknown) => Polarity::Unknown,
            (one, other) if one == other => Polarity::Positive,
            _ => Polarity::Negative,
        }
    }

    pub fn symbol(self) -> &'static str {
        match self {
            Polarity::Positive => "+",
            Polarity::Negative => "-",
            Polarity::Unknown => "?",
        }
    }
}

/// One variable's direct action on another, by index.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    pub cause: usize,
    pub effect: usize,
    pub polarity: Polarity,
    /// Why the polarity is unknown.
    pub doubt: Option<Doubt>,
}

/// The causal structure of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Feedback {
    /// By cause, then effect.
    pub links: Vec<Link>,
    pub loops: Loops,
    /// Stocks that polarities suppose to stay above zero, though the equations do not ensure it.
    pub supposed: Vec<usize>,
}

/// Links and loops of the model proper; macros are links of unknown sign.
pub fn feedback(checked: &CheckedModel) -> Feedback {
    let variables = &checked.model().variables;
    let (values, supposed) = values(checked);
    let mut links: BTreeMap<(usize, usize), Link> = BTreeMap::new();
    for (effect, variable) in variables.iter().enumerate() {
        for equation in &variable.equations {
            let Some(rule) = rule(equation) else { continue };
            for cause in causes(checked, rule) {
                let mut influence = Influence::new(&values, variable, equation, Some(cause));
                let derivative = influence.slope(rule).derivative;
                if derivative == Signs::ZERO {
                    continue;
                }
                let polarity = Polarity::of(derivative);
                let doubt = influence.doubt.filter(|_| polarity == Polarity::Unknown);
                let link = Link { cause, effect, polarity, doubt };
                links
                    .entry((cause, effect))
                    .and_modify(|known| {
                        // Equations for several elements may differ in sign.
                        if known.polarity != link.polarity && known.polarity != Polarity::Unknown {
                            known.polarity = Polarity::Unknown;
                            known.doubt = link.doubt.clone().or(Some(Doubt::Opposed));
                        }
                    })
                    .or_insert(link);
            }
        }
    }
    for link in stores::links(checked, &values) {
        links.entry((link.cause, link.effect)).or_insert(link);
    }
    let links: Vec<Link> = links.into_values().collect();
    let is_stock = |variable: &Variable| {
        variable.equations.iter().any(|equation| matches!(equation.definition, Definition::Stock(_)))
    };
    let stocks: Vec<bool> = variables.iter().map(is_stock).collect();
    let loops = Loops::of(&stocks, &links);
    Feedback { links, loops, supposed }
}

/// What determines the value during a run: the expression of an auxiliary, the net flow of a stock.
fn rule(equation: &Equation) -> Option<&Expression> {
    match &equation.definition {
        Definition::Auxiliary(expression) | Definition::Unchangeable(expression) => Some(expression),
        Definition::Stock(stock) => Some(&stock.derivative),
        _ => None,
    }
}

/// The variables that an expression depends on during a run, in order.
fn causes(checked: &CheckedModel, expression: &Expression) -> Vec<usize> {
    let mut causes = Vec::new();
    visit(checked, expression, &mut causes);
    causes.sort_unstable();
    causes.dedup();
    causes
}

fn visit(checked: &CheckedModel, expression: &Expression, causes: &mut Vec<usize>) {
    let name = match &expression.kind {
        ExpressionKind::Reference { name, .. } | ExpressionKind::Call { function: name, .. } => Some(name),
        _ => None,
    };
    let symbol = name.and_then(|name| checked.names().symbol(name));
    if let Some(Symbol::Variable(index)) = symbol {
        causes.push(index);
    }
    let skipped = match &expression.kind {
        ExpressionKind::Call { function, arguments, .. } if symbol.is_none() => {
            starting_argument(checked, function, arguments)
        }
        _ => None,
    };
    for child in expression.children() {
        if !skipped.is_some_and(|skipped| std::ptr::eq(skipped, child)) {
            visit(checked, child, causes);
        }
    }
}

fn starting_argument<'a>(checked: &CheckedModel, name: &Name, arguments: &'a [Expression]) -> Option<&'a Expression> {
    let function = Function::named(checked.model().dialect, name)?;
    arguments.get(initial_argument(function)?)
}

/// The tables of a lookup variable.
fn tables(variable: &Variable) -> impl Iterator<Item = &LookupTable> {
    variable.equations.iter().filter_map(|equation| match &equation.definition {
        Definition::Lookup(table) => Some(table),
        _ => None,
    })
}
