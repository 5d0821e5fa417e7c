//! One stock, flow, auxiliary or graphical function of a model into a variable with its equations.

use super::document::{Element, is_set};
use super::elements::Part;
use super::fault::{Fault, Faults};
use super::grammar;
use super::scope::{Declarations, Declared, Kind, ModelNames, Scope};
use super::settings::Behaviour;
use super::text::PlacedText;
use super::{arrays, stock, store, table};
use crate::diagnostic::Span;
use crate::model::{
    Definition, Dialect, Equation, Expression, ExpressionKind, Function, Interpolation, LookupTable, Name, Role,
    StatedRange, UnitsText, Variable,
};
use roxmltree::Node;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// What one model's variables are read with.
pub(super) struct Reader<'r> {
    pub raw: &'r str,
    pub file: &'r Declarations,
    pub model: &'r ModelNames,
    pub behaviour: Behaviour,
    pub tables_used: &'r RefCell<BTreeSet<Name>>,
    /// Arrays of graphical functions that stand beside the variables whose own they are.
    pub tables: Vec<Variable>,
    /// The one element that the equation being read defines; empty for equations of many.
    pub element: Vec<Name>,
    pub faults: &'r mut Faults,
}

/// The graphical function of one equation.
pub(super) enum Gf {
    None,
    Table(LookupTable),
    Unreadable,
}

