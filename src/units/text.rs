//! Unit text into a [`Unit`]: names with spaces, `*`, `/`, `per`, powers and parentheses, from left to right.

use super::names::{Synonyms, TIME_UNITS, standard_spelling};
use super::unit::{Exponent, Unit};
use std::fmt;
use std::ops::Range;

/// What is wrong with a unit text, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitsFault {
    pub kind: UnitsFaultKind,
    /// Bytes of the unit text.
    pub range: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitsFaultKind {
    MissingName,
    MissingOperator,
    UnclosedParenthesis,
    StrayParenthesis,
    UnclosedQuotation,
    Exponent,
    Number,
    TooDeep,
}

impl fmt::Display for UnitsFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.kind {
            UnitsFaultKind::MissingName => "a unit name is missing here",
            UnitsFaultKind::MissingOperator => "`*` or `/` is missing here",
            UnitsFaultKind::UnclosedParenthesis => "this parenthesis is never closed",
            UnitsFaultKind::StrayParenthesis => "this parenthesis was never opened",
            UnitsFaultKind::UnclosedQuotation => "this quotation is never closed",
            UnitsFaultKind::Exponent => "an exponent is a number or a fraction such as `(1/2)`",
            UnitsFaultKind::Number => "a number in a unit is whole and positive",
            UnitsFaultKind::TooDeep => "parentheses are nested too deeply here",
        })
    }
}

const DEEPEST: usize = 50;

pub(super) fn read(text: &str, synonyms: &Synonyms) -> Result<Unit, UnitsFault> {
    let mut reader = Reader { tokens: tokens(text)?, next: 0, end: text.trim_end().len(), synonyms };
    let unit = reader.product(0)?;
    match reader.peek() {
        None => Ok(unit),
        Some(Token { kind: TokenKind::Close, range }) => fault(UnitsFaultKind::StrayParenthesis, range.clone()),
        Some(token) => fault(UnitsFaultKind::MissingOperator, token.range.clone()),
    }
}

fn fault<T>(kind: UnitsFaultKind, range: Range<usize>) -> Result<T, UnitsFault> {
    Err(UnitsFault { kind, range })
}

#[derive(Clone, Debug, PartialEq)]
enum TokenKind {
    /// A name, possibly of several words.
    Name(String),
    Number(f64),
    Times,
    Per,
    Power,
    Minus,
    /// A raised digit: `²`.
    Raised(i64),
    Open,
    Close,
}

#[derive(Clone, Debug)]
struct Token {
    kind: TokenKind,
    range: Range<usize>,
}

fn tokens(text: &str) -> Result<Vec<Token>, UnitsFault> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut position = 0;
    while let Some(character) = text[position..].chars().next() {
        let start = position;
        position += character.len_utf8();
        let after_power = matches!(tokens.last(), Some(Token { kind: TokenKind::Power, .. }));
        let kind = match character {
            _ if character.is_whitespace() => continue,
            '*' if text[position..].starts_with('*') => {
                position += 1;
                TokenKind::Power
            }
            '*' | '·' | '×' | '⋅' => TokenKind::Times,
            '/' | '÷' => TokenKind::Per,
            '^' => TokenKind::Power,
            '(' => TokenKind::Open,
            ')' => TokenKind::Close,
            '-' if after_power || matches!(tokens.last(), Some(Token { kind: TokenKind::Open, .. })) => {
                TokenKind::Minus
            }
            '⁻' | '⁰' | '¹' | '²' | '³' | '⁴' | '⁵' | '⁶' | '⁷' | '⁸' | '⁹' => {
                position =
                    start + length_while(&text[start..], |raised| raised_digit(raised).is_some() || raised == '⁻');
                match raised_number(&text[start..position]) {
                    Some(number) => TokenKind::Raised(number),
                    None => return fault(UnitsFaultKind::Exponent, start..position),
                }
            }
            '"' => match text[position..].find('"') {
                Some(length) => {
                    let name = text[position..position + length].to_string();
                    position += length + 1;
                    TokenKind::Name(name)
                }
                None => return fault(UnitsFaultKind::UnclosedQuotation, start..text.len()),
            },
            '0'..='9' | '.' => {
                position = start + length_while(&text[start..], |c| c.is_ascii_digit() || c == '.' || c == ',');
                match text[start..position].replace(',', "").parse() {
                    Ok(number) => TokenKind::Number(number),
                    Err(_) => return fault(UnitsFaultKind::Number, start..position),
                }
            }
            _ => {
                position = start + length_while(&text[start..], |c| !ends_name(c));
                name_tokens(text, start, position, &mut tokens);
                continue;
            }
        };
        tokens.push(Token { kind, range: start..position });
    }
    Ok(tokens)
}

