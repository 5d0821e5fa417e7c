//! Every name and call in every expression: known, rightly subscripted, with the right number of arguments.

use super::finding::Finding;
use super::foreign::{elsewhere, instead};
use super::names::{Names, Symbol};
use super::{CheckedModel, nearest_name};
use crate::diagnostic::Span;
use crate::model::{
    Definition, Dialect, Equation, Expression, ExpressionKind, Function, Name, Subscript, SubscriptKind, Variable,
};

/// Walks all expressions of the model and its macros.
pub fn check(checked: &CheckedModel, findings: &mut Vec<Finding>) {
    let scopes = 1 + checked.model().macros.len();
    for scope in 0..scopes {
        let walker = Walker { checked, scope, names: &checked.scope(scope).names };
        for variable in checked.variables(scope) {
            for expression in expressions(variable) {
                walker.visit(expression, findings);
            }
        }
        if let Some(value) = checked.macro_of(scope).and_then(|definition| definition.value.as_ref()) {
            walker.visit(value, findings);
        }
    }
    let control = &checked.model().control;
    let walker = Walker { checked, scope: 0, names: checked.names() };
    for expression in [&control.start, &control.stop, &control.step, &control.save_every].into_iter().flatten() {
        walker.visit(expression, findings);
    }
    for (name, given) in [("INITIAL TIME", &control.start), ("FINAL TIME", &control.stop), ("TIME STEP", &control.step)]
    {
        if given.is_none()
            && checked.names().variable(&Name::new(name)).is_none()
            && !checked.model().variables.is_empty()
        {
            findings.push(Finding::MissingControl { name });
        }
    }
    controls(checked, findings);
}

/// Numbers with which no run can start.
fn controls(checked: &CheckedModel, findings: &mut Vec<Finding>) {
    let control = &checked.model().control;
    let number = |name: &str, given: &Option<Expression>| {
        let variable = checked.names().variable(&Name::new(name)).map(|index| &checked.model().variables[index]);
        let own = variable.and_then(|variable| match &variable.equations[..] {
            [Equation { definition: Definition::Auxiliary(own) | Definition::Unchangeable(own), .. }] => Some(own),
            _ => None,
        });
        let expression = own.or(given.as_ref())?;
        match expression.kind {
            ExpressionKind::Number(value) => Some((value, expression.span)),
            _ => None,
        }
    };
    for (name, given) in [("TIME STEP", &control.step), ("SAVEPER", &control.save_every)] {
        if let Some((value, span)) = number(name, given)
            && (value < 0.0 || value == 0.0 && name == "TIME STEP")
        {
            findings.push(Finding::BadControl { name, why: "is not above zero", span });
        }
    }
    let (start, stop) = (number("INITIAL TIME", &control.start), number("FINAL TIME", &control.stop));
    if let (Some((start, _)), Some((stop, span))) = (start, stop)
        && stop < start
    {
        findings.push(Finding::BadControl { name: "FINAL TIME", why: "lies before INITIAL TIME", span });
    }
}

/// Walks one expression written outside the model, as quantities of a study are.
pub fn check_expression(checked: &CheckedModel, expression: &Expression, findings: &mut Vec<Finding>) {
    Walker { checked, scope: 0, names: checked.names() }.visit(expression, findings);
}

/// All expressions of a variable's equations.
pub fn expressions(variable: &Variable) -> Vec<&Expression> {
    let mut all = Vec::new();
    for equation in &variable.equations {
        match &equation.definition {
            Definition::Auxiliary(expression) | Definition::Unchangeable(expression) => all.push(expression),
            Definition::Stock(stock) => {
                all.push(&stock.initial);
                all.push(&stock.derivative);
                all.extend(stock.store.expressions());
            }
            // The arguments of GET functions are texts, which name files and not variables.
            Definition::External(_) | Definition::Data { .. } => {}
            Definition::Values(_)
            | Definition::Lookup(_)
            | Definition::Driven
            | Definition::Skipped(_)
            | Definition::Unreadable => {}
        }
    }
    all
}

struct Walker<'a> {
    checked: &'a CheckedModel,
    scope: usize,
    names: &'a Names,
}

