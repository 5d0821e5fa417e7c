//! Expressions as written: names unresolved, subscripts unbound, every node with its place in the text.

use super::{LookupTable, Name};
use crate::diagnostic::Span;

/// An expression and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    pub kind: ExpressionKind,
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpressionKind {
    /// A number; its unit is unknown.
    Number(f64),
    /// Vensim's `:NA:` (-2^109), the missing value.
    Missing,
    /// Quoted text, as file names and cell addresses of the GET functions are.
    Text(String),
    /// A variable, subscript element or index used as a value, e.g. `stock[region, age!]`.
    Reference {
        name: Name,
        subscripts: Vec<Subscript>,
    },
    /// A function, macro or lookup variable applied to arguments; `subscripts` belong to a lookup variable
    /// (`table[region](x)`) and are empty for functions.
    Call {
        function: Name,
        subscripts: Vec<Subscript>,
        arguments: Vec<Expression>,
    },
    /// A lookup table written in place, as in `WITH LOOKUP(x, (...))`.
    Lookup(LookupTable),
    Unary {
        operator: UnaryOperator,
        operand: Box<Expression>,
    },
    Binary {
        operator: BinaryOperator,
        left: Box<Expression>,
        right: Box<Expression>,
    },
    /// XMILE's `IF c THEN a ELSE b`, and Vensim's `IF THEN ELSE(c, a, b)`.
    Conditional {
        condition: Box<Expression>,
        then: Box<Expression>,
        otherwise: Box<Expression>,
    },
}

/// One index of a reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscript {
    pub kind: SubscriptKind,
    pub span: Span,
}

/// What an index is.
#[derive(Clone, Debug, PartialEq)]
pub enum SubscriptKind {
    /// A dimension, subrange or element by name.
    Name(Name),
    /// `region!`: the dimension over which the enclosing reduction runs.
    Reduced(Name),
    /// XMILE's `*`: every element of the dimension at this place.
    All,
    /// XMILE's `@k` and integer literals: the k-th element, counted from 1.
    Position(usize),
    /// An index computed at run time (XMILE).
    Computed(Box<Expression>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOperator {
    Minus,
    Plus,
    Not,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    /// XMILE's `MOD` and `%`.
    Remainder,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

impl Expression {
    pub fn new(kind: ExpressionKind, span: Span) -> Self {
        Expression { kind, span }
    }

    pub fn number(value: f64, span: Span) -> Self {
        Expression::new(ExpressionKind::Number(value), span)
    }

    /// The children in the order written.
    pub fn children(&self) -> Vec<&Expression> {
        match &self.kind {
            ExpressionKind::Number(_)
            | ExpressionKind::Missing
            | ExpressionKind::Text(_)
            | ExpressionKind::Lookup(_) => Vec::new(),
            ExpressionKind::Reference { subscripts, .. } => computed(subscripts).collect(),
            ExpressionKind::Call { subscripts, arguments, .. } => computed(subscripts).chain(arguments).collect(),
            ExpressionKind::Unary { operand, .. } => vec![operand],
            ExpressionKind::Binary { left, right, .. } => vec![left, right],
            ExpressionKind::Conditional { condition, then, otherwise } => vec![condition, then, otherwise],
        }
    }

    /// Visits the expression and all below it, parents first.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Expression)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }
}

fn computed(subscripts: &[Subscript]) -> impl Iterator<Item = &Expression> {
    subscripts.iter().filter_map(|subscript| match &subscript.kind {
        SubscriptKind::Computed(index) => Some(index.as_ref()),
        _ => None,
    })
}