fn ends_name(character: char) -> bool {
    matches!(character, '*' | '/' | '^' | '(' | ')' | '"' | '·' | '×' | '⋅' | '÷' | '⁻')
        || raised_digit(character).is_some()
}

fn length_while(text: &str, keep: impl Fn(char) -> bool) -> usize {
    text.find(|character| !keep(character)).unwrap_or(text.len())
}

fn raised_digit(character: char) -> Option<i64> {
    "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|digit| digit == character).map(|digit| digit as i64)
}

fn raised_number(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('⁻') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    if digits.is_empty() {
        return None;
    }
    let number =
        digits.chars().try_fold(0i64, |number, digit| number.checked_mul(10)?.checked_add(raised_digit(digit)?))?;
    Some(sign * number)
}

/// A run of words: `people per year`, `person-years`, `Year-1` and plain names.
fn name_tokens(text: &str, start: usize, end: usize, tokens: &mut Vec<Token>) {
    let mut push = |kind: TokenKind, range: Range<usize>| tokens.push(Token { kind, range });
    let run = text[start..end].trim_end();
    let mut part_start = 0;
    loop {
        let per = find_per(run, part_start);
        let part = &run[part_start..per.as_ref().map_or(run.len(), |per| per.start)];
        let range = start + part_start..start + part_start + part.trim_end().len();
        let part = part.trim();
        let is_time = |name: &str| TIME_UNITS.contains(&standard_spelling(&name.trim().to_lowercase()).as_str());
        match part.rsplit_once('-') {
            Some((name, power @ ("1" | "2" | "3"))) if is_time(name) => {
                push(TokenKind::Name(name.to_string()), range.start..range.start + name.len());
                push(TokenKind::Raised(power.parse().map_or(-1, |power: i64| -power)), range);
            }
            Some((name, time)) if is_time(time) && !name.trim().is_empty() => {
                push(TokenKind::Name(name.to_string()), range.start..range.start + name.len());
                push(TokenKind::Times, range.start + name.len()..range.start + name.len() + 1);
                push(TokenKind::Name(time.to_string()), range.start + name.len() + 1..range.end);
            }
            _ if part.is_empty() => {}
            _ => push(TokenKind::Name(part.to_string()), range),
        }
        let Some(per) = per else { return };
        push(TokenKind::Per, start + per.start..start + per.end);
        part_start = per.end;
    }
}

/// The word `per`, unless it belongs to `per cent` or `per mille`.
fn find_per(run: &str, from: usize) -> Option<Range<usize>> {
    let boundary = |character: Option<char>| character.is_none_or(|c| c.is_whitespace() || c == '_');
    let lower = run.to_ascii_lowercase();
    lower[from..].match_indices("per").map(|(at, _)| from + at..from + at + 3).find(|per| {
        let rest = lower[per.end..].trim_start_matches([' ', '_']);
        boundary(run[..per.start].chars().next_back())
            && boundary(run[per.end..].chars().next())
            && !rest.starts_with("cent")
            && !rest.starts_with("mille")
    })
}

