//! XMILE text (`.xmile`, `.stmx`, `.itmx`, `.xml`) into a declared model: the OASIS standard 1.0, the drafts before
//! it, and what isee's tools add. Views and all else that only draws are skipped. Modules are flattened. Names in
//! equations are resolved to flat names; whether they exist, and what functions mean, is left to `check`.

mod arrays;
mod document;
mod elements;
mod fault;
mod grammar;
mod lexer;
mod macros;
mod module;
mod scope;
mod settings;
mod stock;
mod store;
mod table;
mod text;
mod variable;

pub use fault::Fault;

use crate::diagnostic::{Diagnostic, Source, Span};
use crate::model::{
    Control, Definition, Dialect, Equation, Expression, ExpressionKind, Macro, Model, Name, Tool, Variable,
};
use document::Element;
use fault::Faults;
use module::Instance;
use roxmltree::Node;
use scope::{Declarations, ModelNames};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use variable::Reader;

/// Reads the model of a file as far as it can be read, and says everything that is wrong with it.
///
/// `folder` is where the file stands; external data are found from there.
pub fn read(source: &Arc<Source>, folder: &Path) -> (Model, Vec<Diagnostic>) {
    let mut faults = Faults::of(source);
    let mut model = Model {
        name: source.path.file_stem().map_or(String::new(), |stem| stem.to_string_lossy().into_owned()),
        folder: folder.to_owned(),
        dialect: Dialect::Xmile,
        tool: Tool::default(),
        dimensions: Vec::new(),
        variables: Vec::new(),
        macros: Vec::new(),
        control: Control::default(),
        unit_aliases: Vec::new(),
    };
    if let Some(text) = document::legible(source, &mut faults)
        && let Some(document) = document::parse(&text, &mut faults)
    {
        file(document.root_element(), &text, &mut model, &mut faults);
    }
    (model, faults.into_diagnostics())
}

fn file(root: Node, raw: &str, model: &mut Model, faults: &mut Faults) {
    if root.standard_name() != Some("xmile") {
        faults.push(Fault::NotXmile { root: root.tag_name().name().to_owned() }, root.tag_span(raw));
        return;
    }
    settings::survey(root, raw, faults);
    if let Some(name) = settings::name(root, raw) {
        model.name = name;
    }
    let mut file = Declarations { by_xmutil: settings::vendor(root).contains("xmutil"), ..Declarations::default() };
    model.dimensions = settings::dimensions(root, raw, &mut file, faults);
    model.unit_aliases = settings::unit_aliases(root, raw);
    model.tool = settings::tool(root);
    let instances = module::instances(root, raw, &mut file, faults);
    file.tables = file
        .models
        .values()
        .flat_map(|names| names.variables.values())
        .filter(|declared| declared.has_table)
        .map(|declared| (declared.flat.key().to_owned(), declared.clone()))
        .collect();
    let connected = module::connections(&instances, raw, &mut file, faults);
    file.arrays = arrays(&file);
    file.macros = macros::signatures(root, raw, &file, faults);
    model.control = settings::control(root, raw, &file, faults);
    let tables_used = RefCell::default();
    for instance in &instances {
        let variables = variables(instance, raw, &file, &connected, &tables_used, faults);
        model.variables.extend(variables);
    }
    let beside = tables_beside(&model.variables, &tables_used.take());
    model.variables.extend(beside);
    model.macros = macros::read(root, raw, &file, faults);
}

/// The dimensions of all arrays and of the tables beside them.
fn arrays(file: &Declarations) -> HashMap<String, Vec<usize>> {
    let mut arrays = HashMap::new();
    for declared in file.models.values().flat_map(|names| names.variables.values()) {
        let dimensions = &file.source(declared).dimensions;
        if !dimensions.is_empty() {
            arrays.insert(declared.flat.key().to_owned(), dimensions.clone());
            arrays.insert(declared.table().key().to_owned(), dimensions.clone());
        }
    }
    arrays
}

/// The variables of one model in file order.
fn variables(
    instance: &Instance,
    raw: &str,
    file: &Declarations,
    connected: &HashMap<String, Span>,
    tables_used: &RefCell<BTreeSet<Name>>,
    faults: &mut Faults,
) -> Vec<Variable> {
    let nothing = ModelNames::default();
    let model = file.models.get(&instance.key).unwrap_or(&nothing);
    let mut reader = Reader {
        raw,
        file,
        model,
        behaviour: instance.behaviour,
        tables_used,
        tables: Vec::new(),
        element: Vec::new(),
        faults,
    };
    let mut variables = Vec::new();
    let mut groups: HashMap<String, String> = HashMap::new();
    for element in module::holder(instance.node).elements() {
        if element.standard_name() == Some("group") {
            let Some(group) = settings::declared_name(element) else { continue };
            for entity in element.children_named("entity").filter_map(settings::declared_name) {
                groups.insert(entity.key().to_owned(), group.text().to_owned());
            }
            continue;
        }
        let declared = settings::declared_name(element).and_then(|name| model.variables.get(name.key()));
        let Some(declared) = declared.filter(|declared| declared.node == element.id()) else { continue };
        let source = file.sources.get(declared.flat.key()).zip(connected.get(declared.flat.key()));
        variables.extend(match source {
            Some((source, span)) => reader.connected(element, declared, source, *span),
            None => Some(reader.variable(element, declared)),
        });
    }
    variables.append(&mut reader.tables);
    for variable in &mut variables {
        let own = variable.name.text();
        let own = model.module.as_ref().map_or(own, |module| own.get(module.len() + 1..).unwrap_or(own));
        variable.group = groups.get(Name::new(own).key()).cloned();
    }
    variables
}

/// The graphical functions of variables that have an equation too, as variables of their own that can be called.
fn tables_beside(variables: &[Variable], used: &BTreeSet<Name>) -> Vec<Variable> {
    let named = |variable: &Variable| Name::new(&format!("{} graphical function", variable.name.text()));
    let beside = variables.iter().filter(|variable| used.contains(&named(variable))).map(|variable| {
        let equations = variable.equations.iter().filter_map(|equation| {
            let Definition::Auxiliary(Expression { kind: ExpressionKind::Call { arguments, .. }, .. }) =
                &equation.definition
            else {
                return None;
            };
            match &arguments.last()?.kind {
                ExpressionKind::Lookup(table) => {
                    Some(Equation { definition: Definition::Lookup(table.clone()), ..equation.clone() })
                }
                _ => None,
            }
        });
        Variable {
            name: named(variable),
            equations: equations.collect(),
            documentation: String::new(),
            hidden: true,
            ..variable.clone()
        }
    });
    beside.filter(|table| !table.equations.is_empty()).collect()
}

/// Visits every expression of a macro.
fn each_expression<'m>(found: &'m Macro, visit: &mut impl FnMut(&'m Expression)) {
    found
        .value
        .iter()
        .chain(found.parameters.iter().filter_map(|parameter| parameter.default.as_ref()))
        .for_each(&mut *visit);
    for equation in found.variables.iter().flat_map(|variable| &variable.equations) {
        match &equation.definition {
            Definition::Auxiliary(expression) => visit(expression),
            Definition::Stock(stock) => {
                visit(&stock.initial);
                visit(&stock.derivative);
            }
            _ => {}
        }
    }
}
