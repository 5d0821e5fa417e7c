//! What stands outside the models: the header, times and method, dimensions, units and default behaviour.

use super::document::{Element, is_set, is_true};
use super::fault::{Fault, Faults};
use super::grammar;
use super::scope::{Declarations, Elements, ModelNames, Scope, Shape};
use super::text::PlacedText;
use crate::diagnostic::Span;
use crate::model::{
    BinaryOperator, Control, Dimension, DimensionItem, Expression, ExpressionKind, Mapping, MethodText, Name, Tool,
};
use roxmltree::Node;
use std::cell::RefCell;
use std::collections::HashMap;

const LARGEST_DIMENSION: usize = 1_000_000;

/// The tool that wrote the file, by the header's vendor. Converters write for Stella to read; Levada's says beside the
/// product which other tool a file was converted from.
pub(super) fn tool(root: Node) -> Tool {
    let product = root.child("header").and_then(|header| header.child("product"));
    match product.and_then(|product| product.vendor_attribute("meaning")).map(|meaning| meaning.value()) {
        Some("vensim") => return Tool::Vensim,
        Some("other") => return Tool::Other,
        _ => {}
    }
    match vendor(root).as_str() {
        "" => Tool::Stella,
        vendor if vendor.contains("isee") || vendor.contains("xmutil") || vendor.contains("levada") => Tool::Stella,
        vendor if vendor.contains("ventana") => Tool::Vensim,
        _ => Tool::Other,
    }
}

/// The vendor in the header, in small letters.
pub(super) fn vendor(root: Node) -> String {
    let vendor = root.child("header").and_then(|header| header.child("vendor")).and_then(|vendor| vendor.text());
    vendor.unwrap_or_default().to_lowercase()
}

/// The name in the header.
pub(super) fn name(root: Node, raw: &str) -> Option<String> {
    let name = root.child("header")?.child("name")?;
    Some(PlacedText::within(name, raw).text.trim().to_owned()).filter(|name| !name.is_empty())
}

/// Reads `sim_specs` of the file.
pub(super) fn control(root: Node, raw: &str, file: &Declarations, faults: &mut Faults) -> Control {
    let Some(specs) = root.child("sim_specs") else {
        faults.push(Fault::MissingSimSpecs, root.tag_span(raw));
        return Control::default();
    };
    let names = ModelNames::default();
    let model = file.models.get("").unwrap_or(&names);
    let tables_used = RefCell::default();
    let scope = Scope { file, model, owner: None, tables_used: &tables_used };
    let mut time = |what: &'static str, required: bool| {
        let text = specs.child(what).map(|element| PlacedText::within(element, raw));
        match text.filter(|text| !grammar::is_blank(text)) {
            Some(text) => grammar::expression(&text, &scope, faults),
            None => {
                if required {
                    faults.push(Fault::MissingTime(what), specs.tag_span(raw));
                }
                None
            }
        }
    };
    let (start, stop) = (time("start", true), time("stop", true));
    let step = time("dt", false);
    let step = specs.child("dt").zip(step).and_then(|(element, step)| self::step(element, step, raw, faults));
    let save_every = specs
        .vendor_attribute("save_interval")
        .map(|attribute| PlacedText::of_attribute(attribute, raw))
        .filter(|text| !grammar::is_blank(text))
        .and_then(|text| grammar::expression(&text, &scope, faults));
    let one = || Expression::number(1.0, specs.tag_span(raw));
    Control {
        start,
        stop,
        step: Some(step.unwrap_or_else(one)), // XMILE 3.4: DT is 1 unless given
        save_every,
        method: Some(specs.attribute_node("method").map_or_else(
            || MethodText { text: "euler".to_owned(), span: None }, // XMILE 3.4.1
            |attribute| MethodText {
                text: first_known(attribute.value()).to_owned(),
                span: Some(PlacedText::of_attribute(attribute, raw).span),
            },
        )),
        time_units: specs.attribute("time_units").map(str::to_owned).filter(|units| !units.trim().is_empty()),
    }
}

