//! What the names in an equation mean: the variables of its model, those of other modules, dimensions and their
//! elements, and the functions of namespaces. Variables of modules get their flat names here.

use super::fault::Fault;
use super::grammar;
use super::lexer::WrittenName;
use crate::diagnostic::{Span, nearest};
use crate::model::{Dialect, Expression, ExpressionKind, Function, MacroParameter, Name, Subscript, SubscriptKind};
use roxmltree::NodeId;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Everything a file declares, before its equations are read.
#[derive(Default)]
pub(super) struct Declarations {
    pub dimensions: Vec<Shape>,
    /// By key.
    pub dimension_index: HashMap<String, usize>,
    /// Keys of all elements of all dimensions.
    pub elements: HashSet<String>,
    /// By key of the model's name; the root is `""`.
    pub models: BTreeMap<String, ModelNames>,
    /// Comparisons made by [`Declarations::nearest`].
    pub compared: Cell<usize>,
    /// Parameters of macros, by key of the name.
    pub macros: HashMap<String, Vec<MacroParameter>>,
    /// The dimensions of arrays, by key of the flat name.
    pub arrays: HashMap<String, Vec<usize>>,
    /// Variables with a graphical function, by key of the flat name.
    pub tables: HashMap<String, Declared>,
    /// What connected inputs stand for, by key of the flat name, followed to the end.
    pub sources: HashMap<String, Declared>,
    /// Whether XMUtil wrote the file.
    pub by_xmutil: bool,
}

/// A dimension and its elements; sized ones have numbers for names.
pub(super) struct Shape {
    pub name: Name,
    pub elements: Elements,
}

pub(super) enum Elements {
    Named {
        names: Vec<Name>,
        places: HashMap<Name, usize>,
    },
    Numbered(usize),
    /// In another file: any name may be an element.
    Elsewhere,
}

impl Shape {
    pub fn len(&self) -> usize {
        match &self.elements {
            Elements::Named { names, .. } => names.len(),
            Elements::Numbered(size) => *size,
            Elements::Elsewhere => 0,
        }
    }

    pub fn is_elsewhere(&self) -> bool {
        matches!(self.elements, Elements::Elsewhere)
    }

    /// Position of an element from 1.
    pub fn position(&self, name: &Name) -> Option<usize> {
        match &self.elements {
            Elements::Named { places, .. } => places.get(name).map(|index| index + 1),
            Elements::Numbered(size) => name.text().parse().ok().filter(|position| (1..=*size).contains(position)),
            Elements::Elsewhere => None,
        }
    }

    pub fn element(&self, index: usize) -> Option<Name> {
        match &self.elements {
            Elements::Named { names, .. } => names.get(index).cloned(),
            Elements::Numbered(size) => (index < *size).then(|| Name::new(&(index + 1).to_string())),
            Elements::Elsewhere => None,
        }
    }
}

/// The variables of one model.
#[derive(Default)]
pub(super) struct ModelNames {
    /// The module's name; `None` for the root and for macros.
    pub module: Option<String>,
    /// By key.
    pub variables: HashMap<String, Declared>,
    /// Whether the names of the root may be seen: not within a macro.
    pub closed: bool,
}

#[derive(Clone)]
pub(super) struct Declared {
    /// As it stands in the model: with the module before it.
    pub flat: Name,
    pub kind: Kind,
    /// Indices of [`Declarations::dimensions`].
    pub dimensions: Vec<usize>,
    pub has_table: bool,
    pub has_equation: bool,
    pub is_input: bool,
    /// A flow whose value its conveyor, queue or oven sets.
    pub is_driven: bool,
    /// A driven flow that leaves a conveyor before its end.
    pub is_leak: bool,
    pub node: NodeId,
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Stock,
    Flow,
    Auxiliary,
    Table,
    Parameter,
}

impl Declared {
    /// The name under which the graphical function is called.
    pub fn table(&self) -> Name {
        if self.has_equation {
            Name::new(&format!("{} graphical function", self.flat.text()))
        } else {
            self.flat.clone()
        }
    }
}

impl Declarations {
    pub fn dimension(&self, name: &Name) -> Option<usize> {
        self.dimension_index.get(name.key()).copied()
    }

    /// The variable that another stands for, or the variable itself.
    pub fn source<'d>(&'d self, declared: &'d Declared) -> &'d Declared {
        self.sources.get(declared.flat.key()).unwrap_or(declared)
    }

