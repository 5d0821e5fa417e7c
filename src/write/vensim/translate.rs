//! A model read from XMILE into one that Vensim's text can say: the settings of the run become variables, rules of
//! stocks and flows become part of their equations, graphical functions with steps are read by other functions.

use super::build::At;
use super::fault::Unsayable;
use crate::diagnostic::{Diagnostic, Span};
use crate::model::{
    BinaryOperator, Control, Definition, Dialect, DimensionItem, Equation, Expression, ExpressionKind, Extrapolation,
    Function, Interpolation, LookupTable, Macro, Model, Name, Role, Stock, Tool, UnitsText, Variable,
};
use std::collections::{HashMap, HashSet};

/// Puts a model into Vensim's terms; with it come the faults of what has no equal there.
pub fn translate(model: &Model) -> (Model, Vec<Diagnostic>) {
    let mut translator = Translator::of(model);
    let mut macros = Vec::new();
    for definition in &model.macros {
        macros.push(translator.macro_definition(definition));
    }
    translator.enter(None);
    let mut variables = Vec::new();
    for variable in &model.variables {
        let variable = translator.variable(variable);
        variables.push(variable);
        variables.append(&mut translator.hoisted);
    }
    translator.control(&mut variables);
    let formulas = translator.unit_formulas();
    for units in variables.iter_mut().filter_map(|variable| variable.units.as_mut()) {
        if let Some(formula) = formulas.get(units.text.as_str()) {
            units.text = (*formula).to_owned();
        }
    }
    let method = model.control.method.clone();
    let plain = |list: &&Vec<String>| list.iter().all(|unit| !is_formula(unit));
    let translated = Model {
        dialect: Dialect::Vensim,
        tool: Tool::Vensim,
        variables,
        macros,
        control: Control { method, ..Control::default() },
        unit_aliases: model.unit_aliases.iter().filter(plain).cloned().collect(),
        ..model.clone()
    };
    (translated, translator.faults)
}

pub(super) struct Translator<'a> {
    pub model: &'a Model,
    /// Inside a function that runs over the dimensions of its argument.
    pub reducing: bool,
    dimensions: HashMap<Name, Vec<Name>>,
    macros: HashSet<Name>,
    /// Outflows of stocks that cannot give more than they hold, with the stock.
    limited: HashMap<Name, (&'a Variable, &'a Stock)>,
    /// The variables of the model or macro being translated.
    variables: HashMap<Name, &'a Variable>,
    parameters: HashSet<Name>,
    within_macro: bool,
    /// The left-hand side being translated.
    owner: Name,
    subscripts: Vec<Name>,
    except: Vec<Vec<Name>>,
    /// Variables of what may not stand inside an expression.
    hoisted: Vec<Variable>,
    taken: HashSet<Name>,
    faults: Vec<Diagnostic>,
}

impl<'a> Translator<'a> {
    fn of(model: &'a Model) -> Self {
        let mut dimensions = HashMap::new();
        for dimension in &model.dimensions {
            let mut elements = Vec::new();
            for item in &dimension.items {
                match item {
                    DimensionItem::Name(name) => elements.push(name.clone()),
                    DimensionItem::Range { prefix, first, last } => {
                        elements.extend((*first..=*last).map(|number| Name::new(&format!("{prefix}{number}"))));
                    }
                }
            }
            dimensions.insert(dimension.name.clone(), elements);
        }
        let mut limited = HashMap::new();
        for variable in &model.variables {
            for equation in &variable.equations {
                if let Definition::Stock(stock) = &equation.definition
                    && stock.non_negative
                    && model.tool == Tool::Stella
                {
                    for flow in &stock.outflows {
                        limited.insert(flow.clone(), (variable, stock));
                    }
                }
            }
        }
        Translator {
            model,
            reducing: false,
            dimensions,
            macros: model.macros.iter().map(|definition| definition.name.clone()).collect(),
            limited,
            variables: HashMap::new(),
            parameters: HashSet::new(),
            within_macro: false,
            owner: Name::new(""),
            subscripts: Vec::new(),
            except: Vec::new(),
            hoisted: Vec::new(),
            taken: HashSet::new(),
            faults: Vec::new(),
        }
    }

    pub fn fault(&mut self, fault: Unsayable) {
        let diagnostic = fault.diagnostic(self.owner.text());
        if !self.faults.contains(&diagnostic) {
            self.faults.push(diagnostic);
        }
    }

    /// Turns to the variables of a macro, or of the model.
    fn enter(&mut self, definition: Option<&'a Macro>) {
        let variables = definition.map_or(&self.model.variables, |definition| &definition.variables);
        self.variables = variables.iter().map(|variable| (variable.name.clone(), variable)).collect();
        self.parameters = definition
            .map(|definition| definition.parameters.iter().map(|parameter| parameter.name.clone()).collect())
            .unwrap_or_default();
        self.within_macro = definition.is_some();
        self.taken = self.variables.keys().chain(&self.parameters).cloned().collect();
    }

    pub fn is_variable(&self, name: &Name) -> bool {
        self.variables.contains_key(name) || self.parameters.contains(name)
    }

