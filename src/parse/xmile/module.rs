//! Models and the modules that hold them: which are run, what their variables are called, and which inputs stand for
//! which variables. Modules are flattened: `x` of the model `m` becomes `m.x`, at whatever depth, because XMILE
//! wants model names to be unique in a file (3.7.4).

use super::document::{Element, is_set};
use super::fault::{Fault, Faults};
use super::lexer::{Token, WrittenName, tokens};
use super::scope::{Declarations, Declared, Kind, ModelNames};
use super::settings::{Behaviour, compare_specs, declared_name};
use super::text::PlacedText;
use crate::diagnostic::Span;
use crate::model::Name;
use roxmltree::Node;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A model that is run.
#[derive(Clone)]
pub(super) struct Instance<'a, 'i> {
    /// Key of the model's name; the root's is empty.
    pub key: String,
    pub node: Node<'a, 'i>,
    pub behaviour: Behaviour,
}

/// Elements that declare a variable.
const VARIABLES: [(&str, Kind); 4] =
    [("stock", Kind::Stock), ("flow", Kind::Flow), ("aux", Kind::Auxiliary), ("gf", Kind::Table)];
const WITHIN_VARIABLES: [&str; 6] = ["stock", "flow", "aux", "gf", "module", "group"];
const WITHIN_MODEL: [&str; 12] = [
    "stock",
    "flow",
    "aux",
    "gf",
    "module",
    "group",
    "sim_specs",
    "behavior",
    "variables",
    "views",
    "display",
    "interface",
];

/// The element that holds a model's variables: `variables`, and in files before XMILE 1.0 the model itself.
pub(super) fn holder<'a, 'i>(model: Node<'a, 'i>) -> Node<'a, 'i> {
    model.child("variables").unwrap_or(model)
}

/// The root model and all that modules hold, each declared.
pub(super) fn instances<'a, 'i>(
    root: Node<'a, 'i>,
    raw: &str,
    file: &mut Declarations,
    faults: &mut Faults,
) -> Vec<Instance<'a, 'i>> {
    let behaviour = Behaviour::default().with(root, raw);
    let mut models: BTreeMap<String, Node> = BTreeMap::new();
    let mut main = None;
    let all_named = root.children_named("model").all(|model| declared_name(model).is_some());
    for model in root.children_named("model") {
        let name = declared_name(model);
        if main.is_none() && (name.is_none() || all_named) {
            main = Some(model);
        } else if let Some(name) = name {
            if let Some(first) = models.insert(name.key().to_owned(), model) {
                let (what, first) = ("model", first.tag_span(raw));
                faults.push(Fault::Duplicate { what, name: name.text().to_owned(), first }, model.tag_span(raw));
            }
        } else {
            let (construct, instead) = ("a second model without a name".to_owned(), "name it and hold it in a module");
            faults.push(Fault::Unsupported { construct, variable: None, instead }, model.tag_span(raw));
        }
    }
    let Some(main) = main else {
        faults.push(Fault::NoModel, root.tag_span(raw));
        return Vec::new();
    };
    let mut instances = Vec::new();
    let mut held: HashSet<String> = HashSet::new();
    let mut above: HashMap<String, String> = HashMap::new();
    let mut waiting = vec![(String::new(), None, main)];
    while let Some((key, name, node)) = waiting.pop() {
        readable(node, raw, faults);
        compare_specs(root, node, name.as_deref(), raw, faults);
        let names = declare(node, name, raw, file, faults);
        file.models.insert(key.clone(), names);
        instances.push(Instance { key: key.clone(), node, behaviour: behaviour.with(node, raw) });
        let mut below = Vec::new();
        for module in holder(node).children_named("module") {
            let span = module.tag_span(raw);
            let Some(name) = declared_name(module) else {
                faults.push(Fault::MissingName("module"), span);
                continue;
            };
            let ancestor = std::iter::successors(Some(&key), |key| above.get(*key)).any(|key| key == name.key());
            if let Some(resource) = module.attribute("resource") {
                let construct = format!("the file `{resource}` of the module");
                let (variable, instead) = (None, "paste that file's <model> into this one");
                faults.push(Fault::Unsupported { construct, variable, instead }, span);
            } else if ancestor {
                faults.push(Fault::RecursiveModule(name.text().to_owned()), span);
            } else if let Some(model) = models.get(name.key()) {
                if held.insert(name.key().to_owned()) {
                    above.insert(name.key().to_owned(), key.clone());
                    below.push((name.key().to_owned(), Some(name.text().to_owned()), *model));
                } else {
                    faults.push(Fault::ModuleTwice(name.text().to_owned()), span);
                }
            } else {
                let nearest = file.nearest(name.text(), models.values().filter_map(|model| model.attribute("name")));
                faults.push(Fault::UnknownModule { name: name.text().to_owned(), nearest }, span);
            }
        }
        below.reverse();
        waiting.extend(below);
    }
    for (key, model) in models {
        if !held.contains(&key) {
            faults.push(Fault::UnusedModel(model.attribute("name").unwrap_or("").to_owned()), model.tag_span(raw));
        }
    }
    instances
}

