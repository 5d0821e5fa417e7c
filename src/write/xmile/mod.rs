//! A model into XMILE 1.0. Flattened modules stay flat: `module.x` is one name. A model read from Vensim text gets
//! Stella's functions where they mean the same, equal arithmetic where they do not, and functions under `vensim.`
//! where XMILE has neither; other tools refuse those, and Levada's reader gives them their meaning.

mod arrays;
mod expression;
mod functions;
mod refusal;
mod tags;
mod variable;

pub use refusal::Refusal;

use crate::diagnostic::Diagnostic;
use crate::model::{Definition, Dialect, DimensionItem, Expression, Macro, Model, Name, Store, Tool, Variable};
use arrays::Arrays;
use expression::Printer;
use std::collections::BTreeSet;
use tags::{Tags, attribute};

const STANDARD: &str = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0";
const ISEE: &str = "http://iseesystems.com/XMILE";
const VENSIM: &str = "http://www.vensim.com/XMILE";

/// Writes a model as XMILE 1.0; reading the text gives a model with the same numbers.
pub fn write(model: &Model) -> Result<String, Vec<Diagnostic>> {
    let mut refusals = Vec::new();
    let arrays = Arrays::of(model, &mut refusals);
    let mut tags = Tags::default();
    tags.line("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    tags.open(&format!("xmile version=\"1.0\" xmlns=\"{STANDARD}\" xmlns:isee=\"{ISEE}\" xmlns:vensim=\"{VENSIM}\""));
    header(model, &mut tags);
    settings(model, &arrays, &mut tags);
    units(model, &mut tags);
    dimensions(model, &arrays, &mut tags);
    tags.open("model");
    variables(model, &model.variables, &arrays, &mut tags, &mut refusals);
    tags.close();
    for definition in &model.macros {
        macro_of(model, definition, &arrays, &mut tags, &mut refusals);
    }
    tags.close();
    if refusals.is_empty() { Ok(tags.into_text()) } else { Err(refusals.iter().map(Refusal::diagnostic).collect()) }
}

fn header(model: &Model, tags: &mut Tags) {
    tags.open("header");
    tags.element("vendor", "Levada");
    let version = attribute("version", env!("CARGO_PKG_VERSION"));
    // Some constructs mean what they mean to the tool that wrote them; functions of Vensim text are translated.
    let meaning = match (model.dialect, model.tool) {
        (Dialect::Xmile, Tool::Vensim) => attribute("vensim:meaning", "vensim"),
        (Dialect::Xmile, Tool::Other) => attribute("vensim:meaning", "other"),
        _ => String::new(),
    };
    tags.line(&format!("<product{version} lang=\"en\"{meaning}>Levada</product>"));
    if !model.name.is_empty() {
        tags.element("name", &model.name);
    }
    let rank = model.variables.iter().map(arrays::rank).max().unwrap_or(0);
    let stores = || model.variables.iter().flat_map(stocks).map(|stock| &stock.store);
    tags.open("options namespace=\"std, isee\"");
    if rank > 0 {
        tags.line(&format!("<uses_arrays maximum_dimensions=\"{rank}\" invalid_index_value=\"0\"/>"));
    }
    if !model.macros.is_empty() {
        tags.line("<uses_macros recursive_macros=\"false\" option_filters=\"false\"/>");
    }
    if stores().any(|store| matches!(store, Store::Conveyor(_))) {
        tags.line("<uses_conveyor/>");
    }
    if stores().any(|store| matches!(store, Store::Queue(_))) {
        tags.line("<uses_queue/>");
    }
    tags.close();
    tags.close();
}

fn stocks(variable: &Variable) -> impl Iterator<Item = &crate::model::Stock> {
    variable.equations.iter().filter_map(|equation| match &equation.definition {
        Definition::Stock(stock) => Some(stock),
        _ => None,
    })
}

/// Times and method. Vensim's are variables like any other; their equations stand here too.
fn settings(model: &Model, arrays: &Arrays, tags: &mut Tags) {
    let printer = Printer::new(model.dialect, arrays);
    let setting = |given: &Option<Expression>, name: &str| {
        let from_variable = || control_variable(model, name);
        given.as_ref().or_else(from_variable).map(|expression| printer.print(expression))
    };
    let control = &model.control;
    let method = control.method.as_ref().map_or("euler", |method| method.text.trim());
    let mut opening = format!("sim_specs{}", attribute("method", method));
    if let Some(units) = &control.time_units {
        opening.push_str(&attribute("time_units", units));
    }
    if let Some(every) = setting(&control.save_every, "SAVEPER") {
        opening.push_str(&attribute("isee:save_interval", &every));
    }
    tags.open(&opening);
    for (element, given, name) in [
        ("start", &control.start, "INITIAL TIME"),
        ("stop", &control.stop, "FINAL TIME"),
        ("dt", &control.step, "TIME STEP"),
    ] {
        if let Some(text) = setting(given, name) {
            tags.element(element, &text);
        }
    }
    tags.close();
}