    pub fn nearest_dimension(&self, text: &str) -> Option<String> {
        self.nearest(text, self.dimensions.iter().map(|shape| shape.name.text()))
    }

    pub fn nearest_element(&self, shape: &Shape, text: &str) -> Option<String> {
        match &shape.elements {
            Elements::Named { names, .. } => self.nearest(text, names.iter().map(Name::text)),
            Elements::Numbered(_) | Elements::Elsewhere => None,
        }
    }

    /// The candidate nearest to a misspelt name, as long as not too many names have been compared already.
    pub fn nearest<'n>(&self, text: &str, candidates: impl Iterator<Item = &'n str>) -> Option<String> {
        let spent = self.compared.get();
        if spent >= MOST_COMPARISONS {
            return None;
        }
        let candidates: Vec<&str> = candidates.take(MOST_COMPARISONS - spent).collect();
        self.compared.set(spent + candidates.len());
        nearest(text, candidates).map(str::to_owned)
    }
}

/// Names that are compared with misspelt ones in one file.
const MOST_COMPARISONS: usize = 500_000;

/// The point of view of one equation.
pub(super) struct Scope<'s> {
    pub file: &'s Declarations,
    pub model: &'s ModelNames,
    /// The variable whose equation this is.
    pub owner: Option<&'s Declared>,
    /// Graphical functions that are called although their variable has an equation too.
    pub tables_used: &'s RefCell<BTreeSet<Name>>,
}

/// What a bare name between brackets is.
pub(super) enum Index {
    Named(Name),
    Value(ExpressionKind),
}

type Meaning<T> = Result<T, (Fault, Span)>;

const VALUES: [&str; 8] = ["time", "dt", "starttime", "stoptime", "pi", "inf", "nan", "self"];
/// Namespaces whose names Stella knows without them; `vensim` keeps its own, since its functions differ.
const OPEN_NAMESPACES: [&str; 3] = ["std", "isee", "user"];

