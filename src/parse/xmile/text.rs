//! The text within an element, with XML's escapes undone and every byte traceable to the file.

use super::document::Element;
use crate::diagnostic::Span;
use roxmltree::Node;

/// Decoded text and where it came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PlacedText {
    pub text: String,
    /// The content of the element in the file, blank ends left off.
    pub span: Span,
    pieces: Vec<Piece>,
}

/// A run of the decoded text. Verbatim runs have the same length in both texts.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    decoded: usize,
    file: Span,
    verbatim: bool,
}

impl PlacedText {
    /// The text directly within `element`, of the file `raw`.
    pub fn within(element: Node, raw: &str) -> PlacedText {
        let mut placed = PlacedText::default();
        let end = element.range().end;
        let mut at = element.tag_span(raw).end;
        let close = raw.get(at..end).and_then(|body| body.rfind("</")).map_or(at, |length| at + length);
        for child in element.children().filter(|child| child.is_element() || child.is_pi()) {
            placed.append(raw.get(at..child.range().start).unwrap_or(""), at);
            at = child.range().end;
        }
        placed.append(raw.get(at..close).unwrap_or(""), at);
        placed.measure();
        if placed.pieces.is_empty() {
            let range = element.range();
            placed.span = Span::new(range.start, range.end);
        }
        placed
    }

    /// The value of an attribute.
    pub fn of_attribute(attribute: roxmltree::Attribute, raw: &str) -> PlacedText {
        let mut placed = PlacedText::default();
        let range = attribute.range_value();
        placed.append(raw.get(range.clone()).unwrap_or(""), range.start);
        placed.measure();
        if placed.pieces.is_empty() {
            placed.span = Span::new(range.start, range.end);
        }
        placed
    }

    /// Where a range of the decoded text stands in the file.
    pub fn locate(&self, range: Span) -> Span {
        if self.pieces.is_empty() {
            return self.span;
        }
        let start = self.place(range.start, false);
        let end = if range.end > range.start { self.place(range.end, true) } else { start };
        Span::new(start, end.max(start))
    }

    fn place(&self, offset: usize, is_end: bool) -> usize {
        let holds = if is_end { offset.saturating_sub(1) } else { offset };
        let index = self.pieces.partition_point(|piece| piece.decoded <= holds).saturating_sub(1);
        let Some(piece) = self.pieces.get(index) else { return self.span.start };
        if piece.verbatim {
            (piece.file.start + (offset - piece.decoded.min(offset))).min(piece.file.end)
        } else if is_end || offset > piece.decoded {
            piece.file.end
        } else {
            piece.file.start
        }
    }

    /// Adds raw XML text that stands at `start` in the file.
    fn append(&mut self, raw: &str, start: usize) {
        let mut at = 0;
        while let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) {
            if let Some(data) = rest.strip_prefix("<![CDATA[") {
                let length = data.find("]]>").unwrap_or(data.len());
                self.push(&data[..length], Span::new(start + at + 9, start + at + 9 + length), true);
                at += 9 + length + 3;
            } else if let Some(comment) = rest.strip_prefix("<!--") {
                at += 4 + comment.find("-->").map_or(comment.len(), |length| length + 3);
            } else if let Some((character, length)) = entity(rest) {
                self.push(&character.to_string(), Span::new(start + at, start + at + length), false);
                at += length;
            } else {
                let first = rest.chars().next().map_or(1, char::len_utf8);
                let length =
                    rest.get(first..).and_then(|tail| tail.find(['&', '<'])).map_or(rest.len(), |found| found + first);
                self.push(&rest[..length], Span::new(start + at, start + at + length), true);
                at += length;
            }
        }
    }

    fn push(&mut self, text: &str, file: Span, verbatim: bool) {
        if !text.is_empty() {
            self.pieces.push(Piece { decoded: self.text.len(), file, verbatim });
            self.text.push_str(text);
        }
    }

    fn measure(&mut self) {
        let trimmed = self.text.trim();
        let start = self.text.len() - self.text.trim_start().len();
        self.span = self.locate(Span::new(start, start + trimmed.len()));
    }
}

/// One of XML's five entities or a character reference at the start of `text`, and its length.
fn entity(text: &str) -> Option<(char, usize)> {
    let body = text.strip_prefix('&')?;
    let length = body.bytes().take(12).position(|byte| byte == b';')?;
    let character = match &body[..length] {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        reference => {
            let digits = reference.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((character, length + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_leads_back_to_the_file() {
        let raw = "<eqn> a &lt; b<!-- no --> <![CDATA[ & c > d]]>&#x3bc;e</eqn>";
        let document = roxmltree::Document::parse(raw).unwrap();
        let placed = PlacedText::within(document.root_element(), raw);
        assert_eq!(placed.text, " a < b  & c > d\u{3bc}e");
        for (part, in_file) in
            [("a", "a"), ("<", "&lt;"), ("< b", "&lt; b"), ("& c >", "& c >"), ("\u{3bc}e", "&#x3bc;e")]
        {
            let start = placed.text.find(part).unwrap();
            let span = placed.locate(Span::new(start, start + part.len()));
            assert_eq!(&raw[span.range()], in_file);
        }
        assert_eq!(&raw[placed.span.range()], raw[6..].strip_suffix("</eqn>").unwrap());
    }
}
