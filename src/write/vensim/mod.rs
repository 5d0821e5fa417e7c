//! A model into Vensim's text format. What a Vensim file says is written so that it reads back as the same model;
//! what only XMILE can say is first put into Vensim's terms by `translate`, or refused.

mod build;
mod expression;
mod fault;
mod functions;
mod pen;
mod translate;

use crate::diagnostic::Diagnostic;
use crate::model::{
    Definition, Dialect, Dimension, DimensionItem, Equation, Expression, ExpressionKind, Interpolation, Macro, Model,
    Name, StatedRange, Stock, Store, Variable,
};
use fault::Unsayable;
use pen::Pen;
use std::collections::HashMap;

/// The value of Vensim's `:NA:`.
const MISSING: f64 = -649_037_107_316_853_453_566_312_041_152_512.0;

/// Writes a model as the text of an `.mdl` file.
///
/// # Errors
/// One diagnostic for everything that Vensim's text cannot say, with the variable that uses it.
pub fn write(model: &Model) -> Result<String, Vec<Diagnostic>> {
    match model.dialect {
        Dialect::Vensim => write_own(model, Vec::new()),
        Dialect::Xmile => {
            let (translated, faults) = translate::translate(model);
            write_own(&translated, faults)
        }
    }
}

fn write_own(model: &Model, faults: Vec<Diagnostic>) -> Result<String, Vec<Diagnostic>> {
    let mut writer = Writer { faults, ..Writer::of(model) };
    let mut pen = Pen::default();
    pen.plain("{UTF-8}\n");
    for definition in model.macros.iter().filter(|definition| !is_output(&definition.name)) {
        writer.macro_definition(&mut pen, definition);
    }
    for dimension in &model.dimensions {
        writer.dimension(&mut pen, dimension);
    }
    writer.scope(&mut pen, &model.variables);
    writer.close(&mut pen);
    if writer.faults.is_empty() { Ok(pen.text) } else { Err(writer.faults) }
}

/// Whether a macro stands for a further output of another, as the reader makes them: `name:output`.
fn is_output(name: &Name) -> bool {
    name.text().contains(':')
}

/// A variable that a call of a macro defines.
struct Output<'a> {
    macro_name: &'a str,
    /// Its place among the macro's outputs.
    place: usize,
    arguments: &'a [Expression],
    name: &'a Name,
    subscripts: &'a [Name],
    written: bool,
}

struct Writer<'a> {
    model: &'a Model,
    sizes: HashMap<Name, Option<usize>>,
    outputs: Vec<Output<'a>>,
    /// The variable being written.
    variable: String,
    faults: Vec<Diagnostic>,
}

impl<'a> Writer<'a> {
    fn of(model: &'a Model) -> Self {
        let dimensions = model.dimensions.iter().map(|dimension| (&dimension.name, dimension)).collect();
        let mut sizes = HashMap::new();
        for dimension in &model.dimensions {
            size(&dimensions, &dimension.name, &mut sizes);
        }
        let macros = model.macros.iter().filter(|definition| !is_output(&definition.name));
        let scopes = macros.map(|definition| &definition.variables).chain([&model.variables]);
        let mut outputs = Vec::new();
        for variable in scopes.flatten() {
            for equation in &variable.equations {
                outputs.extend(output(model, variable, equation));
            }
        }
        outputs.sort_by_key(|output| output.place);
        Writer { model, sizes, outputs, variable: String::new(), faults: Vec::new() }
    }

    fn fault(&mut self, fault: Unsayable) {
        let diagnostic = fault.diagnostic(&self.variable);
        if !self.faults.contains(&diagnostic) {
            self.faults.push(diagnostic);
        }
    }

    /// The variables that a call defines, in the order of the macro's outputs.
    fn take_outputs(&mut self, function: &Name, arguments: &[Expression]) -> Vec<(Name, Vec<Name>)> {
        let mut taken = Vec::new();
        for output in &mut self.outputs {
            let wanted = output.place == taken.len() && !output.written;
            if wanted && output.macro_name == function.text() && output.arguments == arguments {
                output.written = true;
                taken.push((output.name.clone(), output.subscripts.to_vec()));
            }
        }
        taken
    }

