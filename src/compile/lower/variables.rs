//! Elements of variables and the expressions that define them.

use super::scope::{Context, Instance, InstanceKey};
use super::{
    Constant, Failed, INSTANCE_LIMIT, Key, Lowered, Lowering, Origin, Phase, READ_LIMIT, Site, State, element_key,
};
use crate::check::{CheckedModel, ElementId, Symbol, left_hand_side, list_elements};
use crate::compile::fault::Fault;
use crate::compile::graph::{Slot, Value};
use crate::compile::operation::{Binary, MISSING, Unary};
use crate::model::{
    BinaryOperator, Definition, Dialect, Expression, ExpressionKind, Function, Name, Role, Stock, Store, Tool,
    UnaryOperator, Variable,
};
use std::collections::HashMap;

/// Outflows of non-negative stocks: the flow's variable and the stock's.
pub fn limited_flows(checked: &CheckedModel) -> HashMap<usize, usize> {
    let mut limited = HashMap::new();
    for (number, variable) in checked.model().variables.iter().enumerate() {
        for equation in &variable.equations {
            if let Definition::Stock(stock) = &equation.definition
                && stock.non_negative
                && checked.model().tool == Tool::Stella
            {
                for flow in &stock.outflows {
                    if let Some(flow) = checked.names().variable(flow) {
                        limited.insert(flow, number);
                    }
                }
            }
        }
    }
    limited
}

impl<'a> Lowering<'a> {
    /// The value of an element of a variable of the model, by its own equation.
    pub fn own_equation(&mut self, variable: usize, coordinates: &[ElementId]) -> Lowered {
        self.equation_of(Phase::Moving, 0, variable, coordinates)
    }

    /// The value of an element of a variable, as an equation reads it.
    pub fn element(&mut self, phase: Phase, instance: usize, variable: usize, coordinates: &[ElementId]) -> Lowered {
        if phase == Phase::Moving
            && instance == 0
            && !self.opened.is_empty()
            && let Some(number) = self.opened.get(&(variable, coordinates.into()))
        {
            return Ok(self.graph.slot(Slot::Given(*number)));
        }
        self.equation_of(phase, instance, variable, coordinates)
    }

    fn equation_of(&mut self, phase: Phase, instance: usize, variable: usize, coordinates: &[ElementId]) -> Lowered {
        let key = Key { phase, instance, variable, coordinates: coordinates.into() };
        if let Some(known) = self.memo.get(&key) {
            return known.ok_or(Failed);
        }
        if self.active_set.contains(&key) {
            if self.active.last() == Some(&key)
                && let Some(kept) = self.kept_samples.get(&key)
            {
                return Ok(*kept);
            }
            return Err(self.cycle(&key));
        }
        // What the equation at hand has made so far is its own, before another's is walked.
        if let Some(user) = self.active.last().cloned() {
            self.own(&user, self.graph.len());
        }
        self.active.push(key.clone());
        self.active_set.insert(key.clone());
        let result = self.define(&key);
        self.active.pop();
        self.active_set.remove(&key);
        self.memo.insert(key.clone(), result.ok());
        if let Ok(value) = result {
            self.own(&key, value.0 as usize + 1);
        }
        result
    }

    /// Takes the nodes up to `end` that have no owner yet as made by this element's equation.
    fn own(&mut self, key: &Key, end: usize) {
        if self.owners.len() < end {
            let name = self.name_of(key.instance, key.variable, &key.coordinates);
            self.owners.resize(end, name);
        }
    }

    fn cycle(&mut self, key: &Key) -> Failed {
        let start = self.active.iter().position(|active| active == key).unwrap_or(0);
        let mut keys: Vec<Key> = self.active[start..].to_vec();
        keys.push(key.clone());
        let path = keys.iter().map(|key| self.name_of(key.instance, key.variable, &key.coordinates)).collect();
        let scope = self.instances[key.instance].scope;
        let span = self.checked.variables(scope)[key.variable].span;
        self.fail(Fault::Cycle { path, initial: key.phase == Phase::Initial, span })
    }

