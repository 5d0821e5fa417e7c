//! What a program is wanted for.

use crate::model::Expression;

/// How a run meets times at which the model switches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Landing {
    /// Every step ends on a switch time that lies within it.
    #[default]
    Exact,
    /// Steps keep to the grid, as in the tool the file was written for; STEP and PULSE look half a step ahead.
    Grid,
}

#[derive(Clone, Debug, Default)]
pub struct Request {
    pub landing: Landing,
    /// Constants by name (`name` or `name[element]`) and value.
    pub overrides: Vec<(String, f64)>,
    pub outputs: Outputs,
    /// Further outputs, as expressions of the model's variables.
    pub expressions: Vec<OutputExpression>,
    /// Series for data variables, by name.
    pub data: Vec<DataSeries>,
    /// Whether the program also computes the partial derivatives of its rates, which stiff methods need.
    pub jacobian: bool,
}

/// Which variables a run saves.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Outputs {
    #[default]
    All,
    /// Names or prefixes: `x` is every element of `x`, `x[a]` one, `x*` every variable whose name begins with `x`.
    Chosen(Vec<String>),
}

/// An expression to be saved, or integrated over time from the start of the run.
#[derive(Clone, Debug)]
pub struct OutputExpression {
    pub name: String,
    pub expression: Expression,
    pub cumulated: bool,
}

/// A series that fills a data variable.
#[derive(Clone, Debug)]
pub struct DataSeries {
    /// `name` or `name[element]`.
    pub name: String,
    /// `(time, value)` in the model's units.
    pub points: Vec<(f64, f64)>,
}
