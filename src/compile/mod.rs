//! A checked model into a program: subscripts opened, equations ordered, equal computations shared, registers assigned.
//!
//! The executor in `simulate` runs the program; nothing here knows of steps or methods.

mod code;
mod derivative;
mod differentiate;
mod events;
mod fault;
mod graph;
mod layout;
mod lower;
mod opened;
mod operation;
mod program;
mod request;
mod schedule;
mod slope;
mod store;
mod table;
mod tangent;

pub use code::{Code, Instruction, Operation, Register, Stretch, VectorInstruction};
pub use derivative::{MOST_STATES, Obstacle};
pub use differentiate::{Differentiated, Direction, Misleading, Shift, TangentSlots, Why, differentiate};
pub use fault::Fault;
pub use graph::VectorOperation;
pub use lower::{Constant, element_key};
pub use opened::{Equation, Opened, Part, open};
pub use operation::{Binary, MISSING, Pair, Unary};
pub use program::{Controls, Jacobian, MemorySlot, Output, Program, StateSlot};
pub use request::{DataSeries, Landing, OutputExpression, Outputs, Request};
pub use store::{Batches, Belt, BeltLeak, Beyond, Line, Outlet};
pub use table::Table;

use crate::check::{CheckedModel, is_skipped};
use crate::diagnostic::{Diagnostic, nearest};
use crate::model::{Definition, Name};
use graph::Value;
use lower::{Context, Lowering, Phase};
use opened::Opening;

/// Deep chains of variables are walked recursively; this is room for the deepest model that `parse` lets through.
const STACK: usize = 1 << 30;

/// Compiles a model for a request. All faults are returned at once.
pub fn compile(checked: &CheckedModel, request: &Request) -> Result<Program, Vec<Diagnostic>> {
    compile_opened(checked, request, &Opening::Closed)
}

fn compile_opened(checked: &CheckedModel, request: &Request, opening: &Opening) -> Result<Program, Vec<Diagnostic>> {
    let compiled = std::thread::scope(|scope| {
        let thread =
            std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || translate(checked, request, opening));
        match thread.map(|thread| thread.join()) {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => Err(vec![Fault::External {
                variable: "the model".to_owned(),
                why: format!("no thread could be started ({error})"),
                span: Default::default(),
            }]),
        }
    });
    compiled.map_err(|faults| faults.iter().map(|fault| fault.diagnostic(checked.source())).collect())
}