/// The first of several methods that every simulator of the trade has: `gear, rk4` is rk4 (XMILE 3.4.1).
fn first_known(methods: &str) -> &str {
    let known = |method: &&str| ["euler", "rk2", "rk4", "rk45"].iter().any(|name| name.eq_ignore_ascii_case(method));
    methods.split(',').map(str::trim).find(known).unwrap_or(methods)
}

fn step(element: Node, step: Expression, raw: &str, faults: &mut Faults) -> Option<Expression> {
    let constant = match step.kind {
        ExpressionKind::Number(value) => Some(value),
        _ => None,
    };
    if constant.is_some_and(|value| value <= 0.0) || matches!(step.kind, ExpressionKind::Unary { .. }) {
        let text = PlacedText::within(element, raw);
        faults.push(Fault::BadStep(text.text.trim().to_owned()), text.span);
        return None;
    }
    if !is_true(element, "reciprocal") {
        return Some(step);
    }
    let span = step.span;
    let kind = match constant {
        Some(value) => ExpressionKind::Number(1.0 / value),
        None => ExpressionKind::Binary {
            operator: BinaryOperator::Divide,
            left: Box::new(Expression::number(1.0, span)),
            right: Box::new(step),
        },
    };
    Some(Expression::new(kind, span))
}

/// Reads `dimensions` of the file into the declarations, and as the model has them.
pub(super) fn dimensions(root: Node, raw: &str, file: &mut Declarations, faults: &mut Faults) -> Vec<Dimension> {
    let mut dimensions: Vec<Dimension> = Vec::new();
    let mut elements = Vec::new();
    for dim in root.children_named("dimensions").flat_map(|list| list.elements()) {
        let span = dim.tag_span(raw);
        if dim.standard_name() != Some("dim") {
            if let Some(name) = dim.standard_name() {
                let known = &["dim"];
                faults.push(Fault::UnknownElement { name: name.into(), within: "`dimensions`", known }, span);
            }
            continue;
        }
        let Some(name) = self::declared_name(dim) else {
            faults.push(Fault::MissingName("dim"), span);
            continue;
        };
        if let Some(first) = file.dimension(&name) {
            let first = dimensions[first].span;
            faults.push(Fault::Duplicate { what: "dimension", name: name.text().to_owned(), first }, span);
            continue;
        }
        let Some(shape) = shape(dim, &name, raw, faults) else { continue };
        let items = match &shape.elements {
            Elements::Named { names, .. } => names.iter().cloned().map(DimensionItem::Name).collect(),
            Elements::Elsewhere => Vec::new(),
            Elements::Numbered(size) => {
                vec![DimensionItem::Range { prefix: String::new(), first: 1, last: u32::try_from(*size).unwrap_or(1) }]
            }
        };
        if let Elements::Named { names, .. } = &shape.elements {
            file.elements.extend(names.iter().map(|name| name.key().to_owned()));
        }
        file.dimension_index.insert(name.key().to_owned(), dimensions.len());
        file.dimensions.push(shape);
        dimensions.push(Dimension { name, items, mappings: Vec::new(), alias_of: None, external: None, span });
        elements.push(dim);
    }
    for (dimension, dim) in dimensions.iter_mut().zip(elements) {
        dimension.mappings = mappings(dim, &dimension.name, raw, file, faults);
        dimension.external = elsewhere(dim).and_then(|call| {
            let text = PlacedText::within(call, raw);
            let (names, tables_used) = (ModelNames::default(), RefCell::default());
            let scope = Scope { file, model: &names, owner: None, tables_used: &tables_used };
            grammar::expression(&text, &scope, faults)
        });
    }
    dimensions
}

/// Vensim's call that reads the elements of a dimension from a file.
fn elsewhere<'a, 'i>(dim: Node<'a, 'i>) -> Option<Node<'a, 'i>> {
    dim.elements().find(|element| element.vendor_name() == Some("elements"))
}