    pub fn is_macro(&self, name: &Name) -> bool {
        self.macros.contains(name)
    }

    pub fn elements_of(&self, dimension: &Name) -> Option<&[Name]> {
        self.dimensions.get(dimension).map(Vec::as_slice)
    }

    /// The dimensions of an array.
    pub fn axes_of(&self, variable: &Name) -> Vec<Name> {
        self.variables.get(variable).map(|variable| variable.dimensions.clone()).unwrap_or_default()
    }

    /// How a table variable is read between and beyond its points.
    pub fn table_kind(&self, name: &Name) -> (Interpolation, Extrapolation) {
        let equations = self.variables.get(name).map(|variable| variable.equations.as_slice()).unwrap_or_default();
        let table = equations.iter().find_map(|equation| match &equation.definition {
            Definition::Lookup(table) => Some((table.interpolation, table.extrapolation)),
            _ => None,
        });
        table.unwrap_or_default()
    }

    /// The name of a setting of the run: a macro marks what it takes from the model.
    pub fn control_name(&self, name: &str) -> String {
        if self.within_macro { format!("{name}$") } else { name.to_owned() }
    }

    /// Makes `value` a variable of its own with the left-hand side of its owner, and refers to it.
    pub fn hoist(&mut self, at: At, value: Expression, what: &str) -> Expression {
        if self.reducing {
            self.fault(Unsayable::Construct("a delay inside the sum of an array"));
        }
        let name = self.own_name(what);
        let definition = Definition::Auxiliary(value);
        let reference = at.element(&name, &self.subscripts);
        self.add(name, definition, at.0);
        reference
    }

    /// Makes a table a variable of its own.
    pub fn hoist_table(&mut self, at: At, table: LookupTable) -> Expression {
        let name = self.own_name("graphical function");
        let definition = Definition::Lookup(plain_table(&table));
        let reference = at.element(&name, &self.subscripts);
        self.add(name, definition, at.0);
        reference
    }

    fn own_name(&mut self, what: &str) -> Name {
        let mut name = Name::new(&format!("{} {what}", self.owner.text()));
        let mut number = 2;
        while !self.taken.insert(name.clone()) {
            name = Name::new(&format!("{} {what} {number}", self.owner.text()));
            number += 1;
        }
        name
    }

    fn add(&mut self, name: Name, definition: Definition, span: Span) {
        let equation = Equation { subscripts: self.subscripts.clone(), except: self.except.clone(), definition, span };
        self.hoisted.push(bare_variable(name, equation, None));
    }

    fn variable(&mut self, variable: &'a Variable) -> Variable {
        self.owner = variable.name.clone();
        if Function::named(Dialect::Vensim, &variable.name).is_some() || RESERVED.contains(&variable.name.key()) {
            self.fault(Unsayable::FunctionName);
        }
        let mut equations = Vec::new();
        for equation in &variable.equations {
            let subscripts = if equation.subscripts.is_empty() { &variable.dimensions } else { &equation.subscripts };
            (self.subscripts, self.except) = (subscripts.clone(), equation.except.clone());
            let definition = match &equation.definition {
                Definition::Auxiliary(expression) => {
                    let ruled = self.limited.contains_key(&variable.name) || variable.role == Role::Uniflow;
                    let value = self.expression(expression, !ruled);
                    Definition::Auxiliary(self.flow(variable, value))
                }
                Definition::Unchangeable(expression) => Definition::Unchangeable(self.expression(expression, true)),
                Definition::Stock(stock) => Definition::Stock(self.stock(variable, stock)),
                Definition::Lookup(table) => Definition::Lookup(plain_table(table)),
                other => other.clone(),
            };
            equations.push(Equation {
                subscripts: subscripts.clone(),
                except: equation.except.clone(),
                definition,
                span: equation.span,
            });
        }
        Variable {
            equations,
            range: variable.range.filter(|range| *range != Default::default()),
            dimensions: Vec::new(),
            role: Role::Auxiliary,
            hidden: false,
            ..variable.clone()
        }
    }

    /// The rules of a flow as part of its equation: never below zero, and never more than its stock holds.
    fn flow(&mut self, variable: &Variable, value: Expression) -> Expression {
        use BinaryOperator::*;
        let at = At(value.span);
        let mut value = value;
        if variable.role == Role::Uniflow {
            value = at.call("MAX", vec![value, at.number(0.0)]);
        }
        if self.within_macro {
            return value;
        }
        let Some((container, stock)) = self.limited.get(&variable.name).copied() else { return value };
        if container.equations.len() > 1 {
            self.fault(Unsayable::Construct("a stock that cannot be negative and has several equations"));
        }
        let subscripts = self.subscripts.clone();
        let content = at.element(&container.name, &subscripts);
        let mut available = at.binary(content, Divide, at.name("TIME STEP"));
        for inflow in &stock.inflows {
            available = at.binary(available, Add, at.element(inflow, &subscripts));
        }
        for outflow in stock.outflows.iter().take_while(|outflow| **outflow != variable.name) {
            available = at.binary(available, Subtract, at.element(outflow, &subscripts));
        }
        let available = at.call("MAX", vec![available, at.number(0.0)]);
        at.call("MIN", vec![value, available])
    }

