//! Lookup variables, tables in place and data series, and the functions that read them.

use super::scope::Context;
use super::{Failed, Lowered, Lowering};
use crate::check::{ElementId, Symbol};
use crate::compile::fault::Fault;
use crate::compile::graph::VectorOperation;
use crate::compile::operation::Binary;
use crate::compile::table::Table;
use crate::diagnostic::Span;
use crate::model::{Definition, Expression, ExpressionKind, Extrapolation, Function, Interpolation, Name, Subscript};

impl<'a> Lowering<'a> {
    /// The scope of the instance in which `context` reads.
    pub(super) fn instance_scope(&self, context: &Context) -> usize {
        self.instances[context.instance].scope
    }

    pub(super) fn element_at(
        &mut self,
        context: &Context,
        variable: usize,
        coordinates: &[ElementId],
        span: Span,
    ) -> Lowered {
        let scope = self.instance_scope(context);
        if !self.checked.scope(scope).elements[variable].defined_by.contains_key(coordinates) {
            let element = self.name_of(context.instance, variable, coordinates);
            return Err(self.fail(Fault::UndefinedElement { element, span }));
        }
        self.element(context.phase, context.instance, variable, coordinates)
    }

    /// The table that `name[subscripts](x)` reads.
    pub(super) fn table_called(&mut self, call: &'a Expression, context: &Context) -> Result<u32, Failed> {
        let ExpressionKind::Call { function, subscripts, .. } = &call.kind else { return Err(Failed) };
        self.table_named(function, subscripts, call.span, context)
    }

    /// The table that an expression names or is.
    pub(super) fn table_of(&mut self, expression: &'a Expression, context: &Context) -> Result<u32, Failed> {
        match &expression.kind {
            ExpressionKind::Lookup(lookup) => Ok(self.graph.table(Table::new(lookup))),
            ExpressionKind::Reference { name, subscripts } => {
                self.table_named(name, subscripts, expression.span, context)
            }
            _ => Err(self.fail(Fault::NotALookup { name: "this expression".to_owned(), span: expression.span })),
        }
    }

    fn table_named(
        &mut self,
        name: &'a Name,
        subscripts: &'a [Subscript],
        span: Span,
        context: &Context,
    ) -> Result<u32, Failed> {
        let checked = self.checked;
        let scope_number = self.instance_scope(context);
        let (instance, variable) = match checked.scope(scope_number).names.symbol(name) {
            Some(Symbol::Variable(variable)) => (context.instance, variable),
            Some(Symbol::Global(variable)) => (0, variable),
            Some(Symbol::Parameter(number)) => {
                let (argument, place) = self.argument_of(number, context)?;
                return self.table_of(argument, &place);
            }
            _ => return Err(self.fail(Fault::NotALookup { name: name.text().to_owned(), span })),
        };
        let coordinates = self.known_coordinates(instance, variable, subscripts, span, context)?;
        let scope_number = self.instances[instance].scope;
        let definition = &checked.variables(scope_number)[variable];
        let elements = &checked.scope(scope_number).elements[variable];
        let Some(&(equation, place)) = elements.defined_by.get(&coordinates[..]) else {
            let element = self.name_of(instance, variable, &coordinates);
            return Err(self.fail(Fault::UndefinedElement { element, span }));
        };
        let equation = &definition.equations[equation];
        match &equation.definition {
            Definition::Lookup(lookup) => Ok(self.graph.table(Table::new(lookup))),
            Definition::External(call) => self.external_lookup(variable, &coordinates, equation, call, place),
            Definition::Data { source, interpolation } => {
                self.data_table(variable, &coordinates, equation, source.as_ref(), *interpolation)
            }
            // A graphical function of time or of another variable, named for its table.
            Definition::Auxiliary(Expression { kind: ExpressionKind::Call { function, arguments, .. }, .. })
                if Function::named(self.dialect(), function) == Some(Function::WithLookup) && arguments.len() == 2 =>
            {
                self.table_of(&arguments[1], &Context { instance, ..context.clone() })
            }
            _ => Err(self.fail(Fault::NotALookup { name: name.text().to_owned(), span })),
        }
    }

    /// The coordinates of a reference whose subscripts are all known before the run.
    fn known_coordinates(
        &mut self,
        instance: usize,
        variable: usize,
        subscripts: &'a [Subscript],
        span: Span,
        context: &Context,
    ) -> Result<Vec<ElementId>, Failed> {
        let scope = self.instances[instance].scope;
        let axes = self.checked.scope(scope).elements[variable].dimensions.clone();
        self.coordinates(subscripts, &axes, span, context)
    }

    pub(super) fn lookup_function(
        &mut self,
        function: Function,
        arguments: &'a [Expression],
        expression: &'a Expression,
        context: &Context,
    ) -> Lowered {
        use Function as F;
        if function == F::WithLookup {
            // Vensim: argument, table. Stella's LOOKUP: table, argument.
            let (table, x) = match &arguments[1].kind {
                ExpressionKind::Lookup(_) => (&arguments[1], &arguments[0]),
                _ if self.dialect() == crate::model::Dialect::Xmile => (&arguments[0], &arguments[1]),
                _ => (&arguments[1], &arguments[0]),
            };
            let table = self.table_of(table, context)?;
            let x = self.expression(x, context)?;
            return Ok(self.graph.lookup(table, x));
        }
        let number = self.table_of(&arguments[0], context)?;
        let table = self.graph.tables[number as usize].clone();
        let mut values = Vec::new();
        for argument in &arguments[1..] {
            values.push(self.expression(argument, context)?);
        }
        let read = |lowering: &mut Self, table: Table, x| {
            let number = lowering.graph.table(table);
            lowering.graph.lookup(number, x)
        };
        Ok(match (function, &values[..]) {
            (F::LookupInvert, [y]) => self.graph.vector(VectorOperation::LookupInvert(number), vec![*y], 1)[0],
            (F::LookupArea, [from, to]) => {
                self.graph.vector(VectorOperation::LookupArea(number), vec![*from, *to], 1)[0]
            }
            (F::LookupExtrapolate, [x]) => read(self, table.with(Interpolation::Linear, Extrapolation::Extend), *x),
            (F::LookupForward, [x]) => read(self, table.with(Interpolation::StepForward, Extrapolation::Hold), *x),
            (F::LookupBackward, [x]) => read(self, table.with(Interpolation::Step, Extrapolation::Hold), *x),
            (F::TimeShift, [shift]) => {
                let time = self.time();
                let moved = self.graph.binary(Binary::Add, time, *shift);
                self.graph.lookup(number, moved)
            }
            (F::DataAtTime, [at]) => self.graph.lookup(number, *at),
            (F::DataBetweenTimes, [at, mode]) => {
                let mode_value = self.constant_value(*mode);
                let interpolation = match mode_value {
                    Some(mode) if mode >= 1.0 => Interpolation::StepForward,
                    Some(mode) if mode <= -1.0 => Interpolation::Step,
                    Some(_) => Interpolation::Linear,
                    None => {
                        let variable = self.reading(context);
                        let argument = "the mode of GET DATA BETWEEN TIMES".to_owned();
                        return Err(self.fail(Fault::NotConstant { argument, variable, span: expression.span }));
                    }
                };
                read(self, table.with(interpolation, Extrapolation::Hold), *at)
            }
            (F::DataFirstTime, _) => {
                let first = table.x.first().copied().unwrap_or(0.0);
                self.number(first)
            }
            (F::DataLastTime, _) => {
                let last = table.x.last().copied().unwrap_or(0.0);
                self.number(last)
            }
            _ => return Err(self.unsupported(function, expression, context)),
        })
    }
}
