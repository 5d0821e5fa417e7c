//! SVG text into a PDF with its font embedded, and into a PNG of 300 dots to the inch, both from one parsed tree.

use super::font;
use krilla::geom::Size;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla_svg::{SurfaceExt, SvgSettings};
use resvg::tiny_skia;
use std::collections::BTreeSet;

/// Pixels of CSS to the inch: what a millimetre is in the parsed tree.
const CSS_DPI: f32 = 96.0;
const DPI: f32 = 300.0;

pub struct Printed {
    pub pdf: Vec<u8>,
    pub png: Vec<u8>,
    /// Characters that the bundled font does not have.
    pub missing: BTreeSet<char>,
}

/// `texts` is how many text elements the SVG has: a reader that drops one must not go unnoticed.
pub fn print(svg: &str, title: &str, texts: usize) -> Result<Printed, String> {
    let tree = usvg::Tree::from_str(svg, &font::options()?).map_err(|error| error.to_string())?;
    let mut found = 0;
    let mut missing = BTreeSet::new();
    survey(tree.root(), &mut found, &mut missing);
    if found != texts {
        return Err(format!("{found} of {texts} pieces of text were set"));
    }
    Ok(Printed { pdf: pdf(&tree, title, true)?, png: png(&tree)?, missing })
}

fn survey(group: &usvg::Group, found: &mut usize, missing: &mut BTreeSet<char>) {
    for node in group.children() {
        match node {
            usvg::Node::Group(group) => survey(group, found, missing),
            usvg::Node::Text(text) => {
                *found += 1;
                let glyphs = text.layouted().iter().flat_map(|span| &span.positioned_glyphs);
                missing.extend(glyphs.filter(|glyph| glyph.id.0 == 0).flat_map(|glyph| glyph.text.chars()));
            }
            _ => {}
        }
    }
}

/// No date and no random identity is written, so that the same figure is the same file.
fn pdf(tree: &usvg::Tree, title: &str, compressed: bool) -> Result<Vec<u8>, String> {
    let points = |pixels: f32| pixels * 72.0 / CSS_DPI;
    let (width, height) = (points(tree.size().width()), points(tree.size().height()));
    let settings = krilla::SerializeSettings {
        compress_content_streams: compressed,
        xmp_metadata: false,
        enable_tagging: false,
        ..krilla::SerializeSettings::default()
    };
    let mut document = krilla::Document::new_with(settings);
    document.set_metadata(Metadata::new().title(title.into()).creator("Levada".into()));
    let mut page = document.start_page_with(PageSettings::from_wh(width, height).ok_or("the page has no size")?);
    let mut surface = page.surface();
    surface
        .draw_svg(tree, Size::from_wh(width, height).ok_or("the page has no size")?, SvgSettings::default())
        .ok_or("the PDF writer refused the drawing")?;
    surface.finish();
    page.finish();
    document.finish().map_err(|error| format!("{error:?}"))
}

fn png(tree: &usvg::Tree) -> Result<Vec<u8>, String> {
    let scale = DPI / CSS_DPI;
    let pixels = |length: f32| (length * scale).round().max(1.0) as u32;
    let mut pixmap = tiny_skia::Pixmap::new(pixels(tree.size().width()), pixels(tree.size().height()))
        .ok_or("the picture is too large")?;
    resvg::render(tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    let png = pixmap.encode_png().map_err(|error| error.to_string())?;
    with_resolution(&png).ok_or_else(|| "the picture has no header".into())
}

/// Inserts a pHYs chunk (PNG specification, 11.3.5.3) behind the header, so that typesetters print at final size.
fn with_resolution(png: &[u8]) -> Option<Vec<u8>> {
    // Signature (8), then IHDR: length (4), type (4), data (13), check (4).
    let (head, rest) = png.split_at_checked(8 + 25)?;
    let per_metre = (DPI / 0.0254).round() as u32;
    let mut chunk = b"pHYs".to_vec();
    chunk.extend(per_metre.to_be_bytes());
    chunk.extend(per_metre.to_be_bytes());
    chunk.push(1);
    let mut out = head.to_vec();
    out.extend(9u32.to_be_bytes());
    out.extend(&chunk);
    out.extend(crc32(&chunk).to_be_bytes());
    out.extend(rest);
    Some(out)
}

/// The cyclic redundancy check of PNG chunks (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::present::figure::canvas::{Anchor, Canvas};
    use crate::present::figure::{style, svg};

    #[test]
    fn text_can_be_copied_out_of_the_pdf() {
        let mut canvas = Canvas::new(88.0, 40.0);
        let texts = ["Founder debt (billion CNY) \\ −3 ≤ ρ < 2014–18", "Likelihood ratio 2Δℓ"];
        canvas.text(texts[0], (5.0, 20.0), style::TITLE, style::INK, Anchor::Start);
        canvas.turned_text(texts[1], (5.0, 20.0), style::TEXT, style::INK, Anchor::Middle);
        let svg = svg::svg(&canvas, "").expect("a sound canvas");
        let tree = usvg::Tree::from_str(&svg, &font::options().expect("the font")).expect("sound SVG");
        let plain = pdf(&tree, "test", false).expect("a PDF");
        assert!(plain.windows(9).any(|w| w == b"FontFile2"), "the font is embedded");
        assert_eq!(extract(&plain), texts.concat());
    }

    /// The text of an uncompressed PDF as a reader copies it: the strings of each text object, glyph by glyph through the
    /// ToUnicode map of the font.
    fn extract(pdf: &[u8]) -> String {
        let find =
            |from: usize, what: &[u8]| pdf[from..].windows(what.len()).position(|w| w == what).map(|at| from + at);
        let map_start = find(0, b"beginbfchar").expect("a map from glyphs to characters");
        let map_end = find(map_start, b"endbfchar").expect("its end");
        let map: std::collections::BTreeMap<u16, char> = std::str::from_utf8(&pdf[map_start..map_end])
            .expect("ASCII")
            .lines()
            .filter_map(|line| line.strip_prefix('<')?.strip_suffix('>')?.split_once("> <"))
            .map(|(glyph, unicode)| {
                let number = |hex| u16::from_str_radix(hex, 16).expect("hexadecimal");
                (number(glyph), char::from_u32(u32::from(number(unicode))).expect("a character"))
            })
            .collect();
        let mut text = String::new();
        let mut at = 0;
        while let Some(start) = find(at, b"\nBT ") {
            at = find(start, b"\nET").expect("the end of the text object");
            let mut bytes = Vec::new();
            let mut inside = false;
            let mut rest = pdf[start..at].iter().copied();
            while let Some(byte) = rest.next() {
                match (inside, byte) {
                    (false, b'(') => inside = true,
                    (true, b')') => inside = false,
                    (true, b'\\') => bytes.push(match rest.next() {
                        Some(b'n') => b'\n',
                        Some(b'r') => b'\r',
                        Some(b't') => b'\t',
                        Some(b'b') => 8,
                        Some(b'f') => 12,
                        Some(digit @ b'0'..=b'7') => rest
                            .by_ref()
                            .take(2)
                            .fold(digit - b'0', |sum, d| sum.wrapping_mul(8).wrapping_add(d - b'0')),
                        other => other.expect("an escaped byte"),
                    }),
                    (true, other) => bytes.push(other),
                    _ => {}
                }
            }
            text.extend(bytes.chunks(2).map(|pair| map[&u16::from_be_bytes([pair[0], pair[1]])]));
        }
        text
    }

    #[test]
    fn crc_of_the_standard_check_string() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