    pub(super) fn name_of(&self, instance: usize, variable: usize, coordinates: &[ElementId]) -> String {
        let opened = &self.instances[instance];
        let name = self.checked.variables(opened.scope).get(variable).map_or("", |variable| variable.name.text());
        let subscripts = if coordinates.is_empty() {
            String::new()
        } else {
            format!("[{}]", list_elements(coordinates, self.checked.dimensions()))
        };
        format!("{}{name}{subscripts}", opened.label)
    }

    /// The name of the variable whose equation is being read.
    pub(super) fn reading(&self, context: &Context) -> String {
        let scope = self.instances[context.instance].scope;
        match self.checked.variables(scope).get(context.variable) {
            Some(variable) => format!("{}{}", self.instances[context.instance].label, variable.name),
            None => "an expression of the study".to_owned(),
        }
    }

    fn define(&mut self, key: &Key) -> Lowered {
        let checked = self.checked;
        let scope_number = self.instances[key.instance].scope;
        let scope = checked.scope(scope_number);
        let variable = &checked.variables(scope_number)[key.variable];
        let elements = &scope.elements[key.variable];
        let Some(&(equation, place)) = elements.defined_by.get(&key.coordinates[..]) else {
            let element = self.name_of(key.instance, key.variable, &key.coordinates);
            return Err(self.fail(Fault::UndefinedElement { element, span: variable.span }));
        };
        let equation = &variable.equations[equation];
        let bound: Vec<(usize, ElementId)> = left_hand_side(variable, equation)
            .iter()
            .zip(&key.coordinates[..])
            .filter_map(|(name, element)| scope.names.dimension(name).map(|dimension| (dimension, *element)))
            .collect();
        let context = Context {
            phase: key.phase,
            instance: key.instance,
            variable: key.variable,
            bound: bound.into(),
            reduced: std::rc::Rc::from([]),
        };
        if key.instance == 0
            && let Some(value) = self.replaced(key, variable)
        {
            return Ok(value);
        }
        match &equation.definition {
            Definition::Values(values) => {
                let value = values.get(place).copied().unwrap_or(0.0);
                Ok(self.parameter(key, value))
            }
            Definition::Auxiliary(expression) | Definition::Unchangeable(expression) => {
                if let Some(value) = plain_number(expression)
                    && variable.role != Role::Flow
                    && variable.role != Role::Uniflow
                {
                    return Ok(self.parameter(key, value));
                }
                let value = self.expression(expression, &context)?;
                self.flow_rules(key, variable, value, &context)
            }
            Definition::Stock(stock) => self.stock(key, variable, stock, context),
            Definition::Lookup(_) => {
                let element = self.name_of(key.instance, key.variable, &key.coordinates);
                // A lookup read without an argument has no value; other tools export none either.
                Err(self.fail(Fault::Unsupported {
                    construct: format!("the lookup `{element}` without an argument"),
                    variable: variable.name.text().to_owned(),
                    span: equation.span,
                    instead: format!("write `{}(x)`", variable.name),
                }))
            }
            Definition::External(call) => self.external_constant(key, variable, equation, call, place),
            Definition::Data { source, interpolation } => {
                self.data(key, variable, equation, source.as_ref(), *interpolation)
            }
            Definition::Driven => self.driven(key, equation, &context),
            Definition::Skipped(_) => Ok(self.number(0.0)),
            Definition::Unreadable => Err(Failed),
        }
    }

    /// A value set from outside for something that is not a constant: only the run's own controls may be.
    fn replaced(&mut self, key: &Key, variable: &Variable) -> Option<Value> {
        let control = matches!(variable.name.key(), "initial time" | "final time" | "time step" | "saveper");
        let value = *self.overrides.get(variable.name.key())?;
        control.then(|| self.parameter(key, value))
    }