/// isee's `maps_to`, by position, and Vensim's `map`, element by element.
fn mappings(dim: Node, name: &Name, raw: &str, file: &Declarations, faults: &mut Faults) -> Vec<Mapping> {
    let mut mappings: Vec<Mapping> = Vec::new();
    let own = file.dimension(name).map(|index| &file.dimensions[index]);
    for element in dim.elements() {
        let span = element.tag_span(raw);
        let (target, pair) = match element.vendor_name() {
            Some("maps_to") => (PlacedText::within(element, raw).text, None),
            Some("map") => {
                let end = |attribute| element.attribute(attribute).map(|text| Name::new(&super::lexer::unescape(text)));
                (element.attribute("dim").unwrap_or("").to_owned(), end("from").zip(end("to")))
            }
            _ => continue,
        };
        let target = Name::new(target.trim());
        if file.dimension(&target).is_none() {
            let nearest = file.nearest_dimension(target.text());
            let (name, dimension) = (target.text().to_owned(), name.text().to_owned());
            faults.push(Fault::UnknownTarget { name, dimension, nearest }, span);
            continue;
        }
        let place = mappings.iter().position(|mapping| mapping.target == target).unwrap_or_else(|| {
            mappings.push(Mapping { target, items: Vec::new(), span });
            mappings.len() - 1
        });
        // Pairs are written in the order of the elements.
        if let (Some((from, to)), Some(own)) = (pair, own)
            && own.position(&from) == Some(mappings[place].items.len() + 1)
        {
            mappings[place].items.push(to);
        }
    }
    mappings
}

fn shape(dim: Node, name: &Name, raw: &str, faults: &mut Faults) -> Option<Shape> {
    let span = dim.tag_span(raw);
    let mut names: Vec<Name> = Vec::new();
    let mut places: HashMap<Name, usize> = HashMap::new();
    let mut spans: Vec<Span> = Vec::new();
    for element in dim.children_named("elem") {
        let span = element.tag_span(raw);
        match declared_name(element) {
            Some(name) => match places.get(&name) {
                Some(place) => {
                    let (what, first) = ("element", spans[*place]);
                    faults.push(Fault::Duplicate { what, name: name.text().to_owned(), first }, span);
                }
                None => {
                    places.insert(name.clone(), names.len());
                    names.push(name);
                    spans.push(span);
                }
            },
            None => faults.push(Fault::MissingName("elem"), span),
        }
    }
    if !names.is_empty() {
        return Some(Shape { name: name.clone(), elements: Elements::Named { names, places } });
    }
    if elsewhere(dim).is_some() {
        return Some(Shape { name: name.clone(), elements: Elements::Elsewhere });
    }
    let Some(size) = dim.attribute("size") else {
        faults.push(Fault::EmptyDimension(name.text().to_owned()), span);
        return None;
    };
    match size.trim().parse::<usize>() {
        Ok(size) if (1..=LARGEST_DIMENSION).contains(&size) => {
            Some(Shape { name: name.clone(), elements: Elements::Numbered(size) })
        }
        _ => {
            faults.push(Fault::DimensionTooLarge { name: name.text().to_owned(), size: size.to_owned() }, span);
            None
        }
    }
}

/// Units declared equivalent: `<unit name="People"><eqn/><alias>person</alias></unit>`. The equation, a name or a formula
/// of others, says what the unit is (XMILE 3.3.6).
pub(super) fn unit_aliases(root: Node, raw: &str) -> Vec<Vec<String>> {
    let units = root.children_named("model_units").flat_map(|list| list.children_named("unit"));
    let names = units.filter(|unit| !is_true(*unit, "disabled")).map(|unit| {
        let equation = unit.child("eqn").map(|equation| PlacedText::within(equation, raw).text);
        let aliases = unit.children_named("alias").map(|alias| PlacedText::within(alias, raw).text);
        let all = unit.attribute("name").map(str::to_owned).into_iter().chain(equation).chain(aliases);
        all.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect::<Vec<_>>()
    });
    names.filter(|names| names.len() > 1).collect()
}

/// What holds for every stock and flow that does not say otherwise.
#[derive(Clone, Copy, Default)]
pub(super) struct Behaviour {
    pub stocks_non_negative: bool,
    pub flows_non_negative: bool,
}