/// The equation of a run control that is a variable.
fn control_variable<'m>(model: &'m Model, name: &str) -> Option<&'m Expression> {
    let name = Name::new(name);
    let variable = model.variables.iter().find(|variable| variable.name == name)?;
    match &variable.equations.first()?.definition {
        Definition::Auxiliary(expression) | Definition::Unchangeable(expression) => Some(expression),
        _ => None,
    }
}

fn units(model: &Model, tags: &mut Tags) {
    if model.unit_aliases.is_empty() {
        return;
    }
    tags.open("model_units");
    for spellings in &model.unit_aliases {
        let Some((name, aliases)) = spellings.split_first() else { continue };
        tags.open(&format!("unit{}", attribute("name", name)));
        for alias in aliases {
            tags.element("alias", alias);
        }
        tags.close();
    }
    tags.close();
}

fn dimensions(model: &Model, arrays: &Arrays, tags: &mut Tags) {
    if model.dimensions.is_empty() {
        return;
    }
    tags.open("dimensions");
    for dimension in &model.dimensions {
        let name = attribute("name", &tags::escaped_name(dimension.name.text()));
        let sized = match dimension.items.as_slice() {
            [DimensionItem::Range { prefix, first: 1, last }] if prefix.is_empty() => Some(*last),
            _ => None,
        };
        if let (Some(size), true) = (sized, dimension.mappings.is_empty()) {
            tags.line(&format!("<dim{name} size=\"{size}\"/>"));
            continue;
        }
        tags.open(&format!("dim{name}"));
        if let Some(call) = &dimension.external {
            tags.element("vensim:elements", &Printer::new(model.dialect, arrays).print(call));
        }
        let elements = arrays.elements(&dimension.name);
        for element in elements {
            tags.line(&format!("<elem{}/>", attribute("name", &tags::escaped_name(element.text()))));
        }
        for mapping in &dimension.mappings {
            let target = tags::escaped_name(mapping.target.text());
            if mapping.items.is_empty() {
                tags.element("isee:maps_to", &target);
            }
            for (from, to) in elements.iter().zip(&mapping.items) {
                let (from, to) = (tags::escaped_name(from.text()), tags::escaped_name(to.text()));
                let (dim, from, to) = (attribute("dim", &target), attribute("from", &from), attribute("to", &to));
                tags.line(&format!("<vensim:map{dim}{from}{to}/>"));
            }
        }
        tags.close();
    }
    tags.close();
}

/// The `variables` of a model or macro, with the groups they are in.
fn variables(model: &Model, all: &[Variable], arrays: &Arrays, tags: &mut Tags, refusals: &mut Vec<Refusal>) {
    tags.open("variables");
    let mut writer = variable::Writer::new(model, all, arrays, refusals);
    for variable in all {
        writer.variable(variable, tags);
    }
    writer.tables(tags);
    let mut seen = BTreeSet::new();
    for group in all.iter().filter_map(|variable| variable.group.as_ref()).filter(|group| seen.insert(*group)) {
        tags.open(&format!("group{}", attribute("name", group)));
        for variable in all.iter().filter(|variable| variable.group.as_ref() == Some(group)) {
            tags.line(&format!("<entity{}/>", attribute("name", &tags::escaped_name(variable.name.text()))));
        }
        tags.close();
    }
    tags.close();
}

fn macro_of(model: &Model, definition: &Macro, arrays: &Arrays, tags: &mut Tags, refusals: &mut Vec<Refusal>) {
    let printer = Printer::new(model.dialect, arrays);
    tags.open(&format!("macro{}", attribute("name", &tags::escaped_name(definition.name.text()))));
    for parameter in &definition.parameters {
        let name = expression::quoted(&parameter.name);
        match &parameter.default {
            Some(default) => {
                let default = attribute("default", &printer.print(default));
                tags.line(&format!("<parm{default}>{}</parm>", tags::escaped(&name)));
            }
            None => tags.element("parm", &name),
        }
    }
    let value = match &definition.value {
        Some(value) => printer.print(value),
        None => expression::quoted(&definition.name),
    };
    tags.element("eqn", &value);
    for output in &definition.outputs {
        tags.element("vensim:output", output.text());
    }
    if !definition.variables.is_empty() {
        let arrays = arrays.within(&definition.variables);
        variables(model, &definition.variables, &arrays, tags, refusals);
    }
    tags.close();
}