    pub(super) fn parameter(&mut self, key: &Key, value: f64) -> Value {
        if key.instance != 0 {
            return self.number(value);
        }
        let at = (key.variable, key.coordinates.clone());
        if let Some(number) = self.constant_index.get(&at) {
            return self.graph.slot(Slot::Parameter(*number));
        }
        let name = self.name_of(0, key.variable, &key.coordinates);
        let value = self.overrides.get(&element_key(&name)).copied().unwrap_or(value);
        let number = self.constants.len() as u32;
        self.constants.push(Constant { name, variable: key.variable, value, structural: false });
        self.constant_index.insert(at, number);
        self.graph.slot(Slot::Parameter(number))
    }

    /// XMILE: a uniflow never runs backwards, and a non-negative stock gives no more than it holds.
    fn flow_rules(&mut self, key: &Key, variable: &Variable, value: Value, context: &Context) -> Lowered {
        let mut value = value;
        if variable.role == Role::Uniflow {
            let zero = self.number(0.0);
            value = self.graph.binary(Binary::Maximum, value, zero);
        }
        if key.instance == 0
            && let Some(&stock) = self.limited.get(&key.variable)
        {
            value = self.limited_by(key, stock, value, context)?;
        }
        self.entering(key, value, context)
    }

    /// What a non-negative stock can give in one step: its content, plus inflows, less outflows of higher priority.
    fn limited_by(&mut self, key: &Key, stock: usize, wanted: Value, context: &Context) -> Lowered {
        let checked = self.checked;
        let elements = &checked.scope(0).elements[stock];
        let Some(&(equation, _)) = elements.defined_by.get(&key.coordinates[..]) else { return Ok(wanted) };
        let Definition::Stock(definition) = &checked.variables(0)[stock].equations[equation].definition else {
            return Ok(wanted);
        };
        let content = self.element(context.phase, 0, stock, &key.coordinates)?;
        let step = self.control("TIME STEP", context.phase)?;
        let mut available = self.graph.binary(Binary::Divide, content, step);
        for flow in &definition.inflows {
            if let Some(flow) = checked.names().variable(flow) {
                let inflow = self.element(context.phase, 0, flow, &key.coordinates)?;
                available = self.graph.binary(Binary::Add, available, inflow);
            }
        }
        for flow in &definition.outflows {
            match checked.names().variable(flow) {
                Some(flow) if flow == key.variable => break,
                Some(flow) => {
                    let outflow = self.element(context.phase, 0, flow, &key.coordinates)?;
                    available = self.graph.binary(Binary::Subtract, available, outflow);
                }
                None => {}
            }
        }
        let zero = self.number(0.0);
        let available = self.graph.binary(Binary::Maximum, available, zero);
        Ok(self.graph.binary(Binary::Minimum, wanted, available))
    }

    fn stock(&mut self, key: &Key, variable: &'a Variable, stock: &'a Stock, context: Context) -> Lowered {
        if stock.store != Store::Reservoir {
            return self.container(key, variable, stock);
        }
        if key.phase == Phase::Initial {
            return self.expression(&stock.initial, &context);
        }
        let origin =
            Origin::Element { instance: key.instance, variable: key.variable, coordinates: key.coordinates.clone() };
        let name = self.name_of(key.instance, key.variable, &key.coordinates);
        let owner = (key.instance == 0).then_some(key.variable);
        let (state, new) = self.state(origin, name, owner);
        if new {
            self.states[state as usize].floored = stock.non_negative && self.checked.model().tool != Tool::Stella;
            self.defer(move |lowering| {
                let initial = lowering.expression(&stock.initial, &context.in_phase(Phase::Initial));
                let derivative = lowering.expression(&stock.derivative, &context);
                lowering.complete(state, initial, derivative);
            });
        }
        Ok(self.graph.slot(Slot::State(state)))
    }

    /// A state's number, and whether it is new; a new one must be completed later.
    pub(super) fn state(&mut self, origin: Origin, name: String, variable: Option<usize>) -> (u32, bool) {
        if let Some(number) = self.state_index.get(&origin) {
            return (*number, false);
        }
        let number = self.states.len() as u32;
        self.state_index.insert(origin, number);
        let zero = self.number(0.0);
        self.states.push(State { name, variable, initial: zero, derivative: zero, floored: false });
        (number, true)
    }

