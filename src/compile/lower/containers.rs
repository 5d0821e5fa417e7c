//! XMILE's stocks with an inside: conveyors, queues and ovens.

use super::scope::Context;
use super::{Key, Lowered, Lowering};
use crate::compile::fault::Fault;
use crate::model::{Stock, Store, Variable};

impl<'a> Lowering<'a> {
    pub(super) fn container(
        &mut self,
        _key: &Key,
        variable: &'a Variable,
        stock: &'a Stock,
        _context: Context,
    ) -> Lowered {
        let (construct, instead) = match stock.store {
            Store::Conveyor(_) => ("a conveyor", "use DELAY for a delay without leakage, or DELAY3 for a spread one"),
            Store::Queue => ("a queue", "use a stock whose outflow is limited to what it holds"),
            Store::Oven(_) | Store::Reservoir => ("an oven", "use a stock emptied by PULSE"),
        };
        Err(self.fail(Fault::Unsupported {
            construct: construct.to_owned(),
            variable: variable.name.text().to_owned(),
            span: variable.span,
            instead: instead.to_owned(),
        }))
    }
}
