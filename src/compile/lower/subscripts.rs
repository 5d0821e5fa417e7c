//! Subscripts of a reference into the coordinates of one element, or of several at run time.

use super::scope::Context;
use super::{Failed, Lowered, Lowering};
use crate::check::{ElementId, Symbol, product};
use crate::compile::fault::Fault;
use crate::compile::graph::{Value, VectorOperation};
use crate::diagnostic::Span;
use crate::model::{Dialect, Expression, ExpressionKind, Function, Name, Subscript, SubscriptKind};

/// One place of a reference: an element known now, or a number computed at run time that counts from 1.
enum Index {
    Known(ElementId),
    Computed(Value),
}

impl<'a> Lowering<'a> {
    /// An element of a variable named with subscripts, or without them where XMILE understands them.
    pub(super) fn array_read(
        &mut self,
        instance: usize,
        variable: usize,
        subscripts: &'a [Subscript],
        expression: &'a Expression,
        context: &Context,
    ) -> Lowered {
        let scope = self.instances[instance].scope;
        let checked = self.checked;
        let axes = &checked.scope(scope).elements[variable].dimensions;
        let indices = self.indices(subscripts, axes, expression.span, context)?;
        if indices.iter().all(|index| matches!(index, Index::Known(_))) {
            let coordinates: Vec<ElementId> = indices
                .iter()
                .filter_map(|index| match index {
                    Index::Known(element) => Some(*element),
                    Index::Computed(_) => None,
                })
                .collect();
            return self.defined_element(instance, variable, &coordinates, expression.span, context);
        }
        self.computed_read(instance, variable, &indices, expression, context)
    }

    /// The coordinates that subscripts select, all known before the run.
    pub(super) fn coordinates(
        &mut self,
        subscripts: &'a [Subscript],
        axes: &[Option<usize>],
        span: Span,
        context: &Context,
    ) -> Result<Vec<ElementId>, Failed> {
        let mut coordinates = Vec::with_capacity(axes.len());
        for index in self.indices(subscripts, axes, span, context)? {
            match index {
                Index::Known(element) => coordinates.push(element),
                Index::Computed(_) => return Err(self.outside("an index computed during the run", span, context)),
            }
        }
        Ok(coordinates)
    }

    fn indices(
        &mut self,
        subscripts: &'a [Subscript],
        axes: &[Option<usize>],
        span: Span,
        context: &Context,
    ) -> Result<Vec<Index>, Failed> {
        let mut indices = Vec::with_capacity(axes.len());
        if subscripts.is_empty() {
            let mut used = Vec::new();
            for axis in axes {
                match axis.and_then(|axis| self.understood(axis, context, &mut used)) {
                    Some(element) => indices.push(Index::Known(element)),
                    None => {
                        let name = axis.map_or("its subscript", |axis| self.checked.dimensions().get(axis).name.text());
                        return Err(self.outside(name, span, context));
                    }
                }
            }
        }
        let mut seen = Vec::new();
        for (place, subscript) in subscripts.iter().enumerate() {
            let axis = axes.get(place).copied().flatten();
            indices.push(self.index(subscript, axis, context, &mut seen)?);
        }
        Ok(indices)
    }

    fn defined_element(
        &mut self,
        instance: usize,
        variable: usize,
        coordinates: &[ElementId],
        span: Span,
        context: &Context,
    ) -> Lowered {
        let scope = self.instances[instance].scope;
        if !self.checked.scope(scope).elements[variable].defined_by.contains_key(coordinates) {
            let element = self.name_of(instance, variable, coordinates);
            return Err(self.fail(Fault::UndefinedElement { element, span }));
        }
        self.element(context.phase, instance, variable, coordinates)
    }

