//! What can be wrong with Vensim text, as data; `wording` says it.

use super::token::Keyword;
use crate::diagnostic::Span;

/// A fault and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub fault: Fault,
    pub span: Span,
}

impl Found {
    pub fn new(fault: Fault, span: Span) -> Self {
        Found { fault, span }
    }
}

/// Every way in which the text of a Vensim model can fail to be one.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    // Characters and words.
    Character {
        character: char,
    },
    Number {
        text: String,
    },
    NameStartsWithDigit {
        text: String,
    },
    EmptyQuotes,
    QuoteNotClosed,
    TextNotClosed,
    CommentNotClosed,
    UnknownKeyword {
        text: String,
    },
    MisplacedKeyword {
        keyword: Keyword,
    },
    UnsupportedKeyword {
        keyword: Keyword,
    },
    // Statements.
    NameMissing {
        before: String,
    },
    EquationEmpty {
        name: String,
    },
    EquationTruncated {
        name: String,
    },
    BarMissing {
        name: String,
    },
    TildesMissing {
        name: String,
        found: usize,
    },
    GroupNameMissing,
    UnknownFlag {
        text: String,
    },
    UnitsDiffer {
        name: String,
        first: String,
        second: String,
    },
    StatedRange {
        text: String,
    },
    // Expressions.
    OperandMissing {
        after: Option<String>,
        before: Option<String>,
    },
    OperatorMissing {
        left: String,
        right: String,
    },
    Unexpected {
        text: String,
    },
    BracketNotClosed {
        bracket: char,
    },
    BracketNotOpened {
        bracket: char,
    },
    CommaOutsideCall,
    ComparisonChained,
    DoubleEqual,
    TooDeep,
    TooLong,
    IntegInside,
    Arguments {
        function: &'static str,
        wanted: &'static str,
        found: usize,
    },
    LookupInPlace,
    FunctionOf {
        name: String,
    },
    TabbedArrayInside,
    ListItem {
        text: String,
    },
    // Subscripts.
    SubscriptMissing,
    SubscriptNumber {
        text: String,
    },
    ReducedOnLeft {
        name: String,
    },
    ExceptWithoutSubscripts {
        name: String,
    },
    ExceptLength {
        wanted: usize,
        found: usize,
    },
    ElementRange,
    ElementRangePrefixes {
        first: String,
        last: String,
    },
    ElementRangeOrder {
        first: u32,
        last: u32,
    },
    ElementRangePadded {
        text: String,
    },
    ElementRangeLarge {
        count: u64,
    },
    DimensionEmpty {
        name: String,
    },
    // Lookups.
    LookupPoint,
    LookupComma,
    LookupRange,
    LookupOdd {
        count: usize,
    },
    LookupShort {
        count: usize,
    },
    LookupUnsorted,
    // Macros.
    MacroHeader,
    MacroNotClosed {
        name: String,
    },
    MacroInMacro {
        name: String,
    },
    MacroEndAlone,
    OutputsOfFunction {
        name: String,
    },
    OutputsTooMany {
        name: String,
        wanted: usize,
        found: usize,
    },
    MacroLarge {
        name: String,
    },
    /// Reading ended early.
    TooMany,
}

/// How many elements the ranges of a file, such as `(A1-A5)`, may name in all.
pub const ELEMENT_LIMIT: u64 = 100_000;
/// How deeply brackets and calls may be nested.
pub const NESTING_LIMIT: usize = 200;
/// How high the tree of an expression may grow, long sums included.
pub const HEIGHT_LIMIT: usize = 1_000;