    fn stock(&mut self, variable: &Variable, stock: &Stock) -> Stock {
        let mut derivative = self.expression(&stock.derivative, false);
        if stock.non_negative && self.model.tool != Tool::Stella {
            let euler =
                self.model.control.method.as_ref().is_none_or(|method| method.text.eq_ignore_ascii_case("euler"));
            if !euler {
                self.fault(Unsayable::Construct("a stock that cannot be negative, other than by Euler's method"));
            }
            let at = At(derivative.span);
            let step = at.name(&self.control_name("TIME STEP"));
            let content = at.element(&variable.name, &self.subscripts);
            let all = at.minus(at.binary(content, BinaryOperator::Divide, step));
            derivative = at.call("MAX", vec![derivative, all]);
        }
        Stock {
            initial: self.expression(&stock.initial, false),
            derivative,
            inflows: Vec::new(),
            outflows: Vec::new(),
            non_negative: false,
            store: stock.store.clone(),
        }
    }

    fn macro_definition(&mut self, definition: &'a Macro) -> Macro {
        self.enter(Some(definition));
        let mut variables = Vec::new();
        if let Some(value) = &definition.value {
            self.owner = definition.name.clone();
            (self.subscripts, self.except) = (Vec::new(), Vec::new());
            let value = self.expression(value, true);
            let equation = Equation {
                subscripts: Vec::new(),
                except: Vec::new(),
                definition: Definition::Auxiliary(value),
                span: definition.span,
            };
            variables.push(bare_variable(definition.name.clone(), equation, None));
            variables.append(&mut self.hoisted);
        }
        for variable in &definition.variables {
            let variable = self.variable(variable);
            variables.push(variable);
            variables.append(&mut self.hoisted);
        }
        Macro { value: None, variables, ..definition.clone() }
    }

    /// The settings of the run as variables.
    fn control(&mut self, variables: &mut Vec<Variable>) {
        let control = &self.model.control;
        let save_every = control.save_every.clone().unwrap_or_else(|| At(Span::default()).name("TIME STEP"));
        let settings = [
            ("FINAL TIME", control.stop.clone()),
            ("INITIAL TIME", control.start.clone()),
            ("SAVEPER", Some(save_every)),
            ("TIME STEP", control.step.clone()),
        ];
        for (name, value) in settings {
            self.owner = Name::new(name);
            (self.subscripts, self.except) = (Vec::new(), Vec::new());
            let Some(value) = value else { continue };
            let value = self.expression(&value, true);
            if let Some(own) = variables.iter().find(|variable| variable.name == self.owner) {
                let same = own.equations.iter().any(|equation| match &equation.definition {
                    Definition::Auxiliary(own) => same_value(own, &value),
                    _ => false,
                });
                if !same {
                    self.fault(Unsayable::SettingName);
                }
                continue;
            }
            let span = value.span;
            let equation =
                Equation { subscripts: Vec::new(), except: Vec::new(), definition: Definition::Auxiliary(value), span };
            let units = control.time_units.as_ref().map(|text| UnitsText { text: text.clone(), span });
            let mut variable = bare_variable(self.owner.clone(), equation, units);
            variable.group = Some("Control".to_owned());
            variables.push(variable);
        }
    }

    /// Units that the file defines by a formula; Vensim knows synonyms only, so that the formula takes their place.
    fn unit_formulas(&self) -> HashMap<&'a str, &'a str> {
        let mut formulas = HashMap::new();
        for list in &self.model.unit_aliases {
            if let Some(formula) = list.iter().find(|unit| is_formula(unit)) {
                formulas
                    .extend(list.iter().filter(|unit| !is_formula(unit)).map(|unit| (unit.as_str(), formula.as_str())));
            }
        }
        formulas
    }
}

/// Names that Vensim's reader takes for something else than a variable.
const RESERVED: [&str; 6] = ["time", "integ", "if then else", "with lookup", "tabbed array", "a function of"];

fn is_formula(unit: &str) -> bool {
    unit.contains(['*', '/', '^', '(', ','])
}

fn same_value(a: &Expression, b: &Expression) -> bool {
    match (&a.kind, &b.kind) {
        (ExpressionKind::Number(a), ExpressionKind::Number(b)) => a == b,
        (
            ExpressionKind::Reference { name: a, subscripts: first },
            ExpressionKind::Reference { name: b, subscripts: second },
        ) => a == b && first.is_empty() && second.is_empty(),
        _ => false,
    }
}

/// A table as Vensim keeps it; how it is read is said where it is called.
fn plain_table(table: &LookupTable) -> LookupTable {
    LookupTable { interpolation: Interpolation::Linear, extrapolation: Extrapolation::Hold, ..table.clone() }
}

fn bare_variable(name: Name, equation: Equation, units: Option<UnitsText>) -> Variable {
    Variable {
        name,
        span: equation.span,
        equations: vec![equation],
        units,
        documentation: String::new(),
        group: None,
        range: None,
        dimensions: Vec::new(),
        role: Role::Auxiliary,
        hidden: false,
        supplementary: false,
    }
}