impl Scope<'_> {
    pub fn owner_name(&self) -> Option<String> {
        self.owner.map(|owner| owner.flat.text().to_owned())
    }

    /// What `@1`, `@2` ... stand for: a dimension of the owner.
    pub fn owner_dimension(&self, position: usize, span: Span) -> Meaning<Name> {
        let dimension = self.owner.and_then(|owner| owner.dimensions.get(position.checked_sub(1)?).copied());
        let Some(dimension) = dimension else { return Err((Fault::BadIndex, span)) };
        let name = self.file.dimensions[dimension].name.clone();
        if self.owner_has(dimension).1 { Err(self.ambiguous(&name, span)) } else { Ok(name) }
    }

    /// Whether the owner has a dimension, and whether it has it twice.
    fn owner_has(&self, dimension: usize) -> (bool, bool) {
        let count = self.owner.map_or(0, |owner| owner.dimensions.iter().filter(|own| **own == dimension).count());
        (count > 0, count > 1)
    }

    pub fn owner_has_once(&self, dimension: usize) -> bool {
        self.owner_has(dimension) == (true, false)
    }

    /// The dimensions of an array by its flat name.
    pub fn dimensions_of(&self, flat: &Name) -> Option<&[usize]> {
        let within = self.model.variables.get(flat.key()).filter(|declared| declared.flat == *flat);
        let within = within.map(|declared| self.file.source(declared).dimensions.as_slice());
        let dimensions = within.or_else(|| self.file.arrays.get(flat.key()).map(Vec::as_slice));
        dimensions.filter(|dimensions| !dimensions.is_empty())
    }

    fn ambiguous(&self, dimension: &Name, span: Span) -> (Fault, Span) {
        let construct = format!("an index by the dimension `{}`, which it has twice", dimension.text());
        let instead = "define a second dimension of the same size and use it in one of the two places";
        (Fault::Unsupported { construct, variable: self.owner_name(), instead }, span)
    }

    /// A dimension by name as an index: bound by the owner, or, within a reduction, run over.
    pub fn dimension_index(&self, name: Name, reducing: bool, span: Span) -> Meaning<SubscriptKind> {
        let Some(dimension) = self.file.dimension(&name) else { return Ok(SubscriptKind::Name(name)) };
        match self.owner_has(dimension) {
            (_, true) => Err(self.ambiguous(&name, span)),
            (false, _) if reducing && self.owner.is_some() => Ok(SubscriptKind::Reduced(name)),
            _ => Ok(SubscriptKind::Name(name)),
        }
    }

    /// The dimension at a place of an array.
    pub fn dimension_at(&self, name: &WrittenName, place: usize) -> Option<usize> {
        self.declared(name).and_then(|declared| declared.dimensions.get(place).copied())
    }

    /// The variable that a written name means.
    pub fn declared(&self, name: &WrittenName) -> Option<&Declared> {
        match (name.rooted, name.parts.as_slice()) {
            (false, [own]) if own.eq_ignore_ascii_case("self") && !self.model.variables.contains_key("self") => {
                self.owner
            }
            (false, [own]) => self.model.variables.get(Name::new(own).key()),
            (true, [own]) => self.file.models.get("")?.variables.get(Name::new(own).key()),
            (_, [.., module, own]) if !self.model.closed => {
                self.file.models.get(Name::new(module).key())?.variables.get(Name::new(own).key())
            }
            _ => None,
        }
    }

    /// A declared name with an apostrophe behind it that is not the name's own.
    pub fn is_transposed(&self, written: &WrittenName) -> bool {
        let mut bare = written.clone();
        let Some(last) = bare.parts.last_mut() else { return false };
        let Some(stripped) = last.strip_suffix('\'') else { return false };
        *last = stripped.to_owned();
        self.declared(written).is_none() && self.declared(&bare).is_some()
    }

    /// A name used as a value.
    pub fn reference(
        &self,
        written: &WrittenName,
        subscripts: Vec<Subscript>,
        index_of: Option<usize>,
        span: Span,
    ) -> Meaning<ExpressionKind> {
        if let Some(declared) = self.declared(written) {
            return Ok(ExpressionKind::Reference { name: declared.flat.clone(), subscripts });
        }
        if let ([dimension, element], true) = (written.parts.as_slice(), subscripts.is_empty())
            && let Some(position) = self.element_position(dimension, element, span)?
        {
            return Ok(ExpressionKind::Number(position as f64));
        }
        let name = self.outer_name(written);
        if let (Some(place), true) = (index_of, subscripts.is_empty())
            && let Some(position) = self.file.dimensions[place].position(&name)
        {
            return Ok(ExpressionKind::Number(position as f64));
        }
        Ok(ExpressionKind::Reference { name: self.flat(written, name), subscripts })
    }

    /// `Location.Boston`: the position of an element, where the first part is a dimension.
    fn element_position(&self, dimension: &str, element: &str, span: Span) -> Meaning<Option<usize>> {
        let Some(index) = self.file.dimension(&Name::new(dimension)) else { return Ok(None) };
        let shape = &self.file.dimensions[index];
        match shape.position(&Name::new(element)) {
            Some(position) => Ok(Some(position)),
            None => Err((
                Fault::UnknownElementSubscript {
                    text: element.to_owned(),
                    dimension: shape.name.text().to_owned(),
                    nearest: self.file.nearest_element(shape, element),
                },
                span,
            )),
        }
    }

    /// The flat name of what is declared nowhere: within a module it gets the module's name, so that it cannot mean
    /// a variable of the root by accident.
    fn flat(&self, written: &WrittenName, name: Name) -> Name {
        let free = written.parts.len() > 1
            || written.rooted
            || VALUES.contains(&name.key())
            || self.file.dimension(&name).is_some()
            || self.file.elements.contains(name.key());
        match &self.model.module {
            Some(module) if !free => Name::new(&format!("{module}.{}", name.text())),
            _ => name,
        }
    }

    /// The name without an open namespace.
    fn outer_name(&self, written: &WrittenName) -> Name {
        match written.parts.as_slice() {
            [namespace, rest @ ..]
                if !rest.is_empty() && OPEN_NAMESPACES.contains(&namespace.to_ascii_lowercase().as_str()) =>
            {
                Name::new(&rest.join("."))
            }
            parts => Name::new(&parts.join(".")),
        }
    }

    /// A bare name between brackets: an element of the dimension there, a dimension, or a variable.
    pub fn index(&self, written: &WrittenName, place: Option<usize>, span: Span) -> Meaning<Index> {
        if let [dimension, element] = written.parts.as_slice()
            && self.element_position(dimension, element, span)?.is_some()
        {
            return Ok(Index::Named(Name::new(element)));
        }
        if let ([own], false) = (written.parts.as_slice(), written.rooted) {
            let name = Name::new(own);
            let is_element = match place {
                Some(place) => {
                    let shape = &self.file.dimensions[place];
                    shape.position(&name).is_some() || (shape.is_elsewhere() && self.declared(written).is_none())
                }
                None => self.file.elements.contains(name.key()),
            };
            if is_element || self.file.dimension(&name).is_some() {
                return Ok(Index::Named(name));
            }
            if let (Some(place), true) = (place, self.declared(written).is_none()) {
                let shape = &self.file.dimensions[place];
                return Err((
                    Fault::UnknownElementSubscript {
                        text: own.clone(),
                        dimension: shape.name.text().to_owned(),
                        nearest: self.file.nearest_element(shape, own),
                    },
                    span,
                ));
            }
        }
        self.reference(written, Vec::new(), place, span).map(Index::Value)
    }

    /// A name applied to arguments: a graphical function, a macro or a built-in function.
    pub fn call(
        &self,
        written: &WrittenName,
        subscripts: Vec<Subscript>,
        mut arguments: Vec<Expression>,
        name_span: Span,
    ) -> Meaning<ExpressionKind> {
        if let Some(declared) = self.declared(written).map(|declared| self.file.source(declared)) {
            if declared.has_table {
                return Ok(ExpressionKind::Call { function: self.table_of(declared), subscripts, arguments });
            }
            let is_function = Function::named(Dialect::Xmile, &self.outer_name(written)).is_some();
            if declared.kind != Kind::Parameter && !is_function {
                return self.element_by_number(declared, &arguments, name_span);
            }
        }
        let function = self.outer_name(written);
        if let Some(parameters) = self.file.macros.get(function.key()) {
            let filled = super::macros::complete(parameters, &mut arguments);
            filled.ok_or((Fault::TooDeep { levels: grammar::HIGHEST }, name_span))?;
        }
        if function.key() == "if then else" && arguments.len() == 3 {
            let mut parts = arguments.drain(..).map(Box::new);
            if let (Some(condition), Some(then), Some(otherwise)) = (parts.next(), parts.next(), parts.next()) {
                return Ok(ExpressionKind::Conditional { condition, then, otherwise });
            }
        }
        if function.key().starts_with("lookup")
            && let Some(ExpressionKind::Reference { name, .. }) = arguments.first_mut().map(|first| &mut first.kind)
            && let Some(declared) = self.with_table(name)
        {
            *name = self.table_of(declared);
        }
        Ok(ExpressionKind::Call { function, subscripts, arguments })
    }

    /// `A(10)`: the tenth element of an array, row by row (XMILE 3.3.2).
    fn element_by_number(&self, array: &Declared, arguments: &[Expression], span: Span) -> Meaning<ExpressionKind> {
        let name = array.flat.text().to_owned();
        let (false, [argument]) = (array.dimensions.is_empty(), arguments) else {
            return Err((Fault::NotCallable { name }, span));
        };
        let sizes: Vec<usize> = array.dimensions.iter().map(|index| self.file.dimensions[*index].len()).collect();
        let number = match argument.kind {
            ExpressionKind::Number(value) if value >= 1.0 && value.fract() == 0.0 => value as usize - 1,
            _ => {
                let construct = format!("an element of `{name}` by a computed number");
                let instead = "write the indices between brackets";
                return Err((Fault::Unsupported { construct, variable: self.owner_name(), instead }, argument.span));
            }
        };
        let mut rest = number;
        let mut places = Vec::new();
        for size in sizes.iter().rev() {
            places.push(rest % size + 1);
            rest /= size;
        }
        if rest > 0 {
            return Err((Fault::BadIndex, argument.span));
        }
        let subscript = |place| Subscript { kind: SubscriptKind::Position(place), span: argument.span };
        let subscripts = places.into_iter().rev().map(subscript).collect();
        Ok(ExpressionKind::Reference { name: array.flat.clone(), subscripts })
    }

    fn table_of(&self, declared: &Declared) -> Name {
        let table = declared.table();
        if declared.has_equation {
            self.tables_used.borrow_mut().insert(table.clone());
        }
        table
    }

    fn with_table(&self, flat: &Name) -> Option<&Declared> {
        let within = self.model.variables.get(flat.key()).filter(|declared| declared.has_table);
        let connected = || self.file.sources.get(flat.key()).filter(|declared| declared.has_table);
        within.or_else(connected).or_else(|| self.file.tables.get(flat.key()))
    }
}

/// A subscript that names a dimension or element.
pub(super) fn named(name: Name, span: Span) -> Subscript {
    Subscript { kind: SubscriptKind::Name(name), span }
}
