//! One stock, flow, auxiliary or graphical function of a model into a variable with its equations.

use super::document::{Element, is_set};
use super::fault::{Fault, Faults};
use super::grammar;
use super::scope::{Declarations, Declared, Kind, ModelNames, Scope};
use super::settings::Behaviour;
use super::text::PlacedText;
use super::{stock, table};
use crate::diagnostic::Span;
use crate::model::{
    Definition, Dialect, Equation, Expression, ExpressionKind, Function, Interpolation, LookupTable, Name, Role,
    StatedRange, UnitsText, Variable,
};
use roxmltree::Node;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Arrays above this size are not checked for missing elements.
const LARGEST_ARRAY: usize = 1_000_000;
/// Missing elements that are named before the rest is counted.
const NAMED_ELEMENTS: usize = 5;

/// What one model's variables are read with.
pub(super) struct Reader<'r> {
    pub raw: &'r str,
    pub file: &'r Declarations,
    pub model: &'r ModelNames,
    pub behaviour: Behaviour,
    pub tables_used: &'r RefCell<BTreeSet<Name>>,
    /// Arrays of graphical functions that stand beside the variables whose own they are.
    pub tables: Vec<Variable>,
    pub faults: &'r mut Faults,
}

/// The graphical function of one equation.
pub(super) enum Gf {
    None,
    Table(LookupTable),
    Unreadable,
}

/// An equation still in XML: the elements it defines, its text and its graphical function.
struct Part<'a, 'i> {
    subscripts: Vec<Name>,
    except: Vec<Vec<Name>>,
    eqn: Option<Node<'a, 'i>>,
    gf: Option<Node<'a, 'i>>,
    span: Span,
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

    /// The equations of an element, one for each `element` within and one for the rest.
    fn parts<'a, 'i>(&mut self, element: Node<'a, 'i>, declared: &Declared) -> Vec<Part<'a, 'i>> {
        let (eqn, gf) = (element.child("eqn"), self.own_table(element));
        let elements: Vec<Node> = element.children_named("element").collect();
        let span = eqn.map_or(declared.span, |eqn| Span::new(eqn.range().start, eqn.range().end));
        let dimensions = self.dimension_names(declared);
        let equations: Vec<Node> = element.children_named("eqn").collect();
        if elements.is_empty() && equations.len() > 1 {
            return self.equations_in_order(&equations, gf, declared);
        }
        if elements.is_empty() || dimensions.is_empty() {
            return vec![Part { subscripts: dimensions, except: Vec::new(), eqn, gf, span }];
        }
        let mut parts: Vec<Part> = Vec::new();
        let mut seen: BTreeSet<Vec<Name>> = BTreeSet::new();
        for one in elements {
            let span = Span::new(one.range().start, one.range().end);
            let Some(subscripts) = self.element_subscripts(one, "subscript", declared).pop() else { continue };
            let except = self.element_subscripts(one, "except", declared);
            let defined = self.elements_of(&subscripts, &except);
            if !defined.is_empty() && defined.is_subset(&seen) {
                let first = parts.iter().find(|part| part.subscripts == subscripts).map_or(span, |part| part.span);
                let name = subscripts.iter().map(Name::text).collect::<Vec<_>>().join(", ");
                self.faults.push(Fault::Duplicate { what: "element", name, first }, span);
                continue;
            }
            seen.extend(defined);
            let (eqn, gf) = (one.child("eqn").or(eqn), self.own_table(one).or(gf));
            parts.push(Part { subscripts, except, eqn, gf, span });
        }
        let size = self.size(declared);
        if seen.len() < size && size <= LARGEST_ARRAY {
            if eqn.is_some_and(|eqn| !grammar::is_blank(&PlacedText::within(eqn, self.raw))) || gf.is_some() {
                let except = seen.into_iter().collect();
                parts.push(Part { subscripts: dimensions, except, eqn, gf, span });
            } else if element.vendor_attribute("partial").is_none() {
                let fault = self.missing_elements(declared, &seen, size);
                self.faults.push(fault, declared.span);
            }
        }
        parts
    }

