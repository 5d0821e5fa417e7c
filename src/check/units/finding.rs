//! What dimensional analysis can find, and the one place that words it.

use crate::diagnostic::{Diagnostic, Source, Span, nearest};
use crate::model::{Name, UnitsText};
use crate::units::{Unit, UnitsFault, conversion};
use std::sync::Arc;

/// How two sub-expressions are joined that must have one unit.
#[derive(Clone, Debug, PartialEq)]
pub enum Relation {
    Sum,
    Difference,
    Remainder,
    Comparison,
    Branches,
    Arguments(Name),
    /// The quotient and the value that stands for a division by zero.
    Quotient(Name),
}

#[derive(Clone, Debug, PartialEq)]
pub enum UnitsFinding {
    Unreadable { variable: Name, units: UnitsText, fault: UnitsFault },
    UnreadableSynonym { text: String, fault: UnitsFault },
    TimeUnits { variable: Name, unit: Unit, span: Span, first: Name, time: Unit, first_span: Option<Span> },
    Undeclared { variables: Vec<Name> },
    MacrosSkipped { macros: Vec<Name> },
    Equation { variable: Name, declared: Unit, declared_span: Option<Span>, found: Unit, span: Span },
    Initial { stock: Name, declared: Unit, declared_span: Option<Span>, found: Unit, span: Span },
    Flow { stock: Name, expected: Unit, declared_span: Option<Span>, found: Unit, span: Span },
    Disagreement { relation: Relation, one: (Span, Unit), other: (Span, Unit), first_at_fault: bool },
    Argument { function: Name, wanted: Unit, unit: Unit, span: Span },
    Exponent { unit: Unit, span: Span },
    PowerBase { unit: Unit, span: Span, exponent: Span },
}

impl UnitsFinding {
    /// The finding in words; `time` is the model's unit of time.
    pub fn diagnostic(&self, source: &Arc<Source>, time: Option<&Unit>) -> Diagnostic {
        let declared = |diagnostic: Diagnostic, span: &Option<Span>| match span {
            Some(span) => diagnostic.also(*span, "declared here"),
            None => diagnostic,
        };
        match self {
            UnitsFinding::Unreadable { variable, units, fault } => {
                let whole = units.span.end.saturating_sub(units.span.start) != units.text.len();
                let span = match whole {
                    true => units.span,
                    false => Span::new(units.span.start + fault.range.start, units.span.start + fault.range.end),
                };
                Diagnostic::warning("units-unreadable", format!("the units of `{variable}` cannot be read"))
                    .at(source, span, fault.to_string())
                    .help("write names joined by `*` and `/`, as in `CNY/(Person*Year)`, or `Dmnl`")
            }
            UnitsFinding::UnreadableSynonym { text, fault } => {
                Diagnostic::warning("units-unreadable", format!("the unit synonym `{text}` cannot be read: {fault}"))
                    .in_file(source)
                    .help("correct the list of equivalent units in the model's settings")
            }
            UnitsFinding::TimeUnits { variable, unit, span, first, time, first_span } => {
                let diagnostic =
                    Diagnostic::warning("units-time", format!("`{variable}` is in {unit} but `{first}` in {time}"))
                        .at(source, *span, "another unit of time")
                        .help(format!("give the whole model one unit of time, such as {time}"));
                declared(diagnostic, first_span)
            }
            UnitsFinding::Undeclared { variables } => {
                let (count, names) = listed(variables);
                let message = match count {
                    1 => format!("{names} has no units and takes no part in the units check"),
                    _ => format!("{count} variables have no units and take no part in the units check: {names}"),
                };
                Diagnostic::note("units-missing", message)
                    .in_file(source)
                    .help("declare their units, `Dmnl` for pure numbers")
            }
            UnitsFinding::MacrosSkipped { macros } => {
                let (_, names) = listed(macros);
                Diagnostic::note("units-macro", format!("the units of what these macros give cannot be told: {names}"))
                    .in_file(source)
            }
            UnitsFinding::Equation { variable, declared: unit, declared_span, found, span } => declared(
                Diagnostic::warning(
                    "units-mismatch",
                    format!("`{variable}` is in {unit} but its equation gives {found}"),
                )
                .at(source, *span, found.to_string())
                .help(format!("{}, or correct the declared unit", repair(found, unit, time))),
                declared_span,
            ),
            UnitsFinding::Initial { stock, declared: unit, declared_span, found, span } => declared(
                Diagnostic::warning(
                    "units-mismatch",
                    format!("`{stock}` is in {unit} but its initial value in {found}"),
                )
                .at(source, *span, found.to_string())
                .help(format!("{}, or correct the declared unit", repair(found, unit, time))),
                declared_span,
            ),
            UnitsFinding::Flow { stock, expected, declared_span, found, span } => declared(
                Diagnostic::warning(
                    "units-mismatch",
                    format!("the flow into `{stock}` is in {found} but a flow into this stock is in {expected}"),
                )
                .at(source, *span, found.to_string())
                .help(format!("{}, or correct the stock's unit", repair(found, expected, time))),
                declared_span,
            ),
            UnitsFinding::Disagreement { relation, one, other, first_at_fault } => {
                let (culprit, partner) = if *first_at_fault { (one, other) } else { (other, one) };
                Diagnostic::warning("units-mismatch", relation.sentence(source, one, other))
                    .at(source, culprit.0, culprit.1.to_string())
                    .also(partner.0, partner.1.to_string())
                    .help(repair(&culprit.1, &partner.1, time))
            }
            UnitsFinding::Argument { function, wanted, unit, span } => {
                let (what, help) = match wanted.is_dimensionless() {
                    true => ("a pure number".to_owned(), format!("divide by a reference value in {unit}")),
                    false => (wanted.to_string(), repair(unit, wanted, time)),
                };
                Diagnostic::warning("units-argument", format!("`{function}` takes {what} here, not {unit}"))
                    .at(source, *span, unit.to_string())
                    .help(help)
            }
            UnitsFinding::Exponent { unit, span } => {
                Diagnostic::warning("units-exponent", format!("an exponent is a pure number, not {unit}"))
                    .at(source, *span, unit.to_string())
                    .help(format!("divide the exponent by a reference value in {unit}"))
            }
            UnitsFinding::PowerBase { unit, span, exponent } => Diagnostic::warning(
                "units-exponent",
                format!("{} in {unit} is raised to a power that gives no unit", source.quote(*span)),
            )
            .at(source, *span, unit.to_string())
            .also(*exponent, "by this exponent")
            .help(format!("raise a ratio instead: divide by a reference value in {unit}")),
        }
    }
}