/// Refuses a model that stands elsewhere or is encrypted.
fn readable(model: Node, raw: &str, faults: &mut Faults) {
    let refused = if model.has_attribute("encryption-scheme") {
        Some(("an encrypted model", "save the model without a password"))
    } else if model.has_attribute("resource") {
        Some(("a model in another file", "paste that file's <model> into this one"))
    } else {
        None
    };
    if let Some((construct, instead)) = refused {
        let construct = construct.to_owned();
        faults.push(Fault::Unsupported { construct, variable: None, instead }, model.tag_span(raw));
    }
}

/// The names that a model, or the variables of a macro, declare.
pub(super) fn declare(
    model: Node,
    module: Option<String>,
    raw: &str,
    file: &Declarations,
    faults: &mut Faults,
) -> ModelNames {
    let mut names = ModelNames { module, ..ModelNames::default() };
    let holder = holder(model);
    let known: &'static [&'static str] =
        if holder.standard_name() == Some("variables") { &WITHIN_VARIABLES } else { &WITHIN_MODEL };
    for element in holder.elements() {
        let Some(tag) = element.standard_name() else { continue };
        let span = element.tag_span(raw);
        let Some((tag, kind)) = VARIABLES.iter().find(|(name, _)| *name == tag) else {
            let macro_part = model.standard_name() == Some("macro");
            if !known.contains(&tag) && !macro_part {
                let within = if known.len() == WITHIN_VARIABLES.len() { "`variables`" } else { "a model" };
                faults.push(Fault::UnknownElement { name: tag.into(), within, known }, span);
            }
            continue;
        };
        let Some(name) = declared_name(element) else {
            faults.push(Fault::MissingName(tag), span);
            continue;
        };
        if let Some(first) = names.variables.get(name.key()) {
            let (what, first) = ("variable", first.span);
            faults.push(Fault::Duplicate { what, name: name.text().to_owned(), first }, span);
            continue;
        }
        let flat = match &names.module {
            Some(module) => Name::new(&format!("{module}.{}", name.text())),
            None => name.clone(),
        };
        let dimensions = dimensions(element, flat.text(), raw, file, faults);
        let equation = |element: Node| {
            element.child("eqn").is_some_and(|eqn| !super::grammar::is_blank(&PlacedText::within(eqn, raw)))
        };
        let elements = || element.children_named("element");
        let from_file = element.children_named("eqn").chain(elements().filter_map(|one| one.child("eqn"))).any(|eqn| {
            let text = PlacedText::within(eqn, raw).text.to_ascii_lowercase();
            text.trim_start().starts_with("vensim.get") && text.contains("lookups(")
        });
        let declared = Declared {
            flat,
            kind: *kind,
            dimensions,
            has_table: *kind == Kind::Table
                || from_file
                || element.child("gf").is_some()
                || elements().any(|element| element.child("gf").is_some()),
            has_equation: !from_file && (equation(element) || elements().any(equation)),
            is_input: element.attribute("access").is_some_and(|access| access.trim().eq_ignore_ascii_case("input")),
            is_driven: false,
            is_leak: false,
            node: element.id(),
            span,
        };
        names.variables.insert(name.key().to_owned(), declared);
    }
    drive(holder, raw, &mut names);
    names
}

fn dimensions(element: Node, variable: &str, raw: &str, file: &Declarations, faults: &mut Faults) -> Vec<usize> {
    let mut indices = Vec::new();
    for dim in element.children_named("dimensions").flat_map(|list| list.children_named("dim")) {
        let span = dim.tag_span(raw);
        match declared_name(dim) {
            Some(name) => match file.dimension(&name) {
                Some(index) => indices.push(index),
                None => {
                    let nearest = file.nearest_dimension(name.text());
                    let (name, variable) = (name.text().to_owned(), variable.to_owned());
                    faults.push(Fault::UnknownDimension { name, variable, nearest }, span);
                }
            },
            None => faults.push(Fault::MissingName("dim"), span),
        }
    }
    indices
}

/// Marks the flows that leave conveyors, queues and ovens, and which of them leak: those marked so, and where none is
/// marked all but the first (XMILE 4.2.1).
fn drive(holder: Node, raw: &str, names: &mut ModelNames) {
    for stock in holder.children_named("stock") {
        let conveyor = stock.child_of_any("conveyor").is_some();
        let other =
            ["queue", "oven"].iter().any(|name| stock.child_of_any(name).is_some_and(|child| is_set(child, raw)));
        if !conveyor && !other {
            continue;
        }
        let outflows = stock.children_named("outflow").map(|flow| PlacedText::within(flow, raw).text);
        let keys: Vec<String> =
            outflows.map(|text| Name::new(text.trim().trim_matches('"')).key().to_owned()).collect();
        let marked = |key: &String, names: &ModelNames| {
            let node = names.variables.get(key).and_then(|flow| stock.document().get_node(flow.node));
            node.is_some_and(|flow| flow.child("leak").is_some_and(|leak| is_set(leak, raw)))
        };
        let any_marked = keys.iter().any(|key| marked(key, names));
        for (place, key) in keys.iter().enumerate() {
            let leak = conveyor && if any_marked { marked(key, names) } else { place > 0 };
            if let Some(flow) = names.variables.get_mut(key) {
                flow.is_driven = true;
                flow.is_leak = leak;
            }
        }
    }
}

