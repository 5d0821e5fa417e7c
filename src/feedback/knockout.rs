//! A link cut: its effect no longer sees its cause as it is, but as it was in another run, or at the start.
//!
//! Held at the path of a run without a policy, the link carries nothing of what the policy does; held at the start, nothing
//! of what happens at all. What else depends on the cause is left as it is.

use crate::check::{CheckedModel, check, external_subscripts};
use crate::compile::{DataSeries, Program, Request, compile, element_key};
use crate::diagnostic::{Diagnostic, nearest};
use crate::model::{Definition, Equation, Expression, ExpressionKind, Interpolation, Name, SubscriptKind, Variable};
use crate::series::Table;
use crate::simulate::{Settings, run};

/// A link between variables, with all their elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    pub cause: String,
    pub effect: String,
}

impl Cut {
    /// Reads `cause -> effect`.
    ///
    /// # Errors
    /// A text of another form.
    pub fn read(text: &str) -> Result<Self, Diagnostic> {
        match text.split_once("->").map(|(cause, effect)| (cause.trim(), effect.trim())) {
            Some((cause, effect)) if !cause.is_empty() && !effect.is_empty() => {
                Ok(Cut { cause: cause.to_owned(), effect: effect.to_owned() })
            }
            _ => Err(Diagnostic::error("bad-link", format!("`{text}` is no link"))
                .help("write it as \"cause -> effect\", with the names of two variables")),
        }
    }
}

/// What the effect sees of its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Its value at the start of the run.
    AtStart,
    /// Its path in a run without the settings under question.
    OnPath,
}

/// A run and the same with the link cut.
#[derive(Clone, Debug, PartialEq)]
pub struct KnockOut {
    pub whole: Table,
    pub cut: Table,
}

/// Runs the model with `settings`, once whole and once with the link cut. `request` is that of the run without them.
///
/// # Errors
/// A link that the model does not have; what keeps it from compiling or running.
pub fn knock_out(
    checked: &CheckedModel,
    cut: &Cut,
    held: Held,
    request: &Request,
    settings: &[(String, f64)],
    how: &Settings,
) -> Result<KnockOut, Vec<Diagnostic>> {
    let (cause, effect) = (variable(checked, &cut.cause)?, variable(checked, &cut.effect)?);
    let base = every_step(checked, request)?;
    let base = run(&base, how).map_err(|failure| vec![failure.diagnostic()])?;
    let name = Name::new(&format!("{} as held", cause.name));
    let mut model = checked.model().clone();
    let (mut replaced, own) = (0, effect.name.clone());
    for variable in model.variables.iter_mut().filter(|variable| variable.name == own) {
        for equation in &mut variable.equations {
            let rule = match &mut equation.definition {
                Definition::Auxiliary(expression) | Definition::Unchangeable(expression) => expression,
                Definition::Stock(stock) => &mut stock.derivative,
                _ => continue,
            };
            replace(rule, &cause.name, &name, &mut replaced);
        }
    }
    if replaced == 0 {
        let message = format!("the equation of `{}` does not name `{}`", effect.name, cause.name);
        return Err(vec![Diagnostic::error("no-such-link", message).help("`levada check --json` lists the links")]);
    }
    let equations = cause.equations.iter().map(|equation| Equation {
        definition: Definition::Data { source: None, interpolation: Interpolation::Linear },
        ..equation.clone()
    });
    let equations = equations.collect();
    model.variables.push(Variable { name: name.clone(), equations, hidden: true, ..cause.clone() });
    let (external, _) = external_subscripts(checked.source(), &model);
    let (altered, found) = check(checked.source(), model, &external);
    let Some(altered) = altered else { return Err(found) };
    let mut data = request.data.clone();
    data.extend(paths(&base, &cause.name, &name, held));
    let set = |request: &Request| {
        let kept = request
            .overrides
            .iter()
            .filter(|(name, _)| !settings.iter().any(|(set, _)| element_key(set) == element_key(name)));
        kept.chain(settings).cloned().collect::<Vec<_>>()
    };
    let with = Request { overrides: set(request), ..request.clone() };
    let whole = compile(checked, &with)?;
    let whole = run(&whole, how).map_err(|failure| vec![failure.diagnostic()])?;
    let program = compile(&altered, &Request { data, ..with })?;
    let cut = run(&program, how).map_err(|failure| vec![failure.diagnostic()])?;
    Ok(KnockOut { whole, cut })
}

