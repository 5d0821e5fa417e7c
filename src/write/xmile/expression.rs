//! Expressions in XMILE's grammar, with no more brackets than needed.

use super::arrays::Arrays;
use super::functions;
use crate::model::{
    BinaryOperator, Dialect, Expression, ExpressionKind, LookupTable, Name, Subscript, SubscriptKind, UnaryOperator,
};
use std::cell::RefCell;
use std::fmt::Write;

/// Prints expressions of one equation.
pub(super) struct Printer<'w> {
    dialect: Dialect,
    arrays: &'w Arrays,
    /// What the left-hand side names, and the elements that stand for it where they are written one by one.
    bound: Vec<(Name, Option<Name>)>,
    /// Tables written in place, which XMILE has only as functions of their own.
    tables: Option<&'w RefCell<Vec<(Name, LookupTable)>>>,
}

/// Strengths of operators, weakest first; see the reader's grammar.
const WEAKEST: u8 = 0;
const SIGN: u8 = 7;
const POWER: u8 = 8;
const ATOM: u8 = 9;

impl<'w> Printer<'w> {
    pub fn new(dialect: Dialect, arrays: &'w Arrays) -> Self {
        Printer { dialect, arrays, bound: Vec::new(), tables: None }
    }

    pub fn bind(self, bound: Vec<(Name, Option<Name>)>) -> Self {
        Printer { bound, ..self }
    }

    pub fn with_tables(self, tables: &'w RefCell<Vec<(Name, LookupTable)>>) -> Self {
        Printer { tables: Some(tables), ..self }
    }

    pub fn print(&self, expression: &Expression) -> String {
        let mut text = String::new();
        match self.dialect {
            Dialect::Xmile => self.write(expression, WEAKEST, false, &mut text),
            Dialect::Vensim => self.write(&functions::translate(expression, self.arrays), WEAKEST, false, &mut text),
        }
        text
    }

    fn write(&self, expression: &Expression, weakest: u8, reducing: bool, text: &mut String) {
        let strength = strength(expression);
        let bracketed = strength < weakest;
        if bracketed {
            text.push('(');
        }
        self.write_bare(expression, strength, reducing, text);
        if bracketed {
            text.push(')');
        }
    }

    fn write_bare(&self, expression: &Expression, strength: u8, reducing: bool, text: &mut String) {
        match &expression.kind {
            ExpressionKind::Number(value) => text.push_str(&number(*value)),
            ExpressionKind::Missing => text.push_str(&number(functions::MISSING)),
            ExpressionKind::Text(literal) => {
                let _ = write!(text, "'{literal}'");
            }
            ExpressionKind::Reference { name, subscripts } => {
                if let (true, Some(position)) = (subscripts.is_empty(), self.bound_position(name)) {
                    text.push_str(&position.to_string());
                    return;
                }
                text.push_str(&quoted(name));
                self.write_subscripts(name, subscripts, reducing, text);
            }
            ExpressionKind::Call { function, subscripts, arguments } => {
                let reduces = functions::reduces(function, arguments.len());
                text.push_str(&function_name(function));
                self.write_subscripts(function, subscripts, reducing, text);
                text.push('(');
                for (place, argument) in arguments.iter().enumerate() {
                    if place > 0 {
                        text.push_str(", ");
                    }
                    self.write(argument, WEAKEST, reducing || reduces, text);
                }
                text.push(')');
            }
            ExpressionKind::Lookup(table) => text.push_str(&self.table(table)),
            ExpressionKind::Unary { operator, operand } => {
                text.push_str(match operator {
                    UnaryOperator::Minus => "-",
                    UnaryOperator::Plus => "+",
                    UnaryOperator::Not => "NOT ",
                });
                self.write(operand, SIGN, reducing, text);
            }
            ExpressionKind::Binary { operator, left, right } => {
                let (left_needs, right_needs) = match operator {
                    BinaryOperator::Power => (ATOM, SIGN),
                    _ => (strength, strength + 1),
                };
                self.write(left, left_needs, reducing, text);
                text.push_str(symbol(*operator));
                self.write(right, right_needs, reducing, text);
            }
            ExpressionKind::Conditional { condition, then, otherwise } => {
                text.push_str("IF ");
                self.write(condition, WEAKEST + 1, reducing, text);
                text.push_str(" THEN ");
                self.write(then, WEAKEST + 1, reducing, text);
                text.push_str(" ELSE ");
                self.write(otherwise, WEAKEST, reducing, text);
            }
        }
    }

    /// The position of the element that a dimension on the left-hand side stands for, used as a number.
    fn bound_position(&self, name: &Name) -> Option<usize> {
        let (dimension, element) = self.bound.iter().find(|(dimension, _)| dimension == name)?;
        let place = self.arrays.elements(dimension).iter().position(|own| Some(own) == element.as_ref())?;
        Some(place + 1)
    }

