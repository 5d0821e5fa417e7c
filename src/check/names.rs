//! What each name of a model stands for.

use crate::model::{Macro, Model, Name};
use std::collections::HashMap;

/// A name's meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbol {
    /// Index into `model.variables`.
    Variable(usize),
    /// Index into `model.dimensions`.
    Dimension(usize),
    /// An element of some dimension.
    Element,
    /// Index into `model.macros`.
    Macro(usize),
    /// A parameter of the macro whose scope this is.
    Parameter(usize),
    /// A variable of the model seen from a macro: `name$`.
    Global(usize),
    /// The simulation time.
    Time,
}

/// The index of a model's names. A variable hides an element of the same name; the first definition of a name counts.
#[derive(Clone, Debug, Default)]
pub struct Names {
    variables: HashMap<Name, usize>,
    dimensions: HashMap<Name, usize>,
    elements: HashMap<Name, ()>,
    macros: HashMap<Name, usize>,
    parameters: HashMap<Name, usize>,
    /// Inside a macro, the model's variables under `name$`.
    globals: HashMap<Name, usize>,
}

impl Names {
    /// Indexes the variables, dimensions and macros of `model`, and `elements`.
    pub fn of<'a>(model: &Model, elements: impl IntoIterator<Item = &'a Name>) -> Self {
        let mut names = Names::default();
        for (index, variable) in model.variables.iter().enumerate() {
            names.variables.entry(variable.name.clone()).or_insert(index);
        }
        for (index, dimension) in model.dimensions.iter().enumerate() {
            names.dimensions.entry(dimension.name.clone()).or_insert(index);
        }
        for (index, definition) in model.macros.iter().enumerate() {
            names.macros.entry(definition.name.clone()).or_insert(index);
        }
        names.elements.extend(elements.into_iter().map(|name| (name.clone(), ())));
        names
    }

    /// The names inside macro `definition`: its own variables and parameters, the dimensions, all macros, and the
    /// model's variables under `name$`.
    pub fn within(&self, definition: &Macro) -> Self {
        let mut names = Names {
            dimensions: self.dimensions.clone(),
            elements: self.elements.clone(),
            macros: self.macros.clone(),
            ..Names::default()
        };
        for (index, variable) in definition.variables.iter().enumerate() {
            names.variables.entry(variable.name.clone()).or_insert(index);
        }
        for (index, parameter) in definition.parameters.iter().enumerate() {
            names.parameters.entry(parameter.name.clone()).or_insert(index);
        }
        for (name, index) in &self.variables {
            names.globals.insert(Name::new(&format!("{}$", name.text())), *index);
        }
        names
    }

    pub fn symbol(&self, name: &Name) -> Option<Symbol> {
        if let Some(index) = self.variables.get(name) {
            return Some(Symbol::Variable(*index));
        }
        if let Some(index) = self.parameters.get(name) {
            return Some(Symbol::Parameter(*index));
        }
        if matches!(name.key(), "time" | "time$") {
            return Some(Symbol::Time);
        }
        if let Some(index) = self.globals.get(name) {
            return Some(Symbol::Global(*index));
        }
        if let Some(index) = self.dimensions.get(name) {
            return Some(Symbol::Dimension(*index));
        }
        if self.elements.contains_key(name) {
            return Some(Symbol::Element);
        }
        self.macros.get(name).map(|index| Symbol::Macro(*index))
    }

    pub fn variable(&self, name: &Name) -> Option<usize> {
        self.variables.get(name).copied()
    }

    pub fn dimension(&self, name: &Name) -> Option<usize> {
        self.dimensions.get(name).copied()
    }

    pub fn macro_named(&self, name: &Name) -> Option<usize> {
        self.macros.get(name).copied()
    }

    /// Dimensions and elements.
    pub fn subscripts(&self) -> impl Iterator<Item = &str> {
        self.dimensions.keys().chain(self.elements.keys()).map(Name::text)
    }

    /// Every name that may stand in an expression.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.variables
            .keys()
            .chain(self.dimensions.keys())
            .chain(self.elements.keys())
            .chain(self.macros.keys())
            .chain(self.parameters.keys())
            .map(Name::text)
    }
}
