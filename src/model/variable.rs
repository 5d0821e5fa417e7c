//! Variables and their equations, as declared.

use super::{Expression, Interpolation, LookupTable, Name};
use crate::diagnostic::Span;

/// A variable with all its equations (a subscripted one may have several).
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    pub name: Name,
    /// Where the name is first defined.
    pub span: Span,
    pub equations: Vec<Equation>,
    pub units: Option<UnitsText>,
    pub documentation: String,
    /// The group or sector under which the file lists it.
    pub group: Option<String>,
    /// Stated range `(low, high)` and step, as Vensim writes it behind the units.
    pub range: Option<StatedRange>,
    /// XMILE dimensions in order; Vensim leaves them to the left-hand sides.
    pub dimensions: Vec<Name>,
    /// Flow, stock or auxiliary as the file declares it, where it does (XMILE).
    pub role: Role,
    /// Defined to supply another tool's interface or a test only; not part of what a run saves.
    pub hidden: bool,
    /// Declared to be used by no other variable (Vensim's `:SUPPLEMENTARY`), so that nobody need be warned of it.
    pub supplementary: bool,
}

/// Units as written; their meaning is read by `units`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitsText {
    pub text: String,
    pub span: Span,
}

/// The values a variable is said to take; `None` is an open end.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StatedRange {
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub step: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    #[default]
    Auxiliary,
    Stock,
    Flow,
    /// A flow that XMILE's `non_negative` keeps at zero or above.
    Uniflow,
}

/// One equation: the elements it defines and what they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Equation {
    /// Left-hand side subscripts: dimensions, subranges or elements.
    pub subscripts: Vec<Name>,
    /// `:EXCEPT:` lists, each as long as `subscripts`.
    pub except: Vec<Vec<Name>>,
    pub definition: Definition,
    /// The whole equation.
    pub span: Span,
}

/// The right-hand side.
#[derive(Clone, Debug, PartialEq)]
pub enum Definition {
    /// `x = expression`. A constant is an auxiliary whose expression is a number.
    Auxiliary(Expression),
    /// Unchangeable constant (`==`): takes its value at the start, and `--set` refuses it.
    Unchangeable(Expression),
    /// A stock. `derivative` is the net flow; `initial` is evaluated at the initial time.
    Stock(Stock),
    /// Numbers listed for the elements in order, row by row: `1, 2, 3; 4, 5, 6;`.
    Values(Vec<f64>),
    /// A lookup variable.
    Lookup(LookupTable),
    /// A lookup or constant filled from a file: a GET function as the whole right-hand side.
    External(Expression),
    /// A data variable: its values come from an external series; `source` is a GET function, if the file has one.
    Data { source: Option<Expression>, interpolation: Interpolation },
    /// Vensim's reality check, test input or subscript text: read, listed and not executed.
    Skipped(&'static str),
    /// The text could not be read; a diagnostic says why.
    Unreadable,
}

/// A stock's equation.
#[derive(Clone, Debug, PartialEq)]
pub struct Stock {
    pub initial: Expression,
    /// Vensim's net flow. For XMILE, the sum of `inflows` less that of `outflows`.
    pub derivative: Expression,
    /// Names of XMILE flows in order of priority; empty in Vensim models.
    pub inflows: Vec<Name>,
    pub outflows: Vec<Name>,
    /// XMILE `non_negative`: outflows are limited to what the stock holds.
    pub non_negative: bool,
    pub store: Store,
}

/// What kind of container a stock is (XMILE).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Store {
    #[default]
    Reservoir,
    /// Material stays `transit` time units and leaves through the first outflow; others leak.
    Conveyor(Box<Conveyor>),
    /// First in, first out.
    Queue,
    /// Fills, cooks for `cook`, empties.
    Oven(Box<Oven>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Conveyor {
    pub transit: Expression,
    pub capacity: Option<Expression>,
    pub inflow_limit: Option<Expression>,
    /// `(flow, fraction, integers, zone start, zone end)` of each leakage.
    pub leaks: Vec<Leak>,
    pub discrete: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Leak {
    pub flow: Name,
    pub fraction: Expression,
    pub integers: bool,
    pub zone: (f64, f64),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Oven {
    pub cook: Expression,
    pub fill: Option<Expression>,
    pub capacity: Option<Expression>,
}
