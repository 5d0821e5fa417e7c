//! The XML of a file, opened with care for what tools write wrongly, and short ways to its elements.

use super::fault::{Fault, Faults};
use super::text::PlacedText;
use crate::diagnostic::{Source, Span};
use roxmltree::{Document, Error, Node, ParsingOptions};
use std::borrow::Cow;

/// Files above this size are refused: none of the trade comes near it.
pub(super) const LARGEST_FILE: usize = 64 << 20;
const MOST_NODES: u32 = 8_000_000;
const MOST_PREFIXES: usize = 16;

/// The text as it can be opened. A prefix that is never declared, as xmutil writes `isee:`, breaks the rules of XML
/// namespaces; its colon becomes a full stop, so that every place stays where it was.
pub(super) fn legible<'s>(source: &'s Source, faults: &mut Faults) -> Option<Cow<'s, str>> {
    if source.text.len() > LARGEST_FILE {
        faults.push(Fault::FileTooLarge { bytes: source.text.len() }, Span::default());
        return None;
    }
    let mut text = Cow::Borrowed(source.text.as_str());
    for _ in 0..MOST_PREFIXES {
        match open(&text) {
            Err(Error::UnknownNamespace(prefix, position)) => {
                let span = place(&text, position);
                let masked = mask(&text, &prefix);
                if masked == text {
                    faults.push(Fault::Malformed(format!("the prefix `{prefix}` is not declared")), span);
                    return None;
                }
                text = Cow::Owned(masked);
                faults.push(Fault::UndeclaredPrefix(prefix), span);
            }
            _ => break,
        }
    }
    Some(text)
}

/// Opens a text that [`legible`] has passed.
pub(super) fn parse<'t>(text: &'t str, faults: &mut Faults) -> Option<Document<'t>> {
    match open(text) {
        Ok(document) => Some(document),
        Err(error) => {
            let span = match error {
                Error::UnclosedRootNode | Error::UnexpectedEndOfStream => last_line(text),
                _ => place(text, error.pos()),
            };
            faults.push(Fault::Malformed(explain(&error)), span);
            None
        }
    }
}

fn open(text: &str) -> Result<Document<'_>, Error> {
    Document::parse_with_options(text, ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() })
}

fn explain(error: &Error) -> String {
    match error {
        Error::UnexpectedCloseTag(expected, actual, _) => format!("`</{actual}>` closes `<{expected}>`"),
        Error::UnclosedRootNode => "the file ends before its elements are closed".into(),
        Error::NoRootNode => "the file holds no element".into(),
        Error::UnknownEntityReference(name, _) => format!("`&{name};` is not defined"),
        Error::DuplicatedAttribute(name, _) => format!("the attribute `{name}` stands twice"),
        Error::InvalidComment(_) => "a comment holds `--`".into(),
        Error::DtdDetected => "document type definitions are not read".into(),
        Error::NodesLimitReached => "the file has too many elements".into(),
        Error::UnexpectedEndOfStream => "the file ends too early".into(),
        other => {
            // The library appends `at row:column`, which the diagnostic shows better.
            let text = other.to_string();
            text.rsplit_once(" at ").map_or(text.clone(), |(head, _)| head.to_owned())
        }
    }
}

/// The last line that is not blank.
fn last_line(text: &str) -> Span {
    let end = text.trim_end().len();
    let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
    let blanks = text[start..end].len() - text[start..end].trim_start().len();
    Span::new(start + blanks, end)
}

/// The byte offset of a row and column, as an empty-handed span of one character.
fn place(text: &str, position: roxmltree::TextPos) -> Span {
    let row = usize::try_from(position.row).unwrap_or(1).max(1);
    let column = usize::try_from(position.col).unwrap_or(1).max(1);
    let line_start: usize = text.split_inclusive('\n').take(row - 1).map(str::len).sum();
    let line = text.get(line_start..).unwrap_or("");
    let mut characters = line.char_indices().skip(column - 1);
    let start = line_start + characters.next().map_or(line.len(), |(offset, _)| offset);
    let end = start + text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    Span::new(start, end)
}

