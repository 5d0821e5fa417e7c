//! What Vensim's text cannot say.

use crate::diagnostic::Diagnostic;
use crate::model::{Extrapolation, Interpolation, LookupTable};

/// A construct without an equal in Vensim.
#[derive(Clone, Debug, PartialEq)]
pub enum Unsayable {
    /// Named for the reader: `a conveyor`, `the index *`.
    Construct(&'static str),
    /// A function that Vensim has not.
    Function(String),
    Number(f64),
    Text(String),
    LongName,
    /// A variable has the name of a function of Vensim's.
    FunctionName,
    /// A variable has the name of a setting of the run, and another value.
    SettingName,
    Unreadable,
    /// An output of a macro that no call asks for.
    Output(String),
    Method(String),
}

impl Unsayable {
    /// What of a table Vensim cannot say; its tables are linear between and constant beyond their points.
    pub fn of_table(table: &LookupTable) -> Option<Unsayable> {
        match (table.interpolation, table.extrapolation) {
            (Interpolation::Linear, Extrapolation::Hold) => None,
            (Interpolation::Linear, _) => Some(Unsayable::Construct("a table that goes on beyond its last point")),
            _ => Some(Unsayable::Construct("a table with steps")),
        }
    }

    /// Words the fault; `variable` is where it was met.
    pub fn diagnostic(&self, variable: &str) -> Diagnostic {
        let unsayable = |construct: &str, help: &str| {
            let message = format!("Vensim cannot say {construct}, which `{variable}` uses");
            Diagnostic::error("not-in-vensim", message).help(help.to_owned())
        };
        match self {
            Unsayable::Construct(construct) => unsayable(construct, "write it with equations that both tools have"),
            Unsayable::Function(function) => {
                unsayable(&format!("the function {function}"), "write it with equations that both tools have")
            }
            Unsayable::Number(value) => unsayable(&format!("the number {value}"), "use a large finite number"),
            Unsayable::Text(text) => unsayable(&format!("the text {text:?}"), "take the apostrophe out of the name"),
            Unsayable::FunctionName => {
                let message =
                    format!("`{variable}` is the name of a function in Vensim and cannot be that of a variable");
                Diagnostic::error("not-in-vensim", message).help("rename the variable")
            }
            Unsayable::SettingName => {
                let message = format!(
                    "`{variable}` is a setting of the run in Vensim, and the model has a variable of that name"
                );
                Diagnostic::error("not-in-vensim", message).help("rename the variable")
            }
            Unsayable::LongName => unsayable("a name of more than a thousand characters", "shorten the name"),
            Unsayable::Unreadable => {
                Diagnostic::error("unreadable-equation", format!("the equation of `{variable}` could not be read"))
                    .help("mend the model first")
            }
            Unsayable::Output(output) => unsayable(
                &format!("the output {output} of a macro without a call"),
                "call the macro with all its outputs",
            ),
            Unsayable::Method(method) => unsayable(
                &format!("the integration method {method}"),
                "set the method to Euler, RK2 or RK4 before converting",
            ),
        }
    }
}
