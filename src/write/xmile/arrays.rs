//! Which elements dimensions have, and which dimensions the variables of a Vensim model have: XMILE declares them.

use super::Refusal;
use crate::model::{Definition, DimensionItem, Equation, Model, Name, Variable};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Elements of one variable that may be written one by one.
const MOST_ELEMENTS: usize = 1_000_000;

/// Dimensions with their elements, and variables with their dimensions.
pub(super) struct Arrays {
    names: Vec<Name>,
    /// Elements of each dimension, subranges opened.
    elements: HashMap<Name, Vec<Name>>,
    /// Dimensions of each arrayed variable.
    variables: HashMap<Name, Vec<Name>>,
    /// All variables, arrayed or not.
    known: HashSet<Name>,
}

/// The number of subscripts of a variable.
pub(super) fn rank(variable: &Variable) -> usize {
    variable.dimensions.len().max(variable.equations.first().map_or(0, |equation| equation.subscripts.len()))
}

impl Arrays {
    pub fn of(model: &Model, refusals: &mut Vec<Refusal>) -> Arrays {
        let mut arrays = Arrays {
            names: model.dimensions.iter().map(|dimension| dimension.name.clone()).collect(),
            elements: HashMap::new(),
            variables: HashMap::new(),
            known: HashSet::new(),
        };
        for dimension in &model.dimensions {
            let mut elements = Vec::new();
            open(model, &dimension.name, &mut elements, &mut Vec::new());
            let mut seen = BTreeSet::new();
            elements.retain(|name| seen.insert(name.clone()));
            arrays.elements.insert(dimension.name.clone(), elements);
        }
        arrays.add(&model.variables, Some(refusals));
        arrays
    }

    /// With the variables of a macro, which see no others.
    pub fn within(&self, variables: &[Variable]) -> Arrays {
        let (names, elements) = (self.names.clone(), self.elements.clone());
        let mut arrays = Arrays { names, elements, variables: HashMap::new(), known: HashSet::new() };
        arrays.add(variables, None);
        arrays
    }

    fn add(&mut self, variables: &[Variable], mut refusals: Option<&mut Vec<Refusal>>) {
        self.known.extend(variables.iter().map(|variable| variable.name.clone()));
        for variable in variables.iter().filter(|variable| rank(variable) > 0) {
            let mut dimensions = variable.dimensions.clone();
            for place in dimensions.len()..rank(variable) {
                match self.dimension_at(variable, place) {
                    Some(dimension) => dimensions.push(dimension),
                    None => {
                        if let Some(refusals) = refusals.as_deref_mut() {
                            let variable = variable.name.text().to_owned();
                            refusals.push(Refusal::NoDimension { variable, place: place + 1 });
                        }
                        break;
                    }
                }
            }
            self.variables.insert(variable.name.clone(), dimensions);
        }
    }

    /// The smallest dimension that holds all that the equations name at a place; one that an equation names comes
    /// before its equals.
    fn dimension_at(&self, variable: &Variable, place: usize) -> Option<Name> {
        let named: Vec<&Name> =
            variable.equations.iter().filter_map(|equation| equation.subscripts.get(place)).collect();
        let wanted: BTreeSet<&Name> = named.iter().flat_map(|name| self.members(name)).collect();
        let holds = |dimension: &&Name| {
            let elements: BTreeSet<&Name> = self.elements(dimension).iter().collect();
            wanted.is_subset(&elements)
        };
        let size = |dimension: &&Name| self.elements(dimension).len();
        let own = named.iter().copied().filter(|name| self.elements.contains_key(*name)).filter(holds).min_by_key(size);
        let any = self.names.iter().filter(holds).min_by_key(size);
        match (own, any) {
            (Some(own), Some(any)) if size(&own) > size(&any) => Some(any.clone()),
            (own, any) => own.or(any).cloned(),
        }
    }

    /// The elements of a dimension, or an element itself.
    pub fn members<'n>(&'n self, name: &'n Name) -> Vec<&'n Name> {
        match self.elements.get(name) {
            Some(elements) => elements.iter().collect(),
            None => vec![name],
        }
    }

    pub fn elements(&self, dimension: &Name) -> &[Name] {
        self.elements.get(dimension).map_or(&[], Vec::as_slice)
    }

    pub fn is_dimension(&self, name: &Name) -> bool {
        self.elements.contains_key(name)
    }

    pub fn is_variable(&self, name: &Name) -> bool {
        self.known.contains(name)
    }

    pub fn dimensions(&self, variable: &Name) -> &[Name] {
        self.variables.get(variable).map_or(&[], Vec::as_slice)
    }

    /// The place, from 1, of an element in the largest dimension that lists it.
    pub fn position(&self, element: &Name) -> Option<usize> {
        let lists = self.names.iter().map(|name| self.elements(name));
        let places = lists.filter_map(|list| Some((list.len(), list.iter().position(|own| own == element)?)));
        places.rev().max_by_key(|(size, _)| *size).map(|(_, place)| place + 1)
    }

    /// The elements that an equation defines, with their places in its list of values.
    pub fn defined(&self, equation: &Equation) -> Option<Vec<(usize, Vec<Name>)>> {
        let axes: Vec<Vec<&Name>> = equation.subscripts.iter().map(|name| self.members(name)).collect();
        let size = axes.iter().map(Vec::len).fold(1usize, usize::saturating_mul);
        if size > MOST_ELEMENTS {
            return None;
        }
        let mut defined = Vec::with_capacity(size);
        for flat in 0..size {
            let mut rest = flat;
            let mut names: Vec<Name> = Vec::with_capacity(axes.len());
            for axis in axes.iter().rev() {
                names.push(axis[rest % axis.len()].clone());
                rest /= axis.len();
            }
            names.reverse();
            let excepted = |list: &Vec<Name>| {
                list.iter().zip(&names).all(|(except, element)| self.members(except).contains(&element))
            };
            if !equation.except.iter().any(excepted) {
                defined.push((flat, names));
            }
        }
        Some(defined)
    }

    /// Whether equations leave elements of their variable's dimensions undefined.
    pub fn is_partial(&self, variable: &Variable) -> bool {
        let dimensions = self.dimensions(&variable.name);
        let size = dimensions.iter().map(|name| self.elements(name).len()).fold(1usize, usize::saturating_mul);
        let defined: BTreeSet<Vec<Name>> = variable
            .equations
            .iter()
            .filter(|equation| !matches!(equation.definition, Definition::Skipped(_)))
            .filter_map(|equation| self.defined(equation))
            .flatten()
            .map(|(_, names)| names)
            .collect();
        defined.len() < size
    }
}

/// Gathers the elements of a dimension through subranges and aliases.
fn open(model: &Model, name: &Name, into: &mut Vec<Name>, path: &mut Vec<Name>) {
    if path.contains(name) {
        return;
    }
    let Some(dimension) = model.dimensions.iter().find(|dimension| dimension.name == *name) else {
        into.push(name.clone());
        return;
    };
    path.push(name.clone());
    if let Some(target) = &dimension.alias_of {
        open(model, target, into, path);
    }
    for item in &dimension.items {
        match item {
            DimensionItem::Name(item) if item != name => open(model, item, into, path),
            DimensionItem::Name(item) => into.push(item.clone()),
            DimensionItem::Range { prefix, first, last } => {
                into.extend((*first..=*last).map(|number| Name::new(&format!("{prefix}{number}"))));
            }
        }
    }
    path.pop();
}