    fn macro_definition(&mut self, pen: &mut Pen, definition: &Macro) {
        self.variable = definition.name.text().to_owned();
        pen.plain(":MACRO: ");
        pen.token(&self.name(&definition.name));
        pen.plain("(");
        for (index, parameter) in definition.parameters.iter().enumerate() {
            if parameter.default.is_some() {
                self.fault(Unsayable::Construct("a parameter with a default value"));
            }
            pen.plain(if index == 0 { "" } else { ", " });
            pen.token(&self.name(&parameter.name));
        }
        for (index, output) in definition.outputs.iter().enumerate() {
            pen.plain(if index == 0 { " : " } else { ", " });
            pen.token(&self.name(output));
        }
        pen.plain(")\n");
        if definition.value.is_some() {
            self.fault(Unsayable::Construct("a macro without a variable of its name"));
        }
        self.scope(pen, &definition.variables);
        pen.plain(":END OF MACRO:\n\n");
    }

    fn dimension(&mut self, pen: &mut Pen, dimension: &Dimension) {
        self.variable = dimension.name.text().to_owned();
        pen.token(&self.name(&dimension.name));
        if let Some(other) = &dimension.alias_of {
            pen.plain(" <-> ");
            pen.token(&self.name(other));
        } else {
            pen.plain(":\n\t");
            if let Some(external) = &dimension.external {
                self.expression(pen, external);
            }
            for (index, item) in dimension.items.iter().enumerate() {
                pen.plain(if index == 0 { "" } else { ", " });
                match item {
                    DimensionItem::Name(name) => pen.token(&self.name(name)),
                    DimensionItem::Range { prefix, first, last } => {
                        let end = |number: &u32| pen::name(&format!("{prefix}{number}"));
                        pen.token(&format!("({}-{})", end(first), end(last)));
                    }
                }
            }
            for (index, mapping) in dimension.mappings.iter().enumerate() {
                pen.plain(if index == 0 { " -> " } else { ", " });
                if mapping.items.is_empty() {
                    pen.token(&self.name(&mapping.target));
                    continue;
                }
                pen.token(&format!("({}: ", self.name(&mapping.target)));
                for (index, item) in mapping.items.iter().enumerate() {
                    pen.plain(if index == 0 { "" } else { ", " });
                    pen.token(&self.name(item));
                }
                pen.plain(")");
            }
        }
        pen.plain("\n\t~\t\n\t~\t\t|\n\n");
    }

    /// Variables under the headings of their groups; those without a group come first.
    fn scope(&mut self, pen: &mut Pen, variables: &[Variable]) {
        let (grouped, free): (Vec<&Variable>, Vec<&Variable>) =
            variables.iter().partition(|variable| variable.group.is_some());
        let mut heading: Option<&String> = None;
        for variable in free.into_iter().chain(grouped) {
            if variable.group.as_ref() != heading {
                heading = variable.group.as_ref();
                let stars = "*".repeat(56);
                let group = comment(heading.map_or("", String::as_str)).replace('\n', " ");
                pen.plain(&format!("{stars}\n\t.{group}\n{stars}~\n\t\t\n\t|\n\n"));
            }
            self.variable(pen, variable);
        }
    }

    fn variable(&mut self, pen: &mut Pen, variable: &Variable) {
        self.variable = variable.name.text().to_owned();
        let mut written = Vec::new();
        for equation in &variable.equations {
            match equation.definition {
                Definition::Skipped(what) if self.model.dialect == Dialect::Vensim => {
                    let note =
                        format!("{{The {what} of {} is left out.}}\n\n", variable.name.text().replace(['{', '}'], " "));
                    pen.plain(&note);
                }
                _ if output(self.model, variable, equation).is_some() => {}
                _ => written.push(equation),
            }
        }
        for (index, equation) in written.iter().enumerate() {
            self.equation(pen, variable, equation);
            if index + 1 < written.len() {
                pen.plain(" ~~|\n");
            } else {
                close_equation(pen, variable);
            }
        }
    }

