//! Functions over whole vectors: reductions, selection, ordering, matrix inversion, allocation.

use super::scope::Context;
use super::{Failed, Lowered, Lowering};
use crate::check::{ElementId, Symbol};
use crate::compile::fault::Fault;
use crate::compile::graph::{Value, VectorOperation};
use crate::compile::operation::{Binary, Unary};
use crate::model::{Dialect, Expression, ExpressionKind, Function, SubscriptKind};

/// Numerical actions of VECTOR SELECT.
const ACTIONS: usize = 11;

impl<'a> Lowering<'a> {
    pub(super) fn vector_function(
        &mut self,
        function: Function,
        arguments: &'a [Expression],
        expression: &'a Expression,
        context: &Context,
    ) -> Lowered {
        if let [argument] = arguments
            && let Some(value) = self.over_places(function, argument, context)
        {
            return value;
        }
        use Function as F;
        match function {
            F::Sum => self.reduce(Binary::Add, &arguments[0], context),
            F::Product => self.reduce(Binary::Multiply, &arguments[0], context),
            F::VectorMinimum | F::Minimum => self.reduce(Binary::Minimum, &arguments[0], context),
            F::VectorMaximum | F::Maximum => self.reduce(Binary::Maximum, &arguments[0], context),
            F::Mean => {
                let values = self.all_values(arguments, context)?;
                Ok(self.mean(&values))
            }
            F::StandardDeviation => {
                let values = self.all_values(arguments, context)?;
                Ok(self.deviation(&values))
            }
            F::Size => {
                let values = self.all_values(arguments, context)?;
                Ok(self.number(values.len() as f64))
            }
            F::ElementCount => self.element_count(&arguments[0], context),
            F::VectorSelect => self.vector_select(arguments, context),
            F::VectorElementMap => self.element_map(&arguments[0], &arguments[1], context),
            F::VectorSortOrder => {
                let parts = self.ordered(VectorOperation::SortOrder, arguments, context)?;
                self.own_part(&parts, &arguments[0], context)
            }
            F::VectorRank => {
                let parts = self.ordered(VectorOperation::Rank, arguments, context)?;
                self.own_part(&parts, &arguments[0], context)
            }
            F::VectorReorder => self.reorder(&arguments[0], &arguments[1], context),
            F::RankedIndex => self.ranked_index(arguments, context),
            F::InvertMatrix => self.invert(&arguments[0], expression, context),
            F::AllocateByPriority => self.allocate_by_priority(arguments, context),
            F::AllocateAvailable => self.allocate_available(arguments, context),
            _ => Err(self.unsupported(function, expression, context)),
        }
    }

    fn reduce(&mut self, operation: Binary, argument: &'a Expression, context: &Context) -> Lowered {
        let over = self.reduced_dimensions(argument, context);
        let values = self.spread(argument, &over, context)?;
        Ok(self.fold(operation, &values))
    }

    fn all_values(&mut self, arguments: &'a [Expression], context: &Context) -> Result<Vec<Value>, Failed> {
        if let [single] = arguments {
            let over = self.reduced_dimensions(single, context);
            return self.spread(single, &over, context);
        }
        arguments.iter().map(|argument| self.expression(argument, context)).collect()
    }

    fn mean(&mut self, values: &[Value]) -> Value {
        let sum = self.fold(Binary::Add, values);
        let count = self.number(values.len() as f64);
        self.graph.binary(Binary::Divide, sum, count)
    }

    /// Stella's STDDEV: the deviation of the sample, with n - 1.
    fn deviation(&mut self, values: &[Value]) -> Value {
        let mean = self.mean(values);
        let squares: Vec<Value> = values
            .iter()
            .map(|value| {
                let gap = self.graph.binary(Binary::Subtract, *value, mean);
                self.graph.binary(Binary::Multiply, gap, gap)
            })
            .collect();
        let sum = self.fold(Binary::Add, &squares);
        let count = self.number(values.len().saturating_sub(1).max(1) as f64);
        let variance = self.graph.binary(Binary::Divide, sum, count);
        self.graph.unary(Unary::SquareRoot, variance)
    }