impl Reader<'_> {
    /// Reads the element of a declared variable; with it comes the table of a graphical function that is also called.
    pub fn variable(&mut self, element: Node, declared: &Declared) -> Variable {
        self.survey(element, declared);
        if let Some(equations) = self.tables_by_element(element, declared) {
            return self.around(element, declared, equations);
        }
        let equations =
            self.parts(element, declared).into_iter().flat_map(|part| self.equation(element, part, declared));
        let equations = equations.collect();
        self.around(element, declared, equations)
    }

    /// The variable that stands for a connected input; a graphical function is called under its own name.
    pub fn connected(&mut self, element: Node, declared: &Declared, source: &Declared, span: Span) -> Option<Variable> {
        if source.has_table && !source.has_equation {
            return None;
        }
        let subscripts = self.dimension_names(source);
        let index = subscripts.iter().map(|name| super::scope::named(name.clone(), span)).collect();
        let kind = ExpressionKind::Reference { name: source.flat.clone(), subscripts: index };
        let definition = Definition::Auxiliary(Expression::new(kind, span));
        let equation = Equation { subscripts, except: Vec::new(), definition, span };
        let mut variable = self.around(element, declared, vec![equation]);
        variable.dimensions = self.dimension_names(source);
        variable.role = Role::Auxiliary;
        Some(variable)
    }

    /// One equation for all elements, each with a graphical function of its own (XMILE 4.5.3): the functions become
    /// an array of tables beside the variable.
    fn tables_by_element(&mut self, element: Node, declared: &Declared) -> Option<Vec<Equation>> {
        let elements: Vec<Node> = element.children_named("element").collect();
        let eqn = element.child("eqn")?;
        let only_tables = |one: &Node| one.child("gf").is_some() && one.child("eqn").is_none();
        let text = PlacedText::within(eqn, self.raw);
        if elements.is_empty() || !elements.iter().all(only_tables) || grammar::is_blank(&text) {
            return None;
        }
        let mut tables = Vec::new();
        for part in self.parts(element, declared).into_iter().filter(|part| part.except.is_empty()) {
            let table = part.gf.and_then(|gf| table::read(gf, declared.flat.text(), self.raw, self.faults));
            let definition = table.map_or(Definition::Unreadable, Definition::Lookup);
            tables.push(equation(&part, definition));
        }
        let span = Span::new(eqn.range().start, eqn.range().end);
        let subscripts = self.dimension_names(declared);
        let definition = self.expression(&text, declared).map_or(Definition::Unreadable, |input| {
            let span = input.span;
            let index = subscripts.iter().map(|name| super::scope::named(name.clone(), span)).collect();
            let kind = ExpressionKind::Call { function: declared.table(), subscripts: index, arguments: vec![input] };
            Definition::Auxiliary(Expression::new(kind, span))
        });
        let mut beside = self.around(element, declared, tables);
        beside.name = declared.table();
        (beside.hidden, beside.role, beside.documentation) = (true, Role::Auxiliary, String::new());
        self.tables.push(beside);
        Some(vec![Equation { subscripts, except: Vec::new(), definition, span }])
    }

    fn around(&self, element: Node, declared: &Declared, equations: Vec<Equation>) -> Variable {
        let text = |name: &str| element.child(name).map(|child| PlacedText::within(child, self.raw));
        let non_negative = self.non_negative(element, declared);
        Variable {
            name: declared.flat.clone(),
            span: declared.span,
            equations,
            units: text("units")
                .map(|units| UnitsText { text: units.text.trim().to_owned(), span: units.span })
                .filter(|units| !units.text.is_empty()),
            documentation: text("doc").map_or(String::new(), |doc| doc.text.trim().to_owned()),
            group: None,
            range: element.child("range").map(|range| {
                let bound = |name| range.attribute(name).and_then(|bound| bound.trim().parse().ok());
                StatedRange { low: bound("min"), high: bound("max"), step: None }
            }),
            dimensions: self.dimension_names(declared),
            role: match declared.kind {
                Kind::Stock => Role::Stock,
                Kind::Flow if non_negative => Role::Uniflow,
                Kind::Flow => Role::Flow,
                _ => Role::Auxiliary,
            },
            hidden: false,
            supplementary: false,
        }
    }

    pub fn non_negative(&self, element: Node, declared: &Declared) -> bool {
        let default = match declared.kind {
            Kind::Stock => self.behaviour.stocks_non_negative,
            Kind::Flow => self.behaviour.flows_non_negative,
            _ => false,
        };
        element.child("non_negative").map_or(default, |child| is_set(child, self.raw))
    }

    pub fn dimension_names(&self, declared: &Declared) -> Vec<Name> {
        declared.dimensions.iter().map(|index| self.file.dimensions[*index].name.clone()).collect()
    }

    fn equation(&mut self, element: Node, part: Part, declared: &Declared) -> Vec<Equation> {
        let gf = match part.gf {
            Some(gf) => table::read(gf, declared.flat.text(), self.raw, self.faults).map_or(Gf::Unreadable, Gf::Table),
            None => Gf::None,
        };
        let text = part.eqn.map(|eqn| PlacedText::within(eqn, self.raw)).filter(|text| !grammar::is_blank(text));
        if let (Some(text), Gf::None) = (&text, &gf)
            && let Some(values) = grammar::numbers(text)
        {
            if ["conveyor", "queue"].iter().any(|name| element.child_of_any(name).is_some())
                && part.subscripts.iter().all(|name| self.file.dimension(name).is_none())
            {
                return vec![self.contents(element, part, values, text.span, declared)];
            }
            if !declared.dimensions.is_empty() {
                return self.values(element, &part, values, text.span, declared);
            }
        }
        let one = part.subscripts.iter().all(|name| self.file.dimension(name).is_none());
        self.element = if one { part.subscripts.clone() } else { Vec::new() };
        let definition = self.definition(element, &part, text, gf, declared);
        self.element = Vec::new();
        vec![Equation { subscripts: part.subscripts, except: part.except, definition, span: part.span }]
    }

    fn definition(
        &mut self,
        element: Node,
        part: &Part,
        text: Option<PlacedText>,
        gf: Gf,
        declared: &Declared,
    ) -> Definition {
        if declared.kind == Kind::Stock {
            return stock::definition(self, element, &part.subscripts, text, declared);
        }
        if declared.is_driven {
            if !declared.is_leak {
                store::overruled(self, text.as_ref(), declared);
            }
            return Definition::Driven;
        }
        if let (None, Gf::None, Some(interpolation)) = (&text, &gf, data_mode(element)) {
            return Definition::Data { source: None, interpolation };
        }
        match (text, gf) {
            (_, Gf::Unreadable) => Definition::Unreadable,
            (None, Gf::Table(table)) => Definition::Lookup(table),
            (None, Gf::None) => {
                self.missing(part, declared);
                Definition::Unreadable
            }
            (Some(text), gf) => match (self.expression(&text, declared), gf) {
                (Some(input), Gf::Table(table)) => {
                    let span = input.span;
                    let table = Expression::new(ExpressionKind::Lookup(table), span);
                    let arguments = vec![input, table];
                    let kind =
                        ExpressionKind::Call { function: Name::new("LOOKUP"), subscripts: Vec::new(), arguments };
                    Definition::Auxiliary(Expression::new(kind, span))
                }
                (Some(expression), _) => {
                    let expression = self.with_initial(part, expression, declared);
                    self.read_from_file(element, expression)
                }
                (None, _) => Definition::Unreadable,
            },
        }
    }

    /// xmutil's `init_eqn` beside an equation: another value at the start, Vensim's ACTIVE INITIAL.
    fn with_initial(&mut self, part: &Part, active: Expression, declared: &Declared) -> Expression {
        let initial = part.eqn.and_then(|eqn| eqn.parent_element()).and_then(|holder| holder.child("init_eqn"));
        let text = initial.map(|initial| PlacedText::within(initial, self.raw)).filter(|text| !grammar::is_blank(text));
        let Some(initial) = text.and_then(|text| self.expression(&text, declared)) else { return active };
        let span = active.span.to(initial.span);
        let (function, arguments) = (Name::new("vensim.ACTIVE_INITIAL"), vec![active, initial]);
        Expression::new(ExpressionKind::Call { function, subscripts: Vec::new(), arguments }, span)
    }

    /// Vensim's constants, tables and data from files: a call of one of its GET functions and nothing else.
    fn read_from_file(&self, element: Node, expression: Expression) -> Definition {
        let from_file = match &expression.kind {
            ExpressionKind::Call { function, .. } => Function::named(Dialect::Xmile, function),
            _ => None,
        };
        match (from_file, data_mode(element)) {
            (Some(Function::SheetConstants | Function::SheetLookups), _) => Definition::External(expression),
            (Some(Function::SheetData), mode) => {
                Definition::Data { source: Some(expression), interpolation: mode.unwrap_or_default() }
            }
            _ => Definition::Auxiliary(expression),
        }
    }

    /// Reads an expression of this variable; a placeholder for one is a fault.
    pub fn expression(&mut self, text: &PlacedText, declared: &Declared) -> Option<Expression> {
        if let Some(start) = text.text.find("???") {
            let span = text.locate(Span::new(start, start + 3));
            self.faults.push(Fault::Placeholder { name: declared.flat.text().to_owned() }, span);
            return None;
        }
        let (file, model, tables_used) = (self.file, self.model, self.tables_used);
        let scope = Scope { file, model, owner: Some(declared), tables_used };
        let mut expression = grammar::expression(text, &scope, self.faults)?;
        arrays::bind(&mut expression, &scope, &self.element);
        Some(expression)
    }

    fn missing(&mut self, part: &Part, declared: &Declared) {
        let fault = Fault::MissingEquation { name: declared.flat.text().to_owned(), is_input: declared.is_input };
        self.faults.push(fault, part.eqn.map_or(declared.span, |eqn| Span::new(eqn.range().start, eqn.range().end)));
    }

    pub fn missing_equation(&mut self, declared: &Declared) {
        let fault = Fault::MissingEquation { name: declared.flat.text().to_owned(), is_input: declared.is_input };
        self.faults.push(fault, declared.span);
    }

    /// `1, 2, 3` as what one conveyor or queue holds at the start.
    fn contents(&mut self, element: Node, part: Part, values: Vec<f64>, span: Span, declared: &Declared) -> Equation {
        let initial = Expression::number(values.iter().sum(), span);
        let definition = stock::with_initial(self, element, &part.subscripts, initial, values, declared);
        equation(&part, definition)
    }

    /// `1, 2, 3` for the elements in order.
    fn values(
        &mut self,
        element: Node,
        part: &Part,
        values: Vec<f64>,
        span: Span,
        declared: &Declared,
    ) -> Vec<Equation> {
        let expected = self.size(declared);
        let whole = part.except.is_empty() && part.subscripts == self.dimension_names(declared);
        if !whole || expected != values.len() {
            let variable = declared.flat.text().to_owned();
            let expected = if whole { expected } else { 1 };
            self.faults.push(Fault::ValueCount { variable, found: values.len(), expected }, span);
            return vec![equation(part, Definition::Unreadable)];
        }
        if declared.kind != Kind::Stock {
            return vec![equation(part, Definition::Values(values))];
        }
        let mut equations = Vec::new();
        for (place, value) in values.into_iter().enumerate() {
            let Some(subscripts) = self.element_at(declared, place) else { break };
            let initial = Expression::number(value, span);
            let definition = stock::with_initial(self, element, &subscripts, initial, Vec::new(), declared);
            equations.push(Equation { subscripts, except: Vec::new(), definition, span: part.span });
        }
        equations
    }

    /// The graphical function within an element, and where it only refers to one by name, that one's element.
    pub fn own_table<'a, 'i>(&mut self, element: Node<'a, 'i>) -> Option<Node<'a, 'i>> {
        if element.standard_name() == Some("gf") {
            return Some(element);
        }
        let gf = element.child("gf")?;
        let refers = gf.elements().next().is_none().then(|| gf.attribute("name")).flatten();
        let Some(name) = refers else { return Some(gf) };
        let mut tables =
            element.document().descendants().filter(|node| node.is_element() && node.standard_name() == Some("gf"));
        tables.find(|node| node.attribute("name") == Some(name) && node.elements().next().is_some()).or(Some(gf))
    }

    /// Says what within a variable's element is not read.
    fn survey(&mut self, element: Node, declared: &Declared) {
        let known: &'static [&'static str] = match declared.kind {
            Kind::Stock => &STOCK,
            Kind::Flow => &FLOW,
            Kind::Table => &TABLE,
            _ => &AUXILIARY,
        };
        let variable = declared.flat.text();
        for child in element.elements() {
            let span = child.tag_span(self.raw);
            match (child.standard_name(), child.vendor_name()) {
                (Some(name), _) if !known.contains(&name) => {
                    let within = match declared.kind {
                        Kind::Stock => "a stock",
                        Kind::Flow => "a flow",
                        Kind::Table => "a graphical function",
                        _ => "an auxiliary",
                    };
                    self.faults.push(Fault::UnknownElement { name: name.into(), within, known }, span);
                }
                // Refused with the way of spreading that needs it.
                (_, Some("distrib_eq")) => {}
                (Some("event_poster"), _) => {
                    let construct = format!("the event poster of `{variable}`");
                    self.faults.push(Fault::Ignored { construct, effect: "the run neither pauses nor stops" }, span);
                }
                (Some("multiplier"), _) => {
                    let instead = "multiply in the equation of a flow of its own";
                    self.unsupported("a unit conversion", variable, instead, span);
                }
                (Some("overflow"), _) if is_set(child, self.raw) && (!declared.is_driven || declared.is_leak) => {
                    let instead = "let the flow leave a queue, or remove <overflow/>";
                    self.unsupported("an overflow", variable, instead, span);
                }
                (_, Some("conveyor" | "queue" | "oven")) if declared.kind == Kind::Stock => {}
                (_, Some(name)) if !DISPLAY_ONLY.contains(&name) => {
                    let fault = Fault::UnknownVendorElement { name: name.into(), variable: variable.to_owned() };
                    self.faults.push(fault, span);
                }
                _ => {}
            }
        }
        if element.child("eqn").is_none()
            && let Some(mathml) = element.child("mathml")
        {
            let instead = "write the equation as text in <eqn>";
            self.unsupported("an equation in MathML", variable, instead, mathml.tag_span(self.raw));
        }
    }

    pub fn unsupported(&mut self, construct: &str, variable: &str, instead: &'static str, span: Span) {
        let (construct, variable) = (construct.to_owned(), Some(variable.to_owned()));
        self.faults.push(Fault::Unsupported { construct, variable, instead }, span);
    }
}

