//! Values that stand outside the model's text: data series, and constants, lookups and series in files.

use super::{Failed, Key, Lowered, Lowering, element_key};
use crate::check::ElementId;
use crate::compile::fault::Fault;
use crate::compile::table::Table;
use crate::model::{Equation, Expression, Extrapolation, Interpolation, LookupTable, Variable};

impl<'a> Lowering<'a> {
    pub(super) fn external_constant(
        &mut self,
        key: &Key,
        variable: &'a Variable,
        equation: &'a Equation,
        _call: &'a Expression,
        _place: usize,
    ) -> Lowered {
        let _ = key;
        Err(self.fail(Fault::NoData { variable: variable.name.text().to_owned(), span: equation.span }))
    }

    pub(super) fn external_lookup(
        &mut self,
        variable: usize,
        coordinates: &[ElementId],
        equation: &'a Equation,
        _call: &'a Expression,
        _place: usize,
    ) -> Result<u32, Failed> {
        let variable = self.name_of(0, variable, coordinates);
        Err(self.fail(Fault::NoData { variable, span: equation.span }))
    }

    /// A data variable's value now.
    pub(super) fn data(
        &mut self,
        key: &Key,
        _variable: &'a Variable,
        equation: &'a Equation,
        source: Option<&'a Expression>,
        interpolation: Interpolation,
    ) -> Lowered {
        let table = self.data_table(key.variable, &key.coordinates, equation, source, interpolation)?;
        let time = self.time();
        Ok(self.graph.lookup(table, time))
    }

    pub(super) fn data_table(
        &mut self,
        variable: usize,
        coordinates: &[ElementId],
        equation: &'a Equation,
        _source: Option<&'a Expression>,
        interpolation: Interpolation,
    ) -> Result<u32, Failed> {
        let name = self.name_of(0, variable, coordinates);
        let wanted = element_key(&name);
        let given = self.request.data.iter().find(|series| element_key(&series.name) == wanted);
        match given {
            Some(series) => {
                let table = LookupTable {
                    points: series.points.clone(),
                    interpolation,
                    extrapolation: match interpolation {
                        Interpolation::Raw => Extrapolation::Missing,
                        _ => Extrapolation::Hold,
                    },
                    range: None,
                };
                Ok(self.graph.table(Table::new(&table)))
            }
            None => Err(self.fail(Fault::NoData { variable: name, span: equation.span })),
        }
    }
}
