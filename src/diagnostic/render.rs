//! Diagnostics as text: severity, code, file, line, caret, labels and next step. Layout is annotate-snippets' work;
//! this file chooses which lines it sees and keeps every span inside the text.

use super::{Diagnostic, Severity, Source, Span};
use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

/// Columns of source text shown of one line; longer lines are cut around the labels.
const WIDTH: usize = 120;

/// The text of one diagnostic, ending in a line break; the same for the same diagnostic everywhere.
pub fn render(diagnostic: &Diagnostic) -> String {
    render_with(diagnostic, &Renderer::plain().term_width(WIDTH))
}

/// As [`render`], coloured by terminal escape codes.
pub fn render_styled(diagnostic: &Diagnostic) -> String {
    render_with(diagnostic, &Renderer::styled().hyperlink(false).term_width(WIDTH))
}

fn render_with(diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code).elements([] as [Origin; 0]);
    let messages = distant_labels(diagnostic);
    if let Some(source) = &diagnostic.source {
        let path = source.path.to_string_lossy();
        group = match &diagnostic.label {
            Some((span, label)) => group.element(snippet(source, path.into(), (*span, label), &diagnostic.also)),
            None => group.element(Origin::path(path)),
        };
    }
    for message in messages {
        group = group.element(Level::NOTE.message(message));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let mut text = renderer.render(&[group]);
    text.push('\n');
    text
}

/// Whether two places share a line too long to show both.
fn far_along_the_line(source: &Source, a: Span, b: Span) -> bool {
    let gap = a.start.max(b.start).saturating_sub(a.end.min(b.end));
    let between = source.text.get(a.end.min(b.end)..a.start.max(b.start)).unwrap_or_default();
    gap > WIDTH && !between.contains('\n')
}

/// What is said of places that cannot be shown beside the first.
fn distant_labels(diagnostic: &Diagnostic) -> Vec<String> {
    let (Some(source), Some((span, _))) = (&diagnostic.source, &diagnostic.label) else {
        return Vec::new();
    };
    let primary = source.clamp(*span);
    let distant = diagnostic.also.iter().filter(|(span, _)| far_along_the_line(source, primary, source.clamp(*span)));
    distant.map(|(span, label)| format!("column {}: {label}", source.position(span.start).column)).collect()
}