    pub(super) fn complete(&mut self, state: u32, initial: Lowered, derivative: Lowered) {
        if let (Ok(initial), Ok(derivative)) = (initial, derivative) {
            let state = &mut self.states[state as usize];
            state.initial = initial;
            state.derivative = derivative;
        }
    }

    /// A state that integrates `value` from the start of the run.
    pub fn quadrature(&mut self, name: String, value: Value) -> Value {
        let number = self.states.len() as u32;
        let zero = self.number(0.0);
        self.states.push(State { name, variable: None, initial: zero, derivative: value, floored: false });
        self.graph.slot(Slot::State(number))
    }

    /// A run control: the file's variable, or the setting an XMILE file keeps apart.
    pub fn control(&mut self, name: &'static str, phase: Phase) -> Lowered {
        let checked = self.checked;
        let settings = &checked.model().control;
        let setting = match name {
            "INITIAL TIME" => &settings.start,
            "FINAL TIME" => &settings.stop,
            "TIME STEP" => &settings.step,
            _ => &settings.save_every,
        };
        if let Some(variable) = checked.names().variable(&Name::new(name)) {
            return self.element(phase, 0, variable, &[]);
        }
        if let Some(value) = self.overrides.get(Name::new(name).key()) {
            return Ok(self.graph.constant(*value));
        }
        match setting {
            // XMILE's `DT` may stand in `<dt>` itself.
            Some(_) if self.settings_open.contains(&name) => {
                Err(self.fail(Fault::BadControl { name, why: "depends on itself".to_owned() }))
            }
            Some(expression) => {
                self.settings_open.push(name);
                let value = self.expression(expression, &Context::model(phase));
                self.settings_open.pop();
                value
            }
            None if name == "SAVEPER" => self.control("TIME STEP", phase),
            None => Err(self.fail(Fault::BadControl { name, why: "is not defined".to_owned() })),
        }
    }

    /// The value of an expression.
    pub fn expression(&mut self, expression: &'a Expression, context: &Context) -> Lowered {
        self.count_reads(1, expression, context)?;
        match &expression.kind {
            ExpressionKind::Number(value) => Ok(self.number(*value)),
            ExpressionKind::Missing => Ok(self.number(MISSING)),
            ExpressionKind::Text(_) => Err(self.fail(Fault::TextAsNumber { span: expression.span })),
            ExpressionKind::Lookup(_) => Err(self.fail(Fault::Unsupported {
                construct: "a lookup table without an argument".to_owned(),
                variable: self.reading(context),
                span: expression.span,
                instead: "write `WITH LOOKUP(x, (...))`".to_owned(),
            })),
            ExpressionKind::Reference { .. } => self.reference(expression, context),
            ExpressionKind::Call { .. } => self.call(expression, context),
            ExpressionKind::Unary { operator, operand } => {
                let operand = self.expression(operand, context)?;
                Ok(match operator {
                    UnaryOperator::Plus => operand,
                    UnaryOperator::Minus => self.graph.unary(Unary::Negate, operand),
                    UnaryOperator::Not => self.graph.unary(Unary::Not, operand),
                })
            }
            ExpressionKind::Binary { operator, left, right } => {
                let left = self.expression(left, context);
                let right = self.expression(right, context);
                let (left, right) = (left?, right?);
                Ok(self.binary(*operator, left, right))
            }
            ExpressionKind::Conditional { condition, then, otherwise } => {
                let condition = self.expression(condition, context);
                let then = self.expression(then, context);
                let otherwise = self.expression(otherwise, context);
                let (condition, then, otherwise) = (condition?, then?, otherwise?);
                Ok(self.graph.select(condition, then, otherwise))
            }
        }
    }