    /// The dimension of an array left bare: bound on the left-hand side, or reduced over.
    fn understood(&self, axis: usize, context: &Context, used: &mut Vec<usize>) -> Option<ElementId> {
        let dimensions = self.checked.dimensions();
        let all = context.reduced.iter().chain(context.bound.iter()).enumerate();
        let fits = |(place, (dimension, element)): &(usize, &(usize, ElementId))| {
            !used.contains(place)
                && (dimensions.same(*dimension, axis) || dimensions.get(axis).elements.contains(element))
        };
        let exact = all.clone().find(|item| fits(item) && dimensions.same(item.1.0, axis));
        let (place, (_, element)) = exact.or_else(|| all.clone().find(|item| fits(item)))?;
        used.push(place);
        Some(*element)
    }

    fn index(
        &mut self,
        subscript: &'a Subscript,
        axis: Option<usize>,
        context: &Context,
        seen: &mut Vec<usize>,
    ) -> Result<Index, Failed> {
        let checked = self.checked;
        let scope = self.instances[context.instance].scope;
        let names = &checked.scope(scope).names;
        match &subscript.kind {
            SubscriptKind::Name(name) => {
                if let Some(dimension) = names.dimension(name) {
                    let reduced = || context.reduced.iter().rev().find(|(own, _)| *own == dimension).map(|(_, e)| *e);
                    return match self.bound_element(dimension, context).or_else(reduced) {
                        Some(element) => Ok(Index::Known(element)),
                        None => Err(self.outside(name.text(), subscript.span, context)),
                    };
                }
                if let Some(element) = checked.dimensions().element(name) {
                    return Ok(Index::Known(element));
                }
                // XMILE: a variable as an index.
                match names.symbol(name) {
                    Some(Symbol::Variable(variable)) => {
                        let value = self.element(context.phase, context.instance, variable, &[])?;
                        Ok(Index::Computed(value))
                    }
                    _ => Err(self.outside(name.text(), subscript.span, context)),
                }
            }
            SubscriptKind::Reduced(name) => {
                let found = names.dimension(name).and_then(|dimension| {
                    context.reduced.iter().rev().find(|(reduced, _)| *reduced == dimension).map(|(_, element)| *element)
                });
                match found {
                    Some(element) => Ok(Index::Known(element)),
                    None => Err(self.outside(&format!("{name}!"), subscript.span, context)),
                }
            }
            SubscriptKind::All => {
                let found = axis.and_then(|axis| {
                    let places = context.reduced.iter().enumerate();
                    places
                        .filter(|(place, (reduced, _))| *reduced == axis && !seen.contains(place))
                        .map(|(place, (_, element))| (place, *element))
                        .next()
                });
                match found {
                    Some((place, element)) => {
                        seen.push(place);
                        Ok(Index::Known(element))
                    }
                    None => Err(self.outside("*", subscript.span, context)),
                }
            }
            SubscriptKind::Position(position) => {
                let element = axis
                    .and_then(|axis| checked.dimensions().get(axis).elements.get(position.checked_sub(1)?).copied());
                // Dimensions of a given size have their numbers as element names.
                let named = || checked.dimensions().element(&Name::new(&position.to_string()));
                match element.or_else(named) {
                    Some(element) => Ok(Index::Known(element)),
                    None => Err(self.outside(&position.to_string(), subscript.span, context)),
                }
            }
            SubscriptKind::Computed(index) => {
                if let ExpressionKind::Number(value) = index.kind {
                    let element = axis.and_then(|axis| {
                        checked.dimensions().get(axis).elements.get((value as usize).checked_sub(1)?).copied()
                    });
                    if let Some(element) = element {
                        return Ok(Index::Known(element));
                    }
                }
                self.expression(index, context).map(Index::Computed)
            }
        }
    }

    /// The element that a dimension named on the right stands for: bound itself, by mapping, or by membership.
    pub(super) fn bound_element(&self, dimension: usize, context: &Context) -> Option<ElementId> {
        let dimensions = self.checked.dimensions();
        let bound = context.bound.iter();
        bound
            .clone()
            .find(|(own, _)| dimensions.same(*own, dimension))
            .map(|(_, element)| *element)
            .or_else(|| bound.clone().find_map(|(own, element)| dimensions.map(*own, *element, dimension)))
            .or_else(|| bound.clone().find_map(|(own, element)| dimensions.translate(*own, *element, dimension)))
    }