    /// Several equations without subscripts, as some tools write them: one for each element in order.
    fn equations_in_order<'a, 'i>(
        &mut self,
        equations: &[Node<'a, 'i>],
        gf: Option<Node<'a, 'i>>,
        declared: &Declared,
    ) -> Vec<Part<'a, 'i>> {
        let span = |node: &Node| Span::new(node.range().start, node.range().end);
        if declared.dimensions.is_empty() || self.size(declared) != equations.len() {
            let (what, name, first) = ("equation of", declared.flat.text().to_owned(), span(&equations[0]));
            self.faults.push(Fault::Duplicate { what, name, first }, span(&equations[1]));
            return Vec::new();
        }
        let part = |(place, eqn): (usize, &Node<'a, 'i>)| Part {
            subscripts: self.element_at(declared, place).unwrap_or_default(),
            except: Vec::new(),
            eqn: Some(*eqn),
            gf,
            span: span(eqn),
        };
        equations.iter().enumerate().map(part).collect()
    }

    /// The number of elements of an array.
    fn size(&self, declared: &Declared) -> usize {
        let sizes = declared.dimensions.iter().map(|index| self.file.dimensions[*index].len());
        sizes.fold(1usize, usize::saturating_mul)
    }

    fn missing_elements(&self, declared: &Declared, seen: &BTreeSet<Vec<Name>>, size: usize) -> Fault {
        let mut missing = Vec::new();
        for flat in 0..size {
            let Some(names) = self.element_at(declared, flat) else { break };
            if !seen.contains(&names) {
                missing.push(names.iter().map(Name::text).collect::<Vec<_>>().join(", "));
                if missing.len() == NAMED_ELEMENTS {
                    break;
                }
            }
        }
        let more = size - seen.len() - missing.len();
        Fault::MissingElements { variable: declared.flat.text().to_owned(), missing, more }
    }

    /// The element at a place counted row by row.
    fn element_at(&self, declared: &Declared, mut flat: usize) -> Option<Vec<Name>> {
        let mut names = Vec::new();
        for index in declared.dimensions.iter().rev() {
            let shape = &self.file.dimensions[*index];
            names.push(shape.element(flat % shape.len())?);
            flat /= shape.len();
        }
        names.reverse();
        Some(names)
    }

    /// The elements that an `element` names: one list for `subscript`, and for the extension `except`, which has
    /// Vensim's meaning, lists separated by semicolons. Subranges may stand for their elements.
    fn element_subscripts(&mut self, element: Node, attribute: &str, declared: &Declared) -> Vec<Vec<Name>> {
        let standard = element.attribute_node("subscript").filter(|_| attribute == "subscript");
        let found = standard.or_else(|| element.vendor_attribute(attribute));
        let (text, span) = match found {
            Some(found) => (found.value().to_owned(), PlacedText::of_attribute(found, self.raw).span),
            None if attribute == "subscript" => (String::new(), element.tag_span(self.raw)),
            None => return Vec::new(),
        };
        text.split(';').filter_map(|list| self.subscript_list(list, span, declared)).collect()
    }

    fn subscript_list(&mut self, text: &str, span: Span, declared: &Declared) -> Option<Vec<Name>> {
        let parts: Vec<&str> = text.split(',').map(|part| part.trim().trim_matches('"')).collect();
        if parts.len() != declared.dimensions.len() || parts.iter().any(|part| part.is_empty()) {
            let (variable, expected) = (declared.flat.text().to_owned(), declared.dimensions.len());
            self.faults.push(Fault::BadElementSubscript { text: text.to_owned(), variable, expected }, span);
            return None;
        }
        let mut names = Vec::new();
        for (part, index) in parts.into_iter().zip(&declared.dimensions) {
            let shape = &self.file.dimensions[*index];
            let name = Name::new(&super::lexer::unescape(part));
            // Elements may be named or numbered (XMILE 3.7.1).
            let by_number = || part.parse::<usize>().ok().and_then(|number| shape.element(number.checked_sub(1)?));
            let element = shape.position(&name).and_then(|position| shape.element(position - 1));
            let known = self.file.dimension(&name).is_some() || shape.is_elsewhere();
            let subrange = || known.then(|| name.clone());
            match element.or_else(by_number).or_else(subrange) {
                Some(element) => names.push(element),
                None => {
                    let fault = Fault::UnknownElementSubscript {
                        text: part.to_owned(),
                        dimension: shape.name.text().to_owned(),
                        nearest: shape.nearest(part),
                    };
                    self.faults.push(fault, span);
                    return None;
                }
            }
        }
        Some(names)
    }

