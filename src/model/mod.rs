//! The declared model: what a file says, in the vocabulary of the trade and free of its syntax. Pure data.
//!
//! Both readers produce a [`Model`]; `check` turns it into a `CheckedModel`. Names are unresolved here.

mod expression;
mod function;
mod lookup;
mod name;
mod variable;

pub use expression::{BinaryOperator, Expression, ExpressionKind, Subscript, SubscriptKind, UnaryOperator};
pub use function::Function;
pub use lookup::{Extrapolation, Interpolation, LookupTable};
pub use name::Name;
pub use variable::{
    Batches, Conveyor, Definition, Equation, Leak, Oven, Queue, Role, StatedRange, Stock, Store, UnitsText, Variable,
};

use crate::diagnostic::Span;
use std::path::PathBuf;

/// Which tool's meaning of functions and operators holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    Vensim,
    /// XMILE as isee's Stella runs it.
    Xmile,
}

/// The tool that wrote a file. Tools read some constructs of XMILE each in its own way, and a file means what it meant
/// where it was written: `docs/xmile.md` lists them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tool {
    Vensim,
    /// isee systems' Stella and iThink.
    #[default]
    Stella,
    Other,
}

/// A whole model as declared.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub name: String,
    /// Folder against which external data files are found.
    pub folder: PathBuf,
    pub dialect: Dialect,
    pub tool: Tool,
    pub dimensions: Vec<Dimension>,
    /// In file order. XMILE modules are flattened: `module.variable`.
    pub variables: Vec<Variable>,
    pub macros: Vec<Macro>,
    pub control: Control,
    /// Units declared equivalent: each list names one unit in several spellings, or by a formula of others.
    pub unit_aliases: Vec<Vec<String>>,
}

/// A subscript: a dimension, subrange or alias.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimension {
    pub name: Name,
    /// Elements and subranges, in order.
    pub items: Vec<DimensionItem>,
    pub mappings: Vec<Mapping>,
    /// `a <-> b`: another name of `b`.
    pub alias_of: Option<Name>,
    /// A GET XLS SUBSCRIPT call that lists the elements.
    pub external: Option<Expression>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum DimensionItem {
    /// An element, or another dimension whose elements are meant.
    Name(Name),
    /// `(A1-A5)`: prefix and first and last number.
    Range { prefix: String, first: u32, last: u32 },
}

/// `-> target`, or `-> (target: item, item, ...)` element by element.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    pub target: Name,
    /// Items of the target in the order of this dimension's elements; empty when by position.
    pub items: Vec<Name>,
    pub span: Span,
}

/// A macro: a model within the model with parameters and outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Macro {
    pub name: Name,
    pub parameters: Vec<MacroParameter>,
    /// Outputs beside the one that bears the macro's name (Vensim: after a colon).
    pub outputs: Vec<Name>,
    /// XMILE: the value as an expression of the parameters and `variables`.
    pub value: Option<Expression>,
    pub variables: Vec<Variable>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MacroParameter {
    pub name: Name,
    pub default: Option<Expression>,
}

/// Integration settings that do not stand as equations (XMILE `sim_specs`). In Vensim files INITIAL TIME, FINAL TIME,
/// TIME STEP and SAVEPER are variables like any other and these stay `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Control {
    pub start: Option<Expression>,
    pub stop: Option<Expression>,
    pub step: Option<Expression>,
    pub save_every: Option<Expression>,
    /// The method the file asks for.
    pub method: Option<MethodText>,
    pub time_units: Option<String>,
}

/// The integration method a file names, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodText {
    pub text: String,
    pub span: Option<Span>,
}
