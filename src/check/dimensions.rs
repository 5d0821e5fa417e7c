//! Subscripts resolved: which elements each dimension has, and how an element of one dimension stands for one of another.

use super::finding::Finding;
use crate::model::{DimensionItem, Model, Name};
use std::collections::HashMap;

/// An element's number; elements of one name are one element, whatever dimensions list them.
pub type ElementId = u32;

/// How deeply subscripts may be built of subscripts.
pub const DEPTH_LIMIT: usize = 100;

/// All dimensions of a model, in the order of `model.dimensions`.
#[derive(Clone, Debug, Default)]
pub struct Dimensions {
    list: Vec<ResolvedDimension>,
    elements: Vec<Name>,
    ids: HashMap<Name, ElementId>,
}

/// One dimension with its elements in order.
#[derive(Clone, Debug)]
pub struct ResolvedDimension {
    pub name: Name,
    pub elements: Vec<ElementId>,
    /// The dimension of which this one is an alias, or itself.
    canonical: usize,
    /// Target dimension, and for each own element the elements of the target it stands for.
    mappings: Vec<(usize, Vec<Vec<ElementId>>)>,
}

impl Dimensions {
    /// Resolves `model.dimensions`; `external` gives the element names of dimensions read from files.
    pub fn resolve(model: &Model, external: &HashMap<usize, Vec<Name>>, findings: &mut Vec<Finding>) -> Self {
        let index: HashMap<&Name, usize> =
            model.dimensions.iter().enumerate().rev().map(|(i, d)| (&d.name, i)).collect();
        let mut dimensions = Dimensions::default();
        let mut flat: Vec<Option<Vec<Name>>> = vec![None; model.dimensions.len()];
        for number in 0..model.dimensions.len() {
            let mut path = Vec::new();
            flatten(model, &index, external, number, &mut flat, &mut path, findings);
        }
        for (number, dimension) in model.dimensions.iter().enumerate() {
            let elements = flat[number].clone().unwrap_or_default();
            let elements = elements.iter().map(|name| dimensions.element_id(name)).collect();
            let mut canonical = number;
            // An alias that leads round in a circle is reported by `flatten`; here the walk only has to end.
            for _ in 0..model.dimensions.len() {
                match model.dimensions[canonical].alias_of.as_ref().and_then(|name| index.get(name)) {
                    Some(target) if *target != number => canonical = *target,
                    _ => break,
                }
            }
            dimensions.list.push(ResolvedDimension {
                name: dimension.name.clone(),
                elements,
                canonical,
                mappings: Vec::new(),
            });
        }
        for (number, dimension) in model.dimensions.iter().enumerate() {
            for mapping in &dimension.mappings {
                let Some(&target) = index.get(&mapping.target) else {
                    findings.push(Finding::UnknownDimension {
                        name: mapping.target.clone(),
                        span: mapping.span,
                        nearest: super::nearest_name(&mapping.target, model.dimensions.iter().map(|d| d.name.text())),
                    });
                    continue;
                };
                let images: Vec<Vec<ElementId>> = if mapping.items.is_empty() {
                    dimensions.list[target].elements.iter().map(|element| vec![*element]).collect()
                } else {
                    mapping.items.iter().map(|item| dimensions.members(&index, item)).collect()
                };
                let own = dimensions.list[number].elements.len();
                if images.len() != own {
                    findings.push(Finding::MappingLength {
                        from: dimension.name.clone(),
                        to: mapping.target.clone(),
                        own,
                        images: images.len(),
                        span: mapping.span,
                    });
                    continue;
                }
                dimensions.list[number].mappings.push((target, images));
            }
        }
        dimensions
    }

    fn members(&mut self, index: &HashMap<&Name, usize>, item: &Name) -> Vec<ElementId> {
        match index.get(item) {
            Some(&dimension) => self.list[dimension].elements.clone(),
            None => vec![self.element_id(item)],
        }
    }

    fn element_id(&mut self, name: &Name) -> ElementId {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = self.elements.len() as ElementId;
        self.elements.push(name.clone());
        self.ids.insert(name.clone(), id);
        id
    }

