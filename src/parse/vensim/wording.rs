//! The words for every fault of Vensim text: code, sentence, note beside the place, next step.

use super::fault::{ELEMENT_LIMIT, Fault, Found, HEIGHT_LIMIT, NESTING_LIMIT};
use super::token::Keyword;
use crate::diagnostic::{Diagnostic, Severity, Source, nearest};
use std::sync::Arc;

pub fn diagnose(found: &Found, source: &Arc<Source>) -> Diagnostic {
    let Words { code, message, label, help } = words(&found.fault);
    let severity = match found.fault {
        Fault::UnitsDiffer { .. }
        | Fault::LookupUnsorted
        | Fault::UnknownFlag { .. }
        | Fault::TildesMissing { found: 1, .. } => Severity::Warning,
        _ => Severity::Error,
    };
    Diagnostic { severity, ..Diagnostic::error(code, message) }.at(source, found.span, label).help(help)
}

struct Words {
    code: &'static str,
    message: String,
    label: &'static str,
    help: String,
}

fn say(code: &'static str, message: impl Into<String>, label: &'static str, help: impl Into<String>) -> Words {
    Words { code, message: message.into(), label, help: help.into() }
}

fn words(fault: &Fault) -> Words {
    match fault {
        // Characters and words.
        Fault::Character { character } => say(
            "unexpected-character",
            match character.is_control() {
                true => format!("the character U+{:04X} has no meaning here", u32::from(*character)),
                false => format!("the character `{character}` has no meaning here"),
            },
            "not part of an equation",
            match character {
                '&' => "write :AND: for `and`; a name that contains it must stand in quotation marks: \"a & b\"",
                _ => "a name that contains it must stand in quotation marks: \"a % of b\"",
            },
        ),
        Fault::Number { text } => say(
            "malformed-number",
            format!("`{text}` is not a number"),
            "not a number",
            "write numbers as 12, 0.5 or 1.5e-06, within the range of double precision",
        ),
        Fault::NameStartsWithDigit { text } => say(
            "malformed-number",
            format!("`{text}` is neither a number nor a name"),
            "starts with a digit",
            "put a name that starts with a digit in quotation marks, or write the operator between the number and the name",
        ),
        Fault::EmptyQuotes => say(
            "empty-name",
            "there is no name between the quotation marks",
            "empty",
            "write a name between the quotation marks",
        ),
        Fault::QuoteNotClosed => say(
            "unterminated-quote",
            "the quotation mark that opens this name is never closed",
            "opened here",
            "close the name with \" on the same line; a quotation mark inside a name is written \\\"",
        ),
        Fault::TextNotClosed => say(
            "unterminated-quote",
            "the apostrophe that opens this text is never closed",
            "opened here",
            "close the text with ' on the same line",
        ),
        Fault::CommentNotClosed => say(
            "unterminated-comment",
            "the brace that opens this comment is never closed",
            "opened here",
            "close the comment with }",
        ),
        Fault::UnknownKeyword { text } => say(
            "unknown-keyword",
            format!("Vensim has no keyword `:{text}:`"),
            "not a keyword",
            match nearest(text, Keyword::spellings()) {
                Some(near) => format!("did you mean `:{near}:`?"),
                None => "keywords stand between colons: `:AND:`, `:EXCEPT:`, `:RAW:`, ...".to_owned(),
            },
        ),
        Fault::MisplacedKeyword { keyword } => say(
            "misplaced-keyword",
            format!("`:{}:` cannot stand here", keyword.text()),
            "misplaced",
            match keyword {
                Keyword::Except => "write `:EXCEPT:` and its subscripts behind the subscripts on the left of `=`",
                Keyword::Interpolate | Keyword::LookForward | Keyword::HoldBackward | Keyword::Raw => {
                    "write how data are interpolated behind the name and its subscripts, before `:=`"
                }
                Keyword::Macro | Keyword::EndOfMacro => "end the equation before it with `|`",
                Keyword::Supplementary => "write `:SUPPLEMENTARY` behind a third `~`, after the comment",
                _ => "see how the keyword is used in Vensim's reference, or take it out",
            },
        ),
        Fault::UnsupportedKeyword { keyword } => say(
            "unsupported-keyword",
            format!("`:{}:` is not supported", keyword.text()),
            "not supported",
            "write the equation without it",
        ),

        // Statements.
        Fault::NameMissing { before } => say(
            "missing-name",
            format!("there is no variable name before `{before}`"),
            "a name belongs before this",
            "write `name = expression ~ units ~ comment |`; a name with unusual characters stands in quotation marks",
        ),
        Fault::EquationEmpty { name } => say(
            "empty-equation",
            format!("`{name}` has nothing after `=`"),
            "nothing follows",
            format!("write its expression, or, if its values are data from outside, leave out the `=`: `{name} ~ ~ |`"),
        ),
        Fault::EquationTruncated { name } => say(
            "truncated-equation",
            format!("the file ends inside the equation of `{name}`"),
            "the equation starts here",
            "end it with `~ units ~ comment |`; if the file was cut off, fetch it again",
        ),
        Fault::BarMissing { name } => say(
            "missing-bar",
            format!("the equation of `{name}` is not ended by `|` before the next one starts"),
            "`|` is missing after this",
            "end every equation with `~ units ~ comment |`",
        ),
        Fault::TildesMissing { name, found } => say(
            "missing-tilde",
            match found {
                0 => format!("`~` is missing twice in the equation of `{name}`"),
                _ => format!("the second `~` is missing in the equation of `{name}`"),
            },
            "ends here",
            "write `name = expression ~ units ~ comment |`; units and comment may be empty, the two `~` may not be left out",
        ),
        Fault::GroupNameMissing => say(
            "malformed-group",
            "this group heading has no name",
            "a line `.name` belongs between the rows of asterisks",
            "write the heading as `****`, `.name`, `****~`, a comment and `|`",
        ),
        Fault::UnknownFlag { text } => say(
            "unknown-flag",
            format!("`{text}` behind the comment means nothing to Vensim"),
            "ignored",
            "only `:SUPPLEMENTARY` may stand there; a `~` inside a comment must be taken out",
        ),
        Fault::UnitsDiffer { name, first, second } => say(
            "units-stated-twice",
            format!("`{name}` has the units `{first}` in one equation and `{second}` in another"),
            "ignored",
            "state the units of a subscripted variable once",
        ),
        Fault::StatedRange { text } => say(
            "malformed-range",
            format!("`{text}` is not a range of values"),
            "not a range",
            "write the range behind the units as [low,high] or [low,high,step], with ? for an open end",
        ),

        // Expressions.
        Fault::OperandMissing { after, before } => say(
            "missing-operand",
            match (after, before) {
                (Some(after), Some(before)) => format!("nothing stands between `{after}` and `{before}`"),
                (Some(after), None) => format!("nothing stands after `{after}`"),
                (None, Some(before)) => format!("nothing stands before `{before}`"),
                (None, None) => "there is no expression".to_owned(),
            },
            "a number, a name or a bracket belongs here",
            match (after.as_deref(), before.as_deref()) {
                (Some("*"), Some("*")) => "write a power as x^y",
                (Some("/"), Some("/")) => "write one `/`, or ZIDZ(x, y) for a quotient that is 0 where y is",
                (Some("="), Some("=")) => "write one `=` to compare",
                _ => "write what the operator or function applies to",
            },
        ),
        Fault::OperatorMissing { left, right } => say(
            "missing-operator",
            format!("nothing connects `{left}` and `{right}`"),
            "an operator belongs before this",
            "write an operator between the two, such as * or +; if a new equation starts here, end the one before with `~ ~ |`",
        ),
        Fault::Unexpected { text } => say(
            "unexpected-symbol",
            format!("`{text}` cannot stand here"),
            "unexpected",
            "take it out, or write what belongs before it",
        ),
        Fault::BracketNotClosed { bracket } => say(
            "unclosed-bracket",
            format!("the `{bracket}` opened here is never closed"),
            "opened here",
            format!("add the matching `{}`", closing(*bracket)),
        ),
        Fault::BracketNotOpened { bracket } => say(
            "unopened-bracket",
            format!("this `{bracket}` closes nothing"),
            "nothing is open here",
            "take it out, or open the bracket that it should close",
        ),
        Fault::CommaOutsideCall => say(
            "unexpected-symbol",
            "a comma stands between brackets that are not the arguments of a function",
            "not an argument list",
            "write the function's name before the bracket",
        ),
        Fault::ComparisonChained => say(
            "chained-comparison",
            "comparisons cannot be chained",
            "a second comparison",
            "write `a < b :AND: b < c`, or put brackets around the first comparison",
        ),
        Fault::DoubleEqual => say(
            "double-equal",
            "`==` does not compare",
            "means an unchangeable constant, behind a name on the left",
            "write a single `=` to compare",
        ),
        Fault::TooDeep => say(
            "expression-too-deep",
            format!("brackets are nested more than {NESTING_LIMIT} deep"),
            "too deep",
            "give the inner part a name of its own",
        ),
        Fault::TooLong => say(
            "expression-too-long",
            format!("the expression has more than {HEIGHT_LIMIT} operations that wait for one another"),
            "too long",
            "split it into several variables, or add up an array with SUM",
        ),
        Fault::IntegInside => say(
            "integ-inside",
            "INTEG stands inside an expression",
            "must be the whole right-hand side",
            "give the stock a name of its own, `stock = INTEG(net flow, initial value)`, and use that name here",
        ),
        Fault::Arguments { function, wanted, found } => say(
            "argument-count",
            format!("{function} takes {wanted} and is given {found}"),
            "",
            match *function {
                "INTEG" => "write INTEG(net flow, initial value)",
                "WITH LOOKUP" => "write WITH LOOKUP(input, ((x,y), (x,y), ...))",
                _ => "write IF THEN ELSE(condition, value if true, value if false)",
            },
        ),
        Fault::LookupInPlace => say(
            "malformed-lookup",
            "the second argument of WITH LOOKUP is not a table",
            "a table belongs here",
            "write WITH LOOKUP(input, ((x,y), (x,y), ...)), or call a lookup variable by its name: table(input)",
        ),
        Fault::FunctionOf { name } => say(
            "a-function-of",
            format!("`{name}` has no equation yet, only a list of its causes"),
            "Vensim's placeholder",
            "replace A FUNCTION OF(...) by the equation",
        ),
        Fault::TabbedArrayInside => say(
            "tabbed-array-inside",
            "TABBED ARRAY stands inside an expression",
            "must be the whole right-hand side",
            "give the numbers a name of their own and use that name here",
        ),
        Fault::ListItem { text } => say(
            "malformed-list",
            format!("`{text}` is not a number"),
            "only numbers may be listed",
            "write one equation per element where the values are expressions",
        ),

        // Subscripts.
        Fault::SubscriptMissing => say(
            "missing-subscript",
            "a subscript is missing",
            "the name of an element or a dimension belongs here",
            "write the subscripts as [region, age]",
        ),
        Fault::SubscriptNumber { text } => say(
            "numeric-subscript",
            format!("`{text}` is a number, and Vensim's subscripts are names"),
            "not a name",
            "write the element's name; VECTOR ELM MAP reaches an element by its number",
        ),
        Fault::ReducedOnLeft { name } => say(
            "reduced-on-left",
            format!("`{name}!` stands on the left-hand side"),
            "`!` belongs inside SUM, VMAX and their like",
            "take out the `!`",
        ),
        Fault::ExceptWithoutSubscripts { name } => say(
            "malformed-except",
            format!("`{name}` has no subscripts of which `:EXCEPT:` could leave out some"),
            "nothing to except from",
            "write `name[dimension] :EXCEPT: [element] = ...`",
        ),
        Fault::ExceptLength { wanted, found } => say(
            "malformed-except",
            format!("`:EXCEPT:` names {} where the left-hand side has {}", plural(*found), plural(*wanted)),
            "",
            "name as many subscripts as on the left, repeating those that stay whole",
        ),
        Fault::ElementRange => say(
            "malformed-element-range",
            "a range of elements is written (A1-A5)",
            "not a range",
            "write two names that differ in the number at their end, joined by `-`",
        ),
        Fault::ElementRangePrefixes { first, last } => say(
            "malformed-element-range",
            format!("`{first}` and `{last}` differ in more than the number at their end"),
            "not a range",
            "list the elements one by one",
        ),
        Fault::ElementRangeOrder { first, last } => say(
            "malformed-element-range",
            format!("the range runs down, from {first} to {last}"),
            "runs down",
            "write the smaller number first",
        ),
        Fault::ElementRangePadded { text } => say(
            "malformed-element-range",
            format!("the number at the end of `{text}` starts with a zero"),
            "which names are meant is not certain",
            "list the elements one by one",
        ),
        Fault::ElementRangeLarge { count } => say(
            "element-range-too-large",
            format!("with these {count} elements, the ranges of the file name more than {ELEMENT_LIMIT}"),
            "too large",
            "use smaller dimensions",
        ),
        Fault::DimensionEmpty { name } => say(
            "empty-dimension",
            format!("the subscript `{name}` has no elements"),
            "nothing follows",
            format!("write `{name}: first element, second element ~~|`"),
        ),

        // Lookups.
        Fault::LookupPoint => say(
            "malformed-lookup",
            "a point of a lookup is written (x,y)",
            "not a point",
            "write numbers only: ((0,0), (1,2.5), (2,4))",
        ),
        Fault::LookupComma => say(
            "malformed-lookup",
            "the points of a lookup are separated by commas",
            "a comma belongs before this",
            "write ((0,0), (1,2.5), (2,4))",
        ),
        Fault::LookupRange => say(
            "malformed-lookup",
            "the drawing range of a lookup is written [(x min,y min)-(x max,y max)]",
            "not a range",
            "mend the range or leave it out; it does not change the values",
        ),
        Fault::LookupOdd { count } => say(
            "malformed-lookup",
            format!("the lookup lists {count} numbers, which do not pair up"),
            "an odd count",
            "write all x values and then as many y values, or points (x,y)",
        ),
        Fault::LookupShort { count } => say(
            "lookup-too-short",
            match count {
                0 => "the lookup has no points".to_owned(),
                _ => "the lookup has a single point".to_owned(),
            },
            "two points at least",
            "write two points or more: ((0,0), (1,2.5))",
        ),
        Fault::LookupUnsorted => say(
            "lookup-unsorted",
            "the points of this lookup are not in order of x",
            "sorted by x for the run, as Vensim does",
            "write the points in ascending x",
        ),

        // Macros.
        Fault::MacroHeader => say(
            "malformed-macro",
            "the heading of this macro cannot be read",
            "cannot be read",
            "write :MACRO: name(input, input : output), and its equations below",
        ),
        Fault::MacroNotClosed { name } => say(
            "unterminated-macro",
            format!("the macro `{name}` is never ended"),
            "starts here",
            "write :END OF MACRO: after its last equation",
        ),
        Fault::MacroInMacro { name } => say(
            "nested-macro",
            format!("a macro starts inside the macro `{name}`"),
            "starts before the other has ended",
            "write :END OF MACRO: before it; a macro may use another that stands before it",
        ),
        Fault::MacroEndAlone => say(
            "malformed-macro",
            "this :END OF MACRO: ends nothing",
            "no macro is open",
            "take it out, or write the macro's heading :MACRO: name(inputs)",
        ),
        Fault::OutputsOfFunction { name } => say(
            "outputs-of-no-macro",
            format!("`{name}` stands behind a colon, where only a macro's further outputs can be named"),
            "no macro of the file returns this",
            "write a comma, or define the macro with outputs: :MACRO: name(input : output)",
        ),
        Fault::OutputsTooMany { name, wanted, found } => say(
            "outputs-too-many",
            format!("the macro `{name}` has {wanted} further outputs, and {found} are named"),
            "one too many",
            "name as many variables behind the colon as the macro's heading does",
        ),
        Fault::MacroLarge { name } => say(
            "macro-too-large",
            format!("the macro `{name}` is too large for so many outputs"),
            "too large",
            "define a macro for each output",
        ),
        Fault::TooMany => say(
            "too-many-faults",
            "there are so many faults that reading ended before the file did",
            "",
            "mend the first ones; if the file is not a Vensim model in text form, save it as .mdl",
        ),
    }
}

fn closing(bracket: char) -> char {
    if bracket == '[' { ']' } else { ')' }
}

fn plural(count: usize) -> String {
    if count == 1 { "1 subscript".to_owned() } else { format!("{count} subscripts") }
}
