//! Which equation defines which element of each variable.

use super::dimensions::{Dimensions, ElementId};
use super::finding::Finding;
use super::names::Names;
use crate::model::{Definition, Equation, Name, Variable};
use rustc_hash::FxHashMap;
use std::collections::HashSet;

/// How many elements the variables of a model may have in all. The largest published models have some hundred thousand.
pub const ELEMENT_LIMIT: usize = 1_000_000;

/// The elements of one variable. A variable without subscripts has one element with no coordinates.
#[derive(Clone, Debug, Default)]
pub struct Elements {
    /// Number of subscripts.
    pub rank: usize,
    /// Coordinates in the order of definition.
    pub order: Vec<Vec<ElementId>>,
    /// Coordinates to the defining equation and the place in its list of values.
    pub defined_by: FxHashMap<Vec<ElementId>, (usize, usize)>,
    /// For each subscript, the dimension of the equation that names the most elements there.
    pub dimensions: Vec<Option<usize>>,
}

impl Elements {
    /// Expands the left-hand sides of `variable`, to no more elements than are `left`.
    pub fn of(
        variable: &Variable,
        names: &Names,
        dimensions: &Dimensions,
        left: &mut usize,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let mut elements = Elements::default();
        for (number, equation) in variable.equations.iter().enumerate() {
            let subscripts = left_hand_side(variable, equation);
            if number == 0 {
                elements.rank = subscripts.len();
                elements.dimensions = vec![None; subscripts.len()];
            } else if subscripts.len() != elements.rank {
                findings.push(Finding::SubscriptCount {
                    variable: variable.name.clone(),
                    dimensions: Vec::new(),
                    given: subscripts.len(),
                    expected: elements.rank,
                    span: equation.span,
                });
                continue;
            }
            let Some(axes) = axes(subscripts, names, dimensions, equation, findings) else { continue };
            for (place, (dimension, members)) in axes.iter().enumerate() {
                let longer =
                    elements.dimensions[place].is_none_or(|old| dimensions.get(old).elements.len() < members.len());
                if dimension.is_some() && longer {
                    elements.dimensions[place] = *dimension;
                }
            }
            let wanted = axes.iter().try_fold(1usize, |count, (_, members)| count.checked_mul(members.len()));
            match wanted.and_then(|wanted| left.checked_sub(wanted)) {
                Some(rest) => *left = rest,
                None => {
                    findings.push(Finding::TooManyElements { variable: variable.name.clone(), span: equation.span });
                    continue;
                }
            }
            let mut excluded: Vec<Vec<HashSet<ElementId>>> = Vec::new();
            for list in &equation.except {
                if list.len() != subscripts.len() {
                    findings.push(Finding::SubscriptCount {
                        variable: variable.name.clone(),
                        dimensions: Vec::new(),
                        given: list.len(),
                        expected: subscripts.len(),
                        span: equation.span,
                    });
                    continue;
                }
                if let Some(axes) = self::axes(list, names, dimensions, equation, findings) {
                    excluded.push(axes.into_iter().map(|(_, members)| members.into_iter().collect()).collect());
                }
            }
            let members: Vec<&[ElementId]> = axes.iter().map(|(_, members)| members.as_slice()).collect();
            let mut count = 0;
            for (place, coordinates) in product(&members).into_iter().enumerate() {
                count += 1;
                let left_out = excluded
                    .iter()
                    .any(|list| list.iter().zip(&coordinates).all(|(members, element)| members.contains(element)));
                if left_out {
                    continue;
                }
                if let Some((first, _)) = elements.defined_by.get(&coordinates) {
                    // A text for readers (a reality check, a skipped definition) does not compete.
                    if matches!(equation.definition, Definition::Skipped(_)) {
                        continue;
                    }
                    let first = variable.equations[*first].span;
                    findings.push(if coordinates.is_empty() {
                        Finding::DuplicateVariable { name: variable.name.clone(), span: equation.span, first }
                    } else {
                        Finding::DuplicateElement {
                            variable: variable.name.clone(),
                            element: list(&coordinates, dimensions),
                            span: equation.span,
                            first,
                        }
                    });
                    break;
                }
                elements.order.push(coordinates.clone());
                elements.defined_by.insert(coordinates, (number, place));
            }
            if let Definition::Values(values) = &equation.definition
                && values.len() != count
            {
                findings.push(Finding::ValueCount {
                    variable: variable.name.clone(),
                    given: values.len(),
                    expected: count,
                    span: equation.span,
                });
            }
        }
        // An array whose elements each have an equation keeps the dimensions it declares.
        for (place, name) in variable.dimensions.iter().enumerate().take(elements.rank) {
            if elements.dimensions[place].is_none() {
                elements.dimensions[place] = names.dimension(name);
            }
        }
        elements
    }
}

/// The subscripts an equation defines: its own, or the variable's dimensions where XMILE applies it to all.
pub fn left_hand_side<'a>(variable: &'a Variable, equation: &'a Equation) -> &'a [Name] {
    if equation.subscripts.is_empty() { &variable.dimensions } else { &equation.subscripts }
}

type Axis = (Option<usize>, Vec<ElementId>);

fn axes(
    subscripts: &[Name],
    names: &Names,
    dimensions: &Dimensions,
    equation: &Equation,
    findings: &mut Vec<Finding>,
) -> Option<Vec<Axis>> {
    let mut axes = Vec::with_capacity(subscripts.len());
    for name in subscripts {
        if let Some(dimension) = names.dimension(name) {
            axes.push((Some(dimension), dimensions.get(dimension).elements.clone()));
        } else if let Some(element) = dimensions.element(name) {
            axes.push((None, vec![element]));
        } else {
            findings.push(Finding::UnknownSubscript {
                name: name.clone(),
                span: equation.span,
                nearest: super::nearest_name(name, names.subscripts()),
            });
        }
    }
    (axes.len() == subscripts.len()).then_some(axes)
}

/// All coordinates, the last axis running fastest.
pub fn product(axes: &[&[ElementId]]) -> Vec<Vec<ElementId>> {
    let mut all: Vec<Vec<ElementId>> = vec![Vec::with_capacity(axes.len())];
    for members in axes {
        let mut longer = Vec::with_capacity(all.len() * members.len());
        for coordinates in &all {
            for element in *members {
                let mut next = coordinates.clone();
                next.push(*element);
                longer.push(next);
            }
        }
        all = longer;
    }
    all
}

/// `a,b` for messages and column names.
pub fn list(coordinates: &[ElementId], dimensions: &Dimensions) -> String {
    let names: Vec<&str> = coordinates.iter().map(|element| dimensions.element_name(*element).text()).collect();
    names.join(",")
}