    fn element_count(&mut self, argument: &'a Expression, context: &Context) -> Lowered {
        let scope = self.checked.scope(self.instance_scope(context));
        if let ExpressionKind::Reference { name, .. } = &argument.kind
            && let Some(Symbol::Dimension(dimension)) = scope.names.symbol(name)
        {
            let count = self.checked.dimensions().get(dimension).elements.len();
            return Ok(self.number(count as f64));
        }
        let variable = self.reading(context);
        Err(self.fail(Fault::NotConstant {
            argument: "the subscript of ELMCOUNT".to_owned(),
            variable,
            span: argument.span,
        }))
    }

    /// VECTOR SELECT(selection, expression, missing, numerical action, error action).
    fn vector_select(&mut self, arguments: &'a [Expression], context: &Context) -> Lowered {
        let [selection, expression, missing, action, _] = arguments else { return Err(Failed) };
        let mut over = self.reduced_dimensions(selection, context);
        for dimension in self.reduced_dimensions(expression, context) {
            if !over.contains(&dimension) {
                over.push(dimension);
            }
        }
        let selections = self.spread(selection, &over, context)?;
        let values = self.spread(expression, &over, context)?;
        let missing = self.expression(missing, context)?;
        let number = self.expression(action, context)?;
        let result = match self.constant_value(number) {
            Some(known) if known >= 0.0 && known < ACTIONS as f64 => {
                self.selected(known as usize, &selections, &values)
            }
            Some(known) => {
                let variable = self.reading(context);
                return Err(self.fail(Fault::Unsupported {
                    construct: format!("VECTOR SELECT with numerical action {known}"),
                    variable,
                    span: action.span,
                    instead: "use an action from 0 to 10".to_owned(),
                }));
            }
            None => {
                let whole = self.graph.unary(Unary::Truncate, number);
                let mut result = self.number(f64::NAN);
                for action in 0..ACTIONS {
                    let this = self.number(action as f64);
                    let chosen = self.graph.binary(Binary::Equal, whole, this);
                    let value = self.selected(action, &selections, &values);
                    result = self.graph.select(chosen, value, result);
                }
                result
            }
        };
        let zero = self.number(0.0);
        let taken: Vec<Value> =
            selections.iter().map(|selection| self.graph.binary(Binary::NotEqual, *selection, zero)).collect();
        let any = self.fold(Binary::Or, &taken);
        Ok(self.graph.select(any, result, missing))
    }

    /// Actions 0 to 4: sum, product, minimum, maximum and mean of the selected values weighted by their selection;
    /// 5: the product of `value ^ selection`, as Vensim computes it; 6 to 10: as 0 to 4 without weights.
    fn selected(&mut self, action: usize, selections: &[Value], values: &[Value]) -> Value {
        let (operation, neutral) = match action {
            0 | 4 | 6 | 10 => (Binary::Add, 0.0),
            1 | 5 | 7 => (Binary::Multiply, 1.0),
            2 | 8 => (Binary::Minimum, f64::INFINITY),
            _ => (Binary::Maximum, f64::NEG_INFINITY),
        };
        let (zero, neutral) = (self.number(0.0), self.number(neutral));
        let mut chosen = Vec::with_capacity(values.len());
        let mut taken = Vec::with_capacity(values.len());
        for (selection, value) in selections.iter().zip(values) {
            let weighted = match action {
                0..=4 => self.graph.binary(Binary::Multiply, *selection, *value),
                5 => self.graph.binary(Binary::Power, *value, *selection),
                _ => *value,
            };
            taken.push(self.graph.binary(Binary::NotEqual, *selection, zero));
            chosen.push(self.graph.select(taken[taken.len() - 1], weighted, neutral));
        }
        let result = self.fold(operation, &chosen);
        if !matches!(action, 4 | 10) {
            return result;
        }
        let count = self.fold(Binary::Add, &taken);
        self.graph.binary(Binary::Divide, result, count)
    }

    /// The dimension along which a vector function works: that of the last subscript of its argument.
    fn vector_dimension(&mut self, argument: &'a Expression, context: &Context) -> Result<usize, Failed> {
        let scope = self.checked.scope(self.instance_scope(context));
        let mut found = None;
        argument.walk(&mut |part| {
            if let ExpressionKind::Reference { name, subscripts } = &part.kind
                && found.is_none()
            {
                found = match subscripts.last().map(|subscript| &subscript.kind) {
                    Some(SubscriptKind::Name(name) | SubscriptKind::Reduced(name)) => scope.names.dimension(name),
                    Some(SubscriptKind::All) | None => match scope.names.symbol(name) {
                        Some(Symbol::Variable(variable)) => {
                            scope.elements[variable].dimensions.last().copied().flatten()
                        }
                        _ => None,
                    },
                    _ => None,
                };
            }
        });
        match found {
            Some(dimension) => Ok(dimension),
            None => {
                let variable = self.reading(context);
                Err(self.fail(Fault::NotAVector { variable, span: argument.span }))
            }
        }
    }

