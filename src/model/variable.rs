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
    /// A flow that the conveyor, queue or oven it leaves sets (XMILE).
    Driven,
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
    /// Material stays `transit` time units and leaves through the outflow at its end; others leak.
    Conveyor(Box<Conveyor>),
    /// First in, first out.
    Queue(Box<Queue>),
    /// Fills, cooks for `cook`, empties.
    Oven(Box<Oven>),
}

impl Store {
    /// The store's own expressions: times, limits, conditions, fractions.
    pub fn expressions(&self) -> Vec<&Expression> {
        match self {
            Store::Reservoir | Store::Queue(_) => Vec::new(),
            Store::Conveyor(conveyor) => {
                let optional = [&conveyor.capacity, &conveyor.inflow_limit, &conveyor.sample, &conveyor.arrest];
                (std::iter::once(&conveyor.transit).chain(optional.into_iter().flatten()))
                    .chain(conveyor.leaks.iter().map(|leak| &leak.fraction))
                    .collect()
            }
            Store::Oven(oven) => {
                let optional = [&oven.fill, &oven.clean, &oven.capacity, &oven.arrest];
                std::iter::once(&oven.cook).chain(optional.into_iter().flatten()).collect()
            }
        }
    }

    /// Amounts listed as its contents at the start; empty where the stock's initial value says how much it holds.
    pub fn contents(&self) -> &[f64] {
        match self {
            Store::Conveyor(conveyor) => &conveyor.contents,
            Store::Queue(queue) => &queue.contents,
            Store::Reservoir | Store::Oven(_) => &[],
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Conveyor {
    pub transit: Expression,
    pub capacity: Option<Expression>,
    pub inflow_limit: Option<Expression>,
    /// The transit time is read anew in steps in which this is true; `None` is in every step.
    pub sample: Option<Expression>,
    /// Nothing enters, moves, leaks or leaves in steps in which this is true.
    pub arrest: Option<Expression>,
    pub leaks: Vec<Leak>,
    /// Inflows that are put in equal parts along the whole way rather than at its start.
    pub spread: Vec<Name>,
    /// A leak's fraction is of what is there, each time unit, rather than of what entered, over the whole way.
    pub exponential: bool,
    pub discrete: bool,
    pub batches: Batches,
    /// Amounts at the start, of each time unit or of each step, what leaves first coming first.
    pub contents: Vec<f64>,
}

/// How batches are taken from a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Batches {
    /// A batch is not divided.
    pub whole: bool,
    /// Not more than one batch in each step.
    pub one_at_a_time: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Leak {
    pub flow: Name,
    pub fraction: Expression,
    /// Only whole units leak.
    pub integers: bool,
    /// Where along the conveyor it leaks, as shares of its length from where material enters.
    pub zone: (f64, f64),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    /// Outflows that run only where one of higher priority is blocked.
    pub overflows: Vec<Name>,
    /// Batches at the start, the first to leave coming first.
    pub contents: Vec<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Oven {
    pub cook: Expression,
    /// Cooking begins this long after the first material came, if the oven is not full before.
    pub fill: Option<Expression>,
    /// The oven takes nothing this long after it was emptied.
    pub clean: Option<Expression>,
    pub capacity: Option<Expression>,
    /// Nothing enters, leaves or goes on in steps in which this is true.
    pub arrest: Option<Expression>,
    pub batches: Batches,
}