    /// Refuses a model that opens into more expressions than can be held; said once.
    pub(super) fn count_reads(
        &mut self,
        more: usize,
        expression: &Expression,
        context: &Context,
    ) -> Result<(), Failed> {
        let within = self.read <= READ_LIMIT;
        self.read = self.read.saturating_add(more);
        if self.read <= READ_LIMIT {
            return Ok(());
        }
        if within {
            let variable = self.reading(context);
            let span = expression.span;
            self.fail(Fault::TooLarge { what: "computations", limit: READ_LIMIT, variable, span });
            self.read = READ_LIMIT + 1;
        }
        Err(Failed)
    }

    fn binary(&mut self, operator: BinaryOperator, left: Value, right: Value) -> Value {
        let (operation, left, right) = match operator {
            BinaryOperator::Add => (Binary::Add, left, right),
            BinaryOperator::Subtract => (Binary::Subtract, left, right),
            BinaryOperator::Multiply => (Binary::Multiply, left, right),
            BinaryOperator::Divide => (Binary::Divide, left, right),
            BinaryOperator::Power => (Binary::Power, left, right),
            BinaryOperator::Remainder if self.checked.model().tool == Tool::Vensim => (Binary::Modulo, left, right),
            BinaryOperator::Remainder => (Binary::Remainder, left, right),
            BinaryOperator::Less => (Binary::Less, left, right),
            BinaryOperator::LessOrEqual => (Binary::LessOrEqual, left, right),
            BinaryOperator::Greater => (Binary::Less, right, left),
            BinaryOperator::GreaterOrEqual => (Binary::LessOrEqual, right, left),
            BinaryOperator::Equal => (Binary::Equal, left, right),
            BinaryOperator::NotEqual => (Binary::NotEqual, left, right),
            BinaryOperator::And => (Binary::And, left, right),
            BinaryOperator::Or => (Binary::Or, left, right),
        };
        self.graph.binary(operation, left, right)
    }

    fn reference(&mut self, expression: &'a Expression, context: &Context) -> Lowered {
        let ExpressionKind::Reference { name, subscripts } = &expression.kind else { return Err(Failed) };
        let checked = self.checked;
        let scope = self.instances[context.instance].scope;
        match checked.scope(scope).names.symbol(name) {
            Some(Symbol::Variable(variable)) => {
                self.array_read(context.instance, variable, subscripts, expression, context)
            }
            Some(Symbol::Global(variable)) => self.array_read(0, variable, subscripts, expression, context),
            Some(Symbol::Time) => Ok(self.time()),
            Some(Symbol::Parameter(number)) => self.argument(number, context),
            Some(Symbol::Dimension(dimension)) => self.position_of_dimension(dimension, expression.span, context),
            Some(Symbol::Element) => Ok(self.position_of_element(name)),
            Some(Symbol::Macro(_)) | None => match Function::named(self.dialect(), name) {
                Some(function) => self.function(function, &[], expression, context),
                None => Err(Failed),
            },
        }
    }

    /// What a macro's parameter stands for: an argument is read where the call stands, a default within the macro.
    fn argument(&mut self, number: usize, context: &Context) -> Lowered {
        let key = (context.instance, number, context.phase);
        if let Some(known) = self.argument_index.get(&key) {
            return known.ok_or(Failed);
        }
        let (argument, place) = self.argument_of(number, context)?;
        let value = self.expression(argument, &place);
        self.argument_index.insert(key, value.ok());
        value
    }

    /// The expression of a macro's parameter and where it is read.
    pub(super) fn argument_of(&self, number: usize, context: &Context) -> Result<(&'a Expression, Context), Failed> {
        let instance = &self.instances[context.instance];
        if let (Some(argument), Some(caller)) = (instance.arguments.get(number), &instance.caller) {
            return Ok((argument, caller.in_phase(context.phase)));
        }
        let definition = instance.scope.checked_sub(1).map(|number| &self.checked.model().macros[number]);
        let default = definition.and_then(|definition| definition.parameters.get(number)?.default.as_ref());
        let inside = Context { instance: context.instance, ..Context::model(context.phase) };
        default.map(|default| (default, inside)).ok_or(Failed)
    }