    pub fn get(&self, dimension: usize) -> &ResolvedDimension {
        &self.list[dimension]
    }

    /// All element names, by number.
    pub fn elements(&self) -> &[Name] {
        &self.elements
    }

    pub fn element(&self, name: &Name) -> Option<ElementId> {
        self.ids.get(name).copied()
    }

    pub fn element_name(&self, element: ElementId) -> &Name {
        &self.elements[element as usize]
    }

    /// The element of `to` that `element`, bound as a member of `from`, stands for: the same dimension or an alias;
    /// then a mapping of `to` onto `from` (Vensim's direction), then one of `from` onto `to`; then plain membership.
    pub fn translate(&self, from: usize, element: ElementId, to: usize) -> Option<ElementId> {
        let (source, target) = (&self.list[from], &self.list[to]);
        if source.canonical == target.canonical {
            return Some(element);
        }
        self.map(from, element, to).or_else(|| target.elements.contains(&element).then_some(element))
    }

    /// As [`Self::translate`], by mappings only.
    pub fn map(&self, from: usize, element: ElementId, to: usize) -> Option<ElementId> {
        let (source, target) = (&self.list[from], &self.list[to]);
        let onto = |(aim, _): &&(usize, Vec<Vec<ElementId>>)| {
            let aim = &self.list[*aim];
            aim.canonical == source.canonical || aim.elements.contains(&element)
        };
        for (_, images) in target.mappings.iter().filter(onto) {
            if let Some(position) = images.iter().position(|image| image.contains(&element)) {
                return Some(target.elements[position]);
            }
        }
        let position = source.elements.iter().position(|own| *own == element)?;
        for (aim, images) in &source.mappings {
            let aim = &self.list[*aim];
            if (aim.canonical == target.canonical
                || images[position].iter().all(|image| target.elements.contains(image)))
                && let [single] = images[position][..]
            {
                return Some(single);
            }
        }
        None
    }

    pub fn same(&self, one: usize, other: usize) -> bool {
        self.list[one].canonical == self.list[other].canonical
    }
}

/// The element names of a dimension, subranges opened.
fn flatten(
    model: &Model,
    index: &HashMap<&Name, usize>,
    external: &HashMap<usize, Vec<Name>>,
    number: usize,
    flat: &mut Vec<Option<Vec<Name>>>,
    path: &mut Vec<usize>,
    findings: &mut Vec<Finding>,
) -> Vec<Name> {
    if let Some(done) = &flat[number] {
        return done.clone();
    }
    let dimension = &model.dimensions[number];
    if path.contains(&number) {
        findings.push(Finding::DimensionCycle { name: dimension.name.clone(), span: dimension.span });
        flat[number] = Some(Vec::new());
        return Vec::new();
    }
    if path.len() == DEPTH_LIMIT {
        findings.push(Finding::DimensionDepth { name: dimension.name.clone(), span: dimension.span });
        return Vec::new();
    }
    path.push(number);
    let mut elements: Vec<Name> = external.get(&number).cloned().unwrap_or_default();
    if let Some(target) = &dimension.alias_of {
        match index.get(target) {
            Some(&target) => elements.extend(flatten(model, index, external, target, flat, path, findings)),
            None => findings.push(Finding::UnknownDimension {
                name: target.clone(),
                span: dimension.span,
                nearest: super::nearest_name(target, model.dimensions.iter().map(|d| d.name.text())),
            }),
        }
    }
    for item in &dimension.items {
        match item {
            DimensionItem::Name(name) => match index.get(name) {
                Some(&inner) if inner != number => {
                    elements.extend(flatten(model, index, external, inner, flat, path, findings));
                }
                _ => elements.push(name.clone()),
            },
            DimensionItem::Range { prefix, first, last } => {
                elements.extend((*first..=*last).map(|value| Name::new(&format!("{prefix}{value}"))));
            }
        }
    }
    path.pop();
    let mut seen = std::collections::HashSet::new();
    elements.retain(|name| seen.insert(name.clone()));
    flat[number] = Some(elements.clone());
    elements
}
