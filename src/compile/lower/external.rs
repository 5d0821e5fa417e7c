//! Values that stand outside the model's text: series given with the request, and constants, lookups and series in files.

use super::{Failed, Key, Lowered, Lowering, element_key};
use crate::check::{ElementId, instead, left_hand_side};
use crate::compile::fault::Fault;
use crate::compile::table::Table;
use crate::diagnostic::Span;
use crate::model::{
    Equation, Expression, ExpressionKind, Extrapolation, Function, Interpolation, LookupTable, Variable,
};
use crate::series::{Workbook, WorkbookFault, workbook_path};
use std::rc::Rc;

/// The texts of a GET function's arguments.
struct Address<'a> {
    function: Function,
    file: &'a str,
    sheet: &'a str,
    rest: Vec<&'a str>,
}

impl<'a> Lowering<'a> {
    /// A constant in a file: the last subscript runs across, the one before it down; `*` behind the cell turns that.
    pub(super) fn external_constant(
        &mut self,
        key: &Key,
        variable: &'a Variable,
        equation: &'a Equation,
        call: &'a Expression,
        place: usize,
    ) -> Lowered {
        let name = self.name_of(key.instance, key.variable, &key.coordinates);
        let address = self.address(call, &name)?;
        if address.function == Function::SheetData {
            return self.data(key, variable, equation, Some(call), Interpolation::Linear);
        }
        let sizes = self.sizes(variable, equation);
        let columns = sizes.last().copied().unwrap_or(1).max(1);
        let (mut down, mut across) = ((place / columns) as u32, (place % columns) as u32);
        let cell = address.rest.first().copied().unwrap_or_default().trim();
        let plain = cell.trim_end_matches('*');
        if plain.len() < cell.len() {
            std::mem::swap(&mut down, &mut across);
        }
        let value = self.workbook(&address).and_then(|book| {
            let area = book.area(address.sheet, plain)?;
            book.number(address.sheet, area.row + down, area.column + across)
        });
        match value {
            Ok(value) => Ok(self.parameter(key, value)),
            Err(fault) => Err(self.unread(name, &fault, call.span)),
        }
    }

    pub(super) fn external_lookup(
        &mut self,
        variable: usize,
        coordinates: &[ElementId],
        equation: &'a Equation,
        call: &'a Expression,
        place: usize,
    ) -> Result<u32, Failed> {
        let name = self.name_of(0, variable, coordinates);
        let _ = equation;
        let points = self.sheet_series(call, place, &name)?;
        let table = LookupTable {
            points,
            interpolation: Interpolation::Linear,
            extrapolation: Extrapolation::Hold,
            range: None,
        };
        Ok(self.graph.table(Table::new(&table)))
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
        if let Some(call) = source
            && self.function_of(call) == Some(Function::SheetConstants)
        {
            return self.external_constant(key, _variable, equation, call, self.place(key));
        }
        let table = self.data_table(key.variable, &key.coordinates, equation, source, interpolation)?;
        let time = self.time();
        Ok(self.graph.lookup(table, time))
    }

    fn place(&self, key: &Key) -> usize {
        let scope = self.instances[key.instance].scope;
        let elements = &self.checked.scope(scope).elements[key.variable];
        elements.defined_by.get(&key.coordinates[..]).map_or(0, |(_, place)| *place)
    }

    pub(super) fn data_table(
        &mut self,
        variable: usize,
        coordinates: &[ElementId],
        equation: &'a Equation,
        source: Option<&'a Expression>,
        interpolation: Interpolation,
    ) -> Result<u32, Failed> {
        let name = self.name_of(0, variable, coordinates);
        let wanted = element_key(&name);
        let given = self.request.data.iter().find(|series| element_key(&series.name) == wanted);
        let points = match (given, source) {
            (Some(series), _) => series.points.clone(),
            (None, Some(source)) if !is_sheet_call(source) => {
                return Err(self.fail(Fault::Unsupported {
                    construct: "a data equation that computes from other data".to_owned(),
                    variable: name,
                    span: source.span,
                    instead: "write `=` in place of `:=`, which computes it anew at each time step".to_owned(),
                }));
            }
            (None, Some(call)) => {
                let elements = &self.checked.scope(0).elements[variable];
                let place = elements.defined_by.get(coordinates).map_or(0, |(_, place)| *place);
                self.sheet_series(call, place, &name)?
            }
            (None, None) => return Err(self.fail(Fault::NoData { variable: name, span: equation.span })),
        };
        let extrapolation = match interpolation {
            Interpolation::Raw => Extrapolation::Missing,
            _ => Extrapolation::Hold,
        };
        let table = LookupTable { points, interpolation, extrapolation, range: None };
        Ok(self.graph.table(Table::new(&table)))
    }