    /// The values of `argument` along `dimension`, everything else as bound.
    fn along(&mut self, argument: &'a Expression, dimension: usize, context: &Context) -> Result<Vec<Value>, Failed> {
        let elements: Vec<ElementId> = self.checked.dimensions().get(dimension).elements.clone();
        let mut values = Vec::with_capacity(elements.len());
        for element in elements {
            let context = context.rebound(dimension, element).with_reduced(&[(dimension, element)]);
            values.push(self.expression(argument, &context)?);
        }
        Ok(values)
    }

    /// The place, from 0, of the element being defined along `dimension`.
    fn own_place(&self, dimension: usize, context: &Context) -> Option<usize> {
        let dimensions = self.checked.dimensions();
        let place = |dimension: usize, element: ElementId| {
            dimensions.get(dimension).elements.iter().position(|own| *own == element)
        };
        self.bound_element(dimension, context)
            .and_then(|element| place(dimension, element))
            .or_else(|| context.bound.last().and_then(|(own, element)| place(*own, *element)))
    }

    fn own_part(&mut self, parts: &[Value], argument: &'a Expression, context: &Context) -> Lowered {
        let dimension = self.vector_dimension(argument, context)?;
        match self.own_place(dimension, context).and_then(|place| parts.get(place)) {
            Some(part) => Ok(*part),
            None => {
                let subscript = self.checked.dimensions().get(dimension).name.text().to_owned();
                let (variable, xmile) = (self.reading(context), self.dialect() == Dialect::Xmile);
                Err(self.fail(Fault::SubscriptOutside { subscript, variable, xmile, span: argument.span }))
            }
        }
    }

    fn ordered(
        &mut self,
        operation: VectorOperation,
        arguments: &'a [Expression],
        context: &Context,
    ) -> Result<Vec<Value>, Failed> {
        let dimension = self.vector_dimension(&arguments[0], context)?;
        let mut inputs = vec![self.expression(&arguments[1], context)?];
        inputs.extend(self.along(&arguments[0], dimension, context)?);
        let count = inputs.len() - 1;
        Ok(self.graph.vector(operation, inputs, count))
    }

    fn reorder(&mut self, vector: &'a Expression, order: &'a Expression, context: &Context) -> Lowered {
        let dimension = self.vector_dimension(vector, context)?;
        let along_order = self.vector_dimension(order, context)?;
        let values = self.along(vector, dimension, context)?;
        let places = self.along(order, along_order, context)?;
        let Some(own) = self.own_place(along_order, context) else { return Err(Failed) };
        let Some(place) = places.get(own) else { return Err(Failed) };
        let mut inputs = vec![*place];
        inputs.extend(values);
        Ok(self.graph.vector(VectorOperation::Pick, inputs, 1)[0])
    }

    /// VECTOR ELM MAP(vector[first], offset): the element `offset` places after the one named.
    fn element_map(&mut self, vector: &'a Expression, offset: &'a Expression, context: &Context) -> Lowered {
        let scope_number = self.instance_scope(context);
        let scope = self.checked.scope(scope_number);
        let ExpressionKind::Reference { name, subscripts } = &vector.kind else {
            return Err(self.not_a_vector(vector, context));
        };
        let Some(Symbol::Variable(variable)) = scope.names.symbol(name) else {
            return Err(self.not_a_vector(vector, context));
        };
        let Some(SubscriptKind::Name(last)) = subscripts.last().map(|subscript| &subscript.kind) else {
            return Err(self.not_a_vector(vector, context));
        };
        let dimensions = self.checked.dimensions();
        let (dimension, first) = match scope.names.dimension(last) {
            Some(dimension) => (dimension, self.bound_element(dimension, context)),
            None => {
                let element = dimensions.element(last);
                let own = scope.elements[variable].dimensions.last().copied().flatten();
                match own.or_else(|| self.largest_dimension(element)) {
                    Some(dimension) => (dimension, element),
                    None => return Err(self.not_a_vector(vector, context)),
                }
            }
        };
        let elements = dimensions.get(dimension).elements.clone();
        let start = first.and_then(|first| elements.iter().position(|own| *own == first)).unwrap_or(0);
        let offset = self.expression(offset, context)?;
        let start = self.number(start as f64);
        let place = self.graph.binary(Binary::Add, offset, start);
        let mut inputs = vec![place];
        for element in elements {
            inputs.push(self.with_last(vector, element, context)?);
        }
        Ok(self.graph.vector(VectorOperation::Pick, inputs, 1)[0])
    }

