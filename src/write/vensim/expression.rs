//! Expressions as Vensim's text, with the fewest brackets that read back as the same tree.

use super::fault::Unsayable;
use super::pen::{Pen, name};
use super::{MISSING, Writer};
use crate::model::{
    BinaryOperator, Expression, ExpressionKind, LookupTable, Name, Subscript, SubscriptKind, UnaryOperator,
};

/// How strongly an operator binds; the reader has the same ladder.
fn strength(kind: &ExpressionKind) -> u8 {
    use BinaryOperator::*;
    match kind {
        ExpressionKind::Binary { operator, .. } => match operator {
            Or => 1,
            And => 2,
            Less | LessOrEqual | Greater | GreaterOrEqual | Equal | NotEqual => COMPARISON,
            Add | Subtract => 5,
            Multiply | Divide | Remainder => 6,
            Power => POWER,
        },
        ExpressionKind::Unary { operator: UnaryOperator::Not, .. } => NOT,
        ExpressionKind::Unary { .. } => SIGN,
        ExpressionKind::Number(value) if value.is_sign_negative() => SIGN,
        _ => ATOM,
    }
}

const NOT: u8 = 3;
const COMPARISON: u8 = 4;
const SIGN: u8 = 7;
const POWER: u8 = 8;
const ATOM: u8 = 9;