    fn outside(&mut self, subscript: &str, span: Span, context: &Context) -> Failed {
        let variable = self.reading(context);
        let xmile = self.dialect() == Dialect::Xmile;
        self.fail(Fault::SubscriptOutside { subscript: subscript.to_owned(), variable, xmile, span })
    }

    /// XMILE: indices computed at run time. Outside its dimension the value is 0, as Stella gives.
    fn computed_read(
        &mut self,
        instance: usize,
        variable: usize,
        indices: &[Index],
        expression: &'a Expression,
        context: &Context,
    ) -> Lowered {
        let scope = self.instances[instance].scope;
        let checked = self.checked;
        let axes = checked.scope(scope).elements[variable].dimensions.clone();
        let mut members: Vec<Vec<ElementId>> = Vec::new();
        let mut place: Option<Value> = None;
        let mut valid: Option<Value> = None;
        for (index, axis) in indices.iter().zip(axes) {
            match index {
                Index::Known(element) => members.push(vec![*element]),
                Index::Computed(value) => {
                    let elements = axis.map(|axis| checked.dimensions().get(axis).elements.clone()).unwrap_or_default();
                    let size = self.number(elements.len() as f64);
                    let one = self.number(1.0);
                    use crate::compile::operation::{Binary, Unary};
                    let whole = self.graph.unary(Unary::Floor, *value);
                    let from_zero = self.graph.binary(Binary::Subtract, whole, one);
                    let above = self.graph.binary(Binary::LessOrEqual, one, whole);
                    let below = self.graph.binary(Binary::LessOrEqual, whole, size);
                    let inside = self.graph.binary(Binary::And, above, below);
                    valid = Some(match valid {
                        None => inside,
                        Some(before) => self.graph.binary(Binary::And, before, inside),
                    });
                    place = Some(match place {
                        None => from_zero,
                        Some(before) => {
                            let scaled = self.graph.binary(Binary::Multiply, before, size);
                            self.graph.binary(Binary::Add, scaled, from_zero)
                        }
                    });
                    members.push(elements);
                }
            }
        }
        let (Some(place), Some(valid)) = (place, valid) else { return Err(Failed) };
        let slices: Vec<&[ElementId]> = members.iter().map(Vec::as_slice).collect();
        self.count_reads(combinations(&slices), expression, context)?;
        let mut inputs = vec![place];
        for coordinates in product(&slices) {
            inputs.push(self.defined_element(instance, variable, &coordinates, expression.span, context)?);
        }
        let picked = self.graph.vector(VectorOperation::Pick, inputs, 1)[0];
        let zero = self.number(0.0);
        Ok(self.graph.select(valid, picked, zero))
    }

    /// A dimension as a number: that of the element which it stands for.
    pub(super) fn position_of_dimension(&mut self, dimension: usize, span: Span, context: &Context) -> Lowered {
        let name = self.checked.dimensions().get(dimension).name.text().to_owned();
        let reduced = context.reduced.iter().rev().find(|(own, _)| *own == dimension).map(|(_, element)| *element);
        match self.bound_element(dimension, context).or(reduced) {
            Some(element) => Ok(self.position(element)),
            None => Err(self.outside(&name, span, context)),
        }
    }

    /// An element as a number.
    pub(super) fn position_of_element(&mut self, name: &Name) -> Value {
        match self.checked.dimensions().element(name) {
            Some(element) => self.position(element),
            None => self.number(0.0),
        }
    }

    /// The place of an element, from 1, in the largest dimension that lists it: a subrange counts as its whole does.
    fn position(&mut self, element: ElementId) -> Value {
        let place = self.largest_dimension(Some(element)).and_then(|dimension| {
            self.checked.dimensions().get(dimension).elements.iter().position(|own| *own == element)
        });
        self.number(place.map_or(0, |place| place + 1) as f64)
    }

