//! The units of what macros give. A macro has no units of its own: each call is read with the units of its arguments,
//! through the macro's equations to its result.

use super::inference::{Inference, Measure};
use crate::check::Symbol;
use crate::model::{Definition, Expression, Name, Variable};
use std::collections::HashMap;

/// Calls that are read anew, each with other units than those before; further ones are left alone.
const CALL_LIMIT: usize = 1000;
/// How deep expressions may lie within expressions, variables and macros before another is opened.
const DEPTH_LIMIT: usize = 200;

/// A macro being read for the arguments of one call.
pub struct Opened {
    /// Place among the model's macros.
    number: usize,
    arguments: Vec<Measure>,
    /// Its variables so far, `None` while being read.
    variables: HashMap<usize, Option<Measure>>,
}

/// What a call gave: the macro, its arguments and its result.
pub struct MacroResult {
    number: usize,
    arguments: Vec<Measure>,
    result: Measure,
}

impl Inference<'_> {
    /// What a name means where expressions are being read.
    pub(super) fn symbol(&self, name: &Name) -> Option<Symbol> {
        let scope = self.opened.last().map_or(0, |opened| 1 + opened.number);
        self.checked.scope(scope).names.symbol(name)
    }

    pub(super) fn macro_call(&mut self, number: usize, arguments: &[Expression]) -> Measure {
        let arguments: Vec<Measure> = arguments.iter().map(|argument| self.measure(argument, None)).collect();
        let known = self.results.iter().find(|known| known.number == number && known.arguments == arguments);
        if let Some(known) = known {
            return known.result.clone();
        }
        let checked = self.checked;
        let definition = &checked.model().macros[number];
        let calls_itself = self.opened.iter().any(|opened| opened.number == number);
        let mut result = Measure::Unknown;
        if !calls_itself && self.results.len() < CALL_LIMIT && self.depth < DEPTH_LIMIT {
            self.opened.push(Opened { number, arguments: arguments.clone(), variables: HashMap::new() });
            result = match (&definition.value, checked.scope(1 + number).names.variable(&definition.name)) {
                (Some(value), _) => self.measure(value, None),
                (None, Some(output)) => self.within_macro(output),
                (None, None) => Measure::Unknown,
            };
            self.opened.pop();
            self.results.push(MacroResult { number, arguments, result: result.clone() });
        }
        if result == Measure::Unknown && !self.unmeasured.contains(&definition.name) {
            self.unmeasured.push(definition.name.clone());
        }
        result
    }

    /// An argument of the call that is being read, or the default in its place.
    pub(super) fn parameter(&mut self, parameter: usize) -> Measure {
        let Some(opened) = self.opened.last() else { return Measure::Unknown };
        if let Some(argument) = opened.arguments.get(parameter) {
            return argument.clone();
        }
        let checked = self.checked;
        let parameter = checked.model().macros[opened.number].parameters.get(parameter);
        match parameter.and_then(|parameter| parameter.default.as_ref()) {
            Some(default) if self.depth < DEPTH_LIMIT => self.measure(default, None),
            _ => Measure::Unknown,
        }
    }

    /// A variable of the macro that is being read.
    pub(super) fn within_macro(&mut self, variable: usize) -> Measure {
        let Some(opened) = self.opened.last_mut().filter(|_| self.depth < DEPTH_LIMIT) else { return Measure::Unknown };
        let number = opened.number;
        if let Some(known) = opened.variables.get(&variable) {
            // A stock asks for itself: what its own equation says of it is being found out.
            return known.clone().unwrap_or(Measure::Unknown);
        }
        opened.variables.insert(variable, None);
        let checked = self.checked;
        let measure = self.equations_of(&checked.variables(1 + number)[variable]);
        if let Some(opened) = self.opened.last_mut() {
            opened.variables.insert(variable, Some(measure.clone()));
        }
        measure
    }

    /// What the equations of a macro's variable give; a number alone has the unit that is declared for it, unless that
    /// is told in parameters, as in `~ input/delay time`.
    fn equations_of(&mut self, variable: &Variable) -> Measure {
        let mut measure = Measure::Unknown;
        for equation in &variable.equations {
            measure = match &equation.definition {
                Definition::Auxiliary(expression) | Definition::Unchangeable(expression) => {
                    self.measure(expression, None)
                }
                Definition::Stock(stock) => match self.measure(&stock.initial, None) {
                    Measure::Unit(unit) => Measure::Unit(unit),
                    _ => match (self.measure(&stock.derivative, None), self.time_unit()) {
                        (Measure::Unit(flow), Measure::Unit(time)) => Measure::Unit(flow.times(&time)),
                        _ => Measure::Unknown,
                    },
                },
                Definition::Values(_) | Definition::Lookup(_) => Measure::Number,
                _ => Measure::Unknown,
            };
            if matches!(measure, Measure::Unit(_)) {
                return measure;
            }
        }
        let (Measure::Number, Some(units), Some(opened)) = (&measure, &variable.units, self.opened.last()) else {
            return measure;
        };
        let text = units.text.to_lowercase();
        let parameters = &self.checked.model().macros[opened.number].parameters;
        let in_parameters = parameters.iter().any(|parameter| text.contains(parameter.name.key()));
        match self.units.synonyms.read(&units.text) {
            Ok(unit) if !in_parameters && !text.trim().is_empty() => Measure::Unit(unit),
            _ => measure,
        }
    }
}