    fn sheet_series(&mut self, call: &'a Expression, place: usize, name: &str) -> Result<Vec<(f64, f64)>, Failed> {
        let address = self.address(call, name)?;
        let [times, first] = address.rest[..] else { return Err(self.not_an_address(name, call.span)) };
        let first = first.trim().trim_end_matches('*');
        let series =
            self.workbook(&address).and_then(|book| book.series(address.sheet, times.trim(), first, place as u32));
        series.map_err(|fault| self.unread(name.to_owned(), &fault, call.span))
    }

    fn function_of(&self, call: &Expression) -> Option<Function> {
        match &call.kind {
            ExpressionKind::Call { function, .. } => Function::named(self.dialect(), function),
            _ => None,
        }
    }

    fn address(&mut self, call: &'a Expression, name: &str) -> Result<Address<'a>, Failed> {
        let function = self.function_of(call);
        let texts: Option<Vec<&'a str>> = match &call.kind {
            ExpressionKind::Call { arguments, .. } => arguments
                .iter()
                .map(|argument| match &argument.kind {
                    ExpressionKind::Text(text) => Some(text.as_str()),
                    _ => None,
                })
                .collect(),
            _ => None,
        };
        if let ExpressionKind::Call { function, .. } = &call.kind
            && let Some(instead) = instead(self.dialect(), function)
        {
            return Err(self.fail(Fault::Unsupported {
                construct: format!("the function {function}"),
                variable: name.to_owned(),
                span: call.span,
                instead: instead.to_owned(),
            }));
        }
        match (function, texts.as_deref()) {
            (Some(function), Some([file, sheet, rest @ ..])) => {
                Ok(Address { function, file, sheet, rest: rest.to_vec() })
            }
            _ => Err(self.not_an_address(name, call.span)),
        }
    }

    fn not_an_address(&mut self, name: &str, span: Span) -> Failed {
        let why = "file, sheet and cells must be texts in quotation marks".to_owned();
        self.fail(Fault::External { variable: name.to_owned(), why, span })
    }

    fn unread(&mut self, variable: String, fault: &WorkbookFault, span: Span) -> Failed {
        self.fail(Fault::External { variable, why: fault.words(), span })
    }

    /// Elements along each dimension of an equation's left-hand side; a single element counts 1.
    fn sizes(&self, variable: &Variable, equation: &Equation) -> Vec<usize> {
        let names = self.checked.names();
        left_hand_side(variable, equation)
            .iter()
            .filter_map(|name| names.dimension(name))
            .map(|dimension| self.checked.dimensions().get(dimension).elements.len())
            .collect()
    }

    fn workbook(&mut self, address: &Address<'_>) -> Result<Rc<Workbook>, WorkbookFault> {
        let path = workbook_path(&self.checked.model().folder, address.file);
        let key = (path.clone(), address.sheet.to_owned());
        if let Some(book) = self.workbooks.get(&key) {
            return book.clone();
        }
        let book = Workbook::open(&path, address.sheet).map(Rc::new);
        self.workbooks.insert(key, book.clone());
        book
    }
}

/// Whether a data variable's source is a call that names a file: all such functions begin with GET, in XMILE behind
/// `vensim.`.
fn is_sheet_call(source: &Expression) -> bool {
    let ExpressionKind::Call { function, .. } = &source.kind else { return false };
    function.key().trim_start_matches("vensim.").starts_with("get ")
}