    fn equation(&mut self, pen: &mut Pen, variable: &Variable, equation: &Equation) {
        pen.token(&self.name(&variable.name));
        self.names(pen, &equation.subscripts);
        for (index, except) in equation.except.iter().enumerate() {
            pen.plain(if index == 0 { " :EXCEPT: " } else { ", " });
            self.names(pen, except);
        }
        let mut right = |writer: &mut Self, sign: &str, expression: &Expression| {
            pen.plain(sign);
            pen.plain("\n\t");
            writer.expression(pen, expression);
        };
        match &equation.definition {
            Definition::Auxiliary(expression) | Definition::External(expression) => right(self, "=", expression),
            Definition::Unchangeable(expression) => right(self, "==", expression),
            Definition::Stock(stock) => self.stock(pen, stock),
            Definition::Values(values) => self.values(pen, equation, values),
            Definition::Lookup(table) => self.table(pen, table),
            Definition::Data { source, interpolation } => {
                let keyword = match interpolation {
                    Interpolation::Linear => ":INTERPOLATE:",
                    Interpolation::Step => ":HOLD BACKWARD:",
                    Interpolation::StepForward => ":LOOK FORWARD:",
                    Interpolation::Raw => ":RAW:",
                };
                match source {
                    Some(source) => right(self, &format!(" {keyword} :="), source),
                    None => pen.plain(&format!(" {keyword}")),
                }
            }
            // Refused with the stock it leaves.
            Definition::Driven => {}
            Definition::Skipped(what) => self.fault(Unsayable::Construct(what)),
            Definition::Unreadable => self.fault(Unsayable::Unreadable),
        }
    }

    fn stock(&mut self, pen: &mut Pen, stock: &Stock) {
        if stock.non_negative {
            self.fault(Unsayable::Construct("a stock that cannot be negative"));
        }
        match stock.store {
            Store::Reservoir => {}
            Store::Conveyor(_) => self.fault(Unsayable::Construct("a conveyor")),
            Store::Queue(_) => self.fault(Unsayable::Construct("a queue")),
            Store::Oven(_) => self.fault(Unsayable::Construct("an oven")),
        }
        pen.plain("= INTEG (\n\t");
        self.expression(pen, &stock.derivative);
        pen.plain(",\n\t\t");
        self.expression(pen, &stock.initial);
        pen.plain(")");
    }

    /// `1, 2, 3;` a row to a line, where the left-hand side leaves more than one dimension open.
    fn values(&mut self, pen: &mut Pen, equation: &Equation, values: &[f64]) {
        let open: Vec<usize> =
            equation.subscripts.iter().filter_map(|subscript| self.sizes.get(subscript).copied().flatten()).collect();
        let row = match open.as_slice() {
            [.., _, last] if *last > 0 && values.len().is_multiple_of(*last) => *last,
            _ => values.len(),
        };
        let in_rows = open.len() > 1 || values.len() == 1;
        pen.plain("=\n\t");
        for (index, value) in values.iter().enumerate() {
            let text = if *value == MISSING { ":NA:".to_owned() } else { pen::number(*value) };
            if !value.is_finite() {
                self.fault(Unsayable::Number(*value));
            }
            pen.token(&text);
            let row_ends = (index + 1) % row == 0;
            match (row_ends && in_rows, index + 1 == values.len()) {
                (true, true) => pen.plain(";"),
                (true, false) => pen.plain(";\n\t"),
                (false, true) => {}
                (false, false) => pen.plain(", "),
            }
        }
    }