    fn not_a_vector(&mut self, argument: &Expression, context: &Context) -> Failed {
        let variable = self.reading(context);
        self.fail(Fault::NotAVector { variable, span: argument.span })
    }

    /// The largest dimension that lists an element.
    pub(super) fn largest_dimension(&self, element: Option<ElementId>) -> Option<usize> {
        let element = element?;
        let dimensions = self.checked.dimensions();
        (0..self.checked.model().dimensions.len())
            .filter(|number| dimensions.get(*number).elements.contains(&element))
            .max_by_key(|number| (dimensions.get(*number).elements.len(), std::cmp::Reverse(*number)))
    }

    /// A reference read with its last subscript replaced by `element`.
    fn with_last(&mut self, reference: &'a Expression, element: ElementId, context: &Context) -> Lowered {
        let scope_number = self.instance_scope(context);
        let scope = self.checked.scope(scope_number);
        let ExpressionKind::Reference { name, subscripts } = &reference.kind else {
            return Err(self.not_a_vector(reference, context));
        };
        let Some(Symbol::Variable(variable)) = scope.names.symbol(name) else {
            return Err(self.not_a_vector(reference, context));
        };
        let mut coordinates = Vec::with_capacity(subscripts.len());
        for subscript in subscripts.iter().take(subscripts.len().saturating_sub(1)) {
            let SubscriptKind::Name(name) = &subscript.kind else { return Err(self.not_a_vector(reference, context)) };
            let known = match scope.names.dimension(name) {
                Some(dimension) => self.bound_element(dimension, context),
                None => self.checked.dimensions().element(name),
            };
            match known {
                Some(known) => coordinates.push(known),
                None => return Err(self.not_a_vector(reference, context)),
            }
        }
        coordinates.push(element);
        self.element_at(context, variable, &coordinates, reference.span)
    }

    /// Stella's RANK(array, n): the index, from 1, of the n-th smallest.
    fn ranked_index(&mut self, arguments: &'a [Expression], context: &Context) -> Lowered {
        let over = self.reduced_dimensions(&arguments[0], context);
        let values = self.spread(&arguments[0], &over, context)?;
        let rank = self.expression(&arguments[1], context)?;
        let one = self.number(1.0);
        let mut inputs = vec![one];
        inputs.extend(&values);
        let order = self.graph.vector(VectorOperation::SortOrder, inputs, values.len());
        let place = self.graph.binary(Binary::Subtract, rank, one);
        let mut inputs = vec![place];
        inputs.extend(order);
        let index = self.graph.vector(VectorOperation::Pick, inputs, 1)[0];
        Ok(self.graph.binary(Binary::Add, index, one))
    }