fn translate(checked: &CheckedModel, request: &Request, opening: &Opening) -> Result<Program, Vec<Fault>> {
    let mut lowering = Lowering::new(checked, request);
    lowering.opened = opening.places(checked);
    unknown_overrides(checked, request, &mut lowering.faults);
    let mut controls = Vec::new();
    for name in ["INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER"] {
        controls.push(lowering.control(name, Phase::Moving));
    }
    let wanted = wanted(checked, request, &mut lowering.faults);
    let mut outputs: Vec<(String, String, Value)> = Vec::new();
    for (number, variable) in checked.model().variables.iter().enumerate() {
        let executable = variable.equations.iter().all(|equation| {
            !matches!(equation.definition, Definition::Lookup(_) | Definition::Unreadable)
                && !is_lookup_call(&equation.definition, checked.model().dialect)
        });
        if is_skipped(variable) || !executable {
            continue;
        }
        for coordinates in &checked.scope(0).elements[number].order {
            let Ok(value) = lowering.own_equation(number, coordinates) else { continue };
            let name = checked.element_name(number, coordinates);
            if wanted.is_none_or_contains(&variable.name, &name) && !variable.hidden {
                let unit = variable.units.as_ref().map_or(String::new(), |units| units.text.clone());
                outputs.push((name, unit, value));
            }
        }
    }
    let mut cumulated = Vec::new();
    for output in &request.expressions {
        let value = lowering.expression(&output.expression, &Context::model(Phase::Moving));
        if let Ok(value) = value {
            if output.cumulated {
                cumulated.push((output.name.clone(), value));
            } else {
                outputs.push((output.name.clone(), String::new(), value));
            }
        }
    }
    for (name, value) in cumulated {
        let total = lowering.quadrature(name.clone(), value);
        outputs.push((name, String::new(), total));
    }
    lowering.finish();
    if matches!(opening, Opening::Inside) {
        outputs.extend(lowering.inside());
    }
    let mut faults = std::mem::take(&mut lowering.faults);
    let controls: Vec<Value> = controls.into_iter().flatten().collect();
    let [mut start, stop, step, save_every] = controls[..] else { return Err(faults) };
    if lowering.graph.pace(start) > graph::Pace::Run
        && let Some(fixed) = lowering.start_time()
    {
        start = fixed;
    }
    if lowering.graph.pace(start) > graph::Pace::Run {
        faults.push(Fault::BadControl { name: "INITIAL TIME", why: "changes during the run".to_owned() });
    }
    if lowering.graph.pace(step) > graph::Pace::Run
        && let Some(memory) = lowering.memories.first()
    {
        let why = format!("changes during the run, while `{}` remembers values of whole steps", memory.name);
        faults.push(Fault::BadControl { name: "TIME STEP", why });
    }
    for (name, _) in &request.overrides {
        let key = element_key(name);
        let known = lowering.constants.iter().any(|constant| element_key(&constant.name) == key);
        let control = matches!(key.as_str(), "initial time" | "final time" | "time step" | "saveper");
        if !known && !control && !faults.iter().any(|fault| matches!(fault, Fault::UnknownOverride { .. })) {
            let inside = format!("{key}[");
            let names = lowering.constants.iter().map(|constant| &constant.name);
            let elements: Vec<String> =
                names.filter(|constant| element_key(constant).starts_with(&inside)).cloned().collect();
            faults.push(match elements.is_empty() {
                true => Fault::OverrideNotConstant { name: name.clone() },
                false => Fault::OverrideElements { name: name.clone(), elements },
            });
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut switches = events::Switches::default();
    if lowering.landing == Landing::Exact {
        let wanted = vec![true; lowering.graph.len()];
        switches = events::switches(&mut lowering.graph, &wanted);
    }
    let mut recurring: Vec<(Value, Value, Option<Value>)> =
        switches.periodic.iter().map(|(first, period)| (*first, *period, None)).collect();
    let own = if lowering.landing == Landing::Exact { &lowering.recurring[..] } else { &[] };
    recurring.extend(own.iter().map(|item| (item.first, item.period, Some(item.last))));
    let fixed = |value: &Value| lowering.graph.pace(*value) <= graph::Pace::Run;
    recurring.retain(|(first, period, last)| [Some(*first), Some(*period), *last].iter().flatten().all(fixed));
    switches.single.retain(fixed);
    let (own_states, own_outputs) = (lowering.states.len(), outputs.len());
    let rates: Vec<Value> = lowering.states.iter().map(|state| state.derivative).collect();
    let partials = if request.jacobian {
        derivative::partials(&mut lowering.graph, &rates, &lowering.owners)
    } else {
        Err(Obstacle::NotAsked)
    };
    Ok(program::assemble(program::Parts {
        store: lowering.first_store(),
        partials,
        constants: lowering.constants,
        states: lowering.states,
        memories: lowering.memories,
        helds: lowering.helds.iter().map(|held| held.value).collect(),
        randoms: lowering.randoms,
        givens: lowering.opened.len(),
        outputs,
        switches: switches.single,
        recurring,
        start,
        stop,
        step,
        save_every,
        landing: request.landing,
        own_states,
        own_outputs,
        of_states: Vec::new(),
        shifts: Vec::new(),
        owners: lowering.owners,
        graph: lowering.graph,
    }))
}

/// A lookup variable filled from a file has no value without an argument.
fn is_lookup_call(definition: &Definition, dialect: crate::model::Dialect) -> bool {
    use crate::model::{ExpressionKind, Function};
    match definition {
        Definition::External(call) => match &call.kind {
            ExpressionKind::Call { function, .. } => Function::named(dialect, function) == Some(Function::SheetLookups),
            _ => false,
        },
        _ => false,
    }
}

/// Which outputs were asked for.
struct Wanted(Option<Vec<String>>);

impl Wanted {
    fn is_none_or_contains(&self, variable: &Name, element: &str) -> bool {
        let Some(chosen) = &self.0 else { return true };
        let element = element_key(element);
        // A star by itself stands for any subscript, one behind the name for the rest of it.
        let parts = |text: &str| -> Vec<String> { text.split(['[', ',', ']']).map(str::to_owned).collect() };
        chosen.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => variable.key().starts_with(Name::new(prefix).key()),
            None if pattern.contains('*') => {
                let (wanted, own) = (parts(&element_key(pattern)), parts(&element));
                let fits = |(place, (wanted, own)): (usize, (&String, &String))| match wanted.strip_suffix('*') {
                    Some(start) if place == 0 || start.is_empty() => own.starts_with(start),
                    _ => wanted == own,
                };
                wanted.len() == own.len() && wanted.iter().zip(&own).enumerate().all(fits)
            }
            None => element_key(pattern) == element || Name::new(pattern).key() == variable.key(),
        })
    }
}

