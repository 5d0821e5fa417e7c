//! Vensim's text format (`.mdl`) into a model: equations, subscripts, lookups, macros, groups, and the settings below
//! the sketch that bear on a run. Functions are not known here, and names are not resolved.
//!
//! Every fault is reported and reading goes on: an equation that cannot be read leaves its variable with the
//! definition `Unreadable`.

mod cursor;
mod dimension;
mod equation;
mod expression;
mod fault;
mod lookup;
mod outputs;
mod remainder;
mod statement;
mod token;
mod wording;

pub use fault::Fault;

use crate::diagnostic::{Diagnostic, Source};
use crate::model::{
    Control, Dialect, Dimension, Equation, Expression, Macro, MacroParameter, Model, Name, Role, Tool, Variable,
};
use cursor::Cursor;
use equation::{Declaration, LeftSide};
use fault::{ELEMENT_LIMIT, Found};
use statement::{Piece, Statement, Statements};
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use token::{Braces, Lexer, TokenKind};

/// Reads a model; external files that it names are looked for in `folder`.
pub fn read(source: &Arc<Source>, folder: &Path) -> (Model, Vec<Diagnostic>) {
    let text = source.text.as_str();
    let sketch = remainder::sketch(text);
    let settings = remainder::settings(text, sketch);
    let mut reader = Reader { text, elements_left: ELEMENT_LIMIT, ..Reader::default() };
    let mut statements = Statements::new(text, sketch);
    while let Some(piece) = statements.next_piece() {
        if statements.faults.len() + reader.faults.len() > FAULT_LIMIT {
            break;
        }
        match piece {
            Piece::Group { name } => reader.group = (!name.is_empty()).then_some(name),
            Piece::Equation(statement) => reader.equation(&statement),
            Piece::Macro(heading) => {
                if let Some(open) = &reader.open {
                    let fault = Fault::MacroInMacro { name: open.name.text().to_owned() };
                    reader.faults.push(Found::new(fault, heading.span));
                }
                reader.close_macro();
                reader.open = Some(Macro {
                    name: heading.name,
                    parameters: heading
                        .parameters
                        .into_iter()
                        .map(|name| MacroParameter { name, default: None })
                        .collect(),
                    outputs: heading.outputs,
                    value: None,
                    variables: Vec::new(),
                    span: heading.span,
                });
            }
            Piece::EndOfMacro(span) => {
                if reader.open.is_none() {
                    reader.faults.push(Found::new(Fault::MacroEndAlone, span));
                }
                reader.close_macro();
            }
        }
    }
    if let Some(open) = &reader.open {
        let fault = Fault::MacroNotClosed { name: open.name.text().to_owned() };
        reader.faults.push(Found::new(fault, open.span));
    }
    reader.close_macro();
    outputs::define(&reader.calls, &mut reader.scope.variables, &mut reader.macros, &mut reader.faults);
    let mut faults = reader.faults;
    faults.extend(statements.faults);
    faults.sort_by_key(|found| (found.span.start, found.span.end));
    if let Some(last) = faults.get(FAULT_LIMIT).map(|found| found.span) {
        faults.truncate(FAULT_LIMIT);
        faults.push(Found::new(Fault::TooMany, last));
    }
    let model = Model {
        name: source.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
        folder: folder.to_owned(),
        dialect: Dialect::Vensim,
        tool: Tool::Vensim,
        dimensions: reader.dimensions,
        variables: reader.scope.variables,
        macros: reader.macros,
        control: Control { method: settings.method, ..Control::default() },
        unit_aliases: settings.unit_aliases,
    };
    (model, faults.iter().map(|found| wording::diagnose(found, source)).collect())
}

/// Reads the expression in `source.text[range]`, as study files contain them.
pub fn read_expression(source: &Arc<Source>, range: Range<usize>) -> Result<Expression, Vec<Diagnostic>> {
    // A range outside the text holds no expression.
    let (text, range) = match source.text.get(range.clone()) {
        Some(_) => (source.text.as_str(), range),
        None => ("", 0..0),
    };
    let mut lexer = Lexer::new(text, range.start, range.end, Braces::of(text));
    let mut tokens = Vec::new();
    loop {
        let token = lexer.token();
        if token.kind == TokenKind::End {
            break;
        }
        tokens.push(token);
    }
    let diagnose = |found: &Found| wording::diagnose(found, source);
    if !lexer.faults.is_empty() {
        return Err(lexer.faults.iter().map(diagnose).collect());
    }
    let mut cursor = Cursor::new(&source.text, &tokens, range.end);
    match expression::expression(&mut cursor) {
        Ok(expression) if cursor.at_end() => Ok(expression),
        Ok(_) => Err(vec![diagnose(&cursor.leftover())]),
        Err(found) => Err(vec![diagnose(&found)]),
    }
}