    fn write_subscripts(&self, array: &Name, subscripts: &[Subscript], reducing: bool, text: &mut String) {
        if subscripts.is_empty() {
            return;
        }
        let dimensions = self.arrays.dimensions(array);
        text.push('[');
        for (place, subscript) in subscripts.iter().enumerate() {
            if place > 0 {
                text.push_str(", ");
            }
            match &subscript.kind {
                SubscriptKind::Name(name) => {
                    let element = self.bound.iter().find(|(dimension, _)| dimension == name);
                    text.push_str(&quoted(element.and_then(|(_, element)| element.as_ref()).unwrap_or(name)));
                }
                SubscriptKind::Reduced(name) => {
                    let owned = self.bound.iter().any(|(dimension, _)| dimension == name);
                    let whole = dimensions.get(place) == Some(name);
                    let once = dimensions.iter().filter(|dimension| *dimension == name).count() == 1;
                    if whole && once {
                        text.push('*');
                    } else {
                        text.push_str(&quoted(name));
                        if owned || !reducing {
                            text.push('!');
                        }
                    }
                }
                SubscriptKind::All => text.push('*'),
                SubscriptKind::Position(position) => text.push_str(&position.to_string()),
                SubscriptKind::Computed(index) => match &index.kind {
                    // A bare name would be read as an element first.
                    ExpressionKind::Reference { name, subscripts } if subscripts.is_empty() => {
                        let _ = write!(text, "({})", quoted(name));
                    }
                    ExpressionKind::Number(value) => {
                        let _ = write!(text, "({})", number(*value));
                    }
                    _ => self.write(index, WEAKEST, false, text),
                },
            }
        }
        text.push(']');
    }

    /// The name of a function that stands for a table in place.
    fn table(&self, table: &LookupTable) -> String {
        let Some(tables) = self.tables else { return String::new() };
        let mut tables = tables.borrow_mut();
        let known = tables.iter().find(|(_, known)| known == table).map(|(name, _)| name.clone());
        let name = known.unwrap_or_else(|| {
            let name = Name::new(&format!("table in place {}", tables.len() + 1));
            tables.push((name.clone(), table.clone()));
            name
        });
        quoted(&name)
    }
}

fn strength(expression: &Expression) -> u8 {
    match &expression.kind {
        ExpressionKind::Conditional { .. } => WEAKEST,
        ExpressionKind::Binary { operator, .. } => match operator {
            BinaryOperator::Or => 1,
            BinaryOperator::And => 2,
            BinaryOperator::Equal | BinaryOperator::NotEqual => 3,
            BinaryOperator::Less
            | BinaryOperator::LessOrEqual
            | BinaryOperator::Greater
            | BinaryOperator::GreaterOrEqual => 4,
            BinaryOperator::Add | BinaryOperator::Subtract => 5,
            BinaryOperator::Multiply | BinaryOperator::Divide | BinaryOperator::Remainder => 6,
            BinaryOperator::Power => POWER,
        },
        ExpressionKind::Unary { .. } | ExpressionKind::Missing => SIGN,
        ExpressionKind::Number(value) if value.is_sign_negative() => SIGN,
        _ => ATOM,
    }
}

fn symbol(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::Add => " + ",
        BinaryOperator::Subtract => " - ",
        BinaryOperator::Multiply => " * ",
        BinaryOperator::Divide => " / ",
        BinaryOperator::Power => "^",
        BinaryOperator::Remainder => " MOD ",
        BinaryOperator::Less => " < ",
        BinaryOperator::LessOrEqual => " <= ",
        BinaryOperator::Greater => " > ",
        BinaryOperator::GreaterOrEqual => " >= ",
        BinaryOperator::Equal => " = ",
        BinaryOperator::NotEqual => " <> ",
        BinaryOperator::And => " AND ",
        BinaryOperator::Or => " OR ",
    }
}

/// The shortest text that reads back to the same number.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if value.is_infinite() {
        return if value > 0.0 { "INF".to_owned() } else { "-INF".to_owned() };
    }
    if size == 0.0 || (1e-5..1e15).contains(&size) { format!("{value}") } else { format!("{value:e}") }
}

/// A name in an equation: bare where XMILE 3.2.2.1 lets it be, otherwise within quotation marks.
pub(super) fn quoted(name: &Name) -> String {
    let bare: String = name.text().split(|c: char| c.is_whitespace() || c == '_').collect::<Vec<_>>().join("_");
    let plain = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == '$';
    let starts = bare.starts_with(|character: char| character.is_ascii_alphabetic());
    let keyword = ["and", "or", "not", "mod", "if", "then", "else"].iter().any(|word| word.eq_ignore_ascii_case(&bare));
    if starts && !bare.ends_with('_') && bare.chars().all(plain) && !keyword {
        return bare;
    }
    format!(
        "\"{}\"",
        name.text().replace('\\', "\\\\").replace('"', "\\\"").split_whitespace().collect::<Vec<_>>().join(" ")
    )
}

/// The name of a function; `vensim.` is a namespace and not part of a quoted name.
fn function_name(function: &Name) -> String {
    match function.text().split_once('.') {
        Some((namespace, own)) if namespace.eq_ignore_ascii_case("vensim") => {
            format!("vensim.{}", quoted(&Name::new(own)))
        }
        _ => quoted(function),
    }
}