impl Walker<'_> {
    fn visit(&self, expression: &Expression, findings: &mut Vec<Finding>) {
        match &expression.kind {
            ExpressionKind::Reference { name, subscripts } => {
                self.reference(name, subscripts, expression.span, findings)
            }
            ExpressionKind::Call { function, subscripts, arguments } => {
                self.call(function, subscripts, arguments, expression.span, findings);
            }
            _ => {}
        }
        for child in expression.children() {
            self.visit(child, findings);
        }
    }

    fn reference(&self, name: &Name, subscripts: &[Subscript], span: Span, findings: &mut Vec<Finding>) {
        self.subscripts(subscripts, findings);
        match self.names.symbol(name) {
            Some(Symbol::Variable(index)) => {
                self.executed(self.scope, index, span, findings);
                self.count(self.scope, index, name, subscripts, span, findings);
            }
            Some(Symbol::Global(index)) => {
                self.executed(0, index, span, findings);
                self.count(0, index, name, subscripts, span, findings);
            }
            Some(_) => {}
            None if self.dialect() == Dialect::Xmile && is_call_without_brackets(name) => {}
            None if Function::named(self.dialect(), name).is_some() => {
                let (fewest, most) = Function::arity(self.dialect(), name).unwrap_or((1, 1));
                if fewest > 0 {
                    findings.push(Finding::Arity { name: name.clone(), span, given: 0, fewest, most });
                }
            }
            None => findings.push(Finding::UnknownName {
                name: name.clone(),
                span,
                nearest: nearest_name(name, self.names.all()),
            }),
        }
    }

    fn call(
        &self,
        function: &Name,
        subscripts: &[Subscript],
        arguments: &[Expression],
        span: Span,
        findings: &mut Vec<Finding>,
    ) {
        self.subscripts(subscripts, findings);
        let given = arguments.len();
        match self.names.symbol(function) {
            Some(Symbol::Variable(index)) => {
                self.count(self.scope, index, function, subscripts, span, findings);
                if given != 1 {
                    findings.push(Finding::Arity { name: function.clone(), span, given, fewest: 1, most: 1 });
                }
            }
            Some(Symbol::Macro(index)) => {
                let definition = &self.checked.model().macros[index];
                let fewest = definition.parameters.iter().filter(|parameter| parameter.default.is_none()).count();
                let most = definition.parameters.len() + definition.outputs.len();
                if given < fewest || given > most {
                    findings.push(Finding::Arity { name: function.clone(), span, given, fewest, most });
                }
            }
            // A parameter of a macro may be given a lookup.
            Some(Symbol::Parameter(_)) => {}
            _ => match Function::arity(self.dialect(), function) {
                Some((fewest, most)) => {
                    if given < fewest || given > most {
                        findings.push(Finding::Arity { name: function.clone(), span, given, fewest, most });
                    }
                }
                None if self.names.symbol(function).is_some() => {
                    findings.push(Finding::NotAFunction { name: function.clone(), span });
                }
                None => findings.push(match instead(self.dialect(), function) {
                    Some(instead) => Finding::ForeignFunction { name: function.clone(), span, instead },
                    None => {
                        let known: Vec<&str> = Function::spellings(self.dialect()).collect();
                        let nearest =
                            nearest_name(function, known).or_else(|| nearest_name(function, self.names.all()));
                        let own = elsewhere(self.dialect(), function).map(str::to_owned);
                        let advice = own.or(nearest.map(|nearest| format!("did you mean `{nearest}`?")));
                        Finding::UnknownFunction { name: function.clone(), span, advice }
                    }
                }),
            },
        }
    }

    /// Reality checks, test inputs and texts of Vensim have no value.
    fn executed(&self, scope: usize, variable: usize, span: Span, findings: &mut Vec<Finding>) {
        let variable = &self.checked.variables(scope)[variable];
        if self.dialect() == Dialect::Vensim
            && let [Equation { definition: Definition::Skipped(what), .. }] = &variable.equations[..]
        {
            findings.push(Finding::NotRun { name: variable.name.clone(), what, span });
        }
    }

    fn count(
        &self,
        scope: usize,
        variable: usize,
        name: &Name,
        subscripts: &[Subscript],
        span: Span,
        findings: &mut Vec<Finding>,
    ) {
        let expected = self.checked.scope(scope).elements[variable].rank;
        let given = subscripts.len();
        // XMILE lets an array stand without its subscripts where they are understood or reduced.
        let understood = given == 0 && self.dialect() == Dialect::Xmile;
        if given != expected && !understood {
            let dimensions = self.checked.scope(scope).elements[variable].dimensions.iter();
            let named = dimensions.map(|own| Some(self.checked.dimensions().get((*own)?).name.text().to_owned()));
            let dimensions = named.collect::<Option<Vec<String>>>().unwrap_or_default();
            findings.push(Finding::SubscriptCount { variable: name.clone(), given, expected, dimensions, span });
        }
    }

    fn subscripts(&self, subscripts: &[Subscript], findings: &mut Vec<Finding>) {
        for subscript in subscripts {
            if let SubscriptKind::Name(name) | SubscriptKind::Reduced(name) = &subscript.kind {
                let dimensions = self.checked.dimensions();
                let known = self.names.dimension(name).is_some() || dimensions.element(name).is_some();
                let computed = self.dialect() == Dialect::Xmile && self.names.symbol(name).is_some();
                if !known && !computed {
                    findings.push(Finding::UnknownSubscript {
                        name: name.clone(),
                        span: subscript.span,
                        nearest: nearest_name(name, self.names.subscripts()),
                    });
                }
            }
        }
    }

    fn dialect(&self) -> Dialect {
        self.checked.model().dialect
    }
}

/// XMILE writes functions without arguments as plain names.
fn is_call_without_brackets(name: &Name) -> bool {
    Function::arity(Dialect::Xmile, name).is_some_and(|(fewest, _)| fewest == 0)
}