    pub(super) fn call(&mut self, expression: &'a Expression, context: &Context) -> Lowered {
        let ExpressionKind::Call { function, arguments, .. } = &expression.kind else { return Err(Failed) };
        let checked = self.checked;
        let scope = self.instances[context.instance].scope;
        match checked.scope(scope).names.symbol(function) {
            Some(Symbol::Variable(_) | Symbol::Parameter(_) | Symbol::Global(_)) => {
                let table = self.table_called(expression, context)?;
                let x = arguments.first().map(|x| self.expression(x, context)).unwrap_or(Err(Failed))?;
                Ok(self.graph.lookup(table, x))
            }
            Some(Symbol::Macro(number)) => self.macro_call(number, expression, context),
            _ => match Function::named(self.dialect(), function) {
                Some(known) => self.function(known, arguments, expression, context),
                None => Err(Failed),
            },
        }
    }

    fn macro_call(&mut self, number: usize, expression: &'a Expression, context: &Context) -> Lowered {
        let ExpressionKind::Call { arguments, .. } = &expression.kind else { return Err(Failed) };
        let definition = &self.checked.model().macros[number];
        let instance = self.macro_instance(number, expression, arguments, context)?;
        if let Some(value) = &definition.value {
            let inside = Context { instance, variable: usize::MAX, ..Context::model(context.phase) };
            return self.expression(value, &inside);
        }
        let scope = self.checked.scope(1 + number);
        match scope.names.variable(&definition.name) {
            Some(output) => self.element(context.phase, instance, output, &[]),
            None => Err(self.fail(Fault::Unsupported {
                construct: format!("macro `{}` without an equation for its own name", definition.name),
                variable: self.reading(context),
                span: definition.span,
                instead: format!("write `{} = ...` inside the macro", definition.name),
            })),
        }
    }

    fn macro_instance(
        &mut self,
        number: usize,
        expression: &'a Expression,
        arguments: &'a [Expression],
        context: &Context,
    ) -> Result<usize, Failed> {
        let key = InstanceKey { caller: context.instance, site: Site::of(expression), bindings: context.bindings() };
        if let Some(instance) = self.instance_index.get(&key) {
            return Ok(*instance);
        }
        let mut depth = 0;
        let mut outer = Some(context.instance);
        while let Some(instance) = outer {
            depth += usize::from(self.instances[instance].scope == 1 + number);
            outer = self.instances[instance].caller.as_ref().map(|caller| caller.instance);
        }
        let definition = &self.checked.model().macros[number];
        if depth > 0 {
            return Err(self.fail(Fault::Unsupported {
                construct: format!("macro `{}`, which calls itself,", definition.name),
                variable: self.reading(context),
                span: expression.span,
                instead: "write the recursion as a stock".to_owned(),
            }));
        }
        let instance = self.instances.len();
        if instance > INSTANCE_LIMIT {
            let (variable, span) = (self.reading(context), expression.span);
            let fault = Fault::TooLarge { what: "calls of macros", limit: INSTANCE_LIMIT, variable, span };
            let told = self.faults.iter().any(|fault| matches!(fault, Fault::TooLarge { .. }));
            return Err(if told { Failed } else { self.fail(fault) });
        }
        self.instances.push(Instance {
            scope: 1 + number,
            arguments: arguments.iter().collect(),
            caller: Some(context.clone()),
            label: format!("{}: ", definition.name),
        });
        self.instance_index.insert(key, instance);
        Ok(instance)
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.checked.model().dialect
    }
}

/// The number that an expression is, if it is nothing else.
pub fn plain_number(expression: &Expression) -> Option<f64> {
    match &expression.kind {
        ExpressionKind::Number(value) => Some(*value),
        ExpressionKind::Unary { operator: UnaryOperator::Minus, operand } => plain_number(operand).map(|value| -value),
        ExpressionKind::Unary { operator: UnaryOperator::Plus, operand } => plain_number(operand),
        _ => None,
    }
}