impl Behaviour {
    /// The behaviour that the `behavior` element within `holder` sets, on top of this one.
    pub fn with(mut self, holder: Node, raw: &str) -> Behaviour {
        for behavior in holder.children_named("behavior") {
            for element in behavior.elements() {
                let set = |within: Node| within.child("non_negative").map(|element| is_set(element, raw));
                match element.standard_name() {
                    Some("non_negative") => {
                        self.stocks_non_negative = is_set(element, raw);
                        self.flows_non_negative = is_set(element, raw);
                    }
                    Some("stock") => self.stocks_non_negative = set(element).unwrap_or(self.stocks_non_negative),
                    Some("flow") => self.flows_non_negative = set(element).unwrap_or(self.flows_non_negative),
                    _ => {}
                }
            }
        }
        self
    }
}

/// Settings of a model of its own are refused unless they repeat those of the file.
pub(super) fn compare_specs(root: Node, model: Node, name: Option<&str>, raw: &str, faults: &mut Faults) {
    let (Some(specs), whole) = (model.child("sim_specs"), root.child("sim_specs")) else { return };
    let text = |holder: Option<Node>, what: &str| {
        let element = holder.and_then(|holder| holder.child(what));
        element.map(|element| (PlacedText::within(element, raw).text.trim().to_owned(), is_true(element, "reciprocal")))
    };
    let differs = ["start", "stop", "dt"].iter().any(|what| {
        let own = text(Some(specs), what);
        own.is_some() && own != text(whole, what)
    });
    if differs {
        faults.push(Fault::DifferentSimSpecs { model: name.map(str::to_owned) }, specs.tag_span(raw));
    }
}

/// The `name` attribute as a name, with escapes undone and quotation marks taken off.
pub(super) fn declared_name(element: Node) -> Option<Name> {
    let text = super::lexer::unescape(element.attribute("name")?.trim());
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(&text);
    let name = Name::new(text);
    (!name.text().is_empty()).then_some(name)
}

/// Root elements of the standard that say nothing about numbers, or are read elsewhere.
const ROOT: [&str; 13] = [
    "header",
    "sim_specs",
    "behavior",
    "dimensions",
    "model_units",
    "model",
    "macro",
    "data",
    "style",
    "views",
    "default_format",
    "prefs",
    "ai_information",
];

/// Says what of the file's outermost elements and options is not read.
pub(super) fn survey(root: Node, raw: &str, faults: &mut Faults) {
    let includes = root.child("header").into_iter().flat_map(|header| header.children_named("includes"));
    for include in includes.flat_map(|includes| includes.children_named("include")) {
        let construct = format!("the included file `{}`", include.attribute("resource").unwrap_or(""));
        let (variable, instead) = (None, "paste the macros and models of that file into this one");
        faults.push(Fault::Unsupported { construct, variable, instead }, include.tag_span(raw));
    }
    let header = root.child("header").into_iter();
    for element in header.flat_map(|header| header.children_named("options").flat_map(Element::elements)) {
        let index = element.attribute("invalid_index_value").filter(|value| !value.trim().is_empty());
        if index.is_some_and(|value| value.trim().parse() != Ok(0.0)) {
            let construct = "invalid_index_value".to_owned();
            let effect = "an index outside its dimension gives 0";
            faults.push(Fault::Ignored { construct, effect }, element.tag_span(raw));
        }
    }
    if let Some(run) = root.child("sim_specs").and_then(|specs| specs.child("run"))
        && run.attribute("by").is_some_and(|by| !by.trim().eq_ignore_ascii_case("all"))
    {
        let (construct, effect) = ("the choice of what to run".to_owned(), "the whole model is run");
        faults.push(Fault::Ignored { construct, effect }, run.tag_span(raw));
    }
    for element in root.elements() {
        let span: Span = element.tag_span(raw);
        match element.standard_name() {
            Some("data") if element.child("import").is_some() => {
                let effect = "the values that the equations hold are used";
                faults.push(Fault::Ignored { construct: "the import of data".into(), effect }, span);
            }
            Some(name) if !ROOT.contains(&name) => {
                faults.push(Fault::UnknownElement { name: name.into(), within: "an XMILE file", known: &ROOT }, span);
            }
            _ => {}
        }
    }
}