/// How the values of a data variable are read between its points: an extension that has Vensim's words.
fn data_mode(element: Node) -> Option<Interpolation> {
    let mode = element.vendor_attribute("data")?;
    Some(match mode.value() {
        "backward" => Interpolation::Step,
        "forward" => Interpolation::StepForward,
        "raw" => Interpolation::Raw,
        _ => Interpolation::Linear,
    })
}

/// An equation of the elements of `part`.
fn equation(part: &Part, definition: Definition) -> Equation {
    Equation { subscripts: part.subscripts.clone(), except: part.except.clone(), definition, span: part.span }
}

const AUXILIARY: [&str; 14] = [
    "eqn",
    "init_eqn",
    "mathml",
    "units",
    "doc",
    "gf",
    "element",
    "dimensions",
    "range",
    "scale",
    "format",
    "event_poster",
    "non_negative",
    "display",
];
const STOCK: [&str; 17] = [
    "eqn",
    "mathml",
    "units",
    "doc",
    "inflow",
    "outflow",
    "element",
    "dimensions",
    "range",
    "scale",
    "format",
    "event_poster",
    "non_negative",
    "conveyor",
    "queue",
    "oven",
    "display",
];
const FLOW: [&str; 20] = [
    "eqn",
    "init_eqn",
    "mathml",
    "units",
    "doc",
    "gf",
    "element",
    "dimensions",
    "range",
    "scale",
    "format",
    "event_poster",
    "non_negative",
    "leak",
    "leak_integers",
    "multiplier",
    "overflow",
    "display",
    "leak_start",
    "leak_end",
];
const TABLE: [&str; 10] =
    ["xpts", "ypts", "xscale", "yscale", "units", "doc", "element", "dimensions", "display", "format"];
/// Elements of isee systems that draw, describe or mark and leave the numbers alone.
const DISPLAY_ONLY: [&str; 9] = [
    "summing",
    "delay_aux",
    "dependencies",
    "documentation",
    "reasoning",
    "polarity_reasoning",
    "loop_indicator",
    "placeholder",
    "setting",
];
