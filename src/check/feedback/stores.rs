//! What acts on the flows of XMILE's conveyors, queues and ovens, which have no equations to say so.

use super::influence::{Doubt, Influence, Values};
use super::{CheckedModel, Link, Polarity, causes};
use crate::model::{Definition, Equation, Expression, Name, Stock, Store, Variable};

/// Contents on what leaves; fractions on leaks; limits, and the room that contents leave, on what enters; times and
/// conditions on everything, in a way of which only the fact is known.
pub fn links(checked: &CheckedModel, values: &Values) -> Vec<Link> {
    let mut links = Vec::new();
    for (number, variable) in checked.model().variables.iter().enumerate() {
        for equation in &variable.equations {
            if let Definition::Stock(stock) = &equation.definition
                && stock.store != Store::Reservoir
            {
                let of = Of { checked, values, number, variable, equation, stock };
                of.links(&mut links);
            }
        }
    }
    links
}

struct Of<'a> {
    checked: &'a CheckedModel,
    values: &'a Values<'a>,
    number: usize,
    variable: &'a Variable,
    equation: &'a Equation,
    stock: &'a Stock,
}

impl Of<'_> {
    fn links(&self, links: &mut Vec<Link>) {
        let known = |cause, effect, polarity| Link { cause, effect, polarity, doubt: None };
        let (inflows, outflows) = (self.flows(&self.stock.inflows), self.flows(&self.stock.outflows));
        links.extend(outflows.iter().map(|flow| known(self.number, *flow, Polarity::Positive)));
        let (times, limits): (Vec<&Expression>, Vec<&Expression>) = match &self.stock.store {
            Store::Reservoir | Store::Queue(_) => (Vec::new(), Vec::new()),
            Store::Conveyor(conveyor) => {
                for leak in &conveyor.leaks {
                    for flow in self.flows(std::slice::from_ref(&leak.flow)) {
                        self.push(&leak.fraction, flow, links);
                    }
                }
                let times = [Some(&conveyor.transit), conveyor.sample.as_ref(), conveyor.arrest.as_ref()];
                let limits = [conveyor.capacity.as_ref(), conveyor.inflow_limit.as_ref()];
                (times.into_iter().flatten().collect(), limits.into_iter().flatten().collect())
            }
            Store::Oven(oven) => {
                let times = [Some(&oven.cook), oven.fill.as_ref(), oven.clean.as_ref(), oven.arrest.as_ref()];
                (times.into_iter().flatten().collect(), oven.capacity.iter().collect())
            }
        };
        for time in times {
            for cause in causes(self.checked, time) {
                let doubt = Some(Doubt::Function(self.variable.name.clone()));
                let effects = outflows.iter();
                links.extend(effects.map(|effect| Link {
                    cause,
                    effect: *effect,
                    polarity: Polarity::Unknown,
                    doubt: doubt.clone(),
                }));
            }
        }
        for inflow in inflows.into_iter().filter(|_| !limits.is_empty()) {
            links.push(known(self.number, inflow, Polarity::Negative));
            limits.iter().for_each(|limit| self.push(limit, inflow, links));
        }
    }

    /// The causes in an expression that has the sign of its effect.
    fn push(&self, expression: &Expression, effect: usize, links: &mut Vec<Link>) {
        for cause in causes(self.checked, expression) {
            let mut influence = Influence::new(self.values, self.variable, self.equation, Some(cause));
            let polarity = Polarity::of(influence.slope(expression).derivative);
            let doubt = influence.doubt.filter(|_| polarity == Polarity::Unknown);
            links.push(Link { cause, effect, polarity, doubt });
        }
    }

    fn flows(&self, names: &[Name]) -> Vec<usize> {
        names.iter().filter_map(|flow| self.checked.names().variable(flow)).collect()
    }
}