struct Reader<'a> {
    tokens: Vec<Token>,
    next: usize,
    end: usize,
    synonyms: &'a Synonyms,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        token
    }

    fn accept(&mut self, kind: &TokenKind) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == *kind);
        self.next += usize::from(found);
        found
    }

    /// Where the next token stands, or the end of the text.
    fn here(&self) -> Range<usize> {
        self.peek().map_or(self.end..self.end, |token| token.range.clone())
    }

    fn product(&mut self, depth: usize) -> Result<Unit, UnitsFault> {
        let mut unit = self.power(depth)?;
        loop {
            if self.accept(&TokenKind::Times) {
                unit = unit.times(&self.power(depth)?);
            } else if self.accept(&TokenKind::Per) {
                unit = unit.per(&self.power(depth)?);
            } else {
                return Ok(unit);
            }
        }
    }

    fn power(&mut self, depth: usize) -> Result<Unit, UnitsFault> {
        let unit = self.factor(depth)?;
        let here = self.here();
        let exponent = match self.peek().map(|token| token.kind.clone()) {
            Some(TokenKind::Raised(power)) => {
                self.next += 1;
                Exponent::ratio(power, 1)
            }
            Some(TokenKind::Power) => {
                self.next += 1;
                self.exponent()?
            }
            _ => return Ok(unit),
        };
        match exponent.and_then(|exponent| unit.power(exponent)) {
            Some(power) => Ok(power),
            None => fault(UnitsFaultKind::Exponent, here.start..self.here().start.max(here.end)),
        }
    }

    /// `2`, `-1`, `0.5`, `(1/2)` or `(-2)`.
    fn exponent(&mut self) -> Result<Option<Exponent>, UnitsFault> {
        let start = self.here();
        let parenthesised = self.accept(&TokenKind::Open);
        let numerator = self.signed_number()?;
        let denominator = if parenthesised && self.accept(&TokenKind::Per) { self.signed_number()? } else { 1.0 };
        if parenthesised && !self.accept(&TokenKind::Close) {
            return fault(UnitsFaultKind::UnclosedParenthesis, start);
        }
        Ok(Exponent::from_f64(numerator / denominator))
    }

    fn signed_number(&mut self) -> Result<f64, UnitsFault> {
        let sign = if self.accept(&TokenKind::Minus) { -1.0 } else { 1.0 };
        let here = self.here();
        match self.take() {
            Some(Token { kind: TokenKind::Number(number), .. }) => Ok(sign * number),
            _ => fault(UnitsFaultKind::Exponent, here),
        }
    }

    fn factor(&mut self, depth: usize) -> Result<Unit, UnitsFault> {
        let here = self.here();
        let Some(token) = self.take() else {
            return fault(UnitsFaultKind::MissingName, here);
        };
        match token.kind {
            TokenKind::Open if depth >= DEEPEST => fault(UnitsFaultKind::TooDeep, here),
            TokenKind::Open => {
                let unit = self.product(depth + 1)?;
                if self.accept(&TokenKind::Close) { Ok(unit) } else { fault(UnitsFaultKind::UnclosedParenthesis, here) }
            }
            TokenKind::Name(name) => Ok(self.synonyms.meaning(1, &name, &name)),
            TokenKind::Number(number) => self.multiple(number, token.range),
            _ => fault(UnitsFaultKind::MissingName, here),
        }
    }

    /// `1`, `1000 firms`, `10^4 persons`: a number and the name that it multiplies, if one follows.
    fn multiple(&mut self, number: f64, range: Range<usize>) -> Result<Unit, UnitsFault> {
        let mut number = number;
        if let [Token { kind: TokenKind::Power, .. }, Token { kind: TokenKind::Number(power), .. }, ..] =
            &self.tokens[self.next..]
        {
            // Repeated multiplication keeps whole powers exact.
            number = if (0.0..=18.0).contains(power) {
                (0..*power as u32).fold(1.0, |product, _| product * number)
            } else {
                0.0
            };
            self.next += 2;
        }
        if number < 1.0 || number.fract() != 0.0 || number > 1e18 {
            return fault(UnitsFaultKind::Number, range);
        }
        let multiple = number as u64;
        if let Some(Token { kind: TokenKind::Name(name), .. }) = self.peek().cloned() {
            self.next += 1;
            let text = if multiple == 1 { name.clone() } else { format!("{multiple} {name}") };
            return Ok(self.synonyms.meaning(multiple, &name, &text));
        }
        Ok(self.synonyms.meaning(multiple, "", ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_as_modellers_write_them() {
        for (text, expected) in [
            ("Person/Year", "Person/Year"),
            ("bn CNY/(k firms*Year)", "bn CNY/(k firms*Year)"),
            ("bn CNY/k firms/Year", "bn CNY/(k firms*Year)"),
            ("1/Year", "1/Year"),
            ("1/(1/Month)", "Month"),
            ("Dmnl", "Dmnl"),
            ("1", "Dmnl"),
            ("-", "Dmnl"),
            ("fraction / Month", "1/Month"),
            ("$", "$"),
            ("$/Person/Month", "$/(Month*Person)"),
            ("m^2", "m^2"),
            ("m**2", "m^2"),
            ("m²", "m^2"),
            ("kg*m²*s⁻¹", "kg*m^2/s"),
            ("m^-2", "1/m^2"),
            ("m^(-1/2)", "1/m^(1/2)"),
            ("(m/s)^2", "m^2/s^2"),
            ("people*people", "people^2"),
            ("Widgets/(Person*Month)", "Widgets/(Month*Person)"),
            ("a/b*c", "a*c/b"),
            ("\"cash, nominal\"/Year", "cash, nominal/Year"),
            ("unit of labour/Year", "unit of labour/Year"),
            ("people per year", "people/year"),
            ("per cent/Year", "per cent/Year"),
            ("paper", "paper"),
            ("Year-1", "1/Year"),
            ("person-years", "person*years"),
            ("start-ups/Year", "start-ups/Year"),
            ("1000 firms", "1000 firms"),
            ("10^4 persons", "10000 persons"),
            ("1000/Year", "1000/Year"),
            ("  Person /  Year ", "Person/Year"),
            ("人/年", "人/年"),
        ] {
            let unit = read(text, &Synonyms::default()).map(|unit| unit.to_string());
            assert_eq!(unit, Ok(expected.to_string()), "{text}");
            let again = read(expected, &Synonyms::default()).map(|unit| unit.to_string());
            assert_eq!(again, Ok(expected.to_string()), "what is shown can be read: {expected}");
        }
    }

    #[test]
    fn faults_are_placed() {
        for (text, kind, range) in [
            ("", UnitsFaultKind::MissingName, 0..0),
            ("Person/", UnitsFaultKind::MissingName, 7..7),
            ("/Year", UnitsFaultKind::MissingName, 0..1),
            ("Person//Year", UnitsFaultKind::MissingName, 7..8),
            ("Person/(Year", UnitsFaultKind::UnclosedParenthesis, 7..8),
            ("Person)/Year", UnitsFaultKind::StrayParenthesis, 6..7),
            ("CNY (billion)", UnitsFaultKind::MissingOperator, 4..5),
            ("m^x", UnitsFaultKind::Exponent, 2..3),
            ("m^0.123", UnitsFaultKind::Exponent, 1..7),
            ("\"cash", UnitsFaultKind::UnclosedQuotation, 0..5),
            ("0/Year", UnitsFaultKind::Number, 0..1),
            ("2.5 m", UnitsFaultKind::Number, 0..3),
            ("1.2.3", UnitsFaultKind::Number, 0..5),
        ] {
            assert_eq!(read(text, &Synonyms::default()), Err(UnitsFault { kind, range }), "{text}");
        }
        let nested = format!("{}m{}", "(".repeat(10_000), ")".repeat(10_000));
        assert_eq!(read(&nested, &Synonyms::default()).map_err(|fault| fault.kind), Err(UnitsFaultKind::TooDeep));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[a-z0-9 */^().,\"²⁻$%-]{0,24}") {
            let _ = read(&text, &Synonyms::default());
        }
    }
}
