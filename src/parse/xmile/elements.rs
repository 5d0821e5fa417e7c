//! Which elements each equation of an array defines: `element` by `element`, one equation for the rest, or several
//! in order.

use super::document::Element;
use super::fault::Fault;
use super::grammar;
use super::scope::Declared;
use super::text::PlacedText;
use super::variable::Reader;
use crate::diagnostic::Span;
use crate::model::Name;
use roxmltree::Node;
use std::collections::BTreeSet;

/// Arrays above this size are not checked for missing elements.
const LARGEST_ARRAY: usize = 1_000_000;
/// Missing elements that are named before the rest is counted.
const NAMED_ELEMENTS: usize = 5;

/// An equation still in XML: the elements it defines, its text and its graphical function.
pub(super) struct Part<'a, 'i> {
    pub subscripts: Vec<Name>,
    pub except: Vec<Vec<Name>>,
    pub eqn: Option<Node<'a, 'i>>,
    pub gf: Option<Node<'a, 'i>>,
    pub span: Span,
}

impl Reader<'_> {
    /// The equations of an element, one for each `element` within and one for the rest.
    pub fn parts<'a, 'i>(&mut self, element: Node<'a, 'i>, declared: &Declared) -> Vec<Part<'a, 'i>> {
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
            let (own_eqn, own_gf) = (one.child("eqn"), self.own_table(one));
            if own_eqn.is_none() && own_gf.is_none() && (eqn.is_some() || gf.is_some()) {
                continue; // the equation for the rest defines it
            }
            let shared = eqn.filter(|_| own_eqn.is_none()).map(|eqn| PlacedText::within(eqn, self.raw));
            if let Some(text) = shared.filter(|text| text.text.contains('(')) {
                // Delays in it would be one delay for all.
                let construct = "an equation with calls for elements of which only some have a graphical function";
                self.unsupported(
                    construct,
                    declared.flat.text(),
                    "give each element an equation of its own",
                    text.span,
                );
                continue;
            }
            seen.extend(defined);
            parts.push(Part { subscripts, except, eqn: own_eqn.or(eqn), gf: own_gf.or(gf), span });
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
    pub fn size(&self, declared: &Declared) -> usize {
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
        let more = size.saturating_sub(seen.len() + missing.len());
        Fault::MissingElements { variable: declared.flat.text().to_owned(), missing, more }
    }

    /// The element at a place counted row by row.
    pub fn element_at(&self, declared: &Declared, mut flat: usize) -> Option<Vec<Name>> {
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
                        nearest: self.file.nearest_element(shape, part),
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
}