/// The model saving every step, at which the path of a cause is needed.
fn every_step(checked: &CheckedModel, request: &Request) -> Result<Program, Vec<Diagnostic>> {
    let program = compile(checked, request)?;
    let step = program.constants.iter().find(|constant| element_key(&constant.name) == "time step");
    let Some(step) = step.map(|constant| constant.value) else { return Ok(program) };
    let overrides = request.overrides.iter().filter(|(name, _)| element_key(name) != "saveper").cloned();
    let overrides = overrides.chain([("SAVEPER".to_owned(), step)]).collect();
    compile(checked, &Request { overrides, ..request.clone() })
}

fn variable<'m>(checked: &'m CheckedModel, name: &str) -> Result<&'m Variable, Vec<Diagnostic>> {
    let wanted = Name::new(name.trim_matches('"'));
    let variables = &checked.model().variables;
    variables.iter().find(|variable| variable.name == wanted).ok_or_else(|| {
        let near = nearest(name, variables.iter().map(|variable| variable.name.text()));
        let help = near
            .map_or_else(|| "check the name against the model".to_owned(), |near| format!("did you mean `{near}`?"));
        vec![Diagnostic::error("unknown-variable", format!("the model has no variable `{name}`")).help(help)]
    })
}

/// The held path of each element, from the columns of a run.
fn paths(base: &Table, cause: &Name, name: &Name, held: Held) -> Vec<DataSeries> {
    let of_cause = |column: &str| {
        let (own, subscripts) = column.split_once('[').map_or((column, None), |(own, rest)| (own, Some(rest)));
        (Name::new(own) == *cause).then(|| match subscripts {
            Some(rest) => format!("{name}[{rest}"),
            None => name.text().to_owned(),
        })
    };
    let columns = base.columns.iter().enumerate();
    columns
        .filter_map(|(place, column)| {
            let all = base.time.iter().zip(base.values.column(place)).map(|(time, value)| (*time, *value));
            let points: Vec<(f64, f64)> = match held {
                Held::OnPath => all.collect(),
                Held::AtStart => all.take(1).collect(),
            };
            Some(DataSeries { name: of_cause(&column.name)?, points })
        })
        .collect()
}

/// Puts one name in the place of another wherever its value is read.
fn replace(expression: &mut Expression, from: &Name, to: &Name, count: &mut usize) {
    let computed = |subscripts: &mut Vec<crate::model::Subscript>, count: &mut usize| {
        for subscript in subscripts {
            if let SubscriptKind::Computed(index) = &mut subscript.kind {
                replace(index, from, to, count);
            }
        }
    };
    match &mut expression.kind {
        ExpressionKind::Number(_) | ExpressionKind::Missing | ExpressionKind::Text(_) | ExpressionKind::Lookup(_) => {}
        ExpressionKind::Reference { name, subscripts } => {
            if name == from {
                *name = to.clone();
                *count += 1;
            }
            computed(subscripts, count);
        }
        ExpressionKind::Call { subscripts, arguments, .. } => {
            computed(subscripts, count);
            arguments.iter_mut().for_each(|argument| replace(argument, from, to, count));
        }
        ExpressionKind::Unary { operand, .. } => replace(operand, from, to, count),
        ExpressionKind::Binary { left, right, .. } => {
            replace(left, from, to, count);
            replace(right, from, to, count);
        }
        ExpressionKind::Conditional { condition, then, otherwise } => {
            for part in [condition, then, otherwise] {
                replace(part, from, to, count);
            }
        }
    }
}