/// Reads the connections of all modules: by key of the input, what it stands for and where that is said.
pub(super) fn connections(
    instances: &[Instance],
    raw: &str,
    file: &mut Declarations,
    faults: &mut Faults,
) -> HashMap<String, Span> {
    let mut direct: BTreeMap<String, (Declared, Span)> = BTreeMap::new();
    for instance in instances {
        for module in holder(instance.node).children_named("module") {
            let Some(name) = declared_name(module) else { continue };
            if !file.models.contains_key(name.key()) {
                continue; // told already
            }
            // Newer files say each connection a second time in other words.
            for connect in module.children_named("connect").chain(module.children_named("connect2")) {
                connection(connect, &name, &instance.key, raw, file, &mut direct, faults);
            }
        }
    }
    let mut places = HashMap::new();
    let mut sources = HashMap::new();
    for (key, (source, span)) in &direct {
        let mut end = source;
        let mut steps = 0;
        while let Some((next, _)) = direct.get(end.flat.key()).filter(|_| steps <= direct.len()) {
            end = next;
            steps += 1;
        }
        let round = steps > direct.len();
        if round || end.flat.key() == key {
            faults.push(Fault::ConnectionCycle { name: key.clone() }, *span);
        } else {
            sources.insert(key.clone(), end.clone());
            places.insert(key.clone(), *span);
        }
    }
    file.sources = sources;
    places
}

fn connection(
    connect: Node,
    module: &Name,
    holder: &str,
    raw: &str,
    file: &Declarations,
    direct: &mut BTreeMap<String, (Declared, Span)>,
    faults: &mut Faults,
) {
    let span = connect.tag_span(raw);
    let end = |attribute: &str, home: &str| -> Result<Declared, (String, Span, Option<String>)> {
        let placed = connect.attribute_node(attribute).map(|node| PlacedText::of_attribute(node, raw));
        let (text, place) = placed.map_or((String::new(), span), |placed| (placed.text.clone(), placed.span));
        let name = written(&text);
        let (model, own) = match (name.rooted, name.parts.as_slice()) {
            (true, [own]) => (String::new(), own),
            (_, [.., model, own]) => (Name::new(model).key().to_owned(), own),
            (_, [own]) => (home.to_owned(), own),
            _ => return Err((text, place, None)),
        };
        let names = file.models.get(&model);
        let found = names.and_then(|names| names.variables.get(Name::new(own).key()));
        found.cloned().ok_or_else(|| {
            let candidates = names.into_iter().flat_map(|names| names.variables.values());
            let near = file.nearest(own, candidates.map(|declared| own_name(declared.flat.text())));
            (text.trim().to_owned(), place, near)
        })
    };
    // `connect2` speaks from the model around the module.
    let home = if connect.standard_name() == Some("connect2") { holder } else { module.key() };
    let (to, from) = (end("to", home), end("from", holder));
    let module = module.text().to_owned();
    match (to, from) {
        (Ok(to), Ok(from)) => {
            if !to.is_input {
                faults.push(Fault::ConnectionNotInput { name: to.flat.text().to_owned(), module }, span);
            }
            if let Some((known, first)) = direct.get(to.flat.key()) {
                if known.flat == from.flat {
                    return; // both modules at the ends may say it
                }
                faults.push(Fault::ConnectionTwice { name: to.flat.text().to_owned(), first: *first }, span);
            } else {
                direct.insert(to.flat.key().to_owned(), (from, span));
            }
        }
        (to, from) => {
            if let Err((name, span, nearest)) = to {
                faults.push(Fault::ConnectionTo { name, module: module.clone(), nearest }, span);
            }
            if let Err((name, span, nearest)) = from {
                faults.push(Fault::ConnectionFrom { name, module, nearest }, span);
            }
        }
    }
}

fn own_name(flat: &str) -> &str {
    flat.split_once('.').map_or(flat, |(_, own)| own)
}

/// A name of a connection; blanks in it are no fault.
fn written(text: &str) -> WrittenName {
    match tokens(text).0.as_slice() {
        [only, _end] => match &only.token {
            Token::Name(name) => name.clone(),
            _ => WrittenName { rooted: false, parts: vec![text.trim().to_owned()] },
        },
        _ => {
            let text = text.trim();
            let parts = text.trim_start_matches('.').split('.').map(str::to_owned).collect();
            WrittenName { rooted: text.starts_with('.'), parts }
        }
    }
}