/// Replaces the colon behind `prefix` by a full stop in names of elements and attributes.
fn mask(text: &str, prefix: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let wanted = format!("{prefix}:");
    let (mut in_tag, mut quote, mut at) = (false, None, 0);
    while at < bytes.len() {
        let rest = &text.as_bytes()[at..];
        match (in_tag, quote, rest[0]) {
            (false, ..) if rest.starts_with(b"<!--") => at += find(rest, b"-->"),
            (false, ..) if rest.starts_with(b"<![CDATA[") => at += find(rest, b"]]>"),
            (false, _, b'<') => in_tag = true,
            (true, Some(mark), byte) if byte == mark => quote = None,
            (true, Some(_), _) => {}
            (true, None, b'"' | b'\'') => quote = Some(rest[0]),
            (true, None, b'>') => in_tag = false,
            (true, None, _) => {
                let before = text.as_bytes().get(at.wrapping_sub(1)).copied().unwrap_or(b' ');
                let begins_name = before.is_ascii_whitespace() || before == b'<' || before == b'/';
                if begins_name && rest.starts_with(wanted.as_bytes()) {
                    bytes[at + prefix.len()] = b'.';
                }
            }
            (false, ..) => {}
        }
        at += 1;
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn find(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).position(|window| window == needle).unwrap_or(bytes.len()) + needle.len() - 1
}

/// Short ways to what an element holds.
pub(super) trait Element<'a, 'i: 'a>: Sized {
    /// The name without its namespace, or `None` for an element of a vendor.
    fn standard_name(self) -> Option<&'i str>;
    /// The local name of a vendor's element.
    fn vendor_name(self) -> Option<&'i str>;
    fn elements(self) -> impl Iterator<Item = Node<'a, 'i>>;
    fn child(self, name: &str) -> Option<Node<'a, 'i>>;
    /// A child of the standard's or a vendor's.
    fn child_of_any(self, name: &str) -> Option<Node<'a, 'i>>;
    fn children_named(self, name: &str) -> impl Iterator<Item = Node<'a, 'i>>;
    /// An attribute of a vendor, whatever the prefix.
    fn vendor_attribute(self, name: &str) -> Option<roxmltree::Attribute<'a, 'i>>;
    /// The opening tag.
    fn tag_span(self, raw: &str) -> Span;
}

impl<'a, 'i: 'a> Element<'a, 'i> for Node<'a, 'i> {
    fn standard_name(self) -> Option<&'i str> {
        let name = self.tag_name().name();
        let vendor = self.tag_name().namespace().is_some_and(|uri| !is_standard(uri)) || name.contains('.');
        (!vendor).then_some(name)
    }

    fn vendor_name(self) -> Option<&'i str> {
        match self.standard_name() {
            Some(_) => None,
            None => self.tag_name().name().rsplit('.').next(),
        }
    }

    fn elements(self) -> impl Iterator<Item = Node<'a, 'i>> {
        self.children().filter(Node::is_element)
    }

    fn child(self, name: &str) -> Option<Node<'a, 'i>> {
        self.elements().find(|element| element.standard_name() == Some(name))
    }

    fn child_of_any(self, name: &str) -> Option<Node<'a, 'i>> {
        self.elements().find(|element| element.standard_name().or(element.vendor_name()) == Some(name))
    }

    fn children_named(self, name: &str) -> impl Iterator<Item = Node<'a, 'i>> {
        self.elements().filter(move |element| element.standard_name() == Some(name))
    }

    fn vendor_attribute(self, name: &str) -> Option<roxmltree::Attribute<'a, 'i>> {
        self.attributes().find(|attribute| {
            attribute.name().rsplit('.').next() == Some(name)
                && (attribute.namespace().is_some() || attribute.name().contains('.'))
        })
    }

    fn tag_span(self, raw: &str) -> Span {
        let range = self.range();
        let text = raw.get(range.clone()).unwrap_or("");
        let mut quote = None;
        for (offset, character) in text.char_indices() {
            match (quote, character) {
                (None, '>') => return Span::new(range.start, range.start + offset + 1),
                (None, '"' | '\'') => quote = Some(character),
                (Some(mark), _) if mark == character => quote = None,
                _ => {}
            }
        }
        Span::new(range.start, range.end)
    }
}

/// OASIS' namespace and the one of the drafts before it.
fn is_standard(uri: &str) -> bool {
    let uri = uri.to_ascii_lowercase();
    (uri.contains("oasis-open.org") || uri.contains("systemdynamics.org")) && uri.contains("xmile")
}

/// `<tag/>`, `<tag>true</tag>`: present and not `false`.
pub(super) fn is_set(element: Node, raw: &str) -> bool {
    !PlacedText::within(element, raw).text.trim().eq_ignore_ascii_case("false")
}

/// An attribute that says true or 1.
pub(super) fn is_true(element: Node, attribute: &str) -> bool {
    element.attribute(attribute).is_some_and(|value| value.trim().eq_ignore_ascii_case("true") || value.trim() == "1")
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn undeclared_prefixes_are_masked_in_tags_only() {
        assert_eq!(
            mask(r#"<a x:b="x:c"><x:d>x:e</x:d><!-- <x:f> --></a>"#, "x"),
            r#"<a x.b="x:c"><x.d>x:e</x.d><!-- <x:f> --></a>"#
        );
    }
}