impl Relation {
    fn sentence(&self, source: &Source, one: &(Span, Unit), other: &(Span, Unit)) -> String {
        let (first, second) = (source.quote(one.0), source.quote(other.0));
        let (unit, second_unit) = (&one.1, &other.1);
        match self {
            Relation::Sum => format!("{first} in {unit} is added to {second} in {second_unit}"),
            Relation::Difference => format!("{second} in {second_unit} is subtracted from {first} in {unit}"),
            Relation::Remainder => format!("{first} in {unit} is divided with remainder by {second} in {second_unit}"),
            Relation::Comparison => format!("{first} in {unit} is compared with {second} in {second_unit}"),
            Relation::Branches => format!("one branch is in {unit}, the other in {second_unit}"),
            Relation::Arguments(function) => {
                format!("`{function}` is given {first} in {unit} and {second} in {second_unit}")
            }
            Relation::Quotient(function) => {
                format!("the quotient in `{function}` is in {unit} but its replacement in {second_unit}")
            }
        }
    }
}

/// How many there are, and the first of them by name.
fn listed(names: &[Name]) -> (usize, String) {
    const SHOWN: usize = 6;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let rest = if names.len() > SHOWN { ", ..." } else { "" };
    (names.len(), shown.join(", ") + rest)
}

/// A number of at least one, in few characters.
fn short(number: f64) -> String {
    match (0..=30).find(|power| 10f64.powi(*power) == number) {
        Some(power) if power > 5 => format!("10^{power}"),
        _ => format!("{}", (number * 1e6).round() / 1e6),
    }
}

/// The likeliest way to turn `found` into `wanted`.
fn repair(found: &Unit, wanted: &Unit, time: Option<&Unit>) -> String {
    let factor = wanted.per(found);
    if let Ok(number) = conversion(found, wanted) {
        // The factor as a number of at least one reads best: divide by 12 Month/Year.
        return match number >= 1.0 {
            true => format!("convert: multiply by a constant of {} in {factor}", short(number)),
            false => format!("convert: divide by a constant of {} in {}", short(1.0 / number), factor.inverse()),
        };
    }
    if let Some((one, other)) = factor.swapped_names()
        && nearest(&one, [other.as_str()]).is_some()
    {
        return format!("if `{one}` and `{other}` are one unit, spell them alike");
    }
    match time {
        Some(time) if factor == time.inverse() => {
            format!("divide by a time constant in {time}, or multiply by a rate in {factor}")
        }
        Some(time) if factor == *time => {
            format!("multiply by a time constant in {time}, or leave out a rate in {}", factor.inverse())
        }
        _ if factor.is_reciprocal() => format!("divide by a quantity in {}", factor.inverse()),
        _ => format!("multiply by a quantity in {factor}"),
    }
}