impl Writer<'_> {
    pub fn expression(&mut self, pen: &mut Pen, expression: &Expression) {
        match &expression.kind {
            ExpressionKind::Number(value) if value.is_finite() => self.number(pen, *value),
            ExpressionKind::Number(value) => self.fault(Unsayable::Number(*value)),
            ExpressionKind::Missing => pen.token(":NA:"),
            ExpressionKind::Text(text) => {
                if text.contains(['\'', '\n']) {
                    self.fault(Unsayable::Text(text.clone()));
                }
                pen.token(&format!("'{text}'"));
            }
            ExpressionKind::Reference { name, subscripts } => {
                pen.token(&self.name(name));
                self.subscripts(pen, subscripts);
            }
            ExpressionKind::Call { function, subscripts, arguments } => {
                pen.token(&self.name(function));
                self.subscripts(pen, subscripts);
                pen.plain("(");
                self.list(pen, arguments);
                let outputs = self.take_outputs(function, arguments);
                for (index, (name, subscripts)) in outputs.iter().enumerate() {
                    pen.plain(if index == 0 { " : " } else { ", " });
                    pen.token(&self.name(name));
                    self.names(pen, subscripts);
                }
                pen.plain(")");
            }
            ExpressionKind::Lookup(table) => self.table(pen, table),
            ExpressionKind::Unary { operator, operand } => {
                pen.token(match operator {
                    UnaryOperator::Minus => "-",
                    UnaryOperator::Plus => "+",
                    UnaryOperator::Not => ":NOT: ",
                });
                let least = if *operator == UnaryOperator::Not { NOT } else { POWER };
                self.operand(pen, operand, least);
            }
            ExpressionKind::Binary { operator, left, right } => {
                let own = strength(&expression.kind);
                let (least_left, least_right) = match own {
                    COMPARISON => (own + 1, own + 1),
                    POWER => (own + 1, own),
                    _ => (own, own + 1),
                };
                self.operand(pen, left, least_left);
                self.operator(pen, *operator);
                // A sign behind another operator reads badly, though it may stand there.
                let least_right = if strength(&right.kind) == SIGN { ATOM } else { least_right };
                self.operand(pen, right, least_right);
            }
            ExpressionKind::Conditional { condition, then, otherwise } => {
                pen.token("IF THEN ELSE(");
                self.expression(pen, condition);
                for branch in [then, otherwise] {
                    pen.plain(", ");
                    self.expression(pen, branch);
                }
                pen.plain(")");
            }
        }
    }

    fn number(&mut self, pen: &mut Pen, value: f64) {
        if value == MISSING { pen.token(":NA:") } else { pen.number(value) }
    }

    fn operand(&mut self, pen: &mut Pen, operand: &Expression, least: u8) {
        let bracketed = strength(&operand.kind) < least;
        if bracketed {
            pen.token("(");
        }
        self.expression(pen, operand);
        if bracketed {
            pen.plain(")");
        }
    }

    fn operator(&mut self, pen: &mut Pen, operator: BinaryOperator) {
        use BinaryOperator::*;
        let text = match operator {
            Add => " + ",
            Subtract => " - ",
            Multiply => "*",
            Divide => "/",
            Power => "^",
            Less => " < ",
            LessOrEqual => " <= ",
            Greater => " > ",
            GreaterOrEqual => " >= ",
            Equal => " = ",
            NotEqual => " <> ",
            And => " :AND: ",
            Or => " :OR: ",
            Remainder => {
                self.fault(Unsayable::Construct("the operator MOD"));
                "*"
            }
        };
        pen.plain(text);
    }

    fn list(&mut self, pen: &mut Pen, arguments: &[Expression]) {
        for (index, argument) in arguments.iter().enumerate() {
            if index > 0 {
                pen.plain(", ");
            }
            self.expression(pen, argument);
        }
    }

    fn subscripts(&mut self, pen: &mut Pen, subscripts: &[Subscript]) {
        if subscripts.is_empty() {
            return;
        }
        pen.plain("[");
        for (index, subscript) in subscripts.iter().enumerate() {
            if index > 0 {
                pen.plain(",");
            }
            match &subscript.kind {
                SubscriptKind::Name(name) => pen.token(&self.name(name)),
                SubscriptKind::Reduced(name) => pen.token(&(self.name(name) + "!")),
                SubscriptKind::All => self.fault(Unsayable::Construct("the index `*`")),
                SubscriptKind::Position(_) => self.fault(Unsayable::Construct("an index by number")),
                SubscriptKind::Computed(_) => self.fault(Unsayable::Construct("an index computed during the run")),
            }
        }
        pen.plain("]");
    }

    /// Names between square brackets, or nothing for none.
    pub fn names(&mut self, pen: &mut Pen, names: &[Name]) {
        if names.is_empty() {
            return;
        }
        pen.plain("[");
        for (index, name) in names.iter().enumerate() {
            if index > 0 {
                pen.plain(",");
            }
            pen.token(&self.name(name));
        }
        pen.plain("]");
    }

    pub fn name(&mut self, own: &Name) -> String {
        let written = name(own.text());
        if written.starts_with('"') && written.len() > NAME_LIMIT {
            self.fault(Unsayable::LongName);
        }
        written
    }

    /// `([(0,0)-(10,10)],(0,1),(10,2))`.
    pub fn table(&mut self, pen: &mut Pen, table: &LookupTable) {
        if let Some(construct) = Unsayable::of_table(table) {
            self.fault(construct);
        }
        if table.points.len() < 2 {
            self.fault(Unsayable::Construct("a table with a single point"));
        }
        pen.token("(");
        let mut point = |pen: &mut Pen, x: f64, y: f64, before: &str, behind: &str| {
            if !x.is_finite() || !y.is_finite() {
                self.fault(Unsayable::Number(if x.is_finite() { y } else { x }));
            }
            let text = format!("{before}({},{}){behind}", super::pen::number(x), super::pen::number(y));
            pen.token(&text);
        };
        let comma = |last: bool| if last { "" } else { "," };
        if let Some(((x_low, x_high), (y_low, y_high))) = table.range {
            point(pen, x_low, y_low, "[", "-");
            point(pen, x_high, y_high, "", "],");
        }
        for (index, (x, y)) in table.points.iter().enumerate() {
            point(pen, *x, *y, "", comma(index + 1 == table.points.len()));
        }
        pen.plain(")");
    }
}

/// Bytes that the reader takes for a name between quotation marks.
const NAME_LIMIT: usize = 1_000;
