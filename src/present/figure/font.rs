//! The one font that figures are set in. It is bundled, so that a figure looks the same on every machine and its text is
//! embedded in the PDF; no font of the machine is ever read.

use super::style::POINT;
use std::sync::{Arc, OnceLock};
use usvg::fontdb;

pub const FAMILY: &str = "Source Sans 3";

/// What an SVG asks for: the bundled font, then what a reader's browser may have.
pub const FAMILIES: &str = "'Source Sans 3', 'Source Sans Pro', Helvetica, Arial, sans-serif";

pub static BYTES: &[u8] = include_bytes!("../../../assets/fonts/source-sans-3/SourceSans3-Regular.ttf");

/// Options that know the bundled font and no other. Text in a family that is absent vanishes without a word from a PDF,
/// so the family is looked for once and its absence is an error.
pub fn options() -> Result<usvg::Options<'static>, String> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let fonts = FONTS.get_or_init(|| {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_source(fontdb::Source::Binary(Arc::new(BYTES)));
        Arc::new(fonts)
    });
    if !fonts.faces().any(|face| face.families.iter().any(|(family, _)| family == FAMILY)) {
        return Err(format!("the bundled font holds no family `{FAMILY}`"));
    }
    Ok(usvg::Options { fontdb: fonts.clone(), font_family: FAMILY.into(), ..usvg::Options::default() })
}

/// The width of one line of text in millimetres, set at `size` points.
pub fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size * POINT
}

/// The advance of one character in sizes of the text. Kerning is left out: it only ever makes text narrower.
fn advance(character: char) -> f64 {
    static PRINTABLE: OnceLock<Vec<f64>> = OnceLock::new();
    let table = PRINTABLE.get_or_init(|| (' '..='\u{24f}').map(|c| measure(c).unwrap_or(WIDEST)).collect());
    let place = (character as usize).wrapping_sub(' ' as usize);
    table.get(place).copied().unwrap_or_else(|| measure(character).unwrap_or(WIDEST))
}

/// The room for a character that the font does not have.
const WIDEST: f64 = 1.0;

/// Sets the character between two bars and takes the bars away, since white space alone has no extent.
fn measure(character: char) -> Option<f64> {
    Some((extent(&format!("|{character}|"))? - extent("||")?) / 100.0)
}

fn extent(text: &str) -> Option<f64> {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>\
         <text xml:space='preserve' y='100' font-size='100'>{text}</text></svg>"
    );
    let tree = usvg::Tree::from_str(&svg, &options().ok()?).ok()?;
    match tree.root().children().first()? {
        usvg::Node::Text(text) => Some(f64::from(text.bounding_box().width())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_follow_the_font() {
        // Advances of Source Sans 3 Regular in thousandths: space 200, 0 497, m 829.
        for (text, expected) in [("0", 0.497), ("m", 0.829), (" ", 0.200), ("0 m", 1.526), ("", 0.0)] {
            let found = width(text, 10.0) / (10.0 * POINT);
            assert!((found - expected).abs() < 0.004, "{text:?} {found} {expected}");
        }
    }
}
