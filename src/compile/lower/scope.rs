//! Where an expression is read: in which instance of which scope, in which phase, with which subscripts bound.

use super::{Phase, Site};
use crate::check::ElementId;
use crate::model::Expression;
use std::rc::Rc;

/// Dimensions of the left-hand side and the element each stands for.
pub type Bindings = Rc<[(usize, ElementId)]>;

/// The surroundings of an expression.
#[derive(Clone, Debug)]
pub struct Context {
    pub phase: Phase,
    /// Index into the instances; 0 is the model.
    pub instance: usize,
    /// The variable whose equation is read, for messages.
    pub variable: usize,
    pub bound: Bindings,
    /// Dimensions that an enclosing reduction runs over, the innermost last.
    pub reduced: Bindings,
}

impl Context {
    pub fn model(phase: Phase) -> Self {
        Context { phase, instance: 0, variable: usize::MAX, bound: Rc::from([]), reduced: Rc::from([]) }
    }

    pub fn in_phase(&self, phase: Phase) -> Self {
        Context { phase, ..self.clone() }
    }

    pub fn with_reduced(&self, more: &[(usize, ElementId)]) -> Self {
        let reduced: Vec<_> = self.reduced.iter().chain(more).copied().collect();
        Context { reduced: reduced.into(), ..self.clone() }
    }

    /// With `dimension` bound to `element`, whatever it was bound to before.
    pub fn rebound(&self, dimension: usize, element: ElementId) -> Self {
        let mut bound: Vec<_> = self.bound.iter().copied().filter(|(old, _)| *old != dimension).collect();
        bound.insert(0, (dimension, element));
        Context { bound: bound.into(), ..self.clone() }
    }

    /// Everything that tells two readings of one text apart, except the phase.
    pub fn bindings(&self) -> Bindings {
        self.bound.iter().chain(self.reduced.iter()).copied().collect()
    }
}

/// A use of a macro: the scope it opens and what its parameters stand for. Instance 0 is the model.
#[derive(Clone, Debug)]
pub struct Instance<'a> {
    /// Scope number in the checked model.
    pub scope: usize,
    pub arguments: Vec<&'a Expression>,
    /// Where the arguments are read (in either phase).
    pub caller: Option<Context>,
    /// For messages.
    pub label: String,
}

impl Instance<'_> {
    pub fn model() -> Self {
        Instance { scope: 0, arguments: Vec::new(), caller: None, label: String::new() }
    }
}

/// A call of a macro in one surroundings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InstanceKey {
    pub caller: usize,
    pub site: Site,
    pub bindings: Bindings,
}
