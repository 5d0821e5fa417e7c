//! Diagnostics for programs: the fields as data, byte spans as lines and columns.

use super::{Diagnostic, Position, Severity, Source, Span};
use serde::ser::{Serialize, SerializeStruct, Serializer};

/// A labelled place: `start` is its first character, `end` the one behind its last.
#[derive(serde::Serialize)]
struct Place<'a> {
    start: Position,
    end: Position,
    label: &'a str,
}

impl<'a> Place<'a> {
    fn of(source: &Source, (span, label): &'a (Span, String)) -> Self {
        Place { start: source.position(span.start), end: source.position(span.end.max(span.start)), label }
    }
}

impl Serialize for Severity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// `{severity, code, message, file, at: {start: {line, column}, end, label}, also: [...], help}`; what a diagnostic
/// lacks is `null` or an empty list.
impl Serialize for Diagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let source = self.source.as_deref();
        let place = |labelled| source.map(|source| Place::of(source, labelled));
        let mut fields = serializer.serialize_struct("Diagnostic", 7)?;
        fields.serialize_field("severity", &self.severity)?;
        fields.serialize_field("code", self.code)?;
        fields.serialize_field("message", &self.message)?;
        fields.serialize_field("file", &source.map(|source| source.path.to_string_lossy()))?;
        fields.serialize_field("at", &self.label.as_ref().and_then(place))?;
        fields.serialize_field("also", &self.also.iter().filter_map(place).collect::<Vec<_>>())?;
        fields.serialize_field("help", &self.help)?;
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_lines_and_columns() {
        let source = Source::new("études/firmes.mdl", "a = 1 ~~|\né = a + bb ~~|\n");
        let start = source.text.find("bb").expect("it is there");
        let diagnostic = Diagnostic::error("unknown-name", "nothing is called `bb`")
            .at(&source, Span::new(start, start + 2), "not defined")
            .also(Span::new(0, 1), "the only name")
            .help("define it");
        assert_eq!(
            serde_json::to_string(&diagnostic).expect("plain data"),
            concat!(
                r#"{"severity":"error","code":"unknown-name","message":"nothing is called `bb`","#,
                r#""file":"études/firmes.mdl","#,
                r#""at":{"start":{"line":2,"column":9},"end":{"line":2,"column":11},"label":"not defined"},"#,
                r#""also":[{"start":{"line":1,"column":1},"end":{"line":1,"column":2},"label":"the only name"}],"#,
                r#""help":"define it"}"#
            )
        );
    }

    #[test]
    fn what_is_missing_is_null() {
        assert_eq!(
            serde_json::to_string(&Diagnostic::note("no-units", "no unit is declared")).expect("plain data"),
            concat!(
                r#"{"severity":"note","code":"no-units","message":"no unit is declared","#,
                r#""file":null,"at":null,"also":[],"help":null}"#
            )
        );
    }
}