    /// The elements that a list of subscripts defines, those of subranges one by one.
    fn elements_of(&self, subscripts: &[Name], except: &[Vec<Name>]) -> BTreeSet<Vec<Name>> {
        let members = |name: &Name| match self.file.dimension(name) {
            Some(index) => {
                let shape = &self.file.dimensions[index];
                (0..shape.len()).filter_map(|place| shape.element(place)).collect()
            }
            None => vec![name.clone()],
        };
        let axes: Vec<Vec<Name>> = subscripts.iter().map(members).collect();
        let size = axes.iter().map(Vec::len).fold(1usize, usize::saturating_mul);
        let mut elements = BTreeSet::new();
        for flat in 0..size.min(LARGEST_ARRAY) {
            let mut rest = flat;
            let mut names: Vec<Name> = Vec::with_capacity(axes.len());
            for axis in axes.iter().rev() {
                names.extend(axis.get(rest % axis.len().max(1)).cloned());
                rest /= axis.len().max(1);
            }
            names.reverse();
            elements.insert(names);
        }
        for list in except {
            for element in self.elements_of(list, &[]) {
                elements.remove(&element);
            }
        }
        elements
    }

    fn equation(&mut self, element: Node, part: Part, declared: &Declared) -> Vec<Equation> {
        let gf = match part.gf {
            Some(gf) => table::read(gf, declared.flat.text(), self.raw, self.faults).map_or(Gf::Unreadable, Gf::Table),
            None => Gf::None,
        };
        let text = part.eqn.map(|eqn| PlacedText::within(eqn, self.raw)).filter(|text| !grammar::is_blank(text));
        if let (Some(text), Gf::None) = (&text, &gf) {
            if let Some(values) = grammar::numbers(text).filter(|_| !declared.dimensions.is_empty()) {
                return self.values(element, &part, values, text.span, declared);
            }
        }
        let definition = self.definition(element, &part, text, gf, declared);
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
            return Definition::Skipped(stock::DRIVEN);
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
                (Some(expression), _) => self.from_file(element, expression),
                (None, _) => Definition::Unreadable,
            },
        }
    }

    /// Vensim's constants, tables and data from files: a call of one of its GET functions and nothing else.
    fn from_file(&self, element: Node, expression: Expression) -> Definition {
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
        grammar::expression(text, &scope, self.faults)
    }

    fn missing(&mut self, part: &Part, declared: &Declared) {
        let fault = Fault::MissingEquation { name: declared.flat.text().to_owned(), is_input: declared.is_input };
        self.faults.push(fault, part.eqn.map_or(declared.span, |eqn| Span::new(eqn.range().start, eqn.range().end)));
    }

    pub fn missing_equation(&mut self, declared: &Declared) {
        let fault = Fault::MissingEquation { name: declared.flat.text().to_owned(), is_input: declared.is_input };
        self.faults.push(fault, declared.span);
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
            let definition = stock::with_initial(self, element, &subscripts, initial, declared);
            equations.push(Equation { subscripts, except: Vec::new(), definition, span: part.span });
        }
        equations
    }

    /// The graphical function within an element, and where it only refers to one by name, that one's element.
    fn own_table<'a, 'i>(&mut self, element: Node<'a, 'i>) -> Option<Node<'a, 'i>> {
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
                (_, Some("distrib_eq")) => {
                    let instead = "let the flow enter at the start of its conveyor";
                    self.unsupported("spreading over its conveyor", variable, instead, span);
                }
                (Some("event_poster"), _) => {
                    let construct = format!("the event poster of `{variable}`");
                    self.faults.push(Fault::Ignored { construct, effect: "the run neither pauses nor stops" }, span);
                }
                (Some("multiplier"), _) => {
                    let instead = "multiply in the equation of a flow of its own";
                    self.unsupported("a unit conversion", variable, instead, span);
                }
                (Some("overflow"), _) if is_set(child, self.raw) => {
                    let instead = "divide the flow by equations";
                    self.unsupported("an overflow", variable, instead, span);
                }
                (_, Some(name)) if !DISPLAY_ONLY.contains(&name) => {
                    let fault = Fault::UnknownVendorElement { name: name.into(), variable: variable.to_owned() };
                    self.faults.push(fault, span);
                }
                _ => {}
            }
        }
        if element.child("eqn").is_none() {
            if let Some(mathml) = element.child("mathml") {
                let instead = "write the equation as text in <eqn>";
                self.unsupported("an equation in MathML", variable, instead, mathml.tag_span(self.raw));
            }
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

const AUXILIARY: [&str; 13] = [
    "eqn",
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
const FLOW: [&str; 18] = [
    "eqn",
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