/// Faults after which reading ends: the text is then no model.
const FAULT_LIMIT: usize = 1_000;

/// Variables in the order of their first equations.
#[derive(Default)]
struct Scope {
    variables: Vec<Variable>,
    places: HashMap<Name, usize>,
}

#[derive(Default)]
struct Reader<'a> {
    text: &'a str,
    scope: Scope,
    dimensions: Vec<Dimension>,
    macros: Vec<Macro>,
    /// The macro being read, and its variables.
    open: Option<Macro>,
    inner: Scope,
    group: Option<String>,
    /// How many more elements ranges such as `(A1-A5)` may name.
    elements_left: u64,
    /// Calls that define variables, the macro in which they stand, and their equation.
    calls: Vec<outputs::Call>,
    faults: Vec<Found>,
}

impl Reader<'_> {
    fn close_macro(&mut self) {
        if let Some(mut done) = self.open.take() {
            done.variables = std::mem::take(&mut self.inner).variables;
            self.macros.push(done);
        }
    }

    fn equation(&mut self, statement: &Statement) {
        let mut cursor = Cursor::new(self.text, &statement.tokens, statement.body.end);
        cursor.elements_left = self.elements_left;
        let mut faults = Vec::new();
        let declaration = equation::declaration(&mut cursor, &mut faults);
        self.elements_left = cursor.elements_left;
        let calls = std::mem::take(&mut cursor.calls);
        let within = self.open.is_some().then_some(self.macros.len());
        self.calls.extend(calls.into_iter().map(|call| outputs::Call { call, within, span: statement.span }));
        if statement.sound {
            self.faults.append(&mut faults);
            self.faults.append(&mut cursor.remarks);
        }
        match declaration {
            Some(Declaration::Dimension(dimension)) => self.dimensions.push(dimension),
            Some(Declaration::Variable(left, definition)) => {
                let definition = if statement.sound { definition } else { crate::model::Definition::Unreadable };
                self.variable(statement, left, definition);
            }
            None => {}
        }
    }

    fn variable(&mut self, statement: &Statement, left: LeftSide, definition: crate::model::Definition) {
        let part = |index: usize| statement.parts.get(index).copied();
        let (units, range) =
            part(0).map(|part| remainder::units(self.text, part, &mut self.faults)).unwrap_or_default();
        let comment = part(1).and_then(|part| self.text.get(part.range())).map(remainder::comment).unwrap_or_default();
        let flag = part(2).and_then(|part| self.text.get(part.range())).unwrap_or_default();
        let supplementary = statement::is_flag(flag.trim());
        let equation = Equation { subscripts: left.subscripts, except: left.except, definition, span: statement.span };
        let scope = if self.open.is_some() { &mut self.inner } else { &mut self.scope };
        let Some(variable) = scope.places.get(&left.name).and_then(|place| scope.variables.get_mut(*place)) else {
            scope.places.insert(left.name.clone(), scope.variables.len());
            scope.variables.push(Variable {
                name: left.name,
                span: left.span,
                equations: vec![equation],
                units,
                documentation: comment,
                group: self.group.clone(),
                range,
                dimensions: Vec::new(),
                role: Role::default(),
                hidden: false,
                supplementary,
            });
            return;
        };
        variable.equations.push(equation);
        variable.supplementary |= supplementary;
        match (&variable.units, units) {
            (Some(first), Some(second)) if first.text != second.text => {
                let fault = Fault::UnitsDiffer {
                    name: variable.name.text().to_owned(),
                    first: first.text.clone(),
                    second: second.text,
                };
                self.faults.push(Found::new(fault, second.span));
            }
            (None, units) => variable.units = units,
            _ => {}
        }
        variable.range = variable.range.or(range);
        if !comment.is_empty() && !variable.documentation.ends_with(&comment) {
            if !variable.documentation.is_empty() {
                variable.documentation.push('\n');
            }
            variable.documentation.push_str(&comment);
        }
    }
}