fn snippet<'a>(
    source: &'a Source,
    path: String,
    (span, label): (Span, &'a str),
    also: &'a [(Span, String)],
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let primary = source.clamp(span);
    let further: Vec<(Span, &str)> = also
        .iter()
        .map(|(span, label)| (source.clamp(*span), label.as_str()))
        .filter(|(span, _)| !far_along_the_line(source, primary, *span))
        .collect();

    // Only the lines between the first and the last label are laid out: large models have megabytes of text.
    let all = further.iter().map(|(span, _)| *span).fold(primary, Span::to);
    let text = source.text.as_str();
    let start = text[..all.start].rfind('\n').map_or(0, |line_break| line_break + 1);
    let end = text[all.end..].find('\n').map_or(text.len(), |line_break| all.end + line_break + 1);
    let shift = |span: Span| span.start - start..span.end - start;

    let named = |label: &'a str| (!label.is_empty()).then_some(label);
    Snippet::source(&text[start..end])
        .path(path)
        .line_start(source.position(start).line)
        .annotation(AnnotationKind::Primary.span(shift(primary)).label(named(label)))
        .annotations(further.iter().map(|(span, label)| AnnotationKind::Context.span(shift(*span)).label(named(label))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// The span of the only occurrence of `part`.
    fn of(source: &Source, part: &str) -> Span {
        let start = source.text.find(part).expect("the part occurs");
        Span::new(start, start + part.len())
    }

    fn model(text: &str) -> Arc<Source> {
        Source::new("firms.mdl", text)
    }

    /// The lines below the headline, of a diagnostic with the labels `here`, `there`, ....
    fn picture(text: &str, span: Span, also: &[&str]) -> String {
        let source = model(text);
        let mut diagnostic = Diagnostic::warning("some-code", "something").at(&source, span, "here");
        for part in also {
            diagnostic = diagnostic.also(of(&source, part), "there");
        }
        let text = render(&diagnostic);
        text.strip_prefix("warning[some-code]: something").expect("the headline comes first").to_string()
    }

    #[test]
    fn label_and_help() {
        let source = model("births =\n\tfirms * birth rat\n\t~ firm/Year\n\t~ |\n");
        let diagnostic = Diagnostic::error("unknown-name", "nothing is called `birth rat`")
            .at(&source, of(&source, "birth rat"), "not defined")
            .help("did you mean `birth rate`?");
        assert_eq!(
            render(&diagnostic),
            "\
error[unknown-name]: nothing is called `birth rat`
 --> firms.mdl:2:10
  |
2 |     firms * birth rat
  |             ^^^^^^^^^ not defined
  |
  = help: did you mean `birth rate`?
"
        );
    }

    #[test]
    fn without_a_place() {
        let diagnostic = Diagnostic::error("unreadable-file", "`x.mdl` cannot be read").help("check the path");
        assert_eq!(
            render(&diagnostic),
            "error[unreadable-file]: `x.mdl` cannot be read\n |\n = help: check the path\n"
        );
        let diagnostic = Diagnostic::note("no-units", "no unit is declared").in_file(&model("a = 1 ~~|"));
        assert_eq!(render(&diagnostic), "note[no-units]: no unit is declared\n--> firms.mdl\n");
    }

    #[test]
    fn several_labels() {
        let text = "a = rate + stock\n~ firm ~|\n";
        assert_eq!(
            picture(text, Span::new(4, 8), &["stock"]),
            "
 --> firms.mdl:1:5
  |
1 | a = rate + stock
  |     ^^^^   ----- there
  |     |
  |     here
"
        );
        let filler = "x = 1 ~~|\n".repeat(300);
        let text = format!("first = 1 ~~|\n{filler}last = firs ~~|\n");
        assert_eq!(
            picture(&text, of(&model(&text), "firs "), &["first"]),
            "
   --> firms.mdl:302:8
    |
  1 | first = 1 ~~|
    | ----- there
...
302 | last = firs ~~|
    |        ^^^^^ here
"
        );
    }

    #[test]
    fn over_several_lines() {
        assert_eq!(
            picture("a =\n b\n + c\n ~ m ~|\n", Span::new(5, 11), &[]),
            "
 --> firms.mdl:2:2
  |
2 | /  b
3 | |  + c
  | |____^ here
"
        );
    }

    #[test]
    fn wide_and_cut_characters() {
        let expected = "
 --> firms.mdl:1:6
  |
1 | 企业 = 出生 - 死亡
  |        ^^^^ here
";
        assert_eq!(picture("企业 = 出生 - 死亡\n", Span::new(9, 15), &[]), expected);
        assert_eq!(picture("企业 = 出生 - 死亡\n", Span::new(10, 15), &[]), expected, "spans move to whole characters");
    }

    #[test]
    fn empty_spans_and_the_end_of_the_text() {
        let end = "
 --> firms.mdl:1:6
  |
1 | a = 1
  |      ^ here
";
        for (text, start, stop) in
            [("a = 1", 5, 5), ("a = 1\n", 6, 6), ("a = 1\r\n", 7, 7), ("a = 1\n", 40, 90), ("a = 1\n", 6, 2)]
        {
            assert_eq!(picture(text, Span::new(start, stop), &[]), end, "{text:?} {start}..{stop}");
        }
        assert_eq!(picture("", Span::new(0, 0), &[]), "\n --> firms.mdl:1:1\n  |\n1 |\n  | ^ here\n");
    }

    #[test]
    fn long_lines_are_cut_around_the_label() {
        let points = "(1,2),".repeat(60);
        let text = format!("table({points} (3,x), {points})\n");
        let cut = picture(&text, of(&model(&text), "x"), &["table"]);
        assert_eq!(
            cut,
            "
 --> firms.mdl:1:371
  |
1 | ...(1,2),(1,2),(1,2),(1,2),(1,2),(1,2),(1,2),(1,2), (3,x), (1,2),(1,2),(1,2),(1,2),(1,2),(1,2),(1,2),(1,2),(1,2),...
  |                                                        ^ here
  |
  = note: column 1: there
"
        );
    }

    #[test]
    fn styled_text_says_the_same() {
        let source = model("a = bb ~~|\n");
        let diagnostic =
            Diagnostic::error("unknown-name", "nothing is called `bb`").at(&source, Span::new(4, 6), "here");
        let mut plain = String::new();
        let mut escape = false;
        for character in render_styled(&diagnostic).chars() {
            match character {
                '\u{1b}' => escape = true,
                'm' if escape => escape = false,
                _ if escape => {}
                _ => plain.push(character),
            }
        }
        assert_ne!(render_styled(&diagnostic), plain);
        assert_eq!(render(&diagnostic), plain);
    }
}