    /// The dimensions that a reduction of `expression` runs over: those marked `!`, XMILE's `*`, and the dimensions of
    /// arrays named without subscripts. Reductions inside are left alone.
    pub(super) fn reduced_dimensions(&self, expression: &'a Expression, context: &Context) -> Vec<usize> {
        let mut found = Vec::new();
        self.collect_reduced(expression, context, &mut found);
        found
    }

    fn collect_reduced(&self, expression: &'a Expression, context: &Context, found: &mut Vec<usize>) {
        let scope = self.checked.scope(self.instances[context.instance].scope);
        match &expression.kind {
            ExpressionKind::Reference { name, subscripts }
            | ExpressionKind::Call { function: name, subscripts, .. } => {
                let axes = match scope.names.symbol(name) {
                    Some(Symbol::Variable(variable)) => scope.elements[variable].dimensions.clone(),
                    _ => Vec::new(),
                };
                let mut starred = Vec::new();
                if subscripts.is_empty() {
                    starred.extend(axes.iter().copied().flatten());
                }
                for (place, subscript) in subscripts.iter().enumerate() {
                    match &subscript.kind {
                        SubscriptKind::Reduced(name) => {
                            if let Some(dimension) = scope.names.dimension(name)
                                && !found.contains(&dimension)
                            {
                                found.push(dimension);
                            }
                        }
                        // XMILE: a dimension that the left-hand side does not bind is meant whole.
                        SubscriptKind::Name(name) if self.dialect() == Dialect::Xmile => {
                            if let Some(dimension) = scope.names.dimension(name)
                                && self.bound_element(dimension, context).is_none()
                                && !found.contains(&dimension)
                            {
                                found.push(dimension);
                            }
                        }
                        SubscriptKind::All => starred.extend(axes.get(place).copied().flatten()),
                        _ => {}
                    }
                }
                // `a[*,*]` over one dimension twice needs it twice.
                for dimension in &starred {
                    let wanted = starred.iter().filter(|other| *other == dimension).count();
                    let have = found.iter().filter(|other| *other == dimension).count();
                    if have < wanted {
                        found.push(*dimension);
                    }
                }
                if let ExpressionKind::Call { function, arguments, .. } = &expression.kind {
                    let known = Function::named(self.dialect(), function);
                    if !matches!(known, Some(function) if is_reduction(function)) {
                        for argument in arguments {
                            self.collect_reduced(argument, context, found);
                        }
                    }
                }
            }
            _ => {
                for child in expression.children() {
                    self.collect_reduced(child, context, found);
                }
            }
        }
    }

    /// Values of `expression` for every combination of the dimensions, the last running fastest.
    pub(super) fn spread(
        &mut self,
        expression: &'a Expression,
        over: &[usize],
        context: &Context,
    ) -> Result<Vec<Value>, Failed> {
        let dimensions = self.checked.dimensions();
        let axes: Vec<&[ElementId]> = over.iter().map(|number| dimensions.get(*number).elements.as_slice()).collect();
        let mut values = Vec::new();
        self.count_reads(combinations(&axes), expression, context)?;
        for coordinates in product(&axes) {
            let reduced: Vec<_> = over.iter().copied().zip(coordinates).collect();
            values.push(self.expression(expression, &context.with_reduced(&reduced))?);
        }
        Ok(values)
    }
}

/// How many coordinates there are along these axes.
fn combinations(axes: &[&[ElementId]]) -> usize {
    axes.iter().fold(1, |count: usize, members| count.saturating_mul(members.len()))
}

/// Functions that turn many values into one.
pub fn is_reduction(function: Function) -> bool {
    matches!(
        function,
        Function::Sum
            | Function::Product
            | Function::VectorMinimum
            | Function::VectorMaximum
            | Function::VectorSelect
            | Function::StandardDeviation
            | Function::Size
    )
}