fn wanted(checked: &CheckedModel, request: &Request, faults: &mut Vec<Fault>) -> Wanted {
    let Outputs::Chosen(patterns) = &request.outputs else { return Wanted(None) };
    for pattern in patterns {
        let single = Wanted(Some(vec![pattern.clone()]));
        let model = checked.model();
        let found = model.variables.iter().enumerate().any(|(number, variable)| {
            let elements = &checked.scope(0).elements[number].order;
            elements
                .iter()
                .any(|element| single.is_none_or_contains(&variable.name, &checked.element_name(number, element)))
        });
        if !found {
            let names = model.variables.iter().map(|variable| variable.name.text());
            let wanted = pattern.split('[').next().unwrap_or(pattern);
            faults.push(Fault::UnknownOutput {
                name: pattern.clone(),
                nearest: nearest(wanted, names).map(str::to_owned),
            });
        }
    }
    Wanted(Some(patterns.clone()))
}

fn unknown_overrides(checked: &CheckedModel, request: &Request, faults: &mut Vec<Fault>) {
    for (name, _) in &request.overrides {
        let key = element_key(name);
        let variable = key.split('[').next().unwrap_or(&key);
        let control = matches!(variable, "initial time" | "final time" | "time step" | "saveper");
        if checked.names().variable(&Name::new(variable)).is_none() && !control {
            let names = checked.model().variables.iter().map(|variable| variable.name.text());
            faults.push(Fault::UnknownOverride {
                name: name.clone(),
                nearest: nearest(variable, names).map(str::to_owned),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_variables_are_chosen_by_name_prefix_and_subscript() {
        for (pattern, element, expected) in [
            ("stock", "Stock[north,young]", true),
            ("Stock[North, Young]", "Stock[north,young]", true),
            ("stock[north, *]", "Stock[north,young]", true),
            ("stock[*,young]", "Stock[north,young]", true),
            ("st*[*,young]", "Stock[north,young]", true),
            ("stock[*,old]", "Stock[north,young]", false),
            ("stock[*]", "Stock[north,young]", false),
            ("st*", "Stock[north,young]", true),
            ("st", "Stock[north,young]", false),
        ] {
            let name = Name::new(element.split('[').next().unwrap_or(element));
            let wanted = Wanted(Some(vec![pattern.to_owned()]));
            assert_eq!(wanted.is_none_or_contains(&name, element), expected, "{pattern} {element}");
        }
    }
}