    fn invert(&mut self, matrix: &'a Expression, expression: &'a Expression, context: &Context) -> Lowered {
        let scope = self.checked.scope(self.instance_scope(context));
        let mut axes = Vec::new();
        if let ExpressionKind::Reference { subscripts, .. } = &matrix.kind {
            for subscript in subscripts {
                if let SubscriptKind::Name(name) | SubscriptKind::Reduced(name) = &subscript.kind {
                    axes.extend(scope.names.dimension(name));
                }
            }
        }
        let dimensions = self.checked.dimensions();
        let bound: Vec<_> = context.bound.iter().copied().collect();
        let ([.., rows, columns], [.., own_row, own_column]) = (&axes[..], &bound[..]) else {
            return Err(self.not_a_vector(matrix, context));
        };
        let size = dimensions.get(*rows).elements.len();
        let place = |(dimension, element): (usize, ElementId)| {
            dimensions.get(dimension).elements.iter().position(|own| *own == element)
        };
        let (Some(row), Some(column)) = (place(*own_row), place(*own_column)) else {
            return Err(self.not_a_vector(matrix, context));
        };
        if dimensions.get(*columns).elements.len() != size {
            let variable = self.reading(context);
            return Err(self.fail(Fault::Unsupported {
                construct: "INVERT MATRIX of a matrix that is not square".to_owned(),
                variable,
                span: expression.span,
                instead: "give a matrix with as many rows as columns".to_owned(),
            }));
        }
        // An element of a larger dimension on the left would be none of the inverse's, or another one's.
        if [own_row, own_column].iter().any(|(dimension, _)| dimensions.get(*dimension).elements.len() != size) {
            let variable = self.reading(context);
            return Err(self.fail(Fault::Unsupported {
                construct: "INVERT MATRIX into an array of another size".to_owned(),
                variable,
                span: expression.span,
                instead: format!("give the left-hand side two subscripts of {size} elements, as the matrix has"),
            }));
        }
        let (row_elements, column_elements) =
            (dimensions.get(*rows).elements.clone(), dimensions.get(*columns).elements.clone());
        let mut inputs = Vec::with_capacity(size * size);
        for row in &row_elements {
            for column in &column_elements {
                let context = context.rebound(*rows, *row).rebound(*columns, *column);
                inputs.push(self.expression(matrix, &context)?);
            }
        }
        let parts = self.graph.vector(VectorOperation::Invert, inputs, size * size);
        Ok(parts[row * size + column])
    }

    fn allocate_by_priority(&mut self, arguments: &'a [Expression], context: &Context) -> Lowered {
        let [request, priority, _, width, supply] = arguments else { return Err(Failed) };
        let dimension = self.vector_dimension(request, context)?;
        let mut inputs = vec![self.expression(supply, context)?, self.expression(width, context)?];
        let requests = self.along(request, dimension, context)?;
        let priorities = self.along(priority, dimension, context)?;
        let count = requests.len();
        inputs.extend(requests);
        inputs.extend(priorities);
        let parts = self.graph.vector(VectorOperation::AllocateByPriority, inputs, count);
        self.own_part(&parts, request, context)
    }

    fn allocate_available(&mut self, arguments: &'a [Expression], context: &Context) -> Lowered {
        let [request, profile, available] = arguments else { return Err(Failed) };
        let dimension = self.vector_dimension(request, context)?;
        let mut inputs = vec![self.expression(available, context)?];
        let requests = self.along(request, dimension, context)?;
        let count = requests.len();
        inputs.extend(requests);
        let columns = self.profile_columns(profile, context)?;
        for element in self.checked.dimensions().get(dimension).elements.clone() {
            let context = context.rebound(dimension, element);
            for column in &columns {
                inputs.push(self.with_last(profile, *column, &context)?);
            }
        }
        let parts = self.graph.vector(VectorOperation::AllocateAvailable, inputs, count);
        self.own_part(&parts, request, context)
    }

    /// The four elements of a priority profile: type, priority, width, extra.
    fn profile_columns(&mut self, profile: &'a Expression, context: &Context) -> Result<Vec<ElementId>, Failed> {
        let scope = self.checked.scope(self.instance_scope(context));
        let last = match &profile.kind {
            ExpressionKind::Reference { subscripts, .. } => match subscripts.last().map(|subscript| &subscript.kind) {
                Some(SubscriptKind::Name(name)) => Some(name),
                _ => None,
            },
            _ => None,
        };
        let Some(last) = last else { return Err(self.not_a_vector(profile, context)) };
        let dimensions = self.checked.dimensions();
        let columns = match scope.names.dimension(last) {
            Some(dimension) => dimensions.get(dimension).elements.clone(),
            None => {
                let element = dimensions.element(last);
                let Some(dimension) = self.largest_dimension(element) else {
                    return Err(self.not_a_vector(profile, context));
                };
                let elements = &dimensions.get(dimension).elements;
                let start = elements.iter().position(|own| Some(*own) == element).unwrap_or(0);
                elements[start..].to_vec()
            }
        };
        if columns.len() < 4 {
            return Err(self.not_a_vector(profile, context));
        }
        Ok(columns[..4].to_vec())
    }
}