    /// The empty sketch without which Vensim does not open a file, and the settings.
    fn close(&mut self, pen: &mut Pen) {
        if let Some(output) = self.outputs.iter().find(|output| !output.written) {
            self.variable = output.name.text().to_owned();
            let fault = Unsayable::Output(output.macro_name.to_owned());
            self.fault(fault);
        }
        pen.plain("\\\\\\---/// Sketch information - do not modify anything except names\n");
        pen.plain("V300  Do not put anything below this section - it will be ignored\n*View 1\n");
        pen.plain("$192-192-192,0,Times New Roman|12||0-0-0|0-0-0|0-0-255|-1--1--1|-1--1--1|96,96,100,0\n");
        pen.plain("///---\\\\\\\n:L\u{7f}<%^E!@\n");
        for aliases in &self.model.unit_aliases {
            pen.plain(&format!("22:{}\n", aliases.join(",")));
        }
        if let Some(method) = &self.model.control.method {
            match METHODS.iter().position(|known| known.eq_ignore_ascii_case(&method.text)) {
                Some(number) => pen.plain(&format!("15:0,0,0,{number},0,0\n")),
                None => {
                    self.variable = self.model.name.clone();
                    self.fault(Unsayable::Method(method.text.clone()));
                }
            }
        }
    }
}

/// The integration methods in the order in which line 15 of the settings numbers them.
const METHODS: [&str; 6] = ["Euler", "RK4 Auto", "Difference", "RK2 Auto", "RK2", "RK4"];

fn close_equation(pen: &mut Pen, variable: &Variable) {
    pen.plain("\n\t~\t");
    if let Some(units) = &variable.units {
        pen.plain(&comment(&units.text));
    }
    if let Some(StatedRange { low, high, step }) = variable.range {
        let end = |end: Option<f64>| end.map_or("?".to_owned(), pen::number);
        pen.plain(&format!(" [{},{}", end(low), end(high)));
        pen.plain(&step.map_or("]".to_owned(), |step| format!(",{}]", pen::number(step))));
    }
    pen.plain("\n\t~\t");
    let documentation = comment(&variable.documentation);
    pen.plain(&documentation.replace('\n', "\n\t\t"));
    if variable.supplementary {
        pen.plain("\n\t~\t:SUPPLEMENTARY");
    }
    // A backslash before the line break would join the lines.
    pen.plain(if documentation.ends_with('\\') && !variable.supplementary { "|\n\n" } else { "\n\t|\n\n" });
}

/// Text that may stand in a comment: the marks that would end it are replaced by others that look like them.
fn comment(text: &str) -> String {
    text.replace('~', "\u{223c}").replace('|', "\u{a6}")
}

/// The number of elements of a dimension; `None` if `name` is no dimension or its elements stand in another file.
fn size(
    dimensions: &HashMap<&Name, &Dimension>,
    name: &Name,
    sizes: &mut HashMap<Name, Option<usize>>,
) -> Option<usize> {
    let dimension = dimensions.get(name)?;
    if let Some(known) = sizes.get(name) {
        return *known;
    }
    sizes.insert(name.clone(), None); // for a dimension that contains itself
    let own = match (&dimension.alias_of, &dimension.external) {
        (Some(other), _) => size(dimensions, other, sizes),
        (None, Some(_)) => None,
        (None, None) => {
            let counts = dimension.items.iter().map(|item| match item {
                DimensionItem::Range { first, last, .. } => last.saturating_sub(*first) as usize + 1,
                DimensionItem::Name(name) => size(dimensions, name, sizes).unwrap_or(1),
            });
            Some(counts.fold(0, usize::saturating_add))
        }
    };
    sizes.insert(name.clone(), own);
    own
}

/// The variable's part in a call with several outputs, if that is what this equation is.
fn output<'a>(model: &'a Model, variable: &'a Variable, equation: &'a Equation) -> Option<Output<'a>> {
    let Definition::Auxiliary(Expression { kind: ExpressionKind::Call { function, arguments, .. }, .. }) =
        &equation.definition
    else {
        return None;
    };
    let (macro_name, output) = function.text().split_once(':')?;
    let definition = model.macros.iter().find(|definition| definition.name == Name::new(macro_name))?;
    let place = definition.outputs.iter().position(|formal| *formal == Name::new(output))?;
    Some(Output {
        macro_name: definition.name.text(),
        place,
        arguments,
        name: &variable.name,
        subscripts: &equation.subscripts,
        written: false,
    })
}
